"""What is refused, with which code, and in how much time."""

from __future__ import annotations

import base64
import contextlib
import sys
import time

import pytest

from imbi_plugin_sdk.errors import IconError
from imbi_plugin_sdk.icons import ICON_PROBLEMS, MAX_ICON_BYTES, sanitize_svg

ROOT = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
SECONDS = 1.0
"""CPU time that no input of 64 KiB may exceed, twice what is promised.

The benchmark measures the promise. This only sees what grows too fast, also
on a machine that others keep busy.
"""


def doc(body: str = '', subset: str = '') -> bytes:
    doctype = f'<!DOCTYPE svg [{subset}]>' if subset else ''
    return f'{doctype}{ROOT}{body}</svg>'.encode()


def gradients(count: int) -> str:
    return (
        ''.join(
            f'<linearGradient id="a{i}" href="#a{i + 1}"/>'
            for i in range(count)
        )
        + f'<linearGradient id="a{count}"/>'
    )


def clones(levels: int, times: int) -> str:
    return (
        ''.join(
            f'<g id="a{i}">' + f'<use href="#a{i + 1}"/>' * times + '</g>'
            for i in range(levels)
        )
        + f'<path id="a{levels}" d="M0 0"/>'
    )


BILLION = '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
LONG = f'<!ENTITY a "{"x" * 256}">'
REFUSED = {
    'empty': (b' \n', 'icon_empty'),
    'too large': (doc('<g/>' * 16_400), 'icon_too_large'),
    'gzip': (b'\x1f\x8b\x08\0', 'icon_encoding'),
    'utf-16': (doc().decode().encode('utf-16'), 'icon_encoding'),
    'utf-16-le': (doc().decode().encode('utf-16-le'), 'icon_encoding'),
    'nul': (doc('\0'), 'icon_encoding'),
    'latin 1 bytes': (doc('é').decode().encode('latin-1'), 'icon_encoding'),
    'latin 1 by name': (
        b'<?xml version="1.0" encoding="ISO-8859-1"?>' + doc(),
        'icon_encoding',
    ),
    'utf-7 by name': (
        b'<?xml version="1.0" encoding="UTF-7"?>' + doc(),
        'icon_encoding',
    ),
    'text': (b'hello', 'icon_not_xml'),
    'cut off': (doc()[:-3], 'icon_not_xml'),
    'two roots': (doc() + doc(), 'icon_not_xml'),
    'unbound prefix': (doc('<use xlink:href="#a"/>'), 'icon_not_xml'),
    'doubled attribute': (doc('<g id="a" id="b"/>'), 'icon_not_xml'),
    'undeclared entity': (doc('<text>&nbsp;</text>'), 'icon_not_xml'),
    'undeclared entity behind a DTD': (
        b'<!DOCTYPE svg PUBLIC "a" "b">' + doc('<text>&nbsp;</text>'),
        'icon_not_xml',
    ),
    'html': (b'<html><svg/></html>', 'icon_not_svg'),
    'another namespace': (b'<svg xmlns="urn:x"/>', 'icon_not_svg'),
    'external entity': (
        doc(subset='<!ENTITY a SYSTEM "file:///etc/passwd">'),
        'icon_doctype',
    ),
    'parameter entity': (doc(subset='<!ENTITY % a "x">'), 'icon_doctype'),
    'attribute list': (
        doc(subset='<!ATTLIST svg onload CDATA "alert(1)">'),
        'icon_doctype',
    ),
    'notation': (doc(subset='<!NOTATION a SYSTEM "x">'), 'icon_doctype'),
    'nested entities': (doc(subset=BILLION), 'icon_bomb'),
    'entity with markup': (
        doc(subset='<!ENTITY a "&#60;script/>">'),
        'icon_bomb',
    ),
    'long entity': (
        doc(subset=f'<!ENTITY a "{"x" * 257}">'),
        'icon_bomb',
    ),
    'many entities': (
        doc(subset=''.join(f'<!ENTITY a{i} "x">' for i in range(33))),
        'icon_bomb',
    ),
    'expanded text': (
        doc(f'<text>{"&a;" * 513}</text>', LONG),
        'icon_bomb',
    ),
    'expanded attribute': (
        doc(f'<g a="{"&a;" * 513}"/>', LONG),
        'icon_bomb',
    ),
    'a long namespace': (
        doc(f'<g xmlns="{"u" * 257}"/>'),
        'icon_bomb',
    ),
    'expanded namespaces': (
        doc('<g xmlns="&a;"/>' * 513, LONG),
        'icon_bomb',
    ),
    'elements': (doc('<g/>' * 4_000), 'icon_too_complex'),
    'depth': (doc('<g>' * 48 + '</g>' * 48), 'icon_too_complex'),
    'depth in what is skipped': (
        doc('<x>' * 48 + '</x>' * 48),
        'icon_too_complex',
    ),
    'attributes': (
        doc('<g ' + ' '.join(f'a{i}=""' for i in range(65)) + '/>'),
        'icon_too_complex',
    ),
    'clones of clones': (doc(clones(40, 3)), 'icon_too_complex'),
    'a chain of gradients': (doc(gradients(201)), 'icon_too_complex'),
    'a clone in itself': (
        doc('<g id="a"><use href="#a"/></g>'),
        'icon_cycle',
    ),
    'two clones in each other': (
        doc('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'),
        'icon_cycle',
    ),
    'gradients in a ring': (
        doc('<linearGradient id="a" href="#b"/>'
            '<linearGradient id="b" href="#a"/>'),
        'icon_cycle',
    ),
    'a mask in itself': (
        doc('<mask id="m"><rect mask="url(#m)"/></mask>'),
        'icon_cycle',
    ),
    'a pattern painted with itself by inheritance': (
        doc('<g fill="url(#p)"><pattern id="p"><rect/></pattern></g>'),
        'icon_cycle',
    ),
    'a marker on itself': (
        doc('<marker id="m"><path d="M0 0" marker-start="url(#m)"/>'
            '</marker>'),
        'icon_cycle',
    ),
    'patterns in patterns': (
        doc(''.join(
            f'<pattern id="p{i}">'
            + f'<rect fill="url(#p{i + 1})"/>' * 4
            + '</pattern>'
            for i in range(9)
        ) + '<rect fill="url(#p0)"/>'),
        'icon_too_complex',
    ),
    'a pattern on many shapes by inheritance through a clone': (
        doc('<pattern id="p">' + '<rect/>' * 100 + '</pattern>'
            '<g id="s">' + '<rect/>' * 100 + '</g>'
            '<use fill="url(#p)" href="#s"/>'),
        'icon_too_complex',
    ),
    'markers on a long path': (
        doc('<marker id="m">' + '<rect/>' * 20 + '</marker>'
            f'<path marker-mid="url(#m)" d="M0 0{"h1" * 3_000}"/>'),
        'icon_too_complex',
    ),
    'tiny dashes': (
        doc('<path stroke-dasharray=".0001" d="M0 0H999999"/>'),
        'icon_too_complex',
    ),
    'tiny dashes by path length': (
        doc('<path stroke-dasharray="1" pathLength="9e9" d="M0 0H9"/>'),
        'icon_too_complex',
    ),
    'tiny dashes on a clone': (
        doc('<g id="a">' + '<rect width="9"/>' * 40 + '</g>'
            '<use stroke-dasharray=".001" href="#a"/>'),
        'icon_too_complex',
    ),
    'branching filter': (
        doc('<filter id="f"><feFlood result="a"/>'
            + '<feBlend in="a" in2="a" result="a"/>' * 9 + '</filter>'),
        'icon_too_complex',
    ),
    'branching merge': (
        doc('<filter id="f"><feFlood/>'
            + '<feMerge><feMergeNode/><feMergeNode/></feMerge>' * 9
            + '</filter>'),
        'icon_too_complex',
    ),
    'a costly filter on many shapes': (
        doc('<filter id="f"><feTurbulence numOctaves="8"/></filter>'
            + '<rect filter="url(#f)"/>' * 130),
        'icon_too_complex',
    ),
    'filter functions on many shapes': (
        doc('<rect filter="blur(200px)"/>' * 1_500),
        'icon_too_complex',
    ),
    'rules times elements': (
        doc('<style>' + 'g g{fill:red}' * 500 + '</style>' + '<g/>' * 3_800),
        'icon_too_complex',
    ),
    'too much style': (
        doc(f'<style>{" " * 40_961}</style>'),
        'icon_too_complex',
    ),
    'rules': (
        doc('<style>' + 'a{}' * 2_002 + '</style>'),
        'icon_too_complex',
    ),
    'too large once rules are attributes': (
        doc('<style>rect{font-family:"' + 'a' * 60 + '"}</style>'
            + '<rect/>' * 1_000),
        'icon_too_large',
    ),
}  # fmt: skip


