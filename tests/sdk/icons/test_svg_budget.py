"""What each part of a picture may cost: so much passes, one more does not."""

from __future__ import annotations

import base64

import pytest

from imbi_plugin_sdk.errors import IconError
from imbi_plugin_sdk.icons import sanitize_svg

ROOT = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
LEFT = 991
"""Of 14,000 units, what the shapes below leave for what is tried."""
SHAPES = (
    f'<g id="s">{"<rect/>" * 99}</g>'
    + '<use href="#s"/>' * 127 + '<rect/>' * 81
)  # fmt: skip
FILTERED = '<rect filter="url(#a)"/>'
USED = '<use href="#a"/>'
PAINTED = '<rect fill="url(#a)"/>'


def doc(body: str) -> bytes:
    return f'{ROOT}{body}</svg>'.encode()


def passes(body: str) -> bool:
    try:
        sanitize_svg(doc(body))
    except IconError as error:
        return [p.code for p in error.problems] != ['icon_too_complex']
    return True


def of(primitives: str) -> str:
    return f'<filter id="a">{primitives}</filter>'


def tiles(content: str) -> str:
    return f'<pattern id="a">{content}</pattern>'


def ends(content: str) -> str:
    return f'<marker id="a">{content}</marker>'


# What is drawn once, what is repeated, and how often it is within the budget.
WITHIN = {
    'a plain primitive': (of('<feFlood/>'), FILTERED, 82),
    'two primitives': (of('<feOffset/><feOffset/>'), FILTERED, 55),
    'a result that is read twice': (
        of('<feOffset result="r"/><feOffset in="SourceGraphic"/>'
           '<feBlend in="r" in2="r"/>'),
        FILTERED,
        41,
    ),
    'a merge of two': (
        of('<feOffset result="r"/><feMerge><feMergeNode/>'
           '<feMergeNode in="r"/></feMerge>'),
        FILTERED,
        39,
    ),
    'a flood, which reads nothing': (
        of('<feBlend/><feFlood in="r"/>'), FILTERED, 76),
    'a blur of nothing': (of('<feGaussianBlur stdDeviation="0"/>'),
                          FILTERED, 19),
    'a blur': (of('<feGaussianBlur stdDeviation="1 20"/>'), FILTERED, 6),
    'a shadow': (of('<feDropShadow stdDeviation="30"/>'), FILTERED, 4),
    'a blur by function': ('', '<rect filter="blur(20px)"/>', 6),
    'two blurs by function': ('', '<g filter="blur(20px)blur(0)"/>', 4),
    'a shadow by function': (
        '', '<g filter="drop-shadow(red 1px 1px 20px)"/>', 6),
    'a sharp shadow by function': (
        '', '<g filter="drop-shadow(rgb(9 9 99)9px 9px)"/>', 16),
    'two functions that do not blur': (
        '', '<g filter="invert(1)sepia(1)"/>', 66),
    'noise': (of('<feTurbulence/>'), FILTERED, 36),
    'noise of no octave': (of('<feTurbulence numOctaves="0"/>'),
                           FILTERED, 36),
    'noise of three octaves': (of('<feTurbulence numOctaves="3"/>'),
                               FILTERED, 14),
    'thinner lines': (of('<feMorphology/>'), FILTERED, 26),
    'far thinner lines': (of('<feMorphology radius=".5 1.9"/>'),
                          FILTERED, 12),
    'a convolution': (of('<feConvolveMatrix/>'), FILTERED, 13),
    'a wide convolution': (of('<feConvolveMatrix order="1 9"/>'),
                           FILTERED, 13),
    'a square convolution': (of('<feConvolveMatrix order="4"/>'),
                             FILTERED, 9),
    'diffuse light': (of('<feDiffuseLighting/>'), FILTERED, 14),
    'light with a glint': (of('<feSpecularLighting/>'), FILTERED, 14),
    'a displacement': (of('<feDisplacementMap/>'), FILTERED, 26),
    'a filter on a clone': (of(''), '<use href="#s" filter="url(#a)"/>', 9),
    'a translucent group': ('', '<g opacity="0"/>', 198),
    'a blended group': ('', '<g style="isolation:auto"/>', 198),
    'a mask': ('<mask id="a"><rect/></mask>', '<g mask="url(#a)"/>', 141),
    'a clip': ('<clipPath id="a"><rect/></clipPath>',
               '<g clip-path="url(#a)"/>', 141),
    'a pattern': (tiles('<rect/><rect/>'), PAINTED, 76),
    'a pattern inside and around': (
        tiles('<rect/><rect/>'),
        '<rect fill="url(#a)" stroke="url(#a)"/>',
        39,
    ),
    'a pattern by inheritance': (
        tiles('<rect/>'), '<g fill="url(#a)"><g/><rect/></g>', 90),
    'a pattern of a pattern': (
        '<pattern id="b"><rect/></pattern><pattern id="a" href="#b"/>',
        PAINTED,
        76,
    ),
    'a pattern that the shape has none of': (
        tiles('<rect/>'),
        '<g fill="url(#a)" opacity="0"><rect fill="red"/></g>',
        165,
    ),
    'a pattern, inherited by name': (
        tiles('<rect/>'), '<g fill="url(#a)"><rect fill="inherit"/></g>', 99),
    'a pattern, as nothing is set': (
        tiles('<rect/>'), '<g fill="url(#a)"><rect fill="unset"/></g>', 99),
    'a pattern, where the colour may not be known': (
        tiles('<rect/>'), '<g fill="url(#a)"><rect fill="lab(1 2 3)"/></g>',
        99),
    'a pattern, where the fallback may not be known': (
        tiles('<rect/>'),
        '<g fill="url(#a)"><rect fill="url(#x) lab(1 2 3)"/></g>',
        99,
    ),
    'a gradient': (
        '<linearGradient id="a"><stop/><stop/></linearGradient>',
        '<rect opacity="0" fill="url(#a)"/>',
        198,
    ),
    'a clone': (f'<g id="a">{"<rect/>" * 9}</g>', USED, 89),
    'a clone of a symbol': ('<symbol id="a"><rect/></symbol>',
                            f'{USED}{USED}', 165),
    'a long path': (f'<path id="a" d="M0 0{"h1" * 5_000}"/>', USED, 2),
    'a polygon of many points': (
        f'<polygon id="a" points="{"1 " * 5_000}"/>', USED, 2),
    'a long text': (f'<text id="a">{"abcde" * 200}</text>', USED, 18),
    'a text in parts': (
        f'<text id="a">{"a" * 99}<tspan>{"a" * 99}</tspan></text>', USED, 89),
    'a text along a path': (
        f'<path id="a" d="M0 0{"h1" * 1_000}"/>',
        '<text><textPath href="#a">a</textPath></text>',
        17,
    ),
    'a marker on a line': (
        ends('<rect/><rect/>'), '<line marker-start="url(#a)"/>', 141),
    'a marker on a path that is closed': (
        ends('<rect/>'), '<path d="M0 0h1zz" marker-mid="url(#a)"/>', 66),
    'a marker on a path that is Closed': (
        ends('<rect/>'), '<path d="M0 0ZZ" marker-mid="url(#a)"/>', 76),
    'a marker on points': (
        ends('<rect/>'), '<polyline points="0 0 1 1" marker-end="url(#a)"/>',
        110),
    'a marker on a shape without corners': (
        ends('<rect/>'), '<rect marker-end="url(#a)" opacity="0"/>', 198),
    'a marker on a clone of a group': (
        f'{ends("<rect/><rect/>")}<g id="b"><line/></g>',
        '<use marker-end="url(#a)" href="#b"/>',
        109,
    ),
    'a marker with the pattern of its shape': (
        f'<pattern id="b"><rect/></pattern>{ends("<rect fill=context-fill/>")}'
        .replace('context-fill', '"context-fill"'),
        '<line fill="url(#b)" marker-end="url(#a)"/>',
        34,
    ),
    'a marker with a colour of its own': (
        f'<pattern id="b"><rect/></pattern>{ends("<rect/>")}',
        '<line fill="url(#b)" marker-end="url(#a)"/>',
        76,
    ),
}  # fmt: skip


