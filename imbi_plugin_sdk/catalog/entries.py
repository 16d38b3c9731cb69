"""What one line of the catalog says, and what follows from it."""

from __future__ import annotations

import dataclasses
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from imbi_plugin_sdk.errors import ProblemsError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

Status: TypeAlias = Literal['approved', 'deprecated', 'blocked']
"""What the curators say: install it; move away from it; never import it."""

STATUSES: tuple[Status, ...] = ('approved', 'deprecated', 'blocked')
"""From the mildest to the strictest; where entries overlap, the strictest."""

_RUNS = re.compile(r'[-_.]+')


class CatalogError(ProblemsError):
    """A catalog document does not hold; nothing of it is used."""

    code = 'catalog_invalid'


@dataclasses.dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One distribution, or some of its versions.

    Attributes:
        distribution: Normalised name (PEP 503).
        versions: Which versions are meant, as in `>=1.2,<2` (PEP 440); empty
            for all. Pre-releases are in the range that they lie in.
        slugs: Slugs that its plugins may have.
        status: What the curators say.
        note: Why, for operators; not empty unless approved.
        since: The day on which they said so.
        sha256: File name of a wheel to its digest in lower-case hexadecimal;
            empty pins nothing.
    """

    distribution: str
    versions: str
    slugs: tuple[str, ...]
    status: Status
    note: str
    since: dt.date
    sha256: Mapping[str, str] = dataclasses.field(
        default_factory=lambda: MappingProxyType[str, str]({})
    )

    def covers(self, version: Version) -> bool:
        """Tell whether a version is meant."""
        return specifier(self.versions).contains(version, prereleases=True)


def specifier(versions: str) -> SpecifierSet:
    """Parse a version range.

    Raises:
        packaging.specifiers.InvalidSpecifier: It is none.
    """
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415  10 ms

    return SpecifierSet(versions)


def normalized(name: str) -> str:
    """Return a distribution's name as the simple index spells it (PEP 503)."""
    return _RUNS.sub('-', name).lower()
