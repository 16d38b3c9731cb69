"""JPEG inside an SVG, walked marker by marker (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from imbi_plugin_sdk.icons import _metadata
from imbi_plugin_sdk.icons import _raster_common as common
from imbi_plugin_sdk.icons._problems import refusal

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._model import CleanRaster, Removal

_EOI, _SOS, _DHT, _DQT, _DRI = 0xD9, 0xDA, 0xC4, 0xDB, 0xDD
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive, with Huffman codes."""
_TABLES = frozenset({_DHT, _DQT, _DRI})
_COLORS = {0xE0: (b'JFIF\0', b'\0\0'), 0xEE: (b'Adobe', b'')}
"""Segments that say how channels make a colour: what they begin with, and
what ends them where JFIF may have a thumbnail."""
_COLORS_LENGTH = 14
"""Bytes that matter, the length with them, of both (T.871, T.872)."""
_EXIF, _PROFILE = 0xE1, 0xE2
_PROFILE_MARK = b'ICC_PROFILE\0'
"""Begins each piece of a profile; its number and their count follow."""
_APPLICATION = range(0xE0, 0xF0)
_COMMENT = 0xFE
MAX_SCANS = 32
"""Scans; a progressive file has about ten, and each costs a whole pass."""
# A marker ends a scan; FF00 is a data byte and FFD0 to FFD7 are restarts.
_END_OF_SCAN = re.compile(rb'\xff[^\x00\xd0-\xd7\xff]')


def check_jpeg(data: bytes) -> CleanRaster:
    """Return the JPEG with only tables, frame, scans and Adobe's marker.

    Raises:
        IconError: Structure or size do not hold.
    """
    position = 2
    parts = [data[:2]]
    removals: list[Removal] = []
    profile: list[bytes] = []
    size: tuple[int, int] | None = None
    scans = 0
    while True:
        marker, position = _marker(data, position)
        if marker == _EOI:
            break
        segment = _segment(data, position)
        start, position = position, position + len(segment)
        if marker in _FRAMES:
            size = _size(segment, size)
        elif marker == _SOS:
            scans += 1
            _check_scan(segment, size, scans)
            position = _end_of_scan(data, position)
        elif marker in _APPLICATION or marker == _COMMENT:
            colors = _colors(marker, segment)
            parts.append(colors)
            if marker == _PROFILE and segment.startswith(_PROFILE_MARK, 2):
                profile.append(segment[2 + len(_PROFILE_MARK) + 2 :])
            elif colors != data[start - 2 : position]:
                removals.append(_removal(marker, segment))
            continue
        elif marker in _TABLES:
            _check_tables(marker, segment)
        else:
            raise _malformed(f'marker FF{marker:02X} is not admitted')
        parts += [bytes((0xFF, marker)), data[start:position]]
    if size is None or not scans:
        raise _malformed('it has no picture')
    common.trailing(data, position)
    parts.append(bytes((0xFF, _EOI)))
    removals += _profile_removal(profile)
    return common.finish(parts, common.JPEG, size, removals)


def _malformed(what: str) -> Exception:
    """Return the error for a JPEG that breaks the format."""
    return refusal('icon_jpeg_structure', f'The JPEG is malformed: {what}.')


def _marker(data: bytes, position: int) -> tuple[int, int]:
    """Return the marker at a position, and where what follows it begins."""
    size = len(data)
    if position >= size or data[position] != 0xFF:  # noqa: PLR2004  marker
        raise _malformed(f'there is no marker at byte {position:,}')
    while position < size and data[position] == 0xFF:  # noqa: PLR2004  fill
        position += 1
    if position >= size:
        raise _malformed('it ends without FFD9')
    return data[position], position + 1


def _segment(data: bytes, position: int) -> bytes:
    """Return a segment with its length."""
    if position + 2 > len(data):
        raise _malformed('a segment is cut off')
    (length,) = struct.unpack_from('>H', data, position)
    if length < 2 or position + length > len(data):  # noqa: PLR2004  its own
        raise _malformed('a segment is cut off')
    return data[position : position + length]


def _colors(marker: int, segment: bytes) -> bytes:
    """Return what stays of a segment that says how colours are made."""
    start, end = _COLORS.get(marker, (b'', b''))
    if not start or not segment.startswith(start, 2):
        return b''
    if len(segment) < _COLORS_LENGTH + len(end):
        return b''
    body = segment[2:_COLORS_LENGTH] + end
    return struct.pack('>BBH', 0xFF, marker, len(body) + 2) + body


def _removal(marker: int, segment: bytes) -> Removal:
    """Return the record of a segment that is not kept."""
    what = f'segment FF{marker:02X}'
    if marker == _EXIF:
        return _metadata.exif(what, segment[2:])
    return _metadata.dropped(what)


def _profile_removal(pieces: list[bytes]) -> list[Removal]:
    """Return the record of the colour profile, if there was one."""
    if not pieces:
        return []
    return [_metadata.profile('segment FFE2', b''.join(pieces))]


def _check_tables(marker: int, segment: bytes) -> None:
    """Hold tables to the lengths that they announce (annex B.2.4)."""
    position, end = 2, len(segment)
    if marker == _DRI:
        position += 2
    else:
        # Each begins with a class or precision of two, and one of four places.
        while position < end and not segment[position] & 0b1110_1100:
            position += _table_length(marker, segment[position:])
    if position != end or end == 2:  # noqa: PLR2004  the length alone
        raise _malformed(f'the tables of FF{marker:02X} have another length')


def _table_length(marker: int, table: bytes) -> int:
    """Return how many bytes a table has, as its first bytes say."""
    if marker == _DQT:
        return 1 + 64 * ((table[0] >> 4) + 1)
    # How many codes there are of each of 16 lengths, and then the codes.
    return 17 + sum(table[1:17])


def _check_scan(
    segment: bytes, size: tuple[int, int] | None, scans: int
) -> None:
    """Hold a scan's header to its place and length (annex B.2.3)."""
    if size is None or scans > MAX_SCANS:
        raise _malformed(f'a scan has no frame, or is past {MAX_SCANS}')
    # The number of channels, 1 to 4, then two bytes of each.
    channels = int.from_bytes(segment[2:3])
    if not 1 <= channels <= 4 or len(segment) != 6 + 2 * channels:  # noqa: PLR2004  the most
        raise _malformed('the header of a scan has another length')


def _end_of_scan(data: bytes, position: int) -> int:
    """Return where the marker behind a scan's data stands."""
    found = _END_OF_SCAN.search(data, position)
    if found is None:
        raise _malformed('a scan does not end')
    return found.start()


def _size(segment: bytes, known: tuple[int, int] | None) -> tuple[int, int]:
    """Return width and height of the only frame (annex B.2.2)."""
    if known is not None:
        raise _malformed('it has two frames')
    if len(segment) < 8:  # noqa: PLR2004  the fields before the components
        raise _malformed('its frame is cut off')
    precision, height, width, channels = struct.unpack_from(
        '>BHHB', segment, 2
    )
    if precision != 8 or channels not in {1, 3, 4}:  # noqa: PLR2004  bits
        raise _malformed('its channels are not 1, 3 or 4 of 8 bits')
    if len(segment) != 8 + 3 * channels:
        raise _malformed('its frame has another length')
    common.check_size(width, height)
    return width, height
