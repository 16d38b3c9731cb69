"""Laws of the sanitizer, over trees, styles and bytes that nobody wrote."""

from __future__ import annotations

import contextlib
import os
import random
import re
import time

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from icon_checker import (
    SAFE_ELEMENTS,
    SVG,
    XLINK,
    check,
    faults,
)

from imbi_plugin_sdk.errors import IconError
from imbi_plugin_sdk.icons import (
    check_raster,
    sanitize_icon,
    sanitize_svg,
)

# What is thrown at it.

EVIL_ELEMENTS = (
    'script', 'foreignObject', 'animate', 'set', 'a', 'switch', 'style',
    'title', 'desc', 'metadata', 'feImage', 'iframe', 'handler', 'SVG', 'Path',
    'clippath', 'x:use', 'xlink:a', 'image',
)  # fmt: skip
NAMES = st.sampled_from([*sorted(SAFE_ELEMENTS), *EVIL_ELEMENTS])
FRAGMENTS = st.sampled_from(
    [
        'url(', ')', '#a', '#b', '#c', 'a', 'b', 'c', ' ', ',', '1', '-2.5e1',
        'M', 'L', 'z', 'none', 'red', 'rgb(1,2,3)', '"', "'", '<', '>', '&',
        '\\', '/*', '*/', '//', 'https://e.test', 'javascript:alert(1)',
        'data:image/svg+xml;base64,PHN2Zy8+', 'data:image/png;base64,iVBORw==',
        '@import', ';', ':', '{', '}', '!important', 'var(--a,', 'attr(x)',
        'image-set(', 'expression(', 'u\\72l(', '\t', '\n', '\r', '\x85',
        'é', '\u202e', '\ufffd', '😀', '%', 'px', 'inherit', 'blur(2px)',
        'drop-shadow(1px 1px red)', 'fill', 'scale(2)', 'path("M0 0")', '%41',
        '--', ']]>', '<!--', 'x', 'icc-color(a)', 'calc(1px)', '0x1', '`',
    ]
)  # fmt: skip
VALUES = st.one_of(
    st.lists(FRAGMENTS, max_size=8).map(''.join),
    st.sampled_from(
        ['#a', '#b', 'url(#a)', 'url(#b) red', 'a', 'b', 'M0 0h9']
    ),
    st.text(max_size=12),
)
IDS = ('a', 'b', 'c')
LEADS = st.sampled_from(IDS).map('url(#{})'.format)
TYPICAL = {
    'class': st.sampled_from(['a', 'a b']),
    'clip-path': LEADS,
    'd': st.sampled_from(['M0 0h9', 'M0 0L1 1 2', 'M0,0a1 1 0 011 1z']),
    'display': st.sampled_from(['none', 'block']),
    'fill': st.one_of(LEADS, st.sampled_from(['red', '#abc', 'inherit'])),
    'filter': st.one_of(LEADS, st.just('blur(2px)')),
    'font-family': st.just("'A B', serif"),
    'height': st.sampled_from(['2', '1e9', '3em']),
    'href': st.sampled_from(IDS).map('#{}'.format),
    'id': st.sampled_from(IDS),
    'in': st.sampled_from(['SourceGraphic', 'r']),
    'marker-end': LEADS,
    'mask': LEADS,
    'mix-blend-mode': st.just('multiply'),
    'opacity': st.just('.5'),
    'overflow': st.just('visible'),
    'points': st.just('0 0 1 1'),
    'requiredExtensions': st.just(''),
    'result': st.just('r'),
    'rx': st.just('2'),
    'stroke': LEADS,
    'stroke-dasharray': st.just('1 2'),
    'systemLanguage': st.sampled_from(['en', 'de']),
    'transform': st.sampled_from(['scale(2)', 'rotate(9deg)']),
    'transform-origin': st.just('center'),
    'viewBox': st.just('0 0 9 9'),
    'width': st.sampled_from(['2', '50%', '24px']),
    'x': st.just('1'),
    'xlink:href': st.sampled_from(IDS).map('#{}'.format),
    'xml:space': st.just('preserve'),
}
EVIL_ATTRIBUTES = (
    'onload', 'onclick', 'xml:base', 'x:href', 'begin', 'to', 'attributeName',
    'cursor', 'src', 'target', 'marker', 'values', 'type', 'order', 'radius',
    'stdDeviation', 'numOctaves', 'offset', 'orient', 'gradientTransform',
    'preserveAspectRatio', 'pathLength', 'paint-order', 'rotate',
)  # fmt: skip
PROPERTIES = st.sampled_from(
    [
        'fill', 'stroke', 'filter', 'mask', 'marker', 'transform', 'd', 'x',
        'width', 'font-family', 'isolation', 'mix-blend-mode', 'background',
        'behavior', 'src', 'mask-type', '--a', 'display', 'cx', 'r', 'opacity',
    ]
)  # fmt: skip


