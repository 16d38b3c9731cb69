from __future__ import annotations

import datetime as dt
import json
import threading

import pytest
from imbi_plugin_logzio import LogzioPlugin, answers, plugin, questions

from imbi_plugin_sdk import (
    CursorExpiredError,
    LogEntry,
    LogFilter,
    LogQuery,
    PluginCredentialsMissing,
)

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)


def ago(**delta):
    return NOW - dt.timedelta(**delta)


def line(at, message='a line', level='INFO', **fields):
    facts = {'timestamp': at, 'message': message, 'level': level, **fields}
    return LogEntry.model_validate(facts)


def query(start, end=None, *filters, **facts):
    return LogQuery(
        start_time=start,
        end_time=end or NOW + dt.timedelta(minutes=1),
        filters=[
            LogFilter(field=field, op=op, value=value)
            for field, op, value in filters
        ],
        **facts,
    )


async def search(sandbox, asked, ctx=None):
    return await LogzioPlugin().search(
        ctx or sandbox.context, sandbox.credentials, asked
    )


async def walk(sandbox, asked):
    """Return the messages of all pages, page by page."""
    pages, cursor = [], None
    while not pages or cursor is not None:
        one = asked.model_copy(update={'cursor': cursor})
        found = await search(sandbox, one)
        pages.append([entry.message for entry in found.entries])
        cursor = found.next_cursor
    return pages


@pytest.mark.parametrize('scope', ['calendar', 'rolling'])
def test_a_window_of_days_is_found_however_two_days_are_counted(play, scope):
    async def story(sandbox):
        sandbox.shim.scope = scope
        hours = [1, 20, 25, 30, 47, 49, 60, 73, 100, 140, 167]
        await sandbox.seed(
            sandbox.context,
            [line(ago(hours=hour), f'{hour} h') for hour in hours],
        )
        pages = await walk(sandbox, query(ago(days=7), limit=4))
        assert [len(page) for page in pages] == [4, 4, 3]
        wanted = [f'{hour} h' for hour in hours]
        assert [text for page in pages for text in page] == wanted
        buckets = await LogzioPlugin().histogram(
            sandbox.context, sandbox.credentials, query(ago(days=7)), 10
        )
        assert sum(bucket.count for bucket in buckets) == len(hours)
        assert len(buckets) <= 10

    play(story)


def test_a_bucket_across_midnight_is_one(play):
    async def story(sandbox):
        midnight = NOW.replace(hour=0, minute=0, second=0)
        old = midnight - dt.timedelta(days=1)
        sides = [old - dt.timedelta(seconds=1), old + dt.timedelta(seconds=1)]
        await sandbox.seed(
            sandbox.context,
            [
                line(at, level=level)
                for at in sides
                for level in ('INFO', 'ERROR')
            ],
        )
        window = query(
            old - dt.timedelta(minutes=1), old + dt.timedelta(minutes=1)
        )
        buckets = await LogzioPlugin().histogram(
            sandbox.context, sandbox.credentials, window, 1
        )
        assert len(sandbox.proxy.requests) == 2
        (bucket,) = buckets
        assert bucket.count == 4
        assert bucket.levels == {'INFO': 2, 'ERROR': 2}

    play(story)


@pytest.mark.parametrize('count', [1, 3, 7, 1_000, 5_000])
def test_there_are_no_more_buckets_than_were_asked_for(play, count):
    async def story(sandbox):
        start = ago(minutes=10)
        tick = dt.timedelta(milliseconds=997)
        lines = [line(start + n * tick) for n in range(100)]
        await sandbox.seed(sandbox.context, lines)
        window = query(start, lines[-1].timestamp + tick / 997)
        buckets = await LogzioPlugin().histogram(
            sandbox.context, sandbox.credentials, window, count
        )
        assert len(buckets) <= min(count, 1_000)
        assert sum(bucket.count for bucket in buckets) == 100
        assert all(bucket.timestamp >= start for bucket in buckets)

    play(story)


def test_only_the_days_of_the_window_are_asked_for(play):
    async def story(sandbox):
        await search(sandbox, query(ago(minutes=5)))
        await search(sandbox, query(ago(days=4), ago(days=3)))
        targets = [request.target for request in sandbox.proxy.requests]
        assert targets[0] == '/v1/search'
        assert all('?dayOffset=' in target for target in targets[1:])
        assert 1 <= len(targets[1:]) <= 2

    play(story)


def test_a_full_page_asks_no_further_day(play):
    async def story(sandbox):
        await sandbox.seed(
            sandbox.context, [line(ago(seconds=n)) for n in range(3)]
        )
        found = await search(sandbox, query(ago(days=7), limit=2))
        assert found.next_cursor
        assert found.total is None
        assert len(sandbox.proxy.requests) == 1

    play(story)


