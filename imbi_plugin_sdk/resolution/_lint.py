"""The faults that requests would meet, told when an admin saves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.options import template_problems
from imbi_plugin_sdk.resolution._merge import origin_of
from imbi_plugin_sdk.resolution._resolve import Request
from imbi_plugin_sdk.resolution.errors import Fault, problem_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_sdk.records import Assignment
    from imbi_plugin_sdk.resolution._merge import Candidate, Excluded
    from imbi_plugin_sdk.resolution.bindings import Bindings, Handlers


def lint_assignments(
    bindings: Bindings, handlers: Handlers
) -> tuple[Problem, ...]:
    """Say everything that is wrong with the assignments of a project.

    To judge what a project type gives, take `graph.bindings('', [type])`.

    Args:
        bindings: What the project and its types assign, as it would be.
        handlers: The registry's snapshot.

    Returns:
        Problems by tab and plugin, each path as in
        `configuration[n1].options.region`. First the codes of
        `resolution.ERRORS`: what `resolve` would raise for the tab, and for
        every candidate that a source can reach. Then what would make a call
        fail (`Resolution.problems` and `warnings`), and what has no effect:
        `duplicate_edge`, `excluded_on_type`, `excluded_without_effect`. A
        tab whose plugins the project all opts out of has no fault.
    """
    found: list[Problem] = []
    for tab in bindings.tabs:
        request = Request(bindings, tab, handlers)
        merged = request.merged
        if merged.candidates:
            _, fault = request.selector.decide(None)
            if fault is not None:
                found.append(problem_of(tab, None, fault))
        for name in sorted(merged.candidates):
            found += _of_candidate(request, merged.candidates[name])
        for name in sorted(merged.excluded):
            found += _of_excluded(merged.excluded[name])
    return tuple(dict.fromkeys(found))


def _of_candidate(request: Request, candidate: Candidate) -> Iterator[Problem]:
    tab, name = request.tab, candidate.plugin_id
    path = f'{tab}[{name}]'
    served = request.judge(candidate)
    if isinstance(served, Fault):
        yield problem_of(tab, name, served)
    else:
        for problem in (*served.problems, *served.warnings):
            yield problem.under(path)
        if served.identity is not None:
            other = served.identity
            for problem in (*other.problems, *other.warnings):
                yield problem.under(f'{path}.identity')
    for edge in (*candidate.edges, *candidate.rivals):
        for problem in template_problems(edge.search_template):
            yield problem.under(path)
        if edge.excluded and edge.owner_kind == 'project_type':
            yield _idle(
                edge,
                'excluded_on_type',
                'excludes a plugin that it assigns itself; only a project '
                'can opt out',
            )
    for edge in candidate.copies:
        yield _idle(
            edge, 'duplicate_edge', 'has several edges that say the same'
        )


def _of_excluded(excluded: Excluded) -> Iterator[Problem]:
    if excluded.is_idle:
        yield _idle(
            excluded.edges[0],
            'excluded_without_effect',
            'opts out of a plugin that none of its types assigns',
        )


def _idle(edge: Assignment, code: str, seen: str) -> Problem:
    """Return the problem of an edge that does nothing."""
    return Problem(
        code,
        f'{edge.tab}[{edge.plugin_id}]',
        f'{origin_of(edge)} {seen}.',
        'Delete the edge that has no effect.',
    )
