"""Steps 1 and 2: other tabs drop out, and edges merge plugin by plugin."""

from __future__ import annotations

import dataclasses
import itertools
import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

import pydantic

from imbi_plugin_sdk.options import MergedOptions, merge_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imbi_plugin_sdk.records import Assignment, PluginNode
    from imbi_plugin_sdk.resolution.bindings import Bindings


class Origin(NamedTuple):
    """Where a property of the outcome comes from.

    Attributes:
        tier: `project`, `project_type`, `plugin` (the node) or `manifest`.
        id: The id of that node; the plugin's slug for `manifest`.
        cleared: Whether it is from there that the property is empty.
    """

    tier: str
    id: str
    cleared: bool = False

    def __str__(self) -> str:
        """Return `project p1` or `project type t1 (cleared)`."""
        name = f'{self.tier.replace("_", " ")} {self.id}'
        return f'{name} (cleared)' if self.cleared else name


@dataclasses.dataclass(slots=True)
class Candidate:
    """One plugin that the tab could use, with its merged edges.

    Attributes:
        plugin_id: The plugin node that the edges lead to, if it exists.
        edges: At least one; a project's first, then those of the types in
            the host's order. The first of each owner stands for its copies.
        default: Whether it is a default.
        by_project: Whether it is the project that says so.
        copies: Edges that repeat one of `edges`, property by property.
        rivals: Edges that contradict one of `edges`, of the same owner.
    """

    plugin_id: str
    edges: list[Assignment]
    default: bool = False
    by_project: bool = False
    copies: tuple[Assignment, ...] = ()
    rivals: tuple[Assignment, ...] = ()
    _options: MergedOptions[Origin] | None = dataclasses.field(
        default=None, init=False, repr=False, compare=False
    )

    def sort_out(self, owned: list[Assignment]) -> Assignment:
        """Tell copies from rivals among several edges of one owner.

        Returns:
            The edge that stands for its copies; which one it is of rivals
            decides nothing.
        """
        told = [(edge.id, meaning(edge), edge) for edge in owned]
        told.sort(key=operator.itemgetter(0, 1))
        said = told[0][1]
        self.copies += tuple(one for _, as_, one in told[1:] if as_ == said)
        self.rivals += tuple(one for _, as_, one in told if as_ != said)
        return told[0][2]

    def text(self, name: str) -> tuple[str | None, Assignment | None]:
        """Return a property of text, and the edge that gives it.

        None is unset on every edge; an empty string is cleared.
        """
        for edge in self.edges:
            value: str | None = getattr(edge, name)
            if value is not None:
                return value, edge
        return None, None

    def options(self, node: PluginNode) -> MergedOptions[Origin]:
        """Return the options of a node under those of the edges to it."""
        if self._options is None:
            self._options = merge_options(
                (Origin('plugin', node.id), node.options),
                *[
                    (origin_of(edge), edge.options)
                    for edge in reversed(self.edges)
                    if edge.options
                ],
            )
        return self._options

    def origins(self, node: PluginNode | None) -> dict[str, Origin]:
        """Say where each property comes from, options name by name.

        Defaults of the manifest are not among them.
        """
        found: dict[str, Origin] = {}
        for edge in self.edges:
            if edge.default is not None:
                found['default'] = origin_of(edge)
                break
        for name in ('search_template', 'identity_plugin_id'):
            value, edge_of = self.text(name)
            if edge_of is not None:
                found[name] = origin_of(edge_of, cleared=not value)
        if node is None:
            return found
        if 'identity_plugin_id' not in found and node.identity_plugin_id:
            found['identity_plugin_id'] = Origin('plugin', node.id)
        merged = self.options(node)
        for name, origin in merged.origins.items():
            if name not in merged.values:
                origin = origin._replace(cleared=True)  # noqa: PLW2901  same
            found[f'options.{name}'] = origin
        return found


class Excluded(NamedTuple):
    """One plugin that the project opts out of.

    Attributes:
        plugin_id: The plugin node.
        edges: The project's edges, then those of its types.
    """

    plugin_id: str
    edges: list[Assignment]

    @property
    def is_idle(self) -> bool:
        """Whether no type assigns it: who lets it in again binds nothing."""
        return all(edge.owner_kind == 'project' for edge in self.edges)


@dataclasses.dataclass(frozen=True, slots=True)
class Merged:
    """What one tab's assignments come to.

    Attributes:
        candidates: Plugin id to candidate.
        excluded: Plugin id to what the project opts out of.
        elsewhere: The edges of other tabs.
    """

    candidates: dict[str, Candidate]
    excluded: dict[str, Excluded]
    elsewhere: list[Assignment]


