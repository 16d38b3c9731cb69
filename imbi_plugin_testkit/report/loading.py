"""Reports read back, and the parts of one run joined into a whole.

Hundreds of plugins are judged by many machines; each writes the JSON report
of its share. Joined, they are one report again: one verdict, every check
accounted for, whatever the machines were called.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.config import UsageError
from imbi_plugin_testkit.model import (
    FATAL,
    Finding,
    Outcome,
    Place,
    Result,
    Severity,
    Verdict,
)
from imbi_plugin_testkit.report import SCHEMA_VERSION, PluginReport, Report
from imbi_plugin_testkit.report.words import NOT_RUN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path


def read(path: Path) -> list[Report]:
    """Return the reports in a JSON file.

    Raises:
        UsageError: It cannot be read, is no report, or was written by a kit
            whose reports this one does not know.
    """
    try:
        data = json.loads(path.read_text('utf-8'))
    except (OSError, ValueError) as error:
        raise UsageError(
            f'{path.name} cannot be read as JSON ({type(error).__name__}). '
            'Fix: give a file that --imbi-plugin-report wrote as .json.'
        ) from None
    try:
        if data['schema_version'] != SCHEMA_VERSION:
            raise UsageError(
                f'{path.name} has schema version {data["schema_version"]}, '
                f'and this kit reads {SCHEMA_VERSION}. Fix: write and read '
                'reports with one version of the kit.'
            )
        return [_report(each) for each in data.get('reports', [data])]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f'{path.name} is no report of this kit: {type(error).__name__} '
            f'at {error}. Fix: give a file that --imbi-plugin-report wrote '
            'as .json.'
        ) from None


def _report(data: Mapping[str, Any]) -> Report:
    distribution = data['distribution']
    name = distribution['name']
    plugins = [
        PluginReport(
            slug=each['slug'],
            entry_point=each['entry_point'],
            plugin_type=each['plugin_type'],
            api_version=each['api_version'],
            backend=each['backend'],
            checks=[
                _result(row, each['entry_point']) for row in each['checks']
            ],
        )
        for each in data['plugins']
    ]
    report = Report(
        name=name,
        version=distribution['version'],
        source=distribution['source'],
        checks=[_result(row, name) for row in distribution['checks']],
        plugins=plugins,
        seed=data['seed'],
        verdict=Verdict(data['verdict']),
        missing=0,
    )
    report.missing = _missing(report)
    return report


def _result(row: Mapping[str, Any], unit: str) -> Result:
    return Result(
        check=row['id'],
        unit=unit,
        outcome=Outcome(row['outcome']),
        severity=Severity(row['severity']),
        seconds=row['seconds'],
        findings=tuple(
            Finding(
                each['path'],
                each['message'],
                each['fix'],
                tuple(each['details']),
                Place(**each['place']) if each['place'] else None,
                each.get('seen', ''),
                each.get('expected', ''),
            )
            for each in row['problems']
        ),
        reason=row['reason'],
        reproduce=row['reproduce'],
    )


def _missing(report: Report) -> int:
    return sum(not _ran(result) for result in report.results)


def _ran(result: Result) -> bool:
    return not (
        result.outcome is Outcome.UNTESTABLE and result.reason == NOT_RUN
    )


def merge(reports: Iterable[Report]) -> list[Report]:
    """Join reports: one per distribution and version, by name.

    A distribution that was judged in parts, each of them some checks or some
    plugins, becomes whole; a check that ran in no part stays not run. Where
    one check ran twice, the worse outcome stays, for a plugin that holds on
    one machine of two does not hold.

    Raises:
        UsageError: Parts of one distribution were judged with different
            seeds, so that they are no parts of one run.
    """
    parts: dict[tuple[str, str], list[Report]] = {}
    for report in reports:
        parts.setdefault((report.name, report.version), []).append(report)
    return [_whole(parts[key]) for key in sorted(parts)]


def _whole(parts: Sequence[Report]) -> Report:
    first = parts[0]
    seeds = sorted({part.seed for part in parts})
    if len(seeds) > 1:
        raise UsageError(
            f'{first.name} {first.version} was judged with the seeds '
            f'{", ".join(map(str, seeds))}. Fix: give every part of one run '
            'the same --imbi-plugin-seed.'
        )
    plugins: dict[str, PluginReport] = {}
    for part in parts:
        for plugin in part.plugins:
            known = plugins.get(plugin.entry_point)
            plugins[plugin.entry_point] = (
                plugin
                if known is None
                else dataclasses.replace(
                    known,
                    backend=known.backend or plugin.backend,
                    checks=list(_joined(known.checks, plugin.checks)),
                )
            )
    checks: list[Result] = []
    for part in parts:
        checks = list(_joined(checks, part.checks))
    whole = dataclasses.replace(
        first,
        checks=checks,
        plugins=[plugins[name] for name in sorted(plugins)],
    )
    whole.missing = _missing(whole)
    whole.verdict = _verdict(whole, parts)
    return whole


def _joined(
    one: Sequence[Result], other: Sequence[Result]
) -> Iterator[Result]:
    later = {result.check: result for result in other}
    for result in one:
        yield max(result, later.pop(result.check, result), key=_weight)
    yield from later.values()


def _weight(result: Result) -> int:
    """Return how much a result says: worst last, not run first."""
    order = (
        Outcome.NOT_APPLICABLE,
        Outcome.PASSED,
        Outcome.UNTESTABLE,
        Outcome.WAIVED,
        Outcome.WARNED,
        Outcome.KIT_ERROR,
        Outcome.FAILED,
    )
    return order.index(result.outcome) + 1 if _ran(result) else 0


def _verdict(whole: Report, parts: Sequence[Report]) -> Verdict:
    if whole.missing or any(
        result.outcome in FATAL for result in whole.results
    ):
        return Verdict.NOT_CONFORMANT
    # A part alone is not conformant for what the others ran.
    if any(part.verdict is Verdict.STATIC for part in parts):
        return Verdict.STATIC
    return Verdict.CONFORMANT
