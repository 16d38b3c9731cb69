"""Plugin type `identity`: sign people in, and keep their credentials fresh.

Two flows have one shape. With a browser, `authorization_request` gives a URL
and `exchange_code` takes the code that comes back (RFC 6749 §4.1, with PKCE of
RFC 7636). On a device (RFC 8628) `AuthorizationRequest.polling` is set, and
the host hands `state` back as the code until the flow ends.
"""
# ruff: noqa: ARG002  a default takes what an override needs

import abc
from collections.abc import Iterable
from typing import Any, ClassVar, Protocol

import pydantic

from imbi_plugin_sdk.context import IdentityCredentials, PluginContext, hide
from imbi_plugin_sdk.handlers._protocol import base_class
from imbi_plugin_sdk.manifest import PluginManifest

__all__ = [
    'AuthorizationRequest',
    'IdentityCredentials',
    'IdentityPlugin',
    'IdentityProfile',
    'PollingDescriptor',
]


class IdentityProfile(pydantic.BaseModel):
    """Who signed in, as the provider tells it."""

    subject: str = pydantic.Field(
        description=(
            'The id at the provider: the same at every sign-in (law IDN005).'
        )
    )
    email: str | None = pydantic.Field(
        default=None, description='The e-mail address.'
    )
    email_verified: bool = pydantic.Field(
        default=False,
        description='True only if the provider vouches for it (law IDN008).',
    )
    name: str | None = pydantic.Field(
        default=None, description='The name to show.'
    )
    avatar_url: str | None = pydantic.Field(
        default=None, description='A picture of the person.'
    )
    groups: list[str] = pydantic.Field(
        default=[], description='The groups that the provider names.'
    )
    raw_claims: dict[str, Any] = pydantic.Field(
        default={}, description='The claims as the provider returned them.'
    )


class PollingDescriptor(pydantic.BaseModel):
    """What the user of a device flow must do (RFC 8628 §3.2)."""

    user_code: str = pydantic.Field(
        description='The code to enter at `verification_uri`.'
    )
    verification_uri: str = pydantic.Field(
        description='The page to open, https; holds no secret (law IDN001).'
    )
    verification_uri_complete: str | None = pydantic.Field(
        default=None, description='The same page with the code filled in.'
    )
    interval: int = pydantic.Field(
        default=5,  # RFC 8628 §3.2: 5 where the server gives none
        description='Seconds to wait between two polls.',
    )
    expires_in: int = pydantic.Field(
        description='Seconds until the codes end.'
    )


class AuthorizationRequest(pydantic.BaseModel):
    """How to begin signing in; its repr hides what is secret (IDN014)."""

    model_config = pydantic.ConfigDict(hide_input_in_errors=True)

    authorization_url: str = pydantic.Field(
        description=(
            'Where to send the browser: https, with redirect_uri, client id '
            'and state, without secret or verifier (laws IDN001 and IDN003).'
        )
    )
    state: str = pydantic.Field(
        description=(
            'Fresh and of high entropy (law IDN002); in a device flow what '
            'the host hands back as `code`. Hidden in the repr.'
        )
    )
    code_verifier: str | None = pydantic.Field(
        default=None,
        description='The PKCE verifier, for `exchange_code`. Secret.',
    )
    polling: PollingDescriptor | None = pydantic.Field(
        default=None, description='Set in a device flow, and only there.'
    )
    registered_credentials: dict[str, str] | None = pydantic.Field(
        default=None,
        description=(
            'Credentials that were registered on the way, for the host to '
            'keep and pass to later calls (law IDN013). Secret.'
        ),
    )

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Hide the verifier, the credentials, and the state with them.

        The URL carries the state, so its query is left out too.
        """
        secret = ('state', 'code_verifier', 'registered_credentials')
        for name, value in hide(secret, super().__repr_args__()):
            if name == 'authorization_url':
                base, mark, _ = self.authorization_url.partition('?')
                yield name, f'{base}?…' if mark else base
            else:
                yield name, value


@base_class
class IdentityPlugin(Protocol):
    """Signs a person in at a provider."""

    manifest: ClassVar[PluginManifest]

    @abc.abstractmethod
    async def authorization_request(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        redirect_uri: str,
        scopes: list[str] | None = None,
    ) -> AuthorizationRequest:
        """Begin to sign a person in (laws IDN001 to IDN004).

        Args:
            ctx: On whose behalf.
            credentials: Credential name to value.
            redirect_uri: Where the provider must come back to, verbatim.
            scopes: What to ask for. None is the documented default, `[]` is
                nothing.

        Returns:
            The URL to open, and what the host must keep for the next call.

        Raises:
            PluginCredentialsMissing: A required credential is absent.
            PluginAuthenticationFailed: The provider rejected the client.
            PluginUnavailableError: The provider cannot serve.
        """

    @abc.abstractmethod
    async def exchange_code(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        code: str,
        redirect_uri: str,
        code_verifier: str | None = None,
    ) -> tuple[IdentityProfile, IdentityCredentials]:
        """Turn a code into a person and credentials (laws IDN005 to IDN008).

        Args:
            ctx: On whose behalf.
            credentials: Credential name to value.
            code: What the provider sent back; in a device flow the `state`
                of the request.
            redirect_uri: The one of the request, verbatim.
            code_verifier: The one of the request.

        Returns:
            Who it is, and credentials whose `expires_at`, where given, is
            timezone-aware and in the future.

        Raises:
            PluginAuthenticationFailed: The code, verifier or redirect is
                wrong, used or expired; the provider is not asked again.
            IdentityAuthorizationPending: The device flow is not finished.
            IdentityAuthorizationExpired: It can no longer be finished.
            PluginCredentialsMissing: A required credential is absent.
            PluginUnavailableError: The provider cannot serve.
        """

    @abc.abstractmethod
    async def refresh(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        refresh_token: str,
    ) -> IdentityCredentials:
        """Renew credentials (laws IDN009 and IDN010).

        Args:
            ctx: On whose behalf.
            credentials: Credential name to value.
            refresh_token: The token of the credentials to renew.

        Returns:
            New credentials, with the rotated refresh token, or with the old
            one where the provider sent none.

        Raises:
            PluginAuthenticationFailed: The token is no longer good.
            PluginCredentialsMissing: A required credential is absent.
            PluginUnavailableError: The provider cannot serve.
        """

    async def revoke(
        self, ctx: PluginContext, credentials: dict[str, str], token: str
    ) -> None:
        """End a token (law IDN011); does nothing by default.

        Args:
            ctx: On whose behalf.
            credentials: Credential name to value.
            token: The token; an unknown one succeeds (RFC 7009 §2.2).

        Raises:
            PluginCredentialsMissing: A required credential is absent.
            PluginUnavailableError: The provider cannot serve.
        """
        return

    async def materialize(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        connection: IdentityCredentials,
        *,
        db: Any | None = None,  # noqa: ANN401  the host's own handle
        identity_options: dict[str, Any] | None = None,
    ) -> IdentityCredentials:
        """Make what another plugin needs from a connection (law IDN012).

        Args:
            ctx: On whose behalf.
            credentials: Credential name to value.
            connection: The person's credentials; left as they are.
            db: A handle of the host's database, or None.
            identity_options: The options of this plugin where another one
                delegates to it.

        Returns:
            Credentials that end no later than `connection`, unless the
            plugin documents it. By default `connection` itself.

        Raises:
            PluginAuthenticationFailed: The connection is no longer good.
            PluginCredentialsMissing: A required credential is absent.
            PluginUnavailableError: The provider cannot serve.
        """
        return connection
