"""Distributions that are not plain directories: zip files, other finders.

They are rare, so they pay for the library that knows them, and each is
guarded by itself: a finder is a stranger's code.
"""

# ruff: noqa: PTH113, PTH120  pathlib is slow, files are many

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_sdk.registry import _entry_points, _faults
from imbi_plugin_sdk.registry._guard import contained
from imbi_plugin_sdk.registry._names import (
    name_and_version,
    normalized,
    stem,
)
from imbi_plugin_sdk.registry.discovery import DistributionRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from imbi_plugin_sdk.errors import Problem

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
    if os.path.isfile(entry):
        what = f'the path entry {entry!r}'
        found = _listed(
            lambda: _library().distributions(path=[entry]), what, problems
        )
        yield from _each(found, entry, what, group, problems)


def of_finders(
    group: str, problems: list[Problem]
) -> Iterator[DistributionRef]:
    """Yield what the finders of `sys.meta_path` know besides the path."""
    for finder in list(sys.meta_path):
        kind: type = type(finder)
        if issubclass(kind, type):  # the import system's own are classes
            kind = cast('type', finder)
        if _MODULE.__get__(kind) in _OURS:
            continue
        what = f'the finder {_NAME.__get__(kind)}'
        found = _listed(functools.partial(_asked, finder), what, problems)
        yield from _each(found, '', what, group, problems)


_NAME: Any = type.__dict__['__name__']
_MODULE: Any = type.__dict__['__module__']


def _asked(finder: object) -> Iterable[Any]:
    """Ask a finder for everything it knows."""
    find: Any = getattr(finder, 'find_distributions', None)
    if find is None:
        return ()
    context = _library().DistributionFinder.Context()
    found: Iterable[Any] = find(context)
    return found


def _listed(
    find: Callable[[], Iterable[Any]], what: str, problems: list[Problem]
) -> list[Any]:
    """Return what a stranger finds, up to where it raises."""
    found: list[Any] = []
    raised = contained(lambda: found.extend(find())).raised
    if raised:
        problems.append(_faults.broken(what, raised))
    return found


def _each(
    found: Iterable[Any],
    base: str,
    what: str,
    group: str,
    problems: list[Problem],
) -> Iterator[DistributionRef]:
    """Yield distributions of the library as ours, bad ones left out."""
    for distribution in found:
        outcome = contained(
            functools.partial(translated, distribution, base, group)
        )
        if outcome.value is not None:
            yield outcome.value
        elif outcome.raised is not None:
            problems.append(
                _faults.broken(f'a distribution of {what}', outcome.raised)
            )


def translated(distribution: Any, base: str, group: str) -> DistributionRef:  # noqa: ANN401  any class that has the interface
    """Read a distribution of the library, once and for all."""
    lines: tuple[_entry_points.Line, ...] = ()
    faults: tuple[Problem, ...] = ()
    try:
        text = distribution.read_text('entry_points.txt') or ''
    except UnicodeDecodeError as error:
        text, faults = '', (_entry_points.not_utf8(error),)
    if text:
        lines, faults = _entry_points.parse(text.encode(), group)
    place = getattr(distribution, '_path', '')
    path = str(place)
    base = base or os.path.dirname(path)
    name, version = name_and_version(
        stem(base, str(getattr(place, 'name', '')))
    )
    if not name or not version:
        name, version = (
            normalized(distribution.name),
            str(distribution.version or ''),
        )
    return DistributionRef(
        name,
        version,
        base=base,
        path=path,
        entry_points=lines,
        problems=faults,
        text=distribution.read_text,
    )
