"""Identity handlers that are wrong in one place, and the laws that say so.

A mutant's row names the exact set of laws that fail. `subtle` ones are the
slips that reviews miss.
"""

from __future__ import annotations

import asyncio
import base64
import collections
import contextlib
import datetime as dt
import functools
import hashlib
import itertools
import logging
import random
import secrets
import time
import urllib.parse
import uuid
import warnings
from typing import ClassVar

import pytest
from ledger import assert_complete, assert_killed

from imbi_plugin_sdk.context import IdentityCredentials
from imbi_plugin_sdk.errors import (
    IdentityAuthorizationPending,
    PluginAuthenticationFailed,
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
from imbi_plugin_testkit.memory.identity.grants import OAuthError
from imbi_plugin_testkit.memory.identity.handler import DEFAULT_SCOPES

LOGGER = logging.getLogger('made_up')
SCOPE = {f'IDN{number:03}' for number in range(1, 15)}
"""The laws that this ledger is about; others have ledgers beside it."""

SIGNING_IN = frozenset(
    f'IDN{number:03}' for number in (5, 6, 8, 9, 10, 11, 12, 14)
)
"""Laws that sign in, and so trip over a sign-in that does not work."""

MUTANTS: list[tuple[type, frozenset[str], bool, object]] = []


def on(*, registered=True, **behaviour):
    return functools.partial(
        MemoryIdentitySandbox, Behaviour(**behaviour), registered=registered
    )


def kills(*ids, subtle=False, sandbox=None):
    """Register a mutant with exactly the laws that must fail on it."""

    def register(cls):
        MUTANTS.append((cls, frozenset(ids), subtle, sandbox or on()))
        return cls

    return register


# IDN001 -------------------------------------------------------------------


@kills('IDN001')
class SendsTheSecret(MemoryIdentity):
    def authorization_url(self, endpoint, parameters):
        return super().authorization_url(
            endpoint, {**parameters, 'key': self.secret}
        )

    def client(self, credentials):
        found = super().client(credentials)
        self.secret = found[1]
        return found


@kills('IDN001', subtle=True)
class JoinsTheQueryByHand(MemoryIdentity):
    """Works until a redirect URI has a query of its own."""

    def authorization_url(self, endpoint, parameters):
        joined = '&'.join(f'{name}={parameters[name]}' for name in parameters)
        return f'{endpoint}?{joined}'


@kills('IDN001', subtle=True)
class TidiesTheRedirectUri(MemoryIdentity):
    """Unescapes what was escaped on purpose."""

    def authorization_url(self, endpoint, parameters):
        plain = urllib.parse.unquote(parameters['redirect_uri'])
        return super().authorization_url(
            endpoint, {**parameters, 'redirect_uri': plain}
        )


@kills('IDN001')
class ForgetsTheState(MemoryIdentity):
    def authorization_url(self, endpoint, parameters):
        del parameters['state']
        return super().authorization_url(endpoint, parameters)


@kills('IDN001', 'IDN014', subtle=True, sandbox=on(device_interval=0.01))
class ShowsTheDeviceCode(MemoryDeviceIdentity):
    """The page is told which flow it is for, by the code of the device."""

    def to_request(self, answer, registered):
        url = f'{answer["verification_uri"]}?flow={answer["device_code"]}'
        changed = {**answer, 'verification_uri_complete': url}
        return super().to_request(changed, registered)


@kills('IDN001', sandbox=on(device_interval=0.01))
class SendsPeopleOverHttp(MemoryDeviceIdentity):
    def to_request(self, answer, registered):
        url = answer['verification_uri'].replace('https:', 'http:')
        changed = {**answer, 'verification_uri': url}
        return super().to_request(changed, registered)


# IDN002 -------------------------------------------------------------------


@kills('IDN002')
class KeepsOneState(MemoryIdentity):
    def new_state(self, ctx):
        return hashlib.sha256(ctx.project_id.encode()).hexdigest()


@kills('IDN002', subtle=True)
class CountsStates(MemoryIdentity):
    numbers: ClassVar = itertools.count(1_000)

    def new_state(self, ctx):
        return f'state-{next(self.numbers)}-{"x" * 32}'


@kills('IDN002', subtle=True)
class DrawsStatesAtRandom(MemoryIdentity):
    """Of a generator whose next numbers follow from those it gave."""

    def new_state(self, ctx):
        return f'{random.getrandbits(256):064x}'


@kills('IDN002', subtle=True)
class DrawsVerifiersAtRandom(MemoryIdentity):
    def new_verifier(self, ctx):
        return f'{random.getrandbits(256):064x}'


@kills('IDN002', subtle=True)
class TimedState(MemoryIdentity):
    """A UUID of version 1: clock and network card, nothing random."""

    def new_state(self, ctx):
        return str(uuid.uuid1())


@kills('IDN002', subtle=True)
class SeedsByTheClock(MemoryIdentity):
    """Random in each second, and the same for everybody in it."""

    def new_state(self, ctx):
        rng = random.Random(int(time.time()))
        return f'{rng.getrandbits(160):040x}'


@kills('IDN002', subtle=True)
class PadsAShortVerifier(MemoryIdentity):
    def new_verifier(self, ctx):
        return secrets.token_hex(6).ljust(48, '0')


@kills('IDN002', subtle=True)
class SharesAVerifierWhileItWaits(MemoryIdentity):
    """One per class until the request is made: those at once share it."""

    pending: ClassVar[str | None] = None

    async def metadata(self, ctx):
        cls = SharesAVerifierWhileItWaits
        cls.pending = cls.pending or secrets.token_urlsafe(48)
        found = await super().metadata(ctx)
        self.mine = cls.pending
        await asyncio.sleep(0)
        cls.pending = None
        return found

    def new_verifier(self, ctx):
        return self.mine


# IDN003 -------------------------------------------------------------------


@kills('IDN003')
class PlainChallenge(MemoryIdentity):
    def proof_parameters(self, verifier):
        return {
            **super().proof_parameters(verifier),
            'code_challenge': verifier,
            'code_challenge_method': 'plain',
        }


@kills('IDN003', 'IDN014', subtle=True)
class VerifierAsNonce(MemoryIdentity):
    def nonce(self, verifier):
        return verifier


@kills('IDN003', *SIGNING_IN, subtle=True)
class PaddedChallenge(MemoryIdentity):
    def proof_parameters(self, verifier):
        digest = hashlib.sha256(verifier.encode()).digest()
        return {
            **super().proof_parameters(verifier),
            'code_challenge': base64.urlsafe_b64encode(digest).decode(),
        }


@kills('IDN003', subtle=True)
class ShortVerifier(MemoryIdentity):
    """Enough entropy, but shorter than RFC 7636 allows."""

    def new_verifier(self, ctx):
        return secrets.token_urlsafe(30)


@kills('IDN003', subtle=True)
class PromisesPkce(MemoryIdentity):
    manifest = MemoryIdentity.manifest.model_copy(
        update={
            'third_party_service': ThirdPartyServiceTemplate(
                id='memory',
                vendor='Memory',
                display_name='Memory',
                category='identity',
                service_url='https://login.memory.dev/',
                use_pkce='required',
            )
        }
    )

    def new_verifier(self, ctx):
        return None


# IDN004 -------------------------------------------------------------------


@kills('IDN004')
class AlwaysTheDefault(MemoryIdentity):
    def scope_parameters(self, scopes):
        return super().scope_parameters(None)


@kills('IDN004', subtle=True)
class TakesNoneForDefault(MemoryIdentity):
    def scope_parameters(self, scopes):
        return super().scope_parameters(scopes or None)


@kills('IDN004', subtle=True)
class LosesTheLastScope(MemoryIdentity):
    def scope_parameters(self, scopes):
        many = scopes is not None and len(scopes) > 1
        return super().scope_parameters(scopes[:-1] if many else scopes)


@kills('IDN004', subtle=True)
class AddsToTheDefault(MemoryIdentity):
    defaults: ClassVar = {}

    async def authorization_request(
        self, ctx, credentials, redirect_uri, scopes=None
    ):
        default = self.defaults.setdefault(
            self.issuer(ctx), list(DEFAULT_SCOPES)
        )
        default.extend(set(scopes or ()) - set(default))
        return await super().authorization_request(
            ctx,
            credentials,
            redirect_uri,
            default if scopes is None else scopes,
        )


@kills('IDN004', subtle=True)
class SortsScopesInPlace(MemoryIdentity):
    def scope_parameters(self, scopes):
        if scopes:
            scopes.insert(0, 'openid')
        return super().scope_parameters(scopes)


@kills('IDN004', subtle=True)
class AnotherSeparator(MemoryIdentity):
    manifest = PromisesPkce.manifest.model_copy(
        update={
            'third_party_service': ThirdPartyServiceTemplate(
                id='memory',
                vendor='Memory',
                display_name='Memory',
                category='identity',
                service_url='https://login.memory.dev/',
                default_scopes=list(DEFAULT_SCOPES),
                scope_separator=',',
            )
        }
    )


# IDN005 -------------------------------------------------------------------


@kills('IDN005')
class NewSubjects(MemoryIdentity):
    def subject(self, claims):
        return secrets.token_hex(8)


@kills('IDN005', subtle=True)
class SubjectOfTheClient(MemoryIdentity):
    def subject(self, claims):
        return claims['aud']


@kills('IDN005', subtle=True)
class SubjectOfTheSession(MemoryIdentity):
    def profile(self, claims):
        mixed = f'{claims["sub"]}-{claims.get("nonce")}'
        found = super().profile(claims)
        return found.model_copy(update={'subject': mixed})


@kills('IDN005', 'IDN009', subtle=True)
class ForgetsTheZone(MemoryIdentity):
    def expires_at(self, answer):
        return super().expires_at(answer).replace(tzinfo=None)


@kills('IDN005', 'IDN009', subtle=True)
class TakesSecondsForMilliseconds(MemoryIdentity):
    def expires_at(self, answer):
        milliseconds = answer['expires_in']
        return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)


