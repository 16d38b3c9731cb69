from __future__ import annotations

import asyncio
import json
import time

import pytest
from imbi_plugin_aws import CloudWatchLogsPlugin
from imbi_plugin_aws.logs import client
from imbi_plugin_aws.logs.settings import Settings
from imbi_plugin_ssm import answers
from imbi_plugin_ssm.settings import Credentials

from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginCredentialsMissing,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_testkit.sandbox import Fault
from tests import insights
from tests.insights import STATES
from tests.log import NOW, SECOND, some


def test_a_query_runs_through_its_states(log_story):
    async def tell(log):
        await log.put(*some(6))
        STATES.upcoming.append(['Scheduled', 'Unknown', 'Running', 'Running'])
        assert len(await log.texts()) == 6
        assert len(log.asked('GetQueryResults')) == 5

    log_story(tell)


@pytest.mark.parametrize(
    ('states', 'expected'),
    [
        (['Running', 'Failed'], PluginUnavailableError),
        (['Cancelled'], PluginUnavailableError),
        (['Timeout'], PluginTimeoutError),
    ],
)
def test_a_query_that_ends_badly_is_an_error(log_story, states, expected):
    async def tell(log):
        await log.put(*some(1))
        STATES.upcoming.append(states)
        with pytest.raises(expected):
            await log.search()

    log_story(tell)


def test_a_query_that_is_forgotten_is_an_outage(log_story):
    async def tell(log):
        await log.put(*some(1))
        refused = (400, {}, b'{"__type": "ResourceNotFoundException"}')

        def forget(request):
            target = request.headers.get('x-amz-target', '')
            return refused if target.endswith('GetQueryResults') else None

        with (
            log.sandbox.proxy.scripted(forget),
            pytest.raises(PluginUnavailableError, match='NotFound'),
        ):
            await log.search()

    log_story(tell)


def test_the_backend_knows_its_queries_only(log_story):
    async def tell(log):
        await log.put(*some(1))
        await log.search()
        settings = Settings.read(log.context)
        secrets = Credentials.read(log.sandbox.credentials)
        async with client.open_client(settings, secrets) as insights_client:
            for action, query_id, expected in (
                ('GetQueryResults', 'made up', 'ResourceNotFoundException'),
                ('StopQuery', 'made up', 'ResourceNotFoundException'),
                ('StopQuery', STATES.started[-1], 'InvalidParameter'),
            ):
                with pytest.raises(answers.ServiceError, match=expected):
                    await insights_client._call(action, {'queryId': query_id})

    log_story(tell)


@pytest.mark.parametrize('name', ['execute_query', 'LogsBackend'])
def test_another_moto_is_noticed(log_story, monkeypatch, name):
    async def start(log):
        await log.search()

    log_story(start)  # moto is imported, and mended
    from moto.logs import models  # noqa: PLC0415  it takes a second

    if name == 'LogsBackend':
        monkeypatch.delattr(models.LogsBackend, 'start_query')
    else:
        monkeypatch.delattr(models, name)
    with pytest.raises(AssertionError, match='to replace; pin the version'):
        insights.mend()


@pytest.mark.parametrize('method', ['search', 'histogram'])
def test_a_call_that_is_given_up_stops_its_query(log_story, method):
    async def tell(log):
        await log.put(*some(1))
        STATES.upcoming.append(['Running'] * 999)
        task = asyncio.create_task(getattr(log, method)())
        await asyncio.wait([task], timeout=0.15)
        assert log.asked('GetQueryResults')
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert STATES.stopped[-1] == STATES.started[-1]
        assert len(await log.texts()) == 1

    log_story(tell)


def test_a_call_that_takes_too_long_stops_its_query(log_story):
    async def tell(log):
        await log.put(*some(1))
        log.context.assignment_options['timeout'] = 0.3
        STATES.upcoming.append(['Running'] * 999)
        with pytest.raises(PluginTimeoutError, match=r'0\.3 seconds'):
            await log.search()
        assert STATES.stopped[-1] == STATES.started[-1]

    log_story(tell)


def test_stopping_never_hangs(log_story, monkeypatch):
    monkeypatch.setattr(client, 'STOP_SECONDS', 0.1)

    async def tell(log):
        await log.put(*some(1))
        log.context.assignment_options['timeout'] = 0.3
        started = time.perf_counter()
        with (
            log.sandbox.proxy.broken(Fault.HANG, after=1),
            pytest.raises(PluginTimeoutError),
        ):
            await log.search()
        assert time.perf_counter() - started < 2

    log_story(tell)


def test_a_log_group_that_is_not_there_has_no_entries(log_story):
    async def tell(log):
        result = await log.search()
        assert result.entries == []
        assert 'There is no log group /imbi/' in result.warnings[0]
        assert await log.histogram() == []

    log_story(tell)


