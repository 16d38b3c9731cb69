"""Telling at a glance that a result is already what the contract says.

Validating a page of log entries anew costs more than making it, and nearly
every handler returns the contract's own models, validated when they were made.
A glance looks at what can still be wrong with those: a field that was assigned
or left out, an instance that was never validated, a subclass, a value of a
subclass of `str`. It says yes only where validation would change nothing; in
doubt it says no, and the result is validated. It runs no code of the plugin:
it asks only for exact types.
"""

from __future__ import annotations

import datetime as dt
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, TypeAlias, cast

import pydantic

Glance: TypeAlias = Callable[[Any], bool]
"""Says yes where a value is exactly as validation would return it."""

ATOMS = frozenset({bool, dt.datetime, float, int, str, type(None)})
"""Types without parts, whose exact instances pydantic returns as they are."""

_HARMLESS = frozenset({'extra', 'frozen', 'hide_input_in_errors', 'title'})
"""Configuration of a model that changes no value of the right type."""

_VALIDATORS = (
    'field_validators',
    'model_validators',
    'root_validators',
    'validators',
)
"""What a model may be decorated with that only validation can run."""


def glance(annotation: Any) -> Glance | None:  # noqa: ANN401  any annotation
    """Return a glance for an annotation; None where only validation can tell.

    Args:
        annotation: As a contract has it, without forward references.
    """
    try:
        return _glance(annotation)
    except RecursionError:  # a model that holds itself
        return None


def _glance(annotation: Any) -> Glance | None:  # noqa: ANN401  as above
    kinds = _kinds(annotation)
    if kinds is not None:
        return _atom(kinds)
    if annotation is Any:
        return _is_plain
    if isinstance(annotation, type) and issubclass(
        annotation, pydantic.BaseModel
    ):
        return _model(annotation)
    return _composed(annotation)


def _composed(annotation: Any) -> Glance | None:  # noqa: ANN401  as above
    origin: Any = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is Literal:
        return _literal(arguments)
    make = _COMPOSED.get(origin)
    if make is None or not arguments:
        return None
    if origin is dict and arguments[0] is not str:
        return None
    if make is _union and [*map(_kinds, arguments)].count(None) > 1:
        return None  # of two that fit, pydantic chooses by what is set
    looks = [look for one in arguments if (look := _glance(one)) is not None]
    return make(looks) if len(looks) == len(arguments) else None


def _kinds(annotation: Any) -> frozenset[type] | None:  # noqa: ANN401  as above
    """Return the types of an atom, or of a union of atoms."""
    parts: Iterable[Any] = (
        typing.get_args(annotation)
        if typing.get_origin(annotation) in {typing.Union, types.UnionType}
        else (type(None) if annotation is None else annotation,)
    )
    # Only a type can be hashed for sure.
    if any(not isinstance(part, type) or part not in ATOMS for part in parts):
        return None
    return frozenset(parts)


