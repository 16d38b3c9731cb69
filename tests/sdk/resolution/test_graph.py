"""What resolution is given and gives: a graph, a view of it, results."""

from __future__ import annotations

import dataclasses

import pytest

from imbi_plugin_sdk.resolution import Graph, what_if


def test_a_node_may_come_twice_but_not_in_two_forms(two):
    two.edge('p', 'n1')
    node = two.nodes['n1']
    graph = Graph(plugins=[node, node.model_copy()])
    assert graph.plugin == {'n1': node}
    with pytest.raises(ValueError, match="id 'n1' of a plugin node"):
        _ = Graph(plugins=[node, node.replaced(enabled=False)]).plugin


def test_nodes_that_differ_in_the_type_of_a_value_are_two_forms(two):
    one, same, other = (
        two.nodes['n1'].replaced(options={'a': value})
        for value in (1, 1, True)
    )
    assert Graph(plugins=[one, same]).plugin == {'n1': one}
    for pair in ([one, other], [other, one]):
        with pytest.raises(ValueError, match="id 'n1' of a plugin node"):
            _ = Graph(plugins=pair).plugin


def test_a_service_may_come_twice_whatever_order_its_sets_are_in(two):
    names = [f'field-{number}' for number in range(9)]
    ways = [frozenset(names), frozenset(reversed(names))]
    services = [two.services['aws'].replaced(pinned=pinned) for pinned in ways]
    assert Graph(services=services).services_of['n1'] == services[:1]


def test_a_type_that_is_given_twice_counts_once(two):
    two.edge('t', 'n1', default=True)
    two.types = ('t', 't')
    assert len(two.bindings.assignments) == 1
    assert two.verdicts() == {'t n1': 'selected'}


def test_a_project_and_a_type_of_one_id_are_two_owners(two):
    two.types = ('p',)
    two.edges.append(
        two.edge('p', 'n1', default=True).replaced(
            owner_kind='project_type', default=False
        )
    )
    assert [t.verdict for t in two.explain().edges] == ['selected', 'shadowed']


def test_nothing_that_is_given_or_returned_can_be_changed(two):
    two.plugin('i1', 'oidc', service='login', plugin_type='identity')
    two.edge('p', 'n1', identity_plugin_id='i1')
    found = two.resolve()
    (change,) = what_if({'p': ()}, Graph(), two.graph, two.handlers)
    for one in (
        *(two.graph, two.bindings, two.resolve_all(), change),
        *(found, found.identity, found.options, found.explanation),
    ):
        name = dataclasses.fields(one)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, name, None)
