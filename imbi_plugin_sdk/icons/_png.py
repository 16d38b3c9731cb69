"""PNG, verified to the last bit that the standard library can check.

Rules by section of the PNG specification, third edition. Every chunk's
checksum is compared, the pixels are inflated under a bound and must have
exactly the size that the header announces.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk._text import listed
from imbi_plugin_sdk.icons import _metadata
from imbi_plugin_sdk.icons import _raster_common as common
from imbi_plugin_sdk.icons._problems import refusal

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._model import CleanRaster, Removal

SIGNATURE = b'\x89PNG\r\n\x1a\n'

_GRAY, _RGB, _PALETTE, _GRAY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6
_DEPTHS: dict[int, tuple[int, ...]] = {
    _GRAY: (1, 2, 4, 8, 16),
    _RGB: (8, 16),
    _PALETTE: (1, 2, 4, 8),
    _GRAY_ALPHA: (8, 16),
    _RGB_ALPHA: (8, 16),
}
"""Bit depths by colour type (section 11.2.1, table 12)."""
CHANNELS = {_GRAY: 1, _RGB: 3, _PALETTE: 1, _GRAY_ALPHA: 2, _RGB_ALPHA: 4}

_LENGTHS: dict[bytes, dict[int, int]] = {
    b'sBIT': {_GRAY: 1, _RGB: 3, _PALETTE: 3, _GRAY_ALPHA: 2, _RGB_ALPHA: 4},
    b'bKGD': {_GRAY: 2, _RGB: 6, _PALETTE: 1, _GRAY_ALPHA: 2, _RGB_ALPHA: 6},
    b'gAMA': dict.fromkeys(_DEPTHS, 4),
    b'cHRM': dict.fromkeys(_DEPTHS, 32),
    b'sRGB': dict.fromkeys(_DEPTHS, 1),
    b'pHYs': dict.fromkeys(_DEPTHS, 9),
}
"""Length of each ancillary chunk that is kept, by colour type."""
_KEPT = frozenset({b'PLTE', b'tRNS', *_LENGTHS})
_BEFORE: dict[bytes, frozenset[bytes]] = {
    b'PLTE': frozenset({b'bKGD', b'tRNS'}),
    **dict.fromkeys(
        (b'cHRM', b'gAMA', b'sBIT', b'sRGB'), frozenset({b'PLTE'})
    ),
}
"""Kind to the kinds that it must stand before (section 5.6, table 7)."""
_ANIMATION = frozenset({b'acTL', b'fcTL', b'fdAT'})
_OVERRULED = frozenset({b'cHRM', b'gAMA'})
"""Colours that nobody looks at beside a profile (section 11.3.2.3)."""
_SRGB = b'\1\x0d\0\1'
"""The code points in cICP that mean sRGB (ITU-T H.273)."""
_MAX_PROFILE = 65_536
"""Bytes of a colour profile that are looked at; those of displays have about
a thousand, and what lies behind counts as other colours."""
_BLOCK = 262_144
"""Bytes of pixels that are held at a time."""
# First column, first row, column step and row step of each pass of Adam7
# (section 8.1).
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_MAX_FILTER = 4
"""The last of the filter types (section 9.2)."""
_CHUNK = 12
"""Bytes of a chunk beside its data: length, type and checksum."""


class Header(NamedTuple):
    """The IHDR chunk (section 11.2.1)."""

    width: int
    height: int
    depth: int
    color: int
    compression: int
    filtering: int
    interlace: int


class _Chunk(NamedTuple):
    """A chunk: its type, its data, and all its bytes."""

    kind: bytes
    data: bytes
    whole: bytes


def check_png(data: bytes) -> CleanRaster:
    """Return the PNG with only the chunks that draw its pixels.

    Raises:
        IconError: Structure, checksums, size or pixels do not hold.
    """
    chunks = _chunks(data)
    header = _header(chunks[0])
    kept: list[_Chunk] = [chunks[0]]
    removals: list[Removal] = []
    pixels: list[bytes] = []
    seen: set[bytes] = {b'IHDR'}
    for index, chunk in enumerate(chunks[1:], 1):
        kind = chunk.kind
        if kind in _ANIMATION:
            raise refusal(
                'icon_animated',
                f'The PNG has chunk {kind.decode()}: it is animated.',
            )
        if kind == b'IDAT':
            if pixels and chunks[index - 1].kind != b'IDAT':
                raise _malformed('its IDAT chunks are not in one row')
            pixels.append(chunk.data)
            kept.append(chunk)
        elif kind == b'IEND' or kind in _KEPT:
            _check_chunk(chunk, header, seen, has_pixels=bool(pixels))
            kept.append(chunk)
        elif not kind[0] & 0x20:
            raise _malformed(f'critical chunk {kind!r} is not known')
        else:
            removals.append(_removal(chunk))
        seen.add(kind)
    if header.color == _PALETTE and b'PLTE' not in seen:
        raise _malformed('its colours have no palette')
    _check_pixels(b''.join(pixels), header)
    if any(map(_is_profile, chunks)):
        # Without the profile they would change the colours.
        removals += [
            _removal(each) for each in kept if each.kind in _OVERRULED
        ]
        kept = [each for each in kept if each.kind not in _OVERRULED]
    parts = [SIGNATURE, *(chunk.whole for chunk in kept)]
    size = (header.width, header.height)
    return common.finish(parts, common.PNG, size, removals)


def _removal(chunk: _Chunk) -> Removal:
    """Return the record of a chunk that is not kept."""
    kind, what = chunk.kind, f'chunk {chunk.kind.decode()}'
    if kind == b'eXIf':
        return _metadata.exif(what, chunk.data)
    if kind == b'iCCP':
        return _metadata.profile(what, _profile(chunk))
    seen = _is_profile(chunk) and chunk.data != _SRGB
    return _metadata.dropped(what, 'visual' if seen else 'inert')


def _profile(chunk: _Chunk) -> bytes:
    """Return the profile in iCCP; empty where it does not unpack."""
    # Behind the name and a byte for the method (section 11.3.2.3).
    packed = chunk.data.partition(b'\0')[2][1:]
    try:
        return zlib.decompressobj().decompress(packed, _MAX_PROFILE)
    except zlib.error:
        return b''


def _is_profile(chunk: _Chunk) -> bool:
    """Return whether a chunk says more of colours than cHRM and gAMA do."""
    if chunk.kind == b'cICP':
        return len(chunk.data) == len(_SRGB)
    return chunk.kind == b'iCCP' and _metadata.is_profile(_profile(chunk))


def _malformed(what: str) -> Exception:
    """Return the error for a PNG that breaks the format."""
    return refusal('icon_png_structure', f'The PNG is malformed: {what}.')


def _chunks(data: bytes) -> list[_Chunk]:
    """Return every chunk up to IEND, which must be the end of the file."""
    position = len(SIGNATURE)
    chunks: list[_Chunk] = []
    size = len(data)
    while True:
        if position + _CHUNK > size:
            raise _malformed('it ends before IEND')
        (length,) = struct.unpack_from('>I', data, position)
        end = position + _CHUNK + length
        if end > size:
            raise _malformed(f'the chunk at byte {position:,} is cut off')
        body = data[position + 4 : end - 4]
        kind = body[:4]
        if not kind.isalpha():  # of bytes, only ASCII letters are
            raise _malformed(f'the chunk at byte {position:,} has no name')
        (checksum,) = struct.unpack_from('>I', data, end - 4)
        if zlib.crc32(body) != checksum:
            raise refusal(
                'icon_png_checksum',
                f'The checksum of chunk {kind.decode()} at byte '
                f'{position:,} does not hold.',
            )
        chunks.append(_Chunk(kind, body[4:], data[position:end]))
        position = end
        if kind == b'IEND':
            common.trailing(data, end)
            return chunks


def _header(chunk: _Chunk) -> Header:
    """Return the header, checked against the format's table."""
    if chunk.kind != b'IHDR' or len(chunk.data) != struct.calcsize('>IIBBBBB'):
        raise _malformed('it does not begin with IHDR')
    header = Header(*struct.unpack('>IIBBBBB', chunk.data))
    if header.depth not in _DEPTHS.get(header.color, ()):
        raise _malformed(
            f'colour type {header.color} has no depth of {header.depth}; '
            f'it may have {listed(_DEPTHS.get(header.color, ("none",)))}'
        )
    if header.compression or header.filtering or header.interlace > 1:
        raise _malformed('its compression, filter or interlacing is unknown')
    common.check_size(header.width, header.height)
    return header


