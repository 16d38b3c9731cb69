"""Pictures made by hand, so that each can be broken in one place."""

from __future__ import annotations

import struct
import zlib

import pytest

from imbi_plugin_sdk.errors import IconError
from imbi_plugin_sdk.icons import ICON_PROBLEMS

SVG = 'http://www.w3.org/2000/svg'


def png_chunk(kind: bytes, data: bytes = b'', checksum: int = 0) -> bytes:
    value = zlib.crc32(kind + data) ^ checksum
    return (
        struct.pack('>I', len(data)) + kind + data + struct.pack('>I', value)
    )


def make_png(  # noqa: PLR0913  every field of the header can be wrong
    width=4,
    height=3,
    depth=8,
    color=6,
    interlace=0,
    *,
    raw=None,
    before=b'',
    after=b'',
    palette=b'',
    level=9,
):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    stride = (width * depth * channels + 7) // 8
    if raw is None:
        raw = (b'\0' + bytes(stride)) * height
    header = struct.pack(
        '>IIBBBBB', width, height, depth, color, 0, 0, interlace
    )
    return (
        b'\x89PNG\r\n\x1a\n'
        + png_chunk(b'IHDR', header)
        + before
        + palette
        + png_chunk(b'IDAT', zlib.compress(raw, level))
        + after
        + png_chunk(b'IEND')
    )


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b'WEBP'
    for kind, data in chunks:
        body += kind + struct.pack('<I', len(data)) + data
        body += b'\0' * (len(data) & 1)
    return b'RIFF' + struct.pack('<I', len(body)) + body


def make_jpeg(width=8, height=8, *, before=b'', scans=1, tail=b'\xff\xd9'):
    frame = struct.pack('>BHHB', 8, height, width, 1) + b'\1\x11\0'
    scan = b'\xff\xda' + struct.pack('>H', 8) + b'\1\1\0\0\x3f\0'
    scan += b'\x12\xff\x00\x34\xff\xd0\x56'
    return (
        b'\xff\xd8'
        + before
        + b'\xff\xc0'
        + struct.pack('>H', 2 + len(frame))
        + frame
        + scan * scans
        + tail
    )


@pytest.fixture(name='svg')
def fixture_svg():
    """Return a maker of documents: body, then attributes of the root."""

    def make(body='', attributes='viewBox="0 0 8 8"', head='') -> bytes:
        text = (
            f'{head}<svg xmlns="{SVG}" '
            f'xmlns:xlink="http://www.w3.org/1999/xlink" {attributes}>'
            f'{body}</svg>'
        )
        return text.encode()

    return make


@pytest.fixture(name='png')
def fixture_png():
    return make_png


@pytest.fixture(name='chunk')
def fixture_chunk():
    return png_chunk


@pytest.fixture(name='webp')
def fixture_webp():
    return riff


@pytest.fixture(name='jpeg')
def fixture_jpeg():
    return make_jpeg


@pytest.fixture(name='codes')
def fixture_codes():
    """Return the problem codes that a call is refused with."""

    def refused(call, *args, **kwargs) -> list[str]:
        with pytest.raises(IconError) as caught:
            call(*args, **kwargs)
        problems = caught.value.problems
        for problem in problems:
            assert problem.fix == ICON_PROBLEMS[problem.code][1]
            assert problem.message.endswith('.')
        return [problem.code for problem in problems]

    return refused
