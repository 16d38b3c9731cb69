"""Where secrets are found: paths, slots, keys, declarations, objects."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import types
import typing
import uuid

import pydantic
import pytest

from imbi_plugin_sdk.manifest import PluginManifest
from imbi_plugin_sdk.secret_detector import (
    MANIFEST_SLOTS,
    TEMPLATE_SLOTS,
    SlotMap,
    find_secrets,
)


def paths(data, **keywords):
    return [one.path for one in find_secrets(data, **keywords)]


def in_manifest(**fields):
    return find_secrets(
        {'slug': 'x', 'name': 'X', **fields}, slots=MANIFEST_SLOTS
    )


def test_paths_are_written_as_problems_write_them(make):
    data = {'a': [{'b': make.github}, 'x'], 'c': {'d': [[make.github]]}}
    assert paths(data) == ['a[0].b', 'c.d[0][0]']
    assert paths(data, path='manifest') == [
        'manifest.a[0].b', 'manifest.c.d[0][0]',
    ]  # fmt: skip
    assert paths(make.github) == ['']
    assert paths([make.github], path='p') == ['p[0]']


def test_findings_come_in_the_order_of_the_fields(make):
    data = dict.fromkeys('zebra', make.github)
    assert paths(data) == list('zebra')


def test_declaring_a_secret_s_name_is_legal():
    assert not in_manifest(
        options=[{'name': 'client_secret', 'label': 'Client secret'}],
        credentials=[
            {'name': 'client_secret', 'label': 'Client secret'},
            {'name': 'api_key', 'label': 'API key', 'required': True},
        ],
        data_types=[{'name': 'secret', 'label': 'Secret', 'secret': True}],
        default_scopes=['read:secrets', 'repo:token'],
        auth_type='api_token',
    )


@pytest.mark.parametrize(
    'option',
    [
        {'name': 'client_secret', 'type': 'string', 'default': 'hunter2'},
        {'name': 'anything', 'type': 'secret', 'default': 'hunter2'},
        {'name': 'api_key', 'default': 'hunter2', 'label': 'x'},
    ],
)
def test_a_default_for_a_secret_option_is_not(option):
    (found,) = in_manifest(options=[option])
    assert (found.path, found.kind) == ('options[0].default', 'name')


def test_choices_and_mappings_of_a_secret_option_are_values_too():
    found = in_manifest(
        options=[
            {'name': 'api_key', 'choices': ['alpha', 'beta']},
            {'name': 'credentials', 'default': {'user': 'ada'}},
        ]
    )
    assert [one.path for one in found] == [
        'options[0].choices[0]', 'options[0].choices[1]',
        'options[1].default.user',
    ]  # fmt: skip


@pytest.mark.parametrize('default', [True, 3600, None, ''])
def test_a_default_that_is_no_text_is_no_secret(default):
    option = {'name': 'token', 'type': 'secret', 'default': default}
    assert in_manifest(options=[option]) == ()


def test_parameters_are_judged_by_name_and_a_link_is_not():
    found = find_secrets(
        {
            'authorization_params': {
                'client_id': 'hunter2', 'prompt': 'consent',
                'response_type': 'token', 'client_secret': 'def',
            },
            'links': {'api_keys': 'https://example.com/keys'},
        },
        slots=TEMPLATE_SLOTS,
    )  # fmt: skip
    assert [one.path for one in found] == [
        'authorization_params.client_id',
        'authorization_params.client_secret',
    ]


def test_a_variable_s_default_belongs_to_its_name():
    template = {
        'variables': {
            'tenant': {'kind': 'label', 'label': 'T', 'default': 'acme'},
            'access_token': {'kind': 'label', 'label': 'T', 'default': 'acme'},
        }
    }
    assert paths(template, slots=TEMPLATE_SLOTS) == [
        'variables.access_token.default'
    ]


def test_the_template_is_read_inside_the_manifest(make):
    (found,) = in_manifest(
        third_party_service={'links': {'docs': f'https://x.io/{make.github}'}}
    )
    assert found.path == 'third_party_service.links.docs'
    assert found.slot == 'url'


def test_extra_fields_are_judged_by_their_name(make):
    found = in_manifest(client_secret='hunter2', note=make.word(40))
    assert {(one.path, one.kind) for one in found} == {
        ('client_secret', 'name'),
    }
    assert in_manifest(zeta=make.word(40))[0].kind == 'opaque_value'


def test_a_credential_shaped_mapping_holds_secrets():
    found = find_secrets({'credentials': {'user': 'ada', 'extra': ['x']}})
    assert [one.path for one in found] == [
        'credentials.user', 'credentials.extra[0]',
    ]  # fmt: skip


def test_a_list_of_names_is_no_list_of_secrets():
    assert paths({'secrets': ['DB_PASSWORD', 'api_key']}) == []
    assert paths({'secrets': ['DB_PASSWORD', 'hunter2']}) == ['secrets[1]']


@pytest.mark.parametrize(
    'data',
    [
        {'name': 'API_KEY', 'value': 'hunter2'},
        {'key': 'password', 'value': 'hunter2'},
        {'name': 'x', 'type': 'password', 'value': 'hunter2'},
        {'client_secret': {'type': 'string', 'default': 'hunter2'}},
        {'client_secret': {'description': 'x', 'example': 'hunter2'}},
    ],
)
def test_a_value_beside_its_name_is_judged_by_it(data):
    assert [one.kind for one in find_secrets(data)] == ['name']


def test_a_schema_that_describes_a_secret_is_none():
    assert not find_secrets(
        {
            'properties': {
                'client_secret': {'type': 'string', 'title': 'Client secret'}
            },
            'required': ['client_secret'],
        }
    )


def test_a_key_that_is_a_secret_is_masked_and_found(make):
    secret = make.github
    found = find_secrets({'links': {secret: {'deep': make.github}, 'b': 'c'}})
    assert [one.path for one in found] == [
        'links.<key 0>',
        'links.<key 0>.deep',
    ]
    assert all(secret not in str(one.problem()) for one in found)
    (random,) = find_secrets({make.word(40): 1})
    assert (random.path, random.kind) == ('<key 0>', 'opaque_value')


def test_a_key_too_long_or_unprintable_is_not_shown(make):
    data = {
        'a' * 80: make.github,
        'b\x1b[31m': make.github,
        'c d': make.github,
    }
    assert paths(data) == ['<key 0>', '<key 1>', 'c d']


def test_keys_that_are_no_texts_are_read_as_such(make):
    assert paths({1: make.github, (2, 3): {None: make.github}}) == [
        '1', '(2, 3).None',
    ]  # fmt: skip


def test_a_cycle_ends_and_shared_parts_are_read_in_each_place(make):
    loop: dict[str, object] = {'a': make.github}
    loop['self'] = loop
    loop['list'] = [loop]
    assert paths(loop)[0] == 'a'
    shared = {'x': make.github}
    assert paths({'one': shared, 'two': shared}) == ['one.x', 'two.x']


def test_ten_thousand_levels_do_not_exhaust_the_stack(make):
    deep: object = make.github
    for _ in range(10_000):
        deep = [deep]
    assert find_secrets(deep) == ()
    shallow: object = make.github
    for _ in range(500):
        shallow = [shallow]
    assert len(find_secrets(shallow)) == 1


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra='allow')

    url: str = 'https://example.com'
    client_secret: str | None = None
    inner: Model | None = None


def test_models_are_read_by_their_fields(make):
    model = Model(inner=Model(client_secret='hunter2'), extra_one=make.github)
    assert paths(model) == ['inner.client_secret', 'extra_one']
    assert paths({'m': [model]}) == [
        'm[0].inner.client_secret',
        'm[0].extra_one',
    ]


def test_models_made_without_validation_are_read_too(make):
    model = Model.model_construct(url=[make.github], client_secret={'a': 'b'})
    assert paths(model) == ['url[0]', 'client_secret.a']


@dataclasses.dataclass(slots=True)
class Slotted:
    password: str
    other: str = 'x'


class Colour(enum.StrEnum):
    RED = 'red'


class Hidden:
    def __str__(self):
        raise RuntimeError


class Nasty:
    @property
    def keys(self):
        raise RuntimeError

    __slots__ = ()


def test_other_objects_are_read_as_they_can_be(make):
    assert paths(Slotted('hunter2')) == ['password']
    assert paths({'p': pydantic.SecretStr('hunter2'), 'q': 1}) == []
    assert paths({'password': pydantic.SecretStr('hunter2')}) == ['password']
    assert paths(types.SimpleNamespace(a=make.github)) == ['a']
    assert paths(types.MappingProxyType({'a': make.github})) == ['a']
    assert paths(collections.OrderedDict(a=make.github)) == ['a']
    assert paths({'a': make.github.encode()}) == ['a']
    assert paths({'a': pydantic.HttpUrl(f'https://x.io/{make.github}')}) == [
        'a'
    ]
    assert paths({'a': (make.github,), 'b': {make.github}}) == ['a[0]', 'b[0]']
    harmless = [
        Colour.RED, Hidden(), Nasty(), uuid.uuid4(), dt.date.today(),  # noqa: DTZ011
        Slotted, len, object(), b'', range(3), float('nan'), 10**400,
    ]  # fmt: skip
    assert paths(harmless) == []


def test_the_same_rule_is_reported_once_for_one_text(make):
    (found,) = find_secrets({'a': f'{make.github} {make.github}'})
    assert found.rule == 'github'


def test_a_slot_map_reads_fields_items_free_keys_and_nested_maps():
    inner = SlotMap({'name': 'identifier'})
    slots = SlotMap({'a[].b.*': 'prose', 'a[].b.<key>': 'url'}, {'c': inner})
    spot = slots.step('a').step('[]').step('b')
    assert spot.step('anything').slot == 'prose'
    assert spot.children['<key>'].slot == 'url'
    assert slots.step('c').step('name').slot == 'identifier'
    assert slots.step('d') is None


def test_unknown_fields_are_inferred_by_name_and_value(make):
    word = make.word(40)
    found = find_secrets({'id': word, 'description': word, 'regex': word})
    assert found == ()
    assert find_secrets({'thing': word})[0].slot == 'opaque'
    assert find_secrets({'x': f'https://x.io/{make.github}'})[0].slot == 'url'
    assert find_secrets({'x': f'this is my {make.github}'})[0].slot == 'prose'


def models_in(annotation):
    if isinstance(annotation, type):
        is_model = issubclass(annotation, pydantic.BaseModel)
        return [annotation] if is_model else []
    return [
        model
        for argument in typing.get_args(annotation)
        for model in models_in(argument)
    ]


def unmapped(model, slots, path):
    for name, field in model.model_fields.items():
        spot = slots.children.get(name)
        if spot is None:
            yield f'{path}{name}'
            continue
        for inner in models_in(field.annotation):
            nested = spot.children.get('[]') or spot.children.get('*') or spot
            yield from unmapped(inner, nested, f'{path}{name}.')


def test_every_field_of_the_manifest_has_a_slot():
    assert list(unmapped(PluginManifest, MANIFEST_SLOTS, '')) == []
