"""Parameter Store for the kit, filled past every API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_testkit.sandbox import Limits
from tests.aws_sandbox import MotoSandbox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imbi_plugin_sdk import ConfigKeyWithValue, ConfigValue, PluginContext

KINDS = {'string': 'String', 'string_list': 'StringList'}
"""Data type to type of SSM; what else there is, is secret."""

_NOT_GIVEN = dict.fromkeys(
    ('description', 'allowed_pattern', 'keyid', 'tier', 'policies')
)
"""What moto's store wants to be told is absent."""


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
        below = f'/imbi/{self.org}/'
        self.moto.backend.delete_parameters(
            [name for name in await self.snapshot() if name.startswith(below)]
        )

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
            self.moto.backend.put_parameter(
                **_NOT_GIVEN,
                name=f'{self.path(context)}/{key}',
                value=value.value,
                parameter_type='SecureString' if value.secret else kind,
                overwrite=True,
                tags=[],
                data_type='text',
            )

    async def snapshot(self) -> dict[str, tuple[str, str]]:
        """Return type and plain value of every parameter, by full name."""
        return {
            entry.name: (entry.parameter_type, entry.decrypt(entry.value))
            for entry in self.moto.backend.describe_parameters([], [])
        }
