"""The laws of every method, on plugin types other than configuration."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import logging
import queue
import threading
from typing import ClassVar

import pydantic
import pytest

from imbi_plugin_sdk.context import LinkWriteback, PluginContext
from imbi_plugin_sdk.errors import PluginCredentialsMissing
from imbi_plugin_sdk.handlers.connection import ConnectionPlugin
from imbi_plugin_sdk.handlers.deployment import (
    Commit,
    CompareResult,
    DeploymentPlugin,
    DeploymentRun,
    Ref,
)
from imbi_plugin_sdk.handlers.identity import (
    AuthorizationRequest,
    IdentityCredentials,
    IdentityPlugin,
    IdentityProfile,
)
from imbi_plugin_sdk.handlers.lifecycle import (
    LifecyclePlugin,
    LifecycleResult,
    RelocationTarget,
)
from imbi_plugin_sdk.handlers.logs import (
    LogEntry,
    LogHistogramBucket,
    LogResult,
    LogsPlugin,
)
from imbi_plugin_sdk.handlers.webhook import (
    ActionDescriptor,
    WebhookActionPlugin,
)
from imbi_plugin_sdk.manifest import CredentialField, PluginManifest
from imbi_plugin_testkit.sandbox import BaseSandbox

EVERY = {'ASY001', 'ASY002', 'ASY003', 'SEC001'}
NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


@pytest.fixture
def judge(judge):
    """Judge by the laws that this file is about, unless told otherwise."""
    return functools.partial(judge, only=EVERY)


def manifest(plugin_type, *names, **facts):
    return PluginManifest(
        slug=f'made-up-{plugin_type}',
        name='Made up',
        plugin_type=plugin_type,
        credentials=[CredentialField(name=name, label=name) for name in names],
        **facts,
    )


def need(credentials, *names):
    for name in names or ('api_key',):
        if not credentials.get(name, '').strip():
            raise PluginCredentialsMissing(name)


class Gives(BaseSandbox):
    """Gives random credentials, and examples where a test adds them."""

    def __init__(self):
        super().__init__()
        self.credentials = {
            'api_key': 'k3y-' + 'x7' * 8,
            'client_id': 'imbi',
            'client_secret': 's3-' + 'y9' * 8,
        }


class Logs(LogsPlugin):
    manifest = manifest('logs', 'api_key')

    async def search(self, ctx, credentials, query):
        need(credentials)
        return LogResult(
            entries=[LogEntry(timestamp=NOW, message='m', raw={'at': NOW})]
        )

    async def schema(self, ctx, credentials):
        return [{'name': 'level', 'type': 'string'}]


def test_logs_pass_with_a_static_schema_and_no_histogram(judge):
    judgement = judge(Logs, sandbox=Gives)
    assert judgement.failed == set()
    assert set(judgement.findings) == EVERY


def test_a_zone_is_asked_for_inside_of_raw_data_too(judge):
    class Naive(Logs):
        async def search(self, ctx, credentials, query):
            found = await super().search(ctx, credentials, query)
            found.entries[0].raw['at'] = dt.datetime(2026, 1, 2)  # noqa: DTZ001
            return found

    judgement = judge(Naive, sandbox=Gives)
    assert judgement.failed == {'ASY002'}
    (finding,) = judgement.findings['ASY002']
    assert finding.path == "search().entries[0].raw['at']"


def test_an_optional_method_is_judged_where_it_is_implemented(judge):
    class Histogram(Logs):
        async def histogram(self, ctx, credentials, query, bucket_count=60):
            return [LogHistogramBucket(timestamp=NOW, count=bucket_count)]

    judgement = judge(Histogram, sandbox=Gives)
    assert judgement.failed == {'ASY003'}
    assert 'histogram succeeded' in judgement.told()


class Deploys(DeploymentPlugin):
    manifest = manifest('deployment', 'api_key')
    triggered = 0

    async def list_refs(self, ctx, credentials, kind='all', query=None):
        need(credentials)
        return [
            Ref(name='dev', kind='branch', sha='b' * 40),
            Ref(name='main', kind='default', sha='a' * 40, is_default=True),
        ]

    async def list_commits(self, ctx, credentials, ref, limit=25):
        need(credentials)
        assert ref == 'main'
        return [Commit(sha='a' * 40, short_sha='a' * 7, message='m')]

    async def resolve_committish(self, ctx, credentials, committish):
        return (await self.list_commits(ctx, credentials, committish))[0]

    async def compare(self, ctx, credentials, base, head):
        need(credentials)
        return CompareResult(base_sha=base, head_sha=head, ahead=0, behind=0)

    async def trigger_deployment(
        self, ctx, credentials, ref_or_sha, inputs=None
    ):
        need(credentials)
        type(self).triggered += 1
        return DeploymentRun(run_id='1')

    async def get_deployment_status(self, ctx, credentials, run_id):
        need(credentials)
        assert run_id == '1'
        return DeploymentRun(run_id=run_id)


def test_nothing_is_triggered_without_an_example(judge):
    Deploys.triggered = 0
    judgement = judge(Deploys, sandbox=Gives)
    assert judgement.failed == set()
    assert Deploys.triggered == 0
    (note,) = judgement.labs.notes['made-up', 'ASY001']
    assert 'trigger_deployment, get_deployment_status' in note


def test_with_examples_everything_is_called(judge):
    class Exemplary(Gives):
        examples: ClassVar = {
            'trigger_deployment': {'ref_or_sha': 'main'},
            'get_deployment_status': lambda: {'run_id': '1'},
        }

    Deploys.triggered = 0
    judgement = judge(Deploys, sandbox=Exemplary, only={'ASY002'})
    assert judgement.failed == set()
    assert Deploys.triggered == 1


def test_an_example_that_fails_is_the_sandboxs_fault(judge):
    class Faulty(Gives):
        examples: ClassVar = {'trigger_deployment': lambda: 1 / 0}

    judgement = judge(Deploys, sandbox=Faulty, only={'ASY002'})
    assert 'sandbox failed in examples' in judgement.untestable['ASY002']


def test_refs_that_are_none_are_no_fault_of_the_kit(judge):
    class Dicts(Deploys):
        async def list_refs(self, ctx, credentials, kind='all', query=None):
            need(credentials)
            return [{'name': 'main', 'kind': 'default', 'sha': 'a'}]

    judgement = judge(Dicts, sandbox=Gives)
    assert judgement.failed == {'ASY002'}
    assert 'where a Ref is declared' in judgement.told()
    assert 'no Ref to ask for' in judgement.untestable['ASY001']


class Signs(IdentityPlugin):
    manifest = manifest('identity', 'client_id', 'client_secret')

    async def authorization_request(
        self, ctx, credentials, redirect_uri, scopes=None
    ):
        need(credentials, 'client_id')
        return AuthorizationRequest(
            authorization_url='https://idp.example.com/auth?client_id='
            + credentials['client_id'],
            state='s',
        )

    async def exchange_code(
        self, ctx, credentials, code, redirect_uri, code_verifier=None
    ):
        need(credentials, 'client_id', 'client_secret')
        return (
            IdentityProfile(subject='1'),
            IdentityCredentials(access_token=credentials['client_secret']),
        )

    async def refresh(self, ctx, credentials, refresh_token):
        need(credentials, 'client_id', 'client_secret')
        return IdentityCredentials(access_token='t')


class WithCodes(Gives):
    """Gives a fresh code for every call."""

    codes = 0

    def __init__(self):
        super().__init__()
        self.examples = {
            'exchange_code': self.code,
            'refresh': {'refresh_token': 'r'},
        }

    async def code(self):
        self.codes += 1
        return {'code': str(self.codes), 'redirect_uri': 'https://x.example'}


def test_a_client_id_may_be_said_and_a_token_is_a_declared_secret(judge):
    judgement = judge(Signs, sandbox=WithCodes)
    assert judgement.failed == set(), judgement.told()


def test_a_tuple_is_judged_by_its_parts(judge):
    class Swaps(Signs):
        async def exchange_code(self, *args, **kwargs):
            profile, tokens = await super().exchange_code(*args, **kwargs)
            return tokens, profile

    judgement = judge(Swaps, sandbox=WithCodes)
    assert judgement.failed == {'ASY002'}


def test_a_secret_in_a_url_that_is_returned_is_found(judge):
    class Leaks(Signs):
        async def authorization_request(self, ctx, credentials, *args, **kw):
            found = await super().authorization_request(
                ctx, credentials, *args, **kw
            )
            found.authorization_url += '&s=' + credentials['client_secret']
            return found

    judgement = judge(Leaks, sandbox=WithCodes, only={'SEC001'})
    assert 'a URL in the result' in judgement.told()


def test_credentials_that_could_be_met_by_accident_are_no_proof(judge):
    class Plain(Gives):
        def __init__(self):
            super().__init__()
            self.credentials['api_key'] = 'testing'

    judgement = judge(Logs, sandbox=Plain)
    assert judgement.failed == set()
    assert "'api_key' a value that could" in judgement.untestable['SEC001']


class Follows(LifecyclePlugin):
    manifest = manifest('lifecycle', 'api_key')

    async def on_project_archived(self, ctx, credentials):
        need(credentials)
        ctx.link_writeback = LinkWriteback(link_key='docs', new_url='x')
        return LifecycleResult(status='ok')


def test_without_examples_a_lifecycle_plugin_is_untestable(judge):
    judgement = judge(Follows, sandbox=Gives)
    assert set(judgement.untestable) == EVERY
    assert (
        'examples` for on_project_archived' in judgement.untestable['ASY001']
    )


def test_write_backs_are_no_change_and_pure_methods_need_nothing(judge):
    class Relocates(Follows):
        async def resolve_relocation_target(self, ctx, credentials):
            return RelocationTarget(link_key='docs', identifier='i')

    class Archives(Gives):
        examples: ClassVar = {'on_project_archived': {}}

    judgement = judge(Relocates, sandbox=Archives)
    assert judgement.failed == set(), judgement.told()
    assert not judgement.untestable


class Settings(pydantic.BaseModel):
    """The settings of the action below."""

    model_config = pydantic.ConfigDict(extra='forbid')


async def notify(
    *,
    ctx: PluginContext,
    credentials,
    external_identifier,
    action_config,
    event,
):
    need(credentials)


async def consume(*, event, **given):
    event.clear()
    await notify(event=event, **given)


class Acts(WebhookActionPlugin):
    manifest = manifest('webhook', 'api_key')
    action = notify

    @classmethod
    def actions(cls):
        return [
            ActionDescriptor.model_construct(
                name='notify',
                label='Notify',
                callable=vars(cls).get('action', notify),
                config_model=Settings,
            )
        ]


def test_an_action_is_called_where_there_is_an_example(judge):
    class Delivers(Gives):
        examples: ClassVar = {
            'notify': lambda: {
                'external_identifier': 'x',
                'action_config': Settings(),
                'event': {'id': 1},
            }
        }

    judgement = judge(Acts, sandbox=Delivers)
    assert judgement.failed == set(), judgement.told()
    assert not judgement.untestable
    assert set(judge(Acts, sandbox=Gives).untestable) == EVERY

    class Consumes(Acts):
        action = consume

    judgement = judge(Consumes, sandbox=Delivers)
    assert judgement.failed == {'ASY001'}
    assert "notify changed its argument event['id']" in judgement.told()


def test_actions_that_raise_are_no_fault_of_the_kit(judge):
    class Raises(Acts):
        @classmethod
        def actions(cls):
            raise KeyError('x')

    judgement = judge(Raises, sandbox=Gives)
    assert 'actions() raised KeyError' in judgement.untestable['ASY001']


def test_a_connection_has_no_methods_to_judge(judge):
    class Connects(ConnectionPlugin):
        manifest = manifest('connection', 'api_key')

    judgement = judge(Connects, sandbox=Gives)
    assert judgement.findings == {}
    assert judgement.untestable == {}


def test_without_required_credentials_none_can_be_missing(judge):
    class Free(Logs):
        manifest = manifest('logs')

        async def search(self, ctx, credentials, query):
            return LogResult(entries=[])

    assert set(judge(Free, sandbox=Gives).findings) == {'ASY001', 'ASY002'}


@pytest.mark.parametrize(
    ('result', 'message'),
    [
        (None, 'instance of LogResult'),
        ([], 'instance of LogResult'),
        (LogResult.model_construct(entries=None), 'valid list'),
        (LogResult.model_construct(), 'field required'),
        (LogResult(entries=[]).model_copy(update={'total': '3'}), 'integer'),
        ({'entries': []}, 'where a LogResult is declared'),
    ],
)
def test_a_result_that_is_not_the_declared_model_is_told(
    judge, result, message
):
    class Odd(Logs):
        async def search(self, ctx, credentials, query):
            need(credentials)
            return result

    judgement = judge(Odd, sandbox=Gives)
    assert judgement.failed == {'ASY002'}
    assert message in judgement.told()


LOGGER = logging.getLogger('made_up.server')


class Serves(Gives):
    """Has a server in a thread and one in a task; both log what they get."""

    def __init__(self):
        super().__init__()
        self.asked = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self):
        while (asked := self.asked.get()) is not None:
            LOGGER.debug('got %s', asked[0])
            asked[1].set()

    async def __aenter__(self):
        Asks.server = self
        self.thread.start()
        self.tasks = asyncio.Queue()
        self.task = asyncio.create_task(self.serve_here())
        return self

    async def serve_here(self):
        while True:
            key, done = await self.tasks.get()
            LOGGER.debug('got %s', key)
            done.set()

    async def __aexit__(self, *error):
        self.asked.put(None)
        self.task.cancel()


class Asks(Logs):
    server: ClassVar = None

    async def search(self, ctx, credentials, query):
        need(credentials)
        await self.ask(credentials['api_key'])
        return LogResult(entries=[])


class AsksTheThread(Asks):
    async def ask(self, key):
        done = threading.Event()
        self.server.asked.put((key, done))
        done.wait(5)


class AsksTheTask(Asks):
    async def ask(self, key):
        done = asyncio.Event()
        self.server.tasks.put_nowait((key, done))
        await done.wait()


class LogsInAThread(Asks):
    async def ask(self, key):
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, LOGGER.debug, 'is %s', key)


@pytest.mark.parametrize(
    ('handler', 'failed'),
    [
        (AsksTheThread, set()),
        (AsksTheTask, set()),
        (LogsInAThread, {'SEC001'}),
    ],
)
def test_what_the_sandboxs_server_logs_is_not_the_plugins(
    judge, handler, failed
):
    judgement = judge(handler, sandbox=Serves, only={'SEC001'})
    assert judgement.failed == failed, judgement.told()
