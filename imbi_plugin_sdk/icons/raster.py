"""Raster icons: verified to their end and rebuilt without passengers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import listed, shown
from imbi_plugin_sdk.icons import _raster_common as common
from imbi_plugin_sdk.icons._problems import MAX_ICON_BYTES, refusal

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._model import CleanRaster

RASTER_MEDIA_TYPES = (common.PNG, common.WEBP, common.JPEG)
"""What `check_raster` reads; JPEG is admitted inside an SVG only."""


def check_raster(data: bytes, media_type: str) -> CleanRaster:
    """Return a raster picture rebuilt from the parts that draw it.

    Args:
        data: The file.
        media_type: What it must be: `image/png`, `image/webp` or
            `image/jpeg`.

    Raises:
        IconError: The file is not such a picture, is damaged, animated, too
            large, or carries something behind its end.
    """
    if media_type not in RASTER_MEDIA_TYPES:
        raise refusal(
            'icon_media_type_unknown',
            f'The media type is {shown(media_type)}; it must be '
            f'{listed(RASTER_MEDIA_TYPES)}.',
        )
    if not data:
        raise refusal('icon_empty', 'The file has no content.')
    if len(data) > MAX_ICON_BYTES:
        raise refusal(
            'icon_too_large',
            f'The picture has {len(data):,} bytes or more; the limit is '
            f'{MAX_ICON_BYTES:,}.',
        )
    require_type(data, media_type)
    if media_type == common.PNG:
        from imbi_plugin_sdk.icons._png import check_png  # noqa: PLC0415  lazy

        return check_png(data)
    if media_type == common.WEBP:
        from imbi_plugin_sdk.icons._webp import check_webp  # noqa: PLC0415  lazy

        return check_webp(data)
    from imbi_plugin_sdk.icons._jpeg import check_jpeg  # noqa: PLC0415  lazy

    return check_jpeg(data)


def require_type(data: bytes, media_type: str) -> None:
    """Refuse a file whose first bytes show another type than declared.

    Raises:
        IconError: `icon_media_type_mismatch`.
    """
    actual = common.sniff(data)
    if actual != media_type:
        raise refusal(
            'icon_media_type_mismatch',
            f'The media type is {media_type}, but the file is '
            f'{actual or "none that is known"}.',
        )
