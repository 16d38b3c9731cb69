"""How signing in ends (IDN005, IDN006 and IDN008)."""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
from typing import TYPE_CHECKING, Literal

from imbi_plugin_sdk._text import counted, shown
from imbi_plugin_sdk.errors import (
    IdentityAuthorizationExpired,
    IdentityAuthorizationPending,
    PluginAuthenticationFailed,
    PluginCredentialsMissing,
    PluginError,
    PluginRateLimited,
    PluginTimeoutError,
)
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws.identity._flow import TYPES, Flow, parameters
from imbi_plugin_testkit.model import Finding, Untestable
from imbi_plugin_testkit.models.identity import Flaw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator

    from imbi_plugin_sdk.context import IdentityCredentials
    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.laws.identity._flow import Begun, Session

METHOD = 'exchange_code()'
NEEDS = frozenset({'sign_in'})

RETRYABLE = (
    IdentityAuthorizationPending,
    PluginCredentialsMissing,
    PluginRateLimited,
    PluginTimeoutError,
)
"""Errors after which a host asks again or asks for credentials; a forged id
token is neither."""


@check(
    'IDN005',
    title='a sign-in gives a stable subject and credentials that are good',
    fix="Take the provider's own id of the person as subject, not an e-mail "
    'or a session; expires_at is datetime.now(UTC) + '
    'timedelta(seconds=expires_in).',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def subjects_are_stable(lab: Lab) -> AsyncIterator[Finding]:
    """The same person is the same subject, and nobody else is.

    The host keeps accounts by subject: one that changes makes a new account
    at every sign-in, one that two people share lets one into the other's. Two
    people sign in, the first of them twice, and are compared. `expires_at`
    may be None where the provider does not tell; else it is timezone-aware
    and in the future, since the host refreshes what has ended, again and
    again. Where the sandbox can tell, each access token must be good and
    stand for its own person.
    """
    flow = Flow(lab)
    first, second = _two(flow)
    sessions = [
        await flow.sign_in(first),
        await flow.sign_in(second),
        await flow.sign_in(first),
    ]
    alice, other, again = (session.profile.subject for session in sessions)
    if not alice.strip():
        yield Finding(f'{METHOD}.subject', 'it is blank; it must name one.')
    elif alice != again:
        yield Finding(
            f'{METHOD}.subject',
            'one person signed in twice and got two subjects; it must be the '
            'same at every sign-in.',
        )
    elif alice == other:
        yield Finding(
            f'{METHOD}.subject',
            'two people signed in and got one subject; each has their own.',
        )
    for session in sessions:
        for message in expiry_problems(session.found):
            yield Finding(f'{METHOD}.expires_at', message)
            return
    async for finding in _told_apart(flow, sessions):
        yield finding


def _two(flow: Flow) -> tuple[str, str]:
    people = flow.limits.people
    if len(people) < 2:  # noqa: PLR2004  one, and somebody else
        raise Untestable(
            'the limits of the sandbox name fewer than two people'
        )
    return people[0], people[1]


def expiry_problems(found: IdentityCredentials) -> Iterator[str]:
    """Yield what is wrong with the end of new credentials."""
    ends = found.expires_at
    if ends is None:
        return
    if ends.utcoffset() is None:
        yield 'it has no time zone; it must be timezone-aware.'
        return
    left = (ends - dt.datetime.now(dt.UTC)).total_seconds()
    if left <= 0:
        yield (
            f'new credentials ended {-left:.0f} seconds ago; it must lie in '
            'the future.'
        )


async def _told_apart(
    flow: Flow, sessions: list[Session]
) -> AsyncIterator[Finding]:
    """Present each access token to the provider."""
    if not await flow.can_accept(sessions[0].found):
        return
    subjects: dict[str, set[str]] = collections.defaultdict(set)
    for session in sessions:
        subject = await flow.accepted(session.found)
        if subject is None:
            yield Finding(
                f'{METHOD}.access_token',
                'the provider does not accept it; it must be good.',
            )
            return
        subjects[session.person].add(subject)
    everybody = {one for found in subjects.values() for one in found}
    if len(everybody) != len(subjects):
        yield Finding(
            f'{METHOD}.access_token',
            'the access tokens stand for other people than those who signed '
            'in; each must stand for its own.',
        )


@check(
    'IDN006',
    title='a wrong, used or expired code is an authentication error, asked '
    'for once',
    fix='Map invalid_grant (RFC 6749 §5.2) to PluginAuthenticationFailed, '
    'and never repeat the request: the code is spent.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def bad_codes_are_refused(lab: Lab) -> AsyncIterator[Finding]:
    """Nobody gets in with what is not theirs, and the provider is not pressed.

    Tried are a made-up code, one that was used, one that ran out, another
    verifier and another redirect URI, each with everything else right. All
    are PluginAuthenticationFailed: the host then lets the person begin again.
    Providers lock clients out that repeat such requests, so none may go to
    the same address more often than in a good exchange, as far as requests
    can be seen. In a device flow IdentityAuthorizationExpired passes, too.
    """
    flow = Flow(lab)
    before = lab.urls_seen()
    good = await flow.sign_in()
    usual = collections.Counter(lab.urls(before))
    if not usual:
        lab.note('requests could not be counted, for want of `urls`')
    async for what, begun, attempt in _bad_exchanges(flow, good):
        before = lab.urls_seen()
        answer = await attempt
        seen = collections.Counter(lab.urls(before))
        message = _refusal_problem(lab, begun, answer)
        if message:
            yield Finding(f'{METHOD} with {what}', message)
        for url, count in seen.items():
            if count > max(1, usual[url]):
                yield Finding(
                    f'{METHOD} with {what}',
                    f'{counted(count, "request")} went to {shown(url)}, and '
                    f'{max(1, usual[url])} in a good exchange; what was '
                    'refused must not be asked for again.',
                )
                break


async def _bad_exchanges(
    flow: Flow, good: Session
) -> AsyncIterator[tuple[str, Begun, Awaitable[Answer]]]:
    """Yield what is wrong, and a coroutine that tries it."""
    begun = await flow.begin()
    yield (
        'a made-up code',
        begun,
        flow.exchange(begun, flow.made_up('code')),
    )
    yield 'a used code', good.begun, flow.exchange(good.begun, good.code)
    begun = await flow.begin()
    code = (await flow.answer(begun)).code
    device = begun.request.polling is not None
    kind: Literal['device', 'code'] = 'device' if device else 'code'
    if await flow.can(
        'expire',
        lambda: flow.sandbox.expire(kind, code),
    ):
        yield 'an expired code', begun, flow.exchange(begun, code)
    if device:
        return
    begun = await flow.begin()
    if not flow.limits.compares_verifier:
        flow.lab.note('left out: the provider compares no verifier')
    elif begun.request.code_verifier is not None:
        code = (await flow.answer(begun)).code
        verifier = flow.made_up('verifier').ljust(43, 'x')  # RFC 7636 §4.1
        yield (
            'another verifier',
            begun,
            flow.exchange(begun, code, verifier=verifier),
        )
    if not flow.limits.compares_redirect:
        flow.lab.note('left out: the provider compares no redirect URI')
        return
    begun = await flow.begin()
    code = (await flow.answer(begun)).code
    yield (
        'another redirect URI',
        begun,
        flow.exchange(begun, code, redirect_uri=f'{flow.redirect_uri}/x'),
    )


def _refusal_problem(lab: Lab, begun: Begun, answer: Answer) -> str:
    """Return what is wrong with how a refused exchange ended."""
    wanted: tuple[type[PluginError], ...] = (PluginAuthenticationFailed,)
    if begun.request.polling is not None:
        wanted = (*wanted, IdentityAuthorizationExpired)
    if isinstance(answer.error, wanted):
        return ''
    must = 'it must raise PluginAuthenticationFailed.'
    if answer.error is None:
        return f'it succeeded; {must}'
    told = described(answer.error, lab.secrets)
    return f'it raised {told}{lab.place(answer.error)}; {must}'


@check(
    'IDN008',
    title='a forged id token is refused, and no e-mail is verified by itself',
    fix='Verify signature (with an allowlist of algorithms), iss, aud, exp '
    'and nonce with a library, and copy email_verified only where it is true.',
    law=True,
    types=TYPES,
    security=True,
    requires=CALLABLE,
    needs=NEEDS | {'flawed'},
)
async def forged_id_tokens_are_refused(lab: Lab) -> AsyncIterator[Finding]:
    """An id token counts only if everything about it is right.

    It says who signed in: one that was signed by somebody else, that is meant
    for another client, that came from another issuer, answers another request
    or ran out signs strangers in (OpenID Connect Core 1.0 §3.1.3.7). The
    provider is told to issue such tokens, one thing wrong at a time, and
    `exchange_code` must raise a PluginError that tells nobody to try again. A
    nonce is only judged where the request had one, and id tokens only where
    the scope `openid` was asked for. An e-mail address that the provider does
    not vouch for is not verified, or refused; hosts match accounts by it.
    """
    flow = Flow(lab)
    good = await flow.sign_in()
    given = parameters(good.begun.request)
    scope = ' '.join(given.get('scope', [])).split()
    tried = 0
    for flaw in Flaw:
        asks = 'openid' in scope or good.begun.request.polling is not None
        if flaw is not Flaw.UNVERIFIED_EMAIL and not asks:
            lab.note('left out: no id token is asked for (scope openid)')
            continue
        if flaw is Flaw.NONCE and not ''.join(given.get('nonce', [])):
            lab.note('left out: the request has no nonce')
            continue
        answer = await _flawed_exchange(flow, flaw)
        if answer is None:
            continue
        tried += 1
        problem = (
            _email_problem(lab, answer)
            if flaw is Flaw.UNVERIFIED_EMAIL
            else _forgery_problem(lab, flaw, answer)
        )
        if problem:
            yield Finding(f'{METHOD} with {flaw.value}', problem)
    if not tried:
        raise Untestable(
            'no flaw could be tried; override `flawed` in the sandbox'
        )
    await flow.sign_in()


async def _flawed_exchange(flow: Flow, flaw: Flaw) -> Answer | None:
    """Return how a sign-in with a flaw ended; None where it cannot be."""
    async with contextlib.AsyncExitStack() as stack:

        async def enter() -> None:
            await stack.enter_async_context(flow.sandbox.flawed(flaw))

        if not await flow.can(f'flawed({flaw.value})', enter):
            return None
        begun = await flow.begin()
        code = (await flow.answer(begun)).code
        return await flow.exchange(begun, code)


def _forgery_problem(lab: Lab, flaw: Flaw, answer: Answer) -> str:
    """Return what is wrong with how a forged id token ended."""
    what = {
        Flaw.SIGNATURE: 'is signed by a key of somebody else',
        Flaw.UNSIGNED: 'is not signed (alg none)',
        Flaw.AUDIENCE: 'is meant for another client',
        Flaw.ISSUER: 'comes from another issuer',
        Flaw.NONCE: 'answers another request (nonce)',
        Flaw.EXPIRED: 'ran out an hour ago',
    }[flaw]
    if answer.error is None:
        return f'the id token {what}, and was accepted; it must be refused.'
    if isinstance(answer.error, PluginError) and not isinstance(
        answer.error, RETRYABLE
    ):
        return ''
    return (
        f'the id token {what}, and exchange_code raised '
        f'{described(answer.error, lab.secrets)}{lab.place(answer.error)}; it '
        'must be PluginAuthenticationFailed.'
    )


def _email_problem(lab: Lab, answer: Answer) -> str:
    """Return what became of an e-mail address that is not verified."""
    if answer.error is not None:
        if isinstance(answer.error, PluginError):
            return ''
        return (
            'the provider does not vouch for the e-mail address, and '
            f'exchange_code raised {described(answer.error, lab.secrets)}'
            f'{lab.place(answer.error)}; it must succeed or be a PluginError.'
        )
    profile = answer.result[0]
    if profile.email_verified:
        return (
            'the provider does not vouch for the e-mail address, and '
            'email_verified is true; it must be false.'
        )
    return ''
