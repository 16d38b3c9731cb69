"""Handlers that are wrong in one place, and the laws that must say so.

A mutant's row names the exact set of laws that fail. `subtle` ones are the
slips that reviews miss.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import json
import logging
import sys
import unicodedata
import urllib.parse
import urllib.request
import warnings
from typing import ClassVar

import pytest
from ledger import assert_complete, assert_killed

from imbi_plugin_sdk.errors import (
    PluginAuthenticationFailed,
    PluginCredentialsMissing,
    PluginUnavailableError,
)
from imbi_plugin_sdk.handlers.configuration import ConfigKey, ConfigValue
from imbi_plugin_testkit.memory import MemoryConfiguration, MemorySandbox
from imbi_plugin_testkit.memory.server import MemoryServer
from imbi_plugin_testkit.sandbox import Limits

LOGGER = logging.getLogger('made_up')
SCOPE = {
    'ASY001',
    'ASY002',
    'ASY003',
    'SEC001',
    *(f'CFG{number:03}' for number in range(1, 8)),
}
"""The laws that this ledger is about; others have ledgers beside it."""
BESIDE = SCOPE | {f'CFG{number:03}' for number in range(8, 15)}
"""Laws of which no other may fail on these mutants."""
LISTING = (*(f'CFG{number:03}' for number in (2, 3, 4, 5, 7, 10, 11, 12)),)
"""Laws that read listings, and so trip over one that is no listing."""

MUTANTS: list[tuple[type, frozenset[str], bool]] = []


def kills(*ids, subtle=False):
    """Register a mutant with exactly the laws that must fail on it."""

    def register(cls):
        MUTANTS.append((cls, frozenset(ids), subtle))
        return cls

    return register


# ASY001 -------------------------------------------------------------------


@kills('ASY001')
class PopsTheToken(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        found = await super().list_keys(ctx, credentials)
        credentials.pop('api_token', None)
        return found


@kills('ASY001', subtle=True)
class FillsInADefault(MemoryConfiguration):
    async def get_values(self, ctx, credentials, keys=None):
        ctx.assignment_options.setdefault('page_size', 50)
        return await super().get_values(ctx, credentials, keys)


@kills('ASY001', subtle=True)
class SortsInPlace(MemoryConfiguration):
    async def delete_key(self, ctx, credentials, key):
        ctx.project_type_slugs.sort()
        await super().delete_key(ctx, credentials, key)


@kills('ASY001', subtle=True)
class ChangesOnlyWhereItFails(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        try:
            return await super().set_value(ctx, credentials, key, value)
        except PluginCredentialsMissing:
            if 'zone' in ctx.environment_config:
                ctx.environment_config['zone']['name'] = 'fallback'
            raise


# ASY002 -------------------------------------------------------------------


@kills('ASY002')
class ForgetsTheZone(MemoryConfiguration):
    def modified(self, item):
        return super().modified(item).replace(tzinfo=None)


@kills('ASY002', subtle=True)
class TakesLocalTimeForUtc(MemoryConfiguration):
    """Right wherever the machine is on UTC."""

    def modified(self, item):
        at = super().modified(item).timestamp()
        return dt.datetime.fromtimestamp(at).replace(tzinfo=dt.UTC)  # noqa: DTZ006  the defect


@kills('ASY002', *LISTING, subtle=True)
class BuildsAroundValidation(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        found = await super().list_keys(ctx, credentials)
        return [
            item.model_copy(update={'last_modified': None, 'secret': 0})
            for item in found
        ]


@kills('ASY002', *LISTING)
class ReturnsDicts(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        found = await super().list_keys(ctx, credentials)
        return [item.model_dump() for item in found]


@kills('ASY002', subtle=True)
class ReturnsTrueFromDelete(MemoryConfiguration):
    async def delete_key(self, ctx, credentials, key):
        await super().delete_key(ctx, credentials, key)
        return ctx.environment is None


# ASY003 -------------------------------------------------------------------


@kills('ASY003')
class IndexesTheToken(MemoryConfiguration):
    def token(self, credentials):
        return credentials['api_token']


@kills('ASY003', subtle=True)
class TakesBlanksForTokens(MemoryConfiguration):
    def token(self, credentials):
        token = credentials.get('api_token')
        if not token:
            raise PluginCredentialsMissing('no token')
        return token


@kills('ASY003', subtle=True)
class LooksAfterAsking(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        if not credentials.get('api_token', '').strip():
            server = MemoryServer.at(ctx.assignment_options['endpoint'])
            await server.request('HEAD', '/', token=server.token)
        return await super().list_keys(ctx, credentials)


@kills('ASY003', subtle=True)
class SaysAuthenticationFailed(MemoryConfiguration):
    async def delete_key(self, ctx, credentials, key):
        try:
            await super().delete_key(ctx, credentials, key)
        except PluginCredentialsMissing as error:
            raise PluginAuthenticationFailed('no token') from error


# CFG001 -------------------------------------------------------------------


@kills('CFG001')
class Trims(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        value = value.model_copy(update={'value': value.value.strip()})
        return await super().set_value(ctx, credentials, key, value)


@kills('CFG001', subtle=True)
class NormalisesUnicode(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        text = unicodedata.normalize('NFC', value.value)
        value = value.model_copy(update={'value': text})
        return await super().set_value(ctx, credentials, key, value)


@kills('CFG001', subtle=True)
class DropsTheByteOrderMark(MemoryConfiguration):
    def to_value(self, prefix, item):
        text = item['value'].removeprefix('\ufeff')
        return super().to_value(prefix, {**item, 'value': text})


@kills('CFG001', subtle=True)
class UnquotesTexts(MemoryConfiguration):
    def to_value(self, prefix, item):
        text = item['value']
        if text[:1] == text[-1:] == '"':
            text = text[1:-1]
        return super().to_value(prefix, {**item, 'value': text})


@kills('CFG001', subtle=True)
class TidiesListsOfOneType(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        if value.data_type == 'secret':
            words = [word.strip() for word in value.value.split(',')]
            value = value.model_copy(update={'value': ','.join(words)})
        return await super().set_value(ctx, credentials, key, value)


@kills('CFG001', subtle=True)
class CutsComments(MemoryConfiguration):
    def to_value(self, prefix, item):
        text = item['value'].partition(' #')[0]
        return super().to_value(prefix, {**item, 'value': text})


@kills('CFG001', subtle=True)
class ChangesLineEnds(MemoryConfiguration):
    def to_value(self, prefix, item):
        text = item['value'].replace('\r\n', '\n')
        return super().to_value(prefix, {**item, 'value': text})


@kills('CFG001', subtle=True)
class ParsesJson(MemoryConfiguration):
    def to_value(self, prefix, item):
        try:
            text = str(json.loads(item['value']))
        except ValueError:
            text = item['value']
        return super().to_value(prefix, {**item, 'value': text})


@kills('CFG001', subtle=True)
class CutsTheLastByte(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        value = value.model_copy(update={'value': value.value[:4095]})
        return await super().set_value(ctx, credentials, key, value)


@kills('CFG001', subtle=True)
class CountsCharactersForBytes(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        if len(value.value.encode()) > 3_000 and not value.value.isascii():
            value = value.model_copy(update={'value': value.value[:1_000]})
        return await super().set_value(ctx, credentials, key, value)


@kills('CFG001', subtle=True)
class DropsTheEmptyValue(MemoryConfiguration):
    async def get_values(self, ctx, credentials, keys=None):
        found = await super().get_values(ctx, credentials, keys)
        return [item for item in found if item.value]


@kills('CFG001', subtle=True)
class RefusesWithATypeError(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        if not value.value:
            raise TypeError('empty')
        return await super().set_value(ctx, credentials, key, value)


@kills('CFG001', subtle=True)
class RefusesAfterWriting(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        written = await super().set_value(ctx, credentials, key, value)
        if not value.value.isascii():
            raise ValueError('ASCII only')
        return written


@kills('CFG001', subtle=True)
class DeletesBeforeItRefuses(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        if '\n' in value.value:
            await self.delete_key(ctx, credentials, key)
            raise PluginUnavailableError('one line only')
        return await super().set_value(ctx, credentials, key, value)


@kills('CFG001', subtle=True)
class DoesNotDecryptInListings(MemoryConfiguration):
    async def get_values(self, ctx, credentials, keys=None):
        found = await super().get_values(ctx, credentials, keys)
        return [
            item.model_copy(
                update={'value': base64.b64encode(b'cipher').decode()}
            )
            if item.data_type == 'secret'
            else item
            for item in found
        ]


# CFG002 -------------------------------------------------------------------


@kills('CFG001', 'CFG002', 'CFG008', 'CFG010', 'CFG013')
class TheFirstWriteWins(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        held = await self.get_values(ctx, credentials, [key])
        if held:
            return ConfigKey(**held[0].model_dump(exclude={'value'}))
        return await super().set_value(ctx, credentials, key, value)


@kills('CFG002', subtle=True)
class SkipsPrefixesOfTheOldValue(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        held = await self.get_values(ctx, credentials, [key])
        if held and value.value and held[0].value.startswith(value.value):
            return ConfigKey(**held[0].model_dump(exclude={'value'}))
        return await super().set_value(ctx, credentials, key, value)


@kills('CFG002', subtle=True)
class ListsEachVersion(MemoryConfiguration):
    versions: ClassVar[dict[tuple[str, str], int]] = {}

    async def set_value(self, ctx, credentials, key, value):
        name = (self.prefix(ctx), key)
        self.versions[name] = self.versions.get(name, 0) + 1
        return await super().set_value(ctx, credentials, key, value)

    async def get_values(self, ctx, credentials, keys=None):
        found = await super().get_values(ctx, credentials, keys)
        if keys is not None:
            return found
        return [
            item
            for item in found
            for _ in range(self.versions.get((self.prefix(ctx), item.key), 1))
        ]

    async def delete_key(self, ctx, credentials, key):
        self.versions.pop((self.prefix(ctx), key), None)
        await super().delete_key(ctx, credentials, key)


# CFG003 -------------------------------------------------------------------


@kills('CFG003')
class ReturnsThePath(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        found = await super().set_value(ctx, credentials, key, value)
        return found.model_copy(update={'key': self.prefix(ctx) + key})


@kills('CFG003', subtle=True)
class ReturnsTheSecrecyThatWasAsked(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        found = await super().set_value(ctx, credentials, key, value)
        return found.model_copy(update={'secret': value.secret})


@kills('CFG003', subtle=True)
class ReturnsLocalTimeAsUtc(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        found = await super().set_value(ctx, credentials, key, value)
        shifted = found.last_modified + dt.timedelta(hours=2)
        return found.model_copy(update={'last_modified': shifted})


# CFG004 -------------------------------------------------------------------


@kills('CFG001', 'CFG004', 'CFG008')
class ReadsTheFirstPage(MemoryConfiguration):
    async def pages(self, ctx, credentials, prefix):
        count = 0
        async for item in super().pages(ctx, credentials, prefix):
            count += 1
            if count <= 10:
                yield item


@kills('CFG004', subtle=True)
class TakesAFailureForTheEnd(MemoryConfiguration):
    async def pages(self, ctx, credentials, prefix):
        some = False
        try:
            async for item in super().pages(ctx, credentials, prefix):
                some = True
                yield item
        except PluginUnavailableError:
            if not some:
                raise


@kills('CFG004', subtle=True)
class LeavesOutTheBatchThatFailed(MemoryConfiguration):
    async def batches(self, ctx, credentials, paths):
        size = self.batch_size(ctx)
        for start in range(0, len(paths), size):
            batch = paths[start : start + size]
            try:
                answer = await self.ask(ctx, credentials, 'POST', '/', batch)
            except PluginUnavailableError:
                if start:
                    continue
                raise
            for item in answer['items']:
                yield item


@kills('CFG004', subtle=True)
class BeginsAgainAndKeepsWhatItHas(MemoryConfiguration):
    async def pages(self, ctx, credentials, prefix):
        again = False
        try:
            async for item in super().pages(ctx, credentials, prefix):
                yield item
        except PluginUnavailableError:
            again = True
        if again:
            async for item in super().pages(ctx, credentials, prefix):
                yield item


@kills('CFG004', subtle=True)
class ListsTwoPages(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        return (await super().list_keys(ctx, credentials))[:20]


@kills('CFG004', subtle=True)
class RepeatsTheEdgeOfAPage(MemoryConfiguration):
    async def pages(self, ctx, credentials, prefix):
        count = 0
        async for item in super().pages(ctx, credentials, prefix):
            count += 1
            yield item
            if count % 10 == 0:
                yield item


@kills('CFG004', subtle=True)
class LosesTheEdgeOfAPage(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        found = await super().list_keys(ctx, credentials)
        return [item for index, item in enumerate(found) if (index + 1) % 11]


# CFG005 -------------------------------------------------------------------


@kills('CFG005')
class TakesNoneForAll(MemoryConfiguration):
    async def get_values(self, ctx, credentials, keys=None):
        return await super().get_values(ctx, credentials, keys or None)


@kills('CFG005', subtle=True)
class RepeatsWhatIsRepeated(MemoryConfiguration):
    async def get_values(self, ctx, credentials, keys=None):
        found = await super().get_values(ctx, credentials, keys)
        by_key = {item.key: item for item in found}
        if keys is None:
            return found
        return [by_key[key] for key in keys if key in by_key]


@kills('CFG005', 'CFG007', subtle=True)
class RaisesForMissingKeys(MemoryConfiguration):
    async def get_values(self, ctx, credentials, keys=None):
        found = await super().get_values(ctx, credentials, keys)
        if keys and {item.key for item in found} != set(keys):
            raise ValueError('there is no such key')
        return found


@kills('CFG005', subtle=True)
class MatchesMissingKeysByPosition(MemoryConfiguration):
    async def get_values(self, ctx, credentials, keys=None):
        found = await super().get_values(ctx, credentials, keys)
        if keys is None or len(keys) == len(found):
            return found
        return [
            item.model_copy(update={'key': key})
            for key, item in zip(keys, found, strict=False)
        ]


# CFG006 -------------------------------------------------------------------


@kills('CFG006')
class LosesTheSecondBatch(MemoryConfiguration):
    async def batches(self, ctx, credentials, paths):
        async for item in super().batches(ctx, credentials, paths[:10]):
            yield item


@kills('CFG006', subtle=True)
class MatchesByPosition(MemoryConfiguration):
    async def get_values(self, ctx, credentials, keys=None):
        found = await super().get_values(ctx, credentials, keys)
        if keys is None or len(keys) < 5:
            return found
        ordered = sorted(found, key=lambda item: item.key)
        return [
            item.model_copy(update={'key': key})
            for key, item in zip(keys, ordered, strict=True)
        ]


@kills('CFG006', subtle=True)
class LosesTheLastIncompleteBatch(MemoryConfiguration):
    async def batches(self, ctx, credentials, paths):
        size = self.batch_size(ctx)
        whole = len(paths) // size * size if len(paths) > size else len(paths)
        async for item in super().batches(ctx, credentials, paths[:whole]):
            yield item


# CFG007 -------------------------------------------------------------------


@kills('CFG007')
class RaisesForADeletedKey(MemoryConfiguration):
    async def delete_key(self, ctx, credentials, key):
        if not await self.get_values(ctx, credentials, [key]):
            raise ValueError('there is no such key')
        await super().delete_key(ctx, credentials, key)


@kills('CFG007', subtle=True)
class BlanksInsteadOfDeleting(MemoryConfiguration):
    async def delete_key(self, ctx, credentials, key):
        held = await self.get_values(ctx, credentials, [key])
        if held:
            value = ConfigValue(data_type='string', value='')
            await self.set_value(ctx, credentials, key, value)


@kills('CFG007', subtle=True)
class RemembersSecrecy(MemoryConfiguration):
    once_secret: ClassVar[set[str]] = set()

    async def is_secret(self, ctx, credentials, key, value):
        secret = await super().is_secret(ctx, credentials, key, value)
        path = self.path(ctx, key)
        if secret:
            self.once_secret.add(path)
        return path in self.once_secret


@kills('CFG007', subtle=True)
class ListsTheDeleted(MemoryConfiguration):
    cache: ClassVar[dict[str, ConfigKey]] = {}

    async def list_keys(self, ctx, credentials):
        found = await super().list_keys(ctx, credentials)
        prefix = self.prefix(ctx)
        self.cache.update({prefix + item.key: item for item in found})
        return [
            item
            for path, item in self.cache.items()
            if path == prefix + item.key
        ]

    async def set_value(self, ctx, credentials, key, value):
        found = await super().set_value(ctx, credentials, key, value)
        self.cache[self.path(ctx, key)] = found
        return found


# SEC001 -------------------------------------------------------------------


@kills('SEC001')
class LogsTheToken(MemoryConfiguration):
    async def ask(self, ctx, credentials, verb, url, body=None):
        LOGGER.debug('asking with %s', credentials)
        return await super().ask(ctx, credentials, verb, url, body)


@kills('SEC001', subtle=True)
class LogsTheHeader(MemoryConfiguration):
    async def ask(self, ctx, credentials, verb, url, body=None):
        pair = f'imbi:{self.token(credentials)}'.encode()
        header = base64.b64encode(pair).decode()
        LOGGER.info('sent', extra={'headers': {'Authorization': header}})
        return await super().ask(ctx, credentials, verb, url, body)


@kills('SEC001', subtle=True)
class LogsWhereNobodyListens(MemoryConfiguration):
    logger = logging.getLogger('made_up.quiet')
    logger.propagate = False
    logger.setLevel(logging.ERROR)

    async def list_keys(self, ctx, credentials):
        self.logger.debug('token %s', self.token(credentials))
        return await super().list_keys(ctx, credentials)


@kills('SEC001', subtle=True)
class PutsTheTokenInTheUrl(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        token = urllib.parse.quote(self.token(credentials), safe='')
        server = MemoryServer.at(ctx.assignment_options['endpoint'])
        url = f'{self.prefix(ctx)}?access_token={token}'
        if credentials['api_token'] == server.token:
            await server.request('GET', url, token=server.token)
        return await super().list_keys(ctx, credentials)


@kills('SEC001', subtle=True)
class PutsTheTokenInARequestObject(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        token = urllib.parse.quote(self.token(credentials), safe='')
        with contextlib.suppress(OSError):
            await asyncio.to_thread(
                urllib.request.urlopen, f'http://127.0.0.1:9/?key={token}'
            )
        return await super().list_keys(ctx, credentials)


class LibraryError(Exception):
    """Quotes its request, as libraries do."""


@kills('SEC001', subtle=True)
class QuotesTheRequestInTheCause(MemoryConfiguration):
    def error_of(self, status):
        error = super().error_of(status)
        error.__cause__ = None
        return error

    async def ask(self, ctx, credentials, verb, url, body=None):
        try:
            return await super().ask(ctx, credentials, verb, url, body)
        except PluginAuthenticationFailed as error:
            quoted = LibraryError(f'X-Token: {credentials["api_token"]}')
            raise error from quoted


class QuotesInAnOutage(MemoryConfiguration):
    cause: type[Exception] | None

    async def ask(self, ctx, credentials, verb, url, body=None):
        try:
            return await super().ask(ctx, credentials, verb, url, body)
        except PluginUnavailableError as error:
            if self.cause and isinstance(error.__cause__, self.cause):
                quoted = LibraryError(f'X-Token: {credentials["api_token"]}')
                raise error from quoted
            if not self.cause and error.__cause__ is None:
                error.add_note(f'asked with {credentials}')
            raise


@kills('SEC001', subtle=True)
class QuotesTheRequestThatWasCutOff(QuotesInAnOutage):
    cause = ConnectionError


@kills('SEC001', subtle=True)
class QuotesTheRequestOfAnAnswerThatIsNoJson(QuotesInAnOutage):
    cause = None


@kills('SEC001', subtle=True)
class KeepsTheTokenOnTheError(MemoryConfiguration):
    async def ask(self, ctx, credentials, verb, url, body=None):
        try:
            return await super().ask(ctx, credentials, verb, url, body)
        except PluginAuthenticationFailed as error:
            error.sent = {'token': credentials['api_token']}
            raise


@kills('SEC001', subtle=True)
class NotesTheToken(MemoryConfiguration):
    async def ask(self, ctx, credentials, verb, url, body=None):
        try:
            return await super().ask(ctx, credentials, verb, url, body)
        except PluginAuthenticationFailed as error:
            error.add_note(f'token: {credentials["api_token"]!r}')
            raise


@kills('SEC001', subtle=True)
class ShowsItselfWithTheToken(MemoryConfiguration):
    def __init__(self):
        self.seen = ''

    def token(self, credentials):
        self.seen = super().token(credentials)
        return self.seen

    def __repr__(self):
        return f'Handler({self.seen})'


@kills('SEC001')
class PrintsTheToken(MemoryConfiguration):
    async def delete_key(self, ctx, credentials, key):
        sys.stderr.write(f'deleting with {credentials}\n')
        await super().delete_key(ctx, credentials, key)


@kills('SEC001', subtle=True)
class WarnsWithTheToken(MemoryConfiguration):
    async def delete_key(self, ctx, credentials, key):
        token = self.token(credentials)
        warnings.warn(f'{token} is an old token', UserWarning, stacklevel=2)
        await super().delete_key(ctx, credentials, key)


@kills('SEC001', subtle=True)
class LogsTheSecretValue(MemoryConfiguration):
    async def set_value(self, ctx, credentials, key, value):
        LOGGER.debug('set %s to %s', key, json.dumps(value.model_dump()))
        return await super().set_value(ctx, credentials, key, value)


@kills('SEC001', subtle=True)
class ReturnsTheTokenInAResult(MemoryConfiguration):
    async def list_keys(self, ctx, credentials):
        found = await super().list_keys(ctx, credentials)
        told = f'by {credentials["api_token"]}'
        return [_Signed(**item.model_dump(), by=told) for item in found]


class _Signed(ConfigKey):
    by: str


@pytest.mark.parametrize(
    ('mutant', 'expected'),
    [(cls, ids) for cls, ids, _ in MUTANTS],
    ids=[cls.__name__ for cls, _, _ in MUTANTS],
)
def test_each_seed_kills_a_mutant_by_exactly_the_expected_laws(
    mutant, expected, judge
):
    assert_killed(judge, mutant, expected, BESIDE)


def test_every_law_has_two_mutants_one_of_them_subtle():
    assert_complete(((ids, subtle) for _, ids, subtle in MUTANTS), SCOPE)


def test_every_law_says_why_it_must_hold_and_how_to_mend_it(laws):
    for check in laws.values():
        assert len(check.rationale.split()) > 20, check.id
        assert check.fix.endswith('.'), check.id
        assert check.title[0].islower(), check.id


def test_the_secret_is_in_no_finding_that_it_causes(judge):
    token = 'k1t-' + 'a1B2c3' * 4
    for mutant, ids, _ in MUTANTS:
        if 'SEC001' not in ids:
            continue
        judgement = judge(
            mutant,
            sandbox=lambda: MemorySandbox(token=token),
            only={'SEC001'},
        )
        said = repr(judgement.findings)
        assert token not in said
        assert base64.b64encode(token.encode()).decode()[4:20] not in said
        assert 'canary' not in said


def test_a_mutant_is_found_on_a_backend_with_other_limits(judge):
    limits = Limits(
        key_alphabet='ABCDEFGHIJ_',
        max_key_length=8,
        max_value_bytes=100,
        page_size=3,
        unicode_value=False,
    )
    judgement = judge(
        LosesTheSecondBatch, sandbox=lambda: MemorySandbox(limits)
    )
    assert judgement.failed == set()
    judgement = judge(Trims, sandbox=lambda: MemorySandbox(limits))
    assert judgement.failed == {'CFG001'}
