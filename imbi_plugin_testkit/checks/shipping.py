"""Checks of the files that the distribution ships."""

from __future__ import annotations

import base64
import collections
import hashlib
import sys
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import did_you_mean, listed
from imbi_plugin_testkit import snapshots
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import picked
from imbi_plugin_testkit.config import UsageError
from imbi_plugin_testkit.locating.metadata import installed_name, record_rows
from imbi_plugin_testkit.model import Finding, Severity, Untestable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_testkit.subject import PluginUnderTest, Subject

_NOT_OURS = ('imbi_plugin_sdk', 'imbi_plugin_testkit')

_GENERIC = frozenset({
    'benchmark', 'benchmarks', 'build', 'conftest', 'dist', 'doc', 'docs',
    'example', 'examples', 'lib', 'sample', 'samples', 'script', 'scripts',
    'setup', 'src', 'tasks', 'test', 'tests', 'tool', 'tools',
})  # fmt: skip
"""Folders of a project that end up in wheels by accident."""

_WRITTEN_BY_INSTALLERS = ('INSTALLER', 'REQUESTED', 'direct_url.json')
_UNLISTED = ('RECORD', 'RECORD.jws', 'RECORD.p7s')
"""Files of a dist-info that RECORD need not list (PEP 376, PEP 427)."""


def _packages(subject: Subject) -> dict[str, set[str]]:
    """Return the outermost regular packages with the files in each."""
    files = subject.files()
    packages: dict[str, set[str]] = {}
    for name in sorted(files, key=lambda name: name.count('/')):
        folder, _, last = name.rpartition('/')
        if (
            last == '__init__.py'
            and folder
            and not any(
                folder.startswith(f'{package}/') for package in packages
            )
        ):
            packages[folder] = {
                other.removeprefix(f'{folder}/')
                for other in files
                if other.startswith(f'{folder}/')
            }
    return packages


@check(
    'PKG006',
    title='every package ships py.typed',
    scope='distribution',
    severity=Severity.SHOULD,
    fix='Put an empty file `py.typed` into the package, and see to it that '
    'the wheel includes it.',
)
def packages_are_typed(subject: Subject) -> Iterator[Finding]:
    """Type checkers ignore the annotations of a package without the marker.

    A host that calls the plugin, and the plugin's own users, then see `Any`
    (PEP 561). The plugin works all the same, so this is a warning.
    """
    for package, files in _packages(subject).items():
        if 'py.typed' not in files and '__init__.pyi' not in files:
            yield Finding(
                f'{package}/py.typed', f'the package {package} ships none.'
            )


@check(
    'PKG008',
    title='the module of the entry point is shipped',
    requires=('PKG001',),
    fix='See to it that the wheel includes the module; `unzip -l dist/*.whl` '
    'lists what it has.',
)
def module_is_shipped(plugin: PluginUnderTest) -> Iterator[Finding]:
    """What imports on the author's machine may not be in the wheel.

    In the project's folder every file is at hand. An operator has only what
    the wheel ships, and of that only what its RECORD lists is sure to be
    installed and uninstalled.
    """
    module = plugin.entry_point.module
    if not is_shipped(plugin.subject, module):
        known = plugin.subject.import_roots - {module}
        yield Finding(
            plugin.entry_point.value,
            f'{plugin.subject.name} {plugin.subject.version} does not ship '
            f'the module {module}.{did_you_mean(module, known)}',
        )


def is_shipped(subject: Subject, module: str) -> bool:
    """Return whether a module is among the shipped files.

    Raises:
        Untestable: Nobody knows what is shipped.
    """
    stem = module.replace('.', '/')
    return any(
        name in (f'{stem}.py', f'{stem}/__init__.py')
        or (name.startswith(f'{stem}.') and name.endswith(('.so', '.pyd')))
        for name in subject.files()
    )


@check(
    'PKG010',
    title='the files are those that RECORD lists',
    scope='distribution',
    fix='Build the wheel anew, and install it anew; never change files of '
    'either afterwards.',
)
def files_agree_with_record(subject: Subject) -> Iterator[Finding]:
    """RECORD is what installers copy, verify and uninstall by.

    A file that is missing or was changed afterwards means that what is
    judged is not what others get. A file that a wheel holds and RECORD does
    not list is installed by some installers only, and removed by none.
    """
    rows = record_rows(subject.metadata)
    if not rows:
        raise Untestable('there is no RECORD')
    base = Path(str(subject.metadata.locate_file('')))
    for name, digest in rows:
        if name.endswith('.pyc') or name.endswith(_WRITTEN_BY_INSTALLERS):
            continue
        path = base.joinpath(*PurePosixPath(name).parts)
        if not path.is_file():
            yield Finding(name, 'RECORD lists it, but it is not there.')
        elif digest and not _has_digest(path, digest):
            yield Finding(name, 'it is not the file that RECORD lists.')
    if subject.wheel is not None:
        known = {name for name, _ in rows}
        with zipfile.ZipFile(subject.wheel) as archive:
            held = {installed_name(name) for name in archive.namelist()}
        for name in sorted(held - known - {''}):
            if not name.endswith(('/', *_UNLISTED)):
                yield Finding(name, 'RECORD does not list it.')


