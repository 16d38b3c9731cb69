"""The one request that the plugin makes, within a budget of time."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from typing import TYPE_CHECKING, Any

import httpx

from imbi_plugin_logzio import answers
from imbi_plugin_sdk import PluginTimeoutError, PluginUnavailableError

# The first request would import these, and hold up the event loop meanwhile
# (law ASY007). That they have these names is httpx's affair.
for _name in ('httpcore', 'anyio._backends._asyncio'):
    with contextlib.suppress(ImportError):
        importlib.import_module(_name)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from imbi_plugin_logzio.settings import Settings

LARGE = 1 << 20
"""Bytes of an answer from which on a thread reads it: JSON takes some 10 ms
for each of these."""


class SearchClient:
    """Asks Logz.io; every failure is an error of the contract."""

    def __init__(
        self, http: httpx.AsyncClient, settings: Settings, token: str
    ) -> None:
        self._http = http
        self._url = f'{settings.endpoint}/v1/search'
        self._headers = {'X-API-TOKEN': token}

    async def ask(
        self, body: Mapping[str, Any], offset: int
    ) -> dict[str, Any]:
        """Return the answer to one search.

        Args:
            body: In the DSL of OpenSearch.
            offset: `dayOffset`.

        Raises:
            PluginError: As the contract says.
            ValueError: Logz.io does not take the query.
        """
        response, failed = None, ''
        try:
            response = await self._http.post(
                self._url,
                params={'dayOffset': offset} if offset else None,
                json=body,
                headers=self._headers,
            )
        except httpx.HTTPError as error:
            failed = type(error).__name__
        if response is None:
            # Outside of the handler: the client's error holds the request,
            # and the request holds the token.
            raise PluginUnavailableError(
                f'Logz.io cannot be reached ({failed}). Check the options '
                'region and endpoint_url.'
            )
        answers.raise_for(response.status_code, response.headers)
        if len(response.content) < LARGE:
            return answers.read_json(response.content)
        return await asyncio.to_thread(answers.read_json, response.content)


@contextlib.asynccontextmanager
async def open_client(
    settings: Settings, token: str
) -> AsyncGenerator[SearchClient]:
    """Give a client for one call of the plugin, pages and days included.

    Redirects are not followed, or another host would get the token. This
    machine is reached without proxies and certificates.

    Raises:
        PluginTimeoutError: The body took longer than `settings.timeout`.
    """
    remote = settings.endpoint.startswith('https:')
    budget = asyncio.timeout(settings.timeout)
    try:
        async with (
            budget,
            httpx.AsyncClient(
                timeout=None,  # noqa: S113  the budget covers all of it
                follow_redirects=False,
                trust_env=remote,
                verify=remote,
            ) as http,
        ):
            yield SearchClient(http, settings, token)
    except TimeoutError:
        if not budget.expired():
            raise
    if budget.expired():
        raise PluginTimeoutError(
            f'Logz.io took longer than {settings.timeout:g} seconds. The '
            'option timeout sets the limit.'
        )
