"""Raster images embedded in an SVG as `data:` URIs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.errors import IconError
from imbi_plugin_sdk.icons._raster_common import sniff
from imbi_plugin_sdk.icons.raster import RASTER_MEDIA_TYPES, check_raster

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._model import Grade, Removal

# Without ASCII, the long s and the Kelvin sign would be letters here.
_FLAGS = re.ASCII | re.IGNORECASE
_URL = re.compile(r'data:([^,#]*),([^#]*)', _FLAGS)
_BASE64 = re.compile(r';\s*base64\s*', _FLAGS)
_IGNORED = re.compile(r'[\t\n\r]')
"""What a URL parser takes out before it looks (WHATWG URL)."""
_EDGE = ''.join(map(chr, range(0x21)))
"""Controls and space, which it takes off both ends."""
_SPACE = re.compile(rb'[\t\n\f\r ]+')
_DIGITS = re.compile(rb'[A-Za-z0-9+/]*')


class Embedded(NamedTuple):
    """An image that may stay: its URI, its pixels, what was cut from it."""

    uri: str
    pixels: int
    removals: tuple[Removal, ...]


class Refused(NamedTuple):
    """Why an image may not stay."""

    why: str
    grade: Grade


def embedded(value: str) -> Embedded | Refused:
    """Return the image of a `data:` URI, decoded, checked and rebuilt.

    Its actual type is what its signature says: renderers look there too.
    """
    if not value:
        return Refused('it is empty', 'inert')
    found = _URL.match(_IGNORED.sub('', value.strip(_EDGE)))
    if found is None:
        return Refused('only data of its own may be embedded', 'active')
    declared = found[1].lower()
    data = _decoded(declared, found[2])
    if data is None:
        return Refused('the base64 is broken', 'visual')
    media_type = sniff(data)
    if media_type not in RASTER_MEDIA_TYPES:
        active = (
            data.lstrip()[:1] == b'<'
            or 'svg' in declared
            or not declared.startswith('image/')
        )
        return Refused(
            'only PNG, JPEG and WebP may be embedded',
            'active' if active else 'visual',
        )
    try:
        clean = check_raster(data, media_type)
    except IconError as error:
        first = error.problems[0]
        return Refused(f'{first.message[:-1]} [{first.code}]', 'visual')
    import base64  # noqa: PLC0415  the same

    body = base64.b64encode(clean.data).decode('ascii')
    return Embedded(
        f'data:{media_type};base64,{body}',
        clean.width * clean.height,
        clean.removals,
    )


def _decoded(declared: str, body: str) -> bytes | None:
    """Return the data of a `data:` URL, or None where base64 is broken.

    As browsers read it (WHATWG Fetch, data: URLs; Infra, forgiving base64):
    whatever the type, percent-encoded, with spaces, without padding.
    """
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415  few embed

    data = unquote_to_bytes(body)
    start = declared.rfind(';')
    if start < 0 or not _BASE64.fullmatch(declared, start):
        return data
    digits = _SPACE.sub(b'', data)
    if not len(digits) % 4:
        digits = digits.removesuffix(b'=').removesuffix(b'=')
    if len(digits) % 4 == 1 or not _DIGITS.fullmatch(digits):
        return None
    import binascii  # noqa: PLC0415  the same

    return binascii.a2b_base64(digits + b'=' * (-len(digits) % 4))
