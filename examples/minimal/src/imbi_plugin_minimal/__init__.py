"""The smallest configuration plugin that keeps the whole contract."""
# ruff: noqa: ANN001, ANN003, ANN201, ARG002, D102  the contract has all of these

import contextlib
import json
import sqlite3

from imbi_plugin_sdk import (
    ConfigKey,
    ConfigKeyWithValue,
    ConfigurationPlugin,
    PluginManifest,
    PluginOption,
    PluginUnavailableError,
)


class MinimalPlugin(ConfigurationPlugin):
    """Keeps the configuration of every project in one SQLite file."""

    manifest = PluginManifest(
        slug='minimal',
        name='SQLite file',
        plugin_type='configuration',
        options=[PluginOption(name='file', label='File', required=True)],
    )

    async def list_keys(self, ctx, credentials):
        return [ConfigKey(**row) for row in run(ctx, SELECT)]

    async def get_values(self, ctx, credentials, keys=None):
        rows = [ConfigKeyWithValue(**row) for row in run(ctx, SELECT)]
        return [row for row in rows if keys is None or row.key in keys]

    async def set_value(self, ctx, credentials, key, value):
        (row,) = run(ctx, UPSERT, key=key, **value.model_dump())
        return ConfigKey(**row)

    async def delete_key(self, ctx, credentials, key):
        run(ctx, DELETE, key=key)


def run(ctx, statement, **values):
    """Run one statement on the rows of one project and environment."""
    values['tenant'] = json.dumps([ctx.project_id, ctx.environment])
    try:
        file = sqlite3.connect(ctx.assignment_options['file'])
        with contextlib.closing(file), file:
            file.row_factory = sqlite3.Row
            file.execute(TABLE)
            return file.execute(statement, values).fetchall()
    except sqlite3.Error as error:
        raise PluginUnavailableError('the file is of no use') from error


TABLE = """CREATE TABLE IF NOT EXISTS configuration (
    tenant, key, data_type, value, secret, PRIMARY KEY (tenant, key))"""
SELECT = 'SELECT * FROM configuration WHERE tenant = :tenant ORDER BY key'
UPSERT = """INSERT INTO configuration
    VALUES (:tenant, :key, :data_type, :value, :secret) ON CONFLICT DO UPDATE
    SET data_type = excluded.data_type, value = excluded.value,
    secret = secret OR excluded.secret RETURNING *"""
DELETE = 'DELETE FROM configuration WHERE tenant = :tenant AND key = :key'
