"""What changed since the last load, and what only a restart can load."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.registry import _ownership

if TYPE_CHECKING:
    from imbi_plugin_sdk.registry._code import Code
    from imbi_plugin_sdk.registry.discovery import DistributionRef
    from imbi_plugin_sdk.registry.loaded import Loaded


RESTART_HOST = 'Restart the host.'


class RestartRequired(NamedTuple):
    """Something that only a restart of the process can load.

    Attributes:
        distribution: Whose code it is.
        running: The version that runs; empty if none does.
        installed: The version on disk; empty if it is gone.
        code: Stable, machine-readable name of the reason.
        message: The reason.
        remedy: What to do.
    """

    distribution: str
    running: str
    installed: str
    code: str
    message: str
    remedy: str = RESTART_HOST


class Change(NamedTuple):
    """A distribution that is not as it was.

    Attributes:
        found: What is on disk.
        code: Its code there.
        old: What is loaded of it; None if it is new.
    """

    found: DistributionRef
    code: Code
    old: Loaded | None


def looked_at(found: DistributionRef, old: Loaded | None) -> Change | Loaded:
    """Compare a distribution with what is loaded of it.

    Returns:
        What is loaded, if that is what is on disk: `old` itself, or `old`
        with new time stamps, and not stale any more. Else the change.
    """
    if old is None:
        return Change(found, _ownership.code_of(found), None)
    same = (
        found.version == old.found.version
        and found.path == old.found.path
        and found.entry_points == old.found.entry_points
    )
    if (
        same
        and not old.stale
        and found.problems == old.found.problems
        and _ownership.is_unchanged(found, old.code)
    ):
        return old
    # A call has imported more of it since the last look. Whose code that is
    # nobody can say where the disk was touched meanwhile.
    is_late = old.code.count() != old.code.loaded
    code = _ownership.code_of(found)
    if (
        same
        and not is_late
        and code.fingerprint
        and code.fingerprint == old.code.fingerprint
    ):
        return old.as_found(found, code)
    return Change(found, code, old)
