"""An OpenID provider for the kit: oidc-provider, behind a fault proxy."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import secrets
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from imbi_plugin_sdk import IdentityCredentials, PluginContext
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

    from imbi_plugin_sdk import AuthorizationRequest


class OidcSandbox(ProxiedSandbox, IdentitySandbox):
    """One provider of its own in the process of `tests.backend`.

    Attributes:
        port: Where it listens; the plugin takes the way by the proxy.
    """

    backend = 'real'
    flaws = frozenset(Flaw)

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
            assignment_options={'issuer': self.proxy.url, 'timeout': 3},
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

    def impatient(self, context: PluginContext) -> PluginContext:
        """Let the plugin give up after three tenths of a second."""
        options = {**context.assignment_options, 'timeout': 0.3}
        return context.model_copy(update={'assignment_options': options})

    # People ---------------------------------------------------------------

    async def connect(self, *, person: str = 'alice') -> IdentityCredentials:
        """Sign a person in past the plugin: its tokens are the provider's.

        Laws of every method need a hundred connections, and each that goes
        by way of the plugin takes a dozen requests. Codes, and what laws of
        identity look at, still come from the plugin itself.
        """
        scopes = ['openid', 'offline_access', *self.limits.scopes]
        issued = await self._tell(
            'issue',
            person=person,
            clientId=self.credentials['client_id'],
            scope=' '.join(scopes),
        )
        return IdentityCredentials(
            access_token=issued['access_token'],
            expires_at=dt.datetime.now(dt.UTC)
            + dt.timedelta(seconds=issued['expires_in']),
            refresh_token=issued['refresh_token'],
            scopes=scopes,
            extra={'id_token': issued['id_token']},
        )

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
        """Let the provider be wrong in one place.

        Id tokens are signed as the others are, after oidc-provider is done
        with them, which makes none that is wrong.
        """
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
