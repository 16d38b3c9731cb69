"""The device flow, and what is registered on the way (IDN007, IDN013)."""

from __future__ import annotations

import asyncio
import collections
import time
from typing import TYPE_CHECKING

from imbi_plugin_sdk.errors import (
    IdentityAuthorizationExpired,
    IdentityAuthorizationPending,
    PluginAuthenticationFailed,
)
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import Words
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws.identity._flow import TYPES, Flow
from imbi_plugin_testkit.model import Finding, Untestable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.laws.identity._flow import Begun

METHOD = 'exchange_code()'
NEEDS = frozenset({'sign_in'})

OVER = (IdentityAuthorizationExpired, PluginAuthenticationFailed)
"""How a device flow ends without a sign-in."""

POLLS = 5
"""Polls until an approved device flow must be done; one is usual."""

PATIENCE = 1.25
"""Times the interval that is waited between two polls: clocks differ."""


@check(
    'IDN007',
    title='a device flow is pending until it is answered, and then ends',
    fix='Map authorization_pending and slow_down to '
    'IdentityAuthorizationPending, expired_token and access_denied to '
    'IdentityAuthorizationExpired, and ask the provider once per call.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def device_flows_end(lab: Lab) -> AsyncIterator[Finding]:
    """The host knows when to ask again, and when to give up.

    The host calls `exchange_code` with the state until it stops raising
    IdentityAuthorizationPending. Polled are: a flow that nobody answered,
    twice at once, so that a provider says slow_down, which is pending as
    well; one that the person approved; one that they declined; and one that
    ran out. The last two must end (IdentityAuthorizationExpired, or
    PluginAuthenticationFailed), or the host would ask for ever. One call may
    poll again by itself only after the provider's interval (RFC 8628 §3.5),
    and the interval that the host is told is no shorter.
    """
    flow = Flow(lab)
    approved = await flow.begin()
    polling = approved.request.polling
    if polling is None:
        raise Untestable('the plugin uses no device flow (`polling` is None)')
    if polling.interval < flow.limits.device_interval:
        yield Finding(
            'authorization_request().polling.interval',
            f'it is {polling.interval}, and the provider wants '
            f'{flow.limits.device_interval:g} seconds between two polls; a '
            'host that keeps to it is told to slow down.',
        )
    async for finding in _waiting(flow, approved, 'nobody answered'):
        yield finding
    polled = time.monotonic()
    hasty = await flow.begin()
    for what in ('nobody answered', 'it was asked again at once (slow_down)'):
        async for finding in _waiting(flow, hasty, what):
            yield finding
    declined = await flow.begin()
    await flow.answer(declined, decision='deny')
    async for finding in _over(flow, declined, 'the person declined'):
        yield finding
    expired = await flow.begin()
    sandbox = flow.sandbox
    state = expired.request.state
    if await flow.can('expire', lambda: sandbox.expire('device', state)):
        async for finding in _over(flow, expired, 'the code ran out'):
            yield finding
    async for finding in _approved(flow, approved, polled):
        yield finding


async def _poll(flow: Flow, begun: Begun) -> tuple[Answer, str]:
    """Poll once; return the answer, and what it did too often."""
    lab = flow.lab
    before, started = lab.urls_seen(), time.monotonic()
    answer = await flow.exchange(begun, begun.request.state)
    passed = time.monotonic() - started
    counts = collections.Counter(lab.urls(before))
    most = max(counts.values(), default=0)
    allowed = passed / max(flow.limits.device_interval, 0.001) + 1
    if most > 1 and flow.limits.device_interval and most > allowed:
        return answer, (
            f'the provider was asked {most} times in {passed:.1f} seconds; '
            'one call asks once, or waits for the interval in between.'
        )
    return answer, ''


async def _waiting(
    flow: Flow, begun: Begun, what: str
) -> AsyncIterator[Finding]:
    answer, hasty = await _poll(flow, begun)
    path = f'{METHOD} while {what}'
    if not isinstance(answer.error, IdentityAuthorizationPending):
        yield Finding(
            path,
            f'it {_ended(flow.lab, answer)}; it must raise '
            'IdentityAuthorizationPending.',
        )
    if hasty:
        yield Finding(path, hasty)


async def _over(flow: Flow, begun: Begun, what: str) -> AsyncIterator[Finding]:
    answer, _ = await _poll(flow, begun)
    if not isinstance(answer.error, OVER):
        yield Finding(
            f'{METHOD} after {what}',
            f'it {_ended(flow.lab, answer)}; it must raise '
            'IdentityAuthorizationExpired.',
        )


async def _approved(
    flow: Flow, begun: Begun, polled: float
) -> AsyncIterator[Finding]:
    """Poll a flow that was approved, no sooner than the interval says."""
    await flow.answer(begun)
    interval = flow.limits.device_interval * PATIENCE
    answer = None
    for _ in range(POLLS):
        await asyncio.sleep(max(0.0, polled + interval - time.monotonic()))
        answer, _ = await _poll(flow, begun)
        polled = time.monotonic()
        if not isinstance(answer.error, IdentityAuthorizationPending):
            break
    if answer is not None and answer.error is not None:
        yield Finding(
            f'{METHOD} after the person approved',
            f'it {_ended(flow.lab, answer)}; it must succeed.',
        )


def _ended(lab: Lab, answer: Answer) -> str:
    if answer.error is None:
        return 'succeeded'
    told = described(answer.error, lab.secrets)
    return f'raised {told}{lab.place(answer.error)}'


@check(
    'IDN013',
    title='credentials registered on the way make the next step work',
    fix='Return everything that was registered in registered_credentials, '
    'under the names that the other methods read, and register nothing where '
    'the credentials are there already.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def registered_credentials_work(lab: Lab) -> AsyncIterator[Finding]:
    """A client that registers itself can be found again.

    Some providers let a client register on the way (RFC 7591). The host keeps
    `registered_credentials` and passes them to every later call, on fresh
    instances, perhaps in another process. Exchange and refresh must work with
    them, and so must the next request, whose own registration, if any, must
    not end the first sign-in.
    """
    flow = Flow(lab)
    known: dict[str, str] = getattr(lab.sandbox, 'registered', {})
    bare = {
        name: value
        for name, value in lab.credentials.items()
        if name not in known
    }
    begun = await flow.begin(credentials=bare)
    registered = begun.request.registered_credentials
    if not registered:
        raise Untestable('the plugin registers no credentials')
    blank = sorted(name for name, value in registered.items() if not value)
    if blank:
        yield Finding(
            'authorization_request().registered_credentials',
            f'{blank[0]!r} is blank; all that was registered is needed.',
        )
    signed_in = await flow.answer(begun)
    session = flow.session(
        await flow.exchange(begun, signed_in.code), begun, signed_in.code
    )
    again = await flow.sign_in(
        flow.limits.people[-1], credentials=begun.credentials
    )
    if again.profile.subject == session.profile.subject:
        yield Finding(
            f'{METHOD}.subject',
            'two people signed in and got one subject; each has their own.',
        ).comparing(
            again.profile.subject,
            Words(f'another than {session.profile.subject!r}'),
        )
    if flow.limits.refreshes and session.found.refresh_token:
        flow.renewed(await flow.refresh(session))
