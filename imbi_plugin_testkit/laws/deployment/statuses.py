"""Runs on their way (DEP012 to DEP014)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import shown
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import (
    Words,
    any_of,
    with_values,
)
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws.deployment._graphs import NAMES, story
from imbi_plugin_testkit.laws.deployment._recorded import (
    check_faults,
    recorded_faults,
)
from imbi_plugin_testkit.laws.deployment._repository import (
    implements,
    limits_of,
    planted,
    some,
)
from imbi_plugin_testkit.laws.deployment.runs import started
from imbi_plugin_testkit.model import Finding, Untestable

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Iterator, Mapping

    from imbi_plugin_sdk.handlers.deployment import DeploymentRun
    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.laws.deployment._repository import Repository
    from imbi_plugin_testkit.models.deployment import (
        DeploymentLimits,
        RemoteStatus,
    )

TYPES = ('deployment',)

TERMINAL = frozenset({'success', 'failure', 'cancelled'})
"""Statuses with which a run is over."""

RANKS: Mapping[str, int] = {
    'queued': 0,
    'in_progress': 1,
    **dict.fromkeys(sorted(TERMINAL), 2),
}
"""The declared order; `unknown` has no place in it."""

PATHS: tuple[tuple[RemoteStatus, ...], ...] = (
    ('in_progress', 'success'),
    ('in_progress', 'failure'),
    ('cancelled',),
    ('unheard_of', 'success'),
)
"""What the remote does with each run."""

NO_SUCCESS = frozenset(RANKS) - {'success'} | {'unknown'}
"""What may be said of a run that did not deploy."""

SAID: Mapping[RemoteStatus, frozenset[str]] = {
    # A remote may begin a run by itself.
    'queued': frozenset({'queued', 'in_progress', 'unknown'}),
    'in_progress': frozenset({'in_progress', 'unknown'}),
    'success': frozenset({'success'}),
    'failure': frozenset({'failure'}),
    'cancelled': frozenset({'cancelled', 'failure'}),
    'unheard_of': frozenset({'unknown'}),
    **dict.fromkeys(
        ('timed_out', 'action_required', 'stale', 'skipped'), NO_SUCCESS
    ),
    'neutral': NO_SUCCESS | {'success'},
}
"""A status of the remote to what a plugin may say of it. What goes on may be
unknown; how it ended may not, or nobody would ever see the end. A service may
have no word for a run that was cancelled but that it failed. Of the ends that
the contract has no name for, only what was not deployed is no success."""

NOT_EVERYWHERE = frozenset({'cancelled', 'unheard_of'})
"""Statuses that a remote may lack; paths with them are then left out."""


@check(
    'DEP012',
    title='status moves forward, ends for good, and never guesses success',
    fix="Map the remote's statuses by a table, and what is not in it to "
    '`unknown`.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=frozenset({'plant', 'advance'}),
)
async def statuses_move_forward(lab: Lab) -> AsyncIterator[Finding]:
    """What the host shows of a deployment is how it went.

    The sandbox moves runs on: to success, to failure, to being cancelled
    before they begin, and through a status that the contract has no name
    for, which must be `unknown` and never success: an operator who is told
    that a deployment is done goes home. No status may go back in the order
    queued, in progress, ended, and an end must read the same again.
    `unknown` passes for a run on its way, not for its end. Where the sandbox
    has them (`limits.other_ends`), runs that timed out, were skipped, wait
    for a person or that nobody heard of again come after; what they are is
    free, but no success. So it is for deployments that the remote recorded
    and for what the checks of a commit say, where the plugin tells them and
    the sandbox makes them (`record_deployment`, `record_check`).
    """
    limits = limits_of(lab)
    repository = await planted(lab, story(limits))
    async for finding in recorded_faults(repository):
        yield finding
    async for finding in check_faults(repository):
        yield finding
    for path in (*PATHS, *_other_paths(limits)):
        run = await started(repository)
        seen: list[str] = [run.status]
        for message in _early(run):
            yield Finding('trigger_deployment().status', message)
        waiting = await _read(repository, run, 'queued')
        for message in _status_faults('queued', waiting.status, seen):
            yield Finding('get_deployment_status().status', message)
        seen.append(waiting.status)
        async for status, read in _along(repository, run, path):
            said = read.status
            # Once more: an end is an end.
            again = await _read(repository, run, status)
            for found in (said, again.status):
                for message in _status_faults(status, found, seen):
                    yield Finding('get_deployment_status().status', message)
                seen.append(found)


def _other_paths(
    limits: DeploymentLimits,
) -> Iterator[tuple[RemoteStatus, ...]]:
    """Yield what the remote does with runs that end in other ways."""
    for end in limits.other_ends:
        yield ('in_progress', end)


def _early(run: DeploymentRun) -> Iterator[str]:
    if run.status in TERMINAL:
        message = f'is {run.status!r} while the run waits for its turn.'
        yield with_values(message, run.status, any_of(SAID['queued']))


def _status_faults(
    status: RemoteStatus, said: str, seen: list[str]
) -> Iterator[str]:
    """Yield what is wrong with what is said of a status of the remote."""
    allowed = SAID[status]
    if said not in allowed:
        yield with_values(
            f'is {said!r} when the remote says {status!r}; it must be '
            f'{any_of(allowed)}.',
            said,
            any_of(allowed),
        )
        return
    ranks = [RANKS[one] for one in seen if one in RANKS]
    if ranks and RANKS.get(said, ranks[-1]) < max(ranks):
        message = f'went from {seen[-1]!r} back to {said!r}.'
        yield with_values(message, said, Words(f'{seen[-1]!r} or later'))
    elif TERMINAL & set(seen) and said != seen[-1]:
        yield f'was {seen[-1]!r}, an end, and is {said!r} now.'


async def _along(
    repository: Repository, run: DeploymentRun, path: tuple[RemoteStatus, ...]
) -> AsyncIterator[tuple[RemoteStatus, DeploymentRun]]:
    """Move a run along a path, and yield how it reads at each step.

    Raises:
        Untestable: The sandbox cannot move it so.
    """
    for status in path:
        try:
            await repository.advance(run.run_id, status)
        except Untestable as reason:
            if status not in NOT_EVERYWHERE:
                raise
            repository.lab.note(reason.reason)
            return
        yield status, await _read(repository, run, status)


async def _read(
    repository: Repository, run: DeploymentRun, status: RemoteStatus
) -> DeploymentRun:
    """Read a run until it says what it may, or the lag is over."""

    async def read() -> DeploymentRun:
        found: DeploymentRun = await repository.ask(
            'get_deployment_status', run.run_id
        )
        return found

    found: DeploymentRun = await repository.lab.eventually(
        read, lambda found: found.status in SAID[status]
    )
    return found


@check(
    'DEP013',
    title='completed_at is there exactly at the end, and after started_at',
    fix='Set completed_at only where the remote says that the run is over, '
    'and read both times from the remote.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=frozenset({'plant', 'advance'}),
)
async def times_are_in_order(lab: Lab) -> AsyncIterator[Finding]:
    """How long a deployment took is told from these two times.

    `completed_at` must be set exactly when the status is terminal, at each
    step of a run that succeeds, one that fails, one that is cancelled before
    it begins, and those that end in other ways, as in DEP012; and it must not
    be before `started_at`. A run need not
    tell when it started, and of one that is `unknown` nothing is asked.
    """
    repository = await planted(lab, story(limits_of(lab)))
    for path in (*PATHS, *_other_paths(limits_of(lab))):
        run = await started(repository)
        for message in time_faults(run):
            yield Finding('trigger_deployment()', message)
        async for _, read in _along(repository, run, path):
            for message in time_faults(read):
                yield Finding('get_deployment_status()', message)


def time_faults(run: DeploymentRun) -> Iterator[str]:
    """Yield what is wrong with when a run began and ended."""
    begun, ended = run.started_at, run.completed_at
    if run.status in TERMINAL and ended is None:
        yield f'has no completed_at, and is {run.status!r}, an end.'
    elif run.status in ('queued', 'in_progress') and ended is not None:
        yield f'has a completed_at, and is {run.status!r}, no end.'
    if begun is None or ended is None:
        return
    # A datetime without zone is ASY002's to find.
    aware = begun.utcoffset() is not None and ended.utcoffset() is not None
    if aware and ended < begun:
        yield with_values(
            f'completed_at {ended.isoformat()} is before started_at '
            f'{begun.isoformat()}.',
            ended,
            Words(f'{begun.isoformat()} or later'),
        )


@check(
    'DEP014',
    title='an unknown run id is a typed error, and reading writes nothing',
    fix='Raise ValueError or a PluginError for a run that the remote does not '
    'know; read with requests that change nothing.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=frozenset({'plant', 'snapshot'}),
)
async def reading_changes_nothing(lab: Lab) -> AsyncIterator[Finding]:
    """Looking at a deployment neither makes one up nor changes one.

    The host polls statuses and shows refs many times a minute. A run id that
    is not there, of the remote's own form and of another, must be a typed
    error: a made-up run that is queued would be waited for for ever. Then
    every method that reads is called, and the backend must hold what it held
    before.
    """
    repository = await planted(lab, story(limits_of(lab)))
    run = await started(repository)
    for run_id in (_alike(run.run_id, lab.rng), 'kit-no-such-run'):
        message = await repository.not_refused('get_deployment_status', run_id)
        if message:
            path = f'get_deployment_status({run_id!r})'
            yield Finding(path, f'{message}.')
    before = await lab.snapshot()
    for method, arguments in _readings(run.run_id):
        if not implements(lab.plugin.handler, method):
            continue
        # Whether it succeeds is for the laws about it to judge.
        await repository.attempt(method, **arguments)
        now = await lab.snapshot()
        if now != before:
            yield Finding(
                f'{method}()',
                f'changed what the backend holds ({_changed(before, now)}); '
                'reading must write nothing.',
            ).comparing(sorted(map(str, now)), sorted(map(str, before)))
            before = now


def _readings(run_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each method that reads, with arguments."""
    yield 'list_refs', {}
    yield 'list_refs', {'kind': 'tag', 'query': NAMES[1]}
    yield 'list_commits', {'ref': NAMES[0]}
    yield 'resolve_committish', {'committish': NAMES[1]}
    yield 'compare', {'base': 'main', 'head': 'trunk'}
    yield 'get_check_status', {'committish': 'trunk'}
    yield 'list_workflows', {}
    yield 'list_recent_deployments', {'environments': ['kit'], 'limit': 2}
    yield 'get_deployment_status', {'run_id': run_id}


def _alike(run_id: str, rng: random.Random) -> str:
    """Return an id of the same form that is not there."""
    made = ''.join(
        rng.choice('123456789')
        if char.isdigit()
        else rng.choice('abcdef')
        if char.isalpha()
        else char
        for char in run_id
    )
    # Short ids are likely to be those of other runs.
    return made if made != run_id and len(made) > 12 else f'{made}{made}99'  # noqa: PLR2004  a million million ids


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return the keys of a snapshot that changed, and no values."""
    keys = before.keys() | now.keys()
    changed = {key for key in keys if before.get(key) != now.get(key)}
    return shown(some(changed))
