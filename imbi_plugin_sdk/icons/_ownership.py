"""Whether an icon's package belongs to the plugin's own distribution."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from imbi_plugin_sdk.icons._problems import problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

    from imbi_plugin_sdk.errors import Problem

_INSTALLED = frozenset({'dist-packages', 'site-packages'})
"""Folders that an interpreter installs packages into."""
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
    except Exception:  # noqa: BLE001  finders are strangers' code
        message = f'Distribution {distribution} is not installed.'
        return problem('icon_foreign_package', 'package', message)
    proofs: tuple[Callable[[], bool], ...] = (
        lambda: _records(owner.files or (), package),
        lambda: _is_source_of(owner.read_text('direct_url.json'), module),
    )
    for owns in proofs:
        # Damaged metadata proves nothing, whatever reading it raises.
        with contextlib.suppress(Exception):
            if owns():
                return None
    top = package.partition('.')[0]
    if _normalised(top) == _normalised(distribution):
        return None
    return problem(
        'icon_foreign_package',
        'package',
        f'Package {package} does not belong to {distribution}.',
    )


def _records(files: Iterable[object], package: str) -> bool:
    """Return whether a distribution installed files of the package."""
    folder = package.replace('.', '/') + '/'
    return any(
        str(file).replace('\\', '/').startswith(folder) for file in files
    )


def _is_source_of(text: str | None, module: ModuleType) -> bool:
    """Return whether an editable install's source holds the package.

    `text` is the distribution's `direct_url.json` (PEP 610). What is
    installed into an environment inside the source does not count.
    """
    record: Any = json.loads(text or '{}')
    url = urlsplit(str(record['url']))
    source = Path(unquote(url.path)).resolve()
    return url.scheme == 'file' and any(
        inside.is_relative_to(source)
        and _INSTALLED.isdisjoint(inside.relative_to(source).parts)
        for inside in (Path(path).resolve() for path in module.__path__)
    )


def _normalised(name: str) -> str:
    """Return a name as the packaging standards compare it."""
    return _SEPARATORS.sub('-', name).lower()
