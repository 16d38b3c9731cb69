"""What surrounds the plugins: pydantic, the SDK, libraries, the host's log."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import did_you_mean, listed, shown
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry import _guard, _modules, _ownership
from imbi_plugin_sdk.registry._freshness import RestartRequired
from imbi_plugin_sdk.registry._names import SDK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imbi_plugin_sdk.contract import Contract
    from imbi_plugin_sdk.registry.adapters import Adapter
    from imbi_plugin_sdk.registry.discovery import (
        Discovery,
        DistributionRef,
    )
    from imbi_plugin_sdk.registry.policy import (
        Block,
        Gate,
        Policy,
        Preflight,
    )
    from imbi_plugin_sdk.registry.reload import Served
    from imbi_plugin_sdk.registry.snapshot import Entry, Snapshot


def prime() -> tuple[Problem, ...]:
    """Import what a load needs before a stranger's code is imported.

    A plugin can break the import system for everybody. Whatever the rest of
    the load imports is there by then.
    """
    problems = _pydantic_scan()
    for module in _NEEDED:
        importlib.import_module(module)
    return problems


_NEEDED = (
    'hashlib',
    'json',
    'logging',
    'urllib.parse',
    'imbi_plugin_sdk.registry._assembly',
    'imbi_plugin_sdk.registry.loaded',
    'imbi_plugin_sdk.secret_detector',
)
"""What this package imports on use, since a host may never load plugins."""


def _pydantic_scan() -> tuple[Problem, ...]:
    """Let pydantic scan the installed distributions, and survive that.

    It does so when the first model class is made, and raises at the first
    file that is corrupt; it does not try again after that. The SDK's own
    models are model classes, so this comes before they are imported.
    """
    if 'imbi_plugin_sdk.manifest' in sys.modules:
        return ()  # it has scanned: the manifest is a model
    import pydantic  # noqa: PLC0415  the registry is cheap until it loads

    # Any file may be corrupt, and a plugin of pydantic may even exit.
    raised = _guard.contained(lambda: pydantic.create_model('Primer')).raised
    if raised is not None:
        return (
            Problem(
                'pydantic_plugin_scan',
                '',
                "pydantic's own scan of installed distributions raised "
                f'{raised.type_name}; plugins of pydantic are not loaded.',
                'Reinstall or remove the distribution whose metadata is '
                'corrupt; `python -m pip check` may name it.',
            ),
        )
    return ()


def policy_of(  # noqa: PLR0913, PLR0917  what `PluginRegistry` was given
    blocks: tuple[Block, ...],
    catalog: Gate | None,
    preflight: Preflight | str | None,
    deadline: float | None,
    supported: Mapping[str, str],
    contracts: Mapping[str, Contract] | None,
    adapters: tuple[Adapter, ...],
) -> Policy:
    """Return the policy of a registry.

    Raises:
        ValueError: `supported` or `adapters` does not fit the contracts, or
            no preflight has that name.
    """
    from imbi_plugin_sdk.contract import CONTRACTS  # noqa: PLC0415  primed
    from imbi_plugin_sdk.registry.adapters import table_of  # noqa: PLC0415
    from imbi_plugin_sdk.registry.policy import (  # noqa: PLC0415
        Policy,
        narrowed,
    )

    if isinstance(preflight, str):
        preflight = _named_preflight(preflight, deadline)
    table = CONTRACTS if contracts is None else contracts
    if supported:
        table = narrowed(table, supported)
    return Policy(blocks, catalog, preflight, table, table_of(adapters, table))


_PREFLIGHTS = {
    'subprocess': ('imbi_plugin_testkit.preflight', 'subprocess_preflight')
}
"""Name to what makes it. It is imported only for a host that asks for it by
name: this package itself starts no process, and knows no kit."""


def _named_preflight(name: str, deadline: float | None) -> Preflight:
    """Return the preflight of a name.

    Raises:
        ValueError: There is none.
    """
    if name not in _PREFLIGHTS:
        raise ValueError(
            f'preflight is {shown(name)}; give '
            f'{listed(map(repr, _PREFLIGHTS))}, or a function that takes an '
            f'entry point.{did_you_mean(name, _PREFLIGHTS)}'
        )
    module, make = _PREFLIGHTS[name]
    timing = {} if deadline is None else {'deadline': deadline}
    made: Preflight = getattr(importlib.import_module(module), make)(**timing)
    return made


class Environment:
    """The code that no reload can replace: the SDK and the libraries.

    Attributes:
        sdk_version: Of the SDK that runs.
    """

    def __init__(self) -> None:
        self.sdk_version = ''
        self._sdk = ''
        self._libraries: dict[str, str] = {}
        self._is_first = True

    def restarts(self, found: Discovery) -> tuple[RestartRequired, ...]:
        """Say which of it is newer on disk than in this process."""
        if self._is_first:
            self._is_first = False
            self.sdk_version = found.sdk.version if found.sdk else ''
            self._sdk = _fingerprint(found.sdk)
            self._libraries = dict(_libraries(found))
            return ()
        restarts = list(self._changed_libraries(found))
        if _fingerprint(found.sdk) != self._sdk:
            restarts.insert(0, _of_sdk(self.sdk_version, found.sdk))
        return tuple(restarts)

    def _changed_libraries(
        self, found: Discovery
    ) -> Iterator[RestartRequired]:
        """Yield libraries that were exchanged below their loaded modules."""
        by_name = {one.name: one for one in found.distributions}
        for name, version in _libraries(found):
            running = self._libraries.setdefault(name, version)
            if running == version:
                continue
            if not _modules.loaded(_ownership.code_of(by_name[name]).modules):
                # Whoever imports it from here on gets what is there now.
                self._libraries[name] = version
            else:
                yield RestartRequired(
                    name,
                    running,
                    version,
                    'library_changed',
                    f'{name} {running} is loaded, and {version} is '
                    'installed; plugins go on using the former.',
                    'Restart the host.',
                )


def running_sdk() -> str:
    """Return this SDK's version; empty if a plugin broke what tells it."""
    return _guard.contained(_own_version).value or ''


