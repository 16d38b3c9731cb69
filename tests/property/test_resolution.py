"""Resolution against its laws, and against a naive reading of the rules.

The oracle below was written from the rules alone: it looks at all edges for
every question, shares no code with the package, and explains nothing.
"""

from __future__ import annotations

import collections
import dataclasses
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from imbi_plugin_sdk.manifest import PluginManifest
from imbi_plugin_sdk.records import Assignment, PluginNode, ThirdPartyService
from imbi_plugin_sdk.resolution import (
    ERRORS,
    AmbiguousSourceError,
    Graph,
    ResolutionError,
    lint_assignments,
    resolve,
    resolve_all,
    selectors,
    what_if,
)

TAB = 'configuration'
TABS = (TAB, 'logs', 'overview')
TYPES = ('t', 'u')
OWNERS = (('project', 'p'), ('project_type', 't'), ('project_type', 'u'))
PLUGINS = ('n0', 'n1', 'n2', 'n3', 'i0', 'i1')
SLUGS = ('a', 'b', 'c', 'lost', 'new')
SOURCES = (
    *SLUGS,
    's/a',
    't/b',
    's/c',
    'id:n0',
    'id:n3',
    'id:i0',
    'id:gone',
    'zz',
)
# Machines that run tests are busy: no example may fail for being slow.
relaxed = settings(deadline=None, max_examples=100)


@dataclasses.dataclass
class Entry:
    plugin_type: str
    manifest: PluginManifest
    handler: type = object


@dataclasses.dataclass
class Handlers:
    entries: dict
    refusals: tuple = ()


def manifest(slug, plugin_type, **more):
    return PluginManifest(
        slug=slug,
        name=slug,
        plugin_type=plugin_type,
        options=[
            {'name': 'depth', 'label': 'D', 'type': 'integer', 'default': 9},
            {'name': 'path', 'label': 'P'},
        ],
        **more,
    )


HANDLERS = Handlers(
    {
        'a': Entry(TAB, manifest('a', TAB)),
        'b': Entry(TAB, manifest('b', TAB, requires_identity=True)),
        'c': Entry('logs', manifest('c', 'logs')),
        'new': Entry(TAB, manifest('new', TAB, api_version=99)),
        'oidc': Entry('identity', manifest('oidc', 'identity')),
    }
)

rarely = st.sampled_from((False,) * 11 + (True,))
identities = st.sampled_from(
    (*(None,) * 6, '', '', 'i0', 'i0', 'i1', 'i1', 'n0', 'gone')
)
slugs = st.sampled_from((*('a',) * 14, 'b', 'b', *SLUGS))
options = st.dictionaries(
    st.sampled_from(('depth', 'path', 'odd')),
    st.sampled_from((None, '', 1, '2', 'x')),
    max_size=2,
)
edges = st.builds(
    lambda owner, **fields: Assignment(
        owner_kind=owner[0], owner_id=owner[1], **fields
    ),
    owner=st.sampled_from(OWNERS),
    plugin_id=st.sampled_from((*PLUGINS[:4] * 4, *PLUGINS[4:], 'gone')),
    tab=st.sampled_from((TAB, TAB, TAB, TAB, 'logs', 'overview')),
    default=st.sampled_from((None, None, True, False)),
    search_template=st.sampled_from((None, None, '', '/x', '/${org_slug}')),
    identity_plugin_id=identities,
    options=options,
    excluded=rarely,
)


def place(edge):
    """Return what a sound graph has one edge for."""
    return edge.owner_kind, edge.owner_id, edge.plugin_id, edge.tab


assignments = st.one_of(
    *[st.lists(edges, min_size=2, max_size=9, unique_by=place)] * 4,
    st.lists(edges, max_size=9),
)


@st.composite
def graphs(draw):
    """Draw six nodes, three services that mostly claim one each, and edges."""
    nodes, claims = [], collections.defaultdict(list)
    for name in PLUGINS:
        is_identity = name.startswith('i')
        slug = 'oidc' if is_identity else draw(slugs)
        kind = 'identity' if is_identity else TAB
        nodes.append(
            PluginNode(
                id=name,
                slug=slug,
                plugin_type='logs' if draw(rarely) else kind,
                enabled=not draw(rarely),
                identity_plugin_id=draw(
                    rarely.flatmap(lambda on: identities if on else st.none())
                ),
                options=draw(options),
            )
        )
        if not draw(rarely):
            claims[draw(st.sampled_from('stv'))].append(name)
        if draw(rarely):
            claims[draw(st.sampled_from('stv'))].append(name)
    # Service `v` has the slug of service `t`: hosts may allow it.
    services = [
        ThirdPartyService(
            id=f'id-{name}',
            slug='t' if name == 'v' else name,
            plugins=tuple(plugins),
        )
        for name, plugins in claims.items()
    ]
    return Graph(
        assignments=draw(assignments),
        plugins=nodes,
        services=services,
    )


