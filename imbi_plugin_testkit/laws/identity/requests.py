"""How signing in begins (IDN001 to IDN003)."""

from __future__ import annotations

import asyncio
import collections
import math
import random
import urllib.parse
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import counted, listed, shown
from imbi_plugin_sdk.errors import PluginError
from imbi_plugin_sdk.redaction import occurrences
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import Words, with_values
from imbi_plugin_testkit.lab.guards import is_loopback
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws.identity._flow import (
    TYPES,
    Flow,
    parameters,
    template,
)
from imbi_plugin_testkit.laws.identity._proof import proof_problems
from imbi_plugin_testkit.laws.secrecy import IDENTIFIERS
from imbi_plugin_testkit.model import Finding, Untestable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from imbi_plugin_sdk.handlers.identity import AuthorizationRequest
    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.laws.identity._flow import Begun

METHOD = 'authorization_request()'

AWKWARD_QUERY = 'next=%2Fa%20b&tenant=1+2'
"""A redirect URI may have a query (RFC 6749 §3.1.2); escaping it a second
time, or not at all, is another URI."""

SAMPLES = 16
"""Requests that are compared with each other, half of them at once."""

STATE_BITS = 40
"""Bits that must be seen to vary in a state. Sixteen samples show 3.8 of the
6 bits of a base64 character, so that 64 random bits pass, and counters, times
and UUIDs of version 1 do not. RFC 6749 §10.10 asks for 128."""

VERIFIER_BITS = 80
"""Bits that must be seen to vary in a verifier: it has 43 characters at
least (RFC 7636 §4.1), which show 129 even if they are decimal digits."""

SECRET_SHORTEST = 6
"""Characters of a credential that is looked for in a URL; shorter ones are
met by accident."""


