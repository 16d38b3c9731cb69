"""One project's log, as tests ask about it."""

from __future__ import annotations

import datetime as dt
import json

from imbi_plugin_aws import CloudWatchLogsPlugin

from imbi_plugin_sdk import LogEntry, LogQuery

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(minutes=9)
SECOND = dt.timedelta(seconds=1)


class Log:
    """One project's log, a fresh handler for every call."""

    def __init__(self, sandbox, context=None):
        self.sandbox = sandbox
        self.context = context or sandbox.context
        self.arguments = self.context, sandbox.credentials

    async def put(self, *entries):
        """Seed entries: seconds after NOW, text, and other fields."""
        await self.sandbox.seed(
            self.context,
            [
                LogEntry(
                    timestamp=NOW + seconds * SECOND, message=text, **fields
                )
                for seconds, text, fields in entries
            ],
        )

    def query(self, **fields):
        return LogQuery(
            **{
                'start_time': NOW - 100 * SECOND,
                'end_time': NOW + 100 * SECOND,
                **fields,
            }
        )

    async def search(self, **fields):
        return await CloudWatchLogsPlugin().search(
            *self.arguments, self.query(**fields)
        )

    async def texts(self, **fields):
        return [
            entry.message for entry in (await self.search(**fields)).entries
        ]

    async def pages(self, after=None, **fields):
        found = [after or await self.search(**fields)]
        while found[-1].next_cursor is not None:
            assert len(found) < 100
            found.append(
                await self.search(**fields, cursor=found[-1].next_cursor)
            )
        return found[1:] if after else found

    async def histogram(self, count=60, **fields):
        return await CloudWatchLogsPlugin().histogram(
            *self.arguments, self.query(**fields), count
        )

    def asked(self, action):
        """Return the bodies of the requests for an action."""
        return [
            json.loads(one.body)
            for one in self.sandbox.proxy.requests
            if one.headers.get('x-amz-target', '').endswith(action)
        ]


def some(count, **fields):
    return [(second, f'm{second}', fields) for second in range(count)]
