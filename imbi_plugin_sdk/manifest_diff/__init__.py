"""What a new release of a plugin changes for operators.

`compare_manifests(old, new)` is a second pair of eyes for authors: it tells
what operators will notice (options, credentials, slugs, template, identity,
data types, labels, icons), and the smallest version bump that it deserves.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from imbi_plugin_sdk.errors import ManifestError, Problem
from imbi_plugin_sdk.manifest import PluginManifest
from imbi_plugin_sdk.manifest.plugin import FLAG_TYPES
from imbi_plugin_sdk.manifest_diff import _lists
from imbi_plugin_sdk.manifest_diff._lists import (
    mapping_changes,
    set_changes,
    was_is,
)
from imbi_plugin_sdk.manifest_diff._template import template_changes
from imbi_plugin_sdk.manifest_diff.rules import (
    BUMPS,
    RULES,
    Bump,
    Found,
    ManifestChange,
    Rule,
    Severity,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    'BUMPS',
    'RULES',
    'Bump',
    'ManifestChange',
    'ManifestDiff',
    'Manifests',
    'Rule',
    'Severity',
    'compare_manifests',
]

Manifests: TypeAlias = (
    PluginManifest
    | Mapping[str, Any]
    | Iterable[PluginManifest | Mapping[str, Any]]
)
"""A manifest, a mapping of its fields, or those of a whole distribution."""


@dataclasses.dataclass(frozen=True, slots=True)
class ManifestDiff:
    """Everything that a release changes.

    Attributes:
        changes: By bump, the greatest first, then by plugin and path.
        bump: The smallest version bump that all of it deserves; None where
            the manifests are the same.
    """

    changes: tuple[ManifestChange, ...]
    bump: Bump | None

    def next_version(self, version: str) -> str:
        """Return the first version that tells operators enough.

        Below 1.0 the minor part stands for the major one, as by custom of
        Semantic Versioning (item 4). A pre-release has announced its part
        already: what follows 2.0.0rc1 is 2.0.0, whatever changes.

        Args:
            version: The release that operators have (PEP 440).

        Raises:
            packaging.version.InvalidVersion: It is no version.
        """
        from packaging.version import Version  # noqa: PLC0415  10 ms

        had = Version(version)
        parts = [*had.release, 0, 0][:3]
        place = len(parts) - 1 - BUMPS.index(self.bump or 'patch')
        if parts[0] == 0:
            place = min(place + 1, len(parts) - 1)
        if not had.is_prerelease or any(parts[place + 1 :]):
            behind = [0] * (len(parts) - 1 - place)
            parts = [*parts[:place], parts[place] + 1, *behind]
        epoch = f'{had.epoch}!' if had.epoch else ''
        return epoch + '.'.join(map(str, parts))

    def is_told_by(self, old: str, new: str) -> bool:
        """Tell whether a release's version goes up far enough.

        Args:
            old: The version that operators have.
            new: The version of the release; a pre-release counts as it.

        Raises:
            packaging.version.InvalidVersion: One is no version.
        """
        from packaging.version import Version  # noqa: PLC0415  10 ms

        had, has = Version(old), Version(new)
        if self.bump is None:
            return has >= had
        needed = Version(self.next_version(old))
        return has > had and Version(has.base_version) >= needed

    def as_dict(self) -> dict[str, Any]:
        """Return data that `json.dumps` takes."""
        return {
            'bump': self.bump,
            'changes': [one.as_dict() for one in self.changes],
        }


def compare_manifests(old: Manifests, new: Manifests) -> ManifestDiff:
    """Say what operators notice between two releases.

    Plugins are paired by slug. Where slugs are gone and new ones came, a
    plugin is taken to have changed its slug if there is one of each, or if
    its plugin type, or that and its name, tell which one it became.

    Args:
        old: The manifest, or the manifests of the distribution, that
            operators have.
        new: The same of the release.

    Raises:
        ManifestError: A mapping is no valid manifest, or two manifests of
            one side have the same slug (`slug_duplicate`).
    """
    was, now = _by_slug(old), _by_slug(new)
    gone = [one for slug, one in was.items() if slug not in now]
    come = [one for slug, one in now.items() if slug not in was]
    changes: list[ManifestChange] = []
    pairs = [(one, now[slug]) for slug, one in was.items() if slug in now]
    for before in gone:
        after = _successor(before, gone, come)
        if after is None:
            found = Found('plugin_removed', '', 'is removed')
            changes.append(found.of(before.slug))
            continue
        come.remove(after)
        pairs.append((before, after))
        what = was_is(before.slug, after.slug)
        changes.append(Found('slug_changed', 'slug', what).of(before.slug))
    for manifest in come:
        found = Found('plugin_added', '', f'is new ({manifest.plugin_type})')
        changes.append(found.of(manifest.slug))
    for before, after in pairs:
        changes += [one.of(before.slug) for one in _differences(before, after)]
    changes.sort(
        key=lambda one: (-BUMPS.index(one.bump), one.plugin, one.path)
    )
    bump = changes[0].bump if changes else None
    return ManifestDiff(tuple(changes), bump)


def _by_slug(given: Manifests) -> dict[str, PluginManifest]:
    """Return what is given by slug."""
    manifests = _manifests(given)
    found = {one.slug: one for one in manifests}
    if len(found) < len(manifests):
        slugs = [one.slug for one in manifests]
        problems = [
            Problem(
                'slug_duplicate',
                slug,
                f'{slugs.count(slug)} manifests have this slug, and a host '
                'serves one of them.',
                'Give each plugin of the distribution a slug of its own.',
            )
            for slug in found
            if slugs.count(slug) > 1
        ]
        raise ManifestError('manifests of a distribution', problems)
    return found


def _manifests(given: Manifests) -> list[PluginManifest]:
    """Return what is given as a list of manifests."""
    if isinstance(given, PluginManifest):
        return [given]
    if isinstance(given, Mapping):
        return [PluginManifest.model_validate(given)]
    return [
        one
        if isinstance(one, PluginManifest)
        else PluginManifest.model_validate(one)
        for one in given
    ]


def _successor(
    old: PluginManifest,
    gone: list[PluginManifest],
    come: list[PluginManifest],
) -> PluginManifest | None:
    """Return the plugin that is likely the old one under another slug."""
    if len(gone) == len(come) == 1:
        return come[0]
    alike = [
        one
        for one in come
        if one.plugin_type == old.plugin_type and one.name == old.name
    ]
    if len(alike) != 1:
        alike = [one for one in come if one.plugin_type == old.plugin_type]
        rivals = [one for one in gone if one.plugin_type == old.plugin_type]
        if len(rivals) != 1:
            return None
    return alike[0] if len(alike) == 1 else None


# --- one plugin --------------------------------------------------------

_SCALARS = {
    'auth_type': 'auth_type_changed',
    'cacheable': 'cacheable_changed',
    'description': 'text_changed',
    'name': 'text_changed',
    'plugin_type': 'plugin_type_changed',
    'widget_text': 'text_changed',
}
"""Field to the code of its change, whatever the values are."""

_COMPARED = frozenset(
    {
        *_SCALARS,
        *FLAG_TYPES,
        'api_version',
        'credentials',
        'data_types',
        'default_scopes',
        'edge_labels',
        'icon',
        'icon_dark',
        'lifecycle_events',
        'ops_log_templates',
        'options',
        'requires_identity',
        'slug',
        'third_party_service',
        'vertex_labels',
    }
)
"""Fields that have a rule of their own; any other is `other_changed`."""


def _differences(old: PluginManifest, new: PluginManifest) -> Iterator[Found]:
    """Yield how one plugin changed."""
    for field, code in _SCALARS.items():
        was, now = getattr(old, field), getattr(new, field)
        if was != now:
            yield Found(code, field, was_is(was, now))
    yield from _version_changes(old, new)
    yield from _flag_changes(old, new)
    yield from set_changes(
        old.default_scopes,
        new.default_scopes,
        'default_scopes',
        ('scope_added', 'scope_removed', 'scopes_reordered'),
    )
    yield from _lists.option_changes(old.options, new.options)
    yield from _lists.credential_changes(old.credentials, new.credentials)
    yield from _lists.data_type_changes(old.data_types, new.data_types)
    yield from _lists.vertex_changes(old.vertex_labels, new.vertex_labels)
    yield from _lists.edge_changes(old.edge_labels, new.edge_labels)
    yield from mapping_changes(
        old.ops_log_templates,
        new.ops_log_templates,
        'ops_log_templates',
        (
            'log_template_added',
            'log_template_removed',
            'log_template_changed',
        ),
    )
    if 'lifecycle' in {old.plugin_type, new.plugin_type}:
        yield from set_changes(
            old.lifecycle_events,
            new.lifecycle_events,
            'lifecycle_events',
            ('event_gained', 'event_lost', 'events_reordered'),
        )
    yield from template_changes(
        old.third_party_service, new.third_party_service
    )
    yield from _other_changes(old, new)


def _flag_changes(old: PluginManifest, new: PluginManifest) -> Iterator[Found]:
    """Yield which capabilities came and went, and what became of icons."""
    for flag in FLAG_TYPES:
        was, now = getattr(old, flag), getattr(new, flag)
        if was != now:
            yield Found('flag_gained' if now else 'flag_lost', flag, 'changed')
    if old.requires_identity != new.requires_identity:
        must = new.requires_identity
        yield Found(
            'identity_required' if must else 'identity_not_required',
            'requires_identity',
            was_is(old.requires_identity, must),
        )
    for field in ('icon', 'icon_dark'):
        was, now = getattr(old, field), getattr(new, field)
        if was != now:
            kind = 'added' if was is None else 'removed' if now is None else ''
            yield Found(f'icon_{kind or "changed"}', field, 'is another one')


def _version_changes(
    old: PluginManifest, new: PluginManifest
) -> Iterator[Found]:
    """Yield which contract versions, and so which hosts, are meant now."""
    if old.api_version == new.api_version:
        return
    named = re.findall(r'\d{1,9}', f'{old.api_version} {new.api_version}')
    beside = {int(one) + step for one in named for step in (-1, 0, 1)}
    grid = [
        (major, minor)
        for major in {*_MAJORS, *beside}
        for minor in {*_MINORS, *beside}
        if major > 0 <= minor
    ]
    was, now = (_admitted(one.api_version, grid) for one in (old, new))
    code = (
        'api_version_respelled'
        if was == now
        else 'api_version_widened'
        if was < now
        else 'api_version_narrowed'
    )
    yield Found(code, 'api_version', was_is(old.api_version, new.api_version))


_MAJORS, _MINORS = range(1, 10), range(10)
"""Contract versions that ranges are compared by, besides those around what
they name, where a range changes its mind."""


def _admitted(
    declared: int | str, grid: Iterable[tuple[int, int]]
) -> frozenset[tuple[int, int]]:
    """Return the contract versions that a declaration admits."""
    if isinstance(declared, int):
        return frozenset(one for one in grid if one[0] == declared)
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415  10 ms

    specifiers = SpecifierSet(declared)
    return frozenset(
        (major, minor)
        for major, minor in grid
        if specifiers.contains(f'{major}.{minor}')
    )


def _other_changes(
    old: PluginManifest, new: PluginManifest
) -> Iterator[Found]:
    """Yield fields that are newer than the rules."""
    for field in PluginManifest.model_fields:
        if field not in _COMPARED:
            was, now = getattr(old, field), getattr(new, field)
            if was != now:
                yield Found('other_changed', field, was_is(was, now))