@kills('IDN005', 'IDN009', subtle=True)
class RefreshTokenForAccess(MemoryIdentity):
    """The first credentials hold the wrong one of the two tokens."""

    async def signed_in(self, ctx, credentials, answer, verifier):
        swapped = {
            **answer,
            'access_token': answer.get('refresh_token') or 'none at all',
        }
        return await super().signed_in(ctx, credentials, swapped, verifier)


# IDN006 -------------------------------------------------------------------


@kills('IDN006')
class TakesRefusalsForOutages(MemoryIdentity):
    async def exchange_code(self, *args, **kwargs):
        try:
            return await super().exchange_code(*args, **kwargs)
        except PluginAuthenticationFailed:
            raise PluginUnavailableError('no luck') from None


@kills('IDN006', subtle=True)
class TriesTwice(MemoryIdentity):
    async def exchange_code(self, *args, **kwargs):
        try:
            return await super().exchange_code(*args, **kwargs)
        except PluginAuthenticationFailed:
            return await super().exchange_code(*args, **kwargs)


@kills('IDN006', subtle=True)
class KnowsTheRedirectUri(MemoryIdentity):
    """Sends the one that is registered, whatever came."""

    async def post(self, ctx, credentials, endpoint, form):
        known = 'https://imbi.example.com/oauth/callback'
        given = {'redirect_uri': known} if 'redirect_uri' in form else {}
        return await super().post(ctx, credentials, endpoint, form | given)


