"""From a CSS declaration to attributes: what differs between the two."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.icons import _colors, _grammar, _lexis, _paint
from imbi_plugin_sdk.icons import _svg_grades as grades
from imbi_plugin_sdk.icons import _svg_profile as profile

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._model import Grade
    from imbi_plugin_sdk.icons._paint import Value


class Styled(NamedTuple):
    """A property that matched, and whether it stays in `style`."""

    value: Value
    in_style: bool


GEOMETRY = frozenset(
    {'x', 'y', 'cx', 'cy', 'r', 'rx', 'ry', 'width', 'height'}
)
"""Attributes that are CSS properties too (SVG 2, section 6.5)."""

_MARKERS = ('marker-start', 'marker-mid', 'marker-end')
_CALL = re.compile(r'([a-zA-Z]+)\(([^()]*)\)\s*')
_TERM = re.compile(rf'({_lexis.N})(px|deg|grad|rad|turn|)').fullmatch
_DEGREES = {
    '': 1.0,
    'deg': 1.0,
    'grad': 0.9,
    'rad': 180 / math.pi,
    'turn': 360.0,
}
# CSS name to SVG name and the counts of arguments that SVG admits. A CSS
# rotate() has one argument, CSS's axis forms become the two-argument ones.
_TRANSFORMS: dict[str, tuple[str, tuple[int, ...]]] = {
    'matrix': ('matrix', (6,)),
    'translate': ('translate', (1, 2)),
    'translatex': ('translate', (1,)),
    'translatey': ('translate', (1,)),
    'scale': ('scale', (1, 2)),
    'scalex': ('scale', (1,)),
    'scaley': ('scale', (1,)),
    'rotate': ('rotate', (1,)),
    'skewx': ('skewX', (1,)),
    'skewy': ('skewY', (1,)),
}
_PATH = re.compile(
    r'path\(\s*(?:(?:nonzero|evenodd)\s*,\s*)?(["\'])([^"\']*)\1\s*\)'
).fullmatch


def match(element: str, name: str, value: str) -> dict[str, Styled] | None:
    """Return the attributes that a declaration stands for.

    None means that the declaration is not understood.
    """
    if name in profile.STYLE_ONLY:
        word = _paint.keywords(profile.STYLE_ONLY[name], exact=False)(value)
        return {name: Styled(word, in_style=True)} if word else None
    if name == 'marker':
        return _attributes(_MARKERS, _paint.reference(value))
    if name == 'transform':
        return _attributes((name,), transform(value))
    if name == 'd' and element == 'path':
        quoted = _PATH(value)
        return _attributes(
            (name,), _grammar.path_data(quoted[2]) if quoted else None
        )
    if name not in profile.PRESENTATION and name not in GEOMETRY:
        return None
    grammar = _grammar.element_grammars(element).get(name)
    return _attributes((name,), grammar(value) if grammar and value else None)


def _attributes(
    names: tuple[str, ...], value: Value | None
) -> dict[str, Styled] | None:
    """Return one value for some attributes; None where it did not match."""
    if value is None:
        return None
    return dict.fromkeys(names, Styled(value, in_style=False))


def defers(new: Styled, old: Styled | None) -> bool:
    """Return whether a value gives way to the plainer one before it."""
    return (
        old is not None
        and isinstance(new.value, str)
        and isinstance(old.value, str)
        and _colors.is_wide_gamut(new.value)
    )


def transform(value: str) -> str | None:
    """Return a CSS transform in the syntax of the attribute.

    Only lengths in pixels and angles carry over; percentages depend on a box
    and three dimensions have no attribute form.
    """
    if value.lower() == 'none':
        return 'none'
    position = 0
    functions: list[str] = []
    while found := _CALL.match(value, position):
        function = _function(found[1].lower(), found[2])
        if function is None:
            return None
        functions.append(function)
        position = found.end()
    if position != len(value) or not functions:
        return None
    return ' '.join(functions)


def _function(name: str, arguments: str) -> str | None:
    """Return one transform function in attribute syntax."""
    svg_name, counts = _TRANSFORMS.get(name, ('', ()))
    numbers: list[str] = []
    for argument in arguments.replace(',', ' ').split():
        term = _TERM(argument)
        if term is None:
            return None
        number, unit = term[1], term[2]
        angle = name in {'rotate', 'skewx', 'skewy'}
        if angle and unit in _DEGREES:
            if unit not in {'', 'deg'}:
                number = f'{float(number) * _DEGREES[unit]:.6g}'
        elif unit not in {'', 'px'}:
            return None
        numbers.append(number)
    if len(numbers) not in counts:
        return None
    if name in {'translatey', 'scaley'}:
        numbers.insert(0, '0' if name == 'translatey' else '1')
    elif name == 'scalex':
        numbers.append('1')
    return f'{svg_name}({" ".join(numbers)})'


def grade(element: str, name: str, value: str) -> tuple[Grade, str]:
    """Return how much a declaration matters that was not understood."""
    if grades.is_active_value(value):
        return 'active', 'it can fetch or run'
    if name in profile.PRESENTATION:
        return 'visual', f'the value is not {_grammar.wanted(element, name)}'
    if name in GEOMETRY and element in profile.ELEMENTS:
        own = name in profile.ELEMENTS[element]
        why = 'the value is not a length' if own else 'it has no such geometry'
        return ('visual' if own else 'inert'), why
    return grades.grade_property(name, value)
