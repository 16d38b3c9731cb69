"""Where in an author's own files a finding is to be mended.

A finding's path names a part of the manifest (`options[2].name`), a method
(`get_values(keys)`), a spot in the icon (`icon:3:14`) or a table of
pyproject.toml. Its place is a file, a line and a column, found by reading the
source as a syntax tree: nothing is executed. Where the exact spot cannot be
found, as in a manifest that a function makes, the nearest one around it is
given: the manifest, the class, the line that registers it.
"""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from imbi_plugin_testkit.model import Place, Untestable
from imbi_plugin_testkit.places.declared import descend, steps_of
from imbi_plugin_testkit.places.sources import Source, shown_path
from imbi_plugin_testkit.places.tables import line_of
from imbi_plugin_testkit.subject import PluginUnderTest

if TYPE_CHECKING:
    import ast

    from imbi_plugin_testkit.subject import Subject

_IN_FILE = re.compile(r'(icon|icon_dark):(\d+):(\d+)')
LONGEST = 160
"""Characters of a line that are kept."""

_METHOD = re.compile(r'[A-Za-z_]\w*')


def place_of(unit: Subject | PluginUnderTest, path: str) -> Place | None:
    """Return where a finding of a unit is to be mended.

    Args:
        unit: The distribution or the plugin.
        path: The finding's path.

    Returns:
        The place, or None where no file of the author's is at hand, as for
        a wheel that does not import.
    """
    if not isinstance(unit, PluginUnderTest):
        return _in_project(unit, unit.name, path)
    found = None
    with contextlib.suppress(OSError, SyntaxError, Untestable, ValueError):
        spot = _IN_FILE.fullmatch(path)
        if spot:
            return _in_icon(unit, spot[1], int(spot[2]), int(spot[3]))
        found = _in_class(unit, path)
    return found or _in_project(unit.subject, unit.name, path)


def _in_class(plugin: PluginUnderTest, path: str) -> Place | None:
    entry = plugin.entry_point
    registered = Source.of_module(entry.module, plugin.subject)
    found = registered and registered.class_named(entry.attribute)
    if not found:
        return None
    source, owner = found
    word = _METHOD.match(path)
    method = source.method(owner, word[0]) if word else None
    if method is not None:
        return _at(*method)
    start = source.manifest(owner)
    if start is not None:
        return _at(*descend(*start, steps_of(path)))
    return _at(source, owner)


def _at(source: Source, node: ast.AST) -> Place:
    line = int(getattr(node, 'lineno', 1))
    column = int(getattr(node, 'col_offset', 0)) + 1
    return Place(source.shown, line, column, printable(source.line(line)))


def _in_icon(
    plugin: PluginUnderTest, field: str, line: int, column: int
) -> Place | None:
    icon = getattr(plugin.manifest, field, None)
    package = sys.modules.get(getattr(icon, 'package', ''))
    home = getattr(package, '__file__', None)
    if icon is None or home is None:
        return None
    file = Path(home).parent / icon.resource
    text = file.read_text('utf-8').splitlines()
    told = text[line - 1] if 0 < line <= len(text) else ''
    shown = shown_path(file, plugin.subject)
    return Place(shown, line, column, printable(told))


def _in_project(subject: Subject, name: str, path: str) -> Place | None:
    project = subject.project
    if project is None:
        return None
    try:
        lines = project.path.read_text('utf-8').splitlines() or ['']
    except (OSError, ValueError):  # it was parsed once, and is gone
        return None
    line = line_of(lines, name, path)
    return Place(project.path.name, line, 1, printable(lines[line - 1]))


def printable(line: str) -> str:
    """Return a line that cannot move a terminal's cursor, in a bearable size.

    A stranger's file may hold escape sequences, and an icon is often a single
    line of many kilobytes.
    """
    text = ''.join(
        char if char.isprintable() else ' ' if char == '\t' else '\ufffd'
        for char in line.rstrip()
    )
    return text if len(text) <= LONGEST else f'{text[:LONGEST]}…'


__all__ = ['place_of', 'printable']
