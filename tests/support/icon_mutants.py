"""Icons that are right but for one thing, and icons that are right."""

from __future__ import annotations

import struct
import zlib

NS = 'xmlns="http://www.w3.org/2000/svg"'


def svg(body, attributes='viewBox="0 0 8 8"'):
    return f'<svg {NS} {attributes}>{body}</svg>'


PATH = '<path fill="#06c" d="M0 0h8v8H0z"/>'
GOOD = svg(PATH)


def chunk(kind, data):
    body = kind + data
    return (
        struct.pack('>I', len(data))
        + body
        + struct.pack('>I', zlib.crc32(body))
    )


BLUE = b'\0\x66\xcc\xff'


def png(  # noqa: PLR0913  each part can be wrong
    width=2, height=2, *, color=BLUE, pixels=None, before=b'', after=b''
):
    header = struct.pack('>IIBBBBB', width, height, 8, 6, 0, 0, 0)
    rows = b''.join(b'\0' + color * width for _ in range(height))
    data = zlib.compress(rows if pixels is None else pixels)
    return (
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', header)
        + before
        + chunk(b'IDAT', data)
        + chunk(b'IEND', b'')
        + after
    )


def damaged():
    raw = bytearray(png())
    raw[-20] ^= 1
    return bytes(raw)


BOMB = (
    '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">'
    + ''.join(
        f'<!ENTITY {new} "{f"&{old};" * 10}">'
        for old, new in zip('abcdefg', 'bcdefgh', strict=True)
    )
    + f']>{svg("<text>&h;</text>")}'
)
CYCLE = svg(
    '<defs><g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g></defs>'
    '<use href="#a"/>'
)
NESTED = svg(
    '<defs><g id="a0"><path d="M0 0h8"/></g>'
    + ''.join(
        f'<g id="a{n + 1}">{f"""<use href="#a{n}"/>""" * 10}</g>'
        for n in range(8)
    )
    + '</defs><use href="#a8"/>'
)
PNG = 'image/png'

# what the file holds, its media type, the ids that must fire
MUTANTS = {
    'empty': ('', None, {'ICO003'}),
    'too large': (svg(PATH + ' ' * 65_536), None, {'ICO005'}),
    'a png declared svg': (png(), None, {'ICO006'}),
    'an svg declared png': (GOOD, PNG, {'ICO006'}),
    'not well-formed': (GOOD[:-3], None, {'ICO010'}),
    'html': ('<html><body/></html>', None, {'ICO010'}),
    'utf-16': (GOOD.encode('utf-16'), None, {'ICO010'}),
    'entity bomb': (BOMB, None, {'ICO011'}),
    'external entity': (
        f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>{GOOD}',
        None,
        {'ICO011'},
    ),
    'cycle': (CYCLE, None, {'ICO012'}),
    'exponential': (NESTED, None, {'ICO012'}),
    'script': (
        svg(f'<script>alert(1)</script>{PATH}'),
        None,
        {'ICO020'},
    ),
    'handler': (
        svg('<path fill="#06c" d="M0 0h8v8H0z" onclick="x()"/>'),
        None,
        {'ICO020'},
    ),
    'foreign object': (
        svg(f'<foreignObject><p/></foreignObject>{PATH}'),
        None,
        {'ICO020'},
    ),
    'external image': (
        svg(f'<image href="https://evil.io/x.png"/>{PATH}'),
        None,
        {'ICO020'},
    ),
    'style import': (
        svg(f'<style>@import "https://evil.io/x.css";</style>{PATH}'),
        None,
        {'ICO020'},
    ),
    'a picture that is not admitted': (
        svg(f'{PATH}<image href="data:image/gif,GIF89a"/>'),
        None,
        {'ICO021'},
    ),
    'comment': (svg(f'<!-- made by hand -->{PATH}'), None, {'ICO022'}),
    'no pixels': (png(0, 0, pixels=b''), PNG, {'ICO030'}),
    'enormous': (png(5_000, 1), PNG, {'ICO030'}),
    'animated': (
        png(before=chunk(b'acTL', struct.pack('>II', 1, 0))),
        PNG,
        {'ICO031'},
    ),
    'a zip behind it': (png(after=b'PK\x03\x04'), PNG, {'ICO032'}),
    'damaged': (damaged(), PNG, {'ICO033'}),
    'too few pixels': (png(pixels=b'\0\0'), PNG, {'ICO033'}),
}

