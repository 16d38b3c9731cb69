"""Who holds up the event loop, and for how long.

A thread looks at the stack of the loop's thread every few milliseconds. Time
counts only while the innermost code that anybody answers for (the plugin, the
sandbox, the kit; libraries belong to their caller) is the plugin's, and only
as far as it is explained: by processor time of the loop's thread, or by its
standing still at one instruction. What a busy machine, a garbage collection or
a sandbox's threads take away shows up as neither, or keeps the watching thread
from looking, too; a gap between two looks counts for little
unless the loop's thread worked all the while.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from imbi_plugin_testkit.sandbox import BaseSandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

    from imbi_plugin_testkit.lab import Lab

INTERVAL = 0.005
"""Seconds between two looks: twenty in the shortest stall that counts; Python
switches threads as often."""

LARGEST_GAP = 4 * INTERVAL
"""Seconds that one look counts for at most, however late it came."""

BEAT = 0.01
"""Seconds between two signs of life of the loop."""

KIT = 'imbi_plugin_testkit'


@dataclasses.dataclass(frozen=True, slots=True)
class Stall:
    """One stretch in which the plugin held up the loop.

    Attributes:
        method: The plugin's outermost function on the stack.
        place: File and line of its innermost one.
        seconds: For how long.
    """

    method: str
    place: str
    seconds: float


@dataclasses.dataclass(slots=True)
class _Look:
    """What one look at the loop's thread saw."""

    at: float
    beats: int
    cpu: float
    spot: tuple[int, int]
    method: str
    place: str


class LoopWatch:
    """A context in which the loop it is entered on is watched.

    Attributes:
        stalls: What was seen so far.
    """

    def __init__(self, lab: Lab) -> None:
        self.stalls: list[Stall] = []
        self._threshold = lab.plugin.subject.config.loop_threshold
        self._whose = _owner(lab)
        self._beats = 0
        self._stop = threading.Event()
        self._run: list[_Look] = []
        self._queued = 0.0

    async def __aenter__(self) -> Self:
        """Begin to watch."""
        self._loop = asyncio.get_running_loop()
        self._ident = threading.get_ident()
        self._schedule = Path(
            f'/proc/self/task/{threading.get_native_id()}/schedstat'
        )
        clock = getattr(time, 'pthread_getcpuclockid', None)
        self._clock: int | None = clock(self._ident) if clock else None
        self._beat()
        self._thread = threading.Thread(
            target=self._watch, name='imbi-plugin-loop-watch', daemon=True
        )
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self._handle.cancel()
        self._stop.set()
        self._thread.join()
        self._close_run()

    def _beat(self) -> None:
        self._beats += 1
        self._handle = self._loop.call_later(BEAT, self._beat)

    def _watch(self) -> None:
        while not self._stop.wait(INTERVAL):
            self._add(self._look())

    def _add(self, look: _Look | None) -> None:
        """Add one look to the stretch that it belongs to."""
        if look is None or (self._run and look.beats != self._run[0].beats):
            self._close_run()
        if look is not None:
            if not self._run:
                self._queued = self._waited()
            self._run.append(look)

    def _look(self) -> _Look | None:
        """Return what the loop is at, where that is the plugin's code."""
        beats = self._beats
        frame = sys._current_frames().get(self._ident)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  documented, for debuggers
        if frame is None:
            return None
        spot = id(frame), frame.f_lasti
        inner = outer = None
        while frame is not None:
            whose = self._whose(str(frame.f_globals.get('__name__', '')))
            if whose == 'plugin':
                inner, outer = inner or _place(frame), frame.f_code.co_name
            elif whose == 'other':
                if inner is None:
                    return None
                break  # who called the plugin
            frame = frame.f_back
        if inner is None or outer is None:
            return None
        cpu = 0.0 if self._clock is None else time.clock_gettime(self._clock)
        return _Look(time.perf_counter(), beats, cpu, spot, outer, inner)

    def _close_run(self) -> None:
        run, self._run = self._run, []
        if len(run) < 2:  # noqa: PLR2004  one look is no stretch
            return
        worked = stood = 0.0
        for one, other in itertools.pairwise(run):
            cpu = other.cpu - one.cpu
            worked += cpu
            if one.spot == other.spot or self._clock is None:
                stood += max(0.0, min(other.at - one.at, LARGEST_GAP) - cpu)
        # Standing still for want of a processor is not the plugin's doing.
        denied = self._waited() - self._queued
        seconds = worked + max(0.0, stood - denied)
        if seconds >= self._threshold - INTERVAL:
            last = run[-1]
            self.stalls.append(Stall(last.method, last.place, seconds))

    def _waited(self) -> float:
        """Return for how long the loop's thread was denied a processor."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            text = self._schedule.read_text('ascii')
            return int(text.split()[1]) / 1e9
        return 0.0


def _owner(lab: Lab) -> Callable[[str], str]:
    """Return what says whose a module is: plugin, other, or nobody's."""
    home = lab.plugin.handler.__module__
    kinds = type(lab.sandbox).__mro__
    sandboxes = {
        kind.__module__ for kind in kinds if issubclass(kind, BaseSandbox)
    }
    known: dict[str, str] = {}

    def whose(module: str) -> str:
        if module not in known:
            if module == home or lab.plugin.subject.owns_module(module):
                known[module] = 'plugin'
            elif module.partition('.')[0] == KIT or module in sandboxes:
                known[module] = 'other'
            else:
                known[module] = ''
        return known[module]

    return whose


def _place(frame: FrameType) -> str:
    name = frame.f_code.co_filename.replace('\\', '/').rpartition('/')[2]
    return f'{name}:{frame.f_lineno}'
