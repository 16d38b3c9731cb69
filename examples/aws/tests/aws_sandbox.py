"""What the sandboxes of Parameter Store and of the logs have in common."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, ClassVar, Self

from imbi_plugin_sdk import PluginContext
from imbi_plugin_testkit.proxy import RETRY_AFTER, FaultProxy, ProxiedSandbox
from imbi_plugin_testkit.sandbox import Fault
from tests.moto_server import REGION, moto

if TYPE_CHECKING:
    from imbi_plugin_testkit.proxy import Raw

_JSON = {'Content-Type': 'application/x-amz-json-1.1'}


def _error(status: int, code: str, **headers: str) -> Raw:
    return status, _JSON | headers, f'{{"__type": "{code}"}}'.encode()


ERRORS = {
    Fault.UNAUTHORIZED: _error(401, 'MissingAuthenticationToken'),
    Fault.FORBIDDEN: _error(403, 'AccessDeniedException'),
    Fault.THROTTLED: _error(
        429, 'ThrottlingException', **{'Retry-After': str(RETRY_AFTER)}
    ),
    Fault.SERVER_ERROR: _error(500, 'InternalFailure'),
}
"""What AWS JSON answers where a proxy's own answers would look unlike it."""

_COUNTER = itertools.count(1)


def hurried(context: PluginContext) -> PluginContext:
    """Return a context whose calls may take three tenths of a second."""
    options = {**context.assignment_options, 'timeout': 0.3}
    return context.model_copy(update={'assignment_options': options})


class MotoSandbox(ProxiedSandbox):
    """One organization in moto, behind a proxy.

    Attributes:
        service: Which service of moto.
        options: Options of the plugin beside region, endpoint and time-out.
    """

    backend = 'emulated'
    service: ClassVar[str]
    options: dict[str, Any]

    def __init__(self) -> None:
        super().__init__()
        self.options = {}
        self.org = f'kit-{next(_COUNTER)}'

    async def __aenter__(self) -> Self:
        """Start the backend and give a context and credentials for it."""
        self.moto = moto(self.service)
        self.proxy = FaultProxy(
            self.moto.application,
            host='localhost',
            content_type=_JSON['Content-Type'],
            bodies=ERRORS,
        ).start()
        self.credentials = dict(self.moto.credentials)
        self.context = PluginContext(
            project_id='kit-project',
            project_slug='kit',
            org_slug=self.org,
            environment='testing',
            assignment_options={
                'region': REGION,
                'endpoint_url': self.proxy.url,
                'timeout': 3,
                **self.options,
            },
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the way to the backend."""
        self.proxy.close()

    def impatient(self, context: PluginContext) -> PluginContext:
        """Let the plugin give up after three tenths of a second."""
        return hurried(context)

    def path(self, context: PluginContext) -> str:
        """Return what the plugins call a project and environment."""
        return (
            f'/imbi/{context.org_slug}/{context.project_slug}'
            f'/{context.environment}'
        )
