"""Which sandbox is for which of the three plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.identity_sandbox import IdentityCenterSandbox
from tests.logs_sandbox import CloudWatchSandbox
from tests.ssm_sandbox import ParameterStoreSandbox

if TYPE_CHECKING:
    from collections.abc import Callable

SANDBOXES: dict[str, Callable[[], Any]] = {
    'aws-cloudwatch-logs': CloudWatchSandbox,
    'aws-iam-ic': IdentityCenterSandbox,
    'aws-ssm': ParameterStoreSandbox,
}


def make(plugin: Any) -> Any:
    """Return a sandbox for a plugin; the kit names this function."""
    return SANDBOXES[plugin.name]()
