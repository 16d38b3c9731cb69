"""Does calling it give something to await?"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

LAYERS = 32
"""How deep decorators are followed; deeper is a cycle or a joke."""

_FUNCTIONS = (
    types.BuiltinFunctionType,
    types.ClassMethodDescriptorType,
    types.FunctionType,
    types.MethodDescriptorType,
    types.MethodType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
)

_AWAITABLE_FLAGS = inspect.CO_COROUTINE | inspect.CO_ITERABLE_COROUTINE


def layers(func: object) -> Iterator[object]:
    """Yield a callable and what it wraps, outermost first.

    `functools.partial` and `partialmethod`, bound methods, and whatever
    `functools.wraps` left as `__wrapped__` are followed.
    """
    for _ in range(LAYERS):
        yield func
        if isinstance(func, (functools.partial, functools.partialmethod)):
            func = func.func
        elif inspect.ismethod(func):
            func = func.__func__
        elif (inner := vars_of(func).get('__wrapped__')) is not None:
            func = inner
        else:
            return


def is_function(value: object) -> bool:
    """Tell whether Python itself made this callable.

    `inspect.isroutine` takes every object with a `__get__` for one.
    """
    return issubclass(type(value), _FUNCTIONS)


def vars_of(value: object) -> dict[str, Any]:
    """Return an object's own attributes without running its code."""
    try:
        found = object.__getattribute__(value, '__dict__')
    except AttributeError:
        return {}
    return dict(found)


def coroutine_fault(func: object) -> str | None:
    """Return what a callable is when it is no coroutine function.

    A sync callable counts as one where it is marked
    (`inspect.markcoroutinefunction`, or asyncio's older mark) or wraps one by
    `functools.wraps`; so does an object whose `__call__` is one.
    """
    name = type(func).__name__
    for depth, layer in enumerate(_with_call(func)):
        if inspect.isasyncgenfunction(layer):
            return (
                'an async generator function (an `async def` with `yield`), '
                'which gives something to iterate over and not to await'
            )
        if _is_marked(layer):
            return None
        if depth == 0 and inspect.isgeneratorfunction(layer):
            return 'a generator function'
    if isinstance(func, type):
        return f'the class {func.__name__}'
    if is_function(func):
        return 'a plain function'
    return f'an object of type {name} whose `__call__` is not `async def`'


def _with_call(func: object) -> Iterator[object]:
    """Yield the layers, and `__call__` of those that are mere objects."""
    for layer in layers(func):
        yield layer
        if isinstance(layer, (type, functools.partial)):
            continue
        if not is_function(layer):
            call = getattr(type(layer), '__call__', None)  # noqa: B004  static
            if inspect.isfunction(call):
                yield call


def _is_marked(func: object) -> bool:
    """Tell whether one layer is a coroutine function, or says so."""
    code = getattr(func, '__code__', None)
    flags = getattr(code, 'co_flags', 0)
    if isinstance(flags, int) and flags & _AWAITABLE_FLAGS:
        return True
    if inspect.iscoroutinefunction(func):
        return True
    # Python 3.11 has only asyncio's mark, which `asyncio` itself checks, and
    # nobody can have set it without importing this module.
    module = sys.modules.get('asyncio.coroutines')
    mark = getattr(module, '_is_coroutine', None)
    return mark is not None and vars_of(func).get('_is_coroutine') is mark
