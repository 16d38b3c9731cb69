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
from functools import partial
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.registry import _guard

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from imbi_plugin_sdk.registry._code import Owned


def loaded(modules: Mapping[str, Owned]) -> list[str]:
    """Return the modules that are loaded, and from the files in question.

    One that says nothing of where it came from is taken for its file's: some
    put an object of their own in their place.
    """
    return [
        name
        for name, owned in modules.items()
        if name in sys.modules
        and (is_from(name, owned.path) or _is_from_nowhere(sys.modules[name]))
    ]


def _is_from_nowhere(module: object) -> bool:
    """Tell whether this may be of any file, which a namespace is not."""
    attributes = _attributes(module)
    return (
        module is not None  # nobody may import it
        and not _origin(attributes)
        and type(attributes.get('__path__', [])) is list
    )


def origin_of(name: str) -> str:
    """Return the file that a module came from; empty if there is none."""
    return _origin(_attributes(sys.modules.get(name)))


def _origin(attributes: Mapping[str, Any]) -> str:
    return origin_in(attributes.get('__spec__')) or _text(
        attributes.get('__file__')
    )


def origin_in(spec: object) -> str:
    """Return the file that a spec names; empty if there is none.

    What a module says of itself may be anyone's object: nothing but the
    import system's own class is asked, and nothing but text is believed.
    """
    if type(spec) is not importlib.machinery.ModuleSpec:
        return ''
    return _text(spec.__dict__.get('origin'))


def _text(value: object) -> str:
    """Return a text as it is; a subclass may raise where it is compared."""
    return value if type(value) is str else ''


def is_from(name: str, path: str) -> bool:
    """Tell whether a module is loaded, and from this file."""
    found = origin_of(name)
    if found == path:
        return True
    return bool(found) and os.path.realpath(found) == os.path.realpath(path)


_NAMESPACE: Any = vars(types.ModuleType)['__dict__']
"""Gives a module's `__dict__` whatever its class says."""


def _attributes(module: object) -> Mapping[str, Any]:
    """Return a module's attributes without running its `__getattr__`."""
    if _is_module(module):
        found: Mapping[str, Any] = _NAMESPACE.__get__(module)
        return found
    return {}


def _is_module(value: object) -> bool:
    """Tell by its type alone: `isinstance` would ask the object too."""
    return issubclass(type(value), types.ModuleType)


def by_name(names: Iterable[str]) -> dict[str, Any]:
    """Return the modules of names, as far as they are loaded."""
    return {name: sys.modules[name] for name in names if name in sys.modules}


def extension_modules(names: Iterable[str]) -> list[str]:
    """Return those that are machine code, which loads once per process."""
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    return [name for name in names if origin_of(name).endswith(suffixes)]


def refresh() -> None:
    """Let every finder look at the disk again, also one that raises."""
    finders: list[Any] = [*sys.meta_path]
    for finder in finders:
        _guard.contained(partial(_invalidate, finder))


def _invalidate(finder: Any) -> None:  # noqa: ANN401  anyone's object
    invalidate = getattr(finder, 'invalidate_caches', None)
    if invalidate is not None:  # built-in modules have no cache
        invalidate()


