"""Parameter Store for the kit, filled by AWS's own client."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.sandbox import Limits
from tests.aws_sandbox import MotoSandbox
from tests.moto_server import REGION, moto

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imbi_plugin_sdk import ConfigKeyWithValue, ConfigValue, PluginContext

KINDS = {'string': 'String', 'string_list': 'StringList'}
"""Data type to type of SSM; what else there is, is secret."""


@functools.cache
def client() -> Any:
    """Return botocore's client for moto, past the proxy."""
    import botocore.session  # noqa: PLC0415  it takes half a second

    server = moto('ssm')
    return botocore.session.Session().create_client(
        'ssm',
        region_name=REGION,
        endpoint_url=server.url,
        aws_access_key_id=server.credentials['access_key_id'],
        aws_secret_access_key=server.credentials['secret_access_key'],
    )


class ParameterStoreSandbox(MotoSandbox):
    """One organization's parameters in moto."""

    service = 'ssm'
    limits = Limits(
        max_key_length=512,  # half of what SSM takes; the prefix needs some
        max_value_bytes=4_096,
        empty_value=False,
        page_size=10,
    )

    async def __aexit__(self, *error: object) -> None:
        """Delete the parameters below this sandbox's organization."""
        await super().__aexit__(*error)
        names = [
            name
            for name in await self.snapshot()
            if name.startswith(f'/imbi/{self.org}/')
        ]
        for start in range(0, len(names), 10):
            client().delete_parameters(Names=names[start : start + 10])

    async def seed(
        self,
        context: PluginContext,
        model: Mapping[str, ConfigValue] | Sequence[ConfigKeyWithValue],
    ) -> None:
        """Put values in behind the plugin's back: by key, or as a list."""
        if isinstance(model, list):
            model = {entry.key: entry for entry in model}
        for key, value in dict(model).items():
            kind = KINDS.get(value.data_type, 'SecureString')
            client().put_parameter(
                Name=f'{self.path(context)}/{key}',
                Value=value.value,
                Type='SecureString' if value.secret else kind,
                Overwrite=True,
            )

    async def snapshot(self) -> dict[str, tuple[str, str]]:
        """Return type and plain value of every parameter, by full name."""
        pages = client().get_paginator('get_parameters_by_path')
        return {
            entry['Name']: (entry['Type'], entry['Value'])
            for page in pages.paginate(
                Path='/', Recursive=True, WithDecryption=True
            )
            for entry in page['Parameters']
        }
