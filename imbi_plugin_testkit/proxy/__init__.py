"""A loopback proxy that breaks what passes through it, when it is told to.

It stands between a plugin and the backend of its sandbox, so that any plugin
that speaks HTTP gets every `Fault` without its author's work::

    class MySandbox(ProxiedSandbox):
        async def __aenter__(self):
            self.proxy = FaultProxy(my_backend_url).start()
            self.context = ...  # options with self.proxy.url as the endpoint
            return self

        async def __aexit__(self, *error):
            self.proxy.close()

It runs in threads, so that nothing of it shows up among the tasks of the event
loop under test; all of them end with `close`. Requests go to the upstream as
they came, the Host header included (signatures cover it), any method, repeated
headers, streamed answers. It speaks plain HTTP on both sides: a loopback
endpoint needs no certificate. A backend that is a WSGI application of the same
process needs no server: `FaultProxy(application)` calls it.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import threading
import urllib.parse
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from imbi_plugin_testkit.proxy.answers import RETRY_AFTER, Raw
from imbi_plugin_testkit.proxy.exchange import Exchange
from imbi_plugin_testkit.proxy.listener import Listener
from imbi_plugin_testkit.proxy.names import unresolvable
from imbi_plugin_testkit.proxy.requests import Headers, ProxiedRequest
from imbi_plugin_testkit.proxy.rules import Rule, Wiring
from imbi_plugin_testkit.proxy.sandboxes import ProxiedSandbox
from imbi_plugin_testkit.sandbox import Fault, UnsupportedBySandbox

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Generator, Mapping
    from contextlib import AbstractContextManager
    from types import TracebackType
    from wsgiref.types import WSGIApplication

    Script = Callable[[ProxiedRequest], Raw | None]
    Decide = Callable[[ProxiedRequest], Raw | Rule | None]

__all__ = [
    'RETRY_AFTER',
    'FaultProxy',
    'Headers',
    'ProxiedRequest',
    'ProxiedSandbox',
    'Raw',
]

LOOPBACK = '127.0.0.1'

SLOW = 0.5
"""Seconds that a slow answer takes: longer than the time-out of a sandbox that
wants to see it expire, short enough to wait for."""

_UNCOUNTABLE = (Fault.REFUSE, Fault.DNS)
"""Faults that happen before there is a request to choose or to count."""


class FaultProxy:
    """A port on the loopback interface that leads to an upstream.

    Attributes:
        host: By which name or address clients reach it.
        requests: Every request that arrived, in order.
        elsewhere: What arrived at the other host that `Fault.REDIRECT` names.
            Its answer is 404.
    """

    def __init__(  # noqa: PLR0913  facts by keyword
        self,
        upstream: str | WSGIApplication,
        *,
        host: str = LOOPBACK,
        content_type: str = 'application/json',
        bodies: Mapping[Fault, Raw] = MappingProxyType({}),
        slow: float = SLOW,
        rewrite_locations: bool = False,
    ) -> None:
        """Describe the proxy; `start` makes it listen.

        Args:
            upstream: `http://127.0.0.1:PORT`, or a WSGI application of this
                process (PEP 3333), which needs no server: it is called in a
                thread per connection, and its answer is passed on whole.
            host: A loopback address, or a name of it. Only by a name can
                `Fault.DNS` be made: `localhost` is one everywhere.
            content_type: The media type of answers that name none.
            bodies: Fault to status, headers and body, where the backend's
                errors look unlike `answers.CANNED`.
            slow: Seconds that the answer takes with `Fault.SLOW`.
            rewrite_locations: Whether a redirect to the upstream is turned
                into one to the proxy; without it, `Location` is passed as it
                is.

        Raises:
            ValueError: The upstream is no such URL.
        """
        self.host = host
        self.requests: list[ProxiedRequest] = []
        self.elsewhere: list[ProxiedRequest] = []
        self._upstream = (
            _address(upstream) if isinstance(upstream, str) else upstream
        )
        self._content_type = content_type
        self._bodies = bodies
        self._slow = slow
        self._elsewhere_url = ''
        self._rewrite = rewrite_locations
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._scripts: list[Script] = []
        self._listener: Listener | None = None
        self._other: Listener | None = None

    # Its life ------------------------------------------------------------

    def start(self) -> Self:
        """Listen on a free port; does nothing where it listens already."""
        if self._listener is None:
            address = self.host if _is_ip(self.host) else LOOPBACK
            self._listener = Listener(address, self._serve)
            self._other = Listener(LOOPBACK, self._serve_elsewhere)
            # Another host by name, and another port: whichever of the two a
            # client takes for another origin.
            name = 'localhost' if self.host == LOOPBACK else LOOPBACK
            self._elsewhere_url = f'http://{name}:{self._other.port}'
            self._listener.listen()
            self._other.listen()
        return self

    def close(self) -> None:
        """Stop listening, break off what is open, end every thread."""
        with self._lock:
            for rule in self._rules:
                rule.over.set()
        for listener in (self._listener, self._other):
            if listener is not None:
                listener.close()
        self._listener = self._other = None

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    @property
    def listener(self) -> Listener:
        """The port.

        Raises:
            RuntimeError: The proxy is not started, or closed again.
        """
        if self._listener is None:
            raise RuntimeError('the proxy does not listen; call start() first')
        return self._listener

    @property
    def port(self) -> int:
        """The port, the same from `start` to `close`."""
        return self.listener.port

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`: what the plugin takes for the backend."""
        host = f'[{self.host}]' if ':' in self.host else self.host
        return f'http://{host}:{self.port}'

    def urls(self) -> tuple[str, ...]:
        """Return `GET http://127.0.0.1:PORT/path?query` of each request."""
        with self._lock:
            seen = list(self.requests)
        url = self.url
        return tuple(f'{one.method} {url}{one.target}' for one in seen)

    # What goes wrong -----------------------------------------------------

    def can(self, kind: Fault) -> str:
        """Return why a fault cannot be made; blank where it can."""
        if kind is Fault.DNS and _is_ip(self.host):
            return (
                f'the proxy is reached by the address {self.host}, which '
                "nobody looks up; FaultProxy(..., host='localhost') is "
                'reached by a name'
            )
        return ''

    def broken(
        self,
        kind: Fault,
        *,
        after: int = 0,
        times: int | None = None,
        only: Callable[[ProxiedRequest], bool] | None = None,
        reaches: bool = False,
    ) -> AbstractContextManager[None]:
        """Do one thing wrong until the context is left.

        Args:
            kind: What.
            after: Let so many requests pass first.
            times: Do it wrong so many times, then let requests pass.
            only: Choose the requests that go wrong, and that are counted.
            reaches: Let the upstream do what it is asked, and lose its
                answer: an outcome that the plugin cannot know.

        Raises:
            UnsupportedBySandbox: The proxy cannot, see `can`.
            ValueError: `REFUSE` and `DNS` happen before there is a request:
                they can be neither chosen nor counted.
        """
        reason = self.can(kind)
        if reason:
            raise UnsupportedBySandbox(f'fault({kind}): {reason}')
        counted = after or only or reaches or times is not None
        if kind in _UNCOUNTABLE and counted:
            raise ValueError(
                f'{kind} happens before there is a request to choose or to '
                'count; use Fault.RESET'
            )
        return self._broken(Rule(kind, after, times, only, reaches))

    @contextlib.contextmanager
    def _broken(self, rule: Rule) -> Generator[None]:
        listener = self.listener
        with contextlib.ExitStack() as stack:
            if rule.kind is Fault.REFUSE:
                listener.refuse()
                stack.callback(listener.listen)
            elif rule.kind is Fault.DNS:
                stack.enter_context(unresolvable(self.host, self.port))
                listener.drop()  # a connection that is kept needs no name
            with self._lock:
                self._rules.append(rule)
            try:
                yield
            finally:
                with self._lock:
                    self._rules.remove(rule)
                rule.over.set()

    @contextlib.contextmanager
    def scripted(self, answer: Script) -> Generator[None]:
        """Answer requests by a function until the context is left.

        Args:
            answer: Returns status, headers and body, or None to let a
                request through. It is called in the thread of the
                connection, in several at once.
        """
        with self._lock:
            self._scripts.append(answer)
        try:
            yield
        finally:
            with self._lock:
                self._scripts.remove(answer)

    # What a connection asks for ------------------------------------------

    def _serve(self, sock: socket.socket) -> None:
        Exchange(sock, self._wiring(self.listener, self._decide))

    def _serve_elsewhere(self, sock: socket.socket) -> None:
        if self._other is not None:
            Exchange(sock, self._wiring(self._other, self._decide_elsewhere))

    def _wiring(self, listener: Listener, decide: Decide) -> Wiring:
        return Wiring(
            listener=listener,
            upstream=self._upstream,
            content_type=self._content_type,
            bodies=self._bodies,
            slow=self._slow,
            elsewhere=self._elsewhere_url,
            decide=decide,
            location=self._location,
        )

    def _decide(self, request: ProxiedRequest) -> Raw | Rule | None:
        with self._lock:
            self.requests.append(request)
            scripts = list(reversed(self._scripts))
        for script in scripts:
            answer = script(request)
            if answer is not None:
                return answer
        with self._lock:
            for rule in reversed(self._rules):
                if rule.takes(request):
                    return rule
        return None

    def _decide_elsewhere(self, request: ProxiedRequest) -> Raw:
        with self._lock:
            self.elsewhere.append(request)
        return 404, {}, b'{"error": "not_found", "message": "elsewhere"}'

    def _location(self, url: str) -> str:
        if callable(self._upstream):
            return url
        host, port = self._upstream
        origin = f'http://{host}:{port}'
        if self._rewrite and f'{url}/'.startswith(f'{origin}/'):
            return self.url + url.removeprefix(origin)
        return url


@functools.cache
def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _address(url: str) -> tuple[str, int]:
    """Return host and port of an upstream.

    Raises:
        ValueError: It is not `http://HOST:PORT`.
    """
    parts = urllib.parse.urlsplit(url)
    plain = parts.path in ('', '/') and not parts.query and not parts.fragment
    if parts.scheme != 'http' or not parts.hostname or not plain:
        raise ValueError(
            f'the upstream is {url!r}; it must be http://HOST:PORT, as in '
            'http://127.0.0.1:8080'
        )
    return parts.hostname, parts.port or 80
