"""Correct logs plugins that differ where the contract is silent all pass."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import json
import random
import re
import time
import uuid
from unittest import mock

import pytest
from law_seeds import GOOD_SEEDS

from imbi_plugin_sdk.errors import CursorExpiredError
from imbi_plugin_sdk.handlers.logs import LogEntry, LogResult, LogsPlugin
from imbi_plugin_testkit.memory import logs_server
from imbi_plugin_testkit.memory.logs import MemoryLogs, MemoryLogsSandbox
from imbi_plugin_testkit.memory.logs_server import MemoryLogServer
from imbi_plugin_testkit.memory.server import MemoryServer
from imbi_plugin_testkit.models.logs import LogLimits, LogsSandbox

LAWS = {f'LOG{number:03}' for number in range(1, 18)}
RIGHT: list[tuple[type, object, frozenset[str]]] = []


def passes(sandbox=MemoryLogsSandbox, *, untestable=()):
    """Register a handler and its sandbox."""

    def register(cls):
        RIGHT.append((cls, sandbox, frozenset(untestable)))
        return cls

    return register


def limited(**limits):
    return lambda: MemoryLogsSandbox(LogLimits(**limits))


passes()(MemoryLogs)


@passes()
class OldestFirst(MemoryLogs):
    def order(self):
        return 'oldest'

    def end_inclusive(self):
        return True


@passes()
class TellsNoTotal(MemoryLogs):
    def total(self, found, answer):
        return None


@passes()
class EstimatesTheTotal(MemoryLogs):
    def total(self, found, answer):
        return 10 * answer['total'] + 1


@passes()
class DoesNotKnowThatItIsAtTheEnd(MemoryLogs):
    """Offers another page behind each full one, which may be blank."""

    def more(self, query, found, answer):
        return len(found) == query.limit


@passes()
class GivesShortPages(MemoryLogs):
    """Gives what one request of the server brings, and a cursor."""

    async def gather(self, ctx, credentials, query, state):
        size = min(query.limit, self.page_size(ctx), 4)
        question = {**self.question(ctx, query), **state, 'size': size}
        answer = await self.ask(ctx, credentials, '/search', question)
        return answer['entries'], answer


class KeepsSnapshots(MemoryLogs):
    """Keeps what a search found at the server, under a name.

    The cursor is that name with an offset, which is not sealed: the name
    cannot be guessed, and every part of it is checked.
    """

    async def search(self, ctx, credentials, query):
        query = query.model_copy()
        server = self.server(ctx)
        if query.cursor is None:
            name, offset = uuid.uuid4().hex, 0
            everything = query.model_copy(update={'limit': 10_000})
            whole = await super().search(ctx, credentials, everything)
            server.kept[name] = (self.asked(ctx, query), whole.entries)
        else:
            name, offset = self.named(ctx, query)
        entries = server.kept[name][1]
        page = entries[offset : offset + query.limit]
        left = offset + len(page) < len(entries)
        return self.made(ctx, name, offset + len(page), page, left=left)

    def server(self, ctx):
        return MemoryServer.at(ctx.assignment_options['endpoint'])

    def asked(self, ctx, query):
        return json.dumps(self.question(ctx, query))

    def named(self, ctx, query):
        name, _, rest = query.cursor.partition('.')
        offset, _, digest = rest.partition('.')
        kept = self.server(ctx).kept.get(name)
        if (
            kept is None
            or kept[0] != self.asked(ctx, query)
            or digest != uuid.uuid5(uuid.UUID(name), offset).hex
        ):
            raise CursorExpiredError('unknown')
        return name, int(offset)

    def made(self, ctx, name, offset, page, *, left):
        digest = uuid.uuid5(uuid.UUID(name), str(offset)).hex
        cursor = f'{name}.{offset}.{digest}' if left else None
        return LogResult(entries=page, next_cursor=cursor)


passes()(KeepsSnapshots)


@passes()
class KeepsTheOffsetToo(KeepsSnapshots):
    """The cursor is a handle, the same on each page; the server counts."""

    def named(self, ctx, query):
        server = self.server(ctx)
        kept = server.kept.get(query.cursor)
        if kept is None or kept[0] != self.asked(ctx, query):
            raise CursorExpiredError('unknown')
        return query.cursor, server.kept[f'{query.cursor} at']

    def made(self, ctx, name, offset, page, *, left):
        self.server(ctx).kept[f'{name} at'] = offset
        return LogResult(entries=page, next_cursor=name if left else None)


@passes(limited(consistency_lag=0.001, page_size=3))
class IsConsistentLater(MemoryLogs):
    """Its server shows an entry some milliseconds after it came."""


class Replicas(MemoryLogServer):
    """Searches and counts on any of several, which lag behind by chance."""

    def _matching(self, question):
        ahead = random.Random(len(self.urls)).random()
        limit = time.monotonic() + ahead * self.limits.consistency_lag
        with mock.patch.object(logs_server, 'time') as clock:
            clock.monotonic.return_value = limit
            return [*super()._matching(question)]


class ReplicatedSandbox(MemoryLogsSandbox):
    """What one search saw, the next one or a histogram may not see yet."""

    def __init__(self):
        super().__init__(LogLimits(consistency_lag=0.004, page_size=4))
        self.server.__class__ = Replicas


@passes(ReplicatedSandbox)
class SearchesAnyReplica(MemoryLogs):
    """Consistent once the lag is over, and before that in no order."""


@passes()
class ScansPieceByPiece(MemoryLogs):
    """Looks through one piece of the window for each page but the first.

    Pages between may be blank, each with a cursor of its own.
    """

    PIECE = 90_000_000

    async def gather(self, ctx, credentials, query, state):
        state, first = dict(state), not state
        end = state.pop('until', self.end(query))
        while True:
            start = max(self.start(query), end - self.PIECE)
            question = {
                **self.question(ctx, query),
                **state,
                'start': start,
                'end': end,
                'size': min(query.limit, self.page_size(ctx)),
            }
            answer = await self.ask(ctx, credentials, '/search', question)
            found, more = answer['entries'], answer['more']
            if not more:
                end = start
            answer['more'] = more or end > self.start(query)
            answer['until'] = end
            if found or not first or not answer['more']:
                return found, answer

    def position(self, found, answer):
        place = super().position(found, answer) if found else {}
        return {**place, 'until': answer['until']}

    def more(self, query, found, answer):
        return answer['more']

    def total(self, found, answer):
        return None


@passes()
class GivesACursorForOneCall(MemoryLogs):
    """Its server forgets a position once somebody went on from it."""

    async def search(self, ctx, credentials, query):
        kept = MemoryServer.at(ctx.assignment_options['endpoint']).kept
        if query.cursor is not None:
            self.opened(ctx, credentials, query)
            if not kept.pop(query.cursor, False):
                raise CursorExpiredError('used')
        found = await super().search(ctx, credentials, query)
        kept[found.next_cursor] = True
        return found


@passes(limited(resolution=1.0))
class TellsSeconds(MemoryLogs):
    """Its server cuts timestamps to seconds."""


@passes(limited(resolution=1.0, longest_window=900.0))
class SearchesAQuarterOfAnHour(MemoryLogs):
    """Its server takes short windows only."""


@passes(limited(filter_ops=('eq', 'contains')))
class KnowsTwoOperators(MemoryLogs):
    """Its server has no others."""


@passes(limited(message_field=None, level_field=None))
class FiltersFieldsOnly(MemoryLogs):
    """Message and level cannot be named by a filter."""


@passes(
    limited(fields=(), message_field=None, level_field=None),
    untestable={'LOG010', 'LOG011'},
)
class FiltersByNothing(MemoryLogs):
    """Its server has levels and time only."""


@passes(limited(fields=(), filter_ops=('contains', 'starts_with')))
class FiltersTheMessage(MemoryLogs):
    """A server of plain lines: no fields, no equality."""


@passes(limited(levels=('INFO',)), untestable={'LOG009'})
class HasOneLevel(MemoryLogs):
    """Its server has no other."""


@passes(limited(levels=()), untestable={'LOG009'})
class HasNoLevels(MemoryLogs):
    """Its server knows lines and nothing of them."""


@passes(limited(fields=('kubernetes.pod.name', 'labels["app"]')))
class HasNestedNames(MemoryLogs):
    """Its server names fields by paths."""

    def to_field(self, name):
        return {**super().to_field(name), 'path': name.split('.')}


@passes(limited(largest_limit=3, page_size=2))
class TakesSmallLimitsOnly(MemoryLogs):
    """Its server refuses more than three entries at once."""

    def check(self, query):
        super().check(query)
        if query.limit > 3:
            raise ValueError('a limit of three at most')


@passes(limited(largest_limit=1, page_size=1))
class TakesOneAtATime(MemoryLogs):
    """The smallest limit there is."""


@passes()
class DrawsEveryBucket(MemoryLogs):
    """Has buckets without entries, too, and no levels in any."""

    async def histogram(self, ctx, credentials, query, bucket_count=60):
        found = await super().histogram(ctx, credentials, query, bucket_count)
        width = dt.timedelta(microseconds=self.width(query, bucket_count))
        counts = {bucket.timestamp: bucket.count for bucket in found}
        start = query.start_time.astimezone(dt.UTC)
        every, made = [], found[:1]
        while start < query.end_time and made:
            count = counts.get(start, 0)
            facts = {'timestamp': start, 'count': count, 'levels': {}}
            every.append(made[0].model_copy(update=facts))
            start += width
        return every


@passes()
class DrawsHalfOfTheBuckets(MemoryLogs):
    """As many buckets as it likes, but for too many."""

    def width(self, query, bucket_count):
        return 2 * super().width(query, bucket_count)


@passes()
class HasNoHistogram(MemoryLogs):
    """Neither says that it has one nor has one."""

    manifest = MemoryLogs.manifest.model_copy(
        update={'supports_histogram': False}
    )
    histogram = LogsPlugin.histogram


@passes()
class TellsLevelsInItsOwnWay(MemoryLogs):
    """Names levels in small letters, and times in another zone."""

    def to_entry(self, entry):
        found = super().to_entry(entry)
        zone = dt.timezone(dt.timedelta(hours=9))
        facts = {
            'level': found.level and found.level.lower(),
            'timestamp': found.timestamp.astimezone(zone),
        }
        return found.model_copy(update=facts)


@passes()
class RefusesSyntax(MemoryLogs):
    """Takes no value with characters that its server would read."""

    def filters(self, query):
        found = super().filters(query)
        for _, op, value in found:
            if op != 'regex' and not re.fullmatch(r'[\w -]+', value):
                raise ValueError('letters and digits only')
        return found


class Busy(MemoryLogsSandbox):
    """Somebody else logs in every project: heartbeats, all alike."""

    async def seed(self, context, model):
        await super().seed(context, model)
        for entry in model:
            beat = LogEntry(
                timestamp=entry.timestamp,
                message='beat',
                level=entry.level,
            )
            await super().seed(context, [beat])


@passes(Busy)
class SeesOtherEntriesToo(MemoryLogs):
    """What a law did not make is nobody's fault."""


