"""One connection of a client: requests in, answers of the upstream out."""

from __future__ import annotations

import contextlib
import http.client
import io
import select
import socket
import struct
import time
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_testkit.proxy import applications
from imbi_plugin_testkit.proxy.answers import CANNED, MISSING
from imbi_plugin_testkit.proxy.heads import QuickHeads
from imbi_plugin_testkit.proxy.requests import ProxiedRequest
from imbi_plugin_testkit.sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Generator,
        Iterable,
        Iterator,
        Sequence,
    )
    from socketserver import BaseServer

    from imbi_plugin_testkit.proxy.answers import Raw
    from imbi_plugin_testkit.proxy.rules import Rule, Wiring

    Response = http.client.HTTPResponse | applications.Reply

LARGEST_BODY = 64 * 1_024 * 1_024
"""Bytes of a request's body that are kept; no plugin sends as many."""

PIECE = 65_536
"""Bytes of an answer that are passed on at once."""

SLOW_PIECES = 100
"""At most so many pieces of a slow answer: a pause of 5 ms each, which timers
still keep, for one of half a second."""

HOP_BY_HOP = frozenset(
    {
        'connection',
        'keep-alive',
        'proxy-connection',
        'te',
        'trailer',
        'transfer-encoding',
        'upgrade',
    }
)
"""Headers that are between two neighbours (RFC 9110, section 7.6.1)."""

_NO_BODY = frozenset({204, 304})


class TooLargeError(Exception):
    """The body of a request is larger than `LARGEST_BODY`."""


