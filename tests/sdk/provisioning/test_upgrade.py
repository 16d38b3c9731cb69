"""Upgrades and downgrades: who may write what (ADR 0012, section 6)."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.provisioning import (
    Placement,
    plan_install,
    plan_manage,
    plan_save,
    plan_uninstall,
    plan_upgrade,
)


@pytest.fixture
def installed(world, source):
    """Return an organization with one service, made by version 1."""
    world.do(plan_install(world.state, [source(issuer='https://v1.aws.io')]))
    return world


@pytest.fixture
def second(source):
    """Return version 2: one field changed, one gone, one new."""
    return source(
        category='logging', issuer=None, links={'Status': 'https://s.aws.io'}
    )


def test_an_unmanaged_service_is_offered_the_changes(
    installed, second, decisions
):
    before = installed.service
    plan = installed.do(plan_upgrade(installed.state, [second]))
    assert installed.service == before
    assert plan.empty
    assert {one.field: (one.live, one.offered) for one in plan.offers} == {
        'category': ('cloud', 'logging'),
        'issuer': ('https://v1.aws.io', None),
        'links': (None, {'Status': 'https://s.aws.io'}),
    }
    assert decisions(plan)['service_url'] == 'converged'


def test_a_managed_service_follows(installed, second, decisions):
    installed.do(plan_manage(installed.state, installed.service.id))
    plan = installed.do(plan_upgrade(installed.state, [second]))
    live = installed.service.live
    assert live == installed.service.base
    assert live['category'] == 'logging'
    assert 'issuer' not in live
    assert live['links'] == {'Status': 'https://s.aws.io'}
    assert decisions(plan)['issuer'] == 'clear'
    assert decisions(plan)['links'] == 'write'
    assert plan_upgrade(installed.state, [second]).empty


@pytest.mark.parametrize('managed', [False, True])
@pytest.mark.parametrize(
    'mine', ['https://mine.example.com', None, 'https://v1.aws.io']
)
def test_an_operators_save_is_kept(installed, second, managed, mine):
    name = installed.service.id
    if managed:
        installed.do(plan_manage(installed.state, name))
    installed.do(plan_save(installed.state, name, {'issuer': mine}))
    plan = installed.do(plan_upgrade(installed.state, [second]))
    assert installed.service.live.get('issuer') == mine
    conflicts = {one.field for one in plan.conflicts}
    assert ('issuer' in conflicts) == (mine is not None)


def test_an_edit_past_all_plans_is_kept_too(installed, second):
    installed.do(plan_manage(installed.state, installed.service.id))
    live = {**installed.service.live, 'category': 'metrics'}
    installed.change(live=live)
    plan = installed.do(plan_upgrade(installed.state, [second]))
    assert installed.service.live['category'] == 'metrics'
    assert [one.field for one in plan.conflicts] == ['category']


def test_an_edit_that_the_manifest_agrees_with_converges(
    installed, second, decisions
):
    live = {**installed.service.live, 'category': 'logging'}
    installed.change(live=live)
    plan = installed.do(plan_upgrade(installed.state, [second]))
    assert decisions(plan)['category'] == 'converged'
    assert installed.service.base['category'] == 'logging'


def test_up_and_down_again_is_a_round_trip(
    installed, second, source, values_of
):
    installed.do(plan_manage(installed.state, installed.service.id))
    before = installed.state
    installed.do(plan_upgrade(installed.state, [second]))
    assert values_of(installed.state) != values_of(before)
    first = source(issuer='https://v1.aws.io')
    installed.do(plan_upgrade(installed.state, [first]))
    assert values_of(installed.state) == values_of(before)


def test_every_service_of_the_distribution_is_upgraded(installed, source):
    place = Placement(instance='eu')
    installed.do(plan_install(installed.state, [source()], place=place))
    for name in installed.state.services:
        installed.do(plan_manage(installed.state, name))
    plan = installed.do(
        plan_upgrade(installed.state, [source(category='logging')])
    )
    assert {one.service_id for one in plan.fields} == set(
        installed.state.services
    )
    for service in installed.state.services.values():
        assert service.live['category'] == 'logging'


def test_a_new_entry_point_joins_every_service(installed, source):
    place = Placement(instance='eu')
    installed.do(plan_install(installed.state, [source()], place=place))
    brought = [source(), source('aws-new')]
    installed.do(plan_upgrade(installed.state, brought))
    for service in installed.state.services.values():
        slugs = {installed.state.plugins[one].slug for one in service.plugins}
        assert slugs == {'aws-ssm', 'aws-new'}


def test_an_entry_point_that_is_gone_is_kept_and_named(
    installed, source, codes
):
    plan = plan_upgrade(installed.state, [source('aws-other')])
    assert codes(plan.warnings) == ['plugin_gone']
    installed.do(plan)
    slugs = {one.slug for one in installed.state.plugins.values()}
    assert slugs == {'aws-ssm', 'aws-other'}
    assert len(installed.service.plugins) == 2


def test_what_is_not_installed_is_not_upgraded(installed, source, codes):
    plan = plan_upgrade(installed.state, [source('x', 'stranger')])
    assert codes(plan.warnings) == ['not_installed']
    assert plan.empty


def test_a_template_with_another_id_is_not_written(installed, source, codes):
    installed.do(plan_manage(installed.state, installed.service.id))
    renamed = source(template='aws-two', category='logging')
    plan = plan_upgrade(installed.state, [renamed])
    assert codes(plan.warnings) == ['template_gone', 'template_new']
    assert plan.empty


def test_a_vendor_that_is_spelled_anew_is_still_the_service(installed, source):
    installed.do(plan_manage(installed.state, installed.service.id))
    brought = [source(vendor='AWS', category='logging')]
    installed.do(plan_upgrade(installed.state, brought))
    assert installed.service.live['category'] == 'logging'


def test_a_plugin_without_template_is_installed_where_it_is_attached(
    world, source, codes
):
    world.made_by_hand()
    bare = source('bare', template='')
    place = Placement(service='by-hand')
    world.do(plan_install(world.state, [bare], place=place))
    plan = plan_upgrade(world.state, [bare])
    assert plan.warnings == ()
    assert plan.empty


def test_ownership_decides_who_writes_after_the_owner_left(world, source):
    first = source()
    other = source('x', 'other', category='logging')
    world.do(plan_install(world.state, [first]))
    world.do(plan_install(world.state, [other]))
    world.do(plan_manage(world.state, world.service.id))
    world.do(plan_uninstall(world.state, ['imbi-plugin-aws']))
    assert world.service.live['category'] == 'cloud'
    world.do(plan_upgrade(world.state, [other]))
    assert world.service.live['category'] == 'logging'


def test_an_upgrade_brings_nothing_back_that_was_uninstalled(
    installed, source, codes
):
    both = [source(), source('aws-two')]
    installed.do(plan_install(installed.state, both))
    away = plan_uninstall(
        installed.state, ['imbi-plugin-aws'], slugs=['aws-two']
    )
    installed.do(away)
    plan = installed.do(plan_upgrade(installed.state, both))
    assert codes(plan.warnings) == ['plugin_uninstalled']
    assert len(installed.service.plugins) == 1
    installed.do(plan_install(installed.state, both))
    assert len(installed.service.plugins) == 2
    assert len(installed.state.plugins) == 2


def test_what_the_manifest_fills_no_more_is_cleared_with_its_base(
    world, source, decisions
):
    world.do(plan_install(world.state, [source(issuer='https://a.io')]))
    world.do(plan_manage(world.state, world.service.id))
    plan = world.do(plan_upgrade(world.state, [source()]))
    assert decisions(plan)['issuer'] == 'clear'
    assert 'issuer' not in world.service.live
    assert 'issuer' not in world.service.base
    assert plan_upgrade(world.state, [source()]).empty


def test_what_was_uninstalled_does_not_come_back_as_another_type(
    installed, source, codes
):
    both = [source(), source('aws-two')]
    installed.do(plan_install(installed.state, both))
    installed.do(
        plan_uninstall(installed.state, ['imbi-plugin-aws'], slugs=['aws-two'])
    )
    second = [source(), source('aws-two', plugin_type='identity')]
    plan = installed.do(plan_upgrade(installed.state, second))
    assert codes(plan.warnings) == ['plugin_uninstalled']
    assert plan.empty
    installed.do(plan_install(installed.state, second))
    types = [
        installed.state.plugins[name].plugin_type
        for name in installed.service.plugins
    ]
    assert types == ['configuration', 'identity']


def test_a_node_made_by_hand_that_was_uninstalled_does_not_come_back(
    installed, source, codes
):
    installed.node('wired', slug='aws-two')
    plugins = (*installed.service.plugins, 'wired')
    installed.change(plugins=plugins)
    both = [source(), source('aws-two')]
    installed.do(plan_install(installed.state, both))
    assert installed.service.plugins == plugins
    installed.do(
        plan_uninstall(installed.state, ['imbi-plugin-aws'], slugs=['aws-two'])
    )
    plan = installed.do(plan_upgrade(installed.state, both))
    assert codes(plan.warnings) == ['plugin_uninstalled']
    assert plan.empty
    installed.do(plan_install(installed.state, both))
    assert len(installed.service.plugins) == 2
    assert 'wired' not in installed.service.plugins


def test_what_an_operator_keeps_for_another_package_hinders_nothing(
    installed, source
):
    installed.node('spare', slug='aws-two', distribution='other')
    both = [source(), source('aws-two')]
    plan = installed.do(plan_upgrade(installed.state, both))
    assert plan.warnings == ()
    assert len(installed.service.plugins) == 2


def test_a_slug_that_another_package_left_is_a_new_entry_point(
    installed, source
):
    installed.do(plan_install(installed.state, [source('extra', 'other')]))
    installed.do(plan_uninstall(installed.state, ['other']))
    brought = [source(), source('extra')]
    plan = installed.do(plan_upgrade(installed.state, brought))
    assert plan.warnings == ()
    node = installed.state.plugins[installed.service.plugins[-1]]
    assert (node.slug, node.distribution) == ('extra', 'imbi-plugin-aws')


def test_a_vendor_that_changed_is_told(installed, source, codes):
    renamed = source(vendor='AWS')
    for draft in (plan_upgrade, plan_install):
        plan = draft(installed.state, [renamed])
        assert codes(plan.warnings) == ['vendor_differs']
        assert "'AWS'" in plan.warnings[0].message
    respelled = source(vendor='AMAZON  web services')
    assert plan_upgrade(installed.state, [respelled]).warnings == ()
