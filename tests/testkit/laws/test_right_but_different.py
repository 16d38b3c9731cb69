"""Correct handlers that differ where the contract is silent pass it all."""

from __future__ import annotations

import asyncio
import functools
import logging
import random
import time
import warnings
from typing import ClassVar

import pytest
from law_seeds import GOOD_SEEDS

from imbi_plugin_sdk.errors import PluginCredentialsMissing, PluginError
from imbi_plugin_sdk.handlers.configuration import (
    ConfigKey,
    ConfigKeyWithValue,
)
from imbi_plugin_sdk.manifest import CredentialField, DataType
from imbi_plugin_testkit.memory import MemoryConfiguration, MemorySandbox
from imbi_plugin_testkit.memory.server import MemoryServer
from imbi_plugin_testkit.sandbox import Limits

SCOPE = {
    'ASY001',
    'ASY002',
    'ASY003',
    'SEC001',
    *(f'CFG{number:03}' for number in range(1, 8)),
}
"""The laws that every seed is tried on here; each other law has tests of its
own beside this file."""

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
class Backwards(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        return (await super().list_keys(ctx, credentials))[::-1]

    async def get_values(self, ctx, credentials, keys=None):
        return (await super().get_values(ctx, credentials, keys))[::-1]


@passes()
class InAnyOrder(MemoryConfiguration):
    async def get_values(self, ctx, credentials, keys=None):
        found = await super().get_values(ctx, credentials, keys)
        random.shuffle(found)
        return found


@passes()
class RefusesEmptyValues(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        if not value.value:
            raise ValueError('a value must not be empty')
        return await super().set_value(ctx, credentials, key, value)


class NotOurAlphabetError(PluginError):
    """An error of the plugin's own, below the contract's."""


@passes()
class RefusesUnicode(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        if not value.value.isascii():
            raise NotOurAlphabetError('ASCII only')
        return await super().set_value(ctx, credentials, key, value)


@passes(
    limited(empty_value=False, padded_value=False, unicode_value=False),
)
class StoreThatRefusesMuch(MemoryConfiguration):
    """The store says no, and the plugin passes that on."""


@passes()
class TellsNoTimes(MemoryConfiguration):
    def modified(self, item):
        return None


@passes()
class TellsTimesInListingsOnly(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        found = await super().set_value(ctx, credentials, key, value)
        return found.model_copy(update={'last_modified': None})


@passes()
class KeepsEverythingSecret(MemoryConfiguration):
    async def is_secret(self, ctx, credentials, key, value):
        return True


@passes()
class KnowsOneDataType(MemoryConfiguration):
    """Stores every text alike and says so, in both answers."""

    manifest = MemoryConfiguration.manifest.model_copy(
        update={'data_types': [DataType(name='text', label='Text')]}
    )

    def to_key(self, prefix, item):
        return super().to_key(prefix, {**item, 'data_type': 'text'})

    def to_value(self, prefix, item):
        return super().to_value(prefix, {**item, 'data_type': 'text'})


@passes()
class KnowsNumbers(MemoryConfiguration):
    """Refuses in one data type what another takes."""

    manifest = MemoryConfiguration.manifest.model_copy(
        update={
            'data_types': [
                DataType(name='integer', label='Number'),
                DataType(name='String', label='Text'),
                DataType(name='secret', label='Secret', secret=True),
            ]
        }
    )

    async def set_value(self, ctx, credentials, key, value):
        if value.data_type == 'integer':
            value = value.model_copy(update={'value': str(int(value.value))})
        return await super().set_value(ctx, credentials, key, value)


@passes(limited(consistency_lag=0.001, page_size=3))
class IsConsistentLater(MemoryConfiguration):
    """Its store shows a write some milliseconds after it was made."""


@passes(limited(consistency_lag=0.004, page_size=2))
class IsConsistentMuchLater(MemoryConfiguration):
    """Its store takes longer than any read."""


class Replicas(MemoryServer):
    """Answers from any of several, some of which lag behind."""

    chance: ClassVar = random.Random(0)

    def item(self, path):
        now = time.monotonic()
        for version in reversed(self._paths.get(path, ())):
            if version.seen_from <= now or self.chance.random() < 0.5:
                return version.item
        return None


class ReplicatedSandbox(MemorySandbox):
    """What one read saw, the next may not see yet."""

    def __init__(self):
        super().__init__(Limits(consistency_lag=0.004, page_size=4))
        self.server.__class__ = Replicas


@passes(ReplicatedSandbox)
class ReadsFromAnyReplica(MemoryConfiguration):
    """Consistent once the lag is over, and before that in no order."""


@passes(
    limited(
        key_alphabet='ABCDEFGHIJKLMNOPQRSTUVWXYZ_',
        max_key_length=10,
        max_value_bytes=64,
        case_sensitive_keys=False,
        nested_keys=False,
        multiline_value=False,
        page_size=2,
    )
)
class KeepsVariablesOfAnEnvironment(MemoryConfiguration):
    """Short keys in capitals, short values on one line."""


@passes()
class ReturnsTuples(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        return tuple(await super().list_keys(ctx, credentials))


@passes()
class AddsToTheModels(MemoryConfiguration):
    class Key(ConfigKey):
        revision: int = 1

    class Value(ConfigKeyWithValue):
        revision: int = 1

    def to_key(self, prefix, item):
        return self.Key(**super().to_key(prefix, item).model_dump())

    def to_value(self, prefix, item):
        return self.Value(**super().to_value(prefix, item).model_dump())


@passes()
class TakesMore(MemoryConfiguration):
    __slots__ = ()

    async def list_keys(self, ctx, credentials, *, limit=None, **extra):
        return await super().list_keys(ctx, credentials)


@passes()
class SkipsWritesThatChangeNothing(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        held = await self.get_values(ctx, credentials, [key])
        same = held and held[0].value == value.value
        if same and held[0].data_type == value.data_type and not value.secret:
            return ConfigKey(**held[0].model_dump(exclude={'value'}))
        return await super().set_value(ctx, credentials, key, value)


@passes()
class HasMoreCredentials(MemoryConfiguration):
    """An optional credential may be missing, and a name may be said."""

    manifest = MemoryConfiguration.manifest.model_copy(
        update={
            'credentials': [
                CredentialField(name='api_token', label='Token'),
                CredentialField(name='region', label='Region'),
                CredentialField(name='role', label='Role', required=False),
            ]
        }
    )

    def token(self, credentials):
        token = super().token(credentials)
        if not credentials.get('region', '').strip():
            raise PluginCredentialsMissing('region')
        return token


@passes()
class Warns(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        warnings.warn('an old library', DeprecationWarning, stacklevel=1)
        return await super().list_keys(ctx, credentials)


@passes()
class LogsWhatItDoes(MemoryConfiguration):
    async def ask(self, ctx, credentials, verb, url, body=None):
        logging.getLogger('made_up').debug('%s %s with ***', verb, url)
        return await super().ask(ctx, credentials, verb, url, body)


@passes()
class UsesThreadsAndTasks(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        await asyncio.to_thread(sum, [1, 2])
        first = asyncio.create_task(super().list_keys(ctx, credentials))
        return await first


def structural():
    """Return a class that matches the contract without inheriting it."""

    class Structural:
        manifest = MemoryConfiguration.manifest
        made: ClassVar = MemoryConfiguration

        async def list_keys(self, ctx, credentials):
            return await self.made().list_keys(ctx, credentials)

        async def get_values(self, ctx, credentials, keys=None):
            return await self.made().get_values(ctx, credentials, keys)

        async def set_value(self, ctx, credentials, key, value):
            return await self.made().set_value(ctx, credentials, key, value)

        async def delete_key(self, ctx, credentials, key):
            await self.made().delete_key(ctx, credentials, key)

    return Structural


passes()(structural())


class RegionalSandbox(MemorySandbox):
    """Gives a credential that is no secret, too."""

    def __init__(self):
        super().__init__()
        self.credentials['region'] = 'eu-west-1'


@pytest.mark.parametrize(
    ('handler', 'sandbox'),
    RIGHT,
    ids=[entry[0].__name__ for entry in RIGHT],
)
def test_a_right_handler_passes_with_every_seed(handler, sandbox, judge):
    if handler is HasMoreCredentials:
        sandbox = RegionalSandbox
    for seed in GOOD_SEEDS:
        only = None if seed % 25 == 0 else SCOPE
        judgement = judge(
            handler, sandbox=sandbox, seed=seed, only=only, profile='quick'
        )
        assert not judgement.failed, (seed, judgement.told())
        assert not judgement.untestable
        assert not any(judgement.labs.strays.values())


def test_nothing_that_a_law_made_is_left(judge):
    made = MemorySandbox()
    judge(MemoryConfiguration, sandbox=functools.partial(_same, made))
    assert not dict(made.server.items())


def test_a_law_leaves_what_it_did_not_make_alone(judge):
    made = MemorySandbox()
    asyncio.run(made.seed(made.context, {'kept': 'value'}))
    before = dict(made.server.items())
    judge(MemoryConfiguration, sandbox=functools.partial(_same, made))
    assert dict(made.server.items()) == before


def _same(made):
    return made
