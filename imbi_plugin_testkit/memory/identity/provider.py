"""An identity provider that the plugins and sandboxes beside it talk to.

It answers as OAuth 2.0 (RFC 6749, 7009, 7591, 7636, 8628) and OpenID Connect
say, strictly: a code is good once, for one client, redirect URI and verifier.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import secrets
import urllib.parse
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.memory.faults import FaultyServer
from imbi_plugin_testkit.memory.identity.grants import (
    PEOPLE,
    Behaviour,
    Client,
    Grants,
    OAuthError,
)
from imbi_plugin_testkit.models.identity import Flaw

if TYPE_CHECKING:
    from collections.abc import Callable

    from imbi_plugin_testkit.models.identity import Decision

Form = dict[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        status: As HTTP has them.
        text: The body: JSON, unless a fault made it something else.
    """

    status: int
    text: str = dataclasses.field(default='{}', repr=False)


class MemoryProvider(FaultyServer):
    """An OAuth and OpenID provider in memory.

    Attributes:
        issuer: What a plugin reaches it by.
        behaviour: What it can do.
        client: The client that is registered from the start.
        grants: Codes and tokens that it gave out.
    """

    def __init__(self, redirect_uri: str, behaviour: Behaviour) -> None:
        super().__init__('https://provider-{}.example.com')
        self.issuer = self.address
        self.behaviour = behaviour
        self.client = Client(
            id=f'imbi-{secrets.token_hex(4)}',
            secret=secrets.token_urlsafe(24),
            redirect_uri=redirect_uri,
        )
        self.grants = Grants(self.issuer, behaviour)
        self._clients = {self.client.id: self.client}

    # The server ------------------------------------------------------------

    async def request(
        self,
        path: str,
        form: Form | None = None,
        *,
        basic: tuple[str, str] | None = None,
        bearer: str | None = None,
    ) -> Reply:
        """Answer one request.

        Args:
            path: Path of the endpoint.
            form: What is posted; None asks for the page instead.
            basic: Client id and secret, as HTTP Basic has them.
            bearer: An access token.

        Raises:
            OSError: It cannot be reached.
        """
        verb = 'GET' if form is None else 'POST'
        self.urls.append(f'{verb} {self.issuer}{path}')
        await asyncio.sleep(0)
        self.refuse()
        await self.lose()
        if self.status is not None:
            return Reply(self.status)
        try:
            answer = self._endpoint(path)(form or {}, basic, bearer)
            reply = Reply(200, json.dumps(answer))
        except OAuthError as error:
            body = json.dumps({'error': error.code})
            reply = Reply(error.status, body)
        return Reply(reply.status, self.spoiled(reply.text))

    def metadata(self) -> dict[str, Any]:
        """Return what discovery tells (RFC 8414 §2)."""
        return {
            'issuer': self.issuer,
            'authorization_endpoint': f'{self.issuer}/authorize',
            'token_endpoint': f'{self.issuer}/token',
            'userinfo_endpoint': f'{self.issuer}/userinfo',
            'jwks_uri': f'{self.issuer}/keys',
            'revocation_endpoint': f'{self.issuer}/revoke',
            'registration_endpoint': f'{self.issuer}/register',
            'device_authorization_endpoint': f'{self.issuer}/device',
        }

    def _endpoint(
        self, path: str
    ) -> Callable[[Form, tuple[str, str] | None, str | None], Any]:
        endpoints: dict[str, Callable[..., Any]] = {
            '/.well-known/openid-configuration': self._discover,
            '/token': self._token,
            '/userinfo': self._userinfo,
            '/keys': self._keys,
            '/revoke': self._revoke,
            '/register': self._register,
            '/device': self._device,
        }
        found = endpoints.get(path)
        if found is None:
            raise OAuthError('not_found', 404)
        return found

    def _discover(self, *_: object) -> dict[str, Any]:
        return self.metadata()

    def _register(self, *_: object) -> dict[str, Any]:
        client = Client(
            id=f'registered-{secrets.token_hex(4)}',
            secret=secrets.token_urlsafe(24),
            redirect_uri=self.client.redirect_uri,
        )
        self._clients[client.id] = client
        return {'client_id': client.id, 'client_secret': client.secret}

    def _token(
        self, form: Form, basic: tuple[str, str] | None, _: object
    ) -> dict[str, Any]:
        client = self._authenticated(form, basic)
        if form.get('grant_type') == 'authorization_code':
            return self.grants.redeem_code(client, form)
        if form.get('grant_type') == 'refresh_token':
            return self.grants.refresh(client, form)
        if str(form.get('grant_type')).endswith(':device_code'):
            return self.grants.redeem_device(client, form)
        raise OAuthError('unsupported_grant_type')

    def _revoke(
        self, form: Form, basic: tuple[str, str] | None, _: object
    ) -> dict[str, Any]:
        self._authenticated(form, basic)
        self.grants.revoke(form.get('token', ''))
        return {}

    def _device(
        self, form: Form, basic: tuple[str, str] | None, _: object
    ) -> dict[str, Any]:
        client = self._authenticated(form, basic)
        return self.grants.begin_device(client, form.get('scope', ''))

    def _userinfo(
        self, _: object, __: object, bearer: str | None
    ) -> dict[str, Any]:
        person = self.grants.person_of(bearer or '')
        if person is None:
            raise OAuthError('invalid_token', 401)
        if self.grants.flaw is Flaw.USERINFO:
            person = next(other for other in PEOPLE if other != person)
        return self.grants.claims_of(person)

    def _keys(self, *_: object) -> dict[str, Any]:
        return {'keys': [self.grants.public_key]}

    def _authenticated(
        self, form: Form, basic: tuple[str, str] | None
    ) -> Client:
        name, secret = basic or (
            form.get('client_id', ''),
            form.get('client_secret', ''),
        )
        client = self._clients.get(name)
        if client is None or client.secret != secret:
            raise OAuthError('invalid_client', 401)
        return client

    # The browser -----------------------------------------------------------

    def browse(
        self, url: str, person: str, decision: Decision
    ) -> dict[str, str]:
        """Open an authorization URL, sign in, and come back.

        Returns:
            The parameters that the redirect URI is called with.

        Raises:
            ValueError: The provider shows an error page instead.
        """
        parts = urllib.parse.urlsplit(url)
        asked = dict(urllib.parse.parse_qsl(parts.query))
        client = self._clients.get(asked.get('client_id', ''))
        if f'{parts.scheme}://{parts.netloc}' != self.issuer or (
            client is None
            or asked.get('response_type') != 'code'
            or asked.get('redirect_uri') != client.redirect_uri
        ):
            raise ValueError('the provider shows an error page')
        state = {'state': asked['state']} if 'state' in asked else {}
        if decision == 'deny':
            return {**state, 'error': 'access_denied'}
        code = self.grants.new_code(client, person, asked)
        return {**state, 'code': code}
