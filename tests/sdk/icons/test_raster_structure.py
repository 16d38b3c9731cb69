"""Rasters that differ in one place: where a byte stands, and what it says."""

from __future__ import annotations

import struct
import tracemalloc
import zlib

import pytest

from imbi_plugin_sdk.icons import check_raster

PNG, WEBP, JPEG = 'image/png', 'image/webp', 'image/jpeg'
START = b'\x89PNG\r\n\x1a\n'
RAW = (b'\0' + bytes(16)) * 3
"""Three rows of four RGBA pixels."""


@pytest.fixture(name='png_of')
def fixture_png_of(chunk):
    """Return a maker of a PNG of 4 by 3 pixels from its IDAT chunks."""

    def make(*pieces, before=b''):
        fields = struct.pack('>IIBBBBB', 4, 3, 8, 6, 0, 0, 0)
        data = b''.join(chunk(b'IDAT', piece) for piece in pieces)
        head = START + chunk(b'IHDR', fields) + before
        return head + data + chunk(b'IEND')

    return make


def packed(window=15):
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    return packer.compress(RAW) + packer.flush()


def test_pixels_may_be_cut_anywhere(png_of):
    whole = packed()
    for place in range(len(whole) + 1):
        data = png_of(whole[:place], whole[place:])
        assert check_raster(data, PNG).data == data
    one_by_one = png_of(*(bytes([byte]) for byte in whole), b'')
    assert check_raster(one_by_one, PNG).data == one_by_one


def test_a_stream_of_another_kind_or_without_its_end_is_refused(png_of, codes):
    whole = packed()
    packer = zlib.compressobj(zdict=b'\0' * 17)
    pixels = {
        'nothing': [b''],
        'no check value': [whole[:-4]],
        'raw deflate': [packed(-15)],
        'gzip': [packed(31)],
        'with a dictionary': [packer.compress(RAW) + packer.flush()],
        'a window too large': [b'\x88\x1c' + whole[2:]],
        'a row too few': [zlib.compress(RAW[:-17])],
        'a byte too few': [zlib.compress(RAW[:-1])],
        'only empty blocks': [b'\x78\x01' + b'\0\0\0\xff\xff' * 9_000],
    }
    for name, pieces in pixels.items():
        found = codes(check_raster, png_of(*pieces), PNG)
        assert found == ['icon_png_pixels'], name
    over = png_of(zlib.compress(RAW + b'\0'))
    assert codes(check_raster, over, PNG) == ['icon_bomb']
    assert codes(check_raster, png_of(whole, b'x'), PNG) == [
        'icon_trailing_data'
    ]
    for window in (9, 12, 15):
        assert check_raster(png_of(packed(window)), PNG)


def test_the_filter_of_every_row_of_every_pass_is_looked_at(png, codes):
    # Rows of a grey picture of 8 by 8 pixels, by pass of Adam7.
    passes = [(1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4)]
    widths = [width for width, rows in passes for _ in range(rows)]
    for bad in range(len(widths)):
        rows = [b'\4' + bytes(width) for width in widths]
        data = png(8, 8, 8, 0, 1, raw=b''.join(rows))
        assert check_raster(data, PNG).data == data
        rows[bad] = b'\5' + rows[bad][1:]
        data = png(8, 8, 8, 0, 1, raw=b''.join(rows))
        assert codes(check_raster, data, PNG) == ['icon_png_pixels'], bad
    # And in the last row of many blocks.
    raw = (b'\0' + bytes(4_000)) * 999 + b'\5' + bytes(4_000)
    tall = png(1_000, 1_000, 8, 6, raw=raw)
    assert codes(check_raster, tall, PNG) == ['icon_png_pixels']


def test_the_largest_picture_is_checked_in_little_memory(png):
    raw = (b'\0' + bytes(2_048 * 8)) * 2_048
    data = png(2_048, 2_048, 16, 6, raw=raw)
    assert len(data) < 40_000
    check_raster(data, PNG)
    tracemalloc.start()
    check_raster(data, PNG)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_500_000  # of the 32 MiB that it unpacks to


