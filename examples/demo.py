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
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
EXPECTED = {
    'minimal': 'conformant',
    'ssm': 'conformant',
    'broken': 'not_conformant',
}
"""Folder to the verdict that the example is there to show."""


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
    """Return a row per plugin: name, type, backend, laws, verdict, time."""
    if judged.report is None:
        return [(judged.name, '', '', '', 'no verdict', '')]
    found = []
    for plugin in judged.report['plugins']:
        laws = [
            check['outcome']
            for check in plugin['checks']
            if (check['family'] in ('ASY', 'CFG') or check['id'] == 'SEC001')
            and check['outcome'] != 'not_applicable'
        ]
        found.append(
            (
                plugin['entry_point'],
                plugin['plugin_type'] or '?',
                plugin['backend'] or '-',
                f'{laws.count("passed")}/{len(laws)}',
                judged.report['verdict'],
                f'{judged.seconds:.1f} s',
            )
        )
    return found


def main() -> int:
    """Judge all examples, two at a time, and print a table."""
    print(f'Judging {", ".join(EXPECTED)} …', flush=True)  # noqa: T201
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(judge, EXPECTED))
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
    table = [('plugin', 'type', 'backend', 'laws', 'verdict', 'time')]
    table += [row for judged in results for row in rows(judged)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    print()  # noqa: T201
    for row in table:
        cells = zip(row, widths, strict=True)
        line = '  '.join(cell.ljust(width) for cell, width in cells)
        print(line.rstrip())  # noqa: T201
    if well:
        print(  # noqa: T201
            '\nThe reference plugins keep the contract; `broken` does not, '
            'as it should: read above what the kit tells its author.'
        )
    return 0 if well else 1


if __name__ == '__main__':
    raise SystemExit(main())
