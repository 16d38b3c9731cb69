"""From a script that fails to the shortest that still fails."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from imbi_plugin_testkit.machines.script import simpler, without

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.machines.machine import Machine
    from imbi_plugin_testkit.machines.running import Failure
    from imbi_plugin_testkit.machines.script import Script


class Reduction:
    """Steps are taken out in ever smaller pieces, then arguments simplified.

    A candidate counts only where it breaks the same law in the same method:
    otherwise a reduction ends at another fault than the one it began with.

    Attributes:
        best: The shortest script so far that fails.
        complete: Whether nothing can be taken out any more.
        stable: Whether the script failed when it was run once more.
    """

    def __init__(
        self,
        failure: Failure,
        machine: type[Machine],
        lab: Lab,
        run: Callable[[Script], Awaitable[Failure | None]],
    ) -> None:
        """Prepare to reduce.

        Args:
            failure: What was found.
            machine: Whose rules.
            lab: The lab.
            run: Runs a candidate on tenants of its own.
        """
        self.best = failure
        self.complete = False
        self.stable = False
        self._machine = machine
        self._lab = lab
        self._run = run
        self._seen: set[str] = set()

    async def reduce(self, seconds: float) -> None:
        """Reduce until nothing helps or the time is over.

        Args:
            seconds: The time box; a candidate that hangs ends with it.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                self.stable = await self._fails(self.best.script)
                while self.stable and (
                    await self._take_out() or await self._simplify()
                ):
                    pass
                self.complete = True

    async def _fails(self, script: Script) -> bool:
        # A plugin that never waits would keep the time box from ending.
        await asyncio.sleep(0)
        shape = repr(script)
        if shape in self._seen or not script:
            return False
        self._seen.add(shape)
        failure = await self._run(script)
        if failure is None:
            return False
        if failure.divergence.kind != self.best.divergence.kind:
            return False
        self.best = failure
        self._seen.add(repr(failure.script))
        return True

    async def _take_out(self) -> bool:
        """Take pieces out, halves first; return whether any could be."""
        helped = False
        size = max(len(self.best.script) // 2, 1)
        while size:
            start = len(self.best.script) - size
            while start > -size:
                script = self.best.script
                begin = max(start, 0)
                if await self._fails(without(script, begin, start + size)):
                    helped = True
                start = min(start, len(self.best.script)) - size
            size //= 2
        return helped

    async def _simplify(self) -> bool:
        """Make one argument simpler; return whether any could be."""
        for candidate in simpler(self.best.script, self._machine, self._lab):
            if await self._fails(candidate):
                return True
        return False
