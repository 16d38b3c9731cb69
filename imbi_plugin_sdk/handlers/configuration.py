"""Plugin type `configuration`: a store of keys and values per project.

The model is a dict per project and environment (laws CFG001 to CFG014): where
it is kept, under which prefix and how it is encrypted is the plugin's affair,
told by its options.
"""

import abc
import datetime as dt
from collections.abc import Iterable
from typing import Any, ClassVar, Protocol

import pydantic

from imbi_plugin_sdk.context import PluginContext, hide
from imbi_plugin_sdk.handlers._protocol import base_class
from imbi_plugin_sdk.manifest import PluginManifest

_QUIET = pydantic.ConfigDict(hide_input_in_errors=True)


class ConfigValue(pydantic.BaseModel):
    """A value to store; its repr hides a secret one (law SEC001)."""

    model_config = _QUIET

    data_type: str = pydantic.Field(
        description="The name of one of the manifest's data types."
    )
    value: str = pydantic.Field(
        description='The value, exactly as it is to be stored (law CFG001).'
    )
    secret: bool = pydantic.Field(
        default=False,
        description=(
            'True asks for secret storage; False asks for nothing when the '
            'data type is secret by itself (law CFG010).'
        ),
    )

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Hide a secret value."""
        args = super().__repr_args__()
        return hide(('value',), args) if self.secret else args


class ConfigKey(pydantic.BaseModel):
    """A key as a listing shows it, without its value."""

    key: str = pydantic.Field(
        description="The key, without the prefix of the project's store."
    )
    data_type: str = pydantic.Field(
        description="The name of one of the manifest's data types."
    )
    last_modified: dt.datetime | None = pydantic.Field(
        default=None,
        description=(
            'When the value was last written, timezone-aware; None if the '
            'store does not tell (laws ASY002 and CFG011).'
        ),
    )
    secret: bool = pydantic.Field(
        default=False, description='True if the value is kept as a secret.'
    )


class ConfigKeyWithValue(ConfigKey):
    """A key with its value; its repr hides a secret one (law SEC001)."""

    model_config = _QUIET

    value: str = pydantic.Field(
        description='The value, in plain text also when it is secret.'
    )

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Hide a secret value."""
        args = super().__repr_args__()
        return hide(('value',), args) if self.secret else args


@base_class
class ConfigurationPlugin(Protocol):
    """Reads and writes the configuration of one project and environment.

    `ctx.project_slug`, `ctx.environment` and `ctx.assignment_options` say
    whose. No key reaches outside of it (law CFG009), and projects and
    environments never see each other (law CFG012). Errors of the remote are
    those of `imbi_plugin_sdk.errors` (laws ASY003 to ASY005).
    """

    manifest: ClassVar[PluginManifest]

    @abc.abstractmethod
    async def list_keys(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[ConfigKey]:
        """List every key once, beyond one page of the remote (law CFG004).

        Args:
            ctx: Whose configuration.
            credentials: Credential name to value.

        Returns:
            The keys in any order; empty when there are none.

        Raises:
            PluginCredentialsMissing: A required credential is absent.
            PluginAuthenticationFailed: The remote rejected the credentials.
            PluginUnavailableError: The remote cannot serve.
        """

    @abc.abstractmethod
    async def get_values(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        keys: list[str] | None = None,
    ) -> list[ConfigKeyWithValue]:
        """Read values (laws CFG005 and CFG006).

        Args:
            ctx: Whose configuration.
            credentials: Credential name to value.
            keys: None is all, `[]` is none. Keys that do not exist are left
                out of the answer, repeated ones collapse.

        Returns:
            One item per key, in any order, secrets in plain text.

        Raises:
            PluginError: As `list_keys` does.
            ValueError: A key can never exist, as `../other` (law CFG009).
        """

    @abc.abstractmethod
    async def set_value(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        key: str,
        value: ConfigValue,
    ) -> ConfigKey:
        """Write one value; the last write wins (laws CFG001 and CFG002).

        Args:
            ctx: Whose configuration.
            credentials: Credential name to value.
            key: The key, made if it does not exist.
            value: What to store. An overwrite never turns a secret into
                plain text unasked (law CFG010).

        Returns:
            The key as the next listing will show it (law CFG003).

        Raises:
            PluginError: As `list_keys` does; nothing was written, or the
                whole value was (law CFG014).
            ValueError: The store cannot hold this key or value exactly;
                nothing changed (laws CFG001 and CFG009).
        """

    @abc.abstractmethod
    async def delete_key(
        self, ctx: PluginContext, credentials: dict[str, str], key: str
    ) -> None:
        """Delete one key and nothing beside it (laws CFG007 and CFG008).

        Args:
            ctx: Whose configuration.
            credentials: Credential name to value.
            key: The key; deleting an absent one succeeds.

        Raises:
            PluginError: As `list_keys` does.
            ValueError: The key can never exist (law CFG009).
        """