def test_the_shapes_leave_what_is_said():
    assert passes(SHAPES + '<rect/>' * LEFT)
    assert not passes(SHAPES + '<rect/>' * (LEFT + 1))


@pytest.mark.parametrize('name', [*WITHIN])
def test_so_many_pass_and_one_more_does_not(name):
    before, unit, count = WITHIN[name]

    assert passes(SHAPES + before + unit * count)
    assert not passes(SHAPES + before + unit * (count + 1))


@pytest.mark.parametrize(
    ('layer', 'most'),
    [
        ('<g opacity="0"/>', 2_799),
        ('<g style="isolation:auto" opacity="0"/>', 1_555),
    ],
)
def test_layers_are_counted_where_nothing_refers_to_anything(layer, most):
    assert passes(layer * most)
    assert not passes(layer * (most + 1))


def test_a_filter_has_so_many_primitives():
    start = '<feOffset in="SourceGraphic"/>'

    assert passes(of(start + '<feOffset/>' * 199))
    assert not passes(of(start + '<feOffset/>' * 200))


def test_a_large_image_costs_by_its_pixels(png):
    wide = png(2_048, 2_048, 1, 0)
    uri = 'data:image/png;base64,' + base64.b64encode(wide).decode()
    image = f'<image id="a" href="{uri}"/>'

    # Four million pixels are 83 units, the image and its clone two more.
    assert passes(SHAPES + image + USED * 10)
    assert not passes(SHAPES + image + USED * 11)
