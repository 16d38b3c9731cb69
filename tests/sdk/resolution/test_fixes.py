"""What an error says to do does away with it."""

from __future__ import annotations

import copy

import pytest

from imbi_plugin_sdk.options import OptionsError
from imbi_plugin_sdk.resolution import ERRORS, ResolutionError


def node(name, **fields):
    """Return an edit of a plugin node."""

    def edit(world):
        world.nodes[name] = world.nodes[name].replaced(**fields)

    return edit


def edge(place, **fields):
    """Return an edit of the assignment at a place in the list."""

    def edit(world):
        world.edges[place] = world.edges[place].replaced(**fields)

    return edit


def add(owner, name, **fields):
    """Return an edit that assigns a plugin."""
    return lambda world: world.edge(owner, name, **fields)


def drop(place):
    """Return an edit that deletes an assignment."""
    return lambda world: world.edges.pop(place)


def served(slug, plugin_type='configuration', **manifest):
    """Return an edit of what the registry serves."""
    return lambda world: world.handler(slug, plugin_type, **manifest)


def move(service, name):
    """Return an edit that hangs a plugin on a service."""
    return lambda world: world.attach(service, name)


def orphan(world):
    del world.services['aws']


def uninstall(world):
    del world.entries['ssm']


NEEDS = served('ssm', requires_identity=True)
CASES = {
    'nothing bound': (
        [],
        'nothing_bound',
        'Assign a plugin to the project or to one of its types.',
        [[add('p', 'n1')], [add('t', 'n1')]],
    ),
    'everything excluded': (
        [add('t', 'n1'), add('p', 'n1', excluded=True)],
        'nothing_bound',
        'Remove an exclusion, or assign a plugin to the project or to one '
        'of its types.',
        [[drop(1)], [edge(1, excluded=False)], [add('t', 'n2')]],
    ),
    'no default': (
        [add('p', 'n1'), add('t', 'n2')],
        'no_default',
        'Make one the default',
        [[edge(0, default=True)], [edge(1, default=True)]],
    ),
    'two defaults': (
        [add('t', 'n1', default=True), add('t', 'n2', default=True)],
        'ambiguous_default',
        'Leave one default',
        [[edge(0, default=None)], [edge(1, default=False)]],
    ),
    'edges that contradict': (
        [add('p', 'n1', search_template='/x'), add('p', 'n1')],
        'ambiguous_source',
        'Delete all of these edges but one.',
        [[drop(0)], [drop(1)]],
    ),
    'edges that contradict about an identity plugin': (
        [
            add('p', 'n1', identity_plugin_id='i1', default=True),
            add('t', 'i1', identity_plugin_id=''),
            add('t', 'i1', identity_plugin_id='i2'),
        ],
        'ambiguous_source',
        'Delete all of these edges but one.',
        [[drop(2)]],
    ),
    'missing node': (
        [add('p', 'gone', default=True), add('p', 'n1')],
        'dangling_edge',
        'Delete the assignment, or point it at a plugin that exists.',
        [[drop(0)], [edge(0, plugin_id='n2')]],
    ),
    'missing service': (
        [add('p', 'n1', default=True), add('p', 'n2'), orphan],
        'dangling_edge',
        'Attach it to exactly one service, or delete the assignment.',
        [[drop(0)], [move('hashi', 'n1')]],
    ),
    'missing service of an identity plugin': (
        [
            add('p', 'n1', identity_plugin_id='i1'),
            lambda world: world.services.pop('login'),
        ],
        'dangling_edge',
        'Attach it to exactly one service, or name another identity plugin.',
        [[move('hashi', 'i1')], [edge(0, identity_plugin_id='i2')]],
    ),
    'switched off': (
        [add('p', 'n1', default=True), add('p', 'n2'), node('n1', enabled=0)],
        'plugin_disabled',
        'Enable it, or choose another plugin.',
        [
            [node('n1', enabled=True)],
            [edge(0, default=None), edge(1, default=True)],
        ],
    ),
    'type of the tab': (
        [
            add('p', 'n1', default=True),
            node('n1', plugin_type='logs'),
            served('ssm', 'logs'),
        ],
        'type_mismatch',
        "Assign a plugin of type 'configuration', or move the assignment to "
        'the right tab.',
        [[edge(0, plugin_id='n2')], [edge(0, tab='logs'), add('p', 'n2')]],
    ),
    'type of the handler': (
        [add('p', 'n1'), served('ssm', 'logs')],
        'type_mismatch',
        'go back to a version of the distribution that gives type '
        "'configuration'.",
        [[served('ssm')]],
    ),
    'no handler': (
        [add('p', 'n1'), uninstall],
        'handler_unavailable',
        'Install the distribution that has it and reload the registry.',
        [[served('ssm')]],
    ),
    'missing identity': (
        [add('p', 'n1', identity_plugin_id='gone')],
        'identity_missing',
        'Set identity_plugin_id to a plugin of type identity, or clear it.',
        [
            [edge(0, identity_plugin_id='i1')],
            [edge(0, identity_plugin_id='')],
        ],
    ),
    'missing identity that is needed': (
        [add('p', 'n1', identity_plugin_id='gone'), NEEDS],
        'identity_missing',
        'Set identity_plugin_id to a plugin of type identity.',
        [[edge(0, identity_plugin_id='i1')]],
    ),
    'needed identity that nobody names': (
        [add('p', 'n1'), NEEDS],
        'identity_missing',
        'Set identity_plugin_id on the assignment or the plugin to a plugin '
        'of type identity.',
        [
            [edge(0, identity_plugin_id='i1')],
            [node('n1', identity_plugin_id='i1')],
        ],
    ),
    'needed identity that an edge clears': (
        [
            add('p', 'n1'),
            add('t', 'n1', identity_plugin_id=''),
            node('n1', identity_plugin_id='i1'),
            NEEDS,
        ],
        'identity_missing',
        'Set identity_plugin_id there to a plugin of type identity.',
        [[edge(1, identity_plugin_id='i1')]],
    ),
    'wrong type of identity': (
        [add('p', 'n1', identity_plugin_id='n2'), NEEDS],
        'identity_wrong_type',
        'Set identity_plugin_id to a plugin of type identity.',
        [[edge(0, identity_plugin_id='i1')]],
    ),
    'identity from itself': (
        [add('p', 'n1', identity_plugin_id='n1')],
        'identity_cycle',
        'Set identity_plugin_id to a plugin of type identity, or clear it.',
        [
            [edge(0, identity_plugin_id='')],
            [edge(0, identity_plugin_id='i1')],
        ],
    ),
    'identity plugin that delegates back': (
        [
            add('p', 'n1', identity_plugin_id='i1'),
            node('i1', identity_plugin_id='n1'),
        ],
        'identity_cycle',
        'Clear identity_plugin_id of oidc, or take identities from another '
        'plugin.',
        [
            [node('i1', identity_plugin_id=None)],
            [edge(0, identity_plugin_id='i2')],
        ],
    ),
    'identity plugin that delegates by an edge': (
        [
            add('p', 'n1', identity_plugin_id='i1', default=True),
            add('t', 'i1', identity_plugin_id='i2'),
        ],
        'identity_cycle',
        'Clear identity_plugin_id of oidc as project type t sets it, or',
        [
            [edge(1, identity_plugin_id='')],
            [edge(0, identity_plugin_id='i2')],
        ],
    ),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request, two):
    """A world with one fault: world, code, fix, and ways to follow it."""
    two.plugin('i1', 'oidc', service='login', plugin_type='identity')
    two.plugin('i2', 'iam', service='other', plugin_type='identity')
    edits, code, fix, ways = request.param
    for edit in edits:
        edit(two)
    return two, code, fix, ways


