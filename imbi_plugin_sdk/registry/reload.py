"""Loading what is installed, again and again.

Distributions are told apart by fingerprint. Unchanged ones keep their
classes; the modules of changed ones are taken out and imported fresh, beside
the old classes that requests still use; what fails is put back. Never
`importlib.reload`, which mixes old and new code, and never a new version's
name over old code (ADR 0008, section 6).
"""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.registry import _environment, _freshness, sources
from imbi_plugin_sdk.registry._guard import Guard
from imbi_plugin_sdk.registry.snapshot import snapshot_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from imbi_plugin_sdk.contract import Contract
    from imbi_plugin_sdk.registry._freshness import Change, RestartRequired
    from imbi_plugin_sdk.registry._late_imports import LateImport
    from imbi_plugin_sdk.registry.adapters import Adapter
    from imbi_plugin_sdk.registry.admission import Admitter
    from imbi_plugin_sdk.registry.discovery import (
        Discovery,
        DistributionRef,
        EntryPointRef,
    )
    from imbi_plugin_sdk.registry.loaded import Loaded
    from imbi_plugin_sdk.registry.policy import (
        Block,
        Gate,
        Policy,
        PreflightResult,
    )
    from imbi_plugin_sdk.registry.snapshot import Refusal, Snapshot
    from imbi_plugin_sdk.registry.sources import Source


class ReloadResult(NamedTuple):
    """What one load came to.

    Attributes:
        generation: Of the snapshot that is served now.
        changed: Whether that is another snapshot than before.
        added: Distributions that are new.
        updated: Distributions whose new code runs now.
        removed: Distributions that are gone.
        stale: Distributions whose old code runs on; their entries say why.
        refusals: All refusals of the snapshot.
        restart_required: What only a restart of the process can load.
        seconds: How long it took.
        late_imports: Functions of replaced code that would import modules
            of the new, if a call that is under way reaches them.
    """

    generation: int
    changed: bool
    added: tuple[str, ...]
    updated: tuple[str, ...]
    removed: tuple[str, ...]
    stale: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    restart_required: tuple[RestartRequired, ...]
    seconds: float
    late_imports: tuple[LateImport, ...] = ()


class Loader:
    """What is known of every distribution, and how it is brought up to date.

    Calls must not overlap; the registry's lock sees to it.
    """

    def __init__(  # noqa: PLR0913  what `PluginRegistry` was given
        self,
        source: Source | None,
        *,
        blocks: tuple[Block, ...],
        catalog: Gate | None,
        preflight: Callable[[EntryPointRef], PreflightResult] | None,
        deadline: float | None,
        supported: Mapping[str, str],
        contracts: Mapping[str, Contract] | None,
        adapters: tuple[Adapter, ...],
    ) -> None:
        self._source = source
        self._deadline = deadline
        # A list that a function returned could only be read once.
        if source is not None and not callable(source):
            self._source = tuple(source)
        self._findings = _environment.prime()
        self._policy: Policy = _environment.policy_of(
            blocks, catalog, preflight, supported, contracts, adapters
        )
        self._known: dict[str, Loaded] = {}
        self._environment = _environment.Environment()
        self._ghosts: dict[str, str] = {}

    def load(self, current: Snapshot | None) -> tuple[Snapshot, ReloadResult]:
        """Bring everything up to date.

        Args:
            current: What is served; None at the first load.

        Returns:
            What to serve now, `current` itself if nothing changed, and what
            was done.
        """
        from imbi_plugin_sdk.registry.admission import (  # noqa: PLC0415
            Admitter,  # pydantic had to be primed before this import
        )

        start = time.perf_counter()
        if current is not None:
            importlib.invalidate_caches()
        discovery = sources.discover(self._source)
        restarts = self._environment.restarts(discovery)
        with Guard(self._deadline) as guard:
            admitter = Admitter(
                self._policy, guard, self._environment.sdk_version
            )
            turn = _Turn(
                self._known, self._ghosts, admitter, first=current is None
            )
            turn.take(discovery)
        self._known, self._ghosts = turn.now, turn.ghosts
        restarts = (*restarts, *turn.restarts)
        snapshot = self._snapshot(current, discovery, turn)
        result = ReloadResult(
            generation=snapshot.generation,
            changed=snapshot is not current,
            added=tuple(turn.added),
            updated=tuple(turn.updated),
            removed=tuple(turn.removed),
            stale=tuple(
                name for name, known in turn.now.items() if known.stale
            ),
            refusals=snapshot.refusals,
            restart_required=restarts,
            seconds=time.perf_counter() - start,
            late_imports=tuple(turn.late_imports),
        )
        _environment.log(current, snapshot, result.restart_required)
        return snapshot, result

    def _snapshot(
        self, current: Snapshot | None, discovery: Discovery, turn: _Turn
    ) -> Snapshot:
        """Return what to serve: the current one if all is as it was."""
        findings = (*self._findings, *discovery.problems)
        if (
            current is not None
            and not turn.touched
            and findings == current.findings
        ):
            return current
        from imbi_plugin_sdk.registry._assembly import (  # noqa: PLC0415
            assemble,
        )

        assembly = assemble(turn.now.values())
        generation = 1 if current is None else current.generation + 1
        return snapshot_of(
            generation, assembly.entries, assembly.refusals, findings
        )


