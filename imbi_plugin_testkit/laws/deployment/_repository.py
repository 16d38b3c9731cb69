"""A repository that a law planted, as the plugin and the sandbox see it."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_sdk._text import listed, shown
from imbi_plugin_sdk.contract import is_implemented, methods
from imbi_plugin_testkit.lab.answers import HandlerFailed, fresh
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws._shapes import shape_problems
from imbi_plugin_testkit.laws._store import is_typed
from imbi_plugin_testkit.model import Finding, Untestable
from imbi_plugin_testkit.models.deployment import (
    DeploymentLimits,
    DeploymentSandbox,
)
from imbi_plugin_testkit.sandbox import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.models.deployment import (
        CommitGraph,
        RemoteRelease,
        RemoteRun,
        RemoteStatus,
    )

SHOWN = 5
"""Things that a message names before it counts the rest."""


def limits_of(lab: Lab) -> DeploymentLimits:
    """Return what the remote allows, the defaults where only some is told."""
    limits = lab.limits
    if isinstance(limits, DeploymentLimits):
        return limits
    told = {
        field.name: getattr(limits, field.name)
        for field in dataclasses.fields(Limits)
    }
    return DeploymentLimits(**told)


@functools.lru_cache(maxsize=256)
def implements(handler: type, method: str) -> bool:
    """Remember what reading byte code says: each law asks again."""
    return is_implemented(handler, method)


def can(lab: Lab, method: str) -> bool:
    """Return whether the sandbox overrides what its base class refuses."""
    own = getattr(type(lab.sandbox), method, None)
    return own is not getattr(DeploymentSandbox, method) and own is not None


def must_implement(lab: Lab, *names: str) -> None:
    """Leave a law about optional methods to the plugins that have them.

    Raises:
        Untestable: One is not implemented.
    """
    for name in names:
        if not implements(lab.plugin.handler, name):
            raise Untestable(f'the plugin does not implement `{name}`')


def some(things: Iterable[object]) -> str:
    """Return a few things for a message, and count the rest."""
    every = sorted(map(repr, things))
    more = len(every) - SHOWN
    text = listed(every[:SHOWN], last='and')
    return f'{text} and {more} more' if more > 0 else text


class Repository:
    """One planted repository.

    Attributes:
        lab: The lab.
        context: Whose it is.
        graph: What was planted.
        shas: Label to full object name.
    """

    def __init__(
        self,
        lab: Lab,
        context: PluginContext,
        graph: CommitGraph,
        shas: Mapping[str, str],
    ) -> None:
        self.lab = lab
        self.context = context
        self.graph = graph
        self.shas = shas
        self._labels = {sha: label for label, sha in shas.items()}

    @property
    def sandbox(self) -> DeploymentSandbox:
        """Return the sandbox; laws declare in `needs` what they ask of it."""
        return cast('DeploymentSandbox', self.lab.sandbox)

    def label(self, sha: str) -> str:
        """Return the label of a commit, for a message and for comparing."""
        return self._labels.get(sha, shown(sha))

    def tips(self) -> dict[str, str]:
        """Return the name of each branch and tag to its commit."""
        tips = {tag.name: self.shas[tag.commit] for tag in self.graph.tags}
        for name, label in self.graph.branches.items():
            tips[name] = self.shas[label]
        return tips

    def impatient(self) -> Repository:
        """Return the same, asked by a plugin that gives up sooner."""
        context = self.lab.impatient(self.context)
        return Repository(self.lab, context, self.graph, self.shas)

    # The plugin -----------------------------------------------------------

    async def attempt(
        self,
        method: str,
        *args: Any,  # noqa: ANN401  the method's own
        **kwargs: Any,  # noqa: ANN401  the method's own
    ) -> Answer:
        """Call a method on this repository; the answer may be an error.

        Raises:
            HandlerFailed: What came back is not what is declared.
        """
        answer = await self.lab.attempt(
            method, *args, ctx=fresh(self.context), **kwargs
        )
        if answer.error is None:
            spec = methods(self.lab.plugin_type)[method]
            for path, message in shape_problems(answer.result, spec.returns):
                finding = Finding(f'{method}(){path}', message)
                raise HandlerFailed(answer, finding)
        return answer

    async def ask(
        self,
        method: str,
        *args: Any,  # noqa: ANN401  the method's own
        **kwargs: Any,  # noqa: ANN401  the method's own
    ) -> Any:  # noqa: ANN401  the method's own
        """Call a method that must succeed.

        Raises:
            HandlerFailed: It did not, or returned what is not declared.
        """
        return self.lab.must(await self.attempt(method, *args, **kwargs))

    async def not_refused(
        self,
        method: str,
        *args: Any,  # noqa: ANN401  the method's own
        **kwargs: Any,  # noqa: ANN401  the method's own
    ) -> str:
        """Call a method that must refuse; return what is wrong, if anything.

        Returns:
            Nothing for ValueError and PluginError.
        """
        answer = await self.lab.attempt(
            method, *args, ctx=fresh(self.context), **kwargs
        )
        must = 'it must raise ValueError or a PluginError'
        if answer.error is None:
            return f'{method} returned {shown(answer.result)}; {must}'
        if is_typed(answer.error):
            return ''
        told = described(answer.error, self.lab.secrets)
        return f'{method} raised {told}{self.lab.place(answer.error)}; {must}'

    # The remote -----------------------------------------------------------

    async def runs(self) -> Sequence[RemoteRun]:
        """Return every run that was started.

        Raises:
            Untestable: The sandbox fails or cannot.
        """
        limits = limits_of(self.lab)
        await asyncio.sleep(max(limits.trigger_lag, limits.consistency_lag))
        with self.lab.blaming('runs'):
            return list(await self.sandbox.runs(self.context))

    async def releases(self) -> Sequence[RemoteRelease]:
        """Return every release.

        Raises:
            Untestable: The sandbox fails or cannot.
        """
        await self.lab.settle()
        with self.lab.blaming('releases'):
            return list(await self.sandbox.releases(self.context))

    async def advance(self, run_id: str, status: RemoteStatus) -> None:
        """Move a run on.

        Raises:
            Untestable: The sandbox fails or cannot.
        """
        with self.lab.blaming(f'advance({status})'):
            await self.sandbox.advance(self.context, run_id, status)
        await self.lab.settle()


async def planted(
    lab: Lab,
    graph: CommitGraph,
    label: str = 'main',
    *,
    context: PluginContext | None = None,
) -> Repository:
    """Plant a repository for a tenant of its own.

    Args:
        lab: The lab.
        graph: The repository.
        label: Names the tenant; unique in the law.
        context: The tenant, where there is one already.

    Raises:
        Untestable: The sandbox fails or cannot.
    """
    if context is None:
        context = lab.tenant(label)
    sandbox = cast('DeploymentSandbox', lab.sandbox)
    with lab.blaming('plant'):
        shas = dict(await sandbox.plant(context, graph))
        missing = {commit.label for commit in graph.commits} - shas.keys()
        if missing:
            raise Untestable(
                f'the sandbox told no object name for {some(missing)}; '
                '`plant` must return one for every label'
            )
    await lab.settle()
    return Repository(lab, context, graph, shas)
