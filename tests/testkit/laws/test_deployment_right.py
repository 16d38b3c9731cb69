"""Correct deployment plugins that differ where the contract is silent."""

from __future__ import annotations

import asyncio
import secrets
from typing import ClassVar

import pytest
from law_seeds import GOOD_SEEDS

from imbi_plugin_sdk.errors import PluginTimeoutError, PluginUnavailableError
from imbi_plugin_testkit.memory.deployment import (
    MemoryDeployment,
    MemoryDeploymentSandbox,
    MemoryForge,
    TakenAlready,
)
from imbi_plugin_testkit.memory.deployment.sandbox import OTHER_ENDS
from imbi_plugin_testkit.memory.server import MemoryStatusError
from imbi_plugin_testkit.models.deployment import (
    DeploymentLimits,
    DeploymentSandbox,
)
from imbi_plugin_testkit.sandbox import UnsupportedBySandbox

SCOPE = {f'DEP{number:03}' for number in (*range(1, 16), 100)}
PAGE = 8
"""Commits on one page of the remote."""


RIGHT: list[tuple[type, object, frozenset[str]]] = []


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


def passes(sandbox=SMALL, *, untestable=()):
    """Register a handler and its sandbox.

    Args:
        sandbox: Makes the sandbox.
        untestable: The laws that cannot be decided about it.
    """

    def register(cls):
        RIGHT.append((cls, sandbox, frozenset(untestable)))
        return cls

    return register


passes(SMALL)(MemoryDeployment)


@passes(MemoryDeploymentSandbox)
class HasACapAsGitHubHas(MemoryDeployment):
    """Lists 250 commits of a comparison, on pages of 30."""


@passes(lambda: MemoryDeploymentSandbox(depth_first=True))
class KeepsLinesOfCommitsTogether(MemoryDeployment):
    """Its remote lists one side of a merge, and then the other."""


@passes()
class ListsRefsInAnyOrder(MemoryDeployment):
    async def list_refs(self, *args, **kwargs):
        found = await super().list_refs(*args, **kwargs)
        return sorted(found, key=lambda ref: ref.sha[::-1])


@passes()
class IgnoresQueries(MemoryDeployment):
    def matches(self, ref, query):
        return True


@passes()
class LooksForBeginningsOnly(MemoryDeployment):
    def matches(self, ref, query):
        return query is None or ref.name.startswith(query)


@passes()
class FollowsFirstParents(MemoryDeployment):
    async def list_commits(self, ctx, credentials, ref, limit=25):
        forge = MemoryForge.at(ctx.assignment_options['endpoint'])
        held = forge.repositories[f'{ctx.org_slug}/{ctx.project_slug}']
        found = await super().list_commits(ctx, credentials, ref, 10_000)
        line, sha = [], found[0].sha
        while sha is not None:
            line.append(sha)
            sha = next(iter(held.parents[sha]), None)
        return [commit for commit in found if commit.sha in line][:limit]


@passes(limited(compare_cap=3, page_size=2, commits_page=2))
class HasSmallPages(MemoryDeployment):
    """Its remote gives two of everything, and three of a comparison."""


@passes(limited(compare_cap=None, page_size=40, commits_page=100))
class ListsAllOfAComparison(MemoryDeployment):
    """Its remote has no cap."""


@passes(limited(compare_cap=100_000))
class HasACapBeyondEveryTest(MemoryDeployment):
    """Nobody plants so much."""


class TypedConflicts(MemoryDeployment):
    async def tag_failed(self, ctx, credentials, body, status):
        if status == 409:
            raise TakenAlready('there is such a tag')
        raise self.error_of(status)

    async def create_release(self, ctx, credentials, tag, *args, **kwargs):
        answer = await self.get_or_none(ctx, credentials, 'releases', tag=tag)
        if answer is not None:
            raise ValueError('there is such a release')
        return await super().create_release(
            ctx, credentials, tag, *args, **kwargs
        )

    async def get_or_none(self, ctx, credentials, what, **query):
        try:
            return await self.get(ctx, credentials, what, **query)
        except Exception:  # noqa: BLE001  any answer that is none
            return None


passes()(TypedConflicts)


@passes()
class MakesLightweightTags(MemoryDeployment):
    async def create_tag(self, ctx, credentials, sha, tag, message):
        return await super().create_tag(ctx, credentials, sha, tag, '')


@passes(limited(annotated_tags=False))
class HasNoAnnotatedTags(MakesLightweightTags):
    """Nor has its remote."""


@passes(untestable=('DEP008', 'DEP009'))
class HasNoOptionalMethods(MemoryDeployment):
    async def create_tag(self, ctx, credentials, sha, tag, message):
        raise NotImplementedError

    async def create_release(self, ctx, credentials, *args, **kwargs):
        raise NotImplementedError

    async def list_workflows(self, ctx, credentials):
        raise NotImplementedError

    async def list_recent_deployments(self, ctx, credentials, *args):
        raise NotImplementedError


