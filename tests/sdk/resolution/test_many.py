"""More than one answer: fan-out, lint, and what a change would touch."""

from __future__ import annotations

import copy

import pydantic
import pytest

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.resolution import (
    ResolutionError,
    lint_assignments,
    what_if,
)


def test_a_fan_out_reaches_everyone_defaults_first(two):
    two.plugin('n3', 'consul', service='hashi')
    two.plugin('n4', 'aaa', service='hashi')
    two.edge('t', 'n1', default=True)
    two.edge('p', 'n2', default=True)
    two.edge('t', 'n3')
    two.edge('p', 'n4', default=False)
    found = two.resolve_all()
    assert [one.selector for one in found.resolutions] == [
        'vault',
        'ssm',
        'aaa',
        'consul',
    ]
    assert found.errors == ()


def test_a_fan_out_is_served_beside_what_cannot_serve(two):
    two.edge('p', 'n1', default=True)
    two.edge('p', 'n2')
    two.edge('p', 'gone')
    del two.entries['ssm']
    found = two.resolve_all()
    assert [one.plugin.id for one in found.resolutions] == ['n2']
    assert [(e.plugin_id, e.code) for e in found.errors] == [
        ('n1', 'handler_unavailable'),
        ('gone', 'dangling_edge'),
    ]


def test_each_part_of_a_fan_out_explains_itself(two):
    two.edge('p', 'n1', default=True)
    two.edge('p', 'n2')
    for one in two.resolve_all().resolutions:
        told = {t.edge.plugin_id: t.verdict for t in one.explanation.edges}
        assert told.pop(one.plugin.id) == 'selected'
        assert set(told.values()) == {'beside'}
        assert one.explanation.rule == 'fan_out'


def test_a_fan_out_to_nobody_is_no_error(two):
    two.edge('t', 'n1')
    two.edge('p', 'n1', excluded=True)
    found = two.resolve_all()
    assert (found.resolutions, found.errors) == ((), ())


def test_a_part_of_a_fan_out_is_what_its_selector_gives(two):
    two.edge('t', 'n1', options={'a': 1}, search_template='/x')
    two.edge('p', 'n2')
    for one in two.resolve_all().resolutions:
        same = two.resolve(one.selector)
        assert same.plugin == one.plugin
        assert same.options == one.options
        assert same.search_template == one.search_template


def codes(problems):
    return [(problem.path, problem.code) for problem in problems]


def test_a_sound_project_has_no_fault(two):
    two.edge('t', 'n1', default=True, search_template='/${org_slug}')
    two.edge('p', 'n1', search_template='')
    two.edge('p', 'n2', tab='overview')
    assert two.lint() == ()


def test_what_requests_would_meet_is_told_when_an_admin_saves(two):
    two.plugin('n3', 'oidc', service='login', plugin_type='identity')
    two.edge('p', 'n1', default=True, identity_plugin_id='n2')
    two.edge('p', 'n2', default=True)
    two.edge('t', 'gone')
    two.edge('t', 'n3', tab='logs')
    assert codes(two.lint()) == [
        ('configuration', 'ambiguous_default'),
        ('configuration[gone]', 'dangling_edge'),
        ('configuration[n1]', 'identity_wrong_type'),
        ('logs[n3]', 'type_mismatch'),
    ]


@pytest.mark.parametrize('source', [None, 'ssm', 'vault', 'id:gone'])
def test_lint_tells_each_error_in_the_same_words(two, source):
    two.edge('p', 'n1')
    two.edge('p', 'n2')
    two.edge('p', 'gone')
    del two.entries['ssm']
    two.nodes['n2'] = two.nodes['n2'].replaced(enabled=False)
    with pytest.raises(ResolutionError) as caught:
        two.resolve(source)
    assert caught.value.problem in two.lint()


def test_what_would_make_a_call_fail_is_told_too(two):
    two.plugin('i1', 'oidc', service='login', plugin_type='identity')
    needs = [{'name': 'key', 'label': 'Key', 'required': True}]
    two.handler('ssm', options=needs, credentials=[needs[0]])
    two.handler('oidc', 'identity', options=needs)
    two.edge(
        'p',
        'n1',
        identity_plugin_id='i1',
        search_template='${oops}',
        options={'kye': 1},
    )
    assert codes(two.lint()) == [
        ('configuration[n1].options.key', 'option_required'),
        ('configuration[n1].search_template', 'search_template_invalid'),
        ('configuration[n1].application_id', 'application_missing'),
        ('configuration[n1].options.kye', 'option_unknown'),
        ('configuration[n1].identity.options.key', 'option_required'),
    ]
    assert all(isinstance(one, Problem) and one.fix for one in two.lint())


