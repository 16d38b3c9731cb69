"""Right handlers of the smaller plugin types, and sandboxes that can less.

Lifecycle, webhook, analysis and incidents: handlers that differ where the
contract is silent pass with every seed.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from types import MappingProxyType

import pydantic
import pytest
from law_seeds import GOOD_SEEDS

from imbi_plugin_sdk.contract import conformance
from imbi_plugin_sdk.errors import CursorExpiredError, PluginUnavailableError
from imbi_plugin_sdk.handlers.analysis import RemediationResult
from imbi_plugin_sdk.handlers.lifecycle import LifecycleResult
from imbi_plugin_testkit.memory.analysis import (
    MemoryAnalysis,
    MemoryAnalysisSandbox,
)
from imbi_plugin_testkit.memory.incidents import (
    MemoryIncidents,
    MemoryIncidentsSandbox,
)
from imbi_plugin_testkit.memory.lifecycle import (
    MemoryLifecycle,
    MemoryLifecycleSandbox,
)
from imbi_plugin_testkit.memory.webhook import (
    MemoryWebhook,
    MemoryWebhookSandbox,
    TicketConfig,
    open_ticket,
    read,
    ticket_path,
)
from imbi_plugin_testkit.models.incidents import IncidentLimits
from imbi_plugin_testkit.models.lifecycle import LifecycleSandbox
from imbi_plugin_testkit.sandbox import (
    BaseSandbox,
    Limits,
    Sandbox,
    UnsupportedBySandbox,
)

LAWS = {
    'lifecycle': {'LIF001', 'LIF002', 'LIF003', 'LIF004'},
    'webhook': {'WEB001', 'WEB002', 'WEB003'},
    'analysis': {'ANA001'},
    'incidents': {'INC001'},
}
GOLDEN = {
    MemoryLifecycle: MemoryLifecycleSandbox,
    MemoryWebhook: MemoryWebhookSandbox,
    MemoryAnalysis: MemoryAnalysisSandbox,
    MemoryIncidents: MemoryIncidentsSandbox,
}

RIGHT: list[tuple[type, object]] = []


def passes(sandbox):
    """Register a handler and its sandbox."""

    def register(cls):
        RIGHT.append((cls, sandbox))
        return cls

    return register


for golden, its_sandbox in GOLDEN.items():
    passes(its_sandbox)(golden)


# lifecycle ----------------------------------------------------------------


@passes(MemoryLifecycleSandbox)
class KeepsAnIndexOfTheTeam(MemoryLifecycle):
    """What two projects share changes with each of them."""

    async def on_project_deleted(self, ctx, credentials):
        result = await super().on_project_deleted(ctx, credentials)
        if result.status == 'ok':
            index = {'state': 'index', 'about': 'one less'}
            await self.write(ctx, credentials, f'/{ctx.team_slug}/-', index)
        return result


@passes(MemoryLifecycleSandbox)
class WritesBackOnlyWhatIsNew(MemoryLifecycle):
    """The second time it finds the project, and has nothing to tell."""

    async def on_project_created(self, ctx, credentials):
        if await self.found(ctx, credentials, self.path(ctx)):
            return LifecycleResult(status='skipped')
        return await super().on_project_created(ctx, credentials)


class WithGroups(MemoryLifecycleSandbox):
    """The first project of a team brings a group along."""

    async def disposable(self):
        context = await super().disposable()
        group = {'value': '', 'state': 'group', 'about': '', 'modified': ''}
        self.server.write(f'/{context.team_slug}/--', group)
        return context


@passes(WithGroups)
class ChangesTheGroup(MemoryLifecycle):
    async def on_project_updated(self, ctx, credentials):
        result = await super().on_project_updated(ctx, credentials)
        if result.status == 'ok':
            group = {'state': 'group', 'about': 'one of it was changed'}
            path = f'/{ctx.team_slug}/--'
            await self.write(ctx, credentials, path, group)
        return result


@passes(MemoryLifecycleSandbox)
class SaysSkippedOfWhatIsDone(MemoryLifecycle):
    async def on_project_archived(self, ctx, credentials):
        item = await self.found(ctx, credentials, self.path(ctx))
        if item and item['state'] == 'archived':
            return LifecycleResult(status='skipped', message='It is so.')
        return await super().on_project_archived(ctx, credentials)


@passes(MemoryLifecycleSandbox)
class MakesWhatIsGoneWhenItIsUpdated(MemoryLifecycle):
    async def on_project_updated(self, ctx, credentials):
        await self.on_project_created(ctx, credentials)
        return await super().on_project_updated(ctx, credentials)


@passes(MemoryLifecycleSandbox)
class DeletesLater(MemoryLifecycle):
    """What is deleted is only marked, so that it may be deleted again."""

    async def on_project_deleted(self, ctx, credentials):
        return await self.change(ctx, credentials, {'state': 'deleted'})


@passes(MemoryLifecycleSandbox)
class FollowsTheArchiveOnly(MemoryLifecycle):
    """Says so, and leaves the rest at the contract's default."""

    manifest = MemoryLifecycle.manifest.model_copy(
        update={
            'lifecycle_events': ['archived'],
            'supports_lifecycle_sync': False,
        }
    )

    async def on_project_created(self, ctx, credentials):
        raise NotImplementedError

    on_project_updated = on_project_created
    on_project_unarchived = on_project_created
    on_project_deleted = on_project_created
    on_project_relocated = on_project_created

    async def resolve_relocation_target(self, ctx, credentials):
        return None


