"""The grade of a removal: what a browser would have shown, and what not.

`tests/browser/test_grades.py` holds a sample of these against pixels.
"""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.icons import sanitize_svg


def told(data) -> list[tuple[str, str]]:
    removals = sanitize_svg(data).removals
    return [(each.what, each.grade) for each in removals]


@pytest.mark.parametrize(
    ('element', 'attribute', 'grade'),
    [
        # A fault here counts as 0, or keeps a template's value away.
        ('rect', 'rx', 'visual'),
        ('ellipse', 'ry', 'visual'),
        ('image', 'height', 'visual'),
        ('use', 'width', 'visual'),
        ('linearGradient', 'x1', 'visual'),
        ('radialGradient', 'spreadMethod', 'visual'),
        ('pattern', 'patternUnits', 'visual'),
        ('feFlood', 'x', 'visual'),
        ('feConvolveMatrix', 'divisor', 'visual'),
        ('path', 'pathLength', 'visual'),
        # Here it is as if nothing stood there.
        ('rect', 'width', 'inert'),
        ('circle', 'cx', 'inert'),
        ('use', 'x', 'inert'),
        ('feFlood', 'width', 'inert'),
        ('fePointLight', 'x', 'inert'),
        ('feBlend', 'mode', 'inert'),
        ('pattern', 'fill', 'inert'),
        ('stop', 'offset', 'inert'),
    ],
)
@pytest.mark.parametrize('value', ['', 'foo'])
def test_a_fault_is_visual_where_the_attribute_still_counts(
    svg, element, attribute, grade, value
):
    document = svg(f'<{element} {attribute}="{value}"/>')

    assert told(document) == [(attribute, grade)]


@pytest.mark.parametrize(
    ('style', 'grade'),
    [
        ('rx:auto', 'visual'),
        ('width:calc(3px)', 'visual'),
        ('width:max-content', 'visual'),
        ('cx:3px', 'inert'),
        ('display:contents', 'visual'),
        ('display:-ms-flexbox', 'inert'),
        ('font-weight:351', 'visual'),
        ('clip-rule:revert', 'visual'),
        ('fill:redd', 'inert'),
        ('fill:url(x)', 'active'),
        ('width:url(x)', 'active'),
        ('cx:url(x)', 'active'),
        ('--a:1', 'visual'),
        ('animation:a 1s', 'visual'),
        ('animation:NONE', 'inert'),
        ('text-shadow:1px 1px', 'inert'),
        ('background:red', 'inert'),
        ('behavior:x', 'active'),
    ],
)
def test_a_declaration_is_graded_by_what_it_would_do(svg, style, grade):
    ((_, found),) = told(svg(f'<rect style="{style}"/>'))

    assert found == grade


@pytest.mark.parametrize(
    ('element', 'style', 'grade'),
    [
        ('tspan', 'float:left', 'visual'),
        ('tspan', 'position:static', 'inert'),
        ('text', 'contain:paint', 'visual'),
        ('svg', 'position:absolute', 'inert'),
        ('g', 'text-shadow:1px 1px', 'visual'),
        ('g', 'text-decoration-style:dotted', 'visual'),
        ('path', 'text-decoration-style:dotted', 'inert'),
        ('g', 'overflow-x:auto', 'visual'),
        ('g', 'overflow-x:hidden', 'inert'),
        ('g', 'will-change:transform', 'inert'),
        ('svg', '-webkit-padding-start:9px', 'visual'),
        ('svg', 'padding:0 0px', 'inert'),
        ('g', 'padding:9px', 'inert'),
        ('rect', '-webkit-logical-width:50%', 'visual'),
    ],
)
def test_some_properties_show_on_some_elements(svg, element, style, grade):
    assert told(svg(f'<{element} style="{style}"/>')) == [
        (style.replace(':', ': '), grade)
    ]


@pytest.mark.parametrize(
    ('attribute', 'grade'),
    [
        ('href="#b" xlink:href="#b"', 'inert'),
        ('href="#b" xlink:href=" #b "', 'inert'),
        ('href="#b" xlink:href="#c"', 'inert'),
        ('href="#b" xlink:href=""', 'inert'),
        ('href="#b" xlink:href="https://x.test/#b"', 'active'),
    ],
)
def test_the_older_of_two_references_is_told(svg, attribute, grade):
    result = sanitize_svg(svg(f'<use {attribute}/>'), id_prefix='p')

    assert b'<use href="#p0"/>' in result.data
    (removal,) = result.removals
    assert (removal.what, removal.grade) == ('href', grade)
    place = result.removals[0].column - 1
    assert svg(f'<use {attribute}/>')[place:].startswith(b'xlink:href')


@pytest.mark.parametrize(
    'element',
    ['circle', 'ellipse', 'image', 'line', 'path', 'polygon', 'polyline',
     'rect', 'stop', 'linearGradient', 'radialGradient'],
)  # fmt: skip
def test_what_has_no_text_shows_no_property_of_text(svg, element):
    document = svg(f'<{element} style="text-transform:uppercase"/>')

    assert told(document) == [('text-transform: uppercase', 'inert')]


@pytest.mark.parametrize(
    ('attribute', 'grade'),
    [
        ('mask-image="url(x)"', 'active'),
        ('font="url(x)"', 'active'),
        ('cursor="url(x)"', 'active'),
        ('cursor="wait"', 'inert'),
        ('data-x="url(x)"', 'inert'),
        ('src="x"', 'active'),
        ('ONload="x"', 'active'),
        ('xml:base="x"', 'active'),
    ],
)
def test_an_unknown_attribute_is_active_where_it_could_be_read(
    svg, attribute, grade
):
    ((_, found),) = told(svg(f'<path {attribute}/>'))

    assert found == grade


def test_an_empty_reference_of_what_refers_to_nothing_is_inert(svg):
    assert told(svg('<path href=""/>')) == [('href', 'inert')]


@pytest.mark.parametrize(
    ('condition', 'kept'),
    [
        ('requiredExtensions=""', False),
        ('requiredExtensions="urn:x"', False),
        ('systemLanguage=""', False),
        ('systemLanguage="de"', False),
        ('systemLanguage="de, en-GB"', True),
    ],
)
def test_conditions_hide_what_browsers_hide(svg, condition, kept):
    data = sanitize_svg(svg(f'<g><path {condition}/></g>')).data

    assert (b'<g><path/></g>' in data) is kept


@pytest.mark.parametrize(
    'element', ['marker', 'defs', 'clipPath', 'linearGradient', 'feFlood']
)
def test_what_is_only_referred_to_has_no_conditions(svg, element):
    result = sanitize_svg(svg(f'<{element} systemLanguage="de"/>'))

    assert f'<{element}/>'.encode() in result.data
    assert [r.what for r in result.removals] == ['systemLanguage']
