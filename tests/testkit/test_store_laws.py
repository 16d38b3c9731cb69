"""The laws of a store: a right store keeps them, and each wrong one is told.

Every mutant is right but for one thing, and must break at least the laws that
are named beside it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import threading

import pytest
from stores import (
    ComparesWhatItWrites,
    Tinkering,
    broken,
    map_live,
    map_nodes,
    map_records,
    map_services,
    run_machine,
)

from imbi_plugin_sdk.provisioning import (
    FIELDS,
    Changes,
    MemoryStore,
    PlanStale,
    State,
)
from imbi_plugin_sdk.provisioning.store import _MemoryTransaction
from imbi_plugin_testkit import store_laws
from imbi_plugin_testkit.store_laws import (
    STORE_LAWS,
    StoreLawBroken,
    bodies,
    check_store,
    overlaps,
    samples,
)


def loses(field, empty):
    """Return a store that does not write one property of a service."""

    class Loses(Tinkering):
        def written(self, changes, state):
            return map_records(
                changes,
                'service',
                lambda one: one.replaced(**{field: empty}),
            )

    return Loses


def never_loads(field, empty):
    """Return a store that does not read one property of a service."""

    class NeverLoads(Tinkering):
        def loaded(self, state):
            return map_services(
                state, lambda one: one.replaced(**{field: empty})
            )

    return NeverLoads


class NonTransactional(MemoryStore):
    @contextlib.contextmanager
    def transaction(self, organization):
        with super().transaction(organization) as opened:
            try:
                yield opened
            except Exception:
                self._states[organization] = opened.state
                raise


class CommitsAsItWrites(MemoryStore):
    """Writes node by node, each in a transaction of its own."""

    @contextlib.contextmanager
    def transaction(self, organization):
        yield OneByOne(super().transaction, organization, self)


class OneByOne:
    def __init__(self, open_, organization, store):
        self.open, self.organization, self.store = open_, organization, store

    def load(self):
        return self.store.load(self.organization)

    def write(self, changes):
        for one in changes.nodes:
            with self.open(self.organization) as opened:
                opened.write(Changes(self.organization, (one,)))
        with self.open(self.organization) as opened:
            opened.write(dataclasses.replace(changes, nodes=()))


class IgnoresRevisions(Tinkering):
    """Writes whatever revision there is."""

    def written(self, changes, state):
        def rewritten(one):
            nodes = state.services if one.kind == 'service' else state.plugins
            node = nodes.get(one.id)
            now = node.revision if node else None
            if self.ignores(one, now):
                return dataclasses.replace(one, expected=now)
            return one

        return map_nodes(changes, rewritten)

    def ignores(self, one, now):
        return True


class IgnoresRevisionsOfPlugins(IgnoresRevisions):
    def ignores(self, one, now):
        return one.kind == 'plugin'


class InsertsLostNodes(IgnoresRevisions):
    """As a database's upsert does."""

    def ignores(self, one, now):
        return now is None


class MergesProperties(Tinkering):
    """Sets the properties of a node without removing any."""

    def written(self, changes, state):
        def merged(one):
            old = state.services.get(one.id)
            if old is None or one.record is None or one.kind != 'service':
                return one
            return dataclasses.replace(
                one,
                record=one.record.replaced(
                    live={**old.live, **one.record.live}
                ),
            )

        return map_nodes(changes, merged)


class StoresClearedAsNone(Tinkering):
    def loaded(self, state):
        return map_live(state, lambda live: {'token_endpoint': None, **live})


class SortsLists(Tinkering):
    def loaded(self, state):
        return map_live(
            state,
            lambda live: {
                name: sorted(value) if isinstance(value, list) else value
                for name, value in live.items()
            },
        )


class LosesOptions(Tinkering):
    def written(self, changes, state):
        return map_records(
            changes, 'plugin', lambda one: one.replaced(options={})
        )


