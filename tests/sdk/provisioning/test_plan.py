"""The plan as a document: frozen, closed, secret-free, the same from JSON."""

from __future__ import annotations

import json
import typing

import jsonschema
import pydantic
import pytest

from imbi_plugin_sdk.provisioning import (
    MASK,
    Placement,
    Plan,
    PlanInvalid,
    apply,
    plan_install,
    plan_manage,
    plan_save,
    plan_uninstall,
    plan_upgrade,
)
from imbi_plugin_sdk.provisioning.actions import Action
from imbi_plugin_sdk.provisioning.merge import Decision
from imbi_plugin_sdk.provisioning.plan import canonical

PASSWORD = 'Tr0ub4dor' + '-and-3'
URL = f'https://root:{PASSWORD}@console.aws.amazon.com/'


@pytest.fixture
def plan(world, source, icon):
    """Return a plan with something in most of its fields."""
    world.made_by_hand(
        template_id='aws', live={'category': 'logging', 'issuer': URL}
    )
    world.made_by_hand('second', template_id='other')
    return plan_install(
        world.state,
        [
            source(
                icons={'icon': icon()},
                issuer='https://{tenant}.amazon.com',
                variables={'tenant': {'kind': 'label'}},
                links={'Z': 'https://z.amazon.com', 'A': 'https://a.io'},
            ),
            source('x', 'z-other', default_scopes=['b', 'a']),
        ],
    )


def test_a_plan_survives_json(plan):
    text = plan.to_json()
    assert plan.fields
    assert plan.conflicts
    assert plan.offers
    again = Plan.from_json(text)
    assert again == plan
    assert again.to_json() == text
    assert Plan.from_json(text.encode()) == plan
    assert again.intact


def test_a_blocked_plan_survives_json(world, source):
    for name in ('one', 'two'):
        world.made_by_hand(name, template_id='aws')
    plan = plan_install(world.state, [source()])
    assert plan.choices
    assert Plan.from_json(plan.to_json()) == plan


def test_the_json_schema_describes_plans(plan):
    schema = Plan.model_json_schema()
    jsonschema.validate(json.loads(plan.to_json()), schema)
    document = json.loads(plan.to_json()) | {'more': 1}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


CHANGES = {
    'version 2': (lambda one: one.update(format_version=2), 'plan_format'),
    'true is not 1': (
        lambda one: one.update(format_version=True),
        'plan_format',
    ),
    'no version': (lambda one: one.pop('format_version'), 'plan_format'),
    'a field more': (lambda one: one.update(surprise=1), 'plan_shape'),
    'another operation': (lambda one: one.update(operation='x'), 'plan_shape'),
    'an unknown action': (
        lambda one: one['actions'].append({'action': 'run'}),
        'plan_shape',
    ),
    'an action less': (lambda one: one['actions'].pop(), 'plan_changed'),
    'another order': (lambda one: one['actions'].reverse(), 'plan_changed'),
    'no precondition': (
        lambda one: one.update(preconditions={}),
        'plan_changed',
    ),
    'another preview': (
        lambda one: one['fields'][0].update(after='x'),
        'plan_changed',
    ),
    'another id': (lambda one: one.update(plan_id='sha256:0'), 'plan_changed'),
}


@pytest.mark.parametrize('name', CHANGES)
def test_a_document_that_was_changed_is_refused(plan, codes, name):
    change, code = CHANGES[name]
    document = json.loads(plan.to_json())
    change(document)
    with pytest.raises(PlanInvalid) as caught:
        Plan.from_json(json.dumps(document))
    assert codes(caught.value.problems) == [code]


@pytest.mark.parametrize(
    'text',
    ['', 'x', '[]', '7', '\ud800', '[' * 9**5],
    ids=['empty', 'word', 'list', 'number', 'surrogate', 'deep'],
)
def test_what_is_no_plan_is_refused(text, codes):
    with pytest.raises(PlanInvalid) as caught:
        Plan.from_json(text)
    assert codes(caught.value.problems) == ['plan_not_json']


def test_a_refusal_quotes_nothing(plan):
    document = json.loads(plan.to_json())
    document['actions'][0]['extra'] = PASSWORD
    with pytest.raises(PlanInvalid) as caught:
        Plan.from_json(json.dumps(document))
    seen = caught.value
    while seen is not None:
        assert PASSWORD not in f'{seen!r} {seen}'
        seen = seen.__cause__ or seen.__context__


def test_a_plan_that_was_changed_in_memory_is_not_applied(plan, world):
    forged = plan.model_copy(update={'actions': plan.actions[1:]})
    with pytest.raises(PlanInvalid, match='plan_changed'):
        apply(forged, world.store)


