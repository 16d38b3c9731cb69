"""The examples are packages of their own: their tests, and their verdicts.

They are installed beside the SDK (by the Makefile, and from their wheels by
`make wheel-tests`); each runs in its own folder, as its author would.
"""

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / 'examples'
NAMES = sorted(path.parent.name for path in EXAMPLES.glob('*/pyproject.toml'))


COMPLETE = (
    'aws-ssm +configuration +emulated',
    'aws-parameter-store +configuration +emulated',
    'vault +configuration +real',
    'logzio +logs +emulated',
)
"""Rows of the demo in which every law that is called for passes."""


def run(folder, *command):
    environment = {**os.environ, 'COLUMNS': '100'}
    environment.pop('PYTHONDONTWRITEBYTECODE', None)
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_all_examples_are_known_to_the_demo():
    demo = (EXAMPLES / 'demo.py').read_text('utf-8')
    assert NAMES == [
        'aws',
        'broken',
        'github',
        'logzio',
        'minimal',
        'oidc',
        'ssm',
        'vault',
    ]
    for name in NAMES:
        assert f"'{name}': '" in demo


@pytest.mark.parametrize('name', NAMES)
def test_an_example_is_installed_and_its_own_tests_pass(name):
    assert importlib.metadata.version(f'imbi-plugin-{name}')
    done = run(EXAMPLES / name, '-m', 'pytest', '-q', '-p', 'no:cacheprovider')
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_demo_comes_to_the_verdicts_that_it_is_there_to_show():
    done = run(EXAMPLES, 'demo.py')
    assert done.returncode == 0, done.stdout + done.stderr
    for row in COMPLETE:
        assert re.search(rf'^{row} +(\d\d)/\1 ', done.stdout, re.MULTILINE), (
            row,
            done.stdout,
        )
    assert 'error[CFG004] does not hold' in done.stdout
