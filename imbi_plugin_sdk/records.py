"""The graph's nodes and edges as data (ADR 0008, section 3).

::

    ThirdPartyService <--- service_id --- ServiceApplication
      └── plugins (HAS_PLUGIN) ──> PluginNode
                                       ^
    Assignment (USES_PLUGIN) ──────────┘   from a project or a project type

A record holds what one node or edge of the host's graph holds and nothing
that follows from another record. Records are frozen: a change is a new
record (`record.model_copy(update=...)`, or `replaced`). They are closed: a
field that nobody knows is an error, and no error and no repr shows a value
that may be secret. An edge may point at nothing: that is a state of the
graph, which `resolution` names, and no fault of the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

import pydantic

from imbi_plugin_sdk.context import hide

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    'PROPERTIES',
    'Assignment',
    'NodeId',
    'OwnerKind',
    'PluginNode',
    'Record',
    'ServiceApplication',
    'Slug',
    'ThirdPartyService',
]

OwnerKind: TypeAlias = Literal['project', 'project_type']
"""What an assignment can begin at."""

PROPERTIES = ('default', 'search_template', 'identity_plugin_id', 'options')
"""The properties of an assignment that a project inherits where unset."""

NodeId: TypeAlias = Annotated[str, pydantic.Field(min_length=1)]
"""The host's id of a node: any text."""

Slug: TypeAlias = Annotated[
    str, pydantic.Field(pattern=r'^[^\s/:]+$', max_length=128)
]
"""A slug in the graph. It may be older than today's rules for slugs, but it
has no `/`, `:` or white space, so that the three forms of a selector
(`id:<node>`, `<service>/<slug>`, `<slug>`) cannot be taken for each other.
128 is twice what a manifest allows."""


class Record(pydantic.BaseModel):
    """A frozen, closed model that shows no input in its errors."""

    model_config = pydantic.ConfigDict(
        extra='forbid',
        frozen=True,
        hide_input_in_errors=True,
        protected_namespaces=(),
    )

    def replaced(self, **changes: object) -> Self:
        """Return a validated copy with other values in some fields.

        `model_copy(update=...)` does not validate, this does.

        Raises:
            pydantic.ValidationError: A field does not exist, or its value
                does not fit.
        """
        kept = {name: getattr(self, name) for name in self.model_fields_set}
        return self.__class__.model_validate({**kept, **changes})


