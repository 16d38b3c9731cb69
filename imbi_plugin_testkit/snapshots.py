"""A static manifest: what a wheel says of itself without being imported.

`imbi-plugin snapshot` writes the manifests of a distribution's entry points
into its package, as `imbi_plugin.json`. A host then shows what an install
will do before it runs a line of a stranger's code. The check MAN090 holds the
file equal to the classes' manifests, so that it cannot promise anything else.
"""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

from imbi_plugin_sdk.errors import ManifestError
from imbi_plugin_sdk.manifest import PluginManifest
from imbi_plugin_testkit.config import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from imbi_plugin_testkit.subject import Subject

FILE = 'imbi_plugin.json'
FORMAT_VERSION = 1

LARGEST = 1_048_576
"""Bytes of a snapshot that are read: a hundred manifests have a tenth."""


class Snapshot(NamedTuple):
    """A static manifest, read.

    Attributes:
        path: Where it lies in the wheel.
        manifests: Entry point to its manifest.
    """

    path: str
    manifests: Mapping[str, PluginManifest]


def home_of(subject: Subject) -> str:
    """Return the path in a wheel where a snapshot belongs.

    The outermost regular package of the first entry point, since all are of
    one distribution; a namespace belongs to nobody.

    Raises:
        UsageError: There is no entry point.
    """
    for entry in subject.entry_points:
        parts = entry.module.split('.')
        packages = ['/'.join(parts[: end + 1]) for end in range(len(parts))]
        for package in packages:
            if f'{package}/__init__.py' in (subject.shipped or ()):
                return f'{package}/{FILE}'
        return f'{packages[0]}/{FILE}'
    raise UsageError(
        f'{subject.name} registers no plugin. Fix: add an entry point in the '
        'group imbi.plugins.'
    )


def snapshot_of(manifests: Mapping[str, PluginManifest]) -> str:
    """Return the text of a snapshot: the same for the same manifests."""
    data = {
        'format_version': FORMAT_VERSION,
        'plugins': {
            name: manifests[name].model_dump(
                mode='json', exclude_defaults=True
            )
            for name in sorted(manifests)
        },
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + '\n'


def parse(text: str, path: str = FILE) -> Snapshot:
    """Return a snapshot.

    Raises:
        UsageError: It is none, or one of its manifests does not hold.
    """
    try:
        data: Any = json.loads(text)
        if data['format_version'] != FORMAT_VERSION:
            raise UsageError(
                f'{path} has format {data["format_version"]}, and this kit '
                f'reads {FORMAT_VERSION}. Fix: write it anew with '
                '`imbi-plugin snapshot`.'
            )
        plugins = {
            str(name): PluginManifest.model_validate(facts)
            for name, facts in data['plugins'].items()
        }
    except ManifestError as error:
        raise UsageError(f'{path}: {error}') from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f'{path} is no static manifest ({type(error).__name__}). Fix: '
            'write it anew with `imbi-plugin snapshot`.'
        ) from None
    return Snapshot(path, plugins)


def shipped(subject: Subject) -> Snapshot | None:
    """Return the snapshot that a distribution ships; None without one.

    A wheel is only read, and nothing of it imported.

    Raises:
        UsageError: It ships one that cannot be read.
    """
    path = home_of(subject)
    if subject.wheel is not None:
        return in_wheel(subject.wheel, path)
    if path not in (subject.shipped or ()):
        return None
    file: Path = subject.metadata.locate_file(path)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    return parse(file.read_text('utf-8'), path)


def in_wheel(wheel: Path, path: str) -> Snapshot | None:
    """Return the snapshot at a path in a wheel; None without one.

    Raises:
        UsageError: It cannot be read, or is larger than `LARGEST`.
    """
    with zipfile.ZipFile(wheel) as archive:
        if path not in archive.namelist():
            return None
        with archive.open(path) as file:
            data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UsageError(
            f'{path} has more than {LARGEST:,} bytes. Fix: write it anew '
            'with `imbi-plugin snapshot`.'
        )
    return parse(data.decode('utf-8', 'replace'), path)
