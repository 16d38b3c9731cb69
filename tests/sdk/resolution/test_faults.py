"""What was chosen and cannot serve: step 3, and never a fall-through."""

from __future__ import annotations

import pickle

import pytest

from imbi_plugin_sdk import contract
from imbi_plugin_sdk.errors import (
    PluginError,
    PluginNotFoundError,
    PluginUnavailableError,
)
from imbi_plugin_sdk.resolution import (
    ERRORS,
    ApiVersionUnsupportedError,
    DanglingEdgeError,
    HandlerUnavailableError,
    PluginDisabledError,
    ResolutionError,
    TypeMismatchError,
)
from imbi_plugin_sdk.resolution.errors import SHOWN_CANDIDATES

STATUS = {
    'nothing_bound': 404,
    'source_unknown': 404,
    'source_not_bound': 404,
    'ambiguous_source': 409,
    'ambiguous_default': 409,
    'no_default': 409,
    'dangling_edge': 409,
    'type_mismatch': 409,
    'plugin_disabled': 409,
    'identity_missing': 409,
    'identity_wrong_type': 409,
    'identity_cycle': 409,
    'handler_unavailable': 503,
    'api_version_unsupported': 503,
}


def break_by_missing_node(world):
    del world.nodes['n1']


def break_by_missing_service(world):
    del world.services['aws']


def break_by_two_services(world):
    world.attach('hashi', 'n1')


def break_by_switch(world):
    world.nodes['n1'] = world.nodes['n1'].replaced(enabled=False)


def break_by_type_of_tab(world):
    world.nodes['n1'] = world.nodes['n1'].replaced(plugin_type='logs')
    world.handler('ssm', 'logs')


def break_by_type_of_handler(world):
    world.handler('ssm', 'logs')


def break_by_missing_handler(world):
    del world.entries['ssm']


def break_by_refusal(world):
    del world.entries['ssm']
    world.refuse('ssm', 'import')


def break_by_refused_version(world):
    del world.entries['ssm']
    world.refuse('other', 'api_version', slug='ssm')


def break_by_version(world):
    world.handler('ssm', api_version=7)


FAULTS = [
    (break_by_missing_node, 'dangling_edge', 'does not exist'),
    (break_by_missing_service, 'dangling_edge', 'none has it'),
    (break_by_two_services, 'dangling_edge', 'aws and hashi have it'),
    (break_by_switch, 'plugin_disabled', 'aws/ssm .id:n1. is switched off'),
    (break_by_type_of_tab, 'type_mismatch', "served by type 'configuration'"),
    (break_by_type_of_handler, 'type_mismatch', "now of type 'logs'"),
    (break_by_missing_handler, 'handler_unavailable', 'gives a handler'),
    (break_by_refusal, 'handler_unavailable', 'was seen to be wrong'),
    (break_by_refused_version, 'api_version_unsupported', 'to be wrong'),
    (break_by_version, 'api_version_unsupported', 'asks for a newer contract'),
]


@pytest.fixture(params=FAULTS, ids=lambda fault: fault[0].__name__[9:])
def fault(request):
    """Each way to break plugin n1."""
    return request.param


@pytest.mark.parametrize('default', [True, None])
def test_a_chosen_plugin_that_cannot_serve_is_an_error(two, fault, default):
    breaks, code, message = fault
    two.edge('p', 'n1', default=default)
    breaks(two)
    with pytest.raises(ERRORS[code], match=message) as caught:
        two.resolve()
    assert caught.value.plugin_id == 'n1'
    assert caught.value.fix
    assert [trace.verdict for trace in caught.value.explanation.edges] == [
        'refused'
    ]


def test_a_default_that_cannot_serve_never_falls_through(two, fault):
    breaks, code, _ = fault
    two.edge('t', 'n1', default=True)
    two.edge('t', 'n2')
    two.edge('p', 'n2')
    breaks(two)
    with pytest.raises(ERRORS[code]):
        two.resolve()


def test_a_project_default_that_cannot_serve_hides_its_types(two, fault):
    breaks, code, _ = fault
    two.edge('p', 'n1', default=True)
    two.edge('t', 'n2', default=True)
    breaks(two)
    with pytest.raises(ERRORS[code]):
        two.resolve()


def test_what_cannot_serve_still_counts_as_a_candidate(two, fault):
    breaks, _, _ = fault
    two.edge('p', 'n1')
    two.edge('p', 'n2')
    breaks(two)
    with pytest.raises(ERRORS['no_default']) as caught:
        two.resolve()
    assert len(caught.value.candidates) == 2


def test_what_cannot_serve_is_no_hindrance_to_others(two, fault):
    breaks, code, _ = fault
    two.edge('p', 'n1')
    two.edge('p', 'n2')
    breaks(two)
    assert two.chosen('vault') == 'n2'
    with pytest.raises(ERRORS[code]):
        two.resolve('id:n1')


def test_every_error_of_a_fault_survives_pickling(two, fault):
    breaks, _, _ = fault
    two.edge('p', 'n1', options={'region': 'eu'})
    breaks(two)
    with pytest.raises(ResolutionError) as caught:
        two.resolve()
    caught.value.add_note('a host may add notes')
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value)
    assert str(again) == str(caught.value)
    assert again.explanation == caught.value.explanation
    assert again.plugin_id == 'n1'


