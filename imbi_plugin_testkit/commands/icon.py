"""`icon`: what the host would make of an icon file."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from typing import TYPE_CHECKING

from imbi_plugin_testkit.commands import BROKEN, OK, complain

if TYPE_CHECKING:
    import argparse

    from imbi_plugin_sdk.errors import Problem
    from imbi_plugin_sdk.icons import Removal, SanitizedIcon

MEDIA_TYPES = {
    '.png': 'image/png',
    '.svg': 'image/svg+xml',
    '.webp': 'image/webp',
}
SIZES = (16, 32, 64, 128)
"""Sizes at which admin pages show an icon, in CSS pixels."""

SHOWN = 100
"""Columns of a source line that are shown around a removal."""


def add_icon(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `icon`."""
    parser.add_argument('file', help='an .svg, .png or .webp file')
    parser.add_argument('-o', '--output', help='write the clean file here')
    parser.add_argument(
        '--preview', help='write an HTML page of before and after here'
    )


def icon(arguments: argparse.Namespace) -> int:
    """Make an icon safe, and say what is taken out of it and why."""
    from imbi_plugin_sdk.errors import IconError  # noqa: PLC0415
    from imbi_plugin_sdk.icons import sanitize_icon  # noqa: PLC0415

    path = Path(arguments.file)
    media_type = MEDIA_TYPES.get(path.suffix.lower())
    if media_type is None:
        return complain(
            f'{path.name}: the suffix names no icon format. Fix: give one of '
            f'{", ".join(MEDIA_TYPES)}.'
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        return complain(f'{path}: {error.strerror}.')
    try:
        clean = sanitize_icon(data, media_type)
    except IconError as error:
        return _refused(error.problems, as_json=arguments.json)
    if arguments.json:
        print(json.dumps(_facts(clean, len(data)), indent=2))
    else:
        _print(path.name, data, clean)
    if arguments.output:
        Path(arguments.output).write_bytes(clean.data)
    if arguments.preview:
        page = preview(path.name, data, media_type, clean)
        Path(arguments.preview).write_text(page, 'utf-8')
    active = any(removal.grade == 'active' for removal in clean.removals)
    return BROKEN if active else OK


def _refused(problems: tuple[Problem, ...], *, as_json: bool) -> int:
    if as_json:
        rows = [
            {'code': p.code, 'at': p.path, 'message': p.message, 'fix': p.fix}
            for p in problems
        ]
        print(json.dumps({'refused': rows}, indent=2))
    else:
        for problem in problems:
            print(problem)
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
    lines = data.decode('utf-8', 'replace').splitlines()
    for removal in clean.removals:
        print(f'{name}:{removal}')
        for line in pointed(lines, removal):
            print(f'    {line}')
    print(
        f'{clean.media_type}, {len(data):,} bytes, {clean.size:,} when clean; '
        f'{len(clean.removals)} removed'
    )


def pointed(lines: list[str], removal: Removal) -> list[str]:
    """Return the source line of a removal with a caret below its place."""
    if not 0 < removal.line <= len(lines):
        return []
    line = lines[removal.line - 1].expandtabs(1)
    start = max(0, removal.column - 1 - SHOWN // 2)
    text = ''.join(
        char if char.isprintable() else '?'
        for char in line[start : start + SHOWN]
    )
    return [text, ' ' * (removal.column - 1 - start) + '^']


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
        f'<tr><td>{removal.line}:{removal.column}<td>{removal.grade}'
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
