"""Finds what is to be judged: the project here, installed ones, wheels."""

from __future__ import annotations

import os
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from imbi_plugin_sdk._text import did_you_mean, listed
from imbi_plugin_testkit.config import UsageError
from imbi_plugin_testkit.locating.building import NotBuilt, build_wheel
from imbi_plugin_testkit.locating.metadata import (
    direct_url,
    entry_point_groups,
    file_text,
    installed,
    is_editable,
    misspelt_groups,
    name_and_version,
    recorded,
    table,
)
from imbi_plugin_testkit.locating.wheel import open_wheel, wheel_name
from imbi_plugin_testkit.subject import GROUP, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    import importlib_metadata

    from imbi_plugin_testkit.config import Config
    from imbi_plugin_testkit.subject import Project

SDK = 'imbi-plugin-sdk'
"""Our own distribution: the contract, and therefore no subject of it."""


def find_subjects(  # noqa: PLR0913  one keyword per way to name a subject
    *,
    root: Path,
    config: Config,
    project: Project | None,
    distributions: Sequence[str],
    wheels: Sequence[Path],
    build: bool = True,
) -> tuple[Subject, ...]:
    """Return the distributions to judge, in the order given.

    Without names, that is the project's own distribution: the installed one,
    or a wheel that is built now where it is not installed, or installed
    editable (nobody knows what the wheel of an editable install ships).

    Args:
        root: Folder of the project.
        config: The kit's configuration.
        project: The pyproject.toml of the run, if there is one.
        distributions: Names of installed distributions.
        wheels: Paths of wheels.
        build: Whether a wheel may be built at all.

    Raises:
        UsageError: There is nothing to judge; says what there is instead.
    """
    finder = _Finder(root, config, project, build=build)
    subjects = [finder.installed(name) for name in distributions]
    subjects += [finder.wheel(path) for path in wheels]
    if not subjects:
        subjects = [finder.own()]
    unique: dict[tuple[str, Path | None], Subject] = {}
    for subject in subjects:
        key = (canonicalize_name(subject.name), subject.wheel)
        if key not in unique:
            _check_group(subject)
            unique[key] = subject
    return tuple(unique.values())


class _Finder:
    def __init__(
        self,
        root: Path,
        config: Config,
        project: Project | None,
        *,
        build: bool,
    ) -> None:
        self._root = root
        self._config = config
        self._project = project
        self._build = build

    def own(self) -> Subject:
        """Return the distribution of the project here."""
        name = self._own_name()
        if not name:
            what = (
                'pyproject.toml has no `[project] name`'
                if self._project
                else f'there is no pyproject.toml in {self._root.name or "/"}'
            )
            raise UsageError(
                f'{what}, so that there is no plugin to judge here. Run it in '
                "the plugin's project, or name an installed plugin with "
                '--imbi-plugin-dist NAME, or a wheel with '
                f'--imbi-plugin-wheel FILE.{_plugins_here()}'
            )
        _not_our_own(name)
        found = _find(name, outside=self._root)
        if found is not None:
            return self._subject(found)
        if not self._build:
            raise UsageError(
                f'{name} is not installed; `pip install .` does that.'
            )
        try:
            wheel = build_wheel(self._root, isolated=True)
        except NotBuilt as error:
            raise UsageError(
                f'{name} is not installed, and {error.reason}. Mend the '
                'build, or install the plugin (`pip install .`).'
            ) from None
        return open_wheel(wheel, self._config, self._project, 'built')

    def installed(self, name: str) -> Subject:
        """Return an installed distribution by its name."""
        _not_our_own(name)
        found = _find(name)
        if found is None:
            hint = did_you_mean(canonicalize_name(name), _plugin_names())
            raise UsageError(
                f'no distribution {name!r} is installed here.'
                f'{hint or _plugins_here()}'
            )
        return self._subject(found)

    def wheel(self, path: Path) -> Subject:
        """Return the distribution in a wheel."""
        name = wheel_name(path)
        _not_our_own(name)
        return open_wheel(path, self._config, self._project_of(name))

    def _own_name(self) -> str:
        data = self._project.data if self._project else None
        name = table(data, 'project').get('name')
        return name.strip() if isinstance(name, str) else ''

    def _project_of(self, name: str) -> Project | None:
        """Return the project of the run where the distribution is its."""
        own = self._own_name()
        same = canonicalize_name(own) == canonicalize_name(name)
        return self._project if same else None

    def _subject(self, metadata: importlib_metadata.Distribution) -> Subject:
        name, version = name_and_version(metadata)
        project = self._project_of(name)
        editable = is_editable(metadata)
        shipped: frozenset[str] | None = recorded(metadata)
        reason = ''
        if editable or not shipped:
            shipped = None
            source = _source_folder(metadata)
            if source is None and project is not None:
                source = self._root
            if source is not None and self._build:
                try:
                    wheel = build_wheel(source, isolated=False)
                except NotBuilt as error:
                    reason = (
                        f'{name} is installed editable, and {error.reason}, '
                        'so that nobody knows what its wheel ships; build '
                        'the wheel and run with --imbi-plugin-wheel FILE'
                    )
                else:
                    return open_wheel(wheel, self._config, project, 'built')
        return Subject(
            name=name,
            version=version,
            source='editable' if editable else 'installed',
            metadata=metadata,
            config=self._config,
            project=project,
            shipped=shipped,
            unshipped_reason=reason,
        )


