"""One pass of the probe: import an entry point and tell what was seen.

Runs in the process that the plugin may do anything to, so the answer goes
line by line to a file of its own, opened anew for each line: what was told
before the end is not lost, and nothing that the plugin prints is taken for
an answer.
"""

from __future__ import annotations

import dataclasses
import faulthandler
import importlib
import inspect
import json
import os
import sys
import threading
import time
import traceback
import types
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.errors import ManifestError
from imbi_plugin_testkit.probing.audit import NetworkRefusedError, short_path
from imbi_plugin_testkit.probing.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_NAMES = 200
"""Names of a module that are told for a did-you-mean."""

MAX_TEXT = 2_000
"""Characters of an error that are told; the parent shows fewer."""

SDK = 'imbi_plugin_sdk'

_DEPTH = 20
"""Links of an exception chain that are followed; chains can be circular."""


class Tell:
    """Appends facts to the answer file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._pid = os.getpid()
        self._dumps, self._exit = json.dumps, os._exit

    def end_forks(self) -> None:
        """End the process if it is one that the plugin forked."""
        if os.getpid() != self._pid:
            self._exit(0)

    def __call__(self, **facts: Any) -> None:  # noqa: ANN401  JSON
        """Append one line."""
        self.end_forks()
        line = self._dumps(facts, default=_stand_in, skipkeys=True)
        with open(self._path, 'a', encoding='utf-8') as file:  # noqa: PTH123  pathlib may be patched
            file.write(f'{line}\n')


def perform(request: Mapping[str, Any], job: Mapping[str, Any]) -> None:
    """Import the entry point of a job, tell, and end the process.

    Args:
        request: `entries`, `roots`, `deadline` (seconds).
        job: `index` of the entry, `answer` (path), and perhaps `preload`.
    """
    entry = request['entries'][job['index']]
    tell = Tell(job['answer'])
    leave = os._exit
    output = f'{job["answer"]}.output'
    _redirect(output)
    hang = open(f'{job["answer"]}.hang', 'w', encoding='utf-8')  # noqa: PTH123, SIM115  open until the end
    watchdog = _Watchdog(hang)
    watchdog.arm(request['deadline'])
    for name in job.get('preload', ()):
        try:
            importlib.import_module(name)
        except BaseException:  # noqa: BLE001, S112  only part of a setting
            continue
    tell(stage='import', main_thread=threading.get_ident())
    baseline = frozenset(sys.modules)
    watch = Watch(request['roots'], output)
    watchdog.arm(request['deadline'])
    target, facts = _import(entry, watch)
    tell.end_forks()  # before the watchdog, whose thread no fork has
    watchdog.arm(request['deadline'])  # a metaclass can hang, too
    new = [name for name in list(sys.modules) if name not in baseline]
    tell(
        **facts,
        # The host has all of the SDK, whichever part of it a plugin names.
        modules=sum(name.partition('.')[0] != SDK for name in new),
        others=[name for name in new if not watch.owns(name)],
        effects=watch.effects(),
    )
    if 'error_type' not in facts:
        tell(stage='inspect')
        tell(**_describe(target))
        tell(stage='done')
    leave(0)


class _Watchdog:
    """Ends the process after a time, and writes where it was.

    A thread could not: a regular expression that never ends holds the
    interpreter's lock. faulthandler's thread needs none.
    """

    def __init__(self, file: Any) -> None:  # noqa: ANN401  has a descriptor
        self._file = file
        self._later = faulthandler.dump_traceback_later

    def arm(self, seconds: float) -> None:
        self._later(seconds, exit=True, file=self._file)


def _redirect(output: str) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(null, 0)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(null)
    os.close(file)


def _import(
    entry: Mapping[str, str], watch: Watch
) -> tuple[object, dict[str, Any]]:
    """Return the target and facts; an `error_type` where there is none."""
    stage = 'import'
    target: object = None
    module: types.ModuleType | None = None
    facts: dict[str, Any] = {}
    start = time.perf_counter()
    try:
        target = module = importlib.import_module(entry['module'])
        stage = 'attribute'
        for part in entry['attribute'].split('.'):
            target = getattr(target, part)
    except BaseException as error:  # noqa: BLE001  a stranger's code
        facts = _failure(error, watch)
        if stage == 'attribute' and isinstance(error, AttributeError):
            facts['near'] = _safely(lambda: _names(module), [])
        facts['stage'] = stage
    facts['seconds'] = time.perf_counter() - start
    return target, facts


def _safely(ask: Callable[[], Any], otherwise: Any) -> Any:  # noqa: ANN401  JSON
    """Return an answer, or something else where asking raises anything."""
    try:
        return ask()
    except BaseException:  # noqa: BLE001  hostile names, strings, classes
        return otherwise


def _failure(error: BaseException, watch: Watch) -> dict[str, Any]:
    facts: dict[str, Any] = {
        'error_type': _safely(
            lambda: type(error).__name__, 'an exception without a name'
        ),
        'error_text': _safely(
            lambda: str(error)[:MAX_TEXT], 'its message cannot be shown'
        ),
        'fatal': not isinstance(error, Exception),
        'refused': _safely(lambda: _was_refused(error), otherwise=False),
        'place': _safely(lambda: _place(error, watch), ''),
    }
    if isinstance(error, SystemExit):
        code = error.code
        plain = code is None or isinstance(code, int)
        facts['error_text'] = f'exit code {code or 0}' if plain else 'exit'
    if isinstance(error, ModuleNotFoundError):
        facts['missing'] = error.name
    if isinstance(error, ManifestError):
        facts['declaration'] = error.subject
        facts['problems'] = [
            dataclasses.astuple(problem) for problem in error.problems
        ]
    return facts


def _was_refused(error: BaseException | None) -> bool:
    for _ in range(_DEPTH):
        if error is None or isinstance(error, NetworkRefusedError):
            break
        error = error.__cause__ or error.__context__
    return isinstance(error, NetworkRefusedError)


def _place(error: BaseException, watch: Watch) -> str:
    """Return `package/module.py:12`, the author's innermost line."""
    place = ''
    for frame, line in traceback.walk_tb(error.__traceback__):
        if watch.owns(str(frame.f_globals.get('__name__', ''))):
            place = f'{short_path(frame.f_code.co_filename)}:{line}'
    if isinstance(error, SyntaxError) and error.filename:
        place = f'{short_path(error.filename)}:{error.lineno}'
    return place