def test_the_errors_are_those_of_the_design():
    assert {c: kind.http_status for c, kind in ERRORS.items()} == STATUS
    assert all(issubclass(kind, PluginError) for kind in ERRORS.values())
    base = (ResolutionError.code, ResolutionError.http_status)
    assert base == ('resolution_failed', 409)


@pytest.mark.parametrize('name', ['errors'])
def test_the_tree_in_the_docstring_is_the_table(name):
    module = __import__(
        f'imbi_plugin_sdk.resolution.{name}', fromlist=['__doc__']
    )
    drawn = [
        tuple(line.split()[1:])
        for line in module.__doc__.splitlines()
        if '──' in line
    ]
    assert drawn == [
        (kind.__name__, code, str(kind.http_status))
        for code, kind in ERRORS.items()
    ]


def test_hosts_that_catch_the_old_names_catch_these_too():
    assert issubclass(ERRORS['source_unknown'], PluginNotFoundError)
    assert issubclass(HandlerUnavailableError, PluginUnavailableError)
    assert issubclass(ApiVersionUnsupportedError, PluginUnavailableError)


def test_a_message_names_few_candidates_and_counts_the_rest(world):
    for number in range(20):
        world.plugin(f'n{number}', f'plugin-{number}')
        world.edge('p', f'n{number}')
    with pytest.raises(ERRORS['no_default']) as caught:
        world.resolve()
    assert len(caught.value.candidates) == 20
    assert f'and {20 - SHOWN_CANDIDATES} others.' in str(caught.value)
    assert str(caught.value).endswith('[no_default]')


def test_an_error_is_a_finding_too(two):
    two.edge('p', 'n9')
    with pytest.raises(DanglingEdgeError) as caught:
        two.resolve()
    problem = caught.value.problem
    assert problem.path == 'configuration[n9]'
    assert problem.code == 'dangling_edge'


def test_a_tab_without_a_type_takes_every_plugin(two):
    two.edge('p', 'n1', tab='overview')
    assert two.chosen(tab='overview') == 'n1'


def test_a_host_can_say_which_type_serves_a_tab(two):
    two.tab_types = {'overview': 'logs', 'logs': 'configuration'}
    two.edge('p', 'n1', tab='overview')
    two.edge('p', 'n1', tab='logs')
    with pytest.raises(TypeMismatchError):
        two.resolve(tab='overview')
    assert two.chosen(tab='logs') == 'n1'


def test_the_switch_is_told_before_a_missing_handler(two):
    two.edge('p', 'n1')
    break_by_missing_handler(two)
    break_by_switch(two)
    with pytest.raises(PluginDisabledError):
        two.resolve()


def test_a_refusal_of_another_slug_says_nothing(two):
    two.edge('p', 'n1')
    break_by_missing_handler(two)
    two.refuse('ssm', 'api_version', slug='other')
    with pytest.raises(HandlerUnavailableError, match='no installed'):
        two.resolve()


def test_a_refusal_does_not_count_where_the_slug_is_served(two):
    two.edge('p', 'n1')
    two.refuse('ssm', 'slug', slug='ssm')
    assert two.chosen() == 'n1'


def test_a_deprecated_contract_serves_with_a_warning(two, monkeypatch):
    two.edge('p', 'n1')
    outcome = contract.negotiate('configuration', 1)
    monkeypatch.setattr(
        'imbi_plugin_sdk.resolution._usability.negotiate',
        lambda *_: type(outcome)(
            'configuration', '1', 'deprecated', (1, 0), 'is old.', 'Upgrade.'
        ),
    )
    (warning,) = two.resolve().warnings
    assert warning.code == 'api_version_deprecated'
    assert warning.fix == 'Upgrade.'


@pytest.mark.parametrize(
    ('applications', 'wanted', 'found', 'codes'),
    [
        ([], None, None, ['application_missing']),
        (['a'], None, 'a', []),
        (['a', 'b'], None, None, ['application_ambiguous']),
        (['a', 'b'], 'b', 'b', []),
        (['a'], 'c', None, ['application_missing']),
    ],
)
def test_the_credentials_application_is_never_guessed(
    two, applications, wanted, found, codes
):
    two.edge('p', 'n1')
    two.nodes['n1'] = two.nodes['n1'].replaced(application_id=wanted)
    two.handler('ssm', credentials=[{'name': 'key', 'label': 'Key'}])
    for name in applications:
        two.application(name)
    two.application('elsewhere', 'hashi')
    served = two.resolve()
    assert (served.application and served.application.id) == found
    assert [problem.code for problem in served.problems] == codes


def test_a_plugin_without_credentials_needs_no_application(two):
    two.edge('p', 'n1')
    assert two.resolve().problems == ()


@pytest.mark.parametrize(
    ('names', 'missing'),
    [(None, []), ({'key'}, []), ({'note'}, ['credentials.key'])],
)
def test_missing_credentials_are_named_and_move_nothing(two, names, missing):
    two.edge('p', 'n1')
    two.handler(
        'ssm',
        credentials=[
            {'name': 'key', 'label': 'Key'},
            {'name': 'note', 'label': 'Note', 'required': False},
        ],
    )
    two.application('a', names=names)
    served = two.resolve()
    assert [problem.path for problem in served.problems] == missing
    assert served.plugin.id == 'n1'
