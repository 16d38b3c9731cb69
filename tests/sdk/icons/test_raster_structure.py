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


def test_a_vp8_frame_is_shown_and_of_a_known_version(webp, codes):
    for version in range(8):
        data = webp((b'VP8 ', frame(0x10 | version << 1)))
        if version <= 3:
            assert check_raster(data, WEBP).data == data
        else:
            assert codes(check_raster, data, WEBP) == ['icon_webp_structure']
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
    for head in (b'\0\2', b'\0\3\1', b'\0\6\1\0\0\0', b'\0\x08\2\1\0\0\x3f\0'):
        data = good[:place] + b'\xff\xda' + head + good[place + 10 :]
        assert codes(check_raster, data, JPEG) == ['icon_jpeg_structure']
