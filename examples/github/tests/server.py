"""The fake on a port of this machine, with all that HTTP has to say.

It listens in a thread of the standard library's server, so that nothing of it
shows up in the event loop under test, and lives as long as the process.
"""

from __future__ import annotations

import atexit
import base64
import binascii
import functools
import hmac
import http.server
import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from tests import actions, reading, writing
from tests.api import Answer, Asked, Lazy, RefusalError, missing, routed
from tests.shapes import Shapes
from tests.world import App, Token, World

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSIONS = ('2022-11-28',)
"""API versions that are served."""

PAGE = 7
"""Things on a page at most, where GitHub gives a hundred: so that a client
that does not follow Link headers is seen."""

BUDGET = 5_000
"""Requests in an hour, as for a person."""

WINDOW = 3_600

OPERATIONS = (actions, reading, writing)
"""Modules that register operations when they are imported."""

DOCS = 'https://docs.github.com/rest'


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, world: World) -> None:
        super().__init__(('127.0.0.1', 0), _Handler)
        self.world = world
        self.used = 0
        self.resets = int(time.time()) + WINDOW

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell what is wrong here; clients hang up where faults are tried."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    # Head and body leave in one packet: a body of its own waits 40 ms for
    # the client to acknowledge the head (RFC 9293 §3.7.4 and §3.8.6.3).
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def _serve(self) -> None:
        size = int(self.headers.get('Content-Length') or 0)
        content = self.rfile.read(size)
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        headers: dict[str, str] = {}
        try:
            # One request at a time: no list is read while another grows it.
            with self.server.world.lock:
                if parts.path == '/login/oauth/access_token':
                    answer = self._oauth(content)
                else:
                    answer = self._api(parts.path, query, content)
                if answer.status == 200:
                    url = self._origin() + parts.path
                    headers |= _paged(answer, query, url)
        except RefusalError as refusal:
            answer = Answer(
                {
                    'message': refusal.message,
                    'documentation_url': DOCS,
                    'status': str(refusal.status),
                },
                refusal.status,
            )
        self._send(answer, headers)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815  the server's names

    def _origin(self) -> str:
        return f'http://{self.headers["Host"]}'

    def _send(self, answer: Answer, headers: Mapping[str, str]) -> None:
        body = b'' if answer.body is None else json.dumps(answer.body).encode()
        self.server.used += 1
        self.send_response(answer.status)
        for name, value in {
            'X-RateLimit-Limit': BUDGET,
            'X-RateLimit-Remaining': max(1, BUDGET - self.server.used),
            'X-RateLimit-Used': self.server.used,
            'X-RateLimit-Reset': self.server.resets,
            'X-RateLimit-Resource': 'core',
            'X-GitHub-Api-Version-Selected': VERSIONS[0],
            **headers,
        }.items():
            self.send_header(name, str(value))
        if answer.status != 204:
            self.send_header('Content-Type', 'application/json; charset=utf-8')
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    # Pages of OAuth -------------------------------------------------------

    def _oauth(self, content: bytes) -> Answer:
        kind = self.headers.get('Content-Type', '')
        if self.command != 'POST':
            raise missing()
        if not kind.startswith('application/x-www-form-urlencoded'):
            raise RefusalError(415, 'Unsupported media type')
        if self.headers.get('Accept') != 'application/json':
            # GitHub would answer with a form, which nobody wants.
            raise RefusalError(406, 'Ask for application/json')
        form = dict(parse_qsl(content.decode(), keep_blank_values=True))
        return Answer(self.server.world.exchange(form))

    # The API --------------------------------------------------------------

    def _api(
        self, path: str, query: Mapping[str, str], content: bytes
    ) -> Answer:
        if not self.headers.get('User-Agent'):
            raise RefusalError(403, 'Request forbidden by rules: User-Agent')
        version = self.headers.get('X-GitHub-Api-Version', VERSIONS[0])
        if version not in VERSIONS:
            raise RefusalError(400, f'{version} is no supported version')
        if not path.startswith('/api/v3/'):
            raise missing()
        segments = [
            unquote(text) for text in path[len('/api/v3/') :].split('/')
        ]
        body = _json(content)
        if segments[:1] == ['applications']:
            return self._application(segments, body)
        token = self._token()
        operation, found = routed(self.command, segments)
        world = self.server.world
        repo: Any = None
        if segments[0] == 'repos':
            owner, name = found.pop('owner'), found.pop('name')
            repo = world.repos.get((owner.lower(), name.lower()))
            if repo is None or token.owner.lower() != owner.lower():
                raise missing()
        shapes = Shapes(self._origin())
        asked = Asked(world, shapes, token, query, body, repo)
        answered: Answer = operation(asked, **found)
        return answered

    def _token(self) -> Token:
        scheme, _, value = self.headers.get('Authorization', '').partition(' ')
        token = self.server.world.tokens.get(value)
        good = scheme.lower() in ('bearer', 'token')
        if not good or token is None or token.kind == 'refresh':
            raise RefusalError(401, 'Bad credentials')
        return token

    def _application(self, segments: list[str], body: Any) -> Answer:
        """Revoke a token (DELETE /applications/{client_id}/token)."""
        if segments[2:] != ['token'] or self.command != 'DELETE':
            raise missing()
        app = self._app()
        if app.client_id != segments[1]:
            raise missing()
        if not self.server.world.revoke(app, str(body.get('access_token'))):
            raise missing()
        return Answer(None, 204)

    def _app(self) -> App:
        scheme, _, value = self.headers.get('Authorization', '').partition(' ')
        try:
            pair = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            pair = ''
        client_id, _, secret = pair.partition(':')
        app = self.server.world.apps.get(client_id)
        if (
            scheme.lower() != 'basic'
            or app is None
            or not hmac.compare_digest(app.client_secret, secret)
        ):
            raise RefusalError(401, 'Bad credentials')
        return app


