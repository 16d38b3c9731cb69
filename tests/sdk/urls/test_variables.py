"""Declarations of variables, values for them, and what they render to."""

from __future__ import annotations

import pickle
import time

import pytest

from imbi_plugin_sdk import urls


def codes(problems):
    return [problem.code for problem in problems]


# -- declarations ----------------------------------------------------------


@pytest.mark.parametrize('name', ['a', 'tenant', 'accountId', 'a_1', 'A' * 64])
def test_a_good_name_passes(name, variable):
    assert urls.check_variable(name, variable('label')) == ()


@pytest.mark.parametrize(
    'name', ['', '1a', '_a', 'a-b', 'a b', 'a.b', 'ä', 'a\n', 'a' * 65, '{a}']
)
def test_a_bad_name_is_refused(name, variable):
    problems = urls.check_variable(name, variable('label'), 'variables.x')
    assert codes(problems) == ['variable_name']
    assert problems[0].path == 'variables.x'


def test_a_misspelt_kind_gets_a_did_you_mean(variable):
    (problem,) = urls.check_variable('a', variable('segmnet'), 'variables.a')
    assert problem.code == 'variable_kind'
    assert problem.path == 'variables.a.kind'
    assert "Did you mean 'segment'?" in problem.fix


@pytest.mark.parametrize('kind', ['label', 'host', 'segment', 'base_url'])
def test_choices_belong_to_enums_only(kind, variable):
    spec = variable(kind, choices=('a', 'b'))
    (problem,) = urls.check_variable('a', spec, 'v')
    assert (problem.code, problem.path) == ('variable_choices', 'v.choices')


@pytest.mark.parametrize('choices', [None, ()])
def test_an_enum_has_choices(choices, variable):
    spec = variable('enum', choices=choices)
    assert codes(urls.check_variable('a', spec)) == ['variable_choices']


@pytest.mark.parametrize(
    'bad', ['', ' ', 'a/b', '..', '.', 'a%2fb', 'a\\b', 'a\n', 'us', 'a' * 256]
)
def test_a_bad_choice_is_refused_at_its_index(bad, variable):
    spec = variable('enum', choices=('us', bad))
    (problem,) = urls.check_variable('region', spec, 'v')
    assert problem.code == 'variable_choices'
    assert problem.path == 'v.choices[1]'


def test_choices_match_the_pattern(variable):
    spec = variable('enum', choices=('us', 'EU'), pattern='[a-z]+')
    (problem,) = urls.check_variable('region', spec, 'v')
    assert (problem.code, problem.path) == ('variable_choices', 'v.choices[1]')


@pytest.mark.parametrize(
    ('kind', 'more', 'default'),
    [
        ('label', {}, 'acme'),
        ('host', {}, 'git.acme.com:8443'),
        ('segment', {}, 'my realm'),
        ('enum', {'choices': ('us', 'eu')}, 'eu'),
        ('base_url', {}, 'https://git.acme.com/sso'),
        ('label', {'pattern': '[a-z]{2,6}'}, 'acme'),
    ],
)
def test_a_default_that_fits_passes(kind, more, default, variable):
    spec = variable(kind, default=default, **more)
    assert urls.check_variable('a', spec) == ()


@pytest.mark.parametrize(
    ('kind', 'more', 'default'),
    [
        ('label', {}, 'a.b'),
        ('label', {}, ''),
        ('host', {}, '10.0.0.1'),
        ('segment', {}, '..'),
        ('enum', {'choices': ('us', 'eu')}, 'de'),
        ('base_url', {}, 'http://git.acme.com'),
        ('label', {'pattern': '[a-z]+'}, 'ACME'),
    ],
)
def test_a_default_that_does_not_fit_is_refused(kind, more, default, variable):
    spec = variable(kind, default=default, **more)
    (problem,) = urls.check_variable('a', spec, 'variables.a')
    assert problem.code == 'variable_default'
    assert problem.path == 'variables.a.default'


def test_all_faults_of_a_declaration_are_told_at_once(variable):
    spec = variable('label', choices=('a',), default='..', pattern='(a+)+')
    assert codes(urls.check_variable('-', spec)) == [
        'variable_name',
        'variable_choices',
        'variable_pattern',
        'variable_default',
    ]


