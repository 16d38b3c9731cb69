"""URLs that must fail, each with the codes that it must fail by."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk import urls

ENDPOINTS = [
    # No text, or none to speak of.
    (None, 'url_type'),
    (7, 'url_type'),
    (True, 'url_type'),
    (b'https://gitlab.com/', 'url_type'),
    (['https://gitlab.com/'], 'url_type'),
    ('', 'url_blank'),
    (' \t', 'url_blank'),
    (f'https://gitlab.com/{"a" * 2030}', 'url_too_long'),
    ('x' * 50_000, 'url_too_long'),
    # Schemes.
    ('http://gitlab.com/oauth', 'url_scheme'),
    ('HTTP://gitlab.com/oauth', 'url_scheme'),
    ('ftp://gitlab.com/oauth', 'url_scheme'),
    ('ws://gitlab.com/', 'url_scheme'),
    ('httpss://gitlab.com/', 'url_scheme'),
    ('javascript:alert(1)', 'url_scheme'),
    ('javascript://gitlab.com/', 'url_scheme'),
    ('data:text/html,x', 'url_scheme'),
    ('file:///etc/passwd', 'url_host_invalid url_scheme'),
    ('mailto:ops@gitlab.com', 'url_scheme'),
    ('//gitlab.com/oauth', 'url_scheme'),
    ('/oauth/token', 'url_scheme'),
    ('gitlab.com/oauth', 'url_scheme'),
    ('gitlab.com:443/oauth', 'url_scheme'),
    ('https:gitlab.com/oauth', 'url_scheme'),
    ('https:/gitlab.com/oauth', 'url_scheme'),
    ('https//gitlab.com/oauth', 'url_scheme'),
    ('://gitlab.com/', 'url_scheme'),
    ('https', 'url_scheme'),
    ('blob:https://gitlab.com/x', 'url_scheme'),
    # Userinfo.
    ('https://user@gitlab.com/', 'url_userinfo'),
    ('https://user:word@gitlab.com/', 'url_userinfo'),
    ('https://@gitlab.com/', 'url_userinfo'),
    ('https://:@gitlab.com/', 'url_userinfo'),
    ('https://github.com@evil.com/', 'url_userinfo'),
    ('https://github.com:443@evil.com/', 'url_userinfo'),
    ('https://a@b@gitlab.com/', 'url_userinfo'),
    ('https://github.com%2f@evil.com/', 'url_userinfo'),
    # Backslashes.
    ('https://github.com\\@evil.com/', 'url_backslash'),
    ('https://github.com\\.evil.com/', 'url_backslash'),
    ('https:\\\\gitlab.com\\oauth', 'url_backslash'),
    ('https://gitlab.com\\oauth', 'url_backslash'),
    ('https://gitlab.com/a\\b', 'url_backslash'),
    ('https://gitlab.com/a?b=\\c', 'url_backslash'),
    ('https:/\\gitlab.com/', 'url_backslash'),
    # Addresses, plain and disguised.
    ('https://127.0.0.1/', 'url_ip_literal'),
    ('https://10.0.0.1:8443/', 'url_ip_literal url_port'),
    ('https://169.254.169.254/latest/meta-data', 'url_ip_literal'),
    ('https://127.1/', 'url_ip_literal'),
    ('https://2130706433/', 'url_ip_literal'),
    ('https://0x7f000001/', 'url_ip_literal'),
    ('https://0X7F.0.0.0x1/', 'url_ip_literal'),
    ('https://0x7f.1/', 'url_ip_literal'),
    ('https://0x/', 'url_ip_literal'),
    ('https://017700000001/', 'url_ip_literal'),
    ('https://0177.0.0.01/', 'url_ip_literal'),
    ('https://0/', 'url_ip_literal'),
    ('https://1.2.3.4.5/', 'url_ip_literal'),
    ('https://999.999.999.999/', 'url_ip_literal'),
    ('https://gitlab.com.1/', 'url_ip_literal'),
    ('https://gitlab.0xa/', 'url_ip_literal'),
    ('https://127.0.0.1./', 'url_ip_literal url_trailing_dot'),
    ('https://[::1]/', 'url_ip_literal'),
    ('https://[::ffff:127.0.0.1]:8443/', 'url_ip_literal'),
    ('https://[fe80::1%25eth0]/', 'url_ip_literal'),
    ('https://[v1.x]/', 'url_ip_literal'),
    ('https://[::1/', 'url_ip_literal'),
    ('https://::1/', 'url_ip_literal'),
    ('https://fe80::1:2/', 'url_ip_literal'),
    # Hosts that mean another machine for everybody.
    ('https://gitlab/', 'url_single_label'),
    ('https://intern:8443/', 'url_port url_single_label'),
    ('https://com/', 'url_single_label'),
    ('https://localhost/', 'url_special_use'),
    ('https://LOCALHOST:443/', 'url_special_use'),
    ('https://app.localhost/', 'url_special_use'),
    ('https://localhost.localdomain/', 'url_special_use'),
    ('https://printer.local/', 'url_special_use'),
    ('https://git.acme.internal/', 'url_special_use'),
    ('https://metadata.google.internal/', 'url_special_use'),
    ('https://gitlab.test/', 'url_special_use'),
    ('https://acme.example/', 'url_special_use'),
    ('https://example.com/', 'url_special_use'),
    ('https://auth.example.com/oauth', 'url_special_use'),
    ('https://Example.ORG/', 'url_special_use'),
    ('https://www.example.net/', 'url_special_use'),
    ('https://a.invalid/', 'url_special_use'),
    ('https://abc.onion/', 'url_special_use'),
    ('https://a.alt/', 'url_special_use'),
    ('https://1.0.0.127.in-addr.arpa/', 'url_special_use'),
    ('https://router.home.arpa/', 'url_special_use'),
    ('https://git.corp/', 'url_special_use'),
    ('https://git.lan/', 'url_special_use'),
    ('https://git.intranet/', 'url_special_use'),
    ('https://example.com./', 'url_special_use url_trailing_dot'),
    # The shape of a host.
    ('https://', 'url_host_invalid'),
    ('https:///oauth', 'url_host_invalid'),
    ('https://?a=b', 'url_host_invalid'),
    ('https://:443/', 'url_host_invalid'),
    ('https://gitlab.com./oauth', 'url_trailing_dot'),
    ('https://gitlab.com.:443/', 'url_trailing_dot'),
    ('https://./', 'url_empty_label url_trailing_dot'),
    ('https://gitlab..com/', 'url_empty_label'),
    ('https://.gitlab.com/', 'url_empty_label'),
    ('https://gitlab.com../', 'url_empty_label url_trailing_dot'),
    (f'https://{"a" * 64}.com/', 'url_label_length'),
    (f'https://{"a." * 130}com/', 'url_label_length'),
    ('https://-gitlab.com/', 'url_host_invalid'),
    ('https://gitlab-.com/', 'url_host_invalid'),
    ('https://git_lab.com/', 'url_host_invalid'),
    ('https://gitlab%2ecom/', 'url_host_invalid'),
    ('https://gitlab.com%00.evil.com/', 'url_host_invalid'),
    ('https://*.gitlab.com/', 'url_host_invalid'),
    ('https://gitlab,com/', 'url_host_invalid'),
    ("https://git'lab.com/", 'url_host_invalid'),
    ('https://xn--/', 'url_host_invalid url_single_label'),
    ('https://xn--a.com/', 'url_punycode'),
    ('https://xn--abc.com/', 'url_punycode'),
    ('https://xn---foo.com/', 'url_punycode'),  # another form decodes alike
    ('https://xn--bcher-2pa.com/', 'url_punycode'),  # a capital letter
    ('https://xn--x-sy8h.com/', 'url_punycode'),  # a ligature
    ('https://xn--gitlab-.com/', 'url_host_invalid'),
    ('https://xn--99999999999.com/', 'url_punycode'),
    # Letters that look like others.
    ('https://gіtlab.com/', 'url_non_ascii_host'),  # noqa: RUF001
    ('https://bücher.de/', 'url_non_ascii_host'),
    ('https://ｇitlab.com/', 'url_non_ascii_host'),  # noqa: RUF001
    ('https://gitlab。com/', 'url_non_ascii_host url_single_label'),
    ('https://evil.com\u2044.gitlab.com/', 'url_non_ascii_host'),
    ('https://git\u200blab.com/', 'url_non_ascii_host'),
    ('https://git\u00adlab.com/', 'url_non_ascii_host'),
    ('https://gitlab.com/\u00fc', 'url_control'),
    ('https://gitlab.com/a?b=\u2028', 'url_control'),
    ('https://gitlab.com/\ud800', 'url_control'),
    # Ports.
    ('https://gitlab.com:/', 'url_port_invalid'),
    ('https://gitlab.com:0/', 'url_port_invalid'),
    ('https://gitlab.com:0443/', 'url_port_invalid'),
    ('https://gitlab.com:65536/', 'url_port_invalid'),
    ('https://gitlab.com:99999999999999999999/', 'url_port_invalid'),
    ('https://gitlab.com:https/', 'url_port_invalid'),
    ('https://gitlab.com:-1/', 'url_port_invalid'),
    ('https://gitlab.com:+443/', 'url_port_invalid'),
    ('https://gitlab.com:443:443/', 'url_port_invalid'),
    # White space and control characters.
    (' https://gitlab.com/', 'url_control'),
    ('https://gitlab.com/ ', 'url_control'),
    ('https://gitlab.com/\n', 'url_control'),
    ('https://gitlab.com/a b', 'url_control'),
    ('ht\ntps://gitlab.com/', 'url_control'),
    ('https://git\tlab.com/', 'url_control'),
    ('https://gitlab.com/\x00', 'url_control'),
    ('https://gitlab.com/\x7f', 'url_control'),
    ('java\nscript:alert(1)', 'url_control url_scheme'),
    ('https://gitlab.com/a\r\nX-Header: 1', 'url_control'),
    ('https://gitlab.com/a%0d%0aX-Header:1', 'url_control'),
    ('https://gitlab.com/a%00.png', 'url_control'),
    ('https://gitlab.com/%7f', 'url_control'),
    # Characters that RFC 3986 does not know.
    ('https://gitlab.com/"x"', 'url_character'),
    ('https://gitlab.com/<b>', 'url_character'),
    ('https://gitlab.com/a|b', 'url_character'),
    ('https://gitlab.com/a^b', 'url_character'),
    ('https://gitlab.com/`x`', 'url_character'),
    ('https://gitlab.com/a?b[]=c', 'url_character'),
    ('https://gitlab.com/a?b=<c>', 'url_character'),
    ('https://gitlab.com/a?b="c"', 'url_character'),
    ('https://gitlab.com/a?b=c|d', 'url_character'),
    ('https://gitlab.com/a[1]', 'url_character'),
    ('https://git<lab.com/', 'url_character'),
    # Dots and delimiters of a path.
    ('https://gitlab.com/.', 'url_dot_segment'),
    ('https://gitlab.com/..', 'url_dot_segment'),
    ('https://gitlab.com/a/../b', 'url_dot_segment'),
    ('https://gitlab.com/a/./b', 'url_dot_segment'),
    ('https://gitlab.com/a/..;x/b', 'url_dot_segment'),
    ('https://gitlab.com/.;/b', 'url_dot_segment'),
    ('https://gitlab.com/%2e%2e/b', 'url_dot_segment url_encoded_delimiter'),
    ('https://gitlab.com/.%2E/b', 'url_dot_segment url_encoded_delimiter'),
    ('https://gitlab.com/%2e', 'url_dot_segment url_encoded_delimiter'),
    ('https://gitlab.com/%252e', 'url_dot_segment url_encoded_delimiter'),
    ('https://gitlab.com/a%2eb', 'url_encoded_delimiter'),
    ('https://gitlab.com/a%2fb', 'url_encoded_delimiter'),
    ('https://gitlab.com/a%2Fb', 'url_encoded_delimiter'),
    ('https://gitlab.com/a%5cb', 'url_encoded_delimiter'),
    ('https://gitlab.com/a%252fb', 'url_encoded_delimiter'),
    ('https://gitlab.com/a%25255Cb', 'url_encoded_delimiter'),
    ('https://gitlab.com/%', 'url_percent'),
    ('https://gitlab.com/%2', 'url_percent'),
    ('https://gitlab.com/%zz', 'url_percent'),
    ('https://gitlab.com/%u0041', 'url_percent'),
    ('https://gitlab.com/a?b=100%', 'url_percent'),
    # Fragments.
    ('https://gitlab.com/oauth#', 'url_fragment'),
    ('https://gitlab.com/oauth#top', 'url_fragment'),
    ('https://gitlab.com#@evil.com/', 'url_fragment'),
    ('https://gitlab.com/#/oauth', 'url_fragment'),
    ('https://gitlab.com/a#b#c', 'url_character url_fragment'),
    # Queries.
    ('https://gitlab.com/a?scope=api', 'url_query_reserved'),
    ('https://gitlab.com/a?x=1&client_id=7', 'url_query_reserved'),
    ('https://gitlab.com/a?redirect_uri=x', 'url_query_reserved'),
    ('https://gitlab.com/a?response_type=code', 'url_query_reserved'),
    ('https://gitlab.com/a?state', 'url_query_reserved'),
    ('https://gitlab.com/a?State=1', 'url_query_reserved'),
    ('https://gitlab.com/a?x;state=1', 'url_query_reserved'),
    ('https://gitlab.com/a?st%61te=1', 'url_query_reserved'),
    ('https://gitlab.com/a?state%5B%5D=1', 'url_query_reserved'),
    ('https://gitlab.com/a?+state=1', 'url_query_reserved'),
    ('https://gitlab.com/a?nonce=1', 'url_query_reserved'),
    ('https://gitlab.com/a?code=1', 'url_query_reserved'),
    ('https://gitlab.com/a?code_challenge=1', 'url_query_reserved'),
    ('https://gitlab.com/a?grant_type=x', 'url_query_reserved'),
    ('https://gitlab.com/a?prompt=none', 'url_query_reserved'),
    ('https://gitlab.com/a?audience=x', 'url_query_reserved'),
    ('https://gitlab.com?client_secret=x', 'url_query_reserved S'),
    ('https://gitlab.com/a?refresh_token=x', 'url_query_reserved S'),
    ('https://gitlab.com/a?password=x', 'url_query_reserved S'),
    ('https://gitlab.com/a?api_key=x', 'S'),
    ('https://gitlab.com/a?apiKey=x', 'S'),
    ('https://gitlab.com/a?APIKey=x', 'S'),
    ('https://gitlab.com/a?apikey=x', 'S'),
    ('https://gitlab.com/a?%61pi-key=x', 'S'),
    ('https://gitlab.com/a?private_token=x', 'S'),
    ('https://gitlab.com/a?accesstoken=x', 'S'),
    ('https://gitlab.com/a?X-Amz-Signature=x', 'S'),
    ('https://gitlab.com/a?sv=1&sig=x', 'S'),
    ('https://gitlab.com/a?x=1;clientSecret=x', 'S'),
    ('https://gitlab.com/a?subscription-key=x', 'S'),
    # Several faults, all of them told.
    (
        'http://user:word@127.0.0.1:0/../a%2fb?scope=x#y',
        (
            'url_dot_segment url_encoded_delimiter url_fragment '
            'url_ip_literal url_port_invalid url_query_reserved url_scheme '
            'url_userinfo'
        ),
    ),
    (
        ' https://a@localhost\\x\u00e9"',
        (
            'url_backslash url_character url_control url_control '
            'url_special_use url_userinfo'
        ),
    ),
]

OTHER_KINDS = [
    ('issuer', 'https://gitlab.com/?', 'url_query'),
    ('issuer', 'https://gitlab.com/?a=b', 'url_query'),
    ('issuer', 'https://gitlab.com/#a', 'url_fragment'),
    ('issuer', 'https://gitlab.com?a#b', 'url_fragment url_query'),
    ('issuer', 'https://gitlab.com?token=b', 'S url_query'),
    ('issuer', 'http://gitlab.com', 'url_scheme'),
    ('link', 'https://gitlab.com/?private_token=x', 'S'),
    ('link', 'https://gitlab.com/?client_secret=x#y', 'S'),
    ('link', 'https://localhost/#x', 'url_special_use'),
    ('link', 'https://gitlab.com/#a b', 'url_control'),
    ('link', 'https://gitlab.com/#a%', 'url_percent'),
    ('link', 'https://gitlab.com/#{a}', 'url_variable_undeclared'),
    ('link', 'http://gitlab.com/', 'url_scheme'),
    ('service', 'https://user@gitlab.com/', 'url_userinfo'),
    ('service', 'https://10.0.0.1/', 'url_ip_literal'),
    ('service', 'https://gitlab.com/..#x', 'url_dot_segment'),
]

TEMPLATES = [
    # Syntax: RFC 6570, level 1, and nothing else.
    ('https://{}.okta.com/', 'url_variable_syntax'),
    ('https://{+host}/', 'url_variable_syntax'),
    ('https://gitlab.com{/segment}', 'url_variable_syntax'),
    ('https://gitlab.com/{/segment}', 'url_variable_syntax'),
    ('https://gitlab.com/a{?segment}', 'url_variable_syntax'),
    ('https://gitlab.com/a{#segment}', 'url_variable_syntax'),
    ('https://gitlab.com/{segment*}', 'url_variable_syntax'),
    ('https://gitlab.com/{segment:3}', 'url_variable_syntax'),
    ('https://gitlab.com/{segment,label}', 'url_variable_syntax'),
    ('https://gitlab.com/{ segment }', 'url_variable_syntax'),
    ('https://gitlab.com/{seg-ment}', 'url_variable_syntax'),
    ('https://gitlab.com/{_}', 'url_variable_syntax'),
    ('https://gitlab.com/{1}', 'url_variable_syntax'),
    ('https://gitlab.com/{ségment}', 'url_variable_syntax'),
    ('https://gitlab.com/{{segment}}', 'url_variable_syntax'),
    ('https://gitlab.com/${segment', 'url_variable_syntax'),
    ('https://gitlab.com/segment}', 'url_variable_syntax'),
    ('https://{label.okta.com/x', 'url_variable_syntax'),
    # Declarations.
    ('https://{lable}.okta.com/', 'url_variable_undeclared'),
    ('https://{Label}.okta.com/', 'url_variable_undeclared'),
    ('https://{unknown}/', 'url_variable_undeclared'),
    ('{unknown}/x', 'url_variable_undeclared'),
    (
        'https://{one}.okta.com/{two}/{one}',
        'url_variable_undeclared url_variable_undeclared',
    ),
    # Places.
    ('{label}://gitlab.com/', 'url_variable_position'),
    ('http{label}://gitlab.com/', 'url_variable_position'),
    ('https://{label}@gitlab.com/', 'url_userinfo url_variable_position'),
    ('https://a:{label}@gitlab.com/', 'url_userinfo url_variable_position'),
    ('https://gitlab.com:{label}/', 'url_variable_position'),
    ('https://gitlab.com:4{label}/', 'url_variable_position'),
    ('https://gitlab.com/a?{segment}=b', 'url_variable_position'),
    ('https://gitlab.com/a?{segment}', 'url_variable_position'),
    ('https://gitlab.com/a?b=c&x{segment}=d', 'url_variable_position'),
    # Kinds in places.
    ('https://{segment}.okta.com/', 'url_variable_mixed'),
    ('https://{segment}/', 'url_variable_mixed'),
    ('{label}/x', 'url_variable_mixed'),
    ('{host}/x', 'url_variable_mixed'),
    ('{host}', 'url_variable_mixed'),
    ('https://{host}.okta.com/', 'url_variable_mixed'),
    ('https://{host}:8443/', 'url_port url_variable_mixed'),
    ('https://sso-{host}/', 'url_variable_mixed'),
    ('https://{host}oauth/', 'url_variable_mixed'),
    ('https://gitlab.com/{base_url}', 'url_variable_mixed'),
    ('https://gitlab.com/a?b={base_url}', 'url_variable_mixed'),
    ('https://sso.{base_url}/', 'url_variable_mixed'),
    ('{base_url}/{base_url}', 'url_variable_mixed'),
    ('{base_url}.gitlab.com/', 'url_variable_mixed'),
    ('{base_url}:8443/', 'url_variable_mixed'),
    ('{base_url}@gitlab.com/', 'url_variable_mixed'),
    # What the other rules say of a template.
    ('https://{label}/', 'url_single_label'),
    ('https://{label}{enum}/', 'url_single_label'),
    ('https://{enum}/', 'url_single_label'),
    ('https://{label}.local/', 'url_special_use'),
    ('https://{label}.okta.com./', 'url_trailing_dot'),
    ('https://{label}.1/', 'url_ip_literal'),
    ('https://{label}..com/', 'url_empty_label'),
    ('https://{label}_.okta.com/', 'url_host_invalid'),
    ('https://-{label}.okta.com/', 'url_host_invalid'),
    ('http://{label}.okta.com/', 'url_scheme'),
    ('https://gitlab.{bad_ending}/', 'url_special_use'),
    ('https://gitlab.com/%{segment}', 'url_percent'),
    ('https://gitlab.com/%2{segment}', 'url_percent'),
    ('https://gitlab.com/{segment}/../x', 'url_dot_segment'),
    ('https://gitlab.com/a?token={segment}', 'S url_query_reserved'),
    ('https://gitlab.com/a?api_key={segment}', 'S'),
    ('{base_url}/../x', 'url_dot_segment'),
    ('{base_url}\\x', 'url_backslash'),
    ('{base_url}#x', 'url_fragment'),
    ('https://gitlab.com/#{base_url}', 'url_fragment url_variable_mixed'),
    ('{base_url}?scope=x', 'url_query_reserved'),
    ('http://{base_url}/x', 'url_scheme url_variable_mixed'),
]


def expected(codes):
    return sorted(codes.replace('S', 'url_query_secret').split())


def found(url, **more):
    return sorted(problem.code for problem in urls.check_url(url, **more))


@pytest.mark.parametrize(('url', 'codes'), ENDPOINTS)
def test_bad_endpoints_are_refused_by_exactly_these_rules(url, codes):
    assert found(url, kind='endpoint') == expected(codes)


@pytest.mark.parametrize(('kind', 'url', 'codes'), OTHER_KINDS)
def test_other_kinds_are_refused_by_exactly_these_rules(kind, url, codes):
    assert found(url, kind=kind) == expected(codes)


@pytest.mark.parametrize(('url', 'codes'), TEMPLATES)
def test_bad_templates_are_refused_by_exactly_these_rules(
    url, codes, variables
):
    assert found(url, kind='endpoint', variables=variables) == expected(codes)


def test_every_url_rule_refuses_something():
    """But `url_grammar`, which stands behind the others, and `unused`."""
    refused = {
        code
        for *_, codes in [*ENDPOINTS, *OTHER_KINDS, *TEMPLATES]
        for code in expected(codes)
    }
    rules = {code for code in urls.RULES if code.startswith('url_')}
    assert rules - refused == {'url_grammar', 'url_variable_unused'}


def test_no_url_stands_in_the_corpus_twice():
    table = [
        *(('endpoint', repr(url)) for url, _ in ENDPOINTS),
        *((kind, repr(url)) for kind, url, _ in OTHER_KINDS),
        *(('template', repr(url)) for url, _ in TEMPLATES),
    ]
    assert len(table) == len(set(table))
    assert len(table) > 120


def test_the_longest_url_passes_and_one_more_character_does_not():
    longest = 'https://gitlab.com/'.ljust(urls.MAX_URL, 'a')
    assert found(longest, kind='endpoint') == []
    assert found(f'{longest}a', kind='endpoint') == ['url_too_long']


def test_a_reserved_parameter_is_told_where_it_belongs():
    def fix(name):
        url = f'https://gitlab.com/a?{name}=x'
        return urls.check_url(url, kind='endpoint')[0].fix

    assert 'default_scopes' in fix('scope')
    assert 'authorization_params' in fix('response_mode')
    assert 'service application' in fix('client_id')
    assert 'use_pkce' in fix('code_challenge')
    assert 'host adds it' in fix('state')


def test_a_caller_may_bring_another_idea_of_secret_names():
    url = 'https://gitlab.com/a?api_key=x&pin=1'
    (problem,) = urls.check_url(
        url, kind='link', secret_names=lambda name: name == 'pin'
    )
    assert problem.code == 'url_query_secret'
    assert '`pin`' in problem.message


def test_an_operators_host_may_be_private_but_not_himself():
    def codes(host):
        return found(f'https://{host}/', kind='endpoint', operator=True)

    for host in ('git.acme.internal', 'git.local', 'x.home.arpa', 'a.test'):
        assert codes(host) == []
    for host in (
        'localhost',
        'a.localhost',
        'a.invalid',
        'internal',
        'metadata.google.internal',
        'gitlab.example.com',
    ):
        assert codes(host) == ['url_special_use']
    assert codes('git') == ['url_single_label']
    assert codes('10.0.0.1') == ['url_ip_literal']


def test_an_unused_variable_is_told(variables):
    used = ['https://{label}.okta.com/{segment}', None, '{base_url}/{host}']
    problems = urls.check_usage(used, variables)
    assert [(each.code, each.path) for each in problems] == [
        ('url_variable_unused', 'variables.enum'),
        ('url_variable_unused', 'variables.ending'),
        ('url_variable_unused', 'variables.bad_ending'),
    ]


def test_a_bad_choice_of_an_enum_is_named(variables):
    (problem,) = urls.check_url(
        'https://gitlab.{bad_ending}/', kind='endpoint', variables=variables
    )
    assert "'local'" in problem.message
    assert '{bad_ending}' in problem.message


def test_an_undeclared_placeholder_gets_a_did_you_mean(variables):
    (problem,) = urls.check_url(
        'https://{lable}.okta.com/', kind='endpoint', variables=variables
    )
    assert "Did you mean 'label'?" in problem.fix


def test_the_path_is_carried_by_every_problem():
    problems = urls.check_url(
        'http://127.1/..#x', kind='endpoint', path='token_endpoint'
    )
    assert len(problems) == 4
    assert {problem.path for problem in problems} == {'token_endpoint'}


@pytest.mark.parametrize(
    'url',
    [
        'https://{s}@gitlab.com/',
        'https://user:{s}@gitlab.com/',
        'https://{s}:x@gitlab.com/',
        'https:user:{s}@gitlab.com/',
        'https:/user:{s}@gitlab.com',
        'user:{s}@gitlab.com',
        '{s}:word@gitlab.com',
        'https://user:{s}/x@gitlab.com/',
        'https://{s}:x/y@gitlab.com/',
        'https://user:x{s}?y@gitlab.com/',
        'https://user:{s}#y@gitlab.com/',
        'https://user:{s}\\@gitlab.com/',
        'https://user:{s}%@[::1]/',
        'https://gitlab.com/a?token={s}',
        'https://gitlab.com/a?client_secret={s}&scope={s}',
        'https://gitlab.com/a?{s}-token',
        'https://gitlab.com/a?x={s}%#{s}"',
        'https://gitlab.com/{s}/../%zz',
        'https://gitlab.com/#access_token={s}',
    ],
)
@pytest.mark.parametrize('kind', ['endpoint', 'issuer', 'link'])
def test_no_message_shows_what_may_be_secret(url, kind):
    secret = 'hunter2' + 'Zq' * 4
    problems = urls.check_url(url.replace('{s}', secret), kind=kind)
    assert problems or '#access' in url
    for problem in problems:
        assert 'hunter2' not in str(problem)
        assert 'zqzq' not in str(problem).lower()


def test_every_rule_tells_what_must_hold_and_how_to_mend_it():
    for code, rule in urls.RULES.items():
        assert rule.must, code
        assert not rule.must.endswith('.'), code
        assert rule.fix.endswith('.'), code
        assert rule.fix[0].isupper(), code


def test_the_messages_own_examples_are_good(variables):
    """An example in a fix that the rules refuse would be a trap."""
    import re  # noqa: PLC0415

    examples = [
        example
        for rule in urls.RULES.values()
        for example in re.findall(r'"(https://[^"]+)"', rule.fix)
    ]
    assert len(examples) >= 5
    names = {'tenant': variables['label']}
    for example in examples:
        assert found(example, kind='endpoint', variables=names) == []


def test_hostile_text_is_judged_in_linear_time():
    """50 kB each; quadratic work would take seconds."""
    import time  # noqa: PLC0415

    size = 50_000
    texts = [
        character * size
        for character in (
            '{',
            '}',
            '{a',
            '{a}',
            '%',
            '.',
            '-',
            '/',
            '@',
            ':',
            'a',
            '&',
        )
    ]
    texts += [f'https://{text}' for text in texts]
    texts += [f'https://x.com/?{text}' for text in texts[:12]]
    for text in texts:
        start = time.process_time()
        urls.check_url(text, kind='endpoint')
        urls.normalise_url(text)
        urls.used_variables(text)
        urls.hosts_of(text)
        assert time.process_time() - start < 0.05, text[:20]