@st.composite
def declarations(draw) -> str:
    """Return a block, mostly of values that its properties may have."""
    found = []
    for name in draw(st.lists(PROPERTIES, max_size=4)):
        typical = name in TYPICAL and draw(st.integers(0, 2))
        value = draw(TYPICAL[name] if typical else VALUES)
        mark = draw(st.sampled_from(['', '', ' !important']))
        found.append(f'{name}:{value}{mark}')
    return ';'.join(found)


USUAL = st.sampled_from([*TYPICAL, 'id', 'id', 'href', 'style', 'style'])


@st.composite
def attributes(draw) -> dict[str, str]:
    """Return attributes, mostly with values that they may have."""
    found = {}
    names = st.one_of(USUAL, USUAL, st.sampled_from(EVIL_ATTRIBUTES))
    for name in draw(st.lists(names, max_size=5)):
        if name == 'style':
            found[name] = draw(declarations())
        elif name in TYPICAL and draw(st.integers(0, 3)):
            found[name] = draw(TYPICAL[name])
        else:
            found[name] = draw(VALUES)
    return found


SELECTORS = st.lists(
    st.sampled_from(
        ['g', '.a', '#b', '*', '>', ' ', ',', ':hover', '[id]', 'rect', '::x',
         '.', '#', '|', '+', '@media x', '\\61']
    ),
    max_size=6,
).map(''.join)  # fmt: skip
SHEETS = st.one_of(
    st.lists(
        st.tuples(SELECTORS, declarations()).map(
            lambda r: f'{r[0]}{{{r[1]}}}'
        ),
        max_size=4,
    ).map(''.join),
    st.lists(FRAGMENTS, max_size=12).map(''.join),
)


def legal(text: str) -> str:
    """Return text with only the characters that XML allows."""
    return re.sub(
        '[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]', '', text
    )


def escaped(text: str) -> str:
    text = legal(text).replace('&', '&amp;').replace('<', '&lt;')
    text = text.replace(']]>', ']]&gt;').replace('"', '&quot;')
    return re.sub('[\t\n\r]', lambda m: f'&#{ord(m[0])};', text)


def element(name, attributes, children) -> str:
    written = ''.join(
        f' {key}="{escaped(value)}"' for key, value in attributes.items()
    )
    return f'<{name}{written}>{"".join(children)}</{name}>'


NOISE = st.one_of(
    VALUES.map(escaped),
    SHEETS.map(lambda sheet: f'<style>{escaped(sheet)}</style>'),
    st.just('<!-- c --><?p x?>'),
)


@st.composite
def trees(draw, depth=3) -> str:
    """Return an element with what is in it."""
    if not draw(st.integers(0, 4)):
        return draw(NOISE)
    count = draw(st.integers(0, 4)) if depth else 0
    children = [draw(trees(depth - 1)) for _ in range(count)]
    return element(draw(NAMES), draw(attributes()), children)


