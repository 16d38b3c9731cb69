"""A correct deployment plugin; its parts are beside it."""

from __future__ import annotations

import asyncio
import contextlib
import urllib.parse
from typing import TYPE_CHECKING, Any, Literal

from imbi_plugin_sdk.errors import PluginTimeoutError
from imbi_plugin_sdk.handlers.deployment import (
    CheckStatus,
    Commit,
    CompareResult,
    DeploymentPlugin,
    DeploymentRun,
    Ref,
    RefInfo,
    ReleaseInfo,
    RemoteDeployment,
    WorkflowFile,
)
from imbi_plugin_sdk.manifest import (
    CredentialField,
    PluginManifest,
    PluginOption,
)
from imbi_plugin_testkit.memory.deployment.connection import (
    Connection,
    TakenAlready,
    UnknownHere,
)
from imbi_plugin_testkit.memory.deployment.server import CONFLICT
from imbi_plugin_testkit.memory.deployment.shapes import Shapes
from imbi_plugin_testkit.memory.server import MemoryStatusError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.context import PluginContext

LOOK_AGAIN = 0.005
"""Seconds between two looks for a run that was started."""


class MemoryDeployment(Connection, Shapes, DeploymentPlugin):
    """Reads and deploys repositories on a `MemoryForge`, correctly."""

    manifest = PluginManifest(
        slug='memory-deployment',
        name='Memory',
        description='Keeps repositories in memory.',
        plugin_type='deployment',
        supports_deployment_sync=True,
        options=[
            PluginOption(name='endpoint', label='Endpoint', required=True),
            PluginOption(
                name='timeout',
                label='Seconds for one request',
                type='integer',
                default=5,
            ),
        ],
        credentials=[CredentialField(name='api_token', label='API token')],
    )

    async def list_refs(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        kind: Literal['default', 'branch', 'tag', 'all'] = 'all',
        query: str | None = None,
    ) -> list[Ref]:
        """Return the default branch, the others and the tags."""
        refs: list[Ref] = []
        if kind != 'tag':
            about = await self.get(ctx, credentials, '')
            default = self.default_of(about)
            async for item in self.pages(ctx, credentials, 'branches'):
                refs += self.branch(kind, item, default)
        if kind in ('tag', 'all'):
            async for item in self.pages(ctx, credentials, 'tags'):
                sha = await self.peeled(ctx, credentials, item)
                refs.append(Ref(name=item['name'], kind='tag', sha=sha))
        return [ref for ref in refs if self.matches(ref, query)]

    async def list_commits(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        ref: str,
        limit: int = 25,
    ) -> list[Commit]:
        """Return the head of a ref, then its ancestors."""
        commits: list[Commit] = []
        pages = self.pages(ctx, credentials, 'commits', of=ref)
        async with contextlib.aclosing(pages):
            async for item in pages:
                commits.append(self.commit(item, is_head=not commits))
                if len(commits) >= limit:
                    break
        return commits

    async def resolve_committish(
        self, ctx: PluginContext, credentials: dict[str, str], committish: str
    ) -> Commit:
        """Return the commit that a name or the beginning of a sha means."""
        found = await self.get(ctx, credentials, 'commit', of=committish)
        return self.commit(found)

    async def compare(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        base: str,
        head: str,
    ) -> CompareResult:
        """Count what each side has alone, and list what the head has."""
        found = await self.get(
            ctx, credentials, 'compare', base=base, head=head
        )
        return CompareResult(
            base_sha=found['base'],
            head_sha=found['head'],
            ahead=found['ahead'],
            behind=found['behind'],
            commits=[self.commit(item) for item in found['commits']],
        )

    async def trigger_deployment(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        ref_or_sha: str,
        inputs: dict[str, str] | None = None,
    ) -> DeploymentRun:
        """Start a run once, and return it when it can be found."""
        body = {'ref': ref_or_sha, 'inputs': self.inputs(inputs)}
        run_id = await self.start(ctx, credentials, body)
        return await self.found(ctx, credentials, run_id)

    async def get_deployment_status(
        self, ctx: PluginContext, credentials: dict[str, str], run_id: str
    ) -> DeploymentRun:
        """Return a run as the remote has it."""
        path = f'runs/{urllib.parse.quote(run_id, safe="")}'
        return self.run(await self.get(ctx, credentials, path))

    async def get_check_status(
        self, ctx: PluginContext, credentials: dict[str, str], committish: str
    ) -> CheckStatus:
        """Return what the checks of a commit say together."""
        found = await self.get(ctx, credentials, 'checks', of=committish)
        return self.check(found['all'])

    async def create_tag(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        sha: str,
        tag: str,
        message: str,
    ) -> RefInfo:
        """Create a tag; where it is there already, tell what it names."""
        body = {'name': tag, 'sha': sha, 'message': message}
        try:
            made = await self.ask(ctx, credentials, 'POST', 'tags', body)
        except MemoryStatusError as error:
            return await self.tag_failed(ctx, credentials, body, error.status)
        return RefInfo(name=made['name'], sha=made['sha'])

    async def create_release(  # noqa: PLR0913, PLR0917  contract v1
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        tag: str,
        name: str,
        body_markdown: str,
        prerelease: bool = False,  # noqa: FBT001, FBT002  contract v1
    ) -> ReleaseInfo:
        """Release a tag; where it is released already, tell that."""
        body = {
            'tag': tag,
            'name': name,
            'body': body_markdown,
            'prerelease': prerelease,
        }
        try:
            made = await self.ask(ctx, credentials, 'POST', 'releases', body)
        except MemoryStatusError as error:
            if error.status != CONFLICT:
                raise self.error_of(error.status) from error
            made = await self.get(ctx, credentials, 'releases', tag=tag)
        return self.release(made)

    async def list_workflows(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[WorkflowFile]:
        """Return the workflows of the repository."""
        found = await self.get(ctx, credentials, 'workflows')
        return [WorkflowFile(**item) for item in found['items']]

    async def list_recent_deployments(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        environments: list[str],
        limit: int = 1,
    ) -> list[RemoteDeployment]:
        """Return the newest runs for each environment."""
        deployments: list[RemoteDeployment] = []
        for name in environments:
            found = await self.get(
                ctx,
                credentials,
                'deployments',
                environment=name,
                limit=str(limit),
            )
            deployments += [
                self.deployment(name, item) for item in found['items']
            ]
        return deployments

    # What a handler that is wrong in one place overrides ------------------

    async def peeled(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        item: Mapping[str, Any],
    ) -> str:
        """Return the commit of a tag."""
        sha = str(item['object'])
        if item['type'] == 'commit':
            return sha
        found = await self.get(ctx, credentials, f'objects/{sha}')
        return str(found['target'])

    async def start(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        body: dict[str, Any],
    ) -> str:
        """Start a run and return its id.

        Asked once: whether a run was started is not known when the answer is
        lost, and a second one must not be.
        """
        try:
            made = await self.ask(ctx, credentials, 'POST', 'runs', body)
        except MemoryStatusError as error:
            raise self.error_of(error.status) from error
        return str(made['id'])

    async def found(
        self, ctx: PluginContext, credentials: dict[str, str], run_id: str
    ) -> DeploymentRun:
        """Return a run that was just started, as soon as it can be found.

        Raises:
            PluginTimeoutError: It cannot be found in time.
        """
        try:
            async with asyncio.timeout(self.budget(ctx)):
                while True:
                    with contextlib.suppress(UnknownHere):
                        return await self.get_deployment_status(
                            ctx, credentials, run_id
                        )
                    await asyncio.sleep(LOOK_AGAIN)
        except TimeoutError:
            raise PluginTimeoutError('the run cannot be found yet') from None

    async def tag_failed(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        body: Mapping[str, str],
        status: int,
    ) -> RefInfo:
        """Return the tag where it is there already and names the same.

        Raises:
            TakenAlready: It names another commit.
            PluginError: Or ValueError: the remote refused for another reason.
        """
        if status != CONFLICT:
            raise self.error_of(status)
        held = await self.resolve_committish(ctx, credentials, body['name'])
        if held.sha != body['sha']:
            raise TakenAlready('the tag names another commit')
        return RefInfo(name=body['name'], sha=held.sha)
