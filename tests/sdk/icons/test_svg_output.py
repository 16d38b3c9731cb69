"""What comes out: one document, written by us, the same every time."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from imbi_plugin_sdk.icons import sanitize_svg

GRADIENT = (
    '<linearGradient id="a"><stop offset="0" stop-color="red"/>'
    '</linearGradient><rect fill="url(#a)" width="4" height="4"/>'
)


def body(result) -> str:
    text = result.data.decode()
    return text[text.index('>') + 1 : text.rindex('</svg>')]


def test_a_plain_icon_keeps_its_picture(svg):
    result = sanitize_svg(svg('<path d="M0 0h8v8z" fill="#0ab"/>'))

    assert result.data == (
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
        b'<path d="M0 0h8v8z" fill="#0ab"/></svg>'
    )
    assert result.media_type == 'image/svg+xml'
    assert result.sha256 == hashlib.sha256(result.data).hexdigest()
    assert result.removals == ()
    assert (result.width, result.height) == (8, 8)
    assert result.view_box == (0, 0, 8, 8)


def test_a_second_pass_changes_nothing(svg):
    once = sanitize_svg(svg(GRADIENT, 'width="2em" onload="x()"'))
    twice = sanitize_svg(once.data)

    assert twice.data == once.data
    assert twice.removals == ()


def test_ids_get_a_prefix_from_the_content(svg):
    first = sanitize_svg(svg(GRADIENT)).data
    other = sanitize_svg(svg(GRADIENT.replace('red', 'blue'))).data

    ids = [
        re.findall(rb' id="(i[0-9a-f]{16}-0)"', data)
        for data in (first, other)
    ]
    assert len(ids[0]) == len(ids[1]) == 1
    assert ids[0] != ids[1]
    assert b'url(#' + ids[0][0] + b')' in first


def test_ids_get_the_prefix_that_is_asked_for(svg):
    data = sanitize_svg(svg(GRADIENT), id_prefix='mine_').data

    assert b'id="mine_0"' in data
    assert b'fill="url(#mine_0)"' in data


def test_two_prefixes_have_no_id_in_common(svg):
    shades = ''.join(
        f'<linearGradient id="g{n}"/><path d="M0 0" fill="url(#g{n})"/>'
        for n in range(12)
    )
    found = [
        re.findall(
            rb' id="([^"]+)"', sanitize_svg(svg(shades), id_prefix=p).data
        )
        for p in ('a', 'a1', 'a-', 'a1-', 'a-1')
    ]

    assert len({one for ids in found for one in ids}) == 5 * 12


@pytest.mark.parametrize('prefix', ['', '1a', 'a b', 'a"', 'é', 'a' * 41])
def test_a_prefix_that_is_no_name_is_the_callers_fault(svg, prefix):
    with pytest.raises(ValueError, match='id_prefix'):
        sanitize_svg(svg(), id_prefix=prefix)


def test_only_ids_that_something_refers_to_stay(svg):
    result = sanitize_svg(svg('<g id="login"><path id="p" d="M0 0"/></g>'))

    assert b'id=' not in result.data
    assert [r.what for r in result.removals] == ['id', 'id']


def test_the_first_of_two_equal_ids_is_the_one_that_counts(svg):
    data = sanitize_svg(
        svg('<g id="a"/><path id="a" d="M0 0"/><use href="#a"/>'),
        id_prefix='p',
    ).data

    assert data.count(b' id="p0"') == 1
    assert b'<g id="p0"/>' in data


def test_a_reference_to_nothing_cannot_reach_the_page(svg):
    data = sanitize_svg(svg('<use href="#login"/>'), id_prefix='p').data

    assert b'login' not in data
    assert b'href="#p0"' in data


def test_an_escaped_reference_finds_its_id(svg):
    data = sanitize_svg(
        svg('<g id="a b"/><use href="#a%20b"/>'), id_prefix='p'
    ).data

    assert b'<g id="p0"/><use href="#p0"/>' in data


@pytest.mark.parametrize(
    ('attributes', 'view_box', 'size'),
    [
        ('width="24" height="12"', '0 0 24 12', (24, 12)),
        ('width="1in" height="72pt"', '0 0 96 96', (96, 96)),
        ('width="10mm" height="1cm"', '0 0 37.79527559 37.79527559', None),
        ('', '0 0 300 150', (300, 150)),
        ('width="100%" height="100%"', '0 0 300 150', (300, 150)),
        ('width="8" viewBox="0 0 2 4"', '0 0 2 4', (8, 16)),
        ('height="8" viewBox="0 0 2 4"', '0 0 2 4', (4, 8)),
        ('viewBox="-1,-2 , 3 4"', '-1,-2 , 3 4', (3, 4)),
        ('viewBox="0 0 0 9" width="5" height="6"', '0 0 5 6', (5, 6)),
        ('width="9999" height="9999" viewBox="0 0 9 9"', '0 0 9 9', (9, 9)),
    ],
)
def test_every_picture_has_a_view_box(svg, attributes, view_box, size):
    result = sanitize_svg(svg('', attributes))

    assert f'viewBox="{view_box}"' in result.data.decode()
    if size:
        assert (result.width, result.height) == size
    assert sanitize_svg(result.data).data == result.data


def test_a_missing_namespace_is_mended_and_said():
    result = sanitize_svg(b'<svg viewBox="0 0 1 1"><path d="M0 0"/></svg>')

    assert b'xmlns="http://www.w3.org/2000/svg"' in result.data
    assert b'<path d="M0 0"/>' in result.data
    assert [r.what for r in result.removals] == ['no namespace']


def test_a_prefixed_document_is_written_without_prefix():
    data = (
        b'<s:svg xmlns:s="http://www.w3.org/2000/svg" viewBox="0 0 1 1">'
        b'<s:path d="M0 0"/></s:svg>'
    )
    assert b'<path d="M0 0"/></svg>' in sanitize_svg(data).data


@pytest.mark.parametrize(
    'attribute',
    ['overflow="visible"', 'x="3"', 'y="3"', 'pointer-events="all"'],
)
def test_the_root_cannot_leave_its_place_in_the_page(svg, attribute):
    data = sanitize_svg(svg('', f'viewBox="0 0 1 1" {attribute}')).data

    name = attribute.partition('=')[0]
    assert f' {name}='.encode() not in data


def test_what_the_root_would_paint_outside_its_box_moves_inside(svg):
    result = sanitize_svg(
        svg('<path d="M0 0"/>', 'viewBox="0 0 1 1" transform="scale(9)"')
    )

    assert body(result) == '<g transform="scale(9)"><path d="M0 0"/></g>'


def test_the_root_does_not_blend_with_the_page(svg):
    result = sanitize_svg(svg('', 'style="mix-blend-mode:difference"'))

    assert b'difference' not in result.data


def test_a_link_becomes_a_group(svg):
    result = sanitize_svg(
        svg(
            '<a href="https://x.test"><path d="M0 0"/></a>'
            '<text><a href="#b"><a>in</a></a></text>'
        )
    )

    assert body(result) == (
        '<g><path d="M0 0"/></g><text><tspan><tspan>in</tspan></tspan></text>'
    )
    assert [r.grade for r in result.removals] == ['active', 'active']


def test_a_switch_becomes_what_it_shows(svg):
    result = sanitize_svg(
        svg(
            '<switch><foreignObject/><g requiredExtensions="http://ai"/>'
            '<g systemLanguage="de"/><rect systemLanguage="en-GB, fr"/>'
            '<circle/></switch>'
        )
    )

    assert body(result) == '<g><rect/></g>'


def test_text_is_kept_where_it_shows_and_escaped(svg):
    result = sanitize_svg(
        svg('loose<text>&lt;b&gt; &amp; <![CDATA[</text>]]></text><g>x</g>')
    )

    assert body(result) == '<text>&lt;b&gt; &amp; &lt;/text&gt;</text><g/>'
    assert [r.what for r in result.removals] == ['text', 'text']


def test_space_is_only_preserved_where_there_is_text(svg):
    root = 'viewBox="0 0 1 1" xml:space="preserve"'

    assert b'xml:space' in sanitize_svg(svg('<text> a </text>', root)).data
    assert b'xml:space' not in sanitize_svg(svg('<path/>', root)).data


def test_a_faulty_path_is_cut_where_renderers_stop(svg):
    result = sanitize_svg(svg('<path d="M0 0L4 4 5zX"/><path d="L1 1"/>'))

    assert body(result) == '<path d="M0 0L4 4"/><path/>'


def test_illustrators_namespace_entities_are_tolerated():
    data = (
        b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd" ['
        b'<!ENTITY ns_svg "http://www.w3.org/2000/svg">]>'
        b'<svg xmlns="&ns_svg;" viewBox="0 0 1 1"><path d="M0 0"/></svg>'
    )
    result = sanitize_svg(data)

    assert b'<path d="M0 0"/>' in result.data
    assert b'<!' not in result.data
    assert [r.grade for r in result.removals] == ['inert']


def test_an_embedded_raster_is_rebuilt(svg, png, chunk):
    dirty = png(after=chunk(b'tEXt', b'Author\0someone'))
    uri = 'data:image/jpg;base64,' + base64.b64encode(dirty).decode()
    result = sanitize_svg(svg(f'<image xlink:href="{uri}" width="4"/>'))

    clean = base64.b64encode(png()).decode()
    assert body(result) == (
        f'<image href="data:image/png;base64,{clean}" width="4"/>'
    )
    assert [r.what for r in result.removals] == ['href']
    assert sanitize_svg(result.data).data == result.data
