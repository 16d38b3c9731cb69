"""What `aws-iam-ic` declares."""

from __future__ import annotations

from imbi_plugin_aws.service import (
    ICON,
    TEMPLATE,
    TIMEOUT_OPTION,
    region_option,
)
from imbi_plugin_sdk import CredentialField, PluginManifest, PluginOption

DEFAULT_SCOPES = ('sso:account:access',)
"""What a client needs for accounts and roles; with it come refresh tokens
(user guide of IAM Identity Center, "OAuth 2.0 access scopes")."""

_FILLED_IN = 'Left empty: it is filled in at the first sign-in.'

IDENTITY_MANIFEST = PluginManifest(
    slug='aws-iam-ic',
    name='AWS IAM Identity Center',
    description=(
        'Signs people in at IAM Identity Center, and gives other plugins the '
        'keys of a role of theirs.'
    ),
    plugin_type='identity',
    auth_type='aws-iam-ic',
    cacheable=False,
    default_scopes=list(DEFAULT_SCOPES),
    options=[
        region_option('Where IAM Identity Center is'),
        PluginOption(
            name='start_url',
            label='Start URL',
            description=(
                'The AWS access portal, as in '
                'https://d-1234567890.awsapps.com/start.'
            ),
            required=True,
        ),
        PluginOption(
            name='account_id',
            label='Account',
            description=(
                'The 12 digits of the account whose keys other plugins get.'
            ),
        ),
        PluginOption(
            name='role_name',
            label='Role',
            description=(
                'The permission set in that account, as in ReadOnlyAccess.'
            ),
        ),
        PluginOption(
            name='endpoint_url',
            label='Endpoint',
            description=(
                'URL of an emulator that stands for IAM Identity Center and '
                'STS; left empty, they are those of the region.'
            ),
        ),
        TIMEOUT_OPTION,
    ],
    credentials=[
        CredentialField(
            name='client_id',
            label='Client id',
            description=_FILLED_IN,
            required=False,
        ),
        CredentialField(
            name='client_secret',
            label='Client secret',
            description=_FILLED_IN,
            required=False,
        ),
        CredentialField(
            name='client_expires_at',
            label='Expiry of the client',
            description=f'Seconds since 1970. {_FILLED_IN}',
            required=False,
        ),
        CredentialField(
            name='client_scopes',
            label='Scopes of the client',
            description=f'Parted by spaces. {_FILLED_IN}',
            required=False,
        ),
    ],
    icon=ICON,
    third_party_service=TEMPLATE,
)
