"""The five calls of SSM that the plugin makes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, ClassVar

from imbi_plugin_ssm import answers
from imbi_plugin_ssm.aws_json import JsonClient, open_http

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    import httpx

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

    Raises:
        PluginTimeoutError: The body took longer than `settings.timeout`.
    """
    async with open_http(
        settings.endpoint, settings.timeout, answers.SSM.name
    ) as http:
        yield ParameterClient(http, settings, credentials)


class ParameterClient(JsonClient):
    """Calls SSM; every failure is an error of the contract or a ValueError."""

    service: ClassVar[answers.Service] = answers.SSM

    def __init__(
        self,
        http: httpx.AsyncClient,
        settings: Settings,
        credentials: Credentials,
    ) -> None:
        super().__init__(http, settings, credentials)
        self._settings = settings

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
