"""Laws of the URL grammar, against two parsers that are not ours."""

from __future__ import annotations

import contextlib
import dataclasses
import string
from urllib.parse import urlsplit

import ada_url
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from imbi_plugin_sdk import urls

KINDS = ['endpoint', 'issuer', 'link', 'service']
LETTERS = string.ascii_letters
DIGITS = string.digits
PCHARS = LETTERS + DIGITS + "-._~!$&'()*+,;=:@"

DANGEROUS = [
    '\\',
    '\x00',
    '\t',
    '\n',
    '\r',
    ' ',
    '\x7f',
    '"',
    '<',
    '>',
    '^',
    '`',
    '|',
    '{',
    '}',
    '[',
    ']',
    '%',
    '%0',
    '\u2044',
    '\uff0f',
    '\u3002',
    '\u200b',
    '\ud800',
]
"""Text that makes no URL better, wherever it is put (bar `%` before hex)."""


@dataclasses.dataclass(frozen=True)
class Variable:
    kind: str
    choices: tuple[str, ...] | None = None
    default: str | None = None
    pattern: str | None = None


VARIABLES = {
    'tenant': Variable('label'),
    'region': Variable('enum', choices=('us', 'eu', 'com.au')),
    'server': Variable('host'),
    'realm': Variable('segment'),
    'base': Variable('base_url'),
}

labels = st.from_regex(
    r'[A-Za-z0-9]([A-Za-z0-9-]{0,10}[A-Za-z0-9])?', fullmatch=True
).filter(lambda text: not text.lower().startswith('xn--'))
endings = st.sampled_from(['com', 'COM', 'io', 'co.uk', 'xn--p1ai', 'dev'])
hosts = st.builds(
    lambda parts, end: '.'.join([*parts, end]),
    st.lists(labels, min_size=1, max_size=4),
    endings,
)
ports = st.one_of(
    st.just(''),
    st.sampled_from([':443', ':8443']),
    st.integers(1, 65535).map(':{}'.format),
)
pieces = st.one_of(
    st.sampled_from(PCHARS), st.sampled_from(['%20', '%C3%A9', '%3F', '%25'])
)
segments = st.lists(pieces, max_size=8).map(''.join)
paths = st.lists(segments.map('/{}'.format), max_size=4).map(''.join)
queries = st.one_of(
    st.just(''),
    st.lists(st.one_of(pieces, st.sampled_from('/?&=')), max_size=12).map(
        lambda parts: '?' + ''.join(parts)
    ),
)
schemes = st.sampled_from(['https://', 'HTTPS://', 'hTTps://'])
candidates = st.builds(
    '{}{}{}{}{}'.format, schemes, hosts, ports, paths, queries
)


def errors(url, kind='endpoint', variables=None, **more):
    return [
        problem.code
        for problem in urls.check_url(
            url, kind=kind, variables=variables, **more
        )
        if problem.code not in urls.WARNING_CODES
    ]


accepted = candidates.filter(lambda url: not errors(url))

soup = st.lists(
    st.one_of(
        st.sampled_from(
            [
                'https://',
                'http://',
                '//',
                '/',
                '\\',
                '@',
                ':',
                '?',
                '#',
                '.',
                '..',
                '%2e',
                '%2f',
                '%',
                '[',
                ']',
                '[::1]',
                '127.1',
                '0x7f',
                'localhost',
                'gitlab.com',
                'a',
                '1',
                '-',
                '_',
                ' ',
                '\t',
                '\n',
                '\x00',
                ';',
                '&',
                '=',
                'scope=',
                'é',
                '。',
                '\ud800',
                '{tenant}',
                '{realm}',
                '{server}',
                '{base}',
                '{region}',
                '{x}',
                '{',
                '}',
                '{?a}',
                ':443',
                ':8443',
                'xn--a',
                '<',
                '|',
            ]
        ),
        st.text(max_size=3),
    ),
    max_size=14,
).map(''.join)


@given(accepted)
@example('https://gitlab.com?a')
@example('https://gitlab.com//x')
@example('https://gitlab.com:8443/@a:b;c/')
def test_two_other_parsers_read_an_accepted_url_alike(url):
    plain = urls.normalise_url(url)
    ours = urlsplit(plain)
    theirs = ada_url.URL(plain)
    assert ours.scheme == 'https'
    assert theirs.protocol == 'https:'
    assert ours.hostname == theirs.hostname
    assert {ours.hostname} == urls.hosts_of(url)
    assert str(ours.port or '') == theirs.port
    assert (ours.path or '/') == theirs.pathname
    assert ours.username is None
    assert theirs.username == ''
    # The URL Standard encodes an apostrophe in a query.
    assert ours.query.replace("'", '%27') == theirs.search.removeprefix('?')


mutated = st.builds(
    lambda url, index, text: f'{url[:index]}{text}{url[index:]}',
    candidates,
    st.integers(0, 40),
    soup,
)


@given(st.one_of(soup, mutated), st.sampled_from(KINDS))
@example('https://gitlab.com/x?<y>', 'endpoint')
@example('https://xn--a.com/', 'endpoint')
@example('https://github.com\\@evil.com/', 'endpoint')
def test_what_another_parser_reads_differently_is_refused(text, kind):
    """The other direction: from text at large, not from our own grammar."""
    if errors(text, kind):
        return
    plain = urls.normalise_url(text)
    theirs = ada_url.URL(plain)
    ours = urlsplit(plain)
    assert theirs.protocol == 'https:'
    assert theirs.hostname == ours.hostname
    assert theirs.pathname == (ours.path or '/')


