from __future__ import annotations

import datetime as dt
import json

import pytest
from imbi_plugin_oidc.answers import (
    credentials_of,
    error_code,
    profile_of,
    raise_for,
    read_object,
)
from imbi_plugin_oidc.plugin import _scopes, _with_query
from imbi_plugin_oidc.proof import challenge_of, nonce_of, random_text
from imbi_plugin_oidc.settings import Settings

from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginRateLimited,
    PluginUnavailableError,
)

ANSWER = {'access_token': 'a' * 20, 'token_type': 'bearer'}


def refuse(status, error=None, **headers):
    body = json.dumps({'error': error, 'error_description': 'canary'})
    raise_for(status, headers, body.encode(), 'the token request')


@pytest.mark.parametrize(
    ('status', 'error', 'expected'),
    [
        (400, 'invalid_grant', PluginAuthenticationFailed),
        (401, 'invalid_client', PluginAuthenticationFailed),
        (400, 'invalid_client', PluginAuthenticationFailed),
        (400, 'unauthorized_client', PluginAuthenticationFailed),
        (401, None, PluginAuthenticationFailed),
        (403, 'other', PluginAuthenticationFailed),
        (400, 'invalid_request', PluginUnavailableError),
        (400, 'invalid_scope', PluginUnavailableError),
        (400, 'temporarily_unavailable', PluginUnavailableError),
        (500, 'invalid_grant', PluginUnavailableError),
        (503, None, PluginUnavailableError),
        (302, None, PluginUnavailableError),
        (404, None, PluginUnavailableError),
        (429, None, PluginRateLimited),
        (400, 'slow_down', PluginRateLimited),
    ],
)
def test_a_refusal_is_its_error_and_quotes_nothing(status, error, expected):
    with pytest.raises(expected) as caught:
        refuse(status, error)
    assert type(caught.value) is expected
    assert 'canary' not in str(caught.value)


def test_a_success_is_none():
    assert raise_for(200, {}, b'', 'x') is None


@pytest.mark.parametrize(
    'content', [b'', b'[]', b'<html>', b'{"error": "a b"}', b'{"error": 1}']
)
def test_what_is_no_error_code_is_none(content):
    assert error_code(content) == ''


@pytest.mark.parametrize(
    'content', [b'', b'[1]', b'<html>', b'"x"', b'[' * 9999]
)
def test_what_is_no_object_is_an_outage(content):
    with pytest.raises(PluginUnavailableError):
        read_object(content, 'x')


def test_tokens_are_read_and_the_old_refresh_token_is_kept():
    found = credentials_of(
        {**ANSWER, 'expires_in': 60, 'scope': 'a b', 'id_token': 'x.y.z'},
        kept='old',
    )
    assert found.refresh_token == 'old'
    assert found.scopes == ['a', 'b']
    assert found.extra == {'id_token': 'x.y.z'}
    left = found.expires_at - dt.datetime.now(dt.UTC)
    assert left.total_seconds() == pytest.approx(60, abs=2)
    new = credentials_of({**ANSWER, 'refresh_token': 'new'}, kept='old')
    assert new.refresh_token == 'new'
    assert new.expires_at is None


def test_seconds_may_be_text():
    assert credentials_of({**ANSWER, 'expires_in': '60'}).expires_at


@pytest.mark.parametrize(
    'changes',
    [
        {'access_token': None},
        {'access_token': ''},
        {'access_token': 7},
        {'token_type': 'mac'},
        {'token_type': None},
        {'refresh_token': 7},
        {'expires_in': 'soon'},
        {'expires_in': 0},
        {'expires_in': -5},
        {'expires_in': 1e300},
        {'expires_in': True},
        {'expires_in': []},
    ],
)
def test_a_broken_answer_is_an_outage(changes):
    with pytest.raises(PluginUnavailableError):
        credentials_of({**ANSWER, **changes})


@pytest.mark.parametrize(
    ('claims', 'verified'),
    [
        ({'email': 'a@x.dev', 'email_verified': True}, True),
        ({'email': 'a@x.dev', 'email_verified': 'true'}, True),
        ({'email': 'a@x.dev', 'email_verified': 'false'}, False),
        ({'email': 'a@x.dev', 'email_verified': 'yes'}, False),
        ({'email': 'a@x.dev'}, False),
        ({'email_verified': True}, False),
    ],
)
def test_an_address_is_verified_where_the_provider_says_so(claims, verified):
    profile = profile_of({'sub': '1', **claims})
    assert profile.email_verified is verified


def test_claims_of_a_wrong_type_are_left_out():
    profile = profile_of(
        {'sub': '1', 'name': 7, 'preferred_username': 'al', 'groups': 'x'}
    )
    assert profile.name == 'al'
    assert profile.groups == []


def test_openid_is_always_asked_for_and_everything_once():
    settings = Settings('https://x.dev', True, '', 1)  # noqa: FBT003
    assert _scopes(None, settings) == [
        'openid',
        'profile',
        'email',
        'offline_access',
    ]
    assert _scopes([], settings) == ['openid', 'offline_access']
    briefly = Settings('https://x.dev', False, '', 1)  # noqa: FBT003
    assert _scopes(['b', 'openid', 'a'], briefly) == ['openid', 'b', 'a']


def test_a_query_of_the_endpoint_stays():
    assert _with_query('https://x.dev/a?t=1&e=', {'s': 'b c'}) == (
        'https://x.dev/a?t=1&e=&s=b+c'
    )


def test_challenge_and_nonce_give_each_other_and_the_verifier_away_to_nobody():
    # The example of RFC 7636, appendix B.
    verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
    assert challenge_of(verifier) == (
        'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    )
    assert nonce_of(verifier) not in (verifier, challenge_of(verifier))
    assert len(random_text()) == 43
