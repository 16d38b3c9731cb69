"""Law LOG100: random scripts of searches on a logs plugin."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import shown
from imbi_plugin_sdk.errors import CursorExpiredError
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._paging import some
from imbi_plugin_testkit.laws.logs._story import (
    SEEDS,
    SLOTS,
    TYPES,
    Log,
    Open,
    can_expire,
    expired,
    limits_of,
)
from imbi_plugin_testkit.machines import (
    Machine,
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
    from collections.abc import AsyncIterator, Iterable, Mapping

    from imbi_plugin_sdk.handlers.logs import LogEntry
    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.laws._paging import Page, Pager
    from imbi_plugin_testkit.model import Finding

TIMES = (10, 20, 30, 40)
"""Slots in which lines are seeded: few, so that timestamps are shared."""

WORDS = ('check', 'checkout', 'out')
"""Values of a field: one begins like another, one is a part of it."""

WINDOWS: Mapping[str, tuple[int, int]] = {
    'all': (0, SLOTS),
    'early': (5, 25),
    'late': (20, 55),
}
"""Name to slots; two overlap, and one starts where lines are."""

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


class LogsMachine(Machine):
    """Two projects' logs, and searches of them that are open side by side.

    Attributes:
        logs: Which project to its log; the lines in it are the model.
        open: Searches that have more pages.
    """

    async def start(self) -> None:
        """Make two logs without lines."""
        # Nothing may depend on what was drawn before: scripts are repeated.
        rng = random.Random(self.lab.check.id)  # noqa: S311  the same on purpose
        main = Log(self.lab, context=self.context, rng=rng)
        context = self.tenant('other')
        other = Log(self.lab, context=context, window_of=main, rng=rng)
        self.logs = {'main': main, 'other': other}
        self.open: list[Open] = []

    async def finish(self) -> None:
        """Read every open search to its end, then everything anew."""
        for search in list(self.open):
            pages = 0
            while search.cursor is not None and pages < FOLLOWED:
                await self._follow(search)
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
        await self._read(place, self._question(place, window, level))

    @rule(
        word=choice(*WORDS), level=LEVEL, place=WHERE, weight=2, when=_fields
    )
    async def filter(
        self, word: str, level: str = '', place: str = 'main'
    ) -> None:
        """Read everything that has a field and a level."""
        field = self.logs[place].limits.fields[0]
        question = self._question(place, 'all', level)
        question['filters'] = [(field, 'eq', word)]
        await self._read(place, question)

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
        question = self._question(place, window, level)
        page = await log.pager(**question).page(limit)
        search = Open(
            place,
            limit,
            question,
            None,
            self._matching(place, question),
            set(),
        )
        self.open.append(search)
        self._turn(search, page)
        return search if search.cursor is not None else None

    @rule(search=earlier('search'), weight=4)
    async def follow(self, search: Open) -> None:
        """Read the next page of an open search."""
        if search.cursor is None:
            raise Skip
        await self._follow(search)

    @rule(search=earlier('search'))
    async def take_elsewhere(self, search: Open) -> None:
        """Follow a search's cursor in the other project: it is foreign."""
        if search.cursor is None:
            raise Skip
        place = 'main' if search.place == 'other' else 'other'
        pager = self.logs[place].pager(**search.question)
        await self._refused(
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
        question = self._question(place, 'all', level)
        entries = await log.entries(**question)
        buckets = await log.histogram(count, **question)
        total = sum(bucket.count for bucket in buckets)
        if total != len(entries):
            raise self.diverges(
                'LOG015',
                f'histogram(query, bucket_count={count})',
                f'the buckets add up to {total}, but a search with the same '
                f'conditions brings {len(entries)}.',
            )

    # The model -----------------------------------------------------------

    def _question(self, place: str, window: str, level: str) -> dict[str, Any]:
        log = self.logs[place]
        start, end = (log.at(slot) for slot in WINDOWS[window])
        return {
            'start_time': start,
            'end_time': end,
            'levels': [level] if level else [],
        }

    def _matching(self, place: str, question: dict[str, Any]) -> set[str]:
        log = self.logs[place]
        facts = {
            field: value for field, _, value in question.get('filters', ())
        }
        if question['levels']:
            facts['level'] = question['levels'][0]
        return {
            name
            for name in log.where(**facts)
            if question['start_time']
            <= log.lines[name].at
            < question['end_time']
        }

    async def _read(self, place: str, question: dict[str, Any]) -> None:
        """Compare all that matches with what was seeded."""
        log, wanted = self.logs[place], self._matching(place, question)
        walk = await log.pager(**question).walk(log.large)
        self._keep_apart(place, walk.items)
        names = list(walk.names)
        law = 'LOG008' if question['levels'] else 'LOG002'
        for odd, what in (
            (set(names) - wanted, 'came, and does not match'),
            (wanted - set(names), 'matches, and did not come'),
            (
                {name for name in names if names.count(name) > 1},
                'came more than once',
            ),
        ):
            if odd:
                raise self.diverges(
                    law,
                    'search(query)',
                    f'in {place!r}, with {shown(question["levels"])} as '
                    f'levels, {some(odd)} {what}.',
                )

    def _keep_apart(self, place: str, items: Iterable[LogEntry]) -> None:
        """Look for lines of the other project."""
        other = next(log for name, log in self.logs.items() if name != place)
        foreign = other.names(items)
        if foreign:
            raise self.diverges(
                'ASY008',
                'search(query)',
                f'in {place!r} came {some(foreign)}, of another project.',
            )

    async def _follow(self, search: Open) -> None:
        pager = self.logs[search.place].pager(**search.question)
        if search.stale:
            await self._refused(pager, search, 'a cursor that expired')
            search.cursor = None
            self.open.remove(search)
            return
        page = await pager.page(search.limit, search.cursor)
        self._turn(search, page)

    def _turn(self, search: Open, page: Page) -> None:
        """Take in one page of an open search."""
        log = self.logs[search.place]
        self._keep_apart(search.place, page.items)
        names = [
            name for item in page.items if (name := log.name(item)) is not None
        ]
        if len(page.items) > search.limit:
            raise self.diverges(
                'LOG001',
                'search(query)',
                f'with limit={search.limit} came {len(page.items)} entries.',
            )
        twice = search.seen & set(names)
        if twice or len(set(names)) < len(names):
            raise self.diverges(
                'LOG002',
                'search(query)',
                f'{some(twice or names)} came on an earlier page, too.',
            )
        odd = set(names) - self._matching(search.place, search.question)
        if odd:
            raise self.diverges(
                'LOG008',
                'search(query)',
                f'{some(odd)} came on a later page, and does not match.',
            )
        search.seen.update(names)
        search.cursor = page.cursor
        if page.cursor is None:
            self.open.remove(search)
            lost = search.there - search.seen
            if lost:
                raise self.diverges(
                    'LOG002',
                    'search(query)',
                    f'the last page came, and {some(lost)} never did, which '
                    'was there when the search began.',
                )

    async def _refused(self, pager: Pager, search: Open, what: str) -> None:
        answer = await pager.attempt(search.limit, search.cursor)
        if isinstance(answer.error, CursorExpiredError):
            return
        told = 'was answered'
        if answer.error is not None:
            told = f'raised {described(answer.error, self.lab.secrets)}'
        raise self.diverges(
            'LOG005',
            'search(query).cursor',
            f'{what} {told}; it must raise CursorExpiredError.',
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