@passes(MemoryLifecycleSandbox)
class RefusesTeamsThatItDoesNotKnow(MemoryLifecycle):
    async def resolve_relocation_target(self, ctx, credentials):
        if ctx.team_slug not in ('green', 'blue'):
            raise ValueError('no such team')
        return await super().resolve_relocation_target(ctx, credentials)


class OnlyExamples(MemoryLifecycleSandbox):
    """Makes no project: single events may be told of its own one."""

    disposable = LifecycleSandbox.disposable

    def __init__(self):
        super().__init__()
        self.examples = {'on_project_archived': {}, 'on_project_updated': {}}


@passes(OnlyExamples)
class IsToldOfItsOwnProject(MemoryLifecycle):
    """Nothing else may be told."""


class CannotRemove(MemoryLifecycleSandbox):
    remove = LifecycleSandbox.remove
    changed = LifecycleSandbox.changed


@passes(CannotRemove)
class IsNeverToldOfAGoneProject(MemoryLifecycle):
    """Nobody can take one away."""


# webhook ------------------------------------------------------------------


async def keep_open(
    *, ctx, credentials, external_identifier, action_config, event
):
    told = {**event, 'delivery': 'one'}
    await open_ticket(
        ctx=ctx,
        credentials=credentials,
        external_identifier=external_identifier,
        action_config=action_config,
        event=told,
    )


async def refuse_the_second(**given):
    """Say that it is done already, as a conflict is told."""
    path = ticket_path(
        given['external_identifier'], given['action_config'], given['event']
    )
    if await read(given['ctx'], given['credentials'], path):
        raise PluginUnavailableError('there is such a ticket')
    await open_ticket(**given)


async def do_nothing(**_given):
    """Ignore deliveries of this kind."""


class SecretConfig(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra='forbid', populate_by_name=True)

    queue: str = pydantic.Field(alias='queueName')
    token: pydantic.SecretStr | None = None


class StrictByHand(pydantic.BaseModel):
    """Refuses what it does not know by itself."""

    queue: str = ''

    @pydantic.model_validator(mode='before')
    @classmethod
    def refuse(cls, data):
        if isinstance(data, dict) and data.keys() - cls.model_fields.keys():
            raise ValueError('there is a field that nobody knows')
        return data


def replaced(place, **facts):
    """Return actions of which one is different."""

    @classmethod
    def actions(_cls):
        found = MemoryWebhook.actions()
        found[place] = found[place].model_copy(update=facts)
        return found

    return actions


