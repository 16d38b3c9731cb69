"""Three plugins with faults on purpose; each fault says what catches it.

Importing them works, and so does a quick look at what they do.
"""

import json
import pathlib

from imbi_plugin_sdk import (
    ConfigKey,
    ConfigKeyWithValue,
    ConfigurationPlugin,
    ConfigValue,
    ConnectionPlugin,
    LogQuery,
    LogResult,
    LogsPlugin,
    PluginContext,
    PluginIcon,
    PluginManifest,
    PluginOption,
)

PAGE = 10
"""Entries on one page of the store."""


class BrokenStore(ConfigurationPlugin):
    """Keeps a project's configuration in a JSON file, nearly."""

    manifest = PluginManifest(
        slug='broken-store',
        name='Broken store',
        plugin_type='configuration',
        options=[PluginOption(name='folder', label='Folder', required=True)],
        # ICO020: the file holds a script.
        icon=PluginIcon(
            package='imbi_plugin_broken', resource='assets/icon.svg'
        ),
    )

    async def list_keys(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[ConfigKey]:
        return [ConfigKey(key=key, **entry) for key, entry in read(ctx)]

    async def get_values(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        keys: list[str] | None = None,
    ) -> list[ConfigKeyWithValue]:
        entries = read(ctx)
        if keys is not None:
            entries = [entry for entry in entries if entry[0] in keys]
        elif len(entries) > PAGE:
            # CFG004: the last page is never asked for.
            entries = entries[: (len(entries) - 1) // PAGE * PAGE]
        return [
            ConfigKeyWithValue(key=key, **entry) for key, entry in entries
        ]

    async def set_value(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        key: str,
        value: ConfigValue,
    ) -> ConfigKey:
        entries = dict(read(ctx))
        was = entries.get(key, {})
        entries[key] = {
            'data_type': value.data_type,
            # CFG001: white space around a value is lost.
            'value': value.value.strip(),
            'secret': value.secret or was.get('secret', False),
        }
        write(ctx, entries)
        return ConfigKey(key=key, **entries[key])

    async def delete_key(
        self, ctx: PluginContext, credentials: dict[str, str], key: str
    ) -> None:
        entries = dict(read(ctx))
        entries.pop(key, None)
        write(ctx, entries)


class BrokenLogs(LogsPlugin):
    """Promises more than it does, and not in the way the host asks."""

    manifest = PluginManifest(
        slug='broken-logs',
        name='Broken logs',
        plugin_type='logs',
        # PRO030: there is no `histogram` below.
        supports_histogram=True,
    )

    # PRO013: the contract's third parameter is called `query`.
    async def search(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        request: LogQuery,
    ) -> LogResult:
        return LogResult(entries=[])

    # PRO006: the host awaits it.
    def schema(self, ctx: PluginContext, credentials: dict[str, str]):
        return [{'name': 'message', 'type': 'string'}]


class BrokenManifest(ConnectionPlugin):
    """Has a manifest that was built around its own validation."""

    manifest = PluginManifest.model_construct(
        # MAN020: words of a slug are joined by hyphens.
        slug='broken_manifest',
        name='Broken manifest',
        plugin_type='connection',
        options=[
            PluginOption.model_construct(
                name='size',
                label='Size',
                choices=['small', 'large'],
                # MAN034: not among the choices.
                default='medium',
            )
        ],
    )


def read(ctx: PluginContext) -> list[tuple[str, dict]]:
    """Return every entry of one project and environment, by key."""
    file = path(ctx)
    if not file.exists():
        return []
    return sorted(json.loads(file.read_text('utf-8')).items())


def write(ctx: PluginContext, entries: dict[str, dict]) -> None:
    """Keep the entries of one project and environment."""
    path(ctx).write_text(json.dumps(entries), 'utf-8')


def path(ctx: PluginContext) -> pathlib.Path:
    """Return the file of one project and environment."""
    name = f'{ctx.project_id}@{ctx.environment or ""}.json'
    return pathlib.Path(ctx.assignment_options['folder'], name)
