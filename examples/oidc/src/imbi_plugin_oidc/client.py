"""The requests that the plugin makes, within one budget of time."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import httpx

from imbi_plugin_oidc import answers
from imbi_plugin_oidc.metadata import WHAT, Metadata, urls
from imbi_plugin_sdk import PluginTimeoutError, PluginUnavailableError

# httpx imports its transport, and anyio its backend, inside of the first
# request, where that blocks the event loop for a quarter of a second (law
# ASY007). Nothing breaks where they are named otherwise.
for _module in ('httpcore', 'anyio._backends._asyncio'):
    with contextlib.suppress(ImportError):
        importlib.import_module(_module)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from imbi_plugin_oidc.settings import Credentials, Settings

LARGEST = 1024 * 1024
"""Octets of the largest answer that is read: key sets have a few thousand."""

_NOT_FOUND = 404
_ACCEPT = {'accept': 'application/json'}


@contextlib.asynccontextmanager
async def open_client(
    settings: Settings, credentials: Credentials
) -> AsyncGenerator[ProviderClient]:
    """Give a client for one call of the plugin, with one budget of time.

    Redirects are not followed, or another host would get the client's
    secret. A plain http issuer is this machine: it needs no proxy and no
    certificates, which take longer to load than a request does.

    Raises:
        PluginTimeoutError: The body took longer than `settings.timeout`.
    """
    remote, late = settings.issuer.startswith('https:'), False
    try:
        async with (
            asyncio.timeout(settings.timeout),
            httpx.AsyncClient(
                timeout=None,  # noqa: S113  the line above covers all of it
                follow_redirects=False,
                trust_env=remote,
                verify=remote,
                headers=_ACCEPT,
            ) as http,
        ):
            yield ProviderClient(http, settings, credentials)
    except TimeoutError:
        late = True
    if late:
        raise PluginTimeoutError(
            f'The provider took longer than {settings.timeout:g} seconds. '
            'The option timeout sets the limit.'
        )


class ProviderClient:
    """Asks one provider; every failure is an error of the contract.

    What discovery says is kept for this call only: a provider that moves or
    changes its keys is followed at once.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        settings: Settings,
        credentials: Credentials,
    ) -> None:
        self._http = http
        self._settings = settings
        self._credentials = credentials
        self._metadata: Metadata | None = None

    async def metadata(self) -> Metadata:
        """Return what the provider tells of itself.

        Raises:
            PluginUnavailableError: It tells nothing, or of another issuer.
        """
        if self._metadata is None:
            status, content = 0, b''
            for url in urls(self._settings.issuer):
                status, headers, content = await self._send('GET', url)
                if status != _NOT_FOUND:
                    answers.raise_for(status, headers, content, WHAT)
                    break
            if status == _NOT_FOUND:
                raise PluginUnavailableError(
                    'The provider has no discovery document for the option '
                    f'issuer, {self._settings.issuer!r}.'
                )
            body = answers.read_object(content, WHAT)
            self._metadata = Metadata.read(body, self._settings.issuer)
        return self._metadata

    async def keys(self) -> dict[str, Any]:
        """Return the provider's key set."""
        what = 'the request for its keys'
        url = (await self.metadata()).jwks_uri
        status, headers, content = await self._send('GET', url)
        answers.raise_for(status, headers, content, what)
        return answers.read_object(content, what)

    async def token(self, form: dict[str, str]) -> dict[str, Any]:
        """Exchange a code or a refresh token (RFC 6749 §4.1.3 and §6)."""
        what = 'the token request'
        url = (await self.metadata()).token_endpoint
        content = await self._as_client(url, form, what)
        return answers.read_object(content, what)

    async def userinfo(self, access_token: str) -> dict[str, Any] | None:
        """Return the claims of a token's owner; None without an endpoint."""
        what = 'the userinfo request'
        url = (await self.metadata()).userinfo_endpoint
        if url is None:
            return None
        bearer = {'authorization': f'Bearer {access_token}'}
        status, headers, content = await self._send('GET', url, bearer)
        answers.raise_for(status, headers, content, what)
        return answers.read_object(content, what)

    async def revoke(self, token: str) -> None:
        """End a token (RFC 7009); nothing where there is no endpoint."""
        url = (await self.metadata()).revocation_endpoint
        if url is not None:
            form = {'token': token}
            await self._as_client(url, form, 'the revocation request')

    async def _as_client(
        self, url: str, form: dict[str, str], what: str
    ) -> bytes:
        """Post a form as the client, and return the answer's body."""
        headers: dict[str, str] = {}
        name, secret = (
            self._credentials.client_id,
            self._credentials.client_secret,
        )
        if await self._auth_method() == 'client_secret_post':
            form = {**form, 'client_id': name, 'client_secret': secret}
        else:
            # RFC 6749 §2.3.1: form-encoded first, then as HTTP Basic has it.
            pair = httpx.BasicAuth(quote_plus(name), quote_plus(secret))
            request = httpx.Request('POST', url)
            signed = next(pair.auth_flow(request))
            headers['authorization'] = signed.headers['authorization']
        status, answered, content = await self._send(
            'POST', url, headers, form
        )
        answers.raise_for(status, answered, content, what)
        return content

    async def _auth_method(self) -> str:
        """Return how the client proves itself.

        Raises:
            PluginUnavailableError: The provider takes none that we know.
        """
        if self._settings.token_auth_method:
            return self._settings.token_auth_method
        methods = (await self.metadata()).auth_methods
        if not methods:
            raise PluginUnavailableError(
                'The provider takes no client secret, neither in a header '
                'nor in a form; register the client for one of them.'
            )
        return methods[0]

    async def _send(
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> tuple[int, httpx.Headers, bytes]:
        """Make one request; return status, headers and body.

        Errors are raised outside of the handlers: httpx's own hold the
        request, and with it secret and tokens (law SEC001).
        """
        found: tuple[int, httpx.Headers, bytes] | None = None
        with contextlib.suppress(httpx.HTTPError, httpx.InvalidURL):
            async with self._http.stream(
                method, url, headers=headers, data=form
            ) as response:
                chunks: list[bytes] = []
                async for chunk in response.aiter_bytes():
                    chunks.append(chunk)
                    if sum(map(len, chunks)) > LARGEST:
                        break
                content = b''.join(chunks)
                found = response.status_code, response.headers, content
        if found is None:
            raise PluginUnavailableError(
                'The provider cannot be reached, or it broke off its answer. '
                'Check the option issuer.'
            )
        return found
