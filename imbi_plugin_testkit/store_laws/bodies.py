"""The bodies of the laws of a store: what is done, and what was seen.

Each returns what was seen instead of what its law says, or an empty text.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from imbi_plugin_sdk.provisioning import (
    Change,
    Changes,
    PlanStale,
    State,
    Store,
    apply,
    changed,
    changes_of,
    plan_delete,
    plan_install,
    plan_save,
    plan_uninstall,
)
from imbi_plugin_testkit.store_laws.samples import (
    ORGANIZATION,
    OTHER,
    seeded,
    source,
)

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from imbi_plugin_sdk.records import PluginNode, ThirdPartyService

MakeStore: TypeAlias = Callable[[State], Store]
"""Makes a fresh store that holds one state and nothing else."""


def unlike(seen: State, due: State) -> str:
    """Return how two states differ but for revisions, or an empty text."""
    for kind in ('services', 'plugins'):
        have, want = getattr(seen, kind), getattr(due, kind)
        if have.keys() != want.keys():
            lost = sorted(want.keys() - have.keys())
            more = sorted(have.keys() - want.keys())
            return f'of the {kind}, {lost} are missing and {more} too many'
        for name, record in want.items():
            for field, value in dict(record).items():
                if field != 'revision' and getattr(have[name], field) != value:
                    return f'{field} of {name} is not what was written'
    if sorted(map(repr, seen.assignments)) != sorted(
        map(repr, due.assignments)
    ):
        return 'the assignments are others'
    if seen.in_use != due.in_use:
        return 'in_use is another'
    return ''


def revisions(state: State) -> dict[str, int]:
    """Return every node's revision."""
    nodes: dict[str, ThirdPartyService | PluginNode] = {
        **state.services,
        **state.plugins,
    }
    return {name: node.revision for name, node in nodes.items()}


def miscounted(before: State, after: State, written: AbstractSet[str]) -> str:
    """Return how revisions moved otherwise than they must, or ''."""
    new = revisions(after)
    for name, revision in revisions(before).items():
        now = new.get(name, revision)
        if name in written and name in new and now <= revision:
            return f'the revision of {name}, which was written, did not rise'
        if name not in written and now != revision:
            return f'the revision of {name}, which was not written, moved'
    return ''


class _Crash(Exception):  # noqa: N818  no error: it is made on purpose
    """Leaves a transaction in the middle."""


def crash(store: Store, changes: Changes) -> None:
    """Write changes and leave the transaction by an exception."""
    try:
        with store.transaction(changes.organization) as transaction:
            transaction.load()
            transaction.write(changes)
            raise _Crash  # noqa: TRY301  leaving the block is the point
    except _Crash:
        return


def _install(state: State) -> tuple[Changes, State]:
    sources = [source(), source('logs')]
    changes = changes_of(plan_install(state, sources), state, sources)
    return changes, changed(state, changes)


def _write(store: Store, changes: Changes) -> None:
    with store.transaction(changes.organization) as transaction:
        transaction.load()
        transaction.write(changes)


def reads_what_it_was_given(make_store: MakeStore) -> str:
    """Every record comes back whole, in `load` and in a transaction."""
    state = seeded()
    store = make_store(state)
    seen = unlike(store.load(ORGANIZATION), state)
    with store.transaction(ORGANIZATION) as transaction:
        inside = unlike(transaction.load(), state)
    return seen or (inside and f'in a transaction, {inside}')


def writes_what_it_is_told(make_store: MakeStore) -> str:
    """A new service with its plugins comes back as it was written."""
    store = make_store(seeded())
    changes, due = _install(store.load(ORGANIZATION))
    _write(store, changes)
    return unlike(store.load(ORGANIZATION), due)


