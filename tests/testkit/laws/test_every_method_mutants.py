"""Handlers that are wrong in one place, and the laws of ASY that say so.

A mutant's row names the exact set of laws of this ledger that fail.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import json
import socket
import subprocess
import sys
import tempfile
import time
import types
import warnings
import weakref
from pathlib import Path

import pytest
from law_seeds import MUTANT_SEEDS
from ledger import assert_complete

from imbi_plugin_sdk.errors import (
    PluginError,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_testkit.lab import Labs
from imbi_plugin_testkit.laws import _cancel, _faults, waiting
from imbi_plugin_testkit.memory import MemoryConfiguration, MemorySandbox
from imbi_plugin_testkit.memory.analysis import (
    MemoryAnalysis,
    MemoryAnalysisSandbox,
)
from imbi_plugin_testkit.memory.lifecycle import (
    MemoryLifecycle,
    MemoryLifecycleSandbox,
)
from imbi_plugin_testkit.memory.logs import MemoryLogs
from imbi_plugin_testkit.memory.logs_server import MemoryLogsSandbox

SCOPE = {f'ASY{number:03}' for number in range(4, 12)}

SANDBOXES = {
    'configuration': MemorySandbox,
    'logs': MemoryLogsSandbox,
    'analysis': MemoryAnalysisSandbox,
    'lifecycle': MemoryLifecycleSandbox,
}
THRESHOLD = 0.02
"""Seconds for which a mutant of ASY007 may hold up the loop: a fifth of the
default, so that it need not do it for long."""

STALL = 2 * THRESHOLD

UNTESTABLE = {'lifecycle': {'ASY008'}}

pytestmark = pytest.mark.filterwarnings(
    # Connections that a mutant leaves are collected some time later.
    'ignore:unclosed:ResourceWarning',
    'ignore::pytest.PytestUnraisableExceptionWarning',
)

MUTANTS: list[tuple[type, frozenset[str], bool]] = []


def kills(*ids, subtle=False):
    """Register a mutant with exactly the laws that must fail on it."""

    def register(cls):
        MUTANTS.append((cls, frozenset(ids), subtle))
        return cls

    return register


# ASY004: faults ------------------------------------------------------------


@kills('ASY004')
class LetsTheClientsErrorPass(MemoryConfiguration):
    def error_of(self, status):
        return RuntimeError(f'status {status}')


@kills('ASY004')
class WaitsForEver(MemoryConfiguration):
    margin, timeout = 2.7, 3.0  # three tenths of a second remain

    def budget(self, ctx):
        return 3_600.0


@kills('ASY004', subtle=True)
class TellsADelayInsteadOfATime(MemoryConfiguration):
    def error_of(self, status):
        if status == 429:
            return PluginRateLimited(30.0)
        return super().error_of(status)


@kills('ASY004', subtle=True)
class TellsMilliseconds(MemoryConfiguration):
    def error_of(self, status):
        if status == 429:
            return PluginRateLimited((time.time() + 30) * 1_000)
        return super().error_of(status)


@kills('ASY004', subtle=True)
class TellsNoTimeAtAll(MemoryConfiguration):
    def error_of(self, status):
        if status == 429:
            return PluginRateLimited(float('inf'))
        return super().error_of(status)


@kills('ASY004', subtle=True)
class TakesForbiddenForAnOutage(MemoryConfiguration):
    def error_of(self, status):
        return super().error_of(500 if status == 403 else status)


@kills('ASY004', subtle=True)
class TakesAnOutageForWrongCredentials(MemoryConfiguration):
    def error_of(self, status):
        return super().error_of(401 if status == 503 else status)


@kills('ASY004', subtle=True)
class TakesAHangForAnOutage(MemoryConfiguration):
    async def ask(self, *args):
        try:
            return await super().ask(*args)
        except PluginTimeoutError:
            raise PluginUnavailableError('down') from None


@kills('ASY004', 'ASY005', subtle=True)
class ShowsAnEmptyStoreWhenItIsDown(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        try:
            return await super().list_keys(ctx, credentials)
        except PluginUnavailableError:
            return []


@kills('ASY004', 'ASY005', subtle=True)
class FindsNothingWrongWhenItIsDown(MemoryAnalysis):
    async def analyze(self, ctx, credentials):
        try:
            return await super().analyze(ctx, credentials)
        except PluginError:
            if credentials['api_token']:
                return []
            raise


@kills('ASY004', subtle=True)
class SearchesNothingWhenThrottled(MemoryLogs):
    def error_of(self, status):
        return (
            ValueError('slower')
            if status == 429
            else (super().error_of(status))
        )


# ASY005: answers that cannot be read ---------------------------------------


class _ReadsBadly(MemoryConfiguration):
    """Asks anew below the translation of errors."""

    def read(self, text):
        raise NotImplementedError

    async def ask(self, ctx, credentials, verb, url, body=None):
        try:
            return await super().ask(ctx, credentials, verb, url, body)
        except PluginUnavailableError as error:
            if 'JSON' not in str(error):
                raise
        return self.read('<html>')


@kills('ASY005')
class LetsTheParserSpeak(_ReadsBadly):
    def read(self, text):
        return json.loads(text)


@kills('ASY005', subtle=True)
class TakesTheUnreadableForNothing(_ReadsBadly):
    def read(self, text):
        return {'items': [], 'after': None}


@kills('ASY005', subtle=True)
class TripsOverAMissingField(_ReadsBadly):
    def read(self, text):
        return {}


# ASY006: cancellation ------------------------------------------------------


@kills('ASY006')
class SwallowsTheCancellation(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        try:
            return await super().list_keys(ctx, credentials)
        except asyncio.CancelledError:
            return []


@kills('ASY006')
class TakesACancellationForATimeOut(MemoryConfiguration):
    async def ask(self, *args):
        try:
            return await super().ask(*args)
        except asyncio.CancelledError:
            raise PluginTimeoutError('gone') from None


@kills('ASY006', subtle=True)
class GoesOnInTheBackground(MemoryConfiguration):
    async def get_values(self, ctx, credentials, keys=None):
        work = super().get_values(ctx, credentials, keys)
        return await asyncio.shield(asyncio.ensure_future(work))


@kills('ASY006', subtle=True)
class LeavesATaskThatPolls(MemoryConfiguration):
    async def delete_key(self, ctx, credentials, key):
        async def poll():
            await asyncio.sleep(3_600)

        task = asyncio.ensure_future(poll())
        await super().delete_key(ctx, credentials, key)
        task.cancel()


@kills('ASY006', subtle=True)
class KeepsALock(MemoryConfiguration):
    locks = weakref.WeakKeyDictionary()  # noqa: RUF012  the fault

    async def list_keys(self, ctx, credentials):
        loop = asyncio.get_running_loop()
        lock = self.locks.setdefault(loop, asyncio.Lock())
        await lock.acquire()
        try:
            found = await super().list_keys(ctx, credentials)
        except Exception:
            lock.release()
            raise
        lock.release()
        return found


class ConnectingSandbox(MemorySandbox):
    """A sandbox with a port that takes connections and says nothing."""

    async def __aenter__(self):
        async def take(reader, writer):
            await reader.read()
            writer.close()

        self.listening = await asyncio.start_server(take, '127.0.0.1', 0)
        port = self.listening.sockets[0].getsockname()[1]
        self.context.assignment_options['port'] = port
        return self

    async def __aexit__(self, *error):
        self.listening.close()


@kills('ASY006', subtle=True)
class LeavesAConnection(MemoryConfiguration):
    sandbox = ConnectingSandbox

    async def list_keys(self, ctx, credentials):
        port = ctx.assignment_options['port']
        _, writer = await asyncio.open_connection('127.0.0.1', port)
        found = await super().list_keys(ctx, credentials)
        writer.close()
        return found


# ASY007: the loop is held up -----------------------------------------------


@kills('ASY007')
class Sleeps(MemoryConfiguration):
    threshold = THRESHOLD

    async def delete_key(self, ctx, credentials, key):
        time.sleep(2 * STALL)  # noqa: ASYNC251  the fault
        await super().delete_key(ctx, credentials, key)


@kills('ASY007', subtle=True)
class ComputesForLong(MemoryConfiguration):
    threshold = THRESHOLD

    async def delete_key(self, ctx, credentials, key):
        end = time.thread_time() + STALL
        while time.thread_time() < end:
            sum(range(100))
        await super().delete_key(ctx, credentials, key)


# ASY008: concurrent calls --------------------------------------------------


@kills('ASY008', 'ASY009')
class KeepsTheContextOnTheClass(MemoryConfiguration):
    current = None

    async def list_keys(self, ctx, credentials):
        type(self).current = ctx
        self.token(credentials)
        await asyncio.sleep(0)
        return await super().list_keys(self.current, credentials)


@kills('ASY008', subtle=True)
class SharesAPrefixAndTidiesUp(MemoryConfiguration):
    current = None

    async def get_values(self, ctx, credentials, keys=None):
        type(self).current = ctx
        try:
            await asyncio.sleep(0)
            now = self.current or ctx
            return await super().get_values(now, credentials, keys)
        finally:
            type(self).current = None


@kills('ASY008', subtle=True)
class SharesATokenAndTidiesUp(MemoryConfiguration):
    current = None

    async def ask(self, ctx, credentials, verb, url, body=None):
        type(self).current = self.token(credentials)
        try:
            await asyncio.sleep(0)
            token = self.current or self.token(credentials)
            return await super().ask(
                ctx, {'api_token': token}, verb, url, body
            )
        finally:
            type(self).current = None


@kills('ASY008', 'ASY009')
class SearchesForTheLastOne(MemoryLogs):
    projects: list[str] = []  # noqa: RUF012  the fault

    def project(self, ctx):
        self.projects[:] = [super().project(ctx)]
        return self.projects[0]

    async def search(self, ctx, credentials, query):
        own = self.project(ctx)
        await asyncio.sleep(0)
        if self.projects != [own]:
            query = query.model_copy(update={'limit': 1})
            raise RuntimeError('mixed up')
        type(self).last = ctx
        return await super().search(ctx, credentials, query)


# ASY009: state -------------------------------------------------------------


@kills('ASY009')
class CachesOnTheClass(MemoryConfiguration):
    cache: dict = {}  # noqa: RUF012  the fault

    async def get_values(self, ctx, credentials, keys=None):
        entry = ctx.assignment_options['endpoint'], self.prefix(ctx), str(keys)
        self.token(credentials)
        if entry not in self.cache:
            found = await super().get_values(ctx, credentials, keys)
            self.cache[entry] = found
        await super().get_values(ctx, credentials, [])
        await self.ask(ctx, credentials, 'POST', '/', [])
        return self.cache[entry]


@kills('ASY009', subtle=True)
class CachesOnTheInstance(MemoryConfiguration):
    def __init__(self):
        self.found = None

    async def list_keys(self, ctx, credentials):
        if self.found is None:
            self.found = await super().list_keys(ctx, credentials)
        return self.found


@functools.lru_cache(maxsize=8)
def client_of(token):
    return types.SimpleNamespace(headers=token)


@kills('ASY009', subtle=True)
class CachesAClientPerToken(MemoryConfiguration):
    make = staticmethod(client_of)

    def token(self, credentials):
        token = super().token(credentials)
        return self.make(f'Bearer {token}').headers.removeprefix('Bearer ')


# ASY010: I/O while an instance is made -------------------------------------


@kills('ASY010')
class ConnectsWhenMade(MemoryConfiguration):
    def __init__(self):
        with contextlib.suppress(OSError):
            socket.create_connection(('127.0.0.1', 1), 0.1)


@kills('ASY010', subtle=True)
class ReadsAFileWhenMade(MemoryConfiguration):
    def __init__(self):
        with contextlib.suppress(OSError):
            Path('/etc/passwd').read_text('utf-8')


@kills('ASY010', subtle=True)
class WritesAFileWhenMade(MemoryConfiguration):
    def __init__(self):
        with tempfile.TemporaryFile() as file:
            file.write(b'x')


MADE: list[int] = []


@kills('ASY010', subtle=True)
class StartsAProcessOnce(MemoryConfiguration):
    def __init__(self):
        # Once per law: two instances are made by ASY010 alone.
        MADE.append(1)
        if len(MADE) % 2:
            subprocess.run([sys.executable, '--version'], check=False,
                           stdout=subprocess.DEVNULL)  # fmt: skip


# ASY011: defaults ----------------------------------------------------------


@kills('ASY011')
class HasAPlaceholderForHistogram(MemoryLogs):
    manifest = MemoryLogs.manifest.model_copy(
        update={'supports_histogram': False}
    )

    async def histogram(self, ctx, credentials, query, bucket_count=60):
        raise NotImplementedError


@kills('ASY011', subtle=True)
class HasAPlaceholderForRemedies(MemoryAnalysis):
    async def remediate(self, ctx, credentials, remediation_id):
        raise NotImplementedError(f'no {remediation_id}')


@kills('ASY011', subtle=True)
class HasAPlaceholderForMoving(MemoryLifecycle):
    async def resolve_relocation_target(self, ctx, credentials):
        raise NotImplementedError


@pytest.fixture(autouse=True)
def collected():
    """Collect what a mutant leaves open, before anybody complains."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        gc.collect()


