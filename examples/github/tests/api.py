"""The REST API of the fake: how an operation is found, and what it is given.

The operations themselves are in `reading`, `writing` and `actions`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.shapes import Shapes
    from tests.world import Repo, Token, World

    Operation = Callable[..., 'Answer']


class RefusalError(Exception):
    """The API refuses."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


def missing() -> RefusalError:
    """Return what GitHub says of all that one may not see."""
    return RefusalError(404, 'Not Found')


@dataclasses.dataclass(slots=True)
class Answer:
    """What an operation comes to.

    Attributes:
        body: JSON; None is no body. A list is given in pages.
        status: Of HTTP.
        pages: The field of the body that is given in pages.
    """

    body: Any
    status: int = 200
    pages: str = ''


@dataclasses.dataclass(slots=True)
class Asked:
    """One request.

    Attributes:
        world: What there is.
        shapes: How it looks.
        token: Who asks.
        query: Name to value.
        body: JSON.
        repo: The repository; unset where there is none in the path.
    """

    world: World
    shapes: Shapes
    token: Token
    query: Mapping[str, str]
    body: dict[str, Any]
    repo: Repo


ROUTES: list[tuple[str, tuple[str, ...], Operation]] = []


def route(method: str, path: str) -> Callable[[Operation], Operation]:
    """Register an operation; `{x}` is a segment, `{x+}` is the rest."""

    def register(operation: Operation) -> Operation:
        ROUTES.append((method, tuple(path.split('/')), operation))
        return operation

    return register


def routed(
    method: str, segments: Sequence[str]
) -> tuple[Operation, dict[str, str]]:
    """Return the operation of a path, and what its placeholders are.

    Raises:
        RefusalError: There is none.
    """
    for wanted, pattern, operation in ROUTES:
        found = _matched(pattern, segments) if wanted == method else None
        if found is not None:
            return operation, found
    raise missing()


def _matched(
    pattern: Sequence[str], segments: Sequence[str]
) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for number, part in enumerate(pattern):
        if part.endswith('+}'):
            found[part[1:-2]] = '/'.join(segments[number:])
            return found if segments[number:] else None
        if number >= len(segments):
            return None
        if part.startswith('{'):
            found[part[1:-1]] = segments[number]
        elif part != segments[number]:
            return None
    return found if len(pattern) == len(segments) else None


REPO = 'repos/{owner}/{name}'


@dataclasses.dataclass(slots=True)
class Lazy:
    """A list whose things are made page by page."""

    keys: list[str]
    make: Callable[[Sequence[str]], list[Any]]


def commit_of(asked: Asked, committish: str) -> str:
    """Return the commit of a name.

    Raises:
        RefusalError: There is none.
    """
    sha = asked.repo.git.resolve(committish, asked.repo.default)
    if sha is None:
        raise RefusalError(422, f'No commit found for SHA: {committish}')
    return sha


def commits_json(asked: Asked, shas: Sequence[str]) -> list[Any]:
    return [
        asked.shapes.commit(asked.repo, info)
        for info in asked.repo.git.commits(shas)
    ]
