"""The grammar of CSS colours (CSS Color 4)."""

from __future__ import annotations

import functools
import re

from imbi_plugin_sdk.icons._lexis import N

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

_N = f'(?>{N}%?)'
_SEP = r'(?>[ \t\n\r\f]*+[,/]?[ \t\n\r\f]*+)'
_HUE = rf'(?>{_N}(?>deg|grad|rad|turn)?|none)'
_PART = rf'(?>{_N}|none)'
_HEX = re.compile(r'#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})')
_FUNCTION = re.compile(
    rf'(?:(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\([ \t\n\r\f]*+{_HUE}'
    rf'(?>{_SEP}{_HUE}){{2}}(?>{_SEP}{_PART})?'
    rf'|color\([ \t\n\r\f]*+(?:srgb(?:-linear)?|display-p3|a98-rgb|rec2020|'
    rf'prophoto-rgb|xyz(?:-d50|-d65)?)(?>[ \t\n\r\f]++{_PART}){{3}}'
    rf'(?>[ \t\n\r\f]*+/[ \t\n\r\f]*+{_PART})?)[ \t\n\r\f]*+\)',
    re.ASCII | re.IGNORECASE,
)


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
