"""What only the outermost svg element may do, and what it may not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.icons import _lexis
from imbi_plugin_sdk.icons._node import Node

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._model import ViewBox
    from imbi_plugin_sdk.icons._source import Source

MAX_SIDE = 4_096.0
"""Largest width and height, in CSS pixels: as for a raster icon."""
MIN_SIDE = 1e-6
"""Smallest that a width or height counts for; nothing shows in either."""
DEFAULT_SIZE = (300.0, 150.0)
"""What a replaced element without a size gets (CSS 2.2, section 10.3.2)."""

_PIXELS = {
    **_lexis.PIXELS,
    # Of the initial font size, 16 px: a picture has no other.
    'em': 16.0,
    'rem': 16.0,
    'ex': 8.0,
    'ch': 8.0,
}
"""CSS pixels in each unit that the page does not decide."""

_LENGTH = re.compile(f'({_lexis.N})([a-zA-Z%]*)').fullmatch
_NUMBERS = re.compile(_lexis.N)

WRAPPED = ('transform', 'transform-origin', 'filter')
"""Properties that let the outermost svg paint outside its own box.

On a group inside it they draw the same, clipped to the picture.
"""
WITHOUT = ('x', 'y', 'overflow')
"""Attributes that place the picture in, or spill it onto, the page."""


class Frame(NamedTuple):
    """The picture's size in CSS pixels, and its coordinate system."""

    width: float
    height: float
    view_box: ViewBox


def fit(root: Node, source: Source) -> Frame:
    """Confine the outermost svg to its box and give it a view box."""
    for name in WITHOUT:
        if name in root.attributes:
            del root.attributes[name]
            source.remove_attribute(
                root.offset, name, 'the page places the picture', 'inert'
            )
    for name in [*root.style]:
        # Blending would mix the picture with the page behind it.
        del root.style[name]
        source.remove_attribute(
            root.offset, 'style', f'{name} would reach the page', 'inert'
        )
    _wrap(root)
    return _frame(root, source)


def _wrap(root: Node) -> None:
    """Move what paints outside the box onto a group inside it."""
    moved = {
        name: root.attributes.pop(name)
        for name in WRAPPED
        if name in root.attributes
    }
    if not moved:
        return
    group = Node('g', {}, root.offset, root)
    group.attributes = moved
    group.children = root.children
    for child in group.children:
        if isinstance(child, Node):
            child.parent = group
    root.children = [group]


def _frame(root: Node, source: Source) -> Frame:
    """Return the frame; synthesise a missing view box, cap a huge size."""
    attributes = root.attributes
    width = _pixels(attributes.get('width'))
    height = _pixels(attributes.get('height'))
    written = attributes.get('viewBox')
    if isinstance(written, str):
        left, top, across, down = map(float, _NUMBERS.findall(written))
    else:
        left = top = 0.0
        across = width or DEFAULT_SIZE[0]
        down = height or DEFAULT_SIZE[1]
        attributes['viewBox'] = f'0 0 {across:.10g} {down:.10g}'
        if width is None or height is None:
            # At its natural size it looks as before, at an icon's it does not.
            source.remove(
                root.offset,
                'no viewBox',
                'without viewBox or size it is cut, not scaled, to the place '
                f'it is shown in; viewBox="{attributes["viewBox"]}" was added',
                'visual',
            )
    if width is None and height is None:
        width, height = across, down
    elif width is None:
        width = (height or 0.0) * across / down
    elif height is None:
        height = width * down / across
    if max(width, height or 0.0) > MAX_SIDE:
        for name in ('width', 'height'):
            if attributes.pop(name, None) is not None:
                source.remove_attribute(
                    root.offset,
                    name,
                    f'the picture is larger than {MAX_SIDE:g} pixels',
                    'inert',
                )
        width, height = across, down
    return Frame(width, height or 0.0, (left, top, across, down))


def _pixels(value: object) -> float | None:
    """Return a length in CSS pixels; None where the page decides."""
    found = _LENGTH(value) if isinstance(value, str) else None
    if found is None or found[2] not in _PIXELS:
        return None
    pixels = float(found[1]) * _PIXELS[found[2]]
    return pixels if pixels >= MIN_SIDE else 0.0
