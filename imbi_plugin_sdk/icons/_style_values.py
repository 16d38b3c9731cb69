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


_BOX = frozenset({'x', 'y', 'width', 'height'})
GEOMETRY = {
    'circle': frozenset({'cx', 'cy', 'r'}),
    'ellipse': frozenset({'cx', 'cy', 'rx', 'ry'}),
    'image': _BOX,
    'rect': _BOX | {'rx', 'ry'},
    'svg': frozenset({'width', 'height'}),
    'use': frozenset({'x', 'y'}),
}
"""Attributes that are CSS properties too (SVG 2, section 6.5).

Browsers take them from a style for these elements only.
"""
_GEOMETRY = frozenset[str]().union(*GEOMETRY.values())

# Browsers read these names as if they were the standard's.
_PREFIXED = {
    f'-webkit-{name}': name
    for name in (
        'clip-path',
        'filter',
        'mask',
        'opacity',
        'transform',
        'transform-origin',
    )
}
_MARKERS = ('marker-start', 'marker-mid', 'marker-end')
_CALL = re.compile(r'([a-zA-Z]+)\(([^()]*)\) *')
_TERM = re.compile(rf' *({_lexis.N})(px|deg|grad|rad|turn|) *').fullmatch
_NUMBER = re.compile(_lexis.N).fullmatch
_LENGTH = re.compile(_lexis.LENGTH).fullmatch
_DEGREES = {
    'deg': 1.0,
    'grad': 0.9,
    'rad': 180 / math.pi,
    'turn': 360.0,
}
_ANGLE = frozenset(_DEGREES)
_PIXELS = frozenset({'px'})
_BARE = frozenset({''})
# CSS name to SVG name, the counts of arguments that SVG admits, and the units
# that CSS asks for. A CSS rotate() has one argument; CSS's axis forms become
# the two-argument ones.
_TRANSFORMS: dict[str, tuple[str, tuple[int, ...], frozenset[str]]] = {
    'matrix': ('matrix', (6,), _BARE),
    'translate': ('translate', (1, 2), _PIXELS),
    'translatex': ('translate', (1,), _PIXELS),
    'translatey': ('translate', (1,), _PIXELS),
    'scale': ('scale', (1, 2), _BARE),
    'scalex': ('scale', (1,), _BARE),
    'scaley': ('scale', (1,), _BARE),
    'rotate': ('rotate', (1,), _ANGLE),
    'skewx': ('skewX', (1,), _ANGLE),
    'skewy': ('skewY', (1,), _ANGLE),
}
# The property has another name where it is an attribute of paint.
_TRANSFORM_OF = {
    'linearGradient': 'gradientTransform',
    'pattern': 'patternTransform',
    'radialGradient': 'gradientTransform',
}
_PATH = re.compile(r'path\(\s*(["\'])([^"\']*)\1\s*\)').fullmatch

_FONT = re.compile(
    r'(?P<words>(?:[a-z0-9-]+ ){0,8}?)'
    r'(?P<size>[+-]?[0-9.]+(?:%|[a-z]+)|(?:x{1,2}-)?(?:small|large)|medium|'
    r'smaller|larger)(?: ?/ ?[0-9a-z.%+-]+)? (?P<family>.+)',
    re.ASCII | re.IGNORECASE,
).fullmatch
_FONT_WORDS = ('font-style', 'font-variant', 'font-weight', 'font-stretch')


def match(element: str, name: str, value: str) -> dict[str, Styled] | None:
    """Return the attributes that a declaration stands for.

    None means that the declaration is not understood.
    """
    name = _PREFIXED.get(name, name)
    if name == 'font':
        return _font(element, value)
    if name in profile.STYLE_ONLY:
        word = _paint.keywords(profile.STYLE_ONLY[name], exact=False)(value)
        return {name: Styled(word, in_style=True)} if word else None
    if name == 'marker':
        return _attributes(_MARKERS, _paint.reference(value))
    if name == 'transform':
        written = _TRANSFORM_OF.get(element, name)
        return _attributes((written,), transform(value))
    matched: Value | None = None
    if name == 'd' and element == 'path':
        matched = _path(value)
    elif name in GEOMETRY.get(element, ()):
        # What is a word has no attribute form, or is none.
        grammar = _grammar.element_grammars(element)[name]
        matched = grammar(value) if _LENGTH(value) else None
    elif name in profile.PRESENTATION:
        grammar = _grammar.element_grammars(element)[name]
        matched = grammar(value) if value else None
    return _attributes((name,), matched)


def _path(value: str) -> Value | None:
    """Match `path("...")`; a faulty one is not drawn up to the fault."""
    quoted = _PATH(value)
    if quoted is None:
        return None
    data = _grammar.path_data(quoted[2])
    return data if data == quoted[2].strip() else None


def _font(element: str, value: str) -> dict[str, Styled] | None:
    """Return the properties that the shorthand sets, some to `normal`."""
    found = _FONT(value)
    if found is None:
        return None
    values: dict[str, str] = dict.fromkeys(_FONT_WORDS, 'normal')
    for word in found['words'].lower().split():
        if word == 'normal':
            continue
        for name in _FONT_WORDS:
            grammar = _grammar.element_grammars(element)[name]
            if values[name] == 'normal' and grammar(word) is not None:
                values[name] = word
                break
        else:
            return None
    values['font-size'] = found['size'].lower()
    values['font-family'] = found['family'].strip()
    result: dict[str, Styled] = {}
    for name, text in values.items():
        matched = _grammar.element_grammars(element)[name](text)
        if matched is None:
            return None
        result[name] = Styled(matched, in_style=False)
    return result


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
    svg_name, counts, units = _TRANSFORMS.get(name, ('', (), _BARE))
    numbers: list[str] = []
    for argument in arguments.split(','):
        term = _TERM(argument)
        if term is None:
            return None
        number, unit = term[1], term[2]
        # Nothing needs no unit.
        if unit not in units and (unit or float(number)):
            return None
        if unit in _DEGREES and unit != 'deg':
            number = f'{float(number) * _DEGREES[unit]:.6g}'
            if _NUMBER(number) is None:
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
    name = _PREFIXED.get(name, name)
    if name in profile.PRESENTATION:
        error = _grammar.is_error(element, name, value)
        return _grade_value(element, name, value, error=error)
    if name in GEOMETRY.get(element, ()):
        return _grade_value(element, name, value, error=False)
    if name in _GEOMETRY and not grades.is_active_value(value):
        return 'inert', 'it has no such geometry'
    return grades.grade_property(element, name, value)


def grade_attribute(element: str, name: str, value: str) -> tuple[Grade, str]:
    """Return how much an attribute matters that its grammar does not match."""
    error = not grades.fault_counts(element, name) and _grammar.is_error(
        element, name, value
    )
    return _grade_value(element, name, value, error=error)


def _grade_value(
    element: str, name: str, value: str, *, error: bool
) -> tuple[Grade, str]:
    """Return the grade of a value, and what it should have been."""
    wanted = f'the value is not {_grammar.wanted(element, name)}'
    if grades.is_active_value(value):
        return 'active', wanted
    if error:
        return 'inert', f'{wanted}; browsers ignore it'
    return 'visual', wanted
