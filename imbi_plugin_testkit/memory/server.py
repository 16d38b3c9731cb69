"""A store of JSON items that `imbi_plugin_testkit.memory` talks to."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import itertools
import json
import time
import urllib.parse
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.memory.faults import FaultyServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_testkit.sandbox import Limits


class MemoryStatusError(Exception):
    """The server's answer is an error.

    Attributes:
        status: The status, as HTTP has them.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f'status {status}')
        self.status = status


@dataclasses.dataclass(frozen=True, slots=True)
class _Version:
    """One state of one path; no item means that it was deleted."""

    seen_from: float
    item: dict[str, Any] | None


class MemoryServer(FaultyServer):
    """A store of JSON items by path, with pages, statuses and faults.

    Attributes:
        token: The token it accepts.
        limits: What it allows; it refuses the rest with status 400.
    """

    def __init__(self, token: str, limits: Limits) -> None:
        super().__init__('memory://{}')
        self.token = token
        self.limits = limits
        self._paths: dict[str, list[_Version]] = {}

    async def request(
        self, verb: str, url: str, *, token: str, body: object = None
    ) -> str:
        """Answer one request with JSON text.

        Args:
            verb: GET (a page below a prefix), POST (items by path), PUT or
                DELETE (one item).
            url: Path and query.
            token: The caller's token.
            body: What is written, or the paths that are asked for.

        Raises:
            MemoryStatusError: 400, 401, 403, 429, 500 or 503.
            OSError: It cannot be reached.
        """
        self.urls.append(f'{verb} {self.address}{url}')
        await asyncio.sleep(0)
        await self._go_wrong()
        if token != self.token:
            raise MemoryStatusError(401)
        path, _, query = url.partition('?')
        path = urllib.parse.unquote(path)
        if verb == 'GET':
            facts = dict(urllib.parse.parse_qsl(query))
            answer: object = self._page(path, facts.get('after', ''))
        elif verb == 'POST':
            answer = self._batch(list(body))  # type: ignore[call-overload]
        elif verb == 'PUT':
            answer = self._put(path, dict(body))  # type: ignore[call-overload]
        else:
            answer = self._drop(path)
        text = json.dumps(answer)
        return self.spoiled(text)

    def items(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield what can be read at this moment, by path."""
        for path in self._paths:
            item = self.item(path)
            if item is not None:
                yield path, item

    def item(self, path: str) -> dict[str, Any] | None:
        """Return what can be read at a path at this moment."""
        now = time.monotonic()
        for version in reversed(self._paths.get(path, ())):
            if version.seen_from <= now:
                return version.item
        return None

    def write(self, path: str, item: dict[str, Any] | None) -> None:
        """Make a state that is read once the lag is over."""
        seen_from = time.monotonic() + self.limits.consistency_lag
        versions = self._paths.setdefault(path, [])
        if not self.limits.consistency_lag:
            versions.clear()
        versions.append(_Version(seen_from, item))

    def _page(self, prefix: str, after: str) -> dict[str, Any]:
        paths = sorted(
            path
            for path in self._paths
            if path.startswith(prefix) and path > after
        )
        held = ((path, self.item(path)) for path in paths)
        there = ((path, item) for path, item in held if item is not None)
        page = list(itertools.islice(there, self.limits.page_size))
        more = next(there, None) is not None
        return {
            'items': [{'path': path, **item} for path, item in page],
            'after': page[-1][0] if more else None,
        }

    def _batch(self, paths: list[str]) -> dict[str, Any]:
        if len(paths) > self.limits.page_size:
            raise MemoryStatusError(400)
        held = {path: self.item(path) for path in paths}
        return {
            'items': [
                {'path': path, **item}
                for path, item in held.items()
                if item is not None
            ]
        }

    def _put(self, path: str, item: dict[str, Any]) -> dict[str, Any]:
        if not self._allows(path.rpartition('/')[2], str(item['value'])):
            raise MemoryStatusError(400)
        item['modified'] = dt.datetime.now(dt.UTC).isoformat()
        self.write(path, item)
        return item

    def _allows(self, key: str, value: str) -> bool:
        limits = self.limits
        return (
            0 < len(key) <= limits.max_key_length
            and all(char in limits.key_alphabet for char in key)
            and len(value.encode('utf-8')) <= limits.max_value_bytes
            and (limits.empty_value or bool(value))
            and (limits.padded_value or value == value.strip())
            and (limits.unicode_value or value.isascii())
            and (limits.multiline_value or len(value.splitlines()) <= 1)
        )

    def _drop(self, path: str) -> dict[str, Any]:
        if not self.limits.consistency_lag:
            self._paths.pop(path, None)
        elif path in self._paths:
            self.write(path, None)
        return {}

    async def _go_wrong(self) -> None:
        self.refuse()
        await self.lose()
        if self.status is not None:
            raise MemoryStatusError(self.status)
