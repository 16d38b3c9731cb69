"""URLs that must pass: real vendors', and the odd but legal."""

from __future__ import annotations

import json
import pathlib

import pytest

from imbi_plugin_sdk import urls

FACTS = json.loads(
    pathlib.Path(__file__)
    .with_name('oauth_endpoints.json')
    .read_text(encoding='utf-8')
)
ENDPOINTS = [
    pytest.param(vendor, url, id=f'{vendor}-{index}')
    for vendor, *endpoints in FACTS['conforming']
    for index, url in enumerate(endpoints)
]


def declared(vendor, variable):
    kinds = FACTS['kinds'].get(vendor, {})
    return {name: variable(kind) for name, kind in kinds.items()}


def test_the_facts_are_all_there():
    assert len(FACTS['conforming']) == 138
    assert len(ENDPOINTS) == 282


@pytest.mark.parametrize(('vendor', 'url'), ENDPOINTS)
def test_endpoints_of_real_vendors_pass(vendor, url, variable):
    variables = declared(vendor, variable)
    assert urls.check_url(url, kind='endpoint', variables=variables) == ()


@pytest.mark.parametrize(('vendor', 'url'), ENDPOINTS)
def test_a_fragment_is_all_that_is_wrong_with_them(vendor, url, variable):
    variables = declared(vendor, variable)
    problems = urls.check_url(
        f'{url}#top', kind='endpoint', variables=variables
    )
    assert [problem.code for problem in problems] == ['url_fragment']


@pytest.mark.parametrize(('vendor', 'url'), ENDPOINTS)
def test_endpoints_of_real_vendors_are_not_rewritten(vendor, url, variable):
    assert urls.normalise_url(url) == url


@pytest.mark.parametrize('vendor', sorted(FACTS['kinds']))
def test_each_declared_kind_is_used(vendor, variable):
    endpoints = next(row for row in FACTS['conforming'] if row[0] == vendor)
    variables = declared(vendor, variable)
    assert urls.check_usage(endpoints[1:], variables) == ()


@pytest.mark.parametrize(
    'url',
    [
        'https://gitlab.com',
        'https://gitlab.com/',
        'https://gitlab.com?a=b',
        'https://gitlab.com/?',
        'HTTPS://GitLab.com/Path',
        'https://gitlab.com:443/oauth',
        'https://a.b.c.d.e.f.gitlab.com/',
        'https://1password.com/',
        'https://37signals.com/',
        'https://1.gitlab.com/',
        'https://0x7f.com/',
        'https://xn--bcher-kva.de/',
        'https://gitlab.xn--p1ai/',
        'https://a--b.com/',
        f'https://{"a" * 63}.com/',
        'https://gitlab.com//double//slash/',
        "https://gitlab.com/-_.~!$&'()*+,;=:@/x",
        'https://gitlab.com/a%20b/%C3%A9/%25',
        'https://gitlab.com/...',
        'https://gitlab.com/.well-known/openid-configuration',
        'https://gitlab.com/a.b/..c/d..',
        'https://gitlab.com/;v=1/x',
        'https://medium.com/@user:1/feed',
        'https://login.salesforce.com/x?api-version=5.0&flow=%2Fa/b?c',
        'https://gitlab.com/x?redirect=https://github.com/',
        'https://gitlab.com/x?statement=1&scopes=a&codec=b',
        'https://gitlab.com/x?access_type=offline',
        'https://gitlab.com/x?token_endpoint=1&secret_type=2&keyboard=3',
        'https://localhosting.com/',
        'https://mylocal.com/',
        'https://test.com/',
        'https://example.de/',
        'https://notexample.com/',
        'https://arpa.com/',
        'https://home.com/',
    ],
)
def test_odd_but_legal_endpoints_pass(url):
    assert urls.check_url(url, kind='endpoint') == ()


@pytest.mark.parametrize('kind', ['link', 'service'])
@pytest.mark.parametrize(
    'url',
    [
        'https://gitlab.com/dashboard#settings',
        'https://gitlab.com/#/projects?sort=name',
        'https://gitlab.com/issues?state=open&scope=all&code=1',
        'https://gitlab.com/x?client_id=public&prompt=none',
    ],
)
def test_links_may_have_fragments_and_any_plain_query(url, kind):
    assert urls.check_url(url, kind=kind) == ()


