"""The lock of the contracts: its diff, its variance, and its guard."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import inspect
import json
import os
import subprocess
import sys
import typing

import pytest

import imbi_plugin_sdk as sdk
from imbi_plugin_sdk.contract import CONTRACTS, methods, methods_of
from imbi_plugin_sdk.contract_lock import (
    RULES,
    SEVERITIES,
    build_lock,
    check_lock,
    diff_locks,
    lock_text,
    parse_lock,
    read_lock,
    write_lock,
)
from imbi_plugin_sdk.contract_lock._types import relation, spelled

LOCK = build_lock()
TYPES = tuple(CONTRACTS)


def edited(edit, lock=LOCK):
    new = copy.deepcopy(lock)
    edit(new)
    return new


def changes(edit):
    return diff_locks(LOCK, edited(edit))


def method(lock, plugin_type, name):
    return lock['contracts'][plugin_type]['methods'][name]


def field(lock, model, name):
    return lock['models'][model]['fields'][name]


def parameter(name, default=None, kind='positional_or_keyword'):
    data = {'name': name, 'kind': kind, 'type': 'str'}
    return data if default is None else {**data, 'default': default}


# --- the lock itself ---------------------------------------------------


def test_the_committed_lock_is_true():
    problems = check_lock()
    assert not problems, '\n'.join(map(str, problems))


def test_the_committed_lock_is_canonical():
    assert lock_text(read_lock()) == lock_text(LOCK)
    assert json.loads(lock_text(LOCK)) == LOCK


def test_the_lock_is_the_same_in_every_process():
    code = (
        f'import sys; sys.path[:0] = {sys.path!r}\n'
        'from imbi_plugin_sdk.contract_lock import build_lock, lock_text\n'
        'sys.stdout.write(lock_text(build_lock()))'
    )
    for seed in ('1', '2'):
        done = subprocess.run(
            [sys.executable, '-c', code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, 'PYTHONHASHSEED': seed},
        )
        assert done.stdout == lock_text(LOCK)


def test_every_method_and_every_model_is_in_it():
    for plugin_type in TYPES:
        locked = LOCK['contracts'][plugin_type]
        assert set(locked['methods']) == set(methods(plugin_type))
        assert set(locked['reaches']) <= set(LOCK['models'])
    logs = LOCK['contracts']['logs']['reaches']
    assert logs['LogQuery'] == logs['LogFilter'] == ['host_to_plugin']
    assert logs['LogEntry'] == ['plugin_to_host']
    assert logs['PluginManifest'] == ['plugin_to_host']
    identity = LOCK['contracts']['identity']['reaches']
    assert len(identity['IdentityCredentials']) == 2


def test_side_channels_of_the_context_run_the_other_way():
    for plugin_type in set(TYPES) - {'connection'}:
        reaches = LOCK['contracts'][plugin_type]['reaches']
        assert reaches['PluginContext'] == ['host_to_plugin']
        assert reaches['ServiceWriteback'] == ['plugin_to_host']


def test_the_documented_keywords_are_in_it():
    locked = LOCK['contracts']['webhook']['callables']
    assert [one['name'] for one in locked['WebhookActionCallable']] == [
        'ctx',
        'credentials',
        'external_identifier',
        'action_config',
        'event',
    ]


def test_defaults_and_requiredness_are_in_it():
    assert 'default' not in field(LOCK, 'LogQuery', 'start_time')
    assert field(LOCK, 'LogQuery', 'limit')['default'] == 100
    assert field(LOCK, 'LogQuery', 'cursor')['default'] is None
    assert field(LOCK, 'PluginManifest', 'lifecycle_events')['default'] == [
        'archived',
        'unarchived',
    ]
    histogram = method(LOCK, 'logs', 'histogram')
    assert histogram['parameters'][-1]['default'] == 60
    assert histogram['default'] == 'answers'
    create = method(LOCK, 'deployment', 'create_tag')
    assert create['default'] == 'raises'


def test_the_slugs_of_the_catalog_are_in_it():
    assert LOCK['slugs']['imbi-plugin-ssm'] == ['aws-parameter-store']


# --- the six historical breaks -----------------------------------------


def keyword_argument_added(lock):
    method(lock, 'logs', 'search')['parameters'].append(
        parameter('tenant', 'default', 'keyword_only')
    )


def abstract_method_replaced(lock):
    own = lock['contracts']['configuration']['methods']
    own['fetch_values'] = own.pop('get_values')


def model_removed_and_context_field_renamed(lock):
    del lock['models']['ServiceConnection']
    fields = lock['models']['PluginContext']['fields']
    del fields['service_connections']
    fields['third_party_slug'] = fields.pop('third_party_service_slug')


def keyword_of_a_callable_renamed(lock):
    found = lock['contracts']['webhook']['callables']['WebhookActionCallable']
    found[-1]['name'] = 'payload'


def plugin_type_added(lock):
    lock['contracts']['metrics'] = copy.deepcopy(lock['contracts']['logs'])
    locked = field(lock, 'PluginManifest', 'plugin_type')
    locked['type'] = locked['type'].replace("'logs'", "'logs', 'metrics'")


def slug_renamed(lock):
    lock['slugs']['imbi-plugin-ssm'] = ['ssm']


@pytest.mark.parametrize(
    ('edit', 'expected'),
    [
        (
            keyword_argument_added,
            {('breaking', 'parameter_added', 'search(tenant)')},
        ),
        (
            abstract_method_replaced,
            {
                ('breaking', 'method_removed', 'get_values()'),
                ('breaking', 'method_added_required', 'fetch_values()'),
            },
        ),
        (
            model_removed_and_context_field_renamed,
            {
                ('breaking', 'model_removed', 'ServiceConnection'),
                (
                    'breaking',
                    'received_field_removed',
                    'PluginContext.service_connections',
                ),
                (
                    'breaking',
                    'received_field_renamed',
                    'PluginContext.third_party_service_slug',
                ),
            },
        ),
        (
            keyword_of_a_callable_renamed,
            {
                (
                    'breaking',
                    'keyword_renamed',
                    'WebhookActionCallable(event)',
                )
            },
        ),
        (
            plugin_type_added,
            {
                ('minor', 'type_added', "plugin type 'metrics'"),
                ('minor', 'supplied_wider', 'PluginManifest.plugin_type'),
            },
        ),
        (
            slug_renamed,
            {
                (
                    'breaking',
                    'slug_renamed',
                    'imbi-plugin-ssm#aws-parameter-store',
                )
            },
        ),
    ],
    ids=lambda value: getattr(value, '__name__', ''),
)
def test_how_the_contract_broke_before_is_caught(edit, expected):
    found = {(one.severity, one.code, one.path) for one in changes(edit)}
    assert found == expected
    assert 'lock_stale' in {one.code for one in check_lock(LOCK, edited(edit))}


# --- further edits, each with its own meaning --------------------------

READ = ('identity', 'materialize')


def _set(target, **facts):
    target.update(facts)


def _unset(target, name):
    del target[name]


def to_method(plugin_type, name, /, **facts):
    return lambda lock: method(lock, plugin_type, name).update(facts)


def to_argument(index, plugin_type, name, /, **facts):
    return lambda lock: method(lock, plugin_type, name)['parameters'][
        index
    ].update(facts)


def to_field(model='LogResult', name='total', /, **facts):
    return lambda lock: field(lock, model, name).update(facts)


EDITS = [
    # methods
    (
        'method_added_optional',
        'minor',
        lambda lock: lock['contracts']['logs']['methods'].update(
            tail={**method(lock, 'logs', 'histogram')}
        ),
    ),
    (
        'method_now_required',
        'breaking',
        to_method('logs', 'histogram', required=True),
    ),
    (
        'method_now_optional',
        'minor',
        to_method('logs', 'schema', required=False),
    ),
    (
        'method_kind',
        'breaking',
        to_method('webhook', 'actions', kind='coroutine'),
    ),
    (
        'method_default_lost',
        'breaking',
        to_method('logs', 'histogram', default='raises'),
    ),
    (
        'method_default_gained',
        'minor',
        to_method('deployment', 'create_tag', default='answers'),
    ),
    # parameters
    (
        'parameter_added',
        'breaking',
        lambda lock: method(lock, 'logs', 'schema')['parameters'].append(
            parameter('x')
        ),
    ),
    (
        'parameter_removed',
        'breaking',
        lambda lock: method(lock, 'deployment', 'compare')['parameters'].pop(),
    ),
    (
        'parameter_dropped',
        'minor',
        lambda lock: method(lock, 'logs', 'histogram')['parameters'].pop(),
    ),
    (
        'parameter_dropped',
        'minor',
        lambda lock: method(lock, *READ)['parameters'].pop(3),
    ),
    (
        'parameter_removed',
        'breaking',
        lambda lock: method(lock, 'deployment', 'list_refs')['parameters'].pop(
            2
        ),
    ),
    (
        'parameter_renamed',
        'breaking',
        to_argument(2, 'deployment', 'compare', name='first'),
    ),
    (
        'parameter_reordered',
        'breaking',
        lambda lock: method(lock, 'deployment', 'compare')[
            'parameters'
        ].reverse(),
    ),
    (
        'parameter_kind_widened',
        'breaking',
        to_argument(3, *READ, kind='positional_or_keyword'),
    ),
    (
        'parameter_kind_narrowed',
        'minor',
        to_argument(3, 'logs', 'histogram', kind='keyword_only'),
    ),
    (
        'parameter_default_added',
        'breaking',
        to_argument(3, 'deployment', 'compare', default='main'),
    ),
    (
        'parameter_default_removed',
        'minor',
        lambda lock: _unset(
            method(lock, 'logs', 'histogram')['parameters'][3], 'default'
        ),
    ),
    (
        'parameter_default_changed',
        'breaking',
        to_argument(3, 'logs', 'histogram', default=30),
    ),
    # types that the host supplies
    (
        'received_wider',
        'breaking',
        to_argument(3, 'logs', 'histogram', type='int | None'),
    ),
    (
        'received_narrower',
        'minor',
        to_argument(2, 'configuration', 'get_values', type='list[str]'),
    ),
    (
        'received_wider',
        'breaking',
        lambda lock: _set(
            field(lock, 'LogFilter', 'op'),
            type=field(lock, 'LogFilter', 'op')['type'].replace(
                "'eq'", "'eq', 'gt'"
            ),
        ),
    ),
    (
        'received_narrower',
        'minor',
        to_field('LogFilter', 'op', type="Literal['eq']"),
    ),
    ('received_other', 'breaking', to_field('LogQuery', 'limit', type='str')),
    # types that the plugin supplies
    (
        'supplied_wider',
        'minor',
        to_method('deployment', 'resolve_committish', returns='Commit | None'),
    ),
    (
        'supplied_narrower',
        'breaking',
        to_method(
            'lifecycle',
            'resolve_relocation_target',
            returns='RelocationTarget',
        ),
    ),
    (
        'supplied_other',
        'breaking',
        to_method('logs', 'histogram', returns='LogResult'),
    ),
    (
        'supplied_wider',
        'minor',
        to_field(
            'LifecycleResult',
            'status',
            type="Literal['failed', 'later', 'ok', 'skipped']",
        ),
    ),
    (
        'supplied_narrower',
        'breaking',
        to_field('LifecycleResult', 'status', type="Literal['failed', 'ok']"),
    ),
    # fields
    (
        'received_field_added',
        'minor',
        lambda lock: lock['models']['PluginContext']['fields'].update(
            region={'type': 'str'}
        ),
    ),
    (
        'received_field_removed',
        'breaking',
        lambda lock: lock['models']['LogQuery']['fields'].pop('levels'),
    ),
    ('received_default', 'minor', to_field('LogQuery', 'limit', default=50)),
    (
        'received_now_required',
        'minor',
        lambda lock: _unset(field(lock, 'LogQuery', 'limit'), 'default'),
    ),
    (
        'received_now_optional',
        'patch',
        to_field('LogFilter', 'value', default=''),
    ),
    (
        'received_constraint',
        'minor',
        to_field('LogQuery', 'limit', constraints={'ge': 1}),
    ),
    (
        'supplied_field_added_required',
        'breaking',
        lambda lock: lock['models']['LogEntry']['fields'].update(
            host={'type': 'str'}
        ),
    ),
    (
        'supplied_field_added',
        'minor',
        lambda lock: lock['models']['LogEntry']['fields'].update(
            host={'type': 'str', 'default': ''}
        ),
    ),
    (
        'supplied_field_removed',
        'breaking',
        lambda lock: lock['models']['LogEntry']['fields'].pop('level'),
    ),
    (
        'supplied_field_renamed',
        'breaking',
        lambda lock: lock['models']['Commit']['fields'].update(
            title=lock['models']['Commit']['fields'].pop('message')
        ),
    ),
    (
        'supplied_now_required',
        'breaking',
        lambda lock: _unset(field(lock, 'LogEntry', 'level'), 'default'),
    ),
    (
        'supplied_now_optional',
        'minor',
        to_field('LogEntry', 'message', default=''),
    ),
    (
        'supplied_default',
        'breaking',
        to_field('PluginManifest', 'cacheable', default=False),
    ),
    (
        'supplied_constraint_added',
        'breaking',
        to_field('LogEntry', 'message', constraints={'min_length': 1}),
    ),
    (
        'supplied_constraint_removed',
        'minor',
        lambda lock: _unset(
            field(lock, 'ActionDescriptor', 'label'), 'constraints'
        ),
    ),
    (
        'supplied_constraint_changed',
        'breaking',
        to_field('ActionDescriptor', 'label', constraints={'min_length': 2}),
    ),
    (
        'field_turned',
        'breaking',
        lambda lock: _unset(
            field(lock, 'PluginContext', 'link_writeback'), 'written_back'
        ),
    ),
    # both ways: the strictest counts
    (
        'supplied_field_added_required',
        'breaking',
        lambda lock: lock['models']['IdentityCredentials']['fields'].update(
            tenant={'type': 'str'}
        ),
    ),
    # what the context's side channels carry, the plugin supplies
    (
        'supplied_now_required',
        'breaking',
        lambda lock: _unset(
            field(lock, 'ServiceWriteback', 'remove'), 'default'
        ),
    ),
    (
        'supplied_narrower',
        'breaking',
        to_field(
            'PluginContext', 'service_writeback', type='ServiceWriteback'
        ),
    ),
    # models
    (
        'model_closed',
        'breaking',
        lambda lock: _set(lock['models']['LogResult'], extra='forbid'),
    ),
    (
        'model_extra_dropped',
        'breaking',
        lambda lock: _set(lock['models']['LogEntry'], extra='ignore'),
    ),
    (
        'model_opened',
        'minor',
        lambda lock: _set(lock['models']['LogResult'], extra='allow'),
    ),
    (
        'model_frozen',
        'breaking',
        lambda lock: _set(lock['models']['PluginContext'], frozen=True),
    ),
    (
        'model_thawed',
        'minor',
        lambda lock: _set(lock['models']['PluginManifest'], frozen=False),
    ),
    ('model_removed', 'breaking', lambda lock: lock['models'].pop('LogQuery')),
    # callables, flags, hooks
    (
        'callable_added',
        'minor',
        lambda lock: lock['contracts']['logs']['callables'].update(Sink=[]),
    ),
    (
        'callable_removed',
        'breaking',
        lambda lock: lock['contracts']['webhook']['callables'].clear(),
    ),
    (
        'keyword_added',
        'breaking',
        lambda lock: lock['contracts']['webhook']['callables'][
            'WebhookActionCallable'
        ].append({'name': 'headers', 'type': 'dict[str, str]'}),
    ),
    (
        'keyword_removed',
        'breaking',
        lambda lock: lock['contracts']['webhook']['callables'][
            'WebhookActionCallable'
        ].pop(),
    ),
    (
        'capability_added',
        'minor',
        lambda lock: lock['contracts']['logs']['capabilities'].update(
            supports_tail=['tail']
        ),
    ),
    (
        'capability_removed',
        'breaking',
        lambda lock: lock['contracts']['logs']['capabilities'].clear(),
    ),
    (
        'capability_grown',
        'breaking',
        lambda lock: lock['contracts']['logs']['capabilities'][
            'supports_histogram'
        ].append('schema'),
    ),
    (
        'capability_shrunk',
        'minor',
        lambda lock: lock['contracts']['lifecycle']['capabilities'][
            'supports_lifecycle_sync'
        ].pop(),
    ),
    (
        'hook_added',
        'minor',
        lambda lock: lock['contracts']['lifecycle']['hooks'].update(
            renamed='on_project_renamed'
        ),
    ),
    (
        'hook_removed',
        'breaking',
        lambda lock: lock['contracts']['lifecycle']['hooks'].pop('deleted'),
    ),
    (
        'hook_moved',
        'breaking',
        lambda lock: lock['contracts']['lifecycle']['hooks'].update(
            deleted='on_project_archived'
        ),
    ),
    # types, versions, errors, slugs
    (
        'type_removed',
        'breaking',
        lambda lock: lock['contracts'].pop('incidents'),
    ),
    (
        'handler_renamed',
        'breaking',
        lambda lock: _set(lock['contracts']['logs'], handler='LogPlugin'),
    ),
    (
        'version_added',
        'patch',
        lambda lock: lock['contracts']['logs']['versions'].append('1.1'),
    ),
    (
        'version_removed',
        'breaking',
        lambda lock: _set(lock['contracts']['logs'], versions=['2.0']),
    ),
    (
        'deprecation_changed',
        'patch',
        lambda lock: lock['contracts']['logs']['deprecations'].append(
            {
                'since': '1.1',
                'removed_in': '2.0',
                'not_before': '2030-01-01',
            }
        ),
    ),
    (
        'error_added',
        'minor',
        lambda lock: lock['errors'].update(
            PluginBusy={'code': 'busy', 'status': 503}
        ),
    ),
    (
        'error_removed',
        'breaking',
        lambda lock: lock['errors'].pop('CursorExpiredError'),
    ),
    (
        'error_code',
        'minor',
        lambda lock: _set(
            lock['errors']['CursorExpiredError'], code='cursor_gone'
        ),
    ),
    (
        'error_status',
        'patch',
        lambda lock: _set(lock['errors']['CursorExpiredError'], status=400),
    ),
    (
        'error_parameters',
        'breaking',
        lambda lock: lock['errors']['PluginRateLimited']['parameters'].append(
            'scope'
        ),
    ),
    (
        'error_parameters_added',
        'minor',
        lambda lock: lock['errors']['PluginRateLimited']['parameters'].append(
            "scope=''"
        ),
    ),
    (
        'error_parameters',
        'breaking',
        lambda lock: lock['errors']['PluginRateLimited']['parameters'].insert(
            0, "scope=''"
        ),
    ),
    (
        'error_parameters',
        'breaking',
        lambda lock: _set(
            lock['errors']['CursorExpiredError'], parameters=["cursor=''"]
        ),
    ),
    (
        'error_parameters',
        'breaking',
        lambda lock: _unset(lock['errors']['PluginRateLimited'], 'parameters'),
    ),
    (
        'slug_added',
        'patch',
        lambda lock: lock['slugs']['imbi-plugin-ssm'].append('aws-secrets'),
    ),
    (
        'slug_removed',
        'breaking',
        lambda lock: lock['slugs'].pop('imbi-plugin-oidc'),
    ),
    ('format_changed', 'patch', lambda lock: _set(lock, format_version=2)),
    ('unclassified', 'breaking', lambda lock: _set(lock, something='new')),
]


@pytest.mark.parametrize(
    ('code', 'severity', 'edit'),
    EDITS,
    ids=[f'{number}-{code}' for number, (code, _, _) in enumerate(EDITS)],
)
def test_an_edit_has_its_meaning(code, severity, edit):
    found = changes(edit)
    assert (severity, code) in {(one.severity, one.code) for one in found}
    assert max(SEVERITIES.index(one.severity) for one in found) == (
        SEVERITIES.index(severity)
    ), [str(one) for one in found]


def test_every_rule_has_an_edit_that_meets_it():
    historical = {
        'keyword_renamed',
        'method_removed',
        'slug_renamed',
        'method_added_required',
        'type_added',
        'received_field_renamed',
    }
    elsewhere = {  # below, and in test_contract_lock_edits.py
        'deprecation_hastened',
        'field_alias',
        'keywords_reordered',
        'parameter_respelled',
        'received_constraint_loosened',
        'supplied_constraint_loosened',
        'type_respelled',
    }
    historical |= elsewhere
    assert {code for code, _, _ in EDITS} | historical == set(RULES)


def leaves(node, path=()):
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from leaves(value, (*path, index))
    else:
        yield path, node


def test_no_leaf_of_the_lock_changes_unseen():
    seen = 0
    for path, value in list(leaves(LOCK))[::3]:  # all take some seconds
        if 'reaches' in path:  # follows from all the rest
            continue
        new = copy.deepcopy(LOCK)
        node = new
        for part in path[:-1]:
            node = node[part]
        if isinstance(value, bool):
            node[path[-1]] = not value
        elif path[-1] == 'extra':
            node[path[-1]] = 'allow' if value != 'allow' else 'forbid'
        elif path[-1] in {'type', 'returns'}:
            node[path[-1]] = 'Unheard'
        elif path[-1] == 'kind' and value in {'coroutine', 'classmethod'}:
            node[path[-1]] = 'method'
        elif path[-1] == 'kind':
            node[path[-1]] = 'positional_only'
        elif 'versions' in path:
            node[path[-1]] = '9.9'
        else:
            node[path[-1]] = 'changed'
        found = diff_locks(LOCK, new)
        assert found, path
        assert 'unclassified' not in {one.code for one in found}, path
        seen += 1
    assert seen > 200


def test_a_shared_model_is_told_once_with_its_types():
    (one,) = changes(
        lambda lock: field(lock, 'PluginContext', 'org_slug').update(
            type='int'
        )
    )
    assert set(one.plugin_types) == set(TYPES) - {'connection'}


def test_changes_are_ordered_and_json_ready():
    found = changes(lambda lock: [edit(lock) for _, _, edit in EDITS[:6]])
    ranks = [SEVERITIES.index(one.severity) for one in found]
    assert ranks == sorted(ranks, reverse=True)
    data = [one.as_dict() for one in found]
    assert json.loads(json.dumps(data)) == data
    assert found == changes(
        lambda lock: [edit(lock) for _, _, edit in EDITS[:6]]
    )


def test_nothing_changed_is_no_change():
    assert diff_locks(LOCK, copy.deepcopy(LOCK)) == ()


# --- types -------------------------------------------------------------


@pytest.mark.parametrize(
    ('old', 'new', 'expected'),
    [
        ('str', 'str', 'same'),
        ('str', 'str | None', 'wider'),
        ('str | None', 'str', 'narrower'),
        ('str', 'int', 'other'),
        ('int', 'float', 'wider'),
        ('str', 'Any', 'wider'),
        ("Literal['a']", "Literal['a', 'b']", 'wider'),
        ("Literal['a']", 'str', 'wider'),
        ("Literal['a']", 'int', 'other'),
        ("Literal['a', 'b']", "Literal['b', 'c']", 'other'),
        ('list[str]', 'list[str | None]', 'wider'),
        ('dict[str, int]', 'dict[str, Any]', 'wider'),
        ('list[A] | None', 'list[A]', 'narrower'),
        ('tuple[A, B]', 'tuple[A]', 'other'),
        ('Callable[[str], A]', 'Callable[[int], A]', 'other'),
        ('bool', 'int', 'other'),
        ('Annotated', 'str', 'other'),
        ('int & str', 'int', 'other'),
        ('tuple', 'tuple[int]', 'other'),
    ],
)
def test_how_types_stand_to_each_other(old, new, expected):
    assert relation(old, new) == expected


@pytest.mark.parametrize(
    ('annotation', 'expected'),
    [
        (None, 'None'),
        (typing.Optional[str], 'str | None'),  # noqa: UP045  the old spelling
        (int | None | str, 'int | str | None'),
        (typing.Literal['b', 'a'], "Literal['a', 'b']"),
        (dict[str, typing.Any], 'dict[str, Any]'),
        (typing.List[dt.datetime], 'list[datetime]'),  # noqa: UP006  as above
        (type[sdk.ConfigKey], 'type[ConfigKey]'),
        (tuple[int, ...], 'tuple[int, ...]'),
        (typing.Annotated[str, 'x'], 'str'),
        (
            typing.Callable[[str], typing.Awaitable[None]],
            'Callable[[str], Awaitable[None]]',
        ),
    ],
)
def test_equal_types_are_spelled_alike(annotation, expected):
    assert spelled(annotation) == expected


# --- the guard ---------------------------------------------------------


def bump(lock, plugin_type, *versions):
    lock['contracts'][plugin_type]['versions'] = list(versions)


def breaking(lock):
    method(lock, 'logs', 'schema')['parameters'].append(parameter('x'))


def minor(lock):
    lock['models']['LogQuery']['fields']['tenant'] = {'type': 'str'}


@pytest.mark.parametrize(
    ('edit', 'versions', 'expected'),
    [
        (breaking, ['1.0'], {'lock_stale', 'major_missing'}),
        (breaking, ['1.0', '1.1'], {'lock_stale', 'major_missing'}),
        (breaking, ['1.0', '2.0'], {'lock_stale'}),
        (minor, ['1.0'], {'lock_stale', 'minor_missing'}),
        (minor, ['1.0', '1.1'], {'lock_stale'}),
        (minor, ['1.0', '2.0'], {'lock_stale'}),
        (lambda lock: None, ['1.0', '1.1'], {'lock_stale'}),
        (lambda lock: None, ['1.0'], set()),
    ],
)
def test_a_change_needs_its_version(edit, versions, expected):
    new = edited(edit)
    bump(new, 'logs', *versions)
    problems = check_lock(LOCK, new)
    assert {one.code for one in problems} == expected
    for one in problems[1:]:
        assert one.path == 'logs'


def test_a_change_of_a_shared_model_needs_a_version_of_every_type():
    new = edited(
        lambda lock: lock['models']['PluginManifest']['fields'].update(
            extra={'type': 'str', 'default': ''}
        )
    )
    missing = {one.path for one in check_lock(LOCK, new)[1:]}
    assert missing == set(TYPES)


def test_a_new_plugin_type_needs_no_version_of_the_others():
    new = edited(plugin_type_added)
    assert [one.code for one in check_lock(LOCK, new)] == ['lock_stale']


@pytest.mark.parametrize(
    'edit', [slug_renamed, lambda lock: lock['slugs'].clear()]
)
def test_no_version_mends_a_lost_slug(edit):
    new = edited(edit)
    for plugin_type in TYPES:
        bump(new, plugin_type, '1.0', '2.0')
    assert 'slug_lost' in {one.code for one in check_lock(LOCK, new)}


def test_a_deprecated_version_may_go_when_it_was_announced():
    old = edited(
        lambda lock: lock['contracts']['logs'].update(
            versions=['1.0', '2.0'],
            deprecations=[
                {
                    'since': '2.0',
                    'removed_in': '2.1',
                    'not_before': '2026-05-01',
                }
            ],
        )
    )
    gone = edited(lambda lock: bump(lock, 'logs', '2.1'), old)
    assert [one.code for one in check_lock(old, gone)] == [
        'lock_stale',
        'major_missing',  # 2.0 was not announced
    ]
    gone = edited(lambda lock: bump(lock, 'logs', '2.0', '2.1'), old)
    day = dt.date(2026, 5, 1)
    assert [one.code for one in check_lock(old, gone, today=day)] == [
        'lock_stale'
    ]
    before = day - dt.timedelta(days=1)
    assert [one.code for one in check_lock(old, gone, today=before)] == [
        'lock_stale',
        'major_missing',
    ]
    early = edited(lambda lock: bump(lock, 'logs', '2.0'), old)
    assert 'major_missing' in {one.code for one in check_lock(old, early)}


def announced(lock, removed_in='3.0', not_before='2030-01-01', since='2.0'):
    lock['contracts']['logs'].update(
        versions=['1.0', '2.0'],
        deprecations=[
            {
                'since': since,
                'removed_in': removed_in,
                'not_before': not_before,
            }
        ],
    )


@pytest.mark.parametrize(
    ('facts', 'code'),
    [
        ({'not_before': '2029-12-31'}, 'deprecation_hastened'),
        ({'removed_in': '2.9'}, 'deprecation_hastened'),
        ({'removed_in': '2.10'}, 'deprecation_hastened'),
        ({'removed_in': '10.0'}, 'deprecation_changed'),
        ({'not_before': '2030-01-02'}, 'deprecation_changed'),
        ({'since': '1.9'}, 'deprecation_changed'),
    ],
)
def test_what_was_announced_comes_no_earlier(facts, code):
    old = edited(announced)
    new = edited(lambda lock: announced(lock, **facts))
    assert [one.code for one in diff_locks(old, new)] == [code]


def test_every_change_says_what_its_author_must_do():
    for code, rule in RULES.items():
        assert rule.fix.endswith('.'), code
        assert (rule.fix == 'Nothing.') is (
            rule.severity == 'patch' or code == 'error_code'
        )
    (one,) = changes(breaking)
    assert str(one) == (
        'breaking: schema(x) is new: older overrides raise TypeError when '
        'the host passes it [logs]. Fix: Take it, with the default of the '
        'contract.'
    )
    assert one.as_dict()['fix'] == one.fix


def test_the_message_of_a_stale_lock_says_what_changed_and_how_to_go_on():
    problem = check_lock(LOCK, edited(breaking))[0]
    assert 'schema(x) is new' in problem.message
    assert 'write_lock' in problem.fix


def test_the_lock_is_written_only_with_the_version(tmp_path):
    path = tmp_path / 'lock.json'
    path.write_text(
        lock_text(
            edited(
                lambda lock: (
                    _unset(field(lock, 'LogEntry', 'message'), 'type')
                    or field(lock, 'LogEntry', 'message').update(
                        type='str | None'
                    )
                )
            )
        ),
        'utf-8',
    )
    before = path.read_bytes()
    with pytest.raises(sdk.ContractError, match='major_missing'):
        write_lock(path)
    assert path.read_bytes() == before
    (change,) = write_lock(path, force=True)
    assert change.code == 'supplied_narrower'
    assert path.read_text('utf-8') == lock_text(LOCK)
    assert write_lock(path) == ()


def damaged(*path, value):
    """Return the text of a lock with one value exchanged."""
    lock = copy.deepcopy(LOCK)
    node = lock
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return json.dumps(lock)


SEARCH = ('contracts', 'logs', 'methods', 'search')
LIMIT = ('models', 'LogQuery', 'fields', 'limit')


@pytest.mark.parametrize(
    ('text', 'path', 'words'),
    [
        ('', '', 'no JSON'),
        ('{', '', 'no JSON'),
        (lock_text(LOCK)[:-40], '', 'no JSON'),
        ('[' * 100_000, '', 'no JSON'),
        ('1' * 5_000, '', 'no JSON'),
        ('\ufffd', '', 'no JSON'),
        ('{"models": 1, "models": 2}', '', "the key 'models' twice"),
        ('[]', '', 'no lock'),
        ('"format_version"', '', 'no lock'),
        ('{}', '', 'no lock'),
        ('{"format_version": 99}', 'format_version', 'is 99; this SDK reads'),
        ('{"format_version": true}', 'format_version', 'is True'),
        ('{"format_version": "1"}', 'format_version', "is '1'"),
        ('{"format_version": 1}', 'contracts', 'Field required'),
        (damaged('extra', value={}), 'extra', 'not permitted'),
        (damaged('models', value=[]), 'models', 'dictionary'),
        (
            damaged('contracts', 'logs', 'versions', value=[]),
            'contracts.logs.versions',
            'at least 1',
        ),
        (
            damaged('contracts', 'logs', 'versions', value=['1']),
            'contracts.logs.versions[0]',
            'pattern',
        ),
        (
            damaged('contracts', 'logs', 'deprecations', value=[{}]),
            'contracts.logs.deprecations[0].since',
            'required',
        ),
        (
            damaged(*SEARCH, 'kind', value=None),
            'contracts.logs.methods.search.kind',
            'string',
        ),
        (
            damaged(*SEARCH, 'required', value='yes'),
            'contracts.logs.methods.search.required',
            'boolean',
        ),
        (
            damaged(*SEARCH, 'parameters', 0, 'kind', value='any'),
            'contracts.logs.methods.search.parameters[0].kind',
            'positional_only',
        ),
        (
            damaged(*LIMIT, 'type', value='int |'),
            '.'.join((*LIMIT, 'type')),
            'type',
        ),
        (
            damaged(*LIMIT, 'type', value='Literal[f()]'),
            '.'.join((*LIMIT, 'type')),
            'the text of a type',
        ),
        (
            damaged(*LIMIT, 'type', value='(' * 5_000),
            '.'.join((*LIMIT, 'type')),
            'the text of a type',
        ),
        (
            damaged(*LIMIT, 'type', value=' | '.join(['int'] * 20_000)),
            '.'.join((*LIMIT, 'type')),
            'the text of a type',
        ),
        (
            damaged('models', 'LogQuery', 'extra', value='maybe'),
            'models.LogQuery.extra',
            'allow',
        ),
        (
            damaged(
                'contracts',
                'logs',
                'reaches',
                'Gone',
                value=['host_to_plugin'],
            ),
            'contracts.logs.reaches',
            "the model 'Gone'",
        ),
    ],
    ids=str,
)
def test_what_is_no_lock_is_refused(text, path, words):
    with pytest.raises(sdk.ContractError) as caught:
        parse_lock(text)
    assert {one.code for one in caught.value.problems} == {'lock_invalid'}
    told = [one for one in caught.value.problems if one.path == path]
    assert words in told[0].message
    assert told[0].fix
    assert len(str(caught.value)) < 6_000


def test_a_file_in_the_place_of_the_lock_is_not_overwritten(tmp_path):
    path = tmp_path / 'lock.json'
    path.write_bytes(b'\xff\xfe')
    with pytest.raises(sdk.ContractError, match='lock_invalid'):
        write_lock(path, force=True)
    assert path.read_bytes() == b'\xff\xfe'


# --- real code, edited -------------------------------------------------


def test_an_edit_of_a_real_protocol_is_seen(monkeypatch):
    async def search(self, ctx, credentials, query, *, tenant=None):
        """Search."""

    original = sdk.LogsPlugin.search
    search.__annotations__ = {
        **original.__annotations__,
        'tenant': str,
    }
    search.__isabstractmethod__ = True
    monkeypatch.setattr(sdk.LogsPlugin, 'search', search)
    methods_of.cache_clear()
    try:
        new = build_lock()
    finally:
        monkeypatch.undo()
        methods_of.cache_clear()
    assert [one.code for one in diff_locks(LOCK, new)] == ['parameter_added']


def test_a_new_version_in_the_table_is_seen(monkeypatch):
    from imbi_plugin_sdk.contract_lock import _reading  # noqa: PLC0415

    table = dict(CONTRACTS)
    table['logs'] = dataclasses.replace(
        table['logs'], versions=((1, 0), (1, 1))
    )
    monkeypatch.setattr(_reading, 'CONTRACTS', table)
    (change,) = diff_locks(LOCK, build_lock())
    assert (change.code, change.plugin_types) == ('version_added', ('logs',))


def test_parameters_of_the_lock_are_those_of_the_signature():
    locked = method(LOCK, 'identity', 'materialize')['parameters']
    own = list(
        inspect.signature(sdk.IdentityPlugin.materialize).parameters.values()
    )[1:]
    assert [(one['name'], one['kind'].upper()) for one in locked] == [
        (one.name, one.kind.name) for one in own
    ]