@kills('IDN006', subtle=True)
class RemembersCodes(MemoryIdentity):
    """Lets a double click succeed, and a thief too."""

    done: ClassVar[dict] = {}

    async def exchange_code(self, ctx, credentials, code, *args, **kwargs):
        if code not in self.done:
            self.done[code] = await super().exchange_code(
                ctx, credentials, code, *args, **kwargs
            )
        return self.done[code]


@kills('IDN006', 'IDN009', 'IDN011', sandbox=on(device_interval=0.01))
class TakesUnknownDevicesForPending(MemoryDeviceIdentity):
    def error_of(self, status, code):
        if code == 'invalid_grant':
            return IdentityAuthorizationPending(code)
        return super().error_of(status, code)


# IDN007 -------------------------------------------------------------------


@kills('IDN007', sandbox=on(device_interval=0.01))
class TakesPendingForRefused(MemoryDeviceIdentity):
    def error_of(self, status, code):
        if code == 'authorization_pending':
            return PluginAuthenticationFailed(code)
        return super().error_of(status, code)


class SlowsDown(MemoryIdentitySandbox):
    """Says slow_down at the second poll, however late it comes."""

    def __init__(self):
        super().__init__(Behaviour(device_interval=0.01))
        grants, polls = self.provider.grants, collections.Counter()
        redeem = grants.redeem_device

        def hasty(client, form):
            code = form['device_code']
            polls[code] += 1
            grant = grants.devices.get(code)
            if polls[code] == 2 and grant is not None and not grant.person:
                raise OAuthError('slow_down')
            return redeem(client, form)

        grants.redeem_device = hasty