def test_the_fix_of_an_error_mends_it(case):
    broken, code, fix, ways = case
    for way in ways:
        world = copy.deepcopy(broken)
        with pytest.raises(ERRORS[code]) as caught:
            world.resolve()
        assert fix in caught.value.fix
        for edit in way:
            edit(world)
        assert world.resolve().plugin is not None


@pytest.mark.parametrize('tied', [(True, True, None), (None, None, None)])
def test_to_ask_for_a_candidate_mends_an_ambiguity(two, tied):
    two.plugin('n3', 'ssm', service='other')
    for name, default in zip(('n1', 'n2', 'n3'), tied, strict=True):
        two.edge('p', name, default=default)
    for source in (None, 'ssm') if tied[0] is None else (None,):
        with pytest.raises(ResolutionError) as caught:
            two.resolve(source)
        assert len(caught.value.candidates) >= 2
        for candidate in caught.value.candidates:
            assert two.resolve(candidate).selector == candidate


@pytest.mark.parametrize('default', [True, None])
def test_to_make_one_the_only_default_mends_an_ambiguous_source(two, default):
    two.plugin('n3', 'ssm', service='other')
    for name in ('n1', 'n3'):
        two.edge('p', name, default=default)
    with pytest.raises(
        ERRORS['ambiguous_source'], match='one of them the only default'
    ):
        two.resolve('ssm')
    edge(0, default=True)(two)
    edge(1, default=False)(two)
    assert two.chosen('ssm') == 'n1'


