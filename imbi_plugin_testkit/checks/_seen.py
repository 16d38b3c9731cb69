"""What of a picture can be seen, as far as that can be told undrawn.

An SVG is judged by its sanitized document, in which every style has become
an attribute, and a PNG by its pixels. What only a renderer could tell
(gradients, patterns, filters, markers, faint shapes that may lie on each
other, embedded images, WebP) counts as seen on any ground: nobody is blamed
for it.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, NamedTuple

from defusedxml import ElementTree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    from imbi_plugin_sdk.icons import SanitizedIcon

LOST = 0.1
"""Share of a channel's range by which a colour must differ from the ground:
#e6e6e6 is lost on white and #191919 on black, at a contrast of 1.25 to 1."""
FAINT = 0.03
"""Opacity below which nothing is drawn: 8 of 255."""


class Seen(enum.Flag):
    """What of a picture can be seen."""

    NOTHING = 0
    DRAWN = enum.auto()
    ON_WHITE = enum.auto()
    ON_DARK = enum.auto()
    EVERYWHERE = DRAWN | ON_WHITE | ON_DARK


def seen(clean: SanitizedIcon) -> Seen:
    """Return what of a sanitized icon can be seen, and on which grounds."""
    if clean.media_type == 'image/svg+xml':
        return of_svg(clean.data)
    if clean.media_type == 'image/png':
        from imbi_plugin_testkit.checks._pixels import of_png  # noqa: PLC0415  few are PNG

        return of_png(clean.data)
    return Seen.EVERYWHERE


def of_color(low: float, high: float, alpha: float) -> Seen:
    """Return where a colour is seen.

    Args:
        low: Its lowest channel, 0 to 1.
        high: Its highest channel, 0 to 1.
        alpha: Its opacity, 0 to 1.
    """
    if alpha < FAINT:
        return Seen.NOTHING
    found = Seen.DRAWN
    if alpha * (1 - low) > LOST:
        found |= Seen.ON_WHITE
    if alpha * high > LOST:
        found |= Seen.ON_DARK
    return found


_TEXT = frozenset({'text', 'textPath', 'tspan'})
_SIZES: Mapping[str, tuple[str, ...]] = {
    'circle': ('r',),
    'ellipse': ('rx', 'ry'),
    'rect': ('width', 'height'),
}
"""Shapes that are not drawn where one of these is nothing."""
_POINTS: Mapping[str, str] = {
    'path': 'd',
    'polygon': 'points',
    'polyline': 'points',
}
"""Shapes that are not drawn where they do not get beyond one point."""
_UNDRAWN = frozenset(
    {'clipPath', 'defs', 'marker', 'mask', 'pattern', 'symbol'}
)
"""What is only drawn where something refers to it."""
_MARKERS = ('marker-start', 'marker-mid', 'marker-end')
"""What draws on the corners of a shape, be it painted itself or not."""
_NUMBER = re.compile(r'[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?')
_DRAWS = re.compile(r'[ACHLQSTVZachlqstvz]')
"""Commands of a path that draw; a second pair behind M does too."""
_PAIR = 2
_NAMED: Mapping[str, tuple[float, ...]] = {
    'black': (0, 0, 0),
    'ivory': (1, 1, 0.94),
    'snow': (1, 0.98, 0.98),
    'transparent': (0, 0, 0, 0),
    'white': (1, 1, 1),
    'whitesmoke': (0.96, 0.96, 0.96),
}
_HEX = re.compile(r'#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})')
_RGB = re.compile(r'rgba?\(([^)]*)\)', re.IGNORECASE)
_OPAQUE = 3
"""Channels of a colour without an alpha of its own."""


class _Style(NamedTuple):
    """How a shape is painted; what is inherited, and opacity multiplied."""

    fill: str = 'black'
    stroke: str = 'none'
    fill_opacity: str = '1'
    stroke_opacity: str = '1'
    stroke_width: str = '1'
    visibility: str = 'visible'
    alpha: float = 1.0


def of_svg(data: bytes) -> Seen:
    """Return what of a sanitized SVG can be seen."""
    root = ElementTree.fromstring(data)
    ids = {each.get('id'): each for each in root.iter()}
    found = Seen.NOTHING
    faint = 0
    # A stack, for references nest deeper than calls may.
    stack = [(root, _Style(), False)]
    while stack and found is not Seen.EVERYWHERE:
        element, inherited, used = stack.pop()
        if _is_hidden(element, ids, used=used):
            continue
        style = _styled(element, inherited)
        own = _own(element, style, ids)
        faint += own is Seen.DRAWN
        found |= Seen.EVERYWHERE if faint > 1 else own
        stack += [(child, style, False) for child in element]
        target = _target(element, ids) if _name(element) == 'use' else None
        if target is not None:
            stack.append((target, style, True))
    return found


