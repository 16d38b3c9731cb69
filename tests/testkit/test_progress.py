"""The line that says what a law of seconds does, on a terminal of its own."""

import asyncio
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import types

import pytest
from _pytest.terminal import TerminalReporter

from imbi_plugin_testkit.progress import Looking, ProgressLine, fitted

SANDBOX = """
import secrets

from imbi_plugin_testkit.sandbox import BaseSandbox


class GoodSandbox(BaseSandbox):
    def __init__(self):
        super().__init__()
        self.credentials = {'client_secret': secrets.token_hex(16)}
"""

PYPROJECT = """
[project]
name = "imbi-plugin-good"
version = "1.0"

[tool.pytest.ini_options]
addopts = ["-p", "no:cacheprovider"]

[tool.imbi.testkit]
sandbox = "kit_sandbox:GoodSandbox"
"""

HURRY = """
import imbi_plugin_testkit.progress as progress

progress.DELAY, progress.EVERY = 0.1, 0.02
"""

SLOW = (
    'store[key] = value',
    'print("the plugin says so")\n'
    '        import asyncio\n'
    '        await asyncio.sleep(0.03)\n'
    '        store[key] = value',
)
"""A plugin whose laws take a while, and which writes to standard output."""

SHOWN = re.compile(r'good (CFG\d+: [^\r\n\x1b]+? \d+ s[^\r\n\x1b]*)')


class Screen:
    """A terminal, as far as pytest and the kit use one."""

    def __init__(self, columns):
        self.columns = columns
        self.rows = [[]]
        self.row = self.column = 0

    def feed(self, text):
        token = re.compile(
            r'\x1b\[([\d;?]*)([A-Za-z])|\x1b\][^\x1b\a]*'
            r'(?:\x1b\\|\a)|(.)',
            re.DOTALL,
        )
        for number, act, char in token.findall(text):
            if act == 'A':
                self.row -= int(number or 1)
                assert self.row >= 0
            elif act == 'C':
                self.column += int(number or 1)
            elif act == 'K':
                del self.line[self.column :]
            elif char == '\r':
                self.column = 0
            elif char == '\n':
                self.row += 1
            elif char:
                self._put(char)

    @property
    def line(self):
        while len(self.rows) <= self.row:
            self.rows.append([])
        return self.rows[self.row]

    def _put(self, char):
        if self.column >= self.columns:
            self.row, self.column = self.row + 1, 0
        line = self.line
        line += ' ' * (self.column + 1 - len(line))
        line[self.column] = char
        self.column += 1

    @property
    def text(self):
        rows = (''.join(row).rstrip() for row in self.rows)
        return '\n'.join(rows)


class Run:
    """A pytest in a pseudo-terminal, read to its end."""

    def __init__(self, project, *arguments, columns=100, until=None, **env):
        ours, theirs = os.openpty()
        size = struct.pack('HHHH', 30, columns, 0, 0)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        plain = {
            name: value
            for name, value in os.environ.items()
            if name not in {'CI', 'BUILD_NUMBER', 'COLUMNS', 'NO_COLOR'}
        }
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'pytest', '--imbi-plugin', *arguments],
            cwd=project.folder,
            env={
                **plain,
                'PYTHONPATH': str(project.site),
                'TERM': 'xterm-256color',
                **env,
            },
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self.written = b''
        self._read(ours, until)
        os.close(ours)
        self.code = self.process.wait(30)
        self.text = self.written.decode('utf-8')
        self.shown = SHOWN.findall(self.text)
        self.screen = Screen(columns)
        self.screen.feed(self.text)

    def _read(self, ours, until):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                data = os.read(ours, 65536)
            except OSError:  # the other side is closed
                return
            if not data:
                return
            self.written += data
            if until and until in self.written:
                until = None
                self.process.send_signal(signal.SIGINT)


@pytest.fixture
def slow(make_distribution, tmp_path):
    """Return a project whose laws take a while."""
    made = make_distribution()
    name = 'imbi_plugin_good/__init__.py'
    text = (made.site / name).read_text('utf-8')
    assert SLOW[0] in text
    made = make_distribution(
        files={
            name: text.replace(*SLOW),
            'imbi_plugin_good/py.typed': '',
        }
    )
    folder = tmp_path / 'project'
    folder.mkdir()
    (folder / 'pyproject.toml').write_text(PYPROJECT, 'utf-8')
    (folder / 'kit_sandbox.py').write_text(SANDBOX, 'utf-8')
    (folder / 'conftest.py').write_text(HURRY, 'utf-8')
    return types.SimpleNamespace(folder=folder, site=made.site)


