"""The law of an incidents plugin (INC001)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.lab.answers import fresh
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._paging import (
    Page,
    Pager,
    counted_as,
    damaged,
    endless,
    ends_early,
    incomplete,
    never_given,
    not_refused,
    nothing_at_all,
    overfull,
    repeated,
    some,
)
from imbi_plugin_testkit.model import Finding
from imbi_plugin_testkit.models.incidents import (
    IncidentLimits,
    IncidentsSandbox,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from imbi_plugin_sdk.handlers.incidents import IncidentView
    from imbi_plugin_testkit.lab import Answer, Lab

METHOD = 'list_incidents'

FEW = 6
"""Incidents where paging of the backend is not the point."""

CLOSED = frozenset({'resolved', 'closed', 'done', 'completed', 'solved'})
"""Statuses of an incident that is over, as remotes name them."""


class Board:
    """The incidents of a tenant: what a law seeds and asks for.

    Attributes:
        lab: The lab.
        limits: What the backend allows.
        step: Time between two slots that the backend can tell apart.
        large: A limit that the backend allows.
        made: Title to incident.
    """

    def __init__(self, lab: Lab, label: str, slots: int) -> None:
        """Prepare a tenant.

        Args:
            lab: The lab.
            label: Name of the tenant, unique in the law.
            slots: How many slots in time there are, one step apart; the last
                ones lie as far back as they are few, and none in the future.
        """
        given = lab.limits
        self.lab = lab
        self.limits = (
            given if isinstance(given, IncidentLimits) else IncidentLimits()
        )
        self.context = lab.tenant(label)
        self.step = dt.timedelta(seconds=max(1.0, self.limits.resolution))
        self.large = self.limits.largest_limit
        self.made: dict[str, IncidentView] = {}
        now = dt.datetime.now(dt.UTC)
        unit = int(self.step.total_seconds()) or 1
        floor = int(now.timestamp()) // unit * unit
        newest = dt.datetime.fromtimestamp(floor, dt.UTC)
        self._oldest = newest - (slots + 1) * self.step

    def at(self, slot: int) -> dt.datetime:
        """Return the instant of a slot."""
        return self._oldest + slot * self.step

    def add(self, slot: int, status: str = '') -> str:
        """Make an incident, and return its title."""
        from imbi_plugin_sdk.handlers.incidents import (  # noqa: PLC0415
            IncidentView,
        )

        number = len(self.made)
        statuses = self.limits.statuses
        status = status or statuses[number % len(statuses)]
        title = f'Incident {self.lab.key()}'
        created = self.at(slot)
        over = status.casefold() in CLOSED
        self.made[title] = IncidentView(
            id=f'kit-{number}',
            title=title,
            status=status,
            created_at=created,
            resolved_at=created if over else None,
            url='https://incidents.example.com/kit',
        )
        return title

    async def seed(self) -> None:
        """Put what was made into the backend."""
        await self.lab.seed(self.context, [*self.made.values()])
        await self.lab.settle()

    def pager(
        self,
        start: dt.datetime | None = None,
        end: dt.datetime | None = None,
        statuses: Sequence[str] | None = None,
    ) -> Pager:
        """Return a question; by default for all that was made."""
        first = min(view.created_at for view in self.made.values())
        last = max(view.created_at for view in self.made.values())
        since, until = start or first - self.step, end or last + self.step

        async def ask(limit: int, cursor: str | None) -> Answer:
            return await self.lab.attempt(
                METHOD,
                ctx=fresh(self.context),
                start_time=since,
                end_time=until,
                statuses=None if statuses is None else [*statuses],
                cursor=cursor,
                limit=limit,
            )

        return Pager(
            self.lab,
            ask,
            lambda result: Page(result.incidents, result.next_cursor),
            self._title,
            path='list_incidents()',
            nouns=('incident', 'incidents'),
        )

    def _title(self, item: Any) -> str | None:  # noqa: ANN401  an IncidentView
        title: str = item.title
        return title if title in self.made else None


@check(
    'INC001',
    title='incidents are paged, kept to their window and narrowed',
    fix='Let a cursor name the last incident by time and id together, seal '
    'it with the question it belongs to, and pass window and statuses on to '
    'the remote with every page.',
    law=True,
    types=('incidents',),
    requires=CALLABLE,
    needs=frozenset({'seed'}),
)
async def incidents_are_listed_truly(lab: Lab) -> AsyncIterator[Finding]:
    """Who is called at night must see every incident, once.

    The laws of a search's pages (LOG001 to LOG005) hold: at most `limit` on
    a page; following the cursors ends and brings every incident once, also
    where several began at one instant; None means exhausted; and a cursor
    that is damaged, made up, expired or of another project is
    CursorExpiredError. Every incident lies in the window, its start included;
    whether its end is, is free, and so is whether an open incident from
    before belongs to it. Statuses only narrow: what comes has one of those
    asked for, and all that have it come.
    """
    for story in (_paged, _crowded, _refused, _windowed, _narrowed):
        async for finding in story(lab):
            yield finding


async def _paged(lab: Lab) -> AsyncIterator[Finding]:
    many = 2 * lab.limits.page_size + 2
    board = Board(lab, 'paged', many)
    names = [board.add(slot) for slot in range(many)]
    await board.seed()
    pager = board.pager()
    sizes = {3, many // 2, many, lab.limits.page_size + 1}
    for limit in sorted(sizes):
        if limit > board.large:
            continue
        walk = await pager.walk(limit)
        found = [
            *overfull(pager, walk),
            *endless(pager, walk),
            *repeated(pager, walk),
        ]
        found += [*ends_early(pager, walk, names)] or [
            *incomplete(pager, walk, names)
        ]
        for finding in found:
            yield finding
        if found:
            return
    before = board.at(0) - 2 * board.step
    empty = board.pager(before - board.step, before)
    for finding in endless(empty, await empty.walk(2)):
        yield finding


async def _crowded(lab: Lab) -> AsyncIterator[Finding]:
    """Several incidents begin at one instant."""
    board = Board(lab, 'crowded', FEW)
    crowded = lab.rng.randrange(1, FEW - 1)
    names = [board.add(slot) for slot in (0, *[crowded] * 4, FEW - 1)]
    await board.seed()
    pager = board.pager()
    for limit in (1, 3):
        walk = await pager.walk(limit)
        for finding in (
            *overfull(pager, walk),
            *nothing_at_all(pager, walk),
            *endless(pager, walk),
            *repeated(pager, walk),
            *incomplete(pager, walk, names),
        ):
            yield finding


async def _refused(lab: Lab) -> AsyncIterator[Finding]:
    board, other = Board(lab, 'mine', FEW), Board(lab, 'other', FEW)
    for one in (board, other):
        for slot in range(FEW):
            one.add(slot)
        await one.seed()
    limit = min(2, board.large)
    pager = board.pager()
    first = await pager.page(limit)
    foreign = (await other.pager().page(limit)).cursor
    if first.cursor is None or foreign is None:
        yield Finding(
            'list_incidents().next_cursor',
            f'with limit={limit}, there was no cursor behind a page of '
            f'{counted_as(pager, len(first.items))}, but there are {FEW}; '
            'None means exhausted.',
        )
        return
    right = await pager.page(limit, first.cursor)
    for cursors, page in (
        (damaged(first.cursor, lab.rng), right),
        (never_given(lab.rng), None),
        ([('is of another project', foreign)], None),
    ):
        async for finding in not_refused(pager, limit, cursors, page):
            yield finding
    if await _expired(lab):
        old = [('is expired', first.cursor)]
        async for finding in not_refused(pager, limit, old):
            yield finding


async def _expired(lab: Lab) -> bool:
    """Let cursors expire, and return whether the sandbox can."""
    sandbox: Any = lab.sandbox
    found = getattr(type(lab.sandbox), 'expire_cursors', None)
    if found in (None, IncidentsSandbox.expire_cursors):
        lab.note('no cursor expired: the sandbox has no `expire_cursors`')
        return False
    with lab.blaming('expire_cursors'):
        await sandbox.expire_cursors()
    await lab.settle()
    return True


async def _windowed(lab: Lab) -> AsyncIterator[Finding]:
    """Windows are cut between and on incidents."""
    board = Board(lab, 'windowed', FEW)
    over = next(
        (one for one in board.limits.statuses if one.casefold() in CLOSED), ''
    )
    names = [board.add(slot, over) for slot in range(FEW)]
    await board.seed()
    first = lab.rng.randrange(1, 3)
    for start, end in ((first, FEW - 2), (FEW - 2, FEW - 1)):
        since, until = board.at(start), board.at(end)
        pager = board.pager(since, until)
        came = set((await pager.walk(min(FEW, board.large))).names)
        missing = set(names[start:end]) - came
        if missing:
            where = ' (at its start)' * (names[start] in missing)
            yield Finding(
                'list_incidents(start_time, end_time)',
                f'what began in the window did not come{where}: '
                f'{some(missing)}; a window includes its start.',
            )
        after = came.intersection(names[end + 1 :])
        if after:
            yield Finding(
                'list_incidents(end_time)',
                f'what began after the window came all the same: '
                f'{some(after)}; every incident lies in the window.',
            )
        before = {
            name
            for name in came.intersection(names[:start])
            if board.made[name].resolved_at is not None
        }
        if before:
            yield Finding(
                'list_incidents(start_time)',
                f'what was over before the window began came all the same: '
                f'{some(before)}; every incident lies in the window.',
            )


async def _narrowed(lab: Lab) -> AsyncIterator[Finding]:
    board = Board(lab, 'narrowed', FEW)
    for slot in range(FEW):
        board.add(slot)
    await board.seed()
    limit = min(FEW // 2, board.large)
    statuses = board.limits.statuses
    everything = set((await board.pager().walk(limit)).names)
    lacking = board.made.keys() - everything
    if lacking:
        yield Finding(
            'list_incidents(statuses=None)',
            f'no status was asked for, and {some(lacking)} did not come; '
            'None keeps all.',
        )
    asked = [[one] for one in statuses] + [[*statuses[:2]], [*statuses]]
    for kept in asked:
        path = f'list_incidents(statuses={kept!r})'
        walk = await board.pager(statuses=kept).walk(limit)
        wanted = {
            name for name, view in board.made.items() if view.status in kept
        }
        odd = set(walk.names) - wanted
        if odd:
            yield Finding(
                path,
                f'what has another status came all the same: {some(odd)}; '
                'statuses only narrow.',
            )
        lost = wanted - set(walk.names) - lacking
        if lost:
            yield Finding(
                path,
                'what has a status that was asked for did not come: '
                f'{some(lost)}; without statuses it does.',
            )
