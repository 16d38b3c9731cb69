"""Several edges of one owner to one plugin: copies, and contradictions."""

from __future__ import annotations

import itertools

import pydantic
import pytest

from imbi_plugin_sdk.resolution import ERRORS, ResolutionError

SECRETS = ('first' + 'x' * 9, 'second' + 'x' * 9)


def hidden(secret):
    return {'token': pydantic.SecretStr(secret)}


@pytest.mark.parametrize(
    ('one', 'other'),
    [
        ({}, {'a': None}),
        ({'a': 'x', 'b': 1}, {'b': 1, 'a': 'x', 'c': None}),
        ({'m': {'a': 'b', 'c': 'd'}}, {'m': {'c': 'd', 'a': 'b'}}),
        ({'n': 10**5000}, {'n': 10**5000}),
        ({'l': ['a', 1]}, {'l': ['a', 1]}),
        ({'s': {0, 8}}, {'s': {8, 0}}),
        (hidden(SECRETS[0]), hidden(SECRETS[0])),
    ],
)
def test_what_says_the_same_is_a_copy(two, one, other):
    two.edge('p', 'n1', options=one)
    two.edge('p', 'n1', options=other)
    assert [t.verdict for t in two.explain().edges] == ['selected', 'copy']


@pytest.mark.parametrize(
    ('one', 'other'),
    [
        ({}, {'a': ''}),
        ({'a': 1}, {'a': True}),
        ({'a': 1}, {'a': '1'}),
        ({'a': 0}, {'a': False}),
        ({'m': {'a': 1}}, {'m': {'a': True}}),
        ({'m': {'a': 'b'}}, {'m': {'a': 'c'}}),
        ({'l': ['a', 1]}, {'l': ['a', True]}),
        ({'s': {0, 8}}, {'s': {False, 8}}),
        ({'s': {0}}, {'s': ['0']}),
        ({'n': 10**5000}, {'n': 10**5000 + 1}),
        (hidden(SECRETS[0]), hidden(SECRETS[1])),
        (hidden(SECRETS[0]), {'token': SECRETS[0]}),
    ],
)
def test_what_says_something_else_is_a_contradiction_in_any_order(
    two, one, other
):
    edges = [two.edge('p', 'n1', options=options) for options in (one, other)]
    told = []
    for order in itertools.permutations(edges):
        two.edges[:] = order
        with pytest.raises(ERRORS['ambiguous_source']) as caught:
            two.resolve()
        told.append(caught.value)
    assert told[0].explanation == told[1].explanation
    assert str(told[0]) == str(told[1])
    for error in told:
        shown = f'{error!r} {error} {error.explanation} {error.explanation!r}'
        assert not any(secret in shown for secret in SECRETS)
        assert str(error.explanation.as_data()).count('contradicts') == 1


@pytest.mark.parametrize('ids', [('a', 'b'), ('b', 'a')])
def test_no_id_decides_what_an_identity_plugin_takes_identities_from(two, ids):
    two.plugin('i1', 'oidc', service='login', plugin_type='identity')
    two.edge('p', 'n1', default=True, identity_plugin_id='i1')
    two.edge('t', 'i1', id=ids[0], identity_plugin_id='')
    two.edge('t', 'i1', id=ids[1], identity_plugin_id='n2')
    with pytest.raises(
        ResolutionError, match='say different things'
    ) as caught:
        two.resolve()
    assert caught.value.code == 'ambiguous_source'
    assert caught.value.plugin_id == 'n1'


def test_lint_looks_at_edges_that_contradict_too(two):
    two.edge('t', 'n1')
    two.edge('t', 'n1', excluded=True, search_template='${oops}')
    assert [problem.code for problem in two.lint()] == [
        'ambiguous_source',
        'search_template_invalid',
        'excluded_on_type',
    ]
