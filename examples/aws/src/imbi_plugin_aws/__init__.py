"""Three plugins on one service: Parameter Store, logs and sign-in of AWS."""

from __future__ import annotations

from imbi_plugin_aws.configuration import ParameterStorePlugin
from imbi_plugin_aws.identity.plugin import IdentityCenterPlugin
from imbi_plugin_aws.logs.plugin import CloudWatchLogsPlugin

__all__ = [
    'CloudWatchLogsPlugin',
    'IdentityCenterPlugin',
    'ParameterStorePlugin',
]
