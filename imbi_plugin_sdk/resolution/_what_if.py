"""Which projects a change of the graph, or of the registry, would touch."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import shown
from imbi_plugin_sdk.resolution._resolve import Request
from imbi_plugin_sdk.resolution.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imbi_plugin_sdk.resolution.bindings import Bindings, Graph, Handlers
    from imbi_plugin_sdk.resolution.outcome import Bound, Served


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """What would change on one tab of one project.

    Attributes:
        project: The project's id.
        tab: The tab.
        before: What serves a request without source: a plugin node's id, or
            the code of the error.
        after: The same, afterwards.
        plugins: Plugin id to what would change about it, sorted: `added`,
            `removed`, `selector` (which sources mean it), `outcome` (it can
            serve, or cannot, or for another reason), `handler`, `service`,
            `application`, `search_template`, `identity`, `problems`,
            `options.<name>`, and `default` (of one that cannot serve).
            Values are not shown: an option may be secret.
    """

    project: str
    tab: str
    before: str
    after: str
    plugins: Mapping[str, tuple[str, ...]]

    def __str__(self) -> str:
        """Return the change on one line."""
        moved = (
            f'{self.before} -> {self.after}'
            if self.before != self.after
            else f'still {self.after}'
        )
        parts = [
            f'{name}: {", ".join(what)}' for name, what in self.plugins.items()
        ]
        more = f' ({"; ".join(parts)})' if parts else ''
        return f'project {self.project}, tab {self.tab}: {moved}{more}'


def what_if(  # noqa: PLR0913  two worlds of graph and handlers
    projects: Mapping[str, Iterable[str]],
    before: Graph,
    after: Graph,
    handlers: Handlers,
    *,
    handlers_after: Handlers | None = None,
    tabs: Iterable[str] | None = None,
) -> tuple[Change, ...]:
    """Say which projects would change, and how.

    A project changes where a request, without source or with any, would
    be served otherwise, or would be refused with another code. The words and
    candidates of an error, and warnings, are not compared.

    Args:
        projects: Project id to the ids of its types, in the host's order.
        before: The graph as it is.
        after: The graph as it would be.
        handlers: The registry's snapshot.
        handlers_after: The snapshot as it would be; None for the same.
        tabs: The tabs to look at; None for every tab that is assigned.

    Returns:
        One change per project and tab that changes, sorted by both.

    Raises:
        TypeError: The tabs, or the types of a project, are one text.
    """
    if isinstance(tabs, str):
        raise TypeError(
            f'tabs is the text {shown(tabs)}; give a list, as in '
            f'[{shown(tabs)}]'
        )
    later = handlers if handlers_after is None else handlers_after
    wanted = None if tabs is None else set(tabs)
    found: list[Change] = []
    for project in sorted(projects):
        old = before.bindings(project, projects[project])
        new = after.bindings(project, old.project_types)
        assigned = {*old.tabs, *new.tabs}
        for tab in sorted(assigned if wanted is None else assigned & wanted):
            change = _change(
                project,
                tab,
                _State(old, tab, handlers),
                _State(new, tab, later),
            )
            if change is not None:
                found.append(change)
    return tuple(found)


class _State:
    """What every request to one tab comes to."""

    def __init__(
        self, bindings: Bindings, tab: str, handlers: Handlers
    ) -> None:
        request = Request(bindings, tab, handlers)
        names, meant = request.selector.names, request.selector.meant()
        self.plugins: dict[str, dict[str, Any]] = {}
        for name, candidate in request.merged.candidates.items():
            served = request.judge(candidate)
            self.plugins[name] = {
                'selector': (names[name], meant[name]),
                **_facts(served),
            }
        selection, fault = request.selector.decide(None)
        if fault is not None:
            self.default = fault.code
        else:
            chosen = str(selection.chosen)
            facts = self.plugins[chosen]
            code = facts['outcome']
            self.default = chosen if code is None else code
            if code is not None:  # then `default` does not say which it is
                facts['default'] = True


def _facts(served: Served | Fault) -> dict[str, Any]:
    """Return what can change about a plugin, by the names of `Change`."""
    if isinstance(served, Fault):
        return {'outcome': served.code}
    identity = served.identity
    return {
        'outcome': None,
        'search_template': served.search_template,
        'identity': identity and (identity.plugin.id, _of(identity)),
        **_of(served),
    }


def _of(bound: Bound) -> dict[str, Any]:
    """Return what a plugin and an identity plugin have in common."""
    return {
        # By identity: `==` would run the metaclass of a stranger's class.
        'handler': id(bound.entry.handler),
        'service': bound.service.id,
        'application': bound.application and bound.application.id,
        'problems': {
            (problem.code, problem.path) for problem in bound.problems
        },
        **{
            f'options.{name}': value
            for name, value in bound.options.values.items()
        },
    }


def _change(
    project: str, tab: str, before: _State, after: _State
) -> Change | None:
    """Compare two states of one tab."""
    plugins: dict[str, tuple[str, ...]] = {}
    for name in sorted({*before.plugins, *after.plugins}):
        old, new = before.plugins.get(name), after.plugins.get(name)
        if old is None or new is None:
            plugins[name] = ('added' if old is None else 'removed',)
        elif what := _differences(old, new):
            plugins[name] = what
    if before.default == after.default and not plugins:
        return None
    return Change(project, tab, before.default, after.default, plugins)


def _differences(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> tuple[str, ...]:
    """Name what differs; where the outcome does, the rest says nothing."""
    if old['outcome'] != new['outcome']:
        return ('outcome',)
    return tuple(
        name
        for name in dict.fromkeys((*old, *new))
        if old.get(name, _ABSENT) != new.get(name, _ABSENT)
    )


_ABSENT = object()
"""What an option without value is; None could be confused with a value."""
