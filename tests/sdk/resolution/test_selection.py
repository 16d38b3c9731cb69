"""Which plugin is chosen: steps 1 to 5."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.resolution import (
    AmbiguousDefaultError,
    AmbiguousSourceError,
    NoDefaultError,
    NothingBoundError,
    ResolutionError,
    SourceNotBoundError,
    SourceUnknownError,
    selectors,
)


def test_the_only_plugin_serves_without_being_a_default(two):
    two.edge('t', 'n1')
    found = two.resolve()
    assert found.plugin.id == 'n1'
    assert found.service.slug == 'aws'
    assert found.entry is two.entries['ssm']
    assert found.explanation.rule == 'sole'


def test_an_explicit_no_does_not_keep_the_only_plugin_from_serving(two):
    two.edge('t', 'n1', default=False)
    assert two.chosen() == 'n1'


def test_the_project_adds_to_its_types(two):
    two.edge('t', 'n1', default=True)
    two.edge('p', 'n2')
    assert two.chosen() == 'n1'
    assert two.chosen('vault') == 'n2'


def test_a_default_of_the_project_stands_above_one_of_its_type(two):
    two.edge('t', 'n1', default=True)
    two.edge('p', 'n2', default=True)
    found = two.resolve()
    assert found.plugin.id == 'n2'
    assert found.explanation.rule == 'project_default'


def test_an_inherited_default_stays_on_the_level_of_the_type(two):
    two.edge('t', 'n1', default=True)
    two.edge('p', 'n1', options={})
    two.edge('p', 'n2', default=True)
    assert two.chosen() == 'n2'


def test_the_project_can_say_no_to_its_types_default(two):
    two.edge('t', 'n1', default=True)
    two.edge('p', 'n1', default=False)
    two.edge('t', 'n2')
    with pytest.raises(NoDefaultError) as caught:
        two.resolve()
    assert caught.value.candidates == ('ssm', 'vault')
    assert caught.value.plugin_id is None


def test_the_project_can_say_yes_to_a_plugin_of_its_type(two):
    two.edge('t', 'n1', default=True)
    two.edge('t', 'n2')
    two.edge('p', 'n2', default=True)
    assert two.chosen() == 'n2'


def test_two_defaults_of_the_project_tie(two):
    two.edge('p', 'n1', default=True)
    two.edge('p', 'n2', default=True)
    with pytest.raises(AmbiguousDefaultError, match='the project makes 2'):
        two.resolve()


def test_two_defaults_of_two_types_tie_whatever_their_order(two):
    two.edge('t', 'n1', default=True)
    two.edge('u', 'n2', default=True)
    for types in (('t', 'u'), ('u', 't')):
        two.types = types
        with pytest.raises(AmbiguousDefaultError, match='types make 2'):
            two.resolve()


def test_a_tie_names_those_that_tie_and_no_others(two):
    two.plugin('n3', 'consul', service='hashi')
    two.edge('p', 'n1', default=True)
    two.edge('p', 'n2', default=True)
    two.edge('p', 'n3')
    with pytest.raises(AmbiguousDefaultError) as caught:
        two.resolve()
    assert caught.value.candidates == ('ssm', 'vault')


def test_of_two_types_the_first_decides_about_one_plugin(two):
    two.edge('t', 'n1', default=True, search_template='/t')
    two.edge('u', 'n1', default=False, search_template='/u')
    two.edge('t', 'n2')
    assert two.resolve().search_template == '/t'
    two.types = ('u', 't')
    with pytest.raises(NoDefaultError):
        two.resolve()
    assert two.resolve('ssm').search_template == '/u'


def test_nothing_bound_is_named(two):
    two.edge('p', 'n1', tab='logs')
    with pytest.raises(NothingBoundError) as caught:
        two.resolve()
    assert caught.value.candidates == ()
    assert caught.value.http_status == 404


def test_a_type_that_is_not_the_projects_gives_nothing(two):
    two.edge('t', 'n1')
    two.types = ('u',)
    with pytest.raises(NothingBoundError):
        two.resolve()


def test_a_project_can_opt_out_of_its_types_plugin(two):
    two.edge('t', 'n1', default=True)
    two.edge('t', 'n2')
    two.edge('p', 'n1', excluded=True)
    assert two.chosen() == 'n2'
    with pytest.raises(SourceNotBoundError, match='opts out') as caught:
        two.resolve('ssm')
    assert caught.value.candidates == ('vault',)
    assert caught.value.fix.startswith('Remove the exclusion, or')


def test_a_project_that_opts_out_of_everything_is_told_so(two):
    two.edge('t', 'n1', default=True)
    two.edge('p', 'n1', excluded=True)
    with pytest.raises(NothingBoundError, match='opts out of 1'):
        two.resolve()


def test_an_exclusion_of_what_no_type_assigns_is_no_way_out(two):
    two.edge('p', 'n1', excluded=True)
    with pytest.raises(NothingBoundError) as caught:
        two.resolve()
    assert 'opts out' not in caught.value.message
    assert caught.value.fix.startswith('Assign a plugin')
    two.edge('p', 'n2')
    with pytest.raises(SourceNotBoundError, match='opts out') as caught:
        two.resolve('ssm')
    assert 'Remove the exclusion and assign it, or' in caught.value.fix
    two.edges[0] = two.edges[0].replaced(excluded=False)
    assert two.chosen('ssm') == 'n1'


def test_a_type_cannot_opt_out(two):
    two.edge('t', 'n1', excluded=True)
    assert two.chosen() == 'n1'


@pytest.mark.parametrize('source', ['ssm', 'aws/ssm', 'id:n1'])
def test_a_source_has_three_forms(two, source):
    two.edge('p', 'n1')
    two.edge('p', 'n2', default=True)
    found = two.resolve(source)
    assert found.plugin.id == 'n1'
    assert found.selector == 'ssm'
    assert found.explanation.rule == 'source'


@pytest.mark.parametrize(
    'source',
    ['', 'smm', 'id:', 'id:n9', 'aws/', '/ssm', 'hashi/ssm', 'AWS/ssm'],
)
def test_a_source_that_nobody_knows_is_named(two, source):
    two.edge('p', 'n1')
    with pytest.raises(SourceUnknownError) as caught:
        two.resolve(source)
    assert caught.value.candidates == ('ssm',)
    assert caught.value.http_status == 404


def test_a_slip_in_a_source_is_pointed_at(two):
    two.edge('p', 'n1')
    with pytest.raises(SourceUnknownError, match="Did you mean 'ssm'"):
        two.resolve('smm')


def test_a_long_source_is_not_repeated_in_full(two):
    two.edge('p', 'n1')
    with pytest.raises(SourceUnknownError) as caught:
        two.resolve('x' * 10_000)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize('source', ['vault', 'hashi/vault', 'id:n2'])
def test_a_source_that_is_bound_to_another_tab_is_told_where(two, source):
    two.edge('p', 'n1')
    two.edge('p', 'n2', tab='logs')
    with pytest.raises(SourceNotBoundError, match="but to 'logs'") as caught:
        two.resolve(source)
    assert caught.value.candidates == ('ssm',)
    assert caught.value.http_status == 404


def test_a_source_that_is_bound_nowhere_exists_all_the_same(two):
    two.edge('p', 'n1')
    with pytest.raises(SourceNotBoundError) as caught:
        two.resolve('vault')
    assert caught.value.message.endswith("bound to tab 'configuration'.")


@pytest.fixture
def twins(world):
    """One slug on two services, and one twice on a third."""
    world.plugin('n1', 'ssm', service='prod')
    world.plugin('n2', 'ssm', service='dev')
    world.plugin('n3', 'ssm', service='lab')
    world.plugin('n4', 'ssm', service='lab')
    return world


def test_several_that_answer_to_a_source_tie(twins):
    for plugin_id in twins.nodes:
        twins.edge('p', plugin_id)
    with pytest.raises(AmbiguousSourceError) as caught:
        twins.resolve('ssm')
    assert caught.value.candidates == (
        'dev/ssm',
        'id:n3',
        'id:n4',
        'prod/ssm',
    )
    with pytest.raises(AmbiguousSourceError) as caught:
        twins.resolve('lab/ssm')
    assert caught.value.candidates == ('id:n3', 'id:n4')


def test_each_choice_of_an_ambiguity_is_a_way_out(twins):
    for plugin_id in twins.nodes:
        twins.edge('p', plugin_id)
    with pytest.raises(AmbiguousSourceError) as caught:
        twins.resolve('ssm')
    reached = {twins.chosen(one) for one in caught.value.candidates}
    assert reached == set(twins.nodes)


def test_of_several_that_answer_the_default_serves(twins):
    twins.plugin('n5', 'vault', service='lab')
    twins.edge('p', 'n1')
    twins.edge('t', 'n2', default=True)
    twins.edge('p', 'n5', default=True)
    found = twins.resolve('ssm')
    assert found.plugin.id == 'n2'
    assert found.explanation.rule == 'source_default'


def test_among_several_that_answer_the_project_stands_above_its_type(twins):
    twins.edge('t', 'n1', default=True)
    twins.edge('p', 'n2', default=True)
    assert twins.chosen('ssm') == 'n2'


def test_two_defaults_that_answer_to_a_source_tie(twins):
    twins.edge('p', 'n1', default=True)
    twins.edge('p', 'n2', default=True)
    twins.edge('p', 'n3')
    with pytest.raises(AmbiguousSourceError) as caught:
        twins.resolve('ssm')
    assert caught.value.candidates == ('dev/ssm', 'prod/ssm')


def test_a_selector_is_as_short_as_the_tab_allows(twins):
    twins.edge('p', 'n1', tab='a')
    twins.edge('p', 'n2', tab='b')
    twins.edge('p', 'n3', tab='b')
    twins.edge('p', 'n4', tab='b')
    twins.edge('p', 'gone', tab='b')
    assert selectors(twins.bindings, 'a') == {'n1': 'ssm'}
    assert selectors(twins.bindings, 'b') == {
        'n2': 'dev/ssm',
        'n3': 'id:n3',
        'n4': 'id:n4',
        'gone': 'id:gone',
    }


def test_two_services_of_one_slug_are_told_apart_by_id(world):
    world.plugin('n1', 'ssm', service='aws')
    world.plugin('n2', 'ssm', service='other')
    world.services['other'] = world.services['other'].replaced(slug='aws')
    world.edge('p', 'n1')
    world.edge('p', 'n2')
    assert set(selectors(world.bindings, 'configuration').values()) == {
        'id:n1',
        'id:n2',
    }


def test_what_is_excluded_makes_no_selector_longer(twins):
    twins.edge('p', 'n1')
    twins.edge('t', 'n2')
    twins.edge('p', 'n2', excluded=True)
    assert selectors(twins.bindings, 'configuration') == {'n1': 'ssm'}


def test_edges_of_one_owner_that_say_the_same_count_once(two):
    two.edge('p', 'n1', id='e1', default=True)
    two.edge('p', 'n1', id='e2', default=True)
    two.edge('p', 'n2')
    assert two.chosen() == 'n1'


@pytest.mark.parametrize('turn', [1, -1])
def test_edges_of_one_owner_that_disagree_are_never_decided_between(two, turn):
    two.edge('p', 'n1', id='e1', search_template='/a', default=True)
    two.edge('p', 'n1', id='e2', search_template='/b')
    two.edge('t', 'n2', default=True)
    two.edges = two.edges[::turn]
    with pytest.raises(AmbiguousSourceError, match='project p assigns'):
        two.resolve()
    with pytest.raises(AmbiguousSourceError, match='several times') as caught:
        two.resolve('ssm')
    assert caught.value.plugin_id == 'n1'
    assert two.chosen('vault') == 'n2'


def test_a_disagreement_about_the_default_falls_through_to_nobody(two):
    two.edge('p', 'n1', default=True)
    two.edge('p', 'n1', default=False)
    two.edge('t', 'n2', default=True)
    with pytest.raises(AmbiguousSourceError) as caught:
        two.resolve()
    assert caught.value.plugin_id == 'n1'


def test_a_copy_takes_no_word_from_the_project(two):
    two.edge('p', 'n1', default=False)
    two.edge('p', 'n1', default=False)
    two.edge('t', 'n1', default=True)
    two.edge('p', 'n2')
    with pytest.raises(NoDefaultError):
        two.resolve()


def test_of_two_types_the_first_one_sets_an_option(two):
    two.handler('ssm', options=[{'name': 'region', 'label': 'R'}])
    two.edge('t', 'n1', options={'region': 'of-t'})
    two.edge('u', 'n1', options={'region': 'of-u'})
    assert two.resolve().options.values == {'region': 'of-t'}
    two.types = ('u', 't')
    assert two.resolve().options.values == {'region': 'of-u'}


def test_half_an_exclusion_is_a_disagreement(two):
    two.edge('p', 'n1', excluded=True)
    two.edge('p', 'n1', excluded=False)
    with pytest.raises(AmbiguousSourceError, match='different things'):
        two.resolve()


def test_all_errors_share_one_base(two):
    with pytest.raises(ResolutionError):
        two.resolve()
