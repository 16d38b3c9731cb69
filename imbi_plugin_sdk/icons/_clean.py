"""From parsed attributes to matched ones: the allowlist at work."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from imbi_plugin_sdk.icons import (
    _grammar,
    _image,
    _lexis,
    _paint,
    _style_values,
)
from imbi_plugin_sdk.icons import _svg_grades as grades
from imbi_plugin_sdk.icons import _svg_profile as profile
from imbi_plugin_sdk.icons._cascade import Cascade
from imbi_plugin_sdk.icons._node import Node, in_text
from imbi_plugin_sdk.icons._paint import Reference
from imbi_plugin_sdk.icons._problems import MAX_ICON_BYTES, refusal
from imbi_plugin_sdk.icons._svg_filters import FILTER_ELEMENTS

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._model import Grade
    from imbi_plugin_sdk.icons._paint import Value
    from imbi_plugin_sdk.icons._source import Source

_XLINK_HREF = f'{profile.XLINK}}}href'
_XML_SPACE = f'{profile.XML}}}space'
_SILENT = frozenset({'id', 'style', 'class', 'href', _XLINK_HREF})
_CONDITIONS = frozenset(
    {'requiredExtensions', 'requiredFeatures', 'systemLanguage'}
)
_UNCONDITIONAL = frozenset(
    {
        'clipPath',
        'defs',
        'filter',
        'linearGradient',
        'marker',
        'radialGradient',
        'stop',
        *FILTER_ELEMENTS,
    }
)
"""Elements that browsers use whether their conditions hold or not."""
_SPACE = str.maketrans('\t\n\r\f', '    ')


class Cleaner:
    """Fills `attributes` and `style` of every element of one document.

    Args:
        root: The tree, as parsed.
        source: Where removals are noted.

    Attributes:
        images: Pixels of the embedded images, for the cost of drawing.
    """

    def __init__(self, root: Node, source: Source) -> None:
        self.root = root
        self.source = source
        self.cascade = Cascade(root, source)
        self.images: dict[Node, int] = {}
        self._preserved: list[Node] = []
        self._has_text = False
        self._styled = 0

    def clean(self) -> None:
        """Walk the tree from the root, dropping and rewriting elements."""
        # A recursion is at most as deep as the parser lets a document be.
        self._clean(self.root)
        if self._has_text:
            return
        for node in self._preserved:
            del node.attributes['xml:space']
            self.source.remove_attribute(
                node.offset, _XML_SPACE, 'there is no text', 'inert'
            )

    def _clean(self, node: Node) -> None:
        """Fill one element, then its children."""
        if node.name in profile.TEXT_ELEMENTS:
            self._has_text = True
        self._attributes(node)
        if self.cascade.active:
            for name, styled in self.cascade.apply(node).items():
                if styled.in_style:
                    if isinstance(styled.value, str):
                        node.style[name] = styled.value
                else:
                    node.attributes[name] = styled.value
                self._count(styled.value)
        children = node.children
        if node.name == 'switch':
            children = self._chosen(node)
        node.children = [child for child in children if self._kept(child)]
        if node.name == 'switch':
            node.name = 'g'
        elif node.name == 'a':
            node.name = 'tspan' if in_text(node.parent) else 'g'

    def _count(self, value: Value) -> None:
        """Refuse what styles multiply before it is written."""
        self._styled += len(value)
        if self._styled > MAX_ICON_BYTES:
            raise refusal(
                'icon_too_large',
                'Styles written as attributes have more than '
                f'{MAX_ICON_BYTES:,} characters.',
            )

    def _kept(self, child: Node | str) -> bool:
        """Clean a child; return whether it stays."""
        if isinstance(child, Node):
            if not self._conditions_hold(child):
                self._drop(child, 'its conditions do not hold')
                return False
            self._clean(child)
        return True

    def _drop(self, node: Node, why: str) -> None:
        """Note that an element is left out because of what it says."""
        self.source.remove(node.offset, f'<{node.name}>', why, 'inert')

    def _chosen(self, node: Node) -> list[Node | str]:
        """Return the child that a `switch` shows (SVG 2, section 5.8)."""
        chosen: list[Node | str] = []
        for child in node.children:
            if not isinstance(child, Node):
                continue
            if chosen or not self._conditions_hold(child):
                self._drop(child, 'the switch shows another child')
            else:
                chosen.append(child)
        return chosen

    def _conditions_hold(self, node: Node) -> bool:
        """Return whether a renderer would show an element at all."""
        raw = node.raw
        if node.name in _UNCONDITIONAL:
            return True
        if 'requiredExtensions' in raw:
            return False
        languages = raw.get('systemLanguage')
        if languages is None:
            return True
        return any(
            language.strip().lower().partition('-')[0] == 'en'
            for language in languages.split(',')
        )

    def _attributes(self, node: Node) -> None:
        """Match every attribute of an element against its grammar."""
        rules = _grammar.element_grammars(node.name)
        attributes = node.attributes
        # First, so that its place does not depend on where styles stood.
        self._href(node)
        for key, raw in node.raw.items():
            grammar = rules.get(key)
            if grammar is None or key == 'href':
                if key not in _SILENT:
                    self._unknown(node, key, raw)
                continue
            value = raw.translate(_SPACE).strip(' ')
            matched = grammar(value)
            if matched is None:
                self._refuse(node, key, value)
                continue
            attributes[key] = matched
            if key == 'd' and len(str(matched)) < len(value):
                self.source.remove_attribute(
                    node.offset, 'd', 'renderers stop at the fault', 'inert'
                )
        classes = node.raw.get('class')
        # As a style sheet goes in silence, so does what it needs.
        if classes is not None and not self.cascade.is_named(classes):
            self.source.remove_attribute(
                node.offset, 'class', 'no style rule names it', 'inert'
            )

    def _unknown(self, node: Node, key: str, value: str) -> None:
        """Note an attribute that no element of the profile may have."""
        if key == _XML_SPACE and value == 'preserve':
            node.attributes['xml:space'] = value
            self._preserved.append(node)
            return
        if key in _CONDITIONS:
            why = 'the condition holds, or is not looked at'
            self.source.remove_attribute(node.offset, key, why, 'inert')
            return
        namespace, _, local = key.rpartition('}')
        grade, why = grades.grade_attribute(namespace, local, value)
        self.source.remove_attribute(node.offset, key, why, grade)

    def _refuse(self, node: Node, key: str, value: str) -> None:
        """Note a value that its grammar does not match."""
        grade: Grade
        if not value and not grades.fault_counts(node.name, key):
            grade, why = 'inert', 'it is empty'
        else:
            grade, why = _style_values.grade_attribute(node.name, key, value)
        self.source.remove_attribute(node.offset, key, why, grade)

    def _href(self, node: Node) -> None:
        """Match where an element leads; the plain name goes first."""
        raw = node.raw
        key = 'href' if 'href' in raw else _XLINK_HREF
        value = raw.get(key)
        if value is None:
            return
        value = value.strip(_lexis.SPACES)
        if key == 'href' and (other := raw.get(_XLINK_HREF)) is not None:
            self._second_href(node, value, other.strip(_lexis.SPACES))
        if node.name == 'a':
            self.source.remove_attribute(
                node.offset, key, 'a link navigates', 'active'
            )
        elif node.name == 'image':
            self._image(node, key, value)
        elif 'href' not in profile.ELEMENTS.get(node.name, {}):
            grade, why = grades.grade_attribute('', 'href', value)
            self.source.remove_attribute(node.offset, key, why, grade)
        else:
            matched = _paint.href(value)
            if matched is not None:
                node.attributes['href'] = matched
            elif value in {'', '#'}:
                self.source.remove_attribute(
                    node.offset, key, 'it leads nowhere', 'inert'
                )
            else:
                self.source.remove_attribute(
                    node.offset,
                    key,
                    f'the value is not {_grammar.GRAMMARS["href"][1]}',
                    'active',
                )

    def _second_href(self, node: Node, value: str, other: str) -> None:
        """Note the older name of `href`, which is not read beside it."""
        grade: Grade
        grade, why = 'inert', 'it says again where href leads'
        if other != value:
            grade, why = grades.grade_attribute('', 'href', other)
        self.source.remove_attribute(node.offset, _XLINK_HREF, why, grade)

    def _image(self, node: Node, key: str, value: str) -> None:
        """Keep an embedded raster image, rebuilt; drop any other."""
        result = _image.embedded(value)
        if isinstance(result, _image.Refused):
            self.source.remove_attribute(
                node.offset, key, result.why, result.grade
            )
            return
        node.attributes['href'] = result.uri
        self.images[node] = result.pixels
        for removal in result.removals:
            self.source.remove_attribute(
                node.offset,
                key,
                f'{removal.what} of the image: {removal.why}',
                removal.grade,
            )


def resolve(target: str, ids: dict[str, Node]) -> str:
    """Return the id that a reference means; `%20` is a space to browsers."""
    if target in ids or '%' not in target:
        return target
    decoded = unquote(target)
    return decoded if decoded in ids else target


def references(node: Node) -> list[tuple[str, Reference]]:
    """Return the attributes of an element that lead elsewhere."""
    return [
        (name, value)
        for name, value in node.attributes.items()
        if isinstance(value, Reference)
    ]
