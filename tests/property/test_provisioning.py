"""Laws of provisioning, on any organization and any batch of plugins."""

from __future__ import annotations

import contextlib
import copy
import functools

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from imbi_plugin_sdk.manifest import PluginManifest, ThirdPartyServiceTemplate
from imbi_plugin_sdk.provisioning import (
    FIELDS,
    Icon,
    MemoryStore,
    Placement,
    Plan,
    PlanBlocked,
    PlanStale,
    PluginSource,
    State,
    apply,
    changed,
    changes_of,
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
from imbi_plugin_sdk.provisioning.folding import fold_service
from imbi_plugin_sdk.provisioning.working import Working, actions_between
from imbi_plugin_sdk.records import Assignment, PluginNode, ThirdPartyService

ORGANIZATION = 'engineering'
DISTRIBUTIONS = ('alpha', 'beta')
TEMPLATES = ('works', 'other-works')
VENDOR = 'Wídget Works'
URL = 'https://console.widgetworks.io'
CANARY = 'Tr0ub4dor' + '-and-3'
"""A password that an operator typed where none belongs."""

CHOICES = {
    'category': ['cloud', 'logging', 'other'],
    'service_url': [URL, None],
    'issuer': [None, 'https://id.widgetworks.io', 'https://login.works.io'],
    'default_scopes': [[], ['read'], ['read', 'write']],
    'links': [{}, {'Status': 'https://status.works.io'}],
}
"""What the templates of this module fill."""

SAVED = {
    'category': ['cloud', 'metrics'],
    'service_url': [URL, 'http://intranet/'],
    'issuer': ['https://id.widgetworks.io', 'https://mine.example.com'],
    'default_scopes': [['read'], ['mine', 'ünï']],
    'links': [{'Mine': 'http://wiki/'}],
    'revoke_endpoint': ['https://mine.example.com/revoke'],
    'icon': ['https://cdn.example.com/logo.png'],
}
"""What operators save; now and then what a manifest says as well."""


@functools.cache
def icon(color):
    from imbi_plugin_sdk.icons import sanitize_icon  # noqa: PLC0415

    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
        f'<path d="M0 0h8v8H0z" fill="{color}"/></svg>'
    )
    return Icon(sanitize_icon(text.encode(), 'image/svg+xml'))


@functools.cache
def source(distribution, slug, template, picks, color=None):
    fields = {
        name: values[pick % len(values)]
        for (name, values), pick in zip(CHOICES.items(), picks, strict=True)
    }
    manifest = PluginManifest(
        slug=slug,
        name=slug,
        plugin_type='logs',
        third_party_service=ThirdPartyServiceTemplate(
            id=template, vendor=VENDOR, **fields
        ),
    )
    icons = {} if color is None else {'icon': icon(color)}
    return PluginSource(manifest, distribution, slug, '1', icons)


picks = st.tuples(*[st.integers(0, len(one) - 1) for one in CHOICES.values()])
colors = st.sampled_from([None, 'red', 'blue'])


@st.composite
def offers(draw, distribution, templates=TEMPLATES[:1]):
    """Draw what one version of a distribution brings."""
    found = []
    for template in templates:
        filled, color = draw(picks), draw(colors)
        for number in range(draw(st.integers(1, 2))):
            slug = f'{distribution}-{template}-{number}'
            found.append(source(distribution, slug, template, filled, color))
    return found


@st.composite
def batches(draw):
    """Draw what some distributions bring."""
    chosen = draw(
        st.lists(st.sampled_from(DISTRIBUTIONS), min_size=1, unique=True)
    )
    found = []
    for name in chosen:
        templates = draw(st.sampled_from([TEMPLATES[:1], TEMPLATES]))
        found += draw(offers(name, templates))
    return draw(st.permutations(found))


def filled(pools):
    return st.fixed_dictionaries(
        {},
        optional={
            name: st.sampled_from(values) for name, values in pools.items()
        },
    )


ANY_VALUES = {
    name: [one for one in (*CHOICES.get(name, ()), *values) if one]
    for name, values in SAVED.items()
}