@pytest.fixture(autouse=True)
def short_patience(monkeypatch):
    """Wait for tens of milliseconds where a mutant makes a law wait."""
    monkeypatch.setattr(_cancel, 'PATIENCE', 0.05)
    monkeypatch.setattr(_cancel, 'LEAVING', 0.02)
    monkeypatch.setattr(waiting, 'HANGING', 0.005)
    monkeypatch.setattr(MemoryLogs, 'default_budget', 0.05)


@pytest.mark.parametrize(
    ('mutant', 'expected'),
    [(cls, ids) for cls, ids, _ in MUTANTS],
    ids=[cls.__name__ for cls, _, _ in MUTANTS],
)
def test_each_seed_kills_a_mutant_by_exactly_the_expected_laws(
    mutant, expected, judge, monkeypatch
):
    margin = getattr(mutant, 'margin', _faults.MARGIN)
    monkeypatch.setattr(_faults, 'MARGIN', margin)
    kind = mutant.manifest.plugin_type
    sandbox = getattr(mutant, 'sandbox', SANDBOXES[kind])
    for seed in MUTANT_SEEDS:
        failed = set()
        # Those that hold up the loop do so in each of a hundred calls.
        alone = seed % 10 or (seed and hasattr(mutant, 'threshold'))
        # One by one, each on a loop of its own: some leave it unusable.
        for law in expected if alone else SCOPE:
            judgement = judge(
                mutant,
                sandbox=sandbox,
                seed=seed,
                only={law},
                timeout=getattr(mutant, 'timeout', 10.0),
                loop_threshold=getattr(mutant, 'threshold', 0.1),
            )
            failed |= judgement.failed
            # Without moving, nothing of a lifecycle only reads.
            assert set(judgement.untestable) <= UNTESTABLE.get(kind, set())
        assert failed == expected, (seed, judgement.told())


