"""The query language of Logs Insights, as far as AWS documents what we use.

Parses strictly: what is not listed here, or not documented, is `Malformed`,
as an unknown construct is for AWS. Written from the user guide ("CloudWatch
Logs Insights language query syntax"), not from any plugin.

| Command | Taken |
|---|---|
| fields | expressions, `as` |
| filter | and, or, not, comparisons, like with text or regex, in, functions |
| parse | a field and a regex with named groups |
| stats | count(*), count(field), by fields and bin(period) |
| sort | fields, each with asc or desc |
| limit | 1 to 10,000 |

A comparison with a missing field is neither true nor false; `filter` keeps
what is true.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

Record = dict[str, Any]
Expression = Callable[[Record], Any]

CAPS = {'ms': 1_000, 's': 60, 'm': 60, 'h': 24, 'd': 31}
"""Unit of a period to the most of it that one bin takes."""

MILLISECONDS = {
    'ms': 1,
    's': 1_000,
    'm': 60_000,
    'h': 3_600_000,
    'd': 86_400_000,
}


class Malformed(Exception):  # noqa: N818  half of the name that AWS gives
    """The query is none; AWS answers MalformedQueryException."""


class Timestamp(int):
    """Milliseconds since the epoch, of the language's type for time."""


@dataclasses.dataclass
class Query:
    """A parsed query: steps over records, and what is shown."""

    steps: list[Callable[[list[Record]], list[Record]]]
    shown: list[str]
    aggregate: Callable[[list[Record]], list[Record]] | None = None
    sort: list[tuple[str, bool]] = dataclasses.field(default_factory=list)
    limit: int = 10_000


class Scanner:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def take(self, pattern: str) -> str | None:
        """Return what matches here, behind white space, or None."""
        found = re.compile(rf'\s*({pattern})', re.IGNORECASE).match(
            self.text, self.at
        )
        if not found:
            return None
        self.at = found.end()
        return found[1]

    def want(self, pattern: str) -> str:
        if (found := self.take(pattern)) is None:
            raise self.malformed(f'{pattern} expected')
        return found

    def malformed(self, why: str) -> Malformed:
        return Malformed(f'{why} at {self.text[self.at :][:40]!r}')

    def field(self) -> str:
        quoted = self.take(r'`[^`]+`')
        return quoted[1:-1] if quoted else self.want(r'@?[a-z_]\w*(?:\.\w+)*')

    def separated(self, read: Callable[[Scanner], Any]) -> list[Any]:
        found = [read(self)]
        while self.take(','):
            found.append(read(self))
        return found

    def regex(self) -> re.Pattern[str]:
        return compile_regex(self.want(r'/(?:[^/\\\n]|\\[^\n])+/')[1:-1])


_REGEX_PARTS = re.compile(
    r'\\x\{(?P<hex>[0-9a-fA-F]{1,6})\}|(?P<end>\\z)|(?P<slash>\\/)'
    r'|\((?P<group>\?<(?=[a-zA-Z]))'
    r'|(?P<refused>\(\?(?:P|<?[=!]|>|#|\()|\\[1-9]|\\Z)|\\.|.',
    re.DOTALL,
)


def compile_regex(literal: str) -> re.Pattern[str]:
    """Return a regex of the language as one of Python.

    What RE2 or Java does not take is refused: look-around, back-references,
    Python's own spelling of groups.
    """

    def translated(found: re.Match[str]) -> str:
        if found['refused']:
            raise Malformed(f'{found[0]} in a regular expression')
        if found['hex']:
            return re.escape(chr(int(found['hex'], 16)))
        if found['end']:
            return r'\Z'
        if found['slash']:
            return '/'
        return '(?P<' if found['group'] else found[0]

    try:
        return re.compile(_REGEX_PARTS.sub(translated, literal))
    except (re.error, ValueError, OverflowError) as error:
        raise Malformed(f'regular expression: {error}') from None


