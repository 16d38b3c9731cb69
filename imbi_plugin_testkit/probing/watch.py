"""What importing a module changed in its process, seen from inside it.

Runs in the subprocess that imports a stranger's code, and therefore on the
standard library alone. A `Watch` takes a picture before the import and is
asked after it. What an honest module does is no effect: it makes a logger,
compiles patterns, reads its own files, registers an `atexit` function or a
codec, opens a socket without connecting it.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

from imbi_plugin_testkit.probing.audit import Listener
from imbi_plugin_testkit.probing.patches import Patches
from imbi_plugin_testkit.probing.settings import (
    LOGGER_FACTS,
    NEW_LOGGER,
    changes,
    read_loggers,
    read_settings,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_PER_KIND = 20
"""Effects kept per kind: a module that writes 1,000 files is one finding."""


class Watch:
    """A picture of the process, to be held against a later one.

    Args:
        roots: Modules and packages of the distribution under test.
        output: File that descriptors 1 and 2 were pointed at, or None.
    """

    def __init__(
        self, roots: Iterable[str], output: str | None = None
    ) -> None:
        self._roots = frozenset(roots)
        self._output = output
        self._listener = Listener(self.owns)
        self._patches = Patches(self.owns)
        self._settings = read_settings()
        self._environment = dict(os.environ)
        self._loggers = read_loggers()
        self._threads = frozenset(threading.enumerate())
        self._written = self._output_size()
        self._listener.armed = True

    def effects(self) -> list[tuple[str, str]]:
        """Return (kind, detail) of all that changed; asked once."""
        self._listener.armed = False
        found = [
            *self._output_effects(),
            *self._listener.events,
            *self._setting_effects(),
            *self._environment_effects(),
            *self._logger_effects(),
            *self._thread_effects(),
            *(('patches', line) for line in self._patches.found()),
        ]
        counts: dict[str, int] = {}
        kept: list[tuple[str, str]] = []
        for kind, detail in dict.fromkeys(found):
            counts[kind] = counts.get(kind, 0) + 1
            if counts[kind] <= MAX_PER_KIND:
                kept.append((kind, detail))
        return kept

    def owns(self, name: str) -> bool:
        """Return whether a module belongs to the distribution under test."""
        while name:
            if name in self._roots:
                return True
            name = name.rpartition('.')[0]
        return False

    def _output_size(self) -> int:
        for name in ('stdout', 'stderr', '__stdout__', '__stderr__'):
            try:
                getattr(sys, name).flush()
            except Exception:  # noqa: BLE001, S112  a stranger's stream
                continue
        if self._output is None:
            return 0
        try:
            return os.stat(self._output).st_size  # noqa: PTH116  pathlib is one import more
        except OSError:
            return 0

    def _output_effects(self) -> Iterator[tuple[str, str]]:
        size = self._output_size()
        if self._output is None or size <= self._written:
            return
        with open(self._output, 'rb') as file:  # noqa: PTH123  pathlib is one import more
            file.seek(self._written)
            text = file.read(2_000).decode('utf-8', 'replace')
        line = next((one for one in text.splitlines() if one.strip()), '')
        yield 'output', f'{size - self._written} bytes, first: {line}'

    def _setting_effects(self) -> Iterator[tuple[str, str]]:
        for kind, detail in changes(self._settings, read_settings()):
            place = self._listener.places.get('', '') if kind == 'cwd' else ''
            yield kind, detail + place

    def _environment_effects(self) -> Iterator[tuple[str, str]]:
        before, now = self._environment, dict(os.environ)
        for name in sorted({*now, *before}):
            if now.get(name) == before.get(name):
                continue
            verb = 'changed' if name in before else 'set'
            if name not in now:
                verb = 'unset'
            place = self._listener.places.get(name, '')
            yield 'environment', f'{name} was {verb}{place}'

    def _logger_effects(self) -> Iterator[tuple[str, str]]:
        for name, facts in read_loggers().items():
            before = self._loggers.get(name, NEW_LOGGER)
            if self.owns(name):
                continue
            if name not in self._loggers and (
                name.partition('.')[0] not in sys.modules
            ):
                continue  # a new logger under a name that is nobody's
            for fact, old, new in zip(
                LOGGER_FACTS, before, facts, strict=True
            ):
                if old != new:
                    yield 'logging', f'{fact} of logger {name!r} was changed'

    def _thread_effects(self) -> Iterator[tuple[str, str]]:
        for thread in threading.enumerate():
            if thread not in self._threads:
                yield 'threads', f'{type(thread).__name__} {thread.name!r}'
