"""Configuration handlers that are wrong at an edge, and what says so.

Laws CFG008 to CFG014; a mutant's row names the exact set of laws of the
family that fail. What only a sequence of calls shows is in test_machines.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import posixpath
import re
import urllib.parse
from typing import ClassVar

import pytest
from law_seeds import MUTANT_SEEDS
from ledger import assert_complete, assert_killed

from imbi_plugin_sdk.manifest import DataType
from imbi_plugin_testkit.memory import MemoryConfiguration, MemorySandbox
from imbi_plugin_testkit.sandbox import Limits

SCOPE = {f'CFG{number:03}' for number in range(1, 15)}
OWN = {f'CFG{number:03}' for number in range(8, 15)}
"""The laws that each have two mutants here."""

MUTANTS: list[tuple[type, frozenset[str], bool]] = []


def kills(*ids, subtle=False):
    """Register a mutant with exactly the laws that must fail on it."""

    def register(cls):
        MUTANTS.append((cls, frozenset(ids), subtle))
        return cls

    return register


# CFG008 -------------------------------------------------------------------


@kills('CFG008', 'CFG009')
class DeletesByPrefix(MemoryConfiguration):
    async def delete_key(self, ctx, credentials, key):
        for item in await self.list_keys(ctx, credentials):
            if item.key.startswith(key):
                await super().delete_key(ctx, credentials, item.key)


@kills('CFG008', subtle=True)
class DeletesWhatIsBelow(MemoryConfiguration):
    async def delete_key(self, ctx, credentials, key):
        for item in await self.list_keys(ctx, credentials):
            if item.key == key or item.key.startswith(f'{key}/'):
                await super().delete_key(ctx, credentials, item.key)


@kills('CFG008', subtle=True)
class DeletesWhatIsLike(MemoryConfiguration):
    """As SQL's LIKE does."""

    async def delete_key(self, ctx, credentials, key):
        pattern = re.escape(key).replace('_', '.')
        for item in await self.list_keys(ctx, credentials):
            if re.fullmatch(pattern, item.key):
                await super().delete_key(ctx, credentials, item.key)


@kills('CFG008', subtle=True)
class FoldsCase(MemoryConfiguration):
    def path(self, ctx, key):
        path = super().path(ctx, key)
        prefix = self.prefix(ctx)
        return prefix + path.removeprefix(prefix).lower()

    async def set_value(self, ctx, credentials, key, value):
        found = await super().set_value(ctx, credentials, key, value)
        return found.model_copy(update={'key': key})


@kills('CFG008', subtle=True)
class WritesToWhatIsAlike(MemoryConfiguration):
    """Takes the key for a pattern."""

    async def set_value(self, ctx, credentials, key, value):
        pattern = re.escape(key).replace(r'\.', '.')
        for item in await self.list_keys(ctx, credentials):
            if item.key != key and re.fullmatch(pattern, item.key):
                await super().set_value(ctx, credentials, item.key, value)
        return await super().set_value(ctx, credentials, key, value)


@kills('CFG008', subtle=True)
class ReadsTheFirstThatBeginsLikeIt(MemoryConfiguration):
    async def get_values(self, ctx, credentials, keys=None):
        found = await super().get_values(ctx, credentials)
        if keys is None:
            return found
        first = {}
        for key in keys:
            like = [item for item in found if item.key.startswith(key)]
            if any(item.key == key for item in like):
                longest = max(like, key=lambda item: len(item.key))
                first[key] = longest.model_copy(update={'key': key})
        return list(first.values())


# CFG009 -------------------------------------------------------------------


class _Unchecked(MemoryConfiguration):
    """Has no rule for keys, and resolves them as a file system does."""

    def resolved(self, prefix, key):
        return posixpath.normpath(prefix + key)

    def path(self, ctx, key):
        return self.resolved(self.prefix(ctx), key)


@kills('CFG009')
class ResolvesPaths(_Unchecked):
    pass


@kills('CFG009', subtle=True)
class TakesAbsolutePaths(_Unchecked):
    def resolved(self, prefix, key):
        return key if key.startswith('/') else prefix + key


@kills('CFG009', subtle=True)
class StripsSlashes(MemoryConfiguration):
    def path(self, ctx, key):
        return super().path(ctx, key.strip('/'))


@kills('CFG009', subtle=True)
class ChecksOnlyWhatItWrites(_Unchecked):
    async def set_value(self, ctx, credentials, key, value):
        MemoryConfiguration.path(self, ctx, key)
        return await super().set_value(ctx, credentials, key, value)

    async def get_values(self, ctx, credentials, keys=None):
        for key in keys or ():
            MemoryConfiguration.path(self, ctx, key)
        return await super().get_values(ctx, credentials, keys)


@kills('CFG009', subtle=True)
class DoesNotQuote(MemoryConfiguration):
    async def ask(self, ctx, credentials, verb, url, body=None):
        if verb in ('PUT', 'DELETE'):
            url = urllib.parse.unquote(url)
        return await super().ask(ctx, credentials, verb, url, body)


