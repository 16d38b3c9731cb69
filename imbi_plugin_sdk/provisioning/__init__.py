"""Provisioning: services, icons and edges that installing a plugin makes.

::

    sources = sources_of(registry.current.entries.values())
    plan = plan_install(store.load('engineering'), sources)
    ...  # show it; an operator agrees
    apply(plan, store, sources)

Planning is pure and a plan is data: what is previewed is what is applied
(ADR 0012). No edit of an operator's is ever lost: see
`merge` for the rules, field by field.
"""

from __future__ import annotations

from imbi_plugin_sdk.provisioning.acts import (
    plan_manage,
    plan_save,
    plan_take,
    plan_unmanage,
    plan_unpin,
)
from imbi_plugin_sdk.provisioning.applying import apply, apply_async
from imbi_plugin_sdk.provisioning.changes import (
    Change,
    Changes,
    changed,
    changes_of,
)
from imbi_plugin_sdk.provisioning.errors import (
    PlanBlocked,
    PlanInvalid,
    PlanStale,
    ProvisioningError,
    ValueRefused,
)
from imbi_plugin_sdk.provisioning.fields import (
    FIELDS,
    VARIABLE_VALUES,
    render_fields,
)
from imbi_plugin_sdk.provisioning.install import plan_install, plan_upgrade
from imbi_plugin_sdk.provisioning.matching import ANYWHERE, Placement
from imbi_plugin_sdk.provisioning.plan import FORMAT_VERSION, MASK, Plan
from imbi_plugin_sdk.provisioning.sources import (
    Icon,
    PluginSource,
    icon_value,
    read_icon,
    read_source,
    sources_of,
)
from imbi_plugin_sdk.provisioning.state import State, vendor_key
from imbi_plugin_sdk.provisioning.store import (
    AsyncStore,
    AsyncTransaction,
    MemoryStore,
    Store,
    Transaction,
    check_revisions,
)
from imbi_plugin_sdk.provisioning.uninstall import plan_delete, plan_uninstall

__all__ = [
    'ANYWHERE',
    'FIELDS',
    'FORMAT_VERSION',
    'MASK',
    'VARIABLE_VALUES',
    'AsyncStore',
    'AsyncTransaction',
    'Change',
    'Changes',
    'Icon',
    'MemoryStore',
    'Placement',
    'Plan',
    'PlanBlocked',
    'PlanInvalid',
    'PlanStale',
    'PluginSource',
    'ProvisioningError',
    'State',
    'Store',
    'Transaction',
    'ValueRefused',
    'apply',
    'apply_async',
    'changed',
    'changes_of',
    'check_revisions',
    'icon_value',
    'plan_delete',
    'plan_install',
    'plan_manage',
    'plan_save',
    'plan_take',
    'plan_uninstall',
    'plan_unmanage',
    'plan_unpin',
    'plan_upgrade',
    'read_icon',
    'read_source',
    'render_fields',
    'sources_of',
    'vendor_key',
]
