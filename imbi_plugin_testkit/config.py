"""`[tool.imbi.testkit]` of a plugin's pyproject.toml, closed and typed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tomllib
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_sdk._text import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True)
class Profile:
    """How hard the state machines look (`imbi_plugin_testkit.machines`).

    Attributes:
        scripts: Scripts that are made up at the most.
        steps: Steps of one script at the most.
        seconds: After which no more scripts are made up.
        reduction: Seconds for making a script that fails shorter.
        patience: What the time-out of a machine's check is multiplied by.
        shrink: Whether Hypothesis makes up and shrinks the scripts.
    """

    scripts: int
    steps: int
    seconds: float
    reduction: float
    patience: float = 1.0
    shrink: bool = False


PROFILES: Mapping[str, Profile] = {
    'quick': Profile(scripts=10, steps=16, seconds=0.5, reduction=1.0),
    'ci': Profile(scripts=100, steps=30, seconds=2.0, reduction=3.0),
    'deep': Profile(
        scripts=2_000,
        steps=60,
        seconds=120.0,
        reduction=60.0,
        patience=10.0,
        shrink=True,
    ),
}
"""Profile to its numbers.

Faults that no story shows break one script in seven of 30 steps, and one in
sixteen of 16 (measured on our ledgers' handlers), so that few long scripts
beat many short ones, and 100 miss a fault once in a million runs. On a
backend in memory they take 0.5 s; 2 s is a fifth of what a handler may take
with all its laws. `quick` is for each save. `deep` is for the night:
Hypothesis shrinks for a minute, within ten times the time-out of a law.
"""

DEFAULT_TIMEOUT = 30.0
"""Seconds for one law; the slowest real backend of ours takes a tenth."""


class UsageError(Exception):
    """The kit was asked for something that makes no sense; says what does."""


@dataclasses.dataclass(frozen=True, slots=True)
class Waiver:
    """A finding that the author accepts, with a reason, until a date.

    Attributes:
        check: Id of the waived check.
        plugin: Entry point it is for; `None` means all.
        reason: Why; a blank one is a finding of its own.
        issue: URL where the work is tracked.
        expires: Last day on which the waiver counts.
    """

    check: str
    plugin: str | None = None
    reason: str = ''
    issue: str | None = None
    expires: dt.date | None = None

    def covers(self, check: str, unit: str) -> bool:
        """Return whether the waiver is for this check of this unit."""
        return self.check == check and self.plugin in (None, unit)

    def expired(self, today: dt.date) -> bool:
        """Return whether the last day has passed."""
        return self.expires is not None and self.expires < today


@dataclasses.dataclass(frozen=True, slots=True)
class SecretException:
    """A flagged value that the author must keep, with a reason.

    Attributes:
        path: Path in the manifest, as the finding names it.
        reason: Why the value is no secret.
    """

    path: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Config:
    """The whole table; command-line options override it.

    Attributes:
        sandbox: `module:callable` of the sandbox, `none`, or unset.
        sandbox_reason: Why there is no sandbox; needed with `none`.
        profile: How hard the laws look: quick, ci or deep.
        timeout: Seconds for one law.
        waivers: Accepted findings.
        secret_exceptions: Accepted look-alikes of secrets.
        strict: Whether a SHOULD is an error.
        import_warning: Seconds of import that are a warning.
        import_deadline: Seconds after which an import is given up.
        import_modules: Modules pulled in beyond which is a warning.
        loop_threshold: Seconds for which a call may hold up the event loop.
        read_only: Whether laws may write nothing to the backend.
    """

    sandbox: str | None = None
    sandbox_reason: str = ''
    profile: str = 'ci'
    timeout: float = DEFAULT_TIMEOUT
    waivers: tuple[Waiver, ...] = ()
    secret_exceptions: tuple[SecretException, ...] = ()
    strict: bool = False
    import_warning: float = 2.0
    import_deadline: float = 10.0
    import_modules: int = 400
    loop_threshold: float = 0.1
    read_only: bool = False


_WHERE = '[tool.imbi.testkit]'


def _fail(key: str, must: str) -> UsageError:
    return UsageError(f'{_WHERE} {key}: {must}')


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise _fail(key, f'must be a string, is {type(value).__name__}.')
    return value


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _fail(key, f'must be a number, is {type(value).__name__}.')
    if value <= 0:
        raise _fail(key, 'must be greater than zero.')
    return float(value)


def _count(key: str, value: object) -> int:
    return int(_number(key, value))


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _fail(key, 'must be true or false.')
    return value


def _profile(key: str, value: object) -> str:
    text = _text(key, value)
    if text not in PROFILES:
        hint = did_you_mean(text, PROFILES)
        raise _fail(key, f'must be {listed(PROFILES)}.{hint}')
    return text


def _date(key: str, value: object) -> dt.date:
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    raise _fail(key, 'must be a date, as in 2027-03-01.')


def _tables(
    key: str, value: object, fields: Mapping[str, Callable[[str, Any], Any]]
) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise _fail(key, 'must be a list of tables.')
    tables: list[dict[str, Any]] = []
    for index, entry in enumerate(cast('list[object]', value)):
        where = f'{key}[{index}]'
        if not isinstance(entry, dict):
            raise _fail(where, 'must be a table.')
        tables.append(_read(where, cast('dict[str, Any]', entry), fields))
    return tables


def _read(
    where: str,
    table: Mapping[str, Any],
    fields: Mapping[str, Callable[[str, Any], Any]],
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in table.items():
        path = f'{where}.{key}' if where else key
        if key not in fields:
            raise _fail(
                path,
                f'is not known.{did_you_mean(key, fields)} '
                f'Known here: {", ".join(sorted(fields))}.',
            )
        values[key.replace('-', '_')] = fields[key](path, value)
    return values


def _waivers(key: str, value: object) -> tuple[Waiver, ...]:
    fields = {
        'check': _text,
        'plugin': _text,
        'reason': _text,
        'issue': _text,
        'expires': _date,
    }
    tables = _tables(key, value, fields)
    for index, table in enumerate(tables):
        if 'check' not in table:
            raise _fail(f'{key}[{index}]', 'needs `check`, a check id.')
    return tuple(Waiver(**table) for table in tables)


def _exceptions(key: str, value: object) -> tuple[SecretException, ...]:
    tables = _tables(key, value, {'path': _text, 'reason': _text})
    for index, table in enumerate(tables):
        if not table.get('path') or not table.get('reason', '').strip():
            raise _fail(
                f'{key}[{index}]', 'needs `path` and a written `reason`.'
            )
    return tuple(SecretException(**table) for table in tables)


_KEYS: Mapping[str, Callable[[str, Any], Any]] = {
    'sandbox': _text,
    'sandbox-reason': _text,
    'profile': _profile,
    'timeout': _number,
    'waivers': _waivers,
    'secret-exceptions': _exceptions,
    'strict': _flag,
    'import-warning': _number,
    'import-deadline': _number,
    'import-modules': _count,
    'loop-threshold': _number,
    'read-only': _flag,
}


def read_config(project: Mapping[str, Any]) -> Config:
    """Return the kit's configuration from a parsed pyproject.toml.

    Raises:
        UsageError: A key is unknown (with a did-you-mean), a value has the
            wrong type, or `sandbox = "none"` stands without a reason.
    """
    table: Mapping[str, Any] = project
    for name in ('tool', 'imbi', 'testkit'):
        found: Any = table.get(name, {})
        if not isinstance(found, dict):
            raise UsageError(f'[tool.imbi.testkit]: {name} must be a table.')
        table = cast('dict[str, Any]', found)
    values = _read('', table, _KEYS)
    config = Config(**values)
    if config.sandbox == 'none' and not config.sandbox_reason.strip():
        raise _fail(
            'sandbox',
            '"none" gives up every law and needs `sandbox-reason = "…"`.',
        )
    return config


def read_project(path: Path) -> dict[str, Any]:
    """Return a parsed pyproject.toml.

    Raises:
        UsageError: The file is not TOML; names line and column.
    """
    try:
        return tomllib.loads(path.read_text('utf-8'))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f'{path.name} is not valid TOML: {error}') from None
