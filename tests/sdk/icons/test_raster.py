"""Raster pictures: verified to their end, rebuilt without passengers."""

from __future__ import annotations

import hashlib
import struct
import time
import zlib

import pytest

from imbi_plugin_sdk.errors import IconError
from imbi_plugin_sdk.icons import MAX_ICON_BYTES, check_raster

PNG, WEBP, JPEG = 'image/png', 'image/webp', 'image/jpeg'
PIXEL = b'\0' + bytes(16)
"""A row of four RGBA pixels with its filter byte."""


def header(*fields) -> bytes:
    return struct.pack('>IIBBBBB', *fields)


def ihdr(chunk, *fields) -> bytes:
    data = chunk(b'IDAT', zlib.compress(PIXEL * 3)) + chunk(b'IEND')
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header(*fields)) + data


def test_a_clean_png_stays_as_it_is(png):
    result = check_raster(png(), PNG)

    assert result.data == png()
    assert (result.width, result.height) == (4, 3)
    assert result.media_type == PNG
    assert result.sha256 == hashlib.sha256(png()).hexdigest()
    assert result.removals == ()


def test_passengers_leave_a_png_and_colour_stays(png, chunk):
    kept = chunk(b'gAMA', bytes(4)) + chunk(b'sRGB', b'\0')
    extra = (
        chunk(b'iCCP', b'x\0\0' + zlib.compress(b'p'))
        + chunk(b'eXIf', b'MM')
        + chunk(b'prVt', b'secret')
    )
    result = check_raster(
        png(before=kept + extra, after=chunk(b'tEXt', b'a\0b')), PNG
    )

    assert result.data == png(before=kept)
    assert [r.what for r in result.removals] == [
        'chunk iCCP',
        'chunk eXIf',
        'chunk prVt',
        'chunk tEXt',
    ]
    assert {r.grade for r in result.removals} == {'inert'}


@pytest.mark.parametrize(
    ('depth', 'color'),
    [(1, 0), (2, 0), (4, 0), (8, 0), (16, 0), (8, 2), (16, 2), (1, 3), (2, 3),
     (4, 3), (8, 3), (8, 4), (16, 4), (8, 6), (16, 6)],
)  # fmt: skip
def test_every_pixel_format_is_measured_rightly(png, chunk, depth, color):
    palette = chunk(b'PLTE', bytes(6)) if color == 3 else b''
    data = png(5, 3, depth, color, palette=palette)

    assert check_raster(data, PNG).data == data


