"""Distributions that are not plain directories: zip files, other finders.

They are rare, so they pay for the library that knows them, and each is
guarded by itself: a finder is a stranger's code.
"""

# ruff: noqa: PTH113  pathlib is slow, files are many

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry import _entry_points
from imbi_plugin_sdk.registry._names import normalized
from imbi_plugin_sdk.registry.discovery import DistributionRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OURS = frozenset(
    {
        '_frozen_importlib_external',
        'importlib._bootstrap_external',
        'importlib.metadata',
        'importlib_metadata',
    }
)
"""Modules of the finders that look where our own scan has looked."""


def _library() -> Any:  # noqa: ANN401  its types are partial
    """Return importlib_metadata, whose import costs 30 ms."""
    import importlib_metadata  # noqa: PLC0415

    return importlib_metadata


def in_archive(
    entry: str, group: str, problems: list[Problem]
) -> Iterator[DistributionRef]:
    """Yield what a file on the path holds."""
    if not os.path.isfile(entry):
        return
    try:
        library = _library()
        found = list(library.distributions(path=[entry]))
    except Exception as error:  # noqa: BLE001  a damaged archive raises any
        problems.append(_broken(f'the path entry {entry!r}', error))
        return
    yield from _each(found, entry, group, problems)


def of_finders(
    group: str, problems: list[Problem]
) -> Iterator[DistributionRef]:
    """Yield what the finders of `sys.meta_path` know besides the path."""
    for finder in list(sys.meta_path):
        kind = finder if isinstance(finder, type) else type(finder)
        if kind.__module__ in _OURS:
            continue
        try:
            find: Any = getattr(finder, 'find_distributions', None)
            if find is None:
                continue
            context = _library().DistributionFinder.Context()
            found = list(find(context))
        except Exception as error:  # noqa: BLE001  a stranger's finder
            problems.append(_broken(f'the finder {kind.__name__}', error))
            continue
        yield from _each(found, '', group, problems)


def _each(
    found: Iterable[Any], base: str, group: str, problems: list[Problem]
) -> Iterator[DistributionRef]:
    """Yield distributions of the library as ours, one bad one left out."""
    for distribution in found:
        try:
            yield _translated(distribution, base, group)
        except Exception as error:  # noqa: BLE001  one bad file raises any
            problems.append(
                _broken(f'a distribution on {base or "a finder"!r}', error)
            )


def _translated(distribution: Any, base: str, group: str) -> DistributionRef:  # noqa: ANN401  any class that has the interface
    """Read a distribution of the library, once and for all."""
    lines: tuple[_entry_points.Line, ...] = ()
    faults: tuple[Problem, ...] = ()
    try:
        text = distribution.read_text('entry_points.txt') or ''
    except UnicodeDecodeError as error:
        text, faults = '', (_entry_points.not_utf8(error),)
    if text:
        lines, faults = _entry_points.parse(text.encode(), group)
    return DistributionRef(
        normalized(distribution.name),
        str(distribution.version or ''),
        base=base,
        path=str(getattr(distribution, '_path', '')),
        entry_points=lines,
        problems=faults,
        text=distribution.read_text,
    )


def _broken(what: str, error: BaseException) -> Problem:
    return Problem(
        'metadata_unreadable',
        '',
        f'{what} could not be read ({type(error).__name__}).',
        'Repair or remove it; everything else was read.',
    )
