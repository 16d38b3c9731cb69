"""Options and token are judged before anything is sent."""

from __future__ import annotations

import pytest
from imbi_plugin_vault.settings import (
    Settings,
    address_of,
    namespace_of,
    timeout_of,
    token_of,
)

from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginContext,
    PluginCredentialsMissing,
)

TOKEN = {'token': 'kit-' + 't0k3n' * 4}


def context(**options):
    return PluginContext(
        project_id='7',
        project_slug='shop',
        org_slug='acme',
        environment='prod',
        assignment_options={
            'address': 'https://vault.example.com:8200',
            **options,
        },
    )


def test_defaults_fill_what_is_left_out():
    settings = Settings.read(context(), TOKEN)
    assert settings.mount == 'secret'
    assert settings.folder == 'imbi/acme/shop/prod'
    assert settings.namespace == ''
    assert settings.timeout == 10
    blank = context(mount=' ', path_prefix=None, timeout='', namespace='')
    assert Settings.read(blank, TOKEN) == settings


def test_the_repr_does_not_show_the_token():
    assert TOKEN['token'] not in repr(Settings.read(context(), TOKEN))


@pytest.mark.parametrize(
    ('given', 'address'),
    [
        ('https://vault.example.com', 'https://vault.example.com'),
        ('https://vault.example.com:8200/', 'https://vault.example.com:8200'),
        ('https://Vault.Example.com', 'https://vault.example.com'),
        ('https://10.0.0.7:8200', 'https://10.0.0.7:8200'),
        ('https://[fd00::1]:8200', 'https://[fd00::1]:8200'),
        ('http://127.0.0.1:8200', 'http://127.0.0.1:8200'),
        ('http://localhost:8200', 'http://localhost:8200'),
        ('http://[::1]:8200', 'http://[::1]:8200'),
    ],
)
def test_an_address_is_scheme_host_and_port(given, address):
    assert address_of(given) == address


@pytest.mark.parametrize(
    ('address', 'told'),
    [
        ('', 'scheme and host'),
        ('vault.example.com', 'scheme and host'),
        ('ftp://vault.example.com', 'scheme and host'),
        ('https://', 'scheme and host'),
        ('https://vault.example.com/v1', 'scheme and host'),
        ('https://vault.example.com?x=1', 'scheme and host'),
        ('https://vault.example.com:99999', 'scheme and host'),
        ('https://vault.example.com:port', 'scheme and host'),
        ('https://v\u00e4ult.example.com', 'scheme and host'),
        ('https://vault.example.com\\@evil.example', 'user name'),
        ('https://[::1', 'scheme and host'),
        ('https://joe@vault.example.com', 'user name'),
        ('http://vault.example.com', 'clear'),
        ('http://127.0.0.1.example.com', 'clear'),
        ('http://0x7f000001', 'clear'),
    ],
)
def test_an_address_that_leads_elsewhere_is_refused(address, told):
    with pytest.raises(ValueError, match=told):
        address_of(address)


@pytest.mark.parametrize('token', [None, '', ' \t\n'])
def test_a_blank_token_is_missing(token):
    with pytest.raises(PluginCredentialsMissing):
        token_of({} if token is None else {'token': token})


@pytest.mark.parametrize('token', ['a b', 'a\nb', 'tok\u00e9n', 'a\x00b'])
def test_a_token_that_no_header_can_hold_is_refused_unseen(token):
    with pytest.raises(PluginAuthenticationFailed) as refusal:
        token_of({'token': token})
    assert token not in str(refusal.value)


def test_white_space_around_a_token_is_from_pasting_it():
    assert token_of({'token': ' t0ken\n'}) == 't0ken'


@pytest.mark.parametrize(
    ('given', 'seconds'),
    [(None, 10), ('', 10), (3, 3), ('2.5', 2.5), (120, 120)],
)
def test_a_timeout_is_a_number_of_seconds(given, seconds):
    assert timeout_of(given) == seconds


@pytest.mark.parametrize(
    'given', [0, -1, 121, 'soon', 'nan', 'inf', True, [], 10**400]
)
def test_a_timeout_that_nobody_would_wait_is_refused(given):
    with pytest.raises(ValueError, match='timeout'):
        timeout_of(given)


def test_a_namespace_is_a_path_of_visible_ascii():
    assert namespace_of('/admin/team-a/') == 'admin/team-a'
    for bad in ('a b', 'a\r\nX-Other: 1', 't\u00e9am'):
        with pytest.raises(ValueError, match='namespace'):
            namespace_of(bad)


def test_an_option_that_is_no_text_is_refused():
    with pytest.raises(ValueError, match='mount'):
        Settings.read(context(mount=7), TOKEN)
