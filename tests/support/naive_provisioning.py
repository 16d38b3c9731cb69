"""Provisioning as the rules say it, once more, in the plainest way.

An oracle: it knows nothing of plans and imports nothing of the SDK. A world is
an organization as plain dicts, changed in place. Each operation returns what
was decided, or None where nothing may be done. The words are those of the
rules: L is what is live, B the base, N what the manifest says.
"""

from __future__ import annotations

import dataclasses
from typing import Any

ICONS = ('icon', 'icon_dark')


@dataclasses.dataclass
class Service:
    """A third-party service; `plugins` are nodes, in the order they came."""

    id: str
    vendor: str
    template: str = ''
    instance: str = ''
    live: dict[str, Any] = dataclasses.field(default_factory=dict)
    base: dict[str, Any] = dataclasses.field(default_factory=dict)
    pinned: set[str] = dataclasses.field(default_factory=set)
    managed: bool = False
    contributors: list[str] = dataclasses.field(default_factory=list)
    plugins: list[Node] = dataclasses.field(default_factory=list)
    by_operator: bool = False
    in_use: bool = False
    fresh: bool = False


@dataclasses.dataclass(eq=False)
class Node:
    """A plugin node; `home` is the service that a plan made it for, if any."""

    home: str
    slug: str
    type: str
    distribution: str
    assigned: int = 0
    entered: bool = False


@dataclasses.dataclass(frozen=True)
class Entry:
    """An entry point: one plugin of one distribution.

    `values` holds what template and icons fill; `broken` names the icons that
    are declared and cannot be read.
    """

    distribution: str
    name: str
    slug: str
    type: str
    vendor: str
    template: str
    values: dict[str, Any]
    broken: frozenset[str] = frozenset()


@dataclasses.dataclass
class Told:
    """What a plan has to tell.

    `fields` holds (service, field) to (decision, L, N written, B), and
    `differences` what is listed: (offer or conflict, service, field,
    distribution, N).
    """

    fields: dict[tuple[str, str], tuple[Any, ...]] = dataclasses.field(
        default_factory=dict
    )
    differences: list[tuple[Any, ...]] = dataclasses.field(
        default_factory=list
    )


def same(one: str, other: str) -> bool:
    """Vendors are compared casefolded, with white space collapsed."""
    return ' '.join(one.casefold().split()) == ' '.join(
        other.casefold().split()
    )


def decide(live: Any, base: Any, new: Any, *, pinned: bool, managed: bool):
    """Return the decision, L and B afterwards; the table, row by row."""
    edited = pinned or live != base
    if live == new:
        return 'converged', live, base if pinned else new
    if edited and new == base:
        return 'keep', live, base
    if edited:
        return 'conflict', live, base
    if not managed:
        return 'offer', live, base
    return ('clear' if new is None else 'write'), new, new


