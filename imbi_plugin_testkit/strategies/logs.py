"""Strategies for entries and queries of a logs plugin."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy

    from imbi_plugin_sdk.handlers.logs import LogEntry, LogFilter, LogQuery
    from imbi_plugin_testkit.models.logs import LogLimits

    Window = tuple[dt.datetime, dt.datetime]

HOUR = 3_600.0
"""Seconds that a window goes back: every backend keeps that much."""

WORDS = ('check', 'checkout', 'checkout-worker', 'out', 'worker', 'w*', '"')
"""Values that are parts of one another, and two that are query syntax."""

_ZERO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def log_windows(
    limits: LogLimits, *, until: dt.datetime | None = None
) -> SearchStrategy[Window]:
    """Return windows of time, as start and end, at least two ticks long.

    Both are timezone-aware, as exact as the backend can tell, and within the
    hour before `until`.

    Args:
        limits: What the backend allows.
        until: The last instant of all windows; by default now.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    tick = dt.timedelta(seconds=limits.resolution)
    last = until or dt.datetime.now(dt.UTC)
    first = last - dt.timedelta(seconds=min(HOUR, limits.longest_window))
    low = -((_ZERO - first) // tick)
    high = (last - _ZERO) // tick
    ticks = st.tuples(st.integers(low, high - 2), st.integers(low + 2, high))
    return ticks.filter(lambda pair: pair[0] + 2 <= pair[1]).map(
        lambda pair: (_ZERO + pair[0] * tick, _ZERO + pair[1] * tick)
    )


def log_instants(
    limits: LogLimits, start: dt.datetime, end: dt.datetime
) -> SearchStrategy[dt.datetime]:
    """Return instants in a window that the backend can tell apart.

    Args:
        limits: What the backend allows.
        start: Start of the window, inclusive.
        end: End of the window, not included.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    tick = dt.timedelta(seconds=limits.resolution)
    low = -((_ZERO - start) // tick)
    high = -((_ZERO - end) // tick) - 1
    return st.integers(low, max(low, high)).map(
        lambda number: _ZERO + number * tick
    )


def log_entries(
    limits: LogLimits,
    start: dt.datetime,
    end: dt.datetime,
    *,
    values: Sequence[str] = WORDS,
) -> SearchStrategy[LogEntry]:
    """Return entries in a window, as a sandbox seeds them.

    Some share their timestamp, some lack a field.

    Args:
        limits: What the backend allows.
        start: Start of the window, inclusive.
        end: End of the window, not included.
        values: What messages begin with and text fields hold.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    from imbi_plugin_sdk.handlers.logs import LogEntry  # noqa: PLC0415

    value = st.sampled_from(list(values))
    levels = list(limits.levels)
    facts = st.fixed_dictionaries(
        {
            'timestamp': st.just(start) | log_instants(limits, start, end),
            'message': st.lists(value, min_size=1, max_size=3).map(' '.join),
            'level': st.sampled_from(levels) if levels else st.none(),
        },
        optional=dict.fromkeys(limits.fields, value),
    )
    return facts.map(LogEntry.model_validate)


def log_filters(
    limits: LogLimits, *, values: Sequence[str] = WORDS
) -> SearchStrategy[LogFilter]:
    """Return conditions that a backend has; nothing where it has none.

    Levels are only compared as a whole. A regex is a value with its own
    characters escaped, so that it means the same in every dialect.

    Args:
        limits: What the backend allows.
        values: What is compared with, beside the levels.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    from imbi_plugin_sdk.handlers.logs import LogFilter  # noqa: PLC0415

    names = [
        name
        for name in (*limits.fields, limits.message_field)
        if name is not None
    ]
    ops = limits.filter_ops
    rows = [
        (name, op, value) for name in names for op in ops for value in values
    ]
    if limits.level_field is not None:
        rows += [
            (limits.level_field, op, level)
            for op in ops
            if op in ('eq', 'ne')
            for level in limits.levels
        ]
    if not rows:
        return st.nothing()
    return st.sampled_from(rows).map(
        lambda row: LogFilter.model_validate(
            {
                'field': row[0],
                'op': row[1],
                'value': re.escape(row[2]) if row[1] == 'regex' else row[2],
            }
        )
    )


def log_queries(
    limits: LogLimits,
    *,
    until: dt.datetime | None = None,
    values: Sequence[str] = WORDS,
) -> SearchStrategy[LogQuery]:
    """Return first queries: a window, a limit, levels and filters.

    Args:
        limits: What the backend allows.
        until: The last instant of all windows; by default now.
        values: What is compared with.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    from imbi_plugin_sdk.handlers.logs import LogQuery  # noqa: PLC0415

    levels = list(limits.levels)
    some_levels: SearchStrategy[list[str]] = st.just([])
    if levels:
        some_levels = st.lists(st.sampled_from(levels), unique=True)
    one = log_filters(limits, values=values)
    conditions: SearchStrategy[list[LogFilter]] = st.just([])
    if not one.is_empty:
        conditions = st.lists(one, max_size=2)
    facts = st.fixed_dictionaries(
        {
            'limit': st.integers(1, min(limits.largest_limit, 50)),
            'levels': some_levels,
            'filters': conditions,
        }
    )
    windows = log_windows(limits, until=until)
    return st.tuples(windows, facts).map(
        lambda pair: LogQuery.model_validate(
            {'start_time': pair[0][0], 'end_time': pair[0][1], **pair[1]}
        )
    )