class _WithOptions(Record):
    """A record with options, whose values no repr shows."""

    options: dict[str, Any] = pydantic.Field(
        default={},
        description='Option name to value, by the names that the manifest '
        'declares. Hidden in the repr: an option may be secret.',
    )

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Hide the values of options, keep their names."""
        return hide(('options',), super().__repr_args__())


class ThirdPartyService(Record):
    """A vendor's account or installation, as one organization uses it.

    Everything from `template_id` on is what provisioning keeps in mind;
    resolution reads `id`, `slug` and `plugins` only.
    """

    id: NodeId = pydantic.Field(description="The node's id in the graph.")
    slug: Slug = pydantic.Field(
        description='What stands before the slash in a source such as '
        '`aws-production/aws-ssm`.'
    )
    vendor: str = pydantic.Field(
        default='',
        description='As in the template; compared casefolded, with white '
        'space collapsed.',
    )
    organization: str = pydantic.Field(
        default='', description='The slug of the organization that owns it.'
    )
    template_id: str | None = pydantic.Field(
        default=None,
        description='The id of the template it was made from or adopted by; '
        'None where an operator made it and no template ever met it.',
    )
    instance: str = pydantic.Field(
        default='',
        description="An operator's key that tells services of one template "
        'apart, as in `production`: two accounts of one vendor share every '
        'URL.',
    )
    live: dict[str, Any] = pydantic.Field(
        default={},
        description='Field to value as the operator sees it; a field that is '
        'not set is absent.',
    )
    base: dict[str, Any] = pydantic.Field(
        default={},
        description='Field to the manifest value last written to, or found '
        'equal to, the field while it was not pinned.',
    )
    pinned: frozenset[str] = pydantic.Field(
        default=frozenset(), description='Fields that an operator saved.'
    )
    managed: bool = pydantic.Field(
        default=False,
        description="Whether a new manifest's values are written to fields "
        'that nobody edited (ADR 0012, section 6).',
    )
    origin: Literal['operator', 'template'] = pydantic.Field(
        default='operator', description='Who made the record.'
    )
    contributors: tuple[str, ...] = pydantic.Field(
        default=(),
        description='Normalised names of the distributions attached to it, '
        'in the order they came; the first owns the template.',
    )
    plugins: tuple[NodeId, ...] = pydantic.Field(
        default=(),
        description='The ids of its plugin nodes, in the order they were '
        'attached: its HAS_PLUGIN edges.',
    )
    revision: int = pydantic.Field(
        default=0,
        ge=0,
        description="The store's count of writes to this node.",
    )

    @pydantic.field_serializer('pinned')
    def _in_order(self, names: frozenset[str]) -> list[str]:
        # A set has another order in every process, and dumps are digested.
        return sorted(names)


class ServiceApplication(Record):
    """A reference to credentials that every capability of a service shares.

    The names of the fields that are filled in, and never a value: the host
    decrypts, this library sees no key (ADR 0008, section 3).
    """

    id: NodeId = pydantic.Field(description="The node's id in the graph.")
    service_id: NodeId = pydantic.Field(
        description='The third-party service it belongs to.'
    )
    name: str = pydantic.Field(
        default='', description='What operators call it.'
    )
    credential_names: frozenset[str] | None = pydantic.Field(
        default=None,
        description='The names of the credentials that are filled in; None '
        'where the host does not say, and then nothing is called missing.',
    )

    @pydantic.field_serializer('credential_names')
    def _in_order(self, names: frozenset[str] | None) -> list[str] | None:
        # As for `ThirdPartyService.pinned`.
        return None if names is None else sorted(names)


class PluginNode(_WithOptions):
    """One installed plugin of one third-party service.

    Its service is the one whose `plugins` name it. A node that none names
    is dangling, as after an uninstall, and keeps what operators entered.
    """

    id: NodeId = pydantic.Field(description="The node's id in the graph.")
    slug: Slug = pydantic.Field(
        description="The plugin's slug; the handler is found by it."
    )
    plugin_type: str = pydantic.Field(
        description='The plugin type it was installed as.'
    )
    enabled: bool = pydantic.Field(
        default=True, description='Whether operators let it be used.'
    )
    identity_plugin_id: str | None = pydantic.Field(
        default=None,
        description='The plugin node whose identities its calls use, where '
        'no assignment says otherwise; empty or None for none.',
    )
    application_id: str | None = pydantic.Field(
        default=None,
        description='Which of several service applications it uses; None '
        'where the service has one.',
    )
    distribution: str = pydantic.Field(
        default='',
        description='Normalised name of the distribution that brought it.',
    )
    revision: int = pydantic.Field(
        default=0,
        ge=0,
        description="The store's count of writes to this node.",
    )


class Assignment(_WithOptions):
    """A USES_PLUGIN edge from a project, or a project type, to a plugin.

    None is unset: the project inherits. An empty string clears what would be
    inherited.
    """

    owner_kind: OwnerKind = pydantic.Field(
        description='What the edge begins at.'
    )
    owner_id: NodeId = pydantic.Field(
        description='The id of that project or project type.'
    )
    plugin_id: NodeId = pydantic.Field(
        description='The plugin node it leads to, if that exists.'
    )
    tab: str = pydantic.Field(
        min_length=1,
        description='The place in the project page that it serves.',
    )
    id: str = pydantic.Field(
        default='',
        description="The edge's id in the graph; empty where edges have "
        'none. It is shown and never compared.',
    )
    default: bool | None = pydantic.Field(
        default=None,
        description='Whether the plugin serves requests that name no '
        'source. None inherits.',
    )
    search_template: str | None = pydantic.Field(
        default=None,
        description='As in `/${org_slug}/${project_slug}`; empty clears, '
        'None inherits.',
    )
    identity_plugin_id: str | None = pydantic.Field(
        default=None,
        description='The plugin node whose identities calls use; empty '
        'clears, None inherits.',
    )
    excluded: bool = pydantic.Field(
        default=False,
        description="On a project's edge: the project opts out of its "
        "type's plugin. It means nothing on a type's edge.",
    )
