"""The distribution under test, and each plugin that it registers."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from imbi_plugin_sdk.manifest import PluginManifest
from imbi_plugin_testkit.model import Untestable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    import importlib_metadata

    from imbi_plugin_sdk.errors import Problem
    from imbi_plugin_testkit.config import Config
    from imbi_plugin_testkit.probe import Probe

GROUP = 'imbi.plugins'
"""The entry-point group of ADR 0008, section 1."""

Source = Literal['installed', 'editable', 'wheel', 'built']


@dataclasses.dataclass(frozen=True, slots=True)
class Project:
    """A pyproject.toml beside the run, parsed.

    Attributes:
        path: The file.
        data: What it holds.
    """

    path: Path
    data: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class EntryPoint:
    """One line of the group `imbi.plugins`.

    Attributes:
        name: The name, left of the equals sign.
        value: The object reference, right of it, as it was written.
    """

    name: str
    value: str

    @property
    def module(self) -> str:
        """Return the module, before the colon."""
        return self.value.partition(':')[0].strip()

    @property
    def attribute(self) -> str:
        """Return the dotted attribute, after the colon and before extras."""
        return self.value.partition(':')[2].partition('[')[0].strip()


@dataclasses.dataclass(eq=False)
class Subject:
    """One distribution with its files, metadata and plugins.

    Attributes:
        name: Name as the metadata writes it.
        version: Version as the metadata writes it.
        source: Where it was found.
        metadata: The distribution as `importlib_metadata` sees it.
        config: The kit's configuration for it.
        project: The pyproject.toml of the run, where it is this project's.
        wheel: Path of the wheel that is judged, where there is one.
        shipped: Files that the wheel (or RECORD) ships, with forward
            slashes; `None` where only an editable install is at hand.
        search_path: Directories to put before `sys.path` on import.
    """

    name: str
    version: str
    source: Source
    metadata: importlib_metadata.Distribution
    config: Config
    project: Project | None = None
    wheel: Path | None = None
    shipped: frozenset[str] | None = None
    unshipped_reason: str = ''
    search_path: tuple[str, ...] = ()

    @functools.cached_property
    def entry_points(self) -> tuple[EntryPoint, ...]:
        """Return the entry points of the group, by name."""
        found = {
            EntryPoint(entry.name, entry.value)
            for entry in cast('Iterable[Any]', self.metadata.entry_points)
            if entry.group == GROUP
        }
        return tuple(
            sorted(found, key=lambda entry: (entry.name, entry.value))
        )

    @functools.cached_property
    def plugins(self) -> tuple[PluginUnderTest, ...]:
        """Return one plugin per entry point."""
        return tuple(
            PluginUnderTest(self, entry) for entry in self.entry_points
        )

    def files(self) -> frozenset[str]:
        """Return the shipped files.

        Raises:
            Untestable: It is installed editable and has no wheel.
        """
        if self.shipped is None:
            raise Untestable(
                self.unshipped_reason
                or 'the distribution is installed editable, so that nobody '
                'knows what its wheel ships; build the wheel and run with '
                '--imbi-plugin-wheel dist/NAME.whl'
            )
        return self.shipped

    @contextlib.contextmanager
    def importable(self) -> Generator[None]:
        """Put the search path first in `sys.path` for the duration."""
        missing = [
            entry for entry in self.search_path if entry not in sys.path
        ]
        sys.path[:0] = missing
        importlib.invalidate_caches()
        try:
            yield
        finally:
            for entry in missing:
                with contextlib.suppress(ValueError):
                    sys.path.remove(entry)

    def owns_module(self, name: str) -> bool:
        """Return whether a module belongs to this distribution."""
        roots = self.import_roots
        return name in roots or any(
            name.startswith(f'{root}.') for root in roots
        )

    @functools.cached_property
    def import_roots(self) -> frozenset[str]:
        """Return the modules and packages that the distribution ships.

        Falls back on the modules of its entry points where only an editable
        install is at hand.
        """
        roots: set[str] = set()
        for name in self.shipped or ():
            path = Path(name)
            if path.suffix != '.py' or path.parts[0].endswith('.dist-info'):
                continue
            parts = path.with_suffix('').parts
            if parts[-1] == '__init__':
                parts = parts[:-1]
            roots.add('.'.join(parts))
        roots |= {
            entry.module.rpartition('.')[0] or entry.module
            for entry in self.entry_points
        }
        return frozenset(root for root in roots if root)


@contextlib.contextmanager
def undisturbed() -> Generator[None]:
    """Put back what a plugin's import may have changed in this process.

    The PKG checks tell the author of such changes; the kit and the tests
    after it must not suffer from them.
    """
    folder, environment = Path.cwd(), dict(os.environ)
    path, filters = list(sys.path), list(warnings.filters)
    modules = dict(sys.modules)
    try:
        yield
    finally:
        for name, module in modules.items():
            if sys.modules.get(name) is not module:
                sys.modules[name] = module
        if Path.cwd() != folder:
            os.chdir(folder)
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)
        sys.path[:] = path
        if list(warnings.filters) != filters:
            warnings.filters[:] = filters  # type: ignore[index]  # pyright: ignore[reportIndexIssue]


@dataclasses.dataclass(eq=False)
class PluginUnderTest:
    """One entry point: a handler class with its manifest.

    Attributes:
        subject: The distribution that registers it.
        entry_point: Its line in the group.
        backend: What its sandbox ran on, once one was opened.
    """

    subject: Subject
    entry_point: EntryPoint
    backend: str | None = None

    @property
    def name(self) -> str:
        """Return the entry point's name: known without any import."""
        return self.entry_point.name

    @functools.cached_property
    def probe(self) -> Probe:
        """Return what a subprocess saw when it imported the plugin."""
        from imbi_plugin_testkit.probe import probe  # noqa: PLC0415

        return probe(self)

    @functools.cached_property
    def target(self) -> object:
        """Return what the entry point names, imported in this process.

        Raises:
            Untestable: The probe already failed to import it, so that
                importing it here could take the kit down.
        """
        if not self.probe.imported:
            raise Untestable(
                'the entry point does not import; see the PKG checks'
            )
        with self.subject.importable(), undisturbed():
            try:
                target: object = importlib.import_module(
                    self.entry_point.module
                )
                for part in self.entry_point.attribute.split('.'):
                    target = getattr(target, part)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                raise Untestable(
                    'it imports in a fresh process but not in this one '
                    f'({type(error).__name__})'
                ) from None
        return target

    @property
    def handler(self) -> type:
        """Return the handler class.

        Raises:
            Untestable: There is none.
        """
        if not isinstance(self.target, type):
            raise Untestable('the entry point does not name a class')
        return self.target

    @functools.cached_property
    def manifest(self) -> PluginManifest:
        """Return the manifest, valid or not.

        Raises:
            Untestable: The class has no `PluginManifest`.
        """
        found = getattr(self.handler, 'manifest', None)
        if not isinstance(found, PluginManifest):
            raise Untestable('the handler class has no PluginManifest')
        return found

    @functools.cached_property
    def data(self) -> Mapping[str, Any]:
        """Return the manifest as plain data, defaults included.

        Raises:
            Untestable: The class has no `PluginManifest`.
        """
        from imbi_plugin_sdk.manifest._declaration import (  # noqa: PLC0415
            plain,
        )

        data = plain(self.manifest)
        for name, field in PluginManifest.model_fields.items():
            if name not in data and not field.is_required():
                data[name] = field.get_default(call_default_factory=True)
        return data  # type: ignore[no-any-return]

    @functools.cached_property
    def manifest_problems(self) -> tuple[Problem, ...]:
        """Return what the manifest's own validation says."""
        return PluginManifest.problems_of(self.manifest)

    @property
    def plugin_type(self) -> str | None:
        """Return the declared plugin type, or None where unreadable.

        As the probe saw it: asking must not import the plugin here.
        """
        return self.probe.plugin_type
