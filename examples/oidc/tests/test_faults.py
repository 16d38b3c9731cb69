"""What the laws of the kit leave open where a provider does wrong."""

from __future__ import annotations

import time

import pytest
from imbi_plugin_oidc import OIDCPlugin

from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_testkit.proxy import RETRY_AFTER
from imbi_plugin_testkit.sandbox import Fault

EXPECTED = {
    Fault.RESET: PluginUnavailableError,
    Fault.HANG: PluginTimeoutError,
    Fault.FORBIDDEN: PluginAuthenticationFailed,
    Fault.THROTTLED: PluginRateLimited,
    Fault.SERVER_ERROR: PluginUnavailableError,
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


async def call(sandbox, method):
    return await getattr(OIDCPlugin(), method)(
        sandbox.context, sandbox.credentials, *CALLS[method]
    )


@pytest.mark.parametrize(
    ('kind', 'method'),
    [
        (kind, method)
        for kind in EXPECTED
        for method in ('exchange_code', 'refresh', 'revoke')
        # RFC 7009 §2.2: the body of that answer is ignored.
        if (kind, method) != (Fault.MALFORMED, 'revoke')
    ],
)
def test_a_fault_after_discovery_is_its_error_too(play, kind, method):
    """The laws break the first request; secrets go into the second."""

    async def story(sandbox):
        hangs = kind is Fault.HANG
        sandbox.context.assignment_options['timeout'] = 0.3 if hangs else 10
        with (
            sandbox.proxy.broken(kind, after=1),
            pytest.raises(EXPECTED[kind]) as caught,
        ):
            await call(sandbox, method)
        assert not sandbox.elsewhere()
        # httpx's own errors hold the request, and with it what is secret.
        error = caught.value
        while error is not None:
            assert not type(error).__module__.startswith('httpx')
            error = error.__cause__ or error.__context__

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
