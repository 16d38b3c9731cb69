"""Why this plugin and no other: every edge once, and every property."""

from __future__ import annotations

import dataclasses
import functools
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from imbi_plugin_sdk.records import PROPERTIES
from imbi_plugin_sdk.resolution._merge import (
    Candidate,
    Merged,
    Origin,
    ordered,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imbi_plugin_sdk.records import Assignment

VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        'selected': 'it serves the request',
        'refused': 'it was chosen, but its plugin cannot serve',
        'beside': 'its plugin serves too, in the same fan-out',
        'tied': 'nothing puts it before the others that tie',
        'undecided': 'several plugins are bound and none is the default',
        'not_source': 'its plugin does not answer to the source',
        'not_default': 'another plugin is the default',
        'outranked': "a project's default stands above its type's",
        'shadowed': 'an edge above it leads to the same plugin',
        'copy': 'it repeats an edge of the same owner',
        'contradicts': 'an edge of the same owner says something else',
        'excludes': "the project opts out of its type's plugin",
        'excluded': 'the project opts out of this plugin',
        'other_tab': 'it is for another tab',
    }
)
"""Verdict on an edge, and what it means. `selected` stands at most once."""


class EdgeTrace(NamedTuple):
    """What became of one edge.

    Attributes:
        edge: The edge.
        verdict: As in `VERDICTS`.
        gives: Properties that its plugin has from this edge, as in
            `('default', 'options')`; of a shadowed edge those that nothing
            above sets. Empty for edges that drop out.
    """

    edge: Assignment
    verdict: str
    gives: tuple[str, ...]

    @property
    def why(self) -> str:
        """The verdict as words."""
        return VERDICTS[self.verdict]


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """What steps 4 and 5 decide.

    Attributes:
        rule: What decided, or would have but for a tie: `source`,
            `source_default`, `project_default`, `type_default`, `sole` or
            `fan_out`; empty where there was nothing to decide.
        chosen: The plugin node; None where nothing decided.
        pool: Plugins that answer to the source; None without one.
        tied: Plugins that nothing decides between.
    """

    rule: str
    chosen: str | None = None
    pool: frozenset[str] | None = None
    tied: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True, eq=False)
class Explanation:
    """Why a request came out as it did; plain data, which pickles.

    Two explanations are equal if they say the same.

    Attributes:
        tab: The tab that was asked for.
        source: The source that was asked for; None without one.
        outcome: `resolved`, or the code of the error.
        selector: The chosen plugin; None where none was chosen.
        rule: What decided, as in `Selection.rule`; empty if nothing did.
        properties: Property of the chosen plugin to its origin, as in
            `search_template` and `options.region`. A property that nobody
            sets is absent.
    """

    tab: str
    source: str | None
    outcome: str
    selector: str | None
    properties: Mapping[str, Origin]
    _merged: Merged = dataclasses.field(repr=False)
    _selection: Selection = dataclasses.field(repr=False)

    @property
    def rule(self) -> str:
        """What decided."""
        selection = self._selection
        return '' if selection.chosen is None else selection.rule

    @functools.cached_property
    def edges(self) -> tuple[EdgeTrace, ...]:
        """Every edge of the project and its types, once.

        The chosen plugin's come first, then other candidates', then those
        that drop out; within these by plugin and owner. The order is for
        showing: it does not depend on the order of the input, and nothing
        was decided by it.
        """
        return tuple(self._traces())

    def __eq__(self, other: object) -> bool:
        """Tell whether another explanation says the same."""
        if not isinstance(other, Explanation):
            return NotImplemented
        return self._facts() == other._facts()

    __hash__ = None  # type: ignore[assignment]  # edges hold dicts

    def as_data(self) -> dict[str, Any]:
        """Return everything as data that `json.dumps` takes.

        The values of options are left out: they may be secret.
        """
        return {
            'tab': self.tab,
            'source': self.source,
            'outcome': self.outcome,
            'selector': self.selector,
            'rule': self.rule,
            'properties': {
                name: origin._asdict()
                for name, origin in self.properties.items()
            },
            'edges': [_edge_data(trace) for trace in self.edges],
        }

    def __str__(self) -> str:
        """Return a headline, one line per edge and one per property."""
        source = f', source {self.source}' if self.source is not None else ''
        chosen = self.selector or 'nothing'
        rule = f' by {self.rule}' if self.rule else ''
        lines = [
            f'tab {self.tab}{source}: {self.outcome}, chosen: {chosen}{rule}'
        ]
        for trace in self.edges:
            gives = f'; gives {", ".join(trace.gives)}' if trace.gives else ''
            lines.append(f'  {_edge_name(trace)}: {trace.why}{gives}')
        for name, origin in self.properties.items():
            lines.append(f'  {name} comes from {origin}')
        return '\n'.join(lines)

    def _facts(self) -> tuple[object, ...]:
        return (
            self.tab,
            self.source,
            self.outcome,
            self.selector,
            self.rule,
            dict(self.properties),
            self.edges,
        )

    def _traces(self) -> Iterator[EdgeTrace]:
        candidates, chosen = self._merged.candidates, self._selection.chosen
        if chosen is not None:
            yield from self._of(candidates[chosen])
        for name in sorted(candidates):
            if name != chosen:
                yield from self._of(candidates[name])
        for name in sorted(self._merged.excluded):
            for edge in self._merged.excluded[name].edges:
                own = edge.owner_kind == 'project'
                yield EdgeTrace(edge, 'excludes' if own else 'excluded', ())
        for edge in ordered(self._merged.elsewhere):
            yield EdgeTrace(edge, 'other_tab', ())

    def _of(self, candidate: Candidate) -> list[EdgeTrace]:
        """Trace the edges of one candidate, the one on top first."""
        verdict = _verdict(self._selection, candidate, self.outcome)
        if len(candidate.edges) == 1:
            top = candidate.edges[0]
            found = [EdgeTrace(top, verdict, _SETS[_bits(top)])]
        else:
            found = _layered(verdict, candidate.edges)
        if candidate.copies:
            found += [EdgeTrace(one, 'copy', ()) for one in candidate.copies]
        if candidate.rivals:
            found += [
                EdgeTrace(one, 'contradicts', ()) for one in candidate.rivals
            ]
        return found


