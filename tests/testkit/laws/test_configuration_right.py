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
from imbi_plugin_testkit.sandbox import BaseSandbox, Limits

SCOPE = {f'CFG{number:03}' for number in range(8, 15)}
FEW = GOOD_SEEDS[::10]
"""Seeds for handlers on which keys and their order have no bearing."""

RIGHT: list[tuple[type, object, object]] = []


def passes(sandbox=MemorySandbox, *, seeds=GOOD_SEEDS):
    """Register a handler, its sandbox, and the seeds with which it passes."""

    def register(cls):
        RIGHT.append((cls, sandbox, seeds))
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


@passes(seeds=FEW)
class NamesTheTypeOfSecrets(MemoryConfiguration):
    """Stores secrets apart, and tells of them as such."""

    async def write(self, ctx, credentials, path, item):
        if item['secret']:
            item = {**item, 'data_type': 'secret'}
        return await super().write(ctx, credentials, path, item)


@passes(seeds=FEW)
class RefusesSecretsInPlainTypes(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        if value.secret and value.data_type != 'secret':
            raise ValueError('a secret has the data type "secret"')
        return await super().set_value(ctx, credentials, key, value)


@passes(seeds=FEW)
class RefusesPlainTextOverSecrets(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        held = await self.get_values(ctx, credentials, [key])
        asks = value.secret or value.data_type == 'secret'
        if held and held[0].secret and not asks:
            raise ValueError('delete the secret first')
        return await super().set_value(ctx, credentials, key, value)


@passes(seeds=FEW)
class KeepsNoSecrets(MemoryConfiguration):
    manifest = MemoryConfiguration.manifest.model_copy(
        update={'data_types': [DataType(name='text', label='Text')]}
    )

    async def set_value(self, ctx, credentials, key, value):
        if value.secret:
            raise ValueError('this is no place for secrets')
        return await super().set_value(ctx, credentials, key, value)


@passes(seeds=FEW)
class TellsTimeInSeconds(MemoryConfiguration):
    def modified(self, item):
        return super().modified(item).replace(microsecond=0)


@passes(seeds=FEW)
class KeepsAKeyOrAFolder(MemoryConfiguration):
    """As a file system: `a` and `a/b` cannot both be."""

    async def set_value(self, ctx, credentials, key, value):
        for item in await self.list_keys(ctx, credentials):
            below = item.key.startswith(f'{key}/')
            if below or key.startswith(f'{item.key}/'):
                raise ValueError('a key cannot be below a key')
        return await super().set_value(ctx, credentials, key, value)


@passes(limited(case_sensitive_keys=False), seeds=FEW)
class FoldsCase(MemoryConfiguration):
    def path(self, ctx, key):
        return super().path(ctx, key).lower()


@passes(seeds=FEW)
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


@passes(seeds=FEW)
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


@passes(limited(consistency_lag=0.005, page_size=3), seeds=GOOD_SEEDS[:3])
class IsConsistentLater(MemoryConfiguration):
    """Its store shows a write some milliseconds after it was made."""


@passes(limited(nested_keys=False, max_key_length=8, page_size=1))
class KeepsFlatKeys(MemoryConfiguration):
    def path(self, ctx, key):
        if '/' in key:
            raise ValueError('no key holds a slash')
        return super().path(ctx, key)


@pytest.mark.parametrize(
    ('handler', 'sandbox', 'seeds'),
    RIGHT,
    ids=[entry[0].__name__ for entry in RIGHT],
)
def test_a_right_handler_passes_with_every_seed(
    handler, sandbox, seeds, judge, laws
):
    for seed in seeds:
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
