"""The input: where things stand in it, and what is taken out of it."""

from __future__ import annotations

import bisect
import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk.icons._model import Removal

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._model import Grade

_ATTRIBUTE = re.compile(
    rb'\s(?P<name>[^\s=<>"\'/]+)\s*=\s*(?P<value>"[^"]*"|\'[^\']*\')'
)
# What stands for one character of a text, what for none, and what ends it.
_UNIT = re.compile(
    rb'(?P<opened><!\[CDATA\[)|(?P<unseen><!--.*?-->|<\?.*?\?>)|(?P<end><)'
    rb'|(?P<line>\r\n?|\n|&#(?:10|x[aA]);)'
    rb'|&[^;]*;|[\x00-\x7f]|[\xc0-\xff][\x80-\xbf]*',
    re.DOTALL,
)
_RAW_UNIT = re.compile(
    rb'(?P<closed>\]\]>)|(?P<line>\r\n?|\n)'
    rb'|[\x00-\x7f]|[\xc0-\xff][\x80-\xbf]*'
)


class Source:
    """A document with its removals, positions worked out on demand.

    Args:
        data: The document, in UTF-8.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._removed: list[tuple[int, str, str, Grade]] = []
        self._starts: list[int] | None = None
        self._texts: dict[int, list[list[int]]] = {}
        self._values: dict[int, list[list[int]] | None] = {}
        self._last: tuple[int, tuple[dict[str, tuple[int, int, int]], int]] = (
            -1,
            ({}, 0),
        )

    def remove(self, offset: int, what: str, why: str, grade: Grade) -> None:
        """Note that something at a byte offset is not in the output."""
        self._removed.append((offset, what, why, grade))

    def remove_attribute(
        self, offset: int, key: str, why: str, grade: Grade
    ) -> None:
        """Note that an attribute of the tag at `offset` is taken out.

        `key` is `name` or `namespace}name`, as the parser has it.
        """
        local = key.rpartition('}')[2]
        self._removed.append(
            (self.attribute_offset(offset, key), local, why, grade)
        )

    def removals(self) -> tuple[Removal, ...]:
        """Return everything that was taken out, in the input's order."""
        found = [
            Removal(*self.position(offset), what, why, grade)
            for offset, what, why, grade in self._removed
        ]
        return tuple(sorted(set(found))) if found else ()

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column, both from 1, of a byte offset."""
        if self._starts is None:
            self._starts = [0]
            self._starts += [
                found.end() for found in re.finditer(rb'\n', self.data)
            ]
        line = bisect.bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        # A slice may start or end inside a character; only count leads.
        text = self.data[start:offset].decode('utf-8', 'ignore')
        return line, len(text) + 1

    def path(self, offset: int) -> str:
        """Return `line:column` for the path of a problem."""
        return '{}:{}'.format(*self.position(offset))

    def inside(self, offset: int, line: int, column: int) -> int:
        """Return the byte offset of a line and column in an element's text.

        `offset` is the element's start tag. An entity counts as the one
        character that it mostly is.
        """
        _, end = self._tag(offset)
        if end not in self._texts:
            self._texts[end] = _lines(self.data, end)
        return _find(self._texts[end], line, column, end)

    def inside_attribute(
        self, offset: int, local: str, line: int, column: int
    ) -> int:
        """Return the byte offset of a line and column in a value.

        `offset` is the start tag; without the attribute, the answer is it.
        """
        place = self._tag(offset)[0].get(local)
        if place is None:
            return offset
        start, end = place[1:]
        if start not in self._values:
            self._values[start] = _value_lines(self.data[start:end])
        lines = self._values[start]
        if lines is None:
            return min(start + column - 1, end)
        return start + _find(lines, line, column, 0)

    def attribute_offset(self, offset: int, key: str) -> int:
        """Return where an attribute stands; its tag where it is not found.

        A property that came from a `style` attribute stands there.
        """
        places = self._tag(offset)[0]
        namespace, _, local = key.rpartition('}')
        name = f':{local}' if namespace else local
        place = places.get(name) or places.get('style')
        return place[0] if place else offset

    def _tag(self, offset: int) -> tuple[dict[str, tuple[int, int, int]], int]:
        """Return the attributes of a start tag, by name, and its end.

        Whatever its prefix is, a name that has one is `:name` here. An
        attribute is where its name begins, and its value begins and ends.
        """
        if self._last[0] == offset:
            return self._last[1]
        places: dict[str, tuple[int, int, int]] = {}
        position = offset + 1
        while found := _ATTRIBUTE.search(self.data, position):
            between = self.data[position : found.start()]
            if b'>' in between or b'<' in between:
                break
            name = found['name'].decode('utf-8', 'replace')
            start, end = found.span('value')
            place = (found.start('name'), start + 1, end - 1)
            _, colon, local = name.rpartition(':')
            places.setdefault(colon + local, place)
            position = found.end()
        tag = places, self.data.find(b'>', position) + 1
        self._last = offset, tag
        return tag


_BREAK = re.compile(rb'\r\n|[\r\n]')
_UNEVEN = re.compile(rb'[&\r]').search


def _value_lines(value: bytes) -> list[list[int]] | None:
    """Return where characters are; None where each is a byte of one line.

    Line breaks are spaces here, unless they are written as entities.
    """
    if value.isascii() and not _UNEVEN(value):
        return None
    return _lines(_BREAK.sub(_blank, value), 0)


def _blank(found: re.Match[bytes]) -> bytes:
    """Return as many bytes that stand for as many characters."""
    # A tab is one character, and a high byte alone is none.
    return b'\t' + b'\x80' * (len(found[0]) - 1)


def _lines(data: bytes, start: int) -> list[list[int]]:
    """Return the byte offset of each character of each line of a text."""
    lines: list[list[int]] = [[]]
    unit, position = _UNIT, start
    while found := unit.search(data, position):
        position = found.end()
        kind = found.lastgroup
        if kind == 'end':
            break
        if kind == 'opened':
            unit = _RAW_UNIT
        elif kind == 'closed':
            unit = _UNIT
        elif kind != 'unseen':
            lines[-1].append(found.start())
            if kind == 'line':
                lines.append([])
    return lines


def _find(
    lines: list[list[int]], line: int, column: int, otherwise: int
) -> int:
    """Return the offset of a line and column, or of the nearest before."""
    row = lines[min(line, len(lines)) - 1]
    if not row:
        return otherwise
    return row[min(column, len(row)) - 1]
