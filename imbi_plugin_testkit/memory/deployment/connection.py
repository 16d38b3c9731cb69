"""How `MemoryDeployment` reaches a `MemoryForge`."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.errors import PluginError
from imbi_plugin_testkit.memory.asking import ReachesServer
from imbi_plugin_testkit.memory.deployment.server import (
    CONFLICT,
    INVALID,
    NOT_FOUND,
    MemoryForge,
)
from imbi_plugin_testkit.memory.server import MemoryStatusError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from imbi_plugin_sdk.context import PluginContext


class UnknownHere(PluginError):  # noqa: N818  says what it is
    """The remote has no such ref, commit or run, or more than one."""


class TakenAlready(PluginError):  # noqa: N818  says what it is
    """A tag names another commit already."""


def repository_path(ctx: PluginContext) -> str:
    """Return the path of a project's repository."""
    return f'{ctx.org_slug}/{ctx.project_slug}'


class Connection(ReachesServer):
    """Asks a forge; every failure but a status is the contract's error."""

    server_class = MemoryForge

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
        url = f'/{repository_path(ctx)}/{what}'
        return await self.reach(ctx, credentials, verb, url, body)

    def error_of(self, status: int) -> Exception:
        """Return the contract's error for a status."""
        if status == NOT_FOUND:
            return UnknownHere('the remote has no such ref, commit or run')
        if status in (CONFLICT, INVALID):
            return ValueError('the remote does not take this')
        return super().error_of(status)
