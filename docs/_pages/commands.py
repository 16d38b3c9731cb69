"""The page of the command line, from its own parser."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from _pages.markdown import code, docstring, page, table
from imbi_plugin_testkit import cli
from imbi_plugin_testkit.pytest_plugin import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator


def commands_page() -> str:
    """Return the page of every command and option."""
    root = cli.parser()
    group = next(
        action
        for action in root._actions  # noqa: SLF001  argparse tells no other way
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001  the same
    )
    blocks: list[list[str]] = []
    for name, parser in group.choices.items():
        about = list(docstring(parser.description))
        rows = list(_rows(parser))
        blocks += [[f'## imbi-plugin {name}'], about, rows]
    return page(
        'Every command and option',
        ['What a command is for, and how they fit, is on [the kit](kit.md).'],
        ['## pytest'],
        table(
            ('Option', 'Meaning'),
            (
                (_usage(word, facts.get('metavar')), facts['help'])
                for word, facts in OPTIONS
            ),
        ),
        *blocks,
        ['## Exit codes of imbi-plugin'],
        [
            '0: all is well. 1: the judged thing does not hold. 2: the '
            'request makes no sense, or the answer cannot be written. 141: '
            'the reader, such as `head`, went away before there was a verdict.'
        ],
    )


def _usage(word: str, metavar: object) -> str:
    return code(f'{word} {metavar}' if metavar else word)


def _rows(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield from table(
        ('Argument', 'Meaning'),
        (
            (_name(action), action.help or '')
            for action in parser._actions  # noqa: SLF001  as above
            if not isinstance(action, argparse._HelpAction)  # noqa: SLF001  as above
        ),
    )


def _name(action: argparse.Action) -> str:
    takes_value = action.nargs != 0
    metavar = action.metavar or action.dest.upper()
    if action.option_strings:
        words = ', '.join(map(code, action.option_strings[:-1]))
        last = _usage(
            action.option_strings[-1], metavar if takes_value else ''
        )
        return f'{words}, {last}' if words else last
    if action.choices:
        return ' or '.join(code(choice) for choice in action.choices)
    name = str(action.metavar or action.dest).upper()
    return code(f'[{name}]' if action.nargs in ('?', '*') else name)
