"""The curated catalog: which distributions a host may import.

ADR 0008 has no sandbox; the catalog is the trust boundary, so it is asked
before the import (`PluginRegistry(catalog=Catalog.shipped())`). A document is
TOML::

    format_version = 1

    [[entries]]
    distribution = "imbi-plugin-ssm"
    versions = ">=0.1,<1"
    slugs = ["aws-ssm"]
    status = "approved"        # or "deprecated", "blocked"
    since = 2026-11-22
    note = "Why; needed unless it is approved."
    sha256 = { "imbi_plugin_ssm-0.1.0-py3-none-any.whl" = "9f86…" }

Digests are of wheels, so they are held against a wheel before it is
installed (`check_wheel`); an installed distribution no longer has one.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal, Protocol

from imbi_plugin_sdk._text import did_you_mean, listed, shown
from imbi_plugin_sdk.catalog._document import FORMAT_VERSION, entries_of
from imbi_plugin_sdk.catalog.entries import (
    STATUSES,
    CatalogEntry,
    CatalogError,
    Status,
    normalized,
)
from imbi_plugin_sdk.errors import Problem

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from pathlib import Path

__all__ = [
    'FORMAT_VERSION',
    'Catalog',
    'CatalogEntry',
    'CatalogError',
    'Decision',
    'Status',
    'check_catalog',
]


class _EntryPoint(Protocol):
    """What the catalog asks of an entry point: whose it is."""

    @property
    def distribution(self) -> str: ...

    @property
    def version(self) -> str: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """What the catalog says of one distribution.

    Attributes:
        status: The status of the entry that decided; `unlisted` where none
            speaks of this distribution, version or slug.
        problem: Why not, or what is deprecated; None where all is well. Its
            codes: not_listed, version_not_listed, version_invalid,
            slug_not_listed, blocked, deprecated.
        entry: The entry that decided.
    """

    status: Status | Literal['unlisted']
    problem: Problem | None = None
    entry: CatalogEntry | None = None

    @property
    def allowed(self) -> bool:
        """Whether it may be imported."""
        return self.status in {'approved', 'deprecated'}


@dataclasses.dataclass(frozen=True, slots=True)
class Catalog:
    """Entries, and what follows from them.

    Attributes:
        entries: In the document's order. Where several cover one version,
            the strictest status counts, and slugs add up.
    """

    entries: tuple[CatalogEntry, ...]

    @classmethod
    def parse(cls, text: str) -> Catalog:
        """Read a document.

        Raises:
            CatalogError: Everything that is wrong with it.
        """
        entries, problems = entries_of(text)
        if problems:
            raise CatalogError('catalog', problems)
        return cls(tuple(entries))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Catalog:
        """Read a document from a file.

        Raises:
            CatalogError: Everything that is wrong with it.
            OSError: It cannot be read.
        """
        return cls.parse(_read(path))

    @classmethod
    def shipped(cls) -> Catalog:
        """Return the catalog of this SDK: the reference plugins."""
        from importlib.resources import files  # noqa: PLC0415  on demand

        document = files('imbi_plugin_sdk') / 'catalog.toml'
        return cls.parse(document.read_text('utf-8'))

    def extended(self, other: Catalog) -> Catalog:
        """Return a catalog with another one's entries behind these.

        A host adds its own plugins so, or blocks what is listed here.
        """
        return Catalog((*self.entries, *other.entries))

    def decide(
        self,
        distribution: str,
        version: str,
        slugs: Iterable[str] | None = None,
    ) -> Decision:
        """Say whether a distribution may be imported; imports nothing.

        Args:
            distribution: Its name, in any spelling.
            version: Its version (PEP 440).
            slugs: Slugs of its plugins, all of which must be listed; None
                where they are not known yet.
        """
        name = normalized(distribution)
        own = [entry for entry in self.entries if entry.distribution == name]
        if not own:
            return _refused(self._not_listed(name))
        covering = _covering(own, version)
        if isinstance(covering, Problem):
            return _refused(covering)
        entry = max(covering, key=lambda one: STATUSES.index(one.status))
        if entry.status == 'blocked':
            return Decision('blocked', _blocked(name, entry), entry)
        if slugs is not None:
            known = {slug for one in covering for slug in one.slugs}
            for slug in slugs:
                if slug not in known:
                    return _refused(_slug_not_listed(name, slug, known), entry)
        if entry.status == 'deprecated':
            return Decision('deprecated', _deprecated(name, entry), entry)
        return Decision('approved', None, entry)

    def allows(self, distribution: str, version: str) -> bool:
        """Tell whether a distribution may be imported."""
        return self.decide(distribution, version).allowed

    def problem_of(
        self, plugin: _EntryPoint, slug: str | None
    ) -> Problem | None:
        """Say why a plugin may not be used; the registry's `Gate`.

        Args:
            plugin: The entry point.
            slug: The manifest's slug; None before the import.
        """
        decision = self.decide(
            plugin.distribution,
            plugin.version,
            None if slug is None else (slug,),
        )
        return None if decision.allowed else decision.problem

    def check_wheel(
        self,
        path: str | os.PathLike[str],
        slugs: Iterable[str] | None = None,
    ) -> tuple[Problem, ...]:
        """Say why a wheel may not be installed; unpacks nothing.

        Where an entry that covers its version pins digests, the file must be
        one of them.

        Args:
            path: The wheel; its name tells distribution and version.
            slugs: As for `decide`.

        Returns:
            Problems; empty where it may be installed. A deprecation is none.

        Raises:
            OSError: The file cannot be read.
        """
        from pathlib import Path  # noqa: PLC0415  on demand

        from packaging.utils import (  # noqa: PLC0415  10 ms
            parse_wheel_filename,
        )

        wheel = Path(path)
        try:
            name, version = parse_wheel_filename(wheel.name)[:2]
        except ValueError:  # InvalidWheelFilename, or thousands of digits
            return (_not_a_wheel(wheel.name),)
        decision = self.decide(name, str(version), slugs)
        if not decision.allowed and decision.problem is not None:
            return (decision.problem,)
        pinned = {
            file: digest
            for entry in self.entries
            if entry.distribution == name and entry.covers(version)
            for file, digest in entry.sha256.items()
        }
        return tuple(_digest_problems(wheel, pinned)) if pinned else ()

    def _not_listed(self, name: str) -> Problem:
        known = {entry.distribution for entry in self.entries}
        return Problem(
            'not_listed',
            name,
            'the catalog has no such distribution.'
            f'{did_you_mean(name, known)}',
            'Add an entry for it once it was reviewed, or uninstall it.',
        )


def check_catalog(text: str) -> tuple[Problem, ...]:
    """Say everything that is wrong with a catalog document.

    Args:
        text: The TOML document.

    Returns:
        Problems with the codes catalog_syntax, format_version, unknown_key,
        missing_key, wrong_type, distribution_invalid, versions_invalid,
        status_invalid, note_missing, slug_invalid, slug_too_long,
        slug_duplicate, slugs_empty, sha256_invalid, wheel_name_invalid,
        wheel_of_another, wheel_out_of_range, entry_duplicate; empty where it
        holds.
    """
    return tuple(entries_of(text)[1])


def _read(path: str | os.PathLike[str]) -> str:
    """Read a document; octets that are no UTF-8 are a problem of it.

    Raises:
        CatalogError: It is not UTF-8.
    """
    from pathlib import Path  # noqa: PLC0415  on demand

    data = Path(path).read_bytes()
    try:
        return data.decode('utf-8')
    except UnicodeDecodeError as error:
        problem = Problem(
            'catalog_syntax',
            '',
            f'is no UTF-8 at octet {error.start}.',
            'Save it as UTF-8.',
        )
    raise CatalogError('catalog', [problem])


def _covering(
    entries: list[CatalogEntry], version: str
) -> list[CatalogEntry] | Problem:
    """Return the entries that speak of a version, or why there are none."""
    from packaging.version import Version  # noqa: PLC0415  10 ms

    name = entries[0].distribution
    try:
        parsed = Version(version)
    except ValueError:  # InvalidVersion, or thousands of digits
        # What cannot be compared cannot be cleared, and may be blocked.
        return Problem(
            'version_invalid',
            name,
            f'its version {shown(version)} is none (PEP 440).',
            'Reinstall a release of it.',
        )
    covering = [entry for entry in entries if entry.covers(parsed)]
    if covering:
        return covering
    ranges = listed(entry.versions for entry in entries)
    return Problem(
        'version_not_listed',
        name,
        f'its version {parsed} is not in the catalog, which has {ranges}.',
        'Install a version that is listed, or review this one.',
    )


def _refused(problem: Problem, entry: CatalogEntry | None = None) -> Decision:
    return Decision('unlisted', problem, entry)


def _blocked(name: str, entry: CatalogEntry) -> Problem:
    versions = entry.versions or 'every version'
    return Problem(
        'blocked',
        name,
        f'{versions} is blocked since {entry.since.isoformat()}: {entry.note}',
        'Uninstall it, or install a version that is not blocked.',
    )


def _deprecated(name: str, entry: CatalogEntry) -> Problem:
    return Problem(
        'deprecated',
        name,
        f'is deprecated since {entry.since.isoformat()}: {entry.note}',
        'Plan to move away from it.',
    )


def _slug_not_listed(name: str, slug: str, known: set[str]) -> Problem:
    return Problem(
        'slug_not_listed',
        name,
        f'the catalog does not list its slug {shown(slug)}.'
        f'{did_you_mean(slug, known)}',
        f'It may have {listed(sorted(known))}; review the new one first.',
    )


def _not_a_wheel(file: str) -> Problem:
    return Problem(
        'not_a_wheel',
        file,
        'its name is none of a wheel, so that nobody can say what it is.',
        'Give a file as the build made it, `name-version-tags.whl`.',
    )


def _digest_problems(wheel: Path, pinned: dict[str, str]) -> list[Problem]:
    """Hold a wheel against the digests of its versions."""
    from hashlib import sha256  # noqa: PLC0415  on demand

    expected = pinned.get(wheel.name)
    if expected is None:
        return [
            Problem(
                'wheel_not_listed',
                wheel.name,
                f'the catalog pins {listed(sorted(pinned))} only.',
                'Install one of those, or add this one once it was reviewed.',
            )
        ]
    with wheel.open('rb') as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() == expected:
        return []
    return [
        Problem(
            'sha256_differs',
            wheel.name,
            f'its SHA-256 is {digest.hexdigest()}; the catalog has '
            f'{expected}.',
            'Do not install it: it is not the file that was reviewed.',
        )
    ]
