"""The GitHub Action and the pre-commit hooks, run as they would be."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from imbi_plugin_testkit import cli

ROOT = Path(__file__).resolve().parents[2]
ACTION = ROOT / 'action.yml'
HOOKS = ROOT / '.pre-commit-hooks.yaml'

pytestmark = pytest.mark.skipif(
    not ACTION.exists(), reason='only in a checkout of the project'
)


@pytest.fixture(scope='module')
def action():
    return yaml.safe_load(ACTION.read_text('utf-8'))


@pytest.fixture
def judge(action, tmp_path):
    """Return a function that runs the action's second step."""
    step = next(
        step for step in action['runs']['steps'] if step.get('id') == 'judge'
    )
    # What the first step makes: an environment with plugin and kit in it.
    home = tmp_path / 'runner' / 'imbi-plugin' / 'bin'
    home.mkdir(parents=True)
    python = home / 'python'
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)

    def run(folder, arguments=''):
        output, summary = tmp_path / 'output', tmp_path / 'summary'
        output.write_text('')
        summary.write_text('')
        done = subprocess.run(
            ['bash', '-c', step['run']],
            cwd=folder,
            env={
                **os.environ,
                'ARGUMENTS': arguments,
                'REPORTS': str(tmp_path / 'reports'),
                'RUNNER_TEMP': str(tmp_path / 'runner'),
                'GITHUB_ACTIONS': 'true',
                'GITHUB_WORKSPACE': str(ROOT),
                'GITHUB_OUTPUT': str(output),
                'GITHUB_STEP_SUMMARY': str(summary),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        lines = output.read_text().splitlines()
        outputs = dict(line.split('=', 1) for line in lines)
        return done, outputs, summary.read_text()

    return run


def test_a_good_plugin_passes_the_action(judge):
    done, outputs, summary = judge(ROOT / 'examples/minimal')
    assert done.returncode == 0, done.stdout
    assert outputs['verdict'] == 'conformant'
    log = json.loads(Path(outputs['sarif']).read_text('utf-8'))
    assert log['version'] == '2.1.0'
    assert '**conformant**' in summary


def test_a_broken_plugin_fails_the_action_with_its_reports(judge):
    done, outputs, summary = judge(ROOT / 'examples/broken')
    assert done.returncode == 1
    assert outputs['verdict'] == 'not_conformant'
    assert '::error file=examples/broken/src/' in done.stdout
    assert 'MAN020' in summary


def test_arguments_are_words_and_no_script(judge, tmp_path):
    done, _, _ = judge(
        ROOT / 'examples/minimal', f"-k 'MAN020 or PKG004; touch {tmp_path}/x'"
    )
    assert done.returncode == 4  # pytest refuses the expression
    assert not (tmp_path / 'x').exists()
    done, _, _ = judge(ROOT / 'examples/minimal', "-k 'MAN020 or PKG004'")
    assert done.returncode == 0, done.stdout
    assert '2 passed' in done.stdout


def test_no_input_is_pasted_into_a_script(action):
    for step in action['runs']['steps']:
        assert '${{' not in step['run'], step['name']


def test_each_hook_names_a_command_that_exists():
    hooks = yaml.safe_load(HOOKS.read_text('utf-8'))
    assert len(hooks) == 3
    for hook in hooks:
        command = shlex.split(hook['entry'])
        assert hook['language'] == 'system'
        if command[0] == 'imbi-plugin':
            assert command[1] in cli.COMMANDS
        else:
            assert command[:4] == ['python', '-m', 'pytest', '--imbi-plugin']


def test_the_static_hook_judges_a_project():
    hooks = yaml.safe_load(HOOKS.read_text('utf-8'))
    entry = next(h for h in hooks if h['id'] == 'imbi-plugin-static')['entry']
    done = subprocess.run(
        [sys.executable, *shlex.split(entry)[1:]],
        cwd=ROOT / 'examples/minimal',
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert 'deselected' in done.stdout
