"""ICO040 and up: what is left of an SVG icon can be seen.

Judged on the sanitized document, in which every style has become an
attribute, so that the paint of a shape is that of its nearest ancestor.
Gradients, patterns, images, masks and filters count as visible: nobody is
blamed for what only a renderer could tell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from defusedxml import ElementTree

from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.checks._declared import has_icon
from imbi_plugin_testkit.checks.icons import SHIPPED, judged
from imbi_plugin_testkit.comparing import Words
from imbi_plugin_testkit.model import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from imbi_plugin_sdk.icons import SanitizedIcon
    from imbi_plugin_testkit.subject import PluginUnderTest

MOST_OBLONG = 3.0
"""Long side by short side; admin pages draw icons in a square."""

WHITE, DARK = 0.95, 0.05
"""Brightness from which a paint is lost on white, and below which on dark."""

DRAWN = frozenset(
    {
        'circle',
        'ellipse',
        'image',
        'line',
        'path',
        'polygon',
        'polyline',
        'rect',
        'text',
        'use',
    }
)
UNDRAWN = frozenset(
    {'clipPath', 'defs', 'marker', 'mask', 'pattern', 'symbol'}
)
_NAMED = {'white': 1.0, 'black': 0.0}
_HEX = re.compile(r'#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})')


class Paint(NamedTuple):
    """How one shape is painted.

    Attributes:
        fill: The fill that it has or inherits.
        stroke: The stroke that it has or inherits.
    """

    fill: str = 'black'
    stroke: str = 'none'


def _name(element: Element) -> str:
    return element.tag.rpartition('}')[2]


BLACK = Paint()
"""What SVG paints a shape with that says nothing."""


def painted(
    element: Element, inherited: Paint = BLACK
) -> Iterator[tuple[str, Paint]]:
    """Yield each drawn shape's name with its paint."""
    name = _name(element)
    if name in UNDRAWN or element.get('display') == 'none':
        return
    own = Paint(
        element.get('fill', inherited.fill),
        element.get('stroke', inherited.stroke),
    )
    if name in DRAWN:
        yield name, own
    for child in element:
        yield from painted(child, own)


def brightness(paint: str) -> float | None:
    """Return 0 for black to 1 for white, or None where nobody can say."""
    if paint in _NAMED:
        return _NAMED[paint]
    match = _HEX.fullmatch(paint)
    if match is None:
        return None
    digits = match[1]
    step = len(digits) // 3
    parts = [
        int(digits[start : start + step] * (3 - step), 16) / 255
        for start in range(0, len(digits), step)
    ]
    red, green, blue = parts
    # ITU-R BT.709, the weights of sRGB.
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _shapes(clean: SanitizedIcon) -> list[tuple[str, Paint]]:
    return list(painted(ElementTree.fromstring(clean.data)))


def _icons(
    plugin: PluginUnderTest,
) -> Iterator[tuple[str, SanitizedIcon]]:
    for icon in judged(plugin):
        if icon.clean is not None:
            yield icon.field, icon.clean


def _all_are(clean: SanitizedIcon, low: float, high: float) -> bool:
    """Return whether each shape is flat, and of a brightness in between."""
    levels: list[float | None] = []
    for name, paint in _shapes(clean):
        if name in ('image', 'use'):
            return False
        flat = [part for part in paint if part != 'none']
        levels += [brightness(part) for part in flat]
    return bool(levels) and all(
        level is not None and low <= level <= high for level in levels
    )


@check(
    'ICO040',
    title='an SVG icon draws something',
    fix='Draw it with shapes and text; `imbi-plugin icon FILE` shows what is '
    'left of it.',
    severity=Severity.SHOULD,
    applies=has_icon,
    requires=(SHIPPED,),
)
def something_is_drawn(plugin: PluginUnderTest) -> Iterator[Finding]:
    """A picture whose every shape was taken out is an empty square.

    The host stores what is left after cleaning, and would rather show its
    own placeholder than nothing.
    """
    for field, clean in _icons(plugin):
        if clean.media_type == 'image/svg+xml' and not _shapes(clean):
            yield Finding(field, 'nothing of the picture is drawn.')


@check(
    'ICO041',
    title='an icon is roughly square',
    fix='Use the mark without its lettering, or give it a square viewBox.',
    severity=Severity.SHOULD,
    applies=has_icon,
    requires=(SHIPPED,),
)
def icon_is_square(plugin: PluginUnderTest) -> Iterator[Finding]:
    """Admin pages draw icons in a square of 16 to 128 pixels.

    A word mark of four to one is then a line of four pixels that nobody can
    read.
    """
    for field, clean in _icons(plugin):
        width, height = clean.view_box[2:]
        if min(width, height) <= 0:
            continue
        ratio = max(width, height) / min(width, height)
        if ratio > MOST_OBLONG:
            yield Finding(
                field,
                f'it is {width:g} by {height:g}, {ratio:.1f} to 1; at most '
                f'{MOST_OBLONG:g} to 1 is readable.',
            ).comparing(
                Words(f'{ratio:.1f} to 1'),
                Words(f'at most {MOST_OBLONG:g} to 1'),
            )


@check(
    'ICO042',
    title='an icon can be seen on white ground',
    fix='Give `icon` a picture with a colour, and keep the white one as '
    '`icon_dark`.',
    severity=Severity.SHOULD,
    applies=has_icon,
    requires=(SHIPPED,),
)
def icon_is_seen_on_white(plugin: PluginUnderTest) -> Iterator[Finding]:
    """Most admin pages are white, and a white mark on them is no mark.

    The picture for dark ground has a field of its own.
    """
    for field, clean in _icons(plugin):
        if (
            field == 'icon'
            and clean.media_type == 'image/svg+xml'
            and _all_are(clean, WHITE, 1.0)
        ):
            yield Finding(field, 'every shape is white or almost white.')


@check(
    'ICO043',
    title='an icon can be seen on dark ground',
    fix='Add `icon_dark` with a light picture.',
    severity=Severity.MAY,
    applies=has_icon,
    requires=(SHIPPED,),
)
def icon_is_seen_on_dark(plugin: PluginUnderTest) -> Iterator[Finding]:
    """A black mark is hard to see where the page is dark.

    Many vendors' marks are black, so this is a note: hosts may put a light
    ground below them.
    """
    icons = dict(_icons(plugin))
    field = 'icon_dark' if 'icon_dark' in icons else 'icon'
    clean = icons.get(field)
    if (
        clean is not None
        and clean.media_type == 'image/svg+xml'
        and _all_are(clean, 0.0, DARK)
    ):
        yield Finding(field, 'every shape is black or almost black.')
