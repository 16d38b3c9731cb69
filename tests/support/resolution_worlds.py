"""Small random worlds of assignments, as plain dictionaries.

`resolution_oracle` says what the rules of resolution make of them.
"""

from __future__ import annotations

import collections
from types import SimpleNamespace
from typing import TYPE_CHECKING

from imbi_plugin_sdk.manifest import PluginManifest
from imbi_plugin_sdk.records import (
    Assignment,
    PluginNode,
    ServiceApplication,
    ThirdPartyService,
)
from imbi_plugin_sdk.resolution import Graph

if TYPE_CHECKING:
    import random

TAB = 'configuration'
SINGLES = ('default', 'search_template', 'identity_plugin_id')
PLUGINS = ('n0', 'n1', 'n2', 'n3', 'i0', 'i1')
OPTIONS = ('depth', 'path', 'flag', 'key', 'tags', 'odd')
CANARY = 'canary-0451'
VALUES = (None, '', 1, True, '2', CANARY, 'true', {'a': CANARY}, 10**40)
DECLARED = {
    'depth': {'type': 'integer', 'default': 9},
    'path': {'type': 'string', 'required': True},
    'flag': {'type': 'boolean', 'choices': ['True']},
    'key': {'type': 'secret'},
    'tags': {'type': 'mapping', 'default': {'t': 'u'}},
}
HANDLERS = {
    'a': {'type': TAB, 'options': ('depth', 'path', 'flag', 'key', 'tags')},
    'b': {'type': TAB, 'needs': True, 'options': ('depth',)},
    'c': {'type': 'logs', 'options': ()},
    'k': {'type': TAB, 'credentials': {'c1': True, 'c2': False}},
    'new': {'type': TAB, 'api': 99},
    'oidc': {'type': 'identity', 'options': ('path',)},
    'gone-bad': {'type': 'logs'},
}
REFUSED = {'late': 'api_version', 'broken': 'import'}
SLUGS = (*'aaaakkbc', 'new', 'late', 'broken', 'lost')


def manifest_of(slug, told):
    """Return a manifest as the table above tells it."""
    return PluginManifest(
        slug=slug,
        name=slug,
        plugin_type=told['type'],
        api_version=told.get('api', 1),
        requires_identity=told.get('needs', False),
        options=[
            {'name': name, 'label': name, **DECLARED[name]}
            for name in told.get('options', ())
        ],
        credentials=[
            {'name': name, 'label': name, 'required': required}
            for name, required in told.get('credentials', {}).items()
        ],
    )


def registry():
    """Return what resolution takes as the registry's snapshot."""
    return SimpleNamespace(
        entries={
            slug: SimpleNamespace(
                plugin_type=told['type'],
                handler=object,
                manifest=manifest_of(slug, told),
            )
            for slug, told in HANDLERS.items()
        },
        refusals=tuple(
            SimpleNamespace(
                slug='' if stage == 'import' else slug,
                entry_point=slug if stage == 'import' else 'other',
                stage=stage,
                message='it was seen to be wrong.',
                remedy='Mend it.',
            )
            for slug, stage in REFUSED.items()
        ),
    )


