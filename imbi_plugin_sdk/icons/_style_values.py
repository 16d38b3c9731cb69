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
_CALL = re.compile(r'([a-zA-Z]+)\(([^()]*)\)\s*')
_TERM = re.compile(rf'({_lexis.N})(px|deg|grad|rad|turn|)').fullmatch
_NUMBER = re.compile(_lexis.N).fullmatch
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
    matched: Value | None = None
    if name == 'transform':
        matched = transform(value)
    elif name == 'd' and element == 'path':
        matched = _path(value)
    elif name in profile.PRESENTATION or name in GEOMETRY:
        grammar = _grammar.element_grammars(element).get(name)
        matched = grammar(value) if grammar and value else None
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
                if _NUMBER(number) is None:
                    return None
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
    name = _PREFIXED.get(name, name)
    own = name in profile.ELEMENTS.get(element, {})
    if name in profile.PRESENTATION or (name in GEOMETRY and own):
        return grade_value(element, name, value)
    if name in GEOMETRY and not grades.is_active_value(value):
        return 'inert', 'it has no such geometry'
    return grades.grade_property(element, name, value)


def grade_value(element: str, name: str, value: str) -> tuple[Grade, str]:
    """Return how much a value matters that its grammar does not match."""
    wanted = f'the value is not {_grammar.wanted(element, name)}'
    if grades.is_active_value(value):
        return 'active', wanted
    if _grammar.is_error(element, name, value):
        return 'inert', f'{wanted}; browsers ignore it'
    return 'visual', wanted
