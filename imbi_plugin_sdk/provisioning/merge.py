"""Three-way merge of one field, as a table (ADR 0012, section 6).

L is what is live, B the base, N what the manifest says now. Each of them may
be unset, which is a value like any other: a field that an operator cleared is
an edit, and a field that a new manifest no longer fills is a change.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Decision: TypeAlias = Literal[
    'converged', 'keep', 'conflict', 'offer', 'write', 'clear', 'save'
]
"""What becomes of a field:

- `converged`: it is as the manifest has it.
- `keep`: an operator edited it, and the manifest has nothing new.
- `conflict`: an operator edited it, and the manifest changed; it is kept.
- `offer`: nobody edited it and the manifest differs; nothing is written.
- `write`, `clear`: the manifest's value is written, or the field unset.
- `save`: an operator sets or clears it (never decided by the table).
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One field of one service, before the decision.

    Attributes:
        live: L, what the operator sees; None is unset.
        base: B, the manifest value last written to the field, or found
            equal to it while it was not pinned; None is unset.
        new: N, what the manifest says now; None is unset.
        pinned: Whether an operator saved it.
    """

    live: Any
    base: Any
    new: Any
    pinned: bool

    @property
    def edited(self) -> bool:
        """Whether an operator's hand is on it."""
        return self.pinned or self.live != self.base


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes:
        holds: Whether the row is the field's.
        unmanaged: The decision on a service that is not managed.
        managed: The decision on a service that is.
        reason: Why, for the preview.
    """

    holds: Callable[[Field], bool]
    unmanaged: Decision
    managed: Decision
    reason: str


TABLE: tuple[Row, ...] = (
    Row(
        lambda field: field.live == field.new,
        'converged',
        'converged',
        'the field is as the manifest has it',
    ),
    Row(
        lambda field: field.edited and field.new == field.base,
        'keep',
        'keep',
        'an operator edited it, and the manifest did not change since',
    ),
    Row(
        lambda field: field.edited,
        'conflict',
        'conflict',
        'an operator edited it, and the manifest has another value now',
    ),
    Row(
        lambda field: True,  # noqa: ARG005  what is left
        'offer',
        'write',
        'nobody edited it, and the manifest has another value now',
    ),
)
"""The first row that holds decides."""


@dataclasses.dataclass(frozen=True, slots=True)
class Merged:
    """What becomes of one field.

    Attributes:
        decision: As `Decision` tells.
        after: What is live afterwards; None is unset.
        base: B afterwards; None is unset. It moves only with a write or a
            convergence.
        reason: Why, as a sentence without a full stop.
    """

    decision: Decision
    after: Any
    base: Any
    reason: str


def merge_field(field: Field, *, managed: bool) -> Merged:
    """Decide about one field, by the first row of `TABLE` that holds."""
    row = next(row for row in TABLE if row.holds(field))
    decision = row.managed if managed else row.unmanaged
    if decision == 'write':
        if field.new is None:
            decision = 'clear'
        return Merged(decision, field.new, field.new, row.reason)
    base = field.base
    if decision == 'converged' and not field.pinned:
        base = field.new
    return Merged(decision, field.live, base, row.reason)
