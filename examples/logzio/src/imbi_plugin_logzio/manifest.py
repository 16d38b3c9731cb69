"""What the plugin declares: options, the credential and the service."""

from __future__ import annotations

from imbi_plugin_sdk import (
    CredentialField,
    PluginIcon,
    PluginManifest,
    PluginOption,
    TemplateVariable,
    ThirdPartyServiceTemplate,
)

REGIONS = {
    'us-east-1': 'api',
    'ap-southeast-2': 'api-au',
    'ca-central-1': 'api-ca',
    'eu-central-1': 'api-eu',
    'eu-west-2': 'api-uk',
}
"""Region to the first label of its API's host (Logz.io docs, "Account
region")."""

DEFAULT_REGION = 'us-east-1'

DEFAULT_FIELD = 'project'
DEFAULT_VALUE = '${project_slug}'
DEFAULT_LEVEL_FIELD = 'level'

DEFAULT_TIMEOUT = 15
"""Seconds of one call in all: a search of two days takes one or two, and a
person waits in front of it."""

MAX_TIMEOUT = 300
"""Seconds after which no person waits any more."""

TEMPLATE = ThirdPartyServiceTemplate(
    id='logzio',
    vendor='Logz.io',
    display_name='Logz.io',
    category='logging',
    service_url='https://logz.io/',
    api_endpoint='https://{api_host}.logz.io/v1',
    links={
        'Search API': 'https://api-docs.logz.io/docs/logz/search/',
        'Regions': (
            'https://docs.logz.io/docs/user-guide/admin/hosting-regions/'
            'account-region/'
        ),
        'Service status': 'https://status.logz.io/',
    },
    variables={
        'api_host': TemplateVariable(
            kind='enum',
            label='API host',
            description=(
                'First label of the API of the region that holds the '
                'account: api-eu for eu-central-1.'
            ),
            choices=list(REGIONS.values()),
            default=REGIONS[DEFAULT_REGION],
        ),
    },
)

MANIFEST = PluginManifest(
    slug='logzio',
    name='Logz.io',
    description='Searches the logs of a project in Logz.io.',
    plugin_type='logs',
    supports_histogram=True,
    options=[
        PluginOption(
            name='region',
            label='Region',
            description='Where the Logz.io account is hosted.',
            default=DEFAULT_REGION,
            choices=list(REGIONS),
        ),
        PluginOption(
            name='project_field',
            label='Field of the project',
            description=(
                'Field of an entry that says whose it is; it is compared as '
                'a whole.'
            ),
            default=DEFAULT_FIELD,
        ),
        PluginOption(
            name='project_value',
            label='Value of the project',
            description=(
                "What that field holds in a project's entries; takes "
                '${project_slug}, ${project_id}, ${org_slug}, ${team_slug}, '
                '${project_type_slug} and ${environment}.'
            ),
            default=DEFAULT_VALUE,
        ),
        PluginOption(
            name='environment_field',
            label='Field of the environment',
            description=(
                'Field that holds the slug of the environment; left empty, '
                'the entries of all environments are searched.'
            ),
        ),
        PluginOption(
            name='level_field',
            label='Field of the level',
            description='Field that holds the level, as in level or severity.',
            default=DEFAULT_LEVEL_FIELD,
        ),
        PluginOption(
            name='fields',
            label='Fields to filter by',
            description=(
                'Names that the host offers, parted by commas; left empty, '
                'they are taken from the newest entries.'
            ),
        ),
        PluginOption(
            name='endpoint_url',
            label='Endpoint',
            description=(
                'URL of a proxy or an emulator; left empty, it is the API of '
                'the region.'
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
        CredentialField(
            name='api_token',
            label='API token',
            description='A token of the account with the right to search.',
        )
    ],
    icon=PluginIcon(package='imbi_plugin_logzio', resource='assets/icon.svg'),
    third_party_service=TEMPLATE,
)
