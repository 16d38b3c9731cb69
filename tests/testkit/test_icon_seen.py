"""What can be seen of a picture, told without drawing it."""

import itertools
import struct
import time
import zlib

import pytest

from imbi_plugin_sdk.icons import check_raster, sanitize_icon, sanitize_svg
from imbi_plugin_testkit.checks._seen import Seen, of_svg, seen

NS = 'xmlns="http://www.w3.org/2000/svg"'
ALL, NOTHING = Seen.EVERYWHERE, Seen.NOTHING
LIGHT, DARK = Seen.DRAWN | Seen.ON_DARK, Seen.DRAWN | Seen.ON_WHITE
FAINT = Seen.DRAWN


def of(body):
    document = f'<svg {NS} viewBox="0 0 8 8">{body}</svg>'
    return of_svg(sanitize_svg(document.encode()).data)


PAINTS = {
    '#fff': LIGHT, '#FFFFFF': LIGHT, '#e8e8e8': LIGHT, '#e0e0e0': ALL,
    'white': LIGHT, 'snow': LIGHT, 'ivory': LIGHT, 'whitesmoke': LIGHT,
    'rgb(255,255,255)': LIGHT, 'rgb(100% 100% 100%)': LIGHT,
    'rgba(255, 255, 255, 1)': LIGHT, '#ffff': LIGHT, '#ffffffff': LIGHT,
    '#000': DARK, 'black': DARK, '#181818': DARK, '#202020': ALL,
    'rgb(0 0 0 / 100%)': DARK, '#ff9': ALL, '#00f': ALL, '#0af': ALL,
    '#fff0': NOTHING, '#00000000': NOTHING, 'rgba(1,2,3,0)': NOTHING,
    'transparent': NOTHING, 'none': NOTHING, 'rgb(9 9 9 / 0%)': NOTHING,
    '#0000000f': FAINT, 'rgb(0 0 0 / 5%)': FAINT,
    'currentColor': ALL, 'hsl(0,0%,100%)': ALL, 'rgb(none none none)': ALL,
    'context-fill': ALL, 'teal': ALL,
}  # fmt: skip


@pytest.mark.parametrize('paint', PAINTS)
def test_a_paint_is_seen_on_the_grounds_it_differs_from(paint):
    assert of(f'<path fill="{paint}" d="M0 0h8v8z"/>') == PAINTS[paint]
    line = f'<path fill="none" stroke="{paint}" d="M0 0h8v8z"/>'
    assert of(line) == PAINTS[paint]


