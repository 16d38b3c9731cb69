from __future__ import annotations

import json

import pytest
from imbi_plugin_aws.logs import client, cursors, language, pages, plugin
from imbi_plugin_aws.logs.settings import Settings

from imbi_plugin_sdk import (
    CursorExpiredError,
    LogFilter,
)
from tests.log import NOW, SECOND, Log, some


def test_an_entry_comes_back_with_its_fields(log_story):
    async def tell(log):
        await log.put((0.25, 'hello', {'level': 'INFO', 'service': 'web'}))
        (entry,) = (await log.search()).entries
        assert entry.timestamp == NOW + 0.25 * SECOND
        assert (entry.message, entry.level) == ('hello', 'INFO')
        assert entry.service == 'web'
        assert entry.log_stream == 'stream-0'
        assert not hasattr(entry, 'host')
        assert json.loads(entry.raw['@message'])['service'] == 'web'

    log_story(tell)


def test_lines_that_are_no_json_have_level_and_text_too(log_story):
    async def tell(log):
        log.sandbox.put(
            log.context,
            [
                (NOW, 'ERROR it broke'),
                (NOW + SECOND, '{"message": 1, "level": "ERROR"'),
                (NOW + 2 * SECOND, '{"level": "WARN", "msg": "x"}'),
                (NOW + 3 * SECOND, '{"message": ""}'),
            ],
        )
        found = (await log.search()).entries
        assert [(one.message, one.level) for one in reversed(found)] == [
            ('ERROR it broke', 'ERROR'),
            ('{"message": 1, "level": "ERROR"', None),
            ('{"level": "WARN", "msg": "x"}', 'WARN'),
            ('', None),
        ]
        assert await log.texts(levels=['ERROR']) == ['ERROR it broke']

    log_story(tell)


def test_level_and_message_are_read_where_the_options_say(log_story):
    async def tell(log):
        log.context.assignment_options |= {
            'level_field': 'log.severity',
            'message_field': 'msg',
        }
        log.sandbox.put(
            log.context, [(NOW, '{"msg": "x", "log": {"severity": "bad"}}')]
        )
        (entry,) = (await log.search(levels=['bad'])).entries
        assert (entry.message, entry.level) == ('x', 'bad')

    log_story(tell)


def test_the_newest_comes_first_and_the_window_is_half_open(log_story):
    async def tell(log):
        await log.put(*some(10))
        assert await log.texts(
            start_time=NOW + 2 * SECOND, end_time=NOW + 5 * SECOND
        ) == ['m4', 'm3', 'm2']
        assert await log.texts(start_time=NOW, end_time=NOW) == []

    log_story(tell)


