"""A secret is taken out of text in every form that a log gives it."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse

import pytest

from imbi_plugin_sdk.redaction import occurrences, redact

AWKWARD = 'p@ss/w"or\'d+é=&<x>\\ 1%'


def basic(value, user='ada'):
    return base64.b64encode(f'{user}:{value}'.encode()).decode()


FORMS = {
    'raw': [lambda value: value],
    'json': [
        json.dumps,
        lambda value: json.dumps({'a': [value]}, ensure_ascii=False),
        lambda value: json.dumps(json.dumps(value)),
        lambda value: json.dumps(value).replace('/', '\\/'),
    ],
    'repr': [
        repr,
        ascii,
        lambda value: repr(value.encode()),
        lambda value: repr({'a': value}),
    ],
    'url': [
        lambda value: urllib.parse.quote(value, safe=''),
        urllib.parse.quote,
        urllib.parse.quote_plus,
        lambda value: 'x?' + urllib.parse.urlencode({'token': value}),
        lambda value: urllib.parse.quote(value, safe='').lower(),
    ],
    'html': [html.escape],
    'base64': [
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
        lambda value: base64.b64encode(f'x{value}'.encode()).decode(),
        lambda value: base64.b64encode(f'xy{value}z'.encode()).decode(),
        lambda value: base64.b64encode(json.dumps({'a': value}).encode())
        .decode(),
    ],
    'basic': [
        lambda value: f'Authorization: Basic {basic(value)}',
        lambda value: f'basic {basic(value, "a much longer user")}',
        lambda value: f"{{'Authorization': 'Basic {basic(value)}'}}",
    ],
}  # fmt: skip
CASES = [(form, write) for form, writers in FORMS.items() for write in writers]


@pytest.mark.parametrize(
    ('form', 'write'),
    CASES,
    ids=[f'{form}{at}' for at, (form, _) in enumerate(CASES)],
)
@pytest.mark.parametrize(
    'value',
    [AWKWARD, 'abcd1234efgh', 'ünïcödé?/>'],
    ids=['awkward', 'plain', 'wide'],
)
def test_every_form_is_seen_and_taken_out(form, write, value):
    text = f'before {write(value)} after'
    seen = occurrences(text, value)
    if write(value).strip('"\'') != value or form == 'raw':
        assert seen, text
    assert form in seen or value in text or 'url' in seen or 'html' in seen
    clean = redact(text, [value])
    assert occurrences(clean, value) == ()
    assert clean.startswith('before ')
    assert clean.endswith(' after')
    assert '***' in clean


def test_the_forms_are_named():
    value = AWKWARD
    assert occurrences(value, value) == ('raw',)
    assert occurrences(json.dumps(value), value) == ('json',)
    assert occurrences(repr(value), value) == ('repr',)
    assert occurrences(urllib.parse.quote(value), value) == ('url',)
    assert occurrences(html.escape(value), value) == ('html',)
    encoded = base64.b64encode(value.encode()).decode()
    assert occurrences(encoded, value) == ('base64',)
    header = f'Basic {basic(value)}'
    assert occurrences(header, value) == ('base64', 'basic')
    assert occurrences('nothing of the kind', value) == ()


def test_a_short_password_is_found_in_a_basic_header():
    assert occurrences(f'Basic {basic("x1")}', 'x1') == ('basic',)
    assert redact(f'Basic {basic("x1")}', ['x1']) == 'Basic ***'


def test_no_bits_of_a_value_are_left_beside_its_base64():
    value = 'abcdefgh'
    for before in ('', 'x', 'xy'):
        for after in ('', 'z', 'zz'):
            text = base64.b64encode(f'{before}{value}{after}'.encode())
            clean = redact(text.decode(), [value])
            left, _, right = clean.partition('***')
            assert len(left) == len(before)  # six bits of each octet before
            assert len(right.rstrip('=')) <= 2 * len(after)


def test_longer_values_are_taken_out_first():
    assert redact('secret-and-more secret', ['secret', 'secret-and-more']) == (
        '*** ***'
    )


def test_values_may_overlap_and_hold_the_mask_or_a_pattern():
    assert redact('a***b+.*cd', ['***b', '.*cd']) == 'a***+***'
    assert redact('xabcdefghiy', ['abcdef', 'defghi']) == 'x***y'
    assert redact('abcdefgh', ['abcd', 'efgh']) == '******'
    assert redact('xabcy', ['abc(', '[abc', 'zzzz']) == 'xabcy'


def test_a_short_value_is_a_word_of_its_own():
    assert redact('user=us region=us-east bus', ['us']) == (
        'user=*** region=***-east bus'
    )
    assert occurrences('bus', 'us') == ()
    assert occurrences('a us b', 'us') == ('raw',)


@pytest.mark.parametrize('value', ['', ' ', '\n'])
def test_blank_values_are_nowhere(value):
    assert redact('a b\nc', [value]) == 'a b\nc'
    assert occurrences('a b\nc', value) == ()


def test_no_values_change_nothing():
    assert redact('text', []) == 'text'


def test_a_key_file_is_taken_out_line_by_line():
    body = ['A1b2' * 16, 'C3d4' * 16, 'E5f6' * 8]
    value = '\n'.join(
        ('-----BEGIN PRIVATE KEY-----', *body, '-----END PRIVATE KEY-----')
    )
    text = '\n'.join(f'  | {line}' for line in value.splitlines())
    clean = redact(text, [value])
    assert not any(line in clean for line in body)
    assert occurrences(text, value) == ('raw',)
    assert '-----BEGIN PRIVATE KEY-----' in clean


def test_a_value_that_was_stripped_is_still_taken_out():
    assert redact('token abcdef1', ['abcdef1\n']) == 'token ***'


def test_lone_surrogates_are_no_trouble():
    value = 'abc\ud800def'
    assert redact(f'x {value} y', [value]) == 'x *** y'
    assert redact(ascii(value), [value]) == "'***'"
