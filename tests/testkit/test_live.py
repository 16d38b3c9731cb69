"""Live and read-only runs, and what a run leaves behind."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import time
import types

import pytest

from imbi_plugin_testkit import models
from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.config import Config, UsageError, read_config
from imbi_plugin_testkit.lab import Lab, Labs, SandboxBroken
from imbi_plugin_testkit.lab.guards import Guard, NetworkDeniedError
from imbi_plugin_testkit.lab.live import announcement, refusal, remote_hosts
from imbi_plugin_testkit.lab.writing import (
    ASKED,
    MAKING,
    READS,
    read_only,
    writes,
)
from imbi_plugin_testkit.memory import MemoryConfiguration, MemorySandbox
from imbi_plugin_testkit.model import Untestable
from imbi_plugin_testkit.models import (
    deployment,
    identity,
    incidents,
    lifecycle,
    logs,
    webhook,
)
from imbi_plugin_testkit.sandbox import BaseSandbox
from imbi_plugin_testkit.subject import EntryPoint, PluginUnderTest, Subject

HOST = 'store.example.com'
WRITES = 'parameters below /imbi/kit-*'

LIVE = '''
import json, os, secrets, sys
from pathlib import Path

from imbi_plugin_testkit.memory import MemorySandbox

from imbi_plugin_good import FileServer


class FileSandbox(MemorySandbox):
    """Keeps everything in a file, beside what somebody else has there."""

    backend = 'real'
    hosts = {hosts}
    writes = {writes}

    def __init__(self):
        super().__init__()
        self.server = FileServer(self.credentials['api_token'], self.limits)
        self.context.assignment_options['endpoint'] = self.server.address

    async def __aenter__(self):
        Path(os.environ['STORE'] + '.opened').write_text('yes')
        self.server.write('/imbi/theirs/testing/k', {{'value': 'theirs'}})
        return self


def make(plugin):
    return FileSandbox()
'''

PLUGIN = """
import asyncio, json, os
from pathlib import Path

from imbi_plugin_testkit.memory import MemoryConfiguration
from imbi_plugin_testkit.memory.server import MemoryServer


class FileServer(MemoryServer):
    '''Writes its items to a file with every change.'''

    def write(self, path, item):
        super().write(path, item)
        self.save()

    def save(self):
        held = dict(self.items())
        Path(os.environ['STORE']).write_text(json.dumps(held), 'utf-8')

    async def request(self, verb, url, **facts):
        if len(dict(self.items())) > 3 and 'SLOWLY' in os.environ:
            # Long enough to be interrupted in the middle of a law.
            await asyncio.sleep(0 if verb == 'DELETE' else 0.5)
        answer = await super().request(verb, url, **facts)
        self.save()
        return answer


class GoodPlugin(MemoryConfiguration):
    pass
"""

PYPROJECT = """
[project]
name = "imbi-plugin-good"
version = "1.0"
dependencies = ["imbi-plugin-sdk>=0.1"]

[tool.pytest.ini_options]
addopts = ["-p", "no:cacheprovider"]

