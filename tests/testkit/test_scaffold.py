"""What `imbi-plugin new` writes is a right plugin, for every type.

All nine types at once are judged by the whole kit, and two alone, whose
packages have parts that the others have not. What differs between one type
and another is rendering, and that is tested for each.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from imbi_plugin_sdk.contract import CONTRACTS
from imbi_plugin_testkit import cli, scaffold
from imbi_plugin_testkit.config import UsageError, read_config

SINGLES = [(kind,) for kind in CONTRACTS]
OFFERED = [*SINGLES, tuple(CONTRACTS)]

# What a memory backend cannot do honestly: signing in gives something fresh
# each time, and the provider has neither a device flow nor registration.
UNTESTABLE = {
    'ASY008': {'acme-identity', 'acme-lifecycle'},
    'IDN007': {'acme-identity'},
    'IDN013': {'acme-identity'},
}


def rendered(kinds, name='acme', vendor=None):
    return scaffold.files_of(scaffold.order_of(name, kinds, vendor))


def run(folder, *words, **environment):
    return subprocess.run(
        [sys.executable, '-m', *words],
        cwd=folder,
        env={**os.environ, 'COLUMNS': '80', **environment},
        capture_output=True,
        text=True,
        check=False,
    )


class Package:
    """A package on disk, with its wheel unpacked as if it were installed."""

    def __init__(self, folder, kinds):
        pytest.importorskip('httpx')
        pytest.importorskip('hatchling')
        self.folder = scaffold.write(rendered(kinds), folder)
        self.site = folder.with_name(f'{folder.name}-site')
        built = run(self.folder, 'hatchling', 'build', '-t', 'wheel')
        assert built.returncode == 0, built.stderr
        [self.wheel] = (self.folder / 'dist').glob('*.whl')
        with zipfile.ZipFile(self.wheel) as archive:
            archive.extractall(self.site)

    def kit(self, *words):
        """Return what the kit says, and its report."""
        report = self.site.with_suffix('.json')
        done = run(
            self.folder,
            'pytest',
            '-p',
            'no:cacheprovider',
            '--imbi-plugin',
            f'--imbi-plugin-report={report}',
            *words,
            PYTHONPATH=str(self.site),
        )
        return done, json.loads(report.read_text('utf-8'))


def outcomes(report):
    """Return {outcome: {check: plugins}} of what did not simply pass."""
    found = {}
    for plugin in [{'slug': '', **report['distribution']}, *report['plugins']]:
        for check in plugin['checks']:
            if check['outcome'] not in ('passed', 'not_applicable'):
                of = found.setdefault(check['outcome'], {})
                of.setdefault(check['id'], set()).add(plugin['slug'])
    return found


@pytest.fixture(scope='module')
def nine(tmp_path_factory):
    """The package with all types."""
    return Package(tmp_path_factory.mktemp('nine') / 'acme', tuple(CONTRACTS))


def test_all_types_together_keep_the_contract(nine):
    done, report = nine.kit()

    assert done.returncode == 0, done.stdout
    assert report['verdict'] == 'conformant'
    assert outcomes(report) == {'untestable': UNTESTABLE}
    assert {each['plugin_type'] for each in report['plugins']} == {*CONTRACTS}
    for kind in CONTRACTS:
        # Its own tests ran beside the kit's.
        own = kind if kind != 'connection' else 'manifest'
        assert f'tests/test_{own}.py ' in done.stdout


@pytest.mark.parametrize('kind', ['connection', 'webhook'])
def test_one_type_alone_keeps_the_contract(tmp_path, kind):
    done, report = Package(tmp_path / 'acme', (kind,)).kit()

    assert done.returncode == 0, done.stdout
    assert report['verdict'] == 'conformant'
    assert outcomes(report) == {}


def test_a_slip_in_a_handler_turns_the_verdict_red(tmp_path):
    package = Package(tmp_path / 'acme', ('configuration',))
    handler = package.site / 'imbi_plugin_acme/configuration.py'
    text = handler.read_text('utf-8')
    assert text.count('if keys is None') == 1
    handler.write_text(text.replace('if keys is None', 'if not keys'), 'utf-8')
    done, report = package.kit('-k', 'CFG005')

    assert done.returncode == 1
    assert outcomes(report)['failed'] == {'CFG005': {'acme'}}


def test_a_slip_in_a_manifest_is_told_by_the_kit(tmp_path):
    # The package's own tests then cannot be imported, which stops pytest.
    package = Package(tmp_path / 'acme', ('webhook',))
    handler = package.site / 'imbi_plugin_acme/webhook.py'
    text = handler.read_text('utf-8')
    assert text.count('plugin_type="webhook"') == 1
    handler.write_text(
        text.replace('plugin_type="webhook"', 'plugin_type="webhok"'), 'utf-8'
    )
    done, report = package.kit()

    assert done.returncode == 1
    assert {'PKG101', 'MAN013'} <= set(outcomes(report)['failed'])


def test_it_is_typed_strictly(nine):
    pytest.importorskip('mypy')
    done = run(nine.folder, 'mypy', '--strict', '--no-incremental')

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize('kinds', OFFERED, ids='-'.join)
def test_it_is_formatted_and_linted_as_ruff_does_unasked(tmp_path, kinds):
    pytest.importorskip('ruff')
    longest = 'a' * scaffold.LONGEST_NAME
    vendor = "O'Reilly & Söhne".ljust(scaffold.LONGEST_VENDOR, 'x')
    for name, of in (('acme', None), (longest, vendor)):
        folder = scaffold.write(rendered(kinds, name, of), tmp_path / name)
        for words in (['format', '--check'], ['check']):
            done = run(folder, 'ruff', *words, '--isolated', '--no-cache')
            assert done.returncode == 0, done.stdout


@pytest.mark.parametrize('kinds', OFFERED, ids='-'.join)
def test_nothing_of_a_template_is_left(kinds):
    files = rendered(kinds)
    for path, text in files.items():
        assert '#:' not in text, path
        assert not re.search(r'\$[a-z]', text), path
        if path.endswith('.py'):
            compile(text, path, 'exec')


@pytest.mark.parametrize('kinds', OFFERED, ids='-'.join)
def test_the_project_declares_what_is_there(kinds):
    files = rendered(kinds)
    project = tomllib.loads(files['pyproject.toml'])
    read_config(project)
    declared = project['tool']['imbi']['plugin']
    tables = declared.get('plugins', [declared])

    assert [each['plugin-type'] for each in tables] == list(kinds)
    points = project['project']['entry-points']['imbi.plugins']
    assert points == {each['slug']: each['entry-point'] for each in tables}
    for each in tables:
        module, _, name = each['entry-point'].partition(':')
        handler = files[f'src/{module.replace(".", "/")}.py']
        assert f'\nclass {name}(' in handler
        assert f'slug="{each["slug"]}"' in handler
        assert f'name="{each["name"]}"' in handler


@pytest.mark.parametrize('kinds', OFFERED, ids='-'.join)
def test_no_handler_needs_the_kit(kinds):
    for path, text in rendered(kinds).items():
        if path.startswith('src/'):
            assert 'imbi_plugin_testkit' not in text, path
            assert 'TODO' not in text, path
            assert 'NotImplementedError' not in text, path


def test_what_calls_nothing_has_no_client():
    files = rendered(('connection',))

    assert 'src/imbi_plugin_acme/client.py' not in files
    assert 'httpx' not in files['pyproject.toml']


def test_a_token_is_asked_for_only_where_one_is_used():
    client = 'src/imbi_plugin_acme/client.py'

    assert 'api_token' not in rendered(('identity', 'connection'))[client]
    assert 'api_token' in rendered(('identity', 'logs'))[client]


def test_the_wheel_holds_the_package_and_nothing_else(nine):
    with zipfile.ZipFile(nine.wheel) as archive:
        shipped = {*archive.namelist()}
    package = {name for name in shipped if '.dist-info/' not in name}

    assert package == {
        path.removeprefix('src/')
        for path in rendered(tuple(CONTRACTS))
        if path.startswith('src/')
    }
    assert 'imbi_plugin_acme/assets/icon.svg' in package
    assert 'imbi_plugin_acme/py.typed' in package


def test_the_workflow_runs_the_kit():
    yaml = pytest.importorskip('yaml')
    text = rendered(tuple(CONTRACTS))['.github/workflows/plugin.yml']
    [job] = yaml.safe_load(text)['jobs'].values()
    commands = [step['run'] for step in job['steps'] if 'run' in step]

    assert "pip install '.[test]'" in commands
    assert any(each.startswith('pytest --imbi-plugin ') for each in commands)
    assert job['steps'][1]['with'] == {
        'python-version': '${{ matrix.python }}'
    }


def test_one_plugin_has_the_name_and_several_have_their_types_behind_it():
    one = scaffold.order_of('imbi-plugin-aws-ssm', ['configuration'], None)
    two = scaffold.order_of('aws', ['logs', 'configuration', 'logs'], None)

    assert (one.name, one.package) == ('aws-ssm', 'imbi_plugin_aws_ssm')
    assert (one.slug('configuration'), one.vendor) == ('aws-ssm', 'Aws Ssm')
    assert two.kinds == ('configuration', 'logs')
    assert two.slug('logs') == 'aws-logs'


@pytest.mark.parametrize(
    ('name', 'kinds', 'vendor', 'told'),
    [
        ('Acme', ['logs'], None, 'is no name'),
        ('a_b', ['logs'], None, 'is no name'),
        ('1a', ['logs'], None, 'is no name'),
        ('../a', ['logs'], None, 'is no name'),
        ('', ['logs'], None, 'is no name'),
        ('a' * (scaffold.LONGEST_NAME + 1), ['logs'], None, 'at most 36'),
        ('imbi-plugin-testkit', ['logs'], None, 'is a package of this kit'),
        ('a', [], None, 'add --type'),
        ('a', ['logs', 'configurations'], None, "mean 'configuration'?"),
        ('a', ['logs'], ' ', 'cannot stand'),
        ('a', ['logs'], 'a"b', 'cannot stand'),
        ('a', ['logs'], 'a\\', 'cannot stand'),
        ('a', ['logs'], 'a\0b', 'cannot stand'),
        ('a', ['logs'], 'v' * (scaffold.LONGEST_VENDOR + 1), 'cannot stand'),
    ],
)
def test_what_cannot_be_is_refused(name, kinds, vendor, told):
    with pytest.raises(UsageError, match=re.escape(told)) as caught:
        scaffold.order_of(name, kinds, vendor)
    assert 'Fix: ' in str(caught.value)


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / 'empty').mkdir()
    scaffold.write({'tests/a': 'b', 'c': 'd'}, tmp_path / 'empty')

    assert (tmp_path / 'empty/tests/a').read_text('utf-8') == 'b'
    assert [each.name for each in tmp_path.iterdir()] == ['empty']
    # Others may read it as they may any new folder.
    (tmp_path / 'other').mkdir()
    modes = {each.stat().st_mode for each in tmp_path.iterdir()}
    assert len(modes) == 1


@pytest.mark.parametrize(
    ('target', 'told'),
    [
        ('full', 'is not empty'),
        ('full/file', 'is a file'),
        ('none/here', 'does not exist'),
        ('.', 'the folder that you are in'),
        ('link', 'is not empty'),
    ],
)
def test_nothing_is_overwritten(tmp_path, monkeypatch, target, told):
    (tmp_path / 'full').mkdir()
    (tmp_path / 'full/file').write_text('mine', 'utf-8')
    (tmp_path / 'link').symlink_to(tmp_path / 'full')
    (tmp_path / 'here').mkdir()
    monkeypatch.chdir(tmp_path / ('here' if target == '.' else ''))
    before = sorted(tmp_path.rglob('*'))
    with pytest.raises(UsageError, match=told):
        scaffold.write({'tests/file': 'theirs'}, Path(target))

    assert sorted(tmp_path.rglob('*')) == before
    assert (tmp_path / 'full/file').read_text('utf-8') == 'mine'


def test_what_comes_meanwhile_stays(tmp_path, monkeypatch):
    (tmp_path / 'empty').mkdir()
    write_bytes = Path.write_bytes

    def write(path, data):
        write_bytes(tmp_path / 'empty/mine', b'mine')
        return write_bytes(path, data)

    monkeypatch.setattr(Path, 'write_bytes', write)
    with pytest.raises(UsageError, match='cannot be written'):
        scaffold.write({'tests/a': 'b'}, tmp_path / 'empty')

    assert [each.name for each in tmp_path.rglob('*')] == ['empty', 'mine']


@pytest.mark.parametrize('step', ['write_bytes', 'rename'])
def test_a_failure_leaves_nothing(tmp_path, monkeypatch, step):
    def fail(*_):
        raise OSError(28, 'No space left on device')

    if step == 'rename':
        monkeypatch.setattr(
            'imbi_plugin_testkit.scaffold.writing.os.rename', fail
        )
    else:
        monkeypatch.setattr(Path, 'write_bytes', fail)
    with pytest.raises(UsageError, match='No space left'):
        scaffold.write({'tests/a': 'b'}, tmp_path / 'new')

    assert [*tmp_path.iterdir()] == []


def test_the_command_ends_with_the_two_commands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ['new', 'acme', '--type', 'logs', '--vendor', "Acme's"]

    assert cli.main(words) == 0
    out = capsys.readouterr().out
    assert "  cd imbi-plugin-acme && pip install -e '.[test]'\n" in out
    assert '  pytest --imbi-plugin\n' in out
    shown = {line.strip() for line in out.splitlines()}
    for path in (tmp_path / 'imbi-plugin-acme').rglob('*'):
        if path.is_file():
            name = path.relative_to(tmp_path / 'imbi-plugin-acme').as_posix()
            assert name in shown
    assert cli.main(words) == 2
    assert 'is not empty' in capsys.readouterr().err


def test_json_lists_what_was_written(tmp_path, capsys):
    target = tmp_path / 'here'
    words = ['new', 'acme', '--type', 'webhook', '--type', 'logs']

    assert cli.main([*words, '--directory', str(target), '--json']) == 0
    data = json.loads(capsys.readouterr().out)
    assert data['distribution'] == 'imbi-plugin-acme'
    assert data['plugins'] == {'acme-logs': 'logs', 'acme-webhook': 'webhook'}
    assert Path(data['directory']) == target
    assert set(data['files']) == {
        path.relative_to(target).as_posix()
        for path in target.rglob('*')
        if path.is_file()
    }