class World:
    """One organization.

    `kept` are plugin nodes that no service has any more, and `catalogue` is
    what every installed distribution brings now.
    """

    def __init__(self) -> None:
        self.services: list[Service] = []
        self.kept: list[Node] = []
        self.catalogue: dict[str, list[Entry]] = {}
        self.made = 0

    def service(self, name: str) -> Service:
        return next(one for one in self.services if one.id == name)

    # -- what plugins bring ----------------------------------------------

    def install(self, batch, places):
        """Attach to the service that is found, or to a new one."""
        batch = sorted(batch, key=lambda one: (one.distribution, one.name))
        if len({one.slug for one in batch}) < len(batch) or unequal(batch):
            return None
        catalogue = {**self.catalogue, **by_distribution(batch)}
        groups: list[list[Entry]] = []
        for entry in batch:
            for group in groups:
                first = group[0]
                if first.template == entry.template and same(
                    first.vendor, entry.vendor
                ):
                    group.append(entry)
                    break
            else:
                groups.append([entry])
        told = Told()
        for group in groups:
            template = group[0].template
            place = places.get(template, {})
            twice = [one for one in groups if one[0].template == template]
            if 'service' in place and len(twice) > 1:
                return None
            service = self.find(group, place, batch)
            if service is None:
                return None
            for entries in split(group):
                if self.attach(service, entries, catalogue, told) is None:
                    return None
        self.catalogue = catalogue
        return told

    def find(self, group, place, batch):
        """Return the service that is meant; None where nobody can tell."""
        entry, instance = group[0], place.get('instance')
        target, new = place.get('service'), place.get('create', False)
        if target is not None:
            service = next(
                (one for one in self.services if one.id == target), None
            )
            return service and self.named(service, group, instance, batch)
        bringers = {one.distribution for one in group}
        hits = [
            one
            for one in self.services
            if one.template == entry.template
            and (
                same(one.vendor, entry.vendor)
                or bringers & set(one.contributors)
            )
            and instance in {None, one.instance}
        ]
        if hits:
            return hits[0] if len(hits) == 1 and not new else None
        url = entry.values.get('service_url')
        hits = [
            one
            for one in self.services
            if not new
            and url
            and one.template == ''
            and same(one.vendor, entry.vendor)
            and one.live.get('service_url') == url
            and (instance is None or one.instance in {'', instance})
        ]
        if hits:
            if len(hits) > 1:
                return None
            adopt(hits[0], entry.template, instance or hits[0].instance)
            return hits[0]
        self.made += 1
        service = Service(
            f'new-{self.made}',
            entry.vendor,
            entry.template,
            instance or '',
            fresh=True,
        )
        self.services.append(service)
        return service

    def named(self, service, group, instance, batch):
        """Return the service that an operator named, tied to the template."""
        template = group[0].template
        if service.template == '' and service.instance == '':
            wanted = instance or ''
        elif instance in {None, service.instance}:
            wanted = service.instance
        else:
            return None
        if service.template == template:
            return service
        for one in self.services:
            if same(one.vendor, service.vendor) and (
                one.template,
                one.instance,
            ) == (template, wanted):
                return None
        if service.template == '':
            adopt(service, template, wanted)
            return service
        # The template has another id now: its package may take it along.
        mine = {one.distribution for one in group}
        others = set(service.contributors) - mine
        still = {(one.distribution, one.template) for one in batch}
        kept = any(
            (name, service.template) in still for name in service.contributors
        )
        if others or kept or not service.contributors:
            return None
        service.template = template
        return service

    def attach(self, service, entries, catalogue, told, *, again=True):
        """Let a distribution share a service."""
        name = entries[0].distribution
        if name not in service.contributors:
            service.contributors.append(name)
        values, broken = brought(entries)
        owner = service.contributors[0]
        if owner == name:
            merge(service, (name, values, broken), told)
            service.fresh = False
        else:
            mine = [
                one
                for one in catalogue.get(owner, [])
                if one.template == service.template
            ]
            theirs = brought(mine)[0] if mine else service.base
            for field in sorted({*values, *theirs}):
                new = values.get(field)
                if new == theirs.get(field) or field in broken:
                    continue
                if field in ICONS and new is None:
                    continue
                if mine or not unsaid(service, field, new):
                    told.differences.append(
                        ('conflict', service.id, field, name, new)
                    )
        for entry in entries:
            if not self.attach_plugin(service, entry, again=again):
                return None
        return told

    def attach_plugin(self, service, entry, *, again):
        """Give the service a node of the plugin, unless it has one."""
        for node in service.plugins:
            if node.slug == entry.slug:
                if node.distribution not in {'', entry.distribution}:
                    return False
                if node.distribution == '' and node.type != entry.type:
                    return True
                node.distribution = entry.distribution
                return True
        if not again and any(
            (node.slug, node.distribution) == (entry.slug, entry.distribution)
            for node in self.kept
            if node.home in {'', service.id}
        ):
            return True
        for node in self.kept:
            if (node.home, node.slug, node.type) == (
                service.id,
                entry.slug,
                entry.type,
            ):
                self.kept.remove(node)
                node.distribution = entry.distribution
                service.plugins.append(node)
                return True
        node = Node(service.id, entry.slug, entry.type, entry.distribution)
        service.plugins.append(node)
        return True

    def upgrade(self, batch):
        """Merge into every service that the distributions share."""
        batch = sorted(batch, key=lambda one: (one.distribution, one.name))
        if len({one.slug for one in batch}) < len(batch) or unequal(batch):
            return None
        catalogue = {**self.catalogue, **by_distribution(batch)}
        told = Told()
        for entries in split(batch):
            for service in self.services:
                if (
                    entries[0].distribution in service.contributors
                    and entries[0].template == service.template
                    and self.attach(
                        service, entries, catalogue, told, again=False
                    )
                    is None
                ):
                    return None
        self.catalogue = catalogue
        return told

    # -- taking away -----------------------------------------------------

    def uninstall(self, names, services=None, slugs=None):
        """Remove edges and share; return the services to offer deletion of."""
        known = [
            *self.kept,
            *(n for one in self.services for n in one.plugins),
        ]
        if set(slugs or ()) - {one.slug for one in known}:
            return None
        offered = set()
        for name in sorted(names):
            for service in self.services:
                if services is not None and service.id not in services:
                    continue
                mine = [
                    one for one in service.plugins if one.distribution == name
                ]
                going = [
                    one for one in mine if slugs is None or one.slug in slugs
                ]
                if name not in service.contributors and not mine:
                    continue
                if any(one.assigned for one in going):
                    return None
                service.plugins = [
                    one for one in service.plugins if one not in going
                ]
                self.kept += going
                if len(going) < len(mine) or (slugs is not None and not going):
                    continue
                if name in service.contributors:
                    service.contributors.remove(name)
                if self.untouched(service):
                    offered.add(service.id)
        return offered

    def untouched(self, service):
        """Whether a template made the service and nobody touched it."""
        return not (
            service.by_operator
            or service.plugins
            or service.contributors
            or service.in_use
            or service.managed
            or service.pinned
            or service.live != service.base
            or any(one.entered for one in self.kept if one.home == service.id)
        )

    def delete(self, name):
        service = self.service(name)
        mine = [one for one in self.kept if one.home == name]
        if not self.untouched(service) or any(one.assigned for one in mine):
            return None
        self.services.remove(service)
        self.kept = [one for one in self.kept if one.home != name]
        return Told()

    # -- what operators do -----------------------------------------------

    def save(self, name, values):
        service, told = self.service(name), Told()
        for field, value in values.items():
            live = service.live.get(field)
            told.fields[name, field] = (
                'save',
                live,
                value or None,
                service.base.get(field),
            )
            put(service.live, field, value or None)
            service.pinned.add(field)
        return told

    def unpin(self, name, fields):
        self.service(name).pinned -= set(fields)
        return Told()

    def take(self, name, fields):
        service, told = self.service(name), Told()
        mine = self.owners(service)
        if not mine:
            return None
        values, broken = brought(mine)
        if broken & set(fields):
            return None
        for field in fields:
            new, live = values.get(field), service.live.get(field)
            decision = 'clear' if new is None else 'write'
            if new == live:
                decision = 'converged'
            told.fields[name, field] = (
                decision,
                live,
                new,
                service.base.get(field),
            )
            put(service.live, field, new)
            put(service.base, field, new)
            service.pinned.discard(field)
        return told

    def manage(self, name, *, at_once):
        service, told = self.service(name), Told()
        if not service.contributors:
            return None
        service.managed = True
        mine = self.owners(service)
        if at_once and mine:
            owner = service.contributors[0]
            merge(service, (owner, *brought(mine)), told)
        return told

    def owners(self, service):
        if not service.contributors:
            return []
        return [
            one
            for one in self.catalogue.get(service.contributors[0], [])
            if one.template == service.template
        ]


