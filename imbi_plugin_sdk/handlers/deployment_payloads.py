"""What a deployment plugin takes and returns: refs, commits and runs."""

import datetime as dt
from typing import Literal, TypeAlias

import pydantic

CheckStatus: TypeAlias = Literal['pass', 'fail', 'warn', 'unknown']
"""What the checks of a commit say together."""

DeploymentEventStatus: TypeAlias = Literal[
    'pending', 'in_progress', 'success', 'failed', 'rolled_back'
]
"""Where a deployment stands that the remote recorded."""


class Ref(pydantic.BaseModel):
    """A name for a commit."""

    name: str = pydantic.Field(
        description='The name, without `refs/heads/` or `refs/tags/`.'
    )
    kind: Literal['branch', 'tag', 'default'] = pydantic.Field(
        description=(
            'The default branch is of kind default in a list of all, and a '
            'branch with is_default in a list of branches (law DEP001).'
        )
    )
    sha: str = pydantic.Field(
        description='The commit; an annotated tag is peeled (law DEP003).'
    )
    is_default: bool = pydantic.Field(
        default=False, description='True for the default branch.'
    )
    ahead: int | None = pydantic.Field(
        default=None, description='Commits that the default branch lacks.'
    )
    behind: int | None = pydantic.Field(
        default=None, description='Commits of the default branch it lacks.'
    )
    pr_number: int | None = pydantic.Field(
        default=None, description='The pull request of the branch.'
    )
    pr_title: str | None = pydantic.Field(
        default=None, description="The pull request's title."
    )
    pr_state: Literal['open', 'closed', 'merged'] | None = pydantic.Field(
        default=None, description="The pull request's state."
    )


class Commit(pydantic.BaseModel):
    """One commit."""

    sha: str = pydantic.Field(description='The full object name.')
    short_sha: str = pydantic.Field(
        description='A prefix of the full name, to show (law DEP003).'
    )
    message: str = pydantic.Field(description='The message.')
    author: str | None = pydantic.Field(
        default=None, description="The author's name."
    )
    authored_at: dt.datetime | None = pydantic.Field(
        default=None, description='When, timezone-aware (law ASY002).'
    )
    url: str | None = pydantic.Field(
        default=None, description='Its page at the remote.'
    )
    ci_status: CheckStatus = pydantic.Field(
        default='unknown', description='What its checks say together.'
    )
    pr_number: int | None = pydantic.Field(
        default=None, description='The pull request that brought it.'
    )
    is_head: bool = pydantic.Field(
        default=False, description='True for the tip of the ref listed.'
    )


class CompareResult(pydantic.BaseModel):
    """What `head` has and `base` has not, and the reverse."""

    base_sha: str = pydantic.Field(description='The commit of the base.')
    head_sha: str = pydantic.Field(description='The commit of the head.')
    ahead: int = pydantic.Field(
        description='Commits in head only, also when the list is truncated.'
    )
    behind: int = pydantic.Field(description='Commits in base only.')
    commits: list[Commit] = pydantic.Field(
        default=[],
        description='Commits in head only; may be truncated (law DEP007).',
    )
    files_changed: int = pydantic.Field(
        default=0, description='Files that differ.'
    )
    additions: int = pydantic.Field(default=0, description='Lines added.')
    deletions: int = pydantic.Field(default=0, description='Lines deleted.')
    pr_numbers: list[int] = pydantic.Field(
        default=[], description='The pull requests behind the commits.'
    )


class RefInfo(pydantic.BaseModel):
    """A ref that was created."""

    name: str = pydantic.Field(description='The name.')
    sha: str = pydantic.Field(description='The commit it names.')
    url: str | None = pydantic.Field(
        default=None, description='Its page at the remote.'
    )


class ReleaseInfo(pydantic.BaseModel):
    """A release that was created."""

    id: str = pydantic.Field(description='The id at the remote.')
    tag: str = pydantic.Field(description='The tag it releases.')
    name: str | None = pydantic.Field(default=None, description='The title.')
    url: str | None = pydantic.Field(
        default=None, description="Its address in the remote's API."
    )
    html_url: str | None = pydantic.Field(
        default=None, description='Its page at the remote.'
    )
    prerelease: bool = pydantic.Field(
        default=False, description='True if it is not for production.'
    )


class WorkflowFile(pydantic.BaseModel):
    """A workflow that may be triggered."""

    id: str = pydantic.Field(description='The id at the remote.')
    path: str = pydantic.Field(description='The file in the repository.')
    name: str = pydantic.Field(description='The name to show.')
    state: str = pydantic.Field(
        default='active', description='The state as the remote names it.'
    )


class DeploymentRun(pydantic.BaseModel):
    """A run that this plugin triggered."""

    run_id: str = pydantic.Field(
        description='What `get_deployment_status` takes (law DEP010).'
    )
    run_url: str | None = pydantic.Field(
        default=None, description='Its page at the remote.'
    )
    status: Literal[
        'queued', 'in_progress', 'success', 'failure', 'cancelled', 'unknown'
    ] = pydantic.Field(
        default='queued',
        description=(
            'Moves forward only; a status of the remote that has no name '
            'here is unknown, never success (law DEP012).'
        ),
    )
    started_at: dt.datetime | None = pydantic.Field(
        default=None, description='When it started, timezone-aware.'
    )
    completed_at: dt.datetime | None = pydantic.Field(
        default=None,
        description=(
            'When it ended, timezone-aware; set exactly when the status is '
            'terminal, and not before started_at (law DEP013).'
        ),
    )


class RemoteDeployment(pydantic.BaseModel):
    """A deployment that the remote recorded, whoever started it."""

    environment: str = pydantic.Field(
        description='The environment, as the caller named it.'
    )
    sha: str = pydantic.Field(description='The commit deployed.')
    ref: str | None = pydantic.Field(
        default=None, description='The ref deployed.'
    )
    status: DeploymentEventStatus = pydantic.Field(
        description='Where it stands.'
    )
    created_at: dt.datetime = pydantic.Field(
        description='When it was recorded, timezone-aware (law ASY002).'
    )
    external_run_id: str = pydantic.Field(
        description='The id at the remote, the same in every listing.'
    )
    run_url: str | None = pydantic.Field(
        default=None, description="The run's page at the remote."
    )
    deployment_url: str | None = pydantic.Field(
        default=None, description='Where what was deployed can be seen.'
    )
    description: str | None = pydantic.Field(
        default=None, description='What the remote says about it.'
    )
    creator: str | None = pydantic.Field(
        default=None, description='Who started it, as a name to show.'
    )
    creator_subject: str | None = pydantic.Field(
        default=None,
        description=(
            'Who started it, as the subject that the identity plugin of the '
            'same service gives; see `resolve_user_by_identity`.'
        ),
    )
