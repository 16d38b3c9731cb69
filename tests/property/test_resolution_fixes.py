"""Who does what each error says to do comes to a plugin that serves."""

from __future__ import annotations

import random
import re
from types import SimpleNamespace

from hypothesis import given, note, settings
from hypothesis import strategies as st
from resolution_oracle import Reading
from resolution_worlds import HANDLERS, SINGLES, TAB, World, registry

from imbi_plugin_sdk.manifest import PluginManifest
from imbi_plugin_sdk.resolution import ResolutionError, resolve, selectors

REGISTRY = registry()
MOST_STEPS = 60  # more than such a world has faults


class Operator:
    """Reads an error and changes the world, the registry or the request."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.world = World(self.chance)
        self.entries = dict(REGISTRY.entries)
        self.source = self.chance.choice(self.world.sources())
        self.fresh = 0
        self.has_assigned = False

    @property
    def bindings(self):
        return self.world.graph().bindings('p', self.world.types)

    def ask(self):
        """Return the error of a request; None where a plugin serves."""
        handlers = SimpleNamespace(
            entries=self.entries, refusals=REGISTRY.refusals
        )
        try:
            resolve(self.bindings, TAB, handlers, source=self.source)
        except ResolutionError as error:
            return error
        return None

    def follow(self, error):
        """Do what the fix of an error says."""
        getattr(self, error.code)(error)

    # -- what an operator can do ------------------------------------------

    def edges(self, plugin, owner=None):
        return [
            edge
            for edge in self.world.edges
            if (edge['plugin'], edge['tab']) == (plugin, TAB)
            and owner in {None, edge['owner']}
        ]

    def drop(self, edges):
        self.world.edges = [
            one for one in self.world.edges if all(one is not e for e in edges)
        ]

    def install(self, kind):
        """Install a sound plugin on a service of its own."""
        self.fresh += 1
        name, slug = f'fresh{self.fresh}', f'slug{self.fresh}'
        self.world.nodes[name] = {
            'slug': slug,
            'type': kind,
            'enabled': True,
            'identity': None,
            'application': None,
            'options': {},
        }
        self.world.services[f'id-{name}'] = {'slug': name, 'has': [name]}
        self.serve(slug, kind)
        return name

    def serve(self, slug, kind):
        self.entries[slug] = SimpleNamespace(
            plugin_type=kind,
            handler=object,
            manifest=PluginManifest(slug=slug, name=slug, plugin_type=kind),
        )

    def assign(self, plugin, **properties):
        self.world.edges.append(
            {
                'id': '',
                'owner': ('project', 'p'),
                'plugin': plugin,
                'tab': TAB,
                **dict.fromkeys(SINGLES),
                'options': {},
                'excluded': False,
                **properties,
            }
        )

    def set_on(self, plugin, name, value):
        """Set a property on the project's assignment, or make one."""
        own = self.edges(plugin, ('project', 'p'))
        for edge in own:
            edge[name] = value
        if not own:
            self.assign(plugin, **{name: value})

    # -- what each error says to do ---------------------------------------

    def nothing_bound(self, error):
        if 'Remove an exclusion' in error.fix and self.chance.random() < 0.7:
            given = {
                edge.plugin_id
                for edge in self.bindings.assignments
                if (edge.owner_kind, edge.tab) == ('project_type', TAB)
            }
            self.let_in(self.chance.choice(sorted(given)))
        else:
            self.assign(self.install(TAB))

    def let_in(self, plugin):
        """Remove the exclusion of a plugin."""
        self.drop(self.edges(plugin, ('project', 'p')))

    def ask_for_a_candidate(self, error):
        self.source = self.chance.choice(error.candidates)

    source_unknown = ask_for_a_candidate

    def source_not_bound(self, error):
        if self.has_assigned or self.chance.random() < 0.3:
            self.ask_for_a_candidate(error)
            return
        self.has_assigned = True  # it may be of another type than the tab
        reading = Reading(self.world)
        meant = [
            plugin
            for plugin in (*self.world.nodes, *sorted(reading.opted_out))
            if reading.means(plugin, self.source)
        ]
        if 'Remove the exclusion' in error.fix:
            meant = [one for one in meant if one in reading.opted_out]
            self.let_in(meant[0])
        if 'ssign it' in error.fix:
            self.assign(meant[0])

    def make_one_the_default(self, error):
        if self.chance.random() < 0.3:
            self.ask_for_a_candidate(error)
            return
        named = {v: k for k, v in selectors(self.bindings, TAB).items()}
        tied = [named[one] for one in error.candidates]
        for plugin in tied[1:]:
            if error.code != 'no_default':
                self.set_on(plugin, 'default', False)  # noqa: FBT003  value
        if error.code != 'ambiguous_default':
            self.set_on(tied[0], 'default', True)  # noqa: FBT003  as above

    no_default = ambiguous_default = make_one_the_default

    def ambiguous_source(self, error):
        if error.plugin_id is None:
            self.make_one_the_default(error)
            return
        kind, owner, plugin = re.match(
            r"(project|project type) (\w+) assigns plugin '(\w+)'",
            error.message,
        ).groups()
        edges = self.edges(plugin, (kind.replace(' ', '_'), owner))
        edges.remove(self.chance.choice(edges))
        self.drop(edges)

    def dangling_edge(self, error):
        found = re.match(r'plugin \S+ \(id:(\w+)\) must hang', error.message)
        if found is None:
            self.drop(self.edges(error.plugin_id))
            return
        for service in self.world.services.values():
            service['has'] = [x for x in service['has'] if x != found[1]]
        services = self.world.services
        services.setdefault('id-s', {'slug': 's', 'has': []})
        services['id-s']['has'].append(found[1])

    def type_mismatch(self, error):
        wanted = re.match(r"Assign a plugin of type '(\w+)'", error.fix)
        if wanted:
            self.drop(self.edges(error.plugin_id))
            self.assign(self.install(wanted[1]))
            return
        assert error.fix.startswith('Install the plugin again')
        name = re.search(r'\(id:(\w+)\) was installed', error.message)[1]
        node = self.world.nodes[name]
        node['type'] = self.entries[node['slug']].plugin_type

    def plugin_disabled(self, error):
        name = re.search(r'\(id:(\w+)\) is switched off', error.message)[1]
        self.world.nodes[name]['enabled'] = True

    def identity_missing(self, error):
        assert 'to a plugin of type identity' in error.fix
        identity = self.install('identity')
        if 'or clear it' in error.fix and self.chance.random() < 0.5:
            identity = ''
        self.set_on(error.plugin_id, 'identity_plugin_id', identity)

    def identity_wrong_type(self, error):
        if error.fix.startswith('Install the plugin again'):
            self.type_mismatch(error)
        else:
            self.identity_missing(error)

    def identity_cycle(self, error):
        if not error.fix.startswith('Clear'):
            self.identity_missing(error)
            return
        name = re.search(r'from \S+ \(id:(\w+)\)', error.message)[1]
        owner = re.search(r' as (project|project type) (\w+) sets', error.fix)
        if owner is None:
            self.world.nodes[name]['identity'] = None
            return
        said_by = (owner[1].replace(' ', '_'), owner[2])
        for edge in self.edges(name, said_by):
            edge['identity_plugin_id'] = ''

    def handler_unavailable(self, error):
        name = re.search(r'\(id:(\w+)\)', error.message)[1]
        node = self.world.nodes[name]
        self.serve(node['slug'], HANDLERS.get(node['slug'], node)['type'])

    api_version_unsupported = handler_unavailable


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 2**32))
def test_the_fixes_of_the_errors_lead_to_a_plugin_that_serves(seed):
    operator = Operator(seed)
    met = []
    for _ in range(MOST_STEPS):
        note(str(vars(operator.world)))
        error = operator.ask()
        if error is None:
            return
        told = (error.code, error.plugin_id, str(error), operator.source)
        assert told not in met
        if met and error.plugin_id is None:
            assert told[:2] != met[-1][:2]
        met.append(told)
        operator.follow(error)
    raise AssertionError(met)