def test_a_plan_cannot_be_changed_by_accident(plan):
    with pytest.raises(pydantic.ValidationError):
        plan.actions = ()


def test_a_plan_shares_no_value_with_what_it_was_made_of(world, source):
    brought = source(default_scopes=['a'], links={'A': 'https://a.io'})
    plan = plan_install(world.state, [brought])
    brought.manifest.third_party_service.default_scopes.append('b')
    brought.values['default_scopes'].append('b')
    brought.values['links']['B'] = 'https://b.io'
    assert plan.intact
    world.do(plan)
    state = world.state
    live = plan_install(state, [brought], place=Placement(instance='x'))
    for service in state.services.values():
        service.live['links']['C'] = 'https://c.io'
        service.base['default_scopes'].append('c')
    assert plan.intact
    assert live.intact


def test_a_plan_shares_nothing_deep_down_either(world, source):
    def brought():
        return source(
            issuer='https://{tenant}.okta.com',
            variables={'tenant': {'kind': 'enum', 'choices': ['a', 'b']}},
        )

    created, offered = brought(), brought()
    first = plan_install(world.state, [created])
    world.do(plan_install(world.state, [source()]))
    second = plan_upgrade(world.state, [offered])
    assert [one.field for one in second.offers] == ['issuer', 'variables']
    for one in (created, offered):
        one.values['variables']['tenant']['choices'].append('c')
    assert first.intact
    assert second.intact


def test_an_operators_secret_is_masked_wherever_it_stands(plan):
    assert PASSWORD not in plan.to_json()
    (seen,) = [
        one
        for one in plan.fields
        if (one.service_id, one.field) == ('by-hand', 'issuer')
    ]
    assert seen.before == seen.after == MASK
    mine, other = [one for one in plan.conflicts if one.field == 'issuer']
    assert mine.live == other.live == MASK
    assert mine.offered == 'https://{tenant}.amazon.com'
    assert other.offered is None


def test_a_mask_is_never_written(plan, world, source, icon):
    brought = [
        source(
            icons={'icon': icon()},
            issuer='https://{tenant}.amazon.com',
            variables={'tenant': {'kind': 'label'}},
            links={'Z': 'https://z.amazon.com', 'A': 'https://a.io'},
        )
    ]
    apply(plan, world.store, brought)
    assert world.state.services['by-hand'].live['issuer'] == URL


def test_options_and_credentials_are_in_no_plan(world, source):
    brought = [source()]
    world.do(plan_install(world.state, brought))
    (name,) = world.service.plugins
    node = world.state.plugins[name]
    world.add(node.replaced(options={'api_token': PASSWORD}))
    service = world.service.id
    for draft in (
        lambda state: plan_install(state, brought),
        lambda state: plan_upgrade(state, brought),
        lambda state: plan_manage(state, service, brought),
        lambda state: plan_save(state, service, {'category': 'logging'}),
        lambda state: plan_uninstall(state, ['imbi-plugin-aws']),
    ):
        plan = draft(world.state)
        assert PASSWORD not in plan.to_json()
        world.do(plan)
    assert world.state.plugins[name].options == {'api_token': PASSWORD}


def words(model):
    """Yield the name of every field that a model's JSON Schema knows."""
    schema = model.json_schema()
    for one in (schema, *schema.get('$defs', {}).values()):
        yield from one.get('properties', {})


def test_no_action_has_a_place_for_an_application_or_a_credential():
    adapter = pydantic.TypeAdapter(Action)
    names = set(words(adapter))
    assert names == {
        'action',
        'base',
        'digest',
        'distribution',
        'field',
        'instance',
        'managed',
        'media_type',
        'plugin_id',
        'plugin_type',
        'rebase',
        'service_id',
        'size',
        'slug',
        'template_id',
        'value',
        'vendor',
    }
    # `field` and `value` write a service's field and no other property.
    for name in ('application', 'application_id', 'credentials', 'options'):
        assert name not in names
        with pytest.raises(pydantic.ValidationError):
            adapter.validate_python(
                {
                    'action': 'attach_plugin',
                    'service_id': 's',
                    'plugin_id': 'p',
                    name: 'x',
                }
            )
    with pytest.raises(pydantic.ValidationError):
        adapter.validate_python({'action': 'create_service_application'})


def test_every_decision_is_explained(plan):
    known = typing.get_args(Decision)
    for one in plan.fields:
        assert one.decision in known
        assert one.reason


