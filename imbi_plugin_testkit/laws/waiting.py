"""What a handler does while it waits (ASY006 to ASY008)."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import counted, listed
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.lab.sandbox_side import CannotBreakError
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws import CALLABLE, _cancel, has_methods
from imbi_plugin_testkit.laws._calls import Calls
from imbi_plugin_testkit.laws._cancel import cancelled_after, cancelled_at
from imbi_plugin_testkit.laws._outcomes import known, moves, rejected
from imbi_plugin_testkit.laws._stall import LoopWatch
from imbi_plugin_testkit.laws._tenants import two_tenants
from imbi_plugin_testkit.model import Finding, Untestable
from imbi_plugin_testkit.sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.laws._calls import Call
    from imbi_plugin_testkit.laws._cancel import Cancelled
    from imbi_plugin_testkit.laws._outcomes import Known
    from imbi_plugin_testkit.laws._stall import Stall

WAITS = (1, 2, 3, 4, 6, 9, 13, 19, 28, 41, 60)
"""At which of a call's waits it is cancelled: each of the first ones, in which
a call connects and asks, then ever fewer of those in which it reads."""

FEW_WAITS = (1, 3)
"""The same for calls that trigger or create something at the remote."""

HANGING = 0.03
"""Seconds into an answer that never comes: a request is sent in a tenth."""

WATCHED = (Fault.SLOW, Fault.UNAVAILABLE, Fault.THROTTLED)
"""Faults under which the loop is watched, too."""

LONGEST_WAIT = 5.0
"""Seconds that calls may wait without holding anybody up; a stall shows
long before."""

ROUNDS = 3
"""Rounds in which a stall is looked for; it must show in two of them."""

TOGETHER = 16
"""Calls that are made at once, or a few more."""


def _has_reading_methods(data: Mapping[str, Any]) -> bool:
    return data.get('plugin_type') not in ('connection', 'webhook')


@check(
    'ASY006',
    title='a cancelled call ends, and leaves nothing behind',
    fix='Let CancelledError pass (catch Exception, not BaseException); close '
    'connections and release locks in `async with` or `finally`; wait for '
    'tasks that you start, as asyncio.TaskGroup does.',
    law=True,
    requires=CALLABLE,
    applies=has_methods,
)
async def cancelling_leaves_nothing(lab: Lab) -> AsyncIterator[Finding]:
    """Cancellation propagates; no task, connection or lock is left.

    The host cancels a call when its deadline passes or the user goes away. A
    handler that swallows that goes on for ever; a task, connection or lock
    that is left adds up until nothing works any more. Every method is
    cancelled at its first wait, at its second, and so on, and while an answer
    does not come; CancelledError must come out, and the next call must work.
    Connections are looked at where the plugin keeps none between calls.
    """
    calls = Calls(lab)
    for call in await calls.possible():
        if call.row.pure:
            continue
        sockets = len(lab.guard.sockets)
        began = time.monotonic()
        answer = await call.start(
            await call.arguments(), calls.context(), None
        )
        if answer.error is not None:
            continue  # what keeps it from working is not this law's
        limit = max(_cancel.PATIENCE, 10 * (time.monotonic() - began))
        keeps = await _keeps_connections(lab, sockets)
        if keeps:
            lab.note(
                f'{call.name} keeps connections between calls, so that none '
                'can be told from one that is left'
            )
        async for finding in _cancelled(lab, calls, call, limit, keeps=keeps):
            yield finding
        async for finding in _next(lab, calls, call, limit):
            yield finding


async def _keeps_connections(lab: Lab, since: int) -> bool:
    passed = 0.0
    while lab.guard.open_sockets(since) and passed < _cancel.LEAVING:
        await asyncio.sleep(_cancel.PAUSE)
        passed += _cancel.PAUSE
    return bool(lab.guard.open_sockets(since))


async def _cancelled(
    lab: Lab, calls: Calls, call: Call, limit: float, *, keeps: bool
) -> AsyncIterator[Finding]:
    """Cancel one method again and again; tell each fault once."""
    told: set[str] = set()
    own = lab.plugin_type == 'configuration' or not call.writes
    for wait in WAITS if own else FEW_WAITS:
        arguments = await call.arguments()
        start = call.start(arguments, calls.context(), None)
        result = await cancelled_at(lab, start, wait, limit)
        for what, message in _faults(lab, call, result, keeps=keeps):
            if what not in told:
                told.add(what)
                yield Finding(
                    f'{call.name}()',
                    f'cancelled at its wait number {wait}, {message}',
                )
        if not result.reached or not result.ended:
            break
    arguments = await call.arguments()
    try:
        async with lab.fault(Fault.HANG):
            start = call.start(arguments, calls.context(), None)
            result = await cancelled_after(lab, start, HANGING)
    except CannotBreakError:
        return
    for what, message in _faults(lab, call, result, keeps=keeps):
        if what not in told:
            yield Finding(
                f'{call.name}()',
                f'cancelled while the answer did not come, {message}',
            )


def _faults(
    lab: Lab, call: Call, result: Cancelled, *, keeps: bool
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with how a cancelled call ended."""
    if not result.reached:
        return
    must = 'CancelledError must come out.'
    if not result.ended:
        limit = _cancel.PATIENCE
        yield 'end', f'{call.name} went on for {limit:g} s and more; {must}'
        return
    answer = result.answer
    if answer is not None and answer.error is not None:
        told = described(answer.error, lab.secrets)
        place = lab.place(answer.error)
        yield 'swallowed', f'{call.name} raised {told}{place}; {must}'
    elif answer is not None:
        yield 'swallowed', f'{call.name} went on and returned; {must}'
    if result.tasks:
        names = listed(result.tasks, 'and')
        yield (
            'tasks',
            f'{call.name} left {names} running; no task may be left.',
        )
    if result.sockets and not keeps:
        count = counted(result.sockets, 'connection')
        yield 'sockets', f'{call.name} left {count} open; none may be left.'


