"""Two values as text, and how they differ.

A value becomes lines: one for a plain value, one per member of a collection.
What the eye passes over (control characters, odd blanks, accents that are
composed in one text and not in the other) is written as an escape.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_sdk._text import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LONGEST = 400
"""Characters of a line that a report keeps: the difference and what is
around it, as much as one looks through."""

MOST = 40
"""Lines of a value that a report keeps, of which a listing has hundreds."""

SHOWN = 8
"""Lines that a terminal shows, as many as of a law's script."""

CONTEXT = 2
"""Equal members shown before the first that differs."""

BEFORE = 3
"""The difference begins at a third of a line that has to be cut."""


class _Nothing:
    """What is shown where there is no value at all."""

    def __repr__(self) -> str:
        return '(nothing)'


NOTHING: Any = _Nothing()
"""Stands for a value that is not there, which is another thing than None."""


def rendered(seen: object, expected: object) -> tuple[str, str]:
    """Return two values as texts that can be held against each other.

    Args:
        seen: What was found.
        expected: What must be.

    Returns:
        Both, in the order given; lines are members.
    """
    one, other = '\n'.join(_lines(seen)), '\n'.join(_lines(expected))
    alike = one != other and _normal(one) == _normal(other)
    if alike:
        return _escaped(one), _escaped(other)
    return one, other


def _normal(text: str) -> str:
    return unicodedata.normalize('NFC', text)


def _escaped(text: str) -> str:
    return text.encode('ascii', 'backslashreplace').decode('ascii')


def _lines(value: object) -> list[str]:
    if isinstance(value, dict):
        items = cast('Mapping[object, object]', value).items()
        return [f'{_one(k)}: {_one(v)}' for k, v in items] or ['{}']
    if isinstance(value, (list, tuple)):
        return [_one(item) for item in cast('Sequence[object]', value)] or [
            '[]'
        ]
    if isinstance(value, (set, frozenset)):
        members = cast('set[object]', value)
        return sorted(_one(item) for item in members) or ['(empty)']
    if isinstance(value, Words):
        return [_one(Words(line)) for line in value.split('\n')]
    return [_one(value)]


def _one(value: object) -> str:
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001  a stranger's repr
        kind = type(value).__name__
        return f'<{kind}: its repr raises {type(error).__name__}>'
    # A repr of a stranger's may hold what must not reach a terminal.
    return ''.join(
        char if char.isprintable() else ascii(char)[1:-1] for char in text
    )


class Words(str):
    """Text that is shown as it is, without quotes: a type, a signature."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the text, without quotes."""
        return str(self)


class Compared(str):
    """A message that brings the two values with it that it is about.

    A `Finding` of it, and a divergence, shows them beside one another.
    Another text made of it, as by an f-string, no longer has them.

    Attributes:
        seen: What was found.
        expected: What must be.
    """

    __slots__ = ('expected', 'seen')

    seen: object
    expected: object


def with_values(message: str, seen: object, expected: object) -> Compared:
    """Return a message with the two values that it is about."""
    made = Compared(message)
    made.seen, made.expected = seen, expected
    return made


def kept(seen: str, expected: str) -> tuple[str, str]:
    """Return what a report keeps of two texts: where they differ.

    Nothing where they do not (as when a mask stands for both).
    """
    if seen == expected:
        return '', ''
    one, other = seen.split('\n'), expected.split('\n')
    if len(one) == len(other) == 1:
        return around(seen, expected, LONGEST)
    first = _first(one, other)
    return _few(one, first), _few(other, first)