GOOD_PATTERNS = [
    '[a-z]+',
    '[a-z][a-z0-9-]{2,30}',
    '[a-z]+-[a-z]+-[0-9]+',
    r'\d{12}',
    r'\w+\.\w+',
    '(?:eu|us)-[0-9]',
    '(dev)?[a-z]+',
    '(?:-beta)?',
    r'[\]\[x]+',
    r'[]a]+',
    r'\(a\)\+',
    'a{3}b{,5}',
    '.*',
]
BAD_PATTERNS = [
    '(a+)+',
    '(a|b)*',
    '(?:ab){2,}',
    '(?:ab){3}',
    r'(a)\1',
    '(?=a)a',
    '(?!a)b',
    '(?<=a)b',
    '(?i)a',
    '(?P<x>a)',
    '(?>a)',
    '(?#x)a',
    r'\bfoo',
    r'\Afoo',
    'a*b*c*d*',
    '.*.*.*.*',
    'a?' * 24 + 'a' * 24,
    '|'.join('abcdefghijklmnopqrstuvwxyz'),
    'a{0,255}' * 4,
    '[a-z',
    'a)',
    '(a',
    'a**',
    '*',
    'a{99999999999}',
    '[[a]',
    '[a--b]',
    'a' * 201,
]


@pytest.mark.parametrize('pattern', GOOD_PATTERNS)
def test_a_simple_pattern_passes(pattern, variable):
    assert urls.check_variable('a', variable('label', pattern=pattern)) == ()


@pytest.mark.parametrize('pattern', BAD_PATTERNS)
def test_a_costly_or_broken_pattern_is_refused(pattern, variable):
    spec = variable('label', pattern=pattern)
    (problem,) = urls.check_variable('a', spec, 'v')
    assert (problem.code, problem.path) == ('variable_pattern', 'v.pattern')


@pytest.mark.parametrize(
    'pattern', ['a*a*a*[^a]', '.*.*.*x', '(?:a?|a)' * 7 + 'a*[^a]']
)
def test_the_worst_patterns_that_pass_are_still_quick(pattern, variable):
    spec = variable('segment', pattern=pattern)
    assert urls.check_variable('a', spec) == ()
    start = time.process_time()
    assert codes(urls.check_value('a', spec, 'a' * 255)) == ['variable_value']
    assert time.process_time() - start < 1


# -- values ----------------------------------------------------------------

GOOD_VALUES = [
    ('label', 'acme'),
    ('label', 'a'),
    ('label', '1234567-sb1'),
    ('label', 'ACME'),
    ('label', 'a' * 63),
    ('host', 'git.acme.com'),
    ('host', 'git.acme.com:8443'),
    ('host', 'git.acme.com:443'),
    ('host', 'git.acme.internal'),
    ('host', 'nas.local'),
    ('host', 'xn--bcher-kva.de'),
    ('segment', 'my-realm'),
    ('segment', 'My Realm'),
    ('segment', 'Realm & Söhne?#{x}'),
    ('segment', 'v1.0'),
    ('segment', '...'),
    ('enum', 'us'),
    ('base_url', 'https://git.acme.com'),
    ('base_url', 'https://git.acme.com/'),
    ('base_url', 'https://git.acme.internal:8443/sso/x'),
]
BAD_VALUES = [
    ('label', '', 'variable_value'),
    ('label', ' acme', 'variable_value'),
    ('label', 'a.b', 'variable_value'),
    ('label', '-a', 'variable_value'),
    ('label', 'a-', 'variable_value'),
    ('label', 'a_b', 'variable_value'),
    ('label', 'a/b', 'variable_value'),
    ('label', 'bücher', 'variable_value'),
    ('label', 'a' * 64, 'variable_value'),
    ('label', 'acme\n', 'variable_value'),
    ('label', 7, 'variable_value'),
    ('label', None, 'variable_value'),
    ('host', 'https://git.acme.com', 'variable_value'),
    ('host', 'git.acme.com/sso', 'variable_value'),
    ('host', 'git.acme.com?x', 'variable_value'),
    ('host', 'git.acme.com#x', 'variable_value'),
    ('host', 'git.acme.com\\x', 'variable_value'),
    ('host', '{label}.acme.com', 'variable_value'),
    ('host', 'user@git.acme.com', 'url_userinfo'),
    ('host', '10.0.0.1', 'url_ip_literal'),
    ('host', '0x7f000001', 'url_ip_literal'),
    ('host', '[::1]', 'url_ip_literal'),
    ('host', 'git', 'url_single_label'),
    ('host', 'localhost', 'url_special_use'),
    ('host', 'localhost:8443', 'url_special_use'),
    ('host', 'git.acme.com.', 'url_trailing_dot'),
    ('host', 'git.acme.com:0', 'url_port_invalid'),
    ('host', 'git acme.com', 'url_control'),
    ('segment', '', 'variable_value'),
    ('segment', '.', 'variable_value'),
    ('segment', '..', 'variable_value'),
    ('segment', 'a/b', 'variable_value'),
    ('segment', 'a\\b', 'variable_value'),
    ('segment', 'a%2fb', 'variable_value'),
    ('segment', 'a\x00b', 'variable_value'),
    ('segment', 'a\u2028b', 'variable_value'),
    ('segment', '\ud800', 'variable_value'),
    ('segment', 'a' * 256, 'variable_value'),
    ('enum', 'de', 'variable_value'),
    ('enum', 'US', 'variable_value'),
    ('base_url', 'http://git.acme.com', 'url_scheme'),
    ('base_url', 'git.acme.com', 'url_scheme'),
    ('base_url', 'https://git.acme.com/?x', 'variable_value'),
    ('base_url', 'https://git.acme.com/#x', 'variable_value'),
    ('base_url', 'https://{label}.acme.com/', 'variable_value'),
    ('base_url', 'https://git.acme.com/../x', 'url_dot_segment'),
    ('base_url', 'https://user@git.acme.com/', 'url_userinfo'),
    ('base_url', 'https://169.254.169.254/', 'url_ip_literal'),
    ('base_url', 'https://metadata.google.internal/', 'url_special_use'),
]


