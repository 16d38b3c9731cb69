"""Logz.io as an Imbi logs plugin."""

from __future__ import annotations

from imbi_plugin_logzio.plugin import LogzioPlugin

__all__ = ['LogzioPlugin']