def test_a_cursor_skips_the_days_before_it(play):
    async def story(sandbox):
        await sandbox.seed(
            sandbox.context, [line(ago(hours=n)) for n in (1, 80, 81)]
        )
        asked = query(ago(days=7), limit=2)
        found = await search(sandbox, asked)
        before = len(sandbox.proxy.requests)
        more = asked.model_copy(update={'cursor': found.next_cursor})
        assert len((await search(sandbox, more)).entries) == 1
        targets = [one.target for one in sandbox.proxy.requests[before:]]
        assert all('dayOffset=' in target for target in targets)

    play(story)


def test_lines_of_one_millisecond_come_once_in_pages_of_one(play):
    async def story(sandbox):
        at = ago(minutes=3)
        await sandbox.seed(
            sandbox.context, [line(at, f'line {n}') for n in range(7)]
        )
        pages = await walk(sandbox, query(ago(minutes=5), limit=1))
        assert sorted(pages) == [[f'line {n}'] for n in range(7)]

    play(story)


def test_projects_and_environments_stay_apart(play):
    async def story(sandbox):
        other = sandbox.tenant('other')
        staging = sandbox.context.model_copy(update={'environment': 'staging'})
        for ctx, message in (
            (sandbox.context, 'ours'),
            (other, 'theirs'),
            (staging, 'staged'),
        ):
            await sandbox.seed(ctx, [line(ago(minutes=1), message)])
        window = query(ago(minutes=5))
        for ctx, message in (
            (sandbox.context, 'ours'),
            (other, 'theirs'),
            (staging, 'staged'),
        ):
            found = await search(sandbox, window, ctx)
            assert [entry.message for entry in found.entries] == [message]
        every = sandbox.context.model_copy(deep=True)
        del every.assignment_options['environment_field']
        found = await search(sandbox, window, every)
        assert {entry.message for entry in found.entries} == {
            'ours',
            'staged',
        }

    play(story)


def test_a_message_is_searched_by_its_words(play):
    async def story(sandbox):
        texts = ['out of memory', 'memory of out', 'Out of memory: killed']
        await sandbox.seed(
            sandbox.context, [line(ago(minutes=1), text) for text in texts]
        )
        found = await search(
            sandbox,
            query(ago(minutes=5), None, ('message', 'contains', 'of memory')),
        )
        assert {entry.message for entry in found.entries} == {
            texts[0],
            texts[2],
        }

    play(story)


@pytest.mark.parametrize(
    ('condition', 'wanted'),
    [
        (('service', 'eq', 'a*b'), {'star'}),
        (('service', 'ne', 'a*b'), {'plain', 'none'}),
        (('service', 'starts_with', 'a*'), {'star'}),
        (('service', 'regex', 'a.b'), {'star', 'plain'}),
        (('n', 'eq', '5'), {'none'}),
    ],
)
def test_a_filter_takes_its_value_as_it_is(play, condition, wanted):
    async def story(sandbox):
        at = ago(minutes=1)
        await sandbox.seed(
            sandbox.context,
            [
                line(at, 'star', service='a*b'),
                line(at, 'plain', service='axb'),
                line(at, 'none', n=5),
            ],
        )
        found = await search(sandbox, query(ago(minutes=5), None, condition))
        assert {entry.message for entry in found.entries} == wanted

    play(story)


@pytest.mark.parametrize(
    'condition',
    [('service', 'regex', '(a'), ('n', 'eq', 'five'), ('n', 'regex', '5')],
)
def test_what_the_engine_refuses_is_a_value_error(play, condition):
    async def story(sandbox):
        await sandbox.seed(
            sandbox.context, [line(ago(minutes=1), service='a', n=5)]
        )
        with pytest.raises(ValueError, match='refused the query'):
            await search(sandbox, query(ago(minutes=5), None, condition))

    play(story)


def test_levels_come_before_the_limit(play):
    async def story(sandbox):
        rare = [line(ago(minutes=9), 'rare', 'ERROR')]
        many = [line(ago(minutes=1)) for _ in range(30)]
        await sandbox.seed(sandbox.context, rare + many)
        found = await search(
            sandbox, query(ago(minutes=10), limit=1, levels=['ERROR'])
        )
        assert [entry.message for entry in found.entries] == ['rare']
        assert found.next_cursor is None
        assert found.total == 1

    play(story)