def writes_records_whole(make_store: MakeStore) -> str:
    """What a record does not hold any more is gone; what it holds, stays."""
    store = make_store(seeded())
    state = store.load(ORGANIZATION)
    service = state.services['made-by-hand']
    plugin = state.plugins['node-of-hand']
    changes = Changes(
        ORGANIZATION,
        (
            Change(
                'plugin',
                plugin.id,
                plugin.revision,
                plugin.replaced(distribution='claimed'),
            ),
            Change(
                'service',
                service.id,
                service.revision,
                service.replaced(
                    live={
                        'links': {'Docs': 'https://docs.example.com'},
                        'variable_values': {'tenant': 'fabrikam'},
                    },
                    base={'issuer': 'https://id.example.com'},
                    pinned=frozenset({'links'}),
                    contributors=('second', 'first'),
                    managed=False,
                    instance='us',
                    plugins=('node-of-hand',),
                ),
            ),
        ),
    )
    _write(store, changes)
    return unlike(store.load(ORGANIZATION), changed(state, changes))


def rolls_back(make_store: MakeStore) -> str:
    """An exception in the transaction leaves the old state."""
    store = make_store(seeded())
    before = store.load(ORGANIZATION)
    changes, _ = _install(before)
    crash(store, changes)
    after = store.load(ORGANIZATION)
    if revisions(after) != revisions(before):
        return 'revisions moved, or nodes came or went'
    return unlike(after, before)


def sees_its_own_writes(make_store: MakeStore) -> str:
    """A transaction that loads again sees what it wrote."""
    store = make_store(seeded())
    changes, due = _install(store.load(ORGANIZATION))
    with store.transaction(ORGANIZATION) as transaction:
        transaction.load()
        transaction.write(changes)
        return unlike(transaction.load(), due)


def _refuses(store: Store, change: Change, also: Changes | None = None) -> str:
    """Return what is wrong with how a stale change is refused."""
    before = store.load(ORGANIZATION)
    nodes = (*(also.nodes if also else ()), change)
    try:
        _write(store, Changes(ORGANIZATION, nodes))
    except PlanStale:
        return unlike(store.load(ORGANIZATION), before)
    return 'the write was done'


def refuses_other_revisions(make_store: MakeStore) -> str:
    """A change that expects another revision is refused."""
    store = make_store(seeded())
    state = store.load(ORGANIZATION)
    service = state.services['made-by-hand']
    plugin = state.plugins['node-of-hand']
    other = service.replaced(live={})
    for revision, record in (
        (service.revision + 1, other),
        (service.revision - 1, other),
        (service.revision - 1, None),
        (None, other),
    ):
        change = Change('service', service.id, revision, record)
        seen = _refuses(store, change)
        if seen:
            done = 'written' if record else 'deleted'
            return f'where a service at {revision} is to be {done}, {seen}'
    change = Change(
        'plugin', plugin.id, plugin.revision - 1, plugin.replaced(slug='other')
    )
    seen = _refuses(store, change)
    return seen and f'for a plugin node, {seen}'


def refuses_lost_nodes(make_store: MakeStore) -> str:
    """A change of a node that is not there is refused."""
    store = make_store(seeded())
    state = store.load(ORGANIZATION)
    service = state.services['made-by-hand'].replaced(id='gone', slug='gone')
    plugin = state.plugins['node-of-hand'].replaced(id='gone')
    for change in (
        Change('service', 'gone', 3, service),
        Change('service', 'gone', 3, None),
        Change('plugin', 'gone', 3, plugin),
        Change('plugin', 'gone', 3, None),
    ):
        seen = _refuses(store, change)
        if seen:
            return f'for a {change.kind}, {seen}'
    return ''


def writes_all_or_nothing(make_store: MakeStore) -> str:
    """One stale change keeps all others from being written."""
    store = make_store(seeded())
    changes, _ = _install(store.load(ORGANIZATION))
    service = store.load(ORGANIZATION).services['made-by-hand']
    stale = Change(
        'service', service.id, service.revision + 7, service.replaced(live={})
    )
    return _refuses(store, stale, changes)


