from __future__ import annotations

import base64

import pytest
from imbi_plugin_aws.logs import buckets, cursors
from imbi_plugin_aws.logs.cursors import Position
from imbi_plugin_aws.logs.windows import Window

from imbi_plugin_sdk import CursorExpiredError

BOUND = cursors.binding(['a', 1])
POSITION = Position(
    1_767_225_600_000,
    42,
    frozenset({cursors.mark('one'), cursors.mark('two')}),
)


@pytest.mark.parametrize(
    'position',
    [POSITION, Position(0, 0, frozenset()), Position(-1, 1, frozenset())],
)
def test_a_cursor_brings_its_position_back(position):
    assert cursors.read(cursors.write(position, BOUND), BOUND) == position


def test_any_change_of_a_cursor_is_found():
    cursor = cursors.write(POSITION, BOUND)
    alphabet = 'Aa0-_=.' + cursor[-1]
    for at in range(len(cursor)):
        for char in alphabet:
            damaged = cursor[:at] + char + cursor[at + 1 :]
            if damaged != cursor:
                with pytest.raises(CursorExpiredError):
                    cursors.read(damaged, BOUND)


@pytest.mark.parametrize(
    'cursor',
    ['', 'cwl1.', 'cwl2.AAAA', 'x', '\ud800', 'cwl1.é', 'cwl1.' + 'A' * 999],
)
def test_what_is_no_cursor_is_none(cursor):
    with pytest.raises(CursorExpiredError, match='another search'):
        cursors.read(cursor, BOUND)


def test_spellings_that_decode_alike_are_not_taken():
    cursor = cursors.write(Position(0, 0, frozenset()), BOUND)
    assert len(cursor.removeprefix('cwl1.')) % 4  # bits are left over
    for mended in (cursor + '=', cursor + '==', cursor + '\n', f' {cursor}'):
        with pytest.raises(CursorExpiredError):
            cursors.read(mended, BOUND)
    last = base64.urlsafe_b64decode(cursor[5:] + '=' * (-len(cursor[5:]) % 4))
    twins = [
        cursor[:-1] + char
        for char in 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
        if base64.urlsafe_b64decode(
            cursor[5:-1] + char + '=' * (-len(cursor[5:]) % 4)
        )
        == last
        and cursor[-1] != char
    ]
    assert twins
    for twin in twins:
        with pytest.raises(CursorExpiredError):
            cursors.read(twin, BOUND)


def test_a_cursor_of_another_question_is_foreign():
    cursor = cursors.write(POSITION, cursors.binding(['a', 2]))
    with pytest.raises(CursorExpiredError):
        cursors.read(cursor, BOUND)


def test_periods_grow_and_keep_the_caps_of_the_language():
    widths = list(buckets.PERIODS.values())
    assert widths == sorted(set(widths))
    caps = {'ms': 1_000, 's': 60, 'm': 60, 'h': 24, 'd': 31}
    for period in buckets.PERIODS:
        count = int(''.join(filter(str.isdigit, period)))
        assert 0 < count <= caps[period.strip('0123456789')]


@pytest.mark.parametrize('most', [1, 2, 3, 7, 60, 1_000])
@pytest.mark.parametrize(
    'window',
    [
        Window(0, 1),
        Window(999, 1_001),
        Window(59_999, 3_600_001),
        Window(1_767_225_599_999, 1_767_225_600_001),
        Window(1_767_225_600_000, 1_767_225_600_000 + 40 * 86_400_000),
        Window(1_767_225_600_001, 1_767_225_600_001 + 800 * 86_400_000),
    ],
)
def test_buckets_are_ordered_inside_the_window_and_never_too_many(
    window, most
):
    period = buckets.choose_period(window, most)
    width = buckets.PERIODS[period]
    starts = range(window.start // width * width, window.end, width)
    counts = {start: {'ERROR': 1, '': 2} for start in starts}
    found = buckets.histogram(counts, window, period, most)
    times = [round(one.timestamp.timestamp() * 1_000) for one in found]
    assert 0 < len(found) <= most
    assert times == sorted(set(times))
    assert times[0] == window.start
    assert times[-1] < window.end
    assert sum(one.count for one in found) == 3 * len(starts)
    assert sum(one.levels['ERROR'] for one in found) == len(starts)
    assert not any('' in one.levels for one in found)


@pytest.mark.parametrize(
    'row',
    [
        {},
        {'bin(5m)': '2026-01-01 00:00:00.000'},
        {'bin(5m)': 'noon', 'entries': '1'},
        {'bin(5m)': '2026-01-01 00:00:00.000', 'entries': '-1'},
        {'bin(1m)': '2026-01-01 00:00:00.000', 'entries': '1'},
    ],
)
def test_a_row_that_the_query_cannot_give_is_none(row):
    assert buckets.read_counts([row], '5m') is None
