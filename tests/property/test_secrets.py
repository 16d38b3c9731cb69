"""What holds of the detector and of redaction for every input."""

from __future__ import annotations

import base64
import json
import random
import re
import string

from hypothesis import example, given, settings
from hypothesis import strategies as st

from imbi_plugin_sdk.redaction import occurrences, redact
from imbi_plugin_sdk.secret_detector import (
    MANIFEST_SLOTS,
    RULES,
    SlotMap,
    _samples,
    _shapes,
    find_secrets,
    is_secret_name,
)

UNTIMED = settings(deadline=None)  # a busy machine is no failure
ALNUM = string.ascii_letters + string.digits
VENDORS = [rule for rule in RULES if rule.vendor]
SLOTS = st.sampled_from(['identifier', 'url', 'prose', 'opaque', 'pattern'])
TRICKY = st.text(
    st.sampled_from('aZ0_-./:=@{}$%<>"\'\\ \n&?#;eyJghp'), max_size=80
)
TEXTS = st.one_of(st.text(max_size=60), TRICKY)
KEYS = st.one_of(
    TEXTS,
    st.sampled_from(
        ['name', 'default', 'value', 'type', 'kty', 'd', 'client_secret']
    ),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inside: st.one_of(
        st.lists(inside, max_size=4),
        st.dictionaries(KEYS, inside, max_size=4),
    ),
    max_leaves=12,
)


@given(JSON)
@settings(UNTIMED)
def test_any_json_is_read_and_read_the_same_again(data):
    found = find_secrets(data)
    assert find_secrets(json.loads(json.dumps(data))) == found
    assert isinstance(found, tuple)


@given(JSON)
@settings(UNTIMED)
def test_any_json_in_a_manifest_s_place_is_read(data):
    for finding in find_secrets({'options': data}, slots=MANIFEST_SLOTS):
        assert finding.path.startswith('options')
        assert finding.problem().code == finding.code


@given(st.sampled_from(VENDORS), st.integers(0, 10**6), JSON)
@settings(UNTIMED, max_examples=200)
def test_no_finding_shows_what_it_found(rule, seed, beside):
    data = rule.examples(seed).positive
    text = str(data['setting'])
    token = text.removeprefix('Set it to ').removesuffix(' once.')
    found = find_secrets([data, beside, {token: 1}])
    shown = ' '.join(f'{one!r} {one.problem()}' for one in found)
    head = max(
        (one for one in rule.starts if token.startswith(one)),
        key=len,
        default='',
    )
    body = token[len(head) :][-16:]
    parts = {body[at : at + 6] for at in range(len(body) - 5)}
    assert not [part for part in parts if part in shown]


@given(st.sampled_from(VENDORS), st.integers(0, 10**6), SLOTS)
@settings(UNTIMED, max_examples=300)
def test_a_token_is_found_in_any_slot_and_nesting(rule, seed, slot):
    if rule.strength != 'strong' or rule.minimum < 16:
        return
    text = str(rule.examples(seed).positive['setting'])
    token = text.removeprefix('Set it to ').removesuffix(' once.')
    slots = SlotMap({'a[].b': slot})
    (found, *_) = find_secrets({'a': [{'b': token}]}, slots=slots)
    assert found.path == 'a[0].b'
    assert found.kind in {'vendor_format', 'private_key'}


@given(st.sampled_from(VENDORS), st.integers(0, 10**6))
@settings(UNTIMED)
def test_samples_match_the_pattern_that_they_are_made_from(rule, seed):
    sampler = _samples.Sampler(random.Random(seed))
    for pattern in (
        r'a[b-d]{2,4}(?:x|yz)?\d{3}\.', r'(?:sk|rk)_(?:live|test)_', rule.note,
    ):  # fmt: skip
        if pattern == rule.note:
            continue
        assert re.fullmatch(pattern, sampler.sample(pattern))
    text = str(rule.examples(seed).positive['setting'])
    assert re.search(rule.pattern, text)


@given(TEXTS)
@settings(UNTIMED)
def test_names_are_judged_without_fail_and_by_their_case_alike(name):
    assert is_secret_name(name) in {True, False}


@given(st.text('abcdefghijklmnopqrstuvwxyz_', max_size=40))
@settings(UNTIMED)
def test_a_snake_case_name_is_judged_as_its_other_styles(name):
    judged = is_secret_name(name)
    assert is_secret_name(name.upper()) == judged
    assert is_secret_name(name.replace('_', '-')) == judged


@given(st.lists(st.sampled_from(['server', 'Http', 'proxy', 'Name', 'id',
       'Cluster', 'request', 'Timeout', 'default', 'Value']), min_size=2,
       max_size=6), st.sampled_from(['', '_', '-', '.', '/']))  # fmt: skip
@settings(UNTIMED)
def test_words_put_together_are_never_random(words, joint):
    assert not _shapes.looks_random(joint.join(words))


VALUES = st.one_of(st.text(min_size=5, max_size=40), TRICKY).filter(
    lambda value: len(value.strip()) > 4 and '***' not in value
)


@given(VALUES, st.text(max_size=20), st.text(max_size=20))
@example('abcde\n12345', '', '')
@example('it\'s "here"', '', '')
@settings(UNTIMED)
def test_no_form_of_a_value_survives_redaction(value, before, after):
    octets = (before + value + after).encode('utf-8', 'surrogatepass')
    texts = [
        f'{before} {value} {after}',
        json.dumps({'a': value, 'b': before}),
        json.dumps([before, value], ensure_ascii=False),
        repr([before, value, after]),
        base64.b64encode(octets).decode(),
        base64.urlsafe_b64encode(octets).decode(),
    ]
    for text in texts:
        assert occurrences(text, value), text
        clean = redact(text, [value])
        assert occurrences(clean, value) == (), (text, clean)


@given(st.text(max_size=60), st.lists(st.text(ALNUM, min_size=4, max_size=9)))
@settings(UNTIMED)
def test_a_text_without_values_stays_as_it_is(text, values):
    absent = [one for one in values if not occurrences(text, one)]
    assert redact(text, absent) == text
