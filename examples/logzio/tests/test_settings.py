from __future__ import annotations

import pytest
from imbi_plugin_logzio.settings import Settings

from imbi_plugin_sdk import (
    PluginContext,
)


def read(*, environment='testing', **options):
    return Settings.read(
        PluginContext(
            project_id='p1',
            project_slug='checkout',
            org_slug='acme',
            environment=environment,
            assignment_options=options,
        )
    )


def test_without_options_it_is_the_project_s_slug_in_the_first_region():
    settings = read()
    assert settings.endpoint == 'https://api.logz.io'
    assert settings.scope == {'project': 'checkout'}
    assert settings.level_field == 'level'
    assert settings.fields == ()
    assert settings.timeout == 15


@pytest.mark.parametrize(
    ('region', 'host'),
    [
        ('us-east-1', 'api'),
        ('eu-central-1', 'api-eu'),
        ('eu-west-2', 'api-uk'),
        ('ca-central-1', 'api-ca'),
        ('ap-southeast-2', 'api-au'),
    ],
)
def test_a_region_has_its_host(region, host):
    assert read(region=region).endpoint == f'https://{host}.logz.io'


def test_project_and_environment_make_the_scope():
    settings = read(
        project_field='kubernetes.labels.app',
        project_value='${org_slug}-${project_slug}',
        environment_field='env',
    )
    assert settings.scope == {
        'kubernetes.labels.app': 'acme-checkout',
        'env': 'testing',
    }


def test_what_a_project_lacks_is_refused_and_not_left_out():
    with pytest.raises(ValueError, match='team_slug'):
        read(project_value='${team_slug}')
    with pytest.raises(ValueError, match='for no environment'):
        read(environment=None, environment_field='env')


def test_fields_are_a_list_without_blanks_and_repeats():
    settings = read(fields=' service, kubernetes.pod.name,,service ')
    assert settings.fields == ('service', 'kubernetes.pod.name')


@pytest.mark.parametrize(
    'options',
    [
        {'project_field': '_id'},
        {'level_field': 'a b'},
        {'fields': 'ok,{}'},
        {'environment_field': '*'},
        {'region': 'mars-1'},
        {'project_field': 5},
        {'timeout': 0},
        {'timeout': 301},
        {'timeout': 'soon'},
        {'timeout': True},
        {'timeout': float('nan')},
        {'endpoint_url': 'http://logs.example.com'},
        {'endpoint_url': 'https://user@logs.example.com'},
        {'endpoint_url': 'https://logs.example.com?x=1'},
        {'endpoint_url': 'https://logs.example.com:port'},
        {'endpoint_url': 'logs.example.com'},
        {'project_value': '${nobody}'},
    ],
)
def test_an_option_that_does_not_hold_is_named(options):
    (name,) = options
    with pytest.raises(ValueError, match=f'{name}|search template'):
        read(**options)


@pytest.mark.parametrize(
    ('given', 'endpoint'),
    [
        ('https://proxy.example.com/logs/', 'https://proxy.example.com/logs'),
        ('http://127.0.0.1:9200', 'http://127.0.0.1:9200'),
        ('http://[::1]:9200', 'http://[::1]:9200'),
    ],
)
def test_an_endpoint_takes_the_region_s_place(given, endpoint):
    assert read(endpoint_url=given).endpoint == endpoint
