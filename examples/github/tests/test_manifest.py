"""What is declared agrees with what is there."""

from __future__ import annotations

import importlib.resources
import tomllib
from pathlib import Path

import imbi_plugin_github
import pytest
from imbi_plugin_github import (
    EnterpriseCloudIdentity,
    EnterpriseServerIdentity,
    GitHubDeployment,
    GitHubIdentity,
)
from imbi_plugin_github.identity.plugin import _addresses
from imbi_plugin_github.products import TEMPLATES

from imbi_plugin_sdk import PluginContext, conformance

HOME = Path(__file__).parents[1]
HANDLERS = {
    handler.manifest.slug: handler
    for handler in (
        GitHubIdentity,
        EnterpriseCloudIdentity,
        EnterpriseServerIdentity,
        GitHubDeployment,
    )
}


@pytest.mark.parametrize('slug', HANDLERS)
def test_each_handler_keeps_the_contract(slug):
    assert not list(conformance(HANDLERS[slug]))


def test_the_project_file_agrees_with_the_manifests():
    project = tomllib.loads((HOME / 'pyproject.toml').read_text('utf-8'))
    tables = {
        table['slug']: table
        for table in project['tool']['imbi']['plugin']['plugins']
    }
    assert tables.keys() == HANDLERS.keys()
    for slug, handler in HANDLERS.items():
        table, manifest = tables[slug], handler.manifest
        assert table['name'] == manifest.name
        assert table['plugin-type'] == manifest.plugin_type
        assert table['api-version'] == manifest.api_version
        module, _, name = table['entry-point'].partition(':')
        assert (module, name) == ('imbi_plugin_github', handler.__name__)
    points = project['project']['entry-points']['imbi.plugins']
    assert points == {
        slug: table['entry-point'] for slug, table in tables.items()
    }


def test_the_readme_names_every_option_and_credential():
    readme = (HOME / 'README.md').read_text('utf-8')
    for handler in HANDLERS.values():
        for option in handler.manifest.options:
            assert f'| `{option.name}` |' in readme
        for field in handler.manifest.credentials:
            assert f'`{field.name}`' in readme


@pytest.mark.parametrize(
    ('slug', 'values', 'web', 'api'),
    [
        ('github', {}, 'https://github.com', 'https://api.github.com'),
        (
            'github-enterprise-cloud',
            {'tenant': 'octocorp'},
            'https://octocorp.ghe.com',
            'https://api.octocorp.ghe.com',
        ),
        (
            'github-enterprise-server',
            {'server': 'https://git.acme.com'},
            'https://git.acme.com',
            'https://git.acme.com/api/v3',
        ),
    ],
)
def test_template_and_plugin_have_the_same_addresses(slug, values, web, api):
    urls = TEMPLATES[slug].render(values)
    ctx = PluginContext(
        project_id='1',
        project_slug='shop',
        org_slug='acme',
        assignment_options=values,
    )
    assert _addresses(HANDLERS[slug].product, ctx) == (web, api)
    assert urls['service_url'] == web
    assert urls['api_endpoint'] == api
    assert urls['authorization_endpoint'] == f'{web}/login/oauth/authorize'
    assert urls['token_endpoint'] == f'{web}/login/oauth/access_token'


def test_deployment_and_signing_in_end_on_one_service():
    of = {
        slug: one.manifest.third_party_service
        for slug, one in HANDLERS.items()
    }
    assert of['github'] == of['github-deployment']
    ids = [template.id for template in of.values()]
    assert len(set(ids)) == 3
    assert {template.vendor for template in of.values()} == {'GitHub'}


def test_the_icon_is_small_and_scales():
    icon = importlib.resources.files(imbi_plugin_github) / 'assets/icon.svg'
    content = icon.read_bytes()
    assert len(content) < 2048
    assert b'viewBox' in content
