"""A sandbox for each test; the fake is the same for all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from imbi_plugin_github import GitHubDeployment

from imbi_plugin_testkit.models.deployment import (
    CommitGraph,
    GraphCommit,
    GraphTag,
)
from tests.deployment_sandbox import GitHubDeploymentSandbox
from tests.identity_sandbox import GitHubIdentitySandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from imbi_plugin_sdk import PluginContext

GRAPH = CommitGraph(
    commits=(
        GraphCommit('one', (), 'One'),
        GraphCommit('two', ('one',), 'Two\n\nWith a body: Überblick'),
        GraphCommit('side', ('one',), 'Beside'),
        GraphCommit('merge', ('two', 'side'), 'Both'),
        GraphCommit('alone', (), 'Of no family'),
        GraphCommit('twin', ('merge',), 'Alike', twin='one'),
    ),
    branches={
        'main': 'merge',
        'topic/a#1': 'side',
        'same': 'one',
        'alone': 'alone',
        'twin': 'twin',
    },
    tags=(
        GraphTag('v1', 'two', annotated=True),
        GraphTag('v0', 'one'),
        GraphTag('same', 'two'),
    ),
)


class Planted:
    """A repository and the plugin that works on it.

    Attributes:
        sandbox: Whose.
        shas: Label to full sha.
    """

    def __init__(self, sandbox: GitHubDeploymentSandbox) -> None:
        self.sandbox = sandbox
        self.context = sandbox.context
        self.shas: dict[str, str] = {}

    @property
    def repo(self) -> Any:
        """Return what the fake keeps."""
        return self.sandbox.repo(self.context)

    async def plant(self, graph: CommitGraph = GRAPH) -> None:
        """Make the repository."""
        self.shas = dict(await self.sandbox.plant(self.context, graph))

    def with_options(self, **options: Any) -> PluginContext:
        """Return the context with other options."""
        merged = {**self.context.assignment_options, **options}
        return self.context.model_copy(update={'assignment_options': merged})

    async def ask(self, method: str, *args: Any, **options: Any) -> Any:
        """Call a method of the plugin, with some options changed."""
        handler = getattr(GitHubDeployment(), method)
        ctx = self.with_options(**options)
        return await handler(ctx, dict(self.sandbox.credentials), *args)


@pytest.fixture
def deploy() -> Callable[[Callable[[Planted], Awaitable[Any]]], Any]:
    """Return a function that tells a story about a planted repository."""

    async def told(story: Callable[[Planted], Awaitable[Any]]) -> Any:
        async with GitHubDeploymentSandbox() as sandbox:
            planted = Planted(sandbox)
            await planted.plant()
            return await story(planted)

    return lambda story: asyncio.run(told(story))


@pytest.fixture(params=['github', 'github-enterprise-server'])
def sign(request: pytest.FixtureRequest) -> Any:
    """Return a function that tells a story about signing in."""

    async def told(
        story: Callable[[GitHubIdentitySandbox], Awaitable[Any]],
    ) -> Any:
        async with GitHubIdentitySandbox(request.param) as sandbox:
            return await story(sandbox)

    return lambda story: asyncio.run(told(story))
