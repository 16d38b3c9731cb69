"""Folders and keys: where a project's secrets are, and nothing else.

A key may hold `/`: `db/password` is the secret `password` in the folder `db`.
The server resolves dot segments itself and takes nearly every character, so
the alphabet here is narrower on purpose: it needs no escaping in a URL, reads
the same in a policy, and leads nowhere else (laws CFG009 and CFG012).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk import expand_template, validate_template

if TYPE_CHECKING:
    from imbi_plugin_sdk import PluginContext

LONGEST_KEY = 512
"""Characters of a key. The file storage keeps a folder per segment, whose
name may have 255 bytes on most systems, and a path some 4,096."""

LONGEST_SEGMENT = 200
"""Characters between two slashes; see above."""

_NAME = re.compile(r'[A-Za-z0-9_.\-]+')
_VARIABLE = re.compile(r'\$\{(\w+)\}')


def folder_of(template: str, ctx: PluginContext) -> str:
    """Return the folder of a project and environment, without outer slashes.

    Args:
        template: The option `path_prefix`.
        ctx: Whose.

    Raises:
        ValueError: A variable is unknown or unset, or what comes out is no
            folder. One that is unset would be left out, and two projects
            would share what is left.
    """
    validate_template(template)
    variables = {
        'org_slug': ctx.org_slug,
        'team_slug': ctx.team_slug,
        'project_slug': ctx.project_slug,
        'project_id': ctx.project_id,
        'project_type_slug': next(iter(ctx.project_type_slugs), None),
        'environment': ctx.environment,
    }
    for name in _VARIABLE.findall(template):
        if not _is_name(variables[name] or ''):
            raise ValueError(
                f'The option path_prefix asks for ${{{name}}}, and the '
                f'project has none that can name a folder: set the {name}, '
                'or take it out of the option.'
            )
    folder = expand_template(template, variables).strip('/')
    if not _is_path(folder):
        raise ValueError(
            f'The option path_prefix gives the folder {folder[:80]!r}; it '
            'must be names of letters, digits and _.- with single slashes '
            f"between them, as in 'imbi/${{project_slug}}'."
        )
    return folder


def mount_of(option: str) -> str:
    """Return the path of the mount, without outer slashes.

    Raises:
        ValueError: It is no path.
    """
    mount = option.strip('/')
    if not _is_path(mount):
        raise ValueError(
            f'The option mount is {option[:80]!r}; it must be the path of a '
            "KV version 2 mount, as in 'secret'."
        )
    return mount


def secret_path(folder: str, key: str) -> str:
    """Return the path of a key's secret below the mount.

    Raises:
        ValueError: The key cannot name one in this folder.
    """
    if not is_key(key):
        raise ValueError(
            f'The key {key[:80]!r} cannot name a secret: it takes names of '
            f'letters, digits and _.- with single slashes between them, at '
            f'most {LONGEST_KEY} characters in all and {LONGEST_SEGMENT} '
            "from slash to slash, and none that is '.' or '..'."
        )
    return f'{folder}/{key}'


def is_key(text: str) -> bool:
    """Return whether a path below the folder could be a key."""
    return len(text) <= LONGEST_KEY and _is_path(text)


def _is_path(text: str) -> bool:
    return all(_is_name(name) for name in text.split('/'))


def _is_name(text: str) -> bool:
    return (
        text not in ('.', '..')
        and len(text) <= LONGEST_SEGMENT
        and _NAME.fullmatch(text) is not None
    )