def put(where, field, value):
    if value is None:
        where.pop(field, None)
    else:
        where[field] = value


def adopt(service, template, instance):
    """Write no field and pin those present."""
    service.template, service.instance = template, instance
    service.pinned |= set(service.live)
    service.managed = False


def merge(service, theirs, told):
    """Decide about each field; a new service takes everything."""
    name, values, broken = theirs
    for field in sorted({*values, *service.live, *service.base} - broken):
        live, base = service.live.get(field), service.base.get(field)
        new = values.get(field)
        decision, after, base_after = decide(
            live,
            base,
            new,
            pinned=field in service.pinned,
            managed=service.managed or service.fresh,
        )
        told.fields[service.id, field] = (decision, live, after, base)
        if decision in {'offer', 'conflict'}:
            told.differences.append((decision, service.id, field, name, new))
        put(service.live, field, after)
        put(service.base, field, base_after)


def unsaid(service, field, new):
    """Whether nobody knows what an owner whose template is gone had."""
    live = service.live.get(field)
    known = field in service.base or not service.by_operator
    return live == new or (live is None and not known)


def brought(entries):
    """Return the values of one template, and the icons that are unknown."""
    if not entries:
        return {}, frozenset()
    values = {
        field: value
        for field, value in entries[0].values.items()
        if field not in ICONS
    }
    broken = set()
    for field in ICONS:
        readable = [
            one.values[field] for one in entries if field in one.values
        ]
        if readable:
            values[field] = readable[0]
        elif any(field in one.broken for one in entries):
            broken.add(field)
    return values, frozenset(broken)


def unequal(batch):
    """Whether one distribution has two templates of one id."""
    seen: dict[tuple[str, str], Any] = {}
    for one in batch:
        values = {
            field: value
            for field, value in one.values.items()
            if field not in ICONS
        }
        key = (one.distribution, one.template)
        if seen.setdefault(key, (one.vendor, values)) != (one.vendor, values):
            return True
    return False


def by_distribution(batch):
    found: dict[str, list[Entry]] = {}
    for one in batch:
        found.setdefault(one.distribution, []).append(one)
    return found


def split(batch):
    """Return the entry points by distribution and template id, in order."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for one in batch:
        found.setdefault((one.distribution, one.template), []).append(one)
    return list(found.values())
