"""What a plugin says of deployments and checks that others made."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, cast

from imbi_plugin_testkit.comparing import any_of
from imbi_plugin_testkit.laws.deployment._repository import can, implements
from imbi_plugin_testkit.model import Finding, Untestable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from imbi_plugin_sdk.handlers.deployment import RemoteDeployment
    from imbi_plugin_testkit.laws.deployment._repository import Repository
    from imbi_plugin_testkit.models.deployment import (
        CheckVerdict,
        RecordedStatus,
    )

RECENT, CHECKS = 'list_recent_deployments', 'get_check_status'

UNDER_WAY = frozenset({'pending', 'in_progress'})
FAILED = frozenset({'failed', 'rolled_back'})

RECORDED: Mapping[RecordedStatus, frozenset[str]] = {
    'unheard_of': UNDER_WAY | FAILED,
    'queued': UNDER_WAY,
    'in_progress': UNDER_WAY,
    'failure': FAILED,
    'cancelled': UNDER_WAY | FAILED,
    'success': frozenset({'success'}),
}
"""Where a recorded deployment stands to what a plugin may say of it. The
contract has no word for one that was cancelled, and none for not knowing."""

NO_PASS = frozenset({'fail', 'warn', 'unknown'})

SAID: Mapping[CheckVerdict, frozenset[str]] = {
    'unheard_of': NO_PASS,
    'failed': NO_PASS,
    'pending': NO_PASS,
    'cancelled': NO_PASS,
    'timed_out': NO_PASS,
    'action_required': NO_PASS,
    'stale': NO_PASS,
    'passed': frozenset({'pass', 'unknown'}),
}
"""What checks say to what a plugin may say of them: `pass` is for those that
passed. To say too little is the plugin's choice, also by default."""


async def recorded_faults(repository: Repository) -> AsyncIterator[Finding]:
    """Yield where a recorded deployment is told wrongly (DEP012).

    Each is of a commit of its own, by which it is known again.

    Raises:
        Untestable: The sandbox fails.
    """
    lab = repository.lab
    if not implements(lab.plugin.handler, RECENT):
        return
    if not can(lab, 'record_deployment'):
        lab.note(f'{RECENT} is not judged: override `record_deployment`')
        return
    environment = repository.context.environment or 'production'
    made: dict[str, RecordedStatus] = {}
    for sha, status in zip(repository.shas.values(), RECORDED, strict=False):
        try:
            with lab.blaming(f'record_deployment({status})'):
                await repository.sandbox.record_deployment(
                    repository.context, environment, sha, status
                )
        except Untestable as reason:
            lab.note(reason.reason)
        else:
            made[sha] = status
    await lab.settle()

    async def read() -> list[RemoteDeployment]:
        found = await repository.ask(RECENT, [environment], limit=len(made))
        return cast('list[RemoteDeployment]', found)

    found = await lab.eventually(
        read, lambda found: {one.sha for one in found} >= made.keys()
    )
    for one in found:
        stands = made.get(one.sha)
        if stands is not None and one.status not in RECORDED[stands]:
            yield Finding(
                f'{RECENT}().status',
                f'is {one.status!r} when the remote says {stands!r}; it must '
                f'be {any_of(RECORDED[stands])}.',
            ).comparing(one.status, any_of(RECORDED[stands]))
    succeeded = {sha for sha, status in made.items() if status == 'success'}
    if not succeeded <= {one.sha for one in found}:
        yield Finding(
            f'{RECENT}()',
            f'{len(made)} deployments were recorded for {environment!r}, and '
            f'with limit={len(made)} the one that succeeded did not come; the '
            'newest ones must.',
        )


async def check_faults(repository: Repository) -> AsyncIterator[Finding]:
    """Yield where what checks say is told wrongly (DEP012).

    Raises:
        Untestable: The sandbox fails.
    """
    lab = repository.lab
    if not implements(lab.plugin.handler, CHECKS):
        return
    if not can(lab, 'record_check'):
        lab.note(f'{CHECKS} is not judged: override `record_check`')
        return
    for sha, verdict in zip(repository.shas.values(), SAID, strict=False):
        try:
            with lab.blaming(f'record_check({verdict})'):
                await repository.sandbox.record_check(
                    repository.context, sha, verdict
                )
        except Untestable as reason:
            lab.note(reason.reason)
            continue
        await lab.settle()
        allowed = SAID[verdict]
        read = functools.partial(repository.ask, CHECKS, sha)
        said = await lab.eventually(read, allowed.__contains__)
        if said not in allowed:
            yield Finding(
                f'{CHECKS}()',
                f'is {said!r} when the checks of the commit say {verdict!r}; '
                f'it must be {any_of(allowed)}.',
            ).comparing(said, any_of(allowed))
