"""What shows late: later requests, errors on the way, arguments afterwards.

Mutants of ASY001, ASY004, ASY007 and SEC001 that are right wherever the first
request succeeds or fails, or wherever only context and credentials are looked
at, and handlers beside them that are right.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import time

import pytest
from law_seeds import GOOD_SEEDS
from ledger import assert_complete, assert_killed

from imbi_plugin_sdk.errors import (
    PluginError,
    PluginRateLimited,
    PluginUnavailableError,
)
from imbi_plugin_testkit.laws._copies import as_dict, copies_of
from imbi_plugin_testkit.memory import MemoryConfiguration, MemorySandbox
from imbi_plugin_testkit.memory.identity import (
    Behaviour,
    MemoryIdentity,
    MemoryIdentitySandbox,
)
from imbi_plugin_testkit.memory.logs import MemoryLogs
from imbi_plugin_testkit.memory.logs_server import MemoryLogsSandbox
from imbi_plugin_testkit.sandbox import UnsupportedBySandbox

SCOPE = {'ASY001', 'ASY004', 'ASY005', 'ASY007', 'SEC001'}
THRESHOLD = 0.02
"""Seconds for which a mutant of ASY007 may hold up the loop."""

STALL = 2 * THRESHOLD

MUTANTS: list[tuple[type, frozenset[str], bool]] = []
RIGHT: list[type] = []


def kills(*ids, subtle=False):
    """Register a mutant with exactly the laws that must fail on it."""

    def register(cls):
        MUTANTS.append((cls, frozenset(ids), subtle))
        return cls

    return register


def passes(cls):
    """Register a handler that every law of `SCOPE` must pass."""
    RIGHT.append(cls)
    return cls


class Signing(MemoryIdentity):
    """Takes name and e-mail from userinfo, as brief id tokens make it."""

    budget = 0.05
    sandbox = functools.partial(MemoryIdentitySandbox, Behaviour(brief=True))

    async def claims(self, ctx, credentials, answer, verifier):
        found = await super().claims(ctx, credentials, answer, verifier)
        more = await self.more(ctx, answer['access_token'])
        return {**more, **found}

    async def more(self, ctx, token):
        return await self.userinfo(ctx, token)


# ASY001: arguments ---------------------------------------------------------


@kills('ASY001')
class TakesTheRefreshTokenOut(Signing):
    async def materialize(self, ctx, credentials, connection, **kwargs):
        found = await super().materialize(
            ctx, credentials, connection, **kwargs
        )
        connection.refresh_token = None
        return found


@kills('ASY001', subtle=True)
class AsksForOneMore(MemoryLogs):
    """Sees by it whether there is another page."""

    sandbox = MemoryLogsSandbox

    async def search(self, ctx, credentials, query):
        query.limit += 1
        return await super().search(ctx, credentials, query)


@kills('ASY001', subtle=True)
class EmptiesTheListOfKeys(MemoryConfiguration):
    """Takes keys out one by one until none is left."""

    async def get_values(self, ctx, credentials, keys=None):
        given = None if keys is None else [*keys]
        found = await super().get_values(ctx, credentials, given)
        while keys:
            keys.pop()
        return found


@kills('ASY001', subtle=True)
class MarksTheValueAsSecret(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        value.secret = True
        return await super().set_value(ctx, credentials, key, value)


@passes
class ChangesACopy(MemoryConfiguration):
    async def get_values(self, ctx, credentials, keys=None):
        wanted = None if keys is None else sorted(keys)
        return await super().get_values(ctx, credentials, wanted)

    async def set_value(self, ctx, credentials, key, value):
        value = value.model_copy(update={'secret': True})
        return await super().set_value(ctx, credentials, key, value)


# ASY004: a later request ---------------------------------------------------


@kills('ASY004')
class ForgivesTheUserinfo(Signing):
    async def more(self, ctx, token):
        try:
            return await super().more(ctx, token)
        except PluginUnavailableError:
            return {}


@kills('ASY004', subtle=True)
class ForgivesBrokenConnections(Signing):
    """A status is an error; what the client raises is none."""

    async def more(self, ctx, token):
        try:
            return await super().more(ctx, token)
        except PluginUnavailableError as error:
            if 'no connection' in str(error):
                return {}
            raise


@kills('ASY004', subtle=True)
class TranslatesTheFirstErrorOnly(Signing):
    async def more(self, ctx, token):
        try:
            return await super().more(ctx, token)
        except PluginUnavailableError:
            raise KeyError('email') from None


@passes
class AsksForUserinfoAgain(Signing):
    async def more(self, ctx, token):
        with contextlib.suppress(PluginUnavailableError):
            return await super().more(ctx, token)
        await asyncio.sleep(0)
        return await super().more(ctx, token)


@passes
class HasASecondSource(Signing):
    """What is told twice may be lost once."""

    sandbox = MemoryIdentitySandbox

    async def more(self, ctx, token):
        try:
            return await super().more(ctx, token)
        except PluginError:
            return {}


# ASY007: faults ------------------------------------------------------------


@kills('ASY007')
class SleepsBeforeItGivesUp(MemoryConfiguration):
    threshold = THRESHOLD

    async def list_keys(self, ctx, credentials):
        try:
            return await super().list_keys(ctx, credentials)
        except PluginUnavailableError:
            time.sleep(2 * STALL)  # noqa: ASYNC251  the fault
            raise


@kills('ASY007', subtle=True)
class SleepsWhenThrottled(MemoryConfiguration):
    """Waits a little and tries again, as one does."""

    threshold = THRESHOLD

    async def delete_key(self, ctx, credentials, key):
        try:
            return await super().delete_key(ctx, credentials, key)
        except PluginRateLimited:
            time.sleep(2 * STALL)  # noqa: ASYNC251  the fault
            return await super().delete_key(ctx, credentials, key)


@passes
class WaitsWithoutBlocking(MemoryConfiguration):
    threshold = THRESHOLD

    async def list_keys(self, ctx, credentials):
        try:
            return await super().list_keys(ctx, credentials)
        except (PluginUnavailableError, PluginRateLimited):
            await asyncio.sleep(STALL)
            return await super().list_keys(ctx, credentials)


# SEC001: transport ---------------------------------------------------------


class LibraryError(OSError):
    """Quotes the request that it could not make, as libraries do."""

    def __init__(self, text, request=None):
        super().__init__(text)
        self.request = request


class Asks(MemoryConfiguration):
    """Asks by a client whose errors say more than they should."""

    def failure(self, token):
        raise NotImplementedError

    async def ask(self, ctx, credentials, verb, url, body=None):
        failure = None
        try:
            return await super().ask(ctx, credentials, verb, url, body)
        except PluginUnavailableError as error:
            if str(error) != 'no connection':
                raise
            failure = self.failure(self.token(credentials))
        return self.unreachable(failure)

    def unreachable(self, failure):
        raise PluginUnavailableError('no connection') from failure


@kills('SEC001')
class QuotesTheUrl(Asks):
    def failure(self, token):
        return LibraryError(f'refused: /v1/?token={token}')


@kills('SEC001', subtle=True)
class KeepsTheRequestInTheContext(Asks):
    """Its message is clean; the request that hangs on it is not."""

    def failure(self, token):
        return LibraryError('refused', {'headers': {'X-Token': token}})

    def unreachable(self, failure):
        try:
            raise failure
        except LibraryError:
            raise PluginUnavailableError('no connection')  # noqa: B904  the fault


@kills('SEC001', subtle=True)
class QuotesTheRequestThatTimedOut(MemoryConfiguration):
    async def ask(self, ctx, credentials, verb, url, body=None):
        try:
            return await super().ask(ctx, credentials, verb, url, body)
        except PluginError as error:
            if 'does not answer' in str(error):
                error.add_note(f'sent {credentials}')
            raise


@passes
class DropsWhatTheClientSaid(Asks):
    def failure(self, token):
        return LibraryError('refused', {'headers': {'X-Token': token}})

    def unreachable(self, failure):
        try:
            raise failure
        except LibraryError:
            raise PluginUnavailableError('no connection') from None


@passes
class KeepsACleanError(Asks):
    def failure(self, token):
        return LibraryError(f'refused, {len(token)} characters of token')


# ---------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def short_budget(monkeypatch):
    monkeypatch.setattr(MemoryLogs, 'default_budget', 0.05)


def told_by(handler):
    """Return what a handler's class says of how it is judged."""
    return {
        'sandbox': getattr(handler, 'sandbox', MemorySandbox),
        'loop_threshold': getattr(handler, 'threshold', 0.1),
    }


