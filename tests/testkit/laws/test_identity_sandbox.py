"""What an identity sandbox gives its author for free."""

from __future__ import annotations

import asyncio
import re
import types
from pathlib import Path

import pytest

from imbi_plugin_testkit.memory.identity import (
    Behaviour,
    MemoryIdentity,
    MemoryIdentitySandbox,
    MemoryRegisteringIdentity,
    tokens,
)
from imbi_plugin_testkit.memory.identity.spoiling import spoiled
from imbi_plugin_testkit.models.identity import (
    FIRST_FLAWS,
    Flaw,
    IdentitySandbox,
)
from imbi_plugin_testkit.sandbox import UnsupportedBySandbox

METHODS = {
    'authorization_request',
    'exchange_code',
    'refresh',
    'revoke',
    'materialize',
}


@pytest.fixture
def sandbox():
    made = MemoryIdentitySandbox()
    made.handler_class = MemoryIdentity
    return made


def called(example):
    return asyncio.run(example())


def test_signing_in_makes_an_example_of_each_method(sandbox):
    assert set(sandbox.examples) == METHODS
    assert sandbox.examples['authorization_request'] == {
        'redirect_uri': sandbox.redirect_uri
    }
    for method in METHODS - {'authorization_request'}:
        first, second = (called(sandbox.examples[method]) for _ in range(2))
        assert first.keys() == second.keys()
        assert first != second, method


def test_an_example_is_good_for_one_call(sandbox):
    arguments = called(sandbox.examples['exchange_code'])
    handler = MemoryIdentity()
    profile, _ = asyncio.run(
        handler.exchange_code(
            sandbox.context, sandbox.credentials, **arguments
        )
    )
    assert profile.name == 'Alice'


def test_without_refresh_tokens_there_is_none_to_refresh():
    made = MemoryIdentitySandbox(Behaviour(refreshes=False))
    made.handler_class = MemoryIdentity
    assert set(made.examples) == METHODS - {'refresh'}


def test_nothing_is_made_up_without_a_person_or_a_plugin():
    assert IdentitySandbox().examples == {}
    assert MemoryIdentitySandbox().examples == {}
    nobody = IdentitySandbox()
    nobody.handler_class = MemoryIdentity
    assert nobody.examples == {}
    with pytest.raises(UnsupportedBySandbox):
        asyncio.run(nobody.sign_in(types.SimpleNamespace()))


def test_an_author_may_give_examples_of_their_own(sandbox):
    sandbox.examples = {'revoke': {'token': 't'}}
    assert sandbox.examples == {'revoke': {'token': 't'}}

    class Fixed(MemoryIdentitySandbox):
        examples = {'refresh': {'refresh_token': 'r'}}  # noqa: RUF012

    assert set(Fixed().examples) == {'refresh'}


def test_a_connection_has_the_options_that_delegating_gives(sandbox):
    assert 'identity_options' not in called(sandbox.examples['materialize'])
    sandbox.identity_options = types.MappingProxyType({'role': 'reader'})
    given = called(sandbox.examples['materialize'])
    assert given['identity_options'] == {'role': 'reader'}


def test_what_was_registered_is_kept_as_a_host_keeps_it():
    made = MemoryIdentitySandbox(registered=False)
    made.handler_class = MemoryRegisteringIdentity
    assert made.credentials == {}
    asyncio.run(made.connect())
    assert set(made.credentials) == {'client_id', 'client_secret'}
    assert made.registered == made.credentials
    before = dict(made.credentials)
    asyncio.run(made.connect(person='bob'))
    assert made.credentials == before


def test_the_kit_says_with_which_plugin_to_sign_in(judge):
    made = MemoryIdentitySandbox()
    judge(MemoryIdentity, sandbox=lambda: made, only={'IDN001'})
    assert made.handler_class is MemoryIdentity


def test_a_sandbox_without_plugin_or_code_says_what_is_missing(sandbox):
    with pytest.raises(RuntimeError, match='handler_class'):
        asyncio.run(MemoryIdentitySandbox().connect())

    class Denies(MemoryIdentitySandbox):
        async def sign_in(self, request, *, person='alice', decision='deny'):
            return await super().sign_in(
                request, person=person, decision='deny'
            )

    made = Denies()
    made.handler_class = MemoryIdentity
    with pytest.raises(RuntimeError, match='but access_denied'):
        asyncio.run(made.connect())


def test_a_token_is_over_when_the_sandbox_says_so(sandbox):
    found = asyncio.run(sandbox.connect())
    assert asyncio.run(sandbox.accepts(found)) == '00004711'
    asyncio.run(sandbox.expire('access', found.access_token))
    assert asyncio.run(sandbox.accepts(found)) is None
    kinds = asyncio.run(sandbox.snapshot())
    assert set(kinds) == {'code', 'device', 'access', 'refresh'}
    assert kinds['access'][found.access_token]['person'] == 'alice'


def test_every_flaw_is_on_the_page_of_the_sandbox():
    page = Path(__file__).parents[3] / 'docs' / 'sandbox.md'
    rows = re.findall(
        r'^\| `(\w+)` \| .* \| (yes|) ?\|$',
        page.read_text('utf-8'),
        re.MULTILINE,
    )
    assert [name for name, _ in rows] == [flaw.value for flaw in Flaw]
    assert {name for name, first in rows if first} == FIRST_FLAWS


@pytest.mark.parametrize(
    ('flaw', 'changed'),
    [
        (Flaw.NO_EXPIRY, {'exp'}),
        (Flaw.NO_AUDIENCE, {'aud'}),
        (Flaw.NO_ISSUER, {'iss'}),
        (Flaw.NO_NONCE, {'nonce'}),
        (Flaw.PARTY, {'aud', 'azp'}),
        (Flaw.AUDIENCES, {'aud'}),
        (Flaw.EXPIRED, {'exp', 'iat'}),
        (Flaw.PUBLIC_KEY, set()),
        (Flaw.USERINFO, set()),
    ],
)
def test_a_flaw_changes_what_it_names_and_nothing_else(flaw, changed):
    claims = {
        'sub': '1',
        'aud': 'kit',
        'iss': 'https://login.example.com',
        'nonce': 'n',
        'iat': 10_000,
        'exp': 13_600,
    }
    given = dict(claims)
    found = tokens.parse(spoiled(given, 'secret', flaw, 'public'))
    assert given == claims
    names = claims.keys() | found.claims.keys()
    assert {
        name for name in names if claims.get(name) != found.claims.get(name)
    } == changed
    assert found.is_signed_with('secret') is (flaw is not Flaw.PUBLIC_KEY)
    assert found.is_signed_with('public') is (flaw is Flaw.PUBLIC_KEY)
