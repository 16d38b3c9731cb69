"""A strict fake of IAM Identity Center: sso-oidc, sso, and STS for its keys.

Nobody emulates these services. What this one answers is held against
botocore's models of them (`test_sso.py`): its clients must understand every
answer and every refusal. It checks what it is asked as AWS does: each member
by name and type, tokens by owner and time, signatures with botocore's signer.
"""

from __future__ import annotations

import dataclasses
import itertools
import secrets
import threading
import time
from typing import Any

START_URL = 'https://d-1234567890.awsapps.com/start'
REGION = 'eu-central-1'
SCOPES = frozenset({'sso:account:access', 'codewhisperer:completions'})
PEOPLE = {
    'alice': 'alice@example.com',
    'bob': 'bob',
    'carol': 'carol@example.com',
}
"""Person to user name."""

ASSIGNED = {
    'alice': {
        '111122223333': ['ReadOnlyAccess', 'Deployer'],
        '444455556666': ['ReadOnlyAccess'],
    },
    'bob': {'111122223333': ['ReadOnlyAccess', 'Deployer']},
    'carol': {},
}
"""Person to account to permission sets."""

DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
CLIENT_SECONDS = 90 * 86_400
DEVICE_SECONDS = 600
TOKEN_SECONDS = 3_600
KEY_SECONDS = 7_200
INTERVAL = 1
"""Seconds between two polls, as it is told; AWS tells whole seconds."""

PAGE_SIZE = 1
"""Of accounts and roles, so that there are pages."""


class Refused(Exception):  # noqa: N818  an answer
    """A modelled error: status, code and members."""

    def __init__(self, status: int, code: str, error: str = '') -> None:
        super().__init__(code)
        self.status, self.code, self.error = status, code, error

    def body(self) -> dict[str, str]:
        if self.error:
            return {'error': self.error, 'error_description': 'Refused'}
        return {'message': 'Refused'}


@dataclasses.dataclass
class Client:
    secret: str
    scopes: list[str]
    ends: float


@dataclasses.dataclass
class Device:
    client: str
    user_code: str
    ends: float
    interval: float
    polled: float = 0.0
    person: str | None = None
    denied: bool = False
    used: bool = False


@dataclasses.dataclass
class Session:
    person: str
    client: str
    alive: bool = True


@dataclasses.dataclass
class Token:
    session: Session
    ends: float


@dataclasses.dataclass
class Keys:
    secret: str
    token: str
    person: str
    account: str
    role: str
    ends: float


INVALID_REQUEST = Refused(400, 'InvalidRequestException', 'invalid_request')
INVALID_GRANT = Refused(400, 'InvalidGrantException', 'invalid_grant')
UNAUTHORIZED = Refused(401, 'UnauthorizedException')


