"""The laws of faults and waiting, on a plugin that speaks HTTP.

Through a `FaultProxy`, as an author's plugin is judged: every fault can be
made, connections can be counted, and a client that blocks does so for real.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import http.client
import http.server
import json
import threading
import time
import urllib.parse
import warnings

import pytest

from imbi_plugin_sdk.errors import (
    PluginAuthenticationFailed,
    PluginCredentialsMissing,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_sdk.handlers.incidents import (
    IncidentResult,
    IncidentsPlugin,
)
from imbi_plugin_sdk.manifest import CredentialField, PluginManifest
from imbi_plugin_testkit.proxy import RETRY_AFTER, FaultProxy, ProxiedSandbox
from imbi_plugin_testkit.sandbox import Fault

LAWS = {'ASY004', 'ASY005', 'ASY006', 'ASY007', 'ASY008', 'ASY009'}


class Incidents(IncidentsPlugin):
    """Asks over HTTP, one connection for each request."""

    manifest = PluginManifest(
        slug='http-incidents',
        name='HTTP',
        description='Lists incidents over HTTP.',
        plugin_type='incidents',
        credentials=[CredentialField(name='api_token', label='API token')],
    )

    async def list_incidents(  # noqa: PLR0913, PLR0917  the contract's
        self,
        ctx,
        credentials,
        start_time,
        end_time,
        statuses=None,
        cursor=None,
        limit=50,
    ):
        token = credentials.get('api_token', '').strip()
        if not token:
            raise PluginCredentialsMissing('api_token')
        options = ctx.assignment_options
        try:
            async with asyncio.timeout(options['timeout']):
                status, headers, body = await self.get(
                    options['endpoint'], token
                )
        except TimeoutError:
            raise PluginTimeoutError('no answer') from None
        except OSError:
            raise PluginUnavailableError('no connection') from None
        self.check(status, headers)
        try:
            if len(body) < int(headers.get('content-length', 0)):
                raise PluginUnavailableError('half an answer')
            found = json.loads(body)
        except ValueError:
            raise PluginUnavailableError('no JSON') from None
        return IncidentResult(incidents=found, next_cursor=None)

    def check(self, status, headers):
        if status in (401, 403):
            raise PluginAuthenticationFailed('rejected')
        if status == 429:
            wait = float(headers.get('retry-after', 60))
            raise PluginRateLimited(time.time() + wait)
        if status != 200:
            raise PluginUnavailableError(f'status {status}')

    async def get(self, url, token):
        parts = urllib.parse.urlsplit(url)
        reader, writer = await self.connect(parts.hostname, parts.port)
        try:
            path = parts.path or '/'
            writer.write(
                f'GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n'
                f'X-Token: {token}\r\nConnection: close\r\n\r\n'.encode()
            )
            answer = await reader.read()
        finally:
            self.disconnect(writer)
        head, _, body = answer.partition(b'\r\n\r\n')
        lines = head.decode().split('\r\n')
        if len(lines[0].split(' ')) < 2:
            raise ConnectionResetError('no answer')
        pairs = (line.partition(': ') for line in lines[1:])
        headers = {name.lower(): value for name, _, value in pairs}
        return int(lines[0].split(' ')[1]), headers, body

    async def connect(self, host, port):
        return await asyncio.open_connection(host, port)

    def disconnect(self, writer):
        writer.close()


class FollowsRedirects(Incidents):
    async def get(self, url, token):
        status, headers, body = await super().get(url, token)
        if status == 307:
            return await self.get(headers['location'], token)
        return status, headers, body


class Blocks(Incidents):
    async def get(self, url, token):
        parts = urllib.parse.urlsplit(url)
        client = http.client.HTTPConnection(
            parts.hostname, parts.port, timeout=0.2
        )
        try:
            client.request('GET', '/', headers={'X-Token': token})
            answer = client.getresponse()
            headers = {
                name.lower(): value for name, value in answer.getheaders()
            }
            return answer.status, headers, answer.read()
        except http.client.IncompleteRead:
            raise ConnectionResetError from None
        finally:
            client.close()


class LeavesItsConnections(Incidents):
    def disconnect(self, writer):
        task = asyncio.current_task()
        if task is None or not task.cancelling():
            super().disconnect(writer)


class TakesResetsForDefects(Incidents):
    async def get(self, url, token):
        try:
            return await super().get(url, token)
        except ConnectionResetError:
            raise KeyError('status') from None


class NothingThere(http.server.BaseHTTPRequestHandler):
    """Has no incidents, but knows who may ask."""

    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        known = self.headers.get('X-Token') == self.server.token
        body = b'[]' if known else b'{}'
        self.send_response_only(200 if known else 401)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(autouse=True)
def collected():
    """Collect what a mutant leaves open, before anybody complains."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        gc.collect()


@pytest.fixture(scope='module')
def upstream():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), NothingThere)
    server.daemon_threads = True
    server.token = 'tok-' + 'a1B2' * 5
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sandbox(upstream):
    """Return a class of sandboxes on the server, behind a proxy."""

    class Proxied(ProxiedSandbox):
        backend = 'fake'

        async def __aenter__(self):
            self.proxy = FaultProxy(
                f'http://127.0.0.1:{upstream.server_port}',
                host='localhost',
                slow=0.3,
            ).start()
            self.credentials = {'api_token': upstream.token}
            self.context.assignment_options = {
                'endpoint': self.proxy.url,
                'timeout': 5,
            }
            return self

        async def __aexit__(self, *_):
            self.proxy.close()

        def impatient(self, context):
            options = {**context.assignment_options, 'timeout': 0.2}
            return context.model_copy(update={'assignment_options': options})

    return Proxied


def test_a_plugin_that_is_right_passes_with_every_fault(judge, sandbox):
    judgement = judge(Incidents, sandbox=sandbox, only=LAWS)
    assert judgement.failed == set(), judgement.told()
    assert judgement.untestable == {}
    assert set(judgement.labs.notes.values()) == {()}  # nothing is left out


@pytest.mark.filterwarnings(
    # What a plugin leaves open is collected some time later.
    'ignore:unclosed:ResourceWarning',
    'ignore::pytest.PytestUnraisableExceptionWarning',
)
@pytest.mark.parametrize(
    ('handler', 'law', 'said'),
    [
        (FollowsRedirects, 'ASY004', "'api_token' was sent there"),
        (TakesResetsForDefects, 'ASY004', 'resets the connection'),
        (Blocks, 'ASY007', 'list_incidents held up the event loop'),
        (LeavesItsConnections, 'ASY006', 'left 1 connection open'),
    ],
)
def test_one_that_is_not_is_found_out(judge, sandbox, handler, law, said):
    # A busy machine takes looks away from whoever blocks for 0.2 s.
    judgement = judge(
        handler, sandbox=sandbox, only={law}, loop_threshold=0.03
    )
    assert judgement.failed == {law}
    assert said in judgement.told()
    assert 'tok-' not in judgement.told()


def test_retry_after_of_the_proxy_arrives(sandbox, upstream):
    async def story():
        async with sandbox() as entered, entered.fault(Fault.THROTTLED):
            now = dt.datetime.now(dt.UTC)
            with pytest.raises(PluginRateLimited) as caught:
                await Incidents().list_incidents(
                    entered.context, entered.credentials, now, now
                )
            return caught.value.retry_at

    assert asyncio.run(story()) == pytest.approx(
        time.time() + RETRY_AFTER, abs=2
    )
