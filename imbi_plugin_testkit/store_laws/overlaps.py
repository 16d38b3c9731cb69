"""The law of transactions that overlap; as in `bodies`."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from imbi_plugin_sdk.provisioning import (
    Changes,
    Placement,
    apply,
    changed,
    changes_of,
    plan_install,
    plan_save,
)
from imbi_plugin_testkit.store_laws.bodies import unlike
from imbi_plugin_testkit.store_laws.samples import (
    ORGANIZATION,
    seeded,
    source,
)

if TYPE_CHECKING:
    from imbi_plugin_sdk.provisioning import Plan, Store
    from imbi_plugin_testkit.store_laws.bodies import MakeStore

OVERLAP = 0.05
"""Seconds for which one transaction waits for another: a store that locks
lets the other wait, and then this is all that the law costs."""

PATIENCE = 10.0
"""Seconds after which a transaction that waits is taken to wait for ever."""


def isolates(make_store: MakeStore) -> str:
    """Of two transactions that overlap, one at most is as it was planned."""
    before = seeded()
    eu = Placement(instance='eu')
    pairs = {
        'of one service': (
            plan_save(before, 'made-by-hand', {'issuer': None}),
            plan_save(before, 'made-by-hand', {'category': 'metrics'}),
        ),
        # They write other nodes, and each is refused after the other.
        'with two services of one slug': (
            plan_install(before, [source(template='acme-eu')]),
            plan_install(before, [source('logs')], place=eu),
        ),
    }
    for what, plans in pairs.items():
        seen = _overlap(make_store(before), plans)
        if seen:
            return f'where both make changes {what}, {seen}'
    return ''


def _overlap(store: Store, plans: tuple[Plan, Plan]) -> str:
    """Return what is wrong after both plans were applied at once."""
    before = store.load(ORGANIZATION)
    mine, theirs = (changes_of(plan, before) for plan in plans)
    done: list[Changes] = []

    def other() -> None:
        # Refused, or in vain: either way, it is not told that it was done.
        with contextlib.suppress(Exception):
            apply(plans[1], store)
            done.append(theirs)

    thread = threading.Thread(target=other, daemon=True)
    with contextlib.suppress(Exception):
        with store.transaction(ORGANIZATION) as transaction:
            transaction.load()
            thread.start()
            thread.join(OVERLAP)
            transaction.write(mine)
        done.append(mine)
    if thread.ident is None:
        return 'a transaction could not be opened and loaded'
    thread.join(PATIENCE)
    if thread.is_alive():
        return f'the second one still waits after {PATIENCE:g} s'
    if len(done) > 1:
        return 'both were told that theirs are written'
    due = changed(before, done[0]) if done else before
    return unlike(store.load(ORGANIZATION), due)
