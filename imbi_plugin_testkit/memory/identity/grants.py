"""What a provider in memory gave out: codes, device flows and tokens."""

from __future__ import annotations

import dataclasses
import secrets
import time
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.memory.identity.spoiling import HOUR, spoiled
from imbi_plugin_testkit.memory.identity.tokens import challenge_of
from imbi_plugin_testkit.models.identity import Flaw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_testkit.models.identity import Decision

CODE_SECONDS = 600
"""How long a code is good, at most (RFC 6749 §4.1.2)."""

PUBLIC_KEY = '-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n'
"""A key that everybody can have, as providers publish theirs."""

PEOPLE: Mapping[str, Mapping[str, Any]] = {
    name: {
        'sub': f'{number:08}',
        'email': f'{name}@example.com',
        'email_verified': True,
        'name': name.title(),
        'picture': f'https://people.example.com/{name}.png',
        'groups': ['staff', name],
    }
    for number, name in enumerate(('alice', 'bob', 'carol'), start=4711)
}
"""Who can sign in, and what the provider says of them."""


class OAuthError(Exception):
    """An error of RFC 6749 §5.2.

    Attributes:
        code: As in `invalid_grant`.
        status: As HTTP has them.
    """

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


@dataclasses.dataclass(frozen=True, slots=True)
class Behaviour:
    """What providers do differently.

    Attributes:
        rotates: Whether a refresh replaces the refresh token.
        repeats: Whether a refresh that does not rotate answers with the
            refresh token once more, instead of leaving it out.
        reuse_revokes: Whether a replaced refresh token that comes back ends
            all that came from it (RFC 9700 §4.14.2).
        refreshes: Whether there are refresh tokens.
        refreshed_scope: The scope without which there are none; blank where
            each sign-in has one.
        revokes_refresh: Whether revoking a refresh token has an effect.
        id_tokens: Whether it speaks OpenID Connect.
        pkce: Whether it looks at challenges at all.
        lifetime: Seconds that access tokens last; None does not tell.
        device_interval: Seconds between two polls.
        verified_as_text: Whether `email_verified` is `'true'` or `'false'`.
        vouches: Whether it tells `email_verified` of an unverified e-mail.
        brief: Whether its id tokens leave all but the subject to userinfo.
    """

    rotates: bool = False
    repeats: bool = False
    reuse_revokes: bool = False
    refreshes: bool = True
    refreshed_scope: str = ''
    revokes_refresh: bool = True
    id_tokens: bool = True
    pkce: bool = True
    lifetime: int | None = HOUR
    device_interval: float = 0.0
    verified_as_text: bool = False
    vouches: bool = True
    brief: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Client:
    """A client of the provider.

    Attributes:
        id: Its public name.
        secret: What it proves itself with.
        redirect_uri: Where browsers may come back to.
    """

    id: str
    secret: str = dataclasses.field(repr=False)
    redirect_uri: str


@dataclasses.dataclass(slots=True)
class Grant:
    """One thing that was given out: a code, a device flow or a token.

    Attributes:
        client: To whom.
        person: For whom; blank while a device flow waits.
        scope: What was asked for.
        ends: When it is good no more, in seconds of the epoch.
        family: What came from one sign-in shares it.
        asked: The parameters of the authorization request.
        spent: Whether it was used, replaced or revoked.
        denied: Whether the person declined.
        polled: When a device flow was last asked for.
    """

    client: Client
    person: str
    scope: str
    ends: float
    family: str
    asked: dict[str, str] = dataclasses.field(default_factory=dict)
    spent: bool = False
    denied: bool = False
    polled: float | None = None

    @property
    def good(self) -> bool:
        """Return whether it can still be used."""
        return not self.spent and time.time() < self.ends


