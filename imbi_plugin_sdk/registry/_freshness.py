"""Exchanging changed code: when it can be done, doing it, undoing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.registry import (
    _bytecode,
    _late_imports,
    _modules,
    _ownership,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType
    from typing import Self

    from imbi_plugin_sdk.registry._code import Code
    from imbi_plugin_sdk.registry.admission import Admitter
    from imbi_plugin_sdk.registry.discovery import DistributionRef
    from imbi_plugin_sdk.registry.loaded import Loaded


_RESTART = 'Restart the host.'


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
    remedy: str = _RESTART


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


def change_of(found: DistributionRef, old: Loaded | None) -> Change | None:
    """Return how a distribution changed; None if it did not."""
    if old is None:
        return Change(found, _ownership.code_of(found), None)
    same = (
        not old.stale
        and found.version == old.found.version
        and found.path == old.found.path
        and found.entry_points == old.found.entry_points
        and found.problems == old.found.problems
    )
    if same and _ownership.is_unchanged(found, old.code):
        return None
    code = _ownership.code_of(found)
    if same and code.fingerprint == old.code.fingerprint:
        return None
    return Change(found, code, old)


class Exchange:
    """All changes of one reload; left by an exception, it undoes them.

    Attributes:
        ghosts: Distribution to why its code can never be loaded fresh again.
        restarts: What only a restart can load.
        late_imports: What replaced code would import of the new.
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
        self.late_imports: list[_late_imports.LateImport] = []
        self._changes = changes
        gone = set(removed)
        self._removed = [known[name] for name in gone]
        stays = [
            loaded
            for name, loaded in known.items()
            if name not in changes and name not in gone
        ]
        self._owners: dict[str, Loaded] = {
            module: loaded
            for loaded in stays
            for module in loaded.code.modules
        }
        self._staying = [name for one in stays for name in one.modules()]
        self._evictions: dict[str, _modules.Eviction] = {}
        self._reasons: dict[str, tuple[str, str]] = {}

    def __enter__(self) -> Self:
        """Take out the modules of what changed and of what is gone."""
        for loaded in self._removed:
            self._remove(loaded)
        for name, change in self._changes.items():
            reason = self._why_not(change)
            if reason is None:
                self._evict(name, self._modules_of(change))
            else:
                self._reasons[name] = reason
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put everything back if the load was interrupted."""
        if error is None:
            return
        for name, eviction in self._evictions.items():
            change = self._changes.get(name)
            eviction.undo(change.code.modules if change else ())

    def load(self, change: Change, admitter: Admitter) -> Loaded:
        """Import a changed distribution; keep the old one if that fails."""
        from imbi_plugin_sdk.registry import loaded  # noqa: PLC0415  cycle

        name, old = change.found.name, change.old
        reason = self._reasons.get(name)
        if reason is not None:
            return self._held_back(change, *reason, admitter)
        (new,) = loaded.load_all([change.found], admitter)
        if old is None or not old.is_serving:
            return new
        kept = self._kept_class(old, new)
        if kept:
            self._undo(name, new.code)
            return self._held_back(change, 'module_kept', kept, admitter)
        failed = _lost(old, new)
        if not failed:
            self._note_late_imports(old, new)
            return new
        self._undo(name, new.code)
        refusals = tuple(
            one.refusal for one in new.admissions if one.refusal is not None
        )
        first = next(
            (one for one in refusals if one.entry_point in failed), None
        )
        why = f'{first.code}: {first.message}' if first else 'it has no plugin'
        return admitter.again(
            old._replace(
                stale=f'version {change.found.version} is installed but '
                f'could not be loaded ({why}); {old.found.version} runs on.',
                newer=change.found.version,
                newer_refusals=refusals,
            )
        )

    def _note_late_imports(self, old: Loaded, new: Loaded) -> None:
        """Say where old code gets modules of the new one, if it is called."""
        found = _late_imports.found_in(
            self._evictions[old.found.name].modules,
            _late_imports.changed(old.code.modules, new.code.modules),
        )
        self.late_imports += [
            _late_imports.LateImport(
                old.found.name,
                old.found.version,
                new.found.version,
                function,
                module,
            )
            for function, module in found
        ]

    def _undo(self, name: str, code: Code) -> None:
        """Take the new modules out and put the old ones back."""
        self._evictions.pop(name).undo(_modules.loaded(code.modules))

    def _held_back(
        self, change: Change, code: str, why: str, admitter: Admitter
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
            _REMEDIES.get(code, _RESTART),
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

    def _why_not(self, change: Change) -> tuple[str, str] | None:
        """Return why fresh code cannot be right: code, half a sentence."""
        name, old = change.found.name, change.old
        if old is not None and old.is_hung:
            self.ghosts[name] = 'hung'
        if name in self.ghosts:
            return _GHOSTS[self.ghosts[name]]
        loaded = self._modules_of(change)
        extensions = _modules.extension_modules(loaded)
        if extensions:
            return (
                'extension_module',
                f'{extensions[0]} is machine code, which a process loads once',
            )
        for module in self._loaded(change):
            owner = self._owners.get(module)
            if owner is not None and module in loaded:
                return (
                    'module_shared',
                    f'its module {module} is also of '
                    f'{owner.found.name} {owner.found.version}, which stays',
                )
        held = _modules.holders(loaded, self._staying)
        for holder, module in held.items():
            owner = self._owners[holder]
            return (
                'module_shared',
                f'its module {module} is used by {holder} of '
                f'{owner.found.name} {owner.found.version}, which stays',
            )
        return _wrong_bytecode(change.code)

    def _loaded(self, change: Change) -> list[str]:
        """Return the modules of both versions that are loaded."""
        found = dict.fromkeys(_modules.loaded(change.code.modules))
        if change.old is not None:
            found |= dict.fromkeys(change.old.modules())
        return list(found)

    def _modules_of(self, change: Change) -> list[str]:
        """Return the loaded modules that have to go.

        One that another distribution ships too may stay if all three are the
        same file, as the `__init__.py` of an old-style namespace is.
        """
        return [
            name
            for name in self._loaded(change)
            if not self._is_common(name, change)
        ]

    def _is_common(self, name: str, change: Change) -> bool:
        owner = self._owners.get(name)
        if owner is None:
            return False
        codes = [owner.code, change.code]
        if change.old is not None:
            codes.append(change.old.code)
        return (
            len(
                {
                    code.modules[name].digest
                    for code in codes
                    if name in code.modules
                }
            )
            == 1
        )

    # --- doing it -------------------------------------------------------

    def _evict(self, name: str, modules: Iterable[str]) -> None:
        self._evictions[name] = _modules.Eviction(modules, self._owners)

    def _remove(self, loaded: Loaded) -> None:
        """Forget the modules of a distribution that is gone."""
        name = loaded.found.name
        modules = [
            module for module in loaded.modules() if module not in self._owners
        ]
        if loaded.is_hung:
            self.ghosts[name] = 'hung'
        elif _modules.extension_modules(modules):
            self.ghosts[name] = 'extension'
        self._evict(name, modules)

    def _kept_class(self, old: Loaded, new: Loaded) -> str:
        """Say if a new version's plugin is the very class of the old one."""
        before = {
            id(binding.handler)
            for admission in old.admissions
            for binding in admission.bindings
        }
        for admission in new.admissions:
            for binding in admission.bindings:
                home = binding.handler.__dict__.get('__module__')
                if id(binding.handler) in before and (
                    home not in self._owners
                ):
                    return (
                        f'{admission.plugin.name} is still the class of '
                        f'{old.found.version}, which module {home} holds'
                    )
        return ''


def _wrong_bytecode(code: Code) -> tuple[str, str] | None:
    """Remove bytecode of other code, or say that it cannot be removed."""
    wrong = _bytecode.forget_stale(
        owned.path for owned in code.modules.values()
    )
    if not wrong:
        return None
    return (
        'bytecode_stale',
        f'{wrong[0]} holds the code of another version and cannot be removed',
    )


_REMEDIES: Mapping[str, str] = {
    'bytecode_stale': 'Remove that file, then restart the host.',
}
"""What to do where a restart alone is not enough."""

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


def _lost(old: Loaded, new: Loaded) -> set[str]:
    """Return entry points that served, are still there, and serve no more."""
    served = {one.plugin.name for one in old.admissions if one.bindings}
    return {
        one.plugin.name
        for one in new.admissions
        if not one.bindings and one.plugin.name in served
    }
