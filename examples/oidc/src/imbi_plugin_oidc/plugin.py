"""The handler: people, as an OpenID provider knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from imbi_plugin_oidc import answers, id_tokens, proof
from imbi_plugin_oidc.client import ProviderClient, open_client
from imbi_plugin_oidc.manifest import DEFAULT_SCOPES, MANIFEST
from imbi_plugin_oidc.settings import Credentials, Settings
from imbi_plugin_sdk import (
    AuthorizationRequest,
    IdentityCredentials,
    IdentityPlugin,
    IdentityProfile,
    PluginAuthenticationFailed,
    PluginManifest,
)

if TYPE_CHECKING:
    from imbi_plugin_sdk import PluginContext

OPENID, OFFLINE = 'openid', 'offline_access'


class OIDCPlugin(IdentityPlugin):
    """Signs people in with the code flow, PKCE and a verified id token."""

    manifest: ClassVar[PluginManifest] = MANIFEST

    async def authorization_request(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        redirect_uri: str,
        scopes: list[str] | None = None,
    ) -> AuthorizationRequest:
        """Return the provider's page, with a fresh state and verifier.

        Args:
            ctx: On whose behalf.
            credentials: Credential name to value.
            redirect_uri: Where the provider must come back to.
            scopes: Besides `openid`; None is `openid profile email`.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold.
        """
        client, settings = Credentials.read(credentials), Settings.read(ctx)
        async with open_client(settings, client) as provider:
            metadata = await provider.metadata()
        verifier, state = proof.random_text(), proof.random_text()
        parameters = {
            'response_type': 'code',
            'client_id': client.client_id,
            'redirect_uri': redirect_uri,
            'scope': ' '.join(_scopes(scopes, settings)),
            'state': state,
            'nonce': proof.nonce_of(verifier),
            'code_challenge': proof.challenge_of(verifier),
            'code_challenge_method': 'S256',
        }
        if settings.offline_access:
            # Without it a provider must not heed offline_access (Core §11).
            parameters['prompt'] = 'consent'
        return AuthorizationRequest(
            authorization_url=_with_query(
                metadata.authorization_endpoint, parameters
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
        """Redeem a code, verify the id token, and read who it is.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold, or there is no verifier.
        """
        client, settings = Credentials.read(credentials), Settings.read(ctx)
        if not code_verifier:
            raise ValueError(
                'exchange_code needs the code_verifier of the request.'
            )
        form = {
            'grant_type': 'authorization_code',
            'code': code,
            'redirect_uri': redirect_uri,
            'code_verifier': code_verifier,
        }
        async with open_client(settings, client) as provider:
            answer = await provider.token(form)
            found = answers.credentials_of(answer)
            claims = await _claims(
                provider, client, answer, proof.nonce_of(code_verifier)
            )
        return answers.profile_of(claims), found

    async def refresh(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        refresh_token: str,
    ) -> IdentityCredentials:
        """Renew credentials; keeps a refresh token that is not replaced.

        An id token in the answer says nothing new, and is only handed on.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold.
        """
        client, settings = Credentials.read(credentials), Settings.read(ctx)
        form = {'grant_type': 'refresh_token', 'refresh_token': refresh_token}
        async with open_client(settings, client) as provider:
            answer = await provider.token(form)
        return answers.credentials_of(answer, kept=refresh_token)

    async def revoke(
        self, ctx: PluginContext, credentials: dict[str, str], token: str
    ) -> None:
        """End a token; does nothing at a provider that ends none.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold.
        """
        client, settings = Credentials.read(credentials), Settings.read(ctx)
        async with open_client(settings, client) as provider:
            await provider.revoke(token)


def _scopes(scopes: list[str] | None, settings: Settings) -> list[str]:
    """Return what to ask for: `openid` makes it OpenID Connect."""
    wanted = DEFAULT_SCOPES if scopes is None else scopes
    added = [OPENID, OFFLINE] if settings.offline_access else [OPENID]
    return list(dict.fromkeys([OPENID, *wanted, *added]))


def _with_query(endpoint: str, parameters: dict[str, str]) -> str:
    """Return an endpoint with parameters; a query of its own stays."""
    parts = urlsplit(endpoint)
    own = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode([*own, *parameters.items()])
    return urlunsplit(parts._replace(query=query))


async def _claims(
    provider: ProviderClient,
    client: Credentials,
    answer: dict[str, Any],
    nonce: str,
) -> dict[str, Any]:
    """Return what the id token says, and where it is brief, userinfo too.

    Raises:
        PluginAuthenticationFailed: The id token is wrong, or userinfo is of
            somebody else (OpenID Connect Core §5.3.2).
        PluginUnavailableError: There is no id token.
    """
    token = answer.get('id_token')
    if not isinstance(token, str):
        raise answers.malformed('the token request')
    metadata = await provider.metadata()
    claims = id_tokens.verify(
        token, await provider.keys(), metadata, client.client_id, nonce
    )
    if 'email' in claims and 'name' in claims:
        return claims
    more = await provider.userinfo(answer['access_token'])
    if more is None:
        return claims
    if more.get('sub') != claims['sub']:
        raise PluginAuthenticationFailed(
            "The provider's userinfo is of another person than the id token."
        )
    return {**more, **claims}
