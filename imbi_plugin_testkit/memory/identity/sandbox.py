"""A sandbox on a provider in memory, that can do all that one may do."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any, Literal

from imbi_plugin_sdk.context import PluginContext
from imbi_plugin_testkit.memory.identity.grants import PEOPLE, Behaviour
from imbi_plugin_testkit.memory.identity.provider import MemoryProvider
from imbi_plugin_testkit.models.identity import (
    Flaw,
    IdentityLimits,
    IdentitySandbox,
    SignedIn,
)
from imbi_plugin_testkit.sandbox import UnsupportedBySandbox

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from imbi_plugin_sdk.context import IdentityCredentials
    from imbi_plugin_sdk.handlers.identity import AuthorizationRequest
    from imbi_plugin_testkit.models.identity import Decision
    from imbi_plugin_testkit.sandbox import Fault

SCOPES = ('projects:read', 'projects:write', 'openid')
"""Scopes of the provider that may be asked for, beyond the default."""


IMPATIENT = 0.02
"""Seconds that are enough for memory to answer."""


class MemoryIdentitySandbox(IdentitySandbox):
    """A sandbox on a `MemoryProvider` of its own."""

    backend = 'memory'
    flaws = frozenset(Flaw)

    def __init__(
        self, behaviour: Behaviour | None = None, *, registered: bool = True
    ) -> None:
        """Start a provider.

        Args:
            behaviour: What the provider can do.
            registered: Whether there are credentials of a client; a plugin
                that registers one itself needs none.
        """
        super().__init__()
        kind = behaviour or Behaviour()
        self.limits = IdentityLimits(
            people=tuple(PEOPLE),
            scopes=SCOPES,
            rotates=kind.rotates,
            refreshes=kind.refreshes,
            revokes_refresh=kind.revokes_refresh,
            reuse_revokes=kind.reuse_revokes,
            compares_verifier=kind.pkce,
            device_interval=kind.device_interval,
        )
        self.provider = MemoryProvider(self.redirect_uri, kind)
        if registered:
            self.credentials = {
                'client_id': self.provider.client.id,
                'client_secret': self.provider.client.secret,
            }
        self.context = PluginContext(
            project_id='kit-project',
            project_slug='kit',
            org_slug='kit-org',
            assignment_options={'issuer': self.provider.issuer},
        )

    async def sign_in(
        self,
        request: AuthorizationRequest,
        *,
        person: str = 'alice',
        decision: Decision = 'approve',
    ) -> SignedIn:
        """Browse to the provider, or enter the user code there."""
        if request.polling is not None:
            self.provider.grants.activate(
                request.polling.user_code, person, decision
            )
            return SignedIn(code=request.state)
        back = self.provider.browse(
            request.authorization_url, person, decision
        )
        return SignedIn(
            code=back.get('code', ''),
            state=back.get('state'),
            error=back.get('error'),
        )

    async def accepts(self, credentials: IdentityCredentials) -> str | None:
        """Return the subject of an access token that is good."""
        person = self.provider.grants.person_of(credentials.access_token)
        return None if person is None else str(PEOPLE[person]['sub'])

    async def expire(
        self, what: Literal['code', 'device', 'access', 'refresh'], value: str
    ) -> None:
        """Set the end of a code or token to the beginning of time."""
        grant = self.provider.grants.table(what)[value]
        grant.ends = 0.0

    def flawed(self, flaw: Flaw) -> AbstractAsyncContextManager[None]:
        """Let the provider's id tokens, or its claims, be wrong."""
        speaks = self.provider.behaviour.id_tokens
        if not speaks and flaw is not Flaw.UNVERIFIED_EMAIL:
            raise UnsupportedBySandbox(f'flawed({flaw})')
        return self._flawed(flaw)

    @contextlib.asynccontextmanager
    async def _flawed(self, flaw: Flaw) -> AsyncGenerator[None]:
        self.provider.grants.flaw = flaw
        try:
            yield
        finally:
            self.provider.grants.flaw = None

    def fault(self, kind: Fault) -> AbstractAsyncContextManager[None]:
        """Let the provider do this wrong for the length of the context."""
        return self.provider.breaking(kind)

    def impatient(self, context: PluginContext) -> PluginContext:
        """Let the plugin give up as soon as memory may not answer."""
        options = {**context.assignment_options, 'timeout': IMPATIENT}
        return context.model_copy(update={'assignment_options': options})

    async def snapshot(self) -> Mapping[str, Any]:
        """Return everything that was given out, by kind and value."""
        return {
            what: {
                value: dataclasses.asdict(grant)
                for value, grant in self.provider.grants.table(what).items()
            }
            for what in ('code', 'device', 'access', 'refresh')
        }

    def urls(self) -> Sequence[str]:
        """Return what the provider was asked for."""
        return tuple(self.provider.urls)
