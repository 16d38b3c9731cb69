"""Options and token are judged before anything is sent."""

from __future__ import annotations

import pytest
from imbi_plugin_vault.settings import (
    Settings,
    address_of,
    namespace_of,
)

from imbi_plugin_sdk import (
    PluginContext,
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


def test_a_namespace_is_a_path_of_visible_ascii():
    assert namespace_of('/admin/team-a/') == 'admin/team-a'
    for bad in ('a b', 'a\r\nX-Other: 1', 't\u00e9am'):
        with pytest.raises(ValueError, match='namespace'):
            namespace_of(bad)