def parse(text: str) -> Query:
    """Return the query that a text holds.

    Raises:
        Malformed: It holds none.
    """
    scanner, query = Scanner(text), Query([], [])
    while True:
        command = scanner.want(r'[a-z]+').lower()
        if command not in _COMMANDS:
            raise Malformed(f'unknown command {command}')
        if query.aggregate and command not in {'sort', 'limit'}:
            raise Malformed(f'{command} behind stats')
        _COMMANDS[command](scanner, query)
        if scanner.take(r'\|') is None:
            break
    if scanner.text[scanner.at :].strip():
        raise scanner.malformed('a pipe expected')
    return query


def _fields(scanner: Scanner, query: Query) -> None:
    def one(scanner: Scanner) -> tuple[str, Expression]:
        start = scanner.at
        value = _value(scanner)
        name = scanner.text[start : scanner.at].strip().strip('`')
        if scanner.take(r'as\b'):
            name = scanner.field()
        return name, value

    columns = scanner.separated(one)

    def step(records: list[Record]) -> list[Record]:
        for record in records:
            record.update({name: value(record) for name, value in columns})
        return records

    query.steps.append(step)
    query.shown += [name for name, _ in columns if name not in query.shown]


def _filter(scanner: Scanner, query: Query) -> None:
    condition = _either(scanner)
    query.steps.append(
        lambda records: [one for one in records if condition(one) is True]
    )


def _parse_command(scanner: Scanner, query: Query) -> None:
    field, pattern = scanner.field(), scanner.regex()
    if not pattern.groupindex:
        raise Malformed('parse without a named group')

    def step(records: list[Record]) -> list[Record]:
        for record in records:
            value = record.get(field)
            found = None if value is None else pattern.search(str(value))
            record.update(found.groupdict() if found else {})
        return records

    query.steps.append(step)


def _stats(scanner: Scanner, query: Query) -> None:
    def counted(scanner: Scanner) -> tuple[str, str | None]:
        start = scanner.at
        scanner.want(r'count\s*\(')
        field = None if scanner.take(r'\*') else scanner.field()
        scanner.want(r'\)')
        name = scanner.text[start : scanner.at].strip()
        return (scanner.field() if scanner.take(r'as\b') else name), field

    def group(scanner: Scanner) -> tuple[str, Expression]:
        period = scanner.take(r'bin\s*\(\s*\d+(?:ms|[smhd])\s*\)')
        if period is None:
            name = scanner.field()
            return name, lambda record: record.get(name)
        found = re.search(r'(\d+)(\w+)', period)
        count, unit = int(found[1]), found[2].lower()
        if not 0 < count <= CAPS[unit]:
            raise Malformed(f'{period} is beyond {CAPS[unit]}{unit}')
        width = count * MILLISECONDS[unit]
        return period, lambda record: Timestamp(
            record['@timestamp'] // width * width
        )

    counts = scanner.separated(counted)
    groups = scanner.separated(group) if scanner.take(r'by\b') else []

    def step(records: list[Record]) -> list[Record]:
        rows: dict[tuple[Any, ...], Record] = {}
        for record in records:
            key = tuple(value(record) for _, value in groups)
            row = rows.setdefault(
                key,
                dict(zip((name for name, _ in groups), key, strict=True))
                | {name: 0 for name, _ in counts},
            )
            for name, field in counts:
                row[name] += field is None or record.get(field) is not None
        return list(rows.values())

    query.aggregate = step
    query.shown = [name for name, _ in (*groups, *counts)]


def _sort(scanner: Scanner, query: Query) -> None:
    query.sort = scanner.separated(
        lambda one: (
            one.field(),
            one.want(r'(?:asc|desc)\b').lower() == 'desc',
        )
    )


def _limit(scanner: Scanner, query: Query) -> None:
    query.limit = int(scanner.want(r'\d{1,6}\b'))
    if not 1 <= query.limit <= 10_000:
        raise Malformed('limit takes 1 to 10000')


_COMMANDS = {
    'fields': _fields,
    'filter': _filter,
    'parse': _parse_command,
    'stats': _stats,
    'sort': _sort,
    'limit': _limit,
}


def _either(scanner: Scanner) -> Expression:
    left = _both(scanner)
    while scanner.take(r'or\b'):
        left = _kleene(left, _both(scanner), decisive=True)
    return left