class Provider:
    """What IAM Identity Center knows, and what it answers.

    Attributes:
        rotates: Whether a refresh gives a new refresh token and ends the old.
        pace: Seconds between two polls that it takes without slow_down; less
            than it tells, where nobody is to wait for it.
        requests: Path and body of every request.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.url = ''
        self.rotates = False
        self.pace: float = INTERVAL
        self.requests: list[tuple[str, Any]] = []
        self.clients: dict[str, Client] = {}
        self.devices: dict[str, Device] = {}
        self.access: dict[str, Token] = {}
        self.renewal: dict[str, Token] = {}
        self.keys: dict[str, Keys] = {}
        self._serial = itertools.count(1)

    # sso-oidc -------------------------------------------------------------

    def register(self, given: dict[str, Any]) -> dict[str, Any]:
        _members(
            given,
            {'clientName': str, 'clientType': str},
            {'scopes': list, 'grantTypes': list, 'redirectUris': list},
        )
        if given['clientType'] != 'public':
            raise Refused(
                400,
                'InvalidClientMetadataException',
                'invalid_client_metadata',
            )
        scopes = given.get('scopes', [])
        if not SCOPES.issuperset(scopes):
            raise Refused(400, 'InvalidScopeException', 'invalid_scope')
        name, secret = self._made('client'), self._made('secret')
        now = int(time.time())
        self.clients[name] = Client(secret, scopes, now + CLIENT_SECONDS)
        return {
            'clientId': name,
            'clientSecret': secret,
            'clientIdIssuedAt': now,
            'clientSecretExpiresAt': now + CLIENT_SECONDS,
        }

    def start(self, given: dict[str, Any]) -> dict[str, Any]:
        _members(
            given, {'clientId': str, 'clientSecret': str, 'startUrl': str}, {}
        )
        self._client(given)
        if given['startUrl'] != START_URL:
            raise INVALID_REQUEST
        code = self._made('device')
        letters = 'BCDFGHJKLMNPQRSTVWXZ'  # RFC 8628 §6.1
        user_code = '-'.join(
            ''.join(secrets.choice(letters) for _ in range(4)) for _ in '12'
        )
        self.devices[code] = Device(
            given['clientId'],
            user_code,
            time.time() + DEVICE_SECONDS,
            self.pace,
        )
        return {
            'deviceCode': code,
            'userCode': user_code,
            'verificationUri': f'{self.url}/device',
            'verificationUriComplete': (
                f'{self.url}/device?user_code={user_code}'
            ),
            'expiresIn': DEVICE_SECONDS,
            'interval': INTERVAL,
        }

    def token(self, given: dict[str, Any]) -> dict[str, Any]:
        _members(
            given,
            {'clientId': str, 'clientSecret': str, 'grantType': str},
            {'deviceCode': str, 'refreshToken': str},
        )
        self._client(given)
        if given['grantType'] == DEVICE_GRANT and 'deviceCode' in given:
            return self._by_device(given['clientId'], given['deviceCode'])
        if given['grantType'] == 'refresh_token' and 'refreshToken' in given:
            return self._by_refresh(given['clientId'], given['refreshToken'])
        raise Refused(
            400, 'UnsupportedGrantTypeException', 'unsupported_grant_type'
        )

    def _by_device(self, client: str, code: str) -> dict[str, Any]:
        device, now = self.devices.get(code), time.time()
        if device is None or device.client != client or device.used:
            raise INVALID_GRANT
        if device.ends <= now:
            raise Refused(400, 'ExpiredTokenException', 'expired_token')
        if device.denied:
            raise Refused(400, 'AccessDeniedException', 'access_denied')
        if device.person is None:
            early = now < device.polled + device.interval
            device.polled = now
            if early:
                device.interval += 5  # RFC 8628 §3.5
                raise Refused(400, 'SlowDownException', 'slow_down')
            raise Refused(
                400, 'AuthorizationPendingException', 'authorization_pending'
            )
        device.used = True
        return self._issued(Session(device.person, client), renewal=True)

    def _by_refresh(self, client: str, text: str) -> dict[str, Any]:
        token = self.renewal.get(text)
        if (
            token is None
            or token.session.client != client
            or not token.session.alive
            or token.ends <= time.time()
        ):
            raise INVALID_GRANT
        if self.rotates:
            del self.renewal[text]
        return self._issued(token.session, renewal=self.rotates)

    def _issued(self, session: Session, *, renewal: bool) -> dict[str, Any]:
        access, now = self._made('access'), time.time()
        self.access[access] = Token(session, now + TOKEN_SECONDS)
        answer = {
            'accessToken': access,
            'tokenType': 'Bearer',
            'expiresIn': TOKEN_SECONDS,
        }
        if renewal and self.clients[session.client].scopes:
            answer['refreshToken'] = text = self._made('refresh')
            self.renewal[text] = Token(session, now + CLIENT_SECONDS)
        return answer

    # sso ------------------------------------------------------------------

    def accounts(self, person: str, query: dict[str, str]) -> dict[str, Any]:
        found, token = _page(sorted(ASSIGNED[person]), query)
        listed = [
            {'accountId': one, 'accountName': one, 'emailAddress': 'a@b.c'}
            for one in found
        ]
        return {'accountList': listed} | token

    def roles(self, person: str, query: dict[str, str]) -> dict[str, Any]:
        account = query.get('account_id', '')
        if account not in ASSIGNED[person]:
            raise Refused(403, 'ForbiddenException')
        found, token = _page(ASSIGNED[person][account], query)
        listed = [{'roleName': one, 'accountId': account} for one in found]
        return {'roleList': listed} | token

    def credentials(self, person: str, query: dict[str, str]) -> Any:
        account, role = query.get('account_id', ''), query.get('role_name', '')
        if not (account.isdigit() and len(account) == 12 and role):
            raise Refused(400, 'InvalidRequestException')
        if role not in ASSIGNED[person].get(account, []):
            raise Refused(403, 'ForbiddenException')
        name = f'ASIA{next(self._serial):016}'
        made = Keys(
            self._made('secret'),
            self._made('session'),
            person,
            account,
            role,
            time.time() + KEY_SECONDS,
        )
        self.keys[name] = made
        return {
            'roleCredentials': {
                'accessKeyId': name,
                'secretAccessKey': made.secret,
                'sessionToken': made.token,
                'expiration': int(made.ends * 1_000),
            }
        }

    def log_out(self, text: str) -> None:
        self.owner(text).alive = False

    def owner(self, text: str) -> Session:
        token = self.access.get(text)
        if (
            token is None
            or not token.session.alive
            or token.ends <= time.time()
        ):
            raise UNAUTHORIZED
        return token.session

    # What people and tests do ---------------------------------------------

    def answer(self, user_code: str, person: str, *, approve: bool) -> None:
        """Enter a user code, sign in, and let the client in or not."""
        with self.lock:
            (device,) = (
                one
                for one in self.devices.values()
                if one.user_code == user_code
            )
            device.denied = not approve
            device.person = person if approve else None

    def sign_in(
        self, client: dict[str, str], person: str = 'alice'
    ) -> dict[str, Any]:
        """Sign somebody in past the plugin; return what a client gets.

        Args:
            client: Its `clientId` and `clientSecret`.
            person: Who.
        """
        with self.lock:
            device = self.start({**client, 'startUrl': START_URL})
            self.answer(device['userCode'], person, approve=True)
            grant = {
                'grantType': DEVICE_GRANT,
                'deviceCode': device['deviceCode'],
            }
            return self.token({**client, **grant})

    def _client(self, given: dict[str, Any]) -> None:
        client = self.clients.get(given['clientId'])
        if (
            client is None
            or not secrets.compare_digest(
                client.secret.encode(), given['clientSecret'].encode()
            )
            or client.ends <= time.time()
        ):
            raise Refused(401, 'InvalidClientException', 'invalid_client')

    def _made(self, kind: str) -> str:
        return f'{kind}-{next(self._serial)}-{secrets.token_urlsafe(24)}'


def _members(
    given: Any, required: dict[str, type], optional: dict[str, type]
) -> None:
    """Refuse a request that lacks a member, or has a wrong or unknown one."""
    known = required | optional
    if not isinstance(given, dict) or not (
        required.keys() <= given.keys() <= known.keys()
        and all(isinstance(given[name], known[name]) for name in given)
    ):
        raise INVALID_REQUEST


def _page(entries: list[str], query: dict[str, str]) -> Any:
    start = int(query.get('next_token', 0))
    end = start + min(int(query.get('max_result', PAGE_SIZE)), PAGE_SIZE)
    token = {'nextToken': str(end)} if end < len(entries) else {}
    return entries[start:end], token
