"""Options, credentials and names are judged before anything is sent."""

from __future__ import annotations

import pytest
from imbi_plugin_github.deployment.names import (
    checked_ref,
    checked_sha,
    escaped,
    input_of,
    repository_of,
    workflow_of,
)
from imbi_plugin_github.deployment.repository import Settings
from imbi_plugin_github.options import (
    address_of,
    label_of,
)

from imbi_plugin_sdk import PluginContext

TOKEN = 'ghs_' + 'a1B2' * 9


def context(**options):
    return PluginContext(
        project_id='7',
        project_slug='shop',
        org_slug='acme',
        team_slug='blue',
        assignment_options=options,
    )


def test_defaults_fill_what_is_left_out():
    settings = Settings.read(context(), {'token': f' {TOKEN}\n'})
    assert settings.api == 'https://api.github.com'
    assert (settings.owner, settings.name) == ('acme', 'shop')
    assert settings.workflow == settings.mark_input == ''
    assert settings.timeout == 10
    assert settings.token == TOKEN
    blank = context(repository=' ', api_url=None, timeout='', workflow='')
    assert Settings.read(blank, {'token': TOKEN}) == settings


def test_the_repr_does_not_show_the_token():
    settings = Settings.read(context(), {'token': TOKEN})
    assert TOKEN not in repr(settings)


@pytest.mark.parametrize(
    ('given', 'address'),
    [
        ('https://git.acme.com', 'https://git.acme.com'),
        ('https://git.acme.com/api/v3/', 'https://git.acme.com/api/v3'),
        ('https://Git.Acme.com:8443', 'https://git.acme.com:8443'),
        ('http://localhost:80/api/v3', 'http://localhost:80/api/v3'),
        ('http://127.0.0.1:9', 'http://127.0.0.1:9'),
        ('https://[fd00::1]:8443', 'https://[fd00::1]:8443'),
    ],
)
def test_an_address_is_scheme_host_port_and_path(given, address):
    assert address_of('api_url', given) == address


@pytest.mark.parametrize(
    'given',
    [
        '',
        'git.acme.com',
        'ftp://git.acme.com',
        'http://git.acme.com',
        'http://127.0.0.1.example.com',
        'https://joe@git.acme.com',
        'https://git.acme.com\\@evil.example',
        'https://git.acme.com/../x',
        'https://git.acme.com/a%2fb',
        'https://git.acme.com?',
        'https://git.acme.com#x',
        'https://git.acme.com:99999',
        'https://g\u00edt.acme.com',
        'https://',
    ],
)
def test_an_address_that_leads_elsewhere_is_refused(given):
    with pytest.raises(ValueError, match='api_url'):
        address_of('api_url', given)


@pytest.mark.parametrize('given', ['', 'a.b', '-a', 'a/b', 'a@b', 'x' * 64])
def test_a_subdomain_is_one_label(given):
    assert label_of('tenant', 'OctoCorp') == 'octocorp'
    with pytest.raises(ValueError, match='subdomain'):
        label_of('tenant', given)


@pytest.mark.parametrize(
    ('template', 'repository'),
    [
        ('${org_slug}/${project_slug}', ('acme', 'shop')),
        ('octo/${team_slug}.shop_1', ('octo', 'blue.shop_1')),
    ],
)
def test_a_repository_is_owner_and_name(template, repository):
    assert repository_of(template, context()) == repository


@pytest.mark.parametrize(
    'template',
    [
        'shop',
        'acme/..',
        'acme/.',
        'acme/',
        '/shop',
        'a/b/c',
        'acme/${environment}',
        'acme/${nonsense}',
        'acme/sh%2fop',
        'acme/shop?x',
    ],
)
def test_what_is_no_repository_is_refused(template):
    with pytest.raises(ValueError, match=r'repository|template'):
        repository_of(template, context())


def test_workflows_and_inputs_are_named():
    assert workflow_of('.github/workflows/deploy.yml') == 'deploy.yml'
    assert workflow_of('161335') == '161335'
    assert input_of('mark_input', 'mark-1') == 'mark-1'
    for bad in ('deploy', '../x.yml', 'a/b.yml', 'x.yml?y'):
        with pytest.raises(ValueError, match='workflow'):
            workflow_of(bad)
    for bad in ('1st', 'a b', 'a=b'):
        with pytest.raises(ValueError, match='mark_input'):
            input_of('mark_input', bad)


@pytest.mark.parametrize(
    'name', ['main', 'feature/one#2', 'v1.0', 'ü/ß', 'a.b', 'x@y', '%2e']
)
def test_names_that_git_allows_stay_one_segment_of_a_url(name):
    assert checked_ref(name) == name
    assert set('/#?%') & set(escaped(name)) <= {'%'}


@pytest.mark.parametrize(
    'name',
    [
        *('', '.', '..', '@', '/x', 'x/', 'a//b', 'a..b', '.x', 'a/.b'),
        *('x.', 'x.lock', 'x.lock/y', '-x', 'a b', 'a~1', 'a^', 'a:b'),
        *('a?', 'a*', 'a[', 'a\\b', 'a@{1}', 'a\nb', 'a\x7f', 'x' * 256),
        '\ud800',
    ],
)
def test_names_that_git_does_not_allow_are_refused(name):
    with pytest.raises(ValueError, match='no name'):
        checked_ref(name)


def test_a_tag_needs_a_full_sha():
    assert checked_sha('A' * 40) == 'a' * 40
    for bad in ('a' * 39, 'main', 'g' * 40, ''):
        with pytest.raises(ValueError, match='full sha'):
            checked_sha(bad)
