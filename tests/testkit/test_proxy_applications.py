"""The proxy before a WSGI application, held by the standard library's own
validator and asked as a client asks.
"""

from __future__ import annotations

import http.client
import json
import threading
import wsgiref.validate

import pytest

from imbi_plugin_testkit.proxy import FaultProxy
from imbi_plugin_testkit.sandbox import Fault


class Application:
    """Tells what it was asked; what it says depends on the path."""

    def __init__(self):
        self.asked = []
        self.threads = set()
        self.closed = 0

    def __call__(self, environ, start):
        size = int(environ.get('CONTENT_LENGTH') or 0)
        body = environ['wsgi.input'].read(size)
        self.asked.append((environ, body))
        self.threads.add(threading.get_ident())
        path = environ['PATH_INFO']
        if path == '/raises':
            raise KeyError('a fault of the sandbox')
        headers = [('Content-Type', 'application/json'), ('X-A', '1')]
        headers += [('Set-Cookie', 'a=1'), ('Set-Cookie', 'b=2')]
        if path == '/writes':
            write = start('201 Created', headers)
            write(b'one ')
            return Pieces(self, [b'two'])
        if path == '/late':
            start('200 OK', headers)
            error = ValueError('too late')
            start('503 Later', headers, (type(error), error, None))
            return Pieces(self, [b'later'])
        told = json.dumps({'method': environ['REQUEST_METHOD']}).encode()
        if path == '/sized':
            headers.append(('Content-Length', str(len(told))))
        start('200 OK', headers)
        head = environ['REQUEST_METHOD'] == 'HEAD'
        return Pieces(self, [] if head else [told])


class Pieces(list):
    def __init__(self, owner, pieces):
        super().__init__(pieces)
        self.owner = owner

    def close(self):
        self.owner.closed += 1


@pytest.fixture
def application():
    return Application()


@pytest.fixture
def proxy(application):
    checked = wsgiref.validate.validator(application)
    with FaultProxy(checked) as proxy:
        yield proxy


def ask(proxy, method='GET', target='/', body=None, **headers):
    client = http.client.HTTPConnection('127.0.0.1', proxy.port, timeout=5)
    try:
        client.request(method, target, body, headers)
        response = client.getresponse()
        return response, response.read()
    finally:
        client.close()


@pytest.mark.parametrize('target', ['/', '/sized'])
@pytest.mark.parametrize('method', ['GET', 'POST', 'PUT', 'DELETE', 'HEAD'])
def test_an_application_answers_each_method(
    proxy, application, method, target
):
    response, body = ask(proxy, method, target)
    assert (response.status, response.reason) == (200, 'OK')
    assert response.getheader('X-A') == '1'
    assert response.headers.get_all('Set-Cookie') == ['a=1', 'b=2']
    told = b'' if method == 'HEAD' else b'{"method": "%b"}' % method.encode()
    assert body == told
    assert application.closed == 1
    assert [one.method for one in proxy.requests] == [method]


def test_it_sees_the_request_as_pep_3333_says(proxy, application):
    ask(
        proxy,
        'POST',
        '/a%2Fb/%C3%A4?x=1&y=%20',
        b'\x00body',
        **{'Content-Type': 'text/x', 'X-Two-Words': 'so', 'Host': 'h:7'},
    )
    ((environ, body),) = application.asked
    assert body == b'\x00body'
    assert {
        key: environ.get(key)
        for key in (
            'PATH_INFO',
            'QUERY_STRING',
            'REQUEST_URI',
            'CONTENT_TYPE',
            'CONTENT_LENGTH',
            'HTTP_X_TWO_WORDS',
            'HTTP_HOST',
            'SERVER_NAME',
            'SERVER_PORT',
            'SCRIPT_NAME',
        )
    } == {
        'PATH_INFO': 'ä'.encode().decode('latin-1').join(['/a/b/', '']),
        'QUERY_STRING': 'x=1&y=%20',
        'REQUEST_URI': '/a%2Fb/%C3%A4?x=1&y=%20',
        'CONTENT_TYPE': 'text/x',
        'CONTENT_LENGTH': '5',
        'HTTP_X_TWO_WORDS': 'so',
        'HTTP_HOST': 'h:7',
        'SERVER_NAME': 'h',
        'SERVER_PORT': '7',
        'SCRIPT_NAME': '',
    }
    assert 'HTTP_CONTENT_TYPE' not in environ


def test_a_body_in_chunks_arrives_whole(proxy, application):
    client = http.client.HTTPConnection('127.0.0.1', proxy.port, timeout=5)
    pieces = iter([b'one ', b'two'])
    client.request('PUT', '/', pieces, encode_chunked=True)
    client.getresponse().read()
    client.close()
    ((environ, body),) = application.asked
    assert body == b'one two'
    assert environ['CONTENT_LENGTH'] == '7'
    assert 'HTTP_TRANSFER_ENCODING' not in environ


def test_what_is_written_comes_before_what_is_returned(proxy):
    response, body = ask(proxy, target='/writes')
    assert (response.status, response.reason) == (201, 'Created')
    assert body == b'one two'


def test_a_second_start_takes_the_place_of_the_first(proxy):
    response, body = ask(proxy, target='/late')
    assert (response.status, response.reason) == (503, 'Later')
    assert body == b'later'


def test_an_application_that_raises_has_answered_500(proxy, capsys):
    response, body = ask(proxy, target='/raises')
    assert response.status == 500
    assert b'application of the sandbox' in body
    assert 'a fault of the sandbox' in capsys.readouterr().err
    assert ask(proxy)[0].status == 200


def test_requests_of_one_connection_are_answered_one_by_one(proxy):
    client = http.client.HTTPConnection('127.0.0.1', proxy.port, timeout=5)
    for path in ('/', '/sized', '/writes'):
        client.request('GET', path)
        assert client.getresponse().read()
        assert client.sock is not None
    client.close()


def test_connections_are_answered_in_threads_of_their_own(proxy, application):
    for _ in range(3):
        ask(proxy)
    assert threading.get_ident() not in application.threads


@pytest.mark.parametrize('kind', [Fault.RESET, Fault.SERVER_ERROR, Fault.SLOW])
def test_faults_are_those_of_any_upstream(proxy, application, kind):
    with proxy.broken(kind):
        if kind is Fault.RESET:
            with pytest.raises((ConnectionError, http.client.HTTPException)):
                ask(proxy)
        elif kind is Fault.SLOW:
            assert ask(proxy)[1] == b'{"method": "GET"}'
        else:
            assert ask(proxy)[0].status == 500
    assert len(application.asked) == (kind is Fault.SLOW)
    assert ask(proxy)[0].status == 200


def test_a_request_may_be_done_and_its_answer_lost(proxy, application):
    with (
        proxy.broken(Fault.RESET, reaches=True),
        pytest.raises((ConnectionError, http.client.HTTPException)),
    ):
        ask(proxy, 'POST')
    assert len(application.asked) == 1
    assert application.closed == 1