@pytest.mark.parametrize(
    'url',
    [
        'https://{label}.okta.com/x',
        'https://api-{label}.okta.com/x',
        'https://{label}-{enum}.okta.com/x',
        'https://{label}.{enum}.okta.com:443/x',
        'https://accounts.zoho.{ending}/x',
        'https://{host}',
        'https://{host}/x',
        'https://sso.{host}/x',
        'https://{base_url}/x',
        '{base_url}',
        '{base_url}/x/{segment}',
        '{base_url}?a={segment}',
        'https://{base_url}oauth/x',
        'https://gitlab.com/{segment}/{label}/{enum}/{host}',
        'https://gitlab.com/v{segment}/x.{segment}',
        'https://gitlab.com/x?a={segment}&b=c{host}',
        'https://gitlab.com/%7Bname%7D',
    ],
)
def test_placeholders_in_their_places_pass(url, variables):
    assert urls.check_url(url, kind='endpoint', variables=variables) == ()


def test_a_fragment_of_a_link_may_have_a_placeholder(variables):
    url = 'https://gitlab.com/#/{segment}'
    assert urls.check_url(url, kind='link', variables=variables) == ()


def test_an_issuer_may_have_a_path():
    url = 'https://login.microsoftonline.com/common/v2.0'
    assert urls.check_url(url, kind='issuer') == ()


@pytest.mark.parametrize('port', [1, 80, 444, 8443, 65535])
def test_another_port_is_only_a_warning(port):
    url = f'https://gitlab.com:{port}/'
    (problem,) = urls.check_url(url, kind='endpoint')
    assert problem.code == 'url_port'
    assert problem.code in urls.WARNING_CODES
    assert str(port) in problem.message


@pytest.mark.parametrize(
    ('url', 'expected'),
    [
        ('HTTPS://GitLab.COM/Path', 'https://gitlab.com/Path'),
        ('https://gitlab.com:443', 'https://gitlab.com'),
        ('https://gitlab.com:443/a', 'https://gitlab.com/a'),
        ('https://gitlab.com:4430/a', 'https://gitlab.com:4430/a'),
        ('https://gitlab.com:8443/a', 'https://gitlab.com:8443/a'),
        ('https://gitlab.com', 'https://gitlab.com'),
        ('https://gitlab.com/', 'https://gitlab.com/'),
        ('https://X.com/%7e/%7E?A=%2f#B', 'https://x.com/%7e/%7E?A=%2f#B'),
        ('https://{Tenant}.OKTA.com/x', 'https://{Tenant}.okta.com/x'),
        ('{Base}/X', '{Base}/X'),
        ('HTTP://GitLab.com/', 'HTTP://GitLab.com/'),
        ('not a url', 'not a url'),
        ('', ''),
    ],
)
def test_only_case_and_the_default_port_are_normalised(url, expected):
    assert urls.normalise_url(url) == expected


@pytest.mark.parametrize(
    ('url', 'expected'),
    [
        ('https://GitLab.com:8443/x', {'gitlab.com'}),
        ('https://{label}.OKTA.com/x', {'{label}.okta.com'}),
        ('https://{host}/x', {'{host}'}),
        ('{base_url}/x', {'{base_url}'}),
        ('https://{base_url}oauth', {'{base_url}'}),
        (
            'https://zoho.{ending}/x',
            {'zoho.com', 'zoho.eu', 'zoho.com.au'},
        ),
        (
            'https://{enum}.zoho.{enum}/x',
            {'us.zoho.us', 'eu.zoho.eu'},
        ),
        ('nonsense', set()),
        (f'https://gitlab.com/{"a" * 2048}', set()),
        (None, set()),
    ],
)
def test_the_hosts_of_a_url_are_told(url, expected, variables):
    assert urls.hosts_of(url, variables) == expected


def test_the_hosts_of_an_enum_are_in_lower_case(variable):
    spec = {'tld': variable('enum', choices=('COM', 'eu'))}
    hosts = urls.hosts_of('https://Zoho.{tld}/', spec)
    assert hosts == {'zoho.com', 'zoho.eu'}
