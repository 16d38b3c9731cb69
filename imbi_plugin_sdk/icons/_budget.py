"""What a document costs to draw, with every reference followed.

A few hundred bytes of nested `use` draw a billion shapes. The document is a
graph: an element leads to its children and to what its references name. Its
cost is its own plus that of all it leads to, worked out once for each
element, so the exponential picture is refused in linear time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.icons import _cost, _dashes
from imbi_plugin_sdk.icons._clean import references, resolve
from imbi_plugin_sdk.icons._node import Node
from imbi_plugin_sdk.icons._paint import Reference
from imbi_plugin_sdk.icons._problems import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_sdk.icons._source import Source

MAX_COST = 14_000
"""Most that a document may cost, in plain shapes.

Of 148,000 real icons the dearest costs 12,018, for 61 filters that blur.
"""
MAX_CHAIN = 200
"""References that may follow from one another; real icons have up to 6."""

_CEILING = 1 << 40
_PATTERN = 4
"""A pattern's content is drawn into a tile, and the tile over the shape."""
_MARKERS = ('marker-start', 'marker-mid', 'marker-end')
_PAINTS = ('fill', 'stroke')
_CONTEXT = frozenset({'context-fill', 'context-stroke'})
_INHERITED = (*_PAINTS, *_MARKERS, 'stroke-dasharray')


class _Weight(NamedTuple):
    """What an element adds up to, with all it leads to."""

    cost: int
    shapes: int
    vertices: int
    length: float
    chain: int


class _Edge(NamedTuple):
    """A reference that draws something."""

    target: Node
    kind: str


