"""What making an instance does to the world, heard through audit events."""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

KINDS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            'socket.bind',
            'socket.connect',
            'socket.getaddrinfo',
            'socket.gethostbyaddr',
            'socket.gethostbyname',
            'socket.sendmsg',
            'socket.sendto',
        ),
        'reached for the network',
    ),
    **dict.fromkeys(
        (
            'os.exec',
            'os.fork',
            'os.forkpty',
            'os.posix_spawn',
            'os.spawn',
            'os.startfile',
            'os.system',
            'pty.spawn',
            'subprocess.Popen',
        ),
        'started a process',
    ),
    **dict.fromkeys(
        (
            'os.chmod',
            'os.chown',
            'os.link',
            'os.mkdir',
            'os.remove',
            'os.rename',
            'os.rmdir',
            'os.symlink',
            'os.truncate',
            'sqlite3.connect',
        ),
        'changed files',
    ),
}
"""Audit event to what it is; `open` is judged by its arguments. The events
are those that the probe hears while a module is imported."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

HARMLESS = ('/dev/', '/proc/self/', '/usr/share/zoneinfo')
"""Where the interpreter itself reads: random numbers, time zones."""

_HEARD: list[list[str]] = []
_INSTALLED: list[bool] = []
_THREAD: list[int] = []


@contextlib.contextmanager
def listening(own: Path | None) -> Generator[list[str]]:
    """Return a list that fills with what this thread does meanwhile.

    Args:
        own: The plugin's folder, whose files it may read.
    """
    if not _INSTALLED:
        _INSTALLED.append(True)
        sys.addaudithook(_hear)
    _LIBRARIES[:] = _libraries()
    if own is not None:
        _LIBRARIES.append(str(own.resolve()) + os.sep)
    heard: list[str] = []
    _THREAD[:] = [threading.get_ident()]
    _HEARD.append(heard)
    try:
        yield heard
    finally:
        _HEARD.remove(heard)


_LIBRARIES: list[str] = []


def _libraries() -> list[str]:
    """Return where modules are, which are loaded when they are needed."""
    paths = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()}
    return [os.path.realpath(path) + os.sep for path in paths]


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if not _HEARD or threading.get_ident() not in _THREAD:
        return
    what = KINDS.get(event, '')
    if event == 'open':
        what = _opened(*args[:3])
    if what:
        heard = _HEARD[-1]
        if what not in heard:
            heard.append(what)


def _opened(path: object, mode: object, flags: object) -> str:
    if not isinstance(path, (str, bytes)):
        return ''
    text = os.path.realpath(os.fsdecode(path))
    if text.endswith(('.pyc', '.py', '.so', '.pyd')) or '.pyc.' in text:
        return ''
    if text.startswith(HARMLESS):
        return ''
    writes = (isinstance(mode, str) and any(c in mode for c in 'wax+')) or (
        isinstance(flags, int) and bool(flags & _WRITING)
    )
    if writes:
        return f'opened {Path(text).name!r} to write'
    if text.startswith(tuple(_LIBRARIES)):
        return ''
    return f"read {Path(text).name!r}, which is not the distribution's own"