async def _next(
    lab: Lab, calls: Calls, call: Call, limit: float
) -> AsyncIterator[Finding]:
    """Make the call that must work after all those that were cancelled."""
    must = 'the next call must work.'
    answer = None
    for _ in range(2):  # one slow answer is a busy machine's
        arguments = await call.arguments()
        start = call.start(arguments, calls.context(), None)
        answer = await _cancel.in_time(start, limit)
        if answer is not None:
            break
    if answer is None:
        yield Finding(
            f'{call.name}()',
            f'after it was cancelled, {call.name} did not come back within '
            f'{limit:.1f} s; {must}',
        )
    elif answer.error is not None and (
        lab.plugin_type == 'configuration' or not call.writes
    ):
        # What creates something may meet what a cancelled call created.
        told = described(answer.error, lab.secrets)
        yield Finding(
            f'{call.name}()',
            f'after it was cancelled, {call.name} raised {told}'
            f'{lab.place(answer.error)}; {must}',
        )


@check(
    'ASY007',
    title='no call holds up the event loop',
    fix='Await instead of blocking (httpx instead of requests, asyncio.sleep '
    'instead of time.sleep), and move what computes for long or cannot be '
    'awaited to a thread with asyncio.to_thread.',
    law=True,
    requires=CALLABLE,
    applies=has_methods,
)
async def the_loop_runs_on(lab: Lab) -> AsyncIterator[Finding]:
    """The event loop is never blocked for longer than the threshold.

    While a handler blocks, the host answers nobody: no other user, no health
    check, and no deadline of the call itself. Every method is called, and
    called with an answer that comes slowly, with 503 and with 429 where the
    sandbox can do that (who tries again may sleep in between), while a thread
    looks at what the loop is at. Time counts only in the
    plugin's own code and what it calls, as far as it works or stands still
    there; a stall must show in two of three rounds. The threshold is
    `loop-threshold`, 0.1 seconds unless configured; what is imported on first
    use was imported before.
    """
    calls = Calls(lab)
    possible = await calls.possible()
    for call in possible:  # what is loaded on first use is loaded
        await call.start(await call.arguments(), calls.context(), None)
    rounds: list[list[Stall]] = []
    while len(rounds) < ROUNDS:
        rounds.append(await _watched(lab, calls, possible))
        if not rounds[0]:
            return
    longest: dict[str, Stall] = {}
    for stall in itertools.chain.from_iterable(rounds):
        seen = sum(any(s.method == stall.method for s in r) for r in rounds)
        known_one = longest.get(stall.method)
        longer = known_one is None or stall.seconds > known_one.seconds
        if seen > 1 and longer:
            longest[stall.method] = stall
    limit = lab.plugin.subject.config.loop_threshold
    for stall in longest.values():
        yield Finding(
            f'{stall.method}()',
            f'{stall.method} held up the event loop for '
            f'{stall.seconds * 1_000:.0f} ms at {stall.place}; it may take '
            f'{limit * 1_000:.0f} ms at most.',
        )


async def _watched(
    lab: Lab, calls: Calls, possible: list[Call]
) -> list[Stall]:
    """Make every call once, then all slowly; return what held up the loop."""
    async with LoopWatch(lab) as watch:
        for call in possible:
            await call.start(await call.arguments(), calls.context(), None)
    found = list(watch.stalls)
    for kind in WATCHED:
        ready = [(call, await call.arguments()) for call in possible]
        try:
            async with lab.fault(kind), LoopWatch(lab) as watch:
                await _all_at_once(lab, calls, ready, kind)
        except CannotBreakError:
            continue
        found += watch.stalls
    return found