@passes()
class KnowsMoreEndsThanTheContract(MemoryDeployment):
    """Takes them for failures, where it does not take them for nothing."""

    def status(self, word):
        words = {
            'overdue': 'failure',
            'held': 'in_progress',
            'forgotten': 'cancelled',
            'neutral': 'success',
        }
        return words.get(word) or super().status(word)


@passes()
class SaysLittleOfWhatOthersDid(MemoryDeployment):
    """Leaves out what did not come to an end, and knows no failed checks."""

    def check(self, word):
        return {'fail': 'warn', 'pass': 'pass'}.get(word, 'fail')

    def event_status(self, word):
        return {'succeeded': 'success', 'failed': 'rolled_back'}.get(
            word, 'in_progress'
        )

    async def list_recent_deployments(self, *args, **kwargs):
        found = await super().list_recent_deployments(*args, **kwargs)
        return [one for one in found if one.status != 'in_progress']


@passes()
class LeavesChecksToTheDefault(MemoryDeployment):
    async def get_check_status(self, ctx, credentials, committish):
        return 'unknown'


class RecordsNothing(MemoryDeploymentSandbox):
    """A sandbox that makes neither checks nor deployments, nor other ends."""

    record_deployment = DeploymentSandbox.record_deployment
    record_check = DeploymentSandbox.record_check


@passes(lambda: RecordsNothing(DeploymentLimits(compare_cap=12)))
class IsNotJudgedByWhatOthersDid(MemoryDeployment):
    def check(self, word):
        return 'pass'


@passes(limited(deployable=('branch',)))
class DeploysBranchesOnly(MemoryDeployment):
    """Its remote takes nothing else."""


@passes(limited(deployable=('sha', 'tag', 'branch')))
class DeploysAnything(MemoryDeployment):
    """Its remote takes commits, too."""


@passes(limited(trigger_lag=0.001))
class WaitsForTheRun(MemoryDeployment):
    """Its remote finds a run some time after it was started."""


@passes(limited(trigger_lag=0.001))
class KnowsTheRunByAMark(MemoryDeployment):
    """Its remote tells no id, so the run is looked for in the list."""

    async def start(self, ctx, credentials, body):
        mark = secrets.token_hex(8)
        body = {**body, 'inputs': {**body['inputs'], 'imbi_mark': mark}}
        await super().start(ctx, credentials, body)
        async with asyncio.timeout(5):
            while True:
                async for run in self.pages(ctx, credentials, 'runs'):
                    if run['inputs'].get('imbi_mark') == mark:
                        return run['id']
                await asyncio.sleep(0.002)


@passes()
class TriesAgainWithAKey(MemoryDeployment):
    """Its remote starts one run for a key, however often it is asked."""

    async def start(self, ctx, credentials, body):
        body = {**body, 'key': secrets.token_hex(8)}
        try:
            return await super().start(ctx, credentials, body)
        except PluginUnavailableError:
            return await super().start(ctx, credentials, body)


@passes()
class GivesUpAfterATime(MemoryDeployment):
    """Asks once, and says that it does not know."""


@passes()
class LooksWhetherItStarted(MemoryDeployment):
    """Does not ask again, but looks: the run may be there all the same."""

    async def start(self, ctx, credentials, body):
        mark = secrets.token_hex(8)
        body = {**body, 'inputs': {**body['inputs'], 'imbi_mark': mark}}
        try:
            return await super().start(ctx, credentials, body)
        except PluginTimeoutError:
            async for run in self.pages(ctx, credentials, 'runs'):
                if run['inputs'].get('imbi_mark') == mark:
                    return run['id']
            raise


@passes()
class ShowsFourCharacters(MemoryDeployment):
    def commit(self, item, *, is_head=False):
        made = super().commit(item, is_head=is_head)
        made.short_sha = made.sha[:4]
        return made


@passes()
class ShowsTheWholeSha(MemoryDeployment):
    def commit(self, item, *, is_head=False):
        made = super().commit(item, is_head=is_head)
        made.short_sha = made.sha
        return made


@passes()
class NamesNoHead(MemoryDeployment):
    def commit(self, item, *, is_head=False):
        return super().commit(item)


@passes()
class KnowsOnlyHowItEnds(MemoryDeployment):
    """A run on its way is unknown, and nobody tells when it began."""

    def status(self, word):
        found = super().status(word)
        return 'unknown' if found in ('queued', 'in_progress') else found

    def run(self, item):
        return super().run({**item, 'started': None})


