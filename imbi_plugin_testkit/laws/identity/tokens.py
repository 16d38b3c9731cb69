"""What becomes of tokens (IDN009 to IDN011)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from imbi_plugin_sdk.contract import is_implemented
from imbi_plugin_sdk.errors import PluginAuthenticationFailed
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._later import FEW, later
from imbi_plugin_testkit.laws.identity._flow import (
    TYPES,
    Flow,
    needs_refresh,
    without_refresh_token,
)
from imbi_plugin_testkit.laws.identity.exchange import expiry_problems
from imbi_plugin_testkit.model import Finding, Untestable
from imbi_plugin_testkit.sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from imbi_plugin_sdk.context import IdentityCredentials
    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.laws.identity._flow import Session

NEEDS = frozenset({'sign_in'})

OUTAGES = (
    Fault.UNAVAILABLE,
    Fault.SERVER_ERROR,
    Fault.THROTTLED,
    Fault.REFUSE,
)
"""Faults that say nothing about a token."""

AT_ONCE = 3
"""Refreshes of one token at the same time: two tabs, and a background job."""


@check(
    'IDN009',
    title='a refresh gives the token to use next, and tells how it failed',
    fix="Return the answer's refresh_token, else the one that was given; map "
    'invalid_grant to PluginAuthenticationFailed, and everything that says '
    'nothing about the token to PluginUnavailableError.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def refreshing_goes_on(lab: Lab) -> AsyncIterator[Finding]:
    """Who signed in stays signed in, until the provider says otherwise.

    The host stores what `refresh` returns over what it had. A provider that
    rotates sends a new refresh token, one that does not may leave it out (RFC
    6749 §6); losing it signs people out an hour later. So a refreshed token
    is refreshed once more, and must still stand for the same person. A token
    that is made up, or ran out, or was replaced, is
    PluginAuthenticationFailed, upon which the host asks the person to sign in
    anew; an outage or throttling is not, and the token is good afterwards.
    """
    flow = Flow(lab)
    needs_refresh(flow)
    session = await flow.sign_in()
    if not session.found.refresh_token:
        yield without_refresh_token('exchange_code()')
        return
    async for finding in _twice(flow, session):
        yield finding
    async for finding in _bad_tokens(flow):
        yield finding
    async for finding in _outages(flow):
        yield finding


async def _twice(flow: Flow, session: Session) -> AsyncIterator[Finding]:
    """Refresh, and refresh what came of it."""
    tells = await flow.can_accept(session.found)
    who = await flow.accepted(session.found) if tells else None
    token = session.found.refresh_token
    for time_ in ('the first', 'the second'):
        found = flow.renewed(await flow.refresh(session, token))
        path = f'refresh() {time_} time'
        for message in expiry_problems(found):
            yield Finding(f'{path}.expires_at', message)
        if tells and await flow.accepted(found) != who:
            yield Finding(
                f'{path}.access_token',
                'it is not good, or stands for somebody else; it must stand '
                'for the person whose token was refreshed.',
            )
        if not found.refresh_token:
            yield Finding(
                f'{path}.refresh_token',
                'it is missing; where the provider sends none, the one that '
                'was given must be kept.',
            )
            return
        if flow.limits.rotates and found.refresh_token == token:
            yield Finding(
                f'{path}.refresh_token',
                'it is the one that was given, which this provider has '
                'replaced; it must be the new one.',
            )
            return
        token = found.refresh_token


async def _bad_tokens(flow: Flow) -> AsyncIterator[Finding]:
    """Refresh what is not good."""
    other = await flow.sign_in()
    if not other.found.refresh_token:
        return
    yield_for: list[tuple[str, str]] = [
        ('a made-up token', flow.made_up('refresh'))
    ]
    old = other.found.refresh_token
    if flow.limits.rotates:
        flow.renewed(await flow.refresh(other))
        yield_for.append(('a token that was replaced', old))
    ended = (await flow.sign_in()).found.refresh_token
    sandbox = flow.sandbox
    if ended and await flow.can(
        'expire', lambda: sandbox.expire('refresh', ended)
    ):
        yield_for.append(('a token that ran out', ended))
    for what, token in yield_for:
        answer = await flow.refresh(other, token)
        if not isinstance(answer.error, PluginAuthenticationFailed):
            yield Finding(
                f'refresh() of {what}',
                f'it {_ended(flow.lab, answer)}; it must raise '
                'PluginAuthenticationFailed.',
            )


async def _outages(flow: Flow) -> AsyncIterator[Finding]:
    """Refresh while the provider cannot serve, and afterwards."""
    session = await flow.sign_in()
    token = session.found.refresh_token
    tried = False
    for kind in OUTAGES:
        async with flow.broken(kind) as is_broken:
            if not is_broken:
                continue
            tried = True
            answer = await flow.refresh(session, token)
        if answer.error is None or isinstance(
            answer.error, PluginAuthenticationFailed
        ):
            yield Finding(
                f'refresh() while the provider fails ({kind.value})',
                f'it {_ended(flow.lab, answer)}; it must raise '
                'PluginUnavailableError, for the token may still be good.',
            )
            return
    if tried:
        flow.renewed(await flow.refresh(session, token))


def _ended(lab: Lab, answer: Answer) -> str:
    if answer.error is None:
        return 'succeeded'
    told = described(answer.error, lab.secrets)
    return f'raised {told}{lab.place(answer.error)}'


@check(
    'IDN010',
    title='after concurrent refreshes one of the credentials works',
    fix='Keep nothing about a refresh on the class; let each call use its own '
    'token, and return what the provider answered to it.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def concurrent_refreshes_leave_one(lab: Lab) -> AsyncIterator[Finding]:
    """Two tabs that refresh at once do not sign anybody out.

    Several calls refresh the same token at the same time, and another
    person's beside it. With rotation all but one may be refused; but of what
    comes back, something must work: its access token is good, and its refresh
    token refreshes. And each must stand for the person whose token it was.
    Where the provider ends all tokens when an old one comes back
    (`reuse_revokes` of the limits), only the last is asked for.
    """
    flow = Flow(lab)
    needs_refresh(flow)
    people = flow.limits.people[:2]
    sessions = [await flow.sign_in(person) for person in people]
    if not all(session.found.refresh_token for session in sessions):
        yield without_refresh_token('exchange_code()')
        return
    tells = await flow.can_accept(sessions[0].found)
    owners = [
        await flow.accepted(session.found) if tells else None
        for session in sessions
    ]
    asked = [0] * AT_ONCE + [1] * (AT_ONCE - 1) * (len(sessions) > 1)
    lab.rng.shuffle(asked)
    answers = await asyncio.gather(
        *(flow.refresh(sessions[index]) for index in asked)
    )
    for index, session in enumerate(sessions):
        mine = [
            answer
            for whose, answer in zip(asked, answers, strict=True)
            if whose == index
        ]
        message = await _survivor(
            flow, session, mine, owners[index] if tells else None, owners
        )
        if message:
            yield Finding('refresh() at the same time', message)


async def _survivor(
    flow: Flow,
    session: Session,
    answers: Sequence[Answer],
    owner: str | None,
    owners: Sequence[str | None],
) -> str:
    """Return why nothing that came back works for its owner."""
    returned = [
        flow.renewed(answer) for answer in answers if answer.error is None
    ]
    if not returned:
        told = described(answers[0].error or RuntimeError(), flow.lab.secrets)
        return (
            f'all {len(answers)} calls with one good token failed ({told}); '
            'one at least must succeed.'
        )
    others = [other for other in owners if other not in (None, owner)]
    for found in returned:
        if owner is not None and await flow.accepted(found) in others:
            return (
                "a refresh returned another person's access token; each call "
                'must return what the provider answered to it.'
            )
    if flow.limits.reuse_revokes:
        return ''
    for found in returned:
        if await _works(flow, session, found, owner):
            return ''
    return (
        f'{len(returned)} of {len(answers)} calls returned credentials, and '
        'none of them works; one at least must.'
    )


async def _works(
    flow: Flow,
    session: Session,
    found: IdentityCredentials,
    owner: str | None,
) -> bool:
    if owner is not None and await flow.accepted(found) != owner:
        return False
    if not found.refresh_token:
        return owner is not None  # that it is lost is IDN009's to say
    answer = await flow.refresh(session, found.refresh_token)
    return answer.error is None


@check(
    'IDN011',
    title='a token can be revoked, twice too, and then refreshes no more',
    fix='Send the token to the revocation endpoint (RFC 7009) and take every '
    'answer of success for success; a token that is unknown is revoked '
    'already.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def revoking_ends_a_token(lab: Lab) -> AsyncIterator[Finding]:
    """What was revoked is over, and revoking it again is no error.

    A host revokes when somebody disconnects or leaves, and repeats it if it
    does not know how the first call ended. Revoking twice and revoking what
    the provider does not know succeed (RFC 7009 §2.2). A revoked refresh
    token refreshes no more, where the provider supports it; the tokens of
    other people stay good. Where the provider fails at a later request of a
    call, `revoke` raises, unless the token is over all the same. A plugin
    that does not implement `revoke` has nothing to be judged.
    """
    if not is_implemented(lab.plugin.handler, 'revoke'):
        raise Untestable('the plugin does not implement revoke')
    flow = Flow(lab)
    mine, other = (
        await flow.sign_in(flow.limits.people[0]),
        await flow.sign_in(flow.limits.people[-1]),
    )
    unknown = flow.made_up('token')
    refresh = mine.found.refresh_token
    steps = [('a token that nobody knows', unknown)]
    steps += [('an access token', mine.found.access_token)]
    steps += [('the same access token again', mine.found.access_token)]
    if refresh:
        steps += [('a refresh token', refresh)]
        steps += [('the same refresh token again', refresh)]
    for what, token in steps:
        answer = await _revoked(flow, mine, token)
        if answer.error is not None:
            yield Finding(
                f'revoke() of {what}',
                f'it {_ended(lab, answer)}; it must succeed.',
            )
    async for finding in _halfway(flow, mine):
        yield finding
    if not flow.limits.refreshes or not refresh:
        return
    async for finding in _afterwards(flow, mine, other):
        yield finding


async def _afterwards(
    flow: Flow, mine: Session, other: Session
) -> AsyncIterator[Finding]:
    """Refresh what was revoked, and what was not."""
    lab = flow.lab
    if flow.limits.revokes_refresh:
        answer = await flow.refresh(mine)
        if not isinstance(answer.error, PluginAuthenticationFailed):
            yield Finding(
                'refresh() of a revoked token',
                f'it {_ended(lab, answer)}; it must raise '
                'PluginAuthenticationFailed.',
            )
    if other.found.refresh_token:
        answer = await flow.refresh(other)
        if answer.error is not None:
            yield Finding(
                'refresh() after another person was signed out',
                f'it {_ended(lab, answer)}; only the token that was given is '
                'revoked.',
            )


async def _revoked(flow: Flow, session: Session, token: str) -> Answer:
    return await flow.lab.attempt(
        'revoke',
        token,
        ctx=flow.context(session.person),
        credentials=session.credentials,
    )


async def _halfway(flow: Flow, over: Session) -> AsyncIterator[Finding]:
    """Revoke while the provider fails at a later request.

    Args:
        flow: The flow.
        over: A session whose tokens were revoked.
    """
    tells = await flow.can_accept(over.found)
    if not tells or await flow.accepted(over.found) is not None:
        flow.lab.note('nobody can tell an access token that was revoked')
        return

    async def revoke(session: Session) -> Answer:
        return await _revoked(flow, session, session.found.access_token)

    async for when, session, answer in later(
        flow.lab, flow.sign_in, revoke, FEW
    ):
        if answer.error is None and await flow.accepted(session.found):
            yield Finding(
                'revoke() of an access token',
                f'{when}, it succeeded, and the token is still good; it must '
                'raise, so that the host tries again.',
            )
            return
