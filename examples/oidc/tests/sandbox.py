"""An OpenID provider for the kit: oidc-provider, behind a fault proxy."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from imbi_plugin_sdk import PluginContext
from imbi_plugin_testkit.models.identity import (
    Flaw,
    IdentityLimits,
    IdentitySandbox,
    SignedIn,
)
from imbi_plugin_testkit.proxy import FaultProxy, ProxiedSandbox
from imbi_plugin_testkit.sandbox import UnsupportedBySandbox
from tests.backend import backend

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager

    from imbi_plugin_sdk import AuthorizationRequest, IdentityCredentials


class OidcSandbox(ProxiedSandbox, IdentitySandbox):
    """One provider of its own in the process of `tests.backend`.

    Attributes:
        port: Where it listens; the plugin takes the way by the proxy.
    """

    backend = 'real'

    def __init__(
        self,
        *,
        rotates: bool = False,
        discovery: Mapping[str, Any] | None = None,
    ) -> None:
        """Describe the provider.

        Args:
            rotates: Whether a refresh replaces the refresh token. A replaced
                one that comes back then ends all that came from it.
            discovery: What its discovery document says instead.
        """
        super().__init__()
        self.limits = IdentityLimits(
            people=('alice', 'bob'),
            scopes=('projects:read', 'projects:write', 'email'),
            rotates=rotates,
            reuse_revokes=rotates,
        )
        self._discovery = dict(discovery or {})

    async def __aenter__(self) -> Self:
        """Start the backend and give a context and credentials for it."""
        self.port = int((await self._ask('open'))['port'])
        # By name, so that it can fail to resolve.
        self.proxy = FaultProxy(
            f'http://127.0.0.1:{self.port}', host='localhost'
        ).start()
        self.credentials = {
            'client_id': f'imbi-{secrets.token_hex(4)}',
            'client_secret': secrets.token_urlsafe(24),
        }
        await self._tell(
            'become',
            issuer=self.proxy.url,
            rotates=self.limits.rotates,
            discovery=self._discovery,
            client={
                **self.credentials,
                'redirect_uris': [self.redirect_uri],
            },
        )
        self.context = PluginContext(
            project_id='kit-project',
            project_slug='kit',
            org_slug='kit-org',
            assignment_options={'issuer': self.proxy.url, 'timeout': 1},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Take provider and proxy away."""
        self.proxy.close()
        await self._tell('close')

    async def _ask(self, what: str, **facts: Any) -> dict[str, Any]:
        return await asyncio.to_thread(
            lambda: backend().ask(what, **facts),
        )

    async def _tell(self, what: str, **facts: Any) -> dict[str, Any]:
        return await self._ask(what, port=self.port, **facts)

    # People ---------------------------------------------------------------

    async def sign_in(
        self,
        request: AuthorizationRequest,
        *,
        person: str = 'alice',
        decision: Literal['approve', 'deny', 'wait'] = 'approve',
    ) -> SignedIn:
        """Open the provider's page, sign in, consent, and come back.

        The browser is in the process of the provider and goes around the
        proxy: only what the plugin asks for is counted and broken.
        """
        url = request.authorization_url
        facts = {'url': url, 'person': person, 'decision': decision}
        answer = await self._tell('browse', **facts)
        if not str(answer.get('url')).startswith(self.redirect_uri):
            raise RuntimeError(f'the provider does not come back: {answer}')
        back = parse_qs(urlsplit(answer['url']).query)
        return SignedIn(
            code=''.join(back.get('code', [])),
            state=''.join(back.get('state', [])) or None,
            error=''.join(back.get('error', [])) or None,
        )

    async def accepts(self, credentials: IdentityCredentials) -> str | None:
        """Ask the provider whom an access token stands for."""
        answer = await self._tell('accepts', token=credentials.access_token)
        return answer['subject']

    async def expire(
        self, what: Literal['code', 'device', 'access', 'refresh'], value: str
    ) -> None:
        """Set the end of a code or token to the beginning of time."""
        if what == 'device':
            raise UnsupportedBySandbox(f'expire({what})')
        await self._tell('expire', kind=what, value=value)

    def flawed(self, flaw: Flaw) -> AbstractAsyncContextManager[None]:
        """Let id tokens be wrong in one place, signed as the others are."""
        return self._flawed(flaw)

    @contextlib.asynccontextmanager
    async def _flawed(self, flaw: Flaw) -> AsyncIterator[None]:
        await self._tell('flaw', flaw=flaw.value)
        try:
            yield
        finally:
            await self._tell('flaw', flaw=None)

    async def snapshot(self) -> dict[str, Any]:
        """Return what the provider keeps: kind and hash to its state."""
        return await self._tell('snapshot')


def make(plugin: object) -> OidcSandbox:
    """Return a sandbox; the kit names this function."""
    del plugin
    return OidcSandbox()
