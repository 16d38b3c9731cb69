"""KV version 2 of Vault and OpenBao as an Imbi configuration plugin."""

from __future__ import annotations

from imbi_plugin_vault.plugin import VaultPlugin

__all__ = ['VaultPlugin']
