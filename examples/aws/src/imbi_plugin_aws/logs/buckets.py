"""A histogram out of the bins of Logs Insights.

`bin(5m)` cuts time at whole multiples of five minutes since the epoch, so the
first bin may begin before the window, and a window touches one bin more than
fits into it. Bins are asked for as fine as the number of buckets allows; where
even the widest are too many, neighbours are added up here (law LOG015).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from imbi_plugin_aws.logs.language import LEVEL
from imbi_plugin_aws.logs.windows import instant, read_instant
from imbi_plugin_sdk import LogHistogramBucket

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imbi_plugin_aws.logs.client import Row
    from imbi_plugin_aws.logs.windows import Window

_UNITS = {
    'ms': (1, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    's': (1_000, (1, 2, 5, 10, 15, 30)),
    'm': (60_000, (1, 2, 5, 10, 15, 30)),
    'h': (3_600_000, (1, 2, 3, 4, 6, 12)),
    'd': (86_400_000, (1,)),
}
"""Unit of a period to its milliseconds, and how many of it make a round bin.
All divide the next unit, so that bins begin where a clock shows it."""

PERIODS = {
    f'{count}{unit}': count * size
    for unit, (size, counts) in _UNITS.items()
    for count in counts
}
"""Period to milliseconds, from the finest to the widest."""


def choose_period(window: Window, most: int) -> str:
    """Return the finest period that cuts a window into so many bins.

    Args:
        window: What is cut.
        most: The most bins; the widest period may make more of them.
    """
    for period, width in PERIODS.items():
        if len(_bins(window, width)) <= most:
            return period
    return next(reversed(PERIODS))


def read_counts(
    rows: Iterable[Row], period: str
) -> dict[int, dict[str, int]] | None:
    """Return the start of each bin to level to entries, '' for no level.

    Returns:
        None where a row is none that the query can give.
    """
    counts: dict[int, dict[str, int]] = {}
    for row in rows:
        start = read_instant(row.get(f'bin({period})', ''))
        entries = row.get('entries', '')
        if start is None or not (entries.isascii() and entries.isdigit()):
            return None
        levels = counts.setdefault(start, {})
        level = row.get(LEVEL, '')
        levels[level] = levels.get(level, 0) + int(entries)
    return counts


def histogram(
    counts: Mapping[int, Mapping[str, int]],
    window: Window,
    period: str,
    most: int,
) -> list[LogHistogramBucket]:
    """Return the buckets of a window, empty ones included.

    Args:
        counts: What `read_counts` returned.
        window: What was cut; the first bucket starts with it.
        period: Width of a bin.
        most: The most buckets.
    """
    bins = _bins(window, PERIODS[period])
    size = -(-len(bins) // most)
    buckets: list[LogHistogramBucket] = []
    for first in range(0, len(bins), size):
        levels: dict[str, int] = {}
        for start in itertools.islice(bins, first, first + size):
            for level, entries in counts.get(start, {}).items():
                levels[level] = levels.get(level, 0) + entries
        buckets.append(
            LogHistogramBucket(
                timestamp=instant(max(bins[first], window.start)),
                count=sum(levels.values()),
                levels={
                    level: entries
                    for level, entries in sorted(levels.items())
                    if level
                },
            )
        )
    return buckets


def _bins(window: Window, width: int) -> range:
    """Return where the bins that a window touches begin."""
    return range(window.start // width * width, window.end, width)
