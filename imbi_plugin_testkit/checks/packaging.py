"""Checks of what the distribution says about itself and what it ships."""

from __future__ import annotations

import collections
import re
from typing import TYPE_CHECKING, Any, cast

import importlib_metadata
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from imbi_plugin_sdk._text import did_you_mean, listed, shown
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import Words
from imbi_plugin_testkit.locating.metadata import (
    entry_point_groups,
    misspelt_groups,
    table,
)
from imbi_plugin_testkit.model import Finding, Severity, Untestable
from imbi_plugin_testkit.subject import GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imbi_plugin_testkit.subject import PluginUnderTest, Subject

SDK = 'imbi-plugin-sdk'

_REFERENCE = re.compile(
    r'(?P<module>\w+(?:\.\w+)*)\s*:\s*(?P<attribute>\w+(?:\.\w+)*)'
)
"""An object reference as the entry-points specification has it; extras in
brackets are deprecated there and mean nothing to a host."""

_DECLARABLE: Mapping[str, str] = {
    'slug': 'slug',
    'name': 'name',
    'plugin-type': 'plugin_type',
    'api-version': 'api_version',
    'entry-point': '',
}
"""Keys of `[tool.imbi.plugin]` to the manifest's fields."""


@check(
    'PKG001',
    title='the entry point is written as `module:ClassName`',
    fix='Write `slug = "package.module:ClassName"` in '
    '`[project.entry-points."imbi.plugins"]`.',
)
def entry_point_is_well_formed(plugin: PluginUnderTest) -> Iterator[Finding]:
    """A host imports the module before the colon and takes the class after it.

    A value without a colon, with a hyphen in the module or with a path in
    place of a module cannot be imported by anybody, and the host can only
    refuse the plugin.
    """
    value = plugin.entry_point.value
    match = _REFERENCE.fullmatch(value.strip())
    parts = re.split(r'[.:]', re.sub(r'\s', '', value))
    if match and all(part.isidentifier() for part in parts):
        return
    hint = ''
    if ':' not in value:
        hint = ' The class is missing, after a colon.'
    elif '-' in value.partition(':')[0]:
        hint = ' Modules are written with underscores, not hyphens.'
    elif '[' in value:
        hint = ' Leave the extras in brackets away.'
    yield Finding(
        plugin.name,
        f'{shown(value)} is no `module:ClassName`.{hint}',
    )


@check(
    'PKG002',
    title='every plugin of the distribution has a slug of its own',
    scope='distribution',
    fix='Give each handler class a manifest with its own slug, and register '
    'each class once.',
)
def slugs_are_unique(subject: Subject) -> Iterator[Finding]:
    """Stored references hold the slug, so one slug can mean one plugin only.

    A host keeps the first plugin of a slug and refuses the others. Which one
    is the first depends on names, so the operator gets one of two plugins
    and no choice.
    """
    users: dict[str, list[str]] = collections.defaultdict(list)
    unread: list[str] = []
    for plugin in subject.plugins:
        slug = (plugin.probe.manifest or {}).get('slug')
        if isinstance(slug, str):
            users[slug].append(plugin.name)
        else:
            unread.append(plugin.name)
    shared = {slug: names for slug, names in users.items() if names[1:]}
    for slug, names in sorted(shared.items()):
        yield Finding(
            f'[project.entry-points."{GROUP}"]',
            f'the slug {slug!r} belongs to {listed(names, "and")}; each must '
            'have its own.',
        )
    if unread and len(subject.plugins) > 1 and not shared:
        raise Untestable(f'no slug can be read of {listed(unread, "and")}')


@check(
    'PKG003',
    title="the entry point is named like the plugin's slug",
    severity=Severity.SHOULD,
    requires=('PKG104',),
    fix='Name the entry point like the slug of its manifest.',
)
def entry_point_has_the_slug(plugin: PluginUnderTest) -> Iterator[Finding]:
    """Operators see both names, and take them for the same thing.

    The entry point's name is known before anything is imported: refusals,
    block lists and the catalog go by it. Everything afterwards goes by the
    slug. Nothing breaks where they differ, so this is a warning.
    """
    slug = (plugin.probe.manifest or {}).get('slug')
    if not isinstance(slug, str):
        raise Untestable('the class has no manifest with a slug')
    if slug != plugin.name:
        yield Finding(
            plugin.name,
            f'the entry point is named {plugin.name!r}, and the slug is '
            f'{slug!r}.',
            f'Write `{slug} = "{plugin.entry_point.value}"`; or change the '
            'slug, if no operator has stored it yet.',
        ).comparing(plugin.name, slug)


