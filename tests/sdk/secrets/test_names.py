"""Names are read as compounds whose last word decides."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.secret_detector import (
    _names,
    find_secrets,
    is_secret_name,
)


def styles(name):
    parts = name.split('_')
    pascal = ''.join(part.title() for part in parts)
    camel = parts[0] + ''.join(part.title() for part in parts[1:])
    return name, name.replace('_', '-'), name.upper(), camel, pascal


def judged(names):
    return {
        one for name in names for one in styles(name) if is_secret_name(one)
    }


def in_styles(names):
    return {one for name in names for one in styles(name)}


def test_names_of_secrets_are_secret_in_five_styles(tables):
    names = tables.names_that_are_secret
    assert len(names) > 130
    assert in_styles(names) - judged(names) == set()


def test_names_that_only_sound_secret_pass_in_five_styles(tables):
    names = [name.replace(' ', '_') for name in tables.names_that_pass]
    plain = [name for name in names if name == name.lower()]
    assert len(plain) > 230
    assert judged(plain) == set()
    assert [name for name in names if is_secret_name(name)] == []


@pytest.mark.parametrize('head', sorted(_names.HEADS))
def test_every_head_is_secret_alone_and_behind_a_word(head):
    names = [head, f'vendor_{head}', f'{head}_old', f'{head}_value']
    assert judged(names) == in_styles(names)


@pytest.mark.parametrize('word', sorted(_names.PLURALS))
def test_every_plural_counts_as_its_head(word):
    head = _names.PLURALS[word]
    for lead in ('', 'api_', 'client_', 'recovery_'):
        assert is_secret_name(lead + word) == is_secret_name(lead + head)


@pytest.mark.parametrize('modifier', sorted(_names.KEY_MODIFIERS))
def test_every_modifier_makes_a_key_a_secret(modifier):
    names = [f'{modifier}_key', f'vendor_{modifier}_key']
    assert judged(names) == in_styles(names)


@pytest.mark.parametrize('modifier', sorted(_names.HARMLESS_KEY_MODIFIERS))
def test_every_harmless_modifier_makes_a_key_and_a_token_public(modifier):
    assert judged([f'{modifier}_key', f'{modifier}_token']) == set()


@pytest.mark.parametrize('modifier', sorted(_names.PASS_MODIFIERS))
def test_every_modifier_makes_a_pass_a_password(modifier):
    names = [f'{modifier}_pass']
    assert judged(names) == in_styles(names)


@pytest.mark.parametrize('words', sorted(_names.DENIES), ids='_'.join)
def test_every_denied_compound_is_secret(words):
    names = ['_'.join(words), '_'.join(('vendor', *words))]
    assert judged(names) == in_styles(names)


@pytest.mark.parametrize('suffix', sorted(_names.HARMLESS_HEADS))
def test_every_harmless_suffix_clears_a_secret_word(suffix):
    leads = ('token', 'password', 'client_secret', 'signing_key')
    assert judged(f'{lead}_{suffix}' for lead in leads) == set()


@pytest.mark.parametrize('lead', sorted(_names.HARMLESS_LEADS))
def test_every_harmless_lead_clears_what_follows(lead):
    names = [f'{lead}_token', f'{lead}_client_secret', f'{lead}_password']
    assert judged(names) == set()


@pytest.mark.parametrize('fused', sorted(_names.FUSED))
def test_every_fused_word_counts_as_the_words_in_it(fused):
    apart = '_'.join(_names.FUSED[fused])
    for one in (fused, fused.upper(), fused.title(), f'x_{fused}'):
        wanted = f'x_{apart}' if one.startswith('x_') else apart
        assert is_secret_name(one) == is_secret_name(wanted)


@pytest.mark.parametrize('end', _names.FUSED_ENDS)
def test_every_fused_end_is_recognised(end):
    assert is_secret_name(f'zabbix{end}')
    assert is_secret_name(f'ZABBIX{end.upper()}')
    assert not is_secret_name(f'zabbix{end}_url')


@pytest.mark.parametrize('qualifier', sorted(_names.QUALIFIERS))
def test_every_qualifier_falls_away(qualifier):
    assert is_secret_name(f'client_secret_{qualifier}')
    assert not is_secret_name(f'token_url_{qualifier}')


def test_every_secret_name_holds_a_stem(tables):
    names = {*tables.names_that_are_secret, *_names.HEADS, *_names.FUSED}
    names |= {'_'.join(words) for words in _names.DENIES}
    names |= {f'{one}_key' for one in _names.KEY_MODIFIERS}
    names |= {f'{one}_pass' for one in _names.PASS_MODIFIERS}
    for name in names:
        for style in styles(name):
            if is_secret_name(style):
                assert _names.mentions_secret(style), style


def test_digits_separate_and_count_for_nothing():
    assert is_secret_name('token2')
    assert is_secret_name('oauth2ClientSecret1')
    assert not is_secret_name('sha256')
    assert not is_secret_name('')
    assert not is_secret_name('123')
    assert not is_secret_name('__')


def test_what_is_too_long_to_be_a_name_is_none():
    assert is_secret_name('a_' * 40 + 'token')
    assert not is_secret_name('a_' * 50 + 'token')


@pytest.mark.parametrize('value', [True, False, 0, 17, 2.5, None, '', '  '])
def test_only_texts_are_secret_by_name(value):
    assert find_secrets({'client_secret': value}) == ()


def test_any_text_under_a_secret_name_is_found():
    (found,) = find_secrets({'client_secret': 'hunter2'})
    assert (found.rule, found.kind) == ('secret-name', 'name')
    assert found.length == 7
    assert found.head == ''


def test_client_id_with_a_value_is_found_as_adr_0012_asks():
    for name in ('client_id', 'signing_key', 'pem', 'api_token'):
        assert find_secrets({name: 'abc-1'})[0].kind == 'name'


@pytest.mark.parametrize(
    'text',
    [
        'changeme', '<token>', '${TOKEN}', '{token}', '{{ token }}',
        'your-api-key', 'xxxxxxxx', '********', 'YOUR_TOKEN', '...', 'secret',
        'REPLACE_ME', '%TOKEN%', '$TOKEN', 'example-token', '1234567890',
    ],
)  # fmt: skip
def test_a_placeholder_in_a_secret_s_place_is_a_finding_of_its_own(text):
    (found,) = find_secrets({'client_secret': text})
    assert (found.rule, found.kind) == ('placeholder', 'placeholder')


@pytest.mark.parametrize(
    'text',
    [
        'vault:kv/data/imbi#secret', 'op://Platform/GitHub/secret',
        'env:CLIENT_SECRET', 'ssm:/imbi/client-secret',
        'arn:aws:secretsmanager:us-east-1:123456789012:secret:imbi-AbCdEf',
        'projects/acme/secrets/imbi/versions/1', 'file:/run/secrets/imbi',
    ],
)  # fmt: skip
def test_a_reference_to_a_store_may_stand_in_a_secret_s_place(text):
    assert find_secrets({'client_secret': text}) == ()


def test_what_only_begins_like_a_reference_is_none():
    for text in ('vaulted-8271', 'operator', 'secretly', 'environment'):
        assert find_secrets({'client_secret': text})[0].kind == 'name'