def test_every_law_has_two_mutants_one_of_them_subtle():
    assert_complete(((ids, subtle) for _, ids, subtle in MUTANTS), SCOPE)


SAID = {
    WaitsForEver: ('ASY004', 'list_keys did not come back'),
    TellsADelayInsteadOfATime: ('ASY004', 'seconds ago'),
    TellsMilliseconds: ('ASY004', 'days from now'),
    TellsNoTimeAtAll: ('ASY004', 'retry_at=inf'),
    TakesAHangForAnOutage: ('ASY004', 'it must raise PluginTimeoutError'),
    ShowsAnEmptyStoreWhenItIsDown: ('ASY004', 'list_keys succeeded'),
    LetsTheParserSpeak: ('ASY005', 'raised JSONDecodeError'),
    SwallowsTheCancellation: ('ASY006', 'went on and returned'),
    GoesOnInTheBackground: ('ASY006', 'left MemoryConfiguration.get_values'),
    LeavesATaskThatPolls: ('ASY006', 'poll running'),
    KeepsALock: ('ASY006', 'after it was cancelled, list_keys did not come'),
    LeavesAConnection: ('ASY006', 'left 1 connection open'),
    Sleeps: ('ASY007', 'test_every_method_mutants.py:'),
    SharesAPrefixAndTidiesUp: ('ASY008', 'belongs to another project'),
    SharesATokenAndTidiesUp: ('ASY008', 'use its own credentials'),
    KeepsTheContextOnTheClass: ('ASY009', 'current holds the context'),
    CachesOnTheClass: ('ASY009', 'the value from before another instance'),
    CachesOnTheInstance: ('ASY009', 'an instance that was used before'),
    CachesAClientPerToken: ('ASY009', "holds credentials['api_token']"),
    ConnectsWhenMade: ('ASY010', 'reached for the network'),
    ReadsAFileWhenMade: ('ASY010', "read 'passwd'"),
    StartsAProcessOnce: ('ASY010', 'started a process'),
    HasAPlaceholderForHistogram: ('ASY011', 'default does, which returns []'),
}


