"""Histories of an organization, lived twice: by plans and by the oracle."""

from __future__ import annotations

import copy
import functools

from naive_provisioning import Entry, Node, Service, World

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.manifest import PluginManifest, ThirdPartyServiceTemplate
from imbi_plugin_sdk.provisioning import (
    Icon,
    MemoryStore,
    Placement,
    Plan,
    PluginSource,
    State,
    apply,
    plan_delete,
    plan_install,
    plan_manage,
    plan_save,
    plan_take,
    plan_uninstall,
    plan_unmanage,
    plan_unpin,
    plan_upgrade,
)
from imbi_plugin_sdk.records import Assignment, ThirdPartyService

ORGANIZATION = 'engineering'
DISTRIBUTIONS = {'alpha': 'Alpha', 'beta-2': 'beta_.2', 'beta': 'BETA'}
"""Normalised name to how it is spelled."""

TEMPLATES = ('works', 'mill')
VENDORS = ('Wídget Works', 'wídget  WORKS', 'Mill')
URLS = ('https://console.widgetworks.io', 'https://eu.widgetworks.io')
CHOICES = {
    'category': ('cloud', 'logging', 'other'),
    'service_url': (*URLS, None),
    'issuer': (None, 'https://id.widgetworks.io', 'https://login.works.io'),
    'default_scopes': ([], ['read'], ['write', 'read'], ['read', 'write']),
    'links': (
        {},
        {'Status': 'https://status.works.io'},
        {'A': 'https://a.io'},
    ),
}
DEFAULTS = {'use_pkce': 'unknown', 'scope_separator': ' '}
"""What a template fills where its author says nothing."""

SAVED = {
    'category': ('cloud', 'logging', 'metrics'),
    'service_url': (*URLS, 'http://intranet/'),
    'issuer': ('https://id.widgetworks.io', 'https://mine.example.com'),
    'default_scopes': (['read'], ['mine', 'ünï']),
    'links': ({'Mine': 'http://wiki/'}, {'A': 'https://a.io'}),
    'revoke_endpoint': ('https://mine.example.com/revoke',),
    'icon': ('https://cdn.example.com/logo.png',),
}
INSTANCES = (None, None, None, '', 'eu', 'Häfen')
TYPES = ('logs', 'logs', 'logs', 'identity')
BROKEN = 'broken'
ICON_CHOICES = (None, None, 'red', 'blue', BROKEN)


@functools.cache
def icon(color):
    from imbi_plugin_sdk.icons import sanitize_icon  # noqa: PLC0415

    if color == BROKEN:
        return Icon(None, (Problem('icon_failed', '', 'seen.', 'Mend it.'),))
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
        f'<path d="M0 0h8v8H0z" fill="{color}"/></svg>'
    )
    return Icon(sanitize_icon(text.encode(), 'image/svg+xml'))


@functools.cache
def both(  # noqa: PLR0913, PLR0917  one per fact
    spelled, slug, kind, vendor, template, picks, icons
):
    """Return one entry point, as provisioning and the oracle take it."""
    filled = {
        name: pool[pick]
        for (name, pool), pick in zip(CHOICES.items(), picks, strict=True)
    }
    manifest = PluginManifest(
        slug=slug,
        name=slug,
        plugin_type=kind,
        third_party_service=ThirdPartyServiceTemplate(
            id=template, vendor=vendor, **filled
        ),
    )
    read = {
        name: icon(color)
        for name, color in zip(('icon', 'icon_dark'), icons, strict=True)
        if color is not None
    }
    values = {
        **DEFAULTS,
        **{name: value for name, value in filled.items() if value},
        **{
            name: f'sha256:{one.clean.sha256}'
            for name, one in read.items()
            if one.clean
        },
    }
    broken = frozenset(name for name, one in read.items() if not one.clean)
    normal = next(key for key, one in DISTRIBUTIONS.items() if one == spelled)
    return (
        PluginSource(manifest, spelled, slug, '1', read),
        Entry(normal, slug, slug, kind, vendor, template, values, broken),
    )


