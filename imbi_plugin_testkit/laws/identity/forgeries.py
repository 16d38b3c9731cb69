"""What a provider says of a person, and who forged it (IDN008)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import listed
from imbi_plugin_sdk.errors import (
    IdentityAuthorizationPending,
    PluginCredentialsMissing,
    PluginError,
    PluginRateLimited,
    PluginTimeoutError,
)
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import Words, with_values
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws.identity._flow import TYPES, Flow, parameters
from imbi_plugin_testkit.model import Finding, Untestable
from imbi_plugin_testkit.models.identity import FIRST_FLAWS, Flaw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from imbi_plugin_sdk.handlers.identity import IdentityProfile
    from imbi_plugin_testkit.lab import Answer, Lab

METHOD = 'exchange_code()'
NEEDS = frozenset({'sign_in'})

RETRYABLE = (
    IdentityAuthorizationPending,
    PluginCredentialsMissing,
    PluginRateLimited,
    PluginTimeoutError,
)
"""Errors after which a host asks again or asks for credentials; a forged id
token is neither."""


FORGERIES: Mapping[Flaw, str] = {
    Flaw.SIGNATURE: 'is signed by a key of somebody else',
    Flaw.UNSIGNED: 'is not signed (alg none)',
    Flaw.PUBLIC_KEY: (
        'is signed with HS256, by the public key that everybody has'
    ),
    Flaw.AUDIENCE: 'is meant for another client',
    Flaw.AUDIENCES: 'is meant for several other clients (aud is a list)',
    Flaw.PARTY: ('is for another client as well, to which it was given (azp)'),
    Flaw.NO_AUDIENCE: 'does not say for which client it is (no aud)',
    Flaw.ISSUER: 'comes from another issuer',
    Flaw.NO_ISSUER: 'does not say who issued it (no iss)',
    Flaw.NONCE: 'answers another request (nonce)',
    Flaw.NO_NONCE: 'does not say which request it answers (no nonce)',
    Flaw.EXPIRED: 'ran out an hour ago',
    Flaw.NO_EXPIRY: 'never ends (no exp)',
}
"""Flaw of an id token to what it is, in the words of a message."""

ABOUT_NONCE = frozenset({Flaw.NONCE, Flaw.NO_NONCE})

OWN = ('subject', 'email', 'name', 'avatar_url')
"""What of a profile is the person's own."""


@check(
    'IDN008',
    title='a forged id token is refused, and no e-mail is verified by itself',
    fix='Verify signature (with an allowlist of algorithms), iss, aud, azp, '
    'exp and nonce with a library that is told to require them, use userinfo '
    'only where its sub is that of the id token, and copy email_verified '
    'only where it is true.',
    law=True,
    types=TYPES,
    security=True,
    requires=CALLABLE,
    needs=NEEDS | {'flawed'},
)
async def forged_id_tokens_are_refused(lab: Lab) -> AsyncIterator[Finding]:
    """An id token counts only if everything about it is right.

    It says who signed in: one that was signed by somebody else, or by a key
    that everybody has, that is meant for another client, that came from
    another issuer, answers another request, ran out, or lacks the claim that
    would tell, signs strangers in (OpenID Connect Core 1.0 §3.1.3.7, which
    rejects audiences that are not trusted as well). The provider is told to
    issue such tokens, one thing wrong at a time, and `exchange_code` must
    raise a PluginError that tells nobody to try again. A nonce is only judged
    where the request had one, and id tokens only where the scope `openid` was
    asked for. Userinfo of somebody else is not used (§5.3.2): nothing of the
    profile may be theirs. An e-mail address that the provider does not vouch
    for is not verified, or refused; hosts match accounts by it. Only the
    flaws that the sandbox names in `flaws` are asked for.
    """
    flow = Flow(lab)
    good = await flow.sign_in()
    given = parameters(good.begun.request)
    scope = ' '.join(given.get('scope', [])).split()
    asks = 'openid' in scope or good.begun.request.polling is not None
    tried = 0
    for flaw in _flaws(flow):
        if flaw is not Flaw.UNVERIFIED_EMAIL and not asks:
            lab.note('left out: no id token is asked for (scope openid)')
            continue
        if flaw in ABOUT_NONCE and not ''.join(given.get('nonce', [])):
            lab.note('left out: the request has no nonce')
            continue
        answer = await _flawed_exchange(flow, flaw)
        if answer is None:
            continue
        tried += 1
        if flaw is Flaw.UNVERIFIED_EMAIL:
            problem = _email_problem(lab, answer)
        elif flaw is Flaw.USERINFO:
            problem = await _userinfo_problem(flow, good.profile, answer)
        else:
            problem = _forgery_problem(lab, flaw, answer)
        if problem:
            yield Finding(f'{METHOD} with {flaw.value}', problem)
    if not tried:
        raise Untestable(
            'no flaw could be tried; override `flawed` in the sandbox'
        )
    await flow.sign_in()


