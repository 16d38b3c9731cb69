"""Law IDN100: random scripts of sign-ins on an identity plugin."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from imbi_plugin_sdk.errors import (
    IdentityAuthorizationPending,
    PluginAuthenticationFailed,
)
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws.identity._flow import (
    TYPES,
    without_refresh_token,
)
from imbi_plugin_testkit.laws.identity._model import (
    KEPT,
    Asked,
    Brought,
    IdentityModel,
    Kept,
    compares,
    limits_of,
    polls,
    refreshes,
    revokes,
    rotates,
)
from imbi_plugin_testkit.laws.identity.exchange import expiry_problems
from imbi_plugin_testkit.machines import (
    Skip,
    agrees,
    choice,
    choice_of,
    earlier,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.model import Finding

NEEDS = frozenset({'sign_in'})

PEOPLE = choice_of(lambda lab: limits_of(lab).people[:2])
"""Who: two people, so that steps meet."""


class IdentityMachine(IdentityModel):
    """What people, a host and time do, one step after the other."""

    async def finish(self) -> None:
        """Refresh and present everything that must still be good."""
        for kept in [each for each in self.kept if each.renews]:
            if limits_of(self.lab).refreshes and kept.token:
                await self.refresh(kept=kept)
        # No finding quotes a script that agrees, and hiding costs time.
        del self.lab.secrets[self._secrets :]

    # Signing in -----------------------------------------------------------

    @rule(person=PEOPLE, weight=4, gives='kept')
    async def sign_in(self, person: str) -> Kept:
        """Sign a person in, from the request to the exchange."""
        asked = await self.begin(scopes='default')
        brought = await self.answer(asked=asked, person=person)
        return await self._redeemed(brought)

    @rule(scopes=choice('default', 'none', 'some'), weight=3, gives='asked')
    async def begin(self, scopes: str) -> Asked:
        """Ask for an authorization request."""
        given: list[str] | None = None
        if scopes != 'default':
            given = [*self.flow.limits.scopes] if scopes == 'some' else []
        begun = await self.flow.begin(scopes=given)
        secrets = {begun.request.state, begun.request.code_verifier or ''}
        if self._seen & (secrets - {''}):
            raise self.diverges(
                'IDN002',
                'authorization_request()',
                'state or verifier is that of an earlier request; each must '
                'have its own.',
            )
        self._seen |= secrets
        return Asked(begun, default=scopes == 'default')

    @rule(asked=earlier('asked'), person=PEOPLE, weight=4, gives='brought')
    async def answer(self, asked: Asked, person: str) -> Brought:
        """Let a person approve a request."""
        if asked.answered:
            raise Skip
        asked.answered = True
        signed_in = await self.flow.answer(asked.begun, person)
        return Brought(asked, person, signed_in.code)

    @rule(asked=earlier('asked'))
    async def deny(self, asked: Asked) -> None:
        """Let a person decline; a device flow then ends."""
        if asked.answered:
            raise Skip
        asked.answered = True
        await self.flow.answer(asked.begun, decision='deny')

    @rule(asked=earlier('asked'), when=polls)
    async def poll(self, asked: Asked) -> None:
        """Ask for a device flow that nobody answered."""
        request = asked.begun.request
        if request.polling is None or asked.answered:
            raise Skip
        answer = await self.flow.exchange(asked.begun, request.state)
        await asyncio.sleep(limits_of(self.lab).device_interval)
        if not isinstance(answer.error, IdentityAuthorizationPending):
            raise self.diverges(
                'IDN007',
                'exchange_code()',
                f'nobody answered the device flow, and it {self._told(answer)}'
                '; it must raise IdentityAuthorizationPending.',
            )

    @rule(brought=earlier('brought'), weight=3, gives='kept')
    async def redeem(self, brought: Brought) -> Kept | None:
        """Exchange a code; a second time it is refused."""
        if brought.good:
            return await self._redeemed(brought)
        if brought.good is None:
            raise Skip
        answer = await self.flow.exchange(brought.asked.begun, brought.code)
        if not self._is_refused(answer, brought.asked):
            raise self.diverges(
                'IDN006',
                'exchange_code()',
                f'a code that was used {self._told(answer)}; it must raise '
                'PluginAuthenticationFailed.',
            )
        self._doubt(brought.person)  # RFC 6749 §4.1.2: tokens may end
        return None

    @rule(
        brought=earlier('brought'),
        other=earlier('asked'),
        weight=5,
        when=compares,
    )
    async def mix_up(self, brought: Brought, other: Asked) -> None:
        """Exchange a code with the verifier of another request."""
        verifier = other.begun.request.code_verifier
        if not brought.good or verifier is None or other is brought.asked:
            raise Skip
        brought.good = None
        answer = await self.flow.exchange(
            brought.asked.begun, brought.code, verifier=verifier
        )
        if not self._is_refused(answer, brought.asked):
            raise self.diverges(
                'IDN006',
                'exchange_code()',
                'a code with the verifier of another request '
                f'{self._told(answer)}; it must raise '
                'PluginAuthenticationFailed.',
            )

    async def _redeemed(self, brought: Brought) -> Kept:
        """Exchange a code that is good, and compare who it is."""
        begun = brought.asked.begun
        brought.good = False
        answer = await self.flow.exchange(begun, brought.code)
        session = self.flow.session(
            answer, begun, brought.code, brought.person
        )
        for message in expiry_problems(session.found):
            raise self.diverges('IDN005', 'exchange_code()', message)
        self._compare(brought.person, session.profile.subject)
        token = session.found.refresh_token
        if not token and brought.asked.default and refreshes(self.lab):
            finding = without_refresh_token('exchange_code()')
            raise self.diverges('IDN009', finding.path, finding.message)
        kept = Kept(session, token)
        mine = [each for each in self.kept if self._owns(each, kept)]
        for each in mine[: 1 - KEPT]:
            each.renews = each.renews and None
        self.kept.append(kept)
        await self._present(kept, 'exchange_code()')
        return kept

    # Tokens --------------------------------------------------------------

    @rule(kept=earlier('kept'), weight=4, when=refreshes)
    async def refresh(self, kept: Kept) -> None:
        """Refresh with the token that is to be used next."""
        if not kept.token:
            raise Skip
        answer = await self.flow.refresh(kept.session, kept.token)
        self._renewed(kept, answer)
        await self._present(kept, 'refresh()')

    @rule(one=earlier('kept'), other=earlier('kept'), weight=3, when=refreshes)
    async def refresh_both(self, one: Kept, other: Kept) -> None:
        """Refresh two sign-ins at once."""
        if one is other or not (one.token and other.token):
            raise Skip
        answers = await asyncio.gather(
            self.flow.refresh(one.session, one.token),
            self.flow.refresh(other.session, other.token),
        )
        for kept, answer in zip((one, other), answers, strict=True):
            self._renewed(kept, answer)
            await self._present(kept, 'refresh()')

    @rule(kept=earlier('kept'), when=rotates)
    async def refresh_old(self, kept: Kept) -> None:
        """Refresh with a token that was replaced."""
        if not kept.old:
            raise Skip
        answer = await self.flow.refresh(kept.session, kept.old[-1])
        if not isinstance(answer.error, PluginAuthenticationFailed):
            raise self.diverges(
                'IDN009',
                'refresh()',
                f'a token that was replaced {self._told(answer)}; it must '
                'raise PluginAuthenticationFailed.',
            )
        if limits_of(self.lab).reuse_revokes:
            self._doubt(kept.session.person)

    @rule(
        kept=earlier('kept'),
        what=choice('refresh', 'access', 'unknown'),
        when=revokes,
    )
    async def revoke(self, kept: Kept, what: str) -> None:
        """Revoke a token; it succeeds whether or not it was good."""
        token = {
            'access': kept.session.found.access_token,
            'refresh': kept.token,
        }.get(what) or self.flow.made_up('token')
        answer = await self.lab.attempt(
            'revoke',
            token,
            ctx=self.flow.context(kept.session.person),
            credentials=kept.session.credentials,
        )
        if answer.error is not None:
            raise self.diverges(
                'IDN011',
                'revoke()',
                f'it {self._told(answer)}; it must succeed.',
            )
        if what == 'unknown':
            return
        self._doubt(kept.session.person)
        if what == 'refresh' and limits_of(self.lab).revokes_refresh:
            kept.renews = False

    @rule(kept=earlier('kept'), weight=4)
    async def materialize(self, kept: Kept) -> None:
        """Materialize a connection; it stays as it is, and its owner's."""
        connection = kept.session.found
        given = connection.model_copy(deep=True)
        options = getattr(self.lab.sandbox, 'identity_options', None)
        named = {'identity_options': dict(options)} if options else {}
        answer = await self.lab.attempt(
            'materialize',
            given,
            ctx=self.flow.context(kept.session.person),
            credentials=kept.session.credentials,
            **named,
        )
        if kept.renews is not True and answer.error is not None:
            return
        found = self.flow.renewed(answer)
        self.flow.hide_tokens(found)
        others = {
            each.session.found.access_token
            for each in self.kept
            if not self._owns(each, kept)
        }
        if given != connection or found.access_token in others:
            raise self.diverges(
                'IDN012',
                'materialize()',
                'the connection was changed, or what came back is of another '
                'person.',
            )


@check(
    'IDN100',
    title='a random script of sign-ins agrees with the model',
    fix='Run the printed test, and mend what the law that it names says.',
    law=True,
    machine=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def scripts_agree(lab: Lab) -> AsyncIterator[Finding]:
    """People sign in, come back and leave in any order, and never mix.

    The laws before this one are stories that somebody thought of. Faults that
    need a sequence (the third refresh in a row, a sign-in after a sign-out,
    a verifier of another tab) are found by scripts: requests, answers,
    exchanges, refreshes one by one and at once, revocations and
    materializing, for two people, made up from the run's seed and held
    against a model of what is still good. What a provider decides for itself,
    such as whether a revocation ends a person's other sign-ins, the model
    leaves open. The message names the law that is broken; the script is
    reduced to the shortest that still breaks it, and printed as a test.
    """
    async for finding in agrees(lab, IdentityMachine):
        yield finding
