"""Plans that bring plugins to services: install and upgrade."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import listed
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.provisioning.attaching import (
    Known,
    adopt,
    attach,
    create,
    move,
)
from imbi_plugin_sdk.provisioning.drafting import Draft
from imbi_plugin_sdk.provisioning.matching import (
    ANYWHERE,
    Brought,
    Placement,
    match_service,
    missing_service,
)
from imbi_plugin_sdk.provisioning.offerings import Offering, offerings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from imbi_plugin_sdk.provisioning.plan import Plan
    from imbi_plugin_sdk.provisioning.sources import PluginSource
    from imbi_plugin_sdk.provisioning.state import State
    from imbi_plugin_sdk.provisioning.working import Working


TIES = {'adopt': adopt, 'move': move}
"""How a service comes to the template, where it has another or none."""


def plan_install(
    state: State,
    plugins: Iterable[PluginSource],
    *,
    place: Placement | Mapping[str, Placement] = ANYWHERE,
    installed: Iterable[PluginSource] = (),
) -> Plan:
    """Return what installing some plugins would do (ADR 0012, section 3).

    Pure: the same arguments give the same plan, and none is changed.

    Args:
        state: The organization's services, plugin nodes and assignments.
        plugins: The entry points to install, of one distribution or of
            several; their order does not matter.
        place: Where to: for the one template of the batch, or by template
            id; the id of plugins without template is `''`.
        installed: What else is installed, as everything in the registry: a
            template is then compared with its owner's itself, and else with
            what the owner's last wrote.

    Returns:
        A plan. It is blocked where a service cannot be told, two entry points
        contradict each other, or a slug is taken.
    """
    draft = Draft('install', state, plugins)
    offerings, known = _offerings(draft, installed)
    groups: dict[tuple[str, str], list[Offering]] = {}
    brought: dict[str, set[str]] = {}
    for offering in offerings:
        groups.setdefault(offering.key, []).append(offering)
        brought.setdefault(offering.distribution, set()).add(
            offering.template_id
        )
    placements = _placements(draft, groups, place)
    for key, members in groups.items():
        placement = placements.get(key[1], ANYWHERE)
        if key[1]:
            theirs = {
                one.distribution: brought[one.distribution] for one in members
            }
            _install_template(draft, members, known, theirs, placement)
        else:
            _install_bare(draft, members, known, placement)
    return draft.seal()


def _offerings(
    draft: Draft, installed: Iterable[PluginSource]
) -> tuple[list[Offering], Known]:
    """Group the draft's sources, and note what is known beside them."""
    offerings, warnings, blocks = offerings_of(draft.sources)
    for problem in warnings:
        draft.warn(problem)
    for problem in blocks:
        draft.block(problem)
    beside = sorted(installed, key=lambda one: one.order)
    known: Known = {}
    for offering in (*offerings_of(beside)[0], *offerings):
        known[offering.distribution, offering.template_id] = offering
    return offerings, known


def _placements(
    draft: Draft,
    groups: Iterable[tuple[str, str]],
    place: Placement | Mapping[str, Placement],
) -> Mapping[str, Placement]:
    """Return the placements by template id."""
    ids = [template_id for _, template_id in groups]
    if not isinstance(place, Placement):
        for name, one in place.items():
            if name not in ids:
                draft.block(
                    Problem(
                        'placement_unknown',
                        f'template {name}',
                        'a place was given for this template, which no '
                        'plugin of the batch has.',
                        f'The batch has {listed(map(repr, ids), "and")}.',
                    )
                )
            elif one.service is not None and ids.count(name) > 1:
                draft.block(_two_vendors(name))
        return place
    # Plugins without template go along only where they are alone.
    meant = list(dict.fromkeys(one for one in ids if one)) or ids
    if place.service is not None and len(ids) > len(set(ids)):
        draft.block(_two_vendors(meant[0]))
    if place != ANYWHERE and len(meant) > 1:
        draft.block(
            Problem(
                'placement_ambiguous',
                'place',
                f'one place was given for {len(meant)} templates: '
                f'{listed(meant, "and")}.',
                'Give a place by template id.',
            )
        )
    return dict.fromkeys(meant, place)


def _two_vendors(template_id: str) -> Problem:
    return Problem(
        'placement_ambiguous',
        f'template {template_id}',
        'a service was named for it, and the batch has templates of this id '
        'from several vendors.',
        'Install one vendor after the other.',
    )


