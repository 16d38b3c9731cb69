"""A call whose first request succeeds, and of which a later one fails.

Nothing of this shows under a fault that is there from the start: a call then
fails at its first request, where every handler looks. What follows it (the
userinfo after the tokens, the second half of a comparison) is where a failure
is taken for nothing there.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pydantic

from imbi_plugin_sdk._text import listed
from imbi_plugin_sdk.errors import PluginError
from imbi_plugin_testkit.lab.sandbox_side import CannotBreakError
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws._breaking import break_at, seen
from imbi_plugin_testkit.laws._faults import EXPECTED, MARGIN, REPORTS
from imbi_plugin_testkit.laws._outcomes import items_of, outcome
from imbi_plugin_testkit.model import Finding
from imbi_plugin_testkit.sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Awaitable,
        Callable,
        Iterator,
        Mapping,
    )

    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.laws._calls import Call, Calls
    from imbi_plugin_testkit.proxy import FaultProxy

T = TypeVar('T')

MOST = 4
"""Requests of one call that are tried, the last one among them: sign-ins take
four, and of a list one page fails as another does."""

FEW = 2
"""The same for calls that change something at the remote."""

ORDINAL = ('', 'first', 'second', 'third', 'fourth', 'fifth')


async def later(
    lab: Lab,
    prepare: Callable[[], Awaitable[T]],
    call: Callable[[T], Awaitable[Answer]],
    most: int = MOST,
    *,
    resets: bool = False,
) -> AsyncIterator[tuple[str, T, Answer]]:
    """Make a call again and again, failing at another request each time.

    Yields in words what happened, what was prepared, and what the call came
    to, errors included. Nothing where a good call makes but one request, nor
    for a sandbox that cannot break, or tells no URLs.

    Args:
        lab: The lab.
        prepare: Makes what a call needs, while nothing is broken: it may ask
            the remote itself.
        call: Makes the call.
        most: How many of its requests are tried at most.
        resets: Whether each of them fails by a connection that is reset;
            else each is answered 503, and the last one is reset as well.
    """
    given = await prepare()
    before = lab.urls_seen()
    good = await call(given)
    requests = seen(lab, before)
    if good.error is not None or requests < 2:  # noqa: PLR2004  a later one
        return
    places = [*range(2, min(requests, most + 1)), requests]
    tries = [(place, Fault.UNAVAILABLE) for place in places]
    tries.append((requests, Fault.RESET))
    if resets:
        tries = [(place, Fault.RESET) for place in places]
    for place, kind in tries:
        given = await prepare()
        began = time.monotonic()
        try:
            answer, broke = await _failing(
                lab, functools.partial(call, given), place, kind
            )
        except CannotBreakError as reason:
            lab.note(reason.reason)
            continue
        if broke:
            what = f'{EXPECTED[kind].what} from {_nth(place)} on'
            yield f'where the backend {what}', given, answer
        took = time.monotonic() - began
        if time.monotonic() + 2 * took > lab.deadline - MARGIN:
            lab.note('not all requests were broken, for want of time')
            return


def _nth(place: int) -> str:
    known = place < len(ORDINAL)
    return f'its {ORDINAL[place] if known else f"{place}th"} request'


async def _failing(
    lab: Lab, call: Callable[[], Awaitable[Answer]], place: int, kind: Fault
) -> tuple[Answer, bool]:
    """Make a call of which one request fails, and all that follow.

    Raises:
        CannotBreakError: The sandbox cannot.
    """
    before = lab.urls_seen()
    proxy = _proxy(lab)
    if proxy is not None:
        with proxy.broken(kind, after=place - 1):
            answer = await call()
        return answer, seen(lab, before) >= place
    over = asyncio.Event()
    watching = asyncio.create_task(break_at(lab, kind, place, before, over))
    try:
        answer = await call()
    finally:
        over.set()
        with contextlib.suppress(CannotBreakError):
            await watching
    return answer, watching.result()


def _proxy(lab: Lab) -> FaultProxy | None:
    """Return the proxy of the sandbox: it counts requests by itself."""
    found: object = getattr(lab.sandbox, 'proxy', None)
    if found is None:
        return None
    # Only who has one has paid for its import.
    from imbi_plugin_testkit.proxy import FaultProxy  # noqa: PLC0415

    return found if isinstance(found, FaultProxy) else None


async def judged_later(
    lab: Lab, calls: Calls, possible: list[Call]
) -> AsyncIterator[Finding]:
    """Yield the calls that take a failure in their middle for nothing."""
    for call in possible:
        if not call.row.pure:
            async for finding in _judged(lab, calls, call):
                yield finding


async def _judged(
    lab: Lab, calls: Calls, call: Call
) -> AsyncIterator[Finding]:
    # What only reads is asked for the same again and again.
    fixed = None if call.writes else await call.arguments()

    async def prepare() -> Mapping[str, Any]:
        return await call.arguments() if fixed is None else fixed

    async def start(arguments: Mapping[str, Any]) -> Answer:
        answer = await call.start(arguments, calls.context(), None)
        answers.append(answer)
        return answer

    answers: list[Answer] = []
    other: Answer | None = None
    told: set[str] = set()
    most = FEW if call.writes else MOST
    async for when, _, answer in later(lab, prepare, start, most):
        other = other or await start(await prepare())
        message = _verdict(lab, call, answers[0], other, answer)
        if message and answer.error is None and not call.writes:
            # What moves by itself says nothing.
            again = outcome(await start(await prepare()))
            message = message if again == outcome(answers[0]) else ''
        if message and message not in told:
            told.add(message)
            yield Finding(f'{call.name}()', f'{when}, {message}')


def _verdict(
    lab: Lab, call: Call, good: Answer, other: Answer, answer: Answer
) -> str:
    """Return what is wrong with how a call ended whose end failed."""
    error = answer.error
    if isinstance(error, PluginError):
        return ''
    if error is not None:
        told = described(error, lab.secrets)
        return (
            f'{call.name} raised {told}{lab.place(error)}; it must raise a '
            'PluginError.'
        )
    if other.error is not None or call.returns is Any or _reports(answer):
        return ''
    what = ''
    # Of what was created at the remote, less may be known than usual.
    if not call.writes or lab.plugin_type == 'identity':
        usual = filled(good.result) & filled(other.result)
        lost = sorted(map(repr, usual - filled(answer.result)))
        what = f'without {listed(lost, "and")}' if lost else ''
    moves = call.writes or outcome(good) != outcome(other)
    if not what and not moves and outcome(answer) != outcome(good):
        what = 'something else than usual'
    if not what:
        return ''
    return (
        f'{call.name} returned {what}; it must raise a PluginError, or '
        'return everything.'
    )


def _reports(answer: Answer) -> bool:
    """Return whether a result says by itself that something failed."""
    return any(
        str(getattr(item, 'status', ''))
        in REPORTS.get(type(item).__name__, ())
        for item in items_of(answer.result)
    )


def filled(result: object) -> set[str]:
    """Return the fields of a result that say something."""
    return set(_filled(result, ''))


def _filled(value: object, path: str) -> Iterator[str]:
    if isinstance(value, pydantic.BaseModel):
        for name, one in value:
            yield from _filled(one, f'{path}.{name}'.lstrip('.'))
    elif isinstance(value, tuple):
        for one in cast('tuple[object, ...]', value):
            yield from _filled(one, path)
    elif value:
        yield path or 'a result'
