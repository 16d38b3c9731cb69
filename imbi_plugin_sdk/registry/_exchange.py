"""Exchanging changed code: when it can be done, doing it, undoing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk.registry import (
    _bytecode,
    _late_imports,
    _modules,
)
from imbi_plugin_sdk.registry._freshness import RESTART_HOST, RestartRequired

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imbi_plugin_sdk.registry._assembly import Assembly
    from imbi_plugin_sdk.registry._code import Code
    from imbi_plugin_sdk.registry._freshness import Change
    from imbi_plugin_sdk.registry.admission import Admitter
    from imbi_plugin_sdk.registry.loaded import Loaded
    from imbi_plugin_sdk.registry.snapshot import Refusal


class Exchange:
    """All changes of one reload, and the way back from each and from all.

    Attributes:
        ghosts: Distribution or file to why it can never be loaded fresh
            again.
        restarts: What only a restart can load.
    """

    def __init__(
        self,
        known: Mapping[str, Loaded],
        changes: Mapping[str, Change],
        removed: Iterable[str],
        ghosts: Mapping[str, str],
    ) -> None:
        self.ghosts = dict(ghosts)
        self.restarts: list[RestartRequired] = []
        self._changes = changes
        gone = set(removed)
        self._removed = [known[name] for name in sorted(gone)]
        stays = [
            loaded
            for name, loaded in known.items()
            if name not in changes and name not in gone
        ]
        self._homes = {
            module: loaded for loaded in stays for module in loaded.modules()
        }
        self._owners = _owners(stays, changes.values())
        self._evictions: dict[str, _modules.Eviction] = {}
        self._reasons: dict[str, tuple[str, str, str]] = {}
        self._new: dict[str, Loaded] = {}
        self._undone: dict[str, dict[str, object]] = {}

    # --- there and back -------------------------------------------------

    def take_out(self) -> None:
        """Take out the modules of what changed and of what is gone."""
        for loaded in self._removed:
            self._remove(loaded)
        for name, change in self._changes.items():
            reason = self._why_not(change)
            if reason is None:
                self._evict(name, self._modules_of(change))
            else:
                self._reasons[name] = reason

    def undo(self) -> None:
        """Put everything back, as if nothing had been looked at."""
        for name in self._evictions:
            self._undo(name)

    def _evict(self, name: str, modules: Iterable[str]) -> None:
        others = _Others(self._owners, name)
        self._evictions[name] = _modules.Eviction(modules, others)
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
            if not self._is_common(module, name)
        ]
        self._note_machine_code(newer)
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
            return self._held_back(change, *reason, admitter)
        (new,) = loaded.load_all([change.found], admitter)
        self._new[name] = new
        if new.is_hung:
            self.ghosts[name] = 'hung'
        if old is None or not old.is_serving:
            return new
        kept = self._kept_class(old, new)
        if kept:
            return self._back(change, 'module_kept', kept, '', admitter)
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
            if change.old is None or not change.old.is_serving:
                continue
            used = _modules.holders(self._evictions[name].modules, old)
            for holder, module in used.items():
                return self._back(
                    change,
                    'module_shared',
                    _used_by(module, holder, old[holder]),
                    _mend(old[holder]),
                    admitter,
                )
            for other, undone in self._undone.items():
                uses = _modules.holders(undone, new.modules())
                for module in uses.values():
                    return self._back(
                        change,
                        'module_shared',
                        f'it uses the module {module} of {other}, whose new '
                        'version could not be loaded',
                        _mend(old.get(module)),
                        admitter,
                    )
        return None

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
                newer=change.found.version,
                newer_refusals=refusals,
            )
        )

    def _back(
        self,
        change: Change,
        code: str,
        why: str,
        remedy: str,
        admitter: Admitter,
    ) -> Loaded:
        """Go back to what runs, because the new cannot be right beside it."""
        self._undo(change.found.name)
        self._new.pop(change.found.name)
        return self._held_back(change, code, why, remedy, admitter)

    def _held_back(
        self,
        change: Change,
        code: str,
        why: str,
        remedy: str,
        admitter: Admitter,
    ) -> Loaded:
        """Keep what runs, and say that a restart is required."""
        running = change.old.found.version if change.old else ''
        installed = change.found.version
        message = f'{change.found.name} {installed} is installed, but {why}.'
        restart = RestartRequired(
            change.found.name,
            running,
            installed,
            code,
            message,
            remedy or RESTART_HOST,
        )
        self.restarts.append(restart)
        if change.old is not None and change.old.is_serving:
            return admitter.again(
                change.old._replace(
                    stale=f'{message} {restart.remedy}',
                    newer=installed,
                    newer_refusals=(),
                )
            )
        from imbi_plugin_sdk.registry import loaded  # noqa: PLC0415  cycle

        return loaded.held_back(change.found, change.code, restart)

    # --- why not --------------------------------------------------------

    def _why_not(self, change: Change) -> tuple[str, str, str] | None:
        """Return why fresh code cannot be right: code, why, remedy."""
        name, old = change.found.name, change.old
        if old is not None and old.is_hung:
            self.ghosts[name] = 'hung'
        paths = [owned.path for owned in change.code.modules.values()]
        for ghost in filter(self.ghosts.__contains__, [name, *paths]):
            return *_GHOSTS[self.ghosts[ghost]], ''
        loaded = self._modules_of(change)
        extensions = _modules.extension_modules(loaded)
        if extensions:
            why = (
                f'{extensions[0]} is machine code, which a process loads once'
            )
            return 'extension_module', why, ''
        for module in loaded:
            owner = self._homes.get(module)
            if owner is not None:
                return 'module_shared', _also_of(module, owner), ''
        held = self._held_by_staying(loaded)
        if held:
            return 'module_shared', held, ''
        wrong = _bytecode.forget_stale(paths)
        if wrong:
            return (
                'bytecode_stale',
                f'{wrong[0]} holds the code of another version and cannot '
                'be removed',
                'Remove that file, then restart the host.',
            )
        return None

    def _held_by_staying(self, modules: Iterable[str]) -> str:
        """Say which distribution that stays uses one of some modules."""
        held = _modules.holders(_modules.by_name(modules), self._homes)
        for holder, module in held.items():
            return _used_by(module, holder, self._homes[holder])
        return ''

    def _modules_of(self, change: Change) -> list[str]:
        """Return the loaded modules of both versions that have to go."""
        found = dict.fromkeys(_modules.loaded(change.code.modules))
        if change.old is not None:
            found |= dict.fromkeys(change.old.modules())
        return [
            module
            for module in found
            if not self._is_common(module, change.found.name)
        ]

    def _is_common(self, module: str, name: str) -> bool:
        """Tell whether a module may stay that several distributions ship.

        It may if it is the same file in all of them, old and new, as the
        `__init__.py` of an old-style namespace is.
        """
        owners = self._owners.get(module, ())
        digests = {code.modules[module].digest for _, code in owners}
        return len(digests) == 1 and any(one != name for one, _ in owners)

    def _remove(self, loaded: Loaded) -> None:
        """Forget the modules of a distribution that is gone."""
        name = loaded.found.name
        if loaded.is_hung:
            self.ghosts[name] = 'hung'
        modules = [
            module for module in loaded.modules() if module not in self._owners
        ]
        self._note_machine_code(modules)
        held = self._held_by_staying(modules)
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

    def _note_machine_code(self, modules: Iterable[str]) -> None:
        """Remember files that this process has loaded for good."""
        for module in _modules.extension_modules(modules):
            self.ghosts[_modules.origin_of(module)] = 'extension'

    def _kept_class(self, old: Loaded, new: Loaded) -> str:
        """Say if a new version's plugin is the very class of the old one."""
        before = {
            id(binding.handler)
            for admission in old.admissions
            for binding in admission.bindings
        }
        for admission in new.admissions:
            for binding in admission.bindings:
                home = _modules.home_of(binding.handler)
                if id(binding.handler) in before and home not in self._homes:
                    return (
                        f'{admission.plugin.name} is still the class of '
                        f'{old.found.version}, which module {home} holds'
                    )
        return ''


