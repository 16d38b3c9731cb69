"""Histories and comparisons (DEP005 to DEP007)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import counted, shown
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import Words, with_values
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws.deployment._graphs import (
    NAMES,
    ancestors,
    line,
    story,
)
from imbi_plugin_testkit.laws.deployment._repository import (
    limits_of,
    planted,
    some,
)
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from imbi_plugin_sdk.handlers.deployment import Commit, CompareResult
    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.laws.deployment._repository import Repository

TYPES = ('deployment',)
NEEDS = frozenset({'plant'})

MOST_COMMITS = 400
"""Commits that a law plants at most: GitHub's cap of a comparison is 250, and
planting thousands takes longer than the law."""


@check(
    'DEP005',
    title='commits come head first, then its ancestors, up to the limit',
    fix='Ask the remote for the history of the ref, follow its pages until '
    '`limit` commits are there, and cut what is beyond.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def histories_begin_at_the_head(lab: Lab) -> AsyncIterator[Finding]:
    """A list of commits is the history of the ref, newest first.

    The host shows it to choose what to deploy. At most `limit` commits come,
    the head first, all of them ancestors and each once; with a smaller limit
    comes the beginning of the same list; only the head may say `is_head`.
    Where a history has merges its order is free (by time, or line by line),
    and a plugin may follow first parents only. Where it is one line there
    is nothing to choose: as many as there are, or as the limit allows, also
    beyond one page of the remote (`limits.commits_page`).
    """
    limits = limits_of(lab)
    repository = await planted(lab, story(limits))
    for ref, head in (('trunk', 'last'), (NAMES[0], 'tip')):
        whole: list[Commit] = await repository.ask(
            'list_commits', ref, limit=len(repository.shas)
        )
        for message in history_faults(repository, head, whole):
            yield Finding(f'list_commits({ref!r})', message)
        for limit in (1, 3):
            some_of_them = await repository.ask(
                'list_commits', ref, limit=limit
            )
            message = _no_prefix(some_of_them, whole, limit)
            if message:
                yield Finding(f'list_commits({ref!r}, limit={limit})', message)
    # Three more than a page: a whole page, the next without its last commit,
    # and more than there are.
    length = min(limits.commits_page + 3, MOST_COMMITS)
    repository = await planted(lab, line(length), 'line')
    wanted = [repository.shas[f'c{n}'] for n in range(length, 0, -1)]
    for limit in (limits.commits_page, length - 1, length + 1):
        found = await repository.ask('list_commits', 'trunk', limit=limit)
        shas = [commit.sha for commit in found]
        if shas != wanted[:limit]:
            yield Finding(
                f"list_commits('trunk', limit={limit})",
                f'gives {_told(repository, shas)}, and must give '
                f'{_told(repository, wanted[:limit])}; one page of the remote '
                f'holds {limits.commits_page}.',
            ).comparing(
                [*map(repository.label, shas)],
                [*map(repository.label, wanted[:limit])],
            )


def history_faults(
    repository: Repository,
    head: str,
    commits: Sequence[Commit],
    limit: int | None = None,
) -> Iterator[str]:
    """Yield what is wrong with a list of commits.

    Args:
        repository: The repository.
        head: Label of the head.
        commits: What came.
        limit: What was asked for; None is more than there are.
    """
    labels = [repository.label(commit.sha) for commit in commits]
    if labels[:1] != [head]:
        message = f'begins with {labels[:1]}, and must begin with {head!r}.'
        yield with_values(message, labels[:1], [head])
    strangers = set(labels) - ancestors(repository.graph, head)
    if strangers:
        message = f'{some(strangers)} is no ancestor of {head!r}.'
        right = [label for label in labels if label not in strangers]
        yield with_values(message, labels, right)
    twice = {label for label in labels if labels.count(label) > 1}
    if twice:
        message = f'{some(twice)} came more than once.'
        yield with_values(message, labels, list(dict.fromkeys(labels)))
    heads = [
        repository.label(commit.sha)
        for commit in commits
        if commit.is_head and repository.label(commit.sha) != head
    ]
    if heads:
        message = f'{some(heads)} has is_head; only {head!r} is the head.'
        yield with_values(message, sorted({*heads, head}), [head])
    merges = any(
        len(commit.parents) > 1
        for commit in repository.graph.commits
        if commit.label in ancestors(repository.graph, head)
    )
    missing = ancestors(repository.graph, head) - set(labels)
    if missing and not merges and len(labels) != limit:
        message = f'{some(missing)} is missing.'
        yield with_values(message, labels, [*labels, *sorted(missing)])
    if limit is not None and len(labels) > limit:
        message = f'gives {counted(len(labels), "commit")}, more than asked.'
        yield with_values(message, len(labels), Words(f'at most {limit}'))


def _no_prefix(
    few: Sequence[Commit], whole: Sequence[Commit], limit: int
) -> str:
    shas = [commit.sha for commit in few]
    if len(shas) > limit:
        message = f'gives {counted(len(shas), "commit")}, more than the limit.'
        return with_values(message, len(shas), Words(f'at most {limit}'))
    wanted = [commit.sha for commit in whole][:limit]
    if shas != wanted:
        message = 'is not how the list with a larger limit begins.'
        return with_values(message, shas, wanted)
    return ''


def _told(repository: Repository, shas: Sequence[str]) -> str:
    """Return how many commits, and which are the first and last."""
    if not shas:
        return 'none'
    first, last = repository.label(shas[0]), repository.label(shas[-1])
    return f'{counted(len(shas), "commit")} from {first!r} to {last!r}'


@check(
    'DEP006',
    title='comparing with itself is empty; swapping swaps ahead and behind',
    fix='Pass base and head to the remote in its order, and read ahead and '
    'behind from the side of the head.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def comparing_has_two_sides(lab: Lab) -> AsyncIterator[Finding]:
    """What a deployment would bring is the other side of a rollback.

    A plugin that swaps the sides tells an operator that a deployment brings
    nothing when it brings everything. Compared are a commit with itself, by
    the same and by two names, a line with its beginning, and lines that
    diverged with and without a merge, each in both directions. Shas of both
    sides must be those of what was asked for.
    """
    repository = await planted(lab, story(limits_of(lab)))
    tips = repository.tips()
    for base, head in (('trunk', 'trunk'), ('release', 'v1.0')):
        same: CompareResult = await repository.ask('compare', base, head)
        if same.ahead or same.behind or same.commits:
            yield Finding(
                f'compare({base!r}, {head!r})',
                f'of one commit has ahead={same.ahead}, behind={same.behind} '
                f'and {counted(len(same.commits), "commit")}; all must be '
                'none.',
            ).comparing(
                (same.ahead, same.behind, len(same.commits)), (0, 0, 0)
            )
    for one, other in (
        ('main', 'trunk'),
        ('trunk', NAMES[0]),
        ('v1.1', NAMES[1]),
    ):
        there = await repository.ask('compare', one, other)
        back = await repository.ask('compare', other, one)
        if (there.ahead, there.behind) != (back.behind, back.ahead):
            yield Finding(
                f'compare({one!r}, {other!r})',
                f'has ahead={there.ahead}, behind={there.behind}, and the '
                f'other way round ahead={back.ahead}, behind={back.behind}; '
                'swapping the sides must swap the counts.',
            ).comparing(
                {'ahead': there.ahead, 'behind': there.behind},
                {'ahead': back.behind, 'behind': back.ahead},
            )
        for base, head, result in ((one, other, there), (other, one, back)):
            sides = (result.base_sha, result.head_sha)
            if sides != (tips[base], tips[head]):
                yield Finding(
                    f'compare({base!r}, {head!r})',
                    f'says it compared {shown(sides[0])} with '
                    f'{shown(sides[1])}; the commits are {tips[base]!r} and '
                    f'{tips[head]!r}.',
                ).comparing(sides, (tips[base], tips[head]))


@check(
    'DEP007',
    title='ahead counts the commits of the head only, truncated or not',
    fix='Take `ahead` and `behind` from the counts that the remote gives, not '
    'from the length of a list that it cuts.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def counts_are_not_cut(lab: Lab) -> AsyncIterator[Finding]:
    """`ahead` says how much a deployment brings, also when it is a lot.

    Remotes list a few hundred commits of a comparison and leave out the rest
    without saying so. Counts must be those of the graph; the commits listed
    must be in the head and not in the base, each once, and all of them
    unless there are more than the remote lists (`limits.compare_cap`). Then
    the list may be cut; the count may not.
    """
    limits = limits_of(lab)
    repository = await planted(lab, story(limits))
    for base, head in (
        ('main', 'trunk'),
        (NAMES[0], 'trunk'),
        ('trunk', NAMES[0]),
        ('v1.1', 'trunk'),
    ):
        async for finding in compared(repository, base, head):
            yield finding
    # The line is one longer than what the remote lists, or than a page where
    # it lists all; the other branch is one behind all of that.
    cap = limits.compare_cap
    length = (limits.commits_page if cap is None else cap) + 1
    if length + 1 > MOST_COMMITS:
        lab.note(f'a comparison of {length} commits was not tried: too long')
        return
    repository = await planted(lab, line(length + 1, fork=1), 'line')
    async for finding in compared(repository, 'other', 'trunk'):
        yield finding
    async for finding in compared(repository, 'trunk', 'other'):
        yield finding


async def compared(
    repository: Repository, base: str, head: str
) -> AsyncIterator[Finding]:
    """Compare two names, and yield what is wrong with the result."""
    graph = repository.graph
    labels = dict(graph.branches)
    labels.update({tag.name: tag.commit for tag in graph.tags})
    ours = ancestors(graph, labels[head])
    theirs = ancestors(graph, labels[base])
    result: CompareResult = await repository.ask('compare', base, head)
    path = f'compare({base!r}, {head!r})'
    for what, got, wanted in (
        ('ahead', result.ahead, len(ours - theirs)),
        ('behind', result.behind, len(theirs - ours)),
    ):
        if got != wanted:
            yield Finding(
                f'{path}.{what}',
                f'is {got}, and must be {wanted}; '
                f'{counted(len(result.commits), "commit")} came.',
            ).comparing(got, wanted)
    found = [repository.label(commit.sha) for commit in result.commits]
    strangers = set(found) - (ours - theirs)
    if strangers:
        yield Finding(
            f'{path}.commits',
            f'{some(strangers)} is not in the head only.',
        ).comparing(sorted(found), sorted(set(found) - strangers))
    if len(set(found)) != len(found):
        yield Finding(
            f'{path}.commits', 'hold a commit more than once.'
        ).comparing(found, list(dict.fromkeys(found)))
    cap = limits_of(repository.lab).compare_cap
    missing = ours - theirs - set(found)
    if missing and (cap is None or len(ours - theirs) <= cap):
        yield Finding(
            f'{path}.commits',
            f'lack {some(missing)}; the remote lists '
            f'{"all" if cap is None else cap}.',
        ).comparing(sorted(found), sorted({*found, *missing}))
