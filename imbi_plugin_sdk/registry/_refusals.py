"""Making refusals, and the words of those that admission itself makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import shown
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry import _guard
from imbi_plugin_sdk.registry._names import SDK, normalized
from imbi_plugin_sdk.registry.discovery import metadata_lines
from imbi_plugin_sdk.registry.snapshot import Refusal

if TYPE_CHECKING:
    from imbi_plugin_sdk.registry.discovery import (
        DistributionRef,
        EntryPointRef,
    )
    from imbi_plugin_sdk.registry.policy import Policy
    from imbi_plugin_sdk.registry.snapshot import Stage

HUNG = 'import_hung'
"""Code of the refusal of a plugin whose import did not end."""

BEHIND_HUNG = 'import_behind_hung'
"""Code of the refusal of a plugin that would wait for one that hangs."""

REHEARSAL_HUNG = 'import_hangs'
"""Code that a preflight gives to what hung in its own process."""

RESTART = 'restart_required'
"""Code of the refusal of a plugin that only a new process can load."""


def refuse(  # noqa: PLR0913  the last three by keyword
    plugin: EntryPointRef,
    stage: Stage,
    problem: Problem,
    *,
    problems: tuple[Problem, ...] = (),
    slug: str = '',
    findings: tuple[Problem, ...] = (),
) -> Refusal:
    """Return the refusal of an entry point."""
    return Refusal(
        plugin.distribution,
        plugin.version,
        plugin.name,
        stage,
        problem.code,
        problem.message,
        problem.fix,
        slug,
        problems,
        findings,
        plugin.path,
    )


def gate_refusal(
    policy: Policy, plugin: EntryPointRef, slug: str | None
) -> Refusal | None:
    """Ask the block list and the catalog; one that breaks lets nobody in.

    Args:
        policy: What the host decides.
        plugin: The entry point.
        slug: The manifest's slug; None before the import.
    """
    for stage, gate in policy.gates:
        try:
            problem = gate.problem_of(plugin, slug)
        except Exception as error:  # noqa: BLE001  the host's own catalog
            raised = _guard.told(_guard.describe(error))
            problem = Problem(
                'gate_failed',
                '',
                f'the {stage} check itself raised {raised}.',
                'Mend the catalog or block list that the host gives.',
            )
        if problem is not None:
            return refuse(plugin, stage, problem, slug=slug or '')
    return None


def preflight_refusal(policy: Policy, plugin: EntryPointRef) -> Refusal | None:
    """Rehearse the import where a crash harms nobody, if the host can."""
    if policy.preflight is None:
        return None
    try:
        problem = policy.preflight(plugin).problem
    except Exception as error:  # noqa: BLE001  the host's own function
        raised = _guard.told(_guard.describe(error))
        problem = Problem(
            'preflight_failed',
            '',
            f'the preflight itself raised {raised}.',
            'Mend the function that was given as `preflight`.',
        )
    return None if problem is None else refuse(plugin, 'import', problem)


def bad_value(plugin: EntryPointRef) -> Problem:
    """Return the problem of a value that refers to nothing."""
    return Problem(
        'entry_point_value',
        'entry_points.txt',
        f'the entry point {plugin.name!r} refers to {shown(plugin.value)}, '
        'which is no object reference.',
        'Write it as in `ssm = imbi_plugin_ssm:SSMPlugin`.',
    )


def hanging(plugin: EntryPointRef, deadline: float | None) -> Problem:
    """Return the problem of an import that did not end."""
    return Problem(
        HUNG,
        '',
        f'importing {plugin.value!r} had not ended after {deadline:g} '
        'seconds; it was left behind in a thread of its own.',
        'Do nothing at import that can wait (network, locks, prompts); '
        'restart the host once the plugin is mended.',
    )


def behind(top: str, name: str) -> Problem:
    """Return the problem of an import that would wait for a hanging one."""
    return Problem(
        BEHIND_HUNG,
        '',
        f'its package {top!r} is still being imported by the entry point '
        f'{name!r}, which hangs; importing it would wait for that.',
        'Mend what hangs, then restart the host.',
    )


def uninspectable(raised: _guard.Raised) -> Problem:
    """Return the problem of an object that cannot even be looked at."""
    return Problem(
        'inspection_failed',
        '',
        f'looking at it raised {raised.type_name}.',
        'Let the class be inspected: no attribute and no metaclass may raise '
        'when it is read.',
    )


def misnamed(plugin: EntryPointRef, slug: str) -> Problem:
    """Return the finding of an entry point whose name is not the slug."""
    return Problem(
        'entry_point_name',
        '',
        f'the entry point is named {plugin.name!r}, its slug is {slug!r}; '
        'before the import a block list can only match the former.',
        f'Name the entry point {slug!r}.',
    )


def unmet_requirement(found: DistributionRef, sdk: str) -> Problem | None:
    """Say if a distribution was made for another version of this SDK.

    Args:
        found: A distribution that could not be imported.
        sdk: The version that runs; empty if nobody knows.
    """
    if not sdk:
        return None
    from packaging.requirements import (  # noqa: PLC0415  a failing path
        Requirement,
    )

    for line in metadata_lines(found):
        key, _, value = line.partition(':')
        if key.lower() != 'requires-dist':
            continue
        try:
            wanted = Requirement(value.strip())
            is_met = normalized(wanted.name) != SDK or (
                wanted.specifier.contains(sdk, prereleases=True)
            )
        except ValueError:  # InvalidRequirement, or thousands of digits
            continue
        if not is_met:
            return Problem(
                'sdk_unsupported',
                '',
                f'it requires {SDK}{wanted.specifier} and did not import on '
                f'{sdk}, which this host has.',
                f'Install {SDK}{wanted.specifier} in the host, or a version '
                'of the plugin that supports this one.',
            )
    return None
