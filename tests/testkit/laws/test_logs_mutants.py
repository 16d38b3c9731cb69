"""Logs plugins that are wrong in one place, and the laws that must say so.

A mutant's row names the laws that fail with every seed, and those that may
fail too, as the seed has it. `subtle` ones are the slips that reviews miss.
"""

from __future__ import annotations

import base64
import datetime as dt
import fnmatch
import itertools
import json
import re
import urllib.parse
import zlib
from typing import ClassVar

import pytest
from ledger import assert_complete, assert_killed

from imbi_plugin_sdk.errors import CursorExpiredError, PluginUnavailableError
from imbi_plugin_sdk.handlers.logs import LogsPlugin
from imbi_plugin_testkit.memory.logs import MemoryLogs, MemoryLogsSandbox

SCOPE = {f'LOG{number:03}' for number in range(1, 18)}
MUTANTS: list[tuple[type, frozenset[str], frozenset[str], bool]] = []


def kills(*ids, also=(), subtle=False):
    """Register a mutant with the laws that must and that may fail on it."""

    def register(cls):
        row = (cls, frozenset(ids), frozenset(ids) | set(also), subtle)
        MUTANTS.append(row)
        return cls

    return register


class Rearranges(MemoryLogs):
    """Changes what a search found, and nothing else."""

    async def search(self, ctx, credentials, query):
        found = await super().search(ctx, credentials, query)
        entries = self.rearranged(query, found.entries)
        return found.model_copy(update={'entries': entries})


# LOG001 -------------------------------------------------------------------


@kills('LOG001', also={'LOG002', 'LOG003', 'LOG012'})
class GivesWholePagesOfTheServer(MemoryLogs):
    async def gather(self, ctx, credentials, query, state):
        size = {'size': self.page_size(ctx)}
        question = {**self.question(ctx, query), **state, **size}
        answer = await self.ask(ctx, credentials, '/search', question)
        return answer['entries'], answer


@kills('LOG002', subtle=True)
class TakesAFailureForTheEnd(MemoryLogs):
    async def gather(self, ctx, credentials, query, state):
        first = query.model_copy(
            update={'limit': min(query.limit, self.page_size(ctx))}
        )
        found, answer = await super().gather(ctx, credentials, first, state)
        while answer['more'] and len(found) < query.limit:
            left = min(query.limit - len(found), self.page_size(ctx))
            rest = query.model_copy(update={'limit': left})
            after = self.position(found, answer)
            try:
                more, answer = await super().gather(
                    ctx, credentials, rest, after
                )
            except PluginUnavailableError:
                return found, {**answer, 'more': False}
            found += more
        return found, answer


@kills('LOG001', subtle=True)
class DoesNotCutTheSecondPage(MemoryLogs):
    async def gather(self, ctx, credentials, query, state):
        found, answer = await super().gather(ctx, credentials, query, state)
        if answer['more'] and query.limit > self.page_size(ctx):
            more = query.model_copy(update={'limit': 1})
            after = self.position(found, answer)
            one, answer = await super().gather(ctx, credentials, more, after)
            found += one
        return found, answer


@kills('LOG001', subtle=True)
class TakesOneForTooFew(MemoryLogs):
    async def search(self, ctx, credentials, query):
        query = query.model_copy(update={'limit': max(2, query.limit)})
        return await super().search(ctx, credentials, query)


# LOG002 -------------------------------------------------------------------


@kills('LOG002', 'LOG003', 'LOG004', 'LOG012', also={'LOG009'})
class SkipsOneBehindEachPage(MemoryLogs):
    async def gather(self, ctx, credentials, query, state):
        one_more = query.model_copy(update={'limit': query.limit + 1})
        found, answer = await super().gather(ctx, credentials, one_more, state)
        self.last = found[-1:]
        return found[: query.limit], answer

    def position(self, found, answer):
        return super().position(getattr(self, 'last', found), answer)


