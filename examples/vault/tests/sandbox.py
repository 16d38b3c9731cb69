"""Vault for the kit: a real OpenBao server behind a proxy that breaks."""

from __future__ import annotations

import asyncio
import itertools
import os
from typing import TYPE_CHECKING, Any, Self

from imbi_plugin_sdk import PluginContext
from imbi_plugin_testkit.proxy import RETRY_AFTER, FaultProxy, ProxiedSandbox
from imbi_plugin_testkit.sandbox import Fault, Limits
from tests.bao import MOUNT, bao

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk import ConfigValue

_BODIES = {
    Fault.UNAUTHORIZED: (401, {}, b'{"errors": ["permission denied"]}'),
    Fault.FORBIDDEN: (403, {}, b'{"errors": ["permission denied"]}'),
    Fault.THROTTLED: (
        429,
        {'Retry-After': str(RETRY_AFTER)},
        b'{"errors": ["rate limit quota exceeded"]}',
    ),
    Fault.SERVER_ERROR: (500, {}, b'{"errors": ["internal error"]}'),
    Fault.UNAVAILABLE: (503, {}, b'{"errors": ["Vault is sealed"]}'),
}
"""How Vault says what goes wrong."""

_COUNTER = itertools.count(1)


class VaultSandbox(ProxiedSandbox):
    """One organization's folder on the server of this process."""

    backend = 'real'
    limits = Limits(
        max_key_length=128,
        max_value_bytes=65_536,
        # Vault lists a folder at once; the plugin reads eight at a time.
        page_size=8,
    )

    def __init__(self) -> None:
        super().__init__()
        self._org = f'kit-{os.getpid()}-{next(_COUNTER)}'

    async def __aenter__(self) -> Self:
        """Start what is needed, and make a token of the plugin's policy."""
        self.bao = await asyncio.to_thread(bao)
        # By name, so that the name can fail to resolve.
        self.proxy = FaultProxy(
            self.bao.url, host='localhost', bodies=_BODIES
        ).start()
        self.credentials = {'token': self.bao.token()}
        self.context = PluginContext(
            project_id='kit-project',
            project_slug='kit',
            org_slug=self._org,
            environment='testing',
            assignment_options={'address': self.proxy.url, 'timeout': 3},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Delete what is below this sandbox's organization."""
        self.proxy.close()
        folder = f'imbi/{self._org}/'
        await asyncio.to_thread(self.bao.delete_below, folder)

    def impatient(self, context: PluginContext) -> PluginContext:
        """Return a context whose calls give up soon."""
        options = {**context.assignment_options, 'timeout': 0.3}
        return context.model_copy(update={'assignment_options': options})

    def folder(self, context: PluginContext) -> str:
        """Return where the plugin must keep a context's secrets."""
        slugs = (context.org_slug, context.project_slug, context.environment)
        return '/'.join(('imbi', *map(str, slugs)))

    async def seed(
        self, context: PluginContext, model: Mapping[str, ConfigValue]
    ) -> None:
        """Write values behind the plugin's back, in the form it keeps."""
        for key, value in model.items():
            data = {
                'value': value.value,
                'data_type': value.data_type,
                'secret': value.secret or value.data_type == 'secret',
            }
            path = f'{MOUNT}/data/{self.folder(context)}/{key}'
            await asyncio.to_thread(
                self.bao.must, 'POST', path, {'data': data}
            )

    async def snapshot(self) -> dict[str, Any]:
        """Return the newest data of every secret, by path."""
        return await asyncio.to_thread(self._snapshot)

    def _snapshot(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path in self.bao.paths(''):
            status, body = self.bao.ask('GET', f'{MOUNT}/data/{path}')
            if status == 200:
                found[path] = body['data']['data']
        return found


def make(plugin: object) -> VaultSandbox:
    """Return a sandbox; the kit names this function."""
    del plugin
    return VaultSandbox()
