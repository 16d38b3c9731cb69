"""Plans that take plugins away: uninstall, and deleting what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import counted, did_you_mean, listed
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.provisioning.drafting import Draft
from imbi_plugin_sdk.provisioning.fields import plain_value
from imbi_plugin_sdk.provisioning.install import not_installed
from imbi_plugin_sdk.provisioning.matching import missing_service
from imbi_plugin_sdk.provisioning.sources import normalized
from imbi_plugin_sdk.provisioning.state import plugin_number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from imbi_plugin_sdk.provisioning.plan import Plan
    from imbi_plugin_sdk.provisioning.state import State
    from imbi_plugin_sdk.provisioning.working import Working
    from imbi_plugin_sdk.records import Assignment, PluginNode

SHOWN_USERS = 5
"""How many users of a plugin a message names; the rest are counted."""


def plan_uninstall(
    state: State,
    distributions: Iterable[str],
    *,
    services: Collection[str] | None = None,
    slugs: Collection[str] | None = None,
) -> Plan:
    """Return what uninstalling some distributions would do.

    HAS_PLUGIN edges go, and the distribution stops to share the service;
    the next contributor owns the template then. Every field, every plugin
    node and every service stays, with all that operators entered. A service
    that a template made and nobody touched is listed in `deletable`.

    Args:
        state: As for `plan_install`; `assignments` and `in_use` count here.
        distributions: Names of distributions, in any spelling.
        services: Ids of the services to take them from; None for all.
        slugs: Slugs of the plugins to take away; None for all. A
            distribution with plugins left on a service goes on sharing it.

    Returns:
        A plan. It is blocked while a plugin is assigned anywhere.
    """
    draft = Draft('uninstall', state)
    users = _users(state)
    for missing in sorted({*(services or ())} - state.services.keys()):
        draft.block(missing_service(draft, missing))
    for missing in sorted({*(slugs or ())} - draft.slugs_of_plugins()):
        draft.block(_plugin_unknown(draft, missing))
    for name in sorted({normalized(one) for one in distributions}):
        found = False
        for service in draft.involving(name):
            if services is None or service.id in services:
                found = True
                _detach(draft, service, name, slugs, users)
        if not found:
            draft.warn(not_installed(name))
    return draft.seal()


def _plugin_unknown(draft: Draft, slug: str) -> Problem:
    return Problem(
        'plugin_unknown',
        'slugs',
        f'the organization {draft.state.organization!r} has no plugin '
        f'{slug!r}.{did_you_mean(slug, draft.slugs_of_plugins())}',
        'Give slugs of plugins as their nodes have them.',
    )


def _users(state: State) -> dict[str, list[Assignment]]:
    """Return plugin node to the assignments that need it."""
    users: dict[str, list[Assignment]] = {}
    for assignment in state.assignments:
        for name in {assignment.plugin_id, assignment.identity_plugin_id}:
            if name:
                users.setdefault(name, []).append(assignment)
    return users


def _detach(
    draft: Draft,
    service: Working,
    distribution: str,
    slugs: Collection[str] | None,
    users: dict[str, list[Assignment]],
) -> None:
    """Take a distribution's plugins from one service."""
    draft.consider(service)
    nodes = draft.plugins_of(service, distribution)
    going = [
        name for name in nodes if slugs is None or draft.slug_of(name) in slugs
    ]
    for name in going:
        draft.consider_plugin(name, unassigned=True)
        if name in users:
            draft.block(_assigned(draft, service, name, users[name]))
        _warn_of_delegates(draft, name)
        if not plugin_number(service.id, draft.slug_of(name), name):
            draft.warn(_lost_from_sight(service, name))
        service.plugins.remove(name)
    if len(going) < len(nodes) or (slugs is not None and not going):
        return
    if distribution in service.contributors:
        was = service.owner
        service.contributors.remove(distribution)
        if was == distribution and service.owner:
            draft.warn(_new_owner(service, was))
    if not list(touches(draft.state, service)):
        draft.offer_deletion(service)


