"""`aws-ssm`: imbi-plugin-ssm's Parameter Store, on the shared service."""

from __future__ import annotations

from typing import ClassVar

from imbi_plugin_ssm import SSMPlugin
from imbi_plugin_ssm.manifest import MANIFEST

from imbi_plugin_aws.service import ICON, TEMPLATE
from imbi_plugin_sdk import PluginManifest

CONFIGURATION_MANIFEST = PluginManifest.model_validate(
    {
        **MANIFEST.model_dump(),
        'slug': 'aws-ssm',
        'name': 'AWS Parameter Store',
        'icon': ICON,
        'third_party_service': TEMPLATE,
    }
)
"""Options, credentials and data types are those of imbi-plugin-ssm."""


class ParameterStorePlugin(SSMPlugin):
    """Keeps each key as one parameter below the project's path prefix."""

    manifest: ClassVar[PluginManifest] = CONFIGURATION_MANIFEST
