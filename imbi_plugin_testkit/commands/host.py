"""`contract`, `compare`, `catalog`: what hosts and authors ask."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from imbi_plugin_sdk._text import counted
from imbi_plugin_testkit.commands import BROKEN, OK, complain
from imbi_plugin_testkit.commands.matrix import MOST_JOBS, matrix

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from imbi_plugin_sdk.manifest_diff import ManifestDiff
    from imbi_plugin_testkit.subject import PluginUnderTest


def add_contract(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `contract`."""
    parser.add_argument(
        'act',
        choices=['diff', 'check'],
        help='diff: what changed between two locks; check: whether this '
        "SDK's lock is true",
    )
    parser.add_argument(
        'locks',
        nargs='*',
        metavar='LOCK',
        help='for diff: OLD and NEW, each a contracts.lock.json, a wheel of '
        'imbi-plugin-sdk, or - for standard input',
    )


def contract(arguments: argparse.Namespace) -> int:
    """Compare two contract locks as a plugin would feel it.

    Ends with 1 if a change is breaking, or for `check` if the lock is not
    true; with 2 if there is nothing to compare.
    """
    from imbi_plugin_sdk import contract_lock  # noqa: PLC0415
    from imbi_plugin_testkit.config import UsageError  # noqa: PLC0415

    if arguments.act == 'check':
        if arguments.locks:
            return complain(
                "contract check judges this SDK's own lock. Fix: "
                '`imbi-plugin contract diff OLD NEW` compares files.'
            )
        problems = contract_lock.check_lock()
        for problem in problems:
            print(problem)
        return BROKEN if problems else OK
    if len(arguments.locks) != len(('old', 'new')):
        return complain(
            'contract diff needs two files. Fix: `imbi-plugin contract diff '
            'OLD NEW`.'
        )
    try:
        old, new = map(_lock, arguments.locks)
    except UsageError as error:
        return complain(str(error))
    changes = contract_lock.diff_locks(old, new)
    if arguments.json:
        print(json.dumps([change.as_dict() for change in changes], indent=2))
    else:
        for change in changes:
            print(change)
        print(counted(len(changes), 'change'))
    broken = any(change.severity == 'breaking' for change in changes)
    return BROKEN if broken else OK


def _lock(name: str) -> dict[str, Any]:
    """Return the lock that a word on the command line stands for.

    Raises:
        UsageError: There is none.
    """
    from zipfile import BadZipFile, ZipFile  # noqa: PLC0415  for wheels

    from imbi_plugin_sdk.contract_lock import LOCK_FILE, parse_lock  # noqa: PLC0415
    from imbi_plugin_sdk.errors import ContractError  # noqa: PLC0415
    from imbi_plugin_testkit.config import UsageError  # noqa: PLC0415

    try:
        if name == '-':
            data = sys.stdin.buffer.read()
        elif name.endswith('.whl'):
            with ZipFile(name) as wheel:
                data = wheel.read(f'imbi_plugin_sdk/{LOCK_FILE}')
        else:
            data = Path(name).read_bytes()
        return parse_lock(data.decode())
    except ContractError as error:
        raise UsageError(f'{name}: {error}') from None
    except (BadZipFile, KeyError, OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f'{name} could not be read ({type(error).__name__}). Fix: give '
            'the file of a lock, a wheel of imbi-plugin-sdk, or - for '
            'standard input.'
        ) from None


# --- compare -----------------------------------------------------------


class _Release(NamedTuple):
    """What one side of a comparison is.

    Attributes:
        name: What it was called on the command line.
        version: Its version; blank for a manifest without a distribution.
        manifests: Its manifests, as plain data.
    """

    name: str
    version: str
    manifests: tuple[Mapping[str, Any], ...]


