"""Faults of logs plugins that only show when searches stand side by side."""

from __future__ import annotations

import json
import uuid

import pytest
from law_seeds import GOOD_SEEDS, MUTANT_SEEDS

from imbi_plugin_sdk.errors import CursorExpiredError
from imbi_plugin_sdk.handlers.logs import LogResult
from imbi_plugin_testkit.memory.logs import MemoryLogs, MemoryLogsSandbox
from imbi_plugin_testkit.memory.server import MemoryServer
from imbi_plugin_testkit.models.logs import LogLimits

STORIES = {f'LOG{number:03}' for number in range(1, 18)}
MUTANTS = []
RIGHT = []


def breaks(*laws):
    """Register a mutant with the laws of which its script must name one."""

    def register(cls):
        MUTANTS.append((cls, laws))
        return cls

    return register


def right(**limits):
    """Register a handler that is right on a backend with these limits."""

    def register(cls):
        RIGHT.append((cls, LogLimits(**limits)))
        return cls

    return register


def server(ctx):
    return MemoryServer.at(ctx.assignment_options['endpoint'])


right()(MemoryLogs)


@right()
class KeepsSearchesOpen(MemoryLogs):
    """Keeps what a search found at the server, under a name of its own."""

    async def search(self, ctx, credentials, query):
        kept = server(ctx).kept
        name = self.name_of(ctx, query)
        if query.cursor is None:
            every = query.model_copy(update={'limit': 10_000})
            whole = await super().search(ctx, credentials, every)
            kept[name] = [self.asked(ctx, query), whole.entries]
        elif name not in kept or kept[name][0] != self.asked(ctx, query):
            raise CursorExpiredError('gone')
        entries = kept[name][1]
        page, rest = entries[: query.limit], entries[query.limit :]
        kept[name][1] = rest
        return LogResult(entries=page, next_cursor=name if rest else None)

    def asked(self, ctx, query):
        return json.dumps(self.question(ctx, query))

    def name_of(self, ctx, query):
        return query.cursor or uuid.uuid4().hex


for CLS, LIMITS in (
    ('SmallLimits', {'largest_limit': 2, 'page_size': 1}),
    ('Plain', {'fields': (), 'levels': (), 'message_field': None}),
    ('Seconds', {'resolution': 1.0, 'longest_window': 900.0}),
    ('Late', {'consistency_lag': 0.001}),
):
    right(**LIMITS)(type(CLS, (MemoryLogs,), {}))


@breaks('LOG002', 'LOG008')
class KeepsOneSearchOpen(KeepsSearchesOpen):
    """Has one place for the open search of a project."""

    def asked(self, ctx, query):
        return ctx.project_id

    def name_of(self, ctx, query):
        name = f'{ctx.project_id}-{server(ctx).generation}'
        return name if query.cursor in (None, name) else ''


@breaks('search raised')
class KeepsTwoSearchesOpen(KeepsSearchesOpen):
    """Lets the oldest search go when a third is opened."""

    def name_of(self, ctx, query):
        kept = server(ctx).kept
        while query.cursor is None and len(kept) > 2:
            kept.pop(next(iter(kept)))
        return super().name_of(ctx, query)


@breaks('LOG015')
class RemembersCounts(MemoryLogs):
    """Asks for a histogram once, and then knows it."""

    async def histogram(self, ctx, credentials, query, bucket_count=60):
        kept = server(ctx).kept
        name = json.dumps([self.question(ctx, query), bucket_count])
        if name not in kept:
            kept[name] = await super().histogram(
                ctx, credentials, query, bucket_count
            )
        return kept[name]


@breaks('LOG002', 'LOG008', 'LOG015')
class RemembersPageOne(MemoryLogs):
    """Asks for a first page once, and then knows it."""

    async def gather(self, ctx, credentials, query, state):
        kept = server(ctx).kept
        name = json.dumps([self.question(ctx, query), query.limit])
        if state:
            return await super().gather(ctx, credentials, query, state)
        if name not in kept or not kept[name][0]:
            kept[name] = await super().gather(ctx, credentials, query, state)
        return kept[name]


@breaks('LOG002', 'LOG008')
class TakesTheLevelsOfTheLastSearch(MemoryLogs):
    """Keeps the levels beside the cursor, for all searches of a project."""

    def seal(self, ctx, credentials, query, state):
        bare = query.model_copy(update={'levels': []})
        return super().seal(ctx, credentials, bare, state)

    async def gather(self, ctx, credentials, query, state):
        kept = server(ctx).kept
        if not state:
            kept[ctx.project_id] = query.levels
        levels = {'levels': kept.get(ctx.project_id, query.levels)}
        query = query.model_copy(update=levels)
        return await super().gather(ctx, credentials, query, state)


@pytest.mark.usefixtures('unhurried')
@pytest.mark.parametrize(
    ('mutant', 'named'), MUTANTS, ids=[row[0].__name__ for row in MUTANTS]
)
def test_each_seed_finds_a_script_for_a_mutant(mutant, named, judge):
    for seed in MUTANT_SEEDS:
        judgement = judge(
            mutant,
            sandbox=MemoryLogsSandbox,
            seed=seed,
            only={'LOG100'},
            profile='ci',
        )
        assert judgement.failed == {'LOG100'}
        told = judgement.told()
        assert any(f': {law}' in told for law in named), told


@pytest.mark.parametrize(
    ('mutant', 'named'), MUTANTS, ids=[row[0].__name__ for row in MUTANTS]
)
def test_no_story_finds_what_the_machine_finds(mutant, named, judge):
    judgement = judge(mutant, sandbox=MemoryLogsSandbox, only=STORIES)
    assert not judgement.failed, judgement.told()


def test_a_script_is_short_and_printed_as_a_test(judge):
    judgement = judge(
        KeepsOneSearchOpen,
        sandbox=MemoryLogsSandbox,
        only={'LOG100'},
        profile='ci',
    )
    (finding,) = judgement.findings['LOG100']
    steps = [line for line in finding.details if 'await machine.' in line]
    assert 3 <= len(steps) <= 6, finding.details
    assert any('begin(' in step for step in steps)


@pytest.mark.parametrize(
    ('handler', 'limits'), RIGHT, ids=[row[0].__name__ for row in RIGHT]
)
def test_a_right_handler_agrees_with_the_model(handler, limits, judge):
    for seed in GOOD_SEEDS:
        judgement = judge(
            handler,
            sandbox=lambda: MemoryLogsSandbox(limits),
            seed=seed,
            only={'LOG100'},
        )
        assert not judgement.failed, (seed, judgement.told())
        assert not judgement.untestable


class OneLog(MemoryLogsSandbox):
    """Keeps the lines of all projects in one log."""

    async def seed(self, context, model):
        await super().seed(EVERYBODY, model)


EVERYBODY = OneLog().context


class ForgetsTheProject(MemoryLogs):
    """Seals cursors for a project, and searches those of all."""

    def question(self, ctx, query):
        question = super().question(ctx, query)
        return {**question, 'project': EVERYBODY.project_id}

    def seal(self, ctx, credentials, query, state):
        return super().seal(
            ctx, credentials, query, state + ctx.project_id.encode()
        )


def test_lines_of_another_project_are_a_fault(judge):
    for seed in MUTANT_SEEDS:
        judgement = judge(
            ForgetsTheProject, sandbox=OneLog, seed=seed, only={'LOG100'}
        )
        assert ': ASY008' in judgement.told()