class Budget:
    """The cost of one cleaned document.

    Args:
        root: The cleaned tree.
        images: Pixels of embedded images.
        source: For the position of a refusal.

    Attributes:
        ids: The first element of each id, as the input spells it.
    """

    def __init__(
        self, root: Node, images: dict[Node, int], source: Source
    ) -> None:
        self.root = root
        self.images = images
        self.source = source
        self.ids: dict[str, Node] = {}
        self.dashed = False
        self.font = 0.0
        self.scale = 1.0
        self.contextual = False
        self.weights: dict[Node, _Weight] = {}
        self.edges: dict[Node, list[_Edge]] = {}
        self.inherited: dict[Node, dict[str, Reference | str]] = {}

    def check(self) -> None:
        """Refuse cycles and documents that cost too much.

        Raises:
            IconError: A cycle (`icon_cycle`) or too much to draw
                (`icon_too_complex`).
        """
        if not self._collect():
            # No reference leads anywhere: the elements were counted.
            return
        if self.dashed:
            self._measure()
        self._inherit()
        self._weigh()
        weight = self.weights[self.root]
        if weight.cost > MAX_COST:
            raise refusal(
                'icon_too_complex',
                'With clones, patterns, masks, markers, dashes and filters '
                f'drawn out the picture costs more than {MAX_COST:,} shapes.',
            )
        if weight.chain > MAX_CHAIN:
            raise refusal(
                'icon_too_complex',
                f'More than {MAX_CHAIN} references follow from one another.',
            )

    def _collect(self) -> bool:
        """Find the ids; return whether anything needs to be weighed."""
        needed = bool(self.images)
        stack = [self.root]
        while stack:
            node = stack.pop()
            if identifier := node.raw.get('id'):
                self.ids.setdefault(identifier, node)
            attributes = node.attributes
            if 'stroke-dasharray' in attributes:
                self.dashed = needed = True
            if (
                'opacity' in attributes
                or 'filter' in attributes
                or node.style
                or node.name == 'filter'
            ):
                needed = True
            elif not needed:
                needed = any(
                    type(value) is Reference for value in attributes.values()
                )
            stack += [
                child
                for child in reversed(node.children)
                if isinstance(child, Node)
            ]
        return needed

    def _measure(self) -> None:
        """Find out how large text and strokes can get.

        Without a cycle nothing is drawn in itself, so that no element adds
        to the scale more than once.
        """
        sizes: list[str] = []
        stack = [self.root]
        while stack:
            node = stack.pop()
            size = node.attributes.get('font-size')
            if isinstance(size, str):
                sizes.append(size)
            self.scale = min(
                self.scale * _dashes.magnification(node), _dashes.FAR
            )
            stack += [c for c in node.children if isinstance(c, Node)]
        self.font = _dashes.largest_font(sizes)

    def _inherit(self) -> None:
        """Work out which paints, markers and dashes reach each element."""
        stack: list[tuple[Node, dict[str, Reference | str]]] = [
            (self.root, {})
        ]
        while stack:
            node, above = stack.pop()
            own = {
                name: value
                for name, value in node.attributes.items()
                if name in _INHERITED and _overrides(name, value)
            }
            reaching = {**above, **own} if own else above
            if not _CONTEXT.isdisjoint(own.values()):
                self.contextual = True
            self.inherited[node] = reaching
            self.edges[node] = list(self._edges(node, reaching))
            stack += [
                (child, reaching)
                for child in node.children
                if isinstance(child, Node)
            ]

    def _edges(
        self, node: Node, reaching: dict[str, Reference | str]
    ) -> Iterator[_Edge]:
        """Yield what an element leads to beside its children."""
        for name, value in references(node):
            if name in _INHERITED:
                continue
            target = self.ids.get(resolve(value.target, self.ids))
            if target is not None:
                yield _Edge(target, name)
        if node.name not in _cost.DRAWN:
            return
        for name in (*_PAINTS, *_MARKERS):
            paint = reaching.get(name)
            if isinstance(paint, Reference):
                target = self.ids.get(resolve(paint.target, self.ids))
                if target is not None:
                    yield _Edge(target, name)

    def _weigh(self) -> None:
        """Weigh every element after all it leads to; refuse a cycle."""
        open_: set[Node] = set()
        stack: list[tuple[Node, Iterator[Node]]] = [
            (self.root, self._led_to(self.root))
        ]
        open_.add(self.root)
        while stack:
            node, following = stack[-1]
            for target in following:
                if target in self.weights:
                    continue
                if target in open_:
                    raise refusal(
                        'icon_cycle',
                        f'A reference from {node.name} leads back to the '
                        f'{target.name} that it is drawn in.',
                        self.source.path(node.offset),
                    )
                open_.add(target)
                stack.append((target, self._led_to(target)))
                break
            else:
                stack.pop()
                open_.discard(node)
                self.weights[node] = self._weight(node)

    def _led_to(self, node: Node) -> Iterator[Node]:
        """Yield the children of an element and what it refers to."""
        for child in node.children:
            if isinstance(child, Node):
                yield child
        for edge in self.edges[node]:
            yield edge.target

    def _weight(self, node: Node) -> _Weight:
        """Return the weight of an element whose targets are weighed."""
        edges = self.edges[node]
        parts = [self._own(node)]
        chain = 0
        for child in node.children:
            if isinstance(child, Node):
                weight = self.weights[child]
                chain = max(chain, weight.chain)
                if child.name not in _cost.UNDRAWN:
                    parts.append(weight)
        for edge in edges:
            weight = self.weights[edge.target]
            chain = max(chain, weight.chain + 1)
            if edge.kind == 'href' and node.name == 'use':
                parts.append(weight)
        cost = sum(part.cost for part in parts)
        shapes = sum(part.shapes for part in parts)
        vertices = sum(part.vertices for part in parts)
        length = sum(part.length for part in parts)
        tile = _PATTERN * sum(
            self.weights[edge.target].cost
            for edge in edges
            if edge.kind in _PAINTS and edge.target.name == 'pattern'
        )
        cost += tile * shapes
        for edge in edges:
            cost += self._reference_cost(node, edge, vertices, tile)
        dashed = self.inherited[node].get('stroke-dasharray')
        if isinstance(dashed, str) and node.name in _cost.DRAWN:
            cost += _dashes.dashes(length, dashed)
        return _Weight(
            min(cost, _CEILING),
            min(shapes, _CEILING),
            min(vertices, _CEILING),
            min(length, _dashes.FAR),
            min(chain, MAX_CHAIN + 1),
        )

    def _own(self, node: Node) -> _Weight:
        """Return the weight of an element without what it leads to."""
        cost = _cost.own_cost(node, self.images.get(node, 0))
        if node.name == 'filter':
            cost += self._filter(node)
        if node.name not in _cost.DRAWN:
            return _Weight(cost, 0, 0, 0.0, 0)
        length = (
            _dashes.length(node, self.font, self.scale) if self.dashed else 0.0
        )
        return _Weight(cost, 1, _cost.vertices(node), length, 0)

    def _reference_cost(
        self, node: Node, edge: _Edge, vertices: int, tile: int
    ) -> int:
        """Return what one reference adds to its element, paint apart."""
        cost = self.weights[edge.target].cost
        if edge.kind in _PAINTS:
            return 0
        if edge.kind in _MARKERS:
            if self.contextual:
                # What a marker shows may be painted as its shape is.
                cost += tile * self.weights[edge.target].shapes
            return cost * vertices
        if edge.kind == 'href':
            # A pattern may take its content from another; a text path lays
            # text along it. The clone itself was counted as used.
            return cost if node.name in {'pattern', 'textPath'} else 0
        return cost

    def _filter(self, node: Node) -> int:
        """Return the cost of a filter; refuse one that branches too much."""
        primitives, cost = _cost.filter_cost(node)
        if primitives > _cost.MAX_PRIMITIVES:
            raise refusal(
                'icon_too_complex',
                f'A filter has more than {_cost.MAX_PRIMITIVES} primitives '
                'when shared results are drawn for each that reads them.',
                self.source.path(node.offset),
            )
        return cost


def _overrides(name: str, value: Reference | str) -> bool:
    """Return whether a value surely hides what comes down from above.

    Browsers drop what they do not understand, and then inherit: of functions
    only they know which.
    """
    if isinstance(value, Reference):
        value = value.after[1:].strip()
    if value in {'inherit', 'unset'}:
        return False
    return name not in _PAINTS or '(' not in value
