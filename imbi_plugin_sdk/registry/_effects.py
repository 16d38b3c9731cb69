"""What importing a plugin did to the process.

The state is read before and after each import and compared. Differences are
reported and not undone: what a plugin set up it may need, and what another
thread changed in the same moment cannot be told apart from it. Only what it
took away from everybody else is put back: entries of `sys.path` and of the
import system, and depth of recursion. A reading that raises, since a plugin
broke what is read, is a difference too.

What costs too much to read a thousand times, or cannot be read at all without
writing it, is left to the kit's probe: the umask, the state of `random`, other
loggers' levels, modules exchanged in `sys.modules`. Signals need no look:
imports run in a thread, where Python itself refuses to set a handler.
"""

from __future__ import annotations

import builtins
import logging
import operator
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry import _process
from imbi_plugin_sdk.registry._guard import printable

if TYPE_CHECKING:
    from collections.abc import Callable


class _Probe(NamedTuple):
    """One part of the process's state.

    Attributes:
        name: Ends the finding's code, `effect_<name>`.
        what: What it is, in a message.
        read: Reads it.
        remedy: What a plugin does instead.
        is_same: Compares two readings, where `names` is not given.
        names: Returns what differs between two readings by name.
        put_back: Puts back what was taken away since a reading; tells
            whether anything was.
    """

    name: str
    what: str
    read: Callable[[], Any]
    remedy: str
    is_same: Callable[[Any, Any], bool] = _process.is_same
    names: Callable[[Any, Any], list[str]] | None = None
    put_back: Callable[[Any], bool] | None = None


_PROBES: tuple[_Probe, ...] = (
    _Probe(
        'cwd',
        'the working directory',
        _process.cwd,
        'Use absolute paths, or importlib.resources.',
        operator.eq,
    ),
    _Probe(
        'environment',
        'the environment',
        _process.environment,
        'Read settings from options and credentials.',
        names=_process.variables,
    ),
    _Probe(
        'sys_path',
        'sys.path',
        _process.lists('path'),
        'Ship the modules in the distribution.',
        _process.same_lists,
        put_back=_process.put_back('path'),
    ),
    _Probe(
        'import_system',
        'sys.meta_path or sys.path_hooks',
        _process.lists('meta_path', 'path_hooks'),
        'Leave the import system alone.',
        _process.same_lists,
        put_back=_process.put_back('meta_path', 'path_hooks'),
    ),
    _Probe(
        'logging',
        "the root logger's level or handlers, or the class of loggers",
        lambda: [
            logging.root.level,
            logging.root.manager.disable,
            logging.getLoggerClass(),
            _process.BETWEEN,
            *logging.root.handlers,
        ],
        'Use `logging.getLogger(__name__)` and leave set-up to the host.',
    ),
    _Probe(
        'warnings',
        'the warning filters',
        lambda: list(warnings.filters),
        'Use `warnings.catch_warnings()` around the call that warns.',
    ),
    _Probe(
        'threads',
        'the running threads',
        threading.enumerate,
        'Start threads in a call and join them there.',
        names=_process.thread_names,
    ),
    _Probe(
        'event_loop_policy',
        "asyncio's event-loop policy",
        lambda: [_process.event_loop_policy()],
        'The event loop belongs to the host.',
    ),
    _Probe(
        'hooks',
        'an interpreter hook (excepthook, displayhook, stdout, stderr, '
        'tracing)',
        _process.hooks,
        'Leave the interpreter as it is.',
    ),
    _Probe(
        'limits',
        'an interpreter limit (recursion, garbage collection, sockets)',
        _process.limits,
        'Set limits where they are needed, in a call.',
        operator.eq,
        put_back=_process.raise_recursion_limit,
    ),
    _Probe(
        'locale',
        'the locale',
        _process.locale,
        'Format for the reader in a call, without `locale.setlocale`.',
        operator.eq,
    ),
    _Probe(
        'functions',
        'functions that everybody uses',
        _process.functions,
        'Call your own; patching is for the host to decide.',
        names=_process.exchanged,
    ),
)


State = tuple[Any, ...]


