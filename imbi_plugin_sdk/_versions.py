"""Which contract version a plugin and this SDK have in common."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from imbi_plugin_sdk._text import listed, shown

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from packaging.specifiers import SpecifierSet
    from packaging.version import Version as _Packaged

Version: TypeAlias = tuple[int, int]
"""A contract version: major and minor."""

State: TypeAlias = Literal['ok', 'deprecated', 'too_old', 'too_new', 'invalid']
"""How what a plugin declares stands to what is served."""

LONGEST_SPECIFIER = 128
"""Characters; `>=1.2,<3,!=2.1` has 14, and nobody needs ten times that."""


@dataclasses.dataclass(frozen=True, slots=True)
class Deprecation:
    """A promise about contract versions that are on their way out.

    Attributes:
        since: Plugins negotiated below this contract version are meant.
        removed_in: The contract version that no longer serves them.
        not_before: They are served at least until this day.
        hint: What the author should do.
    """

    since: Version
    removed_in: Version
    not_before: dt.date
    hint: str


@dataclasses.dataclass(frozen=True, slots=True)
class Negotiation:
    """What came of a plugin's `api_version`.

    Attributes:
        plugin_type: The plugin type it is about.
        declared: What the plugin declares, shortened for messages.
        state: `ok` and `deprecated` are served, the others are not.
        version: The highest common version; None where not served.
        message: What was declared and what is served, one sentence.
        remedy: What to do; empty when there is nothing to do.
    """

    plugin_type: str
    declared: str
    state: State
    version: Version | None
    message: str
    remedy: str

    @property
    def is_served(self) -> bool:
        """True if the plugin can be used."""
        return self.version is not None


def negotiate(
    plugin_type: str,
    declared: object,
    versions: Sequence[Version],
    deprecations: Iterable[Deprecation] = (),
) -> Negotiation:
    """Find the highest version that both sides know.

    Args:
        plugin_type: The plugin type, for messages.
        declared: An int (`1` is `>=1.0,<2`; a bool is none), or a version
            specifier such as `>=1.2,<3`. Anything else is invalid.
        versions: What is served, oldest first.
        deprecations: What is on its way out.

    Returns:
        The outcome; it raises for nothing that a plugin can declare.
    """
    words = _Words(plugin_type, declared_text(declared), span(versions))
    specifier = _specifier(declared)
    if isinstance(specifier, str):
        return words.outcome('invalid', specifier, _EXAMPLE)
    common = [version for version in versions if specifier.admits(version)]
    if common:
        return _served(words, common[-1], deprecations)
    state = specifier.side(versions)
    if state == 'too_new':
        return words.outcome(
            state,
            'asks for a newer contract',
            'Upgrade imbi-plugin-sdk in the host, or declare a version that '
            'it serves.',
        )
    if state == 'too_old':
        return words.outcome(
            state,
            'asks for a contract that is no longer served',
            f'Upgrade the plugin, or port it to contract '
            f'{_text(versions[-1])}.',
        )
    return words.outcome('invalid', 'admits no contract version', _EXAMPLE)


_EXAMPLE = "Declare an int such as 1, or a range such as '>=1.0,<2'."


@dataclasses.dataclass(frozen=True, slots=True)
class _Words:
    """What every outcome of one negotiation says."""

    plugin_type: str
    declared: str
    served: str

    def outcome(
        self,
        state: State,
        finding: str,
        remedy: str,
        version: Version | None = None,
    ) -> Negotiation:
        """Return an outcome with a message that names both sides."""
        return Negotiation(
            self.plugin_type,
            self.declared,
            state,
            version,
            f'api_version {self.declared} {finding}; this SDK serves '
            f'{self.served} for plugin type {self.plugin_type!r}.',
            remedy,
        )


def _served(
    words: _Words, version: Version, deprecations: Iterable[Deprecation]
) -> Negotiation:
    """Return the outcome of a common version: what ends first is told."""
    means = f'means contract {_text(version)}'
    leaving = [one for one in deprecations if version < one.since]
    if not leaving:
        return words.outcome('ok', means, '', version)
    first = min(leaving, key=lambda one: (one.removed_in, one.not_before))
    return words.outcome(
        'deprecated',
        f'{means}, which is deprecated since {_text(first.since)} and removed '
        f'in {_text(first.removed_in)}, not before '
        f'{first.not_before.isoformat()}',
        first.hint,
        version,
    )


class _Major:
    """The range that an int means: one major version."""

    def __init__(self, major: int) -> None:
        self.major = major

    def admits(self, version: Version) -> bool:
        """Tell whether a version is in the range."""
        return version[0] == self.major

    def side(self, versions: Sequence[Version]) -> State:
        """Say on which side of what is served the range lies."""
        return 'too_new' if self.major > versions[-1][0] else 'too_old'


class _Range:
    """The range that a specifier means."""

    def __init__(self, specifiers: SpecifierSet) -> None:
        self.specifiers = specifiers

    def admits(self, version: Version) -> bool:
        """Tell whether a version is in the range."""
        return self.specifiers.contains(_text(version), prereleases=True)

    def side(self, versions: Sequence[Version]) -> State:
        """Say on which side of what is served the range lies.

        A specifier changes its mind only at the versions it names, so those
        and their neighbours are all that need to be asked.
        """
        from packaging.version import InvalidVersion, Version  # noqa: PLC0415

        named = {Version('0'), Version('9999')}
        for specifier in self.specifiers:
            text = specifier.version.removesuffix('.*')
            try:
                named.add(Version(text))
            except InvalidVersion:  # `===` takes any text
                continue
        probes = [
            candidate
            for version in named
            for candidate in _neighbours(version)
            if self.specifiers.contains(candidate, prereleases=True)
        ]
        newest, oldest = (
            Version(_text(versions[-1])),
            Version(_text(versions[0])),
        )
        if any(probe > newest for probe in probes):
            return 'too_new'
        if any(probe < oldest for probe in probes):
            return 'too_old'
        return 'invalid'


def _specifier(declared: object) -> _Major | _Range | str:
    """Return the range that is declared, or what is wrong with it."""
    kind = type(declared)
    if issubclass(kind, bool) or not issubclass(kind, (int, str)):
        return 'is neither an int nor a version specifier'
    if isinstance(declared, int):
        major = int.__add__(declared, 0)
        return _Major(major) if major > 0 else 'is not a positive int'
    text = str.__str__(cast('str', declared)).strip()
    if not text:
        return 'is empty'
    if len(text) > LONGEST_SPECIFIER:
        return f'is longer than {LONGEST_SPECIFIER} characters'
    return _parsed(text)


def _parsed(text: str) -> _Range | str:
    """Parse a version specifier."""
    # packaging costs 10 ms to import, and most plugins declare an int.
    from packaging.specifiers import (  # noqa: PLC0415
        InvalidSpecifier,
        SpecifierSet,
    )

    try:
        specifiers = SpecifierSet(text)
        return _Range(specifiers) if len(specifiers) else 'is empty'
    except InvalidSpecifier:
        if all(part.isdecimal() for part in text.split('.')):
            return 'is one version and no range of them'
        return 'is no version specifier'


def _neighbours(version: _Packaged) -> Iterable[_Packaged]:
    """Return a version and those right beside it, minor and major."""
    from packaging.version import Version  # noqa: PLC0415

    major, minor = (*version.release, 0)[:2]
    beside = [(major, minor + 1), (major + 1, 0)]
    if minor:
        beside.append((major, minor - 1))
    if major:
        beside.append((major - 1, 9999))
    return [
        version,
        *(Version(f'{version.epoch}!{a}.{b}') for a, b in beside),
    ]


def declared_text(declared: object) -> str:
    """Show what is declared, whatever it is, on one short line."""
    kind = type(declared)
    if issubclass(kind, bool):
        return 'True' if declared else 'False'
    # Not `isinstance`, which asks an object what it says that it is.
    if issubclass(kind, int):
        number = cast('int', declared)
        bits = int.bit_length(number)
        # Python refuses to print ints of more than 4,300 digits.
        return int.__repr__(number) if bits <= 64 else f'of {bits} bits'  # noqa: PLR2004  a machine word
    if issubclass(kind, str):
        return shown(str.__str__(cast('str', declared)))
    return f'of type {kind.__name__}'


def _text(version: Version) -> str:
    """Return `1.0`."""
    return f'{version[0]}.{version[1]}'


def span(versions: Sequence[Version]) -> str:
    """Return the versions served, as in `1.0 or 1.1`."""
    return listed(_text(version) for version in versions)
