"""The problems that a plugin's manifest has, sorted by who reports them.

The SDK refuses a wrong manifest when it is made, so that the plugin then does
not even import; the probe brings the refusal's problems back. A manifest that
was made without validation imports, and is judged here. Either way each
problem belongs to exactly one family.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imbi_plugin_sdk.errors import Problem
    from imbi_plugin_testkit.subject import PluginUnderTest

TEMPLATE = 'third_party_service'
ICONS = ('icon', 'icon_dark')
ALWAYS_REFUSED = frozenset({'secret_vendor_format', 'secret_private_key'})
"""Findings that no `secret-exceptions` entry can excuse."""


def declared_problems(plugin: PluginUnderTest) -> tuple[Problem, ...]:
    """Return everything that is wrong with the manifest.

    Raises:
        Untestable: There is no manifest to judge.
    """
    return plugin.probe.manifest_problems or plugin.manifest_problems


def _inside(problem: Problem, field: str) -> bool:
    return problem.path == field or problem.path.startswith(
        (f'{field}.', f'{field}[')
    )


def _owner(problem: Problem) -> str:
    if problem.code.startswith('secret_'):
        return 'SEC'
    if _inside(problem, TEMPLATE):
        return 'TPL'
    if any(_inside(problem, field) for field in ICONS):
        return 'ICO'
    return 'MAN'


def manifest_problems(plugin: PluginUnderTest) -> Iterable[Problem]:
    """Return what concerns neither template, icon nor secrets."""
    return [p for p in declared_problems(plugin) if _owner(p) == 'MAN']


def template_problems(plugin: PluginUnderTest) -> Iterable[Problem]:
    """Return what concerns the service template."""
    return [p for p in declared_problems(plugin) if _owner(p) == 'TPL']


def icon_problems(plugin: PluginUnderTest) -> Iterable[Problem]:
    """Return what concerns the icon's declaration."""
    return [p for p in declared_problems(plugin) if _owner(p) == 'ICO']


def secret_problems(plugin: PluginUnderTest) -> Iterable[Problem]:
    """Return secrets, without those that the author excused by path."""
    excused = {
        exception.path for exception in plugin.subject.config.secret_exceptions
    }
    return [
        problem
        for problem in declared_problems(plugin)
        if _owner(problem) == 'SEC'
        and (problem.code in ALWAYS_REFUSED or problem.path not in excused)
    ]


def has_template(data: Mapping[str, Any]) -> bool:
    """Return whether the manifest declares a service template."""
    return data.get(TEMPLATE) is not None


def has_icon(data: Mapping[str, Any]) -> bool:
    """Return whether the manifest declares an icon."""
    return any(data.get(field) is not None for field in ICONS)
