"""Which service an install finds, adopts or makes."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.provisioning import (
    Placement,
    PlanBlocked,
    State,
    apply,
    plan_install,
    plan_manage,
    plan_save,
)

URL = 'https://console.aws.amazon.com'


def test_without_any_service_one_is_created(world, source):
    plan = world.do(plan_install(world.state, [source()]))
    assert plan.actions[1].action == 'create_service'
    service = world.service
    assert service.origin == 'template'
    assert (service.slug, service.template_id) == ('aws', 'aws')
    assert service.vendor == 'Amazon Web Services'
    assert service.contributors == ('imbi-plugin-aws',)
    assert service.live == service.base
    assert service.live['category'] == 'cloud'
    assert service.pinned == frozenset()
    assert service.managed is False


@pytest.mark.parametrize(
    'vendor',
    ['amazon web services', ' Amazon  Web\tServices ', 'AMAZON WEB SERVICES'],
)
def test_vendor_and_template_id_attach(world, source, vendor):
    world.made_by_hand(vendor=vendor, template_id='aws')
    world.do(plan_install(world.state, [source()]))
    assert world.service.id == 'by-hand'
    assert world.service.contributors == ('imbi-plugin-aws',)


@pytest.mark.parametrize(
    'facts',
    [
        {'vendor': 'Amazon', 'template_id': 'aws'},
        {'template_id': 'aws-gov'},
        {'organization': 'marketing', 'template_id': 'aws'},
    ],
)
def test_another_identity_is_another_service(world, source, facts):
    world.made_by_hand(**facts)
    plan = plan_install(world.state, [source()])
    assert any(one.action == 'create_service' for one in plan.actions)


@pytest.mark.parametrize(
    'url', [URL, 'https://CONSOLE.aws.amazon.com', f'{URL}:443']
)
def test_an_equal_service_url_adopts(world, source, url):
    world.made_by_hand(live={'service_url': url})
    world.do(plan_install(world.state, [source()]))
    assert world.service.id == 'by-hand'
    assert world.service.template_id == 'aws'
    assert world.service.origin == 'operator'


@pytest.mark.parametrize(
    'facts',
    [
        {'live': {'service_url': 'https://eu.aws.amazon.com'}},
        {'live': {'service_url': URL}, 'vendor': 'Amazon'},
        {'live': {'service_url': URL}, 'template_id': 'aws-gov'},
        {'live': {'service_url': f'{URL}/'}},
        {'live': {}},
    ],
)
def test_nothing_else_adopts(world, source, facts):
    world.made_by_hand(**facts)
    plan = plan_install(world.state, [source()])
    assert any(one.action == 'create_service' for one in plan.actions)


def test_two_services_without_url_are_not_equal(world, source):
    world.made_by_hand()
    plan = plan_install(world.state, [source(service_url=None)])
    assert any(one.action == 'create_service' for one in plan.actions)


def test_a_similar_service_is_named(world, source, codes):
    world.made_by_hand(live={'service_url': 'https://eu.aws.amazon.com'})
    plan = plan_install(world.state, [source()])
    assert codes(plan.warnings) == ['service_similar']
    assert 'by-hand' in plan.warnings[0].message


def test_adoption_writes_no_field_and_pins_those_present(
    world, source, decisions
):
    live = {'service_url': URL, 'category': 'logging', 'display_name': ''}
    world.made_by_hand(live=live, managed=True)
    plan = world.do(plan_install(world.state, [source(display_name='AWS')]))
    service = world.service
    assert service.live == live
    assert service.base == {}
    assert service.pinned == {'service_url', 'category'}
    assert service.managed is False
    assert decisions(plan)['service_url'] == 'converged'
    assert decisions(plan)['category'] == 'conflict'
    assert decisions(plan)['display_name'] == 'offer'


def test_several_services_of_the_template_block_with_choices(
    world, source, codes
):
    for name in ('one', 'two'):
        world.made_by_hand(name, template_id='aws', instance=name)
    plan = plan_install(world.state, [source()])
    assert codes(plan.blocks) == ['service_ambiguous']
    assert [(one.service_id, one.instance) for one in plan.choices] == [
        ('one', 'one'),
        ('two', 'two'),
    ]
    assert plan.actions == plan.fields == plan.offers == ()
    with pytest.raises(PlanBlocked, match='one and two'):
        apply(plan, world.store)


def test_several_adoptable_services_block_with_choices(world, source):
    for name in ('one', 'two'):
        world.made_by_hand(name, live={'service_url': URL})
    plan = plan_install(world.state, [source()])
    assert {one.how for one in plan.choices} == {'adopt'}
    assert [one.service_id for one in plan.choices] == ['one', 'two']


def test_the_instance_chooses(world, source):
    for name in ('one', 'two'):
        world.made_by_hand(name, template_id='aws', instance=name)
    plan = plan_install(
        world.state, [source()], place=Placement(instance='two')
    )
    world.do(plan)
    assert world.state.services['two'].contributors
    assert not world.state.services['one'].contributors


def test_a_new_instance_is_a_new_service(world, source):
    world.do(plan_install(world.state, [source()]))
    place = Placement(instance='production')
    world.do(plan_install(world.state, [source()], place=place))
    services = world.state.services.values()
    assert {one.slug: one.instance for one in services} == {
        'aws': '',
        'aws-production': 'production',
    }
    # Each of them has a node of its own.
    assert len(world.state.plugins) == 2


def test_the_target_chooses(world, source):
    for name in ('one', 'two'):
        world.made_by_hand(name, live={'service_url': URL})
    place = Placement(service='two')
    world.do(plan_install(world.state, [source()], place=place))
    assert world.state.services['two'].template_id == 'aws'
    assert world.state.services['one'].template_id is None


def test_a_target_of_another_vendor_is_taken_with_a_warning(
    world, source, codes
):
    world.made_by_hand(vendor='AWS')
    place = Placement(service='by-hand', instance='eu')
    plan = world.do(plan_install(world.state, [source()], place=place))
    assert codes(plan.warnings) == ['vendor_differs']
    assert world.service.instance == 'eu'
    # Its own package finds it again, by itself.
    assert plan_install(world.state, [source()]).empty


@pytest.mark.parametrize(
    ('place', 'code'),
    [
        (Placement(service='nobody'), 'service_unknown'),
        (Placement(service='other'), 'service_has_template'),
        (Placement(service='by-hand', instance='us'), 'instance_differs'),
        (Placement(service='by-hand', create=True), 'placement_contradicts'),
        (Placement(instance='a b'), 'instance_invalid'),
        (Placement(instance='x' * 65), 'instance_invalid'),
        (Placement(create=True), 'service_exists'),
        ({'gcp': Placement()}, 'placement_unknown'),
    ],
)
def test_what_cannot_be_meant_blocks(world, source, codes, place, code):
    world.made_by_hand(template_id='aws', instance='eu')
    world.made_by_hand('other', template_id='aws-gov')
    plan = plan_install(world.state, [source()], place=place)
    assert codes(plan.blocks) == [code]
    assert plan.empty


def test_one_place_for_two_templates_blocks(world, source, codes):
    both = [source(), source('other', template='aws-gov')]
    place = Placement(instance='eu')
    plan = plan_install(world.state, both, place=place)
    assert codes(plan.blocks) == ['placement_ambiguous']
    places = {'aws': place, 'aws-gov': Placement(instance='us')}
    world.do(plan_install(world.state, both, place=places))
    instances = {
        one.template_id: one.instance for one in world.state.services.values()
    }
    assert instances == {'aws': 'eu', 'aws-gov': 'us'}


def test_one_place_is_the_templates_where_a_plugin_has_none(
    world, source, codes
):
    both = [source(), source('bare', 'other', template=None)]
    plan = plan_install(world.state, both, place=Placement(instance='eu'))
    assert codes(plan.blocks) == []
    assert codes(plan.warnings) == ['template_missing']
    world.do(plan)
    assert world.service.instance == 'eu'


def test_choices_stand_in_one_order(world, source):
    for name in ('b', 'c', 'a'):
        world.made_by_hand(name, template_id='aws', instance=name)
    plan = plan_install(world.state, [source()])
    assert [one.service_id for one in plan.choices] == ['a', 'b', 'c']


def test_a_new_service_can_be_asked_for_instead_of_adoption(world, source):
    world.made_by_hand(live={'service_url': URL})
    place = Placement(create=True)
    world.do(plan_install(world.state, [source()], place=place))
    assert world.state.services['by-hand'].template_id is None
    assert len(world.state.services) == 2


def test_two_templates_do_not_adopt_one_service(world, source):
    world.made_by_hand(live={'service_url': URL})
    both = [source(), source('other', 'b', template='aws-gov')]
    world.do(plan_install(world.state, both))
    assert {
        name: one.template_id for name, one in world.state.services.items()
    }.items() >= {('by-hand', 'aws-gov')}
    assert len(world.state.services) == 2


def test_an_id_that_is_taken_by_another_identity_is_left_alone(world, source):
    world.do(plan_install(world.state, [source()]))
    first = world.service
    world.change(vendor='Renamed', contributors=())
    world.do(plan_install(world.state, [source('x', 'other')]))
    assert set(world.state.services) == {first.id, f'{first.id}-2'}
    slugs = {one.slug for one in world.state.services.values()}
    assert slugs == {'aws', 'aws-2'}


def test_the_plan_depends_on_the_vendors_other_services(world, source):
    world.made_by_hand(vendor='AMAZON web services')
    plan = plan_install(world.state, [source()])
    (candidates,) = plan.candidates
    assert candidates.vendor == 'amazon web services'
    assert candidates.revisions == {'by-hand': 3}
    world.do(plan_save(world.state, 'by-hand', {'service_url': URL}))
    with pytest.raises(Exception, match='candidates_moved'):
        apply(plan, world.store)


def test_an_accent_is_the_same_letter_however_it_is_written(world, source):
    world.do(plan_install(world.state, [source(vendor='Caf\u00e9')]))
    other = source('x', 'other', vendor='CAFE\u0301')
    world.do(plan_install(world.state, [other]))
    assert world.service.contributors == ('imbi-plugin-aws', 'other')


@pytest.mark.parametrize('wanted', ['prod', ''])
def test_a_named_service_keeps_its_instance(world, source, codes, wanted):
    mine = {'prod': '', '': 'eu'}[wanted]
    world.made_by_hand(template_id='aws', instance=mine)
    place = Placement(service='by-hand', instance=wanted)
    plan = plan_install(world.state, [source()], place=place)
    assert codes(plan.blocks) == ['instance_differs']
    same = Placement(service='by-hand', instance=mine)
    world.do(plan_install(world.state, [source()], place=same))


def test_no_two_services_get_one_identity(world, source, codes):
    world.do(plan_install(world.state, [source()]))
    world.made_by_hand()
    place = Placement(service='by-hand')
    plan = plan_install(world.state, [source()], place=place)
    assert codes(plan.blocks) == ['service_exists']
    assert "'aws'" in plan.blocks[0].message
    place = Placement(service='by-hand', instance='second')
    world.do(plan_install(world.state, [source()], place=place))
    assert world.state.services['by-hand'].instance == 'second'


@pytest.mark.parametrize('by_id', [True, False])
def test_one_service_is_not_named_for_two_vendors(world, source, codes, by_id):
    world.made_by_hand()
    both = [source(), source('x', 'other', vendor='Else')]
    place = Placement(service='by-hand')
    plan = plan_install(
        world.state, both, place={'aws': place} if by_id else place
    )
    assert codes(plan.blocks) == ['placement_ambiguous']
    assert plan.blocks[0].fix == 'Install one vendor after the other.'
    # An instance is a key that both can have.
    instance = Placement(instance='eu')
    world.do(plan_install(world.state, both, place=instance))
    made = [one for one in world.state.services.values() if one.template_id]
    assert [one.instance for one in made] == ['eu', 'eu']


@pytest.mark.parametrize('instance', ['\ud800', 'a\x00', '\u200b', 'a\u2028'])
def test_an_instance_can_be_read(world, source, codes, instance):
    place = Placement(instance=instance)
    plan = plan_install(world.state, [source()], place=place)
    assert codes(plan.blocks) == ['instance_invalid']


def test_a_template_with_another_id_takes_its_service_along(world, source):
    first = source()
    world.do(plan_install(world.state, [first]))
    name = world.service.id
    renamed = source(template='aws-two', category='logging')
    place = Placement(service=name)
    plan = world.do(plan_install(world.state, [renamed], place=place))
    assert world.service.id == name
    assert world.service.template_id == 'aws-two'
    assert world.service.pinned == frozenset()
    assert [one.field for one in plan.offers] == ['category']
    assert plan_install(world.state, [renamed]).empty


def test_a_service_that_others_share_goes_nowhere(world, source, codes):
    world.do(plan_install(world.state, [source(), source('x', 'other')]))
    name = world.service.id
    for brought in (
        source(template='aws-two'),
        source('y', 'third', template='aws-two'),
    ):
        place = Placement(service=name)
        plan = plan_install(world.state, [brought], place=place)
        assert codes(plan.blocks) == ['service_has_template']


@pytest.mark.parametrize('slug', ['aaa', 'zzz'])
@pytest.mark.parametrize('managed', [False, True])
def test_a_service_whose_template_is_still_brought_goes_nowhere(
    world, source, codes, slug, managed
):
    world.do(plan_install(world.state, [source()]))
    name = world.service.id
    if managed:
        world.do(plan_manage(world.state, name))
    both = [source(), source(slug, template='aws-two', category='logging')]
    place = {'aws-two': Placement(service=name)}
    plan = plan_install(world.state, both, place=place)
    assert codes(plan.blocks) == ['service_has_template']


def test_a_service_does_not_go_where_another_is(world, source, codes):
    both = [source(), source('x', 'other', template='aws-two')]
    world.do(plan_install(world.state, both))
    name = next(
        one.id
        for one in world.state.services.values()
        if one.template_id == 'aws'
    )
    place = Placement(service=name)
    renamed = source(template='aws-two')
    plan = plan_install(world.state, [renamed], place=place)
    assert codes(plan.blocks) == ['service_exists']


def test_services_of_another_organization_are_passed_over(world, source):
    world.made_by_hand(template_id='aws')
    foreign = world.service.replaced(organization='marketing')
    state = State(world.state.organization, {foreign.id: foreign}, {})
    assert state.services == {}
    plan = plan_install(state, [source()])
    assert 'create_service' in {one.action for one in plan.actions}
