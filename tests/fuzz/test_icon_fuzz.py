"""The sanitizer under a coverage-guided fuzzer, for a bounded time.

Ten seconds by default; `IMBI_FUZZ_SECONDS` gives it more. A crash leaves the
input's bytes in the output, which reproduces it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from icon_attacks import attacks

pytest.importorskip('atheris', reason='atheris is built for Linux only')

TARGET = Path(__file__).with_name('icon_target.py')
SECONDS = float(os.environ.get('IMBI_FUZZ_SECONDS', '10'))
AT_LEAST = 1_000
"""Inputs tried: a fuzzer that starts and does nothing is no test."""

BRANCHES = 500
"""Half of what the corpus alone reaches: the sanitizer is instrumented."""


@pytest.fixture
def fuzz(tmp_path):
    """Return a function that fuzzes and returns exit status and output."""
    corpus = tmp_path / 'corpus'
    corpus.mkdir()
    for number, attack in enumerate(attacks()):
        (corpus / f'{number:03}').write_text(attack.body, 'utf-8')

    def run(seconds, **environment):
        done = subprocess.run(
            [
                sys.executable,
                str(TARGET),
                f'-max_total_time={seconds:.0f}',
                '-max_len=4096',
                '-timeout=5',
                '-seed=1',
                '-print_final_stats=1',
                '-close_fd_mask=0',
                str(corpus),
            ],
            cwd=tmp_path,
            check=False,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            errors='replace',
            timeout=seconds + 60,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_the_fuzzer_finds_no_input_that_breaks_a_law(fuzz):
    status, said = fuzz(SECONDS)
    assert status == 0, said[-3_000:]
    tried = re.search(r'number_of_executed_units:\s*(\d+)', said)
    assert tried is not None
    assert int(tried[1]) >= AT_LEAST, said[-1_000:]
    covered = re.findall(r'DONE\s+cov: (\d+)', said)
    assert int(covered[-1]) >= BRANCHES, said[-1_000:]


def test_the_fuzzer_finds_a_planted_fault(fuzz):
    status, said = fuzz(30, IMBI_FUZZ_FAULT='1')
    assert status != 0
    assert 'planted' in said
