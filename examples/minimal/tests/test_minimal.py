import asyncio

import pytest
from imbi_plugin_minimal import MinimalPlugin

from imbi_plugin_sdk import ConfigValue, PluginContext, conformance

HIDDEN = ConfigValue(data_type='string', value=' s ', secret=True)
PLAIN = ConfigValue(data_type='string', value='')


@pytest.fixture
def call(tmp_path):
    """Return a function that calls a fresh handler."""

    def run(method, *arguments, project='p', environment=None):
        ctx = PluginContext(
            project_id=project,
            project_slug=project,
            org_slug='o',
            environment=environment,
            assignment_options={'file': str(tmp_path / 'store')},
        )
        return asyncio.run(
            getattr(MinimalPlugin(), method)(ctx, {}, *arguments)
        )

    return run


def test_the_handler_keeps_the_contract():
    assert not list(conformance(MinimalPlugin))


def test_a_value_outlives_the_handler(call):
    returned = call('set_value', 'k', HIDDEN)
    assert call('list_keys') == [returned]
    (found,) = call('get_values')
    assert (found.value, found.secret) == (' s ', True)


def test_no_keys_are_none_and_unknown_ones_are_left_out(call):
    call('set_value', 'k', PLAIN)
    assert call('get_values', []) == []
    assert [item.key for item in call('get_values', ['k', 'k', 'x'])] == ['k']


def test_an_overwrite_leaves_a_secret_secret(call):
    call('set_value', 'k', HIDDEN)
    assert call('set_value', 'k', PLAIN).secret
    (found,) = call('get_values')
    assert (found.value, found.secret) == ('', True)


def test_a_deleted_key_is_forgotten(call):
    call('set_value', 'k', HIDDEN)
    call('delete_key', 'k')
    call('delete_key', 'k')
    assert call('list_keys') == []
    assert not call('set_value', 'k', PLAIN).secret


def test_projects_and_environments_are_apart(call):
    call('set_value', 'k', PLAIN)
    call('delete_key', 'k', project='other')
    assert call('list_keys', project='other') == []
    assert call('list_keys', environment='null') == []
    assert len(call('list_keys')) == 1