@st.composite
def documents(draw) -> bytes:
    body = element(
        'svg',
        {
            'xmlns': SVG,
            'xmlns:xlink': XLINK,
            'xmlns:x': draw(st.sampled_from([SVG, 'urn:x', XLINK])),
            **draw(attributes()),
        },
        draw(st.lists(trees(), min_size=1, max_size=4)),
    )
    return body.encode()


SLOW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@SLOW
@given(documents())
@example(
    f'<svg xmlns="{SVG}"><rect fill="url(#a)" id="a"/></svg>'.encode(),
)
def test_whatever_tree_comes_in_only_the_profile_comes_out(data):
    check(data)


@SLOW
@given(documents())
def test_the_default_prefix_is_idempotent_too(data):
    try:
        once = sanitize_svg(data).data
    except IconError:
        return
    assert sanitize_svg(once).data == once


@SLOW
@given(SHEETS, declarations())
def test_no_style_survives_as_style(sheet, style):
    body = (
        f'<style>{escaped(sheet)}</style>'
        f'<g class="a" id="b" style="{escaped(style)}"><rect/></g>'
    )
    output = check(f'<svg xmlns="{SVG}">{body}</svg>'.encode())

    assert output is None or b'<style' not in output


@SLOW
@given(documents(), st.data())
def test_broken_markup_raises_nothing_but_its_own_error(data, drawn):
    for _ in range(drawn.draw(st.integers(1, 4))):
        place = drawn.draw(st.integers(0, len(data)))
        cut = drawn.draw(st.integers(0, 8))
        put = drawn.draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from(
                    [b'<', b'>', b'"', b'&', b'&#0;', b'<![CDATA[', b']]>',
                     b'<!DOCTYPE svg [', b'<!ENTITY a "b">', b'&a;', b'\xff',
                     b'<?xml?>', b'xmlns="urn:x" ', b'<!--', b'-->']
                ),
            )
        )  # fmt: skip
        data = data[:place] + put + data[place + cut :]
    check(data)


@given(st.binary(max_size=200), st.sampled_from(['png', 'webp', 'svg+xml']))
def test_any_bytes_raise_nothing_but_the_icons_error(data, kind):
    with contextlib.suppress(IconError):
        sanitize_icon(data, f'image/{kind}')


@given(
    st.sampled_from(
        [
            (b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'image/png'),
            (b'RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0', 'image/webp'),
            (b'RIFF\x40\0\0\0WEBPVP8L', 'image/webp'),
            (b'\xff\xd8\xff\xc0\0\x0b\x08', 'image/jpeg'),
        ]
    ),
    st.binary(max_size=100),
)
def test_any_raster_bytes_raise_nothing_but_the_icons_error(start, data):
    try:
        result = check_raster(start[0] + data, start[1])
    except IconError:
        return
    assert check_raster(result.data, start[1]).data == result.data


def test_the_checker_sees_what_it_must():
    """A checker that finds nothing would pass everything."""
    wrong = {
        '<script/>': '<script>',
        '<g onload=""/>': 'onload',
        '<g xmlns="urn:x"/>': '<g>',
        '<g id="x"/>': 'id x',
        '<g style="fill:red"/>': 'style fill:red',
        '<use href="http://x"/>': 'href http://x',
        '<image href="data:image/svg+xml;base64,AA"/>': (
            'href data:image/svg+xml;base64,AA'
        ),
        '<g fill="url(http:x)"/>': 'fill=url(http:x)',
        '<g width="url(#pp-0)"/>': 'width=url(#pp-0)',
        '<g fill="image-set(x)"/>': 'fill=image-set(x)',
        '<g fill="u\\72l(x)"/>': 'fill=u\\72l(x)',
        '<!-- -->': 'markup declaration, instruction or control',
        'x': 'text that does not show',
        '<g id="pp-0"/><g id="pp-0"/>': 'an id twice',
    }
    for body, fault in wrong.items():
        assert fault in faults(f'<svg xmlns="{SVG}">{body}</svg>'.encode())


