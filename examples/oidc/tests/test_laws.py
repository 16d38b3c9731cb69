"""The laws of identity on this backend: they hold, and they can fail."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest
from imbi_plugin_oidc import answers, id_tokens, plugin, proof
from imbi_plugin_oidc.client import ProviderClient

from imbi_plugin_sdk import PluginAuthenticationFailed
from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.config import Config
from imbi_plugin_testkit.lab import Labs
from imbi_plugin_testkit.locate import find_subjects
from imbi_plugin_testkit.model import Untestable
from tests.sandbox import OidcSandbox

LAWS = [name for name in catalogue() if name.startswith('IDN')]


@pytest.fixture(scope='module')
def under_test():
    """Return the plugin as it is installed."""
    (subject,) = find_subjects(
        root=Path(__file__).parents[1],
        config=Config(profile='quick'),
        project=None,
        distributions=['imbi-plugin-oidc'],
        wheels=[],
    )
    return subject.plugins[0]


@pytest.fixture
def judge(under_test):
    """Return a function that runs laws; keywords are the sandbox's."""

    def run(laws, **facts):
        labs = Labs(1, factory=lambda _: OidcSandbox(**facts))
        said = {}
        try:
            for law in laws:
                try:
                    found = labs.run(under_test, catalogue()[law])
                    said[law] = [f'{one.path}: {one.message}' for one in found]
                except Untestable as reason:
                    said[law] = reason.reason
        finally:
            labs.close()
        return said

    return run


def test_they_hold_where_refresh_tokens_rotate(judge):
    said = judge(LAWS, rotates=True)
    untestable = {law for law, told in said.items() if isinstance(told, str)}
    assert untestable == {'IDN007', 'IDN013'}, said
    assert {law: told for law, told in said.items() if told} == {
        law: said[law] for law in untestable
    }


def lenient(**options):
    """Return `jwt.decode` with one thing not looked at."""

    def decode(token, key, **facts):
        return jwt.api_jwt.PyJWT().decode(
            token, key, **{**facts, 'options': options}
        )

    return decode


async def twice(self, form, ask=ProviderClient.token):
    try:
        return await ask(self, form)
    except PluginAuthenticationFailed:
        return await ask(self, form)


async def never(self, token):
    del self, token


def tells_all(claims):
    found = answers_profile(claims)
    return found.model_copy(update={'raw_claims': {'at': SEEN[-1]}})


def listens(answer, kept=None):
    found = answers_credentials(answer, kept)
    SEEN.append(found.access_token)
    return found


def keeps(answer, kept=None):
    found = answers_credentials(answer, kept)
    update = {'refresh_token': kept or found.refresh_token}
    return found.model_copy(update=update)


def not_looking_at(**options):
    return [(id_tokens.jwt, 'decode', lenient(**options))]


SEEN: list[str] = []
answers_profile = answers.profile_of
answers_credentials = answers.credentials_of
INSIDE = [(id_tokens, '_wrong', lambda *_: '')]

BROKEN = {
    'signature': ('IDN008', not_looking_at(verify_signature=False)),
    'audience': ('IDN008', [*not_looking_at(verify_aud=False), *INSIDE]),
    'issuer': ('IDN008', not_looking_at(verify_iss=False)),
    'expiry': ('IDN008', not_looking_at(verify_exp=False)),
    'nonce': ('IDN008', INSIDE),
    'challenge': ('IDN003', [(proof, 'challenge_of', str)]),
    'state': ('IDN002', [(proof, 'random_text', lambda: 'x' * 43)]),
    'scopes': ('IDN004', [(plugin, '_scopes', lambda *_: ['openid'])]),
    'retry': ('IDN006', [(ProviderClient, 'token', twice)]),
    'revocation': ('IDN011', [(ProviderClient, 'revoke', never)]),
    'claims': (
        'IDN014',
        [
            (answers, 'profile_of', tells_all),
            (answers, 'credentials_of', listens),
        ],
    ),
    'rotation': ('IDN009', [(answers, 'credentials_of', keeps)]),
}
"""What is wrong, to the law that says so and to what replaces what."""


@pytest.mark.parametrize('what', BROKEN)
def test_a_plugin_that_is_wrong_in_one_place_is_found_out(
    what, judge, monkeypatch
):
    law, patches = BROKEN[what]
    rotates = what == 'rotation'
    for target, name, replacement in patches:
        monkeypatch.setattr(target, name, replacement)
    said = judge([law], rotates=rotates)[law]
    assert said
    assert not isinstance(said, str), said
