"""One repository in memory: commits, refs, releases and runs."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imbi_plugin_testkit.models.deployment import (
        CheckVerdict,
        CommitGraph,
        GraphCommit,
        RemoteStatus,
    )

EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""When the first commit of every repository was made; each later one is a
minute younger than the one before."""

SHORTEST_SHA = 4
"""Characters of the shortest object name that is looked for, as in git
(core.abbrev)."""

TWIN = 8
"""Leading characters that an object name shares with its twin's."""

STATUSES: dict[RemoteStatus, str] = {
    'queued': 'waiting',
    'in_progress': 'running',
    'success': 'succeeded',
    'failure': 'failed',
    'cancelled': 'cancelled',
    'unheard_of': 'quarantined',
    'timed_out': 'overdue',
    'action_required': 'held',
    'stale': 'forgotten',
    'skipped': 'skipped',
    'neutral': 'neutral',
}
"""The remote has words of its own for statuses."""

ENDED = frozenset(STATUSES.values()) - {'waiting', 'running', 'quarantined'}

CHECKS: dict[CheckVerdict, str] = {
    'passed': 'pass',
    'failed': 'fail',
    'pending': 'running',
    'cancelled': 'cancelled',
    'timed_out': 'overdue',
    'action_required': 'held',
    'stale': 'forgotten',
    'unheard_of': 'quarantined',
}
"""And for what checks say."""


@dataclasses.dataclass(slots=True)
class Run:
    """One run.

    Attributes:
        id: Its id.
        ref: What it was started for.
        inputs: What arrived.
        found_from: When it can first be found, on the monotonic clock.
        status: The remote's word for where it stands.
        started: When it began.
        ended: When it came to its end.
    """

    id: str
    ref: str
    inputs: dict[str, str]
    found_from: float
    status: str = 'waiting'
    started: dt.datetime | None = None
    ended: dt.datetime | None = None

    @property
    def can_be_found(self) -> bool:
        """Return whether it can be found by now."""
        return time.monotonic() >= self.found_from

    def advance(self, status: RemoteStatus) -> None:
        """Move on, and note the time."""
        now = dt.datetime.now(dt.UTC)
        self.status = STATUSES[status]
        if status not in ('queued', 'cancelled', 'unheard_of'):
            self.started = self.started or now
        self.ended = now if self.status in ENDED else None

    def told(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            'id': self.id,
            'ref': self.ref,
            'inputs': self.inputs,
            'status': self.status,
            'started': self.started and self.started.isoformat(),
            'ended': self.ended and self.ended.isoformat(),
        }


class Repository:
    """A graph of commits with refs, releases and runs.

    Attributes:
        default: Name of the default branch.
        labels: Label of the graph to object name.
        commits: Object name to the graph's commit, parents before children.
        parents: Object name to those of its parents.
        branches: Name to object name.
        tags: Name to object name, of a commit or of an annotated tag.
        tag_objects: Object name of an annotated tag to that of its commit.
        releases: The releases, oldest first.
        runs: Id to run, oldest first.
        keys: Key of a request to the run that it started.
        checks: Object name to what the checks of a commit say; those of
            the others passed.
    """

    def __init__(self, path: str, graph: CommitGraph) -> None:
        self.path = path
        self.default = graph.default
        self.labels: dict[str, str] = {}
        self.commits: dict[str, GraphCommit] = {}
        self.parents: dict[str, tuple[str, ...]] = {}
        self._ages: dict[str, int] = {}
        for commit in graph.commits:
            self._add(commit)
        self.branches = {
            name: self.labels[label] for name, label in graph.branches.items()
        }
        self.tags: dict[str, str] = {}
        self.tag_objects: dict[str, str] = {}
        for tag in graph.tags:
            sha = self.labels[tag.commit]
            self.add_tag(tag.name, sha, annotated=tag.annotated)
        self.releases: list[dict[str, Any]] = []
        self.runs: dict[str, Run] = {}
        self.keys: dict[str, str] = {}
        self.checks: dict[str, str] = {}

    def _add(self, commit: GraphCommit) -> None:
        parents = tuple(self.labels[label] for label in commit.parents)
        sha = _object_name('commit', self.path, *parents, commit.label)
        if commit.twin:
            sha = self.labels[commit.twin][:TWIN] + sha[TWIN:]
        self.labels[commit.label] = sha
        self._ages[sha] = len(self.commits)
        self.commits[sha] = commit
        self.parents[sha] = parents

    def add_tag(self, name: str, sha: str, *, annotated: bool) -> None:
        """Make a tag that is not there yet."""
        if annotated:
            made = _object_name('tag', self.path, name, sha)
            self.tag_objects[made] = sha
            sha = made
        self.tags[name] = sha

    def peeled(self, sha: str) -> str:
        """Return the commit of an object."""
        return self.tag_objects.get(sha, sha)

    def resolve(self, name: str) -> list[str]:
        """Return the commits that a committish may mean.

        In git's order: a tag, a branch, an object name, the beginning of one.
        """
        for refs in (self.tags, self.branches):
            if name in refs:
                return [self.peeled(refs[name])]
        if name in self.commits or name in self.tag_objects:
            return [self.peeled(name)]
        if len(name) < SHORTEST_SHA:
            return []
        return [sha for sha in self.commits if sha.startswith(name)]

    def kind_of(self, name: str) -> str:
        """Return which kind of ref it is, or a blank."""
        if name in self.branches:
            return 'branch'
        if name in self.tags:
            return 'tag'
        return 'sha' if name in self.commits else ''

    def history(self, head: str, *, depth_first: bool) -> list[str]:
        """Return a commit and its ancestors, no parent before a child.

        Args:
            head: Object name.
            depth_first: Whether a line of commits stays together; else the
                younger one comes first.
        """
        if not depth_first:
            seen, waiting = {head}, [head]
            while waiting:
                more = set(self.parents[waiting.pop()]) - seen
                seen |= more
                waiting += more
            return sorted(seen, key=self._ages.__getitem__, reverse=True)
        order: list[str] = []
        done: set[str] = set()
        stack = [(head, False)]
        while stack:
            sha, left = stack.pop()
            if left:
                order.append(sha)
            elif sha not in done:
                done.add(sha)
                stack.append((sha, True))
                stack += [(parent, False) for parent in self.parents[sha]]
        return order[::-1]

    def told(self, sha: str) -> dict[str, Any]:
        """Return a commit as JSON has it."""
        made = EPOCH + dt.timedelta(minutes=self._ages[sha])
        return {
            'sha': sha,
            'message': self.commits[sha].message,
            'author': 'Kit',
            'at': made.isoformat(),
        }

    def start(
        self, run_id: str, ref: str, inputs: dict[str, str], *, lag: float
    ) -> Run:
        """Add a run that is found once the lag is over."""
        run = Run(run_id, ref, inputs, time.monotonic() + lag)
        self.runs[run_id] = run
        return run


def found_run(repository: Repository, run_id: str) -> Run | None:
    """Return a run that can be found by now."""
    run = repository.runs.get(run_id)
    return run if run is not None and run.can_be_found else None


def _object_name(*parts: str) -> str:
    """Return forty hexadecimal digits, as git's object names have."""
    # Nothing here is signed; the digest only has to look like a name.
    text = '\0'.join(parts).encode()
    return hashlib.sha1(text, usedforsecurity=False).hexdigest()