def test_chunks_stand_on_their_side_of_the_palette(png, chunk, codes):
    palette, clear = chunk(b'PLTE', bytes(6)), chunk(b'tRNS', b'\0')
    for kind, size in (
        (b'gAMA', 4),
        (b'cHRM', 32),
        (b'sRGB', 1),
        (b'sBIT', 3),
    ):
        one = chunk(kind, bytes(size))
        good = png(depth=8, color=3, before=one, palette=palette)
        assert check_raster(good, PNG).data == good
        late = png(depth=8, color=3, palette=palette + one)
        assert codes(check_raster, late, PNG) == ['icon_png_structure']
    good = png(depth=8, color=3, palette=palette + clear)
    assert check_raster(good, PNG).data == good
    for one in (chunk(b'bKGD', bytes(6)), chunk(b'tRNS', bytes(6))):
        early = png(color=2, before=one, palette=palette)
        assert codes(check_raster, early, PNG) == ['icon_png_structure']
    ground = chunk(b'bKGD', b'\0')
    early = png(depth=8, color=3, before=ground, palette=palette)
    assert codes(check_raster, early, PNG) == ['icon_png_structure']


def test_thousands_of_one_kind_of_chunk_are_told_once(png, chunk):
    result = check_raster(png(before=chunk(b'tEXt') * 5_000), PNG)
    assert [removal.what for removal in result.removals] == ['chunk tEXt']
    assert result.data == png()


ADAM7 = (
    '16462646', '77777777', '56565656', '77777777',
    '36463646', '77777777', '56565656', '77777777',
)  # fmt: skip
"""The pass of each pixel (PNG, section 8.1), repeated over the picture."""


@pytest.mark.parametrize('width', range(1, 10))
@pytest.mark.parametrize('height', range(1, 10))
def test_interlaced_pixels_are_measured_rightly(png, codes, width, height):
    raw = b''
    for number in '1234567':
        for y in range(height):
            row = (ADAM7[y % 8] * 2)[:width].count(number)
            raw += (b'\0' + bytes(row)) if row else b''
    data = png(width, height, 8, 0, 1, raw=raw)

    assert check_raster(data, PNG).data == data
    short = png(width, height, 8, 0, 1, raw=raw[:-1])
    assert codes(check_raster, short, PNG) == ['icon_png_pixels']


LENGTHS = {
    b'sBIT': {0: 1, 2: 3, 3: 3, 4: 2, 6: 4},
    b'bKGD': {0: 2, 2: 6, 3: 1, 4: 2, 6: 6},
    b'gAMA': dict.fromkeys((0, 2, 3, 4, 6), 4),
    b'cHRM': dict.fromkeys((0, 2, 3, 4, 6), 32),
    b'sRGB': dict.fromkeys((0, 2, 3, 4, 6), 1),
    b'pHYs': dict.fromkeys((0, 2, 3, 4, 6), 9),
    b'tRNS': {0: 2, 2: 6},
}
"""Bytes of a chunk by colour type (PNG, section 11.3)."""


@pytest.mark.parametrize('kind', LENGTHS)
def test_a_chunk_that_stays_has_its_length(png, chunk, codes, kind):
    for color, length in LENGTHS[kind].items():
        palette = chunk(b'PLTE', bytes(3)) if color == 3 else b''
        behind = kind == b'bKGD'
        for wrong in (-1, 0, 1):
            one = chunk(kind, bytes(length + wrong))
            around = palette + one if behind else one + palette
            data = png(color=color, palette=around)
            if wrong:
                found = codes(check_raster, data, PNG)
                assert found == ['icon_png_structure'], (color, wrong)
            else:
                assert check_raster(data, PNG).data == data


# WebP


def frame(tag=0x10, size=(4, 3)):
    start = tag.to_bytes(3, 'little') + b'\x9d\x01\x2a'
    return start + struct.pack('<HH', *size) + b'\0\0'


