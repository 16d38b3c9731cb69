"""Applying: once, whole, and only while the preview holds."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest

from imbi_plugin_sdk.provisioning import (
    MemoryStore,
    Placement,
    PlanBlocked,
    PlanInvalid,
    PlanStale,
    State,
    apply,
    apply_async,
    changed,
    changes_of,
    plan_delete,
    plan_install,
    plan_manage,
    plan_save,
    plan_uninstall,
    plan_unpin,
)


@pytest.fixture
def installed(world, source):
    """Return an organization with one service."""
    world.do(plan_install(world.state, [source()]))
    return world


def test_what_was_previewed_is_what_is_there(world, source, icon):
    brought = [source(icons={'icon': icon()}), source('x', 'b')]
    before = world.state
    plan = plan_install(before, brought)
    apply(plan, world.store, brought)
    due = changed(before, changes_of(plan, before, brought))
    assert world.state == due
    for field in plan.fields:
        live = world.state.services[field.service_id].live
        assert live.get(field.field) == field.after


def test_applying_again_is_a_no_op(world, source, icon):
    brought = [source(icons={'icon': icon()})]
    plan = plan_install(world.state, brought)
    assert not apply(plan, world.store, brought).empty
    before = world.state
    assert apply(plan, world.store, brought).empty
    assert apply(plan, world.store).empty
    assert world.state == before


def test_applying_again_after_other_things_happened_is_a_no_op(installed):
    name = installed.service.id
    plan = plan_save(installed.state, name, {'category': 'logging'})
    installed.do(plan)
    other = {'issuer': 'https://mine.example.com'}
    installed.do(plan_save(installed.state, name, other))
    before = installed.state
    assert apply(plan, installed.store).empty
    assert installed.state == before


def test_a_plan_that_was_undone_since_is_stale(installed):
    name = installed.service.id
    plan = plan_save(installed.state, name, {'category': 'logging'})
    installed.do(plan)
    other = {'category': 'metrics'}
    installed.do(plan_save(installed.state, name, other))
    with pytest.raises(PlanStale, match='node_moved'):
        apply(plan, installed.store)
    assert installed.service.live['category'] == 'metrics'


MOVES = {
    'the service was edited': lambda world, source: world.change(
        live={**world.service.live, 'category': 'logging'}
    ),
    'the service was deleted': lambda world, source: world.store.seed(
        State.of(world.state.organization, in_use=())
    ),
    'a plugin was attached': lambda world, source: world.do(
        plan_install(world.state, [source('y', 'third')])
    ),
    'another service of the vendor came': lambda world, source: (
        world.made_by_hand('late')
    ),
}


@pytest.mark.parametrize('move', MOVES)
def test_a_stale_plan_is_refused(installed, source, move):
    plan = plan_install(installed.state, [source('x', 'other')])
    assert plan.actions
    MOVES[move](installed, source)
    before = installed.state
    with pytest.raises(PlanStale) as caught:
        apply(plan, installed.store)
    assert caught.value.http_status == 409
    assert caught.value.problems[0].fix
    assert installed.state == before


def test_an_edit_of_a_deleted_service_is_not_done_already(installed):
    name = installed.service.id
    for plan in (
        plan_save(installed.state, name, {'category': 'logging'}),
        plan_save(installed.state, name, {'category': None}),
        plan_manage(installed.state, name),
    ):
        empty = MemoryStore([State.of(installed.state.organization)])
        with pytest.raises(PlanStale):
            apply(plan, empty)


def test_a_plan_with_nothing_to_do_can_be_stale_too(installed, source):
    plan = plan_install(installed.state, [source()])
    assert plan.empty
    installed.change(managed=True)
    with pytest.raises(PlanStale):
        apply(plan, installed.store)


def test_two_hosts_that_install_at_once_make_one_service(world, source):
    mine = plan_install(world.state, [source()])
    theirs = plan_install(world.state, [source('x', 'other')])
    world.do(mine)
    with pytest.raises(PlanStale):
        apply(theirs, world.store)
    world.do(plan_install(world.state, [source('x', 'other')]))
    assert len(world.state.services) == 1


def test_the_same_create_by_another_is_not_done_already(world, source):
    plan = plan_install(world.state, [source()])
    made = next(one for one in plan.actions if one.action == 'create_service')
    world.made_by_hand(made.service_id, vendor='Else', slug=made.slug)
    with pytest.raises(PlanStale):
        apply(plan, world.store)


def test_a_node_of_that_id_but_of_another_kind_is_not_done_already(
    world, source
):
    plan = plan_install(world.state, [source()])
    world.do(plan)
    (name,) = world.service.plugins
    node = world.state.plugins[name]
    world.add(node.replaced(plugin_type='logs', revision=9))
    with pytest.raises(PlanStale):
        apply(plan, world.store)


def test_a_plan_of_another_organization_is_refused(installed):
    plan = plan_save(
        installed.state, installed.service.id, {'category': 'logging'}
    )
    state = installed.state
    other = State.of(
        'marketing',
        [
            one.replaced(organization='marketing')
            for one in state.services.values()
        ],
    )
    with pytest.raises(PlanStale, match='organization_differs'):
        changes_of(plan, other)


def test_what_another_organization_never_had_is_not_deleted_already(
    installed,
):
    name = installed.service.id
    installed.do(plan_uninstall(installed.state, ['imbi-plugin-aws']))
    plan = plan_delete(installed.state, name)
    assert plan.actions
    with pytest.raises(PlanStale, match='organization_differs'):
        changes_of(plan, State.of('marketing', in_use=()))


def test_a_service_that_is_another_vendors_now_is_not_made_already(
    world, source
):
    plan = world.do(plan_install(world.state, [source()]))
    world.change(vendor='Else')
    with pytest.raises(PlanStale, match='node_moved'):
        apply(plan, world.store)


def test_records_share_no_value_with_the_plan(world, source):
    nested = {'tenant': {'kind': 'enum', 'choices': ['a', 'b']}}
    brought = source(issuer='https://{tenant}.okta.com', variables=nested)
    plan = plan_install(world.state, [brought])
    for change in changes_of(plan, world.state).nodes:
        for values in (
            getattr(change.record, 'live', {}),
            getattr(change.record, 'base', {}),
        ):
            if values:
                values['variables']['tenant']['choices'].append('c')
    assert plan.intact
    assert 'c' not in world.do(plan).to_json().split('"choices":')[1][:12]


def test_another_manifest_is_refused(world, source):
    plan = plan_install(world.state, [source()])
    with pytest.raises(PlanStale, match='manifest_moved'):
        apply(plan, world.store, [source(category='logging')])
    assert world.state.services == {}
    apply(plan, world.store, [source('else', 'anything')])


def test_a_blocked_plan_is_refused(installed):
    plan = plan_delete(installed.state, installed.service.id)
    with pytest.raises(PlanBlocked) as caught:
        apply(plan, installed.store)
    assert caught.value.problems == plan.blocks


def test_a_forged_plan_is_refused(installed):
    plan = plan_unpin(installed.state, installed.service.id, ['category'])
    with pytest.raises(PlanInvalid):
        apply(
            plan.model_copy(update={'organization': 'marketing'}),
            installed.store,
        )


class Crashing(MemoryStore):
    """A store whose transaction fails after or before the write."""

    when = 'after'

    @contextlib.contextmanager
    def transaction(self, organization):
        with super().transaction(organization) as opened:
            yield Failing(opened, self.when)


class Failing:
    def __init__(self, opened, when):
        self.opened, self.when = opened, when

    def load(self):
        return self.opened.load()

    def write(self, changes):
        if self.when == 'after':
            self.opened.write(changes)
        raise OSError('the power went')


@pytest.mark.parametrize('when', ['before', 'after'])
def test_a_crash_in_the_middle_leaves_the_old_state(installed, source, when):
    store = Crashing([installed.state])
    store.when = when
    before = store.load(installed.state.organization)
    plan = plan_uninstall(before, ['imbi-plugin-aws'])
    with pytest.raises(OSError, match='power'):
        apply(plan, store)
    assert store.load(installed.state.organization) == before


def test_a_memory_store_shares_nothing(installed):
    state = installed.state
    state.services[installed.service.id].live['category'] = 'changed'
    assert installed.service.live['category'] == 'cloud'


def test_a_transaction_in_a_transaction_is_a_mistake(installed):
    organization = installed.state.organization
    with (
        installed.store.transaction(organization),
        pytest.raises(RuntimeError, match='within another'),
        installed.store.transaction(organization),
    ):
        pass
    with installed.store.transaction(organization):
        pass


def test_transactions_wait_for_each_other(installed):
    organization = installed.state.organization
    entered = threading.Event()

    def enter():
        with installed.store.transaction(organization):
            entered.set()

    other = threading.Thread(target=enter)
    with installed.store.transaction(organization):
        other.start()
        assert not entered.wait(0.1)
    assert entered.wait(10)
    other.join()


def test_writers_that_come_at_once_lose_nothing(world, source):
    world.do(plan_install(world.state, [source()]))
    failed = []

    def attach(number):
        brought = source(f'p{number}', f'd{number}')
        for _ in range(100):
            plan = plan_install(world.state, [brought])
            with contextlib.suppress(PlanStale):
                apply(plan, world.store)
                return
        failed.append(number)

    threads = [threading.Thread(target=attach, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(world.service.contributors) == 9
    assert len(world.service.plugins) == 9


class Awaited:
    """A memory store behind coroutines."""

    def __init__(self, store):
        self.store = store

    @contextlib.asynccontextmanager
    async def transaction(self, organization):
        with self.store.transaction(organization) as opened:
            self.opened = opened
            yield self

    async def load(self):
        return self.opened.load()

    async def write(self, changes):
        self.opened.write(changes)


def test_a_store_that_is_awaited_does_the_same(world, source):
    brought = [source()]
    store = Awaited(world.store)
    plan = plan_install(world.state, brought, place=Placement(instance='eu'))
    written = asyncio.run(apply_async(plan, store, brought))
    assert not written.empty
    assert world.service.instance == 'eu'
    assert asyncio.run(apply_async(plan, store, brought)).empty
