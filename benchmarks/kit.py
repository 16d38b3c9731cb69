"""What the SDK costs where it is not asked for, and what a verdict takes.

Each number is the median of several processes, each beside its peer in turns,
so that a busy moment spoils both or neither. `--cpu` counts processor time,
that of child processes included: for a machine that others use. Exits with 1
where a bound is missed.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

CPU = '--cpu' in sys.argv[1:]
ROUNDS = 15
IMPORT, ABSENT, VERDICT = 15, 5, 2_000
"""Milliseconds over the peer that are allowed (issue: numbers to keep)."""

EXAMPLE = Path(__file__).resolve().parent.parent / 'examples' / 'minimal'

PYDANTIC = """
    import time
    start = time.CLOCK()
    import pydantic

    class Option(pydantic.BaseModel):
        name: str
        label: str
        description: str | None = None
        type: str = 'string'
        required: bool = False
        default: str | int | bool | dict[str, str] | None = None
        choices: list[str] | None = None

    class Manifest(pydantic.BaseModel):
        slug: str
        name: str
        plugin_type: str
        description: str | None = None
        auth_type: str = 'api_token'
        api_version: int | str = 1
        cacheable: bool = True
        supports_histogram: bool = False
        supports_deployment_sync: bool = False
        supports_lifecycle_sync: bool = False
        login_capable: bool = False
        requires_identity: bool = False
        default_scopes: list[str] = []
        options: list[Option] = []
        credentials: list[Option] = []
        data_types: list[Option] = []
        vertex_labels: list[Option] = []
        edge_labels: list[Option] = []
        widget_text: str | None = None
        ops_log_templates: dict[str, Option] = {}
        lifecycle_events: list[str] = []

    Manifest(
        slug='aws-ssm', name='SSM', plugin_type='configuration',
        options=[Option(name='region', label='Region')],
    )
    print(time.CLOCK() - start)
"""
SDK = """
    import time
    start = time.CLOCK()
    import imbi_plugin_sdk as sdk
    sdk.PluginManifest(
        slug='aws-ssm', name='SSM', plugin_type='configuration',
        options=[sdk.PluginOption(name='region', label='Region')],
    )
    print(time.CLOCK() - start)
"""


def _environment() -> dict[str, str]:
    # Without .pyc every process would measure the compiler.
    return {
        name: value
        for name, value in os.environ.items()
        if name != 'PYTHONDONTWRITEBYTECODE'
    }


def _inside(code: str) -> float:
    clock = 'process_time' if CPU else 'perf_counter'
    code = textwrap.dedent(code).replace('time.CLOCK', f'time.{clock}')
    run = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
        env=_environment(),
    )
    return float(run.stdout)


def _now() -> float:
    """Return the time, or the processor time of all ended children."""
    if not CPU:
        return time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _pytest(folder: Path, *arguments: str) -> float:
    start = _now()
    run = subprocess.run(
        [
            sys.executable,
            '-m',
            'pytest',
            '-q',
            '-p',
            'no:cacheprovider',
            *arguments,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        env=_environment(),
        check=False,
    )
    seconds = _now() - start
    if run.returncode not in (0, 1):
        raise SystemExit(run.stdout + run.stderr)
    return seconds


def _row(name: str, pairs: list[tuple[float, float]], limit: float) -> bool:
    """Print one comparison; return whether its bound, in ms, is kept."""
    # The median of differences taken in turns: the smallest of each column
    # differs by more than our bounds on a machine that is not all ours.
    ours, peer = (statistics.median(part) for part in zip(*pairs, strict=True))
    over = statistics.median(one - two for one, two in pairs) * 1000
    print(
        f'{name:34} ours {ours * 1000:7.1f} ms  peer {peer * 1000:7.1f} ms  '
        f'ratio {ours / peer:5.2f}  over {over:6.1f} ms (at most {limit:g})'
        f'{"" if over <= limit else "  MISSED"}'
    )
    return over <= limit


def main() -> int:
    """Print the numbers that this project promises, and whether they hold."""
    rounds = range(ROUNDS)
    pairs = [(_inside(SDK), _inside(PYDANTIC)) for _ in rounds]
    kept = [_row('import and one manifest', pairs, IMPORT)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / 'test_one.py').write_text('def test_one(): pass\n', 'utf-8')
        blocked = ('-p', 'no:imbi-plugin')
        pairs = [(_pytest(folder), _pytest(folder, *blocked)) for _ in rounds]
        kept.append(_row('pytest, the flag absent', pairs, ABSENT))
        kit = (
            '--imbi-plugin',
            '--imbi-plugin-dist',
            'imbi-plugin-minimal',
            '-m',
            'imbi_static',
        )
        pairs = [(_pytest(folder, *kit), _pytest(folder)) for _ in range(5)]
        kept.append(_row('the static verdict on one plugin', pairs, VERDICT))
    return int(not all(kept))


if __name__ == '__main__':
    raise SystemExit(main())
