"""Deployments as GitHub records them, whoever started them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_github import answers
from imbi_plugin_sdk import RemoteDeployment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_github.answers import Item
    from imbi_plugin_github.deployment.repository import Repository
    from imbi_plugin_sdk import DeploymentEventStatus

STATES: Mapping[str, DeploymentEventStatus] = {
    'queued': 'pending',
    'pending': 'pending',
    'waiting': 'pending',
    'in_progress': 'in_progress',
    'success': 'success',
    'failure': 'failed',
    'error': 'failed',
}
"""State of a deployment status to ours; what is not here is still pending."""

REPLACED = 'inactive'
"""State that GitHub adds to a deployment when the next one succeeds; how it
went is the state before."""


async def recent(
    repository: Repository, environments: list[str], limit: int
) -> list[RemoteDeployment]:
    """Return the newest deployments of each environment."""
    found: list[RemoteDeployment] = []
    if limit < 1:
        return found
    for environment in dict.fromkeys(environments):
        listed = await repository.items(
            'deployments',
            'the list of deployments',
            most=limit,
            environment=environment,
        )
        found += [
            await _deployment(repository, item)
            for item in listed
            # A blank one is every environment to GitHub.
            if answers.text(item, 'environment') == environment
        ]
    return found


async def _deployment(repository: Repository, item: Item) -> RemoteDeployment:
    number = answers.identifier(item)
    statuses = await repository.items(
        f'deployments/{number}/statuses', 'the list of deployment statuses'
    )
    told = next(
        (one for one in statuses if answers.text(one, 'state') != REPLACED),
        answers.Item(),
    )
    by = item.get('creator')
    creator = None if by is None else answers.item_of(by, 'the creator')
    return RemoteDeployment(
        environment=answers.text(item, 'environment'),
        sha=answers.text(item, 'sha'),
        ref=answers.maybe(item, 'ref'),
        status=STATES.get(answers.maybe(told, 'state') or '', 'pending'),
        created_at=answers.moment(item, 'created_at'),
        external_run_id=number,
        run_url=answers.maybe(told, 'log_url'),
        deployment_url=answers.maybe(told, 'environment_url'),
        description=(
            answers.maybe(told, 'description')
            or answers.maybe(item, 'description')
        ),
        creator=answers.maybe(creator, 'login') if creator else None,
        # The subject that the identity plugins of this package give.
        creator_subject=answers.identifier(creator) if creator else None,
    )