class LoadsAttachedPluginsOnly(Tinkering):
    def loaded(self, state):
        attached = {
            name for one in state.services.values() for name in one.plugins
        }
        return dataclasses.replace(
            state,
            plugins={
                name: one
                for name, one in state.plugins.items()
                if name in attached
            },
        )


class LosesAssignments(Tinkering):
    def loaded(self, state):
        return dataclasses.replace(state, assignments=())


class LosesProjectTypes(Tinkering):
    def loaded(self, state):
        return dataclasses.replace(
            state,
            assignments=tuple(
                one for one in state.assignments if one.owner_kind == 'project'
            ),
        )


class CallsNothingInUse(Tinkering):
    def loaded(self, state):
        return dataclasses.replace(state, in_use=frozenset())


class NeverCounts(MemoryStore):
    @contextlib.contextmanager
    def transaction(self, organization):
        before = self.load(organization)
        with super().transaction(organization) as opened:
            yield opened
            opened.state = map_services(
                opened.state,
                lambda one: (
                    one.replaced(revision=before.services[one.id].revision)
                    if one.id in before.services
                    else one
                ),
            )


class CountsEveryNode(MemoryStore):
    @contextlib.contextmanager
    def transaction(self, organization):
        with super().transaction(organization) as opened:
            before = opened.load()
            yield opened
            if opened.state != before:
                opened.state = dataclasses.replace(
                    opened.state,
                    plugins={
                        name: one.replaced(revision=one.revision + 1)
                        for name, one in opened.state.plugins.items()
                    },
                )


class SharesRecords(MemoryStore):
    def load(self, organization):
        known = self._states.get(organization)
        return known or super().load(organization)


class SharesOrganizations(MemoryStore):
    def load(self, organization):
        everything = [
            one.replaced(organization=organization)
            for state in self._states.values()
            for one in state.services.values()
        ]
        own = super().load(organization)
        return State.of(
            organization,
            everything,
            own.plugins.values(),
            own.assignments,
            in_use=own.in_use,
        )


class KeepsDeletedNodes(Tinkering):
    def written(self, changes, state):
        return dataclasses.replace(
            changes,
            nodes=tuple(
                one for one in changes.nodes if one.record is not None
            ),
        )


class DeletesTooMuch(MemoryStore):
    @contextlib.contextmanager
    def transaction(self, organization):
        with super().transaction(organization) as opened:
            before = opened.load()
            yield opened
            gone = before.services.keys() - opened.state.services.keys()
            if gone:
                opened.state = dataclasses.replace(
                    opened.state,
                    plugins={
                        name: one
                        for name, one in opened.state.plugins.items()
                        if not one.options
                    },
                )


class DropsIcons(Tinkering):
    def written(self, changes, state):
        return dataclasses.replace(changes, icons=())


class KnowsEveryIcon(MemoryStore):
    def icon(self, digest):
        return samples.icon('red').clean


class TransactionSeesTheBeginning(MemoryStore):
    """Loads within a transaction through another connection."""

    @contextlib.contextmanager
    def transaction(self, organization):
        first = self.load(organization)
        with super().transaction(organization) as opened:
            yield Blind(opened, first)


class Blind:
    def __init__(self, opened, first):
        self.opened, self.first = opened, first

    def load(self):
        return self.first

    def write(self, changes):
        self.opened.write(changes)


class ReadsAReplica(MemoryStore):
    """A transaction loads what was there when the store was opened."""

    def __init__(self, states=()):
        super().__init__(states)
        self.first = {one.organization: one for one in states}

    @contextlib.contextmanager
    def transaction(self, organization):
        with super().transaction(organization) as opened:
            first = self.first.get(organization) or State.of(organization)
            yield Blind(opened, first)


class LastOneWins(MemoryStore):
    """Each transaction works on a copy, and the last one to end is right."""

    @contextlib.contextmanager
    def transaction(self, organization):
        opened = _MemoryTransaction(self.load(organization), dict(self._icons))
        yield opened
        with self._lock:
            self._states[organization] = opened.state
            self._icons = opened.icons


