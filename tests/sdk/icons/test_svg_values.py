"""Each value against its grammar: what is in the language and what is not."""

from __future__ import annotations

import re

import pytest

from imbi_plugin_sdk.icons import _svg_profile, sanitize_svg

# element, attribute, values that stay as they are, values that go
CASES = [
    ('rect', 'width', ['1', '.5', '1.', '1e2px', '50%', 'auto', '3mm'],
     ['-1', '1x', '1 2', '1e9', 'NaN', '0x10', '1e400', 'calc(1px)']),
    ('rect', 'x', ['-1', '+.5em'], ['--1', '1..2', 'e1', '1px;']),
    ('rect', 'fill',
     ['none', 'red', 'currentColor', '#abc', '#abcd', '#aabbcc', '#aabbccdd',
      'rgb(1,2,3)', 'rgb(1 2 3 / 50%)', 'rgba(1,2,3,.5)', 'hsl(9deg 1% 2%)',
      'color(display-p3 1 0 0)', 'context-fill', 'inherit',
      'rgb(1%,2%,3%)', 'rgb(1 2% none / none)', 'rgb(1-2-3)', 'hsl(9 1 2)',
      'hwb(9 1% 2%/.5)', 'lab(1% 2 3)', 'oklch(.5 .1 20deg)', 'lch(1 2 none)',
      'color(srgb .1 .2 .3/50%)'],
     ['rgb(1%,2,3)', 'rgb(1, 2 3)', 'rgb(1 2 3 4)', 'rgb(1,2,3/4)',
      'rgb(1,2,none)', 'rgb(1deg 2 3)', 'hsl(9,1,2)', 'hwb(9,1%,2%)',
      'lab(1,2,3)', 'lch(1deg 2 3)', 'rgb(12 3)', 'color(srgb,1,0,0)',
      'red\xa0', '#ab', '#ggg', 'rgb(1)', 'rgb(1,2,3,4,5)', 'redd', 'red red',
      'url()', 'url(#a) url(#b)', 'rgb(url(#a),1,1)', 'attr(x)',
      'expression(1)', 'none none', 'var(--x)', 'red!important']),
    ('rect', 'transform',
     ['rotate(9)', 'rotate(9,1 2)', 'translate(1)', 'scale(1,2)', 'none',
      'matrix(1 0 0 1 0 0) skewX(3),skewY(3)'],
     ['rotate(9deg)', 'rotate(1 2)', 'matrix(1)', 'perspective(3)',
      'rotate(9', 'rotate(url(#a))']),
    ('rect', 'opacity', ['1', '.5', '50%', '1e-2'], ['1px', 'x']),
    ('rect', 'stroke-dasharray', ['none', '1', '1 2,3px', ' '.join('1' * 64)],
     ['1;2', '1 a', ' '.join('1' * 65)]),
    ('rect', 'stroke-linejoin', ['round', 'bevel'], ['Rund', 'round;']),
    ('rect', 'filter',
     ['none', 'blur(2px)', 'drop-shadow(1px 1px 2px rgb(1 2 3))',
      'grayscale(50%) brightness(2)', 'drop-shadow(1px 1px)'],
     ['blur(999px)', 'url(x)', 'blur(1px) url(#a)', 'drop-shadow(red)',
      'drop-shadow(1px 1px url(x))', 'foo(1)']),
    ('rect', 'clip-path', ['none'], ['circle(1)', 'url(x)', 'url(#a)url(#b)']),
    ('polygon', 'points', ['1 2,3-4', '1,2 3,4 '], ['1;2', 'a']),
    ('stop', 'offset', ['0', '50%', '.5'], ['left']),
    ('pattern', 'patternUnits', ['userSpaceOnUse'], ['userspaceonuse']),
    ('svg', 'preserveAspectRatio', ['none', 'xMidYMax slice'], ['xmidymid']),
    ('feGaussianBlur', 'stdDeviation', ['3', '1 2', '200'],
     ['201', '-1', 'a']),
    ('feMorphology', 'radius', ['50'], ['51', '1 2 3']),
    ('feTurbulence', 'numOctaves', ['8'], ['9', '88', '1.5', '1 9']),
    ('feConvolveMatrix', 'order', ['3', '9 9'],
     ['0', '10', '11', '3 x', '3 0']),
    ('feColorMatrix', 'values', ['1 0 0', '1,2,-3.'], ['1 x']),
    ('feBlend', 'in', ['SourceGraphic', 'a b:1'], ['a"b', '<', ' ;']),
    ('text', 'font-family', ['Arial', '"A B", serif', "'A'"],
     ['url(x)', '"a', 'a;b', 'a{']),
    ('text', 'x', ['1 2', '1,2px'], ['a']),
    ('text', 'font-size', ['12', '12px', 'small'], ['calc(1px)']),
    ('marker', 'orient', ['auto', '45', '45deg'], ['up']),
    ('rect', 'paint-order', ['stroke', 'stroke fill'], ['all']),
    ('rect', 'transform-origin', ['center', '50% 50%', '1px 2px'], ['here']),
]  # fmt: skip

