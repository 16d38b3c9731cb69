"""Reading the small files of a metadata directory, without being hurt.

Nothing here raises for what it finds on disk: a file is there, or is not, or
comes with a word that says why it cannot be used.
"""

from __future__ import annotations

import os
from typing import NamedTuple

LIMIT = 16 * 1024 * 1024
"""Bytes. The largest RECORD in the wild (a cloud SDK with 20,000 files) has
3 MB; what is five times that is not metadata."""

# At once: a plugin may exchange them for what raises anything.
_open, _read, _close = os.open, os.read, os.close
_stat, _fstat = os.stat, os.fstat

_FLAGS = (
    os.O_RDONLY
    | getattr(os, 'O_CLOEXEC', 0)
    | getattr(os, 'O_BINARY', 0)
    # A named pipe in the place of a file would block the host for ever.
    | getattr(os, 'O_NONBLOCK', 0)
)

_CHUNK = 64 * 1024
"""Bytes per read: entry points and most RECORDs come in one."""

Stamp = tuple[int, int, int]
"""What tells a rewritten file without reading it: mtime and ctime in
nanoseconds, size in bytes. ctime cannot be set, mtime can."""


class Content(NamedTuple):
    """What came of reading a file.

    Attributes:
        data: Its bytes; None where there is no such file or it is unusable.
        fault: Why it is unusable; empty when it is there or absent.
        stamp: What tells that it was rewritten; None where there is none.
    """

    data: bytes | None
    fault: str = ''
    stamp: Stamp | None = None


ABSENT = Content(None)


def read(path: str, *, stamped: bool = False) -> Content:
    """Read a small file.

    Args:
        path: The file.
        stamped: Whether to tell its stamp too, of the moment it was opened:
            what is written meanwhile makes another one.
    """
    try:
        handle = _open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    except (OSError, ValueError) as error:
        return Content(None, why(error))
    try:
        mark = _stamp_of(_fstat(handle)) if stamped else None
        data = _read(handle, _CHUNK)
        if len(data) == _CHUNK:
            chunks = [data]
            size = _CHUNK
            while size <= LIMIT and (data := _read(handle, _CHUNK)):
                chunks.append(data)
                size += len(data)
            if size > LIMIT:
                return Content(None, f'it is larger than {LIMIT} bytes')
            data = b''.join(chunks)
    except OSError as error:
        return Content(None, why(error))
    else:
        return Content(data, '', mark)
    finally:
        _close(handle)


def why(error: Exception) -> str:
    """Return the system's words without the path, which is said elsewhere."""
    if isinstance(error, OSError) and error.strerror:
        return f'it cannot be read ({error.strerror})'
    return f'it cannot be read ({type(error).__name__})'


def stamp(path: str) -> Stamp | None:
    """Return what changes when a file is written; None without a file."""
    try:
        return _stamp_of(_stat(path))
    except (OSError, ValueError):
        return None


def _stamp_of(found: os.stat_result) -> Stamp:
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size
