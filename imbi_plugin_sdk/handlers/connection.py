"""Plugin type `connection`: options and credentials, and nothing to call."""

from typing import ClassVar, Protocol

from imbi_plugin_sdk.handlers._protocol import base_class
from imbi_plugin_sdk.manifest import PluginManifest


@base_class
class ConnectionPlugin(Protocol):
    """Holds the options and credentials of a third-party service.

    The manifest is all there is to it: other plugins of the same service find
    the options in `PluginContext.service_plugins`.
    """

    manifest: ClassVar[PluginManifest]
