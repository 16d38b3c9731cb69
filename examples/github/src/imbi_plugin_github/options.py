"""What operators filled in, judged before anything is sent."""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

from imbi_plugin_github.products import DEFAULT_TIMEOUT, MAX_TIMEOUT
from imbi_plugin_sdk.options import read_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOST = re.compile(r'[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+')
_LABEL = re.compile(r'[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?')
_PATH = re.compile(r'(?:/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)*')


def timeout_of(options: Mapping[str, Any]) -> float:
    """Return the option `timeout` in seconds.

    Raises:
        ValueError: It is no number that somebody would wait for.
    """
    return read_seconds(options, default=DEFAULT_TIMEOUT, longest=MAX_TIMEOUT)


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


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'