def _names(module: object) -> list[str]:
    names = [
        name
        for name, value in vars(module).items()
        if not name.startswith('_') and issubclass(type(value), type)
    ]
    names += [name for name in vars(module) if name not in names]
    return names[:MAX_NAMES]


def _describe(target: object) -> dict[str, Any]:
    """Return what kind of thing the entry point names, and its manifest."""
    kind = _safely(lambda: _kind(target), 'instance')
    manifest: object = None
    if kind in ('class', 'instance'):
        manifest = _safely(lambda: _manifest(target), None)
    return {
        'kind': kind,
        'shown': _safely(lambda: _shown(target, kind), ''),
        'manifest': _safely(
            lambda: json.loads(
                json.dumps(manifest, default=_stand_in, skipkeys=True)
            ),
            None,
        ),
    }


def _kind(target: object) -> str:
    kind = type(target)
    if issubclass(kind, type):
        return 'class'
    if issubclass(kind, types.ModuleType):
        return 'module'
    if inspect.isroutine(target):
        return 'function'
    return 'instance'


def _shown(target: object, kind: str) -> str:
    named: Any = target if kind != 'instance' else type(target)
    name = getattr(named, '__qualname__', None) or named.__name__
    return str(name)[:MAX_NAMES]


def _manifest(target: object) -> object:
    from imbi_plugin_sdk.manifest import PluginManifest  # noqa: PLC0415
    from imbi_plugin_sdk.manifest._declaration import plain  # noqa: PLC0415

    found: object = getattr(target, 'manifest', None)
    return plain(found) if isinstance(found, PluginManifest) else None


def _stand_in(value: object) -> str:
    """Return what JSON shows in place of a value that it cannot hold."""
    return f'<{type(value).__name__}>'