def bad_png(png, chunk):
    """Yield name, file and code of every way to break a PNG."""
    good = png()
    idat = chunk(b'IDAT', zlib.compress(PIXEL * 3))
    end = chunk(b'IEND')
    start = b'\x89PNG\r\n\x1a\n'
    head = chunk(b'IHDR', header(4, 3, 8, 6, 0, 0, 0))
    plte = chunk(b'PLTE', bytes(6))
    structure = {
        'cut off': good[:-5],
        'cut in a chunk': good[:40],
        'no header first': start + idat + head + end,
        'long header': start + chunk(b'IHDR', bytes(14)) + idat + end,
        'two headers': start + head + head + idat + end,
        'no pixels': start + head + end,
        'end with data': start + head + idat + chunk(b'IEND', b'x'),
        'chunk without a name': start + head + chunk(b'ID\0T') + idat + end,
        'length beyond the file': start + b'\xff\xff\xff\xff' + head[4:],
        'depth that the colour has not': ihdr(chunk, 4, 3, 4, 6, 0, 0, 0),
        'colour type 5': ihdr(chunk, 4, 3, 8, 5, 0, 0, 0),
        'compression 1': ihdr(chunk, 4, 3, 8, 6, 1, 0, 0),
        'filter method 1': ihdr(chunk, 4, 3, 8, 6, 0, 1, 0),
        'interlace 2': ihdr(chunk, 4, 3, 8, 6, 0, 0, 2),
        'unknown critical chunk': png(before=chunk(b'ABCD')),
        'pixels in two places': start + head + idat + chunk(b'tEXt') + idat
        + end,
        'palette behind the pixels': start + head + idat + plte + end,
        'two palettes': png(before=plte + plte),
        'palette of a bad length': png(before=chunk(b'PLTE', bytes(5))),
        'empty palette': png(before=chunk(b'PLTE')),
        'palette too long': png(
            depth=1, color=3, palette=chunk(b'PLTE', bytes(9))
        ),
        'grey with a palette': png(color=0, palette=plte),
        'palette missing': png(color=3),
        'transparency with alpha': png(before=chunk(b'tRNS', bytes(6))),
        'transparency before the palette': png(
            depth=1, color=3, before=chunk(b'tRNS', b'x'), palette=plte
        ),
        'transparency too long': png(
            depth=1, color=3, palette=plte + chunk(b'tRNS', bytes(3))
        ),
        'gamma too long': png(before=chunk(b'gAMA', bytes(5))),
    }  # fmt: skip
    for name, data in structure.items():
        yield name, data, 'icon_png_structure'
    flipped = bytearray(good)
    flipped[20] ^= 1
    yield 'a flipped bit', bytes(flipped), 'icon_png_checksum'
    wrong = start + head + chunk(b'IDAT', zlib.compress(PIXEL * 3), 1) + end
    yield 'a wrong checksum', wrong, 'icon_png_checksum'
    pixels = {
        'a filter that is none': png(raw=b'\5' + bytes(16) + PIXEL * 2),
        'a row too few': png(raw=PIXEL * 2),
        'not zlib': start + head + chunk(b'IDAT', b'hello') + end,
        'a stream without end': start + head
        + chunk(b'IDAT', zlib.compress(PIXEL * 3)[:-4]) + end,
        'a damaged check value': start + head
        + chunk(b'IDAT', zlib.compress(PIXEL * 3)[:-4] + b'abcd') + end,
    }  # fmt: skip
    for name, data in pixels.items():
        yield name, data, 'icon_png_pixels'
    bomb = png(raw=bytes(40_000_000))
    yield 'a bomb', bomb, 'icon_bomb'
    yield 'html behind the end', good + b'<script>', 'icon_trailing_data'
    yield 'a zip behind the end', good + b'PK\3\4', 'icon_trailing_data'
    behind = chunk(b'IDAT', zlib.compress(PIXEL * 3) + b'hidden')
    yield 'data behind zlib', start + head + behind + end, 'icon_trailing_data'
    for kind in (b'acTL', b'fcTL', b'fdAT'):
        yield f'{kind!r}', png(before=chunk(kind, bytes(8))), 'icon_animated'
    for size in ((0, 1), (1, 0), (4_097, 1), (1, 4_097), (1_985, 2_113)):
        yield f'{size}', ihdr(chunk, *size, 8, 6, 0, 0, 0), 'icon_dimensions'


def test_every_way_to_break_a_png_is_named(png, chunk, codes):
    cases = list(bad_png(png, chunk))

    found = {
        name: codes(check_raster, data, PNG)[0] for name, data, _ in cases
    }
    assert found == {name: code for name, _, code in cases}
    assert len(found) > 40


def test_the_largest_sides_pass(png):
    data = png(4_096, 1, 1, 0)
    assert check_raster(data, PNG).width == 4_096
    data = png(2_048, 2_048, 1, 0)
    assert check_raster(data, PNG).height == 2_048


# WebP


def vp8(width=4, height=3, tag=0x10):
    return (
        tag.to_bytes(3, 'little')
        + b'\x9d\x01\x2a'
        + struct.pack('<HH', width, height)
        + b'\0\0'
    )


def vp8l(width=4, height=3, *, alpha=True, version=0):
    bits = width - 1 | height - 1 << 14 | alpha << 28 | version << 29
    return b'\x2f' + bits.to_bytes(4, 'little') + b'\x88\x08'


def vp8x(width=4, height=3, flags=0x10):
    return (
        bytes([flags, 0, 0, 0])
        + (width - 1).to_bytes(3, 'little')
        + (height - 1).to_bytes(3, 'little')
    )


def test_a_simple_webp_stays_as_it_is(webp):
    for chunk in (
        (b'VP8 ', vp8()),
        (b'VP8 ', vp8()[:10]),
        (b'VP8L', vp8l()),
        (b'VP8L', vp8l()[:5]),
    ):
        data = webp(chunk)
        result = check_raster(data, WEBP)
        assert result.data == data
        assert (result.width, result.height) == (4, 3)