@pytest.mark.parametrize('limit', [1, 3, 4, 12, 13])
def test_pages_add_up_to_the_whole_in_order(log_story, limit):
    async def tell(log):
        # Seven entries in one millisecond, across the edges of pages.
        await log.put(*some(5), *((2, f'tie{n}', {}) for n in range(7)))
        whole = await log.texts()
        pages = await log.pages(limit=limit)
        assert [one.message for page in pages for one in page.entries] == whole
        assert len(whole) == 12
        assert [len(page.entries) for page in pages][:-1] == [limit] * (
            len(pages) - 1
        )
        assert len(pages) == -(-12 // limit)
        assert {page.total for page in pages} == {12}

    log_story(tell)


def test_a_page_is_the_same_twice(log_story):
    async def tell(log):
        await log.put(*((0, f'tie{n}', {}) for n in range(9)))
        pages = [await log.search(limit=4) for _ in range(5)]
        assert all(page == pages[0] for page in pages)
        log.sandbox.put(log.context, [(NOW + SECOND, 'alone')])
        asked = len(log.asked('StartQuery'))
        await log.search(limit=1)
        assert len(log.asked('StartQuery')) == asked + 1  # no tie, no query

    log_story(tell)


def test_late_entries_of_the_last_millisecond_lose_and_repeat_nothing(
    log_story,
):
    async def tell(log):
        await log.put(*((0, f'tie{n}', {}) for n in range(6)))
        first = await log.search(limit=3)
        await log.put(*((0, f'late{n}', {}) for n in range(6)))
        await log.put((50, 'later', {}))
        rest = await log.pages(limit=2, after=first)
        found = [
            one.message for page in (first, *rest) for one in page.entries
        ]
        assert len(found) == len(set(found))
        assert set(found) >= {f'tie{n}' for n in range(6)}
        assert 'later' not in found

    log_story(tell)


def test_without_statistics_paging_is_exact_as_well(log_story, monkeypatch):
    monkeypatch.setattr(client, '_MOST', -1)

    async def tell(log):
        await log.put(*some(6))
        pages = await log.pages(limit=3)
        assert [len(page.entries) for page in pages] == [3, 3]
        assert pages[0].total is None

    log_story(tell)


def test_without_statistics_a_full_answer_is_not_the_last(
    log_story, monkeypatch
):
    monkeypatch.setattr(client, '_MOST', -1)
    monkeypatch.setattr(pages, 'MAX_ROWS', 4)

    async def tell(log):
        await log.put(*some(6))
        found = await log.pages(limit=8)
        assert [len(page.entries) for page in found] == [4, 2]

    log_story(tell)


def test_more_ties_than_an_answer_holds_are_told_and_end(
    log_story, monkeypatch
):
    monkeypatch.setattr(language, 'MAX_ROWS', 8)
    monkeypatch.setattr(pages, 'MAX_ROWS', 8)

    async def tell(log):
        await log.put((-1, 'before', {}))
        await log.put(*((0, f'tie{n}', {}) for n in range(12)))
        found = await log.pages(limit=8)
        texts = [one.message for page in found for one in page.entries]
        assert len(texts) == len(set(texts))
        assert texts[-1] == 'before'
        warnings = [line for page in found for line in page.warnings]
        assert all('one millisecond' in line for line in warnings)
        assert len(texts) == 13 or warnings

    log_story(tell)


def question(log):
    """Return the question that the log's plain query asks."""
    return plugin._question(log.query())


def test_a_cursor_is_good_for_its_own_question_only(log_story):
    async def tell(log):
        await log.put(*some(5, service='web'))
        cursor = (await log.search(limit=2)).next_cursor
        assert await log.texts(limit=1, cursor=cursor) == ['m2']
        other = LogFilter(field='service', op='eq', value='web')
        for change in (
            {'filters': [other]},
            {'levels': ['INFO']},
            {'end_time': NOW + 99 * SECOND},
        ):
            with pytest.raises(CursorExpiredError):
                await log.search(**change, cursor=cursor)
        stranger = Log(log.sandbox, log.sandbox.tenant('stranger'))
        with pytest.raises(CursorExpiredError):
            await stranger.search(cursor=cursor)
        for context in (log.context, stranger.context):
            context.assignment_options['log_group'] = '/imbi/shared'
        cursor = cursors.write(
            cursors.Position(0, 0, frozenset()),
            plugin._binding(
                log.context, Settings.read(log.context), question(log)
            ),
        )
        await log.search(cursor=cursor)
        with pytest.raises(CursorExpiredError):
            await stranger.search(cursor=cursor)
        asked = len(log.asked('StartQuery'))
        with pytest.raises(CursorExpiredError):
            await log.search(cursor='made up')
        assert len(log.asked('StartQuery')) == asked

    log_story(tell)


@pytest.mark.parametrize(
    ('op', 'value', 'expected'),
    [
        ('eq', 'a/b "c"', ['m0']),
        ('ne', 'a/b "c"', ['m2', 'm1']),
        ('contains', '/', ['m1', 'm0']),
        ('contains', '.*', ['m1']),
        ('contains', '', ['m2', 'm1', 'm0']),
        ('starts_with', 'a', ['m2', 'm0']),
        ('starts_with', '.', ['m1']),
        ('regex', '^a.b', ['m0']),
        ('regex', '/', ['m1', 'm0']),
        ('eq', '" or 1 = 1', []),
        ('eq', 'x/ or ispresent(@message', []),
    ],
)
def test_filters_are_literal_and_apart_from_missing_fields(
    log_story, op, value, expected
):
    async def tell(log):
        values = ['a/b "c"', '.*/| limit a', 'abc']
        await log.put(
            *(
                (n, f'm{n}', {'service': text})
                for n, text in enumerate(values)
            ),
            (9, 'without', {}),
        )
        condition = LogFilter(field='service', op=op, value=value)
        assert await log.texts(filters=[condition]) == expected

    log_story(tell)


def test_levels_are_chosen_before_the_limit(log_story):
    async def tell(log):
        await log.put(*some(5, level='ERROR'))
        await log.put(*((50 + n, 'x', {'level': 'INFO'}) for n in range(5)))
        assert await log.texts(limit=2, levels=['ERROR']) == ['m4', 'm3']
        assert len(await log.texts(levels=['ERROR', 'INFO'])) == 10

    log_story(tell)


def test_a_refused_expression_is_the_callers_fault(log_story):
    async def tell(log):
        await log.put(*some(1))
        condition = LogFilter(field='message', op='regex', value='(?=a)')
        with pytest.raises(ValueError, match='look-around'):
            await log.search(filters=[condition])

    log_story(tell)
