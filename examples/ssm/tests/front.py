"""A loopback front that breaks what passes through it, when it is told to.

The sandbox puts it between the plugin and moto. It runs in threads, so that
nothing of it shows up among the tasks of the event loop under test.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

Script = Callable[[Mapping[str, str], bytes], tuple[int, bytes] | None]
"""Gives status and body by headers and body; None lets a request through."""

HOST = '127.0.0.1'

RETRY_AFTER = '7'
"""Seconds; unlike any default, so that a test sees whether it is read."""

_JSON = 'application/x-amz-json-1.1'
_BODIES: dict[Fault, tuple[int, dict[str, str], bytes]] = {
    Fault.UNAUTHORIZED: (
        401,
        {'Content-Type': _JSON},
        b'{"__type": "MissingAuthenticationToken", "message": "no"}',
    ),
    Fault.FORBIDDEN: (
        403,
        {'Content-Type': _JSON},
        b'{"__type": "AccessDeniedException", "Message": "no"}',
    ),
    Fault.THROTTLED: (
        429,
        {'Content-Type': _JSON, 'Retry-After': RETRY_AFTER},
        b'{"__type": "ThrottlingException", "message": "slower"}',
    ),
    Fault.SERVER_ERROR: (
        500,
        {'Content-Type': _JSON},
        b'{"__type": "InternalServerError", "message": "sorry"}',
    ),
    Fault.UNAVAILABLE: (503, {'Content-Type': 'text/html'}, b'<h1>Down</h1>'),
    Fault.MALFORMED: (200, {'Content-Type': _JSON}, b'<html>not JSON'),
    Fault.TRUNCATED: (200, {'Content-Type': _JSON}, b'{"Parameters": [{"Na'),
    Fault.SLOW: (200, {'Content-Type': _JSON}, b'{"Parameters": []}' * 99),
}

_SLOW_PAUSE = 0.05
"""Seconds between two bytes: 90 s for the whole body, beyond any budget."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True  # else each answer waits 40 ms
    wbufsize = -1  # head and body leave in one packet
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        with self.server.lock:
            self.server.requests.append((dict(self.headers.items()), body))
            fault, script = self.server.fault, self.server.script
        answer = script(self.headers, body) if script else None
        if answer is not None:
            status, content = answer
            self._answer(status, {'Content-Type': _JSON}, content)
        elif fault is None:
            self._forward(body)
        elif fault is Fault.HANG:
            self.server.released.wait()
            self.close_connection = True
        elif fault is Fault.RESET:
            self._reset()
        elif fault is Fault.REDIRECT:
            elsewhere = f'http://{HOST}:{self.server.elsewhere}/'
            self._answer(307, {'Location': elsewhere}, b'')
        else:
            status, headers, content = _BODIES[fault]
            self._answer(status, headers, content, fault)

    def _forward(self, body: bytes) -> None:
        # The Host header goes through as it came: it is signed.
        upstream = http.client.HTTPConnection(*self.server.upstream)
        with contextlib.closing(upstream):
            upstream.putrequest(
                'POST', self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() != 'connection':
                    upstream.putheader(name, value)
            upstream.endheaders(body)
            response = upstream.getresponse()
            headers = {
                name: value
                for name, value in response.getheaders()
                if name.lower() not in {'connection', 'content-length', 'date'}
            }
            self._answer(response.status, headers, response.read())

    def _answer(
        self,
        status: int,
        headers: dict[str, str],
        content: bytes,
        fault: Fault | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        missing = 100 if fault is Fault.TRUNCATED else 0
        self.send_header('Content-Length', str(len(content) + missing))
        self.end_headers()
        if fault is Fault.SLOW:
            for byte in content:
                if self.server.released.is_set():
                    break
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(_SLOW_PAUSE)
        else:
            self.wfile.write(content)
        self.close_connection = fault is not None

    def _reset(self) -> None:
        """Send half a head, then RST instead of FIN."""
        self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Le')
        self.wfile.flush()
        self.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)
        )
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing: the output belongs to the tests."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128  # the default of 5 delays the sixth by a second

    def __init__(self, port: int, upstream: tuple[str, int]) -> None:
        super().__init__((HOST, port), _Handler)
        self.upstream = upstream
        self.elsewhere = upstream[1]
        self.fault: Fault | None = None
        self.released = threading.Event()
        self.lock = threading.Lock()
        self.script: Script | None = None
        self.requests: list[tuple[dict[str, str], bytes]] = []

    def handle_error(self, *_: Any) -> None:
        """Say nothing: clients that hang up are what faults are for."""


class Front:
    """A port on the loopback interface that leads to the upstream."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._server: _Server | None = self._listen(0)
        self.port: int = self._server.server_port

    @property
    def requests(self) -> list[tuple[dict[str, str], bytes]]:
        """Headers and body of every request that arrived, in order."""
        return self._server.requests if self._server else []

    def _listen(self, port: int) -> _Server:
        server = _Server(port, self._upstream)
        threading.Thread(
            target=server.serve_forever,
            kwargs={'poll_interval': 0.01},
            name='ssm-front',
            daemon=True,
        ).start()
        return server

    def close(self) -> None:
        """Stop listening; connections that are open break off."""
        if self._server is not None:
            self._server.released.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @contextlib.contextmanager
    def broken(self, kind: Fault) -> Iterator[None]:
        """Do one thing wrong on every request until the context is left.

        Every kind but DNS: the front knows no names.
        """
        if kind is Fault.REFUSE:
            self.close()
            try:
                yield
            finally:
                self._server = self._listen(self.port)
            return
        server = self._server
        if server is None:
            raise RuntimeError('the front is closed')
        server.released.clear()
        server.fault = kind
        try:
            yield
        finally:
            server.fault = None
            server.released.set()

    @contextlib.contextmanager
    def scripted(self, script: Script) -> Iterator[None]:
        """Answer requests by a script until the context is left."""
        server = self._server
        if server is None:
            raise RuntimeError('the front is closed')
        server.script = script
        try:
            yield
        finally:
            server.script = None
