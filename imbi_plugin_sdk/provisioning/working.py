"""A service while a plan is drafted: changed at will, compared at the end."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.provisioning import actions
from imbi_plugin_sdk.provisioning.fields import (
    FIELDS,
    VARIABLE_VALUES,
    plain_value,
)
from imbi_plugin_sdk.provisioning.state import field_values, vendor_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_sdk.records import ThirdPartyService


@dataclasses.dataclass(slots=True)
class Working:
    """What a service will be; the attributes are those of the record.

    Attributes:
        live: Template fields and `variable_values`; an unset one is absent.
        base: Template fields; an unset one is absent.
        revision: The revision that was read; None where it is created.
        by_operator: Whether an operator made the service.
        deleted: Whether the plan deletes it.
    """

    id: str
    slug: str
    vendor: str
    template_id: str | None = None
    instance: str = ''
    live: dict[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    base: dict[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    pinned: set[str] = dataclasses.field(default_factory=set[str])
    managed: bool = False
    contributors: list[str] = dataclasses.field(default_factory=list[str])
    plugins: list[str] = dataclasses.field(default_factory=list[str])
    by_operator: bool = False
    revision: int | None = None
    deleted: bool = False

    @classmethod
    def of(cls, record: ThirdPartyService) -> Working:
        """Return a record's contents, each value plain and a copy.

        Raises:
            ValueRefused: A value is not JSON.
        """
        live = field_values(record.live, f'{record.slug}.live')
        values = plain_value(record.live.get(VARIABLE_VALUES), VARIABLE_VALUES)
        if values is not None:
            live[VARIABLE_VALUES] = values
        return cls(
            id=record.id,
            slug=record.slug,
            vendor=record.vendor,
            template_id=record.template_id,
            instance=record.instance,
            live=live,
            base=field_values(record.base, f'{record.slug}.base'),
            pinned=set(record.pinned),
            managed=record.managed,
            contributors=list(record.contributors),
            plugins=list(record.plugins),
            by_operator=record.origin == 'operator',
            revision=record.revision,
        )

    @property
    def owner(self) -> str:
        """The distribution whose template fills the fields; '' for none."""
        return self.contributors[0] if self.contributors else ''

    @property
    def vendor_key(self) -> str:
        """The vendor as two names are compared."""
        return vendor_key(self.vendor)

    def put(self, where: dict[str, Any], field: str, value: object) -> None:
        """Set a field of `live` or `base`; None unsets it."""
        if value is None:
            where.pop(field, None)
        else:
            where[field] = value


def actions_between(
    before: Working | None, after: Working
) -> Iterator[actions.ServiceAction]:
    """Yield what makes one of the other, and nothing that is so already.

    Args:
        before: The service as it was read; None where it is created.
        after: The service as it will be.
    """
    of = after.id
    if after.deleted:
        yield actions.DeleteService(service_id=of)
        return
    if before is None:
        before = Working(
            after.id,
            after.slug,
            after.vendor,
            after.template_id,
            after.instance,
        )
        yield actions.CreateService(
            service_id=of,
            slug=after.slug,
            vendor=after.vendor,
            template_id=after.template_id or '',
            instance=after.instance,
        )
    here = (after.template_id or '', after.instance)
    if here != (before.template_id or '', before.instance):
        yield actions.AdoptService(
            service_id=of, template_id=here[0], instance=here[1]
        )
    yield from _fields(before, after)
    if after.managed != before.managed:
        yield actions.SetManaged(service_id=of, managed=after.managed)
    yield from _edges(before, after)


def _fields(
    before: Working, after: Working
) -> Iterator[actions.ServiceAction]:
    of = after.id
    for name in (*FIELDS, VARIABLE_VALUES):
        live, base = after.live.get(name), after.base.get(name)
        moved = base != before.base.get(name)
        if live != before.live.get(name):
            along = moved and base == live
            moved = moved and not along
            if live is None:
                yield actions.ClearField(
                    service_id=of, field=name, rebase=along
                )
            else:
                yield actions.SetField(
                    service_id=of, field=name, value=live, rebase=along
                )
        if moved:
            yield actions.MoveBase(service_id=of, field=name, base=base)
        if name in after.pinned and name not in before.pinned:
            yield actions.PinField(service_id=of, field=name)
        if name in before.pinned and name not in after.pinned:
            yield actions.UnpinField(service_id=of, field=name)


def _edges(before: Working, after: Working) -> Iterator[actions.ServiceAction]:
    of = after.id
    for name in before.contributors:
        if name not in after.contributors:
            yield actions.RemoveContributor(service_id=of, distribution=name)
    for name in after.contributors:
        if name not in before.contributors:
            yield actions.AddContributor(service_id=of, distribution=name)
    for plugin in before.plugins:
        if plugin not in after.plugins:
            yield actions.DetachPlugin(service_id=of, plugin_id=plugin)
    for plugin in after.plugins:
        if plugin not in before.plugins:
            yield actions.AttachPlugin(service_id=of, plugin_id=plugin)