class ComparesRevisionsTooEarly(LastOneWins):
    """Compares revisions when a transaction ends, and not what it wrote."""

    @contextlib.contextmanager
    def transaction(self, organization):
        before = self.load(organization)
        opened = _MemoryTransaction(before, dict(self._icons))
        now = self.load(organization)
        yield opened
        if bodies.revisions(now) != bodies.revisions(before):
            raise PlanStale('changes', [])
        with self._lock:
            self._states[organization] = opened.state
            self._icons = opened.icons


class NeverLetsGo(MemoryStore):
    """A transaction that had to wait does so for ever."""

    @contextlib.contextmanager
    def transaction(self, organization):
        if self._lock.locked():
            threading.Event().wait()
        with super().transaction(organization) as opened:
            yield opened


class MixesPinsUp(Tinkering):
    """Keeps the pins of all services in one table."""

    def loaded(self, state):
        pins = frozenset().union(
            *[one.pinned for one in state.services.values()]
        )
        return map_services(state, lambda one: one.replaced(pinned=pins))


class WritesWhatItKnowsOnly(Tinkering):
    """Has a column for each field, and none for `variable_values`."""

    def written(self, changes, state):
        return map_records(changes, 'service', known)


def known(record):
    live = {name: one for name, one in record.live.items() if name in FIELDS}
    return record.replaced(live=live)


class RestartsRevisions(MemoryStore):
    """Numbers a node's writes anew with each transaction."""

    @contextlib.contextmanager
    def transaction(self, organization):
        with super().transaction(organization) as opened:
            before = opened.load()
            yield opened
            opened.state = map_services(
                opened.state,
                lambda one: (
                    one
                    if one == before.services.get(one.id)
                    else one.replaced(revision=1)
                ),
            )


class ForgetsIdentities(Tinkering):
    """Does not load which identity plugin an assignment uses."""

    def loaded(self, state):
        return dataclasses.replace(
            state,
            assignments=tuple(
                one.replaced(identity_plugin_id=None)
                for one in state.assignments
            ),
        )


class RollsServicesBackOnly(MemoryStore):
    """Has its plugin nodes elsewhere, out of the transaction's reach."""

    @contextlib.contextmanager
    def transaction(self, organization):
        with super().transaction(organization) as opened:
            try:
                yield opened
            except Exception:
                self._states[organization] = dataclasses.replace(
                    self._states[organization], plugins=opened.state.plugins
                )
                raise


class SeesItsOwnServicesOnly(MemoryStore):
    @contextlib.contextmanager
    def transaction(self, organization):
        first = self.load(organization)
        with super().transaction(organization) as opened:
            yield HalfBlind(opened, first)


class HalfBlind(Blind):
    def load(self):
        plugins = self.first.plugins
        return dataclasses.replace(self.opened.load(), plugins=plugins)


class ReversesNewPlugins(MemoryStore):
    """Writes the edges of a new service last one first."""

    @contextlib.contextmanager
    def transaction(self, organization):
        with super().transaction(organization) as opened:
            before = opened.load().services
            yield opened
            opened.state = map_services(
                opened.state,
                lambda one: (
                    one
                    if one.id in before
                    else one.replaced(plugins=one.plugins[::-1])
                ),
            )


class WritesUpToTheStaleOne(MemoryStore):
    """Refuses a stale change, and commits what came before it."""

    @contextlib.contextmanager
    def transaction(self, organization):
        with super().transaction(organization) as opened:
            stale = None
            try:
                yield EachOne(opened)
            except PlanStale as error:
                stale = error
        if stale:
            raise stale


class EachOne:
    def __init__(self, opened):
        self.load, self.opened = opened.load, opened

    def write(self, changes):
        for one in changes.nodes:
            self.opened.write(dataclasses.replace(changes, nodes=(one,)))