@kills('IDN007', subtle=True, sandbox=SlowsDown)
class KnowsNoSlowDown(MemoryDeviceIdentity):
    def error_of(self, status, code):
        if code == 'slow_down':
            return PluginUnavailableError(code)
        return super().error_of(status, code)


@kills('IDN007', subtle=True, sandbox=on(device_interval=0.01))
class LetsPollAtOnce(MemoryDeviceIdentity):
    def to_request(self, answer, registered):
        return super().to_request({**answer, 'interval': 0}, registered)


@kills('IDN007', subtle=True, sandbox=on(device_interval=0.01))
class WaitsForThoseWhoDeclined(MemoryDeviceIdentity):
    def error_of(self, status, code):
        if code == 'access_denied':
            return IdentityAuthorizationPending(code)
        return super().error_of(status, code)


@kills('IDN006', 'IDN007', subtle=True, sandbox=on(device_interval=0.01))
class WaitsForExpiredCodes(MemoryDeviceIdentity):
    def error_of(self, status, code):
        if code == 'expired_token':
            return IdentityAuthorizationPending(code)
        return super().error_of(status, code)


@kills('IDN007', subtle=True, sandbox=on(device_interval=0.03))
class PollsOnAndOn(MemoryDeviceIdentity):
    """Asks forty times in one call, without a pause."""

    async def exchange_code(self, *args, **kwargs):
        for _ in range(40):
            try:
                return await super().exchange_code(*args, **kwargs)
            except IdentityAuthorizationPending:
                continue
        return await super().exchange_code(*args, **kwargs)


# IDN008 -------------------------------------------------------------------


@kills('IDN008')
class VerifiesNothing(MemoryIdentity):
    def verify(self, *args):
        pass


@kills('IDN008', subtle=True)
class TakesAlgNone(MemoryIdentity):
    def is_signed(self, parsed, key):
        return parsed.header['alg'] == 'none' or super().is_signed(parsed, key)


@kills('IDN008', subtle=True)
class TakesAnySignature(MemoryIdentity):
    def is_signed(self, parsed, key):
        return parsed.header['alg'] == 'HS256'


@kills('IDN008', subtle=True)
class TakesPrefixesOfTheIssuer(MemoryIdentity):
    def is_from(self, claims, issuer):
        return claims['iss'].startswith(issuer)


@kills('IDN008', subtle=True)
class LooksIntoTheAudience(MemoryIdentity):
    """Means a list, and looks into a text."""

    def is_for(self, claims, client_id):
        return client_id in claims.get('aud', ())


@kills('IDN008', subtle=True)
class TakesAnyAudience(MemoryIdentity):
    def is_for(self, claims, client_id):
        return bool(claims.get('aud'))


@kills('IDN008', subtle=True)
class AsksForANonceOnly(MemoryIdentity):
    """Checks that there is one, and not which."""

    def is_answer_to(self, claims, nonce):
        return bool(claims.get('nonce'))


@kills('IDN008', subtle=True)
class LooksAtNotBefore(MemoryIdentity):
    def is_in_time(self, claims):
        return claims['iat'] <= time.time()