def canvas(flags=0x10, size=(4, 3)):
    sides = b''.join((side - 1).to_bytes(3, 'little') for side in size)
    return (b'VP8X', bytes([flags, 0, 0, 0]) + sides)


LOSSY = (b'VP8 ', frame())


def test_a_webp_begins_with_riff(webp, codes):
    good = webp(LOSSY)
    for start in (b'PK\3\4', b'<svg', b'RIFX', b'riff', b'%PDF'):
        found = codes(check_raster, start + good[4:], WEBP)
        assert found == ['icon_media_type_mismatch']


def test_a_webp_has_one_canvas(webp, codes):
    for second in (canvas(), canvas(size=(9, 9))):
        data = webp(canvas(), second, LOSSY)
        assert codes(check_raster, data, WEBP) == ['icon_webp_structure']


def test_any_sign_of_frames_is_an_animation(webp, codes):
    for kind in (b'ANIM', b'ANMF'):
        data = webp(canvas(), (kind, bytes(6)), LOSSY)
        assert codes(check_raster, data, WEBP) == ['icon_animated']
    # Every flag but that of the animation, and those without a meaning.
    data = webp(canvas(0xFD), LOSSY)
    assert check_raster(data, WEBP).data == webp(canvas(), LOSSY)


def test_a_vp8_frame_is_shown_and_of_a_known_version(webp, codes):
    for version in range(8):
        data = webp((b'VP8 ', frame(0x10 | version << 1)))
        if version <= 3:
            assert check_raster(data, WEBP).data == data
        else:
            assert codes(check_raster, data, WEBP) == ['icon_webp_structure']
    # The first partition has its length in the tag; two bytes are there.
    for length, fits in ((2, True), (3, False)):
        data = webp((b'VP8 ', frame(0x10 | length << 5)))
        if fits:
            assert check_raster(data, WEBP).data == data
        else:
            assert codes(check_raster, data, WEBP) == ['icon_webp_structure']
    other = webp((b'VP8 ', frame().replace(b'\x9d\x01\x2a', b'\x9d\x01\x2b')))
    assert codes(check_raster, other, WEBP) == ['icon_webp_structure']
    hidden = webp((b'VP8 ', frame(0)))
    assert codes(check_raster, hidden, WEBP) == ['icon_webp_structure']
    scaled = webp((b'VP8 ', frame(size=(4 | 0xC000, 3 | 0x4000))))
    assert check_raster(scaled, WEBP).width == 4


def test_an_alpha_plane_is_of_a_known_kind(webp, codes):
    for head in range(256):
        plane = (b'ALPH', bytes([head]) + bytes(12))
        data = webp(canvas(), plane, LOSSY)
        # Compression and preprocessing 0 or 1, any filter, nothing reserved.
        if head & 3 < 2 and head >> 4 < 2:
            assert check_raster(data, WEBP).data == data
        else:
            assert codes(check_raster, data, WEBP) == ['icon_webp_structure']
    empty = webp(canvas(), (b'ALPH', b'\1'), LOSSY)
    assert codes(check_raster, empty, WEBP) == ['icon_webp_structure']


def test_alpha_is_announced_as_it_was(webp):
    """Browsers go by the canvas, and would draw another picture."""
    bits = 3 | 2 << 14 | 1 << 28
    lossless = (b'VP8L', b'\x2f' + bits.to_bytes(4, 'little') + b'\x88\x08')
    plane = (b'ALPH', b'\0' + bytes(12))
    for flags in (0, 0x10):
        for rest in ([lossless], [plane, LOSSY], [LOSSY]):
            data = webp(canvas(flags), *rest)
            assert check_raster(data, WEBP).data == data


# JPEG


def segment(marker, data=b''):
    return bytes((0xFF, marker)) + struct.pack('>H', len(data) + 2) + data


JFIF = b'JFIF\0\1\1\0\0\1\0\1'
ADOBE = b'Adobe\0\x64\0\0\0\0\2'


