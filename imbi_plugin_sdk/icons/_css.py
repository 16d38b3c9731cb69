"""Style sheets and style attributes, read with tinycss2.

Only what is needed to turn them into presentation attributes: rules with
type, class, id, compound, descendant and child selectors, and declarations
as text for the value grammars. tinycss2 has no type information; this is the
one module that touches it.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from imbi_plugin_sdk.icons import _lexis
from imbi_plugin_sdk.icons._problems import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imbi_plugin_sdk.icons._model import Grade

MAX_RULES = 2_000
"""Selectors, and pieces that are not understood, in one style sheet."""
MAX_PRELUDE = 1_000
"""Tokens before the brace of one rule."""
MAX_PARTS = 12
"""Compounds in one selector."""
MAX_SIMPLE = 16
"""Ids and classes in one compound selector."""
MAX_CALLS = 3
"""Functions within functions in one value, as `var(--x, rgb(...))`."""
MAX_VALUE = 8_192
"""Characters of one value; only `d: path()` comes near."""

_MAX_DIGITS = 600
"""Digits of one number: Python may be set to read no more than 640."""
_LONG_NUMBER = re.compile(f'[0-9]{{{_MAX_DIGITS + 1}}}').search

_SPACES = re.compile(f'[{_lexis.SPACES}]+').sub

Token: TypeAlias = Any
"""A token of tinycss2, which ships no types."""


class Declaration(NamedTuple):
    """One property with its value as text, comments taken out."""

    name: str
    value: str
    important: bool
    line: int
    column: int


class Dropped(NamedTuple):
    """A piece of style that is not understood, and so not kept."""

    what: str
    why: str
    grade: Grade | None
    value: str
    line: int
    column: int


_NOT_READ = Dropped(
    'style',
    f'a number has more than {_MAX_DIGITS} digits',
    'visual',
    '',
    1,
    1,
)


class Compound(NamedTuple):
    """Simple selectors that one element must match together."""

    element: str | None
    ids: tuple[str, ...]
    classes: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Selector:
    """Compounds from the outermost to the subject.

    Attributes:
        parts: The compounds; at least one.
        combinators: Between each and the next: descendant or child.
        specificity: Counts of ids, classes and types.
    """

    parts: tuple[Compound, ...]
    combinators: tuple[Literal[' ', '>'], ...]
    specificity: tuple[int, int, int]


class StyleRule(NamedTuple):
    """One selector with what it declares."""

    selector: Selector
    declarations: tuple[Declaration, ...]


_INERT_RULES = frozenset({'charset', 'counter-style', 'keyframes', 'page'})
_EMPTY_COMPOUND = Compound(None, (), ())


@functools.lru_cache(maxsize=256)
def style_attribute(
    text: str,
) -> tuple[tuple[Declaration, ...], tuple[Dropped, ...]]:
    """Return the declarations of a `style` attribute."""
    import tinycss2  # type: ignore[import-untyped]  # noqa: PLC0415  lazy

    if _LONG_NUMBER(text):
        return (), (_NOT_READ,)
    return _declarations(
        tinycss2.parse_blocks_contents(text, skip_whitespace=True)
    )


def style_sheet(text: str) -> tuple[list[StyleRule], list[Dropped]]:
    """Return the rules of a style sheet, in order."""
    import tinycss2  # noqa: PLC0415  lazy

    if _LONG_NUMBER(text):
        return [], [_NOT_READ]
    rules: list[StyleRule] = []
    dropped: list[Dropped] = []
    # Comments are only left out here: without them, `re/**/d` would be `red`.
    for node in tinycss2.parse_stylesheet(text, skip_whitespace=True):
        if node.type == 'comment':
            continue
        if len(rules) + len(dropped) > MAX_RULES:
            raise refusal(
                'icon_too_complex',
                f'The style sheet has more than {MAX_RULES:,} rules.',
            )
        if node.type != 'qualified-rule':
            dropped.append(_dropped_rule(node))
            continue
        selectors, faults = _selectors(node.prelude)
        dropped += [
            Dropped(
                fault,
                'only type, class, id, descendant and child selectors are '
                'understood',
                None,
                '',
                node.source_line,
                node.source_column,
            )
            for fault in faults
        ]
        declarations, refused = _declarations(
            tinycss2.parse_blocks_contents(node.content, skip_whitespace=True)
        )
        dropped += refused
        rules += [StyleRule(selector, declarations) for selector in selectors]
    return rules, dropped


def _dropped_rule(node: Token) -> Dropped:
    """Return the record of an at-rule or of a fault in the sheet."""
    if node.type != 'at-rule':
        return Dropped(
            'style rule',
            'it is not CSS',
            'visual',
            '',
            node.source_line,
            node.source_column,
        )
    name = node.lower_at_keyword
    active = name in {'import', 'font-face', 'namespace', 'document'}
    # A layer without a block only names one.
    inert = name in _INERT_RULES or (name == 'layer' and not node.content)
    if name == 'media':
        query = (_text(node.prelude, 1) or '').strip().lower()
        inert = query in {'print', 'speech'}
    return Dropped(
        f'@{node.at_keyword[:40]}',
        'it can fetch' if active else 'at-rules are not understood',
        'active' if active else 'inert' if inert else 'visual',
        '',
        node.source_line,
        node.source_column,
    )


def _declarations(
    nodes: Iterable[Token],
) -> tuple[tuple[Declaration, ...], tuple[Dropped, ...]]:
    """Return the declarations of a block, and what else stood there."""
    found: list[Declaration] = []
    dropped: list[Dropped] = []
    for node in nodes:
        if node.type == 'comment':
            continue
        line, column = node.source_line, node.source_column
        if node.type != 'declaration':
            what = f'@{node.at_keyword[:40]}' if node.type == 'at-rule' else ''
            dropped.append(
                Dropped(
                    what or 'declaration',
                    'it is not a declaration',
                    'visual',
                    '',
                    line,
                    column,
                )
            )
            continue
        value = _text(node.value, MAX_CALLS)
        if value is None or len(value) > MAX_VALUE:
            dropped.append(
                Dropped(
                    node.name[:60],
                    'the value is nested, too long or not CSS',
                    None,
                    _glimpse(node.value),
                    line,
                    column,
                )
            )
            continue
        found.append(
            Declaration(
                node.lower_name,
                _SPACES(' ', value).strip(' '),
                bool(node.important),
                line,
                column,
            )
        )
    return tuple(found), tuple(dropped)


def _text(tokens: Sequence[Token], calls: int) -> str | None:
    """Return tokens as CSS text; None where they nest or hold faults."""
    parts: list[str] = []
    for token in tokens:
        kind = token.type
        if kind in {'whitespace', 'comment'}:
            parts.append(' ')
        elif kind == 'function':
            inner = _text(token.arguments, calls - 1) if calls else None
            if inner is None:
                return None
            parts.append(f'{token.name}({inner})')
        elif kind in {'error', '() block', '[] block', '{} block'}:
            return None
        else:
            parts.append(token.serialize())
    return ''.join(parts)


def _glimpse(tokens: Sequence[Token]) -> str:
    """Return names enough to grade a value that is not text."""
    return ' '.join(
        f'{token.name}(' if token.type == 'function' else token.type
        for token in tokens[:50]
    ).replace('url(', 'url( ')


def _selectors(prelude: Sequence[Token]) -> tuple[list[Selector], list[str]]:
    """Return the selectors of a rule, and those that are not understood."""
    found: list[Selector] = []
    faults: list[str] = []
    if len(prelude) > MAX_PRELUDE:
        return [], ['selectors']
    group: list[Token] = []
    for token in [*prelude, None]:
        if token is not None and not _is(token, ','):
            group.append(token)
            continue
        selector = _selector(group)
        if selector is None:
            faults.append((_text(group, 1) or 'selector').strip()[:60])
        else:
            found.append(selector)
        group = []
    return found, faults


def _selector(tokens: Sequence[Token]) -> Selector | None:
    """Return one complex selector, or None where it is not understood."""
    parts: list[Compound] = []
    combinators: list[Literal[' ', '>']] = []
    current = _EMPTY_COMPOUND
    started = False
    pending: Literal['', ' ', '>'] = ''
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.type in {'whitespace', 'comment'}:
            if started and not pending and token.type == 'whitespace':
                pending = ' '
            position += 1
            continue
        if _is(token, '>'):
            if not started or pending == '>':
                return None
            pending = '>'
            position += 1
            continue
        if pending:
            parts.append(current)
            combinators.append(pending)
            current, started, pending = _EMPTY_COMPOUND, False, ''
        step = _simple(tokens, position, current, started=started)
        if step is None:
            return None
        current, position = step
        started = True
        if len(current.ids) + len(current.classes) > MAX_SIMPLE:
            return None
    if not started or pending == '>' or len(parts) >= MAX_PARTS:
        return None
    parts.append(current)
    return Selector(tuple(parts), tuple(combinators), _specificity(parts))


def _simple(
    tokens: Sequence[Token], position: int, current: Compound, *, started: bool
) -> tuple[Compound, int] | None:
    """Add the simple selector at `position` to a compound."""
    token = tokens[position]
    if token.type == 'ident' and not started:
        return current._replace(element=token.value), position + 1
    if _is(token, '*') and not started:
        return current, position + 1
    if token.type == 'hash' and token.is_identifier:
        return current._replace(ids=(*current.ids, token.value)), position + 1
    if _is(token, '.') and position + 1 < len(tokens):
        name = tokens[position + 1]
        if name.type == 'ident':
            classes = (*current.classes, name.value)
            return current._replace(classes=classes), position + 2
    return None


def _specificity(parts: Sequence[Compound]) -> tuple[int, int, int]:
    """Return the specificity of a selector (Selectors 4, section 17)."""
    return (
        sum(len(part.ids) for part in parts),
        sum(len(part.classes) for part in parts),
        sum(part.element is not None for part in parts),
    )


def _is(token: Token, sign: str) -> bool:
    """Return whether a token is a sign such as `>`."""
    return bool(token.type == 'literal' and token.value == sign)