@pytest.mark.parametrize(
    ('mutant', 'expected'),
    [(cls, ids) for cls, ids, _ in MUTANTS],
    ids=[cls.__name__ for cls, _, _ in MUTANTS],
)
def test_each_seed_kills_a_mutant_by_exactly_the_expected_laws(
    mutant, expected, judge
):
    assert_killed(judge, mutant, expected, SCOPE, **told_by(mutant))


@pytest.mark.parametrize('handler', RIGHT, ids=lambda cls: cls.__name__)
def test_a_right_handler_passes(handler, judge):
    for seed in GOOD_SEEDS:
        judgement = judge(handler, seed=seed, only=SCOPE, **told_by(handler))
        assert judgement.failed == set(), (seed, judgement.told())
        assert not judgement.untestable


def test_every_law_has_two_mutants_one_of_them_subtle():
    rows = ((ids, subtle) for _, ids, subtle in MUTANTS)
    assert_complete(rows, SCOPE - {'ASY005'})


SAID = {
    TakesTheRefreshTokenOut: (
        'ASY001',
        "changed its argument connection['refresh_token']",
    ),
    AsksForOneMore: ('ASY001', "changed its argument query['limit']"),
    EmptiesTheListOfKeys: ('ASY001', 'changed its argument keys;'),
    ForgivesTheUserinfo: (
        'ASY004',
        'answers 503 from its fourth request on, exchange_code returned '
        'without',
    ),
    ForgivesBrokenConnections: ('ASY004', 'resets the connection from its'),
    TranslatesTheFirstErrorOnly: ('ASY004', 'exchange_code raised KeyError'),
    SleepsWhenThrottled: ('ASY007', 'delete_key held up the event loop'),
    QuotesTheUrl: ('SEC001', 'where the backend refuses connections'),
    QuotesTheRequestThatTimedOut: ('SEC001', 'backend never answers'),
}


