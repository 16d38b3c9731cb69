"""Logz.io for the kit: an OpenSearch engine behind a shim and a proxy."""

from __future__ import annotations

import atexit
import functools
import itertools
import json
import secrets
from typing import TYPE_CHECKING, Any, Self

from imbi_plugin_sdk import PluginContext
from imbi_plugin_testkit.models.logs import LogLimits, LogsSandbox
from imbi_plugin_testkit.proxy import FaultProxy, ProxiedSandbox
from tests.shim import Shim

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imbi_plugin_sdk import LogEntry

_ACCOUNTS = itertools.count(1)

_TEMPLATE = {
    'index_patterns': ['logz-*'],
    'template': {
        'mappings': {
            # As Logz.io maps: the message by words, all other text whole.
            'dynamic_templates': [
                {
                    'whole': {
                        'match_mapping_type': 'string',
                        'mapping': {'type': 'keyword'},
                    }
                }
            ],
            'properties': {
                '@timestamp': {'type': 'date'},
                'message': {'type': 'text'},
            },
        }
    },
}


@functools.cache
def engine() -> str:
    """Start the engine once per process and return where it listens."""
    # Imported here: collecting tests needs none of it.
    from osmem_server import OsmemServer  # noqa: PLC0415

    server = OsmemServer.start(japanese=False)
    atexit.register(server.close)
    server.request('PUT', '/_index_template/logz', _TEMPLATE)
    return str(server.url)


class LogzioSandbox(ProxiedSandbox, LogsSandbox):
    """One account of Logz.io."""

    backend = 'emulated'
    limits = LogLimits(
        page_size=10_000,
        largest_limit=10_000,
        fields=('service', 'kubernetes.pod.name'),
        message_field=None,  # searched by words only, with contains
        filter_ops=('eq', 'ne', 'starts_with', 'regex'),
    )

    async def __aenter__(self) -> Self:
        """Open an account and give a context and a token for it."""
        token = secrets.token_hex(16)
        self.shim = Shim(engine(), token, next(_ACCOUNTS))
        self.proxy = FaultProxy(self.shim.url, host='localhost').start()
        self.credentials = {'api_token': token}
        self.context = PluginContext(
            project_id='kit-project',
            project_slug='kit',
            org_slug='kit-org',
            environment='testing',
            assignment_options={
                'endpoint_url': self.proxy.url,
                'environment_field': 'environment',
                'timeout': 2,
            },
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the account and forget its logs."""
        self.proxy.close()
        self.shim.engine('DELETE', f'/logz-{self.shim.account}-*')
        self.shim.close()

    def impatient(self, context: PluginContext) -> PluginContext:
        """Let the plugin give up after three tenths of a second."""
        options = {**context.assignment_options, 'timeout': 0.3}
        return context.model_copy(update={'assignment_options': options})

    async def seed(
        self, context: PluginContext, model: Sequence[LogEntry]
    ) -> None:
        """Let entries of a project arrive."""
        self.shim.add(
            [
                {
                    **nested(entry.model_extra or {}),
                    '@timestamp': entry.timestamp.isoformat(),
                    'message': entry.message,
                    'level': entry.level,
                    'project': context.project_slug,
                    'environment': context.environment,
                }
                for entry in model
            ]
        )

    async def snapshot(self) -> Mapping[str, Any]:
        """Return id to fields of all entries of the account."""
        body = json.dumps({'size': 10_000, 'query': {'match_all': {}}})
        answer = self.shim.engine(
            'POST', f'/logz-{self.shim.account}-*/_search', body.encode()
        )
        return {
            hit['_id']: hit['_source']
            for hit in json.loads(answer)['hits']['hits']
        }


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields that are named by paths as objects inside of objects."""
    found: dict[str, Any] = {}
    for path, value in fields.items():
        *outer, last = path.split('.')
        inside = found
        for name in outer:
            inside = inside.setdefault(name, {})
        inside[last] = value
    return found


def make(plugin: object) -> LogzioSandbox:
    """Return a sandbox; the kit names this function."""
    del plugin
    return LogzioSandbox()
