"""What goes on, on the terminal, while a law takes seconds.

One line below pytest's own: which plugin, which law, since when, and how many
scripts a state machine tried. It is drawn anew as long as the law runs, and
taken away when it ends; the cursor is then where pytest left it. A timer in
the law's own event loop draws it, so that no thread is needed; while a plugin
blocks that loop the line stands still.

There is none unless a person looks at a terminal that can do that:
`Looking.told` names the cases. With pytest-xdist there is none, for the laws
run in its workers, which have no terminal.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from imbi_plugin_sdk._text import counted
from imbi_plugin_testkit.comparing import width_of
from imbi_plugin_testkit.terminal import encodable

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Generator, Mapping

    from imbi_plugin_testkit.runner import Run

DELAY = 1.0
"""Seconds before the line is shown: what ends sooner needs no explanation
(Nielsen: after one second a person's thoughts are interrupted)."""

EVERY = 0.5
"""Seconds between two drawings; seconds are what it counts."""

NARROWEST = 20
"""Columns below which no line says anything."""

QUIETEST = -2
"""pytest's verbosity (`-q -q`) that asks for no word on the way."""

OPAQUE = frozenset({'', 'dumb', 'unknown'})
"""Values of `TERM` on which the cursor cannot be moved."""

SHARED = frozenset({'no', 'tee-sys'})
"""Ways of capturing with which a plugin's own output goes to the terminal."""


def fitted(
    what: str, tail: str, columns: int, encoding: str | None = None
) -> str:
    """Return one line that fits, its end whole and its middle left out.

    Args:
        what: What goes on; may hold anything.
        tail: What is shown in any case.
        columns: Width of the terminal; the last column stays free, since
            some terminals wrap when it is written to.
        encoding: The terminal's.
    """
    whole = ''.join(char if char.isprintable() else '?' for char in what)
    shown, dots = encodable(whole, encoding), encodable('…', encoding)
    room = columns - 1 - len(tail)
    if columns < NARROWEST or room < len(dots):
        return tail[: max(columns - 1, 0)] if columns >= NARROWEST else ''
    if width_of(shown) > room:
        while width_of(shown) > room - len(dots):
            shown = shown[:-1]
        shown = f'{shown.rstrip()}{dots}'
    return f'{shown}{tail}'


class ProgressLine:
    """The line, below whatever pytest wrote last.

    Attributes:
        column: Asked for how far pytest has written on its line.
    """

    def __init__(
        self, descriptor: int, encoding: str | None, column: Callable[[], int]
    ) -> None:
        """Take a terminal.

        Args:
            descriptor: The terminal, open for writing; closed by `close`.
            encoding: Its encoding.
            column: See the attribute.
        """
        self.column = column
        self._timer: asyncio.TimerHandle
        self._descriptor = descriptor
        self._encoding = encoding or 'utf-8'
        self._shown = False
        self._dead = False

    @contextlib.contextmanager
    def showing(
        self,
        what: str,
        loop: asyncio.AbstractEventLoop,
        tried: Callable[[], int],
    ) -> Generator[None]:
        """Show what goes on in a loop, from `DELAY` on and to the end.

        Args:
            what: Plugin, id and title.
            loop: Where it goes on.
            tried: Asked for how many scripts were tried.
        """
        began = time.monotonic()

        def tick() -> None:
            self.draw(what, time.monotonic() - began, tried())
            self._timer = loop.call_later(EVERY, tick)

        self._timer = loop.call_later(DELAY, tick)
        try:
            yield
        finally:
            self._timer.cancel()
            self.hide()

    def draw(self, what: str, seconds: float, tried: int = 0) -> None:
        """Show a line in place of the one before."""
        tail = f' {int(seconds)} s'
        if tried:
            tail += f', {counted(tried, "script")}'
        columns = self._columns()
        line = fitted(what, tail, columns, self._encoding)
        written = self.column()
        # At the edge a cursor waits to be wrapped, and there is no way back.
        at_edge = bool(written) and written % columns == 0
        if line and not at_edge:
            start = '\r' if self._shown else '\r\n'
            self._shown = True
            self._write(f'{start}{line}\x1b[K')

    def hide(self) -> None:
        """Take the line away and put the cursor back."""
        if not self._shown:
            return
        self._shown = False
        column = self.column() % self._columns()
        forward = f'\x1b[{column}C' if column else ''
        self._write(f'\r\x1b[K\x1b[A{forward}')

    def close(self) -> None:
        """Let go of the terminal."""
        self.hide()
        self._dead = True
        os.close(self._descriptor)

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._descriptor).columns or 80
        except OSError:
            return 80

    def _write(self, text: str) -> None:
        if self._dead:
            return
        try:
            os.write(self._descriptor, text.encode(self._encoding, 'replace'))
        except OSError:
            self._dead = True  # the terminal is gone; the run is not


class Looking:
    """The hooks that show the line where somebody looks."""

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self.config = config
        self.run = run
        self.line: ProgressLine | None = None

    def pytest_sessionstart(self) -> None:
        """Take the terminal before anything is captured."""
        reporter: Any = self.config.pluginmanager.get_plugin(
            'terminalreporter'
        )
        if not self.told(reporter, os.environ):
            return
        writer = self.config.get_terminal_writer()
        file: Any = reporter._tw._file  # noqa: SLF001  pytest has no other way
        try:
            # Where pytest writes, also while a test's output is captured.
            descriptor = os.dup(file.fileno())
        except (AttributeError, OSError, ValueError):
            return
        if not os.isatty(descriptor):
            os.close(descriptor)
            return
        self.line = ProgressLine(
            descriptor,
            getattr(file, 'encoding', None),
            lambda: writer.width_of_current_line,
        )
        self.run.labs.showing = self.line.showing

    def told(self, reporter: object, environment: Mapping[str, str]) -> bool:
        """Return whether anybody may look, before the terminal is asked.

        Nobody does in a worker of pytest-xdist (nor in its controller, which
        runs no law), in CI, and with `-q -q`. The line would be in the way
        where plugins write to the terminal themselves (`-s`,
        `--capture=tee-sys`, live logs) and where another plugin draws in
        place of pytest's own reporter. And it cannot be taken away on a
        terminal that does not move its cursor.
        """
        config = self.config
        return not (
            hasattr(config, 'workerinput')
            or type(reporter).__module__ != '_pytest.terminal'
            or environment.get('CI')
            or 'BUILD_NUMBER' in environment
            or config.get_verbosity() <= QUIETEST
            or config.getoption('capture', 'no') in SHARED
            or config.getini('log_cli')
            or config.getoption('log_cli_level', None) is not None
            or environment.get('TERM', '') in OPAQUE
            or os.name == 'nt'
        )

    @pytest.hookimpl(optionalhook=True)
    def pytest_enter_pdb(self) -> None:
        """Leave the terminal to the debugger."""
        if self.line is not None:
            self.line.hide()

    def pytest_unconfigure(self) -> None:
        """Let go of the terminal."""
        if self.line is not None:
            self.line.close()
            self.line = None