@pytest.mark.parametrize(('kind', 'value'), GOOD_VALUES)
def test_a_value_of_its_kind_passes(kind, value, variables):
    assert urls.check_value(kind, variables[kind], value) == ()


@pytest.mark.parametrize(('kind', 'value', 'code'), BAD_VALUES)
def test_another_value_is_refused(kind, value, code, variables):
    problems = urls.check_value(kind, variables[kind], value, 'values')
    assert codes(problems) == [code]
    assert problems[0].path == f'values.{kind}'


def test_a_value_matches_the_whole_pattern(variable):
    spec = variable('label', pattern='[a-z]{2}')
    assert urls.check_value('a', spec, 'ab') == ()
    for value in ('abc', 'a', 'AB'):
        problems = urls.check_value('a', spec, value)
        assert codes(problems) == ['variable_value']
        assert '[a-z]{2}' in problems[0].message


def test_a_wrong_choice_gets_a_did_you_mean(variable):
    spec = variable('enum', choices=('europe', 'america'))
    (problem,) = urls.check_value('region', spec, 'euorpe')
    assert "Did you mean 'europe'?" in problem.fix
    assert 'europe or america' in problem.message


@pytest.mark.parametrize('kind', ['label', 'segment', 'enum', 'base_url'])
def test_no_message_shows_the_value(kind, variables):
    secret = 'hunter2' + '/Zq%' * 4
    for value in (secret, f'https://{secret}', f'https://{secret}@x.com/'):
        problems = urls.check_value(kind, variables[kind], value)
        assert problems
        assert not any('Zq' in str(problem) for problem in problems)


# -- rendering -------------------------------------------------------------


