"""Made-up plugins and states that the laws of a store are tried with."""

from __future__ import annotations

import functools
from typing import Any

from imbi_plugin_sdk.manifest import PluginManifest, ThirdPartyServiceTemplate
from imbi_plugin_sdk.provisioning import Icon, PluginSource, State
from imbi_plugin_sdk.records import Assignment, PluginNode, ThirdPartyService

ORGANIZATION = 'engineering'
OTHER = 'Ops & Häfen'
"""A second organization; text is text, so its slug is no plain ASCII."""

VERSIONS: dict[str, dict[str, Any]] = {
    '1': {'category': 'cloud', 'issuer': 'https://id.acme-widgets.io'},
    '2': {
        'category': 'cloud',
        'issuer': 'https://login.acme-widgets.io',
        'default_scopes': ['read', 'write'],
        'links': {'Status': 'https://status.acme-widgets.io'},
    },
    '3': {'category': 'logging', 'default_scopes': ['write', 'read']},
}
"""What three versions of one template fill."""


@functools.cache
def icon(color: str) -> Icon:
    """Return a sanitized square of some colour."""
    from imbi_plugin_sdk.icons import sanitize_icon  # noqa: PLC0415  parsers

    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
        f'<path d="M0 0h8v8H0z" fill="{color}"/></svg>'
    )
    return Icon(sanitize_icon(text.encode(), 'image/svg+xml'))


@functools.cache
def source(
    slug: str = 'config',
    *,
    distribution: str = 'imbi-plugin-acme',
    template: str = 'acme',
    version: str = '1',
    icon: str | None = None,
) -> PluginSource:
    """Return one made-up entry point.

    Args:
        slug: Its slug.
        distribution: Name of its distribution.
        template: Id of its template.
        version: Which of `VERSIONS` the template is.
        icon: Colour of its icon, if it has one.
    """
    manifest = PluginManifest(
        slug=slug,
        name=slug.title(),
        plugin_type='logs' if slug == 'logs' else 'configuration',
        third_party_service=ThirdPartyServiceTemplate.model_validate(
            {
                'id': template,
                'vendor': 'Acme  Cörp',
                'service_url': f'https://{template}.acme-widgets.io',
                **VERSIONS[version],
            }
        ),
    )
    icons = {} if icon is None else {'icon': _icon(icon)}
    return PluginSource(manifest, distribution, slug, version, icons)


_icon = icon


def seeded(organization: str = ORGANIZATION) -> State:
    """Return a state in which every field of every record is filled."""
    return State.of(
        organization,
        [
            ThirdPartyService(
                id='made-by-hand',
                slug='legacy',
                vendor='Wídget  Works',
                organization=organization,
                template_id='widget',
                instance='eu-1',
                live={
                    'category': 'cloud',
                    'issuer': 'https://id.example.com/ünï',
                    'links': {'Zeta': 'https://z.example', 'Alpha': 'x'},
                    'default_scopes': ['b', 'a', 'b:c'],
                    'variable_values': {'tenant': 'contoso'},
                },
                base={'category': 'cloud', 'token_auth_method': 'none'},
                pinned=frozenset({'issuer', 'revoke_endpoint'}),
                managed=True,
                origin='template',
                contributors=('zeta-plugin', 'alpha-plugin'),
                plugins=('node-z', 'node-of-hand'),
                revision=4,
            ),
            ThirdPartyService(
                id='untouched', slug='empty', organization=organization
            ),
        ],
        [
            PluginNode(
                id='node-of-hand',
                slug='widget-config',
                plugin_type='configuration',
                enabled=False,
                identity_plugin_id='node-z',
                application_id='application-1',
                distribution='alpha-plugin',
                options={'region': 'eu-1', 'nested': {'deep': [1, None, {}]}},
                revision=2,
            ),
            PluginNode(
                id='node-z',
                slug='widget-login',
                plugin_type='identity',
                distribution='zeta-plugin',
                revision=1,
            ),
            PluginNode(
                id='dangling',
                slug='left-behind',
                plugin_type='logs',
                options={'kept': 'by its uninstall'},
                revision=1,
            ),
        ],
        [
            Assignment(
                owner_kind='project',
                owner_id='project-1',
                plugin_id='node-of-hand',
                tab='configuration',
                default=False,
                search_template='',
                identity_plugin_id='node-z',
                options={'path': '/x'},
            ),
            Assignment(
                owner_kind='project_type',
                owner_id='apis',
                plugin_id='node-of-hand',
                tab='configuration',
                default=True,
            ),
        ],
        in_use={'made-by-hand'},
    )


def wired() -> State:
    """Return the seeded state and a plugin that an operator wired by hand.

    Installing `source()` finds it, and takes the node over as it is.
    """
    state = seeded()
    service = ThirdPartyService(
        id='wired',
        slug='acme',
        vendor='ACME CÖRP',
        organization=state.organization,
        template_id='acme',
        live={'category': 'cloud'},
        plugins=('wired-node',),
        revision=1,
    )
    node = PluginNode(
        id='wired-node',
        slug='config',
        plugin_type='configuration',
        options={'region': 'eu-1'},
        revision=1,
    )
    return State.of(
        state.organization,
        [*state.services.values(), service],
        [*state.plugins.values(), node],
        state.assignments,
        in_use=state.in_use,
    )
