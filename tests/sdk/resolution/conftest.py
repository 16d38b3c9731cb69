"""A small graph that a test builds line by line, over a real snapshot."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.manifest import PluginManifest
from imbi_plugin_sdk.records import (
    Assignment,
    PluginNode,
    ServiceApplication,
    ThirdPartyService,
)
from imbi_plugin_sdk.registry.snapshot import Entry, Refusal, snapshot_of
from imbi_plugin_sdk.resolution import (
    Graph,
    explain,
    lint_assignments,
    resolve,
    resolve_all,
)


class Handler:
    """Stands for a handler class; nothing ever calls it."""


class World:
    """A project `p` of types `t` and `u`, and what the host knows.

    Edges are written `edge('p', 'n1', default=True)`; `tab` is
    `configuration` where nothing is said.
    """

    def __init__(self):
        self.edges = []
        self.nodes = {}
        self.services = {}
        self.applications = []
        self.entries = {}
        self.refusals = []
        self.tab_types = {}
        self.types = ('t', 'u')

    def plugin(  # noqa: PLR0913  one keyword per fact of a node
        self,
        plugin_id,
        slug='ssm',
        *,
        service='aws',
        plugin_type='configuration',
        handler=True,
        manifest=None,
        **fields,
    ):
        """Add a plugin node on a service, and the handler of its slug."""
        self.nodes[plugin_id] = PluginNode(
            id=plugin_id, slug=slug, plugin_type=plugin_type, **fields
        )
        if service is not None:
            self.attach(service, plugin_id)
        if handler:
            self.handler(slug, plugin_type, **(manifest or {}))

    def attach(self, service, plugin_id):
        """Add a HAS_PLUGIN edge."""
        before = self.services.get(service)
        plugins = before.plugins if before else ()
        self.services[service] = ThirdPartyService(
            id=f'id-{service}', slug=service, plugins=(*plugins, plugin_id)
        )

    def handler(self, slug, plugin_type='configuration', **manifest):
        """Add what the registry serves for a slug."""
        declared = PluginManifest(
            slug=slug, name=slug, plugin_type=plugin_type, **manifest
        )
        self.entries[slug] = Entry(
            slug=slug,
            plugin_type=plugin_type,
            handler=Handler,
            manifest=declared,
            contract_version=(1, 0),
            distribution='imbi-plugin-made-up',
            version='1.0',
            entry_point=slug,
            path='',
            editable=False,
            fingerprint='',
        )

    def refuse(self, entry_point, stage, *, slug=''):
        """Add what the registry did not admit."""
        self.refusals.append(
            Refusal(
                distribution='imbi-plugin-made-up',
                version='1.0',
                entry_point=entry_point,
                stage=stage,
                code='made_up',
                message='it was seen to be wrong.',
                remedy='Mend it.',
                slug=slug,
            )
        )

    def application(self, application_id, service='aws', names=None):
        """Add a service application."""
        self.applications.append(
            ServiceApplication(
                id=application_id,
                service_id=f'id-{service}',
                credential_names=names,
            )
        )

    def edge(self, owner, plugin_id, tab='configuration', **fields):
        """Add an assignment of project `p`, or of a type."""
        self.edges.append(
            Assignment(
                owner_kind='project' if owner == 'p' else 'project_type',
                owner_id=owner,
                plugin_id=plugin_id,
                tab=tab,
                **fields,
            )
        )
        return self.edges[-1]

    @property
    def graph(self):
        return Graph(
            assignments=self.edges,
            plugins=list(self.nodes.values()),
            services=list(self.services.values()),
            applications=self.applications,
            tab_types=self.tab_types,
        )

    @property
    def bindings(self):
        return self.graph.bindings('p', self.types)

    @property
    def handlers(self):
        return snapshot_of(1, self.entries, tuple(self.refusals), ())

    def resolve(self, source=None, tab='configuration'):
        return resolve(self.bindings, tab, self.handlers, source=source)

    def resolve_all(self, tab='configuration'):
        return resolve_all(self.bindings, tab, self.handlers)

    def explain(self, source=None, tab='configuration'):
        return explain(self.bindings, tab, self.handlers, source=source)

    def lint(self):
        return lint_assignments(self.bindings, self.handlers)

    def chosen(self, source=None, tab='configuration'):
        """Return the id of the plugin that serves."""
        return self.resolve(source, tab).plugin.id

    def verdicts(self, source=None, tab='configuration'):
        """Return `owner plugin` to verdict; edges must differ in these."""
        found = {
            f'{trace.edge.owner_id} {trace.edge.plugin_id}': trace.verdict
            for trace in self.explain(source, tab).edges
        }
        assert len(found) == len(self.bindings.assignments)
        return found


@pytest.fixture
def world():
    """An empty world."""
    return World()


@pytest.fixture
def two(world):
    """Two plugins of one type on two services, bound to nobody yet."""
    world.plugin('n1', 'ssm', service='aws')
    world.plugin('n2', 'vault', service='hashi')
    return world
