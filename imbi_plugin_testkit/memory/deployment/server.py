"""Repositories, releases and runs that `memory.deployment` talks to.

What `MemoryForge` answers (paths are below `/{organization}/{project}`)::

    GET  /                   the default branch
    GET  /branches?page=     names and commits, a page
    GET  /tags?page=         names and objects, which may have to be peeled
    GET  /objects/{sha}      a commit, or a tag with its target
    GET  /commit?of=         the commit of a tag, branch, sha or short sha
    GET  /commits?of=&page=  a commit and its ancestors, a page
    GET  /compare?base=&head=  both counts, and as many commits as the cap
    POST /tags               201, 409 where the name is taken
    POST /releases           201, 404 without its tag, 409 where there is one
    GET  /releases?tag=      the release of a tag
    POST /runs               the new run's id; 422 where the ref is none; the
                             same run for a `key` that was there before
    GET  /runs?page=         runs, newest first, a page
    GET  /runs/{id}          one run, once it can be found
    GET  /workflows, /checks?of=, /deployments?environment=
"""

from __future__ import annotations

import asyncio
import itertools
import json
import urllib.parse
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.memory.deployment.repository import (
    Repository,
    found_run,
)
from imbi_plugin_testkit.memory.faults import FaultyServer
from imbi_plugin_testkit.memory.server import MemoryStatusError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from imbi_plugin_testkit.models.deployment import (
        CommitGraph,
        DeploymentLimits,
    )

NOT_FOUND, CONFLICT, INVALID = 404, 409, 422


