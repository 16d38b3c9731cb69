"""What `invoke` costs over calling the method itself.

Run `python benchmarks/invocation.py`. Prints, per method, the time of a bare
`await Handler().method(...)`, of `invoke`, and the difference, which must stay
below 100 µs for the small results; exits with 1 where it does not. A page of
100 log entries shows what validation adds per item.
"""

# ruff: noqa: ARG002  handlers that answer at once need none of it

from __future__ import annotations

import asyncio
import datetime as dt
import sys
import time
from typing import TYPE_CHECKING, Any, ClassVar

from imbi_plugin_sdk import (
    ConfigKey,
    ConfigKeyWithValue,
    ConfigurationPlugin,
    ConfigValue,
    LogEntry,
    LogQuery,
    LogResult,
    LogsPlugin,
    PluginContext,
    PluginManifest,
)
from imbi_plugin_sdk.invocation import invoke

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MOST = 100e-6
"""Seconds of overhead that are allowed (issue: host's rules)."""

ROUNDS, CALLS = 7, 500
"""The best of seven rounds: the machine may be busy with something else."""

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
CONTEXT = PluginContext(project_id='1', project_slug='p', org_slug='o')
CREDENTIALS = {'token': 'x' * 40}
QUERY = LogQuery(start_time=NOW, end_time=NOW)


class Store(ConfigurationPlugin):
    """Answers at once."""

    manifest: ClassVar = PluginManifest(
        slug='store', name='Store', plugin_type='configuration'
    )

    async def list_keys(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[ConfigKey]:
        """Return three keys."""
        return [ConfigKey(key=key, data_type='string') for key in 'abc']

    async def get_values(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        keys: list[str] | None = None,
    ) -> list[ConfigKeyWithValue]:
        """Return no value."""
        return []

    async def set_value(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        key: str,
        value: ConfigValue,
    ) -> ConfigKey:
        """Return the key."""
        return ConfigKey(key=key, data_type=value.data_type)

    async def delete_key(
        self, ctx: PluginContext, credentials: dict[str, str], key: str
    ) -> None:
        """Do nothing."""


class Logs(LogsPlugin):
    """Answers at once with a page."""

    manifest: ClassVar = PluginManifest(
        slug='logs', name='Logs', plugin_type='logs'
    )

    async def search(
        self, ctx: PluginContext, credentials: dict[str, str], query: LogQuery
    ) -> LogResult:
        """Return a hundred entries."""
        return LogResult(
            entries=[
                LogEntry(timestamp=NOW, message=str(number), raw={'a': 'b'})
                for number in range(100)
            ]
        )

    async def schema(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[dict[str, Any]]:
        """Return no field."""
        return []


CASES: tuple[tuple[str, type, str, dict[str, Any], bool], ...] = (
    ('delete_key, returns None', Store, 'delete_key', {'key': 'a'}, True),
    ('list_keys, three models', Store, 'list_keys', {}, True),
    ('search, 100 log entries', Logs, 'search', {'query': QUERY}, False),
)


async def seconds_per_call(call: Callable[[], Awaitable[object]]) -> float:
    """Return the seconds of one call, the best of several rounds."""
    best = float('inf')
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(CALLS):
            await call()
        best = min(best, (time.perf_counter() - started) / CALLS)
    return best


async def main() -> int:
    """Measure each case beside the bare call, in one run."""
    failed = False
    print(f'{"call":28}{"bare":>10}{"invoke":>10}{"over":>10}{"ratio":>8}')
    for title, handler, method, arguments, is_bound in CASES:

        async def bare(
            handler: type = handler,
            method: str = method,
            arguments: dict[str, Any] = arguments,
        ) -> object:
            function = getattr(handler(), method)
            return await function(CONTEXT, dict(CREDENTIALS), **arguments)

        async def invoked(
            handler: type = handler,
            method: str = method,
            arguments: dict[str, Any] = arguments,
        ) -> object:
            return await invoke(
                handler, method, CONTEXT, CREDENTIALS, arguments
            )

        await invoked()  # builds the validator
        direct, through = (
            await seconds_per_call(bare),
            await seconds_per_call(invoked),
        )
        over = through - direct
        failed |= is_bound and over > MOST
        print(
            f'{title:28}{direct * 1e6:8.1f}µs{through * 1e6:8.1f}µs'
            f'{over * 1e6:8.1f}µs{through / direct:7.1f}x'
        )
    return int(failed)


if __name__ == '__main__':
    sys.exit(asyncio.run(main()))
