"""What a plan is drafted from: one organization's part of the graph."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.provisioning.fields import FIELDS, plain_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imbi_plugin_sdk.records import (
        Assignment,
        PluginNode,
        ThirdPartyService,
    )

ID_CHARACTERS = 20
"""Of the digest in a new service's id: 80 bits, so that a thousand million
services are expected to share none."""


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """The nodes and edges that planning looks at.

    Attributes:
        organization: Slug of the organization; records of others are passed
            over.
        services: Id to third-party service.
        plugins: Id to plugin node, dangling ones included.
        assignments: The USES_PLUGIN edges; uninstalling asks for them.
        in_use: Ids of services that something of an operator's hangs on, as
            a service application. None where the host does not say, and then
            no deletion is offered.
    """

    organization: str
    services: Mapping[str, ThirdPartyService]
    plugins: Mapping[str, PluginNode]
    assignments: tuple[Assignment, ...] = ()
    in_use: frozenset[str] | None = None

    def __post_init__(self) -> None:
        """Pass over the services of other organizations."""
        mine = {
            name: service
            for name, service in self.services.items()
            if service.organization == self.organization
        }
        object.__setattr__(self, 'services', MappingProxyType(mine))

    @classmethod
    def of(
        cls,
        organization: str,
        services: Iterable[ThirdPartyService] = (),
        plugins: Iterable[PluginNode] = (),
        assignments: Iterable[Assignment] = (),
        *,
        in_use: Iterable[str] | None = None,
    ) -> State:
        """Return the state that some records make up."""
        return cls(
            organization,
            {service.id: service for service in services},
            MappingProxyType({plugin.id: plugin for plugin in plugins}),
            tuple(assignments),
            None if in_use is None else frozenset(in_use),
        )


def vendor_key(vendor: str) -> str:
    """Return the vendor as two names are compared.

    Casefolded, with white space collapsed, and with an accent that stands
    by itself put onto its letter.
    """
    apart = unicodedata.normalize('NFD', ' '.join(vendor.split()))
    return unicodedata.normalize('NFC', apart.casefold())


def service_id(
    organization: str, vendor: str, template_id: str, instance: str
) -> str:
    """Return the id of a service that a plan creates.

    Made of its identity and of nothing else, so that the same plan comes of
    the same state, and two hosts that install at once collide instead of
    making two services.
    """
    identity = '\0'.join(
        (organization, vendor_key(vendor), template_id, instance)
    )
    digest = hashlib.sha256(identity.encode('utf-8', 'surrogatepass'))
    return f'service-{digest.hexdigest()[:ID_CHARACTERS]}'


def plugin_id(service: str, slug: str) -> str:
    """Return the id of a plugin node that a plan creates.

    It tells the service, so that a plugin that is installed again finds the
    node that an uninstall left behind.
    """
    return f'{service}.{slug}'


def plugin_number(service: str, slug: str, name: str) -> int:
    """Return which node of that service and slug a plan made; 0 for none.

    The first has the number 1; more are made where one is in the way.
    """
    made = plugin_id(service, slug)
    match = re.fullmatch(r'(?:-([0-9]{1,9}))?', name.removeprefix(made))
    if match is None or not name.startswith(made):
        return 0
    return int(match[1] or 1)


def loose_nodes(state: State) -> dict[tuple[str, str], list[PluginNode]]:
    """Return (service, slug) to the nodes that no service has, by number.

    The service is the one that a plan made the node for; it is empty where
    no plan made it.
    """
    attached = {
        name for one in state.services.values() for name in one.plugins
    }
    found: dict[tuple[str, str], list[PluginNode]] = {}
    for node in state.plugins.values():
        service = node.id.rpartition(f'.{node.slug}')[0]
        if not plugin_number(service, node.slug, node.id):
            service = ''
        if node.id not in attached:
            found.setdefault((service, node.slug), []).append(node)
    for (service, slug), nodes in found.items():
        nodes.sort(key=lambda one: plugin_number(service, slug, one.id))
    return found


def vacant(name: str, taken: Iterable[str], separator: str = '-') -> str:
    """Return the name, or the first of `name-2`, `name-3` … that is free."""
    names = frozenset(taken)
    candidate, number = name, 1
    while candidate in names:
        number += 1
        candidate = f'{name}{separator}{number}'
    return candidate


def service_slug(template_id: str, instance: str, taken: Iterable[str]) -> str:
    """Return a slug for a new service that no other service has."""
    words = f'{template_id}-{instance}' if instance else template_id
    return vacant(re.sub(r'[\s/:]+', '-', words)[:120], taken)


def field_values(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the template's fields out of `live` or `base`, plain.

    Raises:
        ValueRefused: A value is not JSON.
    """
    found: dict[str, Any] = {}
    for name in FIELDS:
        if name in values:
            value = plain_value(values[name], f'{where}.{name}')
            if value is not None:
                found[name] = value
    return found
