"""How `MemoryDeployment` reaches a `MemoryForge`."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.parse
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.errors import (
    PluginAuthenticationFailed,
    PluginCredentialsMissing,
    PluginError,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_testkit.memory.deployment.server import (
    CONFLICT,
    INVALID,
    NOT_FOUND,
    MemoryForge,
)
from imbi_plugin_testkit.memory.faults import RETRY_AFTER
from imbi_plugin_testkit.memory.server import MemoryStatusError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from imbi_plugin_sdk.context import PluginContext

DEFAULT_BUDGET = 5.0
"""Seconds for one request, and for a started run to be found."""


class UnknownHere(PluginError):  # noqa: N818  says what it is
    """The remote has no such ref, commit or run, or more than one."""


class TakenAlready(PluginError):  # noqa: N818  says what it is
    """A tag names another commit already."""


def repository_path(ctx: PluginContext) -> str:
    """Return the path of a project's repository."""
    return f'{ctx.org_slug}/{ctx.project_slug}'


class Connection:
    """Asks a forge; every failure but a status is the contract's error."""

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
        """Return how many seconds one request may take."""
        return float(ctx.assignment_options.get('timeout', DEFAULT_BUDGET))

    async def pages(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        what: str,
        **query: str,
    ) -> AsyncGenerator[dict[str, Any]]:
        """Yield every item of a list, page by page."""
        page: int | None = 1
        while page is not None:
            answer = await self.get(
                ctx, credentials, what, page=str(page), **query
            )
            for item in answer['items']:
                yield item
            page = answer['next']

    async def get(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        what: str,
        **query: str,
    ) -> dict[str, Any]:
        """Read one thing; every failure is an error of the contract."""
        asked = f'{what}?{urllib.parse.urlencode(query)}' if query else what
        try:
            return await self.ask(ctx, credentials, 'GET', asked)
        except MemoryStatusError as error:
            raise self.error_of(error.status) from error

    async def ask(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        verb: str,
        what: str,
        body: object = None,
    ) -> dict[str, Any]:
        """Make one request.

        Raises:
            MemoryStatusError: The server's answer is an error.
            PluginError: It cannot be reached, or answers nonsense.
        """
        token = self.token(credentials)
        address = str(ctx.assignment_options.get('endpoint'))
        url = f'/{repository_path(ctx)}/{what}'
        try:
            async with asyncio.timeout(self.budget(ctx)):
                forge = MemoryForge.at(address)
                text = await forge.request(verb, url, token=token, body=body)
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
        if status == NOT_FOUND:
            return UnknownHere('the remote has no such ref, commit or run')
        if status in (CONFLICT, INVALID):
            return ValueError('the remote does not take this')
        if status in (401, 403):
            return PluginAuthenticationFailed('the token was rejected')
        if status == 429:  # noqa: PLR2004  HTTP
            return PluginRateLimited(time.time() + RETRY_AFTER)
        return PluginUnavailableError(f'the server answered {status}')
