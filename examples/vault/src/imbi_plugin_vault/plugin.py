"""The handler: a project's configuration as secrets of one folder."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from imbi_plugin_sdk import (
    ConfigKey,
    ConfigKeyWithValue,
    ConfigurationPlugin,
    PluginManifest,
    PluginUnavailableError,
)
from imbi_plugin_vault.kv import Entry, Found, KeyValues
from imbi_plugin_vault.manifest import MANIFEST, PLAIN, SECRET
from imbi_plugin_vault.paths import is_key, secret_path
from imbi_plugin_vault.settings import Settings
from imbi_plugin_vault.wire import opened

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from imbi_plugin_sdk import ConfigValue, PluginContext

AT_ONCE = 8
"""Requests under way at once. A listing asks for each secret by itself, and
quotas of a server are counted in tens per second."""

LARGEST = 512 * 1024
"""Bytes of a secret as JSON: what Consul storage takes, the least of those
that Vault runs on (Vault documentation, "Limits and maximums")."""

_ATTEMPTS = 16
"""Tries to write a key that others write, too. Of those who try at once one
succeeds each time, so that so many may write one key together."""

_Asked = TypeVar('_Asked')
_Got = TypeVar('_Got')


class VaultPlugin(ConfigurationPlugin):
    """Keeps each key as one secret in the project's folder.

    Value, data type and secrecy are fields of one version, so that they are
    written together or not at all (law CFG014). A write names the version
    that it read, so that of two writers at once neither takes back what the
    other made secret (law CFG010).
    """

    manifest: ClassVar[PluginManifest] = MANIFEST

    async def list_keys(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[ConfigKey]:
        """List the keys in the folder and in those below it.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold.
        """
        settings = Settings.read(ctx, credentials)
        async with opened(settings) as wire:
            kv = KeyValues(wire, settings)
            keys = await _keys(kv, settings.folder)
            found = await _read(kv, settings.folder, keys)
        return [_key(key, entry, at) for key, entry, at in found]

    async def get_values(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        keys: list[str] | None = None,
    ) -> list[ConfigKeyWithValue]:
        """Read all values in the folder, or those of some keys.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold, or no secret can have one of
                these keys.
        """
        settings = Settings.read(ctx, credentials)
        for key in keys or ():
            secret_path(settings.folder, key)
        async with opened(settings) as wire:
            kv = KeyValues(wire, settings)
            if keys is None:
                wanted = await _keys(kv, settings.folder)
            else:
                wanted = sorted({*keys})
            found = await _read(kv, settings.folder, wanted)
        return [
            ConfigKeyWithValue(
                **_key(key, entry, at).model_dump(), value=entry.value
            )
            for key, entry, at in found
        ]

    async def set_value(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        key: str,
        value: ConfigValue,
    ) -> ConfigKey:
        """Write one value, over the version that was there.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold, or Vault takes no such key
                or value, or the key's place is taken by a secret of another
                form; nothing changed.
        """
        settings = Settings.read(ctx, credentials)
        path = secret_path(settings.folder, key)
        asked = _asked(value)
        async with opened(settings) as wire:
            kv = KeyValues(wire, settings)
            for _ in range(_ATTEMPTS):
                before = await kv.read(path)
                _check_ours(before, key)
                entry = _kept_secret(asked, before.entry)
                written = await kv.write(path, entry, over=before.version)
                if written is not None:
                    return _key(key, entry, written)
        raise PluginUnavailableError(
            f'Others wrote the key {key!r} {_ATTEMPTS} times while it was '
            'written. Try again.'
        )

    async def delete_key(
        self, ctx: PluginContext, credentials: dict[str, str], key: str
    ) -> None:
        """Delete one secret with all its versions.

        Raises:
            PluginError: As the contract says.
            ValueError: An option does not hold, or no secret can have this
                key, or its place is taken by a secret of another form, which
                is not ours to delete.
        """
        settings = Settings.read(ctx, credentials)
        path = secret_path(settings.folder, key)
        async with opened(settings) as wire:
            kv = KeyValues(wire, settings)
            _check_ours(await kv.read(path), key)
            await kv.delete(path)


async def _keys(kv: KeyValues, folder: str) -> list[str]:
    """Return the keys below a folder, level by level.

    Paths that no key could have are left out: they are not ours, and could
    not be put into a URL as they are.
    """
    keys: list[str] = []
    level = ['']
    while level:
        listed = await _together(
            lambda below: kv.names(f'{folder}/{below}'.rstrip('/')), level
        )
        names = [
            f'{below}{name}'
            for below, names in zip(level, listed, strict=True)
            for name in names
            if is_key(f'{below}{name}'.removesuffix('/'))
        ]
        keys += [name for name in names if not name.endswith('/')]
        level = [name for name in names if name.endswith('/')]
    return sorted(keys)


async def _read(
    kv: KeyValues, folder: str, keys: Iterable[str]
) -> list[tuple[str, Entry, Any]]:
    """Return those keys that hold a value of ours, with it."""
    wanted = list(keys)
    paths = [secret_path(folder, key) for key in wanted]
    found = await _together(kv.read, paths)
    return [
        (key, state.entry, state.written)
        for key, state in zip(wanted, found, strict=True)
        if state.entry is not None
    ]


async def _together(
    ask: Callable[[_Asked], Awaitable[_Got]], questions: list[_Asked]
) -> list[_Got]:
    """Ask questions, some at once, and return the answers in their order.

    The first failure ends what is under way, and is raised as it is.
    """
    answers: dict[int, _Got] = {}
    waiting = iter(enumerate(questions))
    failures: list[Exception] = []

    async def work() -> None:
        for number, question in waiting:
            answers[number] = await ask(question)

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(AT_ONCE, len(questions))):
                tasks.create_task(work())
    except* Exception as group:  # noqa: BLE001  raised again below
        failures += group.exceptions
    if failures:
        raise failures[0]
    return [answers[number] for number in range(len(questions))]


def _key(key: str, entry: Entry, written: Any) -> ConfigKey:  # noqa: ANN401  a datetime or None
    return ConfigKey(
        key=key,
        data_type=entry.data_type,
        last_modified=written,
        secret=entry.secret,
    )


def _asked(value: ConfigValue) -> Entry:
    """Return what a value asks to be written; never quotes the value.

    Raises:
        ValueError: It cannot be written.
    """
    if value.data_type not in (PLAIN, SECRET):
        raise ValueError(
            f'The data type {value.data_type[:40]!r} is unknown; it must be '
            f'{PLAIN!r} or {SECRET!r}.'
        )
    entry = Entry(
        value=value.value,
        data_type=value.data_type,
        secret=value.secret or value.data_type == SECRET,
    )
    if any('\ud800' <= char <= '\udfff' for char in value.value):
        raise ValueError(
            'The value holds half of a surrogate pair, which is no Unicode '
            'text; Vault would store another character.'
        )
    size = len(json.dumps(entry.to_data()))
    if size > LARGEST:
        raise ValueError(
            f'The value takes {size} bytes as JSON; a secret may have '
            f'{LARGEST}.'
        )
    return entry


def _kept_secret(asked: Entry, before: Entry | None) -> Entry:
    """Return what is written over a value: a secret stays one."""
    if before is None or not before.secret:
        return asked
    return Entry(asked.value, asked.data_type, secret=True)


def _check_ours(found: Found, key: str) -> None:
    if not found.ours:
        raise ValueError(
            f'At the place of the key {key!r} somebody keeps a secret with '
            'fields of its own, which is left as it is. Move it, or choose '
            'another key.'
        )
