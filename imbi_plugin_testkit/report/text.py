"""The words of a result on a terminal: what, where, why, and how to mend it.

Plain text without colour; the caller decorates. Every line is made of data
that the checks gave, so the same words serve pytest and the command line.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import counted
from imbi_plugin_testkit.comparing import marked, members
from imbi_plugin_testkit.model import (
    Check,
    Finding,
    Outcome,
    Place,
    Result,
    Severity,
    Verdict,
)
from imbi_plugin_testkit.report.words import NOT_RUN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_testkit.report import Report

LEVELS = {
    Severity.MUST: 'error',
    Severity.SHOULD: 'warning',
    Severity.MAY: 'note',
}

WAIVER_DAYS = 90
"""How long the suggested waiver lasts: one quarter, then think again."""


SHOWN_FINDINGS = 3
"""Findings of one check on a terminal; one cause often has many."""

VALUES = '        : '
"""Before the lines of two values that were compared."""

SHOWN_STEPS = 8
"""Lines of a law's script on a terminal: its start, and what broke it."""


def failure(
    result: Result,
    check: Check,
    width: int = 79,
    encoding: str | None = None,
) -> list[str]:
    """Return the lines that tell an author what to do about a result.

    The report files hold all findings with all details; a terminal shows as
    much as one reads.

    Args:
        result: How the check ended.
        check: The check.
        width: Columns to wrap at.
        encoding: Of the terminal; in values that were compared, what it
            lacks becomes an escape.
    """
    level = LEVELS[result.severity]
    lines = _wrapped(
        f'{level}[{check.id}] ', f'does not hold: {check.title}', width
    )
    if result.outcome is Outcome.KIT_ERROR:
        lines = _wrapped(f'kit error[{check.id}] ', check.title, width)
        lines += _wrapped('  ', result.reason, width)
        lines += _wrapped(
            '  ',
            'Please report it to imbi-plugin-sdk with the command below.',
            width,
        )
    for number, finding in enumerate(result.findings[:SHOWN_FINDINGS]):
        where = f'{finding.path}: ' if finding.path else ''
        lines += _wrapped('  saw   ', f'{where}{finding.message}', width)
        lines += _values(finding, width, encoding)
        if finding.place is not None:
            lines += _place(finding.place, width)
        if number == 0:
            lines += _steps(finding.details, width)
        lines += _wrapped('  fix   ', finding.fix, width)
    more = len(result.findings) - SHOWN_FINDINGS
    if more > 0:
        lines += _wrapped(
            '        ',
            f'… and {counted(more, "finding")} more, all in the report '
            '(--imbi-plugin-report=FILE.json).',
            width,
        )
    lines += _wrapped('  why   ', _first_sentence(check.rationale), width)
    lines.append(f'        more: imbi-plugin explain {check.id}')
    if result.outcome is Outcome.WAIVED:
        lines += _wrapped('  waived: ', result.reason, width)
    elif _waivable(check) and result.findings:
        lines += _waiver(result, width)
    lines.append(f'  again {result.reproduce}')
    return lines


def compared(finding: Finding) -> list[str]:
    """Return the two values that were compared as lines without a mark."""
    if not (finding.seen or finding.expected):
        return []
    if '\n' in finding.seen or '\n' in finding.expected:
        rows = members(finding.seen, finding.expected)
        return [
            'Must be there (-), was seen (+):',
            *(f'{sign} {line}' for sign, line in rows),
        ]
    return [f'Saw:  {finding.seen}', f'Must: {finding.expected}']


def _values(finding: Finding, width: int, encoding: str | None) -> list[str]:
    """Return what was found and what must be, under one another."""
    if not (finding.seen or finding.expected):
        return []
    room = max(width, 40) - len(VALUES)
    return [
        f'{VALUES}{line}'
        for line in marked(finding.seen, finding.expected, room, encoding)
    ]


