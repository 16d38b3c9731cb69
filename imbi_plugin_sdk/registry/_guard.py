"""Running a stranger's code so that nothing it does ends the host.

One reusable thread runs job after job. Whatever a job raises comes back as
data, SystemExit and KeyboardInterrupt included; a job that does not end in
time is left behind with its thread, and the next job gets a new one. A real
Ctrl-C reaches the main thread, which is only waiting here, and is raised.
"""

from __future__ import annotations

import queue
import threading
from time import monotonic  # at once: a plugin may exchange `time.monotonic`
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

T = TypeVar('T')

GRACE = 1.0
"""Seconds that a Ctrl-C waits for the import that is under way."""

SHOWN = 300
"""Characters of a stranger's error that a message shows: three lines."""


class Raised(NamedTuple):
    """What a job raised, as text: exceptions keep frames and modules alive.

    Attributes:
        type_name: Name of the exception's class.
        message: Its text, on one line and shortened.
        where: File and line that raised it, as `plugin.py:12`; may be empty.
    """

    type_name: str
    message: str
    where: str


class Outcome(NamedTuple, Generic[T]):
    """What came of a job: exactly one of the three.

    Attributes:
        value: What it returned.
        raised: What it raised.
        hung: True if it was still running at the deadline.
    """

    value: T | None = None
    raised: Raised | None = None
    hung: bool = False


class Guard:
    """A thread for code that may raise anything, or never return.

    Attributes:
        deadline: Seconds per job; None waits for ever.
    """

    def __init__(self, deadline: float | None) -> None:
        self.deadline = deadline
        self._worker: _Worker | None = None

    def __enter__(self) -> Self:
        """Return itself; the thread starts with the first job."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let the thread end."""
        self._leave()

    def run_all(
        self,
        jobs: Sequence[Callable[[], T]],
        on_hang: Callable[[int], None],
    ) -> list[Outcome[T]]:
        """Run jobs one after the other, each until its own deadline.

        They are handed over together: changing threads twice per job costs
        as much as a tenth of an import.

        Args:
            jobs: What to run.
            on_hang: Called with the index of a job that hangs before the
                next one starts.
        """
        outcomes: list[Outcome[T]] = []
        while len(outcomes) < len(jobs):
            batch = _Batch[T](jobs[len(outcomes) :])
            if self._worker is None:
                self._worker = _Worker()
            self._worker.batches.put(batch)
            try:
                is_done = batch.wait(self.deadline)
            except BaseException:
                self._leave()
                batch.abandon()  # a Ctrl-C: a job may run on, unheard
                raise
            outcomes += batch.outcomes
            if not is_done:
                self._leave()
                outcomes.append(Outcome(hung=True))
                on_hang(len(outcomes) - 1)
        return outcomes

    def _leave(self) -> None:
        """Tell the thread to end as soon as it can."""
        if self._worker is not None:
            self._worker.batches.put(None)
            self._worker = None


class _Batch(Generic[T]):
    """Jobs that were handed over together, and how far they are.

    Attributes:
        jobs: What to run.
        outcomes: What came of those that ended in time.
    """

    def __init__(self, jobs: Sequence[Callable[[], T]]) -> None:
        self.jobs = jobs
        self.outcomes: list[Outcome[T]] = []
        self._started = monotonic()
        self._is_abandoned = False
        self._lock = threading.Lock()
        self._done = threading.Event()

    def run(self) -> None:
        """Run the jobs, in the guarded thread."""
        for job in self.jobs:
            outcome = attempt(job)
            with self._lock:
                if self._is_abandoned:
                    break
                self.outcomes.append(outcome)
                self._started = monotonic()
        self._done.set()

    def wait(self, deadline: float | None) -> bool:
        """Wait until all have run; False if one hangs, which is left."""
        timeout = deadline
        while not self._done.wait(timeout):
            if deadline is None:
                continue
            with self._lock:
                timeout = self._started + deadline - monotonic()
                if timeout <= 0 and len(self.outcomes) < len(self.jobs):
                    self._is_abandoned = True
                    return False
            timeout = max(timeout, 0.0)
        return True

    def abandon(self) -> None:
        """Let nothing more start, and give what runs a moment to end.

        What it imports after the caller has put modules back would stay.
        """
        with self._lock:
            self._is_abandoned = True
        self._done.wait(GRACE)


_here = threading.local()


def is_guarded() -> bool:
    """Tell whether this is a thread in which a stranger's code runs."""
    return getattr(_here, 'is_guarded', False)


class _Worker:
    """One daemon thread with its queue."""

    def __init__(self) -> None:
        self.batches: queue.SimpleQueue[_Batch[Any] | None] = (
            queue.SimpleQueue()
        )
        threading.Thread(
            target=self._work, name='imbi-plugin-guard', daemon=True
        ).start()

    def _work(self) -> None:
        """Run batches until told to stop."""
        _here.is_guarded = True
        while (batch := self.batches.get()) is not None:
            batch.run()
            del batch  # while it waits, it must keep no class alive


def attempt(job: Callable[[], T]) -> Outcome[T]:
    """Run a job here and now; whatever it raises is data."""
    try:
        return Outcome(job())
    except BaseException as error:  # noqa: BLE001  that is what it is for
        return Outcome(raised=describe(error))


def contained(job: Callable[[], T]) -> Outcome[T]:
    """Run a job in the main thread, where a KeyboardInterrupt is a Ctrl-C.

    Raises:
        KeyboardInterrupt: Somebody wants the host to stop.
    """
    try:
        return Outcome(job())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  that is what it is for
        return Outcome(raised=describe(error))


def describe(error: BaseException) -> Raised:
    """Say what an exception is, also one whose `__str__` raises.

    It may override any attribute, so that `BaseException`'s own are read.
    """
    name = str(_NAME.__get__(type(error)))
    try:
        message = ' '.join(str(error).split())
    except BaseException:  # noqa: BLE001  a stranger's __str__
        message = '(its text cannot be shown: __str__ raises)'
    if len(message) > SHOWN:
        message = f'{message[:SHOWN]}…'
    return Raised(printable(name), printable(message), _where(error))


def printable(text: str) -> str:
    """Return a text that does nothing to a terminal or a log.

    Control characters, bidirectional overrides and what no encoding has are
    shown as escapes.
    """
    if text.isprintable():
        return text
    return ''.join(
        one if one.isprintable() else ascii(one)[1:-1] for one in text
    )


def told(raised: Raised) -> str:
    """Return what was raised as half a sentence."""
    where = f' at {raised.where}' if raised.where else ''
    text = f': {raised.message}' if raised.message else ''
    return f'{raised.type_name}{where}{text}'


def _where(error: BaseException) -> str:
    """Return the innermost line of a file that is not the import system."""
    found = ''
    trace: TracebackType | None = _TRACEBACK.__get__(error)
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith('<') and not file.startswith(_HERE):
            found = f'{printable(file)}:{trace.tb_lineno}'
        trace = trace.tb_next
    return found


_NAME: Any = type.__dict__['__name__']
_TRACEBACK: Any = BaseException.__dict__['__traceback__']

_HERE = __file__.rpartition('_guard')[0]