@kills('CFG009', subtle=True)
class CutsAtNul(MemoryConfiguration):
    def path(self, ctx, key):
        return super().path(ctx, key.partition('\0')[0])


@kills('CFG009', subtle=True)
class RefusesWithAKeyError(MemoryConfiguration):
    def path(self, ctx, key):
        if key.startswith('/'):
            raise KeyError(key)
        return super().path(ctx, key)


@kills('CFG009', subtle=True)
class RefusesAfterItWrote(_Unchecked):
    async def set_value(self, ctx, credentials, key, value):
        found = await super().set_value(ctx, credentials, key, value)
        MemoryConfiguration.path(self, ctx, key)
        return found

    async def get_values(self, ctx, credentials, keys=None):
        for key in keys or ():
            MemoryConfiguration.path(self, ctx, key)
        return await super().get_values(ctx, credentials, keys)


# CFG010 -------------------------------------------------------------------


@kills('CFG010')
class ForgetsSecrecy(MemoryConfiguration):
    async def is_secret(self, ctx, credentials, key, value):
        return value.secret or value.data_type == 'secret'


@kills('CFG010', subtle=True)
class GoesByTheDataTypeAlone(MemoryConfiguration):
    async def is_secret(self, ctx, credentials, key, value):
        held = await self.get_values(ctx, credentials, [key])
        was = any(item.secret for item in held)
        return was or value.data_type == 'secret'


@kills('CFG010', subtle=True)
class RemembersSecrecyOfOneType(MemoryConfiguration):
    async def is_secret(self, ctx, credentials, key, value):
        held = await self.get_values(ctx, credentials, [key])
        if held and held[0].data_type != value.data_type:
            return value.secret or value.data_type == 'secret'
        return await super().is_secret(ctx, credentials, key, value)


@kills('CFG010', subtle=True)
class ListsSecretsAsPlain(MemoryConfiguration):
    def to_key(self, prefix, item):
        return super().to_key(prefix, {**item, 'secret': False})


@kills('CFG010', subtle=True)
class KeepsTheFirstDataType(MemoryConfiguration):
    manifest = MemoryConfiguration.manifest.model_copy(
        update={
            'data_types': [
                *MemoryConfiguration.manifest.data_types,
                DataType(name='json', label='JSON'),
            ]
        }
    )

    async def write(self, ctx, credentials, path, item):
        held = [one async for one in self.batches(ctx, credentials, [path])]
        if held and not item['secret']:
            item = {**item, 'data_type': held[0]['data_type']}
        return await super().write(ctx, credentials, path, item)


# CFG011 -------------------------------------------------------------------


@kills('CFG011')
class CountsTheYearsDown(MemoryConfiguration):
    writes: ClassVar[dict[str, int]] = {}

    def modified(self, item):
        return super().modified(item).replace(year=2020 - item['writes'])

    async def write(self, ctx, credentials, path, item):
        held = [one async for one in self.batches(ctx, credentials, [path])]
        count = held[0]['writes'] + 1 if held else 1
        item = {**item, 'writes': count}
        return await super().write(ctx, credentials, path, item)


@kills('CFG011', subtle=True)
class KnowsAValueAgain(MemoryConfiguration):
    """Keeps contents by their digest, and so the time of the first."""

    first: ClassVar[dict[tuple[str, str], str]] = {}

    async def write(self, ctx, credentials, path, item):
        answer = await super().write(ctx, credentials, path, item)
        where = ctx.assignment_options['endpoint'] + path
        self.first.setdefault((where, item['value']), answer['modified'])
        return {**answer, 'modified': self.first[where, item['value']]}


@kills('CFG011', subtle=True)
class ListsTheTimeOfTheVersionBefore(MemoryConfiguration):
    """The first listing tells the time of now, later ones of before."""

    async def write(self, ctx, credentials, path, item):
        held = [one async for one in self.batches(ctx, credentials, [path])]
        before = held[0]['modified'] if held else None
        item = {**item, 'before': before}
        return await super().write(ctx, credentials, path, item)

    def to_key(self, prefix, item):
        found = super().to_key(prefix, item)
        if item.get('before') is None:
            return found
        earlier = {**item, 'modified': item['before']}
        day = self.modified(earlier).replace(microsecond=0)
        return found.model_copy(update={'last_modified': day})


# CFG012 -------------------------------------------------------------------


@kills('CFG012')
class IgnoresTheEnvironment(MemoryConfiguration):
    def prefix(self, ctx):
        return f'/imbi/{ctx.project_slug}/'


@kills('CFG009', 'CFG012')
class IgnoresTheProject(MemoryConfiguration):
    def prefix(self, ctx):
        return f'/imbi/{ctx.environment}/'


@kills('CFG012', subtle=True)
class ListsWithoutTheLastSlash(MemoryConfiguration):
    async def pages(self, ctx, credentials, prefix):
        async for item in super().pages(ctx, credentials, prefix[:-1]):
            yield item


@kills('CFG012', subtle=True)
class JoinsWithDashes(MemoryConfiguration):
    def prefix(self, ctx):
        return f'/imbi/{ctx.project_slug}-{ctx.environment or ""}/'