BODIES = {
    '': NOTHING,
    '<g/>': NOTHING,
    # Shapes without extent.
    '<path/><path d=""/><path d="M1 1"/><path d="M1e2 1"/>': NOTHING,
    '<path d="M1 1 2 2"/>': DARK,
    '<path d="M1 1z"/>': DARK,
    '<rect/><rect width="8"/><rect width="0" height="8"/>': NOTHING,
    '<rect width="8" height="0px"/><rect width="50%" height="0%"/>': NOTHING,
    '<rect width="50%" height="1e1"/>': DARK,
    '<circle/><circle r="0"/><ellipse rx="0" ry="4"/><ellipse/>': NOTHING,
    '<circle r=".1"/>': DARK,
    '<ellipse rx="4"/>': DARK,
    '<polygon/><polyline points="1 1"/>': NOTHING,
    '<polygon points="1 1 2 2"/>': DARK,
    '<line x2="8"/>': NOTHING,
    '<line x2="8" stroke="#000"/>': DARK,
    '<text/><text> </text><text><tspan/></text>': NOTHING,
    '<text>a</text>': DARK,
    '<text><tspan>a</tspan></text>': DARK,
    '<text><tspan/>a</text>': DARK,
    # Opacity and visibility.
    '<g opacity="0"><path d="M0 0h8"/></g>': NOTHING,
    '<g opacity=".1"><path opacity=".2" d="M0 0h8"/></g>': NOTHING,
    '<g opacity="50%"><path opacity="50%" d="M0 0h8"/></g>': DARK,
    '<g fill-opacity="0"><path d="M0 0h8"/></g>': NOTHING,
    '<path fill-opacity="0" stroke="#fff" d="M0 0h8"/>': LIGHT,
    '<path stroke-opacity="0" stroke="#fff" d="M0 0h8"/>': DARK,
    '<path stroke-width="0" stroke="#fff" d="M0 0h8"/>': DARK,
    '<path fill="none" stroke-width="0px" stroke="#fff" d="M0 0h8"/>': NOTHING,
    '<g display="none"><path d="M0 0h8"/></g>': NOTHING,
    '<g visibility="hidden"><path d="M0 0h8"/></g>': NOTHING,
    '<g visibility="hidden"><path visibility="visible" d="M0 0h8"/></g>': DARK,
    # Inheritance.
    '<g fill="#fff"><path d="M0 0h8"/></g>': LIGHT,
    '<g fill="#fff"><path fill="inherit" d="M0 0h8"/></g>': LIGHT,
    '<g fill="#fff"><path fill="#000" d="M0 0h8"/></g>': DARK,
    '<path d="M0 0h8"/><path fill="#fff" d="M0 0h8"/>': ALL,
    # What is only drawn where it is referred to.
    '<symbol id="a"><path d="M0 0h8"/></symbol>': NOTHING,
    '<symbol id="a"><path d="M0 0h8"/></symbol><use href="#a"/>': DARK,
    '<defs><path id="a" d="M0 0h8"/></defs><use fill="#fff" href="#a"/>': (
        LIGHT
    ),
    '<defs><g id="a"/></defs><use href="#a"/>': NOTHING,
    '<use href="#nothing"/>': NOTHING,
    '<clipPath id="c"/><path clip-path="url(#c)" d="M0 0h8"/>': NOTHING,
    '<mask id="c"/><g mask="url(#c)"><path d="M0 0h8"/></g>': NOTHING,
    '<clipPath id="c"><path d="M0 0h8"/></clipPath>'
    '<path clip-path="url(#c)" d="M0 0h8"/>': DARK,
    # What only a renderer could tell.
    '<marker id="m"><path d="M0 0h8"/></marker>'
    '<path fill="none" d="M1 1h2" marker-start="url(#m)"/>': ALL,
    '<marker id="m"><path d="M0 0h8"/></marker>'
    '<path d="M1 1" style="marker:url(#m)"/>': ALL,
    '<marker id="m"><path d="M0 0h8"/></marker>'
    '<g marker-end="url(#m)"><path fill="none" d="M1 1h2"/></g>': ALL,
    '<marker id="m"><path d="M0 0h8"/></marker>'
    '<path fill="none" d="M1 1h2" marker-mid="url(#m)" opacity="0"/>': NOTHING,
    '<marker id="m"><path d="M0 0h8"/></marker>'
    '<path fill="none" d="M1 1h2v3" marker-mid="url(#m)"/>': ALL,
    '<marker id="m"><path d="M0 0h8"/></marker>': NOTHING,
    '<marker id="m"/><path fill="none" d="M1 1h2" marker-mid="url(#m)"/>': (
        NOTHING
    ),
    '<path fill-opacity=".09" d="M0 0h8"/>': FAINT,
    '<path fill-opacity=".09" d="M0 0h8"/><circle opacity=".09" r="4"/>': ALL,
    '<image href="https://e.test/a.png" opacity="0"/>': NOTHING,
    '<image href="https://e.test/a.png"/>': ALL,
    '<linearGradient id="g"><stop/></linearGradient>'
    '<path fill="url(#g)" d="M0 0h8"/>': ALL,
    '<filter id="f"><feFlood/></filter><g filter="url(#f)"/>': ALL,
    '<path style="mix-blend-mode:difference" fill="#fff" d="M0 0h8"/>': ALL,
}


@pytest.mark.parametrize('body', BODIES)
def test_a_shape_is_seen_if_it_is_drawn(body):
    assert of(body) == BODIES[body]