def test_passengers_leave_a_webp(webp):
    data = webp(
        (b'VP8X', vp8x(flags=0x3C)),
        (b'ICCP', b'profile'),
        (b'ALPH', b'\0' + bytes(12)),
        (b'VP8 ', vp8()),
        (b'EXIF', b'MM'),
        (b'XMP ', b'<x/>'),
        (b'ABCD', b'?'),
    )
    result = check_raster(data, WEBP)

    assert result.data == webp(
        (b'VP8X', vp8x()), (b'ALPH', b'\0' + bytes(12)), (b'VP8 ', vp8())
    )
    assert [r.what for r in result.removals] == [
        'chunk ICCP',
        'chunk EXIF',
        'chunk XMP',
        'chunk ABCD',
    ]
    assert check_raster(result.data, WEBP).data == result.data


def test_every_way_to_break_a_webp_is_named(webp, codes):
    good = webp((b'VP8 ', vp8()))
    odd = webp((b'VP8 ', vp8() + b'x'))
    lossy, lossless = (b'VP8 ', vp8()), (b'VP8L', vp8l())
    canvas = (b'VP8X', vp8x())
    alpha = (b'ALPH', b'\0' + bytes(12))
    structure = {
        'cut off': good[:-2],
        'no chunk': webp(),
        'chunk cut off': webp(lossy)[:-2] + b'',
        'length too long': good[:16] + b'\xff\0\0\0' + good[20:],
        'padding': odd[:-1] + b'x',
        'no picture': webp(canvas),
        'two pictures': webp(canvas, lossy, lossy),
        'two chunks in a simple file': webp(lossy, (b'EXIF', b'')),
        'no start code': webp((b'VP8 ', bytes(12))),
        'not a key frame': webp((b'VP8 ', vp8(tag=0x11))),
        'partition too long': webp((b'VP8 ', vp8(tag=0xFFFF0))),
        'short frame': webp((b'VP8 ', vp8()[:9])),
        'lossless without signature': webp((b'VP8L', b'x' * 8)),
        'lossless version': webp((b'VP8L', vp8l(version=1))),
        'alpha of a lossless picture': webp(canvas, alpha, lossless),
        'alpha behind the picture': webp(canvas, lossy, alpha),
        'alpha of another size': webp(canvas, (b'ALPH', b'\0x'), lossy),
        'alpha compression': webp(canvas, (b'ALPH', b'\2'), lossy),
        'two alphas': webp(canvas, alpha, alpha, lossy),
        'canvas of another size': webp((b'VP8X', vp8x(5, 3)), lossy),
        'canvas of another length': webp((b'VP8X', b'\0'), lossy),
    }
    for name, data in structure.items():
        assert codes(check_raster, data, WEBP) == ['icon_webp_structure'], name
    frames = webp((b'VP8X', vp8x(flags=2)), (b'ANIM', bytes(6)), lossy)
    assert codes(check_raster, frames, WEBP) == ['icon_animated']
    flag = webp((b'VP8X', vp8x(flags=2)), lossy)
    assert codes(check_raster, flag, WEBP) == ['icon_animated']
    assert codes(check_raster, good + b'x', WEBP) == ['icon_trailing_data']
    wide = webp((b'VP8L', vp8l(4_097, 1)))
    assert codes(check_raster, wide, WEBP) == ['icon_dimensions']


# JPEG


def segment(marker, data=b''):
    return bytes((0xFF, marker)) + struct.pack('>H', len(data) + 2) + data


def test_passengers_leave_a_jpeg_and_adobes_colours_stay(jpeg):
    adobe = segment(0xEE, b'Adobe' + bytes(7))
    tables = segment(0xDB, bytes(65)) + segment(0xDD, b'\0\1')
    dirty = (
        segment(0xE0, b'JFIF\0')
        + segment(0xE1, b'Exif\0\0secret')
        + adobe
        + segment(0xEE, b'other')
        + segment(0xFE, b'comment')
        + tables
    )
    result = check_raster(jpeg(before=dirty), JPEG)

    assert result.data == jpeg(before=adobe + tables)
    assert (result.width, result.height) == (8, 8)
    assert [r.what for r in result.removals] == [
        'segment FFE0',
        'segment FFE1',
        'segment FFEE',
        'segment FFFE',
    ]
    assert check_raster(result.data, JPEG).data == result.data


