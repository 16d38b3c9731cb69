"""What the deployment plugin declares."""

from __future__ import annotations

from imbi_plugin_github.products import (
    GITHUB,
    ICON,
    TEMPLATES,
    TIMEOUT_OPTION,
)
from imbi_plugin_sdk import CredentialField, PluginManifest, PluginOption

DEFAULT_REPOSITORY = '${org_slug}/${project_slug}'

MANIFEST = PluginManifest(
    slug='github-deployment',
    name='GitHub deployment',
    description=(
        'Shows refs and commits of a repository, makes tags and releases, '
        'and deploys by starting a workflow of GitHub Actions.'
    ),
    plugin_type='deployment',
    supports_deployment_sync=True,
    options=[
        PluginOption(
            name='repository',
            label='Repository',
            description=(
                'Owner and name; takes ${org_slug}, ${team_slug}, '
                '${project_slug}, ${project_id}, ${project_type_slug} and '
                '${environment}.'
            ),
            default=DEFAULT_REPOSITORY,
        ),
        PluginOption(
            name='workflow',
            label='Workflow',
            description=(
                'File name of the workflow that deploys, as in deploy.yml; '
                'it must have the trigger workflow_dispatch.'
            ),
        ),
        PluginOption(
            name='environment_input',
            label='Environment input',
            description=(
                'Input of the workflow that is given the environment, where '
                'the call does not give it; left empty, none is.'
            ),
        ),
        PluginOption(
            name='mark_input',
            label='Mark input',
            description=(
                'Input of the workflow that is given a mark by which its run '
                'is found; its run-name must show it. Only for servers that '
                'do not tell which run they started.'
            ),
        ),
        PluginOption(
            name='api_url',
            label='API address',
            description=(
                'As in https://api.octocorp.ghe.com, or '
                'https://git.acme.com/api/v3.'
            ),
            default=GITHUB.api,
        ),
        TIMEOUT_OPTION,
    ],
    credentials=[
        CredentialField(
            name='token',
            label='Token',
            description=(
                'Of an installed app, or a fine-grained personal one, with '
                'contents and actions (write), deployments, checks, commit '
                'statuses and metadata (read).'
            ),
        ),
    ],
    icon=ICON,
    third_party_service=TEMPLATES[GITHUB.slug],
)
