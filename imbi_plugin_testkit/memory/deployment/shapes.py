"""What a `MemoryForge` says, as the contract has it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

from imbi_plugin_sdk.handlers.deployment import (
    CheckStatus,
    Commit,
    DeploymentEventStatus,
    DeploymentRun,
    Ref,
    ReleaseInfo,
    RemoteDeployment,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SHORT = 7
"""Characters of a short object name, as most services show it."""

RUN_STATUS: Mapping[
    str, Literal['queued', 'in_progress', 'success', 'failure', 'cancelled']
] = {
    'waiting': 'queued',
    'running': 'in_progress',
    'succeeded': 'success',
    'failed': 'failure',
    'cancelled': 'cancelled',
}
"""The remote's word to the contract's; every other word is `unknown`."""

EVENT_STATUS: Mapping[str, DeploymentEventStatus] = {
    'running': 'in_progress',
    'succeeded': 'success',
    'failed': 'failed',
    'cancelled': 'failed',
}
"""The same for deployments that are listed; other words are `pending`."""

CHECK_STATUS: Mapping[str, CheckStatus] = {'pass': 'pass', 'fail': 'fail'}
"""The same for what checks say; other words are `unknown`."""


class Shapes:
    """From JSON to the contract's models; a method for each decision."""

    def default_of(self, about: Mapping[str, Any]) -> str:
        """Return the name of the default branch."""
        return str(about['default_branch'])

    def branch(
        self, asked: str, item: Mapping[str, Any], default: str
    ) -> list[Ref]:
        """Return a branch as a ref, or nothing if it was not asked for.

        Args:
            asked: Which kind was asked for.
            item: The branch.
            default: Name of the default branch.
        """
        is_default = item['name'] == default
        if asked == 'default' and not is_default:
            return []
        kind: Literal['branch', 'default'] = 'branch'
        if is_default and asked != 'branch':
            kind = 'default'
        return [
            Ref(
                name=item['name'],
                kind=kind,
                sha=item['sha'],
                is_default=is_default,
            )
        ]

    def matches(self, ref: Ref, query: str | None) -> bool:
        """Return whether a ref is asked for."""
        return query is None or query.casefold() in ref.name.casefold()

    def commit(
        self, item: Mapping[str, Any], *, is_head: bool = False
    ) -> Commit:
        """Return a commit as the contract has it."""
        return Commit(
            sha=item['sha'],
            short_sha=item['sha'][:SHORT],
            message=item['message'],
            author=item['author'],
            authored_at=dt.datetime.fromisoformat(item['at']),
            is_head=is_head,
        )

    def inputs(self, inputs: dict[str, str] | None) -> dict[str, str]:
        """Return the inputs that are sent."""
        return dict(inputs or {})

    def run(self, item: Mapping[str, Any]) -> DeploymentRun:
        """Return a run as the contract has it."""
        status = self.status(item['status'])
        ended = status in ('success', 'failure', 'cancelled')
        return DeploymentRun(
            run_id=item['id'],
            status=status,
            started_at=self.time(item['started']),
            completed_at=self.time(item['ended']) if ended else None,
        )

    def status(
        self, word: str
    ) -> Literal[
        'queued', 'in_progress', 'success', 'failure', 'cancelled', 'unknown'
    ]:
        """Return the contract's word for a status of the remote."""
        return RUN_STATUS.get(word, 'unknown')

    def event_status(self, word: str) -> DeploymentEventStatus:
        """Return the contract's word for where a deployment stands."""
        return EVENT_STATUS.get(word, 'pending')

    def check(self, word: str) -> CheckStatus:
        """Return the contract's word for what checks say."""
        return CHECK_STATUS.get(word, 'unknown')

    def time(self, text: str | None) -> dt.datetime | None:
        """Return a time of the remote."""
        return None if text is None else dt.datetime.fromisoformat(text)

    def release(self, item: Mapping[str, Any]) -> ReleaseInfo:
        """Return a release as the contract has it."""
        return ReleaseInfo(
            id=item['id'],
            tag=item['tag'],
            name=item['name'],
            prerelease=item['prerelease'],
        )

    def deployment(
        self, environment: str, item: Mapping[str, Any]
    ) -> RemoteDeployment:
        """Return a run as a deployment that the remote recorded."""
        started = self.time(item['started'])
        return RemoteDeployment(
            environment=environment,
            sha=item['sha'],
            ref=item['ref'],
            status=self.event_status(item['status']),
            created_at=started or dt.datetime.now(dt.UTC),
            external_run_id=item['id'],
        )
