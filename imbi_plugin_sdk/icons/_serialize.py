"""The writer: names from the profile, values that matched, nothing else."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk.icons import _svg_profile as profile
from imbi_plugin_sdk.icons._clean import references, resolve
from imbi_plugin_sdk.icons._node import Node
from imbi_plugin_sdk.icons._paint import Reference

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._source import Source

_MARK = '\0'
"""Stands for the prefix until it is known; no XML text can hold it."""
_DIGEST = 16
"""Hexadecimal digits of the default prefix: too many to make an icon that has
another's prefix on purpose, and so its ids."""

# Everything that means something to an XML or an HTML parser, and the
# controls that neither should see; a carriage return would be normalised.
_ESCAPES = {
    ord('&'): '&amp;',
    ord('<'): '&lt;',
    ord('>'): '&gt;',
    ord('"'): '&quot;',
    ord("'"): '&#39;',
    ord('`'): '&#96;',
    ord('\r'): ' ',
    **dict.fromkeys(range(0x7F, 0xA0), ''),
}
_NEEDS_ESCAPE = re.compile(f'[{"".join(map(chr, _ESCAPES))}]').search
_CONTROLS = re.compile('[\x7f-\x9f]').search


class Writer:
    """Writes one cleaned document.

    Args:
        root: The tree.
        ids: The first element of each id, as the input spells it.
        source: Where unused ids are noted.
    """

    def __init__(
        self, root: Node, ids: dict[str, Node], source: Source
    ) -> None:
        self.root = root
        self.ids = ids
        self.source = source
        self.parts: list[str] = []
        self.numbers: dict[str, int] = {}

    def write(self, prefix: str | None) -> bytes:
        """Return the document; the default prefix is from its content."""
        self._number()
        self._element(self.root)
        text = ''.join(self.parts)
        if _MARK in text:
            if prefix is None:
                digest = hashlib.sha256(text.encode('utf-8')).hexdigest()
                prefix = f'i{digest[:_DIGEST]}-'
            elif prefix[-1].isdigit():
                # The tenth id behind `a` is not the first behind `a1`.
                prefix += '.'
            text = text.replace(_MARK, prefix)
        return text.encode('utf-8')

    def _number(self) -> None:
        """Number what is referred to, in the order of the document."""
        stack = [self.root]
        while stack:
            node = stack.pop()
            for _, value in references(node):
                target = resolve(value.target, self.ids)
                self.numbers.setdefault(target, len(self.numbers))
            stack += [
                child
                for child in reversed(node.children)
                if isinstance(child, Node)
            ]

    def _element(self, node: Node) -> None:
        """Write an element with everything in it."""
        parts = self.parts
        name = node.name
        parts.append(f'<{name}')
        if node is self.root:
            parts.append(f' xmlns="{profile.SVG}"')
        self._id(node)
        for attribute, value in node.attributes.items():
            if isinstance(value, Reference):
                number = self.numbers[resolve(value.target, self.ids)]
                parts.append(
                    f' {attribute}="{value.before}#{_MARK}{number}'
                    f'{escape(value.after)}"'
                )
            else:
                parts.append(f' {attribute}="{escape(value)}"')
        if node.style:
            style = ';'.join(
                f'{key}:{node.style[key]}' for key in sorted(node.style)
            )
            parts.append(f' style="{style}"')
        children = node.children
        if name in profile.TEXT_ELEMENTS:
            children = self._text(node)
        if not children:
            parts.append('/>')
            return
        parts.append('>')
        for child in children:
            if isinstance(child, Node):
                self._element(child)
            else:
                parts.append(child)
        parts.append(f'</{name}>')

    def _text(self, node: Node) -> list[Node | str]:
        """Return the children of an element with text, as they are written."""
        children: list[Node | str] = []
        for child in node.children:
            if isinstance(child, Node):
                children.append(child)
                continue
            if _CONTROLS(child) is not None:
                why = 'a parser may stumble, and a browser draws a box'
                self.source.remove(
                    node.offset, 'control characters', why, 'visual'
                )
            # Of a text of controls nothing is left, nor is it a child.
            if text := escape(child):
                children.append(text)
        return children

    def _id(self, node: Node) -> None:
        """Write the id of an element that something refers to."""
        identifier = node.raw.get('id')
        if identifier is None:
            return
        if identifier in self.numbers and self.ids[identifier] is node:
            number = self.numbers[identifier]
            self.parts.append(f' id="{_MARK}{number}"')
        else:
            self.source.remove_attribute(
                node.offset, 'id', 'nothing refers to it', 'inert'
            )


def escape(text: str) -> str:
    """Return text in which no parser finds markup."""
    if _NEEDS_ESCAPE(text) is None:
        return text
    return text.translate(_ESCAPES)
