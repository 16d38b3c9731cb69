"""What surrounds the plugins: pydantic, the SDK, libraries, the host's log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry import _guard, _modules, _ownership
from imbi_plugin_sdk.registry._freshness import RestartRequired
from imbi_plugin_sdk.registry._names import SDK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from imbi_plugin_sdk.contract import Contract
    from imbi_plugin_sdk.registry.adapters import Adapter
    from imbi_plugin_sdk.registry.discovery import (
        Discovery,
        DistributionRef,
        EntryPointRef,
    )
    from imbi_plugin_sdk.registry.policy import (
        Block,
        Gate,
        Policy,
        PreflightResult,
    )
    from imbi_plugin_sdk.registry.snapshot import Snapshot


def prime() -> tuple[Problem, ...]:
    """Let pydantic scan the installed distributions, and survive that.

    It does so when the first model class is made, and raises at the first
    file that is corrupt; it does not try again after that. The SDK's own
    models are model classes, so this comes before they are imported.
    """
    if 'imbi_plugin_sdk.manifest' in sys.modules:
        return ()  # it has scanned: the manifest is a model
    import pydantic  # noqa: PLC0415  the registry is cheap until it loads

    try:
        pydantic.create_model('Primer')
    except Exception as error:  # noqa: BLE001  any file may be corrupt
        raised = _guard.describe(error)
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
    preflight: Callable[[EntryPointRef], PreflightResult] | None,
    supported: Mapping[str, str],
    contracts: Mapping[str, Contract] | None,
    adapters: tuple[Adapter, ...],
) -> Policy:
    """Return the policy of a registry.

    Raises:
        ValueError: `supported` or `adapters` does not fit the contracts.
    """
    from imbi_plugin_sdk.contract import CONTRACTS  # noqa: PLC0415  primed
    from imbi_plugin_sdk.registry.adapters import table_of  # noqa: PLC0415
    from imbi_plugin_sdk.registry.policy import (  # noqa: PLC0415
        Policy,
        narrowed,
    )

    table = CONTRACTS if contracts is None else contracts
    if supported:
        table = narrowed(table, supported)
    return Policy(blocks, catalog, preflight, table, table_of(adapters, table))


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
            if running != version and _modules.loaded(
                _ownership.code_of(by_name[name]).modules
            ):
                yield RestartRequired(
                    name,
                    running,
                    version,
                    'library_changed',
                    f'{name} {running} is loaded, and {version} is '
                    'installed; plugins go on using the former.',
                    'Restart the host.',
                )


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


def log(
    before: Snapshot | None,
    now: Snapshot,
    restarts: tuple[RestartRequired, ...],
) -> None:
    """Tell the host's log what an operator should know, once per change."""
    if before is now:
        return
    import logging  # noqa: PLC0415  only a load needs it

    logger = logging.getLogger('imbi_plugin_sdk.registry')
    known = frozenset(before.refusals if before else ())
    for refusal in now.refusals:
        if refusal not in known:
            logger.warning('Plugin refused: %s', refusal)
    deprecated: set[str] = set()
    for entry in now.entries.values():
        if entry.stale:
            logger.warning('Plugin %s is stale: %s', entry.slug, entry.stale)
        if entry.distribution in deprecated:
            continue
        for finding in entry.findings:
            if finding.code == 'api_version_deprecated':
                deprecated.add(entry.distribution)
                logger.warning(
                    'Plugin %s of %s: %s',
                    entry.slug,
                    entry.distribution,
                    finding,
                )
    for restart in restarts:
        logger.warning('Restart required: %s', restart.message)
