"""What a removal's grade says of the picture, held against a browser."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.icons import sanitize_svg

SIDE = 32
DRAW = """
const [pairs, side, done] = arguments;
const canvas = document.createElement('canvas');
canvas.width = canvas.height = side;
const context = canvas.getContext('2d', {willReadFrequently: true});
async function pixels(text) {
  const image = new Image();
  image.src = 'data:image/svg+xml,' + encodeURIComponent(text);
  await image.decode();
  let all = '';
  for (const ground of ['#fff', '#123']) {
    context.fillStyle = ground;
    context.fillRect(0, 0, side, side);
    context.drawImage(image, 0, 0, side, side);
    all += context.getImageData(0, 0, side, side).data.join();
  }
  return all;
}
(async () => {
  const same = [];
  for (const [before, after] of pairs)
    same.push(await pixels(before) === await pixels(after));
  done(same);
})().catch(error => done(String(error)));
"""

DOCUMENT = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:i="urn:i" '
    f'viewBox="0 0 32 32" width="{SIDE}" height="{SIDE}" @root>@before'
    '<linearGradient id="p"><stop stop-color="red" @stop/>'
    '<stop offset="1" stop-color="#06f"/></linearGradient>'
    '<g fill="#2a6" stroke="#06f" stroke-width="2" stroke-dasharray="3 1" '
    'opacity=".9" font-size="9" font-family="monospace" display="inline">'
    '<rect x="2" y="2" width="9" height="7" fill="url(#p)"/>'
    '<path id="s" class="s" d="M14 2h9l-3 8" @shape/>'
    '<text x="2" y="22" text-decoration="underline" @text>Ag fi</text>'
    '<svg x="24" y="2" width="7" height="9" @inner><circle r="9"/></svg>'
    '</g></svg>'
)
"""A picture with places for an attribute or an element each."""

INERT = [
    # Properties that nobody draws in a still picture.
    *(
        ('@shape', f'style="{property_}"')
        for property_ in (
            '-inkscape-stroke:none', 'line-height:3', 'foo:1', 'zoom:1',
            'will-change:transform', 'contain:paint', 'margin:9px',
            'background:red', 'border:3px solid', 'text-indent:9px',
            'perspective:3px', 'clip:rect(0,1px,1px,0)', 'position:fixed',
            'vertical-align:super', 'cursor:wait', 'transition:all 1s',
            'box-shadow:0 0 9px red', 'float:left', 'z-index:-1', 'left:9px',
            'animation:none', 'translate:none', 'outline:none', 'hyphens:none',
            'width:3px', 'text-transform:uppercase', 'pointer-events:none',
        )
    ),
    *(
        ('@text', f'style="{property_}"')
        for property_ in (
            'line-height:3', '-inkscape-font-specification:Arial',
            'font-variant-ligatures:normal', 'tab-size:3', 'overflow-x:hidden',
            'widows:3', 'shape-padding:1', 'user-select:none', 'zoom:1',
            '-webkit-text-fill-color:red', 'text-overflow:ellipsis',
        )
    ),
    *(
        ('@root', f'style="{property_}"')
        for property_ in (
            'background:none', 'border:0', 'padding:0', '-ms-foo:1', 'top:0',
            'shape-rendering:foo', 'line-height:3', 'font-variant-caps:normal',
        )
    ),
    # Values that browsers, too, take for errors.
    *(
        ('@shape', f'{name}="{value}"')
        for name, value in (
            ('fill', 'redd'), ('fill', '#12'), ('stroke', 'none none'),
            ('stroke-width', 'foo'), ('stroke-linecap', 'rund'),
            ('opacity', 'x'), ('stroke-dasharray', '1;2'), ('display', 'foo'),
            ('fill-rule', 'odd'), ('visibility', 'shown'),
            ('vector-effect', 'fast'),
        )
    ),
    ('@shape', 'style="fill:re/**/d"'),
    ('@shape', 'style="display:none;display:inline;display:-ms-flexbox"'),
    ('@stop', 'offset="left"'),
    ('@text', 'text-anchor="centre"'),
    ('@text', 'dominant-baseline="low"'),
    ('@inner', 'overflow-x="visible"'),
    # Taken over, in another form.
    *(
        ('@stop', f'/><stop {more}')
        for more in (
            'offset=".5" style="stop-color:hsl(90,50%,50%)"',
            'systemLanguage="de" stop-color="lime" offset=".7"',
        )
    ),
    *(
        ('@shape', f'style="{property_}"')
        for property_ in (
            'transform:rotate(.1turn) scaleX(1.5)',
            'd:path(&quot;M14 2h9v9&quot;)',
            'fill:rgb(1 200 3 / 50%)', 'stroke-width:4', 'display:grid',
            'marker:none;paint-order:stroke', 'stroke:hwb(9 1% 2%/.5)',
        )
    ),
    ('@before', '<pattern id="q" width="1" height="1" style="transform:'
     'rotate(9deg) translate(0,3px);width:3px"><path d="M0 0h9v1"/></pattern>'
     '<circle r="9" style="cx:9px;cy:70%;x:3px" fill="url(#q)"/>'),
    ('@text', 'style="x:9px;font-size:12;font-weight:350"'),
    # What is not part of the picture at all.
    ('@shape', 'i:fill="lime" data-x="1" role="img" tabindex="0"'),
    ('@shape', 'fill-opacity=""'),
    ('@before', '<metadata><i:x fill="red">a</i:x></metadata><desc>d</desc>'),
    ('@before', '<title>t</title><i:view zoom="3"/><foo><rect/></foo>'),
    ('@before', '<flowRoot><flowPara>text</flowPara></flowRoot>text'),
    ('@before', '<switch><g requiredExtensions="urn:x"><circle r="9"/></g>'
     '</switch><g systemLanguage="xx"><circle r="9"/></g>'),
    ('@before', '<style>@media print{.s{fill:red}} @charset "x";'
     '@keyframes k{from{fill:red}} .s{fill:redd;foo:1}</style>'),
    ('@before', '<style type="text/less">.s{fill:red}</style>'),
]  # fmt: skip

VISUAL = [
    *(
        ('@shape', f'style="{property_}"')
        for property_ in (
            'rotate:9deg', 'translate:3px', 'scale:1.5', 'all:initial',
            'fill:light-dark(red,red)', 'fill:color-mix(in srgb,red,lime)',
            'clip-path:circle(2px)', 'display:contents',
            'transform:translate(90%)', 'outline:1px solid',
            'stroke-width:calc(3px + 1px)', 'stroke-width:3vw',
            'mask-image:linear-gradient(red,transparent)',
            'transform:skew(9deg,9deg)',
        )
    ),
    *(
        ('@text', f'style="{property_}"')
        for property_ in (
            'text-transform:uppercase',
            'text-shadow:1px 1px red', 'font-variant-caps:small-caps',
        )
    ),
    ('@shape', 'pathLength="long"'),
    ('@shape', 'fill="red" style="fill:revert"'),
    ('@text', '><tspan style="position:absolute">b</tspan'),
    ('@text', '><tspan>b&#x7f;c</tspan'),
    ('@text', '><tspan>b\x9bc</tspan'),
    ('@inner', 'style="overflow-x:visible"'),
    ('@before', '<use href="#s" x="5" y="10" width="x"/><image width="x"/>'
     '<rect x="12" y="20" width="9" height="9" ry="4" rx="x"/>'),
    ('@before', '<linearGradient id="q" href="#p" x1="9" spreadMethod="x"/>'
     '<linearGradient id="r" x1=".4" x2=".6" spreadMethod="repeat"><stop/>'
     '<stop offset="1" stop-color="red"/></linearGradient><linearGradient '
     'id="t" href="#r" spreadMethod="x"/><path d="M9 9h9v9" '
     'fill="url(#t)"/>'),
    ('@root', 'style="background:red"'),
    ('@root', 'style="padding:5px"'),
    ('@before', '<style>@media screen{.s{fill:red}}</style>'),
    ('@before', '<style>@supports (fill:red){.s{fill:red}}</style>'),
    ('@before', '<style>path:first-of-type{fill:red}</style>'),
    ('@before', '<style>[class]{fill:red}</style>'),
]  # fmt: skip


def fill(place: str, text: str) -> str:
    """Return the picture with something in one of its places."""
    document = DOCUMENT.replace(place, text)
    for other in ('@root', '@before', '@stop', '@shape', '@text', '@inner'):
        document = document.replace(other, '')
    return document


@pytest.fixture(scope='module', name='looks')
def fixture_looks(browser):
    """Return what tells which pictures look the same once sanitized."""

    def compare(cases):
        browser.get('about:blank')
        pairs = [
            (document, sanitize_svg(document.encode()).data.decode())
            for document in (fill(*case) for case in cases)
        ]
        found = browser.execute_async_script(DRAW, pairs, SIDE)
        assert isinstance(found, list), found
        return dict(zip(cases, found, strict=True))

    return compare


def grades(case) -> set[str]:
    removals = sanitize_svg(fill(*case).encode()).removals
    return {each.grade for each in removals if each.what != 'id'}


@pytest.mark.parametrize('case', INERT)
def test_nothing_of_this_is_told_as_visual(case):
    assert grades(case) <= {'inert'}


@pytest.mark.parametrize('case', VISUAL)
def test_these_removals_are_told_as_visual(case):
    assert 'visual' in grades(case)


def test_an_inert_removal_does_not_change_the_picture(looks):
    assert [case for case, same in looks(INERT).items() if not same] == []


def test_a_visual_removal_changes_the_picture(looks):
    assert [case for case, same in looks(VISUAL).items() if same] == []
