"""The pages of the secret detector's and of the URL grammar's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _pages.markdown import code, page, table
from imbi_plugin_sdk import urls
from imbi_plugin_sdk.secret_detector import RULES, rules_version
from imbi_plugin_sdk.secret_detector._catalog import kinds
from imbi_plugin_sdk.secret_detector._model import MESSAGES
from imbi_plugin_sdk.urls._rules import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

KIND_CHECKS = {
    'name': 'SEC101',
    'vendor_format': 'SEC102',
    'private_key': 'SEC103',
    'url': 'SEC104',
    'opaque_value': 'SEC105',
    'placeholder': 'SEC106',
}
"""Kind of finding to the check that reports it."""

QUERIES = {
    'plain': 'without a parameter of OAuth or a secret',
    'none': 'none',
    'free': 'without a secret',
}


def secret_rules_page() -> str:
    """Return the page of every rule of the secret detector."""
    blocks: list[list[str]] = []
    for kind in kinds():
        blocks += [[f'## {kind}'], _told(kind), list(_rules(kind))]
    return page(
        'Every secret rule',
        [
            f'State {code(rules_version)} of the rules: {len(RULES)} of '
            'them. A finding names its rule, the path,',
            "the length and the format's own prefix, and never the value.",
        ],
        *blocks,
    )


def _told(kind: str) -> list[str]:
    seen, fix = MESSAGES[kind]
    check = KIND_CHECKS[kind]
    link = f'[{check}](checks.md#{check.lower()})'
    return [f'Seen: {seen}. Reported by {link}.', '', f'Fix: {fix}']


def _rules(kind: str) -> Iterator[str]:
    yield from table(
        ('Rule', 'What', 'Begins with', 'How it is known'),
        (
            (
                code(rule.id),
                rule.title,
                ', '.join(map(code, rule.starts)),
                rule.rationale,
            )
            for rule in RULES
            if rule.kind == kind
        ),
    )


def url_rules_page() -> str:
    """Return the page of every rule about URLs and their variables."""
    return page(
        'Every URL rule',
        [
            'What holds for the URLs of a service template, and for '
            "operators' values of its variables.",
            'Codes are those of `Problem.code`.',
        ],
        ['## Kinds of URL'],
        table(
            ('Kind', 'Query', 'Fragment'),
            (
                (
                    code(kind),
                    QUERIES[rule.query],
                    'allowed' if rule.fragment else 'none',
                )
                for kind, rule in KINDS.items()
            ),
        ),
        ['## Kinds of variable'],
        table(
            ('Kind', 'A value is'),
            ((code(kind), text) for kind, text in urls.VARIABLE_KINDS.items()),
        ),
        ['## Rules'],
        table(
            ('Code', 'What must hold', 'Fix'),
            (
                (
                    code(name)
                    + (' (warning)' if name in urls.WARNING_CODES else ''),
                    rule.must,
                    rule.fix,
                )
                for name, rule in urls.RULES.items()
            ),
        ),
        ['## Parameters that the host writes itself'],
        [
            'Neither the query of an endpoint nor `authorization_params` may '
            'hold one of these.',
        ],
        table(
            ('Parameter', 'Instead'),
            (
                (code(name), fix)
                for name, fix in sorted(urls.HOST_PARAMETERS.items())
            ),
        ),
    )
