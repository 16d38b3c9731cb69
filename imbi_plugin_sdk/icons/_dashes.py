"""What dashes cost: how often a pattern repeats along an outline.

Every bound here is one from above. Where a length is relative to something
that a document can make as large as it likes, there is none, and the picture
is refused: in 14,000 real icons no dash has such a length.
"""

from __future__ import annotations

import functools
import math
import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk.icons import _lexis

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imbi_plugin_sdk.icons._node import Node

FAR = 1e200
"""A length that is not bounded."""

_PER_UNIT = 100
"""Dashes that cost as much as a plain shape."""
_MOST = 1e9
"""A cost beyond any budget that is still a number."""
_STEP = 4
"""Length of a segment by its numbers: a coordinate is left as well as
reached, and a full arc is three times as long as its two radii."""
_CIRCLE = 7
"""Circumference by radius, rounded up."""
_GLYPH = 16
"""Outline of a glyph by font size; that of a dense ideograph."""
_PAGE_FONT = 100.0
"""What an inlined icon may inherit from the page, in pixels."""
_NAMED_FONT = 48.0
"""The largest that a keyword stands for, in pixels (CSS Fonts 4)."""
_SIDE = 4_096.0
"""The most pixels that a side of the picture is drawn with."""
_TINY = 1e-9
"""A run whose length is not known."""

_OUTLINE = ('r', 'rx', 'ry', 'width', 'height', 'x1', 'x2', 'y1', 'y2')
_TEXT = frozenset({'text', 'tspan', 'textPath'})
_NUMBERS = re.compile(_lexis.N)
_LENGTHS = re.compile(rf'({_lexis.N})([a-zA-Z%]*)')
_CALLS = re.compile(r'([a-zA-Z]+)[ \t\n\r\f]*\(([^()]*)\)')
_VIEWPORTS = frozenset({'svg', 'symbol', 'pattern'})


def dashes(outline: float, pattern: str) -> int:
    """Return what the dashes along an outline cost."""
    run = _run(pattern)
    return int(min(outline / run / _PER_UNIT, _MOST)) if run else 0


def length(node: Node, font: float, scale: float) -> float:
    """Return a bound of how long the outline of one shape is.

    Args:
        node: The shape.
        font: The largest font size in the document, in pixels.
        scale: How much longer a stroke is that transforms do not scale.
    """
    attributes = node.attributes
    total = 0.0
    if node.name in _TEXT:
        characters = sum(len(c) for c in node.children if isinstance(c, str))
        total = characters * font * _GLYPH if characters else 0.0
    elif data := attributes.get('d') or attributes.get('points'):
        total = _path(str(data))
    else:
        total = _CIRCLE * sum(
            _absolute(str(attributes.get(name, ''))) for name in _OUTLINE
        )
    # Of a path length that is nothing, browsers make none.
    for declared in _numbers(str(attributes.get('pathLength', ''))):
        total = declared if declared > _TINY else max(total, declared)
    if attributes.get('vector-effect', 'none') != 'none':
        total *= scale
    return min(total, FAR)


def largest_font(sizes: Iterable[str]) -> float:
    """Return a bound of the font size, in pixels."""
    largest = _PAGE_FONT
    for size in sizes:
        pixels = _absolute(size) if size[-1:].isdigit() else _NAMED_FONT
        if _LENGTHS.fullmatch(size):
            pixels = _absolute(size)
        elif size in {'larger', 'smaller'}:
            pixels = FAR
        largest = max(largest, pixels)
    return largest


def magnification(node: Node) -> float:
    """Return how much larger an element draws what is in it, at most."""
    attributes = node.attributes
    largest = 1.0
    box = attributes.get('viewBox')
    if node.name == 'marker' or 'objectBoundingBox' in attributes.values():
        return FAR
    if isinstance(box, str) and node.name in _VIEWPORTS:
        if node.parent is not None:
            return FAR
        largest = max(1.0, _SIDE / min(_numbers(box)[2:]))
    transform = attributes.get('transform')
    for name, arguments in _CALLS.findall(str(transform or '')):
        largest = min(largest * _function(name, _numbers(arguments)), FAR)
    return largest


def _function(name: str, numbers: list[float]) -> float:
    """Return how much a transform function magnifies, at least 1."""
    if name in {'matrix', 'scale'}:
        return max(1.0, sum(map(abs, numbers[:4])))
    if name.startswith('skew') and numbers:
        return min(2.0 + abs(math.tan(math.radians(numbers[0]))), FAR)
    return 1.0


def _path(data: str) -> float:
    """Return a bound of how long a path or a polygon is."""
    numbers = _numbers(data)
    total = _STEP * sum(map(abs, numbers))
    if 't' in data or 'T' in data:
        # Each mirrors the control point before it, further and further out.
        total *= len(numbers)
    return total


@functools.lru_cache(maxsize=64)
def _run(pattern: str) -> float:
    """Return the length of one run of a dash pattern; 0 if it is solid."""
    total = 0.0
    relative = False
    for number, unit in _LENGTHS.findall(pattern):
        if unit in _lexis.PIXELS:
            total += abs(float(number)) * _lexis.PIXELS[unit]
        else:
            relative = relative or float(number) != 0
    return total or (_TINY if relative else 0.0)


def _absolute(value: str) -> float:
    """Return the pixels of all lengths in a value, without their signs."""
    total = 0.0
    for number, unit in _LENGTHS.findall(value):
        pixels = _lexis.PIXELS.get(unit)
        if pixels is None and float(number):
            return FAR
        total += abs(float(number)) * (pixels or 0.0)
    return total


def _numbers(text: str) -> list[float]:
    """Return every number in a value."""
    return [float(number) for number in _NUMBERS.findall(text)]