class World:
    """Everything that one request can depend on, drawn from a `Random`."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._wild = chance.random() < 0.3
        few = self._few
        self.types = chance.choice(
            ((), ('t',), *[('t', 'u')] * 4, *[('u', 't', 'u')] * 2)
        )
        self.tab_types = {'overview': 'logs'} if few() else {}
        self.nodes = {name: self._node(name) for name in PLUGINS if not few()}
        claims = collections.defaultdict(list)
        for name in (*self.nodes, 'ghost'):
            if not few():
                claims[chance.choice('stv')].append(name)
            while few():
                claims[chance.choice('stv')].append(name)
        # Service `v` has the slug of service `t`: hosts may allow it.
        self.services = {
            f'id-{name}': {'slug': 't' if name == 'v' else name, 'has': has}
            for name, has in claims.items()
        }
        self.applications = {
            f'app{number}': {
                'service': f'id-{chance.choice("stv")}',
                'names': chance.choice((None, {'c1'}, {'c2'}, {'c1', 'c2'})),
            }
            for number in range(chance.choice((0, 1, 2, 4)))
        }
        self.edges = []
        for number in range(chance.choice((0, 2, 3, 4, 5, 6, 9))):
            self.edges.append(self._edge(f'e{number}'))
            if few():
                self.edges.append({**self.edges[-1], 'id': f'f{number}'})

    def edit(self, chance: random.Random) -> None:
        """Change something, as an operator might."""
        self._chance = chance
        kind = chance.choice(('property', 'add', 'drop', 'node', 'rest'))
        if kind == 'add':
            self.edges.append(self._edge('added'))
        elif kind == 'drop':
            del self.edges[:1]
        elif kind == 'property' and self.edges:
            name = chance.choice(
                (
                    'default',
                    'search_template',
                    'identity_plugin_id',
                    'options',
                    'excluded',
                )
            )
            chance.choice(self.edges)[name] = self._edge('')[name]
        elif kind == 'node' and self.nodes:
            name = chance.choice(sorted(self.nodes))
            self.nodes[name] = self._node(name)
        elif kind == 'rest' and self.services:
            self.applications = {}
            self.services[min(self.services)]['slug'] = 'renamed'

    def _few(self) -> bool:
        return self._chance.random() < (0.15 if self._wild else 0.03)

    def _identity(self) -> str | None:
        if self._chance.random() < 0.7:
            return None
        return self._chance.choice(('', 'i0', 'i0', 'i1', 'n0', 'gone'))

    def _options(self) -> dict:
        names = self._chance.sample(OPTIONS, self._chance.choice((0, 0, 1, 2)))
        return {name: self._chance.choice(VALUES) for name in names}

    def _node(self, name: str) -> dict:
        few, chance = self._few, self._chance
        identity = name.startswith('i')
        slug = 'oidc' if identity else chance.choice(SLUGS)
        kind = HANDLERS.get(slug, {'type': TAB})['type']
        options = {} if few() else {'path': 'p'}
        return {
            'slug': 'gone-bad' if few() else slug,
            'type': chance.choice((TAB, 'logs', 'identity'))
            if few()
            else kind,
            'enabled': not few(),
            'identity': self._identity() if few() else None,
            'application': chance.choice(('app0', 'app9')) if few() else None,
            'options': options | self._options(),
        }

    def _edge(self, name: str) -> dict:
        chance = self._chance
        return {
            'id': name,
            'owner': chance.choice(
                (
                    ('project', 'p'),
                    ('project_type', 't'),
                    ('project_type', 'u'),
                    *(
                        (('project', 'q'), ('project_type', 'w'))
                        if self._few()
                        else ()
                    ),
                )
            ),
            'plugin': chance.choice(
                (*PLUGINS[:4], *PLUGINS[:4], *PLUGINS, 'gone')
            ),
            'tab': chance.choice((TAB, TAB, TAB, TAB, 'logs', 'overview')),
            'default': chance.choice((None, None, True, False)),
            'search_template': chance.choice(
                (None, None, None, '', '/x', '/${org_slug}', '${oops}')
            ),
            'identity_plugin_id': self._identity(),
            'options': self._options(),
            'excluded': self._few(),
        }

    def graph(self) -> Graph:
        """Return the world as resolution takes it."""
        return Graph(
            assignments=[
                Assignment(
                    owner_kind=edge['owner'][0],
                    owner_id=edge['owner'][1],
                    plugin_id=edge['plugin'],
                    **{
                        name: edge[name]
                        for name in edge
                        if name not in {'owner', 'plugin'}
                    },
                )
                for edge in self.edges
            ],
            plugins=[
                PluginNode(
                    id=name,
                    slug=node['slug'],
                    plugin_type=node['type'],
                    enabled=node['enabled'],
                    identity_plugin_id=node['identity'],
                    application_id=node['application'],
                    options=node['options'],
                )
                for name, node in self.nodes.items()
            ],
            services=[
                ThirdPartyService(
                    id=name, slug=service['slug'], plugins=service['has']
                )
                for name, service in self.services.items()
            ],
            applications=[
                ServiceApplication(
                    id=name,
                    service_id=one['service'],
                    credential_names=one['names'],
                )
                for name, one in self.applications.items()
            ],
            tab_types=self.tab_types,
        )

    def sources(self) -> list[str | None]:
        """Return every source that could mean something, and some more."""
        slugs = {node['slug'] for node in self.nodes.values()}
        services = {one['slug'] for one in self.services.values()}
        ids = {*self.nodes, *(edge['plugin'] for edge in self.edges), 'no'}
        return [
            None,
            '',
            *sorted({*slugs, 'no', 'A'}),
            *sorted(f'{s}/{slug}' for s in services for slug in slugs),
            *sorted(f'id:{name}' for name in ids),
            *sorted(ids - slugs),
        ]
