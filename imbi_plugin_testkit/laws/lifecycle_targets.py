"""Laws of a lifecycle plugin: targets and write-backs (LIF003 and LIF004)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import listed
from imbi_plugin_sdk.contract import is_implemented
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import any_of
from imbi_plugin_testkit.lab.answers import HandlerFailed, fresh
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._projects import Event, Projects
from imbi_plugin_testkit.laws.lifecycle import TYPES
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.lab import Answer, Lab

RESOLVE = 'resolve_relocation_target'

UNKNOWN_LINK = 'kit-notes'
"""A link that no plugin knows."""

ASKED = 3
"""How often the relocation target is asked for: a counter that toggles
between two answers is found by the third."""


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
            odd = next(answer for answer in same if answer != same[0])
            yield Finding(
                RESOLVE,
                f'asked {ASKED} times of the same context, {RESOLVE} gave '
                'different answers; it must always give the same.',
            ).comparing(odd, same[0])
            return
        if without != same[0]:
            yield Finding(
                RESOLVE,
                f'{RESOLVE} gives another answer without credentials; the '
                'target must follow from the context alone.',
            ).comparing(without, same[0])
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
                    ).comparing(key, any_of(given.project_links))
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
        ).comparing(key, any_of(ctx.project_links))
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
