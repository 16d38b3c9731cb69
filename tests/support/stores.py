"""A memory store to tinker with, and how stores are tried."""

from __future__ import annotations

import contextlib
import dataclasses

from hypothesis import HealthCheck, Phase, settings

from imbi_plugin_sdk.provisioning import MemoryStore, changed, check_revisions
from imbi_plugin_testkit.store_laws import bodies, check_store, store_machine


class Tinkering(MemoryStore):
    """A memory store that can be wrong about what it loads or writes."""

    def loaded(self, state):
        return state

    def written(self, changes, state):
        return changes

    def load(self, organization):
        return self.loaded(super().load(organization))

    @contextlib.contextmanager
    def transaction(self, organization):
        with super().transaction(organization) as opened:
            yield Opened(self, opened)


class Opened:
    def __init__(self, store, opened):
        self.store, self.opened = store, opened

    def load(self):
        return self.store.loaded(self.opened.load())

    def write(self, changes):
        state = self.opened.load()
        self.opened.write(self.store.written(changes, state))


class ComparesWhatItWrites(MemoryStore):
    """Locks nothing, and compares what it writes where it commits."""

    @contextlib.contextmanager
    def transaction(self, organization):
        opened = Buffer(self.load(organization))
        yield opened
        with super().transaction(organization) as real:
            self.commit(opened, real)

    def commit(self, opened, real):
        for changes in opened.changes:
            real.write(changes)


class Buffer:
    def __init__(self, state):
        self.state, self.changes = state, []
        self.first = bodies.revisions(state)

    def load(self):
        return self.state

    def write(self, changes):
        check_revisions(self.state, changes)
        self.state = changed(self.state, changes)
        self.changes.append(changes)


def map_services(state, change):
    return dataclasses.replace(
        state,
        services={name: change(one) for name, one in state.services.items()},
    )


def map_live(state, change):
    """Return a state in which every service's properties are changed."""
    return map_services(state, lambda one: one.replaced(live=change(one.live)))


def map_nodes(changes, change):
    """Return changes in which every write of a node is another."""
    return dataclasses.replace(
        changes, nodes=tuple(map(change, changes.nodes))
    )


def map_records(changes, kind, change):
    """Return changes in which every record of one kind is another."""
    return map_nodes(
        changes,
        lambda one: (
            dataclasses.replace(one, record=change(one.record))
            if one.kind == kind and one.record is not None
            else one
        ),
    )


def broken(store):
    return {problem.code for problem in check_store(lambda one: store([one]))}


def run_machine(store, examples):
    machine = store_machine(lambda one: store([one]))
    case = machine.TestCase
    case.settings = settings(
        max_examples=examples,
        stateful_step_count=15,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    case('runTest').runTest()
