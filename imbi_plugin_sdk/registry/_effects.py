"""What importing a plugin did to the process.

The state is read before and after each import and compared. Differences are
reported and not undone: what a plugin set up it may need, and what another
thread changed in the same moment cannot be told apart from it.
"""

# ruff: noqa: PTH109  asked at every import

from __future__ import annotations

import gc
import logging
import operator
import os
import signal
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from imbi_plugin_sdk.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

# `signal.getsignal` makes an enum of every answer, a hundred times slower.
_getsignal: Callable[[int], object] = getattr(
    sys.modules.get('_signal'), 'getsignal', signal.getsignal
)

_SIGNALS = tuple(
    int(getattr(signal, name))
    for name in (
        'SIGABRT',
        'SIGALRM',
        'SIGCHLD',
        'SIGHUP',
        'SIGINT',
        'SIGPIPE',
        'SIGTERM',
        'SIGUSR1',
        'SIGUSR2',
    )
    if hasattr(signal, name)
)
"""Those that programs handle; there are 64."""


_BETWEEN = object()
"""Keeps what leaves one list from being taken for part of the next."""


def _cwd() -> object:
    try:
        return os.getcwd()
    except OSError:  # it was removed, perhaps by the plugin
        return None


def _raw_environment() -> Mapping[Any, Any]:
    # `os.environ` decodes on each access; its own mapping is already there.
    raw: Mapping[Any, Any] | None = getattr(os.environ, '_data', None)
    return os.environ if raw is None else raw


def _environment() -> Mapping[Any, Any]:
    return dict(_raw_environment())


def _event_loop_policy() -> object:
    # asyncio is looked at only where somebody has imported it.
    return getattr(
        sys.modules.get('asyncio.events'), '_event_loop_policy', None
    )


def _socket_timeout() -> object:
    module: Any = sys.modules.get('socket')
    return None if module is None else module.getdefaulttimeout()


def _is_same(was: Sequence[object], now: Sequence[object]) -> bool:
    """Compare by identity: `==` would run a stranger's code."""
    return len(was) == len(now) and all(map(operator.is_, was, now))


def _new_threads(
    was: list[threading.Thread], now: list[threading.Thread]
) -> list[threading.Thread]:
    """Return threads that were started; one that ended may be the host's."""
    before = set(map(id, was))
    return [thread for thread in now if id(thread) not in before]


def _has_nothing_new(
    was: list[threading.Thread], now: list[threading.Thread]
) -> bool:
    return not _new_threads(was, now)


class _Probe(NamedTuple):
    """One part of the process's state.

    Attributes:
        name: Ends the finding's code, `effect_<name>`.
        what: What it is, in a message.
        read: Reads it.
        remedy: What a plugin does instead.
        is_same: Compares two readings.
    """

    name: str
    what: str
    read: Callable[[], Any]
    remedy: str
    is_same: Callable[[Any, Any], bool] = _is_same


_PROBES: tuple[_Probe, ...] = (
    _Probe(
        'cwd',
        'the working directory',
        _cwd,
        'Use absolute paths, or importlib.resources.',
        operator.eq,
    ),
    _Probe(
        'environment',
        'the environment',
        _environment,
        'Read settings from options and credentials.',
        operator.eq,
    ),
    _Probe(
        'sys_path',
        'sys.path',
        lambda: list(sys.path),
        'Ship the modules in the distribution.',
    ),
    _Probe(
        'import_system',
        'sys.meta_path or sys.path_hooks',
        lambda: [*sys.meta_path, _BETWEEN, *sys.path_hooks],
        'Leave the import system alone.',
    ),
    _Probe(
        'signals',
        'a signal handler',
        lambda: list(map(_getsignal, _SIGNALS)),
        'Signals belong to the host.',
    ),
    _Probe(
        'logging',
        'the level or the handlers of the root logger',
        lambda: [
            logging.root.level,
            logging.root.manager.disable,
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
        _has_nothing_new,
    ),
    _Probe(
        'event_loop_policy',
        "asyncio's event-loop policy",
        lambda: [_event_loop_policy()],
        'The event loop belongs to the host.',
    ),
    _Probe(
        'hooks',
        'an interpreter hook (excepthook, displayhook, stdout, stderr)',
        lambda: [
            sys.excepthook,
            threading.excepthook,
            sys.displayhook,
            sys.stdout,
            sys.stderr,
        ],
        'Leave the interpreter as it is.',
    ),
    _Probe(
        'limits',
        'an interpreter limit (recursion, garbage collection, sockets)',
        lambda: (
            sys.getrecursionlimit(),
            gc.isenabled(),
            gc.get_threshold(),
            _socket_timeout(),
        ),
        'Set limits where they are needed, in a call.',
        operator.eq,
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
        glance = _glance()
        try:
            if glance == self._glance:
                return ()
        except BaseException:  # noqa: BLE001, S110  a stranger's `__eq__`
            pass
        # The glance is the older one: what another thread changes meanwhile
        # makes the next one differ, and is looked into then.
        before, self._glance, self._state = self._state, glance, capture()
        return difference(before, self._state)


def _glance() -> list[object]:
    """Return everything that the probes read, in one flat list.

    It is compared after every import, nearly always with no difference, and
    takes half the time of reading and comparing probe by probe.
    """
    environment = _raw_environment()
    return [
        _cwd(),
        *environment,
        *environment.values(),
        _BETWEEN,
        *sys.path,
        _BETWEEN,
        *sys.meta_path,
        _BETWEEN,
        *sys.path_hooks,
        _BETWEEN,
        *map(_getsignal, _SIGNALS),
        logging.root.level,
        logging.root.manager.disable,
        *logging.root.handlers,
        _BETWEEN,
        *warnings.filters,
        _BETWEEN,
        *threading.enumerate(),
        _event_loop_policy(),
        sys.excepthook,
        threading.excepthook,
        sys.displayhook,
        sys.stdout,
        sys.stderr,
        sys.getrecursionlimit(),
        gc.isenabled(),
        gc.get_threshold(),
        _socket_timeout(),
    ]


def capture() -> State:
    """Return the state of the process, to compare with a later one."""
    return tuple([probe.read() for probe in _PROBES])


def difference(before: State, after: State) -> tuple[Problem, ...]:
    """Return one finding per part that changed."""
    try:
        # What is the very same object is not asked whether it is equal, and
        # nearly always everything is.
        if before == after:
            return ()
    except BaseException:  # noqa: BLE001, S110  a stranger's `__eq__`
        pass
    return tuple(
        [
            _finding(probe, was, now)
            for probe, was, now in zip(_PROBES, before, after, strict=True)
            if was is not now and not probe.is_same(was, now)
        ]
    )


def _finding(probe: _Probe, was: Any, now: Any) -> Problem:  # noqa: ANN401  what a probe reads
    """Name what was added, never a value: an environment holds secrets."""
    names = ''
    if probe.name == 'threads':
        names = _listed(thread.name for thread in _new_threads(was, now))
    elif probe.name == 'environment':
        names = _listed(
            os.fsdecode(key)
            for key in was.keys() | now.keys()
            if was.get(key) != now.get(key)
        )
    return Problem(
        f'effect_{probe.name}',
        '',
        f'importing it changed {probe.what}{names}; an import changes nothing '
        'but `sys.modules`.',
        probe.remedy,
    )


def _listed(names: Iterable[str]) -> str:
    return f' ({", ".join(sorted(names)[:_SHOWN])})'


_SHOWN = 5
"""How many names a message gives; it is there to find the line."""
