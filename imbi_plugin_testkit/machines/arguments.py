"""How a rule's arguments are made up, and made simpler.

Each kind draws a value from a seeded generator, so that Hypothesis can stand
behind it as well as `random`, and names simpler values that a reduction may
try. Values are plain data whose repr is code: the script is printed.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from imbi_plugin_testkit.lab import Lab

MOST_DRAWN = 4
"""Values in a made-up list unless told otherwise: enough for one to be
repeated and one to be missing."""


class Chooser(Protocol):
    """The two methods of `random.Random` that scripts are drawn with.

    Hypothesis stands behind them as well: what it draws, it can shrink.
    """

    def randint(self, a: int, b: int, /) -> int:
        """Return a whole number from a to b."""
        ...

    def choice(self, seq: Sequence[Any], /) -> Any:  # noqa: ANN401  one of them
        """Return one of some values."""
        ...


class Argument(Protocol):
    """How one argument of a rule is made up."""

    def draw(self, rng: Chooser, lab: Lab) -> Any:  # noqa: ANN401  the rule's own
        """Return a value."""
        ...

    def simpler(self, value: Any, lab: Lab) -> Iterator[Any]:  # noqa: ANN401  the rule's own
        """Yield simpler values, the simplest first.

        In the end there are none, so that a reduction ends.
        """
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class Choice:
    """One of some values, the simplest first."""

    values: Sequence[Any] | Callable[[Lab], Sequence[Any]]

    def of(self, lab: Lab) -> Sequence[Any]:
        """Return the values for one plugin and backend."""
        return self.values(lab) if callable(self.values) else self.values

    def among(self, rng: Chooser, lab: Lab) -> Choice:
        """Return a choice of some of the values, for one script.

        Steps meet far more often where a script has two keys and two texts
        than where it has four of each; each script has others.
        """
        values = list(self.of(lab))
        while len(values) > 1 and rng.randint(0, 1):
            values.pop(rng.randint(0, len(values) - 1))
        return Choice(values)

    def draw(self, rng: Chooser, lab: Lab) -> Any:  # noqa: ANN401  the rule's own
        """Return one of the values."""
        return rng.choice(self.of(lab))

    def simpler(self, value: Any, lab: Lab) -> Iterator[Any]:  # noqa: ANN401  the rule's own
        """Yield the values before this one."""
        for candidate in self.of(lab):
            if candidate == value:
                return
            yield candidate


@dataclasses.dataclass(frozen=True)
class Number:
    """A whole number, the least first."""

    low: int
    high: int

    def draw(self, rng: Chooser, lab: Lab) -> int:
        """Return a number from `low` to `high`."""
        del lab
        return rng.randint(self.low, self.high)

    def simpler(self, value: int, lab: Lab) -> Iterator[int]:
        """Yield smaller numbers: the least, half way, one less."""
        del lab
        halfway = (self.low + value) // 2
        smaller = range(self.low, value)
        yield from sorted({self.low, halfway, value - 1} & {*smaller})


@dataclasses.dataclass(frozen=True)
class Several:
    """A list of some values, in any order, some of them repeated.

    Of all values, also where the script's other steps have a few.
    """

    choice: Choice
    most: int = MOST_DRAWN

    def draw(self, rng: Chooser, lab: Lab) -> list[Any]:
        """Return a list of up to `most` values."""
        count = rng.randint(0, self.most)
        return [self.choice.draw(rng, lab) for _ in range(count)]

    def simpler(self, value: list[Any], lab: Lab) -> Iterator[list[Any]]:
        """Yield the list without one value, then with a simpler one."""
        for index in range(len(value)):
            yield value[:index] + value[index + 1 :]
        for index, one in enumerate(value):
            for other in self.choice.simpler(one, lab):
                yield [*value[:index], other, *value[index + 1 :]]


@dataclasses.dataclass(frozen=True)
class Earlier:
    """What an earlier step gave, by the name of its rule's `gives`.

    Attributes:
        name: The name.
    """

    name: str


def choice(*values: Any) -> Choice:  # noqa: ANN401  the rule's own
    """Return how to choose one of some values, the simplest first."""
    return Choice(values)


def choice_of(values: Callable[[Lab], Sequence[Any]]) -> Choice:
    """Return how to choose a value that depends on plugin and backend."""
    return Choice(values)


def number(low: int, high: int) -> Number:
    """Return how to choose a whole number, both ends included."""
    return Number(low, high)


def several(of: Choice, *, most: int = MOST_DRAWN) -> Several:
    """Return how to make a list of up to so many values up."""
    return Several(of, most)


def earlier(name: str) -> Earlier:
    """Return how to hand on what an earlier step of a rule gave.

    A step is only drawn once such a step is there; where the earlier step
    gave None, or is taken out of the script, this one is left out, too.

    Args:
        name: What that rule says in `gives`.
    """
    return Earlier(name)