def test_edges_that_do_nothing_are_told(two):
    two.edge('t', 'n1', excluded=True, default=True)
    two.edge('u', 'n1', id='a', search_template='${oops}')
    two.edge('u', 'n1', id='b', search_template='${oops}')
    two.edge('p', 'n2', excluded=True)
    assert codes(two.lint()) == [
        ('configuration[n1].search_template', 'search_template_invalid'),
        ('configuration[n1]', 'excluded_on_type'),
        ('configuration[n1]', 'duplicate_edge'),
        ('configuration[n2]', 'excluded_without_effect'),
    ]


def test_a_type_can_be_judged_without_a_project(two):
    two.edge('t', 'n1')
    two.edge('t', 'n2')
    found = lint_assignments(two.graph.bindings('', ['t']), two.handlers)
    assert codes(found) == [('configuration', 'no_default')]


def test_a_project_that_opts_out_of_all_is_sound(two):
    two.edge('t', 'n1')
    two.edge('p', 'n1', excluded=True)
    assert two.lint() == ()


@pytest.fixture
def ask(two):
    """Return what `what_if` says of a change to the world."""

    def ask(change, projects=None, **more):
        after = copy.deepcopy(two)
        change(after)
        return what_if(
            projects or {'p': ('t', 'u')},
            two.graph,
            after.graph,
            two.handlers,
            handlers_after=after.handlers if 'handlers' in more else None,
            tabs=more.get('tabs'),
        )

    return ask


def test_no_change_touches_nobody(two, ask):
    two.edge('t', 'n1')
    assert ask(lambda w: None) == ()


def test_a_new_default_of_a_type_touches_those_that_inherit_it(two, ask):
    two.edge('t', 'n1', default=True)
    two.edge('p', 'n1', default=True)
    changes = ask(
        lambda w: (
            w.edges.__setitem__(0, w.edges[0].replaced(default=False)),
            w.edge('t', 'n2', default=True),
        ),
        {'p': ('t',), 'q': ('t',), 'r': ('u',)},
    )
    assert [(c.project, c.before, c.after) for c in changes] == [
        ('p', 'n1', 'n1'),
        ('q', 'n1', 'n2'),
    ]
    assert changes[0].plugins == {'n2': ('added',)}
    assert str(changes[1]) == (
        'project q, tab configuration: n1 -> n2 (n2: added)'
    )
    assert str(changes[0]).startswith('project p, tab configuration: still n1')


@pytest.mark.parametrize(
    ('change', 'what'),
    [
        (
            lambda w: w.nodes.update(
                n1=w.nodes['n1'].replaced(options={'region': 'b'})
            ),
            ('options.region',),
        ),
        (
            lambda w: w.nodes.update(n1=w.nodes['n1'].replaced(options={})),
            ('problems', 'options.region'),
        ),
        (
            lambda w: w.nodes.update(n1=w.nodes['n1'].replaced(enabled=False)),
            ('outcome',),
        ),
        (
            lambda w: w.services.update(
                aws=w.services['aws'].replaced(id='id-new')
            ),
            ('service', 'application'),
        ),
        (lambda w: w.applications.clear(), ('application',)),
        (
            lambda w: w.edges.append(
                w.edges.pop().replaced(search_template='/x')
            ),
            ('search_template',),
        ),
        (
            lambda w: w.edges.append(
                w.edges.pop().replaced(identity_plugin_id='i1')
            ),
            ('identity',),
        ),
        (lambda w: w.edges.pop(), ('removed',)),
    ],
)
def test_what_changes_about_a_plugin_is_named_and_not_shown(
    two, ask, change, what
):
    two.plugin('i1', 'oidc', service='login', plugin_type='identity')
    two.plugin(
        'n1',
        'ssm',
        service=None,
        options={'region': 'a'},
        manifest={
            'options': [{'name': 'region', 'label': 'R', 'required': True}]
        },
    )
    two.application('a')
    two.edge('p', 'n1')
    (found,) = ask(change)
    assert found.plugins == {'n1': what}