def _few(lines: list[str], first: int) -> str:
    start = max(0, first - MOST // BEFORE) if len(lines) > MOST else 0
    few = [line[:LONGEST] for line in lines[start : start + MOST]]
    if start:
        few.insert(0, f'… {start} more')
    rest = len(lines) - start - MOST
    if rest > 0:
        few.append(f'… {rest} more')
    return '\n'.join(few)


def _first(one: Sequence[object], other: Sequence[object]) -> int:
    """Return where two sequences begin to differ."""
    shorter = min(len(one), len(other))
    return next(
        (place for place in range(shorter) if one[place] != other[place]),
        shorter,
    )


def around(one: str, other: str, room: int) -> tuple[str, str]:
    """Return two texts cut alike, so that the first difference is seen."""
    if max(len(one), len(other)) <= room:
        return one, other
    place = _first(one, other)
    start = max(0, place - room // BEFORE)
    return _cut(one, start, room), _cut(other, start, room)


def _cut(text: str, start: int, room: int) -> str:
    head = '…' if start else ''
    part = text[start + len(head) : start + room]
    if start + room < len(text):
        part = f'{part[:-1]}…'
    return f'{head}{part}'


def span(one: str, other: str) -> tuple[int, int, int]:
    """Return where two texts differ.

    Returns:
        Where the difference begins in both, where it ends in the first, and
        where in the second.
    """
    start = _first(one, other)
    most = min(len(one), len(other)) - start
    tail = 0
    while tail < most and one[-1 - tail] == other[-1 - tail]:
        tail += 1
    return start, len(one) - tail, len(other) - tail


def members(seen: str, expected: str) -> list[tuple[str, str]]:
    """Return a row per member: ` ` in both, `-` missing, `+` too much.

    Args:
        seen: What was found, a member per line.
        expected: What must be.
    """
    import difflib  # noqa: PLC0415  3 ms, and only where something fails

    one, other = expected.split('\n'), seen.split('\n')
    rows: list[tuple[str, str]] = []
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    for kind, start, end, begin, stop in matcher.get_opcodes():
        if kind == 'equal':
            rows += [(' ', line) for line in one[start:end]]
            continue
        rows += [('-', line) for line in one[start:end]]
        rows += [('+', line) for line in other[begin:stop]]
    return rows


def marked(
    seen: str, expected: str, width: int, encoding: str | None = None
) -> Iterator[str]:
    """Yield lines that show two texts under one another.

    Args:
        seen: What was found, as `rendered` returned it.
        expected: What must be.
        width: Columns to fit in.
        encoding: Of whoever reads them; what it lacks becomes an escape.
    """
    if encoding:
        seen, expected = _in(seen, encoding), _in(expected, encoding)
    if '\n' in seen or '\n' in expected:
        yield from _marked_members(seen, expected, width)
        return
    room = max(width - len('must  '), 1)
    seen, expected = around(seen, expected, room)
    start, end, stop = span(seen, expected)
    yield f'saw   {seen}'
    yield f'must  {expected}'
    before = width_of(seen[:start])
    length = max(width_of(seen[start:end]), width_of(expected[start:stop]), 1)
    yield f'      {" " * before}{"^" * min(length, max(room - before, 1))}'


def _marked_members(seen: str, expected: str, width: int) -> Iterator[str]:
    rows = members(seen, expected)
    first = next((place for place, row in enumerate(rows) if row[0] != ' '), 0)
    start = max(0, first - CONTEXT)
    yield '- must be there, + was seen'
    for sign, line in rows[start : start + SHOWN]:
        told = f'{sign} {line}'
        yield told if len(told) <= width else f'{told[: width - 1]}…'
    rest = len(rows) - start - SHOWN
    if rest > 0:
        yield f'  … {rest} more'


def _in(text: str, encoding: str) -> str:
    """Return a text in which what an encoding lacks is an escape."""
    dots = text.replace('…', '...')
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return dots.encode(encoding, 'backslashreplace').decode(encoding)
    except LookupError:
        return _escaped(dots)
    return text


def width_of(text: str) -> int:
    """Return columns: none for a combining character, two for a wide one."""
    return sum(
        0
        if unicodedata.combining(char)
        else 1 + (unicodedata.east_asian_width(char) in 'FW')
        for char in text
    )


def worded(message: str, given: str) -> str:
    """Return another wording of a message, with the values it brought."""
    if isinstance(given, Compared):
        return with_values(message, given.seen, given.expected)
    return message


def picked(
    odd: Iterable[Any],
    seen: Mapping[Any, object],
    expected: Mapping[Any, object],
) -> tuple[dict[Any, object], dict[Any, object]]:
    """Return some keys of two mappings, for `Finding.comparing`.

    Args:
        odd: The keys in which they differ.
        seen: What was found.
        expected: What must be.
    """
    keys = sorted(odd)[:MOST]
    return (
        {key: seen[key] for key in keys if key in seen},
        {key: expected[key] for key in keys if key in expected},
    )


OPEN_AND_SECRET = Words('secret=False'), Words('secret=True')
"""What is found and what must be where something is not kept secret."""


def any_of(values: Iterable[object]) -> Words:
    """Return `'a', 'b' or 'c'`, where more than one value would do."""
    return Words(listed(sorted(map(repr, values))) or repr(NOTHING))
