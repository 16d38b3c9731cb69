"""Where plans are applied: a small protocol, and a store in memory.

A store loads an organization and, in one transaction, loads it again and
writes what a plan changes. The two must be isolated: nothing that another
writer commits may come between the load and the write of one transaction,
whether by locks or by making one of the two fail. `store_laws` of the kit
say the rest, as tests that a host runs on its own store.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Protocol

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.provisioning.changes import Changes, changed
from imbi_plugin_sdk.provisioning.errors import PlanStale
from imbi_plugin_sdk.provisioning.sources import icon_value
from imbi_plugin_sdk.provisioning.state import State

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from contextlib import (
        AbstractAsyncContextManager,
        AbstractContextManager,
    )

    from imbi_plugin_sdk.icons import SanitizedIcon


class Transaction(Protocol):
    """One transaction on one organization."""

    def load(self) -> State:
        """Return the organization as this transaction sees it."""
        ...

    def write(self, changes: Changes) -> None:
        """Write all changes, or none.

        A written node gets a higher revision, and no other node does. The
        rest of a plugin node, as its options, is in the record and is kept.

        Raises:
            PlanStale: A node has not the revision that its change expects;
                `check_revisions` finds out.
        """
        ...


class Store(Protocol):
    """A host's graph, as far as provisioning goes."""

    def load(self, organization: str) -> State:
        """Return an organization; an unknown one is empty."""
        ...

    def transaction(
        self, organization: str
    ) -> AbstractContextManager[Transaction]:
        """Return a transaction, to be entered once.

        It is committed where the block ends, and rolled back, icons perhaps
        excepted, where an exception leaves it.
        """
        ...

    def icon(self, digest: str) -> SanitizedIcon | None:
        """Return a stored icon by what its field holds, or None."""
        ...


class AsyncTransaction(Protocol):
    """As `Transaction`, for a host that awaits its database."""

    async def load(self) -> State:
        """Return the organization as this transaction sees it."""
        ...

    async def write(self, changes: Changes) -> None:
        """Write all changes, or none; as `Transaction.write`."""
        ...


class AsyncStore(Protocol):
    """As `Store`, for a host that awaits its database."""

    def transaction(
        self, organization: str
    ) -> AbstractAsyncContextManager[AsyncTransaction]:
        """Return a transaction, to be entered once."""
        ...


def check_revisions(state: State, changes: Changes) -> None:
    """Refuse changes whose nodes are not at the revision they expect.

    Raises:
        PlanStale: With every such node.
    """
    problems: list[Problem] = []
    for change in changes.nodes:
        nodes = state.services if change.kind == 'service' else state.plugins
        node = nodes.get(change.id)
        revision = None if node is None else node.revision
        if revision != change.expected:
            problems.append(
                Problem(
                    'node_moved',
                    f'{change.kind}:{change.id}',
                    f'its revision is {revision} and must be '
                    f'{change.expected} (None: it must not exist).',
                    'Draft the plan again, look at it, and apply that.',
                )
            )
    if problems:
        raise PlanStale('changes', problems)


class MemoryStore:
    """A store in memory, for tests and for trying plans out.

    Transactions wait for each other. Entering one within another, on one
    thread, is a mistake that raises.

    Args:
        states: What to begin with, one state per organization.
    """

    def __init__(self, states: Iterable[State] = ()) -> None:
        self._states = {state.organization: _copied(state) for state in states}
        self._icons: dict[str, SanitizedIcon] = {}
        self._lock = threading.Lock()
        self._holder: int | None = None

    def load(self, organization: str) -> State:
        """Return an organization; an unknown one is empty."""
        state = self._states.get(organization)
        if state is None:
            return State.of(organization, in_use=())
        return _copied(state)

    def icon(self, digest: str) -> SanitizedIcon | None:
        """Return a stored icon by what its field holds, or None."""
        return self._icons.get(digest)

    def seed(self, state: State) -> None:
        """Replace an organization, as another writer would."""
        with self._lock:
            self._states[state.organization] = _copied(state)

    @contextlib.contextmanager
    def transaction(
        self, organization: str
    ) -> Generator[Transaction, None, None]:
        """Return a transaction, to be entered once.

        Raises:
            RuntimeError: This thread is in a transaction already.
        """
        if self._holder == threading.get_ident():
            raise RuntimeError(
                'a transaction was opened within another; end the first one.'
            )
        with self._lock:
            self._holder = threading.get_ident()
            try:
                opened = _MemoryTransaction(
                    self.load(organization), dict(self._icons)
                )
                yield opened
                self._states[organization] = opened.state
                self._icons = opened.icons
            finally:
                self._holder = None


class _MemoryTransaction:
    """Works on a copy, which takes the original's place at the end."""

    def __init__(self, state: State, icons: dict[str, SanitizedIcon]) -> None:
        self.state = state
        self.icons = icons

    def load(self) -> State:
        return _copied(self.state)

    def write(self, changes: Changes) -> None:
        check_revisions(self.state, changes)
        self.state = _copied(changed(self.state, changes))
        for icon in changes.icons:
            self.icons[icon_value(icon)] = icon


def _copied(state: State) -> State:
    """Return a state that shares nothing with the original.

    Records are frozen, but the mappings in them are not.
    """
    return State.of(
        state.organization,
        [one.model_copy(deep=True) for one in state.services.values()],
        [one.model_copy(deep=True) for one in state.plugins.values()],
        [one.model_copy(deep=True) for one in state.assignments],
        in_use=state.in_use,
    )
