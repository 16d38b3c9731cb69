"""Graphs as git reads them, and what git will call their commits.

The names are worked out beforehand: so a commit can be given one that begins
like another one's, and so each planting is checked against what git says.
"""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imbi_plugin_testkit.models.deployment import CommitGraph

EPOCH = 1_760_000_000
"""Seconds of the first commit; each is a minute after the one before."""

ALIKE = 4
"""Characters that a twin shares: the fewest that git looks up."""

AUTHOR = 'Kit <kit@example.com>'
TWIN, DIGITS = 'Kit <kit+{}@example.com>', 8
"""Who commits a twin, whose number is tried until the names begin alike."""

FILE = 'story.txt'
"""The one file of a tree; it holds the label of the commit."""


class Made(NamedTuple):
    """A commit to come.

    Attributes:
        sha: Its name.
        committer: Who; a number in it makes twins alike.
        seconds: When.
    """

    sha: str
    committer: str
    seconds: int


def object_name(kind: str, content: bytes) -> str:
    """Return the name that git gives an object."""
    return hashlib.sha1(
        f'{kind} {len(content)}\0'.encode() + content
    ).hexdigest()


def named(graph: CommitGraph) -> dict[str, Made]:
    """Return label to commit, parents before children."""
    made: dict[str, Made] = {}
    for number, commit in enumerate(graph.commits):
        seconds = EPOCH + 60 * number
        blob = object_name('blob', f'{commit.label}\n'.encode())
        tree = object_name(
            'tree', f'100644 {FILE}\0'.encode() + bytes.fromhex(blob)
        )
        head = f'tree {tree}\n' + ''.join(
            f'parent {made[parent].sha}\n' for parent in commit.parents
        )
        head += f'author {AUTHOR} {seconds} +0000\ncommitter '
        tail = f' {seconds} +0000\n\n{commit.message}'
        begin = made[commit.twin].sha[:ALIKE] if commit.twin else ''
        sha, committer = _search(head, tail, begin)
        made[commit.label] = Made(sha, committer, seconds)
    return made


@functools.lru_cache(maxsize=4096)
def _search(head: str, tail: str, begin: str) -> tuple[str, str]:
    """Return the first name with this beginning, and its committer."""
    if not begin:
        content = f'{head}{AUTHOR}{tail}'.encode()
        return object_name('commit', content), AUTHOR
    # One in 65,536 does: what comes before the number is hashed once.
    wanted, (before, after) = bytes.fromhex(begin), TWIN.split('{}')
    size = len(f'{head}{TWIN.format("0" * DIGITS)}{tail}'.encode())
    common = hashlib.sha1(f'commit {size}\0{head}{before}'.encode())
    rest = f'{after}{tail}'.encode()
    number = 0
    while True:
        text = b'%0*d' % (DIGITS, number)
        digest = common.copy()
        digest.update(text + rest)
        if digest.digest().startswith(wanted):
            return digest.hexdigest(), TWIN.format(text.decode())
        number += 1


def commits(
    graph: CommitGraph,
    expected: Mapping[str, Made],
    marks: Mapping[str, int],
) -> Iterator[str]:
    """Yield each commit as fast-import reads it."""
    for commit in graph.commits:
        made = expected[commit.label]
        yield 'reset refs/planting\n\n'
        yield f'commit refs/planting\nmark :{marks[commit.label]}\n'
        yield f'author {AUTHOR} {made.seconds} +0000\n'
        yield f'committer {made.committer} {made.seconds} +0000\n'
        yield data(commit.message)
        for kind, parent in zip(
            ('from', *('merge',) * len(commit.parents)),
            commit.parents,
            strict=False,
        ):
            yield f'{kind} :{marks[parent]}\n'
        yield f'deleteall\nM 100644 inline {FILE}\n'
        yield data(f'{commit.label}\n')


def data(text: str) -> str:
    return f'data {len(text.encode())}\n{text}\n'
