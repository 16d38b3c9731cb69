from __future__ import annotations

import pytest
from imbi_plugin_oidc.settings import Credentials, Settings, is_safe

from imbi_plugin_sdk import PluginContext, PluginCredentialsMissing

GIVEN = {'client_id': 'imbi', 'client_secret': 'canary'}
ISSUER = 'https://login.example.com/realms/one'


def settings(**options):
    return Settings.read(
        PluginContext(
            project_id='1',
            project_slug='shop',
            org_slug='acme',
            assignment_options={'issuer': ISSUER, **options},
        )
    )


@pytest.mark.parametrize('name', GIVEN)
@pytest.mark.parametrize('value', [None, '', ' \t\n'])
def test_a_credential_that_says_nothing_is_missing(name, value):
    with pytest.raises(PluginCredentialsMissing, match=name):
        Credentials.read({**GIVEN, name: value})


def test_both_missing_credentials_are_named_at_once():
    with pytest.raises(PluginCredentialsMissing, match=r'id and client'):
        Credentials.read({})


def test_white_space_that_was_pasted_is_taken_off():
    given = {'client_id': ' imbi\n', 'client_secret': ' canary '}
    assert Credentials.read(given) == Credentials('imbi', 'canary')


def test_the_secret_is_not_shown():
    assert 'canary' not in repr(Credentials.read(GIVEN))


def test_what_is_left_out_has_a_default():
    assert settings() == Settings(ISSUER, True, '', 10)  # noqa: FBT003


@pytest.mark.parametrize(
    'issuer',
    [
        '',
        'login.example.com',
        'http://login.example.com',
        'https://login.example.com/?tenant=1',
        'https://login.example.com/#one',
        'https://login.example.com@evil.example',
        'https://login.example.com\\@evil.example',
        'https://login.example.com/a b',
        'https://:443',
        'https://login.example.com:port',
        'ftp://login.example.com',
        'https://login.example.com/\x00',
        7,
    ],
)
def test_what_is_no_issuer_is_refused(issuer):
    with pytest.raises(ValueError, match='option issuer'):
        settings(issuer=issuer)


@pytest.mark.parametrize(
    'issuer',
    [
        ISSUER,
        f'{ISSUER}/',
        'https://login.example.com:8443',
        'http://127.0.0.1:9000',
        'http://localhost:9000/realms/one',
        'http://[::1]:9000',
    ],
)
def test_an_issuer_is_kept_to_the_last_slash(issuer):
    assert settings(issuer=issuer).issuer == issuer


def test_loopback_is_no_name_that_begins_like_it():
    assert not is_safe('http://localhost.example.com')
    assert not is_safe('http://127.0.0.1.example.com')


@pytest.mark.parametrize(
    ('value', 'wanted'),
    [(None, True), ('', True), ('False', False), ('on', True), (0, False)],
)
def test_a_flag_may_be_text(value, wanted):
    assert settings(offline_access=value).offline_access is wanted


def test_what_is_no_flag_or_method_is_refused():
    with pytest.raises(ValueError, match='offline_access'):
        settings(offline_access='perhaps')
    with pytest.raises(ValueError, match='token_auth_method'):
        settings(token_auth_method='none')
