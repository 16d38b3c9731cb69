"""Stores that are right in their own way keep every law."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Mapping

import pytest
from sqlite_store import SqliteStore
from stores import ComparesWhatItWrites, Tinkering, broken, run_machine

from imbi_plugin_sdk.provisioning import (
    MemoryStore,
    PlanStale,
)
from imbi_plugin_testkit.store_laws import bodies, check_store


class Optimistic(ComparesWhatItWrites):
    """Locks nothing; compares all that it loaded where it commits."""

    def commit(self, opened, real):
        if opened.first != bodies.revisions(real.load()):
            raise PlanStale('changes', [])
        super().commit(opened, real)


class CountsInLeaps(MemoryStore):
    """Has clock-like revisions, shared by all nodes."""

    ticks = 1000

    @contextlib.contextmanager
    def transaction(self, organization):
        with super().transaction(organization) as opened:
            before = bodies.revisions(opened.load())
            yield opened
            self.ticks += 17

            def leap(nodes):
                return {
                    name: one.replaced(revision=self.ticks)
                    if before.get(name) != one.revision
                    else one
                    for name, one in nodes.items()
                }

            opened.state = dataclasses.replace(
                opened.state,
                services=leap(opened.state.services),
                plugins=leap(opened.state.plugins),
            )


class LoadsLate(Tinkering):
    """Reads each record when somebody asks for it."""

    def loaded(self, state):
        return dataclasses.replace(
            state,
            services=Late(state.services),
            plugins=Late(state.plugins),
            assignments=tuple(reversed(state.assignments)),
        )


class Late(Mapping):
    def __init__(self, records):
        self.records = records

    def __getitem__(self, name):
        return self.records[name].model_copy(deep=True)

    def __iter__(self):
        return reversed(list(self.records))

    def __len__(self):
        return len(self.records)


class RefusesAtTheDoor(MemoryStore):
    """Refuses a transaction while another is open, as SQLite can."""

    @contextlib.contextmanager
    def transaction(self, organization):
        if self._lock.locked():
            raise TimeoutError('the organization is locked.')
        with super().transaction(organization) as opened:
            yield opened


RIGHT = [MemoryStore, Optimistic, CountsInLeaps, LoadsLate, RefusesAtTheDoor]
"""Stores that differ where the laws are silent."""


@pytest.mark.parametrize('store', RIGHT)
def test_a_right_store_keeps_every_law(store):
    assert broken(store) == set()


def test_a_store_in_a_database_keeps_every_law(tmp_path):
    assert check_store(databases(tmp_path)) == ()


def databases(folder):
    """Return a maker of SQLite stores, each in a file of its own."""
    numbers = itertools.count()
    return lambda state: SqliteStore(folder / f'{next(numbers)}.db', state)


@pytest.mark.parametrize('store', RIGHT)
def test_the_machine_accepts_a_right_store(store):
    run_machine(store, 25 if store is MemoryStore else 6)


def test_the_machine_accepts_a_store_in_a_database(tmp_path):
    make = databases(tmp_path)
    run_machine(lambda states: make(*states), 4)
