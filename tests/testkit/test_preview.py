"""What an operator sees before installing, as data; and static manifests."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from imbi_plugin_sdk import PluginManifest
from imbi_plugin_testkit import cli, snapshots
from imbi_plugin_testkit.config import UsageError
from imbi_plugin_testkit.preview import preview_of

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
    '<script>alert(1)</script><path d="M0 0h8v8H0z"/></svg>'
)
PLUGIN = """
from imbi_plugin_sdk import ConnectionPlugin, PluginIcon, PluginManifest


class Seen(ConnectionPlugin):
    manifest = PluginManifest(
        slug='seen',
        name='Seen',
        plugin_type='connection',
        options=[{'name': 'size', 'label': 'Size', 'choices': ['s', 'l']}],
        credentials=[{'name': 'token', 'label': 'Token'}],
        icon=PluginIcon(
            package='imbi_plugin_seen', resource='icon.svg',
            media_type='image/svg+xml',
        ),
        third_party_service={
            'id': 'acme', 'vendor': 'Acme', 'category': 'other',
            'service_url': 'https://{tenant}.acme.io',
            'variables': {'tenant': {'kind': 'label'}},
        },
    )
"""
PYPROJECT = """
[project]
name = "imbi-plugin-seen"
version = "1.0"
"""
HOME = 'imbi_plugin_seen'


@pytest.fixture
def made(make_distribution):
    def make(source=PLUGIN, **files):
        return make_distribution(
            name='imbi-plugin-seen',
            files={
                f'{HOME}/__init__.py': source,
                f'{HOME}/icon.svg': ICON,
                f'{HOME}/py.typed': '',
                **files,
            },
            entry_points={'seen': f'{HOME}:Seen'},
        )

    return make


def sentences(data, *kinds):
    return [
        each['text']
        for each in data['plan']['sentences']
        if each['kind'] in kinds
    ]


def test_the_data_is_what_the_manifest_says(made):
    data = preview_of(made().subject()).data()
    [plugin] = data['plugins']
    assert data['distribution']['static'] is False
    assert plugin['slug'] == 'seen'
    assert plugin['options'][0]['choices'] == ['s', 'l']
    assert plugin['service']['endpoints'] == [
        {'name': 'service_url', 'url': 'https://{tenant}.acme.io'}
    ]
    assert plugin['service']['variables'][0]['name'] == 'tenant'
    [icon] = plugin['icons']
    assert icon['data'].startswith('data:image/svg+xml;base64,')
    assert [each['grade'] for each in icon['removals']] == ['active']
    json.dumps(data)


def test_the_plan_is_told_in_sentences(made):
    data = preview_of(made().subject()).data()
    assert sentences(data, 'create') == [
        'Create the connection plugin seen, without options.',
        'Create the third-party service acme of Acme.',
    ]
    assert sentences(data, 'attach') == ['Attach seen to acme.']
    assert "Set category of acme to 'other'." in sentences(data, 'write')
    assert 'Set icon of acme to the stored icon.' in sentences(data, 'write')


URL = 'https://{tenant}.acme.io'


def given(tmp_path, *services):
    """Return a file with the services of an organization."""
    state = tmp_path / 'state.json'
    document = {'organization': 'engineering', 'services': services}
    state.write_text(json.dumps(document), 'utf-8')
    return str(state)


def acme(name, **facts):
    return {'id': name, 'slug': f'our-{name}', 'vendor': 'ACME', **facts}


def test_the_plan_is_for_the_state_that_is_given(made, tmp_path):
    from imbi_plugin_testkit.preview.states import (  # noqa: PLC0415
        read_state,
    )

    live = {'service_url': URL, 'category': 'cloud'}
    one = acme('one', live=live, managed=True)
    state = read_state(given(tmp_path, one))
    data = preview_of(made().subject()).data(state)
    assert data['plan']['organization'] == 'engineering'
    assert not [
        text for text in sentences(data, 'create') if 'service' in text
    ]
    # Everything that an operator has to know of, by the service's own name.
    assert sentences(data, 'attach') == [
        'Tie our-one, which is there already, to the template acme.',
        'Attach seen to our-one.',
    ]
    assert sentences(data, 'write') == [
        'From now on, our-one is not managed by its manifest.'
    ]
    assert sentences(data, 'keep')[0] == (
        'category of our-one is taken for an edit and pinned: no upgrade '
        'changes it.'
    )
    (conflict,) = sentences(data, 'conflict')
    assert conflict.startswith("category of our-one is 'cloud'; ")
    assert all('our-one' in one for one in sentences(data, 'offer'))


def test_several_services_are_listed_to_choose_from(made, tmp_path, capsys):
    state = given(
        tmp_path,
        acme('one', template_id='acme', instance='eu'),
        acme('two', template_id='acme'),
    )
    project = str(made().wheel(tmp_path))
    page = tmp_path / 'page.html'
    command = ['preview', project, '-o', str(page), '--state', state]
    assert cli.main(command) == 0
    seen = capsys.readouterr().out
    assert 'our-one (id one, instance eu) could be the one to attach.' in seen
    assert 'our-two (id two) could be the one to attach.' in seen
    assert 'our-two (id two)' in page.read_text('utf-8')
    for choice in (['--service', 'two'], ['--instance', 'eu']):
        assert cli.main([*command, *choice]) == 0
        seen = capsys.readouterr().out
        assert 'could be' not in seen
        assert 'Attach seen to our-' in seen
    assert cli.main([*command, '--instance', 'us', '--new']) == 0
    assert 'Create the third-party service acme-us' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('content', 'told'),
    [
        ('{', 'is no state'),
        ('{}', 'is no state'),
        ('\xff', 'is no state'),
        ('{"organization": {"a": 1}}', 'organization: '),
        ('{"organization": "\\ud800"}', 'is no state'),
        ('{"organization": "x", "services": [{"id": 1}]}', 'services.0.'),
        ('{"organization": "x", "services": {"id": 1}}', 'services: '),
        ('{"organization": "x", "services": [1]}', 'services.0: '),
        ('{"organization": "x", "servces": []}', 'servces: '),
        ('{"organization": ' + '[' * 9000 + ']' * 9000 + '}', 'is no state'),
        (
            '{"organization": "x", "services": [{"id": "a", "slug": "a"}, '
            '{"id": "a", "slug": "b"}]}',
            "services.1.id: 'a' stands there before",
        ),
    ],
)
def test_a_state_that_is_none_is_refused(tmp_path, capsys, content, told):
    path = tmp_path / 'state.json'
    path.write_text(content, 'utf-8')
    assert cli.main(['preview', '--state', str(path)]) == 2
    seen = capsys.readouterr().err
    assert told in seen
    assert 'Fix: ' in seen


def test_a_state_that_is_not_there_is_refused(tmp_path, capsys):
    assert cli.main(['preview', '--state', str(tmp_path / 'none.json')]) == 2
    assert 'FileNotFoundError' in capsys.readouterr().err


def test_a_value_that_no_field_can_hold_is_refused(made, tmp_path, capsys):
    deep = 'x'
    for _ in range(40):
        deep = {'a': deep}
    state = given(tmp_path, acme('one', live={'links': deep}))
    project = str(made().wheel(tmp_path))
    assert cli.main(['preview', project, '--state', state]) == 2
    seen = capsys.readouterr().err
    assert 'our-one.live.links' in seen
    assert 'Fix: ' in seen


def snapshot_text():
    """Return the snapshot of a plugin that would explode when imported."""
    manifest = PluginManifest(
        slug='seen', name='Static', plugin_type='connection'
    )
    return snapshots.snapshot_of({'seen': manifest})


def test_a_wheel_with_a_static_manifest_is_not_imported(made, tmp_path):
    mark = tmp_path / 'imported'
    source = f'open({str(mark)!r}, "w").close()\nraise SystemExit(3)\n'
    wheel = made(
        source, **{f'{HOME}/{snapshots.FILE}': snapshot_text()}
    ).wheel(tmp_path)
    done = subprocess.run(
        [
            sys.executable,
            '-m',
            'imbi_plugin_testkit.cli',
            'preview',
            str(wheel),
            '--json',
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert data['distribution']['static'] is True
    assert data['plugins'][0]['name'] == 'Static'
    assert not mark.exists()


def test_without_one_what_does_not_import_is_told(made, tmp_path):
    wheel = made('raise ValueError("no region")\n').wheel(tmp_path)
    done = subprocess.run(
        [
            sys.executable,
            '-m',
            'imbi_plugin_testkit.cli',
            'preview',
            str(wheel),
            '-o',
            str(tmp_path / 'page.html'),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert 'seen cannot be shown: the entry point does not import' in (
        done.stdout
    )
    assert '`imbi-plugin check`' in done.stdout
    assert 'nothing to do' not in done.stdout
    assert 'It cannot be shown' in (tmp_path / 'page.html').read_text('utf-8')


def test_the_icon_comes_out_of_the_wheel(made, tmp_path):
    made_up = made()
    with_icon = snapshots.snapshot_of(
        {
            'seen': PluginManifest(
                slug='seen',
                name='Seen',
                plugin_type='connection',
                icon={
                    'package': HOME,
                    'resource': 'icon.svg',
                    'media_type': 'image/svg+xml',
                },
            )
        }
    )
    wheel = made_up.wheel(tmp_path)
    with zipfile.ZipFile(wheel, 'a') as archive:
        archive.writestr(f'{HOME}/{snapshots.FILE}', with_icon)
    found = snapshots.in_wheel(wheel, f'{HOME}/{snapshots.FILE}')
    assert found.manifests['seen'].icon.resource == 'icon.svg'
    subject = made_up.subject()
    subject.wheel = wheel
    [icon] = preview_of(subject).data()['plugins'][0]['icons']
    assert icon['removals'][0]['what'] == '<script>'


def test_an_icon_that_is_not_there_is_told(made):
    subject = made(PLUGIN.replace('icon.svg', 'gone.svg')).subject()
    [icon] = preview_of(subject).data()['plugins'][0]['icons']
    assert icon['problems']
    assert 'data' not in icon


@pytest.mark.parametrize(
    ('text', 'told'),
    [
        ('[]', 'is no static manifest'),
        ('{"format_version": 9}', 'has format 9'),
        ('{"format_version": 1, "plugins": {"a": {"slug": "A"}}}', 'slug'),
    ],
)
def test_a_snapshot_that_is_none_is_refused(text, told):
    with pytest.raises(UsageError, match=told):
        snapshots.parse(text)


def test_a_snapshot_comes_back_as_it_was():
    text = snapshot_text()
    found = snapshots.parse(text)
    assert snapshots.snapshot_of(found.manifests) == text


def project(tmp_path, site):
    folder = tmp_path / 'project'
    package = folder / 'src' / HOME
    package.mkdir(parents=True)
    (folder / 'pyproject.toml').write_text(PYPROJECT, 'utf-8')
    (package / '__init__.py').write_text(PLUGIN, 'utf-8')

    def run(*words):
        return subprocess.run(
            [sys.executable, '-m', 'imbi_plugin_testkit.cli', *words],
            cwd=folder,
            env={**os.environ, 'PYTHONPATH': str(site)},
            capture_output=True,
            text=True,
            check=False,
        )

    return package / snapshots.FILE, run


def test_the_command_writes_the_file_into_the_sources(made, tmp_path):
    target, run = project(tmp_path, made().site)
    done = run('snapshot', '--check')
    assert 'is missing. Fix: write it with `imbi-plugin' in done.stdout
    assert done.returncode == 1
    assert not target.exists()
    assert run('snapshot').returncode == 0
    assert snapshots.parse(target.read_text('utf-8')).manifests['seen'].slug
    assert run('snapshot', '--check').returncode == 0
    target.write_text('{}', 'utf-8')
    assert run('snapshot', '--check').returncode == 1
