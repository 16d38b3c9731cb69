"""The manifest: what a plugin is, asks for, and talks to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast, get_args

import pydantic

from imbi_plugin_sdk.errors import ManifestError, Problem
from imbi_plugin_sdk.manifest._declaration import (
    Declaration,
    Rule,
    entries,
    plain,
    seen,
    view,
)
from imbi_plugin_sdk.manifest._template_rules import (
    scope_problems,
    slug_problems,
)
from imbi_plugin_sdk.manifest.icon import PluginIcon
from imbi_plugin_sdk.manifest.labels import (
    OpsLogTemplate,
    PluginEdgeLabel,
    PluginVertexLabel,
)
from imbi_plugin_sdk.manifest.options import (
    CredentialField,
    DataType,
    PluginOption,
    unique_names,
)
from imbi_plugin_sdk.manifest.template import ThirdPartyServiceTemplate
from imbi_plugin_sdk.secret_detector import MANIFEST_SLOTS, find_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PluginType = Literal[
    'configuration',
    'logs',
    'identity',
    'deployment',
    'lifecycle',
    'webhook',
    'analysis',
    'incidents',
    'connection',
]

PLUGIN_TYPES: tuple[str, ...] = get_args(PluginType)

LifecycleEvent = Literal[
    'created', 'updated', 'archived', 'unarchived', 'deleted', 'relocated'
]

DEFAULT_LIFECYCLE_EVENTS: tuple[LifecycleEvent, ...] = (
    'archived',
    'unarchived',
)

FLAG_TYPES: dict[str, str] = {
    'login_capable': 'identity',
    'supports_deployment_sync': 'deployment',
    'supports_histogram': 'logs',
    'supports_lifecycle_sync': 'lifecycle',
}
"""The one plugin type on which each capability flag means something."""


def slug_is_valid(data: Mapping[str, Any]) -> Iterator[Problem]:
    """The slug keeps its pattern."""
    return slug_problems(data.get('slug'), 'slug', 'slug', 'aws-ssm')


def name_is_not_blank(data: Mapping[str, Any]) -> Iterator[Problem]:
    """The name is what an operator reads in the catalog."""
    name = data.get('name')
    if isinstance(name, str) and not name.strip():
        yield Problem(
            'name_blank',
            'name',
            'the name is blank.',
            'Name the plugin as operators should read it.',
        )


def api_version_is_valid(data: Mapping[str, Any]) -> Iterator[Problem]:
    """An integer from 1, or a version specifier; a boolean is neither."""
    value = data.get('api_version', 1)
    if isinstance(value, str):
        # packaging costs 10 ms and most manifests declare an integer.
        from packaging.specifiers import (  # noqa: PLC0415
            InvalidSpecifier,
            SpecifierSet,
        )

        try:
            empty = not list(SpecifierSet(value))
        except InvalidSpecifier:
            empty = True
        if not empty:
            return
    elif isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return
    yield Problem(
        'api_version_invalid',
        'api_version',
        f'the api_version is {seen(value)}; it must be an integer from 1 or '
        'a version specifier.',
        "Write `api_version=1`, or a range as in '>=1.2,<2'.",
    )


def flags_fit_the_type(data: Mapping[str, Any]) -> Iterator[Problem]:
    """A capability flag stands only on the type whose methods it promises."""
    kind = data.get('plugin_type')
    if kind not in PLUGIN_TYPES:
        return
    for flag, owner in FLAG_TYPES.items():
        if data.get(flag) is True and kind != owner:
            yield Problem(
                'flag_wrong_type',
                flag,
                f'{flag} is set on a plugin of type {kind}, but only one of '
                f'type {owner} can keep the promise.',
                f'Remove {flag}, or move it to the {owner} plugin.',
            )
    events = data.get('lifecycle_events')
    if (
        kind != 'lifecycle'
        and isinstance(events, (list, tuple))
        and tuple(cast('list[Any]', events)) != DEFAULT_LIFECYCLE_EVENTS
        and events
    ):
        yield Problem(
            'flag_wrong_type',
            'lifecycle_events',
            f'lifecycle_events is set on a plugin of type {kind}, which is '
            'told of no event.',
            'Remove it, or move it to the lifecycle plugin.',
        )


def lifecycle_events_are_distinct(
    data: Mapping[str, Any],
) -> Iterator[Problem]:
    """Each lifecycle event is listed once."""
    listed_before: set[str] = set()
    for path, event in entries(data, 'lifecycle_events'):
        if isinstance(event, str):
            if event in listed_before:
                yield Problem(
                    'lifecycle_event_duplicate',
                    path,
                    f'{seen(event)} is listed twice.',
                    'List each event once.',
                )
            listed_before.add(event)


def graph_labels_are_distinct(data: Mapping[str, Any]) -> Iterator[Problem]:
    """No graph label is claimed twice by one manifest."""
    yield from unique_names('vertex_labels', 'vertex_label_duplicate')(data)
    yield from unique_names('edge_labels', 'edge_label_duplicate')(data)


def manifest_has_no_secrets(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Nothing outside the template, which looks itself, is a secret."""
    rest = {
        name: value
        for name, value in data.items()
        if name != 'third_party_service'
    }
    refused_anyway = {
        f'{path}.default'
        for path, option in entries(data, 'options')
        if view(option).get('type') == 'secret'
    }
    for finding in find_secrets(rest, slots=MANIFEST_SLOTS):
        if not (
            finding.path in refused_anyway
            and finding.kind in {'name', 'placeholder', 'opaque_value'}
        ):
            yield finding.problem()


