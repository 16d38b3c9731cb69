"""Small repositories that laws plant, and what is true of them."""

from __future__ import annotations

from imbi_plugin_testkit.models.deployment import (
    CommitGraph,
    DeploymentLimits,
    GraphCommit,
    GraphTag,
)

NAMES = ('feature/One%2F#2', 'release/1.0#rc')
"""A branch and a tag whose names a URL cannot hold as they are."""


def story(limits: DeploymentLimits) -> CommitGraph:
    """Return a repository with a merge, a side line and odd names.

    The default branch is not called `main`, and another branch is::

        first ── second ── third ──── merge ── last     trunk
                   │ └──── side ──────┘                 (merged)
                   └────── topic ── tip              feature/One%2F#2
        first                                           main

    Args:
        limits: Whether a tag can be annotated.
    """
    return CommitGraph(
        commits=(
            GraphCommit('first', (), 'First'),
            GraphCommit('second', ('first',), 'Second'),
            GraphCommit('third', ('second',), 'Third'),
            GraphCommit('side', ('second',), 'Beside the third'),
            GraphCommit('merge', ('third', 'side'), 'Bring both together'),
            GraphCommit('topic', ('second',), 'Begin a topic'),
            GraphCommit('tip', ('topic',), 'Go on with the topic'),
            GraphCommit('last', ('merge',), 'Last'),
        ),
        branches={
            'trunk': 'last',
            'main': 'first',
            NAMES[0]: 'tip',
            'release': 'second',
        },
        default='trunk',
        tags=(
            GraphTag('v1.0', 'second', annotated=limits.annotated_tags),
            GraphTag('v1.1', 'third'),
            GraphTag(NAMES[1], 'topic', annotated=limits.annotated_tags),
        ),
    )


def line(length: int, *, fork: int = 0) -> CommitGraph:
    """Return commits in one line, and a branch that left it.

    Args:
        length: Commits of the default branch, from `c1` to `c{length}`.
        fork: The commit at which `other`, a branch with a commit of its own
            (`o`), leaves; 0 makes none.
    """
    commits = [
        GraphCommit(
            f'c{number}',
            (f'c{number - 1}',) if number > 1 else (),
            f'Commit {number}',
        )
        for number in range(1, length + 1)
    ]
    branches = {'trunk': f'c{length}'}
    if fork:
        commits.append(GraphCommit('o', (f'c{fork}',), 'Other'))
        branches['other'] = 'o'
    return CommitGraph(tuple(commits), branches, default='trunk')


def many_refs(branches: int, tags: int) -> CommitGraph:
    """Return two commits with so many branches and tags."""
    return CommitGraph(
        commits=(
            GraphCommit('one', (), 'One'),
            GraphCommit('two', ('one',), 'Two'),
        ),
        branches={
            'trunk': 'two',
            **{f'branch-{n:03}': 'one' for n in range(branches)},
        },
        default='trunk',
        tags=tuple(GraphTag(f'tag-{n:03}', 'two') for n in range(tags)),
    )


def ancestors(graph: CommitGraph, label: str) -> set[str]:
    """Return the labels of a commit and of all it is built on."""
    parents = {commit.label: commit.parents for commit in graph.commits}
    seen, waiting = {label}, [label]
    while waiting:
        more = set(parents[waiting.pop()]) - seen
        seen |= more
        waiting += more
    return seen
