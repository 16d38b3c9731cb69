"""Incidents page by page, as LOG001 to LOG005 have it for logs."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.laws._cursors import gives_away
from imbi_plugin_testkit.laws._paging import (
    counted_as,
    endless,
    ends_early,
    forged,
    incomplete,
    not_refused,
    nothing_at_all,
    overfull,
    repeated,
)
from imbi_plugin_testkit.laws._partway import partway, wrong_of
from imbi_plugin_testkit.laws.incidents._board import FEW, Board
from imbi_plugin_testkit.model import Finding
from imbi_plugin_testkit.models.incidents import IncidentsSandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from imbi_plugin_testkit.lab import Lab


async def paged(lab: Lab) -> AsyncIterator[Finding]:
    """Yield what is wrong with pages and their cursors."""
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
    whole = functools.partial(pager.attempt, min(many, board.large))
    async for when, answer in partway(lab, whole):
        page = pager.read(answer)
        told = page.cursor is not None
        must: set[str] = set() if told else {*names}
        wrong = wrong_of('incident', pager.names(page), must)
        if wrong:
            yield Finding(
                pager.path,
                f'{when}, it {wrong} without an error or a cursor; it must '
                'raise, or say that there is more.',
            ).comparing(sorted(pager.names(page)), sorted(names))
    before = board.at(0) - 2 * board.step
    empty = board.pager(before - board.step, before)
    for finding in endless(empty, await empty.walk(2)):
        yield finding


async def crowded(lab: Lab) -> AsyncIterator[Finding]:
    """Yield what is wrong where several incidents begin at one instant."""
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


async def refused(lab: Lab) -> AsyncIterator[Finding]:
    """Yield where a bad cursor is taken, or a good one gives much away."""
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
    given = (first.cursor, right.cursor, foreign)
    for finding in gives_away(lab, pager.path, given):
        yield finding
    async for finding in forged(pager, limit, first.cursor, right, foreign):
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