@passes()
class HasNoWordForCancelled(MemoryDeployment):
    def status(self, word):
        found = super().status(word)
        return 'failure' if found == 'cancelled' else found


class LacksStatuses(MemoryDeploymentSandbox):
    """Its remote cancels nothing and has a word for everything."""

    async def advance(self, context, run_id, status):
        if status in ('cancelled', 'unheard_of'):
            raise UnsupportedBySandbox(f'advance({status})')
        await super().advance(context, run_id, status)


@passes(LacksStatuses)
class HasFewStatuses(MemoryDeployment):
    """What it is never told it need not map."""


@passes(limited(inputs=()))
class TakesNoInputs(MemoryDeployment):
    """Its runs have none."""


@passes(limited(inputs=('only',), unicode_value=False, empty_value=False))
class TakesOneInput(MemoryDeployment):
    """And plain text only."""


@passes()
class RefusesOddInputs(MemoryDeployment):
    def inputs(self, inputs):
        for text in (inputs or {}).values():
            if not text.isprintable() or text != text.strip():
                raise ValueError('one line, please')
        return super().inputs(inputs)


@passes()
class NeedsInputs(MemoryDeployment):
    def inputs(self, inputs):
        if not inputs:
            raise ValueError('say where to deploy to')
        return super().inputs(inputs)


@passes()
class AddsInputs(MemoryDeployment):
    def inputs(self, inputs):
        return {**super().inputs(inputs), 'started_by': 'imbi'}


class LaggingForge(MemoryForge):
    """Shows a tag some time after it was made."""

    def tag(self, repository, facts):
        made = super().tag(repository, facts)
        tag = repository.tags.pop(facts['name'])
        asyncio.get_running_loop().call_later(
            0.003, repository.tags.setdefault, facts['name'], tag
        )
        return made


@passes(
    lambda: MemoryDeploymentSandbox(
        DeploymentLimits(consistency_lag=0.001), forge=LaggingForge
    ),
)
class ShowsTagsLater(MemoryDeployment):
    """What it made is there a moment later."""


class ForgeWithMore(MemoryForge):
    """Has refs, releases and runs that nobody planted."""

    def plant(self, path, graph):
        shas = super().plant(path, graph)
        held, sha = self.repositories[path], next(iter(shas.values()))
        held.branches['pages'] = sha
        held.add_tag('nightly', sha, annotated=True)
        held.releases.append(
            {'tag': 'nightly', 'name': '', 'body': '', 'prerelease': True}
        )
        held.start('1', 'pages', {}, lag=0.0)
        return shas


@passes(
    lambda: MemoryDeploymentSandbox(
        DeploymentLimits(compare_cap=12), forge=ForgeWithMore
    )
)
class FindsMoreThanWasPlanted(MemoryDeployment):
    """Others use the remote, too."""


def structural():
    """Return a class that matches the contract without inheriting it."""

    class Structural:
        manifest = MemoryDeployment.manifest
        made: ClassVar = MemoryDeployment

    for name in (
        'list_refs',
        'list_commits',
        'resolve_committish',
        'compare',
        'trigger_deployment',
        'get_deployment_status',
    ):

        def make(name=name):
            async def method(self, ctx, credentials, *args, **kwargs):
                call = getattr(self.made(), name)
                return await call(ctx, credentials, *args, **kwargs)

            return method

        setattr(Structural, name, make())
    return Structural


passes(untestable=('DEP008', 'DEP009'))(structural())


@pytest.mark.parametrize(
    ('handler', 'sandbox', 'untestable'),
    RIGHT,
    ids=[entry[0].__name__ for entry in RIGHT],
)
def test_a_right_handler_passes_with_every_seed(
    handler, sandbox, untestable, judge
):
    for seed in GOOD_SEEDS:
        judgement = judge(handler, sandbox=sandbox, seed=seed, only=SCOPE)
        assert not judgement.failed, (seed, judgement.told())
        assert judgement.untestable.keys() == untestable
        assert not any(judgement.labs.strays.values())


def test_the_laws_say_which_optional_method_is_missing(judge):
    judgement = judge(
        HasNoOptionalMethods, sandbox=MemoryDeploymentSandbox, only=SCOPE
    )
    assert 'does not implement `create_tag`' in judgement.untestable['DEP008']
    assert 'create_release' in judgement.untestable['DEP009']


class OnlyPlants(DeploymentSandbox):
    """Can plant, and nothing else."""

    def __init__(self):
        super().__init__()
        self.other = MemoryDeploymentSandbox()
        self.context = self.other.context
        self.credentials = self.other.credentials

    async def plant(self, context, graph):
        return await self.other.plant(context, graph)


