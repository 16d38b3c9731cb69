"""Strategies for contexts: whose call it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from imbi_plugin_sdk.context import PluginContext

SLUG = r'[a-z][a-z0-9]{0,11}(-[a-z0-9]{1,8}){0,2}'
"""Slugs as the host makes them, short enough to read in a failure."""


def contexts(base: PluginContext) -> SearchStrategy[PluginContext]:
    """Return contexts of other projects and environments.

    Args:
        base: Whose options, links and the like are kept, as the sandbox's.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    slug = st.from_regex(SLUG, fullmatch=True)
    facts = st.fixed_dictionaries(
        {
            'project_id': slug,
            'project_slug': slug,
            'environment': st.none() | slug,
            'team_slug': st.none() | slug,
            'project_name': st.none() | st.text(max_size=20),
            'project_type_slugs': st.lists(slug, max_size=3, unique=True),
        }
    )
    return facts.map(
        lambda update: base.model_copy(update=update).model_copy(deep=True)
    )
