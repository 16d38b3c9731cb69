"""What a plugin declares about itself; data only, frozen, without secrets."""

from imbi_plugin_sdk.manifest.icon import PluginIcon
from imbi_plugin_sdk.manifest.labels import (
    OpsLogTemplate,
    PluginEdgeLabel,
    PluginIndex,
    PluginVertexLabel,
)
from imbi_plugin_sdk.manifest.options import (
    CredentialField,
    DataType,
    PluginOption,
)
from imbi_plugin_sdk.manifest.plugin import PluginManifest, PluginType
from imbi_plugin_sdk.manifest.template import (
    TemplateVariable,
    ThirdPartyServiceTemplate,
)

__all__ = [
    'CredentialField',
    'DataType',
    'OpsLogTemplate',
    'PluginEdgeLabel',
    'PluginIcon',
    'PluginIndex',
    'PluginManifest',
    'PluginOption',
    'PluginType',
    'PluginVertexLabel',
    'TemplateVariable',
    'ThirdPartyServiceTemplate',
]