GOOD = [(e, a, v) for e, a, good, _ in CASES for v in good]
BAD = [(e, a, v) for e, a, _, bad in CASES for v in bad]

# Renderers take these for errors, too: the picture stays as it was.
ERRORS = {
    'width': {'NaN'},
    'x': {'--1', 'e1', '1px;'},
    'fill': {
        'red\xa0',
        '#ab',
        '#ggg',
        'redd',
        'red red',
        'none none',
        'red!important',
    },
    'opacity': {'x'},
    'stroke-dasharray': {'1;2', '1 a'},
    'stroke-linejoin': {'Rund', 'round;'},
    'offset': {'left'},
    'stdDeviation': {'a'},
}


def escape(value: str) -> str:
    return (
        value.replace('&', '&amp;')
        .replace('"', '&quot;')
        .replace("'", '&#39;')
        .replace('<', '&lt;')
    )


def element(name: str, attribute: str, value: str) -> str:
    return f'<{name} {attribute}="{escape(value)}"/>'


@pytest.mark.parametrize(('name', 'attribute', 'value'), GOOD)
def test_a_value_of_the_language_stays(svg, name, attribute, value):
    result = sanitize_svg(svg(element(name, attribute, value)))

    assert element(name, attribute, value.strip()).encode() in result.data
    assert result.removals == ()


@pytest.mark.parametrize(('name', 'attribute', 'value'), BAD)
def test_any_other_value_goes_and_is_told(svg, name, attribute, value):
    result = sanitize_svg(svg('\n ' + element(name, attribute, value)))

    assert f'<{name}/>'.encode() in result.data
    (removal,) = result.removals
    assert (removal.line, removal.what) == (2, attribute)
    assert removal.column == len(name) + 4
    assert (removal.grade == 'inert') == (value in ERRORS.get(attribute, ()))


@pytest.mark.parametrize(
    ('written', 'meant'),
    [
        ('url( "#a" )', 'url(#p0)'),
        ("URL('#a')red", 'url(#p0) red'),
        ('url(#a) currentcolor', 'url(#p0) currentColor'),
        ('url(#a) none', 'url(#p0) none'),
        ('#c80 icc-color(x, 1)', '#c80'),
        ('var(--brand, #123)', '#123'),
        ('RED', 'red'),
        ('  red\n', 'red'),
    ],
)
def test_a_paint_is_written_in_one_way(svg, written, meant):
    data = sanitize_svg(
        svg(element('rect', 'fill', written) + '<pattern id="a"/>'),
        id_prefix='p',
    ).data

    assert element('rect', 'fill', meant).encode() in data


def test_keywords_keep_the_spelling_that_every_renderer_knows(svg):
    data = sanitize_svg(
        svg(
            '<g color-interpolation-filters="SRGB" shape-rendering='
            '"crispedges"/>'
        )
    ).data

    assert b'color-interpolation-filters="sRGB"' in data
    assert b'shape-rendering="crispEdges"' in data


ACTIVE_NAME = re.compile(
    r'on.*|style|class|id|src|begin|dur|to|from|by|values?name|attribute.*|'
    r'action|target|tabindex|cursor|behavior|.*[:A-Z]+:.*',
)
ACTIVE_ELEMENTS = {
    'script', 'a', 'animate', 'animateMotion', 'animateTransform', 'set',
    'foreignObject', 'style', 'feImage', 'handler', 'iframe', 'title', 'desc',
    'metadata', 'switch', 'view', 'mpath', 'discard',
}  # fmt: skip


def test_no_name_of_the_profile_can_act():
    names = set(_svg_profile.PRESENTATION) | set(_svg_profile.STYLE_ONLY)
    for own in _svg_profile.ELEMENTS.values():
        names |= set(own)

    assert {n for n in names if ACTIVE_NAME.fullmatch(n)} == set()
    assert ACTIVE_ELEMENTS.isdisjoint(_svg_profile.ELEMENTS)
