"""One page of entries: what to ask for, and what the answer means.

Entries are in order of time, the newest first, and those of one millisecond
in the order of `@ptr`; so pages are the same whenever they are asked for. The
query language promises no order among equals. Where the end of a page falls
among entries of one millisecond, all of that millisecond are fetched.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

from imbi_plugin_ssm import answers

from imbi_plugin_aws.logs import cursors, language
from imbi_plugin_aws.logs.client import SERVICE
from imbi_plugin_aws.logs.cursors import Position
from imbi_plugin_aws.logs.language import LEVEL, MAX_ROWS, MESSAGE
from imbi_plugin_aws.logs.windows import Window, instant, read_instant
from imbi_plugin_sdk import LogEntry, LogResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imbi_plugin_aws.logs.client import Answer, Row
    from imbi_plugin_aws.logs.language import Question
    from imbi_plugin_aws.logs.settings import Settings

_BREATH = 500
"""Entries to make before other tasks get a turn: some 10 ms (law ASY007)."""

_RESERVED = frozenset({'timestamp', 'message', 'level', 'raw'})
"""Attributes of an entry that no field of the logs may take over."""

_Timed = tuple[int, 'Row']


class Page:
    """One page, from the question to the result.

    Attributes:
        window: What is left of the question's window.
    """

    def __init__(
        self,
        question: Question,
        settings: Settings,
        limit: int,
        position: Position | None,
    ) -> None:
        self._question = question
        self._settings = settings
        self._limit = min(limit, MAX_ROWS)
        self._before = position or Position(-1, 0, frozenset())
        self._rows: list[_Timed] = []
        self._matched: int | None = None
        self._asked = min(MAX_ROWS, self._limit + len(self._before.marks) + 1)
        self.window = question.window
        if position is not None:
            # Once more the millisecond that the last page ended in.
            self.window = self.window.until(position.time + 1)

    def query(self) -> str:
        """Return the query: a row beyond the page tells if there are more.

        Raises:
            ValueError: As `language.page_query` does.
        """
        return self._query(self.window, self._asked)

    def take(self, answer: Answer) -> int | None:
        """Take the answer to `query`.

        Returns:
            The millisecond in which the page ends and whose entries are not
            all there, or None.

        Raises:
            PluginUnavailableError: A row is no log entry.
        """
        self._rows = _timed(answer.rows)
        self._matched = answer.matched
        shown = self._fresh()[: self._limit]
        cut = len(self._rows) >= self._asked
        if cut and shown and shown[-1][0] == self._rows[-1][0]:
            return shown[-1][0]
        return None

    def edge_query(self, edge: int) -> str:
        """Return the query for all entries of one millisecond."""
        return self._query(Window(edge, edge + 1), MAX_ROWS)

    def take_edge(self, edge: int, answer: Answer) -> None:
        """Take the answer to `edge_query`.

        Raises:
            PluginUnavailableError: A row is no log entry.
        """
        self._rows = [row for row in self._rows if row[0] > edge]
        self._rows += _timed(answer.rows)

    async def result(self, bound_to: bytes) -> LogResult:
        """Return the page.

        Args:
            bound_to: What the cursor is bound to.
        """
        fresh = self._fresh()
        shown = fresh[: self._limit]
        result = LogResult(
            entries=await self._entries(shown), total=self._total(fresh)
        )
        if self._matched is None:
            more = len(self._rows) >= self._asked
        else:
            more = self._matched > len(self._rows)
        if not more and len(fresh) == len(shown):
            return result
        if shown:
            position = self._after(shown)
        else:  # as many of one millisecond as an answer holds, shown before
            result.warnings.append(
                f'More than {MAX_ROWS} entries share one millisecond; Logs '
                'Insights does not show the rest of them.'
            )
            position = Position(
                self._before.time - 1, self._before.served, frozenset()
            )
        result.next_cursor = cursors.write(position, bound_to)
        return result

    def _query(self, window: Window, limit: int) -> str:
        question = dataclasses.replace(self._question, window=window)
        return language.page_query(question, self._settings, limit=limit)

    def _fresh(self) -> list[_Timed]:
        """Return the rows that no page has shown."""
        since, marks = self._before.time, self._before.marks
        return [
            (time, row)
            for time, row in self._rows
            if time != since or cursors.mark(row['@ptr']) not in marks
        ]

    def _total(self, fresh: Sequence[_Timed]) -> int | None:
        """Return how many entries match on all pages (law LOG013)."""
        if self._matched is None:
            return None
        shown_before = len(self._rows) - len(fresh)
        left = max(self._matched - shown_before, len(fresh))
        return self._before.served + left

    def _after(self, shown: Sequence[_Timed]) -> Position:
        last = shown[-1][0]
        marks = {
            cursors.mark(row['@ptr']) for time, row in shown if time == last
        }
        if last == self._before.time:
            marks |= self._before.marks
        return Position(
            last, self._before.served + len(shown), frozenset(marks)
        )

    async def _entries(self, rows: Sequence[_Timed]) -> list[LogEntry]:
        fields = {
            name: column
            for name, column in language.columns(self._settings).items()
            if name not in _RESERVED
        }
        entries: list[LogEntry] = []
        for count, (time, row) in enumerate(rows, 1):
            entries.append(_entry(time, row, fields))
            if not count % _BREATH:
                await asyncio.sleep(0)
        return entries


def _timed(rows: Iterable[Row]) -> list[_Timed]:
    """Return rows with their time, in the order of pages."""
    timed: list[_Timed] = []
    for row in rows:
        time = read_instant(row.get('@timestamp', ''))
        if time is None or '@ptr' not in row or '@message' not in row:
            raise answers.malformed('GetQueryResults', SERVICE)
        timed.append((time, row))
    timed.sort(key=lambda item: (-item[0], item[1]['@ptr']))
    return timed


def _entry(time: int, row: Row, fields: dict[str, str]) -> LogEntry:
    return LogEntry(
        timestamp=instant(time),
        message=row.get(MESSAGE, row['@message']),
        level=row.get(LEVEL) or None,
        raw=row,
        **{
            name: row[column]
            for name, column in fields.items()
            if column in row
        },
    )
