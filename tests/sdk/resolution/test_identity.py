"""Whose identity a plugin's calls use: step 6."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.resolution import (
    ERRORS,
    HandlerUnavailableError,
    IdentityCycleError,
    IdentityMissingError,
    IdentityWrongTypeError,
    PluginDisabledError,
)


@pytest.fixture
def people(two):
    """Two identity plugins beside them; n1 is bound to project and type."""
    two.plugin('i1', 'oidc', service='login', plugin_type='identity')
    two.plugin('i2', 'iam', service='aws', plugin_type='identity')
    return two


def bind(world, *, project=None, kind=None, node=None):
    """Bind n1 with an identity plugin on each of three levels."""
    world.nodes['n1'] = world.nodes['n1'].replaced(identity_plugin_id=node)
    world.edge('p', 'n1', identity_plugin_id=project)
    world.edge('t', 'n1', identity_plugin_id=kind)


@pytest.mark.parametrize(
    ('levels', 'expected', 'origin'),
    [
        ((None, None, None), None, None),
        ((None, None, 'i1'), 'i1', 'plugin n1'),
        ((None, 'i2', 'i1'), 'i2', 'project type t'),
        (('i1', 'i2', 'i2'), 'i1', 'project p'),
        (('', 'i2', 'i1'), None, 'project p (cleared)'),
        ((None, '', 'i1'), None, 'project type t (cleared)'),
        ((None, None, ''), None, None),
    ],
)
def test_the_edge_stands_above_the_type_and_the_node(
    people, levels, expected, origin
):
    bind(people, **dict(zip(('project', 'kind', 'node'), levels, strict=True)))
    found = people.resolve()
    seen = found.identity and found.identity.plugin.id
    assert seen == expected
    comes_from = found.explanation.properties.get('identity_plugin_id')
    assert (None if comes_from is None else str(comes_from)) == origin


def test_an_identity_plugin_comes_with_all_that_a_call_needs(people):
    bind(people, project='i1')
    people.nodes['i1'] = people.nodes['i1'].replaced(options={'realm': 'x'})
    people.handler(
        'oidc', 'identity', options=[{'name': 'realm', 'label': 'Realm'}]
    )
    people.application('a', 'login')
    identity = people.resolve().identity
    assert identity.service.slug == 'login'
    assert identity.application.id == 'a'
    assert identity.entry.plugin_type == 'identity'
    assert identity.options.values == {'realm': 'x'}


def test_an_identity_plugin_that_does_not_exist_is_an_error(people):
    bind(people, project='gone', kind='i1')
    with pytest.raises(IdentityMissingError, match="'gone'") as caught:
        people.resolve()
    assert caught.value.plugin_id == 'n1'


def test_a_plugin_that_needs_an_identity_must_have_one(people):
    bind(people, project='', kind='i1')
    people.handler('ssm', requires_identity=True)
    with pytest.raises(IdentityMissingError, match='project p clears'):
        people.resolve()
    people.edges.clear()
    bind(people)
    with pytest.raises(IdentityMissingError, match='no identity plugin is'):
        people.resolve()
    people.edges.clear()
    bind(people, kind='i1')
    assert people.resolve().identity.plugin.id == 'i1'


def test_only_an_identity_plugin_gives_identities(people):
    bind(people, project='n2')
    with pytest.raises(IdentityWrongTypeError, match="type 'configuration'"):
        people.resolve()


def test_a_handler_that_changed_its_type_gives_no_identities(people):
    bind(people, project='i1')
    people.handler('oidc', 'logs')
    with pytest.raises(IdentityWrongTypeError, match="now of type 'logs'"):
        people.resolve()


def test_no_plugin_gives_itself_an_identity(people):
    people.edge('p', 'i1', tab='identity', identity_plugin_id='i1')
    with pytest.raises(IdentityCycleError, match='from itself'):
        people.resolve(tab='identity')


def test_an_identity_plugin_must_not_delegate(people):
    bind(people, project='i1')
    people.nodes['i1'] = people.nodes['i1'].replaced(identity_plugin_id='i2')
    with pytest.raises(IdentityCycleError, match="from 'i2' in turn"):
        people.resolve()


def test_delegation_by_an_edge_of_the_same_tab_counts(people):
    people.edge('p', 'i1', tab='identity', identity_plugin_id='i2')
    people.edge('p', 'i2', tab='identity', identity_plugin_id='i1')
    with pytest.raises(IdentityCycleError):
        people.resolve('oidc', tab='identity')
    people.edges[1] = people.edges[1].replaced(identity_plugin_id='')
    assert people.resolve('oidc', tab='identity').identity.plugin.id == 'i2'


@pytest.mark.parametrize(
    ('breaks', 'error'),
    [
        (
            lambda w: w.nodes.update(i1=w.nodes['i1'].replaced(enabled=False)),
            PluginDisabledError,
        ),
        (lambda w: w.entries.pop('oidc'), HandlerUnavailableError),
        (lambda w: w.services.pop('login'), ERRORS['dangling_edge']),
        (
            lambda w: w.handler('oidc', 'identity', api_version=9),
            ERRORS['api_version_unsupported'],
        ),
    ],
)
def test_an_identity_plugin_that_cannot_serve_is_an_error(
    people, breaks, error
):
    bind(people, project='i1', kind='i2', node='i2')
    breaks(people)
    with pytest.raises(error) as caught:
        people.resolve()
    assert caught.value.plugin_id == 'n1'