def _is_text(text: str) -> bool:
    """Tell whether pydantic takes a text: no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _atom(kinds: frozenset[type]) -> Glance:
    def look(value: Any) -> bool:  # noqa: ANN401  as above
        kind = type(value)  # pyright: ignore[reportUnknownVariableType]
        if kind is str and not value.isascii() and not _is_text(value):
            return False
        return kind in kinds

    return look


def _literal(values: tuple[Any, ...]) -> Glance | None:
    allowed = frozenset(values)
    if any(type(value) is not str for value in values):
        return None  # 1 and True are one member of a set
    return lambda value: type(value) is str and value in allowed


def _union(looks: list[Glance]) -> Glance:
    return lambda value: any(look(value) for look in looks)


def _list(looks: list[Glance]) -> Glance:
    (look,) = looks

    def look_at(value: Any) -> bool:  # noqa: ANN401  as above
        if type(value) is not list:
            return False
        return all(map(look, cast('list[object]', value)))

    return look_at


def _tuple(looks: list[Glance]) -> Glance:
    def look_at(value: Any) -> bool:  # noqa: ANN401  as above
        if type(value) is not tuple:
            return False
        items = cast('tuple[object, ...]', value)
        return len(items) == len(looks) and all(
            look(item) for look, item in zip(looks, items, strict=True)
        )

    return look_at


def _dict(looks: list[Glance]) -> Glance:
    look = looks[-1]

    def look_at(value: Any) -> bool:  # noqa: ANN401  as above
        if type(value) is not dict:
            return False
        if not value:
            return True
        entries = cast('dict[object, object]', value)
        for key, item in entries.items():
            if type(key) is not str or not look(item):
                return False
            if not key.isascii() and not _is_text(key):
                return False
        return True

    return look_at


_COMPOSED: dict[object, Callable[[list[Glance]], Glance]] = {
    typing.Union: _union,
    types.UnionType: _union,
    dict: _dict,
    list: _list,
    tuple: _tuple,
}


def _is_plain(value: object) -> bool:
    """Tell whether data of any shape holds no model, which is laid bare."""
    kind = type(value)
    if kind in ATOMS:
        return True
    if kind is dict:
        return all(
            map(_is_plain, cast('dict[object, object]', value).values())
        )
    if kind is list or kind is tuple:
        return all(map(_is_plain, cast('list[object]', value)))
    return not isinstance(value, pydantic.BaseModel)


def _model(model: type[pydantic.BaseModel]) -> Glance | None:
    """Return the glance of a model that asks nothing beyond its types."""
    decorators = model.__pydantic_decorators__
    if (
        not model.model_config.keys() <= _HARMLESS
        or any(getattr(decorators, name) for name in _VALIDATORS)
        or model.__pydantic_post_init__ is not None
        or not _HOOKS.isdisjoint(_declared(model))
    ):
        return None
    atoms: dict[str, frozenset[type]] = {}
    others: dict[str, Glance] = {}
    for name, field in model.model_fields.items():
        kinds, look = _kinds(field.annotation), _glance(field.annotation)
        if look is None or any(getattr(field, name) for name in _ASKED):
            return None
        if kinds is not None:
            atoms[name] = kinds
        else:
            others[name] = look
    is_open = model.model_config.get('extra') == 'allow'
    return _fields(
        model,
        tuple(atoms.items()),
        tuple(others.items()),
        _open(model) if is_open else _is_none,
    )


_HOOKS = frozenset(
    {
        '__get_pydantic_core_schema__',
        '__init__',
        '__new__',
        '__pydantic_extra__',
    }
)
"""What a model may declare to make its own validation."""

_ASKED = ('alias', 'discriminator', 'metadata', 'validation_alias')
"""What a field may ask for beyond its type."""


def _is_none(value: object) -> bool:
    return value is None


_plain_dict = _dict([_is_plain])


def _open(model: type[pydantic.BaseModel]) -> Glance:
    """Return the glance of extra fields: data, and not in a field's place."""
    names = frozenset(model.model_fields)

    def look(value: Any) -> bool:  # noqa: ANN401  as above
        if type(value) is not dict:
            return False
        found = cast('dict[str, object]', value)
        return not found or (_plain_dict(found) and names.isdisjoint(found))

    return look


def _declared(model: type) -> Iterator[str]:
    """Yield what a model and its bases up to pydantic's own declare."""
    for base in model.__mro__:
        if base is pydantic.BaseModel:
            return
        yield from vars(base)
        yield from inspect.get_annotations(base)


def _fields(
    model: type[pydantic.BaseModel],
    atoms: tuple[tuple[str, frozenset[type]], ...],
    others: tuple[tuple[str, Glance], ...],
    extra: Glance,
) -> Glance:
    """Return the glance of a model's fields, each once and no other."""
    count = len(atoms) + len(others)

    def look(value: Any) -> bool:  # noqa: ANN401  as above
        if type(value) is not model:
            return False
        try:
            beyond = value.__pydantic_extra__
            return extra(beyond) and look_inside(vars(value))
        except (AttributeError, KeyError):  # never made, or not wholly
            return False

    def look_inside(fields: dict[str, Any]) -> bool:
        for name, kinds in atoms:
            item = fields[name]
            kind = type(item)  # pyright: ignore[reportUnknownVariableType]
            if kind not in kinds:
                return False
            if kind is str and not item.isascii() and not _is_text(item):
                return False
        for name, look_at in others:
            if not look_at(fields[name]):
                return False
        return len(fields) == count

    return look
