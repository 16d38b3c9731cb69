"""A run as data: what was judged, how each check ended, and the verdict."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.model import (
    FATAL,
    Finding,
    Outcome,
    Result,
    Severity,
    Verdict,
    count_outcomes,
)
from imbi_plugin_testkit.report.words import NOT_RUN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_testkit.runner import Run
    from imbi_plugin_testkit.subject import PluginUnderTest, Subject

SCHEMA_VERSION = 1
"""Goes up when a reader of the old report could misread the new one."""


@functools.cache
def kit_version() -> str:
    """Return the version of this distribution."""
    from importlib.metadata import version  # noqa: PLC0415

    return version('imbi-plugin-sdk')


@dataclasses.dataclass(slots=True)
class PluginReport:
    """One plugin's results.

    Attributes:
        slug: Declared slug, or None where the manifest cannot be read.
        entry_point: Name of the entry point.
        plugin_type: Declared type, or None.
        api_version: Declared contract version, or None.
        backend: What the sandbox ran on, or None without a sandbox.
        checks: Results in the order of the catalogue.
    """

    slug: str | None
    entry_point: str
    plugin_type: str | None
    api_version: int | str | None
    backend: str | None
    checks: list[Result]


@dataclasses.dataclass(slots=True)
class Report:
    """One distribution's results, complete by construction.

    A check that was called for but did not run stands in the report as
    untestable, and the verdict then is not `conformant`.

    Attributes:
        name: Name of the distribution.
        version: Its version.
        source: Where it was found: installed, editable, wheel or built.
        checks: Results that belong to the distribution as a whole.
        plugins: Results of each plugin.
        seed: What the laws' randomness started from.
        verdict: What it comes to.
        missing: How many checks were called for and not run.
    """

    name: str
    version: str
    source: str
    checks: list[Result]
    plugins: list[PluginReport]
    seed: int
    verdict: Verdict
    missing: int

    @property
    def results(self) -> list[Result]:
        """Return every result, the distribution's first."""
        rows = list(self.checks)
        for plugin in self.plugins:
            rows += plugin.checks
        return rows

    @property
    def summary(self) -> dict[str, int]:
        """Return the count of each outcome."""
        return count_outcomes(self.results)

    def to_json(self) -> dict[str, Any]:
        """Return the report as published by `report.schema.json`."""
        return {
            'schema_version': SCHEMA_VERSION,
            'kit_version': kit_version(),
            'seed': self.seed,
            'verdict': str(self.verdict),
            'distribution': {
                'name': self.name,
                'version': self.version,
                'source': self.source,
                'checks': [_row(result) for result in self.checks],
            },
            'plugins': [
                {
                    'slug': plugin.slug,
                    'entry_point': plugin.entry_point,
                    'plugin_type': plugin.plugin_type,
                    'api_version': plugin.api_version,
                    'backend': plugin.backend,
                    'checks': [_row(result) for result in plugin.checks],
                }
                for plugin in self.plugins
            ],
            'summary': self.summary,
        }

    @classmethod
    def of(cls, run: Run) -> Report:
        """Return the report of a run over one distribution."""
        return reports_of(run)[0]


def reports_of(
    run: Run, given: Mapping[tuple[str, str, str], Result] | None = None
) -> list[Report]:
    """Return one report per distribution.

    Args:
        run: What was judged.
        given: Results by (distribution, unit, check) where they came from
            other processes; else those of the run itself.
    """
    if given is None:
        given = {
            (_subject(unit).name, unit_key(unit), result.check): result
            for unit, result in run.results()
        }
    return [_report(run, subject, given) for subject in run.subjects]


def unit_key(unit: Subject | PluginUnderTest) -> str:
    """Return `` for a distribution and the entry point for a plugin."""
    return '' if not hasattr(unit, 'entry_point') else unit.name


def _subject(unit: Subject | PluginUnderTest) -> Subject:
    owner: Any = getattr(unit, 'subject', None)
    found: Any = unit if owner is None else owner
    return found  # type: ignore[no-any-return]


def _report(
    run: Run, subject: Subject, given: Mapping[tuple[str, str, str], Result]
) -> Report:
    missing = 0
    rows: dict[str, list[Result]] = {}
    units: tuple[Subject | PluginUnderTest, ...]
    units = (subject, *subject.plugins)
    for unit in units:
        key = unit_key(unit)
        rows[key] = []
        for check in run.checks_for(unit):
            result = given.get((subject.name, key, check.id))
            if result is None:
                missing += 1
                result = Result(
                    check.id,
                    unit.name,
                    Outcome.UNTESTABLE,
                    check.severity,
                    reason=NOT_RUN,
                )
            rows[key].append(result)
    plugins = [
        _plugin(plugin, rows[plugin.name]) for plugin in subject.plugins
    ]
    return Report(
        name=subject.name,
        version=subject.version,
        source=subject.source,
        checks=rows[''],
        plugins=plugins,
        seed=run.seed,
        verdict=_verdict(subject, rows, missing),
        missing=missing,
    )


def _plugin(plugin: PluginUnderTest, checks: list[Result]) -> PluginReport:
    data: Mapping[str, Any] = plugin.probe.manifest or {}
    slug, version = data.get('slug'), data.get('api_version')
    kind = data.get('plugin_type')
    return PluginReport(
        slug=slug if isinstance(slug, str) else None,
        entry_point=plugin.name,
        plugin_type=kind if isinstance(kind, str) else None,
        api_version=version if isinstance(version, (int, str)) else None,
        backend=plugin.backend,
        checks=checks,
    )


def _verdict(
    subject: Subject, rows: Mapping[str, list[Result]], missing: int
) -> Verdict:
    results = [result for checks in rows.values() for result in checks]
    if missing or any(result.outcome in FATAL for result in results):
        return Verdict.NOT_CONFORMANT
    if subject.config.sandbox == 'none':
        return Verdict.STATIC
    return Verdict.CONFORMANT


def _row(result: Result) -> dict[str, Any]:
    return {
        'id': result.check,
        'family': result.check.rstrip('0123456789'),
        'severity': str(result.severity),
        'outcome': str(result.outcome),
        'seconds': result.seconds,
        'reason': result.reason,
        'problems': [_finding(finding) for finding in result.findings],
        'reproduce': result.reproduce,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        'path': finding.path,
        'message': finding.message,
        'fix': finding.fix,
        'details': list(finding.details),
        'place': dataclasses.asdict(finding.place) if finding.place else None,
        'seen': finding.seen,
        'expected': finding.expected,
    }


__all__ = [
    'PluginReport',
    'Report',
    'Severity',
    'kit_version',
    'reports_of',
    'unit_key',
]
