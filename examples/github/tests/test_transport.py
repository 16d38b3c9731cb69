"""What each refusal of GitHub means, and where a token does not go."""

from __future__ import annotations

import asyncio
import ssl
import time

import pytest
from imbi_plugin_github import transport
from imbi_plugin_github.transport import PAUSE, RefusedError, connected

from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_testkit.sandbox import Fault


async def failing(planted, answer, method='list_refs', *args):
    """Return what a method raises while every answer is this one."""
    with planted.sandbox.proxy.scripted(lambda _request: answer):
        with pytest.raises(Exception) as raised:  # noqa: PT011  told below
            await planted.ask(method, *args)
        return raised.value


def limits():
    spent = {
        'X-RateLimit-Remaining': '0',
        'X-RateLimit-Reset': '{reset}',
    }
    words = b'{"message": "You have exceeded a secondary rate limit"}'
    return [
        pytest.param(403, spent, b'{}', 900, id='primary'),
        pytest.param(429, spent, b'{}', 900, id='primary as 429'),
        pytest.param(403, {'Retry-After': '30'}, b'{}', 30, id='secondary'),
        pytest.param(
            429, {'Retry-After': '30', **spent}, b'{}', 30, id='sooner'
        ),
        pytest.param(403, {}, words, PAUSE, id='by its words'),
        pytest.param(429, {}, b'', PAUSE, id='bare'),
        pytest.param(429, {'Retry-After': 'soon'}, b'', PAUSE, id='odd'),
        pytest.param(429, {'Retry-After': '9' * 400}, b'', 7200, id='endless'),
        pytest.param(
            429,
            {'Retry-After': 'Thu, 01 Jan 1970 00:00:00 GMT'},
            b'',
            1,
            id='past',
        ),
    ]


@pytest.mark.parametrize(('status', 'headers', 'body', 'wait'), limits())
def test_a_limit_says_when_to_try_again(status, headers, body, wait, deploy):
    async def story(planted):
        reset = str(int(time.time()) + 900)
        told = {
            name: value.replace('{reset}', reset)
            for name, value in headers.items()
        }
        error = await failing(planted, (status, told, body))
        assert type(error) is PluginRateLimited
        assert wait - 8 < error.retry_at - time.time() <= wait

    deploy(story)


@pytest.mark.parametrize(
    ('status', 'headers', 'kind', 'told'),
    [
        (401, {}, PluginAuthenticationFailed, 'rejected'),
        (403, {}, PluginAuthenticationFailed, 'do not allow'),
        (
            403,
            {'X-GitHub-SSO': 'required; url=https://github.com/orgs/x/sso'},
            PluginAuthenticationFailed,
            'single sign-on',
        ),
        (403, {'X-RateLimit-Remaining': '9'}, PluginAuthenticationFailed, ''),
        (301, {'Location': '/x'}, PluginUnavailableError, 'renamed'),
        (307, {'Location': '/x'}, PluginUnavailableError, 'renamed'),
        (404, {}, RefusedError, 'may not see'),
        (409, {}, RefusedError, 'empty'),
        (410, {}, RefusedError, '410'),
        (422, {}, RefusedError, '422'),
        (451, {}, PluginUnavailableError, '451'),
        (500, {}, PluginUnavailableError, '500'),
        (502, {}, PluginUnavailableError, '502'),
        (600, {}, PluginUnavailableError, ''),
    ],
)
def test_every_other_refusal_is_typed(status, headers, kind, told, deploy):
    body = b'{"message": "Git Repository is empty."}'

    async def story(planted):
        error = await failing(planted, (status, headers, body))
        assert type(error) is kind
        assert told in str(error)

    deploy(story)


def test_a_refusal_does_not_repeat_the_token(deploy):
    async def story(planted):
        token = planted.sandbox.credentials['token']
        body = b'{"message": "no good: %s"}' % token.encode()
        error = await failing(planted, (422, {}, body))
        assert token not in str(error)
        assert token not in repr(error)
        assert error.__cause__ is error.__context__ is None

    deploy(story)


@pytest.mark.parametrize(
    'body',
    [
        b'',
        b'[]',
        b'{}',
        b'{"default_branch": 7}',
        b'<html>',
        b'[' * 100_000,
        b'\xff\xfe',
    ],
    ids=range(7),
)
def test_an_answer_of_another_shape_is_an_outage(body, deploy):
    async def story(planted):
        error = await failing(planted, (200, {}, body))
        assert type(error) is PluginUnavailableError

    deploy(story)


