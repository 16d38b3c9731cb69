"""The handlers: people, as one of GitHub's products knows them."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import secrets
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote, urlencode

from imbi_plugin_github.answers import items_of
from imbi_plugin_github.identity.manifest import (
    CLOUD_MANIFEST,
    GITHUB_MANIFEST,
    SERVER_MANIFEST,
)
from imbi_plugin_github.identity.oauth import credentials_of, profile_of
from imbi_plugin_github.options import (
    address_of,
    label_of,
    timeout_of,
)
from imbi_plugin_github.products import (
    API_BELOW_WEB,
    CLOUD,
    GITHUB,
    SCOPES,
    SERVER,
)
from imbi_plugin_github.transport import connected
from imbi_plugin_sdk import (
    AuthorizationRequest,
    IdentityCredentials,
    IdentityPlugin,
    IdentityProfile,
    PluginAuthenticationFailed,
    PluginManifest,
)
from imbi_plugin_sdk.options import read_credentials, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_github.answers import Item
    from imbi_plugin_github.products import Product
    from imbi_plugin_github.transport import Wire
    from imbi_plugin_sdk import PluginContext

RANDOM_BYTES = 32
"""Bytes of a state or verifier: 43 characters (RFC 7636 §4.1)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Client:
    """One call's addresses and credentials.

    Attributes:
        web: Where pages are.
        api: Where the REST API is.
        timeout: Seconds of the call.
        client_id: Of the app.
        client_secret: Of the app.
    """

    web: str
    api: str
    timeout: float
    client_id: str
    client_secret: str = dataclasses.field(repr=False)

    @classmethod
    def read(
        cls,
        product: Product,
        ctx: PluginContext,
        credentials: Mapping[str, str],
    ) -> Client:
        """Return what a call works with.

        Raises:
            PluginCredentialsMissing: A credential is absent.
            PluginAuthenticationFailed: A credential cannot be one.
            ValueError: An option does not hold.
        """
        given = read_credentials(GITHUB_MANIFEST.credentials, credentials)
        web, api = _addresses(product, ctx)
        timeout = timeout_of(ctx.assignment_options)
        return cls(web, api, timeout, **given)

    @property
    def basic(self) -> str:
        """Return the header with which the app proves itself."""
        pair = f'{self.client_id}:{self.client_secret}'
        return f'Basic {base64.b64encode(pair.encode()).decode()}'


def _addresses(product: Product, ctx: PluginContext) -> tuple[str, str]:
    """Return where pages and API are."""
    options = ctx.assignment_options
    if 'server' in product.variables:
        web = address_of('server', read_text(options, 'server'))
        return web, f'{web}{API_BELOW_WEB}'
    values: dict[str, str] = {}
    if 'tenant' in product.variables:
        values['tenant'] = label_of('tenant', read_text(options, 'tenant'))
    endpoint = read_text(options, 'endpoint')
    if endpoint:
        web = address_of('endpoint', endpoint)
        return web, f'{web}{API_BELOW_WEB}'
    return product.web.format(**values), product.api.format(**values)


