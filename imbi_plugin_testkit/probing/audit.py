"""What a module does while it is imported, heard through audit events.

Runs in the subprocess that imports a stranger's code, and therefore on the
standard library alone (PEP 578; the library's table names the events).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterable

_NETWORK = frozenset({
    'socket.bind', 'socket.connect', 'socket.getaddrinfo',
    'socket.gethostbyaddr', 'socket.gethostbyname', 'socket.getnameinfo',
    'socket.sendmsg', 'socket.sendto',
})  # fmt: skip
_SUBPROCESS = frozenset({
    'os.exec', 'os.fork', 'os.forkpty', 'os.posix_spawn', 'os.spawn',
    'os.startfile', 'os.system', 'pty.spawn', 'subprocess.Popen',
})  # fmt: skip
_FILES = frozenset({
    'os.chmod', 'os.chown', 'os.link', 'os.mkdir', 'os.remove', 'os.rename',
    'os.rmdir', 'os.symlink', 'os.truncate', 'os.utime', 'sqlite3.connect',
})  # fmt: skip

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_HARMLESS_FILES = ('__pycache__', '.pyc', os.devnull, '/dev/tty', ':memory:')


class NetworkRefusedError(ConnectionRefusedError):
    """What a module gets that reaches for the network while imported."""


class Listener:
    """Hears audit events while armed, and refuses the network.

    Attributes:
        events: (kind, detail) of each event that counts, in order.
        places: Environment variable to where it was changed; the empty
            name stands for the current directory.
    """

    def __init__(self, owned: Callable[[str], bool]) -> None:
        self.events: list[tuple[str, str]] = []
        self.places: dict[str, str] = {}
        self.armed = False
        self._owned = owned
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        if event == 'open':
            if _opens_to_write(*arguments) and not _harmless(arguments[:1]):
                self._note('files', f'open({_shown(arguments[0])})')
        elif event in _NETWORK:
            name = event.partition('.')[2]
            self._note('network', f'{name}({_address(arguments)})')
            raise NetworkRefusedError('no network while a plugin is imported')
        elif event in _SUBPROCESS:
            first = _shown(arguments[0]) if arguments else ''
            self._note('subprocess', f'{event}({first})')
        elif event in _FILES:
            if not _harmless(arguments):
                self._note('files', f'{event}({_shown(arguments[0])})')
        elif event in ('os.putenv', 'os.unsetenv'):
            name = os.fsdecode(arguments[0])
            self.places.setdefault(name, self._place())
        elif event == 'os.chdir':
            self.places.setdefault('', self._place())

    def _note(self, kind: str, detail: str) -> None:
        self.armed = False  # what is done here must not be heard
        self.events.append((kind, detail + self._place()))
        self.armed = True

    def _place(self) -> str:
        """Return ` at package/module.py:12`, the author's innermost line."""
        frame: types.FrameType | None = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  nothing else walks frames without an import
        while frame is not None:
            if self._owned(str(frame.f_globals.get('__name__', ''))):
                name = short_path(frame.f_code.co_filename)
                return f' at {name}:{frame.f_lineno}'
            frame = frame.f_back
        return ''


def short_path(path: str, roots: Iterable[str] = ()) -> str:
    """Return a file's path below the folder that it is imported from.

    Args:
        path: Path of a Python file.
        roots: Entries of a module search path; `sys.path` where empty.
    """
    plain = path.replace('\\', '/')
    for root in sorted(roots or sys.path, key=len, reverse=True):
        folder = root.replace('\\', '/').rstrip('/')
        if folder and plain.startswith(f'{folder}/'):
            return plain.removeprefix(f'{folder}/')
    return '/'.join(plain.split('/')[-2:])


def _opens_to_write(path: object, mode: object, flags: object) -> bool:
    if isinstance(path, int):  # a descriptor: it was opened before
        return False
    if isinstance(mode, str):
        return any(letter in mode for letter in 'wax+')
    return isinstance(flags, int) and bool(flags & _WRITING)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return os.fsdecode(value)
    if isinstance(value, os.PathLike):
        return os.fspath(cast('os.PathLike[str]', value))
    return value if isinstance(value, str) else ''


def _harmless(arguments: Iterable[object]) -> bool:
    return any(
        part in _text(argument)
        for argument in arguments
        for part in _HARMLESS_FILES
    )


def _shown(argument: object) -> str:
    """Return the first word: the rest of a command may hold a secret."""
    first: Any = argument
    if isinstance(argument, (list, tuple)):
        first = next(iter(cast('list[Any]', argument)), '')
    text = _text(first)
    return repr(text.split(' ')[0]) if text else ''


def _address(arguments: Iterable[object]) -> str:
    """Return host and port of a socket event, which may lead with itself."""
    for argument in arguments:
        if isinstance(argument, (str, bytes)):
            return _shown(argument)
        if isinstance(argument, tuple) and argument:
            parts = cast('Any', argument)[:2]
            return ', '.join(repr(part) for part in parts)
    return ''