BLUE = '<path fill="#06c" d="M0 0h8v8H0z"/>'
UNUSUAL = (
    '<g fill="none" stroke="currentColor"><path d="M0 0h8"/></g>',
    '<g color="#fff"><path fill="currentColor" d="M0 0h8v8z"/></g>',
    '<radialGradient id="g"><stop stop-color="#fff"/></radialGradient>'
    '<circle r="4" fill="url(#g)"/>',
    '<linearGradient id="g"><stop/></linearGradient>'
    '<line x2="8" stroke="url(#g)"/>',
    '<pattern id="p" width="2" height="2"><rect width="1" height="1"/>'
    '</pattern><rect width="8" height="8" fill="url(#p)"/>',
    f'<g opacity=".4"><g opacity=".5">{BLUE}</g></g>',
    f'<defs><g id="a">{BLUE}</g><g id="b"><use href="#a"/></g></defs>'
    '<use href="#b"/>',
    f'<symbol id="s" viewBox="0 0 4 4">{BLUE}</symbol>'
    '<use href="#s" width="8" height="8"/>',
    '<use href="#p"/><defs><path id="p" fill="#06c" d="M0 0h8"/></defs>',
    f'<g display="none"><g id="a">{BLUE}</g></g><use href="#a"/>',
    '<clipPath id="c"><use href="#p"/></clipPath><defs><path id="p" '
    f'd="M0 0h8v8z"/></defs><g clip-path="url(#c)">{BLUE}</g>',
    f'<clipPath id="c"><text>AB</text></clipPath>'
    f'<g clip-path="url(#c)">{BLUE}</g>',
    f'<mask id="m"><g><path fill="#fff" d="M0 0h8v8z"/></g></mask>'
    f'<g mask="url(#m)">{BLUE}</g>',
    f'<g clip-path="url(#absent)">{BLUE}</g>',
    f'<svg x="1" width="6" height="6" viewBox="0 0 8 8">{BLUE}</svg>',
    f'<switch><g>{BLUE}</g></switch>',
    '<text y="6" fill="#06c">Ab</text>',
    '<text y="6"><tspan fill="#06c">A</tspan></text>',
    '<defs><path id="p" d="M0 0h8"/></defs>'
    '<text fill="#c00"><textPath href="#p">abc</textPath></text>',
    '<style>.a{fill:#06c}</style><path class="a" d="M0 0h8v8z"/>',
    '<style>path{fill:#06c!important}</style>'
    '<path style="fill:#fff" d="M0 0h8v8z"/>',
    '<style>#x{fill:none;stroke:#c00}</style><path id="x" d="M1 1h5"/>',
    '<path d="M4 4h0" fill="none" stroke="#06c" stroke-linecap="round"/>',
    '<polyline points="4,4 4,4" stroke="#06c" stroke-linecap="round"/>',
    '<path fill="#06c" d="M.5.5l7-.5.5 7z"/>',
    '<ellipse rx="auto" ry="4" fill="#06c"/>',
    '<path fill="url(#absent) #06c" d="M0 0h8v8z"/>',
    '<path fill="#fff" stroke="#000" d="M0 0h8v8z"/>',
    f'<path fill="none" d="M0 0h24v24H0z"/>{BLUE}',
    f'<g visibility="collapse"><g visibility="visible">{BLUE}</g></g>',
    f'<g style="isolation:isolate">{BLUE}</g>',
    f'<g transform="translate(4 4) rotate(45)">{BLUE}</g>',
    '<defs><path id="p" d="M0 0h8"/></defs><use href="#p" fill="#fff"/>'
    '<use href="#p"/>',
    '<g stroke-width="0"><line x2="8" stroke="#06c" stroke-width="1"/></g>',
    '<path fill="#06c8" d="M0 0h8v8z"/>',
    '<path fill="hsl(210 100% 40%)" d="M0 0h8v8z"/>',
    '<path fill="RebeccaPurple" d="M0 0h8v8z"/>',
)


@pytest.mark.parametrize('body', UNUSUAL)
def test_an_icon_that_is_only_unusual_is_seen_on_every_ground(body):
    assert of(body) == ALL


def test_references_may_nest_deeper_than_calls():
    uses = ''.join(
        f'<g id="a{n}">{"<g>" * 9}<use href="#a{n + 1}"/>{"</g>" * 9}</g>'
        for n in range(150)
    )
    body = f'<defs>{uses}<path id="a150" d="M0 0h8"/></defs><use href="#a0"/>'
    assert of(body) == DARK


# PNG

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(kind, data=b''):
    value = struct.pack('>I', zlib.crc32(kind + data))
    return struct.pack('>I', len(data)) + kind + data + value


def png(rows, color=6, depth=8, extra=b''):
    bits = depth * CHANNELS[color]
    width = (len(rows[0]) - 1) * 8 // bits
    fields = (width, len(rows), depth, color, 0, 0, 0)
    return check_raster(
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', struct.pack('>IIBBBBB', *fields))
        + extra
        + chunk(b'IDAT', zlib.compress(b''.join(rows)))
        + chunk(b'IEND'),
        'image/png',
    )


def test_every_pixel_format_is_read():
    for depth in (1, 2, 4, 8):
        assert seen(png([b'\0\xff'], 0, depth)) == LIGHT
        assert seen(png([b'\0\0'], 0, depth)) == DARK
    assert seen(png([b'\0\xff\xff'], 0, 16)) == LIGHT
    assert seen(png([b'\0\0\xff'], 0, 16)) == DARK
    assert seen(png([b'\0\x80'], 0)) == ALL
    assert seen(png([b'\0\x0f'], 0, 4)) == ALL
    assert seen(png([b'\0\xff\xff\xff'], 2)) == LIGHT
    assert seen(png([b'\0\xff\xff\0'], 2)) == ALL
    assert seen(png([b'\0' + b'\xff\0' * 3], 2, 16)) == LIGHT
    assert seen(png([b'\0\0\xff'], 4)) == DARK
    assert seen(png([b'\0\0\0'], 4)) == NOTHING
    assert seen(png([b'\0\0\x0f'], 4)) == FAINT
    assert seen(png([b'\0' + bytes(4) + b'\xff' * 4], 6)) == LIGHT
    assert seen(png([b'\0' + b'\xff' * 6 + b'\0\1'], 6, 16)) == NOTHING


