"""Why a request came out as it did."""

from __future__ import annotations

import json
import pickle
import random

import pydantic
import pytest

from imbi_plugin_sdk.resolution import (
    VERDICTS,
    EdgeTrace,
    Explanation,
    ResolutionError,
)


def test_each_edge_is_told_once_with_what_became_of_it(two):
    two.plugin('n3', 'consul', service='hashi')
    two.edge('p', 'n1', default=True)
    two.edge('t', 'n1')
    two.edge('u', 'n2', default=True)
    two.edge('t', 'n3')
    two.edge('p', 'n3', excluded=True)
    two.edge('p', 'n2', tab='logs')
    two.edge('u', 'n3')
    two.edge('p', 'gone')
    two.edges = [e for e in two.edges if e.tab != 'logs']
    assert two.verdicts() == {
        'p n1': 'selected',
        't n1': 'shadowed',
        'u n2': 'outranked',
        'p n3': 'excludes',
        't n3': 'excluded',
        'u n3': 'excluded',
        'p gone': 'not_default',
    }


def test_edges_of_other_tabs_are_told_too(two):
    two.edge('p', 'n1')
    two.edge('p', 'n2', tab='logs')
    assert two.verdicts() == {'p n1': 'selected', 'p n2': 'other_tab'}


def test_a_source_leaves_the_rest_aside(two):
    two.edge('p', 'n1', default=True)
    two.edge('p', 'n2')
    assert two.verdicts('vault') == {'p n2': 'selected', 'p n1': 'not_source'}
    assert two.verdicts('nothing') == {
        'p n2': 'not_source',
        'p n1': 'not_source',
    }


def test_a_tie_is_told_as_one(two):
    two.plugin('n3', 'consul')
    two.edge('t', 'n1', default=True)
    two.edge('u', 'n2', default=True)
    two.edge('p', 'n3')
    assert two.verdicts() == {
        't n1': 'tied',
        'u n2': 'tied',
        'p n3': 'not_default',
    }


def test_a_tie_under_a_source_is_told_as_one(two):
    two.plugin('n3', 'ssm', service='hashi')
    two.edge('p', 'n1')
    two.edge('p', 'n2', default=True)
    two.edge('p', 'n3')
    assert two.verdicts('ssm') == {
        'p n1': 'tied',
        'p n2': 'not_source',
        'p n3': 'tied',
    }


def test_no_default_is_told_of_each(two):
    two.edge('p', 'n1')
    two.edge('p', 'n2')
    assert set(two.verdicts().values()) == {'undecided'}


def test_copies_and_contradictions_are_told_apart(two):
    two.edge('p', 'n1', id='a', default=True)
    two.edge('p', 'n1', id='b', default=True)
    two.edge('p', 'n1', id='c', default=False)
    told = {t.edge.id: t.verdict for t in two.explain().edges}
    assert told == {'a': 'refused', 'b': 'copy', 'c': 'contradicts'}


def test_what_an_edge_gives_is_what_nothing_above_it_sets(two):
    two.edge(
        'p', 'n1', search_template='', options={'region': 'eu', 'unset': None}
    )
    two.edge(
        't',
        'n1',
        default=True,
        search_template='/t',
        options={'region': 'us', 'path': '/'},
    )
    two.edge(
        'u', 'n1', default=True, identity_plugin_id='', options={'path': ''}
    )
    gives = {t.edge.owner_id: t.gives for t in two.explain().edges}
    assert gives == {
        'p': ('search_template', 'options'),
        't': ('default', 'options'),
        'u': ('identity_plugin_id',),
    }


def test_an_unset_option_neither_gives_nor_hides(two):
    two.edge('p', 'n1', options={'a': None, 'b': 1})
    two.edge('t', 'n1', options={'a': 1})
    two.edge('u', 'n1', options={'b': 2, 'c': None})
    gives = {t.edge.owner_id: t.gives for t in two.explain().edges}
    assert gives == {'p': ('options',), 't': ('options',), 'u': ()}


def test_each_property_is_told_where_it_comes_from(two):
    two.handler(
        'ssm',
        options=[
            {'name': 'region', 'label': 'Region'},
            {'name': 'path', 'label': 'Path', 'default': '/'},
            {'name': 'depth', 'label': 'Depth', 'type': 'integer'},
            {'name': 'zone', 'label': 'Zone'},
        ],
    )
    two.nodes['n1'] = two.nodes['n1'].replaced(
        options={'region': 'us', 'depth': 3, 'zone': 'b'}
    )
    two.edge('p', 'n1', search_template='', options={'region': 'eu'})
    two.edge('t', 'n1', default=True, options={'depth': '4', 'zone': ''})
    found = two.resolve()
    told = {name: str(o) for name, o in found.explanation.properties.items()}
    assert told == {
        'default': 'project type t',
        'search_template': 'project p (cleared)',
        'options.region': 'project p',
        'options.depth': 'project type t',
        'options.zone': 'project type t (cleared)',
        'options.path': 'manifest ssm',
    }
    assert found.options.values == {'region': 'eu', 'path': '/', 'depth': 4}
    assert found.search_template is None


