"""Why fresh code cannot be right: who else has a module, or uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.registry import _bytecode, _modules

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from imbi_plugin_sdk.registry._code import Code
    from imbi_plugin_sdk.registry._freshness import Change
    from imbi_plugin_sdk.registry.loaded import Loaded


class Obstacle(NamedTuple):
    """Why only a restart can load something.

    Attributes:
        code: Stable, machine-readable name of the reason.
        why: The reason, as the end of a sentence.
        remedy: What to do; empty where nothing but a restart helps.
    """

    code: str
    why: str
    remedy: str = ''


class Obstacles:
    """What one reload must leave as it is, and whom that concerns.

    Attributes:
        ghosts: Distribution or file to why it can never be loaded fresh
            again.
    """

    def __init__(
        self,
        stays: Iterable[Loaded],
        changes: Iterable[Change],
        ghosts: Mapping[str, str],
    ) -> None:
        self.ghosts = dict(ghosts)
        stays = [*stays]
        self._homes = {
            module: loaded for loaded in stays for module in loaded.modules()
        }
        self._owners = _owners(stays, changes)

    def of(self, change: Change) -> Obstacle | None:
        """Return why fresh code cannot be right; None if it can be."""
        name, old = change.found.name, change.old
        if old is not None and old.is_hung:
            self.ghosts[name] = 'hung'
        paths = [owned.path for owned in change.code.modules.values()]
        for ghost in filter(self.ghosts.__contains__, [name, *paths]):
            return _GHOSTS[self.ghosts[ghost]]
        loaded = self.modules_of(change)
        extensions = _modules.extension_modules(loaded)
        if extensions:
            why = (
                f'{extensions[0]} is machine code, which a process loads once'
            )
            return Obstacle('extension_module', why)
        for module in loaded:
            owner = self._homes.get(module)
            if owner is not None:
                return Obstacle('module_shared', _also_of(module, owner))
        held = self.held(loaded)
        if held:
            return Obstacle('module_shared', held)
        wrong = _bytecode.forget_stale(paths)
        if wrong:
            return Obstacle(
                'bytecode_stale',
                f'{wrong[0]} holds the code of another version and cannot '
                'be removed',
                'Remove that file, then restart the host.',
            )
        return None

    def held(self, modules: Iterable[str]) -> str:
        """Say which distribution that stays uses one of some modules."""
        held = _modules.holders(_modules.by_name(modules), self._homes)
        for holder, module in held.items():
            return used_by(module, holder, self._homes[holder])
        return ''

    def modules_of(self, change: Change) -> list[str]:
        """Return the loaded modules of both versions that have to go."""
        found = dict.fromkeys(_modules.loaded(change.code.modules))
        if change.old is not None:
            found |= dict.fromkeys(change.old.modules())
        return [
            module
            for module in found
            if not self.is_common(module, change.found.name)
        ]

    def is_common(self, module: str, name: str) -> bool:
        """Tell whether a module may stay that several distributions ship.

        It may if it is the same file in all of them, old and new, as the
        `__init__.py` of an old-style namespace is.
        """
        owners = self._owners.get(module, ())
        digests = {code.modules[module].digest for _, code in owners}
        return len(digests) == 1 and any(one != name for one, _ in owners)

    def only_of(self, gone: Loaded) -> list[str]:
        """Return the loaded modules that go with a distribution."""
        return [
            module for module in gone.modules() if module not in self._owners
        ]

    def others(self, name: str) -> Container[str]:
        """Return the modules that distributions but this one have."""
        return _Others(self._owners, name)

    def note_machine_code(self, modules: Iterable[str]) -> None:
        """Remember files that this process has loaded for good."""
        for module in _modules.extension_modules(modules):
            self.ghosts[_modules.origin_of(module)] = 'extension'

    def kept_class(self, old: Loaded, new: Loaded) -> str:
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


def used_by(module: str, holder: str, owner: Loaded) -> str:
    """Say that a distribution that stays holds something of a module."""
    return (
        f'its module {module} is used by {holder} of '
        f'{owner.found.name} {owner.found.version}, which stays'
    )


def _also_of(module: str, owner: Loaded) -> str:
    return (
        f'its module {module} is also of '
        f'{owner.found.name} {owner.found.version}, which stays'
    )


def mend(owner: Loaded | None) -> str:
    """Return what helps where another distribution keeps this one back."""
    if owner is None:
        return ''
    return f'Mend {owner.found.name} and reload, or restart the host.'


_GHOSTS: Mapping[str, Obstacle] = {
    'hung': Obstacle(
        'import_hung', 'an import of it still runs in this process'
    ),
    'extension': Obstacle(
        'extension_module',
        'an earlier version of it loaded machine code, which a process '
        'loads once',
    ),
}
