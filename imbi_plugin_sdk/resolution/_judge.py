"""Steps 6 and 7: what a chosen plugin needs, or why it cannot serve.

A fault here never moves the choice to another candidate.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from imbi_plugin_sdk.options import resolve_options, template_problems
from imbi_plugin_sdk.options._tiers import fit_options
from imbi_plugin_sdk.resolution._merge import origin_of
from imbi_plugin_sdk.resolution._usability import (
    Refused,
    Usability,
    refuse,
    refuse_if_disabled,
)
from imbi_plugin_sdk.resolution.outcome import IdentityBinding, Served

if TYPE_CHECKING:
    from imbi_plugin_sdk.records import PluginNode
    from imbi_plugin_sdk.resolution._merge import Candidate, Merged, Origin
    from imbi_plugin_sdk.resolution._usability import Known, Placed
    from imbi_plugin_sdk.resolution.bindings import Bindings, Handlers
    from imbi_plugin_sdk.resolution.errors import Fault


class Judge:
    """Says of each candidate of a tab what serves its calls."""

    def __init__(
        self, bindings: Bindings, tab: str, merged: Merged, handlers: Handlers
    ) -> None:
        self._graph = bindings.graph
        self._tab = tab
        self._merged = merged
        self._usability = Usability(bindings.graph, handlers)

    def serve(self, candidate: Candidate) -> Served | Fault:
        """Return what serves a candidate's calls, or why nothing does."""
        try:
            return self._served(candidate)
        except Refused as error:
            return error.fault

    def _served(self, candidate: Candidate) -> Served:
        """Go through the steps.

        Raises:
            Refused: The first fault: a place, rivals, the switch, the tab's
                type, the handler, the identity.
        """
        placed = self._usability.place(candidate.plugin_id)
        _refuse_if_rivals(candidate)
        refuse_if_disabled(placed, 'plugin')
        self._refuse_if_other_type(placed)
        known = self._usability.handler(placed)
        identity = self._identity(candidate, placed, known)
        template, _ = candidate.text('search_template')
        application, problems = self._usability.application(placed, known)
        options = fit_options(
            known.entry.manifest.options, candidate.options(placed.node)
        )
        return Served(
            plugin=placed.node,
            service=placed.service,
            application=application,
            entry=known.entry,
            search_template=template or None,
            identity=identity,
            options=options,
            problems=(
                *options.problems,
                *template_problems(template),
                *problems,
            ),
            warnings=(*known.warnings, *options.warnings),
        )

    def _refuse_if_other_type(self, placed: Placed) -> None:
        wanted = self._graph.plugin_type_of(self._tab)
        if wanted not in {None, placed.node.plugin_type}:
            refuse(
                'type_mismatch',
                f'{placed} is of type {placed.node.plugin_type!r}, but tab '
                f'{self._tab!r} is served by type {wanted!r}.',
                f'Assign a plugin of type {wanted!r}, or move the '
                'assignment to the right tab.',
            )

    def _identity(
        self, candidate: Candidate, placed: Placed, known: Known
    ) -> IdentityBinding | None:
        """Find the identity plugin: edge, then type edge, then node."""
        plugin_id, said_by = _identity_of(candidate, placed.node)
        needed = known.entry.manifest.requires_identity
        if plugin_id:
            mend = 'Set identity_plugin_id to a plugin of type identity'
            mend += '.' if needed else ', or clear it.'
            return self._identity_binding(plugin_id, placed, mend)
        if needed:
            refuse(
                'identity_missing',
                f"{placed} needs the user's identity, and "
                + (
                    f'{said_by} clears identity_plugin_id.'
                    if said_by
                    else 'no identity plugin is set on the assignment or '
                    'the plugin.'
                ),
                'Set identity_plugin_id '
                f'{"there" if said_by else "on the assignment or the plugin"}'
                ' to a plugin of type identity.',
            )
        return None

    def _identity_binding(
        self, plugin_id: str, user: Placed, mend: str
    ) -> IdentityBinding:
        """Return what an identity plugin's calls need.

        Args:
            plugin_id: What should be one.
            user: The plugin whose calls use its identities.
            mend: What to do where it cannot be one.

        Raises:
            Refused: It cannot be one, or cannot serve.
        """
        node = self._graph.plugin.get(plugin_id)
        if node is None:
            refuse(
                'identity_missing',
                f'{user} takes identities from plugin {plugin_id!r}, which '
                'does not exist.',
                mend,
            )
        self._refuse_if_unfit(user, node, mend)
        placed = self._usability.place(
            plugin_id, 'name another identity plugin'
        )
        refuse_if_disabled(placed, 'identity plugin')
        known = self._known_identity(placed)
        application, problems = self._usability.application(placed, known)
        options = resolve_options(
            known.entry.manifest.options,
            (f'plugin {plugin_id}', node.options),
        )
        return IdentityBinding(
            plugin=node,
            service=placed.service,
            application=application,
            entry=known.entry,
            options=options,
            problems=(*options.problems, *problems),
            warnings=(*known.warnings, *options.warnings),
        )

    def _known_identity(self, placed: Placed) -> Known:
        """Look its handler up; one of another type is no identity plugin."""
        try:
            return self._usability.handler(placed)
        except Refused as error:
            if error.fault.code != 'type_mismatch':
                raise
            raise Refused(
                dataclasses.replace(error.fault, code='identity_wrong_type')
            ) from None

    def _refuse_if_unfit(
        self, user: Placed, node: PluginNode, mend: str
    ) -> None:
        """Stop where a node cannot be the identity plugin of another.

        Raises:
            Refused: `identity_cycle` or `identity_wrong_type`, or
                `ambiguous_source` where the edges to it contradict each
                other, so that what it takes identities from cannot be told.
        """
        if node.id == user.node.id:
            refuse(
                'identity_cycle',
                f'{user} takes identities from itself.',
                mend,
            )
        if node.plugin_type != 'identity':
            refuse(
                'identity_wrong_type',
                f'{user} takes identities from {node.slug} (id:{node.id}), '
                f'which is of type {node.plugin_type!r}; it must be of type '
                "'identity'.",
                mend,
            )
        candidate = self._merged.candidates.get(node.id)
        if candidate is not None:
            _refuse_if_rivals(candidate)
        onward, said_by = _identity_of(candidate, node)
        if onward:
            refuse(
                'identity_cycle',
                f'{user} takes identities from {node.slug} (id:{node.id}), '
                f'which takes them from {onward!r} in turn; an identity '
                'plugin must have none of its own.',
                f'Clear identity_plugin_id of {node.slug}'
                f'{f" as {said_by} sets it" if said_by else ""}, or take '
                'identities from another plugin.',
            )


def _identity_of(
    candidate: Candidate | None, node: PluginNode
) -> tuple[str | None, Origin | None]:
    """Return where a plugin takes identities from, and whose edge says so.

    Blank for nowhere; no edge for the plugin node itself.
    """
    if candidate is not None:
        value, edge = candidate.text('identity_plugin_id')
        if edge is not None:
            return value, origin_of(edge)
    return node.identity_plugin_id, None


def _refuse_if_rivals(candidate: Candidate) -> None:
    """Stop where one owner's edges contradict each other.

    Raises:
        Refused: `ambiguous_source`: which edge is meant cannot be told.
    """
    if candidate.rivals:
        rival = candidate.rivals[0]
        owner = f'{rival.owner_kind.replace("_", " ")} {rival.owner_id}'
        refuse(
            'ambiguous_source',
            f'{owner} assigns plugin {candidate.plugin_id!r} to tab '
            f'{rival.tab!r} several times, and the edges say different '
            'things.',
            'Delete all of these edges but one.',
        )
