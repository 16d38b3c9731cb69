"""Handlers of the smaller plugin types that are wrong in one place.

Lifecycle, webhook, analysis and incidents. A mutant's row names the exact set
of laws that fail; `subtle` ones are the slips that reviews miss.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import functools
import itertools
import socket
import urllib.parse
import uuid
from typing import ClassVar

import pydantic
import pytest
from ledger import assert_complete, assert_killed

from imbi_plugin_sdk.context import LinkWriteback, ServiceWriteback
from imbi_plugin_sdk.errors import CursorExpiredError, PluginUnavailableError
from imbi_plugin_sdk.handlers.analysis import RemediationResult
from imbi_plugin_sdk.handlers.lifecycle import (
    LifecycleResult,
    RelocationTarget,
)
from imbi_plugin_testkit.memory.analysis import (
    MENDS,
    MemoryAnalysis,
    MemoryAnalysisSandbox,
)
from imbi_plugin_testkit.memory.incidents import (
    MemoryIncidents,
    MemoryIncidentsSandbox,
)
from imbi_plugin_testkit.memory.lifecycle import (
    LINK,
    MemoryLifecycle,
    MemoryLifecycleSandbox,
    page,
)
from imbi_plugin_testkit.memory.webhook import (
    MemoryWebhook,
    MemoryWebhookSandbox,
    TicketConfig,
    open_ticket,
    read,
    ticket_path,
    write,
)

SCOPE = {
    'LIF001',
    'LIF002',
    'LIF003',
    'LIF004',
    'WEB001',
    'WEB002',
    'WEB003',
    'ANA001',
    'INC001',
}
"""The laws that this ledger is about; others have ledgers beside it."""

SANDBOXES = {
    'lifecycle': MemoryLifecycleSandbox,
    'webhook': MemoryWebhookSandbox,
    'analysis': MemoryAnalysisSandbox,
    'incidents': MemoryIncidentsSandbox,
}

MUTANTS: list[tuple[type, frozenset[str], bool]] = []


def kills(*ids, subtle=False):
    """Register a mutant with exactly the laws that must fail on it."""

    def register(cls):
        MUTANTS.append((cls, frozenset(ids), subtle))
        return cls

    return register


# LIF001 -------------------------------------------------------------------


@kills('LIF001')
class MakesAnotherEachTime(MemoryLifecycle):
    async def on_project_created(self, ctx, credentials):
        path = f'{self.path(ctx)}-{uuid.uuid4().hex[:8]}'
        await self.write(
            ctx, credentials, path, {'state': 'active', 'about': None}
        )
        return LifecycleResult(status='ok')


@kills('LIF001', subtle=True)
class RefusesWhatIsThere(MemoryLifecycle):
    """The remote answers 409, and nobody asks why."""

    async def on_project_created(self, ctx, credentials):
        if await self.found(ctx, credentials, self.path(ctx)):
            return LifecycleResult(status='failed', message='It exists.')
        return await super().on_project_created(ctx, credentials)


@kills('LIF001', subtle=True)
class Toggles(MemoryLifecycle):
    """The remote has one call for both ways."""

    async def on_project_archived(self, ctx, credentials):
        item = await self.found(ctx, credentials, self.path(ctx))
        archived = item and item['state'] == 'archived'
        state = 'active' if archived else 'archived'
        return await self.change(ctx, credentials, {'state': state})


@kills('LIF001', subtle=True)
class AppendsToTheDescription(MemoryLifecycle):
    async def on_project_updated(self, ctx, credentials):
        item = await self.found(ctx, credentials, self.path(ctx))
        about = f'{(item or {}).get("about") or ""}{ctx.project_description}'
        return await self.change(ctx, credentials, {'about': about})


@kills('LIF001')
class FailsWhenGone(MemoryLifecycle):
    def gone(self):
        return LifecycleResult(status='failed', message='404')


@kills('LIF001')
class RaisesWhenGone(MemoryLifecycle):
    def gone(self):
        raise PluginUnavailableError('the remote answered 404')


@kills('LIF001', subtle=True)
class TakesGoneForDone(MemoryLifecycle):
    def gone(self):
        return LifecycleResult(status='ok')


@kills('LIF001', subtle=True)
class ArchivingMakesWhatIsGone(MemoryLifecycle):
    async def on_project_archived(self, ctx, credentials):
        found = await self.found(ctx, credentials, self.path(ctx))
        item = {'state': 'archived', 'about': (found or {}).get('about')}
        await self.write(ctx, credentials, self.path(ctx), item)
        return LifecycleResult(status='ok' if found else 'skipped')


@kills('LIF001', subtle=True)
class MovesOnlyOnce(MemoryLifecycle):
    """The second time the old place is empty, and that is an error."""

    async def on_project_relocated(self, ctx, credentials):
        old = self.path(ctx, team=ctx.previous_team_slug)
        if await self.found(ctx, credentials, old) is None:
            raise PluginUnavailableError('404')
        return await super().on_project_relocated(ctx, credentials)


@kills('LIF001', subtle=True)
class CopiesInsteadOfMoving(MemoryLifecycle):
    """Goes on with the copy, so that the second event makes a third."""

    async def on_project_relocated(self, ctx, credentials):
        old = self.path(ctx, team=ctx.previous_team_slug)
        item = await self.found(ctx, credentials, old)
        if item is None:
            return self.gone()
        new = self.path(ctx)
        while await self.found(ctx, credentials, new):
            new += '-1'
        await self.write(ctx, credentials, new, item)
        return LifecycleResult(status='ok')


@kills('LIF001')
class FailsOnWhatIsThere(MemoryLifecycle):
    async def on_project_updated(self, ctx, credentials):
        found = await self.found(ctx, credentials, self.path(ctx))
        status = 'failed' if found else 'skipped'
        return LifecycleResult(status=status)


@kills('LIF001')
class DeletesTheWholeTeam(MemoryLifecycle):
    async def on_project_deleted(self, ctx, credentials):
        found = await self.ask(ctx, credentials, 'GET', f'/{ctx.team_slug}/')
        for item in found['items']:
            quoted = urllib.parse.quote(item['path'])
            await self.ask(ctx, credentials, 'DELETE', quoted)
        status = 'ok' if found['items'] else 'skipped'
        return LifecycleResult(status=status)


@kills('LIF001', subtle=True)
class ArchivesWhatIsThereBeside(MemoryLifecycle):
    """The search brings all whose names hold the name, or a part of it."""

    async def on_project_archived(self, ctx, credentials):
        result = await super().on_project_archived(ctx, credentials)
        found = await self.ask(ctx, credentials, 'GET', f'/{ctx.team_slug}/')
        for item in found['items'] if result.status == 'ok' else ():
            kept = {'state': 'archived', 'about': item['about']}
            await self.write(ctx, credentials, item['path'], kept)
        return result


@kills('LIF001', subtle=True)
class WritesBackAnotherAddressEachTime(MemoryLifecycle):
    def tell_service(self, ctx, path):
        if ctx.third_party_service_slug is not None:
            address = f'{page(path)}?made={uuid.uuid4().hex}'
            ctx.service_writeback = ServiceWriteback(
                identifier=path, canonical_url=address
            )


@kills('LIF001', subtle=True)
class LinksToAnotherPageEachTime(MemoryLifecycle):
    turns: ClassVar = itertools.count()

    def tell_link(self, ctx, path):
        if LINK in ctx.project_links:
            url = f'{page(path)}/{next(self.turns)}'
            ctx.link_writeback = LinkWriteback(link_key=LINK, new_url=url)


# LIF002 -------------------------------------------------------------------


@kills('LIF002')
class GoesOnToTheDefault(MemoryLifecycle):
    async def on_project_unarchived(self, ctx, credentials):
        await self.found(ctx, credentials, self.path(ctx))
        return await super(MemoryLifecycle, self).on_project_unarchived(
            ctx, credentials
        )


@kills('LIF002', subtle=True)
class ServesOnlyProjectsWithATeam(MemoryLifecycle):
    """One branch was left for later."""

    async def on_project_updated(self, ctx, credentials):
        if ctx.previous_team_slug == ctx.team_slug:
            return await super().on_project_updated(ctx, credentials)
        return await self.moved(ctx)

    async def moved(self, ctx):
        raise NotImplementedError(ctx.project_slug)


@kills('LIF002', subtle=True)
class PromisesSyncOnly(MemoryLifecycle):
    """Listed are two events, but the flag promises two more."""

    manifest = MemoryLifecycle.manifest.model_copy(
        update={'lifecycle_events': ['archived', 'unarchived']}
    )

    async def on_project_created(self, ctx, credentials):
        await self.found(ctx, credentials, self.path(ctx))
        raise NotImplementedError


# LIF003 -------------------------------------------------------------------


@kills('LIF003')
class AsksTheRemoteForTheTarget(MemoryLifecycle):
    async def resolve_relocation_target(self, ctx, credentials):
        await self.found(ctx, credentials, self.path(ctx))
        return await super().resolve_relocation_target(ctx, credentials)


@kills('LIF003', subtle=True)
class AsksTheRemoteOnlyForKnownTeams(MemoryLifecycle):
    async def resolve_relocation_target(self, ctx, credentials):
        if ctx.previous_team_slug:
            await self.found(ctx, credentials, self.path(ctx))
        return await super().resolve_relocation_target(ctx, credentials)


@kills('LIF003')
class MakesUpATarget(MemoryLifecycle):
    async def resolve_relocation_target(self, ctx, credentials):
        target = await super().resolve_relocation_target(ctx, credentials)
        fresh = uuid.uuid4().hex
        return target and target.model_copy(update={'identifier': fresh})


@kills('LIF003', subtle=True)
class CountsOnTheClass(MemoryLifecycle):
    asked: ClassVar = itertools.count()

    async def resolve_relocation_target(self, ctx, credentials):
        target = await super().resolve_relocation_target(ctx, credentials)
        first = next(self.asked) % 3 == 0
        return target.model_copy(
            update={'display': None if first else target.identifier}
        )


@kills('LIF003', subtle=True)
class NeedsATokenToTellTheTarget(MemoryLifecycle):
    async def resolve_relocation_target(self, ctx, credentials):
        if not credentials.get('api_token'):
            return None
        return await super().resolve_relocation_target(ctx, credentials)


# LIF004 -------------------------------------------------------------------


@kills('LIF004')
class WritesBackALinkOfItsOwn(MemoryLifecycle):
    def tell_link(self, ctx, path):
        ctx.link_writeback = LinkWriteback(
            link_key='memory-page', new_url=page(path)
        )


@kills('LIF004', subtle=True)
class WritesBackALinkThatMayBeMissing(MemoryLifecycle):
    def tell_link(self, ctx, path):
        ctx.link_writeback = LinkWriteback(link_key=LINK, new_url=page(path))


@kills('LIF004', subtle=True)
class WritesBackWithoutAService(MemoryLifecycle):
    def tell_service(self, ctx, path):
        ctx.service_writeback = ServiceWriteback(
            identifier=path, canonical_url=page(path)
        )


@kills('LIF004', subtle=True)
class TargetsALinkThatMayBeMissing(MemoryLifecycle):
    async def resolve_relocation_target(self, ctx, credentials):
        return RelocationTarget(link_key=LINK, identifier=self.path(ctx))


# WEB001 -------------------------------------------------------------------


@kills('WEB001')
class KeepsOneList(MemoryWebhook):
    kept: ClassVar = []

    @classmethod
    def actions(cls):
        cls.kept = cls.kept or MemoryWebhook.actions()
        return cls.kept


@kills('WEB001', subtle=True)
class CachesTheList(MemoryWebhook):
    @classmethod
    @functools.cache
    def actions(cls):
        return MemoryWebhook.actions()


@kills('WEB001', subtle=True)
class NamesByChance(MemoryWebhook):
    @classmethod
    def actions(cls):
        found = MemoryWebhook.actions()
        name = f'open_{uuid.uuid4().hex}'
        found[1] = found[1].model_copy(update={'name': name})
        return found


@kills('WEB001', subtle=True)
class ListsSomeOnlyTheFirstTime(MemoryWebhook):
    asked: ClassVar = itertools.count()

    @classmethod
    def actions(cls):
        found = MemoryWebhook.actions()
        return found if next(cls.asked) % 3 == 0 else found[:2]


@kills('WEB001')
class AsksWhileListing(MemoryWebhook):
    @classmethod
    def actions(cls):
        with contextlib.suppress(OSError):
            socket.create_connection(('127.0.0.1', 9), timeout=0.1).close()
        return MemoryWebhook.actions()


@kills('WEB001', subtle=True)
class NamesAnotherFunctionLater(MemoryWebhook):
    asked: ClassVar = itertools.count()

    @classmethod
    def actions(cls):
        first, second, *rest = MemoryWebhook.actions()
        if next(cls.asked) % 3 == 1:
            update = {'callable': second.callable}
            first = first.model_copy(update=update)
        return [first, second, *rest]


# WEB002 -------------------------------------------------------------------


class Handle:
    """Nothing that JSON knows."""


class OpenConfig(pydantic.BaseModel):
    queue: str
    urgent: bool = False


class UnshownConfig(TicketConfig):
    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)

    handle: Handle | None = None


class AllowingConfig(TicketConfig):
    model_config = pydantic.ConfigDict(extra='allow')


class DroppingConfig(TicketConfig):
    """Says that it is closed, and drops what it does not know first."""

    @pydantic.model_validator(mode='before')
    @classmethod
    def drop(cls, data):
        if not isinstance(data, dict):
            return data
        return {key: data[key] for key in data if key in cls.model_fields}


def with_config(model):
    """Return actions of which the last one has these settings."""

    @classmethod
    def actions(_cls):
        found = MemoryWebhook.actions()
        last = found[-1].model_copy(update={'config_model': model})
        return [*found[:-1], last]

    return actions


@kills('WEB002')
class TakesUnknownSettings(MemoryWebhook):
    actions = with_config(OpenConfig)


@kills('WEB002')
class HasNoSchema(MemoryWebhook):
    actions = with_config(UnshownConfig)


@kills('WEB002', subtle=True)
class AllowsUnknownSettings(MemoryWebhook):
    actions = with_config(AllowingConfig)


@kills('WEB002', subtle=True)
class DropsUnknownSettings(MemoryWebhook):
    actions = with_config(DroppingConfig)


# WEB003 -------------------------------------------------------------------


def with_open(function):
    """Return actions of which the first one calls this function."""

    @classmethod
    def actions(_cls):
        first, *rest = MemoryWebhook.actions()
        return [first.model_copy(update={'callable': function}), *rest]

    return actions


async def open_another(**given):
    given['event'] = {'delivery': uuid.uuid4().hex}
    await open_ticket(**given)


async def note_again(
    *, ctx, credentials, external_identifier, action_config, event
):
    """Open one ticket, and add to its text each time."""
    path = ticket_path(external_identifier, action_config, event)
    found = await read(ctx, credentials, path) or {'text': ''}
    text = found['text'] + event['text']
    await write(ctx, credentials, path, {'state': 'open', 'text': text})


async def count_what_is_there(
    *, ctx, credentials, external_identifier, action_config, event
):
    """Look for the ticket under a name that it was not given."""
    path = ticket_path(external_identifier, action_config, event)
    if await read(ctx, credentials, f'{path}/1') is None:
        while await read(ctx, credentials, path):
            path += '-again'
        await write(ctx, credentials, path, {'state': 'open'})


async def fail_on_the_second(**given):
    path = ticket_path(
        given['external_identifier'], given['action_config'], given['event']
    )
    if await read(given['ctx'], given['credentials'], path):
        raise KeyError(path)
    await open_ticket(**given)


@kills('WEB003')
class OpensAnother(MemoryWebhook):
    actions = with_open(open_another)


@kills('WEB003', subtle=True)
class AddsItsTextAgain(MemoryWebhook):
    actions = with_open(note_again)


@kills('WEB003', subtle=True)
class LooksUnderAnotherName(MemoryWebhook):
    actions = with_open(count_what_is_there)


@kills('WEB003', subtle=True)
class FailsOnTheSecond(MemoryWebhook):
    actions = with_open(fail_on_the_second)


def open_as(name):
    """Return an action that knows a delivery by something of it."""

    async def open_as_told(
        *, ctx, credentials, external_identifier, action_config, event
    ):
        told = {**event, 'delivery': name(event)}
        await open_ticket(
            ctx=ctx,
            credentials=credentials,
            external_identifier=external_identifier,
            action_config=action_config,
            event=told,
        )

    return open_as_told


@kills('WEB003')
class OpensOneForAllDeliveries(MemoryWebhook):
    actions = with_open(open_as(lambda _: 'ticket'))


@kills('WEB003', subtle=True)
class KnowsDeliveriesByTheirText(MemoryWebhook):
    actions = with_open(open_as(lambda event: event['text']))


@kills('WEB003', subtle=True)
class KnowsDeliveriesByHalfOfTheirId(MemoryWebhook):
    actions = with_open(open_as(lambda event: event['delivery'][:2]))


@kills('WEB003', subtle=True)
class KnowsDeliveriesByTheLastCharacter(MemoryWebhook):
    actions = with_open(open_as(lambda event: event['delivery'][-1]))


@kills('WEB003', subtle=True)
class FoldsDeliveriesIntoAFewBuckets(MemoryWebhook):
    """A checksum of few bits."""

    actions = with_open(
        open_as(lambda event: str(sum(event['delivery'].encode()) % 10))
    )


# ANA001 -------------------------------------------------------------------


@kills('ANA001')
class NamesAllAlike(MemoryAnalysis):
    def slug(self, part, item):
        return 'finding'


@kills('ANA001', subtle=True)
class NumbersItsFindings(MemoryAnalysis):
    numbers: ClassVar = itertools.count()

    def slug(self, part, item):
        return f'finding-{next(self.numbers)}'


@kills('ANA001', subtle=True)
class ForgetsAFindingNowAndThen(MemoryAnalysis):
    runs: ClassVar = itertools.count()

    async def analyze(self, ctx, credentials):
        found = await super().analyze(ctx, credentials)
        return found if next(self.runs) % 3 == 0 else found[:-1]


@kills('ANA001', subtle=True)
class OffersAnotherIdEachTime(MemoryAnalysis):
    def offer(self, part):
        offer = super().offer(part)
        fresh = f'write-readme:{uuid.uuid4().hex}'
        return offer and offer.model_copy(update={'id': fresh})

    def part_of(self, remediation_id):
        name, _, rest = remediation_id.partition(':')
        if len(rest) != 32:
            name = ''
        return super().part_of(name)


@kills('ANA001')
class AnalysingMends(MemoryAnalysis):
    async def analyze(self, ctx, credentials):
        found = await super().analyze(ctx, credentials)
        item = await self.item(ctx, credentials)
        await self.write(ctx, credentials, {**item, 'readme': 'made'})
        return found


@kills('ANA001', subtle=True)
class AnalysingLeavesAMark(MemoryAnalysis):
    async def analyze(self, ctx, credentials):
        item = await self.item(ctx, credentials)
        mark = f'{item["owner"]}.'
        await self.write(ctx, credentials, {**item, 'owner': mark})
        return await super().analyze(ctx, credentials)


@kills('ANA001')
class TakesAnyId(MemoryAnalysis):
    def part_of(self, remediation_id):
        return 'readme'


@kills('ANA001', subtle=True)
class AnswersNoopToAnyId(MemoryAnalysis):
    async def remediate(self, ctx, credentials, remediation_id):
        if remediation_id not in MENDS:
            return RemediationResult(status='noop', message='Nothing to do.')
        return await super().remediate(ctx, credentials, remediation_id)


@kills('ANA001', subtle=True)
class LooksUpWithoutAsking(MemoryAnalysis):
    def part_of(self, remediation_id):
        return MENDS[remediation_id][0]


@kills('ANA001', subtle=True)
class FoldsCase(MemoryAnalysis):
    def part_of(self, remediation_id):
        return super().part_of(remediation_id.lower())


@kills('ANA001', subtle=True)
class ComparesThePrefix(MemoryAnalysis):
    def part_of(self, remediation_id):
        return super().part_of(remediation_id[: len('write-readme')])


@kills('ANA001', subtle=True)
class RefusesItsOwnOffer(MemoryAnalysis):
    """The offer and the table of remedies went apart."""

    def offer(self, part):
        offer = super().offer(part)
        return offer and offer.model_copy(update={'id': 'write_readme'})


# INC001 -------------------------------------------------------------------


@kills('INC001')
class IgnoresTheLimit(MemoryIncidents):
    async def list_incidents(self, ctx, credentials, *, limit=100, **window):
        return await super().list_incidents(
            ctx, credentials, limit=100, **window
        )


@kills('INC001', subtle=True)
class PutsOneTooManyOnThePage(MemoryIncidents):
    async def list_incidents(self, ctx, credentials, *, limit=100, **window):
        return await super().list_incidents(
            ctx, credentials, limit=limit + 1, **window
        )


@kills('INC001', subtle=True)
class LosesWhatBeganWithTheLastOne(MemoryIncidents):
    """The cursor is a time, and time alone is no position."""

    def position(self, shown):
        return f'{shown[-1]["path"].rpartition("-")[0]}~'


@kills('INC001', subtle=True)
class RepeatsTheLastOfEachPage(MemoryIncidents):
    def position(self, shown):
        return shown[-1]['path'][:-1] if len(shown) > 1 else shown[-1]['path']


@kills('INC001', subtle=True)
class ForgetsThatThereIsMore(MemoryIncidents):
    """A page that is exactly as long as asked for is the last one."""

    def more(self, found, limit):
        return len(found) > limit + 1


@kills('INC001', subtle=True)
class GivesACursorForNothing(MemoryIncidents):
    """Where nothing is found it looks as if there might be more."""

    def more(self, found, limit):
        return not found or super().more(found, limit)

    def position(self, shown):
        return super().position(shown) if shown else ''


@kills('INC001')
class ReadsOnePageOfTheRemote(MemoryIncidents):
    async def items(self, ctx, credentials, question, after):
        number = 0
        async for item in super().items(ctx, credentials, question, after):
            number += 1
            if number <= 10:
                yield item


@kills('INC001')
class StartsAgainWithABadCursor(MemoryIncidents):
    async def opened(self, ctx, credentials, question, cursor):
        answer = await self.ask(
            ctx, credentials, 'POST', '/', [f'/cursors/{cursor}']
        )
        for item in answer['items']:
            return item['position']
        return ''


@kills('INC001', subtle=True)
class TakesTheCursorOfAnotherProject(MemoryIncidents):
    async def opened(self, ctx, credentials, question, cursor):
        answer = await self.ask(
            ctx, credentials, 'POST', '/', [f'/cursors/{cursor}']
        )
        for item in answer['items']:
            return item['position']
        return await super().opened(ctx, credentials, question, cursor)


class HoldsMoreInItsCursor(MemoryIncidents):
    """Its cursors have a tail that holds something of the credentials."""

    def tail(self, credentials):
        raise NotImplementedError

    async def kept(self, ctx, credentials, question, position):
        name = await super().kept(ctx, credentials, question, position)
        return f'{name}.{self.tail(credentials)}'

    async def opened(self, ctx, credentials, question, cursor):
        name, _, tail = cursor.partition('.')
        if tail != self.tail(credentials):
            raise CursorExpiredError('the cursor is damaged')
        return await super().opened(ctx, credentials, question, name)


@kills('INC001')
class ShowsTheTokenInTheCursor(HoldsMoreInItsCursor):
    def tail(self, credentials):
        return credentials['api_token']


@kills('INC001', subtle=True)
class KeepsTheSessionInTheCursor(HoldsMoreInItsCursor):
    def tail(self, credentials):
        session = f'{{"token": "{credentials["api_token"]}"}}'
        return base64.urlsafe_b64encode(session.encode()).decode()


@kills('INC001', subtle=True)
class CursorsThatDoNotExpire(MemoryIncidents):
    kept_here: ClassVar = {}

    async def kept(self, ctx, credentials, question, position):
        name = await super().kept(ctx, credentials, question, position)
        self.kept_here[name] = (question, position)
        return name

    async def opened(self, ctx, credentials, question, cursor):
        held, position = self.kept_here.get(cursor, (None, ''))
        if held == question:
            return position
        return await super().opened(ctx, credentials, question, cursor)


@kills('INC001', subtle=True)
class LeavesTheStartOut(MemoryIncidents):
    def since(self, start_time):
        return super().since(start_time) + 1


@kills('INC001')
class ForgetsTheEnd(MemoryIncidents):
    def in_question(self, item, question):
        return super().in_question(item, {**question, 'end': item['at'] + 1})


@kills('INC001', subtle=True)
class ForgetsTheStart(MemoryIncidents):
    def in_question(self, item, question):
        return super().in_question(item, {**question, 'start': 0})


@kills('INC001', subtle=True)
class ForgetsStatusesOnTheSecondPage(MemoryIncidents):
    async def items(self, ctx, credentials, question, after):
        if after:
            question = {**question, 'statuses': None}
        async for item in super().items(ctx, credentials, question, after):
            yield item


@kills('INC001', subtle=True)
class TakesAFailureForTheEnd(MemoryIncidents):
    async def items(self, ctx, credentials, question, after):
        some = False
        try:
            async for item in super().items(ctx, credentials, question, after):
                some = True
                yield item
        except PluginUnavailableError:
            if not some:
                raise


@kills('INC001', subtle=True)
class NamesAllByUrgency(MemoryIncidents):
    async def list_incidents(self, ctx, credentials, **asked):
        found = await super().list_incidents(ctx, credentials, **asked)
        views = [
            view.model_copy(update={'id': view.urgency or 'incident'})
            for view in found.incidents
        ]
        return found.model_copy(update={'incidents': views})


class TellsAnotherStatus(MemoryIncidents):
    """Maps the remote's statuses to words of its own."""

    words: ClassVar = {}

    def to_view(self, item):
        found = super().to_view(item)
        status = self.words.get(found.status, found.status)
        return found.model_copy(update={'status': status})


