"""A deployment plugin, its remote and its sandbox, all in memory.

`MemoryDeployment` is what a correct handler looks like, and the base of
handlers that are wrong in one place: override one small method. It speaks to
a `MemoryForge` as a plugin speaks to a service. `MemoryDeploymentSandbox` can
do all that a sandbox of a deployment plugin may do::

    labs = Labs(seed=0, factory=lambda plugin: MemoryDeploymentSandbox())
"""

from __future__ import annotations

from imbi_plugin_testkit.memory.deployment.connection import (
    TakenAlready,
    UnknownHere,
)
from imbi_plugin_testkit.memory.deployment.handler import MemoryDeployment
from imbi_plugin_testkit.memory.deployment.sandbox import (
    MemoryDeploymentSandbox,
)
from imbi_plugin_testkit.memory.deployment.server import MemoryForge

__all__ = [
    'MemoryDeployment',
    'MemoryDeploymentSandbox',
    'MemoryForge',
    'TakenAlready',
    'UnknownHere',
]
