"""The machine's local time zone, moved for the length of a call.

Machines that build and test are on UTC, where local time taken for UTC is
right by accident; the operator's laptop, and some servers, are not.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import pydantic

from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator

    from imbi_plugin_testkit.laws.logs._story import Log

ZONE = 'KIT-11:37'
"""Eleven hours and 37 minutes ahead of UTC, in POSIX's words: no zone of the
world, so that nothing is off by as much for another reason."""

ZONES = (
    dt.timezone(dt.timedelta(hours=5, minutes=45)),
    dt.timezone(dt.timedelta(hours=-8)),
)
"""Time zones that clocks on a wall have; one is no whole hour (Nepal)."""

DRIFT = dt.timedelta(seconds=60)
"""By how much two calls, one after the other, may differ."""

EXACT = dt.timedelta(seconds=5)
"""How exactly a shift must be that of the zone."""


@contextlib.contextmanager
def moved() -> Generator[dt.timedelta]:
    """Move the local time zone; give by how much it is ahead of before.

    Nothing moves where the platform has no `tzset`.
    """
    set_zone = getattr(time, 'tzset', None)
    if set_zone is None:
        yield dt.timedelta(0)
        return
    before, ahead = os.environ.get('TZ'), _offset()
    try:
        os.environ['TZ'] = ZONE
        set_zone()
        yield _offset() - ahead
    finally:
        if before is None:
            del os.environ['TZ']
        else:
            os.environ['TZ'] = before
        set_zone()


def _offset() -> dt.timedelta:
    return dt.datetime.now().astimezone().utcoffset() or dt.timedelta(0)


def times(found: object) -> list[dt.datetime]:
    """Return the aware datetimes in a result, in order of time."""
    return sorted(_within(found, 5))


def _within(found: object, depth: int) -> Iterator[dt.datetime]:
    if isinstance(found, dt.datetime):
        if found.utcoffset() is not None:
            yield found
    elif depth and isinstance(found, pydantic.BaseModel):
        yield from _within(dict(found), depth - 1)
    elif depth and isinstance(found, Mapping):
        for value in cast('dict[Any, Any]', found).values():
            yield from _within(value, depth - 1)
    elif depth and isinstance(found, (list, tuple)):
        for value in cast('Iterable[Any]', found):
            yield from _within(value, depth - 1)


def shifted(first: object, second: object, by: dt.timedelta) -> bool:
    """Return whether times moved with the zone, and none otherwise.

    Args:
        first: What a call returned.
        second: What it returned in the moved zone.
        by: By how much that is ahead.
    """
    pairs = [*zip(times(first), times(second), strict=False)]
    moves = [after - before for before, after in pairs]
    if len(times(first)) != len(times(second)) or abs(by) <= DRIFT:
        return False
    with_it = [min(abs(move - by), abs(move + by)) <= EXACT for move in moves]
    return any(with_it) and all(
        one or abs(move) <= DRIFT
        for one, move in zip(with_it, moves, strict=True)
    )


async def searched_elsewhere(
    log: Log, start: dt.datetime, end: dt.datetime, wanted: set[str]
) -> AsyncIterator[Finding]:
    """Yield where a window brings something else in another zone (LOG016).

    Args:
        log: What is searched.
        start: Where the window starts, in UTC.
        end: Where it ends.
        wanted: What it brings.
    """
    for zone in ZONES:
        there = start.astimezone(zone)
        found = await log.found(
            start_time=there, end_time=end.astimezone(zone)
        )
        if found != wanted:
            yield Finding(
                'search(query)',
                f'the window from {start.isoformat()} brings '
                f'{len(wanted)} of the seeded entries, and written as '
                f'{there.isoformat()} {len(found)}; it is the same instant.',
            ).comparing(sorted(found), sorted(wanted))
    with moved() as ahead:
        entries = await log.entries(start_time=start, end_time=end)
    found = log.names(entries)
    for entry in entries:
        line = log.lines.get(log.name(entry) or '')
        told = entry.timestamp
        if line is None or told.utcoffset() is None:
            continue
        # Any other shift is LOG007's to judge.
        if ahead and abs(abs(told - line.at) - abs(ahead)) <= EXACT:
            yield Finding(
                'search(query).entries[].timestamp',
                f'an entry that was logged at {line.at.isoformat()} came as '
                f'{told.isoformat()} where the local time zone of the machine '
                'is another.',
            ).comparing(told, line.at)
            return
    if found != wanted:
        yield Finding(
            'search(query)',
            f'the window from {start.isoformat()} brings {len(wanted)} of '
            f'the seeded entries, and {len(found)} where the local time zone '
            'of the machine is another; it must not matter.',
        ).comparing(sorted(found), sorted(wanted))
