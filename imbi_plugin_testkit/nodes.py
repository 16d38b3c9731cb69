"""Distributions, plugins and checks as pytest's nodes.

Nodes hang on the root pyproject.toml, or on the distribution where there is
none: `pyproject.toml::aws-ssm::CFG004`. Everything that pytest's users know
(`-k`, `-m`, `--lf`, `--deselect`, `-n 2`, JUnit) then works as they expect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from imbi_plugin_testkit import terminal
from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.model import FATAL, Check, Outcome, Result
from imbi_plugin_testkit.report import text, unit_key
from imbi_plugin_testkit.subject import PluginUnderTest, Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _pytest._code.code import TerminalRepr, TracebackStyle

    from imbi_plugin_testkit.runner import Run, Unit

MARK = 'imbi_plugin'
"""Marker on every item, so that `-m imbi_plugin` selects the kit's own."""


class CheckFailed(Exception):  # noqa: N818  carries a result to pytest
    """A check did not hold; pytest shows the result in our own words."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.check)
        self.result = result


def unit_names(run: Run) -> dict[Unit, str]:
    """Return each unit's name in node ids; plugins of one name are told apart.

    Two distributions may register entry points of one name; both are then
    named `distribution:entry-point`.
    """
    taken: dict[str, int] = {}
    for unit in run.units():
        taken[unit.name] = taken.get(unit.name, 0) + 1
    names: dict[Unit, str] = {}
    for unit in run.units():
        name = unit.name
        if taken[name] > 1 and isinstance(unit, PluginUnderTest):
            name = f'{unit.subject.name}:{name}'
        names[unit] = name
    return names


class Anchor(pytest.File):
    """The root pyproject.toml, on which the kit's nodes hang."""

    run: Run

    def collect(self) -> Iterable[pytest.Collector]:
        """Return one collector per unit."""
        return units_under(self, self.run)


class DistributionAnchor(pytest.Collector):
    """Stands in for the file where the run has no pyproject.toml."""

    run: Run

    def collect(self) -> Iterable[pytest.Collector]:
        """Return one collector per unit."""
        return units_under(self, self.run)


def units_under(parent: pytest.Collector, run: Run) -> Iterator[UnitCollector]:
    """Yield a collector for each distribution and each plugin."""
    names = unit_names(run)
    for unit in run.units():
        collector: UnitCollector = UnitCollector.from_parent(  # pyright: ignore[reportUnknownMemberType]  pytest's own
            parent, name=names[unit]
        )
        collector.run, collector.unit = run, unit
        yield collector


class UnitCollector(pytest.Collector):
    """One distribution or one plugin."""

    run: Run
    unit: Unit

    def collect(self) -> Iterable[CheckItem]:
        """Return one item per check that the unit is accounted for."""
        for check in self.run.checks_for(self.unit):
            item: CheckItem = CheckItem.from_parent(  # pyright: ignore[reportUnknownMemberType]  pytest's own
                self, name=check.id
            )
            item.prepare(self.run, self.unit, check)
            yield item


class CheckItem(pytest.Item):
    """One check of one unit."""

    run: Run
    unit: Unit
    check: Check
    result: Result | None = None

    def prepare(self, run: Run, unit: Unit, check: Check) -> None:
        """Give the item what it runs, its marks and its JUnit properties."""
        self.run, self.unit, self.check = run, unit, check
        self.add_marker(MARK)
        self.add_marker('imbi_law' if check.law else 'imbi_static')
        self.user_properties.append(('imbi_check', check.id))
        self.user_properties.append(('imbi_unit', unit.name))

    def runtest(self) -> None:
        """Run the check, and first what it requires.

        Raises:
            CheckFailed: It did not hold, or the kit is at fault.
            pytest.skip.Exception: It does not apply or cannot be tested.
        """
        result = self.run.result(self.unit, self.check.id)
        self.result = result
        self.user_properties.append(('imbi_outcome', str(result.outcome)))
        if result.outcome in FATAL:
            raise CheckFailed(result)
        if result.outcome is Outcome.NOT_APPLICABLE:
            pytest.skip(result.reason)
        if result.outcome is Outcome.UNTESTABLE:
            pytest.skip(f'untestable: {result.reason}')

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: TracebackStyle | None = None,
    ) -> str | TerminalRepr:
        """Return the failure in the kit's words; no trace of the kit."""
        if isinstance(excinfo.value, CheckFailed):
            result = excinfo.value.result
            writer = self.config.get_terminal_writer()
            width = terminal.width_for(writer.fullwidth)
            check = catalogue()[result.check]
            encoding = terminal.encoding_of(writer)
            lines = text.failure(result, check, width, encoding)
            return terminal.FailureRepr(lines, result)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Return the place and the headline for pytest's own lines."""
        return self.path, None, f'{self.check.id} {self.check.title}'

    def payload(self) -> dict[str, Any] | None:
        """Return what the report needs, as data that crosses processes."""
        if self.result is None:
            return None
        owner = self.unit
        subject = owner if isinstance(owner, Subject) else owner.subject
        return {
            'distribution': subject.name,
            'unit': unit_key(owner),
            'backend': getattr(owner, 'backend', None),
            'result': self.result.to_json(),
        }
