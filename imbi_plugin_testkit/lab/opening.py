"""From what an author configured to a sandbox that is open.

A sandbox is entered and left by one task of its own: cancel scopes and task
groups (of asyncio, anyio, httpx) must be left by the task that entered them,
and each law runs in a task of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import importlib
import inspect
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_sdk._text import did_you_mean, shown
from imbi_plugin_sdk.context import PluginContext
from imbi_plugin_testkit.lab.watchdog import Blocked, Watchdog
from imbi_plugin_testkit.model import Untestable
from imbi_plugin_testkit.sandbox import Limits, UnsupportedBySandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from imbi_plugin_testkit.sandbox import Sandbox
    from imbi_plugin_testkit.subject import PluginUnderTest

    Factory = Callable[[PluginUnderTest], Any]

OPENING_TIMEOUT = 60.0
"""Seconds for opening; a database in a container takes half of that."""

CLOSING_TIMEOUT = 10.0
"""Seconds for leaving a sandbox; a container is stopped in that (docker's
own default before it kills)."""


_ABANDONED: list[asyncio.Task[Any]] = []
"""Kept for ever: collecting one would run it once more, and complain."""


class SandboxBroken(Exception):  # noqa: N818  the author's, with a reason
    """A sandbox is configured but does not open; the reason says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Opened:
    """One open sandbox with the event loop that it lives in.

    Attributes:
        sandbox: What was entered.
        runner: Drives the loop for every law of the plugin.
        context: What the sandbox set (context variables) when it entered.
        baseline: The environment before the sandbox was opened.
    """

    def __init__(self, made: object, baseline: Mapping[str, str]) -> None:
        self.sandbox: Sandbox
        self.runner = asyncio.Runner()
        self.context = contextvars.copy_context()
        self.baseline = baseline
        self._made = made
        self._leave = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._abandoned = False

    def abandon(self, task: asyncio.Task[Any]) -> None:
        """Give up on a task that ignores cancellation.

        Closing the loop the usual way would wait for it for ever.
        """
        self._abandoned = True
        _ABANDONED.append(task)

    def open(self, seconds: float) -> None:
        """Enter the sandbox.

        Raises:
            SandboxBroken: It did not enter, or is no sandbox.
        """
        with Watchdog() as watchdog:
            watchdog.arm(seconds + 1)
            try:
                self.runner.run(self._open(seconds), context=self.context)
            except Blocked:
                raise SandboxBroken(
                    f'it blocked for {seconds:g} s while it opened'
                ) from None
            finally:
                watchdog.disarm()

    def close(self) -> str:
        """Leave the sandbox and the loop; return what went wrong, if any."""
        trouble = ''
        with Watchdog() as watchdog:
            watchdog.arm(CLOSING_TIMEOUT + 1)
            try:
                self.runner.run(self._close())
            except Blocked:
                trouble = f'it blocked for {CLOSING_TIMEOUT:g} s'
            except Exception as error:  # noqa: BLE001  a stranger's code
                trouble = f'{type(error).__name__}: {error}'
            watchdog.arm(CLOSING_TIMEOUT)
            with contextlib.suppress(Blocked, RuntimeError):
                if self._abandoned:
                    self.runner.get_loop().close()
                else:
                    self.runner.close()
            watchdog.disarm()
        return trouble

    async def _open(self, seconds: float) -> None:
        entered: asyncio.Future[Any] = (
            asyncio.get_running_loop().create_future()
        )
        self._keeper = asyncio.create_task(
            self._keep(entered), context=self.context
        )
        await asyncio.wait(
            {entered, self._keeper},
            timeout=seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if not entered.done():
            self._keeper.cancel()
            raise SandboxBroken(f'it did not open within {seconds:g} s')
        self.sandbox = entered.result()

    async def _keep(self, entered: asyncio.Future[Any]) -> None:
        try:
            made = self._made
            if inspect.isawaitable(made):
                made = await made
            async with contextlib.AsyncExitStack() as stack:
                sandbox = await _enter(stack, made)
                check_sandbox(sandbox)
                entered.set_result(sandbox)
                await self._leave.wait()
        except BaseException as error:
            if entered.done():
                raise
            if isinstance(error, (KeyboardInterrupt, Blocked)):
                raise
            if not isinstance(error, SandboxBroken):
                error = SandboxBroken(
                    f'{type(error).__name__} while it opened: {error}'
                    f'{place(error)}'
                )
            entered.set_exception(error)

    async def _close(self) -> None:
        if self._keeper is None or self._keeper.done():
            return
        self._leave.set()
        done, _ = await asyncio.wait({self._keeper}, timeout=CLOSING_TIMEOUT)
        if not done:
            self._keeper.cancel()
            raise TimeoutError(f'it did not close in {CLOSING_TIMEOUT:g} s')
        await self._keeper


async def _enter(stack: contextlib.AsyncExitStack, made: object) -> object:
    """Enter an async or plain context manager; a sandbox may be neither."""
    if hasattr(type(made), '__aenter__'):
        return await stack.enter_async_context(made)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportUnknownVariableType]
    if hasattr(type(made), '__enter__'):
        return stack.enter_context(made)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportUnknownVariableType]
    return made


