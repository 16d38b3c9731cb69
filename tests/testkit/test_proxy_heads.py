"""How the proxy reads the head of a request."""

from __future__ import annotations

import http.client
import io
import socket

import pytest

from imbi_plugin_testkit.proxy import FaultProxy
from imbi_plugin_testkit.proxy.heads import MOST_HEADERS, read_headers


def read(text):
    return read_headers(io.BytesIO(text.encode('latin-1')))


@pytest.fixture
def ask():
    """Return a function that sends bytes to a proxy that answers alone."""
    with FaultProxy('http://127.0.0.1:9') as proxy:

        def run(data):
            with (
                proxy.scripted(lambda _: (200, {}, b'{}')),
                socket.create_connection(('127.0.0.1', proxy.port)) as sock,
            ):
                sock.settimeout(10)
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                answer = sock.makefile('rb').read()
            return answer, proxy.requests

        yield run


@pytest.mark.parametrize(
    ('text', 'pairs'),
    [
        ('A: 1\r\n\r\nb: 2\r\n', [('A', '1')]),
        ('A:1\nB:\t2 \n\n', [('A', '1'), ('B', '2')]),
        ('a: 1\r\nA: 2\r\n\r\n', [('a', '1'), ('A', '2')]),
        ('a: b: c\r\n\r\n', [('a', 'b: c')]),
        ('a:\r\n\r\n', [('a', '')]),
        ('a: 1,\r\n  2\r\n\r\n', [('a', '1, 2')]),
        ('no colon\r\na: 1\r\n\r\n', [('a', '1')]),
        ('a: \xe4\r\n\r\n', [('a', '\xe4')]),
        ('', []),
    ],
)
def test_headers_are_read_as_they_came(text, pairs):
    assert list(read(text).pairs) == pairs


@pytest.mark.parametrize(
    'text',
    ['a: 1\r\n' * (MOST_HEADERS + 1) + '\r\n', f'a: {"1" * 70_000}\r\n\r\n'],
)
def test_a_head_without_end_is_refused(ask, text):
    with pytest.raises(http.client.HTTPException):
        read(text)
    answer, seen = ask(b'GET / HTTP/1.1\r\n' + text.encode())
    assert answer.startswith(b'HTTP/1.1 431 ')
    assert seen == []


@pytest.mark.parametrize(
    ('head', 'answers'),
    [
        (b'HTTP/1.1\r\n', 2),
        (b'HTTP/1.1\r\nConnection: close\r\n', 1),
        (b'HTTP/1.0\r\n', 1),
        (b'HTTP/1.0\r\nConnection: keep-alive\r\n', 2),
    ],
)
def test_a_connection_is_kept_as_its_client_wishes(ask, head, answers):
    request = b'GET /x ' + head + b'\r\n'
    answer, seen = ask(request * 2)
    assert answer.count(b' 200 OK') == answers
    assert [one.target for one in seen] == ['/x'] * answers


def test_a_client_that_waits_to_be_told_is_told(ask):
    answer, _ = ask(
        b'POST / HTTP/1.1\r\nExpect: 100-continue\r\n'
        b'Content-Length: 2\r\n\r\n{}'
    )
    assert answer.startswith(b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK')


@pytest.mark.parametrize(
    'line', [b'GET / HTTP/3.0', b'GET / x HTTP/1.1', b'GET / HTP/1.1', b'GET']
)
def test_what_is_no_request_line_is_refused(ask, line):
    answer, seen = ask(line + b'\r\n\r\n')
    assert b' 200 ' not in answer
    assert seen == []
