"""The handler: a project's repository, and the workflow that deploys it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from imbi_plugin_github.deployment import history, recorded, runs, writes
from imbi_plugin_github.deployment.history import commit_of
from imbi_plugin_github.deployment.manifest import MANIFEST
from imbi_plugin_github.deployment.repository import opened
from imbi_plugin_sdk import DeploymentPlugin, PluginManifest

if TYPE_CHECKING:
    from imbi_plugin_sdk import (
        CheckStatus,
        Commit,
        CompareResult,
        DeploymentRun,
        PluginContext,
        Ref,
        RefInfo,
        ReleaseInfo,
        RemoteDeployment,
        WorkflowFile,
    )


class GitHubDeployment(DeploymentPlugin):
    """Reads a repository, and deploys by starting a workflow.

    Every method raises what the contract says, and ValueError where an
    option does not hold or GitHub knows no such thing.
    """

    manifest: ClassVar[PluginManifest] = MANIFEST

    async def list_refs(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        kind: Literal['default', 'branch', 'tag', 'all'] = 'all',
        query: str | None = None,
    ) -> list[Ref]:
        """List refs whose names hold the query, in any case."""
        async with opened(ctx, credentials) as repository:
            return await history.list_refs(repository, kind, query)

    async def list_commits(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        ref: str,
        limit: int = 25,
    ) -> list[Commit]:
        """List the history of a ref, newest first."""
        async with opened(ctx, credentials) as repository:
            return await history.list_commits(repository, ref, limit)

    async def resolve_committish(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        committish: str,
    ) -> Commit:
        """Find the commit that a name, a sha or a short sha means."""
        async with opened(ctx, credentials) as repository:
            return commit_of(await repository.commit(committish))

    async def compare(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        base: str,
        head: str,
    ) -> CompareResult:
        """Compare two commits; lists 250 of the head's at most."""
        async with opened(ctx, credentials) as repository:
            return await history.compare(repository, base, head)

    async def trigger_deployment(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        ref_or_sha: str,
        inputs: dict[str, str] | None = None,
    ) -> DeploymentRun:
        """Start the workflow once; a lost answer is not asked for again."""
        async with opened(ctx, credentials) as repository:
            return await runs.trigger(
                repository, ref_or_sha, inputs, ctx.environment
            )

    async def get_deployment_status(
        self, ctx: PluginContext, credentials: dict[str, str], run_id: str
    ) -> DeploymentRun:
        """Look up the first attempt of a run."""
        async with opened(ctx, credentials) as repository:
            return await runs.look_up(repository, run_id)

    async def get_check_status(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        committish: str,
    ) -> CheckStatus:
        """Say what check runs and commit statuses say together."""
        async with opened(ctx, credentials) as repository:
            return await history.check_status(repository, committish)

    async def create_tag(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        sha: str,
        tag: str,
        message: str,
    ) -> RefInfo:
        """Make an annotated tag; the same one again is the one there is."""
        async with opened(ctx, credentials) as repository:
            return await writes.create_tag(repository, sha, tag, message)

    async def create_release(  # noqa: PLR0913, PLR0917  contract v1
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        tag: str,
        name: str,
        body_markdown: str,
        prerelease: bool = False,  # noqa: FBT001, FBT002  contract v1
    ) -> ReleaseInfo:
        """Release a tag; the same release again is the one there is."""
        wanted = {
            'name': name,
            'body': body_markdown,
            'prerelease': prerelease,
        }
        async with opened(ctx, credentials) as repository:
            return await writes.create_release(repository, tag, wanted)

    async def list_workflows(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[WorkflowFile]:
        """List the workflows that are there."""
        async with opened(ctx, credentials) as repository:
            return await runs.list_workflows(repository)

    async def list_recent_deployments(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        environments: list[str],
        limit: int = 1,
    ) -> list[RemoteDeployment]:
        """List what GitHub recorded for each environment, newest first."""
        async with opened(ctx, credentials) as repository:
            return await recorded.recent(repository, environments, limit)