def _flaws(flow: Flow) -> list[Flaw]:
    """Return the flaws that the sandbox is asked for."""
    known: frozenset[Flaw] = getattr(flow.sandbox, 'flaws', FIRST_FLAWS)
    left = [flaw.value for flaw in Flaw if flaw not in known]
    if left:
        flow.lab.note(
            'flaws that are not asked for, since `flaws` of the sandbox does '
            f'not name them: {", ".join(left)}'
        )
    return [flaw for flaw in Flaw if flaw in known]


async def _flawed_exchange(flow: Flow, flaw: Flaw) -> Answer | None:
    """Return how a sign-in with a flaw ended; None where it cannot be."""
    async with contextlib.AsyncExitStack() as stack:

        async def enter() -> None:
            await stack.enter_async_context(flow.sandbox.flawed(flaw))

        if not await flow.can(f'flawed({flaw.value})', enter):
            return None
        begun = await flow.begin()
        code = (await flow.answer(begun)).code
        return await flow.exchange(begun, code)


def _forgery_problem(lab: Lab, flaw: Flaw, answer: Answer) -> str:
    """Return what is wrong with how a forged id token ended."""
    what = f'the id token {FORGERIES[flaw]}'
    if answer.error is None:
        return f'{what}, and was accepted; it must be refused.'
    return _refusal_problem(lab, what, answer.error)


def _refusal_problem(lab: Lab, what: str, error: BaseException) -> str:
    """Return what is wrong with how something forged was refused."""
    if isinstance(error, PluginError) and not isinstance(error, RETRYABLE):
        return ''
    return (
        f'{what}, and exchange_code raised '
        f'{described(error, lab.secrets)}{lab.place(error)}; it must be '
        'PluginAuthenticationFailed.'
    )


async def _userinfo_problem(
    flow: Flow, good: IdentityProfile, answer: Answer
) -> str:
    """Return what was taken from a userinfo of somebody else."""
    what = 'the userinfo speaks of somebody else than the id token'
    if answer.error is not None:
        return _refusal_problem(flow.lab, what, answer.error)
    found = answer.result[0]
    taken = _foreign(found, good)
    if taken:
        # What is another at every sign-in says nothing.
        again = (await flow.sign_in()).profile
        taken = [name for name in taken if name not in _foreign(again, good)]
    if not taken:
        return ''
    return with_values(
        f'{what}, and exchange_code took {listed(taken, "and")} from it; it '
        'must refuse it or leave it.',
        [getattr(found, name) for name in taken],
        [getattr(good, name) for name in taken],
    )


def _foreign(found: IdentityProfile, good: IdentityProfile) -> list[str]:
    """Return the fields that say something, and something else."""
    return [
        name
        for name in OWN
        if getattr(found, name) and getattr(found, name) != getattr(good, name)
    ]


def _email_problem(lab: Lab, answer: Answer) -> str:
    """Return what became of an e-mail address that is not verified."""
    if answer.error is not None:
        if isinstance(answer.error, PluginError):
            return ''
        return (
            'the provider does not vouch for the e-mail address, and '
            f'exchange_code raised {described(answer.error, lab.secrets)}'
            f'{lab.place(answer.error)}; it must succeed or be a PluginError.'
        )
    profile = answer.result[0]
    if profile.email_verified:
        return with_values(
            'the provider does not vouch for the e-mail address, and '
            'email_verified is true; it must be false.',
            Words('email_verified=True'),
            Words('email_verified=False'),
        )
    return ''
