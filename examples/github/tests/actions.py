"""Operations of the fake about workflows, their runs, and deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.api import REPO, Answer, Asked, RefusalError, missing, route
from tests.shapes import stamp

if TYPE_CHECKING:
    from tests.world import Workflow

MOST_INPUTS = 25
DISPATCH_KEYS = {'ref', 'inputs', 'return_run_details'}

# Deployments ------------------------------------------------------------


@route('GET', f'{REPO}/deployments')
def deployments(asked: Asked) -> Answer:
    wanted = asked.query.get('environment', '')
    rows = [
        row
        for row in reversed(asked.repo.deployments)
        if not wanted or row['environment'] == wanted
    ]
    hidden = {'statuses'}
    return Answer(
        [{k: v for k, v in row.items() if k not in hidden} for row in rows]
    )


@route('GET', f'{REPO}/deployments/{{number}}/statuses')
def deployment_statuses(asked: Asked, number: str) -> Answer:
    for row in asked.repo.deployments:
        if str(row['id']) == number:
            return Answer(row['statuses'][::-1])
    raise missing()


# Actions ----------------------------------------------------------------


def workflow_of(asked: Asked, workflow: str) -> Workflow:
    """Return a workflow by its file name or id.

    Raises:
        RefusalError: There is none.
    """
    for flow in asked.repo.workflows:
        if workflow in (flow.file, str(flow.id)):
            return flow
    raise missing()


@route('GET', f'{REPO}/actions/workflows')
def workflows(asked: Asked) -> Answer:
    rows = [
        asked.shapes.workflow(asked.repo, one) for one in asked.repo.workflows
    ]
    return Answer(
        {'total_count': len(rows), 'workflows': rows}, pages='workflows'
    )


@route('POST', f'{REPO}/actions/workflows/{{workflow}}/dispatches')
def dispatch(asked: Asked, workflow: str) -> Answer:
    flow, repo, body = workflow_of(asked, workflow), asked.repo, asked.body
    keys = DISPATCH_KEYS - (set() if repo.tells_runs else {DETAILS})
    strange = body.keys() - keys
    if strange:
        raise RefusalError(
            422, f'Invalid request.\n\n{sorted(strange)} not permitted keys.'
        )
    if flow.state != 'active':
        raise RefusalError(
            422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow"
        )
    ref, sha = _dispatchable(asked, body.get('ref'))
    inputs = body.get('inputs', {})
    if len(inputs) > MOST_INPUTS:
        raise RefusalError(422, 'Invalid request.\n\nToo many inputs.')
    if not all(isinstance(value, str) for value in inputs.values()):
        raise RefusalError(422, 'Invalid request.\n\nNot a string.')
    unknown = sorted(set(inputs) - set(flow.inputs))
    if unknown:
        raise RefusalError(422, f'Unexpected inputs provided: {unknown}')
    run = asked.world.start(repo, flow, ref, sha, inputs)
    if not body.get(DETAILS):
        return Answer(None, 204)
    return Answer(
        {
            'workflow_run_id': run.id,
            'run_url': f'{asked.shapes.at(repo)}/actions/runs/{run.id}',
            'html_url': f'{asked.shapes.page(repo)}/actions/runs/{run.id}',
        }
    )


DETAILS = 'return_run_details'


def _dispatchable(asked: Asked, ref: object) -> tuple[str, str]:
    """Return name and commit of a branch or tag.

    Raises:
        RefusalError: There is none of this name.
    """
    if not isinstance(ref, str):
        raise RefusalError(422, 'Invalid request.\n\n"ref" wasn\'t supplied.')
    for prefix in ('', 'refs/heads/', 'refs/tags/'):
        name = f'{prefix}{ref}'
        found = None
        if name.startswith(('refs/heads/', 'refs/tags/')):
            found = asked.repo.git.ref(name)
        if found is not None:
            return name.split('/', 2)[2], found.commit
    raise RefusalError(422, f'No ref found for: {ref}')


@route('GET', f'{REPO}/actions/workflows/{{workflow}}/runs')
def workflow_runs(asked: Asked, workflow: str) -> Answer:
    flow = workflow_of(asked, workflow)
    since = asked.query.get('created', '').removeprefix('>=')
    shown = []
    for run in reversed(asked.repo.runs.values()):
        if run.visible_after > 0:
            run.visible_after -= 1
            continue
        fits = not since or stamp(run.created) >= since
        event = asked.query.get('event', 'workflow_dispatch')
        if run.workflow is flow and fits and event == 'workflow_dispatch':
            tip = asked.repo.git.commits([run.sha])[0]
            shown.append(asked.shapes.run(asked.repo, run, tip))
    return Answer(
        {'total_count': len(shown), 'workflow_runs': shown},
        pages='workflow_runs',
    )


@route('GET', f'{REPO}/actions/runs/{{number}}')
def run(asked: Asked, number: str) -> Answer:
    return run_attempt(asked, number, '0')


@route('GET', f'{REPO}/actions/runs/{{number}}/attempts/{{attempt}}')
def run_attempt(asked: Asked, number: str, attempt: str) -> Answer:
    found = asked.repo.runs.get(int(number)) if number.isdigit() else None
    if found is None or not 0 <= int(attempt) <= len(found.attempts):
        raise missing()
    tip = asked.repo.git.commits([found.sha])[0]
    return Answer(asked.shapes.run(asked.repo, found, tip, int(attempt)))