MUTANTS |= {
    'nothing drawn': (svg('<g/>'), None, {'ICO040'}),
    'only definitions': (svg(f'<defs>{PATH}</defs>'), None, {'ICO040'}),
    'a word mark': (svg(PATH, 'viewBox="0 0 32 8"'), None, {'ICO041'}),
    'white': (svg('<path fill="#fff" d="M0 0h8"/>'), None, {'ICO042'}),
    'white by inheritance': (
        svg('<g fill="white"><path d="M0 0h8"/><rect width="8"/></g>'),
        None,
        {'ICO042'},
    ),
    'black': (svg('<path d="M0 0h8v8H0z"/>'), None, {'ICO043'}),
    'transparent': (
        svg('<g opacity="0"><path fill="#06c" d="M0 0h8v8H0z"/></g>'),
        None,
        {'ICO040'},
    ),
    'faint': (
        svg('<path fill-opacity="5%" fill="#06c" d="M0 0h8v8H0z"/>'),
        None,
        {'ICO042', 'ICO043'},
    ),
    'a clear png': (png(color=bytes(4)), PNG, {'ICO040'}),
    'a white png': (png(color=b'\xff' * 4), PNG, {'ICO042'}),
    'a black png': (png(color=b'\0\0\0\xff'), PNG, {'ICO043'}),
    'a wide png': (png(7, 2), PNG, {'ICO041'}),
    'a tall png': (png(2, 7), PNG, {'ICO041'}),
    'other colours': (
        png(before=chunk(b'cICP', b'\x0c\x0d\0\1')),
        PNG,
        {'ICO021'},
    ),
    'a note in a png': (png(before=chunk(b'tEXt', b'a\0b')), PNG, {'ICO022'}),
}

# What is wrong by as little as can be, or where nobody looks.
MUTANTS |= {
    'one byte too many': (
        svg(PATH + ' ' * (65_537 - len(GOOD))),
        None,
        {'ICO005'},
    ),
    'a jpeg declared png': (b'\xff\xd8\xff\xe0\0\x10JFIF', PNG, {'ICO006'}),
    'latin-1': (
        svg(f'<title>caf\xe9</title>{PATH}').encode('latin-1'),
        None,
        {'ICO010'},
    ),
    'svg of another namespace': (
        GOOD.replace('2000/svg', '1999/xhtml'),
        None,
        {'ICO010'},
    ),
    'an external subset': (
        '<!DOCTYPE svg [<!ENTITY % x SYSTEM "https://evil.test/"> %x;]>'
        + GOOD,
        None,
        {'ICO011'},
    ),
    'a pattern of itself': (
        svg(
            '<pattern id="a" width="1" height="1"><rect width="1" height="1" '
            'fill="url(#a)"/></pattern><path fill="url(#a)" d="M0 0h8v8z"/>'
        ),
        None,
        {'ICO012'},
    ),
    'a script in letters of its own': (
        svg(f'<a href="java&#115;cript&#58;x()">{PATH}</a>'),
        None,
        {'ICO020'},
    ),
    'a request in a style': (
        svg(f'{PATH}<path style="fill:url(//evil.test/#a) #06c" d="M0 0h8"/>'),
        None,
        {'ICO020'},
    ),
    'a handler set later': (
        svg(
            '<path fill="#06c" d="M0 0h8v8H0z">'
            '<set attributeName="onclick" to="x()"/></path>'
        ),
        None,
        {'ICO020'},
    ),
    'a turned png': (
        png(
            before=chunk(
                b'eXIf',
                b'MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6' + bytes(6),
            )
        ),
        PNG,
        {'ICO021'},
    ),
    'an attribute of an editor': (
        svg(PATH, 'viewBox="0 0 8 8" xmlns:i="urn:i" i:zoom="2"'),
        None,
        {'ICO022'},
    ),
    'one row of pixels too many': (png(2_049, 2_049), PNG, {'ICO030'}),
    'one frame after the picture': (
        png(before=chunk(b'fdAT', bytes(4))),
        PNG,
        {'ICO031'},
    ),
    'a line behind it': (png(after=b'\n'), PNG, {'ICO032'}),
    'a filter that is none': (
        png(pixels=b'\0' + BLUE * 2 + b'\5' + BLUE * 2),
        PNG,
        {'ICO033'},
    ),
    'a shape used of nothing': (
        svg(f'<g id="a"/><defs>{PATH}</defs><use href="#a"/>'),
        None,
        {'ICO040'},
    ),
    'a little too wide': (svg(PATH, 'viewBox="0 0 24.1 8"'), None, {'ICO041'}),
    'almost white': (
        svg('<style>path{fill:#f4f4f4}</style><path d="M0 0h8v8z"/>'),
        None,
        {'ICO042'},
    ),
    'almost black': (
        svg('<g stroke="#111" fill="none"><path d="M0 0h8v8z"/></g>'),
        None,
        {'ICO043'},
    ),
}