class TakesOlderForEqual(IgnoresRevisions):
    """Refuses only what expects a newer node than there is."""

    def ignores(self, one, now):
        return None not in (one.expected, now) and one.expected < now


class DeletesWhateverItIs(IgnoresRevisions):
    """Compares revisions of what it writes, not of what it deletes."""

    def ignores(self, one, now):
        return one.record is None and now is not None


class DeletesWhatIsNotThere(Tinkering):
    """Calls it done where a plugin node is gone already."""

    def written(self, changes, state):
        return dataclasses.replace(
            changes,
            nodes=tuple(
                one
                for one in changes.nodes
                if one.kind == 'service'
                or one.record is not None
                or one.id in state.plugins
            ),
        )


class SharesOptions(MemoryStore):
    """Copies all but the options of its plugin nodes."""

    def load(self, organization):
        state = super().load(organization)
        known = self._states.get(organization)
        if known is None:
            return state
        plugins = {
            name: one.model_copy(
                update={'options': known.plugins[name].options}
            )
            for name, one in state.plugins.items()
        }
        return dataclasses.replace(state, plugins=plugins)


class CountsInEveryOrganization(MemoryStore):
    """Counts a write to one organization in all others too."""

    @contextlib.contextmanager
    def transaction(self, organization):
        with super().transaction(organization) as opened:
            yield opened
        for name in self._states.keys() - {organization}:
            self._states[name] = map_services(
                self._states[name],
                lambda one: one.replaced(revision=one.revision + 1),
            )


class SavesWhatItLoaded(MemoryStore):
    """Saves everything where a transaction ends without a write."""

    @contextlib.contextmanager
    def transaction(self, organization):
        with super().transaction(organization) as opened:
            before = opened.load()
            yield opened
            if opened.load() == before:
                opened.state = map_services(
                    opened.state,
                    lambda one: one.replaced(revision=one.revision + 1),
                )


MUTANTS = {
    ComparesWhatItWrites: ['STO015'],
    ReversesNewPlugins: ['STO002'],
    RollsServicesBackOnly: ['STO004'],
    SeesItsOwnServicesOnly: ['STO005'],
    TakesOlderForEqual: ['STO006'],
    DeletesWhateverItIs: ['STO006'],
    DeletesWhatIsNotThere: ['STO007'],
    WritesUpToTheStaleOne: ['STO008'],
    SharesOptions: ['STO010'],
    CountsInEveryOrganization: ['STO011'],
    SavesWhatItLoaded: ['STO014'],
    LastOneWins: ['STO015'],
    ComparesRevisionsTooEarly: ['STO015'],
    NeverLetsGo: ['STO015'],
    MixesPinsUp: ['STO001'],
    WritesWhatItKnowsOnly: ['STO003'],
    RestartsRevisions: ['STO009'],
    ForgetsIdentities: ['STO001'],
    NonTransactional: ['STO004'],
    CommitsAsItWrites: ['STO004', 'STO008'],
    IgnoresRevisions: ['STO006', 'STO007', 'STO008'],
    IgnoresRevisionsOfPlugins: ['STO006'],
    InsertsLostNodes: ['STO007'],
    MergesProperties: ['STO003'],
    StoresClearedAsNone: ['STO001'],
    SortsLists: ['STO001'],
    LosesOptions: ['STO003'],
    LoadsAttachedPluginsOnly: ['STO001'],
    LosesAssignments: ['STO001'],
    LosesProjectTypes: ['STO001'],
    CallsNothingInUse: ['STO001'],
    NeverCounts: ['STO009'],
    CountsEveryNode: ['STO009'],
    SharesRecords: ['STO010'],
    SharesOrganizations: ['STO011'],
    KeepsDeletedNodes: ['STO012'],
    DeletesTooMuch: ['STO012'],
    DropsIcons: ['STO013'],
    KnowsEveryIcon: ['STO013'],
    TransactionSeesTheBeginning: ['STO005'],
    ReadsAReplica: ['STO014'],
    loses('pinned', frozenset()): ['STO003'],
    loses('base', {}): ['STO002'],
    loses('managed', empty=True): ['STO003'],
    loses('origin', 'operator'): ['STO002'],
    loses('contributors', ()): ['STO002'],
    loses('contributors', ('first', 'second')): ['STO003'],
    loses('plugins', ()): ['STO002'],
    loses('template_id', None): ['STO002'],
    loses('instance', 'eu-1'): ['STO003'],
    never_loads('pinned', frozenset()): ['STO001'],
    never_loads('managed', empty=False): ['STO001'],
    never_loads('vendor', 'Acme'): ['STO001'],
}
"""A store that is wrong, and laws that it must break."""

