"""The in-memory plugin is golden, its server is honest, strategies fit."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imbi_plugin_sdk.contract import conformance
from imbi_plugin_sdk.errors import (
    PluginAuthenticationFailed,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_sdk.handlers.configuration import ConfigValue
from imbi_plugin_testkit import strategies
from imbi_plugin_testkit.memory import MemoryConfiguration, MemorySandbox
from imbi_plugin_testkit.sandbox import Fault, Limits, Sandbox

LIMITS = [
    Limits(),
    Limits(
        key_alphabet='ABC_',
        max_key_length=3,
        max_value_bytes=10,
        empty_value=False,
        padded_value=False,
        unicode_value=False,
        multiline_value=False,
        case_sensitive_keys=False,
        nested_keys=False,
    ),
    Limits(key_alphabet='ab-', max_key_length=9, max_value_bytes=5),
]


def test_the_golden_plugin_conforms_and_its_sandbox_is_one():
    assert conformance(MemoryConfiguration) == ()
    assert isinstance(MemorySandbox(), Sandbox)


@pytest.mark.parametrize(
    ('fault', 'error'),
    [
        (Fault.REFUSE, PluginUnavailableError),
        (Fault.RESET, PluginUnavailableError),
        (Fault.DNS, PluginUnavailableError),
        (Fault.HANG, PluginTimeoutError),
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
def test_each_fault_is_an_error_of_the_contract(fault, error, monkeypatch):
    monkeypatch.setattr(MemoryConfiguration, 'default_budget', 0.05)

    async def run():
        sandbox = MemorySandbox()
        async with sandbox.fault(fault):
            with pytest.raises(error):
                await MemoryConfiguration().list_keys(
                    sandbox.context, sandbox.credentials
                )
        return await MemoryConfiguration().list_keys(
            sandbox.context, sandbox.credentials
        )

    assert asyncio.run(run()) == []


def test_a_slow_server_still_answers():
    async def run():
        sandbox = MemorySandbox()
        async with sandbox.fault(Fault.SLOW):
            return await MemoryConfiguration().list_keys(
                sandbox.context, sandbox.credentials
            )

    assert asyncio.run(run()) == []


def test_what_is_seeded_is_read_and_shown():
    async def run():
        sandbox = MemorySandbox()
        secret = ConfigValue(data_type='secret', value='s', secret=True)
        await sandbox.seed(sandbox.context, {'a': 'text', 'b': secret})
        found = await MemoryConfiguration().get_values(
            sandbox.context, sandbox.credentials
        )
        assert {item.key: item.value for item in found} == {
            'a': 'text',
            'b': 's',
        }
        assert await sandbox.snapshot() == {
            '/imbi/kit/testing/a': {
                'value': 'text',
                'data_type': 'string',
                'secret': False,
            },
            '/imbi/kit/testing/b': {
                'value': 's',
                'data_type': 'secret',
                'secret': True,
            },
        }

    asyncio.run(run())


def test_a_write_is_read_only_once_the_lag_is_over():
    async def run():
        sandbox = MemorySandbox(Limits(consistency_lag=0.05))
        ctx, credentials = sandbox.context, sandbox.credentials
        value = ConfigValue(data_type='string', value='v')
        await MemoryConfiguration().set_value(ctx, credentials, 'a', value)
        before = await MemoryConfiguration().list_keys(ctx, credentials)
        await asyncio.sleep(0.06)
        after = await MemoryConfiguration().list_keys(ctx, credentials)
        return len(before), len(after)

    assert asyncio.run(run()) == (0, 1)


@pytest.mark.parametrize('key', ['', '../b', '/a', 'a//b', 'a/../b', 'a\0'])
def test_a_key_that_would_leave_the_prefix_is_refused(key):
    sandbox = MemorySandbox()
    with pytest.raises(ValueError, match='segment'):
        MemoryConfiguration().path(sandbox.context, key)


def test_a_batch_beyond_the_page_size_is_refused_by_the_server():
    class Greedy(MemoryConfiguration):
        def batch_size(self, ctx):
            return 1_000

    async def run():
        sandbox = MemorySandbox()
        await Greedy().get_values(
            sandbox.context, sandbox.credentials, list('abcdefghijk')
        )

    with pytest.raises(ValueError, match='cannot hold'):
        asyncio.run(run())


@pytest.mark.parametrize('limits', LIMITS)
def test_keys_and_values_that_are_made_up_are_stored(limits):
    @settings(max_examples=40, deadline=None, database=None)
    @given(data=st.data())
    def run(data):
        key = data.draw(strategies.keys(limits))
        value = data.draw(strategies.config_values(limits))
        assert len(key) <= limits.max_key_length
        assert set(key) <= set(limits.key_alphabet) | {'/'}
        assert len(value.value.encode()) <= limits.max_value_bytes
        asyncio.run(_round_trip(limits, key, value))

    run()


async def _round_trip(limits, key, value):
    sandbox = MemorySandbox(limits)
    ctx, credentials = sandbox.context, sandbox.credentials
    handler = MemoryConfiguration()
    await handler.set_value(ctx, credentials, key, value)
    (found,) = await handler.get_values(ctx, credentials, [key])
    assert found.value == value.value


@settings(max_examples=30, deadline=None, database=None)
@given(data=st.data())
def test_contexts_keep_options_and_share_nothing(data):
    base = MemorySandbox().context
    made = data.draw(strategies.contexts(base))
    assert made.assignment_options == base.assignment_options
    assert made.assignment_options is not base.assignment_options


def test_strategies_load_hypothesis_only_when_asked():
    code = (
        'import sys, imbi_plugin_testkit.strategies, '
        'imbi_plugin_testkit.lab, imbi_plugin_testkit.memory, '
        'imbi_plugin_testkit.laws.configuration, '
        'imbi_plugin_testkit.laws.secrecy;'
        'sys.exit("hypothesis" in sys.modules)'
    )
    done = subprocess.run([sys.executable, '-c', code], check=False)
    assert done.returncode == 0
