"""Starting a workflow, exactly once, and watching its run.

Facts (GitHub documentation, "Create a workflow dispatch event" and "Workflow
runs"): a run is started for a branch or a tag; with `return_run_details` the
answer names the run, without it the answer is 204 and empty, and servers know
no such parameter; a run that is repeated keeps its id, and is another attempt.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from imbi_plugin_github import answers
from imbi_plugin_github.deployment.names import checked_ref, escaped, is_sha
from imbi_plugin_sdk import (
    DeploymentRun,
    PluginError,
    PluginTimeoutError,
    WorkflowFile,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_github.answers import Item
    from imbi_plugin_github.deployment.repository import Repository
    from imbi_plugin_github.transport import Reply

Status = Literal[
    'queued', 'in_progress', 'success', 'failure', 'cancelled', 'unknown'
]

WAITING: Mapping[str, Status] = {
    'queued': 'queued',
    'requested': 'queued',
    'waiting': 'queued',
    'pending': 'queued',
    'in_progress': 'in_progress',
}
"""Status of a run that goes on to ours."""

ENDED: Mapping[str, Status] = {
    'success': 'success',
    'failure': 'failure',
    'timed_out': 'failure',
    'startup_failure': 'failure',
    'cancelled': 'cancelled',
}
"""Conclusion of a run to ours. `neutral`, `skipped`, `stale` and
`action_required` are unknown: who knows whether anything was deployed?"""

MOST_INPUTS = 25
"""Inputs that one dispatch takes (GitHub documentation)."""

LOOKS = (0.1, 0.2, 0.4, 0.8, 1.0)
"""Seconds between two looks for a marked run, the last one again and again:
it appears within seconds, and a thousand requests are an hour's."""

SKEW = dt.timedelta(minutes=5)
"""How far clocks may differ when runs since the dispatch are asked for."""

_LONGEST_ID = 19
"""Digits of the largest 64-bit number."""


async def trigger(
    repository: Repository,
    ref: str,
    inputs: Mapping[str, str] | None,
    environment: str | None,
) -> DeploymentRun:
    """Start the workflow for a ref, and find its run.

    The request that starts it is sent once. Where its answer is lost the call
    fails, and whether a run was started is for a person to look up.

    Args:
        repository: Whose.
        ref: A branch or a tag; or a full sha that a tag names.
        inputs: Passed on verbatim.
        environment: For `environment_input`, where inputs lack it.

    Raises:
        ValueError: GitHub starts none.
        PluginTimeoutError: Whether one was started is not known.
        PluginError: As the contract says.
    """
    settings = repository.settings
    if not settings.workflow:
        raise ValueError(
            'The option workflow is empty; put the file name of the workflow '
            "that deploys in, as in 'deploy.yml'."
        )
    given = dict(inputs or {})
    if settings.environment_input and environment:
        given.setdefault(settings.environment_input, environment)
    mark = f'imbi-{secrets.token_hex(8)}' if settings.mark_input else ''
    if mark:
        given[settings.mark_input] = mark
    if len(given) > MOST_INPUTS:
        raise ValueError(
            f'{len(given)} inputs are more than the {MOST_INPUTS} that '
            'GitHub takes.'
        )
    body: dict[str, object] = {'ref': await _deployable(repository, ref)}
    if given:
        body['inputs'] = given
    if not mark:
        body['return_run_details'] = True
    workflow = escaped(settings.workflow)
    since = dt.datetime.now(dt.UTC) - SKEW
    reply = await repository.ask(
        'POST', f'actions/workflows/{workflow}/dispatches', body=body
    )
    if not reply.found:
        raise _refused(repository, reply, ref)
    if mark:
        return await _marked(repository, mark, since)
    return _told(reply)


def _refused(repository: Repository, reply: Reply, ref: str) -> Exception:
    """Return why nothing was started."""
    if b'return_run_details' in reply.content:
        return ValueError(
            'This server does not tell which run it starts, so none was '
            'started. Add an input for a mark to the workflow, show it in '
            'its run-name, and put its name into the option mark_input.'
        )
    workflow = repository.settings.workflow
    return repository.refused(reply, f'to run {workflow} for {ref[:80]!r}')


