"""From a plan to the records that a store has to write. Pure."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.provisioning import actions
from imbi_plugin_sdk.provisioning.errors import PlanBlocked, PlanStale
from imbi_plugin_sdk.provisioning.folding import (
    fold_plugin,
    fold_service,
    is_done,
)
from imbi_plugin_sdk.provisioning.plan import MASK
from imbi_plugin_sdk.provisioning.sources import icon_value
from imbi_plugin_sdk.provisioning.state import State, vendor_key
from imbi_plugin_sdk.provisioning.working import Working
from imbi_plugin_sdk.records import PluginNode, ThirdPartyService

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imbi_plugin_sdk.icons import SanitizedIcon
    from imbi_plugin_sdk.provisioning.plan import ManifestDigest, Plan
    from imbi_plugin_sdk.provisioning.sources import PluginSource

Node: TypeAlias = ThirdPartyService | PluginNode
"""A node that provisioning writes."""

MERGED = ('write', 'clear')
"""Decisions that write a manifest's value; into a pinned field, only if the
operator takes it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One node to write or delete.

    Attributes:
        kind: Which kind of node it is.
        id: The node's id.
        expected: The revision that it must have now; None where it must not
            exist.
        record: What to write, whole; its `revision` is the store's to set.
            None deletes the node and the edges that hang on it.
    """

    kind: Literal['service', 'plugin']
    id: str
    expected: int | None
    record: Node | None


@dataclasses.dataclass(frozen=True, slots=True)
class Changes:
    """Everything that a plan writes, for one transaction.

    Attributes:
        organization: Slug of the organization.
        nodes: The nodes, plugin nodes before the services that name them.
        icons: The sanitized icons to persist. They are named by their
            content: storing one again changes nothing, and one that no
            service names does no harm.
    """

    organization: str
    nodes: tuple[Change, ...] = ()
    icons: tuple[SanitizedIcon, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not self.nodes


def changes_of(
    plan: Plan, state: State, sources: Iterable[PluginSource] = ()
) -> Changes:
    """Return what applying a plan to a state writes.

    Pure, for hosts that write in their own way: read the state and write the
    changes in one transaction. `apply` does just that through a store.

    Args:
        plan: The plan.
        state: The organization as it is now.
        sources: Of the plan's manifests: where icons are to be stored, those
            that hold them. Those given must be what the plan was drafted
            from.

    Returns:
        The changes; none where the plan is applied already.

    Raises:
        PlanInvalid: The plan is not as it was drafted.
        PlanBlocked: It waits for a decision.
        PlanStale: What it was drafted from is no longer so.
    """
    plan.check_intact()
    plan.check_sound()
    if plan.blocked:
        raise PlanBlocked(_subject(plan), plan.blocks)
    known = tuple(sources)
    stale = [*_moved(plan, state), *_other_manifests(plan, known)]
    if stale:
        if _is_applied(plan, state):
            return Changes(plan.organization)
        raise PlanStale(_subject(plan), stale)
    nodes = tuple(_folded(plan, state))
    return Changes(plan.organization, nodes, tuple(_icons(plan, known)))


def changed(state: State, changes: Changes) -> State:
    """Return the state after some changes, revisions counted up."""
    services, plugins = dict(state.services), dict(state.plugins)
    for change in changes.nodes:
        record, revision = change.record, (change.expected or 0) + 1
        if record is None:
            services.pop(change.id, None)
            plugins.pop(change.id, None)
        elif isinstance(record, ThirdPartyService):
            services[change.id] = record.replaced(revision=revision)
        else:
            plugins[change.id] = record.replaced(revision=revision)
    return dataclasses.replace(
        state,
        services=MappingProxyType(services),
        plugins=MappingProxyType(plugins),
    )


def _subject(plan: Plan) -> str:
    return f'plan {plan.plan_id.removeprefix("sha256:")[:12]}'


def _stale(code: str, path: str, message: str) -> Problem:
    fix = 'Draft the plan again, look at it, and apply that.'
    return Problem(code, path, message, fix)


def _moved(plan: Plan, state: State) -> Iterator[Problem]:
    """Yield each precondition that does not hold."""
    if plan.organization != state.organization:
        yield _stale(
            'organization_differs',
            'organization',
            f'the plan is for {plan.organization!r} and the state of '
            f'{state.organization!r}.',
        )
    for name, expected in plan.preconditions.items():
        kind, _, of = name.partition(':')
        nodes = state.services if kind == 'service' else state.plugins
        node = nodes.get(of)
        revision = None if node is None else node.revision
        if revision != expected:
            yield _stale(
                'node_moved',
                name,
                f'it has {_revision(revision)} and must have '
                f'{_revision(expected)}.',
            )
    for candidates in plan.candidates:
        now = {
            service.id: service.revision
            for service in state.services.values()
            if vendor_key(service.vendor) == candidates.vendor
        }
        if now != candidates.revisions:
            yield _stale(
                'candidates_moved',
                f'vendor {candidates.vendor}',
                "the vendor's services are not those among which the "
                'plan chose.',
            )
    yield from _fields_moved(plan, state)
    yield from _taken_into_use(plan, state)


def _fields_moved(plan: Plan, state: State) -> Iterator[Problem]:
    """Yield each field that is not what the plan shows before its decision.

    A revision tells the same, where each writer raises it and a node that is
    made anew does not begin again with an old one. An operator's edit is too
    dear to hang on that alone: what a manifest writes by itself goes into a
    managed service and into no pinned field.
    """
    taken = plan.operation == 'take_theirs'
    managed = plan.operation == 'manage'
    seen = {
        name: Working.of(state.services[name])
        for name in {one.service_id for one in plan.fields}
        if name in state.services
    }
    for one in plan.fields:
        service = seen.get(one.service_id)
        if service is None:
            continue
        live = service.live.get(one.field)
        free = (managed or service.managed) and (
            one.field not in service.pinned
        )
        if (
            (one.before not in (live, MASK))
            or one.base != service.base.get(one.field)
            or not (free or taken or one.decision not in MERGED)
        ):
            yield _stale(
                'field_moved',
                f'service:{one.service_id}.{one.field}',
                'it is not as the plan shows it before.',
            )


def _revision(revision: int | None) -> str:
    return 'no node' if revision is None else f'revision {revision}'


def _taken_into_use(plan: Plan, state: State) -> Iterator[Problem]:
    """Yield what must not be used by anyone and is."""
    users = {
        name
        for assignment in state.assignments
        for name in (assignment.plugin_id, assignment.identity_plugin_id)
    }
    for name in plan.unassigned:
        if name in users:
            yield _stale(
                'plugin_assigned',
                f'plugin:{name}',
                'it was assigned since; a plugin that is used cannot go.',
            )
    slugs = {one.slug: one.id for one in state.services.values()}
    for action in plan.actions:
        if isinstance(action, actions.CreateService):
            owner = slugs.get(action.slug, action.service_id)
            if owner != action.service_id:
                yield _stale(
                    'slug_taken',
                    f'service:{action.service_id}',
                    f'the slug {action.slug!r} is that of {owner!r} since; '
                    'a slug names one service.',
                )
        if isinstance(action, actions.DeleteService) and (
            state.in_use is None or action.service_id in state.in_use
        ):
            yield _stale(
                'service_in_use',
                f'service:{action.service_id}',
                'something of an operator may hang on it.',
            )


def _other_manifests(
    plan: Plan, sources: Iterable[PluginSource]
) -> Iterator[Problem]:
    """Yield each source that is not the one that was planned with."""
    planned: dict[tuple[str, str], ManifestDigest] = {
        (one.distribution, one.entry_point): one for one in plan.manifests
    }
    for source in sources:
        was = planned.get(source.order)
        if was is not None and was.digest != source.digest:
            yield _stale(
                'manifest_moved',
                f'{source.distribution}:{source.entry_point}',
                'its manifest is not the one that the plan was drafted from.',
            )


def _icons(
    plan: Plan, sources: Iterable[PluginSource]
) -> Iterator[SanitizedIcon]:
    """Yield the icons that the plan stores, out of the sources."""
    known = {
        icon_value(icon.clean): icon.clean
        for source in sources
        for icon in source.icons.values()
        if icon.clean is not None
    }
    for action in plan.actions:
        if isinstance(action, actions.StoreIcon):
            if action.digest not in known:
                raise PlanStale(
                    _subject(plan),
                    [
                        _stale(
                            'icon_missing',
                            action.digest,
                            'no source that was given holds this icon.',
                        )
                    ],
                )
            yield known[action.digest]


def _is_applied(plan: Plan, state: State) -> bool:
    """Whether all that the plan does is so already, and it does anything."""
    return (
        bool(plan.actions)
        and plan.organization == state.organization
        and all(is_done(action, state) for action in plan.actions)
        and not any(_folded(plan, state))
    )


def _folded(plan: Plan, state: State) -> Iterator[Change]:
    """Yield a change for every node that the actions leave otherwise."""
    of_service: dict[str, list[actions.ServiceAction]] = {}
    of_plugin: dict[str, list[actions.PluginAction]] = {}
    for action in plan.actions:
        if isinstance(action, actions.PluginAction):
            of_plugin.setdefault(action.plugin_id, []).append(action)
        elif not isinstance(action, actions.StoreIcon):
            of_service.setdefault(action.service_id, []).append(action)
    for name, of_node in of_plugin.items():
        node = state.plugins.get(name)
        after = fold_plugin(node, of_node)
        if after != node:
            expected = None if node is None else node.revision
            yield Change('plugin', name, expected, after)
    for name, steps in of_service.items():
        service = state.services.get(name)
        made = fold_service(service, steps, plan.organization)
        if made != service:
            expected = None if service is None else service.revision
            yield Change('service', name, expected, made)
