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
_LENGTHS = re.compile(f'(?>{N}(?>px)?{W}){{2,3}}')
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
        if found['shadow'] is not None and not _shadow(found['shadow']):
            return None
        position, count = found.end(), count + 1
    return value or None


def deviations(value: str) -> list[float]:
    """Return how far each function of a matched list blurs, if it does."""
    found: list[float] = []
    for effect in _EFFECT.finditer(value):
        if effect['blur']:
            found.append(float(effect['blur']))
        elif lengths := _shadow(effect['shadow'] or ''):
            found.append(lengths[2])
    return found


def _shadow(value: str) -> tuple[float, float, float] | None:
    """Return the lengths of a shadow, behind or before its colour."""
    value = value.strip()
    lengths = _LENGTHS.match(value)
    if lengths is not None:
        paint = value[lengths.end() :]
    else:
        end = value.rfind(')') + 1 or value.find(' ')
        paint, lengths = value[:end], _LENGTHS.fullmatch(value[end:].strip())
    if lengths is None or (paint and color(paint) is None):
        return None
    across, down, *blur = map(float, re.findall(N, lengths[0]))
    deviation = blur[0] if blur else 0.0
    shift = max(abs(across), abs(down))
    if shift > MAX_DEVIATION or not 0 <= deviation <= MAX_DEVIATION:
        return None
    return across, down, deviation
