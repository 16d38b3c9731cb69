"""What the registry holds: entries, refusals, and one frozen view of both."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from imbi_plugin_sdk.errors import Problem
    from imbi_plugin_sdk.manifest import PluginManifest
    from imbi_plugin_sdk.registry._code import Code

Stage: TypeAlias = Literal[
    'metadata',
    'blocked',
    'catalog',
    'import',
    'api_version',
    'manifest',
    'contract',
    'slug',
    'labels',
]
"""Where admission ended, in the order in which it asks."""


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """Why an entry point gave no plugin.

    Attributes:
        distribution: Normalised name; empty where no distribution is at
            fault.
        version: Its version.
        entry_point: Its name; empty if the whole distribution is meant.
        stage: Where admission ended.
        code: Stable, machine-readable name of the reason.
        message: What was seen and what must hold. Never holds a secret.
        remedy: What to do.
        slug: The slug it would have had, where that is known.
        problems: Each single finding, where there are several.
        findings: What importing it did to the process.
        path: The distribution's metadata directory; empty if it is not on
            disk.
    """

    distribution: str
    version: str
    entry_point: str
    stage: Stage
    code: str
    message: str
    remedy: str
    slug: str = ''
    problems: tuple[Problem, ...] = ()
    findings: tuple[Problem, ...] = ()
    path: str = ''

    def __str__(self) -> str:
        """Return the refusal on one line, remedy last."""
        who = f'{self.distribution} {self.version}'.strip()
        point = f' ({self.entry_point})' if self.entry_point else ''
        return (
            f'{who}{point}: {self.message} Fix: {self.remedy} '
            f'[{self.stage}: {self.code}]'
        )


# Never compared or hashed by value: that would run the metaclass of a
# stranger's handler class.
@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One plugin that is ready to serve.

    Attributes:
        slug: Its stable key.
        plugin_type: As in its manifest.
        handler: The handler class; the registry makes no instance.
        manifest: A deep copy that nobody can change; validated.
        contract_version: What was negotiated, as (major, minor).
        distribution: Normalised name of the distribution.
        version: Version of the code that runs, not of what is on disk.
        entry_point: Name of the entry point.
        path: Its metadata directory; empty if it is not on disk.
        editable: Whether its source is edited in place.
        fingerprint: Digest of the code that runs (hexadecimal SHA-256).
        stale: Why newer code on disk does not run; empty if it is current.
        findings: What is worth knowing but keeps nobody from using it.
        protocol: What is called; the contract's own class of one major.
        lifted: What an adapter made of the handler, if it is of an older
            major than the host calls.
        _code: What tells the fingerprint when somebody asks for it; it was
            read from disk when the handler was imported.
    """

    slug: str
    plugin_type: str
    handler: type = dataclasses.field(repr=False)
    manifest: PluginManifest = dataclasses.field(repr=False)
    contract_version: tuple[int, int]
    distribution: str
    version: str
    entry_point: str
    path: str
    editable: bool
    fingerprint: str
    stale: str = ''
    findings: tuple[Problem, ...] = dataclasses.field(default=(), repr=False)
    protocol: type | None = dataclasses.field(default=None, repr=False)
    lifted: type | None = dataclasses.field(default=None, repr=False)
    _code: Code | None = dataclasses.field(
        default=None, repr=False, init=False
    )

    if not TYPE_CHECKING:  # for a type checker, every attribute is there

        def __getattr__(self, name: str) -> str:
            """Tell the fingerprint: a digest that few ever ask for."""
            if name != 'fingerprint' or self._code is None:
                raise AttributeError(name=name, obj=self)
            object.__setattr__(self, name, self._code.fingerprint)
            return self.fingerprint

    @property
    def serving(self) -> type:
        """The class to call: the lifted one, or the handler itself."""
        return self.handler if self.lifted is None else self.lifted


_FILL: tuple[Callable[[Entry, Any], None], ...] = tuple(
    [
        getattr(Entry, field.name).__set__
        for field in dataclasses.fields(Entry)
        if field.name != 'fingerprint'
    ]
)


