"""What the laws of the kit leave open where Logz.io does wrong."""

from __future__ import annotations

import datetime as dt
import json
import time

import pytest
from imbi_plugin_logzio import LogzioPlugin

from imbi_plugin_sdk import (
    LogQuery,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_testkit.sandbox import Fault


def last(**span):
    now = dt.datetime.now(dt.UTC)
    return LogQuery(start_time=now - dt.timedelta(**span), end_time=now)


def test_throttling_says_when_to_try_again(play):
    async def story(sandbox):
        with (
            sandbox.proxy.scripted(
                lambda _: (429, {'Retry-After': '33'}, b'{}')
            ),
            pytest.raises(PluginRateLimited) as caught,
        ):
            await LogzioPlugin().search(
                sandbox.context, sandbox.credentials, last(minutes=5)
            )
        assert caught.value.retry_at == pytest.approx(time.time() + 33, abs=1)

    play(story)


def test_the_budget_is_for_all_days_together(play):
    async def story(sandbox):
        sandbox.context.assignment_options['timeout'] = 0.4

        def slowly(_):
            time.sleep(0.2)
            return 200, {}, json.dumps({'hits': {'hits': []}}).encode()

        with (
            sandbox.proxy.scripted(slowly),
            pytest.raises(PluginTimeoutError, match=r'0\.4 seconds'),
        ):
            await LogzioPlugin().search(
                sandbox.context, sandbox.credentials, last(days=7)
            )

    play(story)


def test_no_error_of_the_client_is_in_the_chain(play):
    """It holds the request, and with it the token, where no law looks."""

    async def story(sandbox):
        async with sandbox.fault(Fault.RESET):
            with pytest.raises(PluginUnavailableError) as caught:
                await LogzioPlugin().schema(
                    sandbox.context, sandbox.credentials
                )
        assert caught.value.__cause__ is caught.value.__context__ is None

    play(story)
