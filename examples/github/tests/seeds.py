"""Things that only GitHub and its apps make: deployments, checks, statuses."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from tests.shapes import stamp
from tests.world import now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.world import Repo

    Json = dict[str, Any]

BASE = 'https://api.example.com'

_IDS = itertools.count(501)


def deployment(
    repo: Repo,
    sha: str,
    states: Sequence[str],
    environment: str = 'production',
    creator: Json | None = None,
) -> Json:
    """Return a deployment whose statuses came in this order."""
    number, at = next(_IDS), stamp(now())
    url = f'{BASE}/repos/{repo.owner.login}/{repo.name}/deployments/{number}'
    statuses = [
        {
            'url': f'{url}/statuses/{step}',
            'id': 1000 * number + step,
            'node_id': 'x',
            'state': state,
            'description': f'It is {state}',
            'environment_url': 'https://shop.example.com',
            'log_url': f'https://ci.example.com/{step}',
            'creator': None,
            'created_at': at,
            'updated_at': at,
            'deployment_url': url,
            'repository_url': BASE,
        }
        for step, state in enumerate(states, 1)
    ]
    return {
        'url': url,
        'id': number,
        'node_id': 'x',
        'sha': sha,
        'ref': 'main',
        'task': 'deploy',
        'payload': {},
        'environment': environment,
        'description': 'Asked for',
        'creator': creator,
        'created_at': at,
        'updated_at': at,
        'statuses_url': f'{url}/statuses',
        'repository_url': BASE,
        'statuses': statuses,
    }


def check_run(
    sha: str, conclusion: str | None = 'success', status: str = 'completed'
) -> Json:
    """Return a check run."""
    at, number = stamp(now()), next(_IDS)
    return {
        'id': number,
        'head_sha': sha,
        'node_id': 'x',
        'external_id': '',
        'url': f'{BASE}/{number}',
        'html_url': None,
        'details_url': None,
        'status': status,
        'conclusion': conclusion,
        'started_at': at,
        'completed_at': at if conclusion else None,
        'output': {
            **dict.fromkeys(('title', 'summary', 'text')),
            'annotations_count': 0,
            'annotations_url': f'{BASE}/{number}/annotations',
        },
        'name': f'check {number}',
        'check_suite': {'id': 1},
        'app': None,
        'pull_requests': [],
    }


def commit_status(
    sha: str, state: str = 'success', context: str = 'ci/lint'
) -> Json:
    """Return a commit status."""
    at = stamp(now())
    return {
        'url': f'{BASE}/statuses/{sha}',
        'avatar_url': None,
        'id': next(_IDS),
        'node_id': 'x',
        'state': state,
        'description': None,
        'target_url': None,
        'context': context,
        'created_at': at,
        'updated_at': at,
    }
