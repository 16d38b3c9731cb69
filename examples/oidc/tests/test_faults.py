from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import time
import traceback

import pytest
from imbi_plugin_oidc import OIDCPlugin

from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginError,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_testkit.proxy import RETRY_AFTER
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
TOKEN = 'rt-' + 'x7Y' * 9
CALLS = {
    'authorization_request': ('https://imbi.example.com/oauth/callback',),
    'exchange_code': ('code', 'https://imbi.example.com', 'v' * 43),
    'refresh': (TOKEN,),
    'revoke': (TOKEN,),
}


async def call(sandbox, method, **credentials):
    return await getattr(OIDCPlugin(), method)(
        sandbox.context, {**sandbox.credentials, **credentials}, *CALLS[method]
    )


def test_every_fault_can_be_made():
    assert set(EXPECTED) == set(Fault)


@pytest.mark.parametrize('kind', EXPECTED)
def test_a_fault_is_its_error_in_every_request(play, kind):
    """The first request is discovery; the second is what it is all about."""

    async def story(sandbox):
        sandbox.context.assignment_options['timeout'] = 0.3
        for method in CALLS:
            passed = (0, 1) if method != 'authorization_request' else (0,)
            if kind in (Fault.REFUSE, Fault.DNS):
                passed = (0,)
            if kind is Fault.MALFORMED and method == 'revoke':
                passed = (0,)  # RFC 7009 §2.2: that body is ignored
            for after in passed:
                started = time.monotonic()
                with (
                    sandbox.proxy.broken(kind, after=after),
                    pytest.raises(EXPECTED[kind]) as caught,
                ):
                    await call(sandbox, method)
                assert type(caught.value) is EXPECTED[kind], (method, after)
                assert time.monotonic() - started < 2
        assert not sandbox.elsewhere()
        sandbox.context.assignment_options['timeout'] = 5
        await call(sandbox, 'authorization_request')

    play(story)


def test_throttling_says_when_to_try_again(play):
    async def story(sandbox):
        async with sandbox.fault(Fault.THROTTLED):
            with pytest.raises(PluginRateLimited) as caught:
                await call(sandbox, 'refresh')
        seconds = float(RETRY_AFTER)
        wanted = pytest.approx(time.time() + seconds, abs=2)
        assert caught.value.retry_at == wanted

    play(story)


def test_an_answer_without_end_is_not_read_to_it(play):
    async def story(sandbox):
        endless = b'{"issuer": "' + b'x' * 3_000_000 + b'"}'
        with (
            sandbox.proxy.scripted(lambda _: (200, {}, endless)),
            pytest.raises(PluginUnavailableError),
        ):
            await call(sandbox, 'authorization_request')

    play(story)


def test_cancelling_leaves_nothing_behind(play):
    async def story(sandbox):
        tasks = asyncio.all_tasks()
        async with sandbox.fault(Fault.HANG):
            task = asyncio.create_task(call(sandbox, 'refresh'))
            while not sandbox.proxy.requests:  # noqa: ASYNC110  a thread's
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asyncio.all_tasks() == tasks
        await call(sandbox, 'authorization_request')

    play(story)


@pytest.mark.parametrize('kind', [None, *EXPECTED])
def test_secret_and_token_show_up_nowhere(play, kind, capfd):
    # Built here, so that no scanner takes it for a real one.
    secret = 'kit-' + 'Q7z/' * 6
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level

    async def story(sandbox):
        sandbox.context.assignment_options['timeout'] = 0.3
        async with sandbox.fault(kind) if kind else contextlib.nullcontext():
            for method in ('exchange_code', 'refresh', 'revoke'):
                with pytest.raises(PluginError) as caught:
                    await call(sandbox, method, client_secret=secret)
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
    assert TOKEN not in written
