"""A histogram held against its window, and against the entries of a search."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from imbi_plugin_testkit.comparing import Words, with_values
from imbi_plugin_testkit.laws._paging import counted_as
from imbi_plugin_testkit.laws.logs._story import instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_sdk.handlers.logs import LogEntry, LogHistogramBucket
    from imbi_plugin_testkit.laws.logs._story import Log


def misplaced(
    buckets: list[LogHistogramBucket],
    count: int,
    start: dt.datetime,
    end: dt.datetime,
) -> Iterator[str]:
    """Yield where buckets are too many, out of order or of the window."""
    times = [instant(bucket) for bucket in buckets]
    if len(buckets) > count:
        yield with_values(
            f'{len(buckets)} buckets came; there are at most {count}.',
            len(buckets),
            Words(f'at most {count}'),
        )
    if len(set(times)) != len(times):
        yield with_values(
            'two buckets start at the same instant; each is there once.',
            times,
            sorted(set(times)),
        )
    elif times != sorted(times):
        yield with_values(
            'the buckets are not in order of time.', times, sorted(times)
        )
    for at in times:
        if not start <= at <= end:
            yield with_values(
                f'a bucket starts at {at.isoformat()}, outside of the window '
                f'from {start.isoformat()} to {end.isoformat()}.',
                at,
                Words(f'{start.isoformat()} to {end.isoformat()}'),
            )
            return


def miscounted(
    log: Log, buckets: list[LogHistogramBucket], entries: list[LogEntry]
) -> Iterator[str]:
    """Yield where buckets and entries do not add up."""
    total = sum(bucket.count for bucket in buckets)
    if total != len(entries):
        yield with_values(
            f'the buckets add up to {counted_as(log.pager(), total)}, but a '
            f'search with the same conditions brings {len(entries)}.',
            total,
            len(entries),
        )
        return
    if any(bucket.levels for bucket in buckets):
        yield from _levels_miscounted(buckets, entries)
    far = dt.datetime.max.replace(tzinfo=dt.UTC)
    starts = [*sorted(instant(bucket) for bucket in buckets), far]
    slack = max(log.fine, dt.timedelta(milliseconds=1))
    for bucket in buckets:
        at = instant(bucket)
        following = starts[starts.index(at) + 1]
        surely = sum(
            at + slack <= instant(entry) < following - slack
            for entry in entries
        )
        perhaps = sum(
            at - slack <= instant(entry) < following + slack
            if following is not far
            else at - slack <= instant(entry)
            for entry in entries
        )
        if not surely <= bucket.count <= perhaps:
            yield with_values(
                f'the bucket at {at.isoformat()} counts '
                f'{bucket.count}, but a search brings {surely} from there to '
                'the next bucket.',
                bucket.count,
                Words(
                    str(surely)
                    if surely == perhaps
                    else f'{surely} to {perhaps}'
                ),
            )
            return


def _levels_miscounted(
    buckets: list[LogHistogramBucket], entries: list[LogEntry]
) -> Iterator[str]:
    told: dict[str, int] = {}
    for bucket in buckets:
        for level, count in bucket.levels.items():
            told[level.lower()] = told.get(level.lower(), 0) + count
    held: dict[str, int] = {}
    for entry in entries:
        if entry.level is not None:
            held[entry.level.lower()] = held.get(entry.level.lower(), 0) + 1
    for level in sorted(held.keys() | told.keys()):
        if level in held and told.get(level, 0) != held[level]:
            yield with_values(
                f'the buckets have {told.get(level, 0)} of level {level!r}, '
                f'but a search brings {held[level]}.',
                told.get(level, 0),
                held[level],
            )
            return
