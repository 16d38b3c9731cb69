"""ICO: the icon is in the wheel, is what it says, and is safe to show.

The wheel's own bytes are judged where there is a wheel, for these are what
an operator's browser will get.
"""

from __future__ import annotations

import functools
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

from imbi_plugin_sdk._text import counted
from imbi_plugin_sdk.errors import IconError, Problem
from imbi_plugin_sdk.icons import MAX_ICON_BYTES, load_icon, sanitize_icon
from imbi_plugin_sdk.icons._problems import refusal
from imbi_plugin_sdk.manifest import PluginIcon
from imbi_plugin_testkit.checks import check, check_codes
from imbi_plugin_testkit.checks._declared import (
    ICONS,
    has_icon,
    icon_problems,
)
from imbi_plugin_testkit.model import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imbi_plugin_sdk.icons import Removal, SanitizedIcon
    from imbi_plugin_testkit.subject import PluginUnderTest

DECLARED = 'ICO001'
SHIPPED = 'ICO002'

_FIXES = {
    'ICO001': (
        "Write PluginIcon(package='imbi_plugin_x', "
        "resource='assets/icon.svg')."
    ),
    'ICO003': ('Put the picture where package and resource say.'),
    'ICO004': ('Put the file itself into the package, not a link to it.'),
    'ICO005': (
        'Simplify the picture or scale it down; a few kilobytes are plenty.'
    ),
    'ICO006': (
        'Declare the media type that the file really has, or convert it.'
    ),
    'ICO010': ('Export the picture again as plain SVG, in UTF-8.'),
    'ICO011': ('Remove the DOCTYPE, or export as plain SVG.'),
    'ICO012': (
        'Simplify the picture: fewer elements, clones, patterns and filters.'
    ),
    'ICO030': (
        'Scale it to at most 4,096 pixels a side; 256 by 256 is plenty.'
    ),
    'ICO031': ('Export a single frame.'),
    'ICO032': ('Export the picture again; nothing may follow its last byte.'),
    'ICO033': (
        'Export the picture again, and mark it as binary for version control.'
    ),
}
"""Id to how to mend it, where a problem says nothing more exact."""

check_codes(
    (
        (
            DECLARED,
            (
                'icon_package_invalid',
                'icon_resource_invalid',
                'missing_field',
                'unknown_field',
                'wrong_choice',
                'wrong_type',
                'wrong_value',
            ),
            'the icon is declared by package, resource and media type',
            'The host reads the file with importlib.resources, and a path '
            'that could leave the package is refused before anything is '
            'opened.',
        ),
    ),
    icon_problems,
    module=__name__,
    fixes=_FIXES,
    applies=has_icon,
)


class Judged(NamedTuple):
    """One declared icon and what reading and cleaning it came to.

    Attributes:
        field: `icon` or `icon_dark`.
        problems: Why it was refused; empty where it was not.
        clean: The sanitized icon, or None where it was refused.
        size: Bytes of the icon as it is shipped.
    """

    field: str
    problems: tuple[Problem, ...]
    clean: SanitizedIcon | None
    size: int


def shipped_path(icon: PluginIcon) -> str:
    """Return the icon's path in a wheel."""
    return f'{icon.package.replace(".", "/")}/{icon.resource}'


@functools.cache
def judged(plugin: PluginUnderTest) -> tuple[Judged, ...]:
    """Read and clean each declared icon once."""
    return tuple(_judge(plugin, field, icon) for field, icon in _icons(plugin))


def _icons(plugin: PluginUnderTest) -> Iterator[tuple[str, PluginIcon]]:
    for field in ICONS:
        icon = getattr(plugin.manifest, field, None)
        if isinstance(icon, PluginIcon):
            yield field, icon


def _judge(plugin: PluginUnderTest, field: str, icon: PluginIcon) -> Judged:
    size = 0
    try:
        data = _read(plugin, icon)
        size = len(data)
        clean = sanitize_icon(data, icon.media_type)
    except IconError as error:
        return Judged(field, error.problems, None, size)
    return Judged(field, (), clean, size)