def _both(scanner: Scanner) -> Expression:
    left = _negated(scanner)
    while scanner.take(r'and\b'):
        left = _kleene(left, _negated(scanner), decisive=False)
    return left


def _kleene(
    left: Expression, right: Expression, *, decisive: bool
) -> Expression:
    def both(record: Record) -> bool | None:
        values = left(record), right(record)
        if decisive in values:
            return decisive
        return None if None in values else not decisive

    return both


def _not(condition: Expression) -> Expression:
    def negated(record: Record) -> bool | None:
        value = condition(record)
        return None if value is None else not value

    return negated


def _negated(scanner: Scanner) -> Expression:
    if scanner.take(r'not\b'):
        return _not(_negated(scanner))
    if scanner.take(r'\('):
        inner = _either(scanner)
        scanner.want(r'\)')
        return inner
    return _comparison(scanner)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    '=': lambda a, b: a == b,
    '!=': lambda a, b: a != b,
    '<': lambda a, b: a < b,
    '<=': lambda a, b: a <= b,
    '>': lambda a, b: a > b,
    '>=': lambda a, b: a >= b,
}


def _comparison(scanner: Scanner) -> Expression:
    left = _value(scanner)
    opposite = scanner.take(r'not\s+(?=like\b|in\b)') is not None
    if scanner.take(r'like\b') or (not opposite and scanner.take('=~')):
        matches = _pattern(scanner, left)
    elif scanner.take(r'in\b'):
        scanner.want(r'\[')
        values = scanner.separated(_value)
        scanner.want(r'\]')

        def matches(record: Record) -> bool | None:
            value = left(record)
            return (
                None
                if value is None
                else value in [one(record) for one in values]
            )
    elif operator := scanner.take(r'[<>]=?|!?='):
        right, compare = _value(scanner), _COMPARE[operator]

        def matches(record: Record) -> bool | None:
            a, b = left(record), right(record)
            if a is None or b is None:
                return None
            if isinstance(a, Timestamp) or isinstance(b, Timestamp):
                raise Malformed('a time is compared; use toMillis')
            if isinstance(a, str) != isinstance(b, str):
                a, b = str(a), str(b)
            return compare(a, b)
    else:
        matches = left  # a function that answers yes or no
    return _not(matches) if opposite else matches


def _pattern(scanner: Scanner, left: Expression) -> Expression:
    if text := scanner.take(_STRING):
        part = text[1:-1]
        return lambda record: (
            None if (value := left(record)) is None else part in str(value)
        )
    pattern = scanner.regex()
    return lambda record: (
        None
        if (value := left(record)) is None
        else pattern.search(str(value)) is not None
    )


_STRING = r'"[^"\\]*"|\'[^\'\\]*\''
"""How a backslash reads in a string is not documented, so none may stand."""


_FUNCTIONS: dict[str, tuple[range, Callable[..., Any]]] = {
    'coalesce': (
        range(1, 20),
        lambda *values: next((one for one in values if one is not None), None),
    ),
    'ispresent': (range(1, 2), lambda value: value is not None),
    'tomillis': (
        range(1, 2),
        lambda value: int(value) if isinstance(value, Timestamp) else None,
    ),
}
"""Name in lower case to how many arguments it takes, and what it does."""


def _value(scanner: Scanner) -> Expression:
    if text := scanner.take(_STRING):
        return lambda _: text[1:-1]
    if number := scanner.take(r'-?\d+(?:\.\d+)?'):
        constant = float(number) if '.' in number else int(number)
        return lambda _: constant
    if name := scanner.take(r'[a-z]\w*(?=\s*\()'):
        if name.lower() not in _FUNCTIONS:
            raise Malformed(f'unknown function {name}')
        scanner.want(r'\(')
        arguments = scanner.separated(_value)
        scanner.want(r'\)')
        arity, function = _FUNCTIONS[name.lower()]
        if len(arguments) not in arity:
            raise Malformed(f'{name} with {len(arguments)} arguments')
        return lambda record: function(*(one(record) for one in arguments))
    field = scanner.field()
    return lambda record: record.get(field)
