"""The proxy, between `http.client` and a server that tells what it saw."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import http.server
import json
import socket
import threading
import time
import urllib.parse

import pytest

from imbi_plugin_testkit.lab.guards import Guard
from imbi_plugin_testkit.models.logs import LogsSandbox
from imbi_plugin_testkit.proxy import (
    RETRY_AFTER,
    FaultProxy,
    ProxiedSandbox,
    answers,
)
from imbi_plugin_testkit.sandbox import Fault, UnsupportedBySandbox

METHODS = ('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'LIST', 'OPTIONS')


class Upstream(http.server.BaseHTTPRequestHandler):
    """Tells what it was asked, by the target in a few shapes."""

    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    wbufsize = -1
    asked: list

    def __getattr__(self, name):
        if name.startswith('do_'):
            return self.answer
        raise AttributeError(name)

    def answer(self):
        size = int(self.headers.get('Content-Length') or 0)
        body = self.rfile.read(size)
        words = self.requestline.split(' ')
        self.server.asked.append((words[0], words[1], self.headers, body))
        shape = getattr(self, f'as_{words[1].strip("/")}', self.as_echo)
        shape(json.dumps({'method': words[0], 'body': len(body)}).encode())

    def as_echo(self, body):
        self.send_response_only(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Set-Cookie', 'a=1')
        self.send_header('Set-Cookie', 'b=2')
        self.send_header('Date', 'long ago')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def as_nothing(self, body):
        self.send_response_only(204)
        self.end_headers()

    def as_moved(self, body):
        host, port = self.server.server_address
        self.send_response_only(302)
        self.send_header('Location', f'http://{host}:{port}/there')
        self.send_header('Content-Length', '0')
        self.end_headers()

    def as_large(self, body):
        self.send_response_only(200)
        self.send_header('Content-Length', '300000')
        self.end_headers()
        self.wfile.write(b'x' * 300_000)

    def as_chunked(self, body):
        self.send_response_only(200)
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        for piece in (b'one ', b'two'):
            self.wfile.write(f'{len(piece):x}\r\n'.encode() + piece + b'\r\n')
            self.wfile.flush()
        self.wfile.write(b'0\r\n\r\n')

    def as_broken(self, body):
        self.send_response_only(200)
        self.send_header('Content-Length', '99')
        self.end_headers()
        self.wfile.write(b'half')
        self.close_connection = True

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def upstream():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Upstream)
    server.daemon_threads = True
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def make(upstream):
    """Return a function that makes a proxy before the upstream."""
    with contextlib.ExitStack() as stack:

        def proxy(**facts):
            url = f'http://127.0.0.1:{upstream.server_port}'
            return stack.enter_context(FaultProxy(url, **facts))

        yield proxy


@pytest.fixture
def proxy(make):
    return make()


def ask(proxy, target='/', method='GET', body=None, *, headers=(), timeout=5):  # noqa: PLR0913  as in the standard library
    """Return status, headers and body of one answer."""
    client = http.client.HTTPConnection(
        proxy.host, proxy.port, timeout=timeout
    )
    with contextlib.closing(client):
        client.request(method, target, body, dict(headers))
        with client.getresponse() as answer:
            return answer.status, answer.headers, answer.read()


def again(client):
    client.request('GET', '/')
    client.getresponse().read()


def threads_of(proxy):
    return [
        one for one in threading.enumerate() if str(proxy.port) in one.name
    ]


# What goes through ---------------------------------------------------------


@pytest.mark.parametrize('method', METHODS)
def test_every_method_goes_through_with_its_body(proxy, upstream, method):
    status, _, body = ask(proxy, '/a//b?c=%2F', method, b'{"x": 1}')
    assert status == 200
    assert json.loads(body) == {'method': method, 'body': 8}
    ((seen, target, _, sent),) = upstream.asked
    assert (seen, target, sent) == (method, '/a//b?c=%2F', b'{"x": 1}')
    assert proxy.requests[0].target == '/a//b?c=%2F'


def test_head_keeps_the_length_and_has_no_body(proxy):
    status, headers, body = ask(proxy, method='HEAD')
    assert (status, body) == (200, b'')
    assert int(headers['Content-Length']) > 0


def test_headers_go_both_ways_as_they_came(proxy, upstream):
    client = socket.create_connection(('127.0.0.1', proxy.port))
    with client:
        client.sendall(
            b'GET / HTTP/1.1\r\nhOsT: signed.example.com\r\n'
            b'X-One: 1\r\nX-One: 2\r\nTE: trailers\r\nX-Hop: 1\r\n'
            b'Connection: close, X-Hop\r\n\r\n'
        )
        answer = client.makefile('rb').read()
    head = answer.split(b'\r\n\r\n')[0].split(b'\r\n')
    assert head.count(b'Set-Cookie: a=1') == 1
    assert head.count(b'Set-Cookie: b=2') == 1
    assert head.count(b'Date: long ago') == 1
    assert not any(line.startswith(b'Server') for line in head)
    ((_, _, headers, _),) = upstream.asked
    assert headers.items() == [
        ('hOsT', 'signed.example.com'),
        ('X-One', '1'),
        ('X-One', '2'),
    ]
    assert proxy.requests[0].headers.all('x-one') == ('1', '2')


@pytest.mark.parametrize(
    ('target', 'status', 'size'),
    [('/large', 200, 300_000), ('/chunked', 200, 7), ('/nothing', 204, 0)],
)
def test_answers_of_any_shape_arrive(proxy, target, status, size):
    seen, _, body = ask(proxy, target)
    assert (seen, len(body)) == (status, size)


def test_a_chunked_request_arrives_in_one_piece(proxy, upstream):
    client = http.client.HTTPConnection('127.0.0.1', proxy.port, timeout=5)
    with contextlib.closing(client):
        client.request(
            'PUT', '/', iter([b'abc', b'defg']), encode_chunked=True
        )
        assert client.getresponse().read()
    assert upstream.asked[0][3] == b'abcdefg'
    assert proxy.requests[0].body == b'abcdefg'


def test_a_connection_is_kept_and_nothing_waits_40_ms(proxy):
    client = http.client.HTTPConnection('127.0.0.1', proxy.port, timeout=5)
    with contextlib.closing(client):
        started = time.perf_counter()
        for _ in range(10):
            client.request('POST', '/', b'x' * 100)
            client.getresponse().read()
            sock = client.sock
        assert time.perf_counter() - started < 0.3
        assert sock is client.sock is not None


def test_a_redirect_is_passed_as_it_is_unless_asked(make, upstream):
    there = f'http://127.0.0.1:{upstream.server_port}/there'
    _, headers, _ = ask(make(), '/moved')
    assert headers['Location'] == there
    rewriting = make(rewrite_locations=True)
    _, headers, _ = ask(rewriting, '/moved')
    assert headers['Location'] == f'{rewriting.url}/there'


def test_an_upstream_that_breaks_off_is_seen_as_such(proxy):
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        ask(proxy, '/broken')


def test_an_upstream_that_is_gone_is_502():
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    with FaultProxy(f'http://127.0.0.1:{port}') as proxy:
        assert ask(proxy)[0] == 502


@pytest.mark.parametrize(
    'url', ['https://127.0.0.1:1', '127.0.0.1:1', 'http://x/path', 'http://']
)
def test_an_upstream_is_an_origin(url):
    with pytest.raises(ValueError, match='http://HOST:PORT'):
        FaultProxy(url)


def test_a_proxy_that_does_not_listen_says_so():
    proxy = FaultProxy('http://127.0.0.1:1')
    with pytest.raises(RuntimeError, match='start'):
        _ = proxy.url


def test_what_was_asked_is_kept_without_showing_values(proxy):
    token = 'tok' + 'a1B2' * 5
    ask(proxy, '/x?y=1', 'POST', token, headers=[('Authorization', token)])
    (seen,) = proxy.requests
    assert seen.headers['authorization'] == token
    assert token not in repr(seen)
    assert token not in repr(seen.headers)
    assert 'authorization' in repr(seen)
    assert proxy.urls() == (f'POST {proxy.url}/x?y=1',)


# What goes wrong -----------------------------------------------------------

STATUS = {
    Fault.UNAUTHORIZED: 401,
    Fault.FORBIDDEN: 403,
    Fault.THROTTLED: 429,
    Fault.SERVER_ERROR: 500,
    Fault.UNAVAILABLE: 503,
    Fault.MALFORMED: 200,
    Fault.REDIRECT: 307,
}
BREAKS = {
    Fault.REFUSE: ConnectionRefusedError,
    Fault.RESET: ConnectionResetError,
    Fault.HANG: TimeoutError,
    Fault.TRUNCATED: http.client.IncompleteRead,
    Fault.DNS: socket.gaierror,
}


@pytest.mark.parametrize('kind', [*STATUS, *BREAKS, Fault.SLOW])
def test_every_fault_is_made_and_over_afterwards(make, upstream, kind):
    proxy = make(host='localhost')
    with proxy.broken(kind):
        if kind in BREAKS:
            with pytest.raises(BREAKS[kind]):
                ask(proxy, timeout=0.1)
        else:
            assert ask(proxy)[0] == STATUS.get(kind, 200)
        asked = len(upstream.asked)
    assert asked == (1 if kind is Fault.SLOW else 0)
    assert ask(proxy)[0] == 200
    assert proxy.url.startswith('http://localhost:')


def test_every_fault_of_the_vocabulary_is_here():
    assert set(STATUS) | set(BREAKS) | {Fault.SLOW} == set(Fault)


def test_throttling_says_for_how_long(proxy):
    with proxy.broken(Fault.THROTTLED):
        assert ask(proxy)[1]['Retry-After'] == str(RETRY_AFTER)


def test_answers_have_the_media_type_and_may_be_ones_own(make):
    xml = 429, {'X-Wait': '1'}, b'<Error/>'
    proxy = make(content_type='text/xml', bodies={Fault.THROTTLED: xml})
    with proxy.broken(Fault.THROTTLED):
        status, headers, body = ask(proxy)
    assert (status, headers['X-Wait'], body) == (429, '1', b'<Error/>')
    assert headers['Content-Type'] == 'text/xml'
    assert headers['Retry-After'] is None


def test_what_is_malformed_is_no_json():
    with pytest.raises(json.JSONDecodeError):
        json.loads(answers.CANNED[Fault.MALFORMED][2])


def test_a_slow_answer_comes_whole_but_late(make):
    proxy = make(slow=0.2)
    started = time.perf_counter()
    with proxy.broken(Fault.SLOW):
        _, headers, body = ask(proxy)
    assert 0.15 < time.perf_counter() - started < 1.5
    assert json.loads(body)['method'] == 'GET'
    assert headers.get_all('Set-Cookie') == ['a=1', 'b=2']


def test_a_slow_answer_outlasts_its_fault_by_nothing(make):
    proxy = make(slow=30)
    client = socket.create_connection(('127.0.0.1', proxy.port), 5)
    with client, proxy.broken(Fault.SLOW):
        client.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.recv(1)
    started = time.perf_counter()
    proxy.close()
    assert time.perf_counter() - started < 2


def test_a_kept_connection_is_refused_too(make):
    proxy = make(host='localhost')
    for kind in (Fault.REFUSE, Fault.DNS):
        client = http.client.HTTPConnection('127.0.0.1', proxy.port, timeout=5)
        with contextlib.closing(client):
            again(client)
            with proxy.broken(kind), pytest.raises(ConnectionError):
                again(client)


def test_the_port_stays_reserved_while_it_refuses(proxy):
    taken = '127.0.0.1', proxy.port
    with (
        proxy.broken(Fault.REFUSE),
        socket.socket() as other,
        pytest.raises(OSError, match='in use'),
    ):
        other.bind(taken)
    assert ask(proxy)[0] == 200


def test_a_redirect_leads_to_another_host_that_tells(proxy):
    with proxy.broken(Fault.REDIRECT):
        _, headers, _ = ask(proxy, '/x?y=1', 'POST', b'secret')
    there = urllib.parse.urlsplit(headers['Location'])
    assert there.hostname == 'localhost' != proxy.host
    assert there.port != proxy.port
    other = http.client.HTTPConnection(there.hostname, there.port, timeout=5)
    with contextlib.closing(other):
        other.request('POST', f'{there.path}?{there.query}', b'secret')
        assert other.getresponse().status == 404
    (seen,) = proxy.elsewhere
    assert (seen.method, seen.target, seen.body) == (
        'POST',
        '/x?y=1',
        b'secret',
    )
    assert len(proxy.requests) == 1


def test_only_the_proxys_own_name_and_port_do_not_resolve(make):
    proxy, other = make(host='localhost'), make(host='localhost')
    genuine = socket.getaddrinfo
    with proxy.broken(Fault.DNS):
        assert ask(other)[0] == 200
        with pytest.raises(socket.gaierror):
            asyncio.run(asyncio.open_connection(b'LOCALHOST', proxy.port))
        with other.broken(Fault.DNS), pytest.raises(socket.gaierror):
            ask(other)
        assert ask(other)[0] == 200
    assert socket.getaddrinfo is genuine


def test_a_name_that_does_not_resolve_shows_in_the_guard(make, tmp_path):
    proxy = make(host='localhost')
    with Guard(str(tmp_path)) as guard, proxy.broken(Fault.DNS):
        with pytest.raises(socket.gaierror):
            ask(proxy)
        assert [str(one) for one in guard.connections] == [
            f'socket.getaddrinfo to localhost:{proxy.port}'
        ]


def test_an_address_has_no_name_that_could_fail(proxy):
    with pytest.raises(UnsupportedBySandbox, match='localhost'):
        proxy.broken(Fault.DNS)


def test_faults_can_be_counted_and_chosen(proxy, upstream):
    with proxy.broken(Fault.SERVER_ERROR, after=1, times=2):
        assert [ask(proxy)[0] for _ in range(4)] == [200, 500, 500, 200]
    with proxy.broken(
        Fault.UNAVAILABLE, after=1, only=lambda one: one.method == 'PUT'
    ):
        seen = [ask(proxy, method=m)[0] for m in ('PUT', 'GET', 'PUT', 'GET')]
    assert seen == [200, 200, 503, 200]


@pytest.mark.parametrize('kind', [Fault.REFUSE, Fault.DNS])
@pytest.mark.parametrize(
    'facts', [{'after': 1}, {'times': 1}, {'only': bool}, {'reaches': True}]
)
def test_what_happens_before_a_request_cannot_be_counted(make, kind, facts):
    with pytest.raises(ValueError, match='RESET'):
        make(host='localhost').broken(kind, **facts)


def test_the_last_fault_wins_and_the_first_comes_back(proxy):
    with proxy.broken(Fault.SERVER_ERROR):
        with proxy.broken(Fault.FORBIDDEN):
            assert ask(proxy)[0] == 403
        assert ask(proxy)[0] == 500


@pytest.mark.parametrize('kind', [Fault.RESET, Fault.HANG, Fault.TRUNCATED])
def test_the_upstream_may_do_it_and_the_answer_be_lost(proxy, upstream, kind):
    with proxy.broken(kind, reaches=True), pytest.raises(BREAKS[kind]):
        ask(proxy, method='POST', timeout=0.2)
    assert [one[0] for one in upstream.asked] == ['POST']


def test_a_script_answers_before_any_fault(proxy, upstream):
    def script(request):
        if request.target != '/mine':
            return None
        return 200, {'X-Mine': 'yes'}, request.body

    with proxy.scripted(script), proxy.broken(Fault.SERVER_ERROR):
        status, headers, body = ask(proxy, '/mine', 'POST', b'back')
        assert (status, headers['X-Mine'], body) == (200, 'yes', b'back')
        assert ask(proxy)[0] == 500
    assert upstream.asked == []
    assert ask(proxy, '/mine')[1]['X-Mine'] is None


# Its end -------------------------------------------------------------------


def test_every_thread_ends_with_it(make):
    proxy = make()
    port = proxy.port
    with contextlib.ExitStack() as stack:
        stack.enter_context(proxy.broken(Fault.HANG))
        for _ in range(3):  # hung, idle
            client = stack.enter_context(
                socket.create_connection(('127.0.0.1', port))
            )
            client.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        stack.enter_context(socket.create_connection(('127.0.0.1', port)))
        while len(proxy.requests) < 3:
            time.sleep(0.005)
        running = threads_of(proxy)
        assert len(running) >= 4
        started = time.perf_counter()
        proxy.close()
        assert time.perf_counter() - started < 2
    assert not any(one.is_alive() for one in running)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(('127.0.0.1', port))


def test_many_at_once_are_answered(proxy):
    async def one(number):
        reader, writer = await asyncio.open_connection('127.0.0.1', proxy.port)
        writer.write(f'GET /{number} HTTP/1.0\r\n\r\n'.encode())
        line = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return line

    async def all_of_them():
        return await asyncio.gather(*map(one, range(40)))

    lines = asyncio.run(all_of_them())
    assert lines == [b'HTTP/1.1 200 OK\r\n'] * 40
    assert len(proxy.requests) == 40


class LogsOverHttp(ProxiedSandbox, LogsSandbox):
    """What an author writes."""

    def __init__(self, proxy):
        super().__init__()
        self.proxy = proxy


def test_a_sandbox_gets_faults_and_urls(proxy):
    sandbox = LogsOverHttp(proxy)

    async def story():
        async with sandbox, sandbox.fault(Fault.UNAVAILABLE):
            return await asyncio.to_thread(ask, proxy, '/x')

    assert asyncio.run(story())[0] == 503
    assert ask(proxy)[0] == 200
    assert [url.rpartition('/')[2] for url in sandbox.urls()] == ['x', '']
    with pytest.raises(UnsupportedBySandbox, match='localhost'):
        sandbox.fault(Fault.DNS)
    with pytest.raises(UnsupportedBySandbox):
        asyncio.run(sandbox.snapshot())
    assert sandbox.elsewhere() == ()