def test_what_makes_colours_stays_and_what_hides_behind_it_goes(jpeg):
    kept = segment(0xE0, JFIF + b'\0\0') + segment(0xEE, ADOBE)
    assert check_raster(jpeg(before=kept), JPEG).removals == ()
    assert check_raster(jpeg(before=kept), JPEG).data == jpeg(before=kept)

    longer = segment(0xE0, JFIF + b'\1\1abc') + segment(0xEE, ADOBE + b'more')
    result = check_raster(jpeg(before=longer), JPEG)
    assert result.data == jpeg(before=kept)
    assert [r.what for r in result.removals] == [
        'segment FFE0',
        'segment FFEE',
    ]
    for short in (segment(0xE0, JFIF + b'\0'), segment(0xEE, ADOBE[:-1])):
        assert check_raster(jpeg(before=short), JPEG).data == jpeg()
    swapped = segment(0xEE, JFIF + b'\0\0') + segment(0xE0, ADOBE)
    assert check_raster(jpeg(before=swapped), JPEG).data == jpeg()


def test_fill_bytes_are_skipped(jpeg):
    data = jpeg(before=b'\xff\xff')
    assert check_raster(data, JPEG).data == jpeg()
    data = jpeg(before=b'\xff' + segment(0xE0, JFIF + b'\0\0'))
    assert check_raster(data, JPEG).removals == ()


def test_a_scans_header_has_the_length_of_its_channels(jpeg, codes):
    good = jpeg()
    place = good.index(b'\xff\xda')
    for head in (b'\0\2', b'\0\3\1', b'\0\6\1\0\0\0', b'\0\x08\2\1\0\0\x3f\0',
                 b'\0\6\0\0\0\0', b'\0\x10\5' + bytes(13)):  # fmt: skip
        data = good[:place] + b'\xff\xda' + head + good[place + 10 :]
        assert codes(check_raster, data, JPEG) == ['icon_jpeg_structure']
    four = b'\xff\xda\0\x0e\4' + bytes(11)
    data = good[:place] + four + good[place + 10 :]
    assert check_raster(data, JPEG).data == data


def test_a_frame_has_1_3_or_4_channels(jpeg, codes):
    good = jpeg()
    for channels in range(6):
        body = b'\x08\0\x08\0\x08' + bytes([channels]) + bytes(3 * channels)
        data = good.replace(good[2:15], segment(0xC0, body))
        if channels in {1, 3, 4}:
            assert check_raster(data, JPEG).data == data
        else:
            assert codes(check_raster, data, JPEG) == ['icon_jpeg_structure']


def test_tables_have_the_lengths_that_they_announce(jpeg, codes):
    def codes_of(head, *counts):
        counts = bytes(counts) + bytes(16 - len(counts))
        return bytes([head]) + counts + bytes(sum(counts))

    right = [
        (0xDB, bytes(65)),
        (0xDB, b'\3' + bytes(64) + b'\x12' + bytes(128)),
        (0xC4, codes_of(0x13, 0, 2, 1) + codes_of(0)),
        (0xDD, b'\0\4'),
    ]
    for marker, tables in right:
        data = jpeg(before=segment(marker, tables))
        assert check_raster(data, JPEG).data == data
    wrong = [
        *((marker, b'') for marker in (0xDB, 0xC4, 0xDD)),
        *((marker, tables + b'\0') for marker, tables in right),
        *((marker, tables[:-1]) for marker, tables in right),
        (0xDD, bytes(4)),
        (0xDB, b'\4' + bytes(64)),
        (0xDB, b'\x20' + bytes(192)),
        (0xC4, codes_of(0x20)),
        (0xC4, codes_of(0x04)),
        (0xC4, b'\0' * 9),
        (0xC4, b'PK\3\4' + bytes(400)),
    ]
    for marker, tables in wrong:
        data = jpeg(before=segment(marker, tables))
        found = codes(check_raster, data, JPEG)
        assert found == ['icon_jpeg_structure'], (marker, tables)
