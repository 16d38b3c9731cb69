"""WebP, checked by structure (RFC 9649).

The standard library cannot decode VP8, so the container is walked to its
end, the bitstream's header must agree with it, and the container is rebuilt.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.icons import _metadata
from imbi_plugin_sdk.icons import _raster_common as common
from imbi_plugin_sdk.icons._problems import refusal

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._model import CleanRaster, Removal

_ALPHA, _ANIMATION = 0x10, 0x02
"""Flags of VP8X (RFC 9649, section 2.7)."""
_RIFF = 12
"""Bytes before the first chunk: `RIFF`, length, `WEBP`."""
_VP8X = 10
"""Length of VP8X."""
_FRAMES = frozenset({b'ANIM', b'ANMF'})
_LOSSY, _LOSSLESS, _EXTENDED = b'VP8 ', b'VP8L', b'VP8X'
_RECORDS = {b'EXIF': _metadata.exif, b'ICCP': _metadata.profile}
"""What says how a chunk that could be seen is graded."""
_MAX_VERSION = 3
"""The last version of a VP8 bitstream (RFC 6386, section 9.1)."""


class _Frame(NamedTuple):
    """What a bitstream's header says."""

    width: int
    height: int


def check_webp(data: bytes) -> CleanRaster:
    """Return the WebP with only its picture and, if any, its alpha plane.

    Raises:
        IconError: Structure or size do not hold, or it is animated.
    """
    chunks = _chunks(data)
    kinds = [kind for kind, _ in chunks]
    if _FRAMES.intersection(kinds) or (
        kinds[0] == _EXTENDED and chunks[0][1][:1] and _is_animated(chunks[0])
    ):
        raise refusal('icon_animated', 'The WebP is animated.')
    if kinds[0] != _EXTENDED and len(chunks) > 1:
        raise _malformed('a simple file has more than one chunk')
    pictures = [c for c in chunks if c[0] in {_LOSSY, _LOSSLESS}]
    planes = [c for c in chunks if c[0] == b'ALPH']
    if len(pictures) != 1 or len(planes) > 1:
        raise _malformed('it must have one picture, and one alpha plane')
    kind, payload = pictures[0]
    frame = _lossy(payload) if kind == _LOSSY else _lossless(payload)
    common.check_size(frame.width, frame.height)
    if planes:
        if kind == _LOSSLESS or kinds.index(b'ALPH') > kinds.index(kind):
            raise _malformed('its alpha plane is out of place')
        _check_alpha(planes[0][1], frame)
    removals: list[Removal] = [
        _RECORDS.get(name, _unknown)(_named(name), content)
        for name, content in chunks
        if name not in {_EXTENDED, _LOSSY, _LOSSLESS, b'ALPH'}
    ]
    parts: list[bytes] = []
    if kinds[0] == _EXTENDED:
        if kinds.count(_EXTENDED) > 1:
            raise _malformed('it has two canvases')
        _check_canvas(chunks[0][1], frame)
        parts.append(_chunk(_EXTENDED, _canvas(frame, chunks[0][1][0])))
    parts += [_chunk(*plane) for plane in planes]
    parts.append(_chunk(kind, payload))
    size = 4 + sum(map(len, parts))
    parts.insert(0, b'RIFF' + struct.pack('<I', size) + b'WEBP')
    return common.finish(
        parts, common.WEBP, (frame.width, frame.height), removals
    )


def _malformed(what: str) -> Exception:
    """Return the error for a WebP that breaks the format."""
    return refusal('icon_webp_structure', f'The WebP is malformed: {what}.')


def _named(kind: bytes) -> str:
    """Return a chunk's name for a reader, whatever bytes it is made of."""
    return f'chunk {kind.decode("ascii", "replace").strip()}'


def _unknown(what: str, _: bytes) -> Removal:
    """Return the record of a chunk that nobody can see."""
    return _metadata.dropped(what)


