"""What the plugin declares: options, credentials and the service."""

from __future__ import annotations

from imbi_plugin_sdk import (
    CredentialField,
    PluginIcon,
    PluginManifest,
    PluginOption,
    TemplateVariable,
    ThirdPartyServiceTemplate,
)

DEFAULT_SCOPES = ('openid', 'profile', 'email')
"""Who it is, what they are called, and how to reach them."""

DEFAULT_TIMEOUT = 10
"""Seconds of one call in all: up to four requests of some 100 ms each, and a
person waits in front of it."""

MAX_TIMEOUT = 120
"""Seconds after which no person waits any more."""

AUTH_METHODS = ('client_secret_basic', 'client_secret_post')
"""How the client proves itself, the better first (RFC 6749 §2.3.1)."""

TEMPLATE = ThirdPartyServiceTemplate(
    id='openid-connect',
    vendor='OpenID Connect',
    display_name='OpenID Connect provider',
    category='identity',
    service_url='{issuer}',
    issuer='{issuer}',
    use_pkce='required',
    default_scopes=list(DEFAULT_SCOPES),
    links={
        'Discovery': '{issuer}/.well-known/openid-configuration',
        'Specification': 'https://openid.net/specs/openid-connect-core-1_0.html',
    },
    variables={
        'issuer': TemplateVariable(
            kind='base_url',
            label='Issuer',
            description=(
                'The issuer of the provider, exactly as its discovery '
                'document has it.'
            ),
        ),
    },
)

MANIFEST = PluginManifest(
    slug='oidc',
    name='OpenID Connect',
    description='Signs people in at any OpenID Connect provider.',
    plugin_type='identity',
    login_capable=True,
    options=[
        PluginOption(
            name='issuer',
            label='Issuer',
            description=(
                'As the provider names it, as in https://login.example.com; '
                'its endpoints are found by discovery.'
            ),
            required=True,
        ),
        PluginOption(
            name='offline_access',
            label='Stay signed in',
            description=(
                'Ask for the scope offline_access, which most providers want '
                'before they give a refresh token, and so for consent.'
            ),
            type='boolean',
            default=True,
        ),
        PluginOption(
            name='token_auth_method',
            label='Client authentication',
            description=(
                'How the client proves itself; left empty, the best that the '
                'provider supports.'
            ),
            choices=list(AUTH_METHODS),
        ),
        PluginOption(
            name='timeout',
            label='Time-out',
            description='Seconds that one call may take in all.',
            type='integer',
            default=DEFAULT_TIMEOUT,
        ),
    ],
    credentials=[
        CredentialField(name='client_id', label='Client id'),
        CredentialField(name='client_secret', label='Client secret'),
    ],
    icon=PluginIcon(package='imbi_plugin_oidc', resource='assets/icon.svg'),
    third_party_service=TEMPLATE,
)
