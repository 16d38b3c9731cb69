"""A manifest of the registry's own, which no plugin can change."""

from __future__ import annotations

import functools
import types
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


def frozen_copy(value: Any) -> Any:  # noqa: ANN401  any JSON-like value
    """Return a deep copy whose models, lists and dicts cannot be changed.

    Models are not validated again; anything but models, lists and dicts is
    taken to be immutable, as it is in a valid manifest.
    """
    if type(value) in _LISTS:
        items = [frozen_copy(item) for item in value]
        return FrozenList(items) if items else _NO_LIST
    if type(value) in _DICTS:
        pairs = {key: frozen_copy(item) for key, item in value.items()}
        return FrozenDict(pairs) if pairs else _NO_DICT
    if isinstance(value, pydantic.BaseModel):
        return _frozen_model(value)
    return value


def _frozen_model(value: pydantic.BaseModel) -> pydantic.BaseModel:
    """Return a copy as pydantic's `__copy__` makes one, its parts frozen.

    A frozen model that holds only scalars is itself as good as a copy.
    """
    kind = type(value)
    fields = value.__dict__
    parts = {
        name: _NO_LIST if item == [] else frozen_copy(item)
        for name in _compound(kind)
        if type(item := fields.get(name)) not in _SCALARS
    }
    if not parts and kind.model_config.get('frozen'):
        return value
    copy = kind.__new__(kind)
    object.__setattr__(copy, '__dict__', {**fields, **parts})
    object.__setattr__(
        copy, '__pydantic_fields_set__', value.__pydantic_fields_set__.copy()
    )
    object.__setattr__(copy, '__pydantic_extra__', None)
    object.__setattr__(copy, '__pydantic_private__', None)
    return copy


_LISTS: frozenset[object] = frozenset({list, FrozenList})
_DICTS: frozenset[object] = frozenset({dict, FrozenDict})
_SCALARS = frozenset({type(None), bool, float, int, str})


@functools.cache
def _compound(kind: type[pydantic.BaseModel]) -> tuple[str, ...]:
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
