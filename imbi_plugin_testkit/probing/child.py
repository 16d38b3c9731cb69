"""Imports a stranger's entry points, each in a process of its own.

Run as a script by `probe`, isolated (`python -I`) and on a scrubbed
environment. It imports pydantic and the SDK once and then, per entry point,
forks a process that imports the plugin under a `Watch`. Where forking is
unsafe or absent (anything but Linux) it starts itself anew instead.

Up to three passes per entry point:

``first``
    imports it and tells what happened, and which modules it pulled in;
``again``
    only where it was slow: measures with warm caches, the smaller counts;
``clean``
    imports those modules that are not the author's, in the same order, then
    takes its picture, then imports the plugin: what changed now is the
    author's doing and not a dependency's. It also notices patches of
    modules that nobody had imported before.

Whatever the plugin does to its process, the supervisor, which imported none
of it, still writes the result.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

SLOTS = 2
"""Processes at a time: small machines of CI have two cores."""

GRACE = 2.0
"""Seconds past its deadline after which a pass is killed from outside.

From the inside a watchdog thread ends it and tells the line; only code that
switched that off lives longer.
"""

SPAWN_ALLOWANCE = 30.0
"""Seconds that a spawned process may take to import pydantic and the SDK."""

Request = dict[str, Any]
Answer = dict[str, Any]


def prepare() -> None:
    """Import what every plugin may expect, so that it is not blamed for it.

    `tempfile` tries out where it can write when first asked.
    """
    # Importable only now that the path is set.
    import imbi_plugin_sdk  # noqa: PLC0415
    from imbi_plugin_sdk.registry import _environment  # noqa: PLC0415

    _environment.prime()  # a corrupt distribution elsewhere is no fault here
    for name in getattr(imbi_plugin_sdk, '__all__', ()):
        with contextlib.suppress(ImportError):  # a part with an extra
            getattr(imbi_plugin_sdk, name)
    importlib.import_module('imbi_plugin_sdk.manifest')
    importlib.import_module('importlib.resources')
    importlib.import_module('imbi_plugin_testkit.probing.one_pass')
    tempfile.gettempdir()


class Forked:
    """A pass in a fork of this process, in a process group of its own."""

    def __init__(self, request: Request, job: Mapping[str, Any]) -> None:
        self.allowance = 0.0
        self._code: int | None = None
        self._pid = os.fork()
        if self._pid == 0:
            with contextlib.suppress(BaseException):
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                os.setsid()
                _perform(request, job)
            os._exit(70)  # EX_SOFTWARE: the pass itself is at fault

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal, or None."""
        if self._code is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def kill(self) -> None:
        """End it and what it started."""
        with contextlib.suppress(OSError):
            os.killpg(self._pid, signal.SIGKILL)
        if self._code is None:
            with contextlib.suppress(OSError):
                os.kill(self._pid, signal.SIGKILL)
            while self.poll() is None:
                time.sleep(0.001)


class Spawned:
    """A pass in a new process, for systems where a fork is unsafe."""

    def __init__(self, request: Request, job: Mapping[str, Any]) -> None:
        self.allowance = SPAWN_ALLOWANCE
        path = Path(f'{job["answer"]}.request')
        _write(path, {**request, 'job': dict(job)})
        self._process = subprocess.Popen(  # noqa: S603  ourselves
            [sys.executable, '-I', '-W', WARNINGS, __file__, str(path)],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal, or None."""
        return self._process.poll()

    def kill(self) -> None:
        """End it and, where there are process groups, what it started."""
        if hasattr(os, 'killpg'):
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


WARNINGS = 'ignore::SyntaxWarning'
"""Shown only while there is no .pyc: a verdict must not depend on that."""


def _perform(request: Request, job: Mapping[str, Any]) -> None:
    from imbi_plugin_testkit.probing.one_pass import perform  # noqa: PLC0415

    perform(request, job)


class Supervisor:
    """Runs the passes of all entry points, a few at a time."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._kind = Forked if request['fork'] else Spawned
        self._running: list[
            tuple[Forked | Spawned, dict[str, Any], float, Any]
        ] = []

    def run(self) -> None:
        """Judge every entry point; leave one answer file for each."""
        waiting = [
            self._judge(index)
            for index in range(len(self._request['entries']))
        ]
        parent = os.getppid()
        try:
            while waiting or self._running:
                while waiting and len(self._running) < SLOTS:
                    judge = waiting.pop(0)
                    self._start(judge, next(judge))
                self._collect()
                if os.getppid() != parent:
                    break  # nobody waits for the answers any more
        finally:
            for process, *_ in self._running:
                process.kill()

    def _start(self, judge: Any, job: dict[str, Any]) -> None:  # noqa: ANN401  a generator
        process = self._kind(self._request, job)
        limit = self._request['deadline'] * job['deadlines'] + GRACE
        limit += process.allowance
        self._running.append((process, job, time.monotonic() + limit, judge))

    def _collect(self) -> None:
        for entry in list(self._running):
            process, job, limit, judge = entry
            code = process.poll()
            overdue = time.monotonic() > limit
            if code is None and not overdue:
                continue
            process.kill()
            self._running.remove(entry)
            answer = _read(job['answer'])
            answer['code'] = None if code is None else code
            answer['overdue'] = code is None
            try:
                self._start(judge, judge.send(answer))
            except StopIteration:
                continue
        time.sleep(0.002)

    def _job(self, index: int, name: str, **facts: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        answer = str(Path(self._request['results'], f'{index}.{name}'))
        return {'index': index, 'answer': answer, 'deadlines': 1, **facts}

    def _judge(self, index: int) -> Generator[dict[str, Any], Answer, None]:
        answer = yield self._job(index, 'first')
        if answer.get('seconds', 0.0) > self._request['warning'] and (
            answer.get('stage') == 'done'
        ):
            again = yield self._job(index, 'again')
            if again.get('stage') == 'done':
                answer['seconds'] = min(answer['seconds'], again['seconds'])
        others = answer.get('others', [])
        if answer.get('stage') == 'done' and others:
            clean = yield self._job(
                index, 'clean', preload=others, deadlines=2
            )
            if clean.get('stage') == 'done':
                answer['effects'] = clean['effects']
        path = Path(self._request['results'], f'{index}.json')
        part = path.with_suffix('.part')
        _write(part, answer)
        part.replace(path)


def _write(path: Path, data: object) -> None:
    path.write_text(json.dumps(data), 'utf-8')


def _read(path: str) -> Answer:
    """Merge the lines that a pass wrote before it ended, however."""
    answer: Answer = {}
    with contextlib.suppress(OSError):
        for line in Path(path).read_text('utf-8').splitlines():
            with contextlib.suppress(ValueError):
                answer.update(json.loads(line))
    with contextlib.suppress(OSError):
        answer['hang'] = Path(f'{path}.hang').read_text('utf-8', 'replace')
    return answer


def _stop(number: int, frame: object) -> None:
    """Unwind, so that what is running is ended too."""
    del frame
    sys.exit(128 + number)


def main(path: str) -> None:
    """Do what the request file asks for."""
    request: Request = json.loads(Path(path).read_text('utf-8'))
    # First without the plugin's folders: it may ship a `json` of its own, or
    # an `imbi_plugin_sdk`.
    sys.path[:] = request['kit_path']
    prepare()
    sys.path[:] = request['path']
    if 'job' in request:
        _perform(request, request['job'])
    else:
        signal.signal(signal.SIGTERM, _stop)
        Supervisor(request).run()


if __name__ == '__main__':
    main(sys.argv[1])
