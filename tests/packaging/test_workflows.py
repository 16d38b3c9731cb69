"""The workflows: here, in the documentation, and in what we generate."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from imbi_plugin_sdk.contract import CONTRACTS
from imbi_plugin_testkit import scaffold
from imbi_plugin_testkit.scaffold.rendering import files_of

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / '.github'
WORKFLOWS = HOME / 'workflows'
GENERATED = '.github/workflows/plugin.yml'

USES = re.compile(r'^\s*(?:- )?uses:\s*(.*?)\s*$', re.MULTILINE)
PINNED = re.compile(
    r'([\w.-]+(?:/[\w.-]+)+)@([0-9a-f]{40})  # (v\d+\.\d+\.\d+)'
)
YAML_BLOCK = re.compile(r'^```ya?ml\n(.*?)^```$', re.MULTILINE | re.DOTALL)
OURSELVES = 'OWNER/imbi-plugin-sdk@COMMIT  # this repository'

READ = {'contents': 'read'}
JOBS = {
    'ci.yml': {'run': READ},
    'release.yml': {
        'build': READ,
        'again': READ,
        'test': READ,
        'sbom': READ,
        'publish': {'id-token': 'write'},
        'announce': {'contents': 'write'},
    },
    'docs/continuous-integration.md': {
        'contract': {**READ, 'security-events': 'write'}
    },
    GENERATED: {'plugin': READ},
}
"""What each job may do; another permission is a change to think about."""

pytestmark = pytest.mark.skipif(
    not HOME.exists(), reason='only in a checkout of the project'
)


def generated():
    order = scaffold.order_of('acme', sorted(CONTRACTS), None)
    return files_of(order)[GENERATED]


def texts():
    """Return each file that may name an action, by its name."""
    files = [
        *HOME.rglob('*.yml'),
        ROOT / 'action.yml',
        ROOT / 'README.md',
        *(ROOT / 'docs').glob('*.md'),
        *(ROOT / 'examples').rglob('*.md'),
    ]
    return {
        **{
            file.relative_to(ROOT).as_posix(): file.read_text('utf-8')
            for file in files
        },
        GENERATED: generated(),
    }


def workflows():
    """Return each workflow as its text, by the name in `JOBS`."""
    page = (ROOT / 'docs/continuous-integration.md').read_text('utf-8')
    [shown] = [
        block for block in YAML_BLOCK.findall(page) if '\non: [' in block
    ]
    return {
        **{
            file.name: file.read_text('utf-8')
            for file in sorted(WORKFLOWS.iterdir())
        },
        'docs/continuous-integration.md': shown,
        GENERATED: generated(),
    }


def jobs():
    return [
        pytest.param(name, key, job, id=f'{name}-{key}')
        for name, text in (workflows() if HOME.exists() else {}).items()
        for key, job in yaml.safe_load(text)['jobs'].items()
    ]


each_job = pytest.mark.parametrize(('name', 'key', 'job'), jobs())


@pytest.fixture(scope='module')
def table():
    """Return the one table of pins: action to commit and version."""
    rows = tomllib.loads((HOME / 'actions.toml').read_text('utf-8'))['action']
    found = {row['name']: (row['commit'], row['version']) for row in rows}
    assert len(found) == len(rows)
    assert all(len(set(row['seen'])) >= 2 for row in rows)
    return found


def test_every_action_is_pinned_as_the_table_says(table):
    used = set()
    for name, text in texts().items():
        for said in USES.findall(text):
            if said == OURSELVES and name.startswith('docs/'):
                continue
            pin = PINNED.fullmatch(said)
            assert pin, f'{name}: pin to a commit, with "  # vX.Y.Z": {said}'
            action, commit, version = pin.groups()
            assert table.get(action) == (commit, version), f'{name}: {said}'
            used.add(action)
    assert used == set(table)


@pytest.mark.parametrize(
    'said',
    [
        'actions/checkout@v7.0.1',
        f'actions/checkout@{"a" * 40}',
        f'actions/checkout@{"a" * 39}  # v7.0.1',
        f'actions/checkout@{"a" * 40}  # v7',
        './.github/actions/ours',
    ],
)
def test_a_pin_is_a_commit_and_a_whole_version(said):
    assert USES.findall(f'      - uses: {said}\n') == [said]
    assert not PINNED.fullmatch(said)


def test_each_job_may_do_what_it_needs_and_no_more():
    found = {}
    for name, text in workflows().items():
        workflow = yaml.safe_load(text)
        assert workflow['permissions'] == {}, name
        found[name] = {
            key: job['permissions'] for key, job in workflow['jobs'].items()
        }
    assert found == JOBS


@each_job
def test_nothing_is_pasted_into_a_script(name, key, job):
    for step in job['steps']:
        assert '${{' not in step.get('run', ''), step


@each_job
def test_a_checkout_leaves_no_token_behind(name, key, job):
    for step in job['steps']:
        if step.get('uses', '').startswith('actions/checkout@'):
            assert step['with']['persist-credentials'] is False


@each_job
def test_who_may_publish_or_write_runs_no_code_of_ours(name, key, job):
    if not {'id-token', 'contents'} & {
        right for right, how in job['permissions'].items() if how == 'write'
    }:
        return
    assert name == 'release.yml'
    for step in job['steps']:
        assert 'actions/checkout' not in step.get('uses', '')
        assert not re.search(r'\b(make|python|pip|uv)', step.get('run', ''))


@each_job
def test_our_own_jobs_end_and_run_on_a_machine_that_is_named(name, key, job):
    if name.endswith('.yml') and name != GENERATED:
        assert 0 < job['timeout-minutes'] <= 90
        assert job['runs-on'] == 'ubuntu-24.04'


def test_no_workflow_has_secrets_or_runs_a_strangers_code_with_rights():
    for name, text in workflows().items():
        told = yaml.safe_load(text)[True]  # YAML 1.1 reads `on` as true
        assert {*told} <= {'push', 'pull_request'}, name
        assert 'secrets.' not in text, name
        assert 'secrets: inherit' not in text, name


def test_a_release_is_published_after_everything_else_and_by_approval():
    workflow = yaml.safe_load(workflows()['release.yml'])
    made = workflow['jobs']
    assert workflow[True] == {'push': {'tags': ['v[0-9]*']}}
    assert workflow['concurrency']['cancel-in-progress'] is False
    assert {*made['publish']['needs']} == {*made} - {'publish', 'announce'}
    assert made['publish']['environment'] == 'release'
    assert made['announce']['needs'] == 'publish'


def test_what_is_released_is_built_once():
    workflow = yaml.safe_load(workflows()['release.yml'])
    stored = {
        key: {
            step['with']['name']: step['with']['path'].split()
            for step in job['steps']
            if 'upload-artifact' in step.get('uses', '')
        }
        for key, job in workflow['jobs'].items()
    }
    assert {key: what for key, what in stored.items() if what} == {
        'build': {
            'dist': ['dist/'],
            'texts': ['notes.md', 'docs/*.schema.json'],
        },
        'sbom': {'sbom': ['build/sbom/*.cdx.json']},
    }


def test_workflows_run_what_exists():
    rules = (ROOT / 'Makefile').read_text('utf-8')
    for name in JOBS:
        text = workflows()[name]
        for target in re.findall(r'\bmake ([a-z-]+)$', text, re.MULTILINE):
            assert re.search(f'^{target}:', rules, re.MULTILINE), target
        for file in re.findall(r'(?<!/)\.ci/[\w.-]+', text):
            assert (ROOT / file).is_file(), file


def test_the_checker_of_workflows_finds_nothing(tmp_path):
    """`make lint` reads the files that are here; these are made."""
    found = shutil.which('zizmor', path=str(Path(sys.executable).parent))
    if not found:
        pytest.skip('zizmor is in the group `lint`, and not installed')
    folder = tmp_path / '.github/workflows'
    folder.mkdir(parents=True)
    for name, text in workflows().items():
        # A pin of ourselves is the reader's to fill in.
        made = text.replace('@COMMIT ', f'@{"0" * 40} ')
        (folder / name.replace('/', '-')).with_suffix('.yml').write_text(made)
    done = subprocess.run(
        [found, '--offline', '--no-progress', str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert done.stderr.count('completed') == len(JOBS), done.stderr
