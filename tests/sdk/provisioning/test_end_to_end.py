"""A real distribution, discovered, admitted, planned for and installed."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.provisioning import (
    MemoryStore,
    Plan,
    apply,
    plan_delete,
    plan_install,
    plan_uninstall,
    sources_of,
)
from imbi_plugin_sdk.registry import PluginRegistry

PLUGIN = """
from imbi_plugin_sdk import (
    ConnectionPlugin, CredentialField, PluginIcon, PluginManifest,
    ThirdPartyServiceTemplate,
)

TEMPLATE = ThirdPartyServiceTemplate(
    id='cloudworks',
    vendor='Cloudworks',
    category='cloud',
    service_url='https://console.cloudworks.io',
    authorization_endpoint='https://{tenant}.cloudworks.io/authorize',
    token_endpoint='https://{tenant}.cloudworks.io/token',
    use_pkce=True,
    links={'Status': 'https://status.cloudworks.io'},
    variables={'tenant': {'kind': 'label', 'label': 'Tenant'}},
)
ICON = PluginIcon(package='imbi_plugin_cloudworks', resource='icon.svg')


def plugin(slug):
    class Handler(ConnectionPlugin):
        manifest = PluginManifest(
            slug=slug,
            name=slug,
            plugin_type='connection',
            credentials=[CredentialField(name='client_secret', label='S')],
            icon=ICON,
            third_party_service=TEMPLATE,
        )
    return Handler


First = plugin('cloudworks-config')
Second = plugin('cloudworks-logs')
Third = plugin('cloudworks-login')
"""

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
    '<script>alert(1)</script><path d="M0 0h8v8H0z"/></svg>'
)


@pytest.fixture
def registry(make_distribution, monkeypatch):
    """Return a registry that holds one distribution with three plugins."""
    made = make_distribution(
        'imbi-plugin-cloudworks',
        '2.1',
        files={
            'imbi_plugin_cloudworks/__init__.py': PLUGIN,
            'imbi_plugin_cloudworks/icon.svg': ICON,
        },
        entry_points={
            'cloudworks-config': 'imbi_plugin_cloudworks:First',
            'cloudworks-logs': 'imbi_plugin_cloudworks:Second',
            'cloudworks-login': 'imbi_plugin_cloudworks:Third',
        },
    )
    monkeypatch.syspath_prepend(str(made.site))
    loaded = PluginRegistry([str(made.site)])
    assert loaded.current.refusals == ()
    return loaded


def test_one_service_three_plugins_one_icon(registry):
    sources = sources_of(registry.current.entries.values())
    store = MemoryStore()
    preview = plan_install(store.load('engineering'), sources).to_json()

    plan = Plan.from_json(preview)
    apply(plan, store, sources)

    state = store.load('engineering')
    (service,) = state.services.values()
    assert service.vendor == 'Cloudworks'
    assert service.template_id == 'cloudworks'
    assert service.contributors == ('imbi-plugin-cloudworks',)
    assert len(service.plugins) == len(state.plugins) == 3
    assert service.live['token_endpoint'] == (
        'https://{tenant}.cloudworks.io/token'
    )
    assert service.live['use_pkce'] == 'required'

    kinds = [one.action for one in plan.actions]
    assert kinds.count('create_service') == 1
    assert kinds.count('create_plugin') == 3
    assert kinds.count('attach_plugin') == 3
    assert kinds.count('store_icon') == 1
    assert {one.version for one in plan.manifests} == {'2.1'}
    icon = store.icon(service.live['icon'])
    assert b'script' not in icon.data
    assert icon.media_type == 'image/svg+xml'
    assert [one.code for one in plan.warnings] == ['variable_values_needed']
    assert 'client_secret' not in preview


def test_installed_again_and_taken_away(registry):
    sources = sources_of(registry.current.entries.values())
    store = MemoryStore()
    empty = store.load('engineering')
    apply(plan_install(empty, sources), store, sources)
    assert plan_install(store.load('engineering'), sources).empty

    plan = plan_uninstall(
        store.load('engineering'), ['imbi-plugin-cloudworks']
    )
    apply(plan, store)
    (service,) = plan.deletable
    apply(plan_delete(store.load('engineering'), service), store)
    assert store.load('engineering') == empty
