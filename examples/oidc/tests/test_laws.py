"""The laws of identity on this backend: they hold, and they can fail."""

from __future__ import annotations

import contextlib
import hmac
import time
from pathlib import Path
from unittest import mock

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from imbi_plugin_oidc import answers, id_tokens, plugin, proof
from imbi_plugin_oidc.client import ProviderClient
from jwt.utils import base64url_encode

from imbi_plugin_sdk import PluginAuthenticationFailed, PluginUnavailableError
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


async def halfway(self, token, ask=ProviderClient.revoke):
    await self.metadata()
    with contextlib.suppress(PluginUnavailableError):
        await ask(self, token)


async def less(self, access_token, ask=ProviderClient.userinfo):
    with contextlib.suppress(PluginUnavailableError):
        return await ask(self, access_token)
    return None


async def sleeps(self, *request, send=ProviderClient._send):
    found = await send(self, *request)
    if found[0] == 503:
        time.sleep(0.3)  # noqa: ASYNC251  three times what is allowed
    return found


async def quotes(self, method, url, *rest, send=ProviderClient._send):
    """Say what was sent where nobody could be reached."""
    try:
        return await send(self, method, url, *rest)
    except PluginUnavailableError as error:
        raise error from OSError(f'{method} {url} {rest}')


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


async def says_so(self, access_token, ask=ProviderClient.userinfo):
    """Return userinfo as if it were of whoever signed in."""
    return {**(await ask(self, access_token)), 'sub': mock.ANY}


def confused(token, keys, *facts, decoded=id_tokens._decoded):
    """Take a public key for a shared secret as well (RFC 8725, 2.1)."""
    if jwt.get_unverified_header(token)['alg'] != 'HS256':
        return decoded(token, keys, *facts)
    pem = (
        jwt.PyJWKSet.from_dict(keys)
        .keys[0]
        .key.public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
    )
    signed, _, signature = token.rpartition('.')
    mac = base64url_encode(hmac.digest(pem, signed.encode(), 'sha256'))
    if mac.decode() != signature:
        return {}, 'its signature is wrong'
    return jwt.decode(token, options={'verify_signature': False}), ''


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
    'no expiry': ('IDN008', [(id_tokens, 'REQUIRED', ('iss', 'sub', 'aud'))]),
    'public key': ('IDN008', [(id_tokens, '_decoded', confused)]),
    'userinfo': ('IDN008', [(ProviderClient, 'userinfo', says_so)]),
    'challenge': ('IDN003', [(proof, 'challenge_of', str)]),
    'state': ('IDN002', [(proof, 'random_text', lambda: 'x' * 43)]),
    'scopes': ('IDN004', [(plugin, '_scopes', lambda *_: ['openid'])]),
    'retry': ('IDN006', [(ProviderClient, 'token', twice)]),
    'revocation': ('IDN011', [(ProviderClient, 'revoke', never)]),
    'half a revocation': ('IDN011', [(ProviderClient, 'revoke', halfway)]),
    'an outage of userinfo': ('ASY004', [(ProviderClient, 'userinfo', less)]),
    'sleeping over an outage': ('ASY007', [(ProviderClient, '_send', sleeps)]),
    'the request in an error': ('SEC001', [(ProviderClient, '_send', quotes)]),
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
