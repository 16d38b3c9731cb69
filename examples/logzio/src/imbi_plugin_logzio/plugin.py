"""The handler: Imbi's searches as searches of Logz.io."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

from imbi_plugin_logzio import answers, cursors, questions
from imbi_plugin_logzio.client import open_client
from imbi_plugin_logzio.manifest import MANIFEST
from imbi_plugin_logzio.settings import Settings, read_token
from imbi_plugin_sdk import (
    LogHistogramBucket,
    LogQuery,
    LogResult,
    LogsPlugin,
    PluginManifest,
)

if TYPE_CHECKING:
    from imbi_plugin_logzio.answers import Hit
    from imbi_plugin_logzio.client import SearchClient
    from imbi_plugin_logzio.questions import Piece
    from imbi_plugin_sdk import LogEntry, PluginContext

SAMPLE = 200
"""Newest entries whose fields make the schema."""


MANY = 1_000
"""Entries from which on a thread makes them: each takes some 20 microseconds,
and the event loop may be held up for 100 ms at most."""


class LogzioPlugin(LogsPlugin):
    """Searches the entries that carry the project's name, newest first."""

    manifest: ClassVar[PluginManifest] = MANIFEST

    async def search(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        query: LogQuery,
    ) -> LogResult:
        """Return one page of a window, put together from its days.

        One entry more than the limit is asked for, to know whether there is
        another page.

        Raises:
            PluginError: As the contract says.
            ValueError: An option, the window or a filter does not hold.
        """
        token, settings = read_token(credentials), Settings.read(ctx)
        if query.limit < 1:
            raise ValueError(f'A limit of {query.limit} asks for nothing.')
        days = questions.pieces(query, dt.datetime.now(dt.UTC))
        asked = questions.identity(settings, query)
        place = (
            None
            if query.cursor is None
            else cursors.read(token, asked, query.cursor)
        )
        limit = min(query.limit, questions.MOST_ENTRIES)
        chosen = questions.conditions(settings, query)
        async with open_client(settings, token) as client:
            found = await _gather(client, chosen, days, limit, place)
        page, cursor = found.hits[:limit], None
        full = len(found.hits) > limit or limit == questions.MOST_ENTRIES
        if page and full and len(page) == limit:
            cursor = cursors.write(token, asked, (page[-1].at, page[-1].id))
        return LogResult(
            entries=await _entries(page, settings.level_field),
            next_cursor=cursor,
            total=found.total if len(days) == 1 else None,
            warnings=list(found.warnings),
        )

    async def schema(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[dict[str, Any]]:
        """Return message, level, and the fields of the option or of a sample.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold.
        """
        token, settings = read_token(credentials), Settings.read(ctx)
        kinds = dict.fromkeys(settings.fields, 'string')
        if not settings.fields:
            now = dt.datetime.now(dt.UTC)
            window = LogQuery(
                start_time=now - dt.timedelta(days=2), end_time=now
            )
            chosen = questions.conditions(settings, window)
            days = questions.pieces(window, now)
            async with open_client(settings, token) as client:
                found = await _gather(client, chosen, days, SAMPLE, None)
            kinds = answers.read_kinds(found.hits)
        kinds.pop(questions.TIME, None)
        kinds[settings.level_field] = 'string'
        kinds[questions.MESSAGE] = 'text'
        return [_field(name, kinds[name]) for name in sorted(kinds)]

    async def histogram(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        query: LogQuery,
        bucket_count: int = 60,
    ) -> list[LogHistogramBucket]:
        """Return the buckets of a window that have entries.

        Raises:
            PluginError: As the contract says.
            ValueError: An option, the window or a filter does not hold.
        """
        token, settings = read_token(credentials), Settings.read(ctx)
        if bucket_count < 1:
            raise ValueError(f'{bucket_count} buckets hold nothing.')
        days = questions.pieces(query, dt.datetime.now(dt.UTC))
        chosen = questions.conditions(settings, query)
        start = questions.milliseconds(query.start_time)
        span = questions.milliseconds(query.end_time) - start
        width = -(-span // min(bucket_count, questions.MOST_BUCKETS)) or 1
        merged: dict[int, LogHistogramBucket] = {}
        async with open_client(settings, token) as client:
            for piece in days:
                body = questions.histogram_body(
                    chosen, piece, settings.level_field, width, start
                )
                answer = await client.ask(body, piece.offset)
                for at, count, levels in answers.read_counts(answer):
                    _add(merged, at, count, levels)
        return [merged[at] for at in sorted(merged)]


class _Gathered:
    """Entries of several days.

    Attributes:
        hits: The entries, newest first.
        total: How many there are, where one answer told.
        warnings: What may be missing, each once.
    """

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.total: int | None = None
        self.warnings: dict[str, None] = {}


async def _entries(hits: list[Hit], level_field: str) -> list[LogEntry]:
    """Return entries of the contract; a thread makes so many (ASY007)."""

    def make() -> list[LogEntry]:
        return [answers.to_entry(hit, level_field) for hit in hits]

    return make() if len(hits) < MANY else await asyncio.to_thread(make)


async def _gather(
    client: SearchClient,
    chosen: dict[str, Any],
    days: list[Piece],
    limit: int,
    place: cursors.Place | None,
) -> _Gathered:
    """Return one entry more than the limit, if there are so many."""
    gathered = _Gathered()
    wanted = min(limit + 1, questions.MOST_ENTRIES)
    for piece in days:
        if place is not None and piece.start > place[0]:
            # All of it came before this place.
            continue
        body = questions.search_body(
            chosen, piece, wanted - len(gathered.hits), place
        )
        found = answers.read_found(await client.ask(body, piece.offset))
        gathered.hits += found.hits
        gathered.total = found.total
        gathered.warnings |= dict.fromkeys(found.warnings)
        if len(gathered.hits) >= wanted:
            break
    return gathered


def _field(name: str, kind: str) -> dict[str, Any]:
    """Return one field of the schema, with the operators that it takes."""
    operators = ['contains'] if kind == 'text' else list(questions.OPERATORS)
    if kind not in ('text', 'string'):
        operators = ['eq', 'ne']
    return {'name': name, 'type': kind, 'operators': operators}


def _add(
    merged: dict[int, LogHistogramBucket],
    at: int,
    count: int,
    levels: dict[str, int],
) -> None:
    """Count a bucket; one that lies across midnight comes in two parts."""
    before = merged.get(at)
    if before is None:
        merged[at] = LogHistogramBucket(
            timestamp=answers.instant(at), count=count, levels=levels
        )
        return
    before.count += count
    for level, more in levels.items():
        before.levels[level] = before.levels.get(level, 0) + more
