"""An incidents plugin and its sandbox, in memory.

The remote is a `MemoryServer` that keeps incidents in order of time and gives
them page by page, without knowing of windows or statuses: the plugin reads on
until its own page is full. Cursors are kept at the remote, as search contexts
are at many real ones: what the user holds is a name that cannot be guessed or
changed, and that is gone when it is expired.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import urllib.parse
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.errors import CursorExpiredError
from imbi_plugin_sdk.handlers.incidents import (
    IncidentResult,
    IncidentsPlugin,
    IncidentView,
)
from imbi_plugin_sdk.manifest import (
    CredentialField,
    PluginManifest,
    PluginOption,
)
from imbi_plugin_testkit.memory import MemorySandbox
from imbi_plugin_testkit.memory.asking import AsksServer
from imbi_plugin_testkit.models.incidents import (
    IncidentLimits,
    IncidentsSandbox,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from imbi_plugin_sdk.context import PluginContext

CURSORS = '/cursors/'
"""Where cursors are at the remote."""

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class MemoryIncidents(AsksServer, IncidentsPlugin):
    """Lists incidents of a `MemoryServer`, correctly."""

    manifest = PluginManifest(
        slug='memory-incidents',
        name='Memory',
        description='Lists incidents in memory.',
        plugin_type='incidents',
        options=[
            PluginOption(name='endpoint', label='Endpoint', required=True)
        ],
        credentials=[CredentialField(name='api_token', label='API token')],
    )

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
        """Return one page, oldest first."""
        if end_time < start_time:
            raise ValueError('the window ends before it starts')
        question = {
            'project': ctx.project_slug,
            'start': self.since(start_time),
            'end': microseconds(end_time),
            'statuses': None if statuses is None else sorted(statuses),
        }
        after = ''
        if cursor is not None:
            after = await self.opened(ctx, credentials, question, cursor)
        found: list[dict[str, Any]] = []
        async for item in self.items(ctx, credentials, question, after):
            found.append(item)
            if len(found) > limit:
                break
        shown = found[:limit]
        following = None
        if self.more(found, limit):
            position = self.position(shown)
            following = await self.kept(ctx, credentials, question, position)
        return IncidentResult(
            incidents=[self.to_view(item) for item in shown],
            next_cursor=following,
        )

    # What a handler that is wrong in one place overrides ------------------

    def since(self, start_time: dt.datetime) -> int:
        """Return the first instant of a window."""
        return microseconds(start_time)

    def more(self, found: Sequence[Mapping[str, Any]], limit: int) -> bool:
        """Return whether there are more than fit on the page."""
        return len(found) > limit

    def position(self, shown: Sequence[Mapping[str, Any]]) -> str:
        """Return where the page ended: a path, which is unique."""
        return str(shown[-1]['path'])

    def in_question(
        self, item: Mapping[str, Any], question: Mapping[str, Any]
    ) -> bool:
        """Return whether an incident is asked for."""
        statuses = question['statuses']
        return question['start'] <= item['at'] < question['end'] and (
            statuses is None or item['status'] in statuses
        )

    async def items(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        question: Mapping[str, Any],
        after: str,
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the incidents that are asked for, behind a path."""
        prefix = f'/incidents/{question["project"]}/'
        at: str | None = after
        while at is not None:
            query = urllib.parse.urlencode({'after': at})
            url = f'{urllib.parse.quote(prefix)}?{query}'
            answer = await self.ask(ctx, credentials, 'GET', url)
            for item in answer['items']:
                if self.in_question(item, question):
                    yield item
            at = answer['after']

    async def kept(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        question: Mapping[str, Any],
        position: str,
    ) -> str:
        """Have the remote keep a position, and return its name.

        The name is a digest of what is kept, so that the same page gives the
        same cursor.
        """
        kept = json.dumps([question, position])
        name = hashlib.sha256(kept.encode()).hexdigest()
        item = {'value': '', 'question': question, 'position': position}
        await self.ask(ctx, credentials, 'PUT', CURSORS + name, item)
        return name

    async def opened(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        question: Mapping[str, Any],
        cursor: str,
    ) -> str:
        """Return the position that a cursor names.

        Raises:
            CursorExpiredError: The remote does not know it, or it belongs
                to another question.
        """
        paths = [CURSORS + cursor]
        answer = await self.ask(ctx, credentials, 'POST', '/', paths)
        for item in answer['items']:
            if item['question'] == question:
                return str(item['position'])
        raise CursorExpiredError('the cursor is expired, or not of this list')

    def to_view(self, item: Mapping[str, Any]) -> IncidentView:
        """Return an incident as the contract has it."""
        number = item['path'].rpartition('/')[2]
        return IncidentView(
            id=number,
            title=item['title'],
            status=item['status'],
            urgency=item['urgency'],
            created_at=EPOCH + dt.timedelta(microseconds=item['at']),
            resolved_at=item['resolved_at'],
            url=f'https://memory.example.com/incidents/{number}',
            service=item['service'],
        )


def microseconds(instant: dt.datetime) -> int:
    """Return an instant as the remote counts."""
    return (instant - EPOCH) // dt.timedelta(microseconds=1)


class MemoryIncidentsSandbox(MemorySandbox, IncidentsSandbox):
    """A sandbox of `MemoryIncidents`."""

    def __init__(self, limits: IncidentLimits | None = None) -> None:
        """Start a server without incidents."""
        super().__init__(limits or IncidentLimits())
        self._numbers = itertools.count(1)

    async def seed(
        self, context: PluginContext, model: Sequence[IncidentView]
    ) -> None:
        """Add incidents to a project."""
        for view in model:
            at = microseconds(view.created_at)
            name = f'{at:020}-{next(self._numbers):08}'
            item = {
                **view.model_dump(mode='json', exclude={'id', 'url'}),
                'at': at,
                'modified': '',
            }
            self.server.write(
                f'/incidents/{context.project_slug}/{name}', item
            )

    async def expire_cursors(self) -> None:
        """Forget every cursor."""
        for path, _ in [*self.server.items()]:
            if path.startswith(CURSORS):
                self.server.write(path, None)

    async def snapshot(self) -> Mapping[str, Any]:
        """Return the incidents; cursors come and go."""
        return {
            path: item
            for path, item in (await super().snapshot()).items()
            if not path.startswith(CURSORS)
        }
