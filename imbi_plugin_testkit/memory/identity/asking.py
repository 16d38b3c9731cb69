"""How the plugins in memory ask their provider."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.parse
from typing import TYPE_CHECKING, Any, ClassVar

from imbi_plugin_sdk.errors import (
    PluginAuthenticationFailed,
    PluginCredentialsMissing,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_testkit.memory.faults import RETRY_AFTER
from imbi_plugin_testkit.memory.identity.provider import MemoryProvider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.memory.identity.provider import Reply

BUDGET = 5.0
"""Seconds for one call of the provider."""


class AsksProvider:
    """Makes requests, and errors of the contract from what goes wrong.

    Attributes:
        budget: Seconds for one call of the provider.
    """

    budget: ClassVar[float] = BUDGET

    def client(self, credentials: Mapping[str, str]) -> tuple[str, str]:
        """Return client id and secret.

        Raises:
            PluginCredentialsMissing: One is absent or blank.
        """
        found = [
            credentials.get(name, '').strip()
            for name in ('client_id', 'client_secret')
        ]
        if not all(found):
            raise PluginCredentialsMissing('client_id or client_secret')
        return found[0], found[1]

    def issuer(self, ctx: PluginContext) -> str:
        """Return the issuer."""
        return str(ctx.assignment_options.get('issuer'))

    def patience(self, ctx: PluginContext) -> float:
        """Return for how many seconds the provider may take."""
        return float(ctx.assignment_options.get('timeout', self.budget))

    async def metadata(self, ctx: PluginContext) -> dict[str, Any]:
        """Return the provider's endpoints, by discovery (RFC 8414 §3.3)."""
        answer = await self.ask(ctx, '/.well-known/openid-configuration')
        if answer.get('issuer') != self.issuer(ctx):
            raise PluginUnavailableError('discovery names another issuer')
        return answer

    async def userinfo(
        self, ctx: PluginContext, access_token: str
    ) -> dict[str, Any]:
        """Return what the provider says of a token's owner."""
        url = (await self.metadata(ctx))['userinfo_endpoint']
        return await self.ask(ctx, self.path(url), bearer=access_token)

    async def post(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        endpoint: str,
        form: dict[str, str],
    ) -> dict[str, Any]:
        """Post a form to an endpoint, as the client."""
        client = self.client(credentials)
        url = (await self.metadata(ctx))[f'{endpoint}_endpoint']
        return await self.ask(ctx, self.path(url), form, basic=client)

    def path(self, url: str) -> str:
        """Return the path of an endpoint."""
        return urllib.parse.urlsplit(url).path

    async def ask(
        self,
        ctx: PluginContext,
        path: str,
        form: dict[str, str] | None = None,
        *,
        basic: tuple[str, str] | None = None,
        bearer: str | None = None,
    ) -> dict[str, Any]:
        """Make one request; every failure is an error of the contract."""
        try:
            async with asyncio.timeout(self.patience(ctx)):
                provider = MemoryProvider.at(self.issuer(ctx))
                reply = await provider.request(
                    path, form, basic=basic, bearer=bearer
                )
        except TimeoutError:
            raise PluginTimeoutError('no answer in time') from None
        except OSError:
            raise PluginUnavailableError('no connection') from None
        return self.read(reply)

    def read(self, reply: Reply) -> dict[str, Any]:
        """Return the JSON object of a good answer."""
        try:
            answer: Any = json.loads(reply.text)
        except ValueError:
            answer = None
        if reply.status != 200:  # noqa: PLR2004  HTTP
            found = answer.get('error') if isinstance(answer, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            raise self.error_of(reply.status, str(found or ''))  # pyright: ignore[reportUnknownArgumentType]
        if not isinstance(answer, dict):
            raise PluginUnavailableError('the answer is no JSON object')
        return answer  # pyright: ignore[reportUnknownVariableType]

    def error_of(self, status: int, code: str) -> Exception:
        """Return the contract's error for an answer (RFC 6749 §5.2)."""
        if status == 429:  # noqa: PLR2004  HTTP
            return PluginRateLimited(time.time() + RETRY_AFTER)
        if status in (401, 403) or code in ('invalid_grant', 'access_denied'):
            return PluginAuthenticationFailed(f'the provider refused: {code}')
        return PluginUnavailableError(f'the provider answered {status} {code}')
