"""One call's options and token, judged before anything is sent."""

from __future__ import annotations

import dataclasses
import ipaddress
import urllib.parse
from typing import TYPE_CHECKING

from imbi_plugin_sdk.options import (
    read_credentials,
    read_seconds,
    read_text,
)
from imbi_plugin_vault.manifest import (
    DEFAULT_MOUNT,
    DEFAULT_PREFIX,
    DEFAULT_TIMEOUT,
    MANIFEST,
    MAX_TIMEOUT,
)
from imbi_plugin_vault.paths import folder_of, mount_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk import PluginContext


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """Where one project's secrets are, and how they are reached.

    Attributes:
        address: Scheme, host and port of the server.
        mount: Where KV version 2 is mounted.
        folder: The project's folder below the mount.
        namespace: Goes into a header; blank for none.
        token: Goes into a header; the repr does not show it.
        timeout: Seconds for the whole call.
    """

    address: str
    mount: str
    folder: str
    namespace: str
    token: str = dataclasses.field(repr=False)
    timeout: float

    @classmethod
    def read(
        cls, ctx: PluginContext, credentials: Mapping[str, str]
    ) -> Settings:
        """Return the settings of a call.

        Raises:
            PluginCredentialsMissing: There is no token.
            PluginAuthenticationFailed: The token cannot be one.
            ValueError: An option does not hold; the message says which.
        """
        token = read_credentials(MANIFEST.credentials, credentials)['token']
        options = ctx.assignment_options
        return cls(
            address=address_of(read_text(options, 'address')),
            mount=mount_of(read_text(options, 'mount', DEFAULT_MOUNT)),
            folder=folder_of(
                read_text(options, 'path_prefix', DEFAULT_PREFIX), ctx
            ),
            namespace=namespace_of(read_text(options, 'namespace')),
            token=token,
            timeout=read_seconds(
                options, default=DEFAULT_TIMEOUT, longest=MAX_TIMEOUT
            ),
        )


def address_of(text: str) -> str:
    """Return scheme, host and port; http goes to this machine only.

    Raises:
        ValueError: It is no such address.
    """
    try:
        parts = urllib.parse.urlsplit(text)
        host, port = parts.hostname or '', parts.port
    except ValueError:
        host, port = '', None
        parts = urllib.parse.urlsplit('')
    whole = parts.scheme in ('http', 'https') and _is_host(host)
    if not whole or parts.path.strip('/') or parts.query or parts.fragment:
        raise ValueError(
            'The option address must be scheme and host, and a port where '
            "it needs one, as in 'https://vault.example.com:8200'."
        )
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            'The option address holds a user name; Vault is asked with the '
            'credential token alone. Take it out.'
        )
    if parts.scheme == 'http' and not _is_this_machine(host):
        raise ValueError(
            'The option address begins with http, by which the token and '
            'every secret would travel in the clear. Use https.'
        )
    shown = f'[{host}]' if ':' in host else host
    return f'{parts.scheme}://{shown}' + (f':{port}' if port else '')


def namespace_of(text: str) -> str:
    """Return the namespace, blank for none.

    Raises:
        ValueError: No header can hold it.
    """
    namespace = text.strip('/')
    if namespace and not _is_visible_ascii(namespace):
        raise ValueError(
            f'The option namespace is {text[:80]!r}; it must be a path of '
            "visible ASCII, as in 'admin/team-a'."
        )
    return namespace


def _is_visible_ascii(text: str) -> bool:
    return text.isascii() and text.isprintable() and ' ' not in text


def _is_host(host: str) -> bool:
    return bool(host) and all(
        char.isascii() and (char.isalnum() or char in '.-:_') for char in host
    )


def _is_this_machine(host: str) -> bool:
    if host == 'localhost':
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
