"""One call on one fresh handler: binding, results, retry, time."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import datetime as dt
import importlib
import json
import pickle
import pkgutil

import pydantic
import pytest

import imbi_plugin_sdk as sdk
from imbi_plugin_sdk.invocation import (
    ERROR_RESPONSES,
    InvocationError,
    PluginFailed,
    PluginMethodNotImplemented,
    PluginRaised,
    PluginResultInvalid,
    Renewed,
    _running,
    answer_to,
    invoke,
    invoke_action,
)

CONTEXT = sdk.PluginContext(project_id='1', project_slug='p', org_slug='o')
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
KEY = sdk.ConfigKey(key='a', data_type='string')


def manifest(plugin_type='configuration', **facts):
    return sdk.PluginManifest(
        slug='made-up', name='Made up', plugin_type=plugin_type, **facts
    )


def handler(plugin_type='configuration', **methods):
    """Make a structural handler class; functions take what they want."""
    return type('MadeUp', (), {'manifest': manifest(plugin_type), **methods})


def returning(value, plugin_type='configuration', method='list_keys'):
    async def answer(self, ctx, credentials, **arguments):
        return value

    return handler(plugin_type, **{method: answer})


def call(entry, method='list_keys', credentials=None, arguments=None, **how):
    return asyncio.run(
        invoke(entry, method, CONTEXT, credentials or {}, arguments, **how)
    )


# --- the call ----------------------------------------------------------


def test_each_call_has_a_fresh_instance_and_its_own_credentials():
    seen = []

    class Store:
        manifest = manifest()

        async def list_keys(self, ctx, credentials):
            seen.append((self, ctx, credentials))
            credentials['token'] = 'changed'
            return []

    given = {'token': 'original'}
    call(Store, credentials=given)
    call(Store, credentials=given)
    (one, context, credentials), (other, _, again) = seen
    assert one is not other
    assert context is CONTEXT
    assert credentials is not again
    assert given == {'token': 'original'}


def test_an_entry_needs_a_handler_and_a_type_only():
    @dataclasses.dataclass(frozen=True)
    class Entry:
        handler: type
        plugin_type: str

    entry = Entry(returning([KEY]), 'configuration')
    assert call(entry) == [KEY]


def test_a_class_without_manifest_is_called_where_the_type_is_given():
    class Bare:
        async def list_keys(self, ctx, credentials):
            return []

    assert call(Bare, plugin_type='configuration') == []
    with pytest.raises(sdk.ContractError, match='Bare'):
        call(Bare)


def test_arguments_go_by_the_names_of_the_contract():
    class Logs:
        manifest = manifest('logs')

        async def histogram(self, ctx, credentials, query, bucket_count=60):
            return [sdk.LogHistogramBucket(timestamp=NOW, count=bucket_count)]

    query = sdk.LogQuery(start_time=NOW, end_time=NOW)
    counts = [
        call(Logs, 'histogram', arguments=arguments)[0].count
        for arguments in (
            {'query': query},
            {'bucket_count': 7, 'query': query},
        )
    ]
    assert counts == [60, 7]


def test_a_method_that_the_contract_has_not_comes_with_the_likely_one():
    with pytest.raises(InvocationError) as caught:
        call(handler(), 'list_kyes')
    (problem,) = caught.value.problems
    assert problem.code == 'method_unknown'
    assert "Did you mean 'list_keys'?" in problem.message
    assert 'set_value' in problem.fix


@pytest.mark.parametrize('name', ['__init__', 'manifest', '_store', ''])
def test_nothing_but_methods_of_the_contract_can_be_called(name):
    with pytest.raises(InvocationError):
        call(handler(_store=lambda *_: []), name)


def test_every_wrong_argument_is_told_at_once():
    with pytest.raises(InvocationError) as caught:
        call(handler(), 'set_value', arguments={'kee': 1, 'ctx': 2})
    codes = {(one.code, one.path) for one in caught.value.problems}
    assert codes == {
        ('argument_unknown', 'set_value(kee)'),
        ('argument_unknown', 'set_value(ctx)'),
        ('argument_missing', 'set_value(key)'),
        ('argument_missing', 'set_value(value)'),
    }
    assert "Did you mean 'key'?" in str(caught.value)


def test_an_argument_to_a_method_without_any_is_refused():
    with pytest.raises(InvocationError, match='no such parameter'):
        call(returning([]), arguments={'keys': []})


def test_a_plugin_type_that_nobody_knows_is_a_contract_error():
    with pytest.raises(sdk.ContractError, match='plugin_type_unknown'):
        call(handler(), plugin_type='configuratoin')


# --- optional methods --------------------------------------------------


def test_a_class_without_an_optional_method_has_the_contracts_default():
    logs = handler('logs')
    query = sdk.LogQuery(start_time=NOW, end_time=NOW)
    assert call(logs, 'histogram', arguments={'query': query}) == []
    tokens = sdk.IdentityCredentials(access_token='t')
    found = call(
        handler('identity'), 'materialize', arguments={'connection': tokens}
    )
    assert found is tokens


def test_the_default_of_remediate_names_the_plugin():
    with pytest.raises(sdk.PluginRemediationNotSupported) as caught:
        call(
            handler('analysis'), 'remediate', arguments={'remediation_id': 'x'}
        )
    assert caught.value.plugin_slug == 'made-up'


@pytest.mark.parametrize(
    'cls',
    [
        handler('lifecycle'),
        type(
            'Sub',
            (sdk.LifecyclePlugin,),
            {
                'manifest': manifest('lifecycle'),
                'on_project_archived': None,
            },
        ),
    ],
    ids=['structural', 'subclass'],
)
def test_an_optional_method_without_a_body_is_told_as_such(cls):
    with pytest.raises(PluginMethodNotImplemented) as caught:
        call(cls, 'on_project_created')
    assert isinstance(caught.value, NotImplementedError)
    assert caught.value.http_status == 501


def test_a_required_method_that_is_not_implemented_is_a_failure():
    async def list_keys(self, ctx, credentials):
        raise NotImplementedError

    with pytest.raises(PluginFailed, match='NotImplementedError'):
        call(handler(list_keys=list_keys))


# --- results -----------------------------------------------------------


def test_a_valid_result_is_handed_on_as_it_is():
    entry = sdk.LogEntry(timestamp=NOW, message='m', host='extra is kept')
    result = sdk.LogResult(entries=[entry])
    found = call(
        returning(result, 'logs', 'search'),
        'search',
        arguments={'query': None},
    )
    assert found is result
    assert found.entries[0] is entry


def test_dicts_become_the_models_of_the_contract():
    found = call(returning([{'key': 'a', 'data_type': 'string'}]))
    assert found == [KEY]
    assert type(found[0]) is sdk.ConfigKey


def test_a_subclass_comes_back_as_the_model_of_the_contract():
    class Own(sdk.ConfigKey):
        note: str = 'mine'

    (found,) = call(returning([Own(key='a', data_type='string')]))
    assert type(found) is sdk.ConfigKey


def test_a_list_stands_for_a_tuple():
    pair = [
        sdk.IdentityProfile(subject='s'),
        sdk.IdentityCredentials(access_token='t'),
    ]
    found = call(
        returning(pair, 'identity', 'exchange_code'),
        'exchange_code',
        arguments={'code': 'c', 'redirect_uri': 'https://a.example.com'},
    )
    assert type(found) is tuple
    assert found[0] is pair[0] or found[0] == pair[0]


def test_a_value_that_only_looks_equal_is_normalised():
    bucket = sdk.LogHistogramBucket.model_construct(
        timestamp=NOW, count=True, levels={'info': True}
    )
    (found,) = call(
        returning([bucket], 'logs', 'histogram'),
        'histogram',
        arguments={'query': None},
    )
    assert (type(found.count), type(found.levels['info'])) == (int, int)


@pytest.mark.parametrize(
    ('value', 'path'),
    [
        (None, 'list_keys()'),
        ({'key': 'a'}, 'list_keys()'),
        ([{'key': 'a'}], 'list_keys()[0].data_type'),
        ([KEY, 5], 'list_keys()[1]'),
        (
            [sdk.ConfigKey.model_construct(key=None, data_type='s')],
            'list_keys()[0].key',
        ),
        ([sdk.ConfigKey.model_construct(data_type='s')], 'list_keys()[0].key'),
        pytest.param(object(), 'list_keys()', id='an object'),
        (
            [KEY.model_copy(update={'secret': 'perhaps'})],
            'list_keys()[0].secret',
        ),
    ],
    ids=repr,
)
def test_a_result_that_breaks_the_contract_is_named_by_place(value, path):
    with pytest.raises(PluginResultInvalid) as caught:
        call(returning(value))
    assert [one.path for one in caught.value.problems] == [path]
    assert caught.value.__context__ is None


def test_a_model_that_was_changed_after_validation_is_judged_anew():
    key = sdk.ConfigKey(key='a', data_type='string')
    key.last_modified = 'yesterday'
    with pytest.raises(PluginResultInvalid, match='last_modified'):
        call(returning([key]))


def test_an_invalid_result_is_not_quoted():
    token = 'ghp_' + 'a1B2' * 9
    value = sdk.IdentityCredentials.model_construct(
        access_token=[token], expires_at=token
    )
    with pytest.raises(PluginResultInvalid) as caught:
        call(
            returning(value, 'identity', 'refresh'),
            'refresh',
            arguments={'refresh_token': 'r'},
        )
    assert len(caught.value.problems) == 2
    assert token not in str(caught.value)
    assert token not in repr(caught.value)


def test_a_result_that_contains_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(PluginResultInvalid, match='contains itself'):
        call(returning(loop, 'logs', 'schema'), 'schema')


def test_a_thousand_faults_are_not_a_thousand_lines():
    with pytest.raises(PluginResultInvalid) as caught:
        call(returning([5] * 1000))
    assert 1 < len(caught.value.problems) < 50


# --- cancellation and time ---------------------------------------------


def sleeping(seconds=60.0, *, swallow=0, record=None):
    async def list_keys(self, ctx, credentials):
        for _ in range(swallow):
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                continue
        try:
            await asyncio.sleep(seconds)
        finally:
            if record is not None:
                record.append('ended')
        return []

    return handler(list_keys=list_keys)


def test_a_call_that_takes_too_long_is_cancelled_and_ends_cleanly():
    record = []

    async def main():
        with pytest.raises(
            sdk.PluginTimeoutError, match=r'made-up\.list_keys'
        ) as caught:
            await invoke(
                sleeping(record=record), 'list_keys', CONTEXT, {}, timeout=0.01
            )
        assert record == ['ended']  # before the loop cancels what is left
        assert len(asyncio.all_tasks()) == 1
        return caught.value

    assert not hasattr(asyncio.run(main()), '__notes__')


def test_a_handler_that_swallows_cancellations_cannot_hold_the_host(
    monkeypatch,
):
    monkeypatch.setattr(_running, 'GRACE', 0.05)

    async def main():
        loop = asyncio.get_running_loop()
        started = loop.time()
        with pytest.raises(sdk.PluginTimeoutError) as caught:
            await invoke(
                sleeping(swallow=1), 'list_keys', CONTEXT, {}, timeout=0.01
            )
        return loop.time() - started, caught.value.__notes__

    seconds, notes = asyncio.run(main())
    assert seconds < 5
    assert 'left behind' in notes[0]


def test_no_deadline_where_none_is_asked_for():
    assert call(returning([]), timeout=None) == []


@pytest.mark.parametrize('seconds', [0, -1, float('nan'), float('inf')])
def test_a_deadline_is_a_positive_number(seconds):
    with pytest.raises(ValueError, match='timeout is'):
        call(returning([]), timeout=seconds)


def test_the_hosts_cancellation_arrives_untouched():
    record = []

    async def main():
        task = asyncio.create_task(
            invoke(sleeping(record=record), 'list_keys', CONTEXT, {})
        )
        await asyncio.sleep(0.01)
        task.cancel('shutting down')
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert record == ['ended']  # before the loop cancels what is left
        return caught.value.args, task.cancelled()

    assert asyncio.run(main()) == (('shutting down',), True)


def test_a_timeout_of_the_host_around_the_call_is_the_hosts():
    async def main():
        async with asyncio.timeout(0.01):
            await invoke(sleeping(), 'list_keys', CONTEXT, {})

    with pytest.raises(TimeoutError):
        asyncio.run(main())


def test_a_second_cancellation_does_not_wait_for_the_grace(monkeypatch):
    monkeypatch.setattr(_running, 'GRACE', 60)

    async def main():
        task = asyncio.create_task(
            invoke(sleeping(0.3, swallow=1), 'list_keys', CONTEXT, {})
        )
        await asyncio.sleep(0.01)
        task.cancel('first')
        await asyncio.sleep(0.01)
        task.cancel('second')
        started = asyncio.get_running_loop().time()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return (
            asyncio.get_running_loop().time() - started,
            caught.value.args,
        )

    seconds, args = asyncio.run(main())
    assert seconds < 0.2
    assert args == ('first',)


def test_a_cancellation_that_the_plugin_raises_is_the_plugins():
    async def list_keys(self, ctx, credentials):
        raise asyncio.CancelledError('mine')

    with pytest.raises(PluginFailed, match='CancelledError: mine'):
        call(handler(list_keys=list_keys))


def test_a_plugin_that_cancels_its_task_does_not_cancel_the_host():
    async def list_keys(self, ctx, credentials):
        asyncio.current_task().cancel()
        await asyncio.sleep(1)

    async def main():
        with pytest.raises(PluginFailed, match='CancelledError'):
            await invoke(
                handler(list_keys=list_keys), 'list_keys', CONTEXT, {}
            )
        return asyncio.current_task().cancelling()

    assert asyncio.run(main()) == 0


def test_context_variables_of_the_plugin_end_with_the_call():
    variable = contextvars.ContextVar('variable', default='hosts')

    async def list_keys(self, ctx, credentials):
        assert variable.get() == 'set by host'
        variable.set('plugins')
        return []

    async def main():
        variable.set('set by host')
        await invoke(handler(list_keys=list_keys), 'list_keys', CONTEXT, {})
        return variable.get()

    assert asyncio.run(main()) == 'set by host'


# --- refresh and retry -------------------------------------------------


def rejecting(*, until='new', calls=None):
    async def list_keys(self, ctx, credentials):
        if calls is not None:
            calls.append((dict(credentials), ctx.identity))
        if credentials.get('token') != until:
            raise sdk.PluginAuthenticationFailed(
                f'rejected {credentials.get("token")}'
            )
        return [KEY]

    return handler(list_keys=list_keys)


def test_rejected_credentials_are_renewed_once():
    calls = []

    async def renew(error):
        assert isinstance(error, sdk.PluginAuthenticationFailed)
        return Renewed(credentials={'token': 'new'})

    found = call(
        rejecting(calls=calls),
        credentials={'token': 'old'},
        on_authentication_failed=renew,
    )
    assert found == [KEY]
    assert [one['token'] for one, _ in calls] == ['old', 'new']


def test_a_renewed_context_reaches_the_handler_and_old_credentials_stay():
    calls = []
    identity = sdk.IdentityCredentials(access_token='t')

    async def renew(error):
        return Renewed(
            context=CONTEXT.model_copy(update={'identity': identity})
        )

    with pytest.raises(sdk.PluginAuthenticationFailed):
        call(
            rejecting(calls=calls),
            credentials={'token': 'old'},
            on_authentication_failed=renew,
        )
    assert calls == [({'token': 'old'}, None), ({'token': 'old'}, identity)]


def test_a_second_rejection_is_raised_and_shows_neither_secret():
    asked = []

    async def renew(error):
        asked.append(error)
        return Renewed(credentials={'token': 'second-secret'})

    with pytest.raises(sdk.PluginAuthenticationFailed) as caught:
        call(
            rejecting(),
            credentials={'token': 'first-secret'},
            on_authentication_failed=renew,
        )
    assert len(asked) == 1
    assert str(asked[0]) == str(caught.value) == 'rejected ***'


def test_a_renewal_that_gives_up_leaves_the_first_error():
    async def renew(error):
        return None

    with pytest.raises(sdk.PluginAuthenticationFailed):
        call(rejecting(), on_authentication_failed=renew)


def test_nothing_but_rejected_credentials_is_retried():
    async def renew(error):
        raise AssertionError('asked')

    async def list_keys(self, ctx, credentials):
        raise sdk.PluginUnavailableError('down')

    with pytest.raises(sdk.PluginUnavailableError, match='down'):
        call(handler(list_keys=list_keys), on_authentication_failed=renew)


def test_what_the_renewal_raises_is_the_hosts():
    async def renew(error):
        raise LookupError('vault')

    with pytest.raises(LookupError, match='vault'):
        call(rejecting(), on_authentication_failed=renew)


def test_what_the_host_gives_wrong_is_not_blamed_on_the_plugin():
    async def seven(error):
        return 7

    async def pairs(error):
        return Renewed(credentials=[1])

    with pytest.raises(TypeError, match=r'returned int; return Renewed\('):
        call(rejecting(), on_authentication_failed=seven)
    with pytest.raises(TypeError, match='of type list; give a mapping'):
        call(rejecting(), on_authentication_failed=pairs)
    with pytest.raises(TypeError, match='of type str; give a mapping'):
        call(rejecting(), credentials='token')


def test_the_deadline_spans_both_attempts_and_not_the_renewal():
    async def list_keys(self, ctx, credentials):
        await asyncio.sleep(0.15)
        if credentials['token'] == 'old':
            raise sdk.PluginAuthenticationFailed('rejected')
        return []

    async def renew(error):
        await asyncio.sleep(0.3)
        return Renewed(credentials={'token': 'new'})

    def made(seconds):
        return call(
            handler(list_keys=list_keys),
            credentials={'token': 'old'},
            timeout=seconds,
            on_authentication_failed=renew,
        )

    with pytest.raises(sdk.PluginTimeoutError, match=r'0\.2 s'):
        made(0.2)
    assert made(5) == []


def test_renewed_credentials_are_not_in_a_repr():
    assert 'sesame' not in repr(Renewed(credentials={'token': 'sesame'}))


# --- webhook actions ---------------------------------------------------


class ActionConfig(pydantic.BaseModel, extra='forbid'):
    channel: str


received = []


async def notify(
    *, ctx, credentials, external_identifier, action_config, event
):
    received.append((credentials, external_identifier, action_config, event))
    if event == 'fail':
        raise KeyError(credentials['token'])
    return 'ignored'


class Hooks(sdk.WebhookActionPlugin):
    manifest = manifest('webhook')

    @classmethod
    def actions(cls):
        here = ActionConfig.__module__
        return (
            [
                {
                    'name': 'notify',
                    'label': 'Notify',
                    'callable': notify,
                    'config_model': ActionConfig,
                }
            ]
            if here
            else []
        )


def act(action='notify', config=None, event=None):
    return asyncio.run(
        invoke_action(
            Hooks,
            action,
            CONTEXT,
            {'token': 'open-sesame'},
            external_identifier='42',
            action_config={'channel': 'ops'} if config is None else config,
            event=event,
        )
    )


def test_an_action_is_called_by_the_documented_keywords():
    received.clear()
    assert act(event={'a': 1}) is None
    assert received == [
        (
            {'token': 'open-sesame'},
            '42',
            ActionConfig(channel='ops'),
            {'a': 1},
        )
    ]


def test_an_instance_of_the_actions_model_is_handed_on():
    config = ActionConfig(channel='ops')
    received.clear()
    act(config=config)
    assert received[0][2] is config


def test_an_unknown_action_comes_with_the_likely_one():
    with pytest.raises(InvocationError, match="Did you mean 'notify'"):
        act('notfy')


def test_settings_that_do_not_fit_are_told_by_field():
    with pytest.raises(InvocationError) as caught:
        act(config={'chanel': 'ops'})
    assert [(one.code, one.path) for one in caught.value.problems] == [
        ('action_config_invalid', 'channel'),
        ('action_config_invalid', 'chanel'),
    ]


def test_what_an_action_raises_is_told_without_the_secret():
    with pytest.raises(
        PluginFailed, match=r'notify raised KeyError'
    ) as caught:
        act(event='fail')
    assert 'sesame' not in f'{caught.value!r}{caught.value.trace}'


def test_the_list_of_actions_can_be_called_too():
    found = call(Hooks, 'actions')
    assert [type(one) for one in found] == [sdk.ActionDescriptor]


# --- the table of answers ----------------------------------------------


def error_classes():
    """Import every module of the SDK, and list every error class in it."""
    for module in pkgutil.walk_packages(sdk.__path__, 'imbi_plugin_sdk.'):
        importlib.import_module(module.name)
    found, waiting = [], [sdk.PluginError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith('imbi_plugin_sdk.'):
            found.append(kind)
    return found


def test_every_error_has_its_row_and_every_row_its_error():
    classes = error_classes()
    assert {kind.code for kind in classes} == set(ERROR_RESPONSES)


def test_rows_and_classes_agree_on_the_status():
    differing = {
        kind.__name__: (kind.http_status, ERROR_RESPONSES[kind.code].status)
        for kind in error_classes()
        if kind.http_status != ERROR_RESPONSES[kind.code].status
    }
    assert not differing


def test_what_may_be_retried_later_says_when_and_nothing_else_does():
    for code, row in ERROR_RESPONSES.items():
        assert row.advice.endswith('.'), code
        if row.retry == 'later':
            assert row.headers == ('Retry-After',), code
        elif row.status != 503:
            assert not row.headers, code


@pytest.mark.parametrize(
    ('retry_at', 'seconds'),
    [
        (1_000.0, '0'),
        (1_000.2, '1'),
        (1_090, '90'),
        (900, '0'),
        (float('nan'), '30'),
        (float('inf'), '30'),
        (1e18, '86400'),
        (10**400, '86400'),
        (-(10**400), '0'),
        (float('-inf'), '30'),
        (True, '30'),
        ('soon', '30'),
        (None, '30'),
    ],
)
def test_retry_after_is_whole_seconds_that_make_sense(retry_at, seconds):
    answer = answer_to(sdk.PluginRateLimited(retry_at), now=1_000.0)
    assert (answer.status, answer.headers) == (429, {'Retry-After': seconds})


def test_an_answer_is_json_and_lists_the_problems():
    error = sdk.ManifestError(
        'x', [sdk.Problem('code', 'path', 'seen', 'mend')]
    )
    answer = answer_to(error)
    assert answer.status == 422
    assert json.loads(json.dumps(answer.body))['problems'] == [
        {'code': 'code', 'path': 'path', 'message': 'seen', 'fix': 'mend'}
    ]


def test_a_plugins_own_error_has_the_answer_of_its_base():
    class TooMany(sdk.PluginUnavailableError):
        code = 'too_many'

    answer = answer_to(TooMany('full'))
    assert (answer.status, answer.body['retry']) == (503, 'later')
    assert answer.body['code'] == 'too_many'
    assert answer.headers == {'Retry-After': '30'}


@pytest.mark.parametrize(
    'facts',
    [
        {'code': 7, 'http_status': 'x'},
        {'code': None, 'http_status': None},
        {'code': 'x' * 65, 'http_status': 10**30},
        {'code': property(lambda self: 1 / 0), 'http_status': 200},
        {'code': b'x', 'http_status': 399},
        {'code': [], 'http_status': 600},
        {'code': {}, 'http_status': True},
    ],
)
def test_what_no_host_can_send_is_that_of_the_base(facts):
    odd = type('Odd', (sdk.PluginUnavailableError,), facts)
    answer = answer_to(odd('full'))
    assert (answer.status, answer.body['code']) == (503, 'plugin_unavailable')
    assert answer.headers == {'Retry-After': '30'}
    assert json.loads(json.dumps(answer.body)) == answer.body


@pytest.mark.parametrize('status', [202, 400, 599])
def test_a_plugins_own_status_says_that_it_is_not_done(status):
    facts = {'code': 'x' * 64, 'http_status': status}
    odd = type('Odd', (sdk.PluginUnavailableError,), facts)
    answer = answer_to(odd('full'))
    assert (answer.status, answer.body['code']) == (status, 'x' * 64)


@pytest.mark.parametrize(
    'kind', [PluginRaised, PluginFailed, PluginMethodNotImplemented]
)
def test_the_errors_survive_pickling(kind):
    error = kind('slug', 'method', 'KeyError', 'text', 'trace')
    error.add_note('note')
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert (again.trace, again.__notes__) == ('trace', ['note'])