@pytest.mark.parametrize(
    ('template', 'values', 'url'),
    [
        (
            'https://{label}.OKTA.com/x',
            {'label': 'ACME'},
            'https://acme.okta.com/x',
        ),
        (
            'https://sso.{host}/x',
            {'host': 'acme.com:8443'},
            'https://sso.acme.com:8443/x',
        ),
        ('https://{host}/x', {'host': 'acme.com:443'}, 'https://acme.com/x'),
        (
            'https://{host}/x',
            {'host': 'git.acme.internal'},
            'https://git.acme.internal/x',
        ),
        (
            'https://zoho.{ending}/{enum}',
            {'ending': 'com.au', 'enum': 'us'},
            'https://zoho.com.au/us',
        ),
        (
            'https://gitlab.com/{segment}?a={segment}',
            {'segment': 'Söhne & {label}?'},
            'https://gitlab.com/{}?a={}'.replace(
                '{}', 'S%C3%B6hne%20%26%20%7Blabel%7D%3F'
            ),
        ),
        (
            '{base_url}/oauth/{label}',
            {'base_url': 'https://Git.acme.com:8443/SSO/', 'label': 'x'},
            'https://git.acme.com:8443/SSO/oauth/x',
        ),
        (
            'https://{base_url}oauth',
            {'base_url': 'https://git.acme.com'},
            'https://git.acme.com/oauth',
        ),
        (
            '{base_url}',
            {'base_url': 'https://git.acme.com/sso/'},
            'https://git.acme.com/sso/',
        ),
        ('https://gitlab.com/x', {}, 'https://gitlab.com/x'),
        (
            'https://gitlab.com/x',
            {'label': 'declared but not used here'},
            'https://gitlab.com/x',
        ),
    ],
)
def test_values_are_put_in_and_encoded(template, values, url, variables):
    result = urls.render_url(template, variables, values, kind='endpoint')
    assert result == url


def test_a_default_stands_in_for_an_absent_value(variable):
    spec = {'region': variable('label', default='us')}
    for values in ({}, {'region': None}):
        url = urls.render_url(
            'https://{region}.okta.com/', spec, values, kind='endpoint'
        )
        assert url == 'https://us.okta.com/'


@pytest.mark.parametrize(
    ('template', 'values', 'expected'),
    [
        (
            'http://{label}.okta.com/',
            {'label': 'a'},
            [('url_scheme', 'token_endpoint')],
        ),
        (
            'https://{host}/{segment}/{label}',
            {'host': 'localhost', 'segment': '..'},
            [
                ('url_special_use', 'values.host'),
                ('variable_missing', 'values.label'),
                ('variable_value', 'values.segment'),
            ],
        ),
        (
            'https://{label}.okta.com/',
            {'label': 'a', 'lable': 'b'},
            [('variable_unknown', 'values.lable')],
        ),
        # Good values that make a bad URL together.
        (
            'https://gitlab.com/.{segment}',
            {'segment': '...'},
            None,
        ),
        (
            'https://gitlab.x{label}.{label}/',
            {'label': '1'},
            [('url_ip_literal', 'token_endpoint')],
        ),
        (
            'https://gitlab.com/{segment}',
            {'segment': '\u00e9' * 255},
            None,
        ),
        (
            f'https://gitlab.com/{"a" * 1900}/{{segment}}',
            {'segment': '\u00e9' * 255},
            [('url_too_long', 'token_endpoint')],
        ),
        (
            f'https://{{label}}.{"a." * 100}com/',
            {'label': 'b' * 63},
            [('url_label_length', 'token_endpoint')],
        ),
    ],
)
def test_template_values_and_result_are_all_judged(
    template, values, expected, variables
):
    def render():
        return urls.render_url(
            template, variables, values, kind='endpoint', path='token_endpoint'
        )

    if expected is None:
        assert render()
        return
    with pytest.raises(urls.UrlError) as caught:
        render()
    problems = caught.value.problems
    assert [(each.code, each.path) for each in problems] == expected


def test_the_error_carries_its_data_through_pickle(variables):
    with pytest.raises(urls.UrlError) as caught:
        urls.render_url('https://{x}/', variables, {}, kind='endpoint')
    error = pickle.loads(pickle.dumps(caught.value))
    assert error.problems == caught.value.problems
    assert error.code == 'url_invalid'
    assert error.http_status == 422
    assert 'url_variable_undeclared' in str(error)


def test_every_variable_rule_is_broken_by_a_test_here(variables, variable):
    """The ledger of the codes that do not begin with `url_`."""
    seen = set()
    for spec in (
        variable('label', choices=('a',), default='..', pattern='(a+)+'),
        variable('nonsense'),
    ):
        seen |= set(codes(urls.check_variable('-', spec)))
    with pytest.raises(urls.UrlError) as caught:
        urls.render_url(
            'https://{label}.{enum}.okta.com/',
            variables,
            {'label': '.', 'nonsense': 1},
            kind='endpoint',
        )
    seen |= set(codes(caught.value.problems))
    rules = {code for code in urls.RULES if code.startswith('variable_')}
    assert rules == seen
