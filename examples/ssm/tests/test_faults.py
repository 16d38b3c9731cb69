from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import logging
import time
import traceback

import pytest
from imbi_plugin_ssm import SSMPlugin

from imbi_plugin_sdk import (
    ConfigValue,
    PluginAuthenticationFailed,
    PluginError,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_testkit.sandbox import Fault

EXPECTED = {
    Fault.DNS: PluginUnavailableError,
    Fault.REFUSE: PluginUnavailableError,
    Fault.RESET: PluginUnavailableError,
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
VALUE = ConfigValue(data_type='string', value='new')
CALLS = {
    'list_keys': (),
    'get_values': (['k'],),
    'set_value': ('k', VALUE),
    'delete_key': ('k',),
}


async def call(sandbox, method='list_keys', **credentials):
    return await getattr(SSMPlugin(), method)(
        sandbox.context, {**sandbox.credentials, **credentials}, *CALLS[method]
    )


def test_every_fault_is_expected_to_be_something():
    assert set(Fault) == set(EXPECTED)


@pytest.mark.parametrize('method', CALLS)
@pytest.mark.parametrize('kind', EXPECTED)
def test_a_fault_is_its_error_and_the_next_call_works(play, kind, method):
    async def story(sandbox):
        sandbox.context.assignment_options['timeout'] = 0.3
        started = time.monotonic()
        async with sandbox.fault(kind):
            with pytest.raises(EXPECTED[kind]) as caught:
                await call(sandbox, method)
        assert type(caught.value) is EXPECTED[kind]
        assert time.monotonic() - started < 1.5
        sandbox.context.assignment_options['timeout'] = 5
        await call(sandbox, method)

    play(story)


def test_throttling_says_when_to_try_again(play):
    async def story(sandbox):
        async with sandbox.fault(Fault.THROTTLED):
            with pytest.raises(PluginRateLimited) as caught:
                await call(sandbox)
        assert caught.value.retry_at == pytest.approx(time.time() + 7, abs=1)

    play(story)


def test_a_redirect_is_not_followed(play):
    async def story(sandbox):
        async with sandbox.fault(Fault.REDIRECT):
            with pytest.raises(PluginUnavailableError, match='307'):
                await call(sandbox)
            assert len(sandbox.proxy.requests) == 1
        assert sandbox.elsewhere() == ()

    play(story)


def test_a_page_that_points_back_is_an_outage(play):
    async def story(sandbox):
        with (
            sandbox.proxy.scripted(
                lambda _: (200, {}, b'{"Parameters": [], "NextToken": "1"}')
            ),
            pytest.raises(PluginUnavailableError),
        ):
            await call(sandbox)
        assert len(sandbox.proxy.requests) == 2

    play(story)


def test_the_budget_is_for_all_pages_together(play):
    async def story(sandbox):
        sandbox.context.assignment_options['timeout'] = 0.4
        pages = itertools.count()

        def next_page(_):
            time.sleep(0.1)
            token = f'"NextToken": "{next(pages)}"'
            return 200, {}, f'{{"Parameters": [], {token}}}'.encode()

        with (
            sandbox.proxy.scripted(next_page),
            pytest.raises(PluginTimeoutError, match=r'0\.4 seconds'),
        ):
            await call(sandbox)

    play(story)


def test_a_type_that_cannot_change_is_refused_with_the_way_out(play):
    async def story(sandbox):
        def refuse(request):
            if request.headers['x-amz-target'] != 'AmazonSSM.PutParameter':
                return None
            return 400, {}, b'{"__type": "HierarchyTypeMismatchException"}'

        with (
            sandbox.proxy.scripted(refuse),
            pytest.raises(ValueError, match='delete the key first'),
        ):
            await call(sandbox, 'set_value')

    play(story)


@pytest.mark.parametrize('method', CALLS)
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


def test_a_cancelled_write_leaves_the_old_value_or_the_new(play):
    async def story(sandbox):
        old = ConfigValue(data_type='string', value='old')
        await sandbox.seed(sandbox.context, {'k': old})
        for pause in range(12):
            task = asyncio.create_task(call(sandbox, 'set_value'))
            await asyncio.sleep(pause * 0.002)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            (found,) = await call(sandbox, 'get_values')
            assert found.value in {'old', 'new'}

    play(story)


def test_the_event_loop_is_never_held_up(play):
    async def story(sandbox):
        await call(sandbox)  # what Python loads lazily is loaded
        longest = 0.0

        async def watch():
            nonlocal longest
            while True:
                started = time.perf_counter()
                await asyncio.sleep(0.001)
                longest = max(longest, time.perf_counter() - started)

        watcher = asyncio.create_task(watch())
        for method in CALLS:
            await call(sandbox, method)
        watcher.cancel()
        assert longest < 0.1

    play(story)


@pytest.mark.parametrize('kind', [None, *EXPECTED])
def test_credentials_show_up_nowhere(play, kind, capfd):
    # Built here, so that no scanner takes them for real ones.
    secret = 'wJalr' + 'Xut/nFEMI+' * 3
    token = 'FwoGZ' + 'XIvYXdz' * 5
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level

    async def story(sandbox):
        sandbox.context.assignment_options['timeout'] = 0.3
        async with sandbox.fault(kind) if kind else contextlib.nullcontext():
            for method in CALLS:
                with pytest.raises(PluginError) as caught:
                    await call(
                        sandbox,
                        method,
                        secret_access_key=secret,
                        session_token=token,
                    )
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
    assert secret not in written
    assert token not in written
