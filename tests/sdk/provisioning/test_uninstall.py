"""What an uninstall takes away, and what it never does."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.provisioning import (
    Placement,
    PlanStale,
    State,
    apply,
    plan_delete,
    plan_install,
    plan_manage,
    plan_save,
    plan_uninstall,
)
from imbi_plugin_sdk.records import Assignment

MINE = 'imbi-plugin-aws'


@pytest.fixture
def installed(world, source):
    """Return an organization with one service and two plugins."""
    brought = [source(), source('aws-logs')]
    world.do(plan_install(world.state, brought))
    return world


def using(plugin='', **facts):
    return Assignment(
        **{
            'owner_kind': 'project',
            'owner_id': 'billing',
            'plugin_id': plugin or 'somewhere-else',
            'tab': 'logs',
            **facts,
        }
    )


def test_a_plugin_without_template_keeps_a_service_from_going(
    world, source, codes
):
    bare = source('bare', 'other', template=None)
    world.do(plan_install(world.state, [source()]))
    name = world.service.id
    world.do(plan_install(world.state, [bare], place=Placement(service=name)))
    away = world.do(plan_uninstall(world.state, ['imbi-plugin-aws']))
    assert away.deletable == ()
    assert codes(plan_delete(world.state, name).blocks) == ['service_touched']


def test_a_distribution_without_plugins_keeps_a_service_from_going(
    world, source, codes
):
    world.do(plan_install(world.state, [source()]))
    world.change(plugins=())
    plan = plan_delete(world.state, world.service.id)
    assert codes(plan.blocks) == ['service_touched']


def test_the_order_of_records_is_no_matter(world, source):
    brought = [source('one'), source('two'), source('three')]
    world.do(plan_install(world.state, brought))
    name, first = world.service.id, world.service.plugins[0]
    for other in ('zeta', 'beta', 'gamma'):
        world.node(other, identity_plugin_id=first)
    plans = [
        lambda state: plan_uninstall(state, ['imbi-plugin-aws']),
        lambda state: plan_delete(state, name),
    ]
    for make in plans:
        state = world.state
        plan = make(state)
        turned = State.of(
            state.organization,
            reversed(state.services.values()),
            reversed(state.plugins.values()),
            in_use=state.in_use,
        )
        assert make(turned) == plan
        world.do(plan)
    assert world.state.services == {}


def test_a_distribution_with_a_plugin_left_goes_on_sharing(installed):
    plan = plan_uninstall(installed.state, [MINE], slugs=['aws-logs'])
    installed.do(plan)
    assert installed.service.contributors == (MINE,)
    assert len(installed.service.plugins) == 1
    installed.do(plan_uninstall(installed.state, [MINE], slugs=['aws-ssm']))
    assert installed.service.contributors == ()


def test_what_is_unknown_is_named_in_order(installed):
    names = [f'no-{letter}' for letter in 'hgfedcba']
    plan = plan_uninstall(installed.state, [MINE], slugs=names)
    assert [one.message.split("'")[3] for one in plan.blocks] == names[::-1]


def test_the_first_node_that_was_left_comes_back_first(world, source):
    world.do(plan_install(world.state, [source()]))
    name = world.service.id
    (first,) = world.service.plugins
    world.do(plan_uninstall(world.state, ['imbi-plugin-aws']))
    left = [f'{first}-10', f'{first}-2', first]
    for one in left:
        world.add(world.state.plugins[first].replaced(id=one))
    state = world.state
    for nodes in (left, left[::-1]):
        turned = State.of(
            state.organization,
            state.services.values(),
            [state.plugins[one] for one in nodes],
        )
        plan = plan_install(turned, [source()], place=Placement(service=name))
        attached = [
            one.plugin_id
            for one in plan.actions
            if one.action == 'attach_plugin'
        ]
        assert attached == [first]


def test_edges_go_and_everything_else_stays(installed):
    before = installed.state
    plan = installed.do(plan_uninstall(installed.state, ['Imbi_Plugin.AWS']))
    assert {one.action for one in plan.actions} == {
        'remove_contributor',
        'detach_plugin',
    }
    assert installed.service.plugins == installed.service.contributors == ()
    (old,) = before.services.values()
    for field in ('live', 'base', 'pinned', 'managed', 'template_id'):
        assert getattr(installed.service, field) == getattr(old, field)
    assert installed.state.plugins == before.plugins
    assert plan_uninstall(installed.state, [MINE]).empty


@pytest.mark.parametrize('through', ['plugin_id', 'identity_plugin_id'])
def test_an_assignment_blocks(installed, codes, through):
    name = installed.service.plugins[0]
    installed.add(assignments=[using(**{through: name})])
    plan = plan_uninstall(installed.state, [MINE])
    assert codes(plan.blocks) == ['plugin_assigned']
    assert 'project billing (logs)' in plan.blocks[0].message
    assert plan.empty
    assert plan.deletable == ()


def test_many_assignments_are_counted(installed):
    name = installed.service.plugins[0]
    many = [using(name, owner_id=f'p{number}') for number in range(9)]
    installed.add(assignments=many)
    (block,) = plan_uninstall(installed.state, [MINE]).blocks
    assert '9 assignments' in block.message
    assert block.message.count('project ') == 5
    assert '4 more' in block.message


def test_an_assignment_that_came_since_makes_the_plan_stale(installed):
    plan = plan_uninstall(installed.state, [MINE])
    name = installed.service.plugins[0]
    installed.add(assignments=[using(name)])
    with pytest.raises(PlanStale, match='plugin_assigned'):
        apply(plan, installed.store)
    assert len(installed.service.plugins) == 2


def test_an_assignment_of_another_plugin_does_not_block(installed):
    installed.add(assignments=[using()])
    assert not plan_uninstall(installed.state, [MINE]).blocked


def test_identities_in_use_are_named(installed, codes):
    installed.node(
        'delegating', identity_plugin_id=installed.service.plugins[0]
    )
    plan = plan_uninstall(installed.state, [MINE])
    assert codes(plan.warnings) == ['identity_in_use']
    assert 'delegating' in plan.warnings[0].message


def test_the_next_contributor_owns_the_template(installed, source, codes):
    installed.do(plan_install(installed.state, [source('x', 'other')]))
    plan = installed.do(plan_uninstall(installed.state, [MINE]))
    assert codes(plan.warnings) == ['owner_changed']
    assert installed.service.contributors == ('other',)
    assert plan.deletable == ()
    assert len(installed.service.plugins) == 1


def test_one_plugin_can_go_alone(installed):
    plan = plan_uninstall(installed.state, [MINE], slugs=['aws-logs'])
    installed.do(plan)
    assert installed.service.contributors == (MINE,)
    (name,) = installed.service.plugins
    assert installed.state.plugins[name].slug == 'aws-ssm'


def test_one_service_can_be_left(installed, source):
    place = Placement(instance='eu')
    installed.do(
        plan_install(installed.state, [source('aws-ssm')], place=place)
    )
    first, second = sorted(installed.state.services)
    installed.do(plan_uninstall(installed.state, [MINE], services=[first]))
    assert installed.state.services[first].contributors == ()
    assert installed.state.services[second].contributors == (MINE,)


def test_an_unknown_distribution_is_a_warning(installed, codes):
    plan = plan_uninstall(installed.state, ['stranger'])
    assert codes(plan.warnings) == ['not_installed']
    assert plan.empty


# -- deletion ------------------------------------------------------------


def untouched(world):
    return plan_uninstall(world.state, [MINE]).deletable


def test_deletion_is_offered_for_a_service_that_nobody_touched(installed):
    assert untouched(installed) == (installed.service.id,)


def save(world):
    world.do(plan_save(world.state, world.service.id, {'category': 'cloud'}))


def enter_values(world):
    values = {'variable_values': {'tenant': 'x'}}
    world.do(plan_save(world.state, world.service.id, values))


def edit(world):
    world.change(live={**world.service.live, 'category': 'logging'})


def add_a_field_of_the_hosts(world):
    world.change(live={**world.service.live, 'owner': 'team'})


def by_an_operator(world):
    world.change(origin='operator')


def use(world):
    world.add(in_use={world.service.id})


def manage(world):
    world.do(plan_manage(world.state, world.service.id))


def configure(world):
    name = world.service.plugins[0]
    world.add(world.state.plugins[name].replaced(options={'region': 'eu'}))


def disable(world):
    name = world.service.plugins[0]
    world.add(world.state.plugins[name].replaced(enabled=False))


TOUCHES = [
    save,
    enter_values,
    edit,
    add_a_field_of_the_hosts,
    by_an_operator,
    use,
    manage,
    configure,
    disable,
]


@pytest.mark.parametrize('touch', TOUCHES, ids=lambda one: one.__name__)
def test_what_an_operator_touched_is_never_offered(installed, codes, touch):
    touch(installed)
    assert untouched(installed) == ()
    installed.do(plan_uninstall(installed.state, [MINE]))
    plan = plan_delete(installed.state, installed.service.id)
    assert codes(plan.blocks) == ['service_touched']


def test_without_knowing_what_is_in_use_nothing_is_offered(installed):
    state = installed.state
    blind = State.of(
        state.organization, state.services.values(), state.plugins.values()
    )
    assert plan_uninstall(blind, [MINE]).deletable == ()


def test_deleting_leaves_nothing_behind(installed):
    empty = State.of(installed.state.organization, in_use=())
    installed.do(plan_uninstall(installed.state, [MINE]))
    installed.do(plan_delete(installed.state, installed.service.id))
    assert installed.state == empty


def test_a_service_with_plugins_is_not_deleted(installed, codes):
    plan = plan_delete(installed.state, installed.service.id)
    assert codes(plan.blocks) == ['service_touched']
    assert 'plugins are attached' in plan.blocks[0].message


def test_a_node_that_is_assigned_is_not_deleted(installed, codes):
    name = installed.service.plugins[0]
    installed.do(plan_uninstall(installed.state, [MINE]))
    installed.add(assignments=[using(name)])
    plan = plan_delete(installed.state, installed.service.id)
    assert codes(plan.blocks) == ['plugin_assigned']


def test_what_came_into_use_since_is_not_deleted(installed):
    installed.do(plan_uninstall(installed.state, [MINE]))
    plan = plan_delete(installed.state, installed.service.id)
    installed.add(in_use={installed.service.id})
    with pytest.raises(PlanStale, match='service_in_use'):
        apply(plan, installed.store)
    assert installed.service


def test_a_service_that_is_not_there_is_not_deleted(installed, codes):
    plan = plan_delete(installed.state, 'nobody')
    assert codes(plan.blocks) == ['service_unknown']


def test_another_services_node_is_no_part_of_a_deletion(installed):
    name = installed.service.id
    installed.node(f'{name}.other.thing', slug='thing', options={'a': 1})
    installed.do(plan_uninstall(installed.state, [MINE]))
    installed.do(plan_delete(installed.state, name))
    assert set(installed.state.plugins) == {f'{name}.other.thing'}


@pytest.mark.parametrize(
    ('what', 'code', 'meant'),
    [
        ({'services': ['awz']}, 'service_unknown', ''),
        ({'slugs': ['aws-lgos']}, 'plugin_unknown', "'aws-logs'"),
    ],
)
def test_what_is_misspelt_blocks(installed, codes, what, code, meant):
    plan = plan_uninstall(installed.state, [MINE], **what)
    assert code in codes(plan.blocks)
    assert meant in plan.blocks[0].message


def test_a_node_made_by_hand_is_named_before_it_is_lost_from_sight(
    world, source, codes
):
    world.node('wired', slug='aws-ssm', options={'region': 'eu'})
    world.made_by_hand(template_id='aws', plugins=('wired',))
    brought = [source(), source('aws-logs')]
    world.do(plan_install(world.state, brought))
    plan = world.do(plan_uninstall(world.state, [MINE]))
    assert codes(plan.warnings) == ['node_made_by_hand']
    assert 'wired' in plan.warnings[0].path
    assert world.state.plugins['wired'].options == {'region': 'eu'}


def test_a_node_that_got_a_number_is_found_again(world, source):
    other = source(plugin_type='logs')
    for brought in (source(), other):
        world.do(plan_install(world.state, [brought]))
        world.do(plan_uninstall(world.state, [MINE]))
    known = set(world.state.plugins)
    assert sorted(one[-2:] for one in known) == ['-2', 'sm']
    for brought in (other, source()):
        world.do(plan_install(world.state, [brought]))
        assert set(world.state.plugins) == known
        world.do(plan_uninstall(world.state, [MINE]))


def test_deleting_names_who_uses_the_identities(installed, codes):
    name = installed.service.plugins[0]
    installed.node('other', identity_plugin_id=name)
    installed.do(plan_uninstall(installed.state, [MINE]))
    plan = plan_delete(installed.state, installed.service.id)
    assert codes(plan.warnings) == ['identity_in_use']
