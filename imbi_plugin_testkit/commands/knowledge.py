"""What is known about an id, whichever table it comes from."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import did_you_mean
from imbi_plugin_sdk.icons import ICON_PROBLEMS
from imbi_plugin_sdk.secret_detector import RULES, explain_rule
from imbi_plugin_sdk.urls import RULES as URL_RULES
from imbi_plugin_testkit.checks import catalogue

if TYPE_CHECKING:
    from imbi_plugin_testkit.model import Check


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """What `imbi-plugin explain` prints.

    Attributes:
        id: The id as its table writes it.
        kind: check, secret rule, or problem code.
        title: What it is about, in a line.
        rationale: Why it is there.
        fix: How to mend what it finds.
        weight: Severity and age of a check.
        notes: More paragraphs.
    """

    id: str
    kind: str
    title: str
    rationale: str
    fix: str
    weight: str = ''
    notes: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return data that `json.dumps` takes."""
        return {**dataclasses.asdict(self), 'notes': list(self.notes)}


def explained(name: str) -> Explanation | str:
    """Return what is known about an id, or a message that nothing is."""
    check = catalogue().get(name.upper())
    if check is not None:
        return _check(check)
    folded = name.lower()
    rules = {rule.id for rule in RULES}
    if folded in rules:
        told = explain_rule(folded)
        return Explanation(
            folded, 'secret rule', told.title, told.rationale, told.what_to_do
        )
    if folded in ICON_PROBLEMS:
        title, fix = ICON_PROBLEMS[folded]
        why = 'The host refuses the icon before it is stored.'
        return Explanation(folded, 'problem code', title, why, fix)
    if folded in URL_RULES:
        rule = URL_RULES[folded]
        return Explanation(
            folded,
            'problem code',
            folded,
            f'In a template, {rule.must}.',
            rule.fix,
        )
    known = {*catalogue(), *rules, *ICON_PROBLEMS, *URL_RULES}
    hint = did_you_mean(name.upper(), known) or did_you_mean(folded, known)
    return (
        f'nothing has the id {name!r}.{hint} Fix: `imbi-plugin list` shows '
        'every check.'
    )


def _check(check: Check) -> Explanation:
    notes: list[str] = []
    if check.types:
        notes.append(f'For plugins of type {", ".join(check.types)}.')
    if check.requires:
        notes.append(f'Needs first: {", ".join(check.requires)}.')
    if check.security:
        notes.append('It protects operators: no waiver helps.')
    return Explanation(
        check.id,
        'check',
        check.title,
        check.rationale,
        check.fix,
        f'{check.severity.upper()}, since {check.since}',
        tuple(notes),
    )