class Grants:
    """Everything that a provider gave out.

    Attributes:
        flaw: What is wrong with the id tokens it issues at the moment.
        public_key: What everybody may check its other signatures with.
        codes, devices, access, refreshing: Value to grant.
        user_codes: User code to device code.
    """

    def __init__(self, issuer: str, behaviour: Behaviour) -> None:
        self.issuer = issuer
        self.behaviour = behaviour
        self.flaw: Flaw | None = None
        self.public_key = PUBLIC_KEY.format(secrets.token_urlsafe(32))
        self.codes: dict[str, Grant] = {}
        self.devices: dict[str, Grant] = {}
        self.access: dict[str, Grant] = {}
        self.refreshing: dict[str, Grant] = {}
        self.user_codes: dict[str, str] = {}

    def table(self, what: str) -> dict[str, Grant]:
        """Return the grants of one kind, as `IdentitySandbox.expire` says."""
        return {
            'code': self.codes,
            'device': self.devices,
            'access': self.access,
            'refresh': self.refreshing,
        }[what]

    # Codes -----------------------------------------------------------------

    def new_code(
        self, client: Client, person: str, asked: dict[str, str]
    ) -> str:
        """Return a code for a person who signed in."""
        code = f'code-{secrets.token_urlsafe(16)}'
        self.codes[code] = Grant(
            client,
            person,
            asked.get('scope', ''),
            time.time() + CODE_SECONDS,
            secrets.token_hex(8),
            asked,
        )
        return code

    def redeem_code(
        self, client: Client, form: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return tokens for a code (RFC 6749 §4.1.3).

        Raises:
            OAuthError: Anything about it is not right.
        """
        grant = self.codes.get(form.get('code', ''))
        if (
            grant is None
            or not grant.good
            or grant.client != client
            or form.get('redirect_uri') != grant.asked.get('redirect_uri')
            or not self._is_proved(grant, form.get('code_verifier', ''))
        ):
            raise OAuthError('invalid_grant')
        grant.spent = True
        return self._issue(grant)

    def _is_proved(self, grant: Grant, verifier: str) -> bool:
        wanted = grant.asked.get('code_challenge')
        if wanted is None or not self.behaviour.pkce:
            return True
        plain = grant.asked.get('code_challenge_method', 'plain') == 'plain'
        return wanted == (verifier if plain else challenge_of(verifier))

    # Device flows ----------------------------------------------------------

    def begin_device(self, client: Client, scope: str) -> dict[str, Any]:
        """Return a new device flow (RFC 8628 §3.2)."""
        code = f'device-{secrets.token_urlsafe(16)}'
        user_code = secrets.token_hex(3).upper()
        self.user_codes[user_code] = code
        self.devices[code] = Grant(
            client,
            '',
            scope,
            time.time() + CODE_SECONDS,
            secrets.token_hex(8),
        )
        return {
            'device_code': code,
            'user_code': user_code,
            'verification_uri': f'{self.issuer}/activate',
            'verification_uri_complete': (
                f'{self.issuer}/activate?user_code={user_code}'
            ),
            'expires_in': CODE_SECONDS,
            'interval': self.behaviour.device_interval,
        }

    def activate(
        self, user_code: str, person: str, decision: Decision
    ) -> None:
        """Enter a user code, sign in and decide.

        Raises:
            ValueError: Nobody waits for this code.
        """
        grant = self.devices.get(self.user_codes.get(user_code, ''))
        if grant is None or not grant.good:
            raise ValueError('nobody waits for this user code')
        if decision == 'approve':
            grant.person = person
        grant.denied = decision == 'deny'

    def redeem_device(
        self, client: Client, form: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return tokens for a device flow (RFC 8628 §3.4).

        Raises:
            OAuthError: It is not finished, or never will be (§3.5).
        """
        grant = self.devices.get(form.get('device_code', ''))
        if grant is None or grant.spent or grant.client != client:
            raise OAuthError('invalid_grant')
        if not grant.good:
            raise OAuthError('expired_token')
        if grant.denied:
            raise OAuthError('access_denied')
        now, before = time.monotonic(), grant.polled
        grant.polled = now
        interval = self.behaviour.device_interval
        if before is not None and now - before < interval:
            raise OAuthError('slow_down')
        if not grant.person:
            raise OAuthError('authorization_pending')
        grant.spent = True
        return self._issue(grant)

    # Tokens ----------------------------------------------------------------

    def refresh(
        self, client: Client, form: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return new tokens for a refresh token (RFC 6749 §6).

        Raises:
            OAuthError: It is not good, or not this client's.
        """
        grant = self.refreshing.get(form.get('refresh_token', ''))
        if grant is None or grant.client != client or not grant.good:
            if grant is not None and self.behaviour.reuse_revokes:
                self._end_family(grant.family)
            raise OAuthError('invalid_grant')
        grant.spent = self.behaviour.rotates
        answer = self._issue(grant, refreshed=True)
        if self.behaviour.repeats and not self.behaviour.rotates:
            answer['refresh_token'] = form['refresh_token']
        return answer

    def revoke(self, token: str) -> None:
        """End a token; an unknown one is ended already (RFC 7009 §2.2)."""
        if token in self.access:
            self.access[token].spent = True
        elif token in self.refreshing and self.behaviour.revokes_refresh:
            self._end_family(self.refreshing[token].family)

    def person_of(self, access_token: str) -> str | None:
        """Return whom a good access token stands for."""
        grant = self.access.get(access_token)
        return grant.person if grant is not None and grant.good else None

    def claims_of(self, person: str) -> dict[str, Any]:
        """Return what the provider says of a person."""
        claims = dict(PEOPLE[person])
        if self.flaw is Flaw.UNVERIFIED_EMAIL:
            claims['email_verified'] = False
            if not self.behaviour.vouches:
                del claims['email_verified']
        if self.behaviour.verified_as_text and 'email_verified' in claims:
            claims['email_verified'] = str(claims['email_verified']).lower()
        return claims

    def _issue(
        self, source: Grant, *, refreshed: bool = False
    ) -> dict[str, Any]:
        kind = self.behaviour
        token = dataclasses.replace(
            source,
            ends=time.time() + (kind.lifetime or HOUR),
            spent=False,
            asked={},
        )
        access = f'access-{secrets.token_urlsafe(16)}'
        self.access[access] = token
        answer: dict[str, Any] = {
            'access_token': access,
            'token_type': 'Bearer',
            'scope': source.scope,
        }
        if kind.lifetime is not None:
            answer['expires_in'] = kind.lifetime
        lasts = not kind.refreshed_scope or (
            kind.refreshed_scope in source.scope.split()
        )
        if kind.refreshes and lasts and (kind.rotates or not refreshed):
            refresh = f'refresh-{secrets.token_urlsafe(16)}'
            self.refreshing[refresh] = dataclasses.replace(
                token, ends=time.time() + 24 * HOUR
            )
            answer['refresh_token'] = refresh
        if kind.id_tokens and 'openid' in source.scope.split():
            answer['id_token'] = self._id_token(source)
        return answer

    def _id_token(self, source: Grant) -> str:
        now = int(time.time())
        person = self.claims_of(source.person)
        if self.behaviour.brief:
            person = {'sub': person['sub']}
        claims = person | {
            'iss': self.issuer,
            'aud': source.client.id,
            'iat': now,
            'exp': now + HOUR,
        }
        if 'nonce' in source.asked:
            claims['nonce'] = source.asked['nonce']
        return spoiled(
            claims, source.client.secret, self.flaw, self.public_key
        )

    def _end_family(self, family: str) -> None:
        for table in (self.access, self.refreshing):
            for grant in table.values():
                if grant.family == family:
                    grant.spent = True
