"""A backend that begins to fail while one call is reading its pages.

A handler that takes the failure of a later page for the end of the list gives
a part of it as if it were all; one that begins again, and forgets to drop
what it has, gives a part twice. Neither shows under a fault that is there
from the start.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import counted
from imbi_plugin_testkit.lab.sandbox_side import CannotBreakError
from imbi_plugin_testkit.laws._breaking import break_at
from imbi_plugin_testkit.laws._store import names
from imbi_plugin_testkit.model import Finding
from imbi_plugin_testkit.sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from collections.abc import Set as AbstractSet

    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.laws._store import Store

ASKED = 2
"""Requests that are seen before the backend fails. The one that is seen last
may still be answered, so that a list of three pages is needed at least."""

PARTWAY = (
    (Fault.UNAVAILABLE, False, 'answered 503 from its second request on'),
    (Fault.RESET, True, 'broke the connection off once, at a later request'),
)
"""Fault, whether the next request finds it over, and words for a message. One
comes as a status, the other as an error of the client."""


async def partway(
    lab: Lab, call: Callable[[], Awaitable[Answer]]
) -> AsyncIterator[tuple[str, Answer]]:
    """Make a call while the backend begins to fail; yield what it came to.

    Answers are yielded where the backend did fail and the call returned all
    the same: an error of whatever class is ASY004's to judge. Nothing is
    yielded for a sandbox that cannot do this, or tells no URLs.

    Args:
        lab: The lab.
        call: Makes it, anew each time.
    """
    for kind, heals, what in PARTWAY:
        over = asyncio.Event()
        watching = asyncio.create_task(
            break_at(lab, kind, ASKED, lab.urls_seen(), over, heals=heals)
        )
        try:
            answer = await call()
        finally:
            over.set()
        try:
            broke = await watching
        except CannotBreakError as reason:
            lab.note(reason.reason)
            continue
        if broke and answer.error is None:
            yield f'where the backend {what}', answer


def wrong_of(what: str, came: list[str], wanted: AbstractSet[str]) -> str:
    """Return what is wrong with a list that came without an error."""
    missing = len(wanted - set(came))
    if missing:
        return f'left out {counted(missing, what)}'
    return 'gave some twice' if len(came) > len(set(came)) else ''


async def listed_partway(
    store: Store, made: AbstractSet[str]
) -> AsyncIterator[Finding]:
    """Yield where a listing of keys is cut or repeats (CFG004)."""
    by_key = ('get_values', [*made])
    for method, *keys in (('list_keys',), ('get_values',), by_key):
        call = functools.partial(store.attempt, method, *keys)
        async for when, answer in partway(store.lab, call):
            wrong = wrong_of('key', names(answer.result), made)
            if wrong:
                yield Finding(
                    f'{method}()',
                    f'{when}, it {wrong} without an error; it must raise, or '
                    'give each key once.',
                )