def _requirements(subject: Subject) -> Iterator[Requirement]:
    for line in subject.metadata.requires or ():
        try:
            yield Requirement(line)
        except InvalidRequirement:
            continue


def _is_active(requirement: Requirement) -> bool:
    """Return whether a plain install gets it: no extra is asked for."""
    marker = requirement.marker
    return marker is None or marker.evaluate({'extra': ''})


def _sdk_requirements(subject: Subject) -> list[Requirement]:
    return [
        requirement
        for requirement in _requirements(subject)
        if canonicalize_name(requirement.name) == SDK
    ]


@check(
    'PKG004',
    title='the distribution requires the SDK',
    scope='distribution',
    fix=f'Add `{SDK}` with a range, as in `"{SDK}>=0.1,<2"`, to `[project] '
    'dependencies`.',
)
def sdk_is_required(subject: Subject) -> Iterator[Finding]:
    """The requirement is how a plugin says which contract it was written for.

    Without it an installer may leave the SDK away, or keep one that is too
    old, and the plugin fails only when a host imports it. A requirement
    behind an extra is none for those who install the plugin plainly.
    """
    found = _sdk_requirements(subject)
    if any(_is_active(requirement) for requirement in found):
        return
    if found:
        message = (
            f'it requires {SDK} only where {found[0].marker}; it must always '
            'require it.'
        )
    else:
        names = [entry.name for entry in _requirements(subject)]
        near = did_you_mean(SDK, names).replace('Did you mean', 'Is it')
        message = f'it does not require {SDK}.{near}'
    yield Finding('[project] dependencies', message)


@check(
    'PKG005',
    title='the required range includes this SDK',
    scope='distribution',
    requires=('PKG004',),
    fix='Widen the range once the plugin passes with this SDK, or judge it '
    'with an SDK that is in the range.',
)
def sdk_is_in_range(subject: Subject) -> Iterator[Finding]:
    """A verdict holds for the SDK that it was made with.

    A range that excludes the running SDK means that no operator can have
    the plugin together with it: the installer refuses, or replaces the
    SDK under the host.
    """
    running = importlib_metadata.version(SDK)
    for requirement in _sdk_requirements(subject):
        if _is_active(requirement) and not requirement.specifier.contains(
            running, prereleases=True
        ):
            yield Finding(
                '[project] dependencies',
                f'it requires {SDK} {requirement.specifier}, which excludes '
                f'the running {running}.',
            ).comparing(
                Words(str(requirement.specifier)),
                Words(f'a range with {running}'),
            )


@check(
    'PKG007',
    title='`[tool.imbi.plugin]` agrees with the manifest',
    scope='distribution',
    fix='Correct the table, or remove it: the manifest alone is what a host '
    'reads.',
)
def declaration_agrees(subject: Subject) -> Iterator[Finding]:
    """Tools read the table so that they need not import the plugin.

    It repeats what the manifest says, and everything said twice can differ.
    A catalog that was fed from a table that disagrees offers a plugin that
    does not exist under that slug or type.
    """
    project = subject.project.data if subject.project else None
    whole = table(project, 'tool', 'imbi', 'plugin')
    several = whole.get('plugins')
    where = 'tool.imbi.plugin'
    if several is None:
        tables = [(where, whole)] if whole else []
    elif not isinstance(several, list) or len(whole) > 1:
        yield Finding(
            where,
            '`plugins` is an array of tables and stands alone: either the '
            'keys of one plugin, or `[[tool.imbi.plugin.plugins]]` for each.',
        )
        return
    else:
        tables = [
            (f'{where}.plugins[{index}]', table(entry))
            for index, entry in enumerate(cast('list[object]', several))
        ]
    findings: list[Finding] = []
    unread: list[str] = []
    for path, declared in tables:
        findings += _unknown_keys(path, declared)
        plugin = _declared_plugin(subject, declared)
        if plugin is None:
            findings.append(_about_nobody(subject, path))
        elif plugin.probe.manifest is None:
            unread.append(plugin.name)
        else:
            findings += _disagreements(path, declared, plugin)
    if unread and not findings:
        raise Untestable(f'no manifest can be read of {listed(unread, "and")}')
    yield from findings


