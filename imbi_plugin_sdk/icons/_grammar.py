"""Full-match grammars of attribute values, each linear in its input.

A grammar takes a trimmed value and returns what to write: the same text, a
`Reference`, or None where the value is not in the language.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk.icons import _svg_profile as profile
from imbi_plugin_sdk.icons._effects import MAX_DEVIATION, filter_value
from imbi_plugin_sdk.icons._lexis import LENGTH, UNIT, N, S, W
from imbi_plugin_sdk.icons._paint import (
    Grammar,
    color,
    href,
    keywords,
    layer,
    paint,
    reference,
)

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._svg_filters import Rule

MAX_DASHES = 64
"""Lengths in a dash array: each shape that inherits it pays for each."""
MAX_MORPHOLOGY = 50.0
"""Largest radius to thicken or thin by; the cost grows with it."""
MAX_OCTAVES = 8
"""Noise of more octaves differs by less than 1/256, one step of a channel."""
MAX_KERNEL = 9
"""Cells a side of a convolution; each pixel costs their product."""
MAX_REGION = 1e5
"""Largest filter region, in the unit it is given in."""
MIN_BOX = 1e-30
"""Smallest side of a view box, and its inverse the largest.

Single precision, in which browsers count, ends at about 1e-38 and 1e38.
"""


def _pattern(source: str) -> Grammar:
    """Return a grammar that is one regular expression."""
    match = re.compile(source).fullmatch

    def grammar(value: str) -> str | None:
        return value if match(value) else None

    return grammar


def _bounded(source: str, ceiling: float, floor: float = 0.0) -> Grammar:
    """Return a grammar of one or two numbers between two bounds."""
    match = re.compile(f'({source})(?:{S}({source}))?').fullmatch

    def grammar(value: str) -> str | None:
        found = match(value)
        if found is None:
            return None
        for number in found.groups():
            if number and not floor <= float(number) <= ceiling:
                return None
        return value

    return grammar


_SEGMENT = (
    f'(?>{W}(?>'
    f'[MmLlTt]{W}(?>{N}{S}{N}{S})++'
    f'|[Zz]{W}'
    f'|[HhVv]{W}(?>{N}{S})++'
    f'|[Cc]{W}(?>{N}{S}{N}{S}{N}{S}{N}{S}{N}{S}{N}{S})++'
    f'|[SsQq]{W}(?>{N}{S}{N}{S}{N}{S}{N}{S})++'
    f'|[Aa]{W}(?>{N}{S}{N}{S}{N}{S}[01]{S}[01]{S}{N}{S}{N}{S})++))'
)
_PATH = re.compile(f'(?={W}[Mm]){_SEGMENT}++')


def path_data(value: str) -> str | None:
    """Return the longest prefix that draws (SVG 2, section 9.5.4).

    Renderers draw a faulty path up to the fault, so the rest is cut and the
    picture stays the same. `none` and an empty path draw nothing.
    """
    found = _PATH.match(value)
    return found.group().strip() if found else None


_FUNCTION = (
    f'(?>matrix{W}\\({W}{N}(?>{S}{N}){{5}}{W}\\)'
    f'|(?>translate|scale){W}\\({W}{N}(?>{S}{N})?{W}\\)'
    f'|rotate{W}\\({W}{N}(?>{S}{N}{S}{N})?{W}\\)'
    f'|skew[XY]{W}\\({W}{N}{W}\\))'
)


def view_box(value: str) -> str | None:
    """Match four numbers with a positive width and height."""
    found = _VIEW_BOX(value)
    if found is None or not all(
        MIN_BOX <= float(found[side]) <= 1 / MIN_BOX for side in (1, 2)
    ):
        return None
    return value


_VIEW_BOX = re.compile(f'{N}{S}{N}{S}({N}){S}({N})').fullmatch


def size(value: str) -> str | None:
    """Match `auto` or a length that is not negative or beyond any region."""
    if value == 'auto':
        return value
    found = _SIZE(value)
    if found is None or not 0 <= float(found[1]) <= MAX_REGION:
        return None
    return value


_SIZE = re.compile(f'({N}){UNIT}').fullmatch


_BOX_TYPES = """
    inline block flow flow-root list-item flex grid table ruby math
    inline-block inline-flex inline-grid inline-table initial unset
    table-caption table-cell table-column table-column-group
    table-footer-group table-header-group table-row table-row-group
    ruby-text -webkit-box -webkit-flex -webkit-inline-box -webkit-inline-flex
