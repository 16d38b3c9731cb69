"""Laws to findings: one sandbox and one event loop per plugin.

A law is an async generator function of a `Lab` that yields findings. What
the plugin raises where it must succeed is a finding; what the sandbox raises
makes the law untestable; what the law itself raises is a fault of the kit.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from typing import TYPE_CHECKING

from imbi_plugin_testkit.lab.answers import Answer, HandlerFailed
from imbi_plugin_testkit.lab.bench import Lab
from imbi_plugin_testkit.lab.guards import Guard
from imbi_plugin_testkit.lab.law_run import LawRun
from imbi_plugin_testkit.lab.live import (
    announcement,
    check_live,
    refusal,
    remote_hosts,
)
from imbi_plugin_testkit.lab.opening import (
    OPENING_TIMEOUT,
    Opened,
    SandboxBroken,
    cannot,
    check_credentials,
    make,
)
from imbi_plugin_testkit.model import Untestable
from imbi_plugin_testkit.models.identity import IdentitySandbox
from imbi_plugin_testkit.sandbox import BaseSandbox, UnsupportedBySandbox

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from imbi_plugin_testkit.lab.opening import Factory
    from imbi_plugin_testkit.model import Check, Finding
    from imbi_plugin_testkit.sandbox import Sandbox
    from imbi_plugin_testkit.subject import PluginUnderTest

    Showing = Callable[
        [str, asyncio.AbstractEventLoop, Callable[[], int]],
        contextlib.AbstractContextManager[None],
    ]

__all__ = [
    'Answer',
    'HandlerFailed',
    'Lab',
    'Labs',
    'SandboxBroken',
    'announcement',
    'refusal',
]


class Labs:
    """The sandboxes of one run, each opened once and on first use.

    Attributes:
        seed: What all randomness of the laws starts from.
        live: Whether sandboxes may reach hosts beyond this machine.
        strays: Per plugin and check, tasks that a law left running.
        troubles: Per plugin, what went wrong when its sandbox was closed.
        notes: Per plugin and check, what the law left out and why.
        showing: Shows a person what goes on in a loop, and how many scripts
            were tried; None where nobody looks.
    """

    def __init__(
        self,
        seed: int,
        *,
        factory: Factory | None = None,
        live: bool = False,
    ) -> None:
        """Prepare a run.

        Args:
            seed: What all randomness of the laws starts from.
            factory: Returns the sandbox of a plugin, or None to leave it to
                the configuration; what pytest's hook answers.
            live: Whether sandboxes may reach the hosts that they name beyond
                this machine.
        """
        self.seed = seed
        self.live = live
        self.strays: dict[tuple[str, str], tuple[str, ...]] = {}
        self.troubles: dict[str, str] = {}
        self.notes: dict[tuple[str, str], tuple[str, ...]] = {}
        self.showing: Showing | None = None
        self._factory = factory
        self._opened: dict[
            PluginUnderTest, Opened | SandboxBroken | Untestable
        ] = {}
        self._made: dict[PluginUnderTest, object] = {}
        self._baseline = dict(os.environ)
        self._home: str | None = None

    def opened(self, plugin: PluginUnderTest) -> Sandbox:
        """Return a plugin's sandbox, open.

        Raises:
            SandboxBroken: It is configured but does not open; asked again, it
                is not tried again.
            Untestable: None is configured, or the author declined.
        """
        return self._open(plugin).sandbox

    def run(self, plugin: PluginUnderTest, check: Check) -> Iterator[Finding]:
        """Run one law and yield what it finds.

        Raises:
            Untestable: It cannot be decided; the reason says what is missing.
            Exception: A fault of the law itself.
        """
        try:
            opened = self._open(plugin)
        except SandboxBroken as broken:
            raise Untestable(
                f'the sandbox does not open; see KIT002: {broken.reason}'
            ) from None
        for need in sorted(check.needs):
            inherited = getattr(BaseSandbox, need, None)
            if getattr(type(opened.sandbox), need, None) is inherited:
                raise cannot(UnsupportedBySandbox(need), need)
        allow = remote_hosts(opened.sandbox) if self.live else ()
        with Guard(
            self._empty_home(), baseline=opened.baseline, allow=allow
        ) as guard:
            lab = Lab(plugin, check, opened.sandbox, guard, self.seed)
            timeout = plugin.subject.config.timeout
            if check.machine:
                timeout *= lab.profile.patience
            law = LawRun(lab, opened, timeout)
            title = f'{plugin.name} {check.id}: {check.title}'
            try:
                with self._showing(title, opened, lambda: lab.tried):
                    law.run()
            finally:
                key = (plugin.name, check.id)
                self.notes[key] = tuple(lab.notes)
                self.strays[key] = tuple(law.strays)
        yield from law.findings

    def close(self) -> None:
        """Leave every sandbox; never raises, see `troubles`."""
        for plugin, opened in self._opened.items():
            if isinstance(opened, Opened):
                trouble = opened.close()
                if trouble:
                    self.troubles[plugin.name] = trouble
        self._opened.clear()
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
            self._home = None

    def made(self, plugin: PluginUnderTest) -> object:
        """Return what the author's function gives, not yet entered.

        None where nothing is given, or where only opening it will tell. The
        same object is opened later.
        """
        if plugin in self._opened:
            return None
        if plugin not in self._made:
            try:
                self._made[plugin] = make(plugin, self._factory)
            except (SandboxBroken, Untestable):
                return None
        return self._made[plugin]

    def _open(self, plugin: PluginUnderTest) -> Opened:
        if plugin not in self._opened:
            self._opened[plugin] = self._try_to_open(plugin)
        found = self._opened[plugin]
        if not isinstance(found, Opened):
            raise found
        plugin.backend = found.sandbox.backend
        return found

    def _try_to_open(
        self, plugin: PluginUnderTest
    ) -> Opened | SandboxBroken | Untestable:
        config = plugin.subject.config
        try:
            made = self._made.pop(plugin, None)
            if made is None:
                made = make(plugin, self._factory)
            # Before it opens: opening it may write already.
            check_live(made, config, live=self.live)
            opened = Opened(made, self._baseline)
        except (SandboxBroken, Untestable) as reason:
            return reason
        try:
            with self._showing(f'{plugin.name}: opening its sandbox', opened):
                opened.open(max(OPENING_TIMEOUT, config.timeout))
            check_live(opened.sandbox, config, live=self.live)
            if isinstance(opened.sandbox, IdentitySandbox):
                # Its examples are codes, for which it signs in by itself.
                opened.sandbox.handler_class = plugin.handler
            check_credentials(opened.sandbox, plugin.data)
        except (SandboxBroken, Untestable) as reason:
            opened.close()
            return reason
        except BaseException:
            opened.close()
            raise
        return opened

    def _showing(
        self,
        what: str,
        opened: Opened,
        tried: Callable[[], int] = lambda: 0,
    ) -> contextlib.AbstractContextManager[None]:
        if self.showing is None:
            return contextlib.nullcontext()
        return self.showing(what, opened.runner.get_loop(), tried)

    def _empty_home(self) -> str:
        if self._home is None:
            self._home = tempfile.mkdtemp(prefix='imbi-plugin-home-')
        return self._home
