"""A backend that begins to fail while one call is under way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.sandbox import Fault

EAGER, PAUSE = 200, 0.0005
"""Turns of the loop in which a backend in memory has answered by far, and the
seconds between two looks at any other: looking without a pause would keep the
threads of a proxy from their work."""


def seen(lab: Lab, before: tuple[int, int]) -> int:
    """Return how many requests were seen since then.

    Args:
        lab: The lab.
        before: What `lab.urls_seen` said then.
    """
    # The guard and the sandbox may both tell of one request.
    now = zip(lab.urls_seen(), before, strict=True)
    return max(after - ago for after, ago in now)


async def break_at(  # noqa: PLR0913  what to break, and when
    lab: Lab,
    kind: Fault,
    place: int,
    before: tuple[int, int],
    over: asyncio.Event,
    *,
    heals: bool = False,
) -> bool:
    """Break the backend once it was asked so often; return whether it was.

    Args:
        lab: The lab.
        kind: What goes wrong.
        place: The request, counted from `before`, that is seen before it
            does. It may still be answered: nobody tells of it by an event.
        before: What `lab.urls_seen` said before the call.
        over: Set when the call is over.
        heals: Whether the next request that is seen ends it.

    Raises:
        CannotBreakError: The sandbox cannot.
    """
    turns = 0
    while seen(lab, before) < place:
        if over.is_set():
            return False
        turns += 1
        await asyncio.sleep(0 if turns < EAGER else PAUSE)
    async with lab.fault(kind):
        if not heals:
            await over.wait()
            return True
        failed = seen(lab, before)
        while not over.is_set() and seen(lab, before) == failed:
            turns += 1
            await asyncio.sleep(0 if turns < EAGER else PAUSE)
    return True
