"""Calls to a service that speaks AWS JSON, signed and within a budget."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import json
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import httpx

from imbi_plugin_sdk import PluginTimeoutError, PluginUnavailableError
from imbi_plugin_ssm import answers
from imbi_plugin_ssm.signing import Unsigned, sign

# httpx imports its transport, and anyio its backend, inside of the first
# request, where that blocks the event loop for a quarter of a second (law
# ASY007). Nothing breaks where they are named otherwise.
for _module in ('httpcore', 'anyio._backends._asyncio'):
    with contextlib.suppress(ImportError):
        importlib.import_module(_module)

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator

    from imbi_plugin_ssm.settings import Credentials


class Destination(Protocol):
    """Where requests go."""

    @property
    def region(self) -> str:
        """Return the region, as in `eu-west-1`."""
        ...

    @property
    def endpoint(self) -> str:
        """Return scheme, host and port."""
        ...


@functools.cache
def _trust(*, remote: bool) -> ssl.SSLContext:
    """Return what checks certificates, made once.

    httpx makes one for each client otherwise, also for plain http: 1 ms, and
    24 ms with certificates, both of them on the event loop.
    """
    return httpx.create_ssl_context(verify=remote, trust_env=remote)


@contextlib.asynccontextmanager
async def open_http(
    endpoint: str, seconds: float, name: str
) -> AsyncGenerator[httpx.AsyncClient]:
    """Give an HTTP client for one call of a plugin, with a budget of time.

    Redirects are not followed, or another host would get the request. A
    plain http endpoint is this machine: it needs no proxy and no
    certificates, which take longer to load than a request does.

    Args:
        endpoint: What is asked.
        seconds: The budget for the whole body.
        name: What messages call the service.

    Raises:
        PluginTimeoutError: The body took longer.
    """
    remote, late = endpoint.startswith('https:'), False
    try:
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(
                timeout=None,  # noqa: S113  the line above covers all of it
                follow_redirects=False,
                trust_env=remote,
                verify=_trust(remote=remote),
            ) as http,
        ):
            yield http
    except TimeoutError:
        late = True
    if late:
        raise PluginTimeoutError(
            f'{name} took longer than {seconds:g} seconds. The option '
            'timeout sets the limit.'
        )


class JsonClient:
    """Posts signed requests; what it raises is an error of the contract.

    Attributes:
        service: What it speaks to.
    """

    service: ClassVar[answers.Service]

    def __init__(
        self,
        http: httpx.AsyncClient,
        destination: Destination,
        credentials: Credentials,
    ) -> None:
        self._http = http
        self._destination = destination
        self._credentials = credentials

    async def _call(
        self, action: str, request: dict[str, Any]
    ) -> dict[str, Any]:
        """Post one signed request and return the answer's body.

        Errors are raised outside of the handlers: httpx's own hold the
        request, and with it the session token (law SEC001).
        """
        service, endpoint = self.service, self._destination.endpoint
        body = json.dumps(request).encode()
        headers = sign(
            Unsigned(
                endpoint,
                {
                    'content-type': 'application/x-amz-json-1.1',
                    'x-amz-target': f'{service.target}.{action}',
                },
                body,
                service.signing_name,
            ),
            self._credentials,
            self._destination.region,
        )
        response: httpx.Response | None = None
        with contextlib.suppress(httpx.HTTPError, httpx.InvalidURL):
            response = await self._http.post(
                endpoint, content=body, headers=headers
            )
        if response is None:
            raise PluginUnavailableError(
                f'{service.name} cannot be reached at {endpoint}, or it '
                'broke off its answer. Check region and endpoint_url.'
            )
        answers.raise_for(
            response.status_code,
            response.headers,
            response.content,
            action,
            service,
        )
        return answers.read_body(response.content, action, service)
