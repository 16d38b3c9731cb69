"""Arguments that can be made up, for methods of every plugin type."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.lab.answers import fresh
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws._data_types import text_value
from imbi_plugin_testkit.model import Untestable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.lab import Lab

    Arguments = Mapping[str, Any]

WINDOW = dt.timedelta(hours=1)
"""How far back logs and incidents are asked for: within what every real
backend keeps, the shortest of which is two days."""

REDIRECT_URI = 'https://imbi.example.com/oauth/callback'


class MadeUp:
    """Makes arguments, and cleans up after those that write.

    Attributes:
        lab: The lab.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._ref: str | None = None
        self._key = lab.key()
        self._context = (
            lab.tenant('main')
            if lab.plugin_type == 'configuration'
            else lab.context
        )

    def context(self) -> PluginContext:
        """Return a copy of the context that the calls are made in."""
        return fresh(self._context)

    async def nothing(self) -> Arguments:
        """Return no arguments."""
        return {}

    async def new_value(self) -> Arguments:
        """Return a key of the kit's own, deleted in the end, and a value."""
        self.lab.on_cleanup(self._delete_key)
        return {'key': self._key, 'value': text_value(self.lab, 'kit value')}

    async def own_keys(self) -> Arguments:
        """Return the kit's own key."""
        return {'keys': [self._key]}

    async def own_key(self) -> Arguments:
        """Return the kit's own key."""
        return {'key': self._key}

    async def _delete_key(self) -> None:
        await self.lab.attempt('delete_key', self._key, ctx=self.context())

    async def query(self) -> Arguments:
        """Return a query for all of the last hour."""
        from imbi_plugin_sdk.handlers.logs import LogQuery  # noqa: PLC0415

        window = LogQuery.model_validate({**_window(), 'limit': 10})
        return {'query': window}

    async def window(self) -> Arguments:
        """Return the last hour."""
        return _window()

    async def redirect(self) -> Arguments:
        """Return a redirect URI of a host that never existed."""
        return {'redirect_uri': REDIRECT_URI}

    async def ref(self) -> Arguments:
        """Return the default branch."""
        return {'ref': await self._default_ref()}

    async def committish(self) -> Arguments:
        """Return the default branch."""
        return {'committish': await self._default_ref()}

    async def same_twice(self) -> Arguments:
        """Return the default branch, to be compared with itself."""
        ref = await self._default_ref()
        return {'base': ref, 'head': ref}

    async def environments(self) -> Arguments:
        """Return the context's environment."""
        return {'environments': [self._context.environment or 'production']}

    async def _default_ref(self) -> str:
        """Return the name of the default branch, else of any ref.

        Raises:
            Untestable: The repository of the sandbox has no ref.
        """
        from imbi_plugin_sdk.handlers.deployment import Ref  # noqa: PLC0415

        if self._ref is None:
            answer = await self.lab.attempt('list_refs', ctx=self.context())
            if answer.error is not None:
                raise Untestable(
                    'list_refs raised '
                    f'{described(answer.error, self.lab.secrets)}, so that '
                    'there is no ref to ask for'
                )
            listed = answer.result
            if not isinstance(listed, (list, tuple)):
                listed = ()  # ASY002 says so
            refs = [ref for ref in listed if isinstance(ref, Ref)]  # pyright: ignore[reportUnknownVariableType]
            refs.sort(key=lambda ref: (not ref.is_default, ref.kind))
            if not refs:
                raise Untestable('list_refs gave no Ref to ask for')
            self._ref = refs[0].name
        return self._ref


def _window() -> dict[str, dt.datetime]:
    end = dt.datetime.now(dt.UTC)
    return {'start_time': end - WINDOW, 'end_time': end}
