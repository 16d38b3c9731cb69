"""`completion`: what a shell needs to complete `imbi-plugin`.

Made from the parser itself, so that no command or option can be forgotten.
"""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, cast

from imbi_plugin_testkit.commands import OK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PROG = 'imbi-plugin'


def add_completion(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `completion`."""
    parser.add_argument(
        'shell',
        choices=sorted(SHELLS),
        help='as in `source <(imbi-plugin completion bash)`',
    )


def completion(arguments: argparse.Namespace) -> int:
    """Print a script that completes commands, options and ids in a shell."""
    print(SHELLS[arguments.shell](words_of(arguments.parser)), end='')
    return OK


def words_of(parser: argparse.ArgumentParser) -> dict[str, list[str]]:
    """Return command to the words that may follow it; `` to the commands."""
    commands: dict[str, argparse.ArgumentParser] = {}
    for action in _actions(parser):
        if action.nargs == argparse.PARSER:
            commands.update(
                cast('dict[str, argparse.ArgumentParser]', action.choices)
            )
    found: dict[str, list[str]] = {'': ['--help', '--version', *commands]}
    for name, one in commands.items():
        found[name] = [*_options(one), *_choices(one)]
    found['explain'] += list(_ids())
    return found


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return what a parser takes; argparse shows it no other way."""
    actions: list[argparse.Action] = parser._actions  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return actions


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in _actions(parser):
        yield from action.option_strings


def _choices(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in _actions(parser):
        if action.choices and not action.option_strings:
            yield from map(str, action.choices)


def _ids() -> Iterator[str]:
    from imbi_plugin_testkit.checks import catalogue  # noqa: PLC0415

    yield from catalogue()


def _bash(words: Mapping[str, list[str]]) -> str:
    cases = '\n'.join(
        f'    {shlex.quote(name)}) words={shlex.quote(" ".join(found))} ;;'
        for name, found in words.items()
    )
    return f"""\
_imbi_plugin() {{
  local words command=''
  [ "$COMP_CWORD" -gt 1 ] && command=${{COMP_WORDS[1]}}
  case "$command" in
{cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _imbi_plugin {PROG}
"""


def _zsh(words: Mapping[str, list[str]]) -> str:
    return f'autoload -U bashcompinit && bashcompinit\n{_bash(words)}'


def _fish(words: Mapping[str, list[str]]) -> str:
    lines: list[str] = []
    for name, found in words.items():
        when = (
            f'__fish_seen_subcommand_from {name}'
            if name
            else '__fish_use_subcommand'
        )
        lines.append(
            f"complete -c {PROG} -n '{when}' -a {shlex.quote(' '.join(found))}"
        )
    return '\n'.join(lines) + '\n'


SHELLS: Mapping[str, Callable[[Mapping[str, list[str]]], str]] = {
    'bash': _bash,
    'fish': _fish,
    'zsh': _zsh,
}
"""Shell to what writes its script."""
