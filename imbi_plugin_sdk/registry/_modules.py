"""Taking a distribution's modules out of `sys.modules`, and putting them back.

Exactly those that it owns, never by top-level name: a namespace has other
tenants. Classes of the old modules live on for as long as somebody holds
them; what is imported next is the new code.
"""

from __future__ import annotations

import importlib.machinery
import os
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from imbi_plugin_sdk.registry._code import Owned


def loaded(modules: Mapping[str, Owned]) -> list[str]:
    """Return the modules that are loaded, and from the files in question."""
    return [
        name for name, owned in modules.items() if is_from(name, owned.path)
    ]


def origin_of(name: str) -> str:
    """Return the file that a module came from; empty if there is none."""
    attributes = _attributes(sys.modules.get(name))
    spec = attributes.get('__spec__')
    found = getattr(spec, 'origin', None) or attributes.get('__file__')
    return found if isinstance(found, str) else ''


def is_from(name: str, path: str) -> bool:
    """Tell whether a module is loaded, and from this file."""
    if name not in sys.modules:
        return False
    found = origin_of(name)
    if found == path:
        return True
    return bool(found) and os.path.realpath(found) == os.path.realpath(path)


_NAMESPACE: Any = vars(types.ModuleType)['__dict__']
"""Gives a module's `__dict__` whatever its class says."""


def _attributes(module: object) -> Mapping[str, Any]:
    """Return a module's attributes without running its `__getattr__`."""
    if isinstance(module, types.ModuleType):
        found: Mapping[str, Any] = _NAMESPACE.__get__(module)
        return found
    return {}


def extension_modules(names: Iterable[str]) -> list[str]:
    """Return those that are machine code, which loads once per process."""
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    return [name for name in names if origin_of(name).endswith(suffixes)]


class Eviction:
    """Modules that were taken out, and how to put them back.

    Attributes:
        names: Modules that were taken out.
        modules: Name to module.
    """

    def __init__(
        self, names: Iterable[str], others: Collection[str] = ()
    ) -> None:
        """Take modules out of `sys.modules`.

        Args:
            names: Modules to take out.
            others: Modules that belong to somebody else and stay, also where
                they are below one that goes.
        """
        wanted = {*names}
        wanted |= _children(wanted, others)
        self.modules = {
            name: sys.modules[name] for name in wanted if name in sys.modules
        }
        self.names = tuple(sorted(self.modules))
        self._attributes: list[tuple[Any, str, object]] = []
        for name in self.names:
            del sys.modules[name]
            self._detach(name)

    def _detach(self, name: str) -> None:
        """Take a module off its parent: `from parent import it` looks there.

        Only where the parent stays, as namespace packages do.
        """
        parent_name, _, child = name.rpartition('.')
        parent: Any = sys.modules.get(parent_name)
        attributes = _attributes(parent)
        if attributes.get(child) is self.modules[name]:
            self._attributes.append((parent, child, self.modules[name]))
            types.ModuleType.__delattr__(parent, child)

    def undo(self, newer: Iterable[str] = ()) -> None:
        """Put everything back as it was.

        Args:
            newer: Modules of the code that failed, taken out first.
        """
        for name in {*newer, *self.names}:
            module = sys.modules.pop(name, None)
            parent_name, _, child = name.rpartition('.')
            parent: Any = sys.modules.get(parent_name)
            if module is not None and (
                _attributes(parent).get(child) is module
            ):
                types.ModuleType.__delattr__(parent, child)
        sys.modules.update(self.modules)
        for owner, child, old in self._attributes:
            types.ModuleType.__setattr__(owner, child, old)


def _children(wanted: set[str], others: Collection[str]) -> set[str]:
    """Return modules below those, which only they can have made.

    A package may put modules into `sys.modules` that are in no file, and
    what lies below a package with an `__init__` is of that package.
    """
    return {
        name
        for name in list(sys.modules)
        if name not in others
        and name not in wanted
        and any(parent in wanted for parent in _parents(name))
    }


def _parents(name: str) -> Iterable[str]:
    parent, dot, _ = name.rpartition('.')
    while dot:
        yield parent
        parent, dot, _ = parent.rpartition('.')


def holders(of: Collection[str], among: Iterable[str]) -> dict[str, str]:
    """Return who still holds objects of some modules.

    Args:
        of: Modules that are about to be replaced.
        among: Modules that stay.

    Returns:
        Holding module to the module it holds something of. Only direct
        references from a module's names are seen: modules, classes and
        functions.
    """
    found: dict[str, str] = {}
    for name in among:
        attributes = list(_attributes(sys.modules.get(name)).items())
        for attribute, value in attributes:
            source = _source(value)
            # A package has its submodules as attributes; those are detached.
            if source in of and source != f'{name}.{attribute}':
                found[name] = source
                break
    return found


def _source(value: object) -> str:
    """Return the module that an object is, or is of."""
    if isinstance(value, types.ModuleType):
        attributes = _attributes(value)
        name = attributes.get('__name__')
    elif type(value) is types.FunctionType:
        name = value.__module__
    elif issubclass(type(value), type):
        own: Mapping[str, Any] = type.__dict__['__dict__'].__get__(value)
        name = own.get('__module__')
    else:
        return ''
    return name if isinstance(name, str) else ''
