"""A release: its version, its notes, its bytes and its SBOM."""

import hashlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / '.ci/release.py'
MOMENT = '1767225600'  # 2026-01-01T00:00:00Z

pytestmark = pytest.mark.skipif(
    not (ROOT / '.github').exists(), reason='only in a checkout of the project'
)


@pytest.fixture
def release(tmp_path, capsys):
    """Return a function that runs the script on a made-up project."""
    main = runpy.run_path(str(SCRIPT))['main']

    def run(*words, changelog, version='1.2.0'):
        (tmp_path / 'pyproject.toml').write_text(
            f'[project]\nname = "x"\nversion = "{version}"\n'
        )
        (tmp_path / 'CHANGELOG.md').write_text(changelog)
        status = main([*words], tmp_path)
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


CHANGELOG = """\
# Changelog

## [Unreleased]

- Not yet.

## [1.2.0] - 2026-12-01

### Added

- This.

## [1.1.0] - 2026-11-01

- That.
"""


def test_the_notes_are_the_versions_section_and_nothing_else(release):
    status, out, _ = release('notes', changelog=CHANGELOG)
    assert (status, out) == (0, '### Added\n\n- This.\n')
    status, out, _ = release('notes', changelog=CHANGELOG, version='1.1.0')
    assert (status, out) == (0, '- That.\n')


def test_a_tag_that_is_the_version_may_be_released(release):
    assert release('check', 'v1.2.0', changelog=CHANGELOG) == (0, '', '')


@pytest.mark.parametrize('tag', ['1.2.0', 'v1.2', 'v1.2.0rc1', 'v1.1.0'])
def test_another_tag_is_refused(release, tag):
    status, _, told = release('check', tag, changelog=CHANGELOG)
    assert status == 1
    assert repr(tag) in told
    assert 'v1.2.0 is its tag' in told


@pytest.mark.parametrize(
    ('changelog', 'told'),
    [
        (CHANGELOG.replace('[1.2.0]', '[1.2.1]'), 'has no heading'),
        (CHANGELOG.replace(' - 2026-12-01', ''), 'has no heading'),
        (CHANGELOG.replace('2026-12-01', 'soon'), "'soon', which is no date"),
        (CHANGELOG.replace('2026-12-01', '2026-13-01'), 'is no date'),
        (CHANGELOG.replace('### Added\n\n- This.\n', ''), 'says nothing'),
    ],
)
@pytest.mark.parametrize('words', [('notes',), ('check', 'v1.2.0')])
def test_a_changelog_that_is_not_closed_is_refused(
    release, changelog, told, words
):
    status, out, problem = release(*words, changelog=changelog)
    assert (status, out) == (1, '')
    assert told in problem
    assert '1.2.0' in problem


def test_other_words_print_the_usage(release):
    status, _, told = release('chekc', changelog=CHANGELOG)
    assert status == 2
    assert 'release.py check TAG' in told


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    """Return two copies of the tree that differ in all but their files.

    The second is a copy of the first: the tree may change meanwhile.
    """
    if not (ROOT / '.git').exists():
        pytest.skip('git tells which files belong to the project')
    first = tmp_path_factory.mktemp('first') / 'project'
    second = tmp_path_factory.mktemp('second') / 'some/where/else'
    every = ['--cached', '--others', '--exclude-standard']
    listed = subprocess.run(
        ['git', 'ls-files', '-z', *every],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split('\0')):
        if (ROOT / name).is_file():
            (first / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, first / name)
    shutil.copytree(first, second)
    for file in sorted(second.rglob('*'), reverse=True):
        # That a script is executable is part of what it is.
        file.chmod(file.stat().st_mode & 0o700)
        os.utime(file, (1e9, 1e9))
    left = second / 'imbi_plugin_sdk/__pycache__/errors.cpython-39.pyc'
    left.parent.mkdir()
    left.write_bytes(b'left behind')
    return first, second


@pytest.fixture(scope='module')
def builder(folders, tmp_path_factory):
    """Return the pinned builder's environment, made as a release makes it."""
    home = tmp_path_factory.mktemp('builder') / 'environment'
    made = make(folders[0], f'{home}/.ready', f'BUILDER={home}')
    assert made.returncode == 0, made.stderr
    return home


def make(folder, *words, moment=MOMENT):
    return subprocess.run(
        ['make', *words, f'PYTHON={sys.executable}'],
        cwd=folder,
        env={**os.environ, 'SOURCE_DATE_EPOCH': moment},
        capture_output=True,
        text=True,
        check=False,
    )


def built(folder, *words, moment=MOMENT):
    done = make(folder, *words, moment=moment)
    assert done.returncode == 0, done.stderr
    dist = folder / 'dist'
    files = [*dist.glob('*.whl'), *dist.glob('*.tar.gz')]
    assert [file.suffix for file in files] == ['.whl', '.gz']
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }


def test_two_folders_give_the_same_bytes(folders):
    # The environment that runs the tests, and not a new one in each folder.
    venv = Path(sys.executable).parents[1]
    words = ('build', f'VENV={venv}', '-o', f'{venv}/.ready')
    if not (venv / 'bin/uv').exists():
        pytest.skip('`make test` has the environment that `make build` uses')
    first, second = (built(folder, *words) for folder in folders)
    assert first == second


def test_a_release_has_the_same_bytes_anywhere_and_an_sbom_without_places(
    folders, builder
):
    words = ('release-build', f'BUILDER={builder}')
    later = built(folders[1], *words, moment=str(int(MOMENT) + 86400))
    first, second = (built(folder, *words) for folder in folders)
    assert first == second
    assert first.keys() == later.keys()
    assert all(first[name] != later[name] for name in first)

    folder = folders[0]
    done = make(folder, 'sbom', f'BUILDER={builder}')
    assert done.returncode == 0, done.stderr
    [file] = (folder / 'build/sbom').glob('*.cdx.json')
    assert re.fullmatch(r'imbi_plugin_sdk-[\w.]+\.cdx\.json', file.name)
    text = file.read_text('utf-8')
    bom = json.loads(text)
    assert bom['bomFormat'] == 'CycloneDX'
    assert bom['metadata']['component']['name'] == 'imbi-plugin-sdk'
    assert bom['metadata']['timestamp'].startswith('2026-01-01T00:00:00')
    names = {each['name'].lower() for each in bom['components']}
    assert names >= {'pydantic', 'pydantic_core', 'defusedxml', 'pytest'}
    assert not names & {'pip', 'uv', 'hatchling', 'cyclonedx-bom'}
    assert str(folder) not in text
    assert 'file:' not in text


def test_without_a_wheel_there_is_no_sbom(tmp_path):
    shutil.copy(ROOT / 'pyproject.toml', tmp_path)
    shutil.copy(ROOT / 'Makefile', tmp_path)
    (tmp_path / '.ready').touch()
    done = make(tmp_path, 'sbom', f'BUILDER={tmp_path}')
    assert done.returncode != 0
    assert 'run `make release-build`' in done.stderr
