"""What the body of a law works with: `Lab`."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import random
import time
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.redaction import redact
from imbi_plugin_testkit.config import PROFILES
from imbi_plugin_testkit.lab.answers import (
    Answer,
    HandlerFailed,
    fresh,
    made_up_key,
    secret_options,
)
from imbi_plugin_testkit.lab.opening import place
from imbi_plugin_testkit.lab.sandbox_side import SandboxSide
from imbi_plugin_testkit.lab.script import NUL, Script, Step, described
from imbi_plugin_testkit.lab.watchdog import Blocked
from imbi_plugin_testkit.lab.writing import read_only, refused, writes
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.config import Profile
    from imbi_plugin_testkit.lab.guards import Guard
    from imbi_plugin_testkit.model import Check
    from imbi_plugin_testkit.sandbox import Limits, Sandbox
    from imbi_plugin_testkit.subject import PluginUnderTest


class Lab(SandboxSide):
    """One plugin on one open sandbox, for the length of one law.

    Every call goes to a fresh handler, as the host does it, and is written
    down; a finding gets what was written so far as its `details`.

    Attributes:
        plugin: The plugin under test.
        sandbox: The open sandbox; use the methods here instead, which tell
            a sandbox's faults from a plugin's.
        check: The law.
        rng: Seeded by the run's seed, the plugin and the law.
        context: The sandbox's context, of which each call gets a copy.
        guard: What watches the network while the law runs.
        script: The calls so far.
        secrets: Values that nothing may show.
        notes: What the law left out, for the report.
        tried: How many scripts a state machine has run.
        tasks: Every task that the law and the plugin made.
        deadline: When the law must be done, on the monotonic clock.
        read_only: Whether nothing may be written.
    """

    def __init__(
        self,
        plugin: PluginUnderTest,
        check: Check,
        sandbox: Sandbox,
        guard: Guard,
        seed: int,
    ) -> None:
        rng = random.Random(f'{seed}:{plugin.name}:{check.id}')  # noqa: S311  reproducible on purpose
        token = f'{rng.getrandbits(40):010x}-{check.id.lower()}'
        self.read_only = plugin.subject.config.read_only
        if self.read_only:
            sandbox = read_only(sandbox)
        super().__init__(sandbox, guard, token)
        self.plugin = plugin
        self.check = check
        self.rng = rng
        self.context = sandbox.context
        self.script = Script()
        self.notes: list[str] = []
        self.tried = 0
        self.cleanups: list[Callable[[], Awaitable[object]]] = []
        self.secrets.extend(secret_options(plugin.data, sandbox.context))
        self.recording = True
        self.tasks: list[asyncio.Task[Any]] = []
        self.deadline = math.inf

    @property
    def plugin_type(self) -> str:
        """Return the declared plugin type."""
        return str(self.data.get('plugin_type') or '')

    @property
    def data(self) -> Mapping[str, Any]:
        """Return the manifest as plain data."""
        return self.plugin.data

    @property
    def limits(self) -> Limits:
        """Return what the backend allows."""
        return self.sandbox.limits

    @property
    def credentials(self) -> dict[str, str]:
        """Return a copy of the credentials that the backend accepts."""
        return dict(self.sandbox.credentials)

    @property
    def profile(self) -> Profile:
        """Return how hard the state machines look."""
        return PROFILES[self.plugin.subject.config.profile]

    # The handler --------------------------------------------------------

    def handler(self) -> Any:  # noqa: ANN401  a stranger's class
        """Return a fresh instance, as the host makes one for each call.

        Raises:
            HandlerFailed: The constructor raised.
        """
        name = self.plugin.handler.__name__
        try:
            return self.plugin.handler()
        except (KeyboardInterrupt, Blocked):
            raise
        except BaseException as error:
            raise self._failed(Answer(f'{name}()', error=error)) from error

    async def attempt(
        self,
        method: str,
        /,
        *args: Any,  # noqa: ANN401  the method's own
        ctx: PluginContext | None = None,
        credentials: dict[str, str] | None = None,
        **kwargs: Any,  # noqa: ANN401  the method's own
    ) -> Answer:
        """Call a method of a fresh handler and return what it came to.

        Args:
            method: Name of the method.
            args: Arguments behind context and credentials.
            ctx: The context itself; None passes a copy of the sandbox's.
            credentials: The dict itself; None passes a copy of the sandbox's.
            kwargs: Keyword arguments.

        Returns:
            The result, or the exception that was raised; only a cancellation
            from outside and an interrupt pass.
        """
        return await self.attempt_on(
            self.handler(),
            method,
            *args,
            ctx=ctx,
            credentials=credentials,
            **kwargs,
        )

    async def attempt_on(
        self,
        handler: object,
        method: str,
        /,
        *args: Any,  # noqa: ANN401  the method's own
        ctx: PluginContext | None = None,
        credentials: dict[str, str] | None = None,
        **kwargs: Any,  # noqa: ANN401  the method's own
    ) -> Answer:
        """Call a method of a handler that is given; see `attempt`.

        Raises:
            Untestable: It writes, in read-only mode.
        """
        if self.refuses(method):
            raise refused(method)
        if ctx is None:
            ctx = fresh(self.context)
        step = self._step(f'plugin.{method}', ctx, credentials, args, kwargs)
        given = self.credentials if credentials is None else credentials
        answer = await self._awaited(
            method,
            step,
            lambda: getattr(handler, method)(ctx, given, *args, **kwargs),
        )
        return dataclasses.replace(answer, handler=handler)

    async def attempt_function(
        self,
        name: str,
        function: Callable[..., Any],
        /,
        *,
        ctx: PluginContext | None = None,
        credentials: dict[str, str] | None = None,
        **kwargs: Any,  # noqa: ANN401  the function's own
    ) -> Answer:
        """Call a function that takes everything by keyword (webhooks).

        Raises:
            Untestable: Read-only mode; nobody knows what a function writes.
        """
        if self.read_only:
            raise refused(name)
        if ctx is None:
            ctx = fresh(self.context)
        step = self._step(name, ctx, credentials, (), kwargs)
        given = self.credentials if credentials is None else credentials
        return await self._awaited(
            name,
            step,
            lambda: function(ctx=ctx, credentials=given, **kwargs),
        )

    def writes(self, method: str) -> bool:
        """Return whether a method changes something at the remote."""
        return writes(self.plugin_type, method)

    def refuses(self, method: str) -> bool:
        """Return whether a method may not be called in this run."""
        return self.read_only and self.writes(method)

    async def call(
        self,
        method: str,
        /,
        *args: Any,  # noqa: ANN401  the method's own
        ctx: PluginContext | None = None,
        credentials: dict[str, str] | None = None,
        **kwargs: Any,  # noqa: ANN401  the method's own
    ) -> Any:  # noqa: ANN401  the method's own
        """Call a method that must succeed and return its result.

        Raises:
            HandlerFailed: It raised; becomes a finding where nobody catches.
        """
        answer = await self.attempt(
            method, *args, ctx=ctx, credentials=credentials, **kwargs
        )
        return self.must(answer)

    def must(self, answer: Answer) -> Any:  # noqa: ANN401  the method's own
        """Return the result of an answer.

        Raises:
            HandlerFailed: The answer is an exception.
        """
        if answer.error is not None:
            raise self._failed(answer) from answer.error
        return answer.result

    def _step(
        self,
        call: str,
        ctx: PluginContext,
        credentials: dict[str, str] | None,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Step:
        label = self._tenants.get(ctx.project_id, '')
        step = Step(
            call=call,
            context=f'ctx_{label}' if label else 'ctx',
            credentials=self._named(credentials),
            positional=args,
            named=kwargs,
        )
        if self.recording:
            self.script.steps.append(step)
        return step

    def _named(self, given: dict[str, str] | None) -> str:
        """Return how the script calls credentials, without their values."""
        own = self.sandbox.credentials
        if given is None or given == own:
            return 'credentials'
        changes = [
            f'without {name!r}'
            if name not in given
            else f'with blank {name!r}'
            if not given[name].strip()
            else f'with another {name!r}'
            for name in own
            if given.get(name) != own[name]
        ]
        return f'<credentials {" and ".join(changes)}>'

    async def _awaited(
        self, method: str, step: Step, start: Callable[[], Any]
    ) -> Answer:
        try:
            with self.under_way('plugin', method):
                result = await start()
        except (KeyboardInterrupt, Blocked):
            raise
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            answer = Answer(method, error=error)
        except BaseException as error:  # noqa: BLE001  a stranger's code
            answer = Answer(method, error=error)
        else:
            answer = Answer(method, result=result)
        step.raised = answer.error is not None
        step.outcome = answer.error if step.raised else answer.result
        step.done = True
        return answer

    def _failed(self, answer: Answer) -> HandlerFailed:
        error = answer.error or RuntimeError('unknown')
        finding = Finding(
            answer.method,
            f'{answer.method} raised {described(error, self.secrets)}'
            f'{self.place(error)}, where it must succeed.',
        )
        return HandlerFailed(answer, finding)

    def place(self, error: BaseException) -> str:
        """Return ` (plugin.py:12)`, the author's last line in a traceback."""
        found, trace = '', error.__traceback__
        home = self.plugin.handler.__module__
        while trace is not None:
            module = str(trace.tb_frame.f_globals.get('__name__', ''))
            if module == home or self.plugin.subject.owns_module(module):
                name = trace.tb_frame.f_code.co_filename.replace('\\', '/')
                found = f' ({name.rpartition("/")[2]}:{trace.tb_lineno})'
            trace = trace.tb_next
        return found or place(error)

    # Time ---------------------------------------------------------------

    async def settle(self) -> None:
        """Wait until everything that was written is sure to be read."""
        if self.limits.consistency_lag:
            await asyncio.sleep(self.limits.consistency_lag)

    async def eventually(
        self,
        read: Callable[[], Awaitable[Any]],
        holds: Callable[[Any], bool],
    ) -> Any:  # noqa: ANN401  what `read` returns
        """Read until it holds or the declared lag is over.

        Returns:
            What was read last; the caller judges it once more.
        """
        lag = self.limits.consistency_lag
        deadline = time.monotonic() + lag
        while True:
            last = time.monotonic() >= deadline
            seen = await read()
            if last or holds(seen):
                return seen
            left = deadline - time.monotonic()
            await asyncio.sleep(max(0.0, min(left, lag / 10)))

    # Odds and ends ------------------------------------------------------

    def key(self, label: str = 'k') -> str:
        """Return a fresh key that the backend allows.

        Args:
            label: Word to begin with where the alphabet has its letters.
        """
        return made_up_key(self.limits, self.rng, label)

    def on_cleanup(self, clean: Callable[[], Awaitable[object]]) -> None:
        """Run a coroutine function after the law, also after a failure."""
        self.cleanups.append(clean)

    def note(self, text: str) -> None:
        """Keep what the law left out, for the report."""
        if text not in self.notes:
            self.notes.append(text)

    def redacted(self, text: str) -> str:
        """Return a text without the values in `secrets`."""
        return redact(text, self.secrets)

    def finished(self, finding: Finding) -> Finding:
        """Return a finding without secrets and with the calls so far."""
        values = finding.seen, finding.expected
        told = (finding.path, finding.message, *values, *finding.details)
        whole = NUL.join(text.replace(NUL, ' ') for text in told)
        path, message, *rest = self.redacted(whole).split(NUL)
        seen, expected, *given = rest
        name = self.plugin.handler.__name__
        details = tuple(given) or self.script.lines(self.secrets, name)
        return Finding(
            path, message, finding.fix, details, None, seen, expected
        )
