"""A logs plugin, its server and its sandbox, all in memory.

`MemoryLogs` is what a correct handler looks like, and the base of handlers
that are wrong in one place: override one small method. What it shows beside
`MemoryConfiguration`: a page of the contract is put together from the
server's smaller pages, a cursor is a position that is sealed together with
the question it belongs to, and the server filters before it counts.
`MemoryLogsSandbox` can do all that a sandbox of logs may do::

    labs = Labs(seed=0, factory=lambda plugin: MemoryLogsSandbox())
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.errors import CursorExpiredError
from imbi_plugin_sdk.handlers.logs import (
    LogEntry,
    LogHistogramBucket,
    LogResult,
    LogsPlugin,
)
from imbi_plugin_sdk.manifest import (
    CredentialField,
    PluginManifest,
    PluginOption,
)
from imbi_plugin_testkit.memory.asking import ReachesServer
from imbi_plugin_testkit.memory.logs_server import (
    MemoryLogsSandbox,
    to_instant,
    to_microseconds,
)
from imbi_plugin_testkit.memory.server import MemoryServer, MemoryStatusError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_sdk.handlers.logs import LogQuery

__all__ = ['MemoryLogs', 'MemoryLogsSandbox']

SEAL_BYTES = 12
"""Bytes of a cursor's seal: too many to hit by changing a cursor."""


