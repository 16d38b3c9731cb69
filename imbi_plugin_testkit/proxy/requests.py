"""Requests as the proxy saw them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Headers(Mapping[str, str]):
    """Headers of one request: names in any case, repeated ones kept.

    Looking a name up gives the first value. The repr shows names only: values
    may be credentials.

    Attributes:
        pairs: Every name and value, as they came and in order.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = tuple((name, str(value)) for name, value in pairs)
        self._first: dict[str, str] = {}
        for name, value in self.pairs:
            self._first.setdefault(name.lower(), value)

    def __getitem__(self, name: str) -> str:
        """Return the first value of a header."""
        return self._first[name.lower()]

    def __iter__(self) -> Iterator[str]:
        """Yield each name once, in lower case."""
        return iter(self._first)

    def __len__(self) -> int:
        """Return how many different names there are."""
        return len(self._first)

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a header, in order."""
        return tuple(
            value for key, value in self.pairs if key.lower() == name.lower()
        )

    def __repr__(self) -> str:
        """Return the names, without values."""
        return f'Headers({", ".join(self._first)})'


@dataclasses.dataclass(frozen=True, slots=True)
class ProxiedRequest:
    """One request that arrived at the proxy.

    Attributes:
        method: GET, POST, and so on.
        target: Path and query.
        headers: As they came; credentials included.
        body: In full, chunks joined.
    """

    method: str
    target: str
    headers: Headers
    body: bytes = dataclasses.field(repr=False)
