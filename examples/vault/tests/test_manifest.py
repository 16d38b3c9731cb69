"""What is declared agrees with what is there."""

from __future__ import annotations

import importlib.resources
import tomllib
from pathlib import Path

import imbi_plugin_vault
from imbi_plugin_vault import VaultPlugin
from imbi_plugin_vault.manifest import DEFAULT_MOUNT, PLAIN, SECRET

from imbi_plugin_sdk import conformance
from tests.bao import MOUNT, POLICY

HOME = Path(__file__).parents[1]
MANIFEST = VaultPlugin.manifest


def test_the_handler_keeps_the_contract():
    assert not list(conformance(VaultPlugin))


def test_the_project_file_agrees_with_the_manifest():
    project = tomllib.loads((HOME / 'pyproject.toml').read_text('utf-8'))
    table = project['tool']['imbi']['plugin']
    assert table['slug'] == MANIFEST.slug
    assert table['name'] == MANIFEST.name
    assert table['plugin-type'] == MANIFEST.plugin_type
    assert table['api-version'] == MANIFEST.api_version
    points = project['project']['entry-points']['imbi.plugins']
    assert points == {MANIFEST.slug: table['entry-point']}


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


def test_the_icon_is_small_and_scales():
    icon = importlib.resources.files(imbi_plugin_vault) / 'assets/icon.svg'
    content = icon.read_bytes()
    assert len(content) < 2048
    assert b'viewBox' in content
