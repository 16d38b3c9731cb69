"""Handlers of an older major are lifted to the one that the host calls."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
from types import MappingProxyType

import pytest

from imbi_plugin_sdk import PluginContext
from imbi_plugin_sdk.contract import CONTRACTS
from imbi_plugin_sdk.invocation import invoke
from imbi_plugin_sdk.invocation.errors import InvocationError
from imbi_plugin_sdk.registry import Adapter

LATER = """
import abc
from imbi_plugin_sdk import LogResult, PluginContext, PluginManifest

class LogsTwo(abc.ABC):
    manifest: PluginManifest

    @abc.abstractmethod
    async def find(
        self, ctx: PluginContext, credentials: dict[str, str], *, text: str
    ) -> list[str]: ...

    async def count(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> int:
        return 7

class LogsThree(abc.ABC):
    @abc.abstractmethod
    async def look(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> str: ...
"""

SEARCHING = """
    async def search(self, ctx, credentials, query):
        from imbi_plugin_sdk import LogEntry
        import datetime
        return LogResult(entries=[LogEntry(
            timestamp=datetime.datetime.now(datetime.UTC), message='found',
        )])
"""


@pytest.fixture
def later(site):
    """Return a table in which version 2 of the logs contract is current."""
    (site.path / 'made_up_later.py').write_text(LATER)
    importlib.invalidate_caches()
    logs = dataclasses.replace(
        CONTRACTS['logs'],
        handler='made_up_later:LogsTwo',
        versions=((1, 0), (2, 0)),
        older=MappingProxyType({1: CONTRACTS['logs'].handler}),
    )
    return {**CONTRACTS, 'logs': logs}


def lift(old):
    """Make a handler of version 2 out of one of version 1."""

    class Lifted:
        def __init__(self):
            self.old = old()

        async def find(self, ctx, credentials, *, text):
            result = await self.old.search(ctx, credentials, text)
            return [entry.message for entry in result.entries]

    return Lifted


ONE_TO_TWO = Adapter('logs', 1, 2, lift)


def call(entry, method, **arguments):
    context = PluginContext(
        project_id='p', project_slug='p', org_slug='o', team_slug=None
    )
    return asyncio.run(
        invoke(entry, method, context, {}, arguments, timeout=5)
    )


def test_an_older_handler_is_lifted_and_called_as_the_newer(site, later):
    site.install(
        files={
            'imbi_plugin_one/__init__.py': site.plugin(
                extra="api_version='>=1.0,<2'", after=SEARCHING
            )
        }
    )
    registry = site.registry(contracts=later, adapters=[ONE_TO_TWO])
    entry = registry.get('one')
    assert entry.contract_version == (1, 0)
    assert entry.handler.__name__ == 'Handler'
    assert entry.serving is entry.lifted is not entry.handler
    assert entry.manifest.api_version == '>=1.0,<2'
    assert call(entry, 'find', text='x') == ['found']
    assert call(entry, 'count') == 7  # the newer contract's own default
    with pytest.raises(InvocationError, match='no such method'):
        call(entry, 'search', query=None)
    (shown,) = registry.report()['plugins']
    assert (shown['contract'], shown['lifted']) == ('1.0', True)


def test_a_handler_of_the_current_major_is_not_lifted(site, later):
    source = site.plugin(extra='api_version=2').replace(
        'import LogsPlugin,', 'import'
    )
    source = source.replace('(LogsPlugin)', '').replace(
        'async def search(self, ctx, credentials, query)',
        'async def find(self, ctx, credentials, *, text)',
    )
    site.install(files={'imbi_plugin_one/__init__.py': source})
    registry = site.registry(contracts=later, adapters=[ONE_TO_TWO])
    entry = registry.get('one')
    assert entry.contract_version == (2, 0)
    assert entry.lifted is None
    assert entry.serving is entry.handler


def test_without_an_adapter_it_is_called_by_its_own_contract(site, later):
    site.install()
    entry = site.registry(contracts=later).get('one')
    assert entry.lifted is None
    assert call(entry, 'schema') == []
    with pytest.raises(InvocationError, match='no such method'):
        call(entry, 'find', text='x')


def test_adapters_are_chained_one_major_at_a_time(site, later):
    later['logs'] = dataclasses.replace(
        later['logs'],
        handler='made_up_later:LogsThree',
        versions=((1, 0), (2, 0), (3, 0)),
        older=MappingProxyType(
            {**later['logs'].older, 2: 'made_up_later:LogsTwo'}
        ),
    )

    def lift_again(older):
        class Again:
            async def look(self, ctx, credentials):
                found = await older().find(ctx, credentials, text='x')
                return f'{len(found)} found'

        return Again

    site.install()
    adapters = [Adapter('logs', 2, 3, lift_again), ONE_TO_TWO]
    entry = site.registry(contracts=later, adapters=adapters).get('one')
    assert call(entry, 'look') == '0 found'
    registry = site.registry(contracts=later, adapters=adapters[1:])
    (refusal,) = registry.current.refusals
    assert (refusal.stage, refusal.code) == ('contract', 'adapter_missing')
    assert "`Adapter('logs', 2, 3, lift)`" in refusal.remedy


def fails(_):
    raise SystemExit('secret text of the host')


@pytest.mark.parametrize(
    ('bad', 'code', 'words'),
    [
        (fails, 'adapter_failed', 'raised SystemExit'),
        (lambda _: None, 'adapter_result', 'object of type NoneType'),
        (lambda _: object(), 'adapter_result', 'it must give a class'),
        (lambda old: old, 'adapter_result', 'find: is missing'),
        (
            lambda old: type('Two', (lift(old),), {'count': 1}),
            'adapter_result',
            'count: ',
        ),
    ],
)
def test_a_lift_that_fails_refuses_the_plugin_alone(
    site, later, bad, code, words
):
    site.install()
    site.install(
        'imbi-plugin-two',
        files={
            'imbi_plugin_two/__init__.py': site.plugin('two').replace(
                "'logs'", "'connection'"
            )
        },
    )
    registry = site.registry(
        contracts=later, adapters=[Adapter('logs', 1, 2, bad)]
    )
    (refusal,) = registry.current.refusals
    assert (refusal.stage, refusal.code) == ('contract', code)
    assert words in refusal.message
    assert 'secret text' not in str(refusal)
    assert refusal.slug == refusal.entry_point == 'one'
    assert registry.get('two').lifted is None


def test_a_broken_handler_never_reaches_the_adapter(site, later):
    asked = []
    site.install(
        files={
            'imbi_plugin_one/__init__.py': site.plugin().replace(
                'async def search', 'async def seek'
            )
        }
    )
    adapter = Adapter('logs', 1, 2, asked.append)
    registry = site.registry(contracts=later, adapters=[adapter])
    (refusal,) = registry.current.refusals
    assert (refusal.code, asked) == ('contract_broken', [])


def test_a_reload_keeps_what_was_lifted_and_lifts_what_is_new(site, later):
    site.install()
    registry = site.registry(contracts=later, adapters=[ONE_TO_TWO])
    before = registry.get('one')
    site.install('imbi-plugin-two')
    registry.reload()
    assert registry.get('one').lifted is before.lifted
    assert registry.get('two').lifted is not None
    site.install(version='2.0')
    registry.reload()
    after = registry.get('one')
    assert after.lifted is not before.lifted
    assert after.serving().old.version == '2.0'
    assert before.serving().old.version == '1.0'


@pytest.mark.parametrize(
    ('adapters', 'words'),
    [
        ([ONE_TO_TWO, ONE_TO_TWO], 'given twice'),
        ([Adapter('logs', 2, 3, lift)], 'the newest that is served is 2'),
        ([Adapter('log', 1, 2, lift)], 'the newest that is served is none'),
    ],
)
def test_adapters_that_cannot_be_meant_are_an_error(
    site, later, adapters, words
):
    with pytest.raises(ValueError, match=words):
        site.registry(contracts=later, adapters=adapters)
    with pytest.raises(ValueError, match='one adapter per step'):
        Adapter('logs', 1, 3, lift)