def _not_our_own(name: str) -> None:
    if canonicalize_name(name) == SDK:
        raise UsageError(
            f'{SDK} is the contract and not a plugin. Run it in the '
            "plugin's project, or with --imbi-plugin-dist NAME."
            f'{_plugins_here()}'
        )


def _find(
    name: str, outside: Path | None = None
) -> importlib_metadata.Distribution | None:
    """Return an installed distribution; one with METADATA comes first.

    An egg-info in the project's folder only says that somebody once built
    it there: `python -m pytest` puts that folder on the path.
    """
    found = installed(name)
    for metadata in found:
        if file_text(metadata, 'METADATA') is not None:
            return metadata
    for metadata in found:
        place = Path(str(metadata.locate_file(''))).resolve()
        if file_text(metadata, 'PKG-INFO') is not None and (
            outside is None or not place.is_relative_to(outside.resolve())
        ):
            return metadata
    return None


def _source_folder(
    metadata: importlib_metadata.Distribution,
) -> Path | None:
    """Return the folder of an editable install, where PEP 610 names it."""
    url = urllib.parse.urlsplit(str(direct_url(metadata).get('url', '')))
    if url.scheme != 'file':
        return None
    path = urllib.parse.unquote(url.path)
    # file:///C:/project; urllib.request knows, and loads http.client for it.
    folder = Path(path.lstrip('/') if os.name == 'nt' else path)
    return folder if (folder / 'pyproject.toml').is_file() else None


def _plugin_names() -> list[str]:
    """Return the installed distributions that have the group."""
    names = {
        canonicalize_name(name_and_version(metadata)[0])
        for metadata in installed()
        if GROUP in entry_point_groups(metadata)
    }
    return sorted(names - {'', SDK})


def _plugins_here() -> str:
    names = _plugin_names()
    return f' Installed plugins: {listed(names, "and")}.' if names else ''


def _check_group(subject: Subject) -> None:
    """Refuse a distribution that registers no plugin at all."""
    if subject.entry_points:
        return
    groups = sorted(entry_point_groups(subject.metadata))
    near = misspelt_groups(groups, GROUP)
    hint = did_you_mean(GROUP, groups)
    if near:
        hint = f' It has the group {near[0]!r}: did you mean {GROUP!r}?'
    elif hint:
        hint = f' Is one of its groups ({", ".join(groups)}) misspelt?'
    data = subject.project.data if subject.project else None
    declared = table(data, 'project', 'entry-points', GROUP)
    if declared:
        hint = (
            ' pyproject.toml declares some, so the install is stale: '
            'run `pip install .` again.'
        )
    raise UsageError(
        f'{subject.name} registers no plugin: its metadata has no entry point '
        f'in the group {GROUP!r}.{hint} Declare each as `slug = '
        f'"module:ClassName"` under [project.entry-points."{GROUP}"].'
    )
