"""Icons: speed beside peers in the same run, and pictures before and after.

Run `python -m benchmarks.icons` (or `python benchmarks/icons.py`). It needs
node and npm: the icon packages and the renderer (resvg) are installed into a
temporary directory and thrown away. Peers that are not installed are said to
be missing; `pip install py-svg-hush nh3` brings them.

Every number is CPU seconds of one process, the best of three passes, and
means something only as a ratio within one run.
"""

from __future__ import annotations

import argparse
import base64
import collections
import contextlib
import hashlib
import pathlib
import shutil
import struct
import sys
import tempfile
import time
import zlib
from typing import TYPE_CHECKING, Any

from defusedxml import ElementTree

from imbi_plugin_sdk.errors import IconError
from imbi_plugin_sdk.icons import MAX_ICON_BYTES, check_raster, sanitize_svg

# The tests draw icons, too; the helper is theirs.
sys.path.insert(
    0, str(pathlib.Path(__file__).resolve().parents[1] / 'tests/support')
)
import brand_icons

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES = (
    'simple-icons',
    'devicon',
    'super-tiny-icons',
    'cryptocurrency-icons',
    'material-icon-theme',
    'flag-icons',
    '@iconify-json/logos',
    '@iconify-json/skill-icons',
    '@iconify-json/vscode-icons',
    '@lobehub/icons-static-svg',
)
ICONS_PER_SECOND = 2_500
HOSTILE_SECONDS = 0.5
PNG_SECONDS = 0.002
IDENTICAL = 0.997


def peers() -> dict[str, Callable[[bytes], Any] | None]:
    """Return what each peer does with an icon; None where it is missing."""
    found: dict[str, Callable[[bytes], Any] | None] = {
        'defusedxml, parse only': ElementTree.fromstring,
        'py-svg-hush (Rust)': None,
        'nh3 (Rust)': None,
    }
    with contextlib.suppress(ImportError):
        import py_svg_hush  # noqa: PLC0415  may be absent

        found['py-svg-hush (Rust)'] = py_svg_hush.filter_svg
    with contextlib.suppress(ImportError):
        import nh3  # noqa: PLC0415  may be absent

        tags = {'svg', 'g', 'path', 'rect', 'circle', 'defs', 'use', 'stop'}
        names = {'d', 'fill', 'viewbox', 'width', 'height', 'id', 'x', 'y'}
        found['nh3 (Rust)'] = lambda data: nh3.clean(
            data.decode(), tags=tags, attributes={'*': names}
        )
    return found


def rate(call: Callable[[bytes], Any], data: list[bytes]) -> float:
    """Return icons per CPU second, the best of three passes."""
    best = float('inf')
    for _ in range(3):
        start = time.process_time()
        for one in data:
            with contextlib.suppress(Exception):
                call(one)
        best = min(best, time.process_time() - start)
    return len(data) / best


def measure_speed(data: list[bytes]) -> bool:
    """Print icons per CPU second, ours and the peers'."""
    mean = sum(map(len, data)) / len(data)
    print(f'\n{len(data):,} icons of {mean:,.0f} bytes on average')
    ours = rate(sanitize_svg, data)
    print(f'  {"sanitize_svg":26} {ours:9,.0f} icons/s   1.00')
    for name, call in peers().items():
        if call is None:
            print(f'  {name:26} not installed, skipped')
            continue
        theirs = rate(call, data)
        print(f'  {name:26} {theirs:9,.0f} icons/s   {theirs / ours:.2f}')
    return ours >= ICONS_PER_SECOND


def document(body: str) -> bytes:
    """Return a document with a body."""
    head = '<svg xmlns="http://www.w3.org/2000/svg">'
    return f'{head}{body}</svg>'.encode()


def hostile() -> dict[str, bytes]:
    """Return documents of 64 KiB that are made to take long."""
    room = MAX_ICON_BYTES - 200

    def bulk(unit: str, before: str = '', after: str = '') -> bytes:
        # More style than this is refused before it is read.
        most = 40_960 if 'style' in before else room
        times = (most - len(before + after)) // len(unit)
        return document(before + unit * times + after)

    return {
        'path of points': bulk('1 1 ', '<path d="M', '"/>'),
        'path of arcs': bulk('1 1 1 0 11 1', '<path d="M0 0A', '"/>'),
        'nested functions': bulk('a(', '<g style="fill:', '"/>'),
        'declarations': bulk('a:b;', '<g style="', '"/>'),
        'invalid declarations': bulk('fill:x;', '<g style="', '"/>'),
        'style attributes': bulk('<g style="a:b"/>'),
        'selectors': bulk('a,', '<style>', 'a{}</style>'),
        'blocks': bulk('{[(', '<style>', '</style>'),
        'rules': bulk('g{fill:red}', '<style>', '</style><g/>'),
        'deep selectors': document(
            f'<style>{"g g>g g>g g>x{fill:red}" * 900}</style>'
            f'{"<g>" * 40}{"<g/>" * 3_000}{"</g>" * 40}'
        ),
        'elements that go': bulk('<x/>'),
        'attributes that go': bulk('<g onload="" onclick="" a="" b=""/>'),
        'clones': bulk('<use href="#a"/>', '<g id="a"/>'),
        'a picture that inflates': document(
            '<image href="data:image/png;base64,'
            + base64.b64encode(png(2_048, 2_048, 16, b'')).decode()
            + '"/>'
        ),
    }