ALONE = {
    SortsLists,
    ForgetsIdentities,
    ReversesNewPlugins,
    LosesOptions,
    NonTransactional,
    RollsServicesBackOnly,
    SeesItsOwnServicesOnly,
    TakesOlderForEqual,
    DeletesWhateverItIs,
    InsertsLostNodes,
    DeletesWhatIsNotThere,
    WritesUpToTheStaleOne,
    CountsEveryNode,
    SharesOptions,
    CountsInEveryOrganization,
    DeletesTooMuch,
    KnowsEveryIcon,
    SavesWhatItLoaded,
    ComparesWhatItWrites,
}
"""Stores that no other law tells."""


@pytest.mark.parametrize(
    ('store', 'laws'),
    [
        pytest.param(store, laws, id=f'{number}-{store.__name__}')
        for number, (store, laws) in enumerate(MUTANTS.items())
    ],
)
def test_a_wrong_store_is_told(store, laws, monkeypatch):
    monkeypatch.setattr(overlaps, 'PATIENCE', 0.5)
    told = broken(store)
    assert set(laws) <= told
    assert store not in ALONE or told == set(laws)


def test_every_law_has_a_store_that_breaks_it():
    named = {law for laws in MUTANTS.values() for law in laws}
    assert named == {law.id for law in STORE_LAWS}
    alone = {law for store in ALONE for law in MUTANTS[store]}
    assert alone == named


def test_laws_are_numbered_and_say_how_to_mend():
    for number, law in enumerate(STORE_LAWS, start=1):
        assert str(law) == law.id == f'STO{number:03}'
        assert law.fix.endswith('.')
        assert not law.title.endswith('.')


def test_a_broken_law_says_what_was_seen():
    with pytest.raises(StoreLawBroken) as caught:
        STORE_LAWS[3].run(lambda one: NonTransactional([one]))
    problem = caught.value.problem
    assert problem.code == 'STO004'
    assert 'revisions moved' in problem.message
    assert problem.fix in str(caught.value)


def test_a_store_that_raises_breaks_the_law():
    class Raising(MemoryStore):
        def icon(self, digest):
            raise LookupError(digest)

    (problem,) = check_store(lambda one: Raising([one]))
    assert problem.code == 'STO013'
    assert 'LookupError' in problem.message


@pytest.mark.parametrize(
    ('store', 'seen'),
    [
        (NonTransactional, r'not as it should be|category|missing'),
        (loses('pinned', frozenset()), r'pinned of .* is not what'),
        (MergesProperties, r'live of .* is not what'),
        (NeverCounts, r'which was written, did not rise'),
        (CountsEveryNode, r'which was not written, moved'),
        (KeepsDeletedNodes, r'too many'),
        (LosesOptions, r'options of .* is not what'),
    ],
    ids=lambda one: getattr(one, '__name__', None),
)
def test_the_machine_catches_a_wrong_store(store, seen):
    with pytest.raises(AssertionError) as caught:
        run_machine(store, 200)
    assert re.search(seen, str(caught.value))


def test_a_host_gets_a_test_case():
    case = store_laws.store_test_case(lambda one: MemoryStore([one]))
    assert case('runTest').countTestCases() == 1
