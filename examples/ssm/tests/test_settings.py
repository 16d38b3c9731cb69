from __future__ import annotations

import pytest
from imbi_plugin_ssm.settings import Credentials, Settings

from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginContext,
    PluginCredentialsMissing,
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


@pytest.mark.parametrize('name', ['access_key_id', 'secret_access_key'])
@pytest.mark.parametrize('value', [None, '', ' \t\n'])
def test_a_required_credential_that_says_nothing_is_missing(name, value):
    with pytest.raises(PluginCredentialsMissing, match=name):
        Credentials.read({**GIVEN, name: value})


def test_both_missing_credentials_are_named_at_once():
    with pytest.raises(PluginCredentialsMissing, match=r'id and secret'):
        Credentials.read({})


def test_a_blank_session_token_is_none():
    assert Credentials.read({**GIVEN, 'session_token': ' '}) == Credentials(
        'AKIA0', 'canary'
    )


@pytest.mark.parametrize('name', [*GIVEN, 'session_token'])
@pytest.mark.parametrize('tail', ['\n', '\r\nx-evil: 1', 'ключ', '\ud800'])
def test_what_no_header_can_carry_is_refused_unquoted(name, tail):
    with pytest.raises(PluginAuthenticationFailed, match=name) as caught:
        Credentials.read({**GIVEN, name: 'canary' + tail})
    assert 'canary' not in str(caught.value)


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


@pytest.mark.parametrize(
    'seconds', [0, -1, 301, 'soon', float('nan'), float('inf'), True, []]
)
def test_a_time_out_is_a_number_of_seconds(seconds):
    with pytest.raises(ValueError, match='timeout'):
        settings(timeout=seconds)


def test_a_tier_is_one_of_ssm():
    with pytest.raises(ValueError, match='Intelligent-Tiering'):
        settings(tier='advanced')


def test_an_option_of_a_wrong_type_is_named():
    with pytest.raises(ValueError, match='path_prefix must be text, not int'):
        settings(path_prefix=7)
