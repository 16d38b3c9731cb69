"""Builds the wheel of a project that is not installed from one."""

from __future__ import annotations

import atexit
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from imbi_plugin_sdk._text import listed
from imbi_plugin_testkit.config import UsageError

TIMEOUT = 600
"""Seconds: an isolated build first fetches its backend; ten minutes is what
services for continuous integration allow for a step without output."""

_RAISED = re.compile(r'[A-Za-z_][\w.]*(?:Error|Exception|Exit)\b.*')
_TROUBLE = re.compile(r'(?i).*\b(?:error|invalid|missing|not found|failed)\b')
_NO_NEWS = re.compile(r'(?:ERROR|TIP|\*)\s.*')
"""How lines of `build` itself begin, after which the backend's stand."""


class NotBuilt(Exception):  # noqa: N818  an outcome, with a reason
    """The wheel was not built; the reason says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def build_wheel(folder: Path, *, isolated: bool) -> Path:
    """Return the wheel of the project in a folder, built anew.

    Args:
        folder: Where its pyproject.toml is.
        isolated: Whether the backend may be fetched where it is not
            installed; otherwise that is a reason not to build.

    Raises:
        NotBuilt: The backend is absent, or the build failed.
        UsageError: `build` is not installed.
    """
    if importlib.util.find_spec('build') is None:
        raise UsageError(
            'building the wheel needs `build`: install '
            'imbi-plugin-sdk[testkit], or install the plugin.'
        )
    unmet = _unmet(folder)
    if unmet and not isolated:
        raise NotBuilt(
            f'its build needs {listed(unmet, "and")}, which is not installed'
        )
    target = Path(tempfile.mkdtemp(prefix='imbi-plugin-build-'))
    atexit.register(shutil.rmtree, target, ignore_errors=True)
    command = [sys.executable, '-m', 'build', '--wheel']
    command += ['--outdir', str(target)]
    command += [] if unmet else ['--no-isolation', '--skip-dependency-check']
    try:
        done = subprocess.run(  # noqa: S603  the author's own build
            [*command, str(folder)],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        raise NotBuilt(f'its build did not end in {TIMEOUT} s') from None
    wheels = sorted(target.glob('*.whl'))
    if done.returncode or not wheels:
        raise NotBuilt(f'its build failed: {_trouble(done.stdout)}')
    return wheels[0]


def _unmet(folder: Path) -> list[str]:
    """Return what the backend needs and this environment does not have."""
    import build  # noqa: PLC0415  an extra, and slow

    try:
        builder = build.ProjectBuilder(folder, runner=_quietly)
        unmet = builder.check_dependencies('wheel')
    except (build.BuildException, build.BuildBackendException) as error:
        raise NotBuilt(
            f'its build backend does not answer: {_trouble(str(error))}'
        ) from None
    except subprocess.CalledProcessError as error:
        raise NotBuilt(
            f'its build failed: {_trouble(str(error.output or ""))}'
        ) from None
    return sorted({chain[0] for chain in unmet})


def _quietly(
    cmd: object, cwd: str | None = None, extra_environ: object = None
) -> None:
    import pyproject_hooks  # noqa: PLC0415  comes with build

    pyproject_hooks.quiet_subprocess_runner(cmd, cwd, extra_environ)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def _trouble(output: str) -> str:
    """Return the line that says what went wrong: an exception, at best."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for pattern in (_RAISED, _TROUBLE):
        for line in reversed(lines):
            if pattern.match(line) and not _NO_NEWS.match(line):
                return line[:300]
    return lines[-1][:300] if lines else 'it said nothing'