@kills('IDN008')
class VerifiesEveryEmail(MemoryIdentity):
    def is_verified(self, claims):
        return bool(claims.get('email'))


@kills('IDN008', subtle=True, sandbox=on(verified_as_text=True))
class TakesTextForTrue(MemoryIdentity):
    """The text `false` is true for Python."""

    def is_verified(self, claims):
        return bool(claims.get('email_verified'))


@kills('IDN008', subtle=True, sandbox=on(vouches=False))
class VerifiedUnlessTold(MemoryIdentity):
    def is_verified(self, claims):
        return claims.get('email_verified', True) is True


@kills('IDN008', subtle=True)
class StumblesOverForgeries(MemoryIdentity):
    def is_for(self, claims, client_id):
        assert claims['aud'] == client_id, 'audience'
        return True


@kills('IDN008')
class TakesTokensWithoutEnd(MemoryIdentity):
    def is_in_time(self, claims):
        return 'exp' not in claims or super().is_in_time(claims)


@kills('IDN008', subtle=True)
class NeedsNoAudience(MemoryIdentity):
    """Takes a claim that is missing for one that is right."""

    def is_for(self, claims, client_id):
        return super().is_for({'aud': client_id, **claims}, client_id)


@kills('IDN008', subtle=True)
class NeedsNoIssuer(MemoryIdentity):
    def is_from(self, claims, issuer):
        return claims.get('iss', issuer) == issuer


@kills('IDN008', subtle=True)
class NeedsNoNonce(MemoryIdentity):
    """Some providers do not echo it, somebody wrote."""

    def is_answer_to(self, claims, nonce):
        return claims.get('nonce', nonce) == nonce


@kills('IDN008', subtle=True)
class TakesAnyListOfAudiences(MemoryIdentity):
    def is_for(self, claims, client_id):
        return isinstance(claims.get('aud'), list) or super().is_for(
            claims, client_id
        )


@kills('IDN008', subtle=True)
class LooksAtNoAuthorizedParty(MemoryIdentity):
    """Finds itself in the list, and does not ask who else is there."""

    def is_for(self, claims, client_id):
        found = claims.get('aud')
        return client_id in (found if isinstance(found, list) else [found])


@kills('IDN008', subtle=True)
class TriesEveryPublishedKey(MemoryIdentity):
    """A key is a key, whatever it is for (RFC 8725, section 2.1)."""

    async def claims(self, ctx, credentials, answer, verifier):
        self.published = (await self.ask(ctx, '/keys'))['keys']
        return await super().claims(ctx, credentials, answer, verifier)

    def is_signed(self, parsed, key):
        return any(map(parsed.is_signed_with, [key, *self.published]))


@kills('IDN008', sandbox=on(brief=True))
class LetsUserinfoSayWhoItIs(MemoryIdentity):
    async def claims(self, ctx, credentials, answer, verifier):
        found = await super().claims(ctx, credentials, answer, verifier)
        more = await self.userinfo(ctx, answer['access_token'])
        return {**found, **more}


@kills('IDN008', subtle=True, sandbox=on(brief=True))
class TakesTheRestFromUserinfo(MemoryIdentity):
    """The subject is the id token's; the e-mail address is anybody's."""

    async def claims(self, ctx, credentials, answer, verifier):
        found = await super().claims(ctx, credentials, answer, verifier)
        more = await self.userinfo(ctx, answer['access_token'])
        return {**more, **found}


# IDN009 -------------------------------------------------------------------


@kills('IDN009')
class ForgetsTheRefreshToken(MemoryIdentity):
    def refresh_token(self, answer, kept):
        return answer.get('refresh_token')


@kills('IDN009', 'IDN010', subtle=True, sandbox=on(rotates=True))
class KeepsTheOldToken(MemoryIdentity):
    def refresh_token(self, answer, kept):
        return kept or answer.get('refresh_token')


@kills('IDN009', subtle=True)
class TakesOutagesForRefusals(MemoryIdentity):
    async def refresh(self, *args, **kwargs):
        try:
            return await super().refresh(*args, **kwargs)
        except PluginUnavailableError:
            raise PluginAuthenticationFailed('sign in again') from None


