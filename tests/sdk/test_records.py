"""The graph's nodes and edges as data."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pydantic
import pytest

from imbi_plugin_sdk.records import (
    PROPERTIES,
    Assignment,
    PluginNode,
    ServiceApplication,
    ThirdPartyService,
)

SERVICE = ThirdPartyService(
    id='s1',
    slug='aws-production',
    vendor='Amazon Web Services',
    organization='acme',
    template_id='aws',
    instance='production',
    live={'service_url': 'https://aws.example.com', 'links': {'a': 'b'}},
    base={'service_url': 'https://aws.example.com'},
    pinned={'links', 'icon', 'category'},
    managed=True,
    origin='template',
    contributors=('imbi-plugin-aws',),
    plugins=('n2', 'n1'),
    revision=3,
)
RECORDS = [
    SERVICE,
    ServiceApplication(
        id='a1', service_id='s1', name='Key', credential_names={'b', 'a'}
    ),
    PluginNode(
        id='n1',
        slug='aws-ssm',
        plugin_type='configuration',
        options={'region': 'eu', 'depth': 3, 'tags': {'a': 'b'}},
        identity_plugin_id='n2',
        application_id='a1',
        distribution='imbi-plugin-aws',
    ),
    Assignment(
        owner_kind='project',
        owner_id='p1',
        plugin_id='n1',
        tab='configuration',
        default=False,
        search_template='',
        options={'region': None},
        excluded=True,
    ),
]


def each(records):
    return pytest.mark.parametrize(
        'record', records, ids=lambda record: type(record).__name__
    )


@each(RECORDS)
def test_a_record_survives_json(record):
    text = record.model_dump_json()
    assert type(record).model_validate_json(text) == record
    assert type(record).model_validate(json.loads(text)) == record


@each(RECORDS)
def test_a_record_is_frozen_and_closed(record):
    with pytest.raises(pydantic.ValidationError, match='frozen'):
        record.id = 'other'
    with pytest.raises(pydantic.ValidationError, match='Extra inputs'):
        record.replaced(colour='red')


@each(RECORDS)
def test_every_field_says_what_it_holds(record):
    fields = type(record).model_fields
    assert all(field.description for field in fields.values())


def test_a_dump_is_the_same_in_every_process():
    code = (
        'from imbi_plugin_sdk.records import ThirdPartyService as S;'
        "print(S(id='s', slug='s', pinned=set('qwertyuiop'))"
        '.model_dump_json())'
    )
    dumps = {
        subprocess.run(
            [sys.executable, '-c', code],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, 'PYTHONHASHSEED': seed},
        ).stdout
        for seed in ('1', '2')
    }
    assert len(dumps) == 1
    assert '"pinned":["e","i","o","p"' in dumps.pop()


def test_a_replaced_record_is_validated():
    assert SERVICE.replaced(managed=False).managed is False
    assert SERVICE.replaced(revision=4).replaced(revision=3) == SERVICE
    with pytest.raises(pydantic.ValidationError):
        SERVICE.replaced(revision=-1)


def test_a_replaced_record_keeps_what_was_not_set_unset():
    edge = Assignment(
        owner_kind='project', owner_id='p', plugin_id='n', tab='logs'
    )
    assert edge.replaced(default=True).model_fields_set == {
        'owner_kind',
        'owner_id',
        'plugin_id',
        'tab',
        'default',
    }


def test_an_assignment_inherits_everything_it_does_not_set():
    edge = Assignment(
        owner_kind='project_type', owner_id='t', plugin_id='n', tab='logs'
    )
    unset = {name: getattr(edge, name) for name in PROPERTIES}
    assert unset == {
        'default': None,
        'search_template': None,
        'identity_plugin_id': None,
        'options': {},
    }
    assert edge.excluded is False


def test_a_service_that_says_nothing_more_is_an_operators_own():
    service = ThirdPartyService(id='s', slug='aws')
    assert (service.origin, service.managed) == ('operator', False)
    assert (service.template_id, service.revision) == (None, 0)


def test_a_plugin_node_is_switched_on_and_brings_nothing():
    node = PluginNode(id='n', slug='ssm', plugin_type='logs')
    assert node.enabled is True
    assert (node.identity_plugin_id, node.application_id) == (None, None)
    assert (node.distribution, node.revision, node.options) == ('', 0, {})


@pytest.mark.parametrize('slug', ['a/b', 'id:a', '', 'a b', 'a\n', 'x' * 129])
@pytest.mark.parametrize('kind', [ThirdPartyService, PluginNode])
def test_a_slug_can_be_taken_for_no_other_form_of_selector(kind, slug):
    with pytest.raises(pydantic.ValidationError, match='slug'):
        kind.model_validate(
            {'id': '1', 'slug': slug}
            | ({'plugin_type': 'logs'} if kind is PluginNode else {})
        )


def test_an_old_slug_may_break_todays_rules():
    node = PluginNode(id='1', slug='Old_Slug.2', plugin_type='logs')
    assert node.slug == 'Old_Slug.2'


@each([one for one in RECORDS if hasattr(one, 'options')])
def test_no_repr_shows_the_value_of_an_option(record):
    secret = 'hunter' + '2' * 8
    record = record.replaced(options={'token': secret, 'none': None})
    assert secret not in repr(record)
    assert secret not in str(record)
    assert "'token': '**********'" in repr(record)


@pytest.mark.parametrize(
    'data',
    [
        {'client_secret': 'hunter' + '2' * 8},
        {'credential_names': {'hunter' + '2' * 8: 'x'}},
        {'name': ['hunter' + '2' * 8]},
    ],
)
def test_an_application_takes_no_credentials_and_shows_none(data):
    with pytest.raises(pydantic.ValidationError) as caught:
        ServiceApplication.model_validate(
            {'id': 'a', 'service_id': 's', **data}
        )
    assert 'hunter2' not in str(caught.value)


def test_an_application_has_no_room_for_a_value():
    assert set(ServiceApplication.model_fields) == {
        'id',
        'service_id',
        'name',
        'credential_names',
    }
