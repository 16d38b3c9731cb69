"""Correct identity handlers that differ where the contract is silent."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import time
import urllib.parse
import uuid

import pytest
from law_seeds import GOOD_SEEDS

from imbi_plugin_sdk.errors import (
    PluginAuthenticationFailed,
    PluginError,
    PluginUnavailableError,
)
from imbi_plugin_sdk.manifest import ThirdPartyServiceTemplate
from imbi_plugin_testkit.memory.identity import (
    Behaviour,
    MemoryDeviceIdentity,
    MemoryIdentity,
    MemoryIdentitySandbox,
    MemoryRegisteringIdentity,
)
from imbi_plugin_testkit.memory.identity.handler import DEFAULT_SCOPES
from imbi_plugin_testkit.models.identity import (
    FIRST_FLAWS,
    Flaw,
    IdentityLimits,
    IdentitySandbox,
)
from imbi_plugin_testkit.sandbox import UnsupportedBySandbox

LAWS = {f'IDN{number:03}' for number in range(1, 15)}
CODE = frozenset({'IDN007', 'IDN013'})
"""What a code flow has not."""
DEVICE = frozenset({'IDN003', 'IDN004', 'IDN013'})
"""What cannot be seen in a device flow without registration."""

RIGHT: list[tuple[type, object, frozenset[str]]] = []


def on(*, registered=True, **behaviour):
    return functools.partial(
        MemoryIdentitySandbox, Behaviour(**behaviour), registered=registered
    )


def passes(sandbox=None, *, without=CODE):
    """Register a handler, its sandbox, and the laws that cannot be told."""

    def register(cls):
        RIGHT.append((cls, sandbox or on(), frozenset(without)))
        return cls

    return register


def alike(base, name, *args, **kwargs):
    """Register a handler as it is, on another provider."""
    passes(*args, **kwargs)(type(name, (base,), {}))


passes()(MemoryIdentity)
passes(on(rotates=True))(MemoryIdentity)
passes(on(device_interval=0.01), without=DEVICE)(MemoryDeviceIdentity)
passes(on(registered=False), without=DEVICE - {'IDN013'})(
    MemoryRegisteringIdentity
)

alike(MemoryIdentity, 'EndsFamilies', on(rotates=True, reuse_revokes=True))
alike(MemoryIdentity, 'RepeatsTheRefreshToken', on(repeats=True))
alike(MemoryIdentity, 'TellsNoEnd', on(lifetime=None))
alike(MemoryIdentity, 'TextForTruth', on(verified_as_text=True))
alike(MemoryIdentity, 'VouchesForNobody', on(vouches=False))
alike(MemoryIdentity, 'RevokesNoRefresh', on(revokes_refresh=False))
alike(MemoryIdentity, 'PlainOAuth', on(id_tokens=False))
alike(MemoryIdentity, 'ProviderIgnoresPkce', on(pkce=False))
alike(
    MemoryIdentity,
    'NoRefresh',
    on(refreshes=False),
    without=CODE | {'IDN009', 'IDN010'},
)
alike(
    MemoryDeviceIdentity, 'DeviceAtOnce', on(device_interval=0), without=DEVICE
)
alike(
    MemoryRegisteringIdentity,
    'RegistersNothingWhereThereIsAClient',
    on(),
    without=DEVICE,
)


@passes()
class StaticEndpoints(MemoryIdentity):
    async def metadata(self, ctx):
        issuer = self.issuer(ctx)
        return {
            'authorization_endpoint': f'{issuer}/authorize',
            'token_endpoint': f'{issuer}/token',
            'userinfo_endpoint': f'{issuer}/userinfo',
            'revocation_endpoint': f'{issuer}/revoke',
        }


@passes(without=CODE | {'IDN003'})
class NoPkce(MemoryIdentity):
    def new_verifier(self, ctx):
        return None


@passes()
class HasNoNonce(MemoryIdentity):
    def proof_parameters(self, verifier):
        found = super().proof_parameters(verifier)
        del found['nonce']
        return found

    def nonce(self, verifier):
        return None


@passes(without=CODE | {'IDN011'})
class RevokesNothing(MemoryIdentity):
    async def revoke(self, ctx, credentials, token):
        raise NotImplementedError


@passes()
class MaterializesByDefault(MemoryIdentity):
    async def materialize(self, ctx, credentials, connection, **kwargs):
        return connection


@passes()
class UuidState(MemoryIdentity):
    def new_state(self, ctx):
        return str(uuid.uuid4())


@passes()
class SignedState(MemoryIdentity):
    """A random part, who asked, and a signature over both."""

    def new_state(self, ctx):
        return f'{super().new_state(ctx)}.{ctx.project_id}.v1'


@passes()
class HexVerifier(MemoryIdentity):
    def new_verifier(self, ctx):
        return uuid.uuid4().hex + uuid.uuid4().hex


@passes()
class ScopesInAnotherOrder(MemoryIdentity):
    def scope_parameters(self, scopes):
        wanted = DEFAULT_SCOPES if scopes is None else scopes
        return {'scope': ' '.join(sorted({*wanted, 'openid'}, reverse=True))}


@passes()
class ScopesWithCommas(MemoryIdentity):
    def scope_parameters(self, scopes):
        wanted = DEFAULT_SCOPES if scopes is None else scopes
        return {'scope': ','.join(wanted)} if wanted else {}

    async def claims(self, ctx, credentials, answer, verifier):
        return await self.userinfo(ctx, str(answer['access_token']))


@passes()
class AsksForUserScopes(ScopesWithCommas):
    """Scopes of a person have a parameter of their own, as at Slack."""

    def scope_parameters(self, scopes):
        wanted = DEFAULT_SCOPES if scopes is None else scopes
        return {'user_scope': ','.join(wanted)} if wanted else {}


@passes()
class EndsAMinuteEarly(MemoryIdentity):
    """Clocks are apart, on both ways."""

    def expires_at(self, answer):
        return super().expires_at(answer) - dt.timedelta(minutes=1)

    def is_in_time(self, claims):
        return time.time() < claims.get('exp', 0) + 300


@passes(on(revokes_refresh=False))
class HasNothingToRevoke(MemoryIdentity):
    """The provider has no endpoint for it; nobody is asked."""

    async def revoke(self, ctx, credentials, token):
        return None


@passes(on(brief=True))
class HoldsUserinfoAgainstTheIdToken(MemoryIdentity):
    async def claims(self, ctx, credentials, answer, verifier):
        found = await super().claims(ctx, credentials, answer, verifier)
        more = await self.userinfo(ctx, answer['access_token'])
        return self.merged(found, more)

    def merged(self, found, more):
        if more['sub'] != found['sub']:
            raise PluginAuthenticationFailed('userinfo of somebody else')
        return {**more, **found}


@passes(on(brief=True))
class LeavesTheUserinfoOfOthers(HoldsUserinfoAgainstTheIdToken):
    """Not used, as OpenID Connect asks for; who signed in is known."""

    def merged(self, found, more):
        return {**more, **found} if more['sub'] == found['sub'] else found


@passes(on(brief=True))
class NewPicturesEachTime(LeavesTheUserinfoOfOthers):
    """Pictures have links that end, so that each is another."""

    def profile(self, claims):
        found = super().profile(claims)
        link = f'https://pictures.example.com/{uuid.uuid4()}'
        return found.model_copy(update={'avatar_url': link})


@passes()
class TakesListsThatNameIt(MemoryIdentity):
    """Several audiences are good where the token was given to it."""

    def is_for(self, claims, client_id):
        found = claims.get('aud')
        several = isinstance(found, list) and client_id in found
        return (several and claims.get('azp') == client_id) or (
            super().is_for(claims, client_id)
        )


@passes()
class TriesToRevokeAgain(MemoryIdentity):
    """Revoking is idempotent, so that it may be tried twice."""

    async def revoke(self, ctx, credentials, token):
        try:
            await super().revoke(ctx, credentials, token)
        except PluginUnavailableError:
            await asyncio.sleep(0)
            await super().revoke(ctx, credentials, token)


@passes()
class LooksWhetherItIsOver(MemoryIdentity):
    """A third request fails, and the token is over by then."""

    async def revoke(self, ctx, credentials, token):
        await super().revoke(ctx, credentials, token)
        with contextlib.suppress(PluginError):
            await self.userinfo(ctx, token)


@passes()
class AsksForNoIdToken(MemoryIdentity):
    """Plain OAuth at a provider that could do more."""

    def scope_parameters(self, scopes):
        wanted = ['profile', 'email'] if scopes is None else scopes
        return {'scope': ' '.join(wanted)} if wanted else {}


@passes()
class TellsItsDefaultScopes(MemoryIdentity):
    manifest = MemoryIdentity.manifest.model_copy(
        update={
            'third_party_service': ThirdPartyServiceTemplate(
                id='memory',
                vendor='Memory',
                display_name='Memory',
                category='identity',
                service_url='https://login.memory.dev/',
                issuer='https://login.memory.dev',
                default_scopes=list(DEFAULT_SCOPES),
                use_pkce='required',
            )
        }
    )


@passes()
class ExtraParameters(MemoryIdentity):
    """What providers want beside: a prompt, and a query in the endpoint."""

    def authorization_url(self, endpoint, parameters):
        more = {**parameters, 'access_type': 'offline', 'prompt': 'consent'}
        return f'{endpoint}?tenant=1&{urllib.parse.urlencode(more)}'


@passes()
class RefusesQueriesInRedirects(MemoryIdentity):
    async def authorization_request(
        self, ctx, credentials, redirect_uri, scopes=None
    ):
        if '?' in redirect_uri:
            raise ValueError('redirect URIs are compared without query')
        return await super().authorization_request(
            ctx, credentials, redirect_uri, scopes
        )


@passes()
class RefusesUnverifiedPeople(MemoryIdentity):
    def profile(self, claims):
        found = super().profile(claims)
        if not found.email_verified:
            raise PluginAuthenticationFailed('verify the address first')
        return found


@passes()
class TakesForgeriesForOutages(MemoryIdentity):
    """A key that is not known may be one that was just rotated."""

    def verify(self, *args):
        try:
            super().verify(*args)
        except PluginAuthenticationFailed:
            raise PluginUnavailableError('no such key') from None


class ClosedError(PluginAuthenticationFailed):
    """An error of the plugin's own, below the contract's."""


@passes()
class RaisesErrorsOfItsOwn(MemoryIdentity):
    def error_of(self, status, code):
        found = super().error_of(status, code)
        if isinstance(found, PluginAuthenticationFailed):
            return ClosedError(code)
        return found


@passes()
class AsksUserinfoToo(MemoryIdentity):
    async def claims(self, ctx, credentials, answer, verifier):
        found = await super().claims(ctx, credentials, answer, verifier)
        more = await self.userinfo(ctx, str(answer['access_token']))
        if more['sub'] != found.get('sub'):
            raise PluginAuthenticationFailed('userinfo is of somebody else')
        return {**more, **found}


@passes()
class MaterializesForLessTime(MemoryIdentity):
    """Credentials of another kind, that end earlier."""

    async def materialize(self, ctx, credentials, connection, **kwargs):
        ends = connection.expires_at
        return connection.model_copy(
            deep=True,
            update={
                'access_token': f'derived-{connection.access_token}',
                'refresh_token': None,
                'expires_at': ends and min(ends, ends.replace(microsecond=0)),
            },
        )


@passes(on(device_interval=0.01), without=DEVICE)
class EndsDeviceFlowsAsRefusals(MemoryDeviceIdentity):
    def error_of(self, status, code):
        if code in ('access_denied', 'expired_token'):
            return PluginAuthenticationFailed(code)
        return super().error_of(status, code)


@passes(on(device_interval=0.01), without=DEVICE)
class WaitsBetweenPolls(MemoryDeviceIdentity):
    """Polls twice in one call, as far apart as the provider asks."""

    async def exchange_code(self, *args, **kwargs):
        try:
            return await super().exchange_code(*args, **kwargs)
        except PluginError as error:
            if 'slow_down' not in str(error):
                raise
        await asyncio.sleep(0.02)
        return await super().exchange_code(*args, **kwargs)


@pytest.mark.parametrize(
    ('handler', 'sandbox', 'without'),
    RIGHT,
    ids=[f'{entry[0].__name__}-{n}' for n, entry in enumerate(RIGHT)],
)
def test_a_right_handler_passes_with_every_seed(
    handler, sandbox, without, judge
):
    for seed in GOOD_SEEDS:
        judgement = judge(handler, sandbox=sandbox, seed=seed, only=LAWS)
        assert not judgement.failed, (seed, judgement.told())
        assert set(judgement.untestable) == without, judgement.untestable
        assert not any(judgement.labs.strays.values())


@pytest.mark.parametrize(
    'handler', [MemoryIdentity, UuidState, SignedState, HexVerifier]
)
def test_chance_never_looks_like_a_pattern(handler, judge):
    for seed in GOOD_SEEDS:
        judgement = judge(handler, sandbox=on(), seed=seed, only={'IDN002'})
        assert not judgement.failed, (seed, judgement.told())


EVERY_METHOD = {
    *(f'ASY{number:03}' for number in range(1, 12)),
    'SEC001',
}


@pytest.mark.parametrize(
    ('handler', 'sandbox'),
    [
        (MemoryIdentity, on()),
        (HasNothingToRevoke, on(revokes_refresh=False)),
        (MemoryIdentity, on(rotates=True, reuse_revokes=True)),
        (MemoryIdentity, on(refreshes=False)),
        (MemoryDeviceIdentity, on()),
        (MemoryRegisteringIdentity, on(registered=False)),
    ],
)
def test_every_method_can_be_called_with_examples_from_signing_in(
    handler, sandbox, judge
):
    hasty = type(handler.__name__, (handler,), {'budget': 0.25})
    judgement = judge(hasty, sandbox=sandbox, only=EVERY_METHOD)
    assert not judgement.failed, judgement.told()
    assert 'examples' not in repr(judgement.untestable), judgement.untestable


class Cannot(MemoryIdentitySandbox):
    """A sandbox that can sign in, and nothing else."""

    async def accepts(self, credentials):
        raise UnsupportedBySandbox('accepts')

    async def expire(self, what, value):
        raise UnsupportedBySandbox(f'expire({what})')

    def flawed(self, flaw):
        raise UnsupportedBySandbox(f'flawed({flaw})')

    def fault(self, kind):
        raise UnsupportedBySandbox(f'fault({kind})')

    def urls(self):
        raise UnsupportedBySandbox('urls')


def test_what_a_sandbox_cannot_do_is_noted_or_untestable(judge):
    judgement = judge(MemoryIdentity, sandbox=Cannot, only=LAWS)
    assert not judgement.failed, judgement.told()
    assert set(judgement.untestable) == CODE | {'IDN008'}
    assert 'override `flawed`' in judgement.untestable['IDN008']
    notes = judgement.labs.notes
    assert 'override `accepts`' in repr(notes['made-up', 'IDN005'])
    assert 'requests could not be counted' in repr(notes['made-up', 'IDN006'])
    assert 'fault(unavailable)' in repr(notes['made-up', 'IDN009'])


@pytest.mark.parametrize(
    ('handler', 'sandbox', 'note'),
    [
        (MemoryIdentity, on(id_tokens=False), 'override `flawed`'),
        (AsksForNoIdToken, on(), 'scope openid'),
        (HasNoNonce, on(), 'no nonce'),
    ],
)
def test_flaws_that_say_nothing_about_a_plugin_are_left_out(
    handler, sandbox, note, judge
):
    judgement = judge(handler, sandbox=sandbox, only={'IDN008'})
    assert judgement.findings == {'IDN008': []}
    assert note in repr(judgement.labs.notes['made-up', 'IDN008'])


class SignsNobodyIn(MemoryIdentitySandbox):
    async def sign_in(self, request, *, person='alice', decision='approve'):
        raise UnsupportedBySandbox('sign_in')


def test_without_a_person_only_requests_can_be_judged(judge):
    judgement = judge(MemoryIdentity, sandbox=SignsNobodyIn, only=LAWS)
    assert not judgement.failed, judgement.told()
    assert set(judgement.findings) == {'IDN001', 'IDN002', 'IDN003', 'IDN004'}


def test_a_provider_that_compares_no_redirect_uri_is_not_the_plugins(judge):
    class Lenient(MemoryIdentitySandbox):
        def __init__(self):
            super().__init__()
            self.limits = IdentityLimits(compares_redirect=False)
            redeem = self.provider.grants.redeem_code
            uri = self.redirect_uri
            self.provider.grants.redeem_code = lambda client, form: redeem(
                client, {**form, 'redirect_uri': uri}
            )

    judgement = judge(MemoryIdentity, sandbox=Lenient, only={'IDN006'})
    assert not judgement.failed, judgement.told()


class KnowsTheFirstFlaws(MemoryIdentitySandbox):
    """A sandbox from before the other flaws: issues good tokens for them."""

    flaws = IdentitySandbox.flaws

    def flawed(self, flaw):
        known = flaw if flaw in FIRST_FLAWS else None
        return super()._flawed(known)


def test_a_sandbox_is_asked_for_the_flaws_that_it_names(judge):
    judgement = judge(
        MemoryIdentity, sandbox=KnowsTheFirstFlaws, only={'IDN008'}
    )
    assert judgement.findings == {'IDN008': []}, judgement.told()
    (note,) = judgement.labs.notes['made-up', 'IDN008']
    for flaw in set(Flaw) - FIRST_FLAWS:
        assert flaw.value in note