class _Turn:
    """One load: from what is known to what is now.

    Attributes:
        now: Distribution to what is loaded of it, sorted by name.
        ghosts: Distribution to why its code can never be loaded fresh again.
        touched: Whether anything is not as it was.
        restarts: What only a restart can load.
        late_imports: What replaced code would import of the new.
    """

    def __init__(
        self,
        known: Mapping[str, Loaded],
        ghosts: Mapping[str, str],
        admitter: Admitter,
        *,
        first: bool,
    ) -> None:
        self._known = known
        self._admitter = admitter
        self._first = first
        self.ghosts = dict(ghosts)
        self.now: dict[str, Loaded] = {}
        self.touched = first
        self.added: list[str] = []
        self.updated: list[str] = []
        self.removed: list[str] = []
        self.restarts: list[RestartRequired] = []
        self.late_imports: list[LateImport] = []

    def take(self, discovery: Discovery) -> None:
        """Go through every distribution that has plugins."""
        from imbi_plugin_sdk.registry.loaded import (  # noqa: PLC0415
            load_all,  # pydantic had to be primed before this import
        )

        plugins = discovery.plugins()
        if self._first:
            self.now = {
                loaded.found.name: loaded
                for loaded in load_all(plugins, self._admitter)
            }
            self.added = list(self.now)
            return
        changes = self._changes(plugins)
        if not changes and len(plugins) == len(self._known):
            for found in plugins:
                self._keep(self._known[found.name])
            return
        self._exchange(plugins, changes)

    def _changes(
        self, plugins: tuple[DistributionRef, ...]
    ) -> dict[str, Change]:
        """Return the distributions that are new or not as they were."""
        changes: dict[str, Change] = {}
        for found in plugins:
            change = _freshness.change_of(found, self._known.get(found.name))
            if change is not None:
                changes[found.name] = change
        return changes

    def _keep(self, loaded: Loaded) -> None:
        """Keep an unchanged distribution, and ask again what may change."""
        kept = self._admitter.again(loaded)
        if kept is not loaded:
            self.touched = True
        self.now[loaded.found.name] = kept

    def _exchange(
        self,
        plugins: tuple[DistributionRef, ...],
        changes: dict[str, Change],
    ) -> None:
        """Import what changed in the place of what was."""
        present = {found.name for found in plugins}
        self.removed = [name for name in self._known if name not in present]
        exchange = _freshness.Exchange(
            self._known, changes, self.removed, self.ghosts
        )
        with exchange:
            for found in plugins:
                change = changes.get(found.name)
                if change is None:
                    self._keep(self._known[found.name])
                    continue
                loaded = exchange.load(change, self._admitter)
                self.now[found.name] = loaded
                if change.old is None:
                    self.added.append(found.name)
                elif not (loaded.stale or loaded.is_as(change.old)):
                    self.updated.append(found.name)
                self.touched |= change.old is None or (
                    not loaded.is_as(change.old)
                )
        self.touched |= bool(self.removed)
        self.ghosts = exchange.ghosts
        self.restarts = exchange.restarts
        self.late_imports = exchange.late_imports
