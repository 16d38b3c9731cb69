"""Types, docstrings and tables as Markdown."""

from __future__ import annotations

import inspect
import re
import textwrap
import types
import typing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pydantic

NOTE = '<!-- Written by docs/generate.py from the code itself. -->'
"""Second line of every generated page; tests find the pages by it."""

_INTERNAL = re.compile(r'\s*\((?:DESIGN|LAWS)\b[^()]*\)')
"""References of docstrings to pages that readers of these do not have."""

SECTIONS = {'Args:': '', 'Raises:': 'Raises:', 'Returns:': 'Returns:'}
"""Google's section headings to ours."""


def page(title: str, *parts: Iterable[str]) -> str:
    """Return a page of a title and blocks of lines, one blank line apart."""
    blocks = ['\n'.join(part) for part in parts]
    head = f'# {title}\n\n{NOTE}'
    return '\n\n'.join([head, *(block for block in blocks if block)]) + '\n'


def cell(value: object) -> str:
    """Return text that stays inside one cell of a table."""
    return ' '.join(prose(str(value)).replace('|', '\\|').split())


def table(
    heads: Sequence[str], rows: Iterable[Sequence[object]]
) -> Iterator[str]:
    """Yield the lines of a table."""
    yield f'| {" | ".join(heads)} |'
    yield f'|{"---|" * len(heads)}'
    for row in rows:
        yield f'| {" | ".join(map(cell, row))} |'


def prose(text: str) -> str:
    """Return text with `<` and `*` escaped where it is not code."""
    pieces = re.split(r'(`[^`]*`)', _INTERNAL.sub('', text))
    return ''.join(
        piece
        if piece.startswith('`')
        else piece.replace('<', '&lt;').replace('*', '\\*')
        for piece in pieces
    )


def code(value: object) -> str:
    """Return a value as code."""
    text = str(value)
    return f'`` {text} ``' if '`' in text else f'`{text}`'


def first_paragraph(text: str) -> str:
    """Return the first paragraph of a docstring on one line."""
    return ' '.join(inspect.cleandoc(text).partition('\n\n')[0].split())


def type_text(annotation: Any) -> str:  # noqa: ANN401  any annotation
    """Return a type as an author would write it, the same on any Python."""
    if isinstance(annotation, list):
        return f'[{_joined(annotation, ", ")}]'
    if annotation in (None, type(None), Ellipsis):
        return '...' if annotation is Ellipsis else 'None'
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is typing.Annotated:
        return type_text(arguments[0])
    if origin is typing.Literal:
        return ' | '.join(map(repr, arguments))
    if origin in (typing.Union, types.UnionType):
        return _joined(arguments, ' | ')
    name = getattr(origin or annotation, '__name__', str(annotation))
    return f'{name}[{_joined(arguments, ", ")}]' if arguments else str(name)


def _joined(annotations: Iterable[Any], separator: str) -> str:
    return separator.join(map(type_text, annotations))


def fields(model: type[pydantic.BaseModel]) -> Iterator[str]:
    """Yield a table of a model's fields."""
    yield from table(
        ('Field', 'Type', 'Default', 'Meaning'),
        (
            (
                code(name),
                code(type_text(field.annotation)),
                _default(field),
                field.description or '',
            )
            for name, field in model.model_fields.items()
        ),
    )


def _default(field: Any) -> str:  # noqa: ANN401  pydantic's FieldInfo
    if field.is_required():
        return 'required'
    return code(repr(field.get_default(call_default_factory=True)))


def signature(function: Callable[..., Any], *, skip: int) -> str:
    """Return the parameters of a function from the one after `skip` on."""
    hints = typing.get_type_hints(function)
    shown: list[str] = []
    starred = False
    parameters = list(inspect.signature(function).parameters.values())
    for parameter in parameters[skip:]:
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            shown.append('*')
            starred = True
        text = f'{parameter.name}: {type_text(hints[parameter.name])}'
        if parameter.default is not parameter.empty:
            text += f' = {parameter.default!r}'
        shown.append(text)
    return f'({", ".join(shown)}) -> {type_text(hints["return"])}'


def docstring(text: str | None) -> Iterator[str]:
    """Yield a Google docstring as Markdown."""
    lines = inspect.cleandoc(text or '').splitlines()
    plain: list[str] = []
    while lines and lines[0] not in SECTIONS:
        plain.append(prose(lines.pop(0)))
    yield from '\n'.join(plain).strip().splitlines()
    while lines:
        heading = SECTIONS[lines.pop(0)]
        body: list[str] = []
        while lines and lines[0] not in SECTIONS:
            body.append(lines.pop(0))
        told = textwrap.dedent('\n'.join(body)).strip()
        yield ''
        if heading == 'Returns:':
            yield f'Returns: {prose(" ".join(told.split()))}'
            continue
        if heading:
            yield heading
            yield ''
        yield from _entries(told)


def _entries(told: str) -> Iterator[str]:
    for entry in re.split(r'\n(?=\S)', told):
        name, _, meaning = entry.partition(':')
        yield f'- {code(name)}: {prose(" ".join(meaning.split()))}'


__all__ = [
    'NOTE',
    'code',
    'docstring',
    'fields',
    'first_paragraph',
    'page',
    'signature',
    'table',
    'type_text',
]
