"""The fake of IAM Identity Center on a port, and STS beside it."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import urllib.parse
from typing import TYPE_CHECKING, Any

from tests.sso import PEOPLE, REGION, Provider, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = '127.0.0.1'


def caller(provider: Provider, headers: Any, body: bytes) -> bytes:
    """Answer GetCallerIdentity, if the signature is that of a key's owner."""
    from botocore.auth import SigV4Auth  # noqa: PLC0415  half a second
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415
    from botocore.credentials import Credentials  # noqa: PLC0415

    parts = dict(
        part.strip().split('=', 1)
        for part in headers['authorization'].partition(' ')[2].split(',')
    )
    name, *scope = parts['Credential'].split('/')
    keys = provider.keys.get(name)
    if scope[1:] != [REGION, 'sts', 'aws4_request'] or keys is None:
        raise Refused(403, 'InvalidClientTokenId')
    if keys.token != headers.get('x-amz-security-token'):
        raise Refused(403, 'InvalidClientTokenId')
    signed = {one: headers[one] for one in parts['SignedHeaders'].split(';')}
    host = signed.pop('host')
    request = AWSRequest('POST', f'http://{host}/', headers=signed, data=body)
    request.context['timestamp'] = signed['x-amz-date']
    signer = SigV4Auth(Credentials(name, keys.secret), 'sts', REGION)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    if signer.signature(text, request) != parts['Signature']:
        raise Refused(403, 'SignatureDoesNotMatch')
    if dict(urllib.parse.parse_qsl(body.decode())) != {
        'Action': 'GetCallerIdentity',
        'Version': '2011-06-15',
    }:
        raise Refused(400, 'InvalidAction')
    role = f'AWSReservedSSO_{keys.role}_0123456789abcdef'
    user = PEOPLE[keys.person]
    return (
        '<GetCallerIdentityResponse'
        ' xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        '<GetCallerIdentityResult>'
        f'<Arn>arn:aws:sts::{keys.account}:assumed-role/{role}/{user}</Arn>'
        f'<UserId>AROAEXAMPLE:{user}</UserId>'
        f'<Account>{keys.account}</Account>'
        '</GetCallerIdentityResult><ResponseMetadata>'
        '<RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId>'
        '</ResponseMetadata></GetCallerIdentityResponse>'
    ).encode()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True  # else each answer waits 40 ms
    wbufsize = -1  # head and body leave in one packet
    server: SsoServer

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        provider = self.server.provider
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        try:
            with provider.lock:
                answer = self._routed(url.path, query, body)
        except Refused as error:
            self._refuse(error, xml=url.path == '/')
        else:
            self._answer(200, answer)

    def _routed(self, path: str, query: dict[str, str], body: bytes) -> bytes:
        provider = self.server.provider
        if (self.command, path) == ('POST', '/'):
            provider.requests.append((path, body))
            return caller(provider, self.headers, body)
        oidc: dict[str, Callable[[Any], Any]] = {
            '/client/register': provider.register,
            '/device_authorization': provider.start,
            '/token': provider.token,
        }
        if self.command == 'POST' and path in oidc:
            try:
                given = json.loads(body)
            except ValueError:
                given = None
            provider.requests.append((path, given))
            return json.dumps(oidc[path](given)).encode()
        provider.requests.append((path, query))
        token = self.headers.get('x-amz-sso_bearer_token', '')
        if (self.command, path) == ('POST', '/logout'):
            provider.log_out(token)
            return b''
        portal: dict[str, Callable[..., Any]] = {
            '/assignment/accounts': provider.accounts,
            '/assignment/roles': provider.roles,
            '/federation/credentials': provider.credentials,
        }
        if self.command != 'GET' or path not in portal:
            raise Refused(404, 'UnknownOperationException')
        person = provider.owner(token).person
        return json.dumps(portal[path](person, query)).encode()

    def _refuse(self, error: Refused, *, xml: bool) -> None:
        if xml:
            text = f'<ErrorResponse><Error><Code>{error.code}</Code></Error>'
            body = f'{text}<RequestId>0</RequestId></ErrorResponse>'.encode()
            self._answer(error.status, body, 'text/xml')
            return
        body = json.dumps(error.body()).encode()
        self.send_response(error.status)
        self.send_header(
            'x-amzn-ErrorType',
            f'{error.code}:http://internal.amazon.com/coral/com.amazonaws/',
        )
        self._finish(body, 'application/json')

    def _answer(
        self, status: int, body: bytes, kind: str = 'application/json'
    ) -> None:
        self.send_response(status)
        self._finish(body, kind)

    def _finish(self, body: bytes, kind: str) -> None:
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the output belongs to the tests."""


class SsoServer(http.server.ThreadingHTTPServer):
    """The provider on a port of its own."""

    daemon_threads = True
    request_queue_size = 128  # the default of 5 delays the sixth by a second

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Handler)
        self.provider = Provider()
        self.url = f'http://{HOST}:{self.server_port}'
        self.provider.url = self.url

    def start(self) -> SsoServer:
        with contextlib.suppress(ImportError):
            import botocore.auth  # noqa: F401, PLC0415  before any law measures
        threading.Thread(
            target=self.serve_forever,
            kwargs={'poll_interval': 0.01},
            daemon=True,
        ).start()
        return self

    def close(self) -> None:
        self.shutdown()
        self.server_close()
