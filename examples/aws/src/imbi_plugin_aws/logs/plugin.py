"""The handler: the logs of a project, searched with Logs Insights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from imbi_plugin_ssm import answers
from imbi_plugin_ssm.settings import Credentials

from imbi_plugin_aws.logs import buckets, cursors, language
from imbi_plugin_aws.logs.client import (
    SERVICE,
    NoSuchLogGroup,
    QueryRefused,
    open_client,
)
from imbi_plugin_aws.logs.language import MAX_ROWS, Question
from imbi_plugin_aws.logs.manifest import LOGS_MANIFEST
from imbi_plugin_aws.logs.pages import Page
from imbi_plugin_aws.logs.settings import Settings
from imbi_plugin_aws.logs.windows import Window
from imbi_plugin_sdk import (
    LogHistogramBucket,
    LogResult,
    LogsPlugin,
    PluginManifest,
    PluginUnavailableError,
)

if TYPE_CHECKING:
    from imbi_plugin_aws.logs.client import Answer, InsightsClient
    from imbi_plugin_sdk import LogQuery, PluginContext


class CloudWatchLogsPlugin(LogsPlugin):
    """Searches the log groups of a project, the newest entries first.

    The window is half-open: an entry at its very end belongs to the next
    one. Cursors do not expire.
    """

    manifest: ClassVar[PluginManifest] = LOGS_MANIFEST

    async def search(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        query: LogQuery,
    ) -> LogResult:
        """Return one page of entries, the newest first.

        A page holds 10,000 entries at most, however large the limit is; a
        log group that does not exist (yet) has none, and a warning says so.

        Raises:
            PluginError: As the contract says.
            ValueError: An option, the window, the limit or a filter does not
                hold.
        """
        secrets, settings = Credentials.read(credentials), Settings.read(ctx)
        question = _question(query)
        if query.limit < 1:
            raise ValueError(
                f'The limit is {query.limit}; it must be 1 or more.'
            )
        bound_to = _binding(ctx, settings, question)
        position = None
        if query.cursor is not None:
            position = cursors.read(query.cursor, bound_to)
        page = Page(question, settings, query.limit, position)
        if not page.window.start < page.window.end:
            return LogResult(entries=[])
        text = page.query()
        async with open_client(settings, secrets) as client:
            try:
                edge = page.take(await _run(client, settings, question, text))
                if edge is not None:
                    text = page.edge_query(edge)
                    page.take_edge(
                        edge, await _run(client, settings, question, text)
                    )
            except NoSuchLogGroup:
                return _nothing(settings)
        return await page.result(bound_to)

    async def schema(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],  # noqa: ARG002  the contract's signature
    ) -> list[dict[str, Any]]:
        """Describe the fields of an entry; asks nobody.

        Filters may name other JSON fields too.

        Raises:
            ValueError: An option does not hold.
        """
        return [
            {
                'name': name,
                'type': 'string',
                'operators': ['eq', 'ne', 'contains', 'starts_with', 'regex'],
            }
            for name in language.columns(Settings.read(ctx))
        ]

    async def histogram(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        query: LogQuery,
        bucket_count: int = 60,
    ) -> list[LogHistogramBucket]:
        """Count the entries of a window, by time and by level.

        Raises:
            PluginError: As the contract says.
            ValueError: An option, the window, the number of buckets or a
                filter does not hold.
        """
        secrets, settings = Credentials.read(credentials), Settings.read(ctx)
        question = _question(query)
        if bucket_count < 1:
            raise ValueError(
                f'bucket_count is {bucket_count}; it must be 1 or more.'
            )
        window = question.window
        if not window.start < window.end:
            return []
        period = buckets.choose_period(window, bucket_count)
        text = language.count_query(question, settings, period)
        async with open_client(settings, secrets) as client:
            try:
                answer = await _run(client, settings, question, text)
            except NoSuchLogGroup:
                return []
        counts = buckets.read_counts(answer.rows, period)
        if counts is None:
            raise answers.malformed('GetQueryResults', SERVICE)
        if len(answer.rows) >= MAX_ROWS:
            raise PluginUnavailableError(
                f'The histogram has more than {MAX_ROWS} numbers, which Logs '
                'Insights does not return. Ask for a shorter window, or '
                'check the option level_field.'
            )
        return buckets.histogram(counts, window, period, bucket_count)


def _question(query: LogQuery) -> Question:
    return Question(
        Window.of(query),
        tuple(query.filters),
        language.level_names(query.levels),
    )


def _binding(
    ctx: PluginContext, settings: Settings, question: Question
) -> bytes:
    """Return what a cursor is bound to: whose logs, and the question."""
    window = question.window
    return cursors.binding(
        [
            ctx.org_slug,
            ctx.project_id,
            ctx.environment,
            settings.region,
            settings.endpoint,
            settings.log_groups,
            (window.start, window.end),
            question.levels,
            tuple((one.field, one.op, one.value) for one in question.filters),
        ]
    )


async def _run(
    client: InsightsClient,
    settings: Settings,
    question: Question,
    text: str,
) -> Answer:
    """Run a query, and say what a refusal of it means."""
    try:
        return await client.run(settings.log_groups, text, question.window)
    except QueryRefused:
        pass
    if any(one.op == 'regex' for one in question.filters):
        raise ValueError(
            'Logs Insights does not take the regular expression of a filter. '
            'It knows neither look-around nor back-references.'
        )
    raise PluginUnavailableError(
        'Logs Insights refused the query. The window may lie before the log '
        'group was made, or be longer ago than it keeps entries.'
    )


def _nothing(settings: Settings) -> LogResult:
    groups = ', '.join(settings.log_groups)
    return LogResult(
        entries=[],
        warnings=[
            f'There is no log group {groups} in {settings.region}, or not '
            'all of them.'
        ],
    )
