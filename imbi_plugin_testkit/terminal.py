"""A failure on a terminal: the lines of `text.failure`, decorated.

pytest's terminal writer decides about colour (`NO_COLOR`, `--color`, a pipe);
characters that the terminal's encoding lacks are written in ASCII.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from _pytest._code.code import ReprFileLocation, TerminalRepr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from _pytest._io import TerminalWriter

    from imbi_plugin_testkit.model import Result

NARROWEST, WIDEST = 40, 100
"""Columns between which lines are wrapped: below, words stand alone; above,
the eye loses the line."""

ASCII: Mapping[str, str] = {
    '…': '...',
    '→': '->',
    '·': '*',
    '—': '-',
}
"""What stands for a character that an encoding lacks."""

_HEADS: Sequence[tuple[re.Pattern[str], Mapping[str, bool]]] = (
    (re.compile(r'(?:kit )?error\[\w+\]'), {'red': True, 'bold': True}),
    (re.compile(r'warning\[\w+\]'), {'yellow': True, 'bold': True}),
    (re.compile(r'note\[\w+\]'), {'bold': True}),
    (re.compile(r'  (?:saw|at|again|waived:)(?=\s)'), {'bold': True}),
    (re.compile(r'  fix(?=\s)'), {'green': True, 'bold': True}),
    (re.compile(r'  why(?=\s)'), {'cyan': True}),
    (re.compile(r'  +(?:: +)?\^+$'), {'red': True, 'bold': True}),
    (re.compile(r' +: (?:saw|\+)(?= )'), {'red': True}),
    (re.compile(r' +: (?:must|-)(?= )'), {'green': True}),
    (re.compile(r'\s+\d* ?\|(?=\s)'), {'light': True}),
)
"""What a line begins with, and how that is decorated."""


def width_for(columns: int) -> int:
    """Return the width to wrap at on a terminal of so many columns."""
    return max(NARROWEST, min(WIDEST, columns - 1))


def encodable(text: str, encoding: str | None) -> str:
    """Return text that an encoding has; the rest in ASCII or as `?`."""
    name = encoding or 'utf-8'
    try:
        text.encode(name)
    except (UnicodeEncodeError, LookupError):
        for char, plain in ASCII.items():
            text = text.replace(char, plain)
        text = text.encode('ascii', 'replace').decode('ascii')
    return text


class FailureRepr(TerminalRepr):
    """What pytest prints for a check that did not hold.

    Attributes:
        lines: What `text.failure` returned.
        reprcrash: What pytest's short summary shows.
    """

    def __init__(self, lines: Sequence[str], result: Result) -> None:
        self.lines = lines
        place = next(
            (each.place for each in result.findings if each.place), None
        )
        self.reprcrash = ReprFileLocation(
            place.file if place else '', place.line if place else 0, lines[0]
        )

    def __str__(self) -> str:
        """Return the lines without decoration, as reports keep them."""
        return '\n'.join(self.lines)

    def toterminal(self, tw: TerminalWriter) -> None:
        """Write the lines, decorated where the terminal takes it."""
        write_lines(tw, self.lines)


def write_lines(writer: Any, lines: Sequence[str]) -> None:  # noqa: ANN401  a writer or a reporter of pytest
    """Write decorated lines to pytest's terminal.

    Args:
        writer: Anything with pytest's `write(text, **markup)`.
        lines: What `text.failure` returned.
    """
    encoding = encoding_of(writer)
    for line in lines:
        told = encodable(line, encoding)
        head, markup = _head(told)
        if head:
            writer.write(head, **markup)
        writer.write(f'{told[len(head) :]}\n')


def encoding_of(writer: Any) -> str | None:  # noqa: ANN401  the same
    """Return the encoding of what a writer writes to, if it tells."""
    file = getattr(writer, '_file', None)
    name = getattr(file, 'encoding', None)
    return name if isinstance(name, str) else None


def _head(line: str) -> tuple[str, Mapping[str, bool]]:
    for pattern, markup in _HEADS:
        found = pattern.match(line)
        if found:
            return found[0], markup
    return '', {}