@st.composite
def services(draw, number):
    """Draw any record that a host could have, reachable or not."""
    live, base = draw(filled(ANY_VALUES)), draw(filled(ANY_VALUES))
    if draw(st.booleans()):
        live['issuer'] = f'https://root:{CANARY}@works.io/'
    return ThirdPartyService(
        id=f'service-{number}',
        slug=f'slug-{number}',
        vendor=draw(st.sampled_from([VENDOR, ' wídget\tWORKS ', 'Else'])),
        organization=ORGANIZATION,
        template_id=draw(st.sampled_from([None, *TEMPLATES])),
        instance=draw(st.sampled_from(['', 'eu'])),
        live=live,
        base=base,
        pinned=draw(st.frozensets(st.sampled_from(sorted(SAVED)))),
        managed=draw(st.booleans()),
        origin=draw(st.sampled_from(['operator', 'template'])),
        contributors=tuple(
            draw(st.lists(st.sampled_from(DISTRIBUTIONS), unique=True))
        ),
        plugins=(f'node-{number}',) if draw(st.booleans()) else (),
        revision=draw(st.integers(0, 3)),
    )


@st.composite
def states(draw):
    """Draw any organization."""
    count = draw(st.integers(0, 3))
    found = [draw(services(number)) for number in range(count)]
    nodes = [
        PluginNode(
            id=f'node-{number}',
            slug=draw(st.sampled_from(['alpha-works-0', 'hand-made'])),
            plugin_type='logs',
            distribution=draw(st.sampled_from(['', 'alpha', 'beta'])),
            options={'api_token': CANARY},
        )
        for number in range(count)
    ]
    edges = [
        Assignment(
            owner_kind='project',
            owner_id='p',
            plugin_id=f'node-{number}',
            tab='logs',
        )
        for number in range(count)
        if draw(st.booleans())
    ]
    return State.of(ORGANIZATION, found, nodes, edges, in_use=())


placements = st.builds(
    Placement,
    instance=st.sampled_from([None, '', 'eu', 'us']),
    create=st.booleans(),
)


@st.composite
def plans(draw, state):
    """Draw any plan for a state, and what it needs to be applied."""
    brought = draw(batches())
    service = draw(st.sampled_from([*sorted(state.services), 'nobody']))
    fields = draw(st.lists(st.sampled_from(sorted(SAVED)), min_size=1))
    place = draw(placements)
    names = {one.template_id for one in brought}
    kind = draw(st.sampled_from(sorted(OPERATIONS)))
    event(kind)
    drafts = {
        'install': lambda: plan_install(
            state, brought, place=dict.fromkeys(names, place)
        ),
        'upgrade': lambda: plan_upgrade(state, brought),
        'uninstall': lambda: plan_uninstall(
            state, {one.distribution for one in brought}
        ),
        'delete': lambda: plan_delete(state, service),
        'save': lambda: plan_save(
            state, service, {name: SAVED[name][0] for name in fields}
        ),
        'clear': lambda: plan_save(state, service, dict.fromkeys(fields)),
        'unpin': lambda: plan_unpin(state, service, fields),
        'take': lambda: plan_take(state, service, fields, brought),
        'manage': lambda: plan_manage(state, service, brought),
        'unmanage': lambda: plan_unmanage(state, service),
    }
    return drafts[kind](), brought


OPERATIONS = (
    'install',
    'upgrade',
    'uninstall',
    'delete',
    'save',
    'clear',
    'unpin',
    'take',
    'manage',
    'unmanage',
)


def bare(state, *, ordered=True):
    """Return a state without revisions."""
    services = {}
    for name, one in state.services.items():
        facts = dict(one) | {'revision': 0}
        if not ordered:
            facts['contributors'] = set(facts['contributors'])
            facts['plugins'] = set(facts['plugins'])
        services[name] = facts
    plugins = {
        name: dict(one) | {'revision': 0}
        for name, one in state.plugins.items()
    }
    return services, plugins


def after(state, plan, brought=()):
    return changed(state, changes_of(plan, state, brought))


# -- of any plan ---------------------------------------------------------


