"""Icons: read from a package, made safe in every embedding.

`sanitize_svg` rebuilds a document from a typed allowlist, `check_raster`
rebuilds PNG, WebP and JPEG, `load_icon` reads a plugin's file with all the
guards that a stranger's path needs, and `sanitize_icon` is the one entry for
any media type (ADR 0012, section 2).

The package is cheap to import: parsers load on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._model import (
        CleanRaster,
        Grade,
        IconLike,
        LoadedIcon,
        Removal,
        SanitizedIcon,
        SanitizedSvg,
        ViewBox,
    )
    from imbi_plugin_sdk.icons._problems import ICON_PROBLEMS, MAX_ICON_BYTES
    from imbi_plugin_sdk.icons.loader import load_icon
    from imbi_plugin_sdk.icons.raster import check_raster
    from imbi_plugin_sdk.icons.sanitizer import sanitize_icon
    from imbi_plugin_sdk.icons.svg import sanitize_svg

__all__ = [
    'ICON_PROBLEMS',
    'MAX_ICON_BYTES',
    'CleanRaster',
    'Grade',
    'IconLike',
    'LoadedIcon',
    'Removal',
    'SanitizedIcon',
    'SanitizedSvg',
    'ViewBox',
    'check_raster',
    'load_icon',
    'sanitize_icon',
    'sanitize_svg',
]

_HOMES = {
    'ICON_PROBLEMS': '_problems',
    'MAX_ICON_BYTES': '_problems',
    'CleanRaster': '_model',
    'Grade': '_model',
    'IconLike': '_model',
    'LoadedIcon': '_model',
    'Removal': '_model',
    'SanitizedIcon': '_model',
    'SanitizedSvg': '_model',
    'ViewBox': '_model',
    'check_raster': 'raster',
    'load_icon': 'loader',
    'sanitize_icon': 'sanitizer',
    'sanitize_svg': 'svg',
}


def __getattr__(name: str) -> object:
    """Import a public name's module when it is first asked for."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    value: object = getattr(
        importlib.import_module(f'{__name__}.{home}'), name
    )
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names and no more."""
    return sorted(__all__)
