"""Refs, commits, tags, releases and records, beyond what the laws ask."""

from __future__ import annotations

import asyncio
import json

import pytest

from imbi_plugin_testkit.models.deployment import CommitGraph, GraphCommit
from tests.seeds import check_run, commit_status
from tests.server import PAGE


def test_commits_are_told_with_author_time_and_page(deploy):
    async def story(planted):
        commit = await planted.ask('resolve_committish', 'v1')
        assert commit.sha == planted.shas['two']
        assert commit.short_sha == commit.sha[:7]
        assert commit.message == 'Two\n\nWith a body: Überblick'
        assert commit.author == 'Kit'
        assert commit.authored_at.isoformat().endswith('+00:00')
        assert commit.url.endswith(f'/commit/{commit.sha}')
        assert not commit.is_head
        listed = await planted.ask('list_commits', 'main', 2)
        assert [one.is_head for one in listed] == [True, False]

    deploy(story)


def test_a_commit_without_author_is_one_too(deploy):
    body = json.dumps(
        {'sha': 'a' * 40, 'commit': {'message': '', 'author': None}}
    ).encode()

    async def story(planted):
        with planted.sandbox.proxy.scripted(lambda _: (200, {}, body)):
            commit = await planted.ask('resolve_committish', 'main')
        assert (commit.author, commit.authored_at) == (None, None)

    deploy(story)


def test_a_history_is_of_the_commit_that_was_asked_for(deploy):
    """Pages are asked for by sha, so that a push in between moves nothing."""

    async def story(planted):
        await planted.ask('list_commits', 'main', 25)
        asked = [
            one.target
            for one in planted.sandbox.proxy.requests
            if '/commits?' in one.target
        ]
        assert asked
        assert all(f'sha={planted.shas["merge"]}' in one for one in asked)

    deploy(story)


def test_no_commits_are_listed_where_none_are_wanted(deploy):
    async def story(planted):
        assert await planted.ask('list_commits', 'main', 0) == []
        with pytest.raises(ValueError, match='nowhere'):
            await planted.ask('list_commits', 'nowhere', 0)

    deploy(story)


def test_a_query_narrows_in_any_case(deploy):
    async def story(planted):
        refs = await planted.ask('list_refs', 'all', 'TOPIC/')
        assert [(ref.kind, ref.name) for ref in refs] == [
            ('branch', 'topic/a#1')
        ]

    deploy(story)


def test_an_empty_repository_has_no_refs(deploy):
    async def story(planted):
        git = planted.repo.git
        for ref in git.refs('refs/'):
            git.delete_ref(ref.name)
        for kind in ('default', 'branch', 'tag', 'all'):
            assert await planted.ask('list_refs', kind) == []

    deploy(story)


def test_a_ref_that_two_pages_have_comes_once(deploy):
    async def story(planted):
        row = {'name': 'x', 'commit': {'sha': 'a' * 40}}
        other = {'name': 'x', 'commit': {'sha': 'b' * 40}}
        body = json.dumps([row, other]).encode()

        def answer(request):
            return (200, {}, body) if '/tags' in request.target else None

        with planted.sandbox.proxy.scripted(answer):
            refs = await planted.ask('list_refs', 'tag')
        assert [(ref.name, ref.sha) for ref in refs] == [('x', 'a' * 40)]

    deploy(story)


def test_a_comparison_counts_both_sides_files_and_lines(deploy):
    async def story(planted):
        found = await planted.ask('compare', 'topic/a#1', 'v1')
        assert (found.ahead, found.behind) == (1, 1)
        assert [one.sha for one in found.commits] == [planted.shas['two']]
        told = (found.files_changed, found.additions, found.deletions)
        assert told == (1, 1, 1)

    deploy(story)


def test_histories_that_never_met_cannot_be_compared(deploy):
    async def story(planted):
        with pytest.raises(ValueError, match='comparison'):
            await planted.ask('compare', 'main', 'alone')

    deploy(story)


