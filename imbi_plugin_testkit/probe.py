"""Imports the plugin under test in a subprocess, and tells what happened.

A stranger's code may hang, exit, print, open sockets or patch the library.
So it is first imported apart from the kit: in processes of its own, on a
scrubbed environment, in an empty folder, with a deadline and no network. One
supervisor imports the SDK once for all entry points of a distribution; see
`_probe_child` for the passes and `_probe_watch` for what counts as an effect.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_testkit.probing.words import by_root, hanging_at, tidy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imbi_plugin_testkit.subject import PluginUnderTest, Subject

FORK = sys.platform == 'linux'
"""Whether passes are forked; elsewhere system libraries may not survive it."""

_KEPT_VARIABLES = ('PATH', 'SYSTEMROOT', 'LANG')
"""What a process needs to run at all; nothing that could be a credential."""

_PER_ENTRY_POINT = 4
"""Deadlines that one entry point can use up: first, again, clean (two)."""

_START = 60.0
"""Seconds that a supervisor may take to start on a busy machine."""


@dataclasses.dataclass(frozen=True, slots=True)
class Effect:
    """One thing that importing the plugin changed in its process.

    Attributes:
        kind: output, cwd, environment, sys_path, signals, logging, warnings,
            threads, network, subprocess, files, patches or interpreter.
        detail: What, and where in the author's code if that is known.
    """

    kind: str
    detail: str


@dataclasses.dataclass(frozen=True, slots=True)
class Probe:
    """What a subprocess saw when it imported one entry point.

    Attributes:
        imported: Whether the module was imported and has the attribute.
        stage: How far it came: `import`, `attribute`, `inspect` (looking at
            the target), `done`; `kit` where the probe itself failed.
        error_type: Class of what was raised, or blank.
        error_text: Its message on one line, without what could be a secret.
        place: The author's innermost line, as in `package/module.py:12`.
        missing: Module that a ModuleNotFoundError names.
        fatal: Whether what was raised is no `Exception`.
        refused: Whether the error came of the refused network.
        exit: How the process ended early: `exit code 3`, `signal SIGSEGV`.
        timed_out: Whether the import went past the deadline.
        seconds: Wall time of the import; the smaller of two where slow.
        modules: Modules pulled in beyond the SDK's own.
        heaviest: Top-level packages with their count of those, most first.
        effects: What changed in the process by the author's doing.
        kind_of_target: class, module, function or instance.
        target_repr: Its qualified name.
        near: Names that the module does have.
        manifest: The manifest as plain data, or None.
        manifest_problems: Why a manifest was refused while it was made,
            which is why the module did not import.
    """

    imported: bool
    stage: str
    error_type: str = ''
    error_text: str = ''
    place: str = ''
    missing: str | None = None
    fatal: bool = False
    refused: bool = False
    exit: str | None = None
    timed_out: bool = False
    seconds: float = 0.0
    modules: int = 0
    heaviest: tuple[tuple[str, int], ...] = ()
    effects: tuple[Effect, ...] = ()
    kind_of_target: str = ''
    target_repr: str = ''
    near: tuple[str, ...] = ()
    manifest: Mapping[str, Any] | None = None
    manifest_problems: tuple[Problem, ...] = ()

    @property
    def plugin_type(self) -> str | None:
        """Return the declared plugin type, or None where unreadable."""
        kind = (self.manifest or {}).get('plugin_type')
        return kind if isinstance(kind, str) else None

    def of_kind(self, kind: str) -> tuple[Effect, ...]:
        """Return the effects of one kind."""
        return tuple(entry for entry in self.effects if entry.kind == kind)


def probe(plugin: PluginUnderTest) -> Probe:
    """Return what a subprocess saw when it imported the plugin.

    The first call for a distribution starts the processes for all of its
    entry points. Never raises: a fault of the kit is stage `kit`.
    """
    prefetch(plugin.subject)
    index = plugin.subject.entry_points.index(plugin.entry_point)
    return _RUNS[plugin.subject].answer(index)


def prefetch(subject: Subject) -> None:
    """Start importing every entry point in the background."""
    if subject not in _RUNS:
        _RUNS[subject] = _Run(subject)


class _Run:
    """The supervisor process of one distribution, and its answers."""

    def __init__(self, subject: Subject) -> None:
        self._deadline = subject.config.import_deadline
        self._path = _path(subject)
        self._folder = Path(tempfile.mkdtemp(prefix='imbi-plugin-probe-'))
        results, home = self._folder / 'results', self._folder / 'home'
        results.mkdir()
        home.mkdir()
        self._results = results
        count = max(len(subject.entry_points), 1)
        allowed = self._deadline * _PER_ENTRY_POINT * count + _START
        self._limit = time.monotonic() + allowed
        request = self._folder / 'request.json'
        request.write_text(
            json.dumps(_request(subject, self._path, results)), 'utf-8'
        )
        child = Path(__file__).with_name('probing') / 'child.py'
        with (self._folder / 'log').open('wb') as log:
            self._process = subprocess.Popen(  # noqa: S603  our own script
                [
                    sys.executable,
                    '-I',
                    '-W',
                    'ignore::SyntaxWarning',
                    str(child),
                    str(request),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=home,
                env=_environment(home),
                start_new_session=True,
            )
        self.close = weakref.finalize(
            self, _close, self._process, self._folder
        )

    def answer(self, index: int) -> Probe:
        """Wait for the answer about one entry point, and return it."""
        path = self._results / f'{index}.json'
        try:
            while True:
                ended = self._process.poll() is not None
                if path.exists():
                    data = json.loads(path.read_text('utf-8'))
                    return _probe(data, self._deadline, self._path)
                if ended or time.monotonic() > self._limit:
                    return Probe(False, 'kit', error_text=self._trouble())  # noqa: FBT003
                time.sleep(0.003)
        except BaseException:  # a Ctrl-C must not leave processes behind
            self.close()
            raise

    def _trouble(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self._folder / 'log').read_text('utf-8', 'replace')
            last = lines.strip().rpartition('\n')[2]
            if last:
                return tidy(last)
        return 'the probe gave no answer'


_RUNS: weakref.WeakKeyDictionary[Subject, _Run] = weakref.WeakKeyDictionary()


def _close(process: subprocess.Popen[bytes], folder: Path) -> None:
    """End the supervisor, which ends what it started, and tidy up."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(2)
        except BaseException:  # noqa: BLE001  a second Ctrl-C, too
            if hasattr(os, 'killpg'):
                with contextlib.suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def _request(
    subject: Subject, path: Sequence[str], results: Path
) -> dict[str, Any]:
    return {
        'path': list(path),
        'kit_path': _kit_path(subject, path),
        'results': str(results),
        'roots': sorted(subject.import_roots),
        'deadline': subject.config.import_deadline,
        'warning': subject.config.import_warning,
        'fork': FORK,
        'entries': [
            {'module': entry.module, 'attribute': entry.attribute}
            for entry in subject.entry_points
        ],
    }


