"""What a plugin adds to the host's graph and to its operations log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pydantic

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.manifest._declaration import Declaration, Rule, entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def index_names_fields(data: Mapping[str, Any]) -> Iterator[Problem]:
    """An index names at least one field, and no blank one."""
    if isinstance(data.get('fields'), (list, tuple)) and not data['fields']:
        yield Problem(
            'index_fields_empty',
            'fields',
            'an index without fields indexes nothing.',
            'Name at least one property of the vertex.',
        )
    for path, field in entries(data, 'fields'):
        if _blank(field):
            yield Problem(
                'index_field_blank',
                path,
                'the name of an indexed field is blank.',
                'Name a property of the vertex, or remove the entry.',
            )


def label_is_named(data: Mapping[str, Any]) -> Iterator[Problem]:
    """A graph label and what it refers to are not blank."""
    for field in ('name', 'model_ref'):
        if _blank(data.get(field)):
            yield Problem(
                f'{field}_blank',
                field,
                f'the {field} of a graph label is blank.',
                'Name it; the host creates the label under this name.',
            )


def edge_has_ends(data: Mapping[str, Any]) -> Iterator[Problem]:
    """An edge label can start and end somewhere."""
    for field in ('from_labels', 'to_labels'):
        ends = data.get(field)
        if isinstance(ends, (list, tuple)) and not ends:
            yield Problem(
                'edge_end_empty',
                field,
                f'{field} is empty, so that no edge can exist.',
                'Name at least one vertex label.',
            )


class PluginIndex(Declaration):
    """An index over properties of a vertex label."""

    rules: ClassVar[tuple[Rule, ...]] = (index_names_fields,)

    fields: list[str] = pydantic.Field(
        description='Indexed properties, in order; at least one, none blank.'
    )
    unique: bool = pydantic.Field(
        default=False, description='Whether two vertices may not agree.'
    )


class PluginVertexLabel(Declaration):
    """A vertex label that the plugin brings into the graph."""

    rules: ClassVar[tuple[Rule, ...]] = (label_is_named,)

    name: str = pydantic.Field(
        description='The label; two plugins cannot claim one.'
    )
    indexes: list[PluginIndex] = pydantic.Field(
        default_factory=list[PluginIndex],
        description='Indexes to create with the label.',
    )
    model_ref: str = pydantic.Field(
        description='Import path of the pydantic model of its vertices.'
    )
    display_name: str | None = pydantic.Field(
        default=None, description='Name shown to people.'
    )
    description: str | None = pydantic.Field(
        default=None, description='What a vertex of this label is.'
    )
    nav_label: str | None = pydantic.Field(
        default=None, description='Name in the navigation, if it has a place.'
    )


class PluginEdgeLabel(Declaration):
    """An edge label that the plugin brings into the graph."""

    rules: ClassVar[tuple[Rule, ...]] = (label_is_named, edge_has_ends)

    name: str = pydantic.Field(
        description='The label; two plugins cannot claim one.'
    )
    from_labels: list[str] = pydantic.Field(
        description='Vertex labels where such an edge may start.'
    )
    to_labels: list[str] = pydantic.Field(
        description='Vertex labels where such an edge may end.'
    )
    properties: dict[str, str] = pydantic.Field(
        default_factory=dict[str, str],
        description='Name to type of the properties of such an edge.',
    )


class OpsLogTemplate(Declaration):
    """How one kind of event reads in the operations log."""

    label: str = pydantic.Field(description='Short name of the event.')
    summary: str | None = pydantic.Field(
        default=None, description='Template of the line in the log.'
    )
