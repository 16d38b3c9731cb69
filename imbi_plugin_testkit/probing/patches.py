"""Whether a module replaced what belongs to others.

Runs in the subprocess that imports a stranger's code, and therefore on the
standard library alone. Caches that are filled late, counters and names that
are added to a module are no patches; a function, a class, a method or a
constant in capitals that is another one than before is.
"""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TOLD_ELSEWHERE = frozenset({
    ('logging', '_logRecordFactory'), ('logging', '_loggerClass'),
    ('logging', 'lastResort'), ('threading', 'excepthook'),
    ('warnings', '_showwarnmsg_impl'), ('warnings', 'showwarning'),
})  # fmt: skip
"""Settings that have a row in `settings.SETTINGS`."""

_FILLED_LATER = frozenset({
    '__abstractmethods__', '__annotate__', '__annotate_func__',
    '__annotations__', '__annotations_cache__', '__class_getitem__',
    '__doc__', '__fields__', '__signature__', '__static_attributes__',
    '_abc_impl',
})  # fmt: skip
"""Class attributes that Python and pydantic fill in when first asked."""

_HEAP_TYPE, _IMMUTABLE_TYPE = 1 << 9, 1 << 8
"""Flags of a type object (Include/object.h): which can be patched at all."""

_SCALARS = (bool, int, float, str, bytes, tuple, frozenset)


class Patches:
    """A picture of all modules and classes that are not the author's."""

    def __init__(self, owned: Callable[[str], bool]) -> None:
        self._owned = owned
        self._modules = dict(sys.modules)
        self._builtins = frozenset(vars(sys.modules['builtins']))
        self._names = {
            name: {
                key: value
                for key, value in list(_namespace(module).items())
                if _is_watched(name, key, value)
            }
            for name, module in list(self._modules.items())
            if name not in ('sys', '__main__') and not owned(name)
        }
        self._classes = {
            value: dict(_attributes(value))
            for values in self._names.values()
            for value in values.values()
            if _is_patchable(value)
        }

    def found(self) -> Iterator[str]:
        """Yield one line for each thing that is another one than before."""
        for name, module in self._modules.items():
            if sys.modules.get(name) is not module and not self._owned(name):
                yield f'sys.modules[{name!r}] was replaced'
        for name, before in self._names.items():
            now = _namespace(self._modules[name])
            for key, value in before.items():
                if now.get(key, value) is not value:
                    yield f'{name}.{key} was replaced'
        for cls, before in self._classes.items():
            for key in _replaced(cls, before):
                where = f'{cls.__module__}.{cls.__qualname__}'
                yield f'{where}.{key} was replaced'
        for name in sorted(vars(sys.modules['builtins'])):
            if name not in self._builtins:
                yield f'builtins.{name} was added'


def _namespace(module: object) -> Mapping[str, Any]:
    found: Any = getattr(module, '__dict__', None)
    # A lazy module may have anything there.
    return cast('dict[str, Any]', found) if type(found) is dict else {}


def _attributes(cls: type) -> Mapping[str, Any]:
    # A metaclass may have a __dict__ of its own in the way.
    found: Mapping[str, Any] = type.__dict__['__dict__'].__get__(cls)
    return found


def _is_watched(module: str, key: str, value: object) -> bool:
    if (module, key) in _TOLD_ELSEWHERE or type(value) is types.ModuleType:
        return False
    if callable(value):
        return True
    constant = key.strip('_').isupper() and not key.startswith('__')
    return constant and type(value) in _SCALARS


def _is_patchable(value: object) -> bool:
    if not issubclass(type(value), type):
        return False
    flags: int = type.__dict__['__flags__'].__get__(value)
    return bool(flags & _HEAP_TYPE) and not flags & _IMMUTABLE_TYPE


def _replaced(cls: type, before: Mapping[str, Any]) -> Iterator[str]:
    for key, value in list(_attributes(cls).items()):
        if key in _FILLED_LATER or key.startswith('__pydantic_'):
            continue
        if key in before:
            if before[key] is not value and _behaves(before[key]):
                yield key
        elif _behaves(value) and any(
            # What was inherited is now shadowed: socket.socket.connect.
            key in _attributes(base)
            for base in cls.__mro__[1:-1]
        ):
            yield key


def _behaves(value: object) -> bool:
    return callable(value) or hasattr(type(value), '__get__')
