"""Whether what came back is what the contract declares."""

from __future__ import annotations

import datetime as dt
import functools
import types
from typing import TYPE_CHECKING, Any, cast, get_args, get_origin

import pydantic

from imbi_plugin_sdk._text import shown
from imbi_plugin_testkit.comparing import Words, with_values

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 20
"""Levels looked into; no model of the contract is deeper than five."""


def return_problems(
    result: object, declared: object
) -> Iterator[tuple[str, str]]:
    """Yield path and message of all that is wrong with a return value.

    Args:
        result: What a method returned.
        declared: The contract's annotation of it; Any takes everything.
    """
    wrong = False
    for problem in shape_problems(result, declared):
        wrong = True
        yield problem
    if not wrong:
        yield from _naive(result, '')


def shape_problems(
    result: object, declared: object
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong but for datetimes that have no time zone.

    Values are validated strictly and anew, since a model that was built
    around validation passes as an instance; and a dict never passes as a
    model, since the host reads attributes.

    Args:
        result: What a method returned.
        declared: The contract's annotation of it; Any takes everything.
    """
    if declared in (None, types.NoneType):
        if result is not None:
            message = f'{_kind(result)} came back where None is declared.'
            yield '', with_values(message, _type(result), Words('None'))
        return
    if get_origin(declared) is list and isinstance(result, tuple):
        result = list(result)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if declared is not Any:
        try:
            valid = _adapter(declared).validate_python(
                _plain(result), strict=True
            )
        except pydantic.ValidationError as error:
            for detail in error.errors(include_url=False):
                path, told = _path(detail['loc']), _sentence(detail['msg'])
                message = f'{told} ({name(declared)})'
                yield (
                    path,
                    with_values(message, _type(detail['input']), Words(told)),
                )
            return
        yield from _impostors(result, valid, '')


@functools.cache
def _adapter(declared: Any) -> pydantic.TypeAdapter[Any]:  # noqa: ANN401  an annotation
    return pydantic.TypeAdapter(declared)


_LEAVES = frozenset({bool, dt.datetime, float, int, str, types.NoneType})
"""Types with nothing within; most values are of one of them."""


def name(declared: object) -> str:
    """Return an annotation as an author writes it."""
    arguments = get_args(declared)
    origin = get_origin(declared)
    if origin is None or not arguments:
        return getattr(declared, '__name__', str(declared))
    inside = ', '.join(name(argument) for argument in arguments)
    return f'{getattr(origin, "__name__", origin)}[{inside}]'


def _plain(value: Any, depth: int = DEEPEST) -> Any:  # noqa: ANN401  a stranger's
    """Return models as dicts of their attributes, whatever made them."""
    if type(value) in _LEAVES:
        return value
    if depth and isinstance(value, pydantic.BaseModel):
        fields = {
            key: _plain(getattr(value, key), depth - 1)
            for key in type(value).model_fields
            if key in value.__dict__
        }
        # A subclass of the author's may have fields that the contract lacks.
        return fields | (value.__pydantic_extra__ or {})
    if depth and isinstance(value, list):
        return [_plain(item, depth - 1) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if depth and isinstance(value, tuple):
        return tuple(_plain(item, depth - 1) for item in value)  # pyright: ignore[reportUnknownVariableType]
    return value


def _impostors(
    result: Any,  # noqa: ANN401  a stranger's
    valid: Any,  # noqa: ANN401  what it validates to
    path: str,
) -> Iterator[tuple[str, str]]:
    """Yield where something validates as a model without being one."""
    if isinstance(valid, pydantic.BaseModel):
        model = type(valid)
        if not isinstance(result, model):
            must = f'a {model.__name__} is declared; the host reads attributes'
            message = f'{_kind(result)} came back where {must}.'
            yield (
                path,
                with_values(message, _type(result), Words(model.__name__)),
            )
            return
        for key in model.model_fields:
            wanted = getattr(valid, key)
            if type(wanted) not in _LEAVES:
                yield from _impostors(
                    getattr(result, key, None), wanted, f'{path}.{key}'
                )
    elif isinstance(valid, (list, tuple)):
        for index, wanted in enumerate(cast('list[Any]', valid)):
            yield from _impostors(result[index], wanted, f'{path}[{index}]')


def _naive(
    value: Any,  # noqa: ANN401  a stranger's
    path: str,
    depth: int = DEEPEST,
) -> Iterator[tuple[str, str]]:
    """Yield where a datetime has no time zone."""
    if isinstance(value, dt.datetime):
        if value.utcoffset() is None:
            must = 'every datetime must be timezone-aware'
            told = f'{shown(value.isoformat())} has no time zone; {must}.'
            zoned = value.replace(tzinfo=dt.UTC)
            yield path, with_values(told, value, zoned)
    elif not depth:
        return
    elif isinstance(value, pydantic.BaseModel):
        for key, item in value:
            yield from _naive(item, f'{path}.{key}', depth - 1)
    elif isinstance(value, dict):
        for key, item in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield from _naive(item, f'{path}[{key!r}]', depth - 1)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            yield from _naive(item, f'{path}[{index}]', depth - 1)


def _type(value: object) -> Words:
    return Words(type(value).__name__)


def _kind(value: object) -> str:
    """Return the type of a value, and nothing of the value itself."""
    return f'a value of type {type(value).__name__}'


def _path(location: tuple[int | str, ...]) -> str:
    return ''.join(
        f'[{part}]' if isinstance(part, int) else f'.{part}'
        for part in location
    )


def _sentence(text: str) -> str:
    return f'{text[:1].lower()}{text[1:]}'