@given(st.data())
def test_planning_is_pure(data):
    state = data.draw(states())
    untouched = copy.deepcopy(bare(state))
    brought = data.draw(batches())
    before = [copy.deepcopy(one.values) for one in brought]
    first = plan_install(state, brought)
    assert plan_install(state, reversed(brought)) == first
    assert plan_upgrade(state, brought) == plan_upgrade(state, brought)
    assert bare(state) == untouched
    assert [one.values for one in brought] == before


@given(st.data())
def test_what_is_previewed_is_what_is_applied(data):
    state = data.draw(states())
    plan, brought = data.draw(plans(state))
    store = MemoryStore([state])
    if plan.blocked:
        with pytest.raises(PlanBlocked):
            apply(plan, store, brought)
        return
    apply(plan, store, brought)
    now = store.load(ORGANIZATION)
    told = {(one.service_id, one.field): one for one in plan.fields}
    for name, service in now.services.items():
        old = state.services.get(name)
        for field in FIELDS:
            live = service.live.get(field)
            was = old.live.get(field) if old else None
            one = told.get((name, field))
            if one is None:
                assert live == was
            elif live != was:
                assert one.after == live
                assert one.decision in {'write', 'clear', 'save'}
            else:
                assert one.after == one.before
    acted = {getattr(one, 'service_id', '') for one in plan.actions}
    for name, service in state.services.items():
        if name not in acted:
            assert now.services[name] == service


@given(st.data())
def test_applying_again_is_a_no_op(data):
    state = data.draw(states())
    plan, brought = data.draw(plans(state))
    assume(not plan.blocked)
    store = MemoryStore([state])
    apply(plan, store, brought)
    once = store.load(ORGANIZATION)
    assert apply(plan, store, brought).empty
    assert store.load(ORGANIZATION) == once


@given(st.data())
def test_a_plan_survives_json(data):
    plan, _ = data.draw(plans(data.draw(states())))
    again = Plan.from_json(plan.to_json())
    assert again == plan
    assert again.to_json() == plan.to_json()


@given(st.data())
def test_a_plan_holds_no_secret(data):
    plan, _ = data.draw(plans(data.draw(states())))
    assert CANARY not in plan.to_json()


@given(st.data())
def test_a_stale_plan_is_refused(data):
    state = data.draw(states())
    plan, brought = data.draw(plans(state))
    assume(not plan.blocked and plan.preconditions)
    store = MemoryStore([state])
    node = data.draw(st.sampled_from(sorted(plan.preconditions)))
    kind, _, name = node.partition(':')
    nodes = state.services if kind == 'service' else state.plugins
    old = nodes.get(name)
    if old is None:
        return  # it has to be absent: what comes there is another test's
    field = 'slug' if kind == 'plugin' else 'vendor'
    moved = old.replaced(revision=old.revision + 1, **{field: 'moved'})
    both = (dict(state.services), dict(state.plugins))
    both[kind == 'plugin'][name] = moved
    store.seed(
        State.of(
            ORGANIZATION,
            both[0].values(),
            both[1].values(),
            state.assignments,
            in_use=(),
        )
    )
    before = store.load(ORGANIZATION)
    # It may be that all it does is so already; it is never done on top.
    with contextlib.suppress(PlanStale):
        assert apply(plan, store, brought).empty
    assert store.load(ORGANIZATION) == before


class Crashing(MemoryStore):
    @contextlib.contextmanager
    def transaction(self, organization):
        with super().transaction(organization) as opened:
            yield opened
            raise OSError('the power went')


@given(st.data())
def test_a_crash_leaves_the_old_state(data):
    state = data.draw(states())
    plan, brought = data.draw(plans(state))
    assume(not plan.blocked)
    store = Crashing([state])
    with pytest.raises(OSError, match='power'):
        apply(plan, store, brought)
    assert store.load(ORGANIZATION) == state


