"""The command line, run as its users run it but in this process."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import imbi_plugin_sdk
from imbi_plugin_sdk import contract_lock
from imbi_plugin_sdk.catalog import Catalog
from imbi_plugin_testkit import cli
from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.commands import judging

FULL = Path('/dev/full')
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">\n'
    '  <script>alert(1)</script>\n'
    '  <path d="M0 0h8v8H0z"/>\n</svg>\n'
)


@pytest.fixture
def command(capsys):
    """Return a function from words to (exit code, output, errors)."""

    def run(*words):
        try:
            code = cli.main(words)
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_every_check_can_be_explained(command):
    for name in catalogue():
        code, out, _ = command('explain', name)
        assert code == 0
        assert out.startswith(f'{name}: ')
        assert 'Fix: ' in out


@pytest.mark.parametrize(
    ('name', 'says'),
    [
        ('man020', 'lower-case words'),
        ('github', 'GitHub'),
        ('icon_bomb', 'expands'),
        ('url_userinfo', 'in front of the host'),
        ('slug_invalid', 'reports it as MAN020'),
        ('rate_limited', 'HTTP 429'),
        ('plan_stale', 'PlanStale'),
    ],
)
def test_an_id_of_any_table_can_be_explained(command, name, says):
    code, out, _ = command('explain', name)
    assert code == 0
    assert says in out


@pytest.mark.parametrize(
    ('name', 'meant'), [('MAN02', "'MAN0"), ('githb', "'github'")]
)
def test_an_unknown_id_names_a_near_one(command, name, meant):
    code, _, err = command('explain', name)
    assert code == 2
    assert f'Did you mean {meant}' in err


@pytest.mark.parametrize('name', ['logs', 'MAN'])
def test_a_type_or_a_family_leads_to_its_list(command, name):
    code, _, err = command('explain', name)
    assert code == 2
    assert f'`imbi-plugin list {name}`' in err
    assert command('list', name)[0] == 0


def test_several_ids_are_explained_in_one_go(command):
    code, out, _ = command('explain', 'LOG001', 'github')
    assert code == 0
    assert out.startswith('LOG001: ')
    assert '\n\ngithub: ' in out
    _, out, _ = command('explain', '--json', 'LOG001', 'github')
    assert [one['id'] for one in json.loads(out)] == ['LOG001', 'github']
    _, out, _ = command('explain', '--json', 'LOG001')
    assert json.loads(out)['id'] == 'LOG001'


def test_every_code_of_the_sdk_can_be_explained(command):
    from imbi_plugin_sdk.invocation.responses import (  # noqa: PLC0415
        ERROR_RESPONSES,
    )

    for code in ERROR_RESPONSES:
        assert command('explain', code)[0] == 0, code


def test_bash_completes_commands_options_and_ids(command, tmp_path):
    script = tmp_path / 'complete.bash'
    script.write_text(command('completion', 'bash')[1], 'utf-8')

    def complete(*words):
        line = ' '.join(f"'{word}'" for word in words)
        done = subprocess.run(
            [
                'bash',
                '-c',
                f'source {script}; COMP_WORDS=({line}); '
                f'COMP_CWORD={len(words) - 1}; _imbi_plugin; '
                'echo "${COMPREPLY[@]}"',
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    assert complete('imbi-plugin', 'exp') == ['explain']
    assert complete('imbi-plugin', 'explain', 'CFG00') == [
        f'CFG00{number}' for number in range(1, 10)
    ]
    assert complete('imbi-plugin', 'catalog', 'ch') == ['check']
    assert '--json' in complete('imbi-plugin', 'list', '--')


@pytest.mark.parametrize('shell', ['bash', 'fish', 'zsh'])
def test_every_command_is_completed_in_every_shell(command, shell):
    _, out, _ = command('completion', shell)
    for name in cli.COMMANDS:
        assert name in out


def test_the_list_has_every_check_once(command):
    code, out, _ = command('list', '--json')
    assert code == 0
    assert [row['id'] for row in json.loads(out)] == list(catalogue())


def test_words_narrow_the_list_down(command):
    _, out, _ = command('list', 'man')
    ids = [line.split()[0] for line in out.splitlines()]
    assert ids == [name for name in catalogue() if name.startswith('MAN')]
    _, out, _ = command('list', '--json', 'logs', 'cursor')
    ids = {row['id'] for row in json.loads(out)}
    assert {'LOG002', 'LOG005'} <= ids
    assert all(
        'logs' in catalogue()[name].types
        and 'cursor' in catalogue()[name].title
        for name in ids
    )


def test_a_word_that_nothing_has_is_a_usage_error(command):
    code, out, err = command('list', 'frobnicate')
    assert (code, out) == (2, '')
    assert "no check fits 'frobnicate'" in err


def test_without_a_command_the_commands_are_shown(command):
    code, out, err = command()
    assert (code, out) == (2, '')
    assert all(name in err for name in cli.COMMANDS)


def test_the_version_is_told(command):
    code, out, _ = command('--version')
    assert code == 0
    assert out == f'imbi-plugin-sdk {imbi_plugin_sdk.__version__}\n'


def test_a_missing_argument_shows_what_it_may_be(command):
    code, _, err = command('schema')
    assert code == 2
    assert 'usage: imbi-plugin schema' in err
    assert 'manifest' in err


@pytest.fixture(name='written_to')
def fixture_written_to():
    """Return what runs a command that writes to a file that is open."""

    def run(file, *words, unbuffered='', **given):
        done = subprocess.run(
            [sys.executable, '-m', 'imbi_plugin_testkit.cli', *words],
            stdout=file,
            stderr=subprocess.PIPE,
            env={**os.environ, 'PYTHONUNBUFFERED': unbuffered},
            check=False,
            text=True,
            **given,
        )
        return done.returncode, done.stderr

    return run


@pytest.mark.parametrize(
    ('words', 'unbuffered', 'code'),
    [
        (('explain', 'LOG001'), '', 0),
        (('secrets', '-'), '', 1),
        # The reader goes before the command has come to an end.
        (('list',), '1', 141),
    ],
)
def test_a_reader_that_has_enough_changes_no_verdict(
    written_to, words, unbuffered, code
):
    reader, writer = os.pipe()
    os.close(reader)
    secret = '{"client_secret": "q8Zr2Lw9Xc4Vb7Nm1Kp6"}'
    told = written_to(writer, *words, unbuffered=unbuffered, input=secret)
    os.close(writer)
    assert told == (code, '')


@pytest.mark.skipif(not FULL.exists(), reason='no /dev/full')
@pytest.mark.parametrize('unbuffered', ['', '1'])
def test_a_full_disk_is_no_verdict(written_to, unbuffered):
    with FULL.open('w', encoding='utf-8') as full:
        code, told = written_to(
            full, 'explain', 'LOG001', unbuffered=unbuffered
        )
    assert code == 2
    assert told == (
        'imbi-plugin: the output cannot be written: No space left on device. '
        'Fix: make room, or write elsewhere.\n'
    )


def test_another_failure_of_the_system_is_not_called_a_full_disk(
    command, monkeypatch
):
    def list_checks(_):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(judging, 'list_checks', list_checks)
    with pytest.raises(PermissionError):
        command('list')


def test_a_misspelt_command_names_a_near_one(command, monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['imbi-plugin', 'chek'])
    code, _, err = command('chek')
    assert code == 2
    assert "Did you mean 'check'" in err


def test_a_wheel_is_checked_without_pytest(command, make_distribution):
    wheel = make_distribution().wheel()
    code, out, _ = command('check', str(wheel))
    assert code == 1  # no sandbox is configured
    assert 'error[KIT001]' in out
    code, out, _ = command('check', str(wheel), '--json')
    report = json.loads(out)
    assert report['verdict'] == 'not_conformant'
    assert report['distribution']['source'] == 'wheel'


def test_an_unknown_distribution_is_a_usage_error(command):
    code, _, err = command('check', 'imbi-plugin-nowhere')
    assert code == 2
    assert 'no distribution' in err


def test_an_icon_is_told_with_line_and_caret(command, tmp_path):
    path = tmp_path / 'icon.svg'
    path.write_text(ICON, 'utf-8')
    clean, page = tmp_path / 'clean.svg', tmp_path / 'page.html'
    code, out, _ = command(
        'icon', str(path), '-o', str(clean), '--preview', str(page)
    )
    assert code == 1
    assert 'icon.svg:2:3 <script>' in out
    assert '\n      <script>alert(1)</script>\n      ^\n' in out
    assert b'script' not in clean.read_bytes()
    text = page.read_text('utf-8')
    assert "default-src 'none'" in text
    assert '<script' not in text
    assert command('icon', str(clean))[0] == 0


def test_an_icon_that_is_refused_says_why(command, tmp_path):
    path = tmp_path / 'icon.svg'
    path.write_text('<svg', 'utf-8')
    code, out, _ = command('icon', str(path), '--json')
    assert code == 1
    assert json.loads(out)['refused'][0]['code'] == 'icon_not_xml'
    assert command('icon', str(tmp_path / 'icon.gif'))[0] == 2


def test_secrets_are_found_and_not_shown(command, tmp_path, monkeypatch):
    secret = 'ghp_' + 'a1B2c3' * 6
    path = tmp_path / 'some.json'
    path.write_text(json.dumps({'note': f'use {secret}'}), 'utf-8')
    code, out, _ = command('secrets', str(path))
    assert code == 1
    assert 'note: ' in out
    assert 'a1B2c3' not in out
    stdin = io.TextIOWrapper(io.BytesIO(b'client_secret = "hunter2hunter2"'))
    monkeypatch.setattr(sys, 'stdin', stdin)
    code, out, _ = command('secrets', '-', '--json')
    assert code == 1
    assert json.loads(out)[0]['path'] == 'client_secret'
    path.write_text('{"token_url": "https://acme.io/token"}', 'utf-8')
    assert command('secrets', str(path))[0] == 0
    path.write_text('{', 'utf-8')
    assert command('secrets', str(path))[0] == 2


def test_secrets_of_several_files_are_told_by_file(command, tmp_path):
    secret = 'ghp_' + 'a1B2c3' * 6
    good, bad = tmp_path / 'good.json', tmp_path / 'bad.json'
    good.write_text('{}', 'utf-8')
    bad.write_text(json.dumps({'note': secret}), 'utf-8')
    code, out, _ = command('secrets', str(good), str(bad))
    assert code == 1
    assert f'{bad}: ' in out
    assert f'{good}: ' not in out


def test_the_shipped_lock_and_catalog_are_true(command, tmp_path):
    assert command('contract', 'check')[0] == 0
    assert Catalog.shipped().entries
    path = tmp_path / 'catalog.toml'
    path.write_text('format_version = 1\n[[entry]]\n', 'utf-8')
    code, out, _ = command('catalog', 'check', str(path), '--json')
    assert code == 1
    assert json.loads(out)


def test_two_locks_are_compared(command, tmp_path):
    old = tmp_path / 'old.json'
    text = contract_lock.lock_text(contract_lock.read_lock())
    old.write_text(text, 'utf-8')
    new = tmp_path / 'new.json'
    assert '"payload"' not in text
    new.write_text(text.replace('"event"', '"payload"'), 'utf-8')
    code, out, _ = command('contract', 'diff', str(old), str(old))
    assert (code, out) == (0, '0 changes\n')
    code, out, _ = command('contract', 'diff', str(old), str(new))
    assert code == 1
    assert 'breaking' in out
    assert command('contract', 'diff', str(old))[0] == 2
    code, out, _ = command('contract', 'diff', str(old), str(new), '--json')
    assert code == 1
    assert {one['severity'] for one in json.loads(out)} == {'breaking'}
    assert all(one['fix'] for one in json.loads(out))


def test_a_lock_is_read_from_a_wheel_and_from_standard_input(
    command, tmp_path, monkeypatch
):
    text = contract_lock.lock_text(contract_lock.read_lock())
    wheel = tmp_path / 'imbi_plugin_sdk-0.1.0-py3-none-any.whl'
    with zipfile.ZipFile(wheel, 'w') as archive:
        archive.writestr('imbi_plugin_sdk/contracts.lock.json', text)
    stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
    monkeypatch.setattr('sys.stdin', stdin)
    code, out, _ = command('contract', 'diff', str(wheel), '-')
    assert (code, out) == (0, '0 changes\n')


def test_what_is_no_lock_is_a_usage_error(command, tmp_path):
    lock = tmp_path / 'lock.json'
    lock.write_text(contract_lock.lock_text(contract_lock.read_lock()))
    other = tmp_path / 'other.json'
    other.write_bytes(b'\xff')
    empty = tmp_path / 'empty.json'
    empty.write_text('{"format_version": 2}')
    wheel = tmp_path / 'other.whl'
    with zipfile.ZipFile(wheel, 'w') as archive:
        archive.writestr('other/__init__.py', '')
    broken = tmp_path / 'broken.whl'
    broken.write_bytes(b'PK')
    for name, words in (
        (other, 'could not be read (UnicodeDecodeError)'),
        (empty, 'is 2; this SDK reads 1'),
        (wheel, 'could not be read (KeyError)'),
        (broken, 'could not be read (BadZipFile)'),
        (tmp_path, 'could not be read (IsADirectoryError)'),
        (tmp_path / 'none', 'could not be read (FileNotFoundError)'),
    ):
        for pair in ((lock, name), (name, lock)):
            code, out, err = command('contract', 'diff', *map(str, pair))
            assert (code, out) == (2, '')
            assert words in err
            assert str(name) in err
            assert 'Fix:' in err
    code, _, err = command('contract', 'check', str(lock))
    assert code == 2
    assert 'Fix:' in err
