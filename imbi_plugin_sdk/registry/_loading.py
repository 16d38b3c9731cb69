"""Importing what an entry point names, and reading why that failed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple, cast

from imbi_plugin_sdk._text import did_you_mean
from imbi_plugin_sdk.errors import ManifestError, Problem
from imbi_plugin_sdk.registry import _guard
from imbi_plugin_sdk.registry._judgement import refused_manifest_version
from imbi_plugin_sdk.registry._manifests import Rejected, invalid_manifest

if TYPE_CHECKING:
    from imbi_plugin_sdk.registry._judgement import Served
    from imbi_plugin_sdk.registry.discovery import EntryPointRef


class _NoSuchAttribute(Exception):  # noqa: N818  it never leaves this module
    """Says that a module has not what the entry point names."""

    def __init__(self, seen: str, name: str, known: list[str]) -> None:
        super().__init__()
        self._missing = seen, name
        self._known = known

    def __str__(self) -> str:
        """Return what is missing, and what may have been meant.

        This is asked once what the import took away is put back: comparing
        names imports a library.
        """
        seen, name = self._missing
        meant = _guard.attempt(lambda: did_you_mean(name, self._known)).value
        return f'{seen} has no {name!r}.{meant or ""}'


def load(plugin: EntryPointRef, target: tuple[str, str]) -> object:
    """Import what an entry point names.

    Args:
        plugin: The entry point.
        target: Module and attribute that its value names.

    Raises:
        BaseException: Whatever the import raises.
    """
    if plugin.load is not None:
        return plugin.load()
    module, attributes = target
    found: object = importlib.import_module(module)
    seen = module
    for name in filter(None, attributes.split('.')):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise _NoSuchAttribute(seen, name, _names(found)) from None
        seen = f'{seen}.{name}'
    return found


def _names(found: object) -> list[str]:
    """Return public names for a did-you-mean."""
    attributes = getattr(found, '__dict__', {})
    return [
        name
        for name in list(attributes)
        if isinstance(name, str) and not name.startswith('_')
    ]


class _Kind(NamedTuple):
    """How one kind of failing import is told.

    Attributes:
        types: The exceptions it is about.
        code: The refusal's code.
        remedy: What to do.
    """

    types: tuple[type[BaseException], ...]
    code: str
    remedy: str


_RECURSION = 'Find the call that never ends; the place above is in it.'

_KINDS: tuple[_Kind, ...] = (
    _Kind(
        (_NoSuchAttribute,),
        'attribute_missing',
        'Correct the entry point in pyproject.toml and build again.',
    ),
    _Kind(
        (ModuleNotFoundError,),
        'module_missing',
        'Install what it needs (`python -m pip check` tells), or correct '
        "the entry point; what an editable install's .pth file adds to the "
        'path is there after a restart only.',
    ),
    _Kind(
        (ImportError,),
        'import_error',
        'Install the versions that it requires: `python -m pip check`.',
    ),
    _Kind(
        (SyntaxError,),
        'import_syntax',
        'Use a Python version that the plugin supports, or mend the file.',
    ),
    _Kind(
        (SystemExit,),
        'import_exited',
        'A module that is imported never ends the process; move the call '
        "below `if __name__ == '__main__':`.",
    ),
    _Kind(
        (KeyboardInterrupt, GeneratorExit),
        'import_interrupted',
        'A module raises such an exception only by mistake; mend it.',
    ),
    _Kind((RecursionError,), 'import_recursion', _RECURSION),
)

_OTHERWISE = _Kind(
    (BaseException,),
    'import_failed',
    'Mend the plugin, or install a version of it that imports.',
)

_MAIN_THREAD = (
    'Plugins are imported in a thread of their own: leave signals to the host.'
)


def rejection(
    plugin: EntryPointRef,
    error: BaseException,
    contracts: Served,
) -> Rejected:
    """Return why an import that raised is refused."""
    # Its own type is asked: `__class__` may say anything.
    cls = type(error)
    if issubclass(cls, ManifestError):
        error = cast('ManifestError', error)
        try:
            refused_manifest_version(error, contracts)
        except Rejected as rejected:
            return rejected
        return Rejected('manifest', invalid_manifest(error), error.problems)
    raised = _guard.describe(error)
    kind = next(
        (kind for kind in _KINDS if issubclass(cls, kind.types)), _OTHERWISE
    )
    remedy = kind.remedy
    if raised.message.startswith('signal only works in main thread'):
        remedy = _MAIN_THREAD
    return Rejected(
        'import',
        Problem(
            kind.code,
            '',
            f'importing {plugin.value!r} raised {_told(raised)}',
            remedy,
        ),
    )


def _told(raised: _guard.Raised) -> str:
    """Say what was raised, and keep a secret that its text may hold."""
    from imbi_plugin_sdk.secret_detector import (  # noqa: PLC0415  failing
        find_secrets,
    )

    if raised.message and any(find_secrets(raised.message)):
        raised = raised._replace(
            message='(its text is not shown: it may hold a secret)'
        )
    return _guard.told(raised._replace(type_name=raised.type_name.lstrip('_')))
