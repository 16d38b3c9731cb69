"""An upstream that is no server: a WSGI application of the same process.

A backend that runs in the tests' own process is asked without a second
connection, which for a small answer costs more than the answer (PEP 3333).
"""

from __future__ import annotations

import http
import io
import sys
import traceback
import urllib.parse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import WSGIApplication

    from imbi_plugin_testkit.proxy.requests import ProxiedRequest

_UNPREFIXED = {
    'content-type': 'CONTENT_TYPE',
    'content-length': 'CONTENT_LENGTH',
}
"""Headers that an environment names without `HTTP_` before them."""

_HTTP_PORT = 80
_BROKEN = b'{"message": "the application of the sandbox raised an error"}'


class Reply:
    """An answer that is whole, with the face of `http.client.HTTPResponse`.

    Attributes:
        status: As HTTP has them.
        reason: What stands behind the status.
        length: Bytes that were not read yet.
        will_close: Whether nothing may follow it; there is no connection.
    """

    will_close = False

    def __init__(
        self, status: str, pairs: list[tuple[str, str]], body: bytes
    ) -> None:
        number, _, reason = status.partition(' ')
        self.status = int(number)
        self.reason = reason or http.HTTPStatus(self.status).phrase
        self.length = len(body)
        self._pairs = pairs
        self._body = io.BytesIO(body)

    def getheaders(self) -> list[tuple[str, str]]:
        """Return names and values, as they came and in order."""
        return self._pairs

    def getheader(self, name: str) -> str | None:
        """Return the first value of a header, if there is one."""
        return next(
            (value for key, value in self._pairs if key.lower() == name),
            None,
        )

    def read(self, size: int = -1) -> bytes:
        """Return what was not read yet, or so much of it."""
        piece = self._body.read(size)
        self.length -= len(piece)
        return piece

    read1 = read

    def isclosed(self) -> bool:
        """Return whether all was read."""
        return not self.length

    def close(self) -> None:
        """Drop what was not read."""
        self._body.close()


def ask(application: WSGIApplication, request: ProxiedRequest) -> Reply:
    """Let an application answer a request.

    One that raises has answered 500; the traceback is on `sys.stderr`, where
    pytest shows it with the check that failed.

    Args:
        application: Called in the thread of the client's connection, in
            several at once.
        request: What the client asks.
    """
    begun: list[tuple[str, list[tuple[str, str]]]] = []
    pieces: list[bytes] = []

    def start(
        status: str,
        headers: list[tuple[str, str]],
        _: object = None,
    ) -> Callable[[bytes], object]:
        begun[:] = [(status, headers)]
        return pieces.append

    found: Iterable[bytes] = ()
    try:
        found = application(_environment(request), start)
        pieces.extend(found)
        ((status, headers),) = begun
    except Exception:  # noqa: BLE001  an author's application
        traceback.print_exc(file=sys.stderr)
        kind = ('Content-Type', 'application/json')
        return Reply('500 Internal Server Error', [kind], _BROKEN)
    finally:
        close: Callable[[], object] | None = getattr(found, 'close', None)
        if close is not None:
            close()
    # RFC 9110, section 9.3.2: a HEAD is answered by a head.
    body = b'' if request.method == 'HEAD' else b''.join(pieces)
    return Reply(status, headers, body)


def _environment(request: ProxiedRequest) -> dict[str, Any]:
    path, _, query = request.target.partition('?')
    address = urllib.parse.urlsplit(f'//{request.headers.get("Host", "")}')
    environment: dict[str, Any] = {
        'REQUEST_METHOD': request.method,
        'SCRIPT_NAME': '',
        # Bytes in the clothes of Latin-1, as PEP 3333 wants them.
        'PATH_INFO': urllib.parse.unquote_to_bytes(path).decode('latin-1'),
        'QUERY_STRING': query,
        'REQUEST_URI': request.target,
        'RAW_URI': request.target,
        'SERVER_NAME': address.hostname or 'localhost',
        'SERVER_PORT': str(address.port or _HTTP_PORT),
        'SERVER_PROTOCOL': 'HTTP/1.1',
        'REMOTE_ADDR': '127.0.0.1',
        'wsgi.version': (1, 0),
        'wsgi.url_scheme': 'http',
        'wsgi.input': io.BytesIO(request.body),
        'wsgi.errors': sys.stderr,
        'wsgi.multithread': True,
        'wsgi.multiprocess': False,
        'wsgi.run_once': False,
    }
    for name in request.headers:
        if name == 'transfer-encoding':
            continue  # the body is here already, in one piece
        key = _UNPREFIXED.get(name, f'HTTP_{name.upper().replace("-", "_")}')
        environment[key] = ','.join(request.headers.all(name))
    environment['CONTENT_LENGTH'] = str(len(request.body))
    return environment
