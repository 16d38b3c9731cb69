"""What the plugin declares: options, credential, types and the service."""

from __future__ import annotations

from imbi_plugin_sdk import (
    CredentialField,
    DataType,
    PluginIcon,
    PluginManifest,
    PluginOption,
    TemplateVariable,
    ThirdPartyServiceTemplate,
)

DEFAULT_MOUNT = 'secret'
"""Where a dev server mounts KV version 2, and most people after it."""

DEFAULT_PREFIX = 'imbi/${org_slug}/${project_slug}/${environment}'

DEFAULT_TIMEOUT = 10
"""Seconds of one call: a secret is read in some milliseconds, a project has
tens of them, and a person waits in front of it."""

MAX_TIMEOUT = 120
"""Seconds after which no person waits any more."""

PLAIN = 'string'
SECRET = 'secret'  # noqa: S105  the name of a data type

SERVICE = ThirdPartyServiceTemplate(
    id='vault',
    vendor='HashiCorp',
    display_name='Vault',
    category='secrets',
    service_url='{server}/ui/',
    api_endpoint='{server}/v1',
    links={
        'Secrets': '{server}/ui/vault/secrets',
        'KV version 2': (
            'https://developer.hashicorp.com/vault/docs/secrets/kv/kv-v2'
        ),
        'OpenBao': 'https://openbao.org/docs/',
    },
    variables={
        'server': TemplateVariable(
            kind='base_url',
            label='Server',
            description='Where the Vault or OpenBao server is reached.',
        ),
    },
)

MANIFEST = PluginManifest(
    slug='vault',
    name='Vault',
    description=(
        'Keeps the configuration of a project as secrets in one folder of a '
        'KV version 2 mount, on HashiCorp Vault or OpenBao.'
    ),
    plugin_type='configuration',
    options=[
        PluginOption(
            name='address',
            label='Address',
            description='As in https://vault.example.com:8200.',
            required=True,
        ),
        PluginOption(
            name='mount',
            label='Mount',
            description='Where KV version 2 is mounted.',
            default=DEFAULT_MOUNT,
        ),
        PluginOption(
            name='path_prefix',
            label='Path prefix',
            description=(
                'Folder of one project and environment, below the mount; '
                'takes ${org_slug}, ${team_slug}, ${project_slug}, '
                '${project_id}, ${project_type_slug} and ${environment}.'
            ),
            default=DEFAULT_PREFIX,
        ),
        PluginOption(
            name='namespace',
            label='Namespace',
            description='Left empty, it is the namespace of the token.',
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
        CredentialField(
            name='token',
            label='Token',
            description=(
                'Of a policy that may read, create and update below '
                'data/PREFIX, and list and delete below metadata/PREFIX.'
            ),
        ),
    ],
    data_types=[
        DataType(name=PLAIN, label='Text'),
        DataType(name=SECRET, label='Secret', secret=True),
    ],
    icon=PluginIcon(package='imbi_plugin_vault', resource='assets/icon.svg'),
    third_party_service=SERVICE,
)
