"""A rehearsal of each import in another process, for hosts that want one.

`os._exit`, a segfault and a hang in C end a process, whichever exception
handler stands around the import. `PluginRegistry(preflight='subprocess')`
rehearses each import before it imports a plugin. The SDK itself starts no
process, so that the function is here, over the probe that the kit judges
with; `preflight=subprocess_preflight(deadline=20)` is the same with a deadline
of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry import PreflightResult
from imbi_plugin_sdk.registry._entry_points import Line, parse, split
from imbi_plugin_sdk.registry._files import read
from imbi_plugin_testkit.config import Config
from imbi_plugin_testkit.subject import GROUP, EntryPoint, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from imbi_plugin_sdk.registry import EntryPointRef
    from imbi_plugin_testkit.probe import Probe

DEADLINE = 10.0
"""Seconds that an import may take, as in the kit's own verdict."""


def subprocess_preflight(
    *, deadline: float = DEADLINE
) -> Callable[[EntryPointRef], PreflightResult]:
    """Return a preflight that imports plugins in processes of their own.

    Entry points of one distribution are rehearsed together, and anew when
    one of them is asked about again: its code may be other code by then.
    What ends the process or hangs is refused, and so is what the rehearsal
    came to no result about; an exception is left to the registry, which
    contains it and tells more. What a made-up source loads by itself cannot
    be rehearsed.

    Args:
        deadline: Seconds after which an import counts as hanging.
    """
    rehearsals: dict[str, _Rehearsal] = {}

    def preflight(plugin: EntryPointRef) -> PreflightResult:
        line = _plain(plugin.name, plugin.value)
        if plugin.load is not None or line is None:
            return PreflightResult()
        rehearsal = rehearsals.get(plugin.path)
        if rehearsal is None or line not in rehearsal.waiting:
            rehearsal = _Rehearsal(plugin, line, deadline)
            rehearsals[plugin.path] = rehearsal
        result = PreflightResult(_problem(rehearsal.take(line), deadline))
        if not rehearsal.waiting:
            del rehearsals[plugin.path]
        return result

    return preflight


class _Rehearsal:
    """The entry points of one distribution, imported apart.

    Attributes:
        waiting: Those that nobody has asked about.
    """

    def __init__(
        self, plugin: EntryPointRef, line: EntryPoint, deadline: float
    ) -> None:
        lines = {line, *_siblings(plugin.path)}
        base = (str(Path(plugin.path).absolute().parent),)
        self._subject = Subject(
            name=plugin.distribution,
            version=plugin.version,
            # The host's whole path counts, as for an editable install.
            source='editable',
            metadata=_Lines(lines),  # type: ignore[arg-type]
            config=Config(import_deadline=deadline),
            search_path=base if plugin.path else (),
        )
        self.waiting = lines

    def take(self, line: EntryPoint) -> Probe:
        """Return what came of one entry point."""
        self.waiting.remove(line)
        (plugin,) = [
            one for one in self._subject.plugins if one.entry_point == line
        ]
        return plugin.probe


class _Lines:
    """What a subject asks of metadata: the entry points."""

    def __init__(self, lines: Iterable[EntryPoint]) -> None:
        self.entry_points = tuple(map(_Point, lines))


class _Point:
    group = GROUP

    def __init__(self, line: EntryPoint) -> None:
        self.name, self.value = line.name, line.value


def _siblings(path: str) -> set[EntryPoint]:
    """Return the entry points beside one, where they are in a file."""
    data = read(f'{path}/entry_points.txt').data if path else None
    lines: tuple[Line, ...] = parse(data)[0] if data else ()
    found = (_plain(line.name, line.value) for line in lines)
    return {line for line in found if line is not None}


def _plain(name: str, value: str) -> EntryPoint | None:
    """Return an entry point without extras; None if it refers to nothing."""
    target = split(value)
    return None if target is None else EntryPoint(name, ':'.join(target))


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
    if probe.stage == 'kit':
        return Problem(
            'import_unrehearsed',
            '',
            'importing it in a process of its own came to no result '
            f'({probe.error_text}); it must not be imported here then.',
            'Remove what ends the processes around it, or leave the preflight '
            'out if the machine cannot start processes.',
        )
    return None