def test_a_long_comparison_lists_250_and_counts_all(deploy):
    async def story(planted):
        graph = CommitGraph(
            tuple(
                GraphCommit(f'c{n}', (f'c{n - 1}',) if n else (), str(n))
                for n in range(260)
            ),
            {'main': 'c259', 'first': 'c0'},
        )
        await planted.plant(graph)
        found = await planted.ask('compare', 'first', 'main')
        assert (found.ahead, len(found.commits)) == (259, 250)
        assert found.commits[0].sha == found.head_sha == planted.shas['c259']

    deploy(story)


@pytest.mark.parametrize(
    ('conclusions', 'states', 'status'),
    [
        ((), (), 'unknown'),
        (('success',), (), 'pass'),
        (('success', 'skipped', 'neutral'), ('success',), 'pass'),
        (('success', 'cancelled'), (), 'warn'),
        (('success', 'failure'), ('pending',), 'fail'),
        (('timed_out',), (), 'fail'),
        ((), ('error',), 'fail'),
        ((), ('failure',), 'fail'),
        (('success',), ('pending',), 'unknown'),
        (('success', None), (), 'unknown'),
        (('pirouetted',), (), 'unknown'),
        (('cancelled', None), (), 'unknown'),
        (('action_required',), ('success',), 'warn'),
    ],
)
def test_checks_are_told_by_the_worst(conclusions, states, status, deploy):
    async def story(planted):
        sha, repo = planted.shas['merge'], planted.repo
        repo.checks += [
            check_run(sha, one, 'completed' if one else 'queued')
            for one in conclusions
        ]
        repo.checks.append(check_run(planted.shas['one'], 'failure'))
        repo.statuses += [
            commit_status(sha, one, f'ci/{number}')
            for number, one in enumerate(states)
        ]
        assert await planted.ask('get_check_status', 'main') == status

    deploy(story)


def test_the_newest_status_of_a_context_counts(deploy):
    async def story(planted):
        sha = planted.shas['merge']
        planted.repo.statuses += [
            commit_status(sha, 'failure'),
            commit_status(sha, 'success'),
        ]
        assert await planted.ask('get_check_status', 'main') == 'pass'

    deploy(story)


def test_a_check_on_the_last_page_counts(deploy):
    async def story(planted):
        sha = planted.shas['merge']
        planted.repo.checks += [check_run(sha) for _ in range(20)]
        planted.repo.checks.append(check_run(sha, 'failure'))
        assert await planted.ask('get_check_status', 'main') == 'fail'

    deploy(story)


def test_a_tag_is_annotated_with_its_message(deploy):
    async def story(planted):
        sha = planted.shas['two']
        made = await planted.ask('create_tag', sha, 'v2', 'Second\n\nmajor')
        assert (made.name, made.sha) == ('v2', sha)
        ref = planted.repo.git.ref('refs/tags/v2')
        assert (ref.kind, ref.commit) == ('tag', sha)
        told = planted.repo.git.run('cat-file', 'tag', ref.sha)
        assert told.endswith('\n\nSecond\n\nmajor\n')

    deploy(story)


def test_a_tag_made_again_is_the_one_there_is(deploy):
    async def story(planted):
        sha, git = planted.shas['two'], planted.repo.git
        first = await planted.ask('create_tag', sha, 'v2', 'Second')
        before = git.objects()
        assert await planted.ask('create_tag', sha, 'v2', 'Second') == first
        for name in ('v2', 'v0'):
            with pytest.raises(ValueError, match='not moved'):
                await planted.ask(
                    'create_tag', planted.shas['side'], name, 'x'
                )
        # No tag object is left behind that nothing names.
        assert git.objects() == before

    deploy(story)


def test_a_release_makes_no_tag(deploy):
    async def story(planted):
        with pytest.raises(ValueError, match='make it first'):
            await planted.ask('create_release', 'v9', 'Nine', 'notes')
        assert planted.repo.git.ref('refs/tags/v9') is None
        assert not planted.repo.releases

    deploy(story)