class _Others:
    """The modules of all distributions but one."""

    def __init__(
        self, owners: Mapping[str, list[tuple[str, Code]]], name: str
    ) -> None:
        self._owners = owners
        self._name = name

    def __contains__(self, module: object) -> bool:
        """Tell whether another distribution has it."""
        return any(
            owner != self._name
            for owner, _ in self._owners.get(str(module), ())
        )


def _owners(
    stays: Iterable[Loaded], changes: Iterable[Change]
) -> dict[str, list[tuple[str, Code]]]:
    """Return the distributions that have a module, old and new ones."""
    codes = [(one.found.name, one.code) for one in stays]
    for change in changes:
        codes.append((change.found.name, change.code))
        if change.old is not None:
            codes.append((change.found.name, change.old.code))
    found: dict[str, list[tuple[str, Code]]] = {}
    for name, code in codes:
        for module in code.modules:
            found.setdefault(module, []).append((name, code))
    return found


def _used_by(module: str, holder: str, owner: Loaded) -> str:
    return (
        f'its module {module} is used by {holder} of '
        f'{owner.found.name} {owner.found.version}, which stays'
    )


def _also_of(module: str, owner: Loaded) -> str:
    return (
        f'its module {module} is also of '
        f'{owner.found.name} {owner.found.version}, which stays'
    )


def _mend(owner: Loaded | None) -> str:
    if owner is None:
        return ''
    return f'Mend {owner.found.name} and reload, or restart the host.'


_GHOSTS: Mapping[str, tuple[str, str]] = {
    'hung': (
        'import_hung',
        'an import of it still runs in this process',
    ),
    'extension': (
        'extension_module',
        'an earlier version of it loaded machine code, which a process '
        'loads once',
    ),
}


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
