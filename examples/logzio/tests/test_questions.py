from __future__ import annotations

import datetime as dt
import itertools

import pytest
from imbi_plugin_logzio import questions
from imbi_plugin_logzio.questions import DAY, Piece
from imbi_plugin_logzio.settings import Settings

from imbi_plugin_sdk import LogFilter, LogQuery

NOW = dt.datetime(2026, 3, 10, 14, 30, tzinfo=dt.UTC)
MIDNIGHT = questions.milliseconds(NOW.replace(hour=0, minute=0))
SETTINGS = Settings(
    endpoint='https://api.logz.io',
    scope={'project': 'checkout'},
    level_field='level',
    fields=(),
    timeout=5,
)


def ask(start, end=NOW, *filters, **facts):
    return LogQuery(
        start_time=start, end_time=end, filters=list(filters), **facts
    )


def back(**delta):
    return NOW - dt.timedelta(**delta)


def test_an_hour_is_one_piece():
    (piece,) = questions.pieces(ask(back(hours=1)), NOW)
    assert piece == Piece(
        0, questions.milliseconds(back(hours=1)), questions.milliseconds(NOW)
    )


def test_yesterday_needs_no_offset_and_the_day_before_does():
    first, second = questions.pieces(ask(back(days=2)), NOW)
    assert first.offset == 0
    assert first.start == MIDNIGHT - DAY
    assert second.offset == 1
    assert second.end == first.start
    assert second.start == questions.milliseconds(back(days=2))


@pytest.mark.parametrize('days', [0.1, 1, 2, 2.9, 3, 7, 31])
@pytest.mark.parametrize('ends', [0, 0.5, 1.7, 4])
def test_pieces_are_the_window_without_gaps_newest_first(days, ends):
    start, end = back(days=days + ends), back(days=ends)
    found = questions.pieces(ask(start, end), NOW)
    assert found[0].end == questions.milliseconds(end)
    assert found[-1].start == questions.milliseconds(start)
    for newer, older in itertools.pairwise(found):
        assert newer.start == older.end
        assert newer.offset < older.offset


@pytest.mark.parametrize('days', [3, 10, 31])
def test_a_piece_lies_in_its_two_days_however_they_are_counted(days):
    now = questions.milliseconds(NOW)
    for piece in questions.pieces(ask(back(days=days)), NOW):
        until = now - piece.offset * DAY
        assert until - 2 * DAY <= piece.start
        assert piece.end <= until
        first = MIDNIGHT - (piece.offset + 1) * DAY
        assert first <= piece.start
        assert piece.end <= first + 2 * DAY


def test_a_window_in_the_future_or_of_no_length():
    ahead = NOW + dt.timedelta(hours=1)
    (piece,) = questions.pieces(ask(NOW, ahead), NOW)
    assert piece.offset == 0
    assert questions.pieces(ask(NOW), NOW) == []


def test_a_window_that_is_reversed_too_long_or_naive_is_refused():
    with pytest.raises(ValueError, match='ends before it starts'):
        questions.pieces(ask(NOW, back(seconds=1)), NOW)
    with pytest.raises(ValueError, match='31 days'):
        questions.pieces(ask(back(days=31, seconds=1)), NOW)
    with pytest.raises(ValueError, match='time zone'):
        questions.pieces(ask(back(hours=1).replace(tzinfo=None)), NOW)


def test_time_is_rounded_up_to_the_millisecond():
    assert questions.milliseconds(questions.ZERO) == 0
    for micros, wanted in ((1, 1), (999, 1), (1000, 1), (1001, 2)):
        instant = questions.ZERO + dt.timedelta(microseconds=micros)
        assert questions.milliseconds(instant) == wanted


def test_scope_levels_and_filters_are_conditions_with_whole_values():
    query = ask(
        back(hours=1),
        NOW,
        LogFilter(field='service', op='eq', value='a"*'),
        LogFilter(field='service', op='ne', value='b'),
        LogFilter(field='host.name', op='starts_with', value='w*'),
        LogFilter(field='message', op='contains', value='out of memory'),
        levels=['ERROR'],
    )
    assert questions.conditions(SETTINGS, query) == {
        'filter': [
            {'term': {'project': {'value': 'checkout'}}},
            {'terms': {'level': ['ERROR']}},
            {'term': {'service': {'value': 'a"*'}}},
            {'prefix': {'host.name': {'value': 'w*'}}},
            {'match_phrase': {'message': {'query': 'out of memory'}}},
        ],
        'must_not': [{'term': {'service': {'value': 'b'}}}],
    }


@pytest.mark.parametrize(
    ('field', 'op', 'told'),
    [
        ('service', 'contains', 'starts_with'),
        ('message', 'eq', 'contains'),
        ('message', 'regex', 'contains'),
        ('_id', 'eq', 'no field'),
        ('a.*', 'eq', 'no field'),
        ('', 'eq', 'no field'),
    ],
)
def test_what_logzio_has_not_is_refused_with_what_it_has(field, op, told):
    one = LogFilter(field=field, op=op, value='x')
    with pytest.raises(ValueError, match=told):
        questions.conditions(SETTINGS, ask(back(hours=1), NOW, one))


def test_a_histogram_starts_at_the_window():
    piece = Piece(0, 10_250, 20_000)
    body = questions.histogram_body(
        {'filter': [], 'must_not': []}, piece, 'level', 1_000, 10_250
    )
    histogram = body['aggs']['times']['date_histogram']
    assert histogram['fixed_interval'] == '1000ms'
    assert histogram['offset'] == '250ms'
    assert body['size'] == 0