class PluginManifest(Declaration):
    """The declaration that every handler class carries as `manifest`.

    Raises:
        ManifestError: Everything that is wrong, at once (ADR 0008, section
            2; ADR 0012, section 5).
    """

    rules: ClassVar[tuple[Rule, ...]] = (
        slug_is_valid,
        name_is_not_blank,
        api_version_is_valid,
        flags_fit_the_type,
        scope_problems,
        unique_names('options', 'option_name_duplicate'),
        unique_names('credentials', 'credential_name_duplicate'),
        unique_names('data_types', 'data_type_name_duplicate'),
        graph_labels_are_distinct,
        lifecycle_events_are_distinct,
        manifest_has_no_secrets,
    )

    slug: str = pydantic.Field(
        description='Stable key of the plugin: lower-case words joined by '
        'hyphens, at most 64 characters. Stored references hold it, so it '
        'never changes.',
        examples=['aws-ssm'],
    )
    name: str = pydantic.Field(description='What operators read.')
    description: str | None = pydantic.Field(
        default=None, description='One or two sentences for the catalog.'
    )
    plugin_type: PluginType = pydantic.Field(
        description='Which contract the handler class keeps.'
    )
    auth_type: Literal['api_token', 'oauth2', 'oidc', 'aws-iam-ic'] = (
        pydantic.Field(
            default='api_token', description='How the remote is spoken to.'
        )
    )
    api_version: int | str = pydantic.Field(
        default=1,
        description='Contract that the handler was written for: `1` means '
        '`>=1.0,<2`; or a version specifier.',
        examples=[1, '>=1.2,<3'],
    )
    cacheable: bool = pydantic.Field(
        default=True, description='Whether the host may cache results.'
    )
    supports_histogram: bool = pydantic.Field(
        default=False, description='logs: `histogram` is implemented.'
    )
    supports_deployment_sync: bool = pydantic.Field(
        default=False,
        description='deployment: `list_recent_deployments` is implemented.',
    )
    supports_lifecycle_sync: bool = pydantic.Field(
        default=False,
        description='lifecycle: `on_project_created` and '
        '`on_project_updated` are implemented.',
    )
    login_capable: bool = pydantic.Field(
        default=False, description='identity: people may sign in with it.'
    )
    requires_identity: bool = pydantic.Field(
        default=False,
        description="Calls need the user's own identity in the context.",
    )
    default_scopes: list[str] = pydantic.Field(
        default_factory=list[str],
        description='Scopes asked for where nobody chooses others.',
    )
    options: list[PluginOption] = pydantic.Field(
        default_factory=list[PluginOption],
        description='Settings that the operator fills in.',
    )
    credentials: list[CredentialField] = pydantic.Field(
        default_factory=list[CredentialField],
        description='Credentials that the operator enters; never values.',
    )
    data_types: list[DataType] = pydantic.Field(
        default_factory=list[DataType],
        description='Types of value that a configuration plugin stores.',
    )
    vertex_labels: list[PluginVertexLabel] = pydantic.Field(
        default_factory=list[PluginVertexLabel],
        description='Vertex labels that the plugin brings.',
    )
    edge_labels: list[PluginEdgeLabel] = pydantic.Field(
        default_factory=list[PluginEdgeLabel],
        description='Edge labels that the plugin brings.',
    )
    widget_text: str | None = pydantic.Field(
        default=None, description='Text of the button on a project page.'
    )
    ops_log_templates: dict[str, OpsLogTemplate] = pydantic.Field(
        default_factory=dict[str, OpsLogTemplate],
        description='Event name to its form in the operations log.',
    )
    lifecycle_events: list[LifecycleEvent] = pydantic.Field(
        default_factory=lambda: list[LifecycleEvent](DEFAULT_LIFECYCLE_EVENTS),
        description='lifecycle: events whose hook is implemented.',
    )
    icon: PluginIcon | None = pydantic.Field(
        default=None, description='The brand mark, shipped in the wheel.'
    )
    icon_dark: PluginIcon | None = pydantic.Field(
        default=None, description='The brand mark for dark ground.'
    )
    third_party_service: ThirdPartyServiceTemplate | None = pydantic.Field(
        default=None,
        description='The vendor-known part of the service it talks to.',
    )

    @classmethod
    def problems_of(cls, manifest: object) -> tuple[Problem, ...]:
        """Return everything that is wrong with a manifest, however made.

        Judges objects that `model_construct` or `model_copy(update=...)`
        made without validation as strictly as any input. Never raises.

        Args:
            manifest: A manifest, a mapping of its fields, or anything else.
        """
        if not view(manifest):
            return (
                Problem(
                    'not_a_manifest',
                    '',
                    f'{seen(manifest)} is not a PluginManifest.',
                    'Give a manifest with slug, name and plugin_type.',
                ),
            )
        try:
            cls.model_validate(plain(manifest))
        except ManifestError as error:
            return error.problems
        return ()
