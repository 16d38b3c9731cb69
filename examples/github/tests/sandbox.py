"""Which sandbox is for which of the four plugins."""

from __future__ import annotations

from typing import Any

from tests.deployment_sandbox import GitHubDeploymentSandbox
from tests.identity_sandbox import GitHubIdentitySandbox


def make(plugin: Any) -> Any:
    """Return a sandbox for a plugin; the kit names this function."""
    if plugin.name == 'github-deployment':
        return GitHubDeploymentSandbox()
    return GitHubIdentitySandbox(plugin.name)