@pytest.mark.parametrize(
    ('sandbox', 'testable'),
    [
        (DeploymentSandbox, set()),
        (OnlyPlants, {f'DEP{number:03}' for number in (*range(1, 9), 100)}),
    ],
)
def test_what_a_sandbox_cannot_do_makes_exactly_those_laws_untestable(
    judge, sandbox, testable
):
    class Without(sandbox):
        def __init__(self):
            super().__init__()
            self.credentials = {'api_token': 'token', **self.credentials}

    judgement = judge(MemoryDeployment, sandbox=Without, only=SCOPE)
    assert not judgement.failed, judgement.told()
    assert set(judgement.findings) == testable
    for law, reason in judgement.untestable.items():
        assert 'the sandbox cannot do' in reason, law


def test_a_plant_that_forgets_a_commit_is_the_sandboxs_fault(judge):
    class Forgets(MemoryDeploymentSandbox):
        async def plant(self, context, graph):
            found = dict(await super().plant(context, graph))
            found.popitem()
            return found

    judgement = judge(MemoryDeployment, sandbox=Forgets, only={'DEP001'})
    assert "no object name for 'last'" in judgement.untestable['DEP001']


def test_faults_that_a_sandbox_lacks_are_left_out_by_name(judge):
    class Resets(MemoryDeploymentSandbox):
        def fault(self, kind):
            if kind != 'reset':
                raise UnsupportedBySandbox(f'fault({kind})')
            return super().fault(kind)

    class Lacks(MemoryDeploymentSandbox):
        def fault(self, kind):
            raise UnsupportedBySandbox(f'fault({kind})')

    judgement = judge(MemoryDeployment, sandbox=Resets, only={'DEP010'})
    assert not judgement.failed
    assert any(
        'truncated' in n for n in judgement.labs.notes['made-up', 'DEP010']
    )
    judgement = judge(MemoryDeployment, sandbox=Lacks, only={'DEP010'})
    assert 'fault' in judgement.untestable['DEP010']


def test_a_status_that_the_remote_lacks_is_noted(judge):
    judgement = judge(MemoryDeployment, sandbox=LacksStatuses, only={'DEP012'})
    notes = judgement.labs.notes['made-up', 'DEP012']
    assert any('advance(unheard_of)' in note for note in notes)


def test_what_the_plugin_is_asked_stays_in_tenants_of_the_kit(judge):
    made = MemoryDeploymentSandbox()
    judge(MemoryDeployment, sandbox=lambda: made, only=SCOPE)
    assert all('/kit-' in path for path in made.forge.repositories)


def test_a_sandbox_that_plants_has_examples_for_every_method(judge):
    made = MemoryDeploymentSandbox()
    judgement = judge(
        MemoryDeployment,
        sandbox=lambda: made,
        only={'ASY001', 'ASY002', 'ASY003', 'SEC001'},
    )
    assert not judgement.failed, judgement.told()
    assert not judgement.untestable
    assert not any(judgement.labs.notes.values())
    held = made.forge.repositories['kit-org/kit']
    assert held.runs
    assert held.releases
    assert 'kit-made-1' in held.tags


def test_examples_of_releases_do_not_run_out():
    async def use_up(sandbox):
        tags = set()
        for _ in range(60):
            example = await sandbox.examples['create_release']()
            tags.add(example['tag'])
            await MemoryDeployment().create_release(
                sandbox.context, sandbox.credentials, **example
            )
        return tags

    assert len(asyncio.run(use_up(MemoryDeploymentSandbox()))) == 60


def test_examples_of_a_class_come_before_derived_ones():
    class Own(MemoryDeploymentSandbox):
        examples: ClassVar = {'create_tag': {'tag': 'mine'}}

    made = Own()
    assert made.examples['create_tag'] == {'tag': 'mine'}
    assert 'trigger_deployment' in made.examples


def test_the_forge_needs_its_token():
    made = MemoryDeploymentSandbox()
    request = made.forge.request('GET', '/a/b/', token='wrong')
    with pytest.raises(MemoryStatusError, match='401'):
        asyncio.run(request)


def test_read_only_mode_plants_nothing(judge):
    made = MemoryDeploymentSandbox()
    judgement = judge(
        MemoryDeployment, sandbox=lambda: made, only=SCOPE, read_only=True
    )
    assert set(judgement.untestable) == SCOPE
    assert not made.forge.repositories


def test_the_examples_of_one_round_lie_in_one_repository():
    async def story():
        sandbox = MemoryDeploymentSandbox()
        methods = list(sandbox.examples)
        assert methods[-1] == 'create_release'  # it uses tags up
        for _ in range(60):
            made = {
                method: await sandbox.examples[method]() for method in methods
            }
            for method in ('get_deployment_status', *methods):
                call = getattr(MemoryDeployment(), method)
                await call(
                    sandbox.context, sandbox.credentials, **made[method]
                )

    asyncio.run(story())
