"""The grammar of CSS colours (CSS Color 4)."""

from __future__ import annotations

import functools
import re

from imbi_plugin_sdk.icons._lexis import N, W

_NAMES = """
    aliceblue antiquewhite aqua aquamarine azure beige bisque black
    blanchedalmond blue blueviolet brown burlywood cadetblue chartreuse
    chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan
    darkgoldenrod darkgray darkgreen darkgrey darkkhaki darkmagenta
    darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen
    darkslateblue darkslategray darkslategrey darkturquoise darkviolet
    deeppink deepskyblue dimgray dimgrey dodgerblue firebrick floralwhite
    forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green
    greenyellow grey honeydew hotpink indianred indigo ivory khaki lavender
    lavenderblush lawngreen lemonchiffon lightblue lightcoral lightcyan
    lightgoldenrodyellow lightgray lightgreen lightgrey lightpink
    lightsalmon lightseagreen lightskyblue lightslategray lightslategrey
    lightsteelblue lightyellow lime limegreen linen magenta maroon
    mediumaquamarine mediumblue mediumorchid mediumpurple mediumseagreen
    mediumslateblue mediumspringgreen mediumturquoise mediumvioletred
    midnightblue mintcream mistyrose moccasin navajowhite navy oldlace
    olive olivedrab orange orangered orchid palegoldenrod palegreen
    paleturquoise palevioletred papayawhip peachpuff peru pink plum
    powderblue purple rebeccapurple red rosybrown royalblue saddlebrown
    salmon sandybrown seagreen seashell sienna silver skyblue slateblue
    slategray slategrey snow springgreen steelblue tan teal thistle tomato
    turquoise violet wheat white whitesmoke yellow yellowgreen
    transparent currentcolor inherit initial unset
    canvas canvastext linktext graytext highlight highlighttext windowtext
    window buttonface buttontext menu menutext
"""

NAMES = frozenset(_NAMES.split())
"""Named and system colours (CSS Color 4, sections 6 and 10), in lower case.

With them, the keywords that any property may have.
"""

_P = f'{N}%'
_ALPHA = f'(?>{N}%?)'
_PART = f'(?>{N}%?|none)'
_ANGLE = f'(?>{N}(?>deg|grad|rad|turn)?)'
_HUE = f'(?>{_ANGLE}|none)'
_COMMA = f'{W},{W}'
_GAP = r'(?>[ \t\n\r\f]++|(?=[+-]))'
_SPACES = (
    'srgb(?:-linear)?|display-p3|a98-rgb|rec2020|prophoto-rgb|'
    'xyz(?:-d50|-d65)?'
)


def _old(*parts: str) -> str:
    """Return arguments with commas; all are there, in one unit."""
    return f'{_COMMA.join(parts)}(?:{_COMMA}{_ALPHA})?'


def _new(*parts: str) -> str:
    """Return arguments with spaces, any of which may be missing."""
    return f'{_GAP.join(parts)}(?:{W}/{W}{_PART})?'


_HEX = re.compile(r'#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})')
_THREE = (_PART, _PART, _PART)
_FUNCTION = re.compile(
    f'(?:rgba?\\({W}(?:{_old(N, N, N)}|{_old(_P, _P, _P)}|{_new(*_THREE)})'
    f'|hsla?\\({W}(?:{_old(_ANGLE, _P, _P)}|{_new(_HUE, _PART, _PART)})'
    f'|hwb\\({W}{_new(_HUE, _PART, _PART)}'
    f'|(?:ok)?lab\\({W}{_new(*_THREE)}'
    f'|(?:ok)?lch\\({W}{_new(_PART, _PART, _HUE)}'
    f'|color\\({W}(?:{_SPACES})[ \\t\\n\\r\\f]++{_new(*_THREE)}){W}\\)',
    re.ASCII | re.IGNORECASE,
)
"""Colour functions (CSS Color 4, sections 5 to 10); browsers drop others."""


@functools.lru_cache(maxsize=1024)
def color(value: str) -> str | None:
    """Return the colour as it is to be written, or None if it is none."""
    if value.startswith('#'):
        return value if _HEX.fullmatch(value) else None
    if value.endswith(')'):
        return value if _FUNCTION.fullmatch(value) else None
    name = value.lower()
    if name == 'currentcolor':
        return 'currentColor'
    return name if name in NAMES else None


def is_wide_gamut(value: str) -> bool:
    """Return whether only newer renderers know the colour.

    Editors write it behind a plain one in the same style; an attribute can
    hold one value, and the plain one is the one that every renderer draws.
    """
    return value[:6].lower() == 'color('