def add_compare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `compare`."""
    what = (
        'wheel, installed distribution, or JSON file with a manifest or a '
        'list of manifests'
    )
    parser.add_argument('old', help=f'what operators have: {what}')
    parser.add_argument('new', help='the release, likewise')


def compare(arguments: argparse.Namespace) -> int:
    """Say what a release changes for operators, and the version it needs.

    Ends with 1 if an operator must act, or if the release's version does not
    go up far enough.
    """
    from imbi_plugin_sdk.errors import ManifestError  # noqa: PLC0415
    from imbi_plugin_sdk.manifest_diff import compare_manifests  # noqa: PLC0415
    from imbi_plugin_testkit.config import UsageError  # noqa: PLC0415

    try:
        old, new = _release(arguments.old), _release(arguments.new)
        diff = compare_manifests(old.manifests, new.manifests)
    except (UsageError, ManifestError) as error:
        return complain(str(error))
    needed = _needed(diff, old.version)
    told = _is_told(diff, old.version, new.version)
    if arguments.json:
        facts = {
            'old': {'name': old.name, 'version': old.version},
            'new': {'name': new.name, 'version': new.version},
            **diff.as_dict(),
            'needed_version': needed,
            'is_told_by_version': told,
        }
        print(json.dumps(facts, indent=2))
    else:
        for change in diff.changes:
            print(change)
        print(_summary(diff, needed, new.version, told=told))
    must_act = any(one.severity == 'action' for one in diff.changes)
    return BROKEN if must_act or told is False else OK


def _release(name: str) -> _Release:
    """Return what a name on the command line stands for.

    Raises:
        UsageError: There is no such thing, or a manifest cannot be read.
    """
    from imbi_plugin_testkit.commands.judging import subjects_of  # noqa: PLC0415
    from imbi_plugin_testkit.config import UsageError  # noqa: PLC0415

    if not name.endswith('.json'):
        (subject,) = subjects_of(name)
        read = tuple(map(_probed, subject.plugins))
        return _Release(name, subject.version, read)
    try:
        data: Any = json.loads(Path(name).read_text('utf-8'))
    except (OSError, RecursionError, ValueError) as error:
        raise UsageError(
            f'{name} could not be read ({type(error).__name__}). Fix: give a '
            'JSON file, as `manifest.model_dump_json()` writes it.'
        ) from None
    given: list[Any] = data if isinstance(data, list) else [data]  # pyright: ignore[reportUnknownVariableType]
    manifests = tuple(given)
    if not manifests or not all(isinstance(one, dict) for one in manifests):
        raise UsageError(
            f'{name} holds no manifest. Fix: give an object with slug, name '
            'and plugin_type, or a list of such objects.'
        )
    return _Release(name, '', manifests)


def _probed(plugin: PluginUnderTest) -> Mapping[str, Any]:
    """Return a plugin's manifest, read in another process.

    Raises:
        UsageError: It has none that can be read.
    """
    from imbi_plugin_testkit.config import UsageError  # noqa: PLC0415

    found = plugin.probe
    if found.manifest is None:
        seen = found.error_type or found.exit or found.stage
        raise UsageError(
            f'the manifest of {plugin.name} in {plugin.subject.name} '
            f'{plugin.subject.version} could not be read ({seen}). Fix: '
            f'`imbi-plugin check {plugin.subject.name}` says what is wrong.'
        )
    return found.manifest


def _needed(diff: ManifestDiff, version: str) -> str:
    """Return the first version that is enough; blank if nobody knows."""
    from packaging.version import InvalidVersion  # noqa: PLC0415

    try:
        return diff.next_version(version) if version and diff.bump else ''
    except InvalidVersion:
        return ''


def _is_told(diff: ManifestDiff, old: str, new: str) -> bool | None:
    """Tell whether the version goes up far enough; None if nobody knows."""
    from packaging.version import InvalidVersion  # noqa: PLC0415

    try:
        return diff.is_told_by(old, new) if old and new else None
    except InvalidVersion:
        return None


def _summary(
    diff: ManifestDiff, needed: str, version: str, *, told: bool | None
) -> str:
    """Return the last line."""
    if diff.bump is None:
        words = 'no changes for operators'
        return words if told is not False else f'{words}; {version} is too low'
    words = f'{counted(len(diff.changes), "change")}: {diff.bump} release'
    if needed:
        words += f', {needed} or later'
    if told is None:
        return words
    return f'{words}; {version} is {"enough" if told else "too low"}'


# --- catalog -----------------------------------------------------------


def add_catalog(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `catalog`."""
    parser.add_argument(
        'act',
        choices=['check', 'matrix'],
        help='check: judge the document; matrix: JSON of the jobs that judge '
        'what is in it',
    )
    parser.add_argument('file', help='the TOML document')
    parser.add_argument(
        '--jobs',
        type=int,
        default=MOST_JOBS,
        metavar='N',
        help=f'for matrix: the most jobs (default {MOST_JOBS})',
    )


def catalog(arguments: argparse.Namespace) -> int:
    """Judge a catalog document, or spread what is in it over many jobs."""
    from imbi_plugin_sdk.catalog import Catalog, check_catalog  # noqa: PLC0415

    try:
        text = Path(arguments.file).read_text('utf-8')
    except (OSError, UnicodeDecodeError) as error:
        return complain(f'{arguments.file}: {type(error).__name__}.')
    problems = check_catalog(text)
    if arguments.act == 'matrix' and not problems:
        jobs = matrix(Catalog.parse(text).entries, max(1, arguments.jobs))
        print(json.dumps(jobs))
        return OK
    if arguments.json:
        rows = [
            {
                'code': p.code,
                'path': p.path,
                'message': p.message,
                'fix': p.fix,
            }
            for p in problems
        ]
        print(json.dumps(rows, indent=2))
    else:
        for problem in problems:
            print(problem)
    return BROKEN if problems else OK
