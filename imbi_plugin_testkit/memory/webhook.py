"""A webhook plugin and its sandbox, in memory.

Its actions are plain coroutine functions. Each asks what is there before it
writes, because a delivery may come twice: `open_ticket` makes one ticket per
delivery, `close_ticket` closes it, and `count_delivery`, which counts, is
documented to act each time.
"""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING, Any

import pydantic

from imbi_plugin_sdk.handlers.webhook import (
    ActionDescriptor,
    WebhookActionPlugin,
)
from imbi_plugin_sdk.manifest import (
    CredentialField,
    PluginManifest,
    PluginOption,
)
from imbi_plugin_testkit.memory import MemoryConfiguration, MemorySandbox
from imbi_plugin_testkit.models.webhook import WebhookSandbox

if TYPE_CHECKING:
    from imbi_plugin_sdk.context import PluginContext


TEXTS = ('The build failed.', 'The tests failed.')
"""What deliveries of the sandbox say, each of them twice: two events may be
alike in all but their ids."""


class TicketConfig(pydantic.BaseModel):
    """Settings of every action here."""

    model_config = pydantic.ConfigDict(extra='forbid')

    queue: str = pydantic.Field(description='The queue of tickets.')
    urgent: bool = pydantic.Field(
        default=False, description='Whether tickets are urgent.'
    )


class MemoryWebhook(WebhookActionPlugin):
    """Keeps tickets on a `MemoryServer`, correctly."""

    manifest = PluginManifest(
        slug='memory-webhook',
        name='Memory',
        description='Keeps tickets in memory.',
        plugin_type='webhook',
        options=[
            PluginOption(name='endpoint', label='Endpoint', required=True)
        ],
        credentials=[CredentialField(name='api_token', label='API token')],
    )

    @classmethod
    def actions(cls) -> list[ActionDescriptor]:
        """Return a fresh list."""
        return [
            ActionDescriptor(
                name='open_ticket',
                label='Open a ticket',
                callable=open_ticket,
                config_model=TicketConfig,
            ),
            ActionDescriptor(
                name='close_ticket',
                label='Close the ticket',
                callable=close_ticket,
                config_model=TicketConfig,
            ),
            ActionDescriptor(
                name='count_delivery',
                label='Count',
                description='Counts each delivery, also a repeated one.',
                callable=count_delivery,
                config_model=TicketConfig,
            ),
        ]


async def open_ticket(
    *,
    ctx: PluginContext,
    credentials: dict[str, str],
    external_identifier: str,
    action_config: TicketConfig,
    event: dict[str, Any],
) -> None:
    """Make a ticket that is named after the delivery, unless it is there."""
    path = ticket_path(external_identifier, action_config, event)
    if await read(ctx, credentials, path) is None:
        await write(ctx, credentials, path, {'state': 'open'})


async def close_ticket(
    *,
    ctx: PluginContext,
    credentials: dict[str, str],
    external_identifier: str,
    action_config: TicketConfig,
    event: dict[str, Any],
) -> None:
    """Write that the ticket of the delivery is closed."""
    path = ticket_path(external_identifier, action_config, event)
    await write(ctx, credentials, path, {'state': 'closed'})


async def count_delivery(
    *,
    ctx: PluginContext,
    credentials: dict[str, str],
    external_identifier: str,
    action_config: TicketConfig,
    event: dict[str, Any],  # noqa: ARG001  the contract's
) -> None:
    """Add one to the queue's count, at each delivery."""
    path = f'/{action_config.queue}/{external_identifier}/count'
    found = await read(ctx, credentials, path) or {'count': 0}
    await write(ctx, credentials, path, {'count': found['count'] + 1})


def ticket_path(
    external_identifier: str, config: TicketConfig, event: dict[str, Any]
) -> str:
    """Return where the ticket of a delivery is."""
    return f'/{config.queue}/{external_identifier}/{event["delivery"]}'


async def read(
    ctx: PluginContext, credentials: dict[str, str], path: str
) -> dict[str, Any] | None:
    """Return the item at a path, or None where there is none."""
    client = MemoryConfiguration()
    answer = await client.ask(ctx, credentials, 'POST', '/', [path])
    return next(iter(answer['items']), None)


async def write(
    ctx: PluginContext,
    credentials: dict[str, str],
    path: str,
    item: dict[str, Any],
) -> None:
    """Write the item at a path."""
    quoted = urllib.parse.quote(path)
    given = {'value': '', **item}
    client = MemoryConfiguration()
    await client.ask(ctx, credentials, 'PUT', quoted, given)


class MemoryWebhookSandbox(MemorySandbox, WebhookSandbox):
    """A sandbox of `MemoryWebhook`, with a delivery for each action."""

    repeatable = frozenset({'count_delivery'})
    distinct = frozenset({'open_ticket', 'count_delivery'})

    def __init__(self) -> None:
        """Start an empty server."""
        super().__init__()
        self._delivered = 0
        self.examples = dict.fromkeys(
            ('open_ticket', 'close_ticket', 'count_delivery'), self.delivery
        )

    def delivery(self) -> dict[str, Any]:
        """Return a delivery that was not there before."""
        self._delivered += 1
        return {
            'external_identifier': 'repository-1',
            'action_config': TicketConfig(queue='support'),
            'event': {
                'delivery': f'd{self._delivered}',
                'text': TEXTS[self._delivered // 2 % len(TEXTS)],
            },
        }