@given(st.data())
def test_actions_are_the_difference_of_any_two_services(data):
    one, two = data.draw(services(1)), data.draw(services(1))
    kept = dict(one)
    for name in ('slug', 'vendor', 'origin', 'revision'):
        kept[name] = getattr(two, name)
    one = ThirdPartyService(**kept)
    steps = list(actions_between(Working.of(one), Working.of(two)))
    made = fold_service(one, steps, ORGANIZATION)
    facts = bare(State.of(ORGANIZATION, [made]), ordered=False)
    due = bare(State.of(ORGANIZATION, [two]), ordered=False)
    assert facts == due
    assert not list(actions_between(Working.of(two), Working.of(two)))


# -- of installs and upgrades --------------------------------------------


@given(st.data())
def test_a_second_plan_finds_nothing_to_do(data):
    state = data.draw(states())
    brought = data.draw(batches())
    for draft in (plan_install, plan_upgrade):
        plan = draft(state, brought)
        if not plan.blocked:
            assert draft(after(state, plan, brought), brought).empty


@given(st.data())
def test_an_unmanaged_existing_record_is_never_written(data):
    state = data.draw(states())
    brought = data.draw(batches())
    for draft in (plan_install, plan_upgrade):
        plan = draft(state, brought)
        if plan.blocked:
            continue
        now = after(state, plan, brought)
        for name, service in state.services.items():
            if not service.managed:
                assert now.services[name].live == service.live
                assert now.services[name].pinned >= service.pinned


@given(st.data())
def test_an_edited_field_is_never_written(data):
    state = data.draw(states())
    brought = data.draw(batches())
    for draft in (plan_install, plan_upgrade):
        plan = draft(state, brought)
        if plan.blocked:
            continue
        now = after(state, plan, brought)
        for name, service in state.services.items():
            for field in FIELDS:
                live, base = service.live.get(field), service.base.get(field)
                if field in service.pinned or live != base:
                    assert now.services[name].live.get(field) == live


@given(st.data())
def test_the_base_moves_only_with_a_write_or_a_convergence(data):
    state = data.draw(states())
    plan, brought = data.draw(plans(state))
    assume(not plan.blocked)
    now = after(state, plan, brought)
    for name in state.services.keys() & now.services.keys():
        old, new = state.services[name], now.services[name]
        for field in FIELDS:
            if new.base.get(field) != old.base.get(field):
                assert new.base.get(field) == new.live.get(field)


@given(st.data())
def test_a_package_that_does_not_own_the_template_writes_no_field(data):
    state = data.draw(states())
    name = data.draw(st.sampled_from(DISTRIBUTIONS))
    plan = plan_upgrade(state, data.draw(offers(name, TEMPLATES)))
    owned = {
        service.id
        for service in state.services.values()
        if service.contributors[:1] == (name,)
    }
    assert {one.service_id for one in plan.fields} <= owned


@given(st.data())
def test_the_order_of_installs_changes_only_who_is_first(data):
    filled, color = data.draw(picks), data.draw(colors)
    both = [
        [source(name, f'{name}-0', TEMPLATES[0], filled, color)]
        for name in DISTRIBUTIONS
    ]
    made = []
    for order in (both, both[::-1]):
        state = State.of(ORGANIZATION, in_use=())
        for brought in order:
            state = after(state, plan_install(state, brought), brought)
        made.append(state)
    assert bare(made[0], ordered=False) == bare(made[1], ordered=False)
    (one,), (two,) = (state.services.values() for state in made)
    assert one.contributors == two.contributors[::-1] == DISTRIBUTIONS


@given(st.data())
def test_with_other_templates_the_first_one_fills_the_fields(data):
    both = [
        [source(name, f'{name}-0', TEMPLATES[0], data.draw(picks))]
        for name in DISTRIBUTIONS
    ]
    for order in (both, both[::-1]):
        state = State.of(ORGANIZATION, in_use=())
        for brought in order:
            state = after(state, plan_install(state, brought), brought)
        (service,) = state.services.values()
        assert service.live == order[0][0].values
        assert {one.slug for one in state.plugins.values()} == {
            'alpha-0',
            'beta-0',
        }