@passes(MemoryWebhookSandbox)
class RefusesTheSecond(MemoryWebhook):
    actions = replaced(0, callable=refuse_the_second)


@passes(MemoryWebhookSandbox)
class IgnoresSomeDeliveries(MemoryWebhook):
    actions = replaced(0, callable=do_nothing)


@passes(MemoryWebhookSandbox)
class RefusesUnknownFieldsByHand(MemoryWebhook):
    actions = replaced(2, config_model=StrictByHand)


@passes(MemoryWebhookSandbox)
class ListsInAnyOrder(MemoryWebhook):
    turns = 0

    @classmethod
    def actions(cls):
        cls.turns += 1
        return MemoryWebhook.actions()[:: (-1) ** cls.turns]


class OneStateForAll(MemoryWebhookSandbox):
    """Its actions bring a ticket into a state, whatever they are told by."""

    distinct = frozenset({'count_delivery'})


@passes(OneStateForAll)
class KeepsOneTicketOpen(MemoryWebhook):
    actions = replaced(0, callable=keep_open)


class WithFewDeliveries(MemoryWebhookSandbox):
    """It names none of its actions, whose deliveries are one and the same."""

    distinct = frozenset()

    def delivery(self):
        self._delivered = 0
        return super().delivery()


@passes(WithFewDeliveries)
class OpensATicketOnce(MemoryWebhook):
    """Nobody can tell whether it would open another."""


class WithSecretConfig(MemoryWebhookSandbox):
    def delivery(self):
        config = SecretConfig(queueName='support', token='t' + '0k3n' * 4)
        return {**super().delivery(), 'action_config': config}


@passes(WithSecretConfig)
class HasAliasesAndSecrets(MemoryWebhook):
    @classmethod
    def actions(cls):
        return [
            action.model_copy(update={'config_model': SecretConfig})
            for action in MemoryWebhook.actions()
        ]


# analysis -----------------------------------------------------------------


@passes(MemoryAnalysisSandbox)
class FindsInAnyOrder(MemoryAnalysis):
    turns = 0

    async def analyze(self, ctx, credentials):
        type(self).turns += 1
        found = await super().analyze(ctx, credentials)
        return found[:: (-1) ** self.turns]


@passes(MemoryAnalysisSandbox)
class FailsToMend(MemoryAnalysis):
    async def remediate(self, ctx, credentials, remediation_id):
        self.part_of(remediation_id)
        return RemediationResult(status='failed', message='It is locked.')


@passes(MemoryAnalysisSandbox)
class OffersNothing(MemoryAnalysis):
    def offer(self, part):
        return None

    def part_of(self, remediation_id):
        return super().part_of(f'not-{remediation_id}')


@passes(MemoryAnalysisSandbox)
class FindsNothing(MemoryAnalysis):
    async def analyze(self, ctx, credentials):
        await self.item(ctx, credentials)
        return []


@passes(MemoryAnalysisSandbox)
class SaysWhatItSaw(MemoryAnalysis):
    """Texts and statuses may be different each time."""

    turns = 0

    def judged(self, part, item):
        type(self).turns += 1
        status = ('pass', 'warn', 'fail')[self.turns % 3]
        update = {'description': f'Look {self.turns}', 'status': status}
        return super().judged(part, item).model_copy(update=update)


@passes(MemoryAnalysisSandbox)
class WouldDestroy(MemoryAnalysis):
    """A destructive remedy is not called for the sake of a test."""

    def offer(self, part):
        offer = super().offer(part)
        return offer and offer.model_copy(update={'destructive': True})

    async def write(self, ctx, credentials, item):
        raise AssertionError('it was called')


# incidents ----------------------------------------------------------------


@passes(MemoryIncidentsSandbox)
class IncludesTheEnd(MemoryIncidents):
    def in_question(self, item, question):
        end = question['end'] + 1
        return super().in_question(item, {**question, 'end': end})