# The same tables, drawn by a plain random generator: no shrinking, but
# documents of a hundred elements at a thousand a second.

PLAIN = {
    'class': ['a', 'a b', 'b'],
    'clip-path': ['url(#a)', 'url(#c)', 'none'],
    'd': ['M0 0h9', 'M0 0L1 1 2', 'M0,0a1 1 0 011 1z', 'L1 1'],
    'display': ['none', 'block'],
    'fill': ['url(#a)', 'url( "#b" ) red', 'red', '#abc', 'inherit', 'var(x)'],
    'filter': ['url(#d)', 'blur(2px)', 'blur(1px) url(#a)'],
    'font-family': ["'A B', serif", 'url(x)'],
    'height': ['2', '1e9', '3em', '-1'],
    'href': ['#e', '#f', '#g', 'https://e.test', '#%41'],
    'id': ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h i'],
    'in': ['SourceGraphic', 'r'],
    'marker-end': ['url(#g)'],
    'mask': ['url(#b)', 'url(//e.test#a)'],
    'mix-blend-mode': ['multiply', 'url(x)'],
    'mask-type': ['alpha'],
    'onclick': ['alert(1)'],
    'opacity': ['.5', '50%'],
    'overflow': ['visible'],
    'requiredExtensions': ['', 'urn:x'],
    'result': ['r', 'q'],
    'stroke': ['url(#f)', 'blue !important'],
    'stroke-dasharray': ['1 2', '0'],
    'style': ['fill:red', 'fill:url(#c);mix-blend-mode:screen;marker:url(#a)',
              'transform:rotate(1rad);width:3px', 'x:url(https://e.test)'],
    'systemLanguage': ['en', 'de'],
    'transform': ['scale(2)', 'rotate(9deg)', 'none'],
    'viewBox': ['0 0 9 9', '0 0 0 0'],
    'width': ['2', '50%', '24px'],
    'xlink:href': ['#h', '#a', 'data:image/png;base64,AAAA'],
    'xml:space': ['preserve', 'default'],
}  # fmt: skip
SHEET = '.a{fill:url(#b);stroke:red}g .b>rect{filter:url(#d)}#c{mask:url(#e)}'
ALL_ELEMENTS = [*sorted(SAFE_ELEMENTS), *EVIL_ELEMENTS]


def grow(rng: random.Random, depth: int) -> str:
    """Return a random element; ids and references often meet."""
    if not rng.randrange(8):
        return rng.choice(['t&lt;', f'<style>{SHEET}</style>', '<!--c-->'])
    names = rng.sample([*PLAIN], rng.randrange(5))
    found = {name: rng.choice(PLAIN[name]) for name in names}
    name = rng.choice(ALL_ELEMENTS)
    count = rng.randrange(5) if depth else 0
    children = [grow(rng, depth - 1) for _ in range(count)]
    return element(name, found, children)


def grown(seed: int) -> bytes:
    """Return the document of a seed."""
    rng = random.Random(seed)
    names = rng.sample([*PLAIN], rng.randrange(5))
    found = {name: rng.choice(PLAIN[name]) for name in names}
    spaces = {'xmlns': SVG, 'xmlns:xlink': XLINK, 'xmlns:x': SVG}
    body = [grow(rng, 5) for _ in range(rng.randrange(1, 5))]
    return element('svg', spaces | found, body).encode()


def test_grown_documents_keep_every_law():
    """Longer with IMBI_FUZZ_SECONDS; a failure names its seed."""
    seconds = float(os.environ.get('IMBI_FUZZ_SECONDS', '4'))
    first = int(os.environ.get('IMBI_FUZZ_SEED', '0'))
    deadline = time.monotonic() + seconds
    written = 0
    seed = first
    while time.monotonic() < deadline or seed < first + 200:
        data = grown(seed)
        try:
            written += check(data) is not None
        except Exception as error:
            raise AssertionError(f'seed {seed}: {data!r}') from error
        seed += 1

    assert written > (seed - first) // 3, 'most were refused'