def _verdict(selection: Selection, candidate: Candidate, outcome: str) -> str:
    """Return what became of one candidate."""
    name = candidate.plugin_id
    if name == selection.chosen:
        return 'selected' if outcome == 'resolved' else 'refused'
    if name in selection.tied:
        return 'undecided' if outcome == 'no_default' else 'tied'
    if selection.pool is not None and name not in selection.pool:
        return 'not_source'
    if selection.rule == 'fan_out':
        return 'beside'
    return 'outranked' if candidate.default else 'not_default'


def _bits(edge: Assignment) -> int:
    """Return the properties that an edge sets, a bit each."""
    bits = 0 if edge.default is None else 1
    if edge.search_template is not None:
        bits |= 2
    if edge.identity_plugin_id is not None:
        bits |= 4
    if edge.options and any(
        value is not None for value in edge.options.values()
    ):
        bits |= _OPTIONS
    return bits


_OPTIONS = 8
_SETS = tuple(
    tuple(name for bit, name in enumerate(PROPERTIES) if number >> bit & 1)
    for number in range(16)
)
"""Sixteen tuples that ten thousand traces share."""


def _layered(verdict: str, edges: list[Assignment]) -> list[EdgeTrace]:
    """Trace edges on top of each other, with what nothing above them sets.

    Args:
        verdict: What became of the uppermost; the others are shadowed.
        edges: The uppermost first.
    """
    found: list[EdgeTrace] = []
    taken = 0
    named: set[str] = set()
    for edge in edges:
        bits = _bits(edge)
        gives = bits & ~taken
        if bits & _OPTIONS:
            added = [
                name
                for name, value in edge.options.items()
                if value is not None and name not in named
            ]
            if added:
                gives |= _OPTIONS
                named.update(added)
        found.append(EdgeTrace(edge, verdict, _SETS[gives]))
        taken |= bits
        verdict = 'shadowed'
    return found


def _edge_name(trace: EdgeTrace) -> str:
    edge = trace.edge
    number = f' ({edge.id})' if edge.id else ''
    owner = edge.owner_kind.replace('_', ' ')
    return f'{owner} {edge.owner_id} -> {edge.plugin_id}{number}'


def _edge_data(trace: EdgeTrace) -> dict[str, Any]:
    edge = trace.edge
    return {
        'id': edge.id,
        'owner_kind': edge.owner_kind,
        'owner_id': edge.owner_id,
        'plugin_id': edge.plugin_id,
        'tab': edge.tab,
        'verdict': trace.verdict,
        'why': trace.why,
        'gives': list(trace.gives),
    }
