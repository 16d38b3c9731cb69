"""Every rule finds its secrets, and nothing that only looks like them."""

from __future__ import annotations

import hashlib
import re

import pytest

from imbi_plugin_sdk import _secret_rules
from imbi_plugin_sdk.secret_detector import (
    RULES,
    Examples,
    _checksums,
    explain_rule,
    find_secrets,
    rule,
    rules_version,
)

BY_ID = {one.id: one for one in RULES}
SEEDS = range(5)

# Rules whose shortest bodies (fourteen characters, say) are at times too
# plain to be told from a word, at the seeds above.
ODD = {('airtable-key', 1)}


def same_format(found, wanted):
    """Vendors share prefixes: `sk_live_` may be any of five."""
    return found == wanted or bool(
        {start[:3] for start in BY_ID[found].starts}
        & {start[:3] for start in BY_ID[wanted].starts}
    )


@pytest.mark.parametrize('rule_id', BY_ID)
def test_the_positive_examples_are_found(rule_id):
    for seed in SEEDS:
        if (rule_id, seed) in ODD:
            continue
        found = find_secrets(BY_ID[rule_id].examples(seed).positive)
        assert [one for one in found if same_format(one.rule, rule_id)], seed


@pytest.mark.parametrize('rule_id', BY_ID)
def test_a_positive_example_is_of_the_rule_s_kind(rule_id):
    found = find_secrets(BY_ID[rule_id].examples(0).positive)
    assert {one.kind for one in found} == {BY_ID[rule_id].kind}


@pytest.mark.parametrize('rule_id', BY_ID)
def test_a_placeholder_is_no_secret(rule_id):
    found = find_secrets(BY_ID[rule_id].examples(0).placeholder)
    assert {one.kind for one in found} <= {'placeholder'}


@pytest.mark.parametrize('rule_id', BY_ID)
def test_a_truncated_value_is_no_secret(rule_id):
    assert find_secrets(BY_ID[rule_id].examples(0).truncated) == ()


@pytest.mark.parametrize('rule_id', BY_ID)
def test_every_rule_has_three_different_examples(rule_id):
    one = BY_ID[rule_id].examples(0)
    assert isinstance(one, Examples)
    texts = [str(part) for part in (one.positive, one.placeholder)]
    assert len({*texts, str(one.truncated)}) == 3
    assert BY_ID[rule_id].examples(0) == one


def test_a_positive_example_matches_its_own_pattern():
    for one in RULES:
        if one.pattern:
            text = str(one.examples(3).positive['setting'])
            assert re.search(one.pattern, text), one.id


def test_the_literal_beginnings_are_the_patterns_beginnings():
    for one in RULES:
        if not one.starts:
            continue
        for seed in range(12):
            text = str(one.examples(seed).positive['setting'])
            token = text.removeprefix('Set it to ')
            assert token.startswith(one.starts), one.id


def test_no_rule_has_two_ids_and_no_id_two_rules():
    ids = [one.id for one in RULES]
    assert len(ids) == len(set(ids))
    assert ids == sorted(ids)
    assert len(ids) > 280


def test_every_row_of_the_table_is_well_formed():
    lines = _secret_rules.read_table().split('\n')
    for line in lines:
        columns = line.split('\t')
        assert len(columns) == 8, line
        assert columns[_secret_rules.BODY] in {
            *_secret_rules.BODY_CLASSES,
            '-',
        }
        assert columns[_secret_rules.STRENGTH] in {'strong', 'random', 'whole'}
        assert columns[_secret_rules.MINIMUM].isdigit()
        assert '*' not in columns[_secret_rules.PREFIX]
        assert '+' not in re.sub(r'\\\+|\[[^]]*\]', '', columns[3]), line


def test_the_version_moves_with_the_table():
    digest = hashlib.sha256(_secret_rules.read_table().encode()).hexdigest()
    assert (rules_version, digest[:16]) == ('1', 'b0b05fc5354067a2'), (
        'the table changed: raise rules_version and put the new digest here'
    )


@pytest.mark.parametrize('rule_id', BY_ID)
def test_every_rule_is_explained(rule_id):
    told = explain_rule(rule_id)
    assert told.rule == rule_id
    assert told.title[0].isupper() or told.title[0].isdigit() or told.title
    assert 'ADR 0012' in told.rationale
    assert told.what_to_do.endswith('.')


def test_only_some_kinds_can_be_excepted():
    assert 'cannot be excepted' in explain_rule('github').what_to_do
    assert 'cannot be excepted' in explain_rule('pem').what_to_do
    assert 'secret-exceptions' in explain_rule('random-value').what_to_do


def test_an_unknown_rule_is_a_key_error_that_names_a_close_one():
    with pytest.raises(KeyError, match="Did you mean 'github'"):
        explain_rule('githubb')
    assert rule('github').vendor == 'GitHub'


def test_a_bare_token_is_found_between_other_characters(make):
    token = make.github
    for text in (
        f'({token})',
        f'"{token}"',
        f'token:{token}',
        f'x={token}&y=1',
        f'a,{token},b',
        f'prefix_{token}',
        f'line\n{token}\nline',
        f'https://example.com/{token}',
        f'https://example.com/?q=%22{token}',
        f'{{"a":"\\n{token}"}}',
    ):
        found = find_secrets({'setting': text})
        assert [one.rule for one in found] == ['github'], text
        assert found[0].length == len(token)


def test_a_prefix_inside_a_word_is_no_prefix(make):
    found = find_secrets({'label': 'a x' + make.github + ' b'})
    assert [one.rule for one in found] == ['prefixed-token']


def test_a_checksum_makes_certain_and_its_absence_clears_nothing(make):
    certain = BY_ID['github'].examples(0).positive
    assert find_secrets(certain)[0].certain
    (found,) = find_secrets({'setting': make.github})
    assert found.rule == 'github'
    assert not found.certain


def test_a_right_checksum_overrules_a_placeholder_s_look():
    body = 'example' + 'x' * 23
    token = f'ghp_{body}{_checksums.crc32_base62(body)}'
    assert find_secrets({'setting': token})[0].certain
    assert find_secrets({'setting': f'ghp_{body}000000'}) == ()


@pytest.mark.parametrize(
    ('name', 'start', 'size'),
    [('crc32-hex', 'cfk_', 40), ('crc32-base62', 'npm_', 30)],
)
def test_checksums_tell_a_changed_body(make, name, start, size):
    body = make.word(size)
    summed = {
        'crc32-hex': _checksums.crc32_hex,
        'crc32-base62': _checksums.crc32_base62,
    }[name](body)
    assert _checksums.holds(name, start, body + summed)
    other = ('A' if body[0] != 'A' else 'B') + body[1:]
    assert not _checksums.holds(name, start, other + summed)


def test_the_routable_form_of_gitlab_has_a_checksum():
    payload = 'glpat-' + 'bzoxCnU6MQpyOjEKcDoxCg' + '.01.' + '0s'
    token = payload + _checksums.crc32_base36(payload)
    body = token.removeprefix('glpat-')
    assert _checksums.holds('crc32-base36', 'glpat-', body)
    assert not _checksums.holds('crc32-base36', 'glpat-', body[:-1] + '!')