def counts_writes(make_store: MakeStore) -> str:
    """A written node gets a higher revision, and no other node does."""
    store = make_store(seeded())
    before = store.load(ORGANIZATION)
    apply(plan_save(before, 'made-by-hand', {'issuer': None}), store)
    return miscounted(before, store.load(ORGANIZATION), {'made-by-hand'})


def keeps_loaded_states(make_store: MakeStore) -> str:
    """A loaded state is a snapshot that nobody else changes."""
    store = make_store(seeded())
    early, due = store.load(ORGANIZATION), store.load(ORGANIZATION)
    apply(plan_save(early, 'made-by-hand', {'issuer': None}), store)
    if 'issuer' not in early.services['made-by-hand'].live:
        return 'a commit changed a state that was loaded before'
    mine = store.load(ORGANIZATION)
    mine.services['made-by-hand'].live['category'] = 'changed by a reader'
    mine.plugins['node-of-hand'].options['region'] = 'changed by a reader'
    theirs = store.load(ORGANIZATION)
    live = theirs.services['made-by-hand'].live
    options = theirs.plugins['node-of-hand'].options
    old = due.services['made-by-hand'].live
    if live.get('category') != old['category']:
        return 'a reader who changed a mapping changed the store'
    if options != due.plugins['node-of-hand'].options:
        return 'a reader who changed options changed the store'
    return ''


def keeps_organizations_apart(make_store: MakeStore) -> str:
    """No organization sees or changes another's services."""
    store = make_store(seeded())
    before = store.load(ORGANIZATION)
    if store.load(OTHER).services:
        return 'another organization has services'
    mine = [source()]
    apply(plan_install(store.load(OTHER), mine), store, mine)
    after = store.load(ORGANIZATION)
    seen = unlike(after, before)
    if not seen and revisions(after) != revisions(before):
        seen = 'revisions moved'
    if seen:
        return f'after an install in another organization, {seen}'
    return '' if store.load(OTHER).services else 'the install was lost'


def deletes(make_store: MakeStore) -> str:
    """A deleted node is gone, and nothing else is."""
    store = make_store(dataclasses.replace(seeded(), in_use=frozenset()))
    mine = [source()]
    plan = plan_install(store.load(ORGANIZATION), mine)
    apply(plan, store, mine)
    away = plan_uninstall(store.load(ORGANIZATION), [mine[0].distribution])
    apply(away, store)
    if not away.deletable:
        return 'a service that nobody touched does not read as one'
    state = store.load(ORGANIZATION)
    plan = plan_delete(state, away.deletable[0])
    due = changed(state, changes_of(plan, state))
    apply(plan, store)
    return unlike(store.load(ORGANIZATION), due)


def keeps_icons(make_store: MakeStore) -> str:
    """A stored icon is returned by what its field holds; twice is once."""
    store = make_store(seeded())
    mine = [source(icon='red'), source('logs', icon='red')]
    value = mine[0].icons['icon'].value or ''
    if store.icon(value) is not None:
        return 'there is an icon before any was stored'
    for organization in (ORGANIZATION, OTHER):
        plan = plan_install(store.load(organization), mine)
        apply(plan, store, mine)
    kept, clean = store.icon(value), mine[0].icons['icon'].clean
    if kept is None or clean is None:
        return 'the icon is not there'
    facts = ('data', 'media_type', 'sha256')
    if any(getattr(kept, one) != getattr(clean, one) for one in facts):
        return 'the icon is another'
    return ''


def applies_once(make_store: MakeStore) -> str:
    """Applying a plan again writes nothing."""
    store = make_store(seeded())
    mine = [source(), source('logs')]
    plan = plan_install(store.load(ORGANIZATION), mine)
    apply(plan, store, mine)
    before = store.load(ORGANIZATION)
    again = apply(plan, store, mine)
    after = store.load(ORGANIZATION)
    if not again.empty or revisions(after) != revisions(before):
        return 'the second time wrote something'
    return unlike(after, before)