class MemoryForge(FaultyServer):
    """A remote of repositories, with pages, caps, statuses and faults.

    Attributes:
        token: The token it accepts.
        limits: Sizes of its pages, its cap, and how late runs are found.
        depth_first: Whether histories keep a line of commits together
            instead of going by time.
        repositories: Path to repository.
    """

    def __init__(
        self,
        token: str,
        limits: DeploymentLimits,
        *,
        depth_first: bool = False,
    ) -> None:
        super().__init__('memory-forge://{}')
        self.token = token
        self.limits = limits
        self.depth_first = depth_first
        self.repositories: dict[str, Repository] = {}
        self.ids = itertools.count(1_000)

    def plant(self, path: str, graph: CommitGraph) -> Mapping[str, str]:
        """Make a repository anew; return label to object name."""
        repository = Repository(path, graph)
        self.repositories[path] = repository
        return dict(repository.labels)

    async def request(
        self, verb: str, url: str, *, token: str, body: object = None
    ) -> str:
        """Answer one request with JSON text.

        Args:
            verb: GET or POST.
            url: Path and query, both URL-encoded.
            token: The caller's token.
            body: What is posted.

        Raises:
            MemoryStatusError: 401, 403, 404, 409, 422, 429, 500 or 503.
            OSError: It cannot be reached, or the connection broke.
        """
        self.urls.append(f'{verb} {self.address}{url}')
        await asyncio.sleep(0)
        self.refuse()
        if self.status is not None:
            raise MemoryStatusError(self.status)
        if token != self.token:
            raise MemoryStatusError(401)
        text = json.dumps(self._answer(verb, url, body))
        # From here on it is done, whatever becomes of the answer.
        await self.lose()
        return self.spoiled(text)

    def _answer(self, verb: str, url: str, body: object) -> object:
        path, _, query = url.partition('?')
        _, organization, project, what, *rest = [
            urllib.parse.unquote(part) for part in f'{path}//'.split('/')
        ]
        repository = self.repositories.get(f'{organization}/{project}')
        if repository is None:
            raise MemoryStatusError(NOT_FOUND)
        facts = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        if rest[0]:
            facts['name'] = rest[0]
        answer = ROUTES.get((verb, what))
        if answer is None:
            raise MemoryStatusError(NOT_FOUND)
        given: Any = body
        return answer(self, repository, {**facts, **(given or {})})

    # Answers --------------------------------------------------------------

    def page(
        self, items: list[Any], facts: Mapping[str, Any], size: int
    ) -> dict[str, Any]:
        """Return one page of items and the number of the next."""
        number = int(facts.get('page', 1))
        start = (number - 1) * size
        more = len(items) > start + size
        return {
            'items': items[start : start + size],
            'next': number + 1 if more else None,
        }

    def about(self, repository: Repository, facts: Any) -> dict[str, Any]:  # noqa: ANN401, ARG002  JSON; one signature for all answers
        """Tell about the repository."""
        return {'default_branch': repository.default}

    def branches(self, repository: Repository, facts: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """List branches."""
        items = [
            {'name': name, 'sha': sha}
            for name, sha in sorted(repository.branches.items())
        ]
        return self.page(items, facts, self.limits.page_size)

    def tags(self, repository: Repository, facts: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """List tags with their objects."""
        items = [
            {
                'name': name,
                'object': sha,
                'type': 'tag' if sha in repository.tag_objects else 'commit',
            }
            for name, sha in sorted(repository.tags.items())
        ]
        return self.page(items, facts, self.limits.page_size)

    def object(self, repository: Repository, facts: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """Tell what an object is."""
        sha = facts.get('name', '')
        if sha in repository.tag_objects:
            target = repository.tag_objects[sha]
            return {'type': 'tag', 'target': target}
        if sha in repository.commits:
            return {'type': 'commit', 'target': sha}
        raise MemoryStatusError(NOT_FOUND)

    def commit(self, repository: Repository, facts: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """Resolve a committish."""
        return repository.told(self._resolved(repository, facts['of']))

    def commits(self, repository: Repository, facts: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """List a history, its head first."""
        head = self._resolved(repository, facts['of'])
        history = repository.history(head, depth_first=self.depth_first)
        items = [repository.told(sha) for sha in history]
        return self.page(items, facts, self.limits.commits_page)

    def compare(self, repository: Repository, facts: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """Compare two commits; oldest first, as far as the cap goes."""
        base = self._resolved(repository, facts['base'])
        head = self._resolved(repository, facts['head'])
        ours = repository.history(head, depth_first=False)
        theirs = repository.history(base, depth_first=False)
        ahead = [sha for sha in ours if sha not in set(theirs)]
        behind = [sha for sha in theirs if sha not in set(ours)]
        listed = ahead[::-1][: self.limits.compare_cap]
        return {
            'base': base,
            'head': head,
            'ahead': len(ahead),
            'behind': len(behind),
            'commits': [repository.told(sha) for sha in listed],
        }

    def tag(self, repository: Repository, facts: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """Create a tag; with a message it is an object of its own."""
        name, sha = facts['name'], facts['sha']
        if sha not in repository.commits:
            raise MemoryStatusError(INVALID)
        if name in repository.tags:
            raise MemoryStatusError(CONFLICT)
        repository.add_tag(name, sha, annotated=bool(facts.get('message')))
        return {'name': name, 'sha': sha}

    def release(self, repository: Repository, facts: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """Release a tag."""
        tag = facts['tag']
        if tag not in repository.tags:
            raise MemoryStatusError(NOT_FOUND)
        if any(held['tag'] == tag for held in repository.releases):
            raise MemoryStatusError(CONFLICT)
        held = {'id': str(next(self.ids)), **facts}
        repository.releases.append(held)
        return held

    def released(self, repository: Repository, facts: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """Return the release of a tag."""
        for held in repository.releases:
            if held['tag'] == facts['tag']:
                return held
        raise MemoryStatusError(NOT_FOUND)

    def start(self, repository: Repository, facts: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """Start a run of a branch, a tag or a commit."""
        key, ref = facts.get('key'), facts['ref']
        if key in repository.keys:
            return {'id': repository.keys[key]}
        kind = repository.kind_of(ref)
        if kind not in self.limits.deployable:
            raise MemoryStatusError(INVALID)
        run = repository.start(
            str(next(self.ids)),
            ref,
            dict(facts.get('inputs') or {}),
            lag=self.limits.trigger_lag,
        )
        if key:
            repository.keys[key] = run.id
        return {'id': run.id}

    def runs(self, repository: Repository, facts: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """Return one run that can be found, or list all that can."""
        if 'name' in facts:
            run = found_run(repository, facts['name'])
            if run is None:
                raise MemoryStatusError(NOT_FOUND)
            return run.told()
        found = [
            run.told() for run in repository.runs.values() if run.can_be_found
        ]
        return self.page(found[::-1], facts, self.limits.page_size)

    def workflows(self, repository: Repository, facts: Any) -> dict[str, Any]:  # noqa: ANN401, ARG002  JSON; one signature for all answers
        """List the only workflow."""
        return {'items': [{'id': '1', 'path': 'deploy.yml', 'name': 'Deploy'}]}

    def checks(self, repository: Repository, facts: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """Tell what the checks of a commit say together."""
        sha = self._resolved(repository, facts['of'])
        return {'sha': sha, 'all': repository.checks.get(sha, 'pass')}

    def deployments(
        self,
        repository: Repository,
        facts: Any,  # noqa: ANN401  JSON
    ) -> dict[str, Any]:
        """List the runs for an environment, newest first."""
        found = [
            {**run.told(), 'sha': repository.resolve(run.ref)[0]}
            for run in reversed(repository.runs.values())
            if run.inputs.get('environment') == facts['environment']
        ]
        return {'items': found[: int(facts['limit'])]}

    def _resolved(self, repository: Repository, name: str) -> str:
        found = repository.resolve(name)
        if len(found) != 1:
            raise MemoryStatusError(INVALID if found else NOT_FOUND)
        return found[0]


ROUTES: Mapping[
    tuple[str, str], Callable[[MemoryForge, Repository, Any], object]
] = {
    ('GET', ''): MemoryForge.about,
    ('GET', 'branches'): MemoryForge.branches,
    ('GET', 'tags'): MemoryForge.tags,
    ('GET', 'objects'): MemoryForge.object,
    ('GET', 'commit'): MemoryForge.commit,
    ('GET', 'commits'): MemoryForge.commits,
    ('GET', 'compare'): MemoryForge.compare,
    ('POST', 'tags'): MemoryForge.tag,
    ('POST', 'releases'): MemoryForge.release,
    ('GET', 'releases'): MemoryForge.released,
    ('POST', 'runs'): MemoryForge.start,
    ('GET', 'runs'): MemoryForge.runs,
    ('GET', 'workflows'): MemoryForge.workflows,
    ('GET', 'checks'): MemoryForge.checks,
    ('GET', 'deployments'): MemoryForge.deployments,
}
