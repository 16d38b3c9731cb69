"""Deployment plugins that are wrong only after the right calls before."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest
from hypothesis import given, settings
from law_seeds import GOOD_SEEDS, MUTANT_SEEDS

from imbi_plugin_sdk.handlers.deployment import RefInfo
from imbi_plugin_testkit.memory.deployment import (
    MemoryDeployment,
    MemoryDeploymentSandbox,
    MemoryForge,
    UnknownHere,
)
from imbi_plugin_testkit.memory.deployment.connection import repository_path
from imbi_plugin_testkit.models.deployment import DeploymentLimits
from imbi_plugin_testkit.sandbox import UnsupportedBySandbox
from imbi_plugin_testkit.strategies import (
    commit_graphs,
    ref_names,
    run_inputs,
)

STORIES = {f'DEP{number:03}' for number in range(1, 16)}

MUTANTS: list[tuple[type, str]] = []


def only_by_script(law):
    """Register a mutant that no story finds, and the law that it breaks."""

    def register(cls):
        MUTANTS.append((cls, law))
        return cls

    return register


def sandbox():
    return MemoryDeploymentSandbox(DeploymentLimits(compare_cap=40))


def held(ctx):
    forge = MemoryForge.at(ctx.assignment_options['endpoint'])
    return forge.repositories[repository_path(ctx)]


@only_by_script('DEP100')
class RemembersWhatWasNotThere(MemoryDeployment):
    """A name that was looked up before it was made is never found."""

    missing: ClassVar[set[tuple[str, str]]] = set()

    async def resolve_committish(self, ctx, credentials, committish):
        key = (ctx.project_id, committish)
        if key in self.missing:
            raise UnknownHere('remembered')
        try:
            return await super().resolve_committish(
                ctx, credentials, committish
            )
        except UnknownHere:
            self.missing.add(key)
            raise


@only_by_script('DEP100')
class MovesATagThatIsReleased(MemoryDeployment):
    """It takes a released tag for its own, to be updated."""

    async def tag_failed(self, ctx, credentials, body, status):
        about = held(ctx)
        if any(one['tag'] == body['name'] for one in about.releases):
            about.tags[body['name']] = body['sha']
            return RefInfo(name=body['name'], sha=body['sha'])
        return await super().tag_failed(ctx, credentials, body, status)


@only_by_script('DEP100')
class HasOnePrerelease(MemoryDeployment):
    """A release ends the pre-releases before it."""

    async def create_release(self, ctx, credentials, tag, *args, **kwargs):
        made = await super().create_release(
            ctx, credentials, tag, *args, **kwargs
        )
        if not made.prerelease:
            for one in held(ctx).releases:
                one['prerelease'] = False
        return made


@only_by_script('DEP100')
class ReadsTheNewestRun(MemoryDeployment):
    """An older run has the status of the newest."""

    async def get_deployment_status(self, ctx, credentials, run_id):
        run = await super().get_deployment_status(ctx, credentials, run_id)
        newest = [*held(ctx).runs.values()][-1]
        if run.status == 'in_progress':
            run = self.run(newest.told())
        return run.model_copy(update={'run_id': run_id})


@only_by_script('DEP100')
class SharesAWaitingRun(MemoryDeployment):
    """The same deployment asked for twice is one, as long as it waits."""

    async def start(self, ctx, credentials, body):
        for run in held(ctx).runs.values():
            alike = (run.ref, run.inputs) == (body['ref'], body['inputs'])
            if alike and run.status == 'waiting' and run.inputs:
                return run.id
        return await super().start(ctx, credentials, body)


@pytest.mark.usefixtures('unhurried')
@pytest.mark.parametrize(
    'mutant', [cls for cls, _ in MUTANTS], ids=lambda cls: cls.__name__
)
def test_a_script_finds_with_each_seed_what_no_story_does(mutant, judge):
    for seed in MUTANT_SEEDS:
        judgement = judge(
            mutant, sandbox=sandbox, seed=seed, only={'DEP100'}, profile='ci'
        )
        assert judgement.failed == {'DEP100'}, seed
        if not seed % 10:
            stories = judge(mutant, sandbox=sandbox, seed=seed, only=STORIES)
            assert not stories.failed, stories.told()


def test_the_script_is_short_and_names_the_law(judge):
    judgement = judge(
        MovesATagThatIsReleased,
        sandbox=sandbox,
        only={'DEP100'},
        profile='ci',
    )
    (finding,) = judgement.findings['DEP100']
    printed = '\n'.join(finding.details)
    assert 'DEP008' in finding.message
    assert 'create_release' in printed
    assert printed.count('await machine.') <= 4, printed


@pytest.mark.parametrize(
    'limits',
    [
        {},
        {'deployable': ('tag',), 'inputs': ()},
        {'deployable': ('sha',), 'page_size': 2, 'commits_page': 2},
        {'compare_cap': 1, 'annotated_tags': False},
    ],
    ids=str,
)
def test_a_right_plugin_agrees_with_every_script(limits, judge):
    for seed in GOOD_SEEDS:
        judgement = judge(
            MemoryDeployment,
            sandbox=lambda: MemoryDeploymentSandbox(
                DeploymentLimits(**limits)
            ),
            seed=seed,
            only={'DEP100'},
        )
        assert not judgement.failed, judgement.told()
        assert not judgement.untestable


def test_scripts_do_without_what_plugin_and_sandbox_lack(judge):
    class Plain(MemoryDeployment):
        async def create_tag(self, ctx, credentials, *args):
            raise NotImplementedError

        async def create_release(self, ctx, credentials, *args, **kwargs):
            raise NotImplementedError

    class Lacks(MemoryDeploymentSandbox):
        async def advance(self, context, run_id, status):
            if status in ('cancelled', 'unheard_of'):
                raise UnsupportedBySandbox(f'advance({status})')
            await super().advance(context, run_id, status)

    judgement = judge(Plain, sandbox=Lacks, only={'DEP100'}, profile='ci')
    assert not judgement.failed, judgement.told()
    assert not judgement.untestable


@settings(max_examples=40, deadline=None)
@given(commit_graphs())
def test_a_planted_graph_is_read_back_as_it_was_made(graph):
    asyncio.run(_read_back(graph))


async def _read_back(graph):
    made = sandbox()
    shas = await made.plant(made.context, graph)
    plugin, given_ = MemoryDeployment(), (made.context, made.credentials)
    refs = await plugin.list_refs(*given_)
    tips = {name: shas[label] for name, label in graph.branches.items()}
    tips |= {tag.name: shas[tag.commit] for tag in graph.tags}
    assert {ref.name: ref.sha for ref in refs} == tips
    for name, sha in tips.items():
        assert (await plugin.resolve_committish(*given_, name)).sha == sha
        history = await plugin.list_commits(*given_, name)
        assert history[0].sha == sha
        there = await plugin.compare(*given_, 'trunk', name)
        trunk = await plugin.list_commits(*given_, 'trunk')
        ours, theirs = ({c.sha for c in side} for side in (history, trunk))
        assert there.ahead == len(ours - theirs)
        assert there.behind == len(theirs - ours)


@settings(max_examples=200)
@given(ref_names())
def test_names_of_refs_are_such_as_git_takes(name):
    assert not set(name) & set(' ~^:?*[\\\x7f')
    assert '..' not in name
    assert '@{' not in name
    for part in name.split('/'):
        assert part
        assert part[0] not in '.-'
        assert not part.endswith(('.', '.lock'))


@settings(max_examples=50)
@given(run_inputs(DeploymentLimits(inputs=('a', 'b'), max_value_bytes=9)))
def test_inputs_of_runs_keep_to_the_limits(inputs):
    assert inputs.keys() <= {'a', 'b'}
    assert all(len(text.encode()) <= 9 for text in inputs.values())