sources = st.sampled_from((*(None,) * 12, *SOURCES, 'id:n0', 'id:n1', 'id:n2'))


class Naive:
    """The rules of one tab, question by question."""

    def __init__(self, graph, tab):
        self.graph, self.tab = graph, tab
        self.nodes = {node.id: node for node in graph.plugins}
        self.bound = {
            edge.plugin_id
            for edge in graph.assignments
            if edge.tab == tab and not self.opted_out(edge.plugin_id)
        }

    def edges(self, plugin_id, owner):
        return [
            edge
            for edge in self.graph.assignments
            if edge.tab == self.tab
            and edge.plugin_id == plugin_id
            and (edge.owner_kind, edge.owner_id) == owner
        ]

    def opted_out(self, plugin_id):
        own = self.edges(plugin_id, OWNERS[0])
        return own != [] and all(edge.excluded for edge in own)

    def at_odds(self, plugin_id):
        for owner in OWNERS:
            told = self.edges(plugin_id, owner)
            if any(e.replaced(id='') != told[0] for e in told):
                return True
        return False

    def level(self, plugin_id):
        """Return 2 for a default of the project, 1 of a type, else 0."""
        for owner in OWNERS:
            said = [e.default for e in self.edges(plugin_id, owner)]
            if True in said:
                return 2 if owner is OWNERS[0] else 1
            if False in said:
                return 0
        return 0

    def first(self, plugin_id, name, below=None):
        for owner in OWNERS:
            for edge in self.edges(plugin_id, owner):
                if getattr(edge, name) is not None:
                    return getattr(edge, name)
        return below

    def services(self, plugin_id):
        return [s for s in self.graph.services if plugin_id in s.plugins]

    def answers(self, plugin_id, source):
        if source == f'id:{plugin_id}':
            return True
        node = self.nodes.get(plugin_id)
        if node is None:
            return False
        full = {f'{s.slug}/{node.slug}' for s in self.services(plugin_id)}
        return source == node.slug or source in full

    def choose(self, source):  # noqa: PLR0911  one per rule
        """Return a plugin id, or (code, candidates)."""
        if not self.bound:
            return 'nothing_bound', set()
        pool = self.bound
        if source is not None:
            pool = {one for one in pool if self.answers(one, source)}
        if not pool:
            out = {
                edge.plugin_id
                for edge in self.graph.assignments
                if edge.tab == self.tab and self.opted_out(edge.plugin_id)
            }
            if any(self.answers(one, source) for one in {*self.nodes, *out}):
                return 'source_not_bound', self.bound
            return 'source_unknown', self.bound
        for level in (2, 1):
            best = {one for one in pool if self.level(one) == level}
            if len(best) == 1:
                return best.pop()
            if best:
                code = 'ambiguous_default' if source is None else None
                return code or 'ambiguous_source', best
        if len(pool) == 1:
            return next(iter(pool))
        return ('no_default' if source is None else 'ambiguous_source'), pool

    def unfit(self, plugin_id, *, as_identity=False):  # noqa: PLR0911  one per rule
        node = self.nodes[plugin_id]
        if len(self.services(plugin_id)) != 1:
            return 'dangling_edge'
        if not as_identity and self.at_odds(plugin_id):
            return 'ambiguous_source'
        if not node.enabled:
            return 'plugin_disabled'
        mismatch = 'identity_wrong_type' if as_identity else 'type_mismatch'
        if not as_identity and self.tab in {TAB, 'logs'} - {node.plugin_type}:
            return mismatch
        entry = HANDLERS.entries.get(node.slug)
        if entry is None:
            return 'handler_unavailable'
        if entry.manifest.api_version == 99:
            return 'api_version_unsupported'
        if entry.plugin_type != node.plugin_type:
            return mismatch
        return None

    def fault(self, plugin_id):  # noqa: PLR0911  one per rule
        if plugin_id not in self.nodes:
            return 'dangling_edge'
        node = self.nodes[plugin_id]
        if code := self.unfit(plugin_id):
            return code
        identity = self.identity(plugin_id)
        if not identity:
            needs = HANDLERS.entries[node.slug].manifest.requires_identity
            return 'identity_missing' if needs else None
        if identity not in self.nodes:
            return 'identity_missing'
        if identity == plugin_id:
            return 'identity_cycle'
        if self.nodes[identity].plugin_type != 'identity':
            return 'identity_wrong_type'
        if self.identity(identity):
            return 'identity_cycle'
        return self.unfit(identity, as_identity=True)

    def identity(self, plugin_id):
        below = self.nodes[plugin_id].identity_plugin_id
        if plugin_id not in self.bound:
            return below
        return self.first(plugin_id, 'identity_plugin_id', below)

    def options(self, plugin_id):
        tiers = [self.nodes[plugin_id].options]
        for owner in reversed(OWNERS):
            tiers += [e.options for e in self.edges(plugin_id, owner)]
        merged = {}
        for tier in tiers:
            merged |= {k: v for k, v in tier.items() if v is not None}
        found = {'depth': 9}
        if merged.get('depth', '') != '':
            found['depth'] = {'x': None, '2': 2}.get(
                merged['depth'], merged['depth']
            )
        if merged.get('path', '') != '':
            found['path'] = str(merged['path'])
        return {k: v for k, v in found.items() if v is not None}

    def outcome(self, source):
        choice = self.choose(source)
        if isinstance(choice, tuple):
            return (choice[0], None, choice[1])
        if code := self.fault(choice):
            return (code, choice, self.bound)
        return (
            'resolved',
            choice,
            self.identity(choice) or None,
            self.first(choice, 'search_template') or None,
            self.options(choice),
        )


