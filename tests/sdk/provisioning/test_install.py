"""What an install does: fields, owners, plugins, icons, batches."""

from __future__ import annotations

import itertools

import pytest

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.provisioning import (
    Icon,
    Placement,
    PlanStale,
    PluginSource,
    apply,
    plan_install,
    plan_manage,
    plan_uninstall,
    plan_upgrade,
)
from imbi_plugin_sdk.records import Assignment

BROKEN = Icon(None, (Problem('icon_missing', 'resource', 'gone.', 'Add.'),))


def test_every_entry_point_gets_a_node_and_an_edge(world, source):
    brought = [
        source('aws-ssm'),
        source('aws-logs', plugin_type='logs'),
        source('aws-login', plugin_type='identity'),
    ]
    world.do(plan_install(world.state, brought))
    service = world.service
    nodes = world.state.plugins
    assert set(service.plugins) == set(nodes)
    assert {one.slug: one.plugin_type for one in nodes.values()} == {
        'aws-ssm': 'configuration',
        'aws-logs': 'logs',
        'aws-login': 'identity',
    }
    assert {one.distribution for one in nodes.values()} == {'imbi-plugin-aws'}
    assert service.contributors == ('imbi-plugin-aws',)


def test_installing_again_does_nothing(world, source, icon):
    brought = [source(icons={'icon': icon()}), source('aws-logs')]
    world.do(plan_install(world.state, brought), *brought)
    before = world.state
    again = world.do(plan_install(world.state, brought), *brought)
    assert again.empty
    assert again.offers == again.conflicts == again.warnings == ()
    assert world.state == before


def test_a_plan_lists_each_field_that_is_set_on_any_side(world, source):
    brought = source(issuer='https://id.aws.io')
    world.made_by_hand(
        template_id='aws',
        live={'category': 'cloud'},
        base={'links': {'a': 'b'}},
    )
    plan = plan_install(world.state, [brought])
    assert [one.field for one in plan.fields] == [
        'category',
        'service_url',
        'issuer',
        'use_pkce',
        'scope_separator',
        'links',
    ]


def test_the_order_of_a_batch_does_not_matter(world, source):
    brought = [
        source('b', 'Zeta_Plugin', category='logging'),
        source('a', 'alpha.plugin'),
        source('c', 'alpha-plugin'),
    ]
    plans = {
        plan_install(world.state, order).plan_id
        for order in itertools.permutations(brought)
    }
    assert len(plans) == 1
    world.do(plan_install(world.state, brought))
    assert world.service.contributors == ('alpha-plugin', 'zeta-plugin')
    assert world.service.live['category'] == 'cloud'


def test_equal_templates_share_a_service_in_silence(world, source):
    world.do(plan_install(world.state, [source()]))
    plan = world.do(plan_install(world.state, [source('x', 'other')]))
    assert world.service.contributors == ('imbi-plugin-aws', 'other')
    assert plan.fields == plan.offers == ()
    assert plan.conflicts == plan.warnings == ()


def test_a_package_that_is_not_the_owner_writes_no_field(world, source):
    world.do(plan_install(world.state, [source()]))
    world.do(plan_manage(world.state, world.service.id))
    before = world.service
    other = source('x', 'other', category='logging', issuer='https://id.a.io')
    plan = world.do(plan_install(world.state, [other]))
    assert world.service.live == before.live
    assert world.service.base == before.base
    assert {one.field: (one.live, one.offered) for one in plan.conflicts} == {
        'category': ('cloud', 'logging'),
        'issuer': (None, 'https://id.a.io'),
    }
    assert {one.distribution for one in plan.conflicts} == {'other'}


def test_the_owners_own_template_is_compared_where_it_is_known(world, source):
    old = source()
    new = source(category='logging')
    world.do(plan_install(world.state, [old]))
    # Unmanaged: the owner's new value was offered and is not written.
    world.do(plan_upgrade(world.state, [new]))
    other = source('x', 'other', category='logging')
    unknown = plan_install(world.state, [other])
    assert [one.field for one in unknown.conflicts] == ['category']
    known = plan_install(world.state, [other], installed=[new])
    assert known.conflicts == ()


def test_an_unknown_owners_edited_field_is_compared_with_what_is_live(
    world, source
):
    world.made_by_hand(
        live={
            'service_url': 'https://console.aws.amazon.com',
            'category': 'logging',
        }
    )
    world.do(plan_install(world.state, [source()]))
    same = source('y', 'other', category='logging')
    assert plan_install(world.state, [same]).conflicts == ()
    plan = plan_install(world.state, [source('y', 'other', category='cloud')])
    assert [one.field for one in plan.conflicts] == ['category']