@passes(MemoryIncidentsSandbox)
class ListsNewestFirst(MemoryIncidents):
    async def items(self, ctx, credentials, question, after):
        found = [
            item
            async for item in super().items(ctx, credentials, question, '')
        ]
        for item in reversed(found):
            if not after or item['path'] < after:
                yield item


@passes(MemoryIncidentsSandbox)
class EndsWithABlankPage(MemoryIncidents):
    """Does not know that it is at the end before it has looked."""

    def more(self, found, limit):
        return len(found) >= limit


@passes(MemoryIncidentsSandbox)
class ListsWhatWasOpenBefore(MemoryIncidents):
    """An open incident from before the window belongs to it."""

    def in_question(self, item, question):
        start = question['start']
        if item['resolved_at'] is None:
            start = 0
        return super().in_question(item, {**question, 'start': start})


@passes(MemoryIncidentsSandbox)
class RefusesCursorsByTheirLook(MemoryIncidents):
    async def opened(self, ctx, credentials, question, cursor):
        if len(cursor) != 64 or not cursor.isalnum():
            raise CursorExpiredError('it is none of ours')
        return await super().opened(ctx, credentials, question, cursor)


def limited(**limits):
    return lambda: MemoryIncidentsSandbox(IncidentLimits(**limits))


@passes(limited(page_size=3, largest_limit=5))
class HasSmallPages(MemoryIncidents):
    """More pages of the remote than of its own."""


@passes(limited(page_size=2, largest_limit=1, resolution=60.0))
class TellsMinutesApart(MemoryIncidents):
    """And gives one incident at a time."""


@passes(limited(statuses=('open', 'closed')))
class HasTwoStatuses(MemoryIncidents):
    """Other names for them, too."""


@passes(MemoryIncidentsSandbox)
class WritesStatusesInCapitals(MemoryIncidents):
    """As its remote does on some pages; and it knows of no end."""

    def to_view(self, item):
        found = super().to_view(item)
        update = {'status': found.status.upper(), 'resolved_at': None}
        return found.model_copy(update=update)


@passes(limited(statuses=('open', 'postmortem', 'closed')))
class EndsWhatIsLookedInto(MemoryIncidents):
    """Its remote writes about what is over, and `closed` has no time."""

    def to_view(self, item):
        found = super().to_view(item)
        over = found.status == 'postmortem'
        ended = found.created_at if over else None
        return found.model_copy(update={'resolved_at': ended})


@passes(MemoryIncidentsSandbox)
class SealsItsCursorsWithTheToken(MemoryIncidents):
    """The seal is of the token, which nobody can take out of it."""

    async def kept(self, ctx, credentials, question, position):
        name = await super().kept(ctx, credentials, question, position)
        return f'{name}.{self.seal(credentials, name)}'

    async def opened(self, ctx, credentials, question, cursor):
        name, _, seal = cursor.partition('.')
        if seal != self.seal(credentials, name):
            raise CursorExpiredError('the cursor is damaged')
        return await super().opened(ctx, credentials, question, name)

    def seal(self, credentials, name):
        token = credentials['api_token']
        sealed = hashlib.sha256(f'{name}{token}'.encode()).digest()
        return base64.urlsafe_b64encode(sealed).decode().rstrip('=')


@passes(limited(statuses=('firing',)))
class HasOneStatus(MemoryIncidents):
    """None of which says that it is over."""


@passes(limited(consistency_lag=0.004, page_size=2))
class IsLate(MemoryIncidents):
    """Its remote shows an incident some milliseconds after it began.

    A cursor is kept there, too, and given when it can be read.
    """

    async def kept(self, ctx, credentials, question, position):
        name = await super().kept(ctx, credentials, question, position)
        await asyncio.sleep(0.01)
        return name


class LateSandbox(MemoryLifecycleSandbox):
    """Its remote shows a write some milliseconds after it was made."""

    def __init__(self):
        super().__init__()
        self.limits = self.server.limits = Limits(consistency_lag=0.002)

    async def disposable(self):
        context = await super().disposable()
        await asyncio.sleep(self.limits.consistency_lag)
        return context


