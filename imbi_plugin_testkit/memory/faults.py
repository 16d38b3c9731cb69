"""What the servers in memory share: where they are, and what they do wrong."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import weakref
from typing import TYPE_CHECKING, ClassVar, Self

from imbi_plugin_testkit.sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

STATUS: Mapping[Fault, int] = {
    Fault.UNAUTHORIZED: 401,
    Fault.FORBIDDEN: 403,
    Fault.THROTTLED: 429,
    Fault.SERVER_ERROR: 500,
    Fault.UNAVAILABLE: 503,
    Fault.REDIRECT: 307,
}
"""Faults that are an answer of their own."""

RETRY_AFTER = 30
"""Seconds that a throttling server asks for."""

SLOW_SECONDS = 0.05
HANG_SECONDS = 3_600
"""Longer than any test waits."""


def new_token() -> str:
    """Return a token that nobody meets by accident."""
    # secrets is 3 ms to import, and only sandboxes need it.
    import secrets  # noqa: PLC0415

    return f'memory-{secrets.token_hex(16)}'


class FaultyServer:
    """A server in memory, which is there for as long as somebody holds it.

    Attributes:
        address: What a plugin reaches it by.
        urls: What it was asked for.
        broken: What it does wrong at the moment.
    """

    _running: ClassVar[weakref.WeakValueDictionary[str, FaultyServer]] = (
        weakref.WeakValueDictionary()
    )
    _numbers: ClassVar[itertools.count[int]] = itertools.count(1)

    def __init__(self, address: str) -> None:
        """Listen.

        Args:
            address: With `{}` for a number that no other server has.
        """
        self.address = address.format(next(self._numbers))
        self.urls: list[str] = []
        self.broken: Fault | None = None
        self._running[self.address] = self

    @classmethod
    def at(cls, address: str) -> Self:
        """Return the server at an address.

        Raises:
            ConnectionRefusedError: There is none of this kind.
        """
        server = cls._running.get(address)
        if not isinstance(server, cls):
            raise ConnectionRefusedError(f'nobody listens at {address}')
        return server

    @contextlib.asynccontextmanager
    async def breaking(self, kind: Fault) -> AsyncGenerator[None]:
        """Do this wrong for the length of the context."""
        self.broken = kind
        try:
            yield
        finally:
            self.broken = None

    def refuse(self) -> None:
        """Be out of reach, where that is the fault."""
        if self.broken is Fault.REFUSE:
            raise ConnectionRefusedError('connection refused')
        if self.broken is Fault.DNS:
            raise socket.gaierror('name not known')

    async def lose(self) -> None:
        """Give no answer, or none in time, where that is the fault."""
        if self.broken is Fault.RESET:
            raise ConnectionResetError('connection reset')
        if self.broken in (Fault.HANG, Fault.SLOW):
            hangs = self.broken is Fault.HANG
            await asyncio.sleep(HANG_SECONDS if hangs else SLOW_SECONDS)

    @property
    def status(self) -> int | None:
        """Return the status that is the fault, if one is."""
        return None if self.broken is None else STATUS.get(self.broken)

    def spoiled(self, text: str) -> str:
        """Return an answer as the fault leaves it."""
        if self.broken is Fault.TRUNCATED:
            return text[: len(text) // 2]
        return '<html>' if self.broken is Fault.MALFORMED else text
