from __future__ import annotations

import importlib.resources
import tomllib
from pathlib import Path

import imbi_plugin_logzio
import pytest
from imbi_plugin_logzio import LogzioPlugin
from imbi_plugin_logzio.manifest import REGIONS

from imbi_plugin_sdk import conformance

MANIFEST = LogzioPlugin.manifest
PROJECT = tomllib.loads(
    (Path(__file__).parents[1] / 'pyproject.toml').read_text('utf-8')
)


def test_the_handler_keeps_the_contract():
    assert not list(conformance(LogzioPlugin))


def test_the_documentation_table_agrees_with_the_manifest():
    table = PROJECT['tool']['imbi']['plugin']
    assert table['slug'] == MANIFEST.slug
    assert table['name'] == MANIFEST.name
    assert table['plugin-type'] == MANIFEST.plugin_type
    assert table['api-version'] == MANIFEST.api_version
    points = PROJECT['project']['entry-points']['imbi.plugins']
    assert points == {MANIFEST.slug: table['entry-point']}


def test_a_histogram_is_promised():
    assert MANIFEST.supports_histogram


def test_the_token_is_the_only_credential():
    assert [entry.name for entry in MANIFEST.credentials] == ['api_token']
    assert MANIFEST.credentials[0].required


@pytest.mark.parametrize('host', REGIONS.values())
def test_the_template_gives_the_endpoint_of_a_region(host):
    urls = MANIFEST.third_party_service.render({'api_host': host})
    assert urls['api_endpoint'] == f'https://{host}.logz.io/v1'


def test_each_region_can_be_chosen():
    (option,) = [entry for entry in MANIFEST.options if entry.name == 'region']
    assert option.choices == list(REGIONS)


def test_the_icon_is_small_and_scales():
    icon = importlib.resources.files(imbi_plugin_logzio) / 'assets/icon.svg'
    content = icon.read_bytes()
    assert len(content) < 2048
    assert b'viewBox' in content