@pytest.mark.parametrize(
    ('handler', 'sandbox'),
    RIGHT,
    ids=[entry[0].__name__ for entry in RIGHT],
)
def test_a_right_handler_passes_with_every_seed(handler, sandbox, judge):
    only = LAWS[handler.manifest.plugin_type]
    for seed in GOOD_SEEDS:
        judgement = judge(handler, sandbox=sandbox, seed=seed, only=only)
        assert not judgement.failed, (seed, judgement.told())
        assert set(judgement.findings) == only
        assert not judgement.untestable


@pytest.mark.parametrize('handler', GOLDEN)
def test_the_golden_handlers_keep_the_laws_of_every_method(
    handler, judge, laws
):
    assert conformance(handler) == ()
    assert isinstance(GOLDEN[handler](), Sandbox)
    everything = {law.id for law in laws.values() if law.types is None}
    judgement = judge(handler, sandbox=GOLDEN[handler], only=everything)
    assert not judgement.failed, judgement.told()
    assert not judgement.untestable


@pytest.mark.parametrize(
    'handler', [MemoryLifecycle, MemoryWebhook, MemoryAnalysis]
)
def test_nothing_that_a_law_made_is_left(handler, judge):
    """What is seeded, as incidents are, is for the sandbox to remove."""
    made = GOLDEN[handler]()
    before = {path for path, _ in made.server.items()}
    judge(
        handler,
        sandbox=lambda: made,
        only=LAWS[handler.manifest.plugin_type],
    )
    after = {path for path, _ in made.server.items()}
    # Deliveries are examples: what they make is theirs to remove.
    assert {
        path for path in after - before if '/repository-1/' not in path
    } == set()
    assert before <= after


def test_what_a_sandbox_cannot_do_leaves_exactly_those_laws_untestable(
    judge,
):
    class Bare(BaseSandbox):
        def __init__(self):
            super().__init__()
            inner = MemoryLifecycleSandbox()
            self.context, self.credentials = inner.context, inner.credentials
            self.inner = inner

    everything = set().union(*LAWS.values())
    expected = {
        MemoryLifecycle: {'LIF001', 'LIF002', 'LIF004'},
        MemoryWebhook: {'WEB003'},
        MemoryAnalysis: {'ANA001'},
        MemoryIncidents: {'INC001'},
    }
    for handler, laws in expected.items():
        if handler is MemoryAnalysis:

            class Blind(MemoryAnalysisSandbox):
                snapshot = BaseSandbox.snapshot

            bare = Blind
        else:
            bare = Bare
        judgement = judge(handler, sandbox=bare, only=everything)
        assert not judgement.failed, judgement.told()
        assert set(judgement.untestable) == laws, handler
    assert 'snapshot' in judgement.untestable.get('LIF001', 'snapshot')


def test_what_a_law_left_out_is_noted(judge):
    judgement = judge(
        MemoryLifecycle, sandbox=OnlyExamples, only={'LIF001', 'LIF002'}
    )
    notes = ' '.join(judgement.labs.notes['made-up', 'LIF001'])
    assert 'want of `disposable` or `examples`: on_project_created' in notes
    assert 'already gone' in notes
    judgement = judge(
        MemoryLifecycle, sandbox=CannotRemove, only={'LIF001', 'LIF002'}
    )
    notes = ' '.join(judgement.labs.notes['made-up', 'LIF002'])
    assert 'on_project_relocated is not called' in notes
    judgement = judge(
        MemoryWebhook, sandbox=MemoryWebhookSandbox, only={'WEB003'}
    )
    (note,) = judgement.labs.notes['made-up', 'WEB003']
    assert note == 'count_delivery is documented to act at each delivery'


def test_an_effect_that_nobody_sees_is_not_taken_for_one_effect(judge):
    class Blind(MemoryWebhookSandbox):
        async def snapshot(self):
            return {}

    judgement = judge(MemoryWebhook, sandbox=Blind, only={'WEB003'})
    assert 'no effect' in judgement.untestable['WEB003']