def _own_version() -> str:
    from imbi_plugin_sdk import __version__  # noqa: PLC0415  it reads a file

    return __version__


def _libraries(found: Discovery) -> Iterator[tuple[str, str]]:
    for one in found.distributions:
        if not one.entry_points:
            yield one.name, one.version


def _fingerprint(sdk: DistributionRef | None) -> str:
    """Return the SDK's version and RECORD; source in place is not watched."""
    if sdk is None:
        return ''
    record = sdk.read('RECORD') if not sdk.editable else None
    from hashlib import sha256  # noqa: PLC0415  only a load needs it

    return f'{sdk.version} {sha256(record or b"").hexdigest()}'


def _of_sdk(running: str, sdk: DistributionRef | None) -> RestartRequired:
    installed = sdk.version if sdk else ''
    return RestartRequired(
        SDK,
        running,
        installed,
        'sdk_changed',
        f'{SDK} {running or "?"} is loaded, and '
        f'{installed or "none"} is installed; the contract cannot be '
        'exchanged in a running process.',
        'Restart the host.',
    )


def log(before: Served | None, now: Served) -> None:
    """Tell the host's log what an operator should know, once per change.

    A log that raises, since a plugin broke it perhaps, costs no plugin.
    """
    _guard.contained(lambda: _log(before, now))


def _log(before: Served | None, now: Served) -> None:
    snapshot = now.snapshot
    is_new = before is None or before.snapshot is not snapshot
    restarts = now.result.restart_required
    if not is_new and before and before.result.restart_required == restarts:
        return
    import logging  # noqa: PLC0415  only a load needs it

    logger = logging.getLogger('imbi_plugin_sdk.registry')
    known = [] if before is None else [*_told(before)]
    for format_, *words in _told(now):
        if (format_, *words) not in known:
            logger.warning(format_, *words)
    if is_new:
        for entry, finding in _deprecations(snapshot):
            logger.warning(
                'Plugin %s of %s: %s', entry.slug, entry.distribution, finding
            )


def _told(served: Served) -> Iterator[tuple[object, ...]]:
    """Yield what is told once: a format and what it shows."""
    snapshot, result, *_ = served
    for refusal in snapshot.refusals:
        yield 'Plugin refused: %s', refusal
    for entry in snapshot.entries.values():
        if entry.stale:
            yield 'Plugin %s is stale: %s', entry.slug, entry.stale
    for restart in result.restart_required:
        yield 'Restart required: %s', restart.message


def _deprecations(snapshot: Snapshot) -> Iterator[tuple[Entry, Problem]]:
    """Yield one per distribution."""
    seen: set[str] = set()
    for entry in snapshot.entries.values():
        for finding in entry.findings:
            if (
                finding.code == 'api_version_deprecated'
                and entry.distribution not in seen
            ):
                seen.add(entry.distribution)
                yield entry, finding