class Watch:
    """Compares the process with what it was before, again and again."""

    __slots__ = ('_glance', '_state')

    def __init__(self) -> None:
        self._glance = _glance()
        self._state = capture()

    def changes(self) -> tuple[Problem, ...]:
        """Return one finding per part that changed since the last time."""
        if self._glance is not None and self._glance.is_current():
            return ()
        # The glance is the older one: what another thread changes meanwhile
        # makes it differ the next time, and is looked into then.
        before, self._glance, self._state = self._state, _glance(), capture()
        now, back = self._state, _put_back(before)
        if back:
            self._glance, self._state = _glance(), capture()
        return difference(before, now, back)


class _Glance:
    """Everything that the probes read, as it was at one moment.

    It is compared after every import, nearly always with no difference, and
    takes half the time of reading and comparing probe by probe.
    """

    __slots__ = ('_environment', '_objects', '_values')

    def __init__(self) -> None:
        self._objects = _objects()
        self._values = _values()
        self._environment = _process.environment()

    def is_current(self) -> bool:
        """Tell whether everything is still as it was."""
        try:
            return (
                _process.is_same(self._objects, _objects())
                and self._values == _values()
                and self._environment == _process.raw_environment()
            )
        except BaseException:  # noqa: BLE001  a plugin broke what is read
            return False


def _glance() -> _Glance | None:
    """Return how everything is; None if it cannot be read."""
    try:
        return _Glance()
    except BaseException:  # noqa: BLE001  a plugin broke what is read
        return None


def _objects() -> list[object]:
    """Return what is compared by identity."""
    return [
        *sys.path,
        _process.BETWEEN,
        *sys.meta_path,
        _process.BETWEEN,
        *sys.path_hooks,
        _process.BETWEEN,
        logging.getLoggerClass(),
        *logging.root.handlers,
        _process.BETWEEN,
        *warnings.filters,
        _process.BETWEEN,
        *threading.enumerate(),
        _process.event_loop_policy(),
        *_process.hooks(),
        *_process.patched(),
    ]


def _values() -> tuple[object, ...]:
    """Return what is compared by value: numbers and text."""
    return (
        _process.cwd(),
        logging.root.level,
        logging.root.manager.disable,
        len(builtins.__dict__),
        _process.locale(),
        *_process.limits(),
    )


_UNREADABLE = object()
"""Stands for a part that cannot be read any more."""


def _read(probe: _Probe) -> object:
    try:
        return probe.read()
    except BaseException:  # noqa: BLE001  a plugin broke what is read
        return _UNREADABLE


def capture() -> State:
    """Return the state of the process, to compare with a later one."""
    return tuple([_read(probe) for probe in _PROBES])


def _put_back(before: State) -> frozenset[str]:
    """Put back what was taken away, and return the names of those parts."""
    return frozenset(
        [
            probe.name
            for probe, was in zip(_PROBES, before, strict=True)
            if probe.put_back is not None
            and was is not _UNREADABLE
            and probe.put_back(was)
        ]
    )


def difference(
    before: State, after: State, back: frozenset[str] = frozenset()
) -> tuple[Problem, ...]:
    """Return one finding per part that changed.

    Args:
        before: The state before.
        after: The state after.
        back: Names of parts that were put back since.
    """
    findings = [
        _finding(probe, was, now, is_back=probe.name in back)
        for probe, was, now in zip(_PROBES, before, after, strict=True)
        if was is not now
    ]
    return tuple([one for one in findings if one is not None])


def _finding(
    probe: _Probe,
    was: Any,  # noqa: ANN401  what a probe reads
    now: Any,  # noqa: ANN401  what a probe reads
    *,
    is_back: bool,
) -> Problem | None:
    """Say what changed, by name where that is known."""
    names: list[str] = []
    if was is not _UNREADABLE and now is not _UNREADABLE:
        if probe.names is None:
            if probe.is_same(was, now):
                return None
        elif not (names := probe.names(was, now)):
            return None
    back = ' What it took away was put back.' if is_back else ''
    return Problem(
        f'effect_{probe.name}',
        '',
        f'importing it changed {probe.what}{_listed(names)}; an import '
        f'changes nothing but `sys.modules`.{back}',
        probe.remedy,
    )


def _listed(names: list[str]) -> str:
    if not names:
        return ''
    shown = sorted(names)[:_SHOWN]
    more = ', …' if len(names) > _SHOWN else ''
    return f' ({printable(", ".join(shown))}{more})'


_SHOWN = 5
"""How many names a message gives; it is there to find the line."""