def _path(subject: Subject) -> list[str]:
    """Return `sys.path` of the subprocess.

    The project's own folders stay out unless it is installed editable: what
    lies there but not in the wheel would be imported all the same, and
    `python -m pytest` and pytest's rootdir put them on this process's path.
    """
    entries = [*subject.search_path]
    inside: list[Path] = [Path.cwd()]
    if subject.project is not None:
        inside.append(subject.project.path.parent.resolve())
    for entry in sys.path:
        if not entry:
            continue
        path = Path(entry).resolve()
        if subject.source != 'editable' and (
            any(path.is_relative_to(folder) for folder in inside)
            and not path.is_relative_to(Path(sys.prefix).resolve())
            and not (path / 'imbi_plugin_sdk').is_dir()
        ):
            continue
        entries.append(entry)
    return list(dict.fromkeys(entries))


def _kit_path(subject: Subject, path: Sequence[str]) -> list[str]:
    return [entry for entry in path if entry not in subject.search_path]


def _environment(home: Path) -> dict[str, str]:
    kept = {
        name: os.environ[name]
        for name in _KEPT_VARIABLES
        if name in os.environ
    }
    folders = ('HOME', 'USERPROFILE', 'TMPDIR', 'TEMP', 'TMP')
    return {**kept, **dict.fromkeys(folders, str(home))}


def _probe(
    data: Mapping[str, Any], deadline: float, path: Sequence[str]
) -> Probe:
    stage = str(data.get('stage', 'start'))
    seconds = float(data.get('seconds', 0.0))
    others: list[str] = data.get('others', [])
    hang = str(data.get('hang', ''))
    timed_out = bool(data.get('overdue') or hang or seconds > deadline)
    early = stage in ('start', 'import', 'inspect') and (
        'error_type' not in data
    )
    place = str(data.get('place', ''))
    if timed_out and hang:
        place = hanging_at(hang, data.get('main_thread', 0), path)
    own = int(data.get('modules', 0)) - len(others)
    heaviest = by_root(others)
    return Probe(
        imported=stage == 'done',
        stage=stage,
        error_type=str(data.get('error_type', '')),
        error_text=tidy(str(data.get('error_text', ''))),
        place=place,
        missing=data.get('missing'),
        fatal=bool(data.get('fatal')),
        refused=bool(data.get('refused')),
        exit=_ending(data) if early and not timed_out else None,
        timed_out=timed_out,
        seconds=round(seconds, 3),
        modules=int(data.get('modules', 0)),
        heaviest=tuple(heaviest[:5]) + (('its own', own),) * bool(own),
        effects=tuple(
            Effect(kind, tidy(detail))
            for kind, detail in data.get('effects', [])
        ),
        kind_of_target=str(data.get('kind', '')),
        target_repr=tidy(str(data.get('shown', ''))),
        near=tuple(data.get('near', ())),
        manifest=data.get('manifest'),
        manifest_problems=_manifest_problems(data),
    )


_PLACES = {
    'PluginIcon': 'icon',
    'TemplateVariable': 'third_party_service.variables',
    'ThirdPartyServiceTemplate': 'third_party_service',
}
"""Where a declaration that was refused on its own would have stood."""


def _manifest_problems(data: Mapping[str, Any]) -> tuple[Problem, ...]:
    place = _PLACES.get(str(data.get('declaration')))
    problems = [Problem(*facts) for facts in data.get('problems', ())]
    if place:
        problems = [problem.under(place) for problem in problems]
    return tuple(problems)


def _ending(data: Mapping[str, Any]) -> str:
    code = data.get('code')
    if isinstance(code, int) and code < 0:
        try:
            return f'signal {signal.Signals(-code).name}'
        except ValueError:
            return f'signal {-code}'
    return f'exit code {code}'
