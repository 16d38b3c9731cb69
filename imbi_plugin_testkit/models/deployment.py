"""Deployment: a graph of commits with refs on it, and runs.

A law plants a small repository for a tenant of its own, knows every commit by
a label, and learns from the sandbox which object name it got.
"""
# ruff: noqa: ARG002  a default takes what an override needs

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

from imbi_plugin_testkit.sandbox import (
    BaseSandbox,
    Limits,
    UnsupportedBySandbox,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imbi_plugin_sdk.context import PluginContext

RemoteStatus = Literal[
    'queued', 'in_progress', 'success', 'failure', 'cancelled', 'unheard_of'
]
"""What a run can be moved to; `unheard_of` is a status of the remote that the
contract has no name for."""


@dataclasses.dataclass(frozen=True, slots=True)
class GraphCommit:
    """One commit of a graph.

    Attributes:
        label: How the law knows it; unique in the graph.
        parents: Labels of its parents, which stand before it.
        message: Its message.
    """

    label: str
    parents: tuple[str, ...] = ()
    message: str = ''


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
    """

    inputs: tuple[str, ...] = ('environment', 'note')
    compare_cap: int | None = 250
    commits_page: int = 30
    deployable: tuple[Literal['branch', 'tag', 'sha'], ...] = ('branch', 'tag')
    trigger_lag: float = 0.0


class DeploymentSandbox(BaseSandbox):
    """A sandbox of a deployment plugin; override what the remote can do."""

    limits: Limits = DeploymentLimits()

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
