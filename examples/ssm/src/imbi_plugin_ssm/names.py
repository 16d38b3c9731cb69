"""Keys of Imbi, names of SSM: the rules between the two.

A key is the part of a parameter's name behind the project's path prefix. The
prefix comes from a search template, the key from a caller, and neither may
reach into another project's parameters (laws CFG009 and CFG012).

Facts about names (AWS API reference, `PutParameter`, `Name`): letters,
digits and `_.-`, levels parted by `/`, at most 15 of them, the first not
beginning with `aws` or `ssm` in any case; names differ by case.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk import expand_template, validate_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk import PluginContext

MAX_LEVELS = 15
"""Levels of a hierarchy (AWS API reference, `PutParameter`)."""

MAX_NAME = 1011 - len(
    'arn:aws-us-gov:ssm:us-gov-west-1:123456789012:parameter'
)
"""Characters of a name: AWS counts the ARN before it among the 1011."""

_SEGMENT = re.compile(r'[A-Za-z0-9_.-]+')
_PLACEHOLDER = re.compile(r'\$\{(\w+)\}')
_RESERVED = ('aws', 'ssm')


def variables(ctx: PluginContext) -> dict[str, str | None]:
    """Return what a search template may ask for, by name."""
    return {
        'project_id': ctx.project_id,
        'project_slug': ctx.project_slug,
        'org_slug': ctx.org_slug,
        'team_slug': ctx.team_slug,
        'environment': ctx.environment,
        'project_type_slug': next(iter(ctx.project_type_slugs), None),
    }


def expand_prefix(template: str, values: Mapping[str, str | None]) -> str:
    """Return the path under which one project's parameters lie.

    Args:
        template: As in `/imbi/${org_slug}/${project_slug}`.
        values: Variable name to value.

    Returns:
        The path, with a slash before it and none behind.

    Raises:
        ValueError: A placeholder is unknown, a value that is used is missing
            or is no path segment, or the result is no path that SSM takes.
            A missing value would otherwise give one project the parameters
            of several, so it is not left out.
    """
    validate_template(template)
    for name in dict.fromkeys(_PLACEHOLDER.findall(template)):
        value = values.get(name)
        if not value:
            raise ValueError(
                f'The option path_prefix holds ${{{name}}}, but the project '
                f'has no {name}. Remove the placeholder, or set the {name}.'
            )
        if not _is_segment(value):
            raise ValueError(
                f'The {name} {value[:80]!r} cannot stand in the path of a '
                'parameter; letters, digits and _.- can.'
            )
    path = expand_template(template, values).strip('/')
    segments = path.split('/')
    if not all(_is_segment(segment) for segment in segments):
        raise ValueError(
            f'The option path_prefix gives /{path[:80]!r}; it must be a path '
            'of letters, digits and _.- parted by single slashes, as in '
            "'/imbi/${org_slug}/${project_slug}/${environment}'."
        )
    if segments[0].lower().startswith(_RESERVED):
        raise ValueError(
            'The option path_prefix begins with "aws" or "ssm", which AWS '
            "keeps for itself. Put a level before it, as in '/imbi/…'."
        )
    return f'/{path}'


def parameter_name(prefix: str, key: str) -> str:
    """Return the full name of a key's parameter.

    Args:
        prefix: What `expand_prefix` returned.
        key: As in `database/password`.

    Raises:
        ValueError: The key can name no parameter below the prefix.
    """
    if not all(_is_segment(segment) for segment in key.split('/')):
        raise ValueError(
            f'The key {key[:80]!r} cannot name a parameter: it takes letters, '
            'digits and _.-, in levels parted by single slashes, without a '
            "slash at either end and without the levels '.' and '..'."
        )
    name = f'{prefix}/{key}'
    levels = name.count('/')
    if levels > MAX_LEVELS:
        raise ValueError(
            f'The key {key[:80]!r} makes a parameter of {levels} levels; SSM '
            f'takes {MAX_LEVELS}, path prefix included.'
        )
    if len(name) > MAX_NAME:
        raise ValueError(
            f'The key makes a parameter name of {len(name)} characters; SSM '
            f'takes {MAX_NAME}, path prefix included.'
        )
    return name


def key_of(prefix: str, name: str) -> str | None:
    """Return the key of a parameter, or None if it is not below the prefix."""
    head = f'{prefix}/'
    return name[len(head) :] if name.startswith(head) else None


def _is_segment(text: str) -> bool:
    return text not in {'.', '..'} and bool(_SEGMENT.fullmatch(text))
