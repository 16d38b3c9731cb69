"""What is declared agrees with what is there."""

from __future__ import annotations

import json
from pathlib import Path

from imbi_plugin_oidc import OIDCPlugin
from imbi_plugin_oidc.manifest import AUTH_METHODS

MANIFEST = OIDCPlugin.manifest
HERE = Path(__file__).parent


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