class Exchange(QuickHeads):
    """The requests of one connection, one after the other."""

    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True  # else an answer may wait 40 ms
    wbufsize = -1  # head and body leave in one packet

    def __init__(self, sock: socket.socket, wiring: Wiring) -> None:
        self.wiring = wiring
        self._kept: tuple[http.client.HTTPConnection, socket.socket] | None
        self._kept = None
        # Only log messages would ask for address and server.
        super().__init__(sock, ('', 0), cast('BaseServer', None))

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Return what answers a method, whichever it is (Vault has LIST)."""
        if name.startswith('do_'):
            return self._answer
        raise AttributeError(name)

    def finish(self) -> None:
        """Close both files, also where the client is gone already."""
        self._let_go()
        for file in (self.wfile, self.rfile):
            with contextlib.suppress(OSError):
                file.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  as the base has it
        """Say nothing: the output belongs to the tests."""

    # One request ---------------------------------------------------------

    def _answer(self) -> None:
        if 'close' in _tokens(self.given.pairs):
            self.close_connection = True
        try:
            body = self._body()
        except (TooLargeError, ValueError):
            self.close_connection = True
            self._send((413, {}, b'{"message": "the body is too large"}'))
            return
        request = ProxiedRequest(
            method=self.command,
            # Not `path`, in which the base class mends double slashes.
            target=self.requestline.split(' ')[1],
            headers=self.given,
            body=body,
        )
        decision = self.wiring.decide(request)
        if decision is None:
            self._forward(request)
        elif isinstance(decision, tuple):
            self._send(decision)
        else:
            self._go_wrong(request, decision)

    def _body(self) -> bytes:
        if 'chunked' in self.given.get('Transfer-Encoding', '').lower():
            return b''.join(self._chunks())
        size = int(self.given.get('Content-Length') or 0)
        if not 0 <= size <= LARGEST_BODY:
            raise TooLargeError
        return self.rfile.read(size)

    def _chunks(self) -> Iterator[bytes]:
        total = 0
        while True:
            size = int(self.rfile.readline(PIECE).split(b';')[0], 16)
            total += size
            if not 0 <= size <= LARGEST_BODY >= total:
                raise TooLargeError
            if not size:
                break
            yield self.rfile.read(size)
            self.rfile.readline(PIECE)
        while self.rfile.readline(PIECE).strip():
            """A trailer; nobody reads those."""

    # What goes through ----------------------------------------------------

    def _forward(self, request: ProxiedRequest) -> None:
        with self._asked(request) as response:
            if response is None:
                self._send((502, {}, b'{"message": "the upstream is gone"}'))
                return
            self._pass_on(request, response)

    @contextlib.contextmanager
    def _asked(self, request: ProxiedRequest) -> Generator[Response | None]:
        """Ask the upstream; None where it cannot be reached."""
        upstream = self.wiring.upstream
        if callable(upstream):
            yield applications.ask(upstream, request)
            return
        response = None
        with contextlib.suppress(OSError, http.client.HTTPException):
            response = self._ask(self._reached(upstream), request)
        try:
            yield response
        except http.client.HTTPException:
            # The upstream broke off: so does the answer to the client.
            self._reset()
        finally:
            if response is None or not _is_whole(response):
                self._let_go()
            if response is not None:
                response.close()

    def _reached(self, address: tuple[str, int]) -> http.client.HTTPConnection:
        """Return a connection to the upstream: the kept one, while it lasts.

        Raises:
            OSError: The upstream cannot be reached.
        """
        if self._kept is not None and _is_quiet(self._kept[1]):
            return self._kept[0]
        self._let_go()
        upstream = http.client.HTTPConnection(*address)
        upstream.connect()
        sock = cast('socket.socket', upstream.sock)
        self._kept = upstream, sock
        self.wiring.listener.adopt(sock)
        return upstream

    def _let_go(self) -> None:
        """Close the connection to the upstream, if there is one."""
        kept, self._kept = self._kept, None
        if kept is not None:
            upstream, sock = kept
            self.wiring.listener.release(sock)
            upstream.close()

    def _ask(
        self, upstream: http.client.HTTPConnection, request: ProxiedRequest
    ) -> http.client.HTTPResponse:
        # The Host header goes through as it came: it may be signed.
        upstream.putrequest(
            request.method,
            request.target,
            skip_host=True,
            skip_accept_encoding=True,
        )
        chunked = 'transfer-encoding' in request.headers
        for name, value in _end_to_end(request.headers.pairs):
            if name.lower() != 'expect':
                upstream.putheader(name, value)
        if chunked:
            upstream.putheader('Content-Length', str(len(request.body)))
        upstream.endheaders(request.body or None)
        return upstream.getresponse()

    def _pass_on(self, request: ProxiedRequest, response: Response) -> None:
        self.send_response_only(response.status, response.reason)
        for name, value in _end_to_end(response.getheaders()):
            moved = name.lower() == 'location'
            self.send_header(
                name, self.wiring.location(value) if moved else value
            )
        empty = request.method == 'HEAD' or response.status in _NO_BODY
        sized = response.getheader('content-length') is not None
        chunked = not (empty or sized) and self.request_version != 'HTTP/1.0'
        if chunked:
            self.send_header('Transfer-Encoding', 'chunked')
        elif not (empty or sized):
            self.close_connection = True
        if self.close_connection:
            self.send_header('Connection', 'close')
        self.end_headers()
        if not empty:
            self._stream(response, chunked=chunked)

    def _stream(self, response: Response, *, chunked: bool) -> None:
        """Pass a body on as it comes.

        Raises:
            http.client.IncompleteRead: The upstream broke off.
        """
        while piece := response.read1(PIECE):
            if chunked:
                self.wfile.write(b'%x\r\n%b\r\n' % (len(piece), piece))
            else:
                self.wfile.write(piece)
            if response.length is None or response.length:
                self.wfile.flush()  # more is to come, nobody knows when
        if response.length:
            raise http.client.IncompleteRead(b'', response.length)
        if chunked:
            self.wfile.write(b'0\r\n\r\n')

    # What goes wrong -------------------------------------------------------

    def _go_wrong(self, request: ProxiedRequest, rule: Rule) -> None:
        kind = rule.kind
        if rule.reaches and kind is not Fault.SLOW:
            with self._asked(request) as response:
                if response is not None:
                    response.read()
        self.close_connection = True
        if kind is Fault.HANG:
            rule.over.wait()
        elif kind is Fault.RESET:
            self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Le')
            self._reset()
        elif kind is Fault.REDIRECT:
            there = f'{self.wiring.elsewhere}{request.target}'
            # 307 keeps method and body: the worst case.
            self._send((307, {'Location': there}, b''))
        elif kind is Fault.SLOW:
            self._dribble(request, rule)
        elif kind in (Fault.REFUSE, Fault.DNS):
            # Who came all the same, by a resolver of their own or just
            # before, is sent away.
            self._reset()
        else:
            more = MISSING if kind is Fault.TRUNCATED else 0
            self._send(self.wiring.bodies.get(kind, CANNED[kind]), more)

    def _dribble(self, request: ProxiedRequest, rule: Rule) -> None:
        """Send an answer in small pieces, with pauses."""
        through, self.wfile = self.wfile, io.BytesIO()
        try:
            own = self.wiring.bodies.get(Fault.SLOW)
            if own is not None:
                self._send(own)
            else:
                self._forward(request)
            whole = self.wfile.getvalue()
        finally:
            self.wfile = through
        size = max(1, -(-len(whole) // SLOW_PIECES))
        pause = self.wiring.slow * size / max(1, len(whole))
        for start in range(0, len(whole), size):
            if rule.over.is_set():
                return
            time.sleep(pause)
            self.wfile.write(whole[start : start + size])
            self.wfile.flush()

    def _send(self, answer: Raw, missing: int = 0) -> None:
        status, headers, body = answer
        names = {name.lower() for name in headers}
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if 'content-type' not in names and body:
            self.send_header('Content-Type', self.wiring.content_type)
        if 'content-length' not in names and status not in _NO_BODY:
            self.send_header('Content-Length', str(len(body) + missing))
        if self.close_connection:
            self.send_header('Connection', 'close')
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def _reset(self) -> None:
        """End the connection with RST, not FIN, once its files are closed."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)
        )


def _is_whole(response: http.client.HTTPResponse) -> bool:
    """Return whether all was read of an answer that more may follow."""
    read = response.isclosed() or response.length == 0
    return read and not response.will_close


def _is_quiet(sock: socket.socket) -> bool:
    """Return whether nothing came since the last answer, nor the end."""
    ready, _, _ = select.select([sock], [], [], 0)
    return not ready


def _tokens(pairs: Iterable[tuple[str, str]]) -> set[str]:
    """Return what the `Connection` headers list."""
    return {
        name.strip().lower()
        for key, value in pairs
        if key.lower() == 'connection'
        for name in value.split(',')
    }


def _end_to_end(
    pairs: Sequence[tuple[str, str]],
) -> Iterator[tuple[str, str]]:
    """Yield the headers that are not between two neighbours only."""
    dropped = HOP_BY_HOP | _tokens(pairs)
    for name, value in pairs:
        if name.lower() not in dropped:
            yield name, value
