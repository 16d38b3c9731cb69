"""Bytecode that would run in place of newer source.

The import system takes a cached file for good if it names the source's size
and its modification time in whole seconds. An upgrade within one second, or
an installer that sets modification times from the archive, can leave both as
they were: the old code would run under the new version's name.
"""

# ruff: noqa: PTH108  pathlib is slow, files are many

from __future__ import annotations

import importlib.util
import marshal
import os
from typing import TYPE_CHECKING

from imbi_plugin_sdk.registry import _files

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEADER = 16
"""Bytes before the code: magic number, flags, and source's time and size
(PEP 552)."""


def forget_stale(sources: Iterable[str]) -> tuple[str, ...]:
    """Remove cached bytecode that is older than its source and differs.

    Args:
        sources: Source files.

    Returns:
        Cached files that are wrong and could not be removed.
    """
    return tuple(
        cached
        for source in sources
        if source.endswith('.py')
        and (cached := _cache_of(source))
        and _is_stale(source, cached)
        and not _removed(cached)
    )


def _cache_of(source: str) -> str:
    try:
        return importlib.util.cache_from_source(source)
    except (NotImplementedError, ValueError):
        return ''


def _is_stale(source: str, cached: str) -> bool:
    """Tell whether bytecode is older than its source and of other code.

    When a file came to its place is what ctime tells, and no installer can
    set that. Bytecode that came later was compiled from what is there.
    """
    was, now = _files.stamp(cached), _files.stamp(source)
    if was is None or now is None or was[1] > now[1]:
        return False
    data, text = _files.read(cached).data, _files.read(source).data
    if data is None or text is None:
        return True
    try:
        code = marshal.loads(data[_HEADER:])  # noqa: S302  the import system would run it
        return bool(compile(text, source, 'exec', dont_inherit=True) != code)
    except (ValueError, EOFError, TypeError, SyntaxError):
        return True


def _removed(path: str) -> bool:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
