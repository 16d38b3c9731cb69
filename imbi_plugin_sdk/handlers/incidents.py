"""Plugin type `incidents`: list a project's incidents."""

import abc
import datetime as dt
from typing import ClassVar, Protocol

import pydantic

from imbi_plugin_sdk.context import PluginContext
from imbi_plugin_sdk.handlers._protocol import base_class
from imbi_plugin_sdk.manifest import PluginManifest


class IncidentView(pydantic.BaseModel):
    """One incident as a list shows it."""

    id: str = pydantic.Field(description='The id at the remote.')
    title: str = pydantic.Field(description='One line that names it.')
    status: str = pydantic.Field(
        description='The status as the remote names it.'
    )
    urgency: str | None = pydantic.Field(
        default=None, description='The urgency as the remote names it.'
    )
    created_at: dt.datetime = pydantic.Field(
        description='When it was opened, timezone-aware (law ASY002).'
    )
    resolved_at: dt.datetime | None = pydantic.Field(
        default=None,
        description='When it was resolved, timezone-aware; None while open.',
    )
    url: str = pydantic.Field(description='Its page at the remote.')
    service: str | None = pydantic.Field(
        default=None, description="The name of the remote's service."
    )


class IncidentResult(pydantic.BaseModel):
    """One page of incidents."""

    incidents: list[IncidentView] = pydantic.Field(
        default=[], description='At most `limit`, in one order of time.'
    )
    next_cursor: str | None = pydantic.Field(
        default=None,
        description='How to go on; None when exhausted (law LOG004).',
    )
    total: int | None = pydantic.Field(
        default=None, description='Incidents on all pages, if known.'
    )


@base_class
class IncidentsPlugin(Protocol):
    """Lists the incidents of one project."""

    manifest: ClassVar[PluginManifest]

    @abc.abstractmethod
    async def list_incidents(  # noqa: PLR0913  contract v1 signature
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        *,
        start_time: dt.datetime,
        end_time: dt.datetime,
        statuses: list[str] | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> IncidentResult:
        """Return one page of the incidents in a window (law INC001).

        Paging keeps laws LOG001 to LOG005, as a search of logs does.

        Args:
            ctx: Whose incidents.
            credentials: Credential name to value.
            start_time: Start of the window, timezone-aware, inclusive.
            end_time: End of the window, timezone-aware.
            statuses: The statuses to keep, as the remote names them; None
                keeps all.
            cursor: `next_cursor` of the page before; None for the first.
            limit: The most incidents that one page holds.

        Returns:
            At most `limit` incidents.

        Raises:
            CursorExpiredError: The cursor is expired, foreign or damaged.
            PluginCredentialsMissing: A required credential is absent.
            PluginAuthenticationFailed: The remote rejected the credentials.
            PluginUnavailableError: The remote cannot serve.
            ValueError: The window is reversed.
        """
