"""Identity: people, and a provider at which they sign in.

A law plays the host: it asks the plugin for an authorization request, lets a
person answer it (`sign_in`), and takes the code back to the plugin.
"""
# ruff: noqa: ARG002  a default takes what an override needs

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING, Literal

from imbi_plugin_testkit.sandbox import (
    BaseSandbox,
    Limits,
    UnsupportedBySandbox,
)

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from imbi_plugin_sdk.context import IdentityCredentials
    from imbi_plugin_sdk.handlers.identity import AuthorizationRequest

Decision = Literal['approve', 'deny', 'wait']
"""What a person does; `wait` is a device flow that nobody answers yet."""


class Flaw(enum.StrEnum):
    """What can be wrong with the id tokens that a provider issues."""

    SIGNATURE = 'signature'
    """Signed by a key that the provider does not publish."""
    UNSIGNED = 'unsigned'
    """`alg` is `none`."""
    AUDIENCE = 'audience'
    """Meant for another client."""
    ISSUER = 'issuer'
    """Issued by somebody else."""
    NONCE = 'nonce'
    """For another request; only where the request had a nonce."""
    EXPIRED = 'expired'
    """No longer good: `exp` is an hour ago."""
    UNVERIFIED_EMAIL = 'unverified_email'
    """`email_verified` is false; the sign-in itself is good."""


@dataclasses.dataclass(frozen=True, slots=True)
class SignedIn:
    """What the browser brought back to the redirect URI.

    Attributes:
        code: What the host hands to `exchange_code`; in a device flow the
            request's `state`.
        state: The state that came back; None in a device flow.
        error: The provider's error code, when the person declined.
    """

    code: str = dataclasses.field(default='', repr=False)
    state: str | None = dataclasses.field(default=None, repr=False)
    error: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class IdentityLimits(Limits):
    """What a provider does.

    Attributes:
        people: Names that `sign_in` takes; at least two.
        scopes: Scopes that may be asked for, beyond the default.
        rotates: Whether a refresh replaces the refresh token and the old one
            is good no more.
        refreshes: Whether it gives refresh tokens at all.
        revokes_refresh: Whether a revoked refresh token refreshes no more.
        device_interval: Seconds between two polls of a device flow.
    """

    people: tuple[str, ...] = ('alice', 'bob')
    scopes: tuple[str, ...] = ()
    rotates: bool = False
    refreshes: bool = True
    revokes_refresh: bool = True
    device_interval: int = 1


class IdentitySandbox(BaseSandbox):
    """A sandbox of an identity plugin; override what the provider can do."""

    limits: Limits = IdentityLimits()
    redirect_uri: str = 'https://imbi.example.com/oauth/callback'
    """What the client is registered with."""

    async def sign_in(
        self,
        request: AuthorizationRequest,
        *,
        person: str = 'alice',
        decision: Decision = 'approve',
    ) -> SignedIn:
        """Answer an authorization request as a person would.

        Opens the authorization URL (or, in a device flow, enters the user
        code), signs in and decides.

        Raises:
            UnsupportedBySandbox: By default.
        """
        raise UnsupportedBySandbox('sign_in')

    async def accepts(self, credentials: IdentityCredentials) -> str | None:
        """Present an access token to the provider.

        Returns:
            The subject it stands for, or None where it is not good.

        Raises:
            UnsupportedBySandbox: By default.
        """
        raise UnsupportedBySandbox('accepts')

    async def expire(
        self, what: Literal['code', 'device', 'access', 'refresh'], value: str
    ) -> None:
        """Let one code or token of the provider run out.

        Args:
            what: Which kind: an authorization code, a device flow (by the
                request's `state`), an access or a refresh token.
            value: The code or token.

        Raises:
            UnsupportedBySandbox: By default.
        """
        raise UnsupportedBySandbox(f'expire({what})')

    def flawed(self, flaw: Flaw) -> AbstractAsyncContextManager[None]:
        """Return a context in which id tokens are issued with this flaw.

        Raises:
            UnsupportedBySandbox: By default.
        """
        raise UnsupportedBySandbox(f'flawed({flaw})')