def entry_of(*values: object) -> Entry:
    """Return an entry whose fingerprint waits until somebody asks.

    A frozen dataclass sets each field by a look-up of its name, which takes
    four times as long as this; a thousand are made at each load.

    Args:
        values: All fields but the fingerprint, in order; the last is the
            code of its distribution.
    """
    entry = Entry.__new__(Entry)
    for fill, value in zip(_FILL, values, strict=True):
        fill(entry, value)
    return entry


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What the registry holds at one moment; it never changes.

    Attributes:
        generation: Counts the snapshots of one registry, from 1.
        entries: Slug to entry, in the order of admission.
        refusals: In the order of admission.
        findings: What is worth knowing of the environment as a whole.
        fingerprint: Equal in two processes that serve the same plugins
            (hexadecimal SHA-256).
    """

    generation: int
    entries: Mapping[str, Entry]
    refusals: tuple[Refusal, ...]
    findings: tuple[Problem, ...]
    fingerprint: str

    if not TYPE_CHECKING:  # for a type checker, every attribute is there

        def __getattr__(self, name: str) -> str:
            """Tell the fingerprint, which is made when it is first asked."""
            if name != 'fingerprint':
                raise AttributeError(name=name, obj=self)
            object.__setattr__(self, name, fingerprint_of(self.entries))
            return self.fingerprint

    def report(self) -> dict[str, Any]:
        """Return everything as data that `json.dumps` takes."""
        return {
            'generation': self.generation,
            'fingerprint': self.fingerprint,
            'plugins': [_entry_data(one) for one in self.entries.values()],
            'refusals': [_refusal_data(one) for one in self.refusals],
            'findings': _problem_data(self.findings),
        }


def snapshot_of(
    generation: int,
    entries: Mapping[str, Entry],
    refusals: tuple[Refusal, ...],
    findings: tuple[Problem, ...],
) -> Snapshot:
    """Return a snapshot; its fingerprint waits until somebody asks."""
    snapshot = Snapshot.__new__(Snapshot)
    fields = {
        'generation': generation,
        'entries': MappingProxyType(dict(entries)),
        'refusals': refusals,
        'findings': findings,
    }
    for name, value in fields.items():
        object.__setattr__(snapshot, name, value)
    return snapshot


def fingerprint_of(entries: Mapping[str, Entry]) -> str:
    """Return what two processes compare.

    Places on disk are left out, so that two hosts agree; so are refusals,
    which serve nothing.
    """
    from hashlib import sha256  # noqa: PLC0415  only a load needs it

    digest = sha256()
    for slug in sorted(entries):
        entry = entries[slug]
        words = (
            slug,
            entry.distribution,
            entry.version,
            entry.entry_point,
            entry.fingerprint,
            str(entry.contract_version),
        )
        digest.update('\0'.join(words).encode('utf-8', 'surrogateescape'))
        digest.update(b'\n')
    return digest.hexdigest()


def _entry_data(entry: Entry) -> dict[str, Any]:
    major, minor = entry.contract_version
    return {
        'slug': entry.slug,
        'plugin_type': entry.plugin_type,
        'contract': f'{major}.{minor}',
        'lifted': entry.lifted is not None,
        'distribution': entry.distribution,
        'version': entry.version,
        'entry_point': entry.entry_point,
        'path': entry.path,
        'editable': entry.editable,
        'fingerprint': entry.fingerprint,
        'stale': entry.stale,
        'findings': _problem_data(entry.findings),
    }


def _refusal_data(refusal: Refusal) -> dict[str, Any]:
    return {
        'distribution': refusal.distribution,
        'version': refusal.version,
        'entry_point': refusal.entry_point,
        'path': refusal.path,
        'slug': refusal.slug,
        'stage': refusal.stage,
        'code': refusal.code,
        'message': refusal.message,
        'remedy': refusal.remedy,
        'problems': _problem_data(refusal.problems),
        'findings': _problem_data(refusal.findings),
    }


def _problem_data(problems: tuple[Problem, ...]) -> list[dict[str, str]]:
    return [
        {
            'code': problem.code,
            'path': problem.path,
            'message': problem.message,
            'fix': problem.fix,
        }
        for problem in problems
    ]
