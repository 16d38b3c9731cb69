"""What is installed, told from metadata alone.

Nothing is imported and nothing raises. Per entry of the path there is one
pass over `*.dist-info` and `*.egg-info`; name and version come from the
directory's name, since parsing METADATA costs more than importing a plugin.
A plain directory is read by the few lines here, which differential tests hold
to importlib_metadata; zip files and foreign finders go through that library.
"""

# ruff: noqa: PTH110, PTH113, PTH119, PTH208  pathlib is slow, files are many

from __future__ import annotations

import contextlib
import os
import sys
from operator import itemgetter
from os import listdir  # at once: a plugin may exchange it
from typing import TYPE_CHECKING, Any, NamedTuple

from imbi_plugin_sdk.registry import _entry_points, _faults, _files
from imbi_plugin_sdk.registry._names import (
    GROUP,
    SDK,
    name_and_version,
    normalized,
    stem,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from imbi_plugin_sdk.errors import Problem


class EntryPointRef(NamedTuple):
    """One line of the group, and whose it is; nothing is imported.

    Attributes:
        distribution: Normalised name of the distribution.
        version: Its version.
        name: Name of the entry point, by custom the slug.
        value: What it refers to, as in `imbi_plugin_ssm:SSMPlugin`.
        path: The metadata directory; empty if it is not on disk.
        load: How a made-up source imports it; None imports `value`.
    """

    distribution: str
    version: str
    name: str
    value: str
    path: str = ''
    load: Callable[[], object] | None = None


class DistributionRef:
    """One installed distribution, as its metadata directory tells.

    Attributes:
        name: Normalised as the simple index does (PEP 503).
        version: As the directory's name has it, else METADATA; may be empty.
        base: The entry of the path that it was found on.
        path: Its metadata directory.
        entry_points: Lines of `imbi.plugins`, in the file's order.
        problems: What is wrong with the metadata.
        text: How to read a metadata file that is not on disk; None reads
            below `path`.
        loaders: How a made-up source imports its entry points, in their
            order; empty where their values are imported.
    """

    __slots__ = (
        '_project',
        'base',
        'entry_points',
        'loaders',
        'name',
        'path',
        'problems',
        'text',
        'version',
    )

    def __init__(  # noqa: PLR0913  plain data, given by keyword
        self,
        name: str,
        version: str,
        *,
        base: str = '',
        path: str = '',
        entry_points: tuple[_entry_points.Line, ...] = (),
        problems: tuple[Problem, ...] = (),
        text: Callable[[str], str | None] | None = None,
        loaders: tuple[Callable[[], object], ...] = (),
    ) -> None:
        self.name = name
        self.version = version
        self.base = base
        self.path = path
        self.entry_points = entry_points
        self.problems = problems
        self.text = text
        self.loaders = loaders
        self._project: str | None = None

    def __repr__(self) -> str:
        """Return name, version and place."""
        return (
            f'<{type(self).__name__} {self.name} {self.version} {self.path}>'
        )

    def read(self, file: str) -> bytes | None:
        """Return a file of the metadata directory; None where it has none."""
        if self.text is None:
            return (
                _files.read(f'{self.path}/{file}').data if self.path else None
            )
        from imbi_plugin_sdk.registry._guard import contained  # noqa: PLC0415

        read_text = self.text  # a foreign finder's own code
        text = contained(lambda: read_text(file)).value
        if not isinstance(text, str):
            return None
        return text.encode('utf-8', 'replace')

    @property
    def project(self) -> str:
        """Return the source directory if it is editable, else nothing.

        Source: PEP 610 and PEP 660, `dir_info.editable` of direct_url.json; a
        versionless egg-info is what `setup.py develop` leaves.
        """
        if self._project is None:
            name = os.path.basename(self.path)
            if name.endswith('.egg-info') and '-' not in name:
                self._project = self.base
            else:
                self._project = _project(self.read('direct_url.json'))
        return self._project

    @project.setter
    def project(self, project: str) -> None:
        self._project = project

    @property
    def editable(self) -> bool:
        """Tell whether its source is edited in place."""
        return bool(self.project)

    def plugins(self) -> Iterator[EntryPointRef]:
        """Yield its entry points, by name."""
        if len(self.entry_points) == 1 and not self.loaders:
            name, value = self.entry_points[0]
            yield EntryPointRef(
                self.name, self.version, name, value, self.path
            )
            return
        loaders = self.loaders or (None,) * len(self.entry_points)
        pairs = zip(self.entry_points, loaders, strict=True)
        for line, load in sorted(pairs, key=itemgetter(0)):
            yield EntryPointRef(
                self.name, self.version, *line, self.path, load
            )


class Discovery(NamedTuple):
    """What one pass over the path found.

    Attributes:
        distributions: One per normalised name, sorted by it, the SDK left
            out.
        problems: What is wrong with no distribution in particular.
        sdk: The SDK itself; None where it was not found.
    """

    distributions: tuple[DistributionRef, ...]
    problems: tuple[Problem, ...]
    sdk: DistributionRef | None = None

    def plugins(self) -> tuple[DistributionRef, ...]:
        """Return those with entry points or broken metadata."""
        return tuple(
            found
            for found in self.distributions
            if found.entry_points or found.problems
        )


def discover(
    path: Iterable[str | os.PathLike[str]] | None = None,
    group: str = GROUP,
) -> Discovery:
    """Find every installed distribution and its entry points of one group.

    The first of a normalised name wins, but one with METADATA before one
    without, which is what an interrupted uninstall leaves behind.

    Args:
        path: Directories and zip files; None takes `sys.path` and what the
            finders of `sys.meta_path` know besides.
        group: The entry-point group.
    """
    from imbi_plugin_sdk.registry import _foreign  # noqa: PLC0415  rare

    chosen: dict[str, DistributionRef] = {}
    problems: list[Problem] = []
    for entry in _entries(sys.path if path is None else path, problems):
        names = _children(entry, problems)
        if names is None:
            found: Iterable[DistributionRef] = _foreign.in_archive(
                entry, group, problems
            )
        else:
            found = _scan(entry or '.', names, group)
        for distribution in found:
            _choose(chosen, distribution)
    if path is None:
        for distribution in _foreign.of_finders(group, problems):
            _choose(chosen, distribution)
    sdk = chosen.pop(SDK, None)
    return Discovery(
        tuple(chosen[name] for name in sorted(chosen)),
        tuple(problems),
        sdk,
    )


def _entries(path: Iterable[object], problems: list[Problem]) -> Iterable[str]:
    """Return the entries of a path, each once; one alone is a path of one.

    What stands there but is no path, the import system passes over as well.
    """
    if isinstance(path, (str, os.PathLike)):
        path = (path,)
    entries: dict[str, None] = {}
    for given in path:
        entry: object = given
        with contextlib.suppress(Exception):  # `__fspath__` may be anyone's
            entry = os.fspath(given)  # type: ignore[call-overload]
        if isinstance(entry, str):
            entries[entry] = None
        else:
            problems.append(_faults.no_path(given))
    return entries


def _children(entry: str, problems: list[Problem]) -> list[str] | None:
    """Return what a directory holds; None if it is a file, so an archive."""
    try:
        return listdir(entry or '.')
    except NotADirectoryError:
        return None
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        problems.append(_faults.closed(entry, _files.why(error)))
        return []


_SUFFIXES = ('.dist-info', '.egg-info')


def _scan(
    base: str, names: list[str], group: str
) -> Iterator[DistributionRef]:
    """Yield the distributions of one directory, in a fixed order."""
    infos = [name for name in names if name[-10:].lower().endswith(_SUFFIXES)]
    if base.lower().endswith('.egg'):
        infos += [name for name in names if name.lower() == 'egg-info']
    infos.sort()  # the system lists them in no order that can be repeated
    for name in infos:
        yield _one(base, name, group)


def _one(base: str, name: str, group: str) -> DistributionRef:
    """Read one metadata directory."""
    path = f'{base}/{name}'
    normal, version = name_and_version(stem(base, name))
    content = _files.read(f'{path}/entry_points.txt')
    lines: tuple[_entry_points.Line, ...] = ()
    problems: tuple[Problem, ...] = ()
    if content.data:
        lines, problems = _entry_points.parse(content.data, group)
    elif content.fault:
        problems = (_faults.unreadable(content.fault),)
    if not normal:
        normal, problems = name, (*problems, _faults.nameless(name))
    found = DistributionRef(
        normal,
        version,
        base=base,
        path=path,
        entry_points=lines,
        problems=problems,
    )
    if not version and (lines or problems):
        _ask_metadata(found)
    return found


def _ask_metadata(found: DistributionRef) -> None:
    """Ask METADATA where the directory's name does not tell the version."""
    for line in metadata_lines(found):
        key, _, value = line.partition(':')
        if key.lower() == 'version':
            found.version = value.strip()
        elif key.lower() == 'name' and normalized(value.strip()):
            found.name = normalized(value.strip())
    if not found.version:
        found.problems = (*found.problems, _faults.versionless(found.path))


def metadata_lines(found: DistributionRef) -> Iterator[str]:
    """Yield the header lines of METADATA or PKG-INFO, unfolded they are not.

    Enough for Name, Version and Requires-Dist, which no tool folds.
    """
    data = found.read('METADATA') or found.read('PKG-INFO') or b''
    for line in data.decode('utf-8', 'replace').splitlines():
        if not line.strip():
            return
        yield line


def _choose(
    chosen: dict[str, DistributionRef], found: DistributionRef
) -> None:
    """Keep the first of a name, unless only a later one has METADATA.

    Two of one name in one directory are no question of order: the later
    version is what an interrupted upgrade was about to leave.
    """
    before = chosen.setdefault(found.name, found)
    if before is found:
        return
    has_data = has_metadata(before), has_metadata(found)
    beside = before.base == found.base and before.path != found.path
    wins = has_data == (False, True) or (
        beside
        and has_data[0] == has_data[1]
        and _is_later(found.version, before.version)
    )
    winner, loser = (found, before) if wins else (before, found)
    chosen[found.name] = winner
    if beside and (winner.entry_points or loser.entry_points):
        winner.problems = (
            *winner.problems,
            _faults.duplicate(winner.path, loser.path),
        )


def _is_later(version: str, other: str) -> bool:
    """Compare versions; one that cannot be parsed is never later."""
    from packaging.version import Version  # noqa: PLC0415

    try:
        return Version(version) > Version(other)
    except ValueError:  # InvalidVersion, or thousands of digits
        return False


def has_metadata(found: DistributionRef) -> bool:
    """Tell whether a distribution has METADATA, or PKG-INFO."""
    if found.text is not None:
        return bool(found.read('METADATA') or found.read('PKG-INFO'))
    return any(
        os.path.exists(f'{found.path}/{file}')
        for file in ('METADATA', 'PKG-INFO')
    ) or os.path.isfile(found.path)


def _project(data: bytes | None) -> str:
    """Return the directory of an editable install that a file tells."""
    if not data:
        return ''
    # Only a distribution that is about to be imported is asked this.
    import json  # noqa: PLC0415
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415

    try:
        origin: Any = json.loads(data)
        url = urlsplit(str(origin['url']))
        editable = origin.get('dir_info', {}).get('editable') is True
        return unquote(url.path) if editable and url.scheme == 'file' else ''
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return ''
