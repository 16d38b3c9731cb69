"""Reading a class without running its code."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._inspection.bodies import only_raises
from imbi_plugin_sdk._inspection.coroutines import is_function, layers, vars_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MRO: Any = vars(type)['__mro__']
_DICT: Any = vars(type)['__dict__']
_NAME: Any = vars(type)['__name__']
_ABSTRACT: Any = vars(type)['__abstractmethods__']

ABSENT: Any = object()
"""What `lookup` returns for an attribute that no class has."""


def bases(cls: type) -> tuple[type, ...]:
    """Return a class and its bases in the order of lookup."""
    found: tuple[type, ...] = _MRO.__get__(cls)
    return found


def attributes(cls: type) -> Mapping[str, Any]:
    """Return a class's own attributes, bare."""
    found: Mapping[str, Any] = _DICT.__get__(cls)
    return found


def lookup(cls: type, name: str) -> tuple[type | None, Any]:
    """Find an attribute as instances would, without running any code.

    Returns:
        The class that has it and the bare attribute, or (None, ABSENT).
    """
    for owner in bases(cls):
        own = attributes(owner)
        if name in own:
            return owner, own[name]
    return None, ABSENT


def abstract_names(cls: type) -> frozenset[str]:
    """Return what an abstract class still lacks."""
    try:
        return frozenset(_ABSTRACT.__get__(cls))
    except AttributeError:
        return frozenset()


def class_name(cls: type) -> str:
    """Return a class's name without asking its metaclass."""
    return str(_NAME.__get__(cls))


def kind_of(value: object) -> type[object]:
    """Return what a value is, whatever its `__class__` says."""
    return type(value)


def as_called(raw: Any, cls: type) -> tuple[Any, bool]:  # noqa: ANN401
    """Return what a call on an instance reaches, and if `self` is put in.

    Returns:
        (None, False) for what cannot be called.
    """
    kind = kind_of(raw)
    if issubclass(kind, functools.partialmethod):
        return _as_partial(raw, cls), False
    if is_function(raw):
        return raw, hasattr(kind, '__get__')
    if hasattr(kind, '__get__'):
        return _as_described(raw, cls)
    return (raw, False) if callable(raw) else (None, False)


def _as_partial(raw: Any, cls: type) -> Any:  # noqa: ANN401
    """Return what a call of a `partialmethod` on an instance reaches."""
    func: Any = raw.func
    kind = kind_of(func)
    # The class stands for the instance, which inspection never makes.
    first = () if issubclass(kind, staticmethod) else (cls,)
    if issubclass(kind, (classmethod, staticmethod)):
        func = func.__func__
    return functools.partial(func, *first, *raw.args, **raw.keywords)


def _as_described(raw: Any, cls: type) -> tuple[Any, bool]:  # noqa: ANN401
    """Return what a call through a descriptor reaches."""
    # A class method says what it wraps, as decorators do.
    if (inner := vars_of(raw).get('__wrapped__')) is not None:
        return inner, True
    # A property gives itself, and nobody can see what it would return.
    value = raw.__get__(None, cls)
    if not callable(value):
        return None, False
    return value, value is raw or inspect.isfunction(value)


def is_implemented(cls: type, method: str, defaults: Iterable[object]) -> bool:
    """Tell whether a class overrides a default with a body of its own.

    Args:
        cls: The class.
        method: The method's name.
        defaults: The bare attributes of that name in the contract's handlers.
    """
    try:
        owner, raw = lookup(cls, method)
        if owner is None or getattr(raw, '__isabstractmethod__', False):
            return False
        func = as_called(
            raw.__func__ if isinstance(raw, staticmethod) else raw, cls
        )[0]
        if func is None:
            return False
        body = list(layers(func))[-1]
        if any(body is default for default in defaults):
            return False
        code = getattr(body, '__code__', None)
        return not (inspect.iscode(code) and only_raises(code))
    except BaseException:  # noqa: BLE001  strangers' code runs here
        return False
