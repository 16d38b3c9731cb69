"""Vendors' token formats, found through their literal beginnings.

No text is held against 260 regular expressions: the first two or three
characters of every word that is long enough select the few formats that
begin so, and only those are compiled, once, when they are first met.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk import _secret_rules
from imbi_plugin_sdk._secret_rules import MINIMUM, NOTE, STRENGTH
from imbi_plugin_sdk.secret_detector import _shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 12
"""No format of the table accepts a text with fewer characters."""

VENDOR_SHARE = 0.7
"""How much of the usual randomness is enough behind a vendor's prefix."""

LEAST_RANDOM = 6
"""Characters of a body that can be judged behind a vendor's prefix."""

MOST_DOUBTED = 32
"""Placeholders in one text behind which a token may begin in their middle;
behind more of them, reading goes on where each ends, in linear time."""

_WORD_START = re.compile(
    r'(?<![A-Za-z0-9])[A-Za-z0-9$](?=[A-Za-z0-9+/=_.~:|!$-]{11})'
)
_KEY = 3  # characters of a beginning that select its rules
_WORDY_PIECE = 14  # letters: no word of a slug is longer
_CERTIFIED = 512  # characters of a body that its checksum may span


class Format:
    """One row of the table; its columns and its pattern come when needed."""

    __slots__ = ('_columns', '_regex', 'line')

    def __init__(self, line: str) -> None:
        self.line = line
        self._columns: list[str] | None = None
        self._regex: re.Pattern[str] | None = None

    @property
    def columns(self) -> list[str]:
        """The columns of the row, in the table's order."""
        if self._columns is None:
            self._columns = self.line.split('\t')
        return self._columns

    @property
    def regex(self) -> re.Pattern[str]:
        """The compiled pattern of the row."""
        if self._regex is None:
            self._regex = re.compile(_secret_rules.pattern(self.columns))
        return self._regex


@functools.cache
def formats() -> tuple[Format, ...]:
    """Return every row of the table, in its order."""
    return tuple(map(Format, _secret_rules.read_table().split('\n')))


@functools.cache
def _index() -> tuple[
    dict[str, list[tuple[str, Format]]],
    list[tuple[str, int, Format]],
]:
    """Return formats by the first characters of a beginning, and others."""
    by_key: dict[str, list[tuple[str, Format]]] = {}
    inner: list[tuple[str, int, Format]] = []
    shared: set[str] = set()
    for row in formats():
        starts = row.line.partition('\t')[0]
        if starts.startswith(_secret_rules.INNER):
            _, length, literal = starts.split(' ')
            inner.append((literal, int(length), row))
            continue
        for start in starts.split(' '):
            key = start[:_KEY]
            if key in by_key:
                by_key[key].append((start, row))
                shared.add(key)
            else:
                by_key[key] = [(start, row)]
    for key in shared:
        by_key[key].sort(key=_specific_first)
    return by_key, inner


def _specific_first(entry: tuple[str, Format]) -> tuple[int, bool, int]:
    """Order beginnings so that the most specific one is tried first."""
    start, row = entry
    columns = row.columns
    weak = columns[STRENGTH] != 'strong'
    return -len(start), weak, -int(columns[MINIMUM])


def find(text: str) -> Iterator[tuple[Format, int, int, str, bool]]:
    """Yield (format, start, end, head, certain) for each token in a text."""
    by_key, inner = _index()
    end = 0
    doubted = 0
    for word in _WORD_START.finditer(text):
        at = word.start()
        if at < end:
            continue
        for key in (text[at : at + _KEY], text[at : at + 2]):
            entries = by_key.get(key)
            if entries is None:
                continue
            token, reach = _match_at(text, at, entries)
            if token is not None:
                end = reach
                yield token
                break
            if reach:
                doubted += 1
                if doubted > MOST_DOUBTED:
                    end = reach
    size = len(text)
    for literal, length, row in inner:
        if size >= length and literal in text:
            yield from _find_inner(text, row)


def _match_at(
    text: str, at: int, entries: list[tuple[str, Format]]
) -> tuple[tuple[Format, int, int, str, bool] | None, int]:
    """Return the token that begins here, and how far any format reaches."""
    reach = 0
    for start, row in entries:
        if not text.startswith(start, at):
            continue
        if at and not _may_follow(row.columns[STRENGTH], text, at):
            continue
        match = row.regex.match(text, at)
        if match is None:
            continue
        reach = match.end()
        verdict = _judge(row, match, start, text)
        if verdict is not None:
            return (row, at, reach, start, verdict), reach
    return None, reach


def _may_follow(strength: str, text: str, at: int) -> bool:
    """Tell whether a format may begin behind what stands before it."""
    if strength == 'whole':
        return not text[:at].strip()
    return strength == 'strong' or not at or text[at - 1] not in '_-'


def _find_inner(
    text: str, row: Format
) -> Iterator[tuple[Format, int, int, str, bool]]:
    """Yield the tokens of a format that has no literal beginning."""
    strength = row.columns[STRENGTH]
    if strength == 'whole' and ('://' in text or ' ' in text):
        return
    for match in row.regex.finditer(text):
        at = match.start()
        before = text[at - 1] if at else ''
        if before.isalnum() or not _may_follow(strength, text, at):
            continue
        verdict = _judge(row, match, '', text)
        if verdict is not None:
            yield row, at, match.end(), '', verdict


def _judge(
    row: Format, match: re.Match[str], start: str, text: str
) -> bool | None:
    """Return whether a match is certain, or None where it is none."""
    strength, note = row.columns[STRENGTH], row.columns[NOTE]
    token = match[0]
    body = token[len(start) :]
    if strength == 'whole' and text.strip() != token:
        return None
    if note.startswith('checksum:') and _checked(note, start, body):
        return True
    judged = body[: _shapes.JUDGED]
    if _shapes.is_placeholder(judged):
        return None
    if strength == 'strong':
        return None if _is_wordy(judged) else False
    if not _shapes.looks_random(judged, LEAST_RANDOM, VENDOR_SHARE):
        return None
    return False


def _is_wordy(body: str) -> bool:
    """Tell whether a body is a slug of words rather than a token's."""
    if body.lower() != body and body.upper() != body:
        return False
    pieces = re.split(r'[^A-Za-z0-9]+', body)
    return all(
        not piece or (piece.isalpha() and len(piece) <= _WORDY_PIECE)
        for piece in pieces
    )


def _checked(note: str, start: str, body: str) -> bool:
    """Tell whether a body carries the checksum that its vendor documents."""
    from imbi_plugin_sdk.secret_detector import _checksums  # noqa: PLC0415

    return _checksums.holds(note[9:], start, body[:_CERTIFIED])