class NeverExpires(MemoryLogsSandbox):
    """Its cursors are good for ever."""

    expire_cursors = LogsSandbox.expire_cursors


@passes(NeverExpires)
class HasCursorsThatLast(MemoryLogs):
    """There is nothing that expires."""


@pytest.mark.parametrize(
    ('handler', 'sandbox', 'untestable'),
    RIGHT,
    ids=[entry[0].__name__ for entry in RIGHT],
)
def test_a_right_handler_passes_with_every_seed(
    handler, sandbox, untestable, judge
):
    for seed in GOOD_SEEDS:
        judgement = judge(handler, sandbox=sandbox, seed=seed, only=LAWS)
        assert not judgement.failed, (seed, judgement.told())
        assert judgement.untestable.keys() == untestable
        assert not any(judgement.labs.strays.values())


def test_scripts_wait_until_every_replica_has_what_was_logged(judge):
    for seed in GOOD_SEEDS:
        judgement = judge(
            SearchesAnyReplica,
            sandbox=ReplicatedSandbox,
            seed=seed,
            only={'LOG100'},
        )
        assert not judgement.failed, judgement.told()


def test_a_right_handler_passes_the_laws_of_every_method(judge, laws):
    # ASY004 waits for the handler's own time-out, five seconds.
    others = {law for law in laws if law[:3] in ('ASY', 'SEC')} - {'ASY004'}
    judgement = judge(MemoryLogs, sandbox=MemoryLogsSandbox, only=others)
    assert not judgement.failed, judgement.told()


def test_a_cursor_that_cannot_expire_is_noted(judge):
    judgement = judge(MemoryLogs, sandbox=NeverExpires, only={'LOG005'})
    (notes,) = judgement.labs.notes.values()
    assert 'expire_cursors' in notes[0]


def test_a_sandbox_that_cannot_seed_makes_the_laws_untestable(judge):
    class CannotSeed(MemoryLogsSandbox):
        seed = LogsSandbox.seed

    judgement = judge(MemoryLogs, sandbox=CannotSeed, only=LAWS)
    assert judgement.untestable.keys() == LAWS
    assert not judgement.findings


def test_laws_touch_only_projects_of_their_own(judge):
    made = MemoryLogsSandbox()
    now = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=30)
    kept = LogEntry(timestamp=now, message='kept')
    asyncio.run(made.seed(made.context, [kept]))
    before = list(made.server.entries())
    judge(MemoryLogs, sandbox=functools.partial(_same, made), only=LAWS)
    own = made.context.project_id
    assert [pair for pair in made.server.entries() if pair[0] == own] == before


def _same(made):
    return made
