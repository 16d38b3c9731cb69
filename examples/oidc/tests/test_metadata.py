from __future__ import annotations

import pytest
from imbi_plugin_oidc.metadata import Metadata, urls

from imbi_plugin_sdk import PluginUnavailableError

ISSUER = 'https://login.example.com'
BODY = {
    'issuer': ISSUER,
    'authorization_endpoint': f'{ISSUER}/auth?tenant=1',
    'token_endpoint': 'https://token.example.net/token',
    'jwks_uri': f'{ISSUER}/keys',
}


def read(**changes):
    return Metadata.read({**BODY, **changes}, ISSUER)


def test_the_document_is_behind_the_path_or_in_front_of_it():
    assert urls(f'{ISSUER}/realms/one/') == (
        f'{ISSUER}/realms/one/.well-known/openid-configuration',
        f'{ISSUER}/.well-known/oauth-authorization-server/realms/one',
    )
    assert urls(ISSUER)[0] == f'{ISSUER}/.well-known/openid-configuration'


@pytest.mark.parametrize(
    'issuer', [f'{ISSUER}/', f'{ISSUER}.evil.example', 'https://x', None, 1]
)
def test_the_issuer_is_compared_to_the_last_slash(issuer):
    with pytest.raises(PluginUnavailableError, match='another issuer'):
        read(issuer=issuer)


@pytest.mark.parametrize(
    'name', ['authorization_endpoint', 'token_endpoint', 'jwks_uri']
)
@pytest.mark.parametrize(
    'value', [None, '', 7, 'http://login.example.com/x', '/token', 'https://']
)
def test_what_is_no_endpoint_is_refused(name, value):
    with pytest.raises(PluginUnavailableError):
        read(**{name: value})


def test_what_is_optional_may_be_missing_but_not_wrong():
    assert read().userinfo_endpoint is None
    assert read().revocation_endpoint is None
    with pytest.raises(PluginUnavailableError):
        read(userinfo_endpoint='http://login.example.com/me')


@pytest.mark.parametrize(
    ('listed', 'taken'),
    [
        (None, ('RS256',)),
        (['none', 'HS256'], ()),
        (['RS256', 'none', 'ES256', 7], ('ES256', 'RS256')),
    ],
)
def test_only_signatures_with_public_keys_are_taken(listed, taken):
    found = read(id_token_signing_alg_values_supported=listed)
    assert found.algorithms == taken


@pytest.mark.parametrize(
    ('listed', 'taken'),
    [
        (None, ('client_secret_basic',)),
        (['client_secret_post'], ('client_secret_post',)),
        (
            ['client_secret_post', 'none', 'client_secret_basic'],
            ('client_secret_basic', 'client_secret_post'),
        ),
        (['private_key_jwt'], ()),
    ],
)
def test_the_client_proves_itself_as_well_as_it_can(listed, taken):
    found = read(token_endpoint_auth_methods_supported=listed)
    assert found.auth_methods == taken


def test_a_list_that_is_none_is_refused():
    with pytest.raises(PluginUnavailableError):
        read(token_endpoint_auth_methods_supported='client_secret_basic')