def test_two_deliveries_that_are_one_are_the_sandbox_s_fault(judge):
    class Repeats(MemoryWebhookSandbox):
        def delivery(self):
            self._delivered = 0
            return super().delivery()

    judgement = judge(MemoryWebhook, sandbox=Repeats, only={'WEB003'})
    assert 'distinct' in judgement.untestable['WEB003']


def test_an_action_acts_each_time_only_where_it_is_documented(judge):
    class Silent(MemoryWebhookSandbox):
        repeatable = frozenset()

    judgement = judge(MemoryWebhook, sandbox=Silent, only={'WEB003'})
    (finding,) = judgement.findings['WEB003']
    assert finding.path == 'count_delivery'


def test_slugs_are_judged_although_there_is_no_snapshot(judge):
    class Blind(MemoryAnalysisSandbox):
        async def snapshot(self):
            raise UnsupportedBySandbox('snapshot')

    class Alike(MemoryAnalysis):
        def slug(self, part, item):
            return 'finding'

    assert judge(Alike, sandbox=Blind, only={'ANA001'}).failed == {'ANA001'}
    judgement = judge(MemoryAnalysis, sandbox=Blind, only={'ANA001'})
    assert 'snapshot' in judgement.untestable['ANA001']


def test_a_remote_that_is_late_is_waited_for(judge):
    judgement = judge(
        MemoryLifecycle, sandbox=LateSandbox, only={'LIF001', 'LIF002'}
    )
    assert not judgement.failed, judgement.told()
    assert not judgement.untestable


def test_a_sandbox_without_examples_calls_no_remedy(judge):
    class NoExample(MemoryAnalysisSandbox):
        def __init__(self):
            super().__init__()
            self.examples = MappingProxyType({})

    made = NoExample()
    judgement = judge(MemoryAnalysis, sandbox=lambda: made, only={'ANA001'})
    assert not judgement.failed
    assert 'want of an example' in judgement.labs.notes['made-up', 'ANA001'][0]
    assert not made.server.item('/kit')['readme']


def test_settings_are_refused_for_the_unknown_field_and_nothing_else(judge):
    """Settings that lack what they need are no proof that they are closed."""

    class Needy(pydantic.BaseModel):
        queue: str
        owner: str

    class Open(MemoryWebhook):
        actions = replaced(0, config_model=Needy)

    class NoExamples(MemoryWebhookSandbox):
        def __init__(self):
            super().__init__()
            self.examples = {}

    judgement = judge(Open, sandbox=NoExamples, only={'WEB002'})
    (finding,) = judgement.findings['WEB002']
    assert finding.path == 'actions.open_ticket.config_model'
    assert TicketConfig.__name__ not in finding.message


def test_the_laws_of_one_type_are_run_for_no_other(laws):
    for kind, ids in LAWS.items():
        for law in ids:
            assert laws[law].types == (kind,)


def test_what_is_seen_without_a_call_is_told_by_one_id_only(laws):
    """The law does not run where the check that reads the class failed."""
    assert {'PRO030', 'PRO032', 'PRO033'} <= set(laws['LIF002'].requires)
    static = {'PRO040', 'PRO041', 'PRO042', 'PRO043'}
    assert static <= set(laws['WEB001'].requires)
    assert {'PRO040', 'PRO041'} <= set(laws['WEB002'].requires)
    assert {'PRO040', 'PRO041'} <= set(laws['WEB003'].requires)


@pytest.mark.parametrize('handler', GOLDEN)
def test_in_read_only_mode_nothing_is_written(handler, judge):
    made = GOLDEN[handler]()
    before = dict(made.server.items())
    judgement = judge(
        handler,
        sandbox=lambda: made,
        only=LAWS[handler.manifest.plugin_type],
        read_only=True,
    )
    assert dict(made.server.items()) == before
    assert not judgement.failed
    assert set(judgement.findings) <= {'LIF003', 'WEB001', 'WEB002'}
    for reason in judgement.untestable.values():
        assert 'read-only mode' in reason