@kills('INC001')
class ShowsWhatIsResolvedAsOpen(TellsAnotherStatus):
    words: ClassVar = {'resolved': 'triggered'}


@kills('INC001', subtle=True)
class KnowsNoAcknowledgement(TellsAnotherStatus):
    words: ClassVar = {'acknowledged': 'triggered'}


@kills('INC001', subtle=True)
class CallsOpenWhatIsTriggered(TellsAnotherStatus):
    """The filter takes the remote's word, and the list shows another."""

    words: ClassVar = {'triggered': 'open'}


@kills('INC001', subtle=True)
class DropsWhatIsAcknowledged(MemoryIncidents):
    def in_question(self, item, question):
        known = item['status'] != 'acknowledged' or question['statuses']
        return known and super().in_question(item, question)


@kills('INC001', subtle=True)
class EndsWhatIsAcknowledged(MemoryIncidents):
    def to_view(self, item):
        found = super().to_view(item)
        if found.status != 'acknowledged':
            return found
        return found.model_copy(update={'resolved_at': found.created_at})


@kills('INC001', subtle=True)
class EndsThingsBeforeTheyBegan(MemoryIncidents):
    def to_view(self, item):
        found = super().to_view(item)
        early = found.resolved_at and found.resolved_at - dt.timedelta(1)
        return found.model_copy(update={'resolved_at': early})


