"""A finding shows where and what, and none of the value."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle

import pytest

from imbi_plugin_sdk.errors import ManifestError, Problem
from imbi_plugin_sdk.secret_detector import (
    RULES,
    SecretFinding,
    find_secrets,
)
from imbi_plugin_sdk.secret_detector._model import MESSAGES


def bodies(data, head):
    """The value's parts that nobody may see: all but the rule's head."""
    for name, text in data.items():
        del name
        body = str(text).removeprefix('Set it to ').removesuffix(' once.')
        yield body.partition(head)[2] if head else body


def six_in_a_row(text):
    return {text[at : at + 6] for at in range(len(text) - 5)}


SECRETS = [rule for rule in RULES if rule.kind != 'placeholder']


@pytest.mark.parametrize('rule', SECRETS, ids=lambda rule: rule.id)
def test_no_six_characters_of_a_value_are_shown(rule):
    data = rule.examples(1).positive
    found = find_secrets(data)
    error = ManifestError('Manifest', [one.problem() for one in found])
    shown = ' '.join(
        (
            *map(str, found), *map(repr, found), str(error), repr(error),
            *(repr(one.problem()) for one in found),
            json.dumps([dataclasses.asdict(one) for one in found]),
        )
    )  # fmt: skip
    for one in found:
        for body in bodies(data, one.head):
            # The fixed words around a secret are the example's, not its.
            secret = max(body.split(), key=len) if ' ' in body else body
            tail = secret[-12:]
            assert not six_in_a_row(tail) & six_in_a_row(shown), one.rule


def test_a_problem_names_code_path_rule_and_fix(make):
    (found,) = find_secrets({'a': [make.github]})
    problem = found.problem()
    assert isinstance(problem, Problem)
    assert problem.code == 'secret_vendor_format' == found.code
    assert problem.path == 'a[0]'
    assert 'rule github, 40 characters' in problem.message
    assert "beginning with 'ghp_'" in problem.message
    assert 'revoke' in problem.fix


def test_a_right_checksum_is_said():
    data = {one.id: one for one in RULES}['github'].examples(0).positive
    (found,) = find_secrets(data)
    assert 'its checksum is right' in found.problem().message


@pytest.mark.parametrize('kind', sorted(MESSAGES))
def test_every_kind_has_its_code_and_its_fix(kind):
    finding = SecretFinding('a', 'x', kind, 'opaque', 9)
    assert finding.problem().code == f'secret_{kind}'
    assert finding.problem().fix.endswith('.')
    assert {one.kind for one in RULES} == set(MESSAGES)


def test_a_finding_is_frozen_and_survives_copies():
    finding = SecretFinding('a', 'x', 'name', 'opaque', 9)
    with pytest.raises(dataclasses.FrozenInstanceError):
        finding.path = 'b'
    assert pickle.loads(pickle.dumps(finding)) == finding
    assert copy.deepcopy(finding) == finding
    assert hash(finding) == hash(copy.copy(finding))


def test_the_head_is_the_rule_s_own_literal():
    starts = {start for rule in RULES for start in rule.starts}
    starts |= {'', '-----BEGIN', 'eyJ'}
    for rule in RULES:
        for one in find_secrets(rule.examples(0).positive):
            assert one.head in starts
