"""The handler: people who sign in at IAM Identity Center."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

from imbi_plugin_ssm.answers import ServiceError

from imbi_plugin_aws.identity.client import NAME, open_client
from imbi_plugin_aws.identity.manifest import (
    DEFAULT_SCOPES,
    IDENTITY_MANIFEST,
)
from imbi_plugin_aws.identity.refusals import (
    BEGIN,
    EXCHANGE,
    PORTAL,
    REFRESH,
    meaning,
)
from imbi_plugin_aws.identity.settings import Client, Role, Settings
from imbi_plugin_sdk import (
    AuthorizationRequest,
    IdentityCredentials,
    IdentityPlugin,
    IdentityProfile,
    PluginAuthenticationFailed,
    PluginManifest,
    PollingDescriptor,
)

if TYPE_CHECKING:
    from imbi_plugin_aws.identity.client import Tokens
    from imbi_plugin_sdk import PluginContext

_DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
_REFRESH_GRANT = 'refresh_token'

_CLIENT_NAME = 'Imbi'
"""What a person reads when asked to let somebody in."""

_KEY_TYPE = 'AWS4-HMAC-SHA256'
"""How keys are presented: they sign, and are not sent."""


class IdentityCenterPlugin(IdentityPlugin):
    """Signs a person in by a device flow (RFC 8628).

    The subject is the name of the user in IAM Identity Center, as STS tells
    it for the keys of some role that the person has: tokens say nothing of
    their owner. Somebody without any role cannot sign in.
    """

    manifest: ClassVar[PluginManifest] = IDENTITY_MANIFEST

    async def authorization_request(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        redirect_uri: str,  # noqa: ARG002  a device flow comes back nowhere
        scopes: list[str] | None = None,
    ) -> AuthorizationRequest:
        """Begin a device flow, with a client that is registered if need be.

        Scopes belong to the client: others than it was registered for make
        a new one. None is `sso:account:access`.

        Raises:
            PluginError: As the contract says.
            ValueError: An option or a scope does not hold.
        """
        settings = Settings.read(ctx)
        wanted = DEFAULT_SCOPES if scopes is None else tuple(scopes)
        client, registered = Client.read(credentials), None
        async with open_client(settings) as sso:
            if client is None or not client.fits(wanted, DEFAULT_SCOPES):
                with meaning('RegisterClient', BEGIN):
                    client = await sso.register(_CLIENT_NAME, wanted)
                registered = client.written()
            with meaning('StartDeviceAuthorization', BEGIN):
                device = await sso.start(client)
        return AuthorizationRequest(
            authorization_url=device.complete_uri or device.uri,
            state=device.code,
            polling=PollingDescriptor(
                user_code=device.user_code,
                verification_uri=device.uri,
                verification_uri_complete=device.complete_uri,
                interval=device.interval,
                expires_in=device.expires_in,
            ),
            registered_credentials=registered,
        )

    async def exchange_code(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        code: str,
        redirect_uri: str,  # noqa: ARG002  a device flow comes back nowhere
        code_verifier: str | None = None,  # noqa: ARG002  and has no PKCE
    ) -> tuple[IdentityProfile, IdentityCredentials]:
        """Ask once whether the person has answered, and who it is.

        Asked too often, AWS says so: that is pending like any other wait, and
        the host keeps to the interval of the request.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold.
        """
        client, settings = Client.need(credentials), Settings.read(ctx)
        async with open_client(settings) as sso:
            with meaning('CreateToken', EXCHANGE):
                tokens = await sso.token(
                    client, grantType=_DEVICE_GRANT, deviceCode=code
                )
            with meaning('what the person may use', PORTAL):
                role = await sso.first_role(tokens.access)
                keys = await sso.keys(tokens.access, role) if role else None
            if keys is None:
                raise PluginAuthenticationFailed(
                    f'{NAME} names no account and role of this person, so '
                    'nobody can tell who it is. Assign one.'
                )
            subject = await sso.owner(keys)
        profile = IdentityProfile(
            subject=subject,
            email=subject if '@' in subject else None,
            name=subject,
            raw_claims={'user_name': subject},
        )
        return profile, _credentials(tokens, client)

    async def refresh(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        refresh_token: str,
    ) -> IdentityCredentials:
        """Renew credentials.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold.
        """
        client, settings = Client.need(credentials), Settings.read(ctx)
        async with open_client(settings) as sso:
            with meaning('CreateToken', REFRESH):
                tokens = await sso.token(
                    client,
                    grantType=_REFRESH_GRANT,
                    refreshToken=refresh_token,
                )
        return _credentials(tokens, client, refresh_token)

    async def revoke(
        self, ctx: PluginContext, credentials: dict[str, str], token: str
    ) -> None:
        """End the session of a token, with all tokens that belong to it.

        AWS logs out by an access token; for a refresh token one is fetched.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold.
        """
        settings, client = Settings.read(ctx), Client.read(credentials)
        async with open_client(settings) as sso:
            try:
                await sso.log_out(token)
            except ServiceError:
                pass  # it is no access token, or no longer one
            else:
                return
            if client is None:
                return
            try:
                tokens = await sso.token(
                    client, grantType=_REFRESH_GRANT, refreshToken=token
                )
                await sso.log_out(tokens.access)
            except ServiceError:
                return  # it is no token at all: revoked already

    async def materialize(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],  # noqa: ARG002  the token is enough
        connection: IdentityCredentials,
        *,
        db: Any | None = None,  # noqa: ANN401, ARG002  the host's own handle
        identity_options: dict[str, Any] | None = None,
    ) -> IdentityCredentials:
        """Make the keys of a role, as the other plugins of AWS take them.

        `extra` holds `access_key_id`, `secret_access_key`, `session_token`
        and the role. The keys may live longer than the connection; what is
        returned does not.

        Args:
            ctx: On whose behalf; its options name the role that
                `identity_options` leaves open.
            credentials: Not needed.
            connection: The person's credentials.
            db: Not needed.
            identity_options: `account_id` and `role_name`.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold, or no role is named.
        """
        settings = Settings.read(ctx)
        role = Role.read(ctx, identity_options)
        if role is None:
            raise ValueError(
                'Nobody says whose keys to make; set the options account_id '
                'and role_name.'
            )
        source = connection.expires_at
        if source is not None:
            source = source if source.tzinfo else source.replace(tzinfo=dt.UTC)
            if source <= dt.datetime.now(dt.UTC):
                raise PluginAuthenticationFailed(
                    f'The sign-in at {NAME} has ended; sign in anew.'
                )
        async with open_client(settings) as sso:
            with meaning('GetRoleCredentials', PORTAL):
                keys = await sso.keys(connection.access_token, role)
        made = keys.credentials
        return IdentityCredentials(
            access_token=made.session_token or '',
            token_type=_KEY_TYPE,
            expires_at=min(keys.expires_at, source or keys.expires_at),
            extra={
                'access_key_id': made.access_key_id,
                'secret_access_key': made.secret_access_key,
                'session_token': made.session_token,
                'account_id': role.account,
                'role_name': role.name,
            },
        )


def _credentials(
    tokens: Tokens, client: Client, refresh_token: str | None = None
) -> IdentityCredentials:
    """Return what the host keeps; a refresh token that is omitted stays."""
    scopes = DEFAULT_SCOPES if client.scopes is None else client.scopes
    return IdentityCredentials(
        access_token=tokens.access,
        token_type=tokens.kind,
        expires_at=tokens.expires_at,
        refresh_token=tokens.refresh or refresh_token,
        scopes=list(scopes),
    )
