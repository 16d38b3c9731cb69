"""Refs, and what they resolve to (DEP001 to DEP004)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import counted, shown
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import picked, with_values
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._partway import partway, wrong_of
from imbi_plugin_testkit.laws.deployment._graphs import (
    NAMES,
    many_refs,
    story,
)
from imbi_plugin_testkit.laws.deployment._refs import (
    default_faults,
    listing_faults,
    query_faults,
    repeated,
    union_faults,
)
from imbi_plugin_testkit.laws.deployment._repository import (
    limits_of,
    planted,
    some,
)
from imbi_plugin_testkit.model import Finding
from imbi_plugin_testkit.models.deployment import (
    CommitGraph,
    GraphCommit,
    GraphTag,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from imbi_plugin_sdk.handlers.deployment import Commit, Ref
    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.laws.deployment._repository import Repository

TYPES = ('deployment',)
NEEDS = frozenset({'plant'})

SHORTEST = 4
"""Characters of the shortest object name that git itself looks up
(core.abbrev)."""

LONG_ENOUGH = 12
"""Characters with which no two objects of a small repository begin alike by
accident; git's own default for the largest repositories."""


@check(
    'DEP001',
    title='all refs are the default, branches and tags, each of them once',
    fix='List the default branch as kind `default` among all and as a branch '
    'with is_default among branches; keep a branch and a tag of one name '
    'apart; let a query only leave refs out.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def refs_add_up(lab: Lab) -> AsyncIterator[Finding]:
    """The four lists of refs agree, and a query narrows them.

    The host offers these refs for deployment: one that is missing cannot be
    deployed, one that is there twice, or with another commit, deploys what
    nobody chose. The repository planted has a default branch that is not
    called `main`, another branch that is, odd names, and a name that is a
    branch and a tag. All must be the default, the other branches and the
    tags; (kind, name) is unique, one ref at most is the default. A query
    gives some of the same refs, and never drops the one whose whole name it
    is; what else it matches is free, and so is the order.
    """
    graph = story(limits_of(lab))
    graph = CommitGraph(
        graph.commits,
        {**graph.branches, 'same': 'side'},
        graph.default,
        (*graph.tags, GraphTag('same', 'first')),
    )
    repository = await planted(lab, graph)
    lists: dict[str, list[Ref]] = {
        kind: await repository.ask('list_refs', kind=kind)
        for kind in ('all', 'default', 'branch', 'tag')
    }
    for kind, refs in lists.items():
        path = f'list_refs(kind={kind!r})'
        for message in (
            *listing_faults(repository, kind, refs),
            *default_faults(graph.default, refs),
        ):
            yield Finding(path, message)
    for message in union_faults(lists):
        yield Finding("list_refs(kind='all')", message)
    for kind, query in (
        ('all', NAMES[0]),
        ('all', 'same'),
        ('tag', 'same'),
        ('branch', graph.default),
        ('all', 'kit-no-such-ref'),
        # No pattern: brackets and stars are text.
        ('all', '[kit(*'),
    ):
        narrowed = await repository.ask('list_refs', kind=kind, query=query)
        for message in query_faults(query, narrowed, lists[kind]):
            yield Finding(f'list_refs(kind={kind!r}, query=)', message)


@check(
    'DEP002',
    title='refs beyond one page of the backend appear',
    fix="Follow the backend's pages to the end, for branches and for tags.",
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def refs_are_complete(lab: Lab) -> AsyncIterator[Finding]:
    """Every branch and tag is listed, once, however many there are.

    A repository of some age has hundreds of tags, and remotes give them in
    pages. The newest release is as likely on the last page as on the first.
    There are more tags than two pages hold and more branches than one
    (`limits.page_size`). Where the remote begins to fail between two pages
    (if the sandbox can make it, and tells URLs), an error passes.
    """
    size = lab.limits.page_size
    graph = many_refs(branches=size + 1, tags=2 * size + 1)
    repository = await planted(lab, graph)
    wanted = {
        # Where the default belongs is DEP001's to judge.
        'branch': set(graph.branches) - {graph.default},
        'tag': {tag.name for tag in graph.tags},
    }
    wanted['all'] = wanted['branch'] | wanted['tag']
    for kind, names in wanted.items():
        path = f'list_refs(kind={kind!r})'
        refs: list[Ref] = await repository.ask('list_refs', kind=kind)
        missing = names - {ref.name for ref in refs}
        if missing:
            yield Finding(
                path,
                f'of {counted(len(names), "ref")}, {len(missing)} are '
                f'missing ({some(missing)}); one page of the backend holds '
                f'{size}.',
            ).comparing(sorted(names - missing), sorted(names))
        twice = repeated(refs)
        if twice:
            found = [ref.name for ref in refs]
            yield Finding(
                path, f'{some(twice)} came more than once.'
            ).comparing(sorted(found), sorted(set(found)))
        tips = repository.tips()
        moved = {r.name for r in refs if r.sha != tips.get(r.name, r.sha)}
        if moved:
            found_at = {ref.name: ref.sha for ref in refs}
            yield Finding(
                path, f'{some(moved)} has the commit of another.'
            ).comparing(*picked(moved, found_at, tips))
    listing = functools.partial(repository.attempt, 'list_refs', kind='tag')
    async for when, answer in partway(lab, listing):
        came = [ref.name for ref in answer.result]
        wrong = wrong_of('tag', came, wanted['tag'])
        if wrong:
            yield Finding(
                "list_refs(kind='tag')",
                f'{when}, it {wrong} without an error; it must raise, or '
                'give each tag once.',
            ).comparing(sorted(came), sorted(wanted['tag']))


@check(
    'DEP003',
    title='a ref resolves to its commit, and a commit to itself',
    fix='Ask the remote for the commit of a name; peel an annotated tag until '
    'it is a commit; cut the short sha from the full one.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def names_resolve(lab: Lab) -> AsyncIterator[Finding]:
    """What a name resolves to is the commit that will be deployed.

    Branches, tags, annotated tags (objects of their own, whose name is not
    the commit's), full shas and short ones are resolved, the short one that
    the plugin itself shows among them. `short_sha` may have any length from
    four on, and must be how `sha` begins.
    """
    repository = await planted(lab, story(limits_of(lab)))
    asked = dict(repository.tips())
    for label in ('first', 'side'):
        sha = repository.shas[label]
        asked[sha] = sha
        asked[sha[:LONG_ENOUGH]] = sha
    seen: dict[str, Commit] = {}
    for committish, sha in asked.items():
        commit: Commit = await repository.ask('resolve_committish', committish)
        seen[commit.sha] = commit
        if commit.sha != sha:
            yield _wrong(repository, committish, sha, commit)
    for commit in seen.values():
        message = _short_fault(commit)
        if message:
            yield Finding('resolve_committish().short_sha', message)
            continue
        every = repository.shas.values()
        if sum(sha.startswith(commit.short_sha) for sha in every) == 1:
            again = await repository.ask(
                'resolve_committish', commit.short_sha
            )
            if again.sha != commit.sha:
                yield _wrong(repository, commit.short_sha, commit.sha, again)


def _wrong(
    repository: Repository, committish: str, sha: str, commit: Commit
) -> Finding:
    return Finding(
        f'resolve_committish({committish!r})',
        f'is {repository.label(commit.sha)!r}, and must be '
        f'{repository.label(sha)!r} ({sha}).',
    ).comparing(commit.sha, sha)


def _short_fault(commit: Commit) -> str:
    short = commit.short_sha
    if len(short) >= SHORTEST and commit.sha.startswith(short):
        return ''
    return with_values(
        f'{shown(short)} is no short form of {commit.sha}; it must be its '
        f'beginning, and {SHORTEST} characters at least.',
        short,
        commit.sha[: max(len(short), SHORTEST)],
    )


@check(
    'DEP004',
    title='an unknown or ambiguous committish is a typed error',
    fix="Raise ValueError or a PluginError where the remote's answer is not "
    'exactly one commit; encode names in URLs, with `/` and `#` too; do not '
    'look for prefixes of names.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def unknown_names_are_refused(lab: Lab) -> AsyncIterator[Finding]:
    """A name that is not there is told, and not guessed at.

    Remotes match prefixes, fall back to the default branch or answer with an
    empty list; whoever takes that for a commit deploys it. Tried are names
    that do not exist, beginnings of names that do, unknown object names, and
    the common beginning of two commits, where the remote can be made to have
    such; with `resolve_committish`, `list_commits` and both sides of
    `compare`. ValueError and every PluginError pass. Names that hold `/` and
    `#` must be found by all three.
    """
    graph = story(limits_of(lab))
    twins = (*graph.commits, GraphCommit('twin', ('last',), 'Twin', 'first'))
    branches = {**graph.branches, 'twin': 'twin'}
    repository = await planted(
        lab, CommitGraph(twins, branches, graph.default, graph.tags)
    )
    for committish in _unknown(repository):
        message = await repository.not_refused(
            'resolve_committish', committish
        )
        if message:
            path = f'resolve_committish({committish!r})'
            yield Finding(path, f'{message}.')
    bad, good = 'kit-no-such-ref', graph.default
    for method, arguments in (
        ('list_commits', (bad,)),
        ('compare', (bad, good)),
        ('compare', (good, bad)),
    ):
        message = await repository.not_refused(method, *arguments)
        if message:
            path = f'{method}({", ".join(map(repr, arguments))})'
            yield Finding(path, f'{message}.')
    tips = repository.tips()
    for name in NAMES:
        commits: list[Commit] = await repository.ask(
            'list_commits', name, limit=1
        )
        if [commit.sha for commit in commits] != [tips[name]]:
            yield Finding(
                f'list_commits({name!r})',
                f'begins with {shown(commits[:1])}, and must begin with '
                f'{repository.label(tips[name])!r}.',
            ).comparing([commit.sha for commit in commits], [tips[name]])
    found = await repository.ask('compare', NAMES[0], NAMES[1])
    if (found.base_sha, found.head_sha) != (tips[NAMES[0]], tips[NAMES[1]]):
        yield Finding(
            f'compare{NAMES!r}',
            f'compared {repository.label(found.base_sha)!r} with '
            f'{repository.label(found.head_sha)!r}; it must compare what '
            'was asked for.',
        ).comparing(
            (found.base_sha, found.head_sha), (tips[NAMES[0]], tips[NAMES[1]])
        )


def _unknown(repository: Repository) -> Iterator[str]:
    """Yield what means no commit, or more than one."""
    lab, shas = repository.lab, repository.shas
    yield from ('kit-no-such-ref', 'feature', 'tru', 'release/1.0', 'v1')
    digits = f'{lab.rng.getrandbits(160):040x}'
    yield from (digits, digits[:LONG_ENOUGH], '0' * 40)
    one, twin = shas['first'], shas['twin']
    alike = next(
        (n for n, (a, b) in enumerate(zip(one, twin, strict=False)) if a != b),
        len(one),
    )
    if SHORTEST <= alike < len(one):
        yield one[:alike]
    else:
        lab.note(
            'no ambiguous sha was tried: `plant` gave a twin another beginning'
        )
