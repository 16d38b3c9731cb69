"""The four calls of KV version 2: list, read, write and delete.

Facts (Vault API documentation, "KV secrets engine version 2", and tried on
OpenBao): `LIST metadata/FOLDER` names what is directly in a folder, folders
with a slash behind them, and a name may be both; `GET data/PATH` gives the
newest version, and 404 with its metadata where that is deleted but not gone;
`POST data/PATH` with `cas` writes only if that version is the newest, 0 for
none; `DELETE metadata/PATH` takes all versions away, and succeeds where there
are none.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_vault.wire import malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_vault.settings import Settings
    from imbi_plugin_vault.wire import Answer, Wire

_CONFLICT = 'check-and-set parameter did not match'
_FIELDS = frozenset({'value', 'data_type', 'secret'})


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One value, and what is known of it.

    Attributes:
        value: The text; the repr does not show it.
        data_type: As in the manifest, or as others wrote it.
        secret: Whether it is one.
    """

    value: str = dataclasses.field(repr=False)
    data_type: str
    secret: bool

    def to_data(self) -> dict[str, Any]:
        """Return what is written as the secret's data."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What is at one path.

    Attributes:
        version: The newest version; 0 where there is none.
        entry: What it holds; None where there is nothing, where it is
            deleted, and where it is not ours.
        ours: False where somebody else keeps a secret of another form.
        written: When that version was written.
    """

    version: int = 0
    entry: Entry | None = None
    ours: bool = True
    written: dt.datetime | None = None


class KeyValues:
    """The secrets of one mount."""

    def __init__(self, wire: Wire, settings: Settings) -> None:
        self._wire = wire
        self._mount = settings.mount

    async def names(self, folder: str) -> list[str]:
        """Return what is directly in a folder; folders end with a slash."""
        answer = await self._wire.ask(
            'LIST', f'{self._mount}/metadata/{folder}'
        )
        if answer.status == HTTPStatus.NOT_FOUND:
            self._absent(answer)
            return []
        listed = _object(self._answered(answer), 'data').get('keys')
        if not isinstance(listed, list):
            raise malformed('a listing without keys')
        return [str(name) for name in cast('list[object]', listed)]

    async def read(self, path: str) -> Found:
        """Return what is at a path."""
        answer = await self._wire.ask('GET', f'{self._mount}/data/{path}')
        if answer.status == HTTPStatus.NOT_FOUND:
            if not isinstance(answer.body.get('data'), dict):
                self._absent(answer)
                return Found()
            # Deleted, but not gone: the next version counts on.
            version, _ = _version(_object(answer.body, 'data', 'metadata'))
            return Found(version)
        body = self._answered(answer)
        version, written = _version(_object(body, 'data', 'metadata'))
        entry = _entry(_object(body, 'data', 'data'))
        return Found(version, entry, entry is not None, written)

    async def write(
        self, path: str, entry: Entry, *, over: int
    ) -> dt.datetime | None:
        """Write a new version over the newest one, if it still is.

        Args:
            path: Where.
            entry: What.
            over: The version that must be the newest; 0 for none.

        Returns:
            When it was written; None if somebody wrote in between, and
            nothing changed.

        Raises:
            ValueError: The server takes no such value; nothing changed.
        """
        body = {'options': {'cas': over}, 'data': entry.to_data()}
        answer = await self._wire.ask(
            'POST', f'{self._mount}/data/{path}', body
        )
        if answer.status == HTTPStatus.BAD_REQUEST and any(
            _CONFLICT in text for text in answer.errors
        ):
            return None
        if answer.status == HTTPStatus.NOT_FOUND:
            raise self._no_mount()
        _, written = _version(_object(self._answered(answer), 'data'))
        return written

    async def delete(self, path: str) -> None:
        """Delete a secret with all its versions, if it is there."""
        answer = await self._wire.ask(
            'DELETE', f'{self._mount}/metadata/{path}'
        )
        if answer.status == HTTPStatus.NOT_FOUND:
            self._absent(answer)
        elif answer.status != HTTPStatus.NO_CONTENT:
            self._answered(answer)

    def _answered(self, answer: Answer) -> Mapping[str, Any]:
        """Return the body of an answer that is no refusal.

        Raises:
            ValueError: It is one.
        """
        if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise ValueError('The value is larger than the server takes.')
        if answer.status == HTTPStatus.BAD_REQUEST:
            # Its text may quote what was sent.
            raise ValueError(
                'Vault refused the key or the value, and changed nothing.'
            )
        return answer.body

    def _absent(self, answer: Answer) -> None:
        """Check that a 404 says that nothing is there.

        Raises:
            ValueError: It says that there is no such mount.
            PluginUnavailableError: It is not Vault that says it.
        """
        if answer.errors:
            raise self._no_mount()
        if not isinstance(answer.body.get('errors'), list):
            raise malformed('a 404 that Vault does not give')

    def _no_mount(self) -> ValueError:
        return ValueError(
            f'Vault has no mount {self._mount!r}, or none of KV version 2. '
            'Look at the options mount and namespace.'
        )


def _object(body: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """Return an object inside of an answer.

    Raises:
        PluginUnavailableError: It is not there.
    """
    found: object = body
    for name in names:
        inside = cast('dict[str, object]', found)
        found = inside.get(name)
        if not isinstance(found, dict):
            raise malformed(f'an answer without {".".join(names)}')
    return cast('dict[str, Any]', found)


def _version(metadata: Mapping[str, Any]) -> tuple[int, dt.datetime]:
    """Return number and time of a version.

    Raises:
        PluginUnavailableError: They are not there.
    """
    number, written = metadata.get('version'), metadata.get('created_time')
    if isinstance(number, int) and isinstance(written, str):
        with contextlib.suppress(ValueError):
            at = dt.datetime.fromisoformat(written)
            if at.tzinfo is not None:
                return number, at
    raise malformed('a version without number or time')


def _entry(data: Mapping[str, Any]) -> Entry | None:
    """Return what a secret holds, or None if it is not ours.

    Whoever writes `value=...` by hand writes one of ours, too. Nobody said
    whether that is secret, so it is.
    """
    value = data.get('value')
    if not isinstance(value, str) or not data.keys() <= _FIELDS:
        return None
    data_type, secret = data.get('data_type'), data.get('secret')
    return Entry(
        value=value,
        data_type=data_type if isinstance(data_type, str) else 'secret',
        secret=secret is not False,
    )
