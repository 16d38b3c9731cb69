"""The search template of an assignment, expanded for one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.options._coercion import OptionsError
from imbi_plugin_sdk.search_templates import expand_template, validate_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.context import PluginContext


def search_variables(context: PluginContext) -> dict[str, str | None]:
    """Return what the placeholders of a search template stand for.

    A project may have several types; `project_type_slug` is the first, in
    the order that the host gives.
    """
    types = context.project_type_slugs
    return {
        'project_slug': context.project_slug,
        'org_slug': context.org_slug,
        'team_slug': context.team_slug,
        'environment': context.environment,
        'project_id': context.project_id,
        'project_type_slug': types[0] if types else None,
    }


def expand_search(
    template: str | None, variables: Mapping[str, str | None]
) -> str | None:
    """Expand the search template of an assignment.

    Args:
        template: As in `/${org_slug}/${project_slug}`; None or empty where
            there is none.
        variables: As `search_variables` returns them.

    Returns:
        The expanded text; None where there is no template.

    Raises:
        OptionsError: `search_template_invalid`: a placeholder names no
            variable, or is not closed.
    """
    if not template:
        return None
    problems = template_problems(template)
    if problems:
        raise OptionsError('search template', problems)
    return expand_template(template, variables)


def template_problems(template: str | None) -> tuple[Problem, ...]:
    """Say what is wrong with a search template, if anything is."""
    if template:
        try:
            validate_template(template)
        except ValueError as error:
            return (
                Problem(
                    'search_template_invalid',
                    'search_template',
                    str(error),
                    'Correct the template of the assignment.',
                ),
            )
    return ()
