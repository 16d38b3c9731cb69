from __future__ import annotations

import importlib.resources
import json
import tomllib
from pathlib import Path

import imbi_plugin_oidc
from imbi_plugin_oidc import OIDCPlugin
from imbi_plugin_oidc.manifest import AUTH_METHODS

from imbi_plugin_sdk import conformance

MANIFEST = OIDCPlugin.manifest
HERE = Path(__file__).parent
PROJECT = tomllib.loads((HERE.parent / 'pyproject.toml').read_text('utf-8'))


def test_the_handler_keeps_the_contract():
    assert not list(conformance(OIDCPlugin))


def test_the_documentation_table_agrees_with_the_manifest():
    table = PROJECT['tool']['imbi']['plugin']
    assert table['slug'] == MANIFEST.slug
    assert table['name'] == MANIFEST.name
    assert table['plugin-type'] == MANIFEST.plugin_type
    assert table['api-version'] == MANIFEST.api_version
    points = PROJECT['project']['entry-points']['imbi.plugins']
    assert points == {MANIFEST.slug: table['entry-point']}


def test_it_signs_people_in_and_needs_both_credentials():
    assert MANIFEST.login_capable
    assert all(entry.required for entry in MANIFEST.credentials)
    (method,) = [
        entry for entry in MANIFEST.options if entry.choices is not None
    ]
    assert method.choices == list(AUTH_METHODS)


def test_the_template_is_rendered_for_an_issuer_with_a_path():
    issuer = 'https://login.acme.dev/realms/one'
    urls = MANIFEST.third_party_service.render({'issuer': issuer})
    assert urls['issuer'] == issuer
    assert urls['service_url'] == issuer


def test_the_icon_is_small_and_scales():
    icon = importlib.resources.files(imbi_plugin_oidc) / 'assets/icon.svg'
    content = icon.read_bytes()
    assert len(content) < 2048
    assert b'viewBox' in content


def test_the_provider_is_installed_at_fixed_versions_from_wherever():
    folder = HERE / 'provider'
    lock = json.loads((folder / 'package-lock.json').read_text('utf-8'))
    wanted = json.loads((folder / 'package.json').read_text('utf-8'))
    packages = lock['packages']
    for name, version in wanted['dependencies'].items():
        assert packages[f'node_modules/{name}']['version'] == version
    assert not any('resolved' in entry for entry in packages.values())
    assert all(
        'integrity' in entry for name, entry in packages.items() if name
    )