def test_every_way_to_break_a_jpeg_is_named(jpeg, codes):
    good = jpeg()
    frame = good[2 : 2 + 2 + 2 + 9]
    structure = {
        'no end': good[:-2],
        'nothing': b'\xff\xd8\xff',
        'end only': b'\xff\xd8\xff\xd9',
        'no marker': b'\xff\xd8\xff\xe0\0\2x',
        'cut segment': b'\xff\xd8\xff\xe0\0\x09',
        'segment of no length': b'\xff\xd8\xff\xe0\0\0',
        'two frames': jpeg(before=frame),
        'arithmetic coding': good.replace(b'\xff\xc0', b'\xff\xc9'),
        'scan before the frame': good[:2] + good[2 + len(frame) :],
        'frame without scan': jpeg(scans=0),
        'many scans': jpeg(scans=33),
        'twelve bits': good.replace(b'\0\x0b\x08', b'\0\x0b\x0c'),
        'frame too long': good.replace(b'\1\1\x11\0', b'\3\1\x11\0', 1),
        'a second picture in the first': jpeg(before=b'\xff\xd8'),
    }
    for name, data in structure.items():
        assert codes(check_raster, data, JPEG) == ['icon_jpeg_structure'], name
    assert codes(check_raster, good + good, JPEG) == ['icon_trailing_data']
    assert codes(check_raster, jpeg(0, 8), JPEG) == ['icon_dimensions']
    assert codes(check_raster, jpeg(5_000, 8), JPEG) == ['icon_dimensions']
    assert check_raster(jpeg(scans=32), JPEG).data == jpeg(scans=32)


# All of them


def test_the_media_type_must_be_the_actual_one(png, webp, jpeg, codes):
    files = {PNG: png(), WEBP: webp((b'VP8 ', vp8())), JPEG: jpeg()}
    for declared in files:
        for actual, data in files.items():
            if declared == actual:
                assert check_raster(data, declared).media_type == actual
            else:
                assert codes(check_raster, data, declared) == [
                    'icon_media_type_mismatch'
                ]
    for data in (b'GIF89a', b'<svg/>', b'hello', b'\0\0\1\0', b'RIFFxxxxWAVE'):
        assert codes(check_raster, data, PNG) == ['icon_media_type_mismatch']
    for data in (
        b'<?xml',
        b'<svg',
        b'\xef\xbb\xbf \n<!DOCTYPE svg>',
        b'<!DOC',
    ):
        with pytest.raises(IconError) as caught:
            check_raster(data, PNG)
        told = 'none that is known' if data == b'<!DOC' else 'image/svg+xml'
        assert told in caught.value.problems[0].message
    assert codes(check_raster, png(), 'image/gif') == [
        'icon_media_type_unknown'
    ]
    assert codes(check_raster, b'', PNG) == ['icon_empty']


def test_the_size_limit_is_exact(png, chunk, codes):
    room = MAX_ICON_BYTES - len(png()) - 12
    assert check_raster(png(after=chunk(b'tEXt', bytes(room))), PNG)
    over = png(after=chunk(b'tEXt', bytes(room + 1)))
    assert codes(check_raster, over, PNG) == ['icon_too_large']


def test_a_damaged_file_raises_nothing_but_its_own_error(png, webp, jpeg):
    for data, kind in (
        (png(), PNG),
        (webp((b'VP8X', vp8x()), (b'VP8L', vp8l())), WEBP),
        (jpeg(), JPEG),
    ):
        for index in range(len(data)):
            for value in (0, 0xFF, data[index] ^ 1):
                broken = data[:index] + bytes([value]) + data[index + 1 :]
                try:
                    result = check_raster(broken, kind)
                except IconError:
                    continue
                assert check_raster(result.data, kind).data == result.data
            try:
                check_raster(data[:index], kind)
            except IconError:
                continue
            pytest.fail(f'{kind} cut at {index} passed')


def test_a_png_of_the_full_size_takes_little_time(png):
    noise = hashlib.shake_256(b'x').digest(120 * 481)
    raw = b''.join(
        b'\0' + noise[row * 480 : row * 480 + 480] for row in range(120)
    )
    data = png(120, 120, raw=raw, level=0)
    assert len(data) > 57_000
    check_raster(data, PNG)
    times = []
    for _ in range(5):
        start = time.process_time()
        check_raster(data, PNG)
        times.append(time.process_time() - start)

    assert min(times) < 0.002