def test_the_line_says_what_goes_on_and_goes_away(slow):
    run = Run(slow, '-v', '-k', 'CFG001 or CFG100', '--junitxml=j.xml')
    assert run.code == 0, run.screen.text
    assert any(line.startswith('CFG001: ') for line in run.shown)
    last = [line for line in run.shown if line.startswith('CFG100')][-1]
    assert re.fullmatch(r'CFG100: .* \d+ s, \d+ scripts', last)
    assert not SHOWN.search(run.screen.text)
    # pytest's own lines are whole, each result behind its own check.
    found = re.findall(
        r'^pyproject.toml::good::(CFG\d+) PASSED +\[ *\d+%\]$',
        run.screen.text,
        re.MULTILINE,
    )
    assert found == ['CFG001', 'CFG100']
    assert ' s, ' not in (slow.folder / 'j.xml').read_text('utf-8')


def test_the_line_is_one_line_on_a_narrow_terminal(slow):
    run = Run(slow, '-k', 'CFG001', columns=40, NO_COLOR='1')
    assert run.code == 0
    drawn = re.findall(r'\r\n?(good[^\r\n\x1b]*)\x1b\[K', run.text)
    assert drawn
    assert all(len(line) < 40 and line.endswith(' s') for line in drawn)
    assert '\x1b[3' not in run.text
    assert not SHOWN.search(run.screen.text)
    assert re.search(
        r'^pyproject.toml \. +\[100%\]$', run.screen.text, re.MULTILINE
    )


def test_an_interrupt_leaves_a_clean_terminal(slow):
    run = Run(slow, '-k', 'CFG001', until=b' s\x1b[K')
    assert run.code == pytest.ExitCode.INTERRUPTED
    assert run.shown
    assert not SHOWN.search(run.screen.text)
    assert 'KeyboardInterrupt' in run.screen.text


def test_a_failure_does_not_show_the_line(slow):
    source = slow.site / 'imbi_plugin_good/__init__.py'
    text = source.read_text('utf-8')
    text = text.replace(
        'sleep(0.03)\n        store[key] = value',
        'sleep(0.03)\n        store[key] = value.model_copy('
        'update={"value": value.value.strip()})',
    )
    source.write_text(text, 'utf-8')
    run = Run(slow, '-x', '-k', 'CFG001', '--imbi-plugin-report=r.json')
    assert run.code == pytest.ExitCode.TESTS_FAILED
    assert run.shown
    assert 'error[CFG001]' in run.screen.text
    assert 'the plugin says so' in run.screen.text
    assert not SHOWN.search(run.screen.text)
    assert not SHOWN.search((slow.folder / 'r.json').read_text('utf-8'))


@pytest.mark.parametrize('arguments', [['-s'], ['-n', '1']])
def test_the_line_is_not_where_it_would_be_in_the_way(slow, arguments):
    run = Run(slow, '-k', 'CFG001', *arguments)
    assert run.code == 0, run.screen.text
    assert not run.shown
    assert '\x1b[K' not in run.text


class Config:
    """As much of pytest's configuration as is asked for."""

    def __init__(self, *, verbosity=0, log_cli=False, worker=False, **rest):
        self.verbosity, self.log_cli = verbosity, log_cli
        self.options = {'capture': 'fd', **rest}
        if worker:
            self.workerinput = {}

    def get_verbosity(self):
        return self.verbosity

    def getini(self, name):
        assert name == 'log_cli'
        return self.log_cli

    def getoption(self, name, default):
        return self.options.get(name, default)


class SugarReporter(TerminalReporter):
    """Of a plugin that draws by itself."""


