"""Laws of a lifecycle plugin: events (LIF001 and LIF002)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.contract import CONTRACTS
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import NOTHING
from imbi_plugin_testkit.lab.answers import HandlerFailed, fresh
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._projects import (
    Event,
    Projects,
    differing,
    status_of,
)
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.lab import Answer, Lab

TYPES = ('lifecycle',)

SKIPPED_WHEN_GONE = frozenset({'archived', 'deleted'})
"""Events that have nothing to do where there is no project. The others may
just as well make it, and say that it is `ok`."""


@check(
    'LIF001',
    title='an event changes its own project, and nothing more when repeated',
    fix='Ask what is there before you create, change or delete; take 404 on '
    'the way for `skipped`, and a conflict with the wanted state for `ok`.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=frozenset({'snapshot'}),
)
async def events_can_be_repeated(lab: Lab) -> AsyncIterator[Finding]:
    """The host tells an event again when it is not sure that it arrived.

    A repeated event must not make a second project, nor undo what the first
    one did, nor be `failed`: the remote is as the event wants it. Each event
    that the plugin implements is told twice of a project of its own, with the
    same context, and what the remote holds is compared; `ok` and `skipped`
    both pass. What it writes back must be the same, and a project beside it
    must stay as it is. Then each but `created` is told of a project that
    somebody removed at the remote: it must not be `failed`, and archiving or
    deleting it is `skipped` and makes nothing.
    """
    projects = Projects(lab)
    events = projects.events()
    beside = await projects.beside()
    for event in events:
        async for finding in _told_twice(lab, projects, event, beside):
            yield finding
    for event in projects.events():
        if event.name != 'created' and projects.can_be_gone():
            async for finding in _told_of_a_gone_one(lab, projects, event):
                yield finding


async def _told_twice(
    lab: Lab, projects: Projects, event: Event, beside: Mapping[str, Any]
) -> AsyncIterator[Finding]:
    try:
        project = await projects.ready_for(event)
        if project is None:
            return
        once, again = fresh(project), fresh(project)
        first = await projects.tell(event, once, as_it_is=True)
        if isinstance(first.error, NotImplementedError):
            return  # LIF002 says so.
        lab.must(first)
    except HandlerFailed as failed:
        yield failed.finding
        return
    if status_of(first) == 'failed':
        yield Finding(
            event.hook,
            f'{event.hook} answered `failed` of a project that is as the '
            f'event says{_message(first)}; it must succeed.',
        )
        return
    await lab.settle()
    before = await lab.snapshot()
    for name, was in beside.items():
        if before.get(name, NOTHING) != was:
            yield Finding(
                event.hook,
                f'the event {event.name!r} was told of one project, and '
                f'another is different after it ({name}); it must stay as it '
                'is.',
            )
            return
    second = await projects.tell(event, again, as_it_is=True)
    for finding in _written_otherwise(event, once, again):
        yield finding
    message = _failure(lab, second, f'the event {event.name!r} came again')
    if message:
        yield Finding(event.hook, message)
    await lab.settle()
    after = await lab.eventually(lab.snapshot, lambda seen: seen == before)
    if after != before:
        yield Finding(
            event.hook,
            f'the event {event.name!r} was told twice, and the remote is '
            f'different after the second time: {differing(before, after)}; '
            'the second time must change nothing.',
        ).comparing(sorted(map(str, after)), sorted(map(str, before)))


def _written_otherwise(
    event: Event, once: PluginContext, again: PluginContext
) -> Iterator[Finding]:
    """Yield what a repeated event writes back, and the first did otherwise.

    The second time there may be nothing to write back.
    """
    for name in ('link_writeback', 'service_writeback'):
        was, now = getattr(once, name), getattr(again, name)
        if was is not None and now is not None and was != now:
            yield Finding(
                f'{event.hook}(ctx.{name})',
                f'the event {event.name!r} was told twice, and the second '
                'time it writes back something else; it must be the same.',
            ).comparing(now, was)


async def _told_of_a_gone_one(
    lab: Lab, projects: Projects, event: Event
) -> AsyncIterator[Finding]:
    project = await projects.gone(event)
    if project is None:
        return
    before = await lab.snapshot()
    answer = await projects.tell(event, project)
    if isinstance(answer.error, NotImplementedError):
        return  # LIF002 says so.
    what = f'the project of the event {event.name!r} is gone at the remote'
    message = _failure(lab, answer, what)
    strict = event.name in SKIPPED_WHEN_GONE
    if not message and strict and status_of(answer) == 'ok':
        message = (
            f'{what}, and {event.hook} answered `ok`; it must be `skipped`, '
            'so that nobody takes it for done.'
        )
    if message:
        yield Finding(event.hook, message)
    if not strict:
        return
    await lab.settle()
    after = await lab.eventually(lab.snapshot, lambda seen: seen == before)
    if after != before:
        yield Finding(
            event.hook,
            f'{what}, and {event.hook} changed what is there: '
            f'{differing(before, after)}; it must change nothing.',
        ).comparing(sorted(map(str, after)), sorted(map(str, before)))


def _failure(lab: Lab, answer: Answer, what: str) -> str:
    """Return what to say where an event that must not fail did."""
    if answer.error is not None:
        return (
            f'{what}, and {answer.method} raised '
            f'{described(answer.error, lab.secrets)}'
            f'{lab.place(answer.error)}; it must be `ok` or `skipped`.'
        )
    if status_of(answer) == 'failed':
        return (
            f'{what}, and {answer.method} answered `failed`'
            f'{_message(answer)}; it must be `ok` or `skipped`.'
        )
    return ''


def _message(answer: Answer) -> str:
    message = getattr(answer.result, 'message', None)
    return f' ({message})' if isinstance(message, str) and message else ''


@check(
    'LIF002',
    title='lifecycle_events is told truly',
    fix='Implement the hook to its end, or take the event off '
    'lifecycle_events (and supports_lifecycle_sync out).',
    law=True,
    types=TYPES,
    requires=(*CALLABLE, 'PRO030', 'PRO032', 'PRO033'),
)
async def listed_events_are_served(lab: Lab) -> AsyncIterator[Finding]:
    """The host tells the plugin of exactly the events that it lists.

    That each listed event has a hook, and each hook its event, is seen
    without calling anything (PRO030, PRO032, PRO033). Here each hook that is
    listed, or that `supports_lifecycle_sync` promises, is called: one that
    goes on to raise NotImplementedError, perhaps only from a helper or from
    the default that it hands over to, leaves the operator with an error in
    the middle of a change.
    """
    projects = Projects(lab)
    promised = _promised(lab.data)
    for event in projects.events():
        if event.name not in promised:
            continue
        try:
            project = await projects.ready_for(event)
        except HandlerFailed:
            continue  # LIF001 says so.
        if project is None:
            continue
        answer = await projects.tell(event, project)
        if isinstance(answer.error, NotImplementedError):
            yield Finding(
                'lifecycle_events',
                f'{event.name!r} is promised, but {event.hook} raised '
                f'NotImplementedError{lab.place(answer.error)}; a promised '
                'event must be served.',
            )


def _promised(data: Mapping[str, Any]) -> set[str]:
    """Return the events that a manifest promises to serve."""
    contract = CONTRACTS['lifecycle']
    events = {str(event) for event in data.get('lifecycle_events') or ()}
    for flag, hooks in contract.capabilities.items():
        if data.get(flag) is True:
            events |= {
                event
                for event, hook in contract.hooks.items()
                if hook in hooks
            }
    return events
