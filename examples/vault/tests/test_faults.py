"""What the plugin makes of a server that says no."""

from __future__ import annotations

import asyncio
import time

import pytest
from imbi_plugin_vault import VaultPlugin

from imbi_plugin_sdk import (
    ConfigValue,
    PluginAuthenticationFailed,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_testkit.proxy import RETRY_AFTER
from imbi_plugin_testkit.sandbox import Fault

VALUE = ConfigValue(data_type='string', value='value')


def with_options(sandbox, **options):
    given = {**sandbox.context.assignment_options, **options}
    return sandbox.context.model_copy(update={'assignment_options': given})


async def put(sandbox, ctx=None, credentials=None):
    return await VaultPlugin().set_value(
        ctx or sandbox.context, credentials or sandbox.credentials, 'a', VALUE
    )


async def every_method(sandbox, ctx=None, credentials=None):
    """Return what each method raised."""
    ctx = ctx or sandbox.context
    token = credentials or sandbox.credentials
    plugin = VaultPlugin()
    return await asyncio.gather(
        plugin.list_keys(ctx, token),
        plugin.get_values(ctx, token),
        plugin.get_values(ctx, token, ['a']),
        plugin.set_value(ctx, token, 'a', VALUE),
        plugin.delete_key(ctx, token, 'a'),
        return_exceptions=True,
    )


def test_a_token_that_ended_is_told_from_one_without_the_right(tell):
    async def story(sandbox):
        ended = {'token': sandbox.bao.token(ttl='1s')}
        await VaultPlugin().list_keys(sandbox.context, ended)
        await asyncio.sleep(1.2)
        for error in await every_method(sandbox, credentials=ended):
            assert type(error) is PluginAuthenticationFailed
            assert 'expired' in str(error)
        powerless = {'token': sandbox.bao.token(policies=('default',))}
        for error in await every_method(sandbox, credentials=powerless):
            assert type(error) is PluginAuthenticationFailed
            assert 'policies do not allow' in str(error)

    tell(story)


def test_a_folder_beyond_the_policy_is_denied(tell):
    async def story(sandbox):
        ctx = with_options(sandbox, path_prefix='other/${project_slug}')
        with pytest.raises(PluginAuthenticationFailed, match='policies'):
            await put(sandbox, ctx)

    tell(story)


@pytest.mark.parametrize('mount', ['nowhere', 'sys'])
def test_a_mount_that_is_none_is_not_a_project_without_keys(mount, tell):
    async def story(sandbox):
        ctx = with_options(sandbox, mount=mount)
        root = {'token': sandbox.bao.root}
        for error in await every_method(sandbox, ctx, root):
            assert isinstance(error, (ValueError, PluginUnavailableError))
            assert 'mount' in str(error)

    tell(story)


def test_a_mount_of_version_1_takes_no_write(tell):
    """It answers a listing as an empty one of version 2 does."""

    async def story(sandbox):
        bao = sandbox.bao
        bao.must('POST', 'sys/mounts/old', {'type': 'kv'})
        try:
            ctx = with_options(sandbox, mount='old')
            with pytest.raises(PluginUnavailableError, match='version 2'):
                await put(sandbox, ctx, {'token': bao.root})
        finally:
            bao.must('DELETE', 'sys/mounts/old')

    tell(story)


def test_a_sealed_server_is_unavailable_and_says_so(tell):
    async def story(sandbox):
        bao = sandbox.bao
        bao.must('PUT', 'sys/seal')
        try:
            for error in await every_method(sandbox):
                assert type(error) is PluginUnavailableError
                assert 'sealed' in str(error)
        finally:
            bao.must('PUT', 'sys/unseal', {'key': bao.unseal_key})
            for _ in range(100):
                if bao.ask('GET', 'sys/health')[0] == 200:
                    break
                await asyncio.sleep(0.05)
        await put(sandbox)

    tell(story)


@pytest.mark.parametrize('status', [412, 472, 473, 500, 502, 503, 418])
def test_every_other_status_is_an_outage(status, tell):
    async def story(sandbox):
        def answer(_request):
            return status, {}, b'<html>not JSON</html>'

        with sandbox.proxy.scripted(answer):
            for error in await every_method(sandbox):
                assert type(error) is PluginUnavailableError

    tell(story)


def test_a_quota_says_when_to_try_again(tell):
    async def story(sandbox):
        with sandbox.proxy.broken(Fault.THROTTLED):
            for error in await every_method(sandbox):
                assert type(error) is PluginRateLimited
                wait = error.retry_at - time.time()
                assert RETRY_AFTER - 5 < wait <= RETRY_AFTER

    tell(story)


def test_a_404_that_vault_does_not_give_deletes_nothing_in_the_listing(tell):
    """A balancer's page must not look like a project without keys."""

    async def story(sandbox):
        for body in (b'<html>', b'{}', b'[]', b'{"error": "not found"}'):

            def answer(_request, body=body):
                return 404, {}, body

            with sandbox.proxy.scripted(answer):
                for error in await every_method(sandbox):
                    assert type(error) is PluginUnavailableError

    tell(story)


@pytest.mark.parametrize(
    'body',
    [
        b'{}',
        b'{"data": null}',
        b'{"data": {"keys": "a"}}',
        b'{"data": {"data": [], "metadata": {}}}',
        b'{"data": {"data": {"value": "x"}, "metadata": {"version": "1"}}}',
        b'{"data": {"data": {"value": "x"}, "metadata":'
        b' {"version": 1, "created_time": "yesterday"}}}',
        b'{"data": {"data": {"value": "x"}, "metadata":'
        b' {"version": 1, "created_time": "2026-01-01T00:00:00"}}}',
        b'[' * 100_000,
    ],
    ids=range(8),
)
def test_an_answer_of_another_shape_is_an_outage(body, tell):
    async def story(sandbox):
        with sandbox.proxy.scripted(lambda _request: (200, {}, body)):
            for error in await every_method(sandbox):
                assert type(error) is PluginUnavailableError

    tell(story)


def test_a_refusal_of_the_server_is_one_of_the_value(tell):
    async def story(sandbox):
        def answer(request):
            if request.method == 'POST':
                return 413, {}, b'{"errors": ["request body too large"]}'
            return None

        with (
            sandbox.proxy.scripted(answer),
            pytest.raises(ValueError, match='larger'),
        ):
            await put(sandbox)

    tell(story)


def test_a_write_that_always_loses_gives_up(tell):
    async def story(sandbox):
        text = b'{"errors": ["check-and-set parameter did not match ..."]}'

        def answer(request):
            return (400, {}, text) if request.method == 'POST' else None

        with (
            sandbox.proxy.scripted(answer),
            pytest.raises(PluginUnavailableError, match='Others wrote'),
        ):
            await put(sandbox)

    tell(story)


def test_the_time_is_for_all_requests_of_a_call(tell):
    async def story(sandbox):
        await put(sandbox)
        ctx = with_options(sandbox, timeout=0.3)
        with sandbox.proxy.broken(Fault.HANG, after=1):
            start = time.monotonic()
            with pytest.raises(PluginTimeoutError, match=r'0\.3 seconds'):
                await VaultPlugin().get_values(ctx, sandbox.credentials)
            assert time.monotonic() - start < 1.5

    tell(story)


def test_the_token_goes_nowhere_else_when_the_server_points_there(tell):
    async def story(sandbox):
        with sandbox.proxy.broken(Fault.REDIRECT):
            for error in await every_method(sandbox):
                assert type(error) is PluginUnavailableError
                assert 'standby' in str(error)
        assert not sandbox.elsewhere()

    tell(story)


def test_a_failure_in_one_of_many_requests_is_raised_as_it_is(tell):
    async def story(sandbox):
        keys = [f'k{number}' for number in range(20)]
        await sandbox.seed(sandbox.context, dict.fromkeys(keys, VALUE))
        with (
            sandbox.proxy.broken(Fault.UNAVAILABLE, after=7, times=1),
            pytest.raises(PluginUnavailableError),
        ):
            await VaultPlugin().get_values(
                sandbox.context, sandbox.credentials
            )

    tell(story)


def test_a_write_whose_answer_is_lost_is_not_repeated(tell):
    async def story(sandbox):
        def writes(request):
            return request.method == 'POST'

        with (
            sandbox.proxy.broken(Fault.RESET, only=writes, reaches=True),
            pytest.raises(PluginUnavailableError),
        ):
            await put(sandbox)
        sent = [one.method for one in sandbox.proxy.requests]
        assert sent == ['GET', 'POST']

    tell(story)
