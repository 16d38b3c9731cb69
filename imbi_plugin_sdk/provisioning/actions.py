"""The steps of a plan. There are no others: the union is closed.

An action names what it writes and to which node, and nothing else. None can
hold a service application, a plugin's options or a credential, because none
has a place for one (ADR 0012, section 5).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import pydantic

from imbi_plugin_sdk.records import NodeId, Record, Slug

FieldName: TypeAlias = Annotated[
    str, pydantic.Field(pattern=r'^[a-z][a-z_]{0,63}$')
]
"""A field of a service, as in `provisioning.fields`."""

Value: TypeAlias = str | bool | int | float | list[Any] | dict[str, Any] | None
"""What a field holds; None is unset."""

_REBASE = pydantic.Field(
    default=False, description='Whether the base moves along.'
)


class _OfService(Record):
    service_id: NodeId = pydantic.Field(description='The service meant.')


class CreateService(_OfService):
    """Create a third-party service without any field set."""

    action: Literal['create_service'] = 'create_service'
    slug: Slug = pydantic.Field(description='Its slug.')
    vendor: str = pydantic.Field(description='As the template spells it.')
    template_id: str = pydantic.Field(description="The template's id.")
    instance: str = pydantic.Field(description="The operator's key, or ''.")


class AdoptService(_OfService):
    """Tie a service that an operator made to a template."""

    action: Literal['adopt_service'] = 'adopt_service'
    template_id: str = pydantic.Field(description="The template's id.")
    instance: str = pydantic.Field(description="The operator's key, or ''.")


class DeleteService(_OfService):
    """Delete a service that a template made and nobody touched."""

    action: Literal['delete_service'] = 'delete_service'


class SetField(_OfService):
    """Set a live field."""

    action: Literal['set_field'] = 'set_field'
    field: FieldName
    value: Value = pydantic.Field(description='What becomes live.')
    rebase: bool = _REBASE


class ClearField(_OfService):
    """Unset a live field."""

    action: Literal['clear_field'] = 'clear_field'
    field: FieldName
    rebase: bool = _REBASE


class MoveBase(_OfService):
    """Note the manifest value that was found to be live."""

    action: Literal['move_base'] = 'move_base'
    field: FieldName
    base: Value = pydantic.Field(description='The new base; null is unset.')


class PinField(_OfService):
    """Note that an operator saved the field."""

    action: Literal['pin_field'] = 'pin_field'
    field: FieldName


class UnpinField(_OfService):
    """Forget that an operator saved the field."""

    action: Literal['unpin_field'] = 'unpin_field'
    field: FieldName


class SetManaged(_OfService):
    """Let new manifests write the fields that nobody edited, or not."""

    action: Literal['set_managed'] = 'set_managed'
    managed: bool


class AddContributor(_OfService):
    """Append a distribution to those that share the service."""

    action: Literal['add_contributor'] = 'add_contributor'
    distribution: str


class RemoveContributor(_OfService):
    """Take a distribution from those that share the service."""

    action: Literal['remove_contributor'] = 'remove_contributor'
    distribution: str


class CreatePlugin(Record):
    """Create a plugin node, without options."""

    action: Literal['create_plugin'] = 'create_plugin'
    plugin_id: NodeId
    slug: Slug
    plugin_type: str
    distribution: str


class ClaimPlugin(Record):
    """Note which distribution brought a node that an operator made."""

    action: Literal['claim_plugin'] = 'claim_plugin'
    plugin_id: NodeId
    distribution: str


class DeletePlugin(Record):
    """Delete a plugin node that no service has and nobody touched."""

    action: Literal['delete_plugin'] = 'delete_plugin'
    plugin_id: NodeId


class AttachPlugin(_OfService):
    """Create a HAS_PLUGIN edge (ADR 0012, section 3, step 4)."""

    action: Literal['attach_plugin'] = 'attach_plugin'
    plugin_id: NodeId


class DetachPlugin(_OfService):
    """Remove a HAS_PLUGIN edge; the node keeps what operators entered."""

    action: Literal['detach_plugin'] = 'detach_plugin'
    plugin_id: NodeId


class StoreIcon(Record):
    """Persist the sanitized bytes that an icon field names."""

    action: Literal['store_icon'] = 'store_icon'
    digest: str = pydantic.Field(pattern=r'^sha256:[0-9a-f]{64}$')
    media_type: str
    size: int = pydantic.Field(ge=1, description='Length in bytes.')


ServiceAction: TypeAlias = (
    CreateService
    | AdoptService
    | DeleteService
    | SetField
    | ClearField
    | MoveBase
    | PinField
    | UnpinField
    | SetManaged
    | AddContributor
    | RemoveContributor
    | AttachPlugin
    | DetachPlugin
)
"""Every action that writes a service."""

PluginAction: TypeAlias = CreatePlugin | ClaimPlugin | DeletePlugin
"""Every action that writes a plugin node."""

Action: TypeAlias = Annotated[
    ServiceAction | PluginAction | StoreIcon,
    pydantic.Field(discriminator='action'),
]
"""Every step that a plan can have."""