@kills('IDN009', subtle=True)
class TakesThrottlingForRefusal(MemoryIdentity):
    def error_of(self, status, code):
        if 400 <= status < 500:
            return PluginAuthenticationFailed(code)
        return super().error_of(status, code)


@kills('IDN009', 'IDN011', subtle=True)
class TakesRefusalsForOutagesOfRefresh(MemoryIdentity):
    async def refresh(self, *args, **kwargs):
        try:
            return await super().refresh(*args, **kwargs)
        except PluginAuthenticationFailed:
            raise PluginUnavailableError('try again') from None


@kills('IDN009', 'IDN010', subtle=True, sandbox=on(rotates=True))
class RefreshesTwice(MemoryIdentity):
    """Returns the first of two answers, which the second replaced."""

    async def refresh(self, ctx, credentials, refresh_token):
        first = await super().refresh(ctx, credentials, refresh_token)
        await super().refresh(ctx, credentials, first.refresh_token)
        return first


# IDN010 -------------------------------------------------------------------


@kills('IDN010')
class SharesOneToken(MemoryIdentity):
    """Keeps the token on the class across an await."""

    token: ClassVar[str] = ''

    async def refresh(self, ctx, credentials, refresh_token):
        SharesOneToken.token = refresh_token
        await asyncio.sleep(0)
        return await super().refresh(ctx, credentials, self.token)


@kills('IDN010', subtle=True)
class OneFlightForAll(MemoryIdentity):
    """Joins a refresh that is under way, of whomever."""

    under_way: ClassVar[dict] = {}

    async def refresh(self, ctx, credentials, refresh_token):
        key = credentials['client_id']
        if key in self.under_way:
            return await asyncio.shield(self.under_way[key])
        task = asyncio.ensure_future(
            super().refresh(ctx, credentials, refresh_token)
        )
        self.under_way[key] = task
        try:
            return await task
        finally:
            del self.under_way[key]


@kills('IDN010', subtle=True, sandbox=on(rotates=True))
class RefreshesTheAnswerOfOthers(MemoryIdentity):
    """Where one is refused it ends the tokens, to be safe."""

    async def refresh(self, ctx, credentials, refresh_token):
        try:
            found = await super().refresh(ctx, credentials, refresh_token)
        except PluginAuthenticationFailed:
            newest = self.newest.get(refresh_token)
            if newest:
                await self.revoke(ctx, credentials, newest)
            raise
        self.newest[refresh_token] = found.refresh_token
        return found

    newest: ClassVar[dict] = {}


# IDN011 -------------------------------------------------------------------


@kills('IDN011')
class RefusesUnknownTokens(MemoryIdentity):
    async def revoke(self, ctx, credentials, token):
        provider = self.issuer(ctx)
        del provider
        if not token.startswith(('access-', 'refresh-')):
            raise PluginAuthenticationFailed('no such token')
        await super().revoke(ctx, credentials, token)


@kills('IDN011', subtle=True)
class RevokesOnce(MemoryIdentity):
    done: ClassVar[set] = set()

    async def revoke(self, ctx, credentials, token):
        if token in self.done:
            raise PluginUnavailableError('it is revoked already')
        self.done.add(token)
        await super().revoke(ctx, credentials, token)


@kills('IDN011', subtle=True)
class RevokesTheWrongThing(MemoryIdentity):
    """The parameter is `token`; the provider takes the rest for unknown."""

    async def post(self, ctx, credentials, endpoint, form):
        if 'token' in form:
            form = {'token': form['token'].partition('-')[2]}
        return await super().post(ctx, credentials, endpoint, form)


@kills('IDN011', subtle=True)
class SignsEverybodyOut(MemoryIdentity):
    issued: ClassVar[list] = []

    def to_credentials(self, answer, kept=None):
        found = super().to_credentials(answer, kept)
        self.issued.append(found.refresh_token)
        return found

    async def revoke(self, ctx, credentials, token):
        await super().revoke(ctx, credentials, token)
        for issued in self.issued:
            await super().revoke(ctx, credentials, issued)
        self.issued.clear()


