"""What a call must come to under each fault of the remote, as a table."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_sdk._text import counted, listed
from imbi_plugin_sdk.errors import (
    PluginAuthenticationFailed,
    PluginError,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_testkit.lab.sandbox_side import CannotBreakError
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws._outcomes import items_of
from imbi_plugin_testkit.model import Finding, Untestable
from imbi_plugin_testkit.sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.laws._calls import Call, Calls

FARTHEST = 31 * 86_400.0
"""Seconds ahead that `retry_at` may lie: no quota is longer than a month;
milliseconds taken for seconds are 50,000 years ahead."""

CLOCK_STEP = 1.0
"""Seconds that `retry_at` may lie back: servers round `Retry-After` down."""

MARGIN = 1.0
"""Seconds before the end of the law at which it stops waiting, so that the
finding is the law's own and names every method that hung."""


@dataclasses.dataclass(frozen=True, slots=True)
class Expected:
    """What a fault may come to.

    Attributes:
        what: What the backend does, for the message.
        errors: The errors that fit.
        succeeds: Whether a result fits too.
        waits: Whether it takes time, so that all calls are made at once.
    """

    what: str
    errors: tuple[type[PluginError], ...]
    succeeds: bool = False
    waits: bool = False


_OUTAGE = (PluginUnavailableError,)

EXPECTED: Mapping[Fault, Expected] = MappingProxyType(
    {
        Fault.UNAUTHORIZED: Expected(
            'answers 401', (PluginAuthenticationFailed,)
        ),
        Fault.FORBIDDEN: Expected(
            'answers 403', (PluginAuthenticationFailed,)
        ),
        Fault.SERVER_ERROR: Expected('answers 500', _OUTAGE),
        # A 503 may ask for patience, too (RFC 9110, section 15.6.4).
        Fault.UNAVAILABLE: Expected(
            'answers 503', (PluginUnavailableError, PluginRateLimited)
        ),
        Fault.REFUSE: Expected('refuses connections', _OUTAGE),
        Fault.RESET: Expected('resets the connection', _OUTAGE),
        Fault.DNS: Expected('has a name that does not resolve', _OUTAGE),
        Fault.REDIRECT: Expected('redirects to another host', (PluginError,)),
        Fault.THROTTLED: Expected(
            'answers 429', (PluginRateLimited, PluginUnavailableError)
        ),
        Fault.SLOW: Expected(
            'answers slowly',
            (PluginTimeoutError, PluginUnavailableError),
            succeeds=True,
            waits=True,
        ),
        Fault.HANG: Expected(
            'never answers', (PluginTimeoutError,), waits=True
        ),
    }
)
"""Fault to what a call must come to (law ASY004)."""

UNREADABLE: Mapping[Fault, Expected] = MappingProxyType(
    {
        Fault.MALFORMED: Expected('answers no JSON', (PluginError,)),
        Fault.TRUNCATED: Expected('breaks its answer off', (PluginError,)),
    }
)
"""The same for answers that cannot be read (law ASY005)."""

REPORTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        'LifecycleResult': frozenset({'failed'}),
        'RemediationResult': frozenset({'failed'}),
        'AnalysisResultItem': frozenset({'fail', 'warn'}),
    }
)
"""Models that say by `status` that something failed: an error would, too."""


async def judged(
    lab: Lab,
    calls: Calls,
    possible: Iterable[Call],
    table: Mapping[Fault, Expected],
) -> AsyncIterator[Finding]:
    """Make each call under each fault that the sandbox can do.

    Raises:
        Untestable: It can do none of them.
    """
    left_out: dict[Fault, str] = {}
    every = [call for call in possible if not call.row.pure]
    for kind, expected in table.items():
        try:
            outcomes = await _outcomes(lab, calls, every, kind, expected)
        except CannotBreakError as reason:
            left_out[kind] = reason.reason
            continue
        for call, answer, sent in outcomes:
            message = _verdict(lab, call, answer, kind, expected, sent=sent)
            if message and answer is not None and answer.error is None:
                # Of calls that are made at once nobody knows who asked.
                message = message if await asks(lab, calls, call) else ''
            if message:
                yield Finding(f'{call.name}()[{kind}]', message)
    if len(left_out) == len(table):
        raise Untestable(next(iter(left_out.values())))
    if left_out:
        lab.note(f'faults that the sandbox cannot make: {", ".join(left_out)}')


async def _outcomes(
    lab: Lab,
    calls: Calls,
    every: list[Call],
    kind: Fault,
    expected: Expected,
) -> list[tuple[Call, Answer | None, bool]]:
    """Return what each call came to, and whether it asked the remote."""
    # Made first: those that ask the remote themselves need it to answer.
    ready = [(call, await call.arguments()) for call in every]
    async with lab.fault(kind):
        if expected.waits:
            return await at_once(lab, calls, ready)
        outcomes: list[tuple[Call, Answer | None, bool]] = []
        for call, arguments in ready:
            before = asked(lab)
            answer = await call.start(arguments, calls.context(), None)
            sent = before == NOTHING or asked(lab) != before
            outcomes.append((call, answer, sent))
        return outcomes