def _assigned(
    draft: Draft, service: Working, name: str, users: list[Assignment]
) -> Problem:
    owners = [
        f'{user.owner_kind.replace("_", " ")} {user.owner_id} ({user.tab})'
        for user in users[:SHOWN_USERS]
    ]
    if len(users) > SHOWN_USERS:
        owners.append(f'{len(users) - SHOWN_USERS} more')
    return Problem(
        'plugin_assigned',
        f'service {service.slug}, plugin {draft.slug_of(name)}',
        f'{counted(len(users), "assignment")} still need it: '
        f'{listed(owners, "and")}; a plugin that is used cannot go.',
        'Remove these assignments, or let them use another plugin.',
    )


def _warn_of_delegates(draft: Draft, name: str) -> None:
    """Name plugins whose calls use the identities of one that goes."""
    delegates = sorted(
        node.id
        for node in draft.state.plugins.values()
        if node.identity_plugin_id == name
    )
    if delegates:
        draft.warn(
            Problem(
                'identity_in_use',
                f'plugin {draft.slug_of(name)}',
                f'{listed(delegates, "and")} use its identities, and cannot '
                'be called without it.',
                'Choose another identity plugin for them.',
            )
        )


def _lost_from_sight(service: Working, name: str) -> Problem:
    return Problem(
        'node_made_by_hand',
        f'service {service.slug}, plugin {name}',
        'no plan made this node: it keeps what was entered on it, but the '
        'plugin gets another node when it is installed again.',
        'Note the id of the node, if it is to be wired again by hand.',
    )


def _new_owner(service: Working, was: str) -> Problem:
    return Problem(
        'owner_changed',
        f'service {service.slug}',
        f'the template was owned by {was} and is now by {service.owner}, '
        'whose values apply from its next install or upgrade.',
        'Plan an upgrade of it to see what differs.',
    )


def touches(state: State, service: Working) -> Iterator[str]:
    """Yield why a service is not as a template made it, or still in use.

    Args:
        state: Where it was read.
        service: As it will be, for a plan; what is yielded are sentences
            without a full stop.
    """
    record = state.services[service.id]
    if record.origin != 'template':
        yield 'an operator made it'
        return
    if service.plugins or service.contributors:
        yield 'plugins are attached to it'
    if state.in_use is None:
        yield 'the host does not say whether it is in use'
    elif service.id in state.in_use:
        yield 'something of an operator hangs on it'
    if service.managed or service.pinned:
        yield 'an operator saved a field of it, or lets it be managed'
    live = {
        name: plain_value(value, name) for name, value in record.live.items()
    }
    if {name: one for name, one in live.items() if one is not None} != (
        service.base
    ):
        yield 'a field of it is not as the template had it'
    for node in left_behind(state, service):
        if node.options or node.application_id or node.identity_plugin_id:
            yield f'an operator entered something for its plugin {node.slug}'
        elif not node.enabled:
            yield f'an operator disabled its plugin {node.slug}'


def left_behind(state: State, service: Working) -> list[PluginNode]:
    """Return the nodes that this service had, and those it has in state."""
    had = set(state.services[service.id].plugins)
    attached = {
        name for one in state.services.values() for name in one.plugins
    } - had
    return [
        node
        for name, node in sorted(state.plugins.items())
        if name not in attached
        and (name in had or plugin_number(service.id, node.slug, name))
    ]


def plan_delete(state: State, service: str) -> Plan:
    """Return what deleting a service that nobody touched would do.

    Uninstalling only offers this. The plugin nodes that were the service's
    go with it.

    Args:
        state: As for `plan_uninstall`.
        service: The id of the service.

    Returns:
        A plan. It is blocked unless a template made the service and nobody
        touched it, and nothing is attached to it.
    """
    draft = Draft('delete_service', state)
    found = draft.service(service)
    if found is None:
        draft.block(missing_service(draft, service))
        return draft.seal()
    draft.consider(found)
    why = list(touches(state, found))
    users = _users(state)
    nodes = left_behind(state, found)
    for node in nodes:
        if node.id in users:
            draft.block(_assigned(draft, found, node.id, users[node.id]))
    if why:
        draft.block(
            Problem(
                'service_touched',
                f'service {found.slug}',
                f'it cannot be deleted here: {listed(why, "and")}.',
                'Uninstall its plugins first; what operators made or edited '
                'is theirs to delete.',
            )
        )
        return draft.seal()
    found.deleted = True
    for node in nodes:
        _warn_of_delegates(draft, node.id)
        draft.delete_plugin(node.id)
    return draft.seal()
