"""Secrets that a text gives a name to: `password=...` and its like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk.secret_detector import _names, _shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_sdk.secret_detector._model import Kind

LEAST_IN_PROSE = 8
"""Characters of a value that a sentence gives away; fewer is a word."""

LEAST_ELSEWHERE = 4
"""The same in a field that holds no sentences."""

CONNECTION_NAMES = frozenset({
    'accountname', 'address', 'catalog', 'data source', 'database', 'dbname',
    'endpoint', 'host', 'hostname', 'initial catalog', 'port', 'server',
    'source', 'uid', 'user', 'user id', 'userid', 'username',
    'defaultendpointsprotocol', 'sharedaccesskeyname',
})  # fmt: skip
"""Names that make a text with a password in it a connection string."""

_PAIR = (
    r'(?<![A-Za-z0-9_.-])([A-Za-z][A-Za-z0-9_.-]{1,48}+)'
    r'(["\'`\]]{0,2})(\s{0,3}(?:=>|:=|=|:)\s{0,3})'
    r'["\'`]{0,2}([^\s"\'`,;&<>\\]{4,})'
)
_CODE = r'[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$|[\w.]*[(\[]|[/~.]|\w+://'
_TRAILING = '.,;:)!?]'


def find(text: str, *, prose: bool) -> Iterator[tuple[str, Kind, int, int]]:
    """Yield (rule, kind, start, end) for each named value in a text."""
    pairs = list(_shapes.compiled(_PAIR).finditer(text))
    connection = len(pairs) > 1 and any(
        pair[1].lower() in CONNECTION_NAMES for pair in pairs
    )
    for pair in pairs:
        name, quotes, operator, value = pair.groups()
        if not _names.is_secret_name(name):
            continue
        value = value.rstrip(_TRAILING)
        if not _is_value(value):
            continue
        start = pair.start(4)
        if connection and '=' in operator:
            yield 'connection-string', 'url', start, start + len(value)
            continue
        if prose and not _stands_out(value, quotes, operator):
            continue
        if len(value) >= LEAST_ELSEWHERE:
            yield 'named-value', 'name', start, start + len(value)


def _is_value(value: str) -> bool:
    """Tell whether a named value is one, and not a hole, a word or code."""
    judged = value[: _shapes.JUDGED]
    return not (
        _shapes.is_placeholder(judged)
        or _shapes.is_reference(judged)
        or _shapes.compiled(_CODE).match(judged) is not None
        or _names.is_secret_name(judged)
    )


def _stands_out(value: str, quotes: str, operator: str) -> bool:
    """Tell whether a value in a sentence is more than one of its words."""
    if len(value) < LEAST_IN_PROSE:
        return False
    if '=' not in operator and not quotes:
        return _shapes.looks_random(value, 12)
    return not (value.isalpha() and value[1:].islower()) and any(
        character.isdigit() or not character.isalnum() for character in value
    )