@pytest.mark.parametrize(
    'there',
    [
        'http://127.0.0.1:9/api/v3/x?page=2',
        'https://evil.example/x',
        '//evil.example/x',
        '/api/v3/x',
        'http://localhost:1@evil.example/',
    ],
)
def test_a_page_at_another_host_is_not_asked_for(there, deploy):
    async def story(planted):
        def answer(request):
            if '/branches' not in request.target:
                return None
            return 200, {'Link': f'<{there}>; rel="next"'}, b'[]'

        with (
            planted.sandbox.proxy.scripted(answer),
            pytest.raises(PluginUnavailableError, match='another host'),
        ):
            await planted.ask('list_refs')

    deploy(story)


def test_pages_that_go_in_a_circle_end(deploy):
    async def story(planted):
        proxy = planted.sandbox.proxy

        def answer(request):
            if '/branches' not in request.target:
                return None
            there = f'{proxy.url}/api/v3/branches'
            return 200, {'Link': f'<{there}>; rel="next"'}, b'[]'

        with (
            proxy.scripted(answer),
            pytest.raises(PluginUnavailableError, match='no last page'),
        ):
            await planted.ask('list_refs')

    deploy(story)


def test_the_time_is_for_all_requests_of_a_call(deploy):
    async def story(planted):
        start = time.monotonic()
        with (
            planted.sandbox.proxy.broken(Fault.HANG, after=1),
            pytest.raises(PluginTimeoutError, match=r'0\.2 seconds'),
        ):
            await planted.ask('list_refs', timeout=0.2)
        assert time.monotonic() - start < 4  # of 5 by default

    deploy(story)


def test_who_cancels_is_not_told_of_a_time_out(deploy):
    async def story(planted):
        with planted.sandbox.proxy.broken(Fault.HANG):
            task = asyncio.create_task(planted.ask('list_refs'))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    deploy(story)


def test_the_callers_own_time_out_is_theirs(deploy):
    async def story(planted):
        with (
            planted.sandbox.proxy.broken(Fault.HANG),
            pytest.raises(TimeoutError),
        ):
            async with asyncio.timeout(0.05):
                await planted.ask('list_refs')

    deploy(story)


def test_a_time_out_of_something_else_is_not_githubs():
    async def story():
        with pytest.raises(TimeoutError, match='mine'):
            async with connected('http://127.0.0.1:9', 5):
                raise TimeoutError('mine')

    asyncio.run(story())


def test_an_error_holds_no_request(deploy):
    """httpx keeps the request, and so the token, in its errors."""

    async def story(planted):
        with (
            planted.sandbox.proxy.broken(Fault.RESET),
            pytest.raises(PluginUnavailableError) as raised,
        ):
            await planted.ask('list_refs')
        assert raised.value.__cause__ is raised.value.__context__ is None

    deploy(story)


def test_every_request_says_who_asks_and_in_which_version(deploy):
    async def story(planted):
        await planted.ask('resolve_committish', 'main')
        seen = planted.sandbox.proxy.requests[-1].headers
        assert seen['User-Agent'] == 'imbi-plugin-github'
        assert seen['X-GitHub-Api-Version'] == '2022-11-28'
        assert seen['Accept'] == 'application/vnd.github+json'

    deploy(story)


def test_a_redirect_takes_the_token_nowhere(deploy):
    async def story(planted):
        with (
            planted.sandbox.proxy.broken(Fault.REDIRECT),
            pytest.raises(PluginUnavailableError),
        ):
            await planted.ask('list_refs')
        assert not planted.sandbox.elsewhere()

    deploy(story)


def test_who_is_trusted_is_read_once_for_all_calls(monkeypatch):
    made, real = [], ssl.create_default_context

    def counted(*args, **kwargs):
        made.append(real(*args, **kwargs))
        return made[-1]

    async def story():
        for _ in range(3):
            async with connected('https://api.github.com', 5):
                pass

    monkeypatch.setattr(ssl, 'create_default_context', counted)
    transport._tls.cache_clear()
    asyncio.run(story())
    transport._tls.cache_clear()
    assert len(made) == 1
    assert made[0].verify_mode is ssl.CERT_REQUIRED
    assert made[0].check_hostname
