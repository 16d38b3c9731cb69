"""Search templates: text with `${name}` placeholders about the project.

An option such as a path prefix or a saved query is one template that serves
every project: `/${org_slug}/${project_slug}/${environment}`.

The rules (contract version 1): a placeholder is `${`, one of
`SEARCH_VARIABLES` and `}`; any other `$` stands for itself; a variable that
is missing or None becomes an empty string; what was put in is never expanded
again, so a value that holds `${team_slug}` stays as it is.
"""

import re
from collections.abc import Mapping

from imbi_plugin_sdk._text import hint, listed, shown

__all__ = [
    'SEARCH_VARIABLES',
    'expand_template',
    'validate_template',
]

SEARCH_VARIABLES = (
    'project_slug',
    'org_slug',
    'team_slug',
    'environment',
    'project_id',
    'project_type_slug',
)
"""The names a placeholder may hold (contract version 1)."""

SHOWN_FAULTS = 8
"""How many faults a message lists; an operator mends one after another."""

_PLACEHOLDER = re.compile(r'\$\{(?P<name>[^}]*)(?P<end>\}?)', re.DOTALL)


def validate_template(template: str) -> None:
    """Check every placeholder of a template.

    Args:
        template: As in `/${org_slug}/${project_slug}`.

    Raises:
        ValueError: A placeholder names no variable, or is not closed. The
            message lists the first `SHOWN_FAULTS` with their columns,
            counted from 1, and says how many there are beside these.
    """
    wrong = [
        match
        for match in _PLACEHOLDER.finditer(template)
        if not match['end'] or match['name'] not in SEARCH_VARIABLES
    ]
    if wrong:
        faults = [_fault(match) for match in wrong[:SHOWN_FAULTS]]
        if len(wrong) > SHOWN_FAULTS:
            faults.append(f'and {len(wrong) - SHOWN_FAULTS} more')
        raise ValueError(
            f'search template {shown(template)}: {"; ".join(faults)}. '
            f'Use one of {listed(SEARCH_VARIABLES)}, as in '
            "'/${org_slug}/${project_slug}'."
        )


def expand_template(template: str, variables: Mapping[str, str | None]) -> str:
    """Put values into a template, once.

    Values are put in as they are: quoting them for a query language or a
    path is the caller's work (laws CFG009 and LOG011).

    Args:
        template: As in `/${org_slug}/${project_slug}`.
        variables: Name to value. A missing name and None become an empty
            string; names that the template does not use are ignored.

    Returns:
        The template with each placeholder replaced.

    Raises:
        ValueError: As `validate_template` does.
    """
    validate_template(template)
    return _PLACEHOLDER.sub(
        lambda match: _written(variables.get(match['name'])), template
    )


def _written(value: object) -> str:
    """Return a value as a template holds it; 0 and False are values too."""
    return '' if value is None else str(value)


def _fault(match: re.Match[str]) -> str:
    """Say what is wrong with one placeholder."""
    name, column = match['name'], match.start() + 1
    if not match['end']:
        return f"'${{' at column {column} is never closed with '}}'"
    meant = hint(name, SEARCH_VARIABLES)
    return (
        f'{shown(match[0])} at column {column} names no variable'
        f'{meant and "," + meant.rstrip("?").lower()}'
    )
