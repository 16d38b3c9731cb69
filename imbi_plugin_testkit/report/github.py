"""Findings as annotations, where the run is a job of GitHub Actions.

Workflow commands (`::error file=…,line=…::…`) on standard output put a
finding beside the line in the pull request. They are printed only where
`GITHUB_ACTIONS` is `true`, errors first, since only ten of a kind are shown.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.model import Outcome, Severity
from imbi_plugin_testkit.report import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from imbi_plugin_testkit.model import Finding, Result
    from imbi_plugin_testkit.report import Report

COMMANDS = {
    Severity.MUST: 'error',
    Severity.SHOULD: 'warning',
    Severity.MAY: 'notice',
}
TOLD = (Outcome.FAILED, Outcome.WARNED)


def wanted(environment: Mapping[str, str]) -> bool:
    """Return whether annotations are read by anybody."""
    return environment.get('GITHUB_ACTIONS') == 'true'


def commands(
    reports: Sequence[Report], root: Path, environment: Mapping[str, str]
) -> Iterator[str]:
    """Yield a workflow command per finding.

    Args:
        reports: What to tell.
        root: The folder that places are relative to.
        environment: Variables of the job; `GITHUB_WORKSPACE` is the folder
            that GitHub takes paths relative to.
    """
    told = [
        (list(COMMANDS).index(result.severity), number, result, finding)
        for report in reports
        for number, result in enumerate(report.results)
        if result.outcome in TOLD
        for finding in result.findings[:1]
    ]
    workspace = environment.get('GITHUB_WORKSPACE', '')
    told.sort(key=lambda each: each[:2])
    for _, _, result, finding in told:
        yield _command(result, finding, _prefix(root, workspace))


def _prefix(root: Path, workspace: str) -> str:
    if not workspace:
        return ''
    try:
        relative = os.path.relpath(root.resolve(), Path(workspace).resolve())
    except ValueError:  # on another drive
        return ''
    inside = Path(relative).as_posix()
    return '' if inside == '.' or inside.startswith('..') else f'{inside}/'


def _command(result: Result, finding: Finding, prefix: str) -> str:
    facts = {'title': f'{result.check} {catalogue()[result.check].title}'}
    if finding.place is not None:
        facts = {
            'file': f'{prefix}{finding.place.file}',
            'line': str(finding.place.line),
            'col': str(finding.place.column),
            **facts,
        }
    where = f'{finding.path}: ' if finding.path else ''
    said = '\n'.join(
        [
            f'{result.unit}: {where}{finding.message}',
            *text.compared(finding),
            f'Fix: {finding.fix}',
            f'Again: {result.reproduce}',
        ]
    )
    given = ','.join(
        f'{name}={_escaped(value, in_property=True)}'
        for name, value in facts.items()
    )
    return f'::{COMMANDS[result.severity]} {given}::{_escaped(said)}'


def _escaped(text: str, *, in_property: bool = False) -> str:
    """Return text that neither ends a command nor begins another."""
    text = text.replace('%', '%25').replace('\r', '%0D').replace('\n', '%0A')
    if in_property:
        text = text.replace(':', '%3A').replace(',', '%2C')
    return text
