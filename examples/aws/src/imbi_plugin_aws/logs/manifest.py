"""What `aws-cloudwatch-logs` declares."""

from __future__ import annotations

from imbi_plugin_ssm.manifest import MANIFEST as SSM_MANIFEST

from imbi_plugin_aws.service import (
    ICON,
    TEMPLATE,
    TIMEOUT_OPTION,
    region_option,
)
from imbi_plugin_sdk import PluginManifest, PluginOption

DEFAULT_LOG_GROUP = '/imbi/${org_slug}/${project_slug}/${environment}'
DEFAULT_LEVEL_FIELD = 'level'
DEFAULT_MESSAGE_FIELD = 'message'

LOGS_MANIFEST = PluginManifest(
    slug='aws-cloudwatch-logs',
    name='AWS CloudWatch Logs',
    description=(
        'Searches the logs of a project with CloudWatch Logs Insights.'
    ),
    plugin_type='logs',
    supports_histogram=True,
    options=[
        region_option('Where the log groups are kept'),
        PluginOption(
            name='log_group',
            label='Log group',
            description=(
                'Log group of one project and environment, or several parted '
                'by commas; takes ${org_slug}, ${team_slug}, '
                '${project_slug}, ${project_id}, ${project_type_slug} and '
                '${environment}.'
            ),
            default=DEFAULT_LOG_GROUP,
        ),
        PluginOption(
            name='fields',
            label='Fields',
            description=(
                'Names of JSON fields to show and to filter by, parted by '
                'commas, as in service, host, request.id.'
            ),
        ),
        PluginOption(
            name='level_field',
            label='Level field',
            description=(
                'JSON field that holds the level. Where an entry has none, '
                'the level is read from the start of its text.'
            ),
            default=DEFAULT_LEVEL_FIELD,
        ),
        PluginOption(
            name='message_field',
            label='Message field',
            description=(
                'JSON field that holds the message. Where an entry has none, '
                'its whole text is the message.'
            ),
            default=DEFAULT_MESSAGE_FIELD,
        ),
        PluginOption(
            name='endpoint_url',
            label='Endpoint',
            description=(
                'URL of a VPC endpoint or an emulator; left empty, it is the '
                'public endpoint of the region.'
            ),
        ),
        TIMEOUT_OPTION,
    ],
    credentials=SSM_MANIFEST.credentials,
    icon=ICON,
    third_party_service=TEMPLATE,
)
