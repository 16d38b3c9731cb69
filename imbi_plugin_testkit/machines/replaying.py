"""A machine in an author's own tests: by hand, or with made-up scripts."""

from __future__ import annotations

import contextlib
import tempfile
from typing import TYPE_CHECKING, Any, TypeVar

import importlib_metadata

from imbi_plugin_testkit.config import PROFILES, Config
from imbi_plugin_testkit.lab.bench import Lab
from imbi_plugin_testkit.lab.guards import Guard
from imbi_plugin_testkit.lab.opening import check_sandbox, make
from imbi_plugin_testkit.machines.machine import Machine
from imbi_plugin_testkit.machines.searching import agrees
from imbi_plugin_testkit.model import Check, Severity
from imbi_plugin_testkit.subject import EntryPoint, PluginUnderTest, Subject

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

Driven = TypeVar('Driven', bound=Machine)


class _Nowhere(importlib_metadata.Distribution):
    """The metadata of a class that no distribution ships."""

    def read_text(self, filename: str) -> str | None:
        """Return nothing: there is no file."""
        del filename
        return None

    def locate_file(self, path: Any) -> Any:  # noqa: ANN401  as the base says
        """Return the name: there is no file."""
        return path


class _Alone(PluginUnderTest):
    """A handler class without a distribution."""

    def __init__(self, handler: type) -> None:
        home = handler.__module__
        entry = EntryPoint(handler.__name__, f'{home}:{handler.__qualname__}')
        subject = Subject(home, '0', 'installed', _Nowhere(), Config())
        subject.__dict__['entry_points'] = (entry,)
        super().__init__(subject, entry)
        self.__dict__['target'] = handler

    @property
    def plugin_type(self) -> str | None:
        """Return the declared plugin type."""
        return str(self.data['plugin_type'])


def _check(machine: type[Machine]) -> Check:
    return Check(
        id=machine.__name__.upper(),
        title=machine.__name__,
        severity=Severity.MUST,
        since='0.1',
        fix='',
        rationale='',
        scope='plugin',
        body=agrees,
        law=True,
    )


@contextlib.asynccontextmanager
async def _lab(
    machine: type[Machine],
    handler: type,
    sandbox: Any,  # noqa: ANN401  a sandbox, or what makes one
    seed: int,
) -> AsyncGenerator[Lab]:
    plugin = _Alone(handler)
    made: Any = make(plugin, sandbox) if callable(sandbox) else sandbox
    async with contextlib.AsyncExitStack() as stack:
        if hasattr(made, '__aenter__'):
            made = await stack.enter_async_context(made)
        check_sandbox(made)
        guard = Guard(tempfile.gettempdir())
        lab = Lab(plugin, _check(machine), made, guard, seed)
        try:
            yield lab
        finally:
            for clean in reversed(lab.cleanups):
                with contextlib.suppress(Exception):
                    await clean()


@contextlib.asynccontextmanager
async def replaying(
    machine: type[Driven],
    handler: type,
    sandbox: Any,  # noqa: ANN401  a sandbox, or what makes one
    *,
    seed: int = 0,
) -> AsyncGenerator[Driven]:
    """Drive a machine by hand: its rules are coroutine methods.

    Each call makes its step on the plugin and on the model and compares; the
    end compares once more. No event loop, guard or time-out of the kit is
    involved, so that a debugger works as usual.

    Args:
        machine: The machine.
        handler: The handler class.
        sandbox: A sandbox, or a function that makes one, as
            `[tool.imbi.testkit] sandbox` names it.
        seed: What keys and tenants are made up from.

    Yields:
        The machine, ready for its first step.

    Raises:
        Divergence: Plugin and model disagree; an AssertionError.
        SandboxBroken: What is given is no sandbox.
    """
    async with _lab(machine, handler, sandbox, seed) as lab:
        driven = machine(lab, 'replay')
        lab.on_cleanup(driven.stop)
        with driven.failing():
            await driven.start()
        yield driven
        with driven.failing():
            await driven.finish()


async def assert_agrees(
    machine: type[Machine],
    handler: type,
    sandbox: Any,  # noqa: ANN401  a sandbox, or what makes one
    *,
    profile: str = 'quick',
    seed: int = 0,
) -> None:
    """Run made-up scripts of a machine, as the kit does.

    For machines of an author's own, with rules for what only that plugin
    has.

    Args:
        machine: The machine.
        handler: The handler class.
        sandbox: A sandbox, or a function that makes one.
        profile: How hard to look: quick, ci or deep.
        seed: What the scripts are made up from.

    Raises:
        AssertionError: Plugin and model disagree; the message is the finding
            with the script to paste.
    """
    async with _lab(machine, handler, sandbox, seed) as lab:
        async for finding in agrees(lab, machine, PROFILES[profile]):
            lines = (f'{finding.path}: {finding.message}', *finding.details)
            raise AssertionError(lab.redacted('\n'.join(lines)))
