"""Requests to a Vault server, and what its answers mean.

Facts (Vault API documentation, "HTTP status codes", and tried on OpenBao):
errors are `{"errors": [...]}`; 404 without errors is something that is not
there, with errors a mount that is not; 403 is a token that is not valid as
well as one without the right, told apart by their texts only; 429 is a quota;
412, 472 and 473 come from a node that is not the active one or is behind;
503 is a server that is sealed or being upgraded.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import httpcore
import httpx
from anyio._backends import _asyncio

from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginError,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_sdk.throttling import retry_at

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from imbi_plugin_vault.settings import Settings

PRELOADED = (httpcore, _asyncio)
"""What httpx imports with the first request, in the event loop, where it takes
longer than law ASY007 allows."""

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Given to clients that encrypt nothing, or httpx makes one for each: 1 ms."""

WAIT = 5.0
"""Seconds to wait after 429 without Retry-After: quotas are per second by
default, and a person should not be sent away for longer than needed."""

_TAKEN = frozenset({200, 204, 400, 404, 413})
"""Statuses that say something about what was asked; `kv` reads them."""

_WHY: Mapping[int, str] = {
    412: 'is behind the node that was written to',
    472: 'is a disaster recovery secondary, which serves nobody',
    473: 'is a performance standby that cannot serve this',
    502: 'cannot reach what it needs',
    503: 'is sealed, or down for maintenance',
}
"""Status to what is the matter with the server."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What the server said, as far as it is worth reading.

    Attributes:
        status: 200, 204, 400, 404 or 413.
        body: The JSON object; empty for 204.
    """

    status: int
    body: Mapping[str, Any] = dataclasses.field(repr=False)

    @property
    def errors(self) -> tuple[str, ...]:
        """Return what the server names as errors."""
        found = self.body.get('errors')
        texts = cast('list[object]', found) if isinstance(found, list) else []
        return tuple(str(text) for text in texts)


class Wire:
    """Asks one server, with one token, for one call of the plugin."""

    def __init__(self, http: httpx.AsyncClient, settings: Settings) -> None:
        self._http = http
        self._settings = settings
        self._headers = {
            'X-Vault-Token': settings.token,
            # An agent may insist on it, as proof against forged requests.
            'X-Vault-Request': 'true',
        }
        if settings.namespace:
            self._headers['X-Vault-Namespace'] = settings.namespace

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Make one request; nothing is asked twice.

        Args:
            method: Of HTTP, and `LIST`.
            path: Below `/v1/`; needs no escaping.
            body: Sent as JSON, unless it is None.

        Raises:
            PluginError: The server did not answer the question.
        """
        answered = await self._sent(method, path, body)
        # Raised outside of the handlers: httpx's own errors hold the request
        # and with it the token (law SEC001).
        if isinstance(answered, PluginError):
            raise answered
        if answered.status_code not in _TAKEN:
            raise trouble(answered)
        if answered.status_code == HTTPStatus.NO_CONTENT:
            return Answer(answered.status_code, {})
        content = _parsed(answered.content)
        if content is None:
            raise malformed('no JSON object')
        return Answer(answered.status_code, content)

    async def _sent(
        self, method: str, path: str, body: object
    ) -> httpx.Response | PluginError:
        content = None if body is None else json.dumps(body).encode()
        try:
            return await self._http.request(
                method,
                f'{self._settings.address}/v1/{path}',
                headers=self._headers,
                content=content,
            )
        except httpx.TimeoutException:
            return PluginTimeoutError('Vault did not answer in time.')
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            kind = type(error).__name__
            return PluginUnavailableError(
                f'Vault cannot be reached, or broke off ({kind}). Look at '
                'the option address, and at the server.'
            )


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Wire]:
    """Give a wire for one call of the plugin, for as long as it may take.

    Redirects are not followed: a standby node names the active one, but so
    could anybody, and the token would go there.

    Raises:
        PluginTimeoutError: The body took longer than `settings.timeout`.
    """
    encrypted = settings.address.startswith('https:')
    budget = asyncio.timeout(settings.timeout)
    late = False
    try:
        async with (
            budget,
            httpx.AsyncClient(
                timeout=None,  # noqa: S113  the budget is for all requests
                follow_redirects=False,
                # Plain http is this machine: no proxy stands before it, and
                # loading certificates takes longer than asking.
                verify=True if encrypted else NO_TLS,
                trust_env=encrypted,
            ) as http,
        ):
            yield Wire(http, settings)
    except TimeoutError:
        if not budget.expired():
            raise
        late = True
    if late:
        raise PluginTimeoutError(
            f'Vault took longer than the {settings.timeout:g} seconds that '
            'the option timeout allows.'
        )


def trouble(answered: httpx.Response) -> PluginError:
    """Return the contract's error for an answer that is none."""
    status = answered.status_code
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return refused(_parsed(answered.content) or {})
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        after = answered.headers.get('Retry-After')
        return PluginRateLimited(retry_at(after, otherwise=WAIT))
    if answered.is_redirect:
        return PluginUnavailableError(
            'Vault answered with a redirect, as a standby node does. Put '
            'the address of the active node or of the load balancer into '
            'the option address.'
        )
    why = _WHY.get(status, f'answered with status {status}')
    return PluginUnavailableError(f'The Vault server {why}.')


def refused(body: Mapping[str, Any]) -> PluginAuthenticationFailed:
    """Return what a 403 means: servers tell it by the text alone.

    A token that is not valid is `permission denied` on its own, on newer
    servers beside `invalid token`; a right that lacks is one error in a list
    that a policy check made.
    """
    errors = Answer(HTTPStatus.FORBIDDEN, body).errors
    text = ' '.join(errors).strip()
    if 'invalid token' in text or text == 'permission denied':
        return PluginAuthenticationFailed(
            'Vault does not know the token: it is wrong, revoked or '
            'expired, or of another namespace. Make a new one.'
        )
    if 'permission denied' in text:
        return PluginAuthenticationFailed(
            'Vault knows the token, but its policies do not allow this. It '
            'needs create, read and update below data/ and list and delete '
            "below metadata/ in the project's folder."
        )
    return PluginAuthenticationFailed('Vault rejected the token.')


def malformed(what: str) -> PluginUnavailableError:
    """Return the error for an answer that Vault would not give."""
    return PluginUnavailableError(
        f'What answered is not a KV version 2 mount of Vault: {what}. Look '
        'at the options address and mount.'
    )


def _parsed(content: bytes) -> dict[str, Any] | None:
    try:
        found: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return cast('dict[str, Any]', found) if isinstance(found, dict) else None
