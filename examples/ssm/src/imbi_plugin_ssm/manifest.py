"""What the plugin declares: options, credentials, types and the service."""

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

DEFAULT_PREFIX = '/imbi/${org_slug}/${project_slug}/${environment}'

TIER_BYTES = {
    'Standard': 4_096,
    'Advanced': 8_192,
    'Intelligent-Tiering': 8_192,
}
"""Tier to bytes of the largest value (AWS user guide, parameter tiers)."""

DEFAULT_TIMEOUT = 10
"""Seconds of one call in all: a page of parameters takes some 50 ms, and a
person waits in front of it."""

MAX_TIMEOUT = 300
"""Seconds after which no person waits any more."""

PARAMETER_TYPES = {
    'string': 'String',
    'string_list': 'StringList',
    'secret': 'SecureString',
}
"""Data type of the manifest to type of SSM."""

TEMPLATE = ThirdPartyServiceTemplate(
    id='aws',
    vendor='Amazon Web Services',
    display_name='AWS',
    category='cloud',
    service_url='https://console.aws.amazon.com/',
    api_endpoint='https://ssm.{region}.amazonaws.com',
    links={
        'Parameter Store': (
            'https://console.aws.amazon.com/systems-manager/parameters'
        ),
        'Service health': 'https://health.aws.amazon.com/health/status',
        'Documentation': (
            'https://docs.aws.amazon.com/systems-manager/latest/userguide/'
            'systems-manager-parameter-store.html'
        ),
    },
    variables={
        'region': TemplateVariable(
            kind='label',
            label='Region',
            description='Where the parameters are kept.',
            default='us-east-1',
        ),
    },
)

MANIFEST = PluginManifest(
    slug='aws-parameter-store',
    name='AWS Parameter Store',
    description=(
        'Reads and writes the configuration of a project in AWS Systems '
        'Manager Parameter Store.'
    ),
    plugin_type='configuration',
    options=[
        PluginOption(
            name='region',
            label='Region',
            description='Where the parameters are kept, as in eu-west-1.',
            required=True,
        ),
        PluginOption(
            name='path_prefix',
            label='Path prefix',
            description=(
                'Path of the parameters of one project and environment; '
                'takes ${org_slug}, ${team_slug}, ${project_slug}, '
                '${project_id}, ${project_type_slug} and ${environment}.'
            ),
            default=DEFAULT_PREFIX,
        ),
        PluginOption(
            name='kms_key_id',
            label='KMS key',
            description=(
                'Id, ARN or alias of the key that encrypts secrets; left '
                "empty, it is the account's own key for Parameter Store."
            ),
        ),
        PluginOption(
            name='tier',
            label='Tier',
            description=(
                'Tier of the parameters that are written. Values above 4 KB '
                'need another one than Standard, which costs.'
            ),
            default='Standard',
            choices=list(TIER_BYTES),
        ),
        PluginOption(
            name='endpoint_url',
            label='Endpoint',
            description=(
                'URL of a VPC endpoint or an emulator; left empty, it is the '
                'public endpoint of the region.'
            ),
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
        CredentialField(name='access_key_id', label='Access key id'),
        CredentialField(name='secret_access_key', label='Secret access key'),
        CredentialField(
            name='session_token',
            label='Session token',
            description='Only with temporary credentials.',
            required=False,
        ),
    ],
    data_types=[
        DataType(name='string', label='Text'),
        DataType(name='string_list', label='Comma-separated list'),
        DataType(name='secret', label='Secret', secret=True),
    ],
    icon=PluginIcon(package='imbi_plugin_ssm', resource='assets/icon.svg'),
    third_party_service=TEMPLATE,
)
