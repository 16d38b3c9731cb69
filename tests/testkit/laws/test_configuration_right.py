"""Correct configuration handlers and backends, held against CFG001 to CFG100.

They differ where the contract is silent. Those that differ in what the first
laws look at are in test_right_but_different.py.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest
from law_seeds import GOOD_SEEDS

from imbi_plugin_sdk.errors import PluginUnavailableError
from imbi_plugin_sdk.manifest import DataType
from imbi_plugin_testkit.memory import MemoryConfiguration, MemorySandbox
from imbi_plugin_testkit.memory.server import MemoryServer
from imbi_plugin_testkit.sandbox import BaseSandbox, Limits

SCOPE = {f'CFG{number:03}' for number in range(8, 15)}

RIGHT: list[tuple[type, object]] = []


def passes(sandbox=MemorySandbox):
    """Register a handler and its sandbox."""

    def register(cls):
        RIGHT.append((cls, sandbox))
        return cls

    return register


def limited(**limits):
    return lambda: MemorySandbox(Limits(**limits))


passes()(MemoryConfiguration)


@passes()
class TakesAnyName(MemoryConfiguration):
    """Its store is flat: `..` is a name like any other, and stays one."""

    def path(self, ctx, key):
        return self.prefix(ctx) + key


@passes()
class NamesTheTypeOfSecrets(MemoryConfiguration):
    """Stores secrets apart, and tells of them as such."""

    async def write(self, ctx, credentials, path, item):
        if item['secret']:
            item = {**item, 'data_type': 'secret'}
        return await super().write(ctx, credentials, path, item)


@passes()
class RefusesSecretsInPlainTypes(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        if value.secret and value.data_type != 'secret':
            raise ValueError('a secret has the data type "secret"')
        return await super().set_value(ctx, credentials, key, value)


@passes()
class RefusesPlainTextOverSecrets(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        held = await self.get_values(ctx, credentials, [key])
        asks = value.secret or value.data_type == 'secret'
        if held and held[0].secret and not asks:
            raise ValueError('delete the secret first')
        return await super().set_value(ctx, credentials, key, value)


@passes()
class KeepsNoSecrets(MemoryConfiguration):
    manifest = MemoryConfiguration.manifest.model_copy(
        update={'data_types': [DataType(name='text', label='Text')]}
    )

    async def set_value(self, ctx, credentials, key, value):
        if value.secret:
            raise ValueError('this is no place for secrets')
        return await super().set_value(ctx, credentials, key, value)


@passes()
class TellsTimeInSeconds(MemoryConfiguration):
    def modified(self, item):
        return super().modified(item).replace(microsecond=0)


@passes()
class KeepsAKeyOrAFolder(MemoryConfiguration):
    """As a file system: `a` and `a/b` cannot both be."""

    async def set_value(self, ctx, credentials, key, value):
        for item in await self.list_keys(ctx, credentials):
            below = item.key.startswith(f'{key}/')
            if below or key.startswith(f'{item.key}/'):
                raise ValueError('a key cannot be below a key')
        return await super().set_value(ctx, credentials, key, value)


@passes(limited(case_sensitive_keys=False))
class FoldsCase(MemoryConfiguration):
    def path(self, ctx, key):
        return super().path(ctx, key).lower()


@passes()
class RefusesToWriteAtOnce(MemoryConfiguration):
    """Tells a conflict instead of waiting for its turn."""

    writing: ClassVar[set[str]] = set()

    async def write(self, ctx, credentials, path, item):
        prefix = ctx.assignment_options['endpoint'] + self.prefix(ctx)
        if prefix in self.writing:
            raise PluginUnavailableError('somebody else is writing')
        self.writing.add(prefix)
        try:
            return await super().write(ctx, credentials, path, item)
        finally:
            self.writing.discard(prefix)


@passes()
class FinishesWhatItBegan(MemoryConfiguration):
    """A write that is cancelled goes on, and is whole."""

    async def write(self, ctx, credentials, path, item):
        writing = asyncio.ensure_future(
            super().write(ctx, credentials, path, item)
        )
        try:
            return await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait({writing}, timeout=0.05)
            if not writing.done():
                writing.cancel()
            raise


@passes()
class RefusesUnknownEnvironments(MemoryConfiguration):
    """Somebody has to make an environment first."""

    def prefix(self, ctx):
        if ctx.environment != 'testing':
            raise ValueError('there is no such environment')
        return super().prefix(ctx)


@passes()
class ListsNothingInUnknownEnvironments(MemoryConfiguration):
    """Nothing is there, and nothing can be put there."""

    async def set_value(self, ctx, credentials, key, value):
        if ctx.environment != 'testing':
            raise ValueError('there is no such environment')
        return await super().set_value(ctx, credentials, key, value)


class Bin(MemoryServer):
    """Keeps a trace of what was deleted."""

    def _drop(self, path):
        if self.item(path) is not None:
            self.kept.add(path)
        return super()._drop(path)


class BinSandbox(MemorySandbox):
    """Shows the traces, too."""

    def __init__(self):
        super().__init__()
        self.server.__class__ = Bin
        self.server.kept = set()

    async def snapshot(self):
        traces = {f'bin:{path}': 'deleted' for path in self.server.kept}
        return {**await super().snapshot(), **traces}


@passes(BinSandbox)
class DeletesIntoABin(TakesAnyName):
    """Any name can be deleted, and leaves a trace."""


@passes()
class NamesItsOnlyType(MemoryConfiguration):
    """Declares no data types, and has a name for what it keeps."""

    manifest = MemoryConfiguration.manifest.model_copy(
        update={'data_types': []}
    )

    def to_key(self, prefix, item):
        return super().to_key(prefix, {**item, 'data_type': 'text'})

    def to_value(self, prefix, item):
        return super().to_value(prefix, {**item, 'data_type': 'text'})


@passes(limited(consistency_lag=0.002, page_size=3))
class IsConsistentLater(MemoryConfiguration):
    """Its store shows a write some milliseconds after it was made."""


@passes(limited(nested_keys=False, max_key_length=8, page_size=1))
class KeepsFlatKeys(MemoryConfiguration):
    def path(self, ctx, key):
        if '/' in key:
            raise ValueError('no key holds a slash')
        return super().path(ctx, key)


@pytest.mark.parametrize(
    ('handler', 'sandbox'),
    RIGHT,
    ids=[entry[0].__name__ for entry in RIGHT],
)
def test_a_right_handler_passes_with_every_seed(handler, sandbox, judge, laws):
    for seed in GOOD_SEEDS:
        whole = seed % 25 == 0
        only = {one for one in laws if whole and one.startswith('CFG')}
        judgement = judge(
            handler,
            sandbox=sandbox,
            seed=seed,
            only=only or SCOPE,
            profile='quick' if seed else 'ci',
        )
        assert not judgement.failed, (seed, judgement.told())
        assert not judgement.untestable


class _Plainest(BaseSandbox):
    """Is entered and left, and can do nothing else."""

    def __init__(self):
        super().__init__()
        self.inner = MemorySandbox()
        self.credentials = self.inner.credentials
        self.context = self.inner.context.model_copy(
            update={'environment': None}
        )


def test_what_a_sandbox_cannot_do_makes_only_those_laws_untestable(judge):
    only = {'CFG008', 'CFG009', 'CFG012', 'CFG014', 'CFG100'}
    judgement = judge(MemoryConfiguration, sandbox=_Plainest, only=only)
    assert not judgement.failed, judgement.told()
    assert set(judgement.untestable) == {'CFG009'}
    assert 'snapshot' in judgement.untestable['CFG009']
    notes = {
        check: ' '.join(found)
        for (_, check), found in judgement.labs.notes.items()
    }
    assert 'environment' in notes['CFG012']
    assert 'hang' in notes['CFG014']
