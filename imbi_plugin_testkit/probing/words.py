"""A stranger's words, made fit for a finding: short, plain, no secrets."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from imbi_plugin_testkit.probing.audit import short_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHOWN = 200
"""Characters of a stranger's message that a finding shows."""


def tidy(text: str) -> str:
    """Return a stranger's words on one line, short and without secrets."""
    from imbi_plugin_sdk.secret_detector import (  # noqa: PLC0415
        SlotMap,
        find_secrets,
    )

    line = ' '.join(
        ''.join(c if c.isprintable() else ' ' for c in text).split()
    )
    if find_secrets({'text': line}, slots=SlotMap({'text': 'prose'})):
        return '(not shown: it looks as if it held a secret)'
    return line if len(line) <= SHOWN else f'{line[:SHOWN]}…'


def by_root(names: Iterable[str]) -> list[tuple[str, int]]:
    """Return top-level names with their count of modules, most first."""
    counts: dict[str, int] = {}
    for name in names:
        root = name.partition('.')[0]
        counts[root] = counts.get(root, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


_FRAME = re.compile(r'  File "(?P<file>.+)", line (?P<line>\d+) in ')


def hanging_at(dump: str, main_thread: int, path: Sequence[str]) -> str:
    """Return the innermost line of the main thread in a faulthandler dump.

    Lines of the standard library are passed over: that `time.sleep` sleeps
    is no news.
    """
    sections = re.split(
        r'^(?=(?:Current t|T)hread 0x)', dump, flags=re.MULTILINE
    )
    wanted = f'{main_thread:x}'
    for section in sections:
        head, _, frames = section.partition('\n')
        if not re.search(rf'0x0*{wanted}\b', head):
            continue
        library = str(Path(os.__file__).parent)
        for match in _FRAME.finditer(frames):
            file = match['file']
            installed = 'site-packages' in file
            if file.startswith('<') or (
                file.startswith(library) and not installed
            ):
                continue
            if Path(file).parent.name == 'probing':
                break
            return f'{short_path(file, path)}:{match["line"]}'
    return ''
