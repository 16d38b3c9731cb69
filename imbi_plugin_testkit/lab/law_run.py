"""One law while it runs: its time, its end, and what it leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import time
import warnings
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.lab.answers import HandlerFailed
from imbi_plugin_testkit.lab.guards import IN_LAW
from imbi_plugin_testkit.lab.opening import cannot
from imbi_plugin_testkit.lab.watchdog import Blocked, Watchdog
from imbi_plugin_testkit.model import Finding, Untestable
from imbi_plugin_testkit.sandbox import UnsupportedBySandbox

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from imbi_plugin_testkit.lab.bench import Lab
    from imbi_plugin_testkit.lab.opening import Opened

GRACE = 1.0
"""Seconds for a cancelled call to end, and beyond the time-out for a loop
that may be busy rather than blocked; a law's own work takes milliseconds."""

MENDS = {
    'hung': 'Give every remote call a time-out and raise PluginTimeoutError.',
    'blocked the event loop': (
        'Await instead of blocking, or move the call to a thread with '
        'asyncio.to_thread; give it a time-out too.'
    ),
}
"""What happened while the time ran out, and how to mend it."""


class LawRun:
    """One law while it runs.

    Attributes:
        findings: What it found so far.
        strays: What the plugin left running; ASY006 is about that.
    """

    def __init__(self, lab: Lab, opened: Opened, timeout: float) -> None:
        self.lab = lab
        self.opened = opened
        self.timeout = timeout
        self.grace = min(GRACE, timeout)
        self.findings: list[Finding] = []
        self.strays: list[str] = []
        self._tasks = lab.tasks
        self._watchdog = Watchdog()

    def run(self) -> None:
        """Drive the law to its end, then clean up.

        Raises:
            Untestable: The law says so, or the sandbox does not come back;
                findings that were made before win.
            Exception: A fault of the law.
        """
        try:
            with (
                self._watchdog,
                self._watching_tasks(),
                warnings.catch_warnings(),
            ):
                # A project that makes warnings errors means its own tests.
                warnings.simplefilter('ignore')
                try:
                    self._drive(self._guarded())
                except Blocked:
                    self._out_of_time('blocked the event loop')
                finally:
                    self.lab.recording = False
                    with contextlib.suppress(Blocked):
                        self._drive(self._clean_up())
        except Untestable:
            if not self.findings:
                raise

    def _drive(self, steps: Coroutine[Any, Any, None]) -> None:
        context = self.opened.context.copy()
        context.run(IN_LAW.set, True)  # noqa: FBT003  the variable's value
        try:
            self.opened.runner.run(steps, context=context)
        finally:
            self._watchdog.disarm()

    async def _guarded(self) -> None:
        self._watchdog.arm(self.timeout + self.grace)
        self.lab.deadline = time.monotonic() + self.timeout
        task = asyncio.create_task(self._collect())
        hung = False
        try:
            await asyncio.wait({task}, timeout=self.timeout)
            hung = not task.done()
            if hung:
                self._out_of_time('hung')
        finally:
            await self._end(task)
        if not hung and not task.cancelled():
            error = task.exception()
            if error is not None:
                raise error

    async def _end(self, task: asyncio.Task[Any]) -> None:
        """Cancel a task that is not done; give up on one that goes on."""
        if not task.done():
            self._watchdog.arm(2 * self.grace)
            task.cancel()
            await asyncio.wait({task}, timeout=self.grace)
            if not task.done():
                self.opened.abandon(task)
        self._watchdog.disarm()

    async def _collect(self) -> None:
        lab = self.lab
        try:
            async with contextlib.aclosing(lab.check.body(lab)) as law:
                async for finding in law:
                    self.findings.append(lab.finished(finding))
        except HandlerFailed as failed:
            self.findings.append(lab.finished(failed.finding))
        except UnsupportedBySandbox as reason:
            raise cannot(reason, 'this') from None

    async def _clean_up(self) -> None:
        """Undo what the law did, then end what the plugin left running."""
        for clean in reversed(self.lab.cleanups):
            self._watchdog.arm(self.timeout + self.grace)
            # What does not let itself be deleted is CFG007's to judge.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(self.timeout):
                    await clean()
        ours = asyncio.current_task()
        for task in self._tasks:
            if task is not ours and not task.done():
                code = task.get_coro()
                self.strays.append(getattr(code, '__qualname__', repr(code)))
                await self._end(task)

    @contextlib.contextmanager
    def _watching_tasks(self) -> Generator[None]:
        """Remember the tasks that the law and the plugin make.

        By a context variable, which tasks inherit: a sandbox's server lives
        in the same loop and makes tasks of its own.
        """
        loop = self.opened.runner.get_loop()
        before = loop.get_task_factory()

        def make(
            loop: asyncio.AbstractEventLoop,
            code: Coroutine[Any, Any, Any],
            **facts: Any,  # noqa: ANN401  as asyncio passes them
        ) -> asyncio.Future[Any]:
            if before is None:
                task: asyncio.Future[Any] = asyncio.Task(
                    code, loop=loop, **facts
                )
            else:
                task = before(loop, code, **facts)
            in_sandbox = self.lab.busy and self.lab.busy[-1].who == 'sandbox'
            if IN_LAW.get() and not in_sandbox:
                self._tasks.append(task)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            return task

        loop.set_task_factory(make)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        try:
            yield
        finally:
            loop.set_task_factory(before)

    def _out_of_time(self, how: str) -> None:
        """Make a finding of what goes on right now.

        Raises:
            Untestable: It is the sandbox that does not come back.
        """
        lab = self.lab
        busy = lab.blocked or (lab.busy[-1] if lab.busy else None)
        limit = f'the time of one law ({self.timeout:g} s)'
        if busy is None:
            count = len(lab.script.steps)
            finding = Finding(
                '',
                f'{lab.check.id} was not done with its {count} calls when '
                f'{limit} was over.',
                'Make the calls faster, or raise `timeout` in '
                '[tool.imbi.testkit].',
            )
        else:
            passed = time.monotonic() - busy.since
            told = f'{busy.what} {how} for {passed:.1f} s'
            if busy.who == 'sandbox':
                raise Untestable(f'the sandbox: {told}')
            finding = Finding(
                busy.what,
                f'{told}, until {limit} was over; it must come back or '
                'raise PluginTimeoutError.',
                MENDS[how],
            )
        self.findings.append(lab.finished(finding))
