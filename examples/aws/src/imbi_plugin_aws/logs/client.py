"""The three calls of Logs Insights: start a query, ask for it, stop it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, cast

from imbi_plugin_ssm import answers
from imbi_plugin_ssm.aws_json import JsonClient, open_http

from imbi_plugin_sdk import (
    PluginError,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_sdk.throttling import retry_at

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from imbi_plugin_ssm.settings import Credentials

    from imbi_plugin_aws.logs.settings import Settings
    from imbi_plugin_aws.logs.windows import Window

SERVICE = answers.Service(
    'CloudWatch Logs', 'logs', 'Logs_20140328', 'on the log group'
)

PAUSES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each question whether a query is done, the last for good:
most queries take a second or two, and an account may ask some five times a
second in all (service quotas, `GetQueryResults`)."""

STOP_SECONDS = 1.0
"""Seconds that a call which is given up still spends on stopping its query;
a query that nobody wants counts against the account's quota."""

_MOST = 2**53
"""The service counts in floating point, which is exact below this."""

_PENDING = frozenset({'Scheduled', 'Running', 'Unknown'})

Row = dict[str, str]
"""Name of a column to its text; a missing field has no column."""


class NoSuchLogGroup(Exception):  # noqa: N818  an answer, no fault
    """One of the log groups does not exist, or not yet."""


class QueryRefused(Exception):  # noqa: N818  who asked knows what it means
    """Logs Insights does not take the query."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """The result of a query.

    Attributes:
        rows: At most 10,000.
        matched: Entries that matched, whatever the limit; None if untold.
    """

    rows: list[Row]
    matched: int | None


@contextlib.asynccontextmanager
async def open_client(
    settings: Settings, credentials: Credentials
) -> AsyncGenerator[InsightsClient]:
    """Give a client for one call of the plugin, with one budget of time.

    Raises:
        PluginTimeoutError: The body took longer than `settings.timeout`.
    """
    async with open_http(
        settings.endpoint, settings.timeout, SERVICE.name
    ) as http:
        yield InsightsClient(http, settings, credentials)


class InsightsClient(JsonClient):
    """Runs queries; each failure is an error of the contract."""

    service: ClassVar[answers.Service] = SERVICE

    async def run(
        self, log_groups: tuple[str, ...], query: str, window: Window
    ) -> Answer:
        """Run a query to its end, or stop it when the call is given up.

        Args:
            log_groups: Names of the log groups to search.
            query: In the query language.
            window: Seconds around it bound what is scanned; the query names
                the exact instants itself.

        Raises:
            NoSuchLogGroup: One of the log groups does not exist.
            QueryRefused: The query does not hold.
            PluginError: As the contract says.
        """
        query_id = await self._start(log_groups, query, window)
        try:
            return await self._result(query_id)
        except BaseException:
            await self._stop(query_id)
            raise

    async def _start(
        self, log_groups: tuple[str, ...], query: str, window: Window
    ) -> str:
        start, end = window.seconds
        body = await self._ask(
            'StartQuery',
            {
                'logGroupNames': list(log_groups),
                'startTime': max(start, 0),
                'endTime': max(end, 0),
                'queryString': query,
            },
        )
        query_id = body.get('queryId')
        if not isinstance(query_id, str) or not query_id:
            raise answers.malformed('StartQuery', SERVICE)
        return query_id

    async def _result(self, query_id: str) -> Answer:
        for pause in _pauses():
            await asyncio.sleep(pause)
            body = await self._ask('GetQueryResults', {'queryId': query_id})
            status = body.get('status')
            if status == 'Complete':
                return _read_answer(body)
            if status == 'Timeout':
                raise PluginTimeoutError(
                    'Logs Insights gave the query up after its own limit. '
                    'Ask for a shorter window.'
                )
            if status in {'Failed', 'Cancelled'}:
                raise PluginUnavailableError(
                    f'The query of Logs Insights ended as {status}. Try '
                    'again, or ask for a shorter window.'
                )
            if status not in _PENDING:
                break
        raise answers.malformed('GetQueryResults', SERVICE)

    async def _stop(self, query_id: str) -> None:
        """Stop a query as well as one can; what is wrong was told already."""
        with contextlib.suppress(
            PluginError, answers.ServiceError, TimeoutError
        ):
            async with asyncio.timeout(STOP_SECONDS):
                await self._call('StopQuery', {'queryId': query_id})

    async def _ask(
        self, action: str, request: dict[str, Any]
    ) -> dict[str, Any]:
        try:
            return await self._call(action, request)
        except answers.ServiceError as error:
            code = error.code
        match code:
            case 'ResourceNotFoundException' if action == 'StartQuery':
                raise NoSuchLogGroup
            case 'MalformedQueryException':
                raise QueryRefused
            case 'LimitExceededException':
                raise PluginRateLimited(
                    retry_at(None, otherwise=answers.BACKOFF),
                    'The account runs as many queries of Logs Insights at '
                    'once as it may.',
                )
            case _:
                raise PluginUnavailableError(
                    f'{SERVICE.name} answered {action} with {code}.'
                )


def _pauses() -> Iterator[float]:
    yield from PAUSES
    while True:
        yield PAUSES[-1]


def _read_answer(body: dict[str, Any]) -> Answer:
    results = body.get('results')
    if not isinstance(results, list):
        raise answers.malformed('GetQueryResults', SERVICE)
    matched: object = None
    statistics = body.get('statistics')
    if isinstance(statistics, dict):
        matched = cast('dict[str, object]', statistics).get('recordsMatched')
    told = isinstance(matched, (int, float)) and 0 <= matched < _MOST
    return Answer(
        [_read_row(row) for row in cast('list[object]', results)],
        int(cast('float', matched)) if told else None,
    )


def _read_row(cells: object) -> Row:
    row: Row = {}
    if not isinstance(cells, list):
        raise answers.malformed('GetQueryResults', SERVICE)
    for cell in cast('list[object]', cells):
        data = (
            cast('dict[str, object]', cell) if isinstance(cell, dict) else {}
        )
        name, value = data.get('field'), data.get('value')
        if not isinstance(name, str) or not isinstance(value, str):
            raise answers.malformed('GetQueryResults', SERVICE)
        row[name] = value
    return row