@kills('LOG002', 'LOG003', 'LOG012', 'LOG013', subtle=True)
class RepeatsTheLastOne(MemoryLogs):
    def next_cursor(self, ctx, credentials, query, found, answer):
        before = found[:-1] if len(found) > 1 else found
        return super().next_cursor(ctx, credentials, query, before, answer)


@kills('LOG002', 'LOG004', 'LOG012', also=SCOPE, subtle=True)
class ForgetsWhatItCutOff(MemoryLogs):
    """Asks for an even number, and goes on behind what it cut."""

    async def gather(self, ctx, credentials, query, state):
        even = query.model_copy(update={'limit': query.limit // 4 * 4 + 4})
        found, answer = await super().gather(ctx, credentials, even, state)
        self.last = found[-1:]
        return found[: query.limit], answer

    position = SkipsOneBehindEachPage.position


# LOG003 -------------------------------------------------------------------


@kills('LOG003', also={'LOG012'})
class TakesTimeForAPosition(MemoryLogs):
    def position(self, found, answer):
        found = super().position(found, answer)
        return {**found, 'after': [found['after'][0], 0]}


@kills('LOG002', 'LOG003', also=SCOPE, subtle=True)
class RepeatsTheInstant(MemoryLogs):
    def next_cursor(self, ctx, credentials, query, found, answer):
        last = {**found[-1], 'number': 1 << 40} if found else None
        found = [*found[:-1], last] if found else found
        return super().next_cursor(ctx, credentials, query, found, answer)


@kills('LOG003', also={'LOG012'}, subtle=True)
class DropsTwins(Rearranges):
    """Takes entries of one instant on one page for one."""

    def rearranged(self, query, entries):
        return list({entry.timestamp: entry for entry in entries}.values())


# LOG004 -------------------------------------------------------------------


class KnowsNoEnd(MemoryLogs):
    """Can give a cursor behind a page without entries."""

    def position(self, found, answer):
        if not found:
            return {'generation': answer['generation']}
        return super().position(found, answer)


@kills('LOG002', 'LOG003', 'LOG004', 'LOG009', 'LOG012', also=SCOPE)
class BeginsAgainAtTheEnd(KnowsNoEnd):
    def more(self, query, found, answer):
        return True


@kills('LOG004', subtle=True)
class OffersMoreWhereNothingIs(KnowsNoEnd):
    def more(self, query, found, answer):
        return not found or super().more(query, found, answer)


@kills('LOG002', 'LOG004', also=SCOPE, subtle=True)
class TakesAShortPageForTheLast(MemoryLogs):
    async def gather(self, ctx, credentials, query, state):
        size = {'size': min(query.limit, self.page_size(ctx))}
        question = {**self.question(ctx, query), **state, **size}
        answer = await self.ask(ctx, credentials, '/search', question)
        return answer['entries'], answer

    def more(self, query, found, answer):
        return len(found) == query.limit


@kills('LOG003', 'LOG004', also={'LOG002', 'LOG012', 'LOG009'}, subtle=True)
class EndsWhereTheLimitDivides(MemoryLogs):
    def more(self, query, found, answer):
        more = super().more(query, found, answer)
        return more and bool(answer['total'] % query.limit)


# LOG005 -------------------------------------------------------------------


@kills('LOG005')
class StartsAnewWithABadCursor(MemoryLogs):
    def opened(self, ctx, credentials, query):
        try:
            return super().opened(ctx, credentials, query)
        except CursorExpiredError:
            return {}


@kills('LOG005', subtle=True)
class RaisesValueError(MemoryLogs):
    def opened(self, ctx, credentials, query):
        if query.cursor and not query.cursor.isascii():
            raise ValueError('no cursor')
        return super().opened(ctx, credentials, query)


@kills('LOG005', subtle=True)
class SealsForAnyProject(MemoryLogs):
    def seal(self, ctx, credentials, query, state):
        nobody = ctx.model_copy(update={'project_id': ''})
        return super().seal(nobody, credentials, query, state)


@kills('LOG005', subtle=True)
class SealsNothing(MemoryLogs):
    def opened(self, ctx, credentials, query):
        if query.cursor is None:
            return {}
        try:
            return json.loads(base64.urlsafe_b64decode(query.cursor))
        except ValueError:
            raise CursorExpiredError('damaged') from None

    def seal(self, ctx, credentials, query, state):
        return b''


@kills('LOG005', subtle=True)
class ChecksHalfOfTheSeal(MemoryLogs):
    def seal(self, ctx, credentials, query, state):
        head = state[: len(state) // 3]
        return super().seal(ctx, credentials, query, head)


@kills('LOG005', subtle=True)
class TakesExpiredForAnOutage(MemoryLogs):
    def error_of(self, status):
        if status == 410:
            return PluginUnavailableError('gone')
        return super().error_of(status)


@kills('LOG005', subtle=True)
class StartsAnewWhenExpired(MemoryLogs):
    async def search(self, ctx, credentials, query):
        self.opened(ctx, credentials, query)
        try:
            return await super().search(ctx, credentials, query)
        except CursorExpiredError:
            anew = query.model_copy(update={'cursor': None})
            return await super().search(ctx, credentials, anew)


class HoldsMoreInItsCursor(MemoryLogs):
    """Its cursors have a tail that holds something of the credentials."""

    def tail(self, credentials):
        raise NotImplementedError

    def next_cursor(self, ctx, credentials, query, found, answer):
        args = ctx, credentials, query, found, answer
        cursor = super().next_cursor(*args)
        return cursor and f'{cursor}.{self.tail(credentials)}'

    def opened(self, ctx, credentials, query):
        if query.cursor is None:
            return {}
        cursor, _, tail = query.cursor.partition('.')
        if tail != self.tail(credentials):
            raise CursorExpiredError('the cursor is damaged')
        bare = query.model_copy(update={'cursor': cursor})
        return super().opened(ctx, credentials, bare)


@kills('LOG005')
class ShowsTheTokenInTheCursor(HoldsMoreInItsCursor):
    def tail(self, credentials):
        return credentials['api_token']


@kills('LOG005', subtle=True)
class KeepsTheSessionInTheCursor(HoldsMoreInItsCursor):
    """It is base64, and looks as if nobody could read it."""

    def tail(self, credentials):
        session = json.dumps({'v': 1, 'token': credentials['api_token']})
        return base64.urlsafe_b64encode(session.encode()).decode().rstrip('=')


@kills('LOG005', subtle=True)
class CompressesTheSessionInTheCursor(HoldsMoreInItsCursor):
    def tail(self, credentials):
        session = zlib.compress(json.dumps(credentials).encode(), 9)
        return base64.urlsafe_b64encode(session).decode()


@kills('LOG005', subtle=True)
class HoldsTheTokenInHex(HoldsMoreInItsCursor):
    def tail(self, credentials):
        return f'0a{credentials["api_token"]}'.encode().hex().upper()


@kills('LOG005', subtle=True)
class EncodesTheTokenTwice(HoldsMoreInItsCursor):
    def tail(self, credentials):
        once = base64.b64encode(f'bearer {credentials["api_token"]}'.encode())
        return urllib.parse.quote(base64.b64encode(once), safe='')


# LOG006 -------------------------------------------------------------------


@kills('LOG006')
class TurnsEachPageAround(Rearranges):
    def rearranged(self, query, entries):
        return entries[::-1]


@kills('LOG006', subtle=True)
class SortsBySecond(Rearranges):
    def rearranged(self, query, entries):
        return sorted(
            entries,
            key=lambda entry: (
                -int(entry.timestamp.timestamp()),
                entry.timestamp,
            ),
        )


@kills('LOG006', subtle=True)
class TurnsLaterPagesAround(Rearranges):
    def rearranged(self, query, entries):
        return entries if query.cursor is None else entries[::-1]


@kills('LOG006', subtle=True)
class SortsByArrival(Rearranges):
    def rearranged(self, query, entries):
        return sorted(entries, key=lambda entry: entry.raw['number'])


# LOG007 -------------------------------------------------------------------


class SearchesAnotherWindow(MemoryLogs):
    """Asks for another window than it should, in searches only."""

    async def gather(self, ctx, credentials, query, state):
        start, end = self.moved(query.start_time, query.end_time)
        moved = {'start_time': start, 'end_time': end}
        query = query.model_copy(update=moved)
        return await super().gather(ctx, credentials, query, state)


@kills('LOG007', also={'LOG001', 'LOG015'})
class IgnoresTheStart(SearchesAnotherWindow):
    def moved(self, start, end):
        return start - dt.timedelta(minutes=30), end


@kills('LOG007', also={'LOG012'}, subtle=True)
class ExcludesTheStart(SearchesAnotherWindow):
    def moved(self, start, end):
        return start + dt.timedelta(microseconds=1), end


@kills('LOG007', subtle=True)
class CutsTheStartToSeconds(SearchesAnotherWindow):
    def moved(self, start, end):
        return start.replace(microsecond=0), end


@kills('LOG007', also={'LOG015'}, subtle=True)
class RoundsTheEndUp(SearchesAnotherWindow):
    def moved(self, start, end):
        return start, end.replace(microsecond=0) + dt.timedelta(seconds=1)


@kills('LOG007', 'LOG015')
class TellsLocalTime(MemoryLogs):
    def to_entry(self, entry):
        found = super().to_entry(entry)
        local = found.timestamp + dt.timedelta(hours=2)
        return found.model_copy(update={'timestamp': local})


# LOG008 -------------------------------------------------------------------


@kills('LOG008', 'LOG009')
class IgnoresLevels(MemoryLogs):
    def levels(self, query):
        return []


@kills('LOG008', subtle=True)
class KeepsOneLevel(MemoryLogs):
    def levels(self, query):
        return query.levels[:1]


@kills('LOG008', subtle=True)
class KeepsTheLastFilter(MemoryLogs):
    def filters(self, query):
        return super().filters(query)[-1:]


@kills('LOG008', subtle=True)
class PrefersLevelsToFilters(MemoryLogs):
    def filters(self, query):
        return [] if query.levels else super().filters(query)


@kills('LOG008', subtle=True)
class KeepsOneFilterPerField(MemoryLogs):
    def filters(self, query):
        return [*{row[0]: row for row in super().filters(query)}.values()]


@kills('LOG008', also={'LOG003', 'LOG013', 'LOG017', *SCOPE})
class HidesDebugUnasked(MemoryLogs):
    def levels(self, query):
        return query.levels or ['INFO', 'WARNING', 'ERROR']


class AsksElsewhere(MemoryLogs):
    """Leaves the project out of some questions, not out of cursors."""

    async def ask(self, ctx, credentials, url, question):
        if self.forgets(url, question):
            question = {**question, 'project': None}
        return await super().ask(ctx, credentials, url, question)


@kills('LOG008', 'LOG015')
class SearchesEveryProject(AsksElsewhere):
    def forgets(self, url, question):
        return url == '/search'


@kills('LOG008', subtle=True)
class LevelsReplaceTheProject(AsksElsewhere):
    def forgets(self, url, question):
        return bool(question.get('levels'))


@kills('LOG008', subtle=True)
class TheSecondFilterReplacesTheProject(AsksElsewhere):
    def forgets(self, url, question):
        return len(question.get('filters', ())) > 1


# LOG009 -------------------------------------------------------------------


@kills('LOG009')
class DropsLevelsAfterwards(MemoryLogs):
    async def search(self, ctx, credentials, query):
        every = query.model_copy(update={'levels': []})
        found = await super().search(ctx, credentials, every)
        kept = [
            entry
            for entry in found.entries
            if not query.levels or entry.level in query.levels
        ]
        return found.model_copy(update={'entries': kept})


@kills('LOG009', also={'LOG013'}, subtle=True)
class FetchesTenTimesAsMany(MemoryLogs):
    async def search(self, ctx, credentials, query):
        if not query.levels:
            return await super().search(ctx, credentials, query)
        wide = {'levels': [], 'limit': query.limit * 10}
        every = query.model_copy(update=wide)
        found = await super().search(ctx, credentials, every)
        kept = [
            entry for entry in found.entries if entry.level in query.levels
        ]
        return found.model_copy(update={'entries': kept[: query.limit]})


# LOG010 -------------------------------------------------------------------


class ComparesDifferently(MemoryLogs):
    """Sends another operator or value than it was given."""

    def filters(self, query):
        return [self.changed(*row) for row in super().filters(query)]


@kills('LOG010', 'LOG011')
class TakesEqualForContains(ComparesDifferently):
    def changed(self, field, op, value):
        return (field, 'contains' if op == 'eq' else op, value)


@kills('LOG010', also={'LOG011'}, subtle=True)
class FindsBeginningsOfWords(ComparesDifferently):
    def changed(self, field, op, value):
        if op == 'starts_with':
            return (field, 'regex', rf'\b{re.escape(value)}')
        return (field, op, value)


@kills('LOG010', also={'LOG011'}, subtle=True)
class FindsWholeWords(ComparesDifferently):
    def changed(self, field, op, value):
        if op == 'contains':
            return (field, 'regex', rf'(?<!\w){re.escape(value)}(?!\w)')
        return (field, op, value)


@kills('LOG010', also={'LOG011'}, subtle=True)
class ExcludesBeginnings(ComparesDifferently):
    def changed(self, field, op, value):
        if op == 'ne':
            return (field, 'regex', rf'^(?!{re.escape(value)})')
        return (field, op, value)


@kills('LOG010', subtle=True)
class LetsTheRegexErrorOut(ComparesDifferently):
    def changed(self, field, op, value):
        if op == 'regex':
            re.compile(value)
        return (field, op, value)


@kills('LOG010', subtle=True)
class TakesABadRegexForNone(ComparesDifferently):
    def changed(self, field, op, value):
        try:
            re.compile(value if op == 'regex' else '')
        except re.error:
            return (field, 'contains', value)
        return (field, op, value)


# LOG011 -------------------------------------------------------------------


@kills('LOG011')
class ReadsWildcards(ComparesDifferently):
    def changed(self, field, op, value):
        if op == 'eq':
            return (field, 'regex', rf'\A{fnmatch.translate(value)}')
        return (field, op, value)


@kills('LOG011', subtle=True)
class CutsAtAQuote(ComparesDifferently):
    def changed(self, field, op, value):
        return (field, op, value.partition('"')[0])


@kills('LOG011', subtle=True)
class ReadsEscapes(ComparesDifferently):
    def changed(self, field, op, value):
        if op in ('regex', 'contains'):
            return (field, op, value)
        return (field, op, re.sub(r'\\(.?)', r'\1', value))


@kills('LOG011', subtle=True)
class ReadsStarForAny(MemoryLogs):
    def filters(self, query):
        return [row for row in super().filters(query) if row[2] != '*']


@kills('LOG011', subtle=True)
class ForgetsToEscapeARegex(ComparesDifferently):
    def changed(self, field, op, value):
        if op == 'starts_with':
            return (field, 'regex', f'^{value}')
        return (field, op, value)


@kills('LOG011', subtle=True)
class ReadsOrInNe(ComparesDifferently):
    def changed(self, field, op, value):
        if op == 'ne' and ' OR ' in value:
            words = '|'.join(map(re.escape, value.split(' OR ')))
            return (field, 'regex', rf'^(?!({words})$)')
        return (field, op, value)


# LOG012 -------------------------------------------------------------------


@kills('LOG012')
class CountsEntries(MemoryLogs):
    """Its cursor is an offset."""

    async def gather(self, ctx, credentials, query, state):
        every = query.model_copy(update={'limit': 10_000})
        given = {'generation': state['generation']} if state else {}
        found, answer = await super().gather(ctx, credentials, every, given)
        start = self.corrected(state.get('offset', 0), state, answer)
        page = found[start : start + query.limit]
        self.at = start + len(page)
        answer['more'] = self.at < len(found)
        return page, answer

    def corrected(self, start, state, answer):
        return start

    def next_cursor(self, ctx, credentials, query, found, answer):
        if not answer['more']:
            return None
        facts = {
            'offset': self.at,
            'total': answer['total'],
            'generation': answer['generation'],
        }
        state = json.dumps(facts).encode()
        sealed = self.seal(ctx, credentials, query, state) + state
        return base64.urlsafe_b64encode(sealed).decode()


@kills('LOG012', subtle=True)
class TakesEveryArrivalForTheNewest(CountsEntries):
    """Moves the offset by what arrived, as if all of it came first."""

    def corrected(self, start, state, answer):
        return start + answer['total'] - state.get('total', answer['total'])


# LOG013 -------------------------------------------------------------------


@kills('LOG013')
class CountsThePage(MemoryLogs):
    def total(self, found, answer):
        return len(found)


@kills('LOG013', subtle=True)
class CountsWhatIsLeft(MemoryLogs):
    async def search(self, ctx, credentials, query):
        found = await super().search(ctx, credentials, query)
        if query.cursor is None:
            return found
        left = {'total': found.total - query.limit}
        return found.model_copy(update=left)


# LOG014 -------------------------------------------------------------------


class TellsFields(MemoryLogs):
    """Changes what the schema says."""

    async def schema(self, ctx, credentials):
        return self.told(await super().schema(ctx, credentials))


@kills('LOG014')
class TellsAFieldTwice(TellsFields):
    def told(self, fields):
        return [*fields, fields[0]]


@kills('LOG014', subtle=True)
class NamesFieldsByAnotherPath(TellsFields):
    def told(self, fields):
        made = {'name': 'fields.service', 'type': 'keyword'}
        return [*fields, made]


@kills('LOG014', subtle=True)
class FindsNothingByAField(ComparesDifferently):
    def changed(self, field, op, value):
        if value.startswith('north-'):
            return (field, op, value.partition('-')[0])
        return (field, op, value)


@kills('LOG014', subtle=True)
class TellsSets(TellsFields):
    def told(self, fields):
        return [{**field, 'operators': {'eq', 'ne'}} for field in fields]


@kills('LOG014', subtle=True)
class TellsNoNumber(TellsFields):
    def told(self, fields):
        return [{**field, 'weight': float('nan')} for field in fields]


@kills('LOG014', subtle=True)
class TellsNoType(TellsFields):
    def told(self, fields):
        return [{'name': field['name']} for field in fields]


@kills('LOG014', subtle=True)
class ChangesItsMind(TellsFields):
    turn: ClassVar = itertools.count()

    def told(self, fields):
        kind = ('string', 'keyword')[next(self.turn) % 2]
        return [{**field, 'type': kind} for field in fields]


@kills('LOG014', subtle=True)
class ForgetsTheLevel(TellsFields):
    def told(self, fields):
        return [field for field in fields if field['name'] != 'level']


# LOG015 -------------------------------------------------------------------


@kills('LOG015', subtle=True)
class DrawsWhatFiltersLeaveOut(MemoryLogs):
    async def histogram(self, ctx, credentials, query, bucket_count=60):
        query = query.model_copy(update={'filters': []})
        return await super().histogram(ctx, credentials, query, bucket_count)


class Draws(MemoryLogs):
    """Changes what the histogram says."""

    async def histogram(self, ctx, credentials, query, bucket_count=60):
        found = await super().histogram(ctx, credentials, query, bucket_count)
        return self.drawn(query, found)


@kills('LOG015', subtle=True)
class NeedsOneBucketMore(MemoryLogs):
    def width(self, query, bucket_count):
        second = 1_000_000
        return super().width(query, bucket_count) // second * second


@kills('LOG015')
class DrawsBackwards(Draws):
    def drawn(self, query, buckets):
        return buckets[::-1]


@kills('LOG015', subtle=True)
class StartsAtAFullMinute(Draws):
    def drawn(self, query, buckets):
        return [
            bucket.model_copy(
                update={'timestamp': bucket.timestamp.replace(second=0)}
            )
            for bucket in buckets
        ]


@kills('LOG015', subtle=True)
class NamesBucketsByTheirEnd(MemoryLogs):
    async def histogram(self, ctx, credentials, query, bucket_count=60):
        found = await super().histogram(ctx, credentials, query, bucket_count)
        micros = self.width(query, bucket_count)
        width = dt.timedelta(microseconds=micros)
        return [
            bucket.model_copy(
                update={'timestamp': min(bucket.timestamp + width, last)}
            )
            for last in [query.end_time.astimezone(dt.UTC)]
            for bucket in found
        ]


@kills('LOG015', subtle=True)
class DrawsEveryLevel(MemoryLogs):
    async def histogram(self, ctx, credentials, query, bucket_count=60):
        every = query.model_copy(update={'levels': []})
        return await super().histogram(ctx, credentials, every, bucket_count)


@kills('LOG015', subtle=True)
class CountsOneLevelTwice(Draws):
    def drawn(self, query, buckets):
        return [
            bucket.model_copy(
                update={'levels': {**bucket.levels, 'INFO': bucket.count}}
            )
            for bucket in buckets
        ]


@kills('LOG015', subtle=True)
class CountsEveryProject(AsksElsewhere):
    def forgets(self, url, question):
        return url == '/histogram'


# LOG016 -------------------------------------------------------------------


@kills('LOG016')
class DropsTheZone(SearchesAnotherWindow):
    def moved(self, start, end):
        return start.replace(tzinfo=dt.UTC), end.replace(tzinfo=dt.UTC)


@kills('LOG016', subtle=True)
class AsksInLocalTime(SearchesAnotherWindow):
    """Right wherever the machine is on UTC."""

    def moved(self, start, end):
        return tuple(
            dt.datetime.fromtimestamp(at.timestamp()).replace(tzinfo=dt.UTC)  # noqa: DTZ006  the defect
            for at in (start, end)
        )


@kills('LOG016', subtle=True)
class TellsLocalTimeAsUtc(MemoryLogs):
    def to_entry(self, entry):
        found = super().to_entry(entry)
        local = dt.datetime.fromtimestamp(found.timestamp.timestamp())  # noqa: DTZ006  the defect
        return found.model_copy(
            update={'timestamp': local.replace(tzinfo=dt.UTC)}
        )


@kills('LOG016', subtle=True)
class DropsTheZonesMinutes(SearchesAnotherWindow):
    def moved(self, start, end):
        return (
            start - (start.utcoffset() % dt.timedelta(hours=1)),
            end,
        )


@kills('LOG016', subtle=True)
class TurnsTheWindowAround(MemoryLogs):
    def check(self, query):
        pass


@kills('LOG016', subtle=True)
class AssertsTheWindow(MemoryLogs):
    def check(self, query):
        assert query.start_time <= query.end_time


# LOG017 -------------------------------------------------------------------


@kills('LOG015', 'LOG017')
class DeclaresOnly(MemoryLogs):
    histogram = LogsPlugin.histogram


@kills('LOG015', 'LOG017', subtle=True)
class DrawsBlanks(Draws):
    def drawn(self, query, buckets):
        return [
            bucket.model_copy(update={'count': 0, 'levels': {}})
            for bucket in buckets
        ]


@kills('LOG017', subtle=True)
class DrawsNoShortWindow(Draws):
    def drawn(self, query, buckets):
        short = query.end_time - query.start_time < dt.timedelta(minutes=5)
        return [] if short else buckets


@pytest.mark.parametrize(
    ('mutant', 'must', 'may'),
    [(cls, must, may) for cls, must, may, _ in MUTANTS],
    ids=[cls.__name__ for cls, *_ in MUTANTS],
)
def test_each_seed_kills_a_mutant_by_the_expected_laws(
    mutant, must, may, judge
):
    assert_killed(
        judge,
        mutant,
        must,
        SCOPE,
        may=may,
        untestable=may,
        sandbox=MemoryLogsSandbox,
    )


def test_every_law_has_two_mutants_one_of_them_subtle():
    assert_complete(((must, subtle) for _, must, _, subtle in MUTANTS), SCOPE)
