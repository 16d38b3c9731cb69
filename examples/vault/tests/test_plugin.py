"""The plugin on a real server: what is there afterwards, and who did it."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from imbi_plugin_vault import VaultPlugin
from imbi_plugin_vault.kv import KeyValues
from imbi_plugin_vault.plugin import AT_ONCE, LARGEST

from imbi_plugin_sdk import ConfigValue
from tests.bao import MOUNT


def text(value, data_type='string', **facts):
    return ConfigValue(data_type=data_type, value=value, **facts)


async def put(sandbox, key, value, ctx=None):
    if isinstance(value, str):
        value = text(value)
    return await VaultPlugin().set_value(
        ctx or sandbox.context, sandbox.credentials, key, value
    )


async def got(sandbox, keys=None, ctx=None):
    found = await VaultPlugin().get_values(
        ctx or sandbox.context, sandbox.credentials, keys
    )
    return {item.key: item.value for item in found}


async def listed(sandbox, ctx=None):
    return await VaultPlugin().list_keys(
        ctx or sandbox.context, sandbox.credentials
    )


def test_a_key_is_a_secret_whose_fields_are_one_version(tell):
    async def story(sandbox):
        await put(sandbox, 'db/password', text('hunter2', 'secret'))
        path = f'{sandbox.folder(sandbox.context)}/db/password'
        body = sandbox.bao.must('GET', f'{MOUNT}/data/{path}')
        assert body['data']['data'] == {
            'value': 'hunter2',
            'data_type': 'secret',
            'secret': True,
        }
        assert body['data']['metadata']['version'] == 1
        assert body['data']['metadata']['custom_metadata'] is None

    tell(story)


def test_keys_are_found_at_every_depth_and_beside_folders(tell):
    async def story(sandbox):
        keys = ['a', 'a/b', 'a/b/c/d', 'ab', 'x/y/z', *map(str, range(20))]
        for key in keys:
            await put(sandbox, key, f'of {key}')
        assert await got(sandbox) == {key: f'of {key}' for key in keys}
        assert [item.key for item in await listed(sandbox)] == sorted(keys)

    tell(story)


def test_requests_are_made_some_at_once_and_not_all(tell, monkeypatch):
    async def story(sandbox):
        keys = [f'k{number}' for number in range(3 * AT_ONCE)]
        await sandbox.seed(
            sandbox.context, {key: text('value') for key in keys}
        )
        under_way, most = 0, 0
        read = KeyValues.read

        async def counted(self, path):
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            try:
                return await read(self, path)
            finally:
                under_way -= 1

        monkeypatch.setattr(KeyValues, 'read', counted)
        assert set(await got(sandbox)) == set(keys)
        assert most == AT_ONCE

    tell(story)


def test_the_time_is_that_of_the_newest_version(tell):
    async def story(sandbox):
        first = await put(sandbox, 'a', 'one')
        (item,) = await listed(sandbox)
        assert item == first
        assert item.last_modified.utcoffset() == dt.timedelta(0)
        second = await put(sandbox, 'a', 'two')
        (item,) = await listed(sandbox)
        assert item == second
        assert second.last_modified > first.last_modified
        age = dt.datetime.now(dt.UTC) - second.last_modified
        assert abs(age) < dt.timedelta(minutes=1)

    tell(story)


def test_deleting_takes_every_version_away(tell):
    async def story(sandbox):
        await put(sandbox, 'a', text('leaked', secret=True))
        await put(sandbox, 'a', 'rotated')
        path = f'{sandbox.folder(sandbox.context)}/a'
        status, _ = sandbox.bao.ask('GET', f'{MOUNT}/data/{path}?version=1')
        assert status == 200  # history, until the key is deleted
        await VaultPlugin().delete_key(
            sandbox.context, sandbox.credentials, 'a'
        )
        assert sandbox.bao.ask('GET', f'{MOUNT}/metadata/{path}')[0] == 404
        made = await put(sandbox, 'a', 'anew')
        assert not made.secret
        body = sandbox.bao.must('GET', f'{MOUNT}/metadata/{path}')
        assert body['data']['current_version'] == 1

    tell(story)


@pytest.mark.parametrize('how', ['delete', 'destroy'])
def test_what_somebody_deleted_by_halves_is_absent_and_can_be_made(how, tell):
    async def story(sandbox):
        await put(sandbox, 'a', text('old', secret=True))
        await put(sandbox, 'b', 'beside')
        path = f'{sandbox.folder(sandbox.context)}/a'
        sandbox.bao.must('POST', f'{MOUNT}/{how}/{path}', {'versions': [1]})
        assert await got(sandbox) == {'b': 'beside'}
        assert await got(sandbox, ['a', 'b']) == {'b': 'beside'}
        assert [item.key for item in await listed(sandbox)] == ['b']
        made = await put(sandbox, 'a', 'new')
        assert not made.secret
        assert (await got(sandbox))['a'] == 'new'

    tell(story)


def test_secrets_of_another_form_are_nobodys_keys_and_stay(tell):
    async def story(sandbox):
        folder = sandbox.folder(sandbox.context)
        strange = {
            'login': {'username': 'joe', 'password': 'pw'},
            'more': {'value': 'x', 'owner': 'joe'},
            'number': {'value': 7},
            'empty': {},
        }
        for name, data in strange.items():
            sandbox.bao.must(
                'POST', f'{MOUNT}/data/{folder}/{name}', {'data': data}
            )
        assert await got(sandbox) == {}
        assert await listed(sandbox) == []
        for name, data in strange.items():
            with pytest.raises(ValueError, match='fields of its own'):
                await put(sandbox, name, 'mine')
            with pytest.raises(ValueError, match='fields of its own'):
                await VaultPlugin().delete_key(
                    sandbox.context, sandbox.credentials, name
                )
            body = sandbox.bao.must('GET', f'{MOUNT}/data/{folder}/{name}')
            assert body['data']['data'] == data
            assert body['data']['metadata']['version'] == 1

    tell(story)


def test_a_value_written_by_hand_is_a_secret(tell):
    async def story(sandbox):
        folder = sandbox.folder(sandbox.context)
        sandbox.bao.must(
            'POST', f'{MOUNT}/data/{folder}/a', {'data': {'value': 'by hand'}}
        )
        (item,) = await listed(sandbox)
        assert (item.data_type, item.secret) == ('secret', True)
        written = await put(sandbox, 'a', 'by us')
        assert (written.data_type, written.secret) == ('string', True)

    tell(story)


def test_paths_that_no_key_can_have_are_left_out(tell):
    async def story(sandbox):
        folder = sandbox.folder(sandbox.context)
        long = f'{"x" * 190}/' * 3
        for name in ('with%20space', '%C3%A4', f'{long}deep', 'good'):
            sandbox.bao.must(
                'POST',
                f'{MOUNT}/data/{folder}/{name}',
                {'data': {'value': 'x', 'secret': False}},
            )
        assert await got(sandbox) == {'good': 'x'}

    tell(story)


def test_many_who_write_one_key_all_succeed_one_after_the_other(tell):
    async def story(sandbox):
        values = [f'value {number}' for number in range(8)]
        await asyncio.gather(*(put(sandbox, 'a', value) for value in values))
        assert (await got(sandbox))['a'] in values
        path = f'{sandbox.folder(sandbox.context)}/a'
        body = sandbox.bao.must('GET', f'{MOUNT}/metadata/{path}')
        assert body['data']['current_version'] == len(values)

    tell(story)


def test_a_write_that_did_not_see_the_secret_does_not_undo_it(
    tell, monkeypatch
):
    """Somebody makes the key a secret between reading and writing."""

    async def story(sandbox):
        await put(sandbox, 'a', 'plain')
        read = KeyValues.read
        raced = False

        async def late(self, path):
            nonlocal raced
            found = await read(self, path)
            if not raced:
                raced = True
                await put(sandbox, 'a', text('s', 'secret'))
            return found

        monkeypatch.setattr(KeyValues, 'read', late)
        written = await put(sandbox, 'a', 'plain again')
        assert written.secret
        (item,) = await listed(sandbox)
        assert item.secret

    tell(story)


def test_the_option_decides_the_folder_and_the_mount(tell):
    async def story(sandbox):
        options = {
            **sandbox.context.assignment_options,
            'path_prefix': '/imbi/${org_slug}/by-id/${project_id}/',
            'mount': f'/{MOUNT}/',
        }
        ctx = sandbox.context.model_copy(
            update={'assignment_options': options, 'project_id': 'p-1'}
        )
        await put(sandbox, 'a', 'x', ctx)
        folder = f'imbi/{ctx.org_slug}/by-id/p-1'
        assert sandbox.bao.paths(f'{folder}/') == [f'{folder}/a']
        assert await got(sandbox) == {}
        assert await got(sandbox, ctx=ctx) == {'a': 'x'}

    tell(story)


def test_the_namespace_is_told_to_the_server(tell):
    async def story(sandbox):
        options = sandbox.context.assignment_options
        ctx = sandbox.context.model_copy(
            update={'assignment_options': {**options, 'namespace': '/team/'}}
        )
        sandbox.bao.must('POST', 'sys/namespaces/team')
        try:
            with pytest.raises(Exception, match='token'):
                await got(sandbox, ctx=ctx)
        finally:
            sandbox.bao.must('DELETE', 'sys/namespaces/team')
        sent = sandbox.proxy.requests[-1].headers
        assert sent['x-vault-namespace'] == 'team'
        await got(sandbox)
        assert 'x-vault-namespace' not in sandbox.proxy.requests[-1].headers

    tell(story)


@pytest.mark.parametrize(
    ('value', 'told'),
    [
        (text('x', 'integer'), 'data type'),
        (text('\ud800'), 'surrogate'),
        (text('x' * LARGEST), str(LARGEST)),
        (text('\0' * (LARGEST // 5)), str(LARGEST)),
    ],
)
def test_what_vault_cannot_keep_is_refused_before_anything_is_sent(
    value, told, tell
):
    async def story(sandbox):
        with pytest.raises(ValueError, match=told) as refusal:
            await put(sandbox, 'a', value)
        assert value.value[:50] not in str(refusal.value)
        assert sandbox.proxy.requests == []

    tell(story)


def test_the_largest_value_is_kept(tell):
    async def story(sandbox):
        room = LARGEST - 100
        await put(sandbox, 'a', 'x' * room)
        assert await got(sandbox) == {'a': 'x' * room}

    tell(story)
