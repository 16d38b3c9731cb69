"""One call's options, checked before anything is sent."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from imbi_plugin_ssm.names import variables
from imbi_plugin_ssm.settings import (
    endpoint_of,
    region_of,
    timeout_of,
)

from imbi_plugin_aws.logs.manifest import (
    DEFAULT_LEVEL_FIELD,
    DEFAULT_LOG_GROUP,
    DEFAULT_MESSAGE_FIELD,
)
from imbi_plugin_sdk import expand_template, validate_template
from imbi_plugin_sdk.options import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk import PluginContext

MAX_LOG_GROUPS = 50
"""Log groups of one query (API reference, `StartQuery`)."""

_LOG_GROUP = re.compile(r'[.\-_/#A-Za-z0-9]{1,512}')
"""API reference, `CreateLogGroup`, `logGroupName`."""

_PLACEHOLDER = re.compile(r'\$\{(\w+)\}')
_VALUE = re.compile(r'[.\-_A-Za-z0-9]+')
"""What may stand in a log group's name: no slash, so that no project's name
reaches into the log group of another."""

_FIELD = re.compile(r'@?[^\s`@,][^\r\n`,]{0,254}')
"""A backtick would end the quotes around a field's name."""


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """The options of a call.

    Attributes:
        region: As in `eu-west-1`.
        log_groups: Names of the log groups to search.
        fields: JSON fields to show beside message and level.
        level_field: JSON field that holds the level.
        message_field: JSON field that holds the message.
        endpoint: URL that requests are sent to, without a path.
        timeout: Seconds for the whole call.
    """

    region: str
    log_groups: tuple[str, ...]
    fields: tuple[str, ...]
    level_field: str
    message_field: str
    endpoint: str
    timeout: float

    @classmethod
    def read(cls, ctx: PluginContext) -> Settings:
        """Return the checked options of a call.

        Raises:
            ValueError: An option does not hold; says which and what would.
        """
        options = ctx.assignment_options
        region = region_of(options)
        return cls(
            region=region,
            log_groups=expand_log_groups(
                read_text(options, 'log_group', DEFAULT_LOG_GROUP),
                variables(ctx),
            ),
            fields=tuple(
                field_name(name, 'the option fields')
                for name in _listed(read_text(options, 'fields'))
            ),
            level_field=field_name(
                read_text(options, 'level_field', DEFAULT_LEVEL_FIELD),
                'the option level_field',
            ),
            message_field=field_name(
                read_text(options, 'message_field', DEFAULT_MESSAGE_FIELD),
                'the option message_field',
            ),
            endpoint=endpoint_of(options, f'logs.{region}', region),
            timeout=timeout_of(options),
        )


def expand_log_groups(
    template: str, values: Mapping[str, str | None]
) -> tuple[str, ...]:
    """Return the names of the log groups of one project.

    Raises:
        ValueError: A placeholder is unknown or has no value (the project
            would read the logs of several), a value cannot stand in a name,
            or the result is no log group's name.
    """
    validate_template(template)
    for name in dict.fromkeys(_PLACEHOLDER.findall(template)):
        value = values.get(name)
        if not value:
            raise ValueError(
                f'The option log_group holds ${{{name}}}, but the project '
                f'has no {name}. Remove the placeholder, or set the {name}.'
            )
        if not _VALUE.fullmatch(value):
            raise ValueError(
                f'The {name} {value[:80]!r} cannot stand in the name of a '
                'log group; letters, digits and _.- can.'
            )
    groups = tuple(dict.fromkeys(_listed(expand_template(template, values))))
    for group in groups:
        if not _LOG_GROUP.fullmatch(group):
            raise ValueError(
                f'The option log_group gives {group[:80]!r}; a log group has '
                'up to 512 letters, digits and ._/#-, as in '
                "'/imbi/${org_slug}/${project_slug}/${environment}'."
            )
    if not 0 < len(groups) <= MAX_LOG_GROUPS:
        raise ValueError(
            f'The option log_group names {len(groups)} log groups; one query '
            f'takes 1 to {MAX_LOG_GROUPS}.'
        )
    return groups


def field_name(name: str, where: str) -> str:
    """Return the name of a field that the query language can hold.

    Raises:
        ValueError: It holds a backtick, a comma or a line break, or is blank.
    """
    if not _FIELD.fullmatch(name):
        raise ValueError(
            f'{where[:1].upper()}{where[1:]} names the field {name[:80]!r}; '
            'a name has 1 to 256 characters without backtick, comma or line '
            'break.'
        )
    return name


def _listed(text: str) -> list[str]:
    return [part for piece in text.split(',') if (part := piece.strip())]
