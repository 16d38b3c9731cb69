"""The evaluator against the user guide, with queries written by hand."""

from __future__ import annotations

import types

import pytest

from tests import insights
from tests.insights_language import Malformed, compile_regex, parse

SECOND = 1_767_225_600  # 2026-01-01T00:00:00Z
EVENTS = [
    (0, 'plain line'),
    (500, '{"level": "ERROR", "n": 5, "a": {"b": ["x", "y"]}}'),
    (60_000, '{"level": "INFO", "n": 10}'),
    (60_000, '{"level": "ERROR"}'),
    (120_000, '{"n": null, "broken": '),
]


@pytest.fixture
def ask():
    """Return a function that asks one log group with two streams."""
    group = types.SimpleNamespace(account_id='1', name='/g', streams={})
    for number in range(2):
        events = [
            types.SimpleNamespace(
                timestamp=SECOND * 1_000 + offset,
                ingestion_time=0,
                message=message,
                event_id=index,
            )
            for index, (offset, message) in enumerate(EVENTS)
            if index % 2 == number
        ]
        stream = types.SimpleNamespace(
            log_stream_name=f's{number}', events=events
        )
        group.streams[stream.log_stream_name] = stream

    def run(query, start=SECOND, end=SECOND + 120):
        return insights.execute_query([group], query, start, end)

    return run


def test_fields_are_shown_with_the_pointer_and_missing_ones_left_out(ask):
    rows = ask('fields @timestamp, level, @log | sort @timestamp asc')
    assert rows[0] == {
        '@timestamp': '2026-01-01 00:00:00.000',
        '@log': '1:/g',
        '@ptr': rows[0]['@ptr'],
    }
    assert rows[1]['@timestamp'] == '2026-01-01 00:00:00.500'
    assert rows[1]['level'] == 'ERROR'
    assert len({row['@ptr'] for row in rows}) == 5


def test_nested_json_is_flattened_by_dots(ask):
    (row,) = ask('fields a.b.1, `a.b.0` as first | filter ispresent(a.b.1)')
    assert (row['a.b.1'], row['first']) == ('y', 'x')


@pytest.mark.parametrize(
    ('condition', 'count'),
    [
        ('level = "ERROR"', 2),
        ("level = 'ERROR'", 2),
        ('level != "ERROR"', 1),  # not where it is missing
        ('level like "RRO"', 2),
        ('level like /^ER/', 2),
        ('level =~ /^er/', 0),
        ('level like /(?i)^er/', 2),
        ('level not like /ERR/', 1),
        ('not level like /ERR/', 1),
        ('level in ["INFO", "ERROR"]', 3),
        ('level not in ["INFO"]', 2),
        ('ispresent(level)', 3),
        ('not ispresent(level)', 2),
        ('n >= 5', 2),
        ('n > 5', 1),
        ('n > 5 or level = "ERROR"', 3),
        ('n > 4 and level = "ERROR"', 1),
        ('(n > 5 or level = "ERROR") and ispresent(n)', 2),
        ('n > 5 or level = "ERROR" and ispresent(n)', 2),  # and binds first
        (f'toMillis(@timestamp) >= {SECOND * 1_000 + 60_000}', 3),
        (f'toMillis(@timestamp) < {SECOND * 1_000 + 500}', 1),
        ('coalesce(level, "none") = "none"', 2),
        ('@message like /\\x{7b}/', 4),
        ('@message like /\\Aplain line\\z/', 1),
        ('broken = 1', 0),  # no JSON, so no fields
    ],
)
def test_a_filter_keeps_what_is_true(ask, condition, count):
    assert len(ask(f'filter {condition}')) == count
    assert ask(f'filter {condition}').matched == count


@pytest.mark.parametrize(
    ('start', 'end', 'count'),
    [
        (SECOND, SECOND, 1),
        (SECOND, SECOND + 1, 2),
        (SECOND + 60, SECOND + 60, 2),
        (SECOND + 1, SECOND + 59, 0),
        (SECOND + 60, SECOND + 500, 3),
    ],
)
def test_the_time_range_is_in_seconds_and_includes_its_end(
    ask, start, end, count
):
    assert len(ask('fields @message', start, end)) == count


def test_parse_takes_named_groups(ask):
    rows = ask('parse @message /^(?<word>[a-z]+) / | fields word, @message')
    assert sorted(row.get('word', '') for row in rows) == [''] * 4 + ['plain']


def test_stats_count_by_bin_and_field(ask):
    rows = ask('stats count(*) as c, count(n) by bin(1m), level')
    found = {
        (row['bin(1m)'][11:16], row.get('level')): (row['c'], row['count(n)'])
        for row in rows
    }
    assert found == {
        ('00:00', None): ('1', '0'),
        ('00:00', 'ERROR'): ('1', '1'),
        ('00:01', 'INFO'): ('1', '1'),
        ('00:01', 'ERROR'): ('1', '0'),
        ('00:02', None): ('1', '0'),
    }
    assert not any('@ptr' in row for row in rows)
    assert ask('stats count(*) as c') == [{'c': '5'}]


def test_sort_and_limit_come_last_and_ties_in_any_order(ask):
    query = 'fields @timestamp | sort @timestamp desc | limit 3'
    answers = [tuple(row['@ptr'] for row in ask(query)) for _ in range(20)]
    assert len(set(answers)) == 2
    assert len({frozenset(answer) for answer in answers}) == 1
    assert ask(query).matched == 5


@pytest.mark.parametrize(
    'query',
    [
        '',
        'filter',
        'fields @message |',
        'fields @message || limit 1',
        'fields @message limit 1',
        'filter level = "a" level = "b"',
        'filter level = "a\\" or 1 = 1"',
        'filter level = "a',
        'filter level like /a/b/',
        'filter level like /a\nb/',
        'filter level like //',
        'filter level like /(/',
        'filter level like /(?P<n>a)/',
        'filter level like /(?=a)/',
        'filter level like /(a)\\1/',
        'filter @timestamp > 5',
        'filter unheard(level)',
        'filter ispresent(level, n)',
        'parse @message /no group/',
        'parse @message "*" as all',
        'stats sum(n)',
        'stats count(*) by bin(61m)',
        'stats count(*) by bin(5y)',
        'stats count(*) | filter level = "a"',
        'sort @timestamp',
        'limit 0',
        'limit 10001',
        'dedup level',
        'fields `a``b`',
        'SOURCE "/g" | fields @message',
    ],
)
def test_what_is_not_of_the_language_is_malformed(ask, query):
    with pytest.raises(Malformed):
        ask(query)


def test_a_regex_is_translated_with_care():
    assert compile_regex(r'\x{2f}[\x{5d}a]\/').search('/]/')
    assert not compile_regex(r'a\z').search('a\n')
    assert compile_regex(r'\\z').search('\\z')
    assert compile_regex(r'\x{1f600}').search('\U0001f600')


def test_commands_are_kept_apart_by_pipes_outside_of_texts():
    parsed = parse('fields @message | filter @message like "a | limit 1"')
    assert parsed.limit == 10_000
