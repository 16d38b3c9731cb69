"""Starting a workflow once, and what becomes of its run."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from imbi_plugin_sdk import (
    PluginError,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_testkit.sandbox import Fault
from tests.deployment_sandbox import LOST, is_dispatch
from tests.server import PAGE
from tests.world import now

MARK = 'note'


def dispatches(planted):
    return [one for one in planted.sandbox.proxy.requests if is_dispatch(one)]


def marked(planted, **more):
    """Let the server be one that does not tell which run it starts."""
    planted.repo.tells_runs = False
    planted.repo.workflows[0].mark = MARK
    return {'mark_input': MARK, **more}


def test_a_run_is_known_by_the_answer_that_started_it(deploy):
    async def story(planted):
        run = await planted.ask('trigger_deployment', 'main')
        held = planted.repo.runs[int(run.run_id)]
        assert run.run_url.endswith(f'/actions/runs/{run.run_id}')
        assert run.status == 'queued'
        assert (held.ref, held.sha) == ('main', planted.shas['merge'])
        assert held.inputs == {}
        assert len(dispatches(planted)) == 1

    deploy(story)


@pytest.mark.parametrize(
    'fault', [Fault.RESET, Fault.TRUNCATED, Fault.HANG, Fault.SERVER_ERROR]
)
@pytest.mark.parametrize('reaches', [True, False])
def test_a_lost_answer_is_not_asked_for_again(fault, reaches, deploy):
    # Long enough for what comes before on a busy machine.
    seconds = 1 if fault is Fault.HANG else 5

    async def story(planted):
        with (
            planted.sandbox.proxy.broken(
                fault, only=is_dispatch, reaches=reaches
            ),
            pytest.raises((PluginUnavailableError, PluginTimeoutError)),
        ):
            await planted.ask('trigger_deployment', 'main', timeout=seconds)
        assert len(dispatches(planted)) == 1
        assert len(planted.repo.runs) == int(reaches)

    deploy(story)


@pytest.mark.parametrize('fault', sorted(LOST))
def test_the_sandbox_loses_answers_and_not_runs(fault, deploy):
    """So that law DEP010 sees whoever sends the request again."""
    seconds = 1 if fault is Fault.HANG else 5

    async def story(planted):
        async with planted.sandbox.fault(fault):
            for times in (1, 2):
                with pytest.raises(PluginError):
                    await planted.ask(
                        'trigger_deployment', 'main', timeout=seconds
                    )
                assert len(planted.repo.runs) == times
            with pytest.raises(PluginError):
                await planted.ask('list_refs', timeout=seconds)
        assert await planted.ask('list_refs')

    deploy(story)


@pytest.mark.parametrize('fault', [Fault.THROTTLED, Fault.REFUSE])
def test_what_was_not_started_is_not_tried_again_either(fault, deploy):
    async def story(planted):
        with (
            planted.sandbox.proxy.broken(fault),
            pytest.raises((PluginRateLimited, PluginUnavailableError)),
        ):
            await planted.ask('trigger_deployment', 'main')
        assert len(dispatches(planted)) <= 1
        assert not planted.repo.runs

    deploy(story)


def test_the_environment_goes_into_its_input_unless_it_is_given(deploy):
    async def story(planted):
        option = {'environment_input': 'environment'}
        for given, arrived in (
            (None, {'environment': 'production'}),
            ({'note': ''}, {'note': '', 'environment': 'production'}),
            ({'environment': 'x'}, {'environment': 'x'}),
        ):
            run = await planted.ask(
                'trigger_deployment', 'main', given, **option
            )
            assert planted.repo.runs[int(run.run_id)].inputs == arrived

    deploy(story)


def test_a_sha_is_deployed_by_the_tag_that_names_it(deploy):
    async def story(planted):
        run = await planted.ask('trigger_deployment', planted.shas['two'])
        held = planted.repo.runs[int(run.run_id)]
        assert held.ref in ('v1', 'same')
        # A branch at it may have moved before the run starts.
        for label in ('merge', 'side'):
            with pytest.raises(ValueError, match='Tag it first'):
                await planted.ask('trigger_deployment', planted.shas[label])
        assert len(planted.repo.runs) == 1

    deploy(story)


@pytest.mark.parametrize(
    ('ref', 'inputs', 'options', 'told'),
    [
        ('nowhere', {}, {}, 'No ref found for: nowhere'),
        ('main', {'x': 'y'}, {}, 'Unexpected inputs'),
        ('main', {f'i{n}': '' for n in range(26)}, {}, '25'),
        ('main', {}, {'workflow': 'none.yml'}, 'none.yml'),
        ('main', {}, {'workflow': 'old.yml'}, 'disabled'),
        ('main', {}, {'workflow': ''}, 'option workflow'),
        ('..', {}, {}, 'no name'),
        ('main', {}, {'repository': 'nobody/nothing'}, 'may not see'),
    ],
)
def test_what_cannot_be_run_says_why(ref, inputs, options, told, deploy):
    async def story(planted):
        with pytest.raises(ValueError, match=told):
            await planted.ask('trigger_deployment', ref, inputs, **options)
        assert not planted.repo.runs

    deploy(story)


def test_an_older_server_starts_nothing_without_a_mark(deploy):
    async def story(planted):
        planted.repo.tells_runs = False
        with pytest.raises(ValueError, match='option mark_input'):
            await planted.ask('trigger_deployment', 'main')
        assert not planted.repo.runs

    deploy(story)


def test_a_server_that_ignores_the_question_is_not_guessed_about(deploy):
    """204 says that a run was started, and not which."""

    async def story(planted):
        def answer(request):
            return (204, {}, b'') if is_dispatch(request) else None

        with (
            planted.sandbox.proxy.scripted(answer),
            pytest.raises(PluginError, match='Do not try again') as raised,
        ):
            await planted.ask('trigger_deployment', 'main')
        assert type(raised.value) is PluginError

    deploy(story)


@pytest.mark.parametrize('lag', [0, 2])
def test_a_marked_run_is_found_by_its_mark(lag, deploy):
    async def story(planted):
        options = marked(planted)
        planted.repo.run_lag = lag
        runs = await asyncio.gather(
            *(
                planted.ask('trigger_deployment', ref, **options)
                for ref in ('main', 'main', 'v1')
            )
        )
        held = [planted.repo.runs[int(run.run_id)] for run in runs]
        assert len({run.id for run in held}) == len(planted.repo.runs) == 3
        assert [run.ref for run in held] == ['main', 'main', 'v1']
        marks = {run.inputs[MARK] for run in held}
        assert len(marks) == 3
        assert all(len(mark) == len('imbi-') + 16 for mark in marks)
        status = await planted.ask('get_deployment_status', runs[0].run_id)
        assert status == runs[0]

    deploy(story)


def test_a_marked_run_beyond_the_first_page_is_found(deploy):
    async def story(planted):
        options = marked(planted)
        repo, world = planted.repo, planted.sandbox.world

        def crowd(request):
            # Newest first: what others start meanwhile stands before it.
            if '/runs?' in request.target and len(repo.runs) == 1:
                for _ in range(2 * PAGE):
                    sha = planted.shas['merge']
                    world.start(repo, repo.workflows[0], 'main', sha, {})

        with planted.sandbox.proxy.scripted(crowd):
            run = await planted.ask('trigger_deployment', 'main', **options)
        assert len(repo.runs) == 2 * PAGE + 1
        assert run.run_id == str(next(iter(repo.runs)))

    deploy(story)


def test_a_mark_that_no_run_shows_ends_with_the_time(deploy):
    async def story(planted):
        options = marked(planted)
        planted.repo.workflows[0].mark = ''
        with pytest.raises(PluginTimeoutError, match='may have been done'):
            await planted.ask(
                'trigger_deployment', 'main', **options, timeout=1
            )
        assert len(planted.repo.runs) == 1

    deploy(story)


def test_a_failure_after_the_start_does_not_say_that_nothing_started(deploy):
    async def story(planted):
        options = marked(planted)

        def looks(request):
            return '/runs?' in request.target

        for fault in (Fault.UNAVAILABLE, Fault.THROTTLED, Fault.MALFORMED):
            with (
                planted.sandbox.proxy.broken(fault, only=looks),
                pytest.raises(
                    PluginTimeoutError, match='started a run'
                ) as raised,
            ):
                await planted.ask('trigger_deployment', 'main', **options)
            assert isinstance(raised.value.__cause__, PluginError)
        assert len(planted.repo.runs) == len(dispatches(planted)) == 3

    deploy(story)


@pytest.mark.parametrize(
    ('status', 'conclusion', 'ours'),
    [
        ('requested', None, 'queued'),
        ('waiting', None, 'queued'),
        ('pending', None, 'queued'),
        ('queued', None, 'queued'),
        ('in_progress', None, 'in_progress'),
        ('completed', 'success', 'success'),
        ('completed', 'failure', 'failure'),
        ('completed', 'timed_out', 'failure'),
        ('completed', 'startup_failure', 'failure'),
        ('completed', 'cancelled', 'cancelled'),
        ('completed', 'neutral', 'unknown'),
        ('completed', 'skipped', 'unknown'),
        ('completed', 'stale', 'unknown'),
        ('completed', 'action_required', 'unknown'),
        ('completed', 'pirouetted', 'unknown'),
        ('completed', None, 'unknown'),
        ('success', None, 'unknown'),
        (None, None, 'unknown'),
    ],
)
def test_statuses_are_mapped_and_never_guessed(
    status, conclusion, ours, deploy
):
    async def story(planted):
        number = await planted.sandbox.start_run(planted.context, 'main')
        run = planted.sandbox.run(planted.context, number)
        run.attempts[0] |= {'status': status, 'conclusion': conclusion}
        found = await planted.ask('get_deployment_status', number)
        assert found.status == ours
        ended = ours in ('success', 'failure', 'cancelled')
        assert (found.completed_at is not None) == ended
        assert (found.started_at is None) == (ours == 'queued')

    deploy(story)


def test_a_repeated_run_stays_what_it_was(deploy):
    async def story(planted):
        number = await planted.sandbox.start_run(planted.context, 'main')
        run = planted.sandbox.run(planted.context, number)
        run.attempts[0] |= {'status': 'completed', 'conclusion': 'failure'}
        before = await planted.ask('get_deployment_status', number)
        run.attempts.append(
            {'status': 'in_progress', 'conclusion': None, 'at': now()}
        )
        assert await planted.ask('get_deployment_status', number) == before
        assert before.status == 'failure'

    deploy(story)


def test_an_end_is_never_before_its_start(deploy):
    async def story(planted):
        number = await planted.sandbox.start_run(planted.context, 'main')
        run = planted.sandbox.run(planted.context, number)
        run.attempts[0] |= {
            'status': 'completed',
            'conclusion': 'cancelled',
            'at': run.created - dt.timedelta(seconds=1),
        }
        found = await planted.ask('get_deployment_status', number)
        assert found.started_at == found.completed_at

    deploy(story)


@pytest.mark.parametrize(
    'run_id', ['', '0x1', '-1', '1/2', '..', '9' * 20, '\u0661', '404']
)
def test_an_unknown_run_is_refused(run_id, deploy):
    async def story(planted):
        with pytest.raises(ValueError, match='run'):
            await planted.ask('get_deployment_status', run_id)

    deploy(story)
