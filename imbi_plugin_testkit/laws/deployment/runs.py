"""Starting runs (DEP010, DEP011 and DEP015)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import counted, shown
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import (
    NOTHING,
    Words,
    with_values,
    worded,
)
from imbi_plugin_testkit.lab.sandbox_side import CannotBreakError
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._store import is_typed
from imbi_plugin_testkit.laws._values import PLAIN, values_within
from imbi_plugin_testkit.laws.deployment._graphs import NAMES, story
from imbi_plugin_testkit.laws.deployment._repository import (
    limits_of,
    planted,
)
from imbi_plugin_testkit.model import Finding
from imbi_plugin_testkit.sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from imbi_plugin_sdk.handlers.deployment import DeploymentRun
    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.laws.deployment._repository import Repository
    from imbi_plugin_testkit.models.deployment import (
        DeploymentLimits,
        RemoteRun,
    )

TYPES = ('deployment',)
NEEDS = frozenset({'plant', 'runs'})

LOST = (Fault.RESET, Fault.TRUNCATED, Fault.MALFORMED, Fault.HANG)
"""Faults after which nobody knows whether a run was started."""

PATIENCE = 5.0
"""Seconds for a trigger whose answer is lost: the third attempt of urllib3's
usual backoff comes after four, and a plugin that is made impatient gives up
within one."""

AT_ONCE = 5
"""Triggers at the same time: more than the two that a lock taken too late
lets through by chance."""


def chosen(repository: Repository) -> dict[str, str]:
    """Return what is deployed, a ref of each kind that the remote takes.

    Returns:
        The kind of ref to the ref; none of them is the default branch's tip.
    """
    names = {
        'branch': NAMES[0],
        'tag': 'v1.1',
        'sha': repository.shas['topic'],
    }
    kinds = limits_of(repository.lab).deployable
    return {kind: names[kind] for kind in kinds}


def plain_inputs(limits: DeploymentLimits) -> dict[str, str]:
    """Return a plain value for every input of a run."""
    return dict.fromkeys(limits.inputs, PLAIN)


async def started(
    repository: Repository, ref: str | None = None
) -> DeploymentRun:
    """Start a run that must start.

    Raises:
        HandlerFailed: It did not.
    """
    ref = ref or next(iter(chosen(repository).values()))
    inputs = plain_inputs(limits_of(repository.lab))
    run: DeploymentRun = await repository.ask(
        'trigger_deployment', ref, inputs=inputs
    )
    return run


@check(
    'DEP010',
    title='a trigger starts exactly one run, whose id the next call finds',
    fix='Send the request once, and never again when its answer is lost; '
    'return the id only when the remote finds the run by it.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS | {'fault'},
)
async def one_trigger_is_one_run(lab: Lab) -> AsyncIterator[Finding]:
    """Whoever clicks once deploys once, and can watch it.

    A branch, a tag and a sha are deployed, as far as the remote takes them
    (`limits.deployable`), none of them the default branch's tip. The id that
    comes back must be found by the next status call, and exactly one run must
    be at the remote, of that id and for that ref. Then the answer to a
    trigger is lost: the connection is reset, the body cut or garbled, or,
    where the plugin can be made to give up soon (`impatient`), nothing comes.
    Whether a run started is then unknown, and the one answer is an error; a
    handler, or a library below it, that tries again deploys twice. An attempt
    with a key by which the remote tells repetitions passes, since one run
    appears.
    """
    repository = await planted(lab, story(limits_of(lab)))
    for kind, ref in chosen(repository).items():
        path = f'trigger_deployment({ref!r})'
        before = {run.run_id for run in await repository.runs()}
        run = await started(repository, ref)
        async for finding in _not_found(repository, path, run.run_id):
            yield finding
        new = [r for r in await repository.runs() if r.run_id not in before]
        for message in _run_faults(repository, new, run.run_id, ref):
            yield Finding(path, worded(f'of a {kind}: {message}', message))
    tried = await _losing(repository)
    for fault, count, answer in tried:
        path = f'trigger_deployment() under {fault}'
        if count > 1:
            yield Finding(
                path,
                f'the answer was lost, and {counted(count, "run")} appeared; '
                'there may be one, and no second attempt.',
            ).comparing(count, Words('at most 1'))
        if answer is not None and answer.error is None:
            async for finding in _not_found(
                repository, path, answer.result.run_id
            ):
                yield finding
    if tried and not any(count for _, count, _ in tried):
        lab.note('no trigger got through to the remote while faults lasted')


async def _not_found(
    repository: Repository, path: str, run_id: str
) -> AsyncIterator[Finding]:
    """Yield where the next status call does not find a run."""
    status = await repository.attempt('get_deployment_status', run_id)
    if status.error is not None:
        told = described(status.error, repository.lab.secrets)
        yield Finding(
            path,
            f'returned run_id={shown(run_id)}, and the next '
            f'get_deployment_status raised {told}; it must find the run.',
        )
    elif status.result.run_id != run_id:
        yield Finding(
            path,
            f'returned run_id={shown(run_id)}, and the next '
            f'get_deployment_status run_id={shown(status.result.run_id)}; '
            'both must be the same.',
        ).comparing(status.result.run_id, run_id)


def _run_faults(
    repository: Repository, new: Sequence[RemoteRun], run_id: str, ref: str
) -> Iterator[str]:
    if len(new) != 1:
        message = f'{counted(len(new), "run")} appeared; there must be one.'
        yield with_values(message, [run.run_id for run in new], [run_id])
        return
    if new[0].run_id != run_id:
        yield with_values(
            f'run {new[0].run_id!r} appeared, and {run_id!r} was returned; '
            'the id must be that of the run.',
            run_id,
            new[0].run_id,
        )
    names = {ref, repository.tips().get(ref, ref)}
    names |= {f'refs/heads/{ref}', f'refs/tags/{ref}'}
    names |= {f'heads/{ref}', f'tags/{ref}'}
    # A remote that deploys names only may need one for a sha.
    at = {name for name, sha in repository.tips().items() if sha in names}
    if new[0].ref not in names | at:
        message = f'the run is for {shown(new[0].ref)}, and not for {ref!r}.'
        yield with_values(message, new[0].ref, ref)


async def _losing(
    repository: Repository,
) -> list[tuple[Fault, int, Answer | None]]:
    """Start a run under each fault; return how many appeared.

    Raises:
        Untestable: The sandbox can do none of them.
    """
    lab, hurried = repository.lab, repository.impatient()
    inputs = plain_inputs(limits_of(lab))
    ref = next(iter(chosen(repository).values()))
    tried: list[tuple[Fault, int, Answer | None]] = []
    cannot: CannotBreakError | None = None
    for fault in LOST:
        if fault is Fault.HANG and hurried.context == repository.context:
            lab.note('no hanging trigger was tried: override `impatient`')
            continue
        before = len(await repository.runs())
        answer: Answer | None = None
        try:
            async with lab.fault(fault):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE):
                        answer = await hurried.attempt(
                            'trigger_deployment', ref, inputs=inputs
                        )
        except CannotBreakError as reason:
            cannot = reason
            lab.note(reason.reason)
            continue
        tried.append((fault, len(await repository.runs()) - before, answer))
    if not tried and cannot is not None:
        raise cannot
    return tried


@check(
    'DEP011',
    title='inputs arrive verbatim; an invalid ref triggers nothing',
    fix='Pass inputs on as text, without trimming, parsing or templates; look '
    'the ref up, or let the remote refuse it, before anything starts.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def inputs_arrive(lab: Lab) -> AsyncIterator[Finding]:
    """A run gets what the operator typed, and none starts by mistake.

    Inputs become versions, host names and flags of a deployment: `00123` is
    not `123`, and `False` is not `false`. Sent are texts that parsers and
    templates change, within the sandbox's limits and under the names in
    `limits.inputs`; inputs that the plugin adds are its own matter. A value
    may be refused with a typed error, plain text may not. A name that is no
    ref, the beginning of one, and an unknown object name must be refused
    with a typed error, and nothing may start.
    """
    limits = limits_of(lab)
    repository = await planted(lab, story(limits))
    ref = next(iter(chosen(repository).values()))
    await started(repository, ref)
    sent: dict[str, dict[str, str]] = {}
    for inputs in _inputs(lab, limits):
        answer = await repository.attempt(
            'trigger_deployment', ref, inputs=dict(inputs or {}) or None
        )
        if answer.error is None:
            sent[answer.result.run_id] = inputs
        elif not is_typed(answer.error):
            told = described(answer.error, lab.secrets)
            yield Finding(
                'trigger_deployment(inputs)',
                f'with {shown(inputs or None)} raised {told}; it must start '
                'a run, or raise ValueError or a PluginError.',
            )
    runs = {run.run_id: run.inputs for run in await repository.runs()}
    for run_id, inputs in sent.items():
        arrived = runs.get(run_id, {})
        for name, text in inputs.items():
            if arrived.get(name) != text:
                yield Finding(
                    f'trigger_deployment(inputs[{name!r}])',
                    f'{shown(text)} arrived as {shown(arrived.get(name))}; '
                    'it must arrive as it is.',
                ).comparing(arrived.get(name, NOTHING), text)
    count = len(runs)
    for bad in ('kit-no-such-ref', 'tru', f'{lab.rng.getrandbits(160):040x}'):
        path = f'trigger_deployment({bad!r})'
        message = await repository.not_refused(
            'trigger_deployment', bad, inputs=plain_inputs(limits)
        )
        if message:
            yield Finding(path, f'{message}.')
        now = len(await repository.runs())
        if now > count:
            yield Finding(path, 'started a run; there is no such ref.')
        count = now


def _inputs(lab: Lab, limits: DeploymentLimits) -> Iterator[dict[str, str]]:
    """Yield inputs that hold every text once, and none at all."""
    yield {}
    names = limits.inputs
    if not names:
        lab.note('no inputs were sent: `limits.inputs` has no names')
        return
    texts = [text for _, text in values_within(limits, lab.rng)]
    for start in range(0, len(texts), len(names)):
        group = texts[start : start + len(names)]
        group += [PLAIN] * (len(names) - len(group))
        yield dict(zip(names, group, strict=True))


@check(
    'DEP015',
    title='concurrent triggers give distinct runs',
    fix='Know the run by the id in the answer, or by a mark in its inputs; '
    'never take the newest run for the one that was asked for.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=NEEDS,
)
async def concurrent_runs_are_distinct(lab: Lab) -> AsyncIterator[Finding]:
    """Two operators who deploy at the same time each watch their own run.

    Several runs are triggered at once, each with an input of its own where
    the remote takes inputs. As many must appear, each id must come back to
    one caller only, and to the one whose inputs it has. A handler that looks
    for the newest run after it asked for one gives both operators the same.
    """
    limits = limits_of(lab)
    repository = await planted(lab, story(limits))
    ref = next(iter(chosen(repository).values()))
    texts = [f'{PLAIN}-{number}' for number in range(AT_ONCE)]
    before = {run.run_id for run in await repository.runs()}
    runs: list[DeploymentRun] = await asyncio.gather(
        *(
            repository.ask(
                'trigger_deployment',
                ref,
                inputs=dict.fromkeys(limits.inputs, text),
            )
            for text in texts
        )
    )
    path = 'trigger_deployment()'
    ids = [run.run_id for run in runs]
    if len(set(ids)) < len(ids):
        yield Finding(
            path,
            f'{len(ids)} concurrent calls returned '
            f'{counted(len(set(ids)), "id")}; each must return its own.',
        ).comparing(sorted(ids), Words(f'{len(ids)} different ids'))
    new = {
        run.run_id: run
        for run in await repository.runs()
        if run.run_id not in before
    }
    if len(new) != len(ids):
        yield Finding(
            path,
            f'{len(ids)} concurrent calls started '
            f'{counted(len(new), "run")}; there must be one for each.',
        ).comparing(len(new), len(ids))
    for text, run_id in zip(texts, ids, strict=True):
        held = new.get(run_id)
        if held is None:
            yield Finding(path, f'returned {run_id!r}, which did not appear.')
            continue
        others = [
            held.inputs[name]
            for name in limits.inputs
            if held.inputs.get(name, text) != text
        ]
        if others:
            yield Finding(
                path,
                f'with {text!r} returned the run that was started with '
                f'{shown(others[0])}; each caller must get its own.',
            ).comparing(others[0], text)
