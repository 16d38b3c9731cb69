"""Actions and records: folding the ones into the others, and looking back."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.provisioning import actions
from imbi_plugin_sdk.provisioning.state import vendor_key
from imbi_plugin_sdk.records import PluginNode, ThirdPartyService

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imbi_plugin_sdk.provisioning.state import State


FIELD_ACTIONS = (
    actions.SetField,
    actions.ClearField,
    actions.MoveBase,
    actions.PinField,
    actions.UnpinField,
)
"""Actions on one field of a service."""


def is_done(  # noqa: PLR0911  one for each kind of action
    action: actions.Action, state: State
) -> bool:
    """Whether the node that an action writes is there, and the same one.

    What stands on the node is for folding to compare: an action that is done
    leaves it as it is.
    """
    match action:
        case actions.StoreIcon():
            return True
        case actions.DeletePlugin():
            return action.plugin_id not in state.plugins
        case actions.CreatePlugin():
            node = state.plugins.get(action.plugin_id)
            return node is not None and (
                node.slug,
                node.plugin_type,
                node.distribution,
            ) == (action.slug, action.plugin_type, action.distribution)
        case actions.ClaimPlugin():
            return action.plugin_id in state.plugins
        case actions.DeleteService():
            return action.service_id not in state.services
        case actions.CreateService():
            service = state.services.get(action.service_id)
            return (
                service is not None
                and vendor_key(service.vendor) == vendor_key(action.vendor)
                and (service.template_id, service.instance)
                == (action.template_id or None, action.instance)
            )
        case _:
            return action.service_id in state.services


def fold_plugin(
    node: PluginNode | None, steps: Iterable[actions.PluginAction]
) -> PluginNode | None:
    """Return a plugin node after some actions; None where there is none."""
    for step in steps:
        match step:
            case actions.CreatePlugin() if node is None:
                node = PluginNode(
                    id=step.plugin_id,
                    slug=step.slug,
                    plugin_type=step.plugin_type,
                    distribution=step.distribution,
                )
            case actions.ClaimPlugin() if node is not None:
                node = node.replaced(distribution=step.distribution)
            case actions.DeletePlugin():
                node = None
            case _:
                pass
    return node


def fold_service(
    service: ThirdPartyService | None,
    steps: Iterable[actions.ServiceAction],
    organization: str,
) -> ThirdPartyService | None:
    """Return a service after some actions; None where there is none."""
    facts: dict[str, Any] = {}
    if service is not None:
        facts = {
            **dict(service),
            'live': dict(service.live),
            'base': dict(service.base),
            'pinned': set(service.pinned),
            'contributors': list(service.contributors),
            'plugins': list(service.plugins),
        }
    for step in steps:
        if isinstance(step, actions.DeleteService):
            facts = {}
        elif isinstance(step, actions.CreateService):
            facts = facts or _created(step, organization)
        elif facts:
            _step(facts, step)
    if not facts:
        return None
    return ThirdPartyService.model_validate(facts)


def _created(step: actions.CreateService, organization: str) -> dict[str, Any]:
    return {
        'id': step.service_id,
        'slug': step.slug,
        'vendor': step.vendor,
        'organization': organization,
        'template_id': step.template_id or None,
        'instance': step.instance,
        'origin': 'template',
        'live': dict[str, Any](),
        'base': dict[str, Any](),
        'pinned': set[str](),
        'contributors': list[str](),
        'plugins': list[str](),
    }


def _step(facts: dict[str, Any], step: actions.ServiceAction) -> None:
    """Write one action into a service's fields."""
    if isinstance(step, actions.SetManaged):
        facts['managed'] = step.managed
    elif isinstance(step, actions.AdoptService):
        facts['template_id'] = step.template_id or None
        facts['instance'] = step.instance
    elif isinstance(step, FIELD_ACTIONS):
        _field_step(facts, step)
    elif isinstance(step, actions.AddContributor):
        _add(facts['contributors'], step.distribution)
    elif isinstance(step, actions.RemoveContributor):
        _remove(facts['contributors'], step.distribution)
    elif isinstance(step, actions.AttachPlugin):
        _add(facts['plugins'], step.plugin_id)
    elif isinstance(step, actions.DetachPlugin):
        _remove(facts['plugins'], step.plugin_id)


def _field_step(
    facts: dict[str, Any],
    step: actions.SetField
    | actions.ClearField
    | actions.MoveBase
    | actions.PinField
    | actions.UnpinField,
) -> None:
    """Write one action on a field; a record never shares a plan's value."""
    live, base = facts['live'], facts['base']
    match step:
        case actions.SetField():
            live[step.field] = copy.deepcopy(step.value)
            if step.rebase:
                base[step.field] = copy.deepcopy(step.value)
        case actions.ClearField():
            live.pop(step.field, None)
            if step.rebase:
                base.pop(step.field, None)
        case actions.MoveBase() if step.base is None:
            base.pop(step.field, None)
        case actions.MoveBase():
            base[step.field] = copy.deepcopy(step.base)
        case actions.PinField():
            facts['pinned'].add(step.field)
        case actions.UnpinField():
            facts['pinned'].discard(step.field)


def _add(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)


def _remove(names: list[str], name: str) -> None:
    if name in names:
        names.remove(name)
