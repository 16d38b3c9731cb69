"""Names that do not resolve for a while.

Python's clients ask `socket.getaddrinfo`, directly or in a thread of asyncio.
For the length of a context it fails for one host and port, and for nothing
else: the port belongs to one proxy, so nobody else asks for it.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_LOCK = threading.Lock()
_FAILING: list[tuple[str, int]] = []
_ORIGINAL: list[Callable[..., Any]] = []


@contextlib.contextmanager
def unresolvable(host: str, port: int) -> Generator[None]:
    """Let a name, asked for with this port, not resolve."""
    entry = (host.lower(), port)
    with _LOCK:
        if not _ORIGINAL:
            _ORIGINAL.append(socket.getaddrinfo)
            socket.getaddrinfo = _getaddrinfo
        _FAILING.append(entry)
    try:
        yield
    finally:
        with _LOCK:
            _FAILING.remove(entry)
            # Where somebody wrapped it meanwhile, ours stays below, idle.
            if not _FAILING and socket.getaddrinfo is _getaddrinfo:
                socket.getaddrinfo = _ORIGINAL.pop()


def _getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  as the socket module declares it
    asked = host.decode('ascii', 'replace') if _is_bytes(host) else str(host)
    with _LOCK:
        fails = any(
            asked.lower() == name and str(port) == str(number)
            for name, number in _FAILING
        )
        original = _ORIGINAL[0]
    if fails:
        # As the real one does, for those that watch what is asked for.
        sys.audit('socket.getaddrinfo', host, port, 0, 0, 0)
        raise socket.gaierror(
            socket.EAI_NONAME, 'Name or service not known (the kit says so)'
        )
    return original(host, port, *args, **kwargs)


def _is_bytes(host: object) -> bool:
    return isinstance(host, (bytes, bytearray))
