"""Reading an icon out of a plugin's package, without following it anywhere.

`package` and `resource` are a stranger's words. The guards refuse a path
that could lead out of the package before anything is opened, and compare
where it led afterwards; at most one byte beyond the limit is read, also from
a zip file that would inflate to gigabytes.

Naming a package imports it, and importing runs its code: that is so for the
plugin's own package, for a package of assets below it, and for any parent.
Load icons only of plugins that were admitted, whose code runs anyway.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.resources
import re
from pathlib import Path
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import shown
from imbi_plugin_sdk.errors import IconError
from imbi_plugin_sdk.icons._model import LoadedIcon
from imbi_plugin_sdk.icons._ownership import ownership_warning
from imbi_plugin_sdk.icons._paths import MAX_NAME, PLAIN, is_plain
from imbi_plugin_sdk.icons._problems import MAX_ICON_BYTES, refusal

if TYPE_CHECKING:
    from collections.abc import Generator
    from importlib.resources.abc import Traversable
    from types import ModuleType

    from imbi_plugin_sdk.icons._model import IconLike

_PACKAGE = re.compile(r'[^\W\d]\w*(?:\.[^\W\d]\w*)*').fullmatch


def load_icon(
    icon: IconLike, *, distribution: str | None = None
) -> LoadedIcon:
    """Return the bytes of a plugin's icon, with warnings if any.

    The package is imported, which runs its code.

    Args:
        icon: What names the file, as a `PluginIcon` does.
        distribution: The plugin's own distribution; where the package
            belongs to another one, the result has a warning.

    Raises:
        IconError: The file is not there (`icon_missing`), would lie outside
            the package (`icon_outside_package`), is empty (`icon_empty`) or
            has more than 65,536 bytes (`icon_too_large`).
    """
    package, resource = str(icon.package), str(icon.resource)
    _check_names(package, resource)
    name = f'{package}/{resource}'
    with _guarded(f'Package {package} cannot be imported', 'package'):
        module = _import(package)
    with _guarded(f'{name} cannot be read', 'resource'):
        data = _read(_resolve(module, resource, name), name)
    warning = None
    if distribution is not None:
        warning = ownership_warning(package, module, distribution)
    return LoadedIcon(
        package=package,
        resource=resource,
        media_type=str(icon.media_type),
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        warnings=(warning,) if warning else (),
    )


def _check_names(package: str, resource: str) -> None:
    """Refuse names that are not plain, before anything is imported."""
    if len(package) > MAX_NAME or not _PACKAGE(package):
        raise refusal(
            'icon_missing',
            f'The package is {shown(package)}; it must be the dotted name '
            'of an importable package.',
            'package',
        )
    if not is_plain(resource):
        raise refusal(
            'icon_outside_package',
            f'The resource is {shown(resource)}; it must be {PLAIN}.',
            'resource',
        )


@contextlib.contextmanager
def _guarded(what: str, path: str) -> Generator[None]:
    """Refuse with whatever a stranger's code, files or archive raises."""
    try:
        yield
    except (IconError, KeyboardInterrupt):
        raise
    except BaseException as error:  # strangers' code runs here
        name = type(error).__name__
        raise refusal('icon_missing', f'{what}: {name}.', path) from error


def _import(package: str) -> ModuleType:
    """Return the package; a module or a shared namespace is refused."""
    module = importlib.import_module(package)
    if getattr(module, '__path__', None) is None:
        raise refusal(
            'icon_missing', f'{package} is a module, not a package.', 'package'
        )
    if getattr(module, '__file__', None) is None:
        _check_namespace(package, module)
    return module


def _check_namespace(package: str, module: ModuleType) -> None:
    """Admit a folder without `__init__.py` only inside a real package.

    A top-level namespace is shared: any distribution can put a file there.
    """
    parent, _, _ = package.rpartition('.')
    paths = list(module.__path__)
    if parent and len(paths) == 1:
        above = importlib.import_module(parent)
        if getattr(above, '__file__', None) is not None:
            return
        _check_namespace(parent, above)
        return
    raise refusal(
        'icon_outside_package',
        f'{package} is a namespace package, which several distributions may '
        'fill; the icon must lie in a package with an __init__.py.',
        'package',
    )


def _resolve(module: ModuleType, resource: str, name: str) -> Traversable:
    """Return the file below the package that a checked path names."""
    target = importlib.resources.files(module)
    for segment in resource.split('/'):
        target = target.joinpath(segment)
    is_file, is_dir = target.is_file(), target.is_dir()
    if isinstance(target, Path):
        _confine(module, target, name)
    if is_dir:
        raise refusal(
            'icon_missing', f'{name} is a directory, not a file.', 'resource'
        )
    if not is_file:
        raise refusal(
            'icon_missing',
            f'There is no file {name}; it may be missing from the wheel.',
            'resource',
        )
    return target


def _confine(module: ModuleType, target: Path, name: str) -> None:
    """Refuse a symbolic link that leads out of the package."""
    try:
        real = target.resolve()
        inside = any(
            real.is_relative_to(Path(path).resolve())
            for path in module.__path__
        )
    except OSError:
        inside = False
    except RuntimeError:  # a loop, before Python 3.13: it is no file
        return
    if not inside:
        raise refusal(
            'icon_outside_package',
            f'{name} is a link that leads out of the package.',
            'resource',
        )


def _read(target: Traversable, name: str) -> bytes:
    """Return the file, reading at most one byte beyond the limit."""
    data = b''
    with target.open('rb') as file:
        # A reader may give less at a time than it was asked for.
        while piece := file.read(MAX_ICON_BYTES + 1 - len(data)):
            data += piece
            if len(data) > MAX_ICON_BYTES:
                break
    if len(data) > MAX_ICON_BYTES:
        raise refusal(
            'icon_too_large',
            f'{name} has more than {MAX_ICON_BYTES:,} bytes.',
            'resource',
        )
    if not data:
        raise refusal('icon_empty', f'{name} has no content.', 'resource')
    return data