def test_what_cannot_be_copied_or_compared_is_left_out():
    class Handle:
        """Equals nothing but itself."""

    with contextlib.ExitStack() as stack:
        given = {
            'handle': Handle(),
            'stack': stack,
            'lock': asyncio.Lock(),
            'loop': (number for number in range(3)),
            'nan': [float('nan')],
            'keys': ['a'],
        }
        copies = copies_of(given)
    assert 'keys' in copies
    assert copies['keys'] is not given['keys']
    assert not {'handle', 'stack', 'lock', 'loop'} & set(copies)


def test_fields_are_named_where_an_argument_has_fields():
    @dataclasses.dataclass
    class Record:
        name: str

    assert as_dict(Record('a')) == {'name': 'a'}
    assert as_dict(Record) is Record
    assert as_dict([1]) == [1]


class Deaf(MemorySandbox):
    """Can break, and does not tell what it was asked for."""

    def urls(self):
        raise UnsupportedBySandbox('urls')


class Whole(MemorySandbox):
    """Tells what it was asked for, and cannot break."""

    def fault(self, kind):
        raise UnsupportedBySandbox(f'fault({kind})')


@pytest.mark.parametrize('sandbox', [Deaf, Whole])
def test_what_a_sandbox_cannot_do_is_left_out(sandbox, judge):
    for handler in (MemoryConfiguration, QuotesTheUrl):
        judgement = judge(handler, sandbox=sandbox, only=SCOPE)
        wrong = handler is QuotesTheUrl and sandbox is Deaf
        assert judgement.failed == ({'SEC001'} if wrong else set())
        faults = {'ASY004', 'ASY005'} if sandbox is Whole else set()
        assert set(judgement.untestable) == faults


@pytest.mark.parametrize('mutant', SAID, ids=lambda cls: cls.__name__)
def test_a_finding_says_what_was_seen(mutant, judge):
    law, text = SAID[mutant]
    assert text in judge(mutant, only={law}, **told_by(mutant)).told()
