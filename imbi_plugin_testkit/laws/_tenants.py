"""Two tenants with something in each, for laws that keep them apart."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.laws._data_types import text_value
from imbi_plugin_testkit.sandbox import BaseSandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.laws._calls import Calls


@dataclasses.dataclass(frozen=True, slots=True)
class Tenants:
    """Contexts by name, and what only one of them holds.

    Attributes:
        contexts: Name to context; `main` is the one of `Calls`.
        marks: Name to a text that only this tenant's data holds.
    """

    contexts: Mapping[str, PluginContext]
    marks: Mapping[str, str]


async def two_tenants(lab: Lab, calls: Calls) -> Tenants:
    """Return two tenants, with data of their own where they can have any."""
    contexts = {'main': calls.context(), 'other': lab.tenant('other')}
    marks = {
        name: f'{name}{lab.rng.getrandbits(64):016x}' for name in contexts
    }
    fill = _FILL.get(lab.plugin_type)
    if fill is None or not await fill(lab, calls, contexts, marks):
        return Tenants(contexts, {})
    await lab.settle()
    return Tenants(contexts, marks)


async def _configuration(
    lab: Lab,
    calls: Calls,
    contexts: Mapping[str, PluginContext],
    marks: Mapping[str, str],
) -> bool:
    if lab.read_only:
        return False
    key: str = (await calls.own_key())['key']
    for name, context in contexts.items():

        async def delete(context: PluginContext = context) -> None:
            await lab.attempt('delete_key', key, ctx=context)

        lab.on_cleanup(delete)
        await lab.attempt(
            'set_value', key, text_value(lab, marks[name]), ctx=context
        )
    return True


async def _logs(
    lab: Lab,
    calls: Calls,
    contexts: Mapping[str, PluginContext],
    marks: Mapping[str, str],
) -> bool:
    from imbi_plugin_sdk.handlers.logs import LogEntry  # noqa: PLC0415

    del calls
    if type(lab.sandbox).seed is BaseSandbox.seed or lab.read_only:
        return False
    levels: tuple[str, ...] = getattr(lab.limits, 'levels', ('INFO',))
    at = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    for name, context in contexts.items():
        if name == 'main':
            continue  # the sandbox's own project is not the kit's to fill
        entry: Any = LogEntry(
            timestamp=at, message=marks[name], level=levels[0]
        )
        await lab.seed(context, [entry])
    return True


_FILL: Mapping[str, Any] = {'configuration': _configuration, 'logs': _logs}
"""Plugin type to what puts something into each tenant. Other types have what
their sandbox holds."""
