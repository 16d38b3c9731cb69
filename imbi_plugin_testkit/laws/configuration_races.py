"""Laws of a configuration plugin about calls that meet or are cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import Words, picked
from imbi_plugin_testkit.lab.answers import fresh
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._calls import data_types, secret_types
from imbi_plugin_testkit.laws._store import (
    FEW,
    Store,
    is_typed,
    names,
    refusal,
    values,
)
from imbi_plugin_testkit.laws._verdicts import facts_of, some_keys, told
from imbi_plugin_testkit.model import Finding, Untestable
from imbi_plugin_testkit.sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from imbi_plugin_testkit.lab import Lab

    Facts = tuple[str, str, bool]

TYPES = ('configuration',)

AT_ONCE = 8
"""Keys set at the same time: few enough for a service that throttles."""

TURNS = (*range(12), 16, 24, 32, 48, 64)
"""Turns of the event loop after which a set is cancelled: each of the first,
where a store answers at once, and fewer of the ten and more that one request
of an HTTP client takes."""

OLD = 'the old value'

LEAST_PAUSE = 0.003
"""Seconds before a set is cancelled whose answer does not come."""

MOMENTS = 8
"""Parts of the time of one set after which it is cancelled."""


@check(
    'CFG013',
    title='keys that are set at the same time all survive',
    fix='Write one key without writing the others back; where the store '
    'holds all keys in one document, use its conditional write and try '
    'again. Keep nothing of a call on the class or the module.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def concurrent_sets_survive(lab: Lab) -> AsyncIterator[Finding]:
    """Two operators who save at the same time both keep what they saved.

    New keys are set at the same time, then written over while others are
    deleted. What succeeded must be there afterwards, with its own value. A
    typed refusal (a conflict, throttling) passes where the same call, made
    once more alone, succeeds.
    """
    store = Store(lab)
    made = {store.key(): f'new {number}' for number in range(AT_ONCE)}
    for finding in await _at_once(store, made, ()):
        yield finding
        return
    keys = list(made)
    gone = keys[::2]
    over = {key: f'{made[key]}, again' for key in keys[1::2]}
    over |= {store.key(): f'late {number}' for number in range(2)}
    for finding in await _at_once(store, over, gone):
        yield finding
        return


async def _at_once(
    store: Store, sets: dict[str, str], deletes: Sequence[str]
) -> list[Finding]:
    """Set and delete at the same time; return what is not as it was asked."""
    await store.lab.settle()
    answers = await asyncio.gather(
        *(store.try_set(key, store.value(text)) for key, text in sets.items()),
        *(store.attempt('delete_key', key) for key in deletes),
    )
    for key, answer in zip([*sets, *deletes], answers, strict=True):
        if answer.error is None:
            continue
        for message in refusal(store.lab, answer):
            return [Finding(f'{answer.method}(key)', f'{message}.')]
        if key in sets:
            await store.set(key, sets[key])
        else:
            await store.delete(key)
    every = values(
        await store.settled_get(
            None,
            lambda items: (
                sets.items() <= values(items).items()
                and not values(items).keys() & set(deletes)
            ),
        )
    )
    await store.lab.settle()
    alone = values(await store.get_in_parts([*sets]))
    wrong = {key for key in sets if every.get(key, sets[key]) != sets[key]}
    wrong |= {key for key in sets if alone.get(key, sets[key]) != sets[key]}
    kept = {key for key in deletes if key in every}
    if kept:
        kept = await _deletable(store, kept)
    return [
        Finding(
            'set_value(key)',
            f'{len(sets)} keys were set and {len(deletes)} deleted at the '
            f'same time; {some_keys(odd)} {what}.',
        ).comparing(*picked(odd, alone | every, sets))
        for odd, what in (
            (sets.keys() - (every.keys() & alone.keys()), 'is missing'),
            (wrong, 'has another value'),
            (kept, 'was deleted, and is still there'),
        )
        if odd
    ][:1]


async def _deletable(store: Store, keys: set[str]) -> set[str]:
    """Return the keys that are gone once they are deleted alone.

    One that stays is CFG007's to judge.
    """
    for key in keys:
        await store.delete(key)
    await store.lab.settle()
    return keys - set(names(await store.get()))


@check(
    'CFG014',
    title='a set that is cancelled leaves the old value or the new one',
    fix='Write value, data type and secrecy in one request that the store '
    'takes whole; never delete before you write.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def cancelled_sets_are_whole(lab: Lab) -> AsyncIterator[Finding]:
    """Whoever gives up waiting does not leave half a value behind.

    A request is cancelled when a browser is closed or a deadline passes. A
    set is cancelled at every turn of the event loop, and at parts of the
    time that it takes; over an old value of another data type, and on a new
    key. Then the key has the old value with the old secrecy, or the new
    value with the new one; a new key may be absent. Where the sandbox has
    faults, the same is tried while the backend is slow or silent.
    """
    cancelling = Cancelling(Store(lab))
    await cancelling.prepare()
    async for finding in cancelling.sooner_and_later():
        yield finding
        return
    for kind in (Fault.SLOW, Fault.HANG):
        try:
            async with lab.fault(kind):
                pass
        except Untestable:
            lab.note(f'sets were not cancelled under the fault {kind}')
            continue
        async for finding in cancelling.under(kind):
            yield finding
            return


class Cancelling:
    """Sets of one value that are cancelled.

    Attributes:
        store: Where.
        new: The value that is to be.
        seconds: How long a set of it takes.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.new = store.value(
            'the new value', data_type=_secret_type(store), secret=True
        )
        self.seconds = 0.0
        self._facts: Facts | None = None

    async def prepare(self) -> None:
        """Set the value once in peace, to see how it is read."""
        key = self.store.key()
        began = time.monotonic()
        answer = await self.store.try_set(key, self.new)
        if answer.error is not None:
            # Not every store keeps secrets.
            self.new = self.store.value('the new value')
            began = time.monotonic()
            await self.store.set(key, self.new)
        self.seconds = time.monotonic() - began
        await self.store.lab.settle()
        self._facts = facts_of(await self.store.get([key])).get(key)

    async def sooner_and_later(self) -> AsyncIterator[Finding]:
        """Cancel later and later, until the set is done before."""
        waits = [_turns(count) for count in TURNS]
        waits += [
            _pause(self.seconds * part / MOMENTS)
            for part in range(1, MOMENTS + 1)
        ]
        for old in (None, OLD):
            for start in range(0, len(waits), FEW):
                done, findings = await self._some(
                    old, waits[start : start + FEW]
                )
                for finding in findings:
                    yield finding
                    return
                if done:
                    break

    async def under(self, kind: Fault) -> AsyncIterator[Finding]:
        """Cancel while the backend is slow or silent."""
        wait = _pause(max(self.seconds, LEAST_PAUSE))
        for old in (None, OLD):
            _, findings = await self._some(old, [wait], kind)
            for finding in findings:
                yield finding
                return

    async def _some(
        self,
        old: str | None,
        waits: Sequence[Callable[[], Awaitable[None]]],
        kind: Fault | None = None,
    ) -> tuple[bool, list[Finding]]:
        """Cancel a set after each wait, until one is done before.

        A server may go on with what was cancelled, so that no key is used
        twice, and what came of it is read once all are cancelled.

        Returns:
            Whether one was done before, and what is wrong.
        """
        keys = [self.store.key() for _ in waits]
        before: dict[str, Facts] = {}
        if old is not None:
            # By the plugin: what a sandbox seeds may lack a detail that only
            # writing over it needs.
            for key in keys:
                await self.store.set(key, old)
            await self.store.lab.settle()
            before = await self._read(keys)
        done = False
        for key, wait in zip(keys, waits, strict=True):
            done = done or await self._cancelled(key, wait, kind)
        await self.store.lab.settle()
        after = await self._read(keys)
        for key in keys:
            was, found, facts = before.get(key), after.get(key), self._facts
            if found not in (was, facts):
                return done, [
                    Finding(
                        'set_value(value)',
                        'a set was cancelled that would have left '
                        f'{told(facts)}; before, the key was '
                        f'{told(was)}, and now it is {told(found)}; it must '
                        'be one or the other.',
                    ).comparing(
                        Words(told(found)),
                        Words(f'{told(was)} or {told(facts)}'),
                    )
                ]
        return done, []

    async def _cancelled(
        self,
        key: str,
        wait: Callable[[], Awaitable[None]],
        kind: Fault | None,
    ) -> bool:
        """Cancel one set; return whether it was done before."""
        store, lab = self.store, self.store.lab
        context = store.context
        if kind is Fault.HANG:
            # Who does not let itself be cancelled gives up soon.
            context = lab.impatient(context)
        async with contextlib.AsyncExitStack() as stack:
            if kind is not None:
                await stack.enter_async_context(lab.fault(kind))
            setting = asyncio.create_task(
                store.try_set(key, self.new, fresh(context))
            )
            await wait()
            done = setting.done()
            setting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await setting
        return done

    async def _read(self, keys: Sequence[str]) -> dict[str, Facts]:
        """Return what some keys are, as far as they are there."""
        size = min(FEW, self.store.lab.limits.page_size)
        found: dict[str, Facts] = {}
        for start in range(0, len(keys), size):
            part = [*keys[start : start + size]]
            answer = await self.store.attempt('get_values', part)
            if answer.error is None:
                found |= facts_of(answer.result)
            elif not is_typed(answer.error):
                self.store.lab.must(answer)
            elif len(part) > 1:
                # Whether keys that are not there may be asked for is
                # CFG005's.
                for key in part:
                    found |= await self._read([key])
        return found


def _secret_type(store: Store) -> str:
    """Return a data type of secrets; blank where there is none."""
    secret = secret_types(store.lab)
    return next((k for k in data_types(store.lab) if k in secret), '')


def _turns(count: int) -> Callable[[], Awaitable[None]]:
    async def wait() -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    return wait


def _pause(seconds: float) -> Callable[[], Awaitable[None]]:
    async def wait() -> None:
        await asyncio.sleep(seconds)

    return wait
