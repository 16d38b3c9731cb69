"""A rehearsal of each import in another process, for hosts that want one.

`os._exit`, a segfault and a hang in C end a process, whichever exception
handler stands around the import. `PluginRegistry(preflight=...)` asks a
function before it imports a plugin; the SDK itself starts no process, so the
function is here, over the probe that the kit judges with::

    registry = PluginRegistry(preflight=subprocess_preflight())
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import importlib_metadata

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry import PreflightResult
from imbi_plugin_testkit.config import Config
from imbi_plugin_testkit.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from imbi_plugin_sdk.registry import EntryPointRef
    from imbi_plugin_testkit.probe import Probe

DEADLINE = 10.0
"""Seconds that an import may take, as in the kit's own verdict."""


def subprocess_preflight(
    *, deadline: float = DEADLINE
) -> Callable[[EntryPointRef], PreflightResult]:
    """Return a preflight that imports plugins in processes of their own.

    Entry points of one distribution are rehearsed together. What ends the
    process or hangs is refused; an exception is left to the registry, which
    contains it and tells more.

    Args:
        deadline: Seconds after which an import counts as hanging.
    """
    subjects: dict[str, Subject] = {}

    def preflight(plugin: EntryPointRef) -> PreflightResult:
        if not plugin.path:
            return PreflightResult()
        if plugin.path not in subjects:
            subjects[plugin.path] = Subject(
                name=plugin.distribution,
                version=plugin.version,
                source='installed',
                metadata=importlib_metadata.Distribution.at(plugin.path),
                config=Config(import_deadline=deadline),
                search_path=(str(Path(plugin.path).parent),),
            )
        for candidate in subjects[plugin.path].plugins:
            if candidate.name == plugin.name:
                return PreflightResult(_problem(candidate.probe, deadline))
        return PreflightResult()

    return preflight


def _problem(probe: Probe, deadline: float) -> Problem | None:
    where = f' at {probe.place}' if probe.place else ''
    if probe.timed_out:
        return Problem(
            'import_hangs',
            '',
            f'importing it did not end within {deadline:g} s{where}.',
            'Move what waits out of the import and into the first call.',
        )
    if probe.exit:
        return Problem(
            'import_ends_process',
            '',
            f'importing it ended the process with {probe.exit}{where}.',
            'Remove the call that ends the process, or the extension module '
            'that crashes.',
        )
    return None
