"""The handler: Imbi's configuration as parameters below one path."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from imbi_plugin_sdk import (
    ConfigKey,
    ConfigKeyWithValue,
    ConfigurationPlugin,
    PluginManifest,
    PluginUnavailableError,
)
from imbi_plugin_ssm import names
from imbi_plugin_ssm.client import ParameterClient, open_client
from imbi_plugin_ssm.manifest import MANIFEST, PARAMETER_TYPES, TIER_BYTES
from imbi_plugin_ssm.settings import Credentials, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imbi_plugin_sdk import ConfigValue, PluginContext
    from imbi_plugin_ssm.answers import Parameter

_SECURE = 'SecureString'
_DATA_TYPES = {kind: name for name, kind in PARAMETER_TYPES.items()}

_ATTEMPTS = 3
"""Tries to write while others make and delete the same key; one is usual."""


class SSMPlugin(ConfigurationPlugin):
    """Keeps each key as one parameter below the project's path prefix.

    `string` is a String, `string_list` a StringList, and whatever is secret
    a SecureString. A SecureString stays one until its key is deleted (law
    CFG010).
    """

    manifest: ClassVar[PluginManifest] = MANIFEST

    async def list_keys(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[ConfigKey]:
        """List the parameters below the prefix, without decrypting any.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold.
        """
        secrets, settings = Credentials.read(credentials), Settings.read(ctx)
        async with open_client(settings, secrets) as client:
            found = await client.below(settings.prefix, decrypt=False)
        return [_key(*item) for item in _keyed(found, settings)]

    async def get_values(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        keys: list[str] | None = None,
    ) -> list[ConfigKeyWithValue]:
        """Read all parameters below the prefix, or the named ones.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold, or no parameter can have
                one of these keys.
        """
        secrets, settings = Credentials.read(credentials), Settings.read(ctx)
        wanted = [
            names.parameter_name(settings.prefix, key) for key in keys or ()
        ]
        async with open_client(settings, secrets) as client:
            found = (
                await client.below(settings.prefix, decrypt=True)
                if keys is None
                else await client.named(wanted, decrypt=True)
            )
        return [
            ConfigKeyWithValue(
                **_key(key, entry).model_dump(), value=entry.value
            )
            for key, entry in _keyed(found, settings)
        ]

    async def set_value(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        key: str,
        value: ConfigValue,
    ) -> ConfigKey:
        """Write one parameter.

        A value that is not meant to be secret leaves an existing
        SecureString one, so its type is looked up first; and if there is
        none, nothing is overwritten, in case another call made one since.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold, or SSM takes no such key or
                value; nothing changed.
        """
        secrets, settings = Credentials.read(credentials), Settings.read(ctx)
        name = names.parameter_name(settings.prefix, key)
        kind = _kind(value)
        _check_value(value.value, kind, settings.tier)
        async with open_client(settings, secrets) as client:
            await _write(client, name, value.value, kind)
            written = await client.named([name], decrypt=False)
        if not written:  # deleted since by another call
            return ConfigKey(
                key=key, data_type=_DATA_TYPES[kind], secret=kind == _SECURE
            )
        return _key(key, written[0])

    async def delete_key(
        self, ctx: PluginContext, credentials: dict[str, str], key: str
    ) -> None:
        """Delete one parameter with its history.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold, or no parameter can have
                this key.
        """
        secrets, settings = Credentials.read(credentials), Settings.read(ctx)
        name = names.parameter_name(settings.prefix, key)
        async with open_client(settings, secrets) as client:
            await client.delete(name)


def _keyed(
    found: Iterable[Parameter], settings: Settings
) -> list[tuple[str, Parameter]]:
    """Return the parameters that lie below the prefix, ordered by key."""
    return sorted(
        (
            (key, entry)
            for entry in found
            if (key := names.key_of(settings.prefix, entry.name))
        ),
        key=lambda item: item[0],
    )


def _key(key: str, entry: Parameter) -> ConfigKey:
    return ConfigKey(
        key=key,
        data_type=_DATA_TYPES.get(entry.type, entry.type),
        last_modified=entry.last_modified,
        secret=entry.type == _SECURE,
    )


def _kind(value: ConfigValue) -> str:
    """Return the type of SSM that a value asks for."""
    kind = PARAMETER_TYPES.get(value.data_type)
    if kind is None:
        raise ValueError(
            f'The data type {value.data_type[:40]!r} is not one of '
            f'{", ".join(PARAMETER_TYPES)}.'
        )
    return _SECURE if value.secret else kind


def _check_value(text: str, kind: str, tier: str) -> None:
    """Refuse what SSM cannot store; never quotes the value."""
    if not text:
        raise ValueError(
            'SSM cannot store an empty value. Delete the key, or store a '
            'word that means empty.'
        )
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        size = 0
    if not size:
        raise ValueError(
            'The value holds half of a surrogate pair, which no UTF-8 text '
            'can; SSM cannot store it.'
        )
    limit = TIER_BYTES[tier]
    if size > limit:
        raise ValueError(
            f'The value has {size} bytes; a {kind} of tier {tier} takes '
            f'{limit}. The option tier allows for larger ones.'
        )


async def _write(
    client: ParameterClient, name: str, text: str, kind: str
) -> None:
    if kind == _SECURE:
        # Whatever is there becomes or stays one: nothing to look up.
        await client.put(name, text, kind, overwrite=True)
        return
    for _ in range(_ATTEMPTS):
        current = await client.named([name], decrypt=False)
        if current and current[0].type == _SECURE:
            kind = _SECURE
        if await client.put(name, text, kind, overwrite=bool(current)):
            return
    raise PluginUnavailableError(
        f'The parameter was made and deleted by others {_ATTEMPTS} times '
        'while it was written. Try again.'
    )
