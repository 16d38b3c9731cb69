"""Deployment plugins that are wrong in one place, and the laws that say so.

A mutant's row names the exact set of laws that fail. `subtle` ones are the
slips that reviews miss.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import ClassVar

import pytest
from ledger import assert_complete, assert_killed

from imbi_plugin_sdk.errors import (
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_sdk.handlers.deployment import (
    Commit,
    DeploymentRun,
    Ref,
    RefInfo,
)
from imbi_plugin_testkit.memory.deployment import (
    MemoryDeployment,
    MemoryDeploymentSandbox,
    MemoryForge,
    UnknownHere,
)
from imbi_plugin_testkit.memory.deployment.connection import repository_path
from imbi_plugin_testkit.memory.deployment.sandbox import OTHER_ENDS
from imbi_plugin_testkit.models.deployment import DeploymentLimits

SCOPE = {f'DEP{number:03}' for number in range(1, 16)}
"""The laws that this ledger is about; others have ledgers beside it."""

PAGE = 8
"""Commits on one page of the remote."""

MUTANTS: list[tuple[type, frozenset[str], bool, object]] = []


def limited(**limits):
    # Small ones: hundreds of commits would be most of a law's time.
    facts = {
        'compare_cap': 12,
        'commits_page': PAGE,
        'other_ends': OTHER_ENDS,
        **limits,
    }
    return lambda: MemoryDeploymentSandbox(DeploymentLimits(**facts))


SMALL = limited()


def kills(*ids, subtle=False, on=SMALL):
    """Register a mutant with exactly the laws that must fail on it.

    Args:
        ids: The laws.
        subtle: Whether a review would miss it.
        on: Makes the sandbox.
    """

    def register(cls):
        MUTANTS.append((cls, frozenset(ids), subtle, on))
        return cls

    return register


def held(ctx):
    """Return what the remote holds, for mutants that do what they must not."""
    forge = MemoryForge.at(ctx.assignment_options['endpoint'])
    return forge.repositories[repository_path(ctx)]


# DEP001 -------------------------------------------------------------------


@kills('DEP001')
class ListsTheDefaultTwice(MemoryDeployment):
    def branch(self, asked, item, default):
        found = super().branch(asked, item, default)
        if asked == 'all' and found[0].is_default:
            found += super().branch('branch', item, default)
        return found


@kills('DEP001', subtle=True)
class TakesMainForTheDefault(MemoryDeployment):
    def default_of(self, about):
        return 'main'


@kills('DEP001', subtle=True)
class KeepsOneRefPerName(MemoryDeployment):
    async def list_refs(self, *args, **kwargs):
        found = await super().list_refs(*args, **kwargs)
        return list({ref.name: ref for ref in found}.values())


@kills('DEP001', subtle=True)
class ForgetsTheDefaultAmongBranches(MemoryDeployment):
    def branch(self, asked, item, default):
        found = super().branch(asked, item, default)
        if asked == 'branch':
            found[0].is_default = False
        return found


@kills('DEP001', subtle=True)
class LeavesTheDefaultOutOfBranches(MemoryDeployment):
    def branch(self, asked, item, default):
        if asked == 'branch' and item['name'] == default:
            return []
        return super().branch(asked, item, default)


@kills('DEP001', subtle=True)
class AQueryMakesTheDefaultABranch(MemoryDeployment):
    async def list_refs(self, ctx, credentials, kind='all', query=None):
        found = await super().list_refs(ctx, credentials, kind, query)
        if query is None:
            return found
        return [
            ref.model_copy(update={'kind': 'tag'})
            if ref.name == query
            else ref
            for ref in found
        ]


@kills('DEP001', subtle=True)
class TakesAQueryForAPattern(MemoryDeployment):
    def matches(self, ref, query):
        return (
            query is None
            or re.search(query, ref.name, re.IGNORECASE) is not None
        )


@kills('DEP001', subtle=True)
class LooksForTheLastPartOfAName(MemoryDeployment):
    def matches(self, ref, query):
        return super().matches(
            ref.model_copy(update={'name': ref.name.rpartition('/')[2]}), query
        )


@kills('DEP001', 'DEP002')
class RepeatsTheDefaultInTheEnd(MemoryDeployment):
    async def list_refs(self, *args, **kwargs):
        found = await super().list_refs(*args, **kwargs)
        return [*found, *(ref for ref in found if ref.kind == 'default')]


@kills('DEP001', subtle=True)
class ListsBranchesAmongTags(MemoryDeployment):
    async def list_refs(self, ctx, credentials, kind='all', query=None):
        if kind != 'tag':
            return await super().list_refs(ctx, credentials, kind, query)
        found = await super().list_refs(ctx, credentials, 'all', query)
        return [ref for ref in found if not ref.is_default]


@kills('DEP001', subtle=True)
class ForgetsTheDefaultAmongAll(MemoryDeployment):
    def branch(self, asked, item, default):
        found = super().branch(asked, item, default)
        if asked == 'all':
            found[0].is_default = False
        return found


class ForgeWithPages(MemoryForge):
    """Makes a branch of its own in every repository."""

    def plant(self, path, graph):
        shas = super().plant(path, graph)
        self.repositories[path].branches['pages'] = next(iter(shas.values()))
        return shas


def with_pages():
    limits = DeploymentLimits(compare_cap=12)
    return MemoryDeploymentSandbox(limits, forge=ForgeWithPages)


@kills('DEP001', subtle=True, on=with_pages)
class HidesABranchAmongAll(MemoryDeployment):
    def branch(self, asked, item, default):
        if asked == 'all' and item['name'] == 'pages':
            return []
        return super().branch(asked, item, default)


@kills('DEP001', subtle=True, on=with_pages)
class HidesABranchAmongBranches(MemoryDeployment):
    def branch(self, asked, item, default):
        if asked == 'branch' and item['name'] == 'pages':
            return []
        return super().branch(asked, item, default)


@kills('DEP001', subtle=True)
class OffersWhatWasTyped(MemoryDeployment):
    async def list_refs(self, ctx, credentials, kind='all', query=None):
        found = await super().list_refs(ctx, credentials, kind, query)
        if query is not None and not found:
            sha = next(iter(held(ctx).commits))
            found = [Ref(name=query, kind='branch', sha=sha)]
        return found


# DEP002 -------------------------------------------------------------------


class PagesRefs(MemoryDeployment):
    """Reads refs by a way of its own, and commits the right way."""

    async def pages(self, ctx, credentials, what, **query):
        if what == 'commits':
            async for item in super().pages(ctx, credentials, what, **query):
                yield item
            return
        async for page in self.every(ctx, credentials, what):
            for item in page:
                yield item

    async def every(self, ctx, credentials, what):
        number = 1
        while number is not None:
            answer = await self.get(ctx, credentials, what, page=str(number))
            yield answer['items']
            number = answer['next']


@kills('DEP002')
class ReadsOnePage(PagesRefs):
    async def every(self, ctx, credentials, what):
        async for page in super().every(ctx, credentials, what):
            yield page
            return


@kills('DEP002', subtle=True)
class ReadsTwoPages(PagesRefs):
    async def every(self, ctx, credentials, what):
        count = 0
        async for page in super().every(ctx, credentials, what):
            count += 1
            if count <= 2:
                yield page


@kills('DEP002', subtle=True)
class TakesAFailureForTheEnd(PagesRefs):
    async def every(self, ctx, credentials, what):
        count = 0
        try:
            async for page in super().every(ctx, credentials, what):
                count += 1
                yield page
        except PluginUnavailableError:
            if not count:
                raise


@kills('DEP002', subtle=True)
class StopsBeforeAPageThatIsNotFull(PagesRefs):
    async def every(self, ctx, credentials, what):
        count = 0
        async for page in super().every(ctx, credentials, what):
            count += 1
            if len(page) == 10 or count == 1:
                yield page


@kills('DEP002', subtle=True)
class RepeatsTheEdgeOfAPage(PagesRefs):
    async def every(self, ctx, credentials, what):
        last = []
        async for page in super().every(ctx, credentials, what):
            yield [*last, *page]
            last = page[-1:]


# DEP003 -------------------------------------------------------------------


@kills('DEP003')
class CutsTheShortShaFromTheEnd(MemoryDeployment):
    def commit(self, item, *, is_head=False):
        made = super().commit(item, is_head=is_head)
        made.short_sha = made.sha[-7:]
        return made


@kills('DEP003', subtle=True)
class ShowsThreeCharacters(MemoryDeployment):
    def commit(self, item, *, is_head=False):
        made = super().commit(item, is_head=is_head)
        made.short_sha = made.sha[:3]
        return made


@kills('DEP001', 'DEP002', 'DEP008')
class ListsTagsByTheirObjects(MemoryDeployment):
    async def peeled(self, ctx, credentials, item):
        if item['type'] == 'commit':
            return f'{item["object"]}'[::-1]
        return item['object']


@kills('DEP003', 'DEP008', subtle=True)
class DoesNotPeel(MemoryDeployment):
    async def resolve_committish(self, ctx, credentials, committish):
        found = await super().resolve_committish(ctx, credentials, committish)
        sha = held(ctx).tags.get(committish, found.sha)
        return found.model_copy(update={'sha': sha, 'short_sha': sha[:7]})


@kills('DEP003', subtle=True)
class DoesNotResolveWhatItShows(MemoryDeployment):
    async def resolve_committish(self, ctx, credentials, committish):
        if len(committish) == 7:
            raise UnknownHere('no such ref')
        return await super().resolve_committish(ctx, credentials, committish)


@kills('DEP003', subtle=True)
class TakesAShaForTheTip(MemoryDeployment):
    async def resolve_committish(self, ctx, credentials, committish):
        if len(committish) == 40 and committish in held(ctx).commits:
            committish = held(ctx).default
        return await super().resolve_committish(ctx, credentials, committish)


@kills('DEP003', subtle=True)
class TakesAShortShaForTheTip(MemoryDeployment):
    async def resolve_committish(self, ctx, credentials, committish):
        if len(committish) == 7 and held(ctx).resolve(committish):
            committish = held(ctx).default
        return await super().resolve_committish(ctx, credentials, committish)


# DEP004 -------------------------------------------------------------------


@kills('DEP004')
class FallsBackToTheDefault(MemoryDeployment):
    async def resolve_committish(self, ctx, credentials, committish):
        resolve = super().resolve_committish
        try:
            return await resolve(ctx, credentials, committish)
        except UnknownHere:
            return await resolve(ctx, credentials, held(ctx).default)


@kills('DEP004', subtle=True)
class HasNoCommitsOfAnUnknownRef(MemoryDeployment):
    async def list_commits(self, ctx, credentials, ref, limit=25):
        try:
            return await super().list_commits(ctx, credentials, ref, limit)
        except UnknownHere:
            return []


@kills('DEP004', subtle=True)
class LeaksAKeyError(MemoryDeployment):
    async def compare(self, ctx, credentials, base, head):
        try:
            return await super().compare(ctx, credentials, base, head)
        except UnknownHere as error:
            raise KeyError(base) from error


@kills('DEP004', subtle=True)
class TakesTheFirstOfTwo(MemoryDeployment):
    async def resolve_committish(self, ctx, credentials, committish):
        sha = held(ctx).resolve(committish)[:1]
        return await super().resolve_committish(
            ctx, credentials, sha[0] if sha else committish
        )


@kills('DEP004', subtle=True)
class MatchesBeginningsOfNames(MemoryDeployment):
    async def resolve_committish(self, ctx, credentials, committish):
        resolve = super().resolve_committish
        try:
            return await resolve(ctx, credentials, committish)
        except UnknownHere:
            for name in held(ctx).branches:
                if name.startswith(committish):
                    return await resolve(ctx, credentials, name)
            raise


@kills('DEP004', 'DEP005', subtle=True)
class CutsNamesAtTheHash(MemoryDeployment):
    async def list_commits(self, ctx, credentials, ref, limit=25):
        return await super().list_commits(
            ctx, credentials, ref.partition('#')[0], limit
        )


@kills('DEP004', subtle=True)
class ComparesWithTheDefaultInstead(MemoryDeployment):
    async def compare(self, ctx, credentials, base, head):
        compare = super().compare
        try:
            return await compare(ctx, credentials, base, head)
        except UnknownHere:
            return await compare(ctx, credentials, held(ctx).default, head)


# DEP005 -------------------------------------------------------------------


@kills('DEP004', 'DEP005')
class ListsTheOldestFirst(MemoryDeployment):
    async def list_commits(self, ctx, credentials, ref, limit=25):
        found = await super().list_commits(ctx, credentials, ref, 10_000)
        return found[::-1][:limit]


@kills('DEP004', 'DEP005', subtle=True)
class GivesOneTooMany(MemoryDeployment):
    async def list_commits(self, ctx, credentials, ref, limit=25):
        return await super().list_commits(ctx, credentials, ref, limit + 1)


@kills('DEP005', subtle=True)
class ReadsOnePageOfCommits(MemoryDeployment):
    async def list_commits(self, ctx, credentials, ref, limit=25):
        return await super().list_commits(
            ctx, credentials, ref, min(limit, PAGE)
        )


@kills('DEP005', subtle=True)
class LosesACommitBetweenPages(MemoryDeployment):
    async def list_commits(self, ctx, credentials, ref, limit=25):
        found = await super().list_commits(ctx, credentials, ref, limit + 1)
        if len(found) > PAGE + 1:
            del found[PAGE]
        return found[:limit]


@kills('DEP005', subtle=True)
class CallsEveryCommitTheHead(MemoryDeployment):
    def commit(self, item, *, is_head=False):
        return super().commit(item, is_head=True)


@kills('DEP005', subtle=True)
class ListsCommitsOfEveryBranch(MemoryDeployment):
    async def list_commits(self, ctx, credentials, ref, limit=25):
        found = await super().list_commits(ctx, credentials, ref, limit)
        shas = {commit.sha for commit in found}
        for sha in held(ctx).commits:
            if sha not in shas and len(found) < limit:
                found.append(Commit(sha=sha, short_sha=sha[:7], message=''))
        return found


@kills('DEP005', subtle=True)
class ListsMergesFirst(MemoryDeployment):
    async def list_commits(self, ctx, credentials, ref, limit=25):
        found = await super().list_commits(ctx, credentials, ref, 10_000)
        parents = held(ctx).parents
        found.sort(key=lambda commit: len(parents[commit.sha]) < 2)
        return [
            commit.model_copy(update={'is_head': False}) for commit in found
        ][:limit]


@kills('DEP005', subtle=True)
class WalksBothParentsOfAMerge(MemoryDeployment):
    async def list_commits(self, ctx, credentials, ref, limit=25):
        found = await super().list_commits(ctx, credentials, ref, 10_000)
        parents = held(ctx).parents
        if any(len(parents[commit.sha]) > 1 for commit in found):
            found += found[-2:]
        return found[:limit]


@kills('DEP005', subtle=True)
class OrdersAFewInAnotherWay(MemoryDeployment):
    async def list_commits(self, ctx, credentials, ref, limit=25):
        found = await super().list_commits(ctx, credentials, ref, limit)
        if limit == 3 and len(held(ctx).commits) < 10:
            found[1:] = found[:0:-1]
        return found


# DEP006 -------------------------------------------------------------------


@kills('DEP006')
class ListsTheCommitItself(MemoryDeployment):
    async def compare(self, ctx, credentials, base, head):
        found = await super().compare(ctx, credentials, base, head)
        if found.base_sha == found.head_sha:
            commit = await self.resolve_committish(ctx, credentials, head)
            found.commits = [commit]
        return found


@kills('DEP006', subtle=True)
class CountsOneForTwoNames(MemoryDeployment):
    async def compare(self, ctx, credentials, base, head):
        found = await super().compare(ctx, credentials, base, head)
        if base != head and found.base_sha == found.head_sha:
            found.ahead = 1
        return found


@kills('DEP006', 'DEP007', subtle=True)
class IsNeverBehind(MemoryDeployment):
    async def compare(self, ctx, credentials, base, head):
        found = await super().compare(ctx, credentials, base, head)
        return found.model_copy(update={'behind': 0})


@kills('DEP004', 'DEP006', subtle=True)
class SwapsTheShas(MemoryDeployment):
    async def compare(self, ctx, credentials, base, head):
        found = await super().compare(ctx, credentials, base, head)
        sides = {'base_sha': found.head_sha, 'head_sha': found.base_sha}
        return found.model_copy(update=sides)


# DEP007 -------------------------------------------------------------------


@kills('DEP007')
class SwapsAheadAndBehind(MemoryDeployment):
    async def compare(self, ctx, credentials, base, head):
        found = await super().compare(ctx, credentials, base, head)
        counts = {'ahead': found.behind, 'behind': found.ahead}
        return found.model_copy(update=counts)


@kills('DEP006', 'DEP007', subtle=True)
class CountsTheListOnBothSides(MemoryDeployment):
    async def compare(self, ctx, credentials, base, head):
        found = await super().compare(ctx, credentials, base, head)
        counts = {'ahead': len(found.commits), 'behind': found.behind // 2}
        return found.model_copy(update=counts)


@kills('DEP007', subtle=True)
class CountsTheList(MemoryDeployment):
    async def compare(self, ctx, credentials, base, head):
        found = await super().compare(ctx, credentials, base, head)
        found.ahead = len(found.commits)
        return found


@kills('DEP007', subtle=True)
class LeavesMergesOut(MemoryDeployment):
    async def compare(self, ctx, credentials, base, head):
        found = await super().compare(ctx, credentials, base, head)
        parents = held(ctx).parents
        found.commits = [c for c in found.commits if len(parents[c.sha]) < 2]
        return found


@kills('DEP007', subtle=True)
class ListsTheBaseToo(MemoryDeployment):
    async def compare(self, ctx, credentials, base, head):
        found = await super().compare(ctx, credentials, base, head)
        if 1 < found.ahead < 100:
            commit = await self.resolve_committish(ctx, credentials, base)
            found.commits[0] = commit
        return found


@kills('DEP007', subtle=True)
class ListsTheMergeBaseToo(MemoryDeployment):
    async def compare(self, ctx, credentials, base, head):
        found = await super().compare(ctx, credentials, base, head)
        if found.ahead and found.behind:
            sha = next(iter(held(ctx).commits))
            commit = await self.resolve_committish(ctx, credentials, sha)
            found.commits.append(commit)
        return found


@kills('DEP007', subtle=True)
class ListsTheHeadTwice(MemoryDeployment):
    async def compare(self, ctx, credentials, base, head):
        found = await super().compare(ctx, credentials, base, head)
        found.commits += found.commits[-1:]
        return found


# DEP008 -------------------------------------------------------------------


@kills('DEP008')
class MovesTheTag(MemoryDeployment):
    async def tag_failed(self, ctx, credentials, body, status):
        held(ctx).tags[body['name']] = body['sha']
        return RefInfo(name=body['name'], sha=body['sha'])


@kills('DEP008')
class TagsTheTip(MemoryDeployment):
    async def create_tag(self, ctx, credentials, sha, tag, message):
        about = held(ctx)
        sha = about.branches[about.default]
        return await super().create_tag(ctx, credentials, sha, tag, message)


@kills('DEP008', subtle=True)
class SaysYesToAnotherCommit(MemoryDeployment):
    async def tag_failed(self, ctx, credentials, body, status):
        return RefInfo(name=body['name'], sha=body['sha'])


@kills('DEP008', subtle=True)
class SaysYesToTheOldCommit(MemoryDeployment):
    async def tag_failed(self, ctx, credentials, body, status):
        found = await self.resolve_committish(ctx, credentials, body['name'])
        return RefInfo(name=body['name'], sha=found.sha)


@kills('DEP008', subtle=True)
class LetsTheConflictOut(MemoryDeployment):
    async def tag_failed(self, ctx, credentials, body, status):
        raise RuntimeError(f'status {status}')


@kills('DEP008', subtle=True)
class ReturnsTheObjectOfTheTag(MemoryDeployment):
    async def create_tag(self, ctx, credentials, sha, tag, message):
        made = await super().create_tag(ctx, credentials, sha, tag, message)
        return made.model_copy(update={'sha': held(ctx).tags[tag]})


@kills('DEP008', subtle=True)
class TagsWithoutSlashes(MemoryDeployment):
    async def create_tag(self, ctx, credentials, sha, tag, message):
        made = await super().create_tag(
            ctx, credentials, sha, tag.replace('/', '-'), message
        )
        return made.model_copy(update={'name': tag})


@kills('DEP008', subtle=True)
class ReturnsTheFullNameOfTheRef(MemoryDeployment):
    async def create_tag(self, *args):
        made = await super().create_tag(*args)
        return made.model_copy(update={'name': f'refs/tags/{made.name}'})


@kills('DEP008', subtle=True)
class RemembersWhatItMade(MemoryDeployment):
    made: ClassVar[dict[str, list[Ref]]] = {}

    async def create_tag(self, ctx, credentials, *args):
        made = await super().create_tag(ctx, credentials, *args)
        ref = Ref(name=made.name, kind='tag', sha=made.sha)
        self.made.setdefault(ctx.project_id, []).append(ref)
        return made

    async def list_refs(self, ctx, *args, **kwargs):
        found = await super().list_refs(ctx, *args, **kwargs)
        return [*found, *self.made.get(ctx.project_id, ())]


@kills('DEP008', subtle=True)
class MovesTheTagAndComplains(MemoryDeployment):
    async def tag_failed(self, ctx, credentials, body, status):
        held(ctx).tags[body['name']] = body['sha']
        raise ValueError('there is such a tag')


@kills('DEP008', subtle=True)
class StumblesOverTheSameTag(MemoryDeployment):
    async def tag_failed(self, ctx, credentials, body, status):
        if held(ctx).resolve(body['name']) == [body['sha']]:
            raise RuntimeError('there is such a tag')
        return await super().tag_failed(ctx, credentials, body, status)


# DEP009 -------------------------------------------------------------------


@kills('DEP009')
class MakesTheMissingTag(MemoryDeployment):
    async def create_release(self, ctx, credentials, tag, *args, **kwargs):
        about = held(ctx)
        about.tags.setdefault(tag, about.branches[about.default])
        return await super().create_release(
            ctx, credentials, tag, *args, **kwargs
        )


@kills('DEP009', subtle=True)
class LeavesTheTagBehind(MemoryDeployment):
    async def create_release(self, ctx, credentials, tag, *args, **kwargs):
        about = held(ctx)
        if tag not in about.tags:
            about.tags[tag] = about.branches[about.default]
            raise UnknownHere('no such tag')
        return await super().create_release(
            ctx, credentials, tag, *args, **kwargs
        )


@kills('DEP009', subtle=True)
class LooksTheTagUpInADict(MemoryDeployment):
    async def create_release(self, ctx, credentials, tag, *args, **kwargs):
        held(ctx).tags[tag]
        return await super().create_release(
            ctx, credentials, tag, *args, **kwargs
        )


@kills('DEP009', subtle=True)
class IsNeverAPrerelease(MemoryDeployment):
    async def create_release(self, ctx, credentials, *args, **kwargs):
        made = await super().create_release(ctx, credentials, *args)
        return made.model_copy(update=kwargs)


@kills('DEP009', subtle=True)
class EscapesTheNotes(MemoryDeployment):
    async def create_release(
        self, ctx, credentials, tag, name, body_markdown, **rest
    ):
        notes = html.escape(body_markdown, quote=False)
        return await super().create_release(
            ctx, credentials, tag, name, notes, **rest
        )


@kills('DEP009', subtle=True)
class StripsEachLine(MemoryDeployment):
    async def create_release(
        self, ctx, credentials, tag, name, body_markdown, **rest
    ):
        lines = [line.rstrip() for line in body_markdown.split('\n')]
        return await super().create_release(
            ctx, credentials, tag, name, '\n'.join(lines), **rest
        )


@kills('DEP009', subtle=True)
class MakesASecondRelease(MemoryDeployment):
    async def create_release(self, ctx, credentials, tag, *args, **kwargs):
        about = held(ctx)
        there = [r for r in about.releases if r['tag'] == tag]
        about.releases = [r for r in about.releases if r['tag'] != tag]
        try:
            return await super().create_release(
                ctx, credentials, tag, *args, **kwargs
            )
        finally:
            about.releases += there


@kills('DEP009', subtle=True)
class ReleasesTheNewestTagToo(MemoryDeployment):
    async def create_release(self, ctx, credentials, tag, *args, **kwargs):
        made = await super().create_release(
            ctx, credentials, tag, *args, **kwargs
        )
        about = held(ctx)
        about.releases.append({**about.releases[-1], 'tag': 'latest'})
        return made


@kills('DEP009', subtle=True)
class NeverSaysPrerelease(MemoryDeployment):
    def release(self, item):
        return super().release({**item, 'prerelease': False})


@kills('DEP009', subtle=True)
class StumblesOverTheSameRelease(MemoryDeployment):
    async def create_release(self, ctx, credentials, tag, *args, **kwargs):
        if any(one['tag'] == tag for one in held(ctx).releases):
            raise RuntimeError('there is such a release')
        return await super().create_release(
            ctx, credentials, tag, *args, **kwargs
        )


# DEP010 -------------------------------------------------------------------


@kills('DEP010', 'DEP015')
class StartsTwo(MemoryDeployment):
    async def start(self, ctx, credentials, body):
        await super().start(ctx, credentials, body)
        return await super().start(ctx, credentials, body)


@kills('DEP010', subtle=True)
class TriesAgain(MemoryDeployment):
    async def start(self, ctx, credentials, body):
        try:
            return await super().start(ctx, credentials, body)
        except PluginUnavailableError:
            return await super().start(ctx, credentials, body)


@kills('DEP010', subtle=True)
class TriesAgainAfterATimeout(MemoryDeployment):
    async def start(self, ctx, credentials, body):
        try:
            return await super().start(ctx, credentials, body)
        except PluginTimeoutError:
            return await super().start(ctx, credentials, body)


@kills('DEP010', 'DEP012', 'DEP013', on=limited(trigger_lag=0.02))
class DoesNotWaitForTheRun(MemoryDeployment):
    async def found(self, ctx, credentials, run_id):
        return DeploymentRun(run_id=run_id)


@kills(*(f'DEP{number:03}' for number in range(10, 16)), subtle=True)
class LowersTheRef(MemoryDeployment):
    async def start(self, ctx, credentials, body):
        low = {'ref': body['ref'].lower()}
        return await super().start(ctx, credentials, {**body, **low})


@kills('DEP010', subtle=True)
class DeploysTheTip(MemoryDeployment):
    async def start(self, ctx, credentials, body):
        about = held(ctx)
        if body['ref'] in (*about.branches, *about.tags):
            body = {**body, 'ref': about.default}
        return await super().start(ctx, credentials, body)


@kills('DEP010', subtle=True)
class NumbersRunsAnew(MemoryDeployment):
    async def found(self, ctx, credentials, run_id):
        run = await super().found(ctx, credentials, run_id)
        return run.model_copy(update={'run_id': run_id})

    async def get_deployment_status(self, ctx, credentials, run_id):
        run = await super().get_deployment_status(ctx, credentials, run_id)
        return run.model_copy(update={'run_id': f'#{run_id}'})


@kills('DEP010', 'DEP011', 'DEP012', 'DEP015', subtle=True)
class TellsTheIdOfTheFirstRun(MemoryDeployment):
    async def start(self, ctx, credentials, body):
        await super().start(ctx, credentials, body)
        return next(iter(held(ctx).runs))


# DEP011 -------------------------------------------------------------------


@kills('DEP011')
class TrimsInputs(MemoryDeployment):
    def inputs(self, inputs):
        return {k: v.strip() for k, v in (inputs or {}).items()}


@kills('DEP011', subtle=True)
class LowersBooleans(MemoryDeployment):
    def inputs(self, inputs):
        return {
            name: text.lower() if text in ('True', 'False') else text
            for name, text in (inputs or {}).items()
        }


@kills('DEP011', subtle=True)
class LeavesEmptyInputsOut(MemoryDeployment):
    def inputs(self, inputs):
        return {name: text for name, text in (inputs or {}).items() if text}


@kills('DEP011', subtle=True)
class NeedsInputs(MemoryDeployment):
    def inputs(self, inputs):
        return {**inputs}


@kills('DEP011', subtle=True)
class DeploysTheDefaultForAnUnknownRef(MemoryDeployment):
    async def start(self, ctx, credentials, body):
        try:
            return await super().start(ctx, credentials, body)
        except ValueError:
            body = {**body, 'ref': held(ctx).default}
            return await super().start(ctx, credentials, body)


@kills('DEP011', subtle=True)
class RefusesAfterItStarted(MemoryDeployment):
    async def start(self, ctx, credentials, body):
        try:
            return await super().start(ctx, credentials, body)
        except ValueError:
            body = {**body, 'ref': held(ctx).default}
            await super().start(ctx, credentials, body)
            raise


@kills('DEP011', subtle=True)
class LeaksAKeyErrorOfTheRemote(MemoryDeployment):
    async def start(self, ctx, credentials, body):
        try:
            return await super().start(ctx, credentials, body)
        except ValueError as error:
            raise KeyError('id') from error


# DEP012 -------------------------------------------------------------------


@kills('DEP012', 'DEP013')
class TakesTheUnknownForSuccess(MemoryDeployment):
    def status(self, word):
        found = super().status(word)
        return 'success' if found == 'unknown' else found


@kills('DEP012', subtle=True)
class TakesTheUnknownForOnItsWay(MemoryDeployment):
    def status(self, word):
        found = super().status(word)
        return 'in_progress' if found == 'unknown' else found


@kills('DEP012')
class TakesWhatTookTooLongForSuccess(MemoryDeployment):
    def status(self, word):
        return 'success' if word == 'overdue' else super().status(word)


@kills('DEP012', subtle=True)
class TakesASkippedRunForSuccess(MemoryDeployment):
    """Nothing was to do, so that all went well."""

    def run(self, item):
        found = super().run(item)
        if item['status'] != 'skipped':
            return found
        ended = self.time(item['ended'])
        update = {'status': 'success', 'completed_at': ended}
        return found.model_copy(update=update)


@kills('DEP012', subtle=True)
class TakesEveryOtherEndForSuccess(MemoryDeployment):
    """What ended and did not fail."""

    def run(self, item):
        found = super().run(item)
        if found.status != 'unknown' or item['ended'] is None:
            return found
        ended = self.time(item['ended'])
        update = {'status': 'success', 'completed_at': ended}
        return found.model_copy(update=update)


@kills('DEP012')
class RecordsTheUnknownAsSuccess(MemoryDeployment):
    def event_status(self, word):
        found = super().event_status(word)
        return 'success' if word == 'quarantined' else found


@kills('DEP012', subtle=True)
class RecordsWhatDidNotFailAsSuccess(MemoryDeployment):
    def event_status(self, word):
        if word in ('waiting', 'running', 'failed'):
            return super().event_status(word)
        return 'success'


@kills('DEP012', subtle=True)
class RecordsACancelledOneAsSuccess(MemoryDeployment):
    def event_status(self, word):
        return 'success' if word == 'cancelled' else super().event_status(word)


@kills('DEP012', subtle=True)
class RecordsNoEnd(MemoryDeployment):
    def event_status(self, word):
        found = super().event_status(word)
        return 'in_progress' if found == 'failed' else found


@kills('DEP012', subtle=True)
class ListsOneDeploymentTheOldest(MemoryDeployment):
    async def list_recent_deployments(self, *args, **kwargs):
        found = await super().list_recent_deployments(*args, **kwargs)
        return found[-1:]


@kills('DEP012')
class TakesFailedChecksForPassed(MemoryDeployment):
    def check(self, word):
        return 'pass' if word == 'fail' else super().check(word)


@kills('DEP012', subtle=True)
class TakesChecksThatDidNotFailForPassed(MemoryDeployment):
    def check(self, word):
        return 'fail' if word == 'fail' else 'pass'


@kills('DEP012', subtle=True)
class TakesChecksNobodyKnowsForPassed(MemoryDeployment):
    def check(self, word):
        return 'pass' if word == 'quarantined' else super().check(word)


@kills('DEP012', subtle=True)
class TakesStaleChecksForPassed(MemoryDeployment):
    def check(self, word):
        return 'pass' if word == 'forgotten' else super().check(word)


@kills('DEP012', subtle=True)
class TakesPassedChecksForFailed(MemoryDeployment):
    """The two were swapped."""

    def check(self, word):
        return 'fail' if word == 'pass' else super().check(word)


@kills('DEP012', subtle=True)
class CallsACancelledRunASuccess(MemoryDeployment):
    def status(self, word):
        return 'success' if word == 'cancelled' else super().status(word)


@kills('DEP012', subtle=True)
class NeverSeesTheEnd(MemoryDeployment):
    def status(self, word):
        return 'unknown' if word == 'failed' else super().status(word)


@kills('DEP012', subtle=True)
class ForgetsTheEndOnceItWasRead(MemoryDeployment):
    read: ClassVar[set[tuple[str, str]]] = set()

    async def get_deployment_status(self, ctx, credentials, run_id):
        found = await super().get_deployment_status(ctx, credentials, run_id)
        if found.status == 'success':
            key = (ctx.project_id, run_id)
            if key in self.read:
                return DeploymentRun(run_id=run_id, status='unknown')
            self.read.add(key)
        return found


@kills('DEP012', 'DEP013', subtle=True)
class IsDoneWhenItIsStarted(MemoryDeployment):
    async def trigger_deployment(self, *args, **kwargs):
        run = await super().trigger_deployment(*args, **kwargs)
        return run.model_copy(update={'status': 'success'})


@kills('DEP012', subtle=True)
class TakesTheRequestForTheStart(MemoryDeployment):
    async def trigger_deployment(self, *args, **kwargs):
        run = await super().trigger_deployment(*args, **kwargs)
        return run.model_copy(update={'status': 'in_progress'})


@kills('DEP012', subtle=True)
class TellsTwoEnds(MemoryDeployment):
    read: ClassVar[set[tuple[str, str]]] = set()

    async def get_deployment_status(self, ctx, credentials, run_id):
        found = await super().get_deployment_status(ctx, credentials, run_id)
        key = (ctx.project_id, run_id)
        if found.status == 'cancelled' and key in self.read:
            return found.model_copy(update={'status': 'failure'})
        if found.status == 'cancelled':
            self.read.add(key)
        return found


# DEP013 -------------------------------------------------------------------


@kills('DEP013')
class IsAlwaysCompletedNow(MemoryDeployment):
    def run(self, item):
        made = super().run(item)
        made.completed_at = dt.datetime.now(dt.UTC)
        return made


@kills('DEP013', subtle=True)
class ForgetsWhenACancelledRunEnded(MemoryDeployment):
    def run(self, item):
        made = super().run(item)
        if made.status == 'cancelled':
            made.completed_at = None
        return made


@kills('DEP013', subtle=True)
class StartsWhenItIsRead(MemoryDeployment):
    def run(self, item):
        made = super().run(item)
        if made.started_at is not None:
            made.started_at = dt.datetime.now(dt.UTC)
        return made


@kills('DEP013', subtle=True)
class TakesTheLastUpdateForTheEnd(MemoryDeployment):
    def run(self, item):
        made = super().run(item)
        made.completed_at = made.completed_at or made.started_at
        return made


# DEP014 -------------------------------------------------------------------


@kills('DEP014')
class MakesUpARun(MemoryDeployment):
    async def get_deployment_status(self, ctx, credentials, run_id):
        try:
            return await super().get_deployment_status(
                ctx, credentials, run_id
            )
        except UnknownHere:
            return DeploymentRun(run_id=run_id)


@kills('DEP014', subtle=True)
class LooksRunsUpInADict(MemoryDeployment):
    async def get_deployment_status(self, ctx, credentials, run_id):
        run = held(ctx).runs[run_id]
        return self.run(run.told())


@kills('DEP014', subtle=True)
class NumbersRuns(MemoryDeployment):
    async def get_deployment_status(self, ctx, credentials, run_id):
        if not run_id.isdigit():
            raise TypeError('a run id is a number')
        return await super().get_deployment_status(ctx, credentials, run_id)


@kills('DEP014', subtle=True)
class MarksWhatItCompared(MemoryDeployment):
    async def compare(self, ctx, credentials, base, head):
        found = await super().compare(ctx, credentials, base, head)
        held(ctx).tags.setdefault('imbi/compared', found.head_sha)
        return found


@kills('DEP014', subtle=True)
class StartsARunToReadChecks(MemoryDeployment):
    async def get_check_status(self, ctx, credentials, committish):
        await self.start(ctx, credentials, {'ref': held(ctx).default})
        return await super().get_check_status(ctx, credentials, committish)


# DEP015 -------------------------------------------------------------------


@kills('DEP015')
class TakesPartInARunThatIsOnItsWay(MemoryDeployment):
    under_way: ClassVar[dict[str, str]] = {}

    async def start(self, ctx, credentials, body):
        if ctx.project_id in self.under_way:
            return self.under_way[ctx.project_id]
        run_id = await super().start(ctx, credentials, body)
        return self.under_way.setdefault(ctx.project_id, run_id)

    async def found(self, ctx, credentials, run_id):
        try:
            return await super().found(ctx, credentials, run_id)
        finally:
            self.under_way.pop(ctx.project_id, None)


@kills('DEP015', subtle=True)
class TakesTheNewestRunForItsOwn(MemoryDeployment):
    async def start(self, ctx, credentials, body):
        await super().start(ctx, credentials, body)
        found = await self.get(ctx, credentials, 'runs')
        return found['items'][0]['id']


@kills('DEP015', subtle=True)
class TakesTheFirstNewRunForItsOwn(MemoryDeployment):
    async def start(self, ctx, credentials, body):
        before = [run async for run in self.pages(ctx, credentials, 'runs')]
        await super().start(ctx, credentials, body)
        after = [run async for run in self.pages(ctx, credentials, 'runs')]
        ids = {run['id'] for run in before}
        return min(
            (run['id'] for run in after if run['id'] not in ids), key=int
        )


@kills('DEP015', subtle=True)
class TakesTheNewestRunThatNobodyTook(MemoryDeployment):
    taken: ClassVar[set[tuple[str, str]]] = set()

    async def start(self, ctx, credentials, body):
        await super().start(ctx, credentials, body)
        async for run in self.pages(ctx, credentials, 'runs'):
            key = (ctx.project_id, run['id'])
            if key not in self.taken:
                self.taken.add(key)
                return run['id']
        raise UnknownHere('no run appeared')


@kills('DEP015', subtle=True, on=limited(inputs=()))
class TakesTheNewestRunWithoutInputs(TakesTheNewestRunForItsOwn):
    """Where nothing tells the runs apart."""


@pytest.mark.parametrize(
    ('mutant', 'expected', 'sandbox'),
    [(cls, ids, on) for cls, ids, _, on in MUTANTS],
    ids=[cls.__name__ for cls, *_ in MUTANTS],
)
def test_each_seed_kills_a_mutant_by_exactly_the_expected_laws(
    mutant, expected, sandbox, judge
):
    assert_killed(judge, mutant, expected, SCOPE, sandbox=sandbox)


def test_every_law_has_two_mutants_one_of_them_subtle():
    assert_complete(((ids, subtle) for _, ids, subtle, _ in MUTANTS), SCOPE)
