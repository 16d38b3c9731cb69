"""`icon`: what the host would make of an icon file."""

from __future__ import annotations

import base64
import html
import json
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from imbi_plugin_testkit.commands import BROKEN, OK, complain

if TYPE_CHECKING:
    import argparse

    from imbi_plugin_sdk.errors import Problem
    from imbi_plugin_sdk.icons import SanitizedIcon

MEDIA_TYPES = {
    '.png': 'image/png',
    '.svg': 'image/svg+xml',
    '.webp': 'image/webp',
}
SIZES = (16, 32, 64, 128)
"""Sizes at which admin pages show an icon, in CSS pixels."""

SHOWN = 100
"""Columns of a source line that are shown around a removal."""


STDIN = '-'
"""Instead of a file's name: the icon comes by standard input."""


def add_icon(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `icon`."""
    parser.add_argument(
        'file', help='an .svg, .png or .webp file, or - for standard input'
    )
    parser.add_argument('-o', '--output', help='write the clean file here')
    parser.add_argument(
        '--preview', help='write an HTML page of before and after here'
    )


def icon(arguments: argparse.Namespace) -> int:
    """Make an icon safe, and say what is taken out of it and why."""
    from imbi_plugin_sdk.errors import IconError  # noqa: PLC0415
    from imbi_plugin_sdk.icons import sanitize_icon  # noqa: PLC0415

    slip = _slip(arguments)
    if slip:
        return complain(slip)
    name = _name(arguments.file)
    try:
        data = _read(arguments.file)
    except OSError as error:
        return _complain_of(arguments.file, error, 'give a file to read.')
    media_type = _media_type(arguments.file, data)
    if media_type is None:
        return complain(
            f'{name}: the suffix names no icon format. Fix: give one of '
            f'{", ".join(MEDIA_TYPES)}, or - for standard input.'
        )
    try:
        clean = sanitize_icon(data, media_type)
    except IconError as error:
        return _refused(name, data, error.problems, as_json=arguments.json)
    if arguments.json:
        print(json.dumps(_facts(clean, len(data)), indent=2))
    else:
        _print(name, data, clean)
    outputs: list[tuple[str | None, bytes]] = [
        (arguments.output, clean.data),
        (
            arguments.preview,
            preview(name, data, media_type, clean).encode(),
        ),
    ]
    from imbi_plugin_testkit.report.files import write_bytes  # noqa: PLC0415

    for target, content in outputs:
        if target is not None:
            try:
                write_bytes(Path(target), content)
            except OSError as error:
                return _complain_of(target, error, 'give a file to write.')
    active = any(removal.grade == 'active' for removal in clean.removals)
    return BROKEN if active else OK


def _slip(arguments: argparse.Namespace) -> str:
    """Return what makes no sense about the names that are given, if any."""
    output, page = arguments.output, arguments.preview
    if STDIN in {output, page}:
        return 'only the icon may be -. Fix: give a file to write.'
    if Path(page or '').suffix.lower() in MEDIA_TYPES:
        return '--preview writes an HTML page. Fix: give it a name in .html.'
    if page and page == output:
        return '-o and --preview name one file. Fix: give each its own.'
    if arguments.file == STDIN and sys.stdin is None:
        return 'there is no standard input. Fix: give a file to read.'
    return ''


def _name(file: str) -> str:
    """Return what the icon is called before an author."""
    return '<stdin>' if file == STDIN else _printable(Path(file).name)


def _read(file: str) -> bytes:
    """Return the icon, with one byte too many where it is too large."""
    from imbi_plugin_sdk.icons import MAX_ICON_BYTES  # noqa: PLC0415

    if file == STDIN:
        return sys.stdin.buffer.read(MAX_ICON_BYTES + 1)
    with Path(file).open('rb') as source:
        return source.read(MAX_ICON_BYTES + 1)


def _media_type(file: str, data: bytes) -> str | None:
    """Return what an icon is by its suffix, or what comes without a name."""
    if file != STDIN:
        return MEDIA_TYPES.get(Path(file).suffix.lower())
    from imbi_plugin_sdk.icons._raster_common import sniff  # noqa: PLC0415

    return sniff(data) or MEDIA_TYPES['.svg']


def _complain_of(file: str, error: OSError, fix: str) -> int:
    reason = error.strerror or type(error).__name__
    return complain(f'{_printable(file) or "(no name)"}: {reason}. Fix: {fix}')


def _refused(
    name: str, data: bytes, problems: tuple[Problem, ...], *, as_json: bool
) -> int:
    if as_json:
        rows = [
            {'code': p.code, 'at': p.path, 'message': p.message, 'fix': p.fix}
            for p in problems
        ]
        print(json.dumps({'refused': rows}, indent=2))
        return BROKEN
    for problem in problems:
        gap = '' if problem.path else ' '
        print(f'{name}:{gap}{_printable(str(problem))}')
        line, _, column = problem.path.partition(':')
        if line.isdigit() and column.isdigit():
            _point(_lines(data), int(line), int(column))
    return BROKEN


def _facts(clean: SanitizedIcon, before: int) -> dict[str, object]:
    return {
        'media_type': clean.media_type,
        'sha256': clean.sha256,
        'bytes_before': before,
        'bytes': clean.size,
        'width': clean.width,
        'height': clean.height,
        'view_box': list(clean.view_box),
        'removals': [
            {
                'line': removal.line,
                'column': removal.column,
                'what': removal.what,
                'why': removal.why,
                'grade': removal.grade,
            }
            for removal in clean.removals
        ],
    }


def _print(name: str, data: bytes, clean: SanitizedIcon) -> None:
    lines = _lines(data)
    for removal in clean.removals:
        gap = '' if removal.line else ' '
        print(f'{name}:{gap}{_printable(str(removal))}')
        _point(lines, removal.line, removal.column)
    print(
        f'{clean.media_type}, {len(data):,} bytes, {clean.size:,} when clean; '
        f'{len(clean.removals)} removed'
    )


def _lines(data: bytes) -> list[str]:
    """Return the lines of a document, as removals count them."""
    return data.decode('utf-8', 'replace').split('\n')


def _point(lines: list[str], line: int, column: int) -> None:
    for text in pointed(lines, line, column):
        print(f'    {text}'.rstrip())


def pointed(lines: list[str], line: int, column: int) -> list[str]:
    """Return a source line with a caret below a column, both from 1."""
    if not 0 < line <= len(lines):
        return []
    start = max(0, column - 1 - SHOWN // 2)
    text = _printable(lines[line - 1].expandtabs(1))[start : start + SHOWN]
    before = text[: column - 1 - start]
    return [text, ' ' * sum(map(_columns, before)) + '^']


def _columns(char: str) -> int:
    """Return how many columns of a terminal a character takes."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in 'FW' else 1


def _printable(text: str) -> str:
    """Return text that does nothing to a terminal or a page."""
    return ''.join(char if char.isprintable() else '?' for char in text)


def preview(
    name: str, data: bytes, media_type: str, clean: SanitizedIcon
) -> str:
    """Return a page that shows the icon before and after, on two grounds.

    Both are shown in `<img>`, where nothing runs, and the page forbids every
    request by its policy: what was wrong with the file cannot act here.
    """
    rows: list[str] = []
    for title, kind, raw in (
        ('before', media_type, data),
        ('after', clean.media_type, clean.data),
    ):
        source = f'data:{kind};base64,{base64.b64encode(raw).decode()}'
        images = ''.join(
            f'<img src="{source}" width="{size}" height="{size}" '
            f'alt="{title}, {size} pixels">'
            for size in SIZES
        )
        rows.append(
            f'<h2>{title}: {len(raw):,} bytes</h2>'
            f'<p class="light">{images}</p><p class="dark">{images}</p>'
        )
    removals = ''.join(
        f'<tr><td>{f"{removal.line}:{removal.column}" if removal.line else ""}'
        f'<td>{removal.grade}'
        f'<td>{html.escape(removal.what)}<td>{html.escape(removal.why)}'
        for removal in clean.removals
    )
    return _PAGE.format(
        name=html.escape(name), rows=''.join(rows), removals=removals
    )


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{name}</title>
<style>
body {{ font: 1rem/1.5 system-ui; margin: 2rem; }}
p {{ display: flex; gap: 1rem; padding: 1rem; align-items: end; }}
.light {{ background: #fff; border: 1px solid #ccc; }}
.dark {{ background: #16181d; }}
td, th {{ padding: .2rem .8rem; text-align: left; }}
</style>
<h1>{name}</h1>
{rows}
<h2>Removed</h2>
<table><tr><th>place<th>grade<th>what<th>why{removals}</table>
"""
