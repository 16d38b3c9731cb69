"""One organization of the fake for the deployment plugin."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from typing import TYPE_CHECKING, Any, Self

from imbi_plugin_sdk import PluginContext
from imbi_plugin_testkit.models.deployment import (
    DeploymentLimits,
    DeploymentSandbox,
    RemoteRelease,
    RemoteRun,
)
from imbi_plugin_testkit.proxy import FaultProxy, ProxiedSandbox
from imbi_plugin_testkit.sandbox import Fault, UnsupportedBySandbox
from tests.faults import BODIES
from tests.seeds import check_run, deployment
from tests.server import PAGE, github
from tests.world import now

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from imbi_plugin_testkit.models.deployment import (
        CheckVerdict,
        CommitGraph,
        OtherEnd,
        RecordedStatus,
        RemoteStatus,
    )
    from imbi_plugin_testkit.proxy import ProxiedRequest
    from tests.world import Repo, Run

WORKFLOW = 'deploy.yml'

OTHER_ENDS: tuple[OtherEnd, ...] = (
    'timed_out',
    'action_required',
    'stale',
    'skipped',
    'neutral',
)
"""Conclusions of a run (GitHub documentation, "List workflow runs")."""

_ATTEMPTS: Mapping[str, tuple[str, str | None]] = {
    'queued': ('queued', None),
    'in_progress': ('in_progress', None),
    'success': ('completed', 'success'),
    'failure': ('completed', 'failure'),
    'cancelled': ('completed', 'cancelled'),
    'unheard_of': ('hibernating', None),
    **{end: ('completed', end) for end in OTHER_ENDS},
}
"""How the kit names a status to GitHub's status and conclusion."""

_STATES: Mapping[RecordedStatus, str] = {
    'queued': 'queued',
    'in_progress': 'in_progress',
    'success': 'success',
    'failure': 'failure',
    'unheard_of': 'hibernating',
}
"""And to the state of a deployment, which cannot be cancelled."""

_CHECKS: Mapping[CheckVerdict, tuple[str, str | None]] = {
    'passed': ('completed', 'success'),
    'failed': ('completed', 'failure'),
    'pending': ('in_progress', None),
    'cancelled': ('completed', 'cancelled'),
    'timed_out': ('completed', 'timed_out'),
    'action_required': ('completed', 'action_required'),
    'stale': ('completed', 'stale'),
    'unheard_of': ('completed', 'hibernated'),
}
"""And to status and conclusion of a check run."""

_COUNTER = itertools.count(1)

LOST = frozenset({Fault.RESET, Fault.TRUNCATED, Fault.MALFORMED, Fault.HANG})
"""Faults after which the work may be done and only its answer lost."""


def is_dispatch(request: ProxiedRequest) -> bool:
    """Return whether a request starts a run."""
    return request.method == 'POST' and request.target.endswith('/dispatches')