def test_entry_points_of_one_distribution_carry_equal_templates(
    world, source, codes
):
    plan = plan_install(
        world.state,
        [source('a'), source('b', category='logging', issuer='https://i.io')],
    )
    assert codes(plan.blocks) == ['templates_unequal']
    assert 'category and issuer' in plan.blocks[0].message
    assert plan.empty


@pytest.mark.parametrize('vendor', ['Amazon', 'AMAZON WEB SERVICES'])
def test_an_id_with_two_vendors_in_one_distribution_blocks(
    world, source, codes, vendor
):
    plan = plan_install(world.state, [source('a'), source('b', vendor=vendor)])
    assert codes(plan.blocks) == ['templates_unequal']


def test_entry_points_of_two_distributions_may_differ(world, source):
    plan = plan_install(
        world.state, [source('a'), source('b', 'other', category='logging')]
    )
    assert not plan.blocked
    assert [one.field for one in plan.conflicts] == ['category']


def test_a_slug_that_two_plugins_claim_blocks(world, source, codes):
    plan = plan_install(world.state, [source('a'), source('a', 'other')])
    assert codes(plan.blocks) == ['slug_claimed_twice']


def test_a_slug_that_another_distribution_has_blocks(world, source, codes):
    world.do(plan_install(world.state, [source('a')]))
    plan = plan_install(world.state, [source('a', 'other')])
    assert codes(plan.blocks) == ['plugin_of_another']
    assert 'imbi-plugin-aws' in plan.blocks[0].fix


def test_a_node_that_an_operator_wired_is_taken_over(world, source):
    world.node('hand', slug='aws-ssm', options={'region': 'eu'})
    world.made_by_hand(template_id='aws', plugins=('hand',))
    plan = world.do(plan_install(world.state, [source()]))
    assert [one.action for one in plan.actions] == [
        'claim_plugin',
        'add_contributor',
    ]
    assert world.state.plugins['hand'].distribution == 'imbi-plugin-aws'
    assert world.state.plugins['hand'].options == {'region': 'eu'}
    assert world.service.plugins == ('hand',)


def test_a_plugin_that_changed_its_type_is_kept_with_a_warning(
    world, source, codes
):
    world.do(plan_install(world.state, [source()]))
    plan = world.do(plan_install(world.state, [source(plugin_type='logs')]))
    assert codes(plan.warnings) == ['plugin_type_differs']
    assert plan.empty


def test_a_plugin_without_template_waits_for_a_service(world, source, codes):
    bare = source('bare', template='')
    plan = plan_install(world.state, [bare])
    assert codes(plan.warnings) == ['template_missing']
    assert plan.empty
    world.made_by_hand()
    place = Placement(service='by-hand')
    world.do(plan_install(world.state, [bare], place=place))
    assert world.service.contributors == ()
    assert len(world.service.plugins) == 1
    assert world.service.template_id is None
    plan = plan_install(
        world.state, [bare], place={'': Placement(service='nobody')}
    )
    assert codes(plan.blocks) == ['service_unknown']


def test_variables_without_default_are_asked_for(world, source, codes):
    plan = plan_install(
        world.state,
        [
            source(
                issuer='https://{tenant}.{zone}.amazon.com',
                variables={
                    'tenant': {'kind': 'label'},
                    'zone': {'kind': 'label', 'default': 'eu'},
                },
            )
        ],
    )
    assert codes(plan.warnings) == ['variable_values_needed']
    assert 'tenant' in plan.warnings[0].message
    assert 'zone' not in plan.warnings[0].message


# -- icons ---------------------------------------------------------------


def test_an_icon_is_stored_and_its_digest_is_live(world, source, icon):
    brought = [source(icons={'icon': icon('red'), 'icon_dark': icon('blue')})]
    plan = world.do(plan_install(world.state, brought), *brought)
    live = world.service.live
    assert live['icon'] == icon('red').value != live['icon_dark']
    stored = world.store.icon(live['icon'])
    assert stored.data == icon('red').clean.data
    steps = [one for one in plan.actions if one.action == 'store_icon']
    assert {one.digest for one in steps} == {live['icon'], live['icon_dark']}
    assert steps[0].size == len(world.store.icon(steps[0].digest).data)


