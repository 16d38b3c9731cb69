from __future__ import annotations

import importlib.resources
import tomllib
from pathlib import Path

import imbi_plugin_aws
import pytest
from imbi_plugin_ssm.manifest import MANIFEST as SSM_MANIFEST

from imbi_plugin_sdk import conformance

PROJECT = tomllib.loads(
    (Path(__file__).parents[1] / 'pyproject.toml').read_text('utf-8')
)
HANDLERS = {
    handler.manifest.slug: handler
    for handler in (
        getattr(imbi_plugin_aws, name) for name in imbi_plugin_aws.__all__
    )
}


@pytest.mark.parametrize('slug', HANDLERS)
def test_the_handler_keeps_the_contract(slug):
    assert not list(conformance(HANDLERS[slug]))


def test_the_documentation_table_agrees_with_the_manifests():
    tables = PROJECT['tool']['imbi']['plugin']['plugins']
    points = PROJECT['project']['entry-points']['imbi.plugins']
    assert set(points) == set(HANDLERS)
    for table in tables:
        manifest = HANDLERS[table['slug']].manifest
        assert table['name'] == manifest.name
        assert table['plugin-type'] == manifest.plugin_type
        assert table['api-version'] == manifest.api_version
        assert points[table['slug']] == table['entry-point']


def test_all_share_one_service_and_one_icon():
    manifests = [handler.manifest for handler in HANDLERS.values()]
    for field in ('third_party_service', 'icon'):
        first, *others = (getattr(one, field) for one in manifests)
        assert first is not None
        assert all(other == first for other in others)
    template = manifests[0].third_party_service
    for name in ('Parameter Store', 'Logs Insights'):
        assert template.links[name].startswith('https://{region}.console.aws.')
    assert template.render({'region': 'eu-west-1'})


def test_parameter_store_takes_what_imbi_plugin_ssm_takes():
    manifest = HANDLERS['aws-ssm'].manifest
    for field in ('options', 'credentials', 'data_types'):
        assert getattr(manifest, field) == getattr(SSM_MANIFEST, field)


def test_one_key_serves_parameters_and_logs():
    assert (
        HANDLERS['aws-ssm'].manifest.credentials
        == HANDLERS['aws-cloudwatch-logs'].manifest.credentials
    )
    assert not any(
        field.required for field in HANDLERS['aws-iam-ic'].manifest.credentials
    )


def test_the_icon_is_small_and_scales():
    icon = importlib.resources.files(imbi_plugin_aws) / 'assets/icon.svg'
    content = icon.read_bytes()
    assert len(content) < 2048
    assert b'viewBox' in content
