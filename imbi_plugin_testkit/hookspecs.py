"""Hooks that a project's `conftest.py` may implement for the kit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from imbi_plugin_testkit.sandbox import Sandbox
    from imbi_plugin_testkit.subject import PluginUnderTest


def pytest_imbi_plugin_sandbox(
    plugin: PluginUnderTest,
) -> AbstractAsyncContextManager[Sandbox] | None:
    """Return the sandbox for one plugin, or None to leave it to others.

    The first answer that is not None wins, and it wins over the `sandbox`
    key of `[tool.imbi.testkit]`.

    Args:
        plugin: The plugin under test; `plugin.name` is its entry point.
    """


pytest_imbi_plugin_sandbox.pytest_spec = {'firstresult': True}  # type: ignore[attr-defined]