def test_there_is_one_text_of_a_document():
    assert canonical({'b': [1, 'ä'], 'a': None}) == (
        '{"a":null,"b":[1,"\\u00e4"]}'
    )
    with pytest.raises(ValueError, match='JSON compliant'):
        canonical({'a': float('nan')})


LAST = {'value': 'https://b.io'}


def resealed(plan, change):
    """Return the document of somebody who makes plan_ids of his own."""
    document = json.loads(plan.to_json())
    change(document)
    return Plan.sealed(**{**document, 'plan_id': ''}).to_json()


@pytest.mark.parametrize(
    'change',
    [
        lambda one: one.update(value=URL),
        lambda one: one.update(value={'client_secret': 'x'}),
        lambda one: one.update(value=7),
        lambda one: one.update(service_id='another'),
    ],
    ids=['secret', 'kind', 'number', 'no precondition'],
)
def test_what_no_planning_drafts_is_refused_even_with_an_id(
    world, source, codes, change
):
    world.do(plan_install(world.state, [source()]))
    name = world.service.id
    plan = plan_save(world.state, name, {'issuer': 'https://a.io'})
    text = resealed(plan, lambda one: change(one['actions'][0]))
    with pytest.raises(PlanInvalid) as caught:
        Plan.from_json(text)
    assert codes(caught.value.problems) == ['plan_unsound']
    assert caught.value.problems[0].path == 'actions.0'
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    'change',
    [
        lambda one: one.update(fields=[]),
        lambda one: one['fields'][0].update(after='https://b.io'),
        lambda one: one['fields'][0].update(field='api_endpoint'),
        lambda one: one.update(actions=one['actions'][1:]),
        lambda one: one['actions'].append(one['actions'][0] | LAST),
    ],
    ids=['unseen', 'other value', 'other field', 'undone', 'done twice'],
)
def test_what_is_written_is_what_is_shown(world, source, codes, change):
    world.do(plan_install(world.state, [source()]))
    name = world.service.id
    plan = plan_save(world.state, name, {'issuer': 'https://a.io'})
    text = resealed(plan, change)
    with pytest.raises(PlanInvalid) as caught:
        Plan.from_json(text)
    assert codes(caught.value.problems) == ['plan_unsound']
    # However it came to be, and so by a host that parses bodies itself.
    with pytest.raises(PlanInvalid):
        apply(Plan.model_validate_json(text), world.store)
    assert 'issuer' not in world.service.live


def test_clearing_unseen_is_refused_too(world, source):
    world.do(plan_install(world.state, [source()]))
    plan = plan_save(world.state, world.service.id, {'category': None})
    assert [one.action for one in plan.actions] == ['clear_field', 'pin_field']
    with pytest.raises(PlanInvalid):
        Plan.from_json(resealed(plan, lambda one: one.update(fields=[])))


def test_a_plugin_node_needs_a_precondition_too(plan, codes):
    def forget(document):
        for name in list(document['preconditions']):
            if name.startswith('plugin:'):
                del document['preconditions'][name]

    with pytest.raises(PlanInvalid) as caught:
        Plan.from_json(resealed(plan, forget))
    assert codes(caught.value.problems) == ['plan_unsound']


@pytest.mark.parametrize('field', ['service_application', 'client_secret'])
def test_no_field_takes_a_service_application_along(plan, codes, field):
    document = json.loads(plan.to_json())
    document['actions'].append(
        {
            'action': 'set_field',
            'service_id': 'by-hand',
            'field': field,
            'value': {'client_id': 'x'},
        }
    )
    with pytest.raises(PlanInvalid) as caught:
        Plan.from_json(json.dumps(document))
    assert codes(caught.value.problems) == ['plan_shape']


@pytest.mark.parametrize(
    ('number', 'code'),
    [
        ('NaN', 'plan_not_json'),
        ('-Infinity', 'plan_not_json'),
        ('1e999', 'plan_changed'),
        ('1' * 5000, 'plan_not_json'),
        ('[' * 200 + ']' * 200, 'plan_shape'),
    ],
    ids=['nan', 'infinity', 'too large', 'endless', 'deep'],
)
def test_what_json_cannot_carry_is_refused(plan, codes, number, code):
    text = plan.to_json().replace('"logging"', number, 1)
    assert text != plan.to_json()
    with pytest.raises(PlanInvalid) as caught:
        Plan.from_json(text)
    assert codes(caught.value.problems) == [code]


def test_a_name_that_stands_twice_is_refused(plan, codes):
    text = '{"preconditions":{},' + plan.to_json()[1:]
    with pytest.raises(PlanInvalid) as caught:
        Plan.from_json(text)
    assert codes(caught.value.problems) == ['plan_not_json']
    assert 'twice' in str(caught.value)
