"""One tenant's log as the laws see it: lines in a window, and questions.

Every line that a law seeds has a token of its own in its message, by which it
is known again; other lines may lie between, and are nobody's fault.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.lab.answers import fresh
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws._paging import Page, Pager, declared
from imbi_plugin_testkit.laws._store import is_typed
from imbi_plugin_testkit.models.logs import LogLimits, LogsSandbox
from imbi_plugin_testkit.sandbox import UnsupportedBySandbox

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_sdk.handlers.logs import (
        LogEntry,
        LogHistogramBucket,
        LogQuery,
        LogResult,
    )
    from imbi_plugin_testkit.lab import Answer, Lab

TYPES = ('logs',)
"""The plugin type that the laws of logs are for."""

SEEDS = frozenset({'seed'})
"""What a sandbox must be able to do for most of them."""

WINDOW = 3_000.0
"""Seconds of a window: within the last hour, and long over by now."""

SLOTS = 60
"""Places for lines in a window; a law needs fewer."""

MOST_LINES = 41
"""Lines for more than two pages of a backend whose page is known to be small;
a page of thousands is not filled."""

FEWEST = 9
"""Lines for more than two pages of a few, where the backend's page is one."""

LARGE = 200
"""Entries of one large query: more than any law seeds."""


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One line that a law seeded.

    Attributes:
        at: When.
        level: Its level; None where the backend has none.
        message: Its text, with the name in it.
        fields: Its text fields.
    """

    at: dt.datetime
    level: str | None
    message: str
    fields: Mapping[str, str]

    def entry(self) -> LogEntry:
        """Return the line as the sandbox takes it."""
        from imbi_plugin_sdk.handlers.logs import (  # noqa: PLC0415
            LogEntry,
        )

        facts = {
            **self.fields,
            'timestamp': self.at,
            'level': self.level,
            'message': self.message,
        }
        return LogEntry.model_validate(facts)


class Log:
    """The log of one tenant.

    Attributes:
        lab: The lab.
        rng: Where all that is made up comes from.
        limits: What the backend allows.
        context: Whose log.
        start: Where its window starts.
        end: Where it ends.
        fine: The shortest time that the backend can tell apart.
        lines: Name to line, of all that was seeded or will be.
    """

    def __init__(
        self,
        lab: Lab,
        label: str = 'main',
        *,
        context: PluginContext | None = None,
        window_of: Log | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """Prepare the log of one tenant.

        Args:
            lab: The lab.
            label: Of the tenant, unless there is a context.
            context: Whose log.
            window_of: Whose window to take; by default one of its own.
            rng: Where all that is made up comes from; by default the lab's.
        """
        self.lab = lab
        self.rng = rng or lab.rng
        self.limits = limits_of(lab)
        self.context = context or lab.tenant(label)
        self.token = f'kit{self.rng.getrandbits(40):010x}'
        self.fine = dt.timedelta(seconds=self.limits.resolution)
        self.lines: dict[str, Line] = {}
        self._seeded: set[str] = set()
        self._name = re.compile(rf'{self.token}-\d+')
        length = min(WINDOW, self.limits.longest_window)
        # From a whole minute on, so that what happens at the edge of one
        # depends on the seed and not on the clock.
        minute = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
        begin = minute - dt.timedelta(seconds=length + 360)
        # No full second either, where the backend tells less apart.
        shift = self.rng.randrange(59) + self.rng.uniform(0.1, 0.9)
        self.start = self.whole(begin + dt.timedelta(seconds=shift))
        if window_of is not None:
            self.start = window_of.start
        self.end = self.start + dt.timedelta(seconds=length)
        self._step = (self.end - self.start) / SLOTS

    # Making lines -------------------------------------------------------

    def whole(self, instant: dt.datetime) -> dt.datetime:
        """Return an instant as the backend can tell it, rounded down."""
        zero = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        return zero + (instant - zero) // self.fine * self.fine

    def at(self, slot: float) -> dt.datetime:
        """Return an instant in the window, from slot 0 to `SLOTS`."""
        return self.whole(self.start + slot * self._step)

    def line(
        self,
        at: dt.datetime,
        *,
        level: str | None = None,
        text: str = 'a line',
        fields: Mapping[str, str] | None = None,
    ) -> str:
        """Prepare a line and return its name.

        Args:
            at: When.
            level: Its level; by default any.
            text: How its message begins.
            fields: Its text fields.
        """
        if level is None and self.limits.levels:
            level = self.rng.choice(self.limits.levels)
        name = f'{self.token}-{len(self.lines):03}'
        self.lines[name] = Line(at, level, f'{text} {name}', fields or {})
        return name

    def spread(self, count: int) -> list[str]:
        """Prepare so many lines, each at its own time, early ones first."""
        return [
            self.line(self.at(1 + index * (SLOTS - 2) / count))
            for index in range(count)
        ]

    async def seed(self, *, wait: bool = True) -> None:
        """Let the sandbox seed what was prepared, in any order.

        Args:
            wait: Whether to wait until it can be read.
        """
        new = [name for name in self.lines if name not in self._seeded]
        self._seeded.update(new)
        self.rng.shuffle(new)
        await self.lab.seed(
            self.context, [self.lines[name].entry() for name in new]
        )
        if wait:
            # That one search has it is no word on the next, which may come
            # to another replica, nor on a histogram.
            await self.lab.settle()

    async def neighbour(self) -> Log:
        """Return the log of another project, seeded with the like lines."""
        other = Log(self.lab, 'neighbour', window_of=self, rng=self.rng)
        for line in self.lines.values():
            other.line(line.at, level=line.level, fields=line.fields)
        await other.seed()
        return other

    def many(self) -> int:
        """Return how many lines are more than two pages of the backend."""
        return min(max(2 * self.limits.page_size + 1, FEWEST), MOST_LINES)

    # Asking -------------------------------------------------------------

    def query(self, **changes: Any) -> LogQuery:  # noqa: ANN401  its fields
        """Return a query of the whole window but for some changes."""
        from imbi_plugin_sdk.handlers.logs import (  # noqa: PLC0415
            LogFilter,
            LogQuery,
        )

        facts = {
            'start_time': self.start,
            'end_time': self.end,
            'limit': self.large,
            **changes,
        }
        facts['filters'] = [
            LogFilter.model_validate(
                dict(zip(('field', 'op', 'value'), row, strict=True))
            )
            for row in changes.get('filters', ())
        ]
        return LogQuery.model_validate(facts)

    @property
    def large(self) -> int:
        """Return the limit of one large query."""
        return min(LARGE, self.limits.largest_limit)

    def pager(self, **changes: Any) -> Pager:  # noqa: ANN401  fields of a query
        """Return a question; see `query` for the changes."""

        async def ask(limit: int, cursor: str | None) -> Answer:
            return await self.attempt(
                **{**changes, 'limit': limit, 'cursor': cursor}
            )

        return Pager(
            self.lab,
            ask,
            _page,
            self.name,
            path='search(query)',
            nouns=('entry', 'entries'),
        )

    async def attempt(self, **changes: Any) -> Answer:  # noqa: ANN401  fields of a query
        """Search; the answer may be a refusal."""
        return await self.lab.attempt(
            'search', self.query(**changes), ctx=fresh(self.context)
        )

    async def search(self, **changes: Any) -> LogResult:  # noqa: ANN401  fields of a query
        """Return one page, which must come."""
        result: LogResult = declared(self.lab, await self.attempt(**changes))
        return result

    async def entries(self, **changes: Any) -> list[LogEntry]:  # noqa: ANN401  fields of a query
        """Return all entries that match, whoever made them."""
        walk = await self.pager(**changes).walk(self.large)
        return walk.items

    async def found(self, **changes: Any) -> set[str]:  # noqa: ANN401  fields of a query
        """Return the names of all seeded lines that match."""
        return self.names(await self.entries(**changes))

    async def histogram(
        self,
        count: int,
        **changes: Any,  # noqa: ANN401  fields of a query
    ) -> list[LogHistogramBucket]:
        """Return the buckets, which must come."""
        answer = await self.lab.attempt(
            'histogram', self.query(**changes), count, ctx=fresh(self.context)
        )
        buckets: list[LogHistogramBucket] = declared(self.lab, answer)
        return buckets

    def name(self, entry: LogEntry) -> str | None:
        """Return the name of a seeded line, None for another's entry."""
        found = self._name.search(entry.message)
        return found[0] if found and found[0] in self.lines else None

    def names(self, entries: Iterable[LogEntry]) -> set[str]:
        """Return the names of the seeded lines among some entries."""
        found = (self.name(entry) for entry in entries)
        return {name for name in found if name is not None}

    def where(self, **facts: Any) -> set[str]:  # noqa: ANN401  compared only
        """Return the names of lines by attributes and fields.

        A set or tuple takes any of its members.
        """
        return {
            name
            for name, line in self.lines.items()
            if all(
                value in wanted
                if isinstance(wanted, (set, tuple))
                else value == wanted
                for key, wanted in facts.items()
                for value in (
                    line.level if key == 'level' else line.fields.get(key),
                )
            )
        }


