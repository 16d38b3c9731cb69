"""What the host decides before a stranger's code is imported.

ADR 0008 has no sandbox: the catalog is the trust boundary, so it is asked
first, and a block list before it.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Protocol, TypeAlias

from imbi_plugin_sdk._text import shown
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry._names import NAME, normalized

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from imbi_plugin_sdk.contract import Contract
    from imbi_plugin_sdk.registry.adapters import Adapter
    from imbi_plugin_sdk.registry.discovery import EntryPointRef
    from imbi_plugin_sdk.registry.snapshot import Stage


class Gate(Protocol):
    """Something that can keep a plugin out: a catalog, for instance."""

    def problem_of(
        self, plugin: EntryPointRef, slug: str | None
    ) -> Problem | None:
        """Say why a plugin may not be used.

        It is asked twice: before the import with None, when the entry
        point's name is all that is known of the slug, and after it with the
        slug of the manifest. It must not import the plugin.

        Args:
            plugin: The entry point and whose it is.
            slug: The manifest's slug; None before the import.

        Returns:
            The reason, or None to let it in.
        """
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Block:
    """One line of a block list.

    Attributes:
        reason: Why, for operators; it ends up in the refusal.
        slug: The slug that is blocked; before the import the entry point's
            name stands for it.
        distribution: The distribution that is blocked, in any spelling.
        versions: Which of its versions, as in `>=1.2,<1.2.3`; empty for all.

    Raises:
        ValueError: Neither slug nor distribution is given, the reason is
            blank, the distribution is no name of one, or the versions are no
            specifier.
    """

    reason: str
    slug: str = ''
    distribution: str = ''
    versions: str = ''

    def __post_init__(self) -> None:
        """Refuse a line that would block nothing, or everything."""
        if not self.reason.strip():
            raise ValueError('a block needs a reason; operators will ask')
        if not self.slug.strip() and not self.distribution.strip():
            raise ValueError('a block names a slug, a distribution, or both')
        if self.distribution and not NAME.fullmatch(self.distribution):
            raise ValueError(
                f'distribution is {shown(self.distribution)}, which no '
                'distribution can be called; give a name such as '
                "'imbi-plugin-ssm', and its versions apart"
            )
        if self.versions:
            from packaging.specifiers import (  # noqa: PLC0415  costs 10 ms
                SpecifierSet,
            )

            try:
                # Asked something, since a number that no int can hold is
                # noticed only then; that is no InvalidSpecifier.
                SpecifierSet(self.versions).contains('0')
            except ValueError:
                raise ValueError(
                    f'versions is {shown(self.versions)}; give a specifier '
                    "such as '>=1.2,<1.2.3'"
                ) from None

    def problem_of(
        self, plugin: EntryPointRef, slug: str | None
    ) -> Problem | None:
        """Say whether this line blocks a plugin."""
        if self.slug and self.slug != (slug or plugin.name):
            return None
        if self.distribution and (
            normalized(self.distribution) != plugin.distribution
        ):
            return None
        if self.versions and not _contains(self.versions, plugin.version):
            return None
        return Problem(
            'blocked',
            '',
            f'it is on the block list: {self.reason.strip()}',
            'Remove it from the block list, or uninstall it.',
        )


def _contains(versions: str, version: str) -> bool:
    """Tell whether a version is meant; one that cannot be read always is."""
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415  10 ms
    from packaging.version import Version  # noqa: PLC0415  10 ms

    try:
        # Parsed here: `contains` says no to what it cannot read, or raises,
        # depending on the version of packaging.
        parsed = Version(version)
    except ValueError:  # InvalidVersion, or thousands of digits
        return True
    return SpecifierSet(versions).contains(parsed, prereleases=True)


@dataclasses.dataclass(frozen=True, slots=True)
class PreflightResult:
    """What a rehearsal of the import in another process came to.

    Attributes:
        problem: Why the plugin must not be imported here; None if it may.
    """

    problem: Problem | None = None


if TYPE_CHECKING:
    Preflight: TypeAlias = Callable[[EntryPointRef], PreflightResult]
    """Imports an entry point in another process, and tells what came of it."""


@dataclasses.dataclass(frozen=True)
class Policy:
    """What admission asks the host about.

    Attributes:
        blocks: Asked first.
        catalog: Asked second; None lets everything in.
        preflight: Imports a plugin in another process, where `os._exit`, a
            segfault and a hang in C harm nobody; None rehearses nothing.
            This library starts no process, so the host gives the function.
        contracts: Plugin type to contract, with the versions served.
        adapters: Plugin type and older major to what lifts its handlers.
    """

    blocks: tuple[Block, ...]
    catalog: Gate | None
    preflight: Preflight | None
    contracts: Mapping[str, Contract]
    adapters: Mapping[tuple[str, int], Adapter]

    @functools.cached_property
    def gates(self) -> tuple[tuple[Stage, Gate], ...]:
        """Each gate with the stage that its refusals have, in order."""
        gates: list[tuple[Stage, Gate]] = [
            ('blocked', block) for block in self.blocks
        ]
        if self.catalog is not None:
            gates.append(('catalog', self.catalog))
        return tuple(gates)


def narrowed(
    contracts: Mapping[str, Contract], supported: Mapping[str, str]
) -> dict[str, Contract]:
    """Return the contracts with fewer versions served.

    Args:
        contracts: The table of this SDK.
        supported: Plugin type to a specifier of contract versions, as in
            `{'logs': '>=1.1'}`; types that are not named stay as they are.

    Raises:
        ValueError: A type is unknown, a specifier is none, or it leaves no
            version of its type.
    """
    from packaging.specifiers import (  # noqa: PLC0415  costs 10 ms
        SpecifierSet,
    )

    from imbi_plugin_sdk._text import did_you_mean  # noqa: PLC0415  failing

    table = dict(contracts)
    for plugin_type, text in supported.items():
        contract = table.get(plugin_type)
        if contract is None:
            raise ValueError(
                f'supported names the plugin type {shown(plugin_type)}, which '
                f'this SDK does not know.{did_you_mean(plugin_type, table)}'
            )
        try:
            specifier = SpecifierSet(text)
            specifier.contains('0')  # as for a block
        except ValueError:
            raise ValueError(
                f'supported[{plugin_type!r}] is {shown(text)}; give a '
                "specifier of contract versions such as '>=1.1,<2'"
            ) from None
        versions = tuple(
            version
            for version in contract.versions
            if specifier.contains(f'{version[0]}.{version[1]}')
        )
        if not versions:
            raise ValueError(
                f'supported[{plugin_type!r}] is {shown(text)}, which leaves '
                'no contract version to serve'
            )
        table[plugin_type] = dataclasses.replace(contract, versions=versions)
    return table
