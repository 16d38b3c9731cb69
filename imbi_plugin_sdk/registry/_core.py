"""The registry: one reference to a frozen snapshot, swapped as a whole."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from imbi_plugin_sdk._text import did_you_mean
from imbi_plugin_sdk.errors import (
    PluginNotFoundError,
    PluginUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Generator,
        Iterable,
        Mapping,
    )

    from imbi_plugin_sdk.contract import Contract
    from imbi_plugin_sdk.registry.adapters import Adapter
    from imbi_plugin_sdk.registry.discovery import EntryPointRef
    from imbi_plugin_sdk.registry.policy import (
        Block,
        Gate,
        PreflightResult,
    )
    from imbi_plugin_sdk.registry.reload import Loader, ReloadResult
    from imbi_plugin_sdk.registry.snapshot import Entry, Snapshot
    from imbi_plugin_sdk.registry.sources import Source

DEADLINE = 10.0
"""Seconds that one import may take."""


class Undrained(NamedTuple):
    """A generation that somebody still uses.

    Attributes:
        generation: Its number.
        leases: How many requests hold it.
        seconds: How long ago it was replaced; 0 for the current one.
    """

    generation: int
    leases: int
    seconds: float


class _Generation:
    """A snapshot and the leases on it.

    Attributes:
        snapshot: What is served.
        pins: One object per lease; adding to a set takes no lock.
        replaced: When it was replaced, on the monotonic clock.
    """

    __slots__ = ('pins', 'replaced', 'snapshot')

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.pins: set[object] = set()
        self.replaced: float | None = None


class PluginRegistry:
    """The plugins of this process.

    It is loaded when it is made, and again by `reload`. Reading takes no
    lock: `current` is one reference to a snapshot that never changes. No
    handler is ever instantiated (ADR 0008, consequences).

    Make it where the host starts and not while a module of the host is being
    imported: plugins are imported in another thread, and one that imports
    that module would wait for it.
    """

    def __init__(  # noqa: PLR0913  the host's knobs, all by keyword
        self,
        source: Source | None = None,
        *,
        catalog: Gate | None = None,
        block: Iterable[Block] = (),
        deadline: float | None = DEADLINE,
        preflight: Callable[[EntryPointRef], PreflightResult] | None = None,
        supported: Mapping[str, str] | None = None,
        contracts: Mapping[str, Contract] | None = None,
        adapters: Iterable[Adapter] = (),
    ) -> None:
        """Load every plugin that is installed.

        Args:
            source: Where plugins come from; None takes this process's path.
                Else path entries, or made-up distributions (objects with
                `name`, `version`, `entry_points`), or a function that
                returns either; it is called for every load.
            catalog: Asked before each import; see `Gate`.
            block: Asked before the catalog.
            deadline: Seconds that the import of one entry point may take;
                None waits for ever.
            preflight: Imports an entry point in another process, so that a
                crash there spares this one. This library starts no process.
            supported: Contract versions that the host serves, as in
                `{'logs': '>=1.1'}`, where it serves less than this SDK.
            contracts: A table of contracts in the place of the SDK's.
            adapters: What lifts handlers of older majors to the one that the
                host calls; see `Adapter`.

        Raises:
            ValueError: `supported` or `adapters` does not fit the contracts.
        """
        from imbi_plugin_sdk.registry.reload import (  # noqa: PLC0415  lazy
            Loader,
        )

        self._loader: Loader = Loader(
            source,
            blocks=tuple(block),
            catalog=catalog,
            preflight=preflight,
            deadline=deadline,
            supported=supported or {},
            contracts=contracts,
            adapters=tuple(adapters),
        )
        self._lock = threading.Lock()
        self._replaced: list[_Generation] = []
        self._last: ReloadResult
        with self._lock:
            snapshot, self._last = self._loader.load(None)
            self._generation = _Generation(snapshot)

    @property
    def current(self) -> Snapshot:
        """The snapshot that is served now."""
        return self._generation.snapshot

    @property
    def fingerprint(self) -> str:
        """Equal in two processes that serve the same plugins."""
        return self.current.fingerprint

    def get(self, slug: str) -> Entry:
        """Return the plugin of a slug.

        Raises:
            PluginUnavailableError: A plugin of this slug is installed, but
                was refused; the message says why and what to do.
            PluginNotFoundError: No plugin has this slug.
        """
        return lookup(self.current, slug)

    @contextlib.contextmanager
    def lease(self) -> Generator[Snapshot]:
        """Hold one generation for the time of a request.

        The snapshot stays as it is whatever is reloaded meanwhile; `census`
        counts the lease until it ends.
        """
        pin = object()
        while True:
            generation = self._generation
            generation.pins.add(pin)
            if generation is self._generation:
                break
            generation.pins.discard(pin)  # replaced in between: take the next
        try:
            yield generation.snapshot
        finally:
            generation.pins.discard(pin)

    def census(self) -> tuple[Undrained, ...]:
        """Return the generations that somebody still holds, oldest first."""
        now = time.monotonic()
        return tuple(
            Undrained(
                generation.snapshot.generation,
                len(generation.pins),
                now - generation.replaced if generation.replaced else 0.0,
            )
            for generation in [*self._replaced, self._generation]
            if generation.pins
        )

    def reload(self) -> ReloadResult:
        """Look again at what is installed, and serve that.

        Unchanged distributions keep their classes. A changed one is imported
        fresh; where that fails its old entries stay, marked stale. Requests
        that are under way end on the class they began with. Where nothing
        changed the snapshot stays the same object.

        Returns:
            What changed, what is refused, and what needs a restart.
        """
        with self._lock:
            snapshot, result = self._loader.load(self.current)
            self._last = result
            old = self._generation
            if snapshot is not old.snapshot:
                old.replaced = time.monotonic()
                self._generation = _Generation(snapshot)
                self._replaced.append(old)
            self._replaced = [one for one in self._replaced if one.pins]
            return result

    def report(self) -> dict[str, Any]:
        """Return the state of the registry as data that `json.dumps` takes."""
        from imbi_plugin_sdk import __version__  # noqa: PLC0415  lazy

        return {
            'sdk': __version__,
            **self.current.report(),
            'restart_required': [
                one._asdict() for one in self._last.restart_required
            ],
            'late_imports': [one._asdict() for one in self._last.late_imports],
            'census': [one._asdict() for one in self.census()],
        }


def lookup(snapshot: Snapshot, slug: str) -> Entry:
    """Return a snapshot's entry of a slug; see `PluginRegistry.get`.

    Raises:
        PluginUnavailableError: It was refused.
        PluginNotFoundError: There is none.
    """
    entry = snapshot.entries.get(slug)
    if entry is not None:
        return entry
    for refusal in snapshot.refusals:
        if slug in (refusal.slug or refusal.entry_point, refusal.entry_point):
            raise PluginUnavailableError(
                f'the plugin {slug!r} was refused: {refusal}'
            )
    raise PluginNotFoundError(
        f'no plugin has the slug {slug!r}.'
        f'{did_you_mean(slug, snapshot.entries)} Installed are '
        f'{len(snapshot.entries)}; '
        '`PluginRegistry.report()` lists them.'
    )


# Tracebacks name the module that hosts import them from.
PluginRegistry.__module__ = Undrained.__module__ = 'imbi_plugin_sdk.registry'
