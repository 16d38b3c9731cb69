"""What a law may not do to the machine it runs on.

While a law runs, the network is denied but for loopback, HOME is an empty
directory, and variables of the environment that look like credentials are
gone. Everything is put back afterwards.

The network is watched by one audit hook (PEP 578), because a hook sees every
client that goes through the `socket` module, whatever library it is. It does
not see extension modules that make system calls of their own.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import functools
import ipaddress
import os
import socket
import sys
import weakref
from typing import TYPE_CHECKING, Any, Self

from imbi_plugin_sdk.secret_detector import is_secret_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from types import TracebackType

CLOUD_PREFIXES = (
    'AWS_',
    'AZURE_',
    'BAO_',
    'CLOUDSDK_',
    'GH_',
    'GITHUB_',
    'GITLAB_',
    'GOOGLE_',
    'VAULT_',
)
"""Variables that clients take credentials or accounts from by themselves."""

RELOCATED = frozenset(
    {
        'ALL_PROXY',
        'HTTPS_PROXY',
        'HTTP_PROXY',
        'NETRC',
        'XDG_CACHE_HOME',
        'XDG_CONFIG_HOME',
        'XDG_DATA_HOME',
        'XDG_STATE_HOME',
    }
)
"""Variables that lead around HOME, or loopback calls to a proxy."""

HOME_VARIABLES = ('HOME', 'USERPROFILE')

IN_LAW: contextvars.ContextVar[bool] = contextvars.ContextVar(
    'imbi_plugin_in_law', default=False
)
"""Whether code runs on behalf of a law: tasks inherit it, and so do threads
of `asyncio.to_thread`; a sandbox's server, in a thread or task of its own
from before, does not."""

_LOOPBACK_NAMES = frozenset({'', 'localhost', 'ip6-localhost'})


class NetworkDeniedError(ConnectionRefusedError):
    """The kit denied a call beyond loopback; the message says which.

    A refused connection, so that a plugin treats it as any other outage.
    """


@dataclasses.dataclass(frozen=True, slots=True)
class Attempt:
    """One call that would have left the process.

    Attributes:
        event: What was called, as in `socket.connect`.
        host: Name or address; blank for the wildcard.
        port: Port, where there is one.
        allowed: Whether it went through.
    """

    event: str
    host: str
    port: int | None
    allowed: bool

    def __str__(self) -> str:
        """Return `socket.connect to 127.0.0.1:80`."""
        port = '' if self.port is None else f':{self.port}'
        return f'{self.event} to {self.host or "any address"}{port}'


def is_loopback(host: str) -> bool:
    """Return whether a name or address stays on this machine."""
    text = host.strip('[]').partition('%')[0].rstrip('.').lower()
    if text in _LOOPBACK_NAMES or text.endswith('.localhost'):
        return True
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, 'ipv4_mapped', None)
    return (mapped or address).is_loopback or address.is_unspecified


@functools.cache
def looks_like_a_credential(name: str) -> bool:
    """Return whether a variable of the environment is kept from a law."""
    upper = name.upper()
    return (
        upper in RELOCATED
        or upper.startswith(CLOUD_PREFIXES)
        or is_secret_name(name)
    )


class Guard:
    """A context in which the network is loopback and the home is empty.

    Attributes:
        connections: Every attempt so far, also the allowed ones.
        urls: URLs that `urllib` and `http.client` were asked for.
        allowed: Names that may be reached, and their addresses so far.
        sockets: Those that code of the law connected, as far as it did so in
            tasks and threads of its own; `open_sockets` asks which are open.
    """

    def __init__(
        self,
        home: str,
        *,
        baseline: Mapping[str, str] | None = None,
        allow: Collection[str] = (),
    ) -> None:
        """Prepare the guard.

        Args:
            home: An empty directory.
            baseline: The environment before the sandbox was opened: only
                what it held is taken away, so that what the sandbox itself
                set stays. None takes the environment as it is on entering.
            allow: Host names beyond loopback that may be reached.
        """
        self.home = home
        self.baseline = baseline
        self.allow = frozenset(name.lower() for name in allow)
        self.allowed = set(self.allow)
        self.connections: list[Attempt] = []
        self.urls: list[str] = []
        self.sockets: list[weakref.ref[socket.socket]] = []
        self._environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Deny the network and hide the environment."""
        _install()
        if self.allow:
            self._resolve = socket.getaddrinfo
            socket.getaddrinfo = self._getaddrinfo
        self._environment = dict(os.environ)
        baseline = (
            self._environment if self.baseline is None else self.baseline
        )
        for name, value in self._environment.items():
            if looks_like_a_credential(name) and baseline.get(name) == value:
                os.environ.pop(name, None)
        for name in HOME_VARIABLES:
            os.environ[name] = self.home
        _ACTIVE.append(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Put network and environment back, also what the law changed."""
        _ACTIVE.remove(self)
        if self.allow:
            socket.getaddrinfo = self._resolve
        for name in set(os.environ) - set(self._environment):
            os.environ.pop(name, None)
        for name, value in self._environment.items():
            if os.environ.get(name) != value:
                os.environ[name] = value

    def _getaddrinfo(self, host: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  as the socket module declares it
        """Resolve a name, and allow its addresses where it is allowed."""
        found = self._resolve(host, *args, **kwargs)
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name.lower() in self.allow:
            self.allowed |= {str(entry[4][0]) for entry in found}
        return found

    def open_sockets(self, since: int = 0) -> int:
        """Return how many connections are open still.

        Args:
            since: How long `sockets` was before those that matter.
        """
        found = [reference() for reference in self.sockets[since:]]
        return sum(sock is not None and sock.fileno() != -1 for sock in found)

    def judge(self, event: str, host: object, port: object) -> None:
        """Record one attempt.

        Raises:
            NetworkDeniedError: It leaves this machine.
        """
        if isinstance(host, (bytes, bytearray)):
            name = host.decode('utf-8', 'replace')
        else:
            name = '' if host is None else str(host)
        number = port if isinstance(port, int) else None
        allowed = is_loopback(name) or name.lower() in self.allowed
        attempt = Attempt(event, name, number, allowed)
        self.connections.append(attempt)
        if not allowed:
            raise NetworkDeniedError(
                f'{attempt} was denied: a law may only reach the sandbox on '
                'loopback, and with --imbi-plugin-live the hosts it names'
            )


def _of_address(guard: Guard, event: str, args: tuple[Any, ...]) -> None:
    """Judge `(socket, address)`; other families stay on the machine."""
    address = args[1]
    if event == 'socket.connect' and IN_LAW.get() and _is_inet(args[0]):
        with contextlib.suppress(TypeError):  # a bare one of `_socket`
            guard.sockets.append(weakref.ref(args[0]))
    if isinstance(address, tuple) and address and _is_inet(args[0]):
        guard.judge(event, address[0], address[1] if address[1:] else None)  # pyright: ignore[reportUnknownArgumentType]


def _is_inet(sock: object) -> bool:
    family = getattr(getattr(sock, 'family', None), 'name', 'AF_INET')
    return family in ('AF_INET', 'AF_INET6')


def _of_host(guard: Guard, event: str, args: tuple[Any, ...]) -> None:
    guard.judge(event, args[0], args[1] if args[1:] else None)


def _of_sockaddr(guard: Guard, event: str, args: tuple[Any, ...]) -> None:
    guard.judge(event, args[0][0], args[0][1])


def _of_request(guard: Guard, event: str, args: tuple[Any, ...]) -> None:
    del event
    guard.urls.append(str(args[0]))


def _of_send(guard: Guard, event: str, args: tuple[Any, ...]) -> None:
    """Keep the request line of `http.client`; headers may hold secrets."""
    del event
    data = args[1]
    if isinstance(data, bytes) and b' HTTP/1.' in data[:65_536]:
        line = data.split(b'\r\n', 1)[0].decode('latin-1')
        guard.urls.append(line.rpartition(' ')[0])


_WATCHED: Mapping[str, Callable[[Guard, str, tuple[Any, ...]], None]] = {
    'http.client.send': _of_send,
    'socket.bind': _of_address,
    'socket.connect': _of_address,
    'socket.getaddrinfo': _of_host,
    'socket.gethostbyaddr': _of_host,
    'socket.gethostbyname': _of_host,
    'socket.getnameinfo': _of_sockaddr,
    'socket.sendmsg': _of_address,
    'socket.sendto': _of_address,
    'urllib.Request': _of_request,
}

_ACTIVE: list[Guard] = []
_INSTALLED: list[bool] = []


def _audit(event: str, args: tuple[Any, ...]) -> None:
    # Runs for every audit event of the process: look first, and leave.
    if _ACTIVE:
        watch = _WATCHED.get(event)
        if watch is not None:
            watch(_ACTIVE[-1], event, args)


def _install() -> None:
    """Install the hook once: an audit hook can never be taken out again."""
    if not _INSTALLED:
        _INSTALLED.append(True)
        sys.addaudithook(_audit)
