"""Deployment: a graph of commits with refs on it, and runs.

A law plants a small repository for a tenant of its own, knows every commit by
a label, and learns from the sandbox which object name it got.
"""
# ruff: noqa: ARG002  a default takes what an override needs

from __future__ import annotations

import asyncio
import dataclasses
import functools
from typing import TYPE_CHECKING, Any, Literal

from imbi_plugin_testkit.sandbox import (
    BaseSandbox,
    Limits,
    UnsupportedBySandbox,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from imbi_plugin_sdk.context import PluginContext

RecordedStatus = Literal[
    'queued', 'in_progress', 'success', 'failure', 'cancelled', 'unheard_of'
]
"""Where a deployment stands that the remote recorded; `unheard_of` is a status
of the remote that the contract has no name for."""

OtherEnd = Literal[
    'timed_out', 'action_required', 'stale', 'skipped', 'neutral'
]
"""Ends of a run that many remotes know and the contract has no name for: it
took too long, it waits for a person, nobody reported its end, there was
nothing to do, it says neither yes nor no."""

RemoteStatus = Literal[RecordedStatus, OtherEnd]
"""What a run can be moved to; to an `OtherEnd` only where the limits have
it."""

FinalVerdict = Literal['passed', 'failed', 'cancelled', 'timed_out']
CheckVerdict = Literal[
    FinalVerdict, 'pending', 'action_required', 'stale', 'unheard_of'
]
"""What the checks of a commit say."""


@dataclasses.dataclass(frozen=True, slots=True)
class GraphCommit:
    """One commit of a graph.

    Attributes:
        label: How the law knows it; unique in the graph.
        parents: Labels of its parents, which stand before it.
        message: Its message.
        twin: Label of an earlier commit whose object name begins like this
            one's, in four characters or more. Where the remote cannot arrange
            that, it is left alone, and what is ambiguous is not tried.
    """

    label: str
    parents: tuple[str, ...] = ()
    message: str = ''
    twin: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class GraphTag:
    """One tag.

    Attributes:
        name: Its name.
        commit: Label of the commit.
        annotated: Whether it is an object of its own, which must be peeled.
    """

    name: str
    commit: str
    annotated: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class CommitGraph:
    """A whole repository.

    Attributes:
        commits: Parents before children.
        branches: Name to label of the tip; holds the default branch.
        default: Name of the default branch.
        tags: The tags.
    """

    commits: tuple[GraphCommit, ...]
    branches: Mapping[str, str]
    default: str = 'main'
    tags: tuple[GraphTag, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class RemoteRun:
    """One run, as the remote has it.

    Attributes:
        run_id: The id, as `trigger_deployment` returns it.
        ref: The ref or object name that it was started for.
        inputs: The inputs that arrived, verbatim.
    """

    run_id: str
    ref: str
    inputs: Mapping[str, str] = dataclasses.field(
        default_factory=dict[str, str]
    )


@dataclasses.dataclass(frozen=True, slots=True)
class RemoteRelease:
    """One release, as the remote has it.

    Attributes:
        tag: Its tag.
        name: Its title.
        body: Its notes.
        prerelease: Whether it is one.
    """

    tag: str
    name: str
    body: str
    prerelease: bool


@dataclasses.dataclass(frozen=True, slots=True)
class DeploymentLimits(Limits):
    """What a remote of repositories allows.

    Attributes:
        inputs: Names of the inputs that a run takes.
        compare_cap: Commits that one comparison lists at most; None is all.
        commits_page: Commits on one page of the remote.
        deployable: Which kinds of refs a run may be started for.
        trigger_lag: Seconds until a started run must be found.
        annotated_tags: Whether tags may be objects of their own.
        other_ends: Ends beside success, failure and being cancelled that a
            run may have, and that the sandbox's `advance` takes.
    """

    inputs: tuple[str, ...] = ('environment', 'note')
    compare_cap: int | None = 250
    commits_page: int = 30
    deployable: tuple[Literal['branch', 'tag', 'sha'], ...] = ('branch', 'tag')
    trigger_lag: float = 0.0
    annotated_tags: bool = True
    other_ends: tuple[OtherEnd, ...] = ()


SPARE_TAGS = 24
"""Tags planted for `create_release` to use up: a law that tries a method with
every fault calls it a dozen times."""

FEW_TAGS = 8
"""Tags below which there may be too few for one round of calls."""


def example_graph(round_: int = 0) -> CommitGraph:
    """Return the repository that the calls of `examples` are made on.

    Args:
        round_: Makes the names of the spare tags different from those before.
    """
    return CommitGraph(
        commits=(
            GraphCommit('first', (), 'First'),
            GraphCommit('second', ('first',), 'Second'),
            GraphCommit('topic', ('first',), 'On a topic'),
        ),
        branches={'main': 'second', 'topic': 'topic'},
        tags=(
            GraphTag('stable', 'second'),
            *(
                GraphTag(f'spare-{round_}-{number}', 'second')
                for number in range(SPARE_TAGS)
            ),
        ),
    )


class DeploymentSandbox(BaseSandbox):
    """A sandbox of a deployment plugin; override what the remote can do.

    Where `plant` is overridden, `examples` has arguments for every method: a
    small repository is planted for the sandbox's own `context` when the first
    of them is asked for. Examples of the class come before these; an override
    of `__init__` that sets `examples` should keep them, as in
    `self.examples = {**self.examples, 'create_tag': ...}`.
    """

    limits: Limits = DeploymentLimits()

    def __init__(self) -> None:
        super().__init__()
        self._planting = asyncio.Lock()
        self._planted: Mapping[str, str] | None = None
        self._rounds = 0
        self._spare: list[str] = []
        self._tags = 0
        if _overrides(self, 'plant'):
            self.examples = {**self._derived(), **type(self).examples}

    async def plant(
        self, context: PluginContext, graph: CommitGraph
    ) -> Mapping[str, str]:
        """Make a tenant's repository from a graph, anew if it is there.

        Returns:
            Label to full object name.

        Raises:
            UnsupportedBySandbox: By default.
        """
        raise UnsupportedBySandbox('plant')

    async def runs(self, context: PluginContext) -> Sequence[RemoteRun]:
        """Return every run of a tenant, oldest first.

        Raises:
            UnsupportedBySandbox: By default.
        """
        raise UnsupportedBySandbox('runs')

    async def releases(
        self, context: PluginContext
    ) -> Sequence[RemoteRelease]:
        """Return every release of a tenant, oldest first.

        Raises:
            UnsupportedBySandbox: By default.
        """
        raise UnsupportedBySandbox('releases')

    async def advance(
        self, context: PluginContext, run_id: str, status: RemoteStatus
    ) -> None:
        """Move a run to a status.

        Raises:
            UnsupportedBySandbox: By default, or where the remote has no such
                status.
        """
        raise UnsupportedBySandbox(f'advance({status})')

    async def start_run(self, context: PluginContext, ref: str) -> str:
        """Start a run behind the plugin's back, as somebody else would.

        Only `examples` needs it, for `get_deployment_status`: without it the
        newest run of the sandbox's own context is asked for.

        Args:
            context: Whose repository.
            ref: Name of a branch or tag, or an object name, of a kind that
                `DeploymentLimits.deployable` has.

        Returns:
            The run's id.

        Raises:
            UnsupportedBySandbox: By default.
        """
        raise UnsupportedBySandbox('start_run')

    async def record_deployment(
        self,
        context: PluginContext,
        environment: str,
        sha: str,
        status: RecordedStatus,
    ) -> None:
        """Record a deployment of a commit, behind the plugin's back.

        Only law DEP012 asks for it, of a plugin that lists them.

        Raises:
            UnsupportedBySandbox: By default, or where the remote has no such
                status.
        """
        raise UnsupportedBySandbox(f'record_deployment({status})')

    async def record_check(
        self, context: PluginContext, sha: str, verdict: CheckVerdict
    ) -> None:
        """Let the checks of a commit, which had none, say this together.

        Only law DEP012 asks for it, of a plugin that reads them.

        Raises:
            UnsupportedBySandbox: By default, or where the remote has no such
                word.
        """
        raise UnsupportedBySandbox(f'record_check({verdict})')

    # Examples -------------------------------------------------------------

    def _derived(self) -> dict[str, Callable[[], Awaitable[Any]]]:
        """Return functions that make the arguments of every method."""
        refs: Mapping[str, Mapping[str, Any]] = {
            'list_refs': {},
            'list_commits': {'ref': 'main'},
            'resolve_committish': {'committish': 'main'},
            'compare': {'base': 'main', 'head': 'topic'},
            'get_check_status': {'committish': 'main'},
            'list_workflows': {},
        }
        made: dict[str, Callable[[], Awaitable[Any]]] = {
            method: functools.partial(self._reading, arguments)
            for method, arguments in refs.items()
        }
        made['list_recent_deployments'] = self._recent
        made['trigger_deployment'] = self._triggering
        if _overrides(self, 'start_run') or _overrides(self, 'runs'):
            made['get_deployment_status'] = self._asking
        made['create_tag'] = self._tagging
        made['create_release'] = self._releasing
        return made

    async def _repository(self) -> Mapping[str, str]:
        """Return label to object name; planted anew when tags run short.

        Releases come last among the methods of one round: so it happens
        before a round, whose examples all lie in the same repository.
        """
        async with self._planting:
            if self._planted is None or len(self._spare) < FEW_TAGS:
                graph = example_graph(self._rounds)
                self._rounds += 1
                self._planted = await self.plant(self.context, graph)
                self._spare = [
                    tag.name
                    for tag in graph.tags
                    if tag.name.startswith('spare')
                ]
            return self._planted

    async def _reading(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        await self._repository()
        return dict(arguments)

    async def _deployable(self) -> str:
        """Return what a run may be started for."""
        labels = await self._repository()
        limits = self.limits
        kinds = getattr(limits, 'deployable', DeploymentLimits().deployable)
        names = {'branch': 'main', 'tag': 'stable'}
        return names.get(next(iter(kinds), 'branch'), labels['second'])

    async def _recent(self) -> dict[str, Any]:
        await self._repository()
        return {'environments': [self.context.environment or 'production']}

    async def _triggering(self) -> dict[str, Any]:
        names = getattr(self.limits, 'inputs', DeploymentLimits().inputs)
        return {
            'ref_or_sha': await self._deployable(),
            'inputs': dict.fromkeys(names, 'kit'),
        }

    async def _asking(self) -> dict[str, Any]:
        ref = await self._deployable()
        if _overrides(self, 'start_run'):
            return {'run_id': await self.start_run(self.context, ref)}
        runs = await self.runs(self.context)
        if not runs:
            # Nothing was triggered yet, and no id may be made up.
            raise UnsupportedBySandbox('start_run')
        return {'run_id': runs[-1].run_id}

    async def _tagging(self) -> dict[str, Any]:
        labels = await self._repository()
        self._tags += 1
        return {
            'sha': labels['second'],
            'tag': f'kit-made-{self._tags}',
            'message': 'Made by the kit',
        }

    async def _releasing(self) -> dict[str, Any]:
        await self._repository()
        return {
            'tag': self._spare.pop(0),
            'name': 'Made by the kit',
            'body_markdown': 'Made by the *kit*.',
        }


def _overrides(sandbox: DeploymentSandbox, method: str) -> bool:
    """Return whether a sandbox can do what the base class refuses."""
    own = getattr(type(sandbox), method)
    return own is not getattr(DeploymentSandbox, method)
