"""Configuration handlers that each story passes and a sequence catches."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from law_seeds import MUTANT_SEEDS

from imbi_plugin_testkit.memory import MemoryConfiguration

STORIES = {f'CFG{number:03}' for number in range(1, 15)}
MUTANTS: list[tuple[type, str]] = []


def breaks(law):
    """Register a mutant with the law that CFG100 must name."""

    def register(cls):
        MUTANTS.append((cls, law))
        return cls

    return register


class _Remembers(MemoryConfiguration):
    """Keeps something on the class, apart for each place."""

    kept: ClassVar[dict[tuple[type, str, str], Any]] = {}

    def memory(self, ctx, make=dict):
        where = ctx.assignment_options['endpoint']
        slot = (type(self), where, self.prefix(ctx))
        return self.kept.setdefault(slot, make())


@breaks('CFG007')
class CacheThatOnlyASetEmpties(_Remembers):
    async def list_keys(self, ctx, credentials):
        cache = self.memory(ctx)
        if 'listing' not in cache:
            cache['listing'] = await super().list_keys(ctx, credentials)
        return list(cache['listing'])

    async def set_value(self, ctx, credentials, key, value):
        self.memory(ctx).clear()
        return await super().set_value(ctx, credentials, key, value)


@breaks('CFG007')
class ForgetsEverySecondDeletionOfAKey(_Remembers):
    async def delete_key(self, ctx, credentials, key):
        if await self.get_values(ctx, credentials, [key]):
            count = self.memory(ctx)
            count[key] = count.get(key, 0) + 1
            if count[key] % 2 == 0:
                return
        await super().delete_key(ctx, credentials, key)


@breaks('CFG004')
class HidesWhatCameBackUnchanged(_Remembers):
    """Takes a key for deleted that was made anew with its old value."""

    async def set_value(self, ctx, credentials, key, value):
        graves = self.memory(ctx)
        if graves.get(key) != value.value:
            graves.pop(key, None)
        return await super().set_value(ctx, credentials, key, value)

    async def delete_key(self, ctx, credentials, key):
        for item in await self.get_values(ctx, credentials, [key]):
            self.memory(ctx)[key] = item.value
        await super().delete_key(ctx, credentials, key)

    async def list_keys(self, ctx, credentials):
        found = await super().list_keys(ctx, credentials)
        return [item for item in found if item.key not in self.memory(ctx)]


@breaks('CFG004')
class ListsTheSameValueOnce(MemoryConfiguration):
    """Where one key begins like another."""

    async def list_keys(self, ctx, credentials):
        found = await self.get_values(ctx, credentials)
        return [
            item
            for item in await super().list_keys(ctx, credentials)
            if not any(
                other.key != item.key
                and other.key.startswith(item.key)
                and other.value == own.value
                for own in found
                if own.key == item.key
                for other in found
            )
        ]


@breaks('CFG010')
class UndoesASecretByAPair(_Remembers):
    """A secret that was overwritten twice in the same way is plain."""

    async def is_secret(self, ctx, credentials, key, value):
        secret = await super().is_secret(ctx, credentials, key, value)
        said = self.memory(ctx)
        same = said.get(key) == (value.value, value.data_type)
        said[key] = (value.value, value.data_type)
        asks = value.secret or value.data_type == 'secret'
        return asks if same else secret


@pytest.mark.usefixtures('unhurried')
@pytest.mark.parametrize(
    ('mutant', 'law'), MUTANTS, ids=[cls.__name__ for cls, _ in MUTANTS]
)
def test_scripts_kill_with_each_seed_what_no_story_does(mutant, law, judge):
    for seed in MUTANT_SEEDS:
        only = {'CFG100'} if seed % 10 else {*STORIES, 'CFG100'}
        judgement = judge(mutant, seed=seed, only=only, profile='ci')
        assert judgement.failed == {'CFG100'}, (seed, judgement.told())
        (finding,) = judgement.findings['CFG100']
        assert finding.message.startswith(f'{law}: '), (seed, finding.message)