class _ProductIdentity(IdentityPlugin):
    """What signing in is at each product."""

    product: ClassVar[Product]

    async def authorization_request(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        redirect_uri: str,
        scopes: list[str] | None = None,
    ) -> AuthorizationRequest:
        """Return GitHub's page, with a fresh state and verifier.

        Nothing is sent.

        Args:
            ctx: On whose behalf.
            credentials: Credential name to value.
            redirect_uri: Where GitHub must come back to.
            scopes: None is `read:user user:email`; a GitHub App heeds none.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold.
        """
        client = Client.read(self.product, ctx, credentials)
        wanted = SCOPES if scopes is None else scopes
        verifier = secrets.token_urlsafe(RANDOM_BYTES)
        state = secrets.token_urlsafe(RANDOM_BYTES)
        parameters = {
            'client_id': client.client_id,
            'redirect_uri': redirect_uri,
            'state': state,
            'code_challenge': _challenge(verifier),
            'code_challenge_method': 'S256',
        }
        if wanted:
            parameters['scope'] = ' '.join(dict.fromkeys(wanted))
        return AuthorizationRequest(
            authorization_url=(
                f'{client.web}/login/oauth/authorize?{urlencode(parameters)}'
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
        """Redeem a code, and ask whose it is.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold, or there is no verifier.
        """
        client = Client.read(self.product, ctx, credentials)
        if not code_verifier:
            raise ValueError(
                'exchange_code needs the code_verifier of the request.'
            )
        async with connected(client.web, client.timeout) as wire:
            answer = await _token(
                wire,
                client,
                code=code,
                redirect_uri=redirect_uri,
                code_verifier=code_verifier,
            )
            found = credentials_of(answer)
            profile = await _profile(wire, client, found.access_token)
        return profile, found

    async def refresh(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        refresh_token: str,
    ) -> IdentityCredentials:
        """Renew credentials; GitHub then ends the old ones.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold.
        """
        client = Client.read(self.product, ctx, credentials)
        async with connected(client.web, client.timeout) as wire:
            answer = await _token(
                wire,
                client,
                grant_type='refresh_token',
                refresh_token=refresh_token,
            )
        return credentials_of(answer, kept=refresh_token)

    async def revoke(
        self, ctx: PluginContext, credentials: dict[str, str], token: str
    ) -> None:
        """End an access token; GitHub ends no refresh token by itself.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold.
        """
        client = Client.read(self.product, ctx, credentials)
        name = quote(client.client_id, safe='')
        async with connected(client.api, client.timeout) as wire:
            # 404 and 422 are tokens that GitHub does not know (any more).
            await wire.ask(
                'DELETE',
                f'{client.api}/applications/{name}/token',
                body={'access_token': token},
                authorization=client.basic,
            )


async def _token(wire: Wire, client: Client, **asked: str) -> Item:
    """Return what the token endpoint answers.

    Raises:
        PluginError: It did not answer.
    """
    reply = await wire.ask(
        'POST',
        f'{client.web}/login/oauth/access_token',
        form={
            'client_id': client.client_id,
            'client_secret': client.client_secret,
            **asked,
        },
    )
    if not reply.found:
        # A refusal is 200 here; 404 is an app that GitHub does not know.
        raise PluginAuthenticationFailed(
            f"GitHub's token endpoint answered {reply.status}: it does not "
            'know the app of the credential client_id.'
        )
    return reply.item('the answer of the token endpoint')


async def _profile(wire: Wire, client: Client, token: str) -> IdentityProfile:
    """Ask whose a token is.

    Raises:
        PluginError: GitHub does not say.
    """
    bearer = f'Bearer {token}'
    user = await wire.ask('GET', f'{client.api}/user', authorization=bearer)
    if not user.found:
        raise PluginAuthenticationFailed(
            f'GitHub gave a token, and answered {user.status} when asked '
            'whose it is.'
        )
    emails = None
    try:
        listed = await wire.ask(
            'GET',
            f'{client.api}/user/emails?per_page=100',
            authorization=bearer,
        )
    except PluginAuthenticationFailed:
        # A GitHub App without the permission; who it is, is known.
        listed = None
    if listed is not None and listed.found:
        emails = items_of(listed.json(), 'the list of e-mail addresses')
    return profile_of(user.item('the user'), emails)


def _challenge(verifier: str) -> str:
    """Return what GitHub may see of a verifier (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode('ascii')).digest()
    return base64.urlsafe_b64encode(digest).decode('ascii').rstrip('=')


class GitHubIdentity(_ProductIdentity):
    """Signs people in at github.com."""

    manifest: ClassVar[PluginManifest] = GITHUB_MANIFEST
    product = GITHUB


class EnterpriseCloudIdentity(_ProductIdentity):
    """Signs people in at an enterprise with data residency."""

    manifest: ClassVar[PluginManifest] = CLOUD_MANIFEST
    product = CLOUD


class EnterpriseServerIdentity(_ProductIdentity):
    """Signs people in at a server of one's own."""

    manifest: ClassVar[PluginManifest] = SERVER_MANIFEST
    product = SERVER
