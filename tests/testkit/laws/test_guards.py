"""What a law may not do to the machine it runs on."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from imbi_plugin_testkit.lab.guards import (
    IN_LAW,
    Guard,
    NetworkDeniedError,
    is_loopback,
    looks_like_a_credential,
)
from imbi_plugin_testkit.laws._leaks import Capture

OUTSIDE = '192.0.2.7'
"""TEST-NET-1 of RFC 5737: nobody is there."""


@pytest.mark.parametrize(
    ('host', 'stays'),
    [
        ('127.0.0.1', True),
        ('127.8.9.10', True),
        ('::1', True),
        ('[::1]', True),
        ('::ffff:127.0.0.1', True),
        ('localhost', True),
        ('LOCALHOST.', True),
        ('api.localhost', True),
        ('', True),
        ('0.0.0.0', True),
        ('10.0.0.1', False),
        ('169.254.169.254', False),
        ('::ffff:10.0.0.1', False),
        ('localhost.example.com', False),
        ('127.0.0.1.example.com', False),
        ('example.com', False),
    ],
)
def test_loopback_is_what_stays_on_this_machine(host, stays):
    assert is_loopback(host) is stays


def test_a_connection_beyond_loopback_is_denied_and_says_where(tmp_path):
    with (
        Guard(str(tmp_path)) as guard,
        socket.socket() as sock,
        pytest.raises(NetworkDeniedError, match='7:443 was denied'),
    ):
        sock.connect((OUTSIDE, 443))
    assert [str(attempt) for attempt in guard.connections] == [
        'socket.connect to 192.0.2.7:443'
    ]
    assert guard.connections[0].allowed is False


def test_a_denial_is_an_outage_to_whoever_handles_those(tmp_path):
    with Guard(str(tmp_path)), pytest.raises(ConnectionRefusedError):
        socket.create_connection((OUTSIDE, 443), timeout=1)


def test_names_are_not_looked_up(tmp_path):
    with Guard(str(tmp_path)) as guard:
        with pytest.raises(NetworkDeniedError, match='example'):
            socket.getaddrinfo('example.com', 443)
        with pytest.raises(NetworkDeniedError):
            socket.gethostbyname('example.com')
    assert {attempt.host for attempt in guard.connections} == {'example.com'}


def test_datagrams_are_denied_too(tmp_path):
    with (
        Guard(str(tmp_path)),
        socket.socket(type=socket.SOCK_DGRAM) as sock,
        pytest.raises(NetworkDeniedError),
    ):
        sock.sendto(b'x', (OUTSIDE, 53))


def test_an_asyncio_client_in_another_thread_is_denied(tmp_path):
    async def connect():
        await asyncio.open_connection('example.com', 80)

    seen = []

    def run():
        try:
            asyncio.run(connect())
        except OSError as error:
            seen.append(error)

    with Guard(str(tmp_path)):
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    assert isinstance(seen[0], NetworkDeniedError)


def test_loopback_and_unix_sockets_go_through(tmp_path):
    with Guard(str(tmp_path)) as guard:
        with socket.create_server(('127.0.0.1', 0)) as server:
            port = server.getsockname()[1]
            socket.create_connection(('127.0.0.1', port)).close()
        path = str(tmp_path / 's')
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen()
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(path)
    assert ('socket.connect', '127.0.0.1', port, True) in [
        (one.event, one.host, one.port, one.allowed)
        for one in guard.connections
    ]
    assert all(attempt.allowed for attempt in guard.connections)


def test_a_host_can_be_allowed(tmp_path):
    with Guard(str(tmp_path), allow={OUTSIDE}) as guard:
        guard.judge('socket.connect', OUTSIDE, 1)
    assert guard.connections[0].allowed


def test_nothing_is_denied_or_seen_afterwards(tmp_path):
    with Guard(str(tmp_path)) as guard:
        pass
    with socket.socket() as sock:
        sock.setblocking(False)  # noqa: FBT003  the socket's signature
        # Not denied: refused or pending, whatever this network does.
        sock.connect_ex((OUTSIDE, 9))
    assert guard.connections == []


def test_home_is_empty_and_the_environment_is_put_back(tmp_path, monkeypatch):
    monkeypatch.setenv('AWS_PROFILE', 'production')
    monkeypatch.setenv('MY_SERVICE_TOKEN', 'kept')
    monkeypatch.setenv('HTTPS_PROXY', 'http://proxy.example.com')
    monkeypatch.setenv('HARMLESS', 'kept')
    before = dict(os.environ)
    with Guard(str(tmp_path)):
        assert Path.home() == tmp_path
        assert 'AWS_PROFILE' not in os.environ
        assert 'MY_SERVICE_TOKEN' not in os.environ
        assert 'HTTPS_PROXY' not in os.environ
        assert os.environ['HARMLESS'] == 'kept'
        os.environ['LEFT_BEHIND'] = '1'
        os.environ['HARMLESS'] = 'changed'
        del os.environ['PATH']
    assert dict(os.environ) == before


def test_what_the_sandbox_set_stays(tmp_path, monkeypatch):
    baseline = dict(os.environ)
    monkeypatch.setenv('AWS_ENDPOINT_URL', 'http://127.0.0.1:5000')
    with Guard(str(tmp_path), baseline=baseline):
        assert os.environ['AWS_ENDPOINT_URL'] == 'http://127.0.0.1:5000'


@pytest.mark.parametrize(
    ('name', 'hidden'),
    [
        ('AWS_SECRET_ACCESS_KEY', True),
        ('GITHUB_TOKEN', True),
        ('VAULT_ADDR', True),
        ('DB_PASSWORD', True),
        ('https_proxy', True),
        ('NETRC', True),
        ('PATH', False),
        ('LANG', False),
        ('VIRTUAL_ENV', False),
        ('SSL_CERT_FILE', False),
    ],
)
def test_variables_that_look_like_credentials(name, hidden):
    assert looks_like_a_credential(name) is hidden


def test_listening_to_everything_puts_everything_back():
    quiet = logging.getLogger('made_up.guards')
    quiet.propagate, quiet.disabled = False, True
    quiet.setLevel(logging.ERROR)
    root = logging.getLogger()
    before = (root.level, list(root.handlers), sys.stdout, sys.stderr)
    logging.disable(logging.CRITICAL)
    try:
        with Capture() as capture:
            quiet.debug('not heard: nobody works for a law')
            token = IN_LAW.set(True)
            quiet.debug('heard')
            IN_LAW.reset(token)
            sys.stdout.write('printed')
        assert root.manager.disable == logging.CRITICAL
    finally:
        logging.disable(logging.NOTSET)
    said = dict(capture.texts())
    assert [
        text.rstrip()
        for where, text in said.items()
        if where.startswith('a log')
    ] == ['heard\n()']
    assert said['stdout'] == 'printed'
    assert (root.level, list(root.handlers), sys.stdout, sys.stderr) == before
    assert (quiet.level, quiet.handlers) == (logging.ERROR, [])
    assert quiet.disabled
