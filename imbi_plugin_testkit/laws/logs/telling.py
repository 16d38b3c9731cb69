"""Laws of what is told about entries: fields and histograms."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import counted, shown
from imbi_plugin_sdk.contract import is_implemented
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import with_values
from imbi_plugin_testkit.lab.answers import fresh
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._paging import counted_as, declared, some
from imbi_plugin_testkit.laws._store import is_typed
from imbi_plugin_testkit.laws.logs._histogram import miscounted, misplaced
from imbi_plugin_testkit.laws.logs._story import (
    SEEDS,
    SLOTS,
    TYPES,
    Log,
)
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from imbi_plugin_sdk.handlers.logs import LogEntry
    from imbi_plugin_testkit.lab import Lab

TRIED_FIELDS = 12
"""Fields of a schema that are filtered by; an index may have thousands."""

OPERATORS = ('eq', 'contains', 'starts_with', 'regex', 'ne')
"""Operators of the contract: a field may have one that others lack, as a text
that is only searched by words."""

TEXT_TYPES = frozenset({'string', 'str', 'text', 'keyword'})
"""Types of a schema by which any text can be compared."""

BUCKETS = (1, 7, 60)
"""Counts of buckets: one, one that divides no window evenly, the default."""

ATTEMPTS = 3
"""Times that a histogram is compared with what a search brings, before and
after; a backend that is not at rest differs for a moment."""


def _has_histogram(data: Mapping[str, Any]) -> bool:
    return data.get('supports_histogram') is True


@check(
    'LOG014',
    title='schema fields are unique, JSON-serialisable, filterable and stable',
    fix='Give each field once, by the name that a filter takes, with a type '
    'as text; hold it against what `search` accepts.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
)
async def schema_is_usable(lab: Lab) -> AsyncIterator[Finding]:
    """What the schema names, a filter can name.

    The host offers the fields in a list and sends back what was chosen, as
    JSON. A name that comes twice, that changes from call to call, or that a
    search then refuses is a broken list. Every entry needs a `name` and a
    `type`; other keys are free. Each field of a text type takes at least one
    operator, and those that the sandbox names find what was seeded.
    """
    log = Log(lab)
    limits = log.limits
    for slot, word in ((10, 'north'), (20, 'south'), (30, 'north')):
        values = {field: f'{word}-{field}' for field in limits.fields}
        log.line(log.at(slot), text=word, fields=values)
    await log.seed()
    schema = await _schema(log)
    problems = list(_shape(schema))
    for path, message in problems:
        yield Finding(path, message)
    if problems:
        return
    types = {entry['name']: entry['type'] for entry in schema}
    again = {entry['name']: entry['type'] for entry in await _schema(log)}
    if again != types:
        odd = {
            name
            for name in types.keys() | again.keys()
            if types.get(name) != again.get(name)
        }
        yield Finding(
            'schema()',
            f'two calls differ in {some(odd)}; the schema is stable.',
        ).comparing(again, types)
    known = [
        name
        for name in (
            *limits.fields,
            limits.message_field,
            limits.level_field,
        )
        if name is not None
    ]
    for name in known:
        if name not in types:
            yield Finding(
                'schema()',
                f'{name!r} is missing, which the sandbox says may be '
                'filtered.',
            ).comparing(sorted(types), sorted({*types, *known}))
    async for finding in _unusable(log, types, known):
        yield finding


async def _schema(log: Log) -> list[dict[str, Any]]:
    answer = await log.lab.attempt('schema', ctx=fresh(log.context))
    found: list[dict[str, Any]] = declared(log.lab, answer)
    return found


def _shape(schema: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield path and message of what is wrong with a schema itself."""
    names: list[str] = []
    for index, entry in enumerate(schema):
        path = f'schema()[{index}]'
        try:
            json.dumps(entry, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            told = type(error).__name__
            yield path, f'it cannot be written as JSON ({told}).'
        for key in ('name', 'type'):
            value = entry.get(key)
            if not isinstance(value, str) or not value.strip():
                seen = 'missing' if key not in entry else shown(value)
                yield path, f'{key!r} is {seen}; it must be a text.'
            elif key == 'name':
                names.append(value)
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        message = f'{some(twice)} comes more than once.'
        yield (
            'schema()',
            with_values(message, names, list(dict.fromkeys(names))),
        )


async def _unusable(
    log: Log, types: Mapping[str, str], known: list[str]
) -> AsyncIterator[Finding]:
    """Yield the fields that no filter can name."""
    rest = sorted(types.keys() - set(known))
    tried = [name for name in known if name in types]
    tried += log.lab.rng.sample(rest, k=min(len(rest), TRIED_FIELDS))
    for name in tried:
        refused, typed = await _refusal(log, name)
        # A text may be no number, and refused for that.
        if refused and (types[name].lower() in TEXT_TYPES or not typed):
            yield Finding(
                f'schema()[{name!r}]',
                f'the schema names {name!r}, but a filter that does raised '
                f'{refused}; every field in it can be filtered.',
            )
        elif name in log.limits.fields and 'eq' in log.limits.filter_ops:
            value = f'north-{name}'
            found = await log.found(filters=[(name, 'eq', value)])
            wanted = log.where(**{name: value})
            if found != wanted:
                yield Finding(
                    f'schema()[{name!r}]',
                    f'the schema names {name!r}, but the filter {name} eq '
                    f'{value!r} brought {len(found)} of the {len(wanted)} '
                    'entries that have it.',
                ).comparing(sorted(found), sorted(wanted))


async def _refusal(log: Log, name: str) -> tuple[str, bool]:
    """Return what a filter on a field raised, and whether that is typed.

    Blank where one operator is accepted.
    """
    refused, typed = '', True
    for op in dict.fromkeys((*log.limits.filter_ops, *OPERATORS)):
        answer = await log.attempt(filters=[(name, op, 'north')])
        if answer.error is None:
            return '', True
        told = described(answer.error, log.lab.secrets)
        refused = f'{told}{log.lab.place(answer.error)}'
        typed = is_typed(answer.error)
        if not typed:
            break
    return refused, typed


@check(
    'LOG015',
    title='a histogram counts what a search finds, in ordered buckets',
    fix='Let the first bucket start at the start of the window, take a width '
    'that needs no more than `bucket_count`, and count with the same '
    'conditions as the search.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
    applies=_has_histogram,
)
async def histogram_adds_up(lab: Lab) -> AsyncIterator[Finding]:
    """The picture above the list shows the list.

    A bar that stands for entries which a search does not find, or the
    other way round, leads to the wrong minute. Buckets are ordered and
    unique, start inside the window and are at most `bucket_count`; each
    counts the entries from its start to the next one's, all of them and per
    level where levels are told. Buckets without entries may be left out, and
    an entry that lies on a border may be in either. Entries of another
    project, logged at the same times, count for nothing.
    """
    log = Log(lab)
    field = ''.join(log.limits.fields[:1])
    for index in range(24):
        slot = 1 + index * 2.4 + lab.rng.random()
        fields = {field: 'odd' if index % 2 else 'even'} if field else {}
        log.line(log.at(slot), fields=fields)
    log.line(log.at(SLOTS) - log.fine)
    await log.seed()
    await log.neighbour()
    levels = list(log.limits.levels[:1])
    narrow = {'start_time': log.at(7), 'end_time': log.at(41)}
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        (BUCKETS, {}),
        ((7,), narrow),
        ((60,), {'levels': levels}),
    ]
    if field and 'eq' in log.limits.filter_ops:
        cases.append(((7,), {'filters': [(field, 'eq', 'odd')]}))
    for counts, changes in cases:
        before = await log.entries(**changes)
        for count in counts:
            problems = await _told_wrong(log, count, changes, before)
            for path, message in problems:
                yield Finding(path, message)


