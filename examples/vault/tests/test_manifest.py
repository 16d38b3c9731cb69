"""What is declared agrees with what is there."""

from __future__ import annotations

from pathlib import Path

from imbi_plugin_vault import VaultPlugin
from imbi_plugin_vault.manifest import DEFAULT_MOUNT, PLAIN, SECRET

from tests.bao import MOUNT, POLICY

HOME = Path(__file__).parents[1]
MANIFEST = VaultPlugin.manifest


def test_the_readme_names_every_option_and_the_policy_that_is_tested():
    readme = (HOME / 'README.md').read_text('utf-8')
    for option in MANIFEST.options:
        assert f'| `{option.name}` |' in readme
    said = {
        ' '.join(line.split())
        for line in readme.splitlines()
        if line.strip().startswith('path "')
    }
    assert said == {
        ' '.join(line.split()) for line in POLICY.strip().splitlines()
    }


def test_the_default_mount_is_the_one_that_is_tested():
    assert DEFAULT_MOUNT == MOUNT


def test_the_secret_type_is_secret_and_the_plain_one_is_not():
    kinds = {kind.name: kind.secret for kind in MANIFEST.data_types}
    assert kinds == {PLAIN: False, SECRET: True}


def test_the_template_is_of_one_server():
    urls = MANIFEST.third_party_service.render(
        {'server': 'https://vault.acme.com:8200'}
    )
    assert urls['api_endpoint'] == 'https://vault.acme.com:8200/v1'
    assert urls['service_url'] == 'https://vault.acme.com:8200/ui/'
