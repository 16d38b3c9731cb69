"""The seven steps, put together."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from imbi_plugin_sdk.options import MANIFEST_DEFAULT
from imbi_plugin_sdk.resolution._judge import Judge
from imbi_plugin_sdk.resolution._merge import Candidate, Origin, merge
from imbi_plugin_sdk.resolution._select import Selector
from imbi_plugin_sdk.resolution.errors import ERRORS, Fault, ResolutionError
from imbi_plugin_sdk.resolution.explanation import Explanation, Selection
from imbi_plugin_sdk.resolution.outcome import FanOut, Resolution, Served

if TYPE_CHECKING:
    from imbi_plugin_sdk.resolution.bindings import Bindings, Handlers

RESOLVED = 'resolved'
"""The outcome of an explanation without error."""


def resolve(
    bindings: Bindings,
    tab: str,
    handlers: Handlers,
    *,
    source: str | None = None,
) -> Resolution:
    """Return the plugin that serves a request.

    Args:
        bindings: What the project and its types assign.
        tab: The tab that is asked for.
        handlers: The registry's snapshot.
        source: `id:<node>`, `<service>/<slug>` or `<slug>`; None takes the
            default.

    Returns:
        The plugin with its service, application, handler, identity plugin
        and options, and an explanation. It may have `problems`: an option
        or a credential that is missing does not move the choice.

    Raises:
        ResolutionError: One of `resolution.ERRORS`, with an explanation.
    """
    request = Request(bindings, tab, handlers)
    outcome = request.outcome(source)
    if isinstance(outcome, ResolutionError):
        raise outcome
    return outcome


def resolve_all(bindings: Bindings, tab: str, handlers: Handlers) -> FanOut:
    """Return every plugin of a tab, for requests that go to all.

    What cannot serve is an error beside the others. Nothing bound is no
    error: there is nothing to tell.
    """
    request = Request(bindings, tab, handlers)
    resolutions: list[Resolution] = []
    errors: list[ResolutionError] = []
    for candidate in request.in_order():
        outcome = request.serve(candidate, Selection('fan_out'), None)
        if isinstance(outcome, Resolution):
            resolutions.append(outcome)
        else:
            errors.append(outcome)
    return FanOut(resolutions=tuple(resolutions), errors=tuple(errors))


def explain(
    bindings: Bindings,
    tab: str,
    handlers: Handlers,
    *,
    source: str | None = None,
) -> Explanation:
    """Return why a request comes out as it does, error or not.

    Args:
        bindings: As `resolve` takes them.
        tab: As `resolve` takes it.
        handlers: As `resolve` takes them.
        source: As `resolve` takes it.
    """
    try:
        return resolve(bindings, tab, handlers, source=source).explanation
    except ResolutionError as error:
        return error.explanation


def selectors(bindings: Bindings, tab: str) -> dict[str, str]:
    """Return plugin id to shortest unambiguous selector, for a whole tab.

    The first of `<slug>`, `<service>/<slug>` and `id:<node>` that means one
    candidate: what `?source=` should hold. What a project opts out of has
    none.
    """
    return dict(Selector(bindings, tab, merge(bindings, tab)).names)


class Request:
    """One tab of one project, merged once."""

    def __init__(
        self, bindings: Bindings, tab: str, handlers: Handlers
    ) -> None:
        self.bindings = bindings
        self.tab = tab
        self.merged = merge(bindings, tab)
        self.selector = Selector(bindings, tab, self.merged)
        self._judge = Judge(bindings, tab, self.merged, handlers)

    def in_order(self) -> list[Candidate]:
        """Return the candidates, defaults first, then by selector."""
        names = self.selector.names
        return sorted(
            self.merged.candidates.values(),
            key=lambda one: (
                not one.default,
                one.default and not one.by_project,
                names[one.plugin_id],
            ),
        )

    def judge(self, candidate: Candidate) -> Served | Fault:
        """Return what serves a candidate's calls, or why nothing does."""
        return self._judge.serve(candidate)

    def outcome(self, source: str | None) -> Resolution | ResolutionError:
        """Return what a source, or None, comes to."""
        selection, fault = self.selector.decide(source)
        if fault is not None:
            return self.error(selection, source, fault)
        chosen = str(selection.chosen)
        return self.serve(self.merged.candidates[chosen], selection, source)

    def serve(
        self, candidate: Candidate, selection: Selection, source: str | None
    ) -> Resolution | ResolutionError:
        """Return the outcome of choosing a candidate."""
        name = candidate.plugin_id
        selection = dataclasses.replace(selection, chosen=name)
        served = self.judge(candidate)
        if isinstance(served, Fault):
            return self.error(selection, source, served)
        explanation = self._explain(selection, source, RESOLVED, served)
        facts = {
            field.name: getattr(served, field.name)
            for field in dataclasses.fields(served)
        }
        return Resolution(
            tab=self.tab,
            selector=self.selector.name(name),
            explanation=explanation,
            **facts,
        )

    def error(
        self, selection: Selection, source: str | None, fault: Fault
    ) -> ResolutionError:
        """Return an error with its candidates and its explanation."""
        names = self.selector.names
        tied = sorted(names[plugin_id] for plugin_id in selection.tied)
        return ERRORS[fault.code](
            fault.message,
            fault.fix,
            candidates=tuple(tied) or self.selector.choices,
            tab=self.tab,
            plugin_id=selection.chosen,
            explanation=self._explain(selection, source, fault.code, None),
        )

    def _explain(
        self,
        selection: Selection,
        source: str | None,
        outcome: str,
        served: Served | None,
    ) -> Explanation:
        chosen = selection.chosen
        selector, properties = None, dict[str, Origin]()
        if chosen is not None:
            selector = self.selector.name(chosen)
            node = self.bindings.graph.plugin.get(chosen)
            properties = self.merged.candidates[chosen].origins(node)
        if served is not None:
            manifest = Origin('manifest', served.plugin.slug)
            properties |= {
                f'options.{name}': manifest
                for name, origin in served.options.origins.items()
                if origin == MANIFEST_DEFAULT
            }
        return Explanation(
            self.tab,
            source,
            outcome,
            selector,
            properties,
            self.merged,
            selection,
        )
