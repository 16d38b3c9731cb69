"""Calls that are cancelled at a point that is chosen."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import sys
import time
import types
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine, Generator

    from imbi_plugin_testkit.lab import Answer, Lab

PATIENCE = 1.0
"""Seconds that a cancelled call may take to clean up, and a call after it for
its answer, where the law has time for that: closing is local."""

LEAVING = 0.1
"""Seconds in which what a call left may still end by itself: a transport is
closed by the loop's next iterations."""

PAUSE = 0.005
"""Seconds between two looks at what is left."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cancelled:
    """How a call ended that was cancelled.

    Attributes:
        reached: Whether it got as far as the point of cancellation.
        ended: Whether it ended in time.
        answer: What it came to instead of CancelledError, if anything.
        tasks: Names of tasks that it left running.
        sockets: Connections that it left open.
    """

    reached: bool
    ended: bool = True
    answer: Answer | None = None
    tasks: tuple[str, ...] = ()
    sockets: int = 0


class Stepped:
    """An awaitable that cancels its own task at its n-th wait.

    The task is cancelled in the moment in which it begins to wait, so that
    the outcome does not depend on how fast the backend is.
    """

    def __init__(self, call: Awaitable[Any], wait: int) -> None:
        self._call = call
        self._wait = wait
        self.reached = False

    def __await__(self) -> Generator[Any, Any, Any]:
        """Drive the call, and cancel when its turn has come."""
        steps = self._call.__await__()
        waits = 0
        given: BaseException | None = None
        while True:
            try:
                future = (
                    steps.send(None) if given is None else _throw(steps, given)
                )
            except StopIteration as done:
                return done.value
            waits += 1
            if waits == self._wait:
                self.reached = True
                task = asyncio.current_task()
                if task is not None:
                    task.cancel()
            given = None
            try:
                yield future
            except BaseException as error:  # noqa: BLE001  passed on
                given = error
                if waits == self._wait and _is_lost(self._call):
                    self.reached = False
                    self._wait += 1  # once more, at the next one


def _throw(steps: Generator[Any, Any, Any], error: BaseException) -> Any:  # noqa: ANN401  what the call yields
    return steps.throw(error)


def _is_lost(call: Any) -> bool:  # noqa: ANN401  whatever is awaited
    """Return whether the interpreter itself loses a cancellation.

    Until Python 3.12 `asyncio.wait_for` returns the result instead, where
    what it waits for was done in the same turn (cpython#81839).
    """
    if sys.version_info >= (3, 12):
        return False
    frame: Any = None
    while call is not None:
        frame = getattr(call, 'cr_frame', getattr(call, 'ag_frame', frame))
        found = getattr(call, 'cr_await', getattr(call, 'ag_await', None))
        inside: list[Any] = [
            each
            for each in gc.get_referents(call)
            if isinstance(each, types.AsyncGeneratorType)
        ]
        call = found or next(iter(inside), None)
    code = asyncio.wait_for.__code__
    return (
        frame is not None
        and frame.f_code is code
        and frame.f_locals['fut'].done()
    )


async def cancelled_at(
    lab: Lab, call: Awaitable[Answer], wait: int, limit: float
) -> Cancelled:
    """Make a call that is cancelled when it waits for the n-th time.

    Args:
        lab: The lab.
        call: The call.
        wait: At which of its waits.
        limit: Seconds in which it must get there, or come back.
    """
    stepped = Stepped(call, wait)

    async def drive() -> Answer:
        return cast('Answer', await stepped)

    return await _ended(lab, drive(), stepped, limit)


async def cancelled_after(
    lab: Lab, call: Awaitable[Answer], seconds: float
) -> Cancelled:
    """Make a call that is cancelled after some time."""

    async def drive() -> Answer:
        return await call

    return await _ended(lab, drive(), None, seconds)


async def _ended(
    lab: Lab,
    code: Coroutine[Any, Any, Answer],
    stepped: Stepped | None,
    seconds: float,
) -> Cancelled:
    tasks, sockets = len(lab.tasks), len(lab.guard.sockets)
    task = asyncio.ensure_future(code)
    if stepped is None:
        await asyncio.wait({task}, timeout=seconds)
        reached = not task.done()
        task.cancel()
        await asyncio.wait({task}, timeout=PATIENCE)
    else:
        await _until_cancelled(task, stepped, seconds)
        reached = stepped.reached
    if not task.done():
        return Cancelled(reached, ended=False)
    answer = None if task.cancelled() else task.result()
    del code
    left = await _left(lab, tasks, sockets, {task})
    return Cancelled(reached, True, answer, *left)  # noqa: FBT003  a fact


async def _until_cancelled(
    task: asyncio.Future[Any], stepped: Stepped, limit: float
) -> None:
    """Wait for the call, and for so long after the cancellation."""
    end = time.monotonic() + limit
    while not task.done() and not stepped.reached and time.monotonic() < end:
        await asyncio.wait({task}, timeout=PAUSE)
    if not task.done() and not stepped.reached:
        task.cancel()  # it hangs: what the next call tells
    await asyncio.wait({task}, timeout=PATIENCE)


async def _left(
    lab: Lab, tasks: int, sockets: int, own: set[asyncio.Future[Any]]
) -> tuple[tuple[str, ...], int]:
    """Return tasks and connections that a call left, once they settled."""

    def running() -> list[asyncio.Task[Any]]:
        return [
            task
            for task in lab.tasks[tasks:]
            if not task.done() and task not in own
        ]

    passed = 0.0
    while passed < LEAVING and (running() or lab.guard.open_sockets(sockets)):
        await asyncio.sleep(PAUSE)
        passed += PAUSE
    names = tuple(dict.fromkeys(_name(task) for task in running()))
    if lab.guard.open_sockets(sockets):
        gc.collect()  # what only waits to be collected is not kept
        await asyncio.sleep(PAUSE)
    return names, lab.guard.open_sockets(sockets)


def _name(task: asyncio.Task[Any]) -> str:
    code = task.get_coro()
    return str(getattr(code, '__qualname__', type(code).__name__))


async def in_time(call: Awaitable[Answer], seconds: float) -> Answer | None:
    """Return what a call came to, or None where it did not come back."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await call
    return None
