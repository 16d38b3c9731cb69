"""Where tokens go, and where they must not (IDN012 and IDN014)."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.context import IdentityCredentials
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import Words, with_values
from imbi_plugin_testkit.lab.script import NUL
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._leaks import (
    Capture,
    forms_of,
    safe,
    said_by_answer,
)
from imbi_plugin_testkit.laws.identity._flow import TYPES, Flow
from imbi_plugin_testkit.model import Finding
from imbi_plugin_testkit.sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator

    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.laws.identity._flow import Session

NEEDS = frozenset({'sign_in'})

SOON = dt.timedelta(minutes=10)
"""What is left of a source that is about to end: longer than the margin with
which clients renew, shorter than what any provider gives."""

SLACK = 2.0
"""Seconds by which a copied end may differ: `expires_in` is whole seconds."""

SHORTEST_TOKEN = 8
"""Characters of a token that cannot be met by accident."""

FAULTS = (Fault.UNAVAILABLE, Fault.MALFORMED)
"""What makes handlers quote a request or an answer."""


@check(
    'IDN012',
    title='materialize leaves its input alone and keeps people apart',
    fix='Work on connection.model_copy(deep=True), end no later than it does, '
    'and keep nothing on the class.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def materializing_is_pure(lab: Lab) -> AsyncIterator[Finding]:
    """One person's connection becomes that person's credentials, no more.

    The host keeps the connection and passes what `materialize` makes of it to
    another plugin. Input that was changed is stored changed; credentials that
    outlive their source work after somebody was signed out, unless the plugin
    documents it (`materialized_outlives` of the limits); credentials of
    another person let one act as the other. Two people's connections are
    materialized in turn and at once, in the same project, and one that is
    about to end. Returning the connection itself passes.
    """
    flow = Flow(lab)
    people = flow.limits.people[:2]
    sessions = [await flow.sign_in(person) for person in people]
    made: list[IdentityCredentials] = []
    for session in sessions:
        async for finding in _one(flow, session, session.found, made):
            yield finding
    soon = dt.datetime.now(dt.UTC) + SOON
    ends = sessions[0].found.expires_at
    if ends is not None and ends.utcoffset() is not None and ends > soon:
        ending = sessions[0].found.model_copy(
            deep=True, update={'expires_at': soon}
        )
        async for finding in _one(flow, sessions[0], ending, []):
            yield finding
    answers = await asyncio.gather(
        *(
            _materialize(flow, session, session.found)
            for session in (*sessions, *sessions)
        )
    )
    made += [_must(flow, answer) for answer in answers]
    message = await _mixed_up(flow, sessions, made)
    if message:
        yield Finding('materialize()', message)


def _materialize(
    flow: Flow, session: Session, connection: IdentityCredentials
) -> Awaitable[Answer]:
    sandbox = flow.sandbox
    options = getattr(sandbox, 'identity_options', None)
    given: dict[str, Any] = {}
    if options is not None:
        given['identity_options'] = dict(options)
    return flow.lab.attempt(
        'materialize',
        connection,
        ctx=flow.context(session.person),
        credentials=session.credentials,
        **given,
    )


def _must(flow: Flow, answer: Answer) -> IdentityCredentials:
    flow.hide_tokens(answer.result)
    return flow.renewed(answer)


async def _one(
    flow: Flow,
    session: Session,
    connection: IdentityCredentials,
    made: list[IdentityCredentials],
) -> AsyncIterator[Finding]:
    """Materialize one connection and look at both."""
    given = connection.model_copy(deep=True)
    found = _must(flow, await _materialize(flow, session, given))
    made.append(found)
    changed = sorted(
        name
        for name in type(connection).model_fields
        if getattr(given, name) != getattr(connection, name)
    )
    if changed:
        yield Finding(
            f'materialize(connection.{changed[0]})',
            f'connection.{changed[0]} was changed; the connection must be '
            'left as it is.',
        )
    if flow.limits.materialized_outlives or connection.expires_at is None:
        return
    message = _outlives(found, connection.expires_at)
    if message:
        yield Finding('materialize().expires_at', message)


def _outlives(found: IdentityCredentials, source: dt.datetime) -> str:
    """Return why credentials do not end with their source."""
    document = 'unless that is documented'
    if found.expires_at is None:
        return (
            'the connection has an end and what was made of it has none; it '
            f'must end no later, {document}.'
        )
    if found.expires_at.utcoffset() is None or source.utcoffset() is None:
        return ''  # ASY002 says so
    late = (found.expires_at - source).total_seconds()
    if late > SLACK:
        return with_values(
            f'it ends {late:.0f} seconds after the connection that it was '
            f'made of; it must end no later, {document}.',
            found.expires_at,
            Words(f'{source.isoformat()} or earlier'),
        )
    return ''


async def _mixed_up(
    flow: Flow,
    sessions: list[Session],
    made: list[IdentityCredentials],
) -> str:
    """Return how what was made of two connections got mixed up."""
    owners = [index % len(sessions) for index in range(len(made))]
    tokens: list[set[str]] = [set() for _ in sessions]
    for index, found in zip(owners, made, strict=True):
        tokens[index].add(found.access_token)
    if len(tokens) > 1 and tokens[0] & tokens[1]:
        return (
            "two people's connections gave one access token; what is made of "
            'each must be its own.'
        )
    if not await flow.can_accept(sessions[0].found):
        return ''
    people = [await flow.accepted(session.found) for session in sessions]
    for index, found in zip(owners, made, strict=True):
        subject = await flow.accepted(found)
        if subject not in (None, people[index]):
            return (
                "what was made of one person's connection stands for another "
                'person.'
            )
    return ''


@check(
    'IDN014',
    title='no token appears in reprs, logs, warnings or errors',
    fix="Keep tokens out of messages and of raw_claims, use the contract's "
    'models, whose repr hides them, and raise `from None` where the '
    "library's error quotes the request.",
    law=True,
    security=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def no_token_is_said(lab: Lab) -> AsyncIterator[Finding]:
    """What a person signed in with is shown nowhere.

    A token in a log is a session for whoever reads the log. All methods are
    called as the host does it, then with tokens that are no longer good and
    while the provider fails, and afterwards tokens, verifiers and device
    codes are looked for, raw and as JSON, repr, URL-encoding and base64 write
    them: in all loggers at DEBUG, in exceptions with their causes and
    attributes, in the repr of results and of the handler, in warnings, and in
    what is printed. Fields that the contract keeps tokens in are no places to
    look: their repr hides them.
    """
    flow = Flow(lab)
    said: list[tuple[str, str, str]] = []
    with Capture() as capture:
        answers, tokens = await _everything(flow)
    for where, text in capture.texts():
        said.append(('a call', where, text))
    for answer in answers:
        handler = answer.handler
        said += [
            (answer.method, where, text)
            for where, text in (
                *said_by_answer(answer),
                ('the repr of the handler', safe(lambda h=handler: repr(h))),
            )
            if where != 'a URL in the result'
        ]
    told: set[tuple[str, str]] = set()
    # Almost always nothing is anywhere: look at all in one piece first.
    whole = NUL.join(text for _, _, text in said)
    held = [(what, value) for what, value in tokens if forms_of(whole, value)]
    for method, where, text in said:
        for what, value in held:
            forms = forms_of(text, value)
            if forms and (where, what) not in told:
                told.add((where, what))
                yield Finding(
                    f'{method}: {where}',
                    f'{where} holds {what} ({forms}); it must appear nowhere.',
                )


async def _everything(
    flow: Flow,
) -> tuple[list[Answer], list[tuple[str, str]]]:
    """Make every call, good and bad; return answers, and what is secret."""
    lab = flow.lab
    begin = await lab.attempt(
        'authorization_request', flow.redirect_uri, None, ctx=flow.context()
    )
    begun = flow.begun(begin, lab.credentials)
    signed_in = await flow.answer(begun)
    exchanged = await flow.exchange(begun, signed_in.code)
    session = flow.session(exchanged, begun, signed_in.code)
    answers = [begin, exchanged]
    tokens = list(_tokens(session))
    calls = _calls(flow, session)
    for call in calls:
        answer = await call()
        answers.append(answer)
        if isinstance(answer.result, IdentityCredentials):
            tokens += _tokens_of(answer.result)
    if session.found.refresh_token:
        fresh = await flow.sign_in()
        tokens += _tokens(fresh)
        for kind in FAULTS:
            async with flow.broken(kind) as is_broken:
                if is_broken:
                    answers.append(await flow.refresh(fresh))
                    answers.append(await flow.exchange(begun, signed_in.code))
    return answers, tokens


def _calls(flow: Flow, session: Session) -> list[Any]:
    """Return what is called, in this order; the last ones must fail."""
    token = session.found.refresh_token or session.found.access_token

    def revoke() -> Awaitable[Answer]:
        return flow.lab.attempt(
            'revoke',
            token,
            ctx=flow.context(session.person),
            credentials=session.credentials,
        )

    calls: list[Any] = [lambda: _materialize(flow, session, session.found)]
    if session.found.refresh_token:
        calls.append(lambda: flow.refresh(session))
    calls += [revoke, revoke]
    if session.found.refresh_token:
        calls.append(lambda: flow.refresh(session))
    calls.append(lambda: flow.exchange(session.begun, session.code))
    return calls


def _tokens(session: Session) -> Iterator[tuple[str, str]]:
    """Yield the secrets of a sign-in, by how a finding names them."""
    request = session.begun.request
    if request.code_verifier:
        yield 'the verifier', request.code_verifier
    if request.polling is not None:
        yield 'the device code', request.state
    yield from _tokens_of(session.found)


def _tokens_of(found: IdentityCredentials) -> list[tuple[str, str]]:
    candidates: list[tuple[str, Any]] = [
        ('the access token', found.access_token),
        ('the refresh token', found.refresh_token),
        *(
            (f'extra[{name!r}]', value)
            for name, value in found.extra.items()
            if name.endswith('token')
        ),
    ]
    return [
        (what, value)
        for what, value in candidates
        if isinstance(value, str) and len(value) >= SHORTEST_TOKEN
    ]
