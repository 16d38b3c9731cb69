"""A plan that no longer holds is refused, whatever the revisions say."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.provisioning import (
    PlanStale,
    State,
    apply,
    plan_install,
    plan_manage,
    plan_save,
    plan_take,
    plan_unpin,
    plan_upgrade,
)

ISSUER = 'https://v1.aws.io'
MINE = 'https://mine.example.com'


@pytest.fixture
def installed(world, source):
    """Return an organization with one service, made by version 1."""
    world.do(plan_install(world.state, [source(issuer=ISSUER)]))
    world.name = world.service.id
    return world


def as_of_old(world, **facts):
    """Change the service and leave its revision, as no store should."""
    world.add(world.service.replaced(**facts))


def test_a_slug_that_was_taken_since_makes_the_plan_stale(world, source):
    plan = plan_install(world.state, [source()])
    world.made_by_hand('other', slug='aws', vendor='Else')
    with pytest.raises(PlanStale, match='slug_taken'):
        apply(plan, world.store)
    world.do(plan_install(world.state, [source()]))
    slugs = sorted(one.slug for one in world.state.services.values())
    assert slugs == ['aws', 'aws-2']


def test_a_revision_that_came_again_costs_no_edit(installed, source):
    installed.do(plan_manage(installed.state, installed.name))
    second = source(issuer='https://v2.aws.io')
    plan = plan_upgrade(installed.state, [second])
    revision = installed.service.revision
    # Somebody deletes the service, installs it again and edits a field.
    installed.store.seed(State.of(installed.state.organization, in_use=()))
    installed.do(plan_install(installed.state, [source(issuer=ISSUER)]))
    installed.do(plan_save(installed.state, installed.name, {'issuer': MINE}))
    assert installed.service.revision == revision
    with pytest.raises(PlanStale, match='field_moved'):
        apply(plan, installed.store, [second])
    assert installed.service.live['issuer'] == MINE


@pytest.mark.parametrize(
    'facts',
    [
        {'live': {'issuer': MINE}},
        {'live': {}},
        {'pinned': frozenset({'issuer'})},
        {'base': {'issuer': MINE}},
    ],
)
def test_an_edit_that_nobody_counted_is_not_written_over(
    installed, source, facts
):
    installed.do(plan_manage(installed.state, installed.name))
    plan = plan_upgrade(installed.state, [source(issuer='https://v2.aws.io')])
    service = installed.service
    for name in ('live', 'base'):
        if name in facts:
            kept = {**getattr(service, name)}
            del kept['issuer']
            facts = {**facts, name: {**kept, **facts[name]}}
    as_of_old(installed, **facts)
    with pytest.raises(PlanStale, match='field_moved') as caught:
        apply(plan, installed.store)
    (problem,) = caught.value.problems
    assert problem.path == f'service:{installed.name}.issuer'


def test_a_service_that_is_not_there_yet_is_not_taken_for_done(
    installed, source
):
    # Somebody deleted the service past all plans, and left its nodes.
    state = installed.state
    nodes = state.plugins.values()
    bare = State.of(state.organization, (), nodes, in_use=())
    installed.store.seed(bare)
    plan = plan_install(installed.state, [source(issuer=ISSUER)])
    assert [one.action for one in plan.actions if 'plugin' in one.action] == [
        'attach_plugin'
    ]
    installed.made_by_hand('other')
    with pytest.raises(PlanStale, match='candidates_moved'):
        apply(plan, installed.store)


def test_a_node_that_is_gone_or_came_is_named_so(installed, source):
    plan = plan_unpin(installed.state, installed.name, ['issuer'])
    saved = plan_save(installed.state, installed.name, {'issuer': MINE})
    fresh = plan_install(installed.state, [source('b', 'b', template='b')])
    state = installed.state
    installed.store.seed(State.of(state.organization, in_use=()))
    assert plan.empty
    with pytest.raises(PlanStale, match='has no node and must have revision'):
        apply(saved, installed.store)
    installed.store.seed(state)
    installed.node(f'{fresh.actions[0].plugin_id}')
    with pytest.raises(PlanStale, match=r'has revision 1 and must .* no node'):
        apply(fresh, installed.store)


def test_what_is_managed_no_more_is_not_written(installed, source):
    installed.do(plan_manage(installed.state, installed.name))
    plan = plan_upgrade(installed.state, [source(issuer='https://v2.aws.io')])
    as_of_old(installed, managed=False)
    with pytest.raises(PlanStale, match='field_moved'):
        apply(plan, installed.store)
    assert installed.service.live['issuer'] == ISSUER


def test_managing_writes_into_what_was_not_managed(installed, source):
    second = [source(issuer='https://v2.aws.io')]
    installed.do(plan_manage(installed.state, installed.name, second))
    assert installed.service.live['issuer'] == 'https://v2.aws.io'


def test_what_an_operator_takes_is_written_past_a_pin(installed, source):
    installed.do(plan_save(installed.state, installed.name, {'issuer': MINE}))
    second = source(issuer='https://v2.aws.io')
    state = installed.state
    plan = plan_take(state, installed.name, ['issuer'], [second])
    installed.do(plan)
    assert installed.service.live['issuer'] == 'https://v2.aws.io'


def test_a_pin_that_came_since_is_no_reason_to_save_anew(installed):
    plan = plan_save(installed.state, installed.name, {'issuer': MINE})
    as_of_old(installed, pinned=frozenset({'issuer'}))
    installed.do(plan)
    assert installed.service.live['issuer'] == MINE


def test_a_masked_value_is_not_taken_for_another_one(installed, source):
    url = 'https://root:' + 'Tr0ub4dor' + '-and-3@aws.io/'
    installed.change(live={**installed.service.live, 'issuer': url})
    plan = plan_take(
        installed.state, installed.name, ['issuer'], [source(issuer=ISSUER)]
    )
    assert plan.fields[0].before == '***'
    installed.do(plan)
    assert installed.service.live['issuer'] == ISSUER


def test_fields_that_were_not_looked_at_may_move(installed):
    plan = plan_unpin(installed.state, installed.name, ['issuer'])
    assert plan.fields == ()
    as_of_old(installed, live={})
    assert apply(plan, installed.store).empty
