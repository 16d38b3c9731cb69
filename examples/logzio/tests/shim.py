"""Logz.io's search in front of an OpenSearch engine: its limits and its days.

The engine (osmem-server) answers queries; this server adds what Logz.io adds,
as its documentation of `POST /v1/search` has it: the token, the fields that a
body may have, how many entries and buckets one may ask for, no wildcard at
the beginning, and two days at a time. It runs in threads, so that nothing of
it shows up among the tasks of the event loop under test.
"""

from __future__ import annotations

import datetime as dt
import http.client
import http.server
import json
import threading
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HOST = '127.0.0.1'

BODY_FIELDS = frozenset(
    {
        '_source',
        'aggregations',
        'aggs',
        'docvalue_fields',
        'from',
        'highlight',
        'post_filter',
        'query',
        'search_after',
        'size',
        'sort',
        'stored_fields',
        'version',
    }
)
"""Fields that a body may have."""

MOST_ENTRIES = 10_000
MOST_WITH_AGGREGATIONS = 1_000
MOST_TERMS = 1_000
MOST_EXPANSIONS = 50
OLDEST_OFFSET = 365

Scope = Literal['calendar', 'rolling']
"""How two days are counted: by dates in UTC, or by 48 hours."""


class RefusedError(Exception):
    """The answer is an error.

    Attributes:
        status: The status.
        code: The code in the body.
    """

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


def check_body(body: object) -> None:
    """Refuse what Logz.io does not take, whatever the engine would do.

    Raises:
        RefusedError: With status 400.
    """
    if not isinstance(body, dict) or 'query' not in body:
        raise RefusedError(400, 'LOGS_SEARCH/QUERY_MISSING')
    unknown = body.keys() - BODY_FIELDS
    if unknown:
        raise RefusedError(400, f'LOGS_SEARCH/UNKNOWN_FIELD/{min(unknown)}')
    size, first = body.get('size', 10), body.get('from', 0)
    aggregated = 'aggs' in body or 'aggregations' in body
    most = MOST_WITH_AGGREGATIONS if aggregated else MOST_ENTRIES
    if size > most or size + first > MOST_ENTRIES:
        raise RefusedError(400, 'LOGS_SEARCH/SIZE')
    for name, value in _walk(body):
        for code, refuses in RULES.get(name, {}).items():
            if refuses(value):
                raise RefusedError(400, f'LOGS_SEARCH/{code}')


def _walk(value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, inner
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)


def _patterns(value: object) -> Iterator[str]:
    """Yield the patterns of a query on fields, written short or long."""
    for given in value.values() if isinstance(value, dict) else ():
        if isinstance(given, dict):
            yield str(given.get('value', given.get('wildcard', '')))
        else:
            yield str(given)


