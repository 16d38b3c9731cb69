"""What a store of services must keep, as tests that a host runs on its own.

A host imports them into its test suite::

    from imbi_plugin_testkit.store_laws import STORE_LAWS, store_machine


    @pytest.mark.parametrize('law', STORE_LAWS, ids=str)
    def test_store_keeps_the_law(law):
        law.run(make_store)


    TestStore = store_machine(make_store).TestCase

`make_store` takes a `State` and returns a fresh store that holds it and
nothing else, assignments included. A store that is awaited is wrapped in one
that runs its coroutines. `check_store` runs the laws without pytest.

Hypothesis is imported when the machine is asked for.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_testkit.store_laws import bodies, overlaps
from imbi_plugin_testkit.store_laws.bodies import MakeStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from unittest import TestCase


__all__ = [
    'STORE_LAWS',
    'MakeStore',
    'StoreLaw',
    'StoreLawBroken',
    'check_store',
    'store_machine',
    'store_test_case',
]


class StoreLawBroken(AssertionError):  # noqa: N818  named after what happened
    """A store does not keep a law.

    Attributes:
        problem: Which, what was seen, and how to mend it.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclasses.dataclass(frozen=True, slots=True)
class StoreLaw:
    """One law.

    Attributes:
        id: Stable id, as in `STO003`.
        title: What holds, as a sentence without a full stop.
        fix: What to do where it does not hold.
        body: The test; returns what was seen instead, or an empty text.
    """

    id: str
    title: str
    fix: str
    body: Callable[[MakeStore], str]

    def __str__(self) -> str:
        """Return the id."""
        return self.id

    def run(self, make_store: MakeStore) -> None:
        """Test a store.

        Raises:
            StoreLawBroken: The store does not keep the law.
        """
        seen = self.body(make_store)
        if seen:
            message = f'{self.title}; but {seen}.'
            raise StoreLawBroken(Problem(self.id, 'store', message, self.fix))


def check_store(make_store: MakeStore) -> tuple[Problem, ...]:
    """Return the problem of every law that a store does not keep.

    An exception out of the store counts as a law that is not kept.
    """
    found: list[Problem] = []
    for law in STORE_LAWS:
        try:
            law.run(make_store)
        except StoreLawBroken as broken:
            found.append(broken.problem)
        except Exception as error:  # noqa: BLE001  whatever a store raises
            message = f'{law.title}; but the store raised {error!r}.'
            found.append(Problem(law.id, 'store', message, law.fix))
    return tuple(found)


def store_machine(make_store: MakeStore) -> type[Any]:
    """Return a Hypothesis state machine that tries a store out.

    Its `TestCase` is what a test module exports. It installs, upgrades,
    edits and uninstalls in any order, crashes in the middle, and applies
    plans that are stale; after each step the store must hold what the plan
    said, and every edit of an operator's.
    """
    from imbi_plugin_testkit.store_laws.machine import (  # noqa: PLC0415  hypothesis
        machine,
    )

    return machine(make_store)


def store_test_case(make_store: MakeStore) -> type[TestCase]:
    """Return the machine as a `unittest.TestCase`."""
    case: type[TestCase] = store_machine(make_store).TestCase
    return case


STORE_LAWS: tuple[StoreLaw, ...] = (
    StoreLaw(
        'STO001',
        'a state that was put in comes back whole',
        'Map every field of ThirdPartyService, PluginNode and Assignment, '
        'dangling plugin nodes and `in_use` included.',
        bodies.reads_what_it_was_given,
    ),
    StoreLaw(
        'STO002',
        'what is written comes back',
        'Write each record of the changes with every field of it.',
        bodies.writes_what_it_is_told,
    ),
    StoreLaw(
        'STO003',
        'a written record replaces the old one',
        'Replace the properties of a node; merging them keeps what was '
        'cleared, and writing some loses the others.',
        bodies.writes_records_whole,
    ),
    StoreLaw(
        'STO004',
        'an exception in a transaction leaves the old state',
        'Write in one transaction of the database and roll it back.',
        bodies.rolls_back,
    ),
    StoreLaw(
        'STO005',
        'a transaction sees its own writes',
        'Load through the connection of the transaction.',
        bodies.sees_its_own_writes,
    ),
    StoreLaw(
        'STO006',
        'a change that expects another revision is refused',
        'Compare the revision in the same statement that writes, or call '
        '`check_revisions` in the transaction.',
        bodies.refuses_other_revisions,
    ),
    StoreLaw(
        'STO007',
        'a change of a node that does not exist is refused',
        'Treat an update or a delete that touches no node as stale.',
        bodies.refuses_lost_nodes,
    ),
    StoreLaw(
        'STO008',
        'one stale change keeps all others from being written',
        'Raise PlanStale, and roll back what was written before.',
        bodies.writes_all_or_nothing,
    ),
    StoreLaw(
        'STO009',
        'revisions count the writes to each node',
        'Raise the revision with each write of the node, and only then.',
        bodies.counts_writes,
    ),
    StoreLaw(
        'STO010',
        'a loaded state is a snapshot',
        'Make new records, with mappings of their own, on each load.',
        bodies.keeps_loaded_states,
    ),
    StoreLaw(
        'STO011',
        'organizations are kept apart',
        'Select by the organization in every query.',
        bodies.keeps_organizations_apart,
    ),
    StoreLaw(
        'STO012',
        'what is deleted is gone, and nothing else',
        'Delete the node and the edges that hang on it, no more.',
        bodies.deletes,
    ),
    StoreLaw(
        'STO013',
        'icons are kept by their content',
        'Store the bytes and the media type under the digest.',
        bodies.keeps_icons,
    ),
    StoreLaw(
        'STO014',
        'applying a plan twice is applying it once',
        'Load in the transaction what was committed before.',
        bodies.applies_once,
    ),
    StoreLaw(
        'STO015',
        'transactions that overlap are as if one came after the other',
        'Lock the organization, or compare the revisions of all that a '
        'transaction loaded where it is committed, and refuse the later one.',
        overlaps.isolates,
    ),
)
"""Every law of a store, in the order in which they make sense to mend."""
