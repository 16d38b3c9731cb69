"""Checks to results, without pytest.

A `Run` knows its units (each distribution, then each of its plugins), which
checks each unit calls for, and every result so far. Asking for one result
first gets those it requires, so that one check alone, a shuffled order or
several processes all come to the same outcomes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import inspect
import time
import traceback
from typing import TYPE_CHECKING

from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.comparing import kept
from imbi_plugin_testkit.model import (
    Check,
    Finding,
    Outcome,
    Place,
    Result,
    Severity,
    Untestable,
)
from imbi_plugin_testkit.subject import PluginUnderTest, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imbi_plugin_testkit.lab import Labs
    from imbi_plugin_testkit.report import Report

Unit = Subject | PluginUnderTest

MAX_FINDINGS = 20
"""Findings kept per check; the rest is only counted, or nobody reads on."""


class Run:
    """One run of the kit over one or more distributions.

    Attributes:
        subjects: The distributions, in the order given.
        seed: What all randomness of the laws starts from.
        today: The day by which waivers expire.
    """

    def __init__(
        self,
        subjects: Sequence[Subject],
        *,
        seed: int = 0,
        labs: Labs | None = None,
        today: dt.date | None = None,
    ) -> None:
        self.subjects = tuple(subjects)
        self.seed = seed
        self._labs = labs
        self.today = today or dt.datetime.now(dt.UTC).date()
        self._results: dict[tuple[Unit, str], Result] = {}
        self._running: list[tuple[Unit, str]] = []

    def prefetch(self) -> None:
        """Start importing all plugins in the background."""
        from imbi_plugin_testkit.probe import prefetch  # noqa: PLC0415

        for subject in self.subjects:
            prefetch(subject)

    def units(self) -> Iterator[Unit]:
        """Yield each distribution, followed by its plugins."""
        for subject in self.subjects:
            yield subject
            yield from subject.plugins

    def checks_for(self, unit: Unit) -> tuple[Check, ...]:
        """Return the checks that a unit is accounted for.

        Laws of other plugin types are left out; everything else stays, and
        ends as `not_applicable` where the manifest does not call for it.
        """
        if isinstance(unit, Subject):
            return tuple(
                check
                for check in catalogue().values()
                if check.scope == 'distribution'
            )
        kind = unit.plugin_type
        return tuple(
            check
            for check in catalogue().values()
            if check.scope == 'plugin'
            and (check.types is None or kind in check.types)
        )

    def result(self, unit: Unit, check_id: str) -> Result:
        """Return the result of one check; run it, and what it needs, once."""
        key = (unit, check_id)
        if key not in self._results:
            if key in self._running:
                raise RuntimeError(f'{check_id} requires itself')
            self._running.append(key)
            try:
                self._results[key] = self._judge(unit, catalogue()[check_id])
            finally:
                self._running.pop()
        return self._results[key]

    def run(self) -> Report:
        """Run everything and return the report."""
        from imbi_plugin_testkit.report import Report  # noqa: PLC0415

        try:
            for unit in self.units():
                for check in self.checks_for(unit):
                    self.result(unit, check.id)
        finally:
            self.close()
        return Report.of(self)

    def results(self) -> Iterator[tuple[Unit, Result]]:
        """Yield the results so far, in the order of units and catalogue."""
        for unit in self.units():
            for check in self.checks_for(unit):
                result = self._results.get((unit, check.id))
                if result is not None:
                    yield unit, result

    def close(self) -> None:
        """Close every sandbox; what was created there is cleaned up."""
        if self._labs is not None:
            self._labs.close()

    @property
    def labs(self) -> Labs:
        """Return the sandboxes of this run, opened on first use."""
        if self._labs is None:
            from imbi_plugin_testkit.lab import Labs  # noqa: PLC0415

            self._labs = Labs(self.seed)
        return self._labs

    def _judge(self, unit: Unit, check: Check) -> Result:
        subject = unit if isinstance(unit, Subject) else unit.subject
        severity = check.severity
        if severity is Severity.SHOULD and subject.config.strict:
            severity = Severity.MUST
        result = Result(
            check=check.id,
            unit=unit.name,
            outcome=Outcome.PASSED,
            severity=severity,
            reproduce=_reproduce(unit, check),
        )
        start = time.perf_counter()
        findings: list[Finding] = []
        try:
            blocked = self._blocked_by(unit, check)
            if blocked:
                raise Untestable(blocked)  # noqa: TRY301  one way to say so
            start = time.perf_counter()
            if not _called_for(unit, check):
                result.outcome = Outcome.NOT_APPLICABLE
                result.reason = 'the manifest does not call for it'
                return result
            for finding in self._findings(unit, check):
                findings.append(finding)  # noqa: PERF402  kept if it stops
        except Untestable as reason:
            result.outcome, result.reason = Outcome.UNTESTABLE, reason.reason
            self._grade(unit, result, check, findings)
        except Exception as error:  # noqa: BLE001  never blamed on the author
            result.outcome = Outcome.KIT_ERROR
            result.reason = (
                f'a fault of the kit, not of the plugin: '
                f'{type(error).__name__} in {_place(error)}{_told(error)}'
            )
        else:
            result.reason = self._notes(unit, check)
            self._grade(unit, result, check, findings)
        finally:
            result.seconds = round(time.perf_counter() - start, 4)
        return result

    def _findings(self, unit: Unit, check: Check) -> Iterator[Finding]:
        if check.law:
            if not isinstance(unit, PluginUnderTest):
                raise TypeError('a law is about a plugin')
            yield from self.labs.run(unit, check)
        elif 'run' in inspect.signature(check.body).parameters:
            yield from check.body(unit, run=self)
        else:
            yield from check.body(unit)

    def _notes(self, unit: Unit, check: Check) -> str:
        """Return what a law left out, and why."""
        if not check.law or self._labs is None:
            return ''
        return '; '.join(self._labs.notes.get((unit.name, check.id), ()))

    def _blocked_by(self, unit: Unit, check: Check) -> str:
        for required in check.requires:
            needed = catalogue()[required]
            owner: Unit = unit
            if needed.scope == 'distribution' and isinstance(
                unit, PluginUnderTest
            ):
                owner = unit.subject
            outcome = self.result(owner, required).outcome
            if outcome in (Outcome.FAILED, Outcome.KIT_ERROR):
                return f'{required} ({needed.title}) did not hold'
            if outcome is Outcome.UNTESTABLE:
                return f'{required} ({needed.title}) could not be tested'
        return ''

    def _grade(
        self, unit: Unit, result: Result, check: Check, findings: list[Finding]
    ) -> None:
        if not findings:
            return
        subject = unit if isinstance(unit, Subject) else unit.subject
        more = len(findings) - MAX_FINDINGS
        if more > 0:
            findings = [
                *findings[:MAX_FINDINGS],
                Finding('', f'… and {more} more of the same kind.'),
            ]
        result.findings = tuple(
            Finding(
                finding.path,
                finding.message,
                finding.fix or check.fix,
                finding.details,
                finding.place or _placed(unit, check, finding),
                *_compared(check, finding),
            )
            for finding in findings
        )
        result.outcome = (
            Outcome.FAILED
            if result.severity is Severity.MUST
            else Outcome.WARNED
        )
        if check.security and check.severity is Severity.MUST:
            return
        if check.family == 'KIT':
            return
        for waiver in subject.config.waivers:
            if (
                waiver.covers(check.id, result.unit)
                and waiver.reason.strip()
                and not waiver.expired(self.today)
            ):
                result.outcome, result.reason = Outcome.WAIVED, waiver.reason
                return


def _placed(unit: Unit, check: Check, finding: Finding) -> Place | None:
    """Return where a finding is to be mended.

    The line itself is left out where it may hold what must not be shown.
    """
    from imbi_plugin_sdk.secret_detector import find_secrets  # noqa: PLC0415
    from imbi_plugin_testkit.places import place_of  # noqa: PLC0415

    place = place_of(unit, finding.path)
    if place is not None and (
        check.family == 'SEC' or find_secrets([place.text])
    ):
        return dataclasses.replace(place, text='')
    return place


def _compared(check: Check, finding: Finding) -> tuple[str, str]:
    """Return the two values of a finding, unless they may not be shown."""
    from imbi_plugin_sdk.secret_detector import find_secrets  # noqa: PLC0415

    values = (finding.seen, finding.expected)
    if check.family == 'SEC' or find_secrets(list(values)):
        return '', ''
    return kept(*values)


def _called_for(unit: Unit, check: Check) -> bool:
    if check.applies is None:
        return True
    if isinstance(unit, Subject):
        return any(
            _called_for(plugin, check)
            for plugin in unit.plugins
            if plugin.plugin_type is not None
        )
    try:
        data = unit.data
    except Untestable:
        raise Untestable('the manifest cannot be read') from None
    return check.applies(data)


def _reproduce(unit: Unit, check: Check) -> str:
    subject = unit if isinstance(unit, Subject) else unit.subject
    if subject.project is not None:
        return f'pytest --imbi-plugin pyproject.toml::{unit.name}::{check.id}'
    return (
        f'pytest --imbi-plugin --imbi-plugin-dist {subject.name} '
        f'-k "{unit.name} and {check.id}"'
    )


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return 'an unknown place'
    last = frames[-1]
    name = last.filename.replace('\\', '/').rpartition('/')[2]
    return f'{name}:{last.lineno}'


def _told(error: BaseException) -> str:
    """Return the error's first line, unless it could hold a secret."""
    from imbi_plugin_sdk.secret_detector import find_secrets  # noqa: PLC0415

    line = str(error).partition('\n')[0][:200]
    return f': {line}' if line and not find_secrets([line]) else ''


def run(
    subject: Subject, *, seed: int = 0, today: dt.date | None = None
) -> Report:
    """Run every check on one subject and return the report."""
    return Run([subject], seed=seed, today=today).run()
