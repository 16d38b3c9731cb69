"""What one distribution brings to one service: template, icon and plugins."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import listed
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.provisioning.fields import FIELDS, ICONS, template_values
from imbi_plugin_sdk.provisioning.state import vendor_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from imbi_plugin_sdk.manifest import ThirdPartyServiceTemplate
    from imbi_plugin_sdk.provisioning.sources import PluginSource


@dataclasses.dataclass(frozen=True, slots=True)
class Offering:
    """The entry points of one distribution that share a template id.

    Attributes:
        distribution: Its normalised name.
        template: The template that they share; None where they have none.
        values: Field to what the manifests fill, icons included.
        unknown: Icon fields that are left alone, since no icon of theirs
            could be read: a broken file is no wish to clear the field.
        sources: The entry points, by name.
    """

    distribution: str
    template: ThirdPartyServiceTemplate | None
    values: Mapping[str, Any]
    unknown: frozenset[str]
    sources: tuple[PluginSource, ...]

    @property
    def template_id(self) -> str:
        """The template's id; empty where there is no template."""
        return '' if self.template is None else self.template.id

    @property
    def key(self) -> tuple[str, str]:
        """Vendor and template id: what shares a service."""
        if self.template is None:
            return '', ''
        return vendor_key(self.template.vendor), self.template.id

    def differences(self, other: Mapping[str, Any]) -> Iterator[str]:
        """Yield the fields that this offering fills otherwise.

        A template that is equal in all but its icon speaks about the icon
        only if it has one that can be read.
        """
        for name in FIELDS:
            mine, theirs = self.values.get(name), other.get(name)
            silent = name in ICONS and mine is None
            if mine != theirs and not silent:
                yield name


def offerings_of(
    sources: Sequence[PluginSource],
) -> tuple[list[Offering], list[Problem], list[Problem]]:
    """Group sources by distribution and template id.

    Args:
        sources: By (distribution, entry point), as a batch is ordered.

    Returns:
        The offerings in the order of their first entry point; what is worth
        a warning; and what keeps the batch from being planned.
    """
    warnings: list[Problem] = []
    blocks = list(_claimed_twice(sources))
    groups: dict[tuple[str, str], list[PluginSource]] = {}
    for source in sources:
        key = (source.distribution, source.template_id)
        groups.setdefault(key, []).append(source)
    found: list[Offering] = []
    for members in groups.values():
        blocks += _unequal(members)
        values = dict(members[0].values)
        unknown: set[str] = set()
        for name in ICONS:
            values.pop(name, None)
            icon, failed, problems = _icon(name, members)
            warnings += problems
            if icon is not None:
                values[name] = icon
            elif failed:
                unknown.add(name)
        found.append(
            Offering(
                members[0].distribution,
                members[0].manifest.third_party_service,
                values,
                frozenset(unknown),
                tuple(members),
            )
        )
    return found, warnings, blocks


def _claimed_twice(sources: Iterable[PluginSource]) -> Iterator[Problem]:
    first: dict[str, PluginSource] = {}
    entries: dict[tuple[str, str], PluginSource] = {}
    for source in sources:
        other = first.setdefault(source.slug, source)
        twin = entries.setdefault(source.order, source)
        if twin is not source:
            yield Problem(
                'entry_point_twice',
                f'{source.distribution}:{source.entry_point}',
                'two manifests were given for this entry point.',
                'Give each entry point once, as the registry has it.',
            )
        elif other is not source:
            yield Problem(
                'slug_claimed_twice',
                f'{source.distribution}:{source.entry_point}',
                f'the slug {source.slug!r} is claimed by '
                f'{other.distribution}:{other.entry_point} too; a slug names '
                'one plugin.',
                'Install one of the two.',
            )


def _unequal(members: Sequence[PluginSource]) -> Iterator[Problem]:
    """Yield a problem for each template unlike the distribution's first."""
    first = members[0]
    template = first.manifest.third_party_service
    if template is None:
        return
    for source in members[1:]:
        other = source.manifest.third_party_service
        if other is None or other == template:
            continue
        theirs = template_values(other)
        mine = template_values(template)
        fields = [
            name for name in FIELDS if mine.get(name) != theirs.get(name)
        ]
        if other.vendor != template.vendor:
            fields.insert(0, 'vendor')
        if fields:
            yield Problem(
                'templates_unequal',
                f'{source.distribution}:{source.entry_point}',
                f'its template {template.id!r} differs from that of '
                f'{first.entry_point} in {listed(fields, "and")}; entry '
                'points of one distribution that share a template id carry '
                'equal templates.',
                'Ask the author to make one template and use it in each '
                'manifest.',
            )


def _icon(
    name: str, members: Sequence[PluginSource]
) -> tuple[str | None, bool, list[Problem]]:
    """Return the first icon that can be read, and what the others were."""
    chosen: tuple[str, PluginSource] | None = None
    failed, problems = False, list[Problem]()
    for source in members:
        icon = source.icons.get(name)
        if icon is None:
            continue
        where = f'{source.distribution}:{source.entry_point}.{name}'
        problems += [problem.under(where) for problem in icon.problems]
        value = icon.value
        if value is None:
            failed = True
        elif chosen is None:
            chosen = (value, source)
        elif chosen[0] != value:
            problems.append(
                Problem(
                    'icons_differ',
                    where,
                    f'it differs from that of {chosen[1].entry_point}, which '
                    'is taken; a service has one icon.',
                    'Ask the author to ship one icon for the service.',
                )
            )
    return (None if chosen is None else chosen[0]), failed, problems