def _read(plugin: PluginUnderTest, icon: PluginIcon) -> bytes:
    wheel = plugin.subject.wheel
    if wheel is not None:
        with zipfile.ZipFile(wheel) as archive:
            if shipped_path(icon) in archive.namelist():
                return _unpacked(archive, shipped_path(icon))
    with plugin.subject.importable():
        return load_icon(icon).data


def _unpacked(archive: zipfile.ZipFile, path: str) -> bytes:
    try:
        with archive.open(path) as file:
            return file.read(MAX_ICON_BYTES + 1)
    # A wheel can be damaged in ways that zlib and zipfile each name.
    except Exception as error:
        raise refusal(
            'icon_missing',
            f'{path} cannot be read from the wheel: {type(error).__name__}.',
        ) from error


def _refusals(plugin: PluginUnderTest) -> Iterator[Problem]:
    for icon in judged(plugin):
        for problem in icon.problems:
            yield (
                problem.under(icon.field)
                if problem.path
                else Problem(
                    problem.code, icon.field, problem.message, problem.fix
                )
            )


def _removals(
    plugin: PluginUnderTest, grade: str
) -> Iterator[tuple[str, Removal]]:
    for icon in judged(plugin):
        if icon.clean is not None:
            for removal in icon.clean.removals:
                if removal.grade == grade:
                    yield icon.field, removal


@check(
    SHIPPED,
    title='the wheel ships the icon',
    fix='Add the file to the wheel (with hatchling it is enough that it lies '
    'in the package; setuptools wants `package-data`), and build again.',
    applies=has_icon,
    requires=(DECLARED,),
)
def icon_is_shipped(plugin: PluginUnderTest) -> Iterator[Finding]:
    """A file that lies in the source tree only is gone after installation.

    Tests in the checkout still find it, which is how it goes unnoticed until
    an operator's admin page shows a broken picture.
    """
    shipped = plugin.subject.files()
    for field, icon in _icons(plugin):
        if not plugin.subject.owns_module(icon.package):
            continue  # ICO007 speaks of foreign packages
        if shipped_path(icon) not in shipped:
            yield Finding(
                field,
                f'{shipped_path(icon)} is neither in the wheel nor in its '
                'RECORD.',
            )


@check(
    'ICO007',
    title="the icon's package is the plugin's own",
    fix='Ship the picture in a package of this distribution.',
    severity=Severity.SHOULD,
    applies=has_icon,
    requires=(DECLARED,),
)
def icon_is_own(plugin: PluginUnderTest) -> Iterator[Finding]:
    """A file of another distribution changes or goes with that distribution.

    An upgrade of a dependency would then change what operators see of this
    plugin, and nobody reviewed that change.
    """
    for field, icon in _icons(plugin):
        if not plugin.subject.owns_module(icon.package):
            yield Finding(
                f'{field}.package',
                f'{icon.package!r} is not a package of {plugin.subject.name}.',
            )


_ROWS = (
    (
        'ICO003',
        ('icon_missing', 'icon_empty'),
        'the icon can be read from the installed package',
        'What importlib.resources cannot open here, the host cannot open '
        'either.',
    ),
    (
        'ICO004',
        ('icon_outside_package',),
        'the icon lies inside its package',
        'A link that leads out of the package works on the machine of its '
        "author and reads a stranger's file on every other.",
    ),
    (
        'ICO005',
        ('icon_too_large',),
        'the icon has at most 64 KiB',
        'It is stored per service and sent with every admin page (ADR 0012, '
        'section 2): 65,536 bytes pass and 65,537 fail.',
    ),
    (
        'ICO006',
        ('icon_media_type_mismatch', 'icon_media_type_unknown'),
        'the icon is what its media type says',
        'Browsers that are told one type and given another guess, and a '
        'guess is how a picture becomes a page.',
    ),
    (
        'ICO010',
        ('icon_encoding', 'icon_not_xml', 'icon_not_svg'),
        'an SVG icon is well-formed SVG in UTF-8',
        'What is not well-formed is mended differently by every parser, so '
        'that nobody knows what the browser would have shown.',
    ),
    (
        'ICO011',
        ('icon_doctype', 'icon_bomb'),
        'an SVG icon declares no document type that does anything',
        'Entities and external subsets read files, fetch addresses and grow '
        'without bound.',
    ),
    (
        'ICO012',
        ('icon_cycle', 'icon_too_complex'),
        'an SVG icon is cheap to draw',
        'Nested references multiply: a file of two kilobytes can keep a '
        "browser busy for minutes, and so every operator's admin page.",
    ),
    (
        'ICO030',
        ('icon_dimensions',),
        'a raster icon has 1 to 4,096 pixels a side',
        'A small file can hold an enormous picture, which is unpacked in the '
        'memory of everyone who looks at it.',
    ),
    (
        'ICO031',
        ('icon_animated',),
        'a raster icon is one still picture',
        'Something that moves beside every service name draws the eye from '
        'what the operator came for.',
    ),
    (
        'ICO032',
        ('icon_trailing_data',),
        'nothing follows the picture in a raster icon',
        'A second file behind the first makes one that is two things at '
        'once, such as a picture and an archive.',
    ),
    (
        'ICO033',
        (
            'icon_png_structure',
            'icon_png_checksum',
            'icon_png_pixels',
            'icon_webp_structure',
        ),
        'a raster icon is intact to its last byte',
        'Decoders differ in what they forgive, and damaged files are how '
        'their faults are found.',
    ),
)
"""Id, codes of `imbi_plugin_sdk.icons`, title, rationale."""

