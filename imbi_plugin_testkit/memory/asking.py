"""How the handlers in memory ask a server that takes a token."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from imbi_plugin_sdk.errors import (
    PluginAuthenticationFailed,
    PluginCredentialsMissing,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_testkit.memory.faults import RETRY_AFTER
from imbi_plugin_testkit.memory.server import MemoryServer, MemoryStatusError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.context import PluginContext


class _Server(Protocol):
    """What answers requests."""

    async def request(
        self, verb: str, url: str, *, token: str, body: object = None
    ) -> str:
        """Answer one request with JSON text."""
        ...


class ReachesServer:
    """Makes requests; every failure but a status is an error of the contract.

    Attributes:
        server_class: What stands at the address.
        default_budget: Seconds for one request, where no option says.
    """

    server_class: ClassVar[type[Any]] = MemoryServer
    default_budget: ClassVar[float] = 5.0

    def token(self, credentials: Mapping[str, str]) -> str:
        """Return the token.

        Raises:
            PluginCredentialsMissing: It is absent or blank.
        """
        token = credentials.get('api_token', '')
        if not token.strip():
            raise PluginCredentialsMissing('the credential api_token is blank')
        return token

    def budget(self, ctx: PluginContext) -> float:
        """Return for how many seconds the server may take."""
        return float(
            ctx.assignment_options.get('timeout', self.default_budget)
        )

    async def reach(
        self,
        ctx: PluginContext,
        credentials: Mapping[str, str],
        verb: str,
        url: str,
        body: object = None,
    ) -> dict[str, Any]:
        """Make one request.

        Raises:
            MemoryStatusError: The server's answer is an error.
            PluginError: It cannot be reached, or answers nonsense.
        """
        token = self.token(credentials)
        address = str(ctx.assignment_options.get('endpoint'))
        try:
            async with asyncio.timeout(self.budget(ctx)):
                server: _Server = self.server_class.at(address)
                text = await server.request(verb, url, token=token, body=body)
            answer: dict[str, Any] = json.loads(text)
        except TimeoutError:
            raise PluginTimeoutError('the server does not answer') from None
        except OSError as error:
            raise PluginUnavailableError('no connection') from error
        except json.JSONDecodeError:
            raise PluginUnavailableError('the answer is not JSON') from None
        return answer

    def error_of(self, status: int) -> Exception:
        """Return the contract's error for a status."""
        if status in (401, 403):
            return PluginAuthenticationFailed('the token was rejected')
        if status == 429:  # noqa: PLR2004  HTTP
            return PluginRateLimited(time.time() + RETRY_AFTER)
        return PluginUnavailableError(f'the server answered {status}')


class AsksServer(ReachesServer):
    """Lets a handler of any type ask a `MemoryServer`."""

    async def ask(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        verb: str,
        url: str,
        body: object = None,
    ) -> dict[str, Any]:
        """Make one request; every failure is an error of the contract."""
        try:
            return await self.reach(ctx, credentials, verb, url, body)
        except MemoryStatusError as error:
            raise self.error_of(error.status) from error

    def error_of(self, status: int) -> Exception:
        """Return the contract's error for a status."""
        if status == 400:  # noqa: PLR2004  HTTP
            return ValueError('the store cannot hold this key or value')
        return super().error_of(status)
