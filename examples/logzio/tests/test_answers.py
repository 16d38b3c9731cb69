from __future__ import annotations

import datetime as dt
import json

import pytest
from imbi_plugin_logzio import answers
from imbi_plugin_logzio.answers import Hit

from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginRateLimited,
    PluginUnavailableError,
)


def hit(**changes):
    return {'_source': {'message': 'm'}, 'sort': [1, 'a'], **changes}


def found(*hits, **changes):
    return {'hits': {'hits': list(hits), **changes}}


@pytest.mark.parametrize(
    'content', [b'', b'[]', b'{', b'<html>', b'"x"', b'[' * 100_000]
)
def test_what_is_no_json_object_is_an_outage(content):
    with pytest.raises(PluginUnavailableError):
        answers.read_json(content)


@pytest.mark.parametrize(
    'answer',
    [
        {},
        {'hits': []},
        {'hits': {}},
        {'hits': {'hits': {}}},
        found('x'),
        found({}),
        found(hit(_source=None)),
        found(hit(sort=[])),
        found(hit(sort=['1', 'a'])),
        found(hit(sort=[1])),
        found(hit(sort=[True, 'a'])),
        found(hit(sort=[1, 2])),
        found(hit(sort=[10**20, 'a'])),
    ],
)
def test_what_is_no_search_result_is_an_outage(answer):
    with pytest.raises(PluginUnavailableError):
        answers.read_found(answer)


@pytest.mark.parametrize(
    ('total', 'wanted'),
    [
        (7, 7),
        ({'value': 7, 'relation': 'eq'}, 7),
        ({'value': 10_000, 'relation': 'gte'}, None),
        (None, None),
        (True, None),
        ('7', None),
    ],
)
def test_a_total_is_told_where_it_is_exact(total, wanted):
    assert answers.read_found(found(total=total)).total == wanted


def test_what_was_not_searched_is_a_warning():
    answer = {**found(), '_shards': {'failed': 1}, 'timed_out': True}
    assert len(answers.read_found(answer).warnings) == 2
    assert answers.read_found({**found(), '_shards': {}}).warnings == ()


def test_an_entry_has_its_fields_by_their_paths():
    source = {
        '@timestamp': 'whatever',
        'message': 'started',
        'severity': 'WARN',
        'kubernetes': {'pod': {'name': 'p1'}, 'labels': {}},
        'raw': 'theirs',
        'tags': ['a', 'b'],
    }
    entry = answers.to_entry(Hit(1_500, 'x', source), 'severity')
    assert entry.timestamp == dt.datetime(
        1970, 1, 1, 0, 0, 1, 500_000, tzinfo=dt.UTC
    )
    assert (entry.message, entry.level) == ('started', 'WARN')
    assert entry.model_extra == {
        'kubernetes.pod.name': 'p1',
        'tags': ['a', 'b'],
        'severity': 'WARN',
    }
    assert entry.raw == {'_id': 'x', '_source': source}


@pytest.mark.parametrize(
    ('message', 'text'), [(None, ''), (5, '5'), ({'a': 1}, '{"a": 1}')]
)
def test_a_message_that_is_no_text_becomes_one(message, text):
    entry = answers.to_entry(Hit(1, 'x', {'message': message}), 'level')
    assert entry.message == text
    assert entry.level is None


def test_kinds_of_fields_come_from_their_values():
    hits = [
        Hit(1, 'a', {'n': 5, 'b': True, 's': 'x', 'o': {'p': 1.5}, 'l': [1]}),
        Hit(1, 'b', {'s': 7, 'nothing': None, '_own': 'x', 'e': []}),
    ]
    assert answers.read_kinds(hits) == {
        'n': 'number',
        'b': 'boolean',
        's': 'string',
        'o.p': 'number',
        'l': 'number',
    }


@pytest.mark.parametrize(
    'answer',
    [
        {},
        {'aggregations': {'times': {}}},
        {'aggregations': {'times': {'buckets': [{'key': 1}]}}},
        {
            'aggregations': {
                'times': {
                    'buckets': [
                        {'key': 'x', 'doc_count': 1, 'levels': {'buckets': []}}
                    ]
                }
            }
        },
    ],
)
def test_what_is_no_histogram_is_an_outage(answer):
    with pytest.raises(PluginUnavailableError):
        list(answers.read_counts(answer))


@pytest.mark.parametrize(
    ('status', 'error'),
    [
        (400, ValueError),
        (401, PluginAuthenticationFailed),
        (403, PluginAuthenticationFailed),
        (404, PluginUnavailableError),
        (429, PluginRateLimited),
        (302, PluginUnavailableError),
        (500, PluginUnavailableError),
        (503, PluginUnavailableError),
    ],
)
def test_a_status_is_its_error(status, error):
    with pytest.raises(error):
        answers.raise_for(status, {})
    answers.raise_for(200, {})


def test_json_that_quotes_nothing_is_read():
    assert answers.read_json(json.dumps({'a': 1}).encode()) == {'a': 1}
