"""GitHub's things as JSON, with every field that its description requires."""

from __future__ import annotations

import base64
import datetime as dt
from typing import TYPE_CHECKING, Any

from tests.links import COUNTS, REPO_URLS, USER_URLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.repositories import CommitInfo, Ref
    from tests.world import Repo, Run, User, Workflow

    Json = dict[str, Any]


def stamp(at: dt.datetime) -> str:
    """Return a time as GitHub writes it."""
    return at.astimezone(dt.UTC).strftime('%Y-%m-%dT%H:%M:%SZ')


def node(kind: str, key: object) -> str:
    """Return an id of the GraphQL API."""
    return base64.b64encode(f'{kind}:{key}'.encode()).decode()


class Shapes:
    """Makes JSON with links to where it was asked for.

    Attributes:
        api: Address of the API.
        web: Address of the pages.
    """

    def __init__(self, origin: str) -> None:
        self.web = origin
        self.api = f'{origin}/api/v3'

    def at(self, repo: Repo) -> str:
        """Return the address of a repository in the API."""
        return f'{self.api}/repos/{repo.owner.login}/{repo.name}'

    def page(self, repo: Repo) -> str:
        """Return the page of a repository."""
        return f'{self.web}/{repo.owner.login}/{repo.name}'

    # People and repositories ----------------------------------------------

    def user(self, user: User) -> Json:
        base = f'{self.api}/users/{user.login}'
        return {
            'login': user.login,
            'id': user.id,
            'node_id': node('User', user.id),
            'avatar_url': f'{self.web}/avatars/{user.id}',
            'gravatar_id': '',
            'html_url': f'{self.web}/{user.login}',
            'type': user.kind,
            'site_admin': False,
            **{key: f'{base}{path}' for key, path in USER_URLS.items()},
        }

    def private_user(self, user: User) -> Json:
        """The user that a token is of."""
        at = '2020-02-02T02:02:02Z'
        zeros = (
            'public_repos',
            'public_gists',
            'followers',
            'following',
            'private_gists',
            'total_private_repos',
            'owned_private_repos',
            'disk_usage',
            'collaborators',
        )
        unset = ('company', 'blog', 'location', 'email', 'hireable', 'bio')
        return {
            **self.user(user),
            'name': user.name,
            **dict.fromkeys(unset),
            **dict.fromkeys(zeros, 0),
            'created_at': at,
            'updated_at': at,
            'two_factor_authentication': True,
        }

    def minimal(self, repo: Repo) -> Json:
        base = self.at(repo)
        return {
            'id': repo.id,
            'node_id': node('Repository', repo.id),
            'name': repo.name,
            'full_name': f'{repo.owner.login}/{repo.name}',
            'owner': self.user(repo.owner),
            'private': True,
            'html_url': self.page(repo),
            'description': None,
            'fork': False,
            **{key: f'{base}{path}' for key, path in REPO_URLS.items()},
        }

    def repository(self, repo: Repo) -> Json:
        page = self.page(repo)
        at = stamp(repo.created)
        return {
            **self.minimal(repo),
            'git_url': f'git:{page.partition(":")[2]}.git',
            'ssh_url': f'git@{page.partition("//")[2]}.git',
            'clone_url': f'{page}.git',
            'svn_url': page,
            'mirror_url': None,
            'homepage': None,
            'language': None,
            'license': None,
            'default_branch': repo.default,
            **dict.fromkeys(COUNTS, 0),
            **dict.fromkeys(
                (
                    'has_projects',
                    'has_wiki',
                    'has_pages',
                    'has_discussions',
                    'archived',
                    'disabled',
                ),
                False,
            ),
            'has_issues': True,
            'pushed_at': at,
            'created_at': at,
            'updated_at': at,
        }

    # What git keeps -------------------------------------------------------

    def branch(self, repo: Repo, ref: Ref) -> Json:
        return {
            'name': ref.name.removeprefix('refs/heads/'),
            'commit': {
                'sha': ref.commit,
                'url': f'{self.at(repo)}/commits/{ref.commit}',
            },
            'protected': False,
        }

    def whole_branch(self, repo: Repo, ref: Ref, tip: CommitInfo) -> Json:
        name = ref.name.removeprefix('refs/heads/')
        base = f'{self.at(repo)}/branches/{name}'
        return {
            'name': name,
            'commit': self.commit(repo, tip),
            '_links': {'self': base, 'html': f'{self.page(repo)}/tree/{name}'},
            'protected': False,
            'protection': {'enabled': False},
            'protection_url': f'{base}/protection',
        }

    def tag(self, repo: Repo, ref: Ref) -> Json:
        name = ref.name.removeprefix('refs/tags/')
        base = self.at(repo)
        return {
            'name': name,
            'commit': {
                'sha': ref.commit,
                'url': f'{base}/commits/{ref.commit}',
            },
            'zipball_url': f'{base}/zipball/{ref.name}',
            'tarball_url': f'{base}/tarball/{ref.name}',
            'node_id': node('Ref', ref.name),
        }

    def ref(self, repo: Repo, ref: Ref) -> Json:
        base = f'{self.at(repo)}/git'
        return {
            'ref': ref.name,
            'node_id': node('Ref', ref.name),
            'url': f'{base}/{ref.name}',
            'object': {
                'type': ref.kind,
                'sha': ref.sha,
                'url': f'{base}/{ref.kind}s/{ref.sha}',
            },
        }

    def tag_object(
        self, repo: Repo, name: str, sha: str, commit: str, message: str
    ) -> Json:
        base = f'{self.at(repo)}/git'
        return {
            'node_id': node('Tag', sha),
            'tag': name,
            'sha': sha,
            'url': f'{base}/tags/{sha}',
            'message': message,
            'tagger': {
                'name': 'Kit',
                'email': 'kit@example.com',
                'date': '2025-10-09T08:53:20Z',
            },
            'object': {
                'type': 'commit',
                'sha': commit,
                'url': f'{base}/commits/{commit}',
            },
            'verification': self.unsigned(),
        }

    def unsigned(self) -> Json:
        return {
            'verified': False,
            'reason': 'unsigned',
            'signature': None,
            'payload': None,
            'verified_at': None,
        }

    def commit(self, repo: Repo, info: CommitInfo) -> Json:
        base = f'{self.at(repo)}/commits'
        page = f'{self.page(repo)}/commit'
        people = {
            role: {
                'name': name,
                'email': address,
                'date': stamp(dt.datetime.fromtimestamp(seconds, dt.UTC)),
            }
            for role, (name, address, seconds) in (
                ('author', info.author),
                ('committer', info.committer),
            )
        }
        git = f'{self.at(repo)}/git'
        return {
            'sha': info.sha,
            'node_id': node('Commit', info.sha),
            'url': f'{base}/{info.sha}',
            'html_url': f'{page}/{info.sha}',
            'comments_url': f'{base}/{info.sha}/comments',
            'commit': {
                **people,
                'message': info.message,
                'tree': {
                    'sha': info.tree,
                    'url': f'{git}/trees/{info.tree}',
                },
                'url': f'{git}/commits/{info.sha}',
                'comment_count': 0,
                'verification': self.unsigned(),
            },
            # Nobody at GitHub has these addresses.
            'author': None,
            'committer': None,
            'parents': [
                {
                    'sha': parent,
                    'url': f'{base}/{parent}',
                    'html_url': f'{page}/{parent}',
                }
                for parent in info.parents
            ],
        }

    def change(self, repo: Repo, row: tuple[int, int, str]) -> Json:
        added, deleted, name = row
        return {
            'sha': None,
            'filename': name,
            'status': 'modified' if deleted else 'added',
            'additions': added,
            'deletions': deleted,
            'changes': added + deleted,
            'blob_url': f'{self.page(repo)}/blob/HEAD/{name}',
            'raw_url': f'{self.page(repo)}/raw/HEAD/{name}',
            'contents_url': f'{self.at(repo)}/contents/{name}',
        }

    # Actions --------------------------------------------------------------

    def workflow(self, repo: Repo, flow: Workflow) -> Json:
        path = f'.github/workflows/{flow.file}'
        return {
            'id': flow.id,
            'node_id': node('Workflow', flow.id),
            'name': flow.name,
            'path': path,
            'state': flow.state,
            'created_at': stamp(repo.created),
            'updated_at': stamp(repo.created),
            'url': f'{self.at(repo)}/actions/workflows/{flow.id}',
            'html_url': f'{self.page(repo)}/blob/{repo.default}/{path}',
            'badge_url': f'{self.page(repo)}/workflows/{flow.name}/badge.svg',
        }

    def run(
        self, repo: Repo, run: Run, tip: CommitInfo, attempt: int = 0
    ) -> Json:
        """One attempt of a run; 0 is the newest."""
        number = attempt or len(run.attempts)
        at = run.attempts[number - 1]
        url = f'{self.at(repo)}/actions/runs/{run.id}'
        flow = f'{self.at(repo)}/actions/workflows/{run.workflow.id}'
        name, address, seconds = tip.author
        who = {'name': name, 'email': address}
        started = run.created if number == 1 else at['at']
        return {
            'id': run.id,
            'name': run.workflow.name,
            'node_id': node('WorkflowRun', run.id),
            'head_branch': run.ref,
            'head_sha': run.sha,
            'path': f'.github/workflows/{run.workflow.file}',
            'display_title': run.title,
            'run_number': run.number,
            'run_attempt': number,
            'event': 'workflow_dispatch',
            'status': at['status'],
            'conclusion': at['conclusion'],
            'workflow_id': run.workflow.id,
            'url': url,
            'html_url': f'{self.page(repo)}/actions/runs/{run.id}',
            'pull_requests': [],
            'created_at': stamp(run.created),
            'run_started_at': stamp(started),
            'updated_at': stamp(at['at']),
            'jobs_url': f'{url}/jobs',
            'logs_url': f'{url}/logs',
            'check_suite_url': f'{self.at(repo)}/check-suites/{run.id}',
            'artifacts_url': f'{url}/artifacts',
            'cancel_url': f'{url}/cancel',
            'rerun_url': f'{url}/rerun',
            'workflow_url': flow,
            'head_commit': {
                'id': run.sha,
                'tree_id': tip.tree,
                'message': tip.message,
                'timestamp': stamp(dt.datetime.fromtimestamp(seconds, dt.UTC)),
                'author': who,
                'committer': who,
            },
            'repository': self.minimal(repo),
            'head_repository': self.minimal(repo),
        }

    def combined(self, repo: Repo, sha: str, rows: Sequence[Json]) -> Json:
        """All statuses of a commit, the newest of each context."""
        states = {row['state'] for row in rows}
        bad = {'failure', 'error'} & states
        good = 'success' if rows and states == {'success'} else 'pending'
        return {
            'state': 'failure' if bad else good,
            'statuses': list(rows),
            'sha': sha,
            'total_count': len(rows),
            'repository': self.minimal(repo),
            'commit_url': f'{self.at(repo)}/commits/{sha}',
            'url': f'{self.at(repo)}/commits/{sha}/status',
        }