class History:
    """One organization, lived step by step.

    Args:
        chance: A `random.Random`; Hypothesis has one that shrinks.
    """

    def __init__(self, chance):
        self.chance = chance
        self.world = World()
        self.store = MemoryStore([State.of(ORGANIZATION, in_use=())])
        self.sources = {}
        self.steps = []

    @property
    def state(self):
        return self.store.load(ORGANIZATION)

    # -- choices ---------------------------------------------------------

    def rarely(self, percent=10):
        return self.chance.randrange(100) < percent

    def a_version(self, name):
        """Return what some version of a distribution brings."""
        found = []
        templates = TEMPLATES if self.rarely(25) else TEMPLATES[:1]
        for template in templates:
            vendor = VENDORS[0]
            if self.rarely(15):
                vendor = self.chance.choice(VENDORS)
            picks = self.picks()
            for number in range(self.chance.choice((1, 1, 2))):
                slug = f'{name}-{template}-{number}'
                if self.rarely(2):
                    slug = 'taken'
                if self.rarely(3):
                    picks = self.picks()
                found.append(
                    both(
                        DISTRIBUTIONS[name],
                        slug,
                        self.chance.choice(TYPES),
                        vendor,
                        template,
                        picks,
                        (
                            self.chance.choice(ICON_CHOICES),
                            self.chance.choice(ICON_CHOICES[1:3]),
                        ),
                    )
                )
        return found

    def picks(self):
        return tuple(
            self.chance.randrange(len(pool)) for pool in CHOICES.values()
        )

    def a_batch(self):
        names = [self.chance.choice(tuple(DISTRIBUTIONS))]
        if self.rarely(25):
            names = self.chance.sample(tuple(DISTRIBUTIONS), 2)
        found = []
        for name in names:
            known = self.sources.get(name)
            again = known and self.rarely(30)
            found += known if again else self.a_version(name)
        self.chance.shuffle(found)
        return list({id(one): one for one in found}.values())

    def beside(self, batch):
        """Return what else is installed."""
        mine = {entry.distribution for _, entry in batch}
        return [
            source
            for name, brought in self.sources.items()
            for source, _ in brought
            if name not in mine
        ]

    def a_service(self):
        return self.chance.choice(sorted(self.state.services))

    # -- the two lives ---------------------------------------------------

    def both_do(self, plan, sources, operation):
        """Apply a plan, let the oracle do the same, and compare."""
        before = copy.deepcopy(self.world)
        told = operation()
        assert plan.blocked == (told is None), (plan.blocks, told)
        plan = Plan.from_json(plan.to_json())
        if plan.blocked:
            assert plan.empty
            self.world = before
            return None
        apply(plan, self.store, sources)
        assert apply(plan, self.store, sources).empty
        self.rename(plan, told)
        self.compare_told(plan, told)
        self.compare()
        return told

    def rename(self, plan, told):
        """Let the oracle's new services have the ids of the plan."""
        made = {
            (one.vendor, one.template_id, one.instance): one.service_id
            for one in plan.actions
            if one.action == 'create_service'
        }
        for service in self.world.services:
            if not service.id.startswith('new-'):
                continue
            key = (service.vendor, service.template, service.instance)
            old, service.id = service.id, made.pop(key)
            for node in service.plugins:
                node.home = service.id
            told.fields = {
                (service.id if name == old else name, field): facts
                for (name, field), facts in told.fields.items()
            }
            told.differences = [
                (kind, service.id if name == old else name, *rest)
                for kind, name, *rest in told.differences
            ]
        assert not made

    def compare_told(self, plan, told):
        """Every decision and every difference is that of the rules."""
        if not hasattr(told, 'fields'):
            assert set(plan.deletable) == told
            return
        seen = {
            (one.service_id, one.field): (
                one.decision,
                one.before,
                one.after,
                one.base,
            )
            for one in plan.fields
        }
        assert seen == told.fields
        assert all(one.reason for one in plan.fields)
        listed = [
            (kind, one.service_id, one.field, one.distribution, one.offered)
            for kind, some in (
                ('conflict', plan.conflicts),
                ('offer', plan.offers),
            )
            for one in some
        ]
        assert sorted(map(repr, listed)) == sorted(
            map(repr, map(tuple, told.differences))
        )

    def compare(self):
        """The store holds what the rules make of the world."""
        state = self.state
        nodes = dict(state.plugins)
        assert state.services.keys() == {one.id for one in self.world.services}
        for due in self.world.services:
            seen = state.services[due.id]
            attached = [nodes.pop(name) for name in seen.plugins]
            assert (
                seen.template_id or '',
                seen.instance,
                seen.live,
                seen.base,
                seen.pinned,
                seen.managed,
                list(seen.contributors),
            ) == (
                due.template,
                due.instance,
                due.live,
                due.base,
                due.pinned,
                due.managed,
                due.contributors,
            )
            assert [
                (one.slug, one.plugin_type, one.distribution)
                for one in attached
            ] == [
                (one.slug, one.type, one.distribution) for one in due.plugins
            ]
        assert sorted(
            (one.slug, one.plugin_type, one.distribution)
            for one in nodes.values()
        ) == sorted(
            (one.slug, one.type, one.distribution) for one in self.world.kept
        )

    # -- steps -----------------------------------------------------------

    def step(self):
        kinds = ['install', 'install', 'make']
        if self.world.services:
            kinds += STEPS
        kind = self.chance.choice(kinds)
        self.steps.append(kind)
        getattr(self, kind)()

    def install(self):
        batch = self.a_batch()
        names = sorted({entry.template for _, entry in batch})
        places, given = {}, {}
        for name in names:
            place = {'instance': self.chance.choice(INSTANCES)}
            if self.rarely(6):
                place['create'] = True
            elif self.rarely(12):
                place['service'] = (
                    self.a_service() if self.world.services else 'nobody'
                )
            given[name] = place
            places[name] = Placement(**place)
        sources = [source for source, _ in batch]
        plan = plan_install(
            self.state, sources, place=places, installed=self.beside(batch)
        )
        told = self.both_do(
            plan,
            sources,
            lambda: self.world.install([one for _, one in batch], given),
        )
        if told is not None:
            self.remember(batch)

    def upgrade(self):
        batch = self.a_batch()
        sources = [source for source, _ in batch]
        plan = plan_upgrade(self.state, sources, installed=self.beside(batch))
        told = self.both_do(
            plan,
            sources,
            lambda: self.world.upgrade([one for _, one in batch]),
        )
        if told is not None:
            self.remember(batch)

    def remember(self, batch):
        for name in {entry.distribution for _, entry in batch}:
            self.sources[name] = [
                pair for pair in batch if pair[1].distribution == name
            ]

    def uninstall(self):
        names = [self.chance.choice(tuple(DISTRIBUTIONS))]
        if self.rarely(30):
            names = list(DISTRIBUTIONS)
        services = [self.a_service()] if self.rarely(20) else None
        slugs = None
        if self.rarely(20):
            slugs = [f'{names[0]}-works-0']
        plan = plan_uninstall(
            self.state,
            [DISTRIBUTIONS[name] for name in names],
            services=services,
            slugs=slugs,
        )
        self.both_do(
            plan, (), lambda: self.world.uninstall(names, services, slugs)
        )

    def delete(self):
        name = self.a_service()
        self.both_do(
            plan_delete(self.state, name),
            (),
            lambda: self.world.delete(name),
        )

    def save(self):
        name, field = self.a_service(), self.chance.choice(tuple(SAVED))
        live = self.state.services[name].live.get(field)
        value = self.chance.choice((None, live, *SAVED[field]))
        self.both_do(
            plan_save(self.state, name, {field: value}),
            (),
            lambda: self.world.save(name, {field: value}),
        )

    def unpin(self):
        name, field = self.a_service(), self.chance.choice(tuple(SAVED))
        self.both_do(
            plan_unpin(self.state, name, [field]),
            (),
            lambda: self.world.unpin(name, [field]),
        )

    def take(self):
        name, field = self.a_service(), self.chance.choice(tuple(SAVED))
        sources = self.beside(())
        self.both_do(
            plan_take(self.state, name, [field], sources),
            sources,
            lambda: self.world.take(name, [field]),
        )

    def manage(self):
        name = self.a_service()
        sources = self.beside(()) if self.rarely(50) else []
        self.both_do(
            plan_manage(self.state, name, sources),
            sources,
            lambda: self.world.manage(name, at_once=bool(sources)),
        )

    def unmanage(self):
        name = self.a_service()

        def operation():
            self.world.service(name).managed = False
            return self.world.unpin(name, [])

        self.both_do(plan_unmanage(self.state, name), (), operation)

    # -- past all plans --------------------------------------------------

    def seed(self, *services, assignments=None, in_use=None, nodes=()):
        state = self.state
        self.store.seed(
            State.of(
                ORGANIZATION,
                {
                    **state.services,
                    **{one.id: one for one in services},
                }.values(),
                {**state.plugins, **{one.id: one for one in nodes}}.values(),
                state.assignments if assignments is None else assignments,
                in_use=state.in_use if in_use is None else in_use,
            )
        )

    def make(self):
        """Let an operator make a service by hand."""
        number = len(self.steps)
        live = {
            name: pool[0] for name, pool in SAVED.items() if self.rarely(40)
        }
        if self.rarely(50):
            live['service_url'] = URLS[0]
        made = Service(
            f'hand-{number}',
            self.chance.choice(VENDORS),
            instance=self.chance.choice(('', '', 'eu')),
            live=live,
            managed=self.rarely(10),
            by_operator=True,
        )
        slug = f'{self.chance.choice(tuple(DISTRIBUTIONS))}-works-0'
        nodes = []
        if self.rarely(15):
            # An operator wired a plugin, perhaps of a known distribution.
            brought = self.chance.choice(('', '', 'alpha'))
            kind = self.chance.choice(TYPES)
            made.plugins.append(Node('', slug, kind, brought))
            nodes.append(a_node(f'wired-{number}', made.plugins[0]))
        self.world.services.append(made)
        self.seed(
            ThirdPartyService(
                id=made.id,
                slug=made.id,
                vendor=made.vendor,
                organization=ORGANIZATION,
                instance=made.instance,
                live=copy.deepcopy(live),
                managed=made.managed,
                plugins=[one.id for one in nodes],
            ),
            nodes=nodes,
        )
        self.world.services.sort(key=lambda one: one.id)

    def edit(self):
        """Let a host write an operator's edit without pinning it."""
        name, field = self.a_service(), self.chance.choice(tuple(SAVED))
        value = self.chance.choice((None, *SAVED[field]))
        record = self.state.services[name]
        live = {one: had for one, had in record.live.items() if one != field}
        if value is not None:
            live[field] = value
        self.seed(record.replaced(live=live, revision=record.revision + 1))
        self.world.service(name).live = copy.deepcopy(live)

    def assign(self):
        """Let a project use a plugin, or none any more."""
        service = self.world.service(self.a_service())
        names = self.state.services[service.id].plugins
        if not names or self.rarely(60):
            self.seed(assignments=())
            for one in [*self.world.services]:
                for node in one.plugins:
                    node.assigned = 0
            for node in self.world.kept:
                node.assigned = 0
            return
        number = self.chance.randrange(len(names))
        service.plugins[number].assigned = 1
        edge = Assignment(
            owner_kind=self.chance.choice(('project', 'project_type')),
            owner_id='one',
            plugin_id=names[number],
            tab='logs',
        )
        self.seed(assignments=(*self.state.assignments, edge))

    def enter(self):
        """Let an operator enter an option of a plugin."""
        service = self.world.service(self.a_service())
        names = self.state.services[service.id].plugins
        if names:
            service.plugins[0].entered = True
            node = self.state.plugins[names[0]]
            self.seed(
                nodes=[
                    node.replaced(
                        options={'region': 'eu'}, revision=node.revision + 1
                    )
                ]
            )

    def use(self):
        """Let a service get a service application, or lose it."""
        service = self.world.service(self.a_service())
        service.in_use = not service.in_use
        self.seed(in_use={one.id for one in self.world.services if one.in_use})


def a_node(name, node):
    from imbi_plugin_sdk.records import PluginNode  # noqa: PLC0415

    return PluginNode(
        id=name,
        slug=node.slug,
        plugin_type=node.type,
        distribution=node.distribution,
    )


STEPS = [
    *['install', 'upgrade', 'uninstall', 'save', 'manage'] * 2,
    *['upgrade', 'save'],
    'delete',
    'unpin',
    'take',
    'unmanage',
    'edit',
    'assign',
    'enter',
    'use',
]
