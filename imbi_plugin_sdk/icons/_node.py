"""An element on its way from the input to the output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk.icons import _svg_profile as profile

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._paint import Value


class Node:
    """An element on its way from the input to the output.

    Attributes:
        name: Local name; the namespace is SVG.
        raw: Attributes as parsed: `name` or `namespace}name` to value.
        offset: Where its start tag stands in the input, in bytes.
        parent: The element around it, or None for the root.
        children: Elements and, in text elements, character data.
        attributes: What is written: name to a matched value.
        style: Properties that stay in a `style` attribute.
    """

    __slots__ = (
        'attributes',
        'children',
        'name',
        'offset',
        'parent',
        'raw',
        'style',
    )

    def __init__(
        self,
        name: str,
        raw: dict[str, str],
        offset: int,
        parent: Node | None,
    ) -> None:
        self.name = name
        self.raw = raw
        self.offset = offset
        self.parent = parent
        self.children: list[Node | str] = []
        self.attributes: dict[str, Value] = {}
        self.style: dict[str, str] = {}


def in_text(node: Node | None) -> bool:
    """Return whether an element's content is text that shows."""
    while node is not None and node.name == 'a':
        node = node.parent
    return node is not None and node.name in profile.TEXT_ELEMENTS
