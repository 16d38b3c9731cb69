"""What operators filled in, judged before anything is sent."""

from __future__ import annotations

import ipaddress
import math
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

from imbi_plugin_github.products import DEFAULT_TIMEOUT, MAX_TIMEOUT
from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginCredentialsMissing,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOST = re.compile(r'[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+')
_LABEL = re.compile(r'[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?')
_PATH = re.compile(r'(?:/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)*')


def text_of(options: Mapping[str, Any], name: str, default: str = '') -> str:
    """Return an option that is text, without white space around it.

    Raises:
        ValueError: It is something else.
    """
    value = options.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise ValueError(  # noqa: TRY004  what law ASY004 takes as typed
            f'The option {name} is a {type(value).__name__}; it must be text.'
        )
    return value.strip() or default


def timeout_of(options: Mapping[str, Any]) -> float:
    """Return the option `timeout` in seconds.

    Raises:
        ValueError: It is no number that somebody would wait for.
    """
    value = options.get('timeout')
    if value in (None, ''):
        return DEFAULT_TIMEOUT
    number = math.nan
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
    if math.isnan(number) or not 0 < number <= MAX_TIMEOUT:
        raise ValueError(
            'The option timeout must be a number of seconds, more than 0 and '
            f'at most {MAX_TIMEOUT}.'
        )
    return number


def address_of(name: str, text: str) -> str:
    """Return a base URL without a slash at its end.

    Args:
        name: The option, for the message.
        text: https, or http where it leads to this machine.

    Raises:
        ValueError: It is no such URL.
    """
    try:
        parts = urllib.parse.urlsplit(text)
        host, port = parts.hostname or '', parts.port
    except ValueError:
        parts, host, port = urllib.parse.urlsplit(''), '', None
    path = parts.path.rstrip('/')
    extra = '@' in parts.netloc or '?' in text or '#' in text
    if (
        parts.scheme not in ('http', 'https')
        or not _HOST.fullmatch(host)
        or not _PATH.fullmatch(path)
        or extra
    ):
        raise ValueError(
            f'The option {name} must be scheme and host, with port and path '
            "where it needs them, as in 'https://git.example.com'."
        )
    if parts.scheme == 'http' and not _is_loopback(host):
        raise ValueError(
            f'The option {name} begins with http, so that everybody on the '
            'way could read the credentials. Use https.'
        )
    netloc = f'[{host}]' if ':' in host else host
    port_text = f':{port}' if port is not None else ''
    return f'{parts.scheme}://{netloc}{port_text}{path}'


def label_of(name: str, text: str) -> str:
    """Return one DNS label.

    Raises:
        ValueError: It is none.
    """
    label = text.lower()
    if not _LABEL.fullmatch(label):
        raise ValueError(
            f'The option {name} must be a subdomain of letters, digits and '
            "hyphens, as in 'octocorp' where the address is octocorp.ghe.com."
        )
    return label


def credential_of(credentials: Mapping[str, str], name: str) -> str:
    """Return a credential, without white space from pasting it.

    Raises:
        PluginCredentialsMissing: It is absent or blank.
        PluginAuthenticationFailed: No header can hold it.
    """
    value = (credentials.get(name) or '').strip()
    if not value:
        raise PluginCredentialsMissing(f'GitHub needs the credential {name}.')
    if not (value.isascii() and value.isprintable() and ' ' not in value):
        raise PluginAuthenticationFailed(
            f'The credential {name} holds white space or characters beyond '
            'ASCII; GitHub issues none with them. Paste it again.'
        )
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'
