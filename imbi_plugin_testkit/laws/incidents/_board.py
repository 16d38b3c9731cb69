"""The incidents of a tenant: what a law makes and asks for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.lab.answers import fresh
from imbi_plugin_testkit.laws._paging import Page, Pager
from imbi_plugin_testkit.models.incidents import IncidentLimits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imbi_plugin_sdk.handlers.incidents import IncidentView
    from imbi_plugin_testkit.lab import Answer, Lab

METHOD = 'list_incidents'

FEW = 6
"""Incidents where paging of the backend is not the point."""

CLOSED = frozenset({'resolved', 'closed', 'done', 'completed', 'solved'})
"""Statuses of an incident that is over, as remotes name them."""

OPEN = frozenset(
    {
        'acknowledged',
        'active',
        'alerting',
        'firing',
        'identified',
        'in_progress',
        'investigating',
        'monitoring',
        'new',
        'ongoing',
        'open',
        'triggered',
    }
)
"""And of one that goes on; what is in neither may be either."""


class Board:
    """The incidents of a tenant: what a law seeds and asks for.

    Attributes:
        lab: The lab.
        limits: What the backend allows.
        step: Time between two slots that the backend can tell apart.
        large: A limit that the backend allows.
        made: Title to incident.
    """

    def __init__(self, lab: Lab, label: str, slots: int) -> None:
        """Prepare a tenant.

        Args:
            lab: The lab.
            label: Name of the tenant, unique in the law.
            slots: How many slots in time there are, one step apart; the last
                ones lie as far back as they are few, and none in the future.
        """
        given = lab.limits
        self.lab = lab
        self.limits = (
            given if isinstance(given, IncidentLimits) else IncidentLimits()
        )
        self.context = lab.tenant(label)
        self.step = dt.timedelta(seconds=max(1.0, self.limits.resolution))
        self.large = self.limits.largest_limit
        self.made: dict[str, IncidentView] = {}
        now = dt.datetime.now(dt.UTC)
        unit = int(self.step.total_seconds()) or 1
        floor = int(now.timestamp()) // unit * unit
        newest = dt.datetime.fromtimestamp(floor, dt.UTC)
        self._oldest = newest - (slots + 1) * self.step

    def at(self, slot: int) -> dt.datetime:
        """Return the instant of a slot."""
        return self._oldest + slot * self.step

    def add(self, slot: int, status: str = '') -> str:
        """Make an incident, and return its title."""
        from imbi_plugin_sdk.handlers.incidents import (  # noqa: PLC0415
            IncidentView,
        )

        number = len(self.made)
        statuses = self.limits.statuses
        status = status or statuses[number % len(statuses)]
        title = f'Incident {self.lab.key()}'
        created = self.at(slot)
        over = status.casefold() in CLOSED
        self.made[title] = IncidentView(
            id=f'kit-{number}',
            title=title,
            status=status,
            created_at=created,
            resolved_at=created if over else None,
            url='https://incidents.example.com/kit',
        )
        return title

    async def seed(self) -> None:
        """Put what was made into the backend."""
        await self.lab.seed(self.context, [*self.made.values()])
        await self.lab.settle()

    def pager(
        self,
        start: dt.datetime | None = None,
        end: dt.datetime | None = None,
        statuses: Sequence[str] | None = None,
    ) -> Pager:
        """Return a question; by default for all that was made."""
        first = min(view.created_at for view in self.made.values())
        last = max(view.created_at for view in self.made.values())
        since, until = start or first - self.step, end or last + self.step

        async def ask(limit: int, cursor: str | None) -> Answer:
            return await self.lab.attempt(
                METHOD,
                ctx=fresh(self.context),
                start_time=since,
                end_time=until,
                statuses=None if statuses is None else [*statuses],
                cursor=cursor,
                limit=limit,
            )

        return Pager(
            self.lab,
            ask,
            lambda result: Page(result.incidents, result.next_cursor),
            self._title,
            path='list_incidents()',
            nouns=('incident', 'incidents'),
        )

    def _title(self, item: Any) -> str | None:  # noqa: ANN401  an IncidentView
        title: str = item.title
        return title if title in self.made else None