def png(side: int, rows: int, depth: int, pixels: bytes) -> bytes:
    """Return an RGBA picture; without pixels it is empty."""
    stride = side * depth // 2
    pixels = pixels or bytes(stride * rows)
    raw = b''.join(
        b'\0' + pixels[row * stride : (row + 1) * stride]
        for row in range(rows)
    )
    header = struct.pack('>IIBBBBB', side, rows, depth, 6, 0, 0, 0)
    parts = [b'\x89PNG\r\n\x1a\n']
    for kind, data in (
        (b'IHDR', header),
        (b'IDAT', zlib.compress(raw, 9)),
        (b'IEND', b''),
    ):
        checksum = struct.pack('>I', zlib.crc32(kind + data))
        parts.append(struct.pack('>I', len(data)) + kind + data + checksum)
    return b''.join(parts)


def measure_hostile() -> bool:
    """Print the slowest of the hostile documents."""
    taken: list[tuple[float, str]] = []
    for name, data in hostile().items():
        start = time.process_time()
        with contextlib.suppress(IconError):
            sanitize_svg(data)
        taken.append((time.process_time() - start, name))
    taken.sort(reverse=True)
    print(f'\nhostile input of 64 KiB, slowest of {len(taken)}')
    for seconds, name in taken[:3]:
        print(f'  {name:26} {seconds:9.3f} s')
    return taken[0][0] <= HOSTILE_SECONDS


def measure_png() -> bool:
    """Print the time for the raster check of a full-size PNG."""
    # Two bits of noise a byte: a quarter of a megabyte in nearly 64 KiB.
    noise = hashlib.shake_256(b'icon').digest(236 * 4 * 236)
    data = png(236, 236, 8, bytes(byte & 3 for byte in noise))
    best = float('inf')
    for _ in range(20):
        start = time.process_time()
        check_raster(data, 'image/png')
        best = min(best, time.process_time() - start)
    print(f'\ncheck of a PNG of {len(data):,} bytes: {best * 1e3:.2f} ms')
    return best <= PNG_SECONDS


def measure_fidelity(
    folder: pathlib.Path, found: list[tuple[str, bytes]]
) -> bool:
    """Render before and after, and explain each picture that differs."""
    result = brand_icons.draw(folder, found)
    refused = collections.Counter(code for code, _ in result.refused.values())
    for name, (code, message) in result.refused.items():
        if code != 'icon_too_large':
            print(f'  refused {name}: {message}')
    for each in result.different:
        why = list(each.removals) or 'unexplained'
        print(f'  {each.name}: {each.pixels} pixels; {why}')
    drawn, different = len(result.drawn), len(result.different)
    share = 1 - different / drawn
    print(
        f'\n{drawn:,} pictures rendered before and after: {different} '
        f'differ, {share:.2%} identical; refused: {dict(refused)}'
    )
    return share >= IDENTICAL


def main() -> int:
    """Measure; return 1 where a number is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--packages', type=pathlib.Path, help='a folder npm installed into'
    )
    chosen = parser.parse_args()
    verdicts = {'hostile': measure_hostile(), 'png': measure_png()}
    if shutil.which('npm') is None:
        print('\nno npm: speed on real icons and fidelity are skipped')
    else:
        with tempfile.TemporaryDirectory() as made:
            folder = chosen.packages or pathlib.Path(made)
            if chosen.packages is None:
                brand_icons.install(folder, PACKAGES)
            found = list(brand_icons.icons(folder))
            small = [data for _, data in found if len(data) <= MAX_ICON_BYTES]
            verdicts['speed'] = measure_speed(small)
            verdicts['fidelity'] = measure_fidelity(folder, found)
    missed = [name for name, held in verdicts.items() if not held]
    print(f'\n{"missed: " + ", ".join(missed) if missed else "all met"}')
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
