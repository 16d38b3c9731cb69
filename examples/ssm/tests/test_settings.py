from __future__ import annotations

import pytest
from imbi_plugin_ssm.settings import Credentials, Settings

from imbi_plugin_sdk import (
    PluginContext,
)

GIVEN = {'access_key_id': 'AKIA0', 'secret_access_key': 'canary'}


def settings(**options):
    return Settings.read(
        PluginContext(
            project_id='1',
            project_slug='shop',
            org_slug='acme',
            environment='production',
            assignment_options={'region': 'eu-west-1', **options},
        )
    )


def test_a_blank_session_token_is_none():
    assert Credentials.read({**GIVEN, 'session_token': ' '}) == Credentials(
        'AKIA0', 'canary'
    )


def test_the_repr_of_credentials_is_empty():
    assert repr(Credentials.read(GIVEN)) == 'Credentials()'


def test_defaults_hold_where_options_are_left_out():
    assert settings() == Settings(
        region='eu-west-1',
        prefix='/imbi/acme/shop/production',
        endpoint='https://ssm.eu-west-1.amazonaws.com',
        kms_key_id=None,
        tier='Standard',
        timeout=10,
    )
    assert settings(tier='', timeout='', path_prefix=None) == settings()


def test_china_has_hosts_of_its_own():
    assert settings(region='cn-north-1').endpoint.endswith('.amazonaws.com.cn')


@pytest.mark.parametrize('region', ['', 'eu', 'x.evil.com/', 'eu-west-1#'])
def test_a_region_cannot_change_the_host(region):
    with pytest.raises(ValueError, match='region'):
        settings(region=region)


@pytest.mark.parametrize(
    ('url', 'endpoint'),
    [
        ('http://127.0.0.1:5000', 'http://127.0.0.1:5000'),
        ('http://localhost:5000/', 'http://localhost:5000'),
        ('http://[::1]:5000', 'http://[::1]:5000'),
        ('https://vpce-1.example.com', 'https://vpce-1.example.com'),
    ],
)
def test_an_endpoint_is_taken(url, endpoint):
    assert settings(endpoint_url=url).endpoint == endpoint


@pytest.mark.parametrize(
    'url',
    [
        'http://ssm.example.com',
        'http://127.0.0.1.example.com',
        'https://user:word@example.com',
        'https://example.com/path',
        'https://example.com?x=1',
        'https://example.com:port',
        'https://exa mple.com',
        'https://[::1',
        'ftp://example.com',
        'example.com',
    ],
)
def test_an_endpoint_that_is_unsafe_or_no_origin_is_refused(url):
    with pytest.raises(ValueError, match='endpoint_url'):
        settings(endpoint_url=url)


def test_a_tier_is_one_of_ssm():
    with pytest.raises(ValueError, match='Intelligent-Tiering'):
        settings(tier='advanced')