def _place(place: Place, width: int) -> list[str]:
    """Return where it is, and the line with a caret where that helps."""
    lines = [f'  at    {place.file}:{place.line}:{place.column}']
    shown = place.text.lstrip()
    if not shown:
        return lines
    gutter = f'        {place.line} | '
    room = max(width, 40) - len(gutter)
    if len(shown) > room:
        shown = f'{shown[: room - 1]}…'
    lines.append(gutter + shown)
    caret = place.column - 1 - (len(place.text) - len(place.text.lstrip()))
    if 0 < caret < len(shown):
        lines.append(' ' * (len(gutter) + caret) + '^')
    return lines


def _steps(details: tuple[str, ...], width: int) -> list[str]:
    """Return the details, each on one line, shortened in the middle."""
    shown = list(details)
    if len(shown) > SHOWN_STEPS:
        half = SHOWN_STEPS // 2
        left_out = len(shown) - SHOWN_STEPS + 1
        shown = [
            *shown[: half - 1],
            f'# … {left_out} more lines …',
            *shown[-half:],
        ]
    room = max(width, 40) - 10
    return [
        f'        | {line if len(line) <= room else line[: room - 1] + "…"}'
        for line in shown
    ]


def _waivable(check: Check) -> bool:
    return check.family != 'KIT' and not (
        check.security and check.severity is Severity.MUST
    )


def _waiver(result: Result, width: int) -> list[str]:
    """Return what can be pasted as it stands, also below another waiver.

    TOML forbids a line break in an inline table, and one line of all four keys
    is wider than a terminal.
    """
    today = dt.datetime.now(dt.UTC).date()
    expires = today + dt.timedelta(days=WAIVER_DAYS)
    return [
        *_wrapped(
            '  ',
            'If this is on purpose, say so at the end of pyproject.toml:',
            width,
        ),
        '        [[tool.imbi.testkit.waivers]]',
        f'        check = "{result.check}"',
        f'        plugin = "{result.unit}"',
        '        reason = "…"',
        f'        expires = {expires}',
    ]


def _first_sentence(text: str) -> str:
    paragraph = ' '.join(text.partition('\n\n')[0].split())
    head, dot, _ = paragraph.partition('. ')
    return head + dot.strip() if dot else paragraph


def _wrapped(prefix: str, text: str, width: int) -> list[str]:
    lines: list[str] = []
    for part in text.splitlines() or ['']:
        indent = prefix if not lines else ' ' * len(prefix)
        lines += textwrap.wrap(
            part,
            max(width, 40),
            initial_indent=indent,
            subsequent_indent=' ' * len(prefix),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [indent.rstrip()]
    return lines


SENTENCES = {
    Verdict.CONFORMANT: 'keeps the contract',
    Verdict.STATIC: 'keeps what can be judged without running it',
    Verdict.NOT_CONFORMANT: 'does not keep the contract',
}


def verdict(report: Report) -> Iterator[str]:
    """Yield the closing lines: per plugin, the counts, the verdict."""
    total = sum(report.summary.values())
    if total and report.missing == total:
        yield (
            f'{report.name} {report.version}: no verdict, none of '
            f'{counted(total, "check")} ran. `imbi-plugin check` runs them '
            "without the project's own tests."
        )
        return
    for plugin in report.plugins:
        counts = {
            outcome: sum(result.outcome is outcome for result in plugin.checks)
            for outcome in Outcome
        }
        shown = ', '.join(
            f'{number} {outcome.replace("_", " ")}'
            for outcome, number in counts.items()
            if number
        )
        backend = f' on {plugin.backend} backend' if plugin.backend else ''
        yield (
            f'{plugin.entry_point} ({plugin.plugin_type or "unknown type"}'
            f'{backend}): {shown}'
        )
    yield from _untestable(report)
    if report.missing:
        yield (
            f'{report.name} {report.version}: no verdict from a partial run, '
            f'{report.missing} of {counted(total, "check")} did not run'
        )
        return
    yield (
        f'{report.name} {report.version} {SENTENCES[report.verdict]}: '
        f'{report.verdict} ({counted(total, "check")} accounted for)'
    )


def _untestable(report: Report) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for result in report.results:
        if result.outcome is Outcome.UNTESTABLE and result.reason != NOT_RUN:
            reasons.setdefault(result.reason, []).append(result.check)
    for reason, ids in reasons.items():
        yield f'untestable: {", ".join(dict.fromkeys(ids))}: {reason}'