class Eviction:
    """Modules that are taken out, and how to put them back.

    Attributes:
        modules: Name to module.
    """

    def __init__(
        self, names: Iterable[str], others: Container[str] = ()
    ) -> None:
        """Say which modules go; `take` takes them.

        Args:
            names: Modules to take out.
            others: Modules that belong to somebody else and stay, also where
                they are below one that goes.
        """
        self._others = others
        self.modules: dict[str, Any] = by_name(_family(names, others))
        # Parents that go keep what they have: old code goes on using it.
        self._attributes = [
            (parent, child, module)
            for name, module in self.modules.items()
            if name.rpartition('.')[0] not in self.modules
            for parent, child in _parents_of(name, module)
        ]

    def take(self) -> None:
        """Take them out, and off their parents.

        `from parent import it` looks there before it looks in `sys.modules`.
        """
        for name in self.modules:
            sys.modules.pop(name, None)
        for parent, child, module in self._attributes:
            if _attributes(parent).get(child) is module:
                types.ModuleType.__delattr__(parent, child)

    def undo(self, newer: Iterable[str] = ()) -> dict[str, object]:
        """Put everything back as it was; once more does no harm.

        Args:
            newer: Modules of the code that failed, taken out first.

        Returns:
            Those, and what was of them.
        """
        wrong = Eviction(
            [name for name in newer if not self._is_old(name)], self._others
        )
        wrong.take()
        sys.modules.update(self.modules)
        for parent, child, module in self._attributes:
            types.ModuleType.__setattr__(parent, child, module)
        # What was exchanged below a package that is back is its child.
        for name, module in [*sys.modules.items()]:
            package, _, child = str(name).rpartition('.')
            back: Any = self.modules.get(package)
            if _is_module(_attributes(back).get(child)):
                types.ModuleType.__setattr__(back, child, module)
        return wrong.modules

    def _is_old(self, name: str) -> bool:
        return name in self.modules and (
            sys.modules.get(name) is self.modules[name]
        )


def _family(names: Iterable[str], others: Container[str]) -> list[str]:
    """Return the loaded ones among names, and what can only be of them.

    That is what lies below a package with an `__init__` and has no other
    owner, in a file or not; and the same module under another name.
    """
    wanted = {name for name in names if name in sys.modules}
    if not wanted:
        return []
    same = {id(sys.modules[name]) for name in wanted} - {id(None)}
    return sorted(
        name
        for name, module in [*sys.modules.items()]
        if type(name) is str
        and (
            name in wanted
            or (
                name not in others
                and (id(module) in same or not wanted.isdisjoint(_above(name)))
            )
        )
    )


def _above(name: str) -> Iterable[str]:
    """Yield the packages that a module is below of."""
    parent, dot, _ = name.rpartition('.')
    while dot:
        yield parent
        parent, dot, _ = parent.rpartition('.')


def _parents_of(name: str, module: object) -> Iterable[tuple[Any, str]]:
    """Yield the package that has a module as its attribute, and the name."""
    parent_name, _, child = name.rpartition('.')
    parent = sys.modules.get(parent_name)
    if _attributes(parent).get(child) is module:
        yield parent, child


def holders(of: Mapping[str, object], among: Iterable[str]) -> dict[str, str]:
    """Return who holds objects of some modules.

    Args:
        of: Modules by name; of two with one name it is only the one that is
            given.
        among: Names of modules that are loaded.

    Returns:
        Holding module to the module it holds something of. Only a module's
        own names are looked at: whether one is a module, class or function
        of those, a class below one of theirs, or an object of such a class.
    """
    owned = {
        id(value): source
        for source, module in of.items()
        for value in [module, *_attributes(module).values()]
        if value is module or _source(value) == source
    }
    found: dict[str, str] = {}
    for name in among:
        for attribute, value in [*_attributes(sys.modules.get(name)).items()]:
            source = owned.get(id(value)) or _source_of_kind(value, owned)
            # A package has its submodules as attributes; those are detached.
            if source and source != f'{name}.{attribute}':
                found[name] = source
                break
    return found


def _source_of_kind(value: object, owned: Mapping[int, str]) -> str:
    """Return the module that a base of a class, or of an object's, is of."""
    cls = value if issubclass(type(value), type) else type(value)
    for base in _BASES.__get__(cls):
        if id(base) in owned:
            return owned[id(base)]
    return ''


_BASES: Any = type.__dict__['__mro__']
"""Gives a class's bases whatever its metaclass says."""


def _source(value: object) -> str:
    """Return the module that an object is, or is of."""
    if _is_module(value):
        return _text(_attributes(value).get('__name__'))
    if type(value) is types.FunctionType:
        return _text(value.__module__)
    return home_of(value) if issubclass(type(value), type) else ''


def home_of(cls: Any) -> str:  # noqa: ANN401  a class of any metaclass
    """Return the module that a class says it is of; empty if none."""
    return _text(_OWN.__get__(cls).get('__module__'))


_OWN: Any = type.__dict__['__dict__']
"""Gives a class's `__dict__` whatever its metaclass says."""
