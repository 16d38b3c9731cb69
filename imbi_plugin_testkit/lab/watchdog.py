"""Getting out of code that does not come back.

An event loop that is blocked cannot time anything out, so a timer of the
system interrupts it: in the main thread, where Python runs signal handlers,
and on systems that have `setitimer`. Elsewhere a blocked loop stays blocked.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import FrameType, TracebackType

REPEAT = 0.5
"""Seconds between interruptions, for code that swallows the first."""


class Blocked(BaseException):
    """Raised inside the code that blocks the event loop.

    Not an `Exception`, so that a handler that catches those lets it pass.
    """


class Watchdog:
    """A timer that raises `Blocked` unless it is armed anew in time."""

    def __init__(self) -> None:
        self.available = (
            hasattr(signal, 'setitimer')
            and threading.current_thread() is threading.main_thread()
        )
        self._before: object = None
        self._timer = (0.0, 0.0)
        self._since = 0.0

    def __enter__(self) -> Self:
        """Take the alarm signal over."""
        if self.available:
            self._timer = signal.setitimer(signal.ITIMER_REAL, 0)
            self._since = time.monotonic()
            self._before = signal.signal(signal.SIGALRM, self._bite)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the alarm back to who had it, with the time that is left."""
        if not self.available:
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        left, interval = self._timer
        if left:
            passed = time.monotonic() - self._since
            signal.setitimer(
                signal.ITIMER_REAL, max(left - passed, 0.001), interval
            )

    def arm(self, seconds: float) -> None:
        """Interrupt in so many seconds, and from then on again and again."""
        if self.available:
            signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), REPEAT)

    def disarm(self) -> None:
        """Interrupt nothing."""
        if self.available:
            with contextlib.suppress(Blocked):
                signal.setitimer(signal.ITIMER_REAL, 0)

    def _bite(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        raise Blocked
