"""From style sheets and style attributes to presentation attributes.

The cascade of CSS for what an icon can have: author rules in order of
importance, specificity and position, over presentation attributes and under
style attributes (SVG 2, section 6.4). Afterwards no selector is left that
could touch another picture or the page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from imbi_plugin_sdk.icons import _css, _lexis, _style_values
from imbi_plugin_sdk.icons import _svg_grades as grades
from imbi_plugin_sdk.icons._node import Node
from imbi_plugin_sdk.icons._parse import MAX_STYLE
from imbi_plugin_sdk.icons._problems import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_sdk.icons._source import Source

MAX_WORK = 60_000
"""Selector steps and applied declarations; real icons need under 2,000."""

_Order: TypeAlias = tuple[bool, int, int, int, int, int]
_Match: TypeAlias = tuple[_Order, _css.Declaration, int]
_STYLE_ATTRIBUTE = 1
_WORDS = re.compile(f'[^{_lexis.SPACES}]+').findall
_STYLE_TYPES = frozenset({'', 'text/css'})
_STYLE_MEDIA = frozenset({'', 'all', 'screen'})


class _Subject:
    """What selectors look at: an element's name, id and classes."""

    __slots__ = ('classes', 'identifier', 'node')

    def __init__(self, node: Node) -> None:
        self.node = node
        self.identifier = node.raw.get('id')
        self.classes = frozenset(_WORDS(node.raw.get('class', '')))

    def matches(self, compound: _css.Compound) -> bool:
        """Return whether the element matches every simple selector."""
        return (
            (compound.element is None or compound.element == self.node.name)
            and all(name == self.identifier for name in compound.ids)
            and all(name in self.classes for name in compound.classes)
        )


