"""An identity plugin with the code flow, correct in every place."""

from __future__ import annotations

import datetime as dt
import secrets
import time
import urllib.parse
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.context import IdentityCredentials
from imbi_plugin_sdk.errors import (
    PluginAuthenticationFailed,
    PluginUnavailableError,
)
from imbi_plugin_sdk.handlers.identity import (
    AuthorizationRequest,
    IdentityPlugin,
    IdentityProfile,
)
from imbi_plugin_sdk.manifest import (
    CredentialField,
    PluginManifest,
    PluginOption,
)
from imbi_plugin_testkit.memory.identity import tokens
from imbi_plugin_testkit.memory.identity.asking import AsksProvider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.context import PluginContext

DEFAULT_SCOPES = ('openid', 'profile', 'email')
"""What is asked for where nobody says: who it is, and how to reach them."""

LEEWAY = 60
"""Seconds by which clocks may differ."""


class MemoryIdentity(AsksProvider, IdentityPlugin):
    """Signs people in at a `MemoryProvider`, with the code flow and PKCE."""

    manifest = PluginManifest(
        slug='memory-identity',
        name='Memory',
        description='Signs people in at a provider in memory.',
        plugin_type='identity',
        login_capable=True,
        options=[PluginOption(name='issuer', label='Issuer', required=True)],
        credentials=[
            CredentialField(name='client_id', label='Client id'),
            CredentialField(name='client_secret', label='Client secret'),
        ],
    )

    async def authorization_request(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        redirect_uri: str,
        scopes: list[str] | None = None,
    ) -> AuthorizationRequest:
        """Return a URL of the provider, with fresh state and verifier."""
        client_id, _ = self.client(credentials)
        metadata = await self.metadata(ctx)
        state, verifier = self.new_state(ctx), self.new_verifier(ctx)
        parameters = {
            'response_type': 'code',
            'client_id': client_id,
            'redirect_uri': redirect_uri,
            'state': state,
            **self.scope_parameters(scopes),
            **self.proof_parameters(verifier),
        }
        return AuthorizationRequest(
            authorization_url=self.authorization_url(
                metadata['authorization_endpoint'], parameters
            ),
            state=state,
            code_verifier=verifier,
        )

    async def exchange_code(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        code: str,
        redirect_uri: str,
        code_verifier: str | None = None,
    ) -> tuple[IdentityProfile, IdentityCredentials]:
        """Redeem a code, and verify who it is."""
        form = {
            'grant_type': 'authorization_code',
            'code': code,
            'redirect_uri': redirect_uri,
        }
        if code_verifier is not None:
            form['code_verifier'] = code_verifier
        answer = await self.post(ctx, credentials, 'token', form)
        return await self.signed_in(ctx, credentials, answer, code_verifier)

    async def refresh(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        refresh_token: str,
    ) -> IdentityCredentials:
        """Renew, and keep the refresh token that the answer leaves out."""
        form = {'grant_type': 'refresh_token', 'refresh_token': refresh_token}
        answer = await self.post(ctx, credentials, 'token', form)
        return self.to_credentials(answer, kept=refresh_token)

    async def revoke(
        self, ctx: PluginContext, credentials: dict[str, str], token: str
    ) -> None:
        """End a token."""
        await self.post(ctx, credentials, 'revocation', {'token': token})

    async def materialize(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        connection: IdentityCredentials,
        *,
        db: Any | None = None,  # noqa: ANN401  the host's own handle
        identity_options: dict[str, Any] | None = None,
    ) -> IdentityCredentials:
        """Return the same credentials, in an object of their own."""
        del ctx, db, identity_options
        self.client(credentials)
        return connection.model_copy(deep=True)

    # How signing in begins -----------------------------------------------

    def new_state(self, ctx: PluginContext) -> str:
        """Return a state that nobody can guess (RFC 6749 §10.12)."""
        del ctx
        return secrets.token_urlsafe(24)

    def new_verifier(self, ctx: PluginContext) -> str | None:
        """Return a PKCE verifier; None goes without (RFC 7636 §4.1)."""
        del ctx
        return secrets.token_urlsafe(48)

    def nonce(self, verifier: str | None) -> str | None:
        """Return the nonce, which `exchange_code` must be able to repeat.

        A fresh instance has nothing but the verifier to know it by, so it is
        derived from that; the hash does not give the verifier away.
        """
        if verifier is None:
            return None
        return tokens.challenge_of(f'nonce:{verifier}')

    def scope_parameters(self, scopes: list[str] | None) -> dict[str, str]:
        """Return the scopes; None is the default and `[]` is none."""
        wanted = DEFAULT_SCOPES if scopes is None else scopes
        return {'scope': ' '.join(wanted)} if wanted else {}

    def proof_parameters(self, verifier: str | None) -> dict[str, str]:
        """Return the PKCE challenge and the nonce."""
        if verifier is None:
            return {}
        return {
            'code_challenge': tokens.challenge_of(verifier),
            'code_challenge_method': 'S256',
            'nonce': self.nonce(verifier) or '',
        }

    def authorization_url(
        self, endpoint: str, parameters: Mapping[str, str]
    ) -> str:
        """Return the URL to open."""
        return f'{endpoint}?{urllib.parse.urlencode(parameters)}'

    # Who it is -----------------------------------------------------------

    async def signed_in(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        answer: Mapping[str, Any],
        verifier: str | None,
    ) -> tuple[IdentityProfile, IdentityCredentials]:
        """Return who signed in, and the tokens of an answer."""
        found = self.to_credentials(answer)
        claims = await self.claims(ctx, credentials, answer, verifier)
        return self.profile(claims), found

    async def claims(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        answer: Mapping[str, Any],
        verifier: str | None,
    ) -> dict[str, Any]:
        """Return what a verified id token says, else what userinfo says."""
        if 'id_token' not in answer:
            return await self.userinfo(ctx, str(answer['access_token']))
        try:
            parsed = tokens.parse(str(answer['id_token']))
        except ValueError:
            raise PluginUnavailableError('the id token is none') from None
        self.verify(ctx, credentials, parsed, verifier)
        return parsed.claims

    def verify(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        parsed: tokens.Parsed,
        verifier: str | None,
    ) -> None:
        """Hold an id token against OpenID Connect Core 1.0 §3.1.3.7.

        Raises:
            PluginAuthenticationFailed: It is not for us, or not good.
        """
        client_id, client_secret = self.client(credentials)
        checks = {
            'signature': self.is_signed(parsed, client_secret),
            'issuer': self.is_from(parsed.claims, self.issuer(ctx)),
            'audience': self.is_for(parsed.claims, client_id),
            'nonce': self.is_answer_to(parsed.claims, self.nonce(verifier)),
            'expiry': self.is_in_time(parsed.claims),
        }
        for what, holds in checks.items():
            if not holds:
                raise PluginAuthenticationFailed(
                    f"the {what} of the provider's id token is wrong"
                )

    def is_signed(self, parsed: tokens.Parsed, key: str) -> bool:
        """Return whether the provider signed it."""
        return parsed.is_signed_with(key)

    def is_from(self, claims: Mapping[str, Any], issuer: str) -> bool:
        """Return whether this issuer issued it."""
        return bool(claims.get('iss') == issuer)

    def is_for(self, claims: Mapping[str, Any], client_id: str) -> bool:
        """Return whether it is meant for us and nobody else."""
        return claims.get('aud') in (client_id, [client_id])

    def is_answer_to(
        self, claims: Mapping[str, Any], nonce: str | None
    ) -> bool:
        """Return whether it answers our request."""
        return nonce is None or claims.get('nonce') == nonce

    def is_in_time(self, claims: Mapping[str, Any]) -> bool:
        """Return whether it is still good."""
        ends = claims.get('exp')
        return isinstance(ends, int) and time.time() < ends + LEEWAY

    def profile(self, claims: Mapping[str, Any]) -> IdentityProfile:
        """Return a person by the standard claims (OIDC Core 1.0 §5.1)."""
        return IdentityProfile(
            subject=self.subject(claims),
            email=claims.get('email'),
            email_verified=self.is_verified(claims),
            name=claims.get('name'),
            avatar_url=claims.get('picture'),
            groups=list(claims.get('groups', ())),
            raw_claims=dict(claims),
        )

    def subject(self, claims: Mapping[str, Any]) -> str:
        """Return the id that never changes.

        Raises:
            PluginUnavailableError: The answer names none.
        """
        subject = claims.get('sub')
        if not isinstance(subject, str) or not subject:
            raise PluginUnavailableError('the provider names no subject')
        return subject

    def is_verified(self, claims: Mapping[str, Any]) -> bool:
        """Return whether the provider vouches for the e-mail address.

        Some send text, and the text `false` is true for Python.
        """
        return claims.get('email_verified') in (True, 'true')

    # Tokens --------------------------------------------------------------

    def to_credentials(
        self, answer: Mapping[str, Any], kept: str | None = None
    ) -> IdentityCredentials:
        """Return the tokens of an answer.

        Args:
            answer: What the token endpoint said.
            kept: The refresh token to keep where the answer has none.

        Raises:
            PluginUnavailableError: The answer has no access token.
        """
        if not isinstance(answer.get('access_token'), str):
            raise PluginUnavailableError('the answer has no access token')
        return IdentityCredentials(
            access_token=answer['access_token'],
            token_type=str(answer.get('token_type', 'Bearer')),
            expires_at=self.expires_at(answer),
            refresh_token=self.refresh_token(answer, kept),
            scopes=str(answer.get('scope', '')).split(),
        )

    def expires_at(self, answer: Mapping[str, Any]) -> dt.datetime | None:
        """Return when an access token ends, where the provider tells."""
        seconds = answer.get('expires_in')
        if seconds is None:
            return None
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=int(seconds))

    def refresh_token(
        self, answer: Mapping[str, Any], kept: str | None
    ) -> str | None:
        """Return the rotated refresh token, else the one to keep."""
        return answer.get('refresh_token') or kept
