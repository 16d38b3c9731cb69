"""An app of the fake for the identity plugins, whichever the product."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from imbi_plugin_sdk import IdentityCredentials, PluginContext
from imbi_plugin_testkit.models.identity import (
    Flaw,
    IdentityLimits,
    IdentitySandbox,
    SignedIn,
)
from imbi_plugin_testkit.proxy import FaultProxy, ProxiedSandbox
from imbi_plugin_testkit.sandbox import UnsupportedBySandbox
from tests.faults import BODIES
from tests.server import github

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AbstractAsyncContextManager

    from imbi_plugin_sdk import AuthorizationRequest


class GitHubIdentitySandbox(ProxiedSandbox, IdentitySandbox):
    """One app, whose user tokens expire and are refreshed.

    Attributes:
        product: Slug of the plugin.
    """

    backend = 'fake'
    limits = IdentityLimits(
        people=('alice', 'bob'),
        scopes=('read:user', 'user:email', 'read:org', 'repo'),
        rotates=True,
        # GitHub ends access tokens only.
        revokes_refresh=False,
    )

    def __init__(self, product: str) -> None:
        super().__init__()
        self.product = product

    async def __aenter__(self) -> Self:
        """Start what is needed, and register an app."""
        self.github = github()
        self.world = self.github.world
        # By name, so that the name can fail to resolve.
        self.proxy = FaultProxy(
            self.github.url, host='localhost', bodies=BODIES
        ).start()
        self.app = self.world.register(self.redirect_uri)
        self.credentials = {
            'client_id': self.app.client_id,
            'client_secret': self.app.client_secret,
        }
        options: dict[str, Any] = {'endpoint': self.proxy.url}
        if self.product == 'github-enterprise-cloud':
            options['tenant'] = 'octocorp'
        elif self.product == 'github-enterprise-server':
            options = {'server': self.proxy.url}
        self.context = PluginContext(
            project_id='kit-project',
            project_slug='kit',
            org_slug='kit-org',
            assignment_options={**options, 'timeout': 5},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Forget the app and all that it got."""
        self.proxy.close()
        with self.world.lock:
            del self.world.apps[self.app.client_id]
            for held in (self.world.tokens, self.world.codes):
                for key in [k for k, v in held.items() if v.app is self.app]:
                    del held[key]

    def impatient(self, context: PluginContext) -> PluginContext:
        """Return a context whose calls give up soon."""
        options = {**context.assignment_options, 'timeout': 0.3}
        return context.model_copy(update={'assignment_options': options})

    # People ---------------------------------------------------------------

    async def connect(self, *, person: str = 'alice') -> IdentityCredentials:
        """Sign a person in past the plugin.

        Only laws of every method ask for this, for tokens to refresh and to
        revoke; those about signing in go the whole way with the plugin.
        """
        app = {
            'client_id': self.app.client_id,
            'redirect_uri': self.redirect_uri,
        }
        scopes = ' '.join(self.limits.scopes[:2])
        code = self.world.authorize(person, {**app, 'scope': scopes})
        secret = {'client_secret': self.app.client_secret, 'code': code}
        answer = self.world.exchange({**app, **secret})
        life = dt.timedelta(seconds=answer['expires_in'])
        return IdentityCredentials(
            access_token=answer['access_token'],
            token_type=answer['token_type'],
            expires_at=dt.datetime.now(dt.UTC) + life,
            refresh_token=answer['refresh_token'],
            scopes=answer['scope'].split(','),
        )

    async def sign_in(
        self,
        request: AuthorizationRequest,
        *,
        person: str = 'alice',
        decision: Literal['approve', 'deny', 'wait'] = 'approve',
    ) -> SignedIn:
        """Open the page, and agree or decline, around the proxy."""
        parts = urlsplit(request.authorization_url)
        if parts.path != '/login/oauth/authorize':
            raise LookupError('GitHub has another page for this')
        query = dict(parse_qsl(parts.query, strict_parsing=True))
        if decision == 'wait':
            raise UnsupportedBySandbox('sign_in(wait)')
        state = query.get('state')
        if decision == 'deny':
            return SignedIn(state=state, error='access_denied')
        code = self.world.authorize(person, query)
        return SignedIn(code=code, state=state)

    async def accepts(self, credentials: IdentityCredentials) -> str | None:
        """Ask whose an access token is."""
        token = self.world.tokens.get(credentials.access_token)
        if token is None or token.user is None or token.kind != 'user':
            return None
        return str(token.user.id)

    async def expire(
        self, what: Literal['code', 'device', 'access', 'refresh'], value: str
    ) -> None:
        """Let a code or token run out."""
        if what == 'device':
            raise UnsupportedBySandbox('expire(device)')
        with self.world.lock:
            if what == 'code':
                self.world.codes[value].spent = True
            else:
                del self.world.tokens[value]

    def flawed(self, flaw: Flaw) -> AbstractAsyncContextManager[None]:
        """Let e-mail addresses be unverified; there are no id tokens."""
        if flaw is not Flaw.UNVERIFIED_EMAIL:
            raise UnsupportedBySandbox(f'flawed({flaw})')
        return self._unverified()

    @contextlib.asynccontextmanager
    async def _unverified(self) -> AsyncGenerator[None]:
        self.world.unverified = True
        try:
            yield
        finally:
            self.world.unverified = False

    async def snapshot(self) -> dict[str, Any]:
        """Return the app's codes and tokens, by their ends."""
        with self.world.lock:
            return {
                **{
                    f'code {key[-4:]}': code.spent
                    for key, code in self.world.codes.items()
                    if code.app is self.app
                },
                **{
                    f'{token.kind} {key[-4:]}': token.scopes
                    for key, token in self.world.tokens.items()
                    if token.app is self.app
                },
            }