def check_sandbox(sandbox: object) -> None:
    """Hold what was entered against the `Sandbox` protocol.

    Raises:
        SandboxBroken: An attribute is missing or of the wrong type.
    """
    name = type(sandbox).__name__
    if sandbox is None:
        raise SandboxBroken(
            'what it enters is None; `__aenter__` must return the sandbox'
        )
    wanted: Mapping[str, tuple[type, str]] = {
        'context': (PluginContext, 'a PluginContext'),
        'credentials': (Mapping, 'a dict of credentials'),
        'limits': (Limits, 'a Limits'),
        'backend': (str, "'real', 'emulated', 'fake' or 'memory'"),
    }
    for attribute, (kind, what) in wanted.items():
        found = getattr(sandbox, attribute, None)
        if not isinstance(found, kind):
            raise SandboxBroken(
                f'{name}.{attribute} is {type(found).__name__}; it must be '
                f'{what}'
            )
    for method in ('tenant', 'seed', 'fault', 'snapshot'):
        if not callable(getattr(sandbox, method, None)):
            raise SandboxBroken(
                f'{name} has no `{method}`; derive it from '
                'imbi_plugin_testkit.sandbox.BaseSandbox'
            )


def entries(data: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    """Return the entries of a list in a manifest, valid ones or not.

    A manifest that was built around validation may hold anything; the MAN
    checks say so, and nothing else should trip over it.
    """
    found: object = data.get(field)
    if not isinstance(found, (list, tuple)):
        return []
    items = cast('list[object]', found)
    return [
        cast('Mapping[str, Any]', item)
        for item in items
        if isinstance(item, Mapping) and 'name' in item
    ]


def check_credentials(sandbox: Sandbox, data: Mapping[str, Any]) -> None:
    """Hold a sandbox's credentials against those that the manifest requires.

    Raises:
        SandboxBroken: A required one is missing, blank or no string.
    """
    for field in entries(data, 'credentials'):
        name = str(field.get('name'))
        value = sandbox.credentials.get(name)
        if not field.get('required', True):
            continue
        if not isinstance(value, str) or not value.strip():
            raise SandboxBroken(
                f'its credentials have no {name!r}, which the manifest '
                f'requires.{did_you_mean(name, sandbox.credentials)}'
            )


def make(plugin: PluginUnderTest, factory: Factory | None) -> object:
    """Return what the author's hook or function gives for a plugin.

    Raises:
        Untestable: There is none, or the author declined.
        SandboxBroken: It cannot be imported or called.
    """
    made = None
    if factory is not None:
        made = _call(factory, plugin, 'the hook pytest_imbi_plugin_sandbox')
    config = plugin.subject.config
    if made is not None:
        return made
    if config.sandbox is None:
        raise Untestable('no sandbox is configured; see KIT001')
    if config.sandbox == 'none':
        raise Untestable(f'static verdict: {config.sandbox_reason}')
    with _project_importable(plugin):
        made = _call(_import(config.sandbox, plugin), plugin, config.sandbox)
    if made is None:
        raise Untestable(
            f'{config.sandbox} returned None for {plugin.name}: no sandbox '
            'is configured for it; see KIT001'
        )
    return made


@contextlib.contextmanager
def _project_importable(plugin: PluginUnderTest) -> Generator[None]:
    """Put the project's root first in `sys.path`, and leave it there.

    A sandbox imports its own neighbours lazily, so taking the root out again
    would break it later.
    """
    project = plugin.subject.project
    if project is not None:
        root = str(project.path.resolve().parent)
        if root not in sys.path:
            sys.path.insert(0, root)
    with plugin.subject.importable():
        yield


def _import(reference: str, plugin: PluginUnderTest) -> Factory:
    module_name, _, attribute = reference.partition(':')
    if not module_name or not attribute:
        raise SandboxBroken(
            f'sandbox = {shown(reference)} names no function; write '
            '"module:function", as in "tests.sandbox:make"'
        )
    try:
        found: object = importlib.import_module(module_name)
    except Exception as error:
        project = plugin.subject.project
        where = f' (searched in {project.path.parent})' if project else ''
        raise SandboxBroken(
            f'{module_name} does not import: {type(error).__name__}: '
            f'{error}{where}{place(error)}'
        ) from error
    for part in attribute.split('.'):
        if not hasattr(found, part):
            raise SandboxBroken(
                f'{module_name} has no {part!r}.'
                f'{did_you_mean(part, dir(found))}'
            )
        found = getattr(found, part)
    if not callable(found):
        raise SandboxBroken(
            f'{reference} is {type(found).__name__}; it must be a function '
            'that makes the sandbox'
        )
    return found


def _call(factory: Factory, plugin: PluginUnderTest, name: str) -> object:
    try:
        parameters = inspect.signature(factory).parameters
        if any(_wants_plugin(one) for one in parameters.values()):
            return factory(plugin)
        return factory()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    except Exception as error:
        raise SandboxBroken(
            f'{name} raised {type(error).__name__}: {error}{place(error)}'
        ) from error


def _wants_plugin(parameter: inspect.Parameter) -> bool:
    """Return whether a parameter is there for the plugin.

    One with a default is not, unless it is called `plugin`: a sandbox class
    may take limits or a token.
    """
    if parameter.kind not in (
        parameter.POSITIONAL_ONLY,
        parameter.POSITIONAL_OR_KEYWORD,
    ):
        return False
    return parameter.default is parameter.empty or parameter.name == 'plugin'


def place(error: BaseException) -> str:
    """Return ` (sandbox.py:12)`, where in a file an error was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ''
    name = trace.tb_frame.f_code.co_filename.replace('\\', '/')
    return f' ({name.rpartition("/")[2]}:{trace.tb_lineno})'


def cannot(reason: UnsupportedBySandbox, what: str) -> Untestable:
    """Return the outcome of a law that needs what a sandbox cannot do."""
    told = str(reason) or what
    return Untestable(
        f'the sandbox cannot do {told}; override `{told.partition("(")[0]}` '
        'in it to have this law tested'
    )
