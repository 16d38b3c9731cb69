"""Laws of what a search chooses: windows, levels and filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import Words
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._paging import endless, some
from imbi_plugin_testkit.laws._store import is_typed
from imbi_plugin_testkit.laws._zones import searched_elsewhere
from imbi_plugin_testkit.laws.logs._filters import (
    WILD,
    Filters,
    conditions,
    hostile,
)
from imbi_plugin_testkit.laws.logs._story import (
    SEEDS,
    TYPES,
    Log,
    instant,
    taken,
)
from imbi_plugin_testkit.model import Finding, Untestable

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Iterator

    from imbi_plugin_sdk.handlers.logs import LogEntry
    from imbi_plugin_testkit.lab import Lab

AROUND = 12
"""Entries of other levels on each side: more than a handler fetches for a
page of one, also when it asks for ten times as many as it needs."""


@check(
    'LOG007',
    title='every entry lies in the window, and splitting it loses nothing',
    fix='Pass start and end to the backend as exact instants, not cut to '
    'seconds, with an inclusive start.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
)
async def windows_are_exact(lab: Lab) -> AsyncIterator[Finding]:
    """The start belongs to the window, and nothing outside of it comes.

    A host that shows a window piece by piece, or that goes on where it
    stopped, loses an entry at each border where the start is not inclusive.
    Entries lie on both borders and as close to them as the backend can tell
    apart; one at the very end may come or not. The same window is then asked
    for in two parts, split at an entry. The timestamp must be the one that
    was logged.
    """
    log = Log(lab)
    start, middle, end = (log.at(slot) for slot in (10, 20, 30))
    inside = [
        log.line(at)
        for at in (
            start,
            start + log.fine,
            log.at(15),
            middle - log.fine,
            middle,
            middle + log.fine,
            end - log.fine,
        )
    ]
    at_end = log.line(end)
    for at in (start - log.fine, end + log.fine, log.at(5), log.at(40)):
        log.line(at)
    await log.seed()
    window = {'start_time': start, 'end_time': end}
    entries = await log.entries(**window)
    for finding in _outside(log, entries, start, end):
        yield finding
    found = log.names(entries)
    missing = set(inside) - found
    if missing:
        yield Finding(
            'search(query)',
            f'from {start.isoformat()} to {end.isoformat()}, '
            f'{_told(log, missing)} did not come; the start is inclusive.',
        ).comparing(sorted(found), sorted(found | missing))
    halves = await log.found(
        **{**window, 'end_time': middle}
    ) | await log.found(**{**window, 'start_time': middle})
    lost = (found - halves) - {at_end}
    if lost:
        yield Finding(
            'search(query)',
            f'{_told(log, lost)} came for the whole window, but for neither '
            f'half when it was split at {middle.isoformat()}.',
        ).comparing(sorted(halves), sorted(halves | lost))


def _told(log: Log, names: set[str]) -> str:
    """Return when lines are, for a message."""
    times = sorted(log.lines[name].at for name in names)
    return f'what was logged at {times[0].isoformat()}' + (
        f' and {len(times) - 1} more' if len(times) > 1 else ''
    )


def _outside(
    log: Log,
    entries: list[LogEntry],
    start: dt.datetime,
    end: dt.datetime,
) -> Iterator[Finding]:
    """Yield the first entry outside of a window, and the first mistimed."""
    wrong, shifted = False, False
    for entry in entries:
        at, name = instant(entry), log.name(entry)
        meant = log.lines[name].at if name is not None else at
        if not wrong and not (
            start - log.fine < at < end + log.fine and start <= meant <= end
        ):
            wrong = True
            yield Finding(
                'search(query)',
                f'from {start.isoformat()} to {end.isoformat()} came an '
                f'entry that was logged at {meant.isoformat()}; every entry '
                'lies in the window.',
            ).comparing(
                meant, Words(f'{start.isoformat()} to {end.isoformat()}')
            )
        elif not shifted and abs(at - meant) >= log.fine:
            shifted = True
            yield Finding(
                'search(query).entries[].timestamp',
                f'an entry that was logged at {meant.isoformat()} came as '
                f'{at.isoformat()}; the timestamp says when it was logged.',
            ).comparing(at, meant)


@check(
    'LOG008',
    title='narrowing window, levels or filters adds nothing; no levels is all',
    fix='Combine all conditions with "and", the levels among themselves with '
    '"or", and leave a condition out when its list is blank.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
)
async def narrowing_never_adds(lab: Lab) -> AsyncIterator[Finding]:
    """Each further condition takes entries away, and only the wrong ones.

    Somebody who looks for an error narrows the search step by step; an entry
    that appears or disappears on the way for no reason misleads. Windows,
    single levels, all of them, fields and both together are tried, and what
    comes must be what was seeded with that level and field. Another project
    has the like entries, and none of them may come: a condition that is
    combined wrongly takes the project's away. What the backend cannot filter
    by, by the sandbox's word, is left out.
    """
    log = Log(lab)
    fields = log.limits.fields[:2]
    for slot in range(1, 13):
        values = {
            field: f'{word}{slot % (number + 2)}'
            for number, (field, word) in enumerate(
                zip(fields, ('alpha', 'beta'), strict=False)
            )
        }
        levels = log.limits.levels
        level = levels[slot % len(levels)] if levels else None
        log.line(log.at(slot * 4), level=level, fields=values)
    await log.seed()
    other = await log.neighbour()
    strays: dict[str, set[str]] = {}

    async def found_with(told: str, changes: dict[str, Any]) -> set[str]:
        entries = await log.entries(**changes)
        strays[told] = other.names(entries)
        return log.names(entries)

    everything = await found_with('no levels and filters', {})
    lost = log.lines.keys() - everything
    if lost:
        yield Finding(
            'search(query.levels)',
            f'without levels and filters, {some(lost)} did not come; no '
            'levels means all.',
        ).comparing(sorted(everything), sorted(everything | lost))
    window = {'start_time': log.at(10), 'end_time': log.at(30)}
    narrowed = await found_with('a narrower window', window)
    if narrowed - everything:
        yield Finding(
            'search(query)',
            f'{some(narrowed - everything)} came only for a narrower window; '
            'narrowing never adds.',
        ).comparing(sorted(narrowed), sorted(narrowed & everything))
    for told, changes, wanted in conditions(log, fields):
        found = await found_with(told, changes)
        for odd, what in (
            (found - everything, 'came only when the search was narrowed to'),
            ((found & everything) - wanted, 'came, which has not'),
            ((wanted & everything) - found, 'did not come, which has'),
        ):
            if odd:
                yield Finding(
                    'search(query)', f'{some(odd)} {what} {told}.'
                ).comparing(sorted(found), sorted(wanted & everything))
    strays['no levels and filters'] |= log.names(await other.entries())
    for told, odd in strays.items():
        if odd:
            yield Finding(
                'search(query)',
                f'with {told}, {some(odd)} came, which another project '
                'logged; a search brings entries of its own project only.',
            )
            return


@check(
    'LOG009',
    title='levels are filtered before the limit is applied',
    fix='Let the backend filter by level; where it cannot, fetch on until '
    'the page is full or everything was read.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
)
async def levels_come_before_the_limit(lab: Lab) -> AsyncIterator[Finding]:
    """A limit counts what is asked for, not what was looked through.

    Of ten thousand entries two are errors, and a handler that fetches a page
    and then drops all else shows an empty page: it says that there are none.
    Three entries of one level lie in the middle of many others, and are
    asked for one at a time; the first page must have one of them.
    """
    log = Log(lab)
    if len(log.limits.levels) < 2:  # noqa: PLR2004  one to find, one to skip
        raise Untestable(
            'the backend has fewer than two levels (`LogLimits.levels`)'
        )
    rare, *rest = lab.rng.sample(log.limits.levels, k=len(log.limits.levels))
    for slot in (*range(1, AROUND + 1), *range(45, AROUND + 45)):
        log.line(log.at(slot), level=lab.rng.choice(rest))
    wanted = {log.line(log.at(slot), level=rare) for slot in (25, 28, 31)}
    await log.seed()
    pager = log.pager(levels=[rare])
    first = await pager.page(1)
    if not first.items:
        yield Finding(
            'search(query.levels)',
            f'with levels=[{rare!r}] and limit=1, page one is blank, but '
            f'{len(wanted)} entries have that level; levels are filtered '
            'before the limit is applied.',
        )
    walk = await pager.walk(1, start=first)
    for finding in endless(pager, walk):
        yield finding
    found = set(walk.names)
    for odd, what in (
        (found - wanted, 'came, which has another level'),
        (wanted - found if walk.ended else set[str](), 'never came'),
    ):
        if odd:
            yield Finding(
                'search(query.levels)',
                f'with levels=[{rare!r}] and limit=1, {some(odd)} {what}.',
            ).comparing(sorted(found), sorted(wanted))


@check(
    'LOG010',
    title='the operators of a filter mean what their names say',
    fix='Compare whole values for eq and ne, beginnings for starts_with; '
    'check a regex before it is sent, and raise ValueError.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
)
async def operators_keep_their_word(lab: Lab) -> AsyncIterator[Finding]:
    """`eq` and `ne` part the entries; what starts with a text contains it.

    A filter that compares words instead of values finds "checkout" for
    "check", and `ne` then hides what nobody excluded. Tried are the
    operators and fields that the sandbox declares, with values that are
    beginnings of one another. An entry that lacks the field is left open. A
    regex may have to match the whole value or a part of it; one that is none
    is refused with ValueError or a PluginError.
    """
    filters = Filters(Log(lab))
    await filters.seed()
    for field in filters.fields:
        async for finding in filters.judged(field):
            yield finding
    if 'regex' not in filters.log.limits.filter_ops:
        return
    for pattern in ('(unclosed', '[a-'):
        field = filters.fields[0]
        answer = await filters.log.attempt(filters=[(field, 'regex', pattern)])
        if seen := taken(lab, answer):
            yield Finding(
                'search(query.filters)',
                f'the regex {pattern!r}, which is none, {seen}; it must be '
                'refused with ValueError or a PluginError.',
            )


@check(
    'LOG011',
    title='filter values are literal: query syntax in them means nothing',
    fix='Pass values as values: parameters, term queries, or with every '
    'character escaped that means something; never put them into a query '
    'text as they are.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
    security=True,
)
async def values_are_literal(lab: Lab) -> AsyncIterator[Finding]:
    """Quotes, wildcards and query syntax in a value inject nothing.

    A value that becomes part of a query finds what it should not, or reads
    another project's log. Values with quotes, wildcards, escapes and pieces
    of several query languages are seeded and filtered by: each must find
    itself and nothing else, and `ne` everything else. A typed refusal
    (ValueError or a PluginError) passes, since it injects nothing.
    """
    values = hostile(lab.rng)
    filters = Filters(Log(lab), values)
    await filters.seed()
    field = filters.fields[0]
    for op in filters.ops('eq', 'ne', 'starts_with', 'contains'):
        # Parts of values are looked for with fewer of them, to save calls.
        for value in values if op in ('eq', 'ne') else WILD:
            pager = filters.log.pager(filters=[(field, op, value)])
            answer = await pager.attempt(filters.log.large)
            if answer.error is not None and is_typed(answer.error):
                continue
            walk = await pager.walk(
                filters.log.large, start=pager.read(answer)
            )
            found = set(walk.names)
            for message in filters.wrong(field, op, value, found):
                yield Finding('search(query.filters)', message)


@check(
    'LOG016',
    title='an instant in another time zone is the same; no window is reversed',
    fix='Convert start and end with astimezone(UTC) or timestamp() before '
    'they are formatted, and raise ValueError where the end is first.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
)
async def zones_mean_nothing(lab: Lab) -> AsyncIterator[Finding]:
    """A window is two instants, in whichever time zone they are written.

    A handler that formats a datetime and drops its zone searches hours
    beside the point for everybody who is not on UTC. The same window is
    asked for in UTC, in two other zones, and on a machine whose local zone
    is another. A window that ends before it starts is a slip of the
    caller's, and a typed error, not an empty page.
    """
    log = Log(lab)
    log.spread(8)
    await log.seed()
    start, end = log.at(8), log.at(50)
    wanted = await log.found(start_time=start, end_time=end)
    async for finding in searched_elsewhere(log, start, end, wanted):
        yield finding
    answer = await log.attempt(start_time=end, end_time=start)
    if seen := taken(lab, answer):
        yield Finding(
            'search(query)',
            f'a window that ends before it starts {seen}; it must be refused '
            'with ValueError or a PluginError.',
        )