@kills('CFG012', subtle=True)
class CutsLongNames(MemoryConfiguration):
    def prefix(self, ctx):
        environment = (ctx.environment or '-')[:7]
        return f'/imbi/{ctx.project_slug}/{environment}/'


# CFG013 -------------------------------------------------------------------


@kills('CFG013')
class WritesEverythingBack(MemoryConfiguration):
    async def write(self, ctx, credentials, path, item):
        before = [
            one async for one in self.pages(ctx, credentials, self.prefix(ctx))
        ]
        answer = await super().write(ctx, credentials, path, item)
        for one in before:
            kept = dict(one)
            other = kept.pop('path')
            if other != path:
                await super().write(ctx, credentials, other, kept)
        return answer


@kills('CFG013', subtle=True)
class KeepsThePathOnTheClass(MemoryConfiguration):
    current: ClassVar[str] = ''

    async def is_secret(self, ctx, credentials, key, value):
        type(self).current = self.path(ctx, key)
        return await super().is_secret(ctx, credentials, key, value)

    async def write(self, ctx, credentials, path, item):
        return await super().write(ctx, credentials, self.current, item)

    async def set_value(self, ctx, credentials, key, value):
        found = await super().set_value(ctx, credentials, key, value)
        return found.model_copy(update={'key': key})


@kills('CFG013', subtle=True)
class LosesOneOfTwo(MemoryConfiguration):
    """Gives up without a word where somebody else writes meanwhile."""

    writing: ClassVar[set[str]] = set()

    async def write(self, ctx, credentials, path, item):
        prefix = ctx.assignment_options['endpoint'] + self.prefix(ctx)
        if prefix in self.writing:
            return {**item, 'modified': '2026-01-01T00:00:00+00:00'}
        self.writing.add(prefix)
        try:
            return await super().write(ctx, credentials, path, item)
        finally:
            self.writing.discard(prefix)


# CFG014 -------------------------------------------------------------------


@kills('CFG014')
class DeletesBeforeItWrites(MemoryConfiguration):
    async def write(self, ctx, credentials, path, item):
        await self.drop(ctx, credentials, path)
        return await super().write(ctx, credentials, path, item)


@kills('CFG014', subtle=True)
class MarksTheSecretAfterwards(MemoryConfiguration):
    async def write(self, ctx, credentials, path, item):
        plain = {**item, 'secret': False, 'data_type': 'string'}
        answer = await super().write(ctx, credentials, path, plain)
        if item['secret']:
            answer = await super().write(ctx, credentials, path, item)
        return answer


@kills('CFG014', subtle=True)
class MakesThePlaceFirst(MemoryConfiguration):
    async def write(self, ctx, credentials, path, item):
        held = [one async for one in self.batches(ctx, credentials, [path])]
        if not held:
            empty = {**item, 'value': ''}
            with contextlib.suppress(ValueError):
                await super().write(ctx, credentials, path, empty)
        return await super().write(ctx, credentials, path, item)


@kills('CFG014', subtle=True)
class WritesInTwoParts(MemoryConfiguration):
    async def write(self, ctx, credentials, path, item):
        half = {**item, 'value': item['value'][: len(item['value']) // 2]}
        with contextlib.suppress(ValueError):
            await super().write(ctx, credentials, path, half)
        return await super().write(ctx, credentials, path, item)


@kills('CFG014', subtle=True)
class DeletesWhereItWasCancelled(MemoryConfiguration):
    async def write(self, ctx, credentials, path, item):
        try:
            return await super().write(ctx, credentials, path, item)
        except asyncio.CancelledError:
            await self.drop(ctx, credentials, path)
            raise


class WritesPlusForSpace(MemoryConfiguration):
    async def write(self, ctx, credentials, path, item):
        url = urllib.parse.quote_plus(path, safe='/')
        return await self.ask(ctx, credentials, 'PUT', url, item)


def test_characters_that_urls_escape_are_told_apart_where_keys_have_them(
    judge,
):
    alphabet = f'{Limits().key_alphabet} +%'

    def sandbox():
        return MemorySandbox(Limits(key_alphabet=alphabet))

    for seed in MUTANT_SEEDS:
        wrong, right = (
            judge(handler, sandbox=sandbox, seed=seed, only={'CFG008'})
            for handler in (WritesPlusForSpace, MemoryConfiguration)
        )
        assert wrong.failed == {'CFG008'}, seed
        assert not right.failed, right.told()


@pytest.mark.parametrize(
    ('mutant', 'expected'),
    [(cls, ids) for cls, ids, _ in MUTANTS],
    ids=[cls.__name__ for cls, _, _ in MUTANTS],
)
def test_each_seed_kills_a_mutant_by_exactly_the_expected_laws(
    mutant, expected, judge
):
    assert_killed(judge, mutant, expected, SCOPE)


def test_every_law_has_two_mutants_one_of_them_subtle():
    assert_complete(((ids, subtle) for _, ids, subtle in MUTANTS), OWN)
