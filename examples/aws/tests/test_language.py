from __future__ import annotations

import datetime as dt

import hypothesis
import pytest
from hypothesis import strategies as st
from imbi_plugin_aws.logs import language
from imbi_plugin_aws.logs.language import Question
from imbi_plugin_aws.logs.settings import Settings
from imbi_plugin_aws.logs.windows import Window, read_instant

from imbi_plugin_sdk import LogFilter, LogQuery, PluginContext
from tests.insights_language import compile_regex, parse

WINDOW = Window(1_000, 2_000)
NASTY = [
    '',
    ' ',
    'a b',
    '"',
    "'",
    '`',
    '/',
    '\\',
    '\\/',
    '/ or 1 = 1',
    '.*',
    '%',
    '*',
    '$',
    '^',
    '|',
    '| limit 1',
    '\n| limit 1',
    '[',
    '(?i)a',
    '\\E',
    '\\Q',
    '{}',
    'é',
    '\U0001f600',
    '\x00',
    '#',
]


def settings(**options):
    return Settings.read(
        PluginContext(
            project_id='1',
            project_slug='shop',
            org_slug='acme',
            environment='production',
            assignment_options={'region': 'eu-west-1', **options},
        )
    )


def query(*filters, levels=()):
    return language.page_query(
        Question(
            WINDOW,
            tuple(
                LogFilter(field=field, op=op, value=value)
                for field, op, value in filters
            ),
            tuple(levels),
        ),
        settings(fields='service'),
        limit=7,
    )


@pytest.mark.parametrize('text', NASTY)
def test_a_literal_matches_itself_and_is_plain_to_every_parser(text):
    written = language.literal(text)
    assert set(written) <= set(
        'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\\{}'
    )
    assert compile_regex(f'\\A{written}\\z').search(text)
    for other in NASTY:
        found = compile_regex(f'\\A{written}\\z').search(other)
        assert bool(found) == (other == text)


@hypothesis.given(st.text(), st.text())
@hypothesis.settings(deadline=None, database=None)
def test_any_text_matches_itself_and_no_other(text, other):
    whole = compile_regex(f'\\A{language.literal(text)}\\z')
    assert whole.search(text)
    assert bool(whole.search(other)) == (text == other)
    part = compile_regex(f'(?:{language.literal(text)})')
    assert bool(part.search(other)) == (text in other)


@pytest.mark.parametrize('op', ['eq', 'ne', 'contains', 'starts_with'])
@pytest.mark.parametrize('text', NASTY)
def test_no_filter_adds_a_command(op, text):
    plain, nasty = (
        parse(query(('service', op, value))) for value in ('plain', text)
    )
    assert len(nasty.steps) == len(plain.steps)
    assert nasty.limit == plain.limit == 7
    assert nasty.shown == plain.shown


def test_a_negation_asks_for_the_field_first():
    written = query(('service', 'ne', 'a'))
    assert 'filter ispresent(service) and service not like' in written


@pytest.mark.parametrize('text', NASTY)
def test_no_level_adds_a_command(text):
    plain, nasty = (parse(query(levels=[one])) for one in ('ERROR', text))
    assert len(nasty.steps) == len(plain.steps)


@pytest.mark.parametrize(
    'pattern', ['a/b', 'a\\/b', '[/]', 'a\nb', '\\\\/', '/ | limit 1', '']
)
def test_an_expression_stands_between_its_slashes(pattern):
    assert len(parse(query(('service', 'regex', pattern))).steps) == len(
        parse(query(('service', 'regex', 'a'))).steps
    )


def test_an_escaped_slash_means_a_slash():
    for pattern in ('a/b', 'a\\/b', 'a[/]b'):
        compiled = compile_regex(language.expression(pattern))
        assert compiled.search('a/b')
        assert not compiled.search('a\\/b')


@pytest.mark.parametrize('pattern', ['(', '[a', 'a\\', '*', '(?P<n>'])
def test_what_is_no_expression_is_refused(pattern):
    with pytest.raises(ValueError, match='no regular expression'):
        query(('service', 'regex', pattern))


@pytest.mark.parametrize('field', ['a`b', 'a,b', '', ' ', 'a\nb', 'x' * 300])
def test_a_field_that_no_query_can_name_is_refused(field):
    with pytest.raises(ValueError, match='A filter names the field'):
        query((field, 'eq', 'a'))


