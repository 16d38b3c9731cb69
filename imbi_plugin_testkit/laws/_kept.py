"""What a plugin keeps in its modules and classes after a call.

Everything that can be reached from the globals of its modules and from its
classes is walked, as the garbage collector sees it, caches of `functools`
included. A counter, a compiled pattern, a client without credentials is
nobody's business; a credential, the context of a call, or data of a tenant is.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import gc
import inspect
import logging
import re
import sys
import threading
import types
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.context import PluginContext
from imbi_plugin_testkit.lab.opening import entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imbi_plugin_testkit.lab import Lab

MOST = 50_000
"""Objects that are looked at: a cached client of botocore has 20,000."""

SHORTEST = 8
"""Characters of a value that cannot be met by accident."""

NOT_INSIDE: tuple[type, ...] = (
    asyncio.AbstractEventLoop,
    asyncio.Future,
    logging.Handler,
    logging.Logger,
    logging.Manager,
    re.Pattern,
    threading.Thread,
    types.AsyncGeneratorType,
    types.BuiltinFunctionType,
    types.CodeType,
    types.CoroutineType,
    types.FrameType,
    types.GeneratorType,
    types.ModuleType,
    types.TracebackType,
    bytes,
    int,
    float,
    str,
)
"""What leads away from the plugin, to everything else in the process, or
nowhere."""

_NAMES = {'__dict__', '__builtins__', '__loader__', '__spec__', '__doc__'}


def kept(lab: Lab, data: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield where something is kept, and what it is.

    Args:
        lab: The lab.
        data: How a message names a value, to the value.
    """
    wanted = {
        f'credentials[{name!r}]': value
        for name, value in _secrets(lab).items()
    } | dict(data)
    told: set[tuple[str, str]] = set()
    for where, root in _roots(lab):
        for what in _within(root, wanted):
            if (where, what) not in told:
                told.add((where, what))
                if not _is_constant(lab, wanted.get(what)):
                    yield where, what


def _is_constant(lab: Lab, value: str | None) -> bool:
    """Return whether a value stands in the plugin's own code.

    A table of regions holds the region that somebody's credentials name.
    """
    if value is None:
        return False
    owns = lab.plugin.subject.owns_module
    names = {kind.__module__ for kind in lab.plugin.handler.__mro__}
    names |= {name for name in [*sys.modules] if owns(name)}
    for name in names:
        if name.partition('.')[0] not in _FOREIGN:
            with contextlib.suppress(OSError, TypeError):
                if value in inspect.getsource(sys.modules[name]):
                    return True
    return False


def _secrets(lab: Lab) -> dict[str, str]:
    names = [str(one['name']) for one in entries(lab.data, 'credentials')]
    given, public = lab.credentials, repr(lab.data)
    return {
        name: given[name]
        for name in names
        if len(given.get(name, '')) >= SHORTEST
        and not given[name].isalpha()
        and given[name] not in public  # the manifest's scopes, registered
    }


def _roots(lab: Lab) -> Iterator[tuple[str, Any]]:
    """Yield each global and class attribute of the plugin, with its name."""
    handler = lab.plugin.handler
    owns = lab.plugin.subject.owns_module
    modules = {
        name: module
        for name, module in list(sys.modules.items())
        if owns(name)
    }
    for name, module in modules.items():
        for key, value in list(getattr(module, '__dict__', {}).items()):
            # The cache of `urllib.parse.urlsplit` is not the plugin's.
            borrowed = hasattr(value, 'cache_info') and (
                getattr(value, '__module__', name) not in modules
            )
            if (
                key not in _NAMES
                and not isinstance(value, type)
                and not borrowed
            ):
                yield f'{name}.{key}', value
    classes = {
        value: None
        for module in modules.values()
        for value in list(getattr(module, '__dict__', {}).values())
        if isinstance(value, type) and value.__module__ in modules
    }
    classes |= dict.fromkeys(
        kind
        for kind in handler.__mro__
        if kind.__module__.partition('.')[0] not in _FOREIGN
    )
    for kind in classes:
        for key, value in list(vars(kind).items()):
            if key not in _NAMES:
                yield f'{kind.__name__}.{key}', value


_FOREIGN = frozenset({'builtins', 'imbi_plugin_sdk', 'typing', 'abc'})


def _within(root: object, wanted: Mapping[str, str]) -> Iterator[str]:
    """Yield what is kept below one object."""
    seen: set[int] = set()
    queue: collections.deque[object] = collections.deque([root])
    while queue and len(seen) < MOST:
        found = queue.popleft()
        if id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, PluginContext):
            yield 'the context of a call'
            continue
        if isinstance(found, (str, bytes)):
            text = found if isinstance(found, str) else found.decode('latin-1')
            for what, value in wanted.items():
                if value in text:
                    yield what
            continue
        queue.extend(_inside(found))


def _inside(found: object) -> list[Any]:
    """Return what an object holds itself."""
    if isinstance(found, types.FunctionType):
        # Its globals are the module's, which are looked at by themselves.
        cells = [
            cell.cell_contents
            for cell in found.__closure__ or ()
            if not _is_empty(cell)
        ]
        return [*cells, found.__defaults__, found.__kwdefaults__, vars(found)]
    if isinstance(found, (type, *NOT_INSIDE)):
        return []
    if isinstance(found, dict):
        # The collector leaves keys out where all are texts.
        held: dict[Any, Any] = found  # pyright: ignore[reportUnknownVariableType]
        return [*held, *held.values()]
    return gc.get_referents(found)


def _is_empty(cell: types.CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return True
    return False
