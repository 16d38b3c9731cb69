"""The input: where things stand in it, and what is taken out of it."""

from __future__ import annotations

import bisect
import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk.icons._model import Removal

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._model import Grade

_ATTRIBUTE = re.compile(
    rb'\s(?P<name>[^\s=<>"\'/]+)\s*=\s*(?>"[^"]*"|\'[^\']*\')'
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
        self._attributes: tuple[int, dict[str, int]] = (-1, {})

    def remove(self, offset: int, what: str, why: str, grade: Grade) -> None:
        """Note that something at a byte offset is not in the output."""
        self._removed.append((offset, what, why, grade))

    def remove_attribute(
        self, offset: int, local: str, why: str, grade: Grade
    ) -> None:
        """Note that an attribute of the tag at `offset` is taken out."""
        self._removed.append(
            (self.attribute_offset(offset, local), local, why, grade)
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

        `offset` is the element's start tag. Where the text was not written
        plainly (entities, CDATA) this is near rather than exact.
        """
        content = self.data.find(b'>', offset) + 1
        first, _ = self.position(content)
        if line > 1 and self._starts is not None:
            row = min(first + line - 2, len(self._starts) - 1)
            content = self._starts[row]
        return min(content + column - 1, len(self.data))

    def attribute_offset(self, offset: int, local: str) -> int:
        """Return where an attribute stands; its tag where it is not found."""
        if self._attributes[0] != offset:
            self._attributes = (offset, self._tag(offset))
        return self._attributes[1].get(local, offset)

    def _tag(self, offset: int) -> dict[str, int]:
        """Return the attributes of a start tag, by local name."""
        places: dict[str, int] = {}
        position = offset + 1
        while found := _ATTRIBUTE.search(self.data, position):
            between = self.data[position : found.start()]
            if b'>' in between or b'<' in between:
                break
            name = found['name'].decode('utf-8', 'replace')
            places.setdefault(name.rpartition(':')[2], found.start('name'))
            position = found.end()
        return places
