"""Laws of a search's pages: limits and cursors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._cursors import gives_away
from imbi_plugin_testkit.laws._paging import (
    counted_as,
    declared,
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
from imbi_plugin_testkit.laws.logs._story import (
    SEEDS,
    TYPES,
    Log,
    expired,
)
from imbi_plugin_testkit.model import Finding, Untestable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from imbi_plugin_sdk.handlers.logs import LogResult
    from imbi_plugin_testkit.lab import Lab


@check(
    'LOG001',
    title='a page holds at most limit entries, and a limit of 1 works',
    fix='Pass the limit on to the backend, and cut what is put together from '
    'several answers at `query.limit`.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
)
async def pages_keep_to_the_limit(lab: Lab) -> AsyncIterator[Finding]:
    """A page is never longer than what was asked for.

    The host shows a page as it comes, and a person on a slow line waits for
    all of it. Limits of 1, 2, one more than a page of the backend and the
    number of entries are tried, on first and on later pages. A page may be
    shorter; a limit of 1 must lead to the entries all the same.
    """
    log = Log(lab)
    few = 3
    names = log.spread(log.many())
    await log.seed()
    start, end = (log.lines[names[slot]].at for slot in (0, few))
    start, end = start - log.fine, end - log.fine
    narrow = log.pager(start_time=start, end_time=end)
    for limit in (1, min(2, log.large)):
        walk = await narrow.walk(limit)
        for finding in (
            *overfull(narrow, walk),
            *nothing_at_all(narrow, walk),
        ):
            yield finding
    pager = log.pager()
    for limit in sorted({log.limits.page_size + 1, len(names)}):
        if limit <= log.large:
            for finding in overfull(pager, await pager.walk(limit)):
                yield finding


@check(
    'LOG002',
    title='following cursors ends and yields every entry once',
    fix='Let a cursor say where the page before ended, and go on exactly '
    'behind it.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
)
async def cursors_lead_to_everything(lab: Lab) -> AsyncIterator[Finding]:
    """All pages together are what one large query gives.

    Somebody who reads a log to its end must have read all of it, and the
    line that a page boundary swallows is the one that explains the outage.
    More entries than two pages of the backend are read in small pages, whose
    size depends on the seed, and in one; both must have every seeded entry
    once. Where the backend begins to fail between two of its pages (if the
    sandbox can make it, and tells URLs), an error passes, and so does a
    shorter page with a cursor or a warning.
    """
    log = Log(lab)
    names = log.spread(log.many())
    await log.seed()
    pager = log.pager()
    for limit in (lab.rng.choice((2, 3, 5, 7)), log.large):
        walk = await pager.walk(min(limit, log.large))
        for finding in (
            *endless(pager, walk),
            *incomplete(pager, walk, names),
            *repeated(pager, walk),
        ):
            yield finding
    async for when, answer in partway(lab, log.attempt):
        page: LogResult = declared(lab, answer)
        came = [*filter(None, map(log.name, page.entries))]
        told = page.next_cursor is not None or page.warnings
        wrong = wrong_of('entry', came, set() if told else {*names})
        if wrong:
            yield Finding(
                pager.path,
                f'{when}, it {wrong} without an error, a cursor or a '
                'warning; it must raise, or say that there is more.',
            ).comparing(sorted(came), sorted(names))


@check(
    'LOG003',
    title='page size never changes what comes, also at equal timestamps',
    fix='Order by time and by something unique behind it, and put both into '
    'the cursor; a timestamp alone is no position.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
)
async def page_size_changes_nothing(lab: Lab) -> AsyncIterator[Finding]:
    """However small the pages are, the union is the same.

    Entries share timestamps all the time: a stack trace is a dozen lines of
    one millisecond. A cursor that is only a time then repeats them, leaves
    them out, or never gets past them. Six entries of one instant and some of
    others are read in pages of 1, 2 and 5.
    """
    log = Log(lab)
    crowded = lab.rng.randrange(20, 40)
    for slot, count in ((5, 2), (crowded, 6), (50, 1), (55, 2)):
        for _ in range(count):
            log.line(log.at(slot))
    await log.seed()
    pager = log.pager()
    for limit in (1, 2, 5):
        if limit > log.large:
            continue
        walk = await pager.walk(limit)
        for finding in (
            *endless(pager, walk),
            *incomplete(pager, walk, log.lines),
            *repeated(pager, walk),
        ):
            yield finding


@check(
    'LOG004',
    title='a cursor makes progress, and exhausted means that there is none',
    fix='Give a cursor exactly where there may be more, and None where there '
    'is not; do not take a short page for the last one.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
)
async def exhausted_is_none(lab: Lab) -> AsyncIterator[Finding]:
    """None means that all is told, and everything else leads on.

    The host offers more as long as there is a cursor: one that never becomes
    None is a button that does nothing, and None too early hides the rest.
    Tried are limits that divide the number of entries and that do not, the
    number itself, more than a page of the backend holds, and a window
    without entries. A last page without entries passes, since not every
    backend knows that it is at the end.
    """
    log = Log(lab)
    many = log.many()
    names = log.spread(many + many % 2)
    await log.seed()
    pager = log.pager()
    half, page = len(names) // 2, log.limits.page_size
    for limit in sorted({half, half + 1, page + 1, len(names)}):
        if limit > log.large:
            continue
        walk = await pager.walk(limit)
        for finding in (
            *endless(pager, walk),
            *ends_early(pager, walk, names),
        ):
            yield finding
    empty = log.pager(start_time=log.start, end_time=log.at(1) - log.fine)
    for finding in endless(empty, await empty.walk(min(2, log.large))):
        yield finding


@check(
    'LOG005',
    title='a bad cursor is CursorExpiredError, never page one',
    fix='Put a checksum (better, a keyed one) over position, project and '
    'query into the cursor, and no credential; raise CursorExpiredError '
    'where it does not fit, and turn what the backend says of an expired one '
    'into it.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
)
async def bad_cursors_are_refused(lab: Lab) -> AsyncIterator[Finding]:
    """A cursor that is not good for this search says so.

    Starting again at page one, or somewhere else, shows entries twice or
    never, and nobody notices; CursorExpiredError lets the host start anew in
    the open. Tried are cursors that were changed, cut or made up, one of
    another project, and one that expired, where the sandbox can let it. A
    change that means nothing to the cursor's encoding passes when the right
    page comes. A good cursor must not hold a credential, as it is or in an
    encoding: cursors go to browsers.
    """
    log = Log(lab)
    other = Log(lab, 'other', window_of=log)
    for one in (log, other):
        one.spread(log.many())
        await one.seed()
    limit = min(2, log.large)
    pager = log.pager()
    first = await pager.page(limit)
    foreign = (await other.pager().page(limit)).cursor
    if first.cursor is None or foreign is None:
        told = counted_as(pager, len(first.items))
        raise Untestable(
            f'with limit={limit} and {len(log.lines)} entries, page one had '
            f'{told} and no cursor; see LOG001 and LOG004'
        )
    right = await pager.page(limit, first.cursor)
    given = (first.cursor, right.cursor, foreign)
    for finding in gives_away(lab, pager.path, given):
        yield finding
    async for finding in forged(pager, limit, first.cursor, right, foreign):
        yield finding
    if await expired(lab):
        again = (await pager.page(limit)).cursor
        old = [('is expired', first.cursor)]
        async for finding in not_refused(pager, limit, old):
            yield finding
        if again is not None:
            # One that was given since is good.
            await pager.page(limit, again)
