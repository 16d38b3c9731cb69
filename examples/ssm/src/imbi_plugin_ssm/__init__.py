"""AWS Systems Manager Parameter Store as an Imbi configuration plugin."""

from __future__ import annotations

from imbi_plugin_ssm.plugin import SSMPlugin

__all__ = ['SSMPlugin']
