"""What installing and upgrading do to one service."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import listed
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.provisioning import actions
from imbi_plugin_sdk.provisioning.fields import FIELDS
from imbi_plugin_sdk.provisioning.merge import Field, Merged
from imbi_plugin_sdk.provisioning.state import (
    plugin_id,
    service_id,
    service_slug,
    vacant,
    vendor_key,
)
from imbi_plugin_sdk.provisioning.working import Working

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.manifest import ThirdPartyServiceTemplate
    from imbi_plugin_sdk.provisioning.drafting import Draft
    from imbi_plugin_sdk.provisioning.offerings import Offering
    from imbi_plugin_sdk.provisioning.sources import PluginSource

Known = dict[tuple[str, str], 'Offering']
"""(distribution, template id) to what that distribution brings, as far as
the caller told: to compare a template with its owner's."""


def create(
    draft: Draft, template: ThirdPartyServiceTemplate, instance: str
) -> Working:
    """Add a service of the template, without any field."""
    name = service_id(
        draft.state.organization, template.vendor, template.id, instance
    )
    ids = draft.service_ids()
    made = Working(
        id=vacant(name, ids),
        slug=service_slug(template.id, instance, draft.slugs),
        vendor=template.vendor,
        template_id=template.id,
        instance=instance,
    )
    needed = [
        name
        for name, spec in template.variables.items()
        if spec.default is None
    ]
    if needed:
        draft.warn(
            Problem(
                'variable_values_needed',
                f'service {made.slug}',
                f'its URLs have a variable part: {listed(needed, "and")} '
                'must be entered before they can be used.',
                'Save the values in the field `variable_values`.',
            )
        )
    return draft.create(made)


def move(draft: Draft, service: Working, match: tuple[str, str]) -> None:
    """Tie a service to the template that its own has become."""
    draft.consider(service)
    service.template_id, service.instance = match


def adopt(draft: Draft, service: Working, match: tuple[str, str]) -> None:
    """Tie an operator's service to a template; pin all that it holds.

    Args:
        draft: What is planned so far.
        service: The service.
        match: The template's id, and the instance.
    """
    draft.consider(service)
    service.template_id, service.instance = match
    service.pinned |= {name for name in FIELDS if name in service.live}
    # Opting in is to a manifest that the operator knows (ADR 0012 §6).
    service.managed = False


def attach(
    draft: Draft,
    service: Working,
    offering: Offering,
    known: Known,
    *,
    again: bool = True,
) -> None:
    """Let a distribution share a service: its fields, then its plugins.

    Args:
        draft: What is planned so far.
        service: The service.
        offering: What the distribution brings.
        known: What others bring.
        again: Whether plugins that were uninstalled from the service come
            back.
    """
    fresh = service.revision is None and not service.contributors
    draft.consider(service)
    if offering.template is not None:
        if service.vendor_key != vendor_key(offering.template.vendor):
            draft.warn(_vendor_differs(service, offering.template))
        if offering.distribution not in service.contributors:
            service.contributors.append(offering.distribution)
        if service.owner != offering.distribution:
            _compare(draft, service, offering, known)
        elif fresh:
            _fill(draft, service, offering.values)
        else:
            merge(draft, service, offering)
    for source in offering.sources:
        _attach_plugin(draft, service, source, again=again)


def _vendor_differs(
    service: Working, template: ThirdPartyServiceTemplate
) -> Problem:
    return Problem(
        'vendor_differs',
        f'service {service.slug}',
        f"the service's vendor is {service.vendor!r} and the template's is "
        f'{template.vendor!r}; other packages with this template will not '
        'find the service by themselves.',
        'Change the vendor of the service, or name the service for those '
        'packages too.',
    )


def merge(draft: Draft, service: Working, offering: Offering) -> None:
    """Merge every field of the owner's template into the service."""
    for name in FIELDS:
        if name not in offering.unknown:
            new = offering.values.get(name)
            draft.decide(service, name, new, offering.distribution)


