"""Scripts: steps of a machine as data."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_testkit.machines.arguments import Choice, Earlier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hypothesis.strategies import SearchStrategy

    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.machines.arguments import Argument, Chooser
    from imbi_plugin_testkit.machines.machine import Machine, Rule


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """Stands for what an earlier step gave.

    Attributes:
        number: The step's number.
    """

    number: int


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One call of one rule.

    Attributes:
        number: Its place in the script as it was drawn; kept when others
            are taken out, since later steps refer to it.
        rule: Name of the rule.
        arguments: Name to value, or to a `Result`.
    """

    number: int
    rule: str
    arguments: Mapping[str, Any]

    def uses(self, number: int) -> bool:
        """Return whether it needs what another step gave."""
        return Result(number) in self.arguments.values()


Script = tuple[Step, ...]


def draw_script(
    machine: type[Machine], lab: Lab, rng: Chooser, longest: int
) -> Script:
    """Return a made-up script of one to `longest` steps.

    Args:
        machine: Whose rules.
        lab: Decides which rules apply, and what arguments may be.
        rng: Where all randomness comes from.
        longest: Steps at the most.
    """
    rules = [
        rule
        for rule in machine.rules.values()
        if rule.when is None or rule.when(lab)
    ]
    drawing = _Drawing(lab, rng)
    while len(drawing.steps) < longest:
        # Two thirds of the scripts run to their full length or close to it;
        # Hypothesis shrinks the draw to zero, which ends the script.
        if drawing.steps and rng.randint(0, 2 * longest) == 0:
            break
        possible = [
            rule
            for rule in rules
            if all(
                not isinstance(argument, Earlier)
                or argument.name in drawing.given
                for argument in rule.arguments.values()
            )
            for _ in range(rule.weight)
        ]
        drawing.add(rng.choice(possible))
    return tuple(drawing.steps)


class _Drawing:
    """A script while it is drawn.

    Attributes:
        steps: The steps so far.
        given: What rules give, to the numbers of the steps that gave it.
    """

    def __init__(self, lab: Lab, rng: Chooser) -> None:
        self.steps: list[Step] = []
        self.given: dict[str, list[int]] = {}
        self._lab = lab
        self._rng = rng
        self._some: dict[Choice, Choice] = {}

    def add(self, rule: Rule) -> None:
        """Add a step."""
        number = len(self.steps)
        arguments = {
            name: self._drawn(argument)
            for name, argument in rule.arguments.items()
        }
        self.steps.append(Step(number, rule.name, arguments))
        if rule.gives:
            self.given.setdefault(rule.gives, []).append(number)

    def _drawn(self, argument: Argument | Earlier) -> Any:  # noqa: ANN401  the rule's own
        if isinstance(argument, Earlier):
            # The latest first, so that it is the simplest.
            return Result(self._rng.choice(self.given[argument.name][::-1]))
        if isinstance(argument, Choice):
            if argument not in self._some:
                few = argument.among(self._rng, self._lab)
                self._some[argument] = few
            argument = self._some[argument]
        return argument.draw(self._rng, self._lab)


def without(script: Script, start: int, stop: int) -> Script:
    """Return a script without some steps and those that depend on them."""
    gone = {step.number for step in script[start:stop]}
    kept = list(script[:start])
    for step in script[stop:]:
        if any(step.uses(number) for number in gone):
            gone.add(step.number)
        else:
            kept.append(step)
    return tuple(kept)


def simpler(
    script: Script, machine: type[Machine], lab: Lab
) -> Iterator[Script]:
    """Yield the script with one argument of one step made simpler."""
    for index, step in enumerate(script):
        arguments = machine.rules[step.rule].arguments
        for name, value in step.arguments.items():
            if isinstance(value, Result):
                continue
            argument = cast('Argument', arguments[name])
            for candidate in argument.simpler(value, lab):
                changed = dataclasses.replace(
                    step, arguments={**step.arguments, name: candidate}
                )
                yield (*script[:index], changed, *script[index + 1 :])


def scripts(
    machine: type[Machine], lab: Lab, longest: int = 20
) -> SearchStrategy[Script]:
    """Return a Hypothesis strategy of scripts, which it can shrink.

    Args:
        machine: Whose rules.
        lab: Decides which rules apply, and what arguments may be.
        longest: Steps at the most.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    @st.composite
    def drawn(draw: Callable[[SearchStrategy[Any]], Any]) -> Script:
        return draw_script(machine, lab, _ByHypothesis(draw), longest)

    return drawn()


class _ByHypothesis:
    """Draws by Hypothesis what is drawn by `random` elsewhere."""

    def __init__(self, draw: Callable[[SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def randint(self, a: int, b: int, /) -> int:
        """Return a number, which shrinks to the least."""
        from hypothesis import strategies as st  # noqa: PLC0415

        return int(self._draw(st.integers(a, b)))

    def choice(self, seq: Sequence[Any], /) -> Any:  # noqa: ANN401  one of them
        """Return a value, which shrinks to the first."""
        return seq[self.randint(0, len(seq) - 1)]
