"""The plugins of a process: found, admitted, served, reloaded.

`PluginRegistry` is the whole of it for a host; `discover` lists what is
installed without importing anything. Importing this package costs neither
pydantic nor a scan: both wait until a registry is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imbi_plugin_sdk.registry._core import PluginRegistry, Undrained
    from imbi_plugin_sdk.registry._freshness import RestartRequired
    from imbi_plugin_sdk.registry._late_imports import LateImport
    from imbi_plugin_sdk.registry.adapters import Adapter
    from imbi_plugin_sdk.registry.discovery import (
        Discovery,
        DistributionRef,
        EntryPointRef,
        discover,
    )
    from imbi_plugin_sdk.registry.policy import Block, Gate, PreflightResult
    from imbi_plugin_sdk.registry.reload import ReloadResult
    from imbi_plugin_sdk.registry.snapshot import (
        Entry,
        Refusal,
        Snapshot,
        Stage,
    )
    from imbi_plugin_sdk.registry.sources import MadeUp, Source

__all__ = [
    'Adapter',
    'Block',
    'Discovery',
    'DistributionRef',
    'Entry',
    'EntryPointRef',
    'Gate',
    'LateImport',
    'MadeUp',
    'PluginRegistry',
    'PreflightResult',
    'Refusal',
    'ReloadResult',
    'RestartRequired',
    'Snapshot',
    'Source',
    'Stage',
    'Undrained',
    'discover',
]

_HOMES = {
    'Adapter': 'adapters',
    'Block': 'policy',
    'Discovery': 'discovery',
    'DistributionRef': 'discovery',
    'Entry': 'snapshot',
    'EntryPointRef': 'discovery',
    'Gate': 'policy',
    'LateImport': '_late_imports',
    'MadeUp': 'sources',
    'PluginRegistry': '_core',
    'PreflightResult': 'policy',
    'Refusal': 'snapshot',
    'ReloadResult': 'reload',
    'RestartRequired': '_freshness',
    'Snapshot': 'snapshot',
    'Source': 'sources',
    'Stage': 'snapshot',
    'Undrained': '_core',
    'discover': 'discovery',
}
"""Public name to the module that defines it."""


def __getattr__(name: str) -> Any:  # noqa: ANN401  it gives any public name
    """Import a public name on first use.

    Raises:
        AttributeError: The package has no such name.
    """
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no name {name!r}')
    from importlib import import_module  # noqa: PLC0415  on first use

    value = getattr(import_module(f'{__name__}.{_HOMES[name]}'), name)
    globals()[name] = value
    return value
