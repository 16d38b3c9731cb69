"""Runs against an account that somebody else may use, too.

A sandbox that names hosts beyond this machine is opened only with
`--imbi-plugin-live`, and only where it says what it will write; see
`BaseSandbox.hosts` and `BaseSandbox.writes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import listed
from imbi_plugin_testkit.lab.guards import is_loopback
from imbi_plugin_testkit.lab.opening import SandboxBroken

if TYPE_CHECKING:
    from imbi_plugin_testkit.config import Config

FLAG = '--imbi-plugin-live'


def remote_hosts(sandbox: object) -> tuple[str, ...]:
    """Return the hosts beyond this machine that a sandbox names."""
    return tuple(
        name
        for name in _texts(getattr(sandbox, 'hosts', ()))
        if not is_loopback(name)
    )


def written(sandbox: object) -> tuple[str, ...]:
    """Return what a sandbox says that a run writes."""
    return _texts(getattr(sandbox, 'writes', ()))


def _texts(given: object) -> tuple[str, ...]:
    """Return texts; one by itself is easily written without its comma."""
    found = (given,) if isinstance(given, str) else given
    if not isinstance(found, (tuple, list, set, frozenset)):
        return ()
    names: list[str] = [str(one) for one in found]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return tuple(name for name in names if name.strip())


def refusal(sandbox: object, config: Config, *, live: bool) -> str:
    """Return why a sandbox is not opened in this run; blank where it is.

    Args:
        sandbox: What was made, entered or not.
        config: The configuration of the run.
        live: Whether hosts beyond this machine may be reached: the command
            line alone says so, and no file of the project.
    """
    hosts = remote_hosts(sandbox)
    if not hosts:
        return ''
    where = listed(hosts, 'and')
    what = listed(written(sandbox), 'and')
    if not live:
        would = (
            'would read there only (read-only mode)'
            if config.read_only
            else f'would write {what or "what it does not say"}'
        )
        return (
            f'the sandbox reaches {where}, which is not this machine, and '
            f'{would}; give {FLAG} if the account is yours to write to'
        )
    if not what and not config.read_only:
        return (
            f'the sandbox reaches {where} and does not say what it writes '
            'there; name that in its attribute `writes`, or give '
            '--imbi-plugin-read-only'
        )
    return ''


def check_live(sandbox: object, config: Config, *, live: bool) -> None:
    """Refuse a sandbox that may not be opened in this run; see `refusal`.

    Raises:
        SandboxBroken: It reaches further than the run allows.
    """
    reason = refusal(sandbox, config, live=live)
    if reason:
        raise SandboxBroken(reason)


def announcement(name: str, sandbox: object, config: Config) -> str:
    """Return what a live run will do, to be shown before it starts.

    Args:
        name: The plugin.
        sandbox: What was made for it, entered or not.
        config: The configuration of the run.
    """
    hosts = remote_hosts(sandbox)
    if not hosts:
        return f'{name}: no host beyond this machine'
    where = listed(hosts, 'and')
    if config.read_only:
        return f'{name}: will read from {where} and write nothing'
    what = listed(written(sandbox), 'and')
    return f'{name}: will write {what} on {where}'
