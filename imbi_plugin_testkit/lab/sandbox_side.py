"""How a law asks the sandbox: its faults are never the plugin's."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import TYPE_CHECKING, Any, Literal, cast

from imbi_plugin_testkit.lab.opening import cannot, place
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.lab.watchdog import Blocked
from imbi_plugin_testkit.model import Untestable
from imbi_plugin_testkit.sandbox import UnsupportedBySandbox

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        Callable,
        Generator,
        Mapping,
        Sequence,
    )

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.lab.guards import Guard
    from imbi_plugin_testkit.sandbox import Fault, Sandbox


@dataclasses.dataclass(frozen=True, slots=True)
class Busy:
    """A call that is under way.

    Attributes:
        who: Whose code it is.
        what: Name of the method.
        since: When it began, on the monotonic clock.
    """

    who: Literal['plugin', 'sandbox']
    what: str
    since: float


class CannotBreakError(Untestable):
    """The sandbox cannot make this fault; others it may."""


class SandboxSide:
    """The half of a `Lab` that asks the sandbox.

    Attributes:
        sandbox: The open sandbox.
        guard: What watches the network while the law runs.
        secrets: Values that nothing may show.
        busy: Calls of sandbox and plugin that are under way.
        blocked: The call that was under way when the loop was blocked.
    """

    def __init__(self, sandbox: Sandbox, guard: Guard, token: str) -> None:
        self.sandbox = sandbox
        self.guard = guard
        self.secrets: list[str] = [*map(str, sandbox.credentials.values())]
        self.busy: list[Busy] = []
        self.blocked: Busy | None = None
        self._token = token
        self._tenants: dict[str, str] = {}

    def tenant(self, label: str) -> PluginContext:
        """Return the context of a project of its own, the same in each run.

        Args:
            label: Lower-case word, unique in the law.

        Raises:
            Untestable: The sandbox fails or refuses.
        """
        name = f'kit-{self._token}-{label}'
        with self.blaming('tenant'):
            context = self.sandbox.tenant(name)
        self._tenants[context.project_id] = label
        return context

    async def seed(self, context: PluginContext, model: Any) -> None:  # noqa: ANN401  each plugin type has its own
        """Put data into the backend behind the plugin's back.

        Raises:
            Untestable: The sandbox fails or cannot.
        """
        with self.blaming('seed'):
            await self.sandbox.seed(context, model)

    async def snapshot(self) -> Mapping[str, Any]:
        """Return all that the backend holds.

        Raises:
            Untestable: The sandbox fails or cannot.
        """
        with self.blaming('snapshot'):
            return await self.sandbox.snapshot()

    @contextlib.asynccontextmanager
    async def fault(self, kind: Fault) -> AsyncGenerator[None]:
        """Make the backend do this wrong for the length of the context.

        Raises:
            CannotBreakError: The sandbox cannot; an `Untestable`.
            Untestable: The sandbox fails.
        """
        with self.blaming(f'fault({kind})'):
            try:
                manager = self.sandbox.fault(kind)
                await manager.__aenter__()
            except UnsupportedBySandbox as reason:
                told = cannot(reason, f'fault({kind})').reason
                raise CannotBreakError(told) from None
        try:
            yield
        finally:
            with self.blaming(f'fault({kind})'):
                await manager.__aexit__(None, None, None)

    def impatient(self, context: PluginContext) -> PluginContext:
        """Return a context in which the plugin gives up sooner.

        Raises:
            Untestable: The sandbox fails.
        """
        hurry = getattr(self.sandbox, 'impatient', None)
        if hurry is None:
            return context
        with self.blaming('impatient'):
            return cast('PluginContext', hurry(context))

    def elsewhere(self) -> Sequence[str]:
        """Return what arrived where a redirect led; nothing if untold."""
        told = getattr(self.sandbox, 'elsewhere', None)
        if told is None:
            return ()
        with self.blaming('elsewhere'):
            try:
                return cast('Sequence[str]', told())
            except UnsupportedBySandbox:
                return ()

    def urls(self, since: tuple[int, int] = (0, 0)) -> list[str]:
        """Return the URLs asked for, as far as anybody can tell.

        Args:
            since: What `urls_seen` returned, to leave out those before.
        """
        seen, told = since
        return [*self.guard.urls[seen:], *self._told_urls()[told:]]

    def urls_seen(self) -> tuple[int, int]:
        """Return how many URLs the guard saw and the sandbox told so far."""
        return len(self.guard.urls), len(self._told_urls())

    def _told_urls(self) -> Sequence[str]:
        urls: Callable[[], Sequence[str]] | None = getattr(
            self.sandbox, 'urls', None
        )
        if urls is None:
            return ()
        with self.blaming('urls'):
            try:
                return urls()
            except UnsupportedBySandbox:
                return ()

    @contextlib.contextmanager
    def blaming(self, what: str) -> Generator[None]:
        """Turn what the sandbox raises into an untestable law.

        Args:
            what: Name of the sandbox's method that is called meanwhile.

        Raises:
            Untestable: The sandbox raised.
        """
        try:
            with self.under_way('sandbox', what):
                yield
        except UnsupportedBySandbox as reason:
            raise cannot(reason, what) from None
        except Untestable:
            raise
        except Exception as error:
            raise Untestable(
                f'the sandbox failed in {what}: '
                f'{described(error, self.secrets)}{place(error)}'
            ) from error

    @contextlib.contextmanager
    def under_way(
        self, who: Literal['plugin', 'sandbox'], what: str
    ) -> Generator[None]:
        """Remember what is called, for when the time runs out."""
        busy = Busy(who, what, time.monotonic())
        self.busy.append(busy)
        try:
            yield
        except Blocked:
            self.blocked = self.blocked or busy
            raise
        finally:
            self.busy.remove(busy)
