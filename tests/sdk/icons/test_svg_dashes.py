"""How long an outline with dashes may be: so long passes, longer does not."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.errors import IconError
from imbi_plugin_sdk.icons import sanitize_svg

# As large as a picture is drawn, so that nothing is drawn larger.
ROOT = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4096 4096">'
DASH = 'stroke-dasharray="1"'
FIXED = 'vector-effect="non-scaling-stroke"'
# What leaves 12,000 units for dashes.
REST = (
    f'<g id="rest">{"<rect/>" * 99}</g>'
    + '<use href="#rest"/>' * 18 + '<rect/>' * 82
)  # fmt: skip
ROUND = f'<circle {DASH} {FIXED} r="{{}}"/>'


def passes(body: str, root: str = ROOT) -> bool:
    try:
        sanitize_svg(f'{root}{REST}{body}</svg>'.encode())
    except IconError as error:
        return [p.code for p in error.problems] != ['icon_too_complex']
    return True


# A picture, and in thousands the length that passes and that does not.
LENGTHS = {
    'a path': (f'<path {DASH} d="M0 0H{{}}"/>', 299, 301),
    'a path to the left': (f'<path {DASH} d="M0 0H-{{}}"/>', 299, 301),
    'a polygon': (f'<polygon {DASH} points="0 0 {{}} 0"/>', 299, 301),
    'a path of mirrored points': (
        f'<path {DASH} d="M0 0Q1 1 1 1T{{}} 0"/>', 37, 38),
    'a path of mirrored points, relative': (
        f'<path {DASH} d="M0 0q1 1 1 1t{{}} 0"/>', 37, 38),
    'a line': (f'<line {DASH} x1="{{}}"/>', 171, 172),
    'an ellipse': (f'<ellipse {DASH} rx="{{}}" ry="{{}}"/>', 85, 86),
    'a circle in millimetres': (f'<circle {DASH} r="{{}}mm"/>', 45, 46),
    'dashes in picas': (
        '<circle stroke-dasharray="1pc" r="{}"/>', 2_735, 2_760),
    'dashes and gaps': (
        '<circle stroke-dasharray="1,3 0" r="{}"/>', 682, 689),
    'dashes and relative gaps': (
        '<circle stroke-dasharray="2 3%" r="{}"/>', 341, 345),
    'dashes of a group': (
        f'<g {DASH}><circle r="{{}}"/><line x1="{{}}"/></g>', 85, 86),
    'dashes instead of those of a group': (
        f'<g {DASH}><circle stroke-dasharray="10" r="{{}}"/></g>',
        1_700, 1_720),
    'dashes of a clone': (
        f'<g id="a"><circle r="{{}}"/></g><use {DASH} href="#a"/>', 170, 172),
    'a text': (f'<text font-size="{{}}" {DASH}>abc</text>', 24.9, 25.1),
    'a text in points': (
        f'<text font-size="{{}}pt" {DASH}>abc</text>', 18.7, 18.8),
    'a length that is said': (
        f'<circle {DASH} r="1" pathLength="{{}}"/>', 1_190, 1_210),
    'a stroke that keeps its width': (ROUND, 171, 172),
    'a stroke that keeps its width, enlarged': (
        f'<g transform="scale(4)">{ROUND}</g>', 42, 43),
    'a stroke that keeps its width, enlarged twice': (
        f'<g transform="scale(2) translate(9)scale(2)">{ROUND}</g>', 42, 43),
    'a stroke that keeps its width, reduced': (
        f'<g transform="scale(.5)">{ROUND}</g>', 171, 172),
    'a stroke that keeps its width, distorted': (
        f'<g transform="matrix(1 -1 2 0 99 99)">{ROUND}</g>', 42, 43),
    'a stroke that keeps its width, skewed': (
        f'<g transform="skewX(45)">{ROUND}</g>', 56.9, 57.2),
    'a stroke that keeps its width, by style': (
        f'<g style="transform:scale(4)">{ROUND}</g>', 42, 43),
}  # fmt: skip


@pytest.mark.parametrize('name', [*LENGTHS])
def test_so_long_passes_and_longer_does_not(name):
    body, passing, refused = LENGTHS[name]

    assert passes(body.replace('{}', f'{passing * 1_000:.0f}'))
    assert not passes(body.replace('{}', f'{refused * 1_000:.0f}'))


def test_in_a_small_box_a_stroke_that_keeps_its_width_is_long():
    small = ROOT.replace('4096 4096', '64 32')

    # 128 times as large on 4,096 pixels.
    assert passes(ROUND.replace('{}', '1330'), small)
    assert not passes(ROUND.replace('{}', '1345'), small)


def test_a_text_may_inherit_a_large_font():
    text = f'<text stroke-dasharray="{{}}">{"a" * 750}</text>'
    named = text.replace('<text', '<text font-size="xx-large"')

    for one in (text, named):
        assert passes(one.replace('{}', '1.01'))
        assert not passes(one.replace('{}', '.99'))


@pytest.mark.parametrize(
    'body',
    [
        f'<circle {DASH} r="0%"/>',
        '<circle stroke-dasharray="0" r="1e9"/>',
        '<circle stroke-dasharray="0 0%" r="1e9"/>',
        '<circle stroke-dasharray="none" r="1e9"/>',
        f'<circle {DASH} pathLength="0" r="1"/>',
        f'<circle {DASH} pathLength="9" r="1e9"/>',
        f'<text font-size="medium" {DASH}>a</text>',
        f'<text font-size="larger" {DASH}/>',
        f'<marker id="m"><circle {DASH} r="1"/></marker>',
        f'<g transform="rotate(90)">{ROUND}</g>',
    ],
)
def test_no_dashes_or_few_pass(body):
    assert passes(body.replace('{}', '1'))


@pytest.mark.parametrize(
    'body',
    [
        '<circle stroke-dasharray="1em" r="1"/>',
        f'<circle {DASH} r="1%"/>',
        f'<circle {DASH} pathLength="0" r="1e9"/>',
        f'<text font-size="larger" {DASH}>a</text>',
        f'<text font-size="smaller" {DASH}>a</text>',
        f'<text font-size="2em" {DASH}>a</text>',
        f'<marker id="m">{ROUND}</marker><line marker-end="url(#m)"/>',
        f'<clipPath clipPathUnits="objectBoundingBox"/>{ROUND}',
        f'<svg viewBox="0 0 9 9"/>{ROUND}',
        f'<symbol viewBox="0 0 9 9"/>{ROUND}',
        f'<g transform="skewX(90)"/>{ROUND}',
    ],
)
def test_what_has_no_bound_is_refused(body):
    assert not passes(body.replace('{}', '1'))
