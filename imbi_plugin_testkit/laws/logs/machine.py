"""Law LOG100: random scripts of searches on a logs plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws.logs._searching import WINDOWS, Searches
from imbi_plugin_testkit.laws.logs._story import (
    SEEDS,
    TYPES,
    Open,
    can_expire,
    expired,
    limits_of,
)
from imbi_plugin_testkit.machines import (
    Skip,
    agrees,
    choice,
    choice_of,
    earlier,
    number,
    rule,
    several,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.model import Finding

TIMES = (10, 20, 30, 40)
"""Slots in which lines are seeded: few, so that timestamps are shared."""

WORDS = ('check', 'checkout', 'out')
"""Values of a field: one begins like another, one is a part of it."""

MOST = 60
"""Lines of one script: far below what one large query gives."""

FOLLOWED = 200
"""Pages of one search at the end of a script, each of at least one line."""

WHERE = choice('main', 'main', 'main', 'other')
"""Which project: mostly one, so that steps meet."""

WHEN = choice(*WINDOWS)
LEVEL = choice_of(lambda lab: ('', *limits_of(lab).levels[:2]))
"""Which level to keep; a blank one keeps all."""


def _fields(lab: Lab) -> bool:
    limits = limits_of(lab)
    return bool(limits.fields) and 'eq' in limits.filter_ops


def _histogram(lab: Lab) -> bool:
    return lab.data.get('supports_histogram') is True


class LogsMachine(Searches):
    """What may happen to two projects' logs, and be asked of them."""

    async def finish(self) -> None:
        """Read every open search to its end, then everything anew."""
        for search in list(self.open):
            pages = 0
            while search.cursor is not None and pages < FOLLOWED:
                await self.follow_on(search)
                pages += 1
        for place in self.logs:
            await self.search(place=place)
            if _histogram(self.lab):
                await self.histogram(count=7, place=place)

    # Rules ----------------------------------------------------------------

    @rule(
        slots=several(choice(*TIMES)),
        level=choice_of(lambda lab: limits_of(lab).levels[:2] or ('',)),
        word=choice(*WORDS),
        place=WHERE,
        weight=4,
    )
    async def seed(
        self,
        slots: list[int],
        level: str = '',
        word: str = WORDS[0],
        place: str = 'main',
    ) -> None:
        """Let lines arrive."""
        log = self.logs[place]
        if not slots or len(log.lines) + len(slots) > MOST:
            raise Skip
        fields = dict.fromkeys(log.limits.fields[:1], word)
        for slot in slots:
            log.line(
                log.at(slot), level=level or None, text=word, fields=fields
            )
        await log.seed()

    @rule(window=WHEN, level=LEVEL, place=WHERE, weight=2)
    async def search(
        self, window: str = 'all', level: str = '', place: str = 'main'
    ) -> None:
        """Read everything that matches at once."""
        await self.read_all(place, self.question(place, window, level))

    @rule(
        word=choice(*WORDS), level=LEVEL, place=WHERE, weight=2, when=_fields
    )
    async def filter(
        self, word: str, level: str = '', place: str = 'main'
    ) -> None:
        """Read everything that has a field and a level."""
        field = self.logs[place].limits.fields[0]
        question = self.question(place, 'all', level)
        question['filters'] = [(field, 'eq', word)]
        await self.read_all(place, question)

    @rule(
        window=WHEN,
        level=LEVEL,
        limit=number(1, 3),
        place=WHERE,
        weight=3,
        gives='search',
    )
    async def begin(
        self,
        window: str = 'all',
        level: str = '',
        limit: int = 1,
        place: str = 'main',
    ) -> Open | None:
        """Read page one, and leave the search open."""
        log = self.logs[place]
        limit = min(limit, log.large)
        question = self.question(place, window, level)
        page = await log.pager(**question).page(limit)
        search = Open(
            place,
            limit,
            question,
            None,
            self.matching(place, question),
            set(),
        )
        self.open.append(search)
        self.turn(search, page)
        return search if search.cursor is not None else None

    @rule(search=earlier('search'), weight=4)
    async def follow(self, search: Open) -> None:
        """Read the next page of an open search."""
        if search.cursor is None:
            raise Skip
        await self.follow_on(search)

    @rule(search=earlier('search'))
    async def take_elsewhere(self, search: Open) -> None:
        """Follow a search's cursor in the other project: it is foreign."""
        if search.cursor is None:
            raise Skip
        place = 'main' if search.place == 'other' else 'other'
        pager = self.logs[place].pager(**search.question)
        await self.refused(
            pager, search, f'a cursor of {search.place!r} in {place!r}'
        )

    @rule(when=can_expire)
    async def expire(self) -> None:
        """Let all cursors expire."""
        if not await expired(self.lab):
            raise Skip
        for search in self.open:
            search.stale = True

    @rule(
        count=choice(7, 60),
        level=LEVEL,
        place=WHERE,
        weight=2,
        when=_histogram,
    )
    async def histogram(
        self, count: int, level: str = '', place: str = 'main'
    ) -> None:
        """Count what a search finds."""
        log = self.logs[place]
        question = self.question(place, 'all', level)
        entries = await log.entries(**question)
        buckets = await log.histogram(count, **question)
        total = sum(bucket.count for bucket in buckets)
        if total != len(entries):
            raise self.diverges(
                'LOG015',
                f'histogram(query, bucket_count={count})',
                f'the buckets add up to {total}, but a search with the same '
                f'conditions brings {len(entries)}.',
                seen=total,
                expected=len(entries),
            )


@check(
    'LOG100',
    title='a random script of searches agrees with the model',
    fix='Run the printed test, and mend what the law that it names says.',
    law=True,
    machine=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
)
async def scripts_agree(lab: Lab) -> AsyncIterator[Finding]:
    """Searches stay apart, whatever else is searched and logged meanwhile.

    The laws before this one ask one question at a time. People do not: two
    tabs page through one log while it grows, and a third counts it. Faults
    that need this (one place for all open searches, a cache that an arrival
    does not empty, state that one search leaves for the next) are found by
    scripts: arrivals, searches, pages of several open searches in turn,
    cursors taken to another project or expired, and histograms, made up from
    the run's seed and held against the lines that were seeded. The message
    names the law that is broken; the script is reduced to the shortest that
    still breaks it, and printed as a test to paste.
    """
    async for finding in agrees(lab, LogsMachine):
        yield finding
