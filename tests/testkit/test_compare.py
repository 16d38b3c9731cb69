"""`imbi-plugin compare`: what a release changes for operators."""

from __future__ import annotations

import json

import pytest

from imbi_plugin_sdk.manifest import PluginManifest, PluginOption
from imbi_plugin_testkit import cli


@pytest.fixture
def command(capsys):
    """Return a function from words to (exit code, output, errors)."""

    def run(*words):
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a manifest, or several, as JSON."""
    made = 0

    def write(*manifests):
        nonlocal made
        made += 1
        path = tmp_path / f'manifest-{made}.json'
        data = [json.loads(one.model_dump_json()) for one in manifests]
        path.write_text(json.dumps(data[0] if len(data) == 1 else data))
        return path

    return write


def manifest(**facts):
    return PluginManifest(
        **{'slug': 'one', 'name': 'One', 'plugin_type': 'logs', **facts}
    )


NEEDS = PluginOption(name='region', label='Region', required=True)
MAY = PluginOption(name='limit', label='Limit')


def test_the_same_manifest_changes_nothing(command, written):
    code, out, _ = command('compare', written(manifest()), written(manifest()))
    assert (code, out) == (0, 'no changes for operators\n')


@pytest.mark.parametrize(
    ('facts', 'code', 'words'),
    [
        ({'options': [MAY]}, 0, '1 change: minor release'),
        ({'options': [NEEDS]}, 1, '1 change: major release'),
        ({'name': 'Uno'}, 0, '1 change: patch release'),
        ({'slug': 'uno'}, 1, 'major release'),
    ],
)
def test_changes_are_told_with_the_bump_that_they_deserve(
    command, written, facts, code, words
):
    old, new = written(manifest()), written(manifest(**facts))
    found, out, _ = command('compare', old, new)
    assert found == code
    assert words in out.splitlines()[-1]
    assert 'one' in out.splitlines()[0]


def test_a_list_of_manifests_is_a_distribution(command, written):
    both = written(manifest(), manifest(slug='two', name='Two'))
    code, out, _ = command('compare', both, written(manifest()))
    assert code == 1
    assert 'two is removed' in out
    code, out, _ = command('compare', written(manifest()), both)
    assert code == 0


def plugin(option):
    return (
        'from imbi_plugin_sdk import (\n'
        '    ConnectionPlugin, PluginManifest, PluginOption,\n)\n'
        'class Handler(ConnectionPlugin):\n'
        '    manifest = PluginManifest(\n'
        "        slug='one', name='One', plugin_type='connection',\n"
        f'        options=[{option}],\n    )\n'
    )


def wheel(make_distribution, folder, version, option=''):
    folder.mkdir()
    return make_distribution(
        'imbi-plugin-one',
        version,
        files={'imbi_plugin_one/__init__.py': plugin(option)},
        entry_points={'one': 'imbi_plugin_one:Handler'},
    ).wheel(folder)


OPTION = "PluginOption(name='region', label='Region', required=True)"


def test_wheels_are_compared_with_their_versions(
    command, make_distribution, tmp_path
):
    old = wheel(make_distribution, tmp_path / 'old', '1.2.3')
    low = wheel(make_distribution, tmp_path / 'low', '1.3', OPTION)
    high = wheel(make_distribution, tmp_path / 'high', '2.0', OPTION)
    code, out, _ = command('compare', old, low)
    assert code == 1
    assert out.splitlines()[-1] == (
        '1 change: major release, 2.0.0 or later; 1.3 is too low'
    )
    code, out, _ = command('compare', old, high, '--json')
    told = json.loads(out)
    assert code == 1  # an operator must act, whatever the version says
    assert told['bump'] == 'major'
    assert told['needed_version'] == '2.0.0'
    assert told['is_told_by_version'] is True
    assert told['old'] == {'name': str(old), 'version': '1.2.3'}
    assert [one['plugin'] for one in told['changes']] == ['one']


def test_a_version_that_is_too_low_fails_alone(
    command, make_distribution, tmp_path
):
    optional = OPTION.replace('True', 'False')
    old = wheel(make_distribution, tmp_path / 'old', '1.2.3')
    new = wheel(make_distribution, tmp_path / 'new', '1.2.4', optional)
    code, out, _ = command('compare', old, new)
    assert code == 1
    assert '1.3.0 or later; 1.2.4 is too low' in out


def test_an_older_version_is_told_also_where_nothing_changes(
    command, make_distribution, tmp_path
):
    old = wheel(make_distribution, tmp_path / 'old', '1.2.3')
    new = wheel(make_distribution, tmp_path / 'new', '1.2.2')
    code, out, _ = command('compare', old, new)
    assert (code, out) == (
        1,
        'no changes for operators; 1.2.2 is too low\n',
    )
    assert command('compare', new, old)[0] == 0


def test_one_slug_twice_is_a_usage_error(command, written):
    code, _, err = command(
        'compare', written(manifest(), manifest()), written(manifest())
    )
    assert code == 2
    assert 'slug_duplicate' in err


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('[' * 100_000, 'could not be read (RecursionError)'),
        (None, 'could not be read (FileNotFoundError)'),
        ('{', 'could not be read (JSONDecodeError)'),
        ('[]', 'holds no manifest'),
        ('[1]', 'holds no manifest'),
        ('{"slug": "One"}', 'slug_invalid'),
    ],
)
def test_what_cannot_be_compared_is_a_usage_error(
    command, written, tmp_path, text, words
):
    path = tmp_path / 'other.json'
    if text is not None:
        path.write_text(text)
    code, out, err = command('compare', written(manifest()), path)
    assert (code, out) == (2, '')
    assert words in err


def test_an_unknown_distribution_and_a_broken_one_are_usage_errors(
    command, written, make_distribution, tmp_path
):
    old = written(manifest())
    code, _, err = command('compare', old, 'imbi-plugin-nowhere')
    assert (code, 'imbi-plugin-nowhere' in err) == (2, True)
    broken = wheel(make_distribution, tmp_path / 'new', '1.0', 'oops')
    code, _, err = command('compare', old, broken)
    assert code == 2
    assert 'could not be read (NameError)' in err
    assert '`imbi-plugin check imbi-plugin-one`' in err