def test_the_lists_of_refs_add_up_beyond_a_page(deploy):
    async def story(planted):
        git = planted.repo.git
        for number in range(2 * PAGE):
            git.make_ref(f'refs/tags/t{number}', planted.shas['one'])
            git.make_ref(f'refs/heads/b{number}', planted.shas['two'])
        everything = await planted.ask('list_refs')
        by_kind = {
            kind: await planted.ask('list_refs', kind)
            for kind in ('default', 'branch', 'tag')
        }
        told = {kind: len(refs) for kind, refs in by_kind.items()}
        assert told == {
            'default': 1,
            'branch': 2 * PAGE + 5,
            'tag': 2 * PAGE + 3,
        }
        assert len(everything) == told['branch'] + told['tag']
        main = [ref for ref in everything if ref.name == 'main']
        assert main == by_kind['default']
        assert {ref.kind for ref in by_kind['branch']} == {'branch'}

    deploy(story)


def test_a_tag_made_meanwhile_is_a_conflict_or_the_same(deploy):
    async def story(planted):
        two, one = planted.shas['two'], planted.shas['one']

        def race(to):
            def answer(request):
                git = planted.repo.git
                if request.target.endswith('/git/refs') and not git.ref(
                    f'refs/tags/{to}'
                ):
                    git.make_ref(f'refs/tags/{to}', two)

            return answer

        with planted.sandbox.proxy.scripted(race('v3')):
            made = await planted.ask('create_tag', two, 'v3', 'Three')
        assert made.sha == two
        with (
            planted.sandbox.proxy.scripted(race('v4')),
            pytest.raises(ValueError, match='already'),
        ):
            await planted.ask('create_tag', one, 'v4', 'Four')
        assert planted.repo.git.ref('refs/tags/v4').commit == two

    deploy(story)


def test_a_tag_needs_a_commit(deploy):
    async def story(planted):
        for sha in ('0' * 40, planted.repo.git.ref('refs/tags/v1').sha):
            with pytest.raises(ValueError, match='commit'):
                await planted.ask('create_tag', sha, 'v5', 'Five')
        assert planted.repo.git.ref('refs/tags/v5') is None

    deploy(story)


def test_tags_made_at_once_leave_one(deploy):
    async def story(planted):
        two, one = planted.shas['two'], planted.shas['one']
        made = await asyncio.gather(
            *(planted.ask('create_tag', sha, 'v6', 'x') for sha in (two, one)),
            return_exceptions=True,
        )
        good = [one for one in made if not isinstance(one, Exception)]
        assert len(good) == 1
        assert planted.repo.git.ref('refs/tags/v6').commit == good[0].sha

    deploy(story)


def test_another_release_of_a_tag_is_a_conflict(deploy):
    async def story(planted):
        first = await planted.ask('create_release', 'v1', 'One', 'notes')
        again = await planted.ask('create_release', 'v1', 'One', 'notes')
        assert first == again
        assert first.html_url.endswith('/releases/tag/v1')
        for name, body, pre in (
            ('Other', 'notes', False),
            ('One', 'other', False),
            ('One', 'notes', True),
        ):
            with pytest.raises(ValueError, match='left as it is'):
                await planted.ask('create_release', 'v1', name, body, pre)
        assert [row['body'] for row in planted.repo.releases] == ['notes']

    deploy(story)


def test_workflows_are_listed_with_their_state(deploy):
    async def story(planted):
        planted.repo.workflows[1].state = 'disabled_manually'
        found = await planted.ask('list_workflows')
        assert [(one.path, one.state) for one in found] == [
            ('.github/workflows/deploy.yml', 'active'),
            ('.github/workflows/old.yml', 'disabled_manually'),
        ]
        planted.repo.workflows[1].state = 'deleted'
        assert len(await planted.ask('list_workflows')) == 1

    deploy(story)
