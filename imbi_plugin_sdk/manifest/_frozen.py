"""Copies of declarations that nobody can change.

Made when a declaration is judged: the registry serves the copy, so that what
a plugin does to its own manifest afterwards changes nothing, and what it did
before admission is seen by comparing the two.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterable, Mapping
from typing import (
    Any,
    Literal,
    NoReturn,
    SupportsIndex,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

import pydantic

T = TypeVar('T')
K = TypeVar('K')
V = TypeVar('V')


def _refuse(*_: object, **__: object) -> NoReturn:
    """Refuse to change what every request shares.

    Raises:
        TypeError: Always.
    """
    raise TypeError(
        "the registry's manifest cannot be changed; use "
        '`manifest.model_copy(deep=True)` for a copy that can'
    )


class FrozenList(list[T]):
    """A list that cannot be changed, and equals any list alike.

    Manifests promise lists, and existing code compares them with lists.
    """

    __slots__ = ()

    append = clear = extend = insert = pop = remove = _refuse
    reverse = sort = __delitem__ = __setitem__ = _refuse
    __iadd__ = __imul__ = _refuse

    def __deepcopy__(self, memo: dict[int, Any]) -> list[T]:
        """Return a list that can be changed."""
        from copy import deepcopy  # noqa: PLC0415

        return [deepcopy(item, memo) for item in self]

    def __copy__(self) -> list[T]:
        """Return a list that can be changed."""
        return list(self)

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:  # noqa: ANN401  as typeshed has it
        """Pickle as a list that can be changed."""
        return list, (tuple(self),)


class FrozenDict(dict[K, V]):
    """A dict that cannot be changed, and equals any dict alike."""

    __slots__ = ()

    clear = pop = popitem = setdefault = update = _refuse
    __delitem__ = __setitem__ = __ior__ = _refuse

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[K, V]:
        """Return a dict that can be changed."""
        from copy import deepcopy  # noqa: PLC0415

        return {key: deepcopy(item, memo) for key, item in self.items()}

    def __copy__(self) -> dict[K, V]:
        """Return a dict that can be changed."""
        return dict(self)

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:  # noqa: ANN401  as typeshed has it
        """Pickle as a dict that can be changed."""
        return dict, (tuple(self.items()),)


_NO_LIST: FrozenList[Any] = FrozenList()
_NO_DICT: FrozenDict[Any, Any] = FrozenDict()
"""Most lists of a manifest are empty, and frozen ones can be shared."""

Twin = Callable[[Any], Any]
"""Gives the copy of a declaration inside another one."""


def frozen_model(value: pydantic.BaseModel, twin: Twin) -> pydantic.BaseModel:
    """Return a copy of a model whose lists and dicts cannot be changed.

    It is made as pydantic's `__copy__` makes one, and not validated again.
    Anything but models, lists and dicts is taken to be immutable, as it is
    in a valid declaration.

    Args:
        value: The model.
        twin: Returns the copy of a model inside it.
    """
    kind = type(value)
    fields = value.__dict__
    copy = kind.__new__(kind)
    _set(
        copy,
        '__dict__',
        fields
        | {
            name: _frozen(item, twin) if item else _empty(item)
            for name in _compound_fields(kind)
            if type(item := fields.get(name)) not in _SCALARS
        },
    )
    _set(copy, '__pydantic_fields_set__', value.__pydantic_fields_set__.copy())
    _set(copy, '__pydantic_extra__', None)
    _set(copy, '__pydantic_private__', None)
    return copy


_set = object.__setattr__
_SCALARS = frozenset({type(None), bool, float, int, str})


def _empty(value: Any) -> Any:  # noqa: ANN401  any JSON-like value
    """Return what stands for an empty container; most of a manifest are."""
    if type(value) is list:
        return _NO_LIST
    return _NO_DICT if type(value) is dict else value


def _frozen(value: Any, twin: Twin) -> Any:  # noqa: ANN401  any JSON-like value
    kind: object = type(value)  # pyright: ignore[reportUnknownVariableType]  of Any
    if kind in _SCALARS:
        return value
    if kind is list:
        return FrozenList([_frozen(item, twin) for item in value])
    if kind is dict:
        return FrozenDict(
            {key: _frozen(item, twin) for key, item in value.items()}
        )
    return twin(value) if isinstance(value, pydantic.BaseModel) else value


def is_same(
    fields: Mapping[str, Any],
    before: Mapping[str, Any],
    twin: Twin,
) -> bool:
    """Tell whether a model holds what its frozen copy holds.

    Everything is compared by identity, so that no stranger's `__eq__` runs.

    Args:
        fields: The model's `__dict__`.
        before: That of the copy which `frozen_model` made of it.
        twin: Returns the copy that was made of a model inside it.

    Raises:
        KeyError: A field is gone.
        AttributeError: No copy was made of something inside it.
        TypeError: Something inside it can have no copy.
    """
    # As many fields, and each that was there: none was added either.
    if len(fields) != len(before):
        return False
    for name, then in before.items():
        now = fields[name]
        if now is then:
            continue
        kind: object = type(then)  # pyright: ignore[reportUnknownVariableType]  of Any
        plain = _PLAIN.get(kind)  # pyright: ignore[reportUnknownArgumentType]  of Any
        if plain is None:
            if not _are_same((now,), (then,), twin):
                return False
            continue
        its: object = type(now)  # pyright: ignore[reportUnknownVariableType]  of Any
        if its is not plain or len(now) != len(then):
            return False
        if then and not (
            _are_same(now, then, twin)
            and (plain is list or _are_same(now.values(), then.values(), twin))
        ):
            return False
    return True


_PLAIN: dict[object, type] = {FrozenList: list, FrozenDict: dict}


def _are_same(now: Iterable[Any], then: Iterable[Any], twin: Twin) -> bool:
    """Compare what containers hold: scalars, and models with a copy."""
    for one, other in zip(now, then, strict=True):
        if one is not other and not (
            twin(one) is other and is_same(one.__dict__, other.__dict__, twin)
        ):
            return False
    return True


@functools.cache
def _compound_fields(kind: type[pydantic.BaseModel]) -> tuple[str, ...]:
    """Return the fields of a model that may hold more than a scalar."""
    return tuple(
        name
        for name, field in kind.model_fields.items()
        if not _is_scalar(field.annotation)
    )


def _is_scalar(annotation: Any) -> bool:  # noqa: ANN401  any annotation
    if annotation in _SCALARS:
        return True
    origin = get_origin(annotation)
    if origin is Literal:
        return True
    return origin in {Union, types.UnionType} and all(
        map(_is_scalar, get_args(annotation))
    )