def _about_nobody(subject: Subject, path: str) -> Finding:
    names = listed((entry.name for entry in subject.plugins), 'and')
    return Finding(
        path,
        'nobody can tell which plugin it is about: neither its entry point '
        f'nor its slug is there. The entry points are {names}.',
    )


def _unknown_keys(path: str, declared: Mapping[str, Any]) -> Iterator[Finding]:
    for key in declared:
        if key not in _DECLARABLE:
            yield Finding(
                f'{path}.{key}',
                f'there is no key {key!r}.{did_you_mean(key, _DECLARABLE)} '
                f'The keys are {listed(_DECLARABLE, "and")}.',
            )


def _declared_plugin(
    subject: Subject, declared: Mapping[str, Any]
) -> PluginUnderTest | None:
    """Return the plugin that a table is about, where one can tell."""
    entry, slug = declared.get('entry-point'), declared.get('slug')
    for plugin in subject.plugins:
        if entry in (plugin.name, plugin.entry_point.value):
            return plugin
    if entry is None and slug is not None:
        for plugin in subject.plugins:
            if (plugin.probe.manifest or {}).get('slug') == slug:
                return plugin
    return subject.plugins[0] if len(subject.plugins) == 1 else None


def _disagreements(
    path: str, declared: Mapping[str, Any], plugin: PluginUnderTest
) -> Iterator[Finding]:
    manifest = plugin.probe.manifest or {}
    entry = plugin.entry_point
    for key, value in declared.items():
        if key == 'entry-point':
            actual: object = entry.value
            what = 'the metadata'
            same = value in (entry.name, entry.value)
        elif key in _DECLARABLE:
            actual, what = manifest.get(_DECLARABLE[key]), 'the manifest'
            same = str(actual) == str(value)
        else:
            continue
        if not same:
            yield Finding(
                f'{path}.{key}',
                f'it says {shown(value)}, and {what} of {plugin.name} says '
                f'{shown(actual)}.',
            ).comparing(value, actual)


@check(
    'PKG009',
    title='the judged version is the one in pyproject.toml',
    scope='distribution',
    severity=Severity.SHOULD,
    fix='Install the project again (`pip install .`), or build the wheel '
    'again.',
)
def version_is_current(subject: Subject) -> Iterator[Finding]:
    """A verdict on an old install says nothing about the code beside it.

    It happens when the version was raised after the last install. What
    fails or passes is then what was installed, not what the author reads.
    """
    project = subject.project.data if subject.project else None
    written = table(project, 'project').get('version')
    if not isinstance(written, str):
        return
    try:
        same = Version(written) == Version(subject.version)
    except InvalidVersion:
        same = written == subject.version
    if not same:
        yield Finding(
            '[project] version',
            f'pyproject.toml says {shown(written)}, and what is judged says '
            f'{shown(subject.version)}.',
        ).comparing(written, subject.version)


@check(
    'PKG013',
    title='every entry point has a name of its own',
    scope='distribution',
    fix='Give each line of the group its own name.',
)
def names_are_unique(subject: Subject) -> Iterator[Finding]:
    """The name is how operators, logs and this report tell plugins apart.

    A table in pyproject.toml cannot hold a name twice, but metadata that a
    build script writes can. Which of the lines counts is then different from
    host to host.
    """
    names = collections.Counter(entry.name for entry in subject.entry_points)
    for name, count in sorted(names.items()):
        if count > 1:
            values = [
                entry.value
                for entry in subject.entry_points
                if entry.name == name
            ]
            yield Finding(
                name, f'{name!r} names {listed(values, "and")} at once.'
            )


@check(
    'PKG015',
    title='no entry point stands in a misspelt group',
    scope='distribution',
    severity=Severity.SHOULD,
    fix=f'Move the entry points to the group `{GROUP}`.',
)
def groups_are_spelt_right(subject: Subject) -> Iterator[Finding]:
    """A host looks into one group only, and reports nothing of the others.

    A plugin in `imbi-plugins` or `imbi.plugin` is simply not there, while
    its siblings in the right group are.
    """
    for group in misspelt_groups(entry_point_groups(subject.metadata), GROUP):
        yield Finding(
            f'[project.entry-points."{group}"]',
            f'no host reads the group {group!r}; it is {GROUP!r}.',
        ).comparing(group, GROUP)