def _name(element: Element) -> str:
    return element.tag.rpartition('}')[2]


def _target(
    element: Element,
    ids: Mapping[str | None, Element],
    attribute: str = 'href',
) -> Element | None:
    """Return what an attribute refers to, as `#a` or `url(#a)`."""
    value = element.get(attribute, '')
    return ids.get(value.rpartition('#')[2].rstrip(')')) if value else None


def _is_hidden(
    element: Element, ids: Mapping[str | None, Element], *, used: bool
) -> bool:
    """Return whether neither an element nor what is in it is drawn here."""
    if _name(element) in _UNDRAWN and not used:
        return True
    if element.get('display') == 'none':
        return True
    shapes = (
        _target(element, ids, attribute) for attribute in ('clip-path', 'mask')
    )
    return any(shape is not None and not len(shape) for shape in shapes)


def _styled(element: Element, inherited: _Style) -> _Style:
    values: dict[str, str] = {}
    for field in _Style._fields[:-1]:
        value = element.get(field.replace('_', '-'), 'inherit')
        if value != 'inherit':
            values[field] = value
    alpha = inherited.alpha * _share(element.get('opacity', '1'))
    return inherited._replace(alpha=alpha, **values)


def _own(
    element: Element, style: _Style, ids: Mapping[str | None, Element]
) -> Seen:
    """Return what is seen of a shape itself."""
    name = _name(element)
    if 'filter' in element.attrib or 'style' in element.attrib:
        return Seen.EVERYWHERE
    if style.visibility != 'visible':
        return Seen.NOTHING
    marks = (_target(element, ids, attribute) for attribute in _MARKERS)
    if name == 'image' or any(
        mark is not None and len(mark) for mark in marks
    ):
        return Seen.EVERYWHERE if style.alpha >= FAINT else Seen.NOTHING
    if not _has_extent(name, element):
        return Seen.NOTHING
    found = Seen.NOTHING
    if name != 'line':
        alpha = style.alpha * _share(style.fill_opacity)
        found |= _painted(style.fill, alpha)
    if not _is_nothing(style.stroke_width):
        alpha = style.alpha * _share(style.stroke_opacity)
        found |= _painted(style.stroke, alpha)
    return found


def _has_extent(name: str, element: Element) -> bool:
    """Return whether an element is a shape that is not empty."""
    if name in _TEXT:
        texts = (element.text, *(child.tail for child in element))
        return any(text and text.strip() for text in texts)
    if name in _POINTS:
        value = element.get(_POINTS[name], '')
        numbers = _NUMBER.findall(value)
        if len(numbers) < _PAIR:
            return False
        return len(numbers) > _PAIR or bool(_DRAWS.search(value))
    if name in _SIZES:
        sizes = [element.get(size) for size in _SIZES[name]]
        if name == 'ellipse':  # one radius is the other's where it is absent
            sizes = [size for size in sizes if size is not None] or [None]
        return not any(size is None or _is_nothing(size) for size in sizes)
    return name == 'line'


def _is_nothing(length: str) -> bool:
    number = _NUMBER.match(length)
    return number is not None and float(number[0]) == 0


def _share(value: str) -> float:
    """Return an opacity, as `.5` or `50%`; 1 where it is neither."""
    number = _NUMBER.match(value)
    if number is None:
        return 1.0
    scale = 100 if value.endswith('%') else 1
    return min(max(float(number[0]) / scale, 0.0), 1.0)


def _painted(paint: str, alpha: float) -> Seen:
    if paint == 'none' or alpha < FAINT:
        return Seen.NOTHING
    channels = _channels(paint)
    if channels is None:
        return Seen.EVERYWHERE
    *colors, own = (*channels, 1.0) if len(channels) == _OPAQUE else channels
    return of_color(min(colors), max(colors), alpha * own)


def _channels(paint: str) -> tuple[float, ...] | None:
    """Return three or four channels, or None where nobody can say."""
    if _HEX.fullmatch(paint):
        digits = paint[1:]
        if len(digits) <= _OPAQUE + 1:
            digits = ''.join(digit * 2 for digit in digits)
        return tuple(byte / 255 for byte in bytes.fromhex(digits))
    found = _RGB.fullmatch(paint)
    if found is None:
        return _NAMED.get(paint)
    parts = re.findall(r'[^\s,/]+', found[1])
    if not all(map(_NUMBER.match, parts)):
        return None
    return tuple(
        _share(part)
        if part.endswith('%') or index == _OPAQUE
        else _share(str(float(part) / 255))
        for index, part in enumerate(parts)
    )
