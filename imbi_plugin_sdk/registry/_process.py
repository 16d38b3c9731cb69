"""Reading the parts of a process that an import may change, cheaply."""

# ruff: noqa: PTH109  asked at every import

from __future__ import annotations

import builtins
import gc
import itertools
import operator
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

BETWEEN = object()
"""Keeps what leaves one list from being taken for part of the next."""


def cwd() -> object:
    try:
        return os.getcwd()
    except OSError:  # it was removed, perhaps by the plugin
        return None


def raw_environment() -> Mapping[Any, Any]:
    # `os.environ` decodes on each access; its own mapping is already there.
    raw: Mapping[Any, Any] | None = getattr(os.environ, '_data', None)
    return os.environ if raw is None else raw


def environment() -> Mapping[Any, Any]:
    return dict(raw_environment())


def event_loop_policy() -> object:
    # asyncio is looked at only where somebody has imported it. Its own policy
    # is made when it is first asked for, which changes nothing.
    policy: object = getattr(
        sys.modules.get('asyncio.events'), '_event_loop_policy', None
    )
    kind = type(policy)
    return None if (kind.__module__, kind.__name__) in _POLICIES else policy


_POLICIES = frozenset(
    {
        ('asyncio.unix_events', '_UnixDefaultEventLoopPolicy'),
        ('asyncio.windows_events', 'WindowsProactorEventLoopPolicy'),
    }
)
"""asyncio's own policy on either system."""


def _socket_timeout() -> object:
    module: Any = sys.modules.get('socket')
    return None if module is None else module.getdefaulttimeout()


def locale() -> object:
    module: Any = sys.modules.get('_locale')
    return None if module is None else module.setlocale(module.LC_ALL)


_PATCHED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ('builtins', ('__import__', 'input', 'open', 'print')),
    ('time', ('sleep', 'time', 'monotonic')),
    ('threading', ('Thread', 'Lock')),
    ('socket', ('socket', 'getaddrinfo', 'create_connection')),
    ('ssl', ('SSLContext', '_create_default_https_context')),
    ('subprocess', ('Popen',)),
    ('json', ('loads', 'dumps')),
)
"""Module to what libraries are known to exchange in it: import hooks and file
systems in memory builtins, gevent and its like time to ssl, time machines
time, who dislikes certificates ssl, faster parsers json.

What is added to builtins is seen beside these. Each name is looked up after
every import, with cold caches: all that builtins hold would cost as much as
half of everything else that is watched.
"""

_MODULES, _ATTRIBUTES = zip(
    *[
        (module, attribute)
        for module, attributes in _PATCHED
        for attribute in attributes
    ],
    strict=True,
)


def functions() -> dict[str, object]:
    """Return names of builtins, and what libraries exchange by its name."""
    found: dict[str, object] = {}
    found.update(dict.fromkeys(builtins.__dict__))
    for module, attribute, value in zip(
        _MODULES, _ATTRIBUTES, patched(), strict=True
    ):
        if sys.modules.get(module) is not None:
            prefix = '' if module == 'builtins' else f'{module}.'
            found[f'{prefix}{attribute}'] = value
    return found


def patched() -> list[object]:
    """Return what libraries exchange; None where it is not there."""
    modules = map(sys.modules.get, _MODULES)
    return [*map(getattr, modules, _ATTRIBUTES, itertools.repeat(None))]


def exchanged(was: dict[str, object], now: dict[str, object]) -> list[str]:
    """Return names of functions that are others; a new module is none."""
    return [
        name
        for name in was.keys() | now.keys()
        if was.get(name, BETWEEN) is not now.get(name, BETWEEN)
        and (name in was or '.' not in name)
    ]


def is_same(was: Collection[object], now: Collection[object]) -> bool:
    """Compare by identity: `==` would run a stranger's code."""
    return len(was) == len(now) and all(map(operator.is_, was, now))


def _new_threads(
    was: list[threading.Thread], now: list[threading.Thread]
) -> list[threading.Thread]:
    """Return threads that were started; one that ended may be the host's."""
    before = set(map(id, was))
    return [thread for thread in now if id(thread) not in before]


def thread_names(
    was: list[threading.Thread], now: list[threading.Thread]
) -> list[str]:
    return [str(thread.name) for thread in _new_threads(was, now)]


def variables(was: Mapping[Any, Any], now: Mapping[Any, Any]) -> list[str]:
    """Return names of variables, never a value: it may be a secret."""
    return [
        os.fsdecode(key)
        for key in was.keys() | now.keys()
        if was.get(key) != now.get(key)
    ]


def put_back(*names: str) -> Callable[[Any], bool]:
    """Return what puts back what was taken out of lists of `sys`.

    What a plugin adds it may need; what it takes away all others need.
    """

    def restore(was: Mapping[str, list[object]]) -> bool:
        is_missing = False
        for name in names:
            now: object = getattr(sys, name, None)
            kept = cast('list[object]', now) if isinstance(now, list) else []
            present = set(map(id, kept))
            if any(id(one) not in present for one in was[name]):
                before = set(map(id, was[name]))
                more = [one for one in kept if id(one) not in before]
                setattr(sys, name, [*was[name], *more])
                is_missing = True
        return is_missing

    return restore


def lists(*names: str) -> Callable[[], dict[str, list[object]]]:
    """Return what reads lists of `sys`."""
    return lambda: {name: list(getattr(sys, name)) for name in names}


def same_lists(
    was: Mapping[str, list[object]], now: Mapping[str, list[object]]
) -> bool:
    """Compare lists of `sys` by identity of what is in them."""
    return all(is_same(was[name], now[name]) for name in was)


def raise_recursion_limit(was: tuple[int, ...]) -> bool:
    """Put back a recursion limit that was lowered: all need that depth."""
    if sys.getrecursionlimit() >= was[0]:
        return False
    sys.setrecursionlimit(was[0])
    return True


def hooks() -> list[object]:
    return [
        sys.excepthook,
        sys.unraisablehook,
        sys.displayhook,
        sys.stdin,
        sys.stdout,
        sys.stderr,
        threading.excepthook,
        threading.gettrace(),
        threading.getprofile(),
    ]


def limits() -> tuple[object, ...]:
    return (
        sys.getrecursionlimit(),
        sys.getswitchinterval(),
        sys.get_int_max_str_digits(),
        gc.isenabled(),
        gc.get_threshold(),
        _socket_timeout(),
    )
