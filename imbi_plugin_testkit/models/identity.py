"""Identity: people, and a provider at which they sign in.

A law plays the host: it asks the plugin for an authorization request, lets a
person answer it (`sign_in`), and takes the code back to the plugin.
"""
# ruff: noqa: ARG002  a default takes what an override needs

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING, Any, Literal

from imbi_plugin_testkit.sandbox import (
    BaseSandbox,
    Limits,
    UnsupportedBySandbox,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    from imbi_plugin_sdk.context import IdentityCredentials
    from imbi_plugin_sdk.handlers.identity import (
        AuthorizationRequest,
        IdentityPlugin,
    )
    from imbi_plugin_testkit.sandbox import Example

Decision = Literal['approve', 'deny', 'wait']
"""What a person does; `wait` is a device flow that nobody answers yet."""


class Flaw(enum.StrEnum):
    """What can be wrong with what a provider says of a person.

    With its id tokens, but for the last two.
    """

    SIGNATURE = 'signature'
    """Signed by a key that the provider does not publish."""
    UNSIGNED = 'unsigned'
    """`alg` is `none`."""
    PUBLIC_KEY = 'public_key'
    """Signed with HS256, by the provider's public key as the shared secret
    (RFC 8725 §2.1): everybody has it. In PEM where there is one."""
    AUDIENCE = 'audience'
    """Meant for another client."""
    AUDIENCES = 'audiences'
    """Meant for several: `aud` is a list, and the client is not in it."""
    PARTY = 'party'
    """Given to another client: `azp` is that one, and `aud` a list of both."""
    NO_AUDIENCE = 'no_audience'
    """There is no `aud`."""
    ISSUER = 'issuer'
    """Issued by somebody else."""
    NO_ISSUER = 'no_issuer'
    """There is no `iss`."""
    NONCE = 'nonce'
    """For another request; only where the request had a nonce."""
    NO_NONCE = 'no_nonce'
    """There is no `nonce`; only where the request had one."""
    EXPIRED = 'expired'
    """No longer good: `exp` is an hour ago."""
    NO_EXPIRY = 'no_expiry'
    """There is no `exp`."""
    UNVERIFIED_EMAIL = 'unverified_email'
    """`email_verified` is false; the sign-in itself is good."""
    USERINFO = 'userinfo'
    """The id token is good, and the userinfo endpoint speaks of somebody
    else: `sub` and all else (OpenID Connect Core 1.0 §5.3.2)."""


FIRST_FLAWS = frozenset(
    {
        Flaw.SIGNATURE,
        Flaw.UNSIGNED,
        Flaw.AUDIENCE,
        Flaw.ISSUER,
        Flaw.NONCE,
        Flaw.EXPIRED,
        Flaw.UNVERIFIED_EMAIL,
    }
)
"""Flaws that every sandbox with `flawed` was asked for before the others were
named: one that does not know a flaw may issue a good token in its place."""


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
        device_interval: Seconds between two polls of a device flow; at most
            one, so that laws need not wait.
        reuse_revokes: Whether a replaced refresh token that comes back ends
            all tokens of its sign-in (RFC 9700 §4.14.2); then nothing need
            be left after concurrent refreshes (law IDN010).
        compares_redirect: Whether the redirect URI at the token endpoint
            must be the one of the request (RFC 6749 §4.1.3).
        compares_verifier: Whether the verifier must be that of the challenge
            (RFC 7636 §4.6); some providers take both and look at neither.
        materialized_outlives: Whether the plugin documents that what it
            materializes may end after its source (law IDN012).
    """

    people: tuple[str, ...] = ('alice', 'bob')
    scopes: tuple[str, ...] = ()
    rotates: bool = False
    refreshes: bool = True
    revokes_refresh: bool = True
    device_interval: float = 1
    reuse_revokes: bool = False
    compares_redirect: bool = True
    compares_verifier: bool = True
    materialized_outlives: bool = False


class IdentitySandbox(BaseSandbox):
    """A sandbox of an identity plugin; override what the provider can do.

    Once `sign_in` is overridden there is an example for each method: a code
    is that of a sign-in which the sandbox makes with the plugin itself, anew
    for every call. An author who sets `examples` replaces them; to change
    one, override `examples_from_sign_in`.
    """

    limits: Limits = IdentityLimits()
    redirect_uri: str = 'https://imbi.example.com/oauth/callback'
    """What the client is registered with."""
    flaws: frozenset[Flaw] = FIRST_FLAWS
    """Which flaws `flawed` is asked for. `frozenset(Flaw)` asks for all of
    them, also those that a later version adds; what the provider cannot do,
    `flawed` says by UnsupportedBySandbox."""
    handler_class: type[IdentityPlugin] | None = None
    """The class under test; the kit sets it where it opens the sandbox."""
    identity_options: Mapping[str, Any] | None = None
    """What `materialize` is given where another plugin delegates to it."""
    _examples: Mapping[str, Example] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.registered: dict[str, str] = {}
        """Credentials that the plugin registered while examples were made;
        as a host does, the sandbox keeps them in `credentials`."""

    @property
    def examples(self) -> Mapping[str, Example]:
        """Return the arguments of each method; see the class."""
        if self._examples is not None:
            return self._examples
        overridden = type(self).sign_in is not IdentitySandbox.sign_in
        if self.handler_class is None or not overridden:
            return {}
        return self.examples_from_sign_in()

    @examples.setter
    def examples(self, given: Mapping[str, Example]) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]  set as before
        self._examples = given

    def examples_from_sign_in(self) -> dict[str, Example]:
        """Return functions that sign somebody in and return arguments."""
        examples: dict[str, Example] = {
            'authorization_request': {'redirect_uri': self.redirect_uri},
            'exchange_code': self._code,
            'refresh': self._refresh_token,
            'revoke': self._token,
            'materialize': self._connection,
        }
        if not getattr(self.limits, 'refreshes', True):
            del examples['refresh']
        return examples

    async def connect(self, *, person: str = 'alice') -> IdentityCredentials:
        """Sign a person in with the plugin, and return their credentials.

        Raises:
            UnsupportedBySandbox: `sign_in` cannot.
            RuntimeError: There is no `handler_class`.
        """
        # First: the client may be registered on the way.
        arguments = await self._code(person=person)
        _, found = await self._handler().exchange_code(
            self.context, dict(self.credentials), **arguments
        )
        return found

    async def _code(self, *, person: str = 'alice') -> dict[str, Any]:
        request = await self._handler().authorization_request(
            self.context, dict(self.credentials), self.redirect_uri
        )
        if request.registered_credentials:
            fresh = {
                name: value
                for name, value in request.registered_credentials.items()
                if name not in self.credentials or name in self.registered
            }
            self.registered |= fresh
            self.credentials |= request.registered_credentials
        signed_in = await self.sign_in(request, person=person)
        if not signed_in.code:
            raise RuntimeError(
                'sign_in brought no code back'
                + (f', but {signed_in.error}' if signed_in.error else '')
            )
        return {
            'code': signed_in.code,
            'redirect_uri': self.redirect_uri,
            'code_verifier': request.code_verifier,
        }

    async def _refresh_token(self) -> dict[str, Any]:
        found = (await self.connect()).refresh_token
        if not found:
            raise RuntimeError(
                'exchange_code gave no refresh token; set refreshes=False in '
                'the limits where the provider gives none'
            )
        return {'refresh_token': found}

    async def _token(self) -> dict[str, Any]:
        return {'token': (await self.connect()).access_token}

    async def _connection(self) -> dict[str, Any]:
        connection = await self.connect()
        if self.identity_options is None:
            return {'connection': connection}
        options = dict(self.identity_options)
        return {'connection': connection, 'identity_options': options}

    def _handler(self) -> IdentityPlugin:
        if self.handler_class is None:
            raise RuntimeError(
                'set `handler_class` of the sandbox to the plugin to sign in '
                'with; the kit does it by itself'
            )
        return self.handler_class()

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
        """Return a context in which the provider has this flaw.

        Args:
            flaw: One of `flaws`.

        Raises:
            UnsupportedBySandbox: By default; raise it for what the provider
                cannot do wrong, and just that flaw is left out.
        """
        raise UnsupportedBySandbox(f'flawed({flaw})')
