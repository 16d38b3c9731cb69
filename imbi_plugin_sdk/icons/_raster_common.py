"""What the three raster formats share: bounds, signatures, the result."""

from __future__ import annotations

import hashlib

from imbi_plugin_sdk.icons._model import CleanRaster, Removal
from imbi_plugin_sdk.icons._problems import refusal

MAX_SIDE = 4_096
"""Largest width and height in pixels."""
MAX_PIXELS = 4_194_304
"""Most pixels: 2,048 squared, 32 MiB at the deepest format PNG has."""

PNG = 'image/png'
WEBP = 'image/webp'
JPEG = 'image/jpeg'


_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b'\x89PNG\r\n\x1a\n', PNG),
    (8, b'WEBP', WEBP),
    (0, b'\xff\xd8\xff', JPEG),
    (0, b'GIF87a', 'image/gif'),
    (0, b'GIF89a', 'image/gif'),
    (0, b'\x00\x00\x01\x00', 'image/x-icon'),
    (4, b'ftypavif', 'image/avif'),
    (4, b'ftypavis', 'image/avif'),
)
"""Where a format's mark stands, the mark, and the media type."""
_MARKUP = (b'<?xml', b'<svg', b'<!DOCTYPE svg')


def sniff(data: bytes) -> str | None:
    """Return the media type that a file's first bytes show, if any."""
    for offset, mark, media_type in _SIGNATURES:
        if data.startswith(mark, offset):
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


def dropped(what: str) -> Removal:
    """Return the record of a chunk that is not part of the pixels."""
    return Removal(0, 0, what, 'only what draws the pixels is kept', 'inert')


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
        removals=tuple(removals),
    )