def test_a_palette_and_its_transparency_are_read():
    palette = chunk(b'PLTE', b'\xff\xff\xff\0\0\0\x33\x66\x99')
    for index, found in ((0, LIGHT), (1, DARK), (2, ALL), (3, NOTHING)):
        row = [bytes([0, index])]
        assert seen(png(row, 3, extra=palette)) == found
    clear = palette + chunk(b'tRNS', b'\0\xff')
    for index, found in ((0, NOTHING), (1, DARK), (2, ALL)):
        row = [bytes([0, index])]
        assert seen(png(row, 3, extra=clear)) == found
    # Two bits a pixel: 0, 1, 1, 1.
    assert seen(png([b'\0\x15'], 3, 2, extra=clear)) == DARK


def test_the_clear_colour_is_read():
    white = chunk(b'tRNS', b'\0\xff')
    assert seen(png([b'\0\xff'], 0, extra=white)) == NOTHING
    assert seen(png([b'\0\xff\0'], 0, extra=white)) == DARK
    green = chunk(b'tRNS', b'\0\0\0\xff\0\0')
    assert seen(png([b'\0\0\xff\0'], 2, extra=green)) == NOTHING
    assert seen(png([b'\0\0\xff\1'], 2, extra=green)) == ALL
    one = chunk(b'tRNS', b'\0\1')
    assert seen(png([b'\0\xff'], 0, 1, extra=one)) == NOTHING


def paeth(left, up, corner):
    return min(
        (left, up, corner), key=lambda near: abs(left + up - corner - near)
    )


def filtered(kinds, rows):
    """Return rows with filters, from the samples of grey pixels."""
    above = bytes(len(rows[0]))
    for kind, row in zip(kinds, rows, strict=True):
        left, corner = b'\0' + row[:-1], b'\0' + above[:-1]
        guess = [
            lambda *_: 0,
            lambda a, b, c: a,
            lambda a, b, c: b,
            lambda a, b, c: (a + b) // 2,
            paeth,
        ][kind]
        yield bytes([kind]) + bytes(
            (pixel - guess(a, b, c)) % 256
            for pixel, a, b, c in zip(row, left, above, corner, strict=True)
        )
        above = row


def test_every_filter_is_undone():
    """A wrong turn would bring a grey into a picture of black and white."""
    rows = [b'\xff\0\xff\xff\0', b'\0\0\xff\0\xff', b'\xff\xff\0\0\xff']
    clear = chunk(b'tRNS', b'\0\0')
    for kinds in itertools.product(range(5), repeat=3):
        data = png(list(filtered(kinds, rows)), 0, extra=clear)
        assert seen(data) == LIGHT, kinds


def test_an_interlaced_picture_is_read():
    # Three by three pixels: passes 1, 4, 5, 6 and 7 have any.
    rows = [b'\0\xff', b'\0\xff', b'\0\xff\xff', b'\0\xff', b'\0\xff',
            b'\0\xff\xff\xff']  # fmt: skip
    fields = struct.pack('>IIBBBBB', 3, 3, 8, 0, 0, 0, 1)
    for last, found in ((b'\xff', LIGHT), (b'\0', ALL)):
        body = b''.join(rows)[:-1] + last
        data = check_raster(
            b'\x89PNG\r\n\x1a\n'
            + chunk(b'IHDR', fields)
            + chunk(b'IDAT', zlib.compress(body))
            + chunk(b'IEND'),
            'image/png',
        )
        assert seen(data) == found


def test_a_large_picture_is_looked_at_in_bounded_time():
    clear = png([b'\4' + bytes(4 * 300)] * 300)
    start = time.process_time()
    assert seen(clear) == NOTHING
    assert time.process_time() - start < 1
    huge = png([b'\4' + bytes(4 * 2_000)] * 2_000)
    start = time.process_time()
    assert seen(huge) == ALL
    assert time.process_time() - start < 0.2


def test_a_webp_is_not_looked_into():
    bits = 3 | 2 << 14 | 1 << 28
    body = b'\x2f' + bits.to_bytes(4, 'little') + b'\x88\x08\0'
    data = b'WEBPVP8L' + struct.pack('<I', 8) + body
    data = b'RIFF' + struct.pack('<I', len(data)) + data
    assert seen(sanitize_icon(data, 'image/webp')) == ALL