def test_a_secret_that_changes_is_seen_and_not_shown(two, ask):
    secrets = ['first' + 'x' * 9, 'second' + 'x' * 9]
    two.handler(
        'ssm', options=[{'name': 'token', 'label': 'T', 'type': 'secret'}]
    )
    two.edge('p', 'n1', options={'token': pydantic.SecretStr(secrets[0])})
    same = ask(
        lambda w: w.edges.append(
            w.edges.pop().replaced(options={'token': secrets[0]})
        )
    )
    assert same == ()
    (found,) = ask(
        lambda w: w.edges.append(
            w.edges.pop().replaced(options={'token': secrets[1]})
        )
    )
    assert found.plugins == {'n1': ('options.token',)}
    assert not any(secret in repr(found) for secret in secrets)


def test_a_selector_that_gets_longer_is_a_change(two, ask):
    two.plugin('n3', 'ssm', service='hashi')
    two.edge('p', 'n1', default=True)
    (found,) = ask(lambda w: w.edge('p', 'n3'))
    assert found.plugins == {'n1': ('selector',), 'n3': ('added',)}
    assert found.before == found.after == 'n1'


def test_a_source_that_means_another_plugin_is_a_change(two, ask):
    two.plugin('n3', 'ssm', service='hashi')
    two.edge('p', 'n2', default=True)
    two.edge('t', 'n1', default=True)
    two.edge('t', 'n3')
    (found,) = ask(
        lambda w: w.edges.__setitem__(
            slice(1, 3),
            [
                w.edges[1].replaced(default=None),
                w.edges[2].replaced(default=True),
            ],
        )
    )
    assert found.before == found.after == 'n2'
    assert found.plugins == {'n1': ('selector',), 'n3': ('selector',)}


def test_a_service_with_another_slug_is_a_change(two, ask):
    two.edge('p', 'n1')
    (found,) = ask(
        lambda w: w.services.update(aws=w.services['aws'].replaced(slug='x'))
    )
    assert found.plugins == {'n1': ('selector',)}


def test_a_default_that_moves_between_broken_plugins_is_a_change(two, ask):
    two.edge('t', 'n1', default=True)
    two.edge('p', 'n2')
    two.entries.clear()
    (found,) = ask(
        lambda w: w.edges.append(w.edges.pop().replaced(default=True))
    )
    assert found.before == found.after == 'handler_unavailable'
    assert found.plugins == {'n1': ('default',), 'n2': ('default',)}


def test_a_problem_with_another_option_is_a_change(two, ask):
    two.handler(
        'ssm',
        options=[
            {'name': name, 'label': name, 'required': True} for name in 'ab'
        ],
    )
    two.edge('p', 'n1', options={'a': 'x'})
    (found,) = ask(
        lambda w: w.edges.append(w.edges.pop().replaced(options={'b': 'x'}))
    )
    assert found.plugins == {'n1': ('problems', 'options.a', 'options.b')}


def test_a_handler_that_goes_touches_those_who_use_it(two, ask):
    two.edge('t', 'n1')
    (found,) = ask(lambda w: w.entries.pop('ssm'), handlers=True)
    assert (found.before, found.after) == ('n1', 'handler_unavailable')
    assert found.plugins == {'n1': ('outcome',)}


def test_only_the_tabs_that_are_asked_for_are_looked_at(two, ask):
    two.edge('p', 'n1', tab='logs')
    two.edge('p', 'n1', tab='configuration')

    def change(world):
        world.edges.clear()

    assert [c.tab for c in ask(change)] == ['configuration', 'logs']
    assert [c.tab for c in ask(change, tabs=['logs', 'none'])] == ['logs']


def test_one_text_is_no_list_of_tabs_or_types(two):
    graph = two.graph
    with pytest.raises(TypeError, match=r"as in \['python'\]"):
        graph.bindings('p', 'python')
    with pytest.raises(TypeError, match=r"as in \['logs'\]"):
        what_if({'p': ['t']}, graph, graph, two.handlers, tabs='logs')
    with pytest.raises(TypeError, match=r"as in \['python'\]"):
        what_if({'p': 'python'}, graph, graph, two.handlers)
