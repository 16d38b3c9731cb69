"""The laws of a store as a state machine; imported on use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from imbi_plugin_sdk.provisioning import (
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
from imbi_plugin_testkit.store_laws import bodies
from imbi_plugin_testkit.store_laws.samples import (
    ORGANIZATION,
    VERSIONS,
    source,
    wired,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imbi_plugin_sdk.provisioning import Store
    from imbi_plugin_testkit.store_laws.bodies import MakeStore

OWNERS = ('imbi-plugin-acme', 'other-plugin')
FIELDS = ('category', 'issuer', 'links', 'default_scopes', 'api_endpoint')
VALUES: dict[str, list[object]] = {
    'category': ['cloud', 'metrics'],
    'issuer': ['https://id.acme-widgets.io', 'http://intranet/'],
    'links': [{'Status': 'https://status.acme-widgets.io'}, {'ä': 'b'}],
    'default_scopes': [['read', 'write'], ['ü']],
    'api_endpoint': ['https://api.acme-widgets.io'],
}
"""What operators save: now and then just what a manifest says."""


def sources(distribution: str, version: str) -> list[PluginSource]:
    """Return the entry points of one made-up distribution."""
    slugs = ('config', 'logs') if distribution == OWNERS[0] else ('extra',)
    color = 'red' if version == '1' else 'blue'
    return [
        source(slug, distribution=distribution, version=version, icon=color)
        for slug in slugs
    ]


class StoreMachine(RuleBasedStateMachine):
    """Does what hosts and operators do; the store must follow.

    Attributes:
        due: What the store has to hold.
        edits: (service, field) to what an operator saved; None is cleared.
    """

    make_store: MakeStore

    def __init__(self) -> None:
        super().__init__()
        self.due: State = wired()
        self.store: Store = type(self).make_store(wired())
        self.edits: dict[tuple[str, str], object] = {}
        self.last: tuple[Plan, Sequence[PluginSource]] | None = None

    def do(self, plan: Plan, brought: Sequence[PluginSource] = ()) -> bool:
        """Apply a plan, and note what must be so now."""
        before = self.store.load(ORGANIZATION)
        plan = Plan.from_json(plan.to_json())
        if plan.blocked:
            try:
                apply(plan, self.store, brought)
            except PlanBlocked:
                return False
            raise AssertionError('a blocked plan was applied')
        changes = changes_of(plan, before, brought)
        self.due = changed(before, changes)
        apply(plan, self.store, brought)
        self.last = plan, brought
        seen = bodies.miscounted(
            before,
            self.store.load(ORGANIZATION),
            {one.id for one in changes.nodes if one.record is not None},
        )
        if seen:
            raise AssertionError(seen)
        return True

    def services(self) -> list[str]:
        """Return the ids of all services."""
        return sorted(self.store.load(ORGANIZATION).services)

    @rule(
        owner=st.sampled_from(OWNERS),
        version=st.sampled_from(sorted(VERSIONS)),
        instance=st.sampled_from([None, '', 'eu', 'us']),
    )
    def install(self, owner: str, version: str, instance: str | None) -> None:
        """Install a distribution, somewhere."""
        brought = sources(owner, version)
        state = self.store.load(ORGANIZATION)
        place = Placement(instance=instance)
        self.do(plan_install(state, brought, place=place), brought)

    @rule(
        owner=st.sampled_from(OWNERS),
        version=st.sampled_from(sorted(VERSIONS)),
    )
    def upgrade(self, owner: str, version: str) -> None:
        """Upgrade or downgrade a distribution."""
        brought = sources(owner, version)
        state = self.store.load(ORGANIZATION)
        self.do(plan_upgrade(state, brought), brought)

    @rule(owner=st.sampled_from(OWNERS))
    def uninstall(self, owner: str) -> None:
        """Uninstall a distribution."""
        self.do(plan_uninstall(self.store.load(ORGANIZATION), [owner]))

    @rule(data=st.data(), field=st.sampled_from(FIELDS))
    def save(self, data: st.DataObject, field: str) -> None:
        """Save or clear a field."""
        name = data.draw(st.sampled_from(self.services()))
        value = data.draw(st.sampled_from([None, *VALUES[field]]))
        state = self.store.load(ORGANIZATION)
        if self.do(plan_save(state, name, {field: value})):
            self.edits[name, field] = value

    @rule(data=st.data(), field=st.sampled_from(FIELDS), taken=st.booleans())
    def release(
        self,
        data: st.DataObject,
        field: str,
        taken: bool,  # noqa: FBT001  Hypothesis passes by keyword
    ) -> None:
        """Give up an edit: unpin the field, or take the manifest's value."""
        name = data.draw(st.sampled_from(self.services()))
        state = self.store.load(ORGANIZATION)
        brought = sources(OWNERS[0], '2')
        plan = (
            plan_take(state, name, [field], brought)
            if taken
            else plan_unpin(state, name, [field])
        )
        if self.do(plan, brought):
            self.edits.pop((name, field), None)

    @rule(data=st.data(), managed=st.booleans())
    def manage(
        self,
        data: st.DataObject,
        managed: bool,  # noqa: FBT001  Hypothesis passes by keyword
    ) -> None:
        """Opt a service in or out."""
        name = data.draw(st.sampled_from(self.services()))
        state = self.store.load(ORGANIZATION)
        self.do((plan_manage if managed else plan_unmanage)(state, name))

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """Delete a service, if nobody touched it."""
        name = data.draw(st.sampled_from(self.services()))
        if self.do(plan_delete(self.store.load(ORGANIZATION), name)):
            for key in [one for one in self.edits if one[0] == name]:
                del self.edits[key]

    @rule(owner=st.sampled_from(OWNERS))
    def come_and_go(self, owner: str) -> None:
        """Try a distribution out and leave nothing behind."""
        brought = sources(owner, '1')
        place = Placement(instance='trial', create=True)
        state = self.store.load(ORGANIZATION)
        if not self.do(plan_install(state, brought, place=place), brought):
            return
        (name,) = self.store.load(ORGANIZATION).services.keys() - (
            state.services.keys()
        )
        state = self.store.load(ORGANIZATION)
        self.do(plan_uninstall(state, [owner], services=[name]))
        if not self.do(plan_delete(self.store.load(ORGANIZATION), name)):
            raise AssertionError('a service that nobody touched is kept')

    @rule(owner=st.sampled_from(OWNERS), data=st.data())
    def crash(self, owner: str, data: st.DataObject) -> None:
        """Fail after the write: nothing may have happened."""
        before = self.store.load(ORGANIZATION)
        brought = sources(owner, '3')
        name = data.draw(st.sampled_from(self.services()))
        for plan in (
            plan_install(before, brought, place=Placement(instance='new')),
            plan_save(before, name, {'category': 'tracing'}),
        ):
            if not plan.blocked:
                changes = changes_of(plan, before, brought)
                bodies.crash(self.store, changes)

    @rule(data=st.data())
    def stale(self, data: st.DataObject) -> None:
        """Let another writer come between planning and applying."""
        name = data.draw(st.sampled_from(self.services()))
        state = self.store.load(ORGANIZATION)
        plan = plan_save(state, name, {'revoke_endpoint': 'https://old/'})
        other = {'revoke_endpoint': 'https://new/'}
        self.do(plan_save(state, name, other))
        self.edits[name, 'revoke_endpoint'] = 'https://new/'
        if self.due.services[name].revision == state.services[name].revision:
            return
        try:
            apply(plan, self.store)
        except PlanStale:
            return
        raise AssertionError('a stale plan was applied')

    @precondition(lambda self: self.last is not None)
    @rule()
    def repeat(self) -> None:
        """Apply the last plan again: it is done already."""
        if self.last is None or not self.last[0].actions:
            return
        before = bodies.revisions(self.store.load(ORGANIZATION))
        if not apply(self.last[0], self.store, self.last[1]).empty:
            raise AssertionError('a plan was applied twice')
        after = bodies.revisions(self.store.load(ORGANIZATION))
        if after != before:
            raise AssertionError('applying a plan again wrote something')

    @invariant()
    def holds_what_is_due(self) -> None:
        """The store holds what the plans said, and every edit."""
        state = self.store.load(ORGANIZATION)
        seen = bodies.unlike(state, self.due)
        if seen:
            raise AssertionError(f'the store is not as it should be: {seen}')
        for (name, field), value in self.edits.items():
            service = state.services[name]
            if service.live.get(field) != value:
                raise AssertionError(f'the edit of {field} in {name} is lost')
            if field not in service.pinned:
                raise AssertionError(f'{field} in {name} is not pinned')


def machine(make_store: Callable[[State], Store]) -> type[Any]:
    """Return the machine for one store."""
    return type(
        'StoreLaws', (StoreMachine,), {'make_store': staticmethod(make_store)}
    )