def _has_digest(path: Path, digest: str) -> bool:
    algorithm, _, expected = digest.partition('=')
    try:
        found = hashlib.new(algorithm, path.read_bytes()).digest()
    except ValueError:  # an algorithm that this Python does not have
        return True
    text = base64.urlsafe_b64encode(found).decode().rstrip('=')
    return text == expected.rstrip('=')


def _tops(subject: Subject) -> dict[str, list[str]]:
    """Return top-level modules and folders with the files of each."""
    tops: dict[str, list[str]] = collections.defaultdict(list)
    for name in sorted(subject.files()):
        top, slash, _ = name.partition('/')
        if top.endswith(('.dist-info', '.data')):
            continue
        if slash or top.endswith('.py'):
            tops[top.removesuffix('.py')].append(name)
    return tops


@check(
    'PKG012',
    title='it ships no module of the SDK or of the standard library',
    scope='distribution',
    security=True,
    fix='Ship modules under a package name of your own.',
)
def ships_nothing_of_others(subject: Subject) -> Iterator[Finding]:
    """Files of two distributions with one path overwrite each other.

    A plugin that installs into `imbi_plugin_sdk` changes the contract for
    every other plugin; one that ships a module of the standard library's
    name is imported in its place by whoever comes first.
    """
    for top, files in _tops(subject).items():
        if top in _NOT_OURS:
            yield Finding(files[0], f'it installs into {top}, of the SDK.')
        elif top in sys.stdlib_module_names:
            yield Finding(
                files[0], f'{top} is a module of the standard library.'
            )


@check(
    'PKG014',
    title='it ships no folder of the project by accident',
    scope='distribution',
    severity=Severity.SHOULD,
    fix='Name the packages to include in the build configuration, and leave '
    'tests, documents and examples out of the wheel.',
)
def ships_only_packages(subject: Subject) -> Iterator[Finding]:
    """A top-level `tests` in a wheel lands beside everybody else's.

    Two distributions that both ship one overwrite each other's files, and
    `import tests` finds either. Nothing breaks at once, so this is a warning.
    """
    for top, files in _tops(subject).items():
        if top.lower() in _GENERIC:
            yield Finding(
                files[0],
                f'it installs {top!r} at the top level, where every '
                'distribution shares that name.',
            )


@check(
    'PKG016',
    title="a static manifest says what the classes' manifests say",
    scope='distribution',
    fix='Write it anew with `imbi-plugin snapshot`, best in CI before the '
    'wheel is built.',
)
def static_manifest_is_true(subject: Subject) -> Iterator[Finding]:
    """Operators decide by the static manifest, before anything is imported.

    `imbi_plugin.json` is optional. Where it is shipped, it must hold exactly
    what the host will find in the classes: a forgotten update shows a form
    that is not drawn, and a false one hides what a plugin asks for.
    """
    path = snapshots.home_of(subject)
    try:
        found = snapshots.shipped(subject)
    except UsageError as error:
        yield Finding(path, str(error))
        return
    if found is None:
        return
    own = {plugin.name: plugin for plugin in subject.plugins}
    for name in sorted({*found.manifests} - {*own}):
        yield Finding(
            path, f'it has {name!r}, which no entry point is.'
        ).comparing(sorted(found.manifests), sorted(own))
    for name, plugin in own.items():
        stated = found.manifests.get(name)
        if stated is None:
            yield Finding(path, f'it lacks the plugin {name!r}.').comparing(
                sorted(found.manifests), sorted(own)
            )
        elif stated != plugin.manifest:
            before, after = stated.model_dump(), plugin.manifest.model_dump()
            differ = [each for each in after if before[each] != after[each]]
            yield Finding(
                path,
                f"{name!r} differs from the class's manifest in "
                f'{listed(map(repr, differ), "and")}.',
            ).comparing(*picked(differ, before, after))
