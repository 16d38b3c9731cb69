from __future__ import annotations

import importlib.resources
import tomllib
from pathlib import Path

import imbi_plugin_ssm
from imbi_plugin_ssm import SSMPlugin
from imbi_plugin_ssm.manifest import PARAMETER_TYPES

from imbi_plugin_sdk import conformance

MANIFEST = SSMPlugin.manifest
PROJECT = tomllib.loads(
    (Path(__file__).parents[1] / 'pyproject.toml').read_text('utf-8')
)


def test_the_handler_keeps_the_contract():
    assert not list(conformance(SSMPlugin))


def test_the_documentation_table_agrees_with_the_manifest():
    table = PROJECT['tool']['imbi']['plugin']
    assert table['slug'] == MANIFEST.slug
    assert table['name'] == MANIFEST.name
    assert table['plugin-type'] == MANIFEST.plugin_type
    assert table['api-version'] == MANIFEST.api_version
    points = PROJECT['project']['entry-points']['imbi.plugins']
    assert points == {MANIFEST.slug: table['entry-point']}


def test_every_data_type_has_a_type_of_ssm():
    assert {entry.name for entry in MANIFEST.data_types} == set(
        PARAMETER_TYPES
    )


def test_only_the_session_token_may_be_left_out():
    assert {
        entry.name for entry in MANIFEST.credentials if not entry.required
    } == {'session_token'}


def test_the_template_gives_the_endpoint_of_a_region():
    urls = MANIFEST.third_party_service.render({'region': 'eu-west-1'})
    assert urls['api_endpoint'] == 'https://ssm.eu-west-1.amazonaws.com'


def test_the_icon_is_small_and_scales():
    icon = importlib.resources.files(imbi_plugin_ssm) / 'assets/icon.svg'
    content = icon.read_bytes()
    assert len(content) < 2048
    assert b'viewBox' in content
