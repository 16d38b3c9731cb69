"""What a sign-in asks for (IDN004)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import listed, shown
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import with_values
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws.identity._flow import (
    TYPES,
    Flow,
    parameters,
    template,
)
from imbi_plugin_testkit.model import Finding, Untestable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from imbi_plugin_testkit.lab import Lab

METHOD = 'authorization_request()'

PROTOCOL_SCOPES = frozenset({'openid', 'offline_access'})
"""Scopes that switch id tokens and refresh tokens on, and grant nothing; a
plugin may always ask for them."""


SCOPE_PARAMETERS = ('scope', 'user_scope')
"""Parameters that hold scopes: RFC 6749's, and the one in which Slack is asked
for what a person grants."""


@check(
    'IDN004',
    title='the requested scopes are sent, and none means the default',
    fix='Ask `scopes is None` and not `not scopes`; join exactly the scopes '
    "that were given with the provider's separator.",
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def scopes_are_sent(lab: Lab) -> AsyncIterator[Finding]:
    """The provider is asked for what the host asks for.

    A scope that is lost makes later calls fail; one that is added asks people
    for more than the operator wanted. None means the default, which is the
    template's `default_scopes` where there are some, and `[]` means none:
    then only `openid` and `offline_access` may be sent. The order is free.
    Each list is asked for after the others, too, in case the default keeps
    what was added to it. A device flow sends its scopes where nobody sees
    them.
    """
    flow = Flow(lab)
    declared = template(lab)
    separator = declared.get('scope_separator') or ' '
    default = [str(scope) for scope in declared.get('default_scopes') or ()]
    asked = list(flow.limits.scopes) or default
    lab.rng.shuffle(asked)
    lists: list[list[str] | None] = [None, asked, asked[:1], asked[::-1]]
    lists = [None, *(each for each in lists[1:] if each), [], None]
    sent: list[list[str]] = []
    for scopes in lists:
        given = None if scopes is None else list(scopes)
        begun = await flow.begin(scopes=given)
        if begun.request.polling is not None:
            raise Untestable(
                'a device flow sends its scopes where the kit cannot see them'
            )
        if given != scopes:
            yield Finding(
                f'{METHOD} with {_called(scopes)}',
                'the list of scopes was changed; it must come back as it '
                'went in.',
            ).comparing(given, scopes)
        query = parameters(begun.request)
        sent.append(
            [
                scope
                for name in SCOPE_PARAMETERS
                for text in query.get(name, [])
                for scope in _split(text, str(separator), scopes or default)
            ]
        )
        for message in _scope_problems(scopes, sent[-1], default):
            yield Finding(f'{METHOD} with {_called(scopes)}', message)
    if set(sent[0]) != set(sent[-1]):
        yield Finding(
            f'{METHOD} with scopes=None',
            f'first {_told(sent[0])} was sent, and after other scopes had '
            f'been asked for {_told(sent[-1])}; the default stays the same.',
        ).comparing(sorted(sent[-1]), sorted(sent[0]))


def _split(text: str, separator: str, known: Sequence[str]) -> list[str]:
    """Return the scopes of a parameter.

    Where no template names the separator, a comma is taken for one too,
    unless a scope that was asked for holds one.
    """
    if separator != ' ':
        return [part.strip() for part in text.split(separator) if part.strip()]
    found = text.split()
    if any(',' in scope for scope in known):
        return found
    return re.split(r'[\s,]+', text.strip(' ,')) if text.strip(' ,') else found


def _scope_problems(
    asked: list[str] | None, sent: Sequence[str], default: Sequence[str]
) -> Iterator[str]:
    wanted = default if asked is None else asked
    lost = [scope for scope in wanted if scope not in sent]
    what = 'the default_scopes of the template' if asked is None else 'asked'
    if lost:
        yield with_values(
            f'{_told(sent)} was sent, and {_told(lost)} of what was {what} '
            'is missing.'
            if asked is not None
            else f'{_told(sent)} was sent, without {_told(lost)} of {what}.',
            [*sent],
            [*sent, *lost],
        )
    added = [scope for scope in sent if scope not in PROTOCOL_SCOPES]
    if asked == [] and added:
        yield with_values(
            f'{_told(added)} was sent where none was asked for; `[]` means '
            'none, and only None the default.',
            [*sent],
            [scope for scope in sent if scope not in added],
        )


def _called(scopes: list[str] | None) -> str:
    return f'scopes={shown(scopes)}'


def _told(scopes: Sequence[str]) -> str:
    return listed(map(repr, scopes), 'and') or 'nothing'