def ask(graph, source=None, tab=TAB, project='p'):
    """Return a resolution, or the error."""
    try:
        return resolve(
            graph.bindings(project, TYPES), tab, HANDLERS, source=source
        )
    except ResolutionError as error:
        return error


def said(found, naive):
    """Return an outcome in the oracle's form, candidates as ids."""
    if not isinstance(found, ResolutionError):
        return (
            'resolved',
            found.plugin.id,
            found.identity and found.identity.plugin.id,
            found.search_template,
            dict(found.options.values),
        )
    candidates = [
        [one for one in naive.bound if naive.answers(one, selector)]
        for selector in found.candidates
    ]
    assert all(len(meant) == 1 for meant in candidates)
    return (
        found.code,
        found.plugin_id,
        {one for meant in candidates for one in meant},
    )


def chosen(found):
    """Return the plugin that was chosen, whether or not it can serve."""
    if isinstance(found, ResolutionError):
        return found.plugin_id
    return found.plugin.id


@settings(deadline=None, max_examples=400)
@given(graphs(), sources, st.sampled_from((*TABS, TAB, TAB)))
def test_it_is_what_a_naive_reading_of_the_rules_gives(graph, source, tab):
    naive = Naive(graph, tab)
    found = said(ask(graph, source, tab), naive)
    assert found == naive.outcome(source)


@relaxed
@given(graphs(), sources, st.randoms(use_true_random=False))
def test_the_order_of_the_input_means_nothing(graph, source, chance):
    shuffled = [
        random.Random(chance.random()).sample(list(part), len(part))
        for part in (graph.assignments, graph.plugins, graph.services)
    ]
    other = Graph(
        assignments=shuffled[0], plugins=shuffled[1], services=shuffled[2]
    )
    before, after = ask(graph, source), ask(other, source)
    naive = Naive(graph, TAB)
    assert said(before, naive) == said(after, naive)
    assert before.explanation == after.explanation
    assert str(before.explanation) == str(after.explanation)
    if isinstance(before, ResolutionError):
        assert str(before) == str(after)
        assert before.candidates == after.candidates
    else:
        assert before.selector == after.selector
        assert before.options == after.options
    assert lint(graph) == lint(other)


def lint(graph):
    return lint_assignments(graph.bindings('p', TYPES), HANDLERS)


@relaxed
@given(graphs(), sources)
def test_the_trace_holds_every_edge_once_and_one_selection(graph, source):
    found = ask(graph, source)
    traces = found.explanation.edges
    assert collections.Counter(id(t.edge) for t in traces) == (
        collections.Counter(map(id, graph.assignments))
    )
    verdicts = collections.Counter(t.verdict for t in traces)
    resolved = not isinstance(found, ResolutionError)
    assert verdicts['selected'] == resolved
    assert verdicts['refused'] == (not resolved and chosen(found) is not None)
    for trace in traces:
        mine = trace.edge.plugin_id == chosen(found)
        if trace.verdict in {'selected', 'refused'}:
            assert mine


@relaxed
@given(graphs(), sources)
def test_a_property_comes_from_the_edge_that_the_trace_says(graph, source):
    found = ask(graph, source)
    if chosen(found) is None or isinstance(found, AmbiguousSourceError):
        return
    for name in ('default', 'search_template', 'identity_plugin_id'):
        givers = [
            t.edge
            for t in found.explanation.edges
            if t.edge.plugin_id == chosen(found) and name in t.gives
        ]
        origin = found.explanation.properties.get(name)
        assert len(givers) <= 1
        if givers:
            assert (origin.tier, origin.id) == (
                givers[0].owner_kind,
                givers[0].owner_id,
            )
            assert origin.cleared == (getattr(givers[0], name) == '')
        else:
            assert origin is None or origin.tier == 'plugin'


