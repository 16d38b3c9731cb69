"""Style sheets become attributes, in the order of the cascade."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.icons import sanitize_svg


def body(result) -> str:
    text = result.data.decode()
    return text[text.index('>') + 1 : text.rindex('</svg>')]


@pytest.mark.parametrize(
    ('sheet', 'rect'),
    [
        ('rect{fill:red}', '<rect fill="red"/>'),
        ('.a{fill:red}', '<rect fill="red"/>'),
        ('#r{fill:red}', '<rect fill="red"/>'),
        ('*{stroke:red}', '<rect stroke="red"/>'),
        ('rect.a.b#r{fill:red}', '<rect fill="red"/>'),
        ('g rect{fill:red}', '<rect fill="red"/>'),
        ('svg > g>rect{fill:red}', '<rect fill="red"/>'),
        ('svg>rect{fill:red}', '<rect/>'),
        ('g > svg rect{fill:red}', '<rect/>'),
        ('.c{fill:red}', '<rect/>'),
        ('RECT{fill:red}', '<rect/>'),
        ('.a{fill:red}rect{fill:blue}', '<rect fill="red"/>'),
        ('.a{fill:red}.b{fill:blue}', '<rect fill="blue"/>'),
        ('#r{fill:red}.a.b{fill:blue}', '<rect fill="red"/>'),
        ('rect{fill:red!important}#r{fill:blue}', '<rect fill="red"/>'),
        ('.a{fill:red;fill:blue;fill:1}', '<rect fill="blue"/>'),
        ('.x,.a{fill:red}', '<rect fill="red"/>'),
        ('.a{fill:/* a */ red}', '<rect fill="red"/>'),
        ('.a{FILL:RED}', '<rect fill="red"/>'),
        ('.a{fill:re/**/d}', '<rect/>'),
        ('.a*{fill:red}', '<rect/>'),
        ('/**/.a/**/{/**/fill/**/:/**/red/**/}', '<rect fill="red"/>'),
        ('.a{fill:red;fill:blue\xa0}', '<rect fill="red"/>'),
        ('.a{fill:rgb(1,2,3);fill:rgb(1%,2,3)}', '<rect fill="rgb(1,2,3)"/>'),
        ('.a{display:none;display:-ms-flexbox}', '<rect display="none"/>'),
        ('.a{display:none;display:block}', '<rect display="inline"/>'),
        ('.a{cx:4px;x:auto}', '<rect/>'),
        ('.a{f\\69ll:red}', '<rect fill="red"/>'),
        ('<!-- .a{fill:red} -->', '<rect fill="red"/>'),
        ('@media print{.a{fill:red}}', '<rect/>'),
        ('.a:hover{fill:red}', '<rect/>'),
        ('[id]{fill:red}', '<rect/>'),
        ('.a{color:var(--c)}', '<rect/>'),
        ('.a{fill:var(--c, red)}', '<rect fill="red"/>'),
        ('.a{width:4px;r:3px}', '<rect width="4px"/>'),
        ('.a{transform:rotate(1turn) translateY(2px)}', None),
        ('.a{fill:#abc;fill:color(display-p3 1 0 0)}', '<rect fill="#abc"/>'),
    ],
)
def test_a_rule_reaches_what_it_selects(svg, sheet, rect):
    result = sanitize_svg(
        svg(
            f'<style><![CDATA[{sheet}]]></style>'
            '<g><rect id="r" class="a b"/></g>'
        )
    )
    rect = rect or '<rect transform="rotate(360) translate(0 2)"/>'

    expected = f'<g>{rect}</g>'
    if sheet.startswith('*'):
        expected = expected.replace('<g>', '<g stroke="red">')
    assert body(result) == expected


@pytest.mark.parametrize(
    ('value', 'written'),
    [
        ('rotate(90deg)', 'rotate(90)'),
        ('rotate(100grad) rotate(0)', 'rotate(90) rotate(0)'),
        ('translate( 1px , -2px )', 'translate(1 -2)'),
        ('translateX(0)', 'translate(0)'),
        ('scaleX(2)scaleY(3)', 'scale(2 1) scale(1 3)'),
        ('skewX(.5turn)', 'skewX(180)'),
        ('matrix(1,0,0,1,3,4)', 'matrix(1 0 0 1 3 4)'),
        ('NONE', 'none'),
        ('rotate(90)', None),
        ('rotate(90deg,1,1)', None),
        ('rotate(1deg\xa0)', None),
        ('translate(1)', None),
        ('translate(1px 2px)', None),
        ('translate(1px,)', None),
        ('translate(1em)', None),
        ('scale(2px)', None),
        ('scale()', None),
        ('scale(1,2,3)', None),
        ('matrix(1 0 0 1 3 4)', None),
        ('none none', None),
        ('skew(1deg)', None),
    ],
)
def test_a_transform_follows_the_syntax_of_css(svg, value, written):
    data = sanitize_svg(svg(f'<g style="transform:{value}"/>')).data

    expected = f'<g transform="{written}"/>' if written else '<g/>'
    assert expected.encode() in data


@pytest.mark.parametrize(
    ('element', 'attribute'),
    [
        ('linearGradient', 'gradientTransform'),
        ('radialGradient', 'gradientTransform'),
        ('pattern', 'patternTransform'),
        ('clipPath', 'transform'),
    ],
)
def test_a_transform_of_paint_has_its_own_attribute(svg, element, attribute):
    data = sanitize_svg(svg(f'<{element} style="transform:scale(2)"/>')).data

    assert f'<{element} {attribute}="scale(2)"/>'.encode() in data


@pytest.mark.parametrize(
    ('element', 'style', 'written'),
    [
        ('use', 'x:1px;y:2px;width:3px', 'x="1px" y="2px"'),
        ('image', 'x:1px;width:3px', 'x="1px" width="3px"'),
        ('ellipse', 'cx:1px;rx:2px;r:3px', 'cx="1px" rx="2px"'),
        ('text', 'x:1px', ''),
        ('pattern', 'width:1px', ''),
        ('feFlood', 'x:1px', ''),
        ('radialGradient', 'cx:1px', ''),
    ],
)
def test_geometry_is_a_property_where_browsers_read_it(
    svg, element, style, written
):
    data = sanitize_svg(svg(f'<{element} style="{style}"/>')).data

    assert f'<{element} {written}'.rstrip().encode() + b'/>' in data


def test_comments_in_styles_are_nothing_that_is_removed(svg):
    result = sanitize_svg(
        svg(
            '<style>/**/g{/**/fill:red;/**/}/**/</style>'
            '<g style="/**/color:red;/**/"/>'
        )
    )

    assert body(result) == '<g fill="red" color="red"/>'
    assert result.removals == ()


def test_only_ascii_space_parts_classes(svg):
    result = sanitize_svg(
        svg(
            '<style>.a{fill:red}</style><rect class="a\xa0b"/>'
            '<circle class="b&#9;a"/>'
        )
    )

    assert body(result) == '<rect/><circle fill="red"/>'


def test_style_attributes_win_over_rules_and_rules_over_attributes(svg):
    result = sanitize_svg(
        svg(
            '<style>rect{fill:red;stroke:red;color:red!important}</style>'
            '<rect fill="lime" stroke="lime" style="fill:blue;color:blue"/>'
        )
    )

    assert body(result) == '<rect fill="blue" stroke="red" color="red"/>'


def test_sheets_count_in_the_order_of_the_document(svg):
    result = sanitize_svg(
        svg(
            '<rect/><style>rect{fill:red}</style>'
            '<defs><style type="text/css">rect{fill:blue}</style></defs>'
            '<style media="print">rect{fill:lime}</style>'
            '<style type="text/less">rect{fill:lime}</style>'
        )
    )

    assert body(result) == '<rect fill="blue"/><defs/>'


def test_properties_without_an_attribute_stay_in_a_rebuilt_style(svg):
    result = sanitize_svg(
        svg(
            '<g style="mix-blend-mode:multiply;x:y;isolation:isolate;'
            'mask-type:alpha"><rect style="mix-blend-mode:url(x)"/></g>'
        )
    )

    assert body(result) == (
        '<g style="isolation:isolate;mask-type:alpha;'
        'mix-blend-mode:multiply"><rect/></g>'
    )


def test_the_marker_shorthand_becomes_three_attributes(svg):
    result = sanitize_svg(
        svg('<path style="marker:url(#m)"/><marker id="m"/>'), id_prefix='p'
    )

    assert body(result) == (
        '<path marker-start="url(#p0)" marker-mid="url(#p0)" '
        'marker-end="url(#p0)"/><marker id="p0"/>'
    )


def test_rules_follow_the_ids_and_classes_of_the_input(svg):
    result = sanitize_svg(
        svg(
            '<style>.a{fill:url(#g)}</style><linearGradient id="g"/>'
            '<rect class="a"/>'
        ),
        id_prefix='p',
    )

    assert body(result) == ('<linearGradient id="p0"/><rect fill="url(#p0)"/>')


def test_what_browsers_ignore_is_inert_and_the_unknown_is_visual(svg):
    result = sanitize_svg(
        svg(
            '<rect style="-inkscape-font:x;line-height:1;foo:1;fill:#1;'
            'fill:light-dark(red,blue);rotate:9deg"/>'
        )
    )

    assert {(r.what, r.grade) for r in result.removals} == {
        ('-inkscape-font: x', 'inert'),
        ('line-height: 1', 'inert'),
        ('foo: 1', 'inert'),
        ('fill: #1', 'inert'),
        ('fill: light-dark(red,blue)', 'visual'),
        ('rotate: 9deg', 'visual'),
    }


def test_a_list_of_selectors_may_be_spaced_out(svg):
    result = sanitize_svg(svg('<style>a , svg\n,/**/ b {fill:red}</style>'))

    assert b' fill="red"' in result.data
    assert result.removals == ()


def test_a_long_name_is_told_in_short(svg):
    result = sanitize_svg(svg(f'<g style="@{"a" * 90};"/>'))

    assert [r.what for r in result.removals] == ['@' + 'a' * 40]


def test_only_a_class_that_no_rule_names_is_ballast(svg):
    result = sanitize_svg(
        svg(
            '<style>.a{fill:red}g .b{stroke:#00f}</style>'
            '<rect class="a x"/><rect class="b"/><rect class="x"/>'
            '<rect class=""/>'
        )
    )

    assert b'<rect fill="red"/><rect/>' in result.data
    assert [(r.what, r.why, r.grade) for r in result.removals] == [
        ('class', 'no style rule names it', 'inert'),
    ] * 2
