"""The report as Markdown that fits a CI system's job summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.model import Outcome
from imbi_plugin_testkit.report import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_testkit.model import Result
    from imbi_plugin_testkit.report import Report

TOLD = (
    Outcome.FAILED,
    Outcome.KIT_ERROR,
    Outcome.WARNED,
    Outcome.WAIVED,
    Outcome.UNTESTABLE,
)
"""Outcomes that a reader wants one line each of."""


_ENTITIES = {ord(char): f'&#{ord(char)};' for char in '\\`*_{}[]<>#|!~&'}
"""All at once: what is put in for one holds others."""


def escape(value: str) -> str:
    """Return text that neither Markdown nor HTML takes for markup."""
    return ' '.join(value.translate(_ENTITIES).split())


def render(report: Report) -> str:
    """Return one distribution's report."""
    return '\n'.join(_lines(report)) + '\n'


def _lines(report: Report) -> Iterator[str]:
    yield f'## {escape(report.name)} {escape(report.version)}'
    yield ''
    verdict = report.verdict.replace('_', ' ')
    yield f'**{verdict}**: {text.SENTENCES[report.verdict]}.'
    yield ''
    yield '| outcome | checks |'
    yield '|---|---:|'
    for outcome, number in report.summary.items():
        if number:
            yield f'| {outcome.replace("_", " ")} | {number} |'
    yield from _unit(report.name, report.checks)
    for plugin in report.plugins:
        title = (
            f'{plugin.entry_point} ({plugin.plugin_type or "unknown type"})'
        )
        yield from _unit(title, plugin.checks)
    yield ''
    yield f'Seed {report.seed}.'


def _unit(title: str, results: list[Result]) -> Iterator[str]:
    told = [result for result in results if result.outcome in TOLD]
    if not told:
        return
    yield ''
    yield f'### {escape(title)}'
    yield ''
    yield '| check | outcome | what was seen | fix |'
    yield '|---|---|---|---|'
    for result in told:
        check = catalogue()[result.check]
        head = f'{result.check} {escape(check.title)}'
        outcome = result.outcome.replace('_', ' ')
        if not result.findings:
            yield f'| {head} | {outcome} | {escape(result.reason)} | |'
        for finding in result.findings:
            where = f'{finding.path}: ' if finding.path else ''
            seen = escape(f'{where}{finding.message}')
            for line in text.compared(finding):
                seen += f'<br>{escape(line)}'
            if result.outcome is Outcome.WAIVED:
                seen += f' (waived: {escape(result.reason)})'
            yield f'| {head} | {outcome} | {seen} | {escape(finding.fix)} |'