@pytest.mark.parametrize('name', [*REFUSED])
def test_a_hostile_document_is_refused_by_name(codes, name):
    data, code = REFUSED[name]

    assert codes(sanitize_svg, data) == [code]


def test_every_code_of_svg_has_a_case():
    raster = {'dimensions', 'animated', 'trailing', 'webp', 'png', 'jpeg'}
    loader = {'missing', 'outside', 'foreign', 'media'}
    covered = {code for _, code in REFUSED.values()}

    assert covered == {
        code
        for code in ICON_PROBLEMS
        if code.split('_')[1] not in raster | loader
    }


def test_a_refusal_points_at_the_place():
    with pytest.raises(IconError) as caught:
        sanitize_svg(doc('\n  <g id="a"><use\nhref="#a"/></g>'))

    assert caught.value.problems[0].path == '2:13'


@pytest.mark.parametrize(
    ('data', 'size'),
    [
        (doc('<path d="M0 0' + 'h1' * 32_690 + '"/>'), MAX_ICON_BYTES),
        (doc('<g>' * 47 + '</g>' * 47), None),
        (doc('<g/>' * 3_999), None),
        (doc(gradients(200)), None),
        # What nothing refers to is not drawn.
        (doc('<defs>' + clones(40, 3) + '</defs>'), None),
        (doc(f'<text>{"&a;" * 240}</text>', LONG), None),
        (doc(f'<g xmlns="{"u" * 256}"/>'), None),
        *(
            (f'<?xml version="1.0" encoding="{name}"?>'.encode() + doc(), None)
            for name in ('UTF-8', 'utf8', 'US-ASCII', 'ascii')
        ),
    ],
)
def test_what_is_just_within_the_limits_passes(data, size):
    if size:
        data = data.replace(b'</svg>', b' ' * (size - len(data)) + b'</svg>')
        assert len(data) == size
    assert sanitize_svg(data).data


