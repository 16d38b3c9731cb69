r"""A question about logs, in the query language of Logs Insights.

Nothing that a caller gives stands in a query as it is: the text of a filter
and the name of a level become regular expressions in which all but ASCII
letters and digits is written by number (`\\x{2f}`), so that no quote, slash,
wildcard or pipe of theirs is one of the language (law LOG011). Only the
operator `regex` brings an expression of its own, whose slashes are escaped.

Where the language says nothing about a missing field, no query depends on
it: `ispresent` stands beside each negation (law LOG010).
"""

from __future__ import annotations

import dataclasses
import re
import warnings
from typing import TYPE_CHECKING

from imbi_plugin_aws.logs.settings import field_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imbi_plugin_aws.logs.settings import Settings
    from imbi_plugin_aws.logs.windows import Window
    from imbi_plugin_sdk import LogFilter

MAX_ROWS = 10_000
"""Rows of one answer (API reference, `StartQuery`, `limit`)."""

MAX_QUERY = 10_000
"""Characters of a query (API reference, `StartQuery`, `queryString`)."""

LEVEL = 'imbi_level'
MESSAGE = 'imbi_message'
"""Names that a query gives to what it works out; no application's own."""

LEVELS = (
    'TRACE',
    'DEBUG',
    'INFO',
    'NOTICE',
    'WARNING',
    'WARN',
    'ERROR',
    'CRITICAL',
    'FATAL',
)
"""Levels that are read from the start of a line; the longer name first."""

LEVEL_REACH = 64
"""Characters before a level that is not the first word: a time stamp, and a
module's name, but not the sentence behind them."""

_PARSED = 'imbi_parsed_level'
_PLAIN = re.compile(r'[A-Za-z0-9]')
_BARE_NAME = re.compile(r'@?[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*')
_KEYWORDS = frozenset(
    {'and', 'as', 'asc', 'by', 'desc', 'in', 'like', 'not', 'or'}
)


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """What is asked, apart from how much of it at once.

    Attributes:
        window: Between which instants.
        filters: Conditions that must all hold.
        levels: Levels to keep; empty keeps all.
    """

    window: Window
    filters: tuple[LogFilter, ...]
    levels: tuple[str, ...]


def columns(settings: Settings) -> dict[str, str]:
    """Return the name of each field in the schema, to its name in a query."""
    return {
        'message': MESSAGE,
        'level': LEVEL,
        'log_stream': '@logStream',
        'log_group': '@log',
    } | {
        name: name
        for name in settings.fields
        if name not in {'timestamp', 'raw'}
    }


def page_query(question: Question, settings: Settings, *, limit: int) -> str:
    """Return the query for the newest entries of a window.

    Entries of one instant come in any order: the language promises none.

    Args:
        question: What is asked.
        settings: Which fields hold what.
        limit: The most rows.

    Raises:
        ValueError: A regex or the name of a field does not hold, or the
            filters make a query that is too long.
    """
    shown = ['@timestamp', '@message', *columns(settings).values()]
    return _piped(
        *_chosen(question, settings, shown),
        'sort @timestamp desc',
        f'limit {limit}',
    )


def count_query(question: Question, settings: Settings, period: str) -> str:
    """Return the query that counts entries by time and level.

    Args:
        question: What is asked.
        settings: Which fields hold what.
        period: Width of a bin, as in `5m`.

    Raises:
        ValueError: As `page_query` does.
    """
    return _piped(
        *_chosen(question, settings),
        f'stats count(*) as entries by bin({period}), {LEVEL}',
        f'limit {MAX_ROWS}',
    )


def quoted(name: str) -> str:
    """Return a field's name as a query names it."""
    if _BARE_NAME.fullmatch(name) and name.lower() not in _KEYWORDS:
        return name
    return f'`{name}`'


def literal(text: str) -> str:
    """Return an expression that matches exactly this text.

    Raises:
        ValueError: It holds half of a surrogate pair, which no log can.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        text = ''
        broken = True
    else:
        broken = False
    if broken:
        raise ValueError(
            'A filter holds half of a surrogate pair, which no UTF-8 text '
            'can; no entry matches it.'
        )
    return ''.join(
        char if _PLAIN.match(char) else f'\\x{{{ord(char):x}}}'
        for char in text
    )


def expression(pattern: str) -> str:
    """Return the user's expression, so that it stands between two slashes.

    Raises:
        ValueError: It is no regular expression.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # `[[` may mean a set some day
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        fault = str(error)
    else:
        fault = ''
    if fault:
        raise ValueError(
            f'A filter is no regular expression: {fault}. Escape '
            'what is meant literally, or use the operator contains.'
        )
    return ''.join(_written(pattern)) or '(?:)'


def _written(pattern: str) -> Iterator[str]:
    """Yield the parts of a pattern, slashes and line breaks escaped."""
    for part in re.findall(r'\\?.', pattern, re.DOTALL):
        char = part[-1]
        if char == '/' or ord(char) < ord(' ') or char == '\x7f':
            yield f'\\x{{{ord(char):x}}}'
        else:
            yield part


def _piped(*commands: str) -> str:
    query = '\n| '.join(commands)
    if len(query) > MAX_QUERY:
        raise ValueError(
            f'Filters and levels make a query of {len(query)} characters; '
            f'Logs Insights takes {MAX_QUERY}. Use fewer or shorter ones.'
        )
    return query


def _chosen(
    question: Question, settings: Settings, shown: Iterable[str] = ()
) -> Iterator[str]:
    """Yield the commands that choose entries, before any is counted."""
    window = question.window
    yield (
        f'filter toMillis(@timestamp) >= {window.start}'
        f' and toMillis(@timestamp) < {window.end}'
    )
    names = '|'.join(LEVELS)
    # The first word; or after a time stamp or a bracket, but not in JSON.
    yield (
        f'parse @message /^(?:[^{{"A-Za-z].{{0,{LEVEL_REACH}}}?\\b)?'
        f'(?<{_PARSED}>{names})\\b/'
    )
    level, message = quoted(settings.level_field), settings.message_field
    worked_out = [
        f'coalesce({level}, {_PARSED}) as {LEVEL}',
        f'coalesce({quoted(message)}, @message) as {MESSAGE}',
    ]
    stored = [quoted(name) for name in shown if name not in {LEVEL, MESSAGE}]
    yield f'fields {", ".join(stored + worked_out)}'
    if question.levels:
        one_of = '|'.join(map(literal, question.levels))
        yield f'filter {LEVEL} like /\\A(?:{one_of})\\z/'
    for condition in question.filters:
        yield f'filter {_condition(condition, settings)}'


def _condition(condition: LogFilter, settings: Settings) -> str:
    known = columns(settings)
    name = quoted(
        known.get(condition.field) or field_name(condition.field, 'a filter')
    )
    value = condition.value
    match condition.op:
        case 'eq':
            return f'{name} like /\\A{literal(value)}\\z/'
        case 'ne':
            return (
                f'ispresent({name}) and {name} not like'
                f' /\\A{literal(value)}\\z/'
            )
        case 'contains':
            return f'{name} like /(?:{literal(value)})/'
        case 'starts_with':
            return f'{name} like /\\A{literal(value)}/'
        case 'regex':
            return f'{name} like /{expression(value)}/'


def level_names(levels: Iterable[str]) -> tuple[str, ...]:
    """Return levels once each, in an order of their own."""
    return tuple(sorted(set(levels)))