@pytest.mark.parametrize(
    ('field', 'written'),
    [
        ('message', 'imbi_message like'),
        ('level', 'imbi_level like'),
        ('log_stream', '@logStream like'),
        ('request.id', 'request.id like'),
        ('by', '`by` like'),
        ('a-b', '`a-b` like'),
        ('a | limit 1', '`a | limit 1` like'),
    ],
)
def test_a_field_is_named_as_the_language_names_it(field, written):
    assert f'| filter {written}' in query((field, 'contains', 'x'))
    assert parse(query((field, 'contains', 'x'))).limit == 7


def test_a_surrogate_and_too_much_text_are_refused():
    with pytest.raises(ValueError, match='surrogate'):
        query(('service', 'eq', '\ud800'))
    with pytest.raises(ValueError, match='characters; Logs'):
        query(('service', 'eq', 'é' * 2_000))


@pytest.mark.parametrize(
    ('line', 'level'),
    [
        ('ERROR it broke', 'ERROR'),
        ('WARNING: root: hm', 'WARNING'),
        ('2026-01-01 12:00:00,123 shop.web INFO started', 'INFO'),
        ('[main] DEBUG x', 'DEBUG'),
        ('[ERROR]\t2026', 'ERROR'),
        ('It ended with an ERROR', None),
        ('{"text": "ERROR"}', None),
        ('INFORMATION', None),
        ('2026 ' + 'x' * 80 + ' ERROR', None),
    ],
)
def test_a_level_is_read_from_the_start_of_a_line(line, level):
    parsed = parse(query().split('\n| ', 1)[1])  # without the window
    record = {'@message': line}
    for step in parsed.steps:
        (record,) = step([record])
    assert record.get('imbi_level') == level


def test_a_window_is_the_same_in_every_time_zone_and_rounds_up():
    berlin = dt.timezone(dt.timedelta(hours=1))
    end = dt.datetime(2026, 1, 1, 1, 0, 0, 1, tzinfo=berlin)
    window = Window.of(
        LogQuery(start_time=end.astimezone(dt.UTC), end_time=end)
    )
    assert window == Window(1_767_225_600_001, 1_767_225_600_001)
    assert window.seconds == (1_767_225_600, 1_767_225_601)


def test_a_window_that_is_reversed_or_floats_is_refused():
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    with pytest.raises(ValueError, match='reversed'):
        Window.of(
            LogQuery(start_time=now, end_time=now - dt.timedelta(seconds=1))
        )
    with pytest.raises(ValueError, match='start_time has no time zone'):
        Window.of(LogQuery(start_time=now.replace(tzinfo=None), end_time=now))


def test_time_is_read_as_insights_writes_it():
    assert read_instant('1970-01-01 00:00:01.500') == 1_500
    assert read_instant('yesterday') is None


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'log_group': '/a/${team_slug}'}, 'has no team_slug'),
        ({'log_group': '/a/${team}'}, 'names no variable'),
        ({'log_group': '/a b'}, 'a log group has'),
        ({'log_group': ','}, 'names 0 log groups'),
        ({'log_group': ','.join(f'/{n}' for n in range(51))}, '51'),
        ({'fields': 'a`b'}, 'The option fields names'),
        ({'level_field': 'a`b'}, 'The option level_field names'),
        ({'region': 'x'}, 'region'),
        ({'endpoint_url': 'http://logs.example.com'}, 'https'),
        ({'timeout': 0}, 'timeout'),
    ],
)
def test_an_option_that_does_not_hold_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        settings(**options)


def test_a_project_cannot_reach_into_the_log_group_of_another():
    context = PluginContext(
        project_id='1',
        project_slug='shop/../bank',
        org_slug='acme',
        environment='production',
        assignment_options={'region': 'eu-west-1'},
    )
    with pytest.raises(ValueError, match='cannot stand in the name'):
        Settings.read(context)


def test_several_log_groups_are_each_named_once():
    found = settings(log_group='/a/${project_slug}, /b,/a/shop')
    assert found.log_groups == ('/a/shop', '/b')
    assert found.endpoint == 'https://logs.eu-west-1.amazonaws.com'
