"""From bytes to a tree of known elements: the gates and the XML parser.

The parser is defusedxml's, with one rule relaxed: an internal entity that is
short, literal and not nested is tolerated, because Adobe Illustrator writes
its namespaces that way. Everything else in a document type is refused.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NoReturn, Protocol
from xml.parsers import expat

from imbi_plugin_sdk._text import shown
from imbi_plugin_sdk.icons import _svg_grades as grades
from imbi_plugin_sdk.icons import _svg_profile as profile
from imbi_plugin_sdk.icons._gate import gate
from imbi_plugin_sdk.icons._node import Node, in_text
from imbi_plugin_sdk.icons._problems import MAX_ICON_BYTES, refusal
from imbi_plugin_sdk.icons._source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

# The bounds stand well above what `benchmarks/icons.py` finds in real icons:
# of 14,000, the largest under 64 KiB has 400 elements, 13 levels and 33
# attributes of one element.
MAX_ELEMENTS = 4_000
"""Elements in a document."""
MAX_DEPTH = 48
"""Levels of nesting, the root being the first."""
MAX_ATTRIBUTES = 64
"""Attributes of one element."""
MAX_ENTITIES = 32
"""Internal entities; Adobe Illustrator declares a dozen namespaces."""
MAX_ENTITY = 256
"""Characters of one entity's text; a namespace is shorter."""
MAX_NAMESPACE = 256
"""Characters of a namespace: each name in it is that much longer."""
MAX_EXPANDED = 2 * MAX_ICON_BYTES
"""Characters of all values and text, after entities were expanded."""
MAX_STYLE = 40_960
"""Characters of style sheets and style attributes together.

Reading CSS is what costs most: 5 ms a kilobyte at worst. The most that the
benchmark's icons have is 10,000, a large desktop drawing 25,000.
"""

_KEPT = frozenset(profile.ELEMENTS) | profile.REWRITTEN
_TEXT_KEEPERS = profile.TEXT_ELEMENTS | {'style'}
_ENCODINGS = frozenset({'utf-8', 'utf8', 'us-ascii', 'ascii'})


def parse(data: bytes) -> tuple[Node, Source]:
    """Return the root and the source with what was dropped on the way.

    Raises:
        IconError: The input is not a small, well-formed SVG document.
    """
    gate(data)
    source = Source(data)
    return _Reader(source).read(), source


class _ExpatParser(Protocol):
    """What this module needs of pyexpat's parser."""

    @property
    def CurrentByteIndex(self) -> int:  # noqa: N802  pyexpat's name
        """Where the current event starts, in bytes."""
        ...


@functools.cache
def _parser_class() -> Callable[..., Any]:
    """Return defusedxml's parser, imported when the first icon comes."""
    from defusedxml.ElementTree import DefusedXMLParser  # noqa: PLC0415  lazy

    return DefusedXMLParser


class _NoTree:
    """A target for the parser's own callbacks, all of which we replace."""

    def close(self) -> None:
        """Finish without a result."""


