"""Right handlers that differ where the contract is silent pass ASY."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import random
import re
import threading
import time
import types
from typing import ClassVar

import pytest
from law_seeds import GOOD_SEEDS

from imbi_plugin_sdk.errors import (
    PluginAuthenticationFailed,
    PluginCredentialsMissing,
    PluginRateLimited,
    PluginRemediationNotSupported,
    PluginUnavailableError,
)
from imbi_plugin_sdk.handlers.analysis import (
    RemediationOffer,
    RemediationResult,
)
from imbi_plugin_sdk.handlers.configuration import ConfigKey
from imbi_plugin_sdk.handlers.deployment import WorkflowFile
from imbi_plugin_sdk.manifest import CredentialField
from imbi_plugin_testkit.lab import Answer
from imbi_plugin_testkit.laws import _stall
from imbi_plugin_testkit.laws._outcomes import outcome
from imbi_plugin_testkit.laws.secrecy import is_common
from imbi_plugin_testkit.memory import (
    MemoryConfiguration,
    MemorySandbox,
    logs,
)
from imbi_plugin_testkit.memory.analysis import (
    MemoryAnalysis,
    MemoryAnalysisSandbox,
)
from imbi_plugin_testkit.memory.deployment import (
    MemoryDeployment,
    MemoryDeploymentSandbox,
)
from imbi_plugin_testkit.memory.lifecycle import (
    MemoryLifecycle,
    MemoryLifecycleSandbox,
)
from imbi_plugin_testkit.memory.logs_server import MemoryLogsSandbox
from imbi_plugin_testkit.memory.server import MemoryServer, MemoryStatusError
from imbi_plugin_testkit.sandbox import Fault, Limits, UnsupportedBySandbox

SCOPE = {f'ASY{number:03}' for number in range(4, 12)}


class TakesThrottlingForAnOutage(MemoryConfiguration):
    def error_of(self, status):
        return super().error_of(503 if status == 429 else status)


class AsksForPatienceWhenItIsDown(MemoryConfiguration):
    def error_of(self, status):
        if status == 503:
            return PluginRateLimited(time.time() + 86_400)
        return super().error_of(status)


class TriesTwice(MemoryConfiguration):
    async def ask(self, *args):
        try:
            return await super().ask(*args)
        except PluginUnavailableError:
            await asyncio.sleep(0)
            return await super().ask(*args)


class Client:
    """Has no credentials: they come with each request."""

    def __init__(self):
        self.requests = 0
        self.opened_at = time.time()


@functools.lru_cache(maxsize=64)
def quoted(prefix):
    return re.compile(re.escape(prefix))


class KeepsWhatBelongsToNobody(MemoryConfiguration):
    client: ClassVar[Client | None] = None
    calls: ClassVar[list[float]] = []

    async def ask(self, ctx, *args):
        cls = type(self)
        cls.client = cls.client or Client()
        cls.client.requests += 1
        cls.calls.append(time.time())
        quoted(self.prefix(ctx))
        return await super().ask(ctx, *args)


class CleansUpWhenCancelled(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        task = asyncio.ensure_future(super().list_keys(ctx, credentials))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.sleep(0)
            raise


class AsksInGroups(MemoryConfiguration):
    async def get_values(self, ctx, credentials, keys=None):
        if keys is None or not keys:
            return await super().get_values(ctx, credentials, keys)
        one = super().get_values
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(one(ctx, credentials, [key]))
                    for key in dict.fromkeys(keys)
                ]
        except* Exception as errors:  # noqa: BLE001  passed on
            raise errors.exceptions[0] from None
        return [item for task in tasks for item in task.result()]


class ListsInAnyOrder(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        found = await super().list_keys(ctx, credentials)
        random.shuffle(found)
        return found


class WorksInAThread(MemoryConfiguration):
    async def delete_key(self, ctx, credentials, key):
        self.token(credentials)
        await asyncio.to_thread(time.sleep, 0.004)
        await super().delete_key(ctx, credentials, key)


class WorksInManyShortPieces(MemoryConfiguration):
    async def delete_key(self, ctx, credentials, key):
        for _ in range(12):
            end = time.thread_time() + 0.001
            while time.thread_time() < end:
                sum(range(50))
            await asyncio.sleep(0)
        await super().delete_key(ctx, credentials, key)


class ReportsWhatFailed(MemoryLifecycle):
    async def on_project_archived(self, ctx, credentials):
        try:
            return await super().on_project_archived(ctx, credentials)
        except PluginUnavailableError:
            return self.gone().model_copy(update={'status': 'failed'})


class WarnsThatItCouldNotLook(MemoryAnalysis):
    async def analyze(self, ctx, credentials):
        try:
            return await super().analyze(ctx, credentials)
        except PluginUnavailableError:
            return [self.judged('owner', {})]


class DecidesLocally(logs.MemoryLogs):
    """Its fields are in the code."""

    async def schema(self, ctx, credentials):
        self.token(credentials)
        names = ('message', 'level', 'service', 'host')
        return [{'name': name, 'type': 'string'} for name in names]


class SometimesBreaks(MemorySandbox):
    """Can make two faults, and shows no URLs."""

    def fault(self, kind):
        if kind not in (Fault.SERVER_ERROR, Fault.MALFORMED):
            raise UnsupportedBySandbox(f'fault({kind})')
        return super().fault(kind)

    def urls(self):
        raise UnsupportedBySandbox('urls')


class BlocksByItself(MemorySandbox):
    """A backend in the loop of the law, which takes its time."""

    async def __aenter__(self):
        self.server.request = self.slowly(self.server.request)
        return self

    @staticmethod
    def slowly(request):
        async def answer(*args, **kwargs):
            time.sleep(0.004)  # noqa: ASYNC251  the point
            return await request(*args, **kwargs)

        return answer


RIGHT = {
    'as it is': (MemoryConfiguration, MemorySandbox),
    'with a lag': (
        MemoryConfiguration,
        lambda: MemorySandbox(Limits(consistency_lag=0.005)),
    ),
    'few faults': (MemoryConfiguration, SometimesBreaks),
    **{
        cls.__name__: (cls, MemorySandbox)
        for cls in (
            TakesThrottlingForAnOutage,
            AsksForPatienceWhenItIsDown,
            TriesTwice,
            KeepsWhatBelongsToNobody,
            CleansUpWhenCancelled,
            AsksInGroups,
            ListsInAnyOrder,
            WorksInAThread,
        )
    },
    'lifecycle': (ReportsWhatFailed, MemoryLifecycleSandbox),
    'analysis': (WarnsThatItCouldNotLook, MemoryAnalysisSandbox),
    'logs': (logs.MemoryLogs, MemoryLogsSandbox),
    'local': (DecidesLocally, MemoryLogsSandbox),
}


class ReadsItsEnvironmentStrictly(MemoryConfiguration):
    """Takes no setting of an environment that it does not know."""

    def prefix(self, ctx):
        if ctx.environment_config.keys() - {'folder'}:
            raise ValueError('there is no such setting')
        return super().prefix(ctx)


class TellsWhenItLooked(MemoryConfiguration):
    """Tells the time, so that it tells the same for a moment only."""

    class Key(ConfigKey):
        looked_at: int

    def to_key(self, prefix, item):
        facts = super().to_key(prefix, item).model_dump()
        return self.Key(**facts, looked_at=int(time.time() * 50))


class WaitsForItsTurn(MemoryConfiguration):
    """Takes a lock in time; before 3.12 that may lose a cancellation."""

    async def ask(self, *args):
        turn = asyncio.Lock()
        await asyncio.wait_for(turn.acquire(), 1)
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(turn.release)
            return await super().ask(*args)


class LocksOut(MemoryServer):
    """Throttles who is wrong again and again."""

    wrong = 0

    async def request(self, verb, url, *, token, body=None):
        self.wrong += token != self.token
        if token != self.token and self.wrong > 3:
            raise MemoryStatusError(429)
        return await super().request(verb, url, token=token, body=body)


class LockingSandbox(MemorySandbox):
    """On such a server."""

    def __init__(self):
        super().__init__()
        self.server.__class__ = LocksOut


class NamesItsAddress(MemoryConfiguration):
    """Says where it looked, and has a table of the regions there are."""

    regions: ClassVar = ('eu-central-1', 'eu-west-1')
    manifest = MemoryConfiguration.manifest.model_copy(
        update={
            'credentials': [
                CredentialField(name=name, label=name)
                for name in ('api_token', 'vault_addr', 'region')
            ]
        }
    )

    def token(self, credentials):
        if not all(
            credentials.get(name, '').strip()
            for name in ('vault_addr', 'region')
        ):
            raise PluginCredentialsMissing('vault_addr or region')
        return super().token(credentials)

    async def ask(self, ctx, credentials, *args):
        try:
            return await super().ask(ctx, credentials, *args)
        except PluginAuthenticationFailed:
            told = f'{credentials["vault_addr"]} refuses the token'
            raise PluginAuthenticationFailed(told) from None


class VaultSandbox(MemorySandbox):
    """Gives credentials that say where."""

    def __init__(self):
        super().__init__()
        self.credentials['vault_addr'] = 'https://vault1.example.com:8200'
        self.credentials['region'] = 'eu-central-1'


class KnowsItsWorkflow(MemoryDeployment):
    """There is one, and nobody is asked for it."""

    async def list_workflows(self, ctx, credentials):
        return [WorkflowFile(id='1', name='deploy', path='.gitlab-ci.yml')]


class OneSettlesAll(MemoryAnalysis):
    """Whichever part is made, all are; then there is nothing to mend."""

    mends: ClassVar = {'write-readme': 'readme', 'write-owner': 'owner'}

    def offer(self, part):
        return RemediationOffer(id=f'write-{part}', label='Write')

    async def remediate(self, ctx, credentials, remediation_id):
        item = await self.item(ctx, credentials)
        part = self.mends.get(remediation_id, '')
        if not part or item.get(part):
            raise PluginRemediationNotSupported(
                self.manifest.slug, remediation_id
            )
        made = dict.fromkeys(item, 'made')
        await self.write(ctx, credentials, made)
        return RemediationResult(status='fixed', message='Made all.')


class BareSandbox(MemoryAnalysisSandbox):
    """Has a project that lacks everything."""

    def __init__(self):
        super().__init__()
        blank = {'value': '', 'owner': '', 'readme': '', 'modified': ''}
        self.server.write(f'/{self.context.project_slug}', blank)


BORDERS = {
    ReadsItsEnvironmentStrictly: (MemorySandbox, {'ASY001'}),
    TellsWhenItLooked: (MemorySandbox, {'ASY008', 'ASY009'}),
    WaitsForItsTurn: (MemorySandbox, {'ASY006', 'CFG014'}),
    TriesTwice: (LockingSandbox, {'ASY008'}),
    NamesItsAddress: (VaultSandbox, {'ASY003', 'ASY009', 'SEC001'}),
    KnowsItsWorkflow: (MemoryDeploymentSandbox, {'ASY003', 'ASY004'}),
    OneSettlesAll: (BareSandbox, {'ANA001'}),
}
"""Handler to its sandbox, and the laws that such a one is a border of."""


@pytest.mark.parametrize('handler', BORDERS)
def test_a_border_of_a_law_lies_within_what_is_right(handler, judge):
    sandbox, only = BORDERS[handler]
    handler = type(handler.__name__, (handler,), {'budget': _briefly})
    for seed in GOOD_SEEDS:
        judgement = judge(handler, sandbox=sandbox, seed=seed, only=only)
        assert judgement.failed == set(), (seed, judgement.told())
        assert not judgement.untestable


def _briefly(self, ctx):
    return 0.15


NAMESPACED = """
import pathlib

