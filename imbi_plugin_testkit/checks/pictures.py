"""ICO040 and up: what is left of an icon can be seen.

See `_seen` for what can be told without drawing the picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.checks._declared import has_icon
from imbi_plugin_testkit.checks._seen import Seen, seen
from imbi_plugin_testkit.checks.icons import SHIPPED, judged
from imbi_plugin_testkit.comparing import Words
from imbi_plugin_testkit.model import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_sdk.icons import SanitizedIcon
    from imbi_plugin_testkit.subject import PluginUnderTest

MOST_OBLONG = 3.0
"""Long side by short side; admin pages draw icons in a square."""


def _icons(
    plugin: PluginUnderTest,
) -> Iterator[tuple[str, SanitizedIcon]]:
    for icon in judged(plugin):
        if icon.clean is not None:
            yield icon.field, icon.clean


def _is_lost(clean: SanitizedIcon, ground: Seen) -> bool:
    """Return whether something is drawn, but not seen on that ground."""
    found = seen(clean)
    return Seen.DRAWN in found and ground not in found


@check(
    'ICO040',
    title='an icon draws something',
    fix='Draw it with shapes and text; `imbi-plugin icon FILE` shows what is '
    'left of it.',
    severity=Severity.SHOULD,
    applies=has_icon,
    requires=(SHIPPED,),
)
def something_is_drawn(plugin: PluginUnderTest) -> Iterator[Finding]:
    """A picture whose every shape was taken out is an empty square.

    The host stores what is left after cleaning, and would rather show its
    own placeholder than nothing. Shapes without extent, paint or opacity are
    not drawn, nor are the clear pixels of a PNG; a WebP is not looked into.
    """
    for field, clean in _icons(plugin):
        if Seen.DRAWN not in seen(clean):
            yield Finding(field, 'nothing of the picture is drawn.')


@check(
    'ICO041',
    title='an icon is roughly square',
    fix='Use the mark without its lettering, or give it a square viewBox.',
    severity=Severity.SHOULD,
    applies=has_icon,
    requires=(SHIPPED,),
)
def icon_is_square(plugin: PluginUnderTest) -> Iterator[Finding]:
    """Admin pages draw icons in a square of 16 to 128 pixels.

    A word mark of four to one is then a line of four pixels that nobody can
    read.
    """
    for field, clean in _icons(plugin):
        width, height = clean.view_box[2:]  # always positive
        ratio = max(width, height) / min(width, height)
        if ratio > MOST_OBLONG:
            yield Finding(
                field,
                f'it is {width:g} by {height:g}, {ratio:.1f} to 1; at most '
                f'{MOST_OBLONG:g} to 1 is readable.',
            ).comparing(
                Words(f'{ratio:.1f} to 1'),
                Words(f'at most {MOST_OBLONG:g} to 1'),
            )


@check(
    'ICO042',
    title='an icon can be seen on white ground',
    fix='Give `icon` a picture with a colour, and keep the white one as '
    '`icon_dark`.',
    severity=Severity.SHOULD,
    applies=has_icon,
    requires=(SHIPPED,),
)
def icon_is_seen_on_white(plugin: PluginUnderTest) -> Iterator[Finding]:
    """Most admin pages are white, and a white mark on them is no mark.

    The picture for dark ground has a field of its own.
    """
    for field, clean in _icons(plugin):
        if field == 'icon' and _is_lost(clean, Seen.ON_WHITE):
            yield Finding(field, 'all of it is white or almost white.')


@check(
    'ICO043',
    title='an icon can be seen on dark ground',
    fix='Add `icon_dark` with a light picture.',
    severity=Severity.MAY,
    applies=has_icon,
    requires=(SHIPPED,),
)
def icon_is_seen_on_dark(plugin: PluginUnderTest) -> Iterator[Finding]:
    """A black mark is hard to see where the page is dark.

    Many vendors' marks are black, so this is a note: hosts may put a light
    ground below them.
    """
    icons = dict(_icons(plugin))
    field = 'icon_dark' if 'icon_dark' in icons else 'icon'
    clean = icons.get(field)
    if clean is not None and _is_lost(clean, Seen.ON_DARK):
        yield Finding(field, 'all of it is black or almost black.')
