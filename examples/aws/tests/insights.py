"""moto's Logs Insights, mended: the query language, states, StopQuery.

As shipped, moto ignores `filter` and `stats`, writes `@timestamp` as a
number, answers 500 to an unknown query, and every query is complete at once.
"""

from __future__ import annotations

import base64
import collections
import datetime as dt
import itertools
import json
import random
from typing import TYPE_CHECKING, Any

from tests.insights_language import Malformed, Record, Timestamp, parse

if TYPE_CHECKING:
    from collections.abc import Callable

LINGERS = 20
"""Every so many queries one is not complete at once, without being told to:
often enough for every law to meet one in a few runs, seldom enough that the
laws do not spend their time on waiting."""

FINAL = frozenset({'Complete', 'Failed', 'Cancelled', 'Timeout'})


class Rows(list):
    """Rows of an answer, and how many entries matched."""

    matched = 0
    scanned = 0


def records_of(group: Any, start: int, end: int) -> list[Record]:
    """Return the entries of a log group in a time range, as records.

    The range is inclusive, in seconds (API reference, `StartQuery`).
    """
    return [
        _discovered(event.message)
        | {
            '@timestamp': Timestamp(event.timestamp),
            '@ingestionTime': Timestamp(event.ingestion_time),
            '@message': event.message,
            '@logStream': stream.log_stream_name,
            '@log': f'{group.account_id}:{group.name}',
            '@ptr': base64.b64encode(
                f'{event.event_id:012}'.encode()
            ).decode(),
        }
        for stream in group.streams.values()
        for event in stream.events
        if start * 1_000 <= event.timestamp <= end * 1_000
    ]


def _discovered(message: str) -> Record:
    """Return the fields of a JSON entry; what is nested is joined by dots."""
    try:
        body = json.loads(message) if message.lstrip()[:1] == '{' else None
    except ValueError:
        body = None
    return dict(_flat('', body)) if isinstance(body, dict) else {}


def _flat(prefix: str, value: Any) -> Any:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in items:
            yield from _flat(
                f'{prefix}.{name}' if prefix else str(name), inner
            )
    elif value is not None:
        yield prefix, value


def execute_query(
    log_groups: list[Any], query: str, start_time: int, end_time: int
) -> Rows:
    """Answer a query; what moto calls in place of its own evaluator.

    Raises:
        Malformed: The text is no query.
    """
    parsed = parse(query)
    records = [
        record
        for group in log_groups
        for record in records_of(group, start_time, end_time)
    ]
    rows = Rows()
    rows.scanned = len(records)
    for step in parsed.steps:
        records = step(records)
    rows.matched = len(records)
    if parsed.aggregate is not None:
        records = parsed.aggregate(records)
    # AWS promises no order among equals, so there is a new one every time.
    random.Random(next(_ORDERS)).shuffle(records)
    for name, descending in reversed(parsed.sort):
        records.sort(key=_by(name), reverse=descending)
    shown = parsed.shown or ['@timestamp', '@message']
    if parsed.aggregate is None:
        shown = [*shown, '@ptr']
    rows += [
        {
            name: _shown(record[name])
            for name in shown
            if record.get(name) is not None
        }
        for record in records[: parsed.limit]
    ]
    return rows


_ORDERS = itertools.count()


def _by(name: str) -> Callable[[Record], Any]:
    return lambda record: (name in record, record.get(name, 0))


def _shown(value: Any) -> str:
    if isinstance(value, Timestamp):
        when = dt.datetime.fromtimestamp(value / 1_000, dt.UTC)
        return f'{when:%Y-%m-%d %H:%M:%S}.{value % 1_000:03}'
    return value if isinstance(value, str) else json.dumps(value)


class States:
    """Which states queries go through before they are complete.

    Attributes:
        upcoming: For the next queries, one list each; the last state stays
            if it is final.
        started: Ids of all queries, in order.
        stopped: Ids of the queries that were stopped.
    """

    def __init__(self) -> None:
        self.upcoming: collections.deque[list[str]] = collections.deque()
        self.started: list[str] = []
        self.stopped: list[str] = []
        self._ahead: dict[str, list[str]] = {}

    def start(self, query_id: str) -> None:
        self.started.append(query_id)
        if self.upcoming:
            ahead = list(self.upcoming.popleft())
        elif len(self.started) % LINGERS == 0:
            ahead = ['Running']  # `upcoming` has all the other states
        else:
            ahead = []
        self._ahead[query_id] = ahead

    def next(self, query_id: str) -> str:
        ahead = self._ahead[query_id]
        if not ahead:
            return 'Complete'
        return ahead[0] if ahead[0] in FINAL else ahead.pop(0)

    def stop(self, query_id: str) -> bool:
        if query_id not in self._ahead or not self._ahead[query_id]:
            return False
        self._ahead[query_id] = ['Cancelled']
        self.stopped.append(query_id)
        return True


STATES = States()


def mend() -> None:
    """Replace what moto gets wrong; fails where moto has no such place."""
    from moto.core.exceptions import JsonRESTError  # noqa: PLC0415  slow
    from moto.logs import models, responses  # noqa: PLC0415

    kinds = models.LogsBackend, responses.LogsResponse
    for owner, name in (
        (models, 'execute_query'),
        (kinds[0], 'start_query'),
        (kinds[1], 'get_query_results'),
    ):
        assert callable(getattr(owner, name, None)), (
            f'moto has no {owner.__name__}.{name} to replace; pin the '
            'version that was tried, or mend this module.'
        )
    start = kinds[0].start_query

    def evaluated(**question: Any) -> Rows:
        try:
            return execute_query(**question)
        except Malformed as error:
            raise JsonRESTError(
                'MalformedQueryException', str(error)
            ) from None

    def start_query(self: Any, *arguments: Any, **named: Any) -> str:
        query_id = start(self, *arguments, **named)
        STATES.start(query_id)
        return query_id

    def known(self: Any) -> tuple[str, Any]:
        query_id = self._get_param('queryId')
        query = self.logs_backend.queries.get(query_id)
        if query is None:
            raise JsonRESTError(
                'ResourceNotFoundException', 'The query does not exist.'
            )
        return query_id, query

    def get_query_results(self: Any) -> str:
        query_id, query = known(self)
        status = STATES.next(query_id)
        # A query that runs shows what it has found so far.
        part = {'Complete': None, 'Running': len(query.results) // 2}
        rows = query.results[: part.get(status, 0)]
        return json.dumps(
            {
                'results': [
                    [{'field': name, 'value': row[name]} for name in row]
                    for row in rows
                ],
                'statistics': {
                    'recordsMatched': float(
                        query.results.matched
                        if status == 'Complete'
                        else len(rows)
                    ),
                    'recordsScanned': float(query.results.scanned),
                    'bytesScanned': 0.0,
                },
                'status': status,
            }
        )

    def stop_query(self: Any) -> str:
        query_id, _ = known(self)
        if not STATES.stop(query_id):
            raise JsonRESTError(
                'InvalidParameterException', 'The query has ended.'
            )
        return json.dumps({'success': True})

    models.execute_query = evaluated
    kinds[0].start_query = start_query
    kinds[1].get_query_results = get_query_results
    kinds[1].stop_query = stop_query
