"""Projects of a lifecycle sandbox, each in the state that an event needs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.contract import CONTRACTS, is_implemented
from imbi_plugin_testkit.lab.answers import fresh
from imbi_plugin_testkit.model import Untestable
from imbi_plugin_testkit.models.lifecycle import LifecycleSandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.lab import Answer, Lab

SHOWN = 3
"""Names that a message shows of what changed."""


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """One event that the host may tell.

    Attributes:
        name: As in `lifecycle_events`.
        hook: The method that the host calls.
    """

    name: str
    hook: str


class Projects:
    """Where a law gets the projects from that it tells events of.

    They are thrown away afterwards. A sandbox that makes none may allow
    single events in its own context, by `examples`.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._sandbox: Any = lab.sandbox
        self._examples: Mapping[str, Any] = getattr(
            lab.sandbox, 'examples', {}
        )
        self._makes = self._has('disposable')
        self._removes = self._has('remove')

    def _has(self, method: str) -> bool:
        found = getattr(type(self._lab.sandbox), method, None)
        return found not in (None, getattr(LifecycleSandbox, method))

    def events(self) -> list[Event]:
        """Return the events that may be told, in the order of a life.

        Raises:
            Untestable: There is not one.
        """
        implemented = [
            Event(name, hook)
            for name, hook in CONTRACTS['lifecycle'].hooks.items()
            if is_implemented(self._lab.plugin.handler, hook)
        ]
        events = [
            event
            for event in implemented
            if self._makes or event.hook in self._examples
        ]
        if not events:
            raise Untestable(
                'the sandbox makes no disposable project, and has no '
                'examples for hooks: no event can be told'
            )
        left_out = [e.hook for e in implemented if e not in events]
        if left_out:
            self._lab.note(
                'not called, for want of `disposable` or `examples`: '
                f'{", ".join(left_out)}'
            )
        return sorted(events, key=lambda event: event.name == 'deleted')

    def contexts(self) -> list[PluginContext]:
        """Return contexts to ask for a relocation target in."""
        lab = self._lab
        own = fresh(lab.context)
        moved = own.model_copy(
            update={
                'team_slug': 'kit-team',
                'previous_team_slug': own.team_slug,
                'project_type_slugs': ['kit-type', 'kit-other-type'],
                'previous_project_type_slugs': own.project_type_slugs,
            }
        )
        return [own, moved]

    async def ready_for(self, event: Event) -> PluginContext | None:
        """Return a project that is as it must be for an event.

        Raises:
            HandlerFailed: It could not be archived, to be taken back.
        """
        if not self._makes:
            return self._lab.context
        if event.name == 'created':
            return self._new(event)
        project = await self._made()
        if event.name == 'unarchived':
            archived = Event('archived', 'on_project_archived')
            self._lab.must(await self.tell(archived, project))
            await self._lab.settle()
        return self._changed(project, event)

    def can_be_gone(self) -> bool:
        """Return whether the sandbox can take a project away."""
        possible = self._makes and self._removes
        if not possible:
            self._lab.note(
                'not told of a project already gone, for want of '
                '`disposable` and `remove`'
            )
        return possible

    async def gone(self, event: Event) -> PluginContext | None:
        """Return a project that is at the remote no more."""
        project = await self._made()
        await self._remove(project)
        await self._lab.settle()
        return self._changed(project, event)

    async def beside(self) -> dict[str, Any]:
        """Make a project that no event is told of.

        Returns:
            What the snapshot holds of it alone: not what two projects share,
            as a group that the first of them brings along. Nothing where the
            sandbox makes no project.
        """
        lab = self._lab
        if not self._makes:
            return {}
        await self._made()
        await lab.settle()
        before = await lab.snapshot()
        await self._made()
        await lab.settle()
        after = await lab.snapshot()
        own = {name: after[name] for name in after.keys() - before.keys()}
        if not own:
            lab.note(
                'whether an event leaves other projects alone is not seen: '
                'the snapshot has nothing of a project alone'
            )
        return own

    async def tell(
        self, event: Event, project: PluginContext, *, as_it_is: bool = False
    ) -> Answer:
        """Tell an event of a copy of a context, or of the context itself."""
        ctx = project if as_it_is else fresh(project)
        return await self._lab.attempt(event.hook, ctx=ctx)

    async def _made(self) -> PluginContext:
        lab = self._lab
        with lab.blaming('disposable'):
            project: PluginContext = await self._sandbox.disposable()
        if self._removes:
            lab.on_cleanup(lambda: self._remove(project))
        return project

    def _new(self, event: Event) -> PluginContext | None:
        """Return a project that is not at the remote yet."""
        lab = self._lab
        project = lab.tenant(f'created-{len(lab.cleanups)}')
        if self._removes:
            lab.on_cleanup(lambda: self._remove(project))
        elif is_implemented(lab.plugin.handler, 'on_project_deleted'):
            deleted = Event('deleted', 'on_project_deleted')
            lab.on_cleanup(lambda: self.tell(deleted, project))
        else:
            lab.note(
                f'{event.hook} is not called: the sandbox cannot remove what '
                'it makes'
            )
            return None
        return project

    def _changed(
        self, project: PluginContext, event: Event
    ) -> PluginContext | None:
        if event.name not in ('updated', 'relocated'):
            return project
        lab = self._lab
        try:
            with lab.blaming(f'changed({event.name})'):
                changed: PluginContext = self._sandbox.changed(
                    project, event.name
                )
        except Untestable as reason:
            lab.note(f'{event.hook} is not called: {reason.reason}')
            return None
        return changed

    async def _remove(self, project: PluginContext) -> None:
        with self._lab.blaming('remove'):
            await self._sandbox.remove(project)


def status_of(answer: Answer) -> str:
    """Return how an event came out; blank where the answer is no result."""
    return str(getattr(answer.result, 'status', ''))


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return a few words on how two snapshots differ, without values."""
    told: list[str] = []
    for word, names in (
        ('new', after.keys() - before.keys()),
        ('gone', before.keys() - after.keys()),
        (
            'changed',
            {
                name
                for name in before.keys() & after.keys()
                if before[name] != after[name]
            },
        ),
    ):
        some = sorted(map(str, names))
        if some:
            more = len(some) - SHOWN
            rest = f' and {more} more' if more > 0 else ''
            told.append(f'{word} is {", ".join(some[:SHOWN])}{rest}')
    return '; '.join(told)
