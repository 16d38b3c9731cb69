"""Applying a plan through a store, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk.provisioning.changes import Changes, changes_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imbi_plugin_sdk.provisioning.plan import Plan
    from imbi_plugin_sdk.provisioning.sources import PluginSource
    from imbi_plugin_sdk.provisioning.store import AsyncStore, Store


def apply(
    plan: Plan, store: Store, sources: Iterable[PluginSource] = ()
) -> Changes:
    """Do what a plan says and nothing else.

    Applying it again changes nothing.

    Args:
        plan: The plan, as it was previewed.
        store: Where to.
        sources: The plugins that were planned for. They are needed where
            icons are stored, and good to give in any case: a plan of other
            manifests is then refused.

    Returns:
        What was written; `empty` where nothing was left to do.

    Raises:
        PlanInvalid: The plan was changed since it was drafted.
        PlanBlocked: It waits for a decision of the operator's.
        PlanStale: What it was drafted from is no longer so.
    """
    with store.transaction(plan.organization) as transaction:
        changes = changes_of(plan, transaction.load(), sources)
        if not changes.empty:
            transaction.write(changes)
    return changes


async def apply_async(
    plan: Plan, store: AsyncStore, sources: Iterable[PluginSource] = ()
) -> Changes:
    """Do as `apply`, with a store that is awaited."""
    async with store.transaction(plan.organization) as transaction:
        changes = changes_of(plan, await transaction.load(), sources)
        if not changes.empty:
            await transaction.write(changes)
    return changes