@given(st.one_of(soup, st.text(), candidates), st.sampled_from(KINDS))
def test_nothing_is_refused_without_a_reason(text, kind):
    """`url_grammar` is the last resort: the diagnosis knows better."""
    assert 'url_grammar' not in errors(text, kind, VARIABLES)


@given(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.binary(),
        st.lists(st.text()),
        st.dictionaries(st.text(), st.text()),
        soup,
        st.text(),
    ),
    st.sampled_from(KINDS),
)
def test_no_object_makes_it_raise(value, kind):
    for problem in urls.check_url(value, kind=kind, variables=VARIABLES):
        assert problem.code in urls.RULES
        assert problem.message
        assert problem.fix
    urls.used_variables(value)
    urls.hosts_of(value, VARIABLES)
    for name, spec in VARIABLES.items():
        urls.check_value(name, spec, value)


@given(st.one_of(soup, candidates, st.text()))
def test_normalising_twice_is_normalising_once(text):
    once = urls.normalise_url(text)
    assert urls.normalise_url(once) == once


@given(st.one_of(soup, candidates), st.sampled_from(KINDS))
def test_normalising_never_changes_the_verdict(text, kind):
    once = urls.normalise_url(text)
    assert errors(once, kind, VARIABLES) == errors(text, kind, VARIABLES)


@given(accepted, st.data())
def test_dangerous_text_put_anywhere_is_refused(url, data):
    text = data.draw(st.sampled_from(DANGEROUS))
    index = data.draw(st.integers(0, len(url)))
    bad = f'{url[:index]}{text}{url[index:]}'
    if '%' in text:
        # `%` before two hexadecimal digits is an escape, and legal.
        ending = url[index : index + 3 - len(text)]
        assume(not set(ending) <= set(string.hexdigits) or not ending)
        assume(ending)
    assert errors(bad)


@pytest.mark.parametrize('kind', KINDS)
@given(accepted)
def test_userinfo_put_before_the_host_is_refused(kind, url):
    scheme, _, rest = url.partition('://')
    assert 'url_userinfo' in errors(f'{scheme}://a:b@{rest}', kind)


@given(accepted)
def test_a_fragment_is_refused_in_an_endpoint_and_fine_in_a_link(url):
    assert errors(f'{url}#top') == ['url_fragment']
    assert errors(f'{url}#top', 'link') == []


@given(accepted, st.sampled_from(['..', '.', '%2e', '%2E.', '..;a']))
def test_a_dot_segment_is_refused_wherever_it_stands(url, dots):
    head, mark, query = url.partition('?')
    assert 'url_dot_segment' in errors(f'{head}/{dots}{mark}{query}')


values = st.fixed_dictionaries(
    {
        'tenant': labels,
        'region': st.sampled_from(VARIABLES['region'].choices),
        'server': st.builds('{}{}'.format, hosts, ports),
        'realm': st.text(max_size=20),
        'base': st.builds('https://{}{}{}'.format, hosts, ports, paths),
    }
).filter(
    lambda chosen: (
        not any(
            urls.check_value(name, VARIABLES[name], value)
            for name, value in chosen.items()
        )
    )
)
templates = st.sampled_from(
    [
        'https://{tenant}.okta.com/{realm}',
        'https://{tenant}-x.{region}.zoho.com/{tenant}/{region}',
        'https://accounts.zoho.{region}/x?a={realm}&b={server}',
        'https://{server}/v{realm}',
        'https://sso.{server}/a?b={realm}',
        '{base}/oauth/{realm}',
        'https://{base}oauth',
        '{base}?a={realm}',
        'https://gitlab.com/a?b={realm}&c={tenant}',
    ]
)


@given(templates, values)
def test_what_valid_values_render_to_is_valid(template, chosen):
    assert errors(template, variables=VARIABLES) == []
    url = urls.render_url(template, VARIABLES, chosen, kind='endpoint')
    assert '{' not in url
    assert errors(url, operator=True) == []
    assert urls.normalise_url(url) == url
    theirs = ada_url.URL(url)
    assert {theirs.hostname} == urls.hosts_of(url)
    # The URL Standard gives each URL a path; we rewrite nothing.
    path = url.removeprefix('https://').partition('?')[0]
    assert theirs.pathname == f'/{path.partition("/")[2]}'


@given(templates, st.dictionaries(st.sampled_from(list(VARIABLES)), soup))
def test_any_values_render_to_a_valid_url_or_to_a_named_error(
    template, chosen
):
    def render():
        return urls.render_url(template, VARIABLES, chosen, kind='endpoint')

    problems = [
        problem
        for name in urls.used_variables(template)
        for problem in urls.check_value(
            name, VARIABLES[name], chosen.get(name)
        )
    ]
    if problems:
        with pytest.raises(urls.UrlError):
            render()
        return
    with contextlib.suppress(urls.UrlError):
        assert errors(render(), operator=True) == []


@given(
    st.text(alphabet='ab*+?{}()|[],\\^$.-0123&~:=!<P', max_size=30),
    st.text(alphabet='ab', max_size=255),
)
def test_no_pattern_makes_it_raise(pattern, value):
    spec = Variable('segment', pattern=pattern)
    for problem in urls.check_variable('a', spec):
        assert problem.code == 'variable_pattern'
    urls.check_value('a', spec, value)
