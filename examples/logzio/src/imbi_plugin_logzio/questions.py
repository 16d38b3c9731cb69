"""From the host's query to the body of a search.

Logz.io searches two days at a time: the current one in UTC and the one
before, or as many days earlier as `dayOffset` says. Its documentation leaves
open whether these are days of the calendar or times of 24 hours. A `Piece` is
the part of a window that one request reaches either way: the last two days of
the calendar together, and each day before by itself.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from imbi_plugin_logzio.settings import FIELD_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_logzio.settings import Settings
    from imbi_plugin_sdk import LogFilter, LogQuery

TIME = '@timestamp'
MESSAGE = 'message'
"""The one field that Logz.io breaks into words; others are kept whole."""

MOST_ENTRIES = 10_000
"""Entries of one answer (Logz.io docs, "Search logs")."""

MOST_BUCKETS = 1_000
"""Buckets of an aggregation (the same page)."""

MOST_LEVELS = 50
"""Levels that a histogram tells apart; a field with more is no level."""

MOST_DAYS = 31
"""Days of one window: each before yesterday takes a request of its own, and
no plan of Logz.io that is sold by default keeps more."""

ZERO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MS = dt.timedelta(milliseconds=1)
DAY = 86_400_000
"""Milliseconds."""

OPERATORS = {
    'eq': 'term',
    'ne': 'term',
    'starts_with': 'prefix',
    'regex': 'regexp',
}
"""Operator of the contract to query of the DSL, on fields kept whole. None of
them reads a wildcard in its value."""


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """A part of a window that one request reaches.

    Attributes:
        offset: The request's `dayOffset`.
        start: Milliseconds since the epoch, inclusive.
        end: Milliseconds since the epoch, not included.
    """

    offset: int
    start: int
    end: int


def milliseconds(instant: dt.datetime) -> int:
    """Return milliseconds since the epoch, rounded up.

    Entries are kept to the millisecond: the first at or after 0.1 ms is at
    1 ms, and the last before 0.1 ms at 0.

    Raises:
        ValueError: The datetime has no time zone.
    """
    if instant.utcoffset() is None:
        raise ValueError('start_time and end_time need a time zone.')
    return -((ZERO - instant) // MS)


def pieces(query: LogQuery, now: dt.datetime) -> list[Piece]:
    """Return the parts of a window, the newest first.

    Args:
        query: Its window.
        now: The current time, from which offsets are counted.

    Raises:
        ValueError: The window is reversed or too long.
    """
    start, end = milliseconds(query.start_time), milliseconds(query.end_time)
    if query.start_time > query.end_time:
        raise ValueError('The window ends before it starts.')
    today = milliseconds(now) // DAY
    days = today - start // DAY + 1
    if end - start > MOST_DAYS * DAY:
        raise ValueError(
            f'The window is longer than {MOST_DAYS} days; Logz.io is '
            'searched day by day. Ask for less.'
        )
    recent = (today - 1) * DAY
    found = [Piece(0, max(start, recent), end)]
    for back in range(2, days):
        first = (today - back) * DAY
        found.append(Piece(back - 1, max(start, first), min(end, first + DAY)))
    return [piece for piece in found if piece.start < piece.end]


def conditions(settings: Settings, query: LogQuery) -> dict[str, Any]:
    """Return what an entry must be beside in the window, as a bool query.

    Raises:
        ValueError: Logz.io has no such condition.
    """
    must: list[dict[str, Any]] = [
        {'term': {field: {'value': value}}}
        for field, value in settings.scope.items()
    ]
    if query.levels:
        must.append({'terms': {settings.level_field: list(query.levels)}})
    without: list[dict[str, Any]] = []
    for one in query.filters:
        (without if one.op == 'ne' else must).append(_condition(one))
    return {'filter': must, 'must_not': without}


def _condition(one: LogFilter) -> dict[str, Any]:
    if not FIELD_NAME.fullmatch(one.field):
        raise ValueError(f'There is no field {one.field[:40]!r}.')
    if one.field == MESSAGE:
        if one.op != 'contains':
            raise ValueError(
                f'Logz.io keeps {MESSAGE} as words: it can be searched with '
                f'contains, not with {one.op}.'
            )
        return {'match_phrase': {MESSAGE: {'query': one.value}}}
    kind = OPERATORS.get(one.op)
    if kind is None:
        raise ValueError(
            f'Logz.io searches no field but {MESSAGE} with {one.op}, which '
            'would take a wildcard at the beginning. Use starts_with.'
        )
    return {kind: {one.field: {'value': one.value}}}


def search_body(
    chosen: Mapping[str, Any],
    piece: Piece,
    size: int,
    after: tuple[int, str] | None,
) -> dict[str, Any]:
    """Return the body that asks for entries, the newest first.

    Entries share timestamps, so the id decides among them; with both,
    `search_after` names one place, whatever arrives meanwhile.
    """
    body: dict[str, Any] = {
        'size': size,
        'query': _within(chosen, piece),
        'sort': [
            {TIME: {'order': 'desc', 'unmapped_type': 'date'}},
            {'_id': {'order': 'desc'}},
        ],
    }
    if after is not None:
        body['search_after'] = list(after)
    return body


def histogram_body(
    chosen: Mapping[str, Any],
    piece: Piece,
    level_field: str,
    width: int,
    start: int,
) -> dict[str, Any]:
    """Return the body that counts entries in buckets of time.

    Args:
        chosen: What `conditions` returned.
        piece: Which part of the window.
        level_field: Field of the level.
        width: Milliseconds of a bucket.
        start: Where the window's first bucket starts, in milliseconds.
    """
    return {
        'size': 0,
        'query': _within(chosen, piece),
        'aggs': {
            'times': {
                'date_histogram': {
                    'field': TIME,
                    'fixed_interval': f'{width}ms',
                    'offset': f'{start % width}ms',
                    'min_doc_count': 1,
                },
                'aggs': {
                    'levels': {
                        'terms': {'field': level_field, 'size': MOST_LEVELS}
                    }
                },
            }
        },
    }


def _within(chosen: Mapping[str, Any], piece: Piece) -> dict[str, Any]:
    window = {
        'range': {
            TIME: {
                'gte': piece.start,
                'lt': piece.end,
                'format': 'epoch_millis',
            }
        }
    }
    return {'bool': {**chosen, 'filter': [window, *chosen['filter']]}}


def identity(settings: Settings, query: LogQuery) -> bytes:
    """Return what a cursor is good for, as text that is the same each time."""
    facts = [
        settings.endpoint,
        settings.level_field,
        milliseconds(query.start_time),
        milliseconds(query.end_time),
        conditions(settings, query),
    ]
    return json.dumps(facts, sort_keys=True).encode()
