"""Letting the garbage collector look less often while a host starts.

Nearly everything that a cold load makes stays: modules, classes, manifests.
The collector looks through it again and again and finds nothing, which takes
nearly a tenth of the time of importing a thousand plugins.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar('T')

FEW = 100_000
"""New objects between two looks, a thousand plugins have fewer. So much
garbage may wait, which is some megabytes. The collector is never switched
off: an import may take long, and a host's other threads go on meanwhile."""

BORN_FROZEN = 1000
"""CPython 3.12 keeps its immortal tuples, about 400, among the frozen objects.
Freezing takes all there are, four thousand in an interpreter that has just
started: more than this many were frozen by somebody."""


def undisturbed(work: Callable[[], T]) -> T:
    """Do work whose results stay, and count them as old at once.

    A host that has set the collector to look less often, or not at all, or
    has frozen objects, is let alone; so is what somebody sets meanwhile.
    """
    before = gc.get_threshold()
    if not 0 < before[0] < FEW or _is_frozen():
        return work()
    mine = (FEW, *before[1:])
    try:
        gc.set_threshold(*mine)
        return work()
    finally:
        _grow_old()
        if gc.get_threshold() == mine:
            gc.set_threshold(*before)


def _grow_old() -> None:
    """Move all objects into the oldest generation without a look at them.

    That is what thawing does with what was frozen. What somebody else has
    frozen meanwhile stays so: nothing is moved then.
    """
    if not _is_frozen():
        gc.freeze()
        gc.unfreeze()


def _is_frozen() -> bool:
    """Tell whether somebody has frozen objects."""
    return gc.get_freeze_count() > BORN_FROZEN