async def _all_at_once(
    lab: Lab,
    calls: Calls,
    ready: list[tuple[Call, Mapping[str, Any]]],
    kind: Fault,
) -> None:
    """Make calls; those that wait for long to try again are cancelled."""

    async def make(call: Call, arguments: Mapping[str, Any]) -> None:
        context = calls.context()
        # One that blocks uses up the time of all: it must not be the only
        # one that is seen, another in each round.
        if kind is Fault.SLOW:
            context = lab.impatient(context)
        await call.start(arguments, context, None)

    tasks = [asyncio.create_task(make(*one)) for one in ready]
    _, waiting = await asyncio.wait(tasks, timeout=LONGEST_WAIT)
    for task in waiting:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    for error in done:
        if error is not None and not isinstance(error, asyncio.CancelledError):
            raise error


@check(
    'ASY008',
    title='concurrent calls do not touch each other',
    fix='Keep what belongs to one call in its arguments and local variables, '
    'never on the class, the module or the instance.',
    law=True,
    requires=CALLABLE,
    applies=_has_reading_methods,
)
async def concurrent_calls_stay_apart(lab: Lab) -> AsyncIterator[Finding]:
    """Concurrent calls equal some serial order; tenants stay apart.

    The host serves many users from one process, so that calls for different
    projects, with different credentials, are under way at once. One that
    takes the other's context or client shows a tenant what belongs to
    another. The methods that read are called one by one for two projects;
    then all at once, again and again, where each must come to the same; then
    with credentials that the backend rejects in between, which must go on
    being rejected while the good ones go on being accepted.
    """
    calls = Calls(lab)
    possible = await calls.possible()
    tenants = await two_tenants(lab, calls)
    every = await known(lab, possible, tenants.contexts)
    if not every:
        raise Untestable(
            'no method that reads says the same twice, so that nothing can be '
            'compared'
        )
    repeats = -(-TOGETHER // len(every))
    batch = every * repeats
    said = await asyncio.gather(*(one.again() for one in batch))
    reported: set[tuple[str, str]] = set()
    for one, got in zip(batch, said, strict=True):
        if got != one.outcome and (one.call.name, one.who) not in reported:
            reported.add((one.call.name, one.who))
            if await moves(one, got):
                continue
            yield Finding(f'{one.call.name}()', _mixed(one, got, every))
    async for finding in _with_wrong_credentials(lab, every):
        yield finding


def _mixed(one: Known, got: str, every: list[Known]) -> str:
    """Return how a concurrent call differed from a serial one."""
    foreign = any(
        other.outcome == got
        for other in every
        if other.call.name == one.call.name and other.who != one.who
    )
    head = f'{one.call.name}, called together with others,'
    if foreign:
        return (
            f'{head} returned what belongs to another project; each call '
            'must see its own.'
        )
    told = got if got.endswith(' raised') else 'returned something else'
    return (
        f'{head} came to another result than alone ({told}); concurrent '
        'calls must equal some serial order.'
    )


async def _with_wrong_credentials(
    lab: Lab, every: list[Known]
) -> AsyncIterator[Finding]:
    """Mix calls with good and with wrong credentials."""
    one = next((one for one in every if not one.call.row.static), every[0])
    wrong = {
        name: f'{value[::-1]}x' for name, value in lab.credentials.items()
    }
    lab.secrets.extend(wrong.values())
    if not wrong or one.outcome.endswith(' raised'):
        return
    alone = await one.again(dict(wrong))
    if not alone.endswith(' raised'):
        lab.note('wrong credentials are accepted, so that none are told apart')
        return
    mixed = [lab.credentials, dict(wrong)] * 4
    said = await asyncio.gather(*(one.again(given) for given in mixed))
    good, bad = set(said[::2]), set(said[1::2])
    name = one.call.name
    # Whoever is wrong often enough is throttled, or locked out.
    bad = {got for got in bad - {alone} if not rejected(got)}
    if bad:
        yield Finding(
            f'{name}(credentials)',
            f'{name} with wrong credentials, called together with good ones, '
            f'was not rejected as it is alone ({alone}); each call must '
            'use its own credentials.',
        )
    good.discard(one.outcome)
    if good and not await moves(one, good.pop()):
        yield Finding(
            f'{name}(credentials)',
            f'{name} with good credentials, called together with wrong ones, '
            'came to another result than alone; each call must use its own '
            'credentials.',
        )
