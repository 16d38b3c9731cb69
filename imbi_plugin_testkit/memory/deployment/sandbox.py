"""The sandbox of a `MemoryDeployment`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.context import PluginContext
from imbi_plugin_testkit.memory.deployment.connection import repository_path
from imbi_plugin_testkit.memory.deployment.repository import CHECKS
from imbi_plugin_testkit.memory.deployment.server import MemoryForge
from imbi_plugin_testkit.memory.faults import new_token
from imbi_plugin_testkit.models.deployment import (
    DeploymentLimits,
    DeploymentSandbox,
    RemoteRelease,
    RemoteRun,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from imbi_plugin_testkit.models.deployment import (
        CheckVerdict,
        CommitGraph,
        OtherEnd,
        RecordedStatus,
        RemoteStatus,
    )
    from imbi_plugin_testkit.sandbox import Fault

OTHER_ENDS: tuple[OtherEnd, ...] = (
    'timed_out',
    'action_required',
    'stale',
    'skipped',
    'neutral',
)
"""The forge has them all."""

IMPATIENT = 0.02
"""Seconds for one request in `MemoryDeploymentSandbox.impatient`: memory
answers at once."""


class MemoryDeploymentSandbox(DeploymentSandbox):
    """A sandbox on a `MemoryForge` of its own."""

    backend = 'memory'

    def __init__(
        self,
        limits: DeploymentLimits | None = None,
        *,
        token: str = '',
        forge: type[MemoryForge] = MemoryForge,
        depth_first: bool = False,
    ) -> None:
        """Start a forge.

        Args:
            limits: What the forge allows.
            token: The token it accepts; made up where none is given.
            forge: Which forge.
            depth_first: Whether histories keep a line of commits together.
        """
        super().__init__()
        allowed = limits or DeploymentLimits(other_ends=OTHER_ENDS)
        self.limits = allowed
        self.forge = forge(
            token or new_token(), allowed, depth_first=depth_first
        )
        self.credentials = {'api_token': self.forge.token}
        self.context = PluginContext(
            project_id='kit-project',
            project_slug='kit',
            org_slug='kit-org',
            environment='testing',
            assignment_options={'endpoint': self.forge.address},
        )

    async def plant(
        self, context: PluginContext, graph: CommitGraph
    ) -> Mapping[str, str]:
        """Make a repository from a graph."""
        return self.forge.plant(repository_path(context), graph)

    async def runs(self, context: PluginContext) -> Sequence[RemoteRun]:
        """Return what was started, whether it can be found by now or not."""
        repository = self.forge.repositories[repository_path(context)]
        return [
            RemoteRun(run.id, run.ref, dict(run.inputs))
            for run in repository.runs.values()
        ]

    async def releases(
        self, context: PluginContext
    ) -> Sequence[RemoteRelease]:
        """Return what was released."""
        repository = self.forge.repositories[repository_path(context)]
        return [
            RemoteRelease(
                held['tag'], held['name'], held['body'], held['prerelease']
            )
            for held in repository.releases
        ]

    async def advance(
        self, context: PluginContext, run_id: str, status: RemoteStatus
    ) -> None:
        """Move a run to a status."""
        repository = self.forge.repositories[repository_path(context)]
        repository.runs[run_id].advance(status)

    async def start_run(self, context: PluginContext, ref: str) -> str:
        """Start a run that can be found at once."""
        repository = self.forge.repositories[repository_path(context)]
        run_id = str(next(self.forge.ids))
        return repository.start(run_id, ref, {}, lag=0.0).id

    async def record_deployment(
        self,
        context: PluginContext,
        environment: str,
        sha: str,
        status: RecordedStatus,
    ) -> None:
        """Record a run of a commit for an environment."""
        repository = self.forge.repositories[repository_path(context)]
        run_id = str(next(self.forge.ids))
        inputs = {'environment': environment}
        repository.start(run_id, sha, inputs, lag=0.0).advance(status)

    async def record_check(
        self, context: PluginContext, sha: str, verdict: CheckVerdict
    ) -> None:
        """Let the checks of a commit say something."""
        repository = self.forge.repositories[repository_path(context)]
        repository.checks[sha] = CHECKS[verdict]

    def impatient(self, context: PluginContext) -> PluginContext:
        """Let the plugin give up as soon as memory may not answer."""
        options = {**context.assignment_options, 'timeout': IMPATIENT}
        return context.model_copy(update={'assignment_options': options})

    def fault(self, kind: Fault) -> AbstractAsyncContextManager[None]:
        """Let the forge do this wrong for the length of the context."""
        return self.forge.breaking(kind)

    async def snapshot(self) -> Mapping[str, Any]:
        """Return path to refs, releases and runs."""
        return {
            path: {
                'branches': dict(held.branches),
                'tags': dict(held.tags),
                'releases': [dict(release) for release in held.releases],
                'runs': [run.told() for run in held.runs.values()],
            }
            for path, held in self.forge.repositories.items()
        }

    def urls(self) -> Sequence[str]:
        """Return what the forge was asked for."""
        return tuple(self.forge.urls)