check_codes(
    _ROWS,
    _refusals,
    module=__name__,
    fixes=_FIXES,
    applies=has_icon,
    requires=(DECLARED, SHIPPED),
    security=True,
)


@check(
    'ICO020',
    title='an SVG icon has no active content',
    fix='Remove it at its source: export the picture again as plain SVG.',
    applies=has_icon,
    requires=(SHIPPED,),
    security=True,
)
def nothing_is_active(plugin: PluginUnderTest) -> Iterator[Finding]:
    """Scripts, handlers and references to elsewhere never occur by accident.

    The host strips them before it stores the icon (ADR 0012, section 2); an
    author should know that they are in the wheel, and ask how they got
    there.
    """
    yield from _told(_removals(plugin, 'active'))


@check(
    'ICO021',
    title='nothing visible is lost when the icon is made safe',
    fix='Draw an SVG with the elements and properties of its profile; save a '
    'raster picture upright and in sRGB, without a colour profile.',
    applies=has_icon,
    requires=(SHIPPED,),
)
def nothing_visible_is_lost(plugin: PluginUnderTest) -> Iterator[Finding]:
    """The host stores a rebuilt picture of allowed elements and properties.

    What is not on the list is left out, and the icon that operators see is
    then not the one that was drawn. A raster picture loses its colour profile
    and its orientation, and shows other colours, or lies on its side.
    """
    yield from _told(_removals(plugin, 'visual'))


@check(
    'ICO022',
    title='an icon carries no ballast',
    fix='Take what `imbi-plugin icon FILE -o FILE` writes, or export as plain '
    'SVG.',
    severity=Severity.SHOULD,
    applies=has_icon,
    requires=(SHIPPED,),
)
def nothing_is_ballast(plugin: PluginUnderTest) -> Iterator[Finding]:
    """Comments, metadata and editor data cost bytes and show nothing.

    Every host stores and sends them with each page until it drops them; what
    they say (a path of somebody's machine, an editor's version) was hardly
    meant for an administrator's browser. The picture is the same without.
    """
    for icon in judged(plugin):
        inert = [
            removal
            for removal in (icon.clean.removals if icon.clean else ())
            if removal.grade == 'inert'
        ]
        if icon.clean is not None and inert:
            kinds = sorted({removal.what for removal in inert})
            before, after = icon.size, len(icon.clean.data)
            saved = (
                f'without, the icon has {after:,} bytes instead of {before:,}'
            )
            yield Finding(
                icon.field,
                f'{counted(len(inert), "piece")} that show nothing: '
                f'{", ".join(kinds[:8])}; {saved}.',
            )


def _told(found: Iterable[tuple[str, Any]]) -> Iterator[Finding]:
    for field, removal in found:
        place = f':{removal.line}:{removal.column}' if removal.line else ''
        yield Finding(f'{field}{place}', f'{removal.what}: {removal.why}.')
