"""Which incidents are listed: those of the window and of the statuses."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from imbi_plugin_testkit.laws._paging import some
from imbi_plugin_testkit.laws._zones import moved
from imbi_plugin_testkit.laws.incidents._board import CLOSED, FEW, Board
from imbi_plugin_testkit.laws.incidents._facts import told_wrong
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from imbi_plugin_testkit.lab import Lab


async def windowed(lab: Lab) -> AsyncIterator[Finding]:
    """Yield what is wrong with windows, cut between and on incidents."""
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
        if start == first:
            zone = dt.timezone(dt.timedelta(hours=-9, minutes=-30))
            there = board.pager(since.astimezone(zone), until.astimezone(zone))
            with moved():
                walk = await there.walk(board.large)
            other = set(walk.names)
            if other != came:
                yield Finding(
                    'list_incidents(start_time, end_time)',
                    f'the window brings {len(came)} incidents, and written '
                    f'and asked in other time zones {len(other)}.',
                ).comparing(sorted(other), sorted(came))
            for finding in told_wrong(board, walk):
                yield finding
        missing = set(names[start:end]) - came
        if missing:
            where = ' (at its start)' * (names[start] in missing)
            yield Finding(
                'list_incidents(start_time, end_time)',
                f'what began in the window did not come{where}: '
                f'{some(missing)}; a window includes its start.',
            ).comparing(sorted(came), sorted(came | missing))
        after = came.intersection(names[end + 1 :])
        if after:
            yield Finding(
                'list_incidents(end_time)',
                f'what began after the window came all the same: '
                f'{some(after)}; every incident lies in the window.',
            ).comparing(sorted(came), sorted(came - after))
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
            ).comparing(sorted(came), sorted(came - before))


async def narrowed(lab: Lab) -> AsyncIterator[Finding]:
    """Yield what is wrong with what statuses keep, and are told as."""
    board = Board(lab, 'narrowed', FEW)
    for slot in range(FEW):
        board.add(slot)
    await board.seed()
    limit = min(FEW // 2, board.large)
    statuses = board.limits.statuses
    whole = await board.pager().walk(limit)
    for finding in told_wrong(board, whole):
        yield finding
    everything = set(whole.names)
    lacking = board.made.keys() - everything
    if lacking:
        yield Finding(
            'list_incidents(statuses=None)',
            f'no status was asked for, and {some(lacking)} did not come; '
            'None keeps all.',
        ).comparing(sorted(everything), sorted(everything | lacking))
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
            ).comparing(sorted(walk.names), sorted(wanted))
        lost = wanted - set(walk.names) - lacking
        if lost:
            yield Finding(
                path,
                'what has a status that was asked for did not come: '
                f'{some(lost)}; without statuses it does.',
            ).comparing(sorted(walk.names), sorted(wanted))