class Cascade:
    """Every style of one document, applied to its elements.

    Args:
        root: The tree; `style` elements are taken out of it.
        source: Where removals are noted.
    """

    def __init__(self, root: Node, source: Source) -> None:
        self.source = source
        self.work = 0
        self.rules: list[tuple[_css.StyleRule, int]] = []
        self.subjects: dict[Node, _Subject] = {}
        # One declaration may apply to thousands of elements.
        self.matched: dict[
            tuple[str, str, str], dict[str, _style_values.Styled] | None
        ] = {}
        self.refused: set[tuple[int, int, int, str]] = set()
        sheets, styled, characters = _find_styles(root)
        if characters > MAX_STYLE:
            raise refusal(
                'icon_too_complex',
                f'More than {MAX_STYLE:,} characters of style.',
            )
        for sheet in sheets:
            self._read_sheet(sheet)
        self.active = bool(self.rules) or styled
        self._named = frozenset(
            name
            for rule, _ in self.rules
            for part in rule.selector.parts
            for name in part.classes
        )

    def is_named(self, classes: str) -> bool:
        """Return whether a rule names one of the words of a `class`."""
        return not self._named.isdisjoint(_WORDS(classes))

    def _read_sheet(self, node: Node) -> None:
        """Take the rules of one `style` element."""
        kind = node.raw.get('type', '').strip().lower()
        media = node.raw.get('media', '').strip().lower()
        text = ''.join(child for child in node.children if type(child) is str)
        if kind not in _STYLE_TYPES or media not in _STYLE_MEDIA:
            self.source.remove(
                node.offset,
                '<style>',
                'it is not CSS for a screen',
                'visual' if kind in _STYLE_TYPES else 'inert',
            )
            return
        rules, dropped = _css.style_sheet(text)
        self.rules += [(rule, node.offset) for rule in rules]
        for piece in dropped:
            self._note(piece, self._place(node.offset, piece))

    def _place(
        self, offset: int, piece: _css.Dropped | _css.Declaration
    ) -> int:
        """Return where a piece of a sheet stands in the document."""
        return self.source.inside(offset, piece.line, piece.column)

    def _place_in(
        self, offset: int, piece: _css.Dropped | _css.Declaration
    ) -> int:
        """Return where a piece of a style attribute stands."""
        return self.source.inside_attribute(
            offset, 'style', piece.line, piece.column
        )

    def _note(self, piece: _css.Dropped, offset: int) -> None:
        """Note a piece of style that was not understood."""
        grade = piece.grade
        if grade is None:
            grade = (
                'active' if grades.is_active_value(piece.value) else 'visual'
            )
        self.source.remove(offset, piece.what, piece.why, grade)

    def apply(self, node: Node) -> dict[str, _style_values.Styled]:
        """Return what style sheets and attributes say about an element."""
        found = list(self._from_rules(node))
        text = node.raw.get('style')
        if text:
            declarations, dropped = _css.style_attribute(text)
            for piece in dropped:
                self._note(piece, self._place_in(node.offset, piece))
            found += [
                (
                    (one.important, _STYLE_ATTRIBUTE, 0, 0, 0, index),
                    one,
                    node.offset,
                )
                for index, one in enumerate(declarations)
            ]
        self._spend(len(found))
        found.sort(key=_order)
        result: dict[str, _style_values.Styled] = {}
        for one in found:
            self._declare(node, one, result)
        return result

    def _declare(
        self,
        node: Node,
        found: _Match,
        result: dict[str, _style_values.Styled],
    ) -> None:
        """Let one declaration win over those before it, if it is valid."""
        order, declaration, offset = found
        name, value = declaration.name, declaration.value
        known = (node.name, name, value)
        if known not in self.matched:
            self.matched[known] = _style_values.match(*known)
        matched = self.matched[known]
        if matched is not None:
            for property_name, styled in matched.items():
                if _style_values.defers(styled, result.get(property_name)):
                    continue
                result[property_name] = styled
            return
        key = (offset, declaration.line, declaration.column, name)
        if key in self.refused:
            return
        self.refused.add(key)
        if order[1] == _STYLE_ATTRIBUTE:
            place = self._place_in(offset, declaration)
        else:
            place = self._place(offset, declaration)
        grade, why = _style_values.grade(node.name, name, value)
        self.source.remove(place, f'{name}: {value}'[:80], why, grade)

    def _from_rules(self, node: Node) -> Iterator[_Match]:
        """Yield the declarations of every rule that matches an element."""
        for index, (rule, offset) in enumerate(self.rules):
            if not self._matches(rule.selector, node):
                continue
            for position, one in enumerate(rule.declarations):
                order = (
                    one.important,
                    0,
                    *rule.selector.specificity,
                    index * 1_000 + min(position, 999),
                )
                yield order, one, offset

    def _matches(self, selector: _css.Selector, node: Node) -> bool:
        """Return whether an element is a selector's subject."""
        last = len(selector.parts) - 1
        self._spend(1)
        if not self._subject(node).matches(selector.parts[last]):
            return False
        return last == 0 or self._climb(selector, last - 1, node.parent)

    def _climb(
        self, selector: _css.Selector, part: int, node: Node | None
    ) -> bool:
        """Return whether an ancestor matches the rest of a selector."""
        while node is not None:
            self._spend(1)
            if self._subject(node).matches(selector.parts[part]) and (
                part == 0 or self._climb(selector, part - 1, node.parent)
            ):
                return True
            if selector.combinators[part] == '>':
                return False
            node = node.parent
        return False

    def _subject(self, node: Node) -> _Subject:
        """Return an element as selectors see it."""
        subject = self.subjects.get(node)
        if subject is None:
            subject = self.subjects[node] = _Subject(node)
        return subject

    def _spend(self, amount: int) -> None:
        """Count work, so that rules times elements stays bounded."""
        self.work += amount
        if self.work > MAX_WORK:
            raise refusal(
                'icon_too_complex',
                'The style sheet has too many rules for so many elements.',
            )


def _order(match: _Match) -> _Order:
    """Return what the cascade sorts by."""
    return match[0]


def _find_styles(root: Node) -> tuple[list[Node], bool, int]:
    """Take out the style elements; tell of style attributes and length."""
    sheets: list[Node] = []
    styled = False
    characters = 0
    stack = [root]
    while stack:
        node = stack.pop()
        if text := node.raw.get('style'):
            styled = True
            characters += len(text)
        kept: list[Node | str] = []
        for child in node.children:
            if isinstance(child, Node):
                if child.name == 'style':
                    sheets.append(child)
                    characters += sum(
                        len(text)
                        for text in child.children
                        if isinstance(text, str)
                    )
                    continue
                stack.append(child)
            kept.append(child)
        if len(kept) != len(node.children):
            node.children = kept
    sheets.sort(key=_offset)
    return sheets, styled, characters


def _offset(node: Node) -> int:
    """Return where an element stands in the document."""
    return node.offset
