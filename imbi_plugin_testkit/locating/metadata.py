"""Reads what an installed distribution says about itself, typed."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any, cast

import importlib_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LIBRARIES = ('purelib', 'platlib')
"""Folders of `NAME.data` that go where the packages go (PEP 427)."""

_FIELDS = 3
"""A line of RECORD: path, hash, size."""


def installed(name: str = '') -> list[importlib_metadata.Distribution]:
    """Return what is installed, of that name or all, in path order."""
    find = cast('Any', importlib_metadata).distributions
    return list(find(name=name) if name else find())


def file_text(
    metadata: importlib_metadata.Distribution, name: str
) -> str | None:
    """Return a file of the dist-info, or None where it is not there."""
    text: str | None = cast('Any', metadata).read_text(name)
    return text


def name_and_version(
    metadata: importlib_metadata.Distribution,
) -> tuple[str, str]:
    """Return both as the metadata writes them; blank where it does not."""
    fields: Any = metadata.metadata
    return str(fields['Name'] or ''), str(fields['Version'] or '')


def entry_point_groups(
    metadata: importlib_metadata.Distribution,
) -> frozenset[str]:
    """Return the groups that the distribution has entry points in."""
    entries: Any = metadata.entry_points
    return frozenset(str(entry.group) for entry in entries)


def misspelt_groups(groups: Iterable[str], right: str) -> list[str]:
    """Return groups that were meant to be the right one, but are not."""
    return sorted(
        group
        for group in groups
        if group != right and _folded(group) == _folded(right)
    )


def _folded(group: str) -> str:
    return re.sub(r'[^a-z]', '', group.lower()).removesuffix('s')


def direct_url(
    metadata: importlib_metadata.Distribution,
) -> Mapping[str, Any]:
    """Return direct_url.json (PEP 610), empty where there is none."""
    try:
        return _mapping(
            json.loads(file_text(metadata, 'direct_url.json') or '{}')
        )
    except ValueError:
        return {}


def is_editable(metadata: importlib_metadata.Distribution) -> bool:
    """Return whether an installed distribution points at a source tree."""
    if table(direct_url(metadata), 'dir_info').get('editable'):
        return True
    names = recorded(metadata)
    pointers = [
        name
        for name in names
        if name.endswith('.pth') or name.startswith('__editable__')
    ]
    code = [
        name
        for name in names
        if name.endswith(('.py', '.so', '.pyd')) and name not in pointers
    ]
    return bool(pointers) and not code


def recorded(
    metadata: importlib_metadata.Distribution,
) -> frozenset[str]:
    """Return the files that RECORD lists, below the packages' folder."""
    names = (name for name, _ in record_rows(metadata))
    return frozenset(
        name for name in names if not name.startswith(('..', '/'))
    )


def record_rows(
    metadata: importlib_metadata.Distribution,
) -> list[tuple[str, str]]:
    """Return path and hash of each line of RECORD.

    Paths of a wheel's `.data` are given as they are installed.
    """
    text = file_text(metadata, 'RECORD') or ''
    rows: list[tuple[str, str]] = []
    for row in csv.reader(io.StringIO(text)):
        if len(row) == _FIELDS and row[0]:
            name = installed_name(row[0].replace('\\', '/'))
            if name:
                rows.append((name, row[1]))
    return rows


def installed_name(name: str) -> str:
    """Return where a file of a wheel goes; blank for scripts and headers."""
    top, _, rest = name.partition('/')
    if not top.endswith('.data'):
        return name
    kind, _, rest = rest.partition('/')
    return rest if kind in _LIBRARIES else ''


def table(data: object, *keys: str) -> Mapping[str, Any]:
    """Return a nested table of parsed TOML or JSON; empty if not there."""
    found = data
    for key in keys:
        found = _mapping(found).get(key)
    return _mapping(found)


def _mapping(value: object) -> Mapping[str, Any]:
    return cast('Mapping[str, Any]', value) if type(value) is dict else {}
