"""GitHub as Imbi plugins: signing in at each product, and deployment."""

from __future__ import annotations

from imbi_plugin_github.deployment.plugin import GitHubDeployment
from imbi_plugin_github.identity.plugin import (
    EnterpriseCloudIdentity,
    EnterpriseServerIdentity,
    GitHubIdentity,
)

__all__ = [
    'EnterpriseCloudIdentity',
    'EnterpriseServerIdentity',
    'GitHubDeployment',
    'GitHubIdentity',
]
