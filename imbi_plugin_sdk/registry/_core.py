"""The registry: one reference to a frozen snapshot, swapped as a whole."""

from __future__ import annotations

import contextlib
import threading
from time import monotonic  # at once: a plugin may exchange it
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from imbi_plugin_sdk._text import did_you_mean
from imbi_plugin_sdk.errors import (
    PluginNotFoundError,
    PluginUnavailableError,
)
from imbi_plugin_sdk.registry._guard import is_guarded

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Generator,
        Iterable,
        Mapping,
    )

    from imbi_plugin_sdk.contract import Contract
    from imbi_plugin_sdk.registry.adapters import Adapter
    from imbi_plugin_sdk.registry.policy import (
        Block,
        Gate,
        Preflight,
    )
    from imbi_plugin_sdk.registry.reload import (
        Loader,
        ReloadResult,
        Served,
    )
    from imbi_plugin_sdk.registry.snapshot import Entry, Snapshot
    from imbi_plugin_sdk.registry.sources import Source

_Result = TypeVar('_Result')

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
        self.replaced = 0.0


class _State(NamedTuple):
    """All that a reload exchanges, in one step.

    Attributes:
        generation: What is served.
        served: What the last load came to.
    """

    generation: _Generation
    served: Served


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
        preflight: Preflight | Literal['subprocess'] | None = None,
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
                crash there spares this one. This library starts no process;
                'subprocess' takes the kit's
                `imbi_plugin_testkit.preflight.subprocess_preflight`.
            supported: Contract versions that the host serves, as in
                `{'logs': '>=1.1'}`, where it serves less than this SDK.
            contracts: A table of contracts in the place of the SDK's.
            adapters: What lifts handlers of older majors to the one that the
                host calls; see `Adapter`.

        Raises:
            ValueError: `supported` or `adapters` does not fit the contracts,
                no preflight has that name, or `deadline` is not above 0.
            RuntimeError: A plugin makes one while it is imported.
        """
        from imbi_plugin_sdk.registry.reload import (  # noqa: PLC0415
            Loader,  # importing this package stays cheap
        )

        if deadline is not None and not deadline > 0:
            raise ValueError(
                f'deadline is {deadline!r}; give seconds above 0, or None to '
                'wait for ever'
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
        self._lock = threading.RLock()
        self._loading = threading.Lock()
        self._replaced: dict[int, _Generation] = {}
        self._state: _State
        self._alone(self._load)

    def _load(self) -> None:
        """Load for the first time."""
        from imbi_plugin_sdk.registry._collector import (  # noqa: PLC0415
            undisturbed,  # importing this package stays cheap
        )
        from imbi_plugin_sdk.registry._environment import (  # noqa: PLC0415
            log,
        )
        from imbi_plugin_sdk.registry.reload import Turn  # noqa: PLC0415

        served = undisturbed(lambda: self._loader.load(None, Turn()))
        self._state = _State(_Generation(served.snapshot), served)
        log(None, served)

    @property
    def current(self) -> Snapshot:
        """The snapshot that is served now."""
        return self._state.generation.snapshot

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
            generation = self._state.generation
            generation.pins.add(pin)
            if generation is self._state.generation:
                break
            self._release(generation, pin)  # replaced in between
        try:
            yield generation.snapshot
        finally:
            self._release(generation, pin)

    def _release(self, generation: _Generation, pin: object) -> None:
        """End a lease; the last one of an old generation frees it."""
        generation.pins.discard(pin)
        if not generation.pins and generation is not self._state.generation:
            self._replaced.pop(generation.snapshot.generation, None)

    def census(self) -> tuple[Undrained, ...]:
        """Return the generations that somebody still holds, oldest first."""
        now = monotonic()
        current = self._state.generation
        held = {
            one.snapshot.generation: one
            for one in [*self._replaced.values(), current]
        }
        return tuple(
            Undrained(
                number,
                len(one.pins),
                0.0 if one is current else now - one.replaced,
            )
            for number, one in held.items()
            if one.pins
        )

    def reload(self) -> ReloadResult:
        """Look again at what is installed, and serve that.

        Unchanged distributions keep their classes. A changed one is imported
        fresh; where that fails its old entries stay, marked stale. Requests
        that are under way end on the class they began with. Where nothing
        changed the snapshot stays the same object.

        Returns:
            What changed, what is refused, and what needs a restart.

        Raises:
            RuntimeError: A reload is under way in this very thread, or a
                plugin asks while it is imported.
        """
        return self._alone(self._reload)

    def _reload(self) -> ReloadResult:
        """Exchange the state, or leave it and every module as they were."""
        from imbi_plugin_sdk.registry._environment import (  # noqa: PLC0415
            log,  # importing this package stays cheap
        )
        from imbi_plugin_sdk.registry.reload import Turn  # noqa: PLC0415

        before, turn = self._state, Turn()
        try:
            served = self._loader.load(before.served, turn)
            self._state = self._next(before.generation, served)
        except BaseException:
            if self._state is before:  # else it has happened
                turn.undo()
            raise
        for generation in [*self._replaced.values()]:
            if not generation.pins:
                self._replaced.pop(generation.snapshot.generation, None)
        log(before.served, served)
        return served.result

    def _next(self, old: _Generation, served: Served) -> _State:
        """Return the state that comes after a generation."""
        if served.snapshot is old.snapshot:
            return _State(old, served)
        old.replaced = monotonic()
        self._replaced[old.snapshot.generation] = old
        return _State(_Generation(served.snapshot), served)

    def _alone(self, load: Callable[[], _Result]) -> _Result:
        """Load while nobody else does.

        No context manager of our own: an interrupt between its lines and the
        body's would leave the locks held.

        Raises:
            RuntimeError: It would wait for itself.
        """
        if is_guarded():
            raise RuntimeError(
                'a plugin that is being imported cannot load the plugins; '
                'leave that to the host'
            )
        with self._lock:
            if self._loading.locked():  # a signal's handler, in its thread
                raise RuntimeError(
                    'a reload is under way in this thread; let the handler '
                    'of a signal ask for one, and reload where it ends'
                )
            with self._loading:
                return load()

    def report(self) -> dict[str, Any]:
        """Return the state of the registry as data that `json.dumps` takes."""
        from imbi_plugin_sdk.registry._environment import (  # noqa: PLC0415
            running_sdk,  # lazy, as above
        )

        snapshot, result, *_ = self._state.served
        return {
            'sdk': running_sdk(),
            **snapshot.report(),
            'restart_required': [
                one._asdict() for one in result.restart_required
            ],
            'late_imports': [one._asdict() for one in result.late_imports],
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
