"""Any OpenID Connect provider as an Imbi identity plugin."""

from __future__ import annotations

from imbi_plugin_oidc.plugin import OIDCPlugin

__all__ = ['OIDCPlugin']
