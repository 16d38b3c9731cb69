"""One call's options and credentials, checked before anything is sent."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginCredentialsMissing,
)
from imbi_plugin_ssm import names
from imbi_plugin_ssm.manifest import (
    DEFAULT_PREFIX,
    DEFAULT_TIMEOUT,
    MAX_TIMEOUT,
    TIER_BYTES,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk import PluginContext

_REGION = re.compile(r'[a-z]{2,3}(?:-[a-z]+)+-\d{1,2}')
_CHINA = 'cn-'
"""Regions of the partition whose hosts end in `.amazonaws.com.cn`."""

_PRINTABLE = re.compile(r'[\x21-\x7e]+')


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
            PluginAuthenticationFailed: One holds what no header could carry;
                a line break that was pasted with it, for example.
        """
        given = {
            name: text
            for name in ('access_key_id', 'secret_access_key', 'session_token')
            if (text := credentials.get(name) or '').strip()
        }
        missing = [
            name
            for name in ('access_key_id', 'secret_access_key')
            if name not in given
        ]
        if missing:
            raise PluginCredentialsMissing(
                f'AWS needs {" and ".join(missing)}; attach it to the service.'
            )
        for name, text in given.items():
            if not _PRINTABLE.fullmatch(text):
                raise PluginAuthenticationFailed(
                    f'The credential {name} holds white space or characters '
                    'that no AWS credential has; enter it anew.'
                )
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
        tier = text_of(options, 'tier') or 'Standard'
        if tier not in TIER_BYTES:
            raise ValueError(
                f'The option tier is {tier[:40]!r}; it must be one of '
                f'{", ".join(TIER_BYTES)}.'
            )
        return cls(
            region=region,
            prefix=names.expand_prefix(
                text_of(options, 'path_prefix') or DEFAULT_PREFIX,
                names.variables(ctx),
            ),
            endpoint=endpoint_of(options, f'ssm.{region}', region),
            kms_key_id=text_of(options, 'kms_key_id') or None,
            tier=tier,
            timeout=timeout_of(options),
        )


def text_of(options: Mapping[str, Any], name: str) -> str:
    """Return an option without white space around it; empty if left out.

    Raises:
        ValueError: It is no text.
    """
    value = options.get(name)
    if value is None:
        return ''
    if not isinstance(value, str):
        raise ValueError(  # noqa: TRY004  a refusal that the contract names
            f'The option {name} must be text, not {type(value).__name__}.'
        )
    return value.strip()


def region_of(options: Mapping[str, Any]) -> str:
    """Return the option `region`.

    Raises:
        ValueError: It is no code of a region.
    """
    region = text_of(options, 'region')
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
    value = options.get('timeout')
    if value is None or value == '':
        return DEFAULT_TIMEOUT
    if not isinstance(value, bool) and isinstance(value, (int, float, str)):
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if 0 < seconds <= MAX_TIMEOUT:
            return seconds
    raise ValueError(
        f'The option timeout must be above 0 and at most {MAX_TIMEOUT} '
        'seconds.'
    )


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
    url = text_of(options, option)
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
