"""Runs every benchmark, or those named: `python -m benchmarks [NAME …]`.

Each is a script of its own, in a process of its own. Absolute times differ
between machines; what to read are the ratios, taken in one run beside a peer.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(names: list[str]) -> int:
    """Run the benchmarks and return the worst exit code."""
    scripts = {
        path.stem: path
        for path in sorted(HERE.glob('*.py'))
        if not path.stem.startswith('_')
    }
    worst = 0
    for name in names or scripts:
        if name not in scripts:
            print(f'no benchmark {name!r}; there is {", ".join(scripts)}')
            return 2
        print(f'\n== {name}', flush=True)
        run = subprocess.run([sys.executable, scripts[name]], check=False)
        worst = max(worst, run.returncode)
    return worst


if __name__ == '__main__':
    raise SystemExit(main(sys.argv[1:]))
