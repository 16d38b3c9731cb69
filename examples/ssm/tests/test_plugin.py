from __future__ import annotations

import asyncio
import datetime as dt
import json

import pytest
from imbi_plugin_ssm import SSMPlugin

from imbi_plugin_sdk import (
    ConfigValue,
    PluginAuthenticationFailed,
)


def text(value, data_type='string', *, secret=False):
    return ConfigValue(data_type=data_type, value=value, secret=secret)


class Project:
    """One project's configuration, a fresh handler for every call."""

    def __init__(self, sandbox, context=None):
        self.sandbox = sandbox
        self.arguments = context or sandbox.context, sandbox.credentials

    async def set(self, key, value):
        return await SSMPlugin().set_value(*self.arguments, key, value)

    async def get(self, keys=None):
        found = await SSMPlugin().get_values(*self.arguments, keys)
        return {entry.key: entry.value for entry in found}

    async def keys(self):
        found = await SSMPlugin().list_keys(*self.arguments)
        return {entry.key: entry for entry in found}

    async def delete(self, key):
        await SSMPlugin().delete_key(*self.arguments, key)


@pytest.mark.parametrize(
    'value',
    [' padded ', 'ü€😀', 'a\nb\r\n', '\t', 'x' * 4096, 'a,b', '{"a":1}'],
)
@pytest.mark.parametrize('data_type', ['string', 'string_list', 'secret'])
def test_a_value_comes_back_exactly(play, value, data_type):
    async def story(sandbox):
        project = Project(sandbox)
        await project.set('k', text(value, data_type))
        assert await project.get() == {'k': value}
        assert await project.get(['k']) == {'k': value}

    play(story)


@pytest.mark.parametrize(
    ('value', 'message'),
    [
        (text(''), 'empty'),
        (text('é' * 2049), '4098 bytes'),
        (text('\ud800'), 'surrogate'),
        (text('x', 'number'), 'data type'),
    ],
)
def test_what_ssm_cannot_store_is_refused_and_nothing_changes(
    play, value, message
):
    async def story(sandbox):
        project = Project(sandbox)
        await project.set('k', text('old'))
        before = await sandbox.snapshot()
        with pytest.raises(ValueError, match=message):
            await project.set('k', value)
        assert await sandbox.snapshot() == before

    play(story)


def test_the_advanced_tier_takes_twice_as_much(play):
    async def story(sandbox):
        sandbox.context.assignment_options['tier'] = 'Advanced'
        await Project(sandbox).set('k', text('x' * 8192))
        with pytest.raises(ValueError, match='8193 bytes'):
            await Project(sandbox).set('k', text('x' * 8193))

    play(story)


def test_250_parameters_are_all_there(play):
    async def story(sandbox):
        model = {f'k{n:03}': text(str(n)) for n in range(250)}
        await sandbox.seed(sandbox.context, model)
        project = Project(sandbox)
        expected = {key: value.value for key, value in model.items()}
        assert set(await project.keys()) == set(expected)
        assert await project.get() == expected
        assert await project.get(list(expected)) == expected

    play(story)


def test_keys_ask_for_some_and_an_empty_list_asks_nobody(play):
    async def story(sandbox):
        project = Project(sandbox)
        await sandbox.seed(
            sandbox.context, {'a': text('1'), 'b': text('2'), 'c/d': text('3')}
        )
        assert await project.get(['b', 'none', 'b', 'c/d']) == {
            'b': '2',
            'c/d': '3',
        }
        asked = len(sandbox.proxy.requests)
        assert await project.get([]) == {}
        assert len(sandbox.proxy.requests) == asked

    play(story)


def test_what_a_write_returns_is_what_the_listing_shows(play):
    async def story(sandbox):
        project = Project(sandbox)
        for key, value in {
            'a': text('1'),
            'b': text('1,2', 'string_list'),
            'c': text('1', 'secret'),
            'd': text('1', secret=True),
        }.items():
            returned = await project.set(key, value)
            assert (await project.keys())[key] == returned
            assert returned.last_modified.utcoffset() == dt.timedelta(0)

    play(story)


@pytest.mark.parametrize(
    'first', [text('1', 'secret'), text('1', secret=True)]
)
@pytest.mark.parametrize('then', [text('2'), text('2', 'string_list')])
def test_an_overwrite_leaves_a_secret_secret(play, first, then):
    async def story(sandbox):
        project = Project(sandbox)
        await project.set('k', first)
        returned = await project.set('k', then)
        assert returned.secret
        assert returned.data_type == 'secret'
        (stored,) = [
            entry
            for name, entry in (await sandbox.snapshot()).items()
            if name.startswith(sandbox.prefix(sandbox.context))
        ]
        assert stored == ('SecureString', '2')
        await project.delete('k')
        assert not (await project.set('k', then)).secret

    play(story)


