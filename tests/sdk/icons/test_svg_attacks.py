"""What must not come out, and that the author is told why."""

from __future__ import annotations

import base64

import pytest

from imbi_plugin_sdk.icons import sanitize_svg

FETCH = 'https://evil.test/x'
HTML = 'http://www.w3.org/1999/xhtml'

ACTIVE = {
    'script': '<script>alert(1)</script>',
    'script in a group': '<g><script href="data:,alert(1)"/></g>',
    'script in another case': '<ScRiPt>alert(1)</ScRiPt>',
    'event handler': '<rect onclick="alert(1)"/>',
    'event handler of a foreign namespace': (
        '<rect xmlns:e="urn:e" e:onclick="alert(1)"/>'
    ),
    'foreign object': '<foreignObject><div/></foreignObject>',
    'html element': f'<body xmlns="{HTML}" onload="alert(1)"/>',
    'prefixed html': f'<h:img xmlns:h="{HTML}" src="x" onerror="alert(1)"/>',
    'animated handler': '<set attributeName="onmouseover" to="alert(1)"/>',
    'animated link': (
        f'<a><animate attributeName="href" values="{FETCH}"/></a>'
    ),
    'script link': '<a href="javascript:alert(1)"><rect/></a>',
    'script link with a tab': '<a xlink:href="java&#9;script:alert(1)"/>',
    'remote use': f'<use href="{FETCH}#a"/>',
    'data use': '<use href="data:image/svg+xml,&lt;svg/>#a"/>',
    'remote image': f'<image href="{FETCH}"/>',
    'svg image': (
        '<image href="data:image/svg+xml;base64,'
        f'{base64.b64encode(b"<svg onload=alert(1)>").decode()}"/>'
    ),
    'svg that says png': (
        '<image href="data:image/png;base64,'
        f'{base64.b64encode(b"<svg onload=alert(1)>").decode()}"/>'
    ),
    'remote filter image': f'<filter><feImage href="{FETCH}"/></filter>',
    'remote paint': f'<rect fill="url({FETCH}#a)"/>',
    'remote paint in quotes': f'<rect fill="url(\'{FETCH}#a\')"/>',
    'remote paint spelt with an escape': f'<rect fill="u\\72l({FETCH})"/>',
    'remote mask': f'<rect mask="url(//{FETCH}#m)"/>',
    'remote cursor': f'<rect cursor="url({FETCH}), auto"/>',
    'base': f'<g xml:base="{FETCH}"><use href="#a"/></g>',
    'style attribute that fetches': (
        f'<rect style="background-image:url({FETCH})"/>'
    ),
    'style attribute that fetches by set': (
        f'<rect style="fill:image-set(&quot;{FETCH}&quot; 1x)"/>'
    ),
    'imported sheet': f'<style>@import "{FETCH}";</style>',
    'imported sheet in CDATA': (
        f'<style><![CDATA[@\\69mport "{FETCH}";]]></style>'
    ),
    'font': (
        '<style>@font-face{font-family:x;src:url('
        f'{FETCH})}}text{{font-family:x}}</style>'
    ),
    'rule that fetches': f'<style>rect{{fill:url({FETCH})}}</style><rect/>',
    'rule of a binding': (
        f'<style>*{{-moz-binding:url({FETCH})}}</style><rect/>'
    ),
    'linked sheet': f'<link xmlns="{HTML}" rel="stylesheet" href="{FETCH}"/>',
    'embedded page': f'<iframe xmlns="{HTML}" src="{FETCH}"/>',
    'handler element': (
        '<handler xmlns="http://www.w3.org/2001/xml-events">x</handler>'
    ),
}
FORBIDDEN = (
    'evil',
    'alert',
    'script',
    'style',
    'import',
    'font-face',
    'onload',
    'onclick',
    'xml:base',
    '\\',
    '<!',
    '<?',
)


@pytest.mark.parametrize('name', [*ACTIVE])
def test_nothing_active_survives_and_it_is_told(svg, name):
    result = sanitize_svg(svg(f'{ACTIVE[name]}<path d="M0 0h8"/>'))
    text = result.data.decode()

    assert '<path d="M0 0h8"/>' in text
    assert [word for word in FORBIDDEN if word in text] == []
    assert [r.grade for r in result.removals].count('active') >= 1
    assert sanitize_svg(result.data).data == result.data


def test_a_sheet_named_by_an_instruction_is_dropped(svg):
    result = sanitize_svg(
        svg(head=f'<?xml-stylesheet href="{FETCH}" type="text/css"?>')
    )

    assert FETCH.encode() not in result.data
    assert [(r.what, r.grade) for r in result.removals] == [
        ('<?xml-stylesheet?>', 'active')
    ]


@pytest.mark.parametrize(
    'body',
    [
        '<s:use xmlns:s="http://www.w3.org/2000/svg" s:href="#a"/>',
        '<use xlink:hReF="#a"/>',
        '<use HREF="#a"/>',
        '<use xmlns:x="urn:x" x:href="#a"/>',
    ],
)
def test_a_reference_is_known_by_namespace_and_exact_name(svg, body):
    assert b'href' not in sanitize_svg(svg(body)).data.lower().replace(
        b'xmlns', b''
    )


def test_the_plain_reference_goes_before_the_prefixed_one(svg):
    result = sanitize_svg(
        svg('<use href="https://x.test" xlink:href="#a"/><g id="a"/>')
    )

    # Browsers follow the plain one only, so the other must not come alive.
    assert b'<use/>' in result.data


def test_quotes_and_markup_in_values_are_escaped(svg):
    result = sanitize_svg(
        svg('<text font-family="\'a b\'">&quot;>&lt;svg onload=`x`></text>')
    )

    assert b'<text font-family="&#39;a b&#39;">' in result.data
    assert b'&quot;&gt;&lt;svg onload=&#96;x&#96;&gt;' in result.data


def test_controls_leave_the_text(svg):
    result = sanitize_svg(svg('<text>a&#x85;b&#x7f;c&#13;d</text>'))

    assert b'<text>abc d</text>' in result.data
    (removal,) = result.removals
    assert removal.what == 'control characters'
    assert (removal.grade, removal.line) == ('visual', 1)


def test_of_a_text_of_controls_nothing_is_left(svg):
    once = sanitize_svg(svg('<text>&#x7f;<tspan>\x85</tspan></text>'))

    assert b'<text><tspan/></text>' in once.data
    assert len(once.removals) == 2
    again = sanitize_svg(once.data)
    assert again.data == once.data
    assert not again.removals
