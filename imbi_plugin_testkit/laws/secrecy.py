"""No secret leaves by a side door (SEC001)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import listed
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.lab.opening import entries
from imbi_plugin_testkit.lab.script import NUL
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._calls import (
    Calls,
    data_types,
    secret_types,
    text_value,
)
from imbi_plugin_testkit.laws._leaks import (
    Capture,
    forms_of,
    safe,
    said_by_answer,
)
from imbi_plugin_testkit.model import Finding, Untestable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.laws._calls import Call

IDENTIFIERS = frozenset(
    {
        'account',
        'database',
        'domain',
        'email',
        'endpoint',
        'host',
        'hostname',
        'id',
        'issuer',
        'login',
        'name',
        'namespace',
        'org',
        'organization',
        'port',
        'project',
        'region',
        'scope',
        'scopes',
        'tenant',
        'uri',
        'url',
        'user',
        'username',
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
    """Return whether a value could be met in a text by accident."""
    value = credentials.get(name)
    return value is not None and (
        len(value) < SHORTEST
        or not any(char.isdigit() for char in value)
        or not any(char.isalpha() for char in value)
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Round:
    """Credentials, and which values nobody may say.

    Attributes:
        what: How a finding names the credentials.
        credentials: What is passed.
        canaries: Name of the credential to its value.
        value: A secret that is stored, where the plugin stores any.
    """

    what: str
    credentials: dict[str, str]
    canaries: Mapping[str, str]
    value: str


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
    with a secret value. Afterwards each secret is looked for raw and as
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
    for each in _rounds(lab, frozenset(plain)):
        for call in possible:
            for where, name, forms in await _leaks(lab, calls, call, each):
                if (where, name) not in told:
                    told.add((where, name))
                    yield Finding(
                        f'{call.name}({name})',
                        f'{where} holds {name} ({forms}) after {call.name} '
                        f'was called with {each.what}; it must appear '
                        'nowhere.',
                    )
    if plain and not told:
        raise Untestable(
            f'the sandbox gives {listed(map(repr, plain), "and")} a value '
            'that could be met by accident; give it a random one of 16 '
            'letters and digits'
        )


def _rounds(lab: Lab, plain: frozenset[str]) -> Iterator[_Round]:
    good = lab.credentials
    names = [name for name in _secret_names(lab.data) if name in good]
    searchable = {name: good[name] for name in names if name not in plain}
    yield _Round('good credentials', good, searchable, _canary(lab, AWKWARD))
    for what, awkward in (('made-up', ''), ('awkward made-up', AWKWARD)):
        canaries = {name: _canary(lab, awkward) for name in names}
        yield _Round(
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


async def _leaks(
    lab: Lab, calls: Calls, call: Call, each: _Round
) -> list[tuple[str, str, str]]:
    """Make one call; return where, which secret, and in which forms."""
    arguments = dict(await call.arguments())
    stores = lab.plugin_type == 'configuration' and 'value' in arguments
    if stores:
        arguments['value'] = _secret_value(lab, each.value)
    before = lab.urls_seen()
    with Capture() as capture:
        answer = await call.start(
            arguments, calls.context(), dict(each.credentials)
        )
    said = [
        *capture.texts(),
        *said_by_answer(answer),
        ('the repr of the handler', _shown(answer.handler)),
        *(('a URL that was asked for', url) for url in lab.urls(before)),
    ]
    secrets = {
        f'credentials[{name!r}]': value
        for name, value in each.canaries.items()
    }
    found = _places(said, secrets)
    if lab.plugin_type == 'configuration':
        # A result may hold the secret that was stored, declared as one.
        others = [entry for entry in said if not entry[0].endswith('result')]
        stored = {'the secret value that is stored': each.value}
        found += _places(others, stored)
    return found


def _places(
    said: Sequence[tuple[str, str]], secrets: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """Return where secrets are, which, and in which forms."""
    # Almost always nothing is anywhere: look at all in one piece first.
    whole = NUL.join(text for _, text in said)
    held = {
        name: value
        for name, value in secrets.items()
        if forms_of(whole, value)
    }
    return [
        (where, name, forms)
        for where, text in said
        for name, value in held.items()
        if (forms := forms_of(text, value))
    ]


def _secret_value(lab: Lab, text: str) -> Any:  # noqa: ANN401  imported on use
    """Return a `ConfigValue` that asks to be kept as a secret."""
    value = text_value(lab, text, secret=True)
    allowed = data_types(lab)
    secret = sorted(secret_types(lab) & set(allowed))
    return value.model_copy(update={'data_type': secret[0]} if secret else {})


def _shown(handler: object) -> str:
    return safe(lambda: f'{handler!r}\n{handler}')