@kills('IDN011')
class RevokesAsFarAsItGoes(MemoryIdentity):
    """Looks for the endpoint, and does not mind what that says."""

    async def revoke(self, ctx, credentials, token):
        metadata = await self.metadata(ctx)
        path = self.path(metadata['revocation_endpoint'])
        form, client = {'token': token}, self.client(credentials)
        with contextlib.suppress(PluginUnavailableError):
            await self.ask(ctx, path, form, basic=client)


@kills('IDN011', subtle=True)
class TakesABrokenConnectionForDone(MemoryIdentity):
    """Tells outages, but for those that break the connection."""

    async def ask(self, ctx, path, *args, **kwargs):
        try:
            return await super().ask(ctx, path, *args, **kwargs)
        except PluginUnavailableError as error:
            if path == '/revoke' and 'no connection' in str(error):
                return {}
            raise


# IDN012 -------------------------------------------------------------------


@kills('IDN012')
class ChangesTheConnection(MemoryIdentity):
    async def materialize(self, ctx, credentials, connection, **kwargs):
        connection.scopes.append('derived')
        return connection


@kills('IDN012', subtle=True)
class LastsAnHour(MemoryIdentity):
    async def materialize(self, ctx, credentials, connection, **kwargs):
        ends = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
        return connection.model_copy(deep=True, update={'expires_at': ends})


@kills('IDN012', subtle=True)
class NeverEnds(MemoryIdentity):
    async def materialize(self, ctx, credentials, connection, **kwargs):
        return IdentityCredentials(
            access_token=connection.access_token, scopes=connection.scopes
        )


@kills('IDN012', subtle=True)
class CachesByProject(MemoryIdentity):
    cache: ClassVar[dict] = {}

    async def materialize(self, ctx, credentials, connection, **kwargs):
        key = (ctx.project_id, self.issuer(ctx))
        held = self.cache.get(key)
        now = dt.datetime.now(dt.UTC)
        if held is None or held.expires_at < now:
            held = self.cache[key] = connection.model_copy(deep=True)
        ends = min(held.expires_at, connection.expires_at)
        return held.model_copy(deep=True, update={'expires_at': ends})


@kills('IDN012', subtle=True)
class KeepsExtras(MemoryIdentity):
    """A shallow copy shares the dict it takes something out of."""

    async def materialize(self, ctx, credentials, connection, **kwargs):
        found = connection.model_copy()
        found.extra['project'] = ctx.project_slug
        return found


# IDN013 -------------------------------------------------------------------

REGISTERING = on(registered=False)
AFTER = frozenset({*SIGNING_IN, 'IDN007', 'IDN013'})
"""Laws that go on with what was registered."""


@kills(*AFTER, sandbox=REGISTERING)
class ReturnsTheIdOnly(MemoryRegisteringIdentity):
    def to_request(self, answer, registered):
        registered.pop('client_secret')
        return super().to_request(answer, registered)


@kills(*AFTER, subtle=True, sandbox=REGISTERING)
class SpellsItDifferently(MemoryRegisteringIdentity):
    def to_request(self, answer, registered):
        renamed = {
            name.replace('_', '-'): value for name, value in registered.items()
        }
        return super().to_request(answer, renamed)


@kills('IDN013', subtle=True, sandbox=REGISTERING)
class RegistersAnew(MemoryRegisteringIdentity):
    """Registers at every request, which ends what was registered before."""

    async def registered(self, ctx, credentials):
        if credentials:
            old = credentials['client_id']
            self.provider(ctx)._clients.pop(old)
        return await super().registered(ctx, {})

    def provider(self, ctx):
        from imbi_plugin_testkit.memory.identity import (  # noqa: PLC0415
            MemoryProvider,
        )

        return MemoryProvider.at(self.issuer(ctx))


# IDN014 -------------------------------------------------------------------


@kills('IDN014')
class LogsTokens(MemoryIdentity):
    def to_credentials(self, answer, kept=None):
        LOGGER.debug('answer: %s', answer)
        return super().to_credentials(answer, kept)