def test_an_icon_that_fails_is_a_warning_and_no_more(world, source, codes):
    plan = plan_install(world.state, [source(icons={'icon': BROKEN})])
    assert codes(plan.warnings) == ['icon_missing']
    assert 'imbi-plugin-aws:aws-ssm.icon' in plan.warnings[0].path
    world.do(plan)
    assert 'icon' not in world.service.live


def test_an_icon_that_fails_does_not_clear_the_last_one(world, source, icon):
    brought = [source(icons={'icon': icon()})]
    world.do(plan_install(world.state, brought), *brought)
    world.do(plan_manage(world.state, world.service.id))
    before = world.service.live
    world.do(plan_upgrade(world.state, [source(icons={'icon': BROKEN})]))
    assert world.service.live == before
    world.do(plan_upgrade(world.state, [source()]))
    assert 'icon' not in world.service.live


def test_one_of_several_icons_is_taken(world, source, icon, codes):
    brought = [
        source('a', icons={'icon': BROKEN}),
        source('b', icons={'icon': icon('red')}),
        source('c', icons={'icon': icon('red')}),
        source('d', icons={'icon': icon('blue')}),
        source('e'),
    ]
    plan = world.do(plan_install(world.state, brought), *brought)
    assert codes(plan.warnings) == ['icon_missing', 'icons_differ']
    assert world.service.live['icon'] == icon('red').value


def test_another_packages_icon_is_a_conflict_and_none_is_silence(
    world, source, icon
):
    brought = [source(icons={'icon': icon('red')})]
    world.do(plan_install(world.state, brought), *brought)
    assert plan_install(world.state, [source('x', 'b')]).conflicts == ()
    other = source('y', 'c', icons={'icon': icon('blue')})
    (conflict,) = plan_install(world.state, [other]).conflicts
    assert conflict.field == 'icon'


def test_an_icon_that_was_offered_is_not_stored(world, source, icon):
    world.do(plan_install(world.state, [source()]))
    brought = [source(icons={'icon': icon()})]
    plan = world.do(plan_upgrade(world.state, brought), *brought)
    assert [one.field for one in plan.offers] == ['icon']
    assert plan.empty


def test_an_icon_must_be_at_hand_when_it_is_stored(world, source, icon):
    plan = plan_install(world.state, [source(icons={'icon': icon()})])
    with pytest.raises(PlanStale, match='icon_missing'):
        apply(plan, world.store)
    assert world.state.services == {}


# -- installing after an uninstall ---------------------------------------


def test_uninstalled_and_installed_again_is_as_before(
    world, source, values_of
):
    brought = [source(), source('aws-logs')]
    world.do(plan_install(world.state, brought))
    name = world.service.plugins[0]
    node = world.state.plugins[name]
    world.add(node.replaced(options={'region': 'eu'}, enabled=False))
    before = world.state
    world.do(plan_uninstall(world.state, ['imbi-plugin-aws']))
    assert world.service.plugins == ()
    world.do(plan_install(world.state, brought))
    assert values_of(world.state) == values_of(before)


def test_a_left_node_of_another_type_is_not_taken(world, source):
    world.do(plan_install(world.state, [source()]))
    (old,) = world.service.plugins
    world.do(plan_uninstall(world.state, ['imbi-plugin-aws']))
    world.do(plan_install(world.state, [source(plugin_type='logs')]))
    (new,) = world.service.plugins
    assert new == f'{old}-2'
    assert world.state.plugins[new].plugin_type == 'logs'


def test_a_left_node_that_another_service_has_is_not_taken(world, source):
    world.do(plan_install(world.state, [source()]))
    (old,) = world.service.plugins
    world.do(plan_uninstall(world.state, ['imbi-plugin-aws']))
    world.made_by_hand(vendor='Else', plugins=(old,))
    world.do(plan_install(world.state, [source()]))
    services = world.state.services
    service = next(one for one in services.values() if one.contributors)
    assert service.plugins == (f'{old}-2',)


def test_planning_looks_at_assignments_of_nobody_else(world, source):
    world.add(
        assignments=[
            Assignment(
                owner_kind='project',
                owner_id='p',
                plugin_id='anything',
                tab='logs',
            )
        ]
    )
    assert not plan_install(world.state, [source()]).blocked


@pytest.mark.parametrize('slug', ['aws-ssm', 'aws-two'])
def test_an_entry_point_is_given_once(world, source, codes, slug):
    twins = [
        PluginSource(source(one).manifest, 'imbi-plugin-aws', 'entry')
        for one in ('aws-ssm', slug)
    ]
    plan = plan_install(world.state, twins)
    assert codes(plan.blocks) == ['entry_point_twice']
