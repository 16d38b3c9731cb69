"""Scripts that are made up, run, and reduced where one fails."""

from __future__ import annotations

import asyncio
import concurrent.futures
import math
import random
import threading
import time
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import counted
from imbi_plugin_testkit.machines.printing import as_test
from imbi_plugin_testkit.machines.reducing import Reduction
from imbi_plugin_testkit.machines.running import execute
from imbi_plugin_testkit.machines.script import draw_script, scripts
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from imbi_plugin_testkit.config import Profile
    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.machines.machine import Machine
    from imbi_plugin_testkit.machines.running import Failure
    from imbi_plugin_testkit.machines.script import Script


class _Over(BaseException):
    """Ends a search by Hypothesis: no error that it would look into."""


class Search:
    """A machine on one plugin, with as many scripts as a profile asks for.

    Attributes:
        machine: The machine.
        lab: The lab.
        count: Scripts that were run so far, candidates of reductions too.
        drawn: Scripts that were made up so far.
    """

    def __init__(self, machine: type[Machine], lab: Lab) -> None:
        self.machine = machine
        self.lab = lab
        self.count = 0
        self.drawn = 0
        self._rng = random.Random(lab.rng.getrandbits(64))  # noqa: S311  reproducible on purpose
        self._shortest: Failure | None = None
        self._error: Exception | None = None
        self._running: concurrent.futures.Future[Failure | None] | None = None

    async def run(
        self, script: Script, until: float = math.inf
    ) -> Failure | None:
        """Run one script on tenants of its own; see `execute`."""
        self.count += 1
        self.lab.tried += 1
        name = f'm{self.count}'
        return await execute(self.machine, self.lab, script, name, until)

    async def broad(self, profile: Profile) -> Failure | None:
        """Run script after script; return the first that fails."""
        began = time.monotonic()
        deadline, longest = began + profile.seconds, 0.0
        while self.drawn < profile.scripts:
            # One more that takes as long as any before would end too late.
            if self.drawn and began + longest >= deadline:
                break
            self.drawn += 1
            script = draw_script(
                self.machine, self.lab, self._rng, profile.steps
            )
            # The first alone may take longer, on a backend that is slow.
            failure = await self.run(script, deadline)
            if failure is not None:
                return failure
            now = time.monotonic()
            longest, began = max(longest, now - began), now
        return None

    async def deep(self, profile: Profile) -> Failure | None:
        """Let Hypothesis look for the shortest script that fails.

        It is no friend of event loops, and so looks for it in a thread,
        which hands each script to the loop and waits.
        """
        over = threading.Event()
        try:
            await asyncio.to_thread(
                self._shrunk, profile, asyncio.get_running_loop(), over
            )
        finally:
            over.set()
            if self._running is not None:
                self._running.cancel()
        if self._error is not None:
            raise self._error
        return self._shortest

    def _shrunk(
        self,
        profile: Profile,
        loop: asyncio.AbstractEventLoop,
        over: threading.Event,
    ) -> None:
        import hypothesis  # noqa: PLC0415
        from hypothesis.errors import HypothesisException  # noqa: PLC0415

        deadline = time.monotonic() + profile.seconds

        def fails(script: Script) -> bool:
            late = time.monotonic() >= deadline + (
                profile.reduction if self._shortest else 0.0
            )
            if over.is_set() or late:
                raise _Over
            self.drawn += 1
            try:
                failure = self._in_loop(script, loop, over)
            except Exception as error:  # noqa: BLE001  raised in `deep`
                # No failure of the plugin, and nothing to shrink.
                self._error = error
                raise _Over from None
            if failure is None:
                return False
            best = self._shortest
            if best is not None:
                if failure.divergence.kind != best.divergence.kind:
                    return False
                if len(failure.script) > len(best.script):
                    return True
            self._shortest = failure
            return True

        settings = hypothesis.settings(
            max_examples=profile.scripts,
            database=None,
            deadline=None,
            derandomize=False,
            phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
            suppress_health_check=[
                hypothesis.HealthCheck.data_too_large,
                hypothesis.HealthCheck.filter_too_much,
                hypothesis.HealthCheck.large_base_example,
                hypothesis.HealthCheck.too_slow,
            ],
        )
        try:
            hypothesis.find(
                scripts(self.machine, self.lab, profile.steps),
                fails,
                settings=settings,
                random=self._rng,
            )
        except (_Over, HypothesisException):
            # The time is over, there is none, or it fails now and then only:
            # the shortest so far is known here, too.
            return

    def _in_loop(
        self,
        script: Script,
        loop: asyncio.AbstractEventLoop,
        over: threading.Event,
    ) -> Failure | None:
        """Run a script in the loop, from the thread of Hypothesis."""
        self._running = asyncio.run_coroutine_threadsafe(
            self.run(script), loop
        )
        if over.is_set():
            self._running.cancel()
        try:
            return self._running.result()
        except concurrent.futures.CancelledError:
            raise _Over from None


async def agrees(
    lab: Lab, machine: type[Machine], profile: Profile | None = None
) -> AsyncIterator[Finding]:
    """Run scripts until one fails, reduce it, and yield it as a finding.

    Args:
        lab: The lab.
        machine: The machine.
        profile: How hard to look; None is the run's.
    """
    profile = profile or lab.profile
    search = Search(machine, lab)
    look = search.deep if profile.shrink else search.broad
    failure = await look(profile)
    if failure is None:
        if search.drawn < profile.scripts:
            lab.note(
                f'{counted(search.drawn, "script")} of {profile.scripts}, '
                f'since {profile.seconds:g} s were over'
            )
        return
    # What is found may be lost in a candidate that never comes back.
    reduction = Reduction(failure, machine, lab, search.run)
    await reduction.reduce(profile.reduction)
    yield _finding(lab, machine, reduction)


def _finding(
    lab: Lab, machine: type[Machine], reduction: Reduction
) -> Finding:
    failure = reduction.best
    divergence = failure.divergence
    lab.script = failure.calls
    law = f'{divergence.law}: ' if divergence.law else ''
    steps = counted(len(failure.script), 'step')
    finding = Finding(
        divergence.path,
        f'{law}{divergence.message} {_how_short(reduction, steps)}',
        details=(
            *as_test(lab, machine, failure),
            '',
            '# What was called:',
            *lab.script.lines(lab.secrets, lab.plugin.handler.__name__),
        ),
    )
    if divergence.values is None:
        return finding
    return finding.comparing(*divergence.values)


def _how_short(reduction: Reduction, steps: str) -> str:
    if not reduction.stable:
        return (
            f'It took {steps}, which did not fail when they were run again: '
            'what was left from earlier scripts, or the order in time, '
            'decides.'
        )
    if not reduction.complete:
        return f'It takes {steps}, or fewer: the time box was over.'
    return f'It takes {steps}.'


def describe(script: Script) -> Iterator[str]:
    """Yield a line per step, for a look at what is drawn."""
    for step in script:
        told = ', '.join(f'{k}={v!r}' for k, v in step.arguments.items())
        yield f'{step.rule}({told})'
