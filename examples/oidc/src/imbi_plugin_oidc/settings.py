"""One call's options and credentials, checked before anything is sent."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from imbi_plugin_oidc.manifest import (
    AUTH_METHODS,
    DEFAULT_TIMEOUT,
    MANIFEST,
    MAX_TIMEOUT,
)
from imbi_plugin_sdk.options import (
    read_credentials,
    read_seconds,
    read_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk import PluginContext

_TRUE, _FALSE = ('true', 'yes', 'on', '1'), ('false', 'no', 'off', '0')


@dataclasses.dataclass(frozen=True, slots=True)
class Credentials:
    """The client; its repr shows nothing of the secret.

    Attributes:
        client_id: Its public name.
        client_secret: What it proves itself with.
    """

    client_id: str
    client_secret: str = dataclasses.field(repr=False)

    @classmethod
    def read(cls, credentials: Mapping[str, str]) -> Credentials:
        """Return the checked credentials of a call.

        Raises:
            PluginCredentialsMissing: One is absent or blank.
        """
        # Both are encoded on their way, so that they may hold anything.
        given = read_credentials(
            MANIFEST.credentials, credentials, for_header=False
        )
        return cls(**given)


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """The options of a call.

    Attributes:
        issuer: Exactly as the provider names itself.
        offline_access: Whether to ask for a refresh token.
        token_auth_method: How the client proves itself; blank for the best.
        timeout: Seconds for the whole call.
    """

    issuer: str
    offline_access: bool
    token_auth_method: str
    timeout: float

    @classmethod
    def read(cls, ctx: PluginContext) -> Settings:
        """Return the checked options of a call.

        Raises:
            ValueError: An option does not hold; says which and what would.
        """
        options = ctx.assignment_options
        issuer = read_text(options, 'issuer')
        if not is_safe(issuer) or '?' in issuer:
            raise ValueError(
                f'The option issuer is {issuer[:60]!r}; it must be an https '
                "URL without query, as in 'https://login.example.com'."
            )
        method = read_text(options, 'token_auth_method')
        if method not in ('', *AUTH_METHODS):
            raise ValueError(
                f'The option token_auth_method is {method[:40]!r}; it must '
                f'be one of {", ".join(AUTH_METHODS)}.'
            )
        return cls(
            issuer=issuer,
            offline_access=_flag(options.get('offline_access')),
            token_auth_method=method,
            timeout=read_seconds(
                options, default=DEFAULT_TIMEOUT, longest=MAX_TIMEOUT
            ),
        )


def is_safe(url: str) -> bool:
    """Return whether a URL may be asked: https, or this machine.

    No userinfo, which would hide the host, and no fragment, which is never
    sent.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ''
        _ = parts.port
    except ValueError:
        return False
    return (
        bool(host)
        and url.isprintable()
        and not set(url) & set(' \\#')
        and '@' not in parts.netloc
        and (
            parts.scheme == 'https'
            or (parts.scheme == 'http' and _is_loopback(host))
        )
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'


def _flag(value: object) -> bool:
    if value is None or value == '':
        return True
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in (*_TRUE, *_FALSE):
        return text in _TRUE
    raise ValueError('The option offline_access must be true or false.')
