"""Laws of a search's pages in time: order, arrivals and totals."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import Words
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._paging import (
    counted_as,
    endless,
    incomplete,
    repeated,
)
from imbi_plugin_testkit.laws.logs._story import (
    SEEDS,
    SLOTS,
    TYPES,
    Log,
    instant,
)
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.laws._paging import Pager, Walk


@check(
    'LOG006',
    title='entries come in one direction of time, within and across pages',
    fix='Order by time before the limit is applied, and by the instant, not '
    'by its text.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
)
async def time_goes_one_way(lab: Lab) -> AsyncIterator[Finding]:
    """Newest first or oldest first, but one of the two, to the end.

    A log that jumps in time is read wrongly: cause and effect change places.
    Entries that are close together, far apart, and on both sides of a full
    minute are seeded in any order and read in small pages and in one. Equal
    timestamps may come in any order.
    """
    log = Log(lab)
    for slot in (2, 11, 20, 21, 35, 58):
        for shift in (0, 1, 2):
            log.line(log.at(slot) + shift * log.fine)
    await log.seed()
    pager = log.pager()
    for limit in (lab.rng.choice((2, 3, 4)), log.large):
        walk = await pager.walk(min(limit, log.large))
        for finding in _turns(pager, walk):
            yield finding


def _turns(pager: Pager, walk: Walk) -> list[Finding]:
    """Return where the direction of time changes first."""
    times = [instant(entry) for entry in walk.items]
    if times in (sorted(times), sorted(times, reverse=True)):
        return []
    up = next(
        one < other for one, other in itertools.pairwise(times) if one != other
    )
    place, one, other = next(
        (number, one, other)
        for number, (one, other) in enumerate(itertools.pairwise(times), 1)
        if one != other and (one < other) is not up
    )
    words = ('earlier', 'later') if up else ('later', 'earlier')
    return [
        Finding(
            pager.path,
            f'with limit={walk.limit}, entry {place + 1} '
            f'({other.isoformat()}) is {words[0]} than the one before it '
            f'({one.isoformat()}), while those before went {words[1]} and '
            f'{words[1]}; time goes one way, on all pages.',
        ).comparing(other, Words(f'{words[1]} than {one.isoformat()}'))
    ]


@check(
    'LOG012',
    title='entries that arrive after page one do not corrupt later pages',
    fix='Let a cursor name the last entry that was shown, or a snapshot; an '
    'offset moves when something arrives.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
)
async def arrivals_do_not_corrupt(lab: Lab) -> AsyncIterator[Finding]:
    """What was there when page one was read comes once, whatever arrives.

    Logs grow while they are read. After page one entries arrive that are
    newer and older than all, between, and of the very same instant as
    others; then the cursors are followed to their end. Each entry of before
    must come once over all pages; an arrival may come or not, but not twice.
    """
    log = Log(lab)
    before = log.spread(9)
    await log.seed()
    pager = log.pager()
    limit = min(lab.rng.choice((2, 3, 4)), log.large)
    first = await pager.page(limit)
    middle = log.lines[before[4]].at
    for at in (log.at(0.5), middle, middle, log.at(30.5), log.at(SLOTS - 0.5)):
        log.line(at)
    await log.seed()
    walk = await pager.walk(limit, start=first)
    for finding in (
        *endless(pager, walk),
        *incomplete(pager, walk, before),
        *repeated(pager, walk),
    ):
        message = f'after page one, entries arrived: {finding.message}'
        yield dataclasses.replace(finding, message=message)


@check(
    'LOG013',
    title='total, where it is given, is at least what was seen',
    fix='Count all entries that match, not those of the page or those behind '
    'the cursor; leave `total` None where the backend does not tell.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
)
async def total_is_no_less(lab: Lab) -> AsyncIterator[Finding]:
    """`total` counts the matching entries of all pages, or is None.

    The host shows "20 of 7" otherwise, and stops early where it trusts it.
    Pages are followed to their end, with and without levels; on each, the
    total must not be less than what came so far. An estimate that is too
    high passes.
    """
    log = Log(lab)
    log.spread(8)
    await log.seed()
    for changes in ({}, {'levels': list(log.limits.levels[:1])}):
        for limit in sorted({min(3, log.large), log.large}):
            seen, cursor, pages = 0, None, 0
            while pages == 0 or (cursor is not None and pages <= SLOTS):
                result = await log.search(
                    **changes, limit=limit, cursor=cursor
                )
                seen, pages = seen + len(result.entries), pages + 1
                cursor = result.next_cursor
                if result.total is not None and result.total < seen:
                    told = counted_as(log.pager(), seen)
                    yield Finding(
                        'search(query).total',
                        f'with limit={limit}, page {pages} says '
                        f'total={result.total}, but {told} came so far; it '
                        'counts all pages, or is None.',
                    ).comparing(result.total, Words(f'{seen} or more'))
                    break