class _Reader:
    """One pass of expat over one document.

    Args:
        source: The document.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.root: Node | None = None
        self.current: Node | None = None
        self.depth = 0
        self.elements = 0
        self.expanded = 0
        self.entities = 0
        self.skipping = 0
        self.quiet = False
        self.bare = False

    def read(self) -> Node:
        """Return the root of the document.

        Raises:
            IconError: The document is not a small, well-formed SVG.
        """
        outer = _parser_class()(
            target=_NoTree(), encoding='utf-8', forbid_entities=True
        )
        parser = outer.parser
        self.parser: _ExpatParser = parser
        parser.ordered_attributes = False
        parser.buffer_text = True
        parser.StartNamespaceDeclHandler = self.namespace
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text
        parser.CommentHandler = self.comment
        parser.ProcessingInstructionHandler = self.instruction
        parser.XmlDeclHandler = self.declaration
        parser.StartDoctypeDeclHandler = self.doctype
        parser.EntityDeclHandler = self.entity
        parser.UnparsedEntityDeclHandler = self.refuse_doctype
        parser.NotationDeclHandler = self.refuse_doctype
        parser.AttlistDeclHandler = self.refuse_doctype
        parser.ElementDeclHandler = self.refuse_doctype
        parser.SkippedEntityHandler = self.skipped_entity
        parser.ExternalEntityRefHandler = self.refuse_doctype
        # The class's own reports undefined entities; SkippedEntity does too.
        parser.DefaultHandlerExpand = None
        try:
            parser.Parse(self.source.data, True)  # noqa: FBT003  expat's API
        except expat.ExpatError as error:
            raise self._not_xml(error, parser.ErrorByteIndex) from None
        if self.root is None:
            raise refusal(
                'icon_not_svg', 'The root element is not svg.', '1:1'
            )
        return self.root

    def _not_xml(self, error: expat.ExpatError, offset: int) -> Exception:
        """Return the error for markup that expat does not accept."""
        path = self.source.path(max(offset, 0))
        reason = expat.ErrorString(error.code) or 'not well-formed'
        if 'amplification' in reason:
            return refusal('icon_bomb', f'Refused: {reason}.', path)
        return refusal('icon_not_xml', f'Not well-formed: {reason}.', path)

    def _refuse(self, code: str, message: str) -> NoReturn:
        """Refuse the document at the current event."""
        offset = self.parser.CurrentByteIndex
        raise refusal(code, message, self.source.path(offset))

    # Expat's events, in the order that a document has them.

    def declaration(self, _version: str, encoding: str | None, _: int) -> None:
        """Refuse a document that says it is not UTF-8."""
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            self._refuse(
                'icon_encoding',
                f'The XML declaration says {shown(encoding)}; it must say '
                'UTF-8 or nothing.',
            )

    def doctype(self, *_: object) -> None:
        """Drop a document type that only names the format."""
        # Expat reports it where the internal subset begins.
        here = self.parser.CurrentByteIndex
        start = self.source.data.rfind(b'<!DOCTYPE', 0, here + 9)
        self.source.remove(
            start if start >= 0 else here,
            '<!DOCTYPE>',
            'renderers ignore it',
            'inert',
        )

    def entity(
        self,
        name: str,
        is_parameter: int,
        value: str | None,
        *_: object,
    ) -> None:
        """Tolerate a short literal entity; refuse any other."""
        self.entities += 1
        if is_parameter or value is None:
            self._refuse(
                'icon_doctype',
                f'Entity {shown(name)} is external or a parameter entity.',
            )
        if self.entities > MAX_ENTITIES or len(value) > MAX_ENTITY:
            self._refuse(
                'icon_bomb',
                f'More than {MAX_ENTITIES} entities, or one of more than '
                f'{MAX_ENTITY} characters.',
            )
        if '&' in value or '<' in value or '%' in value:
            self._refuse(
                'icon_bomb', f'Entity {shown(name)} holds markup or entities.'
            )

    def refuse_doctype(self, *_: object) -> NoReturn:
        """Refuse declarations that change what the document means."""
        self._refuse(
            'icon_doctype',
            'The document type declares elements, attributes, notations or '
            'external entities.',
        )

    def skipped_entity(self, name: str, _is_parameter: int) -> None:
        """Refuse an entity that nothing declares."""
        self._refuse('icon_not_xml', f'Entity {shown(name)} is not declared.')

    def instruction(self, target: str, _data: str) -> None:
        """Drop a processing instruction; a style sheet would be fetched."""
        active = target.lower().startswith('xml-stylesheet')
        self.source.remove(
            self.parser.CurrentByteIndex,
            f'<?{target[:40]}?>',
            'it fetches a style sheet' if active else 'renderers ignore it',
            'active' if active else 'inert',
        )

    def comment(self, _text: str) -> None:
        """Drop a comment."""
        if not self.skipping:
            self.source.remove(
                self.parser.CurrentByteIndex,
                '<!-- -->',
                'comments do not show',
                'inert',
            )

    def namespace(self, _prefix: str | None, uri: str | None) -> None:
        """Count what a prefix stands for; refuse what is no name."""
        length = len(uri or '')
        if length > MAX_NAMESPACE:
            self._refuse(
                'icon_bomb',
                f'A namespace has more than {MAX_NAMESPACE} characters.',
            )
        self._expand(length)

    def start(self, name: str, raw: dict[str, str]) -> None:
        """Open an element, or start to skip one."""
        self.elements += 1
        self.depth += 1
        if self.elements > MAX_ELEMENTS:
            self._refuse(
                'icon_too_complex', f'More than {MAX_ELEMENTS:,} elements.'
            )
        if self.depth > MAX_DEPTH:
            self._refuse(
                'icon_too_complex',
                f'Elements are nested more than {MAX_DEPTH} deep.',
            )
        if len(raw) > MAX_ATTRIBUTES:
            self._refuse(
                'icon_too_complex',
                f'An element has more than {MAX_ATTRIBUTES} attributes.',
            )
        if raw:
            self._expand(sum(map(len, raw.values())))
        namespace, _, local = name.rpartition('}')
        if self.skipping:
            self.skipping += 1
            if self.quiet:
                self._look_into(namespace, local, raw)
            return
        if self.root is None:
            self._open_root(namespace, local, raw)
            return
        if (
            namespace == profile.SVG or (self.bare and not namespace)
        ) and local in _KEPT:
            node = Node(local, raw, self.parser.CurrentByteIndex, self.current)
            if self.current is not None:
                self.current.children.append(node)
            self.current = node
            return
        self._skip(namespace, local, raw)

    def _skip(self, namespace: str, local: str, raw: dict[str, str]) -> None:
        """Drop an element with all that is in it."""
        conditional = 'requiredExtensions' in raw
        grade, why = grades.grade_element(
            namespace, local, conditional=conditional
        )
        if (
            grade == 'inert'
            and not conditional
            and namespace in {profile.SVG, ''}
            and self.current is not None
            and self.current.name == 'switch'
        ):
            grade, why = 'visual', 'browsers show it instead of what follows'
        self.source.remove(
            self.parser.CurrentByteIndex, f'<{local[:60]}>', why, grade
        )
        self.skipping = 1
        self.quiet = grade != 'active'
        if self.quiet:
            self._look_into(namespace, local, raw)

    def _look_into(
        self, namespace: str, local: str, raw: dict[str, str]
    ) -> None:
        """Tell of what could act in an element that goes without a sound."""
        offset = self.parser.CurrentByteIndex
        if grades.acts(namespace, local):
            self.source.remove(
                offset, f'<{local[:60]}>', 'it can run or fetch', 'active'
            )
        elif namespace in {profile.SVG, profile.XHTML, ''}:
            for name in raw:
                if name.lower().startswith('on'):
                    why = 'event handlers run script'
                    self.source.remove_attribute(offset, name, why, 'active')

    def _open_root(
        self, namespace: str, local: str, raw: dict[str, str]
    ) -> None:
        """Open the root, mending a namespace that is not there."""
        if local != 'svg' or namespace not in {profile.SVG, ''}:
            self._refuse(
                'icon_not_svg',
                f'The root element is {shown(local)} in namespace '
                f'{shown(namespace)}; it must be svg in {profile.SVG}.',
            )
        offset = self.parser.CurrentByteIndex
        self.bare = not namespace
        if self.bare:
            self.source.remove(
                offset,
                'no namespace',
                f'without xmlns="{profile.SVG}" browsers do not draw the '
                'file; it was added',
                'inert',
            )
        self.root = self.current = Node('svg', raw, offset, None)

    def end(self, _name: str) -> None:
        """Close an element."""
        self.depth -= 1
        if self.skipping:
            self.skipping -= 1
        elif self.current is not None:
            self.current = self.current.parent

    def text(self, text: str) -> None:
        """Keep character data where it is part of the picture."""
        self._expand(len(text))
        node = self.current
        if self.skipping or node is None:
            return
        if node.name in _TEXT_KEEPERS or (
            node.name == 'a' and in_text(node.parent)
        ):
            node.children.append(text)
        elif not text.isspace():
            self.source.remove(
                self.parser.CurrentByteIndex,
                'text',
                'text outside a text element does not show',
                'inert',
            )

    def _expand(self, count: int) -> None:
        """Count characters that entities may have multiplied."""
        self.expanded += count
        if self.expanded > MAX_EXPANDED:
            self._refuse(
                'icon_bomb',
                f'Entities expand to more than {MAX_EXPANDED:,} characters.',
            )
