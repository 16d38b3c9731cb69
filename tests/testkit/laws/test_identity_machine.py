"""Random scripts of sign-ins: what only they find, and what they let pass."""

from __future__ import annotations

import asyncio
import functools
from typing import ClassVar

import pytest
from law_seeds import GOOD_SEEDS, MUTANT_SEEDS

from imbi_plugin_sdk.errors import PluginAuthenticationFailed
from imbi_plugin_testkit.memory.identity import (
    Behaviour,
    MemoryDeviceIdentity,
    MemoryIdentity,
    MemoryIdentitySandbox,
    MemoryProvider,
    MemoryRegisteringIdentity,
)

MACHINE = {'IDN100'}
STORIES = {f'IDN{number:03}' for number in range(1, 15)}
MUTANTS: list[tuple[type, object, str]] = []


def on(*, registered=True, **behaviour):
    return functools.partial(
        MemoryIdentitySandbox, Behaviour(**behaviour), registered=registered
    )


def kills(law, sandbox=None):
    """Register a mutant that no story finds, and the law that it breaks."""

    def register(cls):
        MUTANTS.append((cls, sandbox or on(), law))
        return cls

    return register


def of(ctx):
    """Return the provider, to keep the state of two tests apart by."""
    return MemoryProvider.at(ctx.assignment_options['issuer'])


@kills('IDN009')
class LosesTheThirdToken(MemoryIdentity):
    """Counts refreshes per token, and forgets to keep it on the third."""

    counts: ClassVar[dict] = {}

    async def refresh(self, ctx, credentials, refresh_token):
        found = await super().refresh(ctx, credentials, refresh_token)
        count = self.counts[refresh_token] = (
            self.counts.get(refresh_token, 0) + 1
        )
        if count >= 3:
            found.refresh_token = None
        return found


@kills('IDN009', sandbox=on(refreshed_scope='openid'))
class LosesTheTokenAfterARenewal(MemoryIdentity):
    """Keeps what was renewed, and takes it for what the next sign-in has."""

    calls: ClassVar[dict] = {}

    async def materialize(self, ctx, credentials, connection, **kwargs):
        self.calls.setdefault(self.issuer(ctx), []).append('materialize')
        return await super().materialize(
            ctx, credentials, connection, **kwargs
        )

    async def refresh(self, ctx, *args):
        self.calls.setdefault(self.issuer(ctx), []).append('refresh')
        return await super().refresh(ctx, *args)

    async def exchange_code(self, ctx, *args):
        profile, found = await super().exchange_code(ctx, *args)
        if self.calls.pop(self.issuer(ctx), [])[-2:] == [
            'materialize',
            'refresh',
        ]:
            found.refresh_token = None
        return profile, found


@kills('IDN010')
class RefreshesForWhoWasMaterialized(MemoryIdentity):
    """Keeps the last connection for its owner, whoever refreshes next."""

    last: ClassVar[dict] = {}

    async def materialize(self, ctx, credentials, connection, **kwargs):
        found = await super().materialize(
            ctx, credentials, connection, **kwargs
        )
        self.last[self.issuer(ctx)] = found.refresh_token
        return found

    async def refresh(self, ctx, credentials, refresh_token):
        last = self.last.pop(self.issuer(ctx), None)
        try:
            return await super().refresh(
                ctx, credentials, last or refresh_token
            )
        except PluginAuthenticationFailed:
            return await super().refresh(ctx, credentials, refresh_token)


@kills('IDN002')
class KeepsTheStateOfWhoAskedForMore(MemoryIdentity):
    """A state per set of scopes, so that a second request finds it."""

    states: ClassVar[dict] = {}

    async def authorization_request(
        self, ctx, credentials, redirect_uri, scopes=None
    ):
        found = await super().authorization_request(
            ctx, credentials, redirect_uri, scopes
        )
        if not scopes:
            return found
        key = (self.issuer(ctx), *sorted(scopes))
        before = self.states.setdefault(key, found)
        return before.model_copy()


