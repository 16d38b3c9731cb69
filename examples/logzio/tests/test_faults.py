from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import io
import json
import logging
import time
import traceback

import pytest
from imbi_plugin_logzio import LogzioPlugin

from imbi_plugin_sdk import (
    LogQuery,
    PluginAuthenticationFailed,
    PluginError,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_testkit.sandbox import Fault

EXPECTED = {
    Fault.REFUSE: PluginUnavailableError,
    Fault.RESET: PluginUnavailableError,
    Fault.DNS: PluginUnavailableError,
    Fault.HANG: PluginTimeoutError,
    Fault.SLOW: PluginTimeoutError,
    Fault.UNAUTHORIZED: PluginAuthenticationFailed,
    Fault.FORBIDDEN: PluginAuthenticationFailed,
    Fault.THROTTLED: PluginRateLimited,
    Fault.SERVER_ERROR: PluginUnavailableError,
    Fault.UNAVAILABLE: PluginUnavailableError,
    Fault.TRUNCATED: PluginUnavailableError,
    Fault.MALFORMED: PluginUnavailableError,
    Fault.REDIRECT: PluginUnavailableError,
}
METHODS = ('search', 'schema', 'histogram')
SHORT, LONG = 0.3, 10
"""Seconds for what is meant to take too long, and for what is not."""


def budget(kind):
    return SHORT if kind in (Fault.HANG, Fault.SLOW) else LONG


async def call(sandbox, method, **credentials):
    now = dt.datetime.now(dt.UTC)
    window = LogQuery(start_time=now - dt.timedelta(minutes=5), end_time=now)
    arguments = () if method == 'schema' else (window,)
    return await getattr(LogzioPlugin(), method)(
        sandbox.context, {**sandbox.credentials, **credentials}, *arguments
    )


def test_every_fault_has_an_error():
    assert set(Fault) == set(EXPECTED)


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('kind', EXPECTED)
def test_a_fault_is_its_error_and_the_next_call_works(play, kind, method):
    async def story(sandbox):
        sandbox.context.assignment_options['timeout'] = budget(kind)
        async with sandbox.fault(kind):
            with pytest.raises(EXPECTED[kind]) as caught:
                await call(sandbox, method)
        assert type(caught.value) is EXPECTED[kind]
        sandbox.context.assignment_options['timeout'] = LONG
        await call(sandbox, method)

    play(story)


def test_throttling_says_when_to_try_again(play):
    async def story(sandbox):
        with (
            sandbox.proxy.scripted(
                lambda _: (429, {'Retry-After': '33'}, b'{}')
            ),
            pytest.raises(PluginRateLimited) as caught,
        ):
            await call(sandbox, 'search')
        assert caught.value.retry_at == pytest.approx(time.time() + 33, abs=1)

    play(story)


def test_a_redirect_takes_the_token_nowhere(play):
    async def story(sandbox):
        async with sandbox.fault(Fault.REDIRECT):
            with pytest.raises(PluginUnavailableError):
                await call(sandbox, 'search')
        assert len(sandbox.proxy.requests) == 1
        assert not sandbox.proxy.elsewhere

    play(story)


def test_the_budget_is_for_all_days_together(play):
    async def story(sandbox):
        sandbox.context.assignment_options['timeout'] = 0.4

        def slowly(_):
            time.sleep(0.2)
            return 200, {}, json.dumps({'hits': {'hits': []}}).encode()

        now = dt.datetime.now(dt.UTC)
        week = LogQuery(start_time=now - dt.timedelta(days=7), end_time=now)
        with (
            sandbox.proxy.scripted(slowly),
            pytest.raises(PluginTimeoutError, match=r'0\.4 seconds'),
        ):
            await LogzioPlugin().search(
                sandbox.context, sandbox.credentials, week
            )

    play(story)


@pytest.mark.parametrize('method', METHODS)
def test_cancelling_leaves_nothing_behind(play, method):
    async def story(sandbox):
        tasks = asyncio.all_tasks()
        async with sandbox.fault(Fault.HANG):
            task = asyncio.create_task(call(sandbox, method))
            while not sandbox.proxy.requests:  # noqa: ASYNC110  a thread's
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asyncio.all_tasks() == tasks
        await call(sandbox, method)

    play(story)


@pytest.mark.parametrize('kind', [None, *EXPECTED])
def test_the_token_shows_up_nowhere(play, kind, capfd):
    # Built here, so that no scanner takes it for a real one.
    token = '0a1b2c3d-' + 'e4f5' * 6
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level

    async def story(sandbox):
        sandbox.context.assignment_options['timeout'] = budget(kind)
        async with sandbox.fault(kind) if kind else contextlib.nullcontext():
            for method in METHODS:
                with pytest.raises(PluginError) as caught:
                    await call(sandbox, method, api_token=token)
                stream.writelines(traceback.format_exception(caught.value))
                error = caught.value
                while error is not None:
                    stream.write(f'{error!r} {vars(error)}')
                    assert not hasattr(error, 'request')
                    error = error.__cause__ or error.__context__

    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        play(story)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    written = stream.getvalue() + ''.join(capfd.readouterr())
    assert 'Plugin' in written  # the traceback of what was raised
    assert token not in written
