"""What filters must find among lines that a law seeded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.comparing import with_values
from imbi_plugin_testkit.laws._paging import some
from imbi_plugin_testkit.model import Finding, Untestable

if TYPE_CHECKING:
    import random
    from collections.abc import (
        AsyncIterator,
        Callable,
        Iterator,
        Mapping,
        Sequence,
    )

    from imbi_plugin_testkit.laws.logs._story import Log

WORDS = ('check', 'checkout', 'checkout-worker', 'out', 'worker', 'worker2')
"""Values that are beginnings, ends and parts of one another."""

PATTERN = 'worker[0-9]'
"""A regex that means the same in every dialect, matched whole or in part."""

SURELY = ('*', '"', '.*', 'c*', '\\', 'check OR out')
"""Wildcards, a quote, an escape and an operator, tried with every seed."""

WILD = ('*', '.*', 'c*')
"""Those of them that find too much where they are read as patterns."""

SYNTAX = (
    "'",
    '?',
    'chec?',
    '%',
    '_heck',
    'a\\"b',
    '" OR "a"="a',
    "' OR '1'='1",
    '*:*',
    '[* TO *]',
    '/.*/',
    '|',
    'check | out',
    '(check)',
    '{"match_all": {}}',
    '${check}',
    'check" | limit 10 #',
    '-check',
    '~check',
    'check\tout',
)
"""More of Lucene, SQL, LogQL, Insights and the OpenSearch DSL."""

SOME = 3
"""Of those are tried at a time, others with another seed."""


def hostile(rng: random.Random) -> list[str]:
    """Return values that some query language takes for syntax."""
    return [*SURELY, *rng.sample(SYNTAX, k=SOME)]


class Filters:
    """A log whose lines differ in one field each, and what filters find.

    Attributes:
        log: The log.
        fields: Names by which a filter names fields: text fields first, then
            message and level where they can be filtered.

    Raises:
        Untestable: The backend can filter by nothing.
    """

    def __init__(self, log: Log, more: Sequence[str] = ()) -> None:
        """Prepare lines.

        Args:
            log: Where.
            more: Values beside words that some of them have.
        """
        limits = log.limits
        self.log = log
        others = (limits.message_field, limits.level_field)
        self.fields = [
            *limits.fields[:2],
            *(name for name in others if name is not None),
        ]
        if not self.fields or not limits.filter_ops:
            raise Untestable(
                'the backend filters by nothing (`fields` and `filter_ops` '
                'of its `LogLimits`)'
            )
        self._prepare([*WORDS, *more])

    def _prepare(self, values: Sequence[str]) -> None:
        log, limits = self.log, self.log.limits
        for number, value in enumerate(values):
            fields = {
                field: values[(number + shift) % len(values)]
                # The second field is missing in a few lines.
                for shift, field in enumerate(limits.fields[:2])
                if not shift or number % 3
            }
            log.line(log.at(1 + number), text=value, fields=fields)

    async def seed(self) -> None:
        """Let the sandbox seed the lines."""
        await self.log.seed()

    def ops(self, *wanted: str) -> list[str]:
        """Return those operators that the backend has."""
        return [op for op in wanted if op in self.log.limits.filter_ops]

    def values(self, field: str) -> dict[str, str]:
        """Return name of a line to its value of a field, if it has one."""
        limits = self.log.limits
        found: dict[str, str] = {}
        for name, line in self.log.lines.items():
            value: str | None = line.fields.get(field)
            if field not in limits.fields:
                is_message = field == limits.message_field
                value = line.message if is_message else line.level
            if value is not None:
                found[name] = value
        return found

    async def judged(self, field: str) -> AsyncIterator[Finding]:
        """Yield what is wrong with the operators on one field."""
        for value in self._tried(field):
            answers: dict[str, set[str]] = {}
            for op in self.ops(*self._fitting(field)):
                found = await self.log.found(filters=[(field, op, value)])
                answers[op] = found
                for message in self.wrong(field, op, value, found):
                    yield Finding('search(query.filters)', message)
            for message in _together(field, value, answers):
                yield Finding('search(query.filters)', message)
        if self.ops('regex') and field in self.log.limits.fields:
            found = await self.log.found(filters=[(field, 'regex', PATTERN)])
            for message in self.wrong(field, 'regex', PATTERN, found):
                yield Finding('search(query.filters)', message)

    def _fitting(self, field: str) -> tuple[str, ...]:
        """Return the operators that make sense on a field."""
        if field == self.log.limits.level_field:
            return ('eq', 'ne')
        return ('eq', 'ne', 'starts_with', 'contains')

    def _tried(self, field: str) -> list[str]:
        """Return the values that a field is filtered by."""
        values = sorted(set(self.values(field).values()))
        if field == self.fields[0] and field in self.log.limits.fields:
            return ['check', 'worker', 'checkout-worker']
        if field in self.log.limits.fields:
            return ['checkout']
        if field == self.log.limits.message_field:
            return ['checkout', f'out {self.log.token}']
        return values[:1]

    def wrong(
        self, field: str, op: str, value: str, found: set[str]
    ) -> Iterator[str]:
        """Yield how what was found differs from what had to be.

        What `contains` must find is only what every meaning of it finds:
        a value that begins with the text. More may be found where the text
        is inside.
        """
        held = self.values(field)
        must, forbidden = _meant(op, value, held)
        if op != 'ne':
            # With `ne` it is open whether what lacks the field comes.
            forbidden |= self.log.lines.keys() - held.keys()
        for odd, what in (
            (found & forbidden, 'brought'),
            (must - found, 'did not bring'),
        ):
            if odd:
                lines = {held[name] for name in odd if name in held}
                told = some(lines) if lines else 'nothing at all'
                yield with_values(
                    f'the filter {field} {op} {value!r} {what} an entry '
                    f'whose {field} is {told}; a filter compares values, and '
                    'only in a regex anything but the text itself has a '
                    'meaning.',
                    sorted(found),
                    sorted((found | must) - forbidden),
                )


def _meant(
    op: str, value: str, held: Mapping[str, str]
) -> tuple[set[str], set[str]]:
    """Return names that must be found, and names that must not.

    Between them lies what the contract leaves open: whether case counts,
    and whether `contains` looks into words or only at their beginnings.

    Args:
        op: The operator.
        value: What is compared with.
        held: Name to value.
    """
    low = value.lower()

    def names(holds: Callable[[str], object]) -> set[str]:
        return {name for name, text in held.items() if holds(text)}

    if op == 'eq':
        return (
            names(lambda text: text == value),
            names(lambda text: text.lower() != low),
        )
    if op == 'ne':
        return (
            names(lambda text: text.lower() != low),
            names(lambda text: text == value),
        )
    if op == 'starts_with':
        return (
            names(lambda text: text.startswith(value)),
            names(lambda text: not text.lower().startswith(low)),
        )
    if op == 'contains':
        return (
            names(lambda text: text.startswith(value)),
            names(lambda text: low not in text.lower()),
        )
    return (
        names(lambda text: re.fullmatch(value, text)),
        names(lambda text: not re.search(value, text)),
    )


def _together(
    field: str, value: str, answers: Mapping[str, set[str]]
) -> Iterator[str]:
    """Yield where two operators contradict each other."""
    if {'eq', 'ne'} <= answers.keys():
        both = answers['eq'] & answers['ne']
        if both:
            yield with_values(
                f'{some(both)} came with the filter {field} eq {value!r} and '
                'with ne too; they part the entries that have the field.',
                sorted(answers['ne']),
                sorted(answers['ne'] - both),
            )
    if {'starts_with', 'contains'} <= answers.keys():
        lost = answers['starts_with'] - answers['contains']
        if lost:
            yield with_values(
                f'{some(lost)} came with the filter {field} starts_with '
                f'{value!r} and not with contains; what starts with a text '
                'contains it.',
                sorted(answers['contains']),
                sorted(answers['contains'] | lost),
            )


def conditions(
    log: Log, fields: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any], set[str]]]:
    """Yield words, a narrower query, and what it must find.

    Args:
        log: Its lines are seeded.
        fields: Text fields that all of them have.
    """
    levels = log.limits.levels
    for kept in (levels[:1], levels[1:3], levels):
        if kept:
            told = f'levels={list(kept)}'
            yield told, {'levels': list(kept)}, log.where(level=kept)
    if not fields or 'eq' not in log.limits.filter_ops:
        return
    rows = [
        (field, 'eq', next(iter(log.lines.values())).fields[field])
        for field in fields
    ]
    if 'ne' in log.limits.filter_ops:
        field, _, value = rows[0]
        both = [rows[0], (field, 'ne', value)]
        yield f'both of filters={both}', {'filters': both}, set()
    for chosen in ([rows[0]], rows):
        told = f'filters={chosen}'
        facts = {field: value for field, _, value in chosen}
        yield told, {'filters': chosen}, log.where(**facts)
        if levels:
            kept = levels[:2]
            yield (
                f'{told} and levels={list(kept)}',
                {'filters': chosen, 'levels': list(kept)},
                log.where(level=kept, **facts),
            )
