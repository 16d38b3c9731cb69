"""What the three raster formats share: bounds, signatures, the result."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk.icons._model import CleanRaster
from imbi_plugin_sdk.icons._problems import refusal

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._model import Removal

MAX_SIDE = 4_096
"""Largest width and height in pixels."""
MAX_PIXELS = 4_194_304
"""Most pixels: 2,048 squared, 32 MiB at the deepest format PNG has."""

PNG = 'image/png'
WEBP = 'image/webp'
JPEG = 'image/jpeg'


_SIGNATURES = tuple(
    (re.compile(mark, re.DOTALL).match, media_type)
    for mark, media_type in (
        (rb'\x89PNG\r\n\x1a\n', PNG),
        (rb'RIFF....WEBP', WEBP),
        (rb'\xff\xd8\xff', JPEG),
        (rb'GIF8[79]a', 'image/gif'),
        (rb'\x00\x00\x01\x00', 'image/x-icon'),
        (rb'....ftypavi[fs]', 'image/avif'),
    )
)
"""What a format's first bytes look like, and its media type."""
_MARKUP = (b'<?xml', b'<svg', b'<!DOCTYPE svg')


def sniff(data: bytes) -> str | None:
    """Return the media type that a file's first bytes show, if any."""
    for match, media_type in _SIGNATURES:
        if match(data):
            return media_type
    head = data[:256].removeprefix(b'\xef\xbb\xbf').lstrip()
    return 'image/svg+xml' if head.startswith(_MARKUP) else None


def check_size(width: int, height: int) -> None:
    """Refuse a picture without area, or beyond what an icon needs.

    Raises:
        IconError: `icon_dimensions`.
    """
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise refusal(
            'icon_dimensions',
            f'The picture has {width:,} by {height:,} pixels; each side must '
            f'have 1 to {MAX_SIDE:,}.',
        )
    if width * height > MAX_PIXELS:
        raise refusal(
            'icon_dimensions',
            f'The picture has {width * height:,} pixels; the limit is '
            f'{MAX_PIXELS:,}.',
        )


def trailing(data: bytes, end: int) -> None:
    """Refuse bytes after the end of the picture.

    Raises:
        IconError: `icon_trailing_data`.
    """
    extra = len(data) - end
    if extra > 0:
        raise refusal(
            'icon_trailing_data',
            f'{extra:,} bytes follow the end of the picture at byte {end:,}.',
        )


def finish(
    parts: list[bytes],
    media_type: str,
    size: tuple[int, int],
    removals: list[Removal],
) -> CleanRaster:
    """Return the rebuilt picture."""
    data = b''.join(parts)
    return CleanRaster(
        data=data,
        media_type=media_type,
        sha256=hashlib.sha256(data).hexdigest(),
        width=size[0],
        height=size[1],
        # Thousands of one kind say no more than one of them.
        removals=tuple(dict.fromkeys(removals)),
    )
