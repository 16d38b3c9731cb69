"""What resolution is given: the graph, one project's view, and handlers."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Protocol, TypeVar

from imbi_plugin_sdk._text import shown
from imbi_plugin_sdk.manifest.plugin import PLUGIN_TYPES
from imbi_plugin_sdk.resolution._merge import exact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from imbi_plugin_sdk.manifest import PluginManifest
    from imbi_plugin_sdk.records import (
        Assignment,
        PluginNode,
        ServiceApplication,
        ThirdPartyService,
    )


class HandlerEntry(Protocol):
    """A plugin that the registry serves; `registry.Entry` is one."""

    @property
    def plugin_type(self) -> str:
        """As in its manifest."""
        ...

    @property
    def handler(self) -> type:
        """The handler class; resolution hands it on and never touches it."""
        ...

    @property
    def manifest(self) -> PluginManifest:
        """Its validated manifest."""
        ...


class HandlerRefusal(Protocol):
    """Why the registry does not serve a plugin; `registry.Refusal` is one."""

    @property
    def slug(self) -> str:
        """The slug it would have had; empty where it is not known."""
        ...

    @property
    def entry_point(self) -> str:
        """The entry point's name, which stands in for an unknown slug."""
        ...

    @property
    def stage(self) -> str:
        """Where admission ended; `api_version` is told apart here."""
        ...

    @property
    def message(self) -> str:
        """What was seen and what must hold."""
        ...

    @property
    def remedy(self) -> str:
        """What to do."""
        ...


class Handlers(Protocol):
    """What the registry holds; `registry.Snapshot` is one."""

    @property
    def entries(self) -> Mapping[str, HandlerEntry]:
        """Slug to entry."""
        ...

    @property
    def refusals(self) -> Sequence[HandlerRefusal]:
        """What was not admitted, and why."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class Graph:
    """Nodes and edges, of one project or of all that one organization has.

    Organizations are not compared: who puts the nodes of several into one
    graph lets the projects of one use the services of another.

    Attributes:
        assignments: USES_PLUGIN edges, in any order.
        plugins: Plugin nodes, in any order.
        services: Third-party services with their HAS_PLUGIN edges.
        applications: References to credentials.
        tab_types: Tab to the plugin type that serves it. A tab that is not
            in it and has the name of a plugin type is served by that; any
            other tab by every type.

    Raises:
        ValueError: Two different nodes have one id. Raised on first use.
    """

    assignments: Sequence[Assignment] = ()
    plugins: Sequence[PluginNode] = ()
    services: Sequence[ThirdPartyService] = ()
    applications: Sequence[ServiceApplication] = ()
    tab_types: Mapping[str, str] = dataclasses.field(
        default_factory=dict[str, str]
    )

    @functools.cached_property
    def plugin(self) -> Mapping[str, PluginNode]:
        """Id to plugin node."""
        return _by_id(self.plugins, 'plugin node')

    @functools.cached_property
    def services_of(self) -> Mapping[str, Sequence[ThirdPartyService]]:
        """Plugin id to the services that claim it: one, in a sound graph.

        Sorted by id; a service that lists a plugin twice counts once.
        """
        found: dict[str, list[ThirdPartyService]] = {}
        services = _by_id(self.services, 'third-party service')
        for service in sorted(services.values(), key=lambda one: one.id):
            for plugin_id in dict.fromkeys(service.plugins):
                try:
                    found[plugin_id].append(service)
                except KeyError:
                    found[plugin_id] = [service]
        return found

    @functools.cached_property
    def applications_of(self) -> Mapping[str, Sequence[ServiceApplication]]:
        """Service id to its applications, sorted by id."""
        found: dict[str, list[ServiceApplication]] = {}
        nodes = _by_id(self.applications, 'service application')
        for node in sorted(nodes.values(), key=lambda one: one.id):
            found.setdefault(node.service_id, []).append(node)
        return found

    @functools.cached_property
    def assignments_of(self) -> Mapping[tuple[str, str], list[Assignment]]:
        """Owner, as kind and id, to its assignments."""
        found: dict[tuple[str, str], list[Assignment]] = {}
        for edge in self.assignments:
            owner = (edge.owner_kind, edge.owner_id)
            try:
                found[owner].append(edge)
            except KeyError:
                found[owner] = [edge]
        return found

    def plugin_type_of(self, tab: str) -> str | None:
        """Return the plugin type that serves a tab; None for any."""
        named = tab if tab in PLUGIN_TYPES else None
        return self.tab_types.get(tab, named)

    def bindings(
        self, project: str, project_types: Iterable[str] = ()
    ) -> Bindings:
        """Return one project's view.

        Args:
            project: The project's id; empty to see what a type gives.
            project_types: The ids of its types, in the host's order: where
                two types assign one plugin, the first one's properties
                stand above the second's. One that is given twice counts
                once.

        Raises:
            TypeError: The types are one text, whose letters would be types.
        """
        if isinstance(project_types, str):
            raise TypeError(
                f'project_types is the text {shown(project_types)}; give a '
                f'list of ids, as in [{shown(project_types)}]'
            )
        types = tuple(dict.fromkeys(project_types))
        owners = [('project', project)]
        owners += [('project_type', name) for name in types]
        edges: list[Assignment] = []
        for owner in owners:
            edges += self.assignments_of.get(owner, ())
        return Bindings(self, project, types, tuple(edges))


@dataclasses.dataclass(frozen=True)
class Bindings:
    """What one project and its types assign; made by `Graph.bindings`.

    Attributes:
        graph: Where the nodes are.
        project: The project's id.
        project_types: The ids of its types, in the host's order.
        assignments: The project's edges, then those of each type in order.
    """

    graph: Graph
    project: str
    project_types: tuple[str, ...]
    assignments: tuple[Assignment, ...]

    @property
    def tabs(self) -> tuple[str, ...]:
        """Every tab that an assignment names, sorted."""
        return tuple(sorted({edge.tab for edge in self.assignments}))


class _Node(Protocol):
    @property
    def id(self) -> str: ...


_N = TypeVar('_N', bound=_Node)


def _by_id(nodes: Iterable[_N], what: str) -> dict[str, _N]:
    """Index nodes; the same node may come twice, as joins give it.

    Raises:
        ValueError: Two different nodes have one id.
    """
    found: dict[str, _N] = {}
    for node in nodes:
        before = found.setdefault(node.id, node)
        if before is not node and exact(vars(before)) != exact(vars(node)):
            raise ValueError(
                f'two different records have the id {node.id!r} of a {what}; '
                'give each node once, as it is now'
            )
    return found
