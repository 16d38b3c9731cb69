"""CloudWatch Logs for the kit."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.models.logs import LogLimits, LogsSandbox
from tests.aws_sandbox import MotoSandbox

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from imbi_plugin_sdk import LogEntry, PluginContext

FIELDS = ('service', 'host')


class CloudWatchSandbox(MotoSandbox, LogsSandbox):
    """The log groups of one organization in moto; entries are JSON."""

    service = 'logs'
    limits = LogLimits(fields=FIELDS, largest_limit=10_000)

    def __init__(self) -> None:
        super().__init__()
        self.options = {'fields': ', '.join(FIELDS)}

    async def __aexit__(self, *error: object) -> None:
        """Delete the log groups below this sandbox's organization."""
        await super().__aexit__(*error)
        groups = self.moto.backend.groups
        for name in list(groups):
            if name.startswith(f'/imbi/{self.org}/'):
                del groups[name]

    async def seed(
        self, context: PluginContext, model: Sequence[LogEntry]
    ) -> None:
        """Put entries in behind the plugin's back, in two streams."""
        events: list[tuple[dt.datetime, str]] = []
        for entry in model:
            body: dict[str, Any] = {'message': entry.message}
            if entry.level is not None:
                body['level'] = entry.level
            body |= entry.model_extra or {}
            events.append((entry.timestamp, json.dumps(body)))
        for stream in range(2):
            self.put(context, events[stream::2], f'stream-{stream}')

    def put(
        self,
        context: PluginContext,
        events: Iterable[tuple[dt.datetime, str]],
        stream: str = 'stream-0',
    ) -> None:
        """Put time and text of entries into a stream, as PutLogEvents does."""
        logs, group = self.moto.backend, self.path(context)
        with contextlib.suppress(Exception):  # it is there already
            logs.create_log_group(group, {})
        with contextlib.suppress(Exception):
            logs.create_log_stream(group, stream)
        entries = [
            {'timestamp': round(when.timestamp() * 1_000), 'message': text}
            for when, text in sorted(events)
        ]
        _, rejected = logs.put_log_events(group, stream, entries)
        assert not rejected, f'too old or too new: {rejected}'