@dataclasses.dataclass(slots=True)
class Open:
    """A search that was begun and not read to its end.

    Attributes:
        place: Which project.
        limit: Of each page.
        question: What is asked, as changes of a query.
        cursor: Of the next page; None at the end.
        there: Names of the lines that matched when it began.
        seen: Names of the lines that came.
        stale: Whether its cursor expired.
    """

    place: str
    limit: int
    question: dict[str, Any]
    cursor: str | None
    there: set[str]
    seen: set[str]
    stale: bool = False


def _page(result: LogResult) -> Page:
    return Page(result.entries, result.next_cursor)


def limits_of(lab: Lab) -> LogLimits:
    """Return what a backend of logs allows.

    A sandbox that says nothing of logs gets the defaults, but for the page
    and the lag that every sandbox names.
    """
    limits = lab.limits
    if isinstance(limits, LogLimits):
        return limits
    return LogLimits(
        page_size=limits.page_size, consistency_lag=limits.consistency_lag
    )


def instant(entry: LogEntry | LogHistogramBucket) -> dt.datetime:
    """Return when; a naive datetime is ASY002's to judge, here it is UTC."""
    found = entry.timestamp
    aware = found.utcoffset() is not None
    return found if aware else found.replace(tzinfo=dt.UTC)


def taken(lab: Lab, answer: Answer) -> str:
    """Return what came of a call, where it is no refusal."""
    if answer.error is None:
        return 'was answered'
    if is_typed(answer.error):
        return ''
    told = described(answer.error, lab.secrets)
    return f'raised {told}{lab.place(answer.error)}'


def can_expire(lab: Lab) -> bool:
    """Return whether the sandbox has a way to let cursors expire."""
    expire = getattr(lab.sandbox, 'expire_cursors', None)
    inherited = LogsSandbox.expire_cursors
    return expire is not None and (
        getattr(expire, '__func__', None) is not inherited
    )


async def expired(lab: Lab) -> bool:
    """Let cursors expire, and return whether they did."""
    if not can_expire(lab):
        lab.note('no cursor expired: the sandbox has no `expire_cursors`')
        return False
    with lab.blaming('expire_cursors'):
        try:
            await lab.sandbox.expire_cursors()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        except UnsupportedBySandbox:
            lab.note('no cursor expired: the sandbox says they never do')
            return False
    return True
