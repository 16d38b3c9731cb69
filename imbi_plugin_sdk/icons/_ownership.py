"""Whether an icon's package belongs to the plugin's own distribution."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from imbi_plugin_sdk.icons._problems import problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from imbi_plugin_sdk.errors import Problem

_SEPARATORS = re.compile(r'[-_.]+')


def ownership_warning(
    package: str, module: ModuleType, distribution: str
) -> Problem | None:
    """Return a warning where a package is another distribution's.

    A wheel's RECORD lists its files. An editable install has none of them
    there, so its source directory is asked, and at last the name.
    """
    import importlib_metadata  # noqa: PLC0415  5 ms that few callers need

    try:
        owner = importlib_metadata.distribution(distribution)
    except importlib_metadata.PackageNotFoundError:
        message = f'Distribution {distribution} is not installed.'
        return problem('icon_foreign_package', 'package', message)
    files = [str(file).replace('\\', '/') for file in owner.files or ()]
    if _records(files, package) or _is_source_of(
        owner.read_text('direct_url.json'), module
    ):
        return None
    top = package.partition('.')[0]
    if _normalised(top) == _normalised(distribution):
        return None
    return problem(
        'icon_foreign_package',
        'package',
        f'Package {package} does not belong to {distribution}.',
    )


def _records(files: Iterable[str], package: str) -> bool:
    """Return whether a distribution installed files of the package."""
    folder = package.replace('.', '/') + '/'
    return any(file.startswith(folder) for file in files)


def _is_source_of(text: str | None, module: ModuleType) -> bool:
    """Return whether an editable install's source holds the package.

    `text` is the distribution's `direct_url.json` (PEP 610).
    """
    try:
        record: Any = json.loads(text or '{}')
        url = urlsplit(str(record.get('url', '')))
    except (ValueError, AttributeError):
        return False
    if url.scheme != 'file':
        return False
    source = Path(unquote(url.path)).resolve()
    return any(
        Path(path).resolve().is_relative_to(source) for path in module.__path__
    )


def _normalised(name: str) -> str:
    """Return a name as the packaging standards compare it."""
    return _SEPARATORS.sub('-', name).lower()
