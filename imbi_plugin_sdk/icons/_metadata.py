"""What metadata does to a picture: colour profiles and orientation.

Metadata is dropped whatever it says. A profile that means other colours than
an untagged picture has, or an orientation that turns it, could be seen, and
so the removal is graded `visual`. What a browser cannot read it ignores.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from imbi_plugin_sdk.icons._model import Removal

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._model import Grade

_SIGNATURE = slice(36, 40)
_SPACE = slice(16, 20)
_TAGS = 128
"""Places in a profile's header (ICC.1:2022, section 7.2)."""
_PRIMARIES = {
    b'rXYZ': (0.4361, 0.2225, 0.0139),
    b'gXYZ': (0.3851, 0.7169, 0.0971),
    b'bXYZ': (0.1431, 0.0606, 0.7141),
}
"""The primaries of sRGB (IEC 61966-2-1), adapted to D50 as profiles are."""
_TONE = {b'RGB ': b'rTRC', b'GRAY': b'kTRC'}
"""The tone curve to look at, by colour space; red's is that of all three."""
_HALF = 0.2140
"""What sRGB makes of a half; a gamma of 2.2 makes 0.2176 of it."""
_NEAR = 0.02
"""What nobody sees: rounding, and 2.2 for the curve of sRGB. The primaries
of Display P3 are 0.09 away."""

_ORIENTATION = 0x0112
"""The tag that turns and mirrors (Exif 3.0, section 4.6.4)."""
_UPRIGHT = 1


def profile(what: str, data: bytes) -> Removal:
    """Return the record of a colour profile that is taken out."""
    if _is_seen(data):
        return Removal(
            0, 0, what, 'without its profile the colours are others', 'visual'
        )
    return dropped(what)


def exif(what: str, data: bytes) -> Removal:
    """Return the record of EXIF data that is taken out."""
    if _orientation(data.removeprefix(b'Exif\0\0')) != _UPRIGHT:
        return Removal(
            0, 0, what, 'without it the picture is not turned', 'visual'
        )
    return dropped(what)


def is_profile(data: bytes) -> bool:
    """Return whether a browser would take data for a colour profile."""
    return data[_SIGNATURE] == b'acsp'


def dropped(what: str, grade: Grade = 'inert') -> Removal:
    """Return the record of a chunk that is not part of the pixels."""
    return Removal(0, 0, what, 'only what draws the pixels is kept', grade)


def _is_seen(data: bytes) -> bool:
    """Return whether a profile means other colours than sRGB does."""
    if not is_profile(data):
        return False
    space = data[_SPACE]
    if space not in _TONE:
        return True
    try:
        tags = _tags(data)
        half = _tone(tags[_TONE[space]])
        primaries = [
            (wanted, _numbers(tags[name], 8, 3))
            for name, wanted in _PRIMARIES.items()
            if space == b'RGB '
        ]
    except (LookupError, ArithmeticError, struct.error):
        # Tables instead of a matrix, or nothing that can be read or counted.
        return True
    return abs(half - _HALF) > _NEAR or any(
        abs(one - other) > _NEAR
        for wanted, found in primaries
        for one, other in zip(wanted, found, strict=True)
    )


def _tags(data: bytes) -> dict[bytes, bytes]:
    """Return the tags of a profile (ICC.1:2022, section 7.3)."""
    (count,) = struct.unpack_from('>I', data, _TAGS)
    rows = (
        struct.unpack_from('>4sII', data, _TAGS + 4 + 12 * row)
        for row in range(min(count, 100))  # real ones have 10 to 20
    )
    return {name: data[start : start + size] for name, start, size in rows}


def _numbers(data: bytes, start: int, count: int) -> tuple[float, ...]:
    """Return numbers of 16 bits with 16 bits of fraction."""
    found = struct.unpack_from(f'>{count}i', data, start)
    return tuple(number / 65_536 for number in found)


def _tone(data: bytes) -> float:
    """Return what a curve makes of a half (ICC.1:2022, 10.6 and 10.18)."""
    if data[:4] == b'para':
        (kind,) = struct.unpack_from('>H', data, 8)
        # How many parameters each kind has; the last may be an offset.
        gamma, *rest = _numbers(data, 12, (1, 3, 4, 5, 7)[kind])
        slope, shift = rest[:2] or (1.0, 0.0)
        offset = rest[-1 if kind == 2 else 4] if kind in {2, 4} else 0.0  # noqa: PLR2004  kinds with an offset
        return float(max(slope * 0.5 + shift, 0.0) ** gamma + offset)
    (count,) = struct.unpack_from('>I', data, 8)
    if not count:
        return 0.5
    if count == 1:
        (gamma,) = struct.unpack_from('>H', data, 12)
        return float(0.5 ** (gamma / 256))
    (value,) = struct.unpack_from('>H', data, 12 + (count - 1) // 2 * 2)
    return float(value / 65_535)


def _orientation(data: bytes) -> int:
    """Return how a picture is to be turned; 1 where that is not said."""
    order = {b'II*\0': '<', b'MM\0*': '>'}.get(data[:4])
    try:
        if order is not None:
            (start,) = struct.unpack_from(f'{order}I', data, 4)
            (count,) = struct.unpack_from(f'{order}H', data, start)
            for row in range(count):
                place = start + 2 + 12 * row
                tag, kind = struct.unpack_from(f'{order}HH', data, place)
                if (tag, kind) == (_ORIENTATION, 3):  # a SHORT
                    (value,) = struct.unpack_from(f'{order}H', data, place + 8)
                    return int(value) if 1 <= value <= 8 else _UPRIGHT  # noqa: PLR2004  the ways to turn
    except struct.error:
        pass
    return _UPRIGHT