@check(
    'IDN001',
    title='the authorization URL carries what it must, and no secret',
    fix='Build the query with urllib.parse.urlencode from client_id, the '
    'redirect_uri as it was given, and the state; keep secrets for the token '
    'endpoint.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def the_url_is_complete(lab: Lab) -> AsyncIterator[Finding]:
    """The provider finds the client, the way back and the state in the URL.

    A browser is sent there, so it is https (loopback apart) and holds no
    secret: URLs stay in histories and logs. A redirect URI that comes back
    changed by one escape is refused by the provider, or accepted by a lenient
    one and used for stealing codes; a state that differs from the returned
    one makes the host refuse the sign-in. Tried are the registered redirect
    URI and one with a query, which may be refused by a typed error. In a
    device flow it is `verification_uri` that is looked at, and the device
    code is a secret that it may not hold.
    """
    flow = Flow(lab)
    begun = await flow.begin()
    for message in _url_problems(lab, begun, flow.redirect_uri):
        yield Finding(METHOD, message)
    if begun.request.polling is not None:
        return
    mark = '&' if '?' in flow.redirect_uri else '?'
    awkward = f'{flow.redirect_uri}{mark}{AWKWARD_QUERY}'
    answer = await lab.attempt(
        'authorization_request', awkward, None, ctx=flow.context()
    )
    if isinstance(answer.error, (PluginError, ValueError)):
        lab.note('a redirect URI with a query was refused')
        return
    begun = flow.begun(answer, lab.credentials)
    for message in _url_problems(lab, begun, awkward):
        yield Finding(
            f'{METHOD} with a query in redirect_uri',
            message,
        )


def _url_problems(lab: Lab, begun: Begun, redirect_uri: str) -> Iterator[str]:
    request, polling = begun.request, begun.request.polling
    urls = {'authorization_url': request.authorization_url}
    if polling is not None:
        urls = {'polling.verification_uri': polling.verification_uri}
        if polling.verification_uri_complete:
            urls['polling.verification_uri_complete'] = (
                polling.verification_uri_complete
            )
    for name, url in urls.items():
        yield from _unsafe(name, url)
        secrets = _secrets(lab, begun)
        if polling is not None:
            secrets['the device code'] = request.state
        for what, value in secrets.items():
            forms = occurrences(url, value)
            if forms:
                yield (
                    f'{name} holds {what} ({listed(forms, "and")}); it must '
                    'hold no secret.'
                )
    if polling is not None:
        if not polling.user_code.strip():
            yield 'polling.user_code is blank; the person has to enter it.'
        if polling.expires_in <= 0:
            yield with_values(
                f'polling.expires_in is {polling.expires_in}; it must be '
                'seconds to come.',
                polling.expires_in,
                Words('1 or more'),
            )
        return
    yield from _missing(lab, begun, redirect_uri)


def _unsafe(name: str, url: str) -> Iterator[str]:
    """Yield why a URL is none to send a browser to."""
    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ''
    except ValueError:
        yield f'{name} is no URL.'
        return
    if not host:
        yield f'{name} has no host; it must be an absolute URL.'
    elif parts.scheme != 'https' and not (
        parts.scheme == 'http' and is_loopback(host)
    ):
        yield with_values(
            f'{name} begins with {shown(parts.scheme)}; it must be https, '
            'loopback apart.',
            parts.scheme,
            'https',
        )
    if parts.fragment:
        yield (
            f'{name} has a fragment, which a browser does not send (RFC 6749 '
            '§3.1).'
        )


def _missing(lab: Lab, begun: Begun, redirect_uri: str) -> Iterator[str]:
    """Yield what the query of an authorization URL lacks."""
    request = begun.request
    given = parameters(request)
    wanted: dict[str, str | None] = {
        'client_id': _client_id(lab, begun),
        'redirect_uri': redirect_uri,
        'state': request.state,
    }
    for name, value in wanted.items():
        found = given.get(name, [])
        told = 'the client id' if value is None else shown(value)
        told = 'the state that was returned' if name == 'state' else told
        if not found or not found[0]:
            yield f'authorization_url has no {name}; it must be {told}.'
        elif len(found) > 1:
            yield (
                f'authorization_url has {counted(len(found), name)}; a '
                'parameter comes once (RFC 6749 §3.1).'
            )
        elif value is not None and found[0] != value:
            seen = 'another one' if name == 'state' else shown(found[0])
            message = (
                f'{name} in authorization_url is {seen}; it must be {told}.'
            )
            if name != 'state':
                message = with_values(message, found[0], value)
            yield message


def _client_id(lab: Lab, begun: Begun) -> str | None:
    """Return the client id, where credentials or options name it so."""
    options = lab.context.assignment_options
    for source in (begun.credentials, options):
        value = source.get('client_id')
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _secrets(lab: Lab, begun: Begun) -> dict[str, str]:
    """Return what no URL may hold, by how a finding names it."""
    del lab
    return {
        f'credentials[{name!r}]': value
        for name, value in begun.credentials.items()
        if name.lower().replace('-', '_').rpartition('_')[2] not in IDENTIFIERS
        and len(value) >= SECRET_SHORTEST
    }


@check(
    'IDN002',
    title='state and verifier are fresh and cannot be guessed',
    fix='Make state and verifier with secrets.token_urlsafe(32) in each call; '
    'keep nothing on the class or the instance.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def state_and_verifier_are_fresh(lab: Lab) -> AsyncIterator[Finding]:
    """No two requests share a state or a verifier, and none can be guessed.

    The state ties the answer to the browser that asked (RFC 6749 §10.12): who
    can guess one signs others in to an account of their own. A verifier that
    can be guessed makes PKCE worthless. Sixteen requests are compared, half
    of them made at once: none may repeat, and enough characters must vary.
    Two more are made while the module `random` begins at one place, and must
    differ all the same.
    In a device flow the state is the provider's device code, so it must only
    differ.
    """
    flow = Flow(lab)
    answers = [
        await _attempt(lab, flow) for _ in range(SAMPLES - SAMPLES // 2)
    ]
    answers += await asyncio.gather(
        *(_attempt(lab, flow) for _ in range(SAMPLES // 2))
    )
    requests = [
        flow.begun(answer, lab.credentials).request for answer in answers
    ]
    device = any(request.polling is not None for request in requests)
    for name, least in (
        ('state', 0 if device else STATE_BITS),
        ('code_verifier', VERIFIER_BITS),
    ):
        values = [getattr(request, name) for request in requests]
        texts = [value for value in values if isinstance(value, str)]
        if name == 'code_verifier' and not texts:
            continue
        for message in _guessable(texts, least):
            yield Finding(f'{METHOD}.{name}', message)
    twins = [await _seeded(lab, flow) for _ in range(2)]
    # A device code is the provider's, which may be a fake in this process.
    for name in ('code_verifier',) if device else ('state', 'code_verifier'):
        one, other = (getattr(twin, name) for twin in twins)
        if one and one == other:
            yield Finding(
                f'{METHOD}.{name}',
                'it comes from the module random, whose numbers can be '
                'foretold; it must come from secrets.',
            )


async def _seeded(lab: Lab, flow: Flow) -> AuthorizationRequest:
    """Return a request that is made while `random` begins anew."""
    state = random.getstate()
    try:
        random.seed(0)
        answer = await _attempt(lab, flow)
    finally:
        random.setstate(state)
    return flow.begun(answer, lab.credentials).request


async def _attempt(lab: Lab, flow: Flow) -> Any:  # noqa: ANN401  an answer
    return await lab.attempt(
        'authorization_request', flow.redirect_uri, None, ctx=flow.context()
    )


def _guessable(values: Sequence[str], least: int) -> Iterator[str]:
    """Yield why values are not fresh, or can be guessed."""
    repeated = len(values) - len(set(values))
    if repeated:
        yield (
            f'of {len(values)} requests, {repeated} had one that another had '
            'already; each must have its own.'
        )
        return
    if not all(values):
        yield 'it is blank; it must be random.'
        return
    bits = varying_bits(values)
    if bits < least:
        yield (
            f'in {len(values)} requests only some {bits:.0f} bits of it were '
            'seen to vary, so that it can be guessed; take 128 random bits '
            'at least.'
        )


def varying_bits(values: Sequence[str]) -> float:
    """Return how much of some texts was seen to vary, position by position."""
    length = min(len(value) for value in values)
    return sum(
        math.log2(len(collections.Counter(value[at] for value in values)))
        for at in range(length)
    )


@check(
    'IDN003',
    title='with PKCE the challenge is S256 of the verifier',
    fix='Send base64url(sha256(verifier)) without padding as code_challenge, '
    'with code_challenge_method=S256, and return the verifier as '
    'code_verifier.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def the_challenge_is_the_verifiers(lab: Lab) -> AsyncIterator[Finding]:
    """The URL holds the hash of the verifier, and never the verifier.

    PKCE (RFC 7636) keeps a stolen code worthless as long as the verifier
    stays with the host. The method `plain` shows it to everybody who sees the
    URL, and so does a verifier that is used as the state or the nonce. A
    template that says `use_pkce` is `required` promises PKCE; otherwise a
    plugin without it, or with a device flow, has nothing to be judged here.
    """
    flow = Flow(lab)
    seen = False
    for _ in range(2):
        begun = await flow.begin()
        request = begun.request
        given = parameters(request)
        if request.polling is None and (
            request.code_verifier is not None
            or 'code_challenge' in given
            or template(lab).get('use_pkce') == 'required'
        ):
            seen = True
            for message in proof_problems(request, given):
                yield Finding(METHOD, message)
    if not seen:
        raise Untestable('the plugin uses no PKCE')
