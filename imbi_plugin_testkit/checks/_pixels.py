"""The colours of a PNG that passed the raster check.

Rows are read until the picture was seen on every ground, which is soon in
all but pictures of one colour.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from imbi_plugin_sdk.icons._png import CHANNELS, SIGNATURE, Header, passes
from imbi_plugin_testkit.checks._seen import Seen, of_color

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_BYTES = 4_195_328
"""Bytes of pixels that are looked at, 1,024 squared: under two seconds for a
picture of one colour. Larger ones count as seen."""

_PALETTE = 3
_BYTE = 8


def of_png(data: bytes) -> Seen:
    """Return what of a PNG can be seen, and on which grounds."""
    chunks = dict(_chunks(data))
    header = Header(*struct.unpack('>IIBBBBB', chunks[b'IHDR']))
    if sum(stride * rows for stride, rows in passes(header)) > MAX_BYTES:
        return Seen.EVERYWHERE
    found = Seen.NOTHING
    known: set[tuple[int, ...]] = set()
    for row in _rows(zlib.decompress(chunks[b'IDAT']), header):
        fresh = set(_samples(row, header)) - known
        for samples in fresh:
            found |= _seen(samples, header, chunks)
        known |= fresh
        if found is Seen.EVERYWHERE:
            break
    return found


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each kind with its data, the pixels at last and in one piece."""
    position = len(SIGNATURE)
    pixels: list[bytes] = []
    while position < len(data):
        length, kind = struct.unpack_from('>I4s', data, position)
        content = data[position + 8 : position + 8 + length]
        if kind == b'IDAT':
            pixels.append(content)
        else:
            yield kind, content
        position += length + 12
    yield b'IDAT', b''.join(pixels)


def _rows(raw: bytes, header: Header) -> Iterator[bytes]:
    """Yield rows of samples without their filters (PNG, section 9)."""
    step = max(1, CHANNELS[header.color] * header.depth // _BYTE)
    position = 0
    for stride, count in passes(header):
        above = bytes(stride - 1)
        for _ in range(count):
            kind = raw[position]
            row = bytearray(raw[position + 1 : position + stride])
            _restore(row, above, kind, step)
            position += stride
            above = bytes(row)
            yield above


def _restore(row: bytearray, above: bytes, kind: int, step: int) -> None:
    """Undo one of the five filters in place."""
    if kind == 0:
        return
    for index, up in enumerate(above):
        left = row[index - step] if index >= step else 0
        corner = above[index - step] if index >= step else 0
        row[index] = (
            row[index]
            + (left, up, (left + up) // 2, _paeth(left, up, corner))[kind - 1]
        ) & 0xFF


def _paeth(left: int, up: int, corner: int) -> int:
    """Return the neighbour that is nearest to their plane."""
    guess = left + up - corner
    near = abs(guess - left), abs(guess - up), abs(guess - corner)
    return (left, up, corner)[near.index(min(near))]


def _samples(row: bytes, header: Header) -> Iterable[tuple[int, ...]]:
    """Return the samples of each pixel, of as many bits as they have."""
    channels = CHANNELS[header.color]
    samples: Sequence[int] = row
    if header.depth > _BYTE:
        samples = struct.unpack(f'>{len(row) // 2}H', row)
    elif header.depth < _BYTE:
        mask = (1 << header.depth) - 1
        samples = [
            byte >> shift & mask
            for byte in set(row)
            for shift in range(0, _BYTE, header.depth)
        ]
    return zip(*[iter(samples)] * channels, strict=True)


def _seen(
    samples: tuple[int, ...], header: Header, chunks: dict[bytes, bytes]
) -> Seen:
    """Return where a pixel is seen."""
    clear = chunks.get(b'tRNS', b'')
    if header.color == _PALETTE:
        (entry,) = samples
        color = chunks[b'PLTE'][3 * entry : 3 * entry + 3]
        # An entry that is not there is drawn as it pleases the decoder.
        alpha = clear[entry] if entry < len(clear) else 255
        return _of(color, alpha, 255) if color else Seen.NOTHING
    most = (1 << header.depth) - 1
    if CHANNELS[header.color] in {2, 4}:
        return _of(samples[:-1], samples[-1], most)
    is_clear = clear == struct.pack(f'>{len(samples)}H', *samples)
    return _of(samples, 0 if is_clear else most, most)


def _of(color: Sequence[int], alpha: int, most: int) -> Seen:
    return of_color(min(color) / most, max(color) / most, alpha / most)