@pytest.mark.parametrize(
    ('told', 'facts', 'environment', 'kind'),
    [
        (True, {}, {}, TerminalReporter),
        (True, {}, {'CI': '', 'NO_COLOR': '1'}, TerminalReporter),
        (True, {'verbosity': -1}, {}, TerminalReporter),
        (True, {'verbosity': 2}, {}, TerminalReporter),
        (True, {'capture': 'sys'}, {}, TerminalReporter),
        (False, {'verbosity': -2}, {}, TerminalReporter),
        (False, {'capture': 'no'}, {}, TerminalReporter),
        (False, {'capture': 'tee-sys'}, {}, TerminalReporter),
        (False, {'log_cli': True}, {}, TerminalReporter),
        (False, {'log_cli_level': 'INFO'}, {}, TerminalReporter),
        (False, {'worker': True}, {}, TerminalReporter),
        (False, {}, {'CI': 'true'}, TerminalReporter),
        (False, {}, {'BUILD_NUMBER': '7'}, TerminalReporter),
        (False, {}, {'TERM': 'dumb'}, TerminalReporter),
        (False, {}, {'TERM': ''}, TerminalReporter),
        (False, {}, {}, SugarReporter),
        (False, {}, {}, type(None)),
    ],
)
def test_the_line_is_for_a_person_who_looks(told, facts, environment, kind):
    reporter = kind.__new__(kind)
    looking = Looking(Config(**facts), None)
    assert looking.told(reporter, {'TERM': 'xterm', **environment}) is told


def test_nothing_of_it_is_in_a_pipe(slow):
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '--imbi-plugin', '-k', 'CFG001'],
        cwd=slow.folder,
        env={
            **os.environ,
            'PYTHONPATH': str(slow.site),
            'TERM': 'xterm',
            'CI': '',
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    assert not SHOWN.search(done.stdout + done.stderr)
    assert '\x1b' not in done.stdout


def test_a_debugger_has_the_terminal_to_itself():
    ours, theirs = os.pipe()
    looking = Looking(None, None)
    looking.line = ProgressLine(theirs, 'utf-8', lambda: 7)
    looking.line.draw('good CFG001: it holds', 2.0)
    looking.pytest_enter_pdb()
    looking.pytest_enter_pdb()
    looking.line.draw('good CFG001: it holds', 5.0)
    looking.pytest_unconfigure()
    written = os.read(ours, 4096).decode()
    os.close(ours)
    assert written == (
        '\r\ngood CFG001: it holds 2 s\x1b[K\r\x1b[K\x1b[A\x1b[7C'
        '\r\ngood CFG001: it holds 5 s\x1b[K\r\x1b[K\x1b[A\x1b[7C'
    )


def test_a_terminal_that_is_gone_does_not_end_the_run():
    ours, theirs = os.pipe()
    line = ProgressLine(theirs, 'utf-8', lambda: 0)
    os.close(ours)
    line.draw('good CFG001: it holds', 2.0)
    line.draw('good CFG001: it holds', 3.0)
    line.close()


def test_the_edge_of_the_terminal_is_left_alone(monkeypatch):
    monkeypatch.setattr(
        'os.get_terminal_size', lambda _: os.terminal_size((40, 9))
    )
    ours, theirs = os.pipe()
    line = ProgressLine(theirs, 'utf-8', lambda: 80)
    line.draw('good CFG001: it holds', 2.0)
    line.close()
    assert os.read(ours, 99) == b''
    os.close(ours)


def test_what_ends_soon_is_not_shown():
    ours, theirs = os.pipe()
    line = ProgressLine(theirs, 'utf-8', lambda: 0)
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        with line.showing('good CFG001: it holds', loop, lambda: 0):
            runner.run(asyncio.sleep(0.01))
        runner.run(asyncio.sleep(0.01))
        assert not [each for each in loop._scheduled if not each.cancelled()]
    line.close()
    assert os.read(ours, 99) == b''
    os.close(ours)


@pytest.mark.parametrize(
    ('columns', 'encoding', 'expected'),
    [
        (80, 'utf-8', 'aws-ssm CFG001: what is read 12 s, 3 scripts'),
        (40, 'utf-8', 'aws-ssm CFG001: what i… 12 s, 3 scripts'),
        (40, 'ascii', 'aws-ssm CFG001: what... 12 s, 3 scripts'),
        (20, 'utf-8', 'aw… 12 s, 3 scripts'),
        (19, 'utf-8', ''),
        (0, 'utf-8', ''),
    ],
)
def test_a_line_fits(columns, encoding, expected):
    line = fitted(
        'aws-ssm CFG001: what is read', ' 12 s, 3 scripts', columns, encoding
    )
    assert line == expected
    assert len(line) < max(columns, 1)


def test_a_line_holds_no_control_characters_and_knows_wide_ones():
    assert fitted('a\x1b[2J\nb', ' 1 s', 80) == 'a?[2J?b 1 s'
    assert fitted('東京東京東京東京東京', ' 1 s', 20) == '東京東京東京東… 1 s'
    assert fitted('東京', ' 1 s', 20, 'latin-1') == '?? 1 s'
