"""The in-memory logs plugin is golden, its server honest, strategies fit."""

from __future__ import annotations

import asyncio
import datetime as dt
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imbi_plugin_sdk.contract import conformance
from imbi_plugin_sdk.errors import (
    CursorExpiredError,
    PluginAuthenticationFailed,
    PluginCredentialsMissing,
    PluginRateLimited,
    PluginUnavailableError,
)
from imbi_plugin_sdk.handlers.logs import LogEntry, LogFilter, LogQuery
from imbi_plugin_testkit.memory.logs import MemoryLogs, MemoryLogsSandbox
from imbi_plugin_testkit.models.logs import LogLimits
from imbi_plugin_testkit.sandbox import Fault, Sandbox
from imbi_plugin_testkit.strategies import (
    log_entries,
    log_filters,
    log_queries,
    log_windows,
)

NOW = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
LIMITS = [
    LogLimits(),
    LogLimits(resolution=1.0, longest_window=60.0, largest_limit=3),
    LogLimits(levels=(), fields=(), message_field=None, level_field=None),
    LogLimits(filter_ops=('contains',), level_field='severity'),
    LogLimits(filter_ops=()),
]


def search(sandbox, start=NOW - HOUR, end=NOW, *filters, **facts):
    query = LogQuery(
        start_time=start,
        end_time=end,
        filters=[
            LogFilter(field=field, op=op, value=value)
            for field, op, value in filters
        ],
        **facts,
    )
    return asyncio.run(
        MemoryLogs().search(sandbox.context, sandbox.credentials, query)
    )


def seeded(*entries, **limits):
    sandbox = MemoryLogsSandbox(LogLimits(**limits))
    asyncio.run(sandbox.seed(sandbox.context, entries))
    return sandbox


def entry(minutes, message='a line', level='INFO', **fields):
    at = NOW - dt.timedelta(minutes=minutes)
    facts = {'timestamp': at, 'message': message, 'level': level, **fields}
    return LogEntry.model_validate(facts)


def messages(result):
    return [found.message for found in result.entries]


def test_the_golden_plugin_conforms_and_its_sandbox_is_one():
    assert conformance(MemoryLogs) == ()
    assert isinstance(MemoryLogsSandbox(), Sandbox)


@pytest.mark.parametrize(
    ('fault', 'error'),
    [
        (Fault.REFUSE, PluginUnavailableError),
        (Fault.RESET, PluginUnavailableError),
        (Fault.DNS, PluginUnavailableError),
        (Fault.UNAUTHORIZED, PluginAuthenticationFailed),
        (Fault.FORBIDDEN, PluginAuthenticationFailed),
        (Fault.THROTTLED, PluginRateLimited),
        (Fault.SERVER_ERROR, PluginUnavailableError),
        (Fault.UNAVAILABLE, PluginUnavailableError),
        (Fault.TRUNCATED, PluginUnavailableError),
        (Fault.MALFORMED, PluginUnavailableError),
        (Fault.REDIRECT, PluginUnavailableError),
    ],
)
def test_what_the_server_does_wrong_is_an_error_of_the_contract(fault, error):
    sandbox = MemoryLogsSandbox()

    async def broken():
        async with sandbox.fault(fault):
            await MemoryLogs().schema(sandbox.context, sandbox.credentials)

    with pytest.raises(error):
        asyncio.run(broken())
    assert search(sandbox).entries == []


def test_the_server_wants_its_token():
    sandbox = MemoryLogsSandbox()
    sandbox.credentials['api_token'] = 'another'
    with pytest.raises(PluginAuthenticationFailed):
        search(sandbox)
    sandbox.credentials['api_token'] = ' '
    with pytest.raises(PluginCredentialsMissing):
        search(sandbox)


def test_pages_are_put_together_and_cut():
    lines = [entry(number + 1, f'{number}') for number in range(5)]
    sandbox = seeded(*lines, page_size=2)
    found = search(sandbox, limit=3)
    assert messages(found) == ['0', '1', '2']
    assert found.total == 5
    rest = search(sandbox, limit=3, cursor=found.next_cursor)
    assert messages(rest) == ['3', '4']
    assert rest.next_cursor is None


def test_cursors_expire_when_they_are_told_to():
    sandbox = seeded(entry(1), entry(2))
    cursor = search(sandbox, limit=1).next_cursor
    asyncio.run(sandbox.expire_cursors())
    with pytest.raises(CursorExpiredError):
        search(sandbox, limit=1, cursor=cursor)
    assert search(sandbox, limit=1).next_cursor != cursor


def test_the_server_is_as_coarse_late_and_choosy_as_it_says():
    shifted = entry(1)
    at = shifted.timestamp + dt.timedelta(milliseconds=400)
    sandbox = seeded(
        shifted.model_copy(update={'timestamp': at}), resolution=1.0
    )
    assert search(sandbox).entries[0].timestamp == shifted.timestamp
    assert not search(seeded(entry(1), consistency_lag=60.0)).entries
    with pytest.raises(ValueError, match='none it can do'):
        search(seeded(longest_window=60.0))
    plain = seeded(entry(1), fields=('a',), filter_ops=('eq',))
    for row in (('b', 'eq', 'x'), ('a', 'regex', 'x')):
        with pytest.raises(ValueError, match='none it can do'):
            search(plain, NOW - HOUR, NOW, row)


@pytest.mark.parametrize('limits', LIMITS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_made_up_entries_and_queries_fit_the_backend(limits, data):
    start, end = data.draw(log_windows(limits, until=NOW))
    assert NOW - HOUR <= start < end <= NOW
    assert (end - start).total_seconds() <= limits.longest_window
    found = data.draw(log_entries(limits, start, end))
    assert start <= found.timestamp < end
    assert found.level in limits.levels or not limits.levels
    assert set(found.model_extra) <= set(limits.fields)
    query = data.draw(log_queries(limits, until=NOW))
    assert 1 <= query.limit <= limits.largest_limit
    assert set(query.levels) <= set(limits.levels)
    sandbox = MemoryLogsSandbox(limits)
    asyncio.run(sandbox.seed(sandbox.context, [found]))
    whole = asyncio.run(
        MemoryLogs().search(
            sandbox.context,
            sandbox.credentials,
            LogQuery(start_time=start, end_time=end),
        )
    )
    assert messages(whole) == [found.message]
    asyncio.run(
        MemoryLogs().search(sandbox.context, sandbox.credentials, query)
    )


def test_made_up_filters_name_what_the_backend_has():
    assert log_filters(LIMITS[-1]).is_empty
    assert log_filters(LIMITS[2]).is_empty

    @settings(max_examples=50, deadline=None)
    @given(log_filters(LIMITS[0]))
    def check(one):
        assert one.field in ('service', 'host', 'message', 'level')
        if one.field == 'level':
            assert one.op in ('eq', 'ne')
        if one.op == 'regex':
            re.compile(one.value)

    check()
