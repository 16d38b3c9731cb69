"""The steps of a plan. There are no others: the union is closed.

An action names what it writes and to which node, and nothing else. None can
hold a service application, a plugin's options or a credential, because none
has a place for one (ADR 0012, section 5).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import pydantic

from imbi_plugin_sdk.provisioning.fields import SAVED_KINDS
from imbi_plugin_sdk.records import NodeId, Record, Slug

FieldName: TypeAlias = Annotated[
    str, pydantic.Field(pattern=f'^(?:{"|".join(SAVED_KINDS)})$')
]
"""A field of a service, as in `provisioning.fields`. There are no others: else
a service application could come along as a field."""

Value: TypeAlias = str | bool | int | float | list[Any] | dict[str, Any] | None
"""What a field holds; None is unset."""

_REBASE = pydantic.Field(
    default=False, description='Whether the base moves along.'
)


class _OfService(Record):
    service_id: NodeId = pydantic.Field(description='The service meant.')

    @property
    def node(self) -> str | None:
        """The node that is written, as preconditions name it."""
        return f'service:{self.service_id}'


class _OfTemplate(_OfService):
    """Something that ties a service to a template."""

    template_id: str = pydantic.Field(description="The template's id.")
    instance: str = pydantic.Field(description="The operator's key, or ''.")


class CreateService(_OfTemplate):
    """Create a third-party service without any field set."""

    action: Literal['create_service'] = 'create_service'
    slug: Slug = pydantic.Field(description='Its slug.')
    vendor: str = pydantic.Field(description='As the template spells it.')


class AdoptService(_OfTemplate):
    """Tie a service to a template.

    An operator made it, or its own template has another id now.
    """

    action: Literal['adopt_service'] = 'adopt_service'


class DeleteService(_OfService):
    """Delete a service that a template made and nobody touched."""

    action: Literal['delete_service'] = 'delete_service'


class _OfField(_OfService):
    """Something done to one field of a service."""

    field: FieldName


class SetField(_OfField):
    """Set a live field."""

    action: Literal['set_field'] = 'set_field'
    value: Value = pydantic.Field(description='What becomes live.')
    rebase: bool = _REBASE


class ClearField(_OfField):
    """Unset a live field."""

    action: Literal['clear_field'] = 'clear_field'
    rebase: bool = _REBASE


class MoveBase(_OfField):
    """Note the manifest value that was found to be live."""

    action: Literal['move_base'] = 'move_base'
    base: Value = pydantic.Field(description='The new base; null is unset.')


class PinField(_OfField):
    """Note that an operator saved the field."""

    action: Literal['pin_field'] = 'pin_field'


class UnpinField(_OfField):
    """Forget that an operator saved the field."""

    action: Literal['unpin_field'] = 'unpin_field'


class SetManaged(_OfService):
    """Let new manifests write the fields that nobody edited, or not."""

    action: Literal['set_managed'] = 'set_managed'
    managed: bool


class _OfContributor(_OfService):
    """Something done to those that share a service."""

    distribution: str


class AddContributor(_OfContributor):
    """Append a distribution to those that share the service."""

    action: Literal['add_contributor'] = 'add_contributor'


class RemoveContributor(_OfContributor):
    """Take a distribution from those that share the service."""

    action: Literal['remove_contributor'] = 'remove_contributor'


class _OfPlugin(Record):
    """Something done to a plugin node."""

    plugin_id: NodeId

    @property
    def node(self) -> str | None:
        """The node that is written, as preconditions name it."""
        return f'plugin:{self.plugin_id}'


class CreatePlugin(_OfPlugin):
    """Create a plugin node, without options."""

    action: Literal['create_plugin'] = 'create_plugin'
    slug: Slug
    plugin_type: str
    distribution: str


class ClaimPlugin(_OfPlugin):
    """Note which distribution brought a node that an operator made."""

    action: Literal['claim_plugin'] = 'claim_plugin'
    distribution: str


class DeletePlugin(_OfPlugin):
    """Delete a plugin node that no service has and nobody touched."""

    action: Literal['delete_plugin'] = 'delete_plugin'


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

    @property
    def node(self) -> str | None:
        """None: an icon is no node."""
        return None


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
