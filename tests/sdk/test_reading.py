"""What a handler reads from options and credentials."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.errors import (
    PluginAuthenticationFailed,
    PluginCredentialsMissing,
)
from imbi_plugin_sdk.manifest import CredentialField
from imbi_plugin_sdk.options import (
    read_credentials,
    read_seconds,
    read_text,
)

DECLARED = [
    CredentialField(name='key_id', label='Key id'),
    CredentialField(name='key', label='Key'),
    CredentialField(name='session', label='Session', required=False),
]
GIVEN = {'key_id': 'AKIA0', 'key': 'canary'}


def test_credentials_come_without_what_was_pasted_around_them():
    given = {**GIVEN, 'key': ' \tcanary\n', 'session': ' ', 'other': 'x'}
    assert read_credentials(DECLARED, given) == GIVEN
    assert given['key'] == ' \tcanary\n'
    whole = {**GIVEN, 'session': 's'}
    assert read_credentials(DECLARED, whole) == whole


@pytest.mark.parametrize('blank', [None, '', ' \t\n'])
@pytest.mark.parametrize('name', GIVEN)
def test_a_required_credential_that_says_nothing_is_missing(name, blank):
    with pytest.raises(PluginCredentialsMissing, match=f'^{name} must'):
        read_credentials(DECLARED, {**GIVEN, name: blank})


def test_all_that_are_missing_are_named_at_once():
    with pytest.raises(PluginCredentialsMissing, match=r'key_id and key must'):
        read_credentials(DECLARED, {'session': 's\n s'})


@pytest.mark.parametrize('name', [*GIVEN, 'session'])
@pytest.mark.parametrize(
    'odd',
    ['a b', 'a\nb', 'a\r\nx-evil: 1', 'ключ', 'a\ud800', 'a\x00'],
)
def test_what_no_header_can_carry_is_refused_unquoted(name, odd):
    text = f'canary{odd}canary'
    with pytest.raises(PluginAuthenticationFailed, match=name) as caught:
        read_credentials(DECLARED, {**GIVEN, name: text})
    assert 'canary' not in str(caught.value)
    plain = read_credentials(DECLARED, {**GIVEN, name: text}, for_header=False)
    assert plain[name] == text


@pytest.mark.parametrize('odd', [5, b'canary', ['canary']])
def test_a_credential_that_is_no_text_is_refused_unquoted(odd):
    with pytest.raises(
        PluginAuthenticationFailed, match='key_id must be text'
    ) as caught:
        read_credentials(DECLARED, {**GIVEN, 'key_id': odd})
    assert 'canary' not in str(caught.value)


@pytest.mark.parametrize('value', [None, '', ' \t\n'])
def test_an_option_without_text_is_the_default(value):
    assert read_text({'it': value}, 'it', 'other') == 'other'
    assert read_text({'it': value}, 'it') == ''
    assert read_text({}, 'it', 'other') == 'other'
    assert read_text({'it': ' a b '}, 'it', 'other') == 'a b'


@pytest.mark.parametrize('value', [7, 0, True, [], {}, b'x'])
def test_an_option_that_is_no_text_is_refused(value):
    kind = type(value).__name__
    with pytest.raises(ValueError, match=f'it must be text, not {kind}'):
        read_text({'it': value}, 'it')


@pytest.mark.parametrize(
    ('value', 'seconds'),
    [(None, 10), ('', 10), (3, 3), ('2.5', 2.5), (0.3, 0.3), (120, 120)],
)
def test_a_number_of_seconds_may_be_text(value, seconds):
    found = read_seconds({'timeout': value}, default=10, longest=120)
    assert found == seconds
    assert read_seconds({'x': value}, 'x', default=10, longest=120) == seconds
    assert read_seconds({}, default=10, longest=120) == 10


@pytest.mark.parametrize(
    'value',
    [0, -1, 121, 'soon', ' ', 'nan', 'inf', True, [], 10**400],
)
def test_what_nobody_would_wait_is_refused(value):
    with pytest.raises(ValueError, match=r'option timeout .* at most 120'):
        read_seconds({'timeout': value}, default=10, longest=120)