async def _told_wrong(
    log: Log, count: int, changes: dict[str, Any], before: list[LogEntry]
) -> list[tuple[str, str]]:
    """Return path and message of what is wrong with one histogram."""
    query = log.query(**changes)
    call = f'histogram(query, bucket_count={count})'
    problems: list[tuple[str, str]] = []
    for _ in range(ATTEMPTS):
        buckets = await log.histogram(count, **changes)
        problems = [
            (call, message)
            for message in (
                *misplaced(buckets, count, query.start_time, query.end_time),
                *miscounted(log, buckets, before),
            )
        ]
        if not problems:
            return []
        after = await log.entries(**changes)
        if len(before) == len(after):
            return problems
        before = after
    return problems


@check(
    'LOG017',
    title='a declared histogram is there, and is not blank where entries are',
    fix='Implement `histogram`, or take `supports_histogram` out of the '
    'manifest.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=SEEDS,
    applies=_has_histogram,
)
async def histogram_is_told_truly(lab: Lab) -> AsyncIterator[Finding]:
    """`supports_histogram` makes the host draw a histogram.

    Where the method is the contract's default, or gives nothing, a blank
    picture says that nothing was logged. Entries are seeded, and the
    buckets must count some of them. A histogram that is implemented but not
    declared is never asked for; a warning of its own tells of that.
    """
    if not is_implemented(lab.plugin.handler, 'histogram'):
        yield Finding(
            'manifest.supports_histogram',
            'the manifest declares a histogram, but the handler does not '
            'override `histogram`.',
        )
        return
    log = Log(lab)
    log.spread(5)
    await log.seed()
    for changes in ({}, {'start_time': log.at(0.5), 'end_time': log.at(3)}):
        buckets = await log.histogram(BUCKETS[-1], **changes)
        if not any(bucket.count > 0 for bucket in buckets):
            seen = await log.found(**changes)
            yield Finding(
                'histogram(query)',
                f'{counted(len(buckets), "bucket")} came, all blank, where '
                f'a search brings {counted_as(log.pager(), len(seen))}.',
            ).comparing(0, len(seen))
