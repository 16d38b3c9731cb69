"""The calls of IAM Identity Center and STS that signing in takes.

Three services take part: `sso-oidc` gives tokens to a registered client,
`sso` gives a role's keys for a token, and `sts` tells whose keys they are.
The first two are REST without a signature: the token, or the client's secret,
is all that they ask for.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import re
import time
from typing import TYPE_CHECKING, Any, cast

import httpx
from imbi_plugin_ssm import answers
from imbi_plugin_ssm.aws_json import open_http
from imbi_plugin_ssm.settings import Credentials
from imbi_plugin_ssm.signing import Unsigned, sign

from imbi_plugin_aws.identity.settings import Client, Role
from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginRateLimited,
    PluginUnavailableError,
)
from imbi_plugin_sdk.throttling import retry_at

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterable, Mapping

    from imbi_plugin_aws.identity.settings import Settings

NAME = 'IAM Identity Center'
_SSO = answers.Service(NAME, 'sso', '', '')

_OK = range(200, 300)
_CODED = range(400, 500)
_FORBIDDEN = frozenset({401, 403})
_TOO_MANY_REQUESTS = 429
_THROTTLING = frozenset(
    {'SlowDownException', 'ThrottlingException', 'TooManyRequestsException'}
)

_BEARER = 'x-amz-sso_bearer_token'
_TOKEN = re.compile(r'[\x21-\x7e]+')
"""What a header can carry; AWS gives no other tokens."""

_CALLER = re.compile(
    rb'<Arn>arn:[\w-]+:sts::\d{12}:assumed-role/[^/<]+/([\w+=,.@-]{2,64})</Arn>',
    re.ASCII,
)
"""Of the keys that IAM Identity Center gives, the name of the session is the
name of the user (user guide, "Referencing permission sets")."""

_LONGEST = 10 * 366 * 86_400
"""Seconds; no token and no client lasts for ten years."""


@dataclasses.dataclass(frozen=True, slots=True)
class Device:
    """A device flow that has begun (RFC 8628 §3.2)."""

    code: str = dataclasses.field(repr=False)
    user_code: str
    uri: str
    complete_uri: str | None
    expires_in: int
    interval: int


@dataclasses.dataclass(frozen=True, slots=True)
class Tokens:
    """What a token request gave."""

    access: str = dataclasses.field(repr=False)
    refresh: str | None = dataclasses.field(repr=False)
    kind: str
    expires_at: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a role, and when they end."""

    credentials: Credentials = dataclasses.field(repr=False)
    expires_at: dt.datetime


@contextlib.asynccontextmanager
async def open_client(settings: Settings) -> AsyncGenerator[SsoClient]:
    """Give a client for one call of the plugin, with one budget of time.

    Raises:
        PluginTimeoutError: The body took longer than `settings.timeout`.
    """
    async with open_http(settings.oidc, settings.timeout, NAME) as http:
        yield SsoClient(http, settings)


