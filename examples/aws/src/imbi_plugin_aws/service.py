"""What the three plugins share: one service, one icon, one key."""

from __future__ import annotations

from imbi_plugin_ssm.manifest import DEFAULT_TIMEOUT

from imbi_plugin_sdk import (
    PluginIcon,
    PluginOption,
    TemplateVariable,
    ThirdPartyServiceTemplate,
)

TEMPLATE = ThirdPartyServiceTemplate(
    id='aws',
    vendor='Amazon Web Services',
    display_name='AWS',
    category='cloud',
    service_url='https://console.aws.amazon.com/',
    links={
        'Parameter Store': (
            'https://{region}.console.aws.amazon.com/systems-manager/'
            'parameters'
        ),
        'Logs Insights': (
            'https://{region}.console.aws.amazon.com/cloudwatch/home'
        ),
        'Service health': 'https://health.aws.amazon.com/health/status',
        'Documentation': 'https://docs.aws.amazon.com/',
    },
    variables={
        'region': TemplateVariable(
            kind='label',
            label='Region',
            description='Where parameters and logs are kept.',
            default='us-east-1',
        ),
    },
)
"""One object in three manifests, so that they end on one service."""

ICON = PluginIcon(package='imbi_plugin_aws', resource='assets/icon.svg')


def region_option(what: str) -> PluginOption:
    """Return the option that says where something is, as in eu-west-1."""
    return PluginOption(
        name='region',
        label='Region',
        description=f'{what}, as in eu-west-1.',
        required=True,
    )


TIMEOUT_OPTION = PluginOption(
    name='timeout',
    label='Time-out',
    description='Seconds that one call may take in all.',
    type='integer',
    default=DEFAULT_TIMEOUT,
)
