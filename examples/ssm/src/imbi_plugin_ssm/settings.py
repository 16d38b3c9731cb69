"""One call's options and credentials, checked before anything is sent."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from imbi_plugin_sdk.options import (
    read_credentials,
    read_seconds,
    read_text,
)
from imbi_plugin_ssm import names
from imbi_plugin_ssm.manifest import (
    DEFAULT_PREFIX,
    DEFAULT_TIMEOUT,
    MANIFEST,
    MAX_TIMEOUT,
    TIER_BYTES,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk import PluginContext

_REGION = re.compile(r'[a-z]{2,3}(?:-[a-z]+)+-\d{1,2}')
_CHINA = 'cn-'
"""Regions of the partition whose hosts end in `.amazonaws.com.cn`."""


@dataclasses.dataclass(frozen=True, slots=True)
class Credentials:
    """The key that signs a request; its repr shows nothing of it.

    Attributes:
        access_key_id: Names the key.
        secret_access_key: Signs, and is never sent.
        session_token: Goes with temporary keys, else None.
    """

    access_key_id: str = dataclasses.field(repr=False)
    secret_access_key: str = dataclasses.field(repr=False)
    session_token: str | None = dataclasses.field(default=None, repr=False)

    @classmethod
    def read(cls, credentials: Mapping[str, str]) -> Credentials:
        """Return the checked credentials of a call.

        Raises:
            PluginCredentialsMissing: A required one is absent or blank.
            PluginAuthenticationFailed: One holds what no header could carry.
        """
        given = read_credentials(MANIFEST.credentials, credentials)
        return cls(**given)


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """The options of a call.

    Attributes:
        region: As in `eu-west-1`.
        prefix: Path of the project's parameters, without a slash behind.
        endpoint: URL that requests are sent to, without a path.
        kms_key_id: Key for secrets; None is the account's own.
        tier: Tier of what is written.
        timeout: Seconds for the whole call.
    """

    region: str
    prefix: str
    endpoint: str
    kms_key_id: str | None
    tier: str
    timeout: float

    @classmethod
    def read(cls, ctx: PluginContext) -> Settings:
        """Return the checked options of a call.

        Raises:
            ValueError: An option does not hold; says which and what would.
        """
        options = ctx.assignment_options
        region = region_of(options)
        tier = read_text(options, 'tier', 'Standard')
        if tier not in TIER_BYTES:
            raise ValueError(
                f'The option tier is {tier[:40]!r}; it must be one of '
                f'{", ".join(TIER_BYTES)}.'
            )
        return cls(
            region=region,
            prefix=names.expand_prefix(
                read_text(options, 'path_prefix', DEFAULT_PREFIX),
                names.variables(ctx),
            ),
            endpoint=endpoint_of(options, f'ssm.{region}', region),
            kms_key_id=read_text(options, 'kms_key_id') or None,
            tier=tier,
            timeout=timeout_of(options),
        )


def region_of(options: Mapping[str, Any]) -> str:
    """Return the option `region`.

    Raises:
        ValueError: It is no code of a region.
    """
    region = read_text(options, 'region')
    if not _REGION.fullmatch(region):
        raise ValueError(
            f'The option region is {region[:40]!r}; it must be the code '
            "of an AWS region, as in 'eu-west-1'."
        )
    return region


def timeout_of(options: Mapping[str, Any]) -> float:
    """Return the option `timeout` in seconds.

    Raises:
        ValueError: It is no number that a person would wait.
    """
    return read_seconds(options, default=DEFAULT_TIMEOUT, longest=MAX_TIMEOUT)


def endpoint_of(
    options: Mapping[str, Any],
    host_prefix: str,
    region: str,
    option: str = 'endpoint_url',
) -> str:
    """Return the URL to send to; plain http goes to this machine only.

    Args:
        options: The options of a call.
        host_prefix: What stands before `.amazonaws.com`.
        region: Where it is; decides how the host ends.
        option: Name of the option that replaces it.

    Raises:
        ValueError: The option is no such URL.
    """
    url = read_text(options, option)
    if not url:
        end = '.cn' if region.startswith(_CHINA) else ''
        return f'https://{host_prefix}.amazonaws.com{end}'
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or '', parts.port
    except ValueError:
        parts, host, port = urlsplit(''), '', None
    if (
        not re.fullmatch(r'[A-Za-z0-9.:-]+', host)
        or parts.scheme not in {'http', 'https'}
        or parts.path.strip('/')
        or parts.query
        or parts.fragment
        or '@' in parts.netloc
    ):
        raise ValueError(
            f'The option {option} must be scheme, host and at most a '
            "port, as in 'https://vpce-1a.ssm.eu-west-1.vpce.amazonaws.com'."
        )
    if parts.scheme == 'http' and not _is_loopback(host):
        raise ValueError(
            f'The option {option} begins with http, over which secrets '
            'would travel in the clear; use https.'
        )
    host = f'[{host}]' if ':' in host else host
    return f'{parts.scheme}://{host}{f":{port}" if port else ""}'


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'