@kills('IDN014', subtle=True)
class KeepsTheAnswerAsClaims(MemoryIdentity):
    async def signed_in(self, ctx, credentials, answer, verifier):
        profile, found = await super().signed_in(
            ctx, credentials, answer, verifier
        )
        claims = {**profile.raw_claims, 'token': dict(answer)}
        return profile.model_copy(update={'raw_claims': claims}), found


class Telling(IdentityCredentials):
    def __repr__(self):
        return f'<{self.token_type} {self.access_token}>'


@kills('IDN014', subtle=True)
class HasItsOwnModel(MemoryIdentity):
    def to_credentials(self, answer, kept=None):
        found = super().to_credentials(answer, kept)
        return Telling(**found.model_dump())


@kills('IDN014', subtle=True)
class QuotesTheRequest(MemoryIdentity):
    async def refresh(self, ctx, credentials, refresh_token):
        try:
            return await super().refresh(ctx, credentials, refresh_token)
        except PluginAuthenticationFailed as error:
            body = urllib.parse.urlencode({'refresh_token': refresh_token})
            cause = ValueError(base64.b64encode(body.encode()).decode())
            raise error from cause


@kills('IDN014', subtle=True)
class WarnsOfOldTokens(MemoryIdentity):
    async def revoke(self, ctx, credentials, token):
        warnings.warn(f'revoking {token}', stacklevel=2)
        await super().revoke(ctx, credentials, token)


@kills('IDN014', subtle=True)
class ShowsItselfWithTheVerifier(MemoryIdentity):
    async def exchange_code(
        self, ctx, credentials, code, redirect_uri, code_verifier=None
    ):
        self.verifier = code_verifier
        return await super().exchange_code(
            ctx, credentials, code, redirect_uri, code_verifier
        )

    def __repr__(self):
        return f'{type(self).__name__}({vars(self)})'


@pytest.mark.parametrize(
    ('mutant', 'expected', 'sandbox'),
    [(cls, ids, sandbox) for cls, ids, _, sandbox in MUTANTS],
    ids=[cls.__name__ for cls, *_ in MUTANTS],
)
def test_each_seed_kills_a_mutant_by_exactly_the_expected_laws(
    mutant, expected, sandbox, judge
):
    assert_killed(
        judge,
        mutant,
        expected,
        SCOPE,
        untestable=SCOPE - expected,
        sandbox=sandbox,
    )


def test_every_law_has_two_mutants_one_of_them_subtle():
    assert_complete(((ids, subtle) for _, ids, subtle, _ in MUTANTS), SCOPE)


def test_no_token_is_in_a_finding_that_it_causes(judge):
    given = []

    class Listens(MemoryIdentitySandbox):
        async def accepts(self, credentials):
            given.extend([credentials.access_token, credentials.refresh_token])
            return await super().accepts(credentials)

        async def sign_in(self, request, **kwargs):
            found = await super().sign_in(request, **kwargs)
            given.extend([found.code, request.code_verifier])
            return found

    for mutant, expected, _, sandbox in MUTANTS:
        if getattr(sandbox, 'args', None) != on().args:
            continue
        judgement = judge(mutant, sandbox=Listens, only=set(expected))
        said = repr(judgement.findings)
        assert not [value for value in given if value and value in said]
        given.clear()


def test_a_profile_in_another_shape_is_told_by_its_type(judge):
    class Swaps(MemoryIdentity):
        async def signed_in(self, *args):
            profile, found = await super().signed_in(*args)
            return found, profile

    judgement = judge(Swaps, only={'IDN005'}, sandbox=MemoryIdentitySandbox)
    assert 'where a profile and credentials must' in judgement.told()


def test_a_sandbox_that_brings_no_code_back_is_no_fault_of_the_plugin(judge):
    class Denies(MemoryIdentitySandbox):
        async def sign_in(self, request, *, person='alice', decision='deny'):
            return await super().sign_in(
                request, person=person, decision='deny'
            )

    judgement = judge(MemoryIdentity, sandbox=Denies, only={'IDN005'})
    assert judgement.untestable == {
        'IDN005': 'the sandbox: sign_in brought no code back, but '
        'access_denied'
    }
