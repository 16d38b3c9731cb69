from __future__ import annotations

import base64

import pytest
from imbi_plugin_logzio import cursors

from imbi_plugin_sdk import CursorExpiredError

TOKEN = 'abc' * 8
ASKED = b'the question'
PLACE = (1_795_341_600_123, 'g3ZN-OaN4')


def test_a_cursor_gives_its_place_back():
    cursor = cursors.write(TOKEN, ASKED, PLACE)
    assert cursors.read(TOKEN, ASKED, cursor) == PLACE
    assert cursor.isascii()
    assert TOKEN not in cursor


@pytest.mark.parametrize(
    ('token', 'asked'), [(TOKEN, b'another'), ('other', ASKED)]
)
def test_a_cursor_is_for_one_question_and_one_token(token, asked):
    cursor = cursors.write(TOKEN, ASKED, PLACE)
    with pytest.raises(CursorExpiredError):
        cursors.read(token, asked, cursor)


def test_every_change_that_means_anything_is_noticed():
    cursor = cursors.write(TOKEN, ASKED, PLACE)
    alphabet = 'ABab01-_='
    for place in range(len(cursor)):
        for char in alphabet:
            changed = cursor[:place] + char + cursor[place + 1 :]
            try:
                found = cursors.read(TOKEN, ASKED, changed)
            except CursorExpiredError:
                continue
            assert found == PLACE
            assert place == len(cursor) - 1 or changed == cursor


@pytest.mark.parametrize(
    'cursor', ['', 'x', 'AAAA', 'ü', '{"a": 1}', 'A' * 99]
)
def test_what_is_no_cursor_is_refused(cursor):
    with pytest.raises(CursorExpiredError):
        cursors.read(TOKEN, ASKED, cursor)


def test_a_cursor_of_another_version_is_refused(monkeypatch):
    cursor = cursors.write(TOKEN, ASKED, PLACE)
    monkeypatch.setattr(cursors, 'VERSION', 2)
    with pytest.raises(CursorExpiredError, match='version'):
        cursors.read(TOKEN, ASKED, cursor)


def test_a_cursor_does_not_show_more_than_its_place():
    text = cursors.write(TOKEN, ASKED, PLACE)
    whole = base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))
    assert whole[16:] == b'[1,1795341600123,"g3ZN-OaN4"]'
