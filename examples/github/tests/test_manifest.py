"""What is declared agrees with what is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from imbi_plugin_github import (
    EnterpriseCloudIdentity,
    EnterpriseServerIdentity,
    GitHubDeployment,
    GitHubIdentity,
)
from imbi_plugin_github.identity.plugin import _addresses
from imbi_plugin_github.products import TEMPLATES

from imbi_plugin_sdk import PluginContext

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
