"""How soon the examples' backends are there, and what the demo takes.

Starts the sandboxes of every example as the kit opens them: each example by
itself, then all at once, in a process per example. The time begins where the
sandbox is opened: with its modules, its server or process, its proxy.

Then it runs `examples/demo.py` and adds up, several times a second, the memory
of all its processes: proportional set sizes, in which a page that several
processes share counts once.

Run `python benchmarks/backends.py [--without-demo] [--only NAME …]`, with all
installed before (`make benchmarks` sees to it). Exits with 1 where a bound is
missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent / 'examples'

START_UP = 5.0
"""Seconds for all backends together: what a person waits without a thought."""

MEMORY = 1_000_000_000
"""Bytes for the whole demo, which leaves a small CI runner room."""

DEMO = 60.0
"""Seconds for the whole demo on two cores."""

PAUSE = 0.2
"""Seconds between two looks at the memory; looking takes a few
milliseconds, and what lives shorter than that is small."""

KILO = 1_024

CHILD = """
import json, sys, time
from pathlib import Path
from imbi_plugin_testkit.config import read_config, read_project
from imbi_plugin_testkit.lab import Labs
from imbi_plugin_testkit.locate import find_subjects
from imbi_plugin_testkit.subject import Project

root = Path.cwd()
path = root / 'pyproject.toml'
project = Project(path, read_project(path))
subjects = find_subjects(
    root=root, config=read_config(project.data), project=project,
    distributions=[], wheels=[],
)
plugins = [plugin for subject in subjects for plugin in subject.plugins]
for plugin in plugins:
    plugin.handler, plugin.data
labs = Labs(0)
print(flush=True)
sys.stdin.readline()
seconds = {}
try:
    for plugin in plugins:
        start = time.perf_counter()
        labs.opened(plugin)
        seconds[plugin.name] = time.perf_counter() - start
    print(json.dumps(seconds), flush=True)
    sys.stdin.readline()
finally:
    labs.close()
"""


class Opening:
    """A process that opens the sandboxes of one example when told to."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self._process = subprocess.Popen(
            [sys.executable, '-c', CHILD],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def prepared(self) -> None:
        """Wait until the kit and the plugin are imported."""
        self._line()

    def tell(self) -> None:
        """Tell it to go on: to open, then to close."""
        self._process.stdin.write('\n')
        self._process.stdin.flush()

    def opened(self) -> dict[str, float]:
        """Return the seconds that each plugin's sandbox took."""
        return json.loads(self._line())

    def end(self) -> None:
        """Let it close what it opened, and wait for its end."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate('\n')

    def _line(self) -> str:
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f'the sandbox of examples/{self.name} failed')
        return line


def start(folders: list[Path]) -> tuple[float, dict[str, dict[str, float]]]:
    """Open the sandboxes of some examples at once.

    Returns:
        Seconds until the last was open, and per example those of each plugin.
    """
    openings = [Opening(folder) for folder in folders]
    try:
        for one in openings:
            one.prepared()
        begun = time.perf_counter()
        for one in openings:
            one.tell()
        found = {one.name: one.opened() for one in openings}
        return time.perf_counter() - begun, found
    finally:
        for one in openings:
            one.end()


class Memory(threading.Thread):
    """Watches the memory of a process and of all that it started.

    Attributes:
        peak: Most bytes so far.
        processes: How many shared them then.
    """

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.peak = self.processes = 0
        self._root = root
        self._over = threading.Event()

    def run(self) -> None:
        """Look until told to stop."""
        while not self._over.wait(PAUSE):
            sizes = [_size(pid) for pid in _family(self._root)]
            if sum(sizes) > self.peak:
                self.peak, self.processes = sum(sizes), len(sizes)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()


def _family(root: int) -> list[int]:
    """Return a process and its descendants."""
    children: dict[int, list[int]] = {}
    for path in Path('/proc').glob('[0-9]*/stat'):
        with contextlib.suppress(OSError):
            # The name in parentheses may hold anything; the parent is the
            # second field behind it.
            behind = path.read_text('utf-8', 'replace').rpartition(')')[2]
            parent = int(behind.split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    family = [root]
    for pid in family:
        family += children.get(pid, [])
    return family


def _size(pid: int) -> int:
    """Return the proportional set size of a process; 0 where it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines():
            if line.startswith('Pss:'):
                return int(line.split()[1]) * KILO
    return 0


def demo() -> list[bool]:
    """Run the demo; return per bound whether it was kept."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, EXAMPLES / 'demo.py'],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    memory = Memory(process.pid)
    memory.start()
    output, _ = process.communicate()
    memory.stop()
    if process.returncode:
        print(output)
        raise SystemExit(f'the demo ended with {process.returncode}')
    kept = [row('demo, seconds', time.perf_counter() - begun, DEMO)]
    if not memory.peak:
        print('its memory: not measured, there is no /proc/PID/smaps_rollup')
        return kept
    mega = 1_000_000
    what = f'demo, MB in {memory.processes} processes'
    return [*kept, row(what, memory.peak / mega, MEMORY / mega)]


def row(what: str, number: float, most: float | None = None) -> bool:
    """Print one number; return whether its bound is kept."""
    told = '' if most is None else f'  at most {most:g}'
    kept = most is None or number <= most
    print(f'{what:40}{number:8.2f}{told}{"" if kept else "  MISSED"}')
    return kept


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return 1 where a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--without-demo', action='store_true')
    parser.add_argument('--only', nargs='+', metavar='NAME')
    given = parser.parse_args(arguments)
    folders = [
        path.parent
        for path in sorted(EXAMPLES.glob('*/pyproject.toml'))
        if path.parent.name != 'broken'  # it opens nothing on purpose
        and path.parent.name in (given.only or [path.parent.name])
    ]
    if not folders:
        parser.error('there is no such example')
    for folder in folders:
        _, found = start([folder])
        for seconds in found.values():
            for name, number in seconds.items():
                row(f'{folder.name}: {name}, seconds', number)
    together, _ = start(folders)
    kept = [row('all at once, seconds', together, START_UP)]
    if not given.without_demo:
        kept += demo()
    return int(not all(kept))


if __name__ == '__main__':
    raise SystemExit(main())