def test_a_group_that_is_added_counts_too(codes):
    deep = doc('<g>' * 47 + '</g>' * 47)
    turned = deep.replace(b'viewBox', b'transform="scale(1)" viewBox')

    assert codes(sanitize_svg, turned) == ['icon_too_complex']


@pytest.mark.parametrize(
    'body', ['<g style="x:{}"/>', '<style>g{{x:{}}}</style><g/>']
)
def test_a_number_that_python_would_not_read_is_dropped(body):
    # The least that Python's own limit can be set to is 640 digits.
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        for digits in (600, 601, 5_000):
            result = sanitize_svg(doc(body.format('1' * digits)))
            (removal,) = result.removals
            assert ('600 digits' in removal.why) is (digits > 600)
    finally:
        sys.set_int_max_str_digits(limit)


STYLE = 41_000
"""As long as a document of nothing but style may be."""


def bulk(
    unit: str, before: str = '', after: str = '', size: int = MAX_ICON_BYTES
) -> bytes:
    room = size - len(doc(before + after))
    return doc(before + unit * (room // len(unit)) + after)


SLOW = {
    'path of digits': bulk('1', '<path d="M', '"/>'),
    'path of points': bulk('.', '<path d="M', '"/>'),
    'path of exponents': bulk('1e', '<path d="M', '"/>'),
    'path that fails at the end': bulk('1 ', '<path d="M', 'x"/>'),
    'points that fail at the end': bulk('1,', '<polygon points="', 'x"/>'),
    'numbers that fail at the end': bulk('1 ', '<text x="', 'x"/>'),
    'transforms that fail': bulk('rotate(1)', '<g transform="', 'x"/>'),
    'colour that fails': bulk('rgb(', '<g fill="', '"/>'),
    'families that fail': bulk('a ', '<g font-family="', '{"/>'),
    'filters that fail': bulk('blur(1)', '<g filter="', 'x"/>'),
    'dashes': bulk('<path d="M0 0"/>',
                   f'<g stroke-dasharray="{"1 " * 64}">', '</g>'),
    'style attributes': bulk('<g style="fill:x;y:z"/>'),
    'one style attribute': bulk('a:b;', '<g style="', '"/>', size=STYLE),
    'invalid declarations': bulk('fill:x;', '<g style="', '"/>', size=STYLE),
    'nested functions': bulk('a(', '<g style="fill:', '"/>', size=STYLE),
    'nested blocks': bulk('{[(', '<style>', '</style>', size=STYLE),
    'selectors': bulk('a,', '<style>', 'a{}</style><g/>', size=STYLE),
    'one selector': bulk('.a', '<style>', '{fill:red}</style>', size=STYLE),
    'at-rules': bulk('@a;', '<style>', '</style>', size=STYLE),
    'backslashes': bulk('\\', '<style>', '</style>', size=STYLE),
    'comments': bulk('/*', '<style>', '</style>', size=STYLE),
    'deep selectors': doc(
        '<style>' + 'g g>g g>g g>g g>x{fill:red}' * 800 + '</style>'
        + '<g>' * 40 + '<g/>' * 3_000 + '</g>' * 40),
    'removed attributes': bulk(
        '<g ' + ' '.join(f'a{i}=""' for i in range(60)) + '/>'),
    'removed elements': bulk('<x/>', '\n' * 30_000),
    'comments in markup': bulk('<!---->'),
    'instructions': bulk('<?a?>'),
    'clones': bulk('<use href="#a"/>', '<g id="a"/>'),
    'rings': doc(clones(1_200, 1)),
}  # fmt: skip


@pytest.mark.parametrize('name', [*SLOW])
def test_no_input_takes_long(name):
    data = SLOW[name]
    assert len(data) <= MAX_ICON_BYTES
    sanitize_svg(doc('<g style="fill:red"/>'))
    result = None
    times = []
    # CPU time too grows on a machine that others keep busy.
    for _ in range(3):
        start = time.process_time()
        with contextlib.suppress(IconError):
            result = sanitize_svg(data)
        times.append(time.process_time() - start)
        if times[-1] < SECONDS:
            break

    assert min(times) < SECONDS, f'{min(times):.2f} s of CPU time'
    if result:
        assert sanitize_svg(result.data).data == result.data


def test_a_picture_that_inflates_is_bounded(png):
    wide = png(2_048, 2_048, 16, 6, raw=(b'\0' + bytes(16_384)) * 2_048)
    uri = 'data:image/png;base64,' + base64.b64encode(wide).decode()
    data = doc(f'<image href="{uri}"/>')
    start = time.process_time()

    assert len(sanitize_svg(data).data) > len(wide)
    assert time.process_time() - start < SECONDS
