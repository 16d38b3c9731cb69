"""A log service of JSON entries, and the sandbox that puts a plugin on it.

It keeps entries by time and by the order in which they arrived, and answers
at most a page of them. Where to go on is for the caller to remember and to
send back, together with the generation of the service, of which
`expire_cursors` makes a new one.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import itertools
import json
import re
import time
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.context import PluginContext
from imbi_plugin_testkit.memory.faults import new_token
from imbi_plugin_testkit.memory.server import MemoryServer, MemoryStatusError
from imbi_plugin_testkit.models.logs import LogLimits, LogsSandbox

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Iterator,
        Mapping,
        Sequence,
    )
    from contextlib import AbstractAsyncContextManager

    from imbi_plugin_sdk.handlers.logs import LogEntry
    from imbi_plugin_testkit.sandbox import Fault

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_BAD_REQUEST, _GONE = 400, 410

_HOLDS: Mapping[str, Callable[[str, str], bool]] = {
    'eq': lambda value, given: value == given,
    'ne': lambda value, given: value != given,
    'contains': lambda value, given: given in value,
    'starts_with': lambda value, given: value.startswith(given),
    'regex': lambda value, given: re.search(given, value) is not None,
}


def to_microseconds(instant: dt.datetime) -> int:
    """Return microseconds since the Unix epoch."""
    return (instant - EPOCH) // dt.timedelta(microseconds=1)


def to_instant(microseconds: int) -> dt.datetime:
    """Return an aware datetime, in UTC."""
    return EPOCH + dt.timedelta(microseconds=microseconds)


@dataclasses.dataclass(frozen=True, slots=True)
class _Entry:
    """One entry.

    Attributes:
        at: Microseconds since the epoch, as coarse as the service is.
        number: In the order of arrival, unique.
        project: Whose it is.
        seen_from: When it can be read, on the monotonic clock.
        facts: Message, level and text fields, by name.
    """

    at: int
    number: int
    project: str
    seen_from: float
    facts: Mapping[str, str]

    def shown(self) -> dict[str, Any]:
        """Return the entry as the service tells of it."""
        return {'at': self.at, 'number': self.number, 'facts': self.facts}


class MemoryLogServer(MemoryServer):
    """A log service, with pages, positions, statuses and faults.

    Attributes:
        generation: Goes with every position; an older one is status 410.
        kept: What callers may keep there (searches that stand open), by
            name; gone when cursors expire.
    """

    limits: LogLimits

    def __init__(self, token: str, limits: LogLimits) -> None:
        super().__init__(token, limits)
        self.generation = 1
        self.kept: dict[str, Any] = {}
        self._entries: list[_Entry] = []
        self._arrivals = itertools.count(1)

    def add(self, project: str, entry: LogEntry) -> None:
        """Take in one entry, which is read once the lag is over."""
        step = max(1, round(self.limits.resolution * 1_000_000))
        facts = {
            'message': entry.message,
            **({'level': entry.level} if entry.level is not None else {}),
            **(entry.model_extra or {}),
        }
        self._entries.append(
            _Entry(
                at=to_microseconds(entry.timestamp) // step * step,
                number=next(self._arrivals),
                project=project,
                seen_from=time.monotonic() + self.limits.consistency_lag,
                facts=facts,
            )
        )

    def expire(self) -> None:
        """Forget every position and search that was handed out."""
        self.generation += 1
        self.kept.clear()

    def entries(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield project and entry of all that can be read."""
        now = time.monotonic()
        for entry in self._entries:
            if entry.seen_from <= now:
                yield entry.project, entry.shown()

    async def request(
        self, verb: str, url: str, *, token: str, body: object = None
    ) -> str:
        """Answer one request with JSON text.

        Args:
            verb: POST.
            url: `/search`, `/histogram` or `/fields`.
            token: The caller's token.
            body: The question, as the methods below read it.

        Raises:
            MemoryStatusError: 400, 401, 403, 410, 429, 500 or 503.
            OSError: It cannot be reached.
        """
        self.urls.append(f'{verb} {self.address}{url}')
        await asyncio.sleep(0)
        await self._go_wrong()
        if token != self.token:
            raise MemoryStatusError(401)
        question: dict[str, Any] = dict(body)  # type: ignore[call-overload]
        answer = {
            '/search': self._search,
            '/histogram': self._histogram,
            '/fields': self._fields,
        }[url](question)
        text = json.dumps(answer)
        return self.spoiled(text)

    def _search(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return a page of entries, newest first or oldest first.

        `after` is the position (`at` and `number`) behind which to go on.
        """
        size = int(question['size'])
        if not 0 < size <= self.limits.page_size:
            raise MemoryStatusError(_BAD_REQUEST)
        if question.get('generation', self.generation) != self.generation:
            raise MemoryStatusError(_GONE)
        down = question.get('order', 'newest') == 'newest'
        found = sorted(
            self._matching(question),
            key=lambda entry: (entry.at, entry.number),
            reverse=down,
        )
        total = len(found)
        if question.get('after') is not None:
            at, number = question['after']
            found = [
                entry
                for entry in found
                if ((entry.at, entry.number) < (at, number)) is down
                and (entry.at, entry.number) != (at, number)
            ]
        return {
            'entries': [entry.shown() for entry in found[:size]],
            'more': len(found) > size,
            'total': total,
            'generation': self.generation,
        }

    def _histogram(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return counts per bucket of `width`, from `start` on."""
        start, width = int(question['start']), int(question['width'])
        counts: dict[int, dict[str, int]] = {}
        for entry in self._matching(question):
            bucket = start + (entry.at - start) // width * width
            level = entry.facts.get('level', '')
            levels = counts.setdefault(bucket, {})
            levels[level] = levels.get(level, 0) + 1
        return {
            'buckets': [
                {'at': at, 'levels': levels}
                for at, levels in sorted(counts.items())
            ]
        }

    def _fields(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return the names of the fields that may be filtered."""
        del question
        limits = self.limits
        names = (limits.message_field, limits.level_field, *limits.fields)
        return {'fields': [name for name in names if name is not None]}

    def _matching(self, question: Mapping[str, Any]) -> Iterator[_Entry]:
        """Yield what matches; None as the project matches all of them."""
        now = time.monotonic()
        start, end = int(question['start']), int(question['end'])
        if end - start > self.limits.longest_window * 1_000_000:
            raise MemoryStatusError(_BAD_REQUEST)
        levels, filters = question['levels'], question['filters']
        last = end if question.get('end_inclusive') else end - 1
        for entry in self._entries:
            if (
                question['project'] in (entry.project, None)
                and entry.seen_from <= now
                and start <= entry.at <= last
                and (not levels or entry.facts.get('level') in levels)
                and all(self._holds(entry.facts, *row) for row in filters)
            ):
                yield entry

    def _holds(
        self, facts: Mapping[str, str], field: str, op: str, given: str
    ) -> bool:
        limits = self.limits
        names: dict[str | None, str] = {
            limits.message_field: 'message',
            limits.level_field: 'level',
            **dict(zip(limits.fields, limits.fields, strict=True)),
        }
        if field not in names or op not in limits.filter_ops:
            raise MemoryStatusError(_BAD_REQUEST)
        try:
            held = _HOLDS[op](facts.get(names[field], ''), given)
        except re.error:
            raise MemoryStatusError(_BAD_REQUEST) from None
        return names[field] in facts and held


class MemoryLogsSandbox(LogsSandbox):
    """A sandbox on a `MemoryLogServer` of its own."""

    backend = 'memory'

    def __init__(
        self, limits: LogLimits | None = None, *, token: str = ''
    ) -> None:
        """Start a server.

        Args:
            limits: What the server allows.
            token: The token it accepts; made up where none is given.
        """
        super().__init__()
        allowed = limits or LogLimits()
        self.limits = allowed
        self.server = MemoryLogServer(token or new_token(), allowed)
        self.credentials = {'api_token': self.server.token}
        self.context = PluginContext(
            project_id='kit-project',
            project_slug='kit',
            org_slug='kit-org',
            environment='testing',
            assignment_options={'endpoint': self.server.address},
        )

    async def seed(
        self, context: PluginContext, model: Sequence[LogEntry]
    ) -> None:
        """Let the server take in entries."""
        for entry in model:
            self.server.add(context.project_id, entry)

    async def expire_cursors(self) -> None:
        """Let the server forget every position."""
        self.server.expire()

    def fault(self, kind: Fault) -> AbstractAsyncContextManager[None]:
        """Let the server do this wrong for the length of the context."""
        return self.server.breaking(kind)

    async def snapshot(self) -> Mapping[str, Any]:
        """Return project and number to entry."""
        return {
            f'{project}/{entry["number"]}': entry
            for project, entry in self.server.entries()
        }

    def urls(self) -> Sequence[str]:
        """Return what the server was asked for."""
        return tuple(self.server.urls)
