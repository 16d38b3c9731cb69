"""Reading: refs, commits, comparisons, and what the checks say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_github import answers
from imbi_plugin_github.deployment.names import escaped
from imbi_plugin_sdk import Commit, CompareResult, Ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from imbi_plugin_github.answers import Item
    from imbi_plugin_github.deployment.repository import Repository
    from imbi_plugin_sdk import CheckStatus

SHORT = 7
"""Characters of a short sha, as GitHub shows it."""

CONCLUSIONS: Mapping[str, CheckStatus] = {
    'success': 'pass',
    'neutral': 'pass',
    'skipped': 'pass',
    'failure': 'fail',
    'timed_out': 'fail',
    'startup_failure': 'fail',
    'action_required': 'warn',
    'cancelled': 'warn',
    'stale': 'warn',
}
"""Conclusion of a check run to what it says; GitHub lets neutral and skipped
ones pass as required checks, and no other."""

STATES: Mapping[str, CheckStatus] = {
    'success': 'pass',
    'failure': 'fail',
    'error': 'fail',
}
"""State of a commit status to what it says; `pending` says nothing yet."""

WORST_FIRST: tuple[CheckStatus, ...] = ('fail', 'unknown', 'warn', 'pass')
"""What wins where checks differ: one that failed, then one that may fail."""


async def list_refs(
    repository: Repository, kind: str, query: str | None
) -> list[Ref]:
    """Return the refs of a kind whose names hold the query.

    The lists of branches and tags, unlike that of refs, come peeled.
    """
    about = await repository.item('', 'the repository')
    default = answers.text(about, 'default_branch')
    refs: list[Ref] = []
    if kind == 'default':
        refs += await _default(repository, default)
    if kind in ('branch', 'all'):
        listed = await repository.items('branches', 'the list of branches')
        for ref in _refs(listed, 'branch'):
            ref.is_default = ref.name == default
            if ref.is_default and kind == 'all':
                ref.kind = 'default'
            refs.append(ref)
    if kind in ('tag', 'all'):
        listed = await repository.items('tags', 'the list of tags')
        refs += _refs(listed, 'tag')
    # Pages move on while others push: what comes twice came first.
    unique = {(ref.kind, ref.name): ref for ref in reversed(refs)}
    wanted = (query or '').casefold()
    return [
        ref
        for ref in reversed(unique.values())
        if wanted in ref.name.casefold()
    ]


async def _default(repository: Repository, name: str) -> list[Ref]:
    """Return the default branch; none in an empty repository."""
    reply = await repository.ask('GET', f'branches/{escaped(name)}')
    if not reply.found:
        return []
    branch = next(_refs([reply.item('the branch')], 'branch'))
    branch.kind, branch.is_default = 'default', True
    return [branch]


def _refs(listed: Iterable[Item], kind: str) -> Iterator[Ref]:
    for item in listed:
        yield Ref(
            name=answers.text(item, 'name'),
            kind='tag' if kind == 'tag' else 'branch',
            sha=answers.text(answers.inner(item, 'commit'), 'sha'),
        )


async def list_commits(
    repository: Repository, ref: str, limit: int
) -> list[Commit]:
    """Return the history of a ref, from the commit that it names now on.

    The pages are of that commit and not of the name, so that a push in
    between moves nothing.
    """
    sha = await repository.sha(ref)
    if limit < 1:
        return []
    listed = await repository.items(
        'commits', 'the list of commits', most=limit, sha=sha
    )
    commits = [commit_of(item) for item in listed]
    if commits:
        commits[0].is_head = commits[0].sha == sha
    return commits


async def compare(
    repository: Repository, base: str, head: str
) -> CompareResult:
    """Return what the head has and the base has not.

    Files and lines are those since both parted; GitHub lists 300 files and
    250 commits at most, and counts all commits.
    """
    base_sha = await repository.sha(base)
    head_sha = await repository.sha(head)
    found = await repository.item(
        f'compare/{base_sha}...{head_sha}',
        f'the comparison of {base[:80]!r} with {head[:80]!r}',
    )
    listed = found.get('files')
    files = [] if listed is None else answers.items_of(listed, 'files')
    commits = answers.items_of(found.get('commits'), 'commits')
    return CompareResult(
        base_sha=base_sha,
        head_sha=head_sha,
        ahead=answers.count(found, 'ahead_by'),
        behind=answers.count(found, 'behind_by'),
        # GitHub gives the oldest first, and all other lists the newest.
        commits=[commit_of(item) for item in reversed(commits)],
        files_changed=len(files),
        additions=sum(answers.count(file, 'additions') for file in files),
        deletions=sum(answers.count(file, 'deletions') for file in files),
    )


def commit_of(item: Item) -> Commit:
    """Return a commit."""
    sha = answers.text(item, 'sha')
    told = answers.inner(item, 'commit')
    author = told.get('author')
    by = {} if author is None else answers.item_of(author, 'the author')
    return Commit(
        sha=sha,
        short_sha=sha[:SHORT],
        message=answers.text(told, 'message'),
        author=answers.maybe(by, 'name'),
        authored_at=answers.maybe_moment(by, 'date'),
        url=answers.maybe(item, 'html_url'),
    )


async def check_status(repository: Repository, committish: str) -> CheckStatus:
    """Return what check runs and commit statuses say together."""
    sha = await repository.sha(committish)
    runs = await repository.items(
        f'commits/{sha}/check-runs',
        'the list of check runs',
        field='check_runs',
        filter='latest',
    )
    # The newest of each context, where the list of statuses has all.
    statuses = await repository.items(
        f'commits/{sha}/status', 'the commit status', field='statuses'
    )
    said = {_concluded(run) for run in runs}
    said |= {
        STATES.get(answers.text(one, 'state'), 'unknown') for one in statuses
    }
    for status in WORST_FIRST:
        if status in said:
            return status
    return 'unknown'


def _concluded(run: Item) -> CheckStatus:
    if answers.text(run, 'status') != 'completed':
        return 'unknown'
    return CONCLUSIONS.get(answers.maybe(run, 'conclusion') or '', 'unknown')