def _install_template(
    draft: Draft,
    members: Sequence[Offering],
    known: Known,
    brought: Brought,
    placement: Placement,
) -> None:
    """Find or make the service of a template and attach everyone to it."""
    template = members[0].template
    if template is None:  # the caller grouped by template id
        return
    match = match_service(
        draft,
        template,
        members[0].key[0],
        brought,
        placement,
    )
    if match is None:
        return
    service = match.service or create(draft, template, match.instance)
    if match.how in TIES:
        TIES[match.how](draft, service, (template.id, match.instance))
    for offering in members:
        attach(draft, service, offering, known)


def _install_bare(
    draft: Draft,
    members: Sequence[Offering],
    known: Known,
    placement: Placement,
) -> None:
    """Attach plugins without template to the service that was named."""
    service = None
    if placement.service is not None:
        service = draft.service(placement.service)
        if service is None:
            draft.block(missing_service(draft, placement.service))
            return
    for offering in members:
        if service is not None:
            attach(draft, service, offering, known)
            continue
        for source in offering.sources:
            draft.warn(
                Problem(
                    'template_missing',
                    f'{source.distribution}:{source.entry_point}',
                    'its manifest has no third_party_service, so that no '
                    'service can be found or made for it.',
                    'Name the service that it belongs to.',
                )
            )


def plan_upgrade(
    state: State,
    plugins: Iterable[PluginSource],
    *,
    installed: Iterable[PluginSource] = (),
) -> Plan:
    """Return what a new version of some plugins would do (ADR 0012 §6).

    Every service that the distributions share is looked at, and no other:
    nothing is created, adopted or detached. Downgrading is the same.

    Args:
        state: As for `plan_install`.
        plugins: Every entry point of the distributions, as they are now.
        installed: As for `plan_install`.
    """
    draft = Draft('upgrade', state, plugins)
    offerings, known = _offerings(draft, installed)
    for name in dict.fromkeys(one.distribution for one in offerings):
        mine = [one for one in offerings if one.distribution == name]
        for service in draft.shared_by(name):
            draft.consider(service)
            theirs = [
                one for one in mine if one.template_id == service.template_id
            ]
            for offering in theirs:
                attach(draft, service, offering, known, again=False)
            if not theirs:
                draft.warn(_template_gone(name, service.slug))
        involved = draft.involving(name)
        if not involved:
            draft.warn(not_installed(name))
        _warn_of_new(draft, mine, involved)
        _warn_of_gone(draft, name, mine, involved)
    return draft.seal()


def not_installed(distribution: str) -> Problem:
    """Return the problem of a distribution that no service has."""
    return Problem(
        'not_installed',
        distribution,
        'no service of the organization has a plugin of this distribution.',
        'Install it first, if it is to be used here.',
    )


def _template_gone(distribution: str, slug: str) -> Problem:
    return Problem(
        'template_gone',
        f'service {slug}',
        f"no entry point of {distribution} has this service's template any "
        'more; its fields are left as they are.',
        'If the template has another id now, install the distribution and '
        'name this service or another one.',
    )


def _warn_of_new(
    draft: Draft, mine: Iterable[Offering], involved: Iterable[Working]
) -> None:
    """Name templates that an upgrade brings and that no service has yet."""
    known = {service.template_id for service in involved}
    for offering in mine:
        if known and offering.template_id not in {'', *known}:
            draft.warn(
                Problem(
                    'template_new',
                    f'template {offering.template_id}',
                    f'{offering.distribution} brings it, and none of its '
                    'services has it yet; an upgrade creates no service.',
                    'Install the distribution to make or choose one.',
                )
            )


def _warn_of_gone(
    draft: Draft,
    distribution: str,
    mine: Iterable[Offering],
    involved: Iterable[Working],
) -> None:
    """Name plugins that the new version does not bring any more."""
    slugs = {source.slug for one in mine for source in one.sources}
    for service in involved:
        for name in draft.plugins_of(service, distribution):
            slug = draft.slug_of(name)
            if slug not in slugs:
                draft.warn(
                    Problem(
                        'plugin_gone',
                        f'service {service.slug}, plugin {slug}',
                        f'{distribution} does not bring it any more, or it '
                        'could not be loaded; its node is kept.',
                        'Uninstall this plugin if it is gone for good.',
                    )
                )
