from __future__ import annotations

import base64
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from imbi_plugin_oidc.id_tokens import verify
from imbi_plugin_oidc.metadata import Metadata

from imbi_plugin_sdk import PluginAuthenticationFailed

ISSUER, CLIENT, NONCE = 'https://login.example.com', 'imbi', 'n-0S6_WzA2Mj'
OWN = ec.generate_private_key(ec.SECP256R1())
FOREIGN = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)


def jwk(key, **facts):
    made = (
        jwt.algorithms.RSAAlgorithm
        if isinstance(key, rsa.RSAPrivateKey)
        else jwt.algorithms.ECAlgorithm
    )
    return {**json.loads(made.to_jwk(key.public_key())), **facts}


KEYS = {'keys': [jwk(RSA, kid='rsa'), jwk(OWN, kid='own', use='sig')]}
METADATA = Metadata(
    issuer=ISSUER,
    authorization_endpoint=f'{ISSUER}/auth',
    token_endpoint=f'{ISSUER}/token',
    jwks_uri=f'{ISSUER}/keys',
    userinfo_endpoint=None,
    revocation_endpoint=None,
    algorithms=('ES256', 'RS256'),
    auth_methods=(),
)


def token(key=OWN, algorithm='ES256', kid='own', without=(), **changes):
    now = int(time.time())
    claims = {
        'iss': ISSUER,
        'sub': '24400320',
        'aud': CLIENT,
        'exp': now + 600,
        'iat': now,
        'nonce': NONCE,
        **changes,
    }
    for name in without:
        del claims[name]
    return jwt.encode(claims, key, algorithm, headers={'kid': kid})


def encoded(data):
    octets = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b'=').decode()


def check(text, keys=KEYS, nonce=NONCE):
    return verify(text, keys, METADATA, CLIENT, nonce)


@pytest.mark.parametrize(
    'changes',
    [
        {},
        {'aud': [CLIENT]},
        {'azp': CLIENT},
        {'aud': [CLIENT, 'api'], 'azp': CLIENT},
        {'exp': int(time.time()) - 30},
        {'iat': int(time.time()) + 30},
    ],
)
def test_a_good_token_gives_its_claims(changes):
    assert check(token(**changes))['sub'] == '24400320'


def test_any_algorithm_that_is_announced_is_taken():
    assert check(token(RSA, 'RS256', 'rsa'))


@pytest.mark.parametrize(
    ('changes', 'why'),
    [
        ({'iss': f'{ISSUER}/'}, 'iss'),
        ({'aud': 'another'}, 'aud'),
        ({'aud': []}, 'missing'),
        ({'aud': [CLIENT, 'api']}, 'azp'),
        ({'azp': 'another'}, 'azp'),
        ({'nonce': 'another'}, 'nonce'),
        ({'nonce': 7}, 'nonce'),
        ({'without': ['nonce']}, 'nonce'),
        ({'exp': int(time.time()) - 120}, 'expired'),
        ({'iat': int(time.time()) + 120}, 'future'),
        ({'without': ['iat']}, 'missing'),
        ({'without': ['exp']}, 'missing'),
        ({'without': ['sub']}, 'missing'),
        ({'sub': ''}, 'subject'),
        ({'key': FOREIGN}, 'signature'),
        ({'kid': 'unknown'}, 'published keys'),
        ({'kid': 'rsa'}, 'not a valid token'),
        ({'key': RSA, 'algorithm': 'RS512', 'kid': 'rsa'}, 'published'),
    ],
)
def test_one_thing_wrong_is_enough(changes, why):
    text = token(**changes)
    with pytest.raises(PluginAuthenticationFailed, match=why) as caught:
        check(text)
    assert text.rpartition('.')[2] not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_the_public_key_is_no_secret_to_sign_with():
    """The oldest trick: HMAC with what everybody knows (RFC 8725 §2.1)."""
    public = json.dumps(jwk(OWN)).encode()
    header = encoded({'alg': 'HS256', 'kid': 'own'})
    signed = f'{header}.{token().split(".")[1]}'
    mac = hmac.digest(public, signed.encode(), 'sha256')
    text = f'{signed}.{encoded(mac)}'
    with pytest.raises(PluginAuthenticationFailed):
        check(text)
    octets = {'keys': [{'kty': 'oct', 'k': 'c2VjcmV0', 'kid': 'own'}]}
    with pytest.raises(PluginAuthenticationFailed):
        check(text, octets)


def test_an_unsigned_token_is_refused():
    with pytest.raises(PluginAuthenticationFailed):
        check(token(None, 'none'))


@pytest.mark.parametrize(
    'keys',
    [
        {},
        {'keys': None},
        {'keys': [None, 7]},
        {'keys': [{'kid': 'own'}]},
        {'keys': [{'kid': 'own', 'kty': 'EC', 'crv': 'P-256'}]},
        {'keys': [jwk(OWN, kid='own', use='enc')]},
        {'keys': [jwk(OWN, kid='own', alg='ES384')]},
    ],
)
def test_a_key_set_without_the_key_refuses(keys):
    with pytest.raises(PluginAuthenticationFailed):
        check(token(), keys)


@pytest.mark.parametrize(
    'text', ['', 'a.b.c', 'x', '..', token()[:-9], 'é.é.é']
)
def test_what_is_no_token_is_refused(text):
    with pytest.raises(PluginAuthenticationFailed):
        check(text)
