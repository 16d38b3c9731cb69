"""One entry for an icon of any admitted media type."""

from __future__ import annotations

from imbi_plugin_sdk._text import listed, shown
from imbi_plugin_sdk.icons._model import SanitizedIcon
from imbi_plugin_sdk.icons._problems import refusal
from imbi_plugin_sdk.icons._raster_common import sniff
from imbi_plugin_sdk.icons.raster import check_raster, require_type

ICON_MEDIA_TYPES = ('image/svg+xml', 'image/png', 'image/webp')
"""What an icon may be (ADR 0012, section 2)."""


def sanitize_icon(
    data: bytes, media_type: str, *, id_prefix: str | None = None
) -> SanitizedIcon:
    """Return an icon that is safe to store, serve and inline.

    Args:
        data: The file as its author made it.
        media_type: What the author says it is, without parameters.
        id_prefix: As for `sanitize_svg`; a raster has no ids.

    Raises:
        IconError: The icon is refused; `ICON_PROBLEMS` lists every code.
        ValueError: `id_prefix` is not an XML name of at most 40 characters.
    """
    if media_type not in ICON_MEDIA_TYPES:
        raise refusal(
            'icon_media_type_unknown',
            f'The media type is {shown(media_type)}; it must be '
            f'{listed(ICON_MEDIA_TYPES)}.',
        )
    if media_type == 'image/svg+xml':
        # Whether markup is SVG is for the parser to say, with a position.
        if sniff(data) not in {None, media_type}:
            require_type(data, media_type)
        from imbi_plugin_sdk.icons.svg import sanitize_svg  # noqa: PLC0415  lazy

        svg = sanitize_svg(data, id_prefix=id_prefix)
        return SanitizedIcon(
            data=svg.data,
            media_type=svg.media_type,
            sha256=svg.sha256,
            size=len(svg.data),
            width=svg.width,
            height=svg.height,
            view_box=svg.view_box,
            removals=svg.removals,
        )
    raster = check_raster(data, media_type)
    return SanitizedIcon(
        data=raster.data,
        media_type=raster.media_type,
        sha256=raster.sha256,
        size=len(raster.data),
        width=raster.width,
        height=raster.height,
        view_box=(0, 0, raster.width, raster.height),
        removals=raster.removals,
    )
