"""Logs: entries in a window of time.

A law seeds entries of one tenant, all within the last hour and none in the
future, and then asks the plugin about windows that hold them.
"""
# ruff: noqa: ARG002  a default takes what an override needs

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from imbi_plugin_testkit.sandbox import (
    BaseSandbox,
    Limits,
    UnsupportedBySandbox,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_sdk.handlers.logs import LogEntry


@dataclasses.dataclass(frozen=True, slots=True)
class LogLimits(Limits):
    """What a log backend allows.

    Attributes:
        levels: Levels that entries may have, as `LogQuery.levels` names them.
        fields: Names of text fields that an entry may carry beside message
            and level; all of them are in `schema`, and may be filtered.
        resolution: Seconds between two timestamps that the backend can tell
            apart.
        longest_window: Seconds of the longest window that may be asked for.
        largest_limit: The most entries that one search may ask for.
        message_field: Name by which a filter names the message; None where
            it cannot be filtered.
        level_field: Name by which a filter names the level; None likewise.
        filter_ops: Operators of `LogFilter` that the backend has.
    """

    levels: tuple[str, ...] = ('DEBUG', 'INFO', 'WARNING', 'ERROR')
    fields: tuple[str, ...] = ('service', 'host')
    resolution: float = 0.001
    longest_window: float = 172_800.0
    largest_limit: int = 1_000
    message_field: str | None = 'message'
    level_field: str | None = 'level'
    filter_ops: tuple[str, ...] = (
        'eq',
        'ne',
        'contains',
        'starts_with',
        'regex',
    )


class LogsSandbox(BaseSandbox):
    """A sandbox of a logs plugin; override what the backend can do."""

    limits: Limits = LogLimits()

    async def seed(
        self, context: PluginContext, model: Sequence[LogEntry]
    ) -> None:
        """Add entries to a tenant's log, behind the plugin's back.

        Args:
            context: Whose log; the kit names the tenant.
            model: Entries to add. Text fields beyond the declared ones are
                those of `LogLimits.fields`; `raw` is blank.

        Raises:
            UnsupportedBySandbox: By default.
        """
        raise UnsupportedBySandbox('seed')

    async def expire_cursors(self) -> None:
        """Make every cursor that was handed out so far expire.

        Raises:
            UnsupportedBySandbox: By default, or where cursors never do.
        """
        raise UnsupportedBySandbox('expire_cursors')
