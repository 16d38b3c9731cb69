"""A store of services in SQLite: what a host's own may look like.

Nodes are rows of JSON with a revision beside them. A transaction is one of the
database, begun with its lock, so that nothing comes between what is loaded and
what is written.
"""

from __future__ import annotations

import contextlib
import sqlite3

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.icons import sanitize_icon
from imbi_plugin_sdk.provisioning import PlanStale, State, icon_value
from imbi_plugin_sdk.records import Assignment, PluginNode, ThirdPartyService

RECORDS = {'service': ThirdPartyService, 'plugin': PluginNode}
TABLES = """
    CREATE TABLE node (organization, kind, id, revision INTEGER, facts,
        PRIMARY KEY (organization, kind, id));
    CREATE TABLE edge (organization, facts);
    CREATE TABLE used (organization, service);
    CREATE TABLE icon (digest PRIMARY KEY, media_type, data BLOB);
"""


class SqliteStore:
    def __init__(self, path, state):
        self.path = path
        with contextlib.closing(self.connect()) as database:
            database.executescript(TABLES)
            where = state.organization
            for kind, nodes in (
                ('service', state.services),
                ('plugin', state.plugins),
            ):
                for node in nodes.values():
                    insert(database, where, kind, node, node.revision)
            for edge in state.assignments:
                database.execute(
                    'INSERT INTO edge VALUES (?, ?)',
                    (where, edge.model_dump_json()),
                )
            for service in state.in_use or ():
                database.execute(
                    'INSERT INTO used VALUES (?, ?)', (where, service)
                )

    def connect(self):
        return sqlite3.connect(self.path, isolation_level=None, timeout=0.2)

    def load(self, organization):
        with contextlib.closing(self.connect()) as database:
            return Opened(database, organization).load()

    @contextlib.contextmanager
    def transaction(self, organization):
        with contextlib.closing(self.connect()) as database:
            database.execute('BEGIN IMMEDIATE')
            yield Opened(database, organization)
            database.execute('COMMIT')  # closing without it rolls back

    def icon(self, digest):
        with contextlib.closing(self.connect()) as database:
            row = database.execute(
                'SELECT media_type, data FROM icon WHERE digest = ?', (digest,)
            ).fetchone()
        if row is None:
            return None
        return sanitize_icon(row[1], row[0])  # which changes nothing


def insert(database, organization, kind, record, revision):
    database.execute(
        'INSERT INTO node VALUES (?, ?, ?, ?, ?)',
        (organization, kind, record.id, revision, record.model_dump_json()),
    )


class Opened:
    def __init__(self, database, organization):
        self.database, self.organization = database, organization

    def rows(self, query):
        return self.database.execute(query, (self.organization,))

    def load(self):
        found = {'service': [], 'plugin': []}
        for kind, revision, facts in self.rows(
            'SELECT kind, revision, facts FROM node WHERE organization = ?'
        ):
            record = RECORDS[kind].model_validate_json(facts)
            found[kind].append(record.replaced(revision=revision))
        edges = self.rows('SELECT facts FROM edge WHERE organization = ?')
        used = self.rows('SELECT service FROM used WHERE organization = ?')
        return State.of(
            self.organization,
            found['service'],
            found['plugin'],
            [Assignment.model_validate_json(facts) for (facts,) in edges],
            in_use=[service for (service,) in used],
        )

    def write(self, changes):
        for change in changes.nodes:
            self.write_node(change)
        for icon in changes.icons:
            self.database.execute(
                'INSERT OR IGNORE INTO icon VALUES (?, ?, ?)',
                (icon_value(icon), icon.media_type, icon.data),
            )

    def write_node(self, change):
        key = (self.organization, change.kind, change.id)
        if change.expected is not None:
            gone = self.database.execute(
                'DELETE FROM node WHERE organization = ? AND kind = ? '
                'AND id = ? AND revision = ?',
                (*key, change.expected),
            )
            if gone.rowcount != 1:
                raise stale(change)
        if change.record is not None:
            revision = (change.expected or 0) + 1
            try:
                insert(
                    self.database,
                    self.organization,
                    change.kind,
                    change.record,
                    revision,
                )
            except sqlite3.IntegrityError:
                raise stale(change) from None


def stale(change):
    return PlanStale(
        'changes',
        [
            Problem(
                'node_moved',
                f'{change.kind}:{change.id}',
                f'it must be at revision {change.expected}, and is not.',
                'Draft the plan again, look at it, and apply that.',
            )
        ],
    )
