"""Steps 4 and 5: a source, or a default, picks one candidate."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk._text import hint, listed, shown
from imbi_plugin_sdk.resolution.errors import Fault
from imbi_plugin_sdk.resolution.explanation import Selection

if TYPE_CHECKING:
    from collections.abc import Collection

    from imbi_plugin_sdk.resolution._merge import Candidate, Merged
    from imbi_plugin_sdk.resolution.bindings import Bindings, Graph

NODE = 'id:'
"""What a source begins with that names a plugin node by its id."""


class Decision(NamedTuple):
    """A selection, or why there is none.

    Attributes:
        selection: What was decided.
        fault: Why nothing was; None where something was.
    """

    selection: Selection
    fault: Fault | None


def matching(
    graph: Graph, plugin_ids: Collection[str], source: str
) -> list[str]:
    """Return the plugins that answer to a source.

    The three forms cannot be taken for each other: no slug has a `/` or a
    `:` (`records.Slug`).
    """
    if source.startswith(NODE):
        wanted = source.removeprefix(NODE)
        return [wanted] if wanted in plugin_ids else []
    service, slash, slug = source.rpartition('/')
    nodes, services_of = graph.plugin, graph.services_of
    found = [
        plugin_id
        for plugin_id in plugin_ids
        if (node := nodes.get(plugin_id)) is not None and node.slug == slug
    ]
    if slash:
        found = [
            plugin_id
            for plugin_id in found
            if any(
                one.slug == service for one in services_of.get(plugin_id, ())
            )
        ]
    return found


class Selector:
    """Finds one candidate of a tab, and names each.

    Attributes:
        tab: The tab.
        merged: Its candidates.
    """

    def __init__(self, bindings: Bindings, tab: str, merged: Merged) -> None:
        self.tab = tab
        self.merged = merged
        self._bindings = bindings
        self._graph = bindings.graph

    @functools.cached_property
    def names(self) -> dict[str, str]:
        """Plugin id to its shortest unambiguous selector.

        The first of `<slug>`, `<service>/<slug>` and `id:<node>` that means
        this candidate of the tab and no other.
        """
        found = {
            plugin_id: f'{NODE}{plugin_id}'
            for plugin_id in self.merged.candidates
        }
        for slug, plugin_ids in self._by_slug.items():
            found |= self._told_apart(slug, plugin_ids)
        return found

    def name(self, plugin_id: str) -> str:
        """Return the shortest unambiguous selector of one candidate."""
        if 'names' in self.__dict__:  # all are known already
            return self.names[plugin_id]
        node = self._graph.plugin.get(plugin_id)
        if node is None:
            return f'{NODE}{plugin_id}'
        alike = matching(self._graph, self.merged.candidates, node.slug)
        known = self._told_apart(node.slug, alike)
        return known.get(plugin_id, f'{NODE}{plugin_id}')

    @functools.cached_property
    def _by_slug(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        nodes = self._graph.plugin
        for plugin_id in self.merged.candidates:
            node = nodes.get(plugin_id)
            if node is not None:
                found.setdefault(node.slug, []).append(plugin_id)
        return found

    def _told_apart(self, slug: str, plugin_ids: list[str]) -> dict[str, str]:
        """Name the candidates of one slug, but for those with only an id.

        Args:
            slug: The slug.
            plugin_ids: Every candidate that has it: another slug cannot
                make the same `<service>/<slug>`.
        """
        if len(plugin_ids) == 1:
            return {plugin_ids[0]: slug}
        services_of = self._graph.services_of
        first: dict[str, str] = {}
        shared: set[str] = set()
        for plugin_id in plugin_ids:
            for service in services_of.get(plugin_id, ()):
                name = service.slug
                if first.setdefault(name, plugin_id) != plugin_id:
                    shared.add(name)
        # Where several services claim a plugin, any of their names will do:
        # it is the same plugin, and choosing it is an error.
        return {
            plugin_id: f'{service}/{slug}'
            for service, plugin_id in first.items()
            if service not in shared
        }

    @functools.cached_property
    def choices(self) -> tuple[str, ...]:
        """The selectors of all candidates, sorted."""
        return tuple(sorted(self.names.values()))

    def decide(self, source: str | None) -> Decision:
        """Pick one candidate.

        Args:
            source: As a request gives it; None without one.
        """
        candidates = self.merged.candidates
        if not candidates:
            return self._nothing()
        if source is None:
            return self._by_default()
        pool = matching(self._graph, candidates, source)
        if not pool:
            return self._no_match(source)
        selection = _defaults(
            [candidates[plugin_id] for plugin_id in pool], frozenset(pool)
        )
        if selection.chosen is not None:
            return Decision(selection, None)
        return Decision(
            selection,
            Fault(
                'ambiguous_source',
                f'{len(pool)} plugins of tab {self.tab!r} answer '
                f'to source {shown(source)}, and none is the only default '
                'among them.',
                'Ask for one of the candidates, or make one of them the only '
                'default.',
            ),
        )

    def _by_default(self) -> Decision:
        selection = _defaults(list(self.merged.candidates.values()), None)
        if selection.chosen is not None:
            return Decision(selection, None)
        if selection.rule == 'sole':
            fault = Fault(
                'no_default',
                f'{len(selection.tied)} plugins are bound to tab '
                f'{self.tab!r} and none is the default.',
                'Make one the default, or ask for one as source.',
            )
        else:
            level = (
                'the project makes'
                if selection.rule == 'project_default'
                else "the project's types make"
            )
            fault = Fault(
                'ambiguous_default',
                f'{level} {len(selection.tied)} plugins the default of tab '
                f'{self.tab!r}; there must be one.',
                'Leave one default, or ask for one as source.',
            )
        return Decision(selection, fault)

    def _nothing(self) -> Decision:
        excluded = self.merged.excluded.values()
        opted = sum(not one.is_idle for one in excluded)
        out = f'; the project opts out of {opted}' if opted else ''
        fix = 'ssign a plugin to the project or to one of its types.'
        return Decision(
            Selection(''),
            Fault(
                'nothing_bound',
                f'neither the project nor its types bind a plugin to tab '
                f'{self.tab!r}{out}.',
                f'Remove an exclusion, or a{fix}' if opted else f'A{fix}',
            ),
        )

    def meant(self) -> dict[str, set[str]]:
        """Return plugin id to the slugs, with and without service, for it.

        These are the sources that choose it, be it as the default among
        several that answer.
        """
        candidates, services_of = (
            self.merged.candidates,
            self._graph.services_of,
        )
        found: dict[str, set[str]] = {name: set() for name in candidates}
        for slug, plugin_ids in self._by_slug.items():
            pools = {slug: plugin_ids}
            for plugin_id in plugin_ids:
                for service in services_of.get(plugin_id, ()):
                    source = f'{service.slug}/{slug}'
                    pools.setdefault(source, []).append(plugin_id)
            for source, pool in pools.items():
                alike = [candidates[name] for name in dict.fromkeys(pool)]
                chosen = _defaults(alike, None).chosen
                if chosen is not None:
                    found[chosen].add(source)
        return found

    def _no_match(self, source: str) -> Decision:
        """Tell a source that nobody knows from one that is not bound."""
        graph, merged = self._graph, self.merged
        selection = Selection('', pool=frozenset())
        opted = matching(graph, merged.excluded, source)
        if opted:
            idle = all(merged.excluded[name].is_idle for name in opted)
            fault = Fault(
                'source_not_bound',
                f'the project opts out of source {shown(source)} on tab '
                f'{self.tab!r}.',
                f'Remove the exclusion{" and assign it" if idle else ""}, or '
                'ask for a candidate.',
            )
            return Decision(selection, fault)
        known = matching(graph, graph.plugin, source)
        if not known:
            guess = hint(source, self.choices)
            fault = Fault(
                'source_unknown',
                f'no plugin answers to source {shown(source)}.{guess}',
                'Ask for a candidate: a slug, <service>/<slug> or '
                'id:<node>; or leave the source out.',
            )
            return Decision(selection, fault)
        there = set(known)
        tabs = {e.tab for e in merged.elsewhere if e.plugin_id in there}
        where = listed(sorted(map(repr, tabs)), 'and')
        fault = Fault(
            'source_not_bound',
            f'source {shown(source)} is not bound to tab {self.tab!r}'
            f'{f", but to {where}" if tabs else ""}.',
            'Assign it to the project or to one of its types, or ask for a '
            'candidate.',
        )
        return Decision(selection, fault)


def _defaults(
    candidates: list[Candidate], pool: frozenset[str] | None
) -> Selection:
    """Pick the default: the project's, then the types', then the only one.

    Args:
        candidates: At least one; with a source, those that answer to it.
        pool: Their ids with a source; None without one.
    """
    own = [one for one in candidates if one.default and one.by_project]
    rule = 'project_default'
    if not own:
        own = [one for one in candidates if one.default]
        rule = 'type_default'
    if not own:
        own = candidates
        rule = 'sole'
    tied = frozenset(one.plugin_id for one in own)
    if len(own) > 1:
        return Selection(rule, None, pool, tied)
    if pool is not None:
        rule = 'source' if len(pool) == 1 else 'source_default'
    return Selection(rule, own[0].plugin_id, pool)
