"""The lock of the contracts: what they are, as data, and how they change.

`contracts.lock.json` is committed beside the code. A change of a contract
makes it stale, and a stale lock fails the tests (`check_lock`); writing it
anew (`write_lock`) is refused where a breaking change has no new major
version in `contract.CONTRACTS`, or a minor one no new minor. `diff_locks`
says what changed between any two locks, with the implementor's variance.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import counted
from imbi_plugin_sdk.contract_lock._diff import diff_locks
from imbi_plugin_sdk.contract_lock._document import parsed
from imbi_plugin_sdk.contract_lock._reading import (
    FORMAT_VERSION,
    Lock,
    build_lock,
)
from imbi_plugin_sdk.contract_lock.changes import (
    RULES,
    SEVERITIES,
    Change,
    Rule,
    Severity,
    worst,
)
from imbi_plugin_sdk.errors import ContractError, Problem

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

__all__ = [
    'FORMAT_VERSION',
    'LOCK_FILE',
    'RULES',
    'SEVERITIES',
    'Change',
    'Lock',
    'Rule',
    'Severity',
    'build_lock',
    'check_lock',
    'diff_locks',
    'lock_text',
    'parse_lock',
    'read_lock',
    'write_lock',
]

LOCK_FILE = 'contracts.lock.json'
"""Name of the lock in the package `imbi_plugin_sdk`."""

_PLUGIN_TYPE = 'PluginManifest.plugin_type'

_TOLD = 5
"""Changes that the problem of a stale lock names; `contract diff` has all."""


def lock_text(lock: Lock) -> str:
    """Return a lock as it is committed: canonical JSON, keys sorted."""
    text = json.dumps(lock, indent=1, sort_keys=True, ensure_ascii=False)
    return f'{text}\n'


def parse_lock(text: str) -> Lock:
    """Read a lock from text.

    Raises:
        ContractError: It is no lock that this SDK reads (`lock_invalid`).
    """
    lock, problems = parsed(text)
    if problems:
        raise ContractError(LOCK_FILE, problems)
    return lock


def read_lock() -> Lock:
    """Return the lock that is shipped with this SDK."""
    from importlib.resources import files  # noqa: PLC0415  on demand

    shipped = files('imbi_plugin_sdk') / LOCK_FILE
    return parse_lock(shipped.read_text('utf-8'))


def write_lock(
    path: str | os.PathLike[str] | None = None, *, force: bool = False
) -> tuple[Change, ...]:
    """Write the lock anew, for developers of the contract.

    Args:
        path: Where; None is beside the code, which must be writable.
        force: Write also what is not allowed, as before the first release.

    Returns:
        What changed.

    Raises:
        ContractError: A change lacks its version, or what is there is no
            lock; nothing is written.
    """
    from pathlib import Path  # noqa: PLC0415  on demand

    target = Path(__file__).parents[1] / LOCK_FILE if path is None else path
    target = Path(target)
    new = build_lock()
    old = (
        parse_lock(target.read_text('utf-8', 'replace'))
        if target.exists()
        else new
    )
    problems = [] if force else list(_version_problems(old, new))
    if problems:
        raise ContractError(LOCK_FILE, problems)
    target.write_text(lock_text(new), 'utf-8', newline='\n')
    return diff_locks(old, new)


def check_lock(
    committed: Lock | None = None,
    current: Lock | None = None,
    *,
    today: dt.date | None = None,
) -> tuple[Problem, ...]:
    """Say what is wrong between the committed lock and the contracts.

    Args:
        committed: None reads the shipped one.
        current: None reads the contracts as they stand.
        today: For deprecations, which name a day; None asks the clock.

    Returns:
        Problems with the codes lock_stale, major_missing, minor_missing and
        slug_lost; empty where the lock is true.
    """
    old = read_lock() if committed is None else committed
    new = build_lock() if current is None else current
    if old == new:
        return ()
    changes = diff_locks(old, new)
    told = '; '.join(
        f'{one.severity}: {one.path} {one.what}' for one in changes[:_TOLD]
    )
    more = len(changes) - _TOLD
    stale = Problem(
        'lock_stale',
        LOCK_FILE,
        f'the contracts differ from it in {counted(len(changes), "place")}: '
        f'{told}{f"; and {more} more" if more > 0 else ""}.',
        'If the change is on purpose, write it anew: `python -c "from '
        'imbi_plugin_sdk.contract_lock import write_lock; write_lock()"`.',
    )
    return (stale, *_version_problems(old, new, today))


def _version_problems(
    old: Lock, new: Lock, today: dt.date | None = None
) -> Iterator[Problem]:
    """Yield what lacks a new contract version."""
    changes = diff_locks(old, new)
    day = (today or dt.datetime.now(dt.UTC).date()).isoformat()
    for plugin_type, now in new['contracts'].items():
        was = old['contracts'].get(plugin_type)
        if was is None:
            continue  # a new type has a version of its own
        own = [
            one
            for one in changes
            if plugin_type in one.plugin_types
            and not _is_excused(one, was, now, day)
        ]
        severity = worst({one.severity for one in own})
        before, after = _current(was), _current(now)
        if severity == 'breaking' and after[0] <= before[0]:
            yield _unversioned(plugin_type, 'major', before, own)
        elif severity == 'minor' and after <= before:
            yield _unversioned(plugin_type, 'minor', before, own)
    for one in changes:
        # No version mends these: what is stored in hosts is what breaks.
        if one.code in {'slug_removed', 'slug_renamed', 'type_removed'}:
            yield Problem(
                'slug_lost' if 'slug' in one.code else 'type_lost',
                one.path,
                f'{one.what}: {one.why}.',
                'Take it back; what is no longer wanted is deprecated or '
                'blocked in the catalog, and never renamed.',
            )


def _is_excused(
    one: Change, was: dict[str, Any], now: dict[str, Any], day: str
) -> bool:
    """Tell whether a change has its version elsewhere.

    A new plugin type is a new value in every manifest, and has a version of
    its own. A version that is removed was announced to be, from this day on.
    """
    if (one.code, one.path) == ('supplied_wider', _PLUGIN_TYPE):
        return True
    if one.code != 'version_removed':
        return False
    version = _parsed(one.path.rpartition(' ')[2])
    return any(
        version < _parsed(deprecation['since'])
        and _parsed(deprecation['removed_in']) <= _current(now)
        and deprecation['not_before'] <= day
        for deprecation in was['deprecations']
    )


def _current(contract: dict[str, Any]) -> tuple[int, ...]:
    """Return the newest version of a contract."""
    return max(_parsed(version) for version in contract['versions'])


def _parsed(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split('.'))


def _unversioned(
    plugin_type: str,
    kind: str,
    before: tuple[int, ...],
    changes: list[Change],
) -> Problem:
    """Return the problem of a change that came without its version."""
    first = changes[0]
    major, minor = before
    needed = (
        f'({major + 1}, 0)' if kind == 'major' else f'({major}, {minor + 1})'
    )
    more = f' (and {len(changes) - 1} more)' if len(changes) > 1 else ''
    return Problem(
        f'{kind}_missing',
        plugin_type,
        f'{first.path} {first.what}{more}, and {first.why}; that takes a new '
        f'{kind} contract version.',
        f'Add {needed} to the versions of {plugin_type!r} in '
        '`contract.CONTRACTS`, or take the change back.',
    )
