"""The report as one HTML file: to be opened, searched and stepped through.

Nothing is loaded: style and script are in the page, and its Content Security
Policy names them by their digests, so that no markup in a plugin's name or
in a finding can add another. Without script all is shown.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
from importlib import resources
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import counted
from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.comparing import members, span
from imbi_plugin_testkit.model import Outcome
from imbi_plugin_testkit.report import kit_version
from imbi_plugin_testkit.report.text import LEVELS, SENTENCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imbi_plugin_testkit.model import Finding, Result
    from imbi_plugin_testkit.report import Report

TAGS = {' ': 'span', '-': 'ins', '+': 'del'}
"""What a member is in HTML: `ins` is missing, `del` is too much."""

QUIET = (Outcome.PASSED, Outcome.NOT_APPLICABLE)
"""Outcomes that are hidden until somebody asks for them."""


def render(reports: Sequence[Report]) -> str:
    """Return the reports as one page."""
    return '\n'.join(_page(reports)) + '\n'


@functools.cache
def asset(name: str) -> str:
    """Return a file beside this module."""
    home = resources.files('imbi_plugin_testkit.report')
    return (home / name).read_text('utf-8')


def policy(*, style: str, script: str) -> str:
    """Return a policy that allows one style and one script, and no more."""
    return '; '.join(
        [
            "default-src 'none'",
            f"style-src '{hashed(style)}'",
            f"script-src '{hashed(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def hashed(text: str) -> str:
    """Return a digest as a Content Security Policy writes it."""
    digest = hashlib.sha256(text.encode('utf-8')).digest()
    return f'sha256-{base64.b64encode(digest).decode("ascii")}'


def _e(text: object) -> str:
    return html.escape(str(text), quote=True)


def _page(reports: Sequence[Report]) -> Iterator[str]:
    style, script = asset('page.css'), asset('page.js')
    title = ', '.join(f'{each.name} {each.version}' for each in reports)
    yield '<!doctype html>'
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield (
        '<meta http-equiv="Content-Security-Policy" '
        f'content="{_e(policy(style=style, script=script))}">'
    )
    yield '<meta name="viewport" content="width=device-width">'
    yield f'<title>{_e(title)}: conformance</title>'
    yield f'<style>{style}</style></head><body>'
    yield '<main>'
    yield f'<h1>{_e(title)}</h1>'
    yield (
        f'<p class="soft">Judged by imbi-plugin-sdk {_e(kit_version())}, '
        f'seed {reports[0].seed if reports else 0}.</p>'
    )
    yield from _controls()
    for report in reports:
        yield from _report(report)
    yield f'</main><script>{script}</script></body></html>'


def _controls() -> Iterator[str]:
    yield '<form class="controls" role="search" hidden>'
    yield (
        '<label>Search <input type="search" '
        'placeholder="CFG004, a method, a word"></label>'
    )
    for outcome in Outcome:
        checked = '' if outcome in QUIET else ' checked'
        yield (
            f'<label><input type="checkbox" name="outcome" '
            f'value="{outcome}"{checked}> {_words(outcome)}</label>'
        )
    yield '<output id="told" class="soft" aria-live="polite"></output></form>'


def _words(outcome: Outcome) -> str:
    return outcome.replace('_', ' ')


def _report(report: Report) -> Iterator[str]:
    yield f'<h2>{_e(report.name)} {_e(report.version)}</h2>'
    verdict = report.verdict.replace('_', ' ')
    yield (
        f'<p><strong class="verdict {report.verdict}">{verdict}</strong>: '
        f'{_e(report.name)} {SENTENCES[report.verdict]}.</p>'
    )
    yield '<ul class="counts">'
    for outcome, number in report.summary.items():
        if number:
            yield (
                f'<li><span class="outcome {outcome}">{number}</span> '
                f'{_words(Outcome(outcome))}</li>'
            )
    yield '</ul>'
    yield from _unit('The distribution', report.name, report.checks)
    for plugin in report.plugins:
        backend = f', on {plugin.backend} backend' if plugin.backend else ''
        title = f'{plugin.entry_point} ({plugin.plugin_type}{backend})'
        yield from _unit(title, plugin.entry_point, plugin.checks)


def _unit(title: str, unit: str, results: Sequence[Result]) -> Iterator[str]:
    families: dict[str, list[Result]] = {}
    for result in results:
        family = catalogue()[result.check].family
        families.setdefault(family, []).append(result)
    yield f'<h3>{_e(title)}</h3>'
    for family, checks in families.items():
        yield (f'<section class="family" aria-label="{_e(unit)}: {family}">')
        for result in checks:
            yield from _check(result)
        yield '</section>'


def _check(result: Result) -> Iterator[str]:
    check = catalogue()[result.check]
    outcome = result.outcome
    opened = '' if outcome in QUIET else ' open'
    yield (
        f'<details class="check {outcome}" data-outcome="{outcome}" '
        f'id="{_e(result.unit)}-{check.id}"{opened}>'
    )
    yield (
        f'<summary><h4>{check.id} {_e(check.title)}</h4> '
        f'<span class="outcome {outcome}">{_words(outcome)}</span> '
        f'<span class="soft">{LEVELS[result.severity]}, '
        f'{result.seconds:.2f} s</span></summary>'
    )
    if result.reason:
        yield f'<p>{_e(result.reason)}</p>'
    for finding in result.findings:
        yield from _finding(finding)
    yield '<dl>'
    yield f'<dt>why</dt><dd>{_e(" ".join(check.rationale.split()))}</dd>'
    if result.reproduce:
        yield f'<dt>again</dt><dd><code>{_e(result.reproduce)}</code></dd>'
    yield '</dl></details>'


def _finding(finding: Finding) -> Iterator[str]:
    yield '<div class="finding"><dl>'
    where = f'<code>{_e(finding.path)}</code>: ' if finding.path else ''
    yield f'<dt>saw</dt><dd>{where}{_e(finding.message)}</dd>'
    yield from _values(finding)
    place = finding.place
    if place is not None:
        spot = f'{place.file}:{place.line}:{place.column}'
        line = f'<pre>{_e(place.text.strip())}</pre>' if place.text else ''
        yield f'<dt>at</dt><dd><code>{_e(spot)}</code>{line}</dd>'
    yield f'<dt>fix</dt><dd>{_e(finding.fix)}</dd></dl>'
    if finding.details:
        yield from _steps(finding.details)
    yield '</div>'


def _values(finding: Finding) -> Iterator[str]:
    """Yield the two values that were compared, the difference marked."""
    seen, expected = finding.seen, finding.expected
    if not (seen or expected):
        return
    if '\n' in seen or '\n' in expected:
        yield '<dt>values</dt><dd><pre class="values">'
        for sign, line in members(seen, expected):
            tag = TAGS[sign]
            yield f'<{tag}>{sign} {_e(line)}</{tag}>'
        yield '</pre><span class="soft">- must be there, + was seen</span>'
        yield '</dd>'
        return
    start, end, stop = span(seen, expected)
    for word, text, last in (
        ('found', seen, end),
        ('must be', expected, stop),
    ):
        middle = _e(text[start:last])
        mark = f'<mark>{middle}</mark>' if middle else ''
        yield (
            f'<dt>{word}</dt><dd><code class="values">{_e(text[:start])}'
            f'{mark}{_e(text[last:])}</code></dd>'
        )


def _steps(details: Sequence[str]) -> Iterator[str]:
    """Yield the calls of a law, and what steps through them."""
    buttons = (
        ('first', 'First'),
        ('back', 'Back'),
        ('on', 'Next'),
        ('all', 'All'),
    )
    yield (
        '<div><div class="player" hidden role="group" '
        'aria-label="Steps of the script">'
    )
    for act, word in buttons:
        yield f'<button type="button" data-act="{act}">{word}</button>'
    count = counted(len(details), 'step')
    yield f'<span class="place soft" aria-live="polite">{count}</span></div>'
    yield '<ol class="steps">'
    for line in details:
        yield f'<li><code>{_e(line)}</code></li>'
    yield '</ol></div>'