@kills('INC001', subtle=True)
class ForgetsTheEndOfSome(MemoryIncidents):
    """It comes with another request, which it makes for the first only."""

    async def list_incidents(self, ctx, credentials, **asked):
        found = await super().list_incidents(ctx, credentials, **asked)
        over = [view for view in found.incidents if view.resolved_at]
        for view in over[1:]:
            view.resolved_at = None
        return found


@kills('INC001', subtle=True)
class TellsTheFullHour(MemoryIncidents):
    def to_view(self, item):
        found = super().to_view(item)
        hour = found.created_at.replace(minute=0, second=0, microsecond=0)
        return found.model_copy(update={'created_at': hour})


@kills('INC001', subtle=True)
class TellsLocalTimeAsUtc(MemoryIncidents):
    def to_view(self, item):
        found = super().to_view(item)
        local = dt.datetime.fromtimestamp(found.created_at.timestamp())  # noqa: DTZ006  the defect
        return found.model_copy(
            update={'created_at': local.replace(tzinfo=dt.UTC)}
        )


@kills('INC001', subtle=True)
class DropsTheZoneOfTheWindow(MemoryIncidents):
    async def list_incidents(self, ctx, credentials, **asked):
        for name in ('start_time', 'end_time'):
            asked[name] = asked[name].replace(tzinfo=dt.UTC)
        return await super().list_incidents(ctx, credentials, **asked)


@kills('INC001', subtle=True)
class KeepsOnlyTheFirstStatus(MemoryIncidents):
    def in_question(self, item, question):
        statuses = question['statuses'] and question['statuses'][:1]
        return super().in_question(item, {**question, 'statuses': statuses})


@kills('INC001', subtle=True)
class ListsOpenOnesByDefault(MemoryIncidents):
    def in_question(self, item, question):
        statuses = question['statuses'] or ['triggered', 'acknowledged']
        return super().in_question(item, {**question, 'statuses': statuses})


@pytest.mark.parametrize(
    ('mutant', 'expected'),
    [(cls, ids) for cls, ids, _ in MUTANTS],
    ids=[cls.__name__ for cls, _, _ in MUTANTS],
)
def test_each_seed_kills_a_mutant_by_exactly_the_expected_laws(
    mutant, expected, judge
):
    sandbox = SANDBOXES[mutant.manifest.plugin_type]
    assert_killed(judge, mutant, expected, SCOPE, sandbox=sandbox)


def test_every_law_has_two_mutants_one_of_them_subtle():
    assert_complete(((ids, subtle) for _, ids, subtle in MUTANTS), SCOPE)
