"""The one retry that the contract knows: after rejected credentials."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from imbi_plugin_sdk.invocation._running import Attempt

if TYPE_CHECKING:
    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_sdk.errors import PluginAuthenticationFailed


__all__ = [
    'Renewal',
    'Renewed',
]


@dataclasses.dataclass(frozen=True, slots=True)
class Renewed:
    """What the second attempt is made with.

    Attributes:
        credentials: New credentials; None keeps the old ones.
        context: A new context, with a fresh `identity` for instance; None
            keeps the old one.
    """

    credentials: Mapping[str, str] | None = dataclasses.field(
        default=None, repr=False
    )
    context: PluginContext | None = dataclasses.field(default=None, repr=False)

    @staticmethod
    def hook(
        renewal: Renewal,
        context: PluginContext,
        credentials: Mapping[str, str],
    ) -> Callable[[PluginAuthenticationFailed], Awaitable[Attempt | None]]:
        """Return a function that asks a renewal and fills in what it left."""

        async def renew(error: PluginAuthenticationFailed) -> Attempt | None:
            renewed = cast('object', await renewal(error))
            if renewed is None:
                return None
            if not isinstance(renewed, Renewed):
                kind = type(renewed).__name__
                raise TypeError(
                    f'on_authentication_failed returned {kind}; return '
                    'Renewed(...), or None to give up'
                )
            return Attempt.of(
                context if renewed.context is None else renewed.context,
                credentials
                if renewed.credentials is None
                else renewed.credentials,
            )

        return renew


Renewal: TypeAlias = Callable[
    ['PluginAuthenticationFailed'], Awaitable[Renewed | None]
]
"""Refreshes what the remote rejected, or returns None where it cannot."""
