"""The five calls of SSM that the plugin makes, signed and within a budget."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
from typing import TYPE_CHECKING, Any

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
    from collections.abc import AsyncGenerator, Iterable

    from imbi_plugin_ssm.answers import Parameter
    from imbi_plugin_ssm.settings import Credentials, Settings

PAGE_SIZE = 10
"""Most parameters in one answer or request, fixed by SSM."""

_NOT_FOUND = 'ParameterNotFound'
_EXISTS = 'ParameterAlreadyExists'


@contextlib.asynccontextmanager
async def open_client(
    settings: Settings, credentials: Credentials
) -> AsyncGenerator[ParameterClient]:
    """Give a client for one call of the plugin, with one budget of time.

    Redirects are not followed, or another host would get the request. A
    plain http endpoint is this machine: it needs no proxy and no
    certificates, which take longer to load than a request does.

    Raises:
        PluginTimeoutError: The body took longer than `settings.timeout`.
    """
    remote, late = settings.endpoint.startswith('https:'), False
    try:
        async with (
            asyncio.timeout(settings.timeout),
            httpx.AsyncClient(
                timeout=None,  # noqa: S113  the line above covers all of it
                follow_redirects=False,
                trust_env=remote,
                verify=remote,
            ) as http,
        ):
            yield ParameterClient(http, settings, credentials)
    except TimeoutError:
        late = True
    if late:
        raise PluginTimeoutError(
            f'SSM took longer than {settings.timeout:g} seconds. The option '
            'timeout sets the limit.'
        )


class ParameterClient:
    """Calls SSM; every failure is an error of the contract or a ValueError."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        settings: Settings,
        credentials: Credentials,
    ) -> None:
        self._http = http
        self._settings = settings
        self._credentials = credentials

    async def below(self, path: str, *, decrypt: bool) -> list[Parameter]:
        """Return every parameter below a path, page by page.

        Raises:
            PluginUnavailableError: Paging goes in a circle, among others.
        """
        found: dict[str, Parameter] = {}
        seen: set[str] = set()
        request = {
            'Path': path,
            'Recursive': True,
            'WithDecryption': decrypt,
            'MaxResults': PAGE_SIZE,
        }
        while True:
            body = await self._ask('GetParametersByPath', request)
            for entry in answers.read_parameters(body, 'GetParametersByPath'):
                # A write between two pages may show a parameter twice.
                found[entry.name] = entry
            token = body.get('NextToken')
            if not token:
                return list(found.values())
            if not isinstance(token, str) or token in seen:
                raise answers.malformed('GetParametersByPath')
            seen.add(token)
            request = {**request, 'NextToken': token}

    async def named(
        self, names: Iterable[str], *, decrypt: bool
    ) -> list[Parameter]:
        """Return those of the named parameters that exist."""
        pending = list(dict.fromkeys(names))
        found: list[Parameter] = []
        for start in range(0, len(pending), PAGE_SIZE):
            body = await self._ask(
                'GetParameters',
                {
                    'Names': pending[start : start + PAGE_SIZE],
                    'WithDecryption': decrypt,
                },
            )
            found += answers.read_parameters(body, 'GetParameters')
        return found

    async def put(
        self, name: str, value: str, kind: str, *, overwrite: bool
    ) -> bool:
        """Write a parameter; return False if it exists and may not.

        Raises:
            ValueError: SSM takes no such name or value; nothing changed.
        """
        request: dict[str, Any] = {
            'Name': name,
            'Value': value,
            'Type': kind,
            'Overwrite': overwrite,
            'Tier': self._settings.tier,
        }
        if kind == 'SecureString' and self._settings.kms_key_id:
            request['KeyId'] = self._settings.kms_key_id
        try:
            await self._call('PutParameter', request)
        except answers.ServiceError as error:
            code = error.code
        else:
            return True
        if code == _EXISTS and not overwrite:
            return False
        raise answers.refusal(code, 'PutParameter')

    async def delete(self, name: str) -> None:
        """Delete a parameter; one that is absent is deleted already."""
        try:
            await self._call('DeleteParameter', {'Name': name})
        except answers.ServiceError as error:
            code = error.code
        else:
            return
        if code != _NOT_FOUND:
            raise answers.refusal(code, 'DeleteParameter')

    async def _ask(
        self, action: str, request: dict[str, Any]
    ) -> dict[str, Any]:
        """Call where SSM has no reason to refuse."""
        try:
            return await self._call(action, request)
        except answers.ServiceError as error:
            code = error.code
        raise answers.refusal(code, action)

    async def _call(
        self, action: str, request: dict[str, Any]
    ) -> dict[str, Any]:
        """Post one signed request and return the answer's body.

        Errors are raised outside of the handlers: httpx's own hold the
        request, and with it the session token (law SEC001).
        """
        body = json.dumps(request).encode()
        headers = sign(
            Unsigned(
                self._settings.endpoint,
                {
                    'content-type': 'application/x-amz-json-1.1',
                    'x-amz-target': f'AmazonSSM.{action}',
                },
                body,
            ),
            self._credentials,
            self._settings.region,
        )
        response: httpx.Response | None = None
        with contextlib.suppress(httpx.HTTPError, httpx.InvalidURL):
            response = await self._http.post(
                self._settings.endpoint, content=body, headers=headers
            )
        if response is None:
            raise PluginUnavailableError(
                f'SSM cannot be reached at {self._settings.endpoint}, or it '
                'broke off its answer. Check region and endpoint_url.'
            )
        answers.raise_for(
            response.status_code, response.headers, response.content, action
        )
        return answers.read_body(response.content, action)
