"""A configuration plugin, its server and its sandbox, all in memory.

`MemoryConfiguration` is what a correct handler looks like, and the base of
handlers that are wrong in one place: override one small method. It speaks to
`MemoryServer` as a plugin speaks to a service: by address and token, in JSON,
with pages, a limit on how much one request may ask for, and errors by status.
`MemorySandbox` can do all that a sandbox may do::

    labs = Labs(seed=0, factory=lambda plugin: MemorySandbox())
"""

from __future__ import annotations

import datetime as dt
import urllib.parse
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.context import PluginContext
from imbi_plugin_sdk.handlers.configuration import (
    ConfigKey,
    ConfigKeyWithValue,
    ConfigurationPlugin,
    ConfigValue,
)
from imbi_plugin_sdk.manifest import (
    CredentialField,
    DataType,
    PluginManifest,
    PluginOption,
)
from imbi_plugin_testkit.memory.asking import AsksServer
from imbi_plugin_testkit.memory.faults import new_token
from imbi_plugin_testkit.memory.server import MemoryServer
from imbi_plugin_testkit.sandbox import BaseSandbox, Fault, Limits

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Mapping,
        Sequence,
    )
    from contextlib import AbstractAsyncContextManager

IMPATIENT = 0.02
"""Seconds for one request in `MemorySandbox.impatient`: memory answers at
once."""


