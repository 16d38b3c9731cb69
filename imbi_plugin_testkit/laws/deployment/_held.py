"""What a script left at the remote, against what its model holds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import counted, shown
from imbi_plugin_testkit.comparing import with_values
from imbi_plugin_testkit.laws.deployment._repository import (
    can,
    limits_of,
    some,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_testkit.laws.deployment._repository import Repository
    from imbi_plugin_testkit.models.deployment import RemoteStatus

    Faults = list[tuple[str, str, str]]


@dataclasses.dataclass(slots=True)
class Started:
    """What the model holds of one run.

    Attributes:
        ref: What it was started for.
        text: The value of each input.
        status: What the sandbox moved it to; None is nothing yet.
    """

    ref: str
    text: str
    status: RemoteStatus | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Before:
    """What was at the remote when the script began, and is not judged.

    Attributes:
        runs: Ids of runs.
        released: Tags with a release.
    """

    runs: frozenset[str] = frozenset()
    released: frozenset[str] = frozenset()


async def seen_before(repository: Repository) -> Before:
    """Return what is there, as far as the sandbox can tell."""
    runs: frozenset[str] = frozenset()
    released: frozenset[str] = frozenset()
    if can(repository.lab, 'runs'):
        runs = frozenset(run.run_id for run in await repository.runs())
    if can(repository.lab, 'releases'):
        found = await repository.releases()
        released = frozenset(held.tag for held in found)
    return Before(runs, released)


async def run_faults(
    repository: Repository, started: Mapping[str, Started], before: Before
) -> Faults:
    """Return law, path and message of what is wrong with the runs.

    Args:
        repository: Whose runs; nothing is asked where the sandbox cannot.
        started: Id to run, as the model has it.
        before: What was there already.
    """
    if not can(repository.lab, 'runs'):
        return []
    path = 'trigger_deployment()'
    runs = {
        run.run_id: run
        for run in await repository.runs()
        if run.run_id not in before.runs
    }
    if runs.keys() != started.keys():
        message = with_values(
            f'{counted(len(started), "run")} were started, and the remote has '
            f'{counted(len(runs), "run")}; each trigger starts one.',
            sorted(runs),
            sorted(started),
        )
        return [('DEP010', path, message)]
    faults: Faults = []
    for run_id, held in started.items():
        for name in limits_of(repository.lab).inputs:
            text = runs[run_id].inputs.get(name)
            if text != held.text:
                message = with_values(
                    f'{held.text!r} arrived as {shown(text)}; it must arrive '
                    'as it is.',
                    text,
                    held.text,
                )
                faults.append(('DEP011', path, message))
    return faults


async def release_faults(
    repository: Repository,
    released: Mapping[str, set[tuple[str, bool]]],
    before: Before,
) -> Faults:
    """Return law, path and message of what is wrong with the releases.

    Args:
        repository: Whose releases; nothing is asked where the sandbox cannot.
        released: Tag to the titles and flags that it was released with.
        before: What was there already.
    """
    if not can(repository.lab, 'releases'):
        return []
    path = 'create_release()'
    found = [
        held
        for held in await repository.releases()
        if held.tag not in before.released
    ]
    tags = sorted(held.tag for held in found)
    if tags != sorted(released):
        message = (
            f'released were {some(released) or "none"}, and the remote has '
            f'{some(tags) or "none"}.'
        )
        return [('DEP009', path, message)]
    return [
        (
            'DEP009',
            path,
            f'{held.tag!r} is {shown(held.name)} with '
            f'prerelease={held.prerelease} now; nobody asked for that.',
        )
        for held in found
        if (held.name, held.prerelease) not in released[held.tag]
    ]