def _fill(
    draft: Draft, service: Working, values: Mapping[str, object]
) -> None:
    for name in FIELDS:
        if name in values:
            new = copy.deepcopy(values[name])
            draft.note(
                service,
                name,
                Field(None, None, new, pinned=False),
                Merged(
                    'write',
                    new,
                    new,
                    'the service is created from the template',
                ),
            )


def _compare(
    draft: Draft, service: Working, offering: Offering, known: Known
) -> None:
    """List where a template differs from its owner's; write nothing."""
    owner = known.get((service.owner, service.template_id or ''))
    values = owner.values if owner is not None else service.base
    for name in offering.differences(values):
        if owner is None and _unsaid(service, name, offering.values):
            continue
        draft.differ(
            service,
            name,
            (
                offering.distribution,
                copy.deepcopy(offering.values.get(name)),
            ),
            f'the template is owned by {service.owner}, which came first, '
            'and has another value there',
        )


def _unsaid(service: Working, name: str, values: Mapping[str, object]) -> bool:
    """Whether nobody can say that the owner's template differs there.

    Without the owner's template its values are the bases of the fields. On
    a service that an operator made, a field may have none though the owner
    fills it; of such a field nothing is known but what is live.
    """
    live = service.live.get(name)
    return values.get(name) == live or (
        service.by_operator and name not in service.base and live is None
    )


def _attach_plugin(
    draft: Draft, service: Working, source: PluginSource, *, again: bool
) -> None:
    """Create a plugin node and its HAS_PLUGIN edge, unless they exist.

    Args:
        draft: What is planned so far.
        service: The service.
        source: The plugin.
        again: Whether a plugin that was uninstalled from the service comes
            back.
    """
    present = [
        name for name in service.plugins if draft.slug_of(name) == source.slug
    ]
    if present:
        _keep_plugin(draft, service, source, present[0])
        return
    left = draft.nodes_left(service.id, source.slug)
    gone = (*left, *draft.nodes_left('', source.slug))
    if not again and source.distribution in {one.distribution for one in gone}:
        draft.warn(_uninstalled(service, source))
        return
    # What an uninstall left, with what operators entered on it.
    kind = source.manifest.plugin_type
    name = next((one.id for one in left if one.plugin_type == kind), None)
    if name is None:
        name = vacant(
            plugin_id(service.id, source.slug),
            (*draft.state.plugins, *draft.new_plugins),
        )
        draft.new_plugins[name] = actions.CreatePlugin(
            plugin_id=name,
            slug=source.slug,
            plugin_type=kind,
            distribution=source.distribution,
        )
    elif draft.state.plugins[name].distribution != source.distribution:
        draft.claims[name] = source.distribution
    draft.attach(service, name)


def _uninstalled(service: Working, source: PluginSource) -> Problem:
    return Problem(
        'plugin_uninstalled',
        f'service {service.slug}, plugin {source.slug}',
        'it was uninstalled, and an upgrade does not bring it back.',
        f'Install {source.distribution} to have it again.',
    )


def _keep_plugin(
    draft: Draft, service: Working, source: PluginSource, name: str
) -> None:
    """Take a node of this slug for the plugin's, or say why it is not."""
    node = draft.state.plugins.get(name)
    if node is None:  # made by this very plan
        return
    draft.consider_plugin(name)
    where = f'service {service.slug}, plugin {source.slug}'
    if node.distribution not in {'', source.distribution}:
        draft.block(
            Problem(
                'plugin_of_another',
                where,
                f'the service has a plugin of this slug from '
                f'{node.distribution}, and {source.distribution} brings one '
                'too; a slug names one plugin.',
                f'Uninstall {node.distribution} from the service first.',
            )
        )
    elif node.plugin_type != source.manifest.plugin_type:
        draft.warn(
            Problem(
                'plugin_type_differs',
                where,
                f'it was installed as {node.plugin_type} and is of type '
                f'{source.manifest.plugin_type} now; assignments to it '
                'cannot be served.',
                'Remove its assignments, uninstall it and install it again.',
            )
        )
    elif not node.distribution:
        draft.claims[name] = source.distribution
