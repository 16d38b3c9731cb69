"""Which line of a pyproject.toml a finding is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TABLE = re.compile(r'\[([^\[\]]+)\]\s*(.*)')
_HEADER = re.compile(r'\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?')
_KEY = re.compile(r'\s*([\w."-]+?)\s*=')


def line_of(lines: Sequence[str], name: str, path: str) -> int:
    """Return the number of the line, from 1.

    Tried in turn: the table and key that the path names, as in
    `[project] dependencies` or `tool.imbi.testkit.sandbox`; the line that
    registers the entry point; the table `[project]`; the first line.

    Args:
        lines: The file.
        name: The entry point or the distribution.
        path: The finding's path.
    """
    places = dict(reversed(list(_keys(lines))))
    for wanted in (*_wanted(path), *_registered(name), ('project', '')):
        if wanted in places:
            return places[wanted]
    return 1


def _keys(lines: Sequence[str]) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield (table, key) with its line; a table alone has a blank key."""
    table = ''
    for number, line in enumerate(lines, 1):
        header = _HEADER.fullmatch(line)
        if header:
            table = header[1].replace('"', '').replace("'", '')
            yield (table, ''), number
            continue
        key = _KEY.match(line)
        if key:
            yield (table, key[1].strip('"')), number


def _wanted(path: str) -> Iterator[tuple[str, str]]:
    named = _TABLE.match(path)
    if named:
        yield named[1], named[2].partition('[')[0].strip()
        yield named[1], ''
        return
    dotted = path.partition('[')[0]
    table, _, key = dotted.rpartition('.')
    if table:
        yield table, key
        yield dotted, ''
        yield table, ''


def _registered(name: str) -> Iterator[tuple[str, str]]:
    yield 'project.entry-points.imbi.plugins', name
