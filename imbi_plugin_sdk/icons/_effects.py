"""CSS filter functions (Filter Effects 1, section 6)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk.icons._lexis import N, W
from imbi_plugin_sdk.icons._paint import color, layer

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._paint import Value

MAX_DEVIATION = 200.0
"""Largest blur, in user units; beyond it nothing of an icon is left."""
_AMOUNT = rf'(?>{N}%?)?'
_ANGLE = rf'{N}(?>deg|grad|rad|turn)?'
_EFFECT = re.compile(
    f'(?>(?>brightness|contrast|grayscale|invert|opacity|saturate|sepia)'
    f'\\({W}{_AMOUNT}{W}\\)|hue-rotate\\({W}(?>{_ANGLE})?{W}\\)'
    f'|blur\\({W}(?:(?P<blur>{N})(?>px)?)?{W}\\)'
    f'|drop-shadow\\({W}(?P<shadow>[^()]*+(?>\\([^()]*+\\)[^()]*+)?)\\)){W}'
)
# Lengths begin with a number, not in the middle of one.
_SHADOW = re.compile(f'(?<![0-9.])((?>{N}(?>px)?{W}){{2,3}})')
MAX_EFFECTS = 8
"""Filter functions in one list; icons have one or two."""


def filter_value(value: str) -> Value | None:
    """Match `none`, `url(#id)` or a list of filter functions."""
    simple = layer(value)
    if simple is not None:
        return simple
    position = count = 0
    while position < len(value):
        found = _EFFECT.match(value, position)
        if found is None or count == MAX_EFFECTS:
            return None
        if found['blur'] and not 0 <= float(found['blur']) <= MAX_DEVIATION:
            return None
        if found['shadow'] and not _is_shadow(found['shadow']):
            return None
        position, count = found.end(), count + 1
    return value or None


def _is_shadow(value: str) -> bool:
    """Return whether a shadow is two or three lengths and a colour."""
    lengths = _SHADOW.search(value)
    if lengths is None:
        return False
    numbers = [float(n) for n in re.findall(N, lengths[1])]
    if max(map(abs, numbers)) > MAX_DEVIATION:
        return False
    rest = f'{value[: lengths.start()]} {value[lengths.end() :]}'.strip()
    return not rest or color(rest) is not None