def _json(content: bytes) -> dict[str, Any]:
    if not content:
        return {}
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RefusalError(400, 'Problems parsing JSON')
    return found


def _paged(
    answer: Answer, query: Mapping[str, str], url: str
) -> dict[str, str]:
    """Cut a list to the page that was asked for; return its Link header."""
    whole = answer.body[answer.pages] if answer.pages else answer.body
    lazy = whole if isinstance(whole, Lazy) else None
    rows = lazy.keys if lazy else whole
    if not isinstance(rows, list):
        return {}
    size = min(max(int(query.get('per_page', '30')), 1), PAGE)
    number = max(int(query.get('page', '1')), 1)
    page = rows[(number - 1) * size : number * size]
    made = lazy.make(page) if lazy else page
    if answer.pages:
        answer.body = {**answer.body, answer.pages: made}
    else:
        answer.body = made
    last = max(1, -(-len(rows) // size))
    links = {'prev': number - 1, 'next': number + 1}
    links |= {'last': last, 'first': 1}
    shown = [
        f'<{url}?{urlencode({**query, "page": to})}>; rel="{rel}"'
        for rel, to in links.items()
        if 1 <= to <= last and to != number
    ]
    return {'Link': ', '.join(shown)} if shown else {}


class GitHub:
    """The fake, listening.

    Attributes:
        world: What it knows.
        url: `http://127.0.0.1:PORT`; its API is below `/api/v3`.
    """

    def __init__(self) -> None:
        self.world = World()
        self._server = _Server(self.world)
        self.url = f'http://127.0.0.1:{self._server.server_address[1]}'
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            name='kit-github',
            daemon=True,
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening and delete the repositories."""
        self._server.shutdown()
        self._server.server_close()
        self.world.close()


@functools.cache
def github() -> GitHub:
    """Return the fake of this process, started when it is first asked for."""
    fake = GitHub()
    atexit.register(fake.close)
    return fake
