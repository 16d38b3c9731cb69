"""Metadata is dropped; what could be seen of it is said to have been."""

from __future__ import annotations

import struct
import time
import zlib

import pytest

from imbi_plugin_sdk.icons import check_raster, sanitize_svg

PNG, WEBP, JPEG = 'image/png', 'image/webp', 'image/jpeg'
SRGB = (
    (0.4361, 0.2225, 0.0139),
    (0.3851, 0.7169, 0.0971),
    (0.1431, 0.0606, 0.7141),
)
P3 = (
    (0.5151, 0.2412, -0.0011),
    (0.2920, 0.6922, 0.0419),
    (0.1571, 0.0666, 0.7841),
)


def fixed(*values):
    return b''.join(struct.pack('>i', round(v * 65_536)) for v in values)


def curve(*table):
    return b'curv\0\0\0\0' + struct.pack(
        f'>I{len(table)}H', len(table), *table
    )


def gamma(value):
    return curve(round(value * 256))


def para(kind, *values):
    return b'para\0\0\0\0' + struct.pack('>HH', kind, 0) + fixed(*values)


SRGB_CURVE = para(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def profile(primaries=SRGB, tone=SRGB_CURVE, space=b'RGB ', mark=b'acsp'):
    """Return an ICC profile of the tags that are looked at."""
    names = (b'rXYZ', b'gXYZ', b'bXYZ')
    tags = {
        name: b'XYZ \0\0\0\0' + fixed(*value)
        for name, value in zip(names, primaries, strict=False)
    }
    tags[b'rTRC' if space == b'RGB ' else b'kTRC'] = tone
    place = 132 + 12 * len(tags)
    table = body = b''
    for name, data in tags.items():
        table += name + struct.pack('>II', place + len(body), len(data))
        body += data
    head = bytes(16) + space + bytes(16) + mark
    head += bytes(128 - len(head))
    return head + struct.pack('>I', len(tags)) + table + body


def tiff(value, order='>', tag=0x0112, kind=3):
    mark = b'MM\0*' if order == '>' else b'II*\0'
    rows = struct.pack(f'{order}HHIHH', 0x0100, 3, 1, 9, 0)
    rows += struct.pack(f'{order}HHIHH', tag, kind, 1, value, 0)
    return mark + struct.pack(f'{order}IH', 8, 2) + rows + bytes(4)


@pytest.fixture(name='carried')
def fixture_carried(png, chunk, webp, jpeg):
    """Return a maker: one kind of metadata in each of the three formats."""
    shape = (b'VP8X', bytes(4) + b'\3\0\0\2\0\0')
    bits = 3 | 2 << 14
    picture = (b'VP8L', b'\x2f' + bits.to_bytes(4, 'little') + b'\x88\x08')

    def make(icc=None, exif=None):
        app = b''
        if icc is not None:
            middle = len(icc) // 2
            for number, piece in enumerate((icc[:middle], icc[middle:]), 1):
                data = b'ICC_PROFILE\0' + bytes([number, 2]) + piece
                app += b'\xff\xe2' + struct.pack('>H', len(data) + 2) + data
            note = chunk(b'iCCP', b'name\0\0' + zlib.compress(icc))
            part = (b'ICCP', icc)
        else:
            data = b'Exif\0\0' + exif
            app = b'\xff\xe1' + struct.pack('>H', len(data) + 2) + data
            note, part = chunk(b'eXIf', exif), (b'EXIF', exif)
        return [
            (png(before=note), PNG),
            (webp(shape, part, picture), WEBP),
            (jpeg(before=app), JPEG),
        ]

    return make


def grades(files):
    found = set()
    for data, kind in files:
        result = check_raster(data, kind)
        (removal,) = result.removals
        assert (removal.line, removal.column) == (0, 0)
        assert check_raster(result.data, kind).removals == ()
        found.add(removal.grade)
    return found


LIKE_SRGB = {
    'srgb': profile(),
    'a gamma of 2.2': profile(tone=gamma(2.2)),
    'a table': profile(
        tone=curve(*(round((n / 32) ** 2.2 * 65_535) for n in range(33)))
    ),
    'kind 0': profile(tone=para(0, 2.2)),
    'kind 1': profile(tone=para(1, 2.2, 1, 0)),
    'kind 2': profile(tone=para(2, 2.2, 1, 0, 0)),
    'kind 4': profile(
        tone=para(4, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04, 0, 0)
    ),
    'grey': profile((), gamma(2.2), b'GRAY'),
    'none at all': b'hello' * 40,
    'without its mark': profile(P3, mark=b'xxxx'),
    'empty': b'',
}
OTHERS = {
    'display p3': profile(P3),
    'linear': profile(tone=curve()),
    'a gamma of 1.8': profile(tone=gamma(1.8)),
    'a linear table': profile(tone=curve(0, 32_768, 65_535)),
    'kind 0': profile(tone=para(0, 1.0)),
    'kind 1': profile(tone=para(1, 2.2, 0.5, 0.5)),
    'kind 2 with an offset': profile(tone=para(2, 2.2, 1, 0, 0.2)),
    'kind 3': profile(tone=para(3, 1.0, 1, 0, 1, 0)),
    'kind 4 with an offset': profile(tone=para(4, 2.2, 1, 0, 1, 0, 0.2, 0)),
    'a curve that divides by nothing': profile(tone=para(1, -1, 0, 0)),
    'a curve beyond counting': profile(tone=para(1, 30_000, 30_000, 0)),
    'an unknown kind': profile(tone=para(9, 2.2)),
    'dark grey': profile((), gamma(1.0), b'GRAY'),
    'four inks': profile(space=b'CMYK'),
    'red and blue swapped': profile(SRGB[::-1]),
    'one primary missing': profile(SRGB[:2]),
    'cut off': profile()[:150],
}


@pytest.mark.parametrize('name', LIKE_SRGB)
def test_a_profile_that_changes_nothing_is_inert(carried, name):
    assert grades(carried(LIKE_SRGB[name])) == {'inert'}


@pytest.mark.parametrize('name', OTHERS)
def test_a_profile_of_other_colours_is_a_visual_loss(carried, name):
    assert grades(carried(OTHERS[name])) == {'visual'}


def test_a_profile_cut_anywhere_is_still_only_a_grade(carried):
    for whole in (profile(), profile(tone=gamma(2.2))):
        for end in range(1, len(whole), 7):
            assert grades(carried(whole[:end])) <= {'inert', 'visual'}


def test_a_profile_that_unpacks_to_gigabytes_is_not_unpacked(png, chunk):
    bomb = chunk(b'iCCP', b'x\0\0' + zlib.compress(bytes(40_000_000)))
    assert grades([(png(before=bomb), PNG)]) == {'inert'}
    many = png(
        before=chunk(b'iCCP', b'x\0\0' + zlib.compress(bytes(1 << 20))) * 60
    )
    start = time.process_time()
    assert grades([(many, PNG)]) == {'inert'}
    assert time.process_time() - start < 0.1
    broken = chunk(b'iCCP', b'x\0\0not zlib')
    assert grades([(png(before=broken), PNG)]) == {'inert'}


@pytest.mark.parametrize('order', '<>')
def test_an_orientation_that_turns_is_a_visual_loss(carried, order):
    for value in range(11):
        turned = 2 <= value <= 8
        wanted = {'visual' if turned else 'inert'}
        assert grades(carried(exif=tiff(value, order))) == wanted, value
    assert grades(carried(exif=tiff(6, order, tag=0x0113))) == {'inert'}
    assert grades(carried(exif=tiff(6, order, kind=4))) == {'inert'}


def test_broken_exif_turns_nothing(carried):
    whole = tiff(6)
    for data in (b'', b'MM', b'XX' + whole[2:], whole[:30], whole[:9]):
        assert grades(carried(exif=data)) == {'inert'}
    endless = b'MM\0*\0\0\0\x08\xff\xff' + bytes(40)
    assert grades(carried(exif=endless)) == {'inert'}


def test_code_points_of_other_colours_are_a_visual_loss(png, chunk):
    for data, grade in (
        (b'\1\x0d\0\1', 'inert'),
        (b'\x0c\x0d\0\1', 'visual'),
        (b'\x0c\x0d\0', 'inert'),  # browsers do not know what it means
    ):
        file = png(before=chunk(b'cICP', data))
        assert grades([(file, PNG)]) == {grade}


def test_what_a_profile_overruled_goes_with_it(png, chunk):
    """Left alone, browsers would draw by it: 73 of 255 levels off."""
    dull = chunk(b'gAMA', struct.pack('>I', 100_000))
    wide = chunk(b'cHRM', bytes(32))
    kept = chunk(b'sRGB', b'\0')
    icc = chunk(b'iCCP', b'name\0\0' + zlib.compress(profile()))
    points = chunk(b'cICP', b'\1\x0d\0\1')
    for before in (dull + icc + kept + wide, points + kept + wide + dull):
        result = check_raster(png(before=before), PNG)
        assert result.data == png(before=kept)
        told = {(each.what, each.grade) for each in result.removals}
        assert {('chunk gAMA', 'inert'), ('chunk cHRM', 'inert')} < told
    broken = chunk(b'iCCP', b'name\0\0' + zlib.compress(b'none'))
    for other in (b'', broken, chunk(b'cICP', b'\x0c\x0d')):
        result = check_raster(png(before=dull + other + wide), PNG)
        assert result.data == png(before=dull + wide)


def test_the_loss_of_an_embedded_picture_is_told_with_its_place(carried, svg):
    import base64  # noqa: PLC0415  one test embeds

    data, kind = carried(profile(P3))[0]
    uri = f'data:{kind};base64,{base64.b64encode(data).decode()}'
    result = sanitize_svg(svg(f'\n<image href="{uri}" width="4"/>'))
    (removal,) = result.removals
    assert (removal.grade, removal.what, removal.line) == ('visual', 'href', 2)
    assert 'chunk iCCP' in removal.why
