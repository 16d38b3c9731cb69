"""Text that a pattern of the rules' table matches, made at random.

The table uses a small part of the language of regular expressions: literals,
escapes, classes, groups with alternatives, and bounded repetition. That part
is read here, so that every row has examples without one being stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_ESCAPED = {'d': '0123456789', 'w': 'abcdefghijklmnopqrstuvwxyz0123456789_'}
_MANY = 6  # more repetitions than the least, where there is room


class Sampler:
    """Makes texts that a pattern matches.

    Args:
        rng: Where the choices come from.
        dull: Whether every class gives the same character, as somebody does
            who writes a placeholder.
    """

    def __init__(self, rng: random.Random, *, dull: bool = False) -> None:
        self.rng = rng
        self.dull = dull

    def sample(self, pattern: str) -> str:
        """Return a text that the whole pattern matches."""
        text, end = self._alternatives(pattern, 0)
        if end != len(pattern):
            raise ValueError(f'unread pattern: {pattern[end:]!r}')
        return text

    def repeated(self, characters: str, count: int) -> str:
        """Return some characters of a class."""
        return ''.join(self._one(characters) for _ in range(count))

    def _one(self, characters: str) -> str:
        """Return one character of a class."""
        if not self.dull:
            return self.rng.choice(characters)
        return next((one for one in 'xX0' if one in characters), characters[0])

    def _alternatives(self, pattern: str, at: int) -> tuple[str, int]:
        """Read alternatives up to the group's end; return one of them."""
        branches: list[str] = []
        while True:
            text, at = self._sequence(pattern, at)
            branches.append(text)
            if at >= len(pattern) or pattern[at] != '|':
                break
            at += 1
        return self.rng.choice(branches), at

    def _sequence(self, pattern: str, at: int) -> tuple[str, int]:
        """Read a row of parts."""
        text = ''
        while at < len(pattern) and pattern[at] not in '|)':
            make, at = self._part(pattern, at)
            least, most, at = self._count(pattern, at)
            most = min(most, least + _MANY)
            times = least if self.dull else self.rng.randint(least, most)
            text += ''.join(make() for _ in range(times))
        return text, at

    def _part(self, pattern: str, at: int) -> tuple[Callable[[], str], int]:
        """Read one literal, class or group."""
        character = pattern[at]
        if character == '[':
            members, end = characters_of(pattern, at)
            return lambda: self._one(members), end
        if pattern.startswith('(?:', at):
            begin = at + 3
            _, end = self._alternatives(pattern, begin)
            return lambda: self._alternatives(pattern, begin)[0], end + 1
        if character == '\\':
            members = _ESCAPED.get(pattern[at + 1], pattern[at + 1])
            return lambda: self._one(members), at + 2
        return lambda: character, at + 1

    def _count(self, pattern: str, at: int) -> tuple[int, int, int]:
        """Read how often the part before may stand."""
        if pattern.startswith('?', at):
            return 0, 1, at + 1
        if not pattern.startswith('{', at):
            return 1, 1, at
        end = pattern.index('}', at)
        least, comma, most = pattern[at + 1 : end].partition(',')
        return int(least), int(most if comma else least), end + 1


def characters_of(pattern: str, at: int = 0) -> tuple[str, int]:
    """Return a class's characters, and where it ends in the pattern."""
    end = pattern.index(']', at)
    inside = pattern[at + 1 : end]
    members = ''
    place = 0
    while place < len(inside):
        if inside[place + 1 : place + 2] == '-' and place + 2 < len(inside):
            first, last = ord(inside[place]), ord(inside[place + 2])
            members += ''.join(map(chr, range(first, last + 1)))
            place += 3
        else:
            members += inside[place]
            place += 1
    return members, end + 1