def test_an_ambiguous_source_counts_all_that_answer_to_it(two):
    two.plugin('n3', 'ssm', service='other')
    two.plugin('n4', 'ssm', service='fourth')
    two.edge('p', 'n1', default=True)
    two.edge('p', 'n3', default=True)
    two.edge('p', 'n4')
    with pytest.raises(
        ERRORS['ambiguous_source'], match=r'^3 plugins'
    ) as caught:
        two.resolve('ssm')
    assert caught.value.candidates == ('aws/ssm', 'other/ssm')


OPTION = {'name': 'region', 'label': 'Region', 'required': True}


@pytest.mark.parametrize(
    ('edits', 'seen', 'fix', 'way'),
    [
        (
            [],
            'nobody sets it',
            'Set region on the plugin or on an assignment.',
            node('n1', options={'region': 'eu'}),
        ),
        (
            [
                node('n1', options={'region': 'eu'}),
                edge(0, options={'region': ''}),
            ],
            'project p clears it',
            'Give region a value there instead of an empty text.',
            edge(0, options={'region': 'us'}),
        ),
    ],
)
def test_the_fix_of_a_required_option_mends_it(two, edits, seen, fix, way):
    two.edge('p', 'n1')
    two.handler('ssm', options=[OPTION])
    for edit in edits:
        edit(two)
    (problem,) = two.resolve().problems
    assert seen in problem.message
    assert problem.fix == fix
    way(two)
    two.resolve().require()


@pytest.mark.parametrize(
    ('applications', 'wanted', 'fix', 'mended'),
    [
        ((), None, 'Attach a service application', (('a',), None)),
        ((), 'gone', 'and set application_id to it.', (('a',), 'a')),
        (('a',), 'gone', 'Set application_id', (('a',), 'a')),
        (('a', 'b'), None, 'Set application_id', (('a', 'b'), 'b')),
    ],
)
def test_the_fix_of_an_application_mends_it(
    two, applications, wanted, fix, mended
):
    two.edge('p', 'n1')
    two.handler('ssm', credentials=[{'name': 'key', 'label': 'Key'}])
    for names, application_id in ((applications, wanted), mended):
        two.applications.clear()
        for name in names:
            two.application(name)
        node('n1', application_id=application_id)(two)
        if names is applications and application_id is wanted:
            (problem,) = two.resolve().problems
            assert fix in problem.fix
            with pytest.raises(OptionsError, match='aws/ssm'):
                two.resolve().require()
    two.resolve().require()


def test_no_application_is_ambiguous_where_no_credential_is_asked(two):
    two.edge('p', 'n1')
    for name in 'ab':
        two.application(name)
    found = two.resolve()
    assert (found.application, found.problems) == (None, ())
