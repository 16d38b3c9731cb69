"""A script on plugin and model, one step after the other."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.lab.script import Script as Calls
from imbi_plugin_testkit.machines.machine import Divergence, Skip
from imbi_plugin_testkit.machines.script import Result

if TYPE_CHECKING:
    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.machines.machine import Machine
    from imbi_plugin_testkit.machines.script import Script


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """A script on which plugin and model disagree.

    Attributes:
        script: The steps that were done, up to the one that failed.
        divergence: Where they disagree.
        calls: What was called, as `Lab.script` kept it.
    """

    script: Script
    divergence: Divergence
    calls: Calls


async def execute(
    machine: type[Machine],
    lab: Lab,
    script: Script,
    name: str,
    until: float = math.inf,
) -> Failure | None:
    """Run a script on tenants of its own, and clean up behind it.

    Args:
        machine: The machine.
        lab: The lab; what it wrote down so far is dropped.
        script: The steps.
        name: Lower-case word, unique in this run.
        until: When no step is begun any more, on the monotonic clock.

    Returns:
        Where plugin and model disagree, or None where they agree.

    Raises:
        Untestable: The sandbox fails or refuses.
    """
    lab.script = Calls()
    driven = machine(lab, name)
    lab.on_cleanup(driven.stop)
    done: list[Any] = []
    results: dict[int, object] = {}
    try:
        with driven.failing():
            await driven.start()
        for step in script:
            if time.monotonic() >= until:
                break
            arguments = {
                key: results.get(value.number)
                if isinstance(value, Result)
                else value
                for key, value in step.arguments.items()
            }
            if any(
                isinstance(value, Result) and arguments[key] is None
                for key, value in step.arguments.items()
            ):
                continue
            done.append(step)
            try:
                found = await getattr(driven, step.rule)(**arguments)
            except Skip:
                done.pop()
            else:
                results[step.number] = found
        with driven.failing():
            await driven.finish()
    except Divergence as divergence:
        return Failure(tuple(done), divergence, lab.script)
    finally:
        await _stop(driven, lab)
    return None


async def _stop(driven: Machine, lab: Lab) -> None:
    """Clean up now, so that a thousand scripts do not pile up."""
    recording, lab.recording = lab.recording, False
    try:
        # What does not let itself be deleted is for a law of its own.
        with contextlib.suppress(Exception):
            await driven.stop()
    finally:
        lab.recording = recording
    lab.cleanups.remove(driven.stop)