"""

_BOXES = frozenset(_BOX_TYPES.split())
"""Display types with a box (CSS Display 3); `contents` has none.

Without a box, an element's own opacity or mask would not be drawn.
"""


def display(value: str) -> str | None:
    """Match a display type; all that is kept is whether one draws."""
    words = value.lower().split()
    if words in (['none'], ['inherit']):
        return words[0]
    return 'inline' if words and _BOXES.issuperset(words) else None


_FAMILY = r'(?>"[\w .+&-]{1,64}"|\'[\w .+&-]{1,64}\'|[\w-]{1,64}(?> [\w-]++)*)'

# As strict as CSS is: what a browser drops, it inherits instead.
_DASH = f'(?!-)(?![+0-9]*+\\.(?![0-9])){LENGTH}'
_WIDE = '|'.join(profile.CSS_WIDE)

GRAMMARS: dict[str, tuple[Grammar, str]] = {
    'aspect_ratio': (
        _pattern(
            r'(?:defer +)?(?:none|x(?:Min|Mid|Max)Y(?:Min|Mid|Max))'
            r'(?: +(?:meet|slice))?'
        ),
        'an alignment, as in xMidYMid meet',
    ),
    'baseline_shift': (
        _pattern(f'sub|super|baseline|{LENGTH}|{_WIDE}'),
        'sub, super, baseline or a length',
    ),
    'color': (color, 'a colour'),
    'dashes': (
        _pattern(
            f'none|{_DASH}(?>(?=[ \t\n\r\f,.+]){S}{_DASH})'
            f'{{0,{MAX_DASHES - 1}}}+|{_WIDE}'
        ),
        f'none or a list of at most {MAX_DASHES} lengths, none negative',
    ),
    'decoration': (
        _pattern(
            r'none|(?:underline|overline|line-through)'
            r'(?: (?:underline|overline|line-through)){0,2}'
        ),
        'a text decoration',
    ),
    'deviation': (
        _bounded(N, MAX_DEVIATION),
        f'one or two numbers of at most {MAX_DEVIATION:g}',
    ),
    'display': (display, 'a display type'),
    'filter': (filter_value, 'url(#id) or filter functions'),
    'filter_name': (
        _pattern(r'[\w][\w .:-]{0,127}'),
        'the name of a filter primitive',
    ),
    'font_family': (
        _pattern(f'{_FAMILY}(?>{W},{W}{_FAMILY}){{0,15}}'),
        'names of font families',
    ),
    'font_size': (
        _pattern(
            f'{LENGTH}|xx-small|x-small|small|medium|large|x-large|xx-large|'
            f'smaller|larger|{_WIDE}'
        ),
        'a font size',
    ),
    'frequency': (_bounded(N, MAX_REGION), 'one or two numbers'),
    'href': (href, 'a #reference into the same document'),
    # The form only; `_image` decodes and checks what is inside.
    'image': (
        _pattern(r'data:image/(?:png|jpeg|webp);base64,[A-Za-z0-9+/]+={0,2}'),
        'a PNG, JPEG or WebP as base64 data',
    ),
    'kernel_order': (
        _bounded('[0-9](?![0-9])', MAX_KERNEL, 1),
        f'one or two whole numbers from 1 to {MAX_KERNEL}',
    ),
    'kernel_target': (_pattern('[0-9]'), 'a whole number'),
    'layer': (layer, 'url(#id) or none'),
    'length': (_pattern(f'auto|{LENGTH}|{_WIDE}'), 'a length'),
    'length_list': (
        _pattern(f'{LENGTH}(?>{S}{LENGTH})*+'),
        'a list of lengths',
    ),
    'marker_position': (
        _pattern(f'{LENGTH}|left|center|right|top|bottom'),
        'a length',
    ),
    'morphology': (
        _bounded(N, MAX_MORPHOLOGY),
        f'one or two numbers of at most {MAX_MORPHOLOGY:g}',
    ),
    'miter_limit': (_pattern(f'{N}|{_WIDE}'), 'a number'),
    'number': (_pattern(N), 'a number'),
    'number_list': (
        _pattern(f'{N}(?>{S}{N})*+{S}'),
        'a list of numbers',
    ),
    'octaves': (
        _pattern(f'[0-{MAX_OCTAVES}]'),
        f'a whole number of at most {MAX_OCTAVES}',
    ),
    'opacity': (_pattern(f'{N}%?|{_WIDE}'), 'a number or percentage'),
    'orient': (
        _pattern(f'auto|auto-start-reverse|{N}(?>deg|grad|rad|turn)?'),
        'auto or an angle',
    ),
    'origin': (
        _pattern(
            f'(?>{LENGTH}|left|center|right|top|bottom)'
            f'(?>{S}(?>{LENGTH}|left|center|right|top|bottom))?'
            f'(?>{S}{N}(?>px)?)?'
        ),
        'a position',
    ),
    'paint': (paint, 'a colour, none or url(#id)'),
    'paint_order': (
        _pattern(
            r'normal|(?:fill|stroke|markers)(?: (?:fill|stroke|markers)){0,2}'
        ),
        'an order of fill, stroke and markers',
    ),
    'path': (path_data, 'path data'),
    # Browsers ignore a negative length, and measure the path instead.
    'path_length': (_pattern(f'(?!-){N}'), 'a number that is not negative'),
    'points': (_pattern(f'(?>{W}{N}{S})*+'), 'a list of points'),
    'radius': (_pattern(f'auto|{LENGTH}'), 'a length'),
    'reference': (reference, 'url(#id) or none'),
    'size': (size, 'a length that is not negative'),
    'spacing': (_pattern(f'normal|{LENGTH}|{_WIDE}'), 'a length or normal'),
    'transform': (
        _pattern(f'none|(?>{_FUNCTION}{S})++'),
        'a list of transforms',
    ),
    'view_box': (view_box, 'four numbers, width and height positive'),
}
"""Each grammar by name, and what its language is called in a message."""


@functools.cache
def element_grammars(element: str) -> dict[str, Grammar]:
    """Return the grammar of each attribute that an element may have.

    An element that is rewritten has the presentation attributes only.
    """
    table: dict[str, Grammar] = {
        name: _compiled(rule, exact=False)
        for name, rule in profile.PRESENTATION.items()
    }
    for name, rule in profile.ELEMENTS.get(element, {}).items():
        table[name] = _compiled(rule, exact=True)
    return table


@functools.cache
def _compiled(rule: Rule, *, exact: bool) -> Grammar:
    """Return the grammar that a rule of the profile names."""
    if isinstance(rule, tuple):
        return keywords(rule, exact=exact)
    return GRAMMARS[rule][0]


def wanted(element: str, attribute: str) -> str:
    """Return what a value must be, for a message."""
    rule = _rule(element, attribute)
    if isinstance(rule, tuple):
        return f'one of {", ".join(rule)}'
    return GRAMMARS[rule][1]


def is_error(element: str, attribute: str, value: str) -> bool:
    """Return whether renderers, too, take a value that went for an error.

    So it is where the profile has every word of a language and the value is
    a word, or where numbers are asked for and it is none. Whatever calls a
    function or hides something may mean more than is known here.
    """
    if not _PLAIN(value) or value.lower() in _KNOWN:
        return False
    rule = _rule(element, attribute)
    if isinstance(rule, tuple):
        return attribute not in profile.OPEN
    if rule in _WORDS:
        return True
    return rule in _MEASURED and not _MEASURES(value)


_PLAIN = re.compile(r'[^()\\/]*+').fullmatch
_MEASURES = re.compile(
    f'(?>{S}[+-]?[0-9.][0-9a-zA-Z.+-]*+%?)*+{S}', re.ASCII
).fullmatch
_KNOWN = frozenset({*profile.CSS_WIDE, 'contents', 'revert', 'revert-layer'})
_WORDS = frozenset({'color', 'display', 'paint'})
_MEASURED = frozenset(
    {
        'dashes',
        'deviation',
        'frequency',
        'length',
        'miter_limit',
        'morphology',
        'number',
        'octaves',
        'opacity',
        'size',
    }
)
"""Grammars of numbers: a word that they do not name means nothing."""


def _rule(element: str, attribute: str) -> Rule:
    """Return the rule of an attribute that an element may have."""
    rule = profile.ELEMENTS.get(element, {}).get(attribute)
    return profile.PRESENTATION[attribute] if rule is None else rule
