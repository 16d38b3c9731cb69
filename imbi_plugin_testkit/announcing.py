"""What a run reaches beyond this machine, said before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from imbi_plugin_testkit.lab import announcement, refusal
from imbi_plugin_testkit.nodes import CheckItem

if TYPE_CHECKING:
    from imbi_plugin_testkit.runner import Run
    from imbi_plugin_testkit.subject import PluginUnderTest


class LiveRun:
    """The hooks that announce a live run, and refuse one by accident."""

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self.config = config
        self.run = run

    def pytest_sessionstart(self) -> None:
        """Say what a live run will write, before it does.

        Raises:
            pytest.UsageError: A sandbox does not say it.
        """
        if not self.config.getoption('--imbi-plugin-live'):
            return
        if hasattr(self.config, 'workerinput'):
            return
        manager = self.config.pluginmanager
        reporter: Any = manager.get_plugin('terminalreporter')
        for plugin, made in self._made():
            told = announcement(plugin.name, made, plugin.subject.config)
            if reporter is not None:
                reporter.write_line(f'live run: {told}')

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Refuse a sandbox that reaches further than it may.

        A worker of `-n` cannot say so before it runs: there it is KIT002.

        Raises:
            pytest.UsageError: It names hosts, and the flag is not given.
        """
        if hasattr(self.config, 'workerinput'):
            return
        laws = any(
            isinstance(item, CheckItem) and item.check.law
            for item in session.items
        )
        if laws and not self.config.getoption('collectonly'):
            self._made()

    def _made(self) -> list[tuple[PluginUnderTest, object]]:
        """Return each plugin with its sandbox, not yet entered."""
        found: list[tuple[PluginUnderTest, object]] = []
        for subject in self.run.subjects:
            for plugin in subject.plugins:
                labs = self.run.labs
                made = labs.made(plugin)
                reason = refusal(made, subject.config, live=labs.live)
                if reason:
                    raise pytest.UsageError(f'{plugin.name}: {reason}.')
                found.append((plugin, made))
        return found
