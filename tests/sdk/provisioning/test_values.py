"""Values that not every reader of JSON can read are refused by name."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.provisioning import (
    Plan,
    ValueRefused,
    plan_install,
    plan_save,
    plan_take,
    plan_unpin,
    plan_upgrade,
)
from imbi_plugin_sdk.provisioning.fields import MAX_DEPTH, MAX_NUMBER


def deep(levels):
    value = 'x'
    for _ in range(levels):
        value = {'a': value}
    return value


def endless():
    value = {}
    value['a'] = value
    return value


@pytest.fixture
def installed(world, source):
    """Return an organization with one service."""
    world.do(plan_install(world.state, [source()]))
    world.name = world.service.id
    return world


@pytest.mark.parametrize(
    ('field', 'value', 'code'),
    [
        ('issuer', 'https://a.io/\ud800', 'value_not_json'),
        ('links', {'\udfff': 'https://a.io'}, 'value_not_json'),
        ('links', {1: 'https://a.io'}, 'value_not_json'),
        ('default_scopes', [b'read'], 'value_not_json'),
        ('variables', deep(MAX_DEPTH + 1), 'value_not_json'),
        ('variables', {'a': [deep(MAX_DEPTH - 1)]}, 'value_not_json'),
        ('variables', endless(), 'value_not_json'),
        ('variables', {'a': MAX_NUMBER}, 'value_not_json'),
        ('variables', {'a': -MAX_NUMBER - 1}, 'value_not_json'),
        ('variables', {'a': float('inf')}, 'value_not_json'),
        ('links', {'A': 7}, 'value_kind'),
        ('links', {'A': {'B': 'https://a.io'}}, 'value_kind'),
        ('authorization_params', {'prompt': ['login']}, 'value_kind'),
    ],
)
def test_what_cannot_be_carried_is_not_saved(
    installed, codes, field, value, code
):
    plan = plan_save(installed.state, installed.name, {field: value})
    assert codes(plan.blocks) == [code]
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('issuer', 'https://a.io/ünï-😀'),
        ('variables', deep(MAX_DEPTH)),
        ('variables', {'a': [MAX_NUMBER - 1, -MAX_NUMBER, 0.5, None, True]}),
        ('authorization_params', {'prompt': 'login'}),
    ],
)
def test_what_can_be_carried_is_saved_as_it_is(installed, field, value):
    plan = plan_save(installed.state, installed.name, {field: value})
    assert Plan.from_json(plan.to_json()) == plan
    installed.do(plan)
    assert installed.service.live[field] == value


def test_a_kind_is_called_by_its_name(installed):
    plan = plan_save(installed.state, installed.name, {'links': {'A': 7}})
    assert 'a mapping of texts to texts must stand' in plan.blocks[0].message


def test_a_record_of_half_a_character_is_refused_by_its_place(
    installed, source
):
    installed.change(live={'issuer': 'a\ud800'})
    with pytest.raises(ValueRefused, match=r'aws\.live\.issuer'):
        plan_upgrade(installed.state, [source()])


def test_what_operators_entered_for_variables_is_no_manifests_to_take(
    installed, source, codes
):
    values = {'variable_values': {'tenant': 'contoso'}}
    installed.do(plan_save(installed.state, installed.name, values))
    fields = ['variable_values']
    for plan in (
        plan_take(installed.state, installed.name, fields, [source()]),
        plan_unpin(installed.state, installed.name, fields),
    ):
        assert codes(plan.blocks) == ['field_unknown']
