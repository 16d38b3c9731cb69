"""Annotations as canonical text, and how two of them stand to each other.

The text is Python: `list[LogEntry]`, `str | None`, `Literal['a', 'b']`; a
union and a literal are sorted, so that equal types have equal texts in every
process and Python version.
"""

from __future__ import annotations

import ast
import enum
import json
import types
import typing
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import pydantic

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Relation: TypeAlias = Literal['same', 'wider', 'narrower', 'other']
"""How a new type stands to an old one: which values it takes."""

_Atom: TypeAlias = tuple[str, tuple[Any, ...]]
"""A name and its arguments, each a set of alternatives; a literal is its
type's name with the value's text behind a mark."""

_Alternatives: TypeAlias = frozenset[_Atom]

_LITERAL = 'Literal:'
_EVERYTHING = frozenset({'Any', 'object'})

_SUPERTYPES = {
    'dict': ('Mapping', 'MutableMapping'),
    'frozenset': ('Collection', 'Iterable', 'Set'),
    'int': ('float',),  # PEP 484: int is fine for float
    'list': ('Collection', 'Iterable', 'MutableSequence', 'Sequence'),
    'set': ('Collection', 'Iterable', 'MutableSet', 'Set'),
    'Sequence': ('Collection', 'Iterable'),
    'tuple': ('Collection', 'Iterable', 'Sequence'),
}
"""Name of a type to those that take all its values; `bool` is no `int` here,
since `True` is no number where it is shown."""


def spelled(annotation: Any) -> str:  # noqa: ANN401  any annotation
    """Return an annotation as canonical text."""
    origin: Any = typing.get_origin(annotation)
    arguments: Sequence[Any] = typing.get_args(annotation)
    if origin is typing.Annotated:
        asked = [f'{name}={value!r}' for name, value in asked_of(arguments)]
        base = spelled(arguments[0])
        return f'Annotated[{base}, {str(asked)[1:-1]}]' if asked else base
    if origin in {typing.Union, types.UnionType}:
        parts = {spelled(part) for part in arguments}
        return ' | '.join(sorted(parts, key=lambda one: (one == 'None', one)))
    name = None if _is_list(annotation) else _NAMES.get(annotation)
    name = name or getattr(origin or annotation, '__name__', str(annotation))
    if isinstance(annotation, enum.EnumType):  # a plugin writes `Kind.NAME`
        members = cast('type[enum.Enum]', annotation).__members__.items()
        origin = Literal
        arguments = [f'{name}.{key}={one.value!r}' for key, one in members]
    if origin is Literal:
        return f'Literal[{", ".join(sorted(map(repr, arguments)))}]'
    if _is_list(annotation):  # the parameters of a callable
        return f'[{", ".join(map(spelled, annotation))}]'
    if arguments:
        return f'{name}[{", ".join(map(spelled, arguments))}]'
    return str(name)


def asked_of(metadata: Iterable[object]) -> list[tuple[str, Any]]:
    """Return what metadata asks of a value beyond its type, by name."""
    asked: list[tuple[str, Any]] = []
    for item in metadata:
        if isinstance(item, pydantic.fields.FieldInfo):
            asked += asked_of(item.metadata)
        elif isinstance(item, type):  # `ImportString` marks with itself
            if item.__module__.startswith('pydantic.'):
                asked.append((item.__name__, True))
        else:
            names = getattr(type(item), '__slots__', ())
            names = names or getattr(item, '__dict__', ())
            found = [(name, getattr(item, name, None)) for name in names]
            asked += [(n, plain(v)) for n, v in found if v is not None]
    return sorted(asked)


def plain(value: object) -> Any:  # noqa: ANN401  JSON data
    """Return a value as JSON has it."""
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(mode='json')
    return json.loads(json.dumps(value, default=repr))


_NAMES: dict[object, str] = {None: 'None', type(None): 'None', ...: '...'}
"""What is not called as it is written."""


def _is_list(annotation: object) -> typing.TypeGuard[list[Any]]:
    return isinstance(annotation, list)


def relation(old: str, new: str) -> Relation:
    """Say how a new type stands to an old one.

    Args:
        old: Canonical text.
        new: Canonical text.

    Returns:
        `wider` where the new one takes all values of the old one and more,
        `narrower` where it takes some of them, `other` where neither holds.
    """
    if old == new:
        return 'same'
    before, after = _alternatives(old), _alternatives(new)
    grown, shrunk = _within(before, after), _within(after, before)
    if grown and shrunk:
        return 'same'
    if grown:
        return 'wider'
    return 'narrower' if shrunk else 'other'


def check_type(text: str) -> str:
    """Return canonical text as it is.

    Raises:
        ValueError: It is none.
    """
    try:
        _alternatives(text)
    except (MemoryError, RecursionError, SyntaxError, ValueError) as error:
        raise ValueError('is not the text of a type') from error
    return text


def _alternatives(text: str) -> _Alternatives:
    return _read(ast.parse(text, mode='eval').body)


def _read(node: ast.expr) -> _Alternatives:
    """Return what a piece of canonical text allows."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _read(node.left) | _read(node.right)
    if isinstance(node, ast.Subscript):
        name = ast.unparse(node.value)
        inside = (
            node.slice.elts
            if isinstance(node.slice, ast.Tuple)
            else [node.slice]
        )
        if name == 'Literal':
            return frozenset(map(_literal, inside))
        if name == 'Callable':  # parameters vary the other way: told as other
            return frozenset({(ast.unparse(node), ())})
        return frozenset({(name, tuple(_read(part) for part in inside))})
    return frozenset({(ast.unparse(node), ())})


def _literal(node: ast.expr) -> _Atom:
    value: object = ast.literal_eval(node)
    if value is None:
        return 'None', ()
    return f'{_LITERAL}{type(value).__name__}', (repr(value),)


def _within(inner: _Alternatives, outer: _Alternatives) -> bool:
    """Tell whether every value of one type is one of the other."""
    return all(any(_fits(one, other) for other in outer) for one in inner)


def _fits(one: _Atom, other: _Atom) -> bool:
    """Tell whether one alternative lies within another."""
    name, arguments = one
    outer, room = other
    if one == other or outer in _EVERYTHING:
        return True
    if name.startswith(_LITERAL):
        return not room and outer == name.removeprefix(_LITERAL)
    if name == 'Annotated' and arguments:  # a part of what the bare type takes
        return _within(arguments[0], frozenset({other}))
    if name != outer and outer not in _SUPERTYPES.get(name, ()):
        return False
    if name == 'tuple':  # of any length, or of parts
        is_long = arguments[-1:] == (_REST,)
        if outer != name or room[-1:] == (_REST,):
            room = room[:1]
            arguments = arguments[:1] if is_long else arguments
            return all(_within(a, b) for a in arguments for b in room)
    return len(arguments) == len(room) and all(
        _within(a, b) for a, b in zip(arguments, room, strict=True)
    )


_REST: _Alternatives = frozenset({('...', ())})
"""What stands behind the type of a tuple of any length."""
