"""Incidents: what happened to a project, in a window of time."""
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
    from imbi_plugin_sdk.handlers.incidents import IncidentView


@dataclasses.dataclass(frozen=True, slots=True)
class IncidentLimits(Limits):
    """What an incident backend allows.

    Attributes:
        statuses: Statuses that incidents may have, as the remote names them.
        resolution: Seconds between two timestamps that it can tell apart.
        longest_window: Seconds of the longest window that may be asked for.
        largest_limit: The most incidents that one page may ask for.
    """

    statuses: tuple[str, ...] = ('triggered', 'acknowledged', 'resolved')
    resolution: float = 1.0
    longest_window: float = 172_800.0
    largest_limit: int = 100


class IncidentsSandbox(BaseSandbox):
    """A sandbox of an incidents plugin."""

    limits: Limits = IncidentLimits()

    async def seed(
        self, context: PluginContext, model: Sequence[IncidentView]
    ) -> None:
        """Add incidents to a tenant, behind the plugin's back.

        Args:
            context: Whose incidents.
            model: Incidents to add; the backend may give ids and URLs of its
                own, so laws know them by their title.

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