@relaxed
@given(graphs(), sources)
def test_other_tabs_mean_nothing(graph, source):
    alone = dataclasses.replace(
        graph, assignments=[e for e in graph.assignments if e.tab == TAB]
    )
    naive = Naive(graph, TAB)
    assert said(ask(graph, source), naive) == said(ask(alone, source), naive)


@relaxed
@given(graphs())
def test_a_selector_means_its_plugin(graph):
    names = selectors(graph.bindings('p', TYPES), TAB)
    assert set(names) == Naive(graph, TAB).bound
    assert len(set(names.values())) == len(names)
    for plugin_id, selector in names.items():
        found = ask(graph, selector)
        assert chosen(found) == plugin_id
        if not isinstance(found, ResolutionError):
            assert found.selector == selector


@relaxed
@given(graphs())
def test_a_selector_is_the_shortest_form_that_means_one(graph):
    naive = Naive(graph, TAB)

    def is_alone(source):
        meant = [one for one in naive.bound if naive.answers(one, source)]
        return len(meant) == 1

    for name, selector in selectors(graph.bindings('p', TYPES), TAB).items():
        node = naive.nodes.get(name)
        slug = [node.slug] if node else []
        full = [f'{s.slug}/{node.slug}' for s in naive.services(name) if node]
        if any(map(is_alone, slug)):
            assert selector == node.slug
        elif any(map(is_alone, full)):
            assert selector in full
        else:
            assert selector == f'id:{name}'


@relaxed
@given(graphs(), edges)
def test_a_new_type_edge_without_default_moves_no_default(graph, edge):
    found = ask(graph)
    if found.explanation.rule not in {'project_default', 'type_default'}:
        return
    taken = {place(e) for e in graph.assignments}
    edge = edge.replaced(
        owner_kind='project_type',
        owner_id='t',
        default=None if edge.plugin_id == chosen(found) else False,
    )
    if place(edge) in taken:
        return
    more = dataclasses.replace(graph, assignments=[*graph.assignments, edge])
    assert chosen(ask(more)) == chosen(found)


@relaxed
@given(graphs())
def test_what_dangles_never_falls_through(graph):
    name = chosen(ask(graph))
    if name is None:
        return
    nodes = [node for node in graph.plugins if node.id != name]
    found = ask(dataclasses.replace(graph, plugins=nodes))
    assert found.code == 'dangling_edge'
    assert found.plugin_id == name


@relaxed
@given(graphs(), sources)
def test_without_its_own_edges_a_project_has_its_types(graph, source):
    types_only = [e for e in graph.assignments if e.owner_kind != 'project']
    stripped = dataclasses.replace(graph, assignments=types_only)
    naive = Naive(stripped, TAB)
    one, other = ask(stripped, source), ask(graph, source, project='')
    assert said(one, naive) == said(other, naive)
    assert one.explanation == other.explanation


@relaxed
@given(graphs())
def test_a_fan_out_is_what_each_selector_gives(graph):
    naive = Naive(graph, TAB)
    bindings = graph.bindings('p', TYPES)
    out = resolve_all(bindings, TAB, HANDLERS)
    names = selectors(bindings, TAB)
    assert {chosen(one) for one in (*out.resolutions, *out.errors)} == (
        naive.bound
    )
    for one in (*out.resolutions, *out.errors):
        same = ask(graph, names[chosen(one)])
        assert said(one, naive) == said(same, naive)


@relaxed
@given(graphs(), sources)
def test_lint_tells_what_requests_would_meet(graph, source):
    found, problems = ask(graph, source), lint(graph)
    if isinstance(found, ResolutionError):
        told = source is None and found.code != 'nothing_bound'
        if told or found.plugin_id is not None:
            assert found.problem in problems
    faults = {p.path for p in problems if p.code in ERRORS}
    if not any(path.startswith(TAB) for path in faults):
        assert not isinstance(found, ResolutionError) or found.code in {
            'nothing_bound',
            'source_unknown',
            'source_not_bound',
            'ambiguous_source',
        }


@relaxed
@given(graphs(), graphs(), st.integers(0, 3))
def test_what_if_tells_every_project_whose_requests_change(one, two, keep):
    edges = [*one.assignments[:keep], *two.assignments[keep:]]
    after = dataclasses.replace(one, assignments=edges)
    changes = what_if({'p': TYPES}, one, after, HANDLERS, tabs=[TAB])
    moved = []
    for source in (None, *(f'id:{name}' for name in (*PLUGINS, 'gone'))):
        before, later = (
            said(ask(graph, source), Naive(graph, TAB))[:5]
            for graph in (one, after)
        )
        if source is None or before[1] or later[1]:
            size = 2 if before[0] != 'resolved' else 5
            moved.append(before[:size] != later[:size])
    assert bool(changes) >= any(moved)
    if one.assignments == after.assignments:
        assert changes == ()
