"""Exchanging changed code: doing it, undoing it, settling what can stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk.registry import _late_imports, _modules
from imbi_plugin_sdk.registry._freshness import RESTART_HOST, RestartRequired
from imbi_plugin_sdk.registry._obstacles import (
    Obstacle,
    Obstacles,
    mend,
    used_by,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imbi_plugin_sdk.registry._assembly import Assembly
    from imbi_plugin_sdk.registry._freshness import Change
    from imbi_plugin_sdk.registry.admission import Admitter
    from imbi_plugin_sdk.registry.loaded import Loaded
    from imbi_plugin_sdk.registry.snapshot import Refusal


class Exchange:
    """All changes of one reload, and the way back from each and from all.

    Attributes:
        restarts: What only a restart can load.
    """

    def __init__(
        self,
        known: Mapping[str, Loaded],
        changes: Mapping[str, Change],
        removed: Iterable[str],
        ghosts: Mapping[str, str],
    ) -> None:
        self.restarts: list[RestartRequired] = []
        self._changes = changes
        gone = set(removed)
        self._removed = [known[name] for name in sorted(gone)]
        self._obstacles = Obstacles(
            [
                loaded
                for name, loaded in known.items()
                if name not in changes and name not in gone
            ],
            changes.values(),
            ghosts,
        )
        self._evictions: dict[str, _modules.Eviction] = {}
        self._reasons: dict[str, Obstacle] = {}
        self._new: dict[str, Loaded] = {}
        self._undone: dict[str, dict[str, object]] = {}
        self._tried: set[str] = set()

    @property
    def ghosts(self) -> Mapping[str, str]:
        """Distribution or file to why it can never be loaded fresh again."""
        return self._obstacles.ghosts

    # --- there and back -------------------------------------------------

    def take_out(self) -> None:
        """Take out the modules of what changed and of what is gone."""
        for loaded in self._removed:
            self._remove(loaded)
        for name, change in self._changes.items():
            reason = self._obstacles.of(change)
            if reason is None:
                self._evict(name, self._obstacles.modules_of(change))
            else:
                self._reasons[name] = reason

    def undo(self) -> None:
        """Put everything back, as if nothing had been looked at."""
        for name in self._evictions:
            self._undo(name)

    def _evict(self, name: str, modules: Iterable[str]) -> None:
        self._evictions[name] = _modules.Eviction(
            modules, self._obstacles.others(name)
        )
        self._evictions[name].take()

    def _undo(self, name: str) -> None:
        """Take a distribution's new modules out and put the old ones back."""
        change = self._changes.get(name)
        codes = [change.code] if change else []
        if name in self._new:
            codes.append(self._new[name].code)
        newer = [
            module
            for code in codes
            for module in _modules.loaded(code.modules)
            if not self._obstacles.is_common(module, name)
        ]
        self._obstacles.note_machine_code(newer)
        undone = self._evictions[name].undo(newer)
        if undone:
            self._undone[name] = undone

    # --- one by one -----------------------------------------------------

    def load(self, change: Change, admitter: Admitter) -> Loaded:
        """Import a changed distribution; keep the old one if that fails."""
        from imbi_plugin_sdk.registry import loaded  # noqa: PLC0415  cycle

        name, old = change.found.name, change.old
        reason = self._reasons.get(name)
        if reason is not None:
            if (
                reason.code == 'module_shared'
                and old is not None
                and old.has_failed(change.code)
            ):
                return admitter.again(old)  # a restart would not help
            return self._held_back(change, reason, admitter)
        (new,) = loaded.load_all([change.found], admitter)
        self._new[name] = new
        if new.is_hung:
            self._obstacles.ghosts[name] = 'hung'
        if old is None or not old.is_serving:
            return new
        kept = self._obstacles.kept_class(old, new)
        if kept:
            return self._back(change, Obstacle('module_kept', kept), admitter)
        served = {one.plugin.name for one in old.admissions if one.bindings}
        refusals = tuple(
            one.refusal for one in new.admissions if one.refusal is not None
        )
        lost = _lost(old, new, served, refusals)
        return self._failed(change, lost, refusals, admitter) if lost else new

    def settled(
        self,
        now: dict[str, Loaded],
        served: Iterable[tuple[str, str]],
        admitter: Admitter,
    ) -> None:
        """Put back what cannot stand beside the others, until all can.

        Args:
            now: What is loaded; changed in place.
            served: Distribution and entry point of what was served before.
            admitter: Asks again about what is put back.
        """
        from imbi_plugin_sdk.registry._assembly import (  # noqa: PLC0415
            assemble,  # only an exchange asks
        )

        before = frozenset(served)
        while self._new:
            back = self._clashing(
                assemble(now.values()), before, admitter
            ) or self._mixed(admitter)
            if back is None:
                return
            now[back.found.name] = back

    def _clashing(
        self,
        assembly: Assembly,
        served: frozenset[tuple[str, str]],
        admitter: Admitter,
    ) -> Loaded | None:
        """Put one back whose slug or label belongs to another now."""
        refused: dict[str, list[Refusal]] = {}
        for refusal in assembly.refusals:
            refused.setdefault(refusal.distribution, []).append(refusal)
        for name, new in self._new.items():
            old, refusals = self._changes[name].old, refused.get(name)
            if old is None or not refusals:
                continue
            lost = _lost(
                old,
                new,
                {point for owner, point in served if owner == name},
                tuple(refusals),
            )
            if lost:
                return self._failed(
                    self._changes[name], lost, tuple(refusals), admitter
                )
        return None

    def _mixed(self, admitter: Admitter) -> Loaded | None:
        """Put one back that old code uses, or that uses what was put back."""
        old = {
            module: change.old
            for name, change in self._changes.items()
            if name not in self._new and change.old is not None
            for module in change.old.modules()
        }
        for name, new in self._new.items():
            change = self._changes[name]
            is_first = change.old is None or not change.old.is_serving
            reason = None if is_first else self._used_by_old(name, old)
            reason = reason or self._using_undone(new, old)
            if reason is None or name in self._tried:
                continue
            if is_first:
                return self._once_more(change, admitter)
            return self._back(change, reason, admitter)
        return None

    def _used_by_old(
        self, name: str, old: Mapping[str, Loaded]
    ) -> Obstacle | None:
        """Say what of a new one's old modules is used by old code."""
        used = _modules.holders(self._evictions[name].modules, old)
        for holder, module in used.items():
            why = used_by(module, holder, old[holder])
            return Obstacle('module_shared', why, mend(old[holder]))
        return None

    def _using_undone(
        self, new: Loaded, old: Mapping[str, Loaded]
    ) -> Obstacle | None:
        """Say what a new one uses that was put back since."""
        for other, undone in self._undone.items():
            for module in _modules.holders(undone, new.modules()).values():
                why = (
                    f'it uses the module {module} of {other}, whose new '
                    'version could not be loaded'
                )
                return Obstacle('module_shared', why, mend(old.get(module)))
        return None

    def _once_more(self, change: Change, admitter: Admitter) -> Loaded:
        """Import one that has no old version, beside what was put back."""
        name = change.found.name
        self._tried.add(name)
        self._undo(name)
        self._evictions[name].take()
        return self.load(change, admitter)

    def late_imports(self) -> Iterable[_late_imports.LateImport]:
        """Yield where old code gets modules of the new, if it is called."""
        for name, new in self._new.items():
            old = self._changes[name].old
            if old is None or not old.is_serving:
                continue
            found = _late_imports.found_in(
                self._evictions[name].modules,
                _late_imports.changed(old.code.modules, new.code.modules),
            )
            for function, module in found:
                yield _late_imports.LateImport(
                    name,
                    old.found.version,
                    new.found.version,
                    function,
                    module,
                )

    # --- what stays -----------------------------------------------------

    def _failed(
        self,
        change: Change,
        lost: set[str],
        refusals: tuple[Refusal, ...],
        admitter: Admitter,
    ) -> Loaded:
        """Go back to what served before, and say what failed."""
        self._undo(change.found.name)
        self._new.pop(change.found.name)
        old: Loaded = change.old  # type: ignore[assignment]
        first = next(one for one in refusals if one.entry_point in lost)
        return admitter.again(
            old._replace(
                stale=f'version {change.found.version} is installed but '
                f'could not be loaded ({first.code}: {first.message}); '
                f'{old.found.version} runs on.',
                newer=change.code.fingerprint,
                newer_refusals=refusals,
            )
        )

    def _back(
        self, change: Change, reason: Obstacle, admitter: Admitter
    ) -> Loaded:
        """Go back to what runs, because the new cannot be right beside it."""
        self._undo(change.found.name)
        self._new.pop(change.found.name)
        return self._held_back(change, reason, admitter)

    def _held_back(
        self, change: Change, reason: Obstacle, admitter: Admitter
    ) -> Loaded:
        """Keep what runs, and say that a restart is required."""
        running = change.old.found.version if change.old else ''
        installed = change.found.version
        message = (
            f'{change.found.name} {installed} is installed, but {reason.why}.'
        )
        restart = RestartRequired(
            change.found.name,
            running,
            installed,
            reason.code,
            message,
            reason.remedy or RESTART_HOST,
        )
        self.restarts.append(restart)
        if change.old is not None and change.old.is_serving:
            return admitter.again(
                change.old._replace(
                    stale=f'{message} {restart.remedy}',
                    newer=change.code.fingerprint,
                    newer_refusals=(),
                )
            )
        from imbi_plugin_sdk.registry import loaded  # noqa: PLC0415  cycle

        return loaded.held_back(change.found, change.code, restart)

    def _remove(self, loaded: Loaded) -> None:
        """Forget the modules of a distribution that is gone."""
        name = loaded.found.name
        if loaded.is_hung:
            self._obstacles.ghosts[name] = 'hung'
        modules = self._obstacles.only_of(loaded)
        self._obstacles.note_machine_code(modules)
        held = self._obstacles.held(modules)
        if held:
            self.restarts.append(
                RestartRequired(
                    name,
                    loaded.found.version,
                    '',
                    'module_shared',
                    f'{name} is gone, but {held}.',
                )
            )
        else:
            self._evict(name, modules)


def _lost(
    old: Loaded, new: Loaded, served: set[str], refusals: tuple[Refusal, ...]
) -> set[str]:
    """Return entry points whose failing takes away what was there.

    One that served and fails now; and where one that served is gone, one
    that is new and fails, for it may be the same under another name.
    """
    present = {one.plugin.name for one in new.admissions}
    failing = present & {one.entry_point for one in refusals}
    lost = failing & served
    if served - present:
        lost |= failing - {one.plugin.name for one in old.admissions}
    return lost
