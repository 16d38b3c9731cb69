"""Reading one group out of `entry_points.txt`.

The grammar is that of importlib_metadata, and differential tests hold it to
that, except that a line which breaks it spoils only itself there and the
whole file here never.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry._names import GROUP

_VALUE = re.compile(
    r'(?P<module>[\w.]+)\s*'
    r'(?::\s*(?P<attr>[\w.]+)\s*)?'
    r'(?P<extras>\[.*\])?\s*$'
)
"""An object reference of the entry points specification."""


class Line(NamedTuple):
    """One entry point as it stands in the file."""

    name: str
    value: str


def parse(
    data: bytes, group: str = GROUP
) -> tuple[tuple[Line, ...], tuple[Problem, ...]]:
    """Return a group's lines and what is wrong with the file.

    Args:
        data: The whole file.
        group: The section that matters; faults of others are not looked for.
    """
    if group.encode() not in data and data.isascii():
        return (), ()  # four of five distributions end here
    commonest = _one_line(group).fullmatch(data)
    if commonest is not None:
        name, value = commonest.groups()
        return (Line(name.decode('ascii'), value.decode('ascii')),), ()
    try:
        text = data.decode('utf-8')
    except UnicodeDecodeError as error:
        return (), (not_utf8(error),)
    if group not in text:
        return (), ()
    return _sections(text, group)


@functools.cache
def _one_line(group: str) -> re.Pattern[bytes]:
    """Return a pattern of files with one section and one plain line in it.

    That is how build tools write it for a distribution with one plugin; a
    file in which anything is different is read line by line.
    """
    section = re.escape(group.encode())
    return re.compile(
        rb'\[' + section + rb'\]\n([\w.-]+) = ([\w.]+(?::[\w.]+)?)\n*',
        re.ASCII,
    )


def _sections(
    text: str, group: str
) -> tuple[tuple[Line, ...], tuple[Problem, ...]]:
    """Read a group's lines; sections may come in any order, and twice."""
    lines: list[Line] = []
    problems: list[Problem] = []
    section: str | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith('#'):
            continue
        if line.startswith('[') and line.endswith(']'):
            section = line.strip('[]')
            continue
        if section is None:
            if number == 1 and line.startswith('\ufeff'):
                problems.append(_byte_order_mark())
        elif section == group:
            name, equals, value = line.partition('=')
            if equals and name.strip():
                lines.append(Line(name.strip(), value.strip()))
            else:
                problems.append(_not_a_pair(number))
    return tuple(lines), tuple(problems)


def split(value: str) -> tuple[str, str] | None:
    """Return the module and attribute that a value names.

    Returns:
        None if it is no object reference.
    """
    match = _VALUE.match(value)
    if match is None or '' in match['module'].split('.'):
        return None
    return match['module'], match['attr'] or ''


_PATH = 'entry_points.txt'


def not_utf8(error: UnicodeDecodeError) -> Problem:
    return Problem(
        'entry_points_not_utf8',
        _PATH,
        f'byte {error.start} of {_PATH} is not UTF-8; the whole file must be.',
        'Reinstall the distribution; if that does not help, its author must '
        'write the file as UTF-8.',
    )


def _byte_order_mark() -> Problem:
    return Problem(
        'entry_points_byte_order_mark',
        _PATH,
        f'{_PATH} starts with a byte order mark, which hides its first '
        'section from every reader.',
        'Write the file as UTF-8 without a byte order mark.',
    )


def _not_a_pair(number: int) -> Problem:
    return Problem(
        'entry_points_line',
        f'{_PATH}:{number}',
        f'line {number} of {_PATH} is not of the form `name = module:Class`.',
        'Write it as in `ssm = imbi_plugin_ssm:SSMPlugin`, or remove it.',
    )
