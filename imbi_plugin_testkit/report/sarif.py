"""The report as SARIF 2.1.0, for code scanning.

One run per distribution. Every check that has something to say is a rule, and
every finding a result at its place in the author's files; a waived one is
suppressed, with the waiver's reason. A result keeps its fingerprint as long
as check, plugin and path stay the same, so that a scanner follows it through
edits of the file.
"""

from __future__ import annotations

import hashlib
import json
import urllib.parse
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.model import Outcome, Place
from imbi_plugin_testkit.report import kit_version, text
from imbi_plugin_testkit.report.text import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from imbi_plugin_testkit.model import Check, Finding, Result
    from imbi_plugin_testkit.report import Report

VERSION = '2.1.0'
SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json'
ROOT = '%SRCROOT%'
"""The folder of the pyproject.toml, as consumers of SARIF call it."""

SOMEWHERE = Place('pyproject.toml', 1)
"""Code scanning drops a result without a place."""

TOLD = (Outcome.FAILED, Outcome.WARNED, Outcome.WAIVED)


def render(reports: Sequence[Report]) -> str:
    """Return the reports as one SARIF log."""
    log = {
        '$schema': SCHEMA,
        'version': VERSION,
        'runs': [_run(report) for report in reports],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + '\n'


def _run(report: Report) -> dict[str, Any]:
    told = [each for each in report.results if each.outcome in TOLD]
    rules = sorted({each.check for each in told})
    return {
        'tool': {
            'driver': {
                'name': 'imbi-plugin-testkit',
                'version': kit_version(),
                'rules': [_rule(catalogue()[check]) for check in rules],
            }
        },
        'automationDetails': {'id': f'imbi-plugin/{report.name}/'},
        'columnKind': 'unicodeCodePoints',
        'invocations': [
            {
                'executionSuccessful': not report.missing,
                'toolExecutionNotifications': list(_troubles(report.results)),
            }
        ],
        'properties': {
            'verdict': str(report.verdict),
            'seed': report.seed,
            'distribution': report.name,
            'distributionVersion': report.version,
        },
        'results': [
            _result(report, result, finding, rules.index(result.check))
            for result in told
            for finding in result.findings
        ],
    }


def _rule(check: Check) -> dict[str, Any]:
    return {
        'id': check.id,
        'shortDescription': {'text': check.title},
        'fullDescription': {'text': ' '.join(check.rationale.split())},
        'help': {'text': f'{check.rationale}\n\nFix: {check.fix}'},
        'defaultConfiguration': {'level': LEVELS[check.severity]},
        'properties': {'tags': [check.family, 'imbi-plugin']},
    }


def _result(
    report: Report, result: Result, finding: Finding, rule: int
) -> dict[str, Any]:
    where = f'{finding.path}: ' if finding.path else ''
    told: dict[str, Any] = {
        'ruleId': result.check,
        'ruleIndex': rule,
        'level': LEVELS[result.severity],
        'message': {
            'text': '\n'.join(
                [
                    f'{where}{finding.message}',
                    *text.compared(finding),
                    f'Fix: {finding.fix}',
                ]
            ),
        },
        'locations': [_location(report, result, finding.place or SOMEWHERE)],
        'partialFingerprints': {
            'imbiPluginFinding/v1': _fingerprint(
                (report.name, result.unit, result.check, finding.path)
            )
        },
        'properties': {
            'plugin': result.unit,
            'path': finding.path,
            'reproduce': result.reproduce,
            'details': list(finding.details),
            **_values(finding),
        },
    }
    if result.outcome is Outcome.WAIVED:
        told['suppressions'] = [
            {'kind': 'external', 'justification': result.reason}
        ]
    return told


def _values(finding: Finding) -> dict[str, str]:
    """Return the two values that were compared, where some were."""
    if not (finding.seen or finding.expected):
        return {}
    return {'seen': finding.seen, 'expected': finding.expected}


def _location(report: Report, result: Result, place: Place) -> dict[str, Any]:
    region: dict[str, Any] = {
        'startLine': place.line,
        'startColumn': place.column,
    }
    if place.text:
        region['snippet'] = {'text': place.text}
    return {
        'physicalLocation': {
            'artifactLocation': {
                'uri': urllib.parse.quote(place.file),
                'uriBaseId': ROOT,
            },
            'region': region,
        },
        'logicalLocations': [
            {
                'name': result.unit,
                'fullyQualifiedName': f'{report.name}::{result.unit}',
                'kind': 'module',
            }
        ],
    }


def _troubles(results: Iterable[Result]) -> Iterator[dict[str, Any]]:
    """Yield the kit's own faults, which are nobody's findings."""
    for result in results:
        if result.outcome is Outcome.KIT_ERROR:
            yield {
                'level': 'error',
                'message': {'text': f'{result.check}: {result.reason}'},
            }


def _fingerprint(parts: Sequence[str]) -> str:
    return hashlib.sha256('\0'.join(parts).encode()).hexdigest()
