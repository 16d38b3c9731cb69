"""Loading what is installed, again and again.

Distributions are told apart by fingerprint. Unchanged ones keep their
classes; the modules of changed ones are taken out and imported fresh, beside
the old classes that requests still use; what fails is put back. Never
`importlib.reload`, which mixes old and new code, and never a new version's
name over old code (ADR 0008, section 6).
"""

from __future__ import annotations

from time import perf_counter  # at once: a plugin may exchange it
from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.registry import (
    _environment,
    _exchange,
    _freshness,
    _modules,
    sources,
)
from imbi_plugin_sdk.registry._guard import Guard
from imbi_plugin_sdk.registry.snapshot import snapshot_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.contract import Contract
    from imbi_plugin_sdk.registry._exchange import Exchange
    from imbi_plugin_sdk.registry._freshness import Change, RestartRequired
    from imbi_plugin_sdk.registry._late_imports import LateImport
    from imbi_plugin_sdk.registry.adapters import Adapter
    from imbi_plugin_sdk.registry.admission import Admitter
    from imbi_plugin_sdk.registry.discovery import (
        Discovery,
    )
    from imbi_plugin_sdk.registry.loaded import Loaded
    from imbi_plugin_sdk.registry.policy import (
        Block,
        Gate,
        Policy,
        Preflight,
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


class Served(NamedTuple):
    """What one load came to, and what the next one starts from.

    Attributes:
        snapshot: What is served.
        result: What was done.
        known: Distribution to what is loaded of it, sorted by name.
        ghosts: Distribution or file to why it can never be loaded fresh
            again.
    """

    snapshot: Snapshot
    result: ReloadResult
    known: Mapping[str, Loaded]
    ghosts: Mapping[str, str]


class Loader:
    """How every distribution is brought up to date.

    Calls must not overlap; the registry's lock sees to it.
    """

    def __init__(  # noqa: PLR0913  what `PluginRegistry` was given
        self,
        source: Source | None,
        *,
        blocks: tuple[Block, ...],
        catalog: Gate | None,
        preflight: Preflight | str | None,
        deadline: float | None,
        supported: Mapping[str, str],
        contracts: Mapping[str, Contract] | None,
        adapters: tuple[Adapter, ...],
    ) -> None:
        self._source = sources.kept(source)
        self._deadline = deadline
        self._findings = _environment.prime()
        self._policy: Policy = _environment.policy_of(
            blocks,
            catalog,
            preflight,
            deadline,
            supported,
            contracts,
            adapters,
        )
        self._environment = _environment.Environment()

    def load(self, before: Served | None, turn: Turn) -> Served:
        """Bring everything up to date.

        Args:
            before: What the last load came to; None at the first.
            turn: Does it, and undoes it if the caller does not keep what
                this returns.

        Returns:
            What to serve now, with the very same snapshot if nothing changed.
        """
        from imbi_plugin_sdk.registry.admission import (  # noqa: PLC0415
            Admitter,  # pydantic had to be primed before this import
        )

        start = perf_counter()
        if before is not None:
            _modules.refresh()
        discovery = sources.discover(self._source)
        restarts = self._environment.restarts(discovery)
        with Guard(self._deadline) as guard:
            turn.take(
                before,
                discovery,
                Admitter(self._policy, guard, self._environment.sdk_version),
            )
        snapshot = self._snapshot(
            before.snapshot if before else None, discovery, turn
        )
        result = ReloadResult(
            generation=snapshot.generation,
            changed=before is None or snapshot is not before.snapshot,
            added=tuple(turn.added),
            updated=tuple(turn.updated),
            removed=tuple(turn.removed),
            stale=tuple(
                name for name, known in turn.now.items() if known.stale
            ),
            refusals=snapshot.refusals,
            restart_required=(*restarts, *turn.restarts),
            seconds=perf_counter() - start,
            late_imports=tuple(turn.late_imports),
        )
        return Served(snapshot, result, turn.now, turn.ghosts)

    def _snapshot(
        self, current: Snapshot | None, discovery: Discovery, turn: Turn
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


class Turn:
    """One load: from what is known to what is now.

    Attributes:
        now: Distribution to what is loaded of it, sorted by name.
        ghosts: Distribution or file to why it can never be loaded fresh
            again.
        touched: Whether anything is not as it was.
        restarts: What only a restart can load.
        late_imports: What replaced code would import of the new.
    """

    def __init__(self) -> None:
        self.ghosts: Mapping[str, str] = {}
        self.now: dict[str, Loaded] = {}
        self.touched = False
        self.added: list[str] = []
        self.updated: list[str] = []
        self.removed: list[str] = []
        self.restarts: list[RestartRequired] = []
        self.late_imports: list[LateImport] = []
        self._exchange: Exchange | None = None

    def undo(self) -> None:
        """Put every module back that this turn exchanged."""
        if self._exchange is not None:
            self._exchange.undo()

    def take(
        self,
        before: Served | None,
        discovery: Discovery,
        admitter: Admitter,
    ) -> None:
        """Go through every distribution that has plugins."""
        from imbi_plugin_sdk.registry.loaded import (  # noqa: PLC0415
            load_all,  # pydantic had to be primed before this import
        )

        plugins = discovery.plugins()
        if before is None:
            self.now = {
                loaded.found.name: loaded
                for loaded in load_all(plugins, admitter)
            }
            self.added = list(self.now)
            self.touched = True
            return
        self.ghosts = before.ghosts
        looked = {
            found.name: _freshness.looked_at(
                found, before.known.get(found.name)
            )
            for found in plugins
        }
        changes = {
            name: one
            for name, one in looked.items()
            if isinstance(one, _freshness.Change)
        }
        self.removed = [name for name in before.known if name not in looked]
        if not changes and not self.removed:
            self.now = {
                name: admitter.again(one)
                for name, one in looked.items()
                if not isinstance(one, _freshness.Change)
            }
        else:
            self._exchange = _exchange.Exchange(
                before.known, changes, self.removed, before.ghosts
            )
            self._do(self._exchange, before, looked, admitter)
        self._compare(before, changes)

    def _do(
        self,
        exchange: Exchange,
        before: Served,
        looked: Mapping[str, Change | Loaded],
        admitter: Admitter,
    ) -> None:
        """Import what changed in the place of what was."""
        exchange.take_out()
        for name, one in looked.items():
            self.now[name] = (
                exchange.load(one, admitter)
                if isinstance(one, _freshness.Change)
                else admitter.again(one)
            )
        served = [
            (entry.distribution, entry.entry_point)
            for entry in before.snapshot.entries.values()
        ]
        exchange.settled(self.now, served, admitter)

    def _compare(self, before: Served, changes: Mapping[str, Change]) -> None:
        """Say what is not as it was."""
        self.touched = bool(self.removed)
        for name, loaded in self.now.items():
            old = before.known.get(name)
            if old is None:
                self.added.append(name)
                self.touched = True
            elif loaded is not old and not loaded.is_as(old):
                self.touched = True
                if name in changes and not loaded.stale:
                    self.updated.append(name)
        if self._exchange is not None:
            self.ghosts = self._exchange.ghosts
            self.restarts = self._exchange.restarts
            self.late_imports = [*self._exchange.late_imports()]