RULES: Mapping[str, Mapping[str, Callable[[Any], bool]]] = {
    'allow_leading_wildcard': {
        'LEADING_WILDCARD': lambda value: value is not False
    },
    'wildcard': {
        'LEADING_WILDCARD': lambda value: any(
            pattern[:1] in ('*', '?') for pattern in _patterns(value)
        )
    },
    'regexp': {
        'LEADING_WILDCARD': lambda value: any(
            pattern.startswith('.*') for pattern in _patterns(value)
        )
    },
    'query_string': {
        'LEADING_WILDCARD': lambda value: (
            str(value.get('query', '')).lstrip('(+-')[:1] in ('*', '?')
        )
    },
    'max_expansions': {'EXPANSIONS': lambda value: value > MOST_EXPANSIONS},
    'fuzzy_max_expansions': {
        'EXPANSIONS': lambda value: value > MOST_EXPANSIONS
    },
    'terms': {
        # A query of terms has a field's name there, an aggregation `field`.
        'TERMS': lambda value: (
            'field' in value and value.get('size', 10) > MOST_TERMS
        )
    },
}
"""Name of a part to what in it is refused. That a regex may not begin with
`.*` is stricter than the documentation, which speaks of wildcards."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True  # else each answer waits 40 ms
    wbufsize = -1  # head and body leave in one packet
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get('Content-Length') or 0)
        content = self.rfile.read(length)
        try:
            status, answer = 200, self._answer(content)
        except RefusedError as refused:
            status = refused.status
            answer = json.dumps(
                {'code': status, 'errorCode': refused.code, 'requestId': '1'}
            ).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self) -> None:
        self.send_error(405)

    def _answer(self, content: bytes) -> bytes:
        parts = urlsplit(self.path)
        if parts.path != '/v1/search':
            raise RefusedError(404, 'NOT_FOUND')
        if self.headers.get('X-API-TOKEN') != self.server.token:
            raise RefusedError(401, 'UNAUTHORIZED')
        if 'json' not in (self.headers.get('Content-Type') or ''):
            raise RefusedError(415, 'MEDIA_TYPE')
        try:
            body = json.loads(content)
            facts = dict(parse_qsl(parts.query, strict_parsing=False))
            offset = int(facts.get('dayOffset', 0))
        except ValueError:
            raise RefusedError(400, 'BAD_REQUEST') from None
        if not 0 <= offset <= OLDEST_OFFSET:
            raise RefusedError(400, 'LOGS_SEARCH/DAY_OFFSET')
        check_body(body)
        return self.server.search(body, offset)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the output belongs to the tests."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # the default of 5 delays the sixth by a second

    def __init__(self, shim: Shim) -> None:
        super().__init__((HOST, 0), _Handler)
        self.token = shim.token
        self.search = shim.search

    def handle_error(self, *_: Any) -> None:
        """Say nothing: clients that hang up are what faults are for."""


class Shim:
    """One account of Logz.io, on an engine that several may share.

    Attributes:
        token: The account's API token.
        account: Its number, in the names of its indices.
        scope: How the account's two days are counted.
        now: Returns the current time; tests set the clock.
    """

    def __init__(
        self,
        engine: str,
        token: str,
        account: int,
        *,
        scope: Scope = 'calendar',
    ) -> None:
        parts = urlsplit(engine)
        self._engine = parts.hostname or HOST, parts.port or 80
        self.token = token
        self.account = account
        self.scope: Scope = scope
        self.now = lambda: dt.datetime.now(dt.UTC)
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f'http://{HOST}:{self._server.server_port}'

    def close(self) -> None:
        """Stop, and leave the account's logs to the engine's end."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def index(self, day: dt.date) -> str:
        """Return the index that holds the entries of a day, in UTC."""
        return f'logz-{self.account}-{day:%Y.%m.%d}'

    def search(self, body: Mapping[str, Any], offset: int) -> bytes:
        """Return what the engine finds within two days.

        Raises:
            RefusedError: The engine refuses.
        """
        now = self.now() - dt.timedelta(days=offset)
        days = [now.date(), now.date() - dt.timedelta(days=1)]
        body = dict(body)
        if self.scope == 'rolling':
            days.append(now.date() - dt.timedelta(days=2))
            two_days = {
                'range': {
                    '@timestamp': {
                        'gt': (now - dt.timedelta(days=2)).isoformat(),
                        'lte': now.isoformat(),
                    }
                }
            }
            both = [body['query'], two_days]
            body['query'] = {'bool': {'filter': both}}
        names = ','.join(self.index(day) for day in days)
        path = f'/{names}/_search?ignore_unavailable=true'
        return self.engine('POST', path, json.dumps(body).encode())

    def engine(self, verb: str, path: str, content: bytes = b'') -> bytes:
        """Ask the engine.

        Raises:
            RefusedError: It answers with an error.
        """
        connection = http.client.HTTPConnection(*self._engine, timeout=30)
        try:
            headers = {'Content-Type': 'application/json'}
            connection.request(verb, path, content, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            kind = '?'
            error = json.loads(text).get('error') if text else None
            if isinstance(error, dict):
                kind = str(error.get('type'))
            raise RefusedError(answer.status, f'ENGINE/{kind}')
        return text

    def add(self, entries: list[dict[str, Any]]) -> None:
        """Take in entries, each into the index of its day, to be read now."""
        lines: list[str] = []
        for entry in entries:
            at = dt.datetime.fromisoformat(entry['@timestamp'])
            day = at.astimezone(dt.UTC).date()
            lines.append(json.dumps({'index': {'_index': self.index(day)}}))
            lines.append(json.dumps(entry))
        if lines:
            content = ('\n'.join(lines) + '\n').encode()
            answer = self.engine('POST', '/_bulk?refresh=true', content)
            if json.loads(answer)['errors']:
                raise RefusedError(400, 'BULK')
