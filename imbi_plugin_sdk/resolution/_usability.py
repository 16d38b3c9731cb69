"""Step 3: whether a plugin node can serve, whoever chose it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NoReturn

from imbi_plugin_sdk._text import hint, listed
from imbi_plugin_sdk.contract import negotiate
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.options import missing_credentials
from imbi_plugin_sdk.resolution.errors import Fault

if TYPE_CHECKING:
    from imbi_plugin_sdk.contract import Negotiation
    from imbi_plugin_sdk.records import (
        PluginNode,
        ServiceApplication,
        ThirdPartyService,
    )
    from imbi_plugin_sdk.resolution.bindings import (
        Graph,
        HandlerEntry,
        Handlers,
    )


class Refused(Exception):  # noqa: N818  never leaves resolution
    """Carries a fault out of the steps below.

    Attributes:
        fault: What is wrong.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


def refuse(code: str, message: str, fix: str) -> NoReturn:
    """Stop at a fault.

    Raises:
        Refused: Always.
    """
    raise Refused(Fault(code, message, fix))


@dataclasses.dataclass(frozen=True, slots=True)
class Placed:
    """A plugin node that exists and hangs on exactly one service."""

    node: PluginNode
    service: ThirdPartyService

    def __str__(self) -> str:
        """Return what a message calls it."""
        return f'{self.service.slug}/{self.node.slug} (id:{self.node.id})'


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """What the registry serves for a slug, checked again."""

    entry: HandlerEntry
    negotiation: Negotiation

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Say so if the contract version is on its way out."""
        if self.negotiation.state != 'deprecated':
            return ()
        return (
            Problem(
                'api_version_deprecated',
                'api_version',
                self.negotiation.message,
                self.negotiation.remedy,
            ),
        )


class Usability:
    """Finds what a plugin node needs in order to serve.

    Every question about a handler is answered once per slug.
    """

    def __init__(self, graph: Graph, handlers: Handlers) -> None:
        self._graph = graph
        self._handlers = handlers
        self._known: dict[str, Known | Fault] = {}

    def place(
        self, plugin_id: str, otherwise: str = 'delete the assignment'
    ) -> Placed:
        """Find a plugin node and its service (ADR 0008, section 4.3).

        Args:
            plugin_id: The node's id.
            otherwise: What to do where it should not be attached.

        Raises:
            Refused: `dangling_edge`.
        """
        node = self._graph.plugin.get(plugin_id)
        if node is None:
            refuse(
                'dangling_edge',
                f'an assignment leads to plugin {plugin_id!r}, which does '
                'not exist.',
                'Delete the assignment, or point it at a plugin that exists.',
            )
        services = self._graph.services_of.get(plugin_id, ())
        if len(services) == 1:
            return Placed(node, services[0])
        claims = listed((one.slug for one in services), 'and')
        seen = f'{claims} have it' if services else 'none has it'
        refuse(
            'dangling_edge',
            f'plugin {node.slug} (id:{plugin_id}) must hang on one service '
            f'by HAS_PLUGIN, but {seen}.',
            f'Attach it to exactly one service, or {otherwise}.',
        )

    def handler(self, placed: Placed) -> Known:
        """Look the handler up and check it again (ADR 0008, section 4.4).

        Raises:
            Refused: `handler_unavailable`, `api_version_unsupported`, or
                `type_mismatch` where the handler's type is not the node's.
        """
        slug, installed_as = placed.node.slug, placed.node.plugin_type
        if slug not in self._known:
            try:
                self._known[slug] = self._look_up(slug)
            except Refused as error:
                self._known[slug] = error.fault
        known = self._known[slug]
        if isinstance(known, Fault):
            refuse(known.code, f'{placed}: {known.message}', known.fix)
        if known.entry.plugin_type != installed_as:
            refuse(
                'type_mismatch',
                f'{placed} was installed as type {installed_as!r}, but its '
                f'handler is now of type {known.entry.plugin_type!r}.',
                'Install the plugin again, or go back to a version of the '
                f'distribution that gives type {installed_as!r}.',
            )
        return known

    def application(
        self, placed: Placed, known: Known
    ) -> tuple[ServiceApplication | None, tuple[Problem, ...]]:
        """Find the credentials' application, and what it lacks."""
        nodes = self._graph.applications_of.get(placed.service.id, ())
        wanted = placed.node.application_id
        fitting = [one for one in nodes if not wanted or one.id == wanted]
        if len(fitting) != 1:
            return None, _no_application(placed, known, len(nodes))
        names = fitting[0].credential_names
        if names is None:
            return fitting[0], ()
        return fitting[0], missing_credentials(known.entry.manifest, names)

    def _look_up(self, slug: str) -> Known:
        entry = self._handlers.entries.get(slug)
        if entry is not None:
            found = negotiate(entry.plugin_type, entry.manifest.api_version)
            if found.is_served:
                return Known(entry, found)
            refuse('api_version_unsupported', found.message, found.remedy)
        for refusal in self._handlers.refusals:
            if slug == (refusal.slug or refusal.entry_point):
                refuse(
                    'api_version_unsupported'
                    if refusal.stage == 'api_version'
                    else 'handler_unavailable',
                    f'the registry refused it: {refusal.message}',
                    refusal.remedy,
                )
        guess = hint(slug, self._handlers.entries)
        refuse(
            'handler_unavailable',
            f'no installed distribution gives a handler {slug!r}.{guess}',
            'Install the distribution that has it and reload the registry.',
        )


def refuse_if_disabled(placed: Placed, what: str) -> None:
    """Stop where operators switched a plugin off.

    Raises:
        Refused: `plugin_disabled`.
    """
    if not placed.node.enabled:
        refuse(
            'plugin_disabled',
            f'{what} {placed} is switched off.',
            'Enable it, or choose another plugin.',
        )


def _no_application(
    placed: Placed, known: Known, count: int
) -> tuple[Problem, ...]:
    """Say why no application was found, where one is due."""
    wanted, service = placed.node.application_id, placed.service.slug
    asked = known.entry.manifest.credentials
    if wanted:
        code, seen = (
            'application_missing',
            f'{placed} uses service application {wanted!r}, which '
            f'service {service} does not have.',
        )
    elif count and asked:
        code, seen = (
            'application_ambiguous',
            f'service {service} has {count} service applications, and '
            f'{placed} does not say which one it uses.',
        )
    elif any(field.required for field in asked):
        code, seen = (
            'application_missing',
            f'{placed} needs credentials, and service {service} has '
            'no service application.',
        )
    else:
        return ()
    fix = (
        'Set application_id of the plugin to one of the service.'
        if count
        else 'Attach a service application with credentials to the service'
        f'{", and set application_id to it" if wanted else ""}.'
    )
    return (Problem(code, 'application_id', seen, fix),)
