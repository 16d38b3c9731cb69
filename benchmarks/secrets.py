"""Precision, recall and speed of the secret detector, beside detect-secrets.

Run `python benchmarks/secrets.py`. Secrets are made from the formats and by
hand-written tables, clean texts are hand-written or made from real vendors'
public endpoints. Exits with 1 where a number falls below its floor.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, NamedTuple

# This script is called like a module of the standard library, which others
# import: what Python put first on the path must go.
HERE = pathlib.Path(__file__).parent
sys.path = [str(HERE / 'corpora')] + [
    one for one in sys.path if pathlib.Path(one) != HERE
]

from secret_cases import Case, every_case, manifests  # noqa: E402  see above

from imbi_plugin_sdk.secret_detector import (  # noqa: E402  see above
    MANIFEST_SLOTS,
    find_secrets,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE_OF_OTHER = 400  # cases per group: detect-secrets is slow


class Floor(NamedTuple):
    """A group's least share found, or greatest share rejected."""

    group: str
    least: float | None = None
    most: float | None = None


FLOORS = (
    Floor('clean manifests', most=0.001),
    Floor('clean texts', most=0.001),
    Floor('clean options', most=0.001),
    Floor('clean prose', most=0.001),
    Floor('clean names', most=0.0),
    Floor('vendor format', least=0.97),
    Floor('secret name', least=0.99),
    Floor('opaque random', least=0.90),
    Floor('structure', least=0.97),
)
"""The numbers to keep."""


def other_detector() -> Callable[[list[Case]], int] | None:
    """Return detect-secrets as a function, or None where it is missing.

    It reads files: each case becomes some lines of one, and counts as found
    where one of its lines does.
    """
    try:
        from detect_secrets.core.scan import scan_file  # noqa: PLC0415
        from detect_secrets.settings import default_settings  # noqa: PLC0415
    except ImportError:
        return None

    def count(cases: list[Case]) -> int:
        owners: list[int] = []
        lines: list[str] = []
        for number, case in enumerate(cases):
            text = json.dumps(case.data, indent=1, ensure_ascii=False)
            lines += text.splitlines()
            owners += [number] * (len(lines) - len(owners))
        with tempfile.TemporaryDirectory() as folder, default_settings():
            file = pathlib.Path(folder, 'cases.json')
            file.write_text('\n'.join(lines), 'utf-8')
            found = {
                owners[secret.line_number - 1]
                for secret in scan_file(str(file))
            }
        return len(found)

    return count


def report(
    cases: list[Case], other: Callable[[list[Case]], int] | None
) -> dict[str, float]:
    """Print and return the share of each group with a finding."""
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.group, case.slot), []).append(case)
    shares: dict[str, list[int]] = {}
    print(
        f'{"group":18}{"slot":12}{"cases":>7}{"ours":>9}{"detect-secrets":>17}'
    )
    totals = {'ours': [0, 0, 0], 'other': [0, 0, 0]}
    for (group, slot), members in sorted(groups.items()):
        found = sum(
            bool(find_secrets(one.data, slots=one.slots)) for one in members
        )
        share = shares.setdefault(group, [0, 0])
        share[0] += found
        share[1] += len(members)
        theirs = '-'
        tally(totals['ours'], members[0].secret, found, len(members))
        if other is not None:
            step = max(1, len(members) // SAMPLE_OF_OTHER)
            few = members[::step]
            hits = other(few)
            theirs = f'{hits / len(few):.1%} ({len(few)})'
            tally(
                totals['other'],
                members[0].secret,
                hits * len(members) / len(few),
                len(members),
            )
        ours = f'{found / len(members):.2%}'
        print(f'{group:18}{slot:12}{len(members):7}{ours:>9}{theirs:>17}')
    for who, (true, false, missed) in totals.items():
        if true:
            precision, recall = true / (true + false), true / (true + missed)
            print(f'{who}: precision {precision:.2%}, recall {recall:.2%}')
    return {group: found / count for group, (found, count) in shares.items()}


def tally(total: list[float], secret: bool, found: float, count: int) -> None:  # noqa: FBT001  a case's own field
    """Add a group to the counts of true, false and missed."""
    if secret:
        total[0] += found
        total[2] += count - found
    else:
        total[1] += found


def speed() -> float:
    """Print how many manifests a second one core reads, and return it."""
    some = list(manifests(random.Random(5), 2))
    begin = time.process_time()
    rounds = 8
    for _ in range(rounds):
        for manifest in some:
            find_secrets(manifest, slots=MANIFEST_SLOTS)
    rate = rounds * len(some) / (time.process_time() - begin)
    print(f'{rate:.0f} manifests a second')
    return rate


ORDINARY = {
    'slug': 'github-deployment',
    'name': 'GitHub deployment',
    'plugin_type': 'deployment',
    'options': [
        {'name': 'base_url', 'label': 'API', 'default': 'https://x.io/api'},
        {'name': 'workflow', 'label': 'Workflow', 'default': 'deploy.yml'},
    ],
    'credentials': [
        {'name': 'client_id', 'label': 'Client ID'},
        {'name': 'client_secret', 'label': 'Client secret'},
    ],
    'third_party_service': {
        'service_url': 'https://github.com',
        'api_endpoint': 'https://api.github.com',
        'authorization_endpoint': 'https://github.com/login/oauth/authorize',
        'token_endpoint': 'https://github.com/login/oauth/access_token',
        'revoke_endpoint': 'https://api.github.com/applications',
        'links': {'docs': 'https://docs.github.com/en/rest'},
    },
}
"""A manifest as most plugins have it."""

COLD = """
import time, imbi_plugin_sdk.errors
begin = time.perf_counter()
from imbi_plugin_sdk.secret_detector import MANIFEST_SLOTS, find_secrets
find_secrets({manifest!r}, slots=MANIFEST_SLOTS)
print((time.perf_counter() - begin) * 1000)
"""
"""A fresh process that imports the detector and reads one manifest."""


def cold() -> float:
    """Print the milliseconds of import and first use, byte-compiled."""
    code = COLD.format(manifest=ORDINARY)
    times = []
    with tempfile.TemporaryDirectory() as cache:
        # As installers leave it: byte-compiled.
        env = {**os.environ, 'PYTHONPYCACHEPREFIX': cache}
        env.pop('PYTHONDONTWRITEBYTECODE', None)
        for _ in range(8):
            done = subprocess.run(
                [sys.executable, '-c', code],
                capture_output=True,
                text=True,
                check=True,
                env=env,
            )
            times.append(float(done.stdout))
    print(f'{min(times):.1f} ms for import and first manifest')
    return min(times)


def main() -> int:
    """Run everything; return 1 where a floor is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seeds', type=int, default=10)
    parser.add_argument(
        '--alone', action='store_true', help='no detect-secrets'
    )
    arguments = parser.parse_args()
    cases = every_case(arguments.seeds)
    shares = report(cases, None if arguments.alone else other_detector())
    missed = [
        floor
        for floor in FLOORS
        if (floor.least is not None and shares[floor.group] < floor.least)
        or (floor.most is not None and shares[floor.group] > floor.most)
    ]
    speed()
    cold()
    for floor in missed:
        print(f'missed: {floor}')
    return bool(missed)


if __name__ == '__main__':
    raise SystemExit(main())
