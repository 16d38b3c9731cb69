"""No secret leaves by a side door (SEC001)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import listed
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.lab.opening import entries
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._calls import (
    Calls,
)
from imbi_plugin_testkit.laws._saying import (
    Round,
    leaks_of_faults,
    leaks_of_later_requests,
    leaks_of_rounds,
)
from imbi_plugin_testkit.model import Finding, Untestable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from imbi_plugin_testkit.lab import Lab

IDENTIFIERS = frozenset(
    {
        'account',
        'addr',
        'address',
        'application',
        'arn',
        'audience',
        'authority',
        'cluster',
        'database',
        'domain',
        'email',
        'endpoint',
        'environment',
        'group',
        'host',
        'hostname',
        'id',
        'instance',
        'issuer',
        'login',
        'mount',
        'name',
        'namespace',
        'org',
        'organization',
        'port',
        'project',
        'realm',
        'region',
        'role',
        'scope',
        'scopes',
        'server',
        'site',
        'subdomain',
        'subscription',
        'team',
        'tenant',
        'uri',
        'url',
        'user',
        'username',
        'workspace',
        'zone',
    }
)
"""Last words of credentials that say who or where, and are no secret: an
authorization URL must carry the client id (IDN001)."""

SHORTEST = 8
"""Characters of a value that cannot be met by accident; see `_is_plain`."""

AWKWARD = '+/="%&\'\\'
"""Characters that JSON, repr and URLs write in another way; all of them may
stand in an HTTP header."""


def _has_secrets(data: Mapping[str, Any]) -> bool:
    return bool(_secret_names(data)) and (
        data.get('plugin_type') != 'connection'
    )


def _secret_names(data: Mapping[str, Any]) -> list[str]:
    names = [str(field['name']) for field in entries(data, 'credentials')]
    return [
        name
        for name in names
        if name.lower().replace('-', '_').rpartition('_')[2] not in IDENTIFIERS
    ]


def _is_plain(credentials: Mapping[str, str], name: str) -> bool:
    """Return whether there is a value that could be met by accident."""
    value = credentials.get(name)
    return value is not None and is_common(value)


def is_common(value: str) -> bool:
    """Return whether a value could be met in a text by accident.

    Letters with digits are not, nor long ones in both cases: one in seventy
    random tokens of 24 letters and digits has no digit.
    """
    with_digits = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    in_cases = any(map(str.isupper, value)) and any(map(str.islower, value))
    return not (
        (with_digits and len(value) >= SHORTEST)
        or (in_cases and len(value) >= 2 * SHORTEST)
    )


@check(
    'SEC001',
    title='no credential appears in logs, errors, reprs, warnings or URLs',
    fix='Send credentials in headers, keep them out of messages, mark fields '
    "of your own as repr=False, and raise `from None` where a library's error "
    'quotes the request.',
    law=True,
    security=True,
    requires=CALLABLE,
    applies=_has_secrets,
)
async def no_secret_is_said(lab: Lab) -> AsyncIterator[Finding]:
    """What was entered as a secret is shown nowhere.

    Logs are shipped to other systems, exceptions are shown to users and
    stored by trackers, URLs end up in access logs: a secret there is a secret
    no more. Every method is called with the sandbox's credentials, with two
    kinds of made-up ones that the backend rejects, and, for configuration,
    with a secret value; and again with the sandbox's while the backend
    refuses or breaks off connections, answers no JSON, and never answers, as
    far as it can be made to. Afterwards each secret is looked for raw and as
    JSON, repr, URL-encoding, base64 and Basic write it: in all loggers at
    DEBUG, in exceptions with their causes and attributes, in the repr of
    handler and results, in warnings, in stdout and stderr, and in URLs as far
    as they can be seen. Contexts suppressed by `from None` are not looked at,
    nor are credentials that say who or where (`client_id`, `username`).
    """
    names = _secret_names(lab.data)
    plain = [name for name in names if _is_plain(lab.credentials, name)]
    told: set[tuple[str, str]] = set()
    calls = Calls(lab)
    possible = await calls.possible()
    rounds = list(_rounds(lab, frozenset(plain)))
    every = (
        leaks_of_rounds(lab, calls, possible, rounds),
        leaks_of_later_requests(lab, calls, possible, rounds[0]),
        leaks_of_faults(lab, calls, possible, rounds[0], told),
    )
    for some in every:
        async for leak in some:
            if (leak.where, leak.name) not in told:
                told.add((leak.where, leak.name))
                yield Finding(
                    f'{leak.who}({leak.name})',
                    f'{leak.where} holds {leak.name} ({leak.forms}) after '
                    f'{leak.who} was called {leak.when}; it must appear '
                    'nowhere.',
                )
    if plain and not told:
        raise Untestable(
            f'the sandbox gives {listed(map(repr, plain), "and")} a value '
            'that could be met by accident; give it a random one of 16 '
            'letters and digits'
        )


def _rounds(lab: Lab, plain: frozenset[str]) -> Iterator[Round]:
    good = lab.credentials
    names = [name for name in _secret_names(lab.data) if name in good]
    searchable = {name: good[name] for name in names if name not in plain}
    yield Round('good credentials', good, searchable, _canary(lab, AWKWARD))
    for what, awkward in (('made-up', ''), ('awkward made-up', AWKWARD)):
        canaries = {name: _canary(lab, awkward) for name in names}
        yield Round(
            f'{what} credentials',
            good | canaries,
            canaries,
            _canary(lab, awkward),
        )


def _canary(lab: Lab, awkward: str) -> str:
    """Return a value that nobody meets by accident, and hide it in reports."""
    word = f'{lab.rng.getrandbits(64):016x}'
    canary = f'canary{word[:8]}{awkward}{word[8:]}'
    lab.secrets.append(canary)
    return canary
