"""Plugin type `logs`: search the logs of a project in a window of time.

The model is a set of entries and a half-open question about them (laws LOG001
to LOG017): filters and levels choose first, the limit and the cursor page
through what was chosen.
"""
# ruff: noqa: ARG002  a default takes what an override needs

import abc
import datetime as dt
from typing import Any, ClassVar, Literal, Protocol

import pydantic

from imbi_plugin_sdk.context import PluginContext
from imbi_plugin_sdk.handlers._protocol import base_class
from imbi_plugin_sdk.manifest import PluginManifest


class LogFilter(pydantic.BaseModel):
    """One condition on one field; several must all hold."""

    field: str = pydantic.Field(
        description='The `name` of one of the fields in `schema` (LOG014).'
    )
    op: Literal['eq', 'ne', 'contains', 'starts_with', 'regex'] = (
        pydantic.Field(
            description=(
                'How to compare. eq and ne partition the entries that have '
                'the field (law LOG010).'
            )
        )
    )
    value: str = pydantic.Field(
        description=(
            'What to compare with; literal but for regex: query syntax in it '
            'means nothing (law LOG011).'
        )
    )


class LogQuery(pydantic.BaseModel):
    """Which entries, and how many at once."""

    start_time: dt.datetime = pydantic.Field(
        description='Start of the window, timezone-aware, inclusive (LOG007).'
    )
    end_time: dt.datetime = pydantic.Field(
        description='End of the window, timezone-aware, not before the start.'
    )
    filters: list[LogFilter] = pydantic.Field(
        default=[], description='Conditions that must all hold (law LOG008).'
    )
    limit: int = pydantic.Field(
        default=100,
        description='The most entries that one page holds (law LOG001).',
    )
    cursor: str | None = pydantic.Field(
        default=None,
        description='`next_cursor` of the page before; None for the first.',
    )
    levels: list[str] = pydantic.Field(
        default=[],
        description=(
            'Levels to keep, chosen before the limit is applied (LOG009); '
            'empty keeps all.'
        ),
    )


class LogEntry(pydantic.BaseModel):
    """One entry; fields beyond the listed ones are kept."""

    model_config = pydantic.ConfigDict(extra='allow')

    timestamp: dt.datetime = pydantic.Field(
        description='When it was logged, timezone-aware (law ASY002).'
    )
    message: str = pydantic.Field(description='The text.')
    level: str | None = pydantic.Field(
        default=None, description='The level as the remote names it.'
    )
    raw: dict[str, Any] = pydantic.Field(
        default={}, description='The entry as the remote returned it.'
    )


class LogHistogramBucket(pydantic.BaseModel):
    """The number of entries from one instant to the next bucket's."""

    timestamp: dt.datetime = pydantic.Field(
        description='Where the bucket starts, timezone-aware, in the window.'
    )
    count: int = pydantic.Field(description='Entries in the bucket.')
    levels: dict[str, int] = pydantic.Field(
        default={}, description='Level to entries of it in the bucket.'
    )


class LogResult(pydantic.BaseModel):
    """One page of entries."""

    entries: list[LogEntry] = pydantic.Field(
        description='At most `limit`, in one direction of time (law LOG006).'
    )
    next_cursor: str | None = pydantic.Field(
        default=None,
        description='How to go on; None when exhausted (law LOG004).',
    )
    total: int | None = pydantic.Field(
        default=None,
        description='Matching entries on all pages, if known (law LOG013).',
    )
    warnings: list[str] = pydantic.Field(
        default=[],
        description='What the user should know, as that a shard is missing.',
    )


@base_class
class LogsPlugin(Protocol):
    """Searches the logs of one project and environment."""

    manifest: ClassVar[PluginManifest]

    @abc.abstractmethod
    async def search(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        query: LogQuery,
    ) -> LogResult:
        """Return one page of the entries in a window.

        Following `next_cursor` ends and yields every entry exactly once, for
        any page size and also when entries share a timestamp or arrive
        meanwhile (laws LOG002, LOG003 and LOG012).

        Args:
            ctx: Whose logs.
            credentials: Credential name to value.
            query: Window, filters, levels, limit and cursor.

        Returns:
            At most `query.limit` entries.

        Raises:
            CursorExpiredError: The cursor is expired, foreign or damaged;
                never answered with page one (law LOG005).
            PluginCredentialsMissing: A required credential is absent.
            PluginAuthenticationFailed: The remote rejected the credentials.
            PluginUnavailableError: The remote cannot serve.
            ValueError: The window is reversed, or a regex is invalid (laws
                LOG010 and LOG016).
        """

    @abc.abstractmethod
    async def schema(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[dict[str, Any]]:
        """Describe the fields that a filter may name (law LOG014).

        Args:
            ctx: Whose logs.
            credentials: Credential name to value; may be empty where the
                answer is static.

        Returns:
            One JSON-serialisable dict per field with at least `name`, unique
            and stable, and `type`.

        Raises:
            PluginError: As `search` does.
        """

    async def histogram(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        query: LogQuery,
        bucket_count: int = 60,
    ) -> list[LogHistogramBucket]:
        """Count the entries of a window in buckets of time (law LOG015).

        Implement it together with `PluginManifest.supports_histogram` (law
        LOG017).

        Args:
            ctx: Whose logs.
            credentials: Credential name to value.
            query: Window, filters and levels; limit and cursor mean nothing.
            bucket_count: The most buckets to return.

        Returns:
            Buckets in order of time, unique, inside the window. By default
            none.

        Raises:
            PluginError: As `search` does.
        """
        return []
