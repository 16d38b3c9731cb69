"""A lifecycle plugin and its sandbox, in memory.

`MemoryLifecycle` is what a correct handler looks like, and the base of
handlers that are wrong in one place: override one small method. Its remote
is a `MemoryServer` that keeps one item per project, with the project's state
in it. Every event first asks what is there, so that one that is repeated
changes nothing.
"""

from __future__ import annotations

import itertools
import urllib.parse
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.context import (
    LinkWriteback,
    ServiceConnection,
    ServiceWriteback,
)
from imbi_plugin_sdk.handlers.lifecycle import (
    LifecyclePlugin,
    LifecycleResult,
    RelocationTarget,
)
from imbi_plugin_sdk.manifest import (
    CredentialField,
    PluginManifest,
    PluginOption,
)
from imbi_plugin_testkit.memory import MemorySandbox
from imbi_plugin_testkit.memory.asking import AsksServer
from imbi_plugin_testkit.models.lifecycle import LifecycleSandbox

if TYPE_CHECKING:
    from imbi_plugin_sdk.context import PluginContext

LINK = 'code'
"""The link of a project that leads to the remote."""

PAGES = 'https://memory.example.com/'
"""What the address of a project's page begins with."""


class MemoryLifecycle(AsksServer, LifecyclePlugin):
    """Keeps one item per project on a `MemoryServer`, correctly."""

    manifest = PluginManifest(
        slug='memory-lifecycle',
        name='Memory',
        description='Follows projects in memory.',
        plugin_type='lifecycle',
        supports_lifecycle_sync=True,
        lifecycle_events=[
            'created',
            'updated',
            'archived',
            'unarchived',
            'deleted',
            'relocated',
        ],
        options=[
            PluginOption(name='endpoint', label='Endpoint', required=True)
        ],
        credentials=[CredentialField(name='api_token', label='API token')],
    )

    async def on_project_created(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> LifecycleResult:
        """Make the item, unless it is there."""
        path = self.path(ctx)
        if await self.found(ctx, credentials, path) is None:
            item = {'state': 'active', 'about': ctx.project_description}
            await self.write(ctx, credentials, path, item)
        self.tell_service(ctx, path)
        return LifecycleResult(status='ok', artifacts={'page': page(path)})

    async def on_project_updated(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> LifecycleResult:
        """Write the description."""
        about = ctx.project_description
        return await self.change(ctx, credentials, {'about': about})

    async def on_project_archived(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> LifecycleResult:
        """Write that the project is archived."""
        return await self.change(ctx, credentials, {'state': 'archived'})

    async def on_project_unarchived(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> LifecycleResult:
        """Write that the project is active."""
        return await self.change(ctx, credentials, {'state': 'active'})

    async def on_project_deleted(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> LifecycleResult:
        """Delete the item, if it is there."""
        path = self.path(ctx)
        if await self.found(ctx, credentials, path) is None:
            return self.gone()
        await self.ask(ctx, credentials, 'DELETE', urllib.parse.quote(path))
        return LifecycleResult(status='ok')

    async def on_project_relocated(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> LifecycleResult:
        """Move the item, and have the link lead to where it is now.

        An event that is repeated finds the item at its new place, and
        nothing at the old one.
        """
        new = self.path(ctx)
        old = self.path(ctx, team=ctx.previous_team_slug)
        if await self.found(ctx, credentials, new) is None:
            item = await self.found(ctx, credentials, old)
            if item is None:
                return self.gone()
            await self.write(ctx, credentials, new, item)
        if old != new:
            quoted = urllib.parse.quote(old)
            await self.ask(ctx, credentials, 'DELETE', quoted)
        self.tell_link(ctx, new)
        return LifecycleResult(status='ok', artifacts={'page': page(new)})

    async def resolve_relocation_target(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],  # noqa: ARG002  the contract's
    ) -> RelocationTarget | None:
        """Return where the project of another team would be."""
        if LINK not in ctx.project_links:
            return None
        return RelocationTarget(link_key=LINK, identifier=self.path(ctx))

    # What a handler that is wrong in one place overrides ------------------

    def path(self, ctx: PluginContext, *, team: str | None = None) -> str:
        """Return where a project's item is."""
        return f'/{team or ctx.team_slug or "-"}/{ctx.project_slug}'

    def gone(self) -> LifecycleResult:
        """Return what is said of a project that is not there."""
        return LifecycleResult(status='skipped', message='It is gone already.')

    async def change(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        facts: dict[str, Any],
    ) -> LifecycleResult:
        """Write some facts into the item, if it is there."""
        path = self.path(ctx)
        item = await self.found(ctx, credentials, path)
        if item is None:
            return self.gone()
        await self.write(ctx, credentials, path, {**item, **facts})
        return LifecycleResult(status='ok')

    async def found(
        self, ctx: PluginContext, credentials: dict[str, str], path: str
    ) -> dict[str, Any] | None:
        """Return an item, or None where there is none."""
        answer = await self.ask(ctx, credentials, 'POST', '/', [path])
        return next(
            (
                {'state': item['state'], 'about': item['about']}
                for item in answer['items']
            ),
            None,
        )

    async def write(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        path: str,
        item: dict[str, Any],
    ) -> None:
        """Write an item."""
        quoted = urllib.parse.quote(path)
        given = {'value': '', **item}
        await self.ask(ctx, credentials, 'PUT', quoted, given)

    def tell_service(self, ctx: PluginContext, path: str) -> None:
        """Have the host remember the item, if it says at which service."""
        if ctx.third_party_service_slug is not None:
            ctx.service_writeback = ServiceWriteback(
                identifier=path, canonical_url=page(path)
            )

    def tell_link(self, ctx: PluginContext, path: str) -> None:
        """Have the host change the link, if the project has one."""
        if LINK in ctx.project_links:
            ctx.link_writeback = LinkWriteback(
                link_key=LINK, new_url=page(path)
            )


def page(path: str) -> str:
    """Return the address of a project's page."""
    return f'{PAGES}{path.removeprefix("/")}'


class MemoryLifecycleSandbox(MemorySandbox, LifecycleSandbox):
    """A sandbox of `MemoryLifecycle`: its own project is there already."""

    def __init__(self) -> None:
        """Start a server with one project on it."""
        super().__init__()
        self._numbers = itertools.count(1)
        self.context = self._with_links(self.context)
        self._make(self.context)
        # Hooks that are good for any number of calls on that project.
        self.examples = {
            hook: {}
            for hook in (
                'on_project_created',
                'on_project_updated',
                'on_project_archived',
                'on_project_unarchived',
            )
        }

    def tenant(self, name: str) -> PluginContext:
        """Return the context of a project that is not at the remote."""
        return self._with_links(super().tenant(name))

    async def disposable(self) -> PluginContext:
        """Make a project at the remote."""
        context = self.tenant(f'disposable-{next(self._numbers)}')
        self._make(context)
        return context

    async def remove(self, context: PluginContext) -> None:
        """Take a project off the remote."""
        for path, _ in [*self.server.items()]:
            if path.endswith(f'/{context.project_slug}'):
                self.server.write(path, None)

    def changed(self, context: PluginContext, event: str) -> PluginContext:
        """Return a project with another description, or of another team."""
        if event != 'relocated':
            return super().changed(context, event)
        facts = {'previous_team_slug': context.team_slug, 'team_slug': 'blue'}
        return context.model_copy(deep=True, update=facts)

    def _with_links(self, context: PluginContext) -> PluginContext:
        path = MemoryLifecycle().path(context, team='green')
        connection = ServiceConnection(service_slug='memory', identifier=path)
        return context.model_copy(
            deep=True,
            update={
                'team_slug': 'green',
                'project_links': {LINK: page(path)},
                'third_party_service_slug': 'memory',
                'service_connections': [connection],
            },
        )

    def _make(self, context: PluginContext) -> None:
        item = {'value': '', 'state': 'active', 'about': None, 'modified': ''}
        self.server.write(MemoryLifecycle().path(context), item)