@given(st.data())
def test_a_managed_service_that_nobody_touched_converges(data):
    state = State.of(ORGANIZATION, in_use=())
    first = data.draw(offers('alpha'))
    state = after(state, plan_install(state, first), first)
    (name,) = state.services
    state = after(state, plan_manage(state, name))
    for _ in range(data.draw(st.integers(1, 3))):
        brought = data.draw(offers('alpha'))
        state = after(state, plan_upgrade(state, brought), brought)
        assert state.services[name].live == brought[0].values
        assert state.services[name].base == brought[0].values


# -- of sequences --------------------------------------------------------


@st.composite
def lives(draw):
    """Draw a state that installs and operators led to, and their edits."""
    state = State.of(ORGANIZATION, in_use=())
    brought = draw(offers('alpha'))
    state = after(state, plan_install(state, brought), brought)
    (name,) = state.services
    edits = {}
    for _ in range(draw(st.integers(0, 5))):
        match draw(st.sampled_from(['save', 'manage', 'install', 'upgrade'])):
            case 'save':
                field = draw(st.sampled_from(sorted(SAVED)))
                value = draw(st.sampled_from([None, *SAVED[field]]))
                plan = plan_save(state, name, {field: value})
                edits[field] = value
            case 'manage':
                managed = draw(st.booleans())
                plan = (plan_manage if managed else plan_unmanage)(state, name)
            case 'install':
                brought = draw(offers('beta'))
                plan = plan_install(state, brought)
            case _:
                brought = draw(offers('alpha'))
                plan = plan_upgrade(state, brought)
        state = after(state, plan, brought)
    return state, name, edits


@given(st.data())
@settings(max_examples=150)
def test_no_operator_edit_is_ever_lost(data):
    state, name, edits = data.draw(lives())
    for _ in range(data.draw(st.integers(1, 4))):
        who = data.draw(st.sampled_from(DISTRIBUTIONS))
        brought = data.draw(offers(who))
        draft = data.draw(
            st.sampled_from([plan_install, plan_upgrade, plan_uninstall])
        )
        what = [who] if draft is plan_uninstall else brought
        state = after(state, draft(state, what), brought)
        service = state.services[name]
        for field, value in edits.items():
            assert service.live.get(field) == value
            assert field in service.pinned


@given(st.data())
def test_up_and_down_again_is_a_round_trip(data):
    state, _, _ = data.draw(lives())
    old, new = data.draw(offers('alpha')), data.draw(offers('alpha'))
    state = after(state, plan_upgrade(state, old), old)
    up = after(state, plan_upgrade(state, new), new)
    down = after(up, plan_upgrade(up, old), old)
    services, _ = bare(down)
    due, _ = bare(state)
    for name, facts in due.items():
        for field in ('live', 'base', 'pinned', 'managed', 'contributors'):
            assert services[name][field] == facts[field]


@given(st.data())
def test_an_uninstall_preserves_all_values(data):
    state, name, _ = data.draw(lives())
    gone = after(state, plan_uninstall(state, DISTRIBUTIONS))
    old, new = state.services[name], gone.services[name]
    for field in ('live', 'base', 'pinned', 'managed', 'template_id', 'slug'):
        assert getattr(new, field) == getattr(old, field)
    assert new.plugins == new.contributors == ()
    assert gone.plugins == state.plugins


@given(st.data())
def test_uninstalled_and_installed_again_is_as_before(data):
    state = State.of(ORGANIZATION, in_use=())
    brought = data.draw(offers('alpha', TEMPLATES))
    state = after(state, plan_install(state, brought), brought)
    gone = after(state, plan_uninstall(state, ['alpha']))
    back = after(gone, plan_install(gone, brought), brought)
    assert bare(back) == bare(state)


@given(st.data())
def test_a_deletion_is_never_offered_for_what_somebody_touched(data):
    state, name, edits = data.draw(lives())
    plan = plan_uninstall(state, DISTRIBUTIONS)
    if edits or state.services[name].managed:
        assert plan.deletable == ()
    else:
        assert plan.deletable == (name,)
        gone = after(state, plan)
        assert bare(after(gone, plan_delete(gone, name))) == ({}, {})