from imbi_plugin_testkit.laws.secrecy import is_common
from imbi_plugin_testkit.memory import MemoryConfiguration


class Handler(MemoryConfiguration):
    def __init__(self):
        here = pathlib.Path(__file__).parent
        self.text = (here / 'data.json').read_text('utf-8')
"""


def test_files_below_a_namespace_are_the_distributions_own(
    tmp_path, judge, monkeypatch
):
    home = tmp_path / 'kit_namespace' / 'right'
    home.mkdir(parents=True)
    (home / 'handler.py').write_text(NAMESPACED)
    (home / 'data.json').write_text('{}')
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module('kit_namespace.right.handler')
    judgement = judge(module.Handler, only={'ASY010'})
    assert judgement.failed == set(), judgement.told()


@pytest.fixture(autouse=True)
def short_budget(monkeypatch):
    # Sixteen calls at once on a busy machine take a tenth of a second.
    monkeypatch.setattr(logs.MemoryLogs, 'default_budget', 0.25)


@pytest.mark.parametrize('name', RIGHT)
def test_a_right_handler_passes_with_each_seed(name, judge):
    handler, sandbox = RIGHT[name]
    for seed in GOOD_SEEDS:
        # The others wait for real, or do the same with every seed.
        only = SCOPE if seed % 10 == 0 else {'ASY005', 'ASY008', 'ASY009'}
        judgement = judge(handler, sandbox=sandbox, seed=seed, only=only)
        assert judgement.failed == set(), (seed, judgement.told())
        assert not judgement.untestable


@pytest.mark.parametrize(
    ('handler', 'sandbox'),
    [
        (MemoryConfiguration, BlocksByItself),
        (WorksInAThread, MemorySandbox),
        (WorksInManyShortPieces, MemorySandbox),
    ],
)
def test_only_the_plugins_own_work_at_a_stretch_is_a_stall(
    handler, sandbox, judge, monkeypatch
):
    monkeypatch.setattr(_stall, 'INTERVAL', 0.001)
    for seed in range(3):
        judgement = judge(
            handler,
            sandbox=sandbox,
            seed=seed,
            only={'ASY007'},
            loop_threshold=0.004,
        )
        assert judgement.failed == set(), judgement.told()


def test_a_sandboxs_busy_threads_are_not_the_plugins_fault(judge):
    class Busy(MemorySandbox):
        async def __aenter__(self):
            self.over = threading.Event()
            self.threads = [
                threading.Thread(target=self.spin) for _ in range(4)
            ]
            for thread in self.threads:
                thread.start()
            return self

        def spin(self):
            while not self.over.is_set():
                sum(range(10_000))

        async def __aexit__(self, *error):
            self.over.set()
            for thread in self.threads:
                thread.join()

    judgement = judge(
        MemoryConfiguration,
        sandbox=Busy,
        only={'ASY007'},
        loop_threshold=0.02,
    )
    assert judgement.failed == set(), judgement.told()


def test_what_the_sandbox_cannot_break_is_told(judge):
    judgement = judge(
        MemoryConfiguration, sandbox=SometimesBreaks, only={'ASY004'}
    )
    (notes,) = judgement.labs.notes.values()
    assert 'unauthorized' in notes[0]
    assert 'server_error' not in notes[0]


def test_a_sandbox_that_can_break_nothing_leaves_faults_untestable(judge):
    class Whole(MemorySandbox):
        def fault(self, kind):
            raise UnsupportedBySandbox(f'fault({kind})')

    judgement = judge(
        MemoryConfiguration,
        sandbox=Whole,
        only={'ASY004', 'ASY005', 'ASY006'},
    )
    assert set(judgement.untestable) == {'ASY004', 'ASY005'}
    assert 'override `fault`' in judgement.untestable['ASY004']


def looks(*entries):
    """Return looks at the loop: seconds, beat, processor time, spot."""
    return [
        _stall._Look(at, beat, cpu, (spot, 0), 'search', 'plugin.py:1')
        for at, beat, cpu, spot in entries
    ]


STRETCHES = {
    'it stands still': (
        [(n * 0.005, 1, 0.0, 7) for n in range(30)],
        0.0,
        True,
    ),
    'it computes': ([(n * 0.005, 1, n * 0.005, n) for n in range(30)], 0, 1),
    'one call holds the lock and computes': (
        [(0.0, 1, 0.0, 7), (0.3, 1, 0.3, 7)],
        0.0,
        True,
    ),
    'other threads take the lock': (
        [(n * 0.005, 1, n * 0.001, n) for n in range(60)],
        0.0,
        False,
    ),
    'nobody could look': ([(0.0, 1, 0.0, 7), (0.3, 1, 0.0, 7)], 0.0, False),
    'the machine is busy': (
        [(n * 0.005, 1, 0.0, 7) for n in range(40)],
        0.15,
        False,
    ),
    'the loop goes on': (
        [(n * 0.005, n // 4, n * 0.005, 7) for n in range(60)],
        0.0,
        False,
    ),
}


@pytest.mark.parametrize('name', STRETCHES)
def test_what_counts_as_a_stall(name, under_test):
    entries, denied, stalls = STRETCHES[name]
    lab = types.SimpleNamespace(
        plugin=under_test(MemoryConfiguration), sandbox=MemorySandbox()
    )
    watch = _stall.LoopWatch(lab)
    watch._clock = 1
    waited = iter([0.0, denied] * 100)
    watch._waited = lambda: next(waited)
    for look in (*looks(*entries), None):
        watch._add(look)
    assert bool(watch.stalls) == bool(stalls)


def test_the_order_of_a_list_is_no_outcome():
    one, other = Answer('list_keys', [1, 2]), Answer('list_keys', [2, 1])
    assert outcome(one) == outcome(other)
    assert outcome(one) != outcome(Answer('list_keys', [1]))
    failed = Answer('list_keys', error=ValueError('secret'))
    assert outcome(failed) == 'ValueError raised'


@pytest.mark.parametrize(
    ('value', 'common'),
    [
        ('s.' + 'qWeRtZuIoP' * 2, False),  # a token that has no digit
        ('a1' * 4, False),
        ('a1' * 3, True),
        ('12345678901234567', True),
        ('correct-horse-battery', True),
        ('Password', True),
        ('', True),
    ],
)
def test_only_what_could_be_met_by_accident_is_common(value, common):
    assert is_common(value) is common