def test_a_cursor_is_of_no_use_to_another_search(play):
    async def story(sandbox):
        await sandbox.seed(
            sandbox.context, [line(ago(minutes=n)) for n in range(1, 5)]
        )
        window = query(ago(minutes=9), limit=1)
        cursor = (await search(sandbox, window)).next_cursor
        for changes in (
            {'levels': ['INFO']},
            {'start_time': ago(minutes=8)},
            {'filters': [LogFilter(field='a', op='eq', value='b')]},
        ):
            other = window.model_copy(update={'cursor': cursor, **changes})
            with pytest.raises(CursorExpiredError):
                await search(sandbox, other)
        longer = {'cursor': cursor, 'limit': 3}
        found = await search(sandbox, window.model_copy(update=longer))
        assert len(found.entries) == 3

    play(story)


def test_the_schema_tells_what_entries_have_and_which_operators(play):
    async def story(sandbox):
        await sandbox.seed(
            sandbox.context,
            [line(ago(minutes=1), n=5, **{'pod.name': 'p'})],
        )
        schema = await LogzioPlugin().schema(
            sandbox.context, sandbox.credentials
        )
        fields = {field['name']: field for field in schema}
        assert fields.keys() == {
            'message',
            'level',
            'project',
            'environment',
            'n',
            'pod.name',
        }
        assert fields['message']['operators'] == ['contains']
        assert fields['n']['type'] == 'number'
        assert 'starts_with' in fields['pod.name']['operators']

    play(story)


def test_a_schema_of_the_option_asks_nobody(play):
    async def story(sandbox):
        ctx = sandbox.context.model_copy(deep=True)
        ctx.assignment_options['fields'] = 'service, host'
        schema = await LogzioPlugin().schema(ctx, sandbox.credentials)
        assert [field['name'] for field in schema] == [
            'host',
            'level',
            'message',
            'service',
        ]
        assert not sandbox.proxy.requests
        with pytest.raises(PluginCredentialsMissing):
            await LogzioPlugin().schema(ctx, {})

    play(story)


@pytest.mark.parametrize('limit', [0, -1])
def test_a_limit_below_one_is_refused(play, limit):
    async def story(sandbox):
        with pytest.raises(ValueError, match='limit'):
            await search(sandbox, query(ago(minutes=1), limit=limit))
        with pytest.raises(ValueError, match='buckets'):
            await LogzioPlugin().histogram(
                sandbox.context, sandbox.credentials, query(ago(hours=1)), 0
            )
        assert not sandbox.proxy.requests

    play(story)


def test_no_more_is_asked_for_than_logzio_gives(play, monkeypatch):
    async def story(sandbox):
        await search(sandbox, query(ago(minutes=5), limit=20_000))
        await search(sandbox, query(ago(minutes=5), limit=10_000))
        await search(sandbox, query(ago(minutes=5), limit=9_999))
        sizes = [
            json.loads(request.body)['size']
            for request in sandbox.proxy.requests
        ]
        assert sizes == [10_000] * 3
        monkeypatch.setattr(questions, 'MOST_ENTRIES', 20)
        await sandbox.seed(
            sandbox.context,
            [line(ago(seconds=n), f'{n}') for n in range(1, 42)],
        )
        pages = await walk(sandbox, query(ago(minutes=5), limit=500))
        assert [len(page) for page in pages] == [20, 20, 1]
        pages = await walk(sandbox, query(ago(minutes=5), limit=19))
        assert [len(page) for page in pages] == [19, 19, 3]

    play(story)


def test_a_large_page_does_not_hold_up_the_event_loop(play, monkeypatch):
    async def story(sandbox):
        monkeypatch.setattr(plugin, 'MANY', 3)
        made = []
        to_entry = answers.to_entry

        def watched(*args):
            made.append(threading.current_thread())
            return to_entry(*args)

        monkeypatch.setattr(answers, 'to_entry', watched)
        await sandbox.seed(
            sandbox.context, [line(ago(seconds=n)) for n in range(1, 4)]
        )
        found = await search(sandbox, query(ago(minutes=5)))
        assert len(found.entries) == 3
        assert threading.main_thread() not in made

    play(story)


def test_entries_that_arrive_while_paging_change_nothing(play):
    async def story(sandbox):
        at = ago(minutes=3)
        await sandbox.seed(
            sandbox.context, [line(at, f'line {n}') for n in range(5)]
        )
        asked = query(ago(minutes=5), limit=2)
        first = await search(sandbox, asked)
        await sandbox.seed(
            sandbox.context,
            [line(at, 'twin'), line(ago(minutes=1), 'newer')],
        )
        texts = [entry.message for entry in first.entries]
        cursor = first.next_cursor
        while cursor is not None:
            more = asked.model_copy(update={'cursor': cursor})
            found = await search(sandbox, more)
            texts += [entry.message for entry in found.entries]
            cursor = found.next_cursor
        old = [text for text in texts if text.startswith('line')]
        assert sorted(old) == [f'line {n}' for n in range(5)]
        assert texts.count('twin') <= 1

    play(story)