class MemoryConfiguration(AsksServer, ConfigurationPlugin):
    """Keeps configuration on a `MemoryServer`, correctly."""

    manifest = PluginManifest(
        slug='memory-configuration',
        name='Memory',
        description='Keeps configuration in memory.',
        plugin_type='configuration',
        options=[
            PluginOption(name='endpoint', label='Endpoint', required=True),
            PluginOption(
                name='path_prefix', label='Path prefix', default='/imbi'
            ),
            PluginOption(
                name='timeout',
                label='Seconds for one request',
                type='integer',
                default=5,
            ),
        ],
        credentials=[CredentialField(name='api_token', label='API token')],
        data_types=[
            DataType(name='string', label='Text'),
            DataType(name='secret', label='Secret text', secret=True),
        ],
    )

    async def list_keys(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[ConfigKey]:
        """Return every key, page by page."""
        prefix = self.prefix(ctx)
        return [
            self.to_key(prefix, item)
            async for item in self.pages(ctx, credentials, prefix)
        ]

    async def get_values(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        keys: list[str] | None = None,
    ) -> list[ConfigKeyWithValue]:
        """Return the values of the keys that exist, or of all."""
        prefix = self.prefix(ctx)
        if keys is None:
            items = self.pages(ctx, credentials, prefix)
        else:
            paths = [self.path(ctx, key) for key in dict.fromkeys(keys)]
            items = self.batches(ctx, credentials, paths)
        return [self.to_value(prefix, item) async for item in items]

    async def set_value(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        key: str,
        value: ConfigValue,
    ) -> ConfigKey:
        """Write one value."""
        path = self.path(ctx, key)
        item = {
            'value': value.value,
            'data_type': value.data_type,
            'secret': await self.is_secret(ctx, credentials, key, value),
        }
        answer = await self.write(ctx, credentials, path, item)
        return self.to_key(self.prefix(ctx), {'path': path, **answer})

    async def delete_key(
        self, ctx: PluginContext, credentials: dict[str, str], key: str
    ) -> None:
        """Delete one key."""
        await self.drop(ctx, credentials, self.path(ctx, key))

    # What a handler that is wrong in one place overrides ------------------

    def prefix(self, ctx: PluginContext) -> str:
        """Return where the keys of a project and environment are."""
        base = ctx.assignment_options.get('path_prefix', '/imbi')
        environment = ctx.environment or '-'
        return f'{base}/{ctx.project_slug}/{environment}/'

    def path(self, ctx: PluginContext, key: str) -> str:
        """Return the path of a key.

        Raises:
            ValueError: The key would leave the project's prefix.
        """
        parts = key.split('/')
        if not key or '\0' in key or {'', '.', '..'} & set(parts):
            raise ValueError('a key has no empty, . or .. segment, and no NUL')
        return self.prefix(ctx) + key

    async def write(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        path: str,
        item: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Write one item whole, and return it as the server has it."""
        url = urllib.parse.quote(path)
        return await self.ask(ctx, credentials, 'PUT', url, item)

    async def drop(
        self, ctx: PluginContext, credentials: dict[str, str], path: str
    ) -> None:
        """Take one item away, if it is there."""
        url = urllib.parse.quote(path)
        await self.ask(ctx, credentials, 'DELETE', url)

    async def is_secret(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        key: str,
        value: ConfigValue,
    ) -> bool:
        """Return whether a value is stored as a secret (law CFG010)."""
        kinds = {kind.name: kind.secret for kind in self.manifest.data_types}
        if value.secret or kinds.get(value.data_type, False):
            return True
        paths = [self.path(ctx, key)]
        items = self.batches(ctx, credentials, paths)
        return any([item['secret'] async for item in items])

    async def pages(
        self, ctx: PluginContext, credentials: dict[str, str], prefix: str
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield every item below a prefix."""
        after: str | None = ''
        while after is not None:
            query = urllib.parse.urlencode({'after': after})
            url = f'{urllib.parse.quote(prefix)}?{query}'
            answer = await self.ask(ctx, credentials, 'GET', url)
            for item in answer['items']:
                yield item
            after = answer['after']

    async def batches(
        self, ctx: PluginContext, credentials: dict[str, str], paths: list[str]
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the items at these paths, as many at once as are allowed."""
        size = self.batch_size(ctx)
        for start in range(0, len(paths), size):
            batch = paths[start : start + size]
            answer = await self.ask(ctx, credentials, 'POST', '/', batch)
            for item in answer['items']:
                yield item

    def batch_size(self, ctx: PluginContext) -> int:
        """Return how many items one request may ask for."""
        address = str(ctx.assignment_options.get('endpoint'))
        return MemoryServer.at(address).limits.page_size

    def to_key(self, prefix: str, item: Mapping[str, Any]) -> ConfigKey:
        """Return an item without its value."""
        return ConfigKey(
            key=str(item['path']).removeprefix(prefix),
            data_type=item['data_type'],
            secret=item['secret'],
            last_modified=self.modified(item),
        )

    def to_value(
        self, prefix: str, item: Mapping[str, Any]
    ) -> ConfigKeyWithValue:
        """Return an item with its value."""
        return ConfigKeyWithValue(
            key=str(item['path']).removeprefix(prefix),
            data_type=item['data_type'],
            secret=item['secret'],
            last_modified=self.modified(item),
            value=item['value'],
        )

    def modified(self, item: Mapping[str, Any]) -> dt.datetime | None:
        """Return when an item was last written."""
        return dt.datetime.fromisoformat(item['modified'])


class MemorySandbox(BaseSandbox):
    """A sandbox on a `MemoryServer` of its own."""

    backend = 'memory'

    def __init__(
        self, limits: Limits | None = None, *, token: str = ''
    ) -> None:
        """Start a server.

        Args:
            limits: What the server allows.
            token: The token it accepts; made up where none is given.
        """
        super().__init__()
        if limits is not None:
            self.limits = limits
        self.server = MemoryServer(token or new_token(), self.limits)
        self.credentials = {'api_token': self.server.token}
        self.context = PluginContext(
            project_id='kit-project',
            project_slug='kit',
            org_slug='kit-org',
            environment='testing',
            assignment_options={
                'endpoint': self.server.address,
                'path_prefix': '/imbi',
            },
        )

    async def seed(self, context: PluginContext, model: Any) -> None:  # noqa: ANN401  see the base class
        """Write keys and values.

        Args:
            context: Whose.
            model: Key to `ConfigValue`, or to text.
        """
        prefix = MemoryConfiguration().prefix(context)
        for key, given in dict(model).items():
            value = (
                ConfigValue(data_type='string', value=given)
                if isinstance(given, str)
                else given
            )
            modified = dt.datetime.now(dt.UTC).isoformat()
            item = {**value.model_dump(), 'modified': modified}
            self.server.write(prefix + key, item)

    def impatient(self, context: PluginContext) -> PluginContext:
        """Let the plugin give up as soon as memory may not answer."""
        options = {**context.assignment_options, 'timeout': IMPATIENT}
        return context.model_copy(update={'assignment_options': options})

    def fault(self, kind: Fault) -> AbstractAsyncContextManager[None]:
        """Let the server do this wrong for the length of the context."""
        return self.server.breaking(kind)

    async def snapshot(self) -> Mapping[str, Any]:
        """Return path to item, times of writing left out."""
        return {
            path: {name: item[name] for name in item if name != 'modified'}
            for path, item in self.server.items()
        }

    def urls(self) -> Sequence[str]:
        """Return what the server was asked for."""
        return tuple(self.server.urls)
