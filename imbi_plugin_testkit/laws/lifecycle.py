"""Laws of a lifecycle plugin (LIF001 to LIF004)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import listed
from imbi_plugin_sdk.contract import CONTRACTS, is_implemented
from imbi_plugin_testkit.checks import check
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

RESOLVE = 'resolve_relocation_target'

SKIPPED_WHEN_GONE = frozenset({'archived', 'deleted'})
"""Events that have nothing to do where there is no project. The others may
just as well make it, and say that it is `ok`."""

UNKNOWN_LINK = 'kit-notes'
"""A link that no plugin knows."""

ASKED = 3
"""How often the relocation target is asked for: a counter that toggles
between two answers is found by the third."""


@check(
    'LIF001',
    title='a repeated event changes nothing more',
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
    both pass. Then each but `created` is told of a project that somebody
    removed at the remote: it must not be `failed`, and archiving or deleting
    it is `skipped` and makes nothing.
    """
    projects = Projects(lab)
    for event in projects.events():
        async for finding in _told_twice(lab, projects, event):
            yield finding
    for event in projects.events():
        if event.name != 'created' and projects.can_be_gone():
            async for finding in _told_of_a_gone_one(lab, projects, event):
                yield finding


async def _told_twice(
    lab: Lab, projects: Projects, event: Event
) -> AsyncIterator[Finding]:
    try:
        project = await projects.ready_for(event)
        if project is None:
            return
        first = await projects.tell(event, project)
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
    second = await projects.tell(event, project)
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
        )


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
        )


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


@check(
    'LIF003',
    title='the relocation target is told without I/O, and always the same',
    fix='Work the target out from the context alone: no request, no clock, '
    'no chance, nothing remembered.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def relocation_target_is_pure(lab: Lab) -> AsyncIterator[Finding]:
    """The host asks for the target to show it, and asks again to move.

    It asks while a form is open, perhaps without credentials, so that a
    request would be slow or impossible; and what was shown must be what is
    done. Asked three times of the same context, and once without credentials,
    it must give the same answer, and no request may be seen. An error is an
    answer like any other here.
    """
    if not is_implemented(lab.plugin.handler, RESOLVE):
        return
    projects = Projects(lab)
    for context in projects.contexts():
        answers: list[Any] = []
        for credentials in [lab.credentials] * ASKED + [{}]:
            connections = len(lab.guard.connections)
            urls = lab.urls_seen()
            answer = await lab.attempt(
                RESOLVE, ctx=fresh(context), credentials=credentials
            )
            answers.append(_plain(answer))
            sent = [
                str(attempt) for attempt in lab.guard.connections[connections:]
            ] + lab.urls(urls)
            if sent:
                yield Finding(
                    RESOLVE,
                    f'{RESOLVE} made a request ({sent[0]}); it must do no '
                    'I/O.',
                )
                return
        *same, without = answers
        if any(answer != same[0] for answer in same):
            yield Finding(
                RESOLVE,
                f'asked {ASKED} times of the same context, {RESOLVE} gave '
                'different answers; it must always give the same.',
            )
            return
        if without != same[0]:
            yield Finding(
                RESOLVE,
                f'{RESOLVE} gives another answer without credentials; the '
                'target must follow from the context alone.',
            )
            return


def _plain(answer: Answer) -> Any:  # noqa: ANN401  a stranger's
    """Return what an answer can be compared by; errors by their type."""
    if answer.error is not None:
        return type(answer.error)
    dump = getattr(answer.result, 'model_dump', None)
    return dump() if callable(dump) else answer.result


@check(
    'LIF004',
    title='write-backs name only links and services that the context knows',
    fix='Set ctx.link_writeback only for a key of ctx.project_links, and '
    'ctx.service_writeback only if ctx.third_party_service_slug is set.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def write_backs_are_known(lab: Lab) -> AsyncIterator[Finding]:
    """The host stores a write-back under the key that the plugin names.

    A key that the project does not have makes a link of a kind that nobody
    defined, or is dropped without a word. Each event is told of a project
    with its own links, of one whose only link is unknown to the plugin, and
    of one without third-party service; how the event comes out is not judged.
    The link of a relocation target is held against the context likewise.
    """
    projects = Projects(lab)
    reported: set[tuple[str, str]] = set()
    for change in _CHANGES:
        for event in projects.events():
            for finding in await _written_back(projects, event, change):
                if (finding.path, finding.message) not in reported:
                    reported.add((finding.path, finding.message))
                    yield finding
    if is_implemented(lab.plugin.handler, RESOLVE):
        for context in projects.contexts():
            for change in _CHANGES:
                given = fresh(context.model_copy(update=change))
                answer = await lab.attempt(RESOLVE, ctx=given)
                key = getattr(answer.result, 'link_key', None)
                if isinstance(key, str) and key not in given.project_links:
                    yield Finding(
                        f'{RESOLVE}().link_key',
                        f'{RESOLVE} names the link {key!r}, which '
                        f'{_known(given)}.',
                    )
                    return


async def _written_back(
    projects: Projects, event: Event, change: dict[str, Any]
) -> list[Finding]:
    try:
        project = await projects.ready_for(event)
    except HandlerFailed:
        return []  # LIF001 says so.
    if project is None:
        return []
    given = fresh(project.model_copy(update=change))
    await projects.tell(event, given, as_it_is=True)
    return [*_unknown(event.hook, given)]


_CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {'project_links': {UNKNOWN_LINK: 'https://notes.example.com/kit'}},
    {'third_party_service_slug': None, 'service_connections': []},
)


def _unknown(hook: str, ctx: PluginContext) -> Iterator[Finding]:
    link = ctx.link_writeback
    key = getattr(link, 'link_key', None)
    if link is not None and key not in ctx.project_links:
        yield Finding(
            f'{hook}(ctx.link_writeback)',
            f'{hook} writes back the link {key!r}, which {_known(ctx)}.',
        )
    if (
        ctx.service_writeback is not None
        and ctx.third_party_service_slug is None
    ):
        yield Finding(
            f'{hook}(ctx.service_writeback)',
            f'{hook} writes back a connection, but the context names no '
            'third-party service that it could belong to.',
        )


def _known(ctx: PluginContext) -> str:
    links = listed((repr(key) for key in ctx.project_links), last='and')
    have = f'has {links}' if links else 'has none'
    return f'the project does not have: it {have}'
