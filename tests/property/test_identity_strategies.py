"""Strategies for identity, on the handlers in memory."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imbi_plugin_sdk.context import IdentityCredentials
from imbi_plugin_testkit.memory.identity import (
    MemoryIdentity,
    MemoryIdentitySandbox,
    tokens,
)
from imbi_plugin_testkit.models.identity import IdentityLimits
from imbi_plugin_testkit.strategies import (
    identity_credentials,
    oauth_states,
    oidc_claims,
    people,
    pkce_verifiers,
    redirect_uris,
    scope_names,
    scopes,
)

SANDBOX = MemoryIdentitySandbox()
LIMITS = IdentityLimits(scopes=('a:read', 'b', 'https://x.example/c'))


@settings(max_examples=30)
@given(redirect_uris(), scopes(LIMITS), oauth_states())
def test_a_url_carries_what_it_was_made_of(redirect_uri, wanted, state):
    class Fixed(MemoryIdentity):
        def new_state(self, ctx):
            return state

    request = asyncio.run(
        Fixed().authorization_request(
            SANDBOX.context, SANDBOX.credentials, redirect_uri, wanted
        )
    )
    query = urllib.parse.urlsplit(request.authorization_url).query
    found = dict(urllib.parse.parse_qsl(query))
    assert found['redirect_uri'] == redirect_uri
    assert found['state'] == request.state == state
    if wanted:
        assert sorted(found['scope'].split()) == sorted(wanted)
    assert ('scope' in found) == (wanted != [])


@settings(max_examples=30)
@given(identity_credentials())
def test_materializing_copies(connection):
    before = connection.model_copy(deep=True)
    found = asyncio.run(
        MemoryIdentity().materialize(
            SANDBOX.context, SANDBOX.credentials, connection
        )
    )
    assert found == connection == before
    assert found.scopes is not connection.scopes
    assert (
        IdentityCredentials.model_validate_json(connection.model_dump_json())
        == connection
    )
    ends = connection.expires_at
    assert ends is None or ends > dt.datetime.now(dt.UTC)


@given(oidc_claims())
def test_an_address_is_verified_only_where_the_provider_says_so(claims):
    profile = MemoryIdentity().profile(claims)
    assert profile.subject == claims['sub']
    assert profile.email_verified == (
        claims.get('email_verified') in (True, 'true')
    )


@given(oidc_claims(), st.text(min_size=1), st.text(min_size=1))
def test_a_token_is_signed_with_one_key(claims, key, other):
    token = tokens.sign(claims, key)
    parsed = tokens.parse(token)
    assert parsed.claims == claims
    assert parsed.is_signed_with(key)
    assert parsed.is_signed_with(other) == (key == other)
    unsigned = tokens.parse(tokens.sign(claims, None))
    assert not unsigned.is_signed_with(key)


@given(st.text(max_size=80).filter(lambda text: text.count('.') != 2))
def test_what_is_no_token_is_a_value_error_that_does_not_quote_it(text):
    with pytest.raises(ValueError, match='three parts'):
        tokens.parse(text)


@given(pkce_verifiers(), scope_names(), people(LIMITS))
def test_names_are_what_the_rfcs_say(verifier, scope, person):
    assert re.fullmatch(r'[A-Za-z0-9._~-]{43,128}', verifier)
    assert re.fullmatch(r'[\x21\x23-\x5b\x5d-\x7e]+', scope)
    assert person in LIMITS.people