@pytest.mark.parametrize('mutant', SAID, ids=lambda cls: cls.__name__)
def test_a_finding_says_what_was_seen(mutant, judge, monkeypatch):
    margin = getattr(mutant, 'margin', _faults.MARGIN)
    monkeypatch.setattr(_faults, 'MARGIN', margin)
    law, text = SAID[mutant]
    kind = mutant.manifest.plugin_type
    judgement = judge(
        mutant,
        sandbox=getattr(mutant, 'sandbox', SANDBOXES[kind]),
        only={law},
        timeout=getattr(mutant, 'timeout', 10.0),
        loop_threshold=getattr(mutant, 'threshold', 0.1),
    )
    assert text in judgement.told()


@pytest.mark.parametrize('kind', ['network', 'subprocess', 'files'])
def test_what_the_probe_saw_is_told(kind, under_test, laws):
    plugin = under_test(MemoryConfiguration)
    effects = [
        types.SimpleNamespace(kind=kind, detail='it at made_up.py:3'),
        types.SimpleNamespace(kind='output', detail='hello'),
    ]
    plugin.__dict__['probe'] = types.SimpleNamespace(effects=effects)
    labs = Labs(0, factory=lambda _: MemorySandbox())
    try:
        (finding,) = labs.run(plugin, laws['ASY010'])
    finally:
        labs.close()
    assert 'it at made_up.py:3; it must do no I/O.' in finding.message