def _told(reply: Reply) -> DeploymentRun:
    """Return the run that the answer to a dispatch names."""
    if reply.status == HTTPStatus.NO_CONTENT:
        raise PluginError(
            'GitHub started a run and did not tell which. Do not try again: '
            'find it among the runs of the workflow, and set the option '
            'mark_input for the next time.'
        )
    told = reply.item('the answer to the dispatch')
    number = answers.count(told, 'workflow_run_id')
    return DeploymentRun(
        run_id=str(number), run_url=answers.maybe(told, 'html_url')
    )


async def _marked(
    repository: Repository, mark: str, since: dt.datetime
) -> DeploymentRun:
    """Look for the run with a mark until the time of the call is over.

    Raises:
        PluginTimeoutError: It did not appear, or GitHub failed.
    """
    workflow = escaped(repository.settings.workflow)
    pauses = list(reversed(LOOKS))
    while True:
        try:
            listed = await repository.items(
                f'actions/workflows/{workflow}/runs',
                'the list of runs',
                field='workflow_runs',
                event='workflow_dispatch',
                created=f'>={since:%Y-%m-%dT%H:%M:%SZ}',
            )
        except (ValueError, PluginError) as error:
            # Whatever it is, a run was started: it may not say otherwise.
            raise PluginTimeoutError(
                f'GitHub started a run with the mark {mark}, and failed when '
                'asked for its id. Look for it among the runs of the '
                'workflow. Do not try again.'
            ) from error
        for run in listed:
            if mark in (answers.maybe(run, 'display_title') or ''):
                return run_of(run)
        await asyncio.sleep(pauses.pop() if len(pauses) > 1 else pauses[0])


async def _deployable(repository: Repository, ref: str) -> str:
    """Return the branch or tag to start a run for.

    GitHub takes no sha. A tag at the sha stays there, a branch may move on
    before the run starts, and would then deploy what nobody chose.

    Raises:
        ValueError: It is a sha that no tag names.
    """
    name = checked_ref(ref)
    if not is_sha(name):
        return name
    for tag in await repository.items('tags', 'the list of tags'):
        commit = answers.inner(tag, 'commit')
        if answers.text(commit, 'sha') == name.lower():
            return answers.text(tag, 'name')
    raise ValueError(
        f'GitHub runs a workflow for a branch or a tag, and no tag names the '
        f'commit {name}. Tag it first.'
    )


async def look_up(repository: Repository, run_id: str) -> DeploymentRun:
    """Return how the first attempt of a run stands.

    Whoever repeats a run at GitHub makes another attempt; what was triggered
    from here has ended all the same (law DEP012).

    Raises:
        ValueError: There is no such run.
    """
    digits = run_id.isascii() and run_id.isdigit()
    if not digits or len(run_id) > _LONGEST_ID:
        raise ValueError(
            f'{run_id[:80]!r} is no id of a run; GitHub numbers them.'
        )
    run = run_of(
        await repository.item(
            f'actions/runs/{run_id}/attempts/1', f'the run {run_id}'
        )
    )
    if run.run_id != run_id:
        raise answers.malformed('it gave another run')
    return run


def run_of(run: Item) -> DeploymentRun:
    """Return a run; its end is when it was last changed."""
    status = status_of(run)
    started = ended = None
    if status != 'queued':
        started = answers.maybe_moment(run, 'run_started_at')
    if status in ENDED.values():
        ended = answers.moment(run, 'updated_at')
        started = min(started, ended) if started else None
    return DeploymentRun(
        run_id=answers.identifier(run),
        run_url=answers.maybe(run, 'html_url'),
        status=status,
        started_at=started,
        completed_at=ended,
    )


def status_of(run: Item) -> Status:
    """Return how a run stands; unknown where there is no word for it."""
    status = answers.maybe(run, 'status') or ''
    if status != 'completed':
        return WAITING.get(status, 'unknown')
    return ENDED.get(answers.maybe(run, 'conclusion') or '', 'unknown')


async def list_workflows(repository: Repository) -> list[WorkflowFile]:
    """Return the workflows that are there; disabled ones say so."""
    listed = await repository.items(
        'actions/workflows', 'the list of workflows', field='workflows'
    )
    return [
        WorkflowFile(
            id=answers.identifier(item),
            path=answers.text(item, 'path'),
            name=answers.text(item, 'name'),
            state=answers.text(item, 'state'),
        )
        for item in listed
        if answers.text(item, 'state') != 'deleted'
    ]
