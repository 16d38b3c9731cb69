"""Runs the kit on every example, as its author would, and sums up.

The reference plugins keep the contract; `broken` does not, and its output is
shown in full, for that is what a failing build looks like. Exits with 0 only
if each example came to the verdict that it was made for.
"""

from __future__ import annotations

import concurrent.futures
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from imbi_plugin_testkit.checks import catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
EXPECTED = {
    'aws': 'conformant',
    'github': 'conformant',
    'oidc': 'conformant',
    'logzio': 'conformant',
    'vault': 'conformant',
    'ssm': 'conformant',
    'minimal': 'conformant',
    'broken': 'not_conformant',
}
"""Folder to the verdict that the example is there to show; the slowest first,
so that none is waited for alone."""

AT_ONCE = 2
"""Examples judged at the same time; each starts a backend of its own."""


class Judged(NamedTuple):
    """One example, judged.

    Attributes:
        name: Its folder.
        report: The kit's JSON report, or None where it wrote none.
        output: What pytest printed.
        seconds: Wall time, start of pytest included.
    """

    name: str
    report: dict[str, Any] | None
    output: str
    seconds: float


def judge(name: str) -> Judged:
    """Run `pytest --imbi-plugin` in an example's folder."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, 'report.json')
        run = subprocess.run(  # noqa: S603  ourselves
            [
                sys.executable,
                '-m',
                'pytest',
                '-p',
                'no:cacheprovider',
                '--imbi-plugin',
                f'--imbi-plugin-report={target}',
                'pyproject.toml',
            ],
            cwd=HERE / name,
            capture_output=True,
            text=True,
            check=False,
        )
        report = None
        if target.exists():
            report = json.loads(target.read_text('utf-8'))
    seconds = time.perf_counter() - start
    return Judged(name, report, run.stdout + run.stderr, seconds)


def rows(judged: Judged) -> list[tuple[str, ...]]:
    """Return a row per plugin: name, type, backend, laws, verdict, time.

    The time is that of the plugin's laws, without pytest's own start.
    """
    if judged.report is None:
        return [(judged.name, '', '', '', 'no verdict', '')]
    laws = {check.id for check in catalogue().values() if check.law}
    found = []
    for plugin in judged.report['plugins']:
        called = [
            check
            for check in plugin['checks']
            if check['id'] in laws and check['outcome'] != 'not_applicable'
        ]
        passed = sum(check['outcome'] == 'passed' for check in called)
        found.append(
            (
                plugin['entry_point'],
                plugin['plugin_type'] or '?',
                plugin['backend'] or '-',
                f'{passed}/{len(called)}',
                judged.report['verdict'],
                f'{sum(check["seconds"] for check in called):.1f} s',
            )
        )
    return found


class Progress:
    """Says what goes on: one line that is rewritten, or one per example."""

    def __init__(self, names: Sequence[str]) -> None:
        self.waiting = list(names)
        self.live = sys.stdout.isatty()
        self.start = time.perf_counter()

    def done(self, judged: Judged) -> None:
        """Tell that an example is judged."""
        self.waiting.remove(judged.name)
        verdict = (judged.report or {}).get('verdict', 'no verdict')
        self._clear()
        print(  # noqa: T201
            f'{judged.name:10}{verdict:16}{judged.seconds:5.1f} s', flush=True
        )
        self.show()

    def show(self) -> None:
        """Show what is still waited for, where it can be rewritten."""
        if self.live and self.waiting:
            seconds = time.perf_counter() - self.start
            print(  # noqa: T201
                f'{seconds:4.0f} s, judging {", ".join(self.waiting)} …'[:79],
                end='',
                flush=True,
            )

    def _clear(self) -> None:
        if self.live:
            print(f'\r{"":79}\r', end='')  # noqa: T201


def main() -> int:
    """Judge all examples, two at a time, and print a table."""
    begun = time.perf_counter()
    progress = Progress(list(EXPECTED))
    progress.show()
    found: dict[str, Judged] = {}
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = [pool.submit(judge, name) for name in EXPECTED]
        for future in concurrent.futures.as_completed(waiting):
            judged = future.result()
            found[judged.name] = judged
            progress.done(judged)
    results = [found[name] for name in EXPECTED]
    well = True
    for judged in results:
        verdict = (judged.report or {}).get('verdict')
        as_meant = verdict == EXPECTED[judged.name]
        well = well and as_meant
        if verdict != 'conformant':
            print(f'\n=== {judged.name}\n{judged.output}')  # noqa: T201
        if not as_meant:
            print(  # noqa: T201
                f'{judged.name}: expected {EXPECTED[judged.name]}, '
                f'came to {verdict}'
            )
    table = [('plugin', 'type', 'backend', 'laws', 'verdict', 'laws took')]
    table += [row for judged in results for row in rows(judged)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    print()  # noqa: T201
    for row in table:
        cells = zip(row, widths, strict=True)
        line = '  '.join(cell.ljust(width) for cell, width in cells)
        print(line.rstrip())  # noqa: T201
    print(f'\n{time.perf_counter() - begun:.0f} s in all')  # noqa: T201
    if well:
        print(  # noqa: T201
            '\nThe reference plugins keep the contract; `broken` does not, '
            'as it should: read above what the kit tells its author.'
        )
    return 0 if well else 1


if __name__ == '__main__':
    raise SystemExit(main())