def merge(bindings: Bindings, tab: str) -> Merged:
    """Merge the edges of one tab by plugin node (ADR 0008, section 4.1)."""
    groups: dict[str, list[Assignment]] = {}
    elsewhere: list[Assignment] = []
    for edge in bindings.assignments:
        if edge.tab != tab:
            elsewhere.append(edge)
            continue
        alone = [edge]
        if (known := groups.setdefault(edge.plugin_id, alone)) is not alone:
            known.append(edge)
    candidates: dict[str, Candidate] = {}
    excluded: dict[str, Excluded] = {}
    for plugin_id, edges in groups.items():
        first = edges[0]
        if len(edges) == 1 and not first.excluded:
            candidates[plugin_id] = Candidate(
                plugin_id,
                edges,
                first.default is True,
                first.owner_kind == 'project',
            )
        elif first.excluded and _all_exclude(edges):
            excluded[plugin_id] = Excluded(plugin_id, ordered(edges))
        else:
            candidates[plugin_id] = _combined(plugin_id, edges)
    return Merged(candidates, excluded, elsewhere)


def _all_exclude(edges: list[Assignment]) -> bool:
    """Tell whether every edge of the project itself opts out."""
    own = [edge.excluded for edge in edges if edge.owner_kind == 'project']
    return bool(own) and all(own)


def _combined(plugin_id: str, edges: list[Assignment]) -> Candidate:
    """Merge several edges to one plugin.

    One owner may have several: a graph does not forbid parallel edges.
    Copies count once. Rivals are not decided between: the candidate keeps
    them, and choosing it is an error. Until then a default counts as one if
    any of them says so, so that no request falls through to another plugin.
    """
    if len({(edge.owner_kind, edge.owner_id) for edge in edges}) == len(edges):
        for edge in edges:
            if edge.default is not None:
                own = edge.owner_kind == 'project'
                return Candidate(plugin_id, edges, edge.default, own)
        return Candidate(plugin_id, edges)
    by_owner: dict[tuple[str, str], list[Assignment]] = {}
    for edge in edges:
        owner = (edge.owner_kind, edge.owner_id)
        by_owner.setdefault(owner, []).append(edge)
    candidate = Candidate(plugin_id, [])
    decided = False
    for owned in by_owner.values():
        first = owned[0] if len(owned) == 1 else candidate.sort_out(owned)
        candidate.edges.append(first)
        values = {edge.default for edge in owned} - {None}
        if values and not decided:
            decided = True
            candidate.default = True in values
            candidate.by_project = first.owner_kind == 'project'
    return candidate


def origin_of(edge: Assignment, *, cleared: bool = False) -> Origin:
    """Return the owner of an edge as an origin."""
    return Origin(edge.owner_kind, edge.owner_id, cleared)


def meaning(edge: Assignment) -> str:
    """Return what an edge says, beside what it joins, as canonical text.

    It tells 1 from True, and it may hold secrets: it is for comparing only.
    """
    options = [
        (name, exact(value))
        for name, value in sorted(edge.options.items())
        if value is not None
    ]
    return repr(
        (
            edge.default,
            edge.search_template,
            edge.identity_plugin_id,
            edge.excluded,
            options,
        )
    )


def exact(value: object) -> object:
    """Return a value so that its `repr` tells all, always in one order."""
    if isinstance(value, pydantic.SecretStr):
        return 'secret', value.get_secret_value()
    if isinstance(value, int) and not isinstance(value, bool):
        return 'int', hex(value)  # Python writes no more than 4,300 digits
    if isinstance(value, Mapping):
        items = cast('Mapping[object, object]', value).items()
        return sorted((repr(name), repr(exact(one))) for name, one in items)
    if isinstance(value, (list, tuple)):
        return [exact(one) for one in cast('list[object]', value)]
    if isinstance(value, (set, frozenset)):
        found = [repr(exact(one)) for one in cast('set[object]', value)]
        return 'set', sorted(found)
    return value


def ordered(edges: Iterable[Assignment]) -> list[Assignment]:
    """Sort edges for showing; nothing is ever decided by this order.

    Edges that look alike are sorted by everything they say.
    """
    keyed = sorted(
        ((_key(edge), edge) for edge in edges), key=operator.itemgetter(0)
    )
    found: list[Assignment] = []
    for _, alike in itertools.groupby(keyed, operator.itemgetter(0)):
        group = [edge for _, edge in alike]
        found += sorted(group, key=meaning) if len(group) > 1 else group
    return found


def _key(edge: Assignment) -> tuple[str, ...]:
    return (
        edge.tab,
        edge.plugin_id,
        edge.owner_kind,
        edge.owner_id,
        edge.id,
    )