class GitHubDeploymentSandbox(ProxiedSandbox, DeploymentSandbox):
    """An organization whose projects are repositories of their slugs."""

    backend = 'fake'
    limits = DeploymentLimits(
        page_size=PAGE,
        commits_page=PAGE,
        inputs=('environment', 'note'),
        compare_cap=250,
        deployable=('branch', 'tag'),
        other_ends=OTHER_ENDS,
    )

    def __init__(self) -> None:
        super().__init__()
        self.org = f'kit-{os.getpid()}-{next(_COUNTER)}'

    async def __aenter__(self) -> Self:
        """Start what is needed, and install an app in the organization."""
        self.github = github()
        self.world = self.github.world
        # By name, so that the name can fail to resolve.
        self.proxy = FaultProxy(
            self.github.url, host='localhost', bodies=BODIES
        ).start()
        self.credentials = {'token': self.world.install(self.org).value}
        self.context = PluginContext(
            project_id='kit-project',
            project_slug='kit',
            org_slug=self.org,
            environment='production',
            assignment_options={
                'api_url': f'{self.proxy.url}/api/v3',
                'workflow': WORKFLOW,
                'timeout': 5,
            },
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Forget the organization."""
        self.proxy.close()
        with self.world.lock:
            for key in [key for key in self.world.repos if key[0] == self.org]:
                del self.world.repos[key]

    def impatient(self, context: PluginContext) -> PluginContext:
        """Return a context whose calls give up soon."""
        options = {**context.assignment_options, 'timeout': 0.3}
        return context.model_copy(update={'assignment_options': options})

    @contextlib.asynccontextmanager
    async def fault(self, kind: Fault) -> AsyncGenerator[None]:
        """Break the way to GitHub; a dispatch does its work all the same.

        The worst of the outcomes that nobody can tell apart: who sends it
        again starts a second run.
        """
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.proxy.broken(kind))
            if kind in LOST:
                stack.enter_context(
                    self.proxy.broken(kind, only=is_dispatch, reaches=True)
                )
            yield

    def repo(self, context: PluginContext) -> Repo:
        """Return the repository of a context.

        Raises:
            UnsupportedBySandbox: None was planted.
        """
        key = context.org_slug.lower(), context.project_slug.lower()
        if key not in self.world.repos:
            raise UnsupportedBySandbox('no repository was planted')
        return self.world.repos[key]

    # What the kit asks for ------------------------------------------------

    async def plant(
        self, context: PluginContext, graph: CommitGraph
    ) -> Mapping[str, str]:
        """Make the repository of a context from a graph."""
        return await asyncio.to_thread(
            self.world.plant,
            context.org_slug,
            context.project_slug,
            graph,
            self.limits.inputs,
        )

    async def runs(self, context: PluginContext) -> Sequence[RemoteRun]:
        """Return what was dispatched."""
        return [
            RemoteRun(str(run.id), run.ref, dict(run.inputs))
            for run in self.repo(context).runs.values()
        ]

    async def releases(
        self, context: PluginContext
    ) -> Sequence[RemoteRelease]:
        """Return what was released."""
        return [
            RemoteRelease(
                row['tag_name'], row['name'], row['body'], row['prerelease']
            )
            for row in self.repo(context).releases
        ]

    def run(self, context: PluginContext, run_id: str) -> Run:
        """Return one run."""
        return self.repo(context).runs[int(run_id)]

    async def advance(
        self, context: PluginContext, run_id: str, status: RemoteStatus
    ) -> None:
        """Move the first attempt of a run to a status."""
        stands, conclusion = _ATTEMPTS[status]
        self.run(context, run_id).attempts[0] |= {
            'status': stands,
            'conclusion': conclusion,
            'at': now(),
        }

    async def record_deployment(
        self,
        context: PluginContext,
        environment: str,
        sha: str,
        status: RecordedStatus,
    ) -> None:
        """Record a deployment as another app would.

        Raises:
            UnsupportedBySandbox: GitHub has no such state.
        """
        if status not in _STATES:
            raise UnsupportedBySandbox(f'record_deployment({status})')
        repo = self.repo(context)
        row = deployment(repo, sha, [_STATES[status]], environment)
        repo.deployments.append(row)

    async def record_check(
        self, context: PluginContext, sha: str, verdict: CheckVerdict
    ) -> None:
        """Report a check run of a commit."""
        status, conclusion = _CHECKS[verdict]
        self.repo(context).checks.append(check_run(sha, conclusion, status))

    async def start_run(self, context: PluginContext, ref: str) -> str:
        """Start a run as somebody would on GitHub's own page."""
        repo = self.repo(context)
        sha = repo.git.resolve(ref, repo.default)
        assert sha is not None
        run = self.world.start(repo, repo.workflows[0], ref, sha, {})
        return str(run.id)

    async def snapshot(self) -> dict[str, Any]:
        """Return what the organization's repositories hold."""
        return await asyncio.to_thread(self._snapshot)

    def _snapshot(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for (owner, name), repo in list(self.world.repos.items()):
            if owner != self.org.lower():
                continue
            found[f'{name}: objects'] = repo.git.objects()
            found[f'{name}: refs'] = repo.git.refs('refs/')
            found[f'{name}: releases'] = [dict(one) for one in repo.releases]
            found[f'{name}: runs'] = [
                (run.id, run.ref, dict(run.inputs), list(run.attempts))
                for run in repo.runs.values()
            ]
        return found