@kills('IDN006')
class TriesTheVerifiersItKnows(MemoryIdentity):
    """Finds the right verifier for a code, whoever hands it in."""

    known: ClassVar[dict] = {}

    async def authorization_request(self, ctx, *args, **kwargs):
        found = await super().authorization_request(ctx, *args, **kwargs)
        self.known.setdefault(self.issuer(ctx), []).append(found.code_verifier)
        return found

    async def exchange_code(
        self, ctx, credentials, code, redirect_uri, code_verifier=None
    ):
        known = self.known[self.issuer(ctx)]
        tried = [code_verifier]
        if code_verifier in known:
            tried += [each for each in known if each != code_verifier][-4:]
        for verifier in tried:
            grant = of(ctx).grants.codes.get(code)
            if grant is not None and of(ctx).grants._is_proved(
                grant, verifier
            ):
                break
        else:
            verifier = code_verifier
        return await super().exchange_code(
            ctx, credentials, code, redirect_uri, verifier
        )


@kills('IDN009', sandbox=on(rotates=True))
class OneFlightPerPerson(MemoryIdentity):
    """Joins a refresh of the same person, though of another sign-in."""

    under_way: ClassVar[dict] = {}

    async def refresh(self, ctx, credentials, refresh_token):
        key = (self.issuer(ctx), ctx.actor_user_id)
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


@pytest.mark.usefixtures('unhurried')
@pytest.mark.parametrize(
    ('mutant', 'sandbox', 'law'),
    MUTANTS,
    ids=[cls.__name__ for cls, *_ in MUTANTS],
)
def test_scripts_find_what_stories_do_not(mutant, sandbox, law, judge):
    told = []
    for seed in MUTANT_SEEDS:
        if not seed % 10:
            judgement = judge(mutant, sandbox=sandbox, seed=seed, only=STORIES)
            assert not judgement.failed, (seed, judgement.told())
        judgement = judge(
            mutant, sandbox=sandbox, seed=seed, only=MACHINE, profile='ci'
        )
        assert judgement.failed == MACHINE, seed
        told.append(judgement.findings['IDN100'][0].message)
    # A fault may show in more than one way; this is how it mostly does.
    named = [each for each in told if each.startswith(f'{law}: ')]
    assert not law or len(named) > len(told) / 2, told


@pytest.mark.parametrize(
    ('handler', 'sandbox'),
    [
        (MemoryIdentity, on()),
        (MemoryIdentity, on(rotates=True)),
        (MemoryIdentity, on(rotates=True, reuse_revokes=True)),
        (MemoryIdentity, on(refreshes=False)),
        (MemoryIdentity, on(refreshed_scope='openid')),
        (MemoryIdentity, on(refreshed_scope='openid', rotates=True)),
        (MemoryIdentity, on(revokes_refresh=False)),
        (MemoryDeviceIdentity, on(device_interval=0.01)),
        (MemoryDeviceIdentity, on(device_interval=1)),
        (MemoryRegisteringIdentity, on(registered=False)),
    ],
)
def test_scripts_let_right_handlers_pass(handler, sandbox, judge):
    for seed in GOOD_SEEDS:
        judgement = judge(handler, sandbox=sandbox, seed=seed, only=MACHINE)
        assert not judgement.failed, (seed, judgement.told())
        assert not judgement.untestable


def test_no_token_is_in_a_script_that_is_printed(judge):
    given = []

    class Listens(MemoryIdentitySandbox):
        async def accepts(self, credentials):
            given.extend([credentials.access_token, credentials.refresh_token])
            return await super().accepts(credentials)

        async def sign_in(self, request, **kwargs):
            found = await super().sign_in(request, **kwargs)
            given.extend([found.code, request.code_verifier])
            return found

    judgement = judge(
        LosesTheThirdToken, sandbox=Listens, only=MACHINE, profile='ci'
    )
    (finding,) = judgement.findings['IDN100']
    said = repr(finding)
    assert 'refresh' in said
    assert not [value for value in given if value and value in said]