def _is_animated(chunk: tuple[bytes, bytes]) -> bool:
    """Return whether VP8X announces frames."""
    return bool(chunk[1][0] & _ANIMATION)


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return the chunks of the container, which must fill the file."""
    if len(data) < _RIFF:
        raise _malformed('it is cut off')
    (length,) = struct.unpack_from('<I', data, 4)
    end = length + 8
    common.trailing(data, end)
    if end > len(data):
        raise _malformed(f'it announces {end:,} bytes and has {len(data):,}')
    chunks: list[tuple[bytes, bytes]] = []
    position = _RIFF
    while position < end:
        if position + 8 > end:
            raise _malformed('a chunk is cut off')
        kind = data[position : position + 4]
        (size,) = struct.unpack_from('<I', data, position + 4)
        start = position + 8
        position = start + size + (size & 1)
        if position > end:
            raise _malformed('a chunk is longer than the file')
        if size & 1 and data[position - 1]:
            raise _malformed('a padding byte is not zero')
        chunks.append((kind, data[start : start + size]))
    if not chunks:
        raise _malformed('it is empty')
    return chunks


def _chunk(kind: bytes, payload: bytes) -> bytes:
    """Return a chunk with its length and padding."""
    padding = b'\0' * (len(payload) & 1)
    return kind + struct.pack('<I', len(payload)) + payload + padding


def _lossy(payload: bytes) -> _Frame:
    """Return what a VP8 key frame says (RFC 6386, section 9.1)."""
    if len(payload) < 10 or payload[3:6] != b'\x9d\x01\x2a':  # noqa: PLR2004  header's length
        raise _malformed('its VP8 frame has no start code')
    tag = int.from_bytes(payload[:3], 'little')
    # Bit 0 is clear in a key frame, 3 bits are the version, bit 4 is set in
    # a frame that is shown, and 19 bits give the first partition.
    version, partition = tag >> 1 & 7, tag >> 5
    if tag & 1 or not tag & 0x10 or partition > len(payload) - 10:
        raise _malformed('its VP8 frame is not a whole, shown key frame')
    if version > _MAX_VERSION:
        raise _malformed(f'its VP8 version is {version}')
    width, height = struct.unpack_from('<HH', payload, 6)
    return _Frame(width & 0x3FFF, height & 0x3FFF)


def _lossless(payload: bytes) -> _Frame:
    """Return what a VP8L header says (RFC 9649, section 3.4)."""
    if len(payload) < 5 or payload[0] != 0x2F:  # noqa: PLR2004  header's length and signature
        raise _malformed('its VP8L picture has no signature')
    bits = int.from_bytes(payload[1:5], 'little')
    if bits >> 29:
        raise _malformed('its VP8L version is not 0')
    return _Frame((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)


def _check_alpha(payload: bytes, frame: _Frame) -> None:
    """Hold an alpha plane to its header (RFC 9649, section 2.7.1.2)."""
    # Two bits of compression and two of preprocessing, each 0 or 1; two of
    # a filter between them, and two that are clear.
    if len(payload) < 2 or payload[0] & 0b1110_0010:  # noqa: PLR2004  header and data
        raise _malformed('its alpha plane is empty, or of no known kind')
    if not payload[0] & 1 and len(payload) - 1 != frame.width * frame.height:
        raise _malformed('its alpha plane has another size')


def _check_canvas(payload: bytes, frame: _Frame) -> None:
    """Hold VP8X to the one picture in the file."""
    if len(payload) != _VP8X:
        raise _malformed('VP8X has another length')
    width = int.from_bytes(payload[4:7], 'little') + 1
    height = int.from_bytes(payload[7:10], 'little') + 1
    if (width, height) != (frame.width, frame.height):
        raise _malformed(
            f'its canvas is {width} by {height}, its picture {frame.width} '
            f'by {frame.height}'
        )


def _canvas(frame: _Frame, flags: int) -> bytes:
    """Return VP8X for one picture without metadata.

    Whether there is alpha stays as it was said: browsers go by it, whatever
    the picture has.
    """
    return (
        bytes([flags & _ALPHA, 0, 0, 0])
        + (frame.width - 1).to_bytes(3, 'little')
        + (frame.height - 1).to_bytes(3, 'little')
    )
