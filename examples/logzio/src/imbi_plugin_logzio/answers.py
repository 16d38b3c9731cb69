"""What Logz.io answers: entries, counts and fields; and its refusals."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_logzio.questions import MESSAGE, MS, TIME, ZERO
from imbi_plugin_logzio.settings import FIELD_NAME
from imbi_plugin_sdk import (
    LogEntry,
    PluginAuthenticationFailed,
    PluginRateLimited,
    PluginUnavailableError,
)
from imbi_plugin_sdk.throttling import retry_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

WAIT = 10.0
"""Seconds to wait where a refusal names none."""

_EARLIEST = (dt.datetime.min.replace(tzinfo=dt.UTC) - ZERO) // MS
_LATEST = (dt.datetime.max.replace(tzinfo=dt.UTC) - ZERO) // MS
"""Between them a datetime can hold a number of milliseconds."""

_OWN = frozenset(LogEntry.model_fields) | {'model_config'}
"""Names that a field of an entry cannot have beside the contract's own."""

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, 'boolean'),
    ((int, float), 'number'),
    (str, 'string'),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Hit:
    """One entry as Logz.io has it.

    Attributes:
        at: Milliseconds since the epoch.
        id: Unique among entries of the same time.
        source: Its fields.
    """

    at: int
    id: str
    source: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """One answer to a search.

    Attributes:
        hits: The entries.
        total: How many there are on all pages; None where it is not exact.
        warnings: What is missing.
    """

    hits: list[Hit]
    total: int | None
    warnings: tuple[str, ...]


def malformed() -> PluginUnavailableError:
    """Return the error for an answer that is none of a search."""
    return PluginUnavailableError(
        'Logz.io answered with something that is no search result. Check '
        'the options region and endpoint_url.'
    )


def read_json(content: bytes) -> dict[str, Any]:
    """Return the object that an answer holds.

    Raises:
        PluginUnavailableError: It holds none.
    """
    try:
        found: object = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise malformed()
    return cast('dict[str, Any]', found)


def read_found(answer: Mapping[str, Any]) -> Found:
    """Return the entries of an answer.

    Raises:
        PluginUnavailableError: It is not what a search gives.
    """
    outer = answer.get('hits')
    if not isinstance(outer, dict):
        raise malformed()
    facts = cast('dict[str, Any]', outer)
    hits = facts.get('hits')
    if not isinstance(hits, list):
        raise malformed()
    return Found(
        [_hit(hit) for hit in cast('list[object]', hits)],
        _total(facts.get('total')),
        tuple(_warnings(answer)),
    )


def _hit(hit: object) -> Hit:
    if isinstance(hit, dict):
        facts = cast('dict[str, Any]', hit)
        source, place = facts.get('_source'), facts.get('sort')
        if isinstance(source, dict) and isinstance(place, list):
            match cast('list[object]', place):
                case [int(at), str(name)] if _is_instant(at):
                    return Hit(at, name, cast('dict[str, Any]', source))
                case _:
                    pass
    raise malformed()


def _is_instant(at: int) -> bool:
    """Return whether a datetime can hold a number of milliseconds."""
    return not isinstance(at, bool) and _EARLIEST <= at <= _LATEST


def _total(total: object) -> int | None:
    """Return a total that is exact; old engines tell a mere number."""
    if isinstance(total, dict):
        facts = cast('dict[str, Any]', total)
        total = facts.get('value') if facts.get('relation') == 'eq' else None
    is_count = isinstance(total, int) and not isinstance(total, bool)
    return total if is_count and isinstance(total, int) else None


def _warnings(answer: Mapping[str, Any]) -> Iterator[str]:
    shards: object = answer.get('_shards')
    failed = (
        cast('dict[str, Any]', shards).get('failed')
        if isinstance(shards, dict)
        else 0
    )
    if failed:
        yield 'A part of the logs could not be searched; entries may miss.'
    if answer.get('timed_out'):
        yield 'Logz.io ran out of time; entries may miss.'


def to_entry(hit: Hit, level_field: str) -> LogEntry:
    """Return an entry as the contract has it.

    Fields inside of others become fields named by their path.
    """
    facts = dict(flattened(hit.source))
    message = hit.source.get(MESSAGE)
    level = facts.pop(level_field, None)
    fields = {
        name: value
        for name, value in facts.items()
        if name not in _OWN and name not in (TIME, MESSAGE)
    }
    if level_field not in _OWN and level is not None:
        fields[level_field] = level
    return LogEntry.model_validate(
        {
            **fields,
            'timestamp': instant(hit.at),
            'message': _words(message),
            'level': None if level is None else _words(level),
            'raw': {'_id': hit.id, '_source': dict(hit.source)},
        }
    )


def instant(at: int) -> dt.datetime:
    """Return a datetime in UTC."""
    return ZERO + at * MS


def _words(value: object) -> str:
    if value is None:
        return ''
    return value if isinstance(value, str) else json.dumps(value)


def flattened(
    source: Mapping[str, Any], prefix: str = ''
) -> Iterator[tuple[str, Any]]:
    """Yield path and value of every field that is no object itself."""
    for name, value in source.items():
        path = f'{prefix}{name}'
        if isinstance(value, dict):
            yield from flattened(cast('dict[str, Any]', value), f'{path}.')
        else:
            yield path, value


def read_kinds(hits: Iterable[Hit]) -> dict[str, str]:
    """Return field to type, of all fields that a filter may name."""
    found: dict[str, str] = {}
    for hit in hits:
        for name, value in flattened(hit.source):
            first: object = value
            if isinstance(value, list) and value:
                first = cast('list[object]', value)[0]
            for kind, word in _KINDS:
                if isinstance(first, kind) and FIELD_NAME.fullmatch(name):
                    found.setdefault(name, word)
                    break
    return found


def read_counts(
    answer: Mapping[str, Any],
) -> Iterator[tuple[int, int, dict[str, int]]]:
    """Yield time, count and levels of each bucket.

    Raises:
        PluginUnavailableError: The answer is no histogram.
    """
    try:
        for bucket in answer['aggregations']['times']['buckets']:
            levels = {
                str(level['key']): int(level['doc_count'])
                for level in bucket['levels']['buckets']
            }
            yield int(bucket['key']), int(bucket['doc_count']), levels
    except (KeyError, TypeError, ValueError):
        broken = True
    else:
        broken = False
    if broken:
        raise malformed()


def raise_for(status: int, headers: Mapping[str, str]) -> None:
    """Raise what a status means; return if it is a success.

    Nothing of the body gets into a message: engines quote the query.

    Raises:
        PluginAuthenticationFailed: 401 or 403.
        PluginRateLimited: 429, with the time to try again.
        ValueError: 400: the query is none, as with a bad regex.
        PluginUnavailableError: Anything else.
    """
    if status == 200:  # noqa: PLR2004  HTTP
        return
    if status in (401, 403):
        raise PluginAuthenticationFailed(
            f'Logz.io rejected the API token ({status}). Check that it is a '
            'token of this account and region, with the right to search.'
        )
    if status == 429:  # noqa: PLR2004  HTTP
        raise PluginRateLimited(
            retry_at(headers.get('retry-after'), otherwise=WAIT),
            'Logz.io takes no more searches at the moment.',
        )
    if status == 400:  # noqa: PLR2004  HTTP
        raise ValueError(
            'Logz.io refused the query: a regex or a value does not fit its '
            'field.'
        )
    raise PluginUnavailableError(
        f'Logz.io answered with status {status}. Check the options region '
        'and endpoint_url if that stays.'
    )
