"""Running a stranger's coroutine so that the host keeps the upper hand.

Each attempt is a task of its own. So a cancellation that reaches the host's
task is the host's, whatever the plugin raises or cancels; the deadline holds
also where a plugin swallows the cancellation; and context variables that it
sets end with it. Nothing foreign leaves the task: it returns an outcome.
"""

from __future__ import annotations

import asyncio
import contextlib
import dis
import inspect
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from imbi_plugin_sdk.errors import (
    PluginAuthenticationFailed,
    PluginError,
    PluginTimeoutError,
)
from imbi_plugin_sdk.invocation import _failures

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_sdk.invocation._failures import Call

GRACE = 1.0
"""Seconds that a cancelled call gets to close its connections. A handler
that still runs then is left behind; its host must answer."""


class Outcome(NamedTuple):
    """What came of a call: a value, or an error that is safe to show.

    Attributes:
        value: What the method returned, settled.
        error: Why there is none.
    """

    value: Any = None
    error: PluginError | None = None


class Attempt(NamedTuple):
    """What one attempt is made with.

    Attributes:
        context: Handed to the handler as it is.
        credentials: Copied for the handler.
    """

    context: PluginContext
    credentials: Mapping[str, str]

    @classmethod
    def of(cls, context: PluginContext, credentials: object) -> Attempt:
        """Return an attempt; what the host gave must not blame the plugin.

        Raises:
            TypeError: The credentials are no mapping.
        """
        if isinstance(credentials, Mapping):
            return cls(context, cast('Mapping[str, str]', credentials))
        raise TypeError(
            f'credentials are of type {type(credentials).__name__}; give a '
            'mapping of their names to their values'
        )


class Job(NamedTuple):
    """One call, ready to be made as often as needed.

    Attributes:
        call: What it is, for messages.
        make: Makes a fresh handler and calls it.
        settle: Validates what came back.
        secrets: What must not be shown after these attempts.
    """

    call: Call
    make: Callable[[PluginContext, dict[str, str]], object]
    settle: Callable[[Any], Any]
    secrets: Callable[[list[Attempt]], set[str]]


async def outcome_of(
    job: Job,
    attempt: Attempt,
    timeout: float | None,  # noqa: ASYNC109  a budget over two attempts
    renew: Callable[[PluginAuthenticationFailed], Awaitable[Attempt | None]]
    | None,
) -> Outcome:
    """Make a call, and once more with renewed credentials.

    Args:
        job: The call.
        attempt: Context and credentials.
        timeout: Seconds of the plugin's time, over both attempts.
        renew: Asked once, after rejected credentials; its time is its own.
    """
    attempts = [attempt]
    started = time.monotonic()
    outcome = await _attempted(job, attempts, timeout, timeout)
    spent = time.monotonic() - started
    if renew is None or not isinstance(
        outcome.error, PluginAuthenticationFailed
    ):
        return outcome
    renewed = await renew(outcome.error)
    if renewed is None:
        return outcome
    attempts.append(renewed)
    left = None if timeout is None else max(timeout - spent, 0.0)
    return await _attempted(job, attempts, left, timeout)


async def _attempted(
    job: Job,
    attempts: list[Attempt],
    left: float | None,
    timeout: float | None,  # noqa: ASYNC109  only told in the message
) -> Outcome:
    """Make the latest attempt in a task of its own, and wait for it."""
    task = asyncio.create_task(_run(job, attempts))
    try:
        await asyncio.wait((task,), timeout=left)
    except asyncio.CancelledError:
        # A second cancellation means: wait no longer. The first one counts.
        with contextlib.suppress(asyncio.CancelledError):
            await _stop(task)
        raise  # the host's own, untouched
    if not task.done():
        ended = await _stop(task)
        return Outcome(error=_late(job.call, timeout, ended=ended))
    if task.cancelled():  # from outside, before it could begin
        cancelled = asyncio.CancelledError('its task was cancelled')
        return Outcome(error=_failures.safe(cancelled, job.call, set()))
    return task.result()


async def _run(job: Job, attempts: list[Attempt]) -> Outcome:
    """Make one attempt; nothing but a real Ctrl-C gets out."""
    try:
        context, credentials = attempts[-1]
        result = job.make(context, dict(credentials))
        if inspect.isawaitable(result):
            result = await result
        return Outcome(value=job.settle(result))
    except BaseException as error:
        if is_interrupt(error):
            raise
        return Outcome(
            error=_failures.safe(error, job.call, job.secrets(attempts))
        )


async def _stop(task: asyncio.Task[Outcome]) -> bool:
    """Cancel a task and tell whether it ended within the grace."""
    task.cancel()
    await asyncio.wait((task,), timeout=GRACE)
    return task.done()


def _late(
    call: Call, seconds: float | None, *, ended: bool
) -> PluginTimeoutError:
    """Return the error of a call that ran over the host's deadline."""
    told = PluginTimeoutError(
        f'{call.plugin}.{call.method} took longer than the {seconds:g} s '
        'that the host allows, and was cancelled.'
    )
    if not ended:
        told.add_note(
            f'It still ran {GRACE:g} s after the cancellation and is left '
            'behind: the plugin swallows cancellations (law ASY006).'
        )
    return told


def is_interrupt(error: BaseException) -> bool:
    """Tell a Ctrl-C from a KeyboardInterrupt that a plugin raises.

    An interrupt strikes at any instruction; what a plugin raises comes from
    a `raise`.
    """
    if not issubclass(type(error), KeyboardInterrupt):
        return False
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return True
    code = trace.tb_frame.f_code.co_code
    return dis.opname[code[trace.tb_lasti]] != 'RAISE_VARARGS'
