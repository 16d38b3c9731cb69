"""Raster images embedded in an SVG as `data:` URIs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.errors import IconError
from imbi_plugin_sdk.icons._raster_common import sniff
from imbi_plugin_sdk.icons.raster import RASTER_MEDIA_TYPES, check_raster

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._model import Grade

_URI = re.compile(
    r'data:\s*image/(png|jpe?g|webp|gif|[\w.+-]{1,40})\s*'
    r'(?:;[\w=-]{1,40})?;base64\s*,([A-Za-z0-9+/=\s]+)',
    re.IGNORECASE,
)
_SPACE = re.compile(r'\s+')


class Embedded(NamedTuple):
    """An image that may stay: its URI, its pixels, what was cut from it."""

    uri: str
    pixels: int
    removals: tuple[str, ...]


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
    found = _URI.fullmatch(value)
    if found is None:
        return Refused(
            'only PNG, JPEG and WebP as base64 data may be embedded', 'active'
        )
    import base64  # noqa: PLC0415  few icons embed images
    import binascii  # noqa: PLC0415  the same

    try:
        data = base64.b64decode(_SPACE.sub('', found[2]), validate=True)
    except binascii.Error:
        return Refused('the base64 is broken', 'visual')
    media_type = sniff(data)
    if media_type not in RASTER_MEDIA_TYPES:
        active = data.lstrip()[:1] == b'<' or 'svg' in found[1].lower()
        return Refused(
            'only PNG, JPEG and WebP may be embedded',
            'active' if active else 'visual',
        )
    try:
        clean = check_raster(data, media_type)
    except IconError as error:
        first = error.problems[0]
        return Refused(f'{first.message[:-1]} [{first.code}]', 'visual')
    body = base64.b64encode(clean.data).decode('ascii')
    return Embedded(
        f'data:{media_type};base64,{body}',
        clean.width * clean.height,
        tuple(removal.what for removal in clean.removals),
    )
