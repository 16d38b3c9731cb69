"""A port on loopback, with a thread per connection, and its end.

Not `socketserver`: that polls while it waits, cannot refuse on a port that it
keeps, and knows nothing of the connections that are open.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BACKLOG = 128
"""Connections that may wait to be taken; the default of `socketserver`, 5,
delays the sixth of many concurrent calls by a second."""

JOIN_TIMEOUT = 5.0
"""Seconds for a thread to end; its sockets are shut, so it takes none."""


class Listener:
    """A port that takes connections, refuses them, or is closed.

    Attributes:
        port: The same for all its life, also while it refuses.
    """

    def __init__(
        self, address: str, serve: Callable[[socket.socket], None]
    ) -> None:
        """Reserve a port; it refuses connections until `listen`.

        Args:
            address: An IP address of this machine.
            serve: Called with each connection, in a thread of its own.
        """
        self._serve = serve
        self._family = socket.AF_INET6 if ':' in address else socket.AF_INET
        self._address = address
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._taking: threading.Thread | None = None
        self._wake: socket.socket | None = None
        # Bound but not listening: it keeps the port while nobody listens.
        self._reserved = self._bound(0)
        self.port: int = self._reserved.getsockname()[1]

    def _bound(self, port: int) -> socket.socket:
        sock = socket.socket(self._family, socket.SOCK_STREAM)
        share = getattr(socket, 'SO_REUSEPORT', None)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share is not None:
            sock.setsockopt(socket.SOL_SOCKET, share, 1)
        try:
            sock.bind((self._address, port))
        except OSError:
            sock.close()
            raise
        return sock

    def listen(self) -> None:
        """Take connections."""
        if self._taking is not None:
            return
        listening = self._bound(self.port)
        listening.listen(BACKLOG)
        self._wake, woken = socket.socketpair()
        self._taking = threading.Thread(
            target=self._take,
            args=(listening, woken),
            name=f'imbi-plugin-proxy-{self.port}',
            daemon=True,
        )
        self._taking.start()

    def refuse(self) -> None:
        """Take no more connections, and break off those that are open."""
        if self._taking is not None and self._wake is not None:
            self._wake.close()
            if self._taking is not threading.current_thread():
                self._taking.join(JOIN_TIMEOUT)
            self._taking = self._wake = None
        self.drop()

    def drop(self) -> None:
        """Break off the connections that are open."""
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the port back and wait for every thread to end."""
        self.refuse()
        with self._lock:
            threads = set(self._threads)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(JOIN_TIMEOUT)
        self._reserved.close()

    def adopt(self, sock: socket.socket) -> None:
        """Break a socket off with the others, as one to an upstream."""
        with self._lock:
            self._open.add(sock)

    def release(self, sock: socket.socket) -> None:
        """Leave a socket alone again."""
        with self._lock:
            self._open.discard(sock)

    def _take(self, listening: socket.socket, woken: socket.socket) -> None:
        with listening, woken, selectors.DefaultSelector() as selector:
            listening.settimeout(0)
            selector.register(listening, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if woken in ready:
                    return
                with contextlib.suppress(OSError):
                    self._start(listening.accept()[0])

    def _start(self, sock: socket.socket) -> None:
        sock.settimeout(None)
        thread = threading.Thread(
            target=self._run,
            args=(sock,),
            name=f'imbi-plugin-proxy-{self.port}-connection',
            daemon=True,
        )
        with self._lock:
            self._open.add(sock)
            self._threads.add(thread)
        thread.start()

    def _run(self, sock: socket.socket) -> None:
        try:
            # A client that hangs up is what faults are for.
            with contextlib.suppress(OSError):
                self._serve(sock)
        finally:
            with self._lock:
                self._open.discard(sock)
                self._threads.discard(threading.current_thread())
            sock.close()
