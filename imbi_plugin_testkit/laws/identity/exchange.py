"""How signing in ends (IDN005 and IDN006)."""

from __future__ import annotations

import collections
import datetime as dt
from typing import TYPE_CHECKING, Literal

from imbi_plugin_sdk._text import counted, shown
from imbi_plugin_sdk.errors import (
    IdentityAuthorizationExpired,
    PluginAuthenticationFailed,
    PluginError,
)
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import Words, with_values
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws.identity._flow import TYPES, Flow
from imbi_plugin_testkit.model import Finding, Untestable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator

    from imbi_plugin_sdk.context import IdentityCredentials
    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.laws.identity._flow import Begun, Session

METHOD = 'exchange_code()'
NEEDS = frozenset({'sign_in'})


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
        ).comparing(again, alice)
    elif alice == other:
        yield Finding(
            f'{METHOD}.subject',
            'two people signed in and got one subject; each has their own.',
        ).comparing(other, Words(f'another than {alice!r}'))
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
        yield with_values(
            f'new credentials ended {-left:.0f} seconds ago; it must lie in '
            'the future.',
            ends,
            Words('a time to come'),
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
                ).comparing(count, Words(f'at most {max(1, usual[url])}'))
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
