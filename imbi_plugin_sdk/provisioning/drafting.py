"""A plan in the making: what was looked at, decided and found wanting."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.provisioning import actions
from imbi_plugin_sdk.provisioning.merge import Field, Merged, merge_field
from imbi_plugin_sdk.provisioning.plan import (
    MASK,
    Candidates,
    Choice,
    Difference,
    FieldPlan,
    ManifestDigest,
    Operation,
    Plan,
    canonical,
)
from imbi_plugin_sdk.provisioning.sources import icon_value
from imbi_plugin_sdk.provisioning.state import loose_nodes, vendor_key
from imbi_plugin_sdk.provisioning.working import Working, actions_between
from imbi_plugin_sdk.secret_detector import TEMPLATE_SLOTS, find_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imbi_plugin_sdk.errors import Problem
    from imbi_plugin_sdk.icons import SanitizedIcon
    from imbi_plugin_sdk.provisioning.sources import PluginSource
    from imbi_plugin_sdk.provisioning.state import State
    from imbi_plugin_sdk.records import PluginNode


class Draft:
    """Collects one plan; made for one planning call and never shared.

    Attributes:
        state: What is planned from; never changed.
        new_plugins: Id to the node that the plan creates.
        claims: Id of a node that an operator made, to the distribution that
            the plan notes on it.
        slugs: Of all services, those that the plan creates included.
    """

    def __init__(
        self,
        operation: Operation,
        state: State,
        sources: Iterable[PluginSource] = (),
    ) -> None:
        self.state = state
        self.new_plugins: dict[str, actions.CreatePlugin] = {}
        self.claims: dict[str, str] = {}
        self._operation: Operation = operation
        self._sources = tuple(sorted(sources, key=lambda one: one.order))
        self._services: dict[str, Working] = {}
        self._by_vendor: dict[str, list[str]] = {}
        self._considered: dict[str, int | None] = {}
        self._unassigned: set[str] = set()
        self._candidates: dict[str, Candidates] = {}
        self._deleted_plugins: list[str] = []
        self._fields: list[FieldPlan] = []
        self._conflicts: list[Difference] = []
        self._offers: list[Difference] = []
        self._deletable: list[str] = []
        self._warnings: dict[Problem, None] = {}
        self._blocks: dict[Problem, None] = {}
        self._choices: list[Choice] = []
        self._shared: dict[str, list[str]] = {}
        self._involved: dict[str, set[str]] | None = None
        self._loose: dict[tuple[str, str], list[PluginNode]] | None = None
        self._masks: dict[tuple[str, str], bool] = {}
        self.slugs: set[str] = set()
        for service in state.services.values():
            key = vendor_key(service.vendor)
            self._by_vendor.setdefault(key, []).append(service.id)
            self.slugs.add(service.slug)
            for name in service.contributors:
                self._shared.setdefault(name, []).append(service.id)

    @property
    def sources(self) -> tuple[PluginSource, ...]:
        """What is planned for, by (distribution, entry point)."""
        return self._sources

    # -- nodes ---------------------------------------------------------

    def service(self, name: str) -> Working | None:
        """Return the working copy of a service; None where none exists."""
        working = self._services.get(name)
        if working is None and name in self.state.services:
            working = Working.of(self.state.services[name])
            self._services[name] = working
        return working

    def consider(self, service: Working) -> Working:
        """Let the plan depend on the service staying as it was read."""
        self._services[service.id] = service
        self._considered[f'service:{service.id}'] = service.revision
        return service

    def create(self, service: Working) -> Working:
        """Add a service that does not exist yet."""
        self._by_vendor.setdefault(service.vendor_key, []).append(service.id)
        self.slugs.add(service.slug)
        return self.consider(service)

    def service_ids(self) -> set[str]:
        """Return the ids of all services, those of this plan included."""
        return {*self.state.services, *self._services}

    def shared_by(self, distribution: str) -> list[Working]:
        """Return the services that a distribution contributes to, by id."""
        names = sorted(self._shared.get(distribution, ()))
        found = [self.service(name) for name in names]
        return [one for one in found if one is not None]

    def of_vendor(self, key: str) -> list[Working]:
        """Return a vendor's services by id; the plan depends on them all."""
        if key not in self._candidates:
            self._candidates[key] = Candidates(
                vendor=key,
                revisions={
                    name: self.state.services[name].revision
                    for name in sorted(self._by_vendor.get(key, ()))
                    if name in self.state.services
                },
            )
        found = [self.service(name) for name in self._by_vendor.get(key, ())]
        return sorted(
            (one for one in found if one is not None), key=lambda one: one.id
        )

    def consider_plugin(self, name: str, *, unassigned: bool = False) -> None:
        """Let the plan depend on a plugin node, or on its absence."""
        node = self.state.plugins.get(name)
        self._considered[f'plugin:{name}'] = node.revision if node else None
        if unassigned:
            self._unassigned.add(name)

    def plugins_of(self, service: Working, distribution: str) -> list[str]:
        """Return the nodes of a service that a distribution brought."""
        known = self.state.plugins
        return [
            name
            for name in service.plugins
            if name in known and known[name].distribution == distribution
        ]

    def nodes_left(self, service: str, slug: str) -> list[PluginNode]:
        """Return the nodes of a slug that no service has.

        Those that plans made for the service; for no service (an empty id),
        those that no plan made.
        """
        if self._loose is None:
            self._loose = loose_nodes(self.state)
        return self._loose.get((service, slug), [])

    def involving(self, distribution: str) -> list[Working]:
        """Return the services that a distribution has anything to do with.

        It contributes to them, or brought one of their plugins; by id.
        """
        if self._involved is None:
            self._involved = self._all_involved()
        names = sorted(self._involved.get(distribution, ()))
        found = [self.service(name) for name in names]
        return [one for one in found if one is not None]

    def _all_involved(self) -> dict[str, set[str]]:
        known = self.state.plugins
        involved: dict[str, set[str]] = {}
        for service in self.state.services.values():
            brought = [
                known[name].distribution
                for name in service.plugins
                if name in known
            ]
            for name in (*service.contributors, *brought):
                involved.setdefault(name, set()).add(service.id)
        return involved

    def slug_of(self, plugin: str) -> str:
        """Return the slug of a plugin node; empty where none exists."""
        made = self.new_plugins.get(plugin) or self.state.plugins.get(plugin)
        return made.slug if made else ''

    def slugs_of_plugins(self) -> set[str]:
        """Return the slugs of all plugin nodes."""
        return {node.slug for node in self.state.plugins.values()}

    def attach(self, service: Working, plugin: str) -> None:
        """Give a service a plugin node that no service has."""
        self.consider_plugin(plugin)
        service.plugins.append(plugin)

    def delete_plugin(self, name: str) -> None:
        """Delete a plugin node that no service has."""
        self.consider_plugin(name, unassigned=True)
        self._deleted_plugins.append(name)

    # -- fields --------------------------------------------------------

    def decide(
        self, service: Working, field: str, new: object, distribution: str
    ) -> None:
        """Merge one field, and note what becomes of it.

        Args:
            service: Its owner is the distribution.
            field: The field's name.
            new: What the manifest says; None is unset.
            distribution: Whose manifest it is.
        """
        live, base = service.live.get(field), service.base.get(field)
        # A plan shares nothing with the manifest that it was made of.
        seen = Field(live, base, copy.deepcopy(new), field in service.pinned)
        if seen.live is seen.base is seen.new is None:
            return
        merged = merge_field(seen, managed=service.managed)
        self.note(service, field, seen, merged)
        if merged.decision in {'conflict', 'offer'}:
            self.differ(
                service,
                field,
                (distribution, seen.new),
                merged.reason,
                offer=merged.decision == 'offer',
            )

    def note(
        self, service: Working, field: str, seen: Field, merged: Merged
    ) -> None:
        """Put a decision into the service and into the plan."""
        before = self._masked(field, seen.live, (seen.new, seen.base, None))
        stays = merged.after == seen.live
        self._fields.append(
            FieldPlan(
                service_id=service.id,
                field=field,
                before=before,
                after=before if stays else merged.after,
                base=seen.base,
                decision=merged.decision,
                reason=merged.reason,
            )
        )
        service.put(service.live, field, merged.after)
        service.put(service.base, field, merged.base)

    def differ(
        self,
        service: Working,
        field: str,
        theirs: tuple[str, Any],
        reason: str,
        *,
        offer: bool = False,
    ) -> None:
        """Note a manifest's value that is not written.

        Args:
            service: Whose field it is.
            field: The field's name.
            theirs: The distribution, and its value.
            reason: Why it is not written.
            offer: Whether it is an offer and no conflict.
        """
        distribution, offered = theirs
        (self._offers if offer else self._conflicts).append(
            Difference(
                service_id=service.id,
                field=field,
                distribution=distribution,
                live=self._masked(
                    field,
                    service.live.get(field),
                    (offered, service.base.get(field), None),
                ),
                offered=offered,
                reason=reason,
            )
        )

    def _masked(
        self, field: str, value: object, vetted: tuple[Any, ...]
    ) -> Any:  # noqa: ANN401  JSON
        """Return the value, or `***` where an operator put a secret there.

        A template was looked through when its source was made, and what is
        the base was a template's. Looking costs more than all else in
        planning: what equals one of these is not looked at, and nothing is
        looked at twice.
        """
        if value in vetted:
            return value
        key = (field, canonical(value))
        if key not in self._masks:
            self._masks[key] = bool(
                find_secrets({field: value}, slots=TEMPLATE_SLOTS)
            )
        return MASK if self._masks[key] else value

    # -- words ---------------------------------------------------------

    def warn(self, problem: Problem) -> None:
        """Note what an operator should know, once."""
        self._warnings[problem] = None

    def block(self, problem: Problem, choices: Iterable[Choice] = ()) -> None:
        """Note what an operator has to decide first, once."""
        self._blocks[problem] = None
        self._choices += choices

    def offer_deletion(self, service: Working) -> None:
        """Offer to delete a service that nobody touched."""
        self._deletable.append(service.id)

    # -- the plan ------------------------------------------------------

    def seal(self) -> Plan:
        """Return the plan; a blocked one does nothing and decides nothing."""
        blocked = bool(self._blocks)
        decided: dict[str, object] = {
            'actions': tuple(self._actions()),
            'fields': tuple(self._fields),
            'conflicts': tuple(self._conflicts),
            'offers': tuple(self._offers),
            'deletable': tuple(self._deletable),
        }
        return Plan.sealed(
            operation=self._operation,
            organization=self.state.organization,
            manifests=tuple(_digests(self._sources)),
            preconditions=dict(sorted(self._considered.items())),
            unassigned=tuple(sorted(self._unassigned)),
            candidates=tuple(
                self._candidates[key] for key in sorted(self._candidates)
            ),
            warnings=tuple(self._warnings),
            blocks=tuple(self._blocks),
            choices=tuple(self._choices),
            **({} if blocked else decided),
        )

    def _actions(self) -> Iterator[actions.Action]:
        """Yield icons first, then nodes, then what leads to them."""
        services: list[actions.ServiceAction] = []
        for name, after in self._services.items():
            record = self.state.services.get(name)
            before = None if record is None else Working.of(record)
            services += actions_between(before, after)
        yield from self._icons(services)
        for name in sorted(self.new_plugins):
            yield self.new_plugins[name]
        for name in sorted(self.claims):
            yield actions.ClaimPlugin(
                plugin_id=name, distribution=self.claims[name]
            )
        yield from services
        for name in self._deleted_plugins:
            yield actions.DeletePlugin(plugin_id=name)

    def _icons(
        self, services: Iterable[actions.ServiceAction]
    ) -> Iterator[actions.StoreIcon]:
        """Yield one step for each icon that becomes live."""
        clean: dict[str, SanitizedIcon] = {}
        for source in self._sources:
            for icon in source.icons.values():
                if icon.clean is not None:
                    clean[icon_value(icon.clean)] = icon.clean
        wanted = {
            action.value
            for action in services
            if isinstance(action, actions.SetField)
            and isinstance(action.value, str)
        }
        for digest in sorted(clean.keys() & wanted):
            found = clean[digest]
            yield actions.StoreIcon(
                digest=digest, media_type=found.media_type, size=found.size
            )


def _digests(sources: Iterable[PluginSource]) -> Iterator[ManifestDigest]:
    for source in sources:
        yield ManifestDigest(
            distribution=source.distribution,
            version=source.version,
            entry_point=source.entry_point,
            slug=source.slug,
            digest=source.digest,
        )