class MemoryLogs(ReachesServer, LogsPlugin):
    """Searches the logs on a `MemoryLogServer`, correctly."""

    manifest = PluginManifest(
        slug='memory-logs',
        name='Memory',
        description='Searches logs in memory.',
        plugin_type='logs',
        supports_histogram=True,
        options=[
            PluginOption(name='endpoint', label='Endpoint', required=True)
        ],
        credentials=[CredentialField(name='api_token', label='API token')],
    )

    async def search(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        query: LogQuery,
    ) -> LogResult:
        """Return one page, put together from pages of the server."""
        self.token(credentials)
        self.check(query)
        state = self.opened(ctx, credentials, query)
        found, answer = await self.gather(ctx, credentials, query, state)
        return LogResult(
            entries=[self.to_entry(entry) for entry in found],
            next_cursor=self.next_cursor(
                ctx, credentials, query, found, answer
            ),
            total=self.total(found, answer),
        )

    async def schema(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[dict[str, Any]]:
        """Return what the server can filter by."""
        answer = await self.ask(ctx, credentials, '/fields', {})
        return [self.to_field(name) for name in answer['fields']]

    async def histogram(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        query: LogQuery,
        bucket_count: int = 60,
    ) -> list[LogHistogramBucket]:
        """Return the server's counts; it leaves out buckets without any."""
        self.token(credentials)
        self.check(query)
        question = {
            **self.question(ctx, query),
            'width': self.width(query, bucket_count),
        }
        answer = await self.ask(ctx, credentials, '/histogram', question)
        return [self.to_bucket(bucket) for bucket in answer['buckets']]

    # What a handler that is wrong in one place overrides ------------------

    def check(self, query: LogQuery) -> None:
        """Refuse what cannot be asked.

        Raises:
            ValueError: The window is reversed.
        """
        if query.start_time > query.end_time:
            raise ValueError('the window ends before it starts')

    def question(self, ctx: PluginContext, query: LogQuery) -> dict[str, Any]:
        """Return which entries, as the server reads it."""
        return {
            'project': self.project(ctx),
            'start': self.start(query),
            'end': self.end(query),
            'levels': self.levels(query),
            'filters': self.filters(query),
            'order': self.order(),
            'end_inclusive': self.end_inclusive(),
        }

    def project(self, ctx: PluginContext) -> str:
        """Return whose entries."""
        return ctx.project_id

    def start(self, query: LogQuery) -> int:
        """Return the start of the window in microseconds."""
        return to_microseconds(query.start_time)

    def end(self, query: LogQuery) -> int:
        """Return the end of the window in microseconds."""
        return to_microseconds(query.end_time)

    def end_inclusive(self) -> bool:
        """Return whether an entry at the end belongs to the window."""
        return False

    def order(self) -> str:
        """Return `newest` or `oldest`: what comes first."""
        return 'newest'

    def levels(self, query: LogQuery) -> list[str]:
        """Return the levels to keep; none are all."""
        return query.levels

    def filters(self, query: LogQuery) -> list[tuple[str, str, str]]:
        """Return field, operator and value of each condition."""
        return [(one.field, one.op, one.value) for one in query.filters]

    async def gather(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        query: LogQuery,
        state: Mapping[str, Any],
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return at most `limit` entries, and the server's last answer.

        Args:
            ctx: Whose.
            credentials: Credential name to value.
            query: What is asked for.
            state: Where to go on, as `position` made it; blank at first.
        """
        found: list[dict[str, Any]] = []
        question = {**self.question(ctx, query), **state}
        while True:
            question['size'] = min(
                query.limit - len(found), self.page_size(ctx)
            )
            answer = await self.ask(ctx, credentials, '/search', question)
            found += answer['entries']
            if not answer['more'] or len(found) >= query.limit:
                return found, answer
            question |= self.position(found, answer)

    def page_size(self, ctx: PluginContext) -> int:
        """Return how many entries one request may ask for."""
        address = str(ctx.assignment_options.get('endpoint'))
        return MemoryServer.at(address).limits.page_size

    def position(
        self, found: Sequence[Mapping[str, Any]], answer: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return how the server is told to go on behind what was found.

        Time alone is no position: entries share timestamps.
        """
        last = found[-1]
        return {
            'after': [last['at'], last['number']],
            'generation': answer['generation'],
        }

    def next_cursor(
        self,
        ctx: PluginContext,
        credentials: Mapping[str, str],
        query: LogQuery,
        found: Sequence[Mapping[str, Any]],
        answer: Mapping[str, Any],
    ) -> str | None:
        """Return the cursor of the next page; None when exhausted."""
        if not self.more(query, found, answer):
            return None
        state = json.dumps(self.position(found, answer)).encode()
        sealed = self.seal(ctx, credentials, query, state) + state
        return base64.urlsafe_b64encode(sealed).decode()

    def more(
        self,
        query: LogQuery,
        found: Sequence[Mapping[str, Any]],
        answer: Mapping[str, Any],
    ) -> bool:
        """Return whether there are entries behind those that were found."""
        del query
        return bool(found) and bool(answer['more'])

    def opened(
        self,
        ctx: PluginContext,
        credentials: Mapping[str, str],
        query: LogQuery,
    ) -> dict[str, Any]:
        """Return the position that a query's cursor names.

        Raises:
            CursorExpiredError: It is not one that was given for this query.
        """
        if query.cursor is None:
            return {}
        try:
            whole = base64.b64decode(query.cursor, b'-_', validate=True)
        except ValueError:
            raise CursorExpiredError('the cursor is damaged') from None
        seal, state = whole[:SEAL_BYTES], whole[SEAL_BYTES:]
        if not hmac.compare_digest(
            seal, self.seal(ctx, credentials, query, state)
        ):
            raise CursorExpiredError('the cursor is damaged or foreign')
        found: dict[str, Any] = json.loads(state)
        return found

    def seal(
        self,
        ctx: PluginContext,
        credentials: Mapping[str, str],
        query: LogQuery,
        state: bytes,
    ) -> bytes:
        """Return what only this plugin can put to a position.

        It covers the question too, so that a position is good for the
        project, window and conditions it was given for, and no others.
        """
        question = json.dumps(self.question(ctx, query)).encode()
        key = self.token(credentials).encode()
        digest = hmac.digest(key, question + state, hashlib.sha256)
        return digest[:SEAL_BYTES]

    def total(
        self,
        found: Sequence[Mapping[str, Any]],
        answer: Mapping[str, Any],
    ) -> int | None:
        """Return how many entries there are on all pages, if known."""
        del found
        return int(answer['total'])

    def to_entry(self, entry: Mapping[str, Any]) -> LogEntry:
        """Return an entry of the server as the contract has it."""
        facts: dict[str, Any] = entry['facts']
        return LogEntry.model_validate(
            {**facts, 'timestamp': to_instant(entry['at']), 'raw': entry}
        )

    def to_field(self, name: str) -> dict[str, Any]:
        """Return what the schema says of a field."""
        return {'name': name, 'type': 'string'}

    def width(self, query: LogQuery, bucket_count: int) -> int:
        """Return microseconds of a bucket: as wide as so many must be."""
        span = self.end(query) - self.start(query)
        return max(1, -(-span // max(1, bucket_count)))

    def to_bucket(self, bucket: Mapping[str, Any]) -> LogHistogramBucket:
        """Return a bucket of the server as the contract has it."""
        levels: dict[str, int] = bucket['levels']
        return LogHistogramBucket(
            timestamp=to_instant(bucket['at']),
            count=sum(levels.values()),
            levels={level: count for level, count in levels.items() if level},
        )

    async def ask(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        url: str,
        question: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Make one request; every failure is an error of the contract."""
        try:
            return await self.reach(ctx, credentials, 'POST', url, question)
        except MemoryStatusError as error:
            raise self.error_of(error.status) from error

    def error_of(self, status: int) -> Exception:
        """Return the contract's error for a status."""
        if status == 400:  # noqa: PLR2004  HTTP
            return ValueError('a filter, or the window, is none it can do')
        if status == 410:  # noqa: PLR2004  HTTP
            return CursorExpiredError('the cursor is expired')
        return super().error_of(status)
