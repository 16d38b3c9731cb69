"""The settings of a process that importing a module must leave alone.

Runs in the subprocess that imports a stranger's code, and therefore on the
standard library alone.
"""

from __future__ import annotations

import gc
import locale
import logging
import os
import signal
import socket
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_HOOKS = (
    'breakpointhook', 'displayhook', 'excepthook', 'stderr', 'stdin',
    'stdout', 'unraisablehook',
)  # fmt: skip


def _signal_handlers() -> dict[str, Any]:
    handlers: dict[str, Any] = {}
    for number in sorted(signal.valid_signals()):
        try:
            name = signal.Signals(number).name
        except ValueError:  # a real-time signal between RTMIN and RTMAX
            name = str(int(number))
        handlers[name] = signal.getsignal(number)
    if hasattr(signal, 'getitimer'):
        armed = signal.getitimer(signal.ITIMER_REAL)[0] > 0
        handlers['the alarm timer'] = 'armed' if armed else 'off'
    return handlers


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _cwd() -> str:
    try:
        return os.getcwd()  # noqa: PTH109  pathlib is one import more
    except OSError:
        return 'a folder that is gone'


def _loop_policy() -> type | None:
    """Return the policy's class, or None for asyncio's own or none yet."""
    events = sys.modules.get('asyncio.events')
    policy: object = getattr(events, '_event_loop_policy', None)
    if policy is None:
        return None
    kind = type(policy)
    own = kind.__module__.startswith('asyncio.')
    return None if own else kind


def _hook(name: str) -> Callable[[], object]:
    return lambda: getattr(sys, name, None)


def _gc() -> tuple[Any, ...]:
    return gc.isenabled(), gc.get_threshold()


SETTINGS: Mapping[str, Callable[[], Any]] = {
    'cwd:the current directory': _cwd,
    'sys_path:sys.path': lambda: list(sys.path),
    'signals:the handler of': _signal_handlers,
    'logging:logging.disable': lambda: logging.root.manager.disable,
    'logging:logging.lastResort': lambda: logging.lastResort,
    'logging:logging.raiseExceptions': lambda: logging.raiseExceptions,
    'logging:the logger class': logging.getLoggerClass,
    'logging:the log record factory': logging.getLogRecordFactory,
    'warnings:warnings.filters': lambda: list(warnings.filters),
    'warnings:warnings.showwarning': lambda: warnings.showwarning,
    'interpreter:the umask': _umask,
    'interpreter:the locale': lambda: locale.setlocale(locale.LC_ALL),
    'interpreter:the recursion limit': sys.getrecursionlimit,
    'interpreter:the switch interval': sys.getswitchinterval,
    'interpreter:garbage collection': _gc,
    'interpreter:the default socket timeout': socket.getdefaulttimeout,
    'interpreter:the event-loop policy': _loop_policy,
    'interpreter:sys.meta_path': lambda: list(sys.meta_path),
    'interpreter:sys.path_hooks': lambda: list(sys.path_hooks),
    'interpreter:the trace function': sys.gettrace,
    'interpreter:the profile function': sys.getprofile,
    'interpreter:threading.excepthook': lambda: threading.excepthook,
    **{f'interpreter:sys.{name}': _hook(name) for name in _HOOKS},
}
"""`kind:name` of a setting to what reads it."""


def read_settings() -> dict[str, Any]:
    """Return every setting's value."""
    return {name: read() for name, read in SETTINGS.items()}


def changes(
    before: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield (kind, detail) for each setting that is not what it was."""
    for name, value in before.items():
        if not _same(value, now[name]):
            kind, _, what = name.partition(':')
            yield kind, what + _change(value, now[name])


def _same(before: object, now: object) -> bool:
    if isinstance(before, (dict, list)):
        try:
            return bool(before == now)
        except Exception:  # noqa: BLE001  a stranger's __eq__
            return False
    if isinstance(before, (str, int, float, tuple)):
        return bool(before == now)
    return before is now


def _change(before: Any, now: Any) -> str:  # noqa: ANN401  whatever it was
    """Say what changed, names only: a value could be a secret."""
    if isinstance(before, dict):
        old = cast('Any', before)
        keys = [str(key) for key in now if old.get(key) != now[key]]
        return f' {", ".join(keys)} was changed'
    if isinstance(before, list):
        entries = cast('Any', before)
        new = [_name(item) for item in now if item not in entries]
        if new:
            return f' was changed: {", ".join(new[:3])} is new'
        lost = len(entries) > len(now)
        return ' lost entries' if lost else ' was reordered'
    if type(before) in (int, float) and type(now) in (int, float):
        return f' went from {before} to {now}'
    return ' was changed'


def _name(item: Any) -> str:  # noqa: ANN401  an entry of some list
    if isinstance(item, str):
        return repr(item)
    if type(item) is tuple:
        return f'a filter {item[0]!r}'
    return str(getattr(item, '__name__', type(item).__name__))


LoggerFacts = tuple[int, tuple[int, ...], tuple[int, ...], bool, bool]

LOGGER_FACTS = ('level', 'handlers', 'filters', 'propagate', 'disabled')
NEW_LOGGER: LoggerFacts = (0, (), (), True, False)


def read_loggers() -> dict[str, LoggerFacts]:
    """Return the facts of every logger; a NullHandler does not count."""
    loggers: dict[str, logging.Logger] = {
        name: logger
        for name, logger in list(logging.Logger.manager.loggerDict.items())
        if isinstance(logger, logging.Logger)
    }
    loggers['root'] = logging.getLogger()
    return {name: _facts(logger) for name, logger in loggers.items()}


def _facts(logger: logging.Logger) -> LoggerFacts:
    return (
        logger.level,
        tuple(
            id(handler)
            for handler in logger.handlers
            if not isinstance(handler, logging.NullHandler)
        ),
        tuple(id(item) for item in logger.filters),
        bool(logger.propagate),
        bool(logger.disabled),
    )