[tool.imbi.testkit]
sandbox = "kit_sandbox:make"
"""


class Project:
    def __init__(self, folder, site):
        self.folder, self.site = folder, site
        self.store = folder / 'store.json'

    def command(self, *arguments):
        return [sys.executable, '-m', 'pytest', '--imbi-plugin', *arguments]

    def environment(self, **more):
        return {
            **os.environ,
            'PYTHONPATH': str(self.site),
            'STORE': str(self.store),
            'COLUMNS': '200',
            **more,
        }

    def pytest(self, *arguments):
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def held(self):
        return sorted(json.loads(self.store.read_text('utf-8')))

    def held_now(self):
        """Return the same of a file that may be half written."""
        try:
            return self.held()
        except ValueError:
            return []

    @property
    def opened(self):
        return (self.folder / 'store.json.opened').exists()


@pytest.fixture
def project(make_distribution, tmp_path):
    """Return a function that makes a project with a file as its backend."""

    def make(hosts=(HOST,), writes=WRITES):
        made = make_distribution(
            files={
                'imbi_plugin_good/__init__.py': PLUGIN,
                'imbi_plugin_good/py.typed': '',
            }
        )
        folder = tmp_path / 'project'
        folder.mkdir()
        (folder / 'pyproject.toml').write_text(PYPROJECT, 'utf-8')
        text = LIVE.format(hosts=repr(hosts), writes=repr(writes))
        (folder / 'kit_sandbox.py').write_text(
            text.replace('{{', '{').replace('}}', '}'), 'utf-8'
        )
        return Project(folder, made.site)

    return make


# Hosts beyond this machine -------------------------------------------------


def test_a_sandbox_that_reaches_out_is_refused_before_it_opens(project):
    here = project()
    run = here.pytest()
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    said = run.stdout + run.stderr
    assert f'reaches {HOST}' in said
    assert f'would write {WRITES}' in said
    assert '--imbi-plugin-live' in said
    assert not here.opened
    assert not here.store.exists()


def test_a_live_run_says_first_what_it_will_write(project):
    here = project()
    run = here.pytest('--imbi-plugin-live', '-k', 'CFG002 or CFG007')
    assert run.returncode == 0, run.stdout
    said = f'live run: good: will write {WRITES} on {HOST}'
    assert said in run.stdout
    assert run.stdout.index(said) < run.stdout.index('collected')
    assert '2 passed' in run.stdout
    assert here.held() == ['/imbi/theirs/testing/k']


def test_a_live_run_that_does_not_say_what_it_writes_is_refused(project):
    here = project(writes='')
    run = here.pytest('--imbi-plugin-live', '-k', 'CFG002')
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert 'does not say what it writes' in run.stdout + run.stderr
    assert not here.opened


def test_a_live_run_may_be_read_only(project):
    here = project(writes=())
    run = here.pytest(
        '--imbi-plugin-live', '--imbi-plugin-read-only', '-k', 'CFG or ASY'
    )
    assert f'will read from {HOST} and write nothing' in run.stdout
    assert here.held() == ['/imbi/theirs/testing/k']
    assert 'read-only mode' in run.stdout
    assert 'failed' not in run.stdout.rpartition('\n=')[2]


def test_checks_that_run_nothing_need_no_flag(project):
    here = project()
    run = here.pytest('-k', 'MAN001')
    assert run.returncode == 0, run.stdout
    assert not here.opened


@pytest.mark.parametrize('host', ['127.0.0.1', 'localhost', '::1', ' '])
def test_a_host_on_this_machine_is_none_beyond_it(host):
    sandbox = types.SimpleNamespace(hosts=(host,), writes='x')
    assert remote_hosts(sandbox) == ()
    assert refusal(sandbox, Config(), live=False) == ''
    assert 'no host beyond' in announcement('p', sandbox, Config())


def test_hosts_and_writes_may_be_a_text_or_several():
    sandbox = types.SimpleNamespace(hosts=HOST, writes=('keys', 'tags'))
    assert remote_hosts(sandbox) == (HOST,)
    reason = refusal(sandbox, Config(), live=False)
    assert 'would write keys and tags;' in reason
    assert refusal(sandbox, Config(), live=True) == ''
    said = announcement('p', sandbox, Config())
    assert said == f'p: will write keys and tags on {HOST}'


def test_no_pyproject_can_make_a_run_live():
    with pytest.raises(UsageError, match=r'live: is not known'):
        read_config({'tool': {'imbi': {'testkit': {'live': True}}}})
    table = {'tool': {'imbi': {'testkit': {'read-only': True}}}}
    assert read_config(table).read_only


@pytest.mark.parametrize('live', [False, True])
def test_labs_refuse_also_without_pytest(under_test, live):
    class Remote(MemorySandbox):
        hosts = (HOST,)
        writes = WRITES

        async def __aenter__(self):
            entered.append(self)
            return self

    entered = []
    labs = Labs(0, factory=lambda _: Remote(), live=live)
    plugin = under_test(MemoryConfiguration)
    try:
        if live:
            assert labs.opened(plugin).hosts == (HOST,)
            return
        with pytest.raises(SandboxBroken, match='--imbi-plugin-live'):
            labs.opened(plugin)
        with pytest.raises(Untestable, match='KIT002'):
            list(labs.run(plugin, catalogue()['CFG002']))
        assert entered == []  # entering it may write already
    finally:
        labs.close()


def test_only_the_named_hosts_are_let_through(tmp_path, monkeypatch):
    asked = []

    def resolve(host, port, *args, **kwargs):
        asked.append(host)
        address = '192.0.2.7' if host == HOST.upper() else '192.0.2.8'
        entry = socket.AF_INET, socket.SOCK_STREAM, 6, '', (address, port)
        return [entry]

    monkeypatch.setattr(socket, 'getaddrinfo', resolve)
    with Guard(str(tmp_path), allow=(HOST,)) as guard:
        with pytest.raises(NetworkDeniedError):
            guard.judge('socket.connect', '192.0.2.7', 443)
        socket.getaddrinfo(HOST.upper(), 443)
        socket.getaddrinfo('evil.example.com', 443)
        guard.judge('socket.getaddrinfo', HOST, 443)
        guard.judge('socket.connect', '192.0.2.7', 443)
        for other in ('192.0.2.8', 'evil.example.com', f'x.{HOST}'):
            with pytest.raises(NetworkDeniedError, match='denied'):
                guard.judge('socket.connect', other, 443)
    assert socket.getaddrinfo is resolve
    assert asked == [HOST.upper(), 'evil.example.com']


# Read-only mode ------------------------------------------------------------


@pytest.fixture
def under_test():
    """Return a function that makes a plugin of a handler class."""

    def make(handler, **config):
        subject = Subject(
            name='imbi-plugin-made-up',
            version='1.0',
            source='installed',
            metadata=None,
            config=Config(**config),
        )
        entry = EntryPoint('made-up', 'made_up:Handler')
        subject.__dict__['entry_points'] = (entry,)
        plugin = PluginUnderTest(subject, entry)
        plugin.__dict__['target'] = handler
        plugin.__dict__['probe'] = types.SimpleNamespace(
            imported=True, plugin_type=handler.manifest.plugin_type
        )
        return plugin

    return make


def laws_of(plugin):
    return [
        check
        for check in catalogue().values()
        if check.law
        and (check.types is None or plugin.plugin_type in check.types)
        and (check.applies is None or check.applies(plugin.data))
    ]


class Watched(MemorySandbox):
    """Keeps what a plugin wrote, and what the kit seeded."""

    def __init__(self):
        super().__init__()
        self.seeded = []

    async def seed(self, context, model):
        self.seeded.append(model)

    def changes(self):
        return [
            url
            for url in self.server.urls
            if url.startswith(('PUT', 'DELETE'))
        ]


def test_no_law_writes_in_read_only_mode(under_test):
    sandbox = Watched()
    labs = Labs(0, factory=lambda _: sandbox)
    plugin = under_test(MemoryConfiguration, read_only=True)
    reasons, ran = {}, set()
    try:
        for check in laws_of(plugin):
            try:
                assert list(labs.run(plugin, check)) == [], check.id
            except Untestable as reason:
                reasons[check.id] = reason.reason
            else:
                ran.add(check.id)
    finally:
        labs.close()
    assert sandbox.changes() == []
    assert sandbox.seeded == []
    assert dict(sandbox.server.items()) == {}
    assert {'CFG001', 'CFG002', 'CFG007'} <= set(reasons)
    assert {'ASY001', 'ASY004', 'ASY008'} <= ran
    for check, reason in reasons.items():
        assert 'read-only mode' in reason, check
    notes = labs.notes['made-up', 'ASY004']
    assert notes == ('not called in read-only mode: set_value, delete_key',)


def test_the_same_laws_do_write_otherwise(under_test):
    sandbox = Watched()
    labs = Labs(0, factory=lambda _: sandbox)
    try:
        for check in laws_of(under_test(MemoryConfiguration)):
            if check.id in {'ASY001', 'CFG002'}:
                plugin = under_test(MemoryConfiguration)
                assert list(labs.run(plugin, check)) == []
                break
    finally:
        labs.close()
    assert sandbox.changes()


MODELS = (deployment, identity, incidents, lifecycle, logs, webhook)


def test_it_is_known_of_every_method_of_a_sandbox_whether_it_writes():
    assert models.__doc__
    classes = [BaseSandbox] + [
        value
        for module in MODELS
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, BaseSandbox)
    ]
    found = {
        name
        for cls in classes
        for name, value in vars(cls).items()
        if callable(value) and not name.startswith('_')
    } - {'handler_class'}
    assert found <= ASKED | MAKING, found - ASKED - MAKING
    assert not ASKED & MAKING


def test_a_sandbox_refuses_what_writes_and_nothing_else(under_test):
    sandbox = Watched()
    twin = read_only(sandbox)
    with pytest.raises(Untestable, match=r'read-only mode: .*seed\(\)'):
        twin.seed(sandbox.context, {})
    assert isinstance(twin, Watched)
    assert twin.credentials is sandbox.credentials
    assert twin.tenant('x').project_id == 'x'
    assert asyncio.run(twin.snapshot()) == {}
    plugin = under_test(MemoryConfiguration, read_only=True)
    with Guard('') as guard:
        check = catalogue()['CFG002']
        lab = Lab(plugin, check, sandbox, guard, 0)
        for call in (
            lab.seed(lab.context, {}),
            lab.attempt('set_value', 'k', 'v'),
            lab.attempt_function('an action', print),
        ):
            with pytest.raises(Untestable, match='read-only mode'):
                asyncio.run(call)
        assert asyncio.run(lab.call('list_keys')) == []
    assert sandbox.seeded == []


def test_what_nobody_knows_writes():
    assert writes('configuration', 'set_value')
    assert not writes('configuration', 'get_values')
    assert writes('webhook', 'any action')
    assert writes('new-type', 'list_keys')
    assert 'webhook' not in READS


# What a run leaves behind --------------------------------------------------


def test_a_run_that_is_interrupted_cleans_up(project):
    here = project(hosts=())
    process = subprocess.Popen(
        here.command('-k', 'CFG004'),
        cwd=here.folder,
        env=here.environment(SLOWLY='1'),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # A shell's background job inherits that it ignores Ctrl-C.
        preexec_fn=functools.partial(  # noqa: PLW1509  no thread runs here
            signal.signal, signal.SIGINT, signal.SIG_DFL
        ),
    )
    try:
        deadline = time.monotonic() + 60
        while not here.store.exists() or len(here.held_now()) < 3:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[0]
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert process.returncode == pytest.ExitCode.INTERRUPTED, said
    assert here.held() == ['/imbi/theirs/testing/k']


def test_what_a_law_did_not_make_survives(under_test):
    class Shared(MemorySandbox):
        """Somebody else has keys in every project."""

        planted: dict = {}  # noqa: RUF012  read after the run

        def tenant(self, name):
            context = super().tenant(name)
            prefix = MemoryConfiguration().prefix(context)
            item = {
                'value': 'theirs',
                'data_type': 'string',
                'secret': False,
                'modified': '2026-01-01T00:00:00+00:00',
            }
            for key in ('theirs', 'a', 'Z.theirs'):
                self.server.write(prefix + key, dict(item))
                self.planted[prefix + key] = item
            return context

    sandbox = Shared()
    labs = Labs(0, factory=lambda _: sandbox)
    plugin = under_test(MemoryConfiguration)
    try:
        for check in laws_of(plugin):
            found = list(labs.run(plugin, check))
            # A state machine's projects are its own, and it says so.
            assert check.machine or found == [], check.id
    finally:
        labs.close()
    assert len(sandbox.planted) > 60
    assert dict(sandbox.server.items()) == sandbox.planted
