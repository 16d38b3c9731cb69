"""Annotations as canonical text, and how two of them stand to each other.

The text is Python: `list[LogEntry]`, `str | None`, `Literal['a', 'b']`; a
union and a literal are sorted, so that equal types have equal texts in every
process and Python version.
"""

from __future__ import annotations

import ast
import types
import typing
from typing import Any, Literal, TypeAlias

Relation: TypeAlias = Literal['same', 'wider', 'narrower', 'other']
"""How a new type stands to an old one: which values it takes."""

_Atom: TypeAlias = tuple[str, tuple[Any, ...]]
"""A name and its arguments, each a set of alternatives; a literal is its
type's name with the value's text behind a mark."""

_Alternatives: TypeAlias = frozenset[_Atom]

_LITERAL = 'Literal:'
_EVERYTHING = frozenset({'Any', 'object'})


def spelled(annotation: Any) -> str:  # noqa: ANN401  any annotation
    """Return an annotation as canonical text."""
    origin: Any = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is typing.Annotated:
        return spelled(arguments[0])
    if origin in {typing.Union, types.UnionType}:
        parts = {spelled(part) for part in arguments}
        return ' | '.join(sorted(parts, key=lambda one: (one == 'None', one)))
    name = None if _is_list(annotation) else _NAMES.get(annotation)
    name = name or getattr(origin or annotation, '__name__', str(annotation))
    if origin is Literal:
        return f'Literal[{", ".join(sorted(map(repr, arguments)))}]'
    if _is_list(annotation):  # the parameters of a callable
        return f'[{", ".join(map(spelled, annotation))}]'
    if arguments:
        return f'{name}[{", ".join(map(spelled, arguments))}]'
    return str(name)


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


def _alternatives(text: str) -> _Alternatives:
    return _read(ast.parse(text, mode='eval').body)


def _read(node: ast.expr) -> _Alternatives:
    """Return what a piece of canonical text allows."""
    if isinstance(node, ast.BinOp):
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
    if (name, outer) == ('int', 'float'):  # PEP 484: int is fine for float
        return True
    return (
        name == outer
        and len(arguments) == len(room)
        and all(_within(a, b) for a, b in zip(arguments, room, strict=True))
    )
