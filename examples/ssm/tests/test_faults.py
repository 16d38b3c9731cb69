"""What the laws of the kit leave open where SSM does wrong."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time

import pytest
from imbi_plugin_ssm import SSMPlugin

from imbi_plugin_sdk import (
    ConfigValue,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_testkit.sandbox import Fault

VALUE = ConfigValue(data_type='string', value='new')
CALLS = {
    'list_keys': (),
    'get_values': (['k'],),
    'set_value': ('k', VALUE),
}


async def call(sandbox, method='list_keys'):
    return await getattr(SSMPlugin(), method)(
        sandbox.context, sandbox.credentials, *CALLS[method]
    )


def test_throttling_says_when_to_try_again(play):
    async def story(sandbox):
        async with sandbox.fault(Fault.THROTTLED):
            with pytest.raises(PluginRateLimited) as caught:
                await call(sandbox)
        assert caught.value.retry_at == pytest.approx(time.time() + 7, abs=1)

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


def test_no_error_of_the_client_is_in_the_chain(play):
    """It holds the request, and with it the key, where no law looks."""

    async def story(sandbox):
        async with sandbox.fault(Fault.RESET):
            with pytest.raises(PluginUnavailableError) as caught:
                await call(sandbox)
        assert caught.value.__cause__ is caught.value.__context__ is None

    play(story)


def test_a_redirect_takes_nothing_anywhere(play):
    """The laws look for credentials there, and not for what is written."""

    async def story(sandbox):
        async with sandbox.fault(Fault.REDIRECT):
            with pytest.raises(PluginUnavailableError, match='307'):
                await call(sandbox, 'set_value')
        assert sandbox.elsewhere() == ()

    play(story)
