"""What an element costs to draw by itself, in units of one plain shape."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk.icons import _effects, _lexis
from imbi_plugin_sdk.icons._node import Node

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PRIMITIVES = 200
"""Primitives of one filter with every shared input drawn again."""

DRAWN = frozenset(
    {
        'path',
        'rect',
        'circle',
        'ellipse',
        'line',
        'polyline',
        'polygon',
        'text',
        'tspan',
        'textPath',
        'image',
        'use',
    }
)
"""Elements that paint."""

UNDRAWN = frozenset(
    {
        'clipPath',
        'defs',
        'filter',
        'linearGradient',
        'marker',
        'mask',
        'pattern',
        'radialGradient',
        'symbol',
    }
)
"""Elements that are only drawn where something refers to them."""

_DATA_PER_UNIT = 40
"""Characters of path data that cost as much as a plain shape."""
_TEXT_PER_UNIT = 20
"""Characters of text that cost as much as a plain shape."""
_PIXELS_PER_UNIT = 50_000
"""Pixels of an embedded image that cost as much as a plain shape."""
_LAYER = 4
"""An offscreen layer beside the shape that needs it."""

_LAYERS = ('clip-path', 'filter', 'mask', 'opacity')
# Measured in Chromium without a graphics card, in a window of 900 by 757
# pixels that the picture fills. A unit is about 0.3 ms, so that the document
# that costs most is drawn in five seconds; as an icon, in less than one.
_PRIMITIVES = {
    'feConvolveMatrix': 30,
    'feDiffuseLighting': 60,
    'feDisplacementMap': 30,
    'feMorphology': 30,
    'feSpecularLighting': 60,
    'feTurbulence': 20,
}
"""Cost by primitive; every other one costs 5."""
_PRIMITIVE = 5
_BLUR = 45
_BLURRING = frozenset({'feDropShadow', 'feGaussianBlur'})
_BY_DEVIATION = 5
"""What each unit of a blur's deviation adds: what it reads is that larger."""
_BY_RADIUS = 40
"""What each unit of a morphology's radius adds."""
_BY_CELL = 4
"""What each cell of a convolution adds."""
_NUMBERS = re.compile(_lexis.N)


def own_cost(node: Node, pixels: int) -> int:
    """Return what one element costs without children and references."""
    attributes = node.attributes
    cost = 1
    if data := attributes.get('d') or attributes.get('points'):
        cost += len(str(data)) // _DATA_PER_UNIT
    if pixels:
        cost += pixels // _PIXELS_PER_UNIT
    if node.name in {'text', 'tspan', 'textPath'}:
        cost += sum(len(c) for c in node.children if isinstance(c, str)) // (
            _TEXT_PER_UNIT
        )
    for name in _LAYERS:
        if name in attributes:
            cost += _LAYER
    if node.style:
        cost += _LAYER
    if isinstance(functions := attributes.get('filter'), str):
        # A filter of as many primitives, those that blur apart.
        cost += _PRIMITIVE * functions.count('(')
        cost += sum(map(_blur_cost, _effects.deviations(functions)))
    return cost


def _blur_cost(deviation: float) -> int:
    """Return what a blur costs."""
    return _BLUR + int(_BY_DEVIATION * deviation)


def vertices(node: Node) -> int:
    """Return a bound of how many markers a shape can have."""
    data = node.attributes.get('d') or node.attributes.get('points')
    if data is not None:
        text = str(data)
        # A segment has two characters at least, but for closing one.
        return len(text) // 2 + text.count('z') + text.count('Z') + 1
    return 2 if node.name == 'line' else 0


def _numbers(texts: Iterable[str]) -> list[float]:
    """Return every number in some values."""
    return [float(n) for text in texts for n in _NUMBERS.findall(text)]


def filter_cost(node: Node) -> tuple[int, int]:
    """Return primitives and cost of a filter, shared inputs drawn again.

    Some renderers evaluate a result once for each primitive that reads it,
    so a short chain of `feMerge` can mean a billion passes.
    """
    results: dict[str, tuple[int, int]] = {}
    last = (0, 0)
    for primitive in node.children:
        if not isinstance(primitive, Node):
            continue
        count, cost = 1, _primitive_cost(primitive)
        for name in _inputs(primitive):
            above = last if name is None else results.get(name, (0, 0))
            count += above[0]
            cost += above[1]
        last = (min(count, MAX_PRIMITIVES + 1), min(cost, 10**9))
        result = primitive.attributes.get('result')
        if isinstance(result, str):
            results[result] = last
    return last


def _inputs(primitive: Node) -> list[str | None]:
    """Return the names a primitive reads; None is the one before it."""
    readers = [primitive]
    if primitive.name == 'feMerge':
        readers = [c for c in primitive.children if isinstance(c, Node)]
    names: list[str | None] = []
    for reader in readers:
        if primitive.name in {'feFlood', 'feTurbulence'}:
            continue
        for key in ('in', 'in2'):
            value = reader.attributes.get(key)
            if isinstance(value, str):
                names.append(value)
            elif key == 'in':
                names.append(None)
    return names


def _primitive_cost(primitive: Node) -> int:
    """Return what one pass of a primitive costs."""
    cost = _PRIMITIVES.get(primitive.name, _PRIMITIVE)
    attributes = primitive.attributes
    if primitive.name in _BLURRING:
        deviations = _numbers([str(attributes.get('stdDeviation', '2'))])
        return _blur_cost(max(deviations))
    if primitive.name == 'feTurbulence':
        return cost * max(1, int(str(attributes.get('numOctaves', '1'))))
    if primitive.name == 'feMorphology':
        radii = _numbers([str(attributes.get('radius', '0'))])
        return cost + _BY_RADIUS * int(max(radii, default=0))
    if primitive.name == 'feConvolveMatrix':
        cells = _numbers([str(attributes.get('order', '3'))])
        return cost + _BY_CELL * int(cells[0] * cells[-1])
    return cost
