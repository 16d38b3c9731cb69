"""An analysis plugin and its sandbox, in memory.

It looks at a project's item on a `MemoryServer`: whether it has an owner and
a readme. It offers to write a readme, and to remove what is stale.
"""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.errors import (
    PluginRemediationNotSupported,
    PluginUnavailableError,
)
from imbi_plugin_sdk.handlers.analysis import (
    AnalysisPlugin,
    AnalysisResultItem,
    RemediationOffer,
    RemediationResult,
)
from imbi_plugin_sdk.manifest import (
    CredentialField,
    PluginManifest,
    PluginOption,
)
from imbi_plugin_testkit.memory import MemorySandbox
from imbi_plugin_testkit.memory.asking import AsksServer

if TYPE_CHECKING:
    from imbi_plugin_sdk.context import PluginContext

PARTS = ('owner', 'readme')
"""What a project must have."""

MENDS = {'write-readme': ('readme', 'Write one', False)}
"""Remediation id to the part that it makes, its label, and whether it
destroys."""


class MemoryAnalysis(AsksServer, AnalysisPlugin):
    """Judges an item on a `MemoryServer`, correctly."""

    manifest = PluginManifest(
        slug='memory-analysis',
        name='Memory',
        description='Judges projects in memory.',
        plugin_type='analysis',
        options=[
            PluginOption(name='endpoint', label='Endpoint', required=True)
        ],
        credentials=[CredentialField(name='api_token', label='API token')],
    )

    async def analyze(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[AnalysisResultItem]:
        """Return one finding per part."""
        item = await self.item(ctx, credentials)
        return [self.judged(part, item) for part in PARTS]

    async def remediate(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        remediation_id: str,
    ) -> RemediationResult:
        """Make a part that is missing."""
        part = self.part_of(remediation_id)
        item = await self.item(ctx, credentials)
        if item.get(part):
            return RemediationResult(status='noop', message='It is there.')
        await self.write(ctx, credentials, {**item, part: 'made'})
        return RemediationResult(status='fixed', message=f'Made a {part}.')

    # What a handler that is wrong in one place overrides ------------------

    def judged(self, part: str, item: dict[str, Any]) -> AnalysisResultItem:
        """Return how one part is."""
        there = bool(item.get(part))
        return AnalysisResultItem(
            slug=self.slug(part, item),
            title=part.capitalize(),
            description=f'There is {"a" if there else "no"} {part}.',
            status='pass' if there else 'warn',
            remediation=None if there else self.offer(part),
        )

    def slug(self, part: str, item: dict[str, Any]) -> str:  # noqa: ARG002  for those who override it
        """Return a slug that is the same in every run."""
        return f'has-{part}'

    def offer(self, part: str) -> RemediationOffer | None:
        """Return how a part could be made, if it could."""
        for name, (makes, label, destroys) in MENDS.items():
            if makes == part:
                return RemediationOffer(
                    id=name, label=label, destructive=destroys
                )
        return None

    def part_of(self, remediation_id: str) -> str:
        """Return the part that a remedy makes.

        Raises:
            PluginRemediationNotSupported: There is no such remedy.
        """
        if remediation_id not in MENDS:
            slug = self.manifest.slug
            raise PluginRemediationNotSupported(slug, remediation_id)
        return MENDS[remediation_id][0]

    async def item(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> dict[str, Any]:
        """Return the project's item.

        Raises:
            PluginUnavailableError: There is none.
        """
        paths = [f'/{ctx.project_slug}']
        answer = await self.ask(ctx, credentials, 'POST', '/', paths)
        for item in answer['items']:
            return {part: item.get(part, '') for part in PARTS}
        raise PluginUnavailableError('the project is not there')

    async def write(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        item: dict[str, Any],
    ) -> None:
        """Write the project's item."""
        path = urllib.parse.quote(f'/{ctx.project_slug}')
        given = {'value': '', **item}
        await self.ask(ctx, credentials, 'PUT', path, given)


class MemoryAnalysisSandbox(MemorySandbox):
    """A sandbox of `MemoryAnalysis` with a project that lacks a readme.

    Its example says that remedies may be called in its own context.
    """

    def __init__(self) -> None:
        """Start a server with the project on it."""
        super().__init__()
        self.examples = {'remediate': {'remediation_id': 'write-readme'}}
        self.server.write(
            f'/{self.context.project_slug}',
            {'value': '', 'owner': 'green', 'readme': '', 'modified': ''},
        )