class SsoClient:
    """Makes the calls.

    A refusal that depends on what was asked is a `ServiceError` with the code
    of AWS; whatever else goes wrong is an error of the contract.
    """

    def __init__(self, http: httpx.AsyncClient, settings: Settings) -> None:
        self._http = http
        self._settings = settings

    async def register(self, name: str, scopes: Iterable[str]) -> Client:
        """Register a client for device flows."""
        scopes = tuple(scopes)
        request: dict[str, Any] = {'clientName': name, 'clientType': 'public'}
        if scopes:
            request['scopes'] = list(scopes)
        body = await self._oidc('client/register', 'RegisterClient', request)
        with _read('RegisterClient'):
            return Client(
                _text(body, 'clientId'),
                _text(body, 'clientSecret'),
                float(_number(body, 'clientSecretExpiresAt', most=None)),
                scopes,
            )

    async def start(self, client: Client) -> Device:
        """Begin a device flow."""
        action = 'StartDeviceAuthorization'
        body = await self._oidc(
            'device_authorization',
            action,
            {
                'clientId': client.id,
                'clientSecret': client.secret,
                'startUrl': self._settings.start_url,
            },
        )
        with _read(action):
            complete = body.get('verificationUriComplete')
            return Device(
                code=_text(body, 'deviceCode'),
                user_code=_text(body, 'userCode'),
                uri=_text(body, 'verificationUri'),
                complete_uri=complete if isinstance(complete, str) else None,
                expires_in=_number(body, 'expiresIn'),
                # RFC 8628 §3.2: 5 where the server gives none
                interval=_number(body, 'interval')
                if 'interval' in body
                else 5,
            )

    async def token(self, client: Client, **grant: str) -> Tokens:
        """Ask for tokens.

        Args:
            client: Who asks.
            grant: `grantType` and what it takes.
        """
        asked = time.time()
        body = await self._oidc(
            'token',
            'CreateToken',
            {
                'clientId': client.id,
                'clientSecret': client.secret,
                **grant,
            },
        )
        with _read('CreateToken'):
            refresh, kind = body.get('refreshToken'), body.get('tokenType')
            ends = asked + _number(body, 'expiresIn')
            return Tokens(
                access=_text(body, 'accessToken'),
                refresh=refresh if isinstance(refresh, str) else None,
                kind=kind if isinstance(kind, str) and kind else 'Bearer',
                expires_at=dt.datetime.fromtimestamp(ends, dt.UTC),
            )

    async def first_role(self, token: str) -> Role | None:
        """Return some role that the token's owner has, or None."""
        accounts = await self._portal(
            'assignment/accounts', 'ListAccounts', token, {}
        )
        for account in _entries(accounts, 'accountList', 'accountId'):
            roles = await self._portal(
                'assignment/roles',
                'ListAccountRoles',
                token,
                {'account_id': account},
            )
            for name in _entries(roles, 'roleList', 'roleName'):
                return Role(account, name)
        return None

    async def keys(self, token: str, role: Role) -> Keys:
        """Return the keys of a role of the token's owner."""
        action = 'GetRoleCredentials'
        body = await self._portal(
            'federation/credentials',
            action,
            token,
            {'role_name': role.name, 'account_id': role.account},
        )
        with _read(action):
            found = cast('dict[str, Any]', body['roleCredentials'])
            milliseconds = _number(found, 'expiration', most=None)
            return Keys(
                Credentials(
                    _text(found, 'accessKeyId'),
                    _text(found, 'secretAccessKey'),
                    _text(found, 'sessionToken'),
                ),
                dt.datetime.fromtimestamp(milliseconds / 1_000, dt.UTC),
            )

    async def owner(self, keys: Keys) -> str:
        """Return the name of the user whose keys these are."""
        body = b'Action=GetCallerIdentity&Version=2011-06-15'
        endpoint = self._settings.endpoint
        kind = 'application/x-www-form-urlencoded; charset=utf-8'
        headers = sign(
            Unsigned(endpoint, {'content-type': kind}, body, 'sts'),
            keys.credentials,
            self._settings.region,
        )
        action = 'GetCallerIdentity'
        response = await self._send(
            'POST', endpoint, action, content=body, headers=headers
        )
        found = _CALLER.search(response.content)
        if found is None:
            raise answers.malformed(action, _SSO)
        return found[1].decode('ascii')

    async def log_out(self, token: str) -> None:
        """End the session that an access token belongs to."""
        await self._portal('logout', 'Logout', token, None)

    async def _oidc(
        self, path: str, action: str, request: dict[str, Any]
    ) -> dict[str, Any]:
        response = await self._send(
            'POST',
            f'{self._settings.oidc}/{path}',
            action,
            content=json.dumps(request).encode(),
            headers={'content-type': 'application/json'},
        )
        return answers.read_body(response.content, action, _SSO)

    async def _portal(
        self,
        path: str,
        action: str,
        token: str,
        query: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        if not _TOKEN.fullmatch(token):
            raise answers.ServiceError('UnauthorizedException')
        response = await self._send(
            'POST' if query is None else 'GET',
            f'{self._settings.portal}/{path}',
            action,
            params=query,
            headers={_BEARER: token},
        )
        return answers.read_body(response.content, action, _SSO)

    async def _send(
        self,
        method: str,
        url: str,
        action: str,
        **request: Any,  # noqa: ANN401  what httpx takes
    ) -> httpx.Response:
        """Send one request; errors are raised outside of the handlers.

        httpx's own hold the request, and with it a token (law SEC001).
        """
        response: httpx.Response | None = None
        with contextlib.suppress(httpx.HTTPError, httpx.InvalidURL):
            response = await self._http.request(method, url, **request)
        if response is None:
            raise PluginUnavailableError(
                f'{NAME} cannot be reached for {action}, or it broke off its '
                'answer. Check region and endpoint_url.'
            )
        if response.status_code not in _OK:
            _refuse(response, action)
        return response


def _refuse(response: httpx.Response, action: str) -> None:
    """Raise what an answer that is no success means."""
    status = response.status_code
    code = answers.error_code(response.headers, response.content)
    where = f'{NAME} answered {action} with {code or f"HTTP {status}"}'
    if status == _TOO_MANY_REQUESTS or (
        code in _THROTTLING and action != 'CreateToken'
    ):
        raise PluginRateLimited(
            retry_at(
                response.headers.get('retry-after'), otherwise=answers.BACKOFF
            ),
            f'{where}: too many calls.',
        )
    if code.endswith('Exception') and status in _CODED:
        raise answers.ServiceError(code)
    if status in _FORBIDDEN:
        raise PluginAuthenticationFailed(f'{where}: sign in anew.')
    raise PluginUnavailableError(f'{where}.')


@contextlib.contextmanager
def _read(action: str) -> Generator[None]:
    """Make what is missing in an answer an error of the contract."""
    broken = False
    try:
        yield
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        broken = True
    if broken:
        raise answers.malformed(action, _SSO)


def _text(body: Mapping[str, Any], name: str) -> str:
    value: object = body[name]
    if not isinstance(value, str) or not value:
        raise ValueError(name)
    return value


def _number(
    body: Mapping[str, Any], name: str, most: int | None = _LONGEST
) -> int:
    value: object = body[name]
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(name)
    if value <= 0 or (most is not None and value > most):
        raise ValueError(name)
    return value


def _entries(body: Mapping[str, Any], name: str, key: str) -> list[str]:
    """Return one field of each entry of a list in an answer."""
    with _read(name):
        return [
            _text(entry, key)
            for entry in cast('list[dict[str, Any]]', body[name])
        ]
