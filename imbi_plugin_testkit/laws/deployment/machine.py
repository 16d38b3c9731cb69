"""Law DEP100: random scripts of calls on a deployment plugin."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import shown
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import (
    Words,
    any_of,
    with_values,
)
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._store import is_typed
from imbi_plugin_testkit.laws.deployment._graphs import NAMES, story
from imbi_plugin_testkit.laws.deployment._held import (
    Started,
    release_faults,
    run_faults,
    seen_before,
)
from imbi_plugin_testkit.laws.deployment._refs import listing_faults
from imbi_plugin_testkit.laws.deployment._repository import (
    can,
    implements,
    limits_of,
    planted,
    some,
)
from imbi_plugin_testkit.laws.deployment.history import (
    compared,
    history_faults,
)
from imbi_plugin_testkit.laws.deployment.statuses import (
    NOT_EVERYWHERE,
    SAID,
    TERMINAL,
    time_faults,
)
from imbi_plugin_testkit.machines import (
    Machine,
    Skip,
    agrees,
    choice,
    earlier,
    number,
    rule,
)
from imbi_plugin_testkit.model import Untestable
from imbi_plugin_testkit.models.deployment import GraphTag

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from imbi_plugin_sdk.handlers.deployment import (
        Commit,
        DeploymentRun,
        Ref,
        RefInfo,
    )
    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.laws.deployment._repository import Repository
    from imbi_plugin_testkit.model import Finding
    from imbi_plugin_testkit.models.deployment import RemoteStatus

TYPES = ('deployment',)

TAGS = choice('v1.1', NAMES[1], 'v2.0', 'kit/v3#1')
"""Tags that scripts make; the first two are there from the beginning."""

COMMITS = choice('third', 'topic', 'first')
"""What they are made for: where those two are, and another."""

REFS = choice('trunk', NAMES[0], 'v1.1', 'v2.0', 'kit/v3#1', 'nowhere')
"""Names that scripts ask for; some are there only once they are made, one
never is."""

TEXTS = choice('one', 'two')
"""Inputs: two values, so that a run may be like an earlier one."""

NOTES = 'Notes of a *random* script'


def _implemented(method: str) -> Callable[[Lab], bool]:
    return lambda lab: implements(lab.plugin.handler, method)


class DeploymentMachine(Machine):
    """A graph of commits with refs, releases and runs.

    Attributes:
        repository: What was planted, with the tags that were made since.
        releases: Tag to the titles and flags that it was released with.
        runs: Id to run.
    """

    repository: Repository

    async def start(self) -> None:
        """Plant a repository."""
        lab = self.lab
        self.releases: dict[str, set[tuple[str, bool]]] = {}
        self.runs: dict[str, Started] = {}
        self.repository = await planted(
            lab, story(limits_of(lab)), context=self.context
        )
        self._before = await seen_before(self.repository)

    async def finish(self) -> None:
        """Read all of it, from the plugin and from the remote."""
        await self.list_refs(kind='all')
        for run in self.runs:
            await self.status(run=run)
        for law, path, message in (
            *await run_faults(self.repository, self.runs, self._before),
            *await release_faults(
                self.repository, self.releases, self._before
            ),
        ):
            raise self.diverges(law, path, message)

    # Reading --------------------------------------------------------------

    @rule(kind=choice('all', 'tag', 'branch', 'default'), weight=2)
    async def list_refs(self, kind: str) -> None:
        """List refs."""
        repository = self.repository

        async def read() -> list[Ref]:
            found: list[Ref] = await repository.ask('list_refs', kind=kind)
            return found

        refs = await self.lab.eventually(
            read,
            lambda refs: not list(listing_faults(repository, kind, refs)),
        )
        path = f'list_refs(kind={kind!r})'
        for message in listing_faults(repository, kind, refs):
            raise self.diverges('DEP008', path, message)
        names = {ref.name for ref in refs} - repository.tips().keys()
        odd = names & {'v2.0', 'kit/v3#1', 'nowhere'}
        if odd:
            message = f'{some(odd)} is there, and nobody made it.'
            message = with_values(message, sorted(names), sorted(names - odd))
            raise self.diverges('DEP009', path, message)

    @rule(ref=REFS, weight=3)
    async def resolve(self, ref: str) -> None:
        """Resolve a name that may not be there."""
        sha = self.repository.tips().get(ref)
        if sha is None:
            await self._refused('DEP004', 'resolve_committish', ref)
            return
        commit: Commit = await self.repository.ask('resolve_committish', ref)
        if commit.sha != sha:
            raise self.diverges(
                'DEP003',
                f'resolve_committish({ref!r})',
                f'it is {self.repository.label(commit.sha)!r}, and must be '
                f'{self.repository.label(sha)!r}.',
                seen=commit.sha,
                expected=sha,
            )

    @rule(ref=REFS, limit=number(1, 9))
    async def list_commits(self, ref: str, limit: int) -> None:
        """List the history of a name that may not be there."""
        sha = self.repository.tips().get(ref)
        if sha is None:
            await self._refused('DEP004', 'list_commits', ref)
            return
        commits = await self.repository.ask('list_commits', ref, limit=limit)
        head = self.repository.label(sha)
        for message in history_faults(self.repository, head, commits, limit):
            path = f'list_commits({ref!r}, limit={limit})'
            raise self.diverges('DEP005', path, message)

    @rule(base=REFS, head=REFS)
    async def compare(self, base: str, head: str) -> None:
        """Compare two names."""
        if not {base, head} <= self.repository.tips().keys():
            await self._refused('DEP004', 'compare', base, head)
            return
        async for finding in compared(self.repository, base, head):
            raise self.diverges(
                'DEP007',
                finding.path,
                finding.message,
                seen=Words(finding.seen),
                expected=Words(finding.expected),
            )

    @rule(run=earlier('run'), weight=2)
    async def status(self, run: str) -> None:
        """Look at a run that was started some time ago."""
        status = self.runs[run].status or 'queued'
        allowed = SAID[status]

        async def read() -> DeploymentRun:
            found: DeploymentRun = await self.repository.ask(
                'get_deployment_status', run
            )
            return found

        found = await self.lab.eventually(
            read, lambda found: found.status in allowed
        )
        path = 'get_deployment_status()'
        if found.run_id != run:
            message = f'it is run {shown(found.run_id)}, not {run!r}.'
            message = with_values(message, found.run_id, run)
            raise self.diverges('DEP010', path, message)
        if found.status not in allowed:
            raise self.diverges(
                'DEP012',
                path,
                f'it is {found.status!r} when the remote says {status!r}.',
                seen=found.status,
                expected=any_of(allowed),
            )
        for message in time_faults(found):
            raise self.diverges('DEP013', path, message)

    # Writing --------------------------------------------------------------

    @rule(tag=TAGS, commit=COMMITS, weight=3, when=_implemented('create_tag'))
    async def create_tag(self, tag: str, commit: str) -> None:
        """Create a tag that may be there."""
        sha, path = self.repository.shas[commit], f'create_tag({tag!r})'
        there = self.repository.tips().get(tag)
        if there is not None and there != sha:
            await self._refused('DEP008', 'create_tag', sha, tag, 'Kit')
            return
        answer = await self.repository.attempt('create_tag', sha, tag, 'Kit')
        if there is None:
            self.lab.must(answer)
            graph = self.repository.graph
            self.repository.graph = dataclasses.replace(
                graph, tags=(*graph.tags, GraphTag(tag, commit))
            )
            # What was just made may not be there for the next step.
            await self.lab.settle()
        if answer.error is not None:
            if not is_typed(answer.error):
                message = f'it raised {type(answer.error).__name__}.'
                raise self.diverges('DEP008', path, message)
            return
        made: RefInfo = answer.result
        if made.sha != sha:
            label = self.repository.label(made.sha)
            message = f'it returned {label!r}, and must return {commit!r}.'
            message = with_values(message, label, commit)
            raise self.diverges('DEP008', path, message)

    @rule(
        tag=TAGS,
        prerelease=choice(False, True),  # noqa: FBT003  values
        weight=4,
        when=_implemented('create_release'),
    )
    async def create_release(self, tag: str, *, prerelease: bool) -> None:
        """Release a tag that may not be there, or for the second time."""
        arguments = (tag, f'Release {tag}', NOTES, prerelease)
        if tag not in self.repository.tips():
            await self._refused('DEP009', 'create_release', *arguments)
            return
        answer = await self.repository.attempt('create_release', *arguments)
        if tag not in self.releases:
            self.lab.must(answer)
        elif answer.error is not None and not is_typed(answer.error):
            path = f'create_release({tag!r})'
            message = f'once more it raised {type(answer.error).__name__}.'
            raise self.diverges('DEP009', path, message)
        # With other words it may keep the old ones or take the new.
        held = self.releases.setdefault(tag, set())
        held.add((arguments[1], prerelease))

    @rule(ref=REFS, text=TEXTS, weight=4, gives='run')
    async def trigger(self, ref: str, text: str) -> str | None:
        """Start a run of a name that may not be there."""
        if ref not in self.repository.tips():
            inputs = self._inputs(text)
            await self._refused('DEP011', 'trigger_deployment', ref, inputs)
            return None
        self._must_deploy(ref)
        return await self._start(ref, text)

    @rule(ref=REFS, text=TEXTS, other=TEXTS)
    async def trigger_two(self, ref: str, text: str, other: str) -> None:
        """Start two runs at once."""
        if ref not in self.repository.tips():
            raise Skip
        self._must_deploy(ref)
        await asyncio.gather(self._start(ref, text), self._start(ref, other))

    @rule(
        run=earlier('run'),
        status=choice(
            'success', 'failure', 'in_progress', 'cancelled', 'unheard_of'
        ),
        weight=3,
        when=lambda lab: can(lab, 'advance'),
    )
    async def advance(self, run: str, status: RemoteStatus) -> None:
        """Let the remote move a run on."""
        held = self.runs[run]
        if held.status in TERMINAL:
            raise Skip
        if status == 'cancelled' and held.status is not None:
            # What was begun is cancelled in as many ways as there are
            # remotes.
            raise Skip
        try:
            await self.repository.advance(run, status)
        except Untestable:
            if status in NOT_EVERYWHERE:
                raise Skip from None
            raise
        held.status = status

    # Helpers --------------------------------------------------------------

    def _must_deploy(self, ref: str) -> None:
        """Skip the step where the remote does not take this kind of ref."""
        is_branch = ref in self.repository.graph.branches
        kind = 'branch' if is_branch else 'tag'
        if kind not in limits_of(self.lab).deployable:
            raise Skip

    def _inputs(self, text: str) -> dict[str, str]:
        return dict.fromkeys(limits_of(self.lab).inputs, text)

    async def _start(self, ref: str, text: str) -> str:
        run: DeploymentRun = await self.repository.ask(
            'trigger_deployment', ref, inputs=self._inputs(text)
        )
        if run.run_id in self.runs:
            raise self.diverges(
                'DEP015',
                f'trigger_deployment({ref!r})',
                f'it returned {run.run_id!r}, the id of another run.',
            )
        self.runs[run.run_id] = Started(ref, text)
        return run.run_id

    async def _refused(self, law: str, method: str, *args: object) -> None:
        message = await self.repository.not_refused(method, *args)
        if message:
            told = ', '.join(repr(arg) for arg in args)
            raise self.diverges(law, f'{method}({told})', f'{message}.')


@check(
    'DEP100',
    title='a random script of calls agrees with the model',
    fix='Run the printed test, and mend what the law that it names says.',
    law=True,
    machine=True,
    types=TYPES,
    requires=CALLABLE,
    needs=frozenset({'plant'}),
)
async def scripts_agree(lab: Lab) -> AsyncIterator[Finding]:
    """A repository is a graph with names on it, whatever is asked of it.

    The laws before this one are stories that somebody thought of. Faults
    that need a sequence (a name that was looked up before it was made, a
    tag that moves once it is released, the status of the newest run for that
    of an older one) are found by scripts: tags, releases, triggers, runs that
    move on, and reads of a few related names, made up from the run's seed
    and held against a model. The message names the law that is broken; the
    script is reduced to the shortest that still breaks it, and printed as a
    test to paste.
    """
    async for finding in agrees(lab, DeploymentMachine):
        yield finding