def _check_chunk(
    chunk: _Chunk, header: Header, seen: set[bytes], *, has_pixels: bool
) -> None:
    """Hold a chunk that is kept to its place and length (section 5.6)."""
    kind, length = chunk.kind, len(chunk.data)
    name = kind.decode()
    if kind in seen:
        raise _malformed(f'it has two {name} chunks')
    if kind == b'IEND':
        if length or not has_pixels:
            raise _malformed('IEND has data, or there is no IDAT')
        return
    if has_pixels or not seen.isdisjoint(_BEFORE.get(kind, ())):
        raise _malformed(f'{name} stands too far behind')
    if kind == b'PLTE':
        entries, rest = divmod(length, 3)
        room = 1 << min(header.depth, 8)
        if rest or not 1 <= entries <= room:
            raise _malformed(f'a palette of {length} bytes does not fit')
        if header.color in {_GRAY, _GRAY_ALPHA}:
            raise _malformed('a grey picture has a palette')
    elif kind == b'tRNS':
        _check_transparency(length, header, seen)
    elif length != _LENGTHS[kind][header.color]:
        raise _malformed(f'{name} has {length} bytes')


def _check_transparency(length: int, header: Header, seen: set[bytes]) -> None:
    """Hold tRNS to the colour type (section 11.3.1.1)."""
    if header.color == _PALETTE:
        fits = b'PLTE' in seen and 1 <= length <= 1 << header.depth
    else:
        fits = length == {_GRAY: 2, _RGB: 6}.get(header.color, -1)
    if not fits:
        raise _malformed(f'tRNS has {length} bytes, or stands before PLTE')


