"""What one call is told: options and the token, checked before any request."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from imbi_plugin_logzio.manifest import (
    DEFAULT_FIELD,
    DEFAULT_LEVEL_FIELD,
    DEFAULT_REGION,
    DEFAULT_TIMEOUT,
    DEFAULT_VALUE,
    MANIFEST,
    MAX_TIMEOUT,
    REGIONS,
)
from imbi_plugin_sdk import expand_template
from imbi_plugin_sdk.options import (
    read_credentials,
    read_seconds,
    read_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk import PluginContext

FIELD_NAME = re.compile(r'[A-Za-z@][\w@./-]{0,254}', re.ASCII)
"""Names that entries have; those that begin with `_` are the engine's own."""

_LOOPBACK = frozenset({'localhost', '127.0.0.1', '::1'})
_PLACEHOLDER = re.compile(r'\$\{(\w+)\}')


def read_token(credentials: Mapping[str, str]) -> str:
    """Return the API token.

    Raises:
        PluginCredentialsMissing: It is absent or blank.
        PluginAuthenticationFailed: It holds what no header can carry.
    """
    return read_credentials(MANIFEST.credentials, credentials)['api_token']


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """The options of a call.

    Attributes:
        endpoint: URL of the API, without a slash behind.
        scope: Field to value: what the entries of this project have.
        level_field: Field that holds the level.
        fields: Fields to offer; blank takes them from the newest entries.
        timeout: Seconds for the whole call.
    """

    endpoint: str
    scope: Mapping[str, str]
    level_field: str
    fields: tuple[str, ...]
    timeout: float

    @classmethod
    def read(cls, ctx: PluginContext) -> Settings:
        """Return the checked options of a call.

        Raises:
            ValueError: An option does not hold; says which and what would.
        """
        options = ctx.assignment_options
        listed = read_text(options, 'fields').split(',')
        fields = [name.strip() for name in listed if name.strip()]
        for name in fields:
            _checked('fields', name)
        return cls(
            endpoint=_endpoint(options),
            scope=_scope(ctx, options),
            level_field=_field(options, 'level_field', DEFAULT_LEVEL_FIELD),
            fields=tuple(dict.fromkeys(fields)),
            timeout=read_seconds(
                options, default=DEFAULT_TIMEOUT, longest=MAX_TIMEOUT
            ),
        )


def _scope(ctx: PluginContext, options: Mapping[str, Any]) -> dict[str, str]:
    """Return what tells this project's entries from all others.

    A value that is missing would make one project see the entries of
    several, so it is not left out.
    """
    template = read_text(options, 'project_value', DEFAULT_VALUE)
    values: dict[str, str | None] = {
        'project_id': ctx.project_id,
        'project_slug': ctx.project_slug,
        'org_slug': ctx.org_slug,
        'team_slug': ctx.team_slug,
        'environment': ctx.environment,
        'project_type_slug': next(iter(ctx.project_type_slugs), None),
    }
    value = expand_template(template, values)
    for name in _PLACEHOLDER.findall(template):
        if not values.get(name):
            raise ValueError(
                f'The option project_value asks for ${{{name}}}, which this '
                f'project does not have. Set its {name}, or leave it out.'
            )
    scope = {_field(options, 'project_field', DEFAULT_FIELD): value}
    if read_text(options, 'environment_field'):
        if not ctx.environment:
            raise ValueError(
                'The option environment_field is set, but the call is for no '
                'environment. Choose one, or clear the option.'
            )
        scope[_field(options, 'environment_field', '')] = ctx.environment
    return scope


def _field(options: Mapping[str, Any], name: str, default: str) -> str:
    return _checked(name, read_text(options, name, default))


def _checked(option: str, name: str) -> str:
    if not FIELD_NAME.fullmatch(name):
        raise ValueError(
            f'The option {option} has {name[:40]!r}, which names no field: '
            'letters, digits and @._/- do, with a letter or @ first.'
        )
    return name


def _endpoint(options: Mapping[str, Any]) -> str:
    """Return the URL of the API; only this machine is spoken to in clear."""
    given = read_text(options, 'endpoint_url')
    region = read_text(options, 'region', DEFAULT_REGION)
    if region not in REGIONS:
        raise ValueError(
            f'The option region is {region[:40]!r}; it must be one of '
            f'{", ".join(REGIONS)}.'
        )
    if not given:
        return f'https://{REGIONS[region]}.logz.io'
    wrong = ValueError(
        'The option endpoint_url must be https with a host, at most a port '
        "and a path, as in 'https://logs-proxy.example.com'."
    )
    try:
        parts = urlsplit(given)
        host, port = parts.hostname or '', parts.port
    except ValueError:
        raise wrong from None
    plain = parts.scheme == 'http' and host in _LOOPBACK
    if (
        not re.fullmatch(r'[A-Za-z0-9.:-]+', host)
        or not (parts.scheme == 'https' or plain)
        or '@' in parts.netloc
        or parts.query
        or parts.fragment
        or not re.fullmatch(r'[\w./-]*', parts.path, re.ASCII)
    ):
        raise wrong
    where = f'[{host}]' if ':' in host else host
    where += f':{port}' if port else ''
    return f'{parts.scheme}://{where}{parts.path.rstrip("/")}'
