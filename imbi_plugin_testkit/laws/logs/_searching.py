"""Searches of two logs that are open side by side, and their model."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import shown
from imbi_plugin_sdk.errors import CursorExpiredError
from imbi_plugin_testkit.comparing import Words
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws._paging import some
from imbi_plugin_testkit.laws.logs._story import SLOTS, Log, Open
from imbi_plugin_testkit.machines import Machine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imbi_plugin_sdk.handlers.logs import LogEntry
    from imbi_plugin_testkit.laws._paging import Page, Pager

WINDOWS: Mapping[str, tuple[int, int]] = {
    'all': (0, SLOTS),
    'early': (5, 25),
    'late': (20, 55),
}
"""Name to slots; two overlap, and one starts where lines are."""


class Searches(Machine):
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

    def question(self, place: str, window: str, level: str) -> dict[str, Any]:
        """Return what a search asks for."""
        log = self.logs[place]
        start, end = (log.at(slot) for slot in WINDOWS[window])
        return {
            'start_time': start,
            'end_time': end,
            'levels': [level] if level else [],
        }

    def matching(self, place: str, question: dict[str, Any]) -> set[str]:
        """Return the names of the lines that a question brings."""
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

    async def read_all(self, place: str, question: dict[str, Any]) -> None:
        """Compare all that matches with what was seeded."""
        log, wanted = self.logs[place], self.matching(place, question)
        walk = await log.pager(**question).walk(log.large)
        self.keep_apart(place, walk.items)
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
                    seen=sorted(names),
                    expected=sorted(wanted),
                )

    def keep_apart(self, place: str, items: Iterable[LogEntry]) -> None:
        """Look for lines of the other project."""
        other = next(log for name, log in self.logs.items() if name != place)
        foreign = other.names(items)
        if foreign:
            raise self.diverges(
                'ASY008',
                'search(query)',
                f'in {place!r} came {some(foreign)}, of another project.',
            )

    async def follow_on(self, search: Open) -> None:
        """Read the next page of an open search."""
        pager = self.logs[search.place].pager(**search.question)
        if search.stale:
            await self.refused(pager, search, 'a cursor that expired')
            search.cursor = None
            self.open.remove(search)
            return
        page = await pager.page(search.limit, search.cursor)
        self.turn(search, page)

    def turn(self, search: Open, page: Page) -> None:
        """Take in one page of an open search."""
        log = self.logs[search.place]
        self.keep_apart(search.place, page.items)
        names = [
            name for item in page.items if (name := log.name(item)) is not None
        ]
        if len(page.items) > search.limit:
            raise self.diverges(
                'LOG001',
                'search(query)',
                f'with limit={search.limit} came {len(page.items)} entries.',
                seen=len(page.items),
                expected=Words(f'at most {search.limit}'),
            )
        twice = search.seen & set(names)
        if twice or len(set(names)) < len(names):
            raise self.diverges(
                'LOG002',
                'search(query)',
                f'{some(twice or names)} came on an earlier page, too.',
                seen=sorted(names),
                expected=sorted(set(names) - search.seen),
            )
        odd = set(names) - self.matching(search.place, search.question)
        if odd:
            raise self.diverges(
                'LOG008',
                'search(query)',
                f'{some(odd)} came on a later page, and does not match.',
                seen=sorted(names),
                expected=sorted(set(names) - odd),
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
                    seen=sorted(search.seen),
                    expected=sorted(search.seen | lost),
                )

    async def refused(self, pager: Pager, search: Open, what: str) -> None:
        """Ask with a cursor that must be refused."""
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