def test_a_secret_is_encrypted_with_the_key_of_the_option(play):
    async def story(sandbox):
        sandbox.context.assignment_options['kms_key_id'] = 'alias/ours'
        await Project(sandbox).set('k', text('1', 'secret'))
        name = f'{sandbox.prefix(sandbox.context)}/k'
        stored = sandbox.moto.store.get_parameter(name)
        assert stored.keyid == 'alias/ours'

    play(story)


def test_the_listing_does_not_decrypt(play):
    async def story(sandbox):
        await sandbox.seed(sandbox.context, {'k': text('canary', 'secret')})
        await Project(sandbox).keys()
        (request,) = sandbox.proxy.requests
        assert json.loads(request.body)['WithDecryption'] is False

    play(story)


def test_deleting_is_exact_and_twice_is_once(play):
    async def story(sandbox):
        project = Project(sandbox)
        keys = ['a', 'ab', 'a/b', 'A']
        await sandbox.seed(sandbox.context, dict.fromkeys(keys, text('1')))
        await project.delete('a')
        await project.delete('a')
        assert set(await project.keys()) == {'ab', 'a/b', 'A'}

    play(story)


def test_projects_whose_names_begin_alike_stay_apart(play):
    async def story(sandbox):
        projects = {
            slug: Project(
                sandbox,
                sandbox.context.model_copy(
                    update={'project_slug': slug, 'environment': env}
                ),
            )
            for slug, env in [('a', 'p'), ('ab', 'p'), ('A', 'p')]
        }
        sandbox.context.assignment_options['path_prefix'] = (
            '/imbi/${org_slug}/${project_slug}'
        )
        for slug, project in projects.items():
            await project.set('k', text(slug))
        for slug, project in projects.items():
            assert await project.get() == {'k': slug}
        await projects['a'].delete('k')
        assert set(await projects['ab'].keys()) == {'k'}

    play(story)


def test_environments_stay_apart(play):
    async def story(sandbox):
        other = sandbox.context.model_copy(update={'environment': 'staging'})
        await Project(sandbox).set('k', text('1'))
        assert await Project(sandbox, other).keys() == {}

    play(story)


@pytest.mark.parametrize('key', ['../other/testing/k', '/k', 'a\0', '..', ''])
def test_a_key_reaches_nothing_outside(play, key):
    async def story(sandbox):
        await sandbox.seed(sandbox.tenant('other'), {'k': text('1')})
        before, asked = await sandbox.snapshot(), len(sandbox.proxy.requests)
        project = Project(sandbox)
        for call in (
            project.get(['fine', key]),
            project.set(key, text('2')),
            project.delete(key),
        ):
            with pytest.raises(ValueError, match='cannot name a parameter'):
                await call
        assert await sandbox.snapshot() == before
        assert len(sandbox.proxy.requests) == asked

    play(story)


def test_concurrent_writes_all_survive(play):
    async def story(sandbox):
        project = Project(sandbox)
        expected = {f'k{n}': str(n) for n in range(12)}
        await asyncio.gather(
            *(project.set(key, text(v)) for key, v in expected.items())
        )
        assert await project.get() == expected

    play(story)


def test_a_key_that_another_call_makes_meanwhile_stays_secret(play):
    async def story(sandbox):
        project = Project(sandbox)
        await asyncio.gather(
            project.set('k', text('plain')),
            project.set('k', text('hidden', 'secret')),
        )
        assert (await project.keys())['k'].secret

    play(story)


CALLS = {
    'list_keys': (),
    'get_values': (),
    'set_value': ('k', text('1')),
    'delete_key': ('k',),
}


@pytest.mark.parametrize('method', CALLS)
def test_a_wrong_secret_key_is_an_authentication_failure(play, method):
    async def story(sandbox):
        wrong = {**sandbox.credentials, 'secret_access_key': 'x' * 40}
        with pytest.raises(
            PluginAuthenticationFailed, match='SignatureDoesNotMatch'
        ):
            await getattr(SSMPlugin(), method)(
                sandbox.context, wrong, *CALLS[method]
            )

    play(story)


def test_temporary_credentials_are_signed_with_their_token(play):
    async def story(sandbox):
        sandbox.credentials = sandbox.assume_role()
        await Project(sandbox).set('k', text('1'))
        assert await Project(sandbox).get() == {'k': '1'}
        sandbox.credentials['session_token'] += 'x'
        with pytest.raises(PluginAuthenticationFailed):
            await Project(sandbox).keys()

    play(story)
