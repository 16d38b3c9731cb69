"""Names of repositories and refs, judged before they get into a URL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from imbi_plugin_sdk import expand_template, validate_template

if TYPE_CHECKING:
    from imbi_plugin_sdk import PluginContext

_OWNER = re.compile(r'[A-Za-z0-9](?:[A-Za-z0-9-_]{0,62})')
"""Users of an enterprise have an underscore before its short code."""

_NAME = re.compile(r'[A-Za-z0-9._-]{1,100}')
_SHA = re.compile(r'[0-9a-fA-F]{40}|[0-9a-fA-F]{64}')
"""A full object name, by SHA-1 or SHA-256."""

_WORKFLOW = re.compile(r'[0-9]{1,19}|[A-Za-z0-9._ -]{1,200}\.ya?ml')
_INPUT = re.compile(r'[A-Za-z_][A-Za-z0-9_-]{0,99}')

_NEVER = re.compile(
    r'\.\.|@\{|//|/\.|\.lock(?:/|$)|^[./-]|[/.]$|^@$|^$'
    r'|[\x00-\x20\x7f~^:?*\[\\]'
)
"""What no name of a ref holds (git-check-ref-format). `..` and the like would
lead a URL elsewhere, `~` and `^` mean another commit than the one named."""

LONGEST_REF = 255
"""Bytes of a name; GitHub refuses longer ones."""


def repository_of(template: str, ctx: PluginContext) -> tuple[str, str]:
    """Return owner and name of a project's repository.

    Args:
        template: The option `repository`.
        ctx: Whose.

    Raises:
        ValueError: A placeholder is unknown, or what comes out is none.
    """
    validate_template(template)
    expanded = expand_template(
        template,
        {
            'org_slug': ctx.org_slug,
            'team_slug': ctx.team_slug,
            'project_slug': ctx.project_slug,
            'project_id': ctx.project_id,
            'project_type_slug': next(iter(ctx.project_type_slugs), None),
            'environment': ctx.environment,
        },
    )
    owner, slash, name = expanded.partition('/')
    fits = _OWNER.fullmatch(owner) and _NAME.fullmatch(name)
    if not slash or not fits or name in ('.', '..'):
        raise ValueError(
            f'The option repository gives {expanded[:80]!r}; it must be '
            "owner and name, as in 'acme/shop'."
        )
    return owner, name


def workflow_of(option: str) -> str:
    """Return the file name or id of a workflow; blank for none.

    Raises:
        ValueError: It is none.
    """
    name = option.removeprefix('.github/workflows/')
    if name and not _WORKFLOW.fullmatch(name):
        raise ValueError(
            f'The option workflow is {option[:80]!r}; it must be the name of '
            "a file in .github/workflows, as in 'deploy.yml'."
        )
    return name


def input_of(option: str, name: str) -> str:
    """Return the name of an input; blank for none.

    Raises:
        ValueError: It is none.
    """
    if name and not _INPUT.fullmatch(name):
        raise ValueError(
            f'The option {option} is {name[:80]!r}; it must name an input of '
            "the workflow, as in 'environment'."
        )
    return name


def checked_ref(name: str) -> str:
    """Return a name of a branch, tag or commit as it came.

    Raises:
        ValueError: Git allows no such name.
    """
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        length = LONGEST_REF + 1
    if _NEVER.search(name) or length > LONGEST_REF:
        raise ValueError(
            f'{name[:80]!r} is no name of a branch or tag, and no sha.'
        )
    return name


def is_sha(text: str) -> bool:
    """Return whether a text is a full object name."""
    return _SHA.fullmatch(text) is not None


def checked_sha(text: str) -> str:
    """Return a full object name in lower case.

    Raises:
        ValueError: It is none.
    """
    if not is_sha(text):
        raise ValueError(
            f'{text[:80]!r} is no full sha; a tag needs the 40 characters '
            'that resolve_committish gives.'
        )
    return text.lower()


def escaped(segment: str) -> str:
    """Return a text as one segment of a URL: `/` and `#` stay in it."""
    return quote(segment, safe='')
