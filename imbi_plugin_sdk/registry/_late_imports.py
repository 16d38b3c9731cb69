"""Imports that old code makes only when it is called.

A call that began on an old class finishes on it, and everything that its
module imported when it was loaded is old as well. An import statement inside
of a function is another matter: Python looks the name up in `sys.modules` at
every call, finds the new version's module, and there is nothing to mend, for
the old file is gone from disk and one name has one module. So those
statements are found in the old code, and the reload names them.
"""

from __future__ import annotations

import importlib.util
import types
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from imbi_plugin_sdk.registry._code import Owned


class LateImport(NamedTuple):
    """A function of replaced code that gets a new module if it is called.

    It matters to calls that were under way when the code was replaced:
    `PluginRegistry.census` says whether there are any. An author avoids it by
    importing at the top of the module.

    Attributes:
        distribution: Whose code it is.
        running: The version that the function is of.
        installed: The version whose module it gets.
        function: As `module:qualified.name`.
        module: What it imports.
    """

    distribution: str
    running: str
    installed: str
    function: str
    module: str


def changed(
    old: Mapping[str, Owned], new: Mapping[str, Owned]
) -> frozenset[str]:
    """Return modules of old code that are gone, or other code, in the new."""
    return frozenset(
        name
        for name, owned in old.items()
        if not owned.digest
        or name not in new
        or new[name].digest != owned.digest
    )


def found_in(
    modules: Mapping[str, Any], among: Collection[str]
) -> list[tuple[str, str]]:
    """Return which functions import what when they are called.

    Seen are import statements, and text in a function that calls
    `import_module` or `__import__`. A name that is made when it runs is not.

    Args:
        modules: The replaced modules, by name.
        among: Modules that matter.

    Returns:
        Pairs of function and module, sorted.
    """
    return sorted(
        {
            (f'{name}:{code.co_qualname}', imported)
            for name, module in modules.items()
            if isinstance(module, types.ModuleType)
            for code in _codes(name, module)
            for imported in _seen(code, _package(name, module))
            if imported in among
        }
    )


_NAMESPACE: Any = vars(types.ModuleType)['__dict__']
_OWN: Any = type.__dict__['__dict__']


def _package(name: str, module: types.ModuleType) -> str:
    is_package = '__path__' in _NAMESPACE.__get__(module)
    return name if is_package else name.rpartition('.')[0]


def _codes(name: str, module: types.ModuleType) -> Iterator[types.CodeType]:
    """Yield the code of every function that a module defines."""
    pending: list[Any] = [*_NAMESPACE.__get__(module).values()]
    seen: set[int] = set()
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if type(value) is types.FunctionType:
            if value.__module__ == name:
                yield value.__code__
            pending.append(value.__dict__.get('__wrapped__'))
        elif type(value) in {staticmethod, classmethod}:
            pending.append(value.__func__)
        elif type(value) is property:
            pending += [value.fget, value.fset, value.fdel]
        elif issubclass(type(value), type):
            own = _OWN.__get__(value)
            if own.get('__module__') == name:
                pending += own.values()


_CALLS = frozenset({'import_module', '__import__'})
"""Names of functions that import a module of a given name."""


def _seen(code: types.CodeType, package: str) -> list[str]:
    """Return what a function imports; nothing if its code is made up."""
    try:
        return [*_imports(code, package)]
    except Exception:  # noqa: BLE001  a stranger's code object may say anything
        return []


def _imports(code: types.CodeType, package: str) -> Iterator[str]:
    """Yield what a function and the functions inside it import."""
    import dis  # noqa: PLC0415  only an exchange of code asks

    if not _CALLS.isdisjoint(code.co_names):
        for constant in code.co_consts:
            if type(constant) is str:
                yield _absolute(constant, package)
    steps = [
        step
        for step in dis.get_instructions(code)
        if step.opname != 'EXTENDED_ARG'
    ]
    for index, step in enumerate(steps):
        if step.opname != 'IMPORT_NAME':
            continue
        level, names = steps[index - 2].argval, steps[index - 1].argval
        target = step.argval
        target = _absolute('.' * level + target, package)
        yield target
        for name in names or ():
            yield f'{target}.{name}'
    for constant in code.co_consts:
        if type(constant) is types.CodeType:
            yield from _imports(constant, package)


def _absolute(name: str, package: str) -> str:
    """Return the module that a name means in a package; empty if none."""
    try:
        return importlib.util.resolve_name(name, package)
    except ImportError:
        return ''
