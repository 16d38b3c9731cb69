"""Opens a wheel as a subject: unpacked, and never outside of its folder."""

from __future__ import annotations

import atexit
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import importlib_metadata
from packaging.tags import sys_tags
from packaging.utils import (
    InvalidWheelFilename,
    canonicalize_name,
    parse_wheel_filename,
)

from imbi_plugin_sdk._text import listed
from imbi_plugin_testkit.config import UsageError
from imbi_plugin_testkit.locating.metadata import (
    installed_name,
    name_and_version,
    recorded,
)
from imbi_plugin_testkit.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imbi_plugin_testkit.config import Config
    from imbi_plugin_testkit.subject import Project, Source

MAX_UNPACKED = 512 * 2**20
"""Bytes of a wheel's files; the largest plugin known has a hundredth."""


def open_wheel(
    path: Path,
    config: Config,
    project: Project | None,
    source: Source = 'wheel',
) -> Subject:
    """Unpack a wheel into a folder that lives as long as this process.

    Raises:
        UsageError: It is no wheel, is damaged, is for another interpreter,
            or has names that lead out of the folder.
    """
    name = _name_of(path)
    folder = Path(tempfile.mkdtemp(prefix='imbi-plugin-wheel-'))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        with zipfile.ZipFile(path) as archive:
            _unpack(archive, folder, path.name)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as e:
        raise UsageError(
            f'{path.name} cannot be unpacked: {e}. Build it again.'
        ) from None
    found = [
        entry
        for entry in folder.glob('*.dist-info')
        if canonicalize_name(entry.name.partition('-')[0]) == name
    ]
    if len(found) != 1 or not (found[0] / 'METADATA').is_file():
        raise UsageError(
            f'{path.name} has no {name}-VERSION.dist-info with METADATA: it '
            'is a zip file, but no wheel. Build it again.'
        )
    metadata = importlib_metadata.Distribution.at(found[0])
    written, version = name_and_version(metadata)
    return Subject(
        name=written or name,
        version=version,
        source=source,
        metadata=metadata,
        config=config,
        project=project,
        wheel=path,
        shipped=recorded(metadata),
        search_path=(str(folder),),
    )


def wheel_name(path: Path) -> str:
    """Return the normalised name of the distribution in a wheel.

    Raises:
        UsageError: The file's name is not that of a wheel (PEP 427).
    """
    try:
        return parse_wheel_filename(path.name)[0]
    except InvalidWheelFilename as error:
        raise UsageError(f'{path.name} is not a wheel: {error}') from None


def _name_of(path: Path) -> str:
    if not path.is_file():
        near = sorted(entry.name for entry in path.parent.glob('*.whl'))
        hint = f' There is {listed(near, "and")}.' if near else ''
        raise UsageError(f'there is no wheel {path}.{hint}')
    name = wheel_name(path)
    tags = parse_wheel_filename(path.name)[3]
    if tags.isdisjoint(sys_tags()):
        raise UsageError(
            f'{path.name} is for {listed(sorted(map(str, tags)))}, not for '
            'this interpreter and system; run the kit where it installs.'
        )
    return name


def _unpack(archive: zipfile.ZipFile, folder: Path, wheel: str) -> None:
    entries = archive.infolist()
    _check_names(entries, wheel)
    for entry in entries:
        name = installed_name(entry.filename)
        if entry.is_dir() or not name:
            continue
        target = folder.joinpath(*PurePosixPath(name).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as packed, target.open('wb') as file:
            shutil.copyfileobj(packed, file)


def _check_names(entries: Iterable[zipfile.ZipInfo], wheel: str) -> None:
    seen: set[str] = set()
    size = 0
    for entry in entries:
        name = entry.filename
        parts = name.rstrip('/').split('/')
        size += entry.file_size
        if (
            name.startswith('/')
            or '\\' in name
            or ':' in parts[0]
            or any(part in ('', '.', '..') for part in parts)
            or not name.isprintable()
        ):
            raise UsageError(
                f'{wheel} holds the name {name!r}, which leads out of the '
                'folder that it is installed to. Do not install it.'
            )
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UsageError(
                f'{wheel} holds the link {name!r}; a wheel has files only.'
            )
        if name in seen:
            raise UsageError(
                f'{wheel} holds {name!r} twice, so that installers differ '
                'in what they install. Build it again.'
            )
        seen.add(name)
    if size > MAX_UNPACKED:
        raise UsageError(
            f'{wheel} unpacks to {size // 2**20} MiB; at most '
            f'{MAX_UNPACKED // 2**20} MiB are unpacked.'
        )
