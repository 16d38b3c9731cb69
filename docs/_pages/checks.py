"""The page of every check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _pages.markdown import NOTE
from imbi_plugin_testkit.checks import FAMILIES, catalogue
from imbi_plugin_testkit.model import Check, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLES = {
    'PKG': 'Package, wheel and import',
    'MAN': 'Manifest',
    'TPL': 'Service template',
    'SEC': 'Secrets',
    'ICO': 'Icon',
    'PRO': 'Protocol',
    'ASY': 'Laws of every method',
    'CFG': 'Laws of configuration plugins',
    'LOG': 'Laws of logs plugins',
    'IDN': 'Laws of identity plugins',
    'DEP': 'Laws of deployment plugins',
    'LIF': 'Laws of lifecycle plugins',
    'WEB': 'Laws of webhook plugins',
    'ANA': 'The law of analysis plugins',
    'INC': 'The law of incidents plugins',
    'KIT': 'The kit itself',
}
"""Family to heading; a family that is missing here is shown by its letters."""

WEIGHTS = {
    Severity.MUST: 'error',
    Severity.SHOULD: 'warning (an error with `--imbi-plugin-strict`)',
    Severity.MAY: 'note',
}


def checks_page() -> str:
    """Return the page of every check, family by family."""
    lines = [
        '# Every check',
        '',
        NOTE,
        '',
        'Ids are stable: never renumbered, never reused. '
        '`imbi-plugin explain ID` prints the same text.',
    ]
    for family in FAMILIES:
        lines += ['', f'## {family}: {TITLES.get(family, family)}']
        for check in catalogue().values():
            if check.family == family:
                lines += _check(check)
    return '\n'.join(lines) + '\n'


def _check(check: Check) -> Iterator[str]:
    facts = [WEIGHTS[check.severity], f'since {check.since}']
    if check.types:
        facts.append(f'for {", ".join(check.types)}')
    if check.law:
        facts.append('a law: needs a sandbox')
    if check.security and check.severity is Severity.MUST:
        facts.append('no waiver helps')
    yield from ('', f'### {check.id}', '', f'**{check.title}**', '')
    yield from (f'*{"; ".join(facts)}*', '', check.rationale, '')
    yield f'Fix: {check.fix}'
    if check.requires:
        needed = ', '.join(
            f'[{one}](#{one.lower()})' for one in check.requires
        )
        yield from ('', f'Needs first: {needed}.')