def test_too_many_queries_are_a_rate_limit(log_story):
    async def tell(log):
        busy = (400, {}, b'{"__type": "LimitExceededException"}')
        with (
            log.sandbox.proxy.scripted(lambda _: busy),
            pytest.raises(PluginRateLimited) as caught,
        ):
            await log.search()
        assert time.time() < caught.value.retry_at < time.time() + 60

    log_story(tell)


@pytest.mark.parametrize(
    'body',
    [
        {},
        {'status': 'Complete'},
        {'status': 'Complete', 'results': {}},
        {'status': 'Complete', 'results': [7]},
        {'status': 'Complete', 'results': [[7]]},
        {'status': 'Complete', 'results': [[{'field': 'a', 'value': 1}]]},
        {'status': 'Complete', 'results': [[]]},
        {'status': 'Unheard', 'results': []},
    ],
)
def test_a_malformed_answer_is_an_outage(log_story, body):
    async def tell(log):
        await log.put(*some(1))

        def broken(request):
            if request.headers.get('x-amz-target', '').endswith('Results'):
                return 200, {}, json.dumps(body).encode()
            return None

        for method in (log.search, log.histogram):
            with (
                log.sandbox.proxy.scripted(broken),
                pytest.raises(PluginUnavailableError),
            ):
                await method()

    log_story(tell)


def test_the_histogram_adds_up_to_the_search(log_story):
    async def tell(log):
        await log.put(*some(20, level='INFO'), *some(7, level='ERROR'))
        await log.put(*some(3))
        found = await log.histogram(7)
        assert len(found) <= 7
        assert sum(one.count for one in found) == 30
        assert sum(one.levels.get('INFO', 0) for one in found) == 20
        assert sum(one.levels.get('ERROR', 0) for one in found) == 7
        assert found[0].timestamp == NOW - 100 * SECOND
        entries = (await log.search()).entries
        edges = [one.timestamp for one in found] + [NOW + 100 * SECOND]
        for bucket, start, end in zip(found, edges, edges[1:], strict=False):
            inside = [one for one in entries if start <= one.timestamp < end]
            assert bucket.count == len(inside)
        only = await log.histogram(1, levels=['ERROR'])
        assert [one.count for one in only] == [7]

    log_story(tell)


def test_a_histogram_beyond_an_answer_is_refused(log_story, monkeypatch):
    from imbi_plugin_aws.logs import plugin  # noqa: PLC0415  to patch it

    monkeypatch.setattr(plugin, 'MAX_ROWS', 2)

    async def tell(log):
        await log.put(*some(9))
        with pytest.raises(PluginUnavailableError, match='shorter window'):
            await log.histogram(60)

    log_story(tell)


@pytest.mark.parametrize('fields', [{'limit': 0}, {'limit': -1}])
def test_a_limit_below_one_is_refused(log_story, fields):
    async def tell(log):
        with pytest.raises(ValueError, match='limit'):
            await log.search(**fields)
        with pytest.raises(ValueError, match='bucket_count'):
            await log.histogram(0)

    log_story(tell)


def test_the_schema_lists_each_field_once_and_asks_nobody(log_story):
    async def tell(log):
        log.context.assignment_options['fields'] = 'service, host, message'
        found = await CloudWatchLogsPlugin().schema(log.context, {})
        assert [one['name'] for one in found] == [
            'message',
            'level',
            'log_stream',
            'log_group',
            'service',
            'host',
        ]
        assert log.sandbox.urls() == ()

    log_story(tell)


def test_keys_are_checked_before_and_by_aws(log_story):
    async def tell(log):
        await log.put(*some(1))
        key = log.sandbox.credentials.pop('secret_access_key')
        with pytest.raises(PluginCredentialsMissing):
            await log.search()
        assert log.sandbox.urls() == ()
        log.sandbox.credentials['secret_access_key'] = key[::-1]
        with pytest.raises(
            PluginAuthenticationFailed, match='logs:StartQuery on the log'
        ):
            await log.search()

    log_story(tell)


def test_ten_thousand_entries_do_not_hold_up_the_loop(log_story):
    async def tell(log):
        log.context.assignment_options['timeout'] = 60
        log.sandbox.put(
            log.context,
            [
                (NOW + n * SECOND / 200, f'{{"message": "m{n}", "n": {n}}}')
                for n in range(10_050)
            ],
        )
        first = await log.search(limit=20_000)
        assert (len(first.entries), first.total) == (10_000, 10_050)
        rest = await log.search(limit=20_000, cursor=first.next_cursor)
        assert (len(rest.entries), rest.next_cursor) == (50, None)

    log_story(tell)