SHELF = {
    'as large as can be': (svg(PATH + ' ' * (65_536 - len(GOOD))), None),
    'as many pixels as can be': (png(2_048, 2_048), PNG),
    'an upright png': (png(before=chunk(b'gAMA', b'\0\0\xb1\x8f')), PNG),
    'a clip and a nested document': (
        svg(
            '<clipPath id="c"><circle cx="4" cy="4" r="4"/></clipPath>'
            f'<svg width="8" height="8" clip-path="url(#c)">{PATH}</svg>'
        ),
        None,
    ),
    'only a letter': (svg('<text y="8" fill="#06c">i</text>'), None),
    'one by one': (
        svg('<path fill="#06c" d="M0 0h1v1z"/>', 'viewBox="0 0 1 1"'),
        None,
    ),
    'groups of opacity': (svg(f'<g opacity=".3">{PATH}</g>'), None),
    'three to one': (svg(PATH, 'viewBox="0 0 24 8"'), None),
    'white on blue': (
        svg(f'{PATH}<path fill="#fff" d="M1 1h2v2z"/>'),
        None,
    ),
    'white by a gradient': (
        svg(
            '<defs><linearGradient id="g"><stop stop-color="#fff"/>'
            '</linearGradient></defs><path fill="url(#g)" d="M0 0h8v8z"/>'
        ),
        None,
    ),
    'outlined': (
        svg('<path fill="none" stroke="#a00" d="M0 0h8v8z"/>'),
        None,
    ),
    'plain': (GOOD, None),
    'gradient and use': (
        svg(
            '<defs><linearGradient id="g"><stop offset="0" '
            'stop-color="#f00"/><stop offset="1"/></linearGradient>'
            '<path id="p" d="M0 0h8v8H0z" fill="url(#g)"/></defs>'
            '<use href="#p"/>'
        ),
        None,
    ),
    'style attribute': (
        svg('<path style="fill:#0a0;opacity:.5" d="M0 0h8v8H0z"/>'),
        None,
    ),
    'png': (png(), PNG),
    'a png of three to one': (png(6, 2), PNG),
    'only markers': (
        svg(
            f'<marker id="m">{PATH}</marker>'
            '<path fill="none" d="M1 1h4" marker-end="url(#m)"/>'
        ),
        None,
    ),
    'a shadow of faint shapes': (
        svg(
            ''.join(
                f'<circle r="{r}" fill="#06c" fill-opacity=".08"/>'
                for r in range(1, 9)
            )
        ),
        None,
    ),
    'the colour of the page': (
        svg('<path fill="currentColor" d="M0 0h8v8H0z"/>'),
        None,
    ),
    'masked': (
        svg(
            '<mask id="m"><path fill="#fff" d="M0 0h8v8z"/></mask>'
            '<path mask="url(#m)" fill="#06c" d="M0 0h8v8z"/>'
        ),
        None,
    ),
}
