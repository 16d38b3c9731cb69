"""What operators do by hand: save, unpin, take, manage."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.provisioning import (
    Icon,
    plan_install,
    plan_manage,
    plan_save,
    plan_take,
    plan_unmanage,
    plan_unpin,
    plan_upgrade,
)

BROKEN = Icon(None, (Problem('icon_missing', 'resource', 'gone.', 'Add.'),))


@pytest.fixture
def installed(world, source):
    """Return an organization with one service and its id as `name`."""
    world.do(plan_install(world.state, [source()]))
    world.name = world.service.id
    return world


def test_saving_sets_and_pins_and_leaves_the_base(installed, decisions):
    plan = plan_save(installed.state, installed.name, {'category': 'logging'})
    installed.do(plan)
    assert decisions(plan) == {'category': 'save'}
    service = installed.service
    assert service.live['category'] == 'logging'
    assert service.base['category'] == 'cloud'
    assert service.pinned == {'category'}


def test_saving_the_same_value_pins_it_against_the_manifest(installed, source):
    installed.do(plan_manage(installed.state, installed.name))
    plan = plan_save(installed.state, installed.name, {'category': 'cloud'})
    assert [one.action for one in plan.actions] == ['pin_field']
    installed.do(plan)
    second = source(category='logging')
    plan = installed.do(plan_upgrade(installed.state, [second]))
    assert installed.service.live['category'] == 'cloud'
    assert [one.field for one in plan.conflicts] == ['category']


@pytest.mark.parametrize('empty', [None, '', [], {}])
def test_saving_nothing_clears_and_pins(installed, empty):
    plan = plan_save(installed.state, installed.name, {'category': empty})
    installed.do(plan)
    assert 'category' not in installed.service.live
    assert installed.service.pinned == {'category'}


def test_values_of_variables_are_the_operators_and_not_pinned(installed):
    values = {'tenant': '3f2504e0-4f89-11d3-9a0c-0305e82c3301'}
    installed.do(
        plan_save(installed.state, installed.name, {'variable_values': values})
    )
    assert installed.service.live['variable_values'] == values
    assert installed.service.pinned == frozenset()


@pytest.mark.parametrize(
    ('values', 'code'),
    [
        ({'categroy': 'cloud'}, 'field_unknown'),
        ({'vendor': 'Amazon'}, 'field_unknown'),
        ({'category': ['cloud']}, 'value_kind'),
        ({'category': 7}, 'value_kind'),
        ({'default_scopes': 'read write'}, 'value_kind'),
        ({'default_scopes': ['read', 1]}, 'value_kind'),
        ({'links': ['https://a.io']}, 'value_kind'),
        ({'links': {'A': object()}}, 'value_not_json'),
        ({'issuer': 'https://me:' + 'hun' * 2 + 'ter2@a.io/'}, 'secret_url'),
        (
            {'authorization_params': {'client_secret': 'Zq9x' + 'T7bW2'}},
            'secret_name',
        ),
        (
            {'variable_values': {'tenant': 'ghp_' + 'a1B2' * 9}},
            'secret_vendor_format',
        ),
    ],
)
def test_what_no_field_can_hold_is_not_saved(installed, codes, values, code):
    plan = plan_save(installed.state, installed.name, values)
    assert code in codes(plan.blocks)
    assert plan.empty
    for part in ('hunter2', 'Zq9x', 'ghp_a1'):
        assert part not in plan.to_json()


def test_a_misspelt_field_is_told_its_name(installed):
    plan = plan_save(installed.state, installed.name, {'categroy': 'cloud'})
    assert "Did you mean 'category'?" in plan.blocks[0].message


def test_an_operators_own_host_is_no_fault(installed):
    url = 'http://ghe.intranet:8080/api'
    installed.do(
        plan_save(installed.state, installed.name, {'api_endpoint': url})
    )
    assert installed.service.live['api_endpoint'] == url


def test_unpinning_lets_an_equal_field_follow_again(installed, source):
    installed.do(plan_manage(installed.state, installed.name))
    same = {'category': 'cloud'}
    installed.do(plan_save(installed.state, installed.name, same))
    installed.do(plan_unpin(installed.state, installed.name, ['category']))
    installed.do(plan_upgrade(installed.state, [source(category='logging')]))
    assert installed.service.live['category'] == 'logging'


def test_unpinning_does_not_give_up_another_value(installed, source):
    installed.do(plan_manage(installed.state, installed.name))
    other = {'category': 'metrics'}
    installed.do(plan_save(installed.state, installed.name, other))
    installed.do(plan_unpin(installed.state, installed.name, ['category']))
    installed.do(plan_upgrade(installed.state, [source(category='logging')]))
    assert installed.service.live['category'] == 'metrics'
    assert installed.service.pinned == frozenset()


def test_taking_ends_a_conflict(installed, source, decisions):
    mine = {'category': 'metrics', 'issuer': 'https://mine.example.com'}
    installed.do(plan_save(installed.state, installed.name, mine))
    brought = [source(category='logging')]
    plan = plan_take(
        installed.state, installed.name, ['category', 'issuer'], brought
    )
    installed.do(plan)
    assert decisions(plan) == {'category': 'write', 'issuer': 'clear'}
    service = installed.service
    assert service.live['category'] == service.base['category'] == 'logging'
    assert 'issuer' not in service.live
    assert service.pinned == frozenset()
    assert plan_upgrade(installed.state, brought).conflicts == ()


def test_taking_accepts_an_offer_and_its_icon(installed, source, icon):
    brought = [source(icons={'icon': icon()})]
    plan = plan_take(installed.state, installed.name, ['icon'], brought)
    installed.do(plan, *brought)
    assert installed.store.icon(installed.service.live['icon'])
    assert plan_upgrade(installed.state, brought).offers == ()


def test_taking_what_is_live_already_unpins_it(installed, source, decisions):
    same = {'category': 'cloud'}
    installed.do(plan_save(installed.state, installed.name, same))
    plan = plan_take(installed.state, installed.name, ['category'], [source()])
    assert decisions(plan) == {'category': 'converged'}
    installed.do(plan)
    assert installed.service.pinned == frozenset()


def test_only_the_owners_values_can_be_taken(installed, source, codes):
    other = source('x', 'other', category='logging')
    installed.do(plan_install(installed.state, [other]))
    plan = plan_take(installed.state, installed.name, ['category'], [other])
    assert codes(plan.blocks) == ['owner_missing']


def test_other_plugins_are_no_matter_to_what_is_taken(installed, source):
    owners = source(category='logging')
    others = [
        source('same', 'one', template='x'),
        source('same', 'two', template='y', icons={'icon': BROKEN}),
    ]
    for act in (
        lambda given: plan_manage(installed.state, installed.name, given),
        lambda given: plan_take(
            installed.state, installed.name, ['category'], given
        ),
    ):
        plan = act([*others, owners])
        assert plan == act([owners])
        assert not plan.blocked


def test_an_icon_that_cannot_be_read_cannot_be_taken(installed, source, codes):
    broken = source(icons={'icon': BROKEN})
    plan = plan_take(installed.state, installed.name, ['icon'], [broken])
    assert codes(plan.blocks) == ['icon_unread']


def test_managing_can_write_at_once(installed, source, decisions):
    mine = {'issuer': 'https://mine.example.com'}
    installed.do(plan_save(installed.state, installed.name, mine))
    second = source(category='logging', issuer='https://theirs.amazon.com')
    plan = plan_manage(installed.state, installed.name, [second])
    assert decisions(plan)['category'] == 'write'
    assert decisions(plan)['issuer'] == 'conflict'
    installed.do(plan)
    assert installed.service.managed
    assert installed.service.live['category'] == 'logging'
    assert installed.service.live['issuer'] == 'https://mine.example.com'


def test_managing_alone_writes_nothing(installed):
    before = installed.service.live
    plan = installed.do(plan_manage(installed.state, installed.name))
    assert [one.action for one in plan.actions] == ['set_managed']
    assert installed.service.live == before
    assert plan_manage(installed.state, installed.name).empty


def test_taking_back_stops_the_writing(installed, source):
    installed.do(plan_manage(installed.state, installed.name))
    installed.do(plan_unmanage(installed.state, installed.name))
    plan = installed.do(
        plan_upgrade(installed.state, [source(category='logging')])
    )
    assert [one.field for one in plan.offers] == ['category']
    assert installed.service.live['category'] == 'cloud'


def test_nothing_manages_a_service_without_plugins(world, codes):
    world.made_by_hand()
    plan = plan_manage(world.state, 'by-hand')
    assert codes(plan.blocks) == ['service_without_owner']


def test_every_act_needs_a_service(world, codes):
    for plan in (
        plan_save(world.state, 'nobody', {'category': 'cloud'}),
        plan_unpin(world.state, 'nobody', ['category']),
        plan_take(world.state, 'nobody', ['category'], []),
        plan_manage(world.state, 'nobody'),
        plan_unmanage(world.state, 'nobody'),
    ):
        assert codes(plan.blocks) == ['service_unknown']
