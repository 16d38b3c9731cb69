"""The shim keeps to the limits that Logz.io publishes, and invents nothing."""

from __future__ import annotations

import datetime as dt
import http.client
import json

import pytest

from tests.shim import Shim, check_body

NOON = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
ALL = {'match_all': {}}


def ask(shim, body, path='/v1/search', token=None, kind='json'):
    connection = http.client.HTTPConnection(*shim.url[7:].split(':'))
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {
        'X-API-TOKEN': shim.token if token is None else token,
        'Content-Type': f'application/{kind}',
    }
    try:
        connection.request('POST', path, content, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b'{}')
    finally:
        connection.close()


def texts(answer):
    status, body = answer
    assert status == 200, body
    return {hit['_source']['message'] for hit in body['hits']['hits']}


@pytest.mark.parametrize(
    'body',
    [
        {},
        [],
        {'size': 5},
        {'query': ALL, 'size': 10_001},
        {'query': ALL, 'size': 9_999, 'from': 2},
        {'query': ALL, 'size': 1_001, 'aggs': {}},
        {'query': ALL, 'size': 1_001, 'aggregations': {}},
        {'query': ALL, 'script_fields': {}},
        {'query': ALL, 'track_total_hits': True},
        {'query': ALL, 'pit': {'id': 'x'}},
        {'query': {'wildcard': {'host': '*a'}}},
        {'query': {'wildcard': {'host': {'value': '?a'}}}},
        {'query': {'wildcard': {'host': {'wildcard': '*a'}}}},
        {'query': {'bool': {'must': [{'wildcard': {'host': '*'}}]}}},
        {'query': {'regexp': {'host': {'value': '.*a'}}}},
        {'query': {'query_string': {'query': '*a'}}},
        {
            'query': {
                'query_string': {
                    'query': 'a',
                    'allow_leading_wildcard': True,
                }
            }
        },
        {
            'query': {
                'match_phrase_prefix': {
                    'message': {'query': 'a', 'max_expansions': 51}
                }
            }
        },
        {
            'query': ALL,
            'aggs': {'x': {'terms': {'field': 'host', 'size': 1_001}}},
        },
    ],
)
def test_what_is_beyond_the_published_limits_is_refused(play, body):
    async def story(sandbox):
        status, answer = ask(sandbox.shim, body)
        assert status == 400
        assert answer['errorCode'].startswith('LOGS_SEARCH/')

    play(story)


@pytest.mark.parametrize(
    'body',
    [
        {'query': ALL, 'size': 10_000},
        {'query': ALL, 'size': 9_000, 'from': 1_000},
        {'query': ALL, 'size': 0, 'aggs': {}},
        {'query': {'wildcard': {'host': 'a*'}}},
        {'query': {'terms': {'host': ['*a', 'b']}}},
        {'query': ALL, 'search_after': [1, 'a'], 'sort': ['a', 'b']},
    ],
)
def test_what_is_within_them_is_not(body):
    check_body(body)


def test_a_token_a_path_and_a_media_type_are_asked_for(play):
    async def story(sandbox):
        shim, body = sandbox.shim, {'query': ALL}
        assert ask(shim, body)[0] == 200
        assert ask(shim, body, token='')[0] == 401
        assert ask(shim, body, token=shim.token[:-1])[0] == 401
        assert ask(shim, body, path='/v1/scroll')[0] == 404
        assert ask(shim, body, kind='xml')[0] == 415
        assert ask(shim, b'{')[0] == 400
        assert ask(shim, body, path='/v1/search?dayOffset=x')[0] == 400
        assert ask(shim, body, path='/v1/search?dayOffset=-1')[0] == 400

    play(story)


@pytest.mark.parametrize(
    ('scope', 'offset', 'wanted'),
    [
        ('calendar', 0, {'11 h', '13 h', '35 h'}),
        ('calendar', 1, {'13 h', '35 h', '37 h', '59 h'}),
        ('calendar', 2, {'37 h', '59 h', '61 h', '83 h'}),
        ('rolling', 0, {'11 h', '13 h', '35 h', '37 h'}),
        ('rolling', 1, {'35 h', '37 h', '59 h', '61 h'}),
    ],
)
def test_two_days_are_searched_at_a_time(play, scope, offset, wanted):
    async def story(sandbox):
        shim = sandbox.shim
        shim.scope, shim.now = scope, lambda: NOON
        hours = (11, 13, 35, 37, 59, 61, 83, 85)
        shim.add(
            [
                {
                    '@timestamp': (
                        NOON - dt.timedelta(hours=hour)
                    ).isoformat(),
                    'message': f'{hour} h',
                }
                for hour in hours
            ]
        )
        path = f'/v1/search?dayOffset={offset}'
        assert texts(ask(shim, {'query': ALL}, path=path)) == wanted

    play(story)


def test_accounts_on_one_engine_do_not_see_each_other(play):
    async def story(sandbox):
        other = Shim(
            f'http://{":".join(map(str, sandbox.shim._engine))}',
            'another',
            sandbox.shim.account + 10_000,
        )
        try:
            now = dt.datetime.now(dt.UTC).isoformat()
            other.add([{'@timestamp': now, 'message': 'theirs'}])
            assert texts(ask(sandbox.shim, {'query': ALL})) == set()
            assert texts(ask(other, {'query': ALL})) == {'theirs'}
            assert ask(other, {'query': ALL}, token=sandbox.shim.token)[0] == (
                401
            )
        finally:
            other.engine('DELETE', f'/logz-{other.account}-*')
            other.close()

    play(story)


def test_what_the_engine_refuses_is_refused(play):
    async def story(sandbox):
        now = dt.datetime.now(dt.UTC).isoformat()
        sandbox.shim.add([{'@timestamp': now, 'message': 'a', 'n': 1}])
        for query in ({'nonsense': {}}, {'term': {'n': 'x'}}):
            status, answer = ask(sandbox.shim, {'query': query})
            assert status == 400
            assert answer['errorCode'].startswith('ENGINE/')

    play(story)