def test_a_copy_of_an_option_in_the_manifest_is_not_changed(two):
    default = {'team': 'a'}
    two.handler(
        'ssm',
        options=[
            {
                'name': 'tags',
                'label': 'Tags',
                'type': 'mapping',
                'default': default,
            }
        ],
    )
    two.edge('p', 'n1')
    two.resolve().options.values['tags']['team'] = 'b'
    assert two.resolve().options.values == {'tags': {'team': 'a'}}


def test_it_can_be_read_by_people(two):
    two.edge('p', 'n1', id='e1', default=True)
    two.edge('t', 'n2')
    assert str(two.explain('ssm')).splitlines() == [
        'tab configuration, source ssm: resolved, chosen: ssm by source',
        '  project p -> n1 (e1): it serves the request; gives default',
        '  project type t -> n2: its plugin does not answer to the source',
        '  default comes from project p',
    ]
    headline = str(two.explain(tab='logs')).splitlines()[0]
    assert headline == 'tab logs: nothing_bound, chosen: nothing'


def test_it_is_plain_data_without_the_values_of_options(two):
    secret = 'hunter' + '2' * 8
    two.edge('p', 'n1', options={'token': secret})
    two.edge('p', 'n1', options={'token': pydantic.SecretStr(secret)})
    explanation = two.explain()
    text = json.dumps(explanation.as_data())
    data = json.loads(text)
    assert (data['tab'], data['source'], data['rule']) == (
        'configuration',
        None,
        'sole',
    )
    assert data['outcome'] == 'ambiguous_source'
    assert data['selector'] == 'ssm'
    assert [edge['verdict'] for edge in data['edges']] == [
        'refused',
        'contradicts',
    ]
    assert data['edges'][0] == {
        'id': '',
        'owner_kind': 'project',
        'owner_id': 'p',
        'plugin_id': 'n1',
        'tab': 'configuration',
        'verdict': 'refused',
        'why': VERDICTS['refused'],
        'gives': ['options'],
    }
    assert data['properties']['options.token'] == {
        'tier': 'project',
        'id': 'p',
        'cleared': False,
    }
    for shown in (text, str(explanation), repr(explanation)):
        assert secret not in shown


def test_it_survives_pickling(two):
    two.edge('p', 'n1', default=True, options={'region': 'eu'})
    two.edge('t', 'n2')
    explanation = two.explain()
    again = pickle.loads(pickle.dumps(explanation))
    assert again == explanation
    assert again.edges == explanation.edges
    assert again != two.explain('ssm')


@pytest.mark.parametrize('seed', range(5))
def test_it_does_not_depend_on_the_order_of_copies(two, seed):
    for number in range(3):
        two.edge('p', 'n1', search_template=f'/{number}')
        two.edge('t', 'n2', tab='logs', options={'a': number})
        two.edge('t', 'n2', excluded=True, default=bool(number))
    two.edge('p', 'n2', excluded=True)
    before = two.explain()
    random.Random(seed).shuffle(two.edges)
    assert two.explain() == before


def test_every_verdict_can_come_about(two):
    """Holds the table against what the code can say."""
    seen = set()
    two.plugin('n3', 'consul', service='hashi')
    two.edge('p', 'n1', default=True)
    two.edge('p', 'n1', default=True)
    two.edge('t', 'n1')
    two.edge('t', 'n2', default=True)
    two.edge('t', 'n3')
    two.edge('p', 'n3', tab='logs')
    for source in (None, 'consul'):
        seen |= {t.verdict for t in two.explain(source).edges}
    seen |= {
        trace.verdict
        for one in two.resolve_all().resolutions
        for trace in one.explanation.edges
    }
    two.edge('p', 'n3', excluded=True)
    seen |= {t.verdict for t in two.explain().edges}
    two.edge('p', 'n2', default=True)
    seen |= {t.verdict for t in two.explain().edges}
    two.edge('p', 'n2', default=False)
    seen |= {t.verdict for t in two.explain('vault').edges}
    two.edges = [e.replaced(default=None) for e in two.edges]
    seen |= {t.verdict for t in two.explain().edges}
    assert seen == set(VERDICTS)


def test_the_words_of_an_explanation_are_its_own(two):
    two.edge('p', 'n1')
    (trace,) = two.explain().edges
    assert isinstance(trace, EdgeTrace)
    assert trace.why == VERDICTS['selected']
    assert isinstance(two.explain(), Explanation)
    assert two.explain().__eq__(1) is NotImplemented


def test_an_error_carries_the_same_explanation_as_explain(two):
    two.edge('p', 'n1')
    two.edge('p', 'n2')
    with pytest.raises(ResolutionError) as caught:
        two.resolve()
    assert caught.value.explanation == two.explain()
    assert caught.value.explanation.outcome == 'no_default'
    assert caught.value.explanation.rule == ''