async def at_once(
    lab: Lab,
    calls: Calls,
    ready: Sequence[tuple[Call, Mapping[str, Any]]],
    patience: float = math.inf,
) -> list[tuple[Call, Answer | None, bool]]:
    """Make all calls together: each may wait until its time is over.

    Args:
        lab: The lab.
        calls: The calls.
        ready: Each call and its arguments; one at least.
        patience: Seconds after which those that wait still are cancelled.
    """
    tasks = [
        asyncio.create_task(
            cast(
                'Any',
                call.start(arguments, lab.impatient(calls.context()), None),
            )
        )
        for call, arguments in ready
    ]
    left = min(patience, lab.deadline - time.monotonic() - MARGIN)
    # Without any time left, it is the run that says who took it.
    await asyncio.wait(tasks, timeout=left if left > 0 else None)
    outcomes: list[tuple[Call, Answer | None, bool]] = []
    for (call, _), task in zip(ready, tasks, strict=True):
        if task.done():
            outcomes.append((call, await task, True))
        else:
            task.cancel()
            outcomes.append((call, None, True))
    return outcomes


NOTHING = 0, (0, 0)
"""Nobody ever saw a request: then nobody can tell that none was made."""


def asked(lab: Lab) -> tuple[int, tuple[int, int]]:
    """Return how many requests were seen so far, by whom."""
    return len(lab.guard.connections), lab.urls_seen()


async def asks(lab: Lab, calls: Calls, call: Call) -> bool:
    """Return whether a call asks the remote, as far as anybody can see."""
    arguments = await call.arguments()
    before = asked(lab)
    await call.start(arguments, calls.context(), None)
    if before != NOTHING or asked(lab) != before:
        return asked(lab) != before
    # Nobody was seen to ask yet: perhaps nobody can be.
    for other in await calls.possible():
        if not other.writes:
            arguments = await other.arguments()
            await other.start(arguments, calls.context(), None)
    return asked(lab) == NOTHING


def _verdict(  # noqa: PLR0913  one call and all that is known of it
    lab: Lab,
    call: Call,
    answer: Answer | None,
    kind: Fault,
    expected: Expected,
    *,
    sent: bool,
) -> str:
    """Return what is wrong with how a call ended, or nothing."""
    must = f'it must raise {_names(expected.errors)}.'
    head = f'where the backend {expected.what}, {call.name}'
    if answer is None:
        return f'{head} did not come back; {must}'
    error = answer.error
    if error is None:
        if expected.succeeds or _may_succeed(call, answer, kind, sent=sent):
            return ''
        return f'{head} succeeded; {must}'
    if not isinstance(error, expected.errors):
        told = described(error, lab.secrets)
        return f'{head} raised {told}{lab.place(error)}; {must}'
    if isinstance(error, PluginRateLimited):
        return _retry_at(head, error)
    return ''


def _names(errors: tuple[type[PluginError], ...]) -> str:
    return listed((error.__name__ for error in errors), 'or')


def _may_succeed(
    call: Call, answer: Answer, kind: Fault, *, sent: bool
) -> bool:
    """Return whether a result fits, though the backend did wrong.

    Nobody knows what an action of a webhook returns. What did not ask the
    remote, or need not, does not depend on it. A body that nobody can read
    says nothing against a write, whose status was good.
    """
    if call.returns is Any or call.row.static or not sent:
        return True
    if kind in UNREADABLE and call.writes:
        return True
    items = items_of(answer.result)
    return bool(items) and any(
        str(getattr(item, 'status', ''))
        in REPORTS.get(type(item).__name__, ())
        for item in items
    )


def _retry_at(head: str, error: PluginRateLimited) -> str:
    """Return what is wrong with when to try again."""
    at: object = cast('object', error.retry_at)
    must = 'it must be a time in the future, in seconds since 1970 (UTC).'
    told = f'{head} raised PluginRateLimited with retry_at'
    if isinstance(at, bool) or not isinstance(at, (int, float)):
        return f'{told} of type {type(at).__name__}; {must}'
    if not math.isfinite(at):
        return f'{told}={at}; {must}'
    ahead = at - time.time()
    if ahead < -CLOCK_STEP:
        return f'{told}={at:.0f}, {-ahead:.0f} seconds ago; {must}'
    if ahead > FARTHEST:
        days = counted(round(ahead / 86_400), 'day')
        return f'{told}={at:.0f}, {days} from now; {must}'
    return ''