def passes(header: Header) -> list[tuple[int, int]]:
    """Return bytes of a row, with its filter byte, and rows by pass."""
    bits = header.depth * CHANNELS[header.color]
    layout = _ADAM7 if header.interlace else ((0, 0, 1, 1),)
    found: list[tuple[int, int]] = []
    for left, top, across, down in layout:
        columns = (header.width - left + across - 1) // across
        rows = (header.height - top + down - 1) // down
        if columns:
            found.append(((columns * bits + 7) // 8 + 1, rows))
    return found


class _Pixels:
    """The pixel data, inflated a piece at a time."""

    def __init__(self, compressed: bytes) -> None:
        self._inflater = zlib.decompressobj()
        self._rest = compressed

    def take(self, size: int) -> bytes:
        """Return `size` bytes, or fewer where there are no more."""
        try:
            taken = self._inflater.decompress(self._rest, size)
        except zlib.error as error:
            raise refusal(
                'icon_png_pixels',
                f'The pixel data does not inflate: {error}.',
            ) from None
        self._rest = self._inflater.unconsumed_tail
        return taken

    def finish(self, header: Header) -> None:
        """Refuse what goes on behind the last row."""
        if self.take(1):
            raise refusal(
                'icon_bomb',
                'The pixel data inflates to more than the '
                f'{header.width:,} by {header.height:,} pixels need.',
            )
        if not self._inflater.eof:
            raise refusal('icon_png_pixels', 'The pixel data has no end.')
        hidden = len(self._inflater.unused_data)
        if hidden:
            raise refusal(
                'icon_trailing_data',
                f'{hidden:,} bytes hide behind the pixel data.',
            )


def _check_pixels(compressed: bytes, header: Header) -> None:
    """Inflate what the header announces, and look at every row's filter."""
    pixels = _Pixels(compressed)
    for stride, rows in passes(header):
        most = max(1, _BLOCK // stride)
        for first in range(0, rows, most):
            wanted = stride * min(most, rows - first)
            block = pixels.take(wanted)
            if len(block) < wanted:
                raise refusal(
                    'icon_png_pixels',
                    'The pixel data ends before the last of '
                    f'{header.width:,} by {header.height:,} pixels.',
                )
            if max(block[::stride]) > _MAX_FILTER:
                raise refusal(
                    'icon_png_pixels',
                    'A row has a filter that does not exist.',
                )
    pixels.finish(header)
